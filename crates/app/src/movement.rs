//! What the books move, as behaviour: the one place where a loan, a line or a wallet of our own becomes behaviour events.
//!
//! Events follow from the books and not from what somebody sends beside them. Of a loan its whole life is told, as its fold has it:
//! money received and paid, every instalment met on its day or late, paid off, more than 90 days late. Each event has an id that
//! follows from what it tells, so that telling a life again tells only what is new, and an event dated back arrives late and counts from
//! its own day. What was told stays told: a payment that is taken back later is one that was made.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Stamp, key};
use insight::event::Purchase;
use insight::{Channel, Event, EventKind};
use loan::line::{LineEvent, LineHappening};
use loan::{Happening, LifeEvent, LoanState};
use minicbor::{Decode, Encode};

use crate::books::BOOK_WALLET;
use crate::command::Outcome;
use crate::fact::{Booked, Fact};
use crate::house::Tianxin;
use crate::tables::EntryKind;

/// Days past due beyond which a loan has turned bad.
const BAD_DAYS: i32 = 90;

door::table! {
    /// How far the journal of a cell was read for behaviour.
    pub struct MovementCursor = "movement_cursor" (Household, State, key 1) {
        /// The cell.
        cell: Cell,
        /// The last record that was read.
        read_seq: i64,
    }
}

/// Note how far a journal was read for behaviour. Sent by the platform.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct NoteMovements {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The last record that was read.
    #[n(1)]
    pub read_seq: i64,
}

impl Tianxin {
    pub(crate) fn needs_note_movements(&self, command: &NoteMovements, needs: &mut Needs) {
        needs.rows::<MovementCursor>(key![command.cell]);
    }

    pub(crate) fn note_movements(&self, slice: &Overlay, command: &NoteMovements, _: &Context) -> Decided<Tianxin> {
        let before = slice.get::<MovementCursor>(&key![command.cell])?.map_or(-1, |row| row.read_seq);
        if command.read_seq <= before {
            return Err(Refusal::new("cursor_stands", "the journal was read as far as that before").into());
        }
        Ok(Change::new(Outcome::Done, vec![Fact::MovementsRead { read_seq: command.read_seq }]))
    }
}

/// Turns the fact into its row.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, read_seq: i64) {
    books.put(&MovementCursor { cell: stamp.cell, read_seq });
}

/// What a record of the journal touched that behaviour follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// A loan: its life is told anew.
    Loan {
        /// The household.
        household: Id,
        /// The loan.
        loan: Id,
    },
    /// Something happened once.
    Happened(Event),
}

/// What a record touched, in the order of its facts. `made` names the record: events of wallets are called after it.
///
/// Payments over rails are told by whoever hears of them from the rail, with their own id; a record that has one is left to them.
pub fn touched(facts: &[Fact], made: Id) -> Vec<Touched> {
    let over_rail = |fact: &Fact| {
        matches!(
            fact,
            Fact::PaymentAsked(_) | Fact::PaymentAnswered(_) | Fact::PaymentDecided { .. } | Fact::CreditTaken(_)
        )
    };
    let is_rail = facts.iter().any(over_rail);
    let mut all = Vec::new();
    for (place, fact) in facts.iter().enumerate() {
        match fact {
            Fact::LoanDrawn(told) => push_loan(&mut all, told.household, told.loan),
            Fact::LoanMoved(told) => push_loan(&mut all, told.household, told.loan),
            Fact::LoanCorrected(told) => push_loan(&mut all, told.household, told.loan),
            Fact::LoanServiced { household, loan, .. } => push_loan(&mut all, *household, *loan),
            Fact::LoansTouched { loans, .. } => {
                loans.iter().for_each(|told| push_loan(&mut all, told.household, told.loan))
            }
            Fact::LoansCollected { loans } => {
                loans.iter().for_each(|told| push_loan(&mut all, told.household, told.loan))
            }
            Fact::LineMoved(told) => {
                let event = told.event.as_ref().and_then(|event| line_event(told.household, event));
                all.extend(event.map(Touched::Happened));
            }
            Fact::Booked(booked) if !is_rail => {
                all.extend(wallet_events(booked, made.derive(&place.to_string())).map(Touched::Happened));
            }
            _ => {}
        }
    }
    all
}

fn push_loan(all: &mut Vec<Touched>, household: Id, loan: Id) {
    let touched = Touched::Loan { household, loan };
    if !all.contains(&touched) {
        all.push(touched);
    }
}

fn event(household: Id, id: Id, date: Date, kind: EventKind, amount_minor: i64) -> Event {
    Event {
        household,
        id,
        date,
        kind,
        amount_minor,
        balance_after_minor: None,
        counterparty: None,
        channel: Channel::OwnBusiness,
        consent: None,
        measure: None,
        source: None,
        known: None,
    }
}

/// Money of a wallet that came from or went to somebody else. What was drawn and paid on loans and lines is told by these.
fn wallet_events(booked: &Booked, made: Id) -> impl Iterator<Item = Event> {
    let kinds = match booked.kind {
        EntryKind::TopUp | EntryKind::Withdrawal | EntryKind::CashIn | EntryKind::CashOut => {
            Some((EventKind::CashDeposit, EventKind::CashWithdrawal))
        }
        EntryKind::Transfer | EntryKind::TransferOut | EntryKind::TransferIn => {
            Some((EventKind::TransferIn, EventKind::TransferOut))
        }
        _ => None,
    };
    let date = booked.entry.value_date();
    let lines = booked.entry.lines().iter().enumerate().filter_map(move |(place, line)| {
        let account = line.sub.filter(|account| account.book == BOOK_WALLET)?;
        // A wallet is owed by the institution: credit is more for the household.
        let amount_minor = -line.amount_minor;
        let (came, went) = kinds?;
        let kind = if amount_minor > 0 { came } else { went };
        Some(event(account.owner, made.derive(&format!("line {place}")), date, kind, amount_minor))
    });
    lines.collect::<Vec<_>>().into_iter()
}

fn line_event(household: Id, told: &LineEvent) -> Option<Event> {
    let id = told.id.derive("behaviour");
    match &told.what {
        LineHappening::Purchased { amount_fen, .. } => {
            Some(event(household, id, told.value_date, EventKind::Purchase(Purchase::Other), -amount_fen))
        }
        LineHappening::Paid { amount_fen } => {
            Some(event(household, id, told.value_date, EventKind::LoanPayment, -amount_fen))
        }
        _ => None,
    }
}

/// A loan's life as behaviour, oldest first: of its events and its fold as of a day.
pub fn life_of(household: Id, loan: Id, events: &[LifeEvent], state: &LoanState) -> Vec<Event> {
    let mut all = Vec::new();
    let reversed: Vec<Id> = events
        .iter()
        .filter_map(|told| match told.what {
            Happening::Reversed { target } => Some(target),
            _ => None,
        })
        .collect();
    for told in events.iter().filter(|told| !reversed.contains(&told.id)) {
        let (kind, amount_minor) = match &told.what {
            Happening::Disbursed { amount_fen, .. } => (EventKind::LoanReceived, *amount_fen),
            Happening::Paid { amount_fen } => (EventKind::LoanPayment, -amount_fen),
            _ => continue,
        };
        all.push(event(household, told.id.derive("behaviour"), told.value_date, kind, amount_minor));
    }
    for row in &state.instalments {
        let owed = row.due.principal_fen + row.due.interest_fen + row.due.fee_fen;
        let Some(met_on) = row.met_on.filter(|_| row.is_due && owed > 0) else { continue };
        let id = loan.derive(&format!("due {} met", row.due_on));
        let late = met_on - row.due_on;
        all.push(match late {
            ..=0 => event(household, id, row.due_on, EventKind::DueMet, 0),
            late => Event { measure: Some(i64::from(late)), ..event(household, id, met_on, EventKind::DueLate, 0) },
        });
    }
    // Of arrears that went on for so long, the day on which they had.
    let steps = state.arrears.steps();
    for (place, step) in steps.iter().enumerate() {
        let Some(oldest) = step.oldest_due else { continue };
        let turned = oldest.add_days(BAD_DAYS + 1);
        let until = steps.get(place + 1).map_or(state.as_of, |next| next.from.add_days(-1));
        let id = loan.derive(&format!("over 90 since {oldest}"));
        let is_new = !all.iter().any(|told| told.id == id);
        if turned <= until && is_new {
            all.push(event(household, id, turned.max(step.from), EventKind::LoanOver90, 0));
        }
    }
    if let Some(closed_on) = state.closed_on {
        all.push(event(household, loan.derive("repaid"), closed_on, EventKind::LoanRepaid, 0));
    }
    all.sort_by_key(|event| (event.date, event.id));
    all
}
