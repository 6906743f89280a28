//! `tianxin sim export`: a training set of the loans of a run, with or without what is hidden.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use basics::Date;
use clap::Args;
use insight::outcome::{Observed, Outcome};
use sim::drive::export::COUNTY_OUTCOME;

use super::run::{finished, write_file};
use crate::failure::Failure;
use crate::terminal::say;

/// Make a training set of the loans of a run.
///
/// One line a loan that was drawn: what was asked for, the features by which it was judged, and `bad`. Nothing that came after
/// the decision is there, nor who it was; loans that ran for less than half a year, are not paid off and not bad are left
/// out, since nobody knows yet. With --truth the hidden state of the household when it applied stands beside: for finding
/// out how much could be known, never for lending.
#[derive(Args)]
pub struct Export {
    /// The folder of the run
    #[arg(value_name = "DIR")]
    run: PathBuf,
    /// The file to be made
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Put what is hidden beside it
    #[arg(long)]
    truth: bool,
}

/// What loans.csv has that a model may not learn from: who it was, and what came of the decision or after it.
const LEFT_OUT: [&str; 13] = [
    "household",
    "mine",
    "status",
    "approved_fen",
    "drawn_on",
    "maturity",
    "principal_fen",
    "outstanding_fen",
    "paid_fen",
    "closed_on",
    "days_past_due",
    "worst_days_past_due",
    "rate_ppm",
];

impl Export {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        if self.out.exists() {
            return Err(Failure::Usage(format!("{} is there already: name another file", self.out.display())));
        }
        let end = finished(&self.run)?.until;
        let end = Date::parse(&end).map_err(|error| Failure::Unreachable(format!("run.toml: until: {error}")))?;
        let loans = Table::read(&self.run.join("loans.csv"))?;
        let truth = if self.truth { Some(hidden(&Table::read(&self.run.join("truth.csv"))?)?) } else { None };
        let kept: Vec<usize> =
            (0..loans.heads.len()).filter(|n| !LEFT_OUT.contains(&loans.heads[*n].as_str())).collect();
        let (bad, household, mine) = (loans.column("bad")?, loans.column("household")?, loans.column("mine")?);
        let (drawn_on, closed_on) = (loans.column("drawn_on")?, loans.column("closed_on")?);
        let worst = loans.column("worst_days_past_due")?;
        let drawn: Vec<&Vec<String>> = loans.rows.iter().filter(|row| !row[bad].is_empty()).collect();
        let mut ripe: Vec<&Vec<String>> = Vec::with_capacity(drawn.len());
        for row in &drawn {
            let wrong =
                |what: &dyn std::fmt::Display| Failure::Unreachable(format!("{}: {what}", loans.path.display()));
            let day = |text: &str| Date::parse(text).map_err(|error| wrong(&error));
            let closed_on = Some(row[closed_on].as_str()).filter(|text| !text.is_empty()).map(day).transpose()?;
            let outcome = COUNTY_OUTCOME.outcome(&Observed {
                drawn_on: day(&row[drawn_on])?,
                closed_on,
                worst_days_past_due: row[worst].parse().map_err(|error: std::num::ParseIntError| wrong(&error))?,
                observed_until: end,
            });
            if outcome != Outcome::Immature {
                ripe.push(row);
            }
        }
        write_file(&self.out, |file| {
            let mut heads: Vec<&str> = kept.iter().map(|n| loans.heads[*n].as_str()).collect();
            if truth.is_some() {
                heads.extend(["true_reason", "true_hidden_fen", "true_other_debt_fen", "true_more"]);
            }
            writeln!(file, "{}", heads.join(","))?;
            for row in &ripe {
                let mut cells: Vec<&str> = kept.iter().map(|n| row[*n].as_str()).collect();
                if let Some(truth) = &truth {
                    let found = truth.get(&(row[household].clone(), row[mine].clone()));
                    match found {
                        Some(found) => cells.extend(found.iter().map(String::as_str)),
                        None => cells.extend([""; 4]),
                    }
                }
                writeln!(file, "{}", cells.join(","))?;
            }
            Ok(())
        })?;
        say(format!(
            "{} loans in {}; {} drawn too late to tell are left out",
            ripe.len(),
            self.out.display(),
            drawn.len() - ripe.len()
        ));
        Ok(())
    }
}

/// The hidden state at each application, by household and its own number.
fn hidden(truth: &Table) -> Result<HashMap<(String, String), [String; 4]>, Failure> {
    let column = |name| truth.column(name);
    let (household, what, mine) = (column("household")?, column("what")?, column("mine")?);
    let (cause, fen, other, more) = (column("cause")?, column("fen")?, column("other_fen")?, column("more")?);
    let wealth = truth.rows.iter().filter(|row| row[what] == "wealth");
    Ok(wealth
        .map(|row| {
            let cells = [cause, fen, other, more].map(|n| row[n].clone());
            ((row[household].clone(), row[mine].clone()), cells)
        })
        .collect())
}

/// A file of values, whole.
struct Table {
    path: PathBuf,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> Result<Table, Failure> {
        let bad =
            |error: csv::Error| Failure::Unreachable(format!("{}: {error}: name the folder of a run", path.display()));
        let mut reader = csv::Reader::from_path(path).map_err(bad)?;
        let heads = reader.headers().map_err(bad)?.iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record.map_err(bad)?.iter().map(str::to_owned).collect());
        }
        Ok(Table { path: path.to_owned(), heads, rows })
    }

    fn column(&self, name: &str) -> Result<usize, Failure> {
        let missing = || Failure::Unreachable(format!("{} has no column `{name}`", self.path.display()));
        self.heads.iter().position(|head| head == name).ok_or_else(missing)
    }
}
