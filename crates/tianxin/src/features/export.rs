//! `tianxin features export`: decisions with what they saw and what became of them, as a table to learn from.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use app::assess::Assessment;
use app::desk::{Known, Reading};
use app::tables::{Application, Contract, DecisionRecord, LoanNote};
use app::vault::{Vault, VaultError};
use basics::{Cell, Date, cbor};
use clap::{Args, ValueEnum};
use door::table::Record;
use door::{Connection, key};
use insight::outcome::{Observed, Outcome, OutcomeDefinition};
use loan::{Happening, LifeEvent, fold};

use crate::config::{self, Opened, Place, Use};
use crate::decision::each_record;
use crate::failure::Failure;
use crate::terminal::{Progress, say};
use crate::vault::Keys;

/// Write a table of decisions with their vectors and what became of the loans.
///
/// The vectors are those stored with the decisions. A loan counts as bad if it was more than --bad-above days past due within --months of
/// being drawn, as good if it was watched for as long, or paid off, and was never more than --indeterminate-above days late. Loans that have
/// not been watched long enough are immature: they have no label, and are not among the rows to train on.
#[derive(Args)]
pub struct Export {
    /// The CSV file to be made
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Which rows and columns
    #[arg(long, value_enum, default_value_t = Rows::Training)]
    rows: Rows,
    /// More days past due than this is bad
    #[arg(long, value_name = "DAYS", default_value_t = OutcomeDefinition::USUAL.bad_above_days)]
    bad_above: u32,
    /// More days past due than this, and not bad, is neither good nor bad
    #[arg(long, value_name = "DAYS", default_value_t = OutcomeDefinition::USUAL.indeterminate_above_days)]
    indeterminate_above: u32,
    /// Months after the drawing within which a loan is looked at
    #[arg(long, value_name = "MONTHS", default_value_t = OutcomeDefinition::USUAL.window_months,
        value_parser = clap::value_parser!(i32).range(1..=120))]
    months: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rows {
    /// Loans that are good or bad, with what was known at the decision and the label, and nothing that came after
    Training,
    /// Every decision, with decision, price, limit, later actions and outcome beside the vector
    All,
}

/// Columns of what was known and decided; then those of what came after.
const DECIDED: [&str; 12] = [
    "application",
    "product",
    "decided_on",
    "asked_minor",
    "months",
    "status",
    "approved_minor",
    "rate_ppm",
    "limit_minor",
    "rating",
    "model",
    "rules",
];
const AFTER: [&str; 12] = [
    "drawn_on",
    "maturity",
    "principal_minor",
    "outstanding_minor",
    "closed_on",
    "observed_until",
    "worst_days_past_due",
    "extended",
    "deferred",
    "restructured",
    "charged_off",
    "outcome",
];

/// What was found, for the summary.
#[derive(Default)]
struct Found {
    written: u64,
    erased: u64,
    not_drawn: u64,
    by_outcome: [u64; 4],
}

impl Export {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        if self.out.exists() {
            return Err(Failure::Usage(format!("{} is there already: name another file", self.out.display())));
        }
        if self.indeterminate_above > self.bad_above {
            return Err(Failure::Usage("--indeterminate-above is more than --bad-above".to_owned()));
        }
        let opened = config::open(place, Use::Read)?;
        let definition = OutcomeDefinition {
            bad_above_days: self.bad_above,
            indeterminate_above_days: self.indeterminate_above,
            window_months: self.months,
        };
        let mut found = Found::default();
        let failed = |error: std::io::Error| Failure::file(&self.out, "written", error);
        // Written beside and named in the end, so that half a table is never taken for one.
        let part = self.out.with_added_extension("part");
        let mut out = BufWriter::new(File::create(&part).map_err(failed)?);
        let written = self.write(&opened, &definition, &mut found, &mut out).and_then(|()| {
            out.flush().and_then(|()| out.get_ref().sync_all()).map_err(failed)?;
            fs::rename(&part, &self.out).map_err(failed)
        });
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written?;
        let [good, bad, indeterminate, immature] = found.by_outcome;
        say(format!(
            "{} rows in {}: of the loans drawn {good} are good, {bad} bad, {indeterminate} neither, {immature} immature; {} decisions \
             became no loan, {} are erased",
            found.written,
            self.out.display(),
            found.not_drawn,
            found.erased
        ));
        Ok(())
    }

    fn write(
        &self,
        opened: &Opened,
        definition: &OutcomeDefinition,
        found: &mut Found,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::file(&self.out, "written", error);
        let vault = Keys::new(opened.keys.clone());
        let mut reader = opened.backend.connect()?;
        let features: Vec<&'static str> = insight::for_credit().map(|feature| feature.name).collect();
        let mut heads: Vec<&str> = match self.rows {
            Rows::Training => vec!["product", "decided_on"],
            Rows::All => DECIDED.iter().chain(&AFTER).copied().collect(),
        };
        heads.push("bad");
        heads.extend(&features);
        writeln!(out, "{}", heads.join(",")).map_err(failed)?;
        let progress = Progress::begin("exporting decisions");
        for cell in (1..=opened.backend.cells()).map(Cell) {
            each_record(&opened.backend, cell, |row| {
                let plain = match vault.open(row.person, &row.ciphertext) {
                    Ok(plain) => plain,
                    Err(VaultError::Erased) => {
                        found.erased += 1;
                        return Ok(());
                    }
                    Err(error) => return Err(Failure::Wrong(format!("decision {}: {error}", row.id))),
                };
                let record: Assessment = cbor::from_bytes(&plain)
                    .map_err(|error| Failure::Wrong(format!("decision {}: {error}", row.id)))?;
                let decided = Decided::read(reader.as_mut(), opened, row, record)?;
                let outcome = decided.loan.as_ref().map(|loan| loan.outcome(definition));
                match outcome {
                    Some(outcome) => found.by_outcome[outcome as usize] += 1,
                    None => found.not_drawn += 1,
                }
                let label = outcome.and_then(Outcome::label);
                if self.rows == Rows::Training && label.is_none() {
                    return Ok(());
                }
                let mut line = match self.rows {
                    Rows::Training => format!("{},{}", decided.record.product, decided.on),
                    Rows::All => decided.told(definition),
                };
                let _ = write!(line, ",{}", label.map(|label| label.to_string()).unwrap_or_default());
                for name in &features {
                    let value = decided.record.features.get(name).map(|value| value.to_string()).unwrap_or_default();
                    let _ = write!(line, ",{value}");
                }
                writeln!(out, "{line}").map_err(failed)?;
                found.written += 1;
                progress.set(format!("exporting decisions: {}", found.written));
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// A decision and what came of it.
struct Decided {
    record: Assessment,
    application: Application,
    on: Date,
    loan: Option<Lent>,
}

/// The loan that an application became.
struct Lent {
    note: LoanNote,
    /// What happened to it, in order.
    life: Vec<LifeEvent>,
    arrears: loan::ArrearsPath,
    observed_until: Date,
}

impl Decided {
    fn read(
        reader: &mut dyn Connection,
        opened: &Opened,
        row: &DecisionRecord,
        record: Assessment,
    ) -> Result<Decided, Failure> {
        let (cell, household) = (row.cell, row.household);
        let missing = |what: &str| {
            Failure::Wrong(format!("decision {}: its {what} is missing: run `tianxin audit verify`", row.id))
        };
        let applications: Vec<Application> = rows(reader, &[0, 1, 2], key![cell, household, record.application])?;
        let application = applications.into_iter().next().ok_or_else(|| missing("application"))?;
        let contracts: Vec<Contract> = rows(reader, &[0, 1], key![cell, household])?;
        let contract = contracts.into_iter().find(|contract| contract.application == record.application);
        let notes: Vec<LoanNote> = rows(reader, &[0, 1], key![cell, household])?;
        let note = contract.and_then(|contract| notes.into_iter().find(|note| note.contract == contract.id));
        let zone = opened.tianxin.institution.zone_minutes;
        let on = record.seen.map_or_else(|| application.asked_at.date_at_offset(zone), |seen| seen.on);
        let Some(note) = note else { return Ok(Decided { record, application, on, loan: None }) };
        let known = Known::read_many(reader, &[(cell, household)], Reading::Loans)?;
        let known = known.first().ok_or_else(|| missing("cell"))?;
        let (_, terms, life) = known.loan(note.id)?.ok_or_else(|| missing("loan"))?;
        // The last day that is closed: of the open one nobody knows yet how it ends.
        let observed_until = known.open_date.add_days(-1);
        let state = fold(&terms, &life, observed_until)
            .map_err(|error| Failure::Wrong(format!("decision {}: its loan cannot be folded: {error}", row.id)))?;
        let loan = Lent { note, life, arrears: state.arrears, observed_until };
        Ok(Decided { record, application, on, loan: Some(loan) })
    }

    fn told(&self, definition: &OutcomeDefinition) -> String {
        let (record, row) = (&self.record, &self.application);
        let rating = record.facts.score.as_ref().map_or("", |score| score.rating.as_str());
        let mut line = format!(
            "{},{},{},{},{},{},{},{},{},{rating},{},{}",
            row.id,
            record.product,
            self.on,
            row.amount_minor,
            row.term_months,
            row.status.as_str(),
            row.approved_minor,
            row.rate_ppm,
            record.decision.limit_minor,
            record.model,
            record.rules
        );
        match &self.loan {
            None => line.push_str(&",".repeat(AFTER.len())),
            Some(loan) => {
                let note = &loan.note;
                let closed = note.closed_on.map(|date| date.to_string()).unwrap_or_default();
                let _ = write!(
                    line,
                    ",{},{},{},{},{closed},{},{},{},{},{},{},{}",
                    note.drawn_on,
                    note.maturity,
                    note.principal_minor,
                    note.outstanding_minor,
                    loan.observed_until,
                    loan.worst(definition),
                    loan.times(|what| matches!(what, Happening::Extended(_))),
                    loan.times(|what| matches!(what, Happening::Deferred(_))),
                    loan.times(|what| matches!(what, Happening::Restructured(_) | Happening::Replanned(_))),
                    loan.times(|what| matches!(what, Happening::ChargedOff)),
                    loan.outcome(definition).name()
                );
            }
        }
        line
    }
}

impl Lent {
    fn worst(&self, definition: &OutcomeDefinition) -> u32 {
        let drawn_on = self.note.drawn_on;
        self.arrears.worst_days(drawn_on, definition.looked_at_until(drawn_on, self.observed_until))
    }

    fn times(&self, is: impl Fn(&Happening) -> bool) -> usize {
        self.life.iter().filter(|event| is(&event.what)).count()
    }

    fn outcome(&self, definition: &OutcomeDefinition) -> Outcome {
        definition.outcome(&Observed {
            drawn_on: self.note.drawn_on,
            closed_on: self.note.closed_on,
            worst_days_past_due: self.worst(definition),
            observed_until: self.observed_until,
        })
    }
}

fn rows<R: Record>(reader: &mut dyn Connection, columns: &[usize], place: door::table::Key) -> Result<Vec<R>, Failure> {
    let rows = reader.load_many(R::table(), columns, &[place])?;
    rows.iter().map(|row| R::from_row(row).map_err(|error| Failure::Wrong(error.to_string()))).collect()
}
