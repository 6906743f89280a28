//! Payment rails behind one port: an order leaves under its own id, and what became of it is asked for by that id.
//!
//! A rail answers late, twice, or not at all. What it promises is idempotence: an order is known by its id, so that sending it
//! again changes nothing. No answer is therefore never a refusal; only [`Standing::Refused`] is.

use std::fmt;

use basics::{Cell, Date, Id, Money};

/// Characters that an id may have at most: what ISO 20022 calls `Max35Text`.
pub const ID_CHARS_MAX: usize = 35;
/// Characters of a purpose at most: `Max140Text`.
pub const WORDS_CHARS_MAX: usize = 140;

/// The id of an order, the same on every rail and in every statement.
///
/// ```
/// use basics::{Cell, Id};
/// let id = rails::OrderId::of(Cell(12), Id::from_u128(7));
/// assert_eq!(id.as_str(), "0000000000000000000000000000000700c");
/// assert_eq!(id.payment(), Some((Cell(12), Id::from_u128(7))));
/// assert_eq!(rails::OrderId::parse("INV 7").and_then(|id| id.payment()), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(String);

impl OrderId {
    /// The id of a payment of this platform: 32 digits of its id, and its cell.
    pub fn of(cell: Cell, payment: Id) -> OrderId {
        let digit = |value: u16| char::from_digit(u32::from(value % 36), 36).unwrap_or('0');
        let cell: String = [cell.0 / 1296, cell.0 / 36, cell.0].map(digit).iter().collect();
        OrderId(payment.to_string().replace('-', "") + &cell)
    }

    /// An id as it stands in a message: 1 to 35 printable characters of ASCII. None for anything else.
    pub fn parse(text: &str) -> Option<OrderId> {
        let fits = (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b));
        (fits && text.trim() == text).then(|| OrderId(text.to_owned()))
    }

    /// Cell and id of the payment it names; none for an id that this platform did not make.
    pub fn payment(&self) -> Option<(Cell, Id)> {
        let (id, cell) = self.0.split_at_checked(32)?;
        let bits = u128::from_str_radix(id, 16).ok()?;
        let cell = u16::from_str_radix(cell, 36).ok()?;
        let found = (Cell(cell), Id::from_u128(bits));
        (OrderId::of(found.0, found.1) == *self).then_some(found)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose account it is, elsewhere. Debug output hides it: it must not get into logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// Name of the holder.
    pub name: String,
    /// Number of the account, at most 34 characters.
    pub account: String,
    /// Clearing number of the bank (行号), at most 35 characters.
    pub bank: String,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Party(…)")
    }
}

/// Which way money is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the institution's account to the party's.
    PayOut,
    /// From the party's account to the institution's, under an agreement the party has signed.
    Collect,
}

/// What a rail is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentOrder {
    /// Its id. Sent again, it is the same order.
    pub id: OrderId,
    /// Which way.
    pub way: Way,
    /// How much; more than nothing.
    pub amount: Money,
    /// The other side.
    pub party: Party,
    /// What for, 1 to 140 characters.
    pub purpose: String,
    /// The day it is to be done.
    pub on: Date,
    /// The last day on which the rail may take it: an order that arrives later is refused, so that one which was lost for good is
    /// known to be.
    pub last_day: Date,
}

/// What has become of an order, as the rail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The rail has never seen it.
    Unknown,
    /// It has it and is not done.
    Pending,
    /// Done, for good.
    Settled(Settled),
    /// Not done, for good.
    Refused {
        /// The rail's code, such as `AC04` for a closed account.
        code: String,
        /// Its words.
        reason: String,
    },
}

/// How an order was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What was moved, which should be what was asked.
    pub amount: Money,
    /// The day it stands in the rail's books.
    pub on: Date,
    /// The rail's own reference.
    pub reference: String,
}

/// Money that came in without an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The rail's own reference, unique on the rail.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// The day it stands in the rail's books.
    pub on: Date,
    /// What the payer wrote.
    pub words: String,
}

/// What a rail tells without being asked: twice, late, in any order, or never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// Its name on the rail: a number or a file.
    pub name: String,
    /// What became of orders.
    pub orders: Vec<(OrderId, Standing)>,
    /// Money that came in.
    pub credits: Vec<Credit>,
}

/// Which way money went, seen from the institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// To the institution.
    In,
    /// From it.
    Out,
}

/// A line of a rail's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The rail's own reference, unique on the rail.
    pub reference: String,
    /// The order it belongs to, if it names one.
    pub order: Option<OrderId>,
    /// How much; more than nothing.
    pub amount: Money,
    /// Which way.
    pub flow: Flow,
    /// Words of the rail or the payer.
    pub words: String,
}

/// What a rail says of the institution's account on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its id on the rail: a statement that comes again has the same.
    pub id: String,
    /// The account.
    pub account: String,
    /// The day.
    pub day: Date,
    /// Balance before the first line, in minor units of `closing`'s currency.
    pub opening: Money,
    /// Balance after the last line.
    pub closing: Money,
    /// What moved, in the rail's order.
    pub lines: Vec<StatementLine>,
}

/// What is wrong with a statement in itself: it is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Opening, lines and closing do not agree: a part is missing or was changed.
    #[error(
        "statement {id} does not add up: {opening} and its {lines} lines make {made}, it closes with {closing}: it is cut short or \
         was changed, ask the bank for it again"
    )]
    Sum {
        /// The statement.
        id: String,
        /// Its opening balance.
        opening: String,
        /// How many lines it has.
        lines: usize,
        /// What they make.
        made: String,
        /// What it says.
        closing: String,
    },
    /// A line stands in it twice.
    #[error("statement {id} has the reference {reference} twice: ask the bank for it again")]
    Twice {
        /// The statement.
        id: String,
        /// The line's reference.
        reference: String,
    },
    /// A line is in another currency than the account.
    #[error("line {reference} of statement {id} is in {found}, the account in {currency}")]
    Currency {
        /// The statement.
        id: String,
        /// The line's reference.
        reference: String,
        /// The line's currency.
        found: String,
        /// The account's.
        currency: String,
    },
}

impl Statement {
    /// Checks that the lines lead from the opening to the closing balance, each once and in one currency.
    pub fn check(&self) -> Result<(), StatementError> {
        let id = || self.id.clone();
        let currency = self.closing.currency();
        let mut made = i128::from(self.opening.minor());
        let mut seen = std::collections::HashSet::new();
        for line in &self.lines {
            let reference = line.reference.clone();
            if !seen.insert(line.reference.as_str()) {
                return Err(StatementError::Twice { id: id(), reference });
            }
            if line.amount.currency() != currency {
                let found = line.amount.currency().to_string();
                return Err(StatementError::Currency { id: id(), reference, found, currency: currency.to_string() });
            }
            let amount = i128::from(line.amount.minor());
            made += if line.flow == Flow::In { amount } else { -amount };
        }
        if made == i128::from(self.closing.minor()) && self.opening.currency() == currency {
            return Ok(());
        }
        let shown = |minor: i128| i64::try_from(minor).map_or_else(|_| minor.to_string(), basics::money::format_minor);
        Err(StatementError::Sum {
            id: id(),
            opening: shown(i128::from(self.opening.minor())),
            lines: self.lines.len(),
            made: shown(made),
            closing: shown(i128::from(self.closing.minor())),
        })
    }
}

/// Why a rail gave no answer. None of these says anything about an order: it is asked for again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RailError {
    /// It could not be reached, or did not answer in time.
    #[error("the rail gave no answer, it is asked again: {0}")]
    NoAnswer(String),
    /// What it sent cannot be understood.
    #[error("what the rail sent cannot be read: {0}")]
    Garbled(String),
    /// What came is not proven to be the rail's, or the rail does not take ours for ours.
    #[error("the signature fails: {0}")]
    NotGenuine(String),
    /// The rail does not do this.
    #[error("this rail does not do that: {0}")]
    NotOffered(String),
}

/// A rail: bank transfer, e-CNY, mobile payment. Called outside of commands; may block, and may be called from several threads.
pub trait PaymentRail: Send + Sync {
    /// Its name, as in the books.
    fn name(&self) -> &str;

    /// Hands an order over. Handed over twice, it is one order.
    fn submit(&self, order: &PaymentOrder) -> Result<Standing, RailError>;

    /// What has become of an order.
    fn query(&self, id: &OrderId) -> Result<Standing, RailError>;

    /// What it tells by itself and was not yet handled.
    fn notices(&self) -> Result<Vec<Notice>, RailError>;

    /// That a notice was handled: it need not be told again.
    fn handled(&self, notice: &Notice) -> Result<(), RailError>;

    /// The statement of a day.
    fn statement(&self, day: Date) -> Result<Statement, RailError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use basics::Currency;
    use proptest::prelude::*;

    fn yuan(minor: i64) -> Money {
        Money::new(minor, Currency::CNY)
    }

    fn statement(lines: &[(&str, Flow, i64)], opening: i64, closing: i64) -> Statement {
        let line = |(reference, flow, minor): &(&str, Flow, i64)| StatementLine {
            reference: (*reference).to_owned(),
            order: None,
            amount: yuan(*minor),
            flow: *flow,
            words: String::new(),
        };
        Statement {
            id: "S1".to_owned(),
            account: "1".to_owned(),
            day: Date::ymd(2026, 3, 2).unwrap(),
            opening: yuan(opening),
            closing: yuan(closing),
            lines: lines.iter().map(line).collect(),
        }
    }

    #[test]
    fn a_statement_that_does_not_add_up_is_named() {
        let lines = [("a", Flow::In, 500), ("b", Flow::Out, 200)];
        assert_eq!(statement(&lines, 100, 400).check(), Ok(()));
        let cut = statement(&lines[..1], 100, 400).check().unwrap_err().to_string();
        assert_eq!(
            cut,
            "statement S1 does not add up: 1.00 and its 1 lines make 6.00, it closes with 4.00: it is cut short or was changed, \
             ask the bank for it again"
        );
        let twice = [lines[0], lines[0]];
        let said = statement(&twice, 0, 1000).check().unwrap_err().to_string();
        assert_eq!(said, "statement S1 has the reference a twice: ask the bank for it again");
    }

    #[test]
    fn whose_account_it_is_stays_out_of_logs() {
        let party = Party { name: "张三".into(), account: "6222".into(), bank: "102".into() };
        assert_eq!(format!("{party:?}"), "Party(…)");
    }

    proptest! {
        #[test]
        fn ids_survive_the_trip_and_fit(cell in 0u16..=4096, bits: u128) {
            let id = OrderId::of(Cell(cell), Id::from_u128(bits));
            prop_assert_eq!(id.as_str().len(), ID_CHARS_MAX);
            prop_assert_eq!(OrderId::parse(id.as_str()), Some(id.clone()));
            prop_assert_eq!(id.payment(), Some((Cell(cell), Id::from_u128(bits))));
        }

        #[test]
        fn any_text_is_answered(text in ".{0,60}") {
            let _ = OrderId::parse(&text).map(|id| id.payment());
        }
    }
}
