//! What rules and the loan's own record say against an act, and what of an act they settle by themselves.

use basics::Date;
use door::Stop;
use door::app::Refusal;
use loan::act::{Alteration, AlteredPlan, NewRates, check_extension};
use loan::arrears::ReAge;
use loan::class::{ClassCase, judging_takes_two};
use loan::cost::{annualised_ppm, percent};
use loan::{Happening, LoanState, Receipt};

use super::LoanAct;
use crate::house::Tianxin;
use crate::loan_turn::Standing;

impl Tianxin {
    /// What rules and the loan's own record say against an act.
    pub(crate) fn check_act(&self, standing: &Standing, what: &LoanAct) -> Result<(), Stop> {
        let (state, today) = (&standing.before.0, standing.today);
        let rules = self.dated.on(today).map_err(|e| standing.broken(&e))?;
        let refuse = |code: &'static str, message: String| Err(Stop::from(Refusal::new(code, message)));
        let dues: Vec<Date> = state.instalments.iter().map(|row| row.due_on).collect();
        let case = ClassCase { as_of: today, arrears: &state.arrears, dues: &dues, marks: &state.bearings.marks };
        match what {
            LoanAct::Extend(alteration) => {
                match check_extension(rules, &standing.terms, &standing.events, today, last_day(alteration, today)) {
                    Ok(()) => Ok(()),
                    Err(error) => refuse("extension", error.to_string()),
                }
            }
            LoanAct::MarkMisuse { penalty_rate } => {
                let over = (i128::from(penalty_rate.ppm()) - i128::from(state.rate.ppm())) * 1_000_000;
                let bounds = rules.misuse_uplift;
                let contract = i128::from(state.rate.ppm());
                let within =
                    over >= contract * i128::from(bounds.min.ppm()) && over <= contract * i128::from(bounds.max.ppm());
                if within {
                    return Ok(());
                }
                let message = format!(
                    "the misuse rate must be {} to {} % over the contract rate of {} %",
                    bounds.min, bounds.max, state.rate
                );
                refuse("misuse_rate", message)
            }
            LoanAct::JudgeWorse { class } | LoanAct::JudgeBetter { class } => {
                if usize::from(class.0) >= rules.classes.len() {
                    let message = format!("class {} is not on the ladder of {}", class.0, rules.classes.len());
                    return refuse("unknown_class", message);
                }
                match (what, judging_takes_two(&case, *class)) {
                    (LoanAct::JudgeWorse { .. }, true) => {
                        refuse("judged_better", "this is better than it was judged: two people do that".to_owned())
                    }
                    (LoanAct::JudgeBetter { .. }, false) => {
                        refuse("judged_worse", "this is not better than it was judged: judge it worse".to_owned())
                    }
                    _ => Ok(()),
                }
            }
            LoanAct::TakeBack { event } => {
                let moved_money = |what: &Happening| {
                    matches!(
                        what,
                        Happening::Disbursed { .. }
                            | Happening::Paid { .. }
                            | Happening::Prepaid(_)
                            | Happening::Refunded { .. }
                            | Happening::ChargedBack { .. }
                            | Happening::RefundedCash { .. }
                    ) || matches!(what, Happening::Received { receipt, .. } if *receipt != Receipt::Goodwill)
                };
                if standing.events.iter().any(|other| other.id == *event && moved_money(&other.what)) {
                    return refuse("moved_money", "this act moved money: propose a correction of it".to_owned());
                }
                Ok(())
            }
            LoanAct::ReAge(_) | LoanAct::ReAmortise
                if (rules.re_age, standing.terms.re_age) == (ReAge::Kept, Some(ReAge::Reset)) =>
            {
                let message = "the contract would set days past due back, and the rules keep them".to_owned();
                refuse("re_age", message)
            }
            _ => Ok(()),
        }
    }

    /// Refuses an act by which the loan comes to cost more a year, all in, than its product and the rules allow. What it cost before
    /// may stand: a loan that was dearer already is not held to what it never was.
    pub(crate) fn check_cap_after(&self, standing: &Standing, after: &LoanState) -> Result<(), Stop> {
        let rules = self.dated.on(standing.today).map_err(|e| standing.broken(&e))?;
        let of_rules = rules.all_in_cap.filter(|_| rules.currency == standing.terms.principal.currency());
        let of_product = self.product(&standing.terms.product.code).ok().and_then(|product| product.cost_cap);
        let Some(cap) = [of_rules, of_product].into_iter().flatten().min() else { return Ok(()) };
        let all_in = |state: &LoanState| state.schedule.as_ref().and_then(|plan| annualised_ppm(plan).ok());
        let (Some(was_ppm), Some(is_ppm)) = (all_in(&standing.before.0), all_in(after)) else { return Ok(()) };
        if is_ppm <= cap.ppm() || is_ppm <= was_ppm {
            return Ok(());
        }
        let message = format!(
            "the loan would come to cost {} % a year in all, above the cap of {cap} %: ask for less",
            percent(is_ppm)
        );
        Err(Refusal::new("over_cost_cap", message).into())
    }

    /// The act with what the officer need not enter: an extension steps the rate to that of the bracket the loan then falls in, by
    /// the brackets of the version that was signed and the published rates of today.
    pub(super) fn completed(&self, standing: &Standing, what: &LoanAct) -> Result<LoanAct, Stop> {
        let LoanAct::Extend(alteration) = what else { return Ok(what.clone()) };
        if standing.terms.rate_rule.is_none() {
            return Ok(what.clone());
        }
        let state = &standing.before.0;
        let until = last_day(alteration, state.as_of);
        let Some(start) = state.schedule.as_ref().map(|plan| plan.start) else { return Ok(what.clone()) };
        let signed = &standing.terms.product;
        let product = self.product_version(&signed.code, signed.version)?;
        let newest = self.product(&signed.code)?;
        let Some(linked) = newest.linked.as_ref().or(product.linked.as_ref()) else { return Ok(what.clone()) };
        let has = NewRates { rate: state.rate, penalty_rate: state.penalty_rate };
        let stepped = product
            .rates_extended(&standing.terms, has, whole_months(start, until), (&linked.table, state.as_of))
            .map_err(|error| Refusal::new("extension", error.to_string()))?;
        let rates = match (alteration.rates, stepped) {
            (Some(asked), Some(least)) if asked.rate < least.rate => {
                let message =
                    format!("the rate of the bracket it then falls in is {} %: leave the rate out", least.rate);
                return Err(Refusal::new("extension", message).into());
            }
            (asked, stepped) => asked.or(stepped),
        };
        Ok(LoanAct::Extend(Alteration { rates, ..alteration.clone() }))
    }
}

/// The last day that an alteration asks for.
fn last_day(alteration: &Alteration, today: Date) -> Date {
    match &alteration.plan {
        AlteredPlan::Until(day) => *day,
        AlteredPlan::Rows(rows) => rows.last().map_or(today, |row| row.due),
        AlteredPlan::Kept => today,
    }
}

/// Months from a day to another, a part of one counted as one.
fn whole_months(start: Date, until: Date) -> u16 {
    let months =
        12 * (i32::from(until.year()) - i32::from(start.year())) + i32::from(until.month()) - i32::from(start.month());
    let more = start.add_months(months).is_ok_and(|day| day < until);
    u16::try_from(months + i32::from(more)).unwrap_or(0)
}
