//! Events as they come over HTTP: sealed, stored, folded into profiles, durable before they are answered, and shown to the monitor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use door::{Engine, EngineOptions};
use serde_json::{Value, json};

use crate::bench::books::Books;
use crate::bench::borrowers::{self, Borrower, Borrowers};
use crate::bench::callers::{Times, at_the_same_time};
use crate::bench::county::Stream;
use crate::bench::http::{Client, Passes, serve, tell};
use crate::bench::in_process::desk;
use crate::bench::sqlite::Folder;
use crate::bench::{Line, Report, three_places};
use crate::config::tables;
use crate::failure::Failure;
use crate::terminal::Progress;

/// Aims: events a second, milliseconds for 99 of 100 answers.
const EVENTS_AIM: f64 = 5_000.0;
const MILLIS_AIM: f64 = 35.0;

/// What is measured over HTTP.
#[derive(Clone, Copy, Debug)]
pub struct OverHttp {
    /// Households that are there beforehand.
    pub households: u32,
    /// Callers that tell events at the same time.
    pub callers: u16,
    /// Events a request.
    pub events: usize,
    /// How long.
    pub seconds: u64,
}

impl OverHttp {
    /// Founds households, and lets callers tell their events.
    pub fn measure(self, report: &mut Report) -> Result<(), Failure> {
        let progress = Progress::begin("founding the households");
        let mut books = Books { server: None, folder: Folder::make(None)? };
        let borrowers = Borrowers::found(books.place(), self.households, &borrowers::model()?, &progress)?;
        drop(progress);
        books.founded()?;
        books.copy("http")?;
        let _progress = Progress::begin("events over HTTP");
        let backend = books.open("http", &tables(&borrowers.tianxin))?;
        let engine = Arc::new(Engine::start(borrowers.tianxin.clone(), backend, EngineOptions::default())?);
        let desk = Arc::new(desk(engine.clone(), &borrowers));
        let passes = Passes::new(&borrowers);
        let turn = AtomicUsize::new(0);
        let (times, spent) = serve(desk, |address| {
            let begun = Instant::now();
            let until = begun + Duration::from_secs(self.seconds);
            let told = at_the_same_time(self.callers, |caller| {
                let mut client = Client::connect(address)?;
                let mut stream = Stream(0x5eed ^ caller << 32);
                let mut times = Times::default();
                while Instant::now() < until {
                    // Households in turn, each at another part of the day.
                    let turn = turn.fetch_add(1, Ordering::Relaxed);
                    let Some(borrower) = borrowers.all.get(turn % borrowers.all.len().max(1)) else { break };
                    let asked = Instant::now();
                    tell(&mut client, &passes, borrower, &mut stream, &self.spent(turn, borrower))?;
                    times.answered(asked);
                }
                Ok(times)
            })?;
            Ok((Times::of_all(told), begun.elapsed()))
        })?;
        engine.stop();
        drop(engine);
        books.remove("http");
        let rate = three_places((times.count() * self.events) as f64 / spent.as_secs_f64());
        let p99 = times.percentile_ms(99).unwrap_or(0.0);
        let note = format!(
            "{} requests of {} events by {} callers on {} households, told by themselves; durable before the answer, the monitor sees them after \
             it; client in the same process",
            times.count(),
            self.events,
            self.callers,
            self.households
        );
        let line = Line {
            name: "watch_http",
            engine: "sqlite",
            ours: Some(rate),
            unit: Some("events/s"),
            p50_ms: times.percentile_ms(50),
            p99_ms: Some(p99),
            ..Line::default()
        };
        report.line(&line.against("uniform aim", EVENTS_AIM, note))?;
        report.line(&Line {
            name: "watch_http_p99",
            engine: "sqlite",
            ours: Some(p99),
            unit: Some("ms"),
            reference_name: Some("uniform aim".to_owned()),
            reference: Some(MILLIS_AIM),
            ratio: (p99 > 0.0).then(|| three_places(MILLIS_AIM / p99)),
            note: Some("99 of 100 answers of the same run".to_owned()),
            ..Line::default()
        })
    }

    /// A day's spending of a household, as it is told in one request.
    fn spent(self, turn: usize, borrower: &Borrower) -> Value {
        let date = crate::bench::county::open_date().add_days(-((turn / 7 % 20) as i32));
        let kinds = ["purchase_food", "purchase_household", "utility", "payment_in", "harvest_sale"];
        let events = (0..self.events).map(|place| {
            let drawn = (turn * 31 + place * 17) % 97;
            json!({
                "date": date.to_string(),
                "kind": kinds[drawn % kinds.len()],
                "amount": format!("{}.{:02}", 5 + drawn * 3, drawn),
                "counterparty": format!("{}-{}", borrower.household, drawn % 6),
            })
        });
        json!({ "events": events.collect::<Vec<_>>() })
    }
}
