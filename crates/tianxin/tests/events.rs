//! Behaviour from files, and decisions rebuilt from what was known then, as a person runs both on the books of a small county.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use basics::{Cell, Id, IdKind, PublicId};
use serde_json::Value;

const TIANXIN: &str = env!("CARGO_BIN_EXE_tianxin");

/// What a command says: standard output where it ends well, otherwise what it complains of.
fn said(books: &Path, arguments: &[&str], code: i32) -> String {
    let ran = Command::new(TIANXIN).arg("--data").arg(books).args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {out}{err}");
    if code == 0 { out.into_owned() } else { err.into_owned() }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Households of the books, by their public ids.
fn households(books: &Path, most: usize) -> Vec<String> {
    let connection = rusqlite::Connection::open(books.join("books.db")).unwrap();
    let mut rows = connection.prepare("SELECT cell, id FROM household ORDER BY cell, id LIMIT ?1").unwrap();
    let found = rows.query_map([most as i64], |row| Ok((row.get::<_, u16>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
    found
        .map(|row| {
            let (cell, id) = row.unwrap();
            let id = Id::from_u128(u128::from_be_bytes(id.try_into().unwrap()));
            PublicId { kind: IdKind::Household, cell: Cell(cell), id }.to_string()
        })
        .collect()
}

#[test]
fn what_is_told_later_changes_no_old_decision() {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("county");
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let out = books.to_str().unwrap();
    said(&books, &["sim", "run", "--days", "90", "--seed", "1", "--households", "120", "--out", out], 0);

    // Every decision of the county can be rebuilt.
    let before = json(&said(&books, &["features", "check", "--json"], 0));
    let decisions = before["same"].as_u64().unwrap();
    assert!(decisions >= 10, "{before}");
    assert_eq!((&before["different"], &before["older"]), (&0.into(), &0.into()));

    // Farm data and late movements come in by a file: refused as a whole, then checked, then written once.
    let whose = households(&books, 2);
    let mapping = "channel = \"own_business\"\nmeasure = \"value\"\n[date]\ncolumn = \"on\"\n[amount]\ncolumn = \"yuan\"\n\
                   [[side]]\naccount = \"account\"\nkind = \"what\"\n";
    std::fs::write(at("mapping.toml"), mapping).unwrap();
    std::fs::write(at("accounts.csv"), format!("account,household\nA,{}\nB,{}\n", whose[0], whose[1])).unwrap();
    let rows = "account,on,what,value,yuan\nA,2023-05-01,salary,,900.00\nA,2023-05-02,due_late,12,\n\
                B,2023-04-01,harvest_weighed,850,\nC,2023-04-01,salary,,1.00\nB,2023-04-02,utility,,30.50\n";
    std::fs::write(at("bad.csv"), format!("{rows}B,2099-01-01,salary,,1.00\nB,2023-04-02,rent,,1.00\n")).unwrap();
    std::fs::write(at("rows.csv"), rows).unwrap();
    let import = |file: &str, more: &[&str], code| {
        let (file, mapping, accounts) = (at(file), at("mapping.toml"), at("accounts.csv"));
        let fixed = ["events", "import", "--format", "csv", "--file", &file, "--mapping", &mapping, "--json"];
        said(&books, &[&fixed[..], &["--households", &accounts], more].concat(), code)
    };
    let refused = import("bad.csv", &[], 1);
    assert!(refused.contains("line 7: it lies in the future"), "{refused}");
    assert!(refused.contains("line 8: `what`: there is no kind of event `rent`"), "{refused}");
    assert!(refused.contains("2 of 7 rows are refused and nothing was written"), "{refused}");
    let dry = json(&import("rows.csv", &["--dry-run"], 0));
    assert_eq!((&dry["events"], &dry["written"], &dry["of_nobody"]), (&4.into(), &0.into(), &1.into()));
    let first = json(&import("rows.csv", &[], 0));
    assert_eq!((&first["written"], &first["known_already"]), (&4.into(), &0.into()));
    let again = json(&import("rows.csv", &[], 0));
    assert_eq!((&again["written"], &again["known_already"]), (&0.into(), &4.into()));

    // The books prove, and the decisions of before are as they were.
    said(&books, &["audit", "verify"], 0);
    let after = json(&said(&books, &["features", "check", "--json"], 0));
    assert_eq!(after, before);

    // A county of ninety days has no loan that was watched for a year: what is not paid off or bad has no label.
    said(&books, &["features", "export", "--rows", "all", "--out", &at("all.csv")], 0);
    let mut table = csv::Reader::from_path(at("all.csv")).unwrap();
    let heads = table.headers().unwrap().clone();
    let column = |name: &str| heads.iter().position(|head| head == name).unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len() as u64, decisions);
    let immature = rows.iter().filter(|row| &row[column("outcome")] == "immature").count();
    assert!(immature > 0);
    let label = |row: &csv::StringRecord| row[column("bad")].to_owned();
    assert!(rows.iter().all(|row| label(row).is_empty() != ["good", "bad"].contains(&&row[column("outcome")])));
    assert!(rows.iter().any(|row| row[column("inflow_monthly")].parse::<i64>().is_ok_and(|value| value > 0)));
    let labelled = rows.iter().filter(|row| !label(row).is_empty()).count();
    said(&books, &["features", "export", "--out", &at("training.csv")], 0);
    let training = std::fs::read_to_string(at("training.csv")).unwrap();
    assert_eq!(training.lines().count(), 1 + labelled);
    assert!(!training.lines().next().unwrap().contains("outstanding"), "nothing of what came after");
    let there = said(&books, &["features", "export", "--out", &at("training.csv")], 2);
    assert!(there.contains("is there already"), "{there}");
}

#[test]
fn the_dictionary_is_printed_in_both_languages_and_as_json() {
    let nowhere = Path::new("/nonexistent");
    let text = said(nowhere, &["features"], 0);
    assert!(text.contains("| `land_area` | 确权土地面积 | Certified land | mu | 0 | 1095 days |"), "{text}");
    assert!(text.contains("| shadow |"), "{text}");
    let entries = json(&said(nowhere, &["features", "--json"], 0));
    let entries = entries.as_array().unwrap();
    assert_eq!(entries.len(), text.lines().filter(|line| line.contains("| `")).count());
    assert!(entries.iter().filter(|entry| entry["lawful"] == true).count() >= 25);
    let shadow: Vec<&str> =
        entries.iter().filter(|e| e["purpose"] == "shadow").map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(shadow, ["mutual_parties", "referred"]);
}

#[test]
fn a_model_cannot_be_trained_on_what_is_not_for_credit() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("rows.csv");
    let rows: String = (0..60).map(|n| format!("{},{},{}\n", n % 7, n % 5, n % 2)).collect();
    std::fs::write(&data, format!("income,mutual_parties,bad\n{rows}")).unwrap();
    let train = ["model", "train", "--data", data.to_str().unwrap(), "--target", "bad", "--kind", "scorecard"];
    let told = said(folder.path(), &train, 1);
    assert!(told.contains("column `mutual_parties`") && told.contains("may not be used"), "{told}");
}
