//! A household's consents and what their withdrawal changes, who looked at its data, and its erasure by two people.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use door::Role;
use serde_json::{Value, json};
use support::*;

#[test]
fn without_consent_behaviour_judges_nobody_and_a_person_decides() {
    let town = Town::start(Plan { model: Some(model()), ..Plan::default() });
    let (farmer, other) = (town.enrol(1), town.enrol(2));
    let clerk = town.staff("clerk", Role::Clerk);
    let officer = town.staff("officer", Role::Officer);
    let hh = format!("/api/v1/households/{}", farmer.household);
    let consents = format!("{hh}/consents");
    let listed = town.get(&farmer, &consents).expect(200).json();
    assert_eq!((&listed[0]["purpose"], &listed[0]["word"]), (&json!("credit"), &json!("given")), "{listed}");
    town.get(&other, &consents).expect(403);

    town.post(&farmer, &format!("{hh}/events"), events(400_000, 180_000)).expect(201);
    let limits = || town.get(&farmer, &format!("{hh}/limits")).expect(200).json();
    let outcome = |limits: &Value| limits["products"][0]["outcome"].as_str().unwrap().to_owned();
    let known = limits();
    assert_eq!((outcome(&known).as_str(), &known["profile"]["thin"]), ("approve", &json!(false)), "{known}");
    town.desk.rate_touched(10, town.now());
    let rating = |who: &Who| town.get(who, &format!("{hh}/rating")).expect(200).json()["rating"].clone();
    assert!(rating(&officer).is_string());

    let say = |purpose: &str, given: bool| json!({ "purpose": purpose, "given": given, "version": "1" });
    town.post(&farmer, &consents, say("account", false)).problem(422, "consent_needed");
    town.post(&other, &consents, say("credit", false)).expect(403);
    town.post(&farmer, &consents, say("credit", true)).problem(409, "consent_stands");
    town.post(&farmer, &consents, say("credit", false)).expect(201);
    town.post(&farmer, &consents, say("credit", false)).problem(409, "consent_stands");
    let listed = town.get(&officer, &consents).expect(200).json();
    assert_eq!((&listed[0]["word"], &listed[0]["may_withdraw"]), (&json!("withdrawn"), &json!(false)), "{listed}");

    // Nothing that was observed is looked at: no score, no limit, a person decides.
    let without = limits();
    assert_eq!(outcome(&without), "refer", "{without}");
    town.desk.rate_touched(10, town.now());
    assert_eq!(rating(&officer), Value::Null);
    let loan =
        json!({ "product": "season-bullet", "amount": "1000.00", "term_months": 6, "purpose": "farming-inputs" });
    let asked = town.post(&farmer, &format!("{hh}/applications"), loan.clone()).expect(201).json();
    assert_eq!(asked["status"], "referred", "{asked}");
    // What is kept may still be seen by the household itself.
    assert!(town.get(&farmer, &format!("{hh}/profile")).expect(200).json()["known_movements"].as_u64().unwrap() > 0);

    // Given again, at the window, it is judged as before; the rating comes back on the same profile.
    town.post(&clerk, &consents, say("credit", true)).expect(201);
    assert_eq!(outcome(&limits()), "approve");
    town.desk.rate_touched(10, town.now());
    assert!(rating(&officer).is_string());
    town.post(&farmer, &consents, say("credit", false)).expect(201);
    town.desk.rate_touched(10, town.now());
    assert_eq!(rating(&officer), Value::Null, "a second time as well");
}

#[test]
fn whoever_looks_is_on_record_for_the_household_and_for_audit() {
    let town = Town::start(Plan::default());
    let (farmer, other) = (town.enrol(1), town.enrol(2));
    let officer = town.staff("officer", Role::Officer);
    let (clerk, auditor) = (town.staff("clerk", Role::Clerk), town.staff("auditor", Role::Auditor));
    let hh = format!("/api/v1/households/{}", farmer.household);
    let looks = |who: &Who| town.get(who, &format!("{hh}/looks")).expect(200).json();
    town.get(&farmer, &hh).expect(200);
    assert_eq!(looks(&farmer), json!([]), "what it reads of itself is nobody's look");

    for _ in 0..3 {
        town.get(&officer, &hh).expect(200);
    }
    town.get(&officer, &format!("{hh}/loans")).expect(200);
    town.get(&officer, &format!("{hh}/profile")).expect(200);
    town.get(&clerk, &format!("{hh}/profile")).problem(403, "not_permitted");
    let seen = looks(&farmer);
    assert_eq!(seen.as_array().unwrap().len(), 1, "one row a person and day: {seen}");
    assert_eq!((&seen[0]["role"], &seen[0]["kinds"]), (&json!("officer"), &json!(["person", "loans", "credit"])));
    town.get(&other, &format!("{hh}/looks")).expect(403);

    // Audit reads them by person; reading who looked is a look itself.
    let staff = seen[0]["staff"].as_str().unwrap();
    let by_staff = format!("/api/v1/office/looks?staff={staff}");
    town.get(&clerk, &by_staff).problem(403, "not_permitted");
    assert_eq!(town.get(&auditor, &by_staff).expect(200).json().as_array().unwrap().len(), 1);
    town.get(&auditor, &format!("{hh}/looks")).expect(200);
    assert!(looks(&farmer).as_array().unwrap().iter().any(|row| row["role"] == "auditor"));

    // A day later it is another row.
    town.pass(86_400);
    let (officer, auditor) = (town.sign_in("officer"), town.sign_in("auditor"));
    town.get(&officer, &format!("{hh}/entries")).expect(200);
    let read = town.get(&auditor, &by_staff).expect(200).json();
    assert_eq!(read.as_array().unwrap().len(), 2, "{read}");
    assert!(read[0]["on"].as_str() > read[1]["on"].as_str(), "the latest first: {read}");
    assert_eq!((&read[0]["kinds"], &read[0]["household"]), (&json!(["money"]), &json!(farmer.household)));

    // What nobody can see, nobody has looked at.
    let nobody = farmer.household.replace(|c: char| c.is_ascii_digit() && c != '0', "1");
    let _ = town.get(&officer, &format!("/api/v1/households/{nobody}/loans"));
    let all = town.get(&auditor, &by_staff).expect(200).json();
    assert_eq!(all.as_array().unwrap().len(), 2, "{all}");
}

#[test]
fn a_person_is_erased_by_two_once_nothing_is_under_way() {
    let town = Town::start(Plan { model: Some(model()), ..Plan::default() });
    let (farmer, debtor) = (town.enrol(1), town.enrol(2));
    let (officer, approver) = (town.staff("officer", Role::Officer), town.staff("approver", Role::Approver));
    let hh = |who: &Who| format!("/api/v1/households/{}", who.household);
    let person = |who: &Who| {
        let shown = town.get(&approver, &hh(who)).expect(200).json();
        json!({ "person": shown["persons"][0]["person"] })
    };
    let own = person(&farmer);
    town.post(&farmer, &format!("{}/erasures", hh(&farmer)), own.clone()).problem(403, "not_permitted");
    town.post(&officer, &format!("{}/erasures", hh(&debtor)), own.clone()).problem(404, "unknown_person");

    // A contract that is signed and not drawn is under way.
    town.post(&debtor, &format!("{}/events", hh(&debtor)), events(400_000, 180_000)).expect(201);
    let loan =
        json!({ "product": "season-bullet", "amount": "1000.00", "term_months": 6, "purpose": "farming-inputs" });
    let asked = town.post(&debtor, &format!("{}/applications", hh(&debtor)), loan).expect(201).json();
    let application = format!("{}/applications/{}", hh(&debtor), asked["application"].as_str().unwrap());
    let shown = town.get(&debtor, &application).expect(200).json();
    let read = json!({ "text_hash": shown["offer"]["text_hash"], "read_seconds": 20, "confirmed": true });
    town.post(&debtor, &format!("{application}/signature"), read).expect(201);
    town.post(&officer, &format!("{}/erasures", hh(&debtor)), person(&debtor)).problem(409, "contract_under_way");

    let proposed = town.post(&officer, &format!("{}/erasures", hh(&farmer)), own.clone()).expect(202).json();
    let name = |who: &Who| town.get(&approver, &hh(who)).expect(200).json()["persons"][0]["name"].clone();
    assert!(name(&farmer).is_string(), "one person alone erases nothing");
    let approval = format!("/api/v1/office/proposals/{}/approval", proposed["proposal"].as_str().unwrap());
    town.post(&approver, &approval, json!({})).expect(201);
    // No money ever moved: nothing has to be kept, and the key is gone.
    assert_eq!(name(&farmer), Value::Null);
    assert!(name(&debtor).is_string());
    town.post(&officer, &format!("{}/erasures", hh(&farmer)), own).problem(410, "erased_already");
}
