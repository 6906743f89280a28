//! What anyone may ask: health, one-time codes, products and quotes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use basics::Cell;
use loan::product::Pricing;
use loan::{Method, Product, Term};
use rails::{Letter, Phone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::applications::season_asked;
use crate::codes::{EXPIRES_SECONDS, Purpose, RESEND_SECONDS};
use crate::extract::{Body, rate};
use crate::layers::CallerAddress;
use crate::offer::{QuoteShown, fee_shown, quote_shown};
use crate::problem::{Problem, ProblemDocument};
use crate::{Shared, shown};

/// Whether the server can be used.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
    /// The institution's open day.
    open_date: String,
    /// `sqlite` or `postgres`.
    engine: &'static str,
    /// Whether this is a demonstration.
    demo: bool,
}

/// Whether the books can be read, and the open day.
#[utoipa::path(get, path = "/health", tag = "public", security(()),
    responses((status = 200, body = Health), (status = "default", body = ProblemDocument)))]
pub async fn health(State(api): State<Shared>) -> Result<Json<Health>, Problem> {
    let demo = api.options.demo;
    api.blocking(move |desk| {
        let open_date = desk.open_date(Cell::OFFICE)?.to_string();
        Ok(Json(Health { status: "ok", open_date, engine: desk.engine.backend().name(), demo }))
    })
    .await
}

/// A code is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeAsked {
    /// Mobile phone, 11 digits.
    #[schema(example = "13800138000")]
    phone: String,
    /// What it is for.
    purpose: Purpose,
}

/// A code is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeSent {
    /// How long it holds.
    expires_in_seconds: i64,
    /// When another may be asked for.
    resend_after_seconds: i64,
    /// The code itself, in a demonstration only.
    #[serde(skip_serializing_if = "Option::is_none")]
    demo_code: Option<String>,
}

/// Sends a one-time code to a phone: six digits, five minutes, five tries.
#[utoipa::path(post, path = "/api/v1/codes", tag = "public", security(()), request_body = CodeAsked,
    responses((status = 202, body = CodeSent), (status = "default", body = ProblemDocument)))]
pub async fn send_code(
    State(api): State<Shared>,
    Extension(CallerAddress(from)): Extension<CallerAddress>,
    Body(asked): Body<CodeAsked>,
) -> Result<(StatusCode, Json<CodeSent>), Problem> {
    let phone = Phone::parse(&asked.phone)?;
    let too_many = |seconds| Problem::new("too_many_requests").retry_after(seconds);
    api.code_askers.take(from, api.now()).map_err(too_many)?;
    let random = crate::clock::random().ok_or_else(|| Problem::new("storage_failed"))?;
    let code = api.codes.make(asked.purpose, &phone, random, api.now())?;
    let text = format!("【田信】验证码 {code}，五分钟内有效。请勿告诉他人。");
    let messages = api.options.messages.clone();
    api.blocking(move |_| Ok(messages.send(&Letter { id: None, to: phone, text })?)).await?;
    let demo_code = api.options.demo.then_some(code);
    let sent = CodeSent { expires_in_seconds: EXPIRES_SECONDS, resend_after_seconds: RESEND_SECONDS, demo_code };
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// A product on offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductShown {
    code: String,
    version: u32,
    name_zh: String,
    name_en: String,
    /// `equal_instalments`, `equal_principal`, `flat`, `interest_first`, `revolving`, `seasonal`, `custom` or `bullet`.
    method: &'static str,
    currency: String,
    amount_min: String,
    amount_max: String,
    amount_multiple: String,
    term_min_months: u16,
    term_max_months: u16,
    /// Yearly rates in percent, by rating where it depends on that.
    rates: Vec<RateShown>,
    /// Codes of what the money may be used for.
    uses: Vec<String>,
    fees: Vec<FeeShown>,
    /// Added to the contract rate on what is overdue, percent of it.
    penalty_uplift: String,
    grace_days: u16,
}

/// A rate, for a rating or for all.
#[derive(Debug, Serialize, ToSchema)]
pub struct RateShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<String>,
    /// Percent a year.
    rate: String,
}

/// A fee.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeeShown {
    pub(crate) code: String,
    pub(crate) label_zh: String,
    pub(crate) label_en: String,
    /// `disbursement`, `first_instalment`, `each_instalment`, `on_date` or `overdue`.
    pub(crate) when: &'static str,
    /// A fixed amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<String>,
    /// Percent of the principal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) percent: Option<String>,
    /// Who receives it.
    pub(crate) collector: String,
}

/// The products on offer, newest versions.
#[utoipa::path(get, path = "/api/v1/products", tag = "public", security(()),
    responses((status = 200, body = Vec<ProductShown>), (status = "default", body = ProblemDocument)))]
pub async fn products(State(api): State<Shared>) -> Result<Json<Vec<ProductShown>>, Problem> {
    api.blocking(move |desk| Ok(Json(desk.products()?.iter().map(product_shown).collect()))).await
}

/// A product as everybody reads it.
pub(super) fn product_shown(product: &Product) -> ProductShown {
    let rates = match &product.pricing {
        Pricing::One(rate) => vec![RateShown { rating: None, rate: shown::percent(*rate) }],
        Pricing::ByRating(grid) => grid
            .iter()
            .map(|(rating, rate)| RateShown { rating: Some(rating.clone()), rate: shown::percent(*rate) })
            .collect(),
    };
    ProductShown {
        code: product.code.clone(),
        version: product.version,
        name_zh: product.name_zh.clone(),
        name_en: product.name_en.clone(),
        method: method_code(product.method),
        currency: product.currency.to_string(),
        amount_min: shown::amount(product.amount_min_fen),
        amount_max: shown::amount(product.amount_max_fen),
        amount_multiple: shown::amount(product.amount_multiple_fen),
        term_min_months: product.term_min,
        term_max_months: product.term_max,
        rates,
        uses: product.uses.clone(),
        fees: product.fees.iter().map(fee_shown).collect(),
        penalty_uplift: loan::cost::percent(product.penalty_uplift_ppm),
        grace_days: product.grace_days,
    }
}

/// A stable word for a method of repayment.
pub const fn method_code(method: Method) -> &'static str {
    match method {
        Method::EqualInstalments => "equal_instalments",
        Method::Bullet => "bullet",
        Method::EqualPrincipal => "equal_principal",
        Method::InterestFirst => "interest_first",
        Method::Flat => "flat",
        Method::Revolving => "revolving",
        Method::Seasonal => "seasonal",
        Method::Custom => "custom",
        Method::StatementLine => "statement_line",
    }
}

/// A quote is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteAsked {
    /// The product's code.
    #[schema(example = "season-bullet")]
    product: String,
    /// Major units.
    #[schema(example = "10000.00")]
    amount: String,
    /// Months.
    term_months: u16,
    /// One of the product's rates, percent a year; the dearest if not given.
    rate: Option<String>,
    /// Where the household farms, for a product that follows the seasons.
    region: Option<String>,
    /// What it grows, with the areas in mu.
    crops: Option<String>,
}

/// What a loan would cost if it were drawn today: schedule, all-in cost table, and both in words.
#[utoipa::path(post, path = "/api/v1/quotes", tag = "public", security(()), request_body = QuoteAsked,
    responses((status = 200, body = QuoteShown), (status = "default", body = ProblemDocument)))]
pub async fn quote(State(api): State<Shared>, Body(asked): Body<QuoteAsked>) -> Result<Json<QuoteShown>, Problem> {
    let amount = api.amount(&asked.amount)?;
    let asked_rate = asked.rate.as_deref().map(rate).transpose()?;
    let season = season_asked(asked.region, asked.crops.as_deref())?;
    api.blocking(move |desk| {
        let on = desk.open_date(Cell::OFFICE)?;
        let product = desk.house().product_for(&asked.product, season.as_ref(), on)?;
        let outside = |error: loan::LoanError| Problem::new("outside_product").saying(error.to_string());
        let prices = product.priced_for(Term::Months(asked.term_months), on).map_err(outside)?.pricing.rates();
        let dearest = prices.into_iter().max().unwrap_or(basics::Rate::ZERO);
        let quote = app::assess::quote(&product, amount, asked.term_months, on, asked_rate.unwrap_or(dearest))
            .map_err(outside)?;
        desk.house().check_cost(&product, &quote.cost, on)?;
        Ok(Json(quote_shown(&product, &quote)))
    })
    .await
}
