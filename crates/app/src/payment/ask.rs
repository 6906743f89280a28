//! A payment is asked for: checked, held, and left for the courier.

use basics::{Cell, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::{Decode, Encode};

use super::{BankAccount, DAYS_TO_TAKE, Payment, PaymentAsked, PaymentWay};
use crate::books::{check_amount, check_text, gl, own_wallet, quota, quota_key};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::level::Within;
use crate::tables::Quota;

/// Characters of a purpose at most: what every rail carries.
const PURPOSE_CHARS_MAX: usize = 140;

/// Ask for a payment between a wallet and an account of the household elsewhere.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AskPayment {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Whose.
    #[n(1)]
    pub household: Id,
    /// The payment, made by the caller.
    #[n(2)]
    pub payment: Id,
    /// Which way.
    #[n(3)]
    pub way: PaymentWay,
    /// Over which rail.
    #[n(4)]
    pub rail: String,
    /// The account elsewhere.
    #[n(5)]
    pub account: Id,
    /// How much.
    #[n(6)]
    pub amount: Money,
    /// What for.
    #[n(7)]
    pub purpose: String,
}

impl AskPayment {
    /// The act, as in the permission table.
    pub fn act(&self) -> &'static str {
        match self.way {
            PaymentWay::Out => "pay_out",
            PaymentWay::In => "collect",
        }
    }
}

impl Tianxin {
    pub(crate) fn needs_ask_payment(&self, command: &AskPayment, needs: &mut Needs) {
        let AskPayment { cell, household, payment, account, .. } = *command;
        self.needs_wallet(cell, household, needs);
        self.needs_limits(cell, household, needs);
        needs.rows::<Payment>(key![cell, payment]);
        needs.rows::<BankAccount>(key![cell, household, account]);
        needs.rows::<Quota>(quota_key(cell, self.institution.currency));
    }

    pub(crate) fn ask_payment(&self, slice: &Overlay, command: &AskPayment, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let AskPayment { cell, household, payment, way, account, .. } = *command;
        let amount = check_amount(command.amount, currency)?;
        check_text("what the payment is for", &command.purpose, PURPOSE_CHARS_MAX)?;
        if !self.rails.contains(&command.rail) {
            let offered = if self.rails.is_empty() { "none".to_owned() } else { self.rails.join(", ") };
            let message = format!("there is no rail `{}` here: those set up are {offered}", command.rail);
            return Err(Refusal::new("unknown_rail", message).into());
        }
        if slice.get::<Payment>(&key![cell, payment])?.is_some() {
            return Err(Refusal::new("payment_exists", "a payment with that id is there already: make a new id").into());
        }
        let unbound = || Refusal::new("unknown_account", "this household has bound no such account: bind it first");
        let bound = slice.get::<BankAccount>(&key![cell, household, account])?.ok_or_else(unbound)?;
        let own = own_wallet(slice, cell, household, currency)?;
        let asked = Fact::PaymentAsked(PaymentAsked {
            household,
            payment,
            way,
            rail: command.rail.clone(),
            account: (account, bound.person),
            amount: command.amount,
            purpose: command.purpose.clone(),
            last_day: context.open_date.add_days(DAYS_TO_TAKE),
        });
        if way == PaymentWay::In {
            return Ok(Change::new(Outcome::PaymentAsked, vec![asked]));
        }
        let available_minor = own.balance_minor - own.held_minor;
        if amount > available_minor {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let counted = match self.within_limits(slice, household, amount, context)? {
            Within::Counted(counted) => counted,
            Within::Passed(change) => return Ok(change),
        };
        let bank = gl(slice, cell, self.subjects.bank, currency)?;
        let share = quota(slice, cell, currency)?;
        let left = bank.balance_minor - bank.held_minor;
        // Nobody overtakes a payout that already waits for the bank balance.
        let pays = share.waiting == 0 && amount <= left;
        let (outcome, facts) = if pays {
            let held = Fact::WalletHeld { household, currency, amount_minor: amount };
            let of_bank = Fact::BankHeld { subject: self.subjects.bank, currency, amount_minor: amount };
            let mut facts = vec![held, of_bank, asked];
            facts.extend(counted);
            (Outcome::PaymentAsked, facts)
        } else {
            (Outcome::BelowFloor, vec![Fact::Declined { code: "below_floor".to_owned() }])
        };
        // Asked again in a moment, it finds what the office gave.
        let after = if pays { (left - amount, None) } else { (left, Some(amount - left)) };
        Ok(self.refill(Change::new(outcome, facts), &share, after, context))
    }
}
