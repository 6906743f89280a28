//! Statement lines 循环消费额度: opened, used at merchants, paid, converted into instalments.

use app::command::Command;
use app::line::{LineAct, LineView, MoveLine, OpenLine};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::merkle::leaf_hash;
use basics::{Id, IdKind, Money, Rate};
use loan::Product;
use loan::line::{LineEvent, LineHappening, LineWaivable, PlanState, PurchaseState, StatementState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, Taken, receipt, unexpected};
use crate::extract::{Body, CommandId, Query, public};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::shown::{amount, percent};

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

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
    line: LineShown,
    as_of: String,
    /// Percent a year.
    rate: String,
    statements: Vec<StatementShown>,
    purchases: Vec<PurchaseShown>,
    plans: Vec<PlanShown>,
    /// Instalment plans on offer.
    offers: Vec<PlanOfferShown>,
    history: Vec<LineStep>,
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

fn line_shown(view: &LineView) -> LineShown {
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

/// A product of lines.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineProductShown {
    product: String,
    name_zh: String,
    name_en: String,
    limit_min: String,
    limit_max: String,
    limit_multiple: String,
    months_min: u16,
    months_max: u16,
    /// Percent a year: what is unpaid after the interest-free time bears.
    rates: Vec<String>,
    statement_day: u8,
    due_day: u8,
    grace_days: u16,
    /// Percent of purchases.
    minimum: String,
    offers: Vec<PlanOfferShown>,
    /// What is read and confirmed before a line is opened, in Chinese and English.
    words_zh: String,
    words_en: String,
    /// SHA-256 of both, in hexadecimal: sent back when the line is opened.
    text_hash: String,
}

/// The lines on offer.
#[utoipa::path(get, path = "/api/v1/line-products", tag = "lines",
    responses((status = 200, body = Vec<LineProductShown>), (status = "default", body = ProblemDocument)))]
pub async fn products(State(api): State<Shared>) -> Result<Json<Vec<LineProductShown>>, Problem> {
    api.blocking(|desk| Ok(Json(desk.line_products()?.into_iter().filter_map(product_shown).collect()))).await
}

fn offers(rules: &loan::line::LineRules) -> Vec<PlanOfferShown> {
    let shown = |offer: &loan::line::PlanOffer| PlanOfferShown {
        instalments: offer.instalments,
        fee: loan::cost::percent(offer.fee_ppm),
    };
    rules.plans.iter().map(shown).collect()
}

fn product_shown(product: &Product) -> Option<LineProductShown> {
    let rules = product.line.as_ref()?;
    let (words_zh, words_en) = words(product)?;
    let text_hash = hex(&text_hash(&words_zh, &words_en));
    Some(LineProductShown {
        product: product.code.clone(),
        name_zh: product.name_zh.clone(),
        name_en: product.name_en.clone(),
        limit_min: amount(product.amount_min_fen),
        limit_max: amount(product.amount_max_fen),
        limit_multiple: amount(product.amount_multiple_fen),
        months_min: product.term_min,
        months_max: product.term_max,
        rates: product.pricing.rates().into_iter().map(percent).collect(),
        statement_day: rules.statement_day,
        due_day: rules.due_day,
        grace_days: rules.grace_days,
        minimum: loan::cost::percent(rules.minimum_ppm),
        offers: offers(rules),
        words_zh,
        words_en,
        text_hash,
    })
}

/// What a household reads before it opens a line: the rules of the product, in words.
fn words(product: &Product) -> Option<(String, String)> {
    let rules = product.line.as_ref()?;
    let rates: Vec<String> = product.pricing.rates().iter().map(ToString::to_string).collect();
    let rates = rates.join(" / ");
    let (minimum, late) = (loan::cost::percent(rules.minimum_ppm), loan::cost::percent(rules.late_fee.ppm));
    let (day, due) = (rules.statement_day, rules.due_day);
    let zh = format!(
        "每月 {day} 日出账单，{due} 日前还清。还清账单的消费不收利息；只还一部分，没还的从到期日起按年利率 {rates}% 按天计息。\
         最低还款为消费的 {minimum}% 加分期、利息和费用。没还够最低还款，收所差部分 {late}% 的违约金，利率上浮。\
         退货在账单之后的，算作还款。分期的手续费和折算的年化成本，每次分期前单独列明。"
    );
    let en = format!(
        "A statement is cut on day {day} of the month and due on day {due}. Purchases of a statement paid in full bear no \
         interest; what is left unpaid bears {rates}% a year by days from the due date. The minimum payment is {minimum}% \
         of purchases with all instalments, interest and fees. Missing it costs {late}% of what is lacking, and a higher rate. \
         A refund after the statement counts as paid. The fee of a conversion and its annual cost are shown before each."
    );
    Some((zh, en))
}

fn text_hash(words_zh: &str, words_en: &str) -> [u8; 32] {
    leaf_hash(format!("{words_zh}\n{words_en}").as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

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

/// A line is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineAsked {
    /// The product's code.
    #[schema(example = "revolving-consumer-line")]
    product: String,
    #[schema(example = "5000.00")]
    limit: String,
    /// For how many months it may be used.
    months: u16,
    /// Percent a year, one of the product's.
    #[schema(example = "15.00")]
    rate: String,
    /// The hash of the words that were read.
    text_hash: String,
    /// How many seconds they were read.
    read_seconds: u32,
}

/// Opens a line under the household's facility, on the words that were read.
#[utoipa::path(post, path = "/api/v1/households/{hh}/lines", tag = "lines", request_body = LineAsked,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = LineShown), (status = "default", body = ProblemDocument)))]
pub async fn open(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(asked): Body<LineAsked>,
) -> Result<(StatusCode, Json<LineShown>), Problem> {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let limit = api.amount(&asked.limit)?;
    let rate = Rate::parse_percent(&asked.rate).map_err(|e| Problem::new("bad_rate").saying(e.to_string()))?;
    let on = api.blocking(move |desk| Ok(desk.open_date(cell)?)).await?;
    let product = api.desk.house().product_on(&asked.product, on)?;
    let (zh, en) = words(product).ok_or_else(|| Problem::new("unknown_product"))?;
    let hash = text_hash(&zh, &en);
    if asked.text_hash != hex(&hash) {
        return Err(Problem::new("text_changed"));
    }
    let line = command.made("line");
    let evidence = format!("page, {} s", asked.read_seconds);
    let text_hash = hash.to_vec().into();
    let (product, months) = (asked.product, asked.months);
    let order = OpenLine { cell, household, line, product, limit, months, rate, text_hash, evidence };
    match api.act(caller.actor, command, Command::OpenLine(order)).await? {
        Taken::Done(app::Outcome::Done) => {}
        Taken::Done(other) => return Err(unexpected(&other)),
        Taken::Proposed(_) => return Err(Problem::new("not_permitted")),
    }
    api.blocking(move |desk| Ok((StatusCode::CREATED, Json(line_shown(&desk.line(household, line)?))))).await
}

/// What happens to a line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, tag = "act", rename_all = "snake_case")]
pub enum LineActAsked {
    /// A purchase; the command's id names it.
    Buy {
        /// Who sells: a UUID.
        merchant: String,
        /// The merchant's category code.
        category: String,
        /// How much.
        amount: String,
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
    /// An earlier event is taken back; waits for a second person.
    Undo {
        /// The event.
        event: String,
        /// Why.
        reason: String,
    },
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
    let money = |text: &str| Ok::<Money, Problem>(Money::parse(text, api.currency())?);
    let act = match asked {
        LineActAsked::Buy { merchant, category, amount } => {
            LineAct::Buy { merchant: uuid_of(&merchant)?, category, amount: money(&amount)? }
        }
        LineActAsked::Refund { purchase, amount } => {
            LineAct::Refund { purchase: uuid_of(&purchase)?, amount: money(&amount)? }
        }
        LineActAsked::Pay { amount } => LineAct::Pay { amount: money(&amount)? },
        LineActAsked::Convert { purchase, instalments, annualised_ppm } => {
            LineAct::Convert { purchase: uuid_of(&purchase)?, instalments, shown_annualised_ppm: annualised_ppm }
        }
        LineActAsked::SettlePlan { plan } => LineAct::SettlePlan { plan: uuid_of(&plan)? },
        LineActAsked::Waive { what, amount, reason } => {
            LineAct::Waive { what: waivable(&what)?, amount: money(&amount)?, reason }
        }
        LineActAsked::ReturnCredit { amount } => LineAct::ReturnCredit { amount: money(&amount)? },
        LineActAsked::Raise { limit, reason } => LineAct::Raise { to: money(&limit)?, reason },
        LineActAsked::Lower { limit, reason } => LineAct::Lower { to: money(&limit)?, reason },
        LineActAsked::Freeze { reason } => LineAct::Freeze { reason },
        LineActAsked::Thaw => LineAct::Thaw,
        LineActAsked::Close => LineAct::Close,
        LineActAsked::Undo { event, reason } => LineAct::Undo { event: uuid_of(&event)?, reason },
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

fn uuid_of(text: &str) -> Result<Id, Problem> {
    uuid::Uuid::parse_str(text).map(Id).map_err(|_| Problem::new("bad_id").saying(format!("`{text}` is not a UUID")))
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
    let purchase = uuid_of(&asked.purchase)?;
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
