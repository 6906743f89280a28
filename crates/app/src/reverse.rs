//! Undoing an entry: booked today, effective when the entry was, with a reason and a second person.

use basics::{Cell, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Record, key};
use ledger::{Line, SubAccount, SubjectCode};
use minicbor::{Decode, Encode};

use crate::books::{BOOK_WALLET, check_text, gl, needs_booking, wallet};
use crate::command::Outcome;
use crate::fact::{Booked, Fact};
use crate::house::Tianxin;
use crate::tables::{Entry, EntryKind, Posting, Reversal};

/// Undo an entry of this cell, of any day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Reverse {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The record of the entry.
    #[n(1)]
    pub seq: i64,
    /// The fact within the record.
    #[n(2)]
    pub fact: i64,
    /// Why.
    #[n(3)]
    pub reason: String,
}

impl Tianxin {
    pub(crate) fn needs_reverse(&self, command: &Reverse, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        let key = key![command.cell, command.seq, command.fact];
        needs.rows::<Entry>(key.clone());
        needs.rows::<Posting>(key.clone());
        needs.rows::<Reversal>(key.clone());
        if slice.has(Entry::table(), &key)
            && slice.has(Posting::table(), &key)
            && let Some(entry) = slice.get::<Entry>(&key)?
        {
            for posting in slice.range::<Posting>(&key)? {
                let subject = subject_of(&posting)?;
                let wallets: Vec<Id> =
                    posting.owner.filter(|_| posting.book == i64::from(BOOK_WALLET)).into_iter().collect();
                needs_booking(needs, command.cell, entry.currency, &[subject], &wallets);
            }
        }
        Ok(())
    }

    pub(crate) fn reverse(&self, slice: &Overlay, command: &Reverse, _: &Context) -> Decided<Tianxin> {
        let cell = command.cell;
        check_text("the reason", &command.reason, 200)?;
        let key = key![cell, command.seq, command.fact];
        let entry = slice
            .get::<Entry>(&key)?
            .ok_or_else(|| Refusal::new("unknown_entry", "there is no such entry in this cell: check its number"))?;
        if entry.kind == EntryKind::Reversal {
            return Err(Refusal::new("is_reversal", "a reversal is not itself reversed: make a new entry").into());
        }
        if entry.kind.crosses() {
            let message = "one side of a crossing is not reversed alone: send the money back by a new transfer";
            return Err(Refusal::new("crosses_cells", message).into());
        }
        if entry.kind.moves_cash() {
            let message = "cash is not moved by a reversal: count it, and move it back by a step of its drawer";
            return Err(Refusal::new("moves_cash", message).into());
        }
        if entry.kind.touches_loan() {
            let message = "an entry of a loan is not reversed alone: correct the loan instead";
            return Err(Refusal::new("touches_loan", message).into());
        }
        if let Some(row) = slice.get::<Reversal>(&key)? {
            let message = format!("this entry was reversed before, by record {}", row.by_seq);
            return Err(Refusal::new("reversed_already", message).into());
        }
        let mut lines = Vec::new();
        for posting in slice.range::<Posting>(&key)? {
            let sub = match (posting.book, posting.owner, posting.account) {
                (0, ..) => None,
                (book, Some(owner), Some(id)) => Some(SubAccount { book: book as u16, owner, id }),
                _ => return Err(Fault::Broken(format!("posting {key:?} names no account")).into()),
            };
            lines.push(Line { subject: subject_of(&posting)?, sub, amount_minor: posting.amount_minor });
        }
        let entry = ledger::Entry::new(entry.value_date, entry.currency, lines)
            .map_err(|e| Fault::Broken(format!("entry {key:?}: {e}")))?
            .reversal();
        if self.breaks_floor(slice, cell, &entry)? {
            let fact = Fact::Declined { code: "below_floor".to_owned() };
            return Ok(Change::new(Outcome::BelowFloor, vec![fact]));
        }
        let fact = Fact::Booked(Booked {
            kind: EntryKind::Reversal,
            entry,
            memo: Some(command.reason.clone()),
            reverses: Some((command.seq, command.fact)),
        });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    /// Whether an entry would take a wallet, or a subject with a floor, below what is free there.
    pub(crate) fn breaks_floor(&self, slice: &Overlay, cell: Cell, entry: &ledger::Entry) -> Result<bool, Fault> {
        let currency = entry.currency();
        let moved = |matches: &dyn Fn(&Line) -> bool| -> i64 {
            entry.lines().iter().filter(|line| matches(line)).map(|line| line.amount_minor).fold(0, i64::saturating_add)
        };
        for line in entry.lines() {
            if let Some(sub) = line.sub.filter(|sub| sub.book == BOOK_WALLET) {
                let out = moved(&|other| other.sub == Some(sub));
                let free = wallet(slice, cell, sub.owner, currency)?.map_or(0, |w| w.balance_minor - w.held_minor);
                if out > free {
                    return Ok(true);
                }
            }
            if line.subject == self.subjects.bank {
                let out = moved(&|other| other.subject == line.subject).saturating_neg();
                let balance = gl(slice, cell, line.subject, currency)?;
                if out > balance.balance_minor - balance.held_minor {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

fn subject_of(posting: &Posting) -> Result<SubjectCode, Fault> {
    u32::try_from(posting.subject)
        .map(SubjectCode)
        .map_err(|_| Fault::Broken(format!("{} is no subject code", posting.subject)))
}
