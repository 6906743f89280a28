//! Money on its way out that waits for a person: suspended (暂缓办理) before it is acknowledged, carried out or refused by an officer.
//!
//! The monitor is asked by the desk, before the door. What it said travels in the command and is journaled with its fact, so that neither
//! replay nor audit needs a monitor. The order stands as it was sent and its money is reserved; nobody has it until an officer carries it
//! out, under an id made of its own, or refuses it. What nobody looks at lapses at the close of its last day, and the money is free
//! again. The household is told that its order is being looked at, and never why. Repayments are never suspended.

use basics::{Cell, Currency, Date, Id, Money, cbor};
use door::app::{Context, Decided, Message, Refusal, Stamp};
use door::overlay::{Fault, Needs, Overlay};
use door::{Actor, Change, Record, key};
use minicbor::{Decode, Encode};

use crate::books::{check_text, own_wallet};
use crate::case::{AlertSignal, RaiseAlert};
use crate::code::PayCode;
use crate::command::{Command, Outcome};
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::payment::{AskPayment, PaymentWay};
use crate::tables::{Agenda, AgendaKind, Wallet};
use crate::transfer::Transfer;
use crate::wallet::Withdraw;

/// Days for which an order may wait at most.
const DAYS_MAX: i32 = 30;
/// Signals that are kept.
const SIGNALS_MAX: usize = 16;
/// The typology of what is held since the monitor gave no answer.
pub const UNANSWERED: &str = "unanswered";

door::text_enum! {
    /// Where a suspended order stands.
    pub enum SuspendedState {
        /// Its money is reserved, and somebody has to look 待核查.
        Waiting = "waiting",
        /// An officer had it carried out 已放行.
        Released = "released",
        /// An officer refused it; the money is free again 已拒绝.
        Refused = "refused",
        /// Nobody looked in time; the money is free again 已过期.
        Lapsed = "lapsed",
    }
}

door::text_enum! {
    /// What becomes of a suspended order.
    pub enum SuspendedEnd {
        /// It is carried out.
        Release = "release",
        /// It is not.
        Refuse = "refuse",
    }
}

/// Money on its way out of a wallet: what can be suspended.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Outgoing {
    /// To the household's own account or in cash.
    #[n(0)]
    Withdraw(#[n(0)] Withdraw),
    /// To another household.
    #[n(1)]
    Transfer(#[n(0)] Transfer),
    /// Over a rail to a bound account.
    #[n(2)]
    Payment(#[n(0)] AskPayment),
    /// To a merchant.
    #[n(3)]
    Code(#[n(0)] PayCode),
}

impl Outgoing {
    /// The order as a command of its own.
    pub fn command(&self) -> Command {
        match self.clone() {
            Outgoing::Withdraw(c) => Command::Withdraw(c),
            Outgoing::Transfer(c) => Command::Transfer(c),
            Outgoing::Payment(c) => Command::AskPayment(c),
            Outgoing::Code(c) => Command::PayCode(c),
        }
    }

    /// The cell of the payer.
    pub fn cell(&self) -> Cell {
        crate::command::cell_of(&self.command())
    }

    /// Who pays.
    pub fn household(&self) -> Id {
        match self {
            Outgoing::Withdraw(c) => c.household,
            Outgoing::Transfer(c) => c.from,
            Outgoing::Payment(c) => c.household,
            Outgoing::Code(c) => c.household,
        }
    }

    /// How much.
    pub fn amount(&self) -> Money {
        match self {
            Outgoing::Withdraw(c) => c.amount,
            Outgoing::Transfer(c) => c.amount,
            Outgoing::Payment(c) => c.amount,
            Outgoing::Code(c) => c.amount,
        }
    }

    /// `withdrawal`, `transfer`, `payment` or `code_payment`.
    pub const fn word(&self) -> &'static str {
        match self {
            Outgoing::Withdraw(_) => "withdrawal",
            Outgoing::Transfer(_) => "transfer",
            Outgoing::Payment(_) => "payment",
            Outgoing::Code(_) => "code_payment",
        }
    }

    /// The household that is paid; none where it goes to an account elsewhere or in cash.
    pub fn payee(&self) -> Option<Id> {
        match self {
            Outgoing::Transfer(c) => Some(c.to),
            Outgoing::Code(c) => Some(c.to.1),
            Outgoing::Withdraw(_) | Outgoing::Payment(_) => None,
        }
    }
}

/// What the monitor said of an order before it moved.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Judged {
    /// Code and version of the configuration that it went by.
    #[n(0)]
    pub config: (String, u32),
    /// The typology that asks for a hold; [`UNANSWERED`] where the monitor said nothing in time and the configuration holds then.
    #[n(1)]
    pub typology: String,
    /// Its score, thousandths of the threshold for alerts.
    #[n(2)]
    pub score_milli: i64,
    /// Calendar days in which somebody has to look.
    #[n(3)]
    pub days: i32,
    /// What was unusual.
    #[n(4)]
    pub signals: Vec<AlertSignal>,
}

/// Reserve the money of an order and have a person look at it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Suspend {
    /// The order.
    #[n(0)]
    pub order: Outgoing,
    /// What the monitor said of it.
    #[n(1)]
    pub judged: Judged,
}

/// Carry out or refuse a suspended order.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct EndSuspended {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Who pays.
    #[n(1)]
    pub household: Id,
    /// The order: the id of the command that sent it.
    #[n(2)]
    pub suspended: Id,
    /// Its amount, as the officer has seen it: what a second person is asked for goes by it.
    #[n(3)]
    pub amount: Money,
    /// What becomes of it.
    #[n(4)]
    pub end: SuspendedEnd,
    /// Why. Kept for the record; the household does not see it.
    #[n(5)]
    pub reason: String,
}

impl EndSuspended {
    /// The act, as in the permission table.
    pub const fn act(&self) -> &'static str {
        match self.end {
            SuspendedEnd::Release => "release_suspended",
            SuspendedEnd::Refuse => "refuse_suspended",
        }
    }
}

/// An order as it is kept: with who sent it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Kept {
    /// The order.
    #[n(0)]
    pub order: Outgoing,
    /// Who sent it: it is carried out in this name.
    #[n(1)]
    pub sender: Actor,
}

/// An order was suspended. Its id is that of the command.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct OrderSuspended {
    /// The order and who sent it.
    #[n(0)]
    pub kept: Kept,
    /// What the monitor said.
    #[n(1)]
    pub judged: Judged,
    /// The last day on which it may be carried out.
    #[n(2)]
    pub last_day: Date,
}

/// A suspended order came to its end.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SuspensionEnded {
    /// Who pays.
    #[n(0)]
    pub household: Id,
    /// The order.
    #[n(1)]
    pub suspended: Id,
    /// How.
    #[n(2)]
    pub state: SuspendedState,
    /// Why, where a person ended it.
    #[n(3)]
    pub reason: Option<String>,
}

door::table! {
    /// An order that waits, or waited, for a person.
    pub struct SuspendedOrder = "suspended_order" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// Who pays.
        household: Id,
        /// The order: the id of the command that sent it.
        id: Id,
        /// `withdrawal`, `transfer`, `payment` or `code_payment`.
        kind: String,
        /// The household that is paid, where it is one.
        payee: Option<Id>,
        /// How much, in minor units.
        amount_minor: i64,
        /// The currency.
        currency: Currency,
        /// Where it stands.
        state: SuspendedState,
        /// The day it was sent on.
        sent_on: Date,
        /// The last day on which it may be carried out.
        last_day: Date,
        /// The day it ended on.
        ended_on: Option<Date>,
        /// Who ended it.
        ended_by: Option<Id>,
        /// Why.
        reason: Option<String>,
        /// The order and who sent it, encoded.
        kept: Vec<u8>,
        /// What the monitor said, encoded.
        judged: Vec<u8>,
    }
    index "suspended_order_by_state" ["cell", "state", "id"];
}

impl SuspendedOrder {
    /// The order and who sent it. Errors if the row was altered by hand.
    pub fn kept(&self) -> Result<Kept, cbor::DecodeError> {
        cbor::from_bytes(&self.kept)
    }

    /// What the monitor said of it. Errors if the row was altered by hand.
    pub fn judged(&self) -> Result<Judged, cbor::DecodeError> {
        cbor::from_bytes(&self.judged)
    }

    fn place_on_agenda(&self) -> Vec<door::Value> {
        key![self.cell, self.last_day, AgendaKind::Suspended.code(), self.household, self.id]
    }
}

/// Whether an outcome says that money moves or will.
const fn moves(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done | Outcome::PendingFunds | Outcome::OnItsWay { .. } | Outcome::PaymentAsked)
}

impl Tianxin {
    fn needs_outgoing(&self, order: &Outgoing, needs: &mut Needs) {
        match order {
            Outgoing::Withdraw(c) => self.needs_withdraw(c, needs),
            Outgoing::Transfer(c) => self.needs_transfer(c, needs),
            Outgoing::Payment(c) => self.needs_ask_payment(c, needs),
            Outgoing::Code(c) => self.needs_pay_code(c, needs),
        }
    }

    fn carry_out(&self, slice: &Overlay, order: &Outgoing, context: &Context) -> Decided<Tianxin> {
        match order {
            Outgoing::Withdraw(c) => self.withdraw(slice, c, context),
            Outgoing::Transfer(c) => self.transfer(slice, c, context),
            Outgoing::Payment(c) => self.ask_payment(slice, c, context),
            Outgoing::Code(c) => self.pay_code(slice, c, context),
        }
    }

    pub(crate) fn needs_suspend(&self, command: &Suspend, needs: &mut Needs) {
        self.needs_outgoing(&command.order, needs);
    }

    /// Decides the order as if it went out: a no is told as it is. What would move is reserved instead.
    pub(crate) fn suspend(&self, slice: &Overlay, command: &Suspend, context: &Context) -> Decided<Tianxin> {
        let Suspend { order, judged } = command;
        check_text("the code of the configuration", &judged.config.0, 40)?;
        check_text("the typology", &judged.typology, 40)?;
        if !(1..=DAYS_MAX).contains(&judged.days) {
            return Err(Refusal::new("bad_suspension", format!("an order waits for 1 to {DAYS_MAX} days")).into());
        }
        if judged.signals.len() > SIGNALS_MAX {
            return Err(Refusal::new("too_many_signals", format!("give at most {SIGNALS_MAX} signals")).into());
        }
        if matches!(order, Outgoing::Payment(c) if c.way == PaymentWay::In) {
            let message = "what comes into a wallet is not suspended: send it as it is";
            return Err(Refusal::new("bad_suspension", message).into());
        }
        let sent = self.carry_out(slice, order, context)?;
        if !moves(&sent.outcome) {
            return Ok(sent);
        }
        let (household, amount) = (order.household(), order.amount());
        let last_day = context.open_date.add_days(judged.days);
        let held = Fact::WalletHeld { household, currency: amount.currency(), amount_minor: amount.minor() };
        let kept = Kept { order: order.clone(), sender: context.actor };
        let suspended = Fact::OrderSuspended(OrderSuspended { kept, judged: judged.clone(), last_day });
        let alert = RaiseAlert {
            alert: context.command_id.derive("alert"),
            subject: household,
            subject_kind: "household".to_owned(),
            grade: watch::Grade::Hold.word().to_owned(),
            typology: judged.typology.clone(),
            score_milli: judged.score_milli,
            money_minor: amount.minor(),
            signals: judged.signals.clone(),
            // The order itself keeps code and version.
            config: None,
        };
        let id = alert.alert.derive("raise");
        let change = Change::new(Outcome::Suspended, vec![held, suspended]);
        Ok(change.with_message(Message { id, command: Command::RaiseAlert(alert) }))
    }

    pub(crate) fn needs_end_suspended(
        &self,
        command: &EndSuspended,
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        self.needs_suspended((command.cell, command.household, command.suspended), slice, needs)?;
        let place = key![command.cell, command.household, command.suspended];
        if command.end == SuspendedEnd::Release
            && slice.has(SuspendedOrder::table(), &place)
            && let Some(row) = slice.get::<SuspendedOrder>(&place)?
        {
            self.needs_outgoing(&kept(&row)?.order, needs);
        }
        Ok(())
    }

    /// Asks for what the end of a suspension reads and changes.
    pub(crate) fn needs_suspended(
        &self,
        (cell, household, suspended): (Cell, Id, Id),
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        let place = key![cell, household, suspended];
        self.needs_wallet(cell, household, needs);
        needs.rows::<SuspendedOrder>(place.clone());
        if slice.has(SuspendedOrder::table(), &place)
            && let Some(row) = slice.get::<SuspendedOrder>(&place)?
        {
            needs.rows::<Agenda>(row.place_on_agenda());
        }
        Ok(())
    }

    pub(crate) fn end_suspended(&self, slice: &Overlay, command: &EndSuspended, context: &Context) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 300)?;
        let unknown = || Refusal::new("unknown_suspension", "this household has no such suspended order: check its id");
        let place = key![command.cell, command.household, command.suspended];
        let row = slice.get::<SuspendedOrder>(&place)?.ok_or_else(unknown)?;
        if row.state != SuspendedState::Waiting {
            let message = format!("the order is {} already: look at it again", row.state.as_str());
            return Err(Refusal::new("suspension_over", message).into());
        }
        if (command.amount.minor(), command.amount.currency()) != (row.amount_minor, row.currency) {
            let message = "the order is of another amount: look at it again";
            return Err(Refusal::new("not_that_amount", message).into());
        }
        let kept = kept(&row)?;
        if kept.sender.id == context.actor.id {
            let message = "who sent the order does not decide it: have a colleague look at it";
            return Err(Refusal::new("own_order", message).into());
        }
        let ended = |state| {
            Fact::SuspensionEnded(SuspensionEnded {
                household: row.household,
                suspended: row.id,
                state,
                reason: Some(command.reason.clone()),
            })
        };
        let free = set_free(&row);
        if command.end == SuspendedEnd::Refuse {
            return Ok(Change::new(Outcome::Done, vec![free, ended(SuspendedState::Refused)]));
        }
        // The order is decided as it would be now, its own money free for it, in the name of who sent it.
        let own = own_wallet(slice, row.cell, row.household, row.currency)?;
        let mut books = slice.clone();
        books.put(&Wallet { held_minor: own.held_minor - row.amount_minor, ..own });
        let inner = Context { command_id: row.id.derive("release"), actor: kept.sender, ..*context };
        let mut change = self.carry_out(&books, &kept.order, &inner)?;
        if moves(&change.outcome) {
            change.facts.splice(0..0, [free, ended(SuspendedState::Released)]);
        }
        // Otherwise it waits on: what stands against it may pass, or it is refused.
        Ok(change)
    }

    /// What nobody has looked at by the day that is being closed.
    pub(crate) fn suspended_due(&self, slice: &Overlay, due: &Agenda) -> Result<Vec<Fact>, Fault> {
        let gone = || Fault::Broken(format!("suspended order {} is on the agenda and not in the books", due.item));
        let row = slice.get::<SuspendedOrder>(&key![due.cell, due.owner, due.item])?.ok_or_else(gone)?;
        let (household, suspended, state) = (row.household, row.id, SuspendedState::Lapsed);
        let ended = SuspensionEnded { household, suspended, state, reason: None };
        Ok(vec![set_free(&row), Fact::SuspensionEnded(ended)])
    }
}

fn kept(row: &SuspendedOrder) -> Result<Kept, Fault> {
    row.kept().map_err(|error| Fault::Broken(format!("suspended order {} cannot be read: {error}", row.id)))
}

fn set_free(row: &SuspendedOrder) -> Fact {
    Fact::WalletHeld { household: row.household, currency: row.currency, amount_minor: -row.amount_minor }
}

/// Turns the facts of suspensions into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::OrderSuspended(told) => {
            let order = &told.kept.order;
            let row = SuspendedOrder {
                cell,
                household: order.household(),
                id: stamp.command_id,
                kind: order.word().to_owned(),
                payee: order.payee(),
                amount_minor: order.amount().minor(),
                currency: order.amount().currency(),
                state: SuspendedState::Waiting,
                sent_on: stamp.booking_date,
                last_day: told.last_day,
                ended_on: None,
                ended_by: None,
                reason: None,
                kept: cbor::to_bytes(&told.kept),
                judged: cbor::to_bytes(&told.judged),
            };
            let kind = AgendaKind::Suspended.code();
            let (owner, item, by_seq) = (row.household, row.id, stamp.seq);
            books.put(&Agenda { cell, on_day: row.last_day, kind, owner, item, by_seq });
            books.put(&row);
        }
        Fact::SuspensionEnded(told) => {
            let gone = || Fault::Broken(format!("there is no suspended order {} to end", told.suspended));
            let row = books.get::<SuspendedOrder>(&key![cell, told.household, told.suspended])?.ok_or_else(gone)?;
            books.remove::<Agenda>(&row.place_on_agenda());
            let by_person = told.state != SuspendedState::Lapsed;
            books.put(&SuspendedOrder {
                state: told.state,
                ended_on: Some(stamp.booking_date),
                ended_by: by_person.then_some(stamp.actor.id),
                reason: told.reason.clone(),
                ..row
            });
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a suspension"))),
    }
    Ok(())
}

/// What suspended orders of a cell hold: whose wallet, which currency, how much.
pub(crate) fn held(books: &Overlay) -> Result<Vec<(Id, Currency, i64)>, Fault> {
    let mut held = Vec::new();
    for (_, row) in books.all_rows(SuspendedOrder::table()) {
        let row = SuspendedOrder::from_row(row)?;
        if row.state == SuspendedState::Waiting {
            held.push((row.household, row.currency, row.amount_minor));
        }
    }
    Ok(held)
}
