//! Scenarios drawn at random over every product field and event type: whatever is done to a loan, it stays sound.
//!
//! The replay checks each loan after each event: parts add up, principal is what was disbursed, nothing is paid twice,
//! postings balance. Here it gets scenarios that nobody wrote.

// The whole file is a test.
#![allow(clippy::unwrap_used)]

use basics::Date;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use xtask::oracle::{Verdict, replay};

const STANDARD: &str = "mifos-standard-strategy";
const AHEAD_PRINCIPAL: &str = "due-penalty-fee-interest-principal-in-advance-principal-penalty-fee-interest-strategy";
const FEE_LAST: &str = "due-penalty-interest-principal-fee-in-advance-penalty-interest-principal-fee-strategy";
const ADVANCED: &str = "advanced-payment-allocation-strategy";

/// A product and what a loan under it is applied for.
#[derive(Clone, Debug)]
struct Shape {
    product: Value,
    loan: Value,
    principal: i64,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let plan = (
        any::<bool>(),
        select(vec!["DAYS", "WEEKS", "MONTHS"]),
        1u16..4,
        1u16..8,
        select(vec!["0", "7", "12", "26.5"]),
        select(vec!["DAILY", "SAME_AS_REPAYMENT_PERIOD"]),
        any::<bool>(),
        select(vec!["FLAT", "DECLINING_BALANCE"]),
        select(vec!["EQUAL_INSTALLMENTS", "EQUAL_PRINCIPAL"]),
        select(vec!["ACTUAL", "360", "364", "365"]),
        select(vec!["ACTUAL", "30"]),
    );
    let more = (
        select(vec![STANDARD, AHEAD_PRINCIPAL, FEE_LAST]),
        select(vec!["HORIZONTAL", "VERTICAL"]),
        select(vec!["NEXT_INSTALLMENT", "LAST_INSTALLMENT", "REAMORTIZATION"]),
        select(vec![Value::Null, json!(1), json!(10)]),
        select(vec![
            Value::Null,
            json!({"percentage": "25", "auto_repayment": true}),
            json!({"percentage": "18.5", "auto_repayment": false}),
        ]),
        select(vec![Value::Null, json!({"CHARGEBACK": ["PENALTY", "FEE", "INTEREST", "PRINCIPAL"]})]),
        (0u16..3, 0u16..3),
        recalculations(),
        select(vec!["DISBURSEMENT_DATE", "SUBMITTED_ON_DATE"]),
        (10_000i64..500_000, 0i32..400),
    );
    (plan, more).prop_map(shape)
}

fn recalculations() -> impl Strategy<Value = Value> {
    let rule = (
        select(vec!["TILL_PRE_CLOSE_DATE", "TILL_REST_FREQUENCY_DATE"]),
        select(vec![
            "REDUCE_EMI_AMOUNT",
            "REDUCE_NUMBER_OF_INSTALLMENTS",
            "RESCHEDULE_NEXT_REPAYMENTS",
            "ADJUST_LAST_UNPAID_PERIOD",
        ]),
        select(vec!["NONE", "INTEREST", "FEE", "INTEREST_AND_FEE"]),
        select(vec!["DAILY", "SAME_AS_REPAYMENT"]),
    );
    let rule = rule.prop_map(|(close, advance, compounding, rest)| {
        json!({
            "pre_close_interest": close, "advance_payment_strategy": advance, "compounding_method": compounding,
            "compounding_frequency": null, "rest_frequency": {"type": rest, "interval": 1}
        })
    });
    prop_oneof![Just(Value::Null), rule]
}

type Plan = (
    bool,
    &'static str,
    u16,
    u16,
    &'static str,
    &'static str,
    bool,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);
type More =
    (&'static str, &'static str, &'static str, Value, Value, Value, (u16, u16), Value, &'static str, (i64, i32));

fn shape((plan, more): (Plan, More)) -> Shape {
    let (progressive, unit, every, count, rate, by, partial, interest, equal, year, month) = plan;
    let (strategy, path, future, multiple, down, credit, grace, recalculation, seed, (principal, day)) = more;
    let strategy = if progressive { ADVANCED } else { strategy };
    let order = ["PENALTY", "FEE", "PRINCIPAL", "INTEREST"];
    let steps: Vec<String> = ["PAST_DUE", "DUE", "IN_ADVANCE"]
        .iter()
        .flat_map(|status| order.iter().map(move |component| format!("{status}_{component}")))
        .collect();
    let allocation = progressive.then(|| json!({"DEFAULT": {"order": steps, "future_installments": future}}));
    let start = Date::ymd(2023, 11, 30).unwrap().add_days(day).to_string();
    let product = json!({
        "name": "drawn", "installment_amount_in_multiples_of": multiple, "principal": {"min": "1", "max": "100000"},
        "number_of_repayments": {"min": 1, "max": 30}, "interest_type": interest,
        "interest_calculation_period": by, "allow_partial_period_interest": partial, "days_in_year": year,
        "days_in_month": month, "transaction_processing_strategy": strategy,
        "loan_schedule_type": if progressive { "PROGRESSIVE" } else { "CUMULATIVE" },
        "loan_schedule_processing_type": path, "repayment_start_date_type": seed, "fixed_length_days": null,
        "multi_disburse": true, "over_applied": {"calculation": "percentage", "number": "50"}, "down_payment": down,
        "interest_recalculation": recalculation, "payment_allocation": allocation, "credit_allocation": credit,
        "installment_level_delinquency": true, "grace_on_arrears_ageing_days": 3,
        "principal_threshold_for_last_installment_pct": "50", "overdue_charges": []
    });
    let loan = json!({
        "product": "drawn", "submitted_on": start, "expected_disbursement_date": start,
        "principal": money(principal), "interest_rate_per_period": rate, "interest_rate_frequency": "YEAR",
        "interest_type": interest, "interest_calculation_period": by, "amortization_type": equal,
        "loan_term": count * every, "loan_term_frequency": unit, "repayment_every": every,
        "repayment_frequency": unit, "number_of_repayments": count,
        "grace_on_principal_periods": if progressive { 0 } else { grace.0.min(count - 1) },
        "grace_on_interest_periods": if progressive { 0 } else { grace.1.min(count - 1) },
        "grace_on_arrears_ageing_days": 3, "fixed_length_days": null, "fixed_emi_amount": null,
        "transaction_processing_strategy": strategy, "max_outstanding_balance": "100000"
    });
    Shape { product, loan, principal }
}

fn money(fen: i64) -> String {
    basics::money::format_minor(fen)
}

/// One act: how many days after the one before, what, how much in thousandths of the principal, how far dated back.
type Act = (i32, u8, i64, i32);

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec((0i32..40, 0u8..24, 1i64..1_200, prop_oneof![4 => Just(0i32), 1 => 1i32..30]), 1..12)
}

fn scenario(shape: &Shape, acts: &[Act]) -> Value {
    let start = shape.loan["submitted_on"].as_str().unwrap().to_owned();
    let mut today = Date::parse(&start).unwrap();
    let at = |amount: i64| money((shape.principal * amount / 1_000).max(1));
    let mut events = vec![
        json!({"type": "set_business_date", "date": start}),
        json!({"type": "create_loan", "date": start, "loan": 1, "terms": shape.loan}),
        json!({"type": "approve", "date": start, "amount": money(shape.principal), "expected_disbursement_date": start}),
        json!({"type": "disburse", "date": start, "amount": at(600)}),
    ];
    for (days, kind, amount, back) in acts {
        today = today.add_days(*days);
        let (now, dated) = (today.to_string(), today.add_days(-*back).to_string());
        events.push(json!({"type": "set_business_date", "date": now}));
        let paid = |kind: &str| json!({"type": kind, "date": dated, "amount": at(*amount), "payment_type": "AUTOPAY"});
        let charge = |time: &str, calculation: &str, penalty: bool| {
            json!({
                "type": "add_charge", "date": today.add_days(*back).to_string(), "amount": "7.50", "percent": "1.5",
                "charge": {"code": "DRAWN", "name": "Drawn", "time_type": time, "calculation": calculation,
                    "default_amount": "7.50", "penalty": penalty}
            })
        };
        let nth = json!({"by": "nth_repayment", "nth": 1 + amount % 3});
        events.push(match kind {
            0..=3 => paid("repayment"),
            4 => paid("goodwill_credit"),
            5 => paid("merchant_issued_refund"),
            6 => paid("payout_refund"),
            7 => paid("refund_by_cash"),
            8 => json!({"type": "credit_balance_refund", "date": now, "amount": at(*amount)}),
            9 => json!({"type": "payoff", "date": now}),
            10 => json!({"type": "chargeback", "date": now, "amount": at(*amount), "target": nth}),
            11 => json!({"type": "undo_transaction", "date": now, "target": nth}),
            12 => json!({"type": "adjust_transaction", "date": dated, "amount": at(*amount), "target": nth}),
            13 => charge("SPECIFIED_DUE_DATE", "FLAT", false),
            14 => charge("SPECIFIED_DUE_DATE", "PERCENTAGE_LOAN_AMOUNT_PLUS_INTEREST", true),
            15 => charge("INSTALLMENT_FEE", "PERCENTAGE_INTEREST", false),
            16 => json!({"type": "waive_charge", "date": now, "target": {"by": "last_added_charge"}}),
            17 => json!({"type": "charge_adjustment", "date": now, "amount": "2.00",
                "target": {"by": "last_charge_of_type_due_on", "charge": "DRAWN"}}),
            18 => json!({"type": "disburse", "date": now, "amount": at(*amount)}),
            19 => json!({"type": "inline_cob"}),
            20 => json!({"type": "charge_off", "date": now}),
            21 => json!({"type": "reage", "date": now, "start_date": today.add_days(10).to_string(),
                "frequency_number": 1, "frequency_type": "MONTHS", "number_of_installments": 1 + amount % 5}),
            22 => json!({"type": "reamortize", "date": now}),
            _ => json!({"type": "undo_charge_off"}),
        });
    }
    json!({"id": "drawn", "tags": [], "product": shape.product, "loan": shape.loan, "events": numbered(events), "expectations": []})
}

fn numbered(events: Vec<Value>) -> Vec<Value> {
    let numbered = events.into_iter().enumerate().map(|(i, mut event)| {
        event["i"] = json!(i);
        event
    });
    numbered.collect()
}

/// Replays a scenario; what is refused is left out and the rest tried again. Answers what is wrong, if anything.
fn wrong(mut scenario: Value, environment: &Value) -> Option<String> {
    loop {
        let file = json!({"environment": environment, "scenarios": [scenario]});
        let verdict = replay(&file).unwrap().verdicts.remove(0).2;
        let text = match verdict {
            Verdict::Passed => return None,
            Verdict::Failed(text) | Verdict::Unsupported(text) => text,
        };
        let refused = ["refused with", "the engine refuses", "there is no", "nothing was charged off", "no such"];
        let place = text.strip_prefix("event ").and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        match place {
            Some(place) if place > 3 && refused.iter().any(|word| text.contains(word)) => {
                let mut events = scenario["events"].as_array().unwrap().clone();
                events.remove(place);
                scenario["events"] = Value::Array(numbered(events));
            }
            // A plan that cannot be: interest larger than its instalment.
            Some(_) if text.contains("never repays") => return None,
            _ => return Some(format!("{text}\n{scenario}")),
        }
    }
}

fn environment() -> Value {
    json!({"config_defaults": {"charge-accrual-date": "due-date"}, "gl_accounts": {},
        "days_before_repayment_is_due": 1, "days_after_repayment_is_overdue": 2,
        "delinquency_buckets": [{"range": "RANGE_1", "min_days": 1, "max_days": 3},
            {"range": "RANGE_3", "min_days": 4, "max_days": null}]})
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, rng_seed: RngSeed::Fixed(20_241_024), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_a_loan_stays_sound(shape in shapes(), acts in acts()) {
        let wrong = wrong(scenario(&shape, &acts), &environment());
        prop_assert!(wrong.is_none(), "{}", wrong.unwrap());
    }
}
