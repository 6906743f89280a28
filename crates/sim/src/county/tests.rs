//! The shipped file is whole, and every kind of fault is named with its line and what to write.

use super::*;

/// The shipped file with one line changed.
fn with(from: &str, to: &str) -> String {
    assert_eq!(SHIPPED.matches(from).count(), 1, "{from}");
    SHIPPED.replacen(from, to, 1)
}

fn fault(text: &str) -> String {
    match County::parse("mine.toml", text) {
        Ok(_) => "taken".to_owned(),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn the_shipped_county_is_whole_and_every_figure_has_its_source() {
    let county = County::shipped().unwrap();
    assert_eq!(county.crop.iter().filter(|c| c.after.is_some()).count(), 1);
    assert!(Reason::ALL.iter().all(|reason| county.offer_for(*reason).is_some()));
    assert_eq!(unsaid(SHIPPED), Vec::<&str>::new());
}

/// Figures of a county file without a source behind them.
fn unsaid(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| line.split('=').nth(1).is_some_and(|v| v.trim().starts_with(|c: char| c.is_ascii_digit())))
        .filter(|line| !line.contains('#') && !line.starts_with("months"))
        .collect()
}

#[test]
fn the_county_of_terraces_is_whole_and_every_figure_has_its_source() {
    let county = County::parse("counties/terraces.toml", TERRACES).unwrap();
    assert_eq!(county.region, "southwest");
    assert!(Reason::ALL.iter().all(|reason| county.offer_for(*reason).is_some()));
    assert_eq!(unsaid(TERRACES), Vec::<&str>::new());
}

#[test]
fn a_region_or_crop_that_the_platform_does_not_know_is_refused() {
    insta::assert_snapshot!(fault(&with("region = \"huang-huai-hai\"", "region = \"plain\"")), @"mine.toml, line 9: region names plain, which is not known; write one of northeast, huang-huai-hai, loess, yangtze, southwest, south, northwest");
    insta::assert_snapshot!(fault(&with("code = \"peanut\"", "code = \"tea\"")), @"mine.toml, line 97: crop.code names tea, which is not known; write one of wheat, maize, rice, cotton, soybean, peanut, potato, vegetables, apples, pigs, broilers, layers, sheep, dairy");
    insta::assert_snapshot!(fault(&with("limit_yuan = 3000", "limit_yuan = 300000")), @"mine.toml, line 200: shopping.limit_yuan is 300000; write a number from 500 to 20000");
}

#[test]
fn impossible_figures_are_named_with_their_line_and_what_to_write() {
    insta::assert_snapshot!(fault(&with("signal_percent = 88 ", "signal_percent = 130 ")), @"mine.toml, line 16: place.signal_percent is 130; write a number from 0 to 100");
    insta::assert_snapshot!(fault(&with("mu_median = 8 ", "mu_median = -8 ")), @"mine.toml, line 61: land.mu_median is -8; write a number from 1 to 1000");
    insta::assert_snapshot!(fault(&with("alone_percent = 20 ", "alone_percent = 80 ")), @"mine.toml, line 44: people.three_generations_percent adds up to 108; write shares that add up to 100");
    insta::assert_snapshot!(fault(&with("county_percent = 45 ", "county_percent = 85 ")), @"mine.toml, line 23: weather.township_percent adds up to 115; write shares that add up to 100");
    insta::assert_snapshot!(fault(&with("land_percent = 16 ", "land_percent = 26 ")), @"mine.toml, line 73: crop.land_percent adds up to 110; write shares that add up to 100");
    insta::assert_snapshot!(fault(&with("heads_median = 18 ", "heads_median = 0 ")), @"mine.toml, line 135: herd.heads_median is 0; write a number from 1 to 50000");
}

#[test]
fn a_calendar_without_harvest_is_refused() {
    let text = with("income = [0, 0, 0, 0, 0, 70, 30, 0, 0, 0, 0, 0]", "income = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]");
    insta::assert_snapshot!(fault(&text), @"mine.toml, line 78: crop wheat has no month of harvest; write into `income` what share of its yield is sold in which of the twelve months");
    let text =
        with("income = [0, 0, 0, 0, 0, 70, 30, 0, 0, 0, 0, 0]", "income = [0, 0, 0, 0, 0, 70, 20, 0, 0, 0, 0, 0]");
    insta::assert_snapshot!(fault(&text), @"mine.toml, line 78: crop.income adds up to 90; write shares that add up to 100");
}

#[test]
fn names_that_nothing_explains_are_refused() {
    insta::assert_snapshot!(fault(&with("after = \"wheat\"", "after = \"weat\"")), @"mine.toml, line 85: crop.after names weat, which is not known; write one of wheat, maize, peanut, vegetables, apples");
    insta::assert_snapshot!(fault(&with("reason = \"machine\"", "reason = \"tractor\"")), @"mine.toml, line 260: offer.reason names tractor, which is not known; write one of inputs, livestock, stock, machine, school, illness, wedding");
    insta::assert_snapshot!(fault(&with("code = \"sheep\"", "code = \"pigs\"")), @"mine.toml, line 143: herd pigs stands there twice; leave one out");
}

#[test]
fn what_is_missing_or_not_known_is_named_with_its_line() {
    insta::assert_snapshot!(fault(&with("village_km = 9 ", "vilage_km = 9 ")), @r"
        mine.toml: TOML parse error at line 15, column 1
           |
        15 | vilage_km = 9                  # assumption
           | ^^^^^^^^^
        unknown field `vilage_km`, expected one of `townships`, `households_per_village`, `county_km`, `village_km`, `signal_percent`, `outage_permille`, `outage_days`, `market_days`
        ");
    insta::assert_snapshot!(fault(&with("soil_percent = 12 ", "# ")), @r"
        mine.toml: TOML parse error at line 60, column 1
           |
        60 | [land]
           | ^^^^^^
        missing field `soil_percent`
        ");
    insta::assert_snapshot!(fault(&with("townships = 12 ", "townships = \"twelve\" ")), @r#"
        mine.toml: TOML parse error at line 12, column 13
           |
        12 | townships = "twelve"                  # a county has 8 to 20 (NBS: 38,658 townships in 2,844 counties and districts)
           |             ^^^^^^^^
        invalid type: string "twelve", expected i64
        "#);
    let crops = SHIPPED.split("[[crop]]").next().unwrap().to_owned() + &SHIPPED[SHIPPED.find("[[herd]]").unwrap()..];
    insta::assert_snapshot!(fault(&crops), @"mine.toml: there is no [[crop]]; write at least one");
}
