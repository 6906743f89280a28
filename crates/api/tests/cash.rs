//! Cash over HTTP: the morning's count, a customer at the window, the evening's count, and what the office sees of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use door::Role;
use serde_json::{Value, json};
use support::*;

struct Bank {
    town: Town,
    clerk: Who,
    accountant: Who,
    approver: Who,
    drawer: String,
}

impl Bank {
    /// A bank with forty thousand in its vault and one drawer.
    fn open() -> Bank {
        let town = Town::start(Plan::default());
        town.fund();
        let id = town.hire("zhao", Role::Clerk);
        let clerk = town.sign_in("zhao");
        let (accountant, approver) = (town.staff("qian", Role::Accountant), town.staff("sun", Role::Approver));
        let mut bank = Bank { town, clerk, accountant, approver, drawer: String::new() };
        let fetch = json!({ "step": "from_bank", "amount": "40000.00", "reason": "cheque 7" });
        bank.by_two(&bank.accountant, &bank.approver, "/api/v1/office/drawers/vault/steps", fetch);
        let staff = basics::PublicId { kind: basics::IdKind::Staff, cell: basics::Cell::OFFICE, id }.to_string();
        let make = json!({ "name": "一号窗口", "clerk": staff, "limit": "2000.00" });
        bank.by_two(&bank.accountant, &bank.approver, "/api/v1/office/drawers", make);
        let all = bank.all();
        bank.drawer = all["drawers"][1]["drawer"].as_str().unwrap().to_owned();
        assert_eq!((&all["drawers"][1]["clerk_login"], &all["total"]), (&json!("zhao"), &json!("40000.00")));
        bank
    }

    fn by_two(&self, first: &Who, second: &Who, path: &str, body: Value) -> Value {
        let proposed = self.town.post(first, path, body).expect(202);
        assert_eq!(proposed.text("status"), "proposed");
        let path = format!("/api/v1/office/proposals/{}/approval", proposed.text("proposal"));
        self.town.post(second, &path, json!({})).expect(201).json()
    }

    fn steps(&self) -> String {
        format!("/api/v1/office/drawers/{}/steps", self.drawer)
    }

    fn all(&self) -> Value {
        self.town.get(&self.accountant, "/api/v1/office/drawers").expect(200).json()
    }

    fn day(&self) -> Value {
        self.town.get(&self.clerk, &format!("/api/v1/office/drawers/{}", self.drawer)).expect(200).json()
    }

    fn cash(&self, who: &Who, household: &str, body: Value) -> Reply {
        let reply = self.town.post(who, &format!("/api/v1/households/{household}/cash"), body);
        self.town.desk.engine.settle();
        reply
    }

    fn balance(&self, household: &str) -> Value {
        let shown = self.town.get(&self.clerk, &format!("/api/v1/households/{household}")).expect(200).json();
        shown["wallet"]["balance"].clone()
    }
}

fn hundreds(pieces: u32) -> Value {
    json!([{ "denomination": "100.00", "pieces": pieces }])
}

#[test]
fn a_day_of_a_drawer() {
    let bank = Bank::open();
    let farmer = bank.town.enrol(1);
    let hh = farmer.household.clone();
    let cash = |way: &str, amount: &str| json!({ "way": way, "amount": amount });
    bank.cash(&bank.clerk, &hh, cash("in", "5.00")).problem(409, "drawer_closed");
    // What is wrong with a step is said before anything is proposed.
    for (body, status, code) in [
        (json!({ "step": "open", "pieces": [{ "denomination": "3.00", "pieces": 1 }] }), 422, "bad_count"),
        (json!({ "step": "open", "pieces": hundreds(10) }), 409, "count_differs"),
        (json!({ "step": "give", "amount": "1.00" }), 422, "bad_drawer_step"),
        (json!({ "step": "leap" }), 422, "bad_drawer_step"),
        (json!({ "step": "close", "pieces": [] }), 409, "drawer_closed"),
        (json!({ "step": "from_bank", "amount": "1.00", "reason": "x" }), 403, "not_permitted"),
    ] {
        bank.town.post(&bank.clerk, &bank.steps(), body).problem(status, code);
    }
    let open = json!({ "step": "open", "pieces": hundreds(15), "amount": "1500.00" });
    let proposed = bank.town.post(&bank.clerk, &bank.steps(), open).expect(202);
    // Whoever approves reads what was counted, and what the drawer holds then.
    let waiting = bank.town.get(&bank.accountant, "/api/v1/office/proposals").expect(200).json();
    assert_eq!(waiting[0]["act"], "open_drawer");
    assert_eq!(waiting[0]["reason"], "一号窗口 · 清点 counted 100.00×15 · 库房交出 from the vault 1500.00");
    assert!(waiting[0]["shown"].as_str().unwrap().starts_with("办后尾箱 1500.00 元"), "{waiting}");
    let approval = format!("/api/v1/office/proposals/{}/approval", proposed.text("proposal"));
    bank.town.post(&bank.clerk, &approval, json!({})).problem(403, "not_permitted");
    bank.town.post(&bank.accountant, &approval, json!({})).expect(201);
    // A customer: in, out, more than there is.
    let taken = bank.cash(&bank.clerk, &hh, cash("in", "600.00")).expect(202);
    assert_eq!((taken.text("status").as_str(), bank.balance(&hh)), ("on_its_way", json!("600.00")));
    bank.cash(&bank.clerk, &hh, cash("out", "50.00")).expect(202);
    bank.cash(&bank.clerk, &hh, cash("out", "2050.01")).problem(422, "insufficient_cash");
    bank.cash(&bank.clerk, &hh, cash("out", "550.01")).problem(422, "insufficient_funds");
    bank.cash(&bank.clerk, &hh, cash("sideways", "1.00")).problem(422, "bad_cash");
    let both = json!({ "way": "out", "amount": "1.00", "value_date": "2026-03-01" });
    bank.cash(&bank.clerk, &hh, both).problem(422, "bad_cash");
    bank.cash(&farmer, &hh, cash("in", "1.00")).problem(403, "not_permitted");
    bank.cash(&bank.accountant, &hh, cash("in", "1.00")).problem(403, "not_permitted");
    let day = bank.day();
    assert_eq!((&day["paid_in"], &day["paid_out"]), (&json!("600.00"), &json!("50.00")));
    assert_eq!((&day["drawer"]["balance"], &day["drawer"]["over_limit"]), (&json!("2050.00"), &json!(true)));
    let slip = day["slips"].as_array().unwrap().iter().find(|slip| slip["way"] == "in").unwrap();
    assert_eq!((&slip["slip"], &slip["state"]), (&json!(taken.text("transfer")), &json!("booked")));
    // The household sees it in its own account.
    let entries = bank.town.get(&farmer, &format!("/api/v1/households/{hh}/entries")).expect(200).json();
    let kinds: Vec<_> = entries["items"].as_array().unwrap().iter().map(|entry| entry["kind_zh"].clone()).collect();
    assert_eq!(kinds, [json!("现金支取"), json!("现金存入")]);
    // The day waits for the drawer.
    let close = format!("/api/v1/office/days/{}/close", open_date());
    bank.town
        .send(&bank.accountant, "POST", &close, &[("Command-Id", &bank.town.command())], None)
        .problem(409, "drawers_open");
    let evening = json!({ "step": "close", "pieces": hundreds(20), "amount": "2000.00" });
    bank.by_two(&bank.clerk, &bank.accountant, &bank.steps(), evening);
    let all = bank.all();
    let difference = &all["differences"][0];
    assert_eq!((&difference["amount"], &difference["clerk_login"]), (&json!("-50.00"), &json!("zhao")));
    assert_eq!((&all["drawers"][0]["balance"], &all["total"]), (&json!("40500.00"), &json!("40500.00")));
    bank.town.desk.engine.settle();
    let cases = bank.town.get(&bank.approver, "/api/v1/office/cases").expect(200).json();
    assert_eq!((&cases[0]["typology"], &cases[0]["money"]), (&json!("cash_difference"), &json!("50.00")));
    let clear =
        json!({ "step": "clear", "difference": difference["difference"], "how": "cash", "reason": "made good" });
    bank.by_two(&bank.accountant, &bank.approver, "/api/v1/office/drawers/vault/steps", clear);
    let all = bank.all();
    assert_eq!((&all["differences"], &all["total"]), (&json!([]), &json!("40550.00")));
    let closed = bank.day();
    let counts: Vec<_> = closed["counts"].as_array().unwrap().iter().map(|count| count["occasion"].clone()).collect();
    assert_eq!((counts, &closed["counts"][1]["difference"]), (vec![json!("open"), json!("close")], &json!("-50.00")));
    bank.town.send(&bank.accountant, "POST", &close, &[("Command-Id", &bank.town.command())], None).expect(202);
}
