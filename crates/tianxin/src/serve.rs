//! `tianxin serve`: runs the engine behind the door until it is told to stop.
//!
//! Only the health of the server can be asked over HTTP here.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use clap::Args;
use door::{Engine, EngineOptions};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{self, Opened, Place, Use};
use crate::failure::Failure;
use crate::notary::{Desk, Notary};
use crate::terminal::{log, say};

/// Serve the books: take commands, close days, sign checkpoints.
///
/// Says one line on standard output when it is ready; logs go to standard error. SIGINT or SIGTERM
/// end it in good order: batches under way are committed and answered.
#[derive(Args)]
pub struct Serve {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

impl Serve {
    /// Runs the command until a signal ends it.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let opened = Arc::new(config::open(place, Use::Write)?);
        if let Some(folder) = opened.checkpoints.parent() {
            config::make_private_folder(folder)?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::Unreachable(format!("no threads to serve with: {error}")))?;
        let notary = Notary::start(Desk::new(&opened))?;
        let options = EngineOptions { on_commit: Some(notary.on_commit()), ..EngineOptions::default() };
        let engine = Engine::start(opened.tianxin.clone(), opened.backend.clone(), options)?;
        let served = runtime.block_on(listen(self.listen, opened));
        log("stopping");
        engine.stop();
        notary.stop();
        served
    }
}

async fn listen(address: SocketAddr, opened: Arc<Opened>) -> Result<(), Failure> {
    let no_signals = |error| Failure::Unreachable(format!("signals cannot be waited for: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let taken = |error| {
        Failure::Unreachable(format!("cannot listen on {address} ({error}): choose another address with --listen"))
    };
    let listener = tokio::net::TcpListener::bind(address).await.map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    let (engine, day) = (opened.backend.name(), opened.open_day()?);
    let routes = axum::Router::new().route("/health", get(health)).with_state(opened);
    say(format!("ready on http://{address} ({engine}, open day {day})"));
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let failed = |error| Failure::Unreachable(format!("serving on {address} failed: {error}"));
    axum::serve(listener, routes).with_graceful_shutdown(stop).await.map_err(failed)
}

/// Whether the books can be read.
async fn health(State(opened): State<Arc<Opened>>) -> (StatusCode, Json<Value>) {
    let read = tokio::task::spawn_blocking(move || opened.open_day()).await;
    match read {
        Ok(Ok(day)) => (StatusCode::OK, Json(json!({ "status": "ok", "open_day": day.to_string() }))),
        Ok(Err(failure)) => {
            log(&format!("health: {failure}"));
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "the books cannot be read" })))
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "a reader failed" }))),
    }
}
