//! The office: referred applications, loans, households, the books and the day.

use app::application::DecideByHand;
use app::close::CloseDay;
use app::command::Command;
use app::desk::{Desk, LoanPage};
use app::quota::{Fund, GrantQuota};
use app::reverse::Reverse;
use app::tables::{Application, ApplicationStatus, Household, HouseholdStatus, LoanState};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Cell, Date, Id, IdKind, Rate};
use door::backend::List;
use door::{Record, Value};
use rails::Phone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::applications::{assessment_of, decision_id, money_of};
use super::household::{FeatureShown, features_shown};
use super::loans::{LoanShown, loan_now};
use crate::Shared;
use crate::act::{Receipt, Taken, receipt, status_of};
use crate::extract::{Body, CommandId, Query, date, public, rate};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};
use crate::shown::{ReasonShown, amount, percent};

/// Rows of a list shown at once at most.
const ROWS_MAX: usize = 200;

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// At most, 1 to 200.
    pub(crate) limit: Option<usize>,
}

impl Limit {
    pub(crate) fn rows(&self) -> usize {
        self.limit.unwrap_or(100).clamp(1, ROWS_MAX)
    }
}

/// An application that a person must decide.
#[derive(Debug, Serialize, ToSchema)]
pub struct Referral {
    application: String,
    household: String,
    /// Name of the head.
    name: Option<String>,
    village: String,
    product: String,
    asked: String,
    currency: String,
    term_months: i64,
    purpose: String,
    asked_at: String,
    /// When the household asked that a person looks at it, RFC 3339, if it did.
    review_asked_at: Option<String>,
    /// Why it was referred.
    reasons: Vec<ReasonShown>,
    /// What the rules would let a person lend.
    suggested: Option<String>,
    /// Percent a year; the rate it would be approved at if none is given.
    rate: Option<String>,
    rating: Option<String>,
    features: Vec<FeatureShown>,
}

/// Applications that wait for a person, oldest first.
#[utoipa::path(get, path = "/api/v1/office/referrals", tag = "office", params(Limit),
    responses((status = 200, body = Vec<Referral>), (status = "default", body = ProblemDocument)))]
pub async fn referrals(State(api): State<Shared>, Query(limit): Query<Limit>) -> Result<Json<Vec<Referral>>, Problem> {
    api.blocking(move |desk| {
        let rows = desk.queue(ApplicationStatus::Referred, limit.rows())?;
        Ok(Json(rows.iter().map(|row| referral(desk, row)).collect::<Result<_, _>>()?))
    })
    .await
}

fn referral(desk: &Desk, row: &Application) -> Result<Referral, Problem> {
    let record = assessment_of(desk, row)?;
    let view = desk.household(row.household)?;
    let decision = record.as_ref().map(|record| &record.decision);
    Ok(Referral {
        application: public(IdKind::Application, row.cell, row.id),
        household: public(IdKind::Household, row.cell, row.household),
        name: desk.field(row.household, desk.head(row.household)?, "name")?,
        village: view.household.village,
        product: row.product.clone(),
        asked: amount(row.amount_minor),
        currency: row.currency.to_string(),
        term_months: row.term_months,
        purpose: row.purpose.clone(),
        asked_at: row.asked_at.to_rfc3339(),
        review_asked_at: row.review_asked_at.map(|at| at.to_rfc3339()),
        reasons: decision.map(|d| d.reasons.iter().map(ReasonShown::from).collect()).unwrap_or_default(),
        suggested: decision.map(|d| amount(d.amount_minor)),
        rate: record.as_ref().map(|record| percent(record.rate)),
        rating: decision.and_then(|d| d.rating.clone()),
        features: record.map(|record| features_shown(|name| record.features.get(name))).unwrap_or_default(),
    })
}

/// Whose application.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OfHousehold {
    /// The household, `hh-…`.
    household: String,
}

/// A person decides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandDecision {
    /// Whether to lend.
    approve: bool,
    /// How much; what was asked for if not given.
    amount: Option<String>,
    /// One of the product's rates, percent a year; the assessed one if not given.
    rate: Option<String>,
    /// Why, for the record.
    reason: String,
}

/// What a decision by hand came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandDecided {
    /// `approved`, `declined` or `proposed`.
    status: String,
    /// What is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<String>,
    /// The proposal, where the amount asks for two people.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<String>,
}

/// Decides a referred application; where the amount asks for two people, proposes it (202).
#[utoipa::path(post, path = "/api/v1/office/applications/{ap}/decision", tag = "office", request_body = HandDecision,
    params(("ap" = String, Path, description = "The application"), OfHousehold,
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = HandDecided), (status = 202, body = HandDecided), (status = "default", body = ProblemDocument)))]
pub async fn decide(
    State(api): State<Shared>,
    Path(ap): Path<String>,
    Query(of): Query<OfHousehold>,
    caller: Caller,
    command: CommandId,
    Body(typed): Body<HandDecision>,
) -> Result<(StatusCode, Json<HandDecided>), Problem> {
    let household = api.household(&of.household)?;
    let application = api.thing(&ap, IdKind::Application, household)?;
    let approved = typed.amount.as_deref().map(|text| api.amount(text)).transpose()?;
    let rate = typed.rate.as_deref().map(rate).transpose()?;
    if typed.approve && approved.is_some_and(|amount| !amount.is_positive()) {
        return Err(Problem::new("amount_not_positive"));
    }
    let decide = api
        .blocking(move |desk| {
            let row = desk.application(household, application)?;
            let (approved, rate) = if typed.approve {
                let approved = approved.unwrap_or_else(|| money_of(&row, row.amount_minor));
                (approved, rate.map_or_else(|| assessed_rate(desk, &row), Ok)?)
            } else {
                (money_of(&row, 0), Rate::ZERO)
            };
            let (cell, decision, reason) = (row.cell, decision_id(command), typed.reason);
            Ok(DecideByHand { cell, household, application, decision, approved, rate, reason })
        })
        .await?;
    Ok(match api.act(caller.actor, command, Command::DecideByHand(decide)).await? {
        Taken::Done(outcome) => {
            let approved = match &outcome {
                app::Outcome::Decided { approved_minor, .. } => Some(amount(*approved_minor)),
                _ => None,
            };
            let status = status_of(&outcome).to_owned();
            (StatusCode::CREATED, Json(HandDecided { status, approved, proposal: None }))
        }
        Taken::Proposed(Receipt { status, proposal, .. }) => {
            (StatusCode::ACCEPTED, Json(HandDecided { status, approved: None, proposal }))
        }
    })
}

/// The rate of an application's row, as model and rules set it; without them the product's own, or its dearest.
fn assessed_rate(desk: &Desk, row: &Application) -> Result<Rate, Problem> {
    if row.rate_ppm > 0 {
        return Rate::from_ppm(row.rate_ppm).map_err(|error| fault(&error.to_string()));
    }
    let product = desk.house().product_of(row)?;
    let months = u16::try_from(row.term_months).map_err(|error| fault(&error.to_string()))?;
    let product = product
        .priced_for(loan::Term::Months(months), desk.open_date(row.cell)?)
        .map_err(|error| Problem::new("outside_product").saying(error.to_string()))?;
    let dearest = || product.pricing.rates().into_iter().max().unwrap_or(Rate::ZERO);
    Ok(product.price(None).unwrap_or_else(|_| dearest()))
}

/// Which loans.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LoansAsked {
    /// At most, 1 to 200.
    limit: Option<usize>,
    /// `open` (if not given) or `closed`.
    status: Option<String>,
    /// Of this product.
    product: Option<String>,
    /// More days late than this, by the oldest due date that is not met.
    late_over: Option<u16>,
    /// The loan last shown: those after it.
    after: Option<String>,
    /// The household of that loan.
    after_household: Option<String>,
}

/// Loans by their next due date, a page at a time: the next begins after the last that was shown.
#[utoipa::path(get, path = "/api/v1/office/loans", tag = "office", params(LoansAsked),
    responses((status = 200, body = Vec<LoanShown>), (status = "default", body = ProblemDocument)))]
pub async fn loans(
    State(api): State<Shared>,
    Query(asked): Query<LoansAsked>,
) -> Result<Json<Vec<LoanShown>>, Problem> {
    let status = match asked.status.as_deref() {
        None | Some("open") => LoanState::Open,
        Some("closed") => LoanState::Closed,
        Some(_) => return Err(Problem::new("bad_query").saying("status is open or closed")),
    };
    let last = match (asked.after_household.as_deref(), asked.after.as_deref()) {
        (None, None) => None,
        (Some(household), Some(loan)) => {
            let household = api.household(household)?;
            Some((household, api.thing(loan, IdKind::Loan, household)?))
        }
        _ => {
            return Err(Problem::new("bad_query").saying("give after and after_household together, as they were shown"));
        }
    };
    let limit = Limit { limit: asked.limit }.rows();
    api.blocking(move |desk| {
        let today = desk.open_date(Cell::OFFICE)?;
        let due_before = asked.late_over.map(|days| today.add_days(-i32::from(days)));
        let after = last.map(|(household, loan)| desk.loan(household, loan)).transpose()?;
        let after = after.map(|(note, ..)| (note.next_due, note.id));
        let page = LoanPage { status, product: asked.product, due_before, after, limit };
        let notes = desk.loans_by_due(&page)?;
        let shown = notes.iter().map(|note| {
            let mut loan = loan_now(desk, note.household, note.id)?;
            loan.name = desk.field(note.household, desk.head(note.household)?, "name")?;
            Ok(loan)
        });
        Ok(Json(shown.collect::<Result<_, Problem>>()?))
    })
    .await
}

/// Which households.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Of this village.
    village: Option<String>,
    /// Reached under this phone.
    phone: Option<String>,
    /// At most, 1 to 200.
    limit: Option<usize>,
}

/// A household that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdFound {
    household: String,
    /// Name of the head.
    name: Option<String>,
    /// Its phone with the middle hidden.
    phone_masked: Option<String>,
    village: String,
    /// `active` or `buried`.
    status: &'static str,
    enrolled_on: String,
}

/// Finds households by village or by phone.
#[utoipa::path(get, path = "/api/v1/office/households", tag = "office", params(Search),
    responses((status = 200, body = Vec<HouseholdFound>), (status = "default", body = ProblemDocument)))]
pub async fn households(
    State(api): State<Shared>,
    Query(search): Query<Search>,
) -> Result<Json<Vec<HouseholdFound>>, Problem> {
    let limit = Limit { limit: search.limit }.rows();
    let phone = search.phone.as_deref().map(Phone::parse).transpose()?;
    api.blocking(move |desk| {
        let found: Vec<Id> = match (phone, search.village) {
            (Some(phone), village) => {
                let contacts = desk.by_phone(phone.as_str())?;
                let mut found = Vec::new();
                for contact in contacts.iter().take(limit) {
                    let view = desk.household(contact.household)?;
                    if village.as_ref().is_none_or(|village| *village == view.household.village) {
                        found.push(contact.household);
                    }
                }
                found
            }
            (None, Some(village)) => in_village(desk, &village, limit)?,
            (None, None) => return Err(Problem::new("bad_query").saying("name a village or a phone")),
        };
        let shown = found.into_iter().map(|id| {
            let view = desk.household(id)?;
            let head = desk.head(id)?;
            let phone = desk.field(id, head, "phone")?.and_then(|phone| Phone::parse(&phone).ok());
            Ok(HouseholdFound {
                household: public(IdKind::Household, view.household.cell, id),
                name: desk.field(id, head, "name")?,
                phone_masked: phone.map(|phone| phone.masked()),
                status: view.household.status.as_str(),
                village: view.household.village,
                enrolled_on: view.household.enrolled_on.to_string(),
            })
        });
        Ok(Json(shown.collect::<Result<_, Problem>>()?))
    })
    .await
}

fn in_village(desk: &Desk, village: &str, limit: usize) -> Result<Vec<Id>, Problem> {
    let mut found = Vec::new();
    for cell in 1..=desk.engine.backend().cells() {
        let list = List {
            table: Household::table(),
            equal: vec![("cell", Value::Int(i64::from(cell))), ("village", Value::Text(village.into()))],
            order: vec!["id"],
            descending: false,
            after: None,
            limit: limit - found.len(),
        };
        let rows = desk.readers.with(|reader| reader.list(&list))?;
        for row in &rows {
            let row = Household::from_row(row).map_err(|error| fault(&error.to_string()))?;
            if row.status == HouseholdStatus::Active {
                found.push(row.id);
            }
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// The trial balance 试算平衡表.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialBalance {
    open_date: String,
    lines: Vec<TrialLineShown>,
    debit_total: String,
    credit_total: String,
}

/// A subject and its balance.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialLineShown {
    subject: u32,
    zh: String,
    en: String,
    currency: String,
    debit: String,
    credit: String,
}

/// The trial balance over all cells.
#[utoipa::path(get, path = "/api/v1/office/trial-balance", tag = "office",
    responses((status = 200, body = TrialBalance), (status = "default", body = ProblemDocument)))]
pub async fn trial_balance(State(api): State<Shared>) -> Result<Json<TrialBalance>, Problem> {
    api.blocking(move |desk| {
        let lines = desk.trial_balance()?;
        let sum = |side: fn(&app::desk::TrialLine) -> i64| lines.iter().map(side).fold(0, i64::saturating_add);
        let (debit, credit) = (sum(|line| line.debit_minor), sum(|line| line.credit_minor));
        let shown = lines.iter().map(|line| TrialLineShown {
            subject: line.subject,
            zh: line.zh.clone(),
            en: line.en.clone(),
            currency: line.currency.to_string(),
            debit: amount(line.debit_minor),
            credit: amount(line.credit_minor),
        });
        Ok(Json(TrialBalance {
            open_date: desk.open_date(Cell::OFFICE)?.to_string(),
            lines: shown.collect(),
            debit_total: amount(debit),
            credit_total: amount(credit),
        }))
    })
    .await
}

/// Capital was paid in at the bank.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FundTold {
    /// How much.
    amount: String,
    /// The bank's reference.
    reference: String,
}

/// Books capital that was paid in; a second person approves.
#[utoipa::path(post, path = "/api/v1/office/funds", tag = "office", request_body = FundTold,
    params(("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn fund(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<FundTold>,
) -> Receipted {
    let fund = Fund { amount: api.amount(&told.amount)?, reference: told.reference };
    receipt(api.act(caller.actor, command, Command::Fund(fund)).await?, Cell::OFFICE)
}

/// A cell gets part of the bank balance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaGiven {
    /// Which cell, from 1.
    cell: u16,
    /// How much.
    amount: String,
}

/// Gives a cell part of the office's bank balance.
#[utoipa::path(post, path = "/api/v1/office/quotas", tag = "office", request_body = QuotaGiven,
    params(("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn grant(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Body(given): Body<QuotaGiven>,
) -> Receipted {
    let grant = GrantQuota { to: Cell(given.cell), amount: api.amount(&given.amount)? };
    receipt(api.act(caller.actor, command, Command::GrantQuota(grant)).await?, Cell::OFFICE)
}

/// How far the close of a day has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayShown {
    date: String,
    /// `open`, `closing` or `closed`.
    status: &'static str,
    /// The institution's open day.
    open_date: String,
    /// How many cells must close it.
    cells: i64,
    /// How many have.
    closed_cells: i64,
}

/// Closes the institution's day: begins it and answers at once.
#[utoipa::path(post, path = "/api/v1/office/days/{date}/close", tag = "office",
    params(("date" = String, Path, description = "The open day"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn close_day(
    State(api): State<Shared>,
    Path(day): Path<String>,
    caller: Caller,
    command: CommandId,
) -> Receipted {
    let close = CloseDay { day: date(&day)? };
    receipt(api.act(caller.actor, command, Command::CloseDay(close)).await?, Cell::OFFICE)
}

/// How far the close of a day has come.
#[utoipa::path(get, path = "/api/v1/office/days/{date}", tag = "office",
    params(("date" = String, Path, description = "The day")),
    responses((status = 200, body = DayShown), (status = "default", body = ProblemDocument)))]
pub async fn day(State(api): State<Shared>, Path(day): Path<String>) -> Result<Json<DayShown>, Problem> {
    let day: Date = date(&day)?;
    api.blocking(move |desk| {
        let open_date = desk.open_date(Cell::OFFICE)?;
        let all = i64::from(desk.engine.backend().cells());
        let (status, cells, closed_cells) = match desk.business_day(day)? {
            Some(row) => (if row.closed { "closed" } else { "closing" }, row.expected, row.received),
            None if day == open_date => ("open", all, 0),
            None => return Err(Problem::new("unknown_day")),
        };
        let (date, open_date) = (day.to_string(), open_date.to_string());
        Ok(Json(DayShown { date, status, open_date, cells, closed_cells }))
    })
    .await
}

/// What the close of a day did, in all cells together.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayReportShown {
    date: String,
    /// Whether the institution has closed it.
    closed: bool,
    /// How long it took, in milliseconds, where that was measured.
    took_ms: Option<i64>,
    /// Loans that something happened to by itself.
    loans: i64,
    /// Entries booked.
    entries: i64,
    /// Interest accrued.
    accrued: String,
    /// Interest that fell due.
    due: String,
    /// Loans whose class changed.
    class_moves: i64,
    /// What the allowance was raised by.
    provision: String,
    /// Interest accrued, by group.
    groups: Vec<AccruedShown>,
}

/// Interest accrued by loans that grow alike.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccruedShown {
    product: String,
    /// Stage of expected loss, 1 to 3.
    stage: u8,
    /// Whether it is income as it accrues; otherwise it is kept off balance.
    accruing: bool,
    accrued: String,
}

/// What the close of a day did.
#[utoipa::path(get, path = "/api/v1/office/days/{date}/report", tag = "office",
    params(("date" = String, Path, description = "The day")),
    responses((status = 200, body = DayReportShown), (status = "default", body = ProblemDocument)))]
pub async fn day_report(State(api): State<Shared>, Path(day): Path<String>) -> Result<Json<DayReportShown>, Problem> {
    let day: Date = date(&day)?;
    api.blocking(move |desk| {
        let report = desk.day_report(day)?.ok_or_else(|| Problem::new("unknown_day"))?;
        let groups = report.groups.iter().map(|(group, minor)| AccruedShown {
            product: group.product.clone(),
            stage: group.stage.loss_stage(),
            accruing: group.stage.is_accruing(),
            accrued: amount(*minor),
        });
        Ok(Json(DayReportShown {
            date: day.to_string(),
            closed: report.closed,
            took_ms: report.took_millis,
            loans: report.sum(|cell| cell.loans),
            entries: report.sum(|cell| cell.entries),
            accrued: amount(report.sum(|cell| cell.accrued_minor)),
            due: amount(report.sum(|cell| cell.due_minor)),
            class_moves: report.sum(|cell| cell.class_moves),
            provision: amount(report.sum(|cell| cell.provision_minor)),
            groups: groups.collect(),
        }))
    })
    .await
}

/// An entry is to be undone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReversalAsked {
    /// The entry, as an account shows it: cell, record and fact.
    #[schema(example = "7.12.0")]
    entry: String,
    /// Why.
    reason: String,
}

/// Undoes an entry; a second person approves.
#[utoipa::path(post, path = "/api/v1/office/reversals", tag = "office", request_body = ReversalAsked,
    params(("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn reverse(
    State(api): State<Shared>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<ReversalAsked>,
) -> Receipted {
    let (cell, seq, fact) = super::household::place_of(&asked.entry)?;
    let cell = u16::try_from(cell).map(Cell).map_err(|_| Problem::new("unknown_cell"))?;
    let reverse = Reverse { cell, seq, fact, reason: asked.reason };
    receipt(api.act(caller.actor, command, Command::Reverse(reverse)).await?, cell)
}
