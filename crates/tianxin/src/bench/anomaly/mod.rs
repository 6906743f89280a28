//! `tianxin bench anomaly`: the unsupervised score of tables, beside the libraries that Python has, on the same rows and features.

mod series;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde::Deserialize;
use watch::batch::Batch;

use super::{Line, Report, three_places};
use crate::events::open_table;
use crate::failure::Failure;

/// Say which rows of labelled tables are unusual, and how well that fits the labels.
///
/// Reads every `.csv.gz` of a folder: columns of numbers, and `label`, which is 1 for anomalies and which no score sees. The batch table learns and scores
/// all rows; the prequential one scores each row by what was learned of those before it. A folder with `labels.json` holds series of `timestamp` and
/// `value` in folders below it: each becomes a table of what its moments are like, scored in the order of time. Where Python has
/// scikit-learn and pyod, their scores of the same rows stand beside.
#[derive(Args)]
pub struct AnomalyBench {
    /// The folder of tables
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Seeds, whose figures are averaged
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,
    /// The Python whose libraries are asked
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: PathBuf,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

const SCRIPT: &str = include_str!("reference.py");
/// Sets of fewer anomalies swing any mean: there is a second summary without them.
const ANOMALIES_MIN: usize = 50;
const OURS: &str = "ours";

/// What the script says.
#[derive(Deserialize)]
struct Said {
    set: Option<String>,
    library: Option<String>,
    ap: Option<f64>,
    absent: Option<String>,
}

/// A table.
struct Set {
    name: String,
    rows: Vec<Vec<f64>>,
    labels: Vec<bool>,
    /// Whether its rows are moments in the order of time.
    is_series: bool,
}

impl AnomalyBench {
    /// Runs the benchmark.
    pub fn run(self) -> Result<(), Failure> {
        let mut report = Report::new(self.json);
        let is_series = self.data.join(series::LABELS).is_file();
        let sets = if is_series { series::read_all(&self.data)? } else { self.sets()? };
        // Average precision by library and set.
        let mut table: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
        let mut streamed = Vec::new();
        for set in &sets {
            let mut sum = 0.0;
            for seed in 0..self.seeds {
                let wrong = |error: watch::batch::BatchError| Failure::Wrong(format!("{}: {error}", set.name));
                sum += average_precision(&Batch::learn(&set.rows, seed).map_err(wrong)?.1, &set.labels);
            }
            let ours = sum / self.seeds as f64;
            table.entry(OURS.to_owned()).or_default().insert(set.name.clone(), ours);
            let prequential = prequential(set)?;
            streamed.push(prequential);
            let note = format!("{}: {} rows, {} anomalies", set.name, set.rows.len(), set.anomalies());
            let line = |name, ours: f64, note: String| Line {
                name,
                engine: "none",
                ours: Some(three_places(ours)),
                unit: Some("average precision"),
                note: Some(note),
                ..Line::default()
            };
            report.line(&line("anomaly_batch", ours, format!("{note}, mean of {} seeds", self.seeds)))?;
            report.line(&line(
                "anomaly_prequential",
                prequential,
                format!("{note}; each row scored before it was learned"),
            ))?;
        }
        let told = if is_series {
            series::with_tables(&sets, |folder| ask(&self.python, folder, self.seeds))?
        } else {
            ask(&self.python, &self.data, self.seeds)
        };
        for said in told {
            match (said.set, said.library, said.ap) {
                (Some(set), Some(library), Some(ap)) => {
                    table.entry(library).or_default().insert(set, ap);
                }
                _ => {
                    let why = said.absent.unwrap_or_else(|| "the script said nothing".to_owned());
                    report.line(&Line::skipped("anomaly_batch", "none", Some("scikit-learn and pyod"), &why))?;
                }
            }
        }
        for (least, what) in [(0, "all sets"), (ANOMALIES_MIN, "sets of 50 anomalies and more")] {
            let counted: Vec<&Set> = sets.iter().filter(|set| set.anomalies() >= least).collect();
            for (library, found) in &table {
                self.summary(&mut report, library, found, &table, &counted, what)?;
            }
        }
        Ok(())
    }

    /// Mean average precision, mean log-lift over prevalence and mean rank of one library.
    fn summary(
        &self,
        report: &mut Report,
        library: &str,
        found: &BTreeMap<String, f64>,
        table: &BTreeMap<String, BTreeMap<String, f64>>,
        sets: &[&Set],
        what: &str,
    ) -> Result<(), Failure> {
        let count = sets.len().max(1) as f64;
        let (mut precision, mut lift, mut rank) = (0.0, 0.0, 0.0);
        for set in sets {
            let own = found.get(&set.name).copied().unwrap_or(0.0);
            precision += own / count;
            lift += score::math::ln(own * set.rows.len() as f64 / set.anomalies() as f64) / count;
            let others = table.values().filter_map(|other| other.get(&set.name));
            let (better, equal) = others.fold((0.0, 0.0), |(better, equal), other| {
                (better + f64::from(u8::from(*other > own)), equal + f64::from(u8::from(*other == own)))
            });
            rank += (better + (equal + 1.0) / 2.0) / count;
        }
        for (name, value, unit) in [
            ("anomaly_mean_ap", precision, "average precision"),
            ("anomaly_mean_log_lift", lift, "ln(AP / prevalence)"),
            ("anomaly_mean_rank", rank, "rank, 1 is best"),
        ] {
            report.line(&Line {
                name,
                engine: "none",
                ours: Some(three_places(value)),
                unit: Some(unit),
                note: Some(format!("{library}; {what}: {}", sets.len())),
                ..Line::default()
            })?;
        }
        Ok(())
    }

    fn sets(&self) -> Result<Vec<Set>, Failure> {
        let unreadable = |error: std::io::Error| Failure::file(&self.data, "read", error);
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(&self.data).map_err(unreadable)? {
            files.push(entry.map_err(unreadable)?.path());
        }
        files.retain(|path| path.to_string_lossy().ends_with(".csv.gz"));
        files.sort();
        if files.is_empty() {
            return Err(Failure::Wrong(format!("{} has no .csv.gz", self.data.display())));
        }
        files.iter().map(|path| read(path)).collect()
    }
}

impl Set {
    fn anomalies(&self) -> usize {
        self.labels.iter().filter(|label| **label).count()
    }
}

fn read(path: &Path) -> Result<Set, Failure> {
    let wrong = |what: String| Failure::Wrong(format!("{}: {what}", path.display()));
    let mut table = open_table(path)?;
    let heads = table.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let label =
        heads.iter().position(|head| head == "label").ok_or_else(|| wrong("it has no column `label`".to_owned()))?;
    let name =
        path.file_name().map_or(String::new(), |name| name.to_string_lossy().trim_end_matches(".csv.gz").to_owned());
    let mut set = Set { name, rows: Vec::new(), labels: Vec::new(), is_series: false };
    for record in table.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let mut row = Vec::with_capacity(record.len());
        for (place, cell) in record.iter().enumerate() {
            let value: f64 =
                cell.trim().parse().map_err(|_| wrong(format!("row {}: `{cell}` is no number", set.rows.len() + 1)))?;
            if place == label {
                set.labels.push(value != 0.0);
            } else {
                row.push(value);
            }
        }
        set.rows.push(row);
    }
    if set.anomalies() == 0 {
        return Err(wrong("it has no anomaly to be found".to_owned()));
    }
    Ok(set)
}

/// Rows of the past that are learned anew each time it has grown by half, at most; and before anything is said.
const PAST_MAX: usize = 4_096;
const PAST_MIN: usize = 256;

/// Scores each row by what was learned of those before it: moments in the order of time, rows of a table in a drawn one.
fn prequential(set: &Set) -> Result<f64, Failure> {
    let mut order: Vec<usize> = (0..set.rows.len()).collect();
    if !set.is_series {
        score::random::Stream::new(1).shuffle(&mut order);
    }
    let (mut scores, mut labels) = (Vec::new(), Vec::new());
    let mut learned: Option<Batch> = None;
    let mut next = PAST_MIN;
    for (place, row) in order.iter().enumerate() {
        if place == next {
            let past: Vec<Vec<f64>> =
                order[place.saturating_sub(PAST_MAX)..place].iter().map(|at| set.rows[*at].clone()).collect();
            let wrong = |error: watch::batch::BatchError| Failure::Wrong(format!("{}: {error}", set.name));
            learned = Some(Batch::learn(&past, 1).map_err(wrong)?.0);
            next = place + (place / 2).min(2 * PAST_MAX);
        }
        if let Some(batch) = &learned {
            scores.push(batch.score(&set.rows[*row]));
            labels.push(set.labels[*row]);
        }
    }
    Ok(average_precision(&scores, &labels))
}

/// Mean precision at each positive, ties taken together.
fn average_precision(scores: &[f64], labels: &[bool]) -> f64 {
    let mut ranked: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut seen, mut found, mut sum) = (0.0, 0.0, 0.0);
    for tied in ranked.chunk_by(|a, b| a.0 == b.0) {
        let new = tied.iter().filter(|row| row.1).count() as f64;
        seen += tied.len() as f64;
        found += new;
        sum += new * found / seen;
    }
    if found > 0.0 { sum / found } else { 0.0 }
}

fn ask(python: &Path, folder: &Path, seeds: u64) -> Vec<Said> {
    let absent = |why: String| Said {
        set: None,
        library: None,
        ap: None,
        absent: Some(format!("scikit-learn IsolationForest, pyod ECOD and HBOS: {why}")),
    };
    let output = Command::new(python).args(["-W", "ignore", "-c", SCRIPT]).arg(folder).arg(seeds.to_string()).output();
    match output {
        Err(error) => vec![absent(format!("{}: {error}", python.display()))],
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stdout);
            let mut said: Vec<Said> = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            if !output.status.success() {
                let why = String::from_utf8_lossy(&output.stderr);
                said.push(absent(why.lines().last().unwrap_or("the script failed").to_owned()));
            }
            said
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_of_a_small_table() {
        let precision = average_precision(&[0.9, 0.8, 0.7, 0.1], &[true, false, true, false]);
        assert!((precision - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert!((average_precision(&[0.5; 4], &[true, false, false, false]) - 0.25).abs() < 1e-12);
    }
}
