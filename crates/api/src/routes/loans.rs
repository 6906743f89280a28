//! Loans: drawn, looked at, paid.

use app::command::Command;
use app::correct::CorrectLoan;
use app::desk::Desk;
use app::repay::Repay;
use app::sign::Draw;
use app::tables::{CrossingState, LoanNote, LoanState};
use app::transfer::ReleasePayout;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Date, Id, IdKind, Rate};
use loan::act::NewRates;
use loan::life::in_order;
use loan::{
    Allocation, Component, Happening, InstalmentState, LifeEvent, LoanClass, LoanStatus, LoanTerms, effects, fold,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::loan_acts::waivable;
use crate::Shared;
use crate::act::{Receipt, Taken, receipt, unexpected};
use crate::extract::{Body, CommandId, date, public, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};
use crate::shown::{amount, percent};

/// A loan was drawn.
#[derive(Debug, Serialize, ToSchema)]
pub struct Drawn {
    loan: String,
    contract: String,
    /// What came into the wallet.
    principal: String,
    currency: String,
    drawn_on: String,
    maturity: String,
}

/// Nothing is asked beside the address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// How much is drawn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawAsked {
    /// All that is left to be drawn if not given; a part where the contract is drawn in parts.
    #[schema(example = "5000.00")]
    amount: Option<String>,
}

/// Draws the loan of a signed contract into the wallet, or a part of it; a further part goes to the same loan.
#[utoipa::path(post, path = "/api/v1/households/{hh}/contracts/{ct}/drawdown", tag = "loans", request_body = DrawAsked,
    params(("hh" = String, Path, description = "The household"), ("ct" = String, Path, description = "The contract, `ct-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Drawn), (status = "default", body = ProblemDocument)))]
pub async fn draw(
    State(api): State<Shared>,
    Path((hh, ct)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<DrawAsked>,
) -> Result<(StatusCode, Json<Drawn>), Problem> {
    let household = api.household(&hh)?;
    let contract = api.thing(&ct, IdKind::Contract, household)?;
    let drawn_before = api.blocking(move |desk| {
        let mut notes = desk.loans(household)?;
        notes.retain(|note| note.contract == contract && note.status != LoanState::Undone);
        Ok(notes.first().map(|note| note.id))
    });
    let loan = drawn_before.await?.unwrap_or_else(|| command.made("loan"));
    let amount_asked = asked.amount.as_deref().map(|text| api.amount(text)).transpose()?;
    let draw = Draw { cell: api.desk.cell_of(household), household, contract, loan, amount: amount_asked };
    match api.act(caller.actor, command, Command::Draw(draw)).await? {
        Taken::Done(app::Outcome::Done) => {}
        Taken::Done(other) => return Err(unexpected(&other)),
        Taken::Proposed(_) => return Err(Problem::new("not_permitted")),
    }
    api.blocking(move |desk| {
        let (note, ..) = desk.loan(household, loan)?;
        Ok((
            StatusCode::CREATED,
            Json(Drawn {
                loan: public(IdKind::Loan, note.cell, note.id),
                contract: public(IdKind::Contract, note.cell, note.contract),
                principal: amount(note.principal_minor),
                currency: note.currency.to_string(),
                drawn_on: note.drawn_on.to_string(),
                maturity: note.maturity.to_string(),
            }),
        ))
    })
    .await
}

/// A loan in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoanShown {
    loan: String,
    household: String,
    /// Name of the head, in lists of the office.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    contract: String,
    product: String,
    principal: String,
    /// Principal not yet paid.
    outstanding: String,
    currency: String,
    /// `active`, `overdue` or `closed`.
    status: &'static str,
    drawn_on: String,
    maturity: String,
    /// The next due date that is not met.
    next_due: Option<String>,
    /// What is due today and before.
    due_today: String,
    /// What would close the loan today.
    payoff_today: String,
}

/// A loan with its schedule and history.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoanDetail {
    #[serde(flatten)]
    loan: LoanShown,
    /// Percent a year.
    rate: String,
    as_of: String,
    /// Money that went to a payee in another cell: `sent`, `paid`, `turned_back` and held until two people set it free, or
    /// `released`. None where it stayed in the cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    payout: Option<&'static str>,
    schedule: Vec<InstalmentShown>,
    history: Vec<HappeningShown>,
}

/// An instalment and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstalmentShown {
    number: u16,
    due: String,
    principal: String,
    interest: String,
    fee: String,
    /// Penalty and interest on unpaid interest, so far.
    penalty: String,
    total: String,
    paid: String,
    /// `upcoming`, `due`, `partly_paid`, `overdue` or `paid`.
    status: &'static str,
}

/// Something that happened to a loan.
#[derive(Debug, Serialize, ToSchema)]
pub struct HappeningShown {
    /// The event, as a correction names it.
    event: String,
    date: String,
    /// `disbursed`, `paid`, `waived`, `refunded`, `reversed`, `collection_run`, `noticed`, `replanned`, `deferred`.
    kind: &'static str,
    amount: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation: Option<AllocationShown>,
}

/// What money paid.
#[derive(Debug, Serialize, ToSchema)]
pub struct AllocationShown {
    principal: String,
    interest: String,
    fee: String,
    /// Penalty and interest on unpaid interest.
    penalty: String,
}

impl From<&Allocation> for AllocationShown {
    fn from(paid: &Allocation) -> AllocationShown {
        AllocationShown {
            principal: amount(paid.principal_fen),
            interest: amount(paid.interest_fen),
            fee: amount(paid.fee_fen),
            penalty: amount(paid.penalty_fen.saturating_add(paid.compound_fen)),
        }
    }
}

fn broken(note: &LoanNote) -> impl Fn(loan::LoanError) -> Problem + '_ {
    |error| fault(&format!("loan {}: {error}", note.id))
}

/// A loan as it stands on a date.
pub(crate) fn loan_shown(
    note: &LoanNote,
    terms: &LoanTerms,
    life: &[LifeEvent],
    today: Date,
) -> Result<(LoanShown, loan::LoanState), Problem> {
    let state = fold(terms, life, today).map_err(broken(note))?;
    let due = state.overdue_parts().and_then(|parts| parts.total_fen()).map_err(broken(note))?;
    let next_due = state.oldest_unpaid_due.or(state.next_due).filter(|_| state.closed_on.is_none());
    let shown = LoanShown {
        loan: public(IdKind::Loan, note.cell, note.id),
        household: public(IdKind::Household, note.cell, note.household),
        name: None,
        contract: public(IdKind::Contract, note.cell, note.contract),
        product: note.product.clone(),
        principal: amount(note.principal_minor),
        outstanding: amount(state.principal_fen),
        currency: note.currency.to_string(),
        status: match state.status {
            LoanStatus::Signed => "signed",
            LoanStatus::Active => "active",
            LoanStatus::Overdue => "overdue",
            LoanStatus::Closed => "closed",
        },
        drawn_on: note.drawn_on.to_string(),
        maturity: note.maturity.to_string(),
        next_due: next_due.map(|date| date.to_string()),
        due_today: amount(due),
        payoff_today: amount(state.payoff_fen),
    };
    Ok((shown, state))
}

/// What is due on a loan today and what would close it, in minor units.
pub(crate) fn due_and_payoff(desk: &Desk, household: Id, id: Id) -> Result<(i64, i64), Problem> {
    let (note, terms, life) = desk.loan(household, id)?;
    let state = fold(&terms, &life, desk.open_date(note.cell)?).map_err(broken(&note))?;
    let due = state.overdue_parts().and_then(|parts| parts.total_fen()).map_err(broken(&note))?;
    Ok((due, state.payoff_fen))
}

pub(crate) fn loan_now(desk: &Desk, household: Id, id: Id) -> Result<LoanShown, Problem> {
    let (note, terms, life) = desk.loan(household, id)?;
    let today = desk.open_date(note.cell)?;
    Ok(loan_shown(&note, &terms, &life, today)?.0)
}

/// The household's loans.
#[utoipa::path(get, path = "/api/v1/households/{hh}/loans", tag = "loans",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<LoanShown>), (status = "default", body = ProblemDocument)))]
pub async fn list(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<Vec<LoanShown>>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        desk.head(household)?;
        let notes = desk.loans(household)?;
        let shown: Result<Vec<LoanShown>, Problem> =
            notes.iter().map(|note| loan_now(desk, household, note.id)).collect();
        Ok(Json(shown?))
    })
    .await
}

/// One loan with its schedule and history.
#[utoipa::path(get, path = "/api/v1/households/{hh}/loans/{ln}", tag = "loans",
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan, `ln-…`")),
    responses((status = 200, body = LoanDetail), (status = "default", body = ProblemDocument)))]
pub async fn one(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
) -> Result<Json<LoanDetail>, Problem> {
    let household = api.household(&hh)?;
    let id = api.thing(&ln, IdKind::Loan, household)?;
    api.blocking(move |desk| {
        let (note, terms, life) = desk.loan(household, id)?;
        let today = desk.open_date(note.cell)?;
        let (loan, state) = loan_shown(&note, &terms, &life, today)?;
        let schedule: Result<Vec<InstalmentShown>, loan::LoanError> =
            state.instalments.iter().map(|row| instalment_shown(row, today)).collect();
        Ok(Json(LoanDetail {
            loan,
            rate: percent(terms.rate),
            as_of: today.to_string(),
            payout: payout(desk, household, &life)?,
            schedule: schedule.map_err(broken(&note))?,
            history: history(&terms, &life).map_err(broken(&note))?,
        }))
    })
    .await
}

/// Where the money of a loan is that was drawn for a payee in another cell.
fn payout(desk: &Desk, household: Id, life: &[LifeEvent]) -> Result<Option<&'static str>, Problem> {
    let Some(drawn) = drawn_by(life) else { return Ok(None) };
    Ok(desk.payout(household, drawn)?.and_then(|state| match state {
        CrossingState::Reserved => Some("sent"),
        CrossingState::Posted => Some("paid"),
        CrossingState::TurnedBack => Some("turned_back"),
        CrossingState::Voided => Some("released"),
        CrossingState::Arrived | CrossingState::Returned => None,
    }))
}

/// The drawing of a loan, which is the command that sent its money on.
fn drawn_by(life: &[LifeEvent]) -> Option<Id> {
    life.iter().find(|event| matches!(event.what, Happening::Disbursed { .. })).map(|event| event.id)
}

fn instalment_shown(row: &InstalmentState, today: Date) -> Result<InstalmentShown, loan::LoanError> {
    let (due, paid) = (row.due.total_fen()?, row.paid.total_fen()?);
    let unpaid = Component::ALL.iter().any(|component| row.unpaid_fen(*component) > 0);
    let status = match (unpaid, row.is_due) {
        (false, _) => "paid",
        (true, false) => "upcoming",
        (true, true) if row.due_on < today => "overdue",
        (true, true) if paid > 0 => "partly_paid",
        (true, true) => "due",
    };
    Ok(InstalmentShown {
        number: row.number,
        due: row.due_on.to_string(),
        principal: amount(row.due.principal_fen),
        interest: amount(row.due.interest_fen),
        fee: amount(row.due.fee_fen),
        penalty: amount(row.due.penalty_fen.saturating_add(row.due.compound_fen)),
        total: amount(due),
        paid: amount(paid),
        status,
    })
}

/// What happened, with what each payment paid: the difference of the states before and after it.
fn history(terms: &LoanTerms, life: &[LifeEvent]) -> Result<Vec<HappeningShown>, loan::LoanError> {
    let ordered: Vec<LifeEvent> = in_order(life).into_iter().cloned().collect();
    let mut shown = Vec::with_capacity(ordered.len());
    for (place, event) in ordered.iter().enumerate() {
        let allocation = match event.what {
            Happening::Paid { .. } | Happening::Prepaid(_) => {
                let before = fold(terms, ordered.get(..place).unwrap_or_default(), event.value_date)?;
                let after = fold(terms, ordered.get(..=place).unwrap_or_default(), event.value_date)?;
                Some(effects(&before, &after)?.allocation())
            }
            _ => None,
        };
        let (kind, minor) = match event.what {
            Happening::Disbursed { amount_fen } => ("disbursed", amount_fen),
            Happening::Paid { amount_fen } => ("paid", amount_fen),
            Happening::Waived { amount_fen, .. } => ("waived", amount_fen),
            Happening::Refunded { amount_fen } => ("refunded", amount_fen),
            Happening::Reversed { .. } => ("reversed", 0),
            Happening::CollectionRun { .. } => ("collection_run", 0),
            Happening::Noticed { .. } => ("noticed", 0),
            Happening::Replanned(_) => ("replanned", 0),
            Happening::Deferred(_) => ("deferred", 0),
            Happening::Received { amount_fen, .. } => ("received", amount_fen),
            Happening::ChargeAdded { .. } => ("charge_added", 0),
            Happening::ChargeWaived { .. } => ("charge_waived", 0),
            Happening::ChargeAdjusted { amount_fen, .. } => ("charge_adjusted", amount_fen),
            Happening::ChargedBack { amount_fen, .. } => ("charged_back", amount_fen),
            Happening::ChargedOff => ("charged_off", 0),
            Happening::WrittenOff => ("written_off", 0),
            Happening::Rescheduled { .. } => ("rescheduled", 0),
            Happening::Reaged { .. } => ("reaged", 0),
            Happening::Reamortised => ("reamortised", 0),
            Happening::RefundedCash { amount_fen } => ("payment_refunded", amount_fen),
            Happening::Prepaid(prepayment) => ("prepaid", prepayment.amount_fen),
            Happening::Extended(_) => ("extended", 0),
            Happening::Restructured(_) => ("restructured", 0),
            Happening::RateReset(_) => ("rate_reset", 0),
            Happening::Misused { .. } => ("misused", 0),
            Happening::Judged { .. } => ("judged", 0),
            Happening::Linked(_) => ("linked", 0),
            Happening::BorrowerDied => ("borrower_died", 0),
            Happening::HandedOver { .. } => ("handed_over", 0),
        };
        shown.push(HappeningShown {
            event: event.id.to_string(),
            date: event.value_date.to_string(),
            kind,
            amount: amount(minor),
            allocation: allocation.as_ref().map(AllocationShown::from),
        });
    }
    Ok(shown)
}

/// What a correction dates back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Corrected {
    /// Money came in: it is taken from the wallet now, and counts from the value date.
    Paid {
        /// How much.
        amount: String,
    },
    /// An event is taken back; what it paid returns to the wallet. A drawing is taken back on its own day only.
    Reversed {
        /// The event, as the loan's history shows it.
        event: String,
    },
    /// Part of what was due was let off.
    Waived {
        /// `interest`, `fee`, `penalty` or `compound`.
        component: String,
        /// How much.
        amount: String,
    },
    /// Money ahead of its time went back to the wallet.
    Refunded {
        /// How much.
        amount: String,
    },
    /// The contract rate was set anew, on a day on which the contract asks for it.
    RateReset {
        /// Contract rate, percent a year.
        rate: String,
        /// Rate on what is overdue, percent a year.
        penalty_rate: String,
    },
    /// The money was found to be used for something else than agreed.
    Misused {
        /// Rate from then on, percent a year.
        penalty_rate: String,
    },
    /// The class was judged.
    Judged {
        /// Place on the class ladder, from 0.
        class: u8,
    },
    /// The borrower died.
    BorrowerDied,
}

impl Corrected {
    fn happening(&self, api: &Shared) -> Result<Happening, Problem> {
        let bad = |message: String| Problem::new("bad_change").saying(message);
        let rate = |name: &str, text: &str| Rate::parse_percent(text).map_err(|e| bad(format!("`{name}`: {e}")));
        let minor = |text: &str| api.amount(text).map(|amount| amount.minor());
        Ok(match self {
            Corrected::Paid { amount } => Happening::Paid { amount_fen: minor(amount)? },
            Corrected::Reversed { event } => Happening::Reversed { target: uuid(event)? },
            Corrected::Waived { component, amount } => {
                Happening::Waived { what: waivable(component)?, amount_fen: minor(amount)? }
            }
            Corrected::Refunded { amount } => Happening::Refunded { amount_fen: minor(amount)? },
            Corrected::RateReset { rate: new, penalty_rate } => Happening::RateReset(NewRates {
                rate: rate("rate", new)?,
                penalty_rate: rate("penalty_rate", penalty_rate)?,
            }),
            Corrected::Misused { penalty_rate } => {
                Happening::Misused { penalty_rate: rate("penalty_rate", penalty_rate)? }
            }
            Corrected::Judged { class } => Happening::Judged { class: LoanClass(*class) },
            Corrected::BorrowerDied => Happening::BorrowerDied,
        })
    }
}

/// An event of a loan is dated back into closed days.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CorrectionAsked {
    /// The date it counts from.
    value_date: String,
    /// What happened.
    what: Corrected,
    /// What it rests on: a slip, a letter.
    reference: String,
    /// Why it is booked late.
    reason: String,
}

/// Dates an event of a loan back; a second person approves.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/corrections", tag = "loans",
    request_body = CorrectionAsked,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn correct(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<CorrectionAsked>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let loan = api.thing(&ln, IdKind::Loan, household)?;
    let cell = api.desk.cell_of(household);
    let what = asked.what.happening(&api)?;
    let value_date = date(&asked.value_date)?;
    let CorrectionAsked { reference, reason, .. } = asked;
    let correct = CorrectLoan { cell, household, loan, value_date, what, reference, reason };
    receipt(api.act(caller.actor, command, Command::CorrectLoan(correct)).await?, cell)
}

/// Money is set free that came back from a payee.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayoutReleased {
    /// Why, and what is to become of it.
    reason: String,
}

/// Sets money free for the borrower that was drawn for a payee in another cell and came back: until then it stays held. Two
/// people: it waits (202) for the second.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/payout/release", tag = "loans",
    request_body = PayoutReleased,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan, `ln-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn release(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<PayoutReleased>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let household = api.household(&hh)?;
    let loan = api.thing(&ln, IdKind::Loan, household)?;
    let cell = api.desk.cell_of(household);
    let (_, _, life) = api.blocking(move |desk| Ok(desk.loan(household, loan)?)).await?;
    let transfer = drawn_by(&life).ok_or_else(|| Problem::new("unknown_crossing"))?;
    let release = ReleasePayout { cell, household, transfer, reason: asked.reason };
    receipt(api.act(caller.actor, command, Command::ReleasePayout(release)).await?, cell)
}

/// A loan is paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepaymentTold {
    /// How much: up to what is due, or all that closes the loan.
    #[schema(example = "862.93")]
    amount: String,
}

/// What a payment paid.
#[derive(Debug, Serialize, ToSchema)]
pub struct Repaid {
    allocation: AllocationShown,
    /// Principal not yet paid.
    outstanding: String,
    /// Whether nothing is owed any more.
    closed: bool,
}

/// Pays a loan from the wallet.
#[utoipa::path(post, path = "/api/v1/households/{hh}/loans/{ln}/repayments", tag = "loans", request_body = RepaymentTold,
    params(("hh" = String, Path, description = "The household"), ("ln" = String, Path, description = "The loan"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Repaid), (status = "default", body = ProblemDocument)))]
pub async fn repay(
    State(api): State<Shared>,
    Path((hh, ln)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<RepaymentTold>,
) -> Result<(StatusCode, Json<Repaid>), Problem> {
    let household = api.household(&hh)?;
    let loan = api.thing(&ln, IdKind::Loan, household)?;
    let cell = api.desk.cell_of(household);
    let repay = Repay { cell, household, loan, amount: api.amount(&told.amount)?, value_date: None };
    match api.act(caller.actor, command, Command::Repay(repay)).await? {
        Taken::Done(app::Outcome::Repaid { allocation, outstanding_minor, closed }) => {
            let outstanding = amount(outstanding_minor);
            Ok((StatusCode::CREATED, Json(Repaid { allocation: (&allocation).into(), outstanding, closed })))
        }
        Taken::Done(other) => Err(unexpected(&other)),
        Taken::Proposed(_) => Err(Problem::new("not_permitted")),
    }
}
