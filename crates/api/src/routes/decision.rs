//! One decision with everything behind it: inputs, rules one by one, what each feature added to the score, and cases like it.

use app::assess::Assessment;
use app::desk::Desk;
use app::tables::Application;
use axum::Json;
use axum::extract::{Path, State};
use basics::IdKind;
use policy::rules::{Test, When};
use policy::{Outcome, RuleSet};
use serde::Serialize;
use utoipa::ToSchema;

use super::household::{FeatureShown, features_shown, outcome_code};
use crate::Shared;
use crate::extract::public;
use crate::problem::{Problem, ProblemDocument};
use crate::shown::{ReasonShown, amount, millionths, percent};

/// Decided applications among which similar ones are looked for.
const LOOKED_AT: usize = 200;
/// Similar cases shown.
const SIMILAR: usize = 5;

/// A decision and what is behind it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionShown {
    application: String,
    household: String,
    /// `approve`, `less`, `refer` or `decline`: what rules and model said.
    outcome: &'static str,
    /// Where the application stands by now.
    status: &'static str,
    product: String,
    asked: String,
    term_months: i64,
    purpose: String,
    /// What rules would let be lent.
    amount: String,
    /// The most that could be lent.
    limit: String,
    /// Percent a year.
    rate: String,
    rating: Option<String>,
    /// Probability of turning bad, percent.
    pd: Option<String>,
    two_person: bool,
    reasons: Vec<ReasonShown>,
    /// The model's file, by hash; none where people decide.
    model: Option<String>,
    /// The rules' file, by hash.
    rules: String,
    /// What the rules looked at.
    facts: Vec<FactShown>,
    features: Vec<FeatureShown>,
    /// Every rule in the order it is asked, with its answer; empty where the rules in force are not those that decided.
    rule_tree: Vec<RuleShown>,
    /// What each feature added; none where the model in force is not the one that decided, or cannot explain.
    waterfall: Option<WaterfallShown>,
    /// Decided applications most like this one.
    similar: Vec<SimilarShown>,
}

/// A fact that rules looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactShown {
    /// Its name in rules.
    name: &'static str,
    /// A decimal; none where it is not known.
    value: Option<String>,
    /// `money`, `percent` or `count`.
    unit: &'static str,
}

/// A rule and whether it held.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleShown {
    code: String,
    /// The condition, as the file has it.
    condition: String,
    /// What it leads to: `refer` or `decline`.
    outcome: &'static str,
    /// Whether it held; none where it had no answer.
    held: Option<bool>,
    zh: String,
    en: String,
}

/// A score, step by step from the average to the household.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaterfallShown {
    /// Log odds before any feature speaks.
    base: String,
    /// The largest first; positive is riskier.
    parts: Vec<PartShown>,
    /// What calibration adds.
    calibration: String,
    /// Log odds of turning bad.
    log_odds: String,
}

/// What a feature added.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartShown {
    feature: String,
    zh: String,
    en: String,
    /// To the log odds.
    added: String,
}

/// A case like this one.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarShown {
    application: String,
    household: String,
    /// 100 is the same in every feature and in what was asked for.
    likeness_percent: i64,
    product: String,
    asked: String,
    approved: String,
    rating: Option<String>,
    status: &'static str,
    /// `active`, `overdue` or `closed`, where a loan came of it.
    loan: Option<&'static str>,
    asked_at: String,
}

/// A decision with its inputs, its rules, what each feature added to the score, and similar cases.
#[utoipa::path(get, path = "/api/v1/households/{hh}/applications/{ap}/decision", tag = "loans",
    params(("hh" = String, Path, description = "The household"), ("ap" = String, Path, description = "The application")),
    responses((status = 200, body = DecisionShown), (status = "default", body = ProblemDocument)))]
pub async fn decision(
    State(api): State<Shared>,
    Path((hh, ap)): Path<(String, String)>,
) -> Result<Json<DecisionShown>, Problem> {
    let household = api.household(&hh)?;
    let application = api.thing(&ap, IdKind::Application, household)?;
    api.blocking(move |desk| {
        let row = desk.application(household, application)?;
        let record = desk.assessed(household, application)?.ok_or_else(|| Problem::new("not_assessed"))?;
        Ok(Json(shown(desk, &row, &record)?))
    })
    .await
}

fn shown(desk: &Desk, row: &Application, record: &Assessment) -> Result<DecisionShown, Problem> {
    let judge = desk.judge()?;
    let decision = &record.decision;
    let score = record.facts.score.as_ref();
    let model = judge.model.as_ref().filter(|model| score.is_some() && model.name() == record.model);
    let waterfall = model.and_then(|model| model.explain(&record.features)).map(|told| WaterfallShown {
        base: millionths(told.base_micro),
        parts: told
            .parts
            .iter()
            .map(|(feature, added)| PartShown {
                feature: feature.name.to_owned(),
                zh: feature.zh.to_owned(),
                en: feature.en.to_owned(),
                added: millionths(*added),
            })
            .collect(),
        calibration: millionths(told.calibration_micro),
        log_odds: millionths(told.log_odds_micro),
    });
    Ok(DecisionShown {
        application: public(IdKind::Application, row.cell, row.id),
        household: public(IdKind::Household, row.cell, row.household),
        outcome: outcome_code(decision.outcome),
        status: row.status.as_str(),
        product: row.product.clone(),
        asked: amount(row.amount_minor),
        term_months: row.term_months,
        purpose: row.purpose.clone(),
        amount: amount(decision.amount_minor),
        limit: amount(decision.limit_minor.max(0)),
        rate: percent(record.rate),
        rating: decision.rating.clone(),
        pd: score.map(|score| loan::cost::percent(score.pd_ppm)),
        two_person: decision.two_person,
        reasons: decision.reasons.iter().map(ReasonShown::from).collect(),
        model: Some(record.model.clone()).filter(|name| !name.is_empty()),
        rules: record.rules.clone(),
        facts: facts(record),
        features: features_shown(|name| record.features.get(name)),
        rule_tree: if judge.rules.hash == record.rules { rules(&judge.rules, record) } else { Vec::new() },
        waterfall,
        similar: similar(desk, row, record)?,
    })
}

fn facts(record: &Assessment) -> Vec<FactShown> {
    let (facts, ask) = (&record.facts, &record.ask);
    let money = |name, value: Option<i64>| FactShown { name, value: value.map(amount), unit: "money" };
    let count = |name, value: Option<i64>| FactShown { name, value: value.map(|n| n.to_string()), unit: "count" };
    vec![
        money("product_cap", Some(facts.product_cap_minor)),
        money("exposure", Some(facts.exposure_minor)),
        money("quota_left", Some(facts.quota_left_minor)),
        money("inflow_monthly", facts.inflow_monthly_minor),
        money("other_instalments", Some(facts.other_instalments_minor)),
        money("instalment", Some(ask.instalment_minor)),
        FactShown { name: "all_in", value: ask.all_in_annual.map(percent), unit: "percent" },
        FactShown {
            name: "pd",
            value: facts.score.as_ref().map(|score| loan::cost::percent(score.pd_ppm)),
            unit: "percent",
        },
        count("age", facts.age_years),
        count("thin", Some(i64::from(facts.thin))),
    ]
}

fn rules(rules: &RuleSet, record: &Assessment) -> Vec<RuleShown> {
    let shown = rules.rules.iter().map(|rule| RuleShown {
        code: rule.code.clone(),
        condition: condition(&rule.when),
        outcome: if rule.outcome == Outcome::Decline { "decline" } else { "refer" },
        held: rule.when.holds(&record.facts, Some(&record.ask)).ok(),
        zh: rule.zh.clone(),
        en: rule.en.clone(),
    });
    shown.collect()
}

/// A condition in the words of its file.
pub(super) fn condition(when: &When) -> String {
    match when {
        When::Cel(expression) => expression.text().to_owned(),
        When::Tests(tests) => {
            let one = |test: &policy::Condition| match test.test {
                Test::AtLeast(edge) => format!("{} >= {edge}", test.fact.name()),
                Test::Below(edge) => format!("{} < {edge}", test.fact.name()),
                Test::Is(wanted) => format!("{} == {wanted}", test.fact.name()),
            };
            tests.iter().map(one).collect::<Vec<_>>().join(" && ")
        }
    }
}

/// The decided applications that are nearest in the features for credit and in the amount asked for.
fn similar(desk: &Desk, row: &Application, record: &Assessment) -> Result<Vec<SimilarShown>, Problem> {
    let mut cases = Vec::new();
    for other in desk.decided_lately(LOOKED_AT)? {
        if other.id == row.id {
            continue;
        }
        // The record of somebody who was erased cannot be read, and is no case any more.
        if let Ok(Some(assessment)) = desk.assessed(other.household, other.id) {
            cases.push((likeness(record, &assessment), other, assessment));
        }
    }
    cases.sort_by_key(|(likeness, other, _)| (std::cmp::Reverse(*likeness), other.id));
    cases.truncate(SIMILAR);
    cases
        .into_iter()
        .map(|(likeness_percent, other, assessment)| case(desk, likeness_percent, &other, &assessment))
        .collect()
}

fn case(desk: &Desk, likeness_percent: i64, row: &Application, record: &Assessment) -> Result<SimilarShown, Problem> {
    let contracts = desk.contracts(row.household)?;
    let contract = contracts.iter().find(|contract| contract.application == row.id);
    let loans = if contract.is_some() { desk.loans(row.household)? } else { Vec::new() };
    let note = contract.and_then(|contract| loans.iter().find(|note| note.contract == contract.id));
    Ok(SimilarShown {
        application: public(IdKind::Application, row.cell, row.id),
        household: public(IdKind::Household, row.cell, row.household),
        likeness_percent,
        product: row.product.clone(),
        asked: amount(row.amount_minor),
        approved: amount(row.approved_minor),
        rating: record.decision.rating.clone(),
        status: row.status.as_str(),
        loan: note.map(|note| match (note.closed_on, note.overdue_since) {
            (Some(_), _) => "closed",
            (None, Some(_)) => "overdue",
            (None, None) => "active",
        }),
        asked_at: row.asked_at.to_rfc3339(),
    })
}

/// How alike two cases are, in percent: the mean over features and the amount of the smaller value over the larger.
fn likeness(one: &Assessment, other: &Assessment) -> i64 {
    let near = |a: Option<i64>, b: Option<i64>| match (a, b) {
        (None, None) => 100,
        (Some(a), Some(b)) if a == b => 100,
        (Some(a), Some(b)) if (a < 0) == (b < 0) => {
            let (a, b) = (i128::from(a).abs(), i128::from(b).abs());
            i64::try_from(a.min(b) * 100 / a.max(b).max(1)).unwrap_or(0)
        }
        _ => 0,
    };
    let names = insight::for_credit().map(|feature| feature.name);
    let mut all: Vec<i64> = names.map(|name| near(one.features.get(name), other.features.get(name))).collect();
    all.push(near(Some(one.ask.amount_minor), Some(other.ask.amount_minor)));
    all.push(near(Some(one.ask.term_months), Some(other.ask.term_months)));
    all.iter().sum::<i64>() / all.len() as i64
}
