//! What a run leaves behind, as values: the canonical export, the same on both databases.
//!
//! Everything is read back from the books and opened with the persons' keys; nothing is what the driver remembers, and
//! nothing tells of a wall clock, a key or a salt. Money is in fen, dates are ISO.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use app::assess::Assessment;
use app::desk::Reading;
use app::tables::{Application, Behaviour, DecisionRecord, LoanNote};
use app::vault::VaultError;
use basics::cbor::DecodeError;
use basics::{Cell, Id, cbor};
use door::table::{Key, Record, RowError};
use door::{StoreError, key};
use insight::outcome::OutcomeDefinition;
use insight::{Event, EventKind, FeatureVector, for_credit};
use loan::{LoanError, fold};

use super::book::Home;
use super::errand::of_deal;
use super::{DriveError, Driver};
use crate::deed::{HouseholdNo, Mine};

/// Households read at once.
const PART: usize = 512;
/// When a loan of a county counts as bad or good: a county is young, so that half a year must do, and a loan that went bad
/// later is bad all the same.
pub const COUNTY_OUTCOME: OutcomeDefinition =
    OutcomeDefinition { indeterminate_above_days: 90, window_months: 6, ..OutcomeDefinition::USUAL };

/// Why an export came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key store could not open a row.
    #[error("the key store could not open what is stored: {0}")]
    Vault(#[from] VaultError),
    /// Stored bytes do not decode.
    #[error("stored bytes cannot be read: {0}")]
    Decode(#[from] DecodeError),
    /// A stored row does not fit its table.
    #[error("a stored row cannot be read: {0}")]
    Row(#[from] RowError),
    /// A stored loan cannot be folded.
    #[error("a stored loan cannot be folded: {0}")]
    Loan(#[from] LoanError),
    /// The driver could not read.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// A household's rows are not all there.
    #[error("household {0}: its rows in the books are not what the driver put there")]
    Missing(u32),
}

impl Driver {
    /// Writes what was observed of every household: one line an event, in the order of (household, event).
    pub fn write_events(&self, out: &mut dyn Write) -> Result<(), ExportError> {
        writeln!(out, "household,date,kind,amount_fen,counterparty,channel")?;
        let homes: Vec<(HouseholdNo, &Home)> = self.book.homes().collect();
        for part in homes.chunks(PART) {
            let rows: Vec<Behaviour> = self.all_of(part)?;
            for (no, home) in part {
                let person = home.id.derive("person-0");
                let from = rows.partition_point(|row| (row.cell, row.household) < (home.cell, home.id));
                let own = rows[from..].iter().take_while(|row| row.household == home.id);
                for row in own {
                    let event: Event = cbor::from_bytes(&self.platform.vault.open(person, &row.ciphertext)?)?;
                    let counterparty = event.counterparty.map(|key| key.to_string()).unwrap_or_default();
                    writeln!(
                        out,
                        "{},{},{},{},{counterparty},{}",
                        no.0,
                        event.date,
                        kind(event.kind),
                        event.amount_minor,
                        event.channel.names().1
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Writes every application that was decided on, by model and rules or by the office, and the loan it became, with
    /// the features it was judged by and how it went. What the platform would not take as an application is not there.
    ///
    /// `bad` is 1 where the loan was ever more than 90 days past due, 0 where it was not, empty where none was drawn.
    pub fn write_loans(&self, out: &mut dyn Write) -> Result<(), ExportError> {
        let columns = "household,mine,product,asked_on,asked_fen,months,status,approved_fen,rate_ppm,drawn_on,\
                       maturity,principal_fen,outstanding_fen,paid_fen,closed_on,days_past_due,worst_days_past_due,bad";
        write!(out, "{columns}")?;
        for feature in for_credit() {
            write!(out, ",{}", feature.name)?;
        }
        writeln!(out)?;
        self.each_application(|asked| {
            let mut line = self.asked(&asked);
            match &asked.loan {
                None => line.push_str(",,,,,,,,,"),
                Some(loan) => loan.write(&mut line),
            }
            for feature in for_credit() {
                let value = asked.features.as_ref().and_then(|features| features.get(feature.name));
                let _ = write!(line, ",{}", value.map(|value| value.to_string()).unwrap_or_default());
            }
            writeln!(out, "{line}")?;
            Ok(())
        })
    }

    /// Goes through every application that was decided on, in the order of (household, its own number).
    fn each_application(&self, mut each: impl FnMut(Asked<'_>) -> Result<(), ExportError>) -> Result<(), ExportError> {
        let homes: Vec<(HouseholdNo, &Home)> = self.book.homes().filter(|(_, home)| !home.deals.is_empty()).collect();
        let last_closed = self.day.add_days(-1);
        for part in homes.chunks(PART) {
            let applications: Vec<Application> = self.all_of(part)?;
            let records: Vec<DecisionRecord> = self.all_of(part)?;
            let keys: Vec<(Cell, Id)> = part.iter().map(|(_, home)| (home.cell, home.id)).collect();
            let known = self.read(&keys, Reading::Loans)?;
            for ((no, home), known) in part.iter().zip(&known) {
                let mut judged = self.judged(home, &records)?;
                for mine in home.deals.keys() {
                    let id = of_deal(home.id, "application", *mine);
                    let row = applications.iter().find(|row| row.id == id).ok_or(ExportError::Missing(no.0))?;
                    let loan = known.loan(of_deal(home.id, "loan", *mine));
                    let loan = match loan.map_err(|error| self.desk_error("a loan", error))? {
                        None => None,
                        Some((note, terms, life)) => {
                            let state = fold(&terms, &life, last_closed)?;
                            let worst = state.arrears.worst_days(note.drawn_on, last_closed);
                            let paid_fen = life.iter().map(|event| paid_fen(&event.what)).sum();
                            Some(Lent { note, paid_fen, days_past_due: state.days_past_due, worst })
                        }
                    };
                    each(Asked { no: *no, mine: *mine, row, loan, features: judged.remove(&id) })?;
                }
            }
        }
        Ok(())
    }

    fn asked(&self, asked: &Asked<'_>) -> String {
        let (row, zone) = (asked.row, self.platform.house.institution.zone_minutes);
        format!(
            "{},{},{},{},{},{},{},{},{}",
            asked.no.0,
            asked.mine,
            row.product,
            row.asked_at.date_at_offset(zone),
            row.amount_minor,
            row.term_months,
            row.status.as_str(),
            row.approved_minor,
            row.rate_ppm
        )
    }

    /// The features as they stood when model and rules looked at them, by application.
    fn judged(&self, home: &Home, all: &[DecisionRecord]) -> Result<BTreeMap<Id, FeatureVector>, ExportError> {
        let mut judged = BTreeMap::new();
        for record in all.iter().filter(|record| record.household == home.id) {
            let plain = self.platform.vault.open(record.person, &record.ciphertext)?;
            let assessment: Assessment = cbor::from_bytes(&plain)?;
            judged.insert(assessment.application, assessment.features);
        }
        Ok(judged)
    }

    /// Every row of a table that belongs to these households, by key.
    fn all_of<R: Record>(&self, homes: &[(HouseholdNo, &Home)]) -> Result<Vec<R>, ExportError> {
        let keys: Vec<Key> = homes.iter().map(|(_, home)| key![home.cell, home.id]).collect();
        let mut rows = self.readers.with(|reader| reader.load_many(R::table(), &[0, 1], &keys))?;
        rows.sort_by(|a, b| a[..R::table().key_len].cmp(&b[..R::table().key_len]));
        rows.iter().map(|row| R::from_row(row).map_err(ExportError::from)).collect()
    }
}

/// An application and what came of it.
struct Asked<'a> {
    no: HouseholdNo,
    mine: Mine,
    row: &'a Application,
    loan: Option<Lent>,
    features: Option<FeatureVector>,
}

/// A loan as it stands on the last closed day.
struct Lent {
    note: LoanNote,
    paid_fen: i64,
    days_past_due: u32,
    worst: u32,
}

impl Lent {
    fn write(&self, line: &mut String) {
        let Lent { note, paid_fen, days_past_due, worst } = self;
        let closed = note.closed_on.map(|date| date.to_string()).unwrap_or_default();
        let bad = u8::from(*worst > COUNTY_OUTCOME.bad_above_days);
        let _ = write!(
            line,
            ",{},{},{},{},{paid_fen},{closed},{days_past_due},{worst},{bad}",
            note.drawn_on, note.maturity, note.principal_minor, note.outstanding_minor
        );
    }
}

fn paid_fen(what: &loan::Happening) -> i64 {
    match what {
        loan::Happening::Paid { amount_fen } => *amount_fen,
        _ => 0,
    }
}

/// The name of a kind of event: `harvest_sale`, `purchase.food`.
fn kind(kind: EventKind) -> String {
    let snake = |name: &str| {
        let mut text = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() && !text.is_empty() {
                text.push('_');
            }
            text.push(letter.to_ascii_lowercase());
        }
        text
    };
    match kind {
        EventKind::Purchase(what) => format!("purchase.{}", snake(&format!("{what:?}"))),
        other => snake(&format!("{other:?}")),
    }
}
