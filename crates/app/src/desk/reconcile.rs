//! A statement of a rail is held against the books, what it alone tells is booked, and the rest becomes the queue.

use std::collections::{BTreeSet, HashMap};

use basics::merkle::leaf_hash;
use basics::{Cell, Date, Id, Instant, Money, PublicId, cbor};
use door::table::Value;
use door::{Actor, DoorError, Order, Request, key};

use super::{Desk, DeskError};
use crate::command::{Command, Outcome};
use crate::house::Tianxin;
use crate::payment::{AnswerPayment, Payment, PaymentState, PaymentWay, RailCredit, RailTold, TakeCredit};
use crate::reconcile::{
    BankLine, BooksLine, ItemState, ReconItem, Suggestion, TakeStatement, match_lines, suggestions,
};
use crate::tables::{Household, HouseholdStatus};

/// A statement as it is held against the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRead {
    /// The rail.
    pub rail: String,
    /// The statement's id on the rail.
    pub id: String,
    /// Its day.
    pub day: Date,
    /// Balance before its first line.
    pub opening: Money,
    /// Balance after its last.
    pub closing: Money,
    /// Its lines.
    pub lines: Vec<BankLine>,
}

/// What came of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Lines that agree with the books.
    pub matched: u32,
    /// Payments that the rail had not answered for and whose end the statement told.
    pub told: u32,
    /// Money that had come in unnoticed and names a household of ours.
    pub taken: u32,
    /// Differences, now in the queue.
    pub differing: u32,
}

/// The command of what a rail says of a household's payment. The same word has the same id, so that it is booked once.
pub fn answer_request((cell, household, payment): (Cell, Id, Id), told: RailTold, at: Instant) -> Request<Command> {
    let digest: String = leaf_hash(&cbor::to_bytes(&told)).iter().map(|byte| format!("{byte:02x}")).collect();
    let command = AnswerPayment { cell, household, payment, told };
    let id = payment.derive(&format!("answer {digest}"));
    Request::plain(id, Actor::SYSTEM, at, Order::Do(Command::AnswerPayment(command)))
}

impl Desk {
    /// Books money that came in over a rail and names a household of ours in its words; `None` where it names none.
    pub fn take_credit(
        &self,
        rail: &str,
        (reference, amount, on): (&str, Money, Date),
        words: &str,
        at: Instant,
    ) -> Result<Option<Outcome>, DeskError> {
        let named = words.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).find_map(|word| {
            let public = PublicId::parse_kind(word, basics::IdKind::Household).ok()?;
            (self.cell_of(public.id) == public.cell).then_some(public.id)
        });
        let Some(household) = named else { return Ok(None) };
        let cell = self.cell_of(household);
        let rows: Vec<Household> = self.rows(key![cell, household])?;
        if !rows.iter().any(|row| row.status == HouseholdStatus::Active) {
            return Ok(None);
        }
        let (rail, reference) = (rail.to_owned(), reference.to_owned());
        let id = crate::payment::credit_id(&rail, &reference);
        let command = Command::TakeCredit(TakeCredit { cell, household, rail, reference, amount, on });
        let answer = match self.engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(command))) {
            Err(DoorError::Conflict(_)) => return Ok(Some(Outcome::AlreadyThere)),
            answer => answer?,
        };
        Ok(Some(answer.outcome::<Tianxin>()?))
    }

    /// Holds a statement against the books and takes it. Done again after a crash, nothing is booked twice.
    pub fn reconcile(&self, told: &StatementRead, at: Instant) -> Result<Reconciled, DeskError> {
        let mut done = Reconciled::default();
        let named: BTreeSet<(Cell, Id)> = told.lines.iter().filter_map(|line| line.payment).collect();
        let named: Vec<(Cell, Id)> = named.into_iter().collect();
        let mut known = HashMap::new();
        for part in named.chunks(1_000) {
            known.extend(self.payments_at(part)?.into_iter().map(|row| ((row.cell, row.id), row)));
        }
        known.retain(|_, row| row.rail == told.rail);
        // First what only the statement tells: payments without an answer, and money that nobody has noticed.
        for line in &told.lines {
            let Some(of) = line.payment else { continue };
            let Some(row) = known.get_mut(&of).filter(|row| row.state == PaymentState::Asked) else { continue };
            let is_out = line.amount_minor < 0;
            if is_out != (row.way == PaymentWay::Out) {
                continue;
            }
            let amount = Money::new(line.amount_minor.saturating_abs(), told.closing.currency());
            if amount.minor() == row.amount_minor {
                self.observe_payment(row, told.day, at)?;
            }
            let settled = RailTold::Settled { amount, on: told.day, reference: line.reference.clone() };
            self.engine.call(answer_request((row.cell, row.household, row.id), settled, at))?;
            row.state = PaymentState::Settled;
            done.told += 1;
        }
        let before: BTreeSet<String> = self.credits_on(told)?.into_iter().map(|row| row.reference).collect();
        for line in told.lines.iter().filter(|line| line.payment.is_none() && line.amount_minor > 0) {
            if before.contains(&line.reference) {
                continue;
            }
            let amount = Money::new(line.amount_minor, told.closing.currency());
            let taken = self.take_credit(&told.rail, (&line.reference, amount, told.day), &line.words, at)?;
            done.taken += u32::from(taken == Some(Outcome::Done));
        }
        let books = self.books_of(told)?;
        let seed = crate::payment::credit_id(&told.rail, &told.id);
        let matching = match_lines(seed, &told.lines, &books, &known);
        if let Some(place) = matching.confirms.first() {
            let reference = &told.lines[*place].reference;
            return Err(DeskError::Damaged(format!("line {reference} tells of a payment that could not be booked")));
        }
        let digest = cbor::to_bytes(
            &told
                .lines
                .iter()
                .map(|line| (line.reference.clone(), line.payment, line.amount_minor, line.words.clone()))
                .collect::<Vec<_>>(),
        );
        let digest = leaf_hash(&[digest, cbor::to_bytes(&(told.opening, told.closing))].concat());
        let command = Command::TakeStatement(TakeStatement {
            rail: told.rail.clone(),
            statement: told.id.clone(),
            day: told.day,
            digest: digest.to_vec().into(),
            opening: told.opening,
            closing: told.closing,
            lines: u32::try_from(told.lines.len()).unwrap_or(u32::MAX),
            matched: matching.matched,
            items: matching.items,
        });
        // An id of its own for each try: a statement that was taken is refused by its name, not answered silently.
        let id = seed.derive(&format!("statement {}", at.0));
        let answer = self.engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(command)))?;
        match answer.outcome::<Tianxin>()? {
            Outcome::Reconciled { matched, differing } => Ok(Reconciled { matched, differing, ..done }),
            other => Err(DeskError::Damaged(format!("a statement was answered with {other:?}"))),
        }
    }

    fn credits_on(&self, told: &StatementRead) -> Result<Vec<RailCredit>, DeskError> {
        let mut rows: Vec<RailCredit> = self.everywhere("told_on", &Value::Date(told.day))?;
        rows.retain(|row| row.rail == told.rail);
        Ok(rows)
    }

    /// What the books have of a rail on the day of a statement.
    fn books_of(&self, told: &StatementRead) -> Result<Vec<BooksLine>, DeskError> {
        let mut books = Vec::new();
        for row in self.payments_on(told.day)? {
            // One whose amount is in question stands with what was asked: the statement shows the difference.
            let counts = matches!(row.state, PaymentState::Settled | PaymentState::Questioned);
            if row.rail == told.rail && counts {
                let booked = if row.state == PaymentState::Settled { row.told_minor } else { row.amount_minor };
                let amount_minor = if row.way == PaymentWay::Out { -booked } else { booked };
                books.push(BooksLine { cell: row.cell, id: row.id, reference: row.reference, amount_minor });
            }
        }
        for row in self.credits_on(told)? {
            let RailCredit { cell, id, reference, amount_minor, .. } = row;
            books.push(BooksLine { cell, id, reference: Some(reference), amount_minor });
        }
        books.sort_by_key(|line| (line.cell, line.id));
        Ok(books)
    }

    /// The open items of the queue, oldest first, and which of them may belong together.
    pub fn recon_queue(&self) -> Result<(Vec<ReconItem>, Vec<Suggestion>), DeskError> {
        let table = <ReconItem as door::Record>::table();
        let columns: Vec<usize> = ["cell", "state"].iter().filter_map(|name| table.column(name)).collect();
        let wanted = vec![Value::Int(0), Value::Text(ItemState::Open.as_str().into())];
        let rows = self.readers.with(|reader| reader.load_many(table, &columns, &[wanted]))?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let item: ReconItem = door::Record::from_row(row).map_err(damaged)?;
            items.push(item);
        }
        items.sort_by(|a, b| (a.day, &a.rail, a.id).cmp(&(b.day, &b.rail, b.id)));
        let suggested = suggestions(&items);
        Ok((items, suggested))
    }

    /// Payments that people must look at: the rail did something else than it was asked, or contradicts itself.
    pub fn payments_in_question(&self) -> Result<Vec<Payment>, DeskError> {
        let mut rows = self.payments_in(PaymentState::Questioned)?;
        rows.extend(self.everywhere::<Payment>("contradicted", &Value::Bool(true))?);
        rows.sort_by_key(|row| (row.asked_on, row.id));
        rows.dedup_by_key(|row| (row.cell, row.id));
        Ok(rows)
    }
}

fn damaged(error: door::table::RowError) -> DeskError {
    DeskError::Damaged(error.to_string())
}
