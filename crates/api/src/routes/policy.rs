//! What the institution lends and decides by, as the office reads it: every version of every product, and the rules in force.

use axum::Json;
use axum::extract::State;
use basics::Cell;
use loan::Product;
use policy::RuleSet;
use serde::Serialize;
use utoipa::ToSchema;

use super::decision::condition;
use super::public::{ProductShown, product_shown};
use crate::Shared;
use crate::problem::{Problem, ProblemDocument};
use crate::shown::{amount, percent};

/// A version of a product.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionShown {
    product: ProductShown,
    /// The first day on which it is offered.
    effective_from: String,
    /// The last, if there is one; contracts signed under it run on.
    effective_to: Option<String>,
    /// `in_force`, `to_come`, `replaced` or `ended`, on the open day.
    state: &'static str,
}

/// Every version of every product: the versions of a code together, the newest first.
#[utoipa::path(get, path = "/api/v1/office/products", tag = "office",
    responses((status = 200, body = Vec<VersionShown>), (status = "default", body = ProblemDocument)))]
pub async fn products(State(api): State<Shared>) -> Result<Json<Vec<VersionShown>>, Problem> {
    api.blocking(|desk| {
        let today = desk.open_date(Cell::OFFICE)?;
        let catalogue = &desk.house().products;
        let state = |product: &Product| match catalogue.on(&product.code, today) {
            _ if product.effective_from > today => "to_come",
            Some(now) if now.version != product.version => "replaced",
            _ if product.is_offered(today) => "in_force",
            _ => "ended",
        };
        let mut versions: Vec<&Product> = catalogue.versions().iter().collect();
        versions.sort_by(|a, b| a.code.cmp(&b.code).then(b.version.cmp(&a.version)));
        let shown = versions.into_iter().map(|product| VersionShown {
            effective_from: product.effective_from.to_string(),
            effective_to: product.effective_to.map(|day| day.to_string()),
            state: state(product),
            product: product_shown(product),
        });
        Ok(Json(shown.collect()))
    })
    .await
}

/// A rule, as it is asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyRuleShown {
    code: String,
    /// The condition, as the file has it.
    condition: String,
    /// What it leads to where it holds: `refer` or `decline`.
    outcome: &'static str,
    /// Whether a household that it turns away may be drawn into the exploration lane.
    explored: bool,
    zh: String,
    en: String,
}

/// A step of the rating scale, with the price that it pays.
#[derive(Debug, Serialize, ToSchema)]
pub struct BandShown {
    rating: String,
    /// Probabilities of turning bad below this, percent; none for the last.
    pd_below: Option<String>,
    /// Percent a year, where the rules price by rating.
    rate: Option<String>,
}

/// The rules in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyShown {
    code: String,
    version: u32,
    /// SHA-256 of the file: records of decisions name it.
    hash: String,
    effective_from: String,
    /// Most that a household may owe in all; none without a cap.
    exposure_cap: Option<String>,
    /// Share of income that instalments may take, percent.
    capacity: String,
    /// Two people decide from this amount.
    two_people_from: Option<String>,
    /// Most that a loan may cost in all, percent a year.
    all_in_cap: Option<String>,
    /// Youngest and oldest borrower, years.
    age: Option<(i64, i64)>,
    /// Codes of uses that are never lent for.
    purposes_forbidden: Vec<String>,
    scale: Vec<BandShown>,
    /// In the order they are asked.
    rules: Vec<PolicyRuleShown>,
    /// What the check of the file found, in words.
    findings: Vec<String>,
}

/// The rules in force, with their limits, scale and prices.
#[utoipa::path(get, path = "/api/v1/office/policy", tag = "office",
    responses((status = 200, body = PolicyShown), (status = "default", body = ProblemDocument)))]
pub async fn rules(State(api): State<Shared>) -> Result<Json<PolicyShown>, Problem> {
    api.blocking(|desk| Ok(Json(shown(&desk.judge()?.rules)))).await
}

fn shown(rules: &RuleSet) -> PolicyShown {
    PolicyShown {
        code: rules.code.clone(),
        version: rules.version,
        hash: rules.hash.clone(),
        effective_from: rules.effective_from.to_string(),
        exposure_cap: rules.exposure_cap_minor.map(amount),
        capacity: percent(rules.capacity),
        two_people_from: rules.two_person_from_minor.map(amount),
        all_in_cap: rules.all_in_cap.map(percent),
        age: rules.age,
        purposes_forbidden: rules.purposes_forbidden.clone(),
        scale: rules
            .scale
            .iter()
            .map(|band| BandShown {
                rating: band.rating.clone(),
                pd_below: band.pd_below_ppm.map(loan::cost::percent),
                rate: rules.price(&band.rating).map(percent),
            })
            .collect(),
        rules: rules
            .rules
            .iter()
            .map(|rule| PolicyRuleShown {
                code: rule.code.clone(),
                condition: condition(&rule.when),
                outcome: if rule.outcome == policy::Outcome::Decline { "decline" } else { "refer" },
                explored: rule.explore,
                zh: rule.zh.clone(),
                en: rule.en.clone(),
            })
            .collect(),
        findings: rules.findings.iter().map(|found| format!("{}: {}", found.rule, found.what)).collect(),
    }
}
