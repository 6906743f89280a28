//! What a loan costs in all: two yearly rates, and the table that is shown before signing.
//!
//! Roots are found in floating point with the four basic operations only, which give the same bits on
//! every machine, and rounded to whole parts per million.

use basics::{Currency, Date, Rate};

use crate::{Compound, FeeAmount, FeeWhen, LoanError, LoanTerms, Schedule, schedule::schedule};

/// Annualised internal rate of a schedule, in ppm: what cost caps are checked against.
///
/// If all due dates are one whole number of months apart, from the start on, it is the internal rate of a
/// period × periods a year. Otherwise, and for a single due date more than a month away, it
/// is `12 × ((1 + effective)^(1/12) − 1)` with the [effective rate](effective_ppm()).
///
/// Errors if the flows have no internal rate, as when fees due at once eat up the principal.
pub fn annualised_ppm(schedule: &Schedule) -> Result<i64, LoanError> {
    let (net, costs) = flows(schedule);
    let annual = match months_apart(schedule) {
        Some(months) => {
            let by_period: Vec<(i32, f64)> = (1..).zip(costs.iter().map(|(_, amount)| *amount)).collect();
            internal_rate(net, &by_period)? * 12.0 / f64::from(months)
        }
        None => {
            let year = 1.0 + effective(net, &costs)?;
            12.0 * (twelfth_root(year) - 1.0)
        }
    };
    to_ppm(annual)
}

/// Effective annual rate of a schedule, in ppm: internal rate of the dated flows, actual/365, compounded.
///
/// Errors if the flows have no internal rate.
pub fn effective_ppm(schedule: &Schedule) -> Result<i64, LoanError> {
    let (net, costs) = flows(schedule);
    to_ppm(effective(net, &costs)?)
}

/// Parts per million as percent with two to four decimals: `237943` is `23.7943`.
pub fn percent(ppm: i64) -> String {
    let sign = if ppm < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:04}", ppm.unsigned_abs() / 10_000, ppm.unsigned_abs() % 10_000);
    let short = text.strip_suffix("00").or(text.strip_suffix('0')).unwrap_or(&text);
    short.to_owned()
}

/// What a line of the cost table is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CostKind {
    /// Contract interest.
    Interest,
    /// A fee of the terms.
    Fee {
        /// Its code.
        code: String,
        /// Its Chinese name.
        name_zh: String,
        /// Its English name.
        name_en: String,
        /// When it is due.
        when: FeeWhen,
    },
}

/// How a line of the cost table is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostPrice {
    /// So much a year on the principal outstanding.
    Yearly(Rate),
    /// Once, in ppm of the principal.
    OncePpm(i64),
    /// Once, a fixed amount.
    OnceFlat,
}

/// Who pays a cost. Partners that bear part of it come with their contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// The borrower 借款人.
    Borrower,
}

/// One cost of the loan in normal performance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostItem {
    /// What it is for.
    pub kind: CostKind,
    /// How it is priced.
    pub price: CostPrice,
    /// What it comes to over the whole term, minor units.
    pub amount_fen: i64,
    /// Who pays it.
    pub payer: Payer,
    /// Who receives it: `lender`, or the code of a partner.
    pub collector: String,
}

/// What is charged only if the borrower does not pay in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostOnDefault {
    /// A year, on overdue principal in the place of the contract rate.
    pub penalty_rate: Rate,
    /// Whether unpaid interest bears interest.
    pub compound: Compound,
    /// Days after a due date that cost nothing.
    pub grace_days: u16,
    /// Penalty on the whole principal for one day after maturity, rounded, as an example.
    pub penalty_per_day_fen: i64,
}

/// The all-in cost table 综合融资成本明示. Nothing else is charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostTable {
    /// Currency of all amounts.
    pub currency: Currency,
    /// What is paid out.
    pub principal_fen: i64,
    /// Every cost in normal performance.
    pub items: Vec<CostItem>,
    /// All costs together.
    pub total_cost_fen: i64,
    /// Principal and all costs.
    pub total_to_pay_fen: i64,
    /// Annualised internal rate.
    pub annualised_ppm: i64,
    /// Effective annual rate.
    pub effective_ppm: i64,
    /// Costs on default.
    pub on_default: CostOnDefault,
}

impl CostTable {
    /// Errors if the annualised all-in cost passes the cap, where there is one.
    pub fn check_cap(&self, cap: Option<Rate>) -> Result<(), LoanError> {
        match cap {
            Some(cap) if self.annualised_ppm > cap.ppm() => {
                Err(LoanError::OverCap { annualised_ppm: self.annualised_ppm, cap_ppm: cap.ppm() })
            }
            _ => Ok(()),
        }
    }
}

/// The cost table of signed terms, or of terms about to be signed.
///
/// Errors if the terms make no schedule, its flows have no internal rate, or a figure does not fit.
pub fn cost_table(terms: &LoanTerms) -> Result<CostTable, LoanError> {
    let schedule = schedule(terms)?;
    let principal_fen = schedule.principal_fen;
    let mut items = vec![CostItem {
        kind: CostKind::Interest,
        price: CostPrice::Yearly(terms.rate),
        amount_fen: schedule.interest_fen(),
        payer: Payer::Borrower,
        collector: "lender".to_owned(),
    }];
    for fee in &terms.fees {
        let price = match fee.amount {
            FeeAmount::Flat(_) => CostPrice::OnceFlat,
            FeeAmount::Ppm(ppm) => CostPrice::OncePpm(ppm),
        };
        items.push(CostItem {
            kind: CostKind::Fee {
                code: fee.code.clone(),
                name_zh: fee.name_zh.clone(),
                name_en: fee.name_en.clone(),
                when: fee.when,
            },
            price,
            amount_fen: fee.amount_fen(principal_fen, terms.rounding)?,
            payer: Payer::Borrower,
            collector: fee.collector.clone(),
        });
    }
    let too_large = || LoanError::Overflow("the cost of the loan");
    let total_cost_fen =
        items.iter().try_fold(0i64, |sum, item| sum.checked_add(item.amount_fen)).ok_or_else(too_large)?;
    let per_day = i128::from(principal_fen) * i128::from(terms.penalty_rate.ppm());
    let year = crate::schedule::year_denominator(terms.day_count);
    Ok(CostTable {
        currency: terms.currency(),
        principal_fen,
        items,
        total_cost_fen,
        total_to_pay_fen: principal_fen.checked_add(total_cost_fen).ok_or_else(too_large)?,
        annualised_ppm: annualised_ppm(&schedule)?,
        effective_ppm: effective_ppm(&schedule)?,
        on_default: CostOnDefault {
            penalty_rate: terms.penalty_rate,
            compound: terms.compound,
            grace_days: terms.grace_days,
            penalty_per_day_fen: basics::money::div_round(per_day, year, terms.rounding).ok_or_else(too_large)?,
        },
    })
}

/// What the borrower has in hand after disbursement, and what he pays when: (days after the start, amount).
fn flows(schedule: &Schedule) -> (f64, Vec<(i32, f64)>) {
    let at_once: i64 =
        schedule.rows.iter().filter(|row| row.number == 0).fold(0, |sum, row| row.total_fen.saturating_add(sum));
    let later = schedule.rows.iter().filter(|row| row.number > 0);
    let costs = later.map(|row| (row.due - schedule.start, row.total_fen as f64)).collect();
    (schedule.principal_fen.saturating_sub(at_once) as f64, costs)
}

/// The number of months between any two due dates, if it is one, and for a single date only if it is one month.
fn months_apart(schedule: &Schedule) -> Option<i32> {
    let dues: Vec<Date> = schedule.rows.iter().filter(|row| row.number > 0).map(|row| row.due).collect();
    let months_to = |date: Date| {
        let months = |d: Date| 12 * i32::from(d.year()) + i32::from(d.month());
        months(date) - months(schedule.start)
    };
    let months = months_to(*dues.first()?);
    if months < 1 || (dues.len() == 1 && months > 1) {
        return None;
    }
    let regular = (1..).zip(&dues).all(|(k, due)| schedule.start.add_months(k * months).ok() == Some(*due));
    regular.then_some(months)
}

fn effective(net: f64, costs: &[(i32, f64)]) -> Result<f64, LoanError> {
    Ok(power(1.0 + internal_rate(net, costs)?, 365) - 1.0)
}

/// The rate `x ≥ 0` a step with `net = Σ amount × (1 + x)^−steps`.
///
/// The right side falls and is convex in x, so Newton's steps from 0 rise to the root and never pass it.
fn internal_rate(net: f64, costs: &[(i32, f64)]) -> Result<f64, LoanError> {
    let total: f64 = costs.iter().map(|(_, amount)| amount).sum();
    if net <= 0.0 {
        return Err(LoanError::NoRate("costs due at disbursement eat up the principal"));
    }
    if total < net {
        return Err(LoanError::NoRate("less is paid back than was received"));
    }
    let mut rate = 0.0;
    for _ in 0..200 {
        let discount = 1.0 / (1.0 + rate);
        let (mut value, mut slope) = (-net, 0.0);
        for (steps, amount) in costs {
            let present = amount * power(discount, *steps);
            value += present;
            slope += f64::from(*steps) * present * discount;
        }
        let step = if slope > 0.0 { value / slope } else { 0.0 };
        rate += step;
        if step.abs() <= 1e-15 + 1e-13 * rate.abs() {
            return Ok(rate.max(0.0));
        }
    }
    Err(LoanError::NoRate("the search does not settle"))
}

/// `base` to a whole power, by squaring.
fn power(base: f64, exponent: i32) -> f64 {
    let (mut result, mut square, mut rest) = (1.0, base, exponent.unsigned_abs());
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    result
}

/// The positive number whose twelfth power is `value ≥ 1`, by Newton's steps from above.
fn twelfth_root(value: f64) -> f64 {
    let mut root = 1.0 + (value - 1.0) / 12.0;
    for _ in 0..200 {
        let step = (root - value / power(root, 11)) / 12.0;
        root -= step;
        if step.abs() <= 1e-15 * root {
            break;
        }
    }
    root
}

fn to_ppm(rate: f64) -> Result<i64, LoanError> {
    let ppm = (rate * 1e6).round();
    if ppm.is_finite() && ppm.abs() < 1e15 {
        Ok(ppm as i64)
    } else {
        Err(LoanError::NoRate("the rate is beyond all measure"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instalment;

    fn plan(start: &str, rows: &[(&str, i64)], principal_fen: i64) -> Schedule {
        let start = Date::parse(start).unwrap();
        let rows = (1..)
            .zip(rows)
            .map(|(number, (due, total_fen))| Instalment {
                number,
                from: start,
                due: Date::parse(due).unwrap(),
                principal_fen: 0,
                interest_fen: 0,
                fee_fen: 0,
                total_fen: *total_fen,
                balance_after_fen: 0,
            })
            .collect();
        Schedule { start, principal_fen, rows }
    }

    #[test]
    fn one_year_bullet_costs_its_rate() {
        // 6 % actual/360 over 365 days is 6.0833 % a year, compounded once.
        let year = plan("2026-01-01", &[("2027-01-01", 1_060_833)], 1_000_000);
        assert_eq!(effective_ppm(&year), Ok(60_833));
        assert_eq!(annualised_ppm(&year), Ok(59_200));
        let month = plan("2026-01-31", &[("2026-02-28", 101_000)], 100_000);
        assert_eq!(annualised_ppm(&month), Ok(120_000));
    }

    #[test]
    fn quarters_count_four_times() {
        let quarters = plan("2026-01-31", &[("2026-04-30", 1_500), ("2026-07-31", 101_500)], 100_000);
        assert_eq!(annualised_ppm(&quarters), Ok(60_000));
    }

    #[test]
    fn no_cost_is_no_rate_and_too_much_is_an_error() {
        let free = plan("2026-01-01", &[("2026-02-01", 500), ("2026-03-01", 500)], 1_000);
        assert_eq!((annualised_ppm(&free), effective_ppm(&free)), (Ok(0), Ok(0)));
        let mut eaten = free.clone();
        eaten.rows.insert(0, Instalment { number: 0, total_fen: 1_000, due: free.start, ..free.rows[0] });
        assert!(matches!(annualised_ppm(&eaten), Err(LoanError::NoRate(_))));
        let less = plan("2026-01-01", &[("2026-02-01", 999)], 1_000);
        assert!(matches!(effective_ppm(&less), Err(LoanError::NoRate(_))));
    }

    #[test]
    fn percent_reads_well() {
        for (ppm, text) in [(237_943, "23.7943"), (240_000, "24.00"), (61_500, "6.15"), (1_230, "0.123"), (0, "0.00")] {
            assert_eq!(percent(ppm), text);
        }
    }
}
