//! What may be done to a line: used, paid, changed, judged, written off, put right.

use app::command::Command;
use app::line::{CorrectLine, LineAct, Merchant, MoveLine, Settles};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::{Cell, Date, Id, IdKind, Money, Rate};
use loan::LoanClass;
use loan::line::LineWaivable;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, receipt};
use crate::extract::{Body, CommandId, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument, fault};

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

/// What happens to a line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, tag = "act", rename_all = "snake_case")]
pub enum LineActAsked {
    /// A purchase; the command's id names it.
    Buy {
        /// Who sells: a UUID of the register.
        merchant: String,
        /// How much.
        amount: String,
    },
    /// A purchase by the code that the merchant shows: once, and before it expires.
    BuyByCode {
        /// The code's text.
        code: String,
    },
    /// The merchant gives money back.
    Refund {
        /// The purchase.
        purchase: String,
        /// How much.
        amount: String,
    },
    /// Pays from the wallet.
    Pay {
        /// How much.
        amount: String,
    },
    /// A purchase becomes instalments.
    Convert {
        /// The purchase.
        purchase: String,
        /// Into how many.
        instalments: u16,
        /// The annualised cost that was shown: parts per million a year.
        annualised_ppm: i64,
    },
    /// The rest of a plan is billed with the next statement.
    SettlePlan {
        /// The plan.
        plan: String,
    },
    /// Part of what is charged is let off; waits for a second person.
    Waive {
        /// `interest`, `penalty`, `plan_fee` or `late_fee`.
        what: String,
        /// How much.
        amount: String,
        /// Why.
        reason: String,
    },
    /// Credit balance goes back to the wallet.
    ReturnCredit {
        /// How much.
        amount: String,
    },
    /// The limit is raised; waits for a second person.
    Raise {
        /// To this.
        limit: String,
        /// Why.
        reason: String,
    },
    /// The limit is lowered.
    Lower {
        /// To this.
        limit: String,
        /// Why.
        reason: String,
    },
    /// No purchases until thawed.
    Freeze {
        /// Why.
        reason: String,
    },
    /// Purchases again.
    Thaw,
    /// No purchases any more.
    Close,
    /// Cash is drawn to the wallet, where the product gives any.
    DrawCash {
        /// How much.
        amount: String,
    },
    /// The claim is written off and kept beside the balance sheet; waits for a second person.
    WriteOff {
        /// Why, and what it rests on.
        reason: String,
    },
    /// Its class is judged worse than it was judged.
    JudgeWorse {
        /// Place on the class ladder; 0 is the best.
        class: u8,
        /// Why.
        reason: String,
    },
    /// Its class is judged better than it was judged; waits for a second person.
    JudgeBetter {
        /// Place on the class ladder; 0 is the best.
        class: u8,
        /// Why.
        reason: String,
    },
    /// It was used for something else than agreed; waits for a second person.
    MarkMisuse {
        /// What shows it.
        reason: String,
    },
    /// An earlier event is taken back; waits for a second person.
    Undo {
        /// The event.
        event: String,
        /// Why.
        reason: String,
    },
}

impl LineActAsked {
    /// The act it asks for. Errors say what cannot be read.
    async fn read(self, api: &Shared) -> Result<LineAct, Problem> {
        let money = |text: &str| Ok::<Money, Problem>(Money::parse(text, api.currency())?);
        Ok(match self {
            LineActAsked::Buy { merchant, amount } => {
                let (merchant, amount) = (uuid(&merchant)?, money(&amount)?);
                purchase(api.blocking(move |desk| Ok(desk.merchant(merchant)?)).await?, amount)?
            }
            LineActAsked::BuyByCode { .. } => {
                return Err(Problem::new("bad_change").saying("a code is paid today: date back a purchase instead"));
            }
            LineActAsked::Refund { purchase, amount } => {
                LineAct::Refund { purchase: uuid(&purchase)?, amount: money(&amount)? }
            }
            LineActAsked::Pay { amount } => LineAct::Pay { amount: money(&amount)? },
            LineActAsked::Convert { purchase, instalments, annualised_ppm } => {
                LineAct::Convert { purchase: uuid(&purchase)?, instalments, shown_annualised_ppm: annualised_ppm }
            }
            LineActAsked::SettlePlan { plan } => LineAct::SettlePlan { plan: uuid(&plan)? },
            LineActAsked::Waive { what, amount, reason } => {
                LineAct::Waive { what: waivable(&what)?, amount: money(&amount)?, reason }
            }
            LineActAsked::ReturnCredit { amount } => LineAct::ReturnCredit { amount: money(&amount)? },
            LineActAsked::Raise { limit, reason } => LineAct::Raise { to: money(&limit)?, reason },
            LineActAsked::Lower { limit, reason } => LineAct::Lower { to: money(&limit)?, reason },
            LineActAsked::Freeze { reason } => LineAct::Freeze { reason },
            LineActAsked::Thaw => LineAct::Thaw,
            LineActAsked::Close => LineAct::Close,
            LineActAsked::DrawCash { amount } => LineAct::DrawCash { amount: money(&amount)? },
            LineActAsked::WriteOff { reason } => LineAct::WriteOff { reason },
            LineActAsked::JudgeWorse { class, reason } => LineAct::JudgeWorse { class: LoanClass(class), reason },
            LineActAsked::JudgeBetter { class, reason } => LineAct::JudgeBetter { class: LoanClass(class), reason },
            LineActAsked::MarkMisuse { reason } => LineAct::MarkMisuse { reason },
            LineActAsked::Undo { event, reason } => LineAct::Undo { event: uuid(&event)?, reason },
        })
    }
}

/// A purchase at a merchant of the register.
fn purchase(row: Merchant, amount: Money) -> Result<LineAct, Problem> {
    let cell = Cell(u16::try_from(row.to_cell).map_err(|_| Problem::new("unknown_merchant"))?);
    let discount = Rate::from_ppm(row.discount_ppm).map_err(|e| fault(&e.to_string()))?;
    let settles = Some(Settles { cell, household: row.household, discount });
    Ok(LineAct::Buy { merchant: row.id, category: row.category, amount, settles })
}

/// The purchase that a code asks for, once the code is taken for it: nobody else can pay it from then on.
async fn purchase_by_code(api: &Shared, household: Id, code: String, command: CommandId) -> Result<LineAct, Problem> {
    let now = api.now();
    api.blocking(move |desk| {
        let (paid, merchant) = desk.claim_code(command.made("code taken"), household, &code, now)?;
        purchase(merchant, paid.amount)
    })
    .await
}

/// Lets something happen to a line today. What matters waits (202) for a second person.
#[utoipa::path(post, path = "/api/v1/households/{hh}/lines/{cl}/events", tag = "lines", request_body = LineActAsked,
    params(("hh" = String, Path, description = "The household"), ("cl" = String, Path, description = "The line, `cl-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn act(
    State(api): State<Shared>,
    Path((hh, cl)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<LineActAsked>,
) -> Receipted {
    let household = api.household(&hh)?;
    let line = api.thing(&cl, IdKind::Line, household)?;
    let cell = api.desk.cell_of(household);
    let act = match asked {
        LineActAsked::BuyByCode { code } => purchase_by_code(&api, household, code, command).await?,
        asked => asked.read(&api).await?,
    };
    let order = MoveLine { cell, household, line, act };
    receipt(api.act(caller.actor, command, Command::MoveLine(order)).await?, cell)
}

fn waivable(word: &str) -> Result<LineWaivable, Problem> {
    match word {
        "interest" => Ok(LineWaivable::Interest),
        "penalty" => Ok(LineWaivable::Penalty),
        "plan_fee" => Ok(LineWaivable::PlanFee),
        "late_fee" => Ok(LineWaivable::LateFee),
        _ => Err(Problem::new("bad_change").saying("choose interest, penalty, plan_fee or late_fee to waive")),
    }
}

/// Something that happened to a line is dated back into closed days.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineCorrectionAsked {
    /// The date it counts from.
    #[schema(example = "2026-06-10")]
    value_date: String,
    /// What happened: a purchase, a refund, a payment, or one of them taken back.
    what: LineActAsked,
    /// What it rests on: a slip, a letter.
    reference: String,
    /// Why it is booked late.
    reason: String,
}

/// Dates something that happened to a line back; a second person approves.
#[utoipa::path(post, path = "/api/v1/households/{hh}/lines/{cl}/corrections", tag = "lines",
    request_body = LineCorrectionAsked,
    params(("hh" = String, Path, description = "The household"), ("cl" = String, Path, description = "The line, `cl-…`"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn correct(
    State(api): State<Shared>,
    Path((hh, cl)): Path<(String, String)>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<LineCorrectionAsked>,
) -> Receipted {
    let household = api.household(&hh)?;
    let line = api.thing(&cl, IdKind::Line, household)?;
    let cell = api.desk.cell_of(household);
    let value_date = Date::parse(&asked.value_date).map_err(|e| Problem::new("bad_date").saying(e.to_string()))?;
    let LineCorrectionAsked { what, reference, reason, .. } = asked;
    let order = CorrectLine { cell, household, line, value_date, act: what.read(&api).await?, reference, reason };
    receipt(api.act(caller.actor, command, Command::CorrectLine(order)).await?, cell)
}
