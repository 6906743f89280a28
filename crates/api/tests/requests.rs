//! What a household asks about its own data becomes a task of the office and ends by its answer; whom a code pays is told before it is paid.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use door::Role;
use serde_json::{Value, json};
use support::*;

#[test]
fn a_request_is_a_task_until_it_is_answered_and_is_not_asked_twice() {
    let town = Town::start(Plan::default());
    let (clerk, auditor) = (town.staff("clerk", Role::Clerk), town.staff("auditor", Role::Auditor));
    let (own, other) = (town.enrol(1), town.enrol(2));
    let path = format!("/api/v1/households/{}/requests", own.household);
    town.post(&own, &path, json!({ "kind": "correct_data" })).expect(201);
    town.post(&own, &path, json!({ "kind": "correct_data" })).problem(409, "asked_already");
    town.post(&own, &path, json!({ "kind": "show_use" })).problem(422, "not_to_be_asked");
    town.post(&own, &path, json!({ "kind": "everything" })).problem(422, "not_to_be_asked");
    town.post(&own, &path, json!({ "kind": "change_phone" })).expect(201);
    // Nobody asks or looks in another's name.
    town.post(&other, &path, json!({ "kind": "erase_data" })).expect(403);
    town.get(&other, &path).expect(403);
    town.post(&auditor, &path, json!({ "kind": "erase_data" })).expect(403);

    let tasks = town.get(&clerk, "/api/v1/office/tasks").expect(200).json();
    let asked: Vec<(&Value, &Value)> =
        tasks.as_array().unwrap().iter().map(|task| (&task["kind"], &task["about"])).collect();
    assert_eq!(asked.len(), 2, "{tasks}");
    assert!(asked.contains(&(&json!("correct_data"), &json!(own.household))), "{tasks}");

    let mine = town.get(&own, &path).expect(200).json();
    let correct = mine.as_array().unwrap().iter().find(|one| one["kind"] == "correct_data").unwrap().clone();
    let (asked_on, due_on) = (open_date().to_string(), open_date().add_days(15).to_string());
    assert_eq!(
        (&correct["status"], &correct["asked_on"], &correct["due_on"]),
        (&json!("open"), &json!(asked_on), &json!(due_on))
    );
    let answer = format!("{path}/{}/answer", correct["request"].as_str().unwrap());
    town.post(&own, &answer, json!({ "done": true })).expect(403);
    town.post(&clerk, &answer, json!({ "done": true })).expect(201);
    town.post(&clerk, &answer, json!({ "done": false })).problem(409, "request_answered");
    let elsewhere =
        format!("/api/v1/households/{}/requests/{}/answer", other.household, correct["request"].as_str().unwrap());
    town.post(&clerk, &elsewhere, json!({ "done": true })).problem(404, "unknown_request");
    let after = town.get(&own, &path).expect(200).json();
    assert_eq!((&after[0]["kind"], &after[0]["status"]), (&json!("change_phone"), &json!("open")), "{after}");
    assert_eq!((&after[1]["status"], &after[1]["answered_on"]), (&json!("done"), &json!(asked_on)), "{after}");
    assert_eq!(town.get(&clerk, "/api/v1/office/tasks").expect(200).json().as_array().unwrap().len(), 1);
    // What was answered may be asked for again.
    town.post(&own, &path, json!({ "kind": "correct_data" })).expect(201);
}
