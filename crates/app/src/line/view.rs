//! Where a line stands on a day: its state, what the rules make of it, and what the books have to hold.

use basics::{Cell, Date, Id, cbor};
use door::overlay::Overlay;
use door::{Fault, key};
use loan::line::{LineEvent, LineHappening, LineStanding, LineState, LineTerms, fold};
use loan::rules::Rules;
use loan::{Component, LoanError, LoanStanding, Parts};

use super::{CreditLine, CreditLineEvent, CreditLineStatus, LineMoved};
use crate::holding::{Holding, next_change_of_stage};
use crate::house::Tianxin;

/// A line with its terms, its life and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    /// The row.
    pub row: CreditLine,
    /// The terms.
    pub terms: LineTerms,
    /// What happened.
    pub events: Vec<LineEvent>,
    /// Its state.
    pub state: LineState,
}

/// An error of what is stored: it should never be.
pub(super) fn broken(line: Id) -> impl Fn(LoanError) -> Fault {
    move |error| Fault::Broken(format!("line {line}: {error}"))
}

/// The events of a line.
pub fn line_events(slice: &Overlay, cell: Cell, household: Id, line: Id) -> Result<Vec<LineEvent>, Fault> {
    slice
        .range::<CreditLineEvent>(&key![cell, household, line])?
        .iter()
        .map(|row| cbor::from_bytes(&row.bytes).map_err(Fault::from))
        .collect()
}

/// A line as of a day. Errors only if what is stored cannot be folded.
pub fn line_view(row: CreditLine, events: Vec<LineEvent>, today: Date) -> Result<LineView, Fault> {
    let terms: LineTerms = cbor::from_bytes(&row.terms)?;
    let state = fold(&terms, &events, today).map_err(broken(row.id))?;
    Ok(LineView { row, terms, events, state })
}

impl LineView {
    /// The same line with one more event.
    pub(super) fn with(&self, event: LineEvent) -> Result<LineView, Fault> {
        let mut with = self.clone();
        with.events.push(event);
        with.state = fold(&with.terms, &with.events, self.state.as_of).map_err(broken(with.row.id))?;
        Ok(with)
    }

    /// Whose account a purchase, a refund or the undoing of one moves.
    pub(super) fn merchant_of(&self, event: &LineEvent) -> Option<Id> {
        let of_purchase = |id: Id| self.state.purchase(id).and_then(|purchase| purchase.merchant);
        match &event.what {
            LineHappening::Purchased { merchant, .. } => Some(*merchant),
            LineHappening::Refunded { purchase, .. } => of_purchase(*purchase),
            LineHappening::Reversed { target } => {
                let target = self.events.iter().find(|other| other.id == *target)?;
                self.merchant_of(target)
            }
            _ => None,
        }
    }
}

impl Tianxin {
    /// What the rules of the state's day make of a line. Errors only if a figure does not fit.
    pub fn line_standing(&self, view: &LineView) -> Result<LoanStanding, Fault> {
        let wrong = broken(view.row.id);
        let rules = self.dated.on(view.state.as_of).map_err(&wrong)?;
        view.state.standing(rules).map_err(&wrong)
    }

    /// What a line's row shows as of its state, `event` being what brought it there from outside, if anything did.
    pub(crate) fn line_moved(&self, view: &LineView, event: Option<LineEvent>) -> Result<LineMoved, Fault> {
        let wrong = broken(view.row.id);
        let state = &view.state;
        let rules = self.dated.on(state.as_of).map_err(&wrong)?;
        let under = state.standing(rules).map_err(&wrong)?;
        let holding = holding(&view.terms, state, &under).map_err(&wrong)?;
        Ok(LineMoved {
            household: view.row.household,
            line: view.row.id,
            event,
            booked_to: state.as_of,
            limit_minor: state.limit_fen,
            used_minor: state.used_fen,
            charges_minor: state.owed.total_fen().map_err(&wrong)?.saturating_sub(state.used_fen),
            credit_minor: state.credit_fen,
            status: match state.standing {
                LineStanding::Open => CreditLineStatus::Open,
                LineStanding::Frozen => CreditLineStatus::Frozen,
                LineStanding::Closed => CreditLineStatus::Closed,
            },
            agenda_on: agenda_on(state, rules, &under),
            holding: Some(holding),
            overdue_since: state.oldest_unmet_due,
        })
    }
}

/// What the books hold of a line: penalty since the last statement in whole minor units, interest in its group.
fn holding(terms: &LineTerms, state: &LineState, under: &LoanStanding) -> Result<Holding, LoanError> {
    let totals = &state.totals;
    let mut billed = totals.charged.parts()?;
    billed.put(Component::Penalty, state.accrued_penalty.floor_fen()?)?;
    let bought_fen = totals.charged.purchase_fen.checked_sub(totals.drawn_fen);
    Ok(Holding {
        accrual: state.accrual(terms)?,
        stage: under.group_stage()?,
        class: under.class.class,
        billed,
        paid: totals.settled.parts()?,
        waived: totals.waived.parts()?,
        disbursed_fen: totals.drawn_fen,
        received_fen: totals.received_fen,
        refunded_fen: totals.returned_fen,
        credit_fen: state.credit_fen,
        written_off_fen: state.written_off.map_or(0, |claim| claim.principal_fen),
        recovered_fen: state.recovered_fen()?,
        bought_fen: bought_fen.ok_or(LoanError::Overflow("what was bought"))?,
        returned_fen: totals.refunded_fen,
        goodwill_fen: 0,
        adjusted: Parts::ZERO,
        borrower_died: false,
    })
}

/// The next day on which something happens to the line by itself. Penalty is run up in the books at every end of month.
fn agenda_on(state: &LineState, rules: &Rules, under: &LoanStanding) -> Option<Date> {
    let month_end = state.oldest_unmet_due.map(|_| state.as_of.add_days(1).last_of_month());
    let late = state.oldest_unmet_due.map(|due| (due, state.days_past_due));
    let class_changes = late.and_then(|(due, days)| {
        let days = rules.matrix.next_threshold(days)?;
        Some(due.add_days(i32::try_from(days).ok()?))
    });
    let stage_changes =
        late.and_then(|(due, days)| next_change_of_stage(rules, rules.accrual_stops_over_days, due, days));
    [state.next_date, class_changes, stage_changes, month_end, under.turns_on].into_iter().flatten().min()
}
