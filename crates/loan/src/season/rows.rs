//! From what a household grows to the rows in which it repays principal.

use std::collections::BTreeMap;
use std::fmt;

use basics::Date;
use minicbor::{Decode, Encode};

use crate::PlanRow;
use crate::season::{CropCalendar, SeasonError, SeasonRule};

/// A crop with the measure by which it is blended with the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Grown {
    /// Crop code of the calendar.
    #[n(0)]
    pub crop: String,
    /// Thousandths of the measure, one for the whole household: mu 亩 where all of it grows, expected yearly
    /// income where animals are among it, or shares. More than 0.
    #[n(1)]
    pub weight_milli: i64,
}

/// Largest weight of one crop, in thousandths: a million mu.
const WEIGHT_MILLI_MAX: i64 = 1_000_000_000;
/// Most crops of one household.
const CROPS_MAX: usize = 16;
/// Longest seasonal term, months.
const MONTHS_MAX: u16 = 120;

/// Reads `wheat:4,maize:6.5`; a single crop needs no measure. Names are as the calendar is asked for them later.
pub fn parse_crops(text: &str) -> Result<Vec<Grown>, SeasonError> {
    let wrong = |problem| SeasonError::Crops { asked: text.chars().take(80).collect(), problem };
    let parts: Vec<&str> = text.split([',', '，', '、']).map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Err(wrong("name at least one crop"));
    }
    if parts.len() > CROPS_MAX {
        return Err(wrong("name at most 16 crops"));
    }
    let mut grown: Vec<Grown> = Vec::with_capacity(parts.len());
    for part in &parts {
        let (crop, weight_milli) = match part.split_once([':', '：', '=']) {
            Some((crop, measure)) => {
                let milli = parse_milli(measure.trim()).ok_or_else(|| {
                    wrong("give each crop its area in mu, more than 0, at most 1,000,000, with at most three decimals")
                })?;
                (crop.trim(), milli)
            }
            None if parts.len() == 1 => (*part, 1_000),
            None => return Err(wrong("give each crop its area")),
        };
        if crop.is_empty() {
            return Err(wrong("name the crop before the colon"));
        }
        if grown.iter().any(|other| other.crop == crop) {
            return Err(wrong("name each crop once"));
        }
        grown.push(Grown { crop: crop.to_owned(), weight_milli });
    }
    Ok(grown)
}

fn parse_milli(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 7 || fraction.len() > 3 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let milli: i64 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (1..=WEIGHT_MILLI_MAX).contains(&milli).then_some(milli)
}

/// One row of a seasonal plan.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SeasonRow {
    /// Due date.
    #[n(0)]
    pub due: Date,
    /// Its part of the principal, ppm.
    #[n(1)]
    pub principal_ppm: i64,
    /// Which crops pay it: (crop code, ppm of the whole principal); they sum to `principal_ppm`.
    #[n(2)]
    pub of: Vec<(String, i64)>,
}

/// When principal is repaid and by which crop.
///
/// Its text form is a table: due date, share, crops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeasonPlan {
    /// Region code, crops by their codes, and calendar they were taken from.
    pub grown: (String, Vec<Grown>),
    /// Code and version of the calendar.
    pub calendar: (String, u32),
    /// Rows by due date; their shares sum to 1,000,000.
    pub rows: Vec<SeasonRow>,
    /// Codes of crops that bring nothing inside the term, and so repay nothing.
    pub left_out: Vec<String>,
}

impl SeasonPlan {
    /// What the terms of a loan keep of it.
    pub fn terms(&self) -> SeasonTerms {
        let (region, crops) = self.grown.clone();
        SeasonTerms { region, crops, calendar: self.calendar.clone(), rows: self.rows.clone() }
    }

    /// Its rows without the crops.
    pub fn plan_rows(&self) -> Vec<PlanRow> {
        self.rows.iter().map(|row| PlanRow { due: row.due, principal_ppm: row.principal_ppm }).collect()
    }
}

impl fmt::Display for SeasonPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |ppm: i64| format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
        for row in &self.rows {
            let of: Vec<String> = row.of.iter().map(|(crop, ppm)| format!("{crop} {}", percent(*ppm))).collect();
            writeln!(f, "{}  {} %  {}", row.due, percent(row.principal_ppm), of.join(", "))?;
        }
        Ok(())
    }
}

/// How a loan was made to follow the seasons, as signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SeasonTerms {
    /// Region code of the calendar.
    #[n(0)]
    pub region: String,
    /// What the household grows, with its measures.
    #[n(1)]
    pub crops: Vec<Grown>,
    /// Code and version of the calendar.
    #[n(2)]
    pub calendar: (String, u32),
    /// The rows, with the crops that pay them.
    #[n(3)]
    pub rows: Vec<SeasonRow>,
}

/// A household's cost and income by month, each in ppm of the year, January first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HouseholdYear {
    /// Of the year's cost.
    pub cost_ppm: [i64; 12],
    /// Of the year's income.
    pub income_ppm: [i64; 12],
}

/// How the year of a household with these crops lies in its months, blended by their measures.
pub fn household_year(calendar: &CropCalendar, region: &str, crops: &[Grown]) -> Result<HouseholdYear, SeasonError> {
    let (mut cost, mut income) = ([0i128; 12], [0i128; 12]);
    for grown in crops {
        let season = calendar.season(region, &grown.crop)?;
        for (month, (cost, income)) in (1u8..).zip(cost.iter_mut().zip(income.iter_mut())) {
            *cost += i128::from(season.cost.of(month)) * i128::from(grown.weight_milli);
            *income += i128::from(season.income.of(month)) * i128::from(grown.weight_milli);
        }
    }
    let year = |values: [i128; 12]| {
        let mut ppm = [0i64; 12];
        ppm.iter_mut().zip(shares(&values, 1_000_000)).for_each(|(slot, share)| *slot = share);
        ppm
    };
    Ok(HouseholdYear { cost_ppm: year(cost), income_ppm: year(income) })
}

/// The rows of a seasonal loan that starts on a date and runs so many months.
///
/// Each month end on which a row may fall due weighs what the crops bring in that month, times their measures.
/// Rows smaller than the rule's least share join the next row, the last one the row before it, smallest
/// first; so do the smallest beyond the most rows. Shares are whole ppm by largest remainder (ties to the earlier
/// row) and sum to 1,000,000, and so do the crops' shares within each row.
///
/// Errors list what there is where region or crop is unknown, and say which month would do where nothing is
/// harvested inside the term.
pub fn rows(
    calendar: &CropCalendar,
    region: &str,
    crops: &[Grown],
    start: Date,
    months: u16,
    rule: &SeasonRule,
) -> Result<SeasonPlan, SeasonError> {
    let crops = seasons_of(calendar, region, crops, rule)?;
    let maturity = start.add_months(i32::from(months.min(MONTHS_MAX)))?;
    let from = start.add_days(i32::from(rule.first_row_days_min.max(1)));
    let mut dues = incomes(&crops, start, maturity, from, rule)?;
    if dues.is_empty() {
        // Two years hold every month of income after any first day.
        let later = incomes(&crops, start, from.add_months(24)?, from, rule)?;
        let advice = match later.first() {
            Some((due, _)) => format!("the first row could fall due on {due}, so ask for a term that reaches it"),
            None => "the calendar has no month of income for these crops".to_owned(),
        };
        return Err(SeasonError::NoIncomeInside { from, maturity, advice });
    }
    join_small(&mut dues, rule);
    let left_out = crops
        .iter()
        .filter(|crop| !dues.iter().any(|(_, of)| of.contains_key(crop.code)))
        .map(|crop| crop.code.to_owned())
        .collect();
    let values: Vec<i128> = dues.iter().map(|(_, of)| of.values().sum()).collect();
    let rows = dues.iter().zip(shares(&values, 1_000_000)).map(|((due, of), principal_ppm)| {
        let values: Vec<i128> = of.values().copied().collect();
        let of = of.keys().map(|crop| (*crop).to_owned()).zip(shares(&values, principal_ppm));
        SeasonRow { due: *due, principal_ppm, of: of.collect() }
    });
    let region = calendar.region(region)?.code.clone();
    let grown = crops
        .iter()
        .map(|crop| Grown { crop: crop.code.to_owned(), weight_milli: i64::try_from(crop.weight).unwrap_or(0) })
        .collect();
    let grown = (region, grown);
    let calendar = (calendar.code.clone(), calendar.version);
    Ok(SeasonPlan { grown, calendar, rows: rows.collect(), left_out })
}

/// A crop of the household with its months.
struct Season<'a> {
    code: &'a str,
    income: crate::season::MonthShares,
    weight: i128,
}

fn seasons_of<'a>(
    calendar: &'a CropCalendar,
    region: &str,
    crops: &[Grown],
    rule: &SeasonRule,
) -> Result<Vec<Season<'a>>, SeasonError> {
    let wrong = |problem| SeasonError::Crops {
        asked: crops.iter().map(|g| g.crop.as_str()).collect::<Vec<_>>().join(","),
        problem,
    };
    if crops.is_empty() || crops.len() > CROPS_MAX {
        return Err(wrong("name 1 to 16 crops"));
    }
    let mut seasons: Vec<Season<'a>> = Vec::with_capacity(crops.len());
    for grown in crops {
        let season = calendar.season(region, &grown.crop)?;
        if !rule.crops.is_empty() && !rule.crops.contains(&season.crop) {
            return Err(SeasonError::CropNotAllowed { crop: season.crop.clone(), allowed: rule.crops.join(", ") });
        }
        if !(1..=WEIGHT_MILLI_MAX).contains(&grown.weight_milli) {
            return Err(wrong("give each crop its area in mu, more than 0, at most 1,000,000"));
        }
        // `小麦` and `wheat` are one crop.
        if seasons.iter().any(|other| other.code == season.crop) {
            return Err(wrong("name each crop once"));
        }
        seasons.push(Season { code: &season.crop, income: season.income, weight: grown.weight_milli.into() });
    }
    Ok(seasons)
}

/// What a month's end brings, by crop.
type Income<'a> = BTreeMap<&'a str, i128>;

/// The due dates from `from` to `maturity` with what the month before them brings.
fn incomes<'a>(
    crops: &[Season<'a>],
    start: Date,
    maturity: Date,
    from: Date,
    rule: &SeasonRule,
) -> Result<Vec<(Date, Income<'a>)>, SeasonError> {
    let mut dues = Vec::new();
    let mut month = start.first_of_month();
    loop {
        let due = month.last_of_month().add_days(i32::from(rule.days_after_month_end));
        if due > maturity {
            return Ok(dues);
        }
        if due >= from {
            let number = u8::try_from(month.month()).unwrap_or(0);
            let of: Income<'a> = crops
                .iter()
                .map(|crop| (crop.code, i128::from(crop.income.of(number)) * crop.weight))
                .filter(|(_, value)| *value > 0)
                .collect();
            if !of.is_empty() {
                dues.push((due, of));
            }
        }
        month = month.add_months(1)?;
    }
}

/// Joins rows that are too small or too many to their neighbours.
fn join_small(dues: &mut Vec<(Date, Income<'_>)>, rule: &SeasonRule) {
    let value = |of: &Income<'_>| of.values().sum::<i128>();
    let total: i128 = dues.iter().map(|(_, of)| value(of)).sum();
    while dues.len() > 1 {
        let Some((index, least)) =
            dues.iter().enumerate().map(|(index, (_, of))| (index, value(of))).min_by_key(|(_, value)| *value)
        else {
            return;
        };
        let too_small = least * 1_000_000 < total * i128::from(rule.least_share_ppm);
        if !too_small && dues.len() <= usize::from(rule.rows_max.max(1)) {
            return;
        }
        let (_, of) = dues.remove(index);
        // The next row has moved to this place; the last one joins the row before it.
        let neighbour = index.min(dues.len() - 1);
        if let Some((_, into)) = dues.get_mut(neighbour) {
            of.into_iter().for_each(|(crop, value)| *into.entry(crop).or_default() += value);
        }
    }
}

/// `whole` split by the values, by largest remainder; ties go to the earlier value. Nothing where all values are nothing.
pub(crate) fn shares(values: &[i128], whole: i64) -> Vec<i64> {
    let total: i128 = values.iter().sum();
    if total <= 0 {
        return vec![0; values.len()];
    }
    let exact: Vec<i128> = values.iter().map(|value| value * i128::from(whole)).collect();
    let mut parts: Vec<i64> = exact.iter().map(|exact| i64::try_from(exact / total).unwrap_or(0)).collect();
    let mut left = whole - parts.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(exact.get(*index).map_or(0, |exact| exact % total)));
    for index in order {
        if left == 0 {
            break;
        }
        if let Some(part) = parts.get_mut(index) {
            *part += 1;
            left -= 1;
        }
    }
    parts
}
