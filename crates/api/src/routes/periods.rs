//! Months, quarters and years: where each stands, what is checked before one is closed, closing and reopening.

use app::command::Command;
use app::desk::{Desk, PeriodShown};
use app::period::{Period, PeriodEvent, PeriodKind, ReopenPeriod, standing};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Cell, Date, IdKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::tie::{TieLineShown, line};
use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, Query, public};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

/// Which periods.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PeriodsAsked {
    /// `month`, `quarter` or `year`; months if not given.
    kind: Option<String>,
}

/// A period of the books.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodLine {
    /// `2026-03`, `2026-Q1` or `2026`.
    period: String,
    /// `month`, `quarter` or `year`.
    kind: &'static str,
    first: String,
    last: String,
    /// `open`, `closed` or `reopened`.
    state: &'static str,
    /// Whether all its days are closed.
    is_over: bool,
    /// What was done to it, in order.
    acts: Vec<PeriodActShown>,
}

/// Something that was done to a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodActShown {
    /// `closed` or `reopened`.
    act: &'static str,
    booking_date: String,
    at: String,
    /// Who approved it.
    by: String,
    /// The hash of the trial balance that was frozen, or taken back.
    hash: String,
    /// The record of the office's journal.
    record: i64,
    /// Items of reconciliation and payments that were open.
    left_open: i64,
    /// What was left open, or why it was reopened.
    words: Option<String>,
}

/// A period with what is checked before it is closed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodChecked {
    period: PeriodLine,
    /// Whether the sub-ledgers agree with the general ledger of its last day.
    ties: bool,
    /// How many lines were compared.
    tied_lines: u32,
    /// The lines that differ.
    differing: Vec<TieLineShown>,
    /// Items of reconciliation that are open.
    items_open: u32,
    /// Payments in question.
    payments_open: u32,
    /// Whether closing it takes a note.
    needs_note: bool,
    /// The hash its trial balance has now.
    hash: String,
    /// Whether that is what was frozen when it was closed last; none if it never was.
    is_as_frozen: Option<bool>,
}

/// Where the days of a statement stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct DaysStand {
    /// `open`, `closed` or `reopened`, over all months that the days lie in.
    state: &'static str,
    /// Every reopening there was of those months, with the month.
    reopened: Vec<ReopeningShown>,
    /// The closed period that the days are exactly, if they are one.
    frozen: Option<String>,
    /// Whether the figures are the ones that were frozen.
    is_as_frozen: Option<bool>,
}

/// A reopening.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReopeningShown {
    period: String,
    on: String,
    reason: Option<String>,
}

/// Where the days of a statement stand.
pub(super) fn days_stand(desk: &Desk, from: Date, to: Date) -> Result<DaysStand, Problem> {
    let events = desk.period_events()?;
    let (state, reopened) = standing(&events, from, to);
    let frozen = desk.frozen(from, to)?;
    Ok(DaysStand {
        state: state.as_str(),
        reopened: reopened
            .into_iter()
            .map(|event| ReopeningShown {
                period: event.period().name(),
                on: event.booking_date.to_string(),
                reason: event.words.clone(),
            })
            .collect(),
        frozen: frozen.map(|(period, _)| period.name()),
        is_as_frozen: frozen.map(|(_, same)| same),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn act(event: &PeriodEvent) -> PeriodActShown {
    PeriodActShown {
        act: event.act.as_str(),
        booking_date: event.booking_date.to_string(),
        at: event.at.to_rfc3339(),
        by: public(IdKind::Staff, Cell::OFFICE, event.by),
        hash: hex(&event.hash),
        record: event.seq,
        left_open: event.left_open,
        words: event.words.clone(),
    }
}

fn shown(one: &PeriodShown) -> PeriodLine {
    PeriodLine {
        period: one.period.name(),
        kind: one.period.kind.as_str(),
        first: one.period.first.to_string(),
        last: one.period.last().to_string(),
        state: one.state.as_str(),
        is_over: one.is_over,
        acts: one.events.iter().map(act).collect(),
    }
}

fn named(name: &str) -> Result<Period, Problem> {
    let unknown = || Problem::new("not_a_period").saying("name a period as 2026-03, 2026-Q1 or 2026");
    Period::parse(name).ok_or_else(unknown)
}

/// The months, quarters or years of the books, the latest first.
#[utoipa::path(get, path = "/api/v1/office/periods", tag = "office", params(PeriodsAsked),
    responses((status = 200, body = Vec<PeriodLine>), (status = "default", body = ProblemDocument)))]
pub async fn list(
    State(api): State<Shared>,
    Query(asked): Query<PeriodsAsked>,
) -> Result<Json<Vec<PeriodLine>>, Problem> {
    let unknown = || Problem::new("bad_query").saying("`kind` is month, quarter or year");
    let kind = asked.kind.as_deref().map_or(Some(PeriodKind::Month), PeriodKind::parse).ok_or_else(unknown)?;
    api.blocking(move |desk| Ok(Json(desk.periods(kind)?.iter().map(shown).collect()))).await
}

/// A period with what is checked before it is closed. The sub-ledgers are derived from the journals as of its last day.
#[utoipa::path(get, path = "/api/v1/office/periods/{period}", tag = "office",
    params(("period" = String, Path, description = "2026-03, 2026-Q1 or 2026")),
    responses((status = 200, body = PeriodChecked), (status = "default", body = ProblemDocument)))]
pub async fn one(State(api): State<Shared>, Path(name): Path<String>) -> Result<Json<PeriodChecked>, Problem> {
    let period = named(&name)?;
    api.blocking(move |desk| {
        let view = desk.period(period)?;
        let chart = &desk.house().chart;
        Ok(Json(PeriodChecked {
            period: shown(&view.shown),
            ties: view.tie.agrees(),
            tied_lines: view.checks.tied_lines,
            differing: view.tie.differing().map(|one| line(chart, one)).collect(),
            items_open: view.checks.items_open,
            payments_open: view.checks.payments_open,
            needs_note: view.checks.leaves_something(),
            hash: hex(&view.hash),
            is_as_frozen: view.is_as_frozen,
        }))
    })
    .await
}

/// A period is to be closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodClosing {
    /// What is left open, and why; must be there if something is.
    note: Option<String>,
}

/// Closes a period; a second person approves. Everything is checked anew.
#[utoipa::path(post, path = "/api/v1/office/periods/{period}/closing", tag = "office", request_body = PeriodClosing,
    params(("period" = String, Path, description = "2026-03, 2026-Q1 or 2026"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn close(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Path(name): Path<String>,
    Body(told): Body<PeriodClosing>,
) -> Receipted {
    let period = named(&name)?;
    let close = api.blocking(move |desk| Ok(desk.close_period(period, told.note)?)).await?;
    receipt(api.act(caller.actor, command, Command::ClosePeriod(close)).await?, Cell::OFFICE)
}

/// A period is to be opened again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodReopening {
    /// Why.
    reason: String,
}

/// Opens the last closed period of its kind again; a second person approves.
#[utoipa::path(post, path = "/api/v1/office/periods/{period}/reopening", tag = "office", request_body = PeriodReopening,
    params(("period" = String, Path, description = "2026-03, 2026-Q1 or 2026"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn reopen(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Path(name): Path<String>,
    Body(told): Body<PeriodReopening>,
) -> Receipted {
    let reopen = ReopenPeriod { period: named(&name)?, reason: told.reason };
    receipt(api.act(caller.actor, command, Command::ReopenPeriod(reopen)).await?, Cell::OFFICE)
}
