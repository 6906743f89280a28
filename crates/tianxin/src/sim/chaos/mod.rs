//! `tianxin sim chaos`: the same county while its platform is killed, hurried and confused.
//!
//! A county lives once on sound books, and every command is recorded with its answer. Each run of the campaign sends the
//! same commands to books of its own, from a process that is killed at named points and started again, or on a disk that
//! fails; whoever was not answered sends again. In the end the books must hold what the sound ones hold, row by row, and every command that was
//! ever acknowledged must be in the journal once. The journals themselves are not compared with one another: each is proved by
//! its own audit.

mod disk;
mod held;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use app::Tianxin;
use app::close::CloseDay;
use app::command::Command;
use basics::{Date, Id, cbor};
use clap::Args;
use door::{DoorError, Order, Request, Stepper, failpoint};
use sim::drive::{Acknowledged, Closing, Counts, ReplayError, Wave};

use super::life::{Life, Plan, make, offer_a_rail, place_at};
use crate::config::{self, Opened, Place, Settings, Use};
use crate::failure::Failure;
use crate::lending;
use crate::terminal::{Progress, log, say};
use disk::Suffered;
use held::Held;

/// The recorded waves, beside the books of each run.
const WAVES_FILE: &str = "waves.cbor";
/// Commands that were acknowledged, a line each: cell and id.
const ACKED_FILE: &str = "acknowledged";
/// How many waves were acknowledged whole.
const DONE_FILE: &str = "waves-done";
/// The signal of a process that aborts, as a point ends it.
const SIGABRT: i32 = 6;
/// Starts after which a run is given up.
const STARTS_MAX: u32 = 40;
/// Commands in a batch at most.
const BATCH_MAX: usize = 256;
/// Of so many runs one is on a disk that fails, the others are killed.
const DISK_EVERY: u32 = 3;
/// What a process on such a disk says in the end: the faults, and those that callers were told of.
const SUFFERED: &str = "suffered";
/// The points at which a process is killed; a checkpoint is not taken here.
const POINTS: [&str; 7] = [
    "directory.after_claim",
    "door.before_commit",
    "door.after_commit",
    "directory.before_confirm",
    "outbox.before_deliver",
    "outbox.after_deliver",
    "outbox.before_ack",
];

/// Live through the same county while its platform is killed at named points, its disk fills, fails and loses what was not
/// synced, two day-ends start at once, the clock jumps, clerks send a week's commands again and rails time out after they have
/// succeeded
///
/// The bank that phones pay over refuses, loses, delays and repeats in every run, and what the books hold of each payment is held
/// against what it did in truth.
/// Every third run is on a disk that fails. Ends with 0 only if at least one process was killed or one disk failed, and every run
/// healed: books whole by the audit; every table equal row by row to the undisturbed run's, what is sealed and the directory's
/// claims included, but for the journal, its heads and the outbox; nothing left in the outbox; every acknowledged command in the
/// journal once, with the answer that was told. On a disk that fails, audit and acknowledged commands are proved after each heal.
#[derive(Args)]
pub struct Chaos {
    /// The seed of county and faults
    #[arg(long)]
    seed: u64,
    /// How many runs
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Households
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    households: u32,
    /// Days
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u16).range(2..=3_650))]
    days: u16,
    /// Keep the folders of runs that did not heal, below this one [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Sends recorded waves to the books of the data folder, and dies where it is told to: a part of `sim chaos`.
#[derive(Args)]
pub struct ChaosChild {
    /// Where to die
    #[arg(long)]
    point: Option<String>,
    /// At which time of meeting the point
    #[arg(long, default_value_t = 1)]
    nth: u32,
    /// The disturbance beside it
    #[arg(long)]
    also: Option<String>,
    /// The books are on a disk that fails as this seed has it
    #[arg(long, value_name = "SEED", conflicts_with_all = ["point", "also"])]
    disk: Option<u64>,
}

/// What disturbs a run beside the kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Also {
    /// Nothing.
    Nothing,
    /// A second day-end starts with each one.
    TwoDayEnds,
    /// The clock that commands carry jumps by days, back and ahead, before each day-end.
    ClockJumps,
    /// A clerk sends the commands of the last week again.
    WeekLate,
    /// Rails time out after they have succeeded: no answer is heard the first time, and every message is sent twice.
    LostAnswers,
}

const ALSO: [(Also, &str); 5] = [
    (Also::Nothing, "nothing"),
    (Also::TwoDayEnds, "two-day-ends"),
    (Also::ClockJumps, "clock-jumps"),
    (Also::WeekLate, "week-late"),
    (Also::LostAnswers, "lost-answers"),
];

/// The choices of a campaign: counter-based, so that one run more changes no other.
fn choice(seed: u64, run: u32, purpose: &str, below: u64) -> u64 {
    let id = Id::default().derive(&format!("chaos {seed} {run} {purpose}"));
    (id.0.as_u128() % u128::from(below.max(1))) as u64
}

impl Chaos {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let parent = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        let folder = parent.join(format!("tianxin-chaos-{}-{}", self.seed, std::process::id()));
        let sound = folder.join("sound");
        let progress = Progress::begin("living undisturbed");
        fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, "made", error))?;
        let (waves, lived) = self.live_undisturbed(&sound, &folder, &progress)?;
        let expected = Held::of(&opened(&sound)?)?;
        let payments = expected.agrees_with_the_bank(self.seed)?;
        let mut broken = Vec::new();
        let mut all = Met::default();
        for run in 0..self.runs {
            progress.set(format!("run {} of {}, {} kills, {} faults", run + 1, self.runs, all.kills, all.disk.faults));
            let at = folder.join(format!("run-{run}"));
            let lived = if run % DISK_EVERY == DISK_EVERY - 1 {
                self.on_a_failing_disk(run, &at, &folder, &expected)
            } else {
                self.disturbed(run, &at, &folder, waves, &expected)
            };
            match lived {
                Ok(met) => {
                    all.add(met);
                    fs::remove_dir_all(&at).map_err(|error| Failure::file(&at, "removed", error))?;
                }
                Err(failure) => {
                    log(&format!("run {run} did not heal: {failure}; its folder is {}", at.display()));
                    broken.push(run);
                }
            }
        }
        drop(progress);
        if broken.is_empty() && all.kills + all.disk.faults == 0 {
            fs::remove_dir_all(&folder).map_err(|error| Failure::file(&folder, "removed", error))?;
            return Err(Failure::Wrong(
                "no process was killed and no disk failed, so nothing was tried: name more --runs or more --days"
                    .to_owned(),
            ));
        }
        if broken.is_empty() {
            fs::remove_dir_all(&folder).map_err(|error| Failure::file(&folder, "removed", error))?;
            say(format!(
                "{} runs healed: {} kills, {} starts, {} faults of disks of which callers were told {} times; each of {} \
                 commands, {} events, {} loans, {payments} payments over a bank that loses, delays and repeats, in {} days",
                self.runs,
                all.kills,
                all.starts,
                all.disk.faults,
                all.disk.told,
                lived.commands,
                lived.events,
                lived.loans,
                self.days
            ));
            return Ok(());
        }
        Err(Failure::Wrong(format!(
            "{} of {} runs did not heal; to repeat: tianxin sim chaos --seed {} --runs {} --households {} --days {}",
            broken.len(),
            self.runs,
            self.seed,
            broken.last().map_or(1, |run| run + 1),
            self.households,
            self.days
        )))
    }

    /// The sound run: its books in `sound`, empty ones like them in `empty`, and the recording. How many waves there are.
    fn live_undisturbed(&self, sound: &Path, folder: &Path, progress: &Progress) -> Result<(u64, Counts), Failure> {
        let first = Date::ymd(2026, 1, 1).map_err(|error| Failure::Wrong(error.to_string()))?;
        let place = at(sound);
        make(&place, first, "chaos", None)?;
        offer_a_rail(&place)?;
        let empty = folder.join("empty");
        copy_folder(sound, &empty)?;
        let opened = config::open(&place, Use::Write)?;
        let judge = lending::judge(&place, &Settings::read(&place)?)?;
        let (county, _) = super::run::county(None)?;
        let plan = Plan::new(county, self.seed, self.households, first);
        let mut life = Life::found(&opened, judge, &Plan { recording: true, ..plan })?;
        let mut out = File::create(folder.join(WAVES_FILE)).map_err(|error| Failure::file(folder, "written", error))?;
        let mut count = 0;
        for day in 0..i32::from(self.days) {
            progress.set(format!("living undisturbed: day {day} of {}", self.days));
            life.day()?;
            for wave in life.driver.take_recording() {
                let bytes = cbor::to_bytes(&wave);
                let length = (bytes.len() as u32).to_be_bytes();
                let written = out.write_all(&length).and_then(|()| out.write_all(&bytes));
                written.map_err(|error| Failure::file(folder, "written", error))?;
                count += 1;
            }
        }
        let lived = life.driver.counts();
        // Persons' keys were made meanwhile; the runs open what they sealed.
        drop(life);
        drop(opened);
        copy_folder(&sound.join("keys"), &empty.join("keys"))?;
        Ok((count, lived))
    }

    /// One run: its faults follow from the seed and its number.
    fn disturbed(&self, run: u32, at_path: &Path, folder: &Path, waves: u64, expected: &Held) -> Result<Met, Failure> {
        self.lay_out(at_path, folder)?;
        let also = ALSO[choice(self.seed, run, "also", ALSO.len() as u64) as usize].1;
        let kills_wanted = 1 + choice(self.seed, run, "kills", 5) as u32;
        let mut met = Met::default();
        while met.starts < STARTS_MAX {
            met.starts += 1;
            let mut child = child_process(at_path)?;
            child.args(["--also", also]);
            let is_armed = met.kills < kills_wanted;
            if is_armed {
                let purpose = format!("point {}", met.starts);
                let point = POINTS[choice(self.seed, run, &purpose, POINTS.len() as u64) as usize];
                let often = if point.starts_with("directory") { 4 } else { waves * 2 / u64::from(kills_wanted) };
                let nth = 1 + choice(self.seed, run, &format!("nth {}", met.starts), often);
                child.args(["--point", point, "--nth", &nth.to_string()]);
            }
            let output = child.output().map_err(no_child)?;
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            match (output.status.code(), output.status.signal()) {
                (Some(0), _) => return self.healed(at_path, expected).map(|()| met),
                // A point that is reached ends the process without a word; whatever else ends it says what it met.
                (None, Some(SIGABRT)) if is_armed && said.is_empty() => met.kills += 1,
                (None, signal) => {
                    let signal = signal.map_or_else(|| "no signal".to_owned(), |signal| format!("signal {signal}"));
                    return Err(Failure::Wrong(format!(
                        "its process was ended by {signal}, not where it should: {said}"
                    )));
                }
                (Some(_), _) => return Err(Failure::Wrong(said)),
            }
        }
        Err(Failure::Wrong(format!("it was started {STARTS_MAX} times and is not through")))
    }

    /// One run on a disk that fails, in a process of its own.
    fn on_a_failing_disk(&self, run: u32, at_path: &Path, folder: &Path, expected: &Held) -> Result<Met, Failure> {
        self.lay_out(at_path, folder)?;
        let seed = choice(self.seed, run, "disk", u64::MAX);
        let mut child = child_process(at_path)?;
        child.args(["--disk", &seed.to_string()]).stdout(Stdio::piped());
        let output = child.output().map_err(no_child)?;
        let (said, told) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        let suffered = told.lines().find_map(|line| {
            let (faults, told) = line.strip_prefix(SUFFERED)?.trim().split_once(' ')?;
            Some(Suffered { faults: faults.parse().ok()?, told: told.parse().ok()? })
        });
        match suffered {
            Some(disk) if output.status.success() => {
                self.healed(at_path, expected).map(|()| Met { starts: 1, disk, ..Met::default() })
            }
            _ => Err(Failure::Wrong(format!("on a failing disk of seed {seed}: {}", said.trim()))),
        }
    }

    /// Empty books of a run, and the waves beside them.
    fn lay_out(&self, at_path: &Path, folder: &Path) -> Result<(), Failure> {
        copy_folder(&folder.join("empty"), at_path)?;
        let from = folder.join(WAVES_FILE);
        fs::copy(&from, at_path.join(WAVES_FILE)).map_err(|error| Failure::file(&from, "copied", error))?;
        Ok(())
    }

    /// Proves the books that a run has left.
    fn healed(&self, at_path: &Path, expected: &Held) -> Result<(), Failure> {
        expected.equals(&opened(at_path)?, &held::acknowledged(&at_path.join(ACKED_FILE))?)
    }
}

/// What a run met.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    kills: u32,
    starts: u32,
    disk: Suffered,
}

impl Met {
    fn add(&mut self, other: Met) {
        self.kills += other.kills;
        self.starts += other.starts;
        self.disk.faults += other.disk.faults;
        self.disk.told += other.disk.told;
    }
}

fn no_child(error: std::io::Error) -> Failure {
    Failure::Unreachable(format!("no child process: {error}"))
}

fn at(path: &Path) -> Place {
    place_at(path, &Place { data: path.to_owned(), checkpoints: None, postgres: None })
}

fn opened(path: &Path) -> Result<Opened, Failure> {
    config::open(&at(path), Use::Write)
}

fn child_process(path: &Path) -> Result<Process, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::Unreachable(format!("this program cannot find its own file: {error}")))?;
    let mut child = Process::new(program);
    child.arg("--data").arg(path).args(["sim", "chaos-child"]);
    child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    Ok(child)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    config::make_private_folder(to)?;
    let listed = fs::read_dir(from).map_err(|error| Failure::file(from, "read", error))?;
    for entry in listed {
        let path = entry.map_err(|error| Failure::file(from, "read", error))?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_folder(&path, &to.join(name))?;
        } else {
            // The mode goes with it: keys stay their owner's alone.
            fs::copy(&path, to.join(name)).map_err(|error| Failure::file(&path, "copied", error))?;
        }
    }
    Ok(())
}

impl ChaosChild {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let also = match self.also.as_deref() {
            None => Also::Nothing,
            Some(asked) => ALSO.iter().find(|(_, name)| asked == *name).map(|(also, _)| *also).ok_or_else(|| {
                let names: Vec<&str> = ALSO.iter().map(|(_, name)| *name).collect();
                Failure::Usage(format!("--also {asked} is not known: it is one of {}", names.join(", ")))
            })?,
        };
        let waves = read_waves(&place.data.join(WAVES_FILE))?;
        let acked = place.data.join(ACKED_FILE);
        let mut acked = File::options()
            .append(true)
            .create(true)
            .open(&acked)
            .map_err(|error| Failure::file(&acked, "written", error))?;
        if let Some(seed) = self.disk {
            let suffered = disk::suffer(place, &waves, seed, &mut acked)?;
            say(format!("{SUFFERED} {} {}", suffered.faults, suffered.told));
            return Ok(());
        }
        let opened = config::open(place, Use::Write)?;
        let mut stepper = Stepper::new(opened.tianxin.clone(), opened.backend.clone(), BATCH_MAX);
        stepper.take_up()?;
        let done_file = place.data.join(DONE_FILE);
        let done = waves_done(&done_file)?;
        if let Some(point) = &self.point {
            failpoint::arm(point, self.nth);
        }
        for number in done..waves.len() {
            let mut told = Vec::new();
            let sent = disturb(also, &opened, &waves, number, &mut stepper, &mut told);
            // What was acknowledged before something went wrong was acknowledged.
            let written = acked.write_all(lines_of(&told).as_bytes());
            sent?;
            let written = written.and_then(|()| fs::write(&done_file, (number + 1).to_string()));
            written.map_err(|error| Failure::file(&done_file, "written", error))?;
        }
        Ok(())
    }
}

/// Sends a wave, with the disturbance that goes with it.
fn disturb(
    also: Also,
    opened: &Opened,
    waves: &[Wave],
    number: usize,
    stepper: &mut Stepper<Tianxin>,
    told: &mut Vec<Acknowledged>,
) -> Result<(), Failure> {
    let Some(wave) = waves.get(number) else { return Ok(()) };
    match (also, wave.closing()) {
        (Also::TwoDayEnds, Some(closing)) => return two_day_ends(opened, wave, closing, stepper, told),
        (Also::ClockJumps, Some(closing)) => clock_jumps(closing, stepper)?,
        (Also::WeekLate, Some(closing)) => week_late(closing, &waves[..number], stepper, told)?,
        (Also::LostAnswers, _) => {
            wave.replay(stepper, told).map_err(wrong)?;
            let again = wave.stored();
            return if again.sent.is_empty() { Ok(()) } else { again.replay(stepper, told).map_err(wrong) };
        }
        _ => {}
    }
    wave.replay(stepper, told).map_err(wrong)
}

/// What was acknowledged and stored, a line each.
fn lines_of(told: &[Acknowledged]) -> String {
    told.iter().filter(|one| one.is_stored).map(|one| format!("{} {}\n", one.cell, one.id)).collect()
}

/// How many waves an earlier process had acknowledged whole; none if there was none.
fn waves_done(path: &Path) -> Result<usize, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map_err(|error| Failure::file(path, "read", error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(Failure::file(path, "read", error)),
    }
}

fn wrong(error: ReplayError) -> Failure {
    Failure::Wrong(error.to_string())
}

fn read_waves(path: &Path) -> Result<Vec<Wave>, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file(path, "read", error))?;
    let mut waves = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (wave, after) = after
            .split_at_checked(u32::from_be_bytes(*length) as usize)
            .ok_or_else(|| Failure::Wrong(format!("{} ends in the middle of a wave", path.display())))?;
        waves.push(cbor::from_bytes(wave).map_err(|error| Failure::Wrong(error.to_string()))?);
        rest = after;
    }
    Ok(waves)
}

fn close_day(id: Id, day: Date, at: basics::Instant, closing: Closing) -> Request<Command> {
    Request::plain(id, closing.actor, at, Order::Do(Command::CloseDay(CloseDay { day })))
}

/// Another server closes the same day at the same moment: one of the two is told so, and the day is closed once.
fn two_day_ends(
    opened: &Opened,
    wave: &Wave,
    closing: Closing,
    stepper: &mut Stepper<Tianxin>,
    told: &mut Vec<Acknowledged>,
) -> Result<(), Failure> {
    let mut other = Stepper::new(opened.tianxin.clone(), opened.backend.clone(), BATCH_MAX);
    let request = close_day(closing.id.derive("second"), closing.day, closing.at, closing);
    let (mine, theirs) = std::thread::scope(|scope| {
        let theirs = scope.spawn(move || {
            let mut answers = other.step(vec![request]);
            answers.extend(other.deliver());
            answers
        });
        (wave.replay(stepper, told), theirs.join())
    });
    let theirs = theirs.map_err(|_| Failure::Wrong("the second day-end stumbled".to_owned()))?;
    let is_closing = |error: &DoorError| matches!(error, DoorError::Refused(refusal) if ["day_closing", "not_the_open_day"].contains(&refusal.code));
    if let Some(error) = theirs.into_iter().filter_map(Result::err).find(|error| !is_closing(error)) {
        return Err(error.into());
    }
    match mine {
        // The other was first.
        Ok(()) | Err(ReplayError::Refused { code: "day_closing" | "not_the_open_day", .. }) => Ok(()),
        Err(error) => Err(wrong(error)),
    }
}

/// A clock that went back says that the day has not begun; one that went ahead, that a later one is over.
fn clock_jumps(closing: Closing, stepper: &mut Stepper<Tianxin>) -> Result<(), Failure> {
    for (days, name, day) in [(-3, "back", closing.day), (40, "ahead", closing.day.add_days(1))] {
        let at = closing.at.add_seconds(days * 86_400);
        let answers = stepper.step(vec![close_day(closing.id.derive(name), day, at, closing)]);
        match answers.into_iter().next() {
            Some(Err(DoorError::Refused(_))) => {}
            Some(Ok(answer)) => {
                return Err(Failure::Wrong(format!("a clock that jumped {name} closed a day: {answer:?}")));
            }
            Some(Err(error)) => return Err(error.into()),
            None => return Err(Failure::Wrong(format!("a clock that jumped {name} was not answered"))),
        }
    }
    Ok(())
}

/// Whoever never heard the answers of a week sends it again: each command gets its first answer.
fn week_late(
    closing: Closing,
    before: &[Wave],
    stepper: &mut Stepper<Tianxin>,
    told: &mut Vec<Acknowledged>,
) -> Result<(), Failure> {
    let from = closing.day.add_days(-7);
    for wave in before.iter().filter(|wave| wave.day >= from).map(Wave::stored) {
        if !wave.sent.is_empty() {
            wave.replay(stepper, told).map_err(wrong)?;
        }
    }
    Ok(())
}
