//! Commands on their way to the door, and outcomes on their way back.

use app::Tianxin;
use app::command::{Command, Outcome};
use app::suspend::Outgoing;
use axum::http::StatusCode;
use basics::money::format_minor;
use basics::{Cell, Id, IdKind};
use door::permission::{Verdict, may_do};
use door::{Actor, Answer, App, Order, Request, StepKind};
use serde::Serialize;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use crate::Api;
use crate::extract::{CommandId, public};
use crate::problem::{Problem, fault};

/// What became of a command, where there is nothing more to tell.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Receipt {
    /// `done`, `pending_funds`, `on_its_way`, `in_review`, `closing`, `proposed`, `rejected`.
    #[schema(example = "done")]
    pub status: String,
    /// The proposal, where a second person has to approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// The transfer, where the money is on its way to another cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<String>,
    /// What it would come to, where it is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
}

/// A command that was taken.
pub(crate) enum Taken {
    /// Done, with its outcome.
    Done(Outcome),
    /// Waits for a second person.
    Proposed(Receipt),
}

impl Api {
    /// Does a command, or proposes it where the permission table asks for a second person.
    pub(crate) async fn act(&self, actor: Actor, id: CommandId, command: Command) -> Result<Taken, Problem> {
        let house = self.desk.house();
        let order = match may_do(house.rules(), &actor, &house.act(&command)) {
            Verdict::NeedsSecond => Order::Propose(command),
            // The door refuses what is denied, and says so.
            Verdict::Alone | Verdict::Denied => Order::Do(command),
        };
        self.taken(id, self.submit(actor, id.0, order).await?)
    }

    /// Sends money out, or has it wait for a person where the monitor would hold it; proposes it where a second person is asked for.
    pub(crate) async fn send_out(&self, actor: Actor, id: CommandId, sent: Outgoing) -> Result<Taken, Problem> {
        let (command_id, now) = (id.0, self.now());
        let request = self.blocking(move |desk| {
            let house = desk.house();
            let is_second = may_do(house.rules(), &actor, &house.act(&sent.command())) == Verdict::NeedsSecond;
            let order = |command| if is_second { Order::Propose(command) } else { Order::Do(command) };
            Ok(desk.outgoing((command_id, actor, now), &sent, order)?)
        });
        let request = request.await?;
        self.taken(id, self.send(request).await?)
    }

    /// Sends an order to the door and waits for its answer. The order goes on if the caller goes away.
    pub(crate) async fn submit(&self, actor: Actor, id: Id, order: Order<Command>) -> Result<Answer, Problem> {
        self.send(Request::plain(id, actor, self.now(), order)).await
    }

    async fn send(&self, request: Request<Command>) -> Result<Answer, Problem> {
        let (send, receive) = oneshot::channel();
        self.desk.engine.submit(request, Box::new(move |answer| drop(send.send(answer))));
        match receive.await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Problem::new("stopping").retry_after(5)),
        }
    }

    pub(crate) fn taken(&self, id: CommandId, answer: Answer) -> Result<Taken, Problem> {
        let outcome = answer.outcome::<Tianxin>()?;
        Ok(match answer.step {
            StepKind::Decided => Taken::Done(business(outcome)?),
            StepKind::Proposed => Taken::Proposed(Receipt {
                status: "proposed".to_owned(),
                proposal: Some(public(IdKind::Proposal, answer.cell, id.0)),
                shown: Some(status_of(&outcome).to_owned()),
                transfer: None,
            }),
            StepKind::Rejected => Taken::Proposed(Receipt { status: "rejected".to_owned(), ..Receipt::default() }),
        })
    }
}

/// A business no is a problem to the caller, though the door has remembered it.
pub(crate) fn business(outcome: Outcome) -> Result<Outcome, Problem> {
    let available = |code, minor| Problem::new(code).with("available", format_minor(minor));
    Err(match outcome {
        Outcome::InsufficientFunds { available_minor } => available("insufficient_funds", available_minor),
        Outcome::OverFacility { available_minor } => available("over_facility", available_minor),
        Outcome::NotChanged { reason } => Problem::new("not_changed").saying(reason),
        Outcome::OverLine { available_minor } => available("over_line", available_minor),
        Outcome::FacilityShut { why } => Problem::new("facility_shut").saying(why),
        Outcome::UnknownPayee => Problem::new("unknown_payee"),
        Outcome::OverLimit { which, left_minor } => available("over_limit", left_minor).with("which", which),
        Outcome::BelowFloor => Problem::new("below_floor"),
        Outcome::InsufficientCash { available_minor } => available("insufficient_cash", available_minor),
        Outcome::MoreThanDue { due_minor, payoff_minor } => Problem::new("more_than_due")
            .with("due", format_minor(due_minor))
            .with("payoff", format_minor(payoff_minor)),
        other => return Ok(other),
    })
}

/// A stable word for an outcome.
pub(crate) const fn status_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::PendingFunds => "pending_funds",
        Outcome::PaymentAsked => "asked",
        Outcome::Suspended => "in_review",
        Outcome::OverLimit { .. } => "over_limit",
        Outcome::OnItsWay { .. } => "on_its_way",
        Outcome::Closing { .. } => "closing",
        Outcome::Closed { .. } => "closed",
        Outcome::InsufficientFunds { .. } => "insufficient_funds",
        Outcome::OverFacility { .. } => "over_facility",
        Outcome::FacilityShut { .. } => "facility_shut",
        Outcome::NotChanged { .. } => "not_changed",
        Outcome::ChangeProposed { needs_consent: true, .. } => "waits_for_consent",
        Outcome::OverLine { .. } => "over_line",
        Outcome::UnknownPayee => "unknown_payee",
        Outcome::BelowFloor => "below_floor",
        Outcome::InsufficientCash { .. } => "insufficient_cash",
        Outcome::MoreThanDue { .. } => "more_than_due",
        Outcome::Corrected { .. } => "corrected",
        Outcome::Serviced { .. } => "serviced",
        Outcome::Renewed { .. } => "renewed",
        Outcome::Decided { status, .. } => status.as_str(),
        _ => "done",
    }
}

/// The receipt of a command that moved money or changed the office, with the status it is sent with.
pub(crate) fn receipt(taken: Taken, cell: Cell) -> Result<(StatusCode, axum::Json<Receipt>), Problem> {
    let (status, receipt) = match taken {
        Taken::Proposed(receipt) => (StatusCode::ACCEPTED, receipt),
        Taken::Done(outcome) => {
            let status = match outcome {
                Outcome::PendingFunds
                | Outcome::PaymentAsked
                | Outcome::Suspended
                | Outcome::OnItsWay { .. }
                | Outcome::Closing { .. } => StatusCode::ACCEPTED,
                _ => StatusCode::CREATED,
            };
            let transfer = match outcome {
                Outcome::OnItsWay { transfer } => Some(public(IdKind::Transfer, cell, transfer)),
                _ => None,
            };
            let status_text = status_of(&outcome).to_owned();
            (status, Receipt { status: status_text, transfer, ..Receipt::default() })
        }
    };
    Ok((status, axum::Json(receipt)))
}

/// An outcome that cannot be here.
pub(crate) fn unexpected(outcome: &Outcome) -> Problem {
    fault(&format!("the door answered {outcome:?} to another command"))
}
