//! The desk in front of the door: what a request needs before it becomes a command.
//!
//! Seals personal data, reads and folds profiles, scores and decides on a versioned slice,
//! claims the directory, and does its work again when the door says that something has
//! changed meanwhile. HTTP, the history replay and the benchmarks all come in through here.

mod claim;
mod codes;
mod disaster;
mod drawers;
mod early;
mod enrolment;
mod harvest;
mod judges;
mod known;
mod lending;
mod listed;
mod movements;
mod own_data;
mod past;
mod payments;
mod periods;
pub mod prepare;
mod rating;
mod rebuild;
mod reconcile;
mod remind;
mod reports;
mod statements;
mod suspending;
mod suspicion;
mod views;
mod village;
mod vouchers;
mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use basics::{Cell, Id};
use door::app::Refusal;
use door::directory::EnrolError;
use door::table::Record;
use door::{Answer, DoorError, Engine, Readers, StoreError, key};
use loan::LoanError;

use crate::assess::Judge;
use crate::house::Tianxin;
use crate::promote::JudgingModel;
use crate::scorer::Scorer;
use crate::tables::{MemberRole, Person};
use crate::vault::{Vault, VaultError};

use judges::Judges;

pub use disaster::{DisasterPreview, DisasterReport, OfferShown, TouchedLoan};
pub use drawers::DrawerDay;
pub use enrolment::{EnrolRequest, NewMember};
pub use harvest::{HarvestSeen, LOOK_AHEAD_DAYS};
pub use judges::Shelf;
pub use known::{Known, Reading, age_on};
pub use lending::{DecidedApplication, LimitView};
pub use listed::{Screened, ToList};
pub use movements::MovementsRead;
pub use past::{stored_events, vector_as_known};
pub use payments::{AccountNumber, AccountShown};
pub use periods::{PeriodShown, PeriodView};
pub use rating::Rated;
pub use reconcile::{Reconciled, StatementRead, answer_request};
pub use remind::{Handed, Parcel};
pub use reports::{JournalFound, JournalLine, JournalSearch};
pub use statements::{AccountStatement, OwnAccount, StatementLine, StatementOf, StatementWhat};
pub use suspending::HoldingFigures;
pub use suspicion::{CONFIDENTIAL, NamedPerson, SuspicionDocument};
pub use views::{Account, HouseholdView, LoanPage, TrialLine};
pub use village::{CampaignShares, CampaignView, RaterView};
pub use watching::{CaseView, NOTES_SAMPLED_ONE_IN, WatchStatus};

/// How often the desk does its work again when what it read has changed.
const TRIES_MAX: usize = 8;

/// The desk.
pub struct Desk {
    /// The door.
    pub engine: Arc<Engine<Tianxin>>,
    /// Connections to read by.
    pub readers: Readers,
    /// The key store.
    pub vault: Arc<dyn Vault>,
    judges: Judges,
    /// Households that were observed and wait to be rated.
    touched: Mutex<BTreeSet<Id>>,
    /// How far the journals were read for behaviour, where that is further than was noted.
    read_to: Mutex<BTreeMap<Cell, i64>>,
    watching: watching::Watching,
    early: early::Early,
    suspending: suspending::Suspending,
    /// Looks of a day that are on record already.
    looked: Mutex<own_data::Looked>,
}

/// Why the desk could not do something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeskError {
    /// The door did not take it.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// The enrolment did not happen.
    #[error(transparent)]
    Enrol(EnrolError),
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key store failed, or the data is erased.
    #[error("the key store could not open or seal the data: {0}")]
    Vault(#[from] VaultError),
    /// The product cannot carry what is asked.
    #[error(transparent)]
    Loan(#[from] LoanError),
    /// Stored bytes do not decode.
    #[error("stored data cannot be read, run `audit verify`: {0}")]
    Damaged(String),
}

impl DeskError {
    /// A refusal with a stable code.
    pub fn refused(code: &'static str, message: impl Into<String>) -> DeskError {
        DeskError::Door(DoorError::Refused(Refusal::new(code, message)))
    }
}

impl From<EnrolError> for DeskError {
    fn from(error: EnrolError) -> DeskError {
        match error {
            EnrolError::Door(door) => DeskError::Door(door),
            other => DeskError::Enrol(other),
        }
    }
}

impl From<basics::cbor::DecodeError> for DeskError {
    fn from(error: basics::cbor::DecodeError) -> DeskError {
        DeskError::Damaged(error.to_string())
    }
}

impl Desk {
    /// A desk before a running engine.
    pub fn new(engine: Arc<Engine<Tianxin>>, vault: Arc<dyn Vault>, judge: Judge, readers: usize) -> Desk {
        let readers = Readers::new(engine.backend().clone(), readers);
        let judge = Judge { cells: Some(engine.backend().cells()), ..judge };
        Desk {
            engine,
            readers,
            vault,
            judges: Judges::new(judge),
            touched: Mutex::default(),
            read_to: Mutex::default(),
            watching: watching::Watching::default(),
            early: early::Early::default(),
            suspending: suspending::Suspending::usual(),
            looked: Mutex::default(),
        }
    }

    /// The same desk, judging by the models that were promoted in the books and stand on this shelf.
    #[must_use]
    pub fn promoting_from(mut self, shelf: Shelf) -> Desk {
        self.judges.set_shelf(shelf);
        self
    }

    /// Models that two people gave a place, as the books have it now.
    pub fn models(&self) -> Result<Vec<JudgingModel>, DeskError> {
        self.rows(key![Cell::OFFICE])
    }

    /// A model of the shelf by its name; none if its file is not there or may not judge.
    pub fn on_shelf(&self, name: &str) -> Option<Arc<Scorer>> {
        self.judges.take(name)
    }

    /// Who judges now.
    pub fn judge(&self) -> Result<Arc<Judge>, DeskError> {
        Ok(self.judges.in_force(&self.models()?))
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<Id>> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The institution and what it lends.
    pub fn house(&self) -> &Tianxin {
        self.engine.app()
    }

    /// The cell of a household.
    pub fn cell_of(&self, household: Id) -> Cell {
        Cell::of(household, self.engine.backend().cells())
    }

    /// Rows of a table whose key begins with `prefix`.
    pub(crate) fn rows<R: Record>(&self, prefix: door::table::Key) -> Result<Vec<R>, DeskError> {
        let columns: Vec<usize> = (0..prefix.len()).collect();
        let rows = self.readers.with(|reader| reader.load_many(R::table(), &columns, &[prefix]))?;
        rows.iter().map(|row| R::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))).collect()
    }

    /// The head of a household, whose key seals the household's data.
    pub fn head(&self, household: Id) -> Result<Id, DeskError> {
        let persons: Vec<Person> = self.rows(key![self.cell_of(household), household])?;
        persons
            .iter()
            .find(|person| person.role == MemberRole::Head)
            .map(|person| person.id)
            .ok_or_else(|| DeskError::refused("unknown_household", "there is no such household here: check the id"))
    }

    /// Runs `work` again while the door says that what was read has changed.
    fn until_fresh(&self, mut work: impl FnMut() -> Result<Answer, DeskError>) -> Result<Answer, DeskError> {
        let mut last = work();
        for _ in 1..TRIES_MAX {
            match &last {
                Err(DeskError::Door(DoorError::Refused(refusal))) if refusal.code.ends_with("_stale") => last = work(),
                _ => break,
            }
        }
        last
    }
}
