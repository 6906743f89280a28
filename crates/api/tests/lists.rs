//! Lists: who is on one is a case at enrolment and when the list is loaded, told once, by resident id for certain and by name as possible.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use door::Role;
use serde_json::{Value, json};
use support::*;

fn list(as_of: &str, people: Value) -> Value {
    json!({ "source": "公安机关", "as_of": as_of, "people": people })
}

fn listed(name: &str, resident_id: Option<String>) -> Value {
    json!({ "name": name, "resident_id": resident_id, "reason": "编号 17" })
}

fn typologies(town: &Town, officer: &Who) -> Vec<(String, String)> {
    let cases = town.get(officer, "/api/v1/office/cases").expect(200).json();
    let text = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
    let mut all: Vec<_> =
        cases.as_array().unwrap().iter().map(|case| (text(case, "household"), text(case, "typology"))).collect();
    all.sort();
    all
}

#[test]
fn who_is_on_a_list_is_looked_at_and_nobody_is_refused() {
    let town = Town::start(Plan::default());
    let officer = town.staff("officer", Role::Officer);
    let path = "/api/v1/office/lists/wanted";
    let first = town.enrol(1);
    // Certain by resident id, though the list writes the name another way; who is not there is no hit.
    let people = json!([listed("王 方", Some(resident_id(1))), listed("张三", Some(resident_id(9)))]);
    let told = town.post(&officer, path, list("2026-02-27", people.clone())).expect(201).json();
    assert_eq!(told, json!({ "entries": 2, "certain": 1, "possible": 0 }));
    assert_eq!(typologies(&town, &officer), [(first.household.clone(), "listed".to_owned())]);
    // Loaded again nothing is told twice.
    town.post(&officer, path, list("2026-03-01", people)).expect(201);
    let cases = town.get(&officer, "/api/v1/office/cases").expect(200).json();
    assert_eq!((cases.as_array().unwrap().len(), &cases[0]["alerts"]), (1, &json!(1)));
    // Who comes later is held against it at once, and is enrolled all the same.
    let late = town.enrol(9);
    let all = typologies(&town, &officer);
    assert!(all.contains(&(late.household.clone(), "listed".to_owned())), "{all:?}");
    assert_eq!(all.len(), 2, "{all:?}");
    // By name alone it is only possible; every household of the town has a head of this name.
    let people = json!([listed("王·芳", None)]);
    let told = town.post(&officer, "/api/v1/office/lists/names", list("2026-03-02", people)).expect(201).json();
    assert_eq!(told, json!({ "entries": 1, "certain": 0, "possible": 2 }));
    let third = town.enrol(3);
    assert!(typologies(&town, &officer).contains(&(third.household.clone(), "listed_name".to_owned())));
    // A newer version takes off who is not on it, and no resident id is shown.
    town.post(&officer, path, list("2026-03-02", json!([listed("李四", Some(resident_id(44)))]))).expect(201);
    let kept = town.get(&officer, path).expect(200);
    let names: Vec<String> =
        kept.json().as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["李四"]);
    assert!(!String::from_utf8_lossy(&kept.bytes).contains(&resident_id(44)));

    town.post(&officer, path, list("2026-02-01", json!([listed("李四", None)]))).problem(409, "list_is_old");
    town.post(&officer, path, list("2026-03-09", json!([listed("李四", None)]))).problem(422, "list_from_ahead");
    town.post(&officer, path, list("2026-03-02", json!([]))).problem(422, "list_empty");
    town.post(&officer, path, list("2026-03-02", json!([listed("", None)]))).problem(422, "bad_text");
    town.post(&first, path, list("2026-03-02", json!([listed("李四", None)]))).problem(403, "not_permitted");
    // No page of the household tells of a list.
    for page in ["", "/rating", "/notices", "/requests", "/orders-in-review"] {
        let shown = town.get(&first, &format!("/api/v1/households/{}{page}", first.household));
        let text = String::from_utf8_lossy(&shown.bytes).into_owned();
        assert!(!text.contains("listed") && !text.contains("编号 17"), "{page}: {text}");
    }
}
