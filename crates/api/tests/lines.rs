//! A facility and a statement line over HTTP: looked at, frozen by the office, opened, used, converted, paid.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use door::Role;
use serde_json::json;
use support::*;

#[test]
fn a_line_is_opened_used_converted_and_paid() {
    let town = Town::start(Plan {
        model: Some(model()),
        products: vec!["season-bullet", "revolving-consumer-line"],
        ..Plan::default()
    });
    let farmer = town.enrol(1);
    let officer = town.staff("li.officer", Role::Officer);
    let approver = town.staff("zhao.approver", Role::Approver);
    let accountant = town.staff("sun.accountant", Role::Accountant);
    let hh = format!("/api/v1/households/{}", farmer.household);
    let facility = format!("{hh}/facility");
    town.get(&farmer, &facility).problem(404, "unknown_facility");

    let offered = town.get(&Who::default(), "/api/v1/line-products").expect(200).json();
    let product = &offered[0];
    assert_eq!((&product["product"], &product["minimum"]), (&json!("revolving-consumer-line"), &json!("10.00")));
    let listed = town.get(&Who::default(), "/api/v1/products").expect(200).json();
    let is_line = |p: &serde_json::Value| p["code"] == product["product"];
    assert!(!listed.as_array().unwrap().iter().any(is_line), "a line is no loan: {listed}");
    let lines = format!("{hh}/lines");
    let offer = |limit: &str| {
        let query = format!("{lines}/offer?product=revolving-consumer-line&limit={limit}&months=12");
        town.get(&farmer, &query).expect(200).json()
    };
    let asked = |limit: &str| {
        let offer = offer(limit);
        json!({ "product": product["product"], "limit": limit, "rate": offer["rate"], "months": 12,
            "text_hash": offer["text_hash"], "read_seconds": 20 })
    };
    let offered = offer("1000.00");
    assert_eq!((&offered["rate"], &offered["highest"]), (&json!("15.00"), &json!("15.00")));
    assert_eq!(offered["plans"][1]["instalments"], 6);
    assert!(offered["words_zh"][0].as_str().unwrap().contains("1000.00"), "{offered}");
    assert_ne!(offered["text_hash"], offer("2000.00")["text_hash"], "what is read is what is signed");
    town.post(&farmer, &lines, asked("1000.00")).problem(422, "over_facility");

    // A loan is approved: that grants the facility.
    town.post(&farmer, &format!("{hh}/events"), events(400_000, 180_000)).expect(201);
    let loan =
        json!({ "product": "season-bullet", "amount": "1000.00", "term_months": 6, "purpose": "farming-inputs" });
    town.post(&farmer, &format!("{hh}/applications"), loan).expect(201);
    let shown = town.get(&farmer, &facility).expect(200).json();
    assert_eq!((&shown["status"], &shown["reserved"]), (&json!("active"), &json!("1000.00")));
    let changes = format!("{hh}/facilities/{}/changes", shown["facility"].as_str().unwrap());

    // The office freezes it alone, and thaws it by two; the household may do neither.
    let freeze = json!({ "change": "freeze", "reason": "visited: nobody there" });
    town.post(&farmer, &changes, freeze.clone()).problem(403, "not_permitted");
    town.post(&officer, &changes, json!({ "change": "raise", "reason": "x" })).problem(422, "bad_change");
    town.post(&officer, &changes, freeze).expect(201);
    assert_eq!(town.get(&officer, &facility).expect(200).json()["history"][1]["reason"], "visited: nobody there");
    town.post(&farmer, &lines, asked("1000.00")).problem(422, "facility_shut");
    let thaw = json!({ "change": "thaw", "reason": "they came to the window" });
    let proposed = town.post(&officer, &changes, thaw).expect(202).json();
    let approval = format!("/api/v1/office/proposals/{}/approval", proposed["proposal"].as_str().unwrap());
    town.post(&approver, &approval, json!({})).expect(201);

    let mut unread = asked("1000.00");
    unread["text_hash"] = json!("00".repeat(32));
    town.post(&farmer, &lines, unread).problem(409, "text_changed");
    let mut hasty = asked("1000.00");
    hasty["read_seconds"] = json!(2);
    town.post(&farmer, &lines, hasty).problem(422, "not_read");
    let opened = town.post(&farmer, &lines, asked("1000.00")).expect(201).json();
    let line = format!("{lines}/{}", opened["line"].as_str().unwrap());
    let acts = format!("{line}/events");
    let shop = town.enrol(2);
    let told = json!({ "name": "Village shop", "category": "household-goods", "household": shop.household,
        "discount": "0.60", "active": true });
    town.post(&farmer, "/api/v1/office/merchants", told.clone()).problem(403, "not_permitted");
    let proposed = town.post(&officer, "/api/v1/office/merchants", told).expect(202).json();
    let waits = town.get(&approver, "/api/v1/office/proposals").expect(200).json();
    let decided = waits[0]["reason"].as_str().unwrap();
    for word in ["Village shop", "household-goods", &shop.household, "0.60 %", "可以赊销"] {
        assert!(decided.contains(word), "{word}: {decided}");
    }
    let approval = format!("/api/v1/office/proposals/{}/approval", proposed["proposal"].as_str().unwrap());
    town.post(&approver, &approval, json!({})).expect(201);
    let merchants = town.get(&officer, "/api/v1/office/merchants").expect(200).json();
    assert_eq!((&merchants[0]["discount"], &merchants[0]["status"]), (&json!("0.60"), &json!("active")));
    let merchant = merchants[0]["merchant"].as_str().unwrap();
    let unknown = json!({ "act": "buy", "merchant": "00000000-0000-4000-8000-00000000003e", "amount": "1.00" });
    town.post(&farmer, &acts, unknown).problem(404, "unknown_merchant");
    let buy = |amount: &str| json!({ "act": "buy", "merchant": merchant, "amount": amount });
    let problem = town.post(&farmer, &acts, buy("1000.01")).problem(422, "over_line");
    assert_eq!(problem["params"]["available"], "1000.00");
    let command = town.command();
    town.post_as(&farmer, &command, &acts, buy("600.00")).expect(201);
    town.post(&officer, &acts, buy("1.00")).problem(403, "not_permitted");
    let detail = town.get(&farmer, &line).expect(200).json();
    assert_eq!((&detail["used"], &detail["available"]), (&json!("600.00"), &json!("400.00")));
    let purchase = detail["purchases"][0]["purchase"].as_str().unwrap();
    assert_eq!(purchase, command);

    let quoted = format!("{line}/conversion?purchase={purchase}&instalments=6");
    let quote = town.get(&farmer, &quoted).expect(200).json();
    assert_eq!((&quote["fees"], quote["rows"].as_array().unwrap().len()), (&json!("25.20"), 6));
    let convert = |ppm: i64| json!({ "act": "convert", "purchase": purchase, "instalments": 6, "annualised_ppm": ppm });
    let ppm = quote["annualised_ppm"].as_i64().unwrap();
    town.post(&farmer, &acts, convert(ppm - 1)).problem(409, "text_changed");
    town.post(&farmer, &acts, convert(ppm)).expect(201);
    let detail = town.get(&farmer, &line).expect(200).json();
    assert_eq!((&detail["plans"][0]["unbilled"], &detail["used"]), (&json!("600.00"), &json!("600.00")));

    town.post(&farmer, &acts, json!({ "act": "pay", "amount": "1.00" })).problem(422, "insufficient_funds");
    town.post(&farmer, &acts, json!({ "act": "freeze", "reason": "phone lost" })).expect(201);
    town.post(&farmer, &acts, buy("1.00")).problem(422, "line_event");
    let waive = |what: &str| json!({ "act": "waive", "what": what, "amount": "1.00", "reason": "hail" });
    town.post(&officer, &acts, waive("principal")).problem(422, "bad_change");
    town.post(&officer, &acts, waive("late_fee")).problem(422, "line_event");
    let kinds = |line: &serde_json::Value| -> Vec<String> {
        line["history"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap().to_owned()).collect()
    };
    let history = kinds(&town.get(&officer, &line).expect(200).json());
    assert_eq!(history, ["frozen", "purchased", "converted"], "in the order in which they count");
    town.post(&farmer, &acts, json!({ "act": "dance" })).problem(400, "bad_json");

    // A code that was paid from a line is paid: not again from it, and not from a wallet.
    town.post(&farmer, &acts, json!({ "act": "thaw" })).problem(403, "not_permitted");
    town.post(&officer, &acts, json!({ "act": "thaw" })).expect(201);
    let codes = format!("/api/v1/households/{}/payment-codes", shop.household);
    let new = || {
        let asked = json!({ "merchant": merchant, "amount": "10.00" });
        json!(town.post(&shop, &codes, asked).expect(201).text("code"))
    };
    let by_code = |code: &serde_json::Value| json!({ "act": "buy_by_code", "code": code });
    let (code, forged) = (new(), json!("TX1.0.0CNY.0.0.0"));
    town.post(&farmer, &acts, by_code(&forged)).problem(422, "code_not_genuine");
    let command = town.command();
    let used = || town.get(&farmer, &line).expect(200).json()["used"].clone();
    town.post_as(&farmer, &command, &acts, by_code(&code)).expect(201);
    assert_eq!(used(), json!("610.00"));
    town.post_as(&farmer, &command, &acts, by_code(&code)).expect(201);
    assert_eq!(used(), json!("610.00"), "sent again, it is bought once");
    town.post(&farmer, &acts, by_code(&code)).problem(409, "code_spent");
    let payer = town.enrol(3);
    town.fund();
    let basics::PublicId { cell, id: household, .. } = basics::PublicId::parse(&payer.household).unwrap();
    let (amount, reference) = (basics::Money::new(5_000, basics::Currency::CNY), "cash".to_owned());
    let top_up = app::wallet::TopUp { cell, household, amount, reference, value_date: None };
    town.system("top up", app::command::Command::TopUp(top_up));
    let wallet = || {
        town.desk.engine.settle();
        town.get(&payer, &format!("/api/v1/households/{}", payer.household)).expect(200).json()["wallet"]["available"]
            .clone()
    };
    let pay = format!("/api/v1/households/{}/code-payments", payer.household);
    let again = town.post(&payer, &pay, json!({ "code": code }));
    assert!(matches!(again.status, 202 | 409), "refused at once, or it comes back from the merchant's cell: {again:?}");
    assert_eq!(wallet(), json!("50.00"));
    // And the other way round.
    let code = new();
    town.post(&payer, &pay, json!({ "code": code }));
    assert_eq!(wallet(), json!("40.00"));
    town.post(&farmer, &acts, by_code(&code)).problem(409, "code_spent");
    assert_eq!(used(), json!("610.00"));
    let corrections = format!("{line}/corrections");
    let late = json!({ "value_date": "2026-01-01", "what": by_code(&code), "reference": "slip", "reason": "late" });
    town.post(&accountant, &corrections, late).problem(422, "bad_change");

    // What the office sees: the list, the line under the rules, and what only it may do.
    let listed = town.get(&officer, "/api/v1/office/lines").expect(200).json();
    assert_eq!((&listed[0]["line"], &listed[0]["class"]), (&opened["line"], &json!(0)));
    let standing = format!("{line}/standing");
    town.get(&farmer, &standing).problem(403, "not_permitted");
    let under = town.get(&officer, &standing).expect(200).json();
    assert_eq!((&under["stage"], &under["principal"]), (&json!(1), &json!("610.00")));
    let worse = json!({ "act": "judge_worse", "class": 2, "reason": "left the village" });
    town.post(&officer, &acts, worse).expect(201);
    assert_eq!(town.get(&officer, &standing).expect(200).json()["class"], 2);
    let late = json!({ "value_date": "2026-01-01", "what": { "act": "thaw" }, "reference": "slip", "reason": "late" });
    town.post(&officer, &corrections, late.clone()).problem(403, "not_permitted");
    town.post(&accountant, &corrections, late).problem(422, "not_correctable");
}
