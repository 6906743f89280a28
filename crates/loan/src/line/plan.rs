//! A purchase turned into instalments: its parts, its fees, and what it costs a year.

use basics::Date;
use basics::money::div_round;

use super::{LineTerms, PlanOffer};
use crate::cost::{annualised_ppm, effective_ppm};
use crate::{Instalment, LoanError, Schedule};

/// One instalment of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// Principal, minor units.
    pub principal_fen: i64,
    /// Fee, minor units.
    pub fee_fen: i64,
}

/// What a conversion would be, before it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanQuote {
    /// The instalments on the due dates of the coming statements.
    pub schedule: Schedule,
    /// All fees, minor units.
    pub fees_fen: i64,
    /// Annualised internal rate, ppm: what the cap is checked against.
    pub annualised_ppm: i64,
    /// Effective annual rate, ppm.
    pub effective_ppm: i64,
}

/// The instalments of a plan: equal parts, the rounding spread so that they add up, the fee of each rounded.
pub(super) fn rows(terms: &LineTerms, principal_fen: i64, offer: &PlanOffer) -> Result<Vec<PlanRow>, LoanError> {
    let fee_fen = terms.share_fen(principal_fen, offer.fee_ppm)?;
    let count = i128::from(offer.instalments);
    let up_to = |n: i128| {
        div_round(i128::from(principal_fen) * n, count, terms.rounding).ok_or(LoanError::Overflow("an instalment"))
    };
    (1..=count).map(|n| Ok(PlanRow { principal_fen: up_to(n)? - up_to(n - 1)?, fee_fen })).collect()
}

/// What converting an amount on a date costs, with the due dates it would really have.
///
/// Errors if no such plan is on offer, if its annualised rate passes the cap of the terms, or a figure does not fit.
pub fn quote(terms: &LineTerms, principal_fen: i64, instalments: u16, on: Date) -> Result<PlanQuote, LoanError> {
    terms.check()?;
    let Some(offer) = terms.rules.offer(instalments) else {
        let offers: Vec<String> = terms.rules.plans.iter().map(|offer| offer.instalments.to_string()).collect();
        return Err(LoanError::Terms(format!(
            "{} offers no plan of {instalments} instalments: choose one of {}",
            terms.product.code,
            offers.join(", ")
        )));
    };
    if principal_fen <= 0 {
        return Err(LoanError::Terms("there is nothing to convert".to_owned()));
    }
    let late = || LoanError::Terms(format!("the plan would run past the years that are kept, from {on}"));
    let (mut from, mut statement, mut balance_fen) = (on, on, principal_fen);
    let mut schedule_rows = Vec::with_capacity(usize::from(instalments));
    for (number, row) in (1u16..).zip(rows(terms, principal_fen, offer)?) {
        statement = terms.rules.statement_after(statement).ok_or_else(late)?;
        let due = terms.rules.due_after(statement).ok_or_else(late)?;
        balance_fen -= row.principal_fen;
        schedule_rows.push(Instalment {
            number,
            from,
            due,
            principal_fen: row.principal_fen,
            interest_fen: 0,
            fee_fen: row.fee_fen,
            total_fen: row.principal_fen.checked_add(row.fee_fen).ok_or(LoanError::Overflow("an instalment"))?,
            balance_after_fen: balance_fen,
        });
        from = due;
    }
    let schedule = Schedule { start: on, principal_fen, later_draws: Vec::new(), rows: schedule_rows };
    let quote = PlanQuote {
        fees_fen: schedule.fees_fen(),
        annualised_ppm: annualised_ppm(&schedule)?,
        effective_ppm: effective_ppm(&schedule)?,
        schedule,
    };
    match terms.cost_cap {
        Some(cap) if quote.annualised_ppm > cap.ppm() => {
            Err(LoanError::OverCap { annualised_ppm: quote.annualised_ppm, cap_ppm: cap.ppm() })
        }
        _ => Ok(quote),
    }
}
