//! How a household is rated, and why that moved.

use app::rating::RatingChange;
use axum::Json;
use axum::extract::{Path, State};
use insight::feature::find;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Shared;
use crate::problem::{Problem, ProblemDocument};

/// How a household is rated.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatingShown {
    /// The rating; none while too little is known.
    rating: Option<String>,
    /// Since when; none if it was never rated.
    since: Option<String>,
    /// What speaks against it most.
    reasons: Vec<CauseShown>,
    /// Every change, the latest first.
    changes: Vec<RatingChangeShown>,
}

/// A change of a rating.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatingChangeShown {
    changed_on: String,
    before: Option<String>,
    after: Option<String>,
    /// What has come to speak against the household.
    worse: Vec<CauseShown>,
    /// What does not speak against it any more.
    better: Vec<CauseShown>,
}

/// What a model looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct CauseShown {
    /// The feature.
    code: String,
    /// In Chinese.
    zh: String,
    /// In English.
    en: String,
}

fn causes(codes: &str) -> Vec<CauseShown> {
    let shown = |code: &str| {
        let feature = find(code);
        let words = |pick: fn(&'static insight::Feature) -> &'static str| feature.map_or(code, pick).to_owned();
        CauseShown { code: code.to_owned(), zh: words(|f| f.zh), en: words(|f| f.en) }
    };
    codes.split(' ').filter(|code| !code.is_empty()).map(shown).collect()
}

fn change_shown(row: &RatingChange) -> RatingChangeShown {
    RatingChangeShown {
        changed_on: row.changed_on.to_string(),
        before: row.before.clone(),
        after: row.after.clone(),
        worse: causes(&row.worse),
        better: causes(&row.better),
    }
}

/// The household's rating and its changes with their reasons.
#[utoipa::path(get, path = "/api/v1/households/{hh}/rating", tag = "household",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = RatingShown), (status = "default", body = ProblemDocument)))]
pub async fn rating(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<RatingShown>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        desk.head(household)?;
        let row = desk.rating(household)?;
        let changes = desk.rating_changes(household)?;
        Ok(Json(RatingShown {
            rating: row.as_ref().and_then(|row| row.rating.clone()),
            since: row.as_ref().map(|row| row.since.to_string()),
            reasons: row.map(|row| causes(&row.reasons)).unwrap_or_default(),
            changes: changes.iter().rev().map(change_shown).collect(),
        }))
    })
    .await
}
