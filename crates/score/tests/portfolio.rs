//! Training of whole models on small made-up tables: determinism, order of rows, chance, files.
#![allow(clippy::unwrap_used, reason = "a test that stumbles has failed")]

use std::sync::atomic::{AtomicUsize, Ordering};

use score::ScoreError;
use score::bin::Trend;
use score::bundle::Bundle;
use score::candidate::{Effort, ModelKind};
use score::crew::{Crew, alone};
use score::drift::{Kinds, drift};
use score::frame::{Schema, SchemaSpec, Table, Target};
use score::judge::area;
use score::portfolio::{Study, Times, train};
use score::random::Stream;
use score::rejects::{Rejects, with_rejects};
use score::sample::Past;

/// A table of income, arrears (with the code 99), job and month; bad by income and job.
fn text(rows: usize, seed: u64, outcome: fn(i64, &str, usize) -> bool) -> Vec<String> {
    let mut stream = Stream::new(seed);
    let line = |_| {
        let income = stream.below(90) as i64 + 10;
        let job = ["farm", "shop", "mine", "road"][stream.below(4)];
        let late = if stream.below(12) == 0 { 99 } else { stream.below(4) };
        let bad = outcome(income, job, stream.below(50));
        format!("{income},{late},{job},{},{}", stream.below(24), u8::from(bad))
    };
    (0..rows).map(line).collect()
}

fn by_income(income: i64, job: &str, chance: usize) -> bool {
    income + chance as i64 - if job == "mine" { 30 } else { 0 } < 45
}

fn table(lines: &[String]) -> Table {
    Table::read_csv(format!("income,late,job,month,bad\n{}\n", lines.join("\n")).as_bytes()).unwrap()
}

fn trained(lines: &[String], kind: ModelKind, trend: Trend, crew: Crew) -> Result<Bundle, ScoreError> {
    let table = table(lines);
    let target = Target::of(&table, "bad", None)?;
    let spec = SchemaSpec { left_out: ["bad".to_owned()].into(), ..SchemaSpec::default() };
    let schema = Schema::learn(&table, &spec)?;
    let (frame, _) = schema.read(&table)?;
    let past = Past::new(schema, frame, target.outcomes(&table)?, None)?;
    let trends = vec![trend, Trend::Free, Trend::Free, Trend::Free];
    let study = Study { kind, effort: Effort::Fast, trends, seed: 11, time: None };
    train(&past, &target, &study, crew, &|_| {})
}

fn predicted(model: &Bundle, lines: &[String]) -> Vec<f64> {
    let (frame, bad_cells) = model.read(&table(lines)).unwrap();
    assert!(bad_cells.is_empty());
    model.predict(&frame)
}

fn threads(jobs: usize, work: &(dyn Fn(usize) + Sync)) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= jobs {
                        break;
                    }
                    work(job);
                }
            });
        }
    });
}

#[test]
fn one_thread_or_two_give_the_same_bytes_and_a_file_reads_back() {
    let lines = text(260, 1, by_income);
    let model = trained(&lines, ModelKind::Auto, Trend::Falling, &alone).unwrap();
    let bytes = model.to_bytes();
    assert_eq!(bytes, trained(&lines, ModelKind::Auto, Trend::Falling, &threads).unwrap().to_bytes());
    let later = text(300, 2, by_income);
    let said = predicted(&model, &later);
    let truth = Target::of(&table(&later), "bad", None).unwrap().outcomes(&table(&later)).unwrap();
    assert!(area(&said, &truth).unwrap() > 0.8);

    let (frame, _) = model.read(&table(&later)).unwrap();
    for (row, log_odds) in model.log_odds(&frame).iter().enumerate().take(10) {
        let told = model.explain(&frame, row);
        assert!((told.base + told.columns.iter().sum::<f64>() - log_odds).abs() < 1e-9);
    }

    let read = Bundle::from_bytes(&bytes).unwrap();
    assert_eq!(predicted(&read, &later), said);
    assert_eq!(read.to_bytes(), bytes);
    for cut in [0, 5, 20, bytes.len() / 2, bytes.len() - 1] {
        assert!(matches!(Bundle::from_bytes(&bytes[..cut]), Err(ScoreError::NotAModel(_))), "{cut}");
    }
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    let why = Bundle::from_bytes(&changed).unwrap_err().to_string();
    assert_eq!(why, "this is no model file: it is cut short or was changed; give a file written by training");
    let other = table(&["1,2,3,4,5".to_owned()]).take(&[0]);
    assert!(read.read(&other).is_ok());
    let without = Table::read_csv("income\n3\n".as_bytes()).unwrap();
    assert!(matches!(read.read(&without), Err(ScoreError::NoColumn { .. })));
}

#[test]
fn rows_sorted_reversed_and_shuffled_give_the_same_but_for_noise() {
    let lines = text(260, 3, by_income);
    let later = text(200, 4, by_income);
    let mut sorted = lines.clone();
    sorted.sort_by_key(|line| line.ends_with('1'));
    let reversed: Vec<String> = sorted.iter().rev().cloned().collect();
    let said: Vec<Vec<f64>> = [&lines, &sorted, &reversed]
        .map(|rows| predicted(&trained(rows, ModelKind::Auto, Trend::Free, &threads).unwrap(), &later))
        .to_vec();
    for other in &said[1..] {
        let apart = said[0].iter().zip(other).map(|(a, b)| (a - b).abs()).sum::<f64>() / 200.0;
        assert!(apart < 0.04, "{apart}");
    }
}

#[test]
fn a_target_of_chance_is_not_learned() {
    let lines = text(300, 5, |_, _, chance| chance < 20);
    for kind in [ModelKind::Scorecard, ModelKind::Trees] {
        let model = trained(&lines, kind, Trend::Free, &threads).unwrap();
        let area = model.making.left_out_auc;
        assert!((area - 0.5).abs() < 0.1, "{kind:?}: {area}");
    }
}

#[test]
fn a_trend_is_kept_through_the_blend() {
    let model = trained(&text(260, 6, by_income), ModelKind::Auto, Trend::Falling, &threads).unwrap();
    for (late, job, month) in [(0, "farm", 3), (99, "mine", 20), (2, "none", 11)] {
        let lines: Vec<String> = (0..120).map(|income| format!("{income},{late},{job},{month},0")).collect();
        let said = predicted(&model, &lines);
        assert!(said.is_sorted_by(|a, b| *a >= b - 1e-12), "{said:?}");
    }
}

#[test]
fn time_and_small_samples() {
    let lines = text(260, 7, by_income);
    let table = table(&lines);
    let target = Target::of(&table, "bad", None).unwrap();
    let spec = SchemaSpec { left_out: ["bad".to_owned(), "month".to_owned()].into(), ..SchemaSpec::default() };
    let schema = Schema::learn(&table, &spec).unwrap();
    let (frame, _) = schema.read(&table).unwrap();
    let past = Past::new(schema, frame, target.outcomes(&table).unwrap(), None).unwrap();
    let of_row: Vec<f64> = table.cells(3).map(|month| month.parse().unwrap()).collect();
    let study = |gap| Study {
        kind: ModelKind::Scorecard,
        effort: Effort::Fast,
        trends: vec![Trend::Free; 3],
        seed: 1,
        time: Some(Times { of_row: of_row.clone(), gap }),
    };
    let model = train(&past, &target, &study(2.0), &alone, &|_| {}).unwrap();
    assert!(model.making.left_out_auc > 0.75);
    let too_long = train(&past, &target, &study(40.0), &alone, &|_| {}).unwrap_err();
    assert!(too_long.to_string().contains("do not reach far enough back"), "{too_long}");
    assert!(matches!(
        trained(&lines[..12], ModelKind::Auto, Trend::Free, &alone),
        Err(ScoreError::TooFew { .. } | ScoreError::Target { .. })
    ));
}

#[test]
fn three_kinds_of_drift_are_told_apart() {
    let model = trained(&text(900, 21, by_income), ModelKind::Scorecard, Trend::Free, &threads).unwrap();
    let found = |lines: &[String]| {
        let table = table(lines);
        let bad = Target::of(&table, "bad", None).unwrap().outcomes(&table).unwrap();
        drift(&model, &model.read(&table).unwrap().0, Some(&bad)).unwrap()
    };
    let later = text(1_500, 22, by_income);
    let same = found(&later);
    assert_eq!(same.kinds, [], "{same:?}");
    let income = |line: &String| line.split(',').next().unwrap().parse::<i64>().unwrap();
    let richer: Vec<String> = later.iter().filter(|line| income(line) > 30).cloned().collect();
    let told = found(&richer);
    assert_eq!((told.kinds, told.columns[0].name.as_str()), (vec![Kinds::Covariate], "income"));
    // Two of three bads are gone, whoever they were.
    let fewer: Vec<String> = later
        .iter()
        .enumerate()
        .filter(|(at, line)| line.ends_with('0') || at % 3 == 0)
        .map(|(_, l)| l.clone())
        .collect();
    let told = found(&fewer);
    assert_eq!(told.kinds, [Kinds::Prior], "{told:?}");
    assert!((told.shift - told.outcome.as_ref().unwrap().shift_of_rates).abs() < 0.3);
    let rate = told.outcome.as_ref().unwrap().rate_now;
    assert!((told.rate_estimated - rate).abs() < 0.08, "{} {rate}", told.rate_estimated);
    let moved = Bundle { calibrator: model.calibrator.shifted(told.shift), ..model.clone() };
    let said = predicted(&moved, &fewer);
    assert!((said.iter().sum::<f64>() / said.len() as f64 - rate).abs() < 1e-6);
    let turned = text(1_500, 23, |income, job, chance| by_income(100 - income, job, chance));
    assert!(found(&turned).kinds.contains(&Kinds::Concept));
}

#[test]
fn who_was_turned_away_is_learned_from_and_judges_nobody() {
    // Accepted by income: among them, bads are rarer than among all.
    let lines = text(700, 31, by_income);
    let (accepted, rejected): (Vec<String>, Vec<String>) =
        lines.iter().cloned().partition(|line| line.split(',').next().unwrap().parse::<usize>().unwrap() * 7 % 90 > 25);
    let table = table(&accepted);
    let target = Target::of(&table, "bad", None).unwrap();
    let spec = SchemaSpec { left_out: ["bad".to_owned()].into(), ..SchemaSpec::default() };
    let schema = Schema::learn(&table, &spec).unwrap();
    let past =
        Past::new(schema.clone(), schema.read(&table).unwrap().0, target.outcomes(&table).unwrap(), None).unwrap();
    let (others, _) = schema.read(&self::table(&rejected)).unwrap();
    let trends = vec![Trend::Free; 4];
    let study = Study { kind: ModelKind::Scorecard, effort: Effort::Fast, trends, seed: 1, time: None };
    let known = past.rows();
    let with = |how| with_rejects(past.clone(), &others, &target, &study, how, &threads).unwrap();
    assert_eq!(with(Rejects::Ignore).weights, past.weights);
    let reweighted = with(Rejects::Reweight);
    assert_eq!(reweighted.rows(), known);
    assert!(reweighted.weights.iter().any(|w| *w > 1.5) && reweighted.weights.iter().any(|w| *w < 0.9));
    let fuzzy = with(Rejects::Fuzzy);
    assert_eq!(fuzzy.rows(), known + 2 * rejected.len());
    assert!(fuzzy.is_told(known - 1) && !fuzzy.is_told(known));
    // The two halves of a row weigh what one row does.
    let one = fuzzy.weights[0];
    assert!((fuzzy.weights[known] + fuzzy.weights[known + rejected.len()] - one).abs() < 1e-9);
    let model = train(&fuzzy, &target, &study, &threads, &|_| {}).unwrap();
    assert!(model.making.left_out_auc > 0.75);
}
