//! `tianxin lab`: what a policy would do to a county, before a county lives through it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use basics::Date;
use clap::{Args, Subcommand};
use serde_json::json;
use sim::lab::experiment::{Experiment, Known, counties};
use sim::lab::infer::Verdict;
use sim::lab::lender::Rooms;
use sim::lab::run::{RunError, Size};
use sim::lab::study::{Answered, Found, Learnt, Study, Task, answer};
use sim::lab::{chart, report, shipped};

use crate::failure::Failure;
use crate::sim::write_file;
use crate::terminal::{Progress, say};

/// Compare policies of a lender over the same simulated counties and luck.
#[derive(Subcommand)]
pub enum Lab {
    /// Run experiments, and say plainly which claims hold
    ///
    /// Every arm lives the same counties with the same seeds. The folder gets, for each experiment, report.md, runs.csv (every
    /// indicator of every run), effects.csv and effects.svg. The same experiments, seeds and households give the same
    /// files with any number of threads.
    Run(Run),
    /// List the experiments that come with the program, and the counties they are made in
    List {
        /// Print one JSON object an experiment
        #[arg(long)]
        json: bool,
    },
}

/// Run experiments.
#[derive(Args)]
pub struct Run {
    /// Experiment files, or names of those that come with the program; `all` is all of these
    #[arg(required = true, value_name = "EXPERIMENT")]
    experiments: Vec<String>,
    /// Seeds a county
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..=1_000))]
    seeds: u64,
    /// Households of a county
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    households: u32,
    /// Counties, separated by commas [default: all that `tianxin lab list` names]
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    counties: Vec<String>,
    /// The folder to be made [default: print only]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads; changes nothing but the time it takes [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Print one JSON object a question
    #[arg(long)]
    json: bool,
}

impl Lab {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Lab::Run(run) => run.run(),
            Lab::List { json } => list(json),
        }
    }
}

fn list(as_json: bool) -> Result<(), Failure> {
    let rooms = Rooms::shipped().map_err(Failure::Wrong)?;
    for (file, text) in shipped::EXPERIMENTS {
        let experiment = read(&rooms, file, text, &[])?;
        let arms: Vec<&str> = experiment.arms.iter().map(|arm| arm.name.as_str()).collect();
        if as_json {
            let line = json!({
                "name": experiment.name, "title_zh": experiment.title.0, "title_en": experiment.title.1,
                "claim_zh": experiment.claim.0, "claim_en": experiment.claim.1, "arms": arms,
            });
            say(line.to_string());
        } else {
            say(format!("{:<14} {} · {}", experiment.name, experiment.title.0, experiment.title.1));
            say(format!("{:<14} {}", "", experiment.claim.1));
            say(format!("{:<14} arms: {}", "", arms.join(", ")));
        }
    }
    if !as_json {
        say("\ncounties:");
        for (name, words) in counties().map_err(|error| Failure::Wrong(error.to_string()))? {
            say(format!("  {name:<12} {words}"));
        }
    }
    Ok(())
}

fn read(rooms: &Rooms, file: &str, text: &str, counties: &[String]) -> Result<Experiment, Failure> {
    let products = rooms.products();
    let known = Known { products: &products };
    Experiment::parse(file, text, counties, &known).map_err(|error| Failure::Usage(error.to_string()))
}

/// Makes the folder that becomes `out` when everything is in it.
fn begin_folder(out: &Path) -> Result<PathBuf, Failure> {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = out.with_file_name(name);
    if out.exists() {
        let folder = out.display();
        return Err(Failure::Usage(format!("{folder} is there already: name a folder that is not, or remove it")));
    }
    if part.exists() {
        let folder = part.display();
        return Err(Failure::Usage(format!("{folder} was left by a run that was cut off: remove it and run again")));
    }
    fs::create_dir(&part).map_err(|error| Failure::file(&part, "made", error))?;
    Ok(part)
}

impl Run {
    fn run(self) -> Result<(), Failure> {
        let rooms = Rooms::shipped().map_err(Failure::Wrong)?;
        let experiments = self.read(&rooms)?;
        // A folder that cannot be made is told before anything is lived.
        let part = self.out.as_deref().map(begin_folder).transpose()?;
        let done = self.live_all(&rooms, &experiments, part.as_deref());
        if let (Err(_), Some(part)) = (&done, &part) {
            // Half a folder is of no use to anyone; the error is what matters.
            let _ = fs::remove_dir_all(part);
        }
        done
    }

    fn live_all(&self, rooms: &Rooms, experiments: &[Experiment], part: Option<&Path>) -> Result<(), Failure> {
        let first = Date::ymd(2026, 1, 1).map_err(|error| Failure::Wrong(error.to_string()))?;
        let size = |experiment: &Experiment| Size { households: self.households, days: experiment.days, first };
        let studies: Vec<Study<'_>> =
            experiments.iter().map(|experiment| Study::new(rooms, experiment, size(experiment), self.seeds)).collect();
        let mut found = Vec::with_capacity(studies.len());
        for study in &studies {
            found.push(self.live(study)?);
        }
        let answered = answer(&found);
        for (found, answered) in found.iter().zip(&answered) {
            self.tell(found, answered);
        }
        let (Some(part), Some(out)) = (part, &self.out) else { return Ok(()) };
        self.write_all(part, &found, &answered)?;
        fs::rename(part, out).map_err(|error| Failure::file(out, "made", error))?;
        if !self.json {
            say(format!("  written  {}", out.display()));
        }
        Ok(())
    }

    fn read(&self, rooms: &Rooms) -> Result<Vec<Experiment>, Failure> {
        let mut experiments: Vec<Experiment> = Vec::new();
        for wanted in &self.experiments {
            if wanted == "all" {
                for (file, text) in shipped::EXPERIMENTS {
                    experiments.push(read(rooms, file, text, &self.counties)?);
                }
            } else if let Some((file, text)) = shipped::find(wanted) {
                experiments.push(read(rooms, file, text, &self.counties)?);
            } else {
                let path = Path::new(wanted);
                if !path.exists() {
                    let names: Vec<&str> = shipped::names().collect();
                    let known = names.join(", ");
                    return Err(Failure::Usage(format!(
                        "{wanted} is neither a file nor a shipped experiment; name a file, or one of {known}"
                    )));
                }
                let text = fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
                experiments.push(read(rooms, wanted, &text, &self.counties)?);
            }
        }
        for (nth, experiment) in experiments.iter().enumerate() {
            if experiments.iter().take(nth).any(|other| other.name == experiment.name) {
                return Err(Failure::Usage(format!("experiment {} is named twice: leave one out", experiment.name)));
            }
        }
        Ok(experiments)
    }

    fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(all, usize::from)
    }

    /// Makes every run of a study, learning first.
    fn live<'s>(&self, study: &'s Study<'s>) -> Result<Found<'s>, Failure> {
        let progress = Progress::begin(&study.experiment.name);
        let name = &study.experiment.name;
        let pasts = study.pasts();
        let scorers =
            spread(self.threads(), &pasts, &progress, &format!("{name}: learning"), |past| study.learn(*past))?;
        let learnt: Learnt = study.learnt(scorers);
        let tasks = study.tasks();
        let chunks: Vec<&[Task]> = tasks.chunks(study.experiment.arms.len().max(1)).collect();
        let what = format!("{name}: living");
        let done = spread(self.threads(), &chunks, &progress, &what, |arms| study.run(arms, &learnt))?;
        let runs: Vec<(Task, _)> = tasks.into_iter().zip(done.into_iter().flatten()).collect();
        Ok(Found { study, runs, learnt })
    }

    fn tell(&self, found: &Found<'_>, answered: &[Answered]) {
        let experiment = found.study.experiment;
        let verdicts: Vec<Verdict> = answered.iter().map(|answer| answer.verdict).collect();
        let verdict = Verdict::of_claim(&verdicts);
        if !self.json {
            say(format!("{} · {}: the claim {}", experiment.name, experiment.title.1, verdict.words().1));
        }
        for (at, answer) in answered.iter().enumerate() {
            let (label, claimed, _) = report::label(found, at);
            let effect = answer.effect.as_ref();
            if self.json {
                let question = experiment.questions.get(at);
                say(json!({
                    "experiment": experiment.name,
                    "question": label,
                    "indicator": question.map(|question| question.indicator.clone()),
                    "claimed": claimed,
                    "mean": effect.map(|e| e.mean),
                    "low": effect.map(|e| e.interval.0),
                    "high": effect.map(|e| e.interval.1),
                    "corrected_p": answer.corrected_p,
                    "pairs": effect.map(|e| e.pairs),
                    "null_includes_nothing": answer.null.as_ref().map(|e| e.includes_nothing()),
                    "verdict": answer.verdict.words().1,
                })
                .to_string());
            } else {
                let shown = effect.map_or_else(
                    || "nothing to compare".to_owned(),
                    |e| {
                        let (low, high) = e.interval;
                        let (low, high) = (report::signed(low), report::signed(high));
                        format!("{} ({low} to {high})", report::signed(e.mean))
                    },
                );
                let broken = if answer.is_null_broken() { "; something else is at work too" } else { "" };
                say(format!("  {label}: {shown}, claimed {claimed}: {}{broken}", answer.verdict.words().1));
            }
        }
    }

    fn write_all(&self, folder: &Path, found: &[Found<'_>], answered: &[Vec<Answered>]) -> Result<(), Failure> {
        for (found, answered) in found.iter().zip(answered) {
            let name = &found.study.experiment.name;
            let folder = folder.join(name);
            fs::create_dir(&folder).map_err(|error| Failure::file(&folder, "made", error))?;
            for (file, text) in [
                ("report.md", report::markdown(found, answered, &self.line())),
                ("runs.csv", report::runs_csv(found)),
                ("effects.csv", report::effects_csv(found, answered)),
                ("effects.svg", chart::effects(found, answered)),
            ] {
                write_file(&folder.join(file), |out| Ok(out.write_all(text.as_bytes())?))?;
            }
        }
        Ok(())
    }

    /// The line that repeats this run.
    fn line(&self) -> String {
        let mut line = format!("tianxin lab run {}", self.experiments.join(" "));
        line.push_str(&format!(" --seeds {} --households {}", self.seeds, self.households));
        if !self.counties.is_empty() {
            line.push_str(&format!(" --counties {}", self.counties.join(",")));
        }
        line
    }
}

/// Does pieces of work on many threads; results come back in the order of the pieces, or the error of the first that failed.
fn spread<T: Sync, R: Send>(
    threads: usize,
    pieces: &[T],
    progress: &Progress,
    what: &str,
    work: impl Fn(&T) -> Result<R, RunError> + Sync,
) -> Result<Vec<R>, Failure> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(pieces.len())));
    let one = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(at) else { break };
            let result = work(piece);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((at, result));
            progress.set(bar(what, done.len(), pieces.len()));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(pieces.len()).max(1) {
            scope.spawn(one);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    let results: Result<Vec<R>, RunError> = done.into_iter().map(|(_, result)| result).collect();
    results.map_err(|error| Failure::Wrong(error.to_string()))
}

fn bar(what: &str, done: usize, all: usize) -> String {
    let full = done * 30 / all.max(1);
    format!("[{}{}] {what} {done}/{all}", "#".repeat(full), ".".repeat(30_usize.saturating_sub(full)))
}
