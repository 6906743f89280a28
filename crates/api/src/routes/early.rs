//! Early warnings: instalments that may not be met, with chance and reasons, and what such warnings were worth.

use std::collections::BTreeMap;

use app::call::{AskCall, EndCall};
use app::command::Command;
use app::early::DueAhead;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::money::format_minor;
use basics::{Date, Id, IdKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, Query, public, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::routes::office::Limit;

/// Instalments that may not be met.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlyWarnings {
    /// `ready`, or `being_made` while the first look since the server's start is under way: ask again in a while.
    state: &'static str,
    /// The open day that was looked at.
    as_of: Option<String>,
    /// When.
    made_at: Option<String>,
    /// The instalment counts as missed so many days after it fell due.
    missed_after_days: Option<i32>,
    /// Instalments within the weeks looked ahead, all of them.
    instalments: usize,
    /// Of them, how many are expected to be missed: the sum of chances.
    expected_missed: f64,
    /// Of what the points were learnt.
    origin: Option<String>,
    /// What warnings of the past year were worth.
    past: Option<EarlyPast>,
    /// The likeliest first.
    warnings: Vec<EarlyWarningShown>,
}

/// What warnings of the past year were worth, made as they would have been then.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlyPast {
    /// Forecasts that have come out: up to three an instalment, four, two and one week ahead.
    forecasts: usize,
    /// How many instalments of them were missed.
    missed: usize,
    /// Share missed of all.
    base_rate: Option<f64>,
    /// Share missed of the twentieth with the highest chance.
    precision_top: Option<f64>,
    /// Area under the ROC curve: 0.5 is chance, 1 is perfect.
    auc: Option<f64>,
    /// By chance that was said.
    bins: Vec<EarlyBin>,
}

/// Forecasts of about one chance.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlyBin {
    forecasts: u64,
    /// Mean chance said.
    said: f64,
    /// Share missed.
    came: f64,
}

/// An instalment that may not be met.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlyWarningShown {
    household: String,
    /// Name of the head.
    name: Option<String>,
    loan: String,
    product: String,
    due_on: String,
    /// Days until then.
    days: i32,
    amount: String,
    /// The chance that it is missed, 0 to 1.
    chance: f64,
    /// The chance in Chinese words: so many of ten households.
    chance_zh: String,
    /// In English.
    chance_en: String,
    /// Why, the strongest first.
    reasons: Vec<EarlyReason>,
}

/// What speaks for a miss.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlyReason {
    /// The sign, such as `overdue_now`.
    sign: &'static str,
    /// Its value: days or percent.
    value: i64,
    /// How many times the odds it makes.
    odds_times: f64,
    zh: String,
    en: String,
}

/// Instalments of the next eight weeks, the likeliest to be missed first, each with its chance and reasons; and what warnings of
/// the past year were worth. The look is made beside the requests, once a day and every hour.
#[utoipa::path(get, path = "/api/v1/office/early-warnings", tag = "office", params(Limit),
    responses((status = 200, body = EarlyWarnings), (status = "default", body = ProblemDocument)))]
pub async fn early(State(api): State<Shared>, Query(limit): Query<Limit>) -> Result<Json<EarlyWarnings>, Problem> {
    api.blocking(move |desk| {
        let Some(seen) = desk.early() else {
            return Ok(Json(EarlyWarnings {
                state: "being_made",
                as_of: None,
                made_at: None,
                missed_after_days: None,
                instalments: 0,
                expected_missed: 0.0,
                origin: None,
                past: None,
                warnings: Vec::new(),
            }));
        };
        let mut names: BTreeMap<Id, Option<String>> = BTreeMap::new();
        let mut warnings = Vec::new();
        for one in seen.ahead.iter().take(limit.rows()) {
            let name = match names.get(&one.household) {
                Some(name) => name.clone(),
                None => {
                    let name = desk.field(one.household, desk.head(one.household)?, "name")?;
                    names.insert(one.household, name.clone());
                    name
                }
            };
            warnings.push(shown(one, name));
        }
        let figures = &seen.figures;
        let bin =
            |(forecasts, said, came): &(u64, f64, f64)| EarlyBin { forecasts: *forecasts, said: *said, came: *came };
        Ok(Json(EarlyWarnings {
            state: "ready",
            as_of: Some(seen.as_of.to_string()),
            made_at: Some(seen.made_at.to_rfc3339()),
            missed_after_days: Some(seen.missed_after_days),
            instalments: seen.ahead.len(),
            expected_missed: seen.ahead.iter().map(|one| part(one.forecast.chance_ppm)).sum(),
            origin: Some(seen.origin.clone()),
            past: Some(EarlyPast {
                forecasts: figures.forecasts,
                missed: figures.missed,
                base_rate: figures.base_rate,
                precision_top: figures.precision_top_5pct,
                auc: figures.auc,
                bins: figures.reliability.iter().map(bin).collect(),
            }),
            warnings,
        }))
    })
    .await
}

fn part(ppm: u32) -> f64 {
    f64::from(ppm) / 1e6
}

fn shown(one: &DueAhead, name: Option<String>) -> EarlyWarningShown {
    let (chance_zh, chance_en) = app::early::chance_words(one.forecast.chance_ppm);
    let reasons = one.forecast.reasons.iter().map(|reason| {
        let (zh, en) = reason.words();
        let odds_times = (reason.odds_times() * 100.0).round() / 100.0;
        EarlyReason { sign: reason.sign.word(), value: reason.value, odds_times, zh, en }
    });
    EarlyWarningShown {
        household: public(IdKind::Household, one.cell, one.household),
        name,
        loan: public(IdKind::Loan, one.cell, one.loan),
        product: one.product.clone(),
        due_on: one.due_on.to_string(),
        days: one.days,
        amount: format_minor(one.amount_minor),
        chance: part(one.forecast.chance_ppm),
        chance_zh,
        chance_en,
        reasons: reasons.collect(),
    }
}

/// Which instalment a household is called about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallAsked {
    /// Its due date.
    #[schema(example = "2026-09-30")]
    due_on: String,
}

/// Asks that a household is called before an instalment of a loan falls due: a task of the office, due within three days and before that.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/calls", tag = "office", request_body = CallAsked,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn ask_call(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<CallAsked>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let loan = api.thing(&ln, IdKind::Loan, household)?;
    let due_on = Date::parse(&asked.due_on).map_err(|_| Problem::new("nothing_due"))?;
    let cell = api.desk.cell_of(household);
    let ask = AskCall { cell, household, loan, task: command.made("call"), due_on };
    receipt(api.act(caller.actor, command, Command::AskCall(ask)).await?, cell)
}

/// How a call ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallEnded {
    /// Whether somebody has spoken with the household; otherwise it was given up.
    done: bool,
}

/// Puts on record that a household was called, or that nobody will.
#[utoipa::path(post, path = "/api/v1/households/{hh}/calls/{ca}/end", tag = "office", request_body = CallEnded,
    params(("hh" = String, Path, description = "The household"), ("ca" = String, Path, description = "The task"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn end_call(
    State(api): State<Shared>,
    Path((hh, ca)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<CallEnded>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let (cell, task) = (api.desk.cell_of(household), uuid(&ca)?);
    let end = EndCall { cell, household, task, is_done: told.done };
    receipt(api.act(caller.actor, command, Command::EndCall(end)).await?, cell)
}
