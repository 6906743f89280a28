//! Prepayment, extension, restructuring, new rates, misuse and links, as a lender reads them.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use std::fmt::Write;

use basics::money::format_minor;
use basics::{Currency, Date, DayCount, Id, Instant, Money, Rate};
use loan::act::{
    Alteration, AlteredPlan, Met, NewRates, NoteLink, Prepayment, Renewal, check_extension, check_renewal,
};
use loan::class::RenewalStanding;
use loan::season::{BorrowerConsent, Consent, Consents, GuarantorConsent, ReplanRow};
use loan::sheet::interest_days;
use loan::terms::{
    FeeAmount, PrepayStrategy, Prepaying, PrepaymentRule, RateReset, RateRule, Settlement, SettlementCycle,
};
use loan::{
    Component, Compound, Happening, InterestBasis, LifeEvent, LoanClass, LoanState, LoanStatus, LoanTerms, Method,
    RulePack, Rules, Term, accept, fold,
};
use proptest::prelude::*;

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn percent(text: &str) -> Rate {
    Rate::parse_percent(text).unwrap()
}

fn rules() -> Rules {
    RulePack::shipped("cn-rural").unwrap().on(date("2026-01-01")).unwrap()
}

fn terms(method: Method, basis: InterestBasis, amount: &str, months: u16, start: &str) -> LoanTerms {
    let amount = Money::parse(amount, Currency::CNY).unwrap();
    LoanTerms {
        basis,
        day_count: DayCount::Actual360,
        penalty_rate: percent("9"),
        compound: Compound::ContractThenPenalty,
        ..LoanTerms::plain(amount, percent("6"), method, Term::Months(months), date(start))
    }
}

fn event(id: u128, on: &str, what: Happening) -> LifeEvent {
    LifeEvent::new(id, date(on), what)
}

fn disbursed(on: &str, amount_fen: i64) -> LifeEvent {
    event(1, on, Happening::Disbursed { amount_fen })
}

fn prepaid(id: u128, on: &str, amount_fen: i64, strategy: PrepayStrategy) -> LifeEvent {
    event(id, on, Happening::Prepaid(Prepayment { amount_fen, strategy }))
}

fn signed(guarantor: GuarantorConsent) -> Consents {
    let consent = Consent { by: Id::from_u128(7), at: Instant(1_812_000_000_000_000), evidence: [7; 32] };
    Consents { borrower: BorrowerConsent::Given(consent), guarantor }
}

fn altered(plan: AlteredPlan, rates: Option<(&str, &str)>) -> Alteration {
    let rates = rates.map(|(rate, penalty)| NewRates { rate: percent(rate), penalty_rate: percent(penalty) });
    Alteration { plan, rates, reason: "asked for".into(), consent: signed(GuarantorConsent::NoGuarantor) }
}

fn plan(state: &LoanState) -> String {
    state.schedule.as_ref().unwrap().to_string()
}

/// Interest of each row that is not due is what its days add up to, and all principal is there.
fn adds_up(terms: &LoanTerms, life: &[LifeEvent], state: &LoanState) {
    let planned: i64 = state.instalments.iter().map(|row| row.due.principal_fen).sum();
    assert_eq!(planned, state.totals.disbursed_fen);
    let last = state.instalments.iter().map(|row| row.due_on).max().unwrap();
    let sheet = interest_days(terms, life, last).unwrap();
    for row in sheet.state.instalments.iter().filter(|row| row.number > 0 && row.is_due) {
        let sum = sheet.sum(Component::Interest, row.number).unwrap().round_fen(terms.rounding).unwrap();
        assert_eq!(sum, row.due.interest_fen, "{}", row.number);
    }
}

#[test]
fn a_part_prepaid_in_four_ways() {
    let terms = terms(Method::EqualInstalments, InterestBasis::Twelfth, "12000", 6, "2026-01-10");
    let mut shown = String::new();
    for strategy in [
        PrepayStrategy::ReduceInstalment,
        PrepayStrategy::ReduceTerm,
        PrepayStrategy::NextInstalment,
        PrepayStrategy::LastInstalment,
    ] {
        let life = [
            disbursed("2026-01-10", 1_200_000),
            event(2, "2026-02-10", Happening::Paid { amount_fen: 203_515 }),
            prepaid(3, "2026-02-20", 400_000, strategy),
        ];
        accept(&terms, &life[..2], &life[2]).unwrap();
        let state = fold(&terms, &life, date("2026-02-20")).unwrap();
        assert_eq!((state.credit_fen, state.days_past_due), (0, 0));
        writeln!(shown, "{strategy:?}, principal {}\n{}", format_minor(state.principal_fen), plan(&state)).unwrap();
        adds_up(&terms, &life, &state);
    }
    insta::assert_snapshot!(shown, @r"
    ReduceInstalment, principal 6024.85
    row  due         principal    interest        fee       total     balance
      1  2026-02-10    1975.15       60.00       0.00     2035.15    10024.85
      0  2026-02-20    4000.00        0.00       0.00     4000.00     6024.85
      2  2026-03-10    1187.29       37.26       0.00     1224.55     4837.56
      3  2026-04-10    1200.36       24.19       0.00     1224.55     3637.20
      4  2026-05-10    1206.36       18.19       0.00     1224.55     2430.84
      5  2026-06-10    1212.40       12.15       0.00     1224.55     1218.44
      6  2026-07-10    1218.44        6.09       0.00     1224.53        0.00

    ReduceTerm, principal 6024.85
    row  due         principal    interest        fee       total     balance
      1  2026-02-10    1975.15       60.00       0.00     2035.15    10024.85
      0  2026-02-20    4000.00        0.00       0.00     4000.00     6024.85
      2  2026-03-10    1997.89       37.26       0.00     2035.15     4026.96
      3  2026-04-10    2015.02       20.13       0.00     2035.15     2011.94
      4  2026-05-10    2011.94       10.06       0.00     2022.00        0.00

    NextInstalment, principal 6024.85
    row  due         principal    interest        fee       total     balance
      1  2026-02-10    1975.15       60.00       0.00     2035.15    10024.85
      0  2026-02-20    4000.00        0.00       0.00     4000.00     6024.85
      2  2026-03-10       0.00       37.26       0.00       37.26     6024.85
      3  2026-04-10       0.00       30.12       0.00       30.12     6024.85
      4  2026-05-10    1984.91       30.12       0.00     2015.03     4039.94
      5  2026-06-10    2014.95       20.20       0.00     2035.15     2024.99
      6  2026-07-10    2024.99       10.12       0.00     2035.11        0.00

    LastInstalment, principal 6024.85
    row  due         principal    interest        fee       total     balance
      1  2026-02-10    1975.15       60.00       0.00     2035.15    10024.85
      0  2026-02-20    4000.00        0.00       0.00     4000.00     6024.85
      2  2026-03-10    1985.03       37.26       0.00     2022.29     4039.82
      3  2026-04-10    1994.95       20.20       0.00     2015.15     2044.87
      4  2026-05-10    2004.93       10.22       0.00     2015.15       39.94
      5  2026-06-10      39.94        0.20       0.00       40.14        0.00
    ");
}

#[test]
fn daily_interest_is_for_the_actual_days_on_the_actual_balance() {
    let terms = terms(Method::Bullet, InterestBasis::Daily, "30000", 6, "2026-03-01");
    let life = [disbursed("2026-03-01", 3_000_000), prepaid(2, "2026-05-10", 1_000_000, PrepayStrategy::ReduceTerm)];
    let state = fold(&terms, &life, date("2026-05-10")).unwrap();
    // 70 days on 30,000 and 114 on 20,000 at 6 %, actual/360: 350.00 + 380.00.
    insta::assert_snapshot!(plan(&state), @r"
    row  due         principal    interest        fee       total     balance
      0  2026-05-10   10000.00        0.00       0.00    10000.00    20000.00
      1  2026-09-01   20000.00      730.00       0.00    20730.00        0.00
    ");
    insta::assert_snapshot!(interest_days(&terms, &life, date("2026-09-01")).unwrap(), @r"
    what      no  from        to          days     balance         product   rate      interest
    interest   1  2026-03-01  2026-05-10    70    30000.00      2100000.00   6.00      350.0000
    interest   1  2026-05-10  2026-09-01   114    20000.00      2280000.00   6.00      380.0000
    ");
    adds_up(&terms, &life, &state);
}

#[test]
fn a_prepayment_pays_what_is_due_first_then_the_fee() {
    let mut terms = terms(Method::EqualPrincipal, InterestBasis::Daily, "12000", 3, "2026-01-10");
    terms.prepayment = Some(PrepaymentRule {
        allowed: Prepaying::WholeOrPart,
        notice_days: 0,
        fee: Some(FeeAmount::Ppm(10_000)),
        strategies: vec![PrepayStrategy::ReduceInstalment],
    });
    let life = [disbursed("2026-01-10", 1_200_000)];
    // 4,062.00 is due with penalty of ten days: of 6,000 the rest pays 1 % fee and principal.
    let part = prepaid(2, "2026-02-20", 600_000, PrepayStrategy::ReduceInstalment);
    accept(&terms, &life, &part).unwrap();
    let with_part = [life[0].clone(), part];
    let state = fold(&terms, &with_part, date("2026-02-20")).unwrap();
    assert_eq!((state.credit_fen, state.days_past_due), (0, 0));
    insta::assert_snapshot!(plan(&state), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-02-10    4000.00       62.00       0.00     4062.00     8000.00
      0  2026-02-20       0.00        0.00      19.09       19.09     8000.00
      0  2026-02-20    1908.81        0.00       0.00     1908.81     6091.19
      2  2026-03-10    3045.59       31.61       0.00     3077.20     3045.60
      3  2026-04-10    3045.60       15.74       0.00     3061.34        0.00
    ");
    adds_up(&terms, &with_part, &state);
    // The whole: 8,000 and its fee, and interest of the running days.
    let payoff = fold(&terms, &life, date("2026-02-10")).unwrap();
    let whole = prepaid(2, "2026-02-10", payoff.payoff_fen + 8_000, PrepayStrategy::ReduceInstalment);
    let state = fold(&terms, &[life[0].clone(), whole], date("2026-02-10")).unwrap();
    assert_eq!((state.status, state.credit_fen, state.totals.paid.fee_fen), (LoanStatus::Closed, 0, 8_000));
    // What the contract does not allow.
    let mut said = String::new();
    for (allowed, amount_fen, strategy) in [
        (Prepaying::WholeOrPart, 300_000, PrepayStrategy::ReduceInstalment),
        (Prepaying::No, 600_000, PrepayStrategy::ReduceInstalment),
        (Prepaying::Whole, 600_000, PrepayStrategy::ReduceInstalment),
        (Prepaying::WholeOrPart, 600_000, PrepayStrategy::NextInstalment),
    ] {
        terms.prepayment.as_mut().unwrap().allowed = allowed;
        let refused = accept(&terms, &life, &prepaid(2, "2026-02-20", amount_fen, strategy)).unwrap_err();
        writeln!(said, "{refused}").unwrap();
    }
    insta::assert_snapshot!(said.replace("00000000-0000-0000-0000-000000000002", "2"), @r"
    event 2 cannot change the contract: 4072.10 is due and 3000.00 would pay nothing ahead: record it as a payment
    event 2 cannot change the contract: the contract allows no prepayment: money ahead waits until it is due
    event 2 cannot change the contract: the contract allows prepayment of the whole only, which takes 12085.43
    event 2 cannot change the contract: the contract does not offer this kind of prepayment: choose one that it names
    ");
}

#[test]
fn an_extension_moves_the_end_and_steps_the_rate() {
    let bullet = terms(Method::Bullet, InterestBasis::Daily, "50000", 6, "2026-01-05");
    let life = [disbursed("2026-01-05", 5_000_000)];
    let extend = |until, rates| altered(AlteredPlan::Until(date(until)), rates);
    let ask = event(2, "2026-06-20", Happening::Extended(extend("2026-12-05", Some(("7.2", "10.8")))));
    accept(&bullet, &life, &ask).unwrap();
    check_extension(&rules(), &bullet, &life, date("2026-06-20"), date("2026-12-05")).unwrap();
    let with = [life[0].clone(), ask];
    let state = fold(&bullet, &with, date("2026-07-05")).unwrap();
    assert_eq!((state.status, state.days_past_due, state.rate), (LoanStatus::Active, 0, percent("7.2")));
    // 166 days at 6 % and 168 at 7.2 %.
    insta::assert_snapshot!(plan(&state), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-12-05   50000.00     3063.33       0.00    53063.33        0.00
    ");
    insta::assert_snapshot!(interest_days(&bullet, &with, date("2027-01-04")).unwrap(), @r"
    what      no  from        to          days     balance         product   rate      interest
    interest   1  2026-01-05  2026-06-20   166    50000.00      8300000.00   6.00     1383.3333
    interest   1  2026-06-20  2026-12-05   168    50000.00      8400000.00   7.20     1680.0000
    penalty    1  2026-12-05  2027-01-04    30    50000.00      1500000.00  10.80      450.0000
    compound   1  2026-12-05  2027-01-04    30     3063.33        91899.90  10.80       27.5699
    ");
    adds_up(&bullet, &with, &state);

    let level = terms(Method::EqualInstalments, InterestBasis::Twelfth, "12000", 6, "2026-01-10");
    let life = [disbursed("2026-01-10", 1_200_000), event(2, "2026-02-10", Happening::Paid { amount_fen: 203_515 })];
    let with =
        [life[0].clone(), life[1].clone(), event(3, "2026-03-01", Happening::Extended(extend("2026-09-10", None)))];
    let state = fold(&level, &with, date("2026-03-01")).unwrap();
    insta::assert_snapshot!(plan(&state), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-02-10    1975.15       60.00       0.00     2035.15    10024.85
      2  2026-03-10    1410.79       50.12       0.00     1460.91     8614.06
      3  2026-04-10    1417.84       43.07       0.00     1460.91     7196.22
      4  2026-05-10    1424.93       35.98       0.00     1460.91     5771.29
      5  2026-06-10    1432.05       28.86       0.00     1460.91     4339.24
      6  2026-07-10    1439.21       21.70       0.00     1460.91     2900.03
      7  2026-08-10    1446.41       14.50       0.00     1460.91     1453.62
      8  2026-09-10    1453.62        7.27       0.00     1460.89        0.00
    ");
    adds_up(&level, &with, &state);

    let mut settled = terms(Method::InterestFirst, InterestBasis::Daily, "50000", 12, "2026-03-05");
    settled.settlement = Some(Settlement { cycle: SettlementCycle::Quarter, day: 20 });
    let with =
        [disbursed("2026-03-05", 5_000_000), event(2, "2027-03-01", Happening::Extended(extend("2027-09-05", None)))];
    let state = fold(&settled, &with, date("2027-03-01")).unwrap();
    insta::assert_snapshot!(plan(&state), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-03-21       0.00      133.33       0.00      133.33    50000.00
      2  2026-06-21       0.00      766.67       0.00      766.67    50000.00
      3  2026-09-21       0.00      766.67       0.00      766.67    50000.00
      4  2026-12-21       0.00      758.33       0.00      758.33    50000.00
      5  2027-09-05   50000.00     2150.00       0.00    52150.00        0.00
    ");
}

#[test]
fn what_is_no_extension() {
    let bullet = terms(Method::Bullet, InterestBasis::Daily, "50000", 6, "2026-01-05");
    let life = [disbursed("2026-01-05", 5_000_000)];
    let mut said = String::new();
    let ask = |on: &str, plan| {
        let ask = event(2, on, Happening::Extended(altered(plan, None)));
        accept(&bullet, &life, &ask).unwrap_err().to_string().replace("00000000-0000-0000-0000-000000000002", "2")
    };
    let row = |due: &str, principal_fen| ReplanRow { due: date(due), principal_fen };
    writeln!(said, "{}", ask("2026-07-06", AlteredPlan::Until(date("2026-12-05")))).unwrap();
    writeln!(said, "{}", ask("2026-06-20", AlteredPlan::Until(date("2026-07-05")))).unwrap();
    writeln!(said, "{}", ask("2026-06-20", AlteredPlan::Kept)).unwrap();
    writeln!(said, "{}", ask("2026-06-20", AlteredPlan::Rows(vec![row("2026-12-05", 4_999_999)]))).unwrap();
    writeln!(said, "{}", ask("2026-06-20", AlteredPlan::Until(date("2099-12-05")))).unwrap();
    for until in ["2027-01-05", "2027-01-06"] {
        let checked = check_extension(&rules(), &bullet, &life, date("2026-06-20"), date(until));
        writeln!(said, "{until}: {}", checked.map_or_else(|e| e.to_string(), |()| "within the rules".to_owned()))
            .unwrap();
    }
    insta::assert_snapshot!(said, @r"
    event 2 cannot change the contract: it has come to its end: an extension is agreed before that
    event 2 cannot change the contract: it ends on 2026-07-05 already: name a later day
    event 2 cannot change the contract: it ends on 2026-07-05 already: name a later day
    event 2 cannot change the contract: the rows repay 49999.99, and 50000.00 is to be repaid
    event 2 cannot change the contract: it would run until 2099-12-05, and the longest term of 600 months ends on 2076-01-05: choose an earlier date
    2027-01-05: within the rules
    2027-01-06: the rules: all extensions together would be 185 days; 100.00 % of the original term of 181 days is 181
    ");
    // Longer loans are extended as the product has it.
    let long = terms(Method::Bullet, InterestBasis::Daily, "50000", 24, "2026-01-05");
    check_extension(&rules(), &long, &life, date("2027-06-20"), date("2031-01-05")).unwrap();
}

#[test]
fn restructured_out_of_arrears_the_class_stays() {
    let bullet = terms(Method::Bullet, InterestBasis::Daily, "50000", 6, "2026-01-05");
    let rows = vec![
        ReplanRow { due: date("2027-04-30"), principal_fen: 2_000_000 },
        ReplanRow { due: date("2027-10-31"), principal_fen: 3_000_000 },
    ];
    let life = [
        disbursed("2026-01-05", 5_000_000),
        event(2, "2026-10-10", Happening::Restructured(altered(AlteredPlan::Rows(rows), Some(("4.5", "6.75"))))),
        event(3, "2026-10-12", Happening::Paid { amount_fen: 300_000 }),
    ];
    accept(&bullet, &life[..1], &life[1]).unwrap();
    let mut text = String::new();
    for day in ["2026-10-09", "2026-10-10", "2026-10-11", "2026-10-12", "2027-04-30", "2027-05-01"] {
        let state = fold(&bullet, &life, date(day)).unwrap();
        let standing = state.standing(&rules()).unwrap();
        let owed = state.overdue_parts().unwrap();
        writeln!(
            text,
            "{day}  dpd {:>3}  class {}  interest {:>8}  penalty {:>8}  compound {:>6}  accrued {:>8}  off balance {}",
            state.days_past_due,
            standing.class.class.0,
            format_minor(owed.interest_fen),
            format_minor(owed.penalty_fen),
            format_minor(owed.compound_fen),
            format_minor(state.accrued_floor_fen().unwrap()),
            format_minor(standing.suspended_fen().unwrap()),
        )
        .unwrap();
    }
    insta::assert_snapshot!(text, @r"
    2026-10-09  dpd  96  class 2  interest  1508.33  penalty  1200.00  compound  36.20  accrued     0.00  off balance 2744.53
    2026-10-10  dpd  97  class 2  interest  1508.33  penalty  1212.50  compound  36.58  accrued     0.00  off balance 2757.41
    2026-10-11  dpd  98  class 2  interest  1508.33  penalty  1212.50  compound  36.77  accrued     6.25  off balance 2763.85
    2026-10-12  dpd   0  class 2  interest     0.00  penalty     0.00  compound   0.00  accrued    12.50  off balance 12.50
    2027-04-30  dpd   0  class 2  interest  1020.28  penalty     0.00  compound   0.00  accrued     0.00  off balance 0.00
    2027-05-01  dpd   1  class 2  interest  1020.28  penalty     3.75  compound   0.13  accrued     3.75  off balance 0.00
    ");
    let state = fold(&bullet, &life, date("2026-10-12")).unwrap();
    insta::assert_snapshot!(plan(&state), @r"
    row  due         principal    interest        fee       total     balance
      1  2026-07-05       0.00     1508.33       0.00     1508.33    50000.00
      2  2027-04-30   20000.00     1262.50       0.00    21262.50    30000.00
      3  2027-10-31   30000.00      690.00       0.00    30690.00        0.00
    ");
}

#[test]
fn a_new_rate_splits_the_running_period() {
    let mut terms = terms(Method::Bullet, InterestBasis::Daily, "30000", 18, "2026-07-01");
    let life = [disbursed("2026-07-01", 3_000_000)];
    let reset =
        |on| event(2, on, Happening::RateReset(NewRates { rate: percent("5.5"), penalty_rate: percent("8.25") }));
    assert!(accept(&terms, &life, &reset("2027-01-01")).is_err(), "the contract's rate is fixed");
    terms.rate_rule =
        Some(RateRule { reference: "LPR-1Y".into(), spread_ppm: 10_000, reset: RateReset::FirstOfJanuary });
    assert!(accept(&terms, &life, &reset("2026-12-31")).is_err());
    accept(&terms, &life, &reset("2027-01-01")).unwrap();
    let with = [life[0].clone(), reset("2027-01-01")];
    let state = fold(&terms, &with, date("2027-01-01")).unwrap();
    // 184 days at 6 % and 365 at 5.5 %.
    assert_eq!(state.accrued.round_fen(terms.rounding).unwrap(), 92_000);
    insta::assert_snapshot!(plan(&state), @r"
    row  due         principal    interest        fee       total     balance
      1  2028-01-01   30000.00     2592.92       0.00    32592.92        0.00
    ");
    adds_up(&terms, &with, &state);
}

#[test]
fn misuse_takes_the_heavier_rate_never_both() {
    let bullet = terms(Method::Bullet, InterestBasis::Daily, "36000", 6, "2026-01-01");
    let life = [
        disbursed("2026-01-01", 3_600_000),
        event(2, "2026-06-01", Happening::Misused { penalty_rate: percent("12") }),
    ];
    accept(&bullet, &life[..1], &life[1]).unwrap();
    // Before it is due: 6 % as interest, 6 % more as penalty; after: 12 % as penalty, not 9 % beside.
    insta::assert_snapshot!(interest_days(&bullet, &life, date("2026-07-11")).unwrap(), @r"
    what      no  from        to          days     balance         product   rate      interest
    interest   1  2026-01-01  2026-07-01   181    36000.00      6516000.00   6.00     1086.0000
    penalty    1  2026-06-01  2026-07-01    30    36000.00      1080000.00   6.00      180.0000
    penalty    1  2026-07-01  2026-07-11    10    36000.00       360000.00  12.00      120.0000
    compound   1  2026-07-01  2026-07-11    10     1086.00        10860.00   9.00        2.7150
    ");
    let state = fold(&bullet, &life, date("2026-07-11")).unwrap();
    assert_eq!(state.overdue_parts().unwrap().penalty_fen, 18_000 + 12_000);
    assert_eq!(state.standing(&rules()).unwrap().class.class, LoanClass(1));
    let again = event(3, "2026-06-05", Happening::Misused { penalty_rate: percent("12") });
    assert!(accept(&bullet, &life, &again).is_err());
    let low = event(2, "2026-06-05", Happening::Misused { penalty_rate: percent("6") });
    assert!(accept(&bullet, &life[..1], &low).is_err());
}

#[test]
fn links_death_and_officers() {
    let bullet = terms(Method::Bullet, InterestBasis::Daily, "36000", 6, "2026-01-01");
    let old = Id::from_u128(77);
    let class = |link| {
        let life = [disbursed("2026-01-01", 3_600_000), event(2, "2026-01-01", Happening::Linked(link))];
        fold(&bullet, &life, date("2026-02-01")).unwrap().standing(&rules()).unwrap().class.class
    };
    assert_eq!(class(NoteLink::NewForOld(old)), LoanClass(1));
    assert_eq!(class(NoteLink::Renews { old, standing: RenewalStanding::Holds }), LoanClass(0));
    assert_eq!(class(NoteLink::Renews { old, standing: RenewalStanding::Fails }), LoanClass(1));
    assert_eq!(class(NoteLink::RenewedBy(old)), LoanClass(0));

    let life = [
        disbursed("2026-01-01", 3_600_000),
        event(2, "2026-03-01", Happening::BorrowerDied),
        event(3, "2026-03-05", Happening::HandedOver { officer: Id::from_u128(9) }),
        event(4, "2026-03-05", Happening::Judged { class: LoanClass(3) }),
    ];
    let state = fold(&bullet, &life, date("2026-03-05")).unwrap();
    assert_eq!((state.bearings.died_on, state.bearings.officer), (Some(date("2026-03-01")), Some(Id::from_u128(9))));
    assert_eq!(state.standing(&rules()).unwrap().class.class, LoanClass(3));
    let reminder = event(5, "2026-07-02", Happening::Noticed { notice: "overdue".into() });
    insta::assert_snapshot!(accept(&bullet, &life, &reminder).unwrap_err().to_string().replace("00000000-0000-0000-0000-000000000005", "5"), @"event 5 cannot change the contract: the borrower died (2026-03-01): no reminder goes out, the estate is the debtor");

    let renewal = Renewal {
        class: LoanClass(0),
        days_past_due: 0,
        old_maturity: date("2026-07-01"),
        signed_on: date("2026-06-30"),
        business_holds: Met::Yes,
        record_holds: Met::Yes,
        standard_holds: Met::Yes,
    };
    assert_eq!(check_renewal(&renewal), Ok(RenewalStanding::Holds));
    for fails in [
        Renewal { class: LoanClass(1), ..renewal },
        Renewal { business_holds: Met::No, ..renewal },
        Renewal { days_past_due: 1, ..renewal },
    ] {
        assert_eq!(check_renewal(&fails), Ok(RenewalStanding::Fails));
    }
    assert!(check_renewal(&Renewal { signed_on: date("2026-07-02"), ..renewal }).is_err());
}

#[test]
fn a_claim_that_is_written_off_lives_on() {
    let mut bullet = terms(Method::Bullet, InterestBasis::Daily, "50000", 6, "2026-01-01");
    let late = [Component::Principal, Component::Fee, Component::Interest, Component::Compound, Component::Penalty];
    bullet.pay_rule.late =
        Some(loan::allocation::LateOrder { after_days: 90, order: loan::PayOrder::new(&late).unwrap() });
    let life = [
        disbursed("2026-01-01", 5_000_000),
        event(2, "2027-07-31", Happening::WrittenOff),
        event(3, "2027-09-01", Happening::Paid { amount_fen: 2_000_000 }),
        event(4, "2027-10-01", Happening::Paid { amount_fen: 3_050_000 }),
    ];
    accept(&bullet, &life[..1], &life[1]).unwrap();
    assert!(accept(&bullet, &life[..2], &event(5, "2027-08-01", Happening::WrittenOff)).is_err());
    let mut text = String::new();
    for day in ["2027-07-30", "2027-07-31", "2027-09-01", "2027-10-01"] {
        let state = fold(&bullet, &life, date(day)).unwrap();
        let standing = state.standing(&rules()).unwrap();
        let recovered = state.bearings.written_off.map(|claim| claim.recovered(&state).unwrap()).unwrap_or_default();
        writeln!(
            text,
            "{day}  dpd {}  class {}  on balance {:>8}  claim {:>9}  set aside {:>8}  recovered: principal {:>8}, interest {:>6}",
            state.days_past_due,
            standing.class.class.0,
            format_minor(standing.on_balance.principal_fen),
            format_minor(standing.suspended.total_fen().unwrap()),
            format_minor(standing.provision.specific_fen),
            format_minor(recovered.principal_fen),
            format_minor(recovered.interest_fen),
        )
        .unwrap();
    }
    insta::assert_snapshot!(text, @r"
    2027-07-30  dpd 394  class 4  on balance 50000.00  claim   6581.90  set aside 50000.00  recovered: principal     0.00, interest   0.00
    2027-07-31  dpd 395  class 4  on balance     0.00  claim  56594.78  set aside     0.00  recovered: principal     0.00, interest   0.00
    2027-09-01  dpd 427  class 4  on balance     0.00  claim  37006.84  set aside     0.00  recovered: principal 20000.00, interest   0.00
    2027-10-01  dpd 457  class 4  on balance     0.00  claim   6743.16  set aside     0.00  recovered: principal 50000.00, interest 500.00
    ");
    // Taken back, it was never written off.
    let mut undone = life.to_vec();
    undone.push(event(6, "2027-10-01", Happening::Reversed { target: Id::from_u128(2) }));
    let without: Vec<LifeEvent> = life.iter().filter(|e| e.id != Id::from_u128(2)).cloned().collect();
    assert_eq!(fold(&bullet, &undone, date("2027-10-01")), fold(&bullet, &without, date("2027-10-01")));
}

#[test]
fn without_his_consent_a_guarantor_carries_nothing_that_was_added() {
    let bullet = terms(Method::Bullet, InterestBasis::Daily, "50000", 6, "2026-01-05");
    let mut extension = altered(AlteredPlan::Until(date("2026-12-05")), None);
    extension.consent = signed(GuarantorConsent::NotGiven);
    let life = [disbursed("2026-01-05", 5_000_000), event(2, "2026-06-20", Happening::Extended(extension))];
    let carried = loan::season::carried(&bullet, &life, date("2026-06-20")).unwrap();
    // 153 days more at 6 % on 50,000.
    assert_eq!(carried.added_fen, 127_500);
}

/// Kind, day after the start, size in thousandths.
fn any_acts() -> impl Strategy<Value = Vec<(u8, i32, i64)>> {
    proptest::collection::vec((0u8..13, 0i32..900, 1i64..1_200), 0..12)
}

fn lived(terms: &LoanTerms, acts: &[(u8, i32, i64)]) -> Vec<LifeEvent> {
    let principal = terms.principal.minor();
    let mut life = vec![LifeEvent::new(1, terms.start, Happening::Disbursed { amount_fen: principal })];
    for (id, (kind, days, size)) in (2u128..).zip(acts) {
        let on = terms.start.add_days(*days);
        let amount_fen = i64::try_from(i128::from(principal) * i128::from(*size) / 1_000).unwrap().max(1);
        let strategy = [
            PrepayStrategy::ReduceInstalment,
            PrepayStrategy::ReduceTerm,
            PrepayStrategy::NextInstalment,
            PrepayStrategy::LastInstalment,
        ][usize::try_from(size % 4).unwrap()];
        let rates = (size % 3 == 0).then_some(("7.3", "10.95"));
        let until = AlteredPlan::Until(on.add_days(i32::try_from(*size).unwrap()));
        let what = match kind {
            0..=2 => Happening::Paid { amount_fen },
            3..=5 => Happening::Prepaid(Prepayment { amount_fen, strategy }),
            6 => Happening::Extended(altered(until, rates)),
            7 => Happening::Restructured(altered(until, rates)),
            8 => Happening::RateReset(NewRates { rate: percent("4.9"), penalty_rate: percent("7.35") }),
            9 => Happening::Misused { penalty_rate: percent("12") },
            12 => Happening::WrittenOff,
            10 => Happening::Reversed { target: Id::from_u128(u128::try_from(*size).unwrap() % id) },
            _ => Happening::Waived { what: loan::Waivable::Penalty, amount_fen: amount_fen / 500 + 1 },
        };
        let event = LifeEvent::new(id, on, what);
        if accept(terms, &life, &event).is_ok() {
            life.push(event);
        }
    }
    life
}

prop_compose! {
    fn any_terms()(
        principal in 100_000i64..10_000_000,
        method in prop_oneof![
            Just(Method::EqualInstalments), Just(Method::EqualPrincipal), Just(Method::InterestFirst), Just(Method::Bullet),
        ],
        daily in any::<bool>(),
        months in 1u16..=24,
        start in 20_000i32..21_000,
        fee in proptest::option::of(1i64..20_000),
        grace_days in 0u16..5,
    ) -> LoanTerms {
        let basis = if daily || method == Method::Bullet { InterestBasis::Daily } else { InterestBasis::Twelfth };
        let start = Date::from_days(start).unwrap();
        LoanTerms {
            grace_days,
            rate_rule: Some(RateRule { reference: "LPR-1Y".into(), spread_ppm: 0, reset: RateReset::EveryMonths(1) }),
            prepayment: fee.map(|ppm| PrepaymentRule {
                allowed: Prepaying::WholeOrPart, notice_days: 0, fee: Some(FeeAmount::Ppm(ppm)), strategies: vec![],
            }),
            ..terms(method, basis, &format_minor(principal), months, &start.to_string())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_global_rejects: 200_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// No fen is made or lost, on any day, whatever is done to a loan.
    #[test]
    fn nothing_is_made_or_lost(terms in any_terms(), acts in any_acts(), days in 0i32..1_500) {
        let life = lived(&terms, &acts);
        let state = fold(&terms, &life, terms.start.add_days(days)).unwrap();
        let totals = &state.totals;
        prop_assert_eq!(totals.received_fen - totals.refunded_fen - totals.paid.total_fen().unwrap(), state.credit_fen);
        prop_assert_eq!(totals.disbursed_fen - totals.paid.principal_fen, state.principal_fen);
        prop_assert_eq!(state.instalments.iter().map(|row| row.due.principal_fen).sum::<i64>(), totals.disbursed_fen);
        for row in &state.instalments {
            for component in Component::ALL {
                prop_assert!(row.due.get(component) >= 0, "{:?} of {:?}", component, row);
                prop_assert!(row.paid.get(component) + row.waived.get(component) <= row.due.get(component));
            }
        }
        prop_assert!(state.accrued.numerator >= 0);
        prop_assert_eq!(state.status == LoanStatus::Closed, state.closed_on.is_some());
        let dues: Vec<Date> = state.instalments.iter().filter(|row| !row.is_due).map(|row| row.due_on).collect();
        prop_assert!(dues.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", dues);
        prop_assert!(dues.first().is_none_or(|due| *due > state.as_of));
        state.standing(&rules()).unwrap();
    }

    /// The order of arrival does not matter, and what is taken back was never there.
    #[test]
    fn order_and_undo(terms in any_terms(), acts in any_acts(), turn in any::<u64>(), last in (3u8..13, 0i32..900, 1i64..1_200)) {
        let life = lived(&terms, &acts);
        let as_of = terms.start.add_days(1_000);
        let state = fold(&terms, &life, as_of).unwrap();
        let mut other = life.clone();
        other.sort_by_key(|event| event.id.derive(&turn.to_string()));
        prop_assert_eq!(&fold(&terms, &other, as_of).unwrap(), &state);

        let more: Vec<_> = acts.iter().copied().chain([last]).collect();
        let mut with = lived(&terms, &more);
        prop_assume!(with.len() > life.len());
        prop_assume!(!matches!(with.last().unwrap().what, Happening::Reversed { .. }));
        let target = with.last().unwrap().id;
        with.push(LifeEvent::new(9_999, as_of, Happening::Reversed { target }));
        prop_assert_eq!(&fold(&terms, &with, as_of).unwrap(), &state);
    }

    /// The interest-day sheet adds up across every change of balance and rate.
    #[test]
    fn days_add_up_across_changes(terms in any_terms(), acts in any_acts(), days in 0i32..1_200) {
        prop_assume!(terms.basis == InterestBasis::Daily);
        let life = lived(&terms, &acts);
        let sheet = interest_days(&terms, &life, terms.start.add_days(days)).unwrap();
        if let Some(running) = sheet.state.instalments.iter().find(|row| !row.is_due) {
            let sum = sheet.sum(Component::Interest, running.number).unwrap();
            let accrued = sheet.state.accrued;
            prop_assert_eq!(sum.numerator * accrued.denominator, accrued.numerator * sum.denominator);
        }
        let account = loan::sheet::account_sheet(&terms, &life, terms.start.add_days(days)).unwrap();
        let mut balance = 0;
        for line in &account.lines {
            balance += line.debit_fen - line.credit_fen;
            prop_assert_eq!(line.balance_fen().unwrap(), balance, "{:?}", line);
        }
    }
}
