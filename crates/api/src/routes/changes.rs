//! Changes of a loan's rows: a re-plan proposed, read, agreed to, applied, taken back.

use app::change::{AgreeChange, ApplyChange, ProposeReplan, UndoChange, text_hash};
use app::change_books::{ChangeStatus, LoanChange};
use app::command::{Command, Outcome};
use app::desk::Desk;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::money::parse_minor;
use basics::{Date, Id, IdKind, PublicId, Rate, cbor};
use loan::season::{Consent, Departure, GuarantorConsent, preview};
use loan::{Happening, LifeEvent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, Taken, receipt, unexpected};
use crate::extract::{Body, CommandId, public, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};
use crate::session::{hex, unhex};
use crate::shown::amount;

/// A change of a loan and what it does.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeShown {
    /// A UUID.
    change: String,
    /// `replan` or `deferral`.
    kind: &'static str,
    /// `proposed`, `agreed`, `applied` or `undone`.
    status: &'static str,
    proposed_on: String,
    /// The date it counts from.
    from: String,
    /// Interest and fees of the whole loan without it.
    cost_before: String,
    /// The same with it.
    cost_after: String,
    /// Principal that falls due later.
    moved: String,
    /// Whether the borrower has to agree.
    needs_consent: bool,
    /// Rows and totals before and after, as they are signed; gone once the loan has moved on.
    text: Option<String>,
    /// The rows to come without it and with it; gone like the text.
    before: Option<Vec<ChangeRow>>,
    after: Option<Vec<ChangeRow>>,
    /// To be sent back with the consent.
    text_hash: String,
    /// Why it was taken back.
    reason: Option<String>,
}

/// A row of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeRow {
    due: String,
    principal: String,
    total: String,
}

fn rows(schedule: &loan::Schedule) -> Vec<ChangeRow> {
    let shown = |row: &loan::Instalment| ChangeRow {
        due: row.due.to_string(),
        principal: amount(row.principal_fen),
        total: amount(row.total_fen),
    };
    schedule.rows.iter().map(shown).collect()
}

fn change_shown(desk: &Desk, row: &LoanChange) -> Result<ChangeShown, Problem> {
    let event: LifeEvent = cbor::from_bytes(&row.event).map_err(|e| fault(&e.to_string()))?;
    let waits = matches!(row.status, ChangeStatus::Proposed | ChangeStatus::Agreed);
    let text = if waits {
        let (_, terms, life) = desk.loan(row.household, row.loan)?;
        preview(&terms, &life, &event).ok().filter(|shown| text_hash(shown).as_slice() == row.text_hash)
    } else {
        None
    };
    Ok(ChangeShown {
        change: row.id.to_string(),
        kind: if matches!(event.what, Happening::Replanned(_)) { "replan" } else { "deferral" },
        status: row.status.as_str(),
        proposed_on: row.proposed_on.to_string(),
        from: event.value_date.to_string(),
        cost_before: amount(row.cost_before_minor),
        cost_after: amount(row.cost_after_minor),
        moved: amount(row.moved_minor),
        needs_consent: row.needs_consent,
        before: text.as_ref().map(|shown| rows(&shown.before)),
        after: text.as_ref().map(|shown| rows(&shown.after)),
        text: text.map(|shown| shown.to_string()),
        text_hash: hex(&row.text_hash),
        reason: row.reason.clone(),
    })
}

/// The changes of a loan, oldest first.
#[utoipa::path(get, path = "/api/v1/households/{hh}/loans/{ln}/changes", tag = "seasons",
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan")),
    responses((status = 200, body = Vec<ChangeShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
) -> Result<Json<Vec<ChangeShown>>, Problem> {
    let household = api.household(&hh)?;
    let loan = api.thing(&ln, IdKind::Loan, household)?;
    api.blocking(move |desk| {
        let mut rows = desk.changes(household, loan)?;
        rows.sort_by_key(|row| (row.proposed_on, row.id));
        Ok(Json(rows.iter().map(|row| change_shown(desk, row)).collect::<Result<_, _>>()?))
    })
    .await
}

/// What was seen of the harvest.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplanAsked {
    /// `short`, `late` or `lost`.
    #[schema(example = "short")]
    seen: String,
    /// The row that the harvest was to pay: its due date.
    #[schema(example = "2027-06-30")]
    due: String,
    /// Short: income expected by then.
    expected: Option<String>,
    /// Short: income observed by then.
    observed: Option<String>,
    /// Late: when the harvest is expected now.
    to: Option<String>,
    /// Lost: the event's document.
    document: Option<String>,
    /// Lost: how many percent of the harvest.
    lost_percent: Option<String>,
    /// The harvest after the last row, where the last row's falls short.
    next_harvest: Option<String>,
}

/// A re-plan that was computed; nothing is changed yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplanProposed {
    /// A UUID.
    change: String,
    /// What it adds to the cost of the loan.
    added: String,
    /// Whether it waits for the borrower's word.
    needs_consent: bool,
}

fn departure(asked: &ReplanAsked) -> Result<Departure, Problem> {
    let missing = |field: &str| Problem::new("bad_change").saying(format!("`{field}` is missing for this"));
    let day = |text: &str| Date::parse(text).map_err(|e| Problem::new("bad_date").saying(e.to_string()));
    let money = |field: &str, text: &Option<String>| {
        let text = text.as_deref().ok_or_else(|| missing(field))?;
        parse_minor(text).map_err(|e| Problem::new("bad_amount").saying(e.to_string()))
    };
    let due = day(&asked.due)?;
    match asked.seen.as_str() {
        "short" => Ok(Departure::Short {
            due,
            expected_fen: money("expected", &asked.expected)?,
            observed_fen: money("observed", &asked.observed)?,
        }),
        "late" => Ok(Departure::Late { due, to: day(asked.to.as_deref().ok_or_else(|| missing("to"))?)? }),
        "lost" => {
            let percent = asked.lost_percent.as_deref().ok_or_else(|| missing("lost_percent"))?;
            let lost = Rate::parse_percent(percent).map_err(|e| Problem::new("bad_change").saying(e.to_string()))?;
            let document = asked.document.clone().ok_or_else(|| missing("document"))?;
            Ok(Departure::Lost { due, document, lost_ppm: lost.ppm() })
        }
        _ => Err(Problem::new("bad_change").saying("choose short, late or lost as what was seen")),
    }
}

/// Proposes a re-plan from what was seen of the harvest. Nothing is changed by it.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/changes", tag = "seasons", request_body = ReplanAsked,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = ReplanProposed), (status = "default", body = ProblemDocument)))]
pub async fn propose(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<ReplanAsked>,
) -> Result<(StatusCode, Json<ReplanProposed>), Problem> {
    let household = api.household(&hh)?;
    let loan = api.thing(&ln, IdKind::Loan, household)?;
    let next_harvest = asked.next_harvest.as_deref().map(Date::parse).transpose();
    let propose = ProposeReplan {
        cell: api.desk.cell_of(household),
        household,
        loan,
        change: command.made("change"),
        departure: departure(&asked)?,
        next_harvest: next_harvest.map_err(|e| Problem::new("bad_date").saying(e.to_string()))?,
    };
    let change = propose.change.to_string();
    match api.act(caller.actor, command, Command::ProposeReplan(propose)).await? {
        Taken::Done(Outcome::ChangeProposed { added_minor, needs_consent }) => {
            Ok((StatusCode::CREATED, Json(ReplanProposed { change, added: amount(added_minor), needs_consent })))
        }
        Taken::Done(other) => Err(unexpected(&other)),
        Taken::Proposed(_) => Err(Problem::new("not_permitted")),
    }
}

/// The borrower agrees.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeAgreed {
    /// The hash of the text that was read.
    text_hash: String,
    /// At the window: the number of the paper the borrower signed.
    evidence: Option<String>,
    /// Where the loan has a guarantor, his word: `given` or `not_given`; not given, he does not carry what the change adds.
    /// Given is said at the window alone, once he has signed the same text.
    guarantor: Option<String>,
    /// The guarantor who gave it, a person of the guarantees among the contract's papers: `pn-…`.
    guarantor_person: Option<String>,
}

/// What the guarantor said, as it was told.
fn guarantor_word(api: &Shared, given: &ChangeAgreed, text_hash: &[u8]) -> Result<GuarantorConsent, Problem> {
    let wrong = |message: &str| Problem::new("bad_change").saying(message);
    match (given.guarantor.as_deref(), &given.guarantor_person) {
        (None, None) => Ok(GuarantorConsent::NoGuarantor),
        (Some("not_given"), None) => Ok(GuarantorConsent::NotGiven),
        (Some("given"), Some(person)) => {
            let by = PublicId::parse_kind(person, IdKind::Person)?.id;
            let evidence = text_hash.try_into().map_err(|_| Problem::new("bad_text_hash"))?;
            Ok(GuarantorConsent::Given(Consent { by, at: api.now(), evidence }))
        }
        _ => Err(wrong("say given with guarantor_person, or not_given, as the guarantor's word; or leave both out")),
    }
}

/// The borrower agrees to the text that was shown.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/changes/{ch}/consent", tag = "seasons",
    request_body = ChangeAgreed,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan"),
        ("ch" = String, Path, description = "The change, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn consent(
    State(api): State<Shared>,
    Path((hh, ln, ch)): Path<(String, String, String)>,
    caller: Caller,
    command: CommandId,
    Body(given): Body<ChangeAgreed>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let (loan, change) = (api.thing(&ln, IdKind::Loan, household)?, uuid(&ch)?);
    let cell = api.desk.cell_of(household);
    let text_hash = unhex(&given.text_hash).ok_or_else(|| Problem::new("bad_text_hash"))?;
    let person = api.blocking(move |desk| Ok(desk.head(household)?)).await?;
    let (guarantor, evidence) = (guarantor_word(&api, &given, &text_hash)?, given.evidence);
    let agree = AgreeChange { cell, household, loan, change, person, text_hash: text_hash.into(), guarantor, evidence };
    receipt(api.act(caller.actor, command, Command::AgreeChange(agree)).await?, cell)
}

/// Applies a change that was agreed to. It waits (202) for a second person.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/changes/{ch}/application", tag = "seasons",
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan"),
        ("ch" = String, Path, description = "The change, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn apply(
    State(api): State<Shared>,
    Path((hh, ln, ch)): Path<(String, String, String)>,
    caller: Caller,
    command: CommandId,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let (loan, change) = (api.thing(&ln, IdKind::Loan, household)?, uuid(&ch)?);
    let cell = api.desk.cell_of(household);
    let apply = Command::ApplyChange(ApplyChange { cell, household, loan, change });
    receipt(api.act(caller.actor, command, apply).await?, cell)
}

/// A change is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUndo {
    /// Why.
    reason: String,
}

/// Takes a change back: a proposal is dropped, an applied change is undone. It waits (202) for a second person.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/changes/{ch}/undo", tag = "seasons",
    request_body = ChangeUndo,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan"),
        ("ch" = String, Path, description = "The change, a UUID"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn undo(
    State(api): State<Shared>,
    Path((hh, ln, ch)): Path<(String, String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<ChangeUndo>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let (loan, change) = (api.thing(&ln, IdKind::Loan, household)?, uuid(&ch)?);
    let cell = api.desk.cell_of(household);
    let undo = Command::UndoChange(UndoChange { cell, household, loan, change, reason: asked.reason });
    receipt(api.act(caller.actor, command, undo).await?, cell)
}

/// What was seen of the harvest that a row waits for.
#[derive(Debug, Serialize, ToSchema)]
pub struct HarvestShown {
    household: String,
    loan: String,
    /// The row's due date.
    due: String,
    /// What the row asks for.
    expected: String,
    /// What the household has sold since the row before.
    observed: String,
    /// The change that is proposed, a UUID.
    change: Option<String>,
    /// Why none is.
    reason: Option<String>,
}

/// Looks at the harvests of rows that fall due within a week, and proposes re-plans where they depart from the plan. Nothing is
/// changed by it; asked again, a row is not proposed twice.
#[utoipa::path(post, path = "/api/v1/office/harvests", tag = "seasons",
    params(("Command-Id" = String, Header, description = "UUID made by the caller; each loan's command has an id of its own")),
    responses((status = 200, body = Vec<HarvestShown>), (status = "default", body = ProblemDocument)))]
pub async fn watch(State(api): State<Shared>, _: CommandId) -> Result<Json<Vec<HarvestShown>>, Problem> {
    let now = api.now();
    api.blocking(move |desk| {
        let seen = desk.watch_harvests(now)?.into_iter().map(|one| {
            let cell = desk.cell_of(one.household);
            HarvestShown {
                household: public(IdKind::Household, cell, one.household),
                loan: public(IdKind::Loan, cell, one.loan),
                due: one.due.to_string(),
                expected: amount(one.expected_minor),
                observed: amount(one.observed_minor),
                change: one.proposed.as_ref().ok().map(Id::to_string),
                reason: one.proposed.err(),
            }
        });
        Ok(Json(seen.collect()))
    })
    .await
}
