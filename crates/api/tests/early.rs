//! Early warnings through the API: a chance with reasons weeks ahead, a call that becomes a task, and what came of earlier forecasts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use app::Command;
use app::close::CloseDay;
use basics::Cell;
use door::Role;
use serde_json::json;
use support::*;

fn close_until(town: &Town, day: &str) {
    loop {
        let open = town.desk.open_date(Cell::OFFICE).unwrap();
        if open.to_string() == day {
            return;
        }
        town.system(&format!("close {open}"), Command::CloseDay(CloseDay { day: open }));
        town.desk.engine.settle();
        town.pass(86_400);
    }
}

/// A loan of 3,000.00 over three months, whose money is taken out at once.
fn borrower(town: &Town, n: u32, officer: &Who) -> (Who, String) {
    let farmer = town.enrol(n);
    let hh = format!("/api/v1/households/{}", farmer.household);
    let asked = json!({
        "product": "short-working-capital", "amount": "3000.00", "term_months": 3, "purpose": "farming-inputs"
    });
    let id = town.post(&farmer, &format!("{hh}/applications"), asked).expect(201).text("application");
    let decision = format!("/api/v1/office/applications/{id}/decision?household={}", farmer.household);
    town.post(officer, &decision, json!({ "approve": true, "amount": "3000.00", "reason": "visited" })).expect(201);
    let application = format!("{hh}/applications/{id}");
    let offer = town.get(&farmer, &application).expect(200).json()["offer"].clone();
    let signature = json!({ "text_hash": offer["text_hash"], "read_seconds": 12, "confirmed": true });
    let contract = town.post(&farmer, &format!("{application}/signature"), signature).expect(201).text("contract");
    let loan = town.post(&farmer, &format!("{hh}/contracts/{contract}/drawdown"), json!({})).expect(201).text("loan");
    town.post(&farmer, &format!("{hh}/withdrawals"), json!({ "amount": "3000.00" })).expect(201);
    (farmer, loan)
}

#[test]
fn a_warning_has_a_chance_and_reasons_and_becomes_a_call() {
    let town = Town::start(Plan::default());
    town.fund();
    let officer = town.staff("officer", Role::Officer);
    town.hire("clerk", Role::Clerk);
    let (farmer, loan) = borrower(&town, 1, &officer);
    let path = "/api/v1/office/early-warnings";
    town.get(&farmer, path).problem(403, "not_permitted");
    let before = town.get(&officer, path).expect(200).json();
    assert_eq!((&before["state"], &before["warnings"]), (&json!("being_made"), &json!([])), "{before}");
    assert!(town.desk.look_ahead(town.now()).unwrap());
    assert!(!town.desk.look_ahead(town.now()).unwrap(), "once a day and an hour");

    // A month ahead: the first instalment of a new loan.
    let first = town.get(&officer, path).expect(200).json();
    assert_eq!((&first["state"], &first["instalments"]), (&json!("ready"), &json!(1)), "{first}");
    let warning = &first["warnings"][0];
    assert_eq!((&warning["household"], &warning["loan"]), (&json!(farmer.household), &json!(loan)), "{first}");
    assert_eq!((&warning["due_on"], &warning["amount"]), (&json!("2026-04-02"), &json!("1018.05")), "{warning}");
    assert!(warning["name"].is_string() && warning["chance_zh"].as_str().unwrap().contains('户'), "{warning}");
    let chance = warning["chance"].as_f64().unwrap();
    assert!(chance > 0.0 && chance < 0.5, "{warning}");
    assert_eq!(first["past"]["forecasts"], 0);

    // It was not paid: of the next one the chance is higher, and says why.
    close_until(&town, "2026-04-12");
    assert!(town.desk.look_ahead(town.now()).unwrap());
    let officer = town.sign_in("officer");
    let later = town.get(&officer, path).expect(200).json();
    let warning = &later["warnings"][0];
    assert_eq!(warning["due_on"], "2026-05-02", "{later}");
    assert!(warning["chance"].as_f64().unwrap() > 1.5 * chance, "{first} {later}");
    let reasons = warning["reasons"].as_array().unwrap();
    let overdue = reasons.iter().find(|reason| reason["sign"] == "overdue_now").expect("it is overdue now");
    assert_eq!((&overdue["value"], &overdue["zh"]), (&json!(10), &json!("现在有一期已经逾期 10 天")), "{overdue}");
    // Four, two and one week before the 2nd of April it would have been forecast; it was missed.
    assert_eq!((&later["past"]["forecasts"], &later["past"]["missed"]), (&json!(3), &json!(3)), "{later}");

    let calls = format!("/api/v1/households/{}/loans/{loan}/calls", farmer.household);
    let due = json!({ "due_on": "2026-05-02" });
    town.post(&officer, &calls, json!({ "due_on": "2026-04-02" })).problem(409, "nothing_due");
    town.post(&officer, &calls, json!({ "due_on": "soon" })).problem(409, "nothing_due");
    town.post(&officer, &calls, due.clone()).expect(201);
    town.post(&officer, &calls, due.clone()).problem(409, "call_asked");
    let clerk = town.sign_in("clerk");
    town.post(&clerk, &calls, due).problem(403, "not_permitted");
    let tasks = town.get(&clerk, "/api/v1/office/tasks").expect(200).json();
    let call = tasks.as_array().unwrap().iter().find(|task| task["kind"] == "call_ahead").expect("a task").clone();
    assert_eq!((&call["about"], &call["due_on"]), (&json!(loan), &json!("2026-04-15")), "{call}");
    let end = |task: &str| format!("/api/v1/households/{}/calls/{task}/end", farmer.household);
    town.post(&clerk, &end(&town.command()), json!({ "done": true })).problem(404, "unknown_call");
    let end = end(call["task"].as_str().unwrap());
    town.post(&clerk, &end, json!({ "done": true })).expect(201);
    town.post(&clerk, &end, json!({ "done": true })).problem(409, "call_ended");
    let left = town.get(&clerk, "/api/v1/office/tasks").expect(200).json();
    assert!(left.as_array().unwrap().iter().all(|task| task["kind"] != "call_ahead"), "{left}");
}
