//! `cargo xtask bench score --auc`: our models beside other libraries' on sets of real loans, fold by fold.
//!
//! Each set is a folder with a `card.json` (target, bad value, columns to drop) and a table. Outer folds are seeded, with twins in one
//! fold: 10 below 2,000 rows, 5 to 12,000, else 3. Whoever is measured sees the training rows alone and tunes inside them.
//! What a library predicted is kept outside the repository by data, version and fold, and not computed again. Our models are held
//! against the mean of the boosters in log odds, our scorecard alone against optbinning; at the end stands the mean over all sets.

mod set;
mod tables;

use std::path::{Path, PathBuf};
use std::process::Command;

use score::judge::{area, judge, paired};

use set::Set;

/// The libraries measured beside ours, where `python3` has them.
const LIBRARIES: [&str; 3] = ["lightgbm", "xgboost", "catboost"];
/// The library that makes scorecards.
const CARDS: &str = "optbinning";
/// Their part in Python.
const REFERENCE: &str = include_str!("reference.py");

const HELP: &str = "\
cargo xtask bench score --auc --data DIR [--sets NAME,...] [--cache DIR] [--effort fast|normal|best] [--python PROGRAM]

  --data DIR    a folder of sets, each with card.json and its table
  --sets        which of them [default: all whose target has two classes]
  --cache DIR   where folds and predictions are kept [default: tianxin-auc in the temporary folder]
  --python      the Python whose packages are measured [default: python3]
";

/// What the command line asks for.
#[derive(Debug)]
struct Asked {
    data: PathBuf,
    sets: Vec<String>,
    cache: PathBuf,
    effort: String,
    python: String,
}

/// Runs the comparison with the program at `tianxin`; 0 if everything was measured.
pub fn main(tianxin: &Path, arguments: &[String]) -> u8 {
    let asked = match read(arguments) {
        Ok(asked) => asked,
        Err(what) => {
            eprint!("{what}\n\n{HELP}");
            return 2;
        }
    };
    match compare(tianxin, &asked) {
        Ok(()) => 0,
        Err(what) => {
            eprintln!("error: {what}");
            1
        }
    }
}

fn read(arguments: &[String]) -> Result<Asked, String> {
    let mut asked = Asked {
        data: PathBuf::new(),
        sets: Vec::new(),
        cache: std::env::temp_dir().join("tianxin-auc"),
        effort: "normal".to_owned(),
        python: "python3".to_owned(),
    };
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        if name == "--auc" {
            continue;
        }
        let value = rest.next().ok_or_else(|| format!("{name} wants a value"))?;
        match name.as_str() {
            "--data" => asked.data = value.into(),
            "--sets" => asked.sets = value.split(',').map(str::to_owned).collect(),
            "--cache" => asked.cache = value.into(),
            "--effort" => asked.effort = value.clone(),
            "--python" => asked.python = value.clone(),
            other => return Err(format!("there is no option {other}")),
        }
    }
    if asked.data.as_os_str().is_empty() {
        return Err("--data names the folder of sets".to_owned());
    }
    Ok(asked)
}

/// What one library predicts, or ours, over all folds of a set.
struct Predicted {
    name: String,
    by_fold: Vec<Vec<f64>>,
}

fn compare(tianxin: &Path, asked: &Asked) -> Result<(), String> {
    let there = |name: &'static str| match version(&asked.python, name) {
        Some(version) => Some((name, version)),
        None => {
            eprintln!("skipped: {} has no package {name}", asked.python);
            None
        }
    };
    let libraries: Vec<(&str, String)> = LIBRARIES.into_iter().filter_map(there).collect();
    let cards = there(CARDS);
    let script = asked.cache.join("reference.py");
    tables::write(&script, REFERENCE)?;
    println!("{:<28}{:>6}{:>8}{:>10}{:>10}{:>10}", "set", "rows", "", "auc", "log loss", "brier");
    let (mut boosters, mut scorecards) = (Vec::new(), Vec::new());
    for name in set::names(&asked.data, &asked.sets)? {
        let set = Set::open(&asked.data.join(&name), &name, &asked.cache)?;
        let heard = |(library, version): &(&str, String)| {
            reference(&asked.python, &script, &set, library, version)
                .map_err(|what| eprintln!("skipped: {library} on {name}: {what}"))
                .ok()
        };
        let mut all = vec![ours(tianxin, &set, &asked.effort, "auto")?];
        all.extend(libraries.iter().filter_map(heard));
        if all.len() > 2 {
            all.push(mean_of(&all[1..]));
        }
        boosters.extend(tell(&set, &all));
        if let Some(theirs) = cards.as_ref().and_then(heard) {
            scorecards.extend(tell(&set, &[ours(tianxin, &set, &asked.effort, "scorecard")?, theirs]));
        }
    }
    sum_up("against the boosters", &boosters);
    sum_up("scorecards", &scorecards);
    Ok(())
}

fn version(python: &str, library: &str) -> Option<String> {
    let told =
        Command::new(python).args(["-c", &format!("import {library}; print({library}.__version__)")]).output().ok()?;
    told.status.success().then(|| String::from_utf8_lossy(&told.stdout).trim().to_owned())
}

fn ours(tianxin: &Path, set: &Set, effort: &str, kind: &str) -> Result<Predicted, String> {
    let mut by_fold = Vec::new();
    for fold in &set.folds {
        let (model, said) = (fold.folder.join(format!("{kind}.txm")), fold.folder.join(format!("{kind}.csv")));
        let mut train = Command::new(tianxin);
        train.args(["model", "train", "--target", &set.target, "--positive", &set.positive, "--effort", effort]);
        train.args(["--kind", kind]);
        train.arg("--data").arg(fold.train()).arg("--out").arg(&model);
        run(&mut train)?;
        let mut predict = Command::new(tianxin);
        predict
            .args(["model", "predict", "--model"])
            .arg(&model)
            .arg("--data")
            .arg(fold.test())
            .arg("--out")
            .arg(&said);
        run(&mut predict)?;
        by_fold.push(tables::last_column(&said, fold.bad.len())?);
    }
    Ok(Predicted { name: format!("tianxin {kind}"), by_fold })
}

fn reference(python: &str, script: &Path, set: &Set, library: &str, version: &str) -> Result<Predicted, String> {
    let mut by_fold = Vec::new();
    for fold in &set.folds {
        let said = fold.folder.join(format!("{library}-{version}.csv"));
        if !said.exists() {
            // Written beside and renamed: what was cut off is computed again.
            let part = said.with_extension("part");
            let mut call = Command::new(python);
            call.arg(script).arg(library).arg(fold.train()).arg(fold.test());
            call.args([&set.target, &set.positive]).arg(&part);
            run(&mut call)?;
            std::fs::rename(&part, &said).map_err(|error| error.to_string())?;
        }
        by_fold.push(tables::last_column(&said, fold.bad.len())?);
    }
    Ok(Predicted { name: library.to_owned(), by_fold })
}

fn run(command: &mut Command) -> Result<(), String> {
    let done = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&done.stderr);
    Err(told.lines().last().unwrap_or("it failed without a word").to_owned())
}

/// The mean of several in log odds.
fn mean_of(all: &[Predicted]) -> Predicted {
    let logit = |p: f64| (p.clamp(1e-9, 1.0 - 1e-9) / (1.0 - p.clamp(1e-9, 1.0 - 1e-9))).ln();
    let by_fold = (0..all[0].by_fold.len()).map(|fold| {
        let rows = all[0].by_fold[fold].len();
        let mean = |row: usize| all.iter().map(|p| logit(p.by_fold[fold][row])).sum::<f64>() / all.len() as f64;
        (0..rows).map(|row| 1.0 / (1.0 + (-mean(row)).exp())).collect()
    });
    Predicted { name: "their mean".to_owned(), by_fold: by_fold.collect() }
}

/// Ours less theirs on one set: AUC, log loss, Brier score, each with its squared standard error.
type Difference = [(f64, f64); 3];

/// A line for each, and ours against the last: differences are means over folds, errors within folds (of the AUC by DeLong).
fn tell(set: &Set, all: &[Predicted]) -> Option<Difference> {
    let folds = set.folds.len() as f64;
    for predicted in all {
        let (mut auc, mut loss, mut brier) = (0.0, 0.0, 0.0);
        for (fold, said) in set.folds.iter().zip(&predicted.by_fold) {
            auc += area(said, &fold.bad).unwrap_or(0.5) / folds;
            if let Some(figures) = judge(said, &fold.bad) {
                loss += figures.log_loss / folds;
                brier += figures.brier / folds;
            }
        }
        println!("{:<28}{:>6}{:>8}{auc:>10.4}{loss:>10.4}{brier:>10.4}  {}", set.name, set.rows, "", predicted.name);
    }
    let [first, .., last] = all else { return None };
    let mut found = [(0.0, 0.0); 3];
    for (at, fold) in set.folds.iter().enumerate() {
        let Some(pair) = paired(&first.by_fold[at], &last.by_fold[at], &fold.bad) else { continue };
        let figures = [
            (pair.auc_difference, pair.auc_error),
            (pair.log_loss_difference, pair.log_loss_error),
            (pair.brier_difference, pair.brier_error),
        ];
        for (sum, (difference, error)) in found.iter_mut().zip(figures) {
            *sum = (sum.0 + difference / folds, sum.1 + error * error / folds / folds);
        }
    }
    println!("{:<28}{} less {}: {}", set.name, first.name, last.name, words(&found));
    Some(found)
}

/// Differences with 95 % intervals.
fn words(found: &Difference) -> String {
    let one = |(name, (difference, variance)): (&str, &(f64, f64))| {
        let reach = 1.96 * variance.sqrt();
        format!("{name} {difference:+.4} ({:+.4} to {:+.4})", difference - reach, difference + reach)
    };
    ["auc", "log loss", "brier"].into_iter().zip(found).map(one).collect::<Vec<_>>().join(", ")
}

/// The mean over sets, each counting the same.
fn sum_up(what: &str, sets: &[Difference]) {
    if sets.is_empty() {
        return;
    }
    let count = sets.len() as f64;
    let mut mean = [(0.0, 0.0); 3];
    for set in sets {
        for (sum, (difference, variance)) in mean.iter_mut().zip(set) {
            *sum = (sum.0 + difference / count, sum.1 + variance / count / count);
        }
    }
    println!("over {} sets, {what}: {}", sets.len(), words(&mean));
}
