//! `tianxin sim learn`: what a model can learn from a county, and what it must not.

use std::path::PathBuf;

use basics::Date;
use clap::Args;
use score::{DataCard, TrainSpec, Trend, Tuning, train};
use serde_json::json;
use sim::moments::auc;
use sim::world::Typology;

use super::lessons::{Lesson, blind_columns, hidden_columns, lawful_columns, lessons, sample};
use super::run::county;
use crate::failure::Failure;
use crate::terminal::say;

/// Compare what can be learnt from a county with what is asked of it.
///
/// Each county lives three years with a plain lender. A scorecard learns from the loans of the first seeds and is tried on
/// those of others, by what the platform sees, by what is hidden, and by what must tell nothing. Then every column alone.
#[derive(Args)]
pub struct Learn {
    /// The county to learn from [default: the one that is shipped]
    #[arg(long, value_name = "FILE")]
    county: Option<PathBuf>,
    /// The county to be tried on [default: the one that is learnt from]
    #[arg(long, value_name = "FILE")]
    other: Option<PathBuf>,
    /// How many households live in each
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..))]
    households: u32,
    /// The seeds to learn from
    #[arg(long = "seed", value_name = "S", default_values_t = [1, 2, 3])]
    seeds: Vec<u64>,
    /// The seeds to be tried on
    #[arg(long = "other-seed", value_name = "S", default_values_t = [101, 102, 103])]
    others: Vec<u64>,
    /// Print one JSON object a row
    #[arg(long)]
    json: bool,
}

/// How long each county lives.
const DAYS: i32 = 3 * 365;
/// Fewer loans of a kind than this tell nothing about it.
const LOANS_MIN: usize = 20;
const SEED: u64 = 1;

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    name: String,
    low: f64,
    high: f64,
    /// None where there was too little to tell.
    found: Option<f64>,
    /// How many of those that are to be told apart there were, or which column it was.
    note: String,
}

impl Row {
    fn passes(&self) -> Option<bool> {
        self.found.map(|found| (self.low..=self.high).contains(&found))
    }
}

impl Learn {
    /// Runs the command. A row outside its range is told, and is no error.
    pub fn run(self) -> Result<(), Failure> {
        let (from, _) = county(self.county.as_deref())?;
        let other = self.other.or(self.county);
        let (to, _) = county(other.as_deref())?;
        let first = Date::ymd(2024, 1, 1).map_err(|error| Failure::Wrong(error.to_string()))?;
        let all = |county, seeds: &[u64]| -> Vec<Lesson> {
            seeds.iter().flat_map(|seed| lessons(county, *seed, self.households, (first, DAYS))).collect()
        };
        let (learnt, tried) = (all(&from, &self.seeds), all(&to, &self.others));
        let rows = table(&learnt, &tried)?;
        if self.json {
            rows.iter().for_each(|row| say(line(row).to_string()));
        } else {
            let bad = |lessons: &[Lesson]| lessons.iter().filter(|one| one.loan.is_bad()).count();
            say(format!(
                "learnt from {} loans ({} bad), tried on {} ({} bad)",
                learnt.len(),
                bad(&learnt),
                tried.len(),
                bad(&tried)
            ));
            rows.iter().for_each(|row| say(text(row)));
        }
        Ok(())
    }
}

/// Everything that is asked of a county, by lessons to learn from and others to be tried on.
fn table(learnt: &[Lesson], tried: &[Lesson]) -> Result<Vec<Row>, Failure> {
    let bads = tried.iter().filter(|one| one.loan.is_bad()).count();
    let model = |name: &str, low, high, columns: &[(String, Trend)]| {
        let found = told_by_model(learnt, tried, columns)?;
        Ok::<Row, Failure>(Row { name: name.to_owned(), low, high, found: Some(found), note: format!("{bads} bad") })
    };
    let platform = lawful_columns();
    let mut rows = vec![model("default: a model on what the platform sees", 0.68, 0.82, &platform)?];
    let seen = rows[0].found.unwrap_or(0.5);
    let with_truth = [platform.clone(), hidden_columns()].concat();
    rows.push(model("default: the same with what is hidden", seen, 0.97, &with_truth)?);
    rows.push(model("default: ids, places in lists, cents, days", 0.48, 0.52, &blind_columns())?);
    let shuffled = permuted(learnt);
    let found = told_by_model(&shuffled, tried, &platform)?;
    let note = "labels of other loans".to_owned();
    rows.push(Row { name: "default: permuted labels".to_owned(), low: 0.45, high: 0.55, found: Some(found), note });
    let all: Vec<&Lesson> = learnt.iter().chain(tried).collect();
    let (column, found) = best_column(&all, |one| one.loan.is_bad());
    rows.push(Row {
        name: "default: the best column alone".to_owned(),
        low: 0.5,
        high: 0.75,
        found: Some(found),
        note: column,
    });
    for kind in Typology::ALL {
        let count = all.iter().filter(|one| one.typology == Some(kind)).count();
        let (column, found) = best_column(&all, |one| one.typology == Some(kind));
        rows.push(Row {
            name: format!("{}: the best column alone", kind.code()),
            low: 0.5,
            high: 0.80,
            found: (count >= LOANS_MIN).then_some(found),
            note: format!("{column}, {count} loans"),
        });
    }
    Ok(rows)
}

/// How well a scorecard of these columns, learnt from some loans, tells the bad ones of others.
fn told_by_model(learnt: &[Lesson], tried: &[Lesson], columns: &[(String, Trend)]) -> Result<f64, Failure> {
    let wrong = |error: score::ScoreError| Failure::Wrong(format!("too little was lived to learn from: {error}"));
    let tuning = Tuning {
        ranges_max: 4,
        share_min_ppm: 50_000,
        prior_rows: 15,
        ridge_milli: 3_000,
        features_max: 60,
        correlation_max_ppm: 1_000_000,
    };
    let spec = TrainSpec { tunings: vec![tuning], repeats: 1, ..TrainSpec::usual(columns.to_vec(), SEED) };
    let card = DataCard {
        name: "a simulated county".to_owned(),
        outcome: "more than 90 days past due".to_owned(),
        from: String::new(),
        to: String::new(),
        limits: Vec::new(),
    };
    let model = train(&sample(learnt, columns), card, &spec).map_err(wrong)?;
    let told = |one: &Lesson| (model.card.predict(|name| one.value(name)).log_odds_micro, one.loan.is_bad());
    Ok(auc(&tried.iter().map(told).collect::<Vec<_>>()))
}

/// The same loans, each with the outcome of the one that stands a third of the list further on.
fn permuted(lessons: &[Lesson]) -> Vec<Lesson> {
    let ahead = lessons.len() / 3 + 1;
    let with = |(at, one): (usize, &Lesson)| {
        let mut one = one.clone();
        one.loan.worst_days = lessons[(at + ahead) % lessons.len()].loan.worst_days;
        one
    };
    lessons.iter().enumerate().map(with).collect()
}

/// The column of the platform that alone tells best, either way round, and how well. A value that is not known comes last.
fn best_column(all: &[&Lesson], is_marked: impl Fn(&Lesson) -> bool) -> (String, f64) {
    let mut best = ("none".to_owned(), 0.5);
    for (name, _) in lawful_columns() {
        let values: Vec<(i64, bool)> =
            all.iter().map(|one| (one.value(&name).unwrap_or(i64::MIN), is_marked(one))).collect();
        let told = auc(&values);
        let told = told.max(1.0 - told);
        if told > best.1 {
            best = (name, told);
        }
    }
    best
}

fn text(row: &Row) -> String {
    let verdict = match row.passes() {
        None => "too few",
        Some(true) => "pass",
        Some(false) => "FAIL",
    };
    let found = row.found.map_or_else(|| "    -".to_owned(), |found| format!("{found:.3}"));
    format!("{:<46} {:.2}..{:.2}  {found}  {verdict:<8} {}", row.name, row.low, row.high, row.note)
}

fn line(row: &Row) -> serde_json::Value {
    json!({
        "row": row.name, "low": row.low, "high": row.high, "found": row.found, "passes": row.passes(), "note": row.note,
    })
}
