//! Money into, out of and between wallets.

use app::command::Command;
use app::suspend::Outgoing;
use app::transfer::Transfer;
use app::wallet::{TopUp, Withdraw};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use door::{Actor, ActorKind};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

/// Money came in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopUpTold {
    /// How much.
    #[schema(example = "1250.00")]
    amount: String,
    /// The reference of the rail it came by.
    reference: String,
}

/// Books money that came in for a wallet. In a demonstration a household may do it for itself.
#[utoipa::path(post, path = "/api/v1/households/{hh}/topups", tag = "money", request_body = TopUpTold,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn top_up(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<TopUpTold>,
) -> Receipted {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let amount = api.amount(&told.amount)?;
    let by_demo = api.options.demo && caller.actor.kind == ActorKind::Household;
    let actor = if by_demo { Actor::SYSTEM } else { caller.actor };
    let top_up = TopUp { cell, household, amount, value_date: None, reference: told.reference };
    receipt(api.act(actor, command, Command::TopUp(top_up)).await?, cell)
}

/// Money goes out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalAsked {
    /// How much.
    #[schema(example = "1250.00")]
    amount: String,
}

/// Pays out of a wallet; waits (202 `pending_funds`) where the bank balance is short, or (202 `in_review`) until a person has looked at it.
#[utoipa::path(post, path = "/api/v1/households/{hh}/withdrawals", tag = "money", request_body = WithdrawalAsked,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn withdraw(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<WithdrawalAsked>,
) -> Receipted {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let amount = api.amount(&asked.amount)?;
    let withdraw = Withdraw { cell, household, amount, value_date: None };
    receipt(api.send_out(caller.actor, command, Outgoing::Withdraw(withdraw)).await?, cell)
}

/// Money goes to another household.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferAsked {
    /// To which household, `hh-…`.
    to: String,
    /// How much.
    #[schema(example = "1250.00")]
    amount: String,
    /// What for.
    note: String,
}

/// Moves money to another household's wallet; to another cell it is on its way (202) for a moment; it may wait (202 `in_review`)
/// until a person has looked at it.
#[utoipa::path(post, path = "/api/v1/households/{hh}/transfers", tag = "money", request_body = TransferAsked,
    params(("hh" = String, Path, description = "The household that pays"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn transfer(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<TransferAsked>,
) -> Receipted {
    let from = api.household(&hh)?;
    let to = api.household(&asked.to)?;
    let amount = api.amount(&asked.amount)?;
    let (cell, to_cell) = (api.desk.cell_of(from), api.desk.cell_of(to));
    let transfer = Transfer { cell, from, to_cell, to, amount, note: asked.note };
    receipt(api.send_out(caller.actor, command, Outgoing::Transfer(transfer)).await?, cell)
}
