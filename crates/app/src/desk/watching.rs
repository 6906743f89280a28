//! The monitor behind the desk: it sees what was observed once that is durable, and raises alerts through the door.
//!
//! Its state is made of the stored events, in the order in which they became known, when the first is looked at: a server that was killed
//! goes on where the journal ends. It never stands between a household and its answer: what cannot be raised now is raised with the next event.

use std::sync::{Mutex, PoisonError};

use basics::{Id, Instant, cbor};
use door::table::Record;
use door::{Actor, Order, Request, key};
use insight::Event;
use watch::learned::LearnSettings;
use watch::monitor::{Seen, key_of};
use watch::signal::{Entity, EntityKind, Signal};
use watch::{Config, Grade, Input, Monitor, Sight};

use super::past::stored_events;
use super::suspending::Suspending;
use super::{Desk, DeskError};
use crate::case::{AlertSignal, CaseNote, CaseState, RaiseAlert, WatchAlert, WatchCase};
use crate::command::Command;
use crate::tables::{BehaviourProfile, Household};

/// Alerts that wait to be raised, at most: beyond them the oldest are let go, and counted.
const WAITING_MAX: usize = 1_000;
/// Of events that typologies only note, one in so many is worked as a case.
const NOTES_SAMPLED_ONE_IN: u64 = 20;
/// Seconds back for which alerts are raised again after a start: what a killed server had not told yet.
const AGAIN_SECONDS: i64 = 30 * 86_400;
/// Rows read at once where all households are gone through.
const PAGE: usize = 1_000;

/// The monitor with what it has not told yet.
#[derive(Default)]
pub(super) struct Watching(pub(super) Mutex<Inner>);

#[derive(Default)]
pub(super) struct Inner {
    /// What it goes by; that of the platform if none was given.
    config: Option<Config>,
    pub(super) monitor: Option<Monitor>,
    waiting: Vec<(RaiseAlert, Instant)>,
    let_go: u64,
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
        self.watching.0.lock().unwrap_or_else(PoisonError::into_inner).config = Some(config);
        self
    }

    /// Makes the monitor of the stored events where there is none yet, so that the next order finds an answer. Errors if they cannot be read.
    pub fn open_monitor(&self) -> Result<(), DeskError> {
        let mut inner = self.watching.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.monitor.is_none() {
            let (monitor, raised) = self.monitor_from_books(inner.config.as_ref())?;
            inner.monitor = Some(monitor);
            inner.waiting.extend(raised);
        }
        Ok(())
    }

    /// Shows the monitor events that were just observed, and raises what they call for. How many alerts were raised.
    ///
    /// Errors if stored events cannot be read; what could not be raised waits for the next call.
    pub fn watch(&self, household: Id, events: &[Event], at: Instant) -> Result<usize, DeskError> {
        let mut inner = self.watching.0.lock().unwrap_or_else(PoisonError::into_inner);
        let village = self.village_key(household)?;
        if inner.monitor.is_none() {
            // These events are stored already, and are met among the others. What was raised before is recognised by its id.
            let (monitor, raised) = self.monitor_from_books(inner.config.as_ref())?;
            inner.monitor = Some(monitor);
            inner.waiting.extend(raised);
        } else if let Some(monitor) = &mut inner.monitor {
            let mut raised = Vec::new();
            for event in events {
                let seen = monitor.step(&Input::Event(sight(event, at, village)));
                raised.extend(alert_of(monitor.config(), event, &seen));
            }
            inner.waiting.extend(raised.into_iter().map(|alert| (alert, at)));
        }
        let mut done = 0;
        while let Some((alert, at)) = inner.waiting.first().cloned() {
            let id = alert.alert.derive("raise");
            match self.engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(Command::RaiseAlert(alert)))) {
                Ok(_) | Err(door::DoorError::Conflict(_)) => {
                    inner.waiting.remove(0);
                    done += 1;
                }
                // What the door will never take is let go; busy or stopping, it is asked again the next time.
                Err(door::DoorError::Refused(_)) => {
                    inner.waiting.remove(0);
                    inner.let_go += 1;
                }
                Err(_) => break,
            }
        }
        while inner.waiting.len() > WAITING_MAX {
            inner.waiting.remove(0);
            inner.let_go += 1;
        }
        Ok(done)
    }

    /// Alerts that were let go since too many waited.
    pub fn alerts_let_go(&self) -> u64 {
        self.watching.0.lock().unwrap_or_else(PoisonError::into_inner).let_go
    }

    /// A monitor that has seen every stored event in the order in which they became known, and what those of the last days call for.
    fn monitor_from_books(&self, own: Option<&Config>) -> Result<(Monitor, Vec<(RaiseAlert, Instant)>), DeskError> {
        let usual = || Config::usual().map_err(|error| DeskError::Damaged(error.to_string()));
        let config = own.cloned().map_or_else(usual, Ok)?;
        let mut monitor = Monitor::new(config, LearnSettings::default());
        let mut told = Vec::new();
        for cell in 1..=self.engine.backend().cells() {
            let cell = basics::Cell(cell);
            let mut after: Option<Vec<door::table::Value>> = None;
            loop {
                let prefix = key![cell];
                let rows = self
                    .readers
                    .with(|reader| reader.scan(BehaviourProfile::table(), &prefix, after.as_deref(), PAGE))?;
                let Some(last) = rows.last() else { break };
                let damaged = |error: door::table::RowError| DeskError::Damaged(error.to_string());
                let last = BehaviourProfile::from_row(last).map_err(damaged)?.household;
                after = Some(key![cell, last]);
                let count = rows.len();
                for row in &rows {
                    let household = BehaviourProfile::from_row(row).map_err(damaged)?.household;
                    let village = self.village_key(household)?;
                    let events = self
                        .readers
                        .with(|reader| Ok(stored_events(reader, self.vault.as_ref(), (cell, household))))?;
                    match events {
                        Ok(events) => told.extend(events.into_iter().map(|event| (event, village))),
                        // What was erased is not seen again.
                        Err(DeskError::Vault(crate::vault::VaultError::Erased)) => {}
                        Err(error) => return Err(error),
                    }
                }
                if count < PAGE {
                    break;
                }
            }
        }
        let place = |event: &Event| event.known.map(|known| (known.at, known.place));
        told.sort_by_key(|(event, _)| (place(event), event.household, event.id));
        let newest = told.iter().filter_map(|(event, _)| event.known).map(|known| known.at).max();
        let since = newest.map_or(Instant(i64::MAX), |at| at.add_seconds(-AGAIN_SECONDS));
        let mut raised = Vec::new();
        for (event, village) in &told {
            let at = event.known.map_or(Instant(i64::from(event.date.days()) * 86_400_000_000), |known| known.at);
            let seen = monitor.step(&Input::Event(sight(event, at, *village)));
            if at >= since {
                raised.extend(alert_of(monitor.config(), event, &seen).map(|alert| (alert, at)));
            }
        }
        Ok((monitor, raised))
    }

    /// The key of a household's village.
    pub(super) fn village_key(&self, household: Id) -> Result<Option<u64>, DeskError> {
        let rows: Vec<Household> = self.rows(key![self.cell_of(household), household])?;
        Ok(rows.first().map(|row| number_of(&basics::merkle::leaf_hash(row.village.as_bytes()))))
    }

    /// Cases of a state, the most at stake first: risk times money. At most `limit`, of the thousand oldest.
    pub fn cases(&self, state: CaseState, limit: usize) -> Result<Vec<WatchCase>, DeskError> {
        let mut rows: Vec<WatchCase> = self.list(&door::backend::List {
            table: WatchCase::table(),
            equal: vec![
                ("cell", door::table::Value::Int(i64::from(basics::Cell::OFFICE.0))),
                ("state", door::table::Value::Text(state.as_str().into())),
            ],
            order: vec!["opened_at", "id"],
            descending: false,
            after: None,
            limit: PAGE,
        })?;
        let stake = |case: &WatchCase| i128::from(case.risk_milli) * i128::from(case.money_minor.max(100));
        rows.sort_by_key(|case| (std::cmp::Reverse(stake(case)), case.opened_at, case.id));
        rows.truncate(limit);
        Ok(rows)
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

fn sight(event: &Event, at: Instant, village: Option<u64>) -> Sight<'_> {
    Sight { event, at, village, device: None, clerk: None, own_key: Some(key_of(event.household)) }
}

/// What an event calls for: an alert or a hold, and one in [`NOTES_SAMPLED_ONE_IN`] of what is only to be noted, chosen by the event's id. Were
/// none of those looked at, verdicts would only ever tell of what was alerted. Nothing where the configuration runs in shadow.
fn alert_of(config: &Config, event: &Event, seen: &Seen) -> Option<RaiseAlert> {
    let drawn = number_of(&basics::merkle::leaf_hash(event.id.as_bytes())).is_multiple_of(NOTES_SAMPLED_ONE_IN);
    let grade = seen.grade.filter(|grade| config.acts && (*grade >= Grade::Alert || drawn))?;
    let strongest = seen.signals.iter().max_by_key(|signal| (signal.surprise_milli, signal.kind))?;
    let (subject_kind, subject) = match strongest.entity {
        Entity::Household(household) => ("household", household),
        Entity::Key(kind, key) => (kind_word(kind), Id::from_u128(u128::from(key))),
    };
    Some(RaiseAlert {
        alert: event.id.derive("alert"),
        subject,
        subject_kind: subject_kind.to_owned(),
        grade: grade.word().to_owned(),
        typology: config.typologies.get(seen.typology).map_or(String::new(), |one| one.code.clone()),
        score_milli: i64::from(seen.rules_milli),
        money_minor: event.amount_minor.saturating_abs(),
        signals: signals_of(&seen.signals),
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
