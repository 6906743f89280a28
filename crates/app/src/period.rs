//! Closing of months, quarters and years (结账), and their reopening (反结账).
//!
//! A day that is closed is never posted into, so the figures of a period stand when its last day is closed. Closing the period puts an
//! institution's word to them: its trial balance is frozen, with its hash in the journal, after what has to be checked was checked.
//! What is found later is booked in the open period, with its reference. Until the next period of its kind is closed, two people may take the word
//! back, with a reason: that stays on record, and every statement of those days says so.

use basics::merkle::leaf_hash;
use basics::{Cell, Date, cbor};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Stamp, key};
use ledger::{SubjectCode, TrialBalance, Turnover, Turnovers};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::subject_day::{SubjectDay, subject_of};

door::text_enum! {
    /// How long a period is.
    pub enum PeriodKind {
        /// A calendar month.
        Month = "month",
        /// A calendar quarter.
        Quarter = "quarter",
        /// A calendar year.
        Year = "year",
    }
}

door::text_enum! {
    /// What was done to a period.
    pub enum PeriodAct {
        /// Its trial balance was frozen.
        Closed = "closed",
        /// That was taken back.
        Reopened = "reopened",
    }
}

door::text_enum! {
    /// Where a period stands.
    pub enum PeriodState {
        /// Never closed.
        Open = "open",
        /// Closed.
        Closed = "closed",
        /// Closed once, and open again.
        Reopened = "reopened",
    }
}

/// A month, a quarter or a year of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Period {
    /// How long it is.
    #[n(0)]
    pub kind: PeriodKind,
    /// Its first day.
    #[n(1)]
    pub first: Date,
}

impl Period {
    /// The period of a kind that a day lies in.
    ///
    /// ```
    /// use app::period::{Period, PeriodKind};
    /// let day = basics::Date::ymd(2026, 8, 20)?;
    /// assert_eq!(Period::of(PeriodKind::Quarter, day).last().to_string(), "2026-09-30");
    /// # Ok::<(), basics::date::DateError>(())
    /// ```
    pub fn of(kind: PeriodKind, day: Date) -> Period {
        let month = match kind {
            PeriodKind::Month => day.month(),
            PeriodKind::Quarter => (day.month() - 1) / 3 * 3 + 1,
            PeriodKind::Year => 1,
        };
        // The first of a month that a day lies in is always a day.
        let first = Date::ymd(day.year(), month, 1).unwrap_or(day);
        Period { kind, first }
    }

    /// Its last day.
    pub fn last(self) -> Date {
        let months = match self.kind {
            PeriodKind::Month => 1,
            PeriodKind::Quarter => 3,
            PeriodKind::Year => 12,
        };
        let mut last = self.first.last_of_month();
        for _ in 1..months {
            last = last.add_days(1).last_of_month();
        }
        last
    }

    /// The one before.
    #[must_use]
    pub fn before(self) -> Period {
        Period::of(self.kind, self.first.add_days(-1))
    }

    /// The one after.
    #[must_use]
    pub fn after(self) -> Period {
        Period::of(self.kind, self.last().add_days(1))
    }

    /// The periods of the next shorter kind that it is made of; none for a month.
    pub fn parts(self) -> Vec<Period> {
        let shorter = match self.kind {
            PeriodKind::Month => return Vec::new(),
            PeriodKind::Quarter => PeriodKind::Month,
            PeriodKind::Year => PeriodKind::Quarter,
        };
        let (mut parts, mut part) = (Vec::new(), Period::of(shorter, self.first));
        while part.first <= self.last() {
            parts.push(part);
            part = part.after();
        }
        parts
    }

    /// The periods of longer kinds that it is part of.
    pub fn wholes(self) -> Vec<Period> {
        let longer = PeriodKind::ALL.iter().filter(|kind| **kind > self.kind);
        longer.map(|kind| Period::of(*kind, self.first)).collect()
    }

    /// What it is called: `2026-03`, `2026-Q1`, `2026`.
    pub fn name(self) -> String {
        let (year, month) = (self.first.year(), self.first.month());
        match self.kind {
            PeriodKind::Month => format!("{year}-{month:02}"),
            PeriodKind::Quarter => format!("{year}-Q{}", (month - 1) / 3 + 1),
            PeriodKind::Year => year.to_string(),
        }
    }

    /// Reads what [`Period::name`] says.
    pub fn parse(name: &str) -> Option<Period> {
        let (year, rest) = name.split_once('-').map_or((name, None), |(year, rest)| (year, Some(rest)));
        let year: i16 = year.parse().ok().filter(|year| (1990..=9999).contains(year))?;
        let (kind, month) = match rest {
            None => (PeriodKind::Year, 1),
            Some(rest) => match rest.strip_prefix('Q') {
                Some(quarter) => {
                    let quarter: i8 = quarter.parse().ok().filter(|quarter| (1..=4).contains(quarter))?;
                    (PeriodKind::Quarter, quarter * 3 - 2)
                }
                None => (PeriodKind::Month, rest.parse().ok()?),
            },
        };
        let period = Period { kind, first: Date::ymd(year, month, 1).ok()? };
        (period.name() == name).then_some(period)
    }
}

/// A subject's line of a frozen trial balance. Minor units, balances debit positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FrozenLine {
    /// The subject.
    #[n(0)]
    pub subject: SubjectCode,
    /// Before the first day.
    #[n(1)]
    pub opening_minor: i64,
    /// Debits.
    #[n(2)]
    pub debit_minor: i64,
    /// Credits.
    #[n(3)]
    pub credit_minor: i64,
    /// What of debits less credits carried income and expense into the profit of the year.
    #[n(4)]
    pub carried_minor: i64,
}

/// What was checked before a period was closed, by whoever asks for it: what a handler cannot see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PeriodChecks {
    /// The day as of which sub-ledgers were held against the general ledger.
    #[n(0)]
    pub tied_on: Date,
    /// How many lines were compared.
    #[n(1)]
    pub tied_lines: u32,
    /// How many of them differed.
    #[n(2)]
    pub differing: u32,
    /// Items of reconciliation that are open.
    #[n(3)]
    pub items_open: u32,
    /// Credits that named nobody and are not booked to anybody, payments in question.
    #[n(4)]
    pub payments_open: u32,
}

impl PeriodChecks {
    /// Whether something is left that has to be explained.
    pub fn leaves_something(&self) -> bool {
        self.items_open > 0 || self.payments_open > 0
    }
}

/// Close a period.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ClosePeriod {
    /// The period.
    #[n(0)]
    pub period: Period,
    /// What was checked.
    #[n(1)]
    pub checks: PeriodChecks,
    /// Words about what is left open; must be there if something is.
    #[n(2)]
    pub note: Option<String>,
}

/// Open the last closed period of its kind again.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ReopenPeriod {
    /// The period.
    #[n(0)]
    pub period: Period,
    /// Why.
    #[n(1)]
    pub reason: String,
}

/// A period was closed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PeriodClosed {
    /// The period.
    #[n(0)]
    pub period: Period,
    /// Its trial balance, encoded: [`FrozenLine`]s by subject.
    #[n(1)]
    pub trial: ByteVec,
    /// The leaf hash (RFC 6962) of those bytes.
    #[n(2)]
    pub hash: ByteVec,
    /// What was checked.
    #[n(3)]
    pub checks: PeriodChecks,
    /// Words about what was left open.
    #[n(4)]
    pub note: Option<String>,
}

door::table! {
    /// What was done to a period, in the order it was done: the last says where it stands. Lives in the office's cell.
    pub struct PeriodEvent = "period_event" (Household, State, key 4) {
        /// The office.
        cell: Cell,
        /// How long the period is.
        kind: PeriodKind,
        /// Its first day.
        first: Date,
        /// The record that did it.
        seq: i64,
        /// What was done.
        act: PeriodAct,
        /// The booking date it was done on.
        booking_date: Date,
        /// When it was asked.
        at: basics::Instant,
        /// Who approved it.
        by: basics::Id,
        /// The trial balance that was frozen, encoded; empty for a reopening.
        trial: Vec<u8>,
        /// Its hash; of a reopening, that of the trial balance that was taken back.
        hash: Vec<u8>,
        /// Lines of sub-ledgers that were compared and agreed.
        tied_lines: i64,
        /// Items of reconciliation and payments that were open.
        left_open: i64,
        /// Words: what was left open, or why it was reopened.
        words: Option<String>,
    }
}

impl PeriodEvent {
    /// The period.
    pub fn period(&self) -> Period {
        Period { kind: self.kind, first: self.first }
    }

    /// The lines of the trial balance that was frozen. Errors if the bytes are damaged.
    pub fn lines(&self) -> Result<Vec<FrozenLine>, Fault> {
        if self.trial.is_empty() { Ok(Vec::new()) } else { Ok(cbor::from_bytes(&self.trial)?) }
    }
}

/// Where a period stands, by all that was done to any.
pub fn state_of(events: &[PeriodEvent], period: Period) -> PeriodState {
    match last_of(events, period).map(|event| event.act) {
        None => PeriodState::Open,
        Some(PeriodAct::Closed) => PeriodState::Closed,
        Some(PeriodAct::Reopened) => PeriodState::Reopened,
    }
}

/// The last thing that was done to a period.
pub fn last_of(events: &[PeriodEvent], period: Period) -> Option<&PeriodEvent> {
    events.iter().filter(|event| event.period() == period).max_by_key(|event| event.seq)
}

/// Where the months of some days stand: closed if all are, reopened if one is open again, open else; and every reopening there was.
pub fn standing(events: &[PeriodEvent], from: Date, to: Date) -> (PeriodState, Vec<&PeriodEvent>) {
    let (mut state, mut reopened) = (PeriodState::Closed, Vec::new());
    let mut month = Period::of(PeriodKind::Month, from);
    while month.first <= to {
        state = match (state, state_of(events, month)) {
            (PeriodState::Reopened, _) | (_, PeriodState::Reopened) => PeriodState::Reopened,
            (PeriodState::Open, _) | (_, PeriodState::Open) => PeriodState::Open,
            (PeriodState::Closed, PeriodState::Closed) => PeriodState::Closed,
        };
        let of_month = events.iter().filter(|event| event.period() == month && event.act == PeriodAct::Reopened);
        reopened.extend(of_month);
        month = month.after();
    }
    reopened.sort_by_key(|event| event.seq);
    (state, reopened)
}

/// The bytes of a trial balance that are hashed, and their hash.
pub fn freeze(turnovers: &Turnovers) -> (Vec<u8>, [u8; 32]) {
    let moved = |turnover: &&Turnover| **turnover != Turnover::default();
    let lines: Vec<FrozenLine> = turnovers
        .iter()
        .filter(|(_, turnover)| moved(turnover))
        .map(|(subject, turnover)| FrozenLine {
            subject: *subject,
            opening_minor: turnover.opening_minor,
            debit_minor: turnover.debit_minor,
            credit_minor: turnover.credit_minor,
            carried_minor: turnover.carried_minor,
        })
        .collect();
    let bytes = cbor::to_bytes(&lines);
    let hash = leaf_hash(&bytes);
    (bytes, hash)
}

impl Tianxin {
    pub(crate) fn needs_close_period(&self, command: &ClosePeriod, needs: &mut Needs) {
        needs.rows::<PeriodEvent>(key![Cell::OFFICE]);
        let period = command.period;
        let mut day = period.first.add_days(-1);
        // No longer than a year and a day: what is no period is refused by the handler.
        while day <= period.last() {
            needs.rows::<SubjectDay>(key![Cell::OFFICE, day]);
            day = day.add_days(1);
        }
    }

    pub(crate) fn needs_periods(&self, needs: &mut Needs) {
        needs.rows::<PeriodEvent>(key![Cell::OFFICE]);
    }

    pub(crate) fn close_period(&self, slice: &Overlay, command: &ClosePeriod, context: &Context) -> Decided<Tianxin> {
        let ClosePeriod { period, checks, note } = command;
        let (period, name) = (*period, period.name());
        let refused = |code: &'static str, message: String| Err(Refusal::new(code, message).into());
        check_is_period(period)?;
        let last = period.last();
        if last >= context.open_date {
            let message = format!("{name} ends on {last}, and {} is open: close its days first", context.open_date);
            return refused("period_not_over", message);
        }
        let events = slice.range::<PeriodEvent>(&key![Cell::OFFICE])?;
        if state_of(&events, period) == PeriodState::Closed {
            return refused("period_closed", format!("{name} is closed already"));
        }
        // The books may have begun in the middle: a period before their first closed day is not asked for.
        let before = period.before();
        let kept_before = !slice.range::<SubjectDay>(&key![Cell::OFFICE, before.last()])?.is_empty();
        if kept_before && state_of(&events, before) != PeriodState::Closed {
            return refused("earlier_period_open", format!("close {} first: {name} comes after it", before.name()));
        }
        for part in period.parts() {
            let kept = !slice.range::<SubjectDay>(&key![Cell::OFFICE, part.last()])?.is_empty();
            if kept && state_of(&events, part) != PeriodState::Closed {
                return refused("earlier_period_open", format!("close {} first: {name} is made of it", part.name()));
            }
        }
        if checks.tied_on != last || checks.tied_lines == 0 {
            return refused("period_not_checked", format!("hold the sub-ledgers against the general ledger of {last}"));
        }
        if checks.differing > 0 {
            let message = format!(
                "{} sub-ledgers differ from the general ledger of {last}: `tianxin books tie --at {last}` names them",
                checks.differing
            );
            return refused("period_does_not_tie", message);
        }
        match note {
            Some(note) => check_text("the note", note, 500)?,
            None if checks.leaves_something() => {
                let message = format!(
                    "{} items of reconciliation and {} payments are open: say in a note why {name} is closed with them",
                    checks.items_open, checks.payments_open
                );
                return refused("period_needs_note", message);
            }
            None => {}
        }
        let turnovers = turnovers_of(slice, period)?;
        if let Err(error) = TrialBalance::of(&self.chart, period.first, last, &turnovers) {
            return refused("period_does_not_balance", format!("{name} is not closed: {error}"));
        }
        let (trial, hash) = freeze(&turnovers);
        let fact = Fact::PeriodClosed(PeriodClosed {
            period,
            trial: trial.into(),
            hash: hash.to_vec().into(),
            checks: *checks,
            note: note.clone(),
        });
        Ok(Change::new(Outcome::PeriodFrozen { hash: hash.to_vec().into() }, vec![fact]))
    }

    pub(crate) fn reopen_period(&self, slice: &Overlay, command: &ReopenPeriod) -> Decided<Tianxin> {
        let ReopenPeriod { period, reason } = command;
        let name = period.name();
        let refused = |code: &'static str, message: String| Err(Refusal::new(code, message).into());
        check_is_period(*period)?;
        check_text("the reason", reason, 500)?;
        let events = slice.range::<PeriodEvent>(&key![Cell::OFFICE])?;
        if state_of(&events, *period) != PeriodState::Closed {
            return refused("period_not_closed", format!("{name} is not closed: there is nothing to open again"));
        }
        for later in [period.after()].into_iter().chain(period.wholes()) {
            if state_of(&events, later) == PeriodState::Closed {
                let message = format!("{} is closed and rests on {name}: open that one first", later.name());
                return refused("later_period_closed", message);
            }
        }
        let fact = Fact::PeriodReopened { period: *period, reason: reason.clone() };
        Ok(Change::new(Outcome::Done, vec![fact]))
    }
}

fn check_is_period(period: Period) -> Result<(), Refusal> {
    if Period::of(period.kind, period.first) == period {
        return Ok(());
    }
    let (kind, first) = (period.kind.as_str(), period.first);
    Err(Refusal::new("not_a_period", format!("no {kind} begins on {first}: name it as 2026-03, 2026-Q1 or 2026")))
}

/// What the closes of its days have told of a period.
fn turnovers_of(slice: &Overlay, period: Period) -> Result<Turnovers, Fault> {
    let overflow = || Fault::Broken("what was booked on a subject in a period does not fit 64 bits".to_owned());
    let mut all = Turnovers::new();
    let mut day = period.first.add_days(-1);
    while day <= period.last() {
        for row in slice.range::<SubjectDay>(&key![Cell::OFFICE, day])? {
            let more = if day < period.first {
                Turnover { opening_minor: row.balance_minor, ..Turnover::default() }
            } else {
                Turnover {
                    opening_minor: 0,
                    debit_minor: row.debit_minor,
                    credit_minor: row.credit_minor,
                    carried_minor: row.carried_minor,
                }
            };
            let sum = all.entry(subject_of(row.subject)?).or_default();
            *sum = sum.with(&more).ok_or_else(overflow)?;
        }
        day = day.add_days(1);
    }
    Ok(all)
}

/// Keeps what was done to a period.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let (period, act, told) = match fact {
        Fact::PeriodClosed(told) => (told.period, PeriodAct::Closed, Some(told)),
        Fact::PeriodReopened { period, .. } => (*period, PeriodAct::Reopened, None),
        other => return Err(Fault::Broken(format!("{other:?} happens to no period"))),
    };
    let before = books.range::<PeriodEvent>(&key![stamp.cell, period.kind, period.first])?;
    let taken_back = before.iter().max_by_key(|event| event.seq).map(|event| event.hash.clone());
    let reason = match fact {
        Fact::PeriodReopened { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    books.put(&PeriodEvent {
        cell: stamp.cell,
        kind: period.kind,
        first: period.first,
        seq: stamp.seq,
        act,
        booking_date: stamp.booking_date,
        at: stamp.at,
        by: stamp.actor.id,
        trial: told.map_or_else(Vec::new, |told| told.trial.to_vec()),
        hash: told.map_or_else(|| taken_back.unwrap_or_default(), |told| told.hash.to_vec()),
        tied_lines: told.map_or(0, |told| i64::from(told.checks.tied_lines)),
        left_open: told.map_or(0, |told| i64::from(told.checks.items_open) + i64::from(told.checks.payments_open)),
        words: told.and_then(|told| told.note.clone()).or(reason),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(name: &str) -> Period {
        Period::parse(name).unwrap()
    }

    fn event(name: &str, seq: i64, act: PeriodAct) -> PeriodEvent {
        let Period { kind, first } = period(name);
        PeriodEvent {
            cell: Cell::OFFICE,
            kind,
            first,
            seq,
            act,
            booking_date: first,
            at: basics::Instant(0),
            by: basics::Id::from_u128(1),
            trial: Vec::new(),
            hash: Vec::new(),
            tied_lines: 0,
            left_open: 0,
            words: None,
        }
    }

    #[test]
    fn periods_are_named_and_follow_each_other() {
        for (name, last, before, after) in [
            ("2026-02", "2026-02-28", "2026-01", "2026-03"),
            ("2026-12", "2026-12-31", "2026-11", "2027-01"),
            ("2026-Q1", "2026-03-31", "2025-Q4", "2026-Q2"),
            ("2028", "2028-12-31", "2027", "2029"),
        ] {
            let one = period(name);
            assert_eq!(one.name(), name);
            assert_eq!(one.last().to_string(), last);
            assert_eq!((one.before(), one.after()), (period(before), period(after)));
            assert_eq!(one.after().before(), one);
        }
        let names = |periods: Vec<Period>| periods.into_iter().map(Period::name).collect::<Vec<_>>();
        assert_eq!(names(period("2026").parts()), ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]);
        assert_eq!(names(period("2026-Q4").parts()), ["2026-10", "2026-11", "2026-12"]);
        assert_eq!(names(period("2026-05").wholes()), ["2026-Q2", "2026"]);
        assert!(period("2026-05").parts().is_empty() && period("2026").wholes().is_empty());
        for nonsense in ["2026-13", "2026-3", "2026-Q5", "2026-Q01", "26", "2026-", "", "2026-03-01", "x-Q1"] {
            assert_eq!(Period::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_last_act_says_where_a_period_stands() {
        use PeriodAct::{Closed, Reopened};
        let events = [
            event("2026-03", 5, Closed),
            event("2026-04", 9, Closed),
            event("2026-04", 12, Reopened),
            event("2026-02", 2, Closed),
            event("2026-02", 3, Reopened),
            event("2026-02", 4, Closed),
        ];
        assert_eq!(state_of(&events, period("2026-03")), PeriodState::Closed);
        assert_eq!(state_of(&events, period("2026-04")), PeriodState::Reopened);
        assert_eq!(state_of(&events, period("2026-05")), PeriodState::Open);
        assert_eq!(state_of(&events, period("2026-Q1")), PeriodState::Open, "a quarter is closed by itself");
        let day = |text: &str| Date::parse(text).unwrap();
        let told = |from: &str, to: &str| {
            let (state, reopened) = standing(&events, day(from), day(to));
            (state, reopened.iter().map(|event| event.seq).collect::<Vec<_>>())
        };
        assert_eq!(told("2026-02-10", "2026-03-05"), (PeriodState::Closed, vec![3]));
        assert_eq!(told("2026-03-31", "2026-04-01"), (PeriodState::Reopened, vec![12]));
        assert_eq!(told("2026-03-01", "2026-05-01"), (PeriodState::Reopened, vec![12]));
        assert_eq!(told("2026-05-01", "2026-05-01"), (PeriodState::Open, vec![]));
    }

    #[test]
    fn the_hash_is_of_every_figure() {
        let line = |debit_minor| Turnover { opening_minor: 5, debit_minor, credit_minor: 2, carried_minor: 0 };
        let all = |debit_minor| Turnovers::from([(SubjectCode(1002), line(debit_minor))]);
        let (bytes, hash) = freeze(&all(7));
        assert_eq!(freeze(&all(7)), (bytes.clone(), hash));
        assert_ne!(freeze(&all(8)).1, hash);
        let lines: Vec<FrozenLine> = cbor::from_bytes(&bytes).unwrap();
        assert_eq!((lines.len(), lines[0].debit_minor), (1, 7));
        // A subject on which nothing stands is told or not: it changes nothing.
        let mut with_empty = all(7);
        with_empty.insert(SubjectCode(6011), Turnover::default());
        assert_eq!(freeze(&with_empty).1, hash);
    }
}
