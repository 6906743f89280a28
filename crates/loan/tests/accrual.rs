//! Groups of accrued interest: after any days and any lives, the ledger and the loans agree to the last fraction.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use std::collections::BTreeMap;

use basics::{Currency, Date, DayCount, Money, Rate};
use loan::accrual::{Accrual, Convention, GroupSum, earned_anew};
use loan::{Happening, InterestBasis, LifeEvent, LoanTerms, Method, Term, accept, fold};
use proptest::prelude::*;

const DAYS: i32 = 420;

fn first_day() -> Date {
    Date::ymd(2027, 11, 20).unwrap()
}

/// One loan: its terms, how many days after the first it is drawn, and what may happen to it: days, kind, thousandths.
#[derive(Clone, Debug)]
struct Life {
    terms: LoanTerms,
    happenings: Vec<(i32, u8, i64)>,
}

prop_compose! {
    fn any_life()(
        principal in 1i64..900_000_000,
        ppm in prop_oneof![Just(0i64), 1_000i64..400_000],
        bullet in any::<bool>(),
        daily in any::<bool>(),
        months in 1u16..=14,
        drawn in 0i32..40,
        stub in proptest::option::of(3i32..58),
        day_count in prop_oneof![
            Just(DayCount::Actual360),
            Just(DayCount::Actual365Fixed),
            Just(DayCount::ActualActual),
            Just(DayCount::ThirtyE360),
            Just(DayCount::ThirtyU360),
        ],
        happenings in proptest::collection::vec((0i32..DAYS, 0u8..4, 1i64..1_200), 0..6),
    ) -> Life {
        let start = first_day().add_days(drawn);
        let terms = LoanTerms {
            first_due: stub.filter(|_| !bullet).map(|days| start.add_days(days)),
            basis: if bullet || daily { InterestBasis::Daily } else { InterestBasis::Twelfth },
            day_count,
            penalty_rate: Rate::from_ppm(ppm * 3 / 2).unwrap(),
            grace_days: 3,
            ..LoanTerms::plain(
                Money::new(principal, Currency::CNY),
                Rate::from_ppm(ppm).unwrap(),
                if bullet { Method::Bullet } else { Method::EqualInstalments },
                Term::Months(months),
                start,
            )
        };
        Life { terms, happenings }
    }
}

/// A loan as the books know it.
struct Note {
    life: Life,
    events: Vec<LifeEvent>,
    held: Option<Accrual>,
    billed_fen: i64,
    next: Option<Date>,
}

/// The books: groups, what the ledger has earned, what went to rounding.
#[derive(Default)]
struct Books {
    groups: BTreeMap<(i64, i64), (Convention, GroupSum)>,
    accrued_fen: i64,
    due_fen: i64,
    income_fen: i64,
    rounding_fen: i64,
}

impl Books {
    fn put(&mut self, held: &Accrual, on: Date, sign: i128) -> i64 {
        let key = (held.convention.code(), held.denominator);
        let (_, sum) = self.groups.entry(key).or_insert((held.convention, GroupSum::default()));
        sum.change(held.denominator, sign * held.at(on).unwrap(), sign * held.rate).unwrap()
    }

    /// A loan is touched on a day: folded, and what it holds replaced.
    fn touch(&mut self, note: &mut Note, on: Date) {
        let state = fold(&note.life.terms, &note.events, on).unwrap();
        let held = state.accrual(&note.life.terms).unwrap();
        let billed_fen = state.totals.billed.interest_fen - note.billed_fen;
        let mut moved_fen = 0;
        if let Some(old) = &note.held {
            moved_fen += self.put(old, on, -1);
        }
        if let Some(new) = &held {
            moved_fen += self.put(new, on, 1);
        }
        let anew_fen = earned_anew(note.held.as_ref(), held.as_ref(), billed_fen, on).unwrap();
        self.accrued_fen += moved_fen;
        self.due_fen += billed_fen;
        self.income_fen += anew_fen;
        self.rounding_fen += billed_fen + moved_fen - anew_fen;
        note.held = held;
        note.billed_fen = state.totals.billed.interest_fen;
        // As the agenda has it: the next due date, or the day from which interest grows otherwise.
        let grows_otherwise = state.segment.map(|segment| segment.until).filter(|until| *until > on);
        note.next = state.next_due.into_iter().chain(grows_otherwise).min();
    }

    fn close(&mut self, day: Date) {
        for ((_, denominator), (convention, sum)) in &mut self.groups {
            let moved_fen = sum.accrue(*convention, *denominator, day, day.add_days(1)).unwrap();
            self.accrued_fen += moved_fen;
            self.income_fen += moved_fen;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_and_the_loans_agree_to_the_last_fraction(lives in proptest::collection::vec(any_life(), 1..12)) {
        let mut books = Books::default();
        let mut touches = 0;
        let mut notes: Vec<Note> = lives
            .into_iter()
            .map(|life| Note { life, events: vec![], held: None, billed_fen: 0, next: None })
            .collect();
        for day in (0..DAYS).map(|n| first_day().add_days(n)) {
            for note in &mut notes {
                let since = day - note.life.terms.start;
                let mut touched = note.next == Some(day);
                if since == 0 {
                    let amount_fen = note.life.terms.principal.minor();
                    note.events.push(LifeEvent::new(1, day, Happening::Disbursed { amount_fen }));
                    touched = true;
                }
                let mine: Vec<_> = note.life.happenings.iter().enumerate().filter(|(_, h)| h.0 == since).collect();
                for (place, (_, kind, size)) in mine {
                    let amount_fen = note.life.terms.principal.minor() / 1_000 * size + 1;
                    // Kind 0 is dated back; the others count today.
                    let date = if *kind == 0 { day.add_days(-17).max(note.life.terms.start) } else { day };
                    let event = LifeEvent::new(2 + place as u128, date, Happening::Paid { amount_fen });
                    if accept(&note.life.terms, &note.events, &event).is_ok() {
                        note.events.push(event);
                        touched = true;
                    }
                }
                if touched {
                    books.touch(note, day);
                    touches += 1;
                }
            }
            books.close(day);
            // What every loan holds, against the groups and against its own fold, at the beginning of the next day.
            let next = day.add_days(1);
            let mut sums: BTreeMap<(i64, i64), (i128, i128)> = BTreeMap::new();
            for note in &notes {
                let Some(held) = &note.held else { continue };
                let sum = sums.entry((held.convention.code(), held.denominator)).or_default();
                sum.0 += held.at(next).unwrap();
                sum.1 += held.rate;
                if note.next != Some(next) {
                    let state = fold(&note.life.terms, &note.events, next).unwrap();
                    prop_assert_eq!(state.accrued.numerator, held.at(next).unwrap());
                }
            }
            let mut ledger_fen = 0;
            for ((convention, denominator), (_, group)) in &books.groups {
                let (sum, rate) = sums.get(&(*convention, *denominator)).copied().unwrap_or_default();
                prop_assert_eq!(group.exact(*denominator).unwrap(), sum);
                prop_assert_eq!(group.rate, rate);
                prop_assert!((0..*denominator).contains(&group.remainder));
                ledger_fen += group.ledger_fen;
            }
            prop_assert_eq!(books.accrued_fen, ledger_fen);
            prop_assert_eq!(books.accrued_fen + books.due_fen, books.income_fen + books.rounding_fen);
            // A touch leaves less than a fen, and so does each of the groups it moves between.
            prop_assert!(books.rounding_fen.abs() <= 3 * touches + 1);
        }
    }
}
