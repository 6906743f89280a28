//! Replays oracle files through the loan engine and says where they differ.
//!
//! An oracle file holds scenarios: what was done to a loan, day by day, and what its tables then showed. The
//! [`desk`] does to a loan of ours what a scenario says, by the same pure functions that the program uses; [`expect`]
//! compares the tables. What a scenario asks for that is not supported is counted apart, with the reason.

mod close;
mod desk;
mod expect;
mod plan_cases;
mod postings;
mod read;
mod sound;
mod table;
mod terms;

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

/// What became of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every cell is as expected.
    Passed,
    /// The first cell that differs, or what went wrong.
    Failed(String),
    /// What it asks for and is not there.
    Unsupported(String),
}

/// Why a replay stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Something differs, or is refused that should not be.
    Wrong(String),
    /// The engine refuses.
    Refused(loan::LoanError),
    /// Something is asked for that is not there.
    Unsupported(String),
}

impl From<String> for Stop {
    fn from(text: String) -> Stop {
        Stop::Wrong(text)
    }
}

impl From<loan::LoanError> for Stop {
    fn from(error: loan::LoanError) -> Stop {
        Stop::Refused(error)
    }
}

/// Everything that a file yields: id, tags and verdict of every scenario and case that counts.
#[derive(Debug, Default)]
pub struct Replay {
    /// In the order of the file.
    pub verdicts: Vec<(String, Vec<String>, Verdict)>,
    /// Refusals that were expected and happened in cases that passed, with no code that could be compared.
    pub uncompared: usize,
}

impl Replay {
    /// Passed, failed, unsupported.
    pub fn counts(&self) -> (usize, usize, usize) {
        self.verdicts.iter().fold((0, 0, 0), |(p, f, s), (_, _, verdict)| match verdict {
            Verdict::Passed => (p + 1, f, s),
            Verdict::Failed(_) => (p, f + 1, s),
            Verdict::Unsupported(_) => (p, f, s + 1),
        })
    }
}

/// Replays the files that are named and prints the report; answers the exit code.
pub fn main(files: &[String]) -> u8 {
    if files.is_empty() {
        eprintln!("name at least one oracle file: `cargo xtask oracle FILE...`");
        return 2;
    }
    let mut all = Replay::default();
    for file in files {
        match read_file(file) {
            Ok(replay) => {
                all.verdicts.extend(replay.verdicts);
                all.uncompared += replay.uncompared;
            }
            Err(error) => {
                eprintln!("{error}");
                return 2;
            }
        }
    }
    print!("{}", report(&all));
    u8::from(all.counts().1 > 0)
}

/// Reads and replays one file. Errors, naming the file, if it cannot be read or is not an oracle file.
pub fn read_file(file: &str) -> Result<Replay, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{file} cannot be read: {e}"))?;
    let value: Value = serde_json::from_str(&text).map_err(|e| format!("{file} is not JSON: {e}"))?;
    replay(&value).map_err(|e| format!("{file}: {e}"))
}

/// Replays the content of a file. Errors if it has neither scenarios nor cases.
pub fn replay(file: &Value) -> Result<Replay, String> {
    let list = |name: &str| file.get(name).and_then(Value::as_array).cloned();
    let (scenarios, cases) = (list("scenarios"), list("emi_cases"));
    if scenarios.is_none() && cases.is_none() {
        return Err("it has neither `scenarios` nor `emi_cases`: give an oracle file".to_owned());
    }
    let environment = file.get("environment").cloned().unwrap_or(Value::Null);
    let mut replay = Replay::default();
    for scenario in scenarios.unwrap_or_default() {
        let tags: Vec<String> =
            read::list(&scenario, "tags").iter().filter_map(|t| t.as_str().map(str::to_owned)).collect();
        if is_left_out(&scenario, &tags) {
            continue;
        }
        let verdict = match desk::run(&scenario, &environment) {
            Ok(uncompared) => {
                replay.uncompared += uncompared;
                Verdict::Passed
            }
            Err(Stop::Wrong(text)) => Verdict::Failed(text),
            Err(Stop::Refused(error)) => Verdict::Failed(refused(&error)),
            Err(Stop::Unsupported(text)) => Verdict::Unsupported(text),
        };
        replay.verdicts.push((read::text(&scenario, "id").to_owned(), tags, verdict));
    }
    for case in cases.unwrap_or_default() {
        if is_left_out(&case, &[]) {
            continue;
        }
        let verdict = plan_cases::run(&case);
        replay.verdicts.push((read::text(&case, "id").to_owned(), vec!["emi-case".to_owned()], verdict));
    }
    Ok(replay)
}

fn refused(error: &loan::LoanError) -> String {
    format!("the engine refuses: {error}")
}

fn is_left_out(object: &Value, tags: &[String]) -> bool {
    let skipped = object
        .get("source")
        .and_then(|s| s.get("skipped_upstream"))
        .is_some_and(|v| *v != Value::Bool(false) && !v.is_null());
    let by_steps = read::list(object, "tags").iter().any(|tag| tag == "upstream-skipped");
    skipped || by_steps || tags.iter().any(|tag| tag == "upstream-skipped" || tag == "clock-dependent")
}

/// The report as it is printed.
pub fn report(replay: &Replay) -> String {
    let mut text = String::new();
    let mut by_tag: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for (id, tags, verdict) in &replay.verdicts {
        for tag in tags {
            let count = by_tag.entry(tag).or_default();
            match verdict {
                Verdict::Passed => count.0 += 1,
                Verdict::Failed(_) => count.1 += 1,
                Verdict::Unsupported(_) => count.2 += 1,
            }
        }
        match verdict {
            Verdict::Passed => {}
            Verdict::Failed(why) => text.push_str(&format!("FAILED {id}: {why}\n")),
            Verdict::Unsupported(why) => text.push_str(&format!("unsupported {id}: {why}\n")),
        }
    }
    text.push_str("\ntag                            passed  failed  unsupported\n");
    for (tag, (passed, failed, unsupported)) in by_tag {
        text.push_str(&format!("{tag:<30} {passed:>6} {failed:>7} {unsupported:>12}\n"));
    }
    let (passed, failed, unsupported) = replay.counts();
    text.push_str(&format!("refusals in what passed, compared by their kind alone: {}\n", replay.uncompared));
    text.push_str(&format!("oracle: {passed} passed, {failed} failed, {unsupported} unsupported\n"));
    text
}
