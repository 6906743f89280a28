//! What must hold of any loan on the desk, whatever a scenario expects of it.

use basics::money::format_minor;
use loan::{Component, LoanState, PostedKind};

use super::desk::{Desk, Line};
use super::table::rows;
use super::{Stop, expect, postings};

/// Checks a loan after an event. Errors name what does not hold.
pub(super) fn check(desk: &Desk) -> Result<(), Stop> {
    if !desk.is_disbursed() {
        return Ok(());
    }
    let state = desk.state()?;
    instalments(&state)?;
    charges(&state)?;
    for line in &desk.lines {
        movement(line)?;
        postings::balanced(desk, line)?;
    }
    table(desk, &state)
}

fn unsound(what: String) -> Stop {
    Stop::Wrong(format!("not sound: {what}"))
}

fn instalments(state: &LoanState) -> Result<(), Stop> {
    let (mut principal, mut credited) = (0i64, 0i64);
    for row in &state.instalments {
        principal += row.due.principal_fen;
        credited += row.credited.principal_fen;
        for component in Component::ALL {
            let settled = [row.paid.get(component), row.waived.get(component), row.written_off.get(component)];
            if settled.iter().any(|fen| *fen < 0) || settled.iter().sum::<i64>() > row.due.get(component) {
                return Err(unsound(format!(
                    "{component:?} of the instalment due on {}: due {}, settled {settled:?}",
                    row.due_on,
                    row.due.get(component)
                )));
            }
        }
    }
    let disbursed = state.totals.disbursed_fen;
    if principal != disbursed + credited {
        return Err(unsound(format!(
            "principal of all instalments {principal}, disbursed {disbursed} and {credited} again"
        )));
    }
    Ok(())
}

fn charges(state: &LoanState) -> Result<(), Stop> {
    for charge in &state.charges {
        if charge.paid_fen() < 0 || charge.paid_fen() + charge.waived_fen() > charge.amount_fen() {
            return Err(unsound(format!("charge {} of {}", charge.terms.code, format_minor(charge.amount_fen()))));
        }
    }
    Ok(())
}

/// Money that comes in is what it settled and what was left over.
fn movement(line: &Line) -> Result<(), Stop> {
    let posted = &line.posted;
    let parts = posted.parts.total_fen()?;
    let comes_in = matches!(
        posted.kind,
        PostedKind::Repayment
            | PostedKind::DownPayment
            | PostedKind::Goodwill
            | PostedKind::PayoutRefund
            | PostedKind::MerchantRefund
            | PostedKind::Recovery
            | PostedKind::ChargeAdjustment
    );
    if comes_in && (parts + posted.excess_fen != posted.amount_fen || posted.excess_fen < 0) {
        return Err(unsound(format!(
            "{} of {}: {} is not {parts} and {} left over",
            expect::name(posted.kind),
            posted.date,
            posted.amount_fen,
            posted.excess_fen
        )));
    }
    if posted.principal_after_fen < 0 {
        return Err(unsound(format!("a balance below nothing after {} of {}", expect::name(posted.kind), posted.date)));
    }
    Ok(())
}

/// Rows in the order of their dates; what is open of them is what the loan owes.
fn table(desk: &Desk, state: &LoanState) -> Result<(), Stop> {
    let engine = desk.terms.conventions.as_ref().map(|c| c.plan.engine);
    let Some(engine) = engine else { return Ok(()) };
    let rows: Vec<_> = rows(state, engine).into_iter().filter(|row| row.number.is_some()).collect();
    for (row, next) in rows.iter().zip(rows.iter().skip(1)) {
        if row.date > next.date {
            return Err(unsound(format!("the row of {} stands before that of {}", row.date, next.date)));
        }
    }
    for row in &rows {
        let due: i64 = Component::ALL.iter().map(|c| row.due.get(*c)).sum();
        if row.open_fen < 0 || due < row.paid_fen || row.ahead_fen + row.late_fen > row.paid_fen {
            return Err(unsound(format!(
                "row of {}: due {due}, paid {}, ahead {}, late {}",
                row.date, row.paid_fen, row.ahead_fen, row.late_fen
            )));
        }
        if (row.open_fen == 0) != row.paid_on.is_some() {
            return Err(unsound(format!("row of {}: open {}, paid on {:?}", row.date, row.open_fen, row.paid_on)));
        }
    }
    let open: i64 = rows.iter().map(|row| row.open_fen).sum();
    // Where interest follows the balance, it may come after the money that was left over.
    let follows = desk.terms.conventions.as_ref().is_some_and(|c| c.plan.recalculation.is_some());
    if state.credit_fen > 0 && open > 0 && !follows {
        return Err(unsound(format!("{open} is open and {} left over", state.credit_fen)));
    }
    Ok(())
}
