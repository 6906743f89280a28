//! `tianxin model` as its users meet it: from a table to a model file, to figures, probabilities and a champion.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that stumbles has failed")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

fn model(folder: &Path, args: &str) -> Output {
    let args = args.split(' ').filter(|arg| !arg.is_empty());
    Command::new(env!("CARGO_BIN_EXE_tianxin")).current_dir(folder).arg("model").args(args).output().unwrap()
}

/// What a run that must end with `code` wrote: its answer, or its errors where it has to fail.
fn said(folder: &Path, args: &str, code: i32) -> String {
    let output = model(folder, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{args}\n{out}\n{err}");
    if code == 0 { out } else { err }
}

/// Loans by formula: bad where income is low for the job, with a good deal of chance.
fn table(rows: usize, from: usize) -> String {
    let mut text = "income,late,job,opened,bad\n".to_owned();
    for row in from..from + rows {
        let chance = |salt: usize, below: usize| (row * 7_919 + salt).wrapping_mul(2_654_435_761) / 1_024 % below;
        let (income, job) = (10 + chance(1, 90), ["farm", "shop", "mine"][chance(2, 3)]);
        let late = if chance(3, 10) == 0 { 99 } else { chance(4, 3) };
        let opened = format!("2024-{:02}-{:02}", 1 + chance(5, 12), 1 + chance(6, 28));
        let bad = income + chance(7, 50) < if job == "mine" { 80 } else { 50 };
        let income = if chance(8, 15) == 0 { String::new() } else { income.to_string() };
        text += &format!("{income},{late},{job},{opened},{}\n", if bad { "-" } else { "+" });
    }
    text
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("past.csv"), table(300, 0)).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(table(300, 5_000).as_bytes()).unwrap();
    fs::write(folder.path().join("later.csv.gz"), packed.finish().unwrap()).unwrap();
    folder
}

const TRAIN: &str = "train --data past.csv --target bad --positive - --effort fast --exclude opened";

#[test]
fn from_a_table_to_a_champion() {
    let folder = folder();
    let at = folder.path();
    said(at, &format!("{TRAIN} --kind scorecard --monotone income:- --out card.txm"), 0);
    insta::assert_snapshot!(said(at, "show --model card.txm", 0));

    let told = said(at, "evaluate --model card.txm --data later.csv.gz --json", 0);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let keys = "rows auc auc_low auc_high ks gini brier log_loss pr_auc ece slope intercept rows_per_second";
    assert!(keys.split(' ').all(|key| told[key].is_number()), "{told}");
    let figure = |key: &str| told[key].as_f64().unwrap();
    assert!(figure("auc") > 0.75 && figure("auc_low") < figure("auc") && figure("auc") < figure("auc_high"));
    assert!(said(at, "evaluate --model card.txm --data later.csv.gz", 0).contains("log_loss"));

    said(at, "predict --model card.txm --data later.csv.gz --out said.csv", 0);
    let lines = fs::read_to_string(at.join("said.csv")).unwrap();
    assert!(lines.starts_with("row,probability\n1,0.") && lines.lines().count() == 301, "{lines}");
    assert!(!at.join("said.csv.part").exists());

    said(at, &format!("{TRAIN} --kind trees --seed 2 --out trees.txm"), 0);
    for model in ["card.txm", "trees.txm"] {
        let told = said(at, &format!("explain --model {model} --data past.csv --row 3 --rows 2 --json"), 0);
        assert_eq!(told.lines().count(), 2);
        let told: serde_json::Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
        let reasons = told["raising"].as_array().unwrap().iter().chain(told["lowering"].as_array().unwrap());
        assert!(
            reasons.clone().count() > 1 && reasons.clone().all(|r| r["zh"].as_str().unwrap().ends_with("风险")),
            "{told}"
        );
    }
    assert!(said(at, "explain --model card.txm --data past.csv", 0).contains("the risk"));
    said(at, "explain --model card.txm --data past.csv --row 301", 2);
    let told = said(at, "compare --model card.txm --against trees.txm --data past.csv --json", 0);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert!(told["auc_error"].as_f64().unwrap() > 0.0 && told["auc_difference"].as_f64().unwrap().abs() < 0.2);
    let same = said(at, "compare --model card.txm --against card.txm --data past.csv", 0);
    assert!(same.contains("auc        +0.00000   from +0.00000 to +0.00000"), "{same}");

    // A model of another table is no judge of households, and half a model of nobody.
    let told = said(at, "--data books promote --model card.txm", 1);
    assert!(told.contains("no lawful feature of the feature table"), "{told}");
    fs::write(at.join("half.txm"), &fs::read(at.join("card.txm")).unwrap()[..900]).unwrap();
    let told = said(at, "--data books promote --model half.txm", 1);
    assert!(told.contains("half.txm: this is no model file"), "{told}");
    assert!(!at.join("books").exists());
}

#[test]
fn two_people_promote_a_model_at_the_terminal() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let run = |args: &[&str], typed: &str, code: i32| -> String {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tianxin"))
            .current_dir(at)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let told =
            format!("{}{}", String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{told}");
        told
    };
    run(&["--data", "books", "init", "--name", "Test Co-operative"], "", 0);
    take_on(&at.join("books"));
    fs::write(at.join("theirs.txt"), LIGHTGBM.replace("income crop", "cushion balance_min")).unwrap();
    run(&["model", "import", "theirs.txt", "--target", "bad", "--out", "ours.txm"], "", 0);
    let promote = ["--data", "books", "model", "promote", "--model", "ours.txm"];
    let name = run(&promote, "", 0).split(' ').next().unwrap().to_owned();
    assert!(at.join("books/models").join(format!("{name}.txm")).exists());
    let by = [&promote[..], &["--reason", "compared on last year", "--by", "ana", "--second", "petra"]].concat();
    let wrong = run(&by, "guess and guess\nagain and again\n", 1);
    assert!(wrong.contains("`ana` could not sign in"), "{wrong}");
    let same = [&promote[..], &["--reason", "alone", "--by", "petra", "--second", "petra"]].concat();
    run(&same, "petra petra petra\npetra petra petra\n", 1);
    let done = run(&by, "ana ana ana\npetra petra petra\n", 0);
    assert!(done.contains(&format!("{name} is the champion")), "{done}");
    let twice = run(&by, "ana ana ana\npetra petra petra\n", 1);
    assert!(twice.contains("has this place already"), "{twice}");
    run(&["--data", "books", "audit", "verify"], "", 0);
}

/// Ana, an analyst, and Petra, an approver, whose passwords are their names three times.
fn take_on(data: &Path) {
    use app::staff::SetStaff;
    use door::{Actor, App, Order, Request, Role, Stepper};
    let chart = ledger::Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
    let house = app::Tianxin::new(app::Institution::rural_bank("Test Co-operative"), chart).unwrap();
    let mut tables = door::tables::all();
    tables.extend(house.tables());
    let books = store::SqliteBackend::open(data.join("books.db"), &tables, store::OpenOptions::default()).unwrap();
    let mut stepper = Stepper::new(std::sync::Arc::new(house), std::sync::Arc::new(books), 1);
    for (n, login, role) in [(1_u128, "ana", Role::Analyst), (2, "petra", Role::Approver)] {
        let staff = basics::Id::from_u128(n);
        let hash = api::password::hash(&format!("{login} {login} {login}"), &[n as u8; 16]);
        let password_hash = Some(hash.unwrap_or_else(|_| panic!("no hash")));
        let set =
            app::command::Command::SetStaff(SetStaff { staff, login: login.into(), role, active: true, password_hash });
        let at = basics::Instant(1_772_000_000_000_000);
        let request = Request::plain(staff.derive("taken on"), Actor::SYSTEM, at, Order::Do(set));
        stepper.step(vec![request]).remove(0).unwrap();
    }
}

#[test]
fn the_same_table_settings_and_seed_give_the_same_file() {
    let folder = folder();
    let at = folder.path();
    for out in ["a.txm", "b.txm"] {
        said(at, &format!("{TRAIN} --kind scorecard --out {out}"), 0);
    }
    assert_eq!(fs::read(at.join("a.txm")).unwrap(), fs::read(at.join("b.txm")).unwrap());
}

#[test]
fn what_cannot_be_done_says_why_and_leaves_nothing() {
    let folder = folder();
    let at = folder.path();
    let put = |name: &str, text: &str| fs::write(at.join(name), text).unwrap();
    put("one.csv", "x,y\n1,0\n2,0\n");
    put("twice.csv", "x,x,y\n1,1,0\n2,2,1\n");
    put("empty.csv", "x,z,y\n1,,0\n2,,1\n");
    put("infinite.csv", "x,y\n1,0\ninf,1\n");
    put("columns.parquet", "PAR1....PAR1");
    put("future.csv", &table(60, 0).replace("2024-", "2924-"));
    put("bad.csv", &table(60, 0).replace(",99,", ",many,"));
    said(at, &format!("{TRAIN} --kind scorecard --out card.txm"), 0);
    put("half.txm", "tianxin model 1\nand no more");
    let mut told = String::new();
    for (args, code) in [
        ("train --data one.csv --target y", 1),
        ("train --data one.csv --target z", 1),
        ("train --data twice.csv --target y", 1),
        ("train --data empty.csv --target y", 1),
        ("train --data infinite.csv --target y", 1),
        ("train --data columns.parquet --target y", 1),
        ("train --data none.csv --target y", 3),
        ("train --data future.csv --target bad --positive - --time opened", 1),
        ("train --data past.csv --target bad", 1),
        ("train --data past.csv --target bad --positive - --monotone job:+", 2),
        ("train --data past.csv --target bad --positive - --monotone income", 2),
        ("evaluate --model half.txm --data past.csv", 1),
        ("evaluate --model past.csv --data past.csv", 1),
        ("predict --model card.txm --data bad.csv", 1),
        ("predict --model card.txm --data one.csv", 1),
    ] {
        told += &said(at, args, code);
    }
    insta::assert_snapshot!(told);
    assert!(said(at, "predict --model card.txm --data bad.csv --max-bad-share 0.5", 0).lines().count() == 61);
    assert!(!at.join("model.txm").exists());
}

#[test]
fn drift_and_fairness_are_told() {
    let folder = folder();
    let at = folder.path();
    said(at, &format!("{TRAIN} --kind scorecard --out card.txm"), 0);
    let told = said(at, "drift --model card.txm --data later.csv.gz --json --recalibrate moved.txm", 0);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert!(told["kinds"].as_array().unwrap().is_empty() && told["outcome"]["shift"].is_number(), "{told}");
    said(at, "evaluate --model moved.txm --data later.csv.gz", 0);
    assert!(said(at, "drift --model card.txm --data later.csv.gz", 0).ends_with("no drift\n"));
    // Without outcomes, and with nobody who earns little.
    let table = fs::read_to_string(at.join("past.csv")).unwrap();
    let rows =
        table.lines().filter_map(|line| line.rsplit_once(',')).filter(|(row, _)| !row.starts_with(['1', '2', '3']));
    fs::write(at.join("rich.csv"), rows.map(|(row, _)| format!("{row}\n")).collect::<String>()).unwrap();
    let told = said(at, "drift --model card.txm --data rich.csv", 0);
    assert!(told.contains("outcomes are not known") && told.contains("covariate drift"), "{told}");

    let told = said(
        at,
        "fair --data past.csv --target bad --positive - --exclude opened --kind scorecard --group job --json",
        0,
    );
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let groups = told["models"][0]["fairness"]["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 3);
    // Columns made by one formula tell of one another; `late` tells most of the job.
    assert!(told["proxy_auc"].as_f64().unwrap() > 0.8 && told["telling"][0]["column"] == "late", "{told}");
    let names: Vec<&str> = told["models"].as_array().unwrap().iter().map(|m| m["model"].as_str().unwrap()).collect();
    assert_eq!(names[..3], ["with the group", "without the group", "without late"]);
    said(at, "fair --data past.csv --target bad --positive - --kind scorecard --group income", 2);
    assert!(
        said(
            at,
            "fair --data past.csv --target bad --positive - --exclude opened --kind scorecard --group income:40",
            0
        )
        .contains("below 40")
    );
}

#[test]
fn a_feature_that_speaks_against_a_household_says_what_can_be_done() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let rows = (0..200).map(|row: usize| {
        let bad = (row % 20) * 7 + row % 13 < 40;
        format!("{},{}\n", row % 20, u8::from(bad))
    });
    fs::write(at.join("past.csv"), format!("buffer,bad\n{}", rows.collect::<String>()).replace("buffer", "cushion"))
        .unwrap();
    said(at, "train --data past.csv --target bad --kind scorecard --effort fast --out card.txm", 0);
    let told = said(at, "explain --model card.txm --data past.csv --row 1", 0);
    assert!(told.contains("家底相对收入偏薄（家底厚薄：0）") && told.contains("put aside a small part"), "{told}");
    let told = said(at, "explain --model card.txm --data past.csv --row 20 --json", 0);
    assert!(told.contains("lowers the risk") && told.contains("\"advice_en\":null"), "{told}");
}

#[test]
fn who_was_turned_away_has_no_outcome() {
    let folder = folder();
    let at = folder.path();
    let text = fs::read_to_string(at.join("past.csv")).unwrap();
    let mut told = text.lines().enumerate().map(|(row, line)| match line.rsplit_once(',') {
        Some((rest, _)) if row > 0 && row % 3 == 0 => format!("{rest},,no\n"),
        _ => format!("{line},{}\n", if row == 0 { "accepted" } else { "yes" }),
    });
    fs::write(at.join("all.csv"), told.by_ref().collect::<String>()).unwrap();
    let train = "train --data all.csv --target bad --positive - --effort fast --exclude opened --kind scorecard";
    let words = said(at, train, 1);
    assert!(words.contains("says nothing"), "{words}");
    for rejects in ["ignore", "reweight", "fuzzy"] {
        let told = said(at, &format!("{train} --accepted accepted --rejects {rejects} --json --out {rejects}.txm"), 0);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["rows"], if rejects == "fuzzy" { 400 } else { 200 });
    }
    said(at, &format!("{train} --accepted late"), 1);
    said(at, &format!("{train} --rejects fuzzy"), 2);
}

/// A model as LightGBM writes it: income up to 12.5 or missing is risky, unless the crop is 0 or 2.
const LIGHTGBM: &str = "tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=1
objective=binary sigmoid:1
feature_names=income crop
tree_sizes=1

Tree=0
num_leaves=3
num_cat=1
split_feature=0 1
threshold=12.5 0
decision_type=10 1
left_child=1 -1
right_child=-2 -3
leaf_value=0.5 -2 1.5
leaf_count=10 70 20
cat_boundaries=0 1
cat_threshold=5
is_linear=0
shrinkage=1

end of trees
";

#[test]
fn a_model_of_another_library_is_taken_over() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    fs::write(at.join("theirs.txt"), LIGHTGBM).unwrap();
    fs::write(at.join("rows.csv"), "crop,income,bad\n2,12.5,1\n1,12.5,1\n2,12.6,0\n3,,1\n").unwrap();
    let told = said(at, "import theirs.txt --target bad --out ours.txm", 0);
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told[0], "LightGBM: 1 trees with 3 leaves over income, crop");
    assert_eq!(told[1], "categories are given as the whole numbers they had in training");
    insta::assert_snapshot!(said(at, "predict --model ours.txm --data rows.csv", 0), @r"
    row,probability
    1,0.622459331
    2,0.817574476
    3,0.119202922
    4,0.817574476
    ");
    insta::assert_snapshot!(said(at, "show --model ours.txm", 0), @r"
    predicts   bad = 1
    taken over from LightGBM: how it was trained, and what it was worth there, is not known
               categories are given as the whole numbers they had in training
    ");
    fs::write(at.join("cut.txt"), &LIGHTGBM[..200]).unwrap();
    let words = said(at, "import cut.txt --target bad --out cut.txm", 1);
    assert!(words.contains("cut.txt: LightGBM model, line"), "{words}");
    assert!(!at.join("cut.txm").exists());
}
