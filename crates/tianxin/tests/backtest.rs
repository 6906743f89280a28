//! The history replay, on a small made-up bank in the layout of the real one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use basics::Date;

const CUT_OFF: &str = "1996-12-31";
/// What is altered lies on or after this day.
const INSTANT: &str = "1997-05-15";

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn yymmdd(date: Date) -> String {
    format!("{:02}{:02}{:02}", date.year() - 1900, date.month(), date.day())
}

/// A made-up bank: what is known on or after `altered_from` is different in every way.
fn write_bank(folder: &Path, altered_from: Option<Date>) {
    let (mut account, mut disp, mut trans, mut loan) = (
        "account_id,district_id,frequency,date\n".to_owned(),
        "disp_id,client_id,account_id,type\n".to_owned(),
        "trans_id,account_id,date,type,operation,amount,balance,k_symbol,bank,account\n".to_owned(),
        "loan_id,account_id,date,amount,duration,payments,status\n".to_owned(),
    );
    let altered = |on: Date| altered_from.is_some_and(|from| on >= from);
    let first = date("1996-06-01");
    let mut number = 0;
    for n in 0..70i64 {
        let poor = n % 5 == 0;
        writeln!(account, "{n},1,POPLATEK MESICNE,{}", yymmdd(first)).unwrap();
        writeln!(disp, "{n},{},{n},OWNER", 1_000 + n).unwrap();
        let mut balance = 4_000 + n * 37;
        for day in (0..420).step_by(4) {
            let on = first.add_days(day);
            let (kind, operation, mut amount) = match day % 12 {
                0 => ("PRIJEM", "VKLAD", 3_000 + n * 11),
                _ => ("VYDAJ", "VYBER", if poor { 1_600 + n * 5 } else { 900 + n * 3 }),
            };
            if altered(on) {
                amount = 9_999 - amount;
            }
            balance += if kind == "PRIJEM" { amount } else { -amount };
            number += 1;
            writeln!(trans, "{number},{n},{},{kind},{operation},{amount}.0,{balance}.0,,,", yymmdd(on)).unwrap();
        }
        let granted = if n < 50 {
            date("1996-12-01").add_days((n % 30) as i32)
        } else {
            date("1997-02-01").add_days((n - 50) as i32 * 9)
        };
        let changed = altered(granted);
        let payments = if changed { 1_700 } else { 900 + n * 10 };
        let flips = altered_from.is_some() && n >= 50;
        let status = if poor != flips { "B" } else { "A" };
        writeln!(loan, "{},{n},{},{},12,{payments}.0,{status}", 5_000 + n, yymmdd(granted), payments * 12).unwrap();
    }
    for (name, text) in [("account", account), ("disp", disp), ("trans", trans), ("loan", loan)] {
        fs::write(folder.join(format!("{name}.csv")), text).unwrap();
    }
}

fn backtest(bank: &Path, out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tianxin"));
    command.arg("backtest").arg("--bank").arg(bank).args(["--cutoff", CUT_OFF]);
    command.arg("--json").arg(out.join("figures.json")).arg("--decisions").arg(out.join("decisions.csv"));
    command.output().unwrap()
}

fn decisions(out: &Path) -> Vec<String> {
    fs::read_to_string(out.join("decisions.csv")).unwrap().lines().map(str::to_owned).collect()
}

fn run(altered_from: Option<Date>) -> (tempfile::TempDir, Vec<String>, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let bank: PathBuf = folder.path().join("bank");
    fs::create_dir(&bank).unwrap();
    write_bank(&bank, altered_from);
    let output = backtest(&bank, folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures = serde_json::from_str(&fs::read_to_string(folder.path().join("figures.json")).unwrap()).unwrap();
    let decisions = decisions(folder.path());
    (folder, decisions, figures)
}

#[test]
fn what_is_known_later_changes_no_decision() {
    let (_one, plain, figures) = run(None);
    assert_eq!(figures["loans"], 20);
    assert_eq!(figures["audit"], "ok");
    let sum = ["approved", "referred", "declined"].iter().map(|k| figures[k].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum, 20);
    for key in ["bad_rate_all", "auc", "auc_low", "auc_high", "auc_loan_columns_only", "ks", "decision_ms_p99"] {
        assert!(figures[key].is_f64(), "{key}: {figures}");
    }
    assert_eq!(figures["by_year"][0]["year"], 1997);
    let (_two, altered, _) = run(Some(date(INSTANT)));
    let earlier = |lines: &[String]| -> Vec<String> {
        lines.iter().filter(|line| line.split(',').nth(1).is_some_and(|on| on < INSTANT)).cloned().collect()
    };
    let (before, after) = (earlier(&plain), earlier(&altered));
    assert!(before.len() >= 8, "{before:?}");
    assert_eq!(before, after, "a decision saw what was known only later");
    assert_ne!(plain, altered, "the alteration must reach the decisions after it");
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_row_and_field() {
    let folder = tempfile::tempdir().unwrap();
    write_bank(folder.path(), None);
    let complain = |wanted: &[&str]| {
        let output = backtest(folder.path(), folder.path());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(wanted.iter().all(|part| text.contains(part)), "{text}");
        assert!(!text.contains("panicked"), "{text}");
    };
    let loan = fs::read_to_string(folder.path().join("loan.csv")).unwrap();
    fs::write(folder.path().join("loan.csv"), loan.replacen("961201", "961301", 1)).unwrap();
    complain(&["loan.csv", "row 2", "`date`", "961301", "yymmdd"]);
    fs::write(folder.path().join("loan.csv"), loan.replacen("payments", "instalment", 1)).unwrap();
    complain(&["loan.csv", "column `payments` is missing"]);
    fs::write(folder.path().join("loan.csv"), &loan).unwrap();
    fs::remove_file(folder.path().join("trans.csv")).unwrap();
    complain(&["trans.csv", "name a folder"]);
}

#[test]
fn the_real_history_walks_through_the_door() {
    let bank = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/berka");
    if !bank.is_dir() {
        eprintln!("skipped: the_real_history_walks_through_the_door (the bank's history is not beside the project)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = backtest(&bank, folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(folder.path().join("figures.json")).unwrap();
    let figures: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&figures["loans"], &figures["audit"]), (&248.into(), &"ok".into()));
    assert!(figures["auc"].as_f64().unwrap() > figures["auc_loan_columns_only"].as_f64().unwrap());
    assert!(figures["bad_rate_approved"].as_f64().unwrap() < figures["bad_rate_all"].as_f64().unwrap());
}
