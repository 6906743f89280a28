//! Applications: asked for and decided at once, offered, signed.

use app::application::{Apply, SeasonAsked};
use app::assess::Assessment;
use app::command::Command;
use app::desk::Desk;
use app::review::{AskForPerson, why_no_person};
use app::sign::Sign;
use app::tables::{Application, ApplicationStatus, Contract, LoanNote};
use app::withdrawn::{WithdrawApplication, why_not_withdrawn};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use basics::{Id, IdKind, Money, Rate};
use door::{Order, Request};
use loan::season::parse_crops;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::loans::Nothing;
use crate::act::{Receipt, Taken, receipt, unexpected};
use crate::extract::{Body, CommandId, public};
use crate::gate::Caller;
use crate::offer::{ContractText, QuoteShown, contract_text, quote_shown};
use crate::problem::{Problem, ProblemDocument};
use crate::session::unhex;
use crate::shown::{ReasonShown, amount, percent};
use crate::{Shared, clock};

/// Reading times that are believed, seconds.
const READ_SECONDS_MAX: u32 = 86_400;

/// A loan is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoanAsked {
    /// The product's code.
    #[schema(example = "season-bullet")]
    product: String,
    /// How much.
    #[schema(example = "10000.00")]
    amount: String,
    /// For how many months.
    term_months: u16,
    /// What for: one of the product's uses.
    #[schema(example = "farming-inputs")]
    purpose: String,
    /// Where the household farms, for a product that follows the seasons: a region or a place of the crop calendar.
    #[schema(example = "henan")]
    region: Option<String>,
    /// What it grows, with the areas in mu.
    #[schema(example = "wheat:4,maize:6")]
    crops: Option<String>,
}

/// Region and crops, which come together or not at all.
pub(crate) fn season_asked(region: Option<String>, crops: Option<&str>) -> Result<Option<SeasonAsked>, Problem> {
    let (region, crops) = match (region, crops) {
        (None, None) => return Ok(None),
        (Some(region), Some(crops)) => (region, crops),
        _ => return Err(Problem::new("season_missing").saying("give region and crops together")),
    };
    let crops = parse_crops(crops).map_err(|error| Problem::new("outside_product").saying(error.to_string()))?;
    Ok(Some(SeasonAsked { region, crops }))
}

/// An application and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationShown {
    application: String,
    /// `received`, `approved`, `referred`, `declined`, `signed`.
    status: &'static str,
    product: String,
    /// What was asked for.
    asked: String,
    term_months: i64,
    purpose: String,
    /// What is approved; 0.00 unless it is.
    approved: String,
    /// Percent a year, where it is approved.
    rate: Option<String>,
    currency: String,
    /// When it was asked, RFC 3339.
    asked_at: String,
    /// Why, where model and rules decided.
    reasons: Vec<ReasonShown>,
    /// Whether the household may ask that a person looks at it.
    may_ask_for_person: bool,
    /// Whether it may be withdrawn.
    may_be_withdrawn: bool,
    /// The contract, once it is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    contract: Option<String>,
    /// `signed` until the loan is drawn, then `drawn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_status: Option<&'static str>,
    /// The loan, once it is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    loan: Option<String>,
    /// The offer, while it is approved and not signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<OfferShown>,
}

/// An offer: the quote, and the text to read and confirm.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferShown {
    #[serde(flatten)]
    quote: QuoteShown,
    contract_text_zh: String,
    contract_text_en: String,
    /// To be sent back with the signature.
    text_hash: String,
    /// Seconds of reading below which nothing is signed.
    read_seconds_min: u32,
}

fn application_shown(row: &Application, assessment: Option<&Assessment>) -> ApplicationShown {
    let approved = row.approved_minor > 0;
    ApplicationShown {
        application: public(IdKind::Application, row.cell, row.id),
        status: row.status.as_str(),
        product: row.product.clone(),
        asked: amount(row.amount_minor),
        term_months: row.term_months,
        purpose: row.purpose.clone(),
        approved: amount(row.approved_minor),
        rate: Rate::from_ppm(row.rate_ppm).ok().filter(|_| approved).map(percent),
        currency: row.currency.to_string(),
        asked_at: row.asked_at.to_rfc3339(),
        reasons: reasons(row, assessment),
        may_ask_for_person: why_no_person(row).is_none(),
        may_be_withdrawn: why_not_withdrawn(row.status).is_none(),
        contract: None,
        contract_status: None,
        loan: None,
        offer: None,
    }
}

/// Adds the contract of a signed application, and its loan.
fn with_contract(shown: &mut ApplicationShown, row: &Application, contracts: &[Contract], loans: &[LoanNote]) {
    let Some(contract) = contracts.iter().find(|contract| contract.application == row.id) else { return };
    shown.contract = Some(public(IdKind::Contract, contract.cell, contract.id));
    shown.contract_status = Some(contract.status.as_str());
    let loan = loans.iter().find(|note| note.contract == contract.id);
    shown.loan = loan.map(|note| public(IdKind::Loan, note.cell, note.id));
}

/// The reason a person gave, or those of model and rules.
fn reasons(row: &Application, assessment: Option<&Assessment>) -> Vec<ReasonShown> {
    match (&row.reason, assessment) {
        (Some(reason), _) => {
            let (zh, en) = (reason.clone(), reason.clone());
            vec![ReasonShown { code: "by_hand".to_owned(), zh, en, help_zh: None, help_en: None }]
        }
        (None, Some(assessment)) => assessment.decision.reasons.iter().map(ReasonShown::from).collect(),
        (None, None) => Vec::new(),
    }
}

/// The record of the decision that an application rests on, where model and rules made it.
pub(crate) fn assessment_of(desk: &Desk, row: &Application) -> Result<Option<Assessment>, Problem> {
    match row.decision {
        Some(decision) => Ok(desk.assessment(row.household, decision)?),
        None => Ok(None),
    }
}

type Decided = (StatusCode, [(HeaderName, HeaderValue); 1], Json<ApplicationShown>);

/// Asks for a loan; model and rules decide at once. `Server-Timing` tells how long that took.
#[utoipa::path(post, path = "/api/v1/households/{hh}/applications", tag = "loans", request_body = LoanAsked,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = ApplicationShown), (status = "default", body = ProblemDocument)))]
pub async fn apply(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<LoanAsked>,
) -> Result<Decided, Problem> {
    let household = api.household(&hh)?;
    let apply = Apply {
        cell: api.desk.cell_of(household),
        household,
        application: command.made("application"),
        product: asked.product,
        amount: api.amount(&asked.amount)?,
        term_months: asked.term_months,
        purpose: asked.purpose,
        season: season_asked(asked.region, asked.crops.as_deref())?,
    };
    let now = api.now();
    let begun = clock::moment();
    let shown = api
        .blocking(move |desk| {
            let application = apply.application;
            let order = Order::Do(Command::Apply(apply));
            let answer = desk.engine.call(Request::plain(command.0, caller.actor, now, order))?;
            let decide = command.made("decide");
            if answer.replayed {
                // What was answered then, whatever has become of it since.
                let row = desk.application(household, application)?;
                let first = desk.assessment(household, decide.derive("decision"))?;
                if row.status != ApplicationStatus::Received {
                    return Ok(as_decided(row, first.as_ref()));
                }
            }
            let decided = desk.decide(decide, household, application, now)?;
            Ok(as_decided(decided.application, decided.assessment.as_ref()))
        })
        .await?;
    let timing = format!("decision;dur={:.3}", begun.elapsed().as_secs_f64() * 1e3);
    let timing = HeaderValue::from_str(&timing).unwrap_or(HeaderValue::from_static("decision"));
    Ok((StatusCode::CREATED, [(HeaderName::from_static("server-timing"), timing)], Json(shown)))
}

/// The application as the machine's decision left it.
fn as_decided(row: Application, first: Option<&Assessment>) -> ApplicationShown {
    let row = match first {
        Some(record) => Application {
            status: record.status(),
            approved_minor: record.approved_minor(),
            rate_ppm: record.rate.ppm(),
            ..row
        },
        None => row,
    };
    application_shown(&row, first)
}

/// The household's applications, oldest first.
#[utoipa::path(get, path = "/api/v1/households/{hh}/applications", tag = "loans",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<ApplicationShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<Vec<ApplicationShown>>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        desk.head(household)?;
        let rows = desk.applications(household)?;
        let (contracts, loans) = (desk.contracts(household)?, desk.loans(household)?);
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut shown = application_shown(row, assessment_of(desk, row)?.as_ref());
            with_contract(&mut shown, row, &contracts, &loans);
            all.push(shown);
        }
        Ok(Json(all))
    })
    .await
}

/// One application; with the offer to sign, while it is approved.
#[utoipa::path(get, path = "/api/v1/households/{hh}/applications/{ap}", tag = "loans",
    params(("hh" = String, Path, description = "The household"), ("ap" = String, Path, description = "The application, `ap-…`")),
    responses((status = 200, body = ApplicationShown), (status = "default", body = ProblemDocument)))]
pub async fn one(
    State(api): State<Shared>,
    Path((hh, ap)): Path<(String, String)>,
) -> Result<Json<ApplicationShown>, Problem> {
    let household = api.household(&hh)?;
    let application = api.thing(&ap, IdKind::Application, household)?;
    let read_seconds_min = api.read_seconds_min();
    api.blocking(move |desk| {
        let row = desk.application(household, application)?;
        let mut shown = application_shown(&row, assessment_of(desk, &row)?.as_ref());
        match row.status {
            ApplicationStatus::Approved => {
                let (quote, text) = offer_of(desk, &row)?;
                shown.offer = Some(OfferShown {
                    quote,
                    text_hash: text.hash_hex(),
                    contract_text_zh: text.zh,
                    contract_text_en: text.en,
                    read_seconds_min,
                });
            }
            ApplicationStatus::Signed => {
                with_contract(&mut shown, &row, &desk.contracts(household)?, &desk.loans(household)?);
            }
            _ => {}
        }
        Ok(Json(shown))
    })
    .await
}

/// What an approved application would be signed at today, and the text of it.
fn offer_of(desk: &Desk, row: &Application) -> Result<(QuoteShown, ContractText), Problem> {
    let quote = desk.offer(row)?;
    let house = desk.house();
    let product = house.product_of(row)?;
    let name = public(IdKind::Application, row.cell, row.id);
    let text = contract_text(&house.institution, &product, &name, &row.purpose, &quote);
    Ok((quote_shown(&product, &quote), text))
}

/// A contract is confirmed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Of the offer that was read.
    text_hash: String,
    /// How long it was read.
    read_seconds: u32,
    /// That it was understood and is agreed to.
    confirmed: bool,
}

/// A contract was signed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Signed {
    contract: String,
    application: String,
}

/// Signs the contract on an approved application, on the text that was read.
#[utoipa::path(post, path = "/api/v1/households/{hh}/applications/{ap}/signature", tag = "loans", request_body = Signature,
    params(("hh" = String, Path, description = "The household"), ("ap" = String, Path, description = "The application"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Signed), (status = "default", body = ProblemDocument)))]
pub async fn sign(
    State(api): State<Shared>,
    Path((hh, ap)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(signature): Body<Signature>,
) -> Result<(StatusCode, Json<Signed>), Problem> {
    let household = api.household(&hh)?;
    let application = api.thing(&ap, IdKind::Application, household)?;
    let seconds_min = api.read_seconds_min();
    if !signature.confirmed {
        return Err(Problem::new("not_confirmed"));
    }
    if !(seconds_min..=READ_SECONDS_MAX).contains(&signature.read_seconds) {
        return Err(Problem::new("not_read").with("seconds_min", seconds_min));
    }
    let hash = unhex(&signature.text_hash).filter(|hash| hash.len() == 32);
    let hash = hash.ok_or_else(|| Problem::new("bad_text_hash"))?;
    let seen = hash.clone();
    api.blocking(move |desk| {
        let row = desk.application(household, application)?;
        // What stands elsewhere than before the signature is for the door to answer: it may have taken this one.
        if row.status == ApplicationStatus::Approved && offer_of(desk, &row)?.1.hash()[..] != seen[..] {
            return Err(Problem::new("text_changed"));
        }
        Ok(())
    })
    .await?;
    let contract = command.made("contract");
    let cell = api.desk.cell_of(household);
    let evidence = format!("confirmed on the page after {} s of reading", signature.read_seconds);
    let sign = Sign { cell, household, application, contract, text_hash: hash.into(), evidence };
    match api.act(caller.actor, command, Command::Sign(sign)).await? {
        Taken::Done(app::Outcome::Done) => {
            let contract = public(IdKind::Contract, cell, contract);
            Ok((
                StatusCode::CREATED,
                Json(Signed { contract, application: public(IdKind::Application, cell, application) }),
            ))
        }
        Taken::Done(other) => Err(unexpected(&other)),
        Taken::Proposed(_) => Err(Problem::new("not_permitted")),
    }
}

/// Asks that a person decides what model and rules decided: the application goes back to the office's queue.
#[utoipa::path(post, path = "/api/v1/households/{hh}/applications/{ap}/review", tag = "loans", request_body = Nothing,
    params(("hh" = String, Path, description = "The household"), ("ap" = String, Path, description = "The application"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn ask_for_person(
    State(api): State<Shared>,
    Path((hh, ap)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(Nothing {}): Body<Nothing>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let application = api.thing(&ap, IdKind::Application, household)?;
    let cell = api.desk.cell_of(household);
    let ask = AskForPerson { cell, household, application };
    receipt(api.act(caller.actor, command, Command::AskForPerson(ask)).await?, cell)
}

/// Withdraws an application on which no contract is signed: an offer that is let go no longer counts in what is owed.
#[utoipa::path(post, path = "/api/v1/households/{hh}/applications/{ap}/withdrawal", tag = "loans", request_body = Nothing,
    params(("hh" = String, Path, description = "The household"), ("ap" = String, Path, description = "The application"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn withdraw(
    State(api): State<Shared>,
    Path((hh, ap)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(Nothing {}): Body<Nothing>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let application = api.thing(&ap, IdKind::Application, household)?;
    let cell = api.desk.cell_of(household);
    let withdraw = WithdrawApplication { cell, household, application };
    receipt(api.act(caller.actor, command, Command::WithdrawApplication(withdraw)).await?, cell)
}

/// An amount that is asked for or approved.
pub(crate) fn money_of(row: &Application, minor: i64) -> Money {
    Money::new(minor, row.currency)
}

/// The decision's id, for decisions by hand.
pub(crate) fn decision_id(command: CommandId) -> Id {
    command.made("decision")
}
