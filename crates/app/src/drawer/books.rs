//! Facts of drawers as rows, and what the audit proves of them.

use basics::{Cell, Currency, Id, cbor};
use door::app::{CrossSums, Stamp};
use door::overlay::{Fault, Overlay};
use door::{Record, key};
use ledger::SubjectCode;

use super::{BOOK_CASH, CashCount, CashDifference, CashSlip, Drawer, DrawerState, SlipMoved, SlipState, VAULT};
use crate::fact::{Booked, Fact};
use crate::tables::{GlBalance, Posting};

/// The vault before anything was ever in it.
pub(super) fn vault(currency: Currency) -> Drawer {
    Drawer {
        cell: Cell::OFFICE,
        id: VAULT,
        name: "库房 vault".to_owned(),
        state: DrawerState::Closed,
        clerk: None,
        currency,
        balance_minor: 0,
        limit_minor: 0,
        under_way: 0,
        opened_on: None,
        left_open_on: None,
    }
}

/// What an entry moves between drawers. Cash that names no drawer lies in the vault: so does that of a book taken over.
pub(crate) fn apply_booked(
    cash: SubjectCode,
    books: &mut Overlay,
    stamp: &Stamp,
    booked: &Booked,
) -> Result<(), Fault> {
    let currency = booked.entry.currency();
    for line in booked.entry.lines().iter().filter(|line| line.subject == cash) {
        let id = line.sub.filter(|sub| sub.book == BOOK_CASH).map_or(VAULT, |sub| sub.id);
        let row = match books.get::<Drawer>(&key![stamp.cell, id])? {
            Some(row) => row,
            None if id == VAULT => Drawer { cell: stamp.cell, ..vault(currency) },
            None => return Err(Fault::Broken(format!("no drawer {id} to book on"))),
        };
        let balance_minor = row.balance_minor.checked_add(line.amount_minor);
        // An entry has its lines in any order: what is below nothing between them is not below it after.
        let balance_minor = balance_minor.ok_or_else(|| Fault::Broken("a drawer does not fit 64 bits".to_owned()))?;
        books.put(&Drawer { balance_minor, ..row });
    }
    for line in booked.entry.lines().iter().filter(|line| line.subject == cash) {
        let id = line.sub.filter(|sub| sub.book == BOOK_CASH).map_or(VAULT, |sub| sub.id);
        let row = books.get::<Drawer>(&key![stamp.cell, id])?;
        if let Some(row) = row.filter(|row| row.balance_minor < 0) {
            return Err(Fault::Broken(format!("the drawer {} would hold {}", row.name, row.balance_minor)));
        }
    }
    Ok(())
}

/// Turns the facts of drawers into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::DrawerSet(set) => {
            let known = books.get::<Drawer>(&key![cell, set.drawer])?;
            let base = known.unwrap_or_else(|| Drawer { cell, id: set.drawer, ..vault(set.currency) });
            let state = if set.retired { DrawerState::Retired } else { DrawerState::Closed };
            let (name, clerk, limit_minor) = (set.name.clone(), Some(set.clerk), set.limit_minor);
            books.put(&Drawer { name, state, clerk, limit_minor, ..base });
        }
        Fact::CashCounted(told) => {
            let row = match books.get::<Drawer>(&key![cell, told.drawer])? {
                Some(row) => row,
                None if told.drawer == VAULT => Drawer { cell, ..vault(told.currency) },
                None => return Err(Fault::Broken(format!("no drawer {} to count", told.drawer))),
            };
            books.put(&CashCount {
                cell,
                drawer: told.drawer,
                on_day: stamp.booking_date,
                seq: stamp.seq,
                occasion: told.occasion,
                clerk: told.clerk,
                second: stamp.actor.id,
                counted_minor: told.counted_minor,
                difference_minor: told.difference_minor,
                pieces: cbor::to_bytes(&told.pieces),
            });
            if told.difference_minor != 0 {
                books.put(&CashDifference {
                    cell,
                    id: stamp.command_id,
                    drawer: told.drawer,
                    clerk: told.clerk,
                    on_day: stamp.booking_date,
                    amount_minor: told.difference_minor,
                    cleared: None,
                    reason: None,
                    cleared_on: None,
                });
            }
            let state = if told.open { DrawerState::Open } else { DrawerState::Closed };
            let opens = told.open && row.state != DrawerState::Open;
            let opened_on = if opens { Some(stamp.booking_date) } else { row.opened_on };
            books.put(&Drawer { state, opened_on, ..row });
        }
        Fact::DrawerLeftOpen { drawer, .. } => {
            let gone = || Fault::Broken(format!("no drawer {drawer} to leave open"));
            let row = books.get::<Drawer>(&key![cell, *drawer])?.ok_or_else(gone)?;
            books.put(&Drawer { left_open_on: Some(stamp.booking_date), ..row });
        }
        Fact::SlipMoved(moved) => apply_slip(books, cell, moved)?,
        Fact::DifferenceCleared(told) => {
            let gone = || Fault::Broken(format!("no difference {} to clear", told.difference));
            let row = books.get::<CashDifference>(&key![cell, told.difference])?.ok_or_else(gone)?;
            let (cleared, reason) = (Some(told.how), Some(told.reason.clone()));
            books.put(&CashDifference { cleared, reason, cleared_on: Some(stamp.booking_date), ..row });
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a drawer"))),
    }
    Ok(())
}

fn apply_slip(books: &mut Overlay, cell: Cell, moved: &SlipMoved) -> Result<(), Fault> {
    let key = key![cell, moved.drawer, moved.on_day, moved.slip];
    let mut on_its_way = i64::from(moved.state == SlipState::Asked);
    match &moved.says {
        Some(says) => books.put(&CashSlip {
            cell,
            drawer: moved.drawer,
            on_day: moved.on_day,
            id: moved.slip,
            way: says.way,
            state: moved.state,
            of_cell: i64::from(says.of_cell.0),
            household: says.household,
            amount_minor: says.amount_minor,
            value_date: says.value_date,
            loan: says.loan,
            why: moved.why.clone(),
        }),
        None => {
            let gone = || Fault::Broken(format!("no slip {} to go on with", moved.slip));
            let row = books.get::<CashSlip>(&key)?.ok_or_else(gone)?;
            on_its_way -= i64::from(row.state == SlipState::Asked);
            books.put(&CashSlip { state: moved.state, why: moved.why.clone(), ..row });
        }
    }
    if on_its_way != 0 {
        let gone = || Fault::Broken(format!("no drawer {} for a slip", moved.drawer));
        let row = books.get::<Drawer>(&key![cell, moved.drawer])?.ok_or_else(gone)?;
        books.put(&Drawer { under_way: row.under_way + on_its_way, ..row });
    }
    Ok(())
}

fn sum_of(cell: Cell, drawer: Id) -> String {
    format!("drawer {} {drawer}", cell.0)
}

/// Adds what a posting moved to its drawer's sum.
pub(crate) fn observe(cash: SubjectCode, posting: &Posting, sums: &mut CrossSums) {
    if posting.subject == i64::from(cash.0) {
        let in_drawer = posting.account.filter(|_| posting.book == i64::from(BOOK_CASH));
        sums.add(sum_of(posting.cell, in_drawer.unwrap_or(VAULT)), i128::from(posting.amount_minor));
    }
}

/// What is wrong with the drawers of a cell: each holds what its postings come to and never less than nothing, all together hold
/// the balance of the subject of cash, and as many slips are on their way as they say.
pub(crate) fn check(cash: SubjectCode, cell: Cell, books: &Overlay, sums: &CrossSums) -> Result<Vec<String>, Fault> {
    let mut findings = Vec::new();
    let mut all = 0;
    let mut asked = std::collections::BTreeMap::<Id, i64>::new();
    for (_, row) in books.all_rows(CashSlip::table()) {
        let row = CashSlip::from_row(row)?;
        *asked.entry(row.drawer).or_default() += i64::from(row.state == SlipState::Asked);
    }
    for (_, row) in books.all_rows(Drawer::table()) {
        let row = Drawer::from_row(row)?;
        let (name, kept) = (&row.name, row.balance_minor);
        all += i128::from(kept);
        let posted = sums.get(&sum_of(cell, row.id));
        if posted != i128::from(kept) {
            findings.push(format!("{cell:?}: the drawer {name} holds {kept}, its postings add up to {posted}"));
        }
        if kept < 0 {
            findings.push(format!("{cell:?}: the drawer {name} holds {kept}, less than nothing"));
        }
        let (under_way, slips) = (row.under_way, asked.remove(&row.id).unwrap_or(0));
        if under_way != slips {
            findings.push(format!("{cell:?}: the drawer {name} says {under_way} slips are on their way, {slips} are"));
        }
    }
    let mut balance = 0;
    for (_, row) in books.all_rows(GlBalance::table()) {
        let row = GlBalance::from_row(row)?;
        if row.subject == i64::from(cash.0) {
            balance += i128::from(row.balance_minor);
        }
    }
    if balance != all {
        findings.push(format!("{cell:?}: drawers and vault hold {all}, the subject of cash has {balance}"));
    }
    Ok(findings)
}
