//! What a rule pack allows: how far a loan is extended, at which rate, and when a renewal keeps its class.

use basics::money::div_round;
use basics::{Date, Rate, Rounding};

use crate::class::RenewalStanding;
use crate::life::in_order;
use crate::rules::Rules;
use crate::{Happening, LifeEvent, LoanClass, LoanError, LoanStatus, LoanTerms, fold};

/// Whether the rules let a loan be extended to a new last day.
///
/// A short loan's extensions together last at most a part of its original term; a longer one's as the pack says or, where it
/// says nothing, as the product does. Errors say by how much it is too long.
pub fn check_extension(
    rules: &Rules,
    terms: &LoanTerms,
    events: &[LifeEvent],
    on: Date,
    until: Date,
) -> Result<(), LoanError> {
    let refuse = |problem: String| Err(LoanError::Rules(problem));
    let original = in_order(events).into_iter().find_map(|event| match event.what {
        Happening::Disbursed { amount_fen } => Some((event.value_date, amount_fen)),
        _ => None,
    });
    let Some((start, amount_fen)) = original else { return refuse("the loan was not disbursed".to_owned()) };
    let signed_until = crate::schedule::schedule_drawn(terms, amount_fen, start)?.maturity();
    let state = fold(terms, events, on)?;
    if state.status == LoanStatus::Overdue {
        return refuse(format!("{} days past due: an extension is for a loan that is not", state.days_past_due));
    }
    let short_ends = start.add_months(i32::from(rules.extension_short_months))?;
    let part =
        if signed_until <= short_ends { Some(rules.extension_short_of_term) } else { rules.extension_long_of_term };
    let Some(part) = part else { return Ok(()) };
    let days = i64::from(signed_until - start);
    let most = days.saturating_mul(part.ppm()) / 1_000_000;
    let asked = i64::from(until - signed_until);
    // Whole months count as whole months: half a year may be extended by half a year, whatever its days.
    let in_months = part.ppm() == 1_000_000 && {
        let months = 12 * (i32::from(signed_until.year()) - i32::from(start.year())) + i32::from(signed_until.month())
            - i32::from(start.month());
        start.add_months(months) == Ok(signed_until) && signed_until.add_months(months).is_ok_and(|last| until <= last)
    };
    if asked > most && !in_months {
        return refuse(format!(
            "all extensions together would be {asked} days; {part} % of the original term of {days} days is {most}"
        ));
    }
    Ok(())
}

/// The rate of a loan that runs `total_months` in all: that of the bracket it then falls in, if that is higher.
///
/// `brackets` are (up to so many months, rate), rising; beyond the last its rate counts.
///
/// ```
/// use basics::Rate;
/// let rate = |text| Rate::parse_percent(text).unwrap();
/// let brackets = [(6, rate("4.35")), (12, rate("4.75")), (36, rate("5.20"))];
/// assert_eq!(loan::act::extension_rate(&brackets, 12, rate("4.35")), rate("4.75"));
/// assert_eq!(loan::act::extension_rate(&brackets, 12, rate("6")), rate("6"));
/// ```
pub fn extension_rate(brackets: &[(u16, Rate)], total_months: u16, rate: Rate) -> Rate {
    let bracket = brackets.iter().find(|(until, _)| total_months <= *until).or(brackets.last());
    bracket.map_or(rate, |(_, of_bracket)| rate.max(*of_bracket))
}

/// A penalty rate that stands to a new contract rate as it stood to the old, to whole parts per million, half up; the same
/// where there was no rate. Errors outside the rates that are kept.
pub fn penalty_in_proportion(penalty: Rate, was: Rate, is: Rate) -> Result<Rate, LoanError> {
    if was == Rate::ZERO {
        return Ok(penalty);
    }
    let product = i128::from(penalty.ppm()) * i128::from(is.ppm());
    let ppm = div_round(product, i128::from(was.ppm()), Rounding::HalfUp).ok_or(LoanError::Overflow("a rate"))?;
    Rate::from_ppm(ppm).map_err(|e| LoanError::Terms(e.to_string()))
}

/// What is known of a loan that is to be renewed without repaying its principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Class of the old loan.
    pub class: LoanClass,
    /// Days past due of the old loan.
    pub days_past_due: u32,
    /// When the old loan ends.
    pub old_maturity: Date,
    /// When the new contract is signed.
    pub signed_on: Date,
    /// Whether the borrower's business goes on and earns 经营正常.
    pub business_holds: Met,
    /// Whether the borrower's record is good 信用良好.
    pub record_holds: Met,
    /// Whether the lender's own standard for a new loan is met 符合新发放贷款条件.
    pub standard_holds: Met,
}

/// Whether a condition is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Whether a renewal keeps its class. Errors if the new contract is signed too late to be a renewal.
pub fn check_renewal(renewal: &Renewal) -> Result<RenewalStanding, LoanError> {
    if renewal.signed_on > renewal.old_maturity {
        return Err(LoanError::Rules(format!(
            "signed on {}, after the old loan ended on {}: that is new for old, not a renewal",
            renewal.signed_on, renewal.old_maturity
        )));
    }
    let met = [renewal.business_holds, renewal.record_holds, renewal.standard_holds];
    let holds = renewal.class == LoanClass::BEST && renewal.days_past_due == 0 && met.iter().all(|m| *m == Met::Yes);
    Ok(if holds { RenewalStanding::Holds } else { RenewalStanding::Fails })
}
