//! `tianxin lab` as a researcher uses it: a folder that says it all, the same again with other threads, errors that say what to write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

fn tianxin(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tianxin"));
    command.current_dir(folder).args(arguments.split_whitespace()).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// The shipped experiment on monitoring over some months, with every decision left to people, so that nothing has to be learnt.
fn short() -> String {
    let text = include_str!("../../../experiments/monitoring.toml");
    let text = text.replace("channel = \"both\"", "channel = \"both\", scoring = \"none\"");
    text.replace("name = \"monitoring\"", "name = \"short\"\ndays = 150")
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn an_experiment_of_ones_own_is_a_folder_that_comes_out_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("short.toml"), short()).unwrap();
    let run = |out: &str, threads: u16| {
        let size = "--seeds 2 --households 25 --counties plain";
        let done = tianxin(folder, &format!("lab run short.toml {size} --threads {threads} --out {out}"));
        assert!(done.status.success(), "{}", told(&done));
        files(&folder.join(out))
    };
    let first = run("a", 2);
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    short/effects.csv
    short/effects.svg
    short/report.md
    short/runs.csv
    ");
    let report = String::from_utf8(first["short/report.md"].clone()).unwrap();
    assert!(report.contains("Monitoring after the money is paid") && report.contains("## Where the mechanism is off"));
    // Three questions over a county; what was not decided is not said to hold.
    let effects = String::from_utf8(first["short/effects.csv"].clone()).unwrap();
    assert!(effects.lines().count() > 3, "{effects}");
    assert_eq!(first, run("b", 1));
    assert!(!folder.join("a.part").exists());
    let again = tianxin(folder, "lab run short.toml --out a");
    assert_eq!(
        (again.status.code(), told(&again).as_str()),
        (Some(2), "error: a is there already: name a folder that is not, or remove it")
    );
}

#[test]
fn what_cannot_be_tried_is_named_and_makes_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cases = [
        ("policy.toml", short().replace("monitoring = true", "monitring = true")),
        ("arm.toml", short().replace("arm = \"watched\"\nagainst", "arm = \"watcher\"\nagainst")),
        ("figure.toml", short().replace("call_hours_hundredths", "call_hours")),
    ];
    let mut said = String::new();
    for (file, text) in cases {
        assert_ne!(text, short(), "{file}");
        std::fs::write(folder.join(file), text).unwrap();
        let done = tianxin(folder, &format!("lab run {file} --out out"));
        said += &format!("{} {}\n", done.status.code().unwrap(), told(&done));
    }
    for arguments in
        ["lab run nothing --out out", "lab run monitoring --counties moon --out out", "lab run all --seeds 1"]
    {
        let done = tianxin(folder, arguments);
        said += &format!("{} {}\n", done.status.code().unwrap(), told(&done).lines().next().unwrap());
    }
    // The folder cannot be made, and that is told before a day is lived.
    let done = tianxin(folder, "lab run monitoring --out no/such/place");
    said += &format!("{} {}\n", done.status.code().unwrap(), told(&done));
    insta::assert_snapshot!(said, @r"
    2 error: policy.toml, line 25: policy: unknown field `monitring`, expected one of `channel`, `scoring`, `regional-factors`, `decline-percent`, `refer-percent`, `learns-from`, `declined-before-percent`, `explored-percent`, `labels-after-days`, `recalibrates`, `loans-as-income`, `visit-above-yuan`, `visited-percent`, `lend-as`, `monitoring`, `lessons-a-year`, `referral`, `insurance`, `deferral`, `fund-percent`, `outage-from-day`, `outage-days`, `windows-in-outage`, `household-discount-bp`, `merchant-fee-bp`
    2 error: arm.toml, line 28: arm watcher is not known; write one of letters, watched
    2 error: figure.toml, line 51: assumed figure assumed.call_hours is not known; write one of staff_hour_fen, papers_hours_hundredths, visit_hours_hundredths, visit_hours_hundredths_km, visit_fen_km, visits_a_day, officers_hundredths_per_thousand, committee_days, committee_hours_hundredths, counter_hours_hundredths, payment_hours_hundredths, call_hours_hundredths, letter_fen, message_fen, platform_household_year_fen, check_fen, window_year_fen, lesson_fen, lesson_come_percent, lesson_points, funding_bp, funding_market_bp, lost_percent, trips, fare_fen_km, trip_hours_hundredths_km, trip_counter_hours_hundredths, trips_bearable_percent, felt_percent, insured_percent, deductible_percent, premium_bp, claim_days, merchant_bearable_bp
    2 error: nothing is neither a file nor a shipped experiment; name a file, or one of channels, seasonal, layered, scoring, monitoring, training, referral, regions, drought, outage, cross-subsidy, reject-inference, exploration, label-delay, limit-feedback, threshold, recalibration
    2 error: experiments/counties.toml, line 1: county moon is not known; choose from plain, hills, suburbs
    2 error: invalid value '1' for '--seeds <N>': 1 is not in 2..=1000
    3 error: no/such/place.part could not be made: No such file or directory (os error 2)
    ");
    assert!(!folder.join("out").exists() && !folder.join("out.part").exists());
}

#[test]
fn what_comes_with_the_program_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let done = tianxin(folder.path(), "lab list --json");
    let names: Vec<String> = String::from_utf8(done.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["name"].as_str().unwrap().to_owned())
        .collect();
    insta::assert_snapshot!(names.join(" "), @"channels seasonal layered scoring monitoring training referral regions drought outage cross-subsidy reject-inference exploration label-delay limit-feedback threshold recalibration");
}
