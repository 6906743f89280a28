//! The exploration lane in the books: what it has cost this year, cell by cell, and the chance everyone had who could have entered it.

use basics::{Cell, Date, Id};
use door::app::Context;
use door::overlay::{Fault, Needs, Overlay};
use door::{Stamp, Stop, key};
use minicbor::{Decode, Encode};

use crate::fact::Fact;
use crate::observe::stale;

door::table! {
    /// What the exploration lane took in a calendar year.
    pub struct ExplorationYear = "exploration_year" (Household, State, key 2) {
        /// The cell.
        cell: Cell,
        /// The year.
        year: i64,
        /// Requests that were taken.
        taken: i64,
        /// Expected loss on them, in minor units.
        expected_loss_minor: i64,
    }
}

/// A decision that the exploration lane could have made.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entered {
    /// The chance it had, ppm.
    #[n(0)]
    pub propensity_ppm: i64,
    /// Whether it was taken.
    #[n(1)]
    pub taken: bool,
    /// Expected loss if it is, in minor units.
    #[n(2)]
    pub expected_loss_minor: i64,
    /// The year's budget over all cells, in minor units.
    #[n(3)]
    pub budget_year_minor: i64,
}

/// What a cell may lose in a year: its share of the institution's budget.
pub fn share_of_cell(budget_year_minor: i64, cells: u16) -> i64 {
    budget_year_minor / i64::from(cells.max(1))
}

/// What is used up of a year's budget in a cell.
pub(crate) fn used_minor(rows: &[ExplorationYear], cell: Cell, on: Date) -> i64 {
    let year = i64::from(on.year());
    rows.iter().filter(|row| row.cell == cell && row.year == year).map(|row| row.expected_loss_minor).sum()
}

pub(crate) fn needs(needs: &mut Needs, cell: Cell) {
    needs.rows::<ExplorationYear>(key![cell]);
}

/// The fact of a decision that the lane could have made. Where the budget was used up meanwhile, it is decided again.
pub(crate) fn entered(
    slice: &Overlay,
    entered: &Entered,
    (household, application): (Id, Id),
    context: &Context,
) -> Result<Fact, Stop> {
    let rows = slice.range::<ExplorationYear>(&key![context.cell])?;
    let used = used_minor(&rows, context.cell, context.open_date);
    let budget = share_of_cell(entered.budget_year_minor, context.cells);
    if entered.taken && used.saturating_add(entered.expected_loss_minor) > budget {
        return Err(stale("lane_stale", "the exploration budget was used up meanwhile: decide again").into());
    }
    Ok(Fact::Explored { household, application, lane: entered.clone() })
}

/// Turns the fact into rows: only what was taken costs something.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, lane: &Entered) -> Result<(), Fault> {
    if !lane.taken {
        return Ok(());
    }
    let (cell, year) = (stamp.cell, i64::from(stamp.booking_date.year()));
    let row = books.get::<ExplorationYear>(&key![cell, year])?;
    let row = row.unwrap_or(ExplorationYear { cell, year, taken: 0, expected_loss_minor: 0 });
    let expected_loss_minor = row.expected_loss_minor.saturating_add(lane.expected_loss_minor);
    books.put(&ExplorationYear { taken: row.taken + 1, expected_loss_minor, ..row });
    Ok(())
}
