//! The worked examples of a lender's practice that must come out exactly.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, Id, Instant, Money, Rate};
use loan::cost::cost_table;
use loan::schedule::schedule;
use loan::season::{
    BorrowerConsent, Consent, Consents, CropCalendar, Deferral, DeferredInterest, DeferredScope, GuarantorConsent,
    Programme, offer, parse_crops,
};
use loan::{
    ClassMatrix, Component, Happening, LifeEvent, LoanClass, LoanError, LoanStatus, LoanTerms, Product, RulePack, Term,
    effects, fold, product,
};

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn yuan(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}

fn classes() -> ClassMatrix {
    ClassMatrix::new(vec![(1, LoanClass(1)), (91, LoanClass(2)), (271, LoanClass(3)), (361, LoanClass(4))]).unwrap()
}

/// 10,000 at 18 % in twelve equal instalments, with a fee in the first.
fn with_fee(fee: &str) -> (Product, LoanTerms) {
    let (file, text) = product::SHIPPED[0];
    let text = text.replace("\"9.00\"", "\"18.00\"");
    let fee = format!(
        "[[fee]]\ncode = \"service\"\nname_zh = \"服务费\"\nname_en = \"Service fee\"\nwhen = \"first-instalment\"\nflat = \"{fee}\"\n"
    );
    let product = Product::parse(file, &format!("{text}\n{fee}")).unwrap();
    let terms =
        product.terms(yuan("10000"), Term::Months(12), date("2026-03-05"), product.price(Some("B")).unwrap()).unwrap();
    (product, terms)
}

#[test]
fn example_1_all_in_cost_with_a_fee() {
    let (product, terms) = with_fee("300.00");
    insta::assert_snapshot!(schedule(&terms).unwrap(), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-04-05     766.80      150.00     300.00     1216.80     9233.20
      2  2026-05-05     778.30      138.50       0.00      916.80     8454.90
      3  2026-06-05     789.98      126.82       0.00      916.80     7664.92
      4  2026-07-05     801.83      114.97       0.00      916.80     6863.09
      5  2026-08-05     813.85      102.95       0.00      916.80     6049.24
      6  2026-09-05     826.06       90.74       0.00      916.80     5223.18
      7  2026-10-05     838.45       78.35       0.00      916.80     4384.73
      8  2026-11-05     851.03       65.77       0.00      916.80     3533.70
      9  2026-12-05     863.79       53.01       0.00      916.80     2669.91
     10  2027-01-05     876.75       40.05       0.00      916.80     1793.16
     11  2027-02-05     889.90       26.90       0.00      916.80      903.26
     12  2027-03-05     903.26       13.55       0.00      916.81        0.00
    ");
    let cost = cost_table(&terms).unwrap();
    assert_eq!(loan::cost::percent(cost.annualised_ppm), "23.7915"); // 23.79 %
    assert!(cost.check_cap(product.cost_cap).is_ok());
    insta::assert_debug_snapshot!(cost, @r#"
    CostTable {
        currency: CNY,
        principal_fen: 1000000,
        items: [
            CostItem {
                kind: Interest,
                price: Yearly(
                    18.00 %,
                ),
                amount_fen: 100161,
                payer: Borrower,
                collector: "lender",
            },
            CostItem {
                kind: Fee {
                    code: "service",
                    name_zh: "服务费",
                    name_en: "Service fee",
                    when: FirstInstalment,
                },
                price: OnceFlat,
                amount_fen: 30000,
                payer: Borrower,
                collector: "lender",
            },
        ],
        total_cost_fen: 130161,
        total_to_pay_fen: 1130161,
        annualised_ppm: 237915,
        effective_ppm: 264049,
        on_default: CostOnDefault {
            penalty_rate: 27.00 %,
            compound: None,
            grace_days: 3,
            penalty_per_day_fen: 750,
            fees: [],
        },
    }
    "#);

    let (product, terms) = with_fee("400.00");
    let cost = cost_table(&terms).unwrap();
    let refusal = cost.check_cap(product.cost_cap).unwrap_err();
    assert!(matches!(refusal, LoanError::OverCap { cap_ppm: 240_000, .. }));
    insta::assert_snapshot!(refusal, @"the all-in cost of 25.7664 % a year passes the cap of 24.00 %: lower the fees or the rate");
}

#[test]
fn example_2_bullet_unpaid_for_ninety_one_days() {
    let mut product = product::shipped("season-bullet").unwrap();
    product.term_unit = product::TermUnit::Days;
    product.term_max = 365;
    let start = date("2026-01-01");
    let rate = Rate::parse_percent("6").unwrap();
    let terms = product.terms(yuan("50000"), Term::Days(180), start, rate).unwrap();
    let plan = schedule(&terms).unwrap();
    assert_eq!((plan.maturity(), plan.interest_fen()), (date("2026-06-30"), 150_000));
    assert_eq!(terms.penalty_rate, Rate::parse_percent("9").unwrap());

    let mut life = vec![LifeEvent::new(1, start, Happening::Disbursed { amount_fen: 5_000_000 })];
    let day_91 = date("2026-09-29");
    let state = fold(&terms, &life, day_91).unwrap();
    let owed = state.overdue_parts().unwrap();
    assert_eq!(state.days_past_due, 91);
    assert_eq!(state.class(&classes()), LoanClass(2));
    assert_eq!((owed.penalty_fen, owed.compound_fen), (113_750, 3_413));
    assert_eq!(owed.interest_fen + owed.penalty_fen + owed.compound_fen, 267_163);

    // Interest, penalty and compound interest are no longer income; a quarter of the principal is set aside.
    let rules = RulePack::shipped("cn-rural").unwrap().on(day_91).unwrap();
    let standing = state.standing(&rules).unwrap();
    assert_eq!((standing.class.class, standing.non_accrual_since), (rules.matrix.class(91), Some(day_91)));
    assert_eq!(standing.suspended_fen(), Ok(267_163));
    assert_eq!(standing.provision.specific_fen, 1_250_000);
    insta::assert_snapshot!(standing, @r"
                   principal   interest      fees   penalty  compound   accrued
    on balance      50000.00       0.00      0.00      0.00      0.00      0.00
    off balance         0.00    1500.00      0.00   1137.50     34.13      0.00
    class 2, stage 3, not accruing since 2026-09-29; provision: general 500.00, specific 12500.00, expected loss 22500.00
    ");
    let day_90 = fold(&terms, &life, day_91.add_days(-1)).unwrap().standing(&rules).unwrap();
    assert_eq!((day_90.suspended_fen(), day_90.non_accrual_since), (Ok(0), None));

    // More than 90 days late, money pays principal first.
    life.push(LifeEvent::new(2, day_91, Happening::Paid { amount_fen: 1_000_000 }));
    let paid = fold(&terms, &life, day_91).unwrap();
    assert_eq!((paid.principal_fen, paid.status), (4_000_000, LoanStatus::Overdue));
    let effect = effects(&state, &paid).unwrap();
    assert_eq!(effect.allocation(), loan::Allocation { principal_fen: 1_000_000, ..Default::default() });
    assert_eq!(effect.receivable_fen(Component::Principal).unwrap(), -1_000_000);
    insta::assert_snapshot!(paid.standing(&rules).unwrap(), @r"
                   principal   interest      fees   penalty  compound   accrued
    on balance      40000.00       0.00      0.00      0.00      0.00      0.00
    off balance         0.00    1500.00      0.00   1137.50     34.13      0.00
    class 2, stage 3, not accruing since 2026-09-29; provision: general 400.00, specific 10000.00, expected loss 18000.00
    ");
}

/// 30,000 on 2027-03-01 for wheat and maize on the plain.
fn seasonal() -> (LoanTerms, Vec<LifeEvent>) {
    let product = product::shipped("seasonal-loan").unwrap();
    let calendar = CropCalendar::shipped().unwrap();
    let crops = parse_crops("wheat:4,maize:6").unwrap();
    let product = product.for_household(&calendar, "huang-huai-hai", &crops).unwrap();
    let (start, rate) = (date("2027-03-01"), product.price(None).unwrap());
    let terms = product.terms(yuan("30000"), Term::Months(8), start, rate).unwrap();
    (terms, vec![LifeEvent::new(1, start, Happening::Disbursed { amount_fen: 3_000_000 })])
}

#[test]
fn example_4_wheat_and_maize_and_a_flood() {
    let (terms, mut life) = seasonal();
    let plan = schedule(&terms).unwrap();
    insta::assert_snapshot!(plan, @r"
    row  due         principal    interest        fee       total     balance
      1  2027-06-30   12000.00      605.00       0.00    12605.00    18000.00
      2  2027-10-31   18000.00      369.00       0.00    18369.00        0.00
    ");
    assert_eq!(plan.interest_fen(), 97_400);

    // Flood on 5 June: the June principal, all of it wheat's, waits for the maize.
    let flood = Programme {
        document: "county-2027-17".into(),
        event_on: date("2027-06-05"),
        crops: vec!["wheat".into()],
        to: date("2027-10-31"),
        scope: DeferredScope::Principal,
        interest: DeferredInterest::RunsOn,
    };
    let offered = offer(&terms, &life, &flood).unwrap().unwrap();
    insta::assert_snapshot!(offered.preview, @r"
    from 2027-06-05
    before
    row  due         principal    interest        fee       total     balance
      1  2027-06-30   12000.00      605.00       0.00    12605.00    18000.00
      2  2027-10-31   18000.00      369.00       0.00    18369.00        0.00
    after
    row  due         principal    interest        fee       total     balance
      1  2027-06-30       0.00      605.00       0.00      605.00    30000.00
      2  2027-10-31   30000.00      615.00       0.00    30615.00        0.00
    cost before 974.00, after 1220.00, added 246.00
    ");
    assert_eq!((offered.preview.added_fen(), offered.preview.needs_consent), (24_600, true));

    let event = |deferral: &Deferral| LifeEvent::new(2, offered.on, Happening::Deferred(deferral.clone()));
    let refusal = loan::accept(&terms, &life, &event(&offered.deferral)).unwrap_err().to_string();
    assert!(refusal.ends_with("it costs 246.00 more, and the borrower has not agreed to that"), "{refusal}");
    let consent = Consent { by: Id::from_u128(7), at: Instant(1_812_000_000_000_000), evidence: [7; 32] };
    let consents = Consents { borrower: BorrowerConsent::Given(consent), guarantor: GuarantorConsent::NoGuarantor };
    let agreed = event(&Deferral { consent: consents, ..offered.deferral.clone() });
    loan::accept(&terms, &life, &agreed).unwrap();
    life.push(agreed);
    let deferred = fold(&terms, &life, date("2027-06-05")).unwrap();
    let totals: Vec<i64> = deferred.schedule.unwrap().rows.iter().map(|row| row.total_fen).collect();
    assert_eq!(totals, [60_500, 3_061_500]);

    // Other crops and other times are not touched.
    for other in [
        Programme { crops: vec!["rice".into()], ..flood.clone() },
        Programme { event_on: date("2027-07-01"), ..flood.clone() },
    ] {
        assert_eq!(offer(&terms, &life[..1], &other).unwrap(), None);
    }
    // A flood that is told of late is dated back: the penalty since 30 June was never owed.
    let late = fold(&terms, &life, date("2027-07-20")).unwrap();
    assert_eq!((late.days_past_due, late.overdue_parts().unwrap().penalty_fen), (20, 0), "605.00 of interest alone");
    assert_eq!(late.overdue_parts().unwrap().principal_fen, 0);
}
