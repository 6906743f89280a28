//! A loan's whole life over HTTP, decided by the machine and decided by people.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use door::Role;
use serde_json::{Value, json};
use support::*;

fn sign_body(offer: &Value) -> Value {
    json!({ "text_hash": offer["text_hash"], "read_seconds": 12, "confirmed": true })
}

#[test]
fn from_enrolment_to_paid_off() {
    let town = Town::start(Plan { model: Some(model()), ..Plan::default() });
    let enrolled = town.enrol(1);
    let hh = format!("/api/v1/households/{}", enrolled.household);

    // Signs out and in again, with all three proofs.
    town.send(&enrolled, "DELETE", "/api/v1/sessions", &[], None).expect(204);
    town.get(&enrolled, &hh).problem(401, "session_expired");
    let code = town.new_code(&phone(1), "sign_in");
    let proofs = |pin: &str, code: &str| json!({ "phone": phone(1), "code": code, "pin": pin });
    town.post(&Who::default(), "/api/v1/sessions", proofs("775533", &code)).problem(403, "wrong_pin");
    let reply = town.post(&Who::default(), "/api/v1/sessions", proofs(PIN, &code)).expect(201);
    let farmer = who_of(&reply, &reply.json());
    assert_eq!(farmer.household, enrolled.household);
    town.post(&Who::default(), "/api/v1/sessions", proofs(PIN, &code)).problem(422, "code_expired");
    let me = town.get(&farmer, "/api/v1/me").expect(200).json();
    assert_eq!((&me["actor"]["kind"], &me["actor"]["name"]), (&json!("household"), &json!("王芳")));
    assert_eq!(me["csrf_token"], farmer.csrf.clone().unwrap());

    let shown = town.get(&farmer, &hh).expect(200).json();
    assert_eq!(shown["persons"][0]["phone_masked"], "138****0001");
    assert_eq!(shown["wallet"]["available"], "0.00");
    let limits = town.get(&farmer, &format!("{hh}/limits")).expect(200).json();
    assert_eq!(limits["profile"], json!({ "known_movements": 0, "thin": true }));
    assert!(limits["products"].as_array().unwrap().iter().all(|p| p["outcome"] == "refer"), "{limits}");

    town.post(&farmer, &format!("{hh}/events"), events(400_000, 180_000)).expect(201);
    let limits = town.get(&farmer, &format!("{hh}/limits")).expect(200).json();
    assert_eq!(limits["profile"]["thin"], false);
    assert!(limits["products"].as_array().unwrap().iter().any(|p| p["available"] != "0.00"), "{limits}");
    let profile = town.get(&farmer, &format!("{hh}/profile")).expect(200).json();
    assert!(profile["features"].as_array().unwrap().iter().any(|f| f["value"].is_string()), "{profile}");

    let asked =
        json!({ "product": "season-bullet", "amount": "3000.00", "term_months": 6, "purpose": "farming-inputs" });
    let command = town.command();
    let first = town.post_as(&farmer, &command, &format!("{hh}/applications"), asked.clone()).expect(201);
    assert!(first.header("server-timing").starts_with("decision;dur="));
    let decided = first.json();
    assert_eq!((&decided["status"], &decided["approved"]), (&json!("approved"), &json!("3000.00")), "{decided}");
    assert!(!decided["reasons"].as_array().unwrap().is_empty());
    let application = format!("{hh}/applications/{}", decided["application"].as_str().unwrap());
    let one = town.get(&farmer, &application).expect(200).json();
    let offer = &one["offer"];
    assert!(offer["contract_text_zh"].as_str().unwrap().contains("测试银行"), "{offer}");
    assert_eq!(offer["cost"]["principal"], "3000.00");
    assert_eq!(offer["read_seconds_min"], 10);

    let signature = format!("{application}/signature");
    let hasty = json!({ "text_hash": offer["text_hash"], "read_seconds": 3, "confirmed": true });
    town.post(&farmer, &signature, hasty).problem(422, "not_read");
    let unread = json!({ "text_hash": "00".repeat(32), "read_seconds": 12, "confirmed": true });
    town.post(&farmer, &signature, unread).problem(409, "text_changed");
    let signing = town.command();
    let signed = town.post_as(&farmer, &signing, &signature, sign_body(offer)).expect(201);
    let again = town.post_as(&farmer, &signing, &signature, sign_body(offer)).expect(201);
    assert_eq!(signed.bytes, again.bytes, "the same command has the same answer, also once it is signed");
    town.post(&farmer, &signature, sign_body(offer)).problem(409, "wrong_status");

    let draw = format!("{hh}/contracts/{}/drawdown", signed.text("contract"));
    let drawing = town.command();
    let drawn = town.post_as(&farmer, &drawing, &draw, json!({})).expect(201);
    assert_eq!(town.post_as(&farmer, &drawing, &draw, json!({})).expect(201).bytes, drawn.bytes);
    assert_eq!(town.get(&farmer, &hh).json()["wallet"]["available"], "3000.00");
    // What was answered to the application stays as it was answered.
    let replayed = town.post_as(&farmer, &command, &format!("{hh}/applications"), asked).expect(201);
    assert_eq!(replayed.bytes, first.bytes);
    let rows = town.get(&farmer, &format!("{hh}/applications")).expect(200).json();
    assert_eq!((&rows[0]["status"], &rows[0]["loan"]), (&json!("signed"), &json!(drawn.text("loan"))));

    let loan = format!("{hh}/loans/{}", drawn.text("loan"));
    let detail = town.get(&farmer, &loan).expect(200).json();
    assert_eq!(detail["schedule"].as_array().unwrap().len(), 1);
    assert_eq!(detail["history"][0]["kind"], "disbursed");
    let repayments = format!("{loan}/repayments");
    let problem = town.post(&farmer, &repayments, json!({ "amount": "3000.01" })).problem(422, "more_than_due");
    assert_eq!(problem["params"]["due"], "0.00");
    let payoff = detail["payoff_today"].as_str().unwrap();
    let paid = town.post(&farmer, &repayments, json!({ "amount": payoff })).expect(201).json();
    assert_eq!((&paid["closed"], &paid["outstanding"]), (&json!(true), &json!("0.00")));
    let detail = town.get(&farmer, &loan).expect(200).json();
    assert_eq!((&detail["status"], &detail["history"][1]["kind"]), (&json!("closed"), &json!("paid")));
    assert_eq!(detail["history"][1]["allocation"]["principal"], "3000.00");

    let page = town.get(&farmer, &format!("{hh}/entries?limit=1")).expect(200).json();
    assert_eq!(page["items"][0]["kind"], "repayment");
    let next = page["next"].as_str().unwrap();
    let rest = town.get(&farmer, &format!("{hh}/entries?limit=1&after={next}")).expect(200).json();
    assert_eq!((&rest["items"][0]["kind"], &rest["next"]), (&json!("disbursement"), &Value::Null));
}

#[test]
fn who_is_little_known_is_decided_by_two_people() {
    let town = Town::start(Plan::default());
    let farmer = town.enrol(2);
    let hh = format!("/api/v1/households/{}", farmer.household);
    let (officer, approver) = (town.staff("li.officer", Role::Officer), town.staff("zhao.approver", Role::Approver));
    let accountant = town.staff("qian.accountant", Role::Accountant);
    let apply = |amount: &str| {
        let asked = json!({ "product": "season-bullet", "amount": amount, "term_months": 6, "purpose": "livestock" });
        let reply = town.post(&farmer, &format!("{hh}/applications"), asked).expect(201);
        assert_eq!(reply.text("status"), "referred");
        reply.text("application")
    };
    let (small, large) = (apply("5000.00"), apply("30000.00"));
    let queue = town.get(&officer, "/api/v1/office/referrals").expect(200).json();
    assert_eq!((queue.as_array().unwrap().len(), &queue[0]["name"]), (2, &json!("王芳")));
    assert!(!queue[0]["reasons"].as_array().unwrap().is_empty());

    let decision = |ap: &str| format!("/api/v1/office/applications/{ap}/decision?household={}", farmer.household);
    let no = json!({ "approve": false, "reason": "the herd is ill" });
    let declined = town.post(&officer, &decision(&small), no).expect(201);
    assert_eq!(declined.text("status"), "declined");
    let yes = json!({ "approve": true, "amount": "28000.00", "reason": "visited: the farm is in order" });
    let command = town.command();
    let proposed = town.post_as(&officer, &command, &decision(&large), yes.clone()).expect(202);
    assert_eq!(town.post_as(&officer, &command, &decision(&large), yes).expect(202).bytes, proposed.bytes);
    let open = town.get(&approver, "/api/v1/office/proposals").expect(200).json();
    assert_eq!(open[0]["proposal"], proposed.text("proposal"));
    assert_eq!((&open[0]["act"], &open[0]["proposed_by"]), (&json!("decide_by_hand"), &json!("li.officer")));
    assert_eq!(open[0]["amount"], "28000.00");
    let approval = format!("/api/v1/office/proposals/{}/approval", proposed.text("proposal"));
    town.post(&officer, &approval, json!({})).problem(403, "not_permitted");
    town.post(&accountant, &approval, json!({})).problem(403, "not_permitted");
    assert_eq!(town.post(&approver, &approval, json!({})).expect(201).text("status"), "approved");
    town.post(&approver, &approval, json!({})).problem(409, "proposal_closed");

    let application = format!("{hh}/applications/{large}");
    let one = town.get(&farmer, &application).expect(200).json();
    assert_eq!((&one["status"], &one["approved"]), (&json!("approved"), &json!("28000.00")));
    let signed = town.post(&farmer, &format!("{application}/signature"), sign_body(&one["offer"])).expect(201);
    let draw = format!("{hh}/contracts/{}/drawdown", signed.text("contract"));
    town.post(&farmer, &draw, json!({})).expect(201);

    // The books: money in and out, a transfer, capital by two people, the day.
    town.fund();
    let other = town.enrol(3);
    let transfer = json!({ "to": other.household, "amount": "100.00", "note": "seed" });
    assert!([201, 202].contains(&town.post(&farmer, &format!("{hh}/transfers"), transfer).status));
    town.desk.engine.settle();
    let there = town.get(&other, &format!("/api/v1/households/{}", other.household)).expect(200).json();
    assert_eq!(there["wallet"]["balance"], "100.00");
    let poor =
        town.post(&other, &format!("/api/v1/households/{}/withdrawals", other.household), json!({"amount": "100.01"}));
    assert_eq!(poor.problem(422, "insufficient_funds")["params"]["available"], "100.00");
    let capital = json!({ "amount": "1000.00", "reference": "slip 9" });
    let proposed = town.post(&accountant, "/api/v1/office/funds", capital).expect(202);
    let rejection = format!("/api/v1/office/proposals/{}/rejection", proposed.text("proposal"));
    town.post(&approver, &rejection, json!({ "reason": "no such slip" })).expect(201);
    let trial = town.get(&accountant, "/api/v1/office/trial-balance").expect(200).json();
    assert_eq!(trial["debit_total"], trial["credit_total"]);
    assert!(trial["lines"].as_array().unwrap().iter().any(|l| l["zh"].as_str().unwrap().contains("贷款")), "{trial}");
    let loans = town.get(&officer, "/api/v1/office/loans").expect(200).json();
    assert_eq!((&loans[0]["outstanding"], &loans[0]["name"]), (&json!("28000.00"), &json!("王芳")));
    let found = town.get(&officer, &format!("/api/v1/office/households?phone={}", phone(2))).expect(200).json();
    assert_eq!(found[0]["household"], farmer.household);
    let village = town.get(&officer, "/api/v1/office/households?village=%E6%9F%B3%E6%A0%91%E6%B9%BE").expect(200);
    assert_eq!(village.json().as_array().unwrap().len(), 2);

    let entries = town.get(&accountant, &format!("{hh}/entries")).expect(200).json();
    let reversal = json!({ "entry": entries["items"][1]["entry"], "reason": "typed wrongly" });
    town.post(&accountant, "/api/v1/office/reversals", reversal).problem(422, "touches_loan");
    let day = "/api/v1/office/days/2026-03-02";
    assert_eq!(town.get(&accountant, day).expect(200).text("status"), "open");
    town.get(&accountant, "/api/v1/office/days/2026-03-01").problem(404, "unknown_day");
    town.post(&accountant, "/api/v1/office/days/2026-03-01/close", json!({})).problem(409, "not_the_open_day");
    town.post(&accountant, "/api/v1/office/days/yesterday/close", json!({})).problem(422, "bad_date");
    town.pass(86_400);
    town.get(&accountant, day).problem(401, "session_expired");
    let accountant = town.sign_in("qian.accountant");
    town.post(&accountant, &format!("{day}/close"), json!({})).expect(202);
    town.desk.engine.settle();
    assert_eq!(town.get(&accountant, day).expect(200).text("status"), "closed");
    assert_eq!(town.get(&Who::default(), "/health").expect(200).text("open_date"), "2026-03-03");
}

#[test]
fn staff_are_taken_on_by_two_people_and_programs_get_tokens() {
    let town = Town::start(Plan::default());
    let (admin, approver) = (town.staff("admin", Role::Admin), town.staff("approver", Role::Approver));
    let hire = |login: &str, role: &str| {
        let body = json!({ "login": login, "role": role, "password": PASSWORD });
        let proposed = town.post(&admin, "/api/v1/office/staff", body).expect(202).text("proposal");
        town.post(&approver, &format!("/api/v1/office/proposals/{proposed}/approval"), json!({})).expect(201);
        let list = town.get(&admin, "/api/v1/office/staff").expect(200).json();
        let row = list.as_array().unwrap().iter().find(|row| row["login"] == login).unwrap().clone();
        row["staff"].as_str().unwrap().to_owned()
    };
    let machine = hire("machine-scale", "clerk");
    let person = hire("sun.clerk", "clerk");
    town.sign_in("sun.clerk");
    town.post(&admin, "/api/v1/office/tokens", json!({ "staff": person, "days": 1 })).problem(422, "not_a_machine");
    let given = town.post(&admin, "/api/v1/office/tokens", json!({ "staff": machine, "days": 1 })).expect(201);
    let program = Who { bearer: Some(given.text("token")), ..Who::default() };
    let farmer = town.enrol(1);
    let topups = format!("/api/v1/households/{}/topups", farmer.household);
    town.post(&program, &topups, json!({ "amount": "10.00", "reference": "rail 1" })).expect(201);
    assert_eq!(town.get(&program, "/api/v1/me").expect(200).json()["actor"]["kind"], "machine");
    // A program's token is no cookie, and a person's cookie no token.
    let cookie = Who { cookie: Some(format!("tianxin_session={}", given.text("token"))), ..Who::default() };
    town.get(&cookie, "/api/v1/me").problem(401, "not_signed_in");
    let token = farmer.cookie.clone().unwrap().split_once('=').unwrap().1.to_owned();
    town.get(&Who { bearer: Some(token), ..Who::default() }, "/api/v1/me").problem(401, "not_signed_in");
    // It ends when its account is closed.
    let close = json!({ "staff": machine, "login": "machine-scale", "role": "clerk", "active": false });
    let proposed = town.post(&admin, "/api/v1/office/staff", close).expect(202).text("proposal");
    town.post(&approver, &format!("/api/v1/office/proposals/{proposed}/approval"), json!({})).expect(201);
    town.get(&program, "/api/v1/me").problem(401, "session_expired");
}
