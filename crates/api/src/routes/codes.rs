//! Payment by code at a merchant, and how well a household is known.

use app::command::{Command, Outcome};
use app::level::{SetLevel, WalletLevel};
use app::line::MerchantStatus;
use app::suspend::Outgoing;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use basics::money::format_minor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::act::{Receipt, Taken, receipt};
use crate::extract::{Body, CommandId, uuid};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemDocument};

type Receipted = Result<(StatusCode, Json<Receipt>), Problem>;

/// A code to be shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentCodeAsked {
    /// The merchant, a UUID; it must be paid to this household's wallet.
    merchant: String,
    /// How much.
    #[schema(example = "12.50")]
    amount: String,
}

/// A code: what a QR code holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentCodeShown {
    /// The text.
    code: String,
    /// How long it may be paid, seconds.
    seconds: i64,
}

/// Makes a code by which a merchant is paid: once, within ten minutes. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/households/{hh}/payment-codes", tag = "money", request_body = PaymentCodeAsked,
    params(("hh" = String, Path, description = "The household whose wallet the merchant is paid to"),
        ("Command-Id" = String, Header, description = "UUID made by the caller; the same id gives the same code")),
    responses((status = 201, body = PaymentCodeShown), (status = "default", body = ProblemDocument)))]
pub async fn make(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    command: CommandId,
    Body(asked): Body<PaymentCodeAsked>,
) -> Result<(StatusCode, Json<PaymentCodeShown>), Problem> {
    let household = api.household(&hh)?;
    let (merchant, amount, now) = (uuid(&asked.merchant)?, api.amount(&asked.amount)?, api.now());
    if !amount.is_positive() {
        return Err(Problem::new("amount_not_positive"));
    }
    let id = command.made("code");
    let code = api.blocking(move |desk| Ok(desk.make_code(household, merchant, (id, amount), now)?)).await?;
    Ok((StatusCode::CREATED, Json(PaymentCodeShown { code, seconds: app::code::CODE_SECONDS_MAX })))
}

/// A code that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentCodeRead {
    /// Its text.
    code: String,
}

/// Pays a merchant's code; to a merchant of another cell the money is on its way (202) for a moment, and comes back if somebody
/// else was quicker.
#[utoipa::path(post, path = "/api/v1/households/{hh}/code-payments", tag = "money", request_body = PaymentCodeRead,
    params(("hh" = String, Path, description = "The household that pays"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn pay(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(read): Body<PaymentCodeRead>,
) -> Receipted {
    let household = api.household(&hh)?;
    let (cell, now) = (api.desk.cell_of(household), api.now());
    let paid = api.blocking(move |desk| Ok(desk.payment_of_code(household, &read.code, now)?)).await?;
    let taken = api.send_out(caller.actor, command, Outgoing::Code(paid.clone())).await?;
    if matches!(taken, Taken::Done(Outcome::Suspended)) {
        return receipt(taken, cell);
    }
    // Known to the profile too, once: an event that was told before is left out by its id.
    api.blocking(move |desk| {
        let event = desk.purchase_event(&paid, command.0)?;
        match desk.observe(command.made("observed"), household, &[event], door::Actor::SYSTEM, now) {
            Ok(_) | Err(app::desk::DeskError::Door(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    })
    .await?;
    receipt(taken, cell)
}

/// What a code asks for, before it is paid.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentCodeTold {
    /// The merchant, a UUID.
    merchant: String,
    /// Its name in the register.
    name: String,
    /// The category that statement lines go by.
    category: String,
    amount: String,
}

/// Says whom a code pays and how much; nothing is paid. Errors for a code that is not genuine or has expired.
#[utoipa::path(post, path = "/api/v1/households/{hh}/codes-read", tag = "money", request_body = PaymentCodeRead,
    params(("hh" = String, Path, description = "The household that would pay"),
        ("Command-Id" = String, Header, description = "UUID made by the caller; nothing is written")),
    responses((status = 200, body = PaymentCodeTold), (status = "default", body = ProblemDocument)))]
pub async fn read(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    _: CommandId,
    Body(read): Body<PaymentCodeRead>,
) -> Result<Json<PaymentCodeTold>, Problem> {
    let household = api.household(&hh)?;
    let now = api.now();
    api.blocking(move |desk| {
        let paid = desk.payment_of_code(household, &read.code, now)?;
        let merchant = desk.merchant(paid.merchant)?;
        Ok(Json(PaymentCodeTold {
            merchant: merchant.id.to_string(),
            name: merchant.name,
            category: merchant.category,
            amount: format_minor(paid.amount.minor()),
        }))
    })
    .await
}

/// A merchant that is paid to the household's own wallet.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnMerchant {
    /// A UUID.
    merchant: String,
    name: String,
}

/// The merchants that are paid to this household's wallet and may be paid now.
#[utoipa::path(get, path = "/api/v1/households/{hh}/merchants", tag = "money",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = Vec<OwnMerchant>), (status = "default", body = ProblemDocument)))]
pub async fn own_merchants(
    State(api): State<Shared>,
    Path(hh): Path<String>,
) -> Result<Json<Vec<OwnMerchant>>, Problem> {
    let household = api.household(&hh)?;
    api.blocking(move |desk| {
        let rows = desk.merchants()?;
        let own = rows.into_iter().filter(|row| row.household == household && row.status == MerchantStatus::Active);
        Ok(Json(own.map(|row| OwnMerchant { merchant: row.id.to_string(), name: row.name }).collect()))
    })
    .await
}

/// What a household may move by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct LevelView {
    /// `basic`, `checked` or `full`.
    level: String,
    /// By one payment; none where there is no limit.
    per_payment: Option<String>,
    /// On one day.
    per_day: Option<String>,
    /// In one year.
    per_year: Option<String>,
    /// Moved today.
    used_today: String,
    /// Moved this year.
    used_this_year: String,
}

/// How well the household is known, and what it may move by itself.
#[utoipa::path(get, path = "/api/v1/households/{hh}/level", tag = "money",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = LevelView), (status = "default", body = ProblemDocument)))]
pub async fn level(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<LevelView>, Problem> {
    let household = api.household(&hh)?;
    let shown = api.blocking(move |desk| Ok(desk.level(household)?)).await?;
    let of =
        |limit: fn(&app::level::LevelLimits) -> Option<i64>| shown.limits.as_ref().and_then(limit).map(format_minor);
    Ok(Json(LevelView {
        level: shown.level.as_str().to_owned(),
        per_payment: of(|limits| limits.per_payment_minor),
        per_day: of(|limits| limits.per_day_minor),
        per_year: of(|limits| limits.per_year_minor),
        used_today: format_minor(shown.used_minor.0),
        used_this_year: format_minor(shown.used_minor.1),
    }))
}

/// How well a household is known since.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelTold {
    /// `basic`, `checked` or `full`.
    #[schema(example = "full")]
    level: String,
    /// What it rests on: who saw whom, and where; which checks.
    evidence: String,
}

/// Says, by two, how well a household is known.
#[utoipa::path(post, path = "/api/v1/households/{hh}/level", tag = "money", request_body = LevelTold,
    params(("hh" = String, Path, description = "The household"),
        ("Command-Id" = String, Header, description = "UUID made by the caller")),
    responses((status = 201, body = Receipt), (status = 202, body = Receipt), (status = "default", body = ProblemDocument)))]
pub async fn set_level(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    caller: Caller,
    command: CommandId,
    Body(told): Body<LevelTold>,
) -> Receipted {
    let household = api.household(&hh)?;
    let cell = api.desk.cell_of(household);
    let bad = || Problem::new("bad_json").saying(format!("`level` is basic, checked or full, not `{}`", told.level));
    let level = WalletLevel::parse(&told.level).ok_or_else(bad)?;
    let set = SetLevel { cell, household, level, evidence: told.evidence };
    receipt(api.act(caller.actor, command, Command::SetLevel(set)).await?, cell)
}
