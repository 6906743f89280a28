//! What rests on something else: what is taken back, dated back or let off leaves the rest of the loan as it was agreed.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use std::fmt::Write;

use basics::money::format_minor;
use basics::{Currency, Date, Id, Money, Rate};
use loan::act::reset::{pending_reset, rates_on};
use loan::act::{Alteration, AlteredPlan, NewRates, Prepayment};
use loan::conventions::Unit;
use loan::season::{BorrowerConsent, Consents, GuarantorConsent};
use loan::terms::{Grace, PrepayStrategy, RateReset, RateRule};
use loan::{
    ChargeAmount, ChargeDue, ChargeKind, ChargeTerms, Fee, FeeAmount, FeeWhen, Happening, LifeEvent, LoanState,
    LoanTerms, Method, PostedKind, Reage, ReferenceRates, Reschedule, Term, Waivable, accept, fold,
};

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn percent(text: &str) -> Rate {
    Rate::parse_percent(text).unwrap()
}

/// 6,000.00 at 6 %, six monthly instalments from 2026-02-10 on, penalty 9 %.
fn terms(method: Method) -> LoanTerms {
    let amount = Money::parse("6000", Currency::CNY).unwrap();
    LoanTerms {
        penalty_rate: percent("9"),
        ..LoanTerms::plain(amount, percent("6"), method, Term::Months(6), date("2026-01-10"))
    }
}

/// The same at a rate that follows a published one, set anew every month.
fn floating(terms: LoanTerms) -> LoanTerms {
    let reset = RateReset::EveryMonths(1);
    LoanTerms { rate_rule: Some(RateRule { reference: "LPR-1Y".into(), spread_ppm: 0, reset }), ..terms }
}

fn event(id: u128, on: &str, what: Happening) -> LifeEvent {
    LifeEvent::new(id, date(on), what)
}

fn paid(id: u128, on: &str, amount_fen: i64) -> LifeEvent {
    event(id, on, Happening::Paid { amount_fen })
}

fn taken_back(id: u128, on: &str, target: u128) -> LifeEvent {
    event(id, on, Happening::Reversed { target: Id::from_u128(target) })
}

fn reset(id: u128, on: &str, rate: &str, penalty: &str) -> LifeEvent {
    event(id, on, Happening::RateReset(NewRates { rate: percent(rate), penalty_rate: percent(penalty) }))
}

fn penalty_charge(id: u128, on: &str, due: &str, amount_fen: i64) -> LifeEvent {
    let (due, amount) = (ChargeDue::On(date(due)), ChargeAmount::Flat(amount_fen));
    let charge = ChargeTerms { code: "breach".into(), kind: ChargeKind::Penalty, due, amount };
    event(id, on, Happening::ChargeAdded { charge })
}

/// The loan with each of these accepted in turn.
fn lived(terms: &LoanTerms, events: &[LifeEvent]) -> Vec<LifeEvent> {
    let start = Happening::Disbursed { amount_fen: terms.principal.minor() };
    let mut life = vec![LifeEvent::new(1, terms.start, start)];
    for event in events {
        accept(terms, &life, event).map_err(|e| format!("{:?}: {e}", event.what)).unwrap();
        life.push(event.clone());
    }
    life
}

fn refused(terms: &LoanTerms, life: &[LifeEvent], new: &LifeEvent) -> String {
    match accept(terms, life, new) {
        Ok(()) => "accepted".to_owned(),
        Err(error) => {
            let text = error.to_string();
            text.rsplit_once(": ").map_or(text.clone(), |(_, why)| why.to_owned())
        }
    }
}

/// Principal and interest of each instalment of the plan.
fn rows(state: &LoanState) -> String {
    let mut out = String::from("due         principal  interest\n");
    for row in state.instalments.iter().filter(|row| row.number > 0) {
        let (principal, interest) = (format_minor(row.due.principal_fen), format_minor(row.due.interest_fen));
        writeln!(out, "{}  {principal:>9} {interest:>9}", row.due_on).unwrap();
    }
    out
}

#[test]
fn what_others_rest_on_is_not_taken_back_under_them() {
    let terms = terms(Method::EqualPrincipal);
    let payment = Id::from_u128(2);
    let charged_back = |id, on: &str| event(id, on, Happening::ChargedBack { payment, amount_fen: 100_000 });
    let life = lived(&terms, &[paid(2, "2026-02-10", 100_000), charged_back(3, "2026-02-20")]);
    let mut told = Vec::new();
    told.push(format!("payment: {}", refused(&terms, &life, &taken_back(4, "2026-03-01", 2))));
    // Nothing rests on it once the chargeback is taken back itself.
    let life = lived(
        &terms,
        &[
            paid(2, "2026-02-10", 100_000),
            charged_back(3, "2026-02-20"),
            taken_back(4, "2026-03-01", 3),
            taken_back(5, "2026-03-01", 2),
        ],
    );
    let state = fold(&terms, &life, date("2026-03-01")).unwrap();
    assert_eq!((state.totals.received_fen, state.totals.refunded_fen, state.principal_fen), (0, 0, 600_000));

    let early = lived(&terms, &[paid(2, "2026-02-10", 100_000)]);
    told.push(format!("chargeback dated before: {}", refused(&terms, &early, &charged_back(3, "2026-02-09"))));
    told.push(format!("of the same day: {}", refused(&terms, &early, &charged_back(3, "2026-02-10"))));

    let charge = Id::from_u128(2);
    for (name, on, what) in [
        ("charge given back", "2026-02-10", Happening::ChargeAdjusted { charge, amount_fen: 300 }),
        ("charge let off", "2026-02-02", Happening::ChargeWaived { charge, amount_fen: 300 }),
    ] {
        let charged = penalty_charge(2, "2026-02-01", "2026-02-10", 1_000);
        let life = lived(&terms, &[charged, event(3, on, what)]);
        told.push(format!("{name}: {}", refused(&terms, &life, &taken_back(4, "2026-03-01", 2))));
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    payment: reverse that first
    chargeback dated before: date the chargeback then or later
    of the same day: accepted
    charge given back: reverse that first
    charge let off: reverse that first
    ");
}

#[test]
fn months_agreed_free_of_principal_stay_so_when_the_plan_is_laid_again() {
    let agreed = Reschedule { principal_grace: 3, ..Reschedule::default() };
    let free = event(2, "2026-01-20", Happening::Rescheduled { from_due: date("2026-02-10"), change: agreed });
    let less = |strategy| event(3, "2026-02-20", Happening::Prepaid(Prepayment { amount_fen: 103_000, strategy }));
    let mut told = String::new();
    let contract = |method| LoanTerms { grace: Grace { principal: 3, interest: 0 }, ..terms(method) };
    for method in [Method::EqualInstalments, Method::EqualPrincipal] {
        for (name, terms, first) in
            [("agreed later", terms(method), Some(&free)), ("by contract", contract(method), None)]
        {
            let first: Vec<LifeEvent> = first.into_iter().cloned().collect();
            let anew = |next: LifeEvent, terms: &LoanTerms| {
                let events: Vec<LifeEvent> = first.iter().cloned().chain([next]).collect();
                rows(&fold(terms, &lived(terms, &events), date("2026-02-28")).unwrap())
            };
            let terms = floating(terms);
            let laid = [
                ("new rate", anew(reset(3, "2026-02-10", "12", "18"), &terms)),
                ("smaller instalments", anew(less(PrepayStrategy::ReduceInstalment), &terms)),
                ("fewer instalments", anew(less(PrepayStrategy::ReduceTerm), &terms)),
            ];
            for (act, rows) in laid {
                let free = rows.lines().skip(1).take(3).all(|row| row.contains("  0.00 "));
                assert!(free, "{method:?}, {name}, {act}\n{rows}");
                if first.is_empty() {
                    write!(told, "{method:?}, {act}\n{rows}").unwrap();
                }
            }
        }
    }
    insta::assert_snapshot!(told, @r"
    EqualInstalments, new rate
    due         principal  interest
    2026-02-10       0.00     30.00
    2026-03-10       0.00     60.00
    2026-04-10       0.00     60.00
    2026-05-10    1980.14     60.00
    2026-06-10    1999.94     40.20
    2026-07-10    2019.92     20.20
    EqualInstalments, smaller instalments
    due         principal  interest
    2026-02-10       0.00     30.00
    2026-03-10       0.00     26.79
    2026-04-10       0.00     25.00
    2026-05-10    1658.36     25.00
    2026-06-10    1666.65     16.71
    2026-07-10    1674.99      8.37
    EqualInstalments, fewer instalments
    due         principal  interest
    2026-02-10       0.00     30.00
    2026-03-10       0.00     26.79
    2026-04-10       0.00     25.00
    2026-05-10    1995.03     25.00
    2026-06-10    2005.01     15.02
    2026-07-10     999.96      5.00
    EqualPrincipal, new rate
    due         principal  interest
    2026-02-10       0.00     30.00
    2026-03-10       0.00     60.00
    2026-04-10       0.00     60.00
    2026-05-10    2000.00     60.00
    2026-06-10    2000.00     40.00
    2026-07-10    2000.00     20.00
    EqualPrincipal, smaller instalments
    due         principal  interest
    2026-02-10       0.00     30.00
    2026-03-10       0.00     26.79
    2026-04-10       0.00     25.00
    2026-05-10    1666.66     25.00
    2026-06-10    1666.66     16.67
    2026-07-10    1666.68      8.33
    EqualPrincipal, fewer instalments
    due         principal  interest
    2026-02-10       0.00     30.00
    2026-03-10       0.00     26.79
    2026-04-10       0.00     25.00
    2026-05-10    2000.00     25.00
    2026-06-10    2000.00     15.00
    2026-07-10    1000.00      5.00
    ");
}

#[test]
fn the_first_reset_that_is_not_made_is_made_first() {
    let terms = floating(terms(Method::EqualPrincipal));
    let pending = |life: &[LifeEvent], on: &str| {
        let state = fold(&terms, life, date(on)).unwrap();
        pending_reset(&terms, life, &state).map(|day| day.to_string())
    };
    let mut told = Vec::new();
    let mut life = lived(&terms, &[]);
    told.push(("nothing made", pending(&life, "2026-04-20")));
    for (id, on) in [(2, "2026-02-10"), (3, "2026-03-10"), (4, "2026-04-10")] {
        life.push(reset(id, on, "5", "7.5"));
    }
    told.push(("all made", pending(&life, "2026-04-20")));
    life.push(taken_back(5, "2026-04-20", 3));
    told.push(("the second taken back", pending(&life, "2026-04-20")));
    told.push(("as it stood before that day", pending(&life, "2026-02-20")));
    life.push(reset(6, "2026-03-10", "4", "6"));
    told.push(("made again", pending(&life, "2026-04-20")));
    assert_eq!(
        told,
        [
            ("nothing made", Some("2026-02-10".to_owned())),
            ("all made", None),
            ("the second taken back", Some("2026-03-10".to_owned())),
            ("as it stood before that day", None),
            ("made again", None),
        ]
    );
}

#[test]
fn credit_that_pays_at_disbursement_is_told_once() {
    let fee = Fee::service("survey", "调查费", "survey fee", FeeWhen::Disbursement, FeeAmount::Flat(5_000));
    let terms = LoanTerms { fees: vec![fee], ..terms(Method::EqualPrincipal) };
    let again = event(4, "2026-01-20", Happening::Disbursed { amount_fen: 600_000 });
    let life = lived(&terms, &[paid(2, "2026-01-15", 20_000), taken_back(3, "2026-01-20", 1), again]);
    let state = fold(&terms, &life, date("2026-01-20")).unwrap();
    let used: Vec<_> = state.trace.iter().filter(|line| line.kind == PostedKind::CreditUsed).collect();
    let told: i64 = state.trace.iter().map(|line| line.parts.total_fen().unwrap()).sum();
    let excess: i64 = state.trace.iter().map(|line| line.excess_fen).sum();
    assert_eq!((used.len(), told, excess), (1, 5_000, state.credit_fen), "{:#?}", state.trace);
}

#[test]
fn arrears_stay_due_where_no_new_date_lies_ahead() {
    let terms = terms(Method::EqualPrincipal);
    let mut life = lived(&terms, &[]);
    let before = fold(&terms, &life, date("2026-03-20")).unwrap();
    let spread = Reage { start: date("2026-03-01"), count: 1, every: 1, unit: Unit::Months };
    life.push(event(2, "2026-03-20", Happening::Reaged { spread }));
    let after = fold(&terms, &life, date("2026-03-20")).unwrap();
    assert_eq!(rows(&after), rows(&before));
    assert_eq!(after.overdue_parts().unwrap(), before.overdue_parts().unwrap());
}

#[test]
fn penalty_charges_and_the_penalty_that_ran_up_are_told_apart() {
    let terms = terms(Method::EqualPrincipal);
    let charge = |state: &LoanState, id: u128| {
        let charge = state.charges.iter().find(|charge| charge.id == Id::from_u128(id)).unwrap();
        (format_minor(charge.paid_fen()), format_minor(charge.waived_fen()), format_minor(charge.unpaid_fen()))
    };
    let owed = |state: &LoanState| format_minor(state.overdue_parts().unwrap().penalty_fen);

    // 20 days of 9 % on 1,000.00 ran up and are let off; then the charge in the same row is let off in full.
    let events = [
        paid(2, "2026-02-10", 103_000),
        penalty_charge(3, "2026-02-11", "2026-03-10", 10_000),
        event(4, "2026-03-30", Happening::Waived { what: Waivable::Penalty, amount_fen: 500 }),
        event(5, "2026-03-30", Happening::ChargeWaived { charge: Id::from_u128(3), amount_fen: 10_000 }),
    ];
    let state = fold(&terms, &lived(&terms, &events[..3]), date("2026-03-30")).unwrap();
    assert_eq!((charge(&state, 3).2, owed(&state)), ("100.00".into(), "100.00".into()));
    let state = fold(&terms, &lived(&terms, &events), date("2026-03-30")).unwrap();
    assert_eq!((charge(&state, 3).1, owed(&state)), ("100.00".into(), "0.00".into()));

    // Money that had paid what ran up goes back: a charge of another row stays paid.
    let life = lived(
        &terms,
        &[
            penalty_charge(2, "2026-02-01", "2026-02-10", 10_000),
            paid(3, "2026-02-10", 103_000 + 10_000),
            paid(4, "2026-03-30", 102_500 + 500),
        ],
    );
    let state = fold(&terms, &life, date("2026-03-30")).unwrap();
    assert_eq!(charge(&state, 2).0, "100.00");
    let back = event(5, "2026-03-30", Happening::ChargedBack { payment: Id::from_u128(4), amount_fen: 103_000 });
    let life = lived(&terms, &[life[1..].to_vec(), vec![back]].concat());
    let state = fold(&terms, &life, date("2026-03-30")).unwrap();
    assert_eq!(charge(&state, 2).0, "100.00", "the charge of February stays paid");

    // What ran up and is paid pays no charge of another row.
    let life =
        lived(&terms, &[penalty_charge(2, "2026-02-01", "2026-06-10", 10_000), paid(3, "2026-03-02", 103_000 + 500)]);
    let state = fold(&terms, &life, date("2026-03-02")).unwrap();
    assert_eq!((state.totals.paid.penalty_fen, charge(&state, 2).0), (500, "0.00".into()));
}

/// What two people agreed beside the published rate outlives the next reset: an extension's step up to the longer bracket.
#[test]
fn a_step_up_outlives_the_next_reset() {
    let table = ReferenceRates::parse(
        "rates.toml",
        "[[rate]]\ncode = \"LPR-1Y\"\nfrom = \"2026-01-01\"\npercent = \"6\"\nsource = \"test\"\nsure = \"own\"\n\
         [[rate]]\ncode = \"LPR-1Y\"\nfrom = \"2026-04-01\"\npercent = \"5\"\nsource = \"test\"\nsure = \"own\"\n",
    )
    .unwrap();
    let terms = floating(terms(Method::EqualPrincipal));
    let rule = terms.rate_rule.clone().unwrap();
    let told = |life: &[LifeEvent], on: &str| {
        let rates = rates_on(&terms, life, &rule, &table, date(on)).unwrap();
        format!("{on}: {} %, penalty {} %", rates.rate, rates.penalty_rate)
    };
    let consent = Consents { borrower: BorrowerConsent::NoBurden, guarantor: GuarantorConsent::NoGuarantor };
    let stepped = NewRates { rate: percent("6.35"), penalty_rate: percent("9.525") };
    let plan = AlteredPlan::Until(date("2026-12-10"));
    let reason = "a cow more".to_owned();
    let extended = Alteration { plan, rates: Some(stepped), reason, consent };
    let extended = event(2, "2026-03-20", Happening::Extended(extended));
    let mut life = lived(&terms, &[]);
    let before = told(&life, "2026-04-10");
    life.push(extended);
    let mut lines = vec![before, told(&life, "2026-03-10"), told(&life, "2026-04-10")];
    life.push(reset(3, "2026-04-10", "5.35", "8.025"));
    lines.push(told(&life, "2026-05-10"));
    life.push(taken_back(4, "2026-05-01", 2));
    lines.push(told(&life, "2026-05-10"));
    insta::assert_snapshot!(lines.join("\n"), @r"
    2026-04-10: 5.00 %, penalty 7.50 %
    2026-03-10: 6.00 %, penalty 9.00 %
    2026-04-10: 5.35 %, penalty 8.025 %
    2026-05-10: 5.35 %, penalty 8.025 %
    2026-05-10: 5.00 %, penalty 7.50 %
    ");
}
