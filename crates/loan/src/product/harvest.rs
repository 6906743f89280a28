//! The harvests a seasonal product falls back on where a household's crops are not named.

use basics::Date;

use crate::season::SeasonRule;
use crate::season::rows::shares;
use crate::{LoanError, PlanRow, Term};

/// A harvest of a typical year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Harvest {
    /// Month of the year in which its row falls due, 1 to 12.
    pub month: u8,
    /// Day of that month; a day that a month lacks is its last.
    pub day: u8,
    /// Its share of a year's income, ppm.
    pub share_ppm: i64,
}

/// Rows on all harvests inside a term, with shares as their income, in whole ppm by largest remainder.
///
/// Errors if there is no harvest early enough.
pub(super) fn rows(
    harvests: &[Harvest],
    rule: &SeasonRule,
    term: Term,
    start: Date,
) -> Result<Vec<PlanRow>, LoanError> {
    let end = match term {
        Term::Months(months) => start.add_months(i32::from(months))?,
        Term::Days(days) => start.add_days(i32::from(days)),
    };
    let first = start.add_days(i32::from(rule.first_row_days_min.max(1)));
    let mut dues: Vec<(Date, i128)> = Vec::new();
    for year in start.year()..=end.year() {
        for harvest in harvests {
            let month = Date::ymd(year, harvest.month as i8, 1)?;
            let due = month.add_days(i32::from(harvest.day).min(month.days_in_month()) - 1);
            if (first..=end).contains(&due) {
                dues.push((due, i128::from(harvest.share_ppm)));
            }
        }
    }
    dues.sort();
    if dues.is_empty() {
        return Err(LoanError::Terms(format!(
            "no harvest of the product lies between {first} and {end}: ask for another day or a longer term"
        )));
    }
    let values: Vec<i128> = dues.iter().map(|(_, share)| *share).collect();
    let parts = shares(&values, 1_000_000);
    Ok(dues.iter().zip(parts).map(|((due, _), principal_ppm)| PlanRow { due: *due, principal_ppm }).collect())
}
