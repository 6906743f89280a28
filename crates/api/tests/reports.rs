//! What the office reads back: books and vouchers, the portfolio, the journal, the decision page, pages of loans.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::*;

/// A season loan of an amount over six months, approved by hand and drawn: its id and its application.
fn borrows(town: &Town, farmer: &Who, officer: &Who, amount: &str) -> (String, String) {
    let hh = format!("/api/v1/households/{}", farmer.household);
    let asked = json!({ "product": "season-bullet", "amount": amount, "term_months": 6, "purpose": "farming-inputs" });
    let application = town.post(farmer, &format!("{hh}/applications"), asked).expect(201).text("application");
    let decision = format!("/api/v1/office/applications/{application}/decision?household={}", farmer.household);
    town.post(officer, &decision, json!({ "approve": true, "amount": amount, "reason": "visited" })).expect(201);
    let path = format!("{hh}/applications/{application}");
    let offer = town.get(farmer, &path).expect(200).json()["offer"].clone();
    let signature = json!({ "text_hash": offer["text_hash"], "read_seconds": 12, "confirmed": true });
    let contract = town.post(farmer, &format!("{path}/signature"), signature).expect(201).text("contract");
    let drawn = town.post(farmer, &format!("{hh}/contracts/{contract}/drawdown"), json!({})).expect(201);
    (drawn.text("loan"), application)
}

fn line_of(books: &Value, subject: u32) -> &Value {
    let lines = books["trial_balance"].as_array().unwrap();
    lines.iter().find(|line| line["subject"] == subject).unwrap_or_else(|| panic!("no {subject} in {books}"))
}

#[test]
fn a_figure_of_the_books_leads_down_to_its_vouchers() {
    let town = Town::start(Plan::default());
    let (farmer, officer) = (town.enrol(1), town.staff("officer", door::Role::Officer));
    let auditor = town.staff("auditor", door::Role::Auditor);
    borrows(&town, &farmer, &officer, "3000.00");

    let books = town.get(&auditor, "/api/v1/office/books").expect(200).json();
    assert_eq!((&books["to"], &books["first_closed"]), (&json!("2026-03-02"), &Value::Null), "{books}");
    let loans = line_of(&books, 1303);
    assert_eq!((&loans["debit"], &loans["closing"]), (&json!("3000.00"), &json!("3000.00")));
    let sheet = &books["balance_sheet"];
    assert!(sheet["assets"]["lines"].as_array().unwrap().iter().any(|line| line["amount"] == "3000.00"), "{sheet}");

    let of = "/api/v1/office/books/postings?subject=1303&from=2026-03-01&to=2026-03-02";
    let statement = town.get(&auditor, of).expect(200).json();
    assert_eq!((&statement["closing"], &statement["more"]), (&json!("3000.00"), &json!(false)), "{statement}");
    let posting = &statement["postings"][0];
    assert_eq!((&posting["amount"], &posting["kind_zh"]), (&json!("3000.00"), &json!("放款")));
    let entry = posting["entry"].as_str().unwrap();
    let voucher = town.get(&auditor, &format!("/api/v1/office/books/entry?entry={entry}")).expect(200).json();
    let amounts: Vec<&str> =
        voucher["lines"].as_array().unwrap().iter().map(|l| l["amount"].as_str().unwrap()).collect();
    assert_eq!(amounts.len(), 2, "{voucher}");
    assert!(amounts.contains(&"3000.00") && amounts.contains(&"-3000.00"), "{voucher}");
    assert!(voucher.to_string().contains(&farmer.household), "the wallet is named: {voucher}");

    town.get(&auditor, "/api/v1/office/books?from=2026-03-02&to=2026-03-01").problem(422, "bad_period");
    town.get(&auditor, "/api/v1/office/books?to=2027-01-01").problem(422, "bad_period");
    town.get(&auditor, "/api/v1/office/books/entry?entry=0.999.0").problem(404, "unknown_entry");
    let no_subject = "/api/v1/office/books/postings?subject=9&from=2026-03-01&to=2026-03-02";
    town.get(&auditor, no_subject).problem(404, "unknown_subject");
}

#[test]
fn the_portfolio_counts_every_loan_once_and_the_decision_page_shows_its_rules() {
    let town = Town::start(Plan { model: Some(model()), ..Plan::default() });
    let officer = town.staff("officer", door::Role::Officer);
    let (one, two) = (town.enrol(1), town.enrol(2));
    let (_, application) = borrows(&town, &one, &officer, "3000.00");
    borrows(&town, &one, &officer, "1500.00");
    borrows(&town, &two, &officer, "2000.00");

    let figures = town.get(&officer, "/api/v1/office/portfolio").expect(200).json();
    let all = &figures["all"];
    assert_eq!(
        (&all["loans"], &all["borrowers"], &all["principal"]),
        (&json!(3), &json!(2), &json!("6500.00")),
        "{all}"
    );
    assert_eq!((&figures["notes"], &figures["new_borrowers"]), (&json!(3), &json!(2)));
    assert_eq!((&figures["cohorts"][0]["loans"], &figures["cohorts"][0]["late_30"]), (&json!(3), &json!([])));
    assert_eq!(figures["months"][0]["principal"], "6500.00", "{figures}");
    let villages = figures["by_village"].as_array().unwrap();
    let households: i64 = villages.iter().map(|village| village["households"].as_i64().unwrap()).sum();
    assert_eq!(households, 2);
    // Read once for all who look within ten minutes, and anew after.
    town.enrol(3);
    assert_eq!(town.get(&officer, "/api/v1/office/portfolio").expect(200).json(), figures);
    town.pass(601);
    let later = town.get(&officer, "/api/v1/office/portfolio").expect(200).json();
    assert_eq!((&later["households"], &later["all"]), (&json!(3), all));
    assert_ne!(later["read_at"], figures["read_at"]);

    let path = format!("/api/v1/households/{}/applications/{application}/decision", one.household);
    let shown = town.get(&officer, &path).expect(200).json();
    assert_eq!((&shown["outcome"], &shown["status"]), (&json!("refer"), &json!("signed")), "{shown}");
    let tree = shown["rule_tree"].as_array().unwrap();
    assert!(tree.iter().any(|rule| rule["held"] == true), "one rule at least sent it to a person: {tree:?}");
    assert!(tree.iter().all(|rule| !rule["condition"].as_str().unwrap().is_empty()));
    let similar = shown["similar"].as_array().unwrap();
    assert_eq!(similar.len(), 2, "the other two: {similar:?}");
    assert!(similar.iter().all(|one| one["loan"] == "active" && one["likeness_percent"].as_i64().unwrap() > 50));
    town.get(&one, &path).problem(403, "not_permitted");
}

#[test]
fn the_journal_is_searched_by_what_a_record_names() {
    let town = Town::start(Plan::default());
    let (farmer, officer) = (town.enrol(1), town.staff("officer", door::Role::Officer));
    let auditor = town.staff("auditor", door::Role::Auditor);
    town.enrol(2);
    let (loan, _) = borrows(&town, &farmer, &officer, "3000.00");

    let facts = |query: &str| -> Vec<String> {
        let found = town.get(&auditor, &format!("/api/v1/office/journal?{query}")).expect(200).json();
        let lines = found["lines"].as_array().unwrap();
        lines
            .iter()
            .flat_map(|line| line["facts"].as_array().unwrap())
            .map(|f| f.as_str().unwrap().to_owned())
            .collect()
    };
    let of_loan = facts(&format!("naming={loan}"));
    assert!(of_loan.iter().any(|fact| fact.contains("Drawn")), "{of_loan:?}");
    assert!(!of_loan.contains(&"HouseholdEnrolled".to_owned()), "{of_loan:?}");
    let of_household = facts(&format!("naming={}", farmer.household));
    assert_eq!(of_household.iter().filter(|fact| *fact == "HouseholdEnrolled").count(), 1, "one of two households");
    assert!(facts("on=2026-03-03").is_empty());
    assert!(facts("on=2026-03-02&limit=3").len() >= 3);
    town.get(&auditor, "/api/v1/office/journal?naming=nobody").problem(400, "bad_id");
    town.get(&officer, "/api/v1/office/journal").problem(403, "not_permitted");
}

#[test]
fn loans_are_read_a_page_at_a_time_and_none_twice() {
    let town = Town::start(Plan::default());
    let officer = town.staff("officer", door::Role::Officer);
    let farmers = [town.enrol(1), town.enrol(2), town.enrol(3)];
    let mut drawn: Vec<String> = farmers.iter().map(|farmer| borrows(&town, farmer, &officer, "1000.00").0).collect();
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = town.get(&officer, &format!("/api/v1/office/loans?limit=2{after}")).expect(200).json();
        let Some(last) = page.as_array().unwrap().last() else { break };
        after = format!(
            "&after={}&after_household={}",
            last["loan"].as_str().unwrap(),
            last["household"].as_str().unwrap()
        );
        seen.extend(page.as_array().unwrap().iter().map(|loan| loan["loan"].as_str().unwrap().to_owned()));
    }
    drawn.sort();
    seen.sort();
    assert_eq!(seen, drawn);
    let count = |query: &str| {
        let page = town.get(&officer, &format!("/api/v1/office/loans?{query}")).expect(200).json();
        page.as_array().unwrap().len()
    };
    assert_eq!((count("product=season-bullet"), count("product=short-working-capital")), (3, 0));
    assert_eq!((count("late_over=0"), count("status=closed")), (0, 0));
    town.get(&officer, "/api/v1/office/loans?status=lost").problem(400, "bad_query");
    town.get(&officer, &format!("/api/v1/office/loans?after={}", drawn[0])).problem(400, "bad_query");
}
