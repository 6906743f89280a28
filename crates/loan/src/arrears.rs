//! How long a loan has been in arrears on every day of its life, right after back-dating too.
//!
//! Class, non-accrual, expected-loss stage and reports ask not only how late a loan is today but how late it
//! was, and since when it has been clean. The fold writes this path as it goes; a payment dated back makes
//! another path, so that nothing that follows from it has to be mended by hand.

use basics::Date;
use minicbor::{Decode, Encode};

/// What spreading overdue principal over a new plan does to days past due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ReAge {
    /// They go on from the first plan until as much principal is paid as was overdue: arrears stay visible to class,
    /// provision and bureau.
    #[n(0)]
    Kept,
    /// They begin anew with the new plan.
    #[n(1)]
    Reset,
}

/// From a day on: which due date is the oldest unpaid one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrearsStep {
    /// First day of it, after that day's payments.
    pub from: Date,
    /// Due date of the oldest instalment with principal, interest or fees unpaid; `None` if there is none.
    pub oldest_due: Option<Date>,
    /// Whether anything at all is due and unpaid, penalty and compound interest too.
    pub owes: bool,
}

/// The arrears of a loan from its first day to the last one looked at.
///
/// Days past due on a day are the days from the oldest unpaid due date to it. Between two steps that date
/// stays the same, so the path is as short as the list of dues and payments.
///
/// ```
/// use basics::Date;
/// use loan::arrears::{ArrearsPath, ArrearsStep};
/// let day = |text| Date::parse(text).unwrap();
/// let mut path = ArrearsPath::default();
/// path.step(ArrearsStep { from: day("2026-06-30"), oldest_due: Some(day("2026-06-30")), owes: true });
/// path.step(ArrearsStep { from: day("2026-08-01"), oldest_due: None, owes: false });
/// assert_eq!(path.days_past_due(day("2026-07-31")), 31);
/// assert_eq!(path.days_past_due(day("2026-08-01")), 0);
/// assert_eq!(path.worst_days(day("2026-07-01"), day("2026-12-31")), 31);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArrearsPath(Vec<ArrearsStep>);

impl ArrearsPath {
    /// Adds what holds from a day on; a later word about the same day takes the place of an earlier one.
    ///
    /// Days are given in their order; an earlier day than the last one is taken as the last one.
    pub fn step(&mut self, step: ArrearsStep) {
        let step = match self.0.last() {
            Some(last) if step.from < last.from => ArrearsStep { from: last.from, ..step },
            _ => step,
        };
        if self.0.last().is_some_and(|last| last.from == step.from) {
            self.0.pop();
        }
        let same = |last: &ArrearsStep| last.oldest_due == step.oldest_due && last.owes == step.owes;
        if !self.0.last().is_some_and(same) {
            self.0.push(step);
        }
    }

    /// The steps, oldest first.
    pub fn steps(&self) -> &[ArrearsStep] {
        &self.0
    }

    /// What held at the end of a day; `None` before the first.
    pub fn on(&self, day: Date) -> Option<&ArrearsStep> {
        self.0.iter().rev().find(|step| step.from <= day)
    }

    /// Days past due at the end of a day.
    pub fn days_past_due(&self, day: Date) -> u32 {
        self.on(day).and_then(|step| step.oldest_due).map_or(0, |due| days_between(due, day))
    }

    /// The most days past due at the end of any day from `from` to `to`, both included.
    ///
    /// The day of a payment counts with what is left after it.
    pub fn worst_days(&self, from: Date, to: Date) -> u32 {
        self.runs(to)
            .filter(|(_, last)| *last >= from)
            .filter_map(|(step, last)| step.oldest_due.map(|due| days_between(due, last)))
            .max()
            .unwrap_or(0)
    }

    /// The first day from `from` to `to` on which the loan is past due, if there is one.
    pub fn first_late_day(&self, from: Date, to: Date) -> Option<Date> {
        self.runs(to).find_map(|(step, last)| {
            let day = step.oldest_due?.add_days(1).max(step.from).max(from);
            (day <= last).then_some(day)
        })
    }

    /// The first day from `from` to `to` on which nothing is past due, if there is one.
    pub fn first_clean_day(&self, from: Date, to: Date) -> Option<Date> {
        self.runs(to).find_map(|(step, last)| {
            let day = step.from.max(from);
            let clean = step.oldest_due.is_none_or(|due| due >= day);
            (clean && day <= last).then_some(day)
        })
    }

    /// Since when interest is not taken as income on `on`: from more than `after_days` past due until nothing
    /// is owed any more and `clean_days` have passed in which nothing fell past due.
    ///
    /// `None` if interest accrues as usual.
    ///
    /// ```
    /// use basics::Date;
    /// use loan::arrears::{ArrearsPath, ArrearsStep};
    /// let day = |text| Date::parse(text).unwrap();
    /// let mut path = ArrearsPath::default();
    /// path.step(ArrearsStep { from: day("2026-06-30"), oldest_due: Some(day("2026-06-30")), owes: true });
    /// assert_eq!(path.non_accrual_since(day("2026-09-28"), 90, 180), None);
    /// assert_eq!(path.non_accrual_since(day("2026-09-29"), 90, 180), Some(day("2026-09-29")));
    /// ```
    pub fn non_accrual_since(&self, on: Date, after_days: u32, clean_days: u32) -> Option<Date> {
        self.accrual(on, after_days, clean_days).0
    }

    /// The day on which interest is income again if nothing falls past due until then; `None` if it is income already, or
    /// something is still owed.
    pub fn accrual_resumes_on(&self, on: Date, after_days: u32, clean_days: u32) -> Option<Date> {
        let (since, clean_from) = self.accrual(on, after_days, clean_days);
        let clean = i32::try_from(clean_days).unwrap_or(i32::MAX);
        since.and(clean_from).map(|from| from.add_days(clean))
    }

    /// Since when interest is not income, and since when nothing is owed.
    fn accrual(&self, on: Date, after_days: u32, clean_days: u32) -> (Option<Date>, Option<Date>) {
        let after = i32::try_from(after_days).unwrap_or(i32::MAX);
        let clean = i32::try_from(clean_days).unwrap_or(i32::MAX);
        let mut since: Option<Date> = None;
        let mut clean_from: Option<Date> = None;
        for (step, last) in self.runs(on) {
            // Something that is due today and still unpaid does not break a clean run until tomorrow.
            let late_from = step.oldest_due.map(|due| due.add_days(1).max(step.from)).filter(|day| *day <= last);
            match (late_from, step.owes) {
                (None, false) => {
                    clean_from = clean_from.or(Some(step.from));
                }
                (None, true) if step.oldest_due.is_none() => clean_from = None,
                _ => {}
            }
            let clean_until = late_from.map_or(last, |day| day.add_days(-1));
            if clean_from.is_some_and(|from| clean_until - from >= clean) {
                since = None;
            }
            if let (Some(due), Some(_)) = (step.oldest_due, late_from) {
                clean_from = None;
                let stops = due.add_days(after.saturating_add(1)).max(step.from);
                if stops <= last && since.is_none() {
                    since = Some(stops);
                }
            }
        }
        (since, clean_from)
    }

    /// Each step that begins by `to`, with its last day.
    fn runs(&self, to: Date) -> impl Iterator<Item = (&ArrearsStep, Date)> {
        let lasts = self.0.iter().skip(1).map(move |next| next.from.add_days(-1).min(to)).chain([to]);
        self.0.iter().zip(lasts).take_while(move |(step, _)| step.from <= to)
    }
}

fn days_between(due: Date, day: Date) -> u32 {
    u32::try_from(day - due).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn path(steps: &[(&str, Option<&str>, bool)]) -> ArrearsPath {
        let mut path = ArrearsPath::default();
        for (from, oldest, owes) in steps {
            path.step(ArrearsStep { from: day(from), oldest_due: oldest.map(day), owes: *owes });
        }
        path
    }

    #[test]
    fn back_to_accrual_needs_everything_paid_and_a_clean_run() {
        let path = path(&[
            ("2026-01-31", Some("2026-01-31"), true),
            ("2026-06-10", None, true), // principal and interest paid, penalty not
            ("2026-06-20", None, false),
        ]);
        let since = |on| path.non_accrual_since(day(on), 90, 90).map(|d| d.to_string());
        assert_eq!(since("2026-05-01"), None);
        assert_eq!(since("2026-05-02").as_deref(), Some("2026-05-02"));
        assert_eq!(since("2026-09-08").as_deref(), Some("2026-05-02"), "from the 20th, not the 10th");
        assert_eq!(since("2026-09-17").as_deref(), Some("2026-05-02"));
        assert_eq!(since("2026-09-18"), None);
    }

    #[test]
    fn a_late_day_begins_the_clean_run_anew() {
        let path = path(&[
            ("2026-01-31", Some("2026-01-31"), true),
            ("2026-06-01", None, false),
            ("2026-06-30", Some("2026-06-30"), true), // due, and paid five days late
            ("2026-07-05", None, false),
        ]);
        assert!(path.non_accrual_since(day("2026-10-02"), 90, 90).is_some());
        assert!(path.non_accrual_since(day("2026-10-03"), 90, 90).is_none());
        assert_eq!(path.first_late_day(day("2026-06-02"), day("2026-12-31")), Some(day("2026-07-01")));
        assert_eq!(path.first_clean_day(day("2026-07-01"), day("2026-12-31")), Some(day("2026-07-05")));
    }

    #[test]
    fn what_is_paid_on_its_due_date_breaks_nothing() {
        let path =
            path(&[("2026-01-31", Some("2026-01-31"), true), ("2026-06-01", None, false), ("2026-06-30", None, false)]);
        assert!(path.non_accrual_since(day("2026-08-30"), 90, 90).is_none());
        assert_eq!(path.steps().len(), 2, "a step that says nothing new is not kept");
    }

    #[test]
    fn the_worst_days_of_a_time() {
        let path = path(&[("2026-01-31", Some("2026-01-31"), true), ("2026-03-01", None, false)]);
        assert_eq!(path.worst_days(day("2026-01-01"), day("2026-02-10")), 10);
        assert_eq!(path.worst_days(day("2026-03-01"), day("2026-04-01")), 0);
        assert_eq!(path.worst_days(day("2026-02-28"), day("2026-04-01")), 28);
    }
}
