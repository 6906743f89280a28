//! Orders that wait for a person before their money moves: what the household is told, the office's queue, and what becomes of them.

use app::command::Command;
use app::suspend::{EndSuspended, SuspendedEnd, SuspendedOrder, SuspendedState};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::IdKind;
use basics::money::format_minor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cases::{CaseSignalShown, signal_shown};
use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};

/// An order that is being looked at, or was. Why is not said: whoever is looked into is not told of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderInReview {
    /// The order: the command id that it was sent under.
    order: String,
    /// `withdrawal`, `transfer`, `payment`, `code_payment`.
    kind: String,
    amount: String,
    /// The day it was sent on.
    sent_on: String,
    /// `in_review`: the money is reserved; `carried_out`; `not_carried_out`: the money is free again.
    state: &'static str,
    /// The day by which the household hears of it.
    by: String,
}

const fn told(state: SuspendedState) -> &'static str {
    match state {
        SuspendedState::Waiting => "in_review",
        SuspendedState::Released => "carried_out",
        SuspendedState::Refused | SuspendedState::Lapsed => "not_carried_out",
    }
}

/// The household's orders that are being looked at before they are carried out, and those that were, newest first.
#[utoipa::path(get, path = "/api/v1/households/{hh}/orders-in-review", tag = "money",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<OrderInReview>), (status = "default", body = ProblemDocument)))]
pub async fn of_household(
    State(api): State<Shared>,
    Path(hh): Path<String>,
) -> Result<Json<Vec<OrderInReview>>, Problem> {
    let household = api.household(&hh)?;
    let rows = api.blocking(move |desk| Ok(desk.suspended_of(household)?)).await?;
    let shown = |row: SuspendedOrder| OrderInReview {
        order: row.id.to_string(),
        kind: row.kind,
        amount: format_minor(row.amount_minor),
        sent_on: row.sent_on.to_string(),
        state: told(row.state),
        by: row.last_day.to_string(),
    };
    Ok(Json(rows.into_iter().map(shown).collect()))
}

/// A suspended order as the office sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuspendedShown {
    /// Who pays.
    household: String,
    /// The order, as in the path.
    order: String,
    /// `withdrawal`, `transfer`, `payment`, `code_payment`.
    kind: String,
    /// The household that is paid, where it is one.
    payee: Option<String>,
    amount: String,
    sent_on: String,
    /// After this day the order lapses and the money is free again.
    last_day: String,
    /// `waiting`, `released`, `refused`, `lapsed`.
    state: &'static str,
    ended_on: Option<String>,
    /// The member of staff who ended it.
    ended_by: Option<String>,
    /// Why it was ended.
    reason: Option<String>,
    /// The typology that asks for it; `unanswered` where the monitor gave no answer in time.
    typology: String,
    /// 1 is the threshold for alerts.
    score: f64,
    /// Code and version of the configuration that it went by.
    config: String,
    /// What was unusual.
    signals: Vec<CaseSignalShown>,
}

/// Orders that wait for an officer, and how the monitor has answered since the server started.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuspendedQueue {
    /// Those that lapse first before others.
    waiting: Vec<SuspendedShown>,
    /// Orders that the monitor was asked about.
    asked: u64,
    /// Of them, those that were held.
    held: u64,
    /// Of them, those on which it gave no answer in time: the configuration's safe side was taken.
    unanswered: u64,
}

/// Orders that wait for an officer before their money moves.
#[utoipa::path(get, path = "/api/v1/office/suspended", tag = "office",
    responses((status = 200, body = SuspendedQueue), (status = "default", body = ProblemDocument)))]
pub async fn queue(State(api): State<Shared>) -> Result<Json<SuspendedQueue>, Problem> {
    let (rows, figures) = api.blocking(|desk| Ok((desk.suspended_waiting()?, desk.holding_figures()))).await?;
    let waiting = rows.into_iter().map(|row| office_view(&api, row)).collect::<Result<_, _>>()?;
    Ok(Json(SuspendedQueue { waiting, asked: figures.orders, held: figures.held, unanswered: figures.unanswered }))
}

/// A household's suspended orders as the office sees them, ended ones too, newest first.
#[utoipa::path(get, path = "/api/v1/office/suspended/{hh}", tag = "office",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<SuspendedShown>), (status = "default", body = ProblemDocument)))]
pub async fn about(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<Vec<SuspendedShown>>, Problem> {
    let household = api.household(&hh)?;
    let rows = api.blocking(move |desk| Ok(desk.suspended_of(household)?)).await?;
    Ok(Json(rows.into_iter().map(|row| office_view(&api, row)).collect::<Result<_, _>>()?))
}

fn office_view(api: &crate::Api, row: SuspendedOrder) -> Result<SuspendedShown, Problem> {
    let judged = row.judged().map_err(|error| fault(&format!("suspended order {}: {error}", row.id)))?;
    Ok(SuspendedShown {
        household: api.public_household(row.household),
        order: row.id.to_string(),
        payee: row.payee.map(|payee| api.public_household(payee)),
        amount: format_minor(row.amount_minor),
        sent_on: row.sent_on.to_string(),
        last_day: row.last_day.to_string(),
        state: row.state.as_str(),
        ended_on: row.ended_on.map(|day| day.to_string()),
        ended_by: row.ended_by.map(|staff| public(IdKind::Staff, basics::Cell::OFFICE, staff)),
        reason: row.reason,
        kind: row.kind,
        typology: judged.typology,
        score: judged.score_milli as f64 / 1_000.0,
        config: format!("{} {}", judged.config.0, judged.config.1),
        signals: judged.signals.into_iter().map(signal_shown).collect(),
    })
}

/// What becomes of a suspended order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendedDecision {
    /// `release`: it is carried out; `refuse`: it is not, and the money is free again.
    #[schema(example = "release")]
    decision: String,
    /// Its amount, as it was seen: above what an officer may decide alone a second person is asked.
    #[schema(example = "1250.00")]
    amount: String,
    /// Why; the household does not see it.
    reason: String,
}

/// Carries a suspended order out in the name of who sent it, or refuses it. Who sent it does not decide it.
#[utoipa::path(post, path = "/api/v1/office/suspended/{hh}/{order}/decision", tag = "office", request_body = SuspendedDecision,
    params(("hh" = String, Path, description = "The household"), ("order" = String, Path, description = "The order"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn decide(
    State(api): State<Shared>,
    Path((hh, order)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<SuspendedDecision>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let unknown =
        || Problem::new("bad_json").saying(format!("`decision` is release or refuse, not `{}`", told.decision));
    let end = SuspendedEnd::parse(&told.decision).ok_or_else(unknown)?;
    let (suspended, amount) = (uuid(&order)?, api.amount(&told.amount)?);
    let end = EndSuspended { cell, household, suspended, amount, end, reason: told.reason };
    receipt(api.act(caller.actor, command, Command::EndSuspended(end)).await?, cell)
}
