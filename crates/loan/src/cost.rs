//! What a loan costs in all: two yearly rates, and the table that is shown before signing.
//!
//! Roots are found in floating point with the four basic operations only, which give the same bits on
//! every machine, and rounded to whole parts per million.

use basics::{Currency, Date, Frequency, Rate};

use crate::schedule::{charges, schedule};
use crate::{Compound, Fee, FeeAmount, FeeWhen, Instalment, LoanError, LoanTerms, Schedule};

/// Annualised internal rate of a schedule, in ppm: what cost caps are checked against.
///
/// If all due dates are one spacing apart, from the start on, it is the internal rate of a
/// period × periods a year: twelve months, 52 weeks or 365 days make the year. Otherwise, for a single due date more than
/// a month away, and where the loan is disbursed in parts, it is `12 × ((1 + effective)^(1/12) − 1)` with
/// the [effective rate](effective_ppm()).
///
/// Errors if the flows have no internal rate, as when fees due at once eat up the principal.
pub fn annualised_ppm(schedule: &Schedule) -> Result<i64, LoanError> {
    let (net, costs) = flows(schedule);
    let annual = match period_of(schedule) {
        Some(period) => {
            let by_period: Vec<(i32, f64)> = (1..).zip(by_date(&costs).into_iter().map(|(_, amount)| amount)).collect();
            let (parts, of_year) = period.year_part();
            internal_rate(net, &by_period)? * of_year as f64 / parts as f64
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

/// Who pays a cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payer {
    /// The borrower 借款人.
    Borrower,
    /// A partner in the borrower's place, by its code; no cost to the borrower.
    Partner(String),
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostOnDefault {
    /// A year, on overdue principal in the place of the contract rate.
    pub penalty_rate: Rate,
    /// Whether unpaid interest bears interest.
    pub compound: Compound,
    /// Days after a due date that cost nothing.
    pub grace_days: u16,
    /// Penalty on the whole principal for one day after maturity, rounded, as an example.
    pub penalty_per_day_fen: i64,
    /// Fees that fall only on an instalment that stays unpaid.
    pub fees: Vec<Fee>,
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
    for fee in terms.fees.iter().filter(|fee| fee.when != FeeWhen::Overdue) {
        let price = match fee.amount {
            FeeAmount::Flat(_) => CostPrice::OnceFlat,
            FeeAmount::Ppm(ppm) => CostPrice::OncePpm(ppm),
        };
        let amount_fen = charges(fee, terms, principal_fen, schedule.start, &schedule.rows)?
            .iter()
            .try_fold(0i64, |sum, charge| sum.checked_add(charge.amount_fen))
            .ok_or(LoanError::Overflow("a fee"))?;
        items.push(CostItem {
            kind: CostKind::Fee {
                code: fee.code.clone(),
                name_zh: fee.name_zh.clone(),
                name_en: fee.name_en.clone(),
                when: fee.when,
            },
            price,
            amount_fen,
            payer: fee.payer.clone().map_or(Payer::Borrower, Payer::Partner),
            collector: fee.collector.clone(),
        });
    }
    let too_large = || LoanError::Overflow("the cost of the loan");
    let total_cost_fen = items
        .iter()
        .filter(|item| item.payer == Payer::Borrower)
        .try_fold(0i64, |sum, item| sum.checked_add(item.amount_fen))
        .ok_or_else(too_large)?;
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
            fees: terms.fees.iter().filter(|fee| fee.when == FeeWhen::Overdue && fee.is_borrowers()).cloned().collect(),
        },
    })
}

/// What the borrower has in hand after disbursement, and what he pays when: (days after the start, amount). What he
/// receives later is less than nothing.
fn flows(schedule: &Schedule) -> (f64, Vec<(i32, f64)>) {
    let is_at_once = |row: &&Instalment| row.due == schedule.start;
    let at_once: i64 = schedule.rows.iter().filter(is_at_once).fold(0, |sum, row| row.total_fen.saturating_add(sum));
    let later = schedule.rows.iter().filter(|row| !is_at_once(row));
    let costs = later.map(|row| (row.due - schedule.start, row.total_fen as f64));
    let drawn: i64 = schedule.later_draws.iter().fold(0, |sum, draw| draw.amount_fen.saturating_add(sum));
    let received = schedule.later_draws.iter().map(|draw| (draw.on - schedule.start, -(draw.amount_fen as f64)));
    let first = schedule.principal_fen.saturating_sub(drawn).saturating_sub(at_once);
    (first as f64, costs.chain(received).collect())
}

/// One sum a date.
fn by_date(costs: &[(i32, f64)]) -> Vec<(i32, f64)> {
    let mut sums: Vec<(i32, f64)> = Vec::with_capacity(costs.len());
    for (date, amount) in costs {
        match sums.last_mut() {
            Some((last, sum)) if last == date => *sum += amount,
            _ => sums.push((*date, *amount)),
        }
    }
    sums
}

/// The spacing of the due dates, if from the start on it is one; a single date only if it is one month away.
fn period_of(schedule: &Schedule) -> Option<Frequency> {
    let mut dues: Vec<Date> = schedule.rows.iter().map(|row| row.due).filter(|due| *due > schedule.start).collect();
    dues.dedup();
    let first = *dues.first()?;
    if !schedule.later_draws.is_empty() {
        return None;
    }
    let is_regular =
        |period: &Frequency| (1..).zip(&dues).all(|(k, due)| period.nth(schedule.start, k).ok() == Some(*due));
    let months_of = |date: Date| 12 * i32::from(date.year()) + i32::from(date.month());
    let months = u16::try_from(months_of(first) - months_of(schedule.start)).ok()?;
    if dues.len() == 1 && months > 1 {
        return None;
    }
    let by_months = Frequency::months(months).ok().filter(is_regular);
    let by_days = || Frequency::days(u16::try_from(first - schedule.start).ok()?).ok().filter(is_regular);
    by_months.or_else(|| if dues.len() > 1 { by_days() } else { None })
}

fn effective(net: f64, costs: &[(i32, f64)]) -> Result<f64, LoanError> {
    Ok(power(1.0 + internal_rate(net, costs)?, 365) - 1.0)
}

/// The rate `x ≥ 0` a step with `net = Σ amount × (1 + x)^−steps`.
///
/// Where all amounts are paid, the right side falls and is convex in x, so Newton's steps from 0 rise to the root and
/// never pass it. Where some are received, the root is enclosed and halved.
fn internal_rate(net: f64, costs: &[(i32, f64)]) -> Result<f64, LoanError> {
    let total: f64 = costs.iter().map(|(_, amount)| amount).sum();
    if net <= 0.0 {
        return Err(LoanError::NoRate("costs due at disbursement eat up the principal"));
    }
    if total < net {
        return Err(LoanError::NoRate("less is paid back than was received"));
    }
    if costs.iter().any(|(_, amount)| *amount < 0.0) {
        return halved(net, costs);
    }
    let mut rate = 0.0;
    for _ in 0..200 {
        let (value, slope) = value_and_slope(rate, net, costs);
        let step = if slope > 0.0 { value / slope } else { 0.0 };
        rate += step;
        if step.abs() <= 1e-15 + 1e-13 * rate.abs() {
            return Ok(rate.max(0.0));
        }
    }
    Err(LoanError::NoRate("the search does not settle"))
}

/// The root between 0 and a rate at which the flows are worth less than nothing, by halving.
fn halved(net: f64, costs: &[(i32, f64)]) -> Result<f64, LoanError> {
    let (mut low, mut high) = (0.0, 1e-6);
    while value_and_slope(high, net, costs).0 > 0.0 {
        high *= 2.0;
        if high > 1e3 {
            return Err(LoanError::NoRate("the search does not settle"));
        }
    }
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if value_and_slope(middle, net, costs).0 > 0.0 { low = middle } else { high = middle }
    }
    Ok(low)
}

/// What the flows are worth at a rate, and how fast that falls.
fn value_and_slope(rate: f64, net: f64, costs: &[(i32, f64)]) -> (f64, f64) {
    let discount = 1.0 / (1.0 + rate);
    let (mut value, mut slope) = (-net, 0.0);
    for (steps, amount) in costs {
        let present = amount * power(discount, *steps);
        value += present;
        slope += f64::from(*steps) * present * discount;
    }
    (value, slope)
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
        Schedule { start, principal_fen, later_draws: Vec::new(), rows }
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
    fn days_and_weeks_make_their_years() {
        // 1 % every ten days, and every two weeks.
        let days = plan("2026-01-01", &[("2026-01-11", 1_000), ("2026-01-21", 101_000)], 100_000);
        assert_eq!(annualised_ppm(&days), Ok(365_000));
        let weeks = plan("2026-01-01", &[("2026-01-15", 1_000), ("2026-01-29", 101_000)], 100_000);
        assert_eq!(annualised_ppm(&weeks), Ok(260_000));
    }

    #[test]
    fn a_loan_in_parts_costs_what_each_part_costs() {
        // Two parts, each at 1 % a month of 30 days, paid back together.
        let mut parts = plan("2026-01-01", &[("2026-03-02", 203_010)], 200_000);
        parts.later_draws = vec![crate::Draw { on: Date::parse("2026-01-31").unwrap(), amount_fen: 100_000 }];
        let whole = plan("2026-01-01", &[("2026-01-31", 1_000), ("2026-03-02", 101_000)], 100_000);
        assert_eq!(effective_ppm(&parts), effective_ppm(&whole));
        assert!(annualised_ppm(&parts).unwrap() > 0);
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
