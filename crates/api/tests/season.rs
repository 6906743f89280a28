//! A seasonal loan over HTTP: quoted and asked for with crops, re-planned, put off after a flood, taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use door::Role;
use serde_json::json;
use support::*;

#[test]
fn a_seasonal_loan_and_a_flood() {
    let town = Town::start(Plan { model: Some(model()), products: vec!["seasonal-loan"], ..Plan::default() });
    let farmer = town.enrol(1);
    let hh = format!("/api/v1/households/{}", farmer.household);
    town.post(&farmer, &format!("{hh}/events"), events(400_000, 180_000)).expect(201);

    let asked = |more: serde_json::Value| {
        let mut body = json!({ "product": "seasonal-loan", "amount": "3000.00", "term_months": 8 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let grown = json!({ "region": "河南", "crops": "小麦:4，玉米:6" });
    let quote = town.post(&Who::default(), "/api/v1/quotes", asked(grown.clone())).expect(200).json();
    let dues: Vec<_> = quote["schedule"].as_array().unwrap().iter().map(|row| row["due"].clone()).collect();
    assert_eq!(dues, ["2026-06-30", "2026-10-31"], "{quote}");
    let quotes = "/api/v1/quotes";
    town.post(&Who::default(), quotes, asked(json!({}))).problem(422, "season_missing");
    town.post(&Who::default(), quotes, asked(json!({ "region": "河南" }))).problem(422, "season_missing");
    let nowhere = asked(json!({ "region": "atlantis", "crops": "wheat" }));
    town.post(&Who::default(), quotes, nowhere).problem(422, "outside_product");

    let mut loan_asked = asked(grown);
    loan_asked["purpose"] = json!("farming-inputs");
    let decided = town.post(&farmer, &format!("{hh}/applications"), loan_asked).expect(201).json();
    assert_eq!(decided["status"], "approved", "{decided}");
    let application = format!("{hh}/applications/{}", decided["application"].as_str().unwrap());
    let offer = town.get(&farmer, &application).expect(200).json()["offer"].clone();
    let signature = json!({ "text_hash": offer["text_hash"], "read_seconds": 12, "confirmed": true });
    let signed = town.post(&farmer, &format!("{application}/signature"), signature).expect(201);
    let contract = format!("{hh}/contracts/{}", signed.text("contract"));
    let draw = format!("{contract}/drawdown");
    town.post(&farmer, &draw, json!({})).problem(409, "conditions_open");
    let (officer, approver) = (town.staff("li.officer", Role::Officer), town.staff("zhao.approver", Role::Approver));
    let accountant = town.staff("qian.accountant", Role::Accountant);
    let clerk = town.staff("wang.clerk", Role::Clerk);
    let widowed = json!({ "kind": "no_spouse", "what": "widowed", "hash": "5a".repeat(32), "evidence": "seen" });
    town.post(&clerk, &format!("{contract}/papers"), widowed).expect(201);
    let loan = format!("{hh}/loans/{}", town.post(&farmer, &draw, json!({})).expect(201).text("loan"));
    let changes = format!("{loan}/changes");

    town.post(&accountant, "/api/v1/office/days/2026-03-02/close", json!({})).expect(202);
    town.desk.engine.settle();

    // A re-plan is proposed, read, agreed to, applied by two.
    let short =
        |observed: &str| json!({ "seen": "short", "due": "2026-06-30", "expected": "16000.00", "observed": observed });
    town.post(&farmer, &changes, short("10000.00")).problem(403, "not_permitted");
    town.post(&officer, &changes, short("15000.00")).problem(422, "not_changed");
    town.post(&officer, &changes, json!({ "seen": "short", "due": "2026-06-30" })).problem(422, "bad_change");
    let proposed = town.post(&officer, &changes, short("10000.00")).expect(201).json();
    assert_eq!(proposed["needs_consent"], true, "{proposed}");
    let shown = town.get(&farmer, &changes).expect(200).json()[0].clone();
    assert_eq!((&shown["status"], &shown["kind"]), (&json!("proposed"), &json!("replan")));
    assert!(shown["text"].as_str().unwrap().contains("cost before"), "{shown}");
    let one = format!("{changes}/{}", proposed["change"].as_str().unwrap());
    town.post(&officer, &format!("{one}/application"), json!({})).problem(409, "wrong_status");
    let other = json!({ "text_hash": "00".repeat(32) });
    town.post(&farmer, &format!("{one}/consent"), other).problem(409, "other_text");
    // The borrower cannot say what a guarantor said.
    let cell = basics::PublicId::parse_kind(&farmer.household, basics::IdKind::Household).unwrap().cell;
    let person = basics::PublicId { kind: basics::IdKind::Person, cell, id: basics::Id::from_u128(9) }.to_string();
    let spoken = json!({ "text_hash": shown["text_hash"], "guarantor": "given", "guarantor_person": person });
    town.post(&farmer, &format!("{one}/consent"), spoken).problem(422, "guarantor_word");
    town.post(&farmer, &format!("{one}/consent"), json!({ "text_hash": shown["text_hash"] })).expect(201);
    let by_two = |path: &str, body: serde_json::Value| {
        let proposal = town.post(&officer, path, body).expect(202).text("proposal");
        let waits = town.get(&approver, "/api/v1/office/proposals").expect(200).json();
        assert!(waits[0]["reason"].as_str().is_some_and(|reason| reason.contains(" · ")), "{path}: {waits}");
        town.post(&approver, &format!("/api/v1/office/proposals/{proposal}/approval"), json!({})).expect(201);
    };
    by_two(&format!("{one}/application"), json!({}));
    assert_eq!(town.get(&farmer, &changes).json()[0]["status"], "applied");
    assert_eq!(town.get(&farmer, &loan).expect(200).json()["schedule"][0]["principal"], "750.00");
    by_two(&format!("{one}/undo"), json!({ "reason": "told wrong" }));
    assert_eq!(town.get(&farmer, &loan).json()["schedule"][0]["principal"], "1200.00");

    // A flood whose programme stops interest: carried out at once, then taken back.
    let disasters = "/api/v1/office/disasters";
    let told = |crop: &str| {
        json!({
            "name": "Flood", "document": "county-2026-17", "document_hash": "09".repeat(32), "event_on": "2026-03-03",
            "villages": ["柳树湾"], "crops": [crop], "to": "2026-10-31", "scope": "principal", "interest": "stops",
        })
    };
    town.post(&officer, disasters, told("bananas")).problem(422, "bad_crops");
    let declared = town.post(&officer, disasters, told("小麦")).expect(201).json();
    let flood = format!("{disasters}/{}", declared["disaster"].as_str().unwrap());
    let detail = town.get(&officer, &flood).expect(200).json();
    assert_eq!(
        (&detail["touched"], &detail["moved"], &detail["crops"]),
        (&json!(1), &json!("1200.00"), &json!(["wheat"]))
    );
    town.post(&officer, &format!("{flood}/run"), json!({})).problem(409, "not_decided");
    by_two(&format!("{flood}/decision"), json!({ "verdict": "carry_out", "reason": "as the county has it" }));
    let report = town.post(&officer, &format!("{flood}/run"), json!({})).expect(200).json();
    assert_eq!((&report["applied"], &report["moved"], &report["refused"]), (&json!(1), &json!("1200.00"), &json!([])));
    assert_eq!(town.get(&farmer, &loan).json()["schedule"][0]["principal"], "0.00");
    by_two(&format!("{flood}/decision"), json!({ "verdict": "take_back", "reason": "the dyke held" }));
    let report = town.post(&officer, &format!("{flood}/run"), json!({})).expect(200).json();
    assert_eq!((&report["applied"], &report["undone"]), (&json!(0), &json!(1)));
    assert_eq!(town.get(&farmer, &loan).json()["schedule"][0]["principal"], "1200.00");
    assert_eq!(town.get(&officer, disasters).expect(200).json()[0]["status"], "taken_back");
}
