//! What a household knows and says of its own data: consents, who looked at it, and erasure by two people.

use app::command::Command;
use app::consent::{ACCOUNT, ConsentWord, HouseholdConsent, SayConsent};
use app::look::{HouseholdLook, LookKind};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Cell, IdKind, PublicId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::office::Limit;
use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, Query, public};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

/// What a household said to a purpose.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentShown {
    /// What the data is used for: `account`, `credit`, or a purpose of the institution's own.
    purpose: String,
    /// `given` or `withdrawn`.
    word: &'static str,
    /// Version of the text that it was said to.
    version: String,
    said_on: String,
    /// Whether it may be withdrawn: that to the account ends with the account.
    may_withdraw: bool,
}

fn consent_shown(row: HouseholdConsent) -> ConsentShown {
    ConsentShown {
        may_withdraw: row.purpose != ACCOUNT && row.word == ConsentWord::Given,
        word: row.word.as_str(),
        purpose: row.purpose,
        version: row.version,
        said_on: row.said_on.to_string(),
    }
}

/// What the household has said to each purpose. One that enrolled before this was kept has none until it says something.
#[utoipa::path(get, path = "/api/v1/households/{hh}/consents", tag = "households",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<ConsentShown>), (status = "default", body = ProblemDocument)))]
pub async fn consents(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<Vec<ConsentShown>>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        desk.head(household)?;
        Ok(Json(desk.consents(household)?.into_iter().map(consent_shown).collect()))
    })
    .await
}

/// What is said to a purpose.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentTold {
    /// What the data is used for.
    #[schema(example = "credit")]
    purpose: String,
    /// Whether it is given; otherwise it is withdrawn.
    given: bool,
    /// Version of the text that was read.
    #[schema(example = "2026-01")]
    version: String,
}

/// Gives a consent or withdraws it. Without the one to `credit` the household's behaviour enters no features and no model: a person
/// decides its requests. What was decided before stands.
#[utoipa::path(post, path = "/api/v1/households/{hh}/consents", tag = "households", request_body = ConsentTold,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn say(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<ConsentTold>,
) -> Receipted {
    let household = api.household(&hh)?;
    let (cell, now) = (api.desk.cell_of(household), api.now());
    let word = if told.given { ConsentWord::Given } else { ConsentWord::Withdrawn };
    let said = SayConsent { cell, household, purpose: told.purpose, word, version: told.version };
    let answer = api.blocking(move |desk| Ok(desk.say_consent(command.0, said, caller.actor, now)?)).await?;
    receipt(api.taken(command, answer)?, cell)
}

/// A day on which somebody looked at a household.
#[derive(Debug, Serialize, ToSchema)]
pub struct LookShown {
    household: String,
    /// The member of staff, `st-…`.
    staff: String,
    /// In which role.
    role: &'static str,
    on: String,
    /// When it was first on that day.
    first_at: String,
    /// `person`: names, phone, village; `money`: wallet and payments; `loans`: loans, lines, papers; `credit`: what is known of its
    /// behaviour, rating, limits, decisions.
    kinds: Vec<&'static str>,
}

fn look_shown(row: &HouseholdLook) -> LookShown {
    LookShown {
        household: public(IdKind::Household, row.cell, row.household),
        staff: public(IdKind::Staff, Cell::OFFICE, row.staff),
        role: row.role.as_str(),
        on: row.looked_on.to_string(),
        first_at: row.first_at.to_rfc3339(),
        kinds: row.kinds().map(LookKind::as_str).collect(),
    }
}

/// Who of the institution looked at the household's data, the latest day first. Lists that name many households are not counted.
#[utoipa::path(get, path = "/api/v1/households/{hh}/looks", tag = "households",
    params(("hh" = String, Path, description = "The household"), Limit),
    responses((status = 200, body = Vec<LookShown>), (status = "default", body = ProblemDocument)))]
pub async fn looks(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    Query(limit): Query<Limit>,
) -> Result<Json<Vec<LookShown>>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        let rows = desk.looks(household, limit.rows())?;
        Ok(Json(rows.iter().map(look_shown).collect()))
    })
    .await
}

/// Whose looks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LooksAsked {
    /// The member of staff, `st-…`.
    staff: String,
    /// At most, 1 to 500.
    limit: Option<usize>,
}

/// At which households a member of staff looked, the latest day first.
#[utoipa::path(get, path = "/api/v1/office/looks", tag = "office", params(LooksAsked),
    responses((status = 200, body = Vec<LookShown>), (status = "default", body = ProblemDocument)))]
pub async fn looks_of(
    State(api): State<Shared>,
    Query(asked): Query<LooksAsked>,
) -> Result<Json<Vec<LookShown>>, Problem> {
    let staff = PublicId::parse_kind(&asked.staff, IdKind::Staff)?.id;
    let limit = Limit { limit: asked.limit }.rows();
    api.blocking(move |desk| {
        let rows = desk.looks_of(staff, limit)?;
        Ok(Json(rows.iter().map(look_shown).collect()))
    })
    .await
}

/// Whose data is erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureAsked {
    /// A person of the household, `pn-…`.
    person: String,
}

/// Has a person's data erased; a second person approves. Contacts go at once; name and identity as soon as the law lets them, at
/// once where no money ever moved. Refused while anything is owed, under way, or in the wallet.
#[utoipa::path(post, path = "/api/v1/households/{hh}/erasures", tag = "households", request_body = ErasureAsked,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn erase(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<ErasureAsked>,
) -> Receipted {
    let household = api.household(&hh)?;
    let person = api.thing(&asked.person, IdKind::Person, household)?;
    let order: Command = api.blocking(move |desk| Ok(desk.erasure_of(household, person)?)).await?;
    receipt(api.act(caller.actor, command, order).await?, api.desk.cell_of(household))
}
