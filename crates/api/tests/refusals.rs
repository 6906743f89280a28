//! Bad input and bad luck over HTTP: clear problems, nothing half done, nothing done twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use api::Rates;
use door::Role;
use serde_json::json;
use support::*;

fn json_header() -> [(&'static str, &'static str); 2] {
    [("Command-Id", "0195e3a0-0000-7000-8000-ffffffffffff"), ("Content-Type", "application/json")]
}

#[test]
fn bodies_that_cannot_be_are_refused() {
    let town = Town::start(Plan::default());
    let farmer = town.enrol(1);
    let hh = format!("/api/v1/households/{}", farmer.household);
    let applications = format!("{hh}/applications");
    let malformed = [&b"{"[..], b"", b"[]", b"{\"product\": 1}", b"\xff\xfe", b"{\"product\":\"x\",\"colour\":1}"];
    for body in malformed {
        town.send(&farmer, "POST", &applications, &json_header(), Some(body)).problem(400, "bad_json");
    }
    let plain = [("Command-Id", "0195e3a0-0000-7000-8000-ffffffffffff"), ("Content-Type", "text/plain")];
    town.send(&farmer, "POST", &applications, &plain, Some(b"{}")).problem(415, "not_json");
    let large = vec![b' '; 300 * 1024];
    town.send(&farmer, "POST", &applications, &json_header(), Some(&large)).problem(413, "body_too_large");
    let asked = |product: &str, amount: &str, term: u32, purpose: &str| json!({ "product": product, "amount": amount, "term_months": term, "purpose": purpose });
    let good = asked("season-bullet", "3000.00", 6, "livestock");
    let text = good.to_string();
    let without = [("Content-Type", "application/json")];
    town.send(&farmer, "POST", &applications, &without, Some(text.as_bytes())).problem(400, "command_id_missing");
    for id in ["", "7", "00000000-0000-0000-0000-000000000000", "not-a-uuid"] {
        town.post_as(&farmer, id, &applications, good.clone()).problem(400, "bad_command_id");
    }
    let cases = [
        (asked("gold", "3000.00", 6, "livestock"), 404, "unknown_product"),
        (asked("season-bullet", "-3000.00", 6, "livestock"), 422, "outside_product"),
        (asked("season-bullet", "0", 6, "livestock"), 422, "outside_product"),
        (asked("season-bullet", "99999999999999999999", 6, "livestock"), 422, "bad_amount"),
        (asked("season-bullet", "1e9", 6, "livestock"), 422, "bad_amount"),
        (asked("season-bullet", "3000.001", 6, "livestock"), 422, "bad_amount"),
        (asked("season-bullet", "3000.00", 600, "livestock"), 422, "outside_product"),
        (asked("season-bullet", "3000.00", 70_000, "livestock"), 400, "bad_json"),
        (asked("season-bullet", "3000.00", 6, "roulette"), 422, "purpose_not_offered"),
    ];
    for (body, status, code) in cases {
        town.post(&farmer, &applications, body).problem(status, code);
    }
    assert_eq!(town.get(&farmer, &applications).expect(200).json(), json!([]), "nothing was stored");

    let event =
        |kind: &str, date: &str, amount: &str| json!({"events": [{"kind": kind, "date": date, "amount": amount}]});
    let events = format!("{hh}/events");
    for (body, status, code) in [
        (json!({ "events": [] }), 422, "bad_event_count"),
        (event("medicine", "2026-02-01", "5.00"), 422, "bad_event"),
        (event("utility", "2026-02-30", "5.00"), 422, "bad_date"),
        (event("utility", "2026-03-03", "5.00"), 422, "event_ahead"),
        (event("utility", "1960-01-01", "5.00"), 422, "bad_event"),
        (event("utility", "2026-02-01", "-5.00"), 422, "bad_event"),
        (event("utility", "2026-02-01", "922337203685477.00"), 422, "bad_event"),
        (event("referral", "2026-02-01", "5.00"), 422, "bad_event"),
    ] {
        town.post(&farmer, &events, body).problem(status, code);
    }
    let claimed = json!({"events": [
        {"kind": "salary", "date": "2026-02-01", "amount": "5.00", "channel": "own_business"},
    ]});
    town.post(&farmer, &events, claimed).problem(403, "channel_not_yours");
    let withdrawals = format!("{hh}/withdrawals");
    town.post(&farmer, &withdrawals, json!({ "amount": "-1.00" })).problem(422, "amount_not_positive");
    town.post(&farmer, &withdrawals, json!({ "amount": "0.01" })).problem(422, "insufficient_funds");
    town.get(&farmer, &format!("{hh}/entries?after=x")).problem(400, "bad_query");
    town.get(&farmer, &format!("{hh}/entries?limit=many")).problem(400, "bad_query");
    town.get(&farmer, "/api/v1/nothing").problem(404, "no_such_page");
    town.send(&farmer, "PUT", &hh, &[], None).problem(405, "no_such_method");
}

#[test]
fn a_command_id_means_one_thing_for_ever() {
    let town = Town::start(Plan::default());
    let clerk = town.staff("clerk", Role::Clerk);
    let other_clerk = town.staff("other.clerk", Role::Clerk);
    let farmer = town.enrol(1);
    let topups = format!("/api/v1/households/{}/topups", farmer.household);
    let slip = json!({ "amount": "10.00", "reference": "slip 1" });
    let command = town.command();
    let first = town.post_as(&clerk, &command, &topups, slip.clone()).expect(201);
    let again = town.post_as(&clerk, &command, &topups, slip.clone()).expect(201);
    assert_eq!(first.bytes, again.bytes);
    let balance = || {
        let shown = town.get(&farmer, &format!("/api/v1/households/{}", farmer.household)).expect(200).json();
        shown["wallet"]["balance"].as_str().unwrap().to_owned()
    };
    assert_eq!(balance(), "10.00", "it was booked once");
    let other = json!({ "amount": "11.00", "reference": "slip 1" });
    town.post_as(&clerk, &command, &topups, other).problem(409, "command_conflict");
    town.post_as(&other_clerk, &command, &topups, slip.clone()).problem(409, "command_conflict");
    // A month later, from a desk that synchronises late.
    town.pass(31 * 86_400);
    let clerk = town.sign_in("clerk");
    assert_eq!(town.post_as(&clerk, &command, &topups, slip).expect(201).bytes, first.bytes);
    assert_eq!(balance_after(&town, &clerk, &farmer.household), "10.00");
    // A refusal stores nothing: the id stays free.
    let command = town.command();
    town.post_as(&clerk, &command, &topups, json!({ "amount": "0.00", "reference": "x" }))
        .problem(422, "amount_not_positive");
    town.post_as(&clerk, &command, &topups, json!({ "amount": "1.00", "reference": "x" })).expect(201);
}

fn balance_after(town: &Town, who: &Who, household: &str) -> String {
    let shown = town.get(who, &format!("/api/v1/households/{household}")).expect(200).json();
    shown["wallet"]["balance"].as_str().unwrap().to_owned()
}

#[test]
fn enrolment_checks_who_it_is() {
    let town = Town::start(Plan::default());
    let nobody = Who::default();
    let code = town.new_code(&phone(1), "enrol");
    let enrol = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut body = town.enrolment(1, &code);
        change(&mut body);
        town.post(&nobody, "/api/v1/enrolments", body)
    };
    let wrong_id = |body: &mut serde_json::Value| {
        let id = resident_id(1);
        let last = if id.ends_with('0') { '1' } else { '0' };
        body["resident_id"] = json!(format!("{}{last}", &id[..17]));
    };
    enrol(&wrong_id).problem(422, "bad_resident_id");
    enrol(&|body| body["resident_id"] = json!("1")).problem(422, "bad_resident_id");
    enrol(&|body| body["name"] = json!(" ")).problem(422, "name_missing");
    enrol(&|body| body["name"] = json!("王1")).problem(422, "bad_name");
    enrol(&|body| body["phone"] = json!("12345")).problem(422, "bad_phone");
    enrol(&|body| body["phone"] = json!(phone(2))).problem(422, "code_expired");
    enrol(&|body| body["pin"] = json!("123456")).problem(422, "bad_pin");
    enrol(&|body| body["consents"] = json!([])).problem(422, "consent_missing");
    enrol(&|body| body["village"] = json!("")).problem(422, "bad_text");
    let tries = enrol(&|body| body["code"] = json!("x")).problem(422, "wrong_code");
    assert_eq!(tries["params"]["tries_left"], "4");
    // Sent twice under one id it is one household; the second time it signs in again.
    let command = town.command();
    let body = town.enrolment(1, &code);
    let first = town.post_as(&nobody, &command, "/api/v1/enrolments", body.clone()).expect(201);
    let again = town.post_as(&nobody, &command, "/api/v1/enrolments", body.clone()).expect(201);
    assert_eq!(first.text("household"), again.text("household"));
    town.post(&nobody, "/api/v1/enrolments", body).problem(422, "code_expired");
    // The same person with another phone is known already.
    let code = town.new_code(&phone(9), "enrol");
    let mut body = town.enrolment(1, &code);
    body["phone"] = json!(phone(9));
    town.post(&nobody, "/api/v1/enrolments", body).problem(409, "enrolled_already");
}

#[test]
fn codes_and_proofs_run_out() {
    let town = Town::start(Plan::default());
    town.enrol(1);
    let nobody = Who::default();
    let sessions = "/api/v1/sessions";
    let proofs = |code: &str, pin: &str| json!({ "phone": phone(1), "code": code, "pin": pin });
    town.post(&nobody, sessions, proofs("123456", PIN)).problem(422, "code_expired");
    let code = town.new_code(&phone(1), "sign_in");
    let asked = json!({ "phone": phone(1), "purpose": "sign_in" });
    let soon = town.post(&nobody, "/api/v1/codes", asked);
    assert_eq!(soon.header("retry-after"), "61");
    soon.problem(429, "code_too_soon");
    town.pass(300);
    town.post(&nobody, sessions, proofs(&code, PIN)).problem(422, "code_expired");

    let code = town.new_code(&phone(1), "sign_in");
    let wrong = if code == "000000" { "111111" } else { "000000" };
    for _ in 0..5 {
        town.post(&nobody, sessions, proofs(wrong, PIN)).problem(422, "wrong_code");
    }
    town.post(&nobody, sessions, proofs(wrong, PIN)).problem(403, "code_locked");
    town.post(&nobody, sessions, proofs(&code, PIN)).problem(403, "code_locked");

    town.pass(301);
    let code = town.new_code(&phone(1), "sign_in");
    for _ in 0..5 {
        town.post(&nobody, sessions, proofs(&code, "775533")).problem(403, "wrong_pin");
    }
    town.post(&nobody, sessions, proofs(&code, PIN)).problem(429, "sign_in_locked");
    town.pass(901);
    let code = town.new_code(&phone(1), "sign_in");
    town.post(&nobody, sessions, proofs(&code, PIN)).expect(201);

    town.hire("clerk", Role::Clerk);
    let login = |login: &str, password: &str| json!({ "login": login, "password": password });
    town.post(&nobody, sessions, login("nobody", PASSWORD)).problem(403, "wrong_sign_in");
    for _ in 0..5 {
        town.post(&nobody, sessions, login("clerk", "wrong")).problem(403, "wrong_sign_in");
    }
    town.post(&nobody, sessions, login("clerk", PASSWORD)).problem(429, "sign_in_locked");
    town.post(&nobody, sessions, json!({ "login": "clerk" })).problem(400, "bad_json");
    town.post(&nobody, sessions, json!({ "phone": phone(1), "password": "x" })).problem(400, "bad_json");
}

#[test]
fn sessions_end_and_csrf_is_asked_for() {
    let town = Town::start(Plan::default());
    let farmer = town.enrol(1);
    let other = town.enrol(2);
    let withdrawals = format!("/api/v1/households/{}/withdrawals", farmer.household);
    let amount = json!({ "amount": "1.00" });
    let without = Who { csrf: None, ..farmer.clone() };
    town.post(&without, &withdrawals, amount.clone()).problem(403, "csrf_missing");
    let foreign = Who { csrf: other.csrf.clone(), ..farmer.clone() };
    town.post(&foreign, &withdrawals, amount.clone()).problem(403, "csrf_missing");
    town.send(&without, "DELETE", "/api/v1/sessions", &[], None).problem(403, "csrf_missing");
    town.post(&farmer, &withdrawals, amount.clone()).problem(422, "insufficient_funds");
    // A token that was altered is nobody's.
    let cookie = farmer.cookie.clone().unwrap();
    let altered = cookie.replacen("t1.8", "t1.9", 1);
    for cookie in [altered, cookie[..cookie.len() - 2].to_owned(), "tianxin_session=t1.00.00".to_owned()] {
        let who = Who { cookie: Some(cookie), ..farmer.clone() };
        town.get(&who, "/api/v1/me").problem(401, "not_signed_in");
    }
    town.pass(12 * 3_600);
    town.post(&farmer, &withdrawals, amount).problem(401, "session_expired");
    town.new_code(&phone(1), "sign_in");
}

#[test]
fn what_is_others_stays_theirs() {
    let town = Town::start(Plan::default());
    let (mine, theirs) = (town.enrol(1), town.enrol(2));
    let asked = json!({ "product": "season-bullet", "amount": "3000.00", "term_months": 6, "purpose": "livestock" });
    let their_applications = format!("/api/v1/households/{}/applications", theirs.household);
    let command = town.command();
    let their = town.post_as(&theirs, &command, &their_applications, asked.clone()).expect(201).text("application");
    town.get(&mine, &their_applications).problem(403, "not_yours");
    town.post(&mine, &their_applications, asked.clone()).problem(403, "not_yours");
    town.get(&mine, &format!("/api/v1/households/{}/applications/{their}", mine.household))
        .problem(404, "unknown_application");
    let mistyped = theirs.household.replace("hh-", "hh-1");
    town.get(&mine, &format!("/api/v1/households/{mistyped}")).problem(400, "bad_id");
    town.get(&mine, &format!("/api/v1/households/{their}")).problem(400, "bad_id");
    // Another's command id: the thing it would make is another's already, or the id is taken.
    let reply = town.post_as(&mine, &command, &format!("/api/v1/households/{}/applications", mine.household), asked);
    assert!(reply.status == 201 || reply.status == 409, "{reply:?}");
    // What does not exist is told to staff, in their language.
    let clerk = town.staff("clerk", Role::Clerk);
    let unknown = basics::Id::from_u128(77);
    let cell = basics::Cell::of(unknown, CELLS);
    let public = basics::PublicId { kind: basics::IdKind::Household, cell, id: unknown };
    let english = [("Accept-Language", "en-GB,en;q=0.9,zh;q=0.5")];
    let path = format!("/api/v1/households/{public}");
    let problem = town.send(&clerk, "GET", &path, &english, None);
    assert_eq!(problem.header("content-language"), "en");
    assert!(problem.problem(404, "unknown_household")["detail"].as_str().unwrap().starts_with("there is no such"));
    let problem = town.get(&clerk, &path).problem(404, "unknown_household");
    assert_eq!(problem["title"], "没有这户，请核对编号。");
}

#[test]
fn callers_who_hurry_are_slowed() {
    let rates = Rates {
        address_burst: 30,
        address_per_second: 1,
        actor_burst: 5,
        actor_per_second: 1,
        codes_burst: 3,
        codes_per_minute: 2,
    };
    let town = Town::start(Plan { rates, ..Plan::default() });
    let farmer = town.enrol(1);
    let me = || town.get(&farmer, "/api/v1/me").status;
    assert_eq!([me(), me(), me(), me(), me(), me()], [200, 200, 200, 200, 200, 429]);
    town.pass(2);
    assert_eq!(me(), 200);
    let health = || town.get(&Who::default(), "/health");
    let mut last = health();
    for _ in 0..40 {
        last = health();
    }
    assert_eq!(last.header("retry-after"), "1");
    last.problem(429, "too_many_requests");
    town.pass(10);
    health().expect(200);
    let code = |n| town.post(&Who::default(), "/api/v1/codes", json!({ "phone": phone(n), "purpose": "sign_in" }));
    code(11).expect(202);
    code(12).expect(202);
    code(13).problem(429, "too_many_requests");
    town.pass(30);
    code(13).expect(202);
}

#[test]
fn a_demonstration_shows_codes_and_lets_households_top_up() {
    let demo = Town::start(Plan { demo: true, ..Plan::default() });
    let asked = json!({ "phone": phone(1), "purpose": "enrol" });
    let reply = demo.post(&Who::default(), "/api/v1/codes", asked.clone()).expect(202);
    assert_eq!(reply.text("demo_code"), demo.code(&phone(1)));
    demo.pass(61);
    let farmer = demo.enrol(1);
    let topups = |who: &Who| format!("/api/v1/households/{}/topups", who.household);
    let slip = json!({ "amount": "5.00", "reference": "demo" });
    demo.post(&farmer, &topups(&farmer), slip.clone()).expect(201);
    let other = demo.enrol(2);
    demo.post(&farmer, &topups(&other), slip.clone()).problem(403, "not_yours");

    let real = Town::start(Plan::default());
    let reply = real.post(&Who::default(), "/api/v1/codes", asked).expect(202);
    assert!(reply.json().get("demo_code").is_none());
    real.pass(61);
    let farmer = real.enrol(1);
    real.post(&farmer, &topups(&farmer), slip).problem(403, "not_permitted");
}
