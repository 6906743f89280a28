//! Cash at the window 柜面现金: teller drawers 尾箱, the vault 库房 they are filled from, and cash in and out of wallets.
//!
//! All cash lies in a drawer or in the vault, both rows of the office's cell, and stands under the chart's subject of cash with a
//! sub-account each: their sum is the subject's balance, and every posting there moves one of them. A drawer belongs to one clerk
//! and is opened and closed by two people, with a count by denomination. What a count finds too much or too little is booked at
//! once to subjects of its own (待处理出纳长款, 短款), opens a case, and stays there until two people have said what it was.
//!
//! Cash crosses cells as transfers do ([`crate::transfer`]): what is paid in is booked in the drawer when the wallet has taken it,
//! what is paid out leaves the wallet when the drawer has given it. So a slip says `booked` before any notes change hands.

use basics::{Cell, Currency, Date, Id, Money};
use door::app::Refusal;
use ledger::SubAccount;
use minicbor::{Decode, Encode};

mod books;
mod cash;
mod step;

pub(crate) use books::{apply, apply_booked, check, observe};
pub use cash::{DrawerArrives, PayCash, TakeCash};
pub(crate) use step::check_all_closed;

/// Sub-account book of cash: drawers and the vault.
pub const BOOK_CASH: u16 = 30;
/// The vault: the drawer that every institution has.
pub const VAULT: Id = Id::from_u128(1);
/// The detector's name in a case: a count that differs.
pub(crate) const SIGNAL: &str = "cash_count";
/// Pieces of one denomination that a count may name at most.
const PIECES_MAX: u32 = 10_000_000;

/// The sub-account of a drawer.
pub(crate) fn drawer_account(drawer: Id) -> Option<SubAccount> {
    Some(SubAccount { book: BOOK_CASH, owner: drawer, id: drawer })
}

door::text_enum! {
    /// Whether a drawer may be worked with.
    pub enum DrawerState {
        /// Locked; what is in it was counted.
        Closed = "closed",
        /// Its clerk pays in and out of it.
        Open = "open",
        /// It is not used any more; it is empty.
        Retired = "retired",
    }
}

door::text_enum! {
    /// On which occasion cash was counted.
    pub enum Occasion {
        /// A drawer was opened 开箱.
        Open = "open",
        /// A drawer was closed 轧账.
        Close = "close",
        /// Somebody came to look 查库.
        Check = "check",
    }
}

door::text_enum! {
    /// What becomes of a difference.
    pub enum Cleared {
        /// By cash in a drawer: the clerk made it good, or whoever it belongs to had it back.
        Cash = "cash",
        /// It is the institution's income or loss.
        Profit = "profit",
    }
}

door::text_enum! {
    /// Whether cash comes or goes.
    pub enum Way {
        /// From the household into the drawer.
        In = "in",
        /// Out of the drawer to the household.
        Out = "out",
    }
}

door::text_enum! {
    /// Where a slip stands.
    pub enum SlipState {
        /// On its way to the household's cell.
        Asked = "asked",
        /// In the books: notes may change hands.
        Booked = "booked",
        /// Nothing was booked: no notes change hands.
        TurnedDown = "turned_down",
    }
}

door::table! {
    /// A teller drawer, or the vault. Lives in the office's cell.
    pub struct Drawer = "drawer" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// Its id.
        id: Id,
        /// What people call it: the window it stands at.
        name: String,
        /// Whether it may be worked with; of the vault it says nothing.
        state: DrawerState,
        /// The clerk who answers for it; none for the vault.
        clerk: Option<Id>,
        /// The currency.
        currency: Currency,
        /// What is in it by the books, in minor units.
        balance_minor: i64,
        /// What it should hold at most, in minor units; 0 for no such limit. More is a warning, not a refusal.
        limit_minor: i64,
        /// Slips that are on their way to a household's cell.
        under_way: i64,
        /// The day it was last opened on.
        opened_on: Option<Date>,
        /// The day over whose close it may stay open, since somebody has said why.
        left_open_on: Option<Date>,
    }
}

door::table! {
    /// A count of what is in a drawer.
    pub struct CashCount = "cash_count" (Household, State, key 4) {
        /// The office.
        cell: Cell,
        /// The drawer.
        drawer: Id,
        /// The day.
        on_day: Date,
        /// The record of the journal.
        seq: i64,
        /// On which occasion.
        occasion: Occasion,
        /// The clerk who answers for it.
        clerk: Option<Id>,
        /// The second person.
        second: Id,
        /// What was counted, in minor units.
        counted_minor: i64,
        /// What was counted beyond what the books had, in minor units; less than nothing if it lacked.
        difference_minor: i64,
        /// Denominations and pieces, encoded.
        pieces: Vec<u8>,
    }
}

door::table! {
    /// What a count found too much 长款 or too little 短款.
    pub struct CashDifference = "cash_difference" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// Its id: the command that counted.
        id: Id,
        /// The drawer.
        drawer: Id,
        /// The clerk who answered for it.
        clerk: Option<Id>,
        /// The day.
        on_day: Date,
        /// Too much, in minor units; less than nothing is too little.
        amount_minor: i64,
        /// What became of it; none while nobody has said.
        cleared: Option<Cleared>,
        /// Why.
        reason: Option<String>,
        /// The day it was cleared on.
        cleared_on: Option<Date>,
    }
}

door::table! {
    /// Cash paid in or out at a drawer 现金凭证.
    pub struct CashSlip = "cash_slip" (Household, State, key 4) {
        /// The office.
        cell: Cell,
        /// The drawer.
        drawer: Id,
        /// The office's day it was asked on.
        on_day: Date,
        /// Its id: the crossing's.
        id: Id,
        /// In or out.
        way: Way,
        /// Where it stands.
        state: SlipState,
        /// The cell of the household.
        of_cell: i64,
        /// The household.
        household: Id,
        /// Minor units.
        amount_minor: i64,
        /// When it takes effect.
        value_date: Date,
        /// The loan it pays, where it pays one.
        loan: Option<Id>,
        /// Why it was turned down.
        why: Option<String>,
    }
}

/// So many pieces of a denomination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pieces {
    /// What one is worth, in minor units.
    #[n(0)]
    pub denomination_minor: i64,
    /// How many.
    #[n(1)]
    pub pieces: u32,
}

/// Do something with a drawer.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct WorkDrawer {
    /// The drawer; [`VAULT`] for the vault.
    #[n(0)]
    pub drawer: Id,
    /// What.
    #[n(1)]
    pub step: DrawerStep,
}

/// A step of a drawer.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum DrawerStep {
    /// Make a drawer, or change who answers for it, its name or its limit; only while it is closed.
    #[n(0)]
    Set {
        /// What people call it.
        #[n(0)]
        name: String,
        /// The clerk who answers for it.
        #[n(1)]
        clerk: Id,
        /// What it should hold at most.
        #[n(2)]
        limit: Option<Money>,
        /// Whether it is not used any more.
        #[n(3)]
        retired: bool,
    },
    /// Open it: what is counted is what was locked in it and what the vault hands over.
    #[n(1)]
    Open {
        /// The count.
        #[n(0)]
        pieces: Vec<Pieces>,
        /// What comes from the vault.
        #[n(1)]
        from_vault: Option<Money>,
    },
    /// Close it: count, book what differs, hand part or all of it to the vault.
    #[n(2)]
    Close {
        /// The count, before anything is handed over.
        #[n(0)]
        pieces: Vec<Pieces>,
        /// What goes to the vault; the rest stays locked in it.
        #[n(1)]
        to_vault: Option<Money>,
    },
    /// Count what is in it, or in the vault, and book what differs.
    #[n(3)]
    Check {
        /// The count.
        #[n(0)]
        pieces: Vec<Pieces>,
        /// Whether the drawer is closed with it, without its clerk.
        #[n(1)]
        close: bool,
    },
    /// Cash from the vault into an open drawer.
    #[n(4)]
    FromVault {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// Cash from an open drawer into the vault.
    #[n(5)]
    ToVault {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// Cash to another open drawer.
    #[n(6)]
    Give {
        /// The other drawer.
        #[n(0)]
        to: Id,
        /// How much.
        #[n(1)]
        amount: Money,
    },
    /// Cash fetched from the institution's bank into the vault 提现.
    #[n(7)]
    FromBank {
        /// How much.
        #[n(0)]
        amount: Money,
        /// The bank's reference.
        #[n(1)]
        reference: String,
    },
    /// Cash of the vault paid in at the institution's bank 缴存.
    #[n(8)]
    ToBank {
        /// How much.
        #[n(0)]
        amount: Money,
        /// The bank's reference.
        #[n(1)]
        reference: String,
    },
    /// Say what a difference was. By cash, it goes into or out of this drawer.
    #[n(9)]
    Clear {
        /// The difference.
        #[n(0)]
        difference: Id,
        /// What becomes of it.
        #[n(1)]
        how: Cleared,
        /// Why, and what it rests on.
        #[n(2)]
        reason: String,
    },
    /// Say why it stays open over the close of the open day.
    #[n(10)]
    LeaveOpen {
        /// Why.
        #[n(0)]
        reason: String,
    },
}

impl WorkDrawer {
    /// The act's name in the permission table, and the amount at stake.
    pub fn act(&self) -> (&'static str, i64) {
        match &self.step {
            DrawerStep::Set { .. } => ("set_drawer", 0),
            DrawerStep::Open { from_vault, .. } => ("open_drawer", from_vault.map_or(0, |money| money.minor())),
            DrawerStep::Close { to_vault, .. } => ("close_drawer", to_vault.map_or(0, |money| money.minor())),
            DrawerStep::Check { .. } => ("check_drawer", 0),
            DrawerStep::FromVault { amount } | DrawerStep::ToVault { amount } => ("move_vault_cash", amount.minor()),
            DrawerStep::Give { amount, .. } => ("give_cash", amount.minor()),
            DrawerStep::FromBank { amount, .. } | DrawerStep::ToBank { amount, .. } => {
                ("move_bank_cash", amount.minor())
            }
            DrawerStep::LeaveOpen { .. } => ("leave_drawer_open", 0),
            DrawerStep::Clear { .. } => ("clear_cash_difference", 0),
        }
    }
}

/// A drawer was made or changed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DrawerSet {
    /// The drawer.
    #[n(0)]
    pub drawer: Id,
    /// What people call it.
    #[n(1)]
    pub name: String,
    /// The clerk who answers for it.
    #[n(2)]
    pub clerk: Id,
    /// Its currency.
    #[n(3)]
    pub currency: Currency,
    /// What it should hold at most, in minor units; 0 for no limit.
    #[n(4)]
    pub limit_minor: i64,
    /// Whether it is not used any more.
    #[n(5)]
    pub retired: bool,
}

/// Cash was counted.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CashCounted {
    /// The drawer.
    #[n(0)]
    pub drawer: Id,
    /// On which occasion.
    #[n(1)]
    pub occasion: Occasion,
    /// The clerk who answers for it.
    #[n(2)]
    pub clerk: Option<Id>,
    /// Denominations and pieces.
    #[n(3)]
    pub pieces: Vec<Pieces>,
    /// What they come to, in minor units.
    #[n(4)]
    pub counted_minor: i64,
    /// What was counted beyond what the books had, in minor units.
    #[n(5)]
    pub difference_minor: i64,
    /// Whether the drawer is open since.
    #[n(6)]
    pub open: bool,
    /// The currency.
    #[n(7)]
    pub currency: Currency,
}

/// A slip came to a state.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SlipMoved {
    /// The drawer.
    #[n(0)]
    pub drawer: Id,
    /// The office's day it was asked on.
    #[n(1)]
    pub on_day: Date,
    /// The slip: its crossing.
    #[n(2)]
    pub slip: Id,
    /// The state.
    #[n(3)]
    pub state: SlipState,
    /// What it says, where it is new.
    #[n(4)]
    pub says: Option<SlipSays>,
    /// Why it was turned down.
    #[n(5)]
    pub why: Option<String>,
}

/// What a slip says.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SlipSays {
    /// In or out.
    #[n(0)]
    pub way: Way,
    /// The cell of the household.
    #[n(1)]
    pub of_cell: Cell,
    /// The household.
    #[n(2)]
    pub household: Id,
    /// How much, in minor units.
    #[n(3)]
    pub amount_minor: i64,
    /// When it takes effect.
    #[n(4)]
    pub value_date: Date,
    /// The loan it pays.
    #[n(5)]
    pub loan: Option<Id>,
}

/// It was said what a difference was.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DifferenceCleared {
    /// The difference.
    #[n(0)]
    pub difference: Id,
    /// What became of it.
    #[n(1)]
    pub how: Cleared,
    /// Why.
    #[n(2)]
    pub reason: String,
}

/// What a count comes to, in minor units. Refuses a denomination that there is not, or that is named twice.
pub fn counted(pieces: &[Pieces], denominations: &[i64]) -> Result<i64, Refusal> {
    let refused = |message: String| Refusal::new("bad_count", message);
    let mut total = 0_i64;
    for (place, row) in pieces.iter().enumerate() {
        let worth = basics::money::format_minor(row.denomination_minor);
        if !denominations.contains(&row.denomination_minor) {
            let known: Vec<String> = denominations.iter().map(|minor| basics::money::format_minor(*minor)).collect();
            return Err(refused(format!("there is no note or coin of {worth}: there are {}", known.join(", "))));
        }
        if pieces[..place].iter().any(|other| other.denomination_minor == row.denomination_minor) {
            return Err(refused(format!("pieces of {worth} are counted twice: give one number")));
        }
        if row.pieces > PIECES_MAX {
            return Err(refused(format!("{} pieces of {worth} are more than {PIECES_MAX}: count again", row.pieces)));
        }
        let sum = row.denomination_minor.checked_mul(i64::from(row.pieces)).and_then(|sum| total.checked_add(sum));
        total = sum.ok_or_else(|| refused("the count does not fit: count again".to_owned()))?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[i64] = &[10_000, 5_000, 100, 50, 1];

    fn row(denomination_minor: i64, pieces: u32) -> Pieces {
        Pieces { denomination_minor, pieces }
    }

    #[test]
    fn a_count_adds_up_and_says_what_is_wrong() {
        assert_eq!(counted(&[], KNOWN).unwrap(), 0);
        assert_eq!(counted(&[row(10_000, 12), row(50, 3), row(1, 4)], KNOWN).unwrap(), 120_154);
        for (pieces, words) in [
            (vec![row(200, 1)], "no note or coin of 2.00"),
            (vec![row(-100, 1)], "no note or coin of -1.00"),
            (vec![row(100, 1), row(100, 2)], "pieces of 1.00 are counted twice"),
            (vec![row(100, PIECES_MAX + 1)], "are more than 10000000"),
        ] {
            let refusal = counted(&pieces, KNOWN).unwrap_err();
            assert_eq!(refusal.code, "bad_count");
            assert!(refusal.message.contains(words), "{}", refusal.message);
        }
    }
}
