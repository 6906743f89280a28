//! What a household asks about its own data, from the phone or at the window, and that it was answered.

use app::asked::{ASKED, AnswerAsked, AskOffice};
use app::command::Command;
use app::task::{Task, TaskKind, TaskStatus};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

/// Something that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestShown {
    /// A UUID.
    request: String,
    /// `withdraw_consent`, `correct_data`, `erase_data`, `tell_who_looked` or `change_phone`.
    kind: &'static str,
    /// `open`: waits for an answer; `done`; `dropped`: refused, or taken back.
    status: &'static str,
    asked_on: String,
    /// By when it is answered.
    due_on: String,
    answered_on: Option<String>,
}

fn shown(row: &Task) -> RequestShown {
    RequestShown {
        request: row.id.to_string(),
        kind: row.kind.as_str(),
        status: row.status.as_str(),
        asked_on: row.opened_on.to_string(),
        due_on: row.due_on.to_string(),
        answered_on: row.ended_on.map(|day| day.to_string()),
    }
}

/// What the household asked for about its data, the latest first.
#[utoipa::path(get, path = "/api/v1/households/{hh}/requests", tag = "households",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<RequestShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<Vec<RequestShown>>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        let mut rows: Vec<Task> = desk.tasks_of(household)?;
        rows.retain(|row| ASKED.contains(&row.kind));
        rows.sort_by_key(|row| (row.status != TaskStatus::Open, std::cmp::Reverse(row.opened_on), row.id));
        Ok(Json(rows.iter().map(shown).collect()))
    })
    .await
}

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestAsked {
    /// `withdraw_consent`, `correct_data`, `erase_data`, `tell_who_looked` or `change_phone`.
    #[schema(example = "correct_data")]
    kind: String,
}

/// Asks the office for something about the household's data; it is a task of the office until it is answered.
#[utoipa::path(post, path = "/api/v1/households/{hh}/requests", tag = "households", request_body = RequestAsked,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn ask(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<RequestAsked>,
) -> Receipted {
    let household = api.household(&hh)?;
    let kind = TaskKind::parse(&asked.kind).ok_or_else(|| Problem::new("not_to_be_asked"))?;
    api.blocking(move |desk| Ok(desk.head(household).map(|_| ())?)).await?;
    let cell = api.desk.cell_of(household);
    let ask = AskOffice { cell, household, task: command.made("request"), kind };
    receipt(api.act(caller.actor, command, Command::AskOffice(ask)).await?, cell)
}

/// How a request ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestAnswered {
    /// Whether it was done; otherwise it was refused, or taken back.
    done: bool,
}

/// Puts on record that a request was answered: the act itself, and what was said, are elsewhere or with the household.
#[utoipa::path(post, path = "/api/v1/households/{hh}/requests/{rq}/answer", tag = "households", request_body = RequestAnswered,
    params(("hh" = String, Path, description = "The household"), ("rq" = String, Path, description = "The request"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn answer(
    State(api): State<Shared>,
    Path((hh, rq)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<RequestAnswered>,
) -> Receipted {
    let household = api.household(&hh)?;
    let (cell, task): (_, Id) = (api.desk.cell_of(household), uuid(&rq)?);
    let answer = AnswerAsked { cell, household, task, is_done: told.done };
    receipt(api.act(caller.actor, command, Command::AnswerAsked(answer)).await?, cell)
}
