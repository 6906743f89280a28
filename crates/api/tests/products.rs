//! Every shipped loan product over HTTP: applied for, decided by people, offered, signed, drawn, with the plan that was offered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use door::Role;
use serde_json::json;
use support::*;

/// Product, amount, months, use.
const LOANS: [(&str, &str, u16, &str); 9] = [
    ("short-working-capital", "3000.00", 6, "livestock"),
    ("season-bullet", "3000.00", 6, "livestock"),
    ("seasonal-loan", "3000.00", 12, "livestock"),
    ("long-working-capital", "10000.00", 24, "livestock"),
    ("disaster-insurance-loan", "3000.00", 12, "livestock"),
    ("green-agriculture", "5000.00", 12, "organic-farming"),
    ("revolving-credit", "3000.00", 12, "livestock"),
    ("order-finance", "3000.00", 6, "order"),
    ("quarterly-interest", "5000.00", 12, "livestock"),
];

/// Adds what a contract waits for, one paper after the other; nothing is drawn before all are there.
fn meet_conditions(town: &Town, clerk: &Who, farmer: &Who, contract: &str, product: &str) {
    let (papers, draw) = (format!("{contract}/papers"), format!("{contract}/drawdown"));
    let open = |who: &Who| {
        let shown = town.get(who, &papers).expect(200).json();
        shown["open"].as_array().unwrap().iter().map(|o| o["en"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let hash = "5a".repeat(32);
    for wanted in open(farmer) {
        town.post(farmer, &draw, json!({})).problem(409, "conditions_open");
        let body = if wanted.contains("spouse") {
            json!({ "kind": "no_spouse", "what": "unmarried", "hash": hash, "evidence": "certificate seen at the window" })
        } else {
            let code = wanted.split('`').nth(1).unwrap_or_else(|| panic!("{product} {wanted}"));
            json!({ "kind": "document", "what": code, "hash": hash, "evidence": "original seen at the window" })
        };
        // The household cannot say of itself what the window has to see.
        town.post(farmer, &papers, body.clone()).problem(403, "not_permitted");
        town.post(clerk, &papers, body).expect(201);
    }
    assert_eq!(open(clerk), [""; 0], "{product}");
}

#[test]
fn every_product_can_be_applied_for_signed_and_drawn() {
    let mut products: Vec<&'static str> = LOANS.iter().map(|(code, ..)| *code).collect();
    products.extend(["assisted-household", "revolving-consumer-line"]);
    let town = Town::start(Plan { products, ..Plan::default() });
    let (officer, approver) = (town.staff("li.officer", Role::Officer), town.staff("zhao.approver", Role::Approver));
    let clerk = town.staff("wang.clerk", Role::Clerk);
    let nobody = Who::default();

    // What has ended, and what is no loan, is not on offer.
    let offered = town.get(&nobody, "/api/v1/products").expect(200).json();
    let codes: Vec<&str> = offered.as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
    assert_eq!(codes, LOANS.map(|(code, ..)| code));
    let long = offered.as_array().unwrap().iter().find(|p| p["code"] == "long-working-capital").unwrap();
    assert_eq!(long["rates"][0], json!({ "rating": "A", "rate": "6.00" }), "the published 3.50 % and 2.50 %");

    for (number, (product, amount, months, purpose)) in (1u32..).zip(LOANS) {
        let farmer = town.enrol(number);
        let hh = format!("/api/v1/households/{}", farmer.household);
        let mut asked = json!({ "product": product, "amount": amount, "term_months": months, "purpose": purpose });
        if product == "seasonal-loan" {
            asked["region"] = json!("huang-huai-hai");
            asked["crops"] = json!("wheat:4,maize:6");
        }
        let applied = town.post(&farmer, &format!("{hh}/applications"), asked).expect(201);
        assert_eq!(applied.text("status"), "referred", "{product}");
        let id = applied.text("application");
        let decision = format!("/api/v1/office/applications/{id}/decision?household={}", farmer.household);
        let yes = json!({ "approve": true, "amount": amount, "reason": "visited: the farm is in order" });
        let decided = town.post(&officer, &decision, yes);
        if decided.status == 202 {
            let approval = format!("/api/v1/office/proposals/{}/approval", decided.text("proposal"));
            town.post(&approver, &approval, json!({})).expect(201);
        }
        let application = format!("{hh}/applications/{id}");
        let offer = town.get(&farmer, &application).expect(200).json()["offer"].clone();
        let words = offer["words_zh"].as_array().unwrap();
        assert!(words.len() >= 6 && offer["words_en"].as_array().unwrap().len() == words.len(), "{product} {offer}");
        let body = json!({ "text_hash": offer["text_hash"], "read_seconds": 12, "confirmed": true });
        let signed = town.post(&farmer, &format!("{application}/signature"), body).expect(201);
        let contract = format!("{hh}/contracts/{}", signed.text("contract"));
        let draw = format!("{contract}/drawdown");
        meet_conditions(&town, &clerk, &farmer, &contract, product);
        let drawn = town.post(&farmer, &draw, json!({})).expect(201);
        let loan = town.get(&farmer, &format!("{hh}/loans/{}", drawn.text("loan"))).expect(200).json();
        let (plan, shown) = (loan["schedule"].as_array().unwrap(), offer["schedule"].as_array().unwrap());
        assert_eq!(plan.len(), shown.len(), "{product}");
        for (row, promised) in plan.iter().zip(shown) {
            assert_eq!((&row["due"], &row["principal"]), (&promised["due"], &promised["principal"]), "{product}");
        }
    }

    let farmer = town.enrol(90);
    let applications = format!("/api/v1/households/{}/applications", farmer.household);
    for product in ["assisted-household", "revolving-consumer-line"] {
        let purpose = if product == "assisted-household" { "livestock" } else { "consumption" };
        let asked = json!({ "product": product, "amount": "2000.00", "term_months": 12, "purpose": purpose });
        town.post(&farmer, &applications, asked).problem(422, "outside_product");
    }
    let odd =
        json!({ "product": "long-working-capital", "amount": "10000.00", "term_months": 13, "purpose": "livestock" });
    town.post(&farmer, &applications, odd).problem(422, "outside_product");
}

#[test]
fn an_entrusted_loan_goes_to_its_payee_and_is_never_the_borrowers_to_spend() {
    let town = Town::start(Plan { products: vec!["long-working-capital"], ..Plan::default() });
    let (officer, approver) = (town.staff("li.officer", Role::Officer), town.staff("zhao.approver", Role::Approver));
    let clerk = town.staff("wang.clerk", Role::Clerk);
    let accountant = town.staff("qian.accountant", Role::Accountant);
    let everyone: Vec<Who> = (1..=9).map(|number| town.enrol(number)).collect();
    let cell = |who: &Who| basics::PublicId::parse_kind(&who.household, basics::IdKind::Household).unwrap().cell;
    let balance = |who: &Who| {
        let shown = town.get(who, &format!("/api/v1/households/{}", who.household)).expect(200).json();
        shown["wallet"]["balance"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned()
    };
    let (first, others) = everyone.split_first().unwrap();
    let near = others.iter().find(|who| cell(who) == cell(first)).unwrap();
    let far = others.iter().find(|who| cell(who) != cell(first)).unwrap();
    let hash = "5a".repeat(32);
    // Within a cell, and from one cell to another.
    for (borrower, payee) in [(first, near), (far, first)] {
        let hh = format!("/api/v1/households/{}", borrower.household);
        let asked = json!({ "product": "long-working-capital", "amount": "200000.00", "term_months": 24, "purpose": "orchard" });
        let id = town.post(borrower, &format!("{hh}/applications"), asked).expect(201).text("application");
        let decision = format!("/api/v1/office/applications/{id}/decision?household={}", borrower.household);
        let yes = json!({ "approve": true, "amount": "200000.00", "reason": "visited: the orchard is in order" });
        let proposal = town.post(&officer, &decision, yes).expect(202).text("proposal");
        town.post(&approver, &format!("/api/v1/office/proposals/{proposal}/approval"), json!({})).expect(201);
        let application = format!("{hh}/applications/{id}");
        let offer = town.get(borrower, &application).expect(200).json()["offer"].clone();
        let text = offer["contract_text_zh"].as_str().unwrap();
        assert!(text.contains("受托支付") && text.contains("配偶共同签字") && text.contains("保证期间"), "{text}");
        let body = json!({ "text_hash": offer["text_hash"], "read_seconds": 12, "confirmed": true });
        let signed = town.post(borrower, &format!("{application}/signature"), body).expect(201);
        let contract = format!("{hh}/contracts/{}", signed.text("contract"));
        let papers = format!("{contract}/papers");
        let shown = town.get(&clerk, &papers).expect(200).json();
        assert_eq!((&shown["payout"], shown["open"].as_array().unwrap().len()), (&json!("entrusted"), 2), "{shown}");
        let add = |kind: &str, more: serde_json::Value| {
            let mut body = json!({ "kind": kind, "hash": hash, "evidence": "seen at the window" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            town.post(&clerk, &papers, body)
        };
        add("no_spouse", json!({ "what": "single" })).problem(422, "wrong_paper");
        add("no_spouse", json!({ "what": "divorced" })).expect(201);
        add("guarantee", json!({})).problem(422, "wrong_paper");
        add("document", json!({ "what": "use-of-funds" })).problem(409, "wrong_status");
        let draw = format!("{contract}/drawdown");
        town.post(borrower, &draw, json!({})).problem(409, "conditions_open");
        add("payee", json!({ "household": borrower.household })).problem(422, "wrong_paper");
        // Whom the money goes to is decided by two, and the second reads who it is.
        let named = add("payee", json!({ "household": payee.household })).expect(202).text("proposal");
        town.post(borrower, &draw, json!({})).problem(409, "conditions_open");
        let waits = town.get(&approver, "/api/v1/office/proposals").expect(200).json();
        assert_eq!(waits[0]["act"], "name_payee");
        assert!(waits[0]["reason"].as_str().unwrap().contains(&payee.household), "{waits}");
        town.post(&approver, &format!("/api/v1/office/proposals/{named}/approval"), json!({})).expect(201);
        add("payee", json!({ "household": payee.household })).problem(409, "paper_exists");
        let drawn = town.post(borrower, &draw, json!({})).expect(201).text("loan");
        town.desk.engine.settle();
        // What went on to the payee is no transfer that is reversed alone, and nothing came back to be set free.
        let entries = town.get(&accountant, &format!("{hh}/entries")).expect(200).json();
        let reversal = json!({ "entry": entries["items"][0]["entry"], "reason": "typed wrongly" });
        let code = if cell(borrower) == cell(payee) { "touches_loan" } else { "crosses_cells" };
        town.post(&accountant, "/api/v1/office/reversals", reversal).problem(422, code);
        let release = format!("{hh}/loans/{drawn}/payout/release");
        let reason = json!({ "reason": "the seller is gone" });
        town.post(borrower, &release, reason.clone()).problem(403, "not_permitted");
        town.post(&officer, &release, reason).problem(404, "unknown_crossing");
        let shown = town.get(borrower, &format!("{hh}/loans/{drawn}")).expect(200).json();
        let crossed = if cell(borrower) == cell(payee) { serde_json::Value::Null } else { json!("paid") };
        assert_eq!(shown["payout"], crossed);
        assert_eq!((balance(borrower), balance(payee)), ("0.00".to_owned(), "200000.00".to_owned()));
        add("document", json!({ "what": "use-of-funds" })).expect(201);
        add("no_spouse", json!({ "what": "divorced" })).problem(409, "wrong_status");
    }
}
