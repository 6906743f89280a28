//! `tianxin serve`: runs the engine behind the door, and the desk and HTTP before it, until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use api::ApiOptions;
use api::courier::Courier;
use app::Tianxin;
use app::desk::{Desk, Parcel};
use clap::Args;
use door::{Engine, EngineOptions};
use rails::{Letter, MessagePort, PaymentRail, Phone};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{self, Opened, Place, Settings, Use};
use crate::failure::Failure;
use crate::notary::{Desk as NotaryDesk, Notary};
use crate::terminal::{log, say};
use crate::vault::Keys;
use crate::{clock, lending, rail};

/// Connections that pages and programs read by.
pub(crate) const READERS: usize = 4;
/// Households rated in one go, so that requests come in between.
const RATED_AT_ONCE: usize = 200;
/// Records of each cell's journal that are read for behaviour in one go.
const READ_AT_ONCE: usize = 200;
/// From one go to the next.
const MOVING_PAUSE: Duration = Duration::from_secs(1);
/// From one go to the next.
const RATING_PAUSE: Duration = Duration::from_secs(1);
/// From one look at whether the monitor has to be made to the next.
const WATCHING_PAUSE: Duration = Duration::from_secs(1);
/// From one look at whether the books have a new day to the next.
const LOOKING_PAUSE: Duration = Duration::from_secs(20);
/// Text messages of a cell that are handed over in one go.
const SENT_AT_ONCE: usize = 256;
/// From one go to the next.
const SENDING_PAUSE: Duration = Duration::from_secs(30);
/// Payments that are carried to their rails at once.
const PAYMENTS_AT_ONCE: usize = 8;
/// From one round of the courier to the next.
const CARRYING_PAUSE: Duration = Duration::from_secs(1);

/// Serve the books: take commands, close days, sign checkpoints.
///
/// Says one line on standard output when it is ready; logs go to standard error. SIGINT or SIGTERM
/// end it in good order: batches under way are committed and answered.
#[derive(Args)]
pub struct Serve {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Tell callers apart by X-Forwarded-For; only behind a proxy that sets it
    #[arg(long)]
    behind_proxy: bool,
}

impl Serve {
    /// Runs the command until a signal ends it.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let service = Service::start(place, false)?;
        let options = ApiOptions {
            trust_forwarded: self.behind_proxy,
            messages: service.messages.clone(),
            ..service.api_options(self.listen)
        };
        let (engine, day) = (service.opened.backend.name(), service.opened.open_day()?);
        let served = service.listen(self.listen, options, |address| {
            say(format!("ready on http://{address} ({engine}, open day {day})"))
        });
        log("stopping");
        service.stop();
        served
    }
}

/// An institution at work: engine, desk and notary.
pub struct Service {
    /// Everything of the institution.
    pub opened: Arc<Opened>,
    /// The desk before the door.
    pub desk: Arc<Desk>,
    engine: Arc<Engine<Tianxin>>,
    notary: Notary,
    chores: Vec<Chore>,
    /// Who carries text messages.
    pub messages: Arc<dyn MessagePort>,
}

/// Something that is done beside the requests, again and again: households that were observed are rated anew, text messages
/// that wait are handed over, payments are carried to their rails.
struct Chore {
    done: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Chore {
    fn start(pause: Duration, mut work: impl FnMut() + Send + 'static) -> Chore {
        let done = Arc::new(AtomicBool::new(false));
        let is_done = done.clone();
        let thread = std::thread::spawn(move || {
            while !is_done.load(Ordering::SeqCst) {
                work();
                std::thread::park_timeout(pause);
            }
        });
        Chore { done, thread }
    }

    fn rating(desk: Arc<Desk>) -> Chore {
        let mut failed = 0;
        Chore::start(RATING_PAUSE, move || {
            let rated = desk.rate_touched(RATED_AT_ONCE, clock::now());
            failed += rated.failed;
            if let Some(why) = rated.first_failure {
                log(&format!(
                    "{} households could not be rated ({failed} since the start); each is when it is next observed: {why}",
                    rated.failed
                ));
            }
        })
    }

    fn moving(desk: Arc<Desk>) -> Chore {
        Chore::start(MOVING_PAUSE, move || match desk.read_movements(READ_AT_ONCE, clock::now()) {
            Ok(read) => {
                if let Some(why) = read.first_failure {
                    log(&format!("what {} households moved could not be observed: {why}", read.failed));
                }
            }
            Err(error) => log(&format!("what moved is not observed yet: {error}")),
        })
    }

    /// Makes the monitor of what is stored, beside the requests, and again where it had to be let go.
    fn watching(desk: Arc<Desk>) -> Chore {
        let mut said = String::new();
        Chore::start(WATCHING_PAUSE, move || {
            let begun = std::time::Instant::now();
            let wrong = match desk.open_monitor() {
                Ok(None) => String::new(),
                Ok(Some(raised)) => {
                    let seconds = begun.elapsed().as_secs_f64();
                    let events = desk.watch_status().shown;
                    if events > 0 {
                        log(&format!(
                            "the monitor has seen {events} events in {seconds:.1} s, and raised {raised} alerts"
                        ));
                    }
                    String::new()
                }
                Err(error) => error.to_string(),
            };
            if !wrong.is_empty() && wrong != said {
                log(&format!("the monitor cannot be made yet: {wrong}"));
            }
            said = wrong;
        })
    }

    fn looking_ahead(desk: Arc<Desk>) -> Chore {
        let mut said = String::new();
        Chore::start(LOOKING_PAUSE, move || {
            let wrong = desk.look_ahead(clock::now()).err().map(|error| error.to_string()).unwrap_or_default();
            // What stays wrong is said once.
            if !wrong.is_empty() && wrong != said {
                log(&format!("early warnings are those of before: {wrong}"));
            }
            said = wrong;
        })
    }

    fn sending(desk: Arc<Desk>, messages: Arc<dyn MessagePort>) -> Chore {
        let send = move |parcel: &Parcel| {
            let to = Phone::parse(&parcel.phone).map_err(|error| error.to_string())?;
            let letter = Letter { id: Some(parcel.id), to, text: parcel.text.clone() };
            messages.send(&letter).map_err(|error| error.to_string())
        };
        Chore::start(SENDING_PAUSE, move || match desk.send_notices(&send, SENT_AT_ONCE, clock::now()) {
            Ok(handed) if handed.not_taken > 0 => {
                log(&format!("{} text messages were not taken by the gateway: they are tried again", handed.not_taken));
            }
            Ok(_) => {}
            Err(error) => log(&format!("text messages wait: {error}")),
        })
    }

    fn carrying(desk: Arc<Desk>, rails: Vec<Arc<dyn PaymentRail>>) -> Chore {
        let courier = Courier::new(desk, rails, PAYMENTS_AT_ONCE);
        let mut said: Vec<String> = Vec::new();
        Chore::start(CARRYING_PAUSE, move || {
            let wrong = match courier.round(clock::now()) {
                Ok(round) => round.wrong,
                Err(error) => vec![error.to_string()],
            };
            // What stays wrong is said once.
            for line in wrong.iter().filter(|line| !said.contains(line)) {
                log(&format!("payments: {line}"));
            }
            said = wrong;
        })
    }

    fn stop(self) {
        self.done.store(true, Ordering::SeqCst);
        self.thread.thread().unpark();
        // What was left is done by the next server; a thread that ended by itself has no more to say.
        let _ = self.thread.join();
    }
}

impl Service {
    /// Opens a data folder and starts the engine on it; `quiet` says nothing of checkpoints.
    pub fn start(place: &Place, quiet: bool) -> Result<Service, Failure> {
        let settings = Settings::read(place)?;
        let opened = Arc::new(config::open(place, Use::Write)?);
        if let Some(folder) = opened.checkpoints.parent() {
            config::make_private_folder(folder)?;
        }
        let judge = lending::judge(place, &settings)?;
        lending::keep_rules(place, &settings)?;
        let rails = rail::connect(place, &settings)?;
        let notary = Notary::start(NotaryDesk::new(&opened).quietly(quiet))?;
        let options = EngineOptions { on_commit: Some(notary.on_commit()), ..EngineOptions::default() };
        let engine = Arc::new(Engine::start(opened.tianxin.clone(), opened.backend.clone(), options)?);
        let vault = Arc::new(Keys::new(opened.keys.clone()));
        let desk = Desk::new(engine.clone(), vault, judge, READERS).promoting_from(lending::shelf(place));
        let desk = match settings.watch(place)? {
            Some(own) => desk.watching_by(own),
            None => desk,
        };
        let desk = Arc::new(match settings.early(place)? {
            Some(own) => desk.warning_by(own),
            None => desk,
        });
        // Enrolments that a crash cut off are finished or freed.
        desk.heal_directory(clock::now())?;
        let messages = settings.messages(place)?;
        let mut chores = vec![
            Chore::moving(desk.clone()),
            Chore::rating(desk.clone()),
            Chore::watching(desk.clone()),
            Chore::looking_ahead(desk.clone()),
            Chore::sending(desk.clone(), messages.clone()),
        ];
        if !rails.is_empty() {
            chores.push(Chore::carrying(desk.clone(), rails));
        }
        Ok(Service { opened, desk, engine, notary, chores, messages })
    }

    /// How HTTP is served at an address: cookies need HTTPS unless the address is this machine's own.
    pub fn api_options(&self, listen: SocketAddr) -> ApiOptions {
        ApiOptions { secure_cookies: !listen.ip().is_loopback(), ..ApiOptions::default() }
    }

    /// Serves until a signal comes; `ready` is told the address.
    pub fn listen(
        &self,
        address: SocketAddr,
        options: ApiOptions,
        ready: impl FnOnce(SocketAddr),
    ) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::Unreachable(format!("no threads to serve with: {error}")))?;
        runtime.block_on(serve(address, options, self.desk.clone(), ready))
    }

    /// Ends in good order.
    pub fn stop(self) {
        for chore in self.chores {
            chore.stop();
        }
        self.engine.stop();
        self.notary.stop();
    }
}

async fn serve(
    address: SocketAddr,
    options: ApiOptions,
    desk: Arc<Desk>,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let no_signals = |error| Failure::Unreachable(format!("signals cannot be waited for: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let taken = |error| {
        Failure::Unreachable(format!("cannot listen on {address} ({error}): choose another address with --listen"))
    };
    let listener = tokio::net::TcpListener::bind(address).await.map_err(taken)?;
    ready(listener.local_addr().map_err(taken)?);
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let failed = |error| Failure::Unreachable(format!("serving on {address} failed: {error}"));
    api::serve(listener, options, desk, stop).await.map_err(failed)
}
