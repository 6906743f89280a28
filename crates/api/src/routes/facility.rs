//! A household's facility 授信: looked at, reviewed, frozen, raised, lowered, closed.

use app::command::Command;
use app::facility::{ChangeFacility, FacilityChange};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Date, IdKind, Money};
use loan::facility::{FacilityEvent, FacilityHappening, FreezeOf};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::shown::amount;

/// A facility as it stands today.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacilityDetail {
    facility: String,
    /// `active`, `frozen`, `expired`, `closed` or `ungranted`.
    status: &'static str,
    amount: String,
    /// Owed.
    used: String,
    /// Approved and not yet drawn.
    reserved: String,
    /// Guaranteed of other households' debts, as far as that counts.
    guaranteed: String,
    frozen: String,
    available: String,
    currency: String,
    valid_from: String,
    /// Last day on which it may be drawn on.
    valid_to: String,
    review_by: Option<String>,
    /// Days since the review was due.
    review_late_days: u32,
    history: Vec<FacilityStep>,
}

/// Something that happened to a facility.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacilityStep {
    /// What `undo` takes. A UUID.
    event: String,
    date: String,
    /// `granted`, `reviewed`, `frozen`, `thawed`, `raised`, `lowered` or `closed`.
    kind: &'static str,
    /// What the facility came to, or what was frozen of it.
    amount: Option<String>,
    /// Why, where that is kept.
    reason: Option<String>,
}

impl From<FacilityEvent> for FacilityStep {
    fn from(event: FacilityEvent) -> FacilityStep {
        let (kind, fen, reason) = match event.what {
            FacilityHappening::Granted { amount_fen, .. } => ("granted", Some(amount_fen), None),
            FacilityHappening::Reviewed { .. } => ("reviewed", None, None),
            FacilityHappening::Frozen { of: FreezeOf::Whole, reason } => ("frozen", None, Some(reason)),
            FacilityHappening::Frozen { of: FreezeOf::Part(fen), reason } => ("frozen", Some(fen), Some(reason)),
            FacilityHappening::Thawed => ("thawed", None, None),
            FacilityHappening::Raised { amount_fen } => ("raised", Some(amount_fen), None),
            FacilityHappening::Lowered { amount_fen } => ("lowered", Some(amount_fen), None),
            FacilityHappening::Rated { amount_fen } => ("rated", Some(amount_fen), None),
            FacilityHappening::Closed { reason } => ("closed", None, Some(reason)),
            FacilityHappening::Reversed { .. } => ("undone", None, None),
        };
        let (event, date) = (event.id.to_string(), event.value_date.to_string());
        FacilityStep { event, date, kind, amount: fen.map(amount), reason }
    }
}

/// The household's facility today, with what happened to it; 404 if it has none.
#[utoipa::path(get, path = "/api/v1/households/{hh}/facility", tag = "facility",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = FacilityDetail), (status = "default", body = ProblemDocument)))]
pub async fn view(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<FacilityDetail>, Problem> {
    let id = api.household(&hh)?;
    api.blocking(move |desk| {
        let view = desk.facility(id)?.ok_or_else(|| Problem::new("unknown_facility"))?;
        let position = view.position;
        Ok(Json(FacilityDetail {
            facility: public(IdKind::Facility, view.row.cell, view.row.id),
            status: view.state.status.as_str(),
            amount: amount(position.amount_fen),
            used: amount(position.used_fen),
            reserved: amount(position.reserved_fen),
            guaranteed: amount(position.guaranteed_fen),
            frozen: amount(position.frozen_fen),
            available: amount(position.available_fen),
            currency: view.row.currency.to_string(),
            valid_from: view.row.valid_from.to_string(),
            valid_to: view.row.valid_to.to_string(),
            review_by: view.state.review_by.map(|date| date.to_string()),
            review_late_days: view.state.review_late_days,
            history: view.life.into_iter().map(FacilityStep::from).collect(),
        }))
    })
    .await
}

/// A change of a facility.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FacilityChangeAsked {
    /// `review`, `freeze`, `thaw`, `raise`, `lower`, `close` or `undo`.
    #[schema(example = "freeze")]
    change: String,
    /// Raise and lower: to this. Freeze: so much of it; the whole if not given.
    amount: Option<String>,
    /// Review: by when the next one is due.
    review_by: Option<String>,
    /// Undo: the event of the history that is taken back.
    event: Option<String>,
    /// Why.
    reason: String,
}

/// Changes a facility. Raising, thawing, closing and taking back wait (202) for a second person.
#[utoipa::path(post, path = "/api/v1/households/{hh}/facilities/{fa}/changes", tag = "facility",
    request_body = FacilityChangeAsked,
    params(("hh" = String, Path, description = "The household"),
        ("fa" = String, Path, description = "The facility, `fa-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn change(
    State(api): State<Shared>,
    Path((hh, fa)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<FacilityChangeAsked>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let facility = api.thing(&fa, IdKind::Facility, household)?;
    let given = asked.amount.as_deref().map(|text| Money::parse(text, api.currency())).transpose()?;
    let missing = |field: &str| Problem::new("bad_change").saying(format!("`{field}` is missing for this change"));
    let what = match asked.change.as_str() {
        "review" => {
            let text = asked.review_by.as_deref().ok_or_else(|| missing("review_by"))?;
            let review_by = Date::parse(text).map_err(|e| Problem::new("bad_date").saying(e.to_string()))?;
            FacilityChange::Review { review_by }
        }
        "freeze" => FacilityChange::Freeze { part: given },
        "thaw" => FacilityChange::Thaw,
        "raise" => FacilityChange::Raise { to: given.ok_or_else(|| missing("amount"))? },
        "lower" => FacilityChange::Lower { to: given.ok_or_else(|| missing("amount"))? },
        "close" => FacilityChange::Close,
        "undo" => {
            let text = asked.event.as_deref().ok_or_else(|| missing("event"))?;
            FacilityChange::Undo { target: uuid(text)? }
        }
        _ => {
            let message = "choose review, freeze, thaw, raise, lower, close or undo as the change";
            return Err(Problem::new("bad_change").saying(message));
        }
    };
    let change = ChangeFacility { cell, household, facility, what, reason: asked.reason };
    receipt(api.act(caller.actor, command, Command::ChangeFacility(change)).await?, cell)
}
