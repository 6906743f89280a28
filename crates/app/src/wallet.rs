//! Wallets: money in, and money out against the cell's quota of the bank balance.

use basics::{Cell, Date, Id, Money};
use door::Change;
use door::app::{Context, Decided};
use door::overlay::{Needs, Overlay};
use ledger::Line;
use minicbor::{Decode, Encode};

use crate::books::{
    booked, check_amount, check_text, check_value_date, gl, needs_booking, own_wallet, quota, quota_key, wallet_account,
};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::level::Within;
use crate::tables::{EntryKind, Quota};

/// Money came in at the bank for a household's wallet.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TopUp {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Whose wallet.
    #[n(1)]
    pub household: Id,
    /// How much.
    #[n(2)]
    pub amount: Money,
    /// When it takes effect; the open day if not given.
    #[n(3)]
    pub value_date: Option<Date>,
    /// The reference of the rail it came by.
    #[n(4)]
    pub reference: String,
}

/// Pay out of a wallet to the household's bank account. Cash is paid at a drawer (`crate::drawer`).
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Withdraw {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Whose wallet.
    #[n(1)]
    pub household: Id,
    /// How much.
    #[n(2)]
    pub amount: Money,
    /// When it takes effect; the open day if not given.
    #[n(3)]
    pub value_date: Option<Date>,
}

impl Tianxin {
    pub(crate) fn needs_wallet(&self, cell: Cell, household: Id, needs: &mut Needs) {
        let subjects = [self.subjects.bank, self.subjects.wallet];
        needs_booking(needs, cell, self.institution.currency, &subjects, &[household]);
    }

    pub(crate) fn top_up(&self, slice: &Overlay, command: &TopUp, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let amount = check_amount(command.amount, currency)?;
        let value_date = check_value_date(command.value_date, context.open_date)?;
        check_text("the reference", &command.reference, 100)?;
        own_wallet(slice, command.cell, command.household, currency)?;
        let lines = vec![
            Line::debit(self.subjects.bank, None, amount),
            Line::credit(self.subjects.wallet, wallet_account(command.household), amount),
        ];
        let fact = booked(EntryKind::TopUp, value_date, currency, lines, Some(command.reference.clone()))?;
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    pub(crate) fn needs_withdraw(&self, command: &Withdraw, needs: &mut Needs) {
        self.needs_wallet(command.cell, command.household, needs);
        self.needs_limits(command.cell, command.household, needs);
        needs.rows::<Quota>(quota_key(command.cell, self.institution.currency));
    }

    /// Pays at once where the cell's quota allows; otherwise holds the amount and waits.
    pub(crate) fn withdraw(&self, slice: &Overlay, command: &Withdraw, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let amount = check_amount(command.amount, currency)?;
        let value_date = check_value_date(command.value_date, context.open_date)?;
        let wallet = own_wallet(slice, command.cell, command.household, currency)?;
        let available_minor = wallet.balance_minor - wallet.held_minor;
        if amount > available_minor {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let counted = match self.within_limits(slice, command.household, amount, context)? {
            Within::Counted(counted) => counted,
            Within::Passed(change) => return Ok(change),
        };
        let bank = gl(slice, command.cell, self.subjects.bank, currency)?;
        let share = quota(slice, command.cell, currency)?;
        let left = bank.balance_minor - bank.held_minor;
        // First come, first served: nobody overtakes a payout that already waits.
        let pays = share.waiting == 0 && left >= amount;
        let (outcome, mut facts) = if pays {
            let fact = self.payout(command.household, amount, value_date)?;
            (Outcome::Done, vec![fact])
        } else {
            let household = command.household;
            let held = Fact::WalletHeld { household, currency, amount_minor: amount };
            (Outcome::PendingFunds, vec![held, Fact::PayoutWaits { household, amount_minor: amount, currency }])
        };
        facts.extend(counted);
        let after = if pays { (left - amount, None) } else { (left, Some(amount - left)) };
        Ok(self.refill(Change::new(outcome, facts), &share, after, context))
    }

    pub(crate) fn payout(&self, household: Id, amount: i64, value_date: Date) -> Result<Fact, door::Fault> {
        let lines = vec![
            Line::debit(self.subjects.wallet, wallet_account(household), amount),
            Line::credit(self.subjects.bank, None, amount),
        ];
        booked(EntryKind::Withdrawal, value_date, self.institution.currency, lines, None)
    }
}
