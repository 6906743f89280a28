//! `tianxin bench watch`: how fast events pass all detectors, and what a household takes.

mod http;

use std::hint::black_box;
use std::time::{Duration, Instant};

use clap::Args;
use watch::learned::LearnSettings;
use watch::monitor::household_bytes;
use watch::{Config, HOUSEHOLD_BYTES_MAX, Input, Monitor, Sight};

use self::http::OverHttp;
use super::insight::part;
use super::{Line, Report, forget_peak, peak_mb, three_places};
use crate::failure::Failure;

/// Pass events through all detectors on one core, households in random order.
#[derive(Args)]
pub struct WatchBench {
    /// Households, all of which have a past before anything is measured
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=2_000_000))]
    households: u32,
    /// Events of each: two thirds of them are its past, the rest is measured
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(3..=1_000))]
    events: u32,
    /// Over HTTP, with everything stored, instead: so many households are founded, each known for a year
    #[arg(long, value_name = "HOUSEHOLDS", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    http: Option<u32>,
    /// Callers at the same time over HTTP
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    callers: u16,
    /// Events a request over HTTP: a household's spending of a day may come at once
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=500))]
    batch: u16,
    /// How long over HTTP
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Households of a village.
const VILLAGE: u64 = 400;
/// Aims: events a second and core, microseconds for 99 of 100.
const EVENTS_AIM: f64 = 200_000.0;
const MICROS_AIM: f64 = 100.0;

impl WatchBench {
    /// Runs the benchmark.
    pub fn run(self) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        if let Some(households) = self.http {
            let over =
                OverHttp { households, callers: self.callers, events: usize::from(self.batch), seconds: self.seconds };
            return over.measure(&mut report);
        }
        let config = Config::usual().map_err(|error| Failure::Wrong(error.to_string()))?;
        forget_peak();
        let mut monitor = Monitor::new(config, LearnSettings::default());
        let all = u64::from(self.households) * u64::from(self.events);
        let (mut made, mut spent, mut counted) = (0_u64, Duration::ZERO, 0_u64);
        let mut took: Vec<u32> = Vec::new();
        let mut signals = 0_usize;
        while made < all {
            let events = part(self.households, made, all)?;
            made += events.len() as u64;
            let is_measured = made > all / 3 * 2;
            let begun = Instant::now();
            for (place, (household, event)) in events.iter().enumerate() {
                let hour = 7 + (place as i64 * 7_919) % 14;
                let sight = Sight {
                    event,
                    at: basics::Instant((i64::from(event.date.days()) * 24 + hour) * 3_600_000_000),
                    village: Some(1 + *household as u64 / VILLAGE),
                    device: Some(1 + *household as u64 / 2),
                    clerk: None,
                    own_key: Some(1 + *household as u64),
                };
                // Reading the clock costs too: one event in sixteen is timed alone.
                if is_measured && place.is_multiple_of(16) {
                    let begun = Instant::now();
                    signals += monitor.step(&Input::Event(black_box(sight))).signals.len();
                    took.push(u32::try_from(begun.elapsed().as_nanos()).unwrap_or(u32::MAX));
                } else {
                    signals += monitor.step(&Input::Event(black_box(sight))).signals.len();
                }
            }
            if is_measured {
                spent += begun.elapsed();
                counted += events.len() as u64;
            }
        }
        took.sort_unstable();
        let at = |per_mille: usize| took.get(took.len() * per_mille / 1_000).map(|ns| f64::from(*ns) / 1_000.0);
        let rate = three_places(counted as f64 / spent.as_secs_f64());
        let rate_line = Line {
            name: "watch_events",
            engine: "none",
            ours: Some(rate),
            unit: Some("events/s/core"),
            p50_ms: at(500).map(|micros| three_places(micros / 1_000.0)),
            p99_ms: at(990).map(|micros| three_places(micros / 1_000.0)),
            rss_mb: peak_mb(),
            ..Line::default()
        };
        let note = format!(
            "full detector set; {counted} events of {} households that have a past, in random order; {signals} signals in all; {}",
            self.households,
            if cfg!(debug_assertions) { "a build without optimisation for release" } else { "an optimised build" }
        );
        report.line(&rate_line.against("uniform aim", EVENTS_AIM, note))?;
        let p99 = at(990).unwrap_or(0.0);
        let time_line = Line {
            name: "watch_event_p99",
            engine: "none",
            ours: Some(three_places(p99)),
            unit: Some("microseconds"),
            reference_name: Some("uniform aim".to_owned()),
            reference: Some(MICROS_AIM),
            ratio: (p99 > 0.0).then(|| three_places(MICROS_AIM / p99)),
            note: Some("99 of 100 events, each timed alone".to_owned()),
            ..Line::default()
        };
        report.line(&time_line)?;
        let bytes = household_bytes() as f64;
        let bytes_line = Line {
            name: "watch_household",
            engine: "none",
            ours: Some(bytes),
            unit: Some("bytes/household"),
            reference_name: Some("uniform aim".to_owned()),
            reference: Some(HOUSEHOLD_BYTES_MAX as f64),
            ratio: Some(three_places(HOUSEHOLD_BYTES_MAX as f64 / bytes)),
            note: Some("state of a household, all detectors together: fixed".to_owned()),
            ..Line::default()
        };
        report.line(&bytes_line)
    }
}
