//! Payments over HTTP: accounts bound, money out over a rail that first gives no answer, what was moved wrong decided by two, a statement
//! worked, codes paid once, levels set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use api::courier::Courier;
use app::command::Command;
use app::desk::StatementRead;
use app::line::{RegisterMerchant, Settles};
use app::reconcile::BankLine;
use app::wallet::TopUp;
use basics::{Currency, Date, Id, IdKind, Instant, Money, PublicId, Rate};
use door::Role;
use rails::{Notice, OrderId, PaymentOrder, PaymentRail, RailError, Settled, Standing, Statement};
use serde_json::{Value, json};
use support::*;

fn yuan(amount: i64) -> Money {
    Money::new(amount * 100, Currency::CNY)
}

fn day() -> Date {
    Date::ymd(2026, 3, 2).unwrap()
}

/// Does what it is asked, says so only when it is asked again, and moves a yuan less where the purpose is `wrong`.
#[derive(Default)]
struct Slow(Mutex<HashMap<OrderId, PaymentOrder>>);

impl PaymentRail for Slow {
    fn name(&self) -> &str {
        "bank"
    }

    fn submit(&self, order: &PaymentOrder) -> Result<Standing, RailError> {
        assert_eq!((order.party.name.as_str(), order.party.account.as_str()), ("王芳", "6222000000000000001"));
        self.0.lock().unwrap().insert(order.id.clone(), order.clone());
        Err(RailError::NoAnswer("the line is dead".into()))
    }

    fn query(&self, id: &OrderId) -> Result<Standing, RailError> {
        let orders = self.0.lock().unwrap();
        Ok(orders.get(id).map_or(Standing::Unknown, |order| {
            let less = if order.purpose == "wrong" { 100 } else { 0 };
            let amount = Money::new(order.amount.minor() - less, Currency::CNY);
            Standing::Settled(Settled { amount, on: day(), reference: format!("R{}", order.amount.minor()) })
        }))
    }

    fn notices(&self) -> Result<Vec<Notice>, RailError> {
        Ok(Vec::new())
    }

    fn handled(&self, _: &Notice) -> Result<(), RailError> {
        Ok(())
    }

    fn statement(&self, day: Date) -> Result<Statement, RailError> {
        Err(RailError::NoAnswer(format!("no statement of {day}")))
    }
}

fn household_of(who: &Who) -> PublicId {
    PublicId::parse_kind(&who.household, IdKind::Household).unwrap()
}

fn wallet(town: &Town, who: &Who) -> (String, String) {
    let view = town.get(who, &format!("/api/v1/households/{}", who.household)).expect(200).json();
    let text = |name: &str| view["wallet"][name].as_str().unwrap_or_else(|| panic!("{view}")).to_owned();
    (text("balance"), text("held"))
}

fn give(town: &Town, who: &Who, amount: Money) {
    let PublicId { cell, id: household, .. } = household_of(who);
    let top_up = TopUp { cell, household, amount, value_date: None, reference: "slip".into() };
    town.system(&format!("give {household}"), Command::TopUp(top_up));
}

/// Approves what was proposed; what the second person read.
fn approve(town: &Town, approver: &Who, proposed: &Value) -> String {
    let proposal = proposed["proposal"].as_str().unwrap_or_else(|| panic!("{proposed}"));
    let waiting = town.get(approver, "/api/v1/office/proposals").expect(200).json();
    let read = waiting.as_array().unwrap().iter().find(|one| one["proposal"] == proposal).unwrap()["reason"].clone();
    town.post(approver, &format!("/api/v1/office/proposals/{proposal}/approval"), json!({})).expect(201);
    read.as_str().unwrap_or_default().to_owned()
}

#[test]
fn money_leaves_over_a_rail_and_the_statement_is_worked() {
    let town = Town::start(Plan { rails: vec!["bank"], ..Plan::default() });
    town.fund();
    let farmer = town.enrol(1);
    let accountant = town.staff("sun.accountant", Role::Accountant);
    let approver = town.staff("zhao.approver", Role::Approver);
    give(&town, &farmer, yuan(1_000));
    let hh = format!("/api/v1/households/{}", farmer.household);
    let (accounts, payments) = (format!("{hh}/accounts"), format!("{hh}/payments"));
    let account = |holder: &str, number: &str| json!({ "holder": holder, "number": number, "bank": "102100099996" });
    town.post(&farmer, &accounts, account("李四", "6222000000000000001")).problem(422, "account_not_own");
    town.post(&farmer, &accounts, account("王芳", "12")).problem(422, "bad_account");
    town.post(&farmer, &accounts, account("王芳", "6222000000000000001")).expect(201);
    let bound = town.get(&farmer, &accounts).expect(200).json();
    assert_eq!((&bound["rails"], &bound["accounts"][0]["tail"]), (&json!(["bank"]), &json!("0001")));
    let id = bound["accounts"][0]["id"].as_str().unwrap();
    let pay = |amount: &str, purpose: &str| json!({ "way": "out", "rail": "bank", "account": id, "amount": amount, "purpose": purpose });
    let mut elsewhere = pay("1.00", "x");
    elsewhere["rail"] = json!("moon");
    town.post(&farmer, &payments, elsewhere).problem(422, "unknown_rail");
    town.post(&farmer, &payments, pay("1000.01", "x")).problem(422, "insufficient_funds");
    let asked = town.post(&farmer, &payments, pay("300.00", "to my bank")).expect(202).json();
    assert_eq!(asked["status"], "asked");
    town.post(&farmer, &payments, pay("100.00", "wrong")).expect(202);
    assert_eq!(wallet(&town, &farmer), ("1000.00".into(), "400.00".into()));

    // No answer is no answer: it stays held, and is asked for again after a while.
    let courier = Courier::new(town.desk.clone(), vec![Arc::new(Slow::default())], 2);
    let at = |millis: i64| Instant(i64::from(day().days()) * 86_400_000_000 + millis * 1_000);
    let first = courier.round(at(0)).unwrap();
    assert_eq!((first.open, first.ended, first.unanswered), (2, 0, 2));
    let early = courier.round(at(100)).unwrap();
    assert_eq!((early.open, early.unanswered), (2, 0), "not its turn yet");
    let second = courier.round(at(300)).unwrap();
    assert_eq!((second.open, second.ended, second.wrong), (0, 2, vec![]));
    let listed = town.get(&farmer, &payments).expect(200).json();
    let of = |purpose: &str| {
        let found = listed.as_array().unwrap().iter().find(|one| one["purpose"] == purpose);
        found.unwrap_or_else(|| panic!("{listed}")).clone()
    };
    assert_eq!((&of("to my bank")["state"], &of("to my bank")["moved"]), (&json!("settled"), &json!("300.00")));
    assert_eq!((&of("wrong")["state"], &of("wrong")["moved"]), (&json!("questioned"), &json!("99.00")));
    assert_eq!(wallet(&town, &farmer), ("700.00".into(), "100.00".into()));

    // Two people decide what is booked of it.
    let queue = "/api/v1/office/reconciliation";
    town.get(&farmer, queue).problem(403, "not_permitted");
    let waits = town.get(&accountant, queue).expect(200).json();
    assert_eq!(waits["payments"][0]["purpose"], "wrong");
    let decision = format!("{payments}/{}/decision", of("wrong")["id"].as_str().unwrap());
    let decided = json!({ "moved": "99.00", "reason": "the bank's letter" });
    let proposed = town.post(&accountant, &decision, decided).expect(202).json();
    let read = approve(&town, &approver, &proposed);
    for word in [&farmer.household, "100.00", "99.00", "the bank's letter"] {
        assert!(read.contains(word), "{word}: {read}");
    }
    assert_eq!(wallet(&town, &farmer), ("601.00".into(), "0.00".into()));

    // The statement agrees but for money that names nobody, which is booked and explained by two.
    let payment = |purpose: &str| {
        let text = of(purpose)["id"].as_str().unwrap().replace('-', "");
        Some((household_of(&farmer).cell, Id::from_u128(u128::from_str_radix(&text, 16).unwrap())))
    };
    let line = |reference: &str, payment, amount_minor| BankLine {
        reference: reference.into(),
        payment,
        amount_minor,
        words: "who knows".into(),
    };
    let told = StatementRead {
        rail: "bank".into(),
        id: "S1".into(),
        day: day(),
        opening: yuan(1_000),
        closing: yuan(608),
        lines: vec![
            line("R30000", payment("to my bank"), -30_000),
            line("R10000", payment("wrong"), -9_900),
            line("X1", None, 700),
        ],
    };
    let done = town.desk.reconcile(&told, at(400)).unwrap();
    assert_eq!((done.matched, done.differing, done.told, done.taken), (2, 1, 0, 0));
    let again = town.desk.reconcile(&told, at(500)).unwrap_err().to_string();
    assert!(again.contains("was taken before"), "{again}");
    let waits = town.get(&accountant, queue).expect(200).json();
    let item = &waits["items"][0];
    assert_eq!((&item["kind"], &item["bank"], &item["reference"]), (&json!("bank_only"), &json!("7.00"), &json!("X1")));
    let credit = json!({ "rail": "bank", "reference": "X1", "amount": "7.00", "on": "2026-03-02" });
    let proposed = town.post(&accountant, &format!("{hh}/credits"), credit).expect(202).json();
    assert!(approve(&town, &approver, &proposed).contains("bank X1"));
    assert_eq!(wallet(&town, &farmer), ("608.00".into(), "0.00".into()));
    let settle = format!("{queue}/{}/settlement", item["id"].as_str().unwrap());
    let proposed = town.post(&accountant, &settle, json!({ "reason": "credited by hand" })).expect(202).json();
    let read = approve(&town, &approver, &proposed);
    assert!(read.contains("7.00") && read.contains("credited by hand"), "{read}");
    assert_eq!(town.get(&accountant, queue).expect(200).json()["items"], json!([]));
}

#[test]
fn a_code_is_shown_paid_and_too_old() {
    let town = Town::start(Plan::default());
    town.fund();
    let (farmer, shop) = (town.enrol(1), town.enrol(2));
    give(&town, &farmer, yuan(100));
    let merchant = Id::from_u128(0x77);
    let PublicId { cell, id: household, .. } = household_of(&shop);
    let settles = Settles { cell, household, discount: Rate::parse_percent("0.60").unwrap() };
    let (name, category) = ("Village shop".to_owned(), "household-goods".to_owned());
    let register = RegisterMerchant { merchant, name, category, settles, active: true };
    town.system("merchant", Command::RegisterMerchant(register));
    let codes = |who: &Who| format!("/api/v1/households/{}/payment-codes", who.household);
    let asked = json!({ "merchant": merchant.to_string(), "amount": "12.50" });
    town.post(&farmer, &codes(&farmer), asked.clone()).problem(403, "not_your_merchant");
    let new = || town.post(&shop, &codes(&shop), asked.clone()).expect(201).text("code");
    let code = new();
    // Whom it pays is told before it is paid, and moves nothing.
    let read = format!("/api/v1/households/{}/codes-read", farmer.household);
    let told = town.post(&farmer, &read, json!({ "code": code })).expect(200).json();
    assert_eq!((&told["name"], &told["amount"]), (&json!("Village shop"), &json!("12.50")));
    assert_eq!(wallet(&town, &farmer).0, "100.00");
    town.post(&farmer, &read, json!({ "code": code.replace("1250CNY", "1CNY") })).problem(422, "code_not_genuine");
    let own = |who: &Who| town.get(who, &format!("/api/v1/households/{}/merchants", who.household)).expect(200).json();
    assert_eq!(own(&shop), json!([{ "merchant": merchant.to_string(), "name": "Village shop" }]));
    assert_eq!(own(&farmer), json!([]));
    let pay = format!("/api/v1/households/{}/code-payments", farmer.household);
    let forged = code.replace("1250CNY", "1CNY");
    town.post(&farmer, &pay, json!({ "code": forged })).problem(422, "code_not_genuine");
    let paid = town.post(&farmer, &pay, json!({ "code": code }));
    assert!(matches!(paid.status, 201 | 202), "{paid:?}");
    town.desk.engine.settle();
    assert_eq!(wallet(&town, &farmer).0, "87.50");
    assert_eq!(wallet(&town, &shop).0, "12.42", "less 0.60 %, to the fen");
    // A second time: refused at once, or it comes back from the merchant's cell.
    let again = town.post(&farmer, &pay, json!({ "code": code }));
    assert!(matches!(again.status, 202 | 409), "{again:?}");
    town.desk.engine.settle();
    assert_eq!(wallet(&town, &farmer), ("87.50".into(), "0.00".into()));
    let late = new();
    town.pass(601);
    town.post(&farmer, &pay, json!({ "code": late })).problem(422, "payment_code_expired");

    let officer = town.staff("li.officer", Role::Officer);
    let approver = town.staff("zhao.approver", Role::Approver);
    let level = format!("/api/v1/households/{}/level", farmer.household);
    let before = town.get(&farmer, &level).expect(200).json();
    assert_eq!((&before["level"], &before["per_day"]), (&json!("basic"), &Value::Null));
    let told = json!({ "level": "full", "evidence": "seen at the window with the card" });
    let proposed = town.post(&officer, &level, told).expect(202).json();
    let read = approve(&town, &approver, &proposed);
    assert!(read.contains("一类 full") && read.contains("at the window"), "{read}");
    assert_eq!(town.get(&farmer, &level).expect(200).text("level"), "full");
}
