//! What handlers take from a request, with problems that say what is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use basics::{Cell, Currency, Date, Id, IdKind, Money, PublicId, Rate};
use serde::de::DeserializeOwned;

use crate::gate::Caller;
use crate::problem::Problem;
use crate::{Api, Shared};

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = kind.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new("not_json"));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            let too_large = error.status() == StatusCode::PAYLOAD_TOO_LARGE;
            Problem::new(if too_large { "body_too_large" } else { "bad_json" })
        })?;
        let read = serde_json::from_slice(&bytes);
        read.map(Body).map_err(|error| Problem::new("bad_json").saying(format!("the body cannot be read: {error}")))
    }
}

/// The query of an address.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Problem> {
        let read = axum::extract::Query::try_from_uri(&parts.uri);
        read.map(|axum::extract::Query(value)| Query(value))
            .map_err(|error| Problem::new("bad_query").saying(error.body_text()))
    }
}

/// The id of a command, made by the caller.
#[derive(Clone, Copy, Debug)]
pub struct CommandId(pub Id);

impl<S: Send + Sync> FromRequestParts<S> for CommandId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<CommandId, Problem> {
        let value = parts.headers.get("command-id").ok_or_else(|| Problem::new("command_id_missing"))?;
        let id = value.to_str().ok().and_then(|text| uuid::Uuid::try_parse(text).ok());
        match id {
            Some(id) if !id.is_nil() => Ok(CommandId(Id(id))),
            _ => Err(Problem::new("bad_command_id")),
        }
    }
}

impl CommandId {
    /// The id of a thing that the command makes: the same each time the command is sent, and in the order of
    /// time where the command's own id is, as with UUIDv7.
    pub fn made(self, thing: &str) -> Id {
        let derived = self.0.derive(thing);
        if self.0.0.get_version_num() != 7 {
            return derived;
        }
        let millis = self.0.as_bytes().iter().take(6).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let mut random = [0; 10];
        random.copy_from_slice(&derived.as_bytes()[..10]);
        Id::v7(millis, &random)
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Caller, Problem> {
        parts.extensions.get::<Caller>().copied().ok_or_else(|| Problem::new("not_signed_in"))
    }
}

impl Api {
    /// A household by its public id. Errors if no household of this database can have it.
    pub(crate) fn household(&self, text: &str) -> Result<Id, Problem> {
        let public = PublicId::parse_kind(text, IdKind::Household)?;
        if self.desk.cell_of(public.id) == public.cell { Ok(public.id) } else { Err(Problem::new("unknown_household")) }
    }

    /// Something of a household by its public id.
    pub(crate) fn thing(&self, text: &str, kind: IdKind, household: Id) -> Result<Id, Problem> {
        let public = PublicId::parse_kind(text, kind)?;
        if public.cell == self.desk.cell_of(household) {
            return Ok(public.id);
        }
        Err(Problem::new(match kind {
            IdKind::Contract => "unknown_contract",
            IdKind::Loan => "unknown_loan",
            IdKind::Facility => "unknown_facility",
            IdKind::Line => "unknown_line",
            IdKind::Person => "unknown_person",
            _ => "unknown_application",
        }))
    }

    /// The public id of a household.
    pub(crate) fn public_household(&self, id: Id) -> String {
        public(IdKind::Household, self.desk.cell_of(id), id)
    }

    /// The currency of the books.
    pub(crate) fn currency(&self) -> Currency {
        self.desk.house().institution.currency
    }

    /// An amount in the currency of the books.
    pub(crate) fn amount(&self, text: &str) -> Result<Money, Problem> {
        Ok(Money::parse(text, self.currency())?)
    }
}

/// A public id as text.
pub fn public(kind: IdKind, cell: Cell, id: Id) -> String {
    PublicId { kind, cell, id }.to_string()
}

/// A date.
pub fn date(text: &str) -> Result<Date, Problem> {
    Date::parse(text).map_err(|error| Problem::new("bad_date").saying(error.to_string()))
}

/// A bare id, such as that of an event in a loan's history, a change, a disaster or a merchant.
pub fn uuid(text: &str) -> Result<Id, Problem> {
    let shown: String = text.chars().take(40).collect();
    let wrong = || Problem::new("bad_id").saying(format!("`{shown}` is no UUID: take it as it was shown"));
    uuid::Uuid::try_parse(text).map(Id).map_err(|_| wrong())
}

/// A yearly rate in percent.
pub fn rate(text: &str) -> Result<Rate, Problem> {
    Rate::parse_percent(text).map_err(|error| Problem::new("bad_rate").saying(error.to_string()))
}
