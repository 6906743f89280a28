//! The monitor behind the desk: it sees what was observed once that is durable, and raises alerts through the door.
//!
//! Its state is made of the stored events, in the order in which they became known, before it looks at anything new: a server that was killed
//! goes on where the journal ends. It is made beside the requests; what is observed meanwhile waits for it. It never stands between a
//! household and its answer: what cannot be raised now is raised later, and where too much waits the monitor is made anew, since
//! everything that it called for follows from what is stored.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockResult};

use basics::{Id, Instant, cbor};
use door::table::Record;
use door::{Actor, Order, Request, Role, key};
use insight::Event;
use watch::config::Work;
use watch::monitor::{Seen, key_of};
use watch::signal::{Entity, EntityKind, Signal};
use watch::{Config, Grade, Input, Monitor, Sight};

use super::rebuild::{PART_MAX, Progress};
use super::suspending::Suspending;
use super::{Desk, DeskError};
use crate::case::{AlertSignal, CaseNote, CaseState, RaiseAlert, WatchAlert, WatchCase};
use crate::command::Command;
use crate::outcomes::{Outcomes, outcomes};
use crate::tables::{Household, Staff, StaffStatus};

/// Alerts that wait to be raised, at most: beyond them the monitor is made anew once the door takes alerts again.
const WAITING_MAX: usize = 10_000;
/// Events that wait for the monitor to be made, at most: beyond them it reads the books once more.
const COMING_MAX: usize = 100_000;
/// Of events that typologies only note, one in so many is worked as a case.
pub const NOTES_SAMPLED_ONE_IN: u64 = 20;

/// The monitor with what it has not told yet.
#[derive(Default)]
pub(super) struct Watching {
    inner: Mutex<Inner>,
    progress: Progress,
}

impl Watching {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, Inner>> {
        self.inner.try_lock()
    }
}

#[derive(Default)]
pub(super) struct Inner {
    /// What it goes by; that of the platform if none was given.
    config: Option<Config>,
    /// None until it is made.
    pub(super) monitor: Option<Monitor>,
    is_being_made: bool,
    /// What was observed while it is being made.
    coming: Vec<(Event, Instant, Option<u64>)>,
    /// Whether more came than could be kept: the books are to be read again.
    overflowed: bool,
    /// Events held in memory at once while it is made, where that was said.
    part_max: Option<usize>,
    /// Events of the last day before it was made, which whoever stored them may still show it.
    lately: HashSet<Id>,
    waiting: VecDeque<(RaiseAlert, Instant)>,
    let_go: u64,
}

/// What the monitor is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchStatus {
    /// Whether it has seen all that is stored, and sees what comes.
    pub is_following: bool,
    /// Events that it was shown of the past.
    pub shown: u64,
    /// Events of the past that there are; 0 until they are counted.
    pub all: u64,
    /// Events that wait for it.
    pub coming: usize,
    /// Alerts that wait to be raised.
    pub waiting: usize,
    /// Alerts that the door refused for good.
    pub let_go: u64,
}

/// A case with its alerts and notes.
#[derive(Clone, Debug)]
pub struct CaseView {
    /// The case.
    pub case: WatchCase,
    /// Its alerts, oldest first, each with what was unusual.
    pub alerts: Vec<(WatchAlert, Vec<AlertSignal>)>,
    /// What was written down.
    pub notes: Vec<CaseNote>,
}

impl Desk {
    /// The same desk, whose monitor goes by the institution's own configuration.
    #[must_use]
    pub fn watching_by(mut self, config: Config) -> Desk {
        self.suspending = Suspending::by(&config);
        self.watching.lock().config = Some(config);
        self
    }

    /// The same desk, whose monitor is made with at most about so many events in memory at once.
    #[must_use]
    pub fn rebuilding_in_parts(self, events: usize) -> Desk {
        self.watching.lock().part_max = Some(events.max(1));
        self
    }

    /// What the monitor is doing.
    pub fn watch_status(&self) -> WatchStatus {
        let inner = self.watching.lock();
        let progress = &self.watching.progress;
        WatchStatus {
            is_following: inner.monitor.is_some(),
            shown: progress.shown.load(Ordering::Relaxed),
            all: progress.all.load(Ordering::Relaxed),
            coming: inner.coming.len(),
            waiting: inner.waiting.len(),
            let_go: inner.let_go,
        }
    }

    /// Makes the monitor of the stored events where there is none and nobody makes it: how many alerts it then raised. Whoever serves calls it
    /// beside the requests, again and again: alerts that wait are raised first, and while the door takes none nothing is read.
    ///
    /// Errors if stored events cannot be read.
    pub fn open_monitor(&self) -> Result<Option<usize>, DeskError> {
        self.raise_waiting();
        let config = {
            let mut inner = self.watching.lock();
            if inner.monitor.is_some() || inner.is_being_made || inner.waiting.len() > WAITING_MAX / 2 {
                return Ok(None);
            }
            inner.is_being_made = true;
            inner.config.clone()
        };
        let made = self.make_monitor(config);
        self.watching.lock().is_being_made = false;
        made?;
        Ok(Some(self.raise_waiting()))
    }

    fn make_monitor(&self, config: Option<Config>) -> Result<(), DeskError> {
        let usual = || Config::usual().map_err(|error| DeskError::Damaged(error.to_string()));
        let config = config.map_or_else(usual, Ok)?;
        loop {
            let part_max = self.watching.lock().part_max.unwrap_or(PART_MAX);
            let mut rebuilt = self.rebuild(config.clone(), &self.watching.progress, part_max)?;
            let mut inner = self.watching.lock();
            if std::mem::take(&mut inner.overflowed) {
                inner.coming = Vec::new();
                continue;
            }
            for (event, at, village) in std::mem::take(&mut inner.coming) {
                // It was stored before the books were read to their end.
                if rebuilt.lately.remove(&event.id) {
                    continue;
                }
                rebuilt.raised.extend(show(&mut rebuilt.monitor, &event, at, village));
            }
            inner.waiting = rebuilt.raised.into();
            inner.lately = rebuilt.lately;
            inner.monitor = Some(rebuilt.monitor);
            return Ok(());
        }
    }

    /// Shows the monitor events that were just observed, and raises what they call for. How many alerts were raised.
    ///
    /// Errors if stored events cannot be read; what could not be raised waits for the next call.
    pub fn watch(&self, household: Id, events: &[Event], at: Instant) -> Result<usize, DeskError> {
        let village = self.village_key(household)?;
        {
            let mut guard = self.watching.lock();
            let inner = &mut *guard;
            let mut raised = Vec::new();
            match &mut inner.monitor {
                Some(monitor) => {
                    for event in events {
                        if inner.lately.remove(&event.id) {
                            continue;
                        }
                        raised.extend(show(monitor, event, at, village));
                    }
                }
                None if inner.is_being_made => {
                    if inner.coming.len() + events.len() > COMING_MAX {
                        inner.coming = Vec::new();
                        inner.overflowed = true;
                    } else if !inner.overflowed {
                        inner.coming.extend(events.iter().map(|event| (event.clone(), at, village)));
                    }
                    return Ok(0);
                }
                // These events are stored already, and are met among the others.
                None => {}
            }
            inner.waiting.extend(raised);
        }
        let is_made = self.watching.lock().monitor.is_some();
        if !is_made && let Some(raised) = self.open_monitor()? {
            return Ok(raised);
        }
        Ok(self.raise_waiting())
    }

    /// Raises what waits, the oldest first, until the door takes no more; how many. What the door will never take is let go, and counted.
    fn raise_waiting(&self) -> usize {
        let mut done = 0;
        loop {
            let Some((alert, at)) = self.watching.lock().waiting.front().cloned() else { break };
            let name = alert.alert;
            let id = name.derive("raise");
            let is_raised =
                match self.engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(Command::RaiseAlert(alert)))) {
                    Ok(_) | Err(door::DoorError::Conflict(_)) => true,
                    Err(door::DoorError::Refused(_)) => false,
                    // Busy or stopping: it is asked again the next time.
                    Err(_) => break,
                };
            let mut inner = self.watching.lock();
            inner.let_go += u64::from(!is_raised);
            done += usize::from(is_raised);
            // Another caller may have raised it meanwhile.
            if inner.waiting.front().is_some_and(|(first, _)| first.alert == name) {
                inner.waiting.pop_front();
            }
        }
        let mut inner = self.watching.lock();
        if inner.waiting.len() > WAITING_MAX {
            // Everything that waits follows from what is stored, and is called for again by a monitor that is made anew.
            inner.waiting = VecDeque::new();
            inner.monitor = None;
        }
        done
    }

    /// The key of a household's village.
    pub(super) fn village_key(&self, household: Id) -> Result<Option<u64>, DeskError> {
        let rows: Vec<Household> = self.rows(key![self.cell_of(household), household])?;
        Ok(rows.first().map(|row| number_of(&basics::merkle::leaf_hash(row.village.as_bytes()))))
    }

    /// Cases of a state, the most at stake first: risk times money. At most `limit`, after the case last shown.
    pub fn cases(&self, state: CaseState, after: Option<(i64, Id)>, limit: usize) -> Result<Vec<WatchCase>, DeskError> {
        self.list(&door::backend::List {
            table: WatchCase::table(),
            equal: vec![
                ("cell", door::table::Value::Int(i64::from(basics::Cell::OFFICE.0))),
                ("state", door::table::Value::Text(state.as_str().into())),
            ],
            order: vec!["stake_minor", "id"],
            descending: true,
            after: after.map(|(stake, id)| key![stake, id]),
            limit,
        })
    }

    /// How many more cases are to be taken today: what the configuration asks of each officer who works here, less what was taken on the
    /// open day.
    pub fn cases_left_today(&self) -> Result<usize, DeskError> {
        let work = self.watch_work()?;
        let officer = |row: &Staff| row.status == StaffStatus::Active && row.role == Role::Officer.as_str();
        let officers = self.staff()?.iter().filter(|row| officer(row)).count();
        let office = basics::Cell::OFFICE;
        let most = officers.saturating_mul(work.per_officer_day as usize);
        if most == 0 {
            return Ok(0);
        }
        let taken: Vec<WatchCase> = self.list(&door::backend::List {
            table: WatchCase::table(),
            equal: vec![
                ("cell", door::table::Value::Int(i64::from(office.0))),
                ("taken_on", door::table::Value::Date(self.open_date(office)?)),
            ],
            order: vec!["id"],
            descending: false,
            after: None,
            limit: most,
        })?;
        Ok(most.saturating_sub(taken.len()))
    }

    /// How cases are worked by the configuration.
    pub fn watch_work(&self) -> Result<Work, DeskError> {
        Ok(self.watch_config()?.work)
    }

    /// What came of alerts so far, and how soon cases are worked. Reads every case and alert.
    pub fn outcomes(&self, now: Instant) -> Result<Outcomes, DeskError> {
        let config = self.watch_config()?;
        let mut reader = self.engine.backend().connect()?;
        outcomes(reader.as_mut(), &config, now)
    }

    /// What the monitor goes by.
    pub fn watch_config(&self) -> Result<Config, DeskError> {
        let own = self.watching.lock().config.clone();
        let usual = || Config::usual().map_err(|error| DeskError::Damaged(error.to_string()));
        own.map_or_else(usual, Ok)
    }

    /// Whether a case that waits beyond the day's cases is worked all the same: drawn by its id, so that nobody chooses and a second look draws
    /// the same.
    pub fn is_drawn(case: Id, percent: u32) -> bool {
        number_of(&basics::merkle::leaf_hash(case.as_bytes())) % 100 < u64::from(percent)
    }

    /// A case with its alerts and notes; none if there is no such case.
    pub fn case(&self, subject: Id, case: Id) -> Result<Option<CaseView>, DeskError> {
        let office = basics::Cell::OFFICE;
        let rows: Vec<WatchCase> = self.rows(key![office, subject, case])?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let mut alerts = Vec::new();
        for alert in self.rows::<WatchAlert>(key![office, case])? {
            let signals = cbor::from_bytes(&alert.signals)?;
            alerts.push((alert, signals));
        }
        alerts.sort_by_key(|(alert, _)| (alert.raised_at, alert.id));
        let mut notes: Vec<CaseNote> = self.rows(key![office, case])?;
        notes.sort_by_key(|note| (note.written_at, note.id));
        Ok(Some(CaseView { case: row, alerts, notes }))
    }
}

/// Shows a monitor an event that became known at a moment, after the days before it have ended: what is to be raised, and when.
pub(super) fn show(
    monitor: &mut Monitor,
    event: &Event,
    at: Instant,
    village: Option<u64>,
) -> Vec<(RaiseAlert, Instant)> {
    let over = monitor.pass_to(at.date_at_offset(0).days());
    let config = monitor.config();
    let mut raised: Vec<(RaiseAlert, Instant)> = over
        .into_iter()
        .filter_map(|(household, day, seen)| alert(config, household.derive(&format!("day {day}")), 0, &seen))
        .map(|alert| (alert, at))
        .collect();
    let seen = monitor.step(&Input::Event(sight(event, at, village)));
    raised
        .extend(alert(monitor.config(), event.id, event.amount_minor.saturating_abs(), &seen).map(|alert| (alert, at)));
    raised
}

fn sight(event: &Event, at: Instant, village: Option<u64>) -> Sight<'_> {
    Sight { event, at, village, device: None, clerk: None, own_key: Some(key_of(event.household)) }
}

/// What an event, or a day that is over, calls for: an alert or a hold, and one in [`NOTES_SAMPLED_ONE_IN`] of what is only to be noted, chosen by the id. Were
/// none of those looked at, verdicts would only ever tell of what was alerted. Nothing where the configuration runs in shadow.
fn alert(config: &Config, of: Id, money_minor: i64, seen: &Seen) -> Option<RaiseAlert> {
    let drawn = number_of(&basics::merkle::leaf_hash(of.as_bytes())).is_multiple_of(NOTES_SAMPLED_ONE_IN);
    let grade = seen.grade.filter(|grade| config.acts && (*grade >= Grade::Alert || drawn))?;
    let strongest = seen.signals.iter().max_by_key(|signal| (signal.surprise_milli, signal.kind))?;
    let (subject_kind, subject) = match strongest.entity {
        Entity::Household(household) => ("household", household),
        Entity::Key(kind, key) => (kind_word(kind), Id::from_u128(u128::from(key))),
    };
    Some(RaiseAlert {
        alert: of.derive("alert"),
        subject,
        subject_kind: subject_kind.to_owned(),
        grade: grade.word().to_owned(),
        typology: config.typologies.get(seen.typology).map_or(String::new(), |one| one.code.clone()),
        score_milli: i64::from(seen.rules_milli),
        money_minor,
        signals: signals_of(&seen.signals),
        config: Some(config.hash.clone()),
    })
}

/// Signals as they are kept with an alert.
pub(super) fn signals_of(signals: &[Signal]) -> Vec<AlertSignal> {
    let signals = signals.iter().map(|signal| AlertSignal {
        kind: signal.kind.word().to_owned(),
        p_ppm: signal.p_ppm,
        observed: signal.reading.observed,
        low: signal.reading.expected.0,
        high: signal.reading.expected.1,
        peers: signal.reading.peers,
        evidence: signal.reading.evidence.iter().filter(|bits| **bits != 0).map(|bits| Id::from_u128(*bits)).collect(),
    });
    signals.take(16).collect()
}

const fn kind_word(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Household => "household",
        EntityKind::Account => "account",
        EntityKind::Counterparty => "counterparty",
        EntityKind::Merchant => "merchant",
        EntityKind::Device => "device",
        EntityKind::Clerk => "clerk",
        EntityKind::Village => "village",
    }
}

fn number_of(hash: &[u8]) -> u64 {
    hash.iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte)).max(1)
}
