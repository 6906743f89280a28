//! What a line looks like over HTTP.

use app::line::LineView;
use basics::IdKind;
use loan::line::{LineEvent, LineHappening, LineRules, PlanState, PurchaseState, StatementState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::public;
use crate::shown::amount;

/// A line in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineShown {
    line: String,
    product: String,
    /// `open`, `frozen` or `closed`.
    status: &'static str,
    currency: String,
    limit: String,
    /// Principal outstanding: purchases and plans.
    used: String,
    /// What may be bought for.
    available: String,
    /// Asked for by statements and not paid.
    billed: String,
    /// What the minimum payments still lack.
    minimum: String,
    /// When the newest statement is due.
    due: Option<String>,
    /// Money ahead of its time.
    credit: String,
    days_past_due: u32,
    opened_on: String,
    valid_to: String,
    next_date: Option<String>,
}

/// A line with its statements, purchases and plans.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineDetail {
    #[serde(flatten)]
    pub(super) line: LineShown,
    pub(super) as_of: String,
    /// Percent a year.
    pub(super) rate: String,
    pub(super) statements: Vec<StatementShown>,
    pub(super) purchases: Vec<PurchaseShown>,
    pub(super) plans: Vec<PlanShown>,
    /// Instalment plans on offer.
    pub(super) offers: Vec<PlanOfferShown>,
    pub(super) history: Vec<LineStep>,
}

/// Something that happened to a line from outside.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineStep {
    /// What `undo` takes. A UUID.
    event: String,
    date: String,
    /// `purchased`, `refunded`, `paid`, `converted`, `plan_settled`, `waived`, `credit_returned`, `raised`, `lowered`,
    /// `frozen`, `thawed`, `closed`, `judged`, `misused`, `written_off`, `drawn` or `undone`.
    kind: &'static str,
    amount: Option<String>,
}

/// A statement 账单.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementShown {
    number: u32,
    from: String,
    /// The day it was cut; not itself covered.
    on: String,
    due: String,
    opening: String,
    purchases: String,
    instalments: String,
    /// With penalty.
    interest: String,
    fees: String,
    /// Paid, refunded, converted and let off before it was cut.
    covered: String,
    closing: String,
    minimum: String,
    /// What counts as paid since.
    paid: String,
    remaining: String,
    minimum_remaining: String,
}

/// A purchase.
#[derive(Debug, Serialize, ToSchema)]
pub struct PurchaseShown {
    /// What refunds and conversions name it by. A UUID.
    purchase: String,
    on: String,
    /// Absent for cash.
    merchant: Option<String>,
    category: String,
    amount: String,
    refunded: String,
    converted: String,
    unpaid: String,
    /// The statement it is on, once billed.
    statement: Option<u32>,
}

/// A plan 分期.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanShown {
    /// What its early settlement names it by. A UUID.
    plan: String,
    purchase: String,
    on: String,
    principal: String,
    instalments: u16,
    billed: u16,
    unbilled: String,
    fees_to_come: String,
}

/// An instalment plan on offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanOfferShown {
    instalments: u16,
    /// Percent of the amount, with each instalment.
    fee: String,
}

pub(super) fn line_shown(view: &LineView) -> LineShown {
    let (row, state) = (&view.row, &view.state);
    LineShown {
        line: public(IdKind::Line, row.cell, row.id),
        product: row.product.clone(),
        status: state.standing.as_str(),
        currency: row.currency.to_string(),
        limit: amount(state.limit_fen),
        used: amount(state.used_fen),
        available: amount(state.available_fen()),
        billed: amount(state.billed_fen),
        minimum: amount(state.minimum_fen),
        due: state.statement().filter(|_| state.billed_fen > 0).map(|statement| statement.due.to_string()),
        credit: amount(state.credit_fen),
        days_past_due: state.days_past_due,
        opened_on: row.opened_on.to_string(),
        valid_to: row.valid_to.to_string(),
        next_date: state.next_date.map(|date| date.to_string()),
    }
}

impl From<&LineEvent> for LineStep {
    fn from(event: &LineEvent) -> LineStep {
        let kind = match event.what {
            LineHappening::Purchased { .. } => "purchased",
            LineHappening::Reversed { .. } => "undone",
            LineHappening::Refunded { .. } => "refunded",
            LineHappening::Converted { .. } => "converted",
            LineHappening::PlanSettled { .. } => "plan_settled",
            LineHappening::Waived { .. } => "waived",
            LineHappening::Paid { .. } => "paid",
            LineHappening::CreditReturned { .. } => "credit_returned",
            LineHappening::Raised { .. } => "raised",
            LineHappening::Lowered { .. } => "lowered",
            LineHappening::Frozen { .. } => "frozen",
            LineHappening::Thawed => "thawed",
            LineHappening::Closed => "closed",
            LineHappening::Judged { .. } => "judged",
            LineHappening::Misused => "misused",
            LineHappening::WrittenOff => "written_off",
            LineHappening::Drawn { .. } => "drawn",
        };
        let limit_fen = match event.what {
            LineHappening::Raised { limit_fen } | LineHappening::Lowered { limit_fen } => Some(limit_fen),
            _ => None,
        };
        let fen = event.amount_fen().or(limit_fen);
        LineStep { event: event.id.to_string(), date: event.value_date.to_string(), kind, amount: fen.map(amount) }
    }
}

impl From<&StatementState> for StatementShown {
    fn from(s: &StatementState) -> StatementShown {
        let charged = &s.flows.charged;
        StatementShown {
            number: s.number,
            from: s.from.to_string(),
            on: s.on.to_string(),
            due: s.due.to_string(),
            opening: amount(s.opening_fen),
            purchases: amount(charged.purchase_fen),
            instalments: amount(charged.instalment_fen),
            interest: amount(charged.interest_fen.saturating_add(charged.penalty_fen)),
            fees: amount(charged.plan_fee_fen.saturating_add(charged.late_fee_fen)),
            covered: amount(s.flows.covered.total_fen()),
            closing: amount(s.closing_fen),
            minimum: amount(s.minimum_fen),
            paid: amount(s.since.counts_as_paid_fen()),
            remaining: amount(s.remaining_fen()),
            minimum_remaining: amount(s.minimum_remaining_fen()),
        }
    }
}

impl From<&PurchaseState> for PurchaseShown {
    fn from(p: &PurchaseState) -> PurchaseShown {
        PurchaseShown {
            purchase: p.id.to_string(),
            on: p.on.to_string(),
            merchant: p.merchant.map(|id| id.to_string()),
            category: p.category.clone(),
            amount: amount(p.amount_fen),
            refunded: amount(p.refunded_fen),
            converted: amount(p.converted_fen),
            unpaid: amount(p.unpaid_fen),
            statement: p.statement,
        }
    }
}

impl From<&PlanState> for PlanShown {
    fn from(p: &PlanState) -> PlanShown {
        PlanShown {
            plan: p.id.to_string(),
            purchase: p.purchase.to_string(),
            on: p.on.to_string(),
            principal: amount(p.principal_fen),
            instalments: p.instalments,
            billed: p.billed,
            unbilled: amount(p.unbilled_fen),
            fees_to_come: amount(p.fees_to_come_fen),
        }
    }
}

/// The instalment plans that a product offers.
pub(super) fn offers(rules: &LineRules) -> Vec<PlanOfferShown> {
    let shown = |offer: &loan::line::PlanOffer| PlanOfferShown {
        instalments: offer.instalments,
        fee: loan::cost::percent(offer.fee_ppm),
    };
    rules.plans.iter().map(shown).collect()
}
