//! `tianxin bench insight`: how fast events are folded into the profiles of many households, and what a profile takes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use basics::{Date, Id, cbor};
use clap::Args;
use insight::{Channel, Event, EventKind, Profile, Purchase, features, fold_many};

use super::{Line, Report, forget_peak, peak_mb, three_places};
use crate::failure::Failure;

/// Fold events into profiles on one core, households in random order, some events late.
#[derive(Args)]
pub struct InsightBench {
    /// Households
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=2_000_000))]
    households: u32,
    /// Events of each over thirteen months
    #[arg(long, default_value_t = 84, value_parser = clap::value_parser!(u32).range(13..=2_000))]
    events: u32,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Events made at once: making them is not measured.
const PART: usize = 200_000;
/// Days that the events are spread over.
const DAYS: u32 = 390;
/// One event in so many is late, by up to so many days.
const LATE_ONE_IN: u64 = 25;
const LATE_DAYS: u64 = 45;
/// Profiles looked at for bytes and features.
const LOOKED_AT: usize = 10_000;

/// What a rural household does, by weight: kind, how often in a thousand, yuan.
const MIX: [(EventKind, u64, i64); 16] = [
    (EventKind::Purchase(Purchase::Food), 220, 60),
    (EventKind::Purchase(Purchase::Household), 90, 80),
    (EventKind::Purchase(Purchase::FarmInput), 60, 400),
    (EventKind::Purchase(Purchase::Transport), 60, 50),
    (EventKind::Purchase(Purchase::Communication), 50, 40),
    (EventKind::Purchase(Purchase::Education), 20, 500),
    (EventKind::HarvestSale, 90, 900),
    (EventKind::PaymentIn, 70, 300),
    (EventKind::TransferIn, 60, 600),
    (EventKind::TransferOut, 50, 300),
    (EventKind::CashDeposit, 60, 500),
    (EventKind::CashWithdrawal, 70, 400),
    (EventKind::Utility, 50, 70),
    (EventKind::Salary, 30, 2_500),
    (EventKind::Subsidy, 10, 300),
    (EventKind::DueMet, 10, 0),
];

impl InsightBench {
    /// Runs the benchmark.
    pub fn run(self) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        forget_peak();
        let mut profiles = vec![Profile::default(); self.households as usize];
        // What the least would be: one sum for each household and class of event.
        let mut bare = vec![[(0_u32, 0_i64); 32]; self.households as usize];
        let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
        let mut stored_events = 0_usize;
        let all = u64::from(self.households) * u64::from(self.events);
        let mut made = 0_u64;
        while made < all {
            let part = part(self.households, made, all)?;
            let begun = Instant::now();
            fold_many(&mut profiles, black_box(&part))
                .map_err(|(folded, error)| Failure::Wrong(format!("event {folded}: {error}")))?;
            ours += begun.elapsed();
            let begun = Instant::now();
            for (household, event) in &part {
                let sum = bare.get_mut(*household).map(|sums| &mut sums[usize::from(event.kind.class() % 32)]);
                if let Some(sum) = sum {
                    *sum = (sum.0 + 1, sum.1 + black_box(event.amount_minor));
                }
            }
            theirs += begun.elapsed();
            stored_events += part
                .iter()
                .filter(|(household, _)| *household < LOOKED_AT)
                .map(|(_, e)| cbor::to_bytes(e).len())
                .sum::<usize>();
            made += part.len() as u64;
        }
        black_box(&bare);
        let rate = |spent: Duration| three_places(made as f64 / spent.as_secs_f64());
        let line = |name, ours: f64, unit| Line {
            name,
            engine: "none",
            ours: Some(three_places(ours)),
            unit: Some(unit),
            ..Line::default()
        };
        let note = format!(
            "one core; {made} events of {} households in random order, one in {LATE_ONE_IN} up to {LATE_DAYS} days late; reference: one \
             sum a household and class",
            self.households
        );
        let folded = Line { rss_mb: peak_mb(), ..line("insight_fold", rate(ours), "events/s/core") };
        report.line(&folded.against("bare sums", rate(theirs), note))?;

        let looked_at = &profiles[..LOOKED_AT.min(profiles.len())];
        let mean = |bytes: usize| bytes as f64 / looked_at.len() as f64;
        let stored = mean(looked_at.iter().map(|profile| cbor::to_bytes(profile).len()).sum());
        let held = mean(looked_at.iter().map(Profile::memory_bytes).sum());
        let events = mean(stored_events);
        let bytes = |name, ours: f64, note: &str| Line {
            ratio: Some(three_places(events / ours)),
            ..line(name, ours, "bytes/household").against("bare events", three_places(events), note)
        };
        report.line(&bytes(
            "insight_stored",
            stored,
            "a profile as it is stored, before it is sealed; reference: its events",
        ))?;
        report.line(&bytes(
            "insight_memory",
            held,
            "a profile in memory with what its lists have reserved; reference: its events as stored",
        ))?;

        let on = first_day()?.add_days(DAYS as i32);
        let begun = Instant::now();
        for profile in looked_at {
            black_box(features(black_box(profile), on));
        }
        let vectors = looked_at.len() as f64 / begun.elapsed().as_secs_f64();
        let decoded: Vec<Vec<u8>> = looked_at.iter().map(cbor::to_bytes).collect();
        let begun = Instant::now();
        for bytes in &decoded {
            let profile: Profile =
                cbor::from_bytes(black_box(bytes)).map_err(|error| Failure::Wrong(error.to_string()))?;
            black_box(profile);
        }
        let reads = looked_at.len() as f64 / begun.elapsed().as_secs_f64();
        let line = line("insight_features", vectors, "vectors/s/core");
        report.line(&line.against(
            "bare decoding",
            three_places(reads),
            "every feature of a profile; reference: reading the profile from its bytes",
        ))?;
        Ok(())
    }
}

/// Some events of `all`, from number `made` on, with their households: days go on with the number, households are random.
pub(super) fn part(households: u32, made: u64, all: u64) -> Result<Vec<(usize, Event)>, Failure> {
    let first = first_day()?;
    let count = PART.min((all - made) as usize);
    let mut part = Vec::with_capacity(count);
    for number in made..made + count as u64 {
        let drawn = mixed(number);
        let household = (mixed(drawn) % u64::from(households)) as usize;
        let day = (number * u64::from(DAYS) / all) as i32;
        let late = if drawn.is_multiple_of(LATE_ONE_IN) { (mixed(drawn ^ 5) % LATE_DAYS) as i32 } else { 0 };
        let (kind, fen) = drawn_kind(drawn, (household % 7) as i64);
        let signed = if EventKind::is_out(kind.class()) { -fen } else { fen };
        part.push((
            household,
            Event {
                household: Id::from_u128(household as u128 + 1),
                id: Id::from_u128(u128::from(number) << 64 | u128::from(drawn)),
                date: first.add_days(day - late),
                kind,
                amount_minor: signed,
                balance_after_minor: Some(200_000 + (mixed(drawn ^ 9) % 400_000) as i64),
                counterparty: Some(mixed(household as u64 * 8 + drawn % 6)),
                channel: Channel::OwnBusiness,
                consent: None,
                measure: None,
                source: None,
                known: None,
            },
        ));
    }
    Ok(part)
}

fn first_day() -> Result<Date, Failure> {
    Date::ymd(2025, 11, 3).map_err(|error| Failure::Wrong(error.to_string()))
}

/// A kind and its amount in fen. A household has its own habits: half of the kinds are rare for it.
fn drawn_kind(drawn: u64, habit: i64) -> (EventKind, i64) {
    let mut left = mixed(drawn ^ 3) % 1_000;
    for (place, (kind, weight, yuan)) in MIX.iter().enumerate() {
        if left < *weight {
            let rare = (place as i64 + habit) % 3 == 0 && place > 1;
            let (kind, yuan) = if rare { (MIX[0].0, MIX[0].2) } else { (*kind, *yuan) };
            return (
                kind,
                yuan * 100 / 2 + (mixed(drawn ^ 7) % (yuan.unsigned_abs() * 100 + 1)) as i64 * i64::from(yuan > 0),
            );
        }
        left -= weight;
    }
    (EventKind::PaymentIn, 10_000)
}

/// Scatters a number (the finaliser of splitmix64).
const fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
