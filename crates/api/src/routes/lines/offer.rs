//! Lines on offer, and what a household reads before it opens one: the rules in words, and what every use costs a year.

use app::command::Command;
use app::line::OpenLine;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::merkle::leaf_hash;
use basics::{Date, Money, Rate};
use loan::line::{InterestFree, LineTerms, quote};
use loan::{Product, Term};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shown::{LineShown, PlanOfferShown, line_shown, offers};
use crate::Shared;
use crate::act::{Taken, unexpected};
use crate::extract::{Body, CommandId, Query};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};
use crate::session::hex;
use crate::shown::{amount, percent};

/// The longest that anybody reads, in seconds.
const READ_SECONDS_MAX: u32 = 86_400;
/// What a conversion is shown by, in minor units: 1,000.00.
const SAMPLE_FEN: i64 = 100_000;

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
}

/// The lines on offer.
#[utoipa::path(get, path = "/api/v1/line-products", tag = "lines",
    responses((status = 200, body = Vec<LineProductShown>), (status = "default", body = ProblemDocument)))]
pub async fn products(State(api): State<Shared>) -> Result<Json<Vec<LineProductShown>>, Problem> {
    api.blocking(|desk| Ok(Json(desk.line_products()?.into_iter().filter_map(product_shown).collect()))).await
}

fn product_shown(product: &Product) -> Option<LineProductShown> {
    let rules = product.line.as_ref()?;
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
    })
}

/// For what an offer is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineOfferAsked {
    /// The product's code.
    product: String,
    /// The limit.
    limit: String,
    /// For how many months.
    months: u16,
}

/// A line as it would be opened today: its rules in words, and what every use costs.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineOffer {
    limit: String,
    /// Last day on which it may be used.
    valid_to: String,
    /// Percent a year on what is left unpaid.
    rate: String,
    /// Percent a year while a minimum is missed.
    overdue_rate: String,
    /// Percent of what a missed minimum lacks.
    late_fee: String,
    statement_day: u8,
    due_day: u8,
    /// Whether purchases of a statement that is paid in full cost nothing.
    is_free_when_paid: bool,
    /// What may be drawn as cash, where the product gives any.
    cash: Option<String>,
    plans: Vec<PlanCostShown>,
    /// The dearest use in normal performance, percent a year.
    highest: String,
    /// What no use may cost more than, percent a year, where the rules set it.
    cost_cap: Option<String>,
    words_zh: Vec<String>,
    words_en: Vec<String>,
    /// SHA-256 of the words and figures, in hexadecimal: sent back when the line is opened.
    text_hash: String,
    /// How long the words stand before they can be agreed to.
    read_seconds_min: u32,
}

/// An instalment plan with its cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanCostShown {
    instalments: u16,
    /// Percent of the amount, with each instalment.
    fee: String,
    /// Percent a year, annualised, of 1,000.00 converted on the first statement.
    annualised: String,
}

/// What is offered, in figures and words.
struct Offer {
    terms: LineTerms,
    /// Instalments, fee and annualised cost, ppm.
    plans: Vec<(u16, i64, i64)>,
    zh: Vec<String>,
    en: Vec<String>,
}

impl Offer {
    fn of(product: &Product, limit: Money, months: u16, today: Date) -> Result<Offer, Problem> {
        let outside = |error: loan::LoanError| Problem::new("outside_product").saying(error.to_string());
        let priced = product.priced_for(Term::Months(months), today).map_err(outside)?;
        // Where a rating sets the price, the dearest is shown and signed until somebody lowers it.
        let rates = priced.pricing.rates();
        let rate = priced.price(None).ok().or_else(|| rates.into_iter().max());
        let rate = rate.ok_or_else(|| Problem::new("outside_product"))?;
        let terms = product.line_terms(limit, Term::Months(months), today, rate).map_err(outside)?;
        let statement = terms.rules.statement_after(today).unwrap_or(today);
        let mut plans = Vec::with_capacity(terms.rules.plans.len());
        for plan in &terms.rules.plans {
            let cost = quote(&terms, SAMPLE_FEN, plan.instalments, statement).map_err(outside)?;
            plans.push((plan.instalments, plan.fee_ppm, cost.annualised_ppm));
        }
        let (zh, en) = words(&terms, &plans);
        Ok(Offer { terms, plans, zh, en })
    }

    fn hash(&self) -> [u8; 32] {
        leaf_hash(format!("{}\n{}", self.zh.join("\n"), self.en.join("\n")).as_bytes())
    }
}

/// What is read before a line is opened: every figure of the agreement stands in it.
fn words(terms: &LineTerms, plans: &[(u16, i64, i64)]) -> (Vec<String>, Vec<String>) {
    let rules = &terms.rules;
    let ppm = loan::cost::percent;
    let (day, due, grace) = (rules.statement_day, rules.due_day, rules.grace_days);
    let (limit, rate, over) = (amount(terms.limit.minor()), percent(terms.rate), percent(terms.overdue_rate));
    let (minimum, late) = (ppm(rules.minimum_ppm), ppm(rules.late_fee.ppm));
    let (free_zh, free_en) = match rules.interest_free {
        InterestFree::UntilDue => (
            format!("消费到期前不收利息；到期没还的，从到期日起按年利率 {rate}% 按天计息。"),
            format!(
                "Purchases bear no interest until the due date; what is unpaid then bears {rate}% a year from there on."
            ),
        ),
        InterestFree::WhenPaidInFull => (
            format!("账单到期全部还清的，消费不收利息；没全还清的，从消费那天起按年利率 {rate}% 按天计息。"),
            format!(
                "A statement paid in full by its due date costs no interest; otherwise purchases bear {rate}% a year from their day on."
            ),
        ),
        InterestFree::Never => (
            format!("消费从当天起按年利率 {rate}% 按天计息。"),
            format!("Purchases bear {rate}% a year from their day on."),
        ),
    };
    let mut zh = vec![
        format!("额度 {limit} 元，可以用到 {}。", terms.valid_to),
        format!("每月 {day} 日出账单，{due} 日前还，晚 {grace} 天以内不算晚。"),
        free_zh,
        format!(
            "最低还款是消费的 {minimum}% 加分期、利息和费用。没还够最低还款的，按差额的 {late}% 收违约金；没还的部分按年利率 {over}% 计息。"
        ),
        "账单出了以后再退货，退的钱算作还款。".to_owned(),
    ];
    let mut en = vec![
        format!("The limit is {limit}; it may be used until {}.", terms.valid_to),
        format!(
            "A statement is cut on day {day} of the month and due on day {due}; up to {grace} days later is still in time."
        ),
        free_en,
        format!(
            "The minimum payment is {minimum}% of purchases with all instalments, interest and fees. Missing it costs \
             {late}% of what is lacking, and {over}% a year on what is unpaid."
        ),
        "A refund after the statement counts as paid.".to_owned(),
    ];
    for (instalments, fee, cost) in plans {
        let (fee, cost) = (ppm(*fee), ppm(*cost));
        zh.push(format!("分 {instalments} 期，每期手续费 {fee}%，折合一年约 {cost}%；每次分期前再单独列明。"));
        en.push(format!(
            "In {instalments} instalments a fee of {fee}% with each, about {cost}% a year; shown again before each conversion."
        ));
    }
    if let Some(share) = rules.cash_ppm {
        let share = ppm(share);
        zh.push(format!("可以取现，最多为额度的 {share}%，从取的那天起按年利率 {rate}% 计息。"));
        en.push(format!("Up to {share}% of the limit may be drawn as cash, at {rate}% a year from its day on."));
    }
    (zh, en)
}

/// What a line would be if it were opened today, in words and figures. Nothing is changed.
#[utoipa::path(get, path = "/api/v1/households/{hh}/lines/offer", tag = "lines",
    params(("hh" = String, Path, description = "The household"),
        ("product" = String, Query, description = "The product's code"),
        ("limit" = String, Query, description = "The limit"),
        ("months" = u16, Query, description = "For how many months it may be used")),
    responses((status = 200, body = LineOffer), (status = "default", body = ProblemDocument)))]
pub async fn offer(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    Query(asked): Query<LineOfferAsked>,
) -> Result<Json<LineOffer>, Problem> {
    let household = api.household(&hh)?;
    let limit = api.amount(&asked.limit)?;
    let read_seconds_min = api.read_seconds_min();
    api.blocking(move |desk| {
        let today = desk.open_date(desk.cell_of(household))?;
        let offer = Offer::of(desk.house().product(&asked.product)?, limit, asked.months, today)?;
        let (terms, text_hash) = (&offer.terms, hex(&offer.hash()));
        let dearest = offer.plans.iter().map(|(.., cost)| *cost).chain([terms.rate.ppm()]).max().unwrap_or(0);
        let cash = terms.rules.cash_ppm.map(|share| i128::from(terms.limit.minor()) * i128::from(share) / 1_000_000);
        Ok(Json(LineOffer {
            limit: amount(terms.limit.minor()),
            valid_to: terms.valid_to.to_string(),
            rate: percent(terms.rate),
            overdue_rate: percent(terms.overdue_rate),
            late_fee: loan::cost::percent(terms.rules.late_fee.ppm),
            statement_day: terms.rules.statement_day,
            due_day: terms.rules.due_day,
            is_free_when_paid: terms.rules.interest_free != InterestFree::Never,
            cash: cash.and_then(|fen| i64::try_from(fen).ok()).map(amount),
            plans: offer
                .plans
                .iter()
                .map(|(instalments, fee, cost)| PlanCostShown {
                    instalments: *instalments,
                    fee: loan::cost::percent(*fee),
                    annualised: loan::cost::percent(*cost),
                })
                .collect(),
            highest: loan::cost::percent(dearest),
            cost_cap: terms.cost_cap.map(percent),
            words_zh: offer.zh,
            words_en: offer.en,
            text_hash,
            read_seconds_min,
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
    /// Percent a year, as it was offered.
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
    let seconds_min = api.read_seconds_min();
    if !(seconds_min..=READ_SECONDS_MAX).contains(&asked.read_seconds) {
        return Err(Problem::new("not_read").with("seconds_min", seconds_min));
    }
    let (product, months, read) = (asked.product.clone(), asked.months, asked.text_hash.clone());
    let line = command.made("line");
    let hash = api
        .blocking(move |desk| {
            // What was opened under this command before is for the door to answer.
            if desk.lines(household)?.iter().any(|view| view.row.id == line) {
                return Ok(None);
            }
            let offer = Offer::of(desk.house().product(&product)?, limit, months, desk.open_date(cell)?)?;
            if read != hex(&offer.hash()) || offer.terms.rate != rate {
                return Err(Problem::new("text_changed"));
            }
            Ok(Some(offer.hash()))
        })
        .await?;
    let text_hash = match hash {
        Some(hash) => hash.to_vec(),
        None => super::unhex(&asked.text_hash).ok_or_else(|| Problem::new("bad_text_hash"))?,
    };
    let evidence = format!("confirmed on the page after {} s of reading", asked.read_seconds);
    let (product, text_hash) = (asked.product, text_hash.into());
    let order = OpenLine { cell, household, line, product, limit, months, rate, text_hash, evidence };
    match api.act(caller.actor, command, Command::OpenLine(order)).await? {
        Taken::Done(app::Outcome::Done) => {}
        Taken::Done(other) => return Err(unexpected(&other)),
        Taken::Proposed(_) => return Err(Problem::new("not_permitted")),
    }
    api.blocking(move |desk| Ok((StatusCode::CREATED, Json(line_shown(&desk.line(household, line)?))))).await
}
