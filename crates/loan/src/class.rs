//! The class of a loan: the worst of days past due, of events, and of what a person judged.
//!
//! How many classes there are, from how many days on a loan is in each, and what an event costs, a
//! [rule pack](crate::rules) says. Here is only how they work together:
//!
//! - **Days past due** give a class by a matrix. Grace days count.
//! - **Events**: money misused, or lent to repay an older loan (借新还旧), holds a loan at least at the class
//!   the rules name. A renewal without repaying principal (无还本续贷) does so only where its conditions fail.
//! - **Restructured** 重组 loans are observed: for some months and some payment periods, both from the first due
//!   date after the change. While observed a loan is at least of the named class and never better than it was
//!   at its worst since the change, the day before it included. Falling past due begins the observation anew
//!   on the day nothing is past due any more.
//! - **A person** may judge a loan worse alone. Judging it better than the last judgement takes two, and
//!   never lifts it above what days and events say.

use basics::Date;
use minicbor::{Decode, Encode};

use crate::arrears::ArrearsPath;
use crate::rules::Rules;
use crate::{LoanError, LoanState};

/// A place on the class ladder of a rule pack: 0 is the best, and a worse class compares greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct LoanClass(#[n(0)] pub u8);

impl LoanClass {
    /// The best class of every ladder.
    pub const BEST: LoanClass = LoanClass(0);
}

/// From how many days past due on a loan is in which class.
///
/// ```
/// use loan::{ClassMatrix, LoanClass};
/// let matrix = ClassMatrix::new(vec![
///     (1, LoanClass(1)),
///     (91, LoanClass(2)),
///     (271, LoanClass(3)),
///     (361, LoanClass(4)),
/// ])?;
/// assert_eq!(matrix.class(90), LoanClass(1));
/// assert_eq!(matrix.class(91), LoanClass(2));
/// # Ok::<(), loan::LoanError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassMatrix(Vec<(u32, LoanClass)>);

impl ClassMatrix {
    /// A matrix of (least days past due, class), mildest first. Errors unless days and classes rise.
    pub fn new(thresholds: Vec<(u32, LoanClass)>) -> Result<ClassMatrix, LoanError> {
        let rises = thresholds.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        let begins = thresholds.first().is_none_or(|first| first.0 >= 1 && first.1 > LoanClass::BEST);
        if rises && begins { Ok(ClassMatrix(thresholds)) } else { Err(LoanError::Classes(format!("{thresholds:?}"))) }
    }

    /// The class at so many days past due.
    pub fn class(&self, days_past_due: u32) -> LoanClass {
        self.0.iter().rev().find(|(from, _)| *from <= days_past_due).map_or(LoanClass::BEST, |(_, class)| *class)
    }

    /// The number of days past due at which the class next changes.
    pub fn next_threshold(&self, days_past_due: u32) -> Option<u32> {
        self.0.iter().map(|(from, _)| *from).find(|from| *from > days_past_due)
    }
}

/// Something beside arrears that bears on a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClassMark {
    /// The money was used for something else than agreed 挪用.
    Misused,
    /// The loan was made to repay an older one 借新还旧.
    NewForOld,
    /// The loan renews an older one without repaying its principal 无还本续贷.
    Renewed(RenewalStanding),
    /// Its terms were eased because the borrower was in difficulty 重组.
    Restructured,
    /// A person judged it.
    Judged(LoanClass),
}

/// Whether a renewal meets the conditions under which it keeps its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum RenewalStanding {
    /// The old loan was of the best class, and business, record and standard hold.
    #[n(0)]
    Holds,
    /// They do not.
    #[n(1)]
    Fails,
}

/// What a class is judged on.
#[derive(Clone, Copy, Debug)]
pub struct ClassCase<'a> {
    /// The end of this day.
    pub as_of: Date,
    /// How long it was in arrears, and when.
    pub arrears: &'a ArrearsPath,
    /// All due dates of its plan, rising.
    pub dues: &'a [Date],
    /// Marks with the date each holds from, in order of date; later ones do not count yet.
    pub marks: &'a [(Date, ClassMark)],
}

/// Why a loan is of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ClassReason {
    /// Days past due.
    #[n(0)]
    DaysPastDue,
    /// Money misused.
    #[n(1)]
    Misused,
    /// Lent to repay an older loan.
    #[n(2)]
    NewForOld,
    /// Renewed where the conditions do not hold.
    #[n(3)]
    Renewed,
    /// Restructured and under observation.
    #[n(4)]
    Restructured,
    /// Was worse before or while observed, and does not rise inside.
    #[n(5)]
    ObservedNoRise,
    /// Judged by a person.
    #[n(6)]
    Judged,
}

impl ClassReason {
    /// Its name in records and interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            ClassReason::DaysPastDue => "days_past_due",
            ClassReason::Misused => "misused",
            ClassReason::NewForOld => "new_for_old",
            ClassReason::Renewed => "renewed",
            ClassReason::Restructured => "restructured",
            ClassReason::ObservedNoRise => "observed_no_rise",
            ClassReason::Judged => "judged",
        }
    }
}

/// A class with what each ground alone would make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassVerdict {
    /// The worst of them.
    pub class: LoanClass,
    /// Every ground that makes it worse than the best class, the worst first.
    pub grounds: Vec<(ClassReason, LoanClass)>,
    /// Under observation: its first day that is no longer observed, if nothing more falls past due; `None`
    /// within if the plan has too few due dates left or the loan is past due now.
    pub observed: Option<Observation>,
}

/// A restructured loan under observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When the terms were last eased.
    pub restructured_on: Date,
    /// From when the observation counts: the first due date after the change, or after the last breach.
    pub counts_from: Option<Date>,
    /// When it ends if nothing falls past due until then.
    pub ends_on: Option<Date>,
}

/// The class of a loan. Days, events and judgement each have their say; the worst counts.
pub fn classify(rules: &Rules, case: &ClassCase<'_>) -> ClassVerdict {
    let mut grounds = vec![(ClassReason::DaysPastDue, rules.matrix.class(case.arrears.days_past_due(case.as_of)))];
    let marks = || case.marks.iter().filter(|(from, _)| *from <= case.as_of);
    for (_, mark) in marks() {
        grounds.extend(event_ground(rules, mark));
    }
    let judged = judged(case, case.as_of);
    grounds.push((ClassReason::Judged, judged));
    let observed = observation(rules, case);
    if let Some(observation) = observed {
        grounds.push((ClassReason::Restructured, rules.restructured_at_least));
        let before = observation.restructured_on.add_days(-1);
        let worst_by_days = rules.matrix.class(case.arrears.worst_days(before, case.as_of));
        let worst_judged = marks()
            .filter(|(from, _)| *from >= before)
            .filter_map(|(_, mark)| judgement(mark))
            .fold(self::judged(case, before), LoanClass::max);
        grounds.push((ClassReason::ObservedNoRise, worst_by_days.max(worst_judged)));
    }
    grounds.retain(|(_, class)| *class > LoanClass::BEST);
    grounds.sort_by_key(|(reason, class)| (std::cmp::Reverse(*class), *reason as u8));
    grounds.dedup_by_key(|(reason, _)| *reason);
    let class = grounds.first().map_or(LoanClass::BEST, |(_, class)| *class);
    ClassVerdict { class, grounds, observed }
}

/// Whether a new judgement takes two people: it is milder than the one that holds.
pub fn judging_takes_two(case: &ClassCase<'_>, new: LoanClass) -> bool {
    new < judged(case, case.as_of)
}

/// The first day after `case.as_of` on which the class changes by itself, arrears running on as they are.
pub fn next_class_date(rules: &Rules, case: &ClassCase<'_>) -> Option<Date> {
    let late = case.arrears.on(case.as_of).and_then(|step| step.oldest_due);
    let threshold = late.and_then(|due| {
        let days = rules.matrix.next_threshold(case.arrears.days_past_due(case.as_of))?;
        Some(due.add_days(i32::try_from(days).ok()?))
    });
    let observed = observation(rules, case).and_then(|observation| observation.ends_on);
    [threshold, observed].into_iter().flatten().min()
}

fn event_ground(rules: &Rules, mark: &ClassMark) -> Option<(ClassReason, LoanClass)> {
    match mark {
        ClassMark::Misused => Some((ClassReason::Misused, rules.misused_at_least)),
        ClassMark::NewForOld => Some((ClassReason::NewForOld, rules.new_for_old_at_least)),
        ClassMark::Renewed(RenewalStanding::Fails) => Some((ClassReason::Renewed, rules.renewed_at_least)),
        ClassMark::Renewed(RenewalStanding::Holds) | ClassMark::Restructured | ClassMark::Judged(_) => None,
    }
}

fn judgement(mark: &ClassMark) -> Option<LoanClass> {
    match mark {
        ClassMark::Judged(class) => Some(*class),
        _ => None,
    }
}

/// The judgement that holds on a day: the last one up to it.
fn judged(case: &ClassCase<'_>, day: Date) -> LoanClass {
    let until = case.marks.iter().rev().filter(|(from, _)| *from <= day);
    until.filter_map(|(_, mark)| judgement(mark)).next().unwrap_or(LoanClass::BEST)
}

/// The observation that is running at the end of the day, if one is.
fn observation(rules: &Rules, case: &ClassCase<'_>) -> Option<Observation> {
    let restructured_on = case
        .marks
        .iter()
        .rev()
        .find(|(from, mark)| *from <= case.as_of && *mark == ClassMark::Restructured)
        .map(|(from, _)| *from)?;
    let mut since = restructured_on;
    loop {
        let due = |n: usize| case.dues.iter().filter(|due| **due > since).nth(n).copied();
        let counts_from = due(0);
        let periods_end = match usize::from(rules.restructured_periods) {
            0 => counts_from,
            periods => due(periods - 1),
        };
        let months_end = counts_from.and_then(|first| first.add_months(i32::from(rules.restructured_months)).ok());
        let ends_on = months_end.zip(periods_end).map(|(months, periods)| months.max(periods.add_days(1)));
        let last = ends_on.map_or(case.as_of, |end| end.add_days(-1).min(case.as_of));
        match case.arrears.first_late_day(since.add_days(1), last) {
            None if ends_on.is_some_and(|end| end <= case.as_of) => return None,
            None => return Some(Observation { restructured_on, counts_from, ends_on }),
            Some(late) => match case.arrears.first_clean_day(late, case.as_of) {
                // The next observation counts from due dates after the breach is mended.
                Some(clean) => since = clean,
                None => return Some(Observation { restructured_on, counts_from: None, ends_on: None }),
            },
        }
    }
}

/// A household by its loans 农户视图: the worst class, and each note's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdClass<N> {
    /// The worst of all notes.
    pub worst: LoanClass,
    /// Each note with its class, the worst first, in the order given among equals.
    pub notes: Vec<(N, LoanClass)>,
}

/// The household view over all notes. No notes: the best class.
///
/// ```
/// use loan::LoanClass;
/// let view = loan::class::household([("note-1", LoanClass(0)), ("note-2", LoanClass(2))]);
/// assert_eq!(view.worst, LoanClass(2));
/// assert_eq!(view.notes[0].0, "note-2");
/// ```
pub fn household<N>(notes: impl IntoIterator<Item = (N, LoanClass)>) -> HouseholdClass<N> {
    let mut notes: Vec<(N, LoanClass)> = notes.into_iter().collect();
    notes.sort_by_key(|(_, class)| std::cmp::Reverse(*class));
    HouseholdClass { worst: notes.first().map_or(LoanClass::BEST, |(_, class)| *class), notes }
}

impl LoanState {
    /// The class by days past due alone; events and a judgement may make it worse: see [`classify`].
    pub fn class(&self, matrix: &ClassMatrix) -> LoanClass {
        matrix.class(self.days_past_due)
    }

    /// The next date after this state's on which something happens by itself.
    ///
    /// That is the next due date, the day the class changes, the day after the grace days
    /// on which a penalty appears, or the day of a fee on default. `None` if nothing is to come.
    pub fn next_date(&self, matrix: &ClassMatrix) -> Option<Date> {
        let class_changes = self.oldest_unpaid_due.and_then(|due| {
            let days = matrix.next_threshold(self.days_past_due)?;
            Some(due.add_days(i32::try_from(days).ok()?))
        });
        [self.next_due, class_changes, self.grace_ends, self.late_fee_on].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_must_rise() {
        let class = LoanClass;
        assert!(ClassMatrix::new(vec![]).is_ok());
        assert!(ClassMatrix::new(vec![(0, class(1))]).is_err());
        assert!(ClassMatrix::new(vec![(1, class(0))]).is_err());
        assert!(ClassMatrix::new(vec![(1, class(1)), (1, class(4))]).is_err());
        assert!(ClassMatrix::new(vec![(1, class(4)), (2, class(3))]).is_err());
    }
}
