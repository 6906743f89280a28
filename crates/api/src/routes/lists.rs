//! Lists of persons to be looked at: loaded whole, and every household held against them.

use app::desk::ToList;
use app::listed::ListedPerson;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::extract::{Body, CommandId, date};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

/// Persons of one list at most: what a request may carry.
const PEOPLE_MAX: usize = 2_000;

/// A list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTold {
    /// Who issues it.
    source: String,
    /// The day it is of.
    as_of: String,
    /// Those on it: all of them, who is left out is off the list.
    people: Vec<ListedTold>,
}

/// Someone on a list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedTold {
    name: String,
    /// Where the list has one; it is kept as a keyed hash alone.
    resident_id: Option<String>,
    /// Why it is listed, or its number there.
    reason: String,
}

/// What came of a screening.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScreenedShown {
    /// Those on the list.
    entries: usize,
    /// Households with a listed resident id: each has a case.
    certain: usize,
    /// Households with a listed name alone, which may be another person: each has a case.
    possible: usize,
}

/// Loads a list whole and holds every household against it; what is found is a case, told once however often a list is loaded.
#[utoipa::path(post, path = "/api/v1/office/lists/{list}", tag = "office", request_body = ListTold,
    params(("list" = String, Path, description = "The list's code"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = ScreenedShown), (status = "default", body = ProblemDocument)))]
pub async fn load(
    State(api): State<Shared>,
    Path(list): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<ListTold>,
) -> Result<(StatusCode, Json<ScreenedShown>), Problem> {
    let as_of = date(&told.as_of)?;
    if told.people.len() > PEOPLE_MAX {
        return Err(Problem::new("list_too_long"));
    }
    let person = |one: ListedTold| ToList { resident_id: one.resident_id, name: one.name, reason: one.reason };
    let people: Vec<ToList> = told.people.into_iter().map(person).collect();
    let (source, now) = (told.source, api.now());
    let screened = api
        .blocking(move |desk| Ok(desk.load_list((command.0, caller.actor, now), (&list, &source, as_of), &people)?))
        .await?;
    let shown = ScreenedShown { entries: screened.entries, certain: screened.certain, possible: screened.possible };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Someone on a list as it is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedShown {
    /// Its id: the evidence of an alert names it.
    entry: String,
    name: String,
    reason: String,
    source: String,
    as_of: String,
    /// Whether the list has a resident id.
    has_resident_id: bool,
}

/// Those on a list.
#[utoipa::path(get, path = "/api/v1/office/lists/{list}", tag = "office",
    params(("list" = String, Path, description = "The list's code")),
    responses((status = 200, body = Vec<ListedShown>), (status = "default", body = ProblemDocument)))]
pub async fn one(State(api): State<Shared>, Path(list): Path<String>) -> Result<Json<Vec<ListedShown>>, Problem> {
    let rows = api.blocking(move |desk| Ok(desk.listed(&list)?)).await?;
    let shown = |row: ListedPerson| ListedShown {
        entry: row.id.to_string(),
        name: row.name,
        reason: row.reason,
        source: row.source,
        as_of: row.as_of.to_string(),
        has_resident_id: row.hash.is_some(),
    };
    Ok(Json(rows.into_iter().map(shown).collect()))
}
