//! What the audit proves of loans beside each row: notes and ledger hold the same, groups are the sum of their loans.
//!
//! Of every cell: each component that is due and unpaid, the money ahead of its time, and the accrued interest add up over
//! the notes to the ledger's balances; every group's `ledger × denominator + remainder` is the sum over its loans, and its postings add
//! up to what it keeps; every note holds what the fold of its events gives.

use std::collections::BTreeMap;

use basics::{Cell, Date, cbor};
use door::app::CrossSums;
use door::overlay::{Fault, Overlay};
use door::{Record, Value, key};
use loan::{Component, LoanTerms};

use crate::holding::{Holding, broken, group_account, group_of, group_row_key};
use crate::house::Tianxin;
use crate::line::CreditLine;
use crate::loan_books::loan_events;
use crate::posting::Role;
use crate::sums::SumsOf;
use crate::tables::{AccrualGroup, CellDay, Contract, GlBalance, LoanNote, LoanState, Portfolio};

/// The name of a group's postings among the audit's sums.
pub(crate) fn group_sum(cell: Cell, account: basics::Id) -> String {
    format!("group {} {account}", cell.0)
}

/// What the notes of a cell add up to.
#[derive(Default)]
struct Added {
    roles: BTreeMap<Role, i128>,
    /// Numerator as of the cell's day, and rate, by group.
    groups: BTreeMap<Vec<Value>, (i128, i128)>,
    /// Loans, principal and what is receivable beside it, by product, stage, class and currency.
    portfolio: BTreeMap<Vec<Value>, (i64, i128, i128)>,
}

impl Tianxin {
    /// Findings of one cell, in words.
    pub(crate) fn check_loans(&self, cell: Cell, books: &Overlay, sums: &CrossSums) -> Result<Vec<String>, Fault> {
        let mut findings = Vec::new();
        let day = open_day(books)?;
        let mut added = Added::default();
        for (_, row) in books.all_rows(LoanNote::table()) {
            let note = LoanNote::from_row(row)?;
            let holding = Holding::of(&note)?;
            let of = SumsOf { product: &note.product, currency: note.currency };
            let counted = holding.disbursed_fen > 0 && note.status == LoanState::Open;
            let principal = counted.then_some(note.outstanding_minor);
            // A loan that was taken over is folded as of the old book's last day, and its groups stand at the day after.
            let no_day_closed = note.folded_on.max(note.drawn_on);
            add(&mut added, cell, of, &holding, principal, day.unwrap_or(no_day_closed))?;
            findings.extend(self.check_note(cell, books, &note, &holding)?);
        }
        for (_, row) in books.all_rows(CreditLine::table()) {
            let line = CreditLine::from_row(row)?;
            let of = SumsOf { product: &line.product, currency: line.currency };
            let principal = Some(line.on_balance_minor()?).filter(|principal_minor| *principal_minor != 0);
            add(&mut added, cell, of, &Holding::of_line(&line)?, principal, day.unwrap_or(line.booked_to))?;
        }
        for (_, row) in books.all_rows(AccrualGroup::table()) {
            let (key, sum) = group_of(&AccrualGroup::from_row(row)?)?;
            let name = format!("the group {} {} of stage {}", key.product, key.currency, key.stage.code());
            let kept = sum.exact(key.denominator).map_err(broken)?;
            let (exact, rate) = added.groups.remove(&group_row_key(cell, &key)).unwrap_or_default();
            if (kept, sum.rate) != (exact, rate) {
                let kept = format!("{kept} growing by {}", sum.rate);
                findings.push(format!("{cell:?}: {name} keeps {kept}, its loans hold {exact} growing by {rate}"));
            }
            let posted = sums.get(&group_sum(cell, group_account(&key).id));
            if posted != i128::from(sum.ledger_fen) {
                findings.push(format!("{cell:?}: {name} keeps {}, its postings add up to {posted}", sum.ledger_fen));
            }
            let role = if key.stage.is_accruing() { Role::InterestAccrued } else { Role::OffAccrued };
            *added.roles.entry(role).or_default() += i128::from(sum.ledger_fen);
        }
        if let Some((key, held)) = added.groups.iter().find(|(_, held)| **held != (0, 0)) {
            findings.push(format!(
                "{cell:?}: loans hold {held:?} of accrued interest in a group that is not kept: {key:?}"
            ));
        }
        for (_, row) in books.all_rows(Portfolio::table()) {
            let row = Portfolio::from_row(row)?;
            let key = key![row.product.clone(), row.stage, row.class, row.currency];
            let notes = added.portfolio.remove(&key).unwrap_or_default();
            let kept = (row.loans, i128::from(row.principal_minor), i128::from(row.receivable_minor));
            if notes != kept {
                let told = |(loans, principal, receivable)| format!("{loans} loans with {principal} and {receivable}");
                let (kept, notes) = (told(kept), told(notes));
                findings.push(format!("{cell:?}: the portfolio keeps {kept}, the notes give {notes}"));
            }
        }
        if let Some((key, (loans, ..))) = added.portfolio.first_key_value() {
            findings.push(format!("{cell:?}: the portfolio lacks {loans} loans of {key:?}"));
        }
        self.check_roles(cell, books, &added, &mut findings)?;
        Ok(findings)
    }

    /// A note holds what its events give, as of the day it was last touched.
    fn check_note(
        &self,
        cell: Cell,
        books: &Overlay,
        note: &LoanNote,
        holding: &Holding,
    ) -> Result<Option<String>, Fault> {
        if holding.disbursed_fen == 0 {
            return Ok(None);
        }
        let contract = books
            .get::<Contract>(&key![cell, note.household, note.contract])?
            .ok_or_else(|| Fault::Broken(format!("loan {} has no contract", note.id)))?;
        let terms: LoanTerms = cbor::from_bytes(&contract.terms)?;
        let events = loan_events(books, cell, note.household, note.id)?;
        let (_, stands) = self.stands(&terms, &events, note.folded_on).map_err(broken)?;
        let same = stands.holding == *holding
            && stands.outstanding_minor == note.outstanding_minor
            && stands.closed_on == note.closed_on
            && stands.agenda_on == note.agenda_on;
        let what = || format!("{cell:?}: loan {} does not hold what its events give as of {}", note.id, note.folded_on);
        Ok((!same).then(what))
    }

    fn check_roles(&self, cell: Cell, books: &Overlay, added: &Added, findings: &mut Vec<String>) -> Result<(), Fault> {
        let checked = [
            Role::InterestReceivable,
            Role::PenaltyReceivable,
            Role::FeeReceivable,
            Role::LoanCredit,
            Role::InterestAccrued,
            Role::OffAccrued,
            Role::OffInterest,
            Role::OffPenalty,
        ];
        for role in checked {
            let subject = self.subjects.roles.code(role);
            let mut balance = 0;
            for (_, row) in books.all_rows(GlBalance::table()) {
                let row = GlBalance::from_row(row)?;
                if row.subject == i64::from(subject.0) {
                    balance += i128::from(row.balance_minor);
                }
            }
            let held = added.roles.get(&role).copied().unwrap_or(0);
            if balance != held {
                let name = role.as_str();
                findings.push(format!("{cell:?}: loans hold {held} of {name}, the ledger has {balance}"));
            }
        }
        Ok(())
    }
}

/// The day up to which the cell's groups have accrued, itself not counted: the day after the last that was closed.
/// `None` where no day was closed: then no touch is older than the open day.
fn open_day(books: &Overlay) -> Result<Option<Date>, Fault> {
    let mut last = None;
    for (_, row) in books.all_rows(CellDay::table()) {
        let row = CellDay::from_row(row)?;
        if row.closed_seq > 0 {
            last = last.max(Some(row.day.add_days(1)));
        }
    }
    Ok(last)
}

/// Adds what a loan or a line holds; `principal_minor` where the portfolio counts it.
fn add(
    added: &mut Added,
    cell: Cell,
    SumsOf { product, currency }: SumsOf<'_>,
    holding: &Holding,
    principal_minor: Option<i64>,
    day: Date,
) -> Result<(), Fault> {
    let accruing = holding.stage.is_accruing();
    let unpaid = |component| holding.unpaid_fen(component);
    let penalty = unpaid(Component::Penalty) + unpaid(Component::Compound);
    let (interest_role, penalty_role) = if accruing {
        (Role::InterestReceivable, Role::PenaltyReceivable)
    } else {
        (Role::OffInterest, Role::OffPenalty)
    };
    for (role, amount) in [
        (interest_role, unpaid(Component::Interest)),
        (penalty_role, penalty),
        (Role::FeeReceivable, unpaid(Component::Fee)),
        (Role::LoanCredit, -i128::from(holding.credit_fen)),
    ] {
        *added.roles.entry(role).or_default() += amount;
    }
    if let (Some(key), Some(accrual)) = (holding.group(product, currency), &holding.accrual) {
        let sum = added.groups.entry(group_row_key(cell, &key)).or_default();
        sum.0 += accrual.at(day).map_err(broken)?;
        sum.1 += accrual.rate;
    }
    if let Some(principal_minor) = principal_minor {
        let (stage, class) = (holding.stage.code(), i64::from(holding.class.0));
        let sum = added.portfolio.entry(key![product.to_owned(), stage, class, currency]).or_default();
        sum.0 += 1;
        sum.1 += i128::from(principal_minor);
        sum.2 += holding.receivable_fen();
    }
    Ok(())
}
