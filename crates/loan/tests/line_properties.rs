//! What holds for every line: no fen made or lost, every order of events the same state, never a failure.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, DayCount, Id, Money, Rate, Rounding, cbor};
use loan::ProductRef;
use loan::line::{
    InterestFree, InterestOn, LateFee, LineComponent, LineEvent, LineHappening, LineOrder, LineRules, LineState,
    LineTerms, LineWaivable, MerchantRule, PlanOffer, accept, effects, fold, quote,
};
use proptest::prelude::*;

prop_compose! {
    fn any_terms()(
        (limit, rate, uplift) in (10_000i64..2_000_000, 0i64..300_000, 0i64..100_000),
        (statement_day, due_day, grace_days) in (1u8..=28, 1u8..=28, 0u16..6),
        (minimum_ppm, minimum_floor_fen) in (0i64..=1_000_000, 0i64..10_000),
        free in prop_oneof![
            Just(InterestFree::UntilDue), Just(InterestFree::WhenPaidInFull), Just(InterestFree::Never)
        ],
        on_interest in any::<bool>(),
        (late_ppm, late_floor) in (0i64..100_000, 0i64..3_000),
        (fee_ppm, settle_fee_ppm) in (0i64..15_000, 0i64..20_000),
        day_count in prop_oneof![Just(DayCount::Actual360), Just(DayCount::Actual365Fixed), Just(DayCount::ThirtyE360)],
        principal_first in any::<bool>(),
    ) -> LineTerms {
        let mut order = LineOrder::FEES_INTEREST_PRINCIPAL.components().to_vec();
        if principal_first {
            order.reverse();
        }
        LineTerms {
            product: ProductRef { code: "any".into(), version: 1 },
            limit: Money::new(limit, Currency::CNY),
            opened: start(),
            valid_to: start().add_days(3_000),
            rate: Rate::from_ppm(rate).unwrap(),
            overdue_rate: Rate::from_ppm(rate + uplift).unwrap(),
            day_count,
            rounding: Rounding::HalfUp,
            rules: LineRules {
                statement_day,
                due_day,
                grace_days,
                minimum_ppm,
                minimum_floor_fen,
                interest_free: free,
                interest_on: if on_interest { InterestOn::PrincipalAndInterest } else { InterestOn::Principal },
                late_fee: LateFee { ppm: late_ppm, floor_fen: late_floor },
                order: LineOrder::new(&order).unwrap(),
                plans: vec![PlanOffer { instalments: 3, fee_ppm }, PlanOffer { instalments: 7, fee_ppm }],
                plan_min_fen: 100,
                settle_fee_ppm,
                merchants: MerchantRule::Any,
                purchase_max_fen: None,
                block_days: None,
                cash_ppm: Some(500_000),
            },
            cost_cap: None,
        }
    }
}

fn start() -> Date {
    Date::ymd(2026, 1, 15).unwrap()
}

/// What somebody tries: (day after the start, what, amount, which earlier event it refers to).
type Try = (i32, u8, i64, usize);

fn tries() -> impl Strategy<Value = Vec<Try>> {
    prop::collection::vec((0i32..240, 0u8..20, 1i64..150_000, 0usize..12), 1..24)
}

fn happening(what: u8, amount_fen: i64, target: Id) -> LineHappening {
    match what {
        0..=4 => LineHappening::Purchased { merchant: Id::from_u128(9), category: "food".into(), amount_fen },
        5..=7 => LineHappening::Paid { amount_fen },
        8 => LineHappening::Refunded { purchase: target, amount_fen },
        9 => LineHappening::Converted { purchase: target, instalments: if amount_fen % 2 == 0 { 3 } else { 7 } },
        10 => LineHappening::PlanSettled { plan: target },
        11 => LineHappening::Waived {
            what: [LineWaivable::Interest, LineWaivable::Penalty, LineWaivable::PlanFee, LineWaivable::LateFee]
                [(amount_fen % 4) as usize],
            amount_fen: amount_fen % 300 + 1,
        },
        12 => LineHappening::CreditReturned { amount_fen },
        13 => LineHappening::Reversed { target },
        16 => LineHappening::Drawn { amount_fen },
        17 => LineHappening::Judged { class: loan::LoanClass((amount_fen % 5) as u8) },
        18 => LineHappening::WrittenOff,
        14 => LineHappening::Lowered { limit_fen: amount_fen },
        _ => LineHappening::Raised { limit_fen: amount_fen * 10 },
    }
}

/// The life of what was accepted, in the order in which it arrived.
fn lived(terms: &LineTerms, tries: &[Try]) -> Vec<LineEvent> {
    let mut events: Vec<LineEvent> = Vec::new();
    for (number, (day, what, amount_fen, target)) in (1u128..).zip(tries) {
        let target = events.get(*target % events.len().max(1)).map_or(Id::from_u128(0), |event| event.id);
        let what = happening(*what, *amount_fen, target);
        let event = LineEvent::new(number, start().add_days(*day), what);
        if accept(terms, &events, &event).is_ok() {
            events.push(event);
        }
    }
    events
}

/// Everything that is true of a line on every date.
fn check(terms: &LineTerms, state: &LineState) {
    let totals = &state.totals;
    // Money that came in is in what it settled or in the credit balance.
    let came = totals.received_fen + totals.refunded_fen - totals.returned_fen;
    assert_eq!(came, totals.settled.total_fen().unwrap() + state.credit_fen);
    // Every component: charged and not covered is owed.
    for component in LineComponent::ALL {
        let converted = if component == LineComponent::Purchase { totals.converted_fen } else { 0 };
        let of = |parts: &loan::line::LineParts| parts.get(component);
        let open = of(&totals.charged) - of(&totals.settled) - of(&totals.waived) - converted;
        assert_eq!(state.owed.get(component), open, "{component:?}");
        assert!(open >= 0);
    }
    // The ledger's principal is what was bought less what settled it, and it is what the limit is used by.
    let principal = totals.charged.purchase_fen - totals.settled.purchase_fen - totals.settled.instalment_fen;
    assert_eq!(state.used_fen, principal);
    assert_eq!(state.headroom_fen(), state.limit_fen - state.used_fen);
    // On statements, running, or still in a plan.
    let unbilled: i64 = state.plans.iter().map(|plan| plan.unbilled_fen).sum();
    assert_eq!(state.owed.total_fen().unwrap(), state.billed_fen + state.running_fen + unbilled);
    let purchases: i64 = state.purchases.iter().map(|purchase| purchase.unpaid_fen).sum();
    assert_eq!(state.owed.purchase_fen, purchases);
    assert!(state.minimum_fen <= state.billed_fen, "the minimum is at most the balance");
    assert!(state.minimum_fen >= 0);
    let mut opening = 0;
    for statement in &state.statements {
        assert_eq!(statement.opening_fen, opening);
        let flows = statement.flows.charged.total_fen().unwrap() - statement.flows.covered.total_fen();
        assert_eq!(statement.closing_fen, opening + flows, "statement {}", statement.number);
        assert!(0 <= statement.minimum_fen && statement.minimum_fen <= statement.closing_fen);
        assert!(statement.on < statement.due && statement.from < statement.on);
        assert!(statement.due < terms.rules.statement_after(statement.on).unwrap());
        opening = statement.closing_fen;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The same events in any order of arrival are the same line; identities hold on every date.
    #[test]
    fn order_of_arrival_does_not_matter(
        terms in any_terms(),
        tries in tries(),
        days in prop::collection::vec(0i32..400, 1..6),
        seed in any::<u64>(),
    ) {
        prop_assume!(terms.check().is_ok());
        let events = lived(&terms, &tries);
        let mut shuffled = events.clone();
        let mut state = seed;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        for day in days {
            let as_of = start().add_days(day);
            let folded = fold(&terms, &events, as_of).unwrap();
            check(&terms, &folded);
            prop_assert_eq!(folded, fold(&terms, &shuffled, as_of).unwrap());
        }
    }

    /// Undone, an event leaves no trace, and its effects cancel.
    #[test]
    fn undo_restores(terms in any_terms(), tries in tries(), which in any::<prop::sample::Index>(), day in 0i32..400) {
        prop_assume!(terms.check().is_ok());
        let events = lived(&terms, &tries);
        prop_assume!(!events.is_empty());
        let target = &events[which.index(events.len())];
        let later = events.iter().map(|event| event.value_date).max().unwrap();
        let reversal = LineEvent::new(1_000, later, LineHappening::Reversed { target: target.id });
        prop_assume!(accept(&terms, &events, &reversal).is_ok());
        let without: Vec<LineEvent> = events.iter().filter(|event| event.id != target.id).cloned().collect();
        let mut undone = events.clone();
        undone.push(reversal);
        let as_of = start().add_days(day);
        let (with, before) = (fold(&terms, &events, as_of).unwrap(), fold(&terms, &without, as_of).unwrap());
        let after = fold(&terms, &undone, as_of).unwrap();
        check(&terms, &after);
        prop_assert_eq!(&after, &before);
        let (there, back) = (effects(&before, &with).unwrap(), effects(&with, &after).unwrap());
        prop_assert_eq!((there.used_fen, there.credit_fen), (-back.used_fen, -back.credit_fen));
        prop_assert_eq!(there.settled.minus(&Default::default()).unwrap(), before_less(&back.settled));
    }

    /// Nothing happens by itself before the next date the state names.
    #[test]
    fn nothing_happens_before_the_next_date(terms in any_terms(), tries in tries(), day in 0i32..400) {
        prop_assume!(terms.check().is_ok());
        let events = lived(&terms, &tries);
        let as_of = start().add_days(day);
        let state = fold(&terms, &events, as_of).unwrap();
        let next = state.next_date.unwrap_or(as_of.add_days(200));
        prop_assert!(next > as_of);
        let last = events.iter().map(|e| e.value_date).filter(|d| *d > as_of).min();
        let until = last.map_or(next, |d| d.min(next)).add_days(-1);
        if until > as_of {
            let then = fold(&terms, &events, until).unwrap();
            prop_assert_eq!((then.owed, then.minimum_fen, then.statements.len()),
                (state.owed, state.minimum_fen, state.statements.len()));
        }
    }

    /// The parts of a plan add up to what was converted, and differ by no more than one fen.
    #[test]
    fn plans_add_up(terms in any_terms(), principal_fen in 1i64..10_000_000, day in 0i32..400, seven in any::<bool>()) {
        prop_assume!(terms.check().is_ok());
        let offer = quote(&terms, principal_fen, if seven { 7 } else { 3 }, start().add_days(day)).unwrap();
        let parts: Vec<i64> = offer.schedule.rows.iter().map(|row| row.principal_fen).collect();
        prop_assert_eq!(parts.iter().sum::<i64>(), principal_fen);
        prop_assert!(parts.iter().max().unwrap() - parts.iter().min().unwrap() <= 1);
        prop_assert!(offer.schedule.rows.windows(2).all(|pair| pair[0].due < pair[1].due));
    }

    /// Terms and events are read back from their bytes as they were.
    #[test]
    fn encoding_round_trips(terms in any_terms(), tries in tries()) {
        prop_assert_eq!(&cbor::from_bytes::<LineTerms>(&cbor::to_bytes(&terms)).unwrap(), &terms);
        for (number, (day, what, amount_fen, _)) in (1u128..).zip(tries) {
            let event = LineEvent::new(number, start().add_days(day), happening(what, amount_fen, Id::from_u128(3)));
            prop_assert_eq!(&cbor::from_bytes::<LineEvent>(&cbor::to_bytes(&event)).unwrap(), &event);
        }
    }
}

fn before_less(parts: &loan::line::LineParts) -> loan::line::LineParts {
    loan::line::LineParts::ZERO.minus(parts).unwrap()
}
