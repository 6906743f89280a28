//! Notices on their way: nothing in the quiet hours, nobody too often, nothing twice, and what cannot leave is let go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::cell::RefCell;

use app::Command;
use app::close::CloseDay;
use app::desk::{Handed, Parcel};
use app::remind::{Carriage, CarryNotices, NoticeMoved};
use basics::Cell;
use loan::remind::{Channel, ReminderPlan};
use serde_json::{Value, json};
use support::*;

const DAY: i64 = 86_400;

/// The end of the due day is long gone where nobody closes it: the close of every day up to one, the clock with it.
fn close_until(town: &Town, day: &str) {
    loop {
        let open = town.desk.open_date(Cell::OFFICE).unwrap();
        if open.to_string() == day {
            return;
        }
        town.system(&format!("close {open}"), Command::CloseDay(CloseDay { day: open }));
        town.desk.engine.settle();
        town.pass(DAY);
    }
}

/// A loan of 3,000.00 over three months; its first instalment is due on 2 April.
fn borrower(town: &Town, n: u32, officer: &Who) -> Who {
    borrower_of(town, n, officer, "short-working-capital", 3)
}

fn borrower_of(town: &Town, n: u32, officer: &Who, product: &str, months: u16) -> Who {
    let farmer = town.enrol(n);
    let hh = format!("/api/v1/households/{}", farmer.household);
    let asked = json!({
        "product": product, "amount": "3000.00", "term_months": months, "purpose": "farming-inputs"
    });
    let id = town.post(&farmer, &format!("{hh}/applications"), asked).expect(201).text("application");
    let decision = format!("/api/v1/office/applications/{id}/decision?household={}", farmer.household);
    let approved = json!({ "approve": true, "amount": "3000.00", "reason": "visited" });
    town.post(officer, &decision, approved).expect(201);
    let application = format!("{hh}/applications/{id}");
    let offer = town.get(&farmer, &application).expect(200).json()["offer"].clone();
    let said = offer.to_string();
    assert!(said.contains("从您的钱包里自动扣"), "the contract says that the wallet is charged: {said}");
    let signature = json!({ "text_hash": offer["text_hash"], "read_seconds": 12, "confirmed": true });
    let contract = town.post(&farmer, &format!("{application}/signature"), signature).expect(201).text("contract");
    town.post(&farmer, &format!("{hh}/contracts/{contract}/drawdown"), json!({})).expect(201);
    farmer
}

fn town() -> (Town, Who, Who) {
    let town = Town::start(Plan { reminders: Some(ReminderPlan::shipped().unwrap()), ..Plan::default() });
    town.fund();
    let officer = town.staff("officer", door::Role::Officer);
    let farmer = borrower(&town, 1, &officer);
    (town, officer, farmer)
}

/// Spends what is in the wallet, so that nothing can be collected.
fn spend(town: &Town, farmer: &Who, amount: &str) {
    let path = format!("/api/v1/households/{}/withdrawals", farmer.household);
    town.post(farmer, &path, json!({ "amount": amount })).expect(201);
}

/// Household number `n` signed in again: a session does not last for weeks.
fn again(town: &Town, n: u32) -> Who {
    let code = town.new_code(&phone(n), "sign_in");
    let proofs = json!({ "phone": phone(n), "code": code, "pin": PIN });
    let reply = town.post(&Who::default(), "/api/v1/sessions", proofs).expect(201);
    who_of(&reply, &reply.json())
}

fn messages(town: &Town, n: u32) -> Vec<Value> {
    let who = again(town, n);
    let household = &who.household;
    town.get(&who, &format!("/api/v1/households/{household}/notices")).expect(200).json().as_array().unwrap().clone()
}

#[test]
fn text_messages_leave_by_day_and_never_twice() {
    let (town, _, _) = town();
    let sent = RefCell::new(Vec::<Parcel>::new());
    let send = |parcel: &Parcel| {
        sent.borrow_mut().push(parcel.clone());
        Ok(())
    };
    // A week ahead there is a message among the household's own, and no text message.
    close_until(&town, "2026-03-26");
    let told = messages(&town, 1);
    assert_eq!((told.len(), told[0]["channel"].as_str()), (1, Some("app")));
    assert!(told[0]["zh"].as_str().unwrap().contains("应还1018.05元"), "{}", told[0]);
    assert_eq!(town.desk.send_notices(&send, 100, town.now()).unwrap(), Handed::default());
    // Three days ahead one waits. The town's clock stands at nine in the morning there: 01:00 UTC.
    close_until(&town, "2026-03-30");
    let night = town.now().add_seconds(-3 * 3_600);
    assert_eq!(town.desk.send_notices(&send, 100, night).unwrap(), Handed::default());
    assert_eq!(town.desk.send_notices(&send, 100, town.now()).unwrap(), Handed { carried: 1, ..Handed::default() });
    assert_eq!(town.desk.send_notices(&send, 100, town.now()).unwrap(), Handed::default());
    let all = sent.borrow();
    assert_eq!((all.len(), all[0].phone.as_str()), (1, phone(1).as_str()));
    assert!(all[0].text.starts_with("【测试银行】") && all[0].text.contains("2026-04-02"), "{}", all[0].text);
    let told = messages(&town, 1);
    assert_eq!(told[0]["state"], "carried");
}

#[test]
fn what_was_cut_off_is_handed_over_again_under_the_same_id() {
    let (town, _, _) = town();
    close_until(&town, "2026-03-30");
    let waiting = town.desk.notices_waiting(Channel::Sms, 10).unwrap();
    let [notice] = waiting.as_slice() else { panic!("{waiting:?}") };
    // The server died after it told the books and before it heard from the gateway.
    let moved = vec![NoticeMoved { household: notice.household, id: notice.id, what: Carriage::Handed }];
    town.system("cut off", Command::CarryNotices(CarryNotices { cell: notice.cell, moved }));
    let ids = RefCell::new(Vec::new());
    let send = |parcel: &Parcel| {
        ids.borrow_mut().push(parcel.id);
        Ok(())
    };
    assert_eq!(town.desk.send_notices(&send, 100, town.now()).unwrap().carried, 1);
    assert_eq!(*ids.borrow(), [notice.id]);
    let moved = vec![NoticeMoved { household: notice.household, id: notice.id, what: Carriage::Handed }];
    let again = Command::CarryNotices(CarryNotices { cell: notice.cell, moved });
    let request =
        door::Request::plain(basics::Id::from_u128(77), door::Actor::SYSTEM, town.now(), door::Order::Do(again));
    let refused = town.desk.engine.call(request).unwrap_err().to_string();
    assert!(refused.contains("done with already"), "{refused}");
}

#[test]
fn a_gateway_that_is_down_is_left_alone_for_longer_and_longer_and_then_the_message_is_let_go() {
    let (town, _, _) = town();
    close_until(&town, "2026-03-30");
    let tries = RefCell::new(0);
    let down = |_: &Parcel| {
        *tries.borrow_mut() += 1;
        Err("connection refused".to_owned())
    };
    // Every ten minutes for a day, but not at night.
    let mut at = town.now();
    for _ in 0..144 {
        town.desk.send_notices(&down, 100, at).unwrap();
        at = at.add_seconds(600);
    }
    assert_eq!(*tries.borrow(), 11, "of 144 rounds");
    let waiting = town.desk.notices_waiting(Channel::Sms, 10).unwrap();
    assert_eq!((waiting[0].tries, waiting[0].told.as_str()), (*tries.borrow(), "connection refused"));
    let late = town.now().add_seconds(2 * DAY);
    assert_eq!(town.desk.send_notices(&down, 100, late).unwrap(), Handed { let_go: 1, ..Handed::default() });
    assert!(town.desk.notices_waiting(Channel::Sms, 10).unwrap().is_empty());
}

#[test]
fn who_has_paid_is_not_reminded_and_who_has_not_is_called() {
    let (town, officer, _) = town();
    let late = borrower(&town, 2, &officer);
    spend(&town, &late, "3000.00");
    close_until(&town, "2026-04-03");
    // The first was collected; of the second there was nothing to take.
    let told: Vec<String> = messages(&town, 1)
        .iter()
        .map(|notice| format!("{} {} {}", notice["on_day"], notice["channel"], notice["state"]))
        .collect();
    assert!(told.iter().any(|notice| notice == "\"2026-04-02\" \"app\" \"shown\""), "{told:?}");
    let sent = RefCell::new(Vec::<Parcel>::new());
    let send = |parcel: &Parcel| {
        sent.borrow_mut().push(parcel.clone());
        Ok(())
    };
    let handed = town.desk.send_notices(&send, 100, town.now()).unwrap();
    // The messages of the due day are two days old for nobody: of the first the debt is paid, the second is told both.
    assert_eq!((handed.carried, handed.let_go), (2, 3), "{handed:?} {:?}", sent.borrow());
    assert!(sent.borrow().iter().all(|parcel| parcel.phone == phone(2)));
    assert!(sent.borrow().iter().any(|parcel| parcel.text.contains("已逾期1天")), "{:?}", sent.borrow());

    close_until(&town, "2026-04-05");
    let (officer, farmer, late) = (town.sign_in("officer"), again(&town, 1), again(&town, 2));
    let calls = town.get(&officer, "/api/v1/office/notices?channel=call").expect(200).json();
    assert_eq!(calls.as_array().unwrap().len(), 1);
    assert_eq!((calls[0]["phone"].as_str(), calls[0]["village"].as_str()), (Some(phone(2).as_str()), Some("柳树湾")));
    let id = calls[0]["notice"]["id"].as_str().unwrap();
    let path = format!("/api/v1/households/{}/notices/{id}/outcome", late.household);
    town.post(&officer, &path, json!({ "reached": true, "told": " " })).problem(422, "bad_text");
    town.post(&late, &path, json!({ "reached": true, "told": "no" })).problem(403, "not_permitted");
    let said = json!({ "reached": true, "told": "卖了小猪就还，下周二" });
    town.post(&officer, &path, said.clone()).expect(201);
    town.post(&officer, &path, said).problem(409, "notice_done");
    let calls = town.get(&officer, "/api/v1/office/notices?channel=call").expect(200).json();
    assert_eq!(calls, json!([]));
    town.get(&officer, "/api/v1/office/notices?channel=fax").problem(400, "bad_query");
    let nobody = format!("/api/v1/households/{}/notices/not-an-id/outcome", late.household);
    town.post(&officer, &nobody, json!({ "reached": false, "told": "x" })).problem(400, "bad_id");
    // A household reads its own messages and nobody else's.
    town.get(&farmer, &format!("/api/v1/households/{}/notices", late.household)).problem(403, "not_yours");
}

#[test]
fn who_sells_the_harvest_is_told_once_while_the_money_is_there() {
    let town = Town::start(Plan { reminders: Some(ReminderPlan::shipped().unwrap()), ..Plan::default() });
    town.fund();
    let officer = town.staff("officer", door::Role::Officer);
    let farmer = borrower_of(&town, 1, &officer, "season-bullet", 1);
    let path = format!("/api/v1/households/{}/events", farmer.household);
    let sold = |day: &str| json!({ "events": [{ "date": day, "kind": "harvest_sale", "amount": "8000.00" }] });
    town.post(&farmer, &path, sold("2026-03-01")).expect(201);
    town.post(&farmer, &path, sold("2026-03-02")).expect(201);
    let told = messages(&town, 1);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0]["zh"].as_str().unwrap().contains("收成卖了"), "{}", told[0]);
    assert_eq!((told[0]["channel"].as_str(), told[0]["due"].as_str()), (Some("sms"), Some("2026-04-02")));
}

#[test]
fn a_message_that_waits_for_its_turn_again_stands_in_nobodys_way() {
    let (town, officer, _) = town();
    // More households than there are cells: two of them share one.
    for n in 2..=CELLS.into() {
        borrower(&town, n, &officer);
    }
    borrower(&town, u32::from(CELLS) + 1, &officer);
    close_until(&town, "2026-03-30");
    let refuse = |_: &Parcel| Err("try later".to_owned());
    let first = town.desk.send_notices(&refuse, 1, town.now()).unwrap();
    assert!(first.not_taken >= 1 && first.not_taken <= usize::from(CELLS), "{first:?}");
    let handed = town.desk.send_notices(&|_| Ok(()), 1, town.now()).unwrap();
    assert!(handed.carried >= 1, "the first of each cell waits, the next of one is sent: {handed:?}");
}
