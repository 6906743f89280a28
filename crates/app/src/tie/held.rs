//! What the rows of a cell add up to, role by role.

use std::collections::BTreeMap;

use loan::{Component, Stage};

use super::TieError;
use super::kept::Kept;
use crate::holding::Holding;
use crate::house::Tianxin;
use crate::line::{CreditLine, MerchantAccount};
use crate::period_end::AllowanceDay;
use crate::posting::Role;
use crate::tables::{AccrualGroup, CellDay, LoanNote, Wallet};

/// Rows and their sum, debit positive, by role.
#[derive(Default)]
pub(super) struct Held(BTreeMap<Role, (u64, i128)>);

impl Held {
    /// Adds up the rows of a cell.
    pub(super) fn of(house: &Tianxin, kept: &mut Kept<'_>) -> Result<Held, TieError> {
        let mut held = Held::default();
        kept.each::<LoanNote>(&mut |note| {
            held.add(Role::LoanPrincipal, i128::from(note.outstanding_minor));
            for (role, amount) in parts(&Holding::of(&note)?) {
                held.add(role, amount);
            }
            Ok(())
        })?;
        kept.each::<CreditLine>(&mut |line| {
            held.add(Role::LinePrincipal, i128::from(line.on_balance_minor()?));
            for (role, amount) in parts(&Holding::of_line(&line)?) {
                held.add(role, amount);
            }
            Ok(())
        })?;
        kept.each::<Wallet>(&mut |row| {
            held.add(Role::Wallet, -i128::from(row.balance_minor));
            Ok(())
        })?;
        kept.each::<MerchantAccount>(&mut |row| {
            held.add(Role::MerchantPayable, owed(&row));
            Ok(())
        })?;
        kept.each::<AccrualGroup>(&mut |row| {
            held.add(group_role(&row)?, i128::from(row.ledger_minor));
            Ok(())
        })?;
        held.allowance(house, kept)?;
        Ok(held)
    }

    /// The rows of a role, and what they come to.
    pub(super) fn of_role(&self, role: Role) -> (u64, i128) {
        self.0.get(&role).copied().unwrap_or_default()
    }

    fn add(&mut self, role: Role, amount: i128) {
        if amount != 0 {
            let sum = self.0.entry(role).or_default();
            *sum = (sum.0 + 1, sum.1 + amount);
        }
    }

    /// The allowance as it was last set, with what was written off and recovered since. Where the cell has never set one, what
    /// was booked on it, such as what was taken over.
    fn allowance(&mut self, house: &Tianxin, kept: &mut Kept<'_>) -> Result<(), TieError> {
        let mut last: Option<AllowanceDay> = None;
        kept.each::<AllowanceDay>(&mut |row| {
            last = Some(row);
            Ok(())
        })?;
        let subject = i64::from(house.subjects.roles.code(Role::LoanAllowance).0);
        let cell = kept.cell;
        let (set, seq) = match &last {
            Some(row) => {
                let days = kept.under::<CellDay>(door::key![cell, row.day])?;
                (-i128::from(row.allowance_minor), days.first().map_or(0, |day| day.closed_seq))
            }
            None => (0, 0),
        };
        let since = kept.allowance_after(subject, seq)?;
        self.add(Role::LoanAllowance, set + since);
        Ok(())
    }
}

/// What a merchant is owed, on the side of the ledger.
pub(super) fn owed(row: &MerchantAccount) -> i128 {
    -(i128::from(row.payable_minor) + i128::from(row.on_its_way_minor))
}

/// The role that a group of accrued interest is booked on.
pub(super) fn group_role(row: &AccrualGroup) -> Result<Role, TieError> {
    let unknown = || TieError::Damaged(format!("nothing is known of the stage {} of a group", row.stage));
    let stage = Stage::of_code(row.stage).ok_or_else(unknown)?;
    Ok(if stage.is_accruing() { Role::InterestAccrued } else { Role::OffAccrued })
}

/// What a loan or a line holds beside its principal and its accrued interest, debit positive.
pub(super) fn parts(holding: &Holding) -> [(Role, i128); 5] {
    let unpaid = |component| holding.unpaid_fen(component);
    let penalty = unpaid(Component::Penalty) + unpaid(Component::Compound);
    let (interest_role, penalty_role) = if holding.stage.is_accruing() {
        (Role::InterestReceivable, Role::PenaltyReceivable)
    } else {
        (Role::OffInterest, Role::OffPenalty)
    };
    [
        (interest_role, unpaid(Component::Interest)),
        (penalty_role, penalty),
        (Role::FeeReceivable, unpaid(Component::Fee)),
        (Role::LoanCredit, -i128::from(holding.credit_fen)),
        (Role::WrittenOffClaims, i128::from(holding.claim_fen())),
    ]
}
