//! The program as its users meet it: folders, exit codes, words, JSON.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that stumbles has failed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn tianxin(data: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tianxin")).arg("--data").arg(data).args(args).output().unwrap()
}

/// Standard output of a run that must end with `code`.
fn said(data: &Path, args: &[&str], code: i32) -> String {
    let output = tianxin(data, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "tianxin {args:?}\n{out}\n{err}");
    if code == 0 { out } else { out + &err }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A data folder with 4 cells and capital, opened on the 2nd of March 2026.
fn county() -> TempDir {
    let folder = TempDir::new().unwrap();
    let args = ["init", "--name", "Test Co-operative", "--open-date", "2026-03-02", "--cells", "4"];
    let args = [&args[..], &["--capital", "1000000.00"]].concat();
    let told = said(folder.path(), &args, 0);
    assert!(told.contains("open day 2026-03-02"), "{told}");
    folder
}

fn alter(folder: &Path, statement: &str) {
    let connection = rusqlite::Connection::open(folder.join("books.db")).unwrap();
    connection.execute_batch(statement).unwrap();
}

#[test]
fn a_new_folder_proves_itself() {
    let folder = county();
    for name in ["institution.toml", "books.db", "keys", "checkpoints"] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
    let told = json(&said(folder.path(), &["audit", "verify", "--json"], 0));
    assert_eq!(
        (told["ok"].as_bool(), told["records"].as_i64(), told["unproven"].as_i64()),
        (Some(true), Some(1), Some(1))
    );
    assert_eq!(told["cells"].as_i64(), Some(5), "four cells and the office");
    said(folder.path(), &["checkpoint", "take"], 0);
    let told = json(&said(folder.path(), &["audit", "verify", "--json"], 0));
    assert_eq!(told["unproven"].as_i64(), Some(0));
    assert!(said(folder.path(), &["audit", "rebuild"], 0).contains("0 differ"));
    let again = said(folder.path(), &["init", "--name", "Other"], 1);
    assert!(again.contains("already"), "{again}");
}

#[test]
fn a_day_closes_once_and_is_signed() {
    let folder = county();
    let status = json(&said(folder.path(), &["day", "status", "--json"], 0));
    assert_eq!(status["open_day"], "2026-03-02");
    let told = json(&said(folder.path(), &["day", "close", "--json"], 0));
    assert_eq!(
        (&told["day"], &told["receipts"], &told["open_day"]),
        (&"2026-03-02".into(), &4.into(), &"2026-03-03".into())
    );
    let again = said(folder.path(), &["day", "close", "--date", "2026-03-02"], 0);
    assert!(again.contains("2026-03-02 is closed") && again.contains("2026-03-03 is open"), "{again}");
    let ahead = said(folder.path(), &["day", "close", "--date", "2026-03-09"], 1);
    assert!(ahead.contains("2026-03-03"), "{ahead}");
    let never = said(folder.path(), &["day", "close", "--date", "2026-03-01"], 1);
    assert!(never.contains("never closed"), "{never}");
    let file = std::fs::read_to_string(folder.path().join("checkpoints/checkpoints.jsonl")).unwrap();
    assert_eq!(file.lines().count(), 1, "one close, one checkpoint");
    let proven = json(&said(folder.path(), &["audit", "verify", "--json"], 0));
    assert_eq!(proven["unproven"].as_i64(), Some(0), "the close itself is under the checkpoint");
}

#[test]
fn altered_books_are_found_and_derived_again() {
    let folder = county();
    alter(folder.path(), "UPDATE gl_balance SET balance_minor = balance_minor + 1 WHERE subject = 1002 AND cell = 0");
    let found = tianxin(folder.path(), &["audit", "verify", "--json"]);
    assert_eq!(found.status.code(), Some(1));
    let object = json(&String::from_utf8(found.stdout).unwrap());
    assert_eq!((object["ok"].as_bool(), object["cell"].as_i64()), (Some(false), Some(0)));
    assert!(object["finding"].as_str().unwrap().contains("gl_balance"), "{object}");
    assert!(said(folder.path(), &["audit", "rebuild"], 1).contains("1 differ"));
    assert!(said(folder.path(), &["audit", "rebuild", "--write"], 0).contains("were written"));
    said(folder.path(), &["audit", "verify"], 0);
}

#[test]
fn older_books_than_their_checkpoint_are_noticed() {
    let folder = county();
    let books = folder.path().join("books.db");
    let backup = std::fs::read(&books).unwrap();
    said(folder.path(), &["day", "close"], 0);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("books.db{end}")));
    }
    std::fs::write(&books, backup).unwrap();
    let found = said(folder.path(), &["audit", "verify"], 1);
    assert!(found.contains("its tail is missing"), "{found}");
    for refused in [["checkpoint", "take"], ["day", "close"]] {
        let told = said(folder.path(), &refused, 1);
        assert!(told.contains("not the latest books"), "{told}");
    }
}

#[test]
fn a_checkpoint_of_others_or_none_is_told() {
    let (ours, theirs) = (county(), county());
    said(theirs.path(), &["checkpoint", "take"], 0);
    let file = theirs.path().join("checkpoints/checkpoints.jsonl");
    let told = said(ours.path(), &["audit", "verify", "--checkpoint", file.to_str().unwrap()], 1);
    assert!(told.contains("another key"), "{told}");
    let told = said(ours.path(), &["audit", "verify", "--checkpoint", "/nowhere/checkpoints.jsonl"], 3);
    assert!(told.contains("/nowhere/checkpoints.jsonl"), "{told}");
}

#[test]
fn what_is_no_data_folder_is_told_and_left_alone() {
    let empty = TempDir::new().unwrap();
    let told = said(empty.path(), &["audit", "verify"], 3);
    assert!(told.contains("tianxin init"), "{told}");
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);

    let foreign = county();
    let books = foreign.path().join("books.db");
    std::fs::write(&books, "a letter to the village").unwrap();
    assert!(said(foreign.path(), &["audit", "verify"], 3).contains("no Tianxin database"));
    assert!(said(foreign.path(), &["serve", "--listen", "127.0.0.1:0"], 3).contains("no Tianxin database"));
    assert_eq!(std::fs::read_to_string(&books).unwrap(), "a letter to the village");

    let newer = county();
    alter(newer.path(), "PRAGMA user_version = 999");
    assert!(said(newer.path(), &["day", "close"], 3).contains("install the newer program"));
    assert!(said(newer.path(), &["audit", "verify"], 3).contains("install the newer program"));

    let missing = county();
    std::fs::remove_file(missing.path().join("books.db")).unwrap();
    assert!(said(missing.path(), &["serve"], 3).contains("backup"));
    assert!(!missing.path().join("books.db").exists(), "missing books are never made anew");

    let keyless = county();
    std::fs::remove_dir_all(keyless.path().join("keys")).unwrap();
    assert!(said(keyless.path(), &["day", "close"], 3).contains("keys"));

    let swapped = county();
    std::fs::copy(county().path().join("books.db"), swapped.path().join("books.db")).unwrap();
    assert!(said(swapped.path(), &["audit", "verify"], 3).contains("institution"));
}

#[test]
fn arguments_that_make_no_sense_are_told() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let wrong: [&[&str]; 9] = [
        &["pay"],
        &["init"],
        &["init", "--name", "A", "--open-date", "2026-02-30"],
        &["init", "--name", "A", "--cells", "0"],
        &["init", "--name", "A", "--licence", "pawnshop"],
        &["init", "--name", "A", "--capital", "1.234"],
        &["init", "--name", "A", "--currency", "yuan"],
        &["serve", "--listen", "here"],
        &["bench", "door", "--seconds", "1", "--commands", "1"],
    ];
    for args in wrong {
        let told = said(&data, args, 2);
        assert!(told.contains("error"), "{told}");
    }
    assert!(!data.exists(), "nothing was made");
    let told = said(&data, &["init", "--name", "A", "--licence", "technology_operator", "--capital", "1"], 1);
    assert!(told.contains("may not"), "{told}");
    for args in [
        &["--help"][..],
        &["init", "--help"],
        &["day", "close", "--help"],
        &["bench", "door", "--help"],
        &["bench", "loans", "--help"],
    ] {
        assert!(said(&data, args, 0).contains("Usage"), "{args:?}");
    }
}

#[test]
fn a_server_says_when_it_is_ready_and_stops_when_asked() {
    let folder = county();
    let mut server = Command::new(env!("CARGO_BIN_EXE_tianxin"))
        .arg("--data")
        .arg(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    let mut ready = String::new();
    out.read_line(&mut ready).unwrap();
    let address =
        ready.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{ready}"));
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: tianxin\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("2026-03-02"), "{answer}");
    // Beside a server that is running a day may be closed from the command line.
    said(folder.path(), &["day", "close"], 0);
    let stopped = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
    said(folder.path(), &["audit", "verify"], 0);
}

fn bench(engine: &str) -> Vec<serde_json::Value> {
    let folder = TempDir::new().unwrap();
    let small = ["--households", "200", "--callers", "8", "--commands", "500", "--json"];
    let args = [&["bench", "door", "--engine", engine], &small[..]].concat();
    let told = said(folder.path(), &args, 0);
    let lines: Vec<_> = told.lines().map(json).collect();
    for line in &lines {
        let fields = ["ours", "unit", "reference_name", "reference", "ratio", "p50_ms", "p99_ms", "rss_mb"];
        assert!(line["name"].is_string() && line["engine"] == engine, "{line}");
        for field in fields {
            assert!(line.get(field).is_some(), "{field} is missing in {line}");
        }
    }
    lines
}

fn references(lines: &[serde_json::Value]) -> Vec<&str> {
    let door = lines.iter().filter(|line| line["name"] == "door" && line["ratio"].is_number());
    door.filter_map(|line| line["reference_name"].as_str()).collect()
}

#[test]
fn the_door_is_measured_on_sqlite() {
    let lines = bench("sqlite");
    assert_eq!(references(&lines), ["bulk", "bare_row", "bare_batch"]);
}

#[test]
fn the_door_is_measured_on_postgres() {
    let lines = bench("postgres");
    let skipped = |line: &serde_json::Value| line["note"].as_str().is_some_and(|note| note.starts_with("skipped"));
    if lines.iter().any(skipped) {
        eprintln!("skipped: the door on PostgreSQL: {}", lines[0]);
        return;
    }
    assert_eq!(references(&lines), ["bulk", "tpcb"]);
}

#[test]
fn transfers_are_measured() {
    let folder = TempDir::new().unwrap();
    let small = ["--households", "200", "--under-way", "16", "--seconds", "1", "--postings", "1000"];
    let args = [&["bench", "ledger", "--engine", "sqlite"], &small[..], &["--json"]].concat();
    let lines: Vec<_> = said(folder.path(), &args, 0).lines().map(json).collect();
    let row = |line: &serde_json::Value| {
        let text = |field: &str| line[field].as_str().unwrap_or("-").to_owned();
        assert!(["unit", "p50_ms", "p99_ms", "rss_mb"].iter().all(|field| line.get(field).is_some()), "{line}");
        (text("name"), text("reference_name"))
    };
    let expected = [
        ("ledger_uniform", "bare"),
        ("ledger_institution", "bare"),
        ("ledger_institution", "uniform"),
        ("ledger_crossing", "bare"),
        ("ledger_single", "-"),
        ("ledger_trial_balance", "-"),
    ]
    .map(|(name, reference)| (name.to_owned(), reference.to_owned()));
    assert_eq!(lines.iter().map(row).collect::<Vec<_>>(), expected);
    assert!(lines.iter().all(|line| line["ours"].as_f64().is_some_and(|ours| ours > 0.0)), "{lines:?}");
}

#[test]
fn the_general_ledger_is_shown_for_people_and_programs() {
    let folder = county();
    said(folder.path(), &["day", "close"], 0);
    let shown = said(folder.path(), &["books", "trial-balance"], 0);
    let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
        Test Co-operative
        试算平衡表 trial balance
        2026-03-01 – 2026-03-02
        未结账 · open

        科目 subject  名称 name                 期初借方 opening debit  期初贷方 opening credit  本期借方 debit  本期贷方 credit  期末借方 closing debit  期末贷方 closing credit
        1002          银行存款 Bank balance                                                          1000000.00             0.00              1000000.00
        4001          实收资本 Paid-in capital                                                             0.00       1000000.00                                       1000000.00
                      合计 total                                  0.00                     0.00      1000000.00       1000000.00              1000000.00               1000000.00
    ");
    let sheet = json(&said(folder.path(), &["books", "balance-sheet", "--at", "2026-03-02", "--format", "json"], 0));
    assert_eq!((&sheet["at"], &sheet["open"]), (&"2026-03-02".into(), &false.into()));
    let amounts: Vec<&str> = sheet["rows"].as_array().unwrap().iter().map(|r| r["amount"].as_str().unwrap()).collect();
    assert_eq!(amounts, ["1000000.00", "1000000.00", "0.00", "1000000.00", "1000000.00", "1000000.00"]);
    let income = json(&said(folder.path(), &["books", "income", "--at", "2026-03-03", "--format", "json"], 0));
    assert_eq!((&income["open"], &income["from"]), (&true.into(), &"2026-03-01".into()));
    let csv = said(folder.path(), &["books", "statement", "--subject", "1002", "--format", "csv"], 0);
    let lines: Vec<&str> = csv.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[0].trim(), "booked_on,value_date,cell,voucher,account,memo,debit,credit");
    assert!(lines[2].starts_with("2026-03-02,2026-03-02,0,1-0-0,,capital") && lines[2].contains("1000000.00"), "{csv}");
    let found = json(&said(folder.path(), &["books", "vouchers", "--from", "2026-03-02", "--format", "json"], 0));
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(
        (rows.len(), &rows[0]["voucher"], &rows[0]["debit"]),
        (2, &"20260302-00-0001".into(), &"1000000.00".into())
    );
    let none = json(&said(
        folder.path(),
        &["books", "vouchers", "--from", "2026-03-02", "--amount", "3.00", "--format", "json"],
        0,
    ));
    assert_eq!(none["rows"].as_array().unwrap().len(), 0);
    let one = said(folder.path(), &["books", "vouchers", "--number", "20260302-00-0001"], 0);
    assert!(one.contains("实收资本") && one.contains("1000000.00"), "{one}");
    let tie = json(&said(folder.path(), &["books", "tie", "--each", "--format", "json"], 0));
    assert_eq!((&tie["at"], &tie["agrees"]), (&"2026-03-02".into(), &true.into()));
    let periods = json(&said(folder.path(), &["books", "periods", "--json"], 0));
    assert_eq!(
        (&periods["periods"][0]["period"], &periods["periods"][0]["state"]),
        (&"2026-03".into(), &"open".into())
    );
    let file = folder.path().join("trial.xlsx");
    let path = file.to_str().unwrap();
    said(folder.path(), &["books", "trial-balance", "--format", "xlsx", "--out", path], 0);
    assert!(std::fs::read(&file).unwrap().starts_with(b"PK"));
    for (args, words) in [
        (&["trial-balance", "--at", "2026-03-04"][..], "after the open day 2026-03-03"),
        (&["income", "--from", "2026-03-03", "--at", "2026-03-02"], "turn the two round"),
        (&["statement", "--subject", "9999"], "no subject 9999"),
        (&["tie", "--at", "2026-03-04"], "after the open day 2026-03-03"),
        (&["vouchers", "--number", "20260302-00-0009"], "no voucher 20260302-00-0009"),
        (&["vouchers", "--number", "12"], "20260305-07-0012"),
        (&["trial-balance", "--format", "xlsx"], "--out"),
        (&["statement", "--subject", "4001", "--limit", "0"], "0"),
    ] {
        let told = said(folder.path(), &[&["books"], args].concat(), 2);
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn whole_loans_are_measured_on_both_engines() {
    let folder = TempDir::new().unwrap();
    let args = ["bench", "loans", "--households", "200", "--callers", "8", "--seconds", "2", "--json"];
    let lines: Vec<_> = said(folder.path(), &args, 0).lines().map(json).collect();
    let fields = ["ours", "unit", "reference_name", "reference", "ratio", "p50_ms", "p99_ms", "rss_mb"];
    for line in &lines {
        assert!(fields.iter().all(|field| line.get(field).is_some()), "{line}");
    }
    for (engine, outside) in [("sqlite", "outside_bare"), ("postgres", "outside_tpcb")] {
        let line = |name: &str| {
            let mut found = lines.iter().filter(|line| line["engine"] == engine && line["name"] == name);
            found.next().unwrap_or_else(|| panic!("no line {name} on {engine}: {lines:?}"))
        };
        if line("loans")["note"].as_str().unwrap().starts_with("skipped") {
            eprintln!("skipped: loans on PostgreSQL: {}", line("loans"));
            continue;
        }
        for (name, reference) in [("loans", "bulk"), (outside, &outside[8..])] {
            let named = line(name)["reference_name"].as_str().unwrap();
            assert!(named.starts_with(reference) && line(name)["ratio"].is_number(), "{}", line(name));
        }
        assert!(line("loans_http")["ours"].is_number() && line("loans_http")["ratio"].is_null());
        for name in ["loans", "loans_http"] {
            assert!(line(name)["note"].as_str().unwrap().contains(" 0 not approved"), "{}", line(name));
        }
        for (name, field) in [("decision", "p99_ms"), ("start", "ours"), ("resident", "rss_mb")] {
            assert!(line(name)[field].is_number(), "{}", line(name));
        }
    }
}

#[test]
fn the_books_may_be_kept_in_postgres() {
    let server = match store::cluster::for_tests() {
        Ok(server) => server,
        Err(error) if error.is_absent() => {
            eprintln!("skipped: books in PostgreSQL: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let (ours, empty) = (server.create_database("cli").unwrap(), server.create_database("cli_empty").unwrap());
    let folder = TempDir::new().unwrap();
    let init = ["init", "--name", "A", "--open-date", "2026-03-02", "--cells", "3", "--capital", "10"];
    let told = said(folder.path(), &[&init[..], &["--postgres", &ours.url()]].concat(), 0);
    assert!(told.contains("postgres, 3 cells"), "{told}");
    assert!(!folder.path().join("books.db").exists());
    // The settings remember where the books are.
    said(folder.path(), &["day", "close"], 0);
    let told = json(&said(folder.path(), &["audit", "verify", "--json"], 0));
    assert_eq!((told["cells"].as_i64(), told["unproven"].as_i64()), (Some(4), Some(0)));
    let told = said(folder.path(), &["audit", "verify", "--postgres", &empty.url()], 3);
    assert!(told.contains("or none"), "empty books are not taken for ours: {told}");
    let told = said(folder.path(), &["day", "status", "--postgres", "postgres://nobody@127.0.0.1:1/none"], 3);
    assert!(told.contains("cannot be reached"), "{told}");
}

#[test]
fn a_quote_needs_no_books() {
    let nowhere = Path::new("/nonexistent-data-folder");
    let quote = |args: &[&str], code: i32| said(nowhere, &[&["quote"], args].concat(), code);
    let season = ["--product", "seasonal-loan", "--amount", "30000", "--term", "8", "--date", "2027-03-01", "--json"];
    let shown = json(&quote(&season, 0));
    assert_eq!(shown["schedule"][0]["total"], "12605.00");
    assert_eq!(shown["schedule"][1]["total"], "18369.00");
    assert_eq!((&shown["schedule"][0]["n"], &shown["schedule"][0]["days"]), (&1.into(), &121.into()));
    assert_eq!((&shown["schedule"][1]["balance"], &shown["total_cost"]), (&"0.00".into(), &"974.00".into()));
    let insured = ["--product", "disaster-insurance-loan", "--amount", "30000", "--term", "12", "--date", "2026-03-05"];
    let insured = [&insured[..], &["--rating", "B", "--json"]].concat();
    let shown = json(&quote(&insured, 0));
    let premium = &shown["schedule"][0];
    assert_eq!((&premium["n"], &premium["due"]), (&0.into(), &"2026-03-05".into()));
    assert_eq!((&premium["principal"], &premium["fees"]), (&"0.00".into(), &"240.00".into()));
    assert_eq!(shown["irr_annualised"].as_f64(), Some(0.074873));
    // Places that are nothing are written too.
    let plain = ["--product", "short-working-capital", "--amount", "20000", "--term", "6", "--date", "2026-03-05"];
    let shown = quote(&[&plain[..], &["--rating", "B", "--json"]].concat(), 0);
    assert!(shown.contains("\"irr_annualised\":0.090000"), "{shown}");

    // For people a table; without a rating the dearest price, and a word about it.
    let output = tianxin(nowhere, &[&["quote"], &plain[..]].concat());
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(out.contains("短期经营贷") && out.contains("10.80 % a year"), "{out}");
    assert!(err.contains("the dearest price is taken, rating C at 10.80 % a year"), "{err}");

    let refusals = [
        (
            ["--product", "assisted-household", "--amount", "30000", "--term", "8", "--date", "2026-03-01"],
            "to 2025-12-31",
        ),
        (["--product", "season-bullet", "--amount", "99", "--term", "8", "--date", "2026-03-01"], "lends 1000.00 to"),
        (["--product", "season-bullet", "--amount", "5000", "--term", "13", "--date", "2026-03-01"], "1 to 12 months"),
        (["--product", "gold", "--amount", "5000", "--term", "12", "--date", "2026-03-01"], "no product `gold`"),
        (["--product", "season-bullet", "--amount", "5e3", "--term", "12", "--date", "2026-03-01"], "is not an amount"),
        (["--product", "season-bullet", "--amount", "5000", "--term", "12", "--date", "2026-02-30"], "is not a date"),
        (["--terms", "/nonexistent.toml", "--amount", "5000", "--term", "12", "--date", "2026-03-01"], ""),
    ];
    for (args, why) in refusals {
        let code = if why.is_empty() { 3 } else { 2 };
        let told = quote(&args, code);
        assert!(told.contains(why), "{args:?} {told}");
    }

    let listed = json(&said(nowhere, &["product", "list", "--json"], 0));
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), loan::product::SHIPPED.len());
    let revolving = listed.iter().find(|product| product["id"] == "revolving-credit").unwrap();
    assert_eq!((&revolving["name"], &revolving["method"]), (&"随借随还".into(), &"revolving".into()));
}

#[test]
fn terms_of_ones_own_are_quoted_from_a_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("own.toml");
    let (_, text) = loan::product::SHIPPED[0];
    let file = path.to_str().unwrap();
    let args = ["quote", "--terms", file, "--amount", "20000", "--term", "6", "--date", "2026-03-05", "--rating", "A"];
    std::fs::write(&path, text.replace("\"7.20\"", "\"6.00\"")).unwrap();
    assert!(said(folder.path(), &args, 0).contains("6.00 % a year"));
    std::fs::write(&path, text.replace("\"24.00\"", "\"5.00\"")).unwrap();
    let told = said(folder.path(), &args, 2);
    assert!(told.contains("own.toml, line 52, `cost.cap`"), "{told}");
    // A fee that takes the cost over the cap is found with the amount and the term.
    let fee = "[[fee]]\ncode = \"service\"\nname_zh = \"服务费\"\nname_en = \"Service fee\"\nwhen = \"first-instalment\"\nflat = \"2000.00\"\n";
    std::fs::write(&path, format!("{text}\n{fee}")).unwrap();
    let told = said(folder.path(), &args, 2);
    assert!(told.contains("passes the cap of 24.00 %"), "{told}");
}
