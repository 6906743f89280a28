//! Imported models answer as their own libraries do, on every threshold and on both of its neighbours.
//!
//! `import/cases.jsonl` holds small models with what LightGBM, XGBoost and CatBoost said of them; `import/make.py`
//! made it. Where those are installed, larger models from other seeds are compared too.

// The whole file is a test.
#![allow(clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use score::bundle::Bundle;
use score::fast::Fast;
use score::frame::{Frame, Target, Values};
use score::import::{Source, import};
use score::tree::{Link, Tree};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    case: Option<String>,
    absent: Option<String>,
    library: Option<String>,
    #[serde(default)]
    model: String,
    #[serde(default)]
    rows: Vec<String>,
    leaves: Option<Vec<String>>,
    #[serde(default)]
    answers: String,
    /// Of every seventh row, what each column adds to the sum, and the base.
    #[serde(default)]
    reasons: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

fn numbers(text: &str) -> Vec<f64> {
    text.split(' ').map(|number| number.parse().expect("a number")).collect()
}

/// Rows compared.
fn compare(case: &Case) -> usize {
    let name = format!("{} of {}", case.case.as_deref().unwrap_or("?"), case.library.as_deref().unwrap_or("?"));
    let imported = import(case.model.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let within = if imported.source == Source::XgBoost { 1e-6 } else { 1e-12 };
    let model = imported.ensemble;
    let answers = numbers(&case.answers);
    assert_eq!(answers.len(), case.rows.len(), "{name}");
    let fast = Fast::new(&model).expect("sound");
    for (at, (text, answer)) in case.rows.iter().zip(answers).enumerate() {
        let row = numbers(text);
        let ours = model.probability(&row);
        assert_eq!(fast.one(&row).to_bits(), ours.to_bits(), "{name}, row {at} ({text})");
        assert!(
            (ours - answer).abs() <= within * answer.abs().max(1.0),
            "{name}, row {at} ({text}): {ours}, not {answer}"
        );
        if let Some(leaves) = case.leaves.as_ref().and_then(|leaves| leaves.get(at)) {
            let reached: Vec<String> =
                model.trees.iter().map(|tree| tree.leaf(model.reading, &row).to_string()).collect();
            assert_eq!(reached.join(" "), *leaves, "{name}, row {at} ({text})");
        }
    }
    case.rows.len()
}

/// Rows whose reasons were compared.
fn compare_reasons(case: &Case) -> usize {
    let name = case.case.as_deref().unwrap_or("?");
    let imported = import(case.model.as_bytes()).expect("a model");
    let Link::Logistic { steepness } = imported.ensemble.link else { panic!("{name} tells no probability") };
    let bundle = imported.adopt(Target { column: "bad".to_owned(), positive: "1".to_owned() }).expect("a model");
    bundle.check_explained().expect("counts");
    for (row, reasons) in case.rows.iter().step_by(7).zip(&case.reasons) {
        let columns = numbers(row).into_iter().map(|value| Values::Number(vec![value])).collect();
        let told = bundle.explain(&Frame { rows: 1, columns }, 0);
        let theirs = numbers(reasons);
        let ours = told.columns.iter().copied().chain([told.base]);
        for (ours, theirs) in ours.zip(&theirs) {
            // Theirs are parts of the sum, ours of the log odds.
            let apart = (ours - steepness * theirs).abs();
            assert!(apart <= 1e-9 * theirs.abs().max(1.0), "{name}, {row}: {told:?}, not {theirs:?}");
        }
    }
    case.reasons.len()
}

fn cases(text: &str) -> Vec<Case> {
    text.lines().map(|line| serde_json::from_str(line).expect("a case")).collect()
}

#[test]
fn stored_answers_of_the_libraries_are_ours() {
    let text = std::fs::read_to_string(folder().join("cases.jsonl")).expect("the stored cases");
    let cases = cases(&text);
    let compared: usize = cases.iter().map(compare).sum();
    assert!(cases.len() == 18 && compared > 1_500, "{} cases, {compared} rows", cases.len());
}

#[test]
fn an_adopted_model_is_a_file_that_answers_the_same() {
    let text = std::fs::read_to_string(folder().join("cases.jsonl")).expect("the stored cases");
    let target = Target { column: "bad".to_owned(), positive: "1".to_owned() };
    for case in cases(&text) {
        let name = case.case.as_deref().unwrap_or("?");
        let adopted = import(case.model.as_bytes()).expect("a model").adopt(target.clone());
        let Ok(bundle) = adopted else {
            assert!(name.ends_with("squares"), "{name} tells a probability");
            continue;
        };
        let bundle = Bundle::from_bytes(&bundle.to_bytes()).expect("a whole file");
        assert_eq!(bundle.check_explained().is_err(), name.ends_with("linear"), "{name}");
        let rows: Vec<Vec<f64>> = case.rows.iter().map(|row| numbers(row)).collect();
        let columns = (0..4).map(|column| Values::Number(rows.iter().map(|row| row[column]).collect())).collect();
        let frame = Frame { rows: rows.len(), columns };
        let said = bundle.predict(&frame);
        if bundle.check_explained().is_ok() {
            let told = bundle.explain(&frame, 0);
            let whole = told.base + told.columns.iter().sum::<f64>();
            assert!((whole - bundle.log_odds(&frame)[0]).abs() < 1e-5, "{name}: reasons add up to {whole}");
        }
        let within = if name.starts_with("xgboost") { 1e-6 } else { 1e-12 };
        for (ours, answer) in said.iter().zip(numbers(&case.answers)) {
            assert!((ours - answer).abs() <= within, "{name}: {ours}, not {answer}");
        }
    }
}

#[test]
fn live_answers_of_the_libraries_are_ours() {
    let python = std::env::var("TIANXIN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    for (seed, trees, leaves) in [("7", "20", "31"), ("8", "8", "64")] {
        let mut command = Command::new(&python);
        command.args(["-W", "ignore"]).arg(folder().join("make.py")).args([seed, trees, leaves]);
        let output = command.output();
        let found = match output {
            Ok(output) if output.status.success() => String::from_utf8(output.stdout).expect("text"),
            Ok(output) => {
                let why = String::from_utf8_lossy(&output.stderr);
                eprintln!("skipped LightGBM, XGBoost, CatBoost: {}", why.lines().last().unwrap_or_default());
                return;
            }
            Err(error) => {
                eprintln!("skipped LightGBM, XGBoost, CatBoost: {python}: {error}");
                return;
            }
        };
        let (mut explained, mut asked) = (0, 0);
        for case in cases(&found) {
            match &case.absent {
                Some(absent) => eprintln!("skipped {absent}"),
                None => assert!(compare(&case) > 30),
            }
            asked += usize::from(case.case.as_deref().is_some_and(|name| name.starts_with("lightgbm")));
            explained += if case.reasons.is_empty() { 0 } else { compare_reasons(&case) };
        }
        assert!(asked == 0 || explained > 30, "reasons of {explained} rows of {asked} models");
    }
}

#[test]
fn trees_of_lightgbm_keep_what_explanations_need() {
    let text = std::fs::read_to_string(folder().join("cases.jsonl")).expect("the stored cases");
    for case in cases(&text) {
        for tree in import(case.model.as_bytes()).expect("a model").ensemble.trees {
            let (Tree::Branching(_) | Tree::Oblivious(_)) = &tree;
            let covers = match &tree {
                Tree::Branching(tree) => &tree.covers,
                Tree::Oblivious(tree) => &tree.covers,
            };
            let whole: f64 = covers.iter().sum();
            assert!(tree.leaves().len() == 1 || whole > 50.0, "{:?}: weights {covers:?}", case.case);
        }
    }
}
