//! The monitor made of the stored events, in the order in which they became known, beside whatever else the desk does.
//!
//! Events are sealed a household at a time and stand in no order of time. So the books are gone through once to count events by the day on which they
//! became known, days are put together into parts of bounded size, and the books are gone through once more for each part: memory stays
//! bounded however long the past is. A past that fits into one part is read once.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use basics::{Cell, Id, Instant};
use door::key;
use door::table::{Key, Record};
use insight::Event;
use watch::learned::LearnSettings;
use watch::{Config, Monitor};

use super::past::stored_events;
use super::watching::show;
use super::{Desk, DeskError};
use crate::case::RaiseAlert;
use crate::tables::BehaviourProfile;
use crate::vault::VaultError;

/// Events held in memory at once, but for a day that alone has more.
pub(super) const PART_MAX: usize = 200_000;
/// Seconds back for which alerts are raised again after a start: what a killed server had not told yet.
const AGAIN_SECONDS: i64 = 30 * 86_400;
/// Seconds before the newest event from which on ids are kept, so that what is told meanwhile is met once.
const LATELY_SECONDS: i64 = 86_400;
/// Households read at once.
const PAGE: usize = 1_000;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// How far the monitor is made.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Events shown to it.
    pub(super) shown: AtomicU64,
    /// Events there are; 0 until they are counted.
    pub(super) all: AtomicU64,
}

/// A monitor that has seen every stored event.
pub(super) struct Rebuilt {
    pub(super) monitor: Monitor,
    /// What the last days call for, in their order.
    pub(super) raised: Vec<(RaiseAlert, Instant)>,
    /// Events of the last day, which may be told again by whoever stored them meanwhile.
    pub(super) lately: HashSet<Id>,
}

/// An event with where it stands among all.
struct Told {
    at: Instant,
    cell: Cell,
    event: Event,
    village: Option<u64>,
}

impl Told {
    fn place(&self) -> (Instant, Cell, Id, Option<u64>, Id) {
        (self.at, self.cell, self.event.household, self.event.known.map(|known| known.place), self.event.id)
    }
}

/// When an event became known; of those from before that was kept, the day it happened.
fn known_at(event: &Event) -> Instant {
    event.known.map_or(Instant(i64::from(event.date.days()) * DAY), |known| known.at)
}

fn day_of(at: Instant) -> i64 {
    at.0.div_euclid(DAY)
}

impl Desk {
    /// Makes a monitor of all stored events, at most about `part_max` of them in memory at once. Errors if they cannot be read.
    pub(super) fn rebuild(&self, config: Config, progress: &Progress, part_max: usize) -> Result<Rebuilt, DeskError> {
        progress.shown.store(0, Ordering::Relaxed);
        progress.all.store(0, Ordering::Relaxed);
        let mut days: BTreeMap<i64, usize> = BTreeMap::new();
        let mut newest = Instant(i64::MIN);
        let mut all = 0_usize;
        let mut held: Vec<Told> = Vec::new();
        self.each_event(&mut |told| {
            *days.entry(day_of(told.at)).or_default() += 1;
            newest = newest.max(told.at);
            all += 1;
            match all > part_max {
                true => held = Vec::new(),
                false => held.push(told),
            }
        })?;
        progress.all.store(all as u64, Ordering::Relaxed);
        let monitor = Monitor::new(config, LearnSettings::default());
        let mut rebuilt = Rebuilt { monitor, raised: Vec::new(), lately: HashSet::new() };
        let since = newest.0.saturating_sub(AGAIN_SECONDS * 1_000_000);
        let lately = newest.0.saturating_sub(LATELY_SECONDS * 1_000_000);
        if all <= part_max {
            rebuilt.show(held, (Instant(since), Instant(lately)), progress);
            return Ok(rebuilt);
        }
        let mut from = i64::MIN;
        for to in cuts(&days, part_max) {
            let mut part = Vec::new();
            self.each_event(&mut |told| {
                if (from..to).contains(&day_of(told.at)) {
                    part.push(told);
                }
            })?;
            rebuilt.show(part, (Instant(since), Instant(lately)), progress);
            from = to;
        }
        Ok(rebuilt)
    }

    /// Opens every stored event, household by household; what was erased is not there.
    fn each_event(&self, each: &mut dyn FnMut(Told)) -> Result<(), DeskError> {
        let mut reader = self.engine.backend().connect()?;
        for cell in (1..=self.engine.backend().cells()).map(Cell) {
            let mut after: Option<Key> = None;
            loop {
                let rows = reader.scan(BehaviourProfile::table(), &key![cell], after.as_deref(), PAGE)?;
                for row in &rows {
                    let row = BehaviourProfile::from_row(row).map_err(|error| DeskError::Damaged(error.to_string()))?;
                    let household = row.household;
                    after = Some(key![cell, household]);
                    let village = self.village_key(household)?;
                    match stored_events(reader.as_mut(), self.vault.as_ref(), (cell, household)) {
                        Ok(events) => events
                            .into_iter()
                            .for_each(|event| each(Told { at: known_at(&event), cell, event, village })),
                        Err(DeskError::Vault(VaultError::Erased)) => {}
                        Err(error) => return Err(error),
                    }
                }
                if rows.len() < PAGE {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Rebuilt {
    fn show(&mut self, mut part: Vec<Told>, (since, lately): (Instant, Instant), progress: &Progress) {
        part.sort_by_key(Told::place);
        for told in &part {
            let raised = show(&mut self.monitor, &told.event, told.at, told.village);
            if told.at >= since {
                self.raised.extend(raised);
            }
            if told.at >= lately {
                self.lately.insert(told.event.id);
            }
            progress.shown.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The days before which parts end, each with at most so many events where a day alone has no more. The last has no end: what comes
/// while the books are read belongs to it.
fn cuts(days: &BTreeMap<i64, usize>, part_max: usize) -> Vec<i64> {
    let mut cuts = Vec::new();
    let mut in_part = 0;
    for (day, count) in days {
        if in_part > 0 && in_part + count > part_max {
            cuts.push(*day);
            in_part = 0;
        }
        in_part += count;
    }
    cuts.push(i64::MAX);
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_days_and_no_larger_than_they_may_be() {
        let days = |counts: &[usize]| -> BTreeMap<i64, usize> { (100..).zip(counts.iter().copied()).collect() };
        assert_eq!(cuts(&days(&[]), 10), [i64::MAX]);
        assert_eq!(cuts(&days(&[4, 6, 1]), 10), [102, i64::MAX]);
        assert_eq!(cuts(&days(&[50, 1, 50]), 10), [101, 102, i64::MAX], "a day is never cut");
    }
}
