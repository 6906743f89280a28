//! The driver: carries what the county's people do through the platform's own door, and answers them.
//!
//! A day is: the office visits whom it has to decide on, people are told what the night brought and what falls due, they
//! act and react in a few rounds, and the accountant closes the day. A round goes through the door in waves, each
//! with one step of every household that still has something to do; a wave is prepared on many threads and sent as one
//! batch, in the order of (second, household). So the journal is the same whatever the number of threads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::Tianxin;
use app::assess::Judge;
use app::command::{Command, Outcome};
use app::desk::DeskError;
use app::vault::{Vault, VaultError};
use basics::{Date, Id, Instant};
use door::{Actor, Answer, Backend, DoorError, Order, Readers, Request, Stepper, StoreError};

use crate::deed::{Deed, Finding, HouseholdNo, Reply, Told};
use crate::world::World;

mod answer;
mod book;
mod errand;
mod founding;
mod keep;
mod lending;
mod money;
mod office;
mod paper;
mod rail;
mod record;
mod reminder;
mod replan;
mod round;
mod shopping;
mod staff;
mod window;

pub mod export;

pub(crate) use book::REMIND_ON;
pub use book::{Book, Deal, Home, Stage};
pub(crate) use errand::dues;
pub use founding::Founding;
pub use keep::KeptError;
pub(crate) use office::approved_fen;
pub use rail::{Fate, fate, held_against_truth};
pub use record::{Acknowledged, Closing, ReplayError, Sent, Wave};
pub(crate) use reminder::{due_in, owed_fen};
pub use staff::Staff;

/// How often people may react to what they were told on one day.
pub const ROUNDS_MAX: u32 = 4;
/// The second of the day at which it is closed.
const CLOSE_SECOND: u32 = 86_399;

/// Who lives in the county, as the driver meets them.
pub trait People {
    /// What they do in the morning, told what the night brought; in order of (second, household).
    fn morning(&mut self, date: Date, told: &[Reply]) -> Vec<Deed>;

    /// What they do next, told what came of it.
    fn react(&mut self, date: Date, told: &[Reply]) -> Vec<Deed>;

    /// What an officer finds on a visit.
    fn visit(&mut self, household: HouseholdNo, date: Date) -> Finding;

    /// The day is over.
    fn evening(&mut self, date: Date);

    /// Whether the window that serves a household is out of order on a day.
    fn is_window_out(&self, household: HouseholdNo, date: Date) -> bool;

    /// The lessons that the institution gives on a day in the villages; what comes of them, people tell by what they do.
    fn lessons(&mut self, _date: Date) {}
}

impl People for World {
    fn morning(&mut self, date: Date, told: &[Reply]) -> Vec<Deed> {
        World::morning(self, date, told)
    }

    fn react(&mut self, date: Date, told: &[Reply]) -> Vec<Deed> {
        World::react(self, date, told)
    }

    fn visit(&mut self, household: HouseholdNo, date: Date) -> Finding {
        World::visit(self, household, date)
    }

    fn evening(&mut self, date: Date) {
        World::evening(self, date);
    }

    fn is_window_out(&self, household: HouseholdNo, date: Date) -> bool {
        World::is_window_out(self, household, date)
    }

    fn lessons(&mut self, date: Date) {
        World::lessons(self, date);
    }
}

/// The platform as the driver reaches it.
#[derive(Clone)]
pub struct Platform {
    /// The institution and what it lends.
    pub house: Arc<Tianxin>,
    /// Its books.
    pub backend: Arc<dyn Backend>,
    /// Its persons' keys.
    pub vault: Arc<dyn Vault>,
    /// Model and rules.
    pub judge: Judge,
}

impl Platform {
    /// A second of a day in the institution's time zone.
    fn at(&self, day: Date, second: u32) -> Instant {
        let zone = i64::from(self.house.institution.zone_minutes) * 60;
        Instant((i64::from(day.days()) * 86_400 + i64::from(second) - zone) * 1_000_000)
    }
}

/// How the driver works; none of it changes what comes of a run but the seed.
#[derive(Clone, Debug)]
pub struct Pace {
    /// The seed of ids.
    pub seed: u64,
    /// Commands in a batch at most.
    pub batch_max: usize,
    /// Threads that prepare.
    pub threads: usize,
}

impl Pace {
    /// The usual pace of a seed.
    pub fn of(seed: u64) -> Pace {
        Pace { seed, batch_max: 4_096, threads: 2 }
    }
}

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The door did not take a command that it must take.
    #[error("{what} on {date}: {error}")]
    Door {
        /// The day.
        date: Date,
        /// What was sent.
        what: String,
        /// Why not.
        error: DoorError,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Preparing a request failed.
    #[error("{what} on {date}: {error}")]
    Desk {
        /// The day.
        date: Date,
        /// What was prepared.
        what: String,
        /// Why it failed.
        error: DeskError,
    },
    /// The key store failed.
    #[error("the key store failed: {0}")]
    Vault(#[from] VaultError),
    /// What was met is not what the door promises.
    #[error("{date}: {what}")]
    Broken {
        /// The day.
        date: Date,
        /// What is wrong.
        what: String,
    },
}

/// What a run has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Counts {
    /// Commands that the door answered, follow-up steps included.
    #[n(0)]
    pub commands: u64,
    /// Of these, refused: nothing stored.
    #[n(1)]
    pub refused: u64,
    /// Behaviour events folded.
    #[n(2)]
    pub events: u64,
    /// Loans drawn.
    #[n(3)]
    pub loans: u64,
    /// Statement lines opened.
    #[n(4)]
    pub lines: u64,
    /// Deeds that people did.
    #[n(5)]
    pub deeds: u64,
}

/// Where the time of a run went, apart from the world's own thinking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// In the door, closing days apart: decided, written, durable.
    pub door: Duration,
    /// Waiting for requests that were still being prepared.
    pub preparing: Duration,
    /// Closing days.
    pub closing: Duration,
}

/// Drives an institution day after day.
pub struct Driver {
    platform: Platform,
    pace: Pace,
    stepper: Stepper<Tianxin>,
    readers: Readers,
    day: Date,
    /// The round of the day.
    round: u32,
    book: Book,
    staff: Staff,
    /// The second proof that households choose when they enrol, as a hash.
    second_proof: Option<String>,
    /// Whether nobody visits, so that what is referred to people waits.
    is_office_away: bool,
    /// What people are told on the next morning.
    overnight: Vec<Reply>,
    /// What clerks have kept since their windows are out of order, with the day it was brought.
    kept: Vec<(Date, Deed)>,
    /// Payments whose word has not come, by the day on which it does.
    on_rails: BTreeMap<Date, Vec<rail::Open>>,
    counts: Counts,
    spent: Spent,
    /// What went through the door, where that is wanted.
    recording: Option<Vec<Wave>>,
}

impl Driver {
    /// A driver of books whose open day is `day` and in which nobody is enrolled.
    pub fn new(platform: Platform, pace: Pace, day: Date) -> Driver {
        let stepper = Stepper::new(platform.house.clone(), platform.backend.clone(), pace.batch_max);
        let readers = Readers::new(platform.backend.clone(), 2);
        let staff = Staff::of(pace.seed);
        let book = Book::default();
        let (overnight, kept, counts) = (Vec::new(), Vec::new(), Counts::default());
        Driver {
            platform,
            pace,
            stepper,
            readers,
            day,
            round: 0,
            book,
            staff,
            second_proof: None,
            is_office_away: false,
            overnight,
            kept,
            on_rails: BTreeMap::new(),
            counts,
            spent: Spent::default(),
            recording: None,
        }
    }

    /// The open day.
    pub fn today(&self) -> Date {
        self.day
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Where the time went so far.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// Whom the driver knows, and their loans.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// From now on nobody visits: what is referred to people waits in the office's queue.
    pub fn send_the_office_away(&mut self) {
        self.is_office_away = true;
    }

    /// Lives through the open day and closes it.
    pub fn live(&mut self, people: &mut impl People) -> Result<(), DriveError> {
        self.live_until_evening(people)?;
        people.evening(self.day);
        let (begun, door) = (std::time::Instant::now(), self.spent.door);
        self.close()?;
        // Every moment of a run counts once.
        self.spent.door = door;
        self.spent.closing += begun.elapsed();
        Ok(())
    }

    /// Lives through the open day and leaves it open.
    pub fn live_until_evening(&mut self, people: &mut impl People) -> Result<(), DriveError> {
        let mut told = std::mem::take(&mut self.overnight);
        told.extend(self.hear_rails()?);
        told.extend(self.sync_windows(people)?);
        told.extend(self.decide_referred(people)?);
        told.extend(self.answer_wishes(people)?);
        told.extend(self.remind()?);
        told.extend(self.bill()?);
        told.extend(self.tell_shops()?);
        people.lessons(self.day);
        let mut deeds = people.morning(self.day, &told);
        for round in 0..ROUNDS_MAX {
            if deeds.is_empty() {
                return Ok(());
            }
            let told = self.carry_today(people, round, deeds)?;
            deeds = people.react(self.day, &told);
        }
        // It is evening: who still wants something has to come again.
        let too_late = |deed: Deed| Reply { household: deed.household, told: Told::no("too_late", &deed.act) };
        self.overnight.extend(deeds.into_iter().map(too_late));
        Ok(())
    }

    /// Closes the open day in every cell. What the day has committed is durable from then on.
    pub fn close(&mut self) -> Result<(), DriveError> {
        let command = Command::CloseDay(app::close::CloseDay { day: self.day });
        let id = self.id("close");
        let outcome =
            self.must("the close of the day", self.request(id, self.staff.accountant, CLOSE_SECOND, command))?;
        if !matches!(outcome, Outcome::Closing { .. }) {
            return Err(self.broken(format!("the day does not close: {outcome:?}")));
        }
        self.deliver()?;
        self.stepper.make_durable()?;
        self.day = self.day.add_days(1);
        Ok(())
    }

    /// The id of something of the institution on the open day.
    fn id(&self, purpose: &str) -> Id {
        Id::default().derive(&format!("sim {} {} {purpose}", self.pace.seed, self.day))
    }

    fn at(&self, second: u32) -> Instant {
        self.platform.at(self.day, second)
    }

    fn request(&self, id: Id, actor: Actor, second: u32, command: Command) -> Request<Command> {
        Request::plain(id, actor, self.at(second), Order::Do(command))
    }

    /// Sends a command that has to be taken.
    fn must(&mut self, what: &str, request: Request<Command>) -> Result<Outcome, DriveError> {
        let outcome = self.must_all(what, vec![request])?.pop();
        outcome.ok_or_else(|| self.broken(format!("{what} was not answered")))
    }

    /// Sends commands that all have to be taken, in one go.
    fn must_all(&mut self, what: &str, requests: Vec<Request<Command>>) -> Result<Vec<Outcome>, DriveError> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let taken = self.send(requests).into_iter().map(|answer| answer.and_then(|answer| answer.outcome::<Tianxin>()));
        let taken: Result<Vec<Outcome>, DoorError> = taken.collect();
        taken.map_err(|error| DriveError::Door { date: self.day, what: what.to_owned(), error })
    }

    fn send(&mut self, requests: Vec<Request<Command>>) -> Vec<Result<Answer, DoorError>> {
        let sent = self.sent(&requests);
        let begun = std::time::Instant::now();
        let answers = self.stepper.step(requests);
        self.spent.door += begun.elapsed();
        self.counts.note(&answers);
        self.note_wave(sent, record::outcomes(&answers));
        answers
    }

    /// Delivers what is under way between cells. Every follow-up step has to be taken.
    fn deliver(&mut self) -> Result<(), DriveError> {
        let begun = std::time::Instant::now();
        let answers = self.stepper.deliver();
        self.spent.door += begun.elapsed();
        self.counts.note(&answers);
        self.note_wave(Vec::new(), Vec::new());
        match answers.into_iter().find_map(Result::err) {
            None => Ok(()),
            Some(error) => Err(DriveError::Door { date: self.day, what: "a message between cells".to_owned(), error }),
        }
    }

    /// Commands as they are recorded; none where nothing is.
    fn sent(&self, requests: &[Request<Command>]) -> Vec<Sent> {
        if self.recording.is_none() {
            return Vec::new();
        }
        requests.iter().map(|request| Sent::of(request, &[])).collect()
    }

    fn broken(&self, what: String) -> DriveError {
        DriveError::Broken { date: self.day, what }
    }
}

impl Counts {
    fn note(&mut self, answers: &[Result<Answer, DoorError>]) {
        self.commands += answers.len() as u64;
        self.refused += answers.iter().filter(|answer| answer.is_err()).count() as u64;
    }
}
