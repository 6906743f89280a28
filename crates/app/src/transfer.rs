//! Money between wallets: at once within a cell, by message across cells.
//!
//! Across cells the source holds the amount and sends a message; the target books it
//! against clearing, with the transfer's id as command id, and answers; the source then
//! posts or voids. Clearing over all cells sums to what is under way. What was lent for a payee and comes back stays held
//! until two people have decided: the borrower never has it to spend.

use basics::{Cell, Date, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Message, key};
use ledger::Line;
use minicbor::{Decode, Encode};

use crate::books::{
    booked, check_amount, check_text, gl, needs_booking, own_wallet, quota, quota_key, wallet, wallet_account,
};
use crate::code::{CodeArrives, SpentCode};
use crate::command::{Command, Outcome};
use crate::drawer::DrawerArrives;
use crate::fact::{Crossed, Fact};
use crate::house::Tianxin;
use crate::level::Within;
use crate::line::needs_account;
use crate::posting::Role;
use crate::quota::PayWaiting;
use crate::tables::{Crossing, CrossingState, EntryKind, Quota};

/// Move money from one household's wallet to another's.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Transfer {
    /// The cell of the payer.
    #[n(0)]
    pub cell: Cell,
    /// Who pays.
    #[n(1)]
    pub from: Id,
    /// The cell of the payee.
    #[n(2)]
    pub to_cell: Cell,
    /// Who is paid.
    #[n(3)]
    pub to: Id,
    /// How much.
    #[n(4)]
    pub amount: Money,
    /// What for.
    #[n(5)]
    pub note: String,
}

door::text_enum! {
    /// What an amount crosses cells for.
    pub enum Purpose {
        /// From a wallet to a wallet.
        Transfer = "transfer",
        /// A share of the bank balance.
        Quota = "quota",
        /// What a merchant sold, to its wallet.
        Merchant = "merchant",
        /// What was drawn on a loan, from the borrower's wallet to the payee that the contract names.
        Entrusted = "entrusted",
        /// What a household paid by a merchant's code.
        Code = "code",
        /// Cash paid in at a drawer, to a wallet.
        CashIn = "cash_in",
        /// Cash out of a wallet, paid at a drawer.
        CashOut = "cash_out",
    }
}

/// An amount arrives from another cell.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Arrive {
    /// The cell it arrives in.
    #[n(0)]
    pub cell: Cell,
    /// The cell it comes from.
    #[n(1)]
    pub from: Cell,
    /// The crossing: the id of the command that began it.
    #[n(2)]
    pub transfer: Id,
    /// What for.
    #[n(3)]
    pub purpose: Purpose,
    /// Whose wallet receives it; none for a quota.
    #[n(4)]
    pub household: Option<Id>,
    /// How much.
    #[n(5)]
    pub amount: Money,
    /// When it takes effect.
    #[n(6)]
    pub value_date: Date,
    /// Of a payment by code: the code, and what is kept of the amount.
    #[n(7)]
    pub code: Option<CodeArrives>,
    /// Of cash: the drawer.
    #[n(8)]
    pub drawer: Option<DrawerArrives>,
}

/// The target's answer, back at the source.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Settle {
    /// The cell of the source.
    #[n(0)]
    pub cell: Cell,
    /// The crossing.
    #[n(1)]
    pub transfer: Id,
    /// Whether the target took the amount.
    #[n(2)]
    pub taken: bool,
}

/// Set money free for the borrower that was meant for a payee in another cell and came back. The hold ends; the loan stays.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ReleasePayout {
    /// The cell of the borrower.
    #[n(0)]
    pub cell: Cell,
    /// The borrower.
    #[n(1)]
    pub household: Id,
    /// The crossing: the id of the command that drew the loan.
    #[n(2)]
    pub transfer: Id,
    /// Why, and what is to become of the money.
    #[n(3)]
    pub reason: String,
}

impl Tianxin {
    pub(crate) fn needs_transfer(&self, command: &Transfer, needs: &mut Needs) {
        self.needs_wallet(command.cell, command.from, needs);
        self.needs_limits(command.cell, command.from, needs);
        if command.cell == command.to_cell {
            needs_booking(needs, command.cell, self.institution.currency, &[], &[command.to]);
        }
    }

    pub(crate) fn transfer(&self, slice: &Overlay, command: &Transfer, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let amount = check_amount(command.amount, currency)?;
        check_text("the note", &command.note, 100)?;
        if command.from == command.to {
            return Err(Refusal::new("same_wallet", "payer and payee are the same household").into());
        }
        if command.to_cell == Cell::OFFICE || command.to_cell.0 > context.cells {
            let message = "the payee's id belongs to no household here: check it";
            return Err(Refusal::new("unknown_cell", message).into());
        }
        let payer = own_wallet(slice, command.cell, command.from, currency)?;
        let available_minor = payer.balance_minor - payer.held_minor;
        if amount > available_minor {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let counted = match self.within_limits(slice, command.from, amount, context)? {
            Within::Counted(counted) => counted,
            Within::Passed(change) => return Ok(change),
        };
        if command.cell != command.to_cell {
            let mut change = self.send_transfer(command, Purpose::Transfer, amount, None, context);
            change.facts.extend(counted);
            return Ok(change);
        }
        if wallet(slice, command.cell, command.to, currency)?.is_none() {
            let fact = Fact::Declined { code: "unknown_payee".to_owned() };
            return Ok(Change::new(Outcome::UnknownPayee, vec![fact]));
        }
        let lines = vec![
            Line::debit(self.subjects.wallet, wallet_account(command.from), amount),
            Line::credit(self.subjects.wallet, wallet_account(command.to), amount),
        ];
        let memo = Some(command.note.clone());
        let mut facts = vec![booked(EntryKind::Transfer, context.open_date, currency, lines, memo)?];
        facts.extend(counted);
        Ok(Change::new(Outcome::Done, facts))
    }

    /// Sends what a wallet of this cell has to one of another: it is held here until that cell has answered.
    pub(crate) fn send_transfer(
        &self,
        command: &Transfer,
        purpose: Purpose,
        amount: i64,
        code: Option<CodeArrives>,
        context: &Context,
    ) -> Change<Tianxin> {
        let currency = self.institution.currency;
        let transfer = context.command_id;
        let held = Fact::WalletHeld { household: command.from, currency, amount_minor: amount };
        let crossed = Fact::Crossed(Crossed {
            id: transfer,
            state: CrossingState::Reserved,
            purpose: purpose.as_str().to_owned(),
            other: command.to_cell,
            household: Some(command.from),
            amount_minor: amount,
            currency,
            value_date: context.open_date,
        });
        let arrive = Command::Arrive(Arrive {
            cell: command.to_cell,
            from: command.cell,
            transfer,
            purpose,
            household: Some(command.to),
            amount: command.amount,
            value_date: context.open_date,
            code,
            drawer: None,
        });
        Change::new(Outcome::OnItsWay { transfer }, vec![held, crossed])
            .with_message(Message { id: transfer, command: arrive })
    }

    pub(crate) fn needs_arrive(&self, command: &Arrive, needs: &mut Needs) {
        if command.purpose == Purpose::CashOut {
            return self.needs_cash_out_arrives(needs);
        }
        let currency = self.institution.currency;
        let subjects = [self.subjects.bank, self.subjects.wallet, self.subjects.clearing];
        let wallets: Vec<Id> = command.household.into_iter().collect();
        needs_booking(needs, command.cell, currency, &subjects, &wallets);
        needs.rows::<Quota>(quota_key(command.cell, currency));
        if let Some(told) = command.code {
            needs_booking(needs, command.cell, currency, &[self.subjects.roles.code(Role::FeeIncome)], &[]);
            needs.rows::<SpentCode>(key![command.cell, told.code]);
        }
    }

    pub(crate) fn arrive(&self, slice: &Overlay, command: &Arrive, context: &Context) -> Decided<Tianxin> {
        if let Some(told) = command.drawer.filter(|_| command.purpose == Purpose::CashOut) {
            return self.cash_out_arrives(slice, command, told, context);
        }
        let currency = self.institution.currency;
        let amount = check_amount(command.amount, currency)?;
        let receiver = match command.household {
            Some(household) => wallet(slice, command.cell, household, currency)?,
            None => None,
        };
        let is_spent = match command.code {
            Some(told) => slice.get::<SpentCode>(&key![command.cell, told.code])?.is_some(),
            None => false,
        };
        let taken = command.purpose == Purpose::Quota || (receiver.is_some() && !is_spent);
        let fee_minor = command.code.map_or(0, |told| told.fee_minor);
        let crossed = |state| {
            Fact::Crossed(Crossed {
                id: command.transfer,
                state,
                purpose: command.purpose.as_str().to_owned(),
                other: command.from,
                household: command.household,
                amount_minor: amount,
                currency,
                value_date: command.value_date,
            })
        };
        let answer = Message {
            id: command.transfer.derive("settle"),
            command: Command::Settle(Settle { cell: command.from, transfer: command.transfer, taken }),
        };
        if !taken {
            let facts = vec![crossed(CrossingState::Returned)];
            return Ok(Change::new(Outcome::UnknownPayee, facts).with_message(answer));
        }
        // A message may arrive after its day was closed here: it takes effect then, and is booked today.
        let value_date = command.value_date.min(context.open_date);
        let clearing = self.subjects.clearing;
        let (kind, lines) = match command.household {
            Some(household) => {
                (if command.purpose == Purpose::CashIn { EntryKind::CashIn } else { EntryKind::TransferIn }, {
                    let mut lines = vec![
                        Line::debit(clearing, None, amount),
                        Line::credit(self.subjects.wallet, wallet_account(household), amount - fee_minor),
                    ];
                    lines.extend(self.fee_line(fee_minor));
                    lines
                })
            }
            None => (
                EntryKind::QuotaIn,
                vec![Line::debit(self.subjects.bank, None, amount), Line::credit(clearing, None, amount)],
            ),
        };
        let mut facts = vec![booked(kind, value_date, currency, lines, None)?, crossed(CrossingState::Arrived)];
        facts.extend(command.code.map(|told| Fact::CodeSpent { code: told.code }));
        let mut change = Change::new(Outcome::Done, facts).with_message(answer);
        if let Some(repay) = self.repayment_of(command) {
            change = change.with_message(repay);
        }
        if command.purpose == Purpose::Quota {
            let bank = gl(slice, command.cell, self.subjects.bank, currency)?;
            let target_minor = Some(bank.balance_minor.saturating_add(amount));
            change.facts.push(Fact::QuotaAnswered { currency, target_minor });
            if quota(slice, command.cell, currency)?.waiting > 0 {
                let pay = Command::PayWaiting(PayWaiting { cell: command.cell });
                let id = command.transfer.derive("pay-waiting");
                change = change.with_message(Message { id, command: pay });
            }
        }
        Ok(change)
    }

    pub(crate) fn needs_settle(&self, command: &Settle, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        let crossing = key![command.cell, command.transfer];
        needs.rows::<Crossing>(crossing.clone());
        if slice.has(<Crossing as door::Record>::table(), &crossing)
            && let Some(row) = slice.get::<Crossing>(&crossing)?
        {
            if row.purpose == Purpose::CashIn.as_str() {
                self.needs_cash_in_settles(&row, needs);
                return Ok(());
            }
            let subjects = [self.subjects.bank, self.subjects.wallet, self.subjects.clearing];
            let wallets: Vec<Id> = row.household.into_iter().collect();
            if row.purpose == Purpose::Merchant.as_str() {
                let [payable, fee] =
                    [Role::MerchantPayable, Role::FeeIncome].map(|role| self.subjects.roles.code(role));
                needs_booking(needs, command.cell, row.currency, &[self.subjects.clearing, payable, fee], &[]);
                for merchant in wallets {
                    needs_account(command.cell, merchant, row.currency, slice, needs)?;
                }
                return Ok(());
            }
            needs_booking(needs, command.cell, row.currency, &subjects, &wallets);
        }
        Ok(())
    }

    pub(crate) fn settle(&self, slice: &Overlay, command: &Settle, _: &Context) -> Decided<Tianxin> {
        let row = slice
            .get::<Crossing>(&key![command.cell, command.transfer])?
            .filter(|row| row.state == CrossingState::Reserved)
            .ok_or_else(|| Refusal::new("unknown_crossing", "nothing is reserved here under that transfer"))?;
        let (amount, currency) = (row.amount_minor, row.currency);
        let is_entrusted = row.purpose == Purpose::Entrusted.as_str();
        let state = match command.taken {
            true => CrossingState::Posted,
            false if is_entrusted => CrossingState::TurnedBack,
            false => CrossingState::Voided,
        };
        let crossed = moved_on(&row, state);
        if state == CrossingState::TurnedBack {
            return Ok(Change::new(Outcome::Settled { posted: false }, vec![crossed]));
        }
        if row.purpose == Purpose::CashIn.as_str() {
            let mut facts = self.cash_in_settled(slice, &row, command.taken)?;
            facts.push(crossed);
            return Ok(Change::new(Outcome::Settled { posted: command.taken }, facts));
        }
        if let Some(merchant) = row.household.filter(|_| row.purpose == Purpose::Merchant.as_str()) {
            let mut facts = self.merchant_settled(slice, &row, merchant, command.taken)?;
            facts.push(crossed);
            return Ok(Change::new(Outcome::Settled { posted: command.taken }, facts));
        }
        let mut facts = vec![match row.household {
            Some(household) => Fact::WalletHeld { household, currency, amount_minor: -amount },
            None => Fact::BankHeld { subject: self.subjects.bank, currency, amount_minor: -amount },
        }];
        if command.taken {
            let clearing = self.subjects.clearing;
            let (kind, lines) = match row.household {
                Some(household) => (
                    if row.purpose == Purpose::CashOut.as_str() { EntryKind::CashOut } else { EntryKind::TransferOut },
                    vec![
                        Line::debit(self.subjects.wallet, wallet_account(household), amount),
                        Line::credit(clearing, None, amount),
                    ],
                ),
                None => (
                    EntryKind::QuotaOut,
                    vec![Line::debit(clearing, None, amount), Line::credit(self.subjects.bank, None, amount)],
                ),
            };
            facts.push(booked(kind, row.value_date, currency, lines, None)?);
        }
        facts.push(crossed);
        Ok(Change::new(Outcome::Settled { posted: command.taken }, facts))
    }

    pub(crate) fn needs_release_payout(&self, command: &ReleasePayout, needs: &mut Needs) {
        needs.rows::<Crossing>(key![command.cell, command.transfer]);
        needs_booking(needs, command.cell, self.institution.currency, &[], &[command.household]);
    }

    pub(crate) fn release_payout(&self, slice: &Overlay, command: &ReleasePayout) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 200)?;
        let row = slice
            .get::<Crossing>(&key![command.cell, command.transfer])?
            .filter(|row| row.state == CrossingState::TurnedBack && row.household == Some(command.household))
            .ok_or_else(|| {
                let message = "no money of this household came back from a payee under that transfer";
                Refusal::new("unknown_crossing", message)
            })?;
        let (household, currency) = (command.household, row.currency);
        let facts = vec![
            Fact::WalletHeld { household, currency, amount_minor: -row.amount_minor },
            moved_on(&row, CrossingState::Voided),
            Fact::PayoutReleased { household, transfer: row.id, reason: command.reason.clone() },
        ];
        Ok(Change::new(Outcome::Done, facts))
    }
}

/// The fact that a crossing of this cell comes to a state.
fn moved_on(row: &Crossing, state: CrossingState) -> Fact {
    Fact::Crossed(Crossed {
        id: row.id,
        state,
        purpose: row.purpose.clone(),
        other: row.other,
        household: row.household,
        amount_minor: row.amount_minor,
        currency: row.currency,
        value_date: row.value_date,
    })
}
