//! Staff, and tokens for programs that act in their place.

use app::command::Command;
use app::staff::SetStaff;
use app::tables::StaffStatus;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use basics::{Cell, IdKind, PublicId};
use door::{Actor, ActorKind, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public};
use crate::gate::Caller;
use crate::password;
use crate::problem::{Problem, ProblemDocument};

/// Days a token holds at most.
const TOKEN_DAYS_MAX: u16 = 90;
/// What logins of programs begin with.
const MACHINE: &str = "machine-";

/// A member of staff.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffShown {
    staff: String,
    login: String,
    role: String,
    /// `active` or `left`.
    status: &'static str,
}

/// All staff.
#[utoipa::path(get, path = "/api/v1/office/staff", tag = "office",
    responses((status = 200, body = Vec<StaffShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>) -> Result<Json<Vec<StaffShown>>, Problem> {
    api.blocking(|desk| {
        let mut rows = desk.staff()?;
        rows.sort_by(|a, b| a.login.cmp(&b.login));
        let shown = rows.into_iter().map(|row| StaffShown {
            staff: public(IdKind::Staff, Cell::OFFICE, row.id),
            login: row.login,
            role: row.role,
            status: row.status.as_str(),
        });
        Ok(Json(shown.collect()))
    })
    .await
}

/// Someone joins, changes or leaves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffTold {
    /// Who, `st-…`; a new member if not given.
    staff: Option<String>,
    /// Sign-in name; of programs it begins with `machine-`.
    login: String,
    /// `clerk`, `officer`, `analyst`, `accountant`, `approver`, `auditor` or `admin`.
    role: String,
    /// 10 to 200 characters; the one that stands if not given.
    password: Option<String>,
    /// Whether they may sign in; yes if not given.
    active: Option<bool>,
}

/// Takes on a member of staff, or changes one; a second person approves.
#[utoipa::path(post, path = "/api/v1/office/staff", tag = "office", request_body = StaffTold,
    params(("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn set(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<StaffTold>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let role = Role::parse(&told.role).ok_or_else(|| Problem::new("bad_role"))?;
    let staff = match &told.staff {
        None => command.made("staff"),
        Some(text) => PublicId::parse_kind(text, IdKind::Staff)?.id,
    };
    if told.staff.is_some() {
        let known = api.blocking(move |desk| Ok(desk.staff()?.iter().any(|row| row.id == staff))).await?;
        if !known {
            return Err(Problem::new("unknown_staff"));
        }
    }
    let password_hash = match told.password {
        None => None,
        Some(typed) => {
            password::check_password(&typed)?;
            let salt = password::salt(api.desk.vault.as_ref(), command.0);
            Some(api.hashing(move || password::hash(&typed, &salt)).await??)
        }
    };
    let set = SetStaff { staff, login: told.login, role, active: told.active.unwrap_or(true), password_hash };
    let taken = api.act(caller.actor, command, Command::SetStaff(set)).await?;
    api.sessions.forget_staff();
    receipt(taken, Cell::OFFICE)
}

/// A token for a program is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenAsked {
    /// The account it acts for, `st-…`: its login begins with `machine-`.
    staff: String,
    /// How long it holds, 1 to 90 days.
    days: u16,
}

/// A token for a program; it is shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenGiven {
    /// To be sent as `Authorization: Bearer …`.
    token: String,
    expires_at: String,
}

/// Gives a program a token. It ends by its time, or as soon as its account is closed.
#[utoipa::path(post, path = "/api/v1/office/tokens", tag = "office", request_body = TokenAsked,
    responses((status = 201, body = TokenGiven), (status = "default", body = ProblemDocument)))]
pub async fn token(
    State(api): State<Shared>,
    Body(asked): Body<TokenAsked>,
) -> Result<(StatusCode, Json<TokenGiven>), Problem> {
    let staff = PublicId::parse_kind(&asked.staff, IdKind::Staff)?.id;
    let row = api
        .blocking(move |desk| {
            let found = desk.staff()?.into_iter().find(|row| row.id == staff && row.status == StaffStatus::Active);
            found.ok_or_else(|| Problem::new("unknown_staff"))
        })
        .await?;
    // Who gives tokens out must not be able to be a second person with one, nor to make more accounts.
    let role = Role::parse(&row.role).filter(|role| !matches!(role, Role::Approver | Role::Admin));
    let role = role.filter(|_| row.login.starts_with(MACHINE)).ok_or_else(|| Problem::new("not_a_machine"))?;
    let days = i64::from(asked.days.clamp(1, TOKEN_DAYS_MAX));
    let actor = Actor { kind: ActorKind::Machine, id: staff, role };
    let session = api.open_session(actor, days * 86_400)?;
    let given = TokenGiven { token: api.sessions.token(&session), expires_at: session.expires.to_rfc3339() };
    Ok((StatusCode::CREATED, Json(given)))
}
