//! `tianxin sim run`: some years of a county, from the founding of its lender to three files of values.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use basics::Date;
use clap::Args;
use score::ModelFile;
use serde::{Deserialize, Serialize};
use sim::County;
use sim::drive::export::ExportError;
use sim::world::TruthRow;

use super::life::{Life, Plan, make, offer_a_rail, place_at};
use super::resume::{self, About};
use crate::config::{self, Place, Settings, Use};
use crate::failure::Failure;
use crate::lending;
use crate::terminal::{Progress, log, say};

/// Stands in the folder until the run is whole.
const UNFINISHED: &str = "unfinished";
/// In it, the line that names the PostgreSQL database.
const DATABASE: &str = "database ";
/// What was run, and how to run it again.
const RUN_FILE: &str = "run.toml";
/// Days in a year of a run.
const YEAR_DAYS: i32 = 365;

/// Live through some years of a county.
#[derive(Args)]
pub struct Run {
    /// The county file [default: the one that is shipped, counties/county.toml]
    #[arg(long, value_name = "FILE")]
    county: Option<PathBuf>,
    /// How many years of 365 days
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=50), required_unless_present_any = ["days", "resume"])]
    years: Option<u16>,
    /// How many days, in place of years
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=18_250), conflicts_with = "years")]
    days: Option<u16>,
    /// The seed: the same seed gives the same county, lives and files
    #[arg(long, required_unless_present = "resume")]
    seed: Option<u64>,
    /// How many households live in the county
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    households: u32,
    /// The first day
    #[arg(long, value_name = "DATE", default_value = "2026-01-01", value_parser = crate::init::read_date)]
    first: Date,
    /// The folder to be made [default: ./sim-SEED]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The scoring model that decides, a file of a data folder's models/ [default: none, people decide]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Threads that prepare what goes through the door; changes nothing but the time it takes
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,
    /// Days between two points from which a run on SQLite that is cut off can be gone on with; 0 keeps none. Each takes the room
    /// of the books once more, and drops the one before
    #[arg(long, value_name = "DAYS", default_value_t = 91, value_parser = clap::value_parser!(u16).range(0..=18_250))]
    keep_every: u16,
    /// Go on with the run in this folder that was cut off, from the last of its points
    #[arg(long, value_name = "DIR", conflicts_with_all = ["county", "years", "days", "seed", "households", "first", "out", "model", "keep_every"])]
    resume: Option<PathBuf>,
}

/// What `run.toml` says of a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunFile {
    /// The line that repeats it.
    pub repeat: String,
    /// The seed.
    pub seed: u64,
    /// Households.
    pub households: u32,
    /// The first day.
    pub first: String,
    /// The day that is open.
    pub until: String,
    /// SHA-256 of the county file's text as a Merkle leaf, in hex.
    pub county: String,
    /// Commands through the door, follow-up steps included.
    pub commands: u64,
    /// Behaviour events.
    pub events: u64,
    /// Loans drawn.
    pub loans: u64,
    /// Statement lines opened.
    #[serde(default)]
    pub lines: u64,
}

impl Run {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        if let Some(out) = &self.resume {
            return self.go_on(out, place).inspect_err(|failure| hint(failure, out, None));
        }
        let seed = self.seed.unwrap_or_default();
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("sim-{seed}")));
        let repeat = self.line(seed, &out, place);
        self.live(seed, &out, &repeat, place).inspect_err(|failure| hint(failure, &out, Some(&repeat)))
    }

    fn live(&self, seed: u64, out: &Path, repeat: &str, place: &Place) -> Result<(), Failure> {
        // Everything that can be wrong with what was asked is found before the folder is made.
        let (county, county_text) = read_county(self.county.as_deref())?;
        let model = self.model.as_deref().map(read_model).transpose()?;
        refuse_existing(out)?;
        let place = place_at(out, place);
        // The mark comes first: whatever is cut off afterwards is known as such.
        config::make_private_folder(out)?;
        let database = place.postgres.as_deref().map(database_name);
        let mark = std::iter::once(repeat.to_owned()).chain(database.map(|name| format!("{DATABASE}{name}")));
        let mark: Vec<String> = mark.collect();
        write_file(&out.join(UNFINISHED), |file| Ok(writeln!(file, "{}", mark.join("\n"))?))?;
        make(&place, self.first, &format!("{} (simulated)", county.name_zh), model.as_ref())?;
        offer_a_rail(&place)?;
        let opened = config::open(&place, Use::Write)?;
        let judge = lending::judge(&place, &Settings::read(&place)?)?;
        let plan = Plan { threads: usize::from(self.threads), ..Plan::new(county, seed, self.households, self.first) };
        let life = Life::found(&opened, judge, &plan)?;
        let days = self.days.map_or(i32::from(self.years.unwrap_or(1)) * YEAR_DAYS, i32::from);
        let until = self.first.add_days(days);
        let about = About {
            county: hash_of(&county_text),
            // What another database holds of a night cannot be put by as files.
            keep_every: if place.postgres.is_some() { 0 } else { self.keep_every },
            ..About::new(repeat, (seed, self.households), (self.first, until))
        };
        end(life, out, &about, (&county_text, until))
    }

    /// Takes the last point of a run up again.
    fn go_on(&self, out: &Path, place: &Place) -> Result<(), Failure> {
        if place.postgres.is_some() {
            let message = "a run on PostgreSQL keeps no points to go on from: drop its database and run it again";
            return Err(Failure::Usage(message.to_owned()));
        }
        let point = resume::read(out)?;
        let place = place_at(out, place);
        point.restore(&place)?;
        let resume::Point { about, county, county_text, world, driver, truth, .. } = point;
        let date = |text: &str| {
            Date::parse(text).map_err(|error| Failure::Unreachable(format!("a date of the kept run: {error}")))
        };
        let (first, until) = (date(&about.first)?, date(&about.until)?);
        let opened = config::open(&place, Use::Write)?;
        let judge = lending::judge(&place, &Settings::read(&place)?)?;
        let threads = usize::from(self.threads);
        let plan = Plan { threads, ..Plan::new(county, about.seed, about.households, first) };
        let life = Life::kept(&opened, judge, &plan, (&world, &driver, truth))?;
        say(format!(
            "going on from {}, {} days of {} lived",
            life.driver.today(),
            life.driver.today() - first,
            until - first
        ));
        end(life, out, &about, (&county_text, until))
    }

    /// The line that repeats this run.
    fn line(&self, seed: u64, out: &Path, place: &Place) -> String {
        let mut line = "tianxin sim run".to_owned();
        let mut add = |name: &str, value: String| line.push_str(&format!(" --{name} {value}"));
        if let Some(county) = &self.county {
            add("county", county.display().to_string());
        }
        match self.days {
            Some(days) => add("days", days.to_string()),
            None => add("years", self.years.unwrap_or(1).to_string()),
        }
        add("seed", seed.to_string());
        add("households", self.households.to_string());
        add("first", self.first.to_string());
        if let Some(model) = &self.model {
            add("model", model.display().to_string());
        }
        if place.postgres.is_some() {
            // The URL may hold a password.
            add("postgres", "URL".to_owned());
        }
        add("out", out.display().to_string());
        line
    }
}

/// Says how a run that failed is had after all.
fn hint(failure: &Failure, out: &Path, repeat: Option<&str>) {
    if matches!(failure, Failure::Usage(_)) {
        return;
    }
    if resume::is_there(out) {
        log(&format!("to go on with it: tianxin sim run --resume {}", out.display()));
    }
    if let Some(repeat) = repeat {
        log(&format!("to repeat this run: {repeat}"));
    }
}

/// Lives to the end of a run, keeping points on the way, and writes down what is there.
fn end(mut life: Life, out: &Path, about: &About, (county_text, until): (&str, Date)) -> Result<(), Failure> {
    let begun = std::time::Instant::now();
    let days = until - life.driver.today();
    {
        let progress = Progress::begin("living");
        while life.driver.today() < until {
            let next = match about.keep_every {
                0 => until,
                every => life.driver.today().add_days(i32::from(every)).min(until),
            };
            life.until(next, &progress)?;
            if next < until {
                progress.set(format!("keeping a point of {next} to go on from"));
                resume::keep(&life, out, about, county_text)?;
            }
        }
        progress.set("writing down what is there".to_owned());
        write_all(&life, out)?;
    }
    let counts = life.driver.counts();
    let run = RunFile {
        repeat: about.repeat.clone(),
        seed: about.seed,
        households: about.households,
        first: about.first.clone(),
        until: about.until.clone(),
        county: about.county.clone(),
        commands: counts.commands,
        events: counts.events,
        loans: counts.loans,
        lines: counts.lines,
    };
    let text = toml::to_string(&run).map_err(|error| Failure::Wrong(error.to_string()))?;
    write_file(&out.join(RUN_FILE), |file| Ok(file.write_all(text.as_bytes())?))?;
    let unfinished = out.join(UNFINISHED);
    fs::remove_file(&unfinished).map_err(|error| Failure::file(&unfinished, "removed", error))?;
    resume::forget(out)?;
    let seconds = begun.elapsed().as_secs_f64();
    say(format!(
        "lived {days} days with {} households: {} commands, {} events, {} loans, {} lines in {seconds:.1} s",
        about.households, counts.commands, counts.events, counts.loans, counts.lines
    ));
    say(format!("  books    {}", out.display()));
    say("  values   events.csv, loans.csv, truth.csv");
    say(format!("next: tianxin --data {} audit verify", out.display()));
    Ok(())
}

/// The hash of a county file's text, in hex.
pub fn hash_of(text: &str) -> String {
    basics::merkle::leaf_hash(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// The shipped county, or the one of a file; with its text.
fn read_county(path: Option<&Path>) -> Result<(County, String), Failure> {
    let wrong = |error: sim::CountyError| Failure::Usage(error.to_string());
    match path {
        None => Ok((County::shipped().map_err(wrong)?, sim::county::SHIPPED.to_owned())),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
            Ok((County::parse(&path.display().to_string(), &text).map_err(wrong)?, text))
        }
    }
}

/// The shipped county, or the one of a file; with the hash of its text.
pub fn county(path: Option<&Path>) -> Result<(County, String), Failure> {
    let (county, text) = read_county(path)?;
    let hash = hash_of(&text);
    Ok((county, hash))
}

fn refuse_existing(out: &Path) -> Result<(), Failure> {
    if !out.exists() {
        return Ok(());
    }
    let folder = out.display();
    let unfinished = out.join(UNFINISHED);
    Err(Failure::Usage(match fs::read_to_string(&unfinished) {
        Ok(mark) => cut_off(out, &mark),
        Err(_) => format!("{folder} is there already: name a folder that is not, or remove it"),
    }))
}

/// What to do with what a run left behind that was cut off.
fn cut_off(out: &Path, mark: &str) -> String {
    let line = mark.lines().next().unwrap_or_default().trim();
    let database = mark.lines().find_map(|line| line.strip_prefix(DATABASE));
    let emptied = database.map_or_else(String::new, |name| {
        format!(", drop and make the PostgreSQL database {name} anew (it holds the books of that run)")
    });
    let folder = out.display();
    if resume::is_there(out) {
        return format!(
            "{folder} was left by a run that was cut off: go on with it by `tianxin sim run --resume {folder}`, or remove the \
             folder and run again\n  {line}"
        );
    }
    format!(
        "{folder} was left by a run that was cut off, and kept no point to go on from: remove the folder{emptied} and run \
         again\n  {line}"
    )
}

/// A database as people call it, by its URL or its words: without user and password.
fn database_name(url: &str) -> String {
    let word = |name: &str| {
        let of = |word: &str| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        url.split_whitespace().find_map(of)
    };
    let Some((_, rest)) = url.split_once("://") else {
        return word("dbname").unwrap_or_else(|| "of its --postgres".to_owned());
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    rest.rsplit_once('@').map_or(rest, |(_, host)| host).to_owned()
}

/// Refuses the folder of a run that was cut off, and one that is none. What was run otherwise.
pub fn finished(run: &Path) -> Result<RunFile, Failure> {
    if let Ok(mark) = fs::read_to_string(run.join(UNFINISHED)) {
        return Err(Failure::Usage(cut_off(run, &mark)));
    }
    let path = run.join(RUN_FILE);
    let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::Usage(format!(
            "{} is no folder of a run (it has no {RUN_FILE}): name one that `tianxin sim run` has made",
            run.display()
        )),
        _ => Failure::file(&path, "read", error),
    })?;
    toml::from_str(&text).map_err(|error| Failure::Unreachable(format!("{} is not valid: {error}", path.display())))
}

fn read_model(path: &Path) -> Result<ModelFile, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file(path, "read", error))?;
    let named = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    ModelFile::load(&bytes, &named).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// Writes the three files of values.
pub fn write_all(life: &Life, out: &Path) -> Result<(), Failure> {
    write_file(&out.join("events.csv"), |file| life.driver.write_events(file))?;
    write_file(&out.join("loans.csv"), |file| life.driver.write_loans(file))?;
    write_file(&out.join("truth.csv"), |file| {
        writeln!(file, "{}", TruthRow::COLUMNS.join(","))?;
        life.write_truth(file)
    })
}

/// Why a file could not be written; a full disk is named as such.
pub fn not_written(path: &Path, error: std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::StorageFull => {
            Failure::file(path, "written", "the disk is full: free some space and run again")
        }
        _ => Failure::file(path, "written", error),
    }
}

/// Writes a file whole, and durably, or not at all; a full disk is named as such.
pub fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>) -> Result<(), Failure> {
    let failed = |error| not_written(path, error);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut file = BufWriter::new(File::create(&part).map_err(failed)?);
    let written = write(&mut file).and_then(|()| {
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(fs::rename(&part, path)?)
    });
    written.map_err(|error| {
        // Half a file is of no use to anyone; the error is what matters.
        let _ = fs::remove_file(&part);
        match error {
            ExportError::File(error) => failed(error),
            other => Failure::Wrong(format!("{}: {other}", path.display())),
        }
    })
}
