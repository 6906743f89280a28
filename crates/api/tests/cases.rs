//! From something unusual to a verdict, through the API; and a monitor made anew from the books says nothing twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use app::assess::{Judge, feature_names};
use app::desk::Desk;
use basics::{IdKind, PublicId};
use door::Role;
use policy::RuleSet;
use serde_json::{Value, json};
use support::*;

/// Two months of small purchases, ending `before` days before today.
fn purchases(before: i32) -> Value {
    let event = |n: i32| {
        let date = open_date().add_days(n / 2 - 60 - before).to_string();
        json!({ "date": date, "kind": "purchase_food", "amount": format!("{}.00", 40 + n * 7 % 50) })
    };
    json!({ "events": (0..120).map(event).collect::<Vec<_>>() })
}

/// Asks for the open cases until there are so many: the monitor looks after the answer.
fn open_cases(town: &Town, who: &Who, count: usize) -> Vec<Value> {
    for _ in 0..400 {
        let cases = town.get(who, "/api/v1/office/cases").expect(200).json().as_array().unwrap().clone();
        if cases.len() == count {
            return cases;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("there never were {count} open cases");
}

#[test]
fn an_alert_becomes_a_case_and_a_case_a_verdict() {
    let town = Town::start(Plan::default());
    let officer = town.staff("officer", Role::Officer);
    let households: Vec<Who> = (1..=3).map(|n| town.enrol(n)).collect();
    for (n, who) in households.iter().enumerate() {
        town.post(who, &format!("/api/v1/households/{}/events", who.household), purchases(n as i32)).expect(201);
    }
    let strange = |who: &Who, amount: &str| {
        let event = json!({ "date": open_date().to_string(), "kind": "transfer_out", "amount": amount });
        let path = format!("/api/v1/households/{}/events", who.household);
        town.post(who, &path, json!({ "events": [event] })).expect(201);
    };
    strange(&households[0], "52000.00");
    let cases = open_cases(&town, &officer, 1);
    assert_eq!(cases[0]["household"], json!(households[0].household));
    assert_eq!((&cases[0]["typology"], &cases[0]["money"]), (&json!("takeover"), &json!("52000.00")));
    assert!(cases[0]["risk"].as_f64().unwrap() >= 1.0, "{}", cases[0]);
    assert_eq!((&cases[0]["queue"], cases[0]["stake"].as_str().unwrap().is_empty()), (&json!("today"), false));
    let watch = town.get(&officer, "/api/v1/office/watch").expect(200).json();
    let waiting = |watch: &Value| {
        let classes = watch["service"].as_array().unwrap().iter();
        classes.map(|class| class["waiting"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((&watch["state"], &watch["left_today"]), (&json!("following"), &json!(20)), "{watch}");
    assert_eq!(waiting(&watch), 1, "{watch}");
    // Another alert joins the open case.
    strange(&households[0], "61000.00");
    let path = format!(
        "/api/v1/office/cases/{}/{}",
        cases[0]["subject"].as_str().unwrap(),
        cases[0]["case"].as_str().unwrap()
    );
    let joined = (0..400).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let case = town.get(&officer, &path).expect(200).json();
        (case["alerts"].as_array().unwrap().len() == 2).then_some(case)
    });
    let joined = joined.expect("the second alert joins");
    assert_eq!((&joined["case"]["money"], &joined["case"]["alerts"]), (&json!("113000.00"), &json!(2)));
    let alerts = joined["alerts"].as_array().unwrap();
    let signals: Vec<&Value> = alerts.iter().flat_map(|alert| alert["signals"].as_array().unwrap()).collect();
    assert!(signals.iter().any(|s| s["kind"] == "amount" && s["observed"] == 5_200_000), "{joined}");

    let steps = format!("{path}/steps");
    let step = |body: Value| town.post(&officer, &steps, body);
    step(json!({ "step": "decide", "verdict": "true", "text": "打过电话" })).problem(409, "case_not_taken");
    step(json!({ "step": "take" })).expect(201);
    step(json!({ "step": "take" })).problem(409, "case_yours");
    step(json!({ "step": "note", "text": "户主说买了一头牛" })).expect(201);
    step(json!({ "step": "decide", "text": "看过收据" })).problem(422, "bad_case_step");
    step(json!({ "step": "decide", "verdict": "false", "text": "看过收据" })).expect(201);
    step(json!({ "step": "note", "text": "迟到的话" })).problem(409, "case_decided");
    let watch = town.get(&officer, "/api/v1/office/watch").expect(200).json();
    let takeover =
        watch["typologies"].as_array().unwrap().iter().find(|one| one["code"] == "takeover").unwrap().clone();
    assert_eq!(
        (&takeover["false_ones"], &takeover["precision"], &takeover["labels"]),
        (&json!(1), &json!(0.0), &json!(2)),
        "{watch}"
    );
    assert_eq!(takeover["threshold"], takeover["asked"], "two verdicts move no threshold");
    assert_eq!((&watch["left_today"], waiting(&watch)), (&json!(19), 0), "one was taken today: {watch}");
    let decided = town.get(&officer, &path).expect(200).json();
    assert_eq!(
        decided["alerts"][0]["config"].as_str().unwrap().len(),
        16,
        "which configuration called for it: {decided}"
    );
    assert_eq!((&decided["case"]["verdict"], &decided["case"]["state"]), (&json!("false"), &json!("decided")));
    assert_eq!(decided["notes"][0]["text"], "户主说买了一头牛");
    assert_eq!(open_cases(&town, &officer, 0).len(), 0);

    // A due paid late is an early sign.
    let late = json!({ "date": open_date().to_string(), "kind": "due_late", "amount": "0.00", "measure": 20 });
    let path = format!("/api/v1/households/{}/events", households[1].household);
    town.post(&households[1], &path, json!({ "events": [late] })).expect(201);
    assert_eq!(open_cases(&town, &officer, 1)[0]["typology"], "early_warning");

    // A monitor made anew from the books raises nothing twice.
    let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()).unwrap();
    let again = Desk::new(town.desk.engine.clone(), town.desk.vault.clone(), Judge::new(None, rules), 2);
    let subject = PublicId::parse_kind(&households[0].household, IdKind::Household).unwrap().id;
    assert!(again.watch(subject, &[], town.now()).unwrap() >= 2, "alerts of before are told again under their ids");
    assert_eq!(open_cases(&town, &officer, 1).len(), 1);
    let kept = again.case(
        cases[0]["subject"].as_str().unwrap().parse::<uuid::Uuid>().map(basics::Id).unwrap(),
        cases[0]["case"].as_str().unwrap().parse::<uuid::Uuid>().map(basics::Id).unwrap(),
    );
    assert_eq!(kept.unwrap().unwrap().alerts.len(), 2);
}
