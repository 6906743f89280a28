//! Models that judge: which are kept, which have a place, and giving one a place.

use app::command::Command;
use app::promote::{JudgingModel, ModelPlace, PromoteModel, name_bytes};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use basics::Cell;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

/// A model that two people gave a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelShown {
    /// SHA-256 of its file.
    model: String,
    /// `champion`, `challenger` or `retired`.
    place: &'static str,
    /// `scorecard` or `portfolio`.
    kind: String,
    /// Since when.
    since: String,
    /// The champion before it.
    before: Option<String>,
    reason: String,
    /// Whether it is in use: false for a champion or challenger whose file cannot be used.
    in_use: bool,
}

/// What judges, and what did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelsShown {
    /// The model that judges now; none if people decide.
    judging: Option<String>,
    /// The rules in force, by the hash of their file.
    rules: String,
    /// All that ever had a place, the latest change first.
    models: Vec<ModelShown>,
}

/// The models that have or had a place.
#[utoipa::path(get, path = "/api/v1/office/models", tag = "office",
    responses((status = 200, body = ModelsShown), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>) -> Result<Json<ModelsShown>, Problem> {
    api.blocking(|desk| {
        let judge = desk.judge()?;
        let judging = judge.model.as_ref().map(|model| model.name().to_owned());
        let asked = judge.challenger.as_ref().map(|model| model.name().to_owned());
        let mut rows: Vec<JudgingModel> = desk.models()?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.since_at));
        let shown = |row: JudgingModel| ModelShown {
            in_use: match row.place {
                ModelPlace::Champion => judging.as_ref() == Some(&row.name),
                ModelPlace::Challenger => asked.as_ref() == Some(&row.name),
                ModelPlace::Retired => judging.as_ref() == Some(&row.name),
            },
            model: row.name,
            place: row.place.as_str(),
            kind: row.kind,
            since: row.since.to_string(),
            before: row.before,
            reason: row.reason,
        };
        let models = rows.into_iter().map(shown).collect();
        Ok(Json(ModelsShown { models, rules: judge.rules.hash.clone(), judging: judging.clone() }))
    })
    .await
}

/// A model is given a place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelTold {
    /// SHA-256 of its file, 64 hexadecimal digits; the file has been put into the data folder by `tianxin model promote`.
    model: String,
    /// `champion`, `challenger` or `retired`.
    #[schema(example = "champion")]
    place: String,
    /// Why: what it was compared with, and who looked at it.
    reason: String,
}

/// Gives a model a place; a second person approves. A model whose file is not kept, or may not judge, is refused.
#[utoipa::path(post, path = "/api/v1/office/models", tag = "office", request_body = ModelTold,
    params(("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn promote(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<ModelTold>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let place = ModelPlace::parse(&told.place).ok_or_else(|| Problem::new("bad_model_place"))?;
    let name = name_bytes(&told.model).ok_or_else(|| Problem::new("bad_model_name"))?;
    let model = told.model;
    let kind = api
        .blocking(move |desk| {
            let row = desk.models()?.into_iter().find(|row| row.name == model);
            match (place, row) {
                // What is taken out of its place may be what cannot be read any more.
                (ModelPlace::Retired, Some(row)) => Ok(row.kind),
                _ => match desk.on_shelf(&model) {
                    Some(scorer) => Ok(scorer.kind().to_owned()),
                    None => Err(Problem::new("unusable_model")),
                },
            }
        })
        .await?;
    let promote = PromoteModel { model: name.into(), place, kind, reason: told.reason };
    receipt(api.act(caller.actor, command, Command::PromoteModel(promote)).await?, Cell::OFFICE)
}
