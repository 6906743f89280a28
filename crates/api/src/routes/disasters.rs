//! Disasters at the office: declared, previewed, carried out loan by loan, reported, taken back.

use app::change_books::{Disaster, DisasterStatus};
use app::command::Command;
use app::desk::{Desk, DisasterReport};
use app::disaster::{DecideDisaster, DeclareDisaster, DisasterVerdict, programme_of};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Cell, Date, Id, IdKind};
use loan::season::{DeferredInterest, DeferredScope, Programme};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, public, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};
use crate::session::unhex;
use crate::shown::amount;

/// Loans of a disaster shown at once at most.
const LOANS_MAX: usize = 200;

/// A disaster is declared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisasterTold {
    /// What people call it.
    #[schema(example = "June flood")]
    name: String,
    /// Reference of the document.
    #[schema(example = "county-2027-17")]
    document: String,
    /// SHA-256 of the document, 64 hexadecimal digits.
    document_hash: String,
    /// The day of the event.
    #[schema(example = "2027-06-05")]
    event_on: String,
    /// The villages it struck, as households have them.
    villages: Vec<String>,
    /// The crops it struck, by code or name; none is every loan of the area.
    #[serde(default)]
    crops: Vec<String>,
    /// The date that is put off to.
    #[schema(example = "2027-10-31")]
    to: String,
    /// `principal`, or `principal_and_interest`.
    scope: String,
    /// `runs_on` or `stops`: interest on what is put off.
    interest: String,
}

/// A declared disaster.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisasterShown {
    /// A UUID.
    disaster: String,
    /// `declared`, `carried_out` or `taken_back`.
    status: &'static str,
    name: String,
    document: String,
    declared_on: String,
    event_on: String,
    to: String,
    villages: Vec<String>,
    crops: Vec<String>,
    /// `principal`, or `principal_and_interest`.
    scope: &'static str,
    /// `runs_on` or `stops`.
    interest: &'static str,
    currency: String,
    reason: Option<String>,
}

/// A disaster with the loans it touches as they stand now, and what became of it so far.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisasterDetail {
    #[serde(flatten)]
    disaster: DisasterShown,
    /// Households in its villages.
    households: usize,
    /// Their open loans.
    loans: usize,
    /// How many of them it touches.
    touched: usize,
    /// Principal that would be put off.
    moved: String,
    /// What that would add to the cost.
    added: String,
    /// The first 200 of the loans it touches.
    list: Vec<TouchedShown>,
    report: ReportShown,
}

/// A loan that a disaster touches.
#[derive(Debug, Serialize, ToSchema)]
pub struct TouchedShown {
    household: String,
    loan: String,
    village: String,
    product: String,
    outstanding: String,
    moved: Option<String>,
    added: Option<String>,
    needs_consent: Option<bool>,
    /// Why nothing can be put off.
    refused: Option<String>,
}

/// What became of a disaster's loans so far.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportShown {
    /// Deferrals that are applied.
    applied: usize,
    /// Deferrals that wait for the borrower's word.
    waiting: usize,
    /// Deferrals agreed to, that wait to be applied.
    agreed: usize,
    /// Deferrals taken back.
    undone: usize,
    /// Principal put off by what is applied.
    moved: String,
    /// What that adds to the cost.
    added: String,
    /// Reasons of this run, one a loan that got nothing.
    refused: Vec<String>,
}

impl From<DisasterReport> for ReportShown {
    fn from(report: DisasterReport) -> ReportShown {
        ReportShown {
            applied: report.applied,
            waiting: report.waiting,
            agreed: report.agreed,
            undone: report.undone,
            moved: amount(report.moved_minor),
            added: amount(report.added_minor),
            refused: report.refused.into_iter().map(|(loan, reason)| format!("{loan}: {reason}")).collect(),
        }
    }
}

fn disaster_shown(row: &Disaster) -> Result<DisasterShown, Problem> {
    let programme = programme_of(row).map_err(|e| fault(&e.to_string()))?;
    Ok(DisasterShown {
        disaster: row.id.to_string(),
        status: row.status.as_str(),
        name: row.name.clone(),
        declared_on: row.declared_on.to_string(),
        event_on: programme.event_on.to_string(),
        to: programme.to.to_string(),
        villages: row.villages.lines().map(str::to_owned).collect(),
        scope: match programme.scope {
            DeferredScope::Principal => "principal",
            DeferredScope::PrincipalAndInterest => "principal_and_interest",
        },
        interest: match programme.interest {
            DeferredInterest::RunsOn => "runs_on",
            DeferredInterest::Stops => "stops",
        },
        crops: programme.crops,
        document: programme.document,
        currency: row.currency.to_string(),
        reason: row.reason.clone(),
    })
}

fn detail(desk: &Desk, id: Id) -> Result<DisasterDetail, Problem> {
    let row = desk.disaster(id)?;
    let preview = desk.preview_disaster(id)?;
    let (moved, added) = preview.totals();
    let list = preview.touched.iter().take(LOANS_MAX).map(|loan| {
        let offered = loan.offered.as_ref().ok();
        TouchedShown {
            household: public(IdKind::Household, loan.cell, loan.household),
            loan: public(IdKind::Loan, loan.cell, loan.loan),
            village: loan.village.clone(),
            product: loan.product.clone(),
            outstanding: amount(loan.outstanding_minor),
            moved: offered.map(|shown| amount(shown.moved_minor)),
            added: offered.map(|shown| amount(shown.added_minor)),
            needs_consent: offered.map(|shown| shown.needs_consent),
            refused: loan.offered.as_ref().err().cloned(),
        }
    });
    Ok(DisasterDetail {
        disaster: disaster_shown(&row)?,
        households: preview.households,
        loans: preview.loans,
        touched: preview.touched.len(),
        moved: amount(moved),
        added: amount(added),
        list: list.collect(),
        report: desk.disaster_report(id)?.into(),
    })
}

/// All declared disasters.
#[utoipa::path(get, path = "/api/v1/office/disasters", tag = "seasons",
    responses((status = 200, body = Vec<DisasterShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>) -> Result<Json<Vec<DisasterShown>>, Problem> {
    api.blocking(|desk| Ok(Json(desk.disasters()?.iter().map(disaster_shown).collect::<Result<_, _>>()?))).await
}

/// A disaster: which loans it touches as they stand now, what it would do, and what became of it so far.
#[utoipa::path(get, path = "/api/v1/office/disasters/{ds}", tag = "seasons",
    params(("ds" = String, Path, description = "The disaster, a UUID")),
    responses((status = 200, body = DisasterDetail), (status = "default", body = ProblemDocument)))]
pub async fn one(State(api): State<Shared>, Path(ds): Path<String>) -> Result<Json<DisasterDetail>, Problem> {
    let id = uuid(&ds)?;
    api.blocking(move |desk| Ok(Json(detail(desk, id)?))).await
}

fn programme(desk: &Desk, told: &DisasterTold) -> Result<Programme, Problem> {
    let day = |text: &str| Date::parse(text).map_err(|e| Problem::new("bad_date").saying(e.to_string()));
    let wrong = |message: &str| Problem::new("bad_change").saying(message);
    let calendar = &desk.house().calendar;
    let crops = told.crops.iter().map(|name| calendar.crop(name).map(|crop| crop.code.clone()));
    Ok(Programme {
        document: told.document.clone(),
        event_on: day(&told.event_on)?,
        crops: crops.collect::<Result<_, _>>().map_err(|e| Problem::new("bad_crops").saying(e.to_string()))?,
        to: day(&told.to)?,
        scope: match told.scope.as_str() {
            "principal" => DeferredScope::Principal,
            "principal_and_interest" => DeferredScope::PrincipalAndInterest,
            _ => return Err(wrong("choose principal or principal_and_interest as the scope")),
        },
        interest: match told.interest.as_str() {
            "runs_on" => DeferredInterest::RunsOn,
            "stops" => DeferredInterest::Stops,
            _ => return Err(wrong("choose runs_on or stops for interest")),
        },
    })
}

/// Declares a disaster. Nothing is done yet.
#[utoipa::path(post, path = "/api/v1/office/disasters", tag = "seasons", request_body = DisasterTold,
    params(("Command-Id" = String, Header, description = "UUID made by the caller; the disaster's id follows from it")),
    responses((status = 201, body = DisasterShown), (status = "default", body = ProblemDocument)))]
pub async fn declare(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<DisasterTold>,
) -> Result<(StatusCode, Json<DisasterShown>), Problem> {
    let disaster = command.made("disaster");
    let document_hash = unhex(&told.document_hash).ok_or_else(|| Problem::new("bad_document_hash"))?;
    let declare = DeclareDisaster {
        disaster,
        programme: programme(&api.desk, &told)?,
        name: told.name,
        villages: told.villages,
        document_hash: document_hash.into(),
    };
    api.act(caller.actor, command, Command::DeclareDisaster(declare)).await?;
    let shown = api.blocking(move |desk| disaster_shown(&desk.disaster(disaster)?)).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// What is to be done about a disaster.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisasterDecision {
    /// `carry_out` or `take_back`.
    verdict: String,
    /// Why.
    reason: String,
}

/// Has a disaster carried out or taken back. It waits (202) for a second person.
#[utoipa::path(post, path = "/api/v1/office/disasters/{ds}/decision", tag = "seasons",
    request_body = DisasterDecision,
    params(("ds" = String, Path, description = "The disaster, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn decide(
    State(api): State<Shared>,
    Path(ds): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<DisasterDecision>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let verdict = match asked.verdict.as_str() {
        "carry_out" => DisasterVerdict::CarryOut,
        "take_back" => DisasterVerdict::TakeBack,
        _ => return Err(Problem::new("bad_change").saying("choose carry_out or take_back")),
    };
    let decide = DecideDisaster { disaster: uuid(&ds)?, verdict, reason: asked.reason };
    receipt(api.act(caller.actor, command, Command::DecideDisaster(decide)).await?, Cell::OFFICE)
}

/// Goes on with what two people have decided, loan by loan. Asked again, it goes on where it stopped.
#[utoipa::path(post, path = "/api/v1/office/disasters/{ds}/run", tag = "seasons",
    params(("ds" = String, Path, description = "The disaster, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller; each loan's command has an id of its own")),
    responses((status = 200, body = ReportShown), (status = "default", body = ProblemDocument)))]
pub async fn run(
    State(api): State<Shared>,
    Path(ds): Path<String>,
    _: CommandId,
) -> Result<Json<ReportShown>, Problem> {
    let (id, now) = (uuid(&ds)?, api.now());
    api.blocking(move |desk| {
        if desk.disaster(id)?.status == DisasterStatus::Declared {
            return Err(Problem::new("not_decided"));
        }
        Ok(Json(desk.run_disaster(id, now)?.into()))
    })
    .await
}
