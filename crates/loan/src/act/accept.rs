//! Whether an act may join the life of a loan, and why not.

use basics::Date;
use basics::money::format_minor;

use super::{Alteration, AlteredPlan, Prepayment};
use crate::life::{in_order, is_open};
use crate::season::ChangeLimits;
use crate::terms::Prepaying;
use crate::{Component, Happening, LifeEvent, LoanError, LoanState, LoanTerms};

/// Errors, saying why, if the act cannot be. Everything else is accepted elsewhere.
pub(crate) fn accept_act(
    terms: &LoanTerms,
    events: &[LifeEvent],
    new: &LifeEvent,
    state: &LoanState,
) -> Result<(), LoanError> {
    let id = new.id;
    let refuse = |problem: String| LoanError::Change { id, problem };
    let Some(schedule) = &state.schedule else { return Err(LoanError::BeforeDisbursement(id)) };
    if !matches!(new.what, Happening::Linked(_) | Happening::BorrowerDied | Happening::HandedOver { .. }) {
        is_open(id, state)?;
    }
    let changes_plan =
        matches!(new.what, Happening::Extended(_) | Happening::Restructured(_) | Happening::RateReset(_));
    if changes_plan && terms.conventions.is_some() {
        return Err(refuse("it is serviced under named conventions: reschedule or re-age it instead".to_owned()));
    }
    let start = schedule.start;
    let counts_first = changes_plan || matches!(new.what, Happening::Misused { .. });
    if counts_first && new.value_date <= start {
        return Err(refuse(counts_from(start)));
    }
    match &new.what {
        Happening::Prepaid(prepayment) => prepaid(terms, state, prepayment).map_err(refuse),
        Happening::Extended(alteration) => {
            extended(state, alteration).map_err(refuse)?;
            within(terms, state, start, alteration).map_err(refuse)
        }
        Happening::Restructured(alteration) => {
            restructured(state, alteration).map_err(refuse)?;
            within(terms, state, start, alteration).map_err(refuse)
        }
        Happening::RateReset(_) => {
            let resets = terms.rate_rule.as_ref().and_then(|rule| {
                rule.reset.next_after(start, new.value_date.add_days(-1)).map(|day| (rule.reference.clone(), day))
            });
            match resets {
                Some((_, day)) if day == new.value_date => Ok(()),
                Some((reference, day)) => Err(refuse(format!(
                    "the contract follows {reference} and sets its rate anew on {day}, not on {}",
                    new.value_date
                ))),
                None => Err(refuse("the contract's rate is fixed".to_owned())),
            }
        }
        Happening::Misused { penalty_rate } => {
            if in_order(events).iter().any(|event| matches!(event.what, Happening::Misused { .. })) {
                return Err(refuse("the loan is marked as misused already".to_owned()));
            }
            if *penalty_rate <= state.rate {
                return Err(refuse(format!(
                    "a misuse rate of {penalty_rate} % is not above the contract rate of {} %",
                    state.rate
                )));
            }
            Ok(())
        }
        Happening::BorrowerDied if state.bearings.died_on.is_some() => {
            Err(refuse("the borrower's death is recorded already".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Why a change of the plan is not dated on the day of the disbursement, before which it would count and find no plan.
pub(crate) fn counts_from(start: Date) -> String {
    format!("it counts from the day after the disbursement of {start} at the earliest")
}

fn prepaid(terms: &LoanTerms, state: &LoanState, prepayment: &Prepayment) -> Result<(), String> {
    let due_fen = state.overdue_parts().and_then(|parts| parts.total_fen()).map_err(|e| e.to_string())?;
    if prepayment.amount_fen <= due_fen {
        return Err(format!(
            "{} is due and {} would pay nothing ahead: record it as a payment",
            format_minor(due_fen),
            format_minor(prepayment.amount_fen)
        ));
    }
    let Some(rule) = &terms.prepayment else { return Ok(()) };
    match rule.allowed {
        Prepaying::No => return Err("the contract allows no prepayment: money ahead waits until it is due".to_owned()),
        Prepaying::Whole if prepayment.amount_fen < state.payoff_fen => {
            return Err(format!(
                "the contract allows prepayment of the whole only, which takes {}",
                format_minor(state.payoff_fen)
            ));
        }
        _ => {}
    }
    if !rule.strategies.is_empty() && !rule.strategies.contains(&prepayment.strategy) {
        return Err("the contract does not offer this kind of prepayment: choose one that it names".to_owned());
    }
    Ok(())
}

fn extended(state: &LoanState, alteration: &Alteration) -> Result<(), String> {
    let Some(maturity) = state.instalments.iter().filter(|row| !row.is_due).map(|row| row.due_on).max() else {
        return Err("it has come to its end: an extension is agreed before that".to_owned());
    };
    if state.days_past_due > 0 {
        return Err(format!("it is {} days past due: an extension is for a loan that is not", state.days_past_due));
    }
    let until = match &alteration.plan {
        AlteredPlan::Kept => None,
        AlteredPlan::Until(day) => Some(*day),
        AlteredPlan::Rows(rows) => rows.last().map(|row| row.due),
    };
    if until.is_none_or(|day| day <= maturity) {
        return Err(format!("it ends on {maturity} already: name a later day"));
    }
    let to_come = sum_of(state, |row| !row.is_due);
    check_rows(state, &alteration.plan, to_come)
}

fn restructured(state: &LoanState, alteration: &Alteration) -> Result<(), String> {
    if state.principal_fen <= 0 {
        return Err("no principal is outstanding".to_owned());
    }
    let none_to_come = state.instalments.iter().all(|row| row.is_due);
    match &alteration.plan {
        AlteredPlan::Kept if none_to_come => Err("it has no row left to keep: name a last day or rows".to_owned()),
        AlteredPlan::Until(day) if *day <= state.as_of => Err(format!("{day} is not after {}", state.as_of)),
        plan => check_rows(state, plan, i128::from(state.principal_fen)),
    }
}

fn sum_of(state: &LoanState, rows: impl Fn(&crate::InstalmentState) -> bool) -> i128 {
    let open = state.instalments.iter().filter(|row| rows(row));
    open.map(|row| i128::from(row.unpaid_fen(Component::Principal))).sum()
}

/// Agreed rows rise after the day of the change and repay what is to be repaid.
fn check_rows(state: &LoanState, plan: &AlteredPlan, principal_fen: i128) -> Result<(), String> {
    let AlteredPlan::Rows(rows) = plan else { return Ok(()) };
    let rises = rows.windows(2).all(|pair| matches!(pair, [a, b] if a.due < b.due));
    if rows.is_empty() || rows.len() > 600 || !rises || rows.first().is_some_and(|row| row.due <= state.as_of) {
        return Err(format!("give 1 to 600 rows in order, due after {}", state.as_of));
    }
    let sum: i128 = rows.iter().map(|row| i128::from(row.principal_fen)).sum();
    if rows.iter().any(|row| row.principal_fen < 0) || sum != principal_fen {
        let show = |fen: i128| i64::try_from(fen).map_or("too much".to_owned(), format_minor);
        return Err(format!("the rows repay {}, and {} is to be repaid", show(sum), show(principal_fen)));
    }
    Ok(())
}

/// The last day lies within the longest term of the contract.
fn within(terms: &LoanTerms, state: &LoanState, start: Date, alteration: &Alteration) -> Result<(), String> {
    let limits = terms.change.unwrap_or(ChangeLimits::DEFAULT);
    let longest = limits.last_due(start).map_err(|e| e.to_string())?;
    let until = match &alteration.plan {
        AlteredPlan::Kept => state.instalments.iter().map(|row| row.due_on).max(),
        AlteredPlan::Until(day) => Some(*day),
        AlteredPlan::Rows(rows) => rows.last().map(|row| row.due),
    };
    match until {
        Some(day) if day > longest => Err(format!(
            "it would run until {day}, and the longest term of {} months ends on {longest}: choose an earlier date",
            limits.term_max_months
        )),
        _ => Ok(()),
    }
}
