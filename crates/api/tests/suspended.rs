//! Money on its way out is judged before it is acknowledged: held, told plainly and not why, and released by the office; over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use api::permission::GATES;
use app::assess::{Judge, feature_names};
use app::command::Command;
use app::desk::Desk;
use app::suspend::{Outgoing, UNANSWERED};
use app::wallet::{TopUp, Withdraw};
use axum::http::Method;
use basics::{Currency, Id, IdKind, Money, PublicId};
use door::{Order, Role};
use policy::RuleSet;
use serde_json::{Value, json};
use support::*;
use watch::Config;

/// Two months of small purchases, ending some days before today.
fn purchases(before: i32) -> Value {
    let event = |n: i32| {
        let date = open_date().add_days(n / 2 - 60 - before).to_string();
        json!({ "date": date, "kind": "purchase_food", "amount": format!("{}.00", 40 + n * 7 % 50) })
    };
    json!({ "events": (0..120).map(event).collect::<Vec<_>>() })
}

fn inner(household: &str) -> Id {
    PublicId::parse_kind(household, IdKind::Household).unwrap().id
}

fn give(town: &Town, household: &str, yuan: i64) {
    let (id, amount) = (inner(household), Money::new(yuan * 100, Currency::CNY));
    let top_up =
        TopUp { cell: town.desk.cell_of(id), household: id, amount, value_date: None, reference: "slip".into() };
    town.system(&format!("give {household}"), Command::TopUp(top_up));
}

/// The same books behind a desk whose monitor goes by a configuration.
fn desk_by(town: &Town, config: &str) -> Desk {
    let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()).unwrap();
    let config = Config::parse("own.toml", config).unwrap();
    Desk::new(town.desk.engine.clone(), town.desk.vault.clone(), Judge::new(None, rules), 2).watching_by(config)
}

#[test]
fn a_strange_order_waits_for_a_person_and_the_household_is_not_told_why() {
    let town = Town::start(Plan::default());
    town.fund();
    let (officer, approver) = (town.staff("officer", Role::Officer), town.staff("approver", Role::Approver));
    let households: Vec<Who> = (1..=3).map(|n| town.enrol(n)).collect();
    let (payer, payee) = (&households[0], &households[1]);
    give(&town, &payer.household, 100_000);
    let path = |rest: &str| format!("/api/v1/households/{}/{rest}", payer.household);
    let pay = |amount: &str| json!({ "to": payee.household, "amount": amount, "note": "化肥钱" });
    // Where there is no monitor yet the configuration's safe side is taken, and counted.
    town.post(payer, &path("withdrawals"), json!({ "amount": "600.00" })).expect(201);
    let queue = town.get(&officer, "/api/v1/office/suspended").expect(200).json();
    assert_eq!((&queue["asked"], &queue["unanswered"], &queue["held"]), (&json!(1), &json!(1), &json!(0)));
    for (n, who) in households.iter().enumerate() {
        town.post(who, &format!("/api/v1/households/{}/events", who.household), purchases(n as i32)).expect(201);
    }
    town.desk.open_monitor().unwrap();
    // Small amounts are never held, and not asked about.
    town.post(payer, &path("withdrawals"), json!({ "amount": "499.00" })).expect(201);

    let command = town.command();
    let held = town.post_as(payer, &command, &path("transfers"), pay("52000.00")).expect(202);
    assert_eq!(held.json(), json!({ "status": "in_review" }));
    // Sent again under its id it is answered alike, though the monitor may say something else by then.
    let again = town.post_as(payer, &command, &path("transfers"), pay("52000.00")).expect(202);
    assert_eq!(again.json(), held.json());
    town.post_as(payer, &command, &path("transfers"), pay("52001.00")).problem(409, "command_conflict");
    let wallet = town.get(payer, &format!("/api/v1/households/{}", payer.household)).expect(200).json();
    assert_eq!((&wallet["wallet"]["held"], &wallet["wallet"]["balance"]), (&json!("52000.00"), &json!("98901.00")));

    let told = town.get(payer, &path("orders-in-review")).expect(200).json();
    assert_eq!(
        (&told[0]["state"], &told[0]["amount"], &told[0]["order"]),
        (&json!("in_review"), &json!("52000.00"), &json!(command))
    );
    // Whoever is looked into is not told of it: no page of the household names it.
    for gate in
        GATES.iter().filter(|gate| gate.method == Method::GET && gate.path.starts_with("/api/v1/households/{hh}"))
    {
        let shown = town.get(payer, &gate.path.replace("{hh}", &payer.household));
        let text = String::from_utf8_lossy(&shown.bytes).into_owned();
        for word in ["takeover", "typolog", "suspen", "alert", "可疑", "预警"] {
            assert!(!text.contains(word), "{} tells of `{word}`: {text}", gate.path);
        }
    }
    town.get(payer, "/api/v1/office/suspended").problem(403, "not_permitted");

    // The case that it opened is reported by two.
    town.desk.engine.settle();
    let cases = town.get(&officer, "/api/v1/office/cases").expect(200).json();
    let is_payers = |case: &&Value| case["household"] == json!(payer.household);
    let case = cases.as_array().unwrap().iter().find(is_payers).unwrap().clone();
    let case_path =
        format!("/api/v1/office/cases/{}/{}", case["subject"].as_str().unwrap(), case["case"].as_str().unwrap());
    let report_path = format!("{case_path}/report");
    let grounds = json!({ "grounds": "几天内转往陌生账户，说不清用途" });
    town.post(&officer, &report_path, json!({ "grounds": "" })).problem(422, "bad_text");
    town.post(&officer, &report_path, grounds.clone()).problem(409, "case_not_taken");
    town.post(&officer, &format!("{case_path}/steps"), json!({ "step": "take" })).expect(201);
    town.post(&officer, &format!("{case_path}/steps"), json!({ "step": "note", "text": "电话没人接" })).expect(201);
    let draft = town.get(&officer, &report_path).expect(200).json();
    assert_eq!(
        (&draft["status"], &draft["grounds"], &draft["alerts"][0]["grade"]),
        (&json!("draft"), &json!(null), &json!("hold"))
    );
    town.get(payer, &report_path).problem(403, "not_permitted");
    let proposed = town.post(&officer, &report_path, grounds).expect(202).text("proposal");
    town.post(&approver, &format!("/api/v1/office/proposals/{proposed}/approval"), json!({})).expect(201);
    town.pass(60);
    town.post(&officer, &format!("{case_path}/steps"), json!({ "step": "note", "text": "报告以后才知道的" }))
        .expect(201);
    let reported = town.get(&approver, &report_path).expect(200).json();
    let text = reported["text"].as_str().unwrap();
    assert_eq!((&reported["status"], &reported["orders"][0]["amount"]), (&json!("reported"), &json!("52000.00")));
    for part in
        ["保密", "CONFIDENTIAL", "王芳", &resident_id(1), "陌生账户", "电话没人接", "takeover", "52000.00", "金额异常"]
    {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(!text.contains("报告以后"), "evidence that came later is not part of it: {text}");
    for gate in
        GATES.iter().filter(|gate| gate.method == Method::GET && gate.path.starts_with("/api/v1/households/{hh}"))
    {
        let shown = town.get(payer, &gate.path.replace("{hh}", &payer.household));
        let text = String::from_utf8_lossy(&shown.bytes).into_owned();
        for word in ["陌生账户", "可疑", "suspicion", "CONFIDENTIAL"] {
            assert!(!text.contains(word), "{} tells of `{word}`: {text}", gate.path);
        }
    }

    let queue = town.get(&officer, "/api/v1/office/suspended").expect(200).json();
    let order = &queue["waiting"][0];
    assert_eq!((&order["typology"], &order["config"]), (&json!("takeover"), &json!("usual 1")), "{order}");
    assert_eq!((&order["household"], &order["payee"]), (&json!(payer.household), &json!(payee.household)));
    assert!(order["signals"].as_array().unwrap().iter().any(|signal| signal["kind"] == "amount"), "{order}");
    let decision = format!("/api/v1/office/suspended/{}/{command}/decision", payer.household);
    let say = |decision: &str, amount: &str| json!({ "decision": decision, "amount": amount, "reason": "打过电话，买拖拉机" });
    town.post(&officer, &decision, say("perhaps", "52000.00")).problem(400, "bad_json");
    town.post(&officer, &decision, say("release", "1.00")).problem(409, "not_that_amount");
    let nothing = format!("/api/v1/office/suspended/{}/{}/decision", payer.household, town.command());
    town.post(&officer, &nothing, say("refuse", "1.00")).problem(404, "unknown_suspension");
    let proposed = town.post(&officer, &decision, say("release", "52000.00")).expect(202).text("proposal");
    let open = town.get(&approver, "/api/v1/office/proposals").expect(200).json();
    assert!(open[0]["reason"].as_str().unwrap().contains("拖拉机"), "{open}");
    let approval = format!("/api/v1/office/proposals/{proposed}/approval");
    assert!([201, 202].contains(&town.post(&approver, &approval, json!({})).status));
    town.desk.engine.settle();
    town.post(&officer, &decision, say("refuse", "52000.00")).problem(409, "suspension_over");
    let told = town.get(payer, &path("orders-in-review")).expect(200).json();
    assert_eq!(told[0]["state"], "carried_out");
    let of_it = format!("/api/v1/office/suspended/{}", payer.household);
    let kept = town.get(&approver, &of_it).expect(200).json();
    assert_eq!((&kept[0]["state"], &kept[0]["reason"]), (&json!("released"), &json!("打过电话，买拖拉机")));
    let payee_shown = town.get(payee, &format!("/api/v1/households/{}", payee.household)).expect(200).json();
    assert_eq!(payee_shown["wallet"]["balance"], "52000.00");
}

#[test]
fn shadow_holds_nothing_and_a_silent_monitor_takes_the_named_side() {
    let town = Town::start(Plan::default());
    let who = town.enrol(1);
    give(&town, &who.household, 100_000);
    let household = inner(&who.household);
    let cell = town.desk.cell_of(household);
    let amount = Money::new(5_200_000, Currency::CNY);
    let sent = Outgoing::Withdraw(Withdraw { cell, household, amount, value_date: None });
    let asked = |desk: &Desk| {
        let id = Id::from_u128(77);
        let request = desk.outgoing((id, door::Actor::SYSTEM, town.now()), &sent, Order::Do).unwrap();
        match request.order {
            Order::Do(Command::Suspend(suspend)) => Some(suspend.judged.typology),
            Order::Do(Command::Withdraw(_)) => None,
            other => panic!("{other:?}"),
        }
    };
    let holds = Config::USUAL.replace("on_failure = \"pass\"", "on_failure = \"hold\"");
    let desk = desk_by(&town, &holds);
    assert_eq!(asked(&desk).as_deref(), Some(UNANSWERED), "there is no monitor yet");
    assert_eq!((desk.holding_figures().unanswered, desk.holding_figures().held), (1, 1));
    desk.open_monitor().unwrap();
    let judged = asked(&desk);
    assert_ne!(judged.as_deref(), Some(UNANSWERED), "now it answers");
    let passes = desk_by(&town, Config::USUAL);
    assert_eq!(asked(&passes), None);
    assert_eq!((passes.holding_figures().unanswered, passes.holding_figures().held), (1, 0));
    let shadow = desk_by(&town, &holds.replace("mode = \"act\"", "mode = \"shadow\""));
    assert_eq!((asked(&shadow), shadow.holding_figures().orders), (None, 0));
}
