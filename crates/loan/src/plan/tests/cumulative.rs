//! What holds for every cumulative plan, whatever happens to it.

use basics::{Date, Rate, Rounding};
use proptest::prelude::*;

use super::super::*;

fn day(n: i32) -> Date {
    Date::ymd(2023, 11, 30).unwrap().add_days(n)
}

fn any_terms() -> impl Strategy<Value = Cumulative> {
    let interest = prop_oneof![
        Just(PeriodInterest::Days(YearLength::D360)),
        Just(PeriodInterest::Days(YearLength::Actual)),
        Just(PeriodInterest::Whole),
        Just(PeriodInterest::WholeAndPart),
    ];
    let unit = prop_oneof![Just(Unit::Days), Just(Unit::Weeks), Just(Unit::Months)];
    let ahead = prop_oneof![
        Just(AdvanceRule::SmallerInstalments),
        Just(AdvanceRule::FewerInstalments),
        Just(AdvanceRule::NextInstalments)
    ];
    let shape = (
        prop_oneof![Just(InterestOn::Principal), Just(InterestOn::Balance)],
        interest,
        prop_oneof![Just(Amortisation::EqualInstalments), Just(Amortisation::EqualPrincipal)],
        ahead,
        prop_oneof![Just(Rest::Daily), Just(Rest::Period)],
        prop_oneof![Just(Compounding::None), Just(Compounding::InterestAndFee)],
    );
    (1u16..4, unit, 1u16..20, 0i64..300_000, shape, (0u16..3, 0u16..3), prop_oneof![Just(1i64), Just(100)]).prop_map(
        |(
            every,
            unit,
            count,
            ppm,
            (interest_on, period_interest, equal, ahead, rest, compounding),
            grace,
            multiple_fen,
        )| {
            Cumulative {
                dates: DueDates::new(day(0), day(0), Spacing { every, unit }, count).unwrap(),
                rate: Rate::from_ppm(ppm).unwrap(),
                interest_on,
                period_interest,
                equal,
                principal_grace: grace.0.min(count - 1),
                interest_grace: grace.1.min(count - 1),
                rounding: Rounding::HalfEven,
                multiple_fen,
                level_on_fen: None,
                fixed: None,
                recalculation: Recalculation { advance: ahead, rest, compounding, payoff: Rest::Daily },
                changes: Vec::new(),
            }
        },
    )
}

fn sums(rows: &[PlanRow]) -> (i64, bool) {
    let whole = rows.iter().map(|row| row.principal_fen).sum();
    (whole, rows.iter().all(|row| row.principal_fen >= 0 && row.interest_fen >= 0 && row.balance_after_fen >= 0))
}

proptest! {
    /// The principal of all rows is what was disbursed; dates follow each other; the balance ends at nothing.
    #[test]
    fn rows_add_up(terms in any_terms(), amounts in prop::collection::vec((0i32..200, 10_000i64..50_000_000), 1..4)) {
        let mut tranches: Vec<Tranche> = (amounts.iter().enumerate())
            .map(|(i, (later, amount_fen))| Tranche { date: day(if i == 0 { 0 } else { *later }), amount_fen: *amount_fen })
            .collect();
        tranches.sort_by_key(|tranche| tranche.date);
        // A small instalment with much interest never repays: that is refused, with words.
        let Ok(rows) = terms.rows(&tranches) else { return Ok(()) };
        let disbursed: i64 = tranches.iter().map(|tranche| tranche.amount_fen).sum();
        prop_assert_eq!(sums(&rows), (disbursed, true));
        prop_assert_eq!(rows.last().unwrap().balance_after_fen, 0);
        prop_assert!(rows.windows(2).all(|pair| pair[0].period.due == pair[1].period.from));
    }

    /// Payments of any size on any day, with part of the rows kept: still no fen is lost.
    #[test]
    fn replanned_rows_add_up(terms in any_terms(), amount_fen in 1_000_000i64..50_000_000,
                             paid in prop::collection::vec((0i32..400, 1i64..3_000_000), 0..6), today in 0i32..500) {
        let tranches = [Tranche { date: day(0), amount_fen }];
        let Ok(first) = terms.rows(&tranches) else { return Ok(()) };
        let mut payments: Vec<Payment> =
            paid.iter().map(|(later, amount_fen)| Payment { date: day(*later), amount_fen: *amount_fen }).collect();
        payments.sort_by_key(|payment| payment.date);
        let from = payments.last().map_or(day(0), |payment| payment.date);
        let kept: Vec<PlanRow> = first.into_iter().filter(|row| row.period.due < from).collect();
        let happened = Happened { kept: &kept, payments: &payments, charges: &[], today: Some(day(today)) };
        let Ok(rows) = terms.replan(&tranches, happened) else { return Ok(()) };
        prop_assert_eq!(sums(&rows), (amount_fen, true));
        prop_assert_eq!(&rows[..kept.len()], &kept[..]);
    }

    /// Instalments added, grace given, the rate changed: what is left is spread again and no fen is lost.
    #[test]
    fn changed_terms_add_up(terms in any_terms(), amount_fen in 1_000_000i64..50_000_000,
                            changes in prop::collection::vec((1u16..20, 0u16..4, 0u8..4), 1..4)) {
        let mut terms = terms;
        for (number, rows, kind) in changes {
            let kind = match kind {
                0 => TermChangeKind::Longer(rows),
                1 => TermChangeKind::PrincipalGrace(rows),
                2 => TermChangeKind::InterestGrace(rows),
                _ => TermChangeKind::Rate(Rate::from_ppm(i64::from(rows) * 40_000).unwrap()),
            };
            terms.changes.push(TermChange { number, kind });
        }
        let Ok(rows) = terms.rows(&[Tranche { date: day(0), amount_fen }]) else { return Ok(()) };
        prop_assert_eq!(sums(&rows), (amount_fen, true));
        prop_assert_eq!(rows.last().unwrap().balance_after_fen, 0);
    }

    /// Paying what would close the loan closes it: the rows then are worth exactly what was paid.
    #[test]
    fn paying_off_closes(terms in any_terms(), amount_fen in 1_000_000i64..50_000_000,
                         paid in prop::collection::vec((0i32..60, 1i64..300_000), 0..3), later in 0i32..100) {
        let period_interest = match terms.period_interest {
            PeriodInterest::Whole => PeriodInterest::WholeAndPart,
            other => other,
        };
        let terms = Cumulative { interest_on: InterestOn::Balance, period_interest, ..terms };
        let tranches = [Tranche { date: day(0), amount_fen }];
        let Ok(first) = terms.rows(&tranches) else { return Ok(()) };
        let mut payments: Vec<Payment> =
            paid.iter().map(|(later, amount_fen)| Payment { date: day(*later), amount_fen: *amount_fen }).collect();
        payments.sort_by_key(|payment| payment.date);
        let date = day(later).max(payments.last().map_or(day(0), |payment| payment.date));
        if date >= first.last().unwrap().period.due {
            return Ok(());
        }
        let happened = Happened { payments: &payments, today: Some(date), ..Happened::default() };
        let Ok(closing) = terms.pay_off(&tranches, happened, date) else { return Ok(()) };
        let rest = closing.principal_fen + closing.interest_fen;
        if rest == 0 {
            return Ok(());
        }
        payments.push(Payment { date, amount_fen: rest });
        let happened = Happened { payments: &payments, today: Some(date), ..Happened::default() };
        let rows = terms.replan(&tranches, happened).unwrap();
        let due: i64 = rows.iter().map(PlanRow::total_fen).sum();
        let received: i64 = payments.iter().map(|payment| payment.amount_fen).sum();
        prop_assert_eq!(due, received);
        prop_assert!(rows.last().unwrap().period.due <= date);
    }

    /// Equal principal and level instalments of a flat loan are worth the same interest.
    #[test]
    fn flat_interest_is_the_rate_on_the_principal(ppm in 0i64..300_000, count in 1u16..36, amount_fen in 100_000i64..50_000_000) {
        let terms = Cumulative {
            dates: DueDates::new(day(0), day(0), Spacing::MONTHLY, count).unwrap(),
            rate: Rate::from_ppm(ppm).unwrap(),
            interest_on: InterestOn::Principal,
            period_interest: PeriodInterest::Whole,
            equal: Amortisation::EqualInstalments,
            principal_grace: 0,
            interest_grace: 0,
            rounding: Rounding::HalfEven,
            multiple_fen: 1,
            level_on_fen: None,
            fixed: None,
            recalculation: Recalculation::DAILY,
            changes: Vec::new(),
        };
        let rows = terms.rows(&[Tranche { date: day(0), amount_fen }]).unwrap();
        let interest: i64 = rows.iter().map(|row| row.interest_fen).sum();
        let exact = i128::from(amount_fen) * i128::from(ppm) * i128::from(count);
        prop_assert!((i128::from(interest) * 12_000_000 - exact).abs() * 2 <= 12_000_000);
    }
}
