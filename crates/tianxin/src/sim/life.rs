//! A county and the institution it lives with, from the founding to a day.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use app::assess::Judge;
use basics::Date;
use door::DoorError;
use sim::drive::export::ExportError;
use sim::drive::{DriveError, Driver, Founding, Pace, Platform};
use sim::world::TruthRow;
use sim::{County, World};

use crate::config::{Opened, Place, Settings};
use crate::failure::Failure;
use crate::init::Init;
use crate::lending;
use crate::rail::{RailKind, RailSettings};
use crate::terminal::Progress;
use crate::vault::Keys;

/// A county and the driver between it and its books.
pub struct Life {
    /// The county.
    pub world: World,
    /// The driver.
    pub driver: Driver,
    /// What became true since the life was begun or taken up again.
    pub truth: Vec<TruthRow>,
    /// Lines of truth of before it was taken up again.
    pub truth_before: Vec<u8>,
    /// Time that the world thought.
    pub thinking: Thinking,
}

/// How long the world itself thought, apart from the platform.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thinking(pub std::time::Duration);

/// The world with a watch beside it.
struct Watched<'a> {
    world: &'a mut World,
    thinking: &'a mut Thinking,
}

impl Watched<'_> {
    fn timed<T>(&mut self, work: impl FnOnce(&mut World) -> T) -> T {
        let begun = std::time::Instant::now();
        let done = work(self.world);
        self.thinking.0 += begun.elapsed();
        done
    }
}

impl sim::drive::People for Watched<'_> {
    fn morning(&mut self, date: Date, told: &[sim::deed::Reply]) -> Vec<sim::deed::Deed> {
        self.timed(|world| world.morning(date, told))
    }

    fn react(&mut self, date: Date, told: &[sim::deed::Reply]) -> Vec<sim::deed::Deed> {
        self.timed(|world| world.react(date, told))
    }

    fn visit(&mut self, household: sim::deed::HouseholdNo, date: Date) -> sim::deed::Finding {
        self.timed(|world| world.visit(household, date))
    }

    fn evening(&mut self, date: Date) {
        self.timed(|world| world.evening(date));
    }

    fn is_window_out(&self, household: sim::deed::HouseholdNo, date: Date) -> bool {
        self.world.is_window_out(household, date)
    }

    fn lessons(&mut self, date: Date) {
        self.timed(|world| world.lessons(date));
    }
}

/// What a life is made of.
#[derive(Clone)]
pub struct Plan {
    /// The county.
    pub county: County,
    /// The seed.
    pub seed: u64,
    /// Households.
    pub households: u32,
    /// The first day.
    pub first: Date,
    /// Threads that prepare.
    pub threads: usize,
    /// Commands in a batch at most.
    pub batch_max: usize,
    /// Whether what goes through the door is recorded.
    pub recording: bool,
}

impl Plan {
    /// A county's first `households` from `first` on.
    pub fn new(county: County, seed: u64, households: u32, first: Date) -> Plan {
        Plan { county, seed, households, first, threads: 2, batch_max: 4_096, recording: false }
    }
}

impl Plan {
    fn pace(&self) -> Pace {
        Pace { seed: self.seed, batch_max: self.batch_max, threads: self.threads }
    }
}

fn platform(opened: &Opened, judge: Judge) -> Platform {
    Platform {
        house: opened.tianxin.clone(),
        backend: opened.backend.clone(),
        vault: Arc::new(Keys::holding(opened.keys.clone())),
        judge,
    }
}

impl Life {
    /// Founds the institution of opened, empty books as suits the plan, and puts the county before its door.
    pub fn found(opened: &Opened, judge: Judge, plan: &Plan) -> Result<Life, Failure> {
        Life::found_with(opened, judge, plan, &Founding::of(plan.households, opened.backend.cells()))
    }

    /// The same with capital and staff of a founding.
    pub fn found_with(opened: &Opened, judge: Judge, plan: &Plan, founding: &Founding) -> Result<Life, Failure> {
        let (platform, pace) = (platform(opened, judge), plan.pace());
        let mut driver = Driver::new(platform, pace, plan.first);
        if plan.recording {
            driver.record();
        }
        driver.found(founding)?;
        let world = World::new(&plan.county, plan.seed, plan.households, plan.first);
        Ok(Life { world, driver, truth: Vec::new(), truth_before: Vec::new(), thinking: Thinking::default() })
    }

    /// Takes a life up again over books as they were when its world and driver were kept.
    pub fn kept(
        opened: &Opened,
        judge: Judge,
        plan: &Plan,
        (world, driver, truth_before): (&[u8], &[u8], Vec<u8>),
    ) -> Result<Life, Failure> {
        let wrong = |error: String| Failure::Unreachable(format!("what was kept of the run is not whole: {error}"));
        let driver = Driver::kept(platform(opened, judge), plan.pace(), driver).map_err(|e| wrong(e.to_string()))?;
        let world = World::kept(&plan.county, (plan.seed, plan.first), driver.today(), world);
        let world = world.map_err(|error| wrong(error.to_string()))?;
        Ok(Life { world, driver, truth: Vec::new(), truth_before, thinking: Thinking::default() })
    }

    /// Writes what became true, a line each, the earlier ones first; without a heading.
    pub fn write_truth(&self, out: &mut dyn Write) -> Result<(), ExportError> {
        out.write_all(&self.truth_before)?;
        for row in &self.truth {
            writeln!(out, "{}", row.cells().join(","))?;
        }
        Ok(())
    }

    /// Lives through one day and closes it.
    pub fn day(&mut self) -> Result<(), DriveError> {
        let Life { world, driver, truth, thinking, .. } = self;
        driver.live(&mut Watched { world, thinking })?;
        truth.extend(world.truth());
        Ok(())
    }

    /// Lives through the days before `until`, which is left open.
    pub fn until(&mut self, until: Date, progress: &Progress) -> Result<(), DriveError> {
        let (first, begun) = (self.driver.today(), std::time::Instant::now());
        let days = (until - first).max(1);
        while self.driver.today() < until {
            let done = self.driver.today() - first;
            let rate = self.driver.counts().commands as f64 / begun.elapsed().as_secs_f64().max(0.001);
            progress.set(format!("{} {}", bar(done, days, self.driver.today()), rounded(rate)));
            self.day()?;
        }
        Ok(())
    }
}

fn bar(done: i32, days: i32, today: Date) -> String {
    let full = (done * 30 / days.max(1)).clamp(0, 30) as usize;
    format!("[{}{}] {today} {done}/{days} days", "#".repeat(full), ".".repeat(30 - full))
}

fn rounded(rate: f64) -> String {
    format!("{rate:.0} commands/s")
}

/// Makes a data folder for a simulated institution, with a model where there is one.
pub fn make(place: &Place, first: Date, name: &str, model: Option<&score::ModelFile>) -> Result<(), Failure> {
    Init::simulated(name, first).run_quietly(place)?;
    if let Some(model) = model {
        let mut settings = Settings::read(place)?;
        settings.model = Some(lending::keep_model(place, model)?);
        settings.write(place)?;
    }
    Ok(())
}

/// Gives a simulated institution a rail that phones pay over. What the bank does is the driver's; its folder is never opened.
pub fn offer_a_rail(place: &Place) -> Result<(), Failure> {
    let mut settings = Settings::read(place)?;
    settings.rails = vec![RailSettings {
        name: "bank".to_owned(),
        kind: RailKind::BankFiles,
        address: None,
        folder: Some("rail".into()),
        secret: None,
        account: "COUNTY1".to_owned(),
        bank: "RURALBANK".to_owned(),
    }];
    settings.write(place)
}

/// A data folder of that path, on the database the command line names.
pub fn place_at(path: &Path, place: &Place) -> Place {
    Place { data: path.to_owned(), checkpoints: None, postgres: place.postgres.clone() }
}

impl From<DriveError> for Failure {
    fn from(error: DriveError) -> Failure {
        let text = error.to_string();
        match error {
            DriveError::Store(error) => error.into(),
            DriveError::Door { error: DoorError::Storage(_) | DoorError::Unknown(_), .. } => Failure::Unreachable(text),
            _ => Failure::Wrong(text),
        }
    }
}
