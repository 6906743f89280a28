//! What the close of a day did, read back from the books: loans touched, entries, interest by group, class, allowance.

use basics::{Cell, Date, cbor};
use door::record::JournalRecord;
use door::tables::Journal;
use door::{Connection, Record, StoreError, key};
use loan::GroupKey;

use crate::fact::Fact;
use crate::period_end::AllowanceDay;
use crate::tables::{BusinessDay, CellDay};

/// What stands aside for all loans at the end of a month, by both measures. Amounts are minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllowanceReport {
    /// Principal of all open loans.
    pub loans_minor: i64,
    /// Principal of those that do not perform.
    pub non_performing_minor: i64,
    /// General and specific floors.
    pub floor_minor: i64,
    /// Expected loss of stages 1, 2 and 3.
    pub expected_minor: [i64; 3],
    /// What stands in the books.
    pub allowance_minor: i64,
}

impl AllowanceReport {
    fn add(&mut self, row: &AllowanceDay) {
        let [one, two, three] = &mut self.expected_minor;
        for (sum, amount) in [
            (&mut self.loans_minor, row.loans_minor),
            (&mut self.non_performing_minor, row.non_performing_minor),
            (&mut self.floor_minor, row.floor_minor),
            (one, row.first_stage_minor),
            (two, row.second_stage_minor),
            (three, row.third_stage_minor),
            (&mut self.allowance_minor, row.allowance_minor),
        ] {
            *sum = sum.saturating_add(amount);
        }
    }

    /// Expected loss of all stages.
    pub fn expected_loss_minor(&self) -> i64 {
        self.expected_minor.iter().fold(0, |sum, stage| sum.saturating_add(*stage))
    }
}

/// Interest of a quarter, settled day by day: contracts that settle by the quarter bring most of it on their settlement day.
/// Amounts are minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuarterReport {
    /// Interest that accrued on loans whose interest is income.
    pub accrued_minor: i64,
    /// Interest that fell due.
    pub due_minor: i64,
    /// The day on which most fell due, with how much; `None` where nothing did.
    pub settlement: Option<(Date, i64)>,
}

/// What a year came to. Amounts are minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearReport {
    /// Profit over all cells and the office; less than nothing is a loss.
    pub profit_minor: i64,
    /// Principal of all open loans.
    pub loans_minor: i64,
    /// The general risk reserve since.
    pub reserve_minor: i64,
}

/// What the close of a day did, in all and per cell. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayReport {
    /// The day.
    pub day: Date,
    /// Whether the institution has closed it.
    pub closed: bool,
    /// How long it took, in milliseconds, where whoever ran it measured it.
    pub took_millis: Option<i64>,
    /// What every cell did that has begun to close it, in order of cells.
    pub cells: Vec<CellDay>,
    /// Interest accrued by group, over all cells.
    pub groups: Vec<(GroupKey, i64)>,
    /// The allowance, on the last day of a month.
    pub allowance: Option<AllowanceReport>,
    /// Interest of the quarter, on its last day.
    pub quarter: Option<QuarterReport>,
    /// The year, on its last day.
    pub year: Option<YearReport>,
}

impl DayReport {
    /// The sum of a figure over all cells.
    pub fn sum(&self, figure: impl Fn(&CellDay) -> i64) -> i64 {
        self.cells.iter().map(figure).fold(0, i64::saturating_add)
    }
}

/// Reads what the close of a day did, on the snapshot that the caller has begun. `None` if it was never begun.
///
/// Errors if the database cannot be read, or was altered by hand.
pub fn day_report(connection: &mut dyn Connection, cells: u16, day: Date) -> Result<Option<DayReport>, StoreError> {
    let damaged = |error: &dyn std::fmt::Display| StoreError::Other(format!("{error}: run `tianxin audit verify`"));
    let rows = connection.load_many(BusinessDay::table(), &[0, 1], &[key![Cell::OFFICE, day]])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let business = BusinessDay::from_row(row).map_err(|e| damaged(&e))?;
    let keys: Vec<_> = (1..=cells).map(|cell| key![Cell(cell), day]).collect();
    let mut days = Vec::new();
    for row in connection.load_many(CellDay::table(), &[0, 1], &keys)? {
        days.push(CellDay::from_row(&row).map_err(|e| damaged(&e))?);
    }
    days.sort_by_key(|row| row.cell);
    let closed: Vec<_> =
        days.iter().filter(|row| row.closed_seq > 0).map(|row| key![row.cell, row.closed_seq]).collect();
    let mut groups: Vec<(GroupKey, i64)> = Vec::new();
    for row in connection.load_many(Journal::table(), &[0, 1], &closed)? {
        let row = Journal::from_row(&row).map_err(|e| damaged(&e))?;
        let record: JournalRecord = cbor::from_bytes(&row.bytes).map_err(|e| damaged(&e))?;
        for bytes in &record.facts {
            let Fact::DayAccrued { groups: accrued, .. } = cbor::from_bytes(bytes).map_err(|e| damaged(&e))? else {
                continue;
            };
            for group in accrued {
                match groups.iter_mut().find(|(key, _)| *key == group.key) {
                    Some((_, sum)) => *sum = sum.saturating_add(group.change_minor),
                    None => groups.push((group.key, group.change_minor)),
                }
            }
        }
    }
    let mut allowance = None;
    if day == day.last_of_month() {
        let sum = allowance.insert(AllowanceReport::default());
        for row in connection.load_many(AllowanceDay::table(), &[0, 1], &keys)? {
            sum.add(&AllowanceDay::from_row(&row).map_err(|e| damaged(&e))?);
        }
    }
    let ends_quarter = day == day.last_of_month() && day.month() % 3 == 0;
    let quarter = if ends_quarter { Some(quarter_report(connection, cells, day)?) } else { None };
    let ends_year = (day.month(), day.day()) == (12, 31) && business.closed;
    let year = ends_year.then_some(YearReport {
        profit_minor: business.profit_minor,
        loans_minor: business.loans_minor,
        reserve_minor: business.reserve_minor,
    });
    groups.sort_by(|(a, _), (b, _)| {
        let order = |key: &GroupKey| (key.product.clone(), key.stage, key.convention.code(), key.denominator);
        order(a).cmp(&order(b))
    });
    let (closed, took_millis) = (business.closed, business.took_millis);
    Ok(Some(DayReport { day, closed, took_millis, cells: days, groups, allowance, quarter, year }))
}

/// Adds up what the closes of a quarter did, up to its last day.
fn quarter_report(connection: &mut dyn Connection, cells: u16, last: Date) -> Result<QuarterReport, StoreError> {
    let damaged = |error: &dyn std::fmt::Display| StoreError::Other(format!("{error}: run `tianxin audit verify`"));
    let mut quarter = QuarterReport::default();
    let mut day = last.add_months(-2).map_err(|e| damaged(&e))?.first_of_month();
    while day <= last {
        let keys: Vec<_> = (1..=cells).map(|cell| key![Cell(cell), day]).collect();
        let mut due_minor = 0i64;
        for row in connection.load_many(CellDay::table(), &[0, 1], &keys)? {
            let row = CellDay::from_row(&row).map_err(|e| damaged(&e))?;
            quarter.accrued_minor = quarter.accrued_minor.saturating_add(row.accrued_minor);
            due_minor = due_minor.saturating_add(row.due_minor);
        }
        quarter.due_minor = quarter.due_minor.saturating_add(due_minor);
        if due_minor > quarter.settlement.map_or(0, |(_, most)| most) {
            quarter.settlement = Some((day, due_minor));
        }
        day = day.add_days(1);
    }
    Ok(quarter)
}
