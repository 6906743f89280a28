//! Delinquency by ranges of days 逾期分档: pauses that stop the days, the range a loan is in and has been in, and how much
//! of it stands in each range.
//!
//! Days past due for class, provisions and reports are not these: they never pause (see [`arrears`](crate::arrears)).

use basics::Date;

use crate::{Component, LoanError, LoanState, PostedKind};

/// A range of days of delinquency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelinquencyRange {
    /// Its code.
    pub code: String,
    /// First day.
    pub from_days: i32,
    /// Last day; `None` where it has no end.
    pub to_days: Option<i32>,
}

impl DelinquencyRange {
    /// Whether so many days lie in it.
    pub fn covers(&self, days: i32) -> bool {
        days >= self.from_days && self.to_days.is_none_or(|to| days <= to)
    }
}

/// A decision about the days of a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseAct {
    /// They stop, from the first day to the last, which counts again.
    Pause {
        /// First day that does not count.
        from: Date,
        /// First day that counts again.
        until: Date,
    },
    /// A pause ends early.
    Resume {
        /// First day that counts again.
        on: Date,
    },
}

/// All decisions about the days of a loan, as they were taken.
///
/// ```
/// use basics::Date;
/// use loan::delinquency::Pauses;
/// let day = |text| Date::parse(text).unwrap();
/// let mut pauses = Pauses::default();
/// pauses.pause(day("2026-07-10"), day("2026-07-20"))?;
/// assert_eq!(pauses.delinquent_days(day("2026-07-01"), day("2026-07-31")), 20);
/// pauses.resume(day("2026-07-15"))?;
/// assert_eq!(pauses.delinquent_days(day("2026-07-01"), day("2026-07-31")), 25);
/// assert!(pauses.pause(day("2026-07-12"), day("2026-07-30")).is_err());
/// # Ok::<(), loan::LoanError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses(Vec<PauseAct>);

impl Pauses {
    /// Stops the days from `from` until `until`. Errors, changing nothing, if the pause ends before it begins or overlaps
    /// another.
    pub fn pause(&mut self, from: Date, until: Date) -> Result<(), LoanError> {
        if until < from {
            return Err(LoanError::Terms(format!("a pause from {from} cannot end on {until}: name a later day")));
        }
        if self.overlap(from, until) {
            return Err(LoanError::Terms(format!(
                "a pause from {from} to {until} overlaps another: end that one first"
            )));
        }
        self.0.push(PauseAct::Pause { from, until });
        Ok(())
    }

    /// Ends the pause that a day lies in. Errors, changing nothing, if there is none.
    pub fn resume(&mut self, on: Date) -> Result<(), LoanError> {
        if !self.hold_on(on) {
            return Err(LoanError::Terms(format!("no pause runs on {on}: there is nothing to resume")));
        }
        self.0.push(PauseAct::Resume { on });
        Ok(())
    }

    /// The decisions, as they were taken.
    pub fn acts(&self) -> &[PauseAct] {
        &self.0
    }

    /// Pauses as they really ran: the first day of each that does not count, and the first that counts again.
    pub fn spans(&self) -> Vec<(Date, Date)> {
        let mut spans: Vec<(Date, Date)> = Vec::new();
        for act in &self.0 {
            match *act {
                PauseAct::Pause { from, until } => spans.push((from, until)),
                PauseAct::Resume { on } => {
                    for span in spans.iter_mut().filter(|(from, until)| *from <= on && on <= *until) {
                        span.1 = on;
                    }
                }
            }
        }
        spans
    }

    /// Whether a pause would share a day with one there is.
    pub fn overlap(&self, from: Date, until: Date) -> bool {
        self.spans().iter().any(|(start, end)| from <= *end && *start <= until)
    }

    /// Whether days are stopped on a day.
    pub fn hold_on(&self, day: Date) -> bool {
        self.spans().iter().any(|(from, until)| *from <= day && day < *until)
    }

    /// Whether ranges rest on a day: the last day of a pause too.
    pub fn rest_on(&self, day: Date) -> bool {
        self.spans().iter().any(|(from, until)| *from <= day && day <= *until)
    }

    /// Days of delinquency from a date to today, less the days of every pause that has begun by then, before that date too.
    ///
    /// A pause of 19 days in January so takes 19 days from arrears that began in February. The books that the replay compares
    /// with count so (an instalment of 31 October is in no range on 15 November after a pause from 6 to 25 October); what a lender
    /// of ours reads never pauses.
    pub fn delinquent_days(&self, from: Date, today: Date) -> i32 {
        let paused: i32 = self
            .spans()
            .iter()
            .filter(|(start, _)| *start <= today)
            .map(|(start, end)| (*end).min(today) - *start)
            .sum();
        (today - from - paused).max(0)
    }
}

/// What is open of an instalment, all components, minor units.
fn open_fen(row: &crate::InstalmentState) -> i64 {
    Component::ALL.iter().map(|component| row.unpaid_fen(*component)).fold(0, i64::saturating_add)
}

/// Since when the oldest instalment that is past due is unpaid.
///
/// That is its due date; or the day of a chargeback in its period, if what was paid of the instalment does not
/// reach for what was charged back.
pub fn overdue_since(state: &LoanState, today: Date) -> Option<Date> {
    let row =
        state.instalments.iter().filter(|row| row.due_on < today && open_fen(row) > 0).min_by_key(|row| row.due_on)?;
    let is_last = state.instalments.iter().all(|other| other.due_on <= row.due_on);
    let mut left: i64 = Component::ALL.iter().map(|component| row.paid.get(*component)).sum();
    for line in state.trace.iter().filter(|line| line.kind == PostedKind::Chargeback) {
        if line.date >= row.from && (line.date < row.due_on || is_last && line.date == row.due_on) {
            left = left.saturating_sub(line.amount_fen);
            if left < 0 {
                return Some(line.date);
            }
        }
    }
    Some(row.due_on)
}

/// How much is past due, minor units.
pub fn overdue_fen(state: &LoanState, today: Date) -> i64 {
    state.instalments.iter().filter(|row| row.due_on < today).map(open_fen).fold(0, i64::saturating_add)
}

/// How a loan is put into ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelinquencyRule {
    /// Ranges, from the fewest days up.
    pub ranges: Vec<DelinquencyRange>,
    /// Days after the due date from which a loan is delinquent; instalments by themselves have none.
    pub grace_days: i32,
}

impl DelinquencyRule {
    /// The range of so many days, if there is one.
    pub fn range_of(&self, days: i32) -> Option<&DelinquencyRange> {
        self.ranges.iter().find(|range| range.covers(days))
    }

    /// The first day of a loan's delinquency, grace included.
    pub fn since(&self, state: &LoanState, today: Date) -> Option<Date> {
        overdue_since(state, today).map(|due_on| due_on.add_days(self.grace_days))
    }

    /// The range that a loan is in.
    pub fn range(&self, state: &LoanState, pauses: &Pauses, today: Date) -> Option<&DelinquencyRange> {
        self.range_of(pauses.delinquent_days(self.since(state, today)?, today))
    }

    /// What is past due in each range, by the days of each instalment; minor units. Ranges with nothing are left out.
    pub fn by_range(&self, state: &LoanState, pauses: &Pauses, today: Date) -> Vec<(&DelinquencyRange, i64)> {
        let late = || state.instalments.iter().filter(|row| row.due_on < today);
        let sums = self.ranges.iter().map(|range| {
            let inside = late().filter(|row| range.covers(pauses.delinquent_days(row.due_on, today)));
            (range, inside.map(open_fen).fold(0, i64::saturating_add))
        });
        sums.filter(|(_, fen)| *fen > 0).collect()
    }
}

/// A range that a loan was in for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeSpell {
    /// Code of the range.
    pub range: String,
    /// The day it was given.
    pub from: Date,
    /// The day it was lifted; `None` while it holds.
    pub lifted: Option<Date>,
}

/// All ranges that a loan was ever in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeHistory(Vec<RangeSpell>);

impl RangeHistory {
    /// The spells, oldest first.
    pub fn spells(&self) -> &[RangeSpell] {
        &self.0
    }

    /// The range that holds.
    pub fn current(&self) -> Option<&str> {
        self.0.iter().find(|spell| spell.lifted.is_none()).map(|spell| spell.range.as_str())
    }

    /// Gives the loan a range, or none, from a day on; answers whether that changed anything.
    pub fn give(&mut self, range: Option<&str>, today: Date) -> bool {
        if self.current() == range {
            return false;
        }
        for spell in self.0.iter_mut().filter(|spell| spell.lifted.is_none()) {
            spell.lifted = Some(today);
        }
        if let Some(range) = range {
            self.0.push(RangeSpell { range: range.to_owned(), from: today, lifted: None });
        }
        true
    }
}
