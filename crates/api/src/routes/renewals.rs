//! A loan is replaced by a new one on the same day: renewed without repaying its principal, or new for old.

use app::command::Command;
use app::renew::{Attested, Renew, RenewalManner, UndoRenewal};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::IdKind;
use serde::Deserialize;
use utoipa::ToSchema;

use super::loan_acts::bad;
use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

/// A signed contract is drawn to pay this loan off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalAsked {
    /// The contract of the new loan, `ct-…`.
    contract: String,
    /// `without_repaying` (无还本续贷) or `new_for_old` (借新还旧).
    #[schema(example = "without_repaying")]
    manner: String,
    /// Without repaying: whether the business goes on and earns.
    business_holds: Option<bool>,
    /// Without repaying: whether the borrower's record is good.
    record_holds: Option<bool>,
    /// Without repaying: whether the lender's standard for a new loan is met.
    standard_holds: Option<bool>,
    /// Why, and what it rests on.
    reason: String,
}

/// A renewal is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalUndone {
    /// Why.
    reason: String,
}

fn attested(told: Option<bool>, name: &str) -> Result<Attested, Problem> {
    match told {
        Some(true) => Ok(Attested::Holds),
        Some(false) => Ok(Attested::Fails),
        None => Err(bad(&format!("`{name}` is missing: say whether it holds"))),
    }
}

/// Pays this loan off with a new one, in one act. Two people: it waits (202) for the second.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/renewal", tag = "loans", request_body = RenewalAsked,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The old loan, `ln-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn renew(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<RenewalAsked>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let old = api.thing(&ln, IdKind::Loan, household)?;
    let contract = api.thing(&asked.contract, IdKind::Contract, household)?;
    let cell = api.desk.cell_of(household);
    let manner = match asked.manner.as_str() {
        "new_for_old" => RenewalManner::NewForOld,
        "without_repaying" => RenewalManner::WithoutRepaying {
            business: attested(asked.business_holds, "business_holds")?,
            record: attested(asked.record_holds, "record_holds")?,
            standard: attested(asked.standard_holds, "standard_holds")?,
        },
        _ => return Err(bad("choose without_repaying or new_for_old as the manner")),
    };
    let renew = Renew { cell, household, old, contract, loan: command.made("loan"), manner, reason: asked.reason };
    receipt(api.act(caller.actor, command, Command::Renew(renew)).await?, cell)
}

/// Takes the renewal that drew this loan back, on its day. Two people: it waits (202) for the second.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/renewal/undo", tag = "loans", request_body = RenewalUndone,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The new loan, `ln-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn undo(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<RenewalUndone>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let loan = api.thing(&ln, IdKind::Loan, household)?;
    let cell = api.desk.cell_of(household);
    let undo = UndoRenewal { cell, household, loan, reason: asked.reason };
    receipt(api.act(caller.actor, command, Command::UndoRenewal(undo)).await?, cell)
}
