//! A rail's statement held against the books: by id, then by amount, and the rest as a queue that people work.
//!
//! Matching is pure and done before the door; what it found is one command of the office. A statement is taken once, in the order of
//! days, and opens with what the one before closed with: one that is missing, repeated or changed is named.

use std::collections::{BTreeMap, HashMap, HashSet};

use basics::{Cell, Currency, Date, Id, Money};
use door::app::{Context, Decided, Refusal, Stamp};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, key};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::payment::{Payment, PaymentState, PaymentWay};

/// Differences of one statement at most: more are a statement of another account.
pub const ITEMS_MAX: usize = 2_000;
/// How many days apart two items may lie that are suggested to belong together.
const SUGGEST_DAYS_MAX: i32 = 7;

door::text_enum! {
    /// What does not agree.
    pub enum ItemKind {
        /// It stands in the statement and not in the books.
        BankOnly = "bank_only",
        /// It stands in the books and not in the statement.
        BooksOnly = "books_only",
        /// Both have it, with different amounts.
        Amount = "amount",
        /// The statement has the same order a second time.
        Twice = "twice",
    }
}

door::text_enum! {
    /// How far an item of the queue has come.
    pub enum ItemState {
        /// To be worked.
        Open = "open",
        /// Explained by two people.
        Closed = "closed",
    }
}

/// A line of a statement, as matching sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankLine {
    /// The rail's reference.
    pub reference: String,
    /// Cell and payment of the order it names, if it names one of ours.
    pub payment: Option<(Cell, Id)>,
    /// Minor units: in if positive, out if negative.
    pub amount_minor: i64,
    /// Words.
    pub words: String,
}

/// What the books have of a rail and a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BooksLine {
    /// The cell.
    pub cell: Cell,
    /// The payment, or the credit.
    pub id: Id,
    /// The rail's reference, as it was told.
    pub reference: Option<String>,
    /// Minor units: in if positive, out if negative.
    pub amount_minor: i64,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ItemFound {
    /// Its id, which follows from statement and line.
    #[n(0)]
    pub id: Id,
    /// What does not agree.
    #[n(1)]
    pub kind: ItemKind,
    /// The rail's reference.
    #[n(2)]
    pub reference: Option<String>,
    /// What the statement has, in minor units.
    #[n(3)]
    pub bank_minor: i64,
    /// What the books have.
    #[n(4)]
    pub books_minor: i64,
    /// Cell and id of the payment or credit, where one is known.
    #[n(5)]
    pub of: Option<(Cell, Id)>,
    /// Words of the statement.
    #[n(6)]
    pub words: String,
}

/// What matching found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matching {
    /// How many lines agree.
    pub matched: u32,
    /// Lines, by their place, that tell what became of payments which the rail had not answered for.
    pub confirms: Vec<usize>,
    /// The differences.
    pub items: Vec<ItemFound>,
}

/// Holds lines against books. `known` has the payments that lines name, whatever has become of them.
pub fn match_lines(
    seed: Id,
    lines: &[BankLine],
    books: &[BooksLine],
    known: &HashMap<(Cell, Id), Payment>,
) -> Matching {
    let mut found = Matching::default();
    let by_id: HashMap<(Cell, Id), usize> =
        books.iter().enumerate().map(|(at, line)| ((line.cell, line.id), at)).collect();
    let by_reference: HashMap<&str, usize> = books
        .iter()
        .enumerate()
        .filter_map(|(at, line)| line.reference.as_deref().map(|reference| (reference, at)))
        .collect();
    let item = |kind, line: Option<&BankLine>, books: Option<&BooksLine>| {
        let reference = line.map(|line| line.reference.clone()).or_else(|| books?.reference.clone());
        let of = books.map(|books| (books.cell, books.id)).or_else(|| line?.payment);
        let name = match (line, of) {
            (Some(line), _) => format!("line {}", line.reference),
            (None, of) => format!("books {of:?}"),
        };
        ItemFound {
            id: seed.derive(&name),
            kind,
            reference,
            bank_minor: line.map_or(0, |line| line.amount_minor),
            books_minor: books.map_or(0, |books| books.amount_minor),
            of,
            words: line.map(|line| line.words.clone()).unwrap_or_default(),
        }
    };
    let mut used: HashSet<usize> = HashSet::new();
    let mut orders: HashSet<(Cell, Id)> = HashSet::new();
    let mut left: Vec<&BankLine> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        if let Some(of) = line.payment
            && !orders.insert(of)
        {
            let books = by_id.get(&of).map(|at| &books[*at]);
            found.items.push(ItemFound { books_minor: 0, ..item(ItemKind::Twice, Some(line), books) });
            continue;
        }
        let at = line.payment.and_then(|of| by_id.get(&of)).or_else(|| by_reference.get(line.reference.as_str()));
        match at.copied().filter(|at| !used.contains(at)) {
            Some(at) => {
                used.insert(at);
                if books[at].amount_minor == line.amount_minor {
                    found.matched += 1;
                } else {
                    found.items.push(item(ItemKind::Amount, Some(line), Some(&books[at])));
                }
            }
            None => match line.payment.and_then(|of| known.get(&of)) {
                // Money that came back under the id of one that went out is no answer to it.
                Some(payment)
                    if payment.state == PaymentState::Asked
                        && (line.amount_minor < 0) == (payment.way == PaymentWay::Out) =>
                {
                    found.confirms.push(place);
                }
                _ => left.push(line),
            },
        }
    }
    // What has lost its id is matched by its amount, where only one can be meant on either side.
    let mut by_amount: BTreeMap<i64, (Vec<&BankLine>, Vec<usize>)> = BTreeMap::new();
    for line in left {
        by_amount.entry(line.amount_minor).or_default().0.push(line);
    }
    for (at, line) in books.iter().enumerate().filter(|(at, _)| !used.contains(at)) {
        by_amount.entry(line.amount_minor).or_default().1.push(at);
    }
    for (of_bank, of_books) in by_amount.values() {
        if let ([line], [_]) = (of_bank.as_slice(), of_books.as_slice())
            && line.payment.is_none()
        {
            found.matched += 1;
            continue;
        }
        found.items.extend(of_bank.iter().map(|line| item(ItemKind::BankOnly, Some(line), None)));
        found.items.extend(of_books.iter().map(|at| item(ItemKind::BooksOnly, None, Some(&books[*at]))));
    }
    found
}

/// Take a statement of a rail with what matching found.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TakeStatement {
    /// The rail.
    #[n(0)]
    pub rail: String,
    /// The statement's id on the rail.
    #[n(1)]
    pub statement: String,
    /// Its day.
    #[n(2)]
    pub day: Date,
    /// Hash of what it holds.
    #[n(3)]
    pub digest: ByteVec,
    /// Balance before its first line.
    #[n(4)]
    pub opening: Money,
    /// Balance after its last.
    #[n(5)]
    pub closing: Money,
    /// How many lines it has.
    #[n(6)]
    pub lines: u32,
    /// How many of them agree with the books.
    #[n(7)]
    pub matched: u32,
    /// What does not.
    #[n(8)]
    pub items: Vec<ItemFound>,
}

/// Close an item of the queue, by two: what it was, and which other it belongs with.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SettleItem {
    /// The item.
    #[n(0)]
    pub item: Id,
    /// Another open item that is the other half of it; both are closed.
    #[n(1)]
    pub with: Option<Id>,
    /// What it was, and by which act it was corrected.
    #[n(2)]
    pub reason: String,
}

/// A statement was taken.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct StatementTaken {
    /// As it was asked.
    #[n(0)]
    pub told: TakeStatement,
}

door::table! {
    /// A statement that was taken.
    pub struct RailStatement = "rail_statement" (Household, State, key 3) {
        /// The office.
        cell: Cell,
        /// The rail.
        rail: String,
        /// Its id on the rail.
        id: String,
        /// Its day.
        day: Date,
        /// Hash of what it holds.
        digest: Vec<u8>,
        /// How many lines.
        lines: i64,
        /// How many of them agreed with the books.
        matched: i64,
    }
}

door::table! {
    /// How far the statements of a rail were taken.
    pub struct RailAccount = "rail_account" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// The rail.
        rail: String,
        /// The day of the last statement.
        day: Date,
        /// Its id.
        last: String,
        /// What it closed with, in minor units.
        closing_minor: i64,
        /// The currency.
        currency: Currency,
    }
}

door::table! {
    /// A difference between statement and books, to be worked.
    pub struct ReconItem = "recon_item" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// Its id.
        id: Id,
        /// What does not agree.
        kind: ItemKind,
        /// How far it has come.
        state: ItemState,
        /// The rail.
        rail: String,
        /// The day of the statement.
        day: Date,
        /// The statement.
        statement: String,
        /// The rail's reference.
        reference: Option<String>,
        /// What the statement has, in minor units: in if positive, out if negative.
        bank_minor: i64,
        /// What the books have.
        books_minor: i64,
        /// The cell of the payment or credit; 0 where none is known.
        of_cell: i64,
        /// The payment or credit.
        of_id: Option<Id>,
        /// Words of the statement.
        words: String,
        /// The item it was closed with.
        closed_with: Option<Id>,
        /// Why it was closed.
        reason: Option<String>,
    }
    index "recon_item_by_state" ["cell", "state", "id"];
}

/// Two open items that may belong together, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The earlier one.
    pub item: Id,
    /// The other.
    pub with: Id,
    /// Whether both are of the same payment; otherwise only their amounts agree.
    pub same_payment: bool,
}

/// Which open items may belong together: halves of one payment first, then one of either side with the same amount within a week.
/// Each item is suggested once.
pub fn suggestions(items: &[ReconItem]) -> Vec<Suggestion> {
    let mut taken: HashSet<Id> = HashSet::new();
    let mut found = Vec::new();
    let lacks = |item: &ReconItem| item.books_minor - item.bank_minor;
    for same_payment in [true, false] {
        for (place, item) in items.iter().enumerate() {
            if taken.contains(&item.id) {
                continue;
            }
            let fits = |other: &&ReconItem| {
                let near = (item.day.days() - other.day.days()).abs() <= SUGGEST_DAYS_MAX;
                let same = item.of_id.is_some() && item.of_id == other.of_id;
                let meets = item.rail == other.rail && lacks(item) + lacks(other) == 0 && lacks(item) != 0;
                !taken.contains(&other.id) && meets && (same || (!same_payment && near))
            };
            if let Some(other) = items.iter().skip(place + 1).find(fits) {
                let (item, with) = if item.day <= other.day { (item.id, other.id) } else { (other.id, item.id) };
                taken.extend([item, with]);
                found.push(Suggestion { item, with, same_payment });
            }
        }
    }
    found
}

impl Tianxin {
    pub(crate) fn needs_take_statement(&self, command: &TakeStatement, needs: &mut Needs) {
        needs.rows::<RailStatement>(key![Cell::OFFICE, command.rail.clone(), command.statement.clone()]);
        needs.rows::<RailAccount>(key![Cell::OFFICE, command.rail.clone()]);
    }

    pub(crate) fn take_statement(&self, slice: &Overlay, command: &TakeStatement, _: &Context) -> Decided<Tianxin> {
        let TakeStatement { rail, statement, day, opening, closing, .. } = command;
        check_text("the rail", rail, 35)?;
        check_text("the statement's id", statement, 35)?;
        let currency = self.institution.currency;
        if opening.currency() != currency || closing.currency() != currency {
            let message = format!("the statement is in {}, the books here are in {currency}", closing.currency());
            return Err(Refusal::new("wrong_currency", message).into());
        }
        let place = key![Cell::OFFICE, rail.clone(), statement.clone()];
        if let Some(before) = slice.get::<RailStatement>(&place)? {
            let same = before.digest[..] == command.digest[..];
            let (code, message) = if same {
                ("statement_known", format!("statement {statement} of {day} was taken before: nothing is left to do"))
            } else {
                let message =
                    format!("another statement with the id {statement} was taken before: one of them was changed");
                ("statement_changed", message)
            };
            return Err(Refusal::new(code, message).into());
        }
        if let Some(last) = slice.get::<RailAccount>(&key![Cell::OFFICE, rail.clone()])? {
            if *day <= last.day {
                let message = format!("statements of {rail} are taken up to {}: one of {day} comes too late", last.day);
                return Err(Refusal::new("statement_late", message).into());
            }
            if opening.minor() != last.closing_minor {
                let closed = Money::new(last.closing_minor, currency);
                let message = format!(
                    "statement {} of {} closed with {closed}, this one opens with {opening}: one in between is missing",
                    last.last, last.day
                );
                return Err(Refusal::new("statement_gap", message).into());
            }
        }
        if command.items.len() > ITEMS_MAX {
            let message =
                format!("{} lines differ from the books: is this the account of {rail}?", command.items.len());
            return Err(Refusal::new("too_many_differences", message).into());
        }
        let fact = Fact::StatementTaken(StatementTaken { told: command.clone() });
        let outcome = Outcome::Reconciled { matched: command.matched, differing: command.items.len() as u32 };
        Ok(Change::new(outcome, vec![fact]))
    }

    pub(crate) fn needs_settle_item(&self, command: &SettleItem, needs: &mut Needs) {
        for item in [Some(command.item), command.with].into_iter().flatten() {
            needs.rows::<ReconItem>(key![Cell::OFFICE, item]);
        }
    }

    pub(crate) fn settle_item(&self, slice: &Overlay, command: &SettleItem) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 300)?;
        if command.with == Some(command.item) {
            return Err(Refusal::new("same_item", "an item does not belong together with itself").into());
        }
        for item in [Some(command.item), command.with].into_iter().flatten() {
            let unknown = || Refusal::new("unknown_item", "there is no such item of reconciliation: check its id");
            let row = slice.get::<ReconItem>(&key![Cell::OFFICE, item])?.ok_or_else(unknown)?;
            if row.state != ItemState::Open {
                return Err(Refusal::new("item_closed", "this item was closed before").into());
            }
        }
        let SettleItem { item, with, reason } = command.clone();
        Ok(Change::new(Outcome::Done, vec![Fact::ItemSettled { item, with, reason }]))
    }
}

/// Turns the facts of reconciliation into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::StatementTaken(StatementTaken { told }) => {
            let TakeStatement { rail, statement, day, closing, .. } = told.clone();
            let (lines, matched) = (i64::from(told.lines), i64::from(told.matched));
            let digest = told.digest.to_vec();
            books.put(&RailStatement { cell, rail: rail.clone(), id: statement.clone(), day, digest, lines, matched });
            let (closing_minor, currency) = (closing.minor(), closing.currency());
            books.put(&RailAccount { cell, rail: rail.clone(), day, last: statement.clone(), closing_minor, currency });
            for item in &told.items {
                books.put(&ReconItem {
                    cell,
                    id: item.id,
                    kind: item.kind,
                    state: ItemState::Open,
                    rail: rail.clone(),
                    day,
                    statement: statement.clone(),
                    reference: item.reference.clone(),
                    bank_minor: item.bank_minor,
                    books_minor: item.books_minor,
                    of_cell: item.of.map_or(0, |(cell, _)| i64::from(cell.0)),
                    of_id: item.of.map(|(_, id)| id),
                    words: item.words.clone(),
                    closed_with: None,
                    reason: None,
                });
            }
        }
        Fact::ItemSettled { item, with, reason } => {
            for (id, other) in [(Some(*item), *with), (*with, Some(*item))] {
                let Some(id) = id else { continue };
                let gone = || Fault::Broken(format!("there is no item {id} to close"));
                let row = books.get::<ReconItem>(&key![cell, id])?.ok_or_else(gone)?;
                let reason = Some(reason.clone());
                books.put(&ReconItem { state: ItemState::Closed, closed_with: other, reason, ..row });
            }
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of reconciliation"))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Id {
        Id::from_u128(n)
    }

    fn line(reference: &str, payment: Option<u128>, amount_minor: i64) -> BankLine {
        let payment = payment.map(|n| (Cell(1), id(n)));
        BankLine { reference: reference.into(), payment, amount_minor, words: String::new() }
    }

    fn booked(n: u128, reference: &str, amount_minor: i64) -> BooksLine {
        BooksLine { cell: Cell(1), id: id(n), reference: Some(reference.into()), amount_minor }
    }

    fn payment(n: u128, state: PaymentState) -> ((Cell, Id), Payment) {
        let day = Date::ymd(2026, 3, 2).unwrap();
        let row = Payment {
            cell: Cell(1),
            id: id(n),
            household: id(1),
            way: PaymentWay::Out,
            rail: "bank".into(),
            account: id(2),
            person: id(3),
            amount_minor: 100,
            currency: Currency::CNY,
            purpose: "x".into(),
            asked_on: day,
            last_day: day,
            state,
            told_minor: 0,
            told_on: None,
            reference: None,
            contradicted: false,
        };
        ((Cell(1), id(n)), row)
    }

    #[test]
    fn every_kind_of_difference_is_found() {
        let books = [
            booked(1, "A", -100),
            booked(2, "B", -200),
            booked(3, "C", -300),
            booked(4, "D", -400),
            booked(5, "E", 500),
            booked(6, "F", 600),
        ];
        let lines = [
            line("A", Some(1), -100),
            line("B", Some(2), -201),
            line("A2", Some(1), -100),
            line("lost id", None, -300),
            line("E", None, 500),
            line("G", Some(7), -700),
            line("H", Some(8), -800),
            line("I", None, 900),
            line("J", Some(9), 100),
        ];
        let known = HashMap::from([
            payment(7, PaymentState::Asked),
            payment(8, PaymentState::Refused),
            payment(9, PaymentState::Asked),
        ]);
        let found = match_lines(id(0), &lines, &books, &known);
        assert_eq!((found.matched, found.confirms), (3, vec![5]));
        let mut told: Vec<String> = found
            .items
            .iter()
            .map(|item| {
                let (kind, reference) = (item.kind.as_str(), item.reference.as_deref().unwrap_or("-"));
                format!("{kind} {reference} {} {}", item.bank_minor, item.books_minor)
            })
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                "amount B -201 -200",
                "bank_only H -800 0",
                "bank_only I 900 0",
                "bank_only J 100 0",
                "books_only D 0 -400",
                "books_only F 0 600",
                "twice A2 -100 0",
            ]
        );
    }

    #[test]
    fn two_that_could_be_meant_are_left_to_people() {
        let books = [booked(1, "A", -100), booked(2, "B", -100)];
        let found = match_lines(id(0), &[line("X", None, -100)], &books, &HashMap::new());
        assert_eq!((found.matched, found.items.len()), (0, 3));
        let ids: HashSet<Id> = found.items.iter().map(|item| item.id).collect();
        assert_eq!(ids.len(), 3, "each has an id of its own");
    }

    #[test]
    fn halves_are_suggested_once() {
        let day = |n| Date::ymd(2026, 3, n).unwrap();
        let item = |n: u128, on: Date, bank_minor: i64, books_minor: i64, of: Option<u128>| ReconItem {
            cell: Cell::OFFICE,
            id: id(n),
            kind: ItemKind::BankOnly,
            state: ItemState::Open,
            rail: "bank".into(),
            day: on,
            statement: "S".into(),
            reference: None,
            bank_minor,
            books_minor,
            of_cell: 1,
            of_id: of.map(id),
            words: String::new(),
            closed_with: None,
            reason: None,
        };
        let items = [
            item(1, day(2), 0, -100, Some(50)),
            item(2, day(3), -100, 0, None),
            item(3, day(20), -100, 0, Some(50)),
            item(4, day(4), 0, -100, None),
            item(5, day(5), 700, 0, None),
        ];
        let told = suggestions(&items);
        assert_eq!(
            told,
            [
                Suggestion { item: id(1), with: id(3), same_payment: true },
                Suggestion { item: id(2), with: id(4), same_payment: false },
            ]
        );
    }
}
