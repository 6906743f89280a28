//! `tianxin bench score`: raw columns to probabilities on one thread, beside the libraries that `python3` has.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use ::score::bin::Trend;
use ::score::encode::Categories;
use ::score::fast::{Fast, Instructions, QuickCard};
use ::score::grow::{GrowSpec, Shape, Thresholds};
use ::score::member::fit_trees;
use ::score::tree::Ensemble;

use self::reference::Reference;
use super::sqlite::Folder;
use super::{Line, Report, three_places};
use crate::failure::Failure;

mod made;
mod reference;

/// Score rows of 30 columns on one core: 100 and 500 trees of 31 leaves, as many oblivious ones of depth 6, a scorecard; and learn 100
/// trees.
///
/// Where `python3` has LightGBM, tl2cgen, CatBoost or numpy, they are timed in the same run, and the trees are those that they
/// trained; else the trees are made by formula. Before anything is timed, answers are compared with those of the
/// plain evaluator, bit by bit.
#[derive(Args)]
pub struct ScoreBench {
    /// Different rows, which are scored in random order one by one
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(10_000..=1_000_000))]
    rows: u32,
    /// Seconds for each measurement
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// The Python whose libraries are timed
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: PathBuf,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Names of what is measured: many rows, and one by one.
const LEAFWISE: [(u32, &str, &str); 2] =
    [(100, "score_leafwise_100", "score_leafwise_100_one"), (500, "score_leafwise_500", "score_leafwise_500_one")];
const OBLIVIOUS: [(u32, &str, &str); 2] =
    [(100, "score_oblivious_100", "score_oblivious_100_one"), (500, "score_oblivious_500", "score_oblivious_500_one")];

/// Rows of one pass.
const PASS: usize = 1_000;
/// Rows whose answers are compared first.
const COMPARED: usize = 2_000;

impl ScoreBench {
    /// Runs the benchmark.
    pub fn run(self) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        let during = Duration::from_secs(self.seconds);
        let folder = Folder::make(None)?;
        for (leafwise, oblivious) in LEAFWISE.into_iter().zip(OBLIVIOUS) {
            let trees = leafwise.0;
            let place = folder.path().join(trees.to_string());
            fs::create_dir_all(&place).map_err(|error| Failure::file(&place, "made", error))?;
            let references = reference::ask(&self.python, &place, trees, self.rows);
            let rows = match rows_of(&place.join("rows.f64"))? {
                Some(rows) => rows,
                None => made::rows(self.rows as usize),
            };
            for (kind, (_, many, one)) in [("leafwise", leafwise), ("oblivious", oblivious)] {
                let model = match references.iter().find_map(|found| found.model(kind)) {
                    Some(path) => imported(path)?,
                    None if kind == "leafwise" => made::leafwise(trees, &rows),
                    None => made::oblivious(trees, &rows),
                };
                let fast = compared(&model, &rows)?;
                let rate = rate_of(during, &rows, |rows, answers| fast.answer(rows, answers));
                lines(&mut report, many, kind, three_places(rate), &references)?;
                report.line(&one_line(one, kind, &references, latencies(&rows, |row| fast.one(row))))?;
            }
            if trees == LEAFWISE[0].0 {
                card(&mut report, during, &rows, &references)?;
                training(&mut report, &rows, &place.join("bad.u8"), trees, &references)?;
            }
            for why in references.iter().filter_map(|found| found.absent.as_deref()) {
                report.line(&Line::skipped(leafwise.1, "none", None, why))?;
            }
        }
        Ok(())
    }
}

fn card(report: &mut Report, during: Duration, rows: &[f64], references: &[Reference]) -> Result<(), Failure> {
    let card = made::card(rows);
    let quick = QuickCard::new(&card).map_err(|error| Failure::Wrong(error.to_string()))?;
    let columns = made::CARD_COLUMNS;
    let picked: Vec<f64> = rows.chunks_exact(made::WIDTH).flat_map(|row| row[..columns].to_vec()).collect();
    for row in picked.chunks_exact(columns).take(COMPARED) {
        let slow = card.predict(|name| {
            let value = row[name.parse::<usize>().unwrap_or_default()];
            (!value.is_nan()).then(|| (value * 1e6 + 0.5).floor() as i64)
        });
        let said = quick.one(row);
        if (said.pd_ppm, said.log_odds_micro, said.points) != (slow.pd_ppm, slow.log_odds_micro, slow.points) {
            return Err(Failure::Wrong(format!("the quick card and the plain one differ on {row:?}")));
        }
    }
    let rate = rate_in(during, &picked, columns, |rows, answers| quick.answer(rows, answers));
    lines(report, "score_card", "card", three_places(rate), references)?;
    let times = latencies_in(&picked, columns, |row| quick.one(row).pd_ppm as f64);
    let mut line = one_line("score_card_one", "card", &[], times);
    line.note = Some("the 15 columns' points and the three that cost most; includes reading the clock".to_owned());
    report.line(&line)
}

/// Trees of 31 leaves, learned on one thread from all rows, from typed columns on: bins, trees, and what makes them answer.
fn training(
    report: &mut Report,
    rows: &[f64],
    outcomes: &Path,
    trees: u32,
    references: &[Reference],
) -> Result<(), Failure> {
    const NAME: &str = "score_training_100";
    let Ok(outcomes) = fs::read(outcomes) else {
        return report.line(&Line::skipped(NAME, "none", None, "no library made outcomes to learn from"));
    };
    let past = made::past(rows, &outcomes).map_err(|error| Failure::Wrong(error.to_string()))?;
    let trends = vec![Trend::Free; made::WIDTH];
    let grow = GrowSpec {
        shape: Shape::LeafWise(31),
        thresholds: Thresholds::All,
        rate: 0.05,
        leaf_curvature: 1e-3,
        ridge: 0.0,
        rows_share: 1.0,
        inputs_share: 1.0,
    };
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let begun = Instant::now();
        let made = fit_trees(&past, &trends, &grow, Categories::Levels, trees as usize, 1);
        black_box(made.map_err(|error| Failure::Wrong(error.to_string()))?);
        best = best.min(begun.elapsed().as_secs_f64());
    }
    let rate = three_places(past.rows() as f64 * f64::from(trees) / best);
    let line = Line { name: NAME, engine: "none", ours: Some(rate), unit: Some("rows x trees/s"), ..Line::default() };
    let note = format!("one thread, {trees} trees of 31 leaves on {} rows of {} columns", past.rows(), made::WIDTH);
    match references.iter().find_map(|found| found.rate_at("training")) {
        Some((library, theirs)) => report.line(&line.against(library, three_places(theirs), note)),
        None => report.line(&Line { note: Some(note), ..line }),
    }
}

/// What other libraries wrote, as numbers of this machine.
fn rows_of(path: &Path) -> Result<Option<Vec<f64>>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = fs::read(path).map_err(|error| Failure::file(path, "read", error))?;
    Ok(Some(bytes.as_chunks::<8>().0.iter().map(|number| f64::from_ne_bytes(*number)).collect()))
}

fn imported(path: &Path) -> Result<Ensemble, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file(path, "read", error))?;
    Ok(::score::import(&bytes).map_err(|error| Failure::Wrong(error.to_string()))?.ensemble)
}

/// The fast form, once it is shown to say the same.
fn compared(model: &Ensemble, rows: &[f64]) -> Result<Fast, Failure> {
    let wrong = |error: ::score::tree::TreeError| Failure::Wrong(error.to_string());
    let compared: Vec<&[f64]> = rows.chunks_exact(made::WIDTH).take(COMPARED).collect();
    for instructions in Instructions::available() {
        let fast = Fast::with(model, instructions).map_err(wrong)?;
        let mut answers = vec![0.0; compared.len()];
        fast.answer(rows, &mut answers);
        for (row, answer) in compared.iter().zip(answers) {
            let plain = model.probability(row).to_bits();
            if plain != answer.to_bits() || plain != fast.one(row).to_bits() {
                let name = instructions.name();
                return Err(Failure::Wrong(format!("{name} and the plain evaluator differ on {row:?}")));
            }
        }
    }
    Fast::new(model).map_err(wrong)
}

/// Rows a second of the best pass; other programs only ever take time away.
fn rate_of(during: Duration, rows: &[f64], answer: impl FnMut(&[f64], &mut [f64])) -> f64 {
    rate_in(during, rows, made::WIDTH, answer)
}

fn rate_in(during: Duration, rows: &[f64], width: usize, mut answer: impl FnMut(&[f64], &mut [f64])) -> f64 {
    let mut answers = [0.0; PASS];
    let (begun, mut best) = (Instant::now(), f64::INFINITY);
    while begun.elapsed() < during {
        for pass in rows.chunks_exact(PASS * width) {
            let begun = Instant::now();
            answer(black_box(pass), black_box(&mut answers));
            best = best.min(begun.elapsed().as_secs_f64());
        }
    }
    PASS as f64 / best
}

/// How long each row takes, every row once, in random order: microseconds, shortest first.
fn latencies(rows: &[f64], one: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    latencies_in(rows, made::WIDTH, one)
}

fn latencies_in(rows: &[f64], width: usize, mut one: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let mut order: Vec<&[f64]> = rows.chunks_exact(width).collect();
    ::score::random::Stream::new(1).shuffle(&mut order);
    let mut times: Vec<f64> = (order.iter())
        .map(|row| {
            let begun = Instant::now();
            black_box(one(black_box(row)));
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// A line for each library that was timed at the same, or one without.
fn lines(
    report: &mut Report,
    name: &'static str,
    kind: &str,
    ours: f64,
    references: &[Reference],
) -> Result<(), Failure> {
    let line = Line { name, engine: "none", ours: Some(ours), unit: Some("rows/s"), ..Line::default() };
    let timed: Vec<(&str, f64)> = references.iter().filter_map(|found| found.rate_at(kind)).collect();
    let instructions = Instructions::best().name();
    if timed.is_empty() {
        let note = format!("one thread, {instructions}; trees made by formula, no library to compare with");
        return report.line(&Line { note: Some(note), ..line });
    }
    for (library, rate) in timed {
        let note = format!("one thread, {instructions}; both the best of passes over {PASS} rows");
        report.line(&line.against(library, three_places(rate), note))?;
    }
    Ok(())
}

fn one_line(name: &'static str, kind: &str, references: &[Reference], times: Vec<f64>) -> Line {
    let at = |hundredth: usize| times.get(times.len() * hundredth / 100).copied().unwrap_or_default();
    let line = Line {
        name,
        engine: "none",
        ours: Some(three_places(at(50))),
        unit: Some("us/row"),
        p50_ms: Some(at(50) / 1_000.0),
        p99_ms: Some(at(99) / 1_000.0),
        note: Some("the middle of all rows, which come in random order; includes reading the clock".to_owned()),
        ..Line::default()
    };
    match references.iter().find_map(|found| found.one_at(kind)) {
        Some((library, one_us)) => Line {
            ratio: Some(three_places(one_us / at(50))),
            reference_name: Some(library.to_owned()),
            reference: Some(three_places(one_us)),
            note: Some(
                "the middle of all rows, in random order; the library is called by ctypes, about 1 us".to_owned(),
            ),
            ..line
        },
        None => line,
    }
}
