//! The sandbox bank over HTTP: ISO 20022 under `/iso`, the mobile gateway under `/v1`, and what tests steer it by under `/sandbox`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use basics::{Currency, Date, Money};
use rails::mobile::{NoticeDocument, OrderDocument, StandingDocument, StatementDocument};
use rails::sign::{self, HEADER_NONCE, HEADER_SIGNATURE, HEADER_TIME, Nonces, Secret, SignatureError, Stamp};
use rails::{Notice, OrderId, PaymentOrder, Standing, iso};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bank::{Bank, Heard};
use crate::clock;

/// The largest request that is read, bytes.
const BODY_BYTES_MAX: usize = 8 << 20;

/// What the server shares.
pub struct Sandbox {
    /// The bank that is spoken to by ISO 20022.
    pub bank: Mutex<Bank>,
    /// The gateway of mobile payment.
    pub mobile: Mutex<Bank>,
    /// What requests are signed with.
    pub secret: Secret,
    /// Nonces that came.
    pub nonces: Mutex<Nonces>,
    /// How long a caller waits in vain before it is told that there was no answer.
    pub hang: Duration,
}

type Shared = Arc<Sandbox>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything that is served.
pub fn router(sandbox: Shared) -> Router {
    Router::new()
        .route("/iso/payments", post(iso_submit))
        .route("/iso/payments/{id}", get(iso_query))
        .route("/iso/notices/{number}", get(iso_notice))
        .route("/iso/statements/{day}", get(iso_statement))
        .route("/v1/orders", post(mobile_submit))
        .route("/v1/orders/{id}", get(mobile_query))
        .route("/v1/notices/{after}", get(mobile_notices))
        .route("/v1/statements/{day}", get(mobile_statement))
        .route("/sandbox/credit", post(credit))
        .route("/sandbox/close", post(close))
        .route("/sandbox/truth", get(truth))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(sandbox)
}

fn now_seconds() -> i64 {
    clock::now().0.div_euclid(1_000_000)
}

/// A request whose signature holds and that has not come before.
struct Genuine {
    stamp: Stamp,
    subject: String,
    body: Bytes,
}

impl FromRequest<Shared> for Genuine {
    type Rejection = Response;

    async fn from_request(request: Request, sandbox: &Shared) -> Result<Genuine, Response> {
        let subject = format!("{} {}", request.method(), request.uri().path());
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let [time, nonce, signature] = [HEADER_TIME, HEADER_NONCE, HEADER_SIGNATURE].map(header);
        let body = Bytes::from_request(request, sandbox).await.map_err(IntoResponse::into_response)?;
        let checked = Stamp::read(&time, &nonce).and_then(|stamp| {
            let now = now_seconds();
            sign::check(&sandbox.secret, &stamp, &subject, &body, &signature, now)?;
            lock(&sandbox.nonces).take(&stamp, now)?;
            Ok(stamp)
        });
        let refused = |error: SignatureError| (StatusCode::UNAUTHORIZED, error.to_string()).into_response();
        checked.map(|stamp| Genuine { stamp, subject, body }).map_err(refused)
    }
}

impl Sandbox {
    fn answer(&self, genuine: &Genuine, status: StatusCode, kind: &str, body: impl Into<Vec<u8>>) -> Response {
        let body = body.into();
        let stamp = Stamp { at_seconds: now_seconds(), nonce: genuine.stamp.nonce.clone() };
        let signature = sign::sign(&self.secret, &stamp, &format!("{} {}", status.as_u16(), genuine.subject), &body);
        let headers = [
            ("content-type", kind.to_owned()),
            (HEADER_TIME, stamp.at_seconds.to_string()),
            (HEADER_NONCE, stamp.nonce),
            (HEADER_SIGNATURE, signature),
        ];
        (status, headers, body).into_response()
    }

    fn nothing(&self, genuine: &Genuine) -> Response {
        self.answer(genuine, StatusCode::NOT_FOUND, TEXT, "there is no such thing here")
    }

    fn wrong(&self, genuine: &Genuine, said: &dyn std::fmt::Display) -> Response {
        self.answer(genuine, StatusCode::BAD_REQUEST, TEXT, said.to_string())
    }

    async fn no_answer(&self) -> Response {
        tokio::time::sleep(self.hang).await;
        StatusCode::GATEWAY_TIMEOUT.into_response()
    }

    fn as_pain_002(&self, genuine: &Genuine, told: &[(OrderId, Standing)]) -> Response {
        let told: Vec<iso::Told> = told.iter().map(|(id, standing)| (id.clone(), None, standing.clone())).collect();
        let original = told.first().map_or("NONE", |(id, ..)| id.as_str());
        let report = iso::status_report(&message_id(), clock::now(), original, &told);
        self.answer(genuine, StatusCode::OK, XML, report)
    }

    fn as_json(&self, genuine: &Genuine, told: &impl Serialize) -> Response {
        match serde_json::to_vec(told) {
            Ok(body) => self.answer(genuine, StatusCode::OK, JSON, body),
            Err(error) => self.wrong(genuine, &error),
        }
    }
}

const XML: &str = "application/xml";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

fn message_id() -> String {
    format!("SB{}", clock::now().0)
}

async fn iso_submit(State(sandbox): State<Shared>, genuine: Genuine) -> Response {
    let text = String::from_utf8_lossy(&genuine.body);
    let orders = match iso::read_initiation(&text) {
        Ok(initiation) => initiation.orders,
        Err(error) => return sandbox.wrong(&genuine, &error),
    };
    match take(&sandbox.bank, orders) {
        Some(told) => sandbox.as_pain_002(&genuine, &told),
        None => sandbox.no_answer().await,
    }
}

/// How orders stand that have come; none where the caller hears nothing.
fn take(bank: &Mutex<Bank>, orders: Vec<PaymentOrder>) -> Option<Vec<(OrderId, Standing)>> {
    let mut bank = lock(bank);
    let mut told = Vec::with_capacity(orders.len());
    let mut is_heard = true;
    for order in orders {
        let id = order.id.clone();
        let (standing, heard) = bank.submit(order);
        is_heard &= heard == Heard::Yes;
        told.push((id, standing));
    }
    is_heard.then_some(told)
}

async fn iso_query(State(sandbox): State<Shared>, Path(id): Path<String>, genuine: Genuine) -> Response {
    let Some(id) = OrderId::parse(&id) else { return sandbox.nothing(&genuine) };
    let standing = lock(&sandbox.bank).query(&id);
    match standing {
        Standing::Unknown => sandbox.nothing(&genuine),
        standing => sandbox.as_pain_002(&genuine, &[(id, standing)]),
    }
}

async fn iso_notice(State(sandbox): State<Shared>, Path(number): Path<u64>, genuine: Genuine) -> Response {
    let (notice, account, day) = {
        let mut bank = lock(&sandbox.bank);
        (bank.notice(number), bank.account().to_owned(), bank.day())
    };
    let Some(Notice { orders, credits, .. }) = notice else { return sandbox.nothing(&genuine) };
    if credits.is_empty() {
        return sandbox.as_pain_002(&genuine, &orders);
    }
    let on = credits.first().map_or(day, |credit| credit.on);
    let lines: Vec<rails::StatementLine> = credits
        .into_iter()
        .map(|credit| rails::StatementLine {
            reference: credit.reference,
            order: None,
            amount: credit.amount,
            flow: rails::Flow::In,
            words: credit.words,
        })
        .collect();
    let text = iso::notification(&message_id(), clock::now(), &account, on, &lines);
    sandbox.answer(&genuine, StatusCode::OK, XML, text)
}

async fn iso_statement(State(sandbox): State<Shared>, Path(day): Path<String>, genuine: Genuine) -> Response {
    let statement = Date::parse(&day).ok().and_then(|day| lock(&sandbox.bank).statement(day).cloned());
    match statement {
        Some(statement) => {
            let text = iso::statement(&message_id(), clock::now(), &statement);
            sandbox.answer(&genuine, StatusCode::OK, XML, text)
        }
        None => sandbox.nothing(&genuine),
    }
}

async fn mobile_submit(State(sandbox): State<Shared>, genuine: Genuine) -> Response {
    let order = match serde_json::from_slice::<OrderDocument>(&genuine.body) {
        Ok(document) => document.read(),
        Err(error) => return sandbox.wrong(&genuine, &error),
    };
    match order.map(|order| take(&sandbox.mobile, vec![order])) {
        Ok(Some(told)) => match told.first() {
            Some((id, standing)) => sandbox.as_json(&genuine, &StandingDocument::of(id, standing)),
            None => sandbox.nothing(&genuine),
        },
        Ok(None) => sandbox.no_answer().await,
        Err(error) => sandbox.wrong(&genuine, &error),
    }
}

async fn mobile_query(State(sandbox): State<Shared>, Path(id): Path<String>, genuine: Genuine) -> Response {
    let Some(id) = OrderId::parse(&id) else { return sandbox.nothing(&genuine) };
    let standing = lock(&sandbox.mobile).query(&id);
    match standing {
        Standing::Unknown => sandbox.nothing(&genuine),
        standing => sandbox.as_json(&genuine, &StandingDocument::of(&id, &standing)),
    }
}

async fn mobile_notices(State(sandbox): State<Shared>, Path(after): Path<u64>, genuine: Genuine) -> Response {
    let told = lock(&sandbox.mobile).notices(after);
    let told: Vec<NoticeDocument> = told.iter().map(|(number, notice)| NoticeDocument::of(*number, notice)).collect();
    sandbox.as_json(&genuine, &told)
}

async fn mobile_statement(State(sandbox): State<Shared>, Path(day): Path<String>, genuine: Genuine) -> Response {
    let statement = Date::parse(&day).ok().and_then(|day| lock(&sandbox.mobile).statement(day).cloned());
    match statement {
        Some(statement) => sandbox.as_json(&genuine, &StatementDocument::of(&statement)),
        None => sandbox.nothing(&genuine),
    }
}

/// Somebody transfers money to the institution.
#[derive(Deserialize)]
struct CreditAsked {
    /// `bank` or `mobile`.
    rail: String,
    amount: String,
    words: String,
    /// Not told before the statement.
    #[serde(default)]
    unnoticed: bool,
}

async fn credit(State(sandbox): State<Shared>, body: Bytes) -> Response {
    let asked: CreditAsked = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let bank = if asked.rail == "mobile" { &sandbox.mobile } else { &sandbox.bank };
    match Money::parse(&asked.amount, Currency::CNY).ok().filter(|amount| amount.is_positive()) {
        Some(amount) => {
            let reference = lock(bank).credit(amount, &asked.words, asked.unnoticed);
            axum::Json(json!({ "reference": reference })).into_response()
        }
        None => (StatusCode::BAD_REQUEST, "the amount must be more than 0.00").into_response(),
    }
}

async fn close(State(sandbox): State<Shared>) -> Response {
    let closed = lock(&sandbox.bank).close();
    lock(&sandbox.mobile).close();
    axum::Json(json!({ "closed": closed.to_string() })).into_response()
}

async fn truth(State(sandbox): State<Shared>) -> Response {
    let told = [&sandbox.bank, &sandbox.mobile].map(|bank| {
        let truth = lock(bank).truth();
        let one = |one: super::bank::Truth| {
            json!({ "id": one.id.to_string(), "asked": one.asked_minor, "moved": one.moved_minor, "refused": one.refused })
        };
        truth.into_iter().map(one).collect::<Vec<_>>()
    });
    let [bank, mobile] = told;
    axum::Json(json!({ "bank": bank, "mobile": mobile })).into_response()
}
