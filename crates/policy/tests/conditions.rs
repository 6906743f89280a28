//! Conditions in CEL: what is refused when a file is read, what is noticed, and what an evaluation that fails comes to.

#![allow(clippy::unwrap_used)]

use policy::{Ask, Facts, Outcome, RuleSet, ScoreFacts, decide, draw_ppm, limit};
use proptest::prelude::*;

fn features() -> Vec<&'static str> {
    insight::feature::for_credit().map(|f| f.name).collect()
}

/// The shipped rules with another condition for `thin`.
fn with(condition: &str) -> String {
    RuleSet::CN_RURAL.replacen("when = 'household.thin'", &format!("when = '{condition}'"), 1)
}

fn parse(condition: &str) -> Result<RuleSet, String> {
    RuleSet::parse("r.toml", &with(condition), &features()).map_err(|error| error.to_string())
}

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

fn ask() -> Ask {
    Ask {
        amount_minor: 3_000_000,
        term_months: 12,
        instalment_minor: 260_000,
        purpose: "seed".to_owned(),
        all_in_annual: None,
    }
}

#[test]
fn a_condition_is_checked_when_the_file_is_read() {
    let mut told = String::new();
    for condition in [
        "score.pd_ppm >= ",
        "score.pd > 3",
        "pd_ppm > 3",
        "feature.illness > 0",
        "score.pd_ppm",
        "score.pd_ppm >= 0.3",
        "score.rating > \"A\"",
        "score.pd_ppm == \"A\"",
        "household.thin && score.pd_ppm",
        "request.amount_minor / 0 > 1",
        "9223372036854775807 + 1 > request.amount_minor",
        "size(request.purpose) > 3",
        "request.purpose in score.rating",
        "[1, 2].exists(n, n > request.term_months)",
        "score.pd_ppm > 300000 && score.pd_ppm < 200000",
        "score.pd_ppm > 1000000",
        "household.thin && !household.thin",
        "request.purpose == \"seed\" && request.purpose in [\"fodder\", \"fertiliser\"]",
        "household.age_years < 18 && !has(household.age_years)",
        "false || score.pd_ppm < 0",
    ] {
        let error = parse(condition).unwrap_err();
        let error: String = error.chars().take(118).collect();
        told += &format!("{condition}\n    {error}\n");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_no_error_is_noticed() {
    let found = |condition: &str| -> Vec<String> {
        let text = with(condition);
        let rules = RuleSet::parse("r.toml", &text, &features()).unwrap();
        rules.findings.iter().map(|finding| format!("{}: {}", finding.rule, finding.what)).collect()
    };
    assert_eq!(found("household.thin"), Vec::<String>::new());
    // Who holds of everybody holds wherever another does.
    assert_eq!(found("household.exposure_minor >= 0").len(), 2);
    // `risk-middle` lies within this, and decides no more than it.
    let shadowed = found("score.pd_ppm > 100000");
    assert_eq!(shadowed.len(), 1);
    assert!(shadowed[0].starts_with("risk-middle: is shadowed: wherever it holds, `thin` holds too"), "{shadowed:?}");
    // It declines where `thin` only refers, so it is not shadowed; and what is not always known shadows nothing.
    assert_eq!(found("score.pd_ppm >= 200000"), Vec::<String>::new());
    assert_eq!(found("household.age_years >= 0 && score.pd_ppm > 1000"), Vec::<String>::new());
}

#[test]
fn a_condition_without_an_answer_refers_and_never_approves() {
    let empty = Facts { features: Default::default(), ..steady() };
    let zero = Facts { exposure_minor: 0, ..steady() };
    let vast = Facts { exposure_minor: i64::MAX, ..steady() };
    for (condition, facts, why) in [
        ("request.amount_minor / household.exposure_minor > 2", &zero, "division by zero"),
        ("request.amount_minor % household.exposure_minor > 2", &zero, "division by zero"),
        ("household.exposure_minor + 1 > 5", &vast, "a number does not fit 64 bits"),
        ("household.exposure_minor * 2 > 5", &vast, "a number does not fit 64 bits"),
        ("feature.penalty_interest > 0", &empty, "penalty_interest is not known"),
    ] {
        let rules = parse(condition).unwrap();
        let decision = decide(&rules, facts, &ask());
        assert!(decision.outcome >= Outcome::Refer, "{condition}");
        let reason = decision.reasons.iter().find(|reason| reason.code == "rule-error").unwrap();
        assert!(reason.en.ends_with(&format!("(thin: {why})")), "{}", reason.en);
    }
    let guarded = parse("has(feature.penalty_interest) && feature.penalty_interest > 0").unwrap();
    assert_eq!(decide(&guarded, &empty, &ask()).outcome, Outcome::Approve);
    // A rule about the request says nothing of a limit, one about the score nothing of who has none.
    let rules = parse("request.amount_minor > 0 || score.pd_ppm > 5").unwrap();
    assert_eq!(limit(&rules, &steady(), 12).outcome, Outcome::Approve);
    assert_eq!(decide(&rules, &steady(), &ask()).outcome, Outcome::Refer);
}

#[test]
fn the_first_version_of_the_shipped_rules_decides_as_the_second() {
    let old = RuleSet::SHIPPED.iter().find(|(name, _)| *name == "cn-rural-1.toml").unwrap().1;
    let old = RuleSet::parse("cn-rural-1.toml", old, &features()).unwrap();
    let new = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &features()).unwrap();
    assert_ne!(old.hash, new.hash);
    for pd_ppm in [0, 119_999, 120_000, 299_999, 300_000, 1_000_000] {
        for thin in [true, false] {
            let score = Some(ScoreFacts { pd_ppm, rating: "C".to_owned(), costs: vec![] });
            let facts = Facts { thin, score, ..steady() };
            let [was, is] = [&old, &new].map(|rules| decide(rules, &facts, &ask()));
            assert_eq!((was.outcome, was.amount_minor, was.rate_annual), (is.outcome, is.amount_minor, is.rate_annual));
        }
    }
    let ratings: Vec<Option<&str>> =
        [0, 19_999, 20_000, 99_999, 200_000, 1_000_000].iter().map(|pd| new.rating(*pd)).collect();
    assert_eq!(ratings, [Some("A"), Some("A"), Some("B"), Some("C"), Some("E"), Some("E")]);
    assert_eq!(old.rating(0), None);
}

#[test]
fn the_scale_gives_everybody_a_rating_with_a_price() {
    for (from, to, wanted) in [
        ("pd_below_percent = \"5\"", "pd_below_percent = \"2\"", "pd_below_percent: has to rise"),
        ("pd_below_percent = \"5\"\n", "", "rating: has no pd_below_percent"),
        (
            "[[rating]]\nrating = \"E\"",
            "[[rating]]\nrating = \"E\"\npd_below_percent = \"90\"",
            "bounds the last rating",
        ),
        ("[[rating]]\nrating = \"E\"", "[[rating]]\nrating = \"F\"", "rating: `F` has no price"),
        ("[words.rule-error]", "[words.rule-errors]", "words.rule-error: is missing"),
        ("help_zh = ", "help_en = ", "duplicate key"),
    ] {
        let error = RuleSet::parse("r.toml", &RuleSet::CN_RURAL.replacen(from, to, 1), &features()).unwrap_err();
        assert!(error.to_string().contains(wanted), "{wanted} / {error}");
    }
}

/// The shipped rules with a lane over `risk-high`.
fn with_lane() -> RuleSet {
    let text = RuleSet::CN_RURAL
        .replacen("code = \"risk-high\"", "code = \"risk-high\"\nexplore = true", 1)
        .replacen(
            "[words.approved]",
            "[exploration]\nshare_percent = \"10\"\namount_max = \"2000.00\"\nloss_budget_year = \"30000.00\"\nseed = \"2026\"\n\
             \n[words.explored]\nzh = \"先借给您 {limit} 元试一试。\"\nen = \"We lend you {limit} to try it out.\"\n\
             \n[words.approved]",
            1,
        );
    RuleSet::parse("r.toml", &text, &features()).unwrap()
}

#[test]
fn the_lane_takes_whom_only_risk_turned_away_and_logs_the_chance() {
    let rules = with_lane();
    let lane = |draw_ppm, budget_left_minor| Some(policy::LaneFacts { draw_ppm, budget_left_minor });
    let score = Some(ScoreFacts { pd_ppm: 400_000, rating: "E".to_owned(), costs: vec![] });
    let risky = Facts { score, lane: lane(99_999, 100_000), ..steady() };
    let taken = decide(&rules, &risky, &ask());
    assert_eq!((taken.outcome, taken.amount_minor, taken.limit_minor), (Outcome::Less, 200_000, 200_000));
    let explored = taken.explored.unwrap();
    assert_eq!((explored.propensity_ppm, explored.taken, explored.expected_loss_minor), (100_000, true, 80_000));
    assert_eq!(taken.reasons.last().unwrap().code, "explored");
    // Not drawn: turned away as ever, and the chance it had stands in the record.
    let left = decide(&rules, &Facts { lane: lane(100_000, 100_000), ..risky.clone() }, &ask());
    assert_eq!((left.outcome, left.amount_minor), (Outcome::Decline, 0));
    assert_eq!(left.explored.map(|explored| (explored.taken, explored.propensity_ppm)), Some((false, 100_000)));
    // Never over the budget, the age of the law, a use that is not lent for, or where nothing is wrong.
    for (facts, ask) in [
        (Facts { lane: lane(0, 79_999), ..risky.clone() }, ask()),
        (Facts { age_years: Some(17), ..risky.clone() }, ask()),
        (Facts { thin: true, ..risky.clone() }, ask()),
        (risky.clone(), Ask { purpose: "property".to_owned(), ..ask() }),
        (Facts { lane: lane(0, 100_000), ..steady() }, ask()),
        (Facts { lane: None, ..risky.clone() }, ask()),
    ] {
        assert_eq!(decide(&rules, &facts, &ask).explored, None);
    }
    let secret = |n: u16| {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&n.to_le_bytes());
        bytes
    };
    let draws: Vec<i64> = (0..2_000).map(|n| draw_ppm("2026", &secret(n))).collect();
    let share = draws.iter().filter(|draw| **draw < 100_000).count();
    assert!((150..250).contains(&share), "{share}");
    assert_ne!(draws, (0..2_000).map(|n| draw_ppm("2027", &secret(n))).collect::<Vec<_>>());
}

/// Small conditions over two names and constants near their edges.
fn condition() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        (0_i64..6, prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]))
            .prop_map(|(edge, op)| format!("household.exposure_minor {op} {edge}")),
        (0_i64..6, prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]))
            .prop_map(|(edge, op)| format!("{edge} {op} household.other_instalments_minor")),
        Just("household.thin".to_owned()),
        Just("household.exposure_minor in [1, 3]".to_owned()),
        Just("household.exposure_minor + 1 > household.other_instalments_minor".to_owned()),
    ];
    atom.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

proptest! {
    /// What is said of dead rules is true of every household: sound, though not complete.
    #[test]
    fn what_is_called_dead_is_dead(a in condition(), b in condition()) {
        let everyone = || (0..7).flat_map(|exposure| (0..7).flat_map(move |other| [true, false].map(|thin| Facts {
            exposure_minor: exposure, other_instalments_minor: other, thin, ..steady()
        })));
        let [first, second] = [&a, &b].map(|text| policy::Expression::parse(text, &[]).unwrap());
        let holds = |condition: &policy::Expression, facts: &Facts| condition.holds(facts, None).unwrap();
        match parse(&a) {
            Err(error) => {
                prop_assert!(error.contains("can never hold"), "{}", error);
                prop_assert!(everyone().all(|facts| !holds(&first, &facts)), "{}", a);
            }
            Ok(rules) => {
                if rules.findings.iter().any(|finding| finding.rule == "thin") {
                    prop_assert!(everyone().all(|facts| holds(&first, &facts)), "{}", a);
                }
            }
        }
        let two = with(&a).replacen("score.pd_ppm >= 120000 && score.pd_ppm < 300000", &b, 1);
        if let Ok(rules) = RuleSet::parse("r.toml", &two, &features())
            && rules.findings.iter().any(|finding| finding.what.contains("`thin`"))
        {
            prop_assert!(everyone().all(|facts| !holds(&second, &facts) || holds(&first, &facts)), "{} / {}", a, b);
        }
    }

    /// Whatever is typed, the reader answers.
    #[test]
    fn no_text_breaks_the_reader(text in "[a-z0-9_.()&|!<>=+*/%\" \\[\\],?:-]{0,60}") {
        let _ = policy::Expression::parse(&text, &["cushion"]);
    }
}
