//! The account sheet 分户账: date by date what happened, debit, credit, and what is then owed by component.

use std::fmt;

use basics::money::format_minor;
use basics::{Date, Id};

use super::{Stop, walk};
use crate::{Happening, LifeEvent, LoanError, LoanState, LoanTerms, Parts};

/// What a line of the account sheet is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Something fell due; credit balance that was waiting may have paid of it.
    Due,
    /// Penalty and compound interest ran up.
    RunUp,
    /// An event of the loan's life.
    Event(Box<Happening>),
}

impl LineKind {
    /// In English, short.
    pub fn name_en(&self) -> &'static str {
        match self {
            LineKind::Due => "due",
            LineKind::RunUp => "penalty run up",
            LineKind::Event(what) => what.name_en(),
        }
    }

    /// In Chinese, short.
    pub fn name_zh(&self) -> &'static str {
        match self {
            LineKind::Due => "到期",
            LineKind::RunUp => "罚息计提",
            LineKind::Event(what) => what.name_zh(),
        }
    }
}

/// One line of the account sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLine {
    /// Value date.
    pub date: Date,
    /// What happened.
    pub kind: LineKind,
    /// The event, if it was one.
    pub event: Option<Id>,
    /// What made the debt larger, minor units: paid out, fallen due beside principal, run up, refunded.
    pub debit_fen: i64,
    /// What made it smaller, minor units: received, let off, given up.
    pub credit_fen: i64,
    /// Owed after it, by component: all principal outstanding; of the others what is due.
    pub owed: Parts,
    /// Credit balance after it, minor units.
    pub ahead_fen: i64,
}

impl AccountLine {
    /// The balance after the line: what is owed less what is paid ahead. Errors on overflow.
    pub fn balance_fen(&self) -> Result<i64, LoanError> {
        self.owed.total_fen()?.checked_sub(self.ahead_fen).ok_or(LoanError::Overflow("the balance of a loan"))
    }
}

/// A loan's own account sheet. Its text form is a table.
///
/// `Σ debit − Σ credit` is the balance of the last line, and that is the state of the loan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSheet {
    /// The lines, by date.
    pub lines: Vec<AccountLine>,
    /// The state that they add up to.
    pub state: LoanState,
}

/// The account sheet of a loan up to the end of `as_of`.
///
/// ```
/// use basics::{Currency, Date, Money};
/// use loan::{Happening, LifeEvent, Term, product, sheet};
/// let product = product::shipped("season-bullet")?;
/// let start = Date::ymd(2026, 3, 1)?;
/// let amount = Money::parse("30000", Currency::CNY)?;
/// let terms = product.terms(amount, Term::Months(6), start, product.price(None)?)?;
/// let life = [LifeEvent::new(1, start, Happening::Disbursed { amount_fen: 3_000_000 })];
/// let sheet = sheet::account_sheet(&terms, &life, Date::ymd(2026, 9, 1)?)?;
/// assert_eq!(sheet.lines.len(), 2);
/// assert_eq!(sheet.lines[1].debit_fen, 92_000); // the interest that fell due
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn account_sheet(terms: &LoanTerms, events: &[LifeEvent], as_of: Date) -> Result<AccountSheet, LoanError> {
    let mut lines = Vec::new();
    let state = walk(terms, events, as_of, |stretch| {
        let (kind, event) = match stretch.stop {
            Stop::Day => (LineKind::Due, None),
            Stop::Until => (LineKind::RunUp, None),
            Stop::Event(event) => (LineKind::Event(Box::new(event.what.clone())), Some(event.id)),
        };
        let (debit_fen, credit_fen) = sides(stretch.before, stretch.after)?;
        let owed = owed(stretch.after)?;
        let moved = debit_fen != 0 || credit_fen != 0 || owed != self::owed(stretch.before)?;
        if moved || event.is_some() {
            let (date, ahead_fen) = (stretch.after.as_of, stretch.after.credit_fen);
            lines.push(AccountLine { date, kind, event, debit_fen, credit_fen, owed, ahead_fen });
        }
        Ok(())
    })?;
    Ok(AccountSheet { lines, state })
}

/// What is owed by component: all principal, and what is due of the others.
fn owed(state: &LoanState) -> Result<Parts, LoanError> {
    Ok(Parts { principal_fen: state.principal_fen, ..state.overdue_parts()? })
}

/// What a stretch adds on either side.
fn sides(before: &LoanState, after: &LoanState) -> Result<(i64, i64), LoanError> {
    let too_large = || LoanError::Overflow("a line of the account sheet");
    let asked = |state: &LoanState| Parts { principal_fen: 0, ..state.totals.billed }.total_fen();
    let (mut debit, mut credit) = (0i128, 0i128);
    let mut put = |change: i128| if change >= 0 { debit += change } else { credit -= change };
    let (old, new) = (&before.totals, &after.totals);
    let change = |a: i64, b: i64| i128::from(b) - i128::from(a);
    let mut known = 0i128;
    for moved in [
        change(old.disbursed_fen, new.disbursed_fen),
        change(old.refunded_fen, new.refunded_fen),
        change(asked(before)?, asked(after)?),
        -change(old.received_fen, new.received_fen),
        -change(old.waived.total_fen()?, new.waived.total_fen()?),
    ] {
        known += moved;
        put(moved);
    }
    // Whatever else moved the debt, such as what is given up or owed again, stands on its side too.
    let balance =
        |state: &LoanState| Ok::<_, LoanError>(i128::from(owed(state)?.total_fen()?) - i128::from(state.credit_fen));
    put(balance(after)? - balance(before)? - known);
    let whole = |sum: i128| i64::try_from(sum).map_err(|_| too_large());
    Ok((whole(debit)?, whole(credit)?))
}

impl fmt::Display for AccountSheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "date        what                  debit     credit  principal  interest     fees  penalty compound    ahead"
        )?;
        for line in &self.lines {
            writeln!(
                f,
                "{}  {:<16} {:>10} {:>10} {:>10} {:>9} {:>8} {:>8} {:>8} {:>8}",
                line.date,
                line.kind.name_en(),
                format_minor(line.debit_fen),
                format_minor(line.credit_fen),
                format_minor(line.owed.principal_fen),
                format_minor(line.owed.interest_fen),
                format_minor(line.owed.fee_fen),
                format_minor(line.owed.penalty_fen),
                format_minor(line.owed.compound_fen),
                format_minor(line.ahead_fen)
            )?;
        }
        Ok(())
    }
}
