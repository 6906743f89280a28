//! Money set apart in a wallet for a transfer that is to come: reserved, then posted, set free, or set free by time.
//!
//! A hold names who is to be paid when it is made, another wallet of the cell or the household's bank account, and takes what that needs at
//! once: for the bank the cell's share of the bank balance, too. So what was reserved can always be posted. A hold that nobody ends is set
//! free by the close of its last day.

use basics::{Cell, Currency, Date, Id, Money};
use door::app::{Context, Decided, Refusal, Stamp};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Record, Stop, key};
use ledger::{Hold, HoldError, HoldState, Line};
use minicbor::{Decode, Encode};

use crate::books::{
    booked, check_amount, check_text, gl, needs_booking, own_wallet, quota, quota_key, wallet, wallet_account,
};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::{Agenda, AgendaKind, EntryKind, Quota};

/// Days that a hold may last at most.
const DAYS_MAX: i32 = 366;

/// Set an amount of a wallet apart for a payee.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ReserveFunds {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Whose wallet.
    #[n(1)]
    pub household: Id,
    /// The hold, made by the caller.
    #[n(2)]
    pub hold: Id,
    /// How much.
    #[n(3)]
    pub amount: Money,
    /// The household of the cell that is to be paid; none for the household's own bank account.
    #[n(4)]
    pub to: Option<Id>,
    /// The last day on which it may be posted.
    #[n(5)]
    pub last_day: Date,
    /// What for.
    #[n(6)]
    pub purpose: String,
}

impl ReserveFunds {
    /// The act: money of households is moved only by who may keep it, and paid out by every lender.
    pub fn act(&self) -> &'static str {
        if self.to.is_some() { "reserve_transfer" } else { "reserve_payout" }
    }
}

/// Move all or part of what was set apart; the rest is set free.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PostFunds {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Whose wallet.
    #[n(1)]
    pub household: Id,
    /// The hold.
    #[n(2)]
    pub hold: Id,
    /// How much of it; all if not given.
    #[n(3)]
    pub amount: Option<Money>,
}

/// Set free what was set apart.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct VoidFunds {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// Whose wallet.
    #[n(1)]
    pub household: Id,
    /// The hold.
    #[n(2)]
    pub hold: Id,
    /// Why.
    #[n(3)]
    pub reason: String,
}

/// A hold was made.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct HoldPlaced {
    /// Whose wallet.
    #[n(0)]
    pub household: Id,
    /// The hold.
    #[n(1)]
    pub hold: Id,
    /// Who is to be paid; none for the household's bank account.
    #[n(2)]
    pub to: Option<Id>,
    /// The currency.
    #[n(3)]
    pub currency: Currency,
    /// What for.
    #[n(4)]
    pub purpose: String,
    /// Amount and last day.
    #[n(5)]
    pub state: Hold,
}

/// A hold came to its end.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct HoldEnded {
    /// Whose wallet.
    #[n(0)]
    pub household: Id,
    /// The hold.
    #[n(1)]
    pub hold: Id,
    /// How.
    #[n(2)]
    pub state: Hold,
    /// Why it was set free by an act.
    #[n(3)]
    pub reason: Option<String>,
}

door::table! {
    /// Money set apart in a wallet.
    pub struct WalletHold = "wallet_hold" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// Whose wallet.
        household: Id,
        /// The hold.
        id: Id,
        /// Who is to be paid; none for the household's bank account.
        payee: Option<Id>,
        /// The currency.
        currency: Currency,
        /// What was set apart, in minor units.
        amount_minor: i64,
        /// What of it was moved.
        posted_minor: i64,
        /// Its last day.
        last_day: Date,
        /// `reserved`, `posted`, `voided` or `expired`.
        state: String,
        /// What for.
        purpose: String,
    }
}

impl WalletHold {
    /// The hold of this row. Errors if the row was altered by hand.
    pub fn hold(&self) -> Result<Hold, Fault> {
        let state = HoldState::parse(&self.state)
            .ok_or_else(|| Fault::Broken(format!("nothing is known of the state `{}` of a hold", self.state)))?;
        let WalletHold { amount_minor, posted_minor, last_day, .. } = *self;
        Ok(Hold { amount_minor, posted_minor, last_day, state })
    }

    fn place_on_agenda(&self) -> Vec<door::Value> {
        key![self.cell, self.last_day, AgendaKind::Hold.code(), self.household, self.id]
    }
}

impl Tianxin {
    pub(crate) fn needs_reserve(&self, command: &ReserveFunds, needs: &mut Needs) {
        let ReserveFunds { cell, household, hold, to, .. } = command;
        self.needs_wallet(*cell, *household, needs);
        needs.rows::<WalletHold>(key![*cell, *household, *hold]);
        match to {
            Some(payee) => needs_booking(needs, *cell, self.institution.currency, &[], &[*payee]),
            None => needs.rows::<Quota>(quota_key(*cell, self.institution.currency)),
        }
    }

    pub(crate) fn reserve_funds(&self, slice: &Overlay, command: &ReserveFunds, context: &Context) -> Decided<Tianxin> {
        let currency = self.institution.currency;
        let ReserveFunds { cell, household, hold, to, last_day, .. } = *command;
        let amount = check_amount(command.amount, currency)?;
        check_text("what the hold is for", &command.purpose, 100)?;
        if last_day > context.open_date.add_days(DAYS_MAX) {
            return Err(Refusal::new("hold_too_long", format!("a hold lasts {DAYS_MAX} days at most")).into());
        }
        if to == Some(household) {
            return Err(Refusal::new("same_wallet", "payer and payee are the same household").into());
        }
        if slice.get::<WalletHold>(&key![cell, household, hold])?.is_some() {
            return Err(Refusal::new("hold_exists", "a hold with that id is there already: make a new id").into());
        }
        let state = Hold::reserve(amount, last_day, context.open_date).map_err(refused)?;
        let own = own_wallet(slice, cell, household, currency)?;
        let available_minor = own.balance_minor - own.held_minor;
        if amount > available_minor {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let mut facts = vec![Fact::WalletHeld { household, currency, amount_minor: amount }];
        match to {
            Some(payee) if wallet(slice, cell, payee, currency)?.is_none() => {
                let fact = Fact::Declined { code: "unknown_payee".to_owned() };
                return Ok(Change::new(Outcome::UnknownPayee, vec![fact]));
            }
            Some(_) => {}
            None => {
                let bank = gl(slice, cell, self.subjects.bank, currency)?;
                // Nobody overtakes a payout that already waits for the bank balance.
                let waits = quota(slice, cell, currency)?.waiting > 0;
                if waits || amount > bank.balance_minor - bank.held_minor {
                    let fact = Fact::Declined { code: "below_floor".to_owned() };
                    return Ok(Change::new(Outcome::BelowFloor, vec![fact]));
                }
                facts.push(Fact::BankHeld { subject: self.subjects.bank, currency, amount_minor: amount });
            }
        }
        let purpose = command.purpose.clone();
        facts.push(Fact::HoldPlaced(HoldPlaced { household, hold, to, currency, purpose, state }));
        Ok(Change::new(Outcome::Done, facts))
    }

    /// Asks for what the end of a hold reads and changes.
    pub(crate) fn needs_hold(
        &self,
        (cell, household, hold): (Cell, Id, Id),
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        let place = key![cell, household, hold];
        self.needs_wallet(cell, household, needs);
        needs.rows::<WalletHold>(place.clone());
        if slice.has(WalletHold::table(), &place)
            && let Some(row) = slice.get::<WalletHold>(&place)?
        {
            let payee: Vec<Id> = row.payee.into_iter().collect();
            needs_booking(needs, cell, self.institution.currency, &[], &payee);
            needs.rows::<Agenda>(row.place_on_agenda());
        }
        Ok(())
    }

    pub(crate) fn post_funds(&self, slice: &Overlay, command: &PostFunds, context: &Context) -> Decided<Tianxin> {
        let row = own_hold(slice, command.cell, command.household, command.hold)?;
        let amount = command.amount.map(|asked| check_amount(asked, row.currency)).transpose()?;
        let state = row.hold()?.post(amount.unwrap_or(row.amount_minor), context.open_date).map_err(refused)?;
        let mut facts = self.set_free(&row);
        let currency = row.currency;
        facts.push(match row.payee {
            None => self.payout(row.household, state.posted_minor, context.open_date)?,
            Some(payee) => {
                let lines = vec![
                    Line::debit(self.subjects.wallet, wallet_account(row.household), state.posted_minor),
                    Line::credit(self.subjects.wallet, wallet_account(payee), state.posted_minor),
                ];
                booked(EntryKind::Transfer, context.open_date, currency, lines, Some(row.purpose.clone()))?
            }
        });
        facts.push(ended(&row, state, None));
        Ok(Change::new(Outcome::Settled { posted: true }, facts))
    }

    pub(crate) fn void_funds(&self, slice: &Overlay, command: &VoidFunds) -> Decided<Tianxin> {
        check_text("the reason", &command.reason, 200)?;
        let row = own_hold(slice, command.cell, command.household, command.hold)?;
        let state = row.hold()?.void().map_err(refused)?;
        let mut facts = self.set_free(&row);
        facts.push(ended(&row, state, Some(command.reason.clone())));
        Ok(Change::new(Outcome::Settled { posted: false }, facts))
    }

    /// Sets a hold free whose last day is being closed.
    pub(crate) fn hold_due(&self, slice: &Overlay, due: &Agenda, day: Date) -> Result<Vec<Fact>, Fault> {
        let gone = || Fault::Broken(format!("hold {} is on the agenda and not in the books", due.item));
        let row = slice.get::<WalletHold>(&key![due.cell, due.owner, due.item])?.ok_or_else(gone)?;
        let state = row.hold()?.expire(day.add_days(1)).map_err(|error| Fault::Broken(error.to_string()))?;
        let mut facts = self.set_free(&row);
        facts.push(ended(&row, state, None));
        Ok(facts)
    }

    /// What is set apart for a hold is held no longer.
    fn set_free(&self, row: &WalletHold) -> Vec<Fact> {
        let (household, currency, amount_minor) = (row.household, row.currency, -row.amount_minor);
        let mut facts = vec![Fact::WalletHeld { household, currency, amount_minor }];
        if row.payee.is_none() {
            facts.push(Fact::BankHeld { subject: self.subjects.bank, currency, amount_minor });
        }
        facts
    }
}

/// A hold that must be there.
fn own_hold(slice: &Overlay, cell: Cell, household: Id, hold: Id) -> Result<WalletHold, Stop> {
    slice
        .get::<WalletHold>(&key![cell, household, hold])?
        .ok_or_else(|| Refusal::new("unknown_hold", "this household has no such hold: check its id").into())
}

fn ended(row: &WalletHold, state: Hold, reason: Option<String>) -> Fact {
    Fact::HoldEnded(HoldEnded { household: row.household, hold: row.id, state, reason })
}

fn refused(error: HoldError) -> Refusal {
    let code = match error {
        HoldError::NotPositive => "amount_not_positive",
        HoldError::OverAlready(_) | HoldError::Late(_) | HoldError::Early(_) => "hold_over",
        HoldError::Ended(_) => "hold_ended",
        HoldError::MoreThanHeld { .. } => "more_than_held",
    };
    Refusal::new(code, error.to_string())
}

/// Turns the facts of holds into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::HoldPlaced(placed) => {
            let HoldPlaced { household, hold, to, currency, purpose, state } = placed.clone();
            let row = WalletHold {
                cell,
                household,
                id: hold,
                payee: to,
                currency,
                amount_minor: state.amount_minor,
                posted_minor: state.posted_minor,
                last_day: state.last_day,
                state: state.state.as_str().to_owned(),
                purpose,
            };
            let (on_day, kind) = (row.last_day, AgendaKind::Hold.code());
            books.put(&Agenda { cell, on_day, kind, owner: household, item: hold, by_seq: stamp.seq });
            books.put(&row);
        }
        Fact::HoldEnded(ended) => {
            let place = key![cell, ended.household, ended.hold];
            let gone = || Fault::Broken(format!("no hold {} to end", ended.hold));
            let row = books.get::<WalletHold>(&place)?.ok_or_else(gone)?;
            books.remove::<Agenda>(&row.place_on_agenda());
            let (posted_minor, state) = (ended.state.posted_minor, ended.state.state.as_str().to_owned());
            books.put(&WalletHold { posted_minor, state, ..row });
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a hold"))),
    }
    Ok(())
}
