//! Another jurisdiction through the close of day: its currency, classes, thresholds and holidays, by the same commands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fmt::Write;
use std::sync::Arc;

use app::holding::Holding;
use app::posting::Role as Subject;
use app::{Institution, Tianxin};
use basics::Currency;
use door::audit;
use ledger::Chart;
use loan::Product;
use loan::rules::RulePack;
use support::office::{County, wish};
use support::*;

/// An institution that lends in euro under the pattern of another jurisdiction.
fn elsewhere() -> Arc<Tianxin> {
    let euro = Currency::parse("EUR").unwrap();
    let institution = Institution { currency: euro, zone_minutes: 60, ..Institution::rural_bank("Elsewhere") };
    let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).unwrap();
    let products = ["short-working-capital", "season-bullet"]
        .map(|code| Product { currency: euro, ..loan::product::shipped(code).unwrap() });
    let pack = RulePack::shipped("xx-pattern").unwrap();
    Arc::new(Tianxin::new(institution, chart).unwrap().under(&pack).unwrap().lending(products.to_vec()))
}

#[test]
fn half_a_year_closes_under_other_rules() {
    let folder = tempfile::tempdir().unwrap();
    let lost = wish(0, "season-bullet", 1_000_000, 3);
    let kept = wish(1, "short-working-capital", 600_000, 6);
    let mut county = County::of(elsewhere(), sqlite(&folder.path().join("books.db")), &[lost.clone(), kept.clone()]);
    let mut told = String::new();
    for (day, paid) in [
        ("2026-04-03", 150_000),
        ("2026-06-03", 300_000),
        ("2026-07-03", 0),
        ("2026-07-04", 0),
        ("2026-09-01", 170_000),
        ("2026-09-02", 0),
    ] {
        county.until(day);
        if paid > 0 {
            county.pay(&kept, paid);
        }
        let rules = county.house.dated.on(county.day).unwrap().clone();
        let shown = |wish| {
            let note = county.note(wish);
            let holding = Holding::of(&note).unwrap();
            let class = &rules.classes[usize::from(holding.class.0)].code;
            let accrues = if holding.stage.is_accruing() { "accrues" } else { "off balance" };
            format!("{class}, {accrues}, {}", note.outstanding_minor)
        };
        let allowance = county.balance(Subject::LoanAllowance);
        writeln!(told, "{day}  lost: {}  kept: {}  allowance {allowance}", shown(&lost), shown(&kept)).unwrap();
    }
    county.verify();
    insta::assert_snapshot!(told, @r"
    2026-04-03  lost: current, accrues, 1000000  kept: current, accrues, 501859  allowance -28968
    2026-06-03  lost: current, accrues, 1000000  kept: current, accrues, 303363  allowance -26585
    2026-07-03  lost: current, accrues, 1000000  kept: current, accrues, 202997  allowance -23904
    2026-07-04  lost: watch, accrues, 1000000  kept: current, accrues, 202997  allowance -23904
    2026-09-01  lost: watch, off balance, 1000000  kept: current, accrues, 165746  allowance -123009
    2026-09-02  lost: defaulted, off balance, 1000000  kept: current, accrues, 165746  allowance -123009
    ");
    let rebuilt = audit::rebuild(county.house.as_ref(), county.backend.as_ref(), false).unwrap();
    assert_eq!(rebuilt.differing, 0, "{:?}", rebuilt.listed);
}
