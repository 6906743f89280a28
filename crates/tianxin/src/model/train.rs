//! `tianxin model train`: from a table of past loans to a model file.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use score::ScoreError;
use score::bin::Trend;
use score::bundle::Bundle;
use score::candidate::{Effort, ModelKind};
use score::frame::{BadCells, Schema, SchemaSpec, Table, Target};
use score::portfolio::{Study, Times, train};
use score::rejects::{Rejects, with_rejects};
use score::sample::Past;
use serde_json::json;

use super::crew::all_cores;
use super::files::{self, wrong};
use crate::clock;
use crate::failure::Failure;
use crate::terminal::{Progress, log, say};

/// Train a model on a table of past loans
///
/// Columns are taken as they come: numbers, dates and categories are told from their cells, missing cells and
/// special codes (96, -9, 999999) are kept apart. The model file holds all that is needed to predict. The same
/// table, settings and seed give the same file.
#[derive(Args)]
pub struct Train {
    /// The table: CSV or gzip CSV with a header line
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The column to predict
    #[arg(long, value_name = "COL")]
    target: String,
    /// Its value that means bad; numbers are compared as numbers [default: the larger of two numbers]
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    positive: Option<String>,
    /// A column of weights
    #[arg(long, value_name = "COL")]
    weight: Option<String>,
    /// A column of dates or numbers: rows are judged by models of earlier rows only
    #[arg(long, value_name = "COL")]
    time: Option<String>,
    /// Days (or units of the time column) between the last row trained on and the first judged: how long
    /// it takes until an outcome is known
    #[arg(long, value_name = "N", default_value_t = 0.0, requires = "time")]
    gap: f64,
    /// A column that says who was accepted (1, yes, true) and who was turned away (0, no, false); what became of the latter
    /// may be left empty
    #[arg(long, value_name = "COL")]
    accepted: Option<String>,
    /// What is done with who was turned away
    #[arg(long, value_enum, default_value_t = RejectsName::Ignore, requires = "accepted")]
    rejects: RejectsName,
    /// Columns that are not used
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    exclude: Vec<String>,
    /// Columns that are categories though they hold numbers
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    category: Vec<String>,
    /// Columns that are numbers though their names look like codes
    #[arg(long, value_name = "COL,...", value_delimiter = ',')]
    number: Vec<String>,
    /// What kind of model
    #[arg(long, value_enum, default_value_t = KindName::Auto)]
    kind: KindName,
    /// Columns that may raise (+) or lower (-) risk only: `income:-,age:+`
    #[arg(long, value_name = "COL:+|-,...", value_delimiter = ',', allow_hyphen_values = true)]
    monotone: Vec<String>,
    /// How much is tried
    #[arg(long, value_enum, default_value_t = EffortName::Normal)]
    effort: EffortName,
    /// Seed of folds and draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The model file to write
    #[arg(long, value_name = "FILE", default_value = "model.txm")]
    out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum KindName {
    /// One scorecard, readable as a table of points
    Scorecard,
    /// Boosted trees alone
    Trees,
    /// Scorecard and trees, whatever joins best
    Auto,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum EffortName {
    /// A quick look
    Fast,
    /// For use
    Normal,
    /// More of everything
    Best,
}

impl KindName {
    /// As training has it.
    pub fn kind(self) -> ModelKind {
        match self {
            KindName::Scorecard => ModelKind::Scorecard,
            KindName::Trees => ModelKind::Trees,
            KindName::Auto => ModelKind::Auto,
        }
    }
}

impl EffortName {
    /// As training has it.
    pub fn effort(self) -> Effort {
        match self {
            EffortName::Fast => Effort::Fast,
            EffortName::Normal => Effort::Normal,
            EffortName::Best => Effort::Best,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RejectsName {
    /// Learn from the accepted alone
    Ignore,
    /// Let each accepted row stand for the turned away like it
    Reweight,
    /// Add each of the turned away as bad and as good, by what a model of the accepted says
    Fuzzy,
}

impl Train {
    /// Runs the command.
    pub fn run(self) -> Result<(), Failure> {
        let table = files::table(&self.data)?;
        let about = |error: ScoreError| wrong(&self.data, &error);
        let (known, rejected) = self.parted(&table)?;
        let target = Target::of(&known, &self.target, self.positive.as_deref()).map_err(about)?;
        let bad = target.outcomes(&known).map_err(about)?;
        let mut spec = self.schema_spec();
        for column in Schema::numbering(&table, &spec) {
            let what =
                "holds nothing but the place of a row and is left out; --number names what is to be used all the same";
            log(&format!("column `{column}` {what}"));
            spec.left_out.insert(column);
        }
        let schema = Schema::learn(&table, &spec).map_err(about)?;
        refuse_unlawful(&schema)?;
        let trends = self.trends(&schema)?;
        let (frame, bad_cells) = schema.read(&known).map_err(about)?;
        for BadCells { column, count, example } in &bad_cells {
            log(&format!(
                "{count} cells of column `{column}` are no numbers and count as missing, such as `{example}`"
            ));
        }
        let turned_away = rejected.map(|rejected| schema.read(&rejected)).transpose().map_err(about)?;
        let weights = self.weight.as_ref().map(|column| known.quantities(column)).transpose().map_err(about)?;
        let mut past = Past::new(schema, frame, bad, weights).map_err(about)?;
        let study = Study {
            kind: self.kind.kind(),
            effort: self.effort.effort(),
            trends,
            seed: self.seed,
            time: self.times(&known)?,
        };
        if let Some((frame, _)) = turned_away {
            if self.rejects == RejectsName::Fuzzy && study.time.is_some() {
                let what = "--rejects fuzzy gives rows of which nobody knows when they would have turned bad: leave out --time";
                return Err(Failure::Usage(what.to_owned()));
            }
            let how = match self.rejects {
                RejectsName::Ignore => Rejects::Ignore,
                RejectsName::Reweight => Rejects::Reweight,
                RejectsName::Fuzzy => Rejects::Fuzzy,
            };
            log(&format!("{} rows were accepted, {} turned away", past.rows(), frame.rows));
            past = with_rejects(past, &frame, &target, &study, how, &all_cores).map_err(about)?;
        }
        let progress = Progress::begin("training");
        let model = train(&past, &target, &study, &all_cores, &|what| progress.set(format!("training: {what}")));
        drop(progress);
        let model = model.map_err(about)?;
        let bytes = model.to_bytes();
        files::write(&self.out, &bytes)?;
        self.tell(&model, &bytes);
        Ok(())
    }

    /// The rows whose outcome is known, and those who were turned away.
    fn parted<'a>(&self, table: &'a Table) -> Result<(Cow<'a, Table>, Option<Table>), Failure> {
        let Some(column) = &self.accepted else { return Ok((Cow::Borrowed(table), None)) };
        let position = table.position(column).map_err(|error| wrong(&self.data, &error))?;
        let (mut accepted, mut rejected) = (Vec::new(), Vec::new());
        for (row, cell) in table.cells(position).enumerate() {
            match cell.to_lowercase().as_str() {
                "1" | "1.0" | "yes" | "y" | "true" | "accepted" | "approved" => accepted.push(row),
                "0" | "0.0" | "no" | "n" | "false" | "rejected" | "declined" => rejected.push(row),
                _ => {
                    let what = format!(
                        "row {} of column `{column}` is `{cell}`: write 1 for accepted, 0 for turned away",
                        row + 1
                    );
                    return Err(Failure::Wrong(format!("{}: {what}", self.data.display())));
                }
            }
        }
        Ok((Cow::Owned(table.take(&accepted)), Some(table.take(&rejected))))
    }

    fn schema_spec(&self) -> SchemaSpec {
        let set = |names: &[String]| names.iter().filter(|n| !n.is_empty()).cloned().collect::<BTreeSet<String>>();
        let mut left_out = set(&self.exclude);
        let aside = [&self.weight, &self.time, &self.accepted].into_iter().flatten().cloned();
        left_out.extend(aside.chain([self.target.clone()]));
        SchemaSpec { left_out, categories: set(&self.category), numbers: set(&self.number) }
    }

    fn trends(&self, schema: &Schema) -> Result<Vec<Trend>, Failure> {
        let mut trends = vec![Trend::Free; schema.columns.len()];
        for said in self.monotone.iter().filter(|said| !said.is_empty()) {
            let usage = |what: &str| Failure::Usage(format!("--monotone `{said}`: {what}"));
            let (name, sign) = said.rsplit_once(':').ok_or_else(|| usage("write COLUMN:+ or COLUMN:-"))?;
            let trend = match sign {
                "+" => Trend::Rising,
                "-" => Trend::Falling,
                _ => return Err(usage("write COLUMN:+ or COLUMN:-")),
            };
            let at = schema.columns.iter().position(|c| c.name == name);
            let at = at.ok_or_else(|| usage("the model reads no column of that name"))?;
            if matches!(schema.columns[at].kind, score::frame::Kind::Category { .. }) {
                return Err(usage("it is a category, which has no order"));
            }
            trends[at] = trend;
        }
        Ok(trends)
    }

    fn times(&self, table: &Table) -> Result<Option<Times>, Failure> {
        let Some(column) = &self.time else { return Ok(None) };
        let about = |error: ScoreError| wrong(&self.data, &error);
        if !(self.gap.is_finite() && self.gap >= 0.0) {
            return Err(Failure::Usage(format!("--gap {}: give 0 or more", self.gap)));
        }
        let of_row = if let Some(of_row) = table.dates(column).map_err(about)? {
            let today = clock::now().0.div_euclid(86_400_000_000) as f64;
            if let Some(row) = of_row.iter().position(|day| *day > today) {
                let what =
                    format!("row {} of column `{column}` lies in the future: its outcome cannot be known", row + 1);
                return Err(Failure::Wrong(format!("{}: {what}", self.data.display())));
            }
            of_row
        } else {
            table.quantities(column).map_err(about)?
        };
        if self.gap == 0.0 {
            log(
                "no --gap: later rows are judged by outcomes that may not have been known in their time; say how long one takes",
            );
        }
        Ok(Some(Times { of_row, gap: self.gap }))
    }

    fn tell(&self, model: &Bundle, bytes: &[u8]) {
        let (record, name) = (&model.making, Bundle::name_of(bytes));
        if self.json {
            let members: Vec<serde_json::Value> = record
                .standings
                .iter()
                .map(|s| json!({"member": s.candidate, "auc": s.auc, "log_loss": s.log_loss, "weight": s.weight}))
                .collect();
            let told = json!({
                "model": self.out, "name": name, "rows": record.rows, "bads": record.bads,
                "auc": record.left_out_auc, "log_loss": record.left_out_log_loss, "brier": record.left_out_brier,
                "work": record.work, "seed": record.seed, "bytes": bytes.len(), "members": members,
            });
            return say(told.to_string());
        }
        say(format!("{}: {name}", self.out.display()));
        say(super::card::record(model));
    }
}

/// Refuses a column that is a feature of the platform's own table which the law does not let a credit decision use.
pub(super) fn refuse_unlawful(schema: &Schema) -> Result<(), Failure> {
    let unlawful = |name: &str| insight::feature::find(name).is_some_and(|feature| !feature.is_for_credit());
    match schema.columns.iter().find(|column| unlawful(&column.name)) {
        Some(column) => Err(Failure::Wrong(format!(
            "column `{}` is a feature that may not be used for credit decisions: leave it out, with --exclude where a model is trained",
            column.name
        ))),
        None => Ok(()),
    }
}
