//! `tianxin policy` and `tianxin credit` as their users meet them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that stumbles has failed")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

fn said(at: &Path, args: &[&str], code: i32) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tianxin")).current_dir(at).args(args).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "tianxin {args:?}\n{out}\n{err}");
    (out, err)
}

#[test]
fn a_rule_file_is_checked_as_it_would_be_served() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    fs::write(at.join("ours.toml"), policy::RuleSet::CN_RURAL).unwrap();
    assert!(said(at, &["policy", "check", "ours.toml"], 0).0.starts_with("cn-rural version 3, 3 rules, hash "));
    let shadow = policy::RuleSet::CN_RURAL.replacen("'household.thin'", "'score.pd_ppm > 100000'", 1);
    fs::write(at.join("ours.toml"), shadow).unwrap();
    let noticed = said(at, &["policy", "check", "ours.toml"], 0).0;
    assert!(noticed.contains(": rule `risk-middle` is shadowed"), "{noticed}");
    let dead = policy::RuleSet::CN_RURAL.replacen("score.pd_ppm >= 300000", "score.pd_ppm > 2000000", 1);
    fs::write(at.join("ours.toml"), dead).unwrap();
    let refused = said(at, &["policy", "check", "ours.toml"], 1).1;
    assert!(refused.contains("ours.toml:") && refused.contains("when: can never hold"), "{refused}");
    said(at, &["policy", "check", "none.toml"], 3);
    let names = said(at, &["policy", "names"], 0).0;
    assert!(names.contains("score.pd_ppm") && names.contains("feature.cushion"), "{names}");
}

#[test]
fn a_county_s_decisions_are_tried_and_its_households_scored() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    said(at, &["sim", "run", "--days", "90", "--seed", "1", "--households", "60", "--out", "county"], 0);
    let books = ["--data", "county"];
    let run = |args: &[&str], code| said(at, &[&books[..], args].concat(), code);
    let replayed = run(&["decision", "replay"], 0).0;
    assert!(replayed.contains(" 0 were made by a model or rules whose file is not kept"), "{replayed}");
    // Under the rules of then nothing changes; under rules that decline everybody nothing is lent.
    fs::write(at.join("same.toml"), policy::RuleSet::CN_RURAL).unwrap();
    let told = |file: &str| -> serde_json::Value {
        let out = run(&["policy", "try", "--policy", file, "--json"], 0).0;
        serde_json::from_str(&out).unwrap()
    };
    let same = told("same.toml");
    assert!(same["decisions"].as_u64().unwrap() > 0, "{same}");
    assert_eq!((same["otherwise"].as_u64(), &same["then"]), (Some(0), &same["now"]), "{same}");
    let hard = policy::RuleSet::CN_RURAL.replacen("'household.thin'", "'request.amount_minor > 0'", 1).replacen(
        "outcome = \"refer\"",
        "outcome = \"decline\"",
        1,
    );
    fs::write(at.join("hard.toml"), hard).unwrap();
    let none = told("hard.toml");
    assert_eq!(
        (none["now"]["lent"].as_u64(), none["decisions"].as_u64()),
        (Some(0), same["decisions"].as_u64()),
        "{none}"
    );
    assert!(run(&["policy", "try", "--policy", "hard.toml"], 0).0.contains("-> decline"));
    // Without a model nobody has a score, and nobody is lent to so as to learn.
    assert_eq!((same["then"]["explored"].as_u64(), same["now"]["explored"].as_u64()), (Some(0), Some(0)), "{same}");
    let korunas = policy::RuleSet::CN_RURAL.replacen("\"CNY\"", "\"CZK\"", 1);
    fs::write(at.join("korunas.toml"), korunas).unwrap();
    assert!(run(&["policy", "try", "--policy", "korunas.toml"], 1).1.contains("is in CZK"));

    run(&["credit", "batch", "--county", "--out", "limits.csv"], 0);
    let county = fs::read_to_string(at.join("limits.csv")).unwrap();
    let mut lines = county.lines();
    assert_eq!(lines.next().unwrap(), "household,village,rating,pd_ppm,outcome,product,limit,status,reasons");
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert!(rows.len() > 10 && rows.iter().all(|row| row.len() == 9 && row[7] == "preliminary"), "{county}");
    let village = rows[0][1];
    run(&["credit", "batch", "--village", village, "--out", "village.csv"], 0);
    let own: Vec<String> =
        fs::read_to_string(at.join("village.csv")).unwrap().lines().skip(1).map(str::to_owned).collect();
    let wanted: Vec<String> = rows.iter().filter(|row| row[1] == village).map(|row| row.join(",")).collect();
    assert_eq!(own, wanted);
    assert_eq!(
        fs::read_dir(at)
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "parts"))
            .count(),
        0
    );
    run(&["credit", "batch", "--out", "limits.csv"], 2);

    // A run that is cut off goes on with the cells that are missing, and comes to the same file. Here it is cut where the parts would be
    // joined: a folder stands in the place of the file.
    fs::create_dir(at.join("again.csv")).unwrap();
    run(&["credit", "batch", "--county", "--out", "again.csv"], 3);
    fs::remove_dir(at.join("again.csv")).unwrap();
    let is_parts = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|kind| kind == "parts");
    let parts = fs::read_dir(at).unwrap().map(Result::unwrap).find(is_parts).expect("the parts are kept").path();
    let mut kept: Vec<_> = fs::read_dir(&parts).unwrap().map(|entry| entry.unwrap().path()).collect();
    kept.sort();
    let (lost, kept) = kept.split_at(kept.len() / 2);
    assert!(!lost.is_empty() && !kept.is_empty());
    for part in lost {
        fs::remove_file(part).unwrap();
    }
    let is_scored = |part: &std::path::PathBuf| !fs::read_to_string(part).unwrap().is_empty();
    assert!(kept.iter().any(is_scored), "something is left to go on from");
    let said = run(&["credit", "batch", "--county", "--out", "again.csv"], 0).0;
    assert!(!said.contains(&format!("{} households scored in this run", rows.len())), "{said}");
    assert_eq!(fs::read_to_string(at.join("again.csv")).unwrap(), county);
    assert!(!parts.exists());

    // Campaigns of whole-village credit: none yet, and none is invented.
    assert_eq!(run(&["credit", "village", "list"], 0).0.trim(), "");
    run(&["credit", "village", "show", "the first"], 2);
    let unknown = "00000000-0000-0000-0000-00000000cafe";
    for what in ["show", "limits", "offer"] {
        assert!(run(&["credit", "village", what, unknown], 1).1.contains("there is no such campaign"), "{what}");
    }
}
