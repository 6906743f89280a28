//! What a rail says of a payment, and what two people decide where it did something else than it was asked.

use basics::{Cell, Currency, Date, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Stop, key};
use ledger::Line;
use minicbor::{Decode, Encode};

use super::{CreditTaken, Payment, PaymentAnswered, PaymentState, PaymentWay};
use crate::books::{booked, check_amount, check_text, own_wallet, wallet_account};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::EntryKind;

/// Characters of a reference at most: what ISO 20022 calls `Max35Text`.
const REFERENCE_CHARS_MAX: usize = 35;

/// What a rail says of an order, for good.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum RailTold {
    /// It was done.
    #[n(0)]
    Settled {
        /// What was moved.
        #[n(0)]
        amount: Money,
        /// The day it stands in the rail's books.
        #[n(1)]
        on: Date,
        /// The rail's reference.
        #[n(2)]
        reference: String,
    },
    /// It was not, and will not be.
    #[n(1)]
    Refused {
        /// The rail's code and words.
        #[n(0)]
        reason: String,
    },
}

/// What a rail says of a payment.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AnswerPayment {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Whose payment it is.
    #[n(1)]
    pub household: Id,
    /// The payment.
    #[n(2)]
    pub payment: Id,
    /// What is said.
    #[n(3)]
    pub told: RailTold,
}

/// Decide, by two, what is booked of a payment of which the rail did something else than it was asked.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DecidePayment {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Whose payment it is.
    #[n(1)]
    pub household: Id,
    /// The payment.
    #[n(2)]
    pub payment: Id,
    /// What was moved in truth; none if nothing was. Of a payment that has ended already: none, and what is to be corrected is booked
    /// by an act of its own.
    #[n(3)]
    pub moved: Option<Money>,
    /// Why, and what it rests on.
    #[n(4)]
    pub reason: String,
}

/// Book money for a wallet that came in over a rail without having been asked for.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TakeCredit {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Whose wallet.
    #[n(1)]
    pub household: Id,
    /// The rail.
    #[n(2)]
    pub rail: String,
    /// The rail's reference, unique on the rail.
    #[n(3)]
    pub reference: String,
    /// How much.
    #[n(4)]
    pub amount: Money,
    /// The day it stands in the rail's books.
    #[n(5)]
    pub on: Date,
}

door::table! {
    /// Money that came in over a rail without having been asked for.
    pub struct RailCredit = "rail_credit" (Household, State, key 2) {
        /// The cell.
        cell: Cell,
        /// Follows from rail and reference, so that it is booked once.
        id: Id,
        /// Whose wallet it was booked for.
        household: Id,
        /// The rail.
        rail: String,
        /// The rail's reference.
        reference: String,
        /// Minor units.
        amount_minor: i64,
        /// The currency.
        currency: Currency,
        /// The day it stands in the rail's books.
        told_on: Date,
    }
    index "rail_credit_by_day" ["cell", "told_on", "id"];
}

/// The id under which what came in is booked: the same for the same reference of a rail.
pub fn credit_id(rail: &str, reference: &str) -> Id {
    // Lengths first, so that no two pairs make the same text.
    Id::default().derive(&format!("rail credit {} {rail} {reference}", rail.len()))
}

impl Tianxin {
    pub(crate) fn needs_payment(&self, cell: Cell, household: Id, payment: Id, needs: &mut Needs) {
        self.needs_wallet(cell, household, needs);
        needs.rows::<Payment>(key![cell, payment]);
    }

    pub(crate) fn answer_payment(
        &self,
        slice: &Overlay,
        command: &AnswerPayment,
        context: &Context,
    ) -> Decided<Tianxin> {
        let row = own_payment(slice, command.cell, command.household, command.payment)?;
        let (told_minor, told_on, reference) = match &command.told {
            RailTold::Settled { amount, on, reference } => {
                check_text("the rail's reference", reference, REFERENCE_CHARS_MAX)?;
                (amount.minor(), Some(*on), reference.clone())
            }
            RailTold::Refused { reason } => {
                check_text("the rail's reason", reason, 300)?;
                (0, None, reason.clone())
            }
        };
        let answered = |state| PaymentAnswered {
            payment: row.id,
            state,
            told_minor,
            told_on,
            reference: Some(reference.clone()),
            contradicted: false,
        };
        let stands = |state: PaymentState| Outcome::PaymentStands { state: state.as_str().to_owned() };
        if row.state != PaymentState::Asked {
            let same = match &command.told {
                RailTold::Settled { .. } => {
                    let before = (row.told_minor, row.told_on, row.reference.as_deref());
                    row.state != PaymentState::Refused && before == (told_minor, told_on, Some(reference.as_str()))
                }
                RailTold::Refused { .. } => row.state == PaymentState::Refused,
            };
            // Said again, or found out too late to undo anything: what the rail said first stands, and people look at it.
            let fact = if same || row.contradicted {
                Fact::Declined { code: "answered_already".to_owned() }
            } else {
                Fact::PaymentAnswered(PaymentAnswered {
                    told_minor: row.told_minor,
                    told_on: row.told_on,
                    reference: row.reference.clone(),
                    contradicted: true,
                    ..answered(row.state)
                })
            };
            return Ok(Change::new(stands(row.state), vec![fact]));
        }
        let (state, mut facts) = match &command.told {
            RailTold::Refused { .. } => (PaymentState::Refused, self.set_payment_free(&row)),
            RailTold::Settled { amount, on, .. } => {
                let as_asked = (amount.minor(), amount.currency()) == (row.amount_minor, row.currency);
                if as_asked {
                    let value_date = (*on).min(context.open_date);
                    (PaymentState::Settled, self.book_payment(&row, row.amount_minor, value_date)?)
                } else {
                    (PaymentState::Questioned, Vec::new())
                }
            }
        };
        facts.push(Fact::PaymentAnswered(answered(state)));
        Ok(Change::new(stands(state), facts))
    }

    pub(crate) fn decide_payment(
        &self,
        slice: &Overlay,
        command: &DecidePayment,
        context: &Context,
    ) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 300)?;
        let row = own_payment(slice, command.cell, command.household, command.payment)?;
        let moved = command.moved.map(|moved| check_amount(moved, row.currency)).transpose()?;
        let (state, mut facts) = match (row.state, moved) {
            (PaymentState::Questioned, Some(moved)) if row.way == PaymentWay::Out && moved > row.amount_minor => {
                let message =
                    "more was moved than was held for it: book what was asked, and the rest by an act of its own";
                return Err(Refusal::new("more_than_held", message).into());
            }
            (PaymentState::Questioned, Some(moved)) => {
                let value_date = row.told_on.unwrap_or(context.open_date).min(context.open_date);
                (PaymentState::Settled, self.book_payment(&row, moved, value_date)?)
            }
            (PaymentState::Questioned, None) => (PaymentState::Refused, self.set_payment_free(&row)),
            (ended, None) if row.contradicted => (ended, Vec::new()),
            _ => {
                let message = "nothing is to be decided of this payment: its rail has not contradicted itself";
                return Err(Refusal::new("payment_not_open", message).into());
            }
        };
        let told_minor = moved.unwrap_or(if row.state == PaymentState::Questioned { 0 } else { row.told_minor });
        facts.push(Fact::PaymentAnswered(PaymentAnswered {
            payment: row.id,
            state,
            told_minor,
            told_on: row.told_on,
            reference: row.reference.clone(),
            contradicted: false,
        }));
        facts.push(Fact::PaymentDecided { payment: row.id, reason: command.reason.clone() });
        Ok(Change::new(Outcome::PaymentStands { state: state.as_str().to_owned() }, facts))
    }

    /// What is held for a payment is held no longer.
    fn set_payment_free(&self, row: &Payment) -> Vec<Fact> {
        if row.way == PaymentWay::In {
            return Vec::new();
        }
        let (household, currency, amount_minor) = (row.household, row.currency, -row.amount_minor);
        vec![
            Fact::WalletHeld { household, currency, amount_minor },
            Fact::BankHeld { subject: self.subjects.bank, currency, amount_minor },
        ]
    }

    /// Sets free what was held, and books what was moved.
    fn book_payment(&self, row: &Payment, amount: i64, value_date: Date) -> Result<Vec<Fact>, Fault> {
        let mut facts = self.set_payment_free(row);
        facts.push(match row.way {
            PaymentWay::Out => self.rail_entry(row.household, -amount, value_date, &row.purpose)?,
            PaymentWay::In => self.rail_entry(row.household, amount, value_date, &row.purpose)?,
        });
        Ok(facts)
    }

    /// Money into a wallet over a rail, or out of it if negative.
    fn rail_entry(&self, household: Id, amount: i64, value_date: Date, memo: &str) -> Result<Fact, Fault> {
        let kind = if amount < 0 { EntryKind::Withdrawal } else { EntryKind::TopUp };
        let lines = vec![
            Line::debit(self.subjects.bank, None, amount),
            Line::credit(self.subjects.wallet, wallet_account(household), amount),
        ];
        booked(kind, value_date, self.institution.currency, lines, Some(memo.to_owned()))
    }

    pub(crate) fn needs_take_credit(&self, command: &TakeCredit, needs: &mut Needs) {
        self.needs_wallet(command.cell, command.household, needs);
        needs.rows::<RailCredit>(key![command.cell, credit_id(&command.rail, &command.reference)]);
    }

    pub(crate) fn take_credit(&self, slice: &Overlay, command: &TakeCredit, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let TakeCredit { cell, household, ref rail, ref reference, on, .. } = *command;
        let amount = check_amount(command.amount, currency)?;
        check_text("the rail", rail, REFERENCE_CHARS_MAX)?;
        check_text("the rail's reference", reference, REFERENCE_CHARS_MAX)?;
        own_wallet(slice, cell, household, currency)?;
        if slice.get::<RailCredit>(&key![cell, credit_id(rail, reference)])?.is_some() {
            let fact = Fact::Declined { code: "answered_already".to_owned() };
            return Ok(Change::new(Outcome::AlreadyThere, vec![fact]));
        }
        let entry = self.rail_entry(household, amount, on.min(context.open_date), &format!("{rail} {reference}"))?;
        let taken =
            CreditTaken { household, rail: rail.clone(), reference: reference.clone(), amount: command.amount, on };
        Ok(Change::new(Outcome::Done, vec![entry, Fact::CreditTaken(taken)]))
    }
}

/// A payment that must be there and be this household's.
fn own_payment(slice: &Overlay, cell: Cell, household: Id, payment: Id) -> Result<Payment, Stop> {
    slice
        .get::<Payment>(&key![cell, payment])?
        .filter(|row| row.household == household)
        .ok_or_else(|| Refusal::new("unknown_payment", "this household has no such payment: check its id").into())
}
