//! Entries: two or more lines that sum to zero in one currency.

use basics::{Currency, Date, Id};
use minicbor::{Decode, Encode};

use crate::SubjectCode;

/// The account beside the subject that a line belongs to: a wallet, a loan.
///
/// `book` says which kind; the numbers belong to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct SubAccount {
    /// Which kind of account.
    #[n(0)]
    pub book: u16,
    /// Whose it is.
    #[n(1)]
    pub owner: Id,
    /// Which one of the owner's.
    #[n(2)]
    pub id: Id,
}

/// One line of an entry (分录).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Line {
    /// The subject.
    #[n(0)]
    pub subject: SubjectCode,
    /// The account beside it, if the subject has such.
    #[n(1)]
    pub sub: Option<SubAccount>,
    /// Minor units; debit positive, credit negative, never zero.
    #[n(2)]
    pub amount_minor: i64,
}

impl Line {
    /// A debit (借).
    pub fn debit(subject: SubjectCode, sub: Option<SubAccount>, amount_minor: i64) -> Line {
        Line { subject, sub, amount_minor }
    }

    /// A credit (贷).
    pub fn credit(subject: SubjectCode, sub: Option<SubAccount>, amount_minor: i64) -> Line {
        Line { subject, sub, amount_minor: amount_minor.saturating_neg() }
    }
}

/// What does not balance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Fewer than two lines, or more than a thousand.
    #[error("an entry has 2 to 1,000 lines, not {0}")]
    LineCount(usize),
    /// A line moves nothing.
    #[error("line {0} of the entry moves nothing: leave it out")]
    ZeroLine(usize),
    /// Debits and credits differ.
    #[error("the entry does not balance: debits exceed credits by {0} minor units")]
    Unbalanced(i128),
}

/// An entry (会计分录): immutable; a correction is its reversal.
///
/// ```
/// use basics::{Currency, Date};
/// use ledger::{Entry, Line, SubjectCode};
/// let on = Date::ymd(2026, 3, 5).unwrap();
/// let lines = vec![Line::debit(SubjectCode(1002), None, 500), Line::credit(SubjectCode(4001), None, 500)];
/// let entry = Entry::new(on, Currency::CNY, lines)?;
/// assert_eq!(entry.reversal().lines()[0].amount_minor, -500);
/// # Ok::<(), ledger::LedgerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    #[n(0)]
    value_date: Date,
    #[n(1)]
    currency: Currency,
    #[n(2)]
    lines: Vec<Line>,
}

impl Entry {
    /// An entry that takes effect on `value_date`. Errors unless its lines sum to zero.
    pub fn new(value_date: Date, currency: Currency, lines: Vec<Line>) -> Result<Entry, LedgerError> {
        let entry = Entry { value_date, currency, lines };
        entry.check()?;
        Ok(entry)
    }

    /// Checks the lines again: stored entries are checked when they are applied.
    pub fn check(&self) -> Result<(), LedgerError> {
        if !(2..=1_000).contains(&self.lines.len()) {
            return Err(LedgerError::LineCount(self.lines.len()));
        }
        if let Some(place) = self.lines.iter().position(|line| line.amount_minor == 0 || line.amount_minor == i64::MIN)
        {
            return Err(LedgerError::ZeroLine(place + 1));
        }
        match self.lines.iter().map(|line| i128::from(line.amount_minor)).sum() {
            0 => Ok(()),
            difference => Err(LedgerError::Unbalanced(difference)),
        }
    }

    /// The entry that undoes this one, with the same value date.
    #[must_use]
    pub fn reversal(&self) -> Entry {
        let negated = |line: &Line| Line { amount_minor: -line.amount_minor, ..*line };
        Entry { lines: self.lines.iter().map(negated).collect(), ..self.clone() }
    }

    /// When it takes effect for interest.
    pub fn value_date(&self) -> Date {
        self.value_date
    }

    /// Its currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Its lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(amounts: &[i64]) -> Result<Entry, LedgerError> {
        let line = |amount: &i64| Line { subject: SubjectCode(1), sub: None, amount_minor: *amount };
        Entry::new(Date::default(), Currency::CNY, amounts.iter().map(line).collect())
    }

    #[test]
    fn what_does_not_balance_is_refused() {
        assert_eq!(entry(&[5]), Err(LedgerError::LineCount(1)));
        assert_eq!(entry(&[5, -4]), Err(LedgerError::Unbalanced(1)));
        assert_eq!(entry(&[5, 0, -5]), Err(LedgerError::ZeroLine(2)));
        assert_eq!(entry(&[i64::MAX, i64::MAX, -4]), Err(LedgerError::Unbalanced(i128::from(i64::MAX) * 2 - 4)));
        assert!(entry(&[5, -2, -3]).is_ok());
    }

    proptest! {
        #[test]
        fn an_entry_and_its_reversal_are_nothing(amounts in prop::collection::vec(1i64..1_000_000, 1..20)) {
            let total: i64 = amounts.iter().sum();
            let mut all = amounts;
            all.push(-total);
            let entry = entry(&all).unwrap();
            let back = entry.reversal();
            prop_assert!(back.check().is_ok());
            prop_assert!(entry.lines().iter().zip(back.lines()).all(|(a, b)| a.amount_minor + b.amount_minor == 0));
            prop_assert_eq!(back.reversal(), entry);
        }
    }
}
