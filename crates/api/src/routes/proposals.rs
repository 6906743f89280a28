//! What waits for a second person.

use app::Tianxin;
use app::command::{Command, Outcome};
use app::desk::Desk;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Cell, Id, IdKind, PublicId, cbor};
use door::tables::Proposal;
use door::{App, Order};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::loans::Nothing;
use super::office::Limit;
use super::said::said;
use super::service::change_shown;
use crate::Shared;
use crate::act::{Receipt, receipt, status_of};
use crate::extract::{Body, CommandId, Query, public};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};
use crate::shown::amount;

/// A proposal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalShown {
    proposal: String,
    /// The act, as in the permission table, such as `decide_by_hand`.
    act: String,
    /// The amount at stake.
    amount: String,
    /// Sign-in name of who proposed it, or the id of a household.
    proposed_by: String,
    proposed_at: String,
    /// The outcome it would have.
    shown: String,
    /// Whose affair it is, if a household's.
    #[serde(skip_serializing_if = "Option::is_none")]
    household: Option<String>,
    /// What is decided, where the act does not say it, with the reason or reference that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Open proposals, oldest first.
#[utoipa::path(get, path = "/api/v1/office/proposals", tag = "office", params(Limit),
    responses((status = 200, body = Vec<ProposalShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>, Query(limit): Query<Limit>) -> Result<Json<Vec<ProposalShown>>, Problem> {
    api.blocking(move |desk| {
        let staff = desk.staff()?;
        let login =
            |id: Id| staff.iter().find(|row| row.id == id).map_or_else(|| id.to_string(), |row| row.login.clone());
        let rows = desk.proposals(limit.rows())?;
        Ok(Json(rows.iter().map(|row| proposal_shown(desk, row, login(row.proposed_by))).collect::<Result<_, _>>()?))
    })
    .await
}

fn proposal_shown(desk: &Desk, row: &Proposal, proposed_by: String) -> Result<ProposalShown, Problem> {
    let damaged = |error: cbor::DecodeError| fault(&format!("proposal {}: {error}", row.id));
    let command: Command = cbor::from_bytes(&row.command).map_err(damaged)?;
    let shown: Outcome = cbor::from_bytes(&row.shown).map_err(damaged)?;
    let owner = desk.house().act(&command).owner;
    Ok(ProposalShown {
        proposal: public(IdKind::Proposal, row.cell, row.id),
        act: row.act.clone(),
        amount: amount(row.amount_minor),
        proposed_by,
        proposed_at: row.proposed_at.to_rfc3339(),
        shown: match &shown {
            Outcome::Serviced { before, after } => change_shown(before, after),
            Outcome::Renewed { principal_minor, paid_off_minor, from_wallet_minor, class } => {
                let [new, old, wallet] = [principal_minor, paid_off_minor, from_wallet_minor].map(|fen| amount(*fen));
                format!(
                    "新借款 {new}，还清原借款 {old}，其中钱包付 {wallet}，分类第 {class} 级 · new loan of {new}, pays off {old}, \
                     {wallet} of it from the wallet, class {class}"
                )
            }
            Outcome::DrawerStands { balance_minor, difference_minor, over_limit } => {
                let differs = match difference_minor {
                    0 => String::new(),
                    over if *over > 0 => format!("，长款 {0} · {0} too much", amount(*over)),
                    short => format!("，短款 {0} · {0} too little", amount(short.saturating_neg())),
                };
                let over = if *over_limit { "，超过限额 · over its limit" } else { "" };
                format!("办后尾箱 {0} 元 · the drawer holds {0}{differs}{over}", amount(*balance_minor))
            }
            other => status_of(other).to_owned(),
        },
        household: owner.map(|id| public(IdKind::Household, desk.cell_of(id), id)),
        reason: said(desk, &command)?,
    })
}

fn proposal_id(text: &str) -> Result<(Cell, Id), Problem> {
    let public = PublicId::parse_kind(text, IdKind::Proposal)?;
    Ok((public.cell, public.id))
}

/// Approves a proposal: it is done, if it would still end as was shown.
#[utoipa::path(post, path = "/api/v1/office/proposals/{pr}/approval", tag = "office", request_body = Nothing,
    params(("pr" = String, Path, description = "The proposal, `pr-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn approve(
    State(api): State<Shared>,
    Path(pr): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(Nothing {}): Body<Nothing>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let (cell, proposal) = proposal_id(&pr)?;
    let proposed = api.blocking(move |desk| Ok(desk.proposed(cell, proposal)?)).await?;
    let answer = api.submit(caller.actor, command.0, Order::Approve { cell, proposal }).await?;
    // Once nothing has to be kept, what an erasure leaves behind is unreadable before it is answered.
    let answer = match proposed {
        Some(Command::Erase(erase)) => {
            api.blocking(move |desk| Ok(desk.finish_erasure(&answer, erase.person).map(|()| answer)?)).await?
        }
        _ => answer,
    };
    // It may have been about staff.
    api.sessions.forget_staff();
    receipt(api.taken(command, answer)?, cell)
}

/// A proposal is dropped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// Why, for the record.
    reason: String,
}

/// Rejects a proposal, or takes back one's own.
#[utoipa::path(post, path = "/api/v1/office/proposals/{pr}/rejection", tag = "office", request_body = Rejection,
    params(("pr" = String, Path, description = "The proposal"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn reject(
    State(api): State<Shared>,
    Path(pr): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(Rejection { reason }): Body<Rejection>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let (cell, proposal) = proposal_id(&pr)?;
    let answer = api.submit(caller.actor, command.0, Order::Reject { cell, proposal, reason }).await?;
    answer.outcome::<Tianxin>()?;
    Ok((StatusCode::CREATED, Json(Receipt { status: "rejected".to_owned(), ..Receipt::default() })))
}
