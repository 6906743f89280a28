//! One event joins the life of a loan: what it reads, where the loan stood and stands, and the fact of it.

use basics::{Cell, Date, Id, cbor};
use door::app::Refusal;
use door::overlay::{Fault, Needs, Overlay};
use door::{Record, Stop, key};
use loan::{Happening, LifeEvent, LoanError, LoanState as State, LoanTerms, Receipt, effects};

use crate::books::needs_booking;
use crate::fact::LoanMoved;
use crate::holding::{Holding, Of, Stands, Touched, Turn};
use crate::house::Tianxin;
use crate::loan_books::{loan_events, needs_touch};
use crate::tables::{Agenda, AgendaKind, Contract, LoanEvent, LoanNote, LoanState};

/// Which loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoanPlace {
    pub(crate) cell: Cell,
    pub(crate) household: Id,
    pub(crate) loan: Id,
}

/// A loan before an event: its note, its life, its state as of the open day.
pub(crate) struct Standing {
    pub(crate) place: LoanPlace,
    pub(crate) today: Date,
    pub(crate) note: LoanNote,
    pub(crate) terms: LoanTerms,
    pub(crate) events: Vec<LifeEvent>,
    /// What the books hold, as of the day of its last touch.
    pub(crate) held: Holding,
    /// The state as of today, and what the note would show.
    pub(crate) before: (State, Stands),
}

impl Tianxin {
    /// Asks for a loan, its life, its terms, its place on the agenda, the household's wallet, and what a touch reads.
    pub(crate) fn needs_loan(&self, place: LoanPlace, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        let LoanPlace { cell, household, loan } = place;
        needs_booking(needs, cell, self.institution.currency, &[], &[household]);
        needs_touch(needs, cell);
        let loan_key = key![cell, household, loan];
        needs.rows::<LoanNote>(loan_key.clone());
        needs.rows::<LoanEvent>(loan_key.clone());
        if slice.has(LoanNote::table(), &loan_key)
            && let Some(note) = slice.get::<LoanNote>(&loan_key)?
        {
            needs.rows::<Contract>(key![cell, household, note.contract]);
            if let Some(on_day) = note.place_on() {
                needs.rows::<Agenda>(key![cell, on_day, AgendaKind::Loan.code(), household, loan]);
            }
        }
        Ok(())
    }
}

impl Standing {
    /// Reads an open loan and folds it as of today. Refuses a loan that is not there, or that is closed.
    pub(crate) fn read(house: &Tianxin, slice: &Overlay, place: LoanPlace, today: Date) -> Result<Standing, Stop> {
        let standing = Standing::read_any(house, slice, place, today)?;
        if standing.note.status == LoanState::Undone {
            return Err(
                Refusal::new("loan_closed", "the drawing of this loan was taken back: nothing was ever owed").into()
            );
        }
        if standing.note.status == LoanState::Closed {
            return Err(Refusal::new("loan_closed", "this loan is paid off: nothing is owed any more").into());
        }
        Ok(standing)
    }

    /// Reads a loan, closed or not, and folds it as of today. Refuses a loan that is not there.
    pub(crate) fn read_any(house: &Tianxin, slice: &Overlay, place: LoanPlace, today: Date) -> Result<Standing, Stop> {
        let LoanPlace { cell, household, loan } = place;
        let note = slice
            .get::<LoanNote>(&key![cell, household, loan])?
            .ok_or_else(|| Refusal::new("unknown_loan", "there is no such loan: check its id"))?;
        let contract = slice
            .get::<Contract>(&key![cell, household, note.contract])?
            .ok_or_else(|| Fault::Broken(format!("loan {loan} has no contract")))?;
        let terms: LoanTerms = cbor::from_bytes(&contract.terms).map_err(Fault::from)?;
        let events = loan_events(slice, cell, household, loan)?;
        let held = Holding::of(&note)?;
        let before = house.stands(&terms, &events, today).map_err(|e| Fault::Broken(format!("loan {loan}: {e}")))?;
        Ok(Standing { place, today, note, terms, events, held, before })
    }

    /// Lets an event happen: the state as of today and what the note shows from then on. Refuses an event that
    /// may not join the life of the loan.
    pub(crate) fn happen(&mut self, house: &Tianxin, event: &LifeEvent) -> Result<(State, Stands), Stop> {
        let refuse = |error: LoanError| Refusal::new(refusal_of(&event.what), error.to_string());
        loan::accept(&self.terms, &self.events, event).map_err(refuse)?;
        self.events.push(event.clone());
        house.stands(&self.terms, &self.events, self.today).map_err(|e| self.broken(&e).into())
    }

    /// Touches of this loan on their way to an entry.
    pub(crate) fn turn<'a>(&self, slice: &'a Overlay) -> Turn<'a> {
        Turn::new(slice, self.place.cell, self.today)
    }

    /// The loan from one holding to another.
    pub(crate) fn touched<'a>(&'a self, old: &'a Holding, new: &'a Holding) -> Touched<'a> {
        Touched {
            household: self.place.household,
            id: self.place.loan,
            of: Of::Loan,
            product: &self.note.product,
            currency: self.note.currency,
            old,
            new,
        }
    }

    /// The fact of the event.
    pub(crate) fn moved(&self, event: LifeEvent, after: &(State, Stands)) -> Result<LoanMoved, Fault> {
        let (state, stands) = after;
        let allocation = effects(&self.before.0, state).map_err(|e| self.broken(&e))?.allocation();
        let last_due = |state: &State| state.schedule.as_ref().map(loan::Schedule::maturity);
        let moved_to = last_due(state).filter(|last| Some(*last) != last_due(&self.before.0));
        Ok(LoanMoved {
            household: self.place.household,
            loan: self.place.loan,
            event,
            allocation,
            outstanding_minor: stands.outstanding_minor,
            next_due: stands.next_due,
            closed_on: stands.closed_on,
            stands: Some(stands.clone()),
            maturity: moved_to,
        })
    }

    pub(crate) fn broken(&self, error: &LoanError) -> Fault {
        Fault::Broken(format!("loan {}: {error}", self.place.loan))
    }
}

/// The code under which an event that cannot join the life of its loan is refused: what a person reads of it is about what was
/// asked for.
fn refusal_of(what: &Happening) -> &'static str {
    match what {
        Happening::Received { receipt: Receipt::Goodwill, .. }
        | Happening::Waived { .. }
        | Happening::ChargeWaived { .. } => "waiver_refused",
        Happening::Paid { .. } | Happening::Received { .. } | Happening::CollectionRun { .. } => "payment_refused",
        Happening::Prepaid(_) => "prepayment_refused",
        Happening::Extended(_) => "extension_refused",
        Happening::Restructured(_)
        | Happening::Rescheduled { .. }
        | Happening::Reaged { .. }
        | Happening::Reamortised
        | Happening::Replanned(_)
        | Happening::Deferred(_) => "plan_refused",
        Happening::ChargeAdded { .. } | Happening::ChargeAdjusted { .. } => "charge_refused",
        Happening::Refunded { .. } | Happening::RefundedCash { .. } | Happening::ChargedBack { .. } => "refund_refused",
        Happening::Reversed { .. } => "reversal_refused",
        Happening::ChargedOff | Happening::WrittenOff => "write_off_refused",
        Happening::Disbursed { .. }
        | Happening::RateReset(_)
        | Happening::Misused { .. }
        | Happening::Judged { .. }
        | Happening::Linked(_)
        | Happening::BorrowerDied
        | Happening::HandedOver { .. }
        | Happening::Noticed { .. } => "loan_event",
    }
}
