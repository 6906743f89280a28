//! The portfolio as the office looks at it: whom loans reach, how late they are, how cohorts turned out and how arrears roll.
//!
//! What is outstanding and late is read from every note; how cohorts and buckets moved is read from the arrears of the notes drawn
//! last, each folded once, and says how many those were.

use std::collections::{BTreeMap, BTreeSet};

use basics::{Date, Id, cbor};
use door::table::Row;
use door::{Connection, Record, StoreError, key};
use loan::{LifeEvent, fold};

use crate::holding::Holding;
use crate::tables::{Contract, Household, HouseholdStatus, LoanEvent, LoanNote, LoanState, Portfolio};

/// Rows read at once.
const PAGE: usize = 1_000;
/// Notes that are folded at most, the latest first.
const FOLDED_MAX: usize = 10_000;
/// Months after the drawing that a cohort is followed for.
pub const COHORT_MONTHS: usize = 24;
/// Month ends over which arrears roll.
const ROLL_MONTHS: i32 = 12;
/// Arrears at a month end: none, 1 to 30 days, 31 to 60, 61 to 90, more.
pub const BUCKETS: usize = 5;

/// Loans that are outstanding, and what of their principal is late. A loan is late as a whole (PAR).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outstanding {
    /// Open loans with principal on the balance sheet.
    pub loans: i64,
    /// Households that have one.
    pub borrowers: i64,
    /// Their principal, minor units.
    pub principal_minor: i64,
    /// Principal of loans at least one day late, minor units.
    pub late_minor: i64,
    /// Principal of loans more than 30 days late, minor units.
    pub late_30_minor: i64,
    /// Principal of loans more than 90 days late, minor units.
    pub late_90_minor: i64,
}

/// Loans drawn in one month and how many of them were ever more than 30 days late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// First day of the month.
    pub month: Date,
    /// Loans drawn.
    pub loans: i64,
    /// Their principal, minor units.
    pub principal_minor: i64,
    /// How many had been more than 30 days late by the end of each month on book, from the first, as far as all of them have come.
    pub late_30: Vec<i64>,
}

/// How loans moved from one month end to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roll {
    /// The second month end.
    pub to: Date,
    /// Loans by bucket before and bucket after; after the last bucket, those that were paid off.
    pub loans: [[i64; BUCKETS + 1]; BUCKETS],
}

/// The figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortfolioFigures {
    /// Households enrolled.
    pub households: i64,
    /// Households whose first loan was drawn within twelve months.
    pub new_borrowers: i64,
    /// Households that closed a loan more than a year ago, and those of them that drew another within a year of it.
    pub closed_a_loan: i64,
    /// See `closed_a_loan`.
    pub came_again: i64,
    /// Everything outstanding.
    pub all: Outstanding,
    /// By product.
    pub by_product: BTreeMap<String, Outstanding>,
    /// By village, with the households enrolled there.
    pub by_village: BTreeMap<String, (i64, Outstanding)>,
    /// By class, 0 the best: loans and lines, and their principal in minor units.
    pub by_class: BTreeMap<i64, (i64, i64)>,
    /// Principal written off and not recovered, minor units.
    pub written_off_minor: i64,
    /// Notes ever drawn.
    pub notes: i64,
    /// Notes that were folded for cohorts and rolls: the latest.
    pub folded: i64,
    /// By the month of drawing, the oldest first.
    pub cohorts: Vec<Cohort>,
    /// Month by month, the oldest first.
    pub rolls: Vec<Roll>,
}

/// The figures as of a day, over all cells. Call it on a snapshot.
pub fn portfolio(connection: &mut dyn Connection, cells: u16, on: Date) -> Result<PortfolioFigures, StoreError> {
    let mut figures = PortfolioFigures::default();
    let mut notes: Vec<LoanNote> = Vec::new();
    for cell in (1..=cells).map(basics::Cell) {
        let mut villages: BTreeMap<Id, String> = BTreeMap::new();
        for row in all_rows(connection, Household::table(), cell)? {
            let row: Household = read(&row)?;
            if row.status == HouseholdStatus::Active {
                figures.households += 1;
                figures.by_village.entry(row.village.clone()).or_default().0 += 1;
                villages.insert(row.id, row.village);
            }
        }
        let mut own: Vec<LoanNote> = Vec::new();
        for row in all_rows(connection, LoanNote::table(), cell)? {
            own.push(read(&row)?);
        }
        figures.outstanding(&own, &villages, on)?;
        figures.borrowers(&own, on);
        notes.append(&mut own);
        for row in connection.load_many(Portfolio::table(), &[0], &[key![cell]])? {
            let row: Portfolio = read(&row)?;
            let sum = figures.by_class.entry(row.class).or_default();
            sum.0 += row.loans;
            sum.1 = sum.1.saturating_add(row.principal_minor);
        }
    }
    notes.retain(|note| note.status != LoanState::Undone);
    figures.notes = notes.len() as i64;
    notes.sort_by_key(|note| (std::cmp::Reverse(note.drawn_on), note.id));
    notes.truncate(FOLDED_MAX);
    figures.folded = notes.len() as i64;
    let lives = lives(connection, &notes, on)?;
    figures.cohorts = cohorts(&lives, on);
    figures.rolls = rolls(&lives, on);
    Ok(figures)
}

impl PortfolioFigures {
    fn outstanding(&mut self, notes: &[LoanNote], villages: &BTreeMap<Id, String>, on: Date) -> Result<(), StoreError> {
        let mut borrowers: BTreeSet<(&str, Id)> = BTreeSet::new();
        for note in notes.iter().filter(|note| note.status == LoanState::Open) {
            let holding = Holding::of(note).map_err(|error| damaged(&error))?;
            if holding.written_off_fen > 0 {
                let left = holding.written_off_fen.saturating_sub(holding.recovered_fen);
                self.written_off_minor = self.written_off_minor.saturating_add(left);
                continue;
            }
            let late = note.overdue_since.map_or(0, |since| on.days() - since.days());
            let is_new_of_product = borrowers.insert((note.product.as_str(), note.household));
            let is_new = borrowers.insert(("", note.household));
            self.all.add(note.outstanding_minor, late, is_new);
            self.by_product.entry(note.product.clone()).or_default().add(
                note.outstanding_minor,
                late,
                is_new_of_product,
            );
            let village = villages.get(&note.household).cloned().unwrap_or_default();
            self.by_village.entry(village).or_default().1.add(note.outstanding_minor, late, is_new);
        }
        Ok(())
    }

    fn borrowers(&mut self, notes: &[LoanNote], on: Date) {
        let mut by_household: BTreeMap<Id, Vec<&LoanNote>> = BTreeMap::new();
        for note in notes.iter().filter(|note| note.status != LoanState::Undone) {
            by_household.entry(note.household).or_default().push(note);
        }
        let year_ago = on.add_days(-365);
        for own in by_household.values() {
            let first = own.iter().map(|note| note.drawn_on).min();
            self.new_borrowers += i64::from(first.is_some_and(|day| day > year_ago));
            let closings = || own.iter().filter_map(|note| note.closed_on).filter(|day| *day <= year_ago);
            if closings().next().is_some() {
                self.closed_a_loan += 1;
                let again =
                    |day: Date| own.iter().any(|note| note.drawn_on >= day && note.drawn_on <= day.add_days(365));
                self.came_again += i64::from(closings().any(again));
            }
        }
    }
}

impl Outstanding {
    fn add(&mut self, principal_minor: i64, days_late: i32, is_new_borrower: bool) {
        self.loans += 1;
        self.borrowers += i64::from(is_new_borrower);
        let put = |sum: &mut i64| *sum = sum.saturating_add(principal_minor);
        put(&mut self.principal_minor);
        for (sum, above) in [(&mut self.late_minor, 0), (&mut self.late_30_minor, 30), (&mut self.late_90_minor, 90)] {
            if days_late > above {
                put(sum);
            }
        }
    }
}

/// A note with its arrears.
struct Life {
    note: LoanNote,
    state: loan::LoanState,
}

fn lives(connection: &mut dyn Connection, notes: &[LoanNote], on: Date) -> Result<Vec<Life>, StoreError> {
    let mut lives = Vec::with_capacity(notes.len());
    for some in notes.chunks(PAGE) {
        let contracts: Vec<_> = some.iter().map(|note| key![note.cell, note.household, note.contract]).collect();
        let loans: Vec<_> = some.iter().map(|note| key![note.cell, note.household, note.id]).collect();
        let mut terms: BTreeMap<Id, Vec<u8>> = BTreeMap::new();
        for row in connection.load_many(Contract::table(), &[0, 1, 2], &contracts)? {
            let row: Contract = read(&row)?;
            terms.insert(row.id, row.terms);
        }
        let mut events: BTreeMap<Id, Vec<LifeEvent>> = BTreeMap::new();
        for row in connection.load_many(LoanEvent::table(), &[0, 1, 2], &loans)? {
            let row: LoanEvent = read(&row)?;
            events.entry(row.loan).or_default().push(cbor::from_bytes(&row.bytes).map_err(|error| damaged(&error))?);
        }
        for note in some {
            let no_contract =
                || StoreError::Other(format!("loan {} has no contract: run `tianxin audit verify`", note.id));
            let terms =
                cbor::from_bytes(terms.get(&note.contract).ok_or_else(no_contract)?).map_err(|e| damaged(&e))?;
            let own = events.remove(&note.id).unwrap_or_default();
            let state = fold(&terms, &own, on).map_err(|error| damaged(&error))?;
            lives.push(Life { note: note.clone(), state });
        }
    }
    Ok(lives)
}

fn cohorts(lives: &[Life], on: Date) -> Vec<Cohort> {
    let mut by_month: BTreeMap<Date, Vec<&Life>> = BTreeMap::new();
    for life in lives {
        by_month.entry(first_of_month(life.note.drawn_on)).or_default().push(life);
    }
    let mut cohorts = Vec::with_capacity(by_month.len());
    for (month, own) in by_month {
        let mut late_30 = Vec::new();
        for months in 1..=COHORT_MONTHS as i32 {
            // The last that could have been drawn in the month has to have come as far.
            let is_seen = month.add_months(months + 1).is_ok_and(|end| end <= on);
            if !is_seen {
                break;
            }
            let is_late = |life: &&&Life| {
                let until = life.note.drawn_on.add_months(months).unwrap_or(on);
                life.state.arrears.worst_days(life.note.drawn_on, until) > 30
            };
            late_30.push(own.iter().filter(is_late).count() as i64);
        }
        let principal_minor = own.iter().map(|life| life.note.principal_minor).fold(0, i64::saturating_add);
        cohorts.push(Cohort { month, loans: own.len() as i64, principal_minor, late_30 });
    }
    cohorts
}

fn rolls(lives: &[Life], on: Date) -> Vec<Roll> {
    let this_month = first_of_month(on);
    // Ends of whole months: the day before the first of the next.
    let ends: Vec<Date> = (0..=ROLL_MONTHS)
        .rev()
        .filter_map(|back| this_month.add_months(-back).ok())
        .map(|first| first.add_days(-1))
        .collect();
    let mut rolls = Vec::new();
    for (from, to) in ends.iter().zip(ends.iter().skip(1)) {
        let mut loans = [[0; BUCKETS + 1]; BUCKETS];
        for life in lives {
            let closed = life.state.closed_on;
            if life.note.drawn_on > *from || closed.is_some_and(|day| day <= *from) {
                continue;
            }
            let before = bucket(life.state.arrears.days_past_due(*from));
            let is_paid_off = closed.is_some_and(|day| day <= *to);
            let after = if is_paid_off { BUCKETS } else { bucket(life.state.arrears.days_past_due(*to)) };
            if let Some(count) = loans.get_mut(before).and_then(|row| row.get_mut(after)) {
                *count += 1;
            }
        }
        if loans.iter().flatten().any(|count| *count > 0) {
            rolls.push(Roll { to: *to, loans });
        }
    }
    rolls
}

/// Where days past due belong: none, to 30, to 60, to 90, more.
fn bucket(days: u32) -> usize {
    match days {
        0 => 0,
        1..=30 => 1,
        31..=60 => 2,
        61..=90 => 3,
        _ => 4,
    }
}

/// The first day of a date's month.
pub fn first_of_month(day: Date) -> Date {
    Date::ymd(day.year(), day.month(), 1).unwrap_or(day)
}

fn all_rows(
    connection: &mut dyn Connection,
    table: &'static door::Table,
    cell: basics::Cell,
) -> Result<Vec<Row>, StoreError> {
    let mut all = Vec::new();
    let mut after: Option<Vec<door::Value>> = None;
    loop {
        let page = connection.scan(table, &key![cell], after.as_deref(), PAGE)?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|row| row[..table.key_len].to_vec());
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

fn read<R: Record>(row: &Row) -> Result<R, StoreError> {
    R::from_row(row).map_err(|error| damaged(&error))
}

fn damaged(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Other(format!("{error}: run `tianxin audit verify`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_past_due_fall_into_their_buckets() {
        let cases = [(0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (400, 4)];
        for (days, place) in cases {
            assert_eq!(bucket(days), place, "{days} days");
        }
    }

    #[test]
    fn a_loan_is_late_as_a_whole_and_a_household_counts_once() {
        let mut sum = Outstanding::default();
        sum.add(1_000, 0, true);
        sum.add(200, 1, false);
        sum.add(30, 31, true);
        sum.add(4, 91, true);
        let expected = Outstanding {
            loans: 4,
            borrowers: 3,
            principal_minor: 1_234,
            late_minor: 234,
            late_30_minor: 34,
            late_90_minor: 4,
        };
        assert_eq!(sum, expected);
    }
}
