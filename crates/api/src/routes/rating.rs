//! How a household is rated, why that moved, and what it did to the facility; and the latest of it all for the office.

use app::command::Command;
use app::follow::{AnswerRaise, FacilityMove, RaiseAnswer};
use app::rating::RatingChange;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::IdKind;
use insight::feature::find;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::shown::amount;

/// Changes shown to the office at once.
const CHANGES_MAX: usize = 200;

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
    /// What changes did to the facility, the latest first.
    moves: Vec<FacilityMoveShown>,
}

/// What a change of rating did to a facility.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacilityMoveShown {
    /// The change, as in the path of an answer.
    place: i64,
    /// `lowered`, `proposed` (a person looks), `offered` (a raise), `raised`, `let_go`.
    state: &'static str,
    from: String,
    to: String,
    before: Option<String>,
    after: Option<String>,
    /// What moved the rating.
    reasons: Vec<CauseShown>,
    moved_on: String,
    /// The last day on which an offered raise may be taken.
    until: Option<String>,
}

/// The household's word on an offered raise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RaiseAnswered {
    /// Whether it is wanted.
    take: bool,
}

/// A change of a rating as the office sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficeRatingShown {
    household: String,
    #[serde(flatten)]
    change: RatingChangeShown,
    /// What it did to the facility; none where it did nothing.
    facility: Option<FacilityMoveShown>,
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

fn move_shown(row: &FacilityMove) -> FacilityMoveShown {
    FacilityMoveShown {
        place: row.place,
        state: row.state.as_str(),
        from: amount(row.from_minor),
        to: amount(row.to_minor),
        before: row.before.clone(),
        after: row.after.clone(),
        reasons: causes(&row.reasons),
        moved_on: row.moved_on.to_string(),
        until: row.until.map(|day| day.to_string()),
    }
}

/// Takes an offered raise of the facility, or leaves it.
#[utoipa::path(post, path = "/api/v1/households/{hh}/rating/raises/{place}", tag = "household", request_body = RaiseAnswered,
    params(("hh" = String, Path, description = "The household"), ("place" = i64, Path, description = "The change of rating"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn answer_raise(
    State(api): State<Shared>,
    Path((hh, place)): Path<(String, i64)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<RaiseAnswered>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let answer = if told.take { RaiseAnswer::Take } else { RaiseAnswer::Leave };
    let answered = Command::AnswerRaise(AnswerRaise { cell, household, place, answer });
    receipt(api.act(caller.actor, command, answered).await?, cell)
}

/// The latest changes of ratings, and what they did to facilities; the latest first.
#[utoipa::path(get, path = "/api/v1/office/ratings", tag = "office",
    responses((status = 200, body = Vec<OfficeRatingShown>), (status = "default", body = ProblemDocument)))]
pub async fn latest(State(api): State<Shared>) -> Result<Json<Vec<OfficeRatingShown>>, Problem> {
    api.blocking(|desk| {
        let changes = desk.latest_rating_changes(CHANGES_MAX)?;
        let shown = changes.iter().map(|(change, moved)| OfficeRatingShown {
            household: public(IdKind::Household, change.cell, change.household),
            change: change_shown(change),
            facility: moved.as_ref().map(move_shown),
        });
        Ok(Json(shown.collect()))
    })
    .await
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
            moves: desk.facility_moves(household)?.iter().rev().map(move_shown).collect(),
        }))
    })
    .await
}
