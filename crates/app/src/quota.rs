//! The bank balance is scarce: the office shares it out to cells, and a cell pays only from its share.
//!
//! A cell's share is its own balance on the bank's subject, so that the shares always add
//! up to the bank balance and nothing can be paid twice.

use basics::{Cell, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Message, key};
use ledger::Line;
use minicbor::{Decode, Encode};

use crate::books::{booked, check_amount, check_text, gl, needs_booking, quota, quota_key};
use crate::command::{Command, Outcome};
use crate::fact::{Crossed, Fact};
use crate::house::Tianxin;
use crate::tables::{CrossingState, EntryKind, Quota, WaitingPayout};
use crate::transfer::{Arrive, Purpose};

/// Payouts paid by one command at most.
const PAID_AT_ONCE_MAX: usize = 100;

/// Capital was paid in at the institution's bank.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Fund {
    /// How much.
    #[n(0)]
    pub amount: Money,
    /// The bank's reference.
    #[n(1)]
    pub reference: String,
}

/// Give a cell part of the office's bank balance.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct GrantQuota {
    /// Which cell.
    #[n(0)]
    pub to: Cell,
    /// How much.
    #[n(1)]
    pub amount: Money,
}

/// A cell asks the office for more.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AskQuota {
    /// Which cell.
    #[n(0)]
    pub from: Cell,
    /// How much.
    #[n(1)]
    pub amount: Money,
}

/// The office has nothing to give.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AnswerQuota {
    /// The cell that asked.
    #[n(0)]
    pub cell: Cell,
}

/// Pay what waits, as far as the quota goes.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PayWaiting {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
}

impl Tianxin {
    pub(crate) fn needs_bank(&self, cell: Cell, needs: &mut Needs) {
        let subjects = [self.subjects.bank, self.subjects.capital, self.subjects.clearing];
        needs_booking(needs, cell, self.institution.currency, &subjects, &[]);
        needs.rows::<Quota>(quota_key(cell, self.institution.currency));
    }

    pub(crate) fn fund(&self, command: &Fund, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let amount = check_amount(command.amount, currency)?;
        check_text("the reference", &command.reference, 100)?;
        let lines =
            vec![Line::debit(self.subjects.bank, None, amount), Line::credit(self.subjects.capital, None, amount)];
        let memo = Some(command.reference.clone());
        let fact = booked(EntryKind::Capital, context.open_date, currency, lines, memo)?;
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    pub(crate) fn grant_quota(&self, slice: &Overlay, command: &GrantQuota, context: &Context) -> Decided<Tianxin> {
        let amount = check_amount(command.amount, self.institution.currency)?;
        if command.to == Cell::OFFICE || command.to.0 > context.cells {
            let message = format!("{} is no household cell: choose 1 to {}", command.to, context.cells);
            return Err(Refusal::new("unknown_cell", message).into());
        }
        let bank = gl(slice, Cell::OFFICE, self.subjects.bank, self.institution.currency)?;
        let available_minor = bank.balance_minor - bank.held_minor;
        if amount > available_minor {
            let fact = Fact::Declined { code: "insufficient_bank_balance".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        Ok(self.send_quota(command.to, amount, context))
    }

    /// The office's answer: as much of what was asked as it has.
    pub(crate) fn ask_quota(&self, slice: &Overlay, command: &AskQuota, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let bank = gl(slice, Cell::OFFICE, self.subjects.bank, currency)?;
        let available_minor = bank.balance_minor - bank.held_minor;
        let amount = command.amount.minor().min(available_minor);
        if amount > 0 {
            return Ok(self.send_quota(command.from, amount, context));
        }
        let answer = Message {
            id: context.command_id.derive("no-quota"),
            command: Command::AnswerQuota(AnswerQuota { cell: command.from }),
        };
        let fact = Fact::Declined { code: "insufficient_bank_balance".to_owned() };
        Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]).with_message(answer))
    }

    fn send_quota(&self, to: Cell, amount: i64, context: &Context) -> Change<Tianxin> {
        let currency = self.institution.currency;
        let transfer = context.command_id;
        let held = Fact::BankHeld { subject: self.subjects.bank, currency, amount_minor: amount };
        let crossed = Fact::Crossed(Crossed {
            id: transfer,
            state: CrossingState::Reserved,
            purpose: Purpose::Quota.as_str().to_owned(),
            other: to,
            household: None,
            amount_minor: amount,
            currency,
            value_date: context.open_date,
        });
        let arrive = Command::Arrive(Arrive {
            cell: to,
            from: Cell::OFFICE,
            transfer,
            purpose: Purpose::Quota,
            household: None,
            amount: Money::new(amount, currency),
            value_date: context.open_date,
            code: None,
            drawer: None,
        });
        Change::new(Outcome::OnItsWay { transfer }, vec![held, crossed])
            .with_message(Message { id: transfer, command: arrive })
    }

    /// The same change, asking the office for more where less than a quarter of the share is left, or something lacks.
    /// `left` is what is left after it, `lacks` what is missing where it could not pay, both in minor units.
    pub(crate) fn refill(
        &self,
        mut change: Change<Tianxin>,
        share: &Quota,
        (left, lacks): (i64, Option<i64>),
        context: &Context,
    ) -> Change<Tianxin> {
        if share.asked || (lacks.is_none() && left >= share.target_minor / 4) {
            return change;
        }
        let currency = self.institution.currency;
        let amount_minor = (share.target_minor - left).max(lacks.unwrap_or(0));
        change.facts.push(Fact::QuotaAsked { currency, amount_minor });
        let ask = AskQuota { from: context.cell, amount: Money::new(amount_minor, currency) };
        change.with_message(Message { id: context.command_id.derive("ask-quota"), command: Command::AskQuota(ask) })
    }

    pub(crate) fn answer_quota(&self, command: &AnswerQuota) -> Decided<Tianxin> {
        debug_assert_ne!(command.cell, Cell::OFFICE);
        let fact = Fact::QuotaAnswered { currency: self.institution.currency, target_minor: None };
        Ok(Change::new(Outcome::Done, vec![fact]))
    }

    pub(crate) fn needs_pay_waiting(
        &self,
        command: &PayWaiting,
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), door::Fault> {
        let currency = self.institution.currency;
        let subjects = [self.subjects.bank, self.subjects.wallet];
        needs_booking(needs, command.cell, currency, &subjects, &[]);
        needs.rows::<Quota>(quota_key(command.cell, currency));
        needs.rows::<WaitingPayout>(key![command.cell]);
        if slice.has(<WaitingPayout as door::Record>::table(), &key![command.cell]) {
            let waiting: Vec<WaitingPayout> = slice.range(&key![command.cell])?;
            for payout in waiting.iter().take(PAID_AT_ONCE_MAX) {
                needs_booking(needs, command.cell, currency, &[], &[payout.household]);
            }
        }
        Ok(())
    }

    pub(crate) fn pay_waiting(&self, slice: &Overlay, command: &PayWaiting, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let bank = gl(slice, command.cell, self.subjects.bank, currency)?;
        let share = quota(slice, command.cell, currency)?;
        let waiting: Vec<WaitingPayout> = slice.range(&key![command.cell])?;
        let mut left = bank.balance_minor - bank.held_minor;
        let mut facts = Vec::new();
        let mut count = 0;
        for payout in waiting.iter().take(PAID_AT_ONCE_MAX) {
            if payout.amount_minor > left {
                break;
            }
            left -= payout.amount_minor;
            count += 1;
            let household = payout.household;
            facts.push(Fact::WalletHeld { household, currency, amount_minor: -payout.amount_minor });
            facts.push(self.payout(household, payout.amount_minor, context.open_date)?);
            facts.push(Fact::PayoutPaid { seq: payout.seq, fact: payout.fact, currency });
        }
        let still: Vec<&WaitingPayout> = waiting.iter().skip(count).collect();
        let mut change = Change::new(Outcome::Paid { count: count as u32 }, facts);
        if count == PAID_AT_ONCE_MAX && !still.is_empty() {
            let id = context.command_id.derive("pay-more");
            change = change.with_message(Message { id, command: Command::PayWaiting(command.clone()) });
        } else if !still.is_empty() && !share.asked {
            let needed: i64 = still.iter().map(|payout| payout.amount_minor).fold(0, i64::saturating_add);
            let amount_minor = needed.saturating_sub(left).max(share.target_minor - left);
            change.facts.push(Fact::QuotaAsked { currency, amount_minor });
            let ask = AskQuota { from: command.cell, amount: Money::new(amount_minor, currency) };
            let id = context.command_id.derive("ask-quota");
            change = change.with_message(Message { id, command: Command::AskQuota(ask) });
        }
        if change.facts.is_empty() {
            change.facts.push(Fact::Declined { code: "nothing_to_pay".to_owned() });
        }
        Ok(change)
    }
}
