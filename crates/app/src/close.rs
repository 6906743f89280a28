//! Close of day: each cell closes in its own queue, the institution when every receipt is in.
//!
//! The last step in a cell moves its open date on; everything else interleaves and books
//! to whatever the cell's open date is, so nothing stops for the close.

use basics::{Cell, Date};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Message, key};
use minicbor::{Decode, Encode};

use crate::command::{Command, Outcome};
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::BusinessDay;

/// Close the institution's day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CloseDay {
    /// The day; the office's open day.
    #[n(0)]
    pub day: Date,
}

/// Close a cell's day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CloseCell {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The day.
    #[n(1)]
    pub day: Date,
}

/// A cell has closed its day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TakeReceipt {
    /// Which cell.
    #[n(0)]
    pub from: Cell,
    /// Which day.
    #[n(1)]
    pub day: Date,
}

impl Tianxin {
    pub(crate) fn needs_day(&self, day: Date, needs: &mut Needs) {
        needs.rows::<BusinessDay>(key![Cell::OFFICE, day]);
    }

    pub(crate) fn close_day(&self, slice: &Overlay, command: &CloseDay, context: &Context) -> Decided<Tianxin> {
        let day = command.day;
        let today = context.at.date_at_offset(self.institution.zone_minutes);
        if slice.get::<BusinessDay>(&key![Cell::OFFICE, day])?.is_some() {
            return Err(Refusal::new("day_closing", format!("{day} is closed, or being closed, already")).into());
        }
        if day != context.open_date {
            let message = format!("the open day is {}: close that one", context.open_date);
            return Err(Refusal::new("not_the_open_day", message).into());
        }
        if day > today {
            return Err(Refusal::new("day_not_over", format!("{day} has not begun yet")).into());
        }
        let fact = Fact::CloseStarted { day, expected: i64::from(context.cells) };
        let mut change = Change::new(Outcome::Closing { day, cells: context.cells }, vec![fact]);
        for cell in (1..=context.cells).map(Cell) {
            let id = context.command_id.derive(&format!("close-{cell}"));
            change = change.with_message(Message { id, command: Command::CloseCell(CloseCell { cell, day }) });
        }
        Ok(change)
    }

    pub(crate) fn close_cell(&self, command: &CloseCell, context: &Context) -> Decided<Tianxin> {
        let day = command.day;
        if context.open_date != day {
            let message = format!("{} has {} open, not {day}", command.cell, context.open_date);
            return Err(Refusal::new("not_the_open_day", message).into());
        }
        let receipt = Message {
            id: context.command_id.derive("receipt"),
            command: Command::TakeReceipt(TakeReceipt { from: command.cell, day }),
        };
        let mut change = Change::new(Outcome::Closed { day }, vec![Fact::DayClosed { day }]).with_message(receipt);
        change.opens = Some(day.add_days(1));
        Ok(change)
    }

    pub(crate) fn take_receipt(&self, slice: &Overlay, command: &TakeReceipt, _: &Context) -> Decided<Tianxin> {
        let day = command.day;
        let row = slice
            .get::<BusinessDay>(&key![Cell::OFFICE, day])?
            .ok_or_else(|| Refusal::new("not_closing", format!("{day} is not being closed")))?;
        let mut facts = vec![Fact::ReceiptTaken { day, from: command.from }];
        if row.received + 1 < row.expected {
            return Ok(Change::new(Outcome::Done, facts));
        }
        facts.push(Fact::InstitutionDayClosed { day });
        let mut change = Change::new(Outcome::Closed { day }, facts);
        change.opens = Some(day.add_days(1));
        Ok(change)
    }
}
