//! Whatever happens to a loan of the house rule, in any order of arrival: sums hold, undoing an act leaves no trace, and
//! no amount is too large to be refused in words.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, Id, Instant, Money, Rate};
use loan::act::{Alteration, AlteredPlan, NewRates, NoteLink, Prepayment};
use loan::arrears::ReAge;
use loan::conventions::Unit;
use loan::season::{
    BorrowerConsent, Consent, Consents, Deferral, DeferredInterest, DeferredPart, DeferredScope, GuarantorConsent,
    Replan, ReplanReason, ReplanRow,
};
use loan::sheet::account_sheet;
use loan::terms::{PrepayStrategy, RateReset, RateRule};
use loan::{
    ChargeAmount, ChargeBase, ChargeDue, ChargeKind, ChargeTerms, Component, Compound, Fee, FeeAmount, FeeBase,
    FeeWhen, Happening, InterestBasis, LifeEvent, LoanClass, LoanState, LoanStatus, LoanTerms, Method, Reage, Receipt,
    Reschedule, Term, Waivable, accept, fold,
};
use proptest::prelude::*;

const KINDS: u8 = 32;

prop_compose! {
    fn any_terms()(
        (method, daily, spread_anew) in (0usize..4, any::<bool>(), 0u8..3),
        (principal, ppm, months, start) in (100_000i64..100_000_000, 0i64..240_000, 1u16..=18, 0i32..1_500),
        (compound, fees, resets, grace_days) in (any::<bool>(), any::<bool>(), any::<bool>(), 0u16..6),
    ) -> LoanTerms {
        let method = [Method::EqualInstalments, Method::EqualPrincipal, Method::InterestFirst, Method::Bullet][method];
        let start = Date::ymd(2024, 1, 1).unwrap().add_days(start);
        let late = |code: &str, after_days, base, amount| Fee {
            after_days, base, ..Fee::service(code, "催收费", "collection fee", FeeWhen::Overdue, amount)
        };
        let plain = LoanTerms::plain(
            Money::new(principal, Currency::CNY), Rate::from_ppm(ppm).unwrap(), method, Term::Months(months), start,
        );
        LoanTerms {
            basis: if daily { InterestBasis::Daily } else { plain.basis },
            penalty_rate: Rate::from_ppm(ppm * 3 / 2).unwrap(),
            compound: if compound { Compound::ContractThenPenalty } else { Compound::None },
            grace_days,
            fees: if fees {
                vec![
                    late("letter", 7, FeeBase::Principal, FeeAmount::Flat(900)),
                    late("visit", 30, FeeBase::Instalment, FeeAmount::Ppm(5_000)),
                ]
            } else {
                Vec::new()
            },
            re_age: [None, Some(ReAge::Kept), Some(ReAge::Reset)][usize::from(spread_anew)],
            rate_rule: resets.then(|| RateRule {
                reference: "LPR-1Y".into(), spread_ppm: 0, reset: RateReset::EveryMonths(1),
            }),
            ..plain
        }
    }
}

/// Day after the start, kind, size in thousandths of the principal, and which of the earlier events it is about.
type Wish = (i32, u8, i64, usize);

fn any_wishes() -> impl Strategy<Value = Vec<Wish>> {
    proptest::collection::vec((0i32..700, 0u8..KINDS, 1i64..1_300, any::<usize>()), 1..16)
}

fn consents() -> Consents {
    let consent = Consent { by: Id::from_u128(7), at: Instant(1), evidence: [7; 32] };
    Consents { borrower: BorrowerConsent::Given(consent), guarantor: GuarantorConsent::NoGuarantor }
}

fn altered(plan: AlteredPlan, rates: Option<NewRates>) -> Alteration {
    Alteration { plan, rates, reason: "asked for".into(), consent: consents() }
}

/// A happening of every kind there is; what does not fit the loan is refused by it.
fn happening(state: &LoanState, life: &[LifeEvent], on: Date, (_, kind, size, pick): Wish) -> Happening {
    let principal = i128::from(state.totals.disbursed_fen.max(100_000));
    let amount_fen = i64::try_from(principal * i128::from(size) / 1_000).unwrap().max(1);
    let target = life[pick % life.len()].id;
    let about = |fits: fn(&Happening) -> bool| {
        let fitting: Vec<Id> = life.iter().filter(|event| fits(&event.what)).map(|event| event.id).collect();
        if fitting.is_empty() { target } else { fitting[pick % fitting.len()] }
    };
    let a_charge = about(|what| matches!(what, Happening::ChargeAdded { .. }));
    let a_payment = about(|what| matches!(what, Happening::Paid { .. }));
    let coming: Vec<Date> = state.instalments.iter().filter(|row| !row.is_due).map(|row| row.due_on).collect();
    let of_coming = if coming.is_empty() { on } else { coming[pick % coming.len()] };
    let to_come: i64 = state.instalments.iter().filter(|row| !row.is_due).map(|row| row.due.principal_fen).sum();
    let rows = |sum: i64| {
        vec![
            ReplanRow { due: on.add_days(40), principal_fen: sum / 3 },
            ReplanRow { due: on.add_days(90), principal_fen: sum - sum / 3 },
        ]
    };
    let rates =
        NewRates { rate: Rate::from_ppm(size * 100).unwrap(), penalty_rate: Rate::from_ppm(size * 150).unwrap() };
    let charge =
        |due, amount, kind| Happening::ChargeAdded { charge: ChargeTerms { code: "survey".into(), kind, due, amount } };
    let strategy = [
        PrepayStrategy::ReduceInstalment,
        PrepayStrategy::ReduceTerm,
        PrepayStrategy::NextInstalment,
        PrepayStrategy::LastInstalment,
    ][pick % 4];
    match kind {
        0 => Happening::Reversed { target },
        1 => Happening::Waived {
            what: [Waivable::Interest, Waivable::Fee, Waivable::Penalty, Waivable::Compound][pick % 4],
            amount_fen: amount_fen / 400 + 1,
        },
        2 => Happening::Refunded { amount_fen: amount_fen / 8 + 1 },
        3 => Happening::CollectionRun { outcome: "nothing".into() },
        4 => Happening::Noticed { notice: "overdue".into() },
        5 => Happening::Prepaid(Prepayment { amount_fen, strategy }),
        6 => Happening::Extended(altered(AlteredPlan::Until(on.add_days(400)), None)),
        7 => Happening::Restructured(altered(AlteredPlan::Rows(rows(state.principal_fen)), Some(rates))),
        8 => Happening::Restructured(altered(AlteredPlan::Kept, None)),
        9 => Happening::RateReset(rates),
        10 => Happening::Misused { penalty_rate: Rate::from_ppm(400_000).unwrap() },
        11 => Happening::Judged { class: LoanClass(u8::try_from(pick % 5).unwrap()) },
        12 => Happening::Linked(NoteLink::ReplacedBy(Id::from_u128(77))),
        13 => Happening::BorrowerDied,
        14 => Happening::HandedOver { officer: Id::from_u128(78) },
        15 => {
            Happening::Replanned(Replan { rows: rows(to_come), reason: ReplanReason::IncomeMoved, consent: consents() })
        }
        16 => Happening::Deferred(Deferral {
            event: "flood".into(),
            parts: vec![DeferredPart { due: of_coming, principal_fen: amount_fen }],
            to: of_coming.add_days(60),
            scope: if pick % 2 == 0 { DeferredScope::Principal } else { DeferredScope::PrincipalAndInterest },
            interest: if pick % 3 == 0 { DeferredInterest::Stops } else { DeferredInterest::RunsOn },
            consent: consents(),
        }),
        17 => Happening::Received { receipt: Receipt::Goodwill, amount_fen: amount_fen / 50 + 1 },
        18 => Happening::Received {
            receipt: if pick % 2 == 0 { Receipt::PayoutRefund } else { Receipt::MerchantRefund },
            amount_fen: amount_fen / 3 + 1,
        },
        19 => charge(ChargeDue::On(on.add_days(20)), ChargeAmount::Flat(amount_fen / 100 + 1), ChargeKind::Fee),
        20 => charge(
            ChargeDue::EachInstalment,
            ChargeAmount::Share(10_000, ChargeBase::PrincipalAndInterest),
            if pick % 2 == 0 { ChargeKind::Fee } else { ChargeKind::Penalty },
        ),
        21 => Happening::ChargeWaived { charge: a_charge, amount_fen: amount_fen / 200 + 1 },
        22 => Happening::ChargeAdjusted { charge: a_charge, amount_fen: amount_fen / 200 + 1 },
        23 => Happening::ChargedBack { payment: a_payment, amount_fen: amount_fen / 4 + 1 },
        24 => Happening::RefundedCash { amount_fen: amount_fen / 5 + 1 },
        25 if pick % 4 == 0 => Happening::ChargedOff,
        25 => Happening::Received { receipt: Receipt::Recovery, amount_fen },
        26 if pick % 4 == 0 => Happening::WrittenOff,
        27 => Happening::Rescheduled {
            from_due: of_coming,
            change: Reschedule {
                new_due: (pick % 2 == 0).then(|| of_coming.add_days(9)),
                extra_instalments: u16::try_from(pick % 3).unwrap(),
                principal_grace: u16::try_from(pick % 5 / 3).unwrap(),
                new_rate_ppm: (pick % 7 == 0).then_some(size * 100),
                ..Reschedule::default()
            },
        },
        28 => Happening::Reaged { spread: Reage { start: on.add_days(15), count: 4, every: 2, unit: Unit::Weeks } },
        29 => Happening::Reamortised,
        _ => Happening::Paid { amount_fen },
    }
}

/// The loan with each of these that is accepted, as they arrive.
fn accepted(terms: &LoanTerms, wishes: &[Wish]) -> Vec<LifeEvent> {
    let mut life = vec![LifeEvent::new(1, terms.start, Happening::Disbursed { amount_fen: terms.principal.minor() })];
    for (id, wish) in (2u128..).zip(wishes) {
        let on = terms.start.add_days(wish.0);
        let state = fold(terms, &life, on).unwrap();
        let event = LifeEvent::new(id, on, happening(&state, &life, on, *wish));
        if accept(terms, &life, &event).is_ok() {
            life.push(event);
        }
    }
    life
}

/// Nothing is created or lost: money, principal, what each row settles, what the account sheet says.
fn holds(terms: &LoanTerms, life: &[LifeEvent], state: &LoanState) -> Result<(), TestCaseError> {
    let totals = &state.totals;
    let paid = totals.paid.total_fen().unwrap();
    prop_assert_eq!(totals.received_fen - totals.refunded_fen - paid, state.credit_fen);
    prop_assert_eq!(totals.disbursed_fen - totals.paid.principal_fen, state.principal_fen);
    let granted = totals.granted.goodwill_fen + totals.granted.adjusted.total_fen().unwrap();
    prop_assert!(granted <= totals.received_fen);
    let planned: i64 = state.instalments.iter().map(|row| row.due.principal_fen).sum();
    prop_assert_eq!(planned, totals.disbursed_fen, "{:#?}", state.instalments);
    let (mut settled, mut credit_fen) = (0, 0);
    for line in &state.trace {
        (settled, credit_fen) = (settled + line.parts.total_fen().unwrap(), credit_fen + line.excess_fen);
    }
    prop_assert_eq!(settled, paid + totals.waived.total_fen().unwrap(), "{:#?}", state.trace);
    prop_assert_eq!(credit_fen, state.credit_fen);
    for row in &state.instalments {
        for component in Component::ALL {
            let (paid, waived) = (row.paid.get(component), row.waived.get(component));
            prop_assert!(paid >= 0 && waived >= 0 && row.due.get(component) >= 0, "{component:?} of {row:?}");
            prop_assert!(paid + waived <= row.due.get(component), "{component:?} of {row:?}");
        }
    }
    let due: Vec<Date> = state.instalments.iter().filter(|row| !row.is_due).map(|row| row.due_on).collect();
    prop_assert!(due.windows(2).all(|pair| pair[0] <= pair[1]), "{due:?}");
    prop_assert!(due.first().is_none_or(|first| *first > state.as_of), "{due:?}");
    prop_assert_eq!(state.status == LoanStatus::Closed, state.closed_on.is_some());
    if state.status == LoanStatus::Closed {
        prop_assert_eq!((state.principal_fen, state.payoff_fen, state.days_past_due), (0, 0, 0));
    }
    let overdue = state.overdue_parts().unwrap();
    let sheet = account_sheet(terms, life, state.as_of).unwrap();
    prop_assert_eq!(&sheet.state, state);
    let balance: i64 = sheet.lines.iter().map(|line| line.debit_fen - line.credit_fen).sum();
    let owed = state.principal_fen + overdue.total_fen().unwrap() - overdue.principal_fen;
    prop_assert_eq!(balance, owed - state.credit_fen);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_global_rejects: 200_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_hold_on_every_day(terms in any_terms(), wishes in any_wishes(), days in proptest::collection::vec(0i32..1_200, 3)) {
        let life = accepted(&terms, &wishes);
        for day in days {
            holds(&terms, &life, &fold(&terms, &life, terms.start.add_days(day)).unwrap())?;
        }
    }

    #[test]
    fn the_order_of_arrival_changes_nothing(
        terms in any_terms(), wishes in any_wishes(), keys in proptest::collection::vec(any::<u32>(), 17), day in 0i32..1_200,
    ) {
        let life = accepted(&terms, &wishes);
        let mut shuffled: Vec<(u32, LifeEvent)> = keys.into_iter().zip(life.iter().cloned()).collect();
        shuffled.sort_by_key(|(key, event)| (*key, event.id));
        let shuffled: Vec<LifeEvent> = shuffled.into_iter().map(|(_, event)| event).collect();
        let on = terms.start.add_days(day);
        prop_assert_eq!(fold(&terms, &shuffled, on).unwrap(), fold(&terms, &life, on).unwrap());
    }

    /// An act that is taken back was never done; what is taken back is not taken back again, and taking back is not either.
    #[test]
    fn undoing_an_act_leaves_no_trace(
        terms in any_terms(), wishes in any_wishes(), last in (0i32..700, 1u8..KINDS, 1i64..1_300, any::<usize>()), later in 0i32..400,
    ) {
        let life = accepted(&terms, &wishes);
        let on = terms.start.add_days(last.0);
        let act = LifeEvent::new(500, on, happening(&fold(&terms, &life, on).unwrap(), &life, on, last));
        prop_assume!(accept(&terms, &life, &act).is_ok());
        let mut done = life.clone();
        done.push(act.clone());
        let undo = LifeEvent::new(501, on.add_days(later), Happening::Reversed { target: act.id });
        accept(&terms, &done, &undo).unwrap();
        done.push(undo.clone());
        for day in [0, last.0, last.0 + later / 2, last.0 + later, 1_200] {
            let day = terms.start.add_days(day);
            prop_assert_eq!(fold(&terms, &done, day).unwrap(), fold(&terms, &life, day).unwrap());
        }
        for target in [act.id, undo.id] {
            let again = LifeEvent::new(502, on.add_days(later), Happening::Reversed { target });
            prop_assert!(accept(&terms, &done, &again).unwrap_err().to_string().contains("reverse"));
        }
    }

    /// Amounts at the edge of what 64 bits hold are refused in words, and the loan is as it was.
    #[test]
    fn amounts_at_the_edge_are_refused(terms in any_terms(), wishes in any_wishes(), edge in 0usize..4, kind in 0usize..9) {
        let life = accepted(&terms, &wishes);
        let amount_fen = [i64::MIN, i64::MAX, LoanTerms::AMOUNT_FEN_MAX + 1, 0][edge];
        let target = Id::from_u128(1);
        let what = [
            Happening::Disbursed { amount_fen },
            Happening::Paid { amount_fen },
            Happening::Prepaid(Prepayment { amount_fen, strategy: PrepayStrategy::ReduceTerm }),
            Happening::Refunded { amount_fen },
            Happening::RefundedCash { amount_fen },
            Happening::Waived { what: Waivable::Penalty, amount_fen },
            Happening::Received { receipt: Receipt::Goodwill, amount_fen },
            Happening::ChargeWaived { charge: target, amount_fen },
            Happening::ChargedBack { payment: target, amount_fen },
        ][kind].clone();
        let event = LifeEvent::new(900, terms.start.add_days(20), what);
        prop_assert!(accept(&terms, &life, &event).is_err());
    }
}

#[test]
fn every_kind_of_happening_is_among_them() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..600 {
        let (terms, wishes) = (any_terms(), any_wishes()).new_tree(&mut runner).unwrap().current();
        seen.extend(accepted(&terms, &wishes).iter().map(|event| event.what.name_en()));
    }
    let known = [
        "charge",
        "charge adjusted",
        "charge waived",
        "charged back",
        "charged off",
        "collection",
        "deferred",
        "disbursed",
        "extended",
        "goodwill credit",
        "linked",
        "judged",
        "merchant refund",
        "misused",
        "borrower died",
        "handed over",
        "notice",
        "paid",
        "payment refunded",
        "payout refund",
        "prepaid",
        "rate reset",
        "re-aged",
        "re-amortised",
        "re-planned",
        "recovery",
        "refunded",
        "rescheduled",
        "restructured",
        "reversed",
        "waived",
        "written off",
    ];
    let missing: Vec<&str> = known.into_iter().filter(|kind| !seen.contains(kind)).collect();
    assert!(missing.is_empty(), "never accepted: {missing:?}; accepted: {seen:?}");
}
