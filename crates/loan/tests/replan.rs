//! A re-plan proposed when the harvest departs from the plan, what it shows, and what a guarantor carries of it.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use basics::{Currency, Date, Id, Instant, Money, Rate};
use loan::season::{
    BorrowerConsent, ChangeLimits, Consent, Consents, Deferral, DeferredInterest, DeferredPart, DeferredScope,
    Departure, GuarantorConsent, Replan, ReplanReason, ReplanRow, SeasonRule, carried, preview, propose,
};
use loan::{Happening, LifeEvent, LoanTerms, Method, Term, accept, fold};

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// 30,000 at 6 % on 2027-03-01; 12,000 from the wheat of June, 18,000 from the maize of October.
fn two_harvests() -> (LoanTerms, Vec<LifeEvent>) {
    let terms = LoanTerms {
        penalty_rate: Rate::parse_percent("9").unwrap(),
        change: Some(ChangeLimits { term_max_months: 12, replans_max: 2, arrears_days_max: 90 }),
        ..LoanTerms::plain(
            Money::new(3_000_000, Currency::CNY),
            Rate::parse_percent("6").unwrap(),
            Method::Bullet,
            Term::Days(244),
            date("2027-03-01"),
        )
    };
    let rows = [("2027-06-30", 1_200_000), ("2027-10-31", 1_800_000)];
    let rows = rows.map(|(due, principal_fen)| ReplanRow { due: date(due), principal_fen });
    let replan = Replan {
        rows: rows.to_vec(),
        reason: ReplanReason::IncomeMoved,
        consent: signed(GuarantorConsent::NoGuarantor),
    };
    let life = vec![
        LifeEvent::new(1, date("2027-03-01"), Happening::Disbursed { amount_fen: 3_000_000 }),
        LifeEvent::new(2, date("2027-03-02"), Happening::Replanned(replan)),
    ];
    (terms, life)
}

fn signed(guarantor: GuarantorConsent) -> Consents {
    let consent = Consent { by: Id::from_u128(7), at: Instant(1_812_000_000_000_000), evidence: [7; 32] };
    Consents { borrower: BorrowerConsent::Given(consent), guarantor }
}

fn short(due: &str, expected_fen: i64, observed_fen: i64) -> Departure {
    Departure::Short { due: date(due), expected_fen, observed_fen }
}

#[test]
fn a_short_wheat_harvest_moves_its_part_to_the_maize() {
    let (terms, life) = two_harvests();
    let rule = SeasonRule::default();
    // 16,000 expected of the wheat, 10,000 came: 37.5 % of the June principal waits for October.
    let departure = short("2027-06-30", 1_600_000, 1_000_000);
    let proposal = propose(&terms, &life, date("2027-06-20"), &departure, None, &rule).unwrap();
    insta::assert_snapshot!(proposal.preview, @r"
    from 2027-06-20
    before
    row  due         principal    interest        fee       total     balance
      1  2027-06-30   12000.00      605.00       0.00    12605.00    18000.00
      2  2027-10-31   18000.00      369.00       0.00    18369.00        0.00
    after
    row  due         principal    interest        fee       total     balance
      1  2027-06-30    7500.00      605.00       0.00     8105.00    22500.00
      2  2027-10-31   22500.00      461.25       0.00    22961.25        0.00
    cost before 974.00, after 1066.25, added 92.25
    ");
    assert!(proposal.preview.needs_consent);
    assert_eq!((proposal.preview.added_fen(), proposal.preview.moved_fen()), (9_225, 450_000));
    // Nothing has happened to the loan until it is agreed to.
    let event = LifeEvent::new(3, date("2027-06-20"), Happening::Replanned(proposal.replan.clone()));
    insta::assert_snapshot!(accept(&terms, &life, &event).unwrap_err(), @"event 00000000-0000-0000-0000-000000000003 cannot change the contract: it costs 92.25 more, and the borrower has not agreed to that");
    let agreed = Replan { consent: signed(GuarantorConsent::NoGuarantor), ..proposal.replan };
    let event = LifeEvent::new(3, date("2027-06-20"), Happening::Replanned(agreed));
    accept(&terms, &life, &event).unwrap();
    let with: Vec<LifeEvent> = life.iter().chain([&event]).cloned().collect();
    assert_eq!(fold(&terms, &with, date("2027-06-20")).unwrap().schedule.unwrap(), proposal.preview.after);
}

#[test]
fn other_departures() {
    let (terms, life) = two_harvests();
    let rule = SeasonRule::default();
    let of = |departure: &Departure, next: Option<&str>| {
        let made = propose(&terms, &life, date("2027-06-05"), departure, next.map(date), &rule);
        made.map_or_else(|e| e.to_string(), |made| made.preview.after.to_string())
    };
    let table = [
        (
            "the harvest comes a month later",
            of(&Departure::Late { due: date("2027-06-30"), to: date("2027-07-31") }, None),
        ),
        (
            "a flood takes all of it",
            of(&Departure::Lost { due: date("2027-06-30"), document: "flood-7".into(), lost_ppm: 1_000_000 }, None),
        ),
        ("the last harvest falls short, and there is a next one", of(&short("2027-10-31", 3, 2), Some("2028-02-29"))),
        ("the last harvest falls short", of(&short("2027-10-31", 3, 2), None)),
        ("a harvest falls short by little", of(&short("2027-06-30", 100, 71), None)),
        ("more came than expected", of(&short("2027-06-30", 100, 140), None)),
        ("no row is due then", of(&short("2027-07-31", 100, 0), None)),
        ("beyond the longest term", of(&short("2027-10-31", 3, 2), Some("2028-06-30"))),
        ("before any income can come", of(&Departure::Late { due: date("2027-06-30"), to: date("2027-06-01") }, None)),
    ];
    let text: Vec<String> = table.iter().map(|(what, made)| format!("{what}:\n{made}")).collect();
    insta::assert_snapshot!(text.join("\n"), @r"
    the harvest comes a month later:
    row  due         principal    interest        fee       total     balance
      1  2027-06-30       0.00      605.00       0.00      605.00    30000.00
      2  2027-07-31   12000.00      155.00       0.00    12155.00    18000.00
      3  2027-10-31   18000.00      276.00       0.00    18276.00        0.00

    a flood takes all of it:
    row  due         principal    interest        fee       total     balance
      1  2027-06-30       0.00      605.00       0.00      605.00    30000.00
      2  2027-10-31   30000.00      615.00       0.00    30615.00        0.00

    the last harvest falls short, and there is a next one:
    row  due         principal    interest        fee       total     balance
      1  2027-06-30   12000.00      605.00       0.00    12605.00    18000.00
      2  2027-10-31   12000.00      369.00       0.00    12369.00     6000.00
      3  2028-02-29    6000.00      121.00       0.00     6121.00        0.00

    the last harvest falls short:
    6000.00 of the row of 2027-10-31 has no later harvest to move to: name the next one
    a harvest falls short by little:
    income is short by 29.00 %, and a re-plan is proposed from 30.00 %
    more came than expected:
    income is short by 0.00 %, and a re-plan is proposed from 30.00 %
    no row is due then:
    no principal is still to come on 2027-07-31: name a due date of the plan after today
    beyond the longest term:
    no re-plan is possible: it would run until 2028-06-30, and the longest term of 12 months ends on 2028-03-01: choose an earlier date
    before any income can come:
    no re-plan is possible: its first row is due on 2027-06-01, which is not after 2027-06-05
    ");
}

#[test]
fn a_guarantor_who_did_not_agree_carries_nothing_of_what_was_added() {
    let (terms, life) = two_harvests();
    let deferred = |guarantor| {
        let deferral = Deferral {
            event: "flood-7".into(),
            parts: vec![DeferredPart { due: date("2027-06-30"), principal_fen: 1_200_000 }],
            to: date("2027-12-31"),
            scope: DeferredScope::Principal,
            interest: DeferredInterest::RunsOn,
            consent: signed(guarantor),
        };
        let event = LifeEvent::new(3, date("2027-06-05"), Happening::Deferred(deferral));
        assert_eq!(preview(&terms, &life, &event).unwrap().added_fen(), 36_800);
        accept(&terms, &life, &event).unwrap();
        life.iter().cloned().chain([event]).collect::<Vec<_>>()
    };
    let day = date("2027-06-10");
    let owed_fen = fold(&terms, &life, day).unwrap().payoff_fen;
    let without = carried(&terms, &deferred(GuarantorConsent::NotGiven), day).unwrap();
    assert_eq!((without.added_fen, without.carried_fen), (36_800, owed_fen - 36_800));
    assert_eq!(without.until, Some(date("2027-10-31")));
    let consent = Consent { by: Id::from_u128(8), at: Instant(1_812_000_000_000_000), evidence: [8; 32] };
    let with = carried(&terms, &deferred(GuarantorConsent::Given(consent)), day).unwrap();
    assert_eq!((with.added_fen, with.carried_fen, with.until), (0, owed_fen, Some(date("2027-12-31"))));
}
