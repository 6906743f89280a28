//! A village campaign through the API: from the roll to a facility that two members of staff saw signed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use app::close::CloseDay;
use app::command::Command;
use basics::Id;
use door::Role;
use serde_json::{Value, json};
use support::*;

#[test]
fn a_campaign_goes_from_the_roll_to_a_signature() {
    let town = Town::start(Plan::default());
    let households: Vec<Who> = (1..=4).map(|n| town.enrol(n)).collect();
    let officer = town.staff("officer", Role::Officer);
    let approver = town.staff("approver", Role::Approver);
    let clerk = town.staff("clerk", Role::Clerk);
    let told = |raters: u16| {
        json!({ "village": "柳树湾", "product": "short-working-capital", "most": "20000.00", "unknown_most": "8000.00",
            "raters_min": raters, "objection_days": 3, "sign_days": 30 })
    };
    let villages = "/api/v1/office/villages";
    town.post(&clerk, villages, told(3)).problem(403, "not_permitted");
    town.post(&officer, villages, told(1)).problem(422, "bad_village_terms");
    let begun = town.post(&officer, villages, told(3)).expect(201).json();
    let campaign = begun["campaign"].as_str().unwrap().to_owned();
    let path = format!("{villages}/{campaign}");
    let at = |what: &str| format!("{path}/{what}");
    assert_eq!(town.post(&officer, &at("roll"), json!({})).expect(200).json()["done"], 4);

    let step = |who: &Who, body: Value| town.post(who, &at("steps"), body);
    let hh = |n: usize| households[n].household.clone();
    step(
        &officer,
        json!({ "step": "exclude", "household": hh(3), "ground": "on the court's list", "source": "letter 17" }),
    )
    .expect(201);
    let raters: Vec<String> = (1..=3u128).map(|n| Id::from_u128(0x7A7E + n).to_string()).collect();
    for rater in &raters {
        step(&officer, json!({ "step": "name_rater", "rater": rater, "kin": [] })).expect(201);
    }
    step(&officer, json!({ "step": "name_rater", "rater": raters[0], "household": hh(2) })).expect(201);
    step(&clerk, json!({ "step": "mark", "rater": raters[0], "marks": [{ "household": hh(2), "amount": "1.00" }] }))
        .problem(409, "rater_recused");
    for (rater, amount) in raters.iter().zip(["5000.00", "6000.00", "15000.00"]) {
        let mark = |n: usize| json!({ "household": hh(n), "amount": amount });
        step(&clerk, json!({ "step": "mark", "rater": rater, "marks": [mark(0), mark(1)] })).expect(201);
    }
    let before = town.get(&officer, &path).expect(200).json();
    assert!(before["roll"].as_array().unwrap().iter().all(|row| row["appraised"].is_null()), "{before}");
    town.get(&clerk, &path).problem(403, "not_permitted");

    assert_eq!(town.post(&officer, &at("limits"), json!({})).expect(200).json()["done"], 3);
    step(&officer, json!({ "step": "publish" })).expect(201);
    let by_two = |officer: &Who, approver: &Who, body: Value| {
        let proposed = step(officer, body).expect(202).json();
        let proposal = proposed["proposal"].as_str().unwrap();
        town.post(approver, &format!("/api/v1/office/proposals/{proposal}/approval"), json!({}))
    };
    let object = json!({ "step": "object", "household": hh(1), "text": "has moved away" });
    let objection = town.command();
    town.post_as(&clerk, &objection, &at("steps"), object).expect(201);
    by_two(
        &officer,
        &approver,
        json!({ "step": "answer", "household": hh(1), "objection": objection, "upheld": true, "reason": "seen" }),
    )
    .expect(201);
    let own = format!("/api/v1/households/{}/preliminary-limits", hh(0));
    let signature = json!({ "text_hash": "09".repeat(32), "evidence": "village hall, both present" });
    assert_eq!(town.get(&households[0], &own).expect(200).json(), json!([]));
    town.post(&households[0], &format!("{own}/{campaign}/signature"), signature.clone()).problem(403, "not_permitted");
    for n in 0..4 {
        let close = Command::CloseDay(CloseDay { day: open_date().add_days(n) });
        town.pass(86_400);
        town.system(&format!("close {n}"), close);
        town.desk.engine.settle();
    }
    let [officer, approver, clerk] = ["officer", "approver", "clerk"].map(|login| town.sign_in(login));
    town.post(&officer, &at("offers"), json!({})).problem(409, "not_decided");
    by_two(&officer, &approver, json!({ "step": "approve", "reason": "as published" })).expect(201);
    let offers = town.post(&officer, &at("offers"), json!({})).expect(200).json();
    assert_eq!((&offers["done"], &offers["refused"]), (&json!(1), &json!([])), "{offers}");
    assert_eq!(town.post(&officer, &at("offers"), json!({})).expect(200).json()["done"], 0);

    let offered = town.get(&officer, &own).expect(200).json();
    assert_eq!((&offered[0]["state"], &offered[0]["amount"]), (&json!("offered"), &json!("6000.00")));
    let proposed = town.post(&officer, &format!("{own}/{campaign}/signature"), signature).expect(202).json();
    let proposal = proposed["proposal"].as_str().unwrap();
    town.post(&clerk, &format!("/api/v1/office/proposals/{proposal}/approval"), json!({})).expect(201);
    let facility = town.get(&officer, &format!("/api/v1/households/{}/facility", hh(0))).expect(200).json();
    assert_eq!(facility["available"], "6000.00", "{facility}");
    let detail = town.get(&officer, &path).expect(200).json();
    assert_eq!((&detail["shares"]["signed"], &detail["shares"]["negative"]), (&json!(1), &json!(2)), "{detail}");
    assert_eq!(detail["raters"][2]["outliers"], 2, "{detail}");
    assert_eq!(town.get(&clerk, villages).expect(200).json()[0]["state"], "approved");
    let withdrawal = json!({ "reason": "late" });
    town.post(&officer, &format!("{own}/{campaign}/withdrawal"), withdrawal).problem(409, "preliminary_closed");
}
