//! Merchants in the office's register: who sells on lines, and where their money goes.

use app::command::Command;
use app::line::{Merchant, RegisterMerchant, Settles};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use basics::{Cell, IdKind, Rate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

/// A merchant.
#[derive(Debug, Serialize, ToSchema)]
pub struct MerchantShown {
    /// What purchases name it by. A UUID.
    merchant: String,
    name: String,
    /// The category code that products go by.
    category: String,
    /// `active` or `stopped`.
    status: &'static str,
    /// Whose wallet it is paid to.
    household: String,
    /// Percent kept of each sale.
    discount: String,
    since: String,
}

/// A merchant is put into the register, or changed there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MerchantTold {
    /// The merchant that is changed, a UUID; none for a new one.
    merchant: Option<String>,
    name: String,
    /// The category code that products go by.
    #[schema(example = "farm-supplies")]
    category: String,
    /// Whose wallet it is paid to, `hh-…`.
    household: String,
    /// Percent kept of each sale.
    #[schema(example = "0.60")]
    discount: String,
    /// Whether it may sell on lines.
    active: bool,
}

impl From<Merchant> for MerchantShown {
    fn from(row: Merchant) -> MerchantShown {
        let cell = Cell(u16::try_from(row.to_cell).unwrap_or_default());
        MerchantShown {
            merchant: row.id.to_string(),
            name: row.name,
            category: row.category,
            status: row.status.as_str(),
            household: public(IdKind::Household, cell, row.household),
            discount: loan::cost::percent(row.discount_ppm),
            since: row.since.to_string(),
        }
    }
}

/// All merchants, by name.
#[utoipa::path(get, path = "/api/v1/office/merchants", tag = "lines",
    responses((status = 200, body = Vec<MerchantShown>), (status = "default", body = ProblemDocument)))]
pub async fn merchants(State(api): State<Shared>) -> Result<Json<Vec<MerchantShown>>, Problem> {
    api.blocking(|desk| Ok(Json(desk.merchants()?.into_iter().map(MerchantShown::from).collect()))).await
}

/// Puts a merchant into the register, or changes what stands there. It waits (202) for a second person.
#[utoipa::path(post, path = "/api/v1/office/merchants", tag = "lines", request_body = MerchantTold,
    params(("Command-Id" = String, Header, description = "UUID made by the caller; a new merchant's id follows from it")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn register(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<MerchantTold>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&told.household)?;
    let discount = Rate::parse_percent(&told.discount).map_err(|e| Problem::new("bad_rate").saying(e.to_string()))?;
    let merchant = match &told.merchant {
        Some(text) => uuid(text)?,
        None => command.made("merchant"),
    };
    let cell = api.desk.cell_of(household);
    // Paid to a household that is there: one whose enrolment was given up has neither head nor wallet.
    api.blocking(move |desk| Ok(desk.head(household).map(drop)?)).await?;
    let settles = Settles { cell, household, discount };
    let MerchantTold { name, category, active, .. } = told;
    let order = RegisterMerchant { merchant, name, category, settles, active };
    receipt(api.act(caller.actor, command, Command::RegisterMerchant(order)).await?, Cell::OFFICE)
}
