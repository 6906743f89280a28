//! A household as its pages show it: persons, wallet, account, limits, profile.

use app::desk::Desk;
use app::tables::MemberRole;
use axum::Json;
use axum::extract::{Path, State};
use basics::{Id, IdKind};
use insight::feature::Unit;
use rails::Phone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Shared;
use crate::extract::{Query, public};
use crate::problem::{Problem, ProblemDocument};
use crate::shown::{ReasonShown, amount, entry_en, entry_zh, millionths, percent};

/// Lines of an account shown at once at most.
const ENTRIES_MAX: usize = 200;

/// A household.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdShown {
    household: String,
    village: String,
    /// `active` or `buried`.
    status: &'static str,
    enrolled_on: String,
    persons: Vec<PersonShown>,
    wallet: WalletShown,
    /// Whether the wallet is a memo account beside a bank's, because the institution may hold no deposits.
    is_memo_account: bool,
}

/// A person of a household.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonShown {
    person: String,
    /// `head`, `spouse`, `adult` or `dependant`.
    role: &'static str,
    /// Name; none once it is erased.
    name: Option<String>,
    /// Phone with its middle hidden.
    phone_masked: Option<String>,
}

/// A wallet.
#[derive(Debug, Serialize, ToSchema)]
pub struct WalletShown {
    balance: String,
    /// What of it is reserved.
    held: String,
    available: String,
    currency: String,
}

/// A household with its persons and wallet.
#[utoipa::path(get, path = "/api/v1/households/{hh}", tag = "household",
    params(("hh" = String, Path, description = "The household, `hh-…`")),
    responses((status = 200, body = HouseholdShown), (status = "default", body = ProblemDocument)))]
pub async fn view(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<HouseholdShown>, Problem> {
    let id = api.household(&hh)?;
    api.blocking(move |desk| Ok(Json(household_shown(desk, id)?))).await
}

fn household_shown(desk: &Desk, id: Id) -> Result<HouseholdShown, Problem> {
    let view = desk.household(id)?;
    let cell = desk.cell_of(id);
    let mut persons = Vec::with_capacity(view.persons.len());
    for person in &view.persons {
        let phone = desk.field(id, person.id, "phone")?;
        persons.push(PersonShown {
            person: public(IdKind::Person, cell, person.id),
            role: person.role.as_str(),
            name: desk.field(id, person.id, "name")?,
            phone_masked: phone.and_then(|phone| Phone::parse(&phone).ok()).map(|phone| phone.masked()),
        });
    }
    persons.sort_by_key(|person| person.role != MemberRole::Head.as_str());
    let currency = desk.house().institution.currency;
    let wallet = view.wallets.iter().find(|wallet| wallet.currency == currency);
    let (balance, held) = wallet.map_or((0, 0), |wallet| (wallet.balance_minor, wallet.held_minor));
    Ok(HouseholdShown {
        household: public(IdKind::Household, cell, id),
        village: view.household.village,
        status: view.household.status.as_str(),
        enrolled_on: view.household.enrolled_on.to_string(),
        persons,
        wallet: WalletShown {
            balance: amount(balance),
            held: amount(held),
            available: amount(balance - held),
            currency: currency.to_string(),
        },
        is_memo_account: desk.house().institution.licence == app::Licence::MicroLoanCompany,
    })
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// `next` of the part shown before.
    after: Option<String>,
    /// How many at most, 1 to 200.
    limit: Option<usize>,
}

/// A part of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntriesShown {
    items: Vec<EntryShown>,
    /// To be given as `after` for the next part; none at the end.
    next: Option<String>,
}

/// A line of a wallet's account.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryShown {
    /// Cell, record and fact of the entry: what a reversal names.
    entry: String,
    kind: &'static str,
    kind_zh: &'static str,
    kind_en: &'static str,
    value_date: String,
    booking_date: String,
    /// In is positive, out negative.
    amount: String,
    currency: String,
    memo: Option<String>,
}

/// The wallet's account, newest first.
#[utoipa::path(get, path = "/api/v1/households/{hh}/entries", tag = "household",
    params(("hh" = String, Path, description = "The household"), Page),
    responses((status = 200, body = EntriesShown), (status = "default", body = ProblemDocument)))]
pub async fn entries(
    State(api): State<Shared>,
    Path(hh): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<EntriesShown>, Problem> {
    let id = api.household(&hh)?;
    let limit = page.limit.unwrap_or(50).clamp(1, ENTRIES_MAX);
    let after = page.after.as_deref().map(place_of).transpose()?;
    api.blocking(move |desk| {
        let cell = desk.cell_of(id);
        desk.head(id)?;
        // One more than asked tells whether there is a next part.
        let mut lines = desk.account(id, after, limit + 1)?;
        let more = lines.len() > limit;
        lines.truncate(limit);
        let next = lines.last().filter(|_| more).map(|line| format!("{}.{}.{}", line.entry.0, line.entry.1, line.line));
        let items = lines.into_iter().map(|line| EntryShown {
            entry: format!("{cell}.{}.{}", line.entry.0, line.entry.1),
            kind: line.kind.as_str(),
            kind_zh: entry_zh(line.kind),
            kind_en: entry_en(line.kind),
            value_date: line.value_date.to_string(),
            booking_date: line.booking_date.to_string(),
            amount: amount(line.amount_minor),
            currency: line.currency.to_string(),
            memo: line.memo,
        });
        Ok(Json(EntriesShown { items: items.collect(), next }))
    })
    .await
}

/// Three numbers with dots between them.
pub(crate) fn place_of(text: &str) -> Result<(i64, i64, i64), Problem> {
    let numbers: Option<Vec<i64>> = text.split('.').map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some([a, b, c]) => Ok((*a, *b, *c)),
        _ => Err(Problem::new("bad_query").saying("a place in a list is three numbers with dots: take it as given")),
    }
}

/// What a household could borrow today.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsShown {
    open_date: String,
    profile: KnownShown,
    #[serde(skip_serializing_if = "Option::is_none")]
    facility: Option<FacilityShown>,
    products: Vec<LimitShown>,
}

/// How much is known of a household.
#[derive(Debug, Serialize, ToSchema)]
pub struct KnownShown {
    known_movements: u64,
    /// Too little is known to score: people decide.
    thin: bool,
}

/// A facility 授信.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacilityShown {
    amount: String,
    /// Owed, or approved and not yet drawn.
    used: String,
    available: String,
    valid_to: String,
}

/// What could be borrowed of a product.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitShown {
    product: String,
    /// `approve`, `refer` or `decline`.
    outcome: &'static str,
    /// At once.
    available: String,
    /// What a person could grant.
    limit: String,
    /// Percent a year, where there is a price.
    rate: Option<String>,
    reasons: Vec<ReasonShown>,
}

/// What the household could borrow of each product today, with reasons.
#[utoipa::path(get, path = "/api/v1/households/{hh}/limits", tag = "household",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = LimitsShown), (status = "default", body = ProblemDocument)))]
pub async fn limits(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<LimitsShown>, Problem> {
    let id = api.household(&hh)?;
    api.blocking(move |desk| {
        let open_date = desk.open_date(desk.cell_of(id))?;
        let views = desk.limits(id)?;
        let (profile, _) = desk.profile(id)?;
        let facility = desk.facility(id)?.map(|view| FacilityShown {
            amount: amount(view.position.amount_fen),
            used: amount(view.position.used_fen.saturating_add(view.position.reserved_fen)),
            available: amount(view.position.available_fen),
            valid_to: view.row.valid_to.to_string(),
        });
        let products = views.into_iter().map(|view| LimitShown {
            product: view.product,
            outcome: outcome_code(view.limit.outcome),
            available: amount(view.available_minor),
            limit: amount(view.limit.limit_minor.max(0)),
            rate: view.limit.rate_annual.map(percent),
            reasons: view.limit.reasons.iter().map(ReasonShown::from).collect(),
        });
        Ok(Json(LimitsShown {
            open_date: open_date.to_string(),
            profile: KnownShown { known_movements: profile.movements(), thin: insight::is_thin(&profile) },
            facility,
            products: products.collect(),
        }))
    })
    .await
}

pub(crate) const fn outcome_code(outcome: policy::Outcome) -> &'static str {
    match outcome {
        policy::Outcome::Approve => "approve",
        policy::Outcome::Less => "less",
        policy::Outcome::Refer => "refer",
        policy::Outcome::Decline => "decline",
    }
}

/// What is known of a household's behaviour.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileShown {
    version: i64,
    known_movements: u64,
    thin: bool,
    first_movement: Option<String>,
    last_movement: Option<String>,
    features: Vec<FeatureShown>,
}

/// A feature.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeatureShown {
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    /// `money`, `ratio`, `count` or `months`.
    unit: &'static str,
    /// A decimal; none where it cannot be told.
    value: Option<String>,
}

/// What is known of the household's behaviour, feature by feature.
#[utoipa::path(get, path = "/api/v1/households/{hh}/profile", tag = "household",
    params(("hh" = String, Path, description = "The household")),
    responses((status = 200, body = ProfileShown), (status = "default", body = ProblemDocument)))]
pub async fn profile(State(api): State<Shared>, Path(hh): Path<String>) -> Result<Json<ProfileShown>, Problem> {
    let id = api.household(&hh)?;
    api.blocking(move |desk| {
        desk.head(id)?;
        let (profile, version) = desk.profile(id)?;
        let vector = insight::features(&profile, desk.open_date(desk.cell_of(id))?);
        Ok(Json(ProfileShown {
            version,
            known_movements: profile.movements(),
            thin: insight::is_thin(&profile),
            first_movement: profile.first_movement().map(|date| date.to_string()),
            last_movement: profile.last_movement().map(|date| date.to_string()),
            features: features_shown(|name| vector.get(name)),
        }))
    })
    .await
}

/// The features of the table that ask for no loan, with their values.
pub(crate) fn features_shown(value: impl Fn(&str) -> Option<i64>) -> Vec<FeatureShown> {
    let own = insight::for_credit().filter(|f| !matches!(f.how, insight::feature::How::Asked(_)));
    own.map(|feature| FeatureShown {
        name: feature.name,
        zh: feature.zh,
        en: feature.en,
        unit: match feature.unit {
            Unit::Money => "money",
            Unit::Ratio => "ratio",
            Unit::Count => "count",
            Unit::Days => "days",
            Unit::Months => "months",
            Unit::Mu => "mu",
        },
        value: value(feature.name).map(millionths),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_three_numbers() {
        assert_eq!(place_of("7.12.0").unwrap(), (7, 12, 0));
        for wrong in ["", "1", "1.2", "1.2.3.4", "a.b.c", "1.2.99999999999999999999"] {
            assert!(place_of(wrong).is_err(), "{wrong}");
        }
    }
}
