//! Rule packs: the same life of a loan under each of them, what classes follow, what is set aside.

#![allow(clippy::unwrap_used)] // also outside #[test], in what the tests share

use std::fmt::Write;

use basics::money::format_minor;
use basics::{Currency, Date, Money, Rate};
use loan::arrears::{ArrearsPath, ArrearsStep};
use loan::class::{ClassCase, ClassMark, ClassReason, RenewalStanding, judging_takes_two, next_class_date};
use loan::provision::{
    Allowance, BookProvision, Exposure, LossStage, Pool, expected_fen, provision, provision_at, reserve_change_fen,
};
use loan::rules::{ReAge, Rules, Standing};
use loan::{
    Happening, LifeEvent, LoanClass, LoanError, LoanTerms, Method, ProductRef, RulePack, Term, classify, fold, product,
};

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn packs() -> Vec<RulePack> {
    RulePack::SHIPPED.iter().map(|(file, text)| RulePack::parse(file, text).unwrap()).collect()
}

fn rules(code: &str) -> Rules {
    RulePack::shipped(code).unwrap().on(day("2026-01-01")).unwrap()
}

fn path(steps: &[(&str, Option<&str>)]) -> ArrearsPath {
    let mut path = ArrearsPath::default();
    for (from, oldest) in steps {
        path.step(ArrearsStep { from: day(from), oldest_due: oldest.map(day), owes: oldest.is_some() });
    }
    path
}

/// Due dates on the last day of every month.
fn month_ends(from: &str, count: i32) -> Vec<Date> {
    (0..count).map(|n| day(from).add_months(n).unwrap().last_of_month()).collect()
}

/// A loan falls due on 2026-01-31 and is not paid: what each pack makes of it as the days pass.
fn unpaid(pack: &RulePack) -> String {
    let rules = pack.on(day("2026-01-01")).unwrap();
    let arrears = path(&[("2026-01-31", Some("2026-01-31"))]);
    let mut text = String::from("days  class             stage  accrues  floor     expected\n");
    for days in [0, 1, 30, 31, 60, 61, 90, 91, 270, 271, 360, 361, 720, 721] {
        let as_of = day("2026-01-31").add_days(days);
        let verdict = classify(&rules, &ClassCase { as_of, arrears: &arrears, dues: &[], marks: &[] });
        let exposure = Exposure {
            principal_fen: 1_000_000,
            receivable_fen: 0,
            days_past_due: arrears.days_past_due(as_of),
            class: verdict.class,
        };
        let aside = provision(&rules, &exposure).unwrap();
        let accrues = arrears.non_accrual_since(as_of, rules.accrual_stops_over_days, rules.accrual_clean_days);
        writeln!(
            text,
            "{days:>4}  {:<16}  {:>5}  {:<7}  {:>8}  {:>8}",
            pack.class_code(verdict.class),
            aside.stage.number(),
            if accrues.is_none() { "yes" } else { "no" },
            format_minor(aside.floor_fen(1_000_000)),
            format_minor(aside.expected_fen),
        )
        .unwrap();
    }
    text
}

#[test]
fn one_life_under_each_pack() {
    let [cn, xx] = &packs()[..] else { panic!("two packs are shipped") };
    insta::assert_snapshot!(unpaid(cn), @r"
    days  class             stage  accrues  floor     expected
       0  normal                1  yes        100.00    112.50
       1  special-mention       2  yes        300.00    810.00
      30  special-mention       2  yes        300.00    810.00
      31  special-mention       2  yes        300.00    810.00
      60  special-mention       2  yes        300.00    810.00
      61  special-mention       2  yes        300.00    810.00
      90  special-mention       2  yes        300.00    810.00
      91  substandard           3  no        2600.00   4500.00
     270  substandard           3  no        2600.00   4500.00
     271  doubtful              3  no        5100.00   4500.00
     360  doubtful              3  no        5100.00   4500.00
     361  loss                  3  no       10000.00   4500.00
     720  loss                  3  no       10000.00   4500.00
     721  loss                  3  no       10000.00   4500.00
    ");
    insta::assert_snapshot!(unpaid(xx), @r"
    days  class             stage  accrues  floor     expected
       0  current               1  yes          0.00    180.00
       1  current               1  yes          0.00    180.00
      30  current               1  yes          0.00    180.00
      31  watch                 2  yes        500.00   1200.00
      60  watch                 2  yes        500.00   1200.00
      61  watch                 2  no         500.00   1200.00
      90  watch                 2  no         500.00   1200.00
      91  defaulted             3  no        4000.00   6000.00
     270  defaulted             3  no        4000.00   6000.00
     271  defaulted             3  no        4000.00   6000.00
     360  defaulted             3  no        4000.00   6000.00
     361  defaulted             3  no        4000.00   6000.00
     720  defaulted             3  no        4000.00   6000.00
     721  lost                  3  no       10000.00   6000.00
    ");
}

#[test]
fn what_holds_under_every_pack() {
    for pack in packs() {
        let rules = pack.on(day("2026-01-01")).unwrap();
        let due = day("2026-01-31");
        let arrears = path(&[("2026-01-31", Some("2026-01-31"))]);
        let case = |days: i32| ClassCase { as_of: due.add_days(days), arrears: &arrears, dues: &[], marks: &[] };
        // The class only ever gets worse, and changes on the days that are foretold.
        let (mut last, mut foretold) = (LoanClass::BEST, None);
        for days in 0..800 {
            let verdict = classify(&rules, &case(days));
            assert!(verdict.class >= last, "{} at {days} days", pack.code);
            if verdict.class > last {
                assert_eq!(foretold, Some(due.add_days(days)), "{} at {days} days", pack.code);
            }
            last = verdict.class;
            foretold = next_class_date(&rules, &case(days));
        }
        assert_eq!(usize::from(last.0) + 1, pack.classes.len(), "{}: the worst class is reached", pack.code);
        assert_eq!(rules.standing(LoanClass::BEST), Standing::Performing);
        assert_eq!(rules.standing(last), Standing::NonPerforming);
        // Marks never make a class better, and never lift one that days made worse.
        for (_, mark) in marks() {
            let marks = [(due, mark)];
            for days in [0, 40, 100, 400, 750] {
                let plain = classify(&rules, &case(days)).class;
                let marked = classify(&rules, &ClassCase { marks: &marks, ..case(days) }).class;
                assert!(marked >= plain, "{}: {mark:?} at {days} days", pack.code);
            }
        }
        // Every word that pages need is there in both languages.
        for key in ["method.equal-instalments", "method.bullet", "loan-note", "extension", "write-off"] {
            let word = pack.word(key).unwrap();
            assert!(!word.zh.is_empty() && !word.en.is_empty());
        }
        assert!(pack.figures.iter().all(|figure| !figure.source.is_empty()));
    }
}

fn marks() -> Vec<(&'static str, ClassMark)> {
    vec![
        ("misused", ClassMark::Misused),
        ("new for old", ClassMark::NewForOld),
        ("renewed, conditions hold", ClassMark::Renewed(RenewalStanding::Holds)),
        ("renewed, conditions fail", ClassMark::Renewed(RenewalStanding::Fails)),
        ("restructured", ClassMark::Restructured),
        ("judged worst but one", ClassMark::Judged(LoanClass(2))),
    ]
}

#[test]
fn events_hold_a_loan_that_pays() {
    let mut text = String::new();
    for pack in packs() {
        let rules = pack.on(day("2026-01-01")).unwrap();
        for (name, mark) in marks() {
            let marks = [(day("2026-03-15"), mark)];
            let case = ClassCase {
                as_of: day("2026-06-01"),
                arrears: &ArrearsPath::default(),
                dues: &month_ends("2026-01-01", 36),
                marks: &marks,
            };
            writeln!(text, "{:<11} {name:<25} {}", pack.code, pack.class_code(classify(&rules, &case).class)).unwrap();
            let early = ClassCase { as_of: day("2026-03-14"), ..case };
            assert_eq!(classify(&rules, &early).class, LoanClass::BEST, "a mark holds from its own date");
        }
    }
    insta::assert_snapshot!(text, @r"
    cn-rural    misused                   special-mention
    cn-rural    new for old               special-mention
    cn-rural    renewed, conditions hold  normal
    cn-rural    renewed, conditions fail  special-mention
    cn-rural    restructured              special-mention
    cn-rural    judged worst but one      substandard
    xx-pattern  misused                   watch
    xx-pattern  new for old               defaulted
    xx-pattern  renewed, conditions hold  current
    xx-pattern  renewed, conditions fail  watch
    xx-pattern  restructured              watch
    xx-pattern  judged worst but one      defaulted
    ");
}

/// Class and end of observation on some days of a restructured loan.
fn observed(rules: &Rules, arrears: &ArrearsPath, dues: &[Date], marks: &[(Date, ClassMark)], days: &[&str]) -> String {
    let mut text = String::from("day         class  counts from  ends on\n");
    for as_of in days {
        let verdict = classify(rules, &ClassCase { as_of: day(as_of), arrears, dues, marks });
        let show = |date: Option<Date>| date.map_or("-".to_owned(), |date| date.to_string());
        let (from, ends) = verdict.observed.map_or((None, None), |seen| (seen.counts_from, seen.ends_on));
        writeln!(text, "{as_of}  {:>5}  {:<11}  {}", verdict.class.0, show(from), show(ends)).unwrap();
    }
    text
}

#[test]
fn restructured_is_observed_a_year_and_two_periods() {
    let rules = rules("cn-rural");
    let marks = [(day("2026-03-15"), ClassMark::Restructured)];
    let days = ["2026-03-14", "2026-03-15", "2027-03-30", "2027-03-31", "2027-04-01"];
    let clean = ArrearsPath::default();
    insta::assert_snapshot!(observed(&rules, &clean, &month_ends("2026-01-01", 36), &marks, &days), @r"
    day         class  counts from  ends on
    2026-03-14      0  -            -
    2026-03-15      1  2026-03-31   2027-03-31
    2027-03-30      1  2026-03-31   2027-03-31
    2027-03-31      0  -            -
    2027-04-01      0  -            -
    ");
    // Due once a year: two periods last longer than the year.
    let yearly = [day("2026-12-20"), day("2027-12-20"), day("2028-12-20")];
    insta::assert_snapshot!(observed(&rules, &clean, &yearly, &marks, &["2027-12-20", "2027-12-21"]), @r"
    day         class  counts from  ends on
    2027-12-20      1  2026-12-20   2027-12-21
    2027-12-21      0  -            -
    ");
    // One due date left: the observation cannot end before the loan does.
    assert!(
        classify(&rules, &ClassCase { as_of: day("2029-01-01"), arrears: &clean, dues: &yearly[..1], marks: &marks })
            .observed
            .is_some()
    );
}

#[test]
fn a_breach_begins_the_observation_anew_and_nothing_rises_inside() {
    let rules = rules("cn-rural");
    let marks = [(day("2026-05-10"), ClassMark::Restructured)];
    // 100 days late when it is restructured: substandard, and not better while observed.
    let arrears = path(&[
        ("2026-01-31", Some("2026-01-31")),
        ("2026-05-11", None),
        ("2026-11-30", Some("2026-11-30")), // five days late within the observation
        ("2026-12-05", None),
    ]);
    let dues = month_ends("2026-01-01", 48);
    insta::assert_snapshot!(observed(&rules, &arrears, &dues, &marks, &[
        "2026-04-30", "2026-05-01", "2026-05-02", "2026-05-10", "2026-05-11", "2026-11-30", "2026-12-01",
        "2026-12-05", "2027-05-31", "2027-12-30", "2027-12-31",
    ]), @r"
    day         class  counts from  ends on
    2026-04-30      1  -            -
    2026-05-01      1  -            -
    2026-05-02      2  -            -
    2026-05-10      2  2026-05-31   2027-05-31
    2026-05-11      2  2026-05-31   2027-05-31
    2026-11-30      2  2026-05-31   2027-05-31
    2026-12-01      2  -            -
    2026-12-05      2  2026-12-31   2027-12-31
    2027-05-31      2  2026-12-31   2027-12-31
    2027-12-30      2  2026-12-31   2027-12-31
    2027-12-31      0  -            -
    ");
    let case = ClassCase { as_of: day("2026-12-05"), arrears: &arrears, dues: &dues, marks: &marks };
    assert_eq!(
        classify(&rules, &case).grounds,
        [(ClassReason::ObservedNoRise, LoanClass(2)), (ClassReason::Restructured, LoanClass(1)),]
    );
}

#[test]
fn a_person_judges_worse_alone_and_better_with_another() {
    let rules = rules("cn-rural");
    let marks =
        [(day("2026-03-01"), ClassMark::Judged(LoanClass(3))), (day("2026-06-01"), ClassMark::Judged(LoanClass(1)))];
    let arrears = path(&[("2026-05-01", Some("2026-05-01"))]);
    let case = |as_of| ClassCase { as_of: day(as_of), arrears: &arrears, dues: &[], marks: &marks };
    assert!(!judging_takes_two(&case("2026-02-28"), LoanClass(1)));
    assert!(judging_takes_two(&case("2026-03-01"), LoanClass(2)));
    assert!(!judging_takes_two(&case("2026-03-01"), LoanClass(4)));
    let class = |as_of| classify(&rules, &case(as_of)).class;
    assert_eq!(
        [class("2026-02-28"), class("2026-03-01"), class("2026-06-01")],
        [LoanClass(0), LoanClass(3), LoanClass(1)]
    );
    assert_eq!(class("2026-07-31"), LoanClass(2), "a milder judgement lifts nothing above days past due");
}

#[test]
fn floors_and_expected_loss_of_a_book() {
    let rules = rules("cn-rural");
    let loan = |principal_fen, days_past_due, class| {
        let exposure = Exposure { principal_fen, receivable_fen: 12_345, days_past_due, class: LoanClass(class) };
        (exposure, provision(&rules, &exposure).unwrap())
    };
    let book = [
        loan(3_000_000, 0, 0),
        loan(8_000_000, 0, 0),
        loan(2_000_000, 5, 1),
        loan(1_500_000, 45, 1),
        loan(5_000_000, 91, 2),
        loan(700_000, 300, 3),
        loan(100_001, 400, 4),
    ];
    let sums = BookProvision::of(&rules, &book).unwrap();
    insta::assert_snapshot!(sums, @r"
    class              loans     principal      specific expected loss
    normal                 2     110000.00          0.00       1240.28
    special mention        2      35000.00        700.00       2855.00
    substandard            1      50000.00      12500.00      22555.55
    doubtful               1       7000.00       3500.00       3205.55
    loss                   1       1000.01       1000.01        505.56
    all loans 203000.01, not performing 58000.01; general floor 2030.00, specific floor 17700.01
    expected loss by stage 1240.28 / 2855.00 / 26266.66; needed 31220.84
    ");
    let cover = sums.to_non_performing(&rules, 9_000_000);
    assert_eq!((cover.ratio_ppm, cover.holds()), (Some(1_551_723), true));
    assert!(!sums.to_loans(&rules, 500_000).holds());
    assert_eq!(BookProvision::of(&rules, &[]).unwrap().to_loans(&rules, 0).ratio_ppm, None);
}

#[test]
fn what_the_institution_may_choose() {
    let rules = rules("cn-rural");
    let exposure = Exposure { principal_fen: 5_000_000, receivable_fen: 0, days_past_due: 91, class: LoanClass(2) };
    let percent = |text| Rate::parse_percent(text).unwrap();
    let at = |text| provision_at(&rules, &exposure, &rules.loss, percent(text)).map(|aside| aside.specific_fen);
    assert_eq!([at("20").unwrap(), at("30").unwrap()], [1_000_000, 1_500_000]);
    insta::assert_snapshot!(at("30.01").unwrap_err(), @"the rules: a specific provision of 30.01 % is outside 20.00 to 30.00 %");
    let watch = Exposure { days_past_due: 31, class: LoanClass(1), ..exposure };
    assert!(provision_at(&rules, &watch, &rules.loss, percent("2.1")).is_err());
    // 1,000.01 × 1.2345 % × 45 % = 5.5553…, rounded once.
    assert_eq!(expected_fen(100_001, percent("1.2345"), percent("45")).unwrap(), 556);
    assert_eq!(LossStage::of(&rules, 30, LoanClass(0)), LossStage::TwelveMonths);
    assert_eq!(LossStage::of(&rules, 31, LoanClass(0)), LossStage::Lifetime);
    assert_eq!(LossStage::of(&rules, 0, LoanClass(1)), LossStage::Lifetime);
    assert_eq!(LossStage::of(&rules, 91, LoanClass(1)), LossStage::Impaired);
    let stray = Exposure { class: LoanClass(9), ..exposure };
    assert!(matches!(provision_at(&rules, &stray, &rules.loss, Rate::ZERO), Err(LoanError::Rules(_))));
}

#[test]
fn products_are_held_to_the_rules() {
    let product = product::shipped("season-bullet").unwrap();
    rules("cn-rural").check_product(&product).unwrap();
    insta::assert_snapshot!(rules("xx-pattern").check_product(&product).unwrap_err(), @"the rules: product season-bullet: lends CNY, and the rules are for EUR");
    let mut dear = product.clone();
    dear.penalty_uplift_ppm = 600_000;
    insta::assert_snapshot!(rules("cn-rural").check_product(&dear).unwrap_err(), @"the rules: product season-bullet: the penalty is 60.00 % over the contract rate; the rules allow 30.00 to 50.00 %");
    dear = product.clone();
    dear.cost_cap = None;
    insta::assert_snapshot!(rules("cn-rural").check_product(&dear).unwrap_err(), @"the rules: product season-bullet: names no cap of its all-in cost; the rules cap it at 24.00 %");
}

#[test]
fn a_new_figure_holds_from_its_day() {
    let (file, text) = RulePack::SHIPPED[0];
    let later = format!(
        "{text}\n[[figure]]\nkey = \"class.substandard.from-days\"\nvalue = \"61\"\nfrom = \"2027-01-01\"\nsource = \"a test\"\nsure = \"own\"\n"
    );
    let pack = RulePack::parse(file, &later).unwrap();
    let class = |on| pack.on(day(on)).unwrap().matrix.class(61);
    assert_eq!([class("2026-12-31"), class("2027-01-01")], [LoanClass(1), LoanClass(2)]);
    insta::assert_snapshot!(pack.on(day("2020-01-01")).unwrap_err(), @"the rules: cn-rural has no figure `class.*.from-days` in effect on 2020-01-01");
    assert_eq!(pack.on(day("2026-01-01")).unwrap().re_age, ReAge::Kept);
}

#[test]
fn a_wrong_pack_says_where() {
    let (file, text) = RulePack::SHIPPED[1];
    let mut said = String::new();
    for (from, to) in [
        ("code = \"xx-pattern\"", "code = \"XX\""),
        ("currency = \"EUR\"", "currency = \"euro\""),
        ("code = \"watch\"", "code = \"current\""),
        ("performing = true\n\n[[class]]\ncode = \"watch\"", "performing = false\n\n[[class]]\ncode = \"watch\""),
        ("key = \"class.watch.from-days\"", "key = \"class.witch.from-days\""),
        ("value = \"31\"", "value = \"a month\""),
        ("value = \"721\"", "value = \"80\""),
        ("value = \"reset\"", "value = \"maybe\""),
        ("\"class.misused-at-least\"\nvalue = \"watch\"", "\"class.misused-at-least\"\nvalue = \"bad\""),
        ("\"loss.given-default\"\nvalue = \"60\"", "\"loss.given-default\"\nvalue = \"160\""),
        ("\"loss.given-default\"\nvalue = \"60\"", "\"loss.product.a.given-nothing\"\nvalue = \"60\""),
        ("value = \"greater\"", "value = \"lesser\""),
        ("\"penalty.misuse-uplift-min\"\nvalue = \"0\"", "\"penalty.misuse-uplift-min\"\nvalue = \"101\""),
        ("\"class.lost.specific-provision\"\nvalue = \"100\"", "\"class.lost.specific-provision\"\nvalue = \"30\""),
        ("from = \"2000-01-01\"", "from = \"2000-13-01\""),
        ("sure = \"own\"", "sure = \"quite\""),
        ("source = \"a pattern, no law\"", "source = \" \""),
        ("\"accrual.clean-days\"", "\"accrual.stops-over-days\""),
        ("\"loan-note\"", "\"extension\""),
        ("performing = true", "performing = 1"),
    ] {
        assert!(text.contains(from), "{from}");
        writeln!(said, "{}", RulePack::parse(file, &text.replacen(from, to, 1)).unwrap_err()).unwrap();
    }
    let without = text.replace("key = \"provision.general\"", "key = \"cap.private-lending-of-reference\"");
    writeln!(said, "{}", RulePack::parse(file, &without).unwrap_err()).unwrap();
    insta::assert_snapshot!(said, @r"
    rules/xx-pattern.toml, line 4, `code`: use 1 to 40 small letters, digits and hyphens
    rules/xx-pattern.toml, line 7, `currency`: `euro` is not a currency code: give three capital letters such as CNY
    rules/xx-pattern.toml, line 17, `class.code`: two classes have this code
    rules/xx-pattern.toml, line 17, `class.performing`: a performing class cannot be worse than one that is not: order the classes best first
    rules/xx-pattern.toml, line 36, `class.witch.from-days`: this is no figure of a rule pack: see the list of keys
    rules/xx-pattern.toml, line 36, `class.watch.from-days`: `a month` is no whole number from 0 to 65535
    rules/xx-pattern.toml, line 50, `class.lost.from-days`: class thresholds must rise from at least 1 day with ever worse classes: [(31, LoanClass(1)), (91, LoanClass(2)), (80, LoanClass(3))]
    rules/xx-pattern.toml, line 260, `days-past-due.re-age`: `maybe` is not known: choose `kept` or `reset`
    rules/xx-pattern.toml, line 57, `class.misused-at-least`: the rules: `bad` is no class: choose current, watch, defaulted, lost
    rules/xx-pattern.toml, line 190, `loss.given-default`: must not be more than 100 %
    rules/xx-pattern.toml, line 190, `loss.product.a.given-nothing`: this is no figure of a rule pack: see the list of keys
    rules/xx-pattern.toml, line 141, `provision.booked`: `lesser` is not known: choose `greater`, `expected-loss` or `floors`
    rules/xx-pattern.toml, line 218, `penalty.misuse-uplift-max`: must not be less than `penalty.misuse-uplift-min`
    rules/xx-pattern.toml, line 120, `class.lost.specific-provision`: must not be less than that of a better class
    rules/xx-pattern.toml, line 37, `figure.from`: `2000-13-01` is not a date: give year-month-day such as 2026-03-05, between 1900 and 2400
    rules/xx-pattern.toml, line 39, `figure.sure`: choose `text`, `copy`, `memory` or `own`
    rules/xx-pattern.toml, line 38, `figure.source`: say where the figure stands written
    rules/xx-pattern.toml, line 233, `accrual.stops-over-days`: two figures of this key hold from the same day
    rules/xx-pattern.toml, line 344, `word.key`: this word is given twice
    rules/xx-pattern.toml, line 14, `performing`: invalid type: integer `1`, expected a boolean
    rules/xx-pattern.toml, line 4, `provision.general`: this figure is missing: add a [[figure]] with it
    ");
    insta::assert_snapshot!(RulePack::shipped("nowhere").unwrap_err(), @"the rules: there is no rule pack `nowhere`: choose one of the shipped packs");
    insta::assert_snapshot!(packs()[0].class("bad").unwrap_err(), @"the rules: `bad` is no class: choose normal, special-mention, substandard, doubtful, loss");
}

/// A pack with figures of its own beside those shipped.
fn pack_with(figures: &[(&str, &str)]) -> Rules {
    let (file, mut text) = (RulePack::SHIPPED[0].0, RulePack::SHIPPED[0].1.to_owned());
    for (key, value) in figures {
        let dated = format!("[[figure]]\nkey = \"{key}\"\nvalue = \"{value}\"\nfrom = \"2026-01-01\"\n");
        text.push_str(&format!("\n{dated}source = \"an assumption\"\nsure = \"own\"\n"));
    }
    RulePack::parse(file, &text).unwrap().on(day("2026-06-30")).unwrap()
}

#[test]
fn a_month_sets_aside_by_both_measures_of_each_product_and_stage() {
    let pool = |product, stage, class, yuan: i64, receivable_fen| Pool {
        product,
        stage,
        class: LoanClass(class),
        principal_fen: yuan * 100,
        receivable_fen,
    };
    let pools = [
        pool("plain", LossStage::TwelveMonths, 0, 1_000_000, 400_000),
        pool("plain", LossStage::Lifetime, 1, 100_000, 100_000),
        // Floors of 26 and 101, cut to 100 %: more than the 45 % that are expected to be lost.
        pool("plain", LossStage::Impaired, 2, 50_000, 0),
        pool("plain", LossStage::Impaired, 4, 50_000, 0),
        pool("insured", LossStage::TwelveMonths, 0, 1_000_000, 0),
    ];
    let mut said = String::new();
    for (name, figures) in [
        ("as shipped", vec![]),
        ("insured lose less", vec![("loss.product.insured.given-default", "10")]),
        ("expected loss alone", vec![("provision.booked", "expected-loss")]),
        ("floors alone", vec![("provision.booked", "floors")]),
    ] {
        let aside = Allowance::of(&pack_with(&figures), pools).unwrap();
        let [one, two, three] = aside.expected_fen.map(format_minor);
        let (floors, needed) = (format_minor(aside.floor_fen), format_minor(aside.needed_fen));
        writeln!(said, "{name:<20} floors {floors:>9}  expected {one:>9} {two:>8} {three:>9}  booked {needed:>9}")
            .unwrap();
    }
    insta::assert_snapshot!(said, @r"
    as shipped           floors  86000.00  expected  22545.00  8181.00  45000.00  booked  93726.00
    insured lose less    floors  86000.00  expected  13795.00  8181.00  45000.00  booked  92476.00
    expected loss alone  floors  86000.00  expected  22545.00  8181.00  45000.00  booked  75726.00
    floors alone         floors  86000.00  expected  22545.00  8181.00  45000.00  booked  86000.00
    ");
    let stray = pool("plain", LossStage::Impaired, 9, 1, 0);
    assert!(matches!(Allowance::of(&rules("cn-rural"), [stray]), Err(LoanError::Rules(_))));
    let much = [pool("plain", LossStage::Impaired, 4, i64::MAX / 100, 0), pool("plain", LossStage::Impaired, 4, 1, 0)];
    assert!(matches!(Allowance::of(&rules("cn-rural"), much), Err(LoanError::Overflow(_))));
}

/// What a page shows for a loan is what the books set aside for it, whichever measure is booked and whatever the product loses.
#[test]
fn a_page_and_the_books_set_aside_the_same_for_a_loan() {
    let signed = |product: &str| LoanTerms {
        product: ProductRef { code: product.into(), version: 1 },
        ..LoanTerms::plain(
            Money::parse("10000", Currency::CNY).unwrap(),
            Rate::parse_percent("12").unwrap(),
            Method::Bullet,
            Term::Months(2),
            day("2026-01-10"),
        )
    };
    let mut said = String::new();
    for booked in ["greater", "expected-loss", "floors"] {
        let rules = pack_with(&[("provision.booked", booked), ("loss.product.insured.given-default", "10")]);
        for (product, on) in [("plain", "2026-02-10"), ("plain", "2026-06-30"), ("insured", "2026-06-30")] {
            let terms = signed(product);
            let drawn = LifeEvent::new(1, terms.start, Happening::Disbursed { amount_fen: 1_000_000 });
            let under = fold(&terms, &[drawn], day(on)).unwrap().standing(&rules).unwrap();
            let on_balance = under.on_balance;
            let pool = Pool {
                product,
                stage: under.stage,
                class: under.class.class,
                principal_fen: on_balance.principal_fen,
                receivable_fen: on_balance.total_fen().unwrap() - on_balance.principal_fen
                    + under.accrued.floor_fen().unwrap(),
            };
            let books = Allowance::of(&rules, [pool]).unwrap().needed_fen;
            let page = under.provision.needed_fen(on_balance.principal_fen);
            let (books, page) = (format_minor(books), format_minor(page));
            writeln!(said, "{booked:<13} {product:<7} {on}  books {books:>7}  page {page:>7}").unwrap();
        }
    }
    insta::assert_snapshot!(said, @r"
    greater       plain   2026-02-10  books  113.66  page  113.66
    greater       plain   2026-06-30  books 4500.00  page 4500.00
    greater       insured 2026-06-30  books 2600.00  page 2600.00
    expected-loss plain   2026-02-10  books  113.66  page  113.66
    expected-loss plain   2026-06-30  books 4500.00  page 4500.00
    expected-loss insured 2026-06-30  books 1000.00  page 1000.00
    floors        plain   2026-02-10  books  100.00  page  100.00
    floors        plain   2026-06-30  books 2600.00  page 2600.00
    floors        insured 2026-06-30  books 2600.00  page 2600.00
    ");
}

#[test]
fn the_general_reserve_comes_from_profit_alone_and_is_not_lowered() {
    let reserve = |loans, profit, stands| reserve_change_fen(&rules("cn-rural"), loans, profit, stands);
    for (loans, profit, stands, change) in [
        (1_000_000, 90_000, 0, Ok(15_000)),
        (1_000_000, 9_000, 0, Ok(9_000)),
        (1_000_000, 90_000, 14_000, Ok(1_000)),
        (1_000_000, 90_000, 16_000, Ok(0)),
        (1_000_000, -90_000, 0, Ok(0)),
        (0, 0, 0, Ok(0)),
    ] {
        assert_eq!(reserve(loans, profit, stands), change, "{loans} {profit} {stands}");
    }
    assert_eq!(reserve_change_fen(&rules("xx-pattern"), 1_000_000, 90_000, 0), Ok(0), "a pack without one");
}
