//! Decisions as tables that a lender can read.

#![allow(clippy::unwrap_used)]

use basics::{Rate, cbor};
use insight::feature::forbidden_word;
use policy::{Ask, Decision, Fact, Facts, Outcome, Reason, RuleSet, ScoreFacts, decide, limit};
use proptest::prelude::*;

fn rules() -> RuleSet {
    RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &lawful()).unwrap()
}

fn lawful() -> Vec<&'static str> {
    insight::for_credit().map(|f| f.name).collect()
}

/// A steady household: 8,000 a month, B, nothing owed.
fn steady() -> Facts {
    Facts {
        product_cap_minor: 5_000_000,
        product_min_minor: 50_000,
        exposure_minor: 0,
        quota_left_minor: 1_000_000_000,
        inflow_monthly_minor: Some(800_000),
        other_instalments_minor: 0,
        thin: false,
        score: Some(ScoreFacts { pd_ppm: 31_000, rating: "B".to_owned(), costs: vec![] }),
        age_years: Some(44),
        features: Default::default(),
        lane: None,
    }
}

/// The first version of the shipped rules, written before there was CEL: records name it by its hash.
fn first_version() -> &'static str {
    RuleSet::SHIPPED.iter().find(|(name, _)| *name == "cn-rural-1.toml").unwrap().1
}

/// 30,000 over a year, 2,600 a month.
fn ask() -> Ask {
    Ask {
        amount_minor: 3_000_000,
        term_months: 12,
        instalment_minor: 260_000,
        purpose: "seed".to_owned(),
        all_in_annual: Some(Rate::parse_percent("7.2").unwrap()),
    }
}

fn scored(pd_ppm: i64, rating: &str) -> Option<ScoreFacts> {
    let cost = Reason {
        code: "cushion".into(),
        zh: "家底薄".into(),
        en: "little in hand".into(),
        figures: vec![],
        help: None,
    };
    Some(ScoreFacts { pd_ppm, rating: rating.to_owned(), costs: vec![cost] })
}

#[test]
fn what_is_decided_and_why() {
    let yuan = |y: i64| y * 100;
    type Change = fn(&mut Facts, &mut Ask);
    let table: &[(&str, Change, Outcome, i64, &[&str])] = &[
        ("steady", |_, _| {}, Outcome::Approve, yuan(30_000), &["approved"]),
        ("product cap", |f, _| f.product_cap_minor = 2_000_000, Outcome::Less, yuan(20_000), &["product-cap"]),
        (
            "half the income is 4,000; 2,000 is taken",
            |f, _| f.other_instalments_minor = 200_000,
            Outcome::Less,
            yuan(23_000),
            &["capacity"],
        ),
        ("owes 185,000", |f, _| f.exposure_minor = 18_500_000, Outcome::Less, yuan(15_000), &["exposure-cap"]),
        ("the till is low", |f, _| f.quota_left_minor = 1_234_567, Outcome::Less, yuan(12_300), &["quota"]),
        ("the till is empty", |f, _| f.quota_left_minor = 0, Outcome::Decline, 0, &["quota", "below-minimum"]),
        (
            "thin",
            |f, _| {
                f.thin = true;
                f.score = None
            },
            Outcome::Refer,
            yuan(30_000),
            &["thin", "no-score"],
        ),
        ("no income seen", |f, _| f.inflow_monthly_minor = None, Outcome::Refer, yuan(30_000), &["no-income"]),
        ("middling", |f, _| f.score = scored(120_000, "D"), Outcome::Refer, yuan(30_000), &["risk-middle", "cushion"]),
        ("risky", |f, _| f.score = scored(300_000, "E"), Outcome::Decline, 0, &["risk-high", "cushion"]),
        ("unknown rating", |f, _| f.score = scored(10, "Z"), Outcome::Refer, yuan(30_000), &["no-price"]),
        ("seventeen", |f, _| f.age_years = Some(17), Outcome::Decline, 0, &["age"]),
        ("sixty-five", |f, _| f.age_years = Some(65), Outcome::Approve, yuan(30_000), &["approved"]),
        ("to buy shares", |_, a| a.purpose = "securities".into(), Outcome::Decline, 0, &["purpose"]),
        ("24.01 % in all", |_, a| a.all_in_annual = Rate::from_ppm(240_100).ok(), Outcome::Decline, 0, &["all-in-cap"]),
        (
            "24 % in all",
            |_, a| a.all_in_annual = Rate::from_ppm(240_000).ok(),
            Outcome::Approve,
            yuan(30_000),
            &["approved"],
        ),
        ("nothing", |_, a| a.amount_minor = 0, Outcome::Decline, 0, &["bad-amount"]),
    ];
    for (name, change, outcome, amount, codes) in table {
        let (mut facts, mut ask) = (steady(), ask());
        change(&mut facts, &mut ask);
        let decision = decide(&rules(), &facts, &ask);
        let found: Vec<&str> = decision.reasons.iter().map(|r| r.code.as_str()).collect();
        assert_eq!((decision.outcome, decision.amount_minor, found.as_slice()), (*outcome, *amount, *codes), "{name}");
        assert!(
            decision.reasons.iter().all(|r| !r.zh.contains('{') && !r.en.contains('{') && !r.zh.is_empty()),
            "{name}"
        );
        assert_eq!(cbor::from_bytes::<Decision>(&cbor::to_bytes(&decision)).unwrap(), decision);
    }
}

#[test]
fn words_carry_their_figures() {
    let facts = Facts { exposure_minor: 18_500_000, ..steady() };
    let reason = &decide(&rules(), &facts, &ask()).reasons[0];
    assert_eq!(reason.zh, "连同已有借款和担保，每户合计不能超过 200000.00 元，还可以借 15000.00 元。");
}

#[test]
fn a_limit_is_there_before_anything_is_asked() {
    let big = Facts { product_cap_minor: 20_000_000, ..steady() };
    let found = limit(&rules(), &big, 12);
    // 4,000 a month for 12 months at 7.2 %: 46,178.18, down to the hundred.
    assert_eq!((found.outcome, found.available_minor), (Outcome::Approve, 4_610_000));
    assert_eq!(found.reasons[0].code, "capacity");
    assert_eq!(limit(&rules(), &steady(), 36).available_minor, 5_000_000);
    let thin = limit(&rules(), &Facts { thin: true, score: None, ..steady() }, 12);
    assert_eq!((thin.outcome, thin.available_minor), (Outcome::Refer, 0));
    assert!(thin.limit_minor > 0);
}

#[test]
fn large_amounts_need_two_people() {
    let facts = Facts { product_cap_minor: 15_000_000, inflow_monthly_minor: Some(10_000_000), ..steady() };
    for (amount_minor, two) in [(9_999_900, false), (10_000_000, true)] {
        assert_eq!(decide(&rules(), &facts, &Ask { amount_minor, ..ask() }).two_person, two);
    }
}

#[test]
fn history_has_no_chinese_caps() {
    let history = RuleSet::parse("history-czk.toml", RuleSet::HISTORY_CZK, &[]).unwrap();
    assert_eq!((history.exposure_cap_minor, history.all_in_cap, history.age), (None, None, None));
    assert_eq!(history.currency, basics::Currency::CZK);
    let facts = Facts { product_cap_minor: 60_000_000, exposure_minor: 1 << 40, age_years: Some(90), ..steady() };
    let decision = decide(&history, &facts, &ask());
    assert_eq!((decision.outcome, decision.rate_annual), (Outcome::Approve, Some(Rate::ZERO)));
}

#[test]
fn errors_name_file_line_and_field() {
    for (from, to, wanted) in [
        ("step = \"100.00\"", "step = \"1,00\"", "r.toml:11: step: `1,00` is not an amount"),
        ("step = \"100.00\"", "", "r.toml:9: step: missing field"),
        ("step = \"100.00\"", "stride = 1", "r.toml:11: stride: unknown field"),
        ("version = 1", "version = \"one\"", "r.toml:5: version: invalid type"),
        ("version = 1", "version = ", "r.toml:5: version: "),
        ("currency = \"CNY\"", "currency = \"Yuan\"", "r.toml:7: currency: `Yuan` is not"),
        ("age_min = 18", "age_min = 70", "r.toml:15: age_min: is above age_max"),
        ("fact = \"thin\"", "fact = \"religion\"", "r.toml:41: fact: `religion` is no fact"),
        ("fact = \"thin\"", "fact = \"feature.illness\"", "r.toml:41: fact: `illness` is no lawful feature"),
        ("is = 1", "is = 1, below = 3", "r.toml:41: when: give just one"),
        ("outcome = \"refer\"", "outcome = \"approve\"", "r.toml:42: outcome: `approve` is no outcome"),
        ("rating = \"B\"", "rating = \"A\"", "r.toml:24: rating: `A` has a price already"),
        ("[words.quota]", "[words.quotas]", "words.quota: is missing"),
    ] {
        let text = first_version().replacen(from, to, 1);
        let error = RuleSet::parse("r.toml", &text, &lawful()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted} / {error}");
    }
}

#[test]
fn nothing_protected_can_be_asked_or_said() {
    for name in Fact::NAMES {
        assert_eq!(forbidden_word(name), None);
    }
    for text in [RuleSet::CN_RURAL, RuleSet::HISTORY_CZK] {
        assert_eq!(forbidden_word(text), None);
    }
    // A rule may look at a feature of the table, and only at one.
    let with = |feature: &str| first_version().replacen("fact = \"thin\"", &format!("fact = \"feature.{feature}\""), 1);
    assert!(RuleSet::parse("r", &with("penalty_interest"), &lawful()).is_ok());
    assert!(RuleSet::parse("r", &with("coverage_days"), &lawful()).is_err());
}

proptest! {
    #[test]
    fn whatever_comes_there_is_a_reasoned_answer(
        figures in proptest::collection::vec(prop_oneof![any::<i64>(), 0..20_000_000_i64], 9),
        pd in proptest::option::of(any::<i64>()),
        thin: bool,
        months in any::<u32>(),
    ) {
        let facts = Facts {
            product_cap_minor: figures[0], product_min_minor: figures[1], exposure_minor: figures[2],
            quota_left_minor: figures[3], inflow_monthly_minor: Some(figures[4]), other_instalments_minor: figures[5],
            thin, score: pd.and_then(|p| scored(p, "A")), age_years: None, features: Default::default(), lane: None,
        };
        let ask = Ask { amount_minor: figures[6], instalment_minor: figures[7], term_months: figures[8], ..ask() };
        let decision = decide(&rules(), &facts, &ask);
        prop_assert!(!decision.reasons.is_empty() && decision.amount_minor >= 0);
        prop_assert!(decision.amount_minor <= ask.amount_minor.max(0) && decision.amount_minor <= decision.limit_minor);
        if matches!(decision.outcome, Outcome::Approve | Outcome::Less) {
            prop_assert!(!thin && facts.score.is_some() && decision.amount_minor > 0);
            prop_assert!(decision.amount_minor <= facts.product_cap_minor.min(facts.quota_left_minor));
        }
        let limit = limit(&rules(), &facts, months);
        prop_assert!(!limit.reasons.is_empty() && limit.available_minor >= 0);
    }
}
