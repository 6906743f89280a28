//! `tianxin sim watch`: what the monitor calls of a county, and of each kind of fraud by a model that never met it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ::watch::learned::LearnSettings;
use ::watch::replay::{Row, Scored, play};
use ::watch::{Config, Monitor};
use basics::{Date, Id, Instant};
use clap::Args;
use serde_json::{Value, json};
use sim::World;
use sim::moments::Lender;
use sim::world::{Truth, Typology};

use super::run::county;
use crate::failure::Failure;
use crate::terminal::{Progress, say};

/// Days after a scheme's last deed within which an alert still counts for it.
const AFTER_DAYS: i32 = 30;
/// Days until it is known what an event turned out to be.
const LABEL_DAYS: i64 = 30;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Show a county to the monitor.
///
/// The county lives with a plain lender and without the platform. For each kind of fraud the monitor plays the county anew, with labels of
/// every other kind and none of this one: what it calls then, it has never met. Beside it stands what as many alerts would have met by chance.
#[derive(Args)]
pub struct Watch {
    /// The county; the shipped one where none is named
    #[arg(long, value_name = "FILE")]
    county: Option<PathBuf>,
    /// How many households live there
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    households: u32,
    /// For how many days, of which the first 180 are not judged
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u16).range(365..=7_300))]
    days: u16,
    /// The seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Detectors and typologies [default: those that the platform comes with]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Days that are not judged: the monitor has met too little.
const WARM_DAYS: i32 = 180;

/// A scheme: whose it is, and when.
#[derive(Default)]
struct Scheme {
    households: BTreeSet<u32>,
    first: Option<Date>,
    last: Option<Date>,
}

impl Scheme {
    fn meets(&self, household: Id, day: Date) -> bool {
        let is_own = (self.households.iter()).any(|number| Id::from_u128(u128::from(*number) + 1) == household);
        is_own
            && self.first.is_some_and(|first| day >= first)
            && self.last.is_some_and(|last| day <= last.add_days(AFTER_DAYS))
    }
}

impl Watch {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let (county, hash) = county(self.county.as_deref())?;
        let config = crate::watch::config(self.config.as_deref())?;
        let days = i32::from(self.days);
        let first = Date::ymd(2024, 1, 1).map_err(|error| Failure::Wrong(error.to_string()))?;
        let progress = Progress::begin("living");
        let mut world = World::new(&county, self.seed, self.households, first);
        let mut lender = Lender::new(self.households as usize).telling();
        let mut rows: Vec<Row> = Vec::new();
        for day in 0..days {
            progress.set(format!("living, day {day} of {days}"));
            let date = first.add_days(day);
            lender.day(&mut world, date);
            let told = lender.told();
            let count = told.len().max(1) as i64;
            // Spread over the waking hours in the order of the day.
            rows.extend(told.into_iter().zip(0_i64..).map(|(event, place)| {
                let number = (event.household.0.as_u128() - 1) as u32;
                Row {
                    at: Instant(i64::from(date.days()) * DAY + 7 * DAY / 24 + place * (14 * DAY / 24) / count),
                    village: Some(u64::from(world.village_of(sim::deed::HouseholdNo(number))) + 1),
                    device: None,
                    own_key: Some(u64::from(number) + 1),
                    label: None,
                    event,
                }
            }));
        }
        let schemes = schemes(&lender);
        let judged_from = first.add_days(WARM_DAYS);
        let weeks = f64::from(days - WARM_DAYS) / 7.0;
        let per_week = |alerts: usize| alerts as f64 * 1_000.0 / (f64::from(self.households) * weeks);
        let mut kinds = Vec::new();
        let mut rates = [0.0; 3];
        let mut by_typology: BTreeMap<String, usize> = BTreeMap::new();
        for kind in Typology::ALL {
            progress.set(format!("playing {} events without labels of {}", rows.len(), kind.code()));
            label(&mut rows, &schemes, kind);
            let mut monitor =
                Monitor::new(config.clone(), LearnSettings { refit_days: 30, ..LearnSettings::default() });
            let scored = play(&mut monitor, &rows, LABEL_DAYS * DAY, Some(judged_from)).scored;
            let of = |which: usize| -> BTreeSet<(Id, i32)> {
                let called = scored.iter().filter(|one| one.alerts[which]);
                called.map(|one| (one.household, one.at.date_at_offset(0).days())).collect()
            };
            let called = [of(0), of(1), of(2)];
            for (rate, called) in rates.iter_mut().zip(&called) {
                *rate = per_week(called.len());
            }
            if kind == Typology::ALL[0] {
                by_typology = typologies(&scored, &config);
            }
            kinds.push(outcome(kind, &schemes, &called, (judged_from, self.households, days - WARM_DAYS)));
        }
        drop(progress);
        let object = json!({
            "county": hash, "households": self.households, "days": days, "seed": self.seed, "events": rows.len(),
            "config": { "code": config.code, "version": config.version, "hash": config.hash },
            "alerts_per_1000_households_week": { "rules": rates[0], "unsupervised": rates[1], "all": rates[2] },
            "rule_alerts": by_typology, "kinds": kinds,
        });
        match self.json {
            true => say(object.to_string()),
            false => table(&object),
        }
        Ok(())
    }
}

/// The schemes that are known to the county alone, by kind and number.
fn schemes(lender: &Lender) -> BTreeMap<(Typology, u16), Scheme> {
    let mut found: BTreeMap<(Typology, u16), Scheme> = BTreeMap::new();
    for row in &lender.record.truth {
        if let Truth::Scheme { kind, scheme, .. } = row.truth {
            let scheme = found.entry((kind, scheme)).or_default();
            scheme.households.insert(row.household.0);
            scheme.first = Some(scheme.first.map_or(row.date, |first| first.min(row.date)));
            scheme.last = scheme.last.max(Some(row.date));
        }
    }
    found
}

/// Labels: true on households and days of schemes of every other kind, none on those of this kind, false elsewhere.
fn label(rows: &mut [Row], schemes: &BTreeMap<(Typology, u16), Scheme>, left_out: Typology) {
    let mut spans: BTreeMap<Id, Vec<(Typology, Date, Date)>> = BTreeMap::new();
    for ((kind, _), scheme) in schemes {
        if let (Some(first), Some(last)) = (scheme.first, scheme.last) {
            for number in &scheme.households {
                spans.entry(Id::from_u128(u128::from(*number) + 1)).or_default().push((*kind, first, last));
            }
        }
    }
    for row in rows {
        let met = spans.get(&row.event.household).into_iter().flatten();
        let mut label = Some(false);
        for (kind, ..) in met.filter(|(_, first, last)| (*first..=*last).contains(&row.event.date)) {
            label = if *kind == left_out { None } else { label.map(|_| true) };
        }
        row.label = label;
    }
}

fn typologies(scored: &[Scored], config: &Config) -> BTreeMap<String, usize> {
    let mut days: BTreeSet<(usize, Id, i32)> = BTreeSet::new();
    for one in scored.iter().filter(|one| one.alerts[0]) {
        days.insert((one.typology, one.household, one.at.date_at_offset(0).days()));
    }
    let mut counts = BTreeMap::new();
    for (typology, ..) in days {
        let code = config.typologies.get(typology).map_or(String::new(), |typology| typology.code.clone());
        *counts.entry(code).or_default() += 1;
    }
    counts
}

/// What was called of a kind: the share of its schemes of which a household was called, by rules, by the unsupervised score, by all.
fn outcome(
    kind: Typology,
    schemes: &BTreeMap<(Typology, u16), Scheme>,
    called: &[BTreeSet<(Id, i32)>; 3],
    (from, households, days): (Date, u32, i32),
) -> Value {
    let own: Vec<&Scheme> = schemes
        .iter()
        .filter(|((of, _), scheme)| *of == kind && scheme.last.is_some_and(|last| last >= from))
        .map(|(_, scheme)| scheme)
        .collect();
    let share = |which: usize| {
        let found = own.iter().filter(|scheme| {
            called[which]
                .iter()
                .any(|(household, day)| Date::from_days(*day).is_ok_and(|day| scheme.meets(*household, day)))
        });
        (!own.is_empty()).then(|| found.count() as f64 / own.len() as f64)
    };
    // As many alerts, spread evenly over households and days, meet a scheme of so many household days with this chance.
    let by_chance = |which: usize| {
        let rate = called[which].len() as f64 / (f64::from(households) * f64::from(days));
        let met = own.iter().map(|scheme| {
            let span = scheme.first.zip(scheme.last).map_or(0, |(first, last)| last - first.max(from) + 1 + AFTER_DAYS);
            1.0 - (-rate * f64::from(span.max(0)) * scheme.households.len() as f64).exp()
        });
        (!own.is_empty()).then(|| met.sum::<f64>() / own.len() as f64)
    };
    let scores = ["rules", "unsupervised", "all"];
    let of = |value: &dyn Fn(usize) -> Option<f64>| -> Value {
        scores
            .iter()
            .enumerate()
            .map(|(which, name)| ((*name).to_owned(), json!(value(which))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    json!({
        "kind": kind.code(), "schemes": own.len(), "households": own.iter().map(|scheme| scheme.households.len()).sum::<usize>(),
        "recall": of(&share), "by_chance": of(&by_chance),
    })
}

fn table(object: &Value) {
    let number = |value: &Value| value.as_f64().map_or("-".to_owned(), |value| format!("{value:.2}"));
    let rates = &object["alerts_per_1000_households_week"];
    say(format!(
        "{} events of {} households in {} days; household days with alerts, per 1,000 households and week: rules {}, unsupervised {}, all {}",
        object["events"],
        object["households"],
        object["days"],
        number(&rates["rules"]),
        number(&rates["unsupervised"]),
        number(&rates["all"])
    ));
    say(format!(
        "{:<16}{:>9}{:>12}{:>18}{:>18}{:>18}",
        "kind", "schemes", "households", "rules (chance)", "unsup. (chance)", "all (chance)"
    ));
    for kind in object["kinds"].as_array().into_iter().flatten() {
        let of = |name: &str| format!("{} ({})", number(&kind["recall"][name]), number(&kind["by_chance"][name]));
        say(format!(
            "{:<16}{:>9}{:>12}{:>18}{:>18}{:>18}",
            kind["kind"].as_str().unwrap_or(""),
            kind["schemes"].to_string(),
            kind["households"].to_string(),
            of("rules"),
            of("unsupervised"),
            of("all")
        ));
    }
    for (code, count) in object["rule_alerts"].as_object().into_iter().flatten() {
        say(format!("  {code:<18} {count} household days"));
    }
}
