//! `tianxin sim`, as a person runs it: the same values every time, named errors, and a campaign of faults that heals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use support::postgres;

const TIANXIN: &str = env!("CARGO_BIN_EXE_tianxin");

fn tianxin(arguments: &[&str]) -> Output {
    Command::new(TIANXIN).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Lives through a small county; what it left behind as values.
fn county(out: &Path, extra: &[&str]) -> Vec<Vec<u8>> {
    let folder = out.to_str().unwrap();
    let mut arguments = vec!["sim", "run", "--days", "90", "--seed", "1", "--households", "120", "--out", folder];
    arguments.extend(extra);
    let ran = tianxin(&arguments);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    ["events.csv", "loans.csv", "truth.csv"].map(|file| std::fs::read(out.join(file)).unwrap()).to_vec()
}

#[test]
fn one_seed_gives_one_county_on_both_databases_and_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let one = county(&folder.path().join("one"), &["--threads", "1"]);
    let lines = text(&one[0]).lines().count();
    assert!(lines > 500, "{lines} lines of events");
    assert_eq!(one, county(&folder.path().join("many"), &["--threads", "4"]));
    let proven = tianxin(&["--data", folder.path().join("one").to_str().unwrap(), "audit", "verify"]);
    assert!(proven.status.success(), "{}", text(&proven.stderr));
    if let Some((database, _server)) = postgres("sim_county") {
        assert_eq!(one, county(&folder.path().join("postgres"), &["--postgres", &database.url()]));
    }
}

#[test]
fn a_county_is_compared_with_published_figures() {
    let told = tianxin(&["sim", "moments", "--households", "60", "--seed", "1", "--seed", "2"]);
    assert!(told.status.success(), "{}", text(&told.stderr));
    let table = text(&told.stdout);
    assert!(table.trim_end().ends_with("moments inside their range"), "{table}");
    let json = tianxin(&["sim", "moments", "--households", "60", "--seed", "1", "--seed", "2", "--json"]);
    let rows: Vec<serde_json::Value> =
        text(&json.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let passed = rows.iter().filter(|row| row["passes"] == true).count();
    assert!(table.contains(&format!("{passed} of {} moments", rows.len())), "{table}");
}

#[test]
fn what_cannot_be_run_is_said_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    std::fs::create_dir(&there).unwrap();
    let refused = |arguments: &[&str]| {
        let ran = tianxin(arguments);
        assert_eq!(ran.status.code(), Some(2), "{}", text(&ran.stderr));
        text(&ran.stderr)
    };
    let run = |out: &str, extra: &[&'static str]| {
        let mut all = vec!["sim", "run", "--days", "1", "--seed", "1", "--households", "3", "--out", out];
        all.extend(extra);
        refused(&all)
    };
    assert!(run(there.to_str().unwrap(), &[]).contains("is there already"));
    std::fs::write(there.join("unfinished"), "tianxin sim run --days 9 --seed 4\n").unwrap();
    let left = run(there.to_str().unwrap(), &[]);
    assert!(left.contains("was cut off") && left.contains("--days 9 --seed 4"), "{left}");
    let bad = folder.path().join("bad.toml");
    let shares = sim::county::SHIPPED.replace("county_percent = 45", "county_percent = 95");
    std::fs::write(&bad, shares).unwrap();
    let out = folder.path().join("never");
    let arguments =
        ["sim", "run", "--days", "1", "--seed", "1", "--county", bad.to_str().unwrap(), "--out", out.to_str().unwrap()];
    assert!(refused(&arguments).contains("bad.toml"));
    assert!(!out.exists(), "nothing was made");
}

#[test]
fn a_short_campaign_of_faults_heals() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["sim", "chaos", "--seed", "1", "--runs", "5", "--households", "120", "--days", "70", "--folder"];
    let ran = tianxin(&[&arguments[..], &[folder.path().to_str().unwrap()]].concat());
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let told = text(&ran.stdout);
    assert!(told.starts_with("5 runs healed: "), "{told}");
    let kills: u32 = told["5 runs healed: ".len()..].split(' ').next().unwrap().parse().unwrap();
    assert!(kills >= 5, "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}
