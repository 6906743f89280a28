//! An institution's own products, published rates, calendars and rule pack, as the program reads them from its folder.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that stumbles has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A shipped product's file with some of its words changed.
fn shipped(file: &str, edits: &[(&str, &str)]) -> String {
    let text = loan::product::SHIPPED.iter().find(|(name, _)| *name == file).unwrap().1;
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{file} has no {from}");
        text.replacen(from, to, 1)
    })
}

const FIRST_DAY: &str = "effective_from = \"2026-01-01\"";

fn second_version() -> String {
    let edits =
        [("version = 1", "version = 2"), (FIRST_DAY, "effective_from = \"2026-07-01\""), ("\"10.80\"", "\"9.60\"")];
    shipped("short-working-capital.toml", &edits)
}

fn quote(data: &Path, product: &str, date: &str, code: i32) -> (String, String) {
    let args = ["quote", "--product", product, "--amount", "20000", "--term", "6", "--date", date];
    said(data, &args, code)
}

#[test]
fn a_later_version_of_ones_own_is_quoted_from_its_first_day() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "products/swc-2.toml", &second_version());
    let code = "short-working-capital";
    let before = quote(folder.path(), code, "2026-06-30", 0).0;
    assert!(before.contains("version 1") && before.contains("10.80 % a year"), "{before}");
    let after = quote(folder.path(), code, "2026-07-01", 0).0;
    assert!(after.contains("version 2") && after.contains("9.60 % a year"), "{after}");
    // The list knows a product once, the check names its file.
    let own = shipped("season-bullet.toml", &[("code = \"season-bullet\"", "code = \"our-bullet\"")]);
    write(folder.path(), "products/our-bullet.toml", &own);
    let listed = said(folder.path(), &["product", "list", "--json"], 0).0;
    let listed: serde_json::Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), loan::product::SHIPPED.len() + 1);
    let checked = said(folder.path(), &["product", "check"], 0).0;
    assert!(checked.contains("our-bullet.toml: ") && checked.contains("swc-2.toml: "), "{checked}");
}

#[test]
fn published_rates_and_calendars_of_ones_own_count_in_a_quote() {
    let folder = TempDir::new().unwrap();
    // What is shipped is from memory and a year old, and the quote says so.
    let args =
        ["quote", "--product", "long-working-capital", "--amount", "60000", "--term", "12", "--date", "2026-03-05"];
    let (shown, notes) = said(folder.path(), &args, 0);
    assert!(notes.contains("prices follow LPR-1Y of 2025-05-20, 3.00 % (from memory), 289 days before"), "{notes}");
    let rates = |percent: &str| {
        format!(
            "[[rate]]\ncode = \"LPR-1Y\"\nfrom = \"2026-02-20\"\npercent = \"{percent}\"\nsource = \"notice\"\nsure = \"text\"\n"
        )
    };
    write(folder.path(), "rates/2026-02.toml", &rates("2.00"));
    let (cheaper, notes) = said(folder.path(), &args, 0);
    assert!(!notes.contains("prices follow"), "{notes}");
    assert_ne!(shown, cheaper);
    write(folder.path(), "rates/2026-02-again.toml", &rates("2.10"));
    let (_, told) = said(folder.path(), &args, 3);
    assert!(told.contains("rates/2026-02.toml, line 3, `rate.from`: `LPR-1Y` from 2026-02-20 stands in"), "{told}");
    fs::remove_file(folder.path().join("rates/2026-02-again.toml")).unwrap();

    // A due date of 2027 is beyond the shipped calendar.
    let args = ["quote", "--product", "order-finance", "--amount", "60000", "--term", "6", "--date", "2026-09-05"];
    let (_, notes) = said(folder.path(), &args, 0);
    assert!(notes.contains("the calendar cn does not know 2027"), "{notes}");
    let year = "code = \"cn\"\nname_zh = \"节假日\"\nname_en = \"days off\"\n[[year]]\nyear = 2027\nsource = \"notice\"\nsure = \"own\"\nholidays = [\"2027-01-01\", \"2027-03-05\"]\nworking_days = []\n";
    write(folder.path(), "calendars/2027.toml", year);
    let (shown, notes) = said(folder.path(), &args, 0);
    assert!(!notes.contains("does not know"), "{notes}");
    assert!(shown.contains("2027-03-08") && !shown.contains("2027-03-05  "), "{shown}");
}

#[test]
fn every_fault_of_product_files_is_told_at_once() {
    let folder = TempDir::new().unwrap();
    let path = |file: &str| folder.path().join(file).display().to_string();
    write(folder.path(), "typo.toml", &shipped("season-bullet.toml", &[("grace_days", "grace")]));
    write(folder.path(), "same.toml", &shipped("season-bullet.toml", &[]));
    write(
        folder.path(),
        "cap.toml",
        &shipped("order-finance.toml", &[("\"24.00\"", "\"3.00\""), ("code = \"order", "code = \"our-order")]),
    );
    let files = [path("typo.toml"), path("same.toml"), path("cap.toml")];
    let args = [&["product", "check"][..], &files.each_ref().map(String::as_str)].concat();
    let (_, told) = said(folder.path(), &args, 2);
    for fault in [
        "typo.toml, line ",
        "`grace`: unknown field",
        "version 1 of season-bullet stands in season-bullet.toml already",
        "`cost.cap`: the cap of 3.00 % is below",
    ] {
        assert!(told.contains(fault), "{fault}\n{told}");
    }
    // Sound, and against the rules.
    write(
        folder.path(),
        "dear.toml",
        &shipped(
            "season-bullet.toml",
            &[("penalty_uplift = \"50\"", "penalty_uplift = \"80\""), ("code = \"season", "code = \"our-season")],
        ),
    );
    let (_, told) = said(folder.path(), &["product", "check", &path("dear.toml")], 2);
    assert!(told.contains("the rules allow 30.00 to 50.00 %"), "{told}");
    // Another rule pack is about another currency, and says nothing of it.
    let pack = loan::RulePack::SHIPPED.iter().find(|(file, _)| file.contains("xx-pattern")).unwrap().1;
    write(folder.path(), "pack.toml", pack);
    let args = ["product", "check", &path("dear.toml"), "--rule-pack", &path("pack.toml")];
    assert!(said(folder.path(), &args, 0).0.contains("good under xx-pattern"));
    write(folder.path(), "pack.toml", &pack.replacen("value = \"31\"", "value = \"many\"", 1));
    let (_, told) = said(folder.path(), &args, 2);
    assert!(told.contains("pack.toml, line ") && told.contains("`many` is no whole number"), "{told}");
}

#[test]
fn books_open_only_with_products_that_can_be_signed() {
    let folder = TempDir::new().unwrap();
    let (told, _) = said(folder.path(), &["init", "--name", "Test", "--open-date", "2026-03-02", "--cells", "2"], 0);
    assert!(
        told.contains("LPR-1Y 3.00 % of 2025-05-20 (memory)") && told.contains("calendar cn knows 2025, 2026"),
        "{told}"
    );
    write(folder.path(), "products/swc-2.toml", &second_version());
    said(folder.path(), &["day", "status"], 0);
    let dear = shipped(
        "season-bullet.toml",
        &[("penalty_uplift = \"50\"", "penalty_uplift = \"80\""), ("code = \"season", "code = \"our-season")],
    );
    write(folder.path(), "products/dear.toml", &dear);
    let (_, told) = said(folder.path(), &["day", "status"], 3);
    assert!(told.contains("product our-season-bullet") && told.contains("30.00 to 50.00 %"), "{told}");
    // Under a rule pack of its own that allows it, the same product opens.
    let pack = loan::RulePack::SHIPPED[0].1.replacen(
        "key = \"penalty.overdue-uplift-max\"\nvalue = \"50\"",
        "key = \"penalty.overdue-uplift-max\"\nvalue = \"90\"",
        1,
    );
    write(folder.path(), "our-pack.toml", &pack);
    let settings = folder.path().join("institution.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("rule_pack = \"our-pack.toml\"\n{text}")).unwrap();
    said(folder.path(), &["day", "status"], 0);
}

#[test]
fn a_product_is_shown_in_words() {
    let folder = TempDir::new().unwrap();
    let (shown, _) = said(folder.path(), &["product", "show", "long-working-capital"], 0);
    insta::assert_snapshot!(shown, @r"
    中长期经营贷 Long working-capital loan (long-working-capital version 1)
    办理期间：2026-01-01 起
        offered: from 2026-01-01 until further notice
    额度：10000.00 至 300000.00 CNY，1000.00 的整数倍；用途：orchard、livestock、farm-machinery、processing
        amount: 10000.00 to 300000.00 CNY in steps of 1000.00; for orchard, livestock, farm-machinery, processing
    期限：12 至 60 个月
        term: 12 to 60 months
    年利率：12 个月以内按 LPR-1Y (3.00 %, 2025-05-20, memory)，其他期限按 LPR-5Y (3.50 %, 2025-05-20, memory)；加点 A +2.50, B +3.80, C +5.20 个百分点；每年1月1日重定价
        rate a year: up to 12 months LPR-1Y (3.00 %, 2025-05-20, memory), otherwise LPR-5Y (3.50 %, 2025-05-20, memory); plus A +2.50, B +3.80, C +5.20 points; set anew every 1 January
    还款方式：等额本金，每 1 个季度一期
        repaid: equal-principal, every quarter
    计息：按期计息；逾期按 actual/360 计日
        interest: by periods; what is late by actual/360
    支付方式：200000.00 CNY 以上受托支付，以下自主支付；自主支付 30 天内交用途凭证
        paid out: to the payee from 200000.00 CNY on, else to the borrower; what the borrower pays himself is shown within 30 days
    办理条件：配偶共同签字；可有担保（连带责任保证，期间 36 个月）
        conditions: the spouse signs as co-borrower; a guarantee if there is one (joint and several, for 36 months)
    提前还款：全部或部分，部分还款后：减少每期金额 / 缩短期限，提前 5 天告知，不收费
        paid early: as a whole or in part, a part: smaller instalments / fewer instalments, with 5 days of notice, at no cost
    逾期：罚息加收 50.00%，宽限 3 天，欠息计复利；挪用加收 100.00%；逾期超过 90 天停止计入收入
        late: 50.00 % over the contract rate, 3 days of grace, compound interest on unpaid interest, at the penalty rate once the loan is over its end; 100.00 % over it where the money is misused; no income after 90 days past due
    综合成本上限：年化 24.00%
        cost cap: 24.00 % a year, everything counted
    ");
    for (file, _) in loan::product::SHIPPED {
        let code = file.strip_suffix(".toml").unwrap();
        assert!(said(folder.path(), &["product", "show", code], 0).0.contains(code));
    }
    let (_, told) = said(folder.path(), &["product", "show", "gold"], 2);
    assert!(told.contains("there is no product `gold`: choose one of short-working-capital"), "{told}");
}
