//! Statement lines 循环消费额度: offered and opened, used at merchants, paid, converted into instalments.

mod acts;
mod merchants;
mod offer;
mod office;
mod shown;

use axum::Json;
use axum::extract::{Path, State};
use basics::IdKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::extract::{Query, uuid};
use crate::problem::{Problem, ProblemDocument};
use crate::session::unhex;
use crate::shown::amount;

pub use acts::*;
pub use merchants::*;
pub use offer::*;
pub use office::*;
use shown::{LineDetail, LineShown, LineStep, PlanShown, PurchaseShown, StatementShown, line_shown, offers};

/// The household's lines today.
#[utoipa::path(get, path = "/api/v1/households/{hh}/lines", tag = "lines",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<LineShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<Vec<LineShown>>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| Ok(Json(desk.lines(household)?.iter().map(line_shown).collect()))).await
}

/// One line with its statements, purchases and plans.
#[utoipa::path(get, path = "/api/v1/households/{hh}/lines/{cl}", tag = "lines",
    params(("hh" = String, Path, description = "The household"), ("cl" = String, Path, description = "The line, `cl-…`")),
    responses((status = 200, body = LineDetail), (status = "default", body = ProblemDocument)))]
pub async fn one(
    State(api): State<Shared>,
    Path((hh, cl)): Path<(String, String)>,
) -> Result<Json<LineDetail>, Problem> {
    let household = api.household(&hh)?;
    let line = api.thing(&cl, IdKind::Line, household)?;
    api.blocking(move |desk| {
        let view = desk.line(household, line)?;
        Ok(Json(LineDetail {
            line: line_shown(&view),
            as_of: view.state.as_of.to_string(),
            rate: view.terms.rate.to_string(),
            statements: view.state.statements.iter().map(StatementShown::from).collect(),
            purchases: view.state.purchases.iter().map(PurchaseShown::from).collect(),
            plans: view.state.plans.iter().map(PlanShown::from).collect(),
            offers: offers(&view.terms.rules),
            history: loan::line::in_order(&view.events).into_iter().map(LineStep::from).collect(),
        }))
    })
    .await
}

/// A conversion is considered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversionAsked {
    /// The purchase.
    purchase: String,
    /// Into how many instalments.
    instalments: u16,
}

/// What a conversion would cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversionShown {
    principal: String,
    instalments: u16,
    fees: String,
    /// Percent a year, annualised: what the cap is checked against.
    annualised: String,
    /// The same in parts per million: sent back when it is converted.
    annualised_ppm: i64,
    /// Percent a year, compounded.
    effective: String,
    rows: Vec<ConversionRow>,
}

/// An instalment of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversionRow {
    number: u16,
    due: String,
    principal: String,
    fee: String,
    total: String,
}

/// What converting a purchase today would cost, with its annual rate; nothing is changed.
#[utoipa::path(get, path = "/api/v1/households/{hh}/lines/{cl}/conversion", tag = "lines",
    params(("hh" = String, Path, description = "The household"), ("cl" = String, Path, description = "The line, `cl-…`"),
        ("purchase" = String, Query, description = "The purchase: a UUID"),
        ("instalments" = u16, Query, description = "Into how many instalments")),
    responses((status = 200, body = ConversionShown), (status = "default", body = ProblemDocument)))]
pub async fn quote(
    State(api): State<Shared>,
    Path((hh, cl)): Path<(String, String)>,
    Query(asked): Query<ConversionAsked>,
) -> Result<Json<ConversionShown>, Problem> {
    let household = api.household(&hh)?;
    let line = api.thing(&cl, IdKind::Line, household)?;
    let purchase = uuid(&asked.purchase)?;
    api.blocking(move |desk| {
        let view = desk.line(household, line)?;
        let unpaid_fen = view.state.purchase(purchase).map_or(0, |purchase| purchase.unpaid_fen);
        let offer = loan::line::quote(&view.terms, unpaid_fen, asked.instalments, view.state.as_of)
            .map_err(|error| Problem::new("line_event").saying(error.to_string()))?;
        let rows = offer.schedule.rows.iter().map(|row| ConversionRow {
            number: row.number,
            due: row.due.to_string(),
            principal: amount(row.principal_fen),
            fee: amount(row.fee_fen),
            total: amount(row.total_fen),
        });
        Ok(Json(ConversionShown {
            principal: amount(unpaid_fen),
            instalments: asked.instalments,
            fees: amount(offer.fees_fen),
            annualised: loan::cost::percent(offer.annualised_ppm),
            annualised_ppm: offer.annualised_ppm,
            effective: loan::cost::percent(offer.effective_ppm),
            rows: rows.collect(),
        }))
    })
    .await
}
