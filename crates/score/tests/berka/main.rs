//! A scorecard on a real bank's loans: trained before a cut-off, judged after it.
//!
//! Out of time this is a smoke test, not a proof: 96 loans to train on, 221 to judge, 18 of
//! them bad, the last year's outcomes immature. Settings are chosen inside the training part.

#![allow(clippy::unwrap_used)]

mod bank;

use bank::{Bank, Loan};
use basics::Date;
use insight::{FeatureVector, Safer, TABLE, features_for, is_thin};
use score::metrics::{auc, auc_interval, calibration_table, ks};
use score::{DataCard, ModelFile, Sample, TrainSpec, Trend, train};

/// Columns of the loan itself, which need no insight into the household.
const LOAN_COLUMNS: &[&str] = &["asked_amount", "asked_instalment", "asked_term"];

/// A loan that is not thin, with what was known before it.
struct Known {
    loan: Loan,
    vector: FeatureVector,
}

fn not_thin(bank: &Bank) -> Vec<Known> {
    let known = |loan: &Loan| {
        let profile = bank.profile_before(loan).unwrap();
        let vector = features_for(&profile, &loan.request);
        (!is_thin(&profile)).then(|| Known { loan: loan.clone(), vector })
    };
    bank.loans.iter().filter_map(known).collect()
}

/// The lawful features of the table as training columns, held to their sensible direction.
fn columns(wanted: impl Fn(&str) -> bool) -> Vec<(String, Trend)> {
    let trend = |safer| match safer {
        Safer::Higher => Trend::Falling,
        Safer::Lower => Trend::Rising,
        Safer::Either => Trend::Free,
    };
    TABLE.iter().filter(|f| f.lawful && wanted(f.name)).map(|f| (f.name.to_owned(), trend(f.safer))).collect()
}

fn sample(rows: &[&Known], columns: &[(String, Trend)]) -> Sample {
    Sample {
        columns: columns.iter().map(|(name, _)| rows.iter().map(|r| r.vector.get(name)).collect()).collect(),
        bad: rows.iter().map(|r| r.loan.bad).collect(),
    }
}

fn trained(past: &[&Known], wanted: impl Fn(&str) -> bool) -> ModelFile {
    let columns = columns(wanted);
    let card = DataCard { name: "berka".to_owned(), outcome: "status B or D".to_owned(), ..DataCard::default() };
    train(&sample(past, &columns), card, &TrainSpec::usual(columns, 1)).unwrap()
}

#[test]
fn ranks_the_loans_after_the_cut_off() {
    let Some(bank) = Bank::open() else {
        eprintln!("skipped: ranks_the_loans_after_the_cut_off (the bank's history is not beside the project)");
        return;
    };
    let all = not_thin(&bank);
    let cut_off = Date::ymd(1996, 12, 31).unwrap();
    let (past, later): (Vec<&Known>, Vec<&Known>) = all.iter().partition(|k| k.loan.date <= cut_off);
    let bads = |rows: &[&Known]| rows.iter().filter(|k| k.loan.bad).count();
    assert_eq!((past.len(), bads(&past), later.len(), bads(&later)), (96, 14, 221, 18));

    let all_columns = trained(&past, |_| true);
    assert_eq!(trained(&past, |_| true).to_bytes(), all_columns.to_bytes());
    let bad: Vec<bool> = later.iter().map(|k| k.loan.bad).collect();
    let mut areas = Vec::new();
    let part = |name: &str| LOAN_COLUMNS.contains(&name);
    for (label, model) in [
        ("all columns", all_columns),
        ("without loan columns", trained(&past, |n| !part(n))),
        ("loan columns only", trained(&past, part)),
    ] {
        model.card.check_features(|name| insight::feature::find(name).is_some()).unwrap();
        let scores: Vec<_> = later.iter().map(|k| model.card.predict(|name| k.vector.get(name))).collect();
        let risk: Vec<i64> = scores.iter().map(|s| s.log_odds_micro).collect();
        let pd: Vec<i64> = scores.iter().map(|s| s.pd_ppm).collect();
        let area = auc(&risk, &bad).unwrap();
        println!(
            "{label}: out of time auc {area:.4} {:?} ks {:.3}",
            auc_interval(&risk, &bad, 2_000, 1),
            ks(&risk, &bad).unwrap()
        );
        println!("  {:?}\n  {:?}", model.tuning, model.metrics);
        println!("  after the cut-off {:?}", calibration_table(&pd, &bad, 5));
        println!("  {:?}", model.card.features.iter().map(|f| f.name.as_str()).collect::<Vec<_>>());
        areas.push(area);
    }
    assert!(areas[0] > 0.5, "no better than chance: {areas:?}");
}
