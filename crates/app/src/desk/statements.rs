//! Statements of a household: of its wallet and of each loan, over a period, with the balances before and after.

use basics::{Currency, Date, Id};
use loan::sheet::{AccountLine, account_sheet};

use super::{Account, Desk, DeskError, TRIES_MAX};
use crate::tables::EntryKind;

/// Postings read at once.
const PAGE: usize = 500;
/// Postings read for one statement at most, those after its last day included.
const READ_MAX: usize = 50_000;
/// Lines of one account at most.
const LINES_MAX: usize = 5_000;
/// Days of one statement at most: ten years.
const DAYS_MAX: i32 = 3_660;

/// What a statement is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementOf {
    /// The household's wallet alone.
    Wallet,
    /// One of its loans.
    Loan(Id),
    /// Its wallet, and every loan that was owed in the period.
    Household,
}

/// Which account of a household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnAccount {
    /// The wallet: what it holds.
    Wallet,
    /// A loan: what is owed of it. Its product's code.
    Loan(Id, String),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementWhat {
    /// An entry of the wallet.
    Entry(EntryKind),
    /// Something in a loan's life, in Chinese and English.
    Life(&'static str, &'static str),
}

/// A line of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// The day it stands in: the booking date of a wallet's entry, the value date in a loan's life.
    pub on: Date,
    /// What happened.
    pub what: StatementWhat,
    /// Words.
    pub memo: Option<String>,
    /// What it added, in minor units; less than nothing took away.
    pub change_minor: i64,
    /// The balance after it.
    pub balance_minor: i64,
}

/// An account over a period: `opening + Σ changes = closing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountStatement {
    /// Which account.
    pub of: OwnAccount,
    /// The currency.
    pub currency: Currency,
    /// The balance before the first day, in minor units.
    pub opening_minor: i64,
    /// The lines, in order.
    pub lines: Vec<StatementLine>,
    /// The balance at the end of the last day.
    pub closing_minor: i64,
}

impl Desk {
    /// Statements of a household from one day to another, both counted. Refuses days that are turned round, lie ahead or before 1990,
    /// or are too many, and an account with more lines than are shown at once.
    pub fn statements(
        &self,
        household: Id,
        of: StatementOf,
        (from, to): (Date, Date),
    ) -> Result<Vec<AccountStatement>, DeskError> {
        let today = self.open_date(self.cell_of(household))?;
        check_period(from, to, today)?;
        self.head(household)?;
        let mut all = Vec::new();
        if of != StatementOf::Household {
            all.push(match of {
                StatementOf::Loan(loan) => self.loan_statement(household, loan, (from, to))?.1,
                StatementOf::Wallet | StatementOf::Household => self.wallet_statement(household, (from, to))?,
            });
            return Ok(all);
        }
        all.push(self.wallet_statement(household, (from, to))?);
        let mut notes = self.loans(household)?;
        notes.sort_by_key(|note| (note.drawn_on, note.id));
        for note in notes.iter().filter(|note| note.drawn_on <= to) {
            let (owed, statement) = self.loan_statement(household, note.id, (from, to))?;
            if owed {
                all.push(statement);
            }
        }
        Ok(all)
    }

    fn wallet_statement(&self, household: Id, days: (Date, Date)) -> Result<AccountStatement, DeskError> {
        let currency = self.house().institution.currency;
        let mut balance_minor = self.wallet_minor(household, currency)?;
        for _ in 0..TRIES_MAX {
            let statement = self.wallet_statement_at(household, days, currency, balance_minor)?;
            // Money may have moved while the entries were read: then the balance is not the one they lead to.
            let now_minor = self.wallet_minor(household, currency)?;
            if now_minor == balance_minor {
                return Ok(statement);
            }
            balance_minor = now_minor;
        }
        Err(DeskError::refused("statement_moves", "the wallet is moving all the time: ask for a period that is over"))
    }

    fn wallet_statement_at(
        &self,
        household: Id,
        (from, to): (Date, Date),
        currency: Currency,
        mut balance_minor: i64,
    ) -> Result<AccountStatement, DeskError> {
        let mut found: Vec<Account> = Vec::new();
        let (mut after, mut read) = (None, 0);
        loop {
            let page = self.account(household, after, PAGE)?;
            read += page.len();
            if read > READ_MAX {
                return Err(too_long(format!("more than {READ_MAX} entries lie after {from}")));
            }
            let last = page.last().map(|line| (line.entry.0, line.entry.1, line.line));
            let done = page.len() < PAGE || page.last().is_some_and(|line| line.booking_date < from);
            found.extend(page.into_iter().filter(|line| line.currency == currency && line.booking_date >= from));
            after = last;
            if done {
                break;
            }
        }
        let newest_first = found.iter().filter(|line| line.booking_date > to).map(|line| line.amount_minor);
        balance_minor -= newest_first.fold(0, i64::saturating_add);
        let closing_minor = balance_minor;
        let mut lines = Vec::new();
        for line in found.into_iter().filter(|line| line.booking_date <= to) {
            lines.push(StatementLine {
                on: line.booking_date,
                what: StatementWhat::Entry(line.kind),
                memo: line.memo,
                change_minor: line.amount_minor,
                balance_minor,
            });
            balance_minor -= line.amount_minor;
        }
        lines.reverse();
        check_lines(lines.len())?;
        Ok(AccountStatement { of: OwnAccount::Wallet, currency, opening_minor: balance_minor, lines, closing_minor })
    }

    fn wallet_minor(&self, household: Id, currency: Currency) -> Result<i64, DeskError> {
        let view = self.household(household)?;
        Ok(view.wallets.iter().find(|wallet| wallet.currency == currency).map_or(0, |wallet| wallet.balance_minor))
    }

    /// The statement, and whether anything was owed in the period.
    fn loan_statement(
        &self,
        household: Id,
        id: Id,
        (from, to): (Date, Date),
    ) -> Result<(bool, AccountStatement), DeskError> {
        let (note, terms, life) = self.loan(household, id)?;
        let sheet = account_sheet(&terms, &life, to)?;
        let mut opening_minor = 0;
        let mut lines = Vec::new();
        for line in &sheet.lines {
            let balance_minor = line.balance_fen()?;
            if line.date < from {
                opening_minor = balance_minor;
                continue;
            }
            let (zh, en) = words(line);
            lines.push(StatementLine {
                on: line.date,
                what: StatementWhat::Life(zh, en),
                memo: None,
                change_minor: line.debit_fen - line.credit_fen,
                balance_minor,
            });
        }
        check_lines(lines.len())?;
        let closing_minor = lines.last().map_or(opening_minor, |line| line.balance_minor);
        let moved = lines.iter().map(|line| line.change_minor).fold(0, i64::saturating_add);
        if opening_minor.saturating_add(moved) != closing_minor {
            return Err(DeskError::Damaged(format!("the account sheet of loan {id} does not add up")));
        }
        let of = OwnAccount::Loan(id, note.product.clone());
        let owed = opening_minor != 0 || !lines.is_empty();
        Ok((owed, AccountStatement { of, currency: note.currency, opening_minor, lines, closing_minor }))
    }
}

fn words(line: &AccountLine) -> (&'static str, &'static str) {
    (line.kind.name_zh(), line.kind.name_en())
}

fn too_long(message: String) -> DeskError {
    DeskError::refused("statement_too_long", format!("{message}: shorten the period"))
}

fn check_lines(lines: usize) -> Result<(), DeskError> {
    if lines > LINES_MAX { Err(too_long(format!("the account has {lines} lines in it"))) } else { Ok(()) }
}

fn check_period(from: Date, to: Date, today: Date) -> Result<(), DeskError> {
    let refused = |message: String| DeskError::refused("bad_period", message);
    if from > to {
        return Err(refused(format!("{from} is after {to}: the first day comes first")));
    }
    if to > today {
        return Err(refused(format!("{to} lies after the open day {today}: nothing is known of it yet")));
    }
    if from.year() < 1990 {
        return Err(refused(format!("{from} lies before 1990: check it")));
    }
    if to.days() - from.days() > DAYS_MAX {
        return Err(refused(format!("from {from} to {to} are more than ten years: shorten the period")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_some_days_that_were() {
        let day = |y, m, d| Date::ymd(y, m, d).unwrap();
        let today = day(2026, 3, 2);
        assert!(check_period(today, today, today).is_ok());
        assert!(check_period(day(2016, 3, 2), today, today).is_ok());
        for (from, to, words) in [
            (today, day(2026, 3, 1), "the first day comes first"),
            (today, day(2026, 3, 3), "lies after the open day"),
            (day(1989, 12, 31), day(1990, 1, 5), "before 1990"),
            (day(2016, 2, 1), today, "more than ten years"),
        ] {
            let error = check_period(from, to, today).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
