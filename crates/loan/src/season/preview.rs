//! What a change does to a loan, shown before anybody agrees to it.

use std::fmt;

use basics::Date;
use basics::money::format_minor;

use crate::season::change::{check_change, cost_fen, falls_earlier};
use crate::{LifeEvent, LoanError, LoanState, LoanTerms, Schedule, fold};

/// A loan without and with a change, as of the change's own date.
///
/// Its text form is what the borrower reads and signs; the hash of that text is the evidence of his consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePreview {
    /// The date the change counts from.
    pub on: Date,
    /// The rows without it.
    pub before: Schedule,
    /// The rows with it.
    pub after: Schedule,
    /// Interest, fees, penalty and compound interest in all without it, minor units.
    pub cost_before_fen: i64,
    /// The same with it.
    pub cost_after_fen: i64,
    /// Whether the borrower has to agree: it costs more, or asks for principal earlier.
    pub needs_consent: bool,
}

impl ChangePreview {
    /// What the change adds to the cost, minor units; less than nothing if it saves.
    pub fn added_fen(&self) -> i64 {
        self.cost_after_fen.saturating_sub(self.cost_before_fen)
    }

    /// Principal with a later due date than before, minor units.
    pub fn moved_fen(&self) -> i64 {
        // On each date, how much less has fallen due by then; the most of it is what moved.
        let due_by = |schedule: &Schedule, day: Date| -> i64 {
            schedule.rows.iter().filter(|row| row.due <= day).map(|row| row.principal_fen).sum()
        };
        let days = self.before.rows.iter().map(|row| row.due);
        days.map(|day| due_by(&self.before, day) - due_by(&self.after, day)).max().unwrap_or(0).max(0)
    }
}

impl fmt::Display for ChangePreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "from {}", self.on)?;
        write!(f, "before\n{}after\n{}", self.before, self.after)?;
        writeln!(
            f,
            "cost before {}, after {}, added {}",
            format_minor(self.cost_before_fen),
            format_minor(self.cost_after_fen),
            format_minor(self.added_fen())
        )
    }
}

/// What a re-plan or deferral would do, whatever its consents say so far.
///
/// Errors say why it would be refused even with them.
pub fn preview(terms: &LoanTerms, events: &[LifeEvent], change: &LifeEvent) -> Result<ChangePreview, LoanError> {
    let on = change.value_date;
    let before = fold(terms, events, on)?;
    check_change(terms, events, change, &before)?;
    let with: Vec<LifeEvent> = events.iter().chain([change]).cloned().collect();
    let after = fold(terms, &with, on)?;
    shown(on, &before, &after).ok_or(LoanError::BeforeDisbursement(change.id))?
}

fn shown(on: Date, before: &LoanState, after: &LoanState) -> Option<Result<ChangePreview, LoanError>> {
    let (old, new) = (before.schedule.clone()?, after.schedule.clone()?);
    let whole = |fen: i128| i64::try_from(fen).map_err(|_| LoanError::Overflow("the cost of a change"));
    let costs = whole(cost_fen(before)).and_then(|before| Ok((before, whole(cost_fen(after))?)));
    Some(costs.map(|(cost_before_fen, cost_after_fen)| ChangePreview {
        on,
        before: old,
        after: new,
        cost_before_fen,
        cost_after_fen,
        needs_consent: cost_after_fen > cost_before_fen || falls_earlier(before, after),
    }))
}
