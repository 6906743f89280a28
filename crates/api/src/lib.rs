//! HTTP, OpenAPI, sign-in and the pages, over the desk in front of the door.
//!
//! A request passes: language and headers ([`layers`]) → rate of its address → [`gate`]
//! (session, permission table, CSRF) → a handler of [`routes`] → the desk. Everything that
//! changes state is a command and is decided behind the door; nothing here touches the
//! database otherwise. Only [`clock`] reads the wall clock and the system's randomness.

#![warn(missing_docs)]

pub mod clock;
pub mod codes;
pub mod courier;
pub mod extract;
pub mod gate;
pub mod layers;
pub mod limits;
pub mod offer;
pub mod pages;
pub mod password;
pub mod permission;
pub mod problem;
pub mod routes;
pub mod session;
pub mod sheet;
pub mod shown;
pub mod words;

mod act;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::desk::Desk;
use axum::Router;
use basics::Instant;
use rails::{FormOnly, IdentityCheck, LogMessages, MessagePort};
use tokio::sync::Semaphore;

pub use limits::Rates;
use problem::Problem;

/// Password hashes worked out at the same time: each takes 19 MiB and a core.
const HASHES_AT_ONCE: usize = 2;

/// A clock.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// How the server is run.
#[derive(Clone)]
pub struct ApiOptions {
    /// A demonstration: codes are shown, a household may top up its own wallet, reading takes 5 s.
    pub demo: bool,
    /// Cookies go over HTTPS only. Off only where the server listens on this machine alone.
    pub secure_cookies: bool,
    /// Callers are told apart by the last address of `X-Forwarded-For`: only behind a proxy that sets it.
    pub trust_forwarded: bool,
    /// Who carries messages.
    pub messages: Arc<dyn MessagePort>,
    /// Who confirms identities.
    pub identity: Arc<dyn IdentityCheck>,
    /// Limits of rate.
    pub rates: Rates,
    /// Largest body, bytes.
    pub body_bytes_max: usize,
    /// Longest a caller waits. The command goes on.
    pub timeout: Duration,
    /// What time it is.
    pub clock: Clock,
}

impl Default for ApiOptions {
    fn default() -> ApiOptions {
        ApiOptions {
            demo: false,
            secure_cookies: true,
            trust_forwarded: false,
            messages: Arc::new(LogMessages::stderr()),
            identity: Arc::new(FormOnly),
            rates: Rates::default(),
            body_bytes_max: 256 * 1024,
            timeout: Duration::from_secs(30),
            clock: Arc::new(clock::now),
        }
    }
}

/// What handlers share.
pub struct Api {
    pub(crate) options: ApiOptions,
    pub(crate) desk: Arc<Desk>,
    pub(crate) sessions: session::Sessions,
    pub(crate) codes: codes::Codes,
    pub(crate) wrong_tries: limits::WrongTries,
    pub(crate) addresses: limits::Buckets<std::net::IpAddr>,
    pub(crate) actors: limits::Buckets<basics::Id>,
    pub(crate) code_askers: limits::Buckets<std::net::IpAddr>,
    pub(crate) hashing: Semaphore,
    pub(crate) portfolio: routes::portfolio::KeptFigures,
}

/// Handlers share it by pointer.
pub type Shared = Arc<Api>;

impl Api {
    fn new(options: ApiOptions, desk: Arc<Desk>) -> Api {
        let rates = options.rates;
        Api {
            sessions: session::Sessions::new(desk.vault.as_ref()),
            codes: codes::Codes::default(),
            wrong_tries: limits::WrongTries::default(),
            addresses: limits::Buckets::new(rates.address_burst, rates.address_per_second.saturating_mul(60)),
            actors: limits::Buckets::new(rates.actor_burst, rates.actor_per_second.saturating_mul(60)),
            code_askers: limits::Buckets::new(rates.codes_burst, rates.codes_per_minute),
            hashing: Semaphore::new(HASHES_AT_ONCE),
            portfolio: routes::portfolio::KeptFigures::default(),
            options,
            desk,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        (self.options.clock)()
    }

    /// Runs what waits for the database or computes long, off the threads that serve.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = self.desk.clone();
        let done = tokio::task::spawn_blocking(move || work(&desk)).await;
        done.unwrap_or_else(|error| Err(problem::fault(&format!("a worker thread ended: {error}"))))
    }

    /// The reading time below which nobody has read a contract.
    pub(crate) const fn read_seconds_min(&self) -> u32 {
        if self.options.demo { 5 } else { 10 }
    }
}

/// Everything that is served.
pub fn router(options: ApiOptions, desk: Arc<Desk>) -> Router {
    let api = Arc::new(Api::new(options, desk));
    let (routes, document) = routes::all(&api);
    let docs = utoipa_swagger_ui::SwaggerUi::new("/docs").url("/api/v1/openapi.json", document);
    let routes =
        routes.with_state(api.clone()).merge(docs).fallback(pages::serve).method_not_allowed_fallback(no_method);
    layers::around(routes, api)
}

async fn no_method() -> Problem {
    Problem::new("no_such_method")
}

/// Serves on a listener until `shutdown` completes; requests under way are answered.
pub async fn serve(
    listener: tokio::net::TcpListener,
    options: ApiOptions,
    desk: Arc<Desk>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router(options, desk).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(shutdown).await
}
