//! What is done to running loans, over HTTP: who may, what a second person sees, and the loan's own sheets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::*;

/// A season loan of 3,000.00 over six months, drawn today; the address of the loan and its farmer.
fn drawn(town: &Town) -> (Who, String) {
    let farmer = town.enrol(1);
    let hh = format!("/api/v1/households/{}", farmer.household);
    town.post(&farmer, &format!("{hh}/events"), events(400_000, 180_000)).expect(201);
    let asked =
        json!({ "product": "season-bullet", "amount": "3000.00", "term_months": 6, "purpose": "farming-inputs" });
    let decided = town.post(&farmer, &format!("{hh}/applications"), asked).expect(201).json();
    let application = format!("{hh}/applications/{}", decided["application"].as_str().unwrap());
    let offer = town.get(&farmer, &application).expect(200).json()["offer"].clone();
    let signature = json!({ "text_hash": offer["text_hash"], "read_seconds": 12, "confirmed": true });
    let signed = town.post(&farmer, &format!("{application}/signature"), signature).expect(201);
    let draw = format!("{hh}/contracts/{}/drawdown", signed.text("contract"));
    let loan = town.post(&farmer, &draw, json!({})).expect(201).text("loan");
    (farmer, format!("{hh}/loans/{loan}"))
}

#[test]
fn a_loan_is_serviced_and_shows_its_sheets() {
    let town = Town::start(Plan { model: Some(model()), ..Plan::default() });
    let (farmer, loan) = drawn(&town);
    let (officer, approver) =
        (town.staff("officer", door::Role::Officer), town.staff("approver", door::Role::Approver));
    let acts = format!("{loan}/acts");

    let standing = town.get(&officer, &format!("{loan}/standing")).expect(200).json();
    assert_eq!((&standing["class"]["zh"], &standing["stage"]), (&json!("正常"), &json!(1)), "{standing}");
    assert_eq!(standing["provision_general"], "30.00");
    assert_eq!(standing["account_sheet"][0]["debit"], "3000.00");
    town.get(&farmer, &format!("{loan}/standing")).problem(403, "not_permitted");

    // The household prepays a third from its wallet.
    let prepay = json!({ "amount": "1000.00", "strategy": "reduce_term" });
    let paid = town.post(&farmer, &format!("{loan}/prepayments"), prepay).expect(201).json();
    assert_eq!((&paid["principal"], &paid["outstanding"]), (&json!("1000.00"), &json!("2000.00")), "{paid}");
    let odd = json!({ "amount": "1000.00", "strategy": "any" });
    town.post(&farmer, &format!("{loan}/prepayments"), odd).problem(422, "bad_change");

    // An officer judges worse alone; better takes two.
    let judge = |act: &str, class: u8| json!({ "act": act, "reason": "visited", "class": class });
    assert_eq!(town.post(&officer, &acts, judge("judge_worse", 2)).expect(201).json()["status"], "serviced");
    town.post(&officer, &acts, judge("judge_worse", 9)).problem(422, "unknown_class");
    let standing = town.get(&officer, &format!("{loan}/standing")).expect(200).json();
    assert_eq!(
        (&standing["class"]["code"], &standing["grounds"][0]["ground"]),
        (&json!("substandard"), &json!("judged"))
    );
    assert_eq!((&standing["provision_specific"], &standing["stage"]), (&json!("500.00"), &json!(3)));
    let waits = town.post(&officer, &acts, judge("judge_better", 0)).expect(202).json();
    assert_eq!(waits["status"], "proposed");
    let open: Value = town.get(&approver, "/api/v1/office/proposals").expect(200).json();
    let text = open.to_string();
    assert!(text.contains("judge_loan_better") && text.contains("class 2") && text.contains("class 0"), "{text}");
    let approval = format!("/api/v1/office/proposals/{}/approval", waits["proposal"].as_str().unwrap());
    town.post(&approver, &approval, json!({})).expect(201);
    assert_eq!(town.get(&officer, &format!("{loan}/standing")).json()["class"]["place"], 0);

    // An extension needs the borrower's word, and says what is missing.
    let extend = json!({ "act": "extend", "reason": "asked", "until": "2026-12-02" });
    town.post(&officer, &acts, extend).problem(422, "bad_change");
    let long =
        json!({ "act": "extend", "reason": "asked", "until": "2028-12-02", "borrower_evidence": "ab".repeat(32) });
    town.post(&officer, &acts, long).problem(422, "extension");
    town.post(&officer, &acts, json!({ "act": "dance", "reason": "asked" })).problem(422, "bad_change");
}
