//! `tianxin import book`: another system's book in mid-life, to the fen or not at all, and how its loans live on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that stumbles has failed")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use app::tables::{Contract, GlBalance, LoanNote, LoanState};
use app::take_over::{TakeOverStatus, TakenBook, TakenLoan};
use door::Stepper;
use support::lending::{day_begins, lender, told};
use support::proof::records;
use tempfile::TempDir;

fn tianxin(data: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tianxin")).arg("--data").arg(data).args(args).output().unwrap()
}

/// Standard output and standard error of a run that must end with `code`.
fn said(data: &Path, args: &[&str], code: i32) -> (String, String) {
    let output = tianxin(data, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "tianxin {args:?}\n{out}\n{err}");
    (out, err)
}

/// A resident id whose check character fits.
fn resident_id(n: u32) -> String {
    let digits = format!("51082119800307{n:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

const HEAD: &str = "number,resident_id,name,village,product,rate,lent,lent_on,plan,next_due,maturity,principal,accrued,\
                    overdue_since,overdue_principal,overdue_interest,penalty,off_balance,days_past_due,class,provision,\
                    written_off,wallet,guarantor,guarantor_id";

/// Five loans at the end of 1 March 2026: one that runs, one that is due the next day, one 45 days past due, one that is due as a
/// whole and not accruing, and a claim that was written off.
fn loans() -> String {
    let (a, b, c, d, e) = (resident_id(1), resident_id(2), resident_id(3), resident_id(4), resident_id(9));
    let product = "short-working-capital,9.00";
    format!(
        "{HEAD}\n\
         SW-1,{a},甲某,上村,{product},20000.00,2025-09-10,at-end,2026-03-10,2026-09-10,20000.00,95.00,,,,,,,normal,200.00,,,乙某,{e}\n\
         SW-2,{b},丙某,上村,{product},12000.00,2025-08-02,equal-instalments,2026-03-02,2026-08-02,6000.00,42.00,,,,,,,normal,60.00,,120.00,,\n\
         SW-3,{b},丙某,上村,{product},9000.00,2025-06-15,equal-principal,2026-03-15,2026-06-15,5000.00,14.00,2026-01-15,1000.00,60.00,16.88,,45,special-mention,100.00,,,,\n\
         SW-4,{c},丁某,下村,{product},8000.00,2024-08-13,at-end,,,8000.00,,2025-08-13,8000.00,240.00,560.00,800.00,200,substandard,2000.00,no,,,\n\
         SW-5,{d},戊某,下村,{product},5000.00,2023-05-20,at-end,,,3000.00,,2024-05-20,3000.00,100.00,300.00,400.00,,loss,,yes,,,\n"
    )
}

const TRIAL: &str = "subject,debit,credit\n1303,39000.00,\n1133,151.00,\n1132,60.00,\n1134,16.88,\n1304,,2360.00\n2011,,120.00\n\
                     1002,50000.00,\n4001,,80000.00\n4103,,6747.88\n7002,340.00,\n7003,860.00,\n7004,3000.00,\n";

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = TempDir::new().unwrap();
        said(folder.path(), &["init", "--name", "Test Co-operative", "--open-date", "2026-03-02", "--cells", "4"], 0);
        Place { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Imports these files; standard output and error.
    fn import(&self, loans: &str, trial: &str, more: &[&str], code: i32) -> (String, String) {
        fs::write(self.path().join("loans.csv"), loans).unwrap();
        fs::write(self.path().join("trial.csv"), trial).unwrap();
        let (loans, trial) = (self.path().join("loans.csv"), self.path().join("trial.csv"));
        let mut args = vec!["import", "book", "--loans", loans.to_str().unwrap(), "--trial-balance"];
        args.push(trial.to_str().unwrap());
        args.extend(more);
        said(self.path(), &args, code)
    }

    fn proven(&self) {
        said(self.path(), &["audit", "verify"], 0);
        assert!(said(self.path(), &["audit", "rebuild"], 0).0.contains("0 differ"));
    }

    fn backend(&self) -> std::sync::Arc<dyn door::Backend> {
        support::sqlite(&self.path().join("books.db"))
    }
}

#[test]
fn a_book_is_taken_over_to_the_fen_and_lives_on() {
    let place = Place::new();
    let (dry, _) = place.import(&loans(), TRIAL, &["--dry-run"], 0);
    assert!(dry.contains("5 loans of 4 households, 42000.00 of principal"), "{dry}");
    assert!(records::<LoanNote>(place.backend().as_ref()).is_empty());
    let (out, _) = place.import(&loans(), TRIAL, &[], 0);
    assert!(out.contains("equal to the old trial balance, to the fen"), "{out}");
    place.proven();
    let backend = place.backend();
    let balance = |subject: i64| -> i64 {
        let rows = records::<GlBalance>(backend.as_ref());
        rows.iter().filter(|row| row.subject == subject).map(|row| row.balance_minor).sum()
    };
    let subjects = [1002, 1132, 1133, 1134, 1303, 1304, 2011, 3002, 4001, 4103, 7002, 7003, 7004, 7999];
    let found: Vec<i64> = subjects.into_iter().map(balance).collect();
    let old = [
        5_000_000, 6_000, 15_100, 1_688, 3_900_000, -236_000, -12_000, 0, -8_000_000, -674_788, 34_000, 86_000,
        300_000, -420_000,
    ];
    assert_eq!(found, old);
    let taken = records::<TakenLoan>(backend.as_ref());
    assert_eq!(taken.len(), 5);
    let of = |number: &str| taken.iter().find(|row| row.number == number).unwrap();
    assert_eq!(of("SW-2").household, of("SW-3").household);
    assert_eq!((of("SW-3").lent_minor, of("SW-3").provision_minor), (900_000, 10_000));
    // The same files again change nothing.
    let (again, _) = place.import(&loans(), TRIAL, &["--json"], 0);
    assert!(again.contains("\"loans_written\":0") && again.contains("\"loans_known\":5"), "{again}");
    // Another book with a loan of somebody who is here: a guarantor would not be kept, and the row is refused.
    let second = |guarantor: &str| {
        let row = "short-working-capital,9.00,1000.00,2025-09-10,at-end,2026-03-10,2026-09-10,1000.00,,,,,,,,normal,,,";
        format!("{HEAD}\nSX-1,{},甲某,上村,{row},{guarantor}\n", resident_id(1))
    };
    let of_one = "subject,debit,credit\n1303,1000.00,\n4001,,1000.00\n";
    let named = format!("己某,{}", resident_id(9));
    let (_, why) = place.import(&second(&named), of_one, &["--dry-run"], 1);
    assert!(why.contains("row 2, guarantor: the borrower is enrolled here already"), "{why}");
    place.import(&second(","), of_one, &["--dry-run"], 0);
    // Three days pass: what was due on the first of them falls due, the others accrue and run up.
    for _ in 0..3 {
        said(place.path(), &["day", "close"], 0);
        place.proven();
    }
    let note = |number: &str| -> LoanNote {
        let id = of(number).id;
        records::<LoanNote>(place.backend().as_ref()).into_iter().find(|note| note.id == id).unwrap()
    };
    assert_eq!(note("SW-2").overdue_since.map(|day| day.to_string()).as_deref(), Some("2026-03-02"));
    // 42.00 by the end of 1 March: the instalment asks for that and no more, as it is due the next morning.
    assert_eq!(app::holding::Holding::of(&note("SW-2")).unwrap().billed.interest_fen, 4_200);
    // 20,000.00 at 9 % over 360: 5.00 a day since.
    let held = app::holding::Holding::of(&note("SW-1")).unwrap().accrual.unwrap();
    let day = basics::Date::parse("2026-03-05").unwrap();
    assert_eq!(held.at(day).unwrap() / i128::from(held.denominator), 9_500 + 3 * 500);
}

#[test]
fn a_loan_that_was_taken_over_is_paid_off() {
    let place = Place::new();
    place.import(&loans(), TRIAL, &[], 0);
    let backend = place.backend();
    let taken = records::<TakenLoan>(backend.as_ref()).into_iter().find(|row| row.number == "SW-4").unwrap();
    let contract = records::<Contract>(backend.as_ref()).into_iter().find(|row| row.household == taken.household);
    assert!(contract.is_some());
    let mut stepper = Stepper::new(lender(), backend.clone(), 16);
    let note = || records::<LoanNote>(backend.as_ref()).into_iter().find(|note| note.id == taken.id).unwrap();
    assert_eq!(note().outstanding_minor, 800_000);
    // 8,000.00 at 13.50 % over 360 is 3.00 for the day that has begun.
    let day = basics::Date::parse("2026-03-02").unwrap();
    let at = day_begins(day);
    let actor = door::Actor::SYSTEM;
    let top_up = app::command::Command::TopUp(app::wallet::TopUp {
        cell: taken.cell,
        household: taken.household,
        amount: basics::Money::new(880_300, basics::Currency::CNY),
        value_date: None,
        reference: "cash".to_owned(),
    });
    let repay = app::command::Command::Repay(app::repay::Repay {
        cell: taken.cell,
        household: taken.household,
        loan: taken.id,
        amount: basics::Money::new(880_300, basics::Currency::CNY),
        value_date: None,
    });
    for (n, command) in [top_up, repay].into_iter().enumerate() {
        let mut request = support::request(900 + n as u128, actor, command);
        request.at = at;
        if n == 1 {
            request.actor = support::farmer(taken.household);
        }
        told(stepper.step(vec![request]).remove(0));
    }
    assert_eq!((note().status, note().outstanding_minor), (LoanState::Closed, 0));
    place.proven();
}

#[test]
fn all_that_is_wrong_is_named_at_once_and_nothing_is_written() {
    let place = Place::new();
    let wrong = loans()
        .replace("20000.00,95.00,,,,,,,normal", "20000.00,95,00,,,,,,,normal")
        .replacen(",9.00,12000.00", ",nine,12000.00", 1)
        .replace("1000.00,60.00,16.88,,45", "1000.00,60.00,16.88,,46")
        .replace("560.00,800.00,200,substandard", "560.00,0.00,200,normal");
    let (_, err) = place.import(&wrong, TRIAL, &[], 1);
    let said: Vec<String> =
        err.lines().map(|line| line.rsplit_once("loans.csv").map_or(line, |(_, said)| said).to_owned()).collect();
    insta::assert_snapshot!(said.join("\n"), @"
     row 2: it has 26 cells, the header line has 25: put what has a comma in it into double quotes
     row 3, rate: `nine` is not a rate: give percent with at most four decimals, from 0 to 1000
     row 4, days_past_due: by overdue_since it is 45 on 2026-03-01: correct one of them
    error: 3 things are wrong with this book: nothing was written; correct them and run again
    ");
    assert!(records::<TakenBook>(place.backend().as_ref()).is_empty());
}

#[test]
fn figures_that_the_rules_or_the_trial_balance_contradict_are_refused() {
    let place = Place::new();
    let wrong = loans().replace("560.00,800.00,200,substandard", "560.00,0.00,200,special-mention");
    let (_, err) = place.import(&wrong, TRIAL, &[], 1);
    let of_rows: Vec<&str> =
        err.lines().map(|line| line.rsplit_once("loans.csv").map_or(line, |(_, said)| said)).collect();
    insta::assert_snapshot!(of_rows.join("\n"), @"
     row 5, class: at 200 days past due the rules here class it `substandard`, and it is given better: class it so, or correct overdue_since
     row 5, off_balance: by the rules here 800.00 of interest is off balance at 200 days past due: carry it so in the old book first
    error: 2 things are wrong with this book: nothing was written; correct them and run again
    ");
    let fen = TRIAL.replace("1303,39000.00", "1303,39000.01").replace("4103,,6747.88", "4103,,6747.89");
    let (_, err) = place.import(&loans(), &fen, &[], 1);
    let of_rows: Vec<&str> =
        err.lines().map(|line| line.rsplit_once("trial.csv").map_or(line, |(_, said)| said)).collect();
    insta::assert_snapshot!(of_rows.join("\n"), @"
     row 2, 1303: 贷款本金 Loan principal: the trial balance has 39000.01, the loans come to 39000.00: 0.01 apart; correct the file that is wrong
    error: 1 things are wrong with this book: nothing was written; correct them and run again
    ");
    assert!(records::<TakenBook>(place.backend().as_ref()).is_empty());
}

#[test]
fn a_day_is_not_closed_over_half_a_book() {
    let place = Place::new();
    let backend = place.backend();
    let mut stepper = Stepper::new(lender(), backend.clone(), 16);
    let book = support::id(77);
    let on = basics::Date::parse("2026-03-01").unwrap();
    let begin = app::take_over::BeginTakeOver { book, on, loans: 5 };
    let begin = app::command::Command::BeginTakeOver(begin);
    told(stepper.step(vec![support::request(1, door::Actor::SYSTEM, begin)]).remove(0));
    drop(stepper);
    let (_, err) = said(place.path(), &["day", "close"], 1);
    assert!(err.contains("run `tianxin import book` with the same files again first"), "{err}");
    let (_, err) = place.import(&loans(), TRIAL, &[], 1);
    assert!(err.contains("only taken over in part"), "{err}");
    let books = records::<TakenBook>(backend.as_ref());
    assert_eq!(books.iter().map(|book| book.status).collect::<Vec<_>>(), [TakeOverStatus::Begun]);
}

#[test]
fn the_template_is_a_table_that_the_reader_takes() {
    let folder = TempDir::new().unwrap();
    let (template, _) = said(folder.path(), &["import", "book", "--template"], 0);
    let place = Place::new();
    let (_, err) = place.import(&template, TRIAL, &[], 1);
    assert!(err.contains("there is no loan in it"), "{err}");
    assert!(!err.contains("no such column") && !err.contains("is missing"), "{err}");
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_stopped() {
    let place = Place::new();
    let mut loans = format!("{HEAD}\n");
    for n in 1..=400 {
        let id = resident_id(n);
        loans.push_str(&format!(
            "N-{n},{id},某某,上村,short-working-capital,9.00,2000.00,2025-09-10,at-end,2026-03-10,2026-09-10,1000.00,1.00,,,,,,,normal,,,,,\n"
        ));
    }
    let trial = "subject,debit,credit\n1303,400000.00,\n1133,400.00,\n4001,,400400.00\n";
    place.import(&loans, trial, &["--dry-run"], 0);
    // Wherever the kill strikes, before, within or after, the end is the same.
    for millis in [120, 260, 420] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tianxin"))
            .arg("--data")
            .arg(place.path())
            .args(["import", "book", "--loans"])
            .arg(place.path().join("loans.csv"))
            .arg("--trial-balance")
            .arg(place.path().join("trial.csv"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(millis));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let (out, _) = place.import(&loans, trial, &[], 0);
    assert!(out.contains("400 loans of 400 households"), "{out}");
    assert_eq!(records::<TakenLoan>(place.backend().as_ref()).len(), 400);
    let books = records::<TakenBook>(place.backend().as_ref());
    assert_eq!(books.iter().map(|book| book.status).collect::<Vec<_>>(), [TakeOverStatus::Ended]);
    place.proven();
}

/// Alters a file of an export and writes its new hash into the manifest, as a forger would.
fn forge(folder: &Path, name: &str, alter: impl Fn(String) -> String) {
    use sha2::{Digest, Sha256};
    let path = folder.join(name);
    let before = fs::read_to_string(&path).unwrap();
    let after = alter(before.clone());
    assert_ne!(after, before, "{name} is to be altered");
    fs::write(&path, &after).unwrap();
    let manifest = folder.join("manifest.json");
    let mut told: serde_json::Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    for file in told["files"].as_array_mut().unwrap().iter_mut().filter(|file| file["name"] == name) {
        let digest = Sha256::digest(after.as_bytes());
        file["sha256"] = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        file["bytes"] = after.len().into();
    }
    fs::write(&manifest, told.to_string()).unwrap();
}

#[test]
fn a_period_is_exported_for_an_auditor_and_proven_without_the_database() {
    let place = Place::new();
    place.import(&loans(), TRIAL, &[], 0);
    let export = |to: &str, name: &str, code: i32| {
        let folder = place.path().join(name);
        let args = ["audit", "export", "--from", "2026-03-02", "--to", to, "--sample", "25", "--seed", "7"];
        let (out, err) = said(place.path(), &[&args[..], &[folder.to_str().unwrap()]].concat(), code);
        (folder, out + &err)
    };
    assert!(export("2026-03-02", "too-early", 1).1.contains("checkpoint take"));
    for _ in 0..3 {
        said(place.path(), &["day", "close"], 0);
    }
    assert!(export("2026-03-05", "open", 2).1.contains("2026-03-05 is the open day"));
    let (first, _) = export("2026-03-04", "first", 0);
    assert!(export("2026-03-04", "first", 2).1.contains("not empty"));
    // The same books and the same seed give the same files.
    let (again, _) = export("2026-03-04", "again", 0);
    for name in ["vouchers.csv", "sample.csv", "journal.jsonl", "chains.jsonl", "trial_balance.csv", "notes.csv"] {
        assert_eq!(fs::read(first.join(name)).unwrap(), fs::read(again.join(name)).unwrap(), "{name}");
    }
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(first.join("manifest.json")).unwrap()).unwrap();
    assert!(fs::read_to_string(first.join("README.md")).unwrap().contains("审计导出"));
    let whole = fs::read_to_string(first.join("vouchers.csv")).unwrap();
    assert!(whole.contains("20260302-00-0001") && !whole.contains("甲某"), "numbers and no names");

    // Far from the books: another folder, no data.
    let away = TempDir::new().unwrap();
    let check = |folder: &Path, more: &[&str], code: i32| {
        let (out, err) =
            said(away.path(), &[&["audit", "check-export", folder.to_str().unwrap()], more].concat(), code);
        out + &err
    };
    let told: serde_json::Value = serde_json::from_str(check(&first, &["--json"], 0).trim()).unwrap();
    assert_eq!((&told["ok"], &told["samples"]), (&true.into(), &25.into()), "{told}");
    assert!(told["vouchers"].as_u64().unwrap() > 5 && told["records"].as_u64().unwrap() > 8, "{told}");
    let key = manifest["checkpoint"]["key"].as_str().unwrap();
    check(&first, &["--key", key], 0);
    assert!(check(&first, &["--key", &"00".repeat(32)], 1).contains("another key"));
    assert!(check(&first, &["--key", "12"], 2).contains("64"));

    let altered = |name: &str, alter: &dyn Fn(String) -> String, words: &str| {
        let copy = TempDir::new().unwrap();
        for entry in fs::read_dir(&first).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        forge(copy.path(), name, alter);
        let told = check(copy.path(), &[], 1);
        assert!(told.contains(words), "{name}: {told}");
    };
    let without_last = |text: String| {
        let lines: Vec<&str> = text.lines().collect();
        lines[..lines.len() - 1].iter().map(|line| format!("{line}\n")).collect::<String>()
    };
    let flip = |text: String, of: &str| {
        let at = text.find(of).unwrap() + of.len();
        let other = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    };
    altered("vouchers.csv", &|text| text.replacen("20260302-00-0001", "20260302-00-0099", 1), "line 0 is missing");
    altered("vouchers.csv", &|text| text.replacen("take_over", "capital", 1), "is not what its record booked");
    altered("vouchers.csv", &without_last, "is not what its record booked");
    altered("trial_balance.csv", &|text| text.replacen("50000.00", "50000.01", 1), "subject 1002");
    altered("journal.jsonl", &|text| flip(text, "\"bytes\":\"8"), "is not what was hashed");
    altered("journal.jsonl", &without_last, "end before 2026-03-04 was closed");
    altered("sample.csv", &without_last, "is not what seed 7 draws");
    altered("chains.jsonl", &|text| flip(text, "\"path\":[\""), "is not under the checkpoint");
    altered("chains.jsonl", &without_last, "has no path");
    // Without a new hash in the manifest any change is seen at once.
    let path = first.join("notes.csv");
    let notes = fs::read_to_string(&path).unwrap();
    fs::write(&path, notes.replacen("8000.00", "8000.01", 1)).unwrap();
    assert!(check(&first, &[], 1).contains("notes.csv was altered"));
    fs::write(&path, notes).unwrap();
    fs::write(first.join("more.txt"), "x").unwrap();
    assert!(check(&first, &[], 1).contains("more.txt is no part"));
    fs::remove_file(first.join("more.txt")).unwrap();
    // A checkpoint with another root is not signed.
    let manifest_path = first.join("manifest.json");
    let text = fs::read_to_string(&manifest_path).unwrap();
    fs::write(&manifest_path, flip(text, "\"root\": \"")).unwrap();
    assert!(check(&first, &[], 1).contains("not genuine"));
}
