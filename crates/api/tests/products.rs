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

#[test]
fn every_product_can_be_applied_for_signed_and_drawn() {
    let mut products: Vec<&'static str> = LOANS.iter().map(|(code, ..)| *code).collect();
    products.extend(["assisted-household", "revolving-consumer-line"]);
    let town = Town::start(Plan { products, ..Plan::default() });
    let (officer, approver) = (town.staff("li.officer", Role::Officer), town.staff("zhao.approver", Role::Approver));
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
        let draw = format!("{hh}/contracts/{}/drawdown", signed.text("contract"));
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
