//! The statement line as a lender and a borrower read it: statements, minimums, conversions, refusals.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::money::format_minor;
use basics::{Currency, Date, DayCount, Id, Money, Rate, Rounding};
use loan::line::{
    InterestFree, InterestOn, LateFee, LineComponent, LineEvent, LineHappening, LineOrder, LineRefusal, LineRules,
    LineStanding, LineState, LineTerms, LineWaivable, MerchantRule, PlanOffer, accept, effects, fold, quote,
};
use loan::{LoanError, ProductRef};

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// Statement on the 1st, due on the 10th, three days of grace, 5,000.00, 18 % by actual/360.
fn terms() -> LineTerms {
    LineTerms {
        product: ProductRef { code: "test-line".into(), version: 1 },
        limit: Money::parse("5000", Currency::CNY).unwrap(),
        opened: date("2026-03-02"),
        valid_to: date("2027-03-01"),
        rate: Rate::parse_percent("18").unwrap(),
        overdue_rate: Rate::parse_percent("24").unwrap(),
        day_count: DayCount::Actual360,
        rounding: Rounding::HalfUp,
        rules: LineRules {
            statement_day: 1,
            due_day: 10,
            grace_days: 3,
            minimum_ppm: 100_000,
            minimum_floor_fen: 5_000,
            interest_free: InterestFree::UntilDue,
            interest_on: InterestOn::Principal,
            late_fee: LateFee { ppm: 50_000, floor_fen: 100 },
            order: LineOrder::FEES_INTEREST_PRINCIPAL,
            plans: vec![
                PlanOffer { instalments: 3, fee_ppm: 8_000 },
                PlanOffer { instalments: 6, fee_ppm: 7_000 },
                PlanOffer { instalments: 12, fee_ppm: 6_500 },
            ],
            plan_min_fen: 10_000,
            settle_fee_ppm: 0,
            merchants: MerchantRule::Except(vec!["jewellery".into()]),
            purchase_max_fen: Some(300_000),
            block_days: Some(1),
            cash_ppm: Some(300_000),
        },
        cost_cap: Some(Rate::parse_percent("24").unwrap()),
    }
}

fn id(number: u128) -> Id {
    Id::from_u128(number)
}

fn fen(text: &str) -> i64 {
    basics::money::parse_minor(text).unwrap()
}

fn bought(amount: &str) -> LineHappening {
    LineHappening::Purchased { merchant: id(900), category: "farm-supplies".into(), amount_fen: fen(amount) }
}

fn paid(amount: &str) -> LineHappening {
    LineHappening::Paid { amount_fen: fen(amount) }
}

fn refunded(purchase: u128, amount: &str) -> LineHappening {
    LineHappening::Refunded { purchase: id(purchase), amount_fen: fen(amount) }
}

fn converted(purchase: u128, instalments: u16) -> LineHappening {
    LineHappening::Converted { purchase: id(purchase), instalments }
}

/// A life of accepted events, numbered from 1.
fn lived(terms: &LineTerms, life: &[(&str, LineHappening)]) -> Vec<LineEvent> {
    let mut events = Vec::new();
    for (number, (on, what)) in (1..).zip(life) {
        let event = LineEvent::new(number, date(on), what.clone());
        accept(terms, &events, &event).unwrap();
        events.push(event);
    }
    events
}

/// One row a date: what is billed, running, used, available, lacking of the minimum, days past due.
fn rows(terms: &LineTerms, events: &[LineEvent], dates: &[&str]) -> String {
    let mut text = "date          billed  running     used   avail. minimum   credit  late\n".to_owned();
    for on in dates {
        let s = fold(terms, events, date(on)).unwrap();
        let m = format_minor;
        text += &format!(
            "{on}  {:>8} {:>8} {:>8} {:>8} {:>7} {:>8} {:>5}\n",
            m(s.billed_fen),
            m(s.running_fen),
            m(s.used_fen),
            m(s.available_fen()),
            m(s.minimum_fen),
            m(s.credit_fen),
            s.days_past_due
        );
    }
    text
}

fn statements(state: &LineState) -> String {
    state.statements.iter().map(ToString::to_string).collect()
}

#[test]
fn practice_example_5_refund_after_the_statement_and_conversion() {
    let terms = terms();
    let mut events = lived(&terms, &[("2026-03-05", bought("600")), ("2026-03-20", bought("400"))]);
    let cut = date("2026-04-01");
    let before = fold(&terms, &events, cut).unwrap();
    assert_eq!(
        (before.statement().unwrap().closing_fen, before.minimum_fen, before.available_fen()),
        (100_000, 10_000, 400_000)
    );

    events.push(LineEvent::new(3, date("2026-04-03"), refunded(2, "150")));
    let state = fold(&terms, &events, date("2026-04-03")).unwrap();
    let statement = state.statement().unwrap();
    assert_eq!(statement.closing_fen, 100_000, "the statement stays");
    assert_eq!(statement.since.counts_as_paid_fen(), 15_000, "the refund counts as paid");
    assert_eq!((statement.minimum_remaining_fen(), state.minimum_fen), (0, 0));
    assert_eq!((state.available_fen(), state.used_fen), (415_000, 85_000));
    // What the ledger has: principal of the line less the refund, which the merchant owes.
    let books = effects(&before, &state).unwrap();
    assert_eq!((books.used_fen, books.refunded_fen, books.settled.purchase_fen), (-15_000, 15_000, 15_000));

    // 600 into 6 with 0.70 % a month: shown with its annual cost before it is made.
    let offer = quote(&terms, 60_000, 6, date("2026-04-03")).unwrap();
    insta::assert_snapshot!(offer.schedule, @r"
    row  due         principal    interest        fee       total     balance
      1  2026-05-10     100.00        0.00       4.20      104.20      500.00
      2  2026-06-10     100.00        0.00       4.20      104.20      400.00
      3  2026-07-10     100.00        0.00       4.20      104.20      300.00
      4  2026-08-10     100.00        0.00       4.20      104.20      200.00
      5  2026-09-10     100.00        0.00       4.20      104.20      100.00
      6  2026-10-10     100.00        0.00       4.20      104.20        0.00
    ");
    insta::assert_snapshot!(
        format!("fees {} annualised {} % effective {} %", format_minor(offer.fees_fen),
            loan::cost::percent(offer.annualised_ppm), loan::cost::percent(offer.effective_ppm)),
        @"fees 25.20 annualised 13.343 % effective 14.19 %"
    );
    let conversion = LineEvent::new(4, date("2026-04-03"), converted(1, 6));
    accept(&terms, &events, &conversion).unwrap();
    events.push(conversion);
    insta::assert_snapshot!(
        rows(&terms, &events, &["2026-04-02", "2026-04-03", "2026-05-01", "2026-06-01"]),
        @r"
        date          billed  running     used   avail. minimum   credit  late
        2026-04-02   1000.00     0.00  1000.00  4000.00  100.00     0.00     0
        2026-04-03    250.00     0.00   850.00  4150.00    0.00     0.00     0
        2026-05-01    356.83     0.00   850.00  4150.00  131.83     0.00     0
        2026-06-01    473.65     0.00   850.00  4150.00  271.15     0.00    22
        "
    );
}

#[test]
fn a_typical_life_of_statements() {
    let terms = terms();
    let events = lived(
        &terms,
        &[
            ("2026-03-05", bought("600")),
            ("2026-03-20", bought("400")),
            ("2026-03-28", refunded(1, "50")), // before the statement: never billed
            ("2026-04-10", paid("950")),       // in full, on the due date
            ("2026-04-15", bought("1200")),
            ("2026-05-13", paid("120")), // the minimum, on the last day of grace
            ("2026-05-20", bought("300")),
            ("2026-06-20", paid("200")), // after the minimum was missed
            ("2026-07-02", paid("1300")),
        ],
    );
    let state = fold(&terms, &events, date("2026-08-02")).unwrap();
    insta::assert_snapshot!(statements(&state), @r"
    statement 1  2026-03-02 to 2026-03-31  due 2026-04-10
      opening             0.00
      purchases        1000.00
      refunded          -50.00
      closing           950.00  minimum 95.00
    statement 2  2026-04-01 to 2026-04-30  due 2026-05-10
      opening           950.00
      purchases        1200.00
      paid             -950.00
      closing          1200.00  minimum 120.00
    statement 3  2026-05-01 to 2026-05-31  due 2026-06-10
      opening          1200.00
      purchases         300.00
      interest           12.06
      paid             -120.00
      closing          1392.06  minimum 150.06
    statement 4  2026-06-01 to 2026-06-30  due 2026-07-10
      opening          1392.06
      interest           14.11
      penalty             5.52
      late fees           7.50
      paid             -200.00
      closing          1219.19  minimum 157.19
    statement 5  2026-07-01 to 2026-07-31  due 2026-08-10
      opening          1219.19
      interest            0.59
      paid            -1219.78
      closing             0.00  minimum 0.00
    ");
    insta::assert_snapshot!(
        rows(&terms, &events, &[
            "2026-04-01", "2026-04-10", "2026-05-01", "2026-05-13", "2026-05-14", "2026-06-01", "2026-06-10",
            "2026-06-13", "2026-06-14", "2026-06-20", "2026-07-01", "2026-07-02", "2026-08-01",
        ]),
        @r"
        date          billed  running     used   avail. minimum   credit  late
        2026-04-01    950.00     0.00   950.00  4050.00   95.00     0.00     0
        2026-04-10      0.00     0.00     0.00  5000.00    0.00     0.00     0
        2026-05-01   1200.00     0.00  1200.00  3800.00  120.00     0.00     0
        2026-05-13   1080.00     0.00  1080.00  3920.00    0.00     0.00     0
        2026-05-14   1080.00     0.00  1080.00  3920.00    0.00     0.00     0
        2026-06-01   1392.06     0.00  1380.00  3620.00  150.06     0.00     0
        2026-06-10   1392.06     0.00  1380.00  3620.00  150.06     0.00     0
        2026-06-13   1392.06     0.00  1380.00  3620.00  150.06     0.00     3
        2026-06-14   1392.06     7.50  1380.00  3620.00  150.06     0.00     4
        2026-06-20   1192.06     7.50  1180.00  3820.00    0.00     0.00     0
        2026-07-01   1219.19     0.00  1180.00  3820.00  157.19     0.00     0
        2026-07-02      0.00     0.00     0.00  5000.00    0.00    80.81     0
        2026-08-01      0.00     0.00     0.00  5000.00    0.00    80.22     0
        "
    );
    assert_eq!(state.next_date, None, "nothing is owed and nothing moves: the close of day leaves it alone");
}

#[test]
fn full_interest_from_the_purchase_where_the_product_says_so() {
    let mut terms = terms();
    terms.rules.interest_free = InterestFree::WhenPaidInFull;
    let life = |pay: &str| lived(&terms, &[("2026-03-11", bought("1000")), ("2026-04-10", paid(pay))]);
    // Paid in full: free. Nearly in full: 30 days on 1,000.00 and 21 on the 0.01 left, at 18 %.
    let interest = |pay: &str| {
        let state = fold(&terms, &life(pay), date("2026-05-01")).unwrap();
        state.totals.charged.interest_fen
    };
    assert_eq!((interest("1000"), interest("999.99")), (0, 1_500));
    let mut until_due = terms.clone();
    until_due.rules.interest_free = InterestFree::UntilDue;
    let state = fold(&until_due, &life("100"), date("2026-05-01")).unwrap();
    assert_eq!(state.totals.charged.interest_fen, 945, "21 days on 900.00 from the due date");
    let mut never = terms.clone();
    never.rules.interest_free = InterestFree::Never;
    let state = fold(&never, &life("1010.50"), date("2026-05-01")).unwrap();
    assert_eq!(state.totals.charged.interest_fen, 1_500, "21 days billed on 1 April, 9 on 1 May");
    assert_eq!(state.statements[0].flows.charged.interest_fen, 1_050);
}

#[test]
fn interest_on_billed_interest_where_the_product_says_so() {
    let mut terms = terms();
    terms.rules.interest_free = InterestFree::Never;
    terms.rules.minimum_ppm = 0;
    terms.rules.minimum_floor_fen = 0;
    let events = lived(&terms, &[("2026-03-02", bought("3000"))]);
    let penalty = |on: InterestOn| {
        let terms = LineTerms { rules: LineRules { interest_on: on, ..terms.rules.clone() }, ..terms.clone() };
        let totals = fold(&terms, &events, date("2026-06-01")).unwrap().totals;
        (totals.charged.interest_fen, totals.charged.penalty_fen)
    };
    // The minimum is the interest alone; missing it, the overdue rate holds from 14 April on.
    let (plain, on_interest) = (penalty(InterestOn::Principal), penalty(InterestOn::PrincipalAndInterest));
    assert_eq!(plain, (4_500 + 1_950, 3_400 + 6_200));
    // 45.00 due on 10 April bears 4 days at 18 %, then 17 and 31 at 24 %; 19.59 due on 10 May bears 4 and 18.
    assert_eq!(on_interest, (4_500 + 1_959 + 4, 3_451 + 6_317));
}

#[test]
fn conversion_settled_early_and_refund_of_a_converted_purchase() {
    let mut terms = terms();
    terms.rules.settle_fee_ppm = 10_000;
    let mut events =
        lived(&terms, &[("2026-03-05", bought("600")), ("2026-03-06", bought("700")), ("2026-03-10", converted(1, 6))]);
    let state = fold(&terms, &events, date("2026-05-02")).unwrap();
    let plan = *state.plan(id(3)).unwrap();
    assert_eq!((plan.billed, plan.unbilled_fen, plan.fees_to_come_fen, plan.unpaid_fen), (2, 40_000, 1_680, 20_000));
    assert_eq!(state.owed.get(LineComponent::Instalment), 60_000);

    // A refund takes the last instalments first, then what is billed, and the rest is money.
    let mut returned = events.clone();
    returned.push(LineEvent::new(9, date("2026-05-02"), refunded(1, "450")));
    accept(&terms, &events, &returned[3]).unwrap();
    let state = fold(&terms, &returned, date("2026-05-02")).unwrap();
    let plan = *state.plan(id(3)).unwrap();
    assert_eq!((plan.unbilled_fen, plan.fees_to_come_fen, plan.unpaid_fen), (0, 0, 15_000));

    // Settled early: the rest on the next statement, with the fee for it and no later fees.
    events.push(LineEvent::new(4, date("2026-05-02"), LineHappening::PlanSettled { plan: id(3) }));
    let state = fold(&terms, &events, date("2026-06-01")).unwrap();
    let newest = state.statement().unwrap();
    assert_eq!((newest.flows.charged.instalment_fen, newest.flows.charged.plan_fee_fen), (40_000, 400));
    let again = LineEvent::new(5, date("2026-05-03"), LineHappening::PlanSettled { plan: id(3) });
    insta::assert_snapshot!(accept(&terms, &events, &again).unwrap_err(), @"event 00000000-0000-0000-0000-000000000005 is not taken: there is no plan 00000000-0000-0000-0000-000000000003 with anything to settle on this line: check its id");
}

#[test]
fn money_ahead_of_its_time_pays_what_comes_next_and_can_go_back() {
    let terms = terms();
    let events = lived(
        &terms,
        &[
            ("2026-03-05", bought("100")),
            ("2026-03-06", paid("150")),
            ("2026-03-07", LineHappening::CreditReturned { amount_fen: 2_000 }),
            ("2026-03-08", bought("200")),
        ],
    );
    insta::assert_snapshot!(
        rows(&terms, &events, &["2026-03-06", "2026-03-07", "2026-03-08", "2026-04-01"]),
        @r"
        date          billed  running     used   avail. minimum   credit  late
        2026-03-06      0.00     0.00     0.00  5000.00    0.00    50.00     0
        2026-03-07      0.00     0.00     0.00  5000.00    0.00    30.00     0
        2026-03-08      0.00   170.00   170.00  4830.00    0.00     0.00     0
        2026-04-01    170.00     0.00   170.00  4830.00   50.00     0.00     0
        "
    );
    let more = LineEvent::new(5, date("2026-03-07"), LineHappening::CreditReturned { amount_fen: 2_000 });
    insta::assert_snapshot!(accept(&terms, &events, &more).unwrap_err(), @"event 00000000-0000-0000-0000-000000000005 is of 20.00, and only 0.00 is there to refund");
    let reversal = LineEvent::new(6, date("2026-03-09"), LineHappening::Reversed { target: id(2) });
    insta::assert_snapshot!(accept(&terms, &events, &reversal).unwrap_err(), @"event 00000000-0000-0000-0000-000000000006 cannot reverse 00000000-0000-0000-0000-000000000002: a credit balance that came of it has gone back already");
}

#[test]
fn waivers_take_off_interest_and_fees_and_count_towards_the_minimum() {
    let terms = terms();
    let events = lived(&terms, &[("2026-03-05", bought("1000"))]);
    let late = fold(&terms, &events, date("2026-05-01")).unwrap();
    let charged = late.totals.charged;
    assert_eq!((charged.late_fee_fen, charged.interest_fen, charged.penalty_fen), (500, 200, 1_133));
    let waiver = |number, what, amount_fen| {
        LineEvent::new(number, date("2026-05-02"), LineHappening::Waived { what, amount_fen })
    };
    let mut with = events.clone();
    for event in [waiver(2, LineWaivable::LateFee, 500), waiver(3, LineWaivable::Penalty, 1_133)] {
        accept(&terms, &with, &event).unwrap();
        with.push(event);
    }
    let state = fold(&terms, &with, date("2026-05-02")).unwrap();
    assert_eq!((state.owed.late_fee_fen, state.owed.penalty_fen, state.owed.interest_fen), (0, 0, 200));
    assert_eq!(late.minimum_fen - state.minimum_fen, 1_633);
    insta::assert_snapshot!(accept(&terms, &with, &waiver(4, LineWaivable::LateFee, 1)).unwrap_err(), @"event 00000000-0000-0000-0000-000000000004 is of 0.01, and only 0.00 is there to waive");
}

#[test]
fn limit_and_standing() {
    let terms = terms();
    let mut events = lived(
        &terms,
        &[
            ("2026-03-05", bought("3000")),
            ("2026-03-06", LineHappening::Raised { limit_fen: 800_000 }),
            ("2026-03-07", LineHappening::Frozen { reason: "phone lost".into() }),
            ("2026-03-08", LineHappening::Thawed),
            ("2026-03-09", LineHappening::Lowered { limit_fen: 200_000 }),
        ],
    );
    let state = |events: &[LineEvent], on: &str| fold(&terms, events, date(on)).unwrap();
    let of = |s: LineState| (s.standing, s.limit_fen, s.headroom_fen(), s.available_fen());
    assert_eq!(of(state(&events, "2026-03-06")), (LineStanding::Open, 800_000, 500_000, 500_000));
    assert_eq!(of(state(&events, "2026-03-07")), (LineStanding::Frozen, 800_000, 500_000, 0));
    assert_eq!(of(state(&events, "2026-03-09")), (LineStanding::Open, 200_000, -100_000, 0));
    // Bought on the 6th, it would leave no room for what is used on the 9th.
    let buy = LineEvent::new(6, date("2026-03-06"), bought("100"));
    insta::assert_snapshot!(accept(&terms, &events, &buy).unwrap_err(), @"event 00000000-0000-0000-0000-000000000006 is not taken: only 0.00 is available on 2026-03-09");
    events.push(LineEvent::new(7, date("2026-03-10"), LineHappening::Closed));
    for what in [LineHappening::Thawed, LineHappening::Closed, bought("1")] {
        let refusal = accept(&terms, &events, &LineEvent::new(8, date("2026-03-11"), what)).unwrap_err();
        assert!(
            matches!(refusal, LoanError::Line { refusal: LineRefusal::Shut(LineStanding::Closed), .. }),
            "{refusal}"
        );
    }
    let closed = state(&events, "2026-04-01");
    assert_eq!(closed.billed_fen, 300_000, "what is owed runs on");
}

#[test]
fn what_a_line_does_not_take() {
    let terms = terms();
    let events = lived(
        &terms,
        &[("2026-03-05", bought("1000")), ("2026-03-06", refunded(1, "200")), ("2026-03-20", bought("50"))],
    );
    let at = |category: &str, amount_fen| LineHappening::Purchased {
        merchant: id(900),
        category: category.into(),
        amount_fen,
    };
    let cases: Vec<(&str, LineHappening)> = vec![
        ("2026-03-01", bought("1")),
        ("2027-03-02", bought("1")),
        ("2026-03-21", at("jewellery", 1)),
        ("2026-03-21", at("food", 300_001)),
        ("2026-03-21", at("food", 0)),
        ("2026-03-21", at("food", i64::MAX)),
        ("2026-04-15", bought("1")),
        ("2026-03-21", refunded(77, "1")),
        ("2026-03-21", refunded(1, "800.01")),
        ("2026-03-04", refunded(1, "1")),
        ("2026-03-21", converted(1, 7)),
        ("2026-03-21", converted(3, 6)),
        ("2026-04-12", converted(1, 6)),
        ("2026-03-21", LineHappening::PlanSettled { plan: id(1) }),
        ("2026-03-21", LineHappening::Waived { what: LineWaivable::Interest, amount_fen: 1 }),
        ("2026-03-21", LineHappening::CreditReturned { amount_fen: 1 }),
        ("2026-03-21", LineHappening::Raised { limit_fen: 500_000 }),
        ("2026-03-21", LineHappening::Lowered { limit_fen: -1 }),
        ("2026-03-21", LineHappening::Thawed),
        ("2026-03-21", LineHappening::Reversed { target: id(1) }),
        ("2026-03-21", LineHappening::Reversed { target: id(42) }),
        ("2026-03-05", LineHappening::Reversed { target: id(2) }),
    ];
    let mut text = String::new();
    for (on, what) in cases {
        let error = accept(&terms, &events, &LineEvent::new(9, date(on), what)).unwrap_err();
        text += &format!("{}\n", error.to_string().replace("00000000-0000-0000-0000-0000000000", ""));
    }
    insta::assert_snapshot!(text, @r"
    event 09 is not taken: the line was opened on 2026-03-02: check the value date
    event 09 is not taken: the line could be used until 2027-03-01: it has to be renewed
    event 09 is not taken: the line may not be used at merchants of category `jewellery`
    event 09 is not taken: a single purchase may be 3000.00 at most
    event 09 is of no amount: give more than 0.00
    the amount of the event is too large to be kept: split the amount
    event 09 is not taken: a minimum payment is 5 days past due: pay it first
    event 09 is not taken: there is no purchase 4d on this line: check its id
    event 09 is of 800.01, and only 800.00 is there to refund
    event 09 is not taken: it is dated before 2026-03-05, the date of what it refers to
    event 09 is not taken: the purchase cannot be converted: 7 instalments are not on offer: choose one of 3, 6, 12
    event 09 is not taken: the purchase cannot be converted: 50.00 of it is unpaid, and 100.00 is the least
    event 09 is not taken: a minimum payment is 2 days past due: pay it first
    event 09 is not taken: there is no plan 01 with anything to settle on this line: check its id
    event 09 is of 0.01, and only 0.00 is there to waive
    event 09 is of 0.01, and only 0.00 is there to refund
    event 09 is not taken: it would change nothing: the limit is 5000.00: raise it to more
    event 09 is not taken: it would change nothing: the limit is 5000.00: lower it to less, at least 0.00
    event 09 is not taken: it would change nothing: the line is not frozen
    event 09 cannot reverse 01: refunds, a conversion or a settlement rest on it: reverse them first
    event 09 cannot reverse 2a: there is no such event in this line
    event 09 cannot reverse 02: the reversal is dated before it
    ");
    let again = LineEvent::new(1, date("2026-03-21"), paid("1"));
    assert!(matches!(accept(&terms, &events, &again), Err(LoanError::DuplicateEvent(_))));
}

#[test]
fn a_plan_dearer_than_the_cap_is_refused() {
    let mut terms = terms();
    terms.rules.plans.push(PlanOffer { instalments: 9, fee_ppm: 15_000 });
    let refusal = quote(&terms, 60_000, 9, date("2026-04-03")).unwrap_err();
    insta::assert_snapshot!(refusal, @"the all-in cost of 29.7966 % a year passes the cap of 24.00 %: lower the fees or the rate");
    let events = lived(&terms, &[("2026-03-05", bought("600"))]);
    let conversion = LineEvent::new(2, date("2026-04-03"), converted(1, 9));
    assert_eq!(accept(&terms, &events, &conversion), Err(refusal));
}

#[test]
fn terms_that_cannot_be_run() {
    let change = |change: fn(&mut LineTerms)| {
        let mut terms = terms();
        change(&mut terms);
        fold(&terms, &[], date("2026-03-02")).unwrap_err().to_string()
    };
    let text = [
        change(|t| t.limit = Money::zero(Currency::CNY)),
        change(|t| t.valid_to = date("2026-03-01")),
        change(|t| t.overdue_rate = Rate::ZERO),
        change(|t| t.rules.statement_day = 31),
        change(|t| t.rules.due_day = 1),
        change(|t| t.rules.grace_days = 19),
        change(|t| t.rules.minimum_ppm = 1_000_001),
        change(|t| t.rules.late_fee.floor_fen = -1),
        change(|t| t.rules.purchase_max_fen = Some(0)),
        change(|t| t.rules.plans[0].instalments = 1),
        change(|t| t.rules.plans[1].instalments = 3),
    ]
    .join("\n");
    insta::assert_snapshot!(text, @r"
    these terms cannot be scheduled: the limit must be more than nothing and at most 10,000,000,000,000.00
    these terms cannot be scheduled: the line must not end before it begins
    these terms cannot be scheduled: the overdue rate must not be less than the rate
    these terms cannot be scheduled: line.statement_day: must be a day of the month from 1 to 28
    these terms cannot be scheduled: line.due_day: must be a day of the month from 1 to 28, and not the statement day
    these terms cannot be scheduled: line.grace_days: must end before the next statement: at most 18 days
    these terms cannot be scheduled: line.minimum: must be a share from 0 to 100 %
    these terms cannot be scheduled: line.late_fee_floor: must not be less than nothing
    these terms cannot be scheduled: line.purchase_max: must be more than 0.00
    these terms cannot be scheduled: line.plan.instalments: must be from 2 to 60
    these terms cannot be scheduled: line.plan.instalments: two plans have as many instalments
    ");
}

#[test]
fn the_shipped_line_through_three_statements() {
    let product = loan::product::shipped("revolving-consumer-line").unwrap();
    let limit = Money::parse("5000", Currency::CNY).unwrap();
    let terms =
        product.line_terms(limit, loan::Term::Months(12), date("2026-03-02"), product.price(None).unwrap()).unwrap();
    assert_eq!(terms.valid_to, date("2027-03-01"));
    let events = lived(
        &terms,
        &[
            ("2026-03-05", bought("600")),
            ("2026-03-20", bought("400")),
            ("2026-04-03", refunded(2, "150")),
            ("2026-04-04", converted(1, 6)),
            ("2026-04-10", paid("250")),
            ("2026-04-25", bought("200")),
            ("2026-05-09", paid("100")),
        ],
    );
    let state = fold(&terms, &events, date("2026-06-01")).unwrap();
    insta::assert_snapshot!(statements(&state), @r"
    statement 1  2026-03-02 to 2026-03-31  due 2026-04-20
      opening             0.00
      purchases        1000.00
      closing          1000.00  minimum 100.00
    statement 2  2026-04-01 to 2026-04-30  due 2026-05-20
      opening          1000.00
      purchases         200.00
      instalments       100.00
      plan fees           4.20
      paid             -250.00
      refunded         -150.00
      converted        -600.00
      closing           304.20  minimum 124.20
    statement 3  2026-05-01 to 2026-05-31  due 2026-06-20
      opening           304.20
      instalments       100.00
      interest            0.34
      penalty             1.02
      plan fees           4.20
      late fees           1.21
      paid             -100.00
      closing           310.97  minimum 148.97
    ");

    let too_much = Money::parse("20100", Currency::CNY).unwrap();
    let outside = product.line_terms(too_much, loan::Term::Months(12), date("2026-03-02"), terms.rate);
    insta::assert_snapshot!(outside.unwrap_err(), @"revolving-consumer-line lends 500.00 to 20000.00 in steps of 100.00, not 20100.00: ask for an amount in that range");
    let loan = loan::product::shipped("season-bullet").unwrap();
    let refusal = loan.line_terms(limit, loan::Term::Months(6), date("2026-03-02"), loan.price(None).unwrap());
    insta::assert_snapshot!(refusal.unwrap_err(), @"these terms cannot be scheduled: season-bullet is no statement line");
}

#[test]
fn what_a_line_file_must_say() {
    let file = "revolving-consumer-line.toml";
    let text = loan::product::SHIPPED.iter().find(|(name, _)| *name == file).unwrap().1;
    let cases = [
        ("statement_day = 1\n", "statement_day = 31\n"),
        ("due_day = 20\n", "due_day = 1\n"),
        ("due_day = 20\n", ""),
        ("grace_days = 3", "grace_days = 9"),
        ("minimum = \"10\"", "minimum = \"ten\""),
        ("minimum_floor = \"50.00\"", "minimum_floor = \"50.001\""),
        ("interest_free = \"until-due\"", "interest_free = \"always\""),
        ("\"late-fee\", \"plan-fee\"", "\"late-fee\", \"late-fee\""),
        ("except_merchants", "only_merchants = [\"food\"]\nexcept_merchants"),
        ("fee = \"0.66\"", "fee = \"1.66\""),
        ("instalments = 12\n", "instalments = 6\n"),
        ("basis = \"daily\"", "basis = \"twelfth\""),
        ("method = \"statement-line\"", "method = \"bullet\""),
        ("block_days = 1", "block_weeks = 1"),
    ];
    let mut said = String::new();
    for (from, to) in cases {
        assert!(text.contains(from), "{from}");
        let error = loan::Product::parse(file, &text.replacen(from, to, 1)).unwrap_err();
        said += &format!("{error}\n");
    }
    let (head, rest) = text.split_once("[line]").unwrap();
    let without = format!("{head}{}", &rest[rest.find("[overdue]").unwrap()..]);
    said += &loan::Product::parse(file, &without).unwrap_err().to_string();
    insta::assert_snapshot!(said, @r"
    revolving-consumer-line.toml, line 28, `line.statement_day`: must be a day of the month from 1 to 28
    revolving-consumer-line.toml, line 29, `line.due_day`: must be a day of the month from 1 to 28, and not the statement day
    revolving-consumer-line.toml, line 27, `due_day`: missing field `due_day`
    revolving-consumer-line.toml, line 30, `line.grace_days`: must end before the next statement: at most 8 days
    revolving-consumer-line.toml, line 31, `line.minimum`: `ten` is not a rate: give percent with at most four decimals, from 0 to 1000
    revolving-consumer-line.toml, line 32, `line.minimum_floor`: `50.001` is not an amount: give digits with at most two decimals, such as 1250.00
    revolving-consumer-line.toml, line 33, `line.interest_free`: `always` is not known: choose `until-due` or `when-paid-in-full` or `never`
    revolving-consumer-line.toml, line 37, `line.order`: name each of the six components once
    revolving-consumer-line.toml, line 40, `line.only_merchants`: give either `only_merchants` or `except_merchants`
    revolving-consumer-line.toml, line 53, `line.plan.fee`: the all-in cost of 31.9118 % a year passes the cap of 24.00 %: lower the fees or the rate
    revolving-consumer-line.toml, line 44, `line.plan.instalments`: two plans have as many instalments
    revolving-consumer-line.toml, line 23, `interest.basis`: a statement line needs `daily`
    revolving-consumer-line.toml, line 27, `line`: only the method `statement-line` has the table `[line]`: leave it out
    revolving-consumer-line.toml, line 41, `block_weeks`: unknown field `block_weeks`, expected one of `statement_day`, `due_day`, `grace_days`, `minimum`, `minimum_floor`, `interest_free`, `interest_on`, `late_fee`, `late_fee_floor`, `order`, `plan`, `plan_min`, `settle_fee`, `only_merchants`, `except_merchants`, `purchase_max`, `block_days`, `cash`
    revolving-consumer-line.toml, line 1, `line`: the method `statement-line` needs the table `[line]`
    ");
}

#[test]
fn cash_bears_interest_from_its_day_and_is_a_share_of_the_limit() {
    let terms = terms();
    let cash = |amount: &str| LineHappening::Drawn { amount_fen: fen(amount) };
    let mut events = lived(&terms, &[("2026-03-05", bought("600")), ("2026-03-06", cash("1000"))]);
    let next = |number, on: &str, what| LineEvent::new(number, date(on), what);
    // 30 % of 5,000.00, and 1,000.00 of it is out.
    let error = accept(&terms, &events, &next(3, "2026-03-07", cash("500.01"))).unwrap_err();
    assert_eq!(error.to_string(), format!("event {} is not taken: only 500.00 may be drawn as cash", id(3)));
    let error = accept(&terms, &events, &next(3, "2026-03-07", converted(2, 6))).unwrap_err();
    assert!(error.to_string().ends_with("cannot be converted: it is cash"), "{error}");
    let error = accept(&terms, &events, &next(3, "2026-03-07", refunded(2, "1"))).unwrap_err();
    assert!(matches!(error, LoanError::Line { refusal: LineRefusal::UnknownPurchase(_), .. }));
    // 26 days to the statement at 18 %, actual/360: 1,000 × 18 % × 26 / 360.
    let statement = *fold(&terms, &events, date("2026-04-01")).unwrap().statement().unwrap();
    assert_eq!((statement.flows.charged.interest_fen, statement.closing_fen), (1_300, 161_300));
    events.push(next(3, "2026-04-02", paid("1613")));
    let state = fold(&terms, &events, date("2026-04-02")).unwrap();
    assert_eq!((state.cash_fen(), state.used_fen, state.accrues), (0, 0, 0));
    assert_eq!(state.accrued.floor_fen().unwrap(), 50, "a day of the cash, billed with the next statement");
    // Dated back, it must leave room for the cash that was drawn since, unless that was paid meanwhile.
    let drawn = lived(&terms, &[("2026-03-10", cash("1500"))]);
    let error = accept(&terms, &drawn, &next(9, "2026-03-05", cash("0.01"))).unwrap_err();
    assert_eq!(error.to_string(), format!("event {} is not taken: only 0.00 may be drawn as cash", id(9)));
    let repaid =
        lived(&terms, &[("2026-03-10", cash("500")), ("2026-03-20", paid("500")), ("2026-03-21", cash("500"))]);
    accept(&terms, &repaid, &next(9, "2026-03-05", cash("1000"))).unwrap();
    let error = accept(&terms, &repaid, &next(9, "2026-03-05", cash("1000.01"))).unwrap_err();
    assert!(error.to_string().ends_with("only 1000.00 may be drawn as cash"), "{error}");
    let without = LineRules { cash_ppm: None, ..terms.rules.clone() };
    let terms = LineTerms { rules: without, ..terms };
    let error = accept(&terms, &[], &next(9, "2026-03-07", cash("1"))).unwrap_err();
    assert!(error.to_string().ends_with("the product gives no cash: use the line at merchants"), "{error}");
}

#[test]
fn a_missed_line_under_the_rules() {
    let terms = terms();
    let mut events = lived(&terms, &[("2026-03-05", bought("1000"))]);
    let rules = loan::rules::RulePack::shipped("cn-rural").unwrap();
    let under = |events: &[LineEvent], on: &str| {
        let day = date(on);
        fold(&terms, events, day).unwrap().standing(&rules.on(day).unwrap()).unwrap()
    };
    let table = |events: &[LineEvent], dates: &[&str]| {
        let mut text = "date        late  class stage  on balance  off balance  set aside\n".to_owned();
        for on in dates {
            let (stands, state) = (under(events, on), fold(&terms, events, date(on)).unwrap());
            let m = format_minor;
            text += &format!(
                "{on}  {:>4}  {:>5} {:>5}  {:>10}  {:>11}  {:>9}\n",
                state.days_past_due,
                stands.class.class.0,
                stands.stage.number(),
                m(stands.on_balance.total_fen().unwrap()),
                m(stands.suspended.total_fen().unwrap()),
                m(stands.provision.needed_fen(stands.on_balance.principal_fen)),
            );
        }
        text
    };
    let dates = ["2026-04-10", "2026-04-11", "2026-07-09", "2026-07-10", "2027-01-07", "2027-04-07"];
    insta::assert_snapshot!(table(&events, &dates), @r"
    date        late  class stage  on balance  off balance  set aside
    2026-04-10     0      0     1     1000.00         0.00      11.25
    2026-04-11     1      1     2     1000.00         0.00      81.00
    2026-07-09    90      1     2     1090.77         0.00      88.35
    2026-07-10    91      2     3     1031.44        60.00     464.15
    2027-01-07   272      3     3     1240.18       180.68     558.08
    2027-04-07   362      4     3     1416.75       240.69    1000.00
    ");
    // Written off, it lives on beside the balance sheet; what is paid then is recovered.
    let next = |number, on: &str, what| LineEvent::new(number, date(on), what);
    events.push(next(5, "2027-04-08", LineHappening::WrittenOff));
    let error = accept(&terms, &events, &next(6, "2027-04-09", LineHappening::WrittenOff)).unwrap_err();
    assert!(error.to_string().ends_with("it was written off on 2027-04-08 already"), "{error}");
    let error = accept(&terms, &events, &next(6, "2027-04-09", bought("1"))).unwrap_err();
    assert!(error.to_string().ends_with("the line is closed"), "{error}");
    events.push(next(6, "2027-05-20", paid("1300")));
    let state = fold(&terms, &events, date("2027-05-20")).unwrap();
    assert_eq!(state.written_off.map(|claim| claim.principal_fen), Some(100_000));
    assert_eq!(state.recovered_fen().unwrap(), state.totals.settled.principal_fen().unwrap());
    insta::assert_snapshot!(table(&events, &["2027-04-08", "2027-05-20"]), @r"
    date        late  class stage  on balance  off balance  set aside
    2027-04-08   363      4     3        0.00      1658.10       0.00
    2027-05-20    40      1     2        0.00       531.79       0.00
    ");
    // Taken back, it is as if it had never been.
    events.push(next(7, "2027-05-21", LineHappening::Reversed { target: id(5) }));
    assert_eq!(fold(&terms, &events, date("2027-05-21")).unwrap().written_off, None);
}
