//! What is around every answer: language of problems, rate of an address, time, headers, compression.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::compression::CompressionLayer;

use crate::problem::Problem;
use crate::words::Language;
use crate::{Api, Shared};

/// Puts the layers around the routes.
pub fn around(routes: Router, api: Shared) -> Router {
    routes
        .layer(DefaultBodyLimit::max(api.options.body_bytes_max))
        .layer(from_fn_with_state(api, speak))
        .layer(CompressionLayer::new().gzip(true))
}

/// Runs a request within its limits of rate and time, and writes problems in the caller's language.
async fn speak(State(api): State<Shared>, mut request: Request, next: Next) -> Response {
    let language = Language::of(text(request.headers(), &header::ACCEPT_LANGUAGE));
    let is_docs = request.uri().path().starts_with("/docs");
    let is_api = request.uri().path().starts_with("/api/");
    let from = address(&api, &request);
    request.extensions_mut().insert(CallerAddress(from));
    let mut response = match admit(&api, from) {
        Ok(()) => match tokio::time::timeout(api.options.timeout, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::new("timeout").retry_after(1).into_response(),
        },
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.respond(language);
    }
    guard(response.headers_mut(), is_docs, is_api);
    response
}

fn admit(api: &Api, from: IpAddr) -> Result<(), Problem> {
    let too_many = |seconds| Problem::new("too_many_requests").retry_after(seconds);
    api.addresses.take(from, api.now()).map_err(too_many)
}

/// Where a request came from, as far as limits tell callers apart; handlers find it in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerAddress(pub IpAddr);

/// The address a request came from. Of version 6 the half that a network is given, the rest is its own to choose.
fn address(api: &Api, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let told = text(request.headers(), &HeaderName::from_static("x-forwarded-for"))
        .filter(|_| api.options.trust_forwarded)
        .and_then(|list| list.rsplit(',').next())
        .and_then(|last| last.trim().parse().ok());
    match told.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
        },
        address => address,
    }
}

/// Headers that keep browsers from helping an attacker.
fn guard(headers: &mut HeaderMap, is_docs: bool, is_api: bool) {
    // The viewer styles itself from its scripts; the pages do not.
    let policy = if is_docs {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    } else {
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
    };
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, policy);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "same-origin");
    if is_api {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
