//! What is done to running loans, over HTTP: who may, what a second person sees, and the loan's own sheets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::*;

/// Those who act on a loan.
struct People {
    farmer: Who,
    officer: Who,
    approver: Who,
    accountant: Who,
    clerk: Who,
}

/// A season loan of 3,000.00 over six months, drawn today: everybody, and its address.
fn drawn(town: &Town) -> (People, String) {
    let farmer = town.enrol(1);
    let [officer, approver, accountant, clerk] = [
        ("officer", door::Role::Officer),
        ("approver", door::Role::Approver),
        ("accountant", door::Role::Accountant),
        ("clerk", door::Role::Clerk),
    ]
    .map(|(login, role)| town.staff(login, role));
    let hh = format!("/api/v1/households/{}", farmer.household);
    let draw = format!("{hh}/contracts/{}/drawdown", signed(town, &farmer, &officer));
    let loan = town.post(&farmer, &draw, json!({})).expect(201).text("loan");
    (People { farmer, officer, approver, accountant, clerk }, format!("{hh}/loans/{loan}"))
}

/// The contract of a season loan of 3,000.00 over six months, applied for, approved by hand and signed.
fn signed(town: &Town, farmer: &Who, officer: &Who) -> String {
    let hh = format!("/api/v1/households/{}", farmer.household);
    let asked =
        json!({ "product": "season-bullet", "amount": "3000.00", "term_months": 6, "purpose": "farming-inputs" });
    let id = town.post(farmer, &format!("{hh}/applications"), asked).expect(201).text("application");
    let decision = format!("/api/v1/office/applications/{id}/decision?household={}", farmer.household);
    town.post(officer, &decision, json!({ "approve": true, "amount": "3000.00", "reason": "visited" })).expect(201);
    let application = format!("{hh}/applications/{id}");
    let offer = town.get(farmer, &application).expect(200).json()["offer"].clone();
    let signature = json!({ "text_hash": offer["text_hash"], "read_seconds": 12, "confirmed": true });
    town.post(farmer, &format!("{application}/signature"), signature).expect(201).text("contract")
}

/// Proposed by one and approved by another; the id of the event, which is the approval's command, and what the second read.
fn by_two(town: &Town, (one, other): (&Who, &Who), path: &str, body: Value) -> (String, Value) {
    let waits = town.post(one, path, body).expect(202).text("proposal");
    let shown = town.get(other, "/api/v1/office/proposals").expect(200).json();
    let command = town.command();
    let approval = format!("/api/v1/office/proposals/{waits}/approval");
    town.post_as(other, &command, &approval, json!({})).expect(201);
    (command, shown[0].clone())
}

#[test]
fn a_loan_is_serviced_and_shows_its_sheets() {
    let town = Town::start(Plan::default());
    let (People { farmer, officer, approver, .. }, loan) = drawn(&town);
    let acts = format!("{loan}/acts");

    let standing = town.get(&officer, &format!("{loan}/standing")).expect(200).json();
    assert_eq!((&standing["class"]["zh"], &standing["stage"]), (&json!("正常"), &json!(1)), "{standing}");
    assert_eq!(standing["provision_general"], "30.00");
    assert_eq!(standing["account_sheet"][0]["debit"], "3000.00");
    town.get(&farmer, &format!("{loan}/standing")).problem(403, "not_permitted");

    // The household prepays a third from its wallet.
    let prepay = json!({ "amount": "1000.00", "strategy": "reduce_term" });
    let paid = town.post(&farmer, &format!("{loan}/prepayments"), prepay).expect(201).json();
    assert_eq!((&paid["principal"], &paid["outstanding"]), (&json!("1000.00"), &json!("2000.00")), "{paid}");
    let odd = json!({ "amount": "1000.00", "strategy": "any" });
    town.post(&farmer, &format!("{loan}/prepayments"), odd).problem(422, "bad_change");

    // An officer judges worse alone; better takes two.
    let judge = |act: &str, class: u8| json!({ "act": act, "reason": "visited", "class": class });
    assert_eq!(town.post(&officer, &acts, judge("judge_worse", 2)).expect(201).json()["status"], "serviced");
    town.post(&officer, &acts, judge("judge_worse", 9)).problem(422, "unknown_class");
    let standing = town.get(&officer, &format!("{loan}/standing")).expect(200).json();
    assert_eq!(
        (&standing["class"]["code"], &standing["grounds"][0]["ground"]),
        (&json!("substandard"), &json!("judged"))
    );
    assert_eq!((&standing["provision_specific"], &standing["stage"]), (&json!("500.00"), &json!(3)));
    let waits = town.post(&officer, &acts, judge("judge_better", 0)).expect(202).json();
    assert_eq!(waits["status"], "proposed");
    let open: Value = town.get(&approver, "/api/v1/office/proposals").expect(200).json();
    let text = open.to_string();
    assert!(text.contains("judge_loan_better") && text.contains("class 2") && text.contains("class 0"), "{text}");
    let approval = format!("/api/v1/office/proposals/{}/approval", waits["proposal"].as_str().unwrap());
    town.post(&approver, &approval, json!({})).expect(201);
    assert_eq!(town.get(&officer, &format!("{loan}/standing")).json()["class"]["place"], 0);

    // An extension needs the borrower's word, and says what is missing.
    let extend = json!({ "act": "extend", "reason": "asked", "until": "2026-12-02" });
    town.post(&officer, &acts, extend).problem(422, "bad_change");
    let long =
        json!({ "act": "extend", "reason": "asked", "until": "2028-12-02", "borrower_evidence": "ab".repeat(32) });
    town.post(&officer, &acts, long).problem(422, "extension");
    town.post(&officer, &acts, json!({ "act": "dance", "reason": "asked" })).problem(422, "bad_change");
}

#[test]
fn charges_and_money_that_goes_back() {
    let town = Town::start(Plan::default());
    let (People { farmer, officer, approver, accountant, clerk }, loan) = drawn(&town);
    let acts = format!("{loan}/acts");
    let detail = || town.get(&farmer, &loan).expect(200).json();
    let wallet = || {
        let own = town.get(&farmer, &format!("/api/v1/households/{}", farmer.household)).expect(200).json();
        own["wallet"]["balance"].as_str().unwrap().to_owned()
    };

    // A charge, let off in part; the second person reads what it does to the cost.
    let charge = json!({ "act": "charge", "reason": "survey of the field", "code": "survey", "kind": "fee", "amount": "50.00", "due": "2026-03-25" });
    town.post(&farmer, &acts, charge.clone()).problem(403, "not_permitted");
    let (charged, shown) = by_two(&town, (&officer, &approver), &acts, charge.clone());
    assert_eq!((&shown["act"], &shown["reason"]), (&json!("charge_loan"), &json!("survey of the field")), "{shown}");
    assert!(shown["shown"].as_str().unwrap().contains("成本 cost"), "{shown}");
    let let_off = json!({ "act": "waive_charge", "reason": "walked together", "event": charged, "amount": "10.00" });
    by_two(&town, (&officer, &approver), &acts, let_off.clone());
    assert_eq!(detail()["schedule"][0]["fee"], "40.00");
    let mut more = let_off;
    more["amount"] = json!("40.01");
    town.post(&officer, &acts, more).problem(422, "waiver_refused");
    let mut late = charge;
    late["due"] = json!("2027-03-25");
    town.post(&officer, &acts, late).problem(422, "charge_refused");

    // Paid, charged back by the bank in part, and given back in part as what is ahead of its time.
    let payment = town.command();
    let paid = json!({ "amount": "1000.00" });
    town.post_as(&farmer, &payment, &format!("{loan}/repayments"), paid).expect(201);
    assert_eq!(wallet(), "2000.00");
    let back =
        |amount: &str| json!({ "act": "charge_back", "reason": "the bank asks", "event": payment, "amount": amount });
    town.post(&officer, &acts, back("600.00")).problem(403, "not_permitted");
    town.post(&accountant, &acts, back("1000.01")).problem(422, "refund_refused");
    by_two(&town, (&accountant, &approver), &acts, back("600.00"));
    assert_eq!(wallet(), "2600.00");
    let refund = |amount: &str| json!({ "act": "refund", "reason": "asked", "amount": amount });
    town.post(&clerk, &acts, refund("400.01")).problem(422, "refund_refused");
    town.post(&clerk, &acts, refund("400.00")).expect(201);
    assert_eq!((wallet(), detail()["outstanding"].clone()), ("3000.00".to_owned(), json!("3000.00")));

    // Another due date, from the day after it was drawn on; neither the contract nor the rules know a plan that sets days past due back.
    let moved =
        json!({ "act": "reschedule", "reason": "sale put off", "from_due": "2026-09-02", "new_due": "2026-09-20" });
    town.post(&officer, &acts, moved.clone()).problem(422, "plan_refused");
    town.system("close", app::command::Command::CloseDay(app::close::CloseDay { day: open_date() }));
    town.desk.engine.settle();
    let (event, _) = by_two(&town, (&officer, &approver), &acts, moved);
    assert_eq!(detail()["schedule"][0]["due"], "2026-09-20");
    by_two(
        &town,
        (&officer, &approver),
        &acts,
        json!({ "act": "take_back", "reason": "typed wrongly", "event": event }),
    );
    assert_eq!(detail()["schedule"][0]["due"], "2026-09-02");
    let again = json!({ "act": "take_back", "reason": "typed wrongly", "event": event });
    town.post(&officer, &acts, again).problem(422, "reversal_refused");
    let anew = json!({ "act": "re_age", "reason": "asked", "start": "2026-04-02", "count": 3, "unit": "months" });
    let refused = town.post(&officer, &acts, anew).problem(422, "plan_refused");
    assert!(refused["detail"].as_str().unwrap().contains("还款计划"), "{refused}");
    town.post(&officer, &acts, json!({ "act": "re_amortise", "reason": "asked" })).problem(422, "plan_refused");
    let past =
        json!({ "act": "extend", "reason": "asked", "until": "2026-08-02", "borrower_evidence": "ab".repeat(32) });
    let refused = town.post(&officer, &acts, past).problem(422, "extension_refused");
    assert!(refused["detail"].as_str().unwrap().contains("展期"), "{refused}");

    // Out of income and assets; the claim stands, and comes back with the act taken back.
    let off = json!({ "act": "charge_off", "reason": "gone away" });
    town.post(&officer, &acts, off.clone()).problem(403, "not_permitted");
    let (event, _) = by_two(&town, (&accountant, &approver), &acts, off.clone());
    assert_eq!(detail()["outstanding"], "3000.00");
    town.post(&accountant, &acts, off).problem(422, "write_off_refused");
    let back = json!({ "act": "take_back", "reason": "came back", "event": event });
    by_two(&town, (&accountant, &approver), &acts, back);
    let history = detail()["history"].clone();
    let kinds: Vec<&str> = history.as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    // What was taken back is not told.
    let told = ["disbursed", "charge_added", "charge_waived", "paid", "charged_back", "refunded"];
    assert_eq!(kinds, told);
}

#[test]
fn a_loan_is_renewed_and_the_renewal_is_taken_back() {
    let town = Town::start(Plan::default());
    let (People { farmer, officer, approver, .. }, loan) = drawn(&town);
    let contract = signed(&town, &farmer, &officer);
    let hh = format!("/api/v1/households/{}", farmer.household);
    let renewal = format!("{loan}/renewal");
    let asked = |contract: &str, manner: &str| {
        json!({ "contract": contract, "manner": manner, "business_holds": true, "record_holds": true,
            "standard_holds": true, "reason": "sows again" })
    };
    town.post(&farmer, &renewal, asked(&contract, "without_repaying")).problem(403, "not_permitted");
    town.post(&officer, &renewal, asked(&contract, "for_ever")).problem(422, "bad_change");
    let mut silent = asked(&contract, "without_repaying");
    silent.as_object_mut().unwrap().remove("record_holds");
    town.post(&officer, &renewal, silent).problem(422, "bad_change");
    let (_, shown) = by_two(&town, (&officer, &approver), &renewal, asked(&contract, "without_repaying"));
    let text = shown["shown"].as_str().unwrap();
    assert!(text.contains("新借款 3000.00") && text.contains("new loan of 3000.00"), "{text}");
    let loans = || town.get(&farmer, &format!("{hh}/loans")).expect(200).json();
    let states = || {
        let told = loans();
        let mut all: Vec<(String, String)> = told
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let text = |name: &str| one[name].as_str().unwrap().to_owned();
                (text("status"), text("outstanding"))
            })
            .collect();
        all.sort();
        all
    };
    let pair = |status: &str, outstanding: &str| (status.to_owned(), outstanding.to_owned());
    assert_eq!(states(), [pair("active", "3000.00"), pair("closed", "0.00")]);
    assert_eq!(town.get(&farmer, &loan).json()["status"], "closed");
    town.post(&officer, &renewal, asked(&contract, "without_repaying")).problem(409, "loan_closed");

    let all = loans();
    let new = all.as_array().unwrap().iter().find(|one| one["status"] == "active").unwrap()["loan"].as_str().unwrap();
    let undo = format!("{hh}/loans/{new}/renewal/undo");
    by_two(&town, (&officer, &approver), &undo, json!({ "reason": "wrong contract" }));
    let old = town.get(&farmer, &loan).json();
    assert_eq!((&old["status"], &old["outstanding"]), (&json!("active"), &json!("3000.00")));
    // The contract can be drawn by the household, or renew the loan again.
    by_two(&town, (&officer, &approver), &renewal, asked(&contract, "without_repaying"));
    assert_eq!(town.get(&farmer, &loan).json()["status"], "closed");
}

#[test]
fn statements_add_up_and_leave_as_files() {
    let town = Town::start(Plan::default());
    let (People { farmer, clerk, .. }, loan) = drawn(&town);
    let hh = format!("/api/v1/households/{}", farmer.household);
    town.post(&farmer, &format!("{loan}/prepayments"), json!({ "amount": "1000.00", "strategy": "reduce_term" }))
        .expect(201);
    let ln = loan.rsplit('/').next().unwrap();
    let read = |query: &str| town.get(&farmer, &format!("{hh}/statement{query}"));
    let shown = read("?of=household&from=2026-03-01&to=2026-03-02").expect(200).json();
    assert_eq!(
        (&shown["from"], &shown["to"], &shown["open"]),
        (&json!("2026-03-01"), &json!("2026-03-02"), &json!(true))
    );
    let [wallet, note] = [0, 1].map(|place| shown["accounts"][place].clone());
    let lines = |account: &Value| -> Vec<(String, String)> {
        let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
        account["lines"].as_array().unwrap().iter().map(|line| (text(line, "change"), text(line, "balance"))).collect()
    };
    let line = |change: &str, balance: &str| (change.to_owned(), balance.to_owned());
    assert_eq!(lines(&wallet), [line("3000.00", "3000.00"), line("-1000.00", "2000.00")]);
    assert_eq!((&wallet["opening"], &wallet["closing"]), (&json!("0.00"), &json!("2000.00")));
    assert_eq!((&note["kind"], &note["loan"]), (&json!("loan"), &json!(ln)));
    assert_eq!(lines(&note), [line("3000.00", "3000.00"), line("-1000.00", "2000.00")]);
    assert_eq!(note["lines"][0]["zh"], wallet["lines"][0]["zh"], "both are called a drawing");
    // One account alone, and a period before anything happened.
    assert_eq!(read(&format!("?of={ln}")).expect(200).json()["accounts"], json!([note]));
    let before = read("?of=household&from=2026-02-01&to=2026-03-01").expect(200).json();
    assert_eq!((before["accounts"].as_array().unwrap().len(), &before["open"]), (1, &json!(false)), "no loan was owed");
    assert_eq!((&before["accounts"][0]["closing"], &before["accounts"][0]["lines"]), (&json!("0.00"), &json!([])));
    // As files: the same lines.
    let csv = read("?of=household&form=csv").expect(200);
    assert!(csv.header("content-type").starts_with("text/csv"), "{}", csv.header("content-type"));
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"statement-2026-03-01-2026-03-02.csv\"");
    let text = String::from_utf8(csv.bytes).unwrap();
    assert_eq!(text.lines().count(), 1 + 4 + 4, "{text}");
    assert!(text.contains("期末余额 closing,,,2000.00"), "{text}");
    let book = town.get(&clerk, &format!("{hh}/statement?form=xlsx")).expect(200);
    assert!(book.bytes.starts_with(b"PK"), "a workbook is a zip file");
    for (query, status, code) in [
        ("?from=2026-03-02&to=2026-03-01", 422, "bad_period"),
        ("?to=2026-03-03", 422, "bad_period"),
        ("?from=1989-01-01", 422, "bad_period"),
        ("?from=today", 422, "bad_date"),
        ("?form=pdf", 400, "bad_query"),
        ("?of=everything", 400, "bad_id"),
        ("?until=2026-03-01", 400, "bad_query"),
    ] {
        read(query).problem(status, code);
    }
    let stranger = town.enrol(2);
    town.get(&stranger, &format!("{hh}/statement")).problem(403, "not_yours");
}
