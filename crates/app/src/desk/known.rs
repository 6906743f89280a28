//! What is known of households at one moment, read on one snapshot.
//!
//! A limit or a decision reads eight tables; reading them apart would cost a transaction
//! each and could mix two moments. Many households are read by the same statements as one.

use std::collections::HashMap;
use std::sync::Arc;

use basics::{Cell, Date, Id, cbor};
use door::table::{Key, Record, Table};
use door::tables::CellHead;
use door::{Connection, Fault, Overlay, key};
use insight::profile::Profile;
use loan::{LifeEvent, LoanTerms};

use super::{Desk, DeskError};
use crate::assess::Standing;
use crate::consent::HouseholdConsent;
use crate::explore::{ExplorationYear, used_minor};
use crate::facility::{FacilityView, facility_view};
use crate::guarantee::Guarantee;
use crate::house::Tianxin;
use crate::line::{CreditLine, CreditLineEvent, LineView, line_events, line_view};
use crate::loan_books::days_to_show_use;
use crate::tables::{
    Application, BehaviourProfile, Contract, ContractStatus, Facility, LoanEvent, LoanNote, LoanState, MemberRole,
    Person, Sealed, Wallet,
};
use crate::vault::{Vault, VaultError};

/// Which rows of a household are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What a limit, a decision or an offer looks at.
    Lending,
    /// What folding behaviour looks at.
    Behaviour,
    /// Its loans with their lives, and its wallet.
    Loans,
    /// Its statement lines with their lives, and its wallet.
    Lines,
    /// Its wallet.
    Wallet,
}

impl Reading {
    fn tables(self) -> Vec<&'static Table> {
        match self {
            Reading::Lending => vec![
                Person::table(),
                Sealed::table(),
                BehaviourProfile::table(),
                HouseholdConsent::table(),
                LoanNote::table(),
                Application::table(),
                Contract::table(),
                Facility::table(),
                crate::facility::FacilityLife::table(),
                CreditLine::table(),
                Guarantee::table(),
            ],
            Reading::Behaviour => vec![Person::table(), BehaviourProfile::table(), HouseholdConsent::table()],
            Reading::Loans => vec![LoanNote::table(), LoanEvent::table(), Contract::table(), Wallet::table()],
            Reading::Lines => vec![CreditLine::table(), CreditLineEvent::table(), Wallet::table()],
            Reading::Wallet => vec![Wallet::table()],
        }
    }
}

/// A household's rows at one moment.
#[derive(Clone)]
pub struct Known {
    /// Its cell.
    pub cell: Cell,
    /// The household.
    pub household: Id,
    /// The cell's open date.
    pub open_date: Date,
    /// What the exploration lane has cost in the cell this year, in minor units; 0 where lending is not looked at.
    pub lane_used_minor: i64,
    slice: Arc<Overlay>,
}

fn damaged(fault: Fault) -> DeskError {
    DeskError::Damaged(fault.to_string())
}

impl Desk {
    /// Reads a household. Errors if its cell does not exist.
    pub(super) fn known(&self, household: Id, reading: Reading) -> Result<Known, DeskError> {
        let cell = self.cell_of(household);
        let read = self.readers.with(|reader| Ok(Known::read_many(reader, &[(cell, household)], reading)))?;
        let unknown = || DeskError::refused("unknown_cell", format!("there is no {cell:?} in this database"));
        read?.pop().ok_or_else(unknown)
    }
}

impl Known {
    /// Reads households, one statement a table, in their order. A household in a cell that does not exist is left out;
    /// one that is not enrolled has no rows.
    pub fn read_many(
        reader: &mut dyn Connection,
        households: &[(Cell, Id)],
        reading: Reading,
    ) -> Result<Vec<Known>, DeskError> {
        let keys: Vec<Key> = households.iter().map(|(cell, household)| key![*cell, *household]).collect();
        let mut slice = Overlay::default();
        for table in reading.tables() {
            let rows = reader.load_many(table, &[0, 1], &keys)?;
            slice.fill(table, keys.clone(), rows);
        }
        let mut cells: Vec<Cell> = households.iter().map(|(cell, _)| *cell).collect();
        cells.sort_unstable();
        cells.dedup();
        let cells: Vec<Key> = cells.into_iter().map(|cell| key![cell]).collect();
        let mut years = Vec::new();
        if reading == Reading::Lending {
            for row in reader.load_many(ExplorationYear::table(), &[0], &cells)? {
                years.push(ExplorationYear::from_row(&row).map_err(|e| DeskError::Damaged(e.to_string()))?);
            }
        }
        let mut open = HashMap::new();
        for row in reader.load_many(CellHead::table(), &[0], &cells)? {
            let head = CellHead::from_row(&row).map_err(|e| DeskError::Damaged(e.to_string()))?;
            open.insert(head.cell, head.open_date);
        }
        let slice = Arc::new(slice);
        let known = households.iter().filter_map(|(cell, household)| {
            let open_date = *open.get(cell)?;
            let lane_used_minor = used_minor(&years, *cell, open_date);
            Some(Known { cell: *cell, household: *household, open_date, lane_used_minor, slice: slice.clone() })
        });
        Ok(known.collect())
    }

    /// Its wallet in the institution's currency; `None` if it has none.
    pub fn wallet(&self, house: &Tianxin) -> Result<Option<Wallet>, DeskError> {
        let place = key![self.cell, self.household, house.institution.currency];
        self.slice.get::<Wallet>(&place).map_err(damaged)
    }

    /// One of its loans with terms and life; `None` if there is no such loan.
    pub fn loan(&self, loan: Id) -> Result<Option<(LoanNote, LoanTerms, Vec<LifeEvent>)>, DeskError> {
        let place = key![self.cell, self.household, loan];
        let Some(note) = self.slice.get::<LoanNote>(&place).map_err(damaged)? else { return Ok(None) };
        let contract = self
            .slice
            .get::<Contract>(&key![self.cell, self.household, note.contract])
            .map_err(damaged)?
            .ok_or_else(|| DeskError::Damaged(format!("loan {loan} has no contract")))?;
        let terms = cbor::from_bytes(&contract.terms)?;
        let events = crate::loan_books::loan_events(&self.slice, self.cell, self.household, loan).map_err(damaged)?;
        Ok(Some((note, terms, events)))
    }

    /// One of its statement lines as it stands on the open day; `None` if there is no such line.
    pub fn line(&self, line: Id) -> Result<Option<LineView>, DeskError> {
        let place = key![self.cell, self.household, line];
        let Some(row) = self.slice.get::<CreditLine>(&place).map_err(damaged)? else { return Ok(None) };
        let events = line_events(&self.slice, self.cell, self.household, line).map_err(damaged)?;
        line_view(row, events, self.open_date).map(Some).map_err(damaged)
    }

    /// The amount of a signed contract, and what falls due if it is drawn today.
    pub fn signed(&self, contract: Id) -> Result<(i64, Vec<(Date, i64)>), DeskError> {
        let unknown = || DeskError::refused("unknown_contract", "there is no such contract: check its id");
        let row = self.slice.get::<Contract>(&key![self.cell, self.household, contract]).map_err(damaged)?;
        let terms: LoanTerms = cbor::from_bytes(&row.ok_or_else(unknown)?.terms)?;
        let amount = terms.principal.minor();
        let plan = loan::schedule::schedule_drawn(&terms, amount, self.open_date)?;
        Ok((amount, plan.rows.iter().map(|row| (row.due, row.total_fen)).collect()))
    }

    /// By when the use of a signed contract has to be shown if it is drawn today; none where nobody asks.
    pub fn use_by(&self, contract: Id) -> Result<Option<Date>, DeskError> {
        let unknown = || DeskError::refused("unknown_contract", "there is no such contract: check its id");
        let row = self.slice.get::<Contract>(&key![self.cell, self.household, contract]).map_err(damaged)?;
        let terms: LoanTerms = cbor::from_bytes(&row.ok_or_else(unknown)?.terms)?;
        Ok(days_to_show_use(&terms).map(|days| self.open_date.add_days(days)))
    }

    /// The head of the household, whose key seals its data.
    pub fn head(&self) -> Result<Id, DeskError> {
        let persons = self.slice.range::<Person>(&key![self.cell, self.household]).map_err(damaged)?;
        persons
            .iter()
            .find(|person| person.role == MemberRole::Head)
            .map(|person| person.id)
            .ok_or_else(|| DeskError::refused("unknown_household", "there is no such household here: check the id"))
    }

    /// An application that must exist.
    pub fn application(&self, id: Id) -> Result<Application, DeskError> {
        self.slice
            .get::<Application>(&key![self.cell, self.household, id])
            .map_err(damaged)?
            .ok_or_else(|| DeskError::refused("unknown_application", "there is no such application: check its id"))
    }

    /// The profile and the version it stands at; an empty one if nothing is known.
    pub fn profile(&self, vault: &dyn Vault) -> Result<(Profile, i64), DeskError> {
        let row = self.slice.get::<BehaviourProfile>(&key![self.cell, self.household]).map_err(damaged)?;
        let Some(row) = row else { return Ok((Profile::default(), 0)) };
        let plain = vault.open(row.person, &row.ciphertext)?;
        Ok((cbor::from_bytes(&plain)?, row.version))
    }

    /// Whether its behaviour may not be judged by: it has withdrawn its consent to that.
    pub fn is_withheld(&self) -> Result<bool, DeskError> {
        crate::consent::is_withheld(&self.slice, self.cell, self.household).map_err(damaged)
    }

    /// The profile as far as the household may be judged by it, and the version it stands at: an empty one where it has withdrawn its
    /// consent.
    pub fn judged_profile(&self, vault: &dyn Vault) -> Result<(Profile, i64), DeskError> {
        if self.is_withheld()? {
            let row = self.slice.get::<BehaviourProfile>(&key![self.cell, self.household]).map_err(damaged)?;
            return Ok((Profile::default(), row.map_or(0, |row| row.version)));
        }
        self.profile(vault)
    }

    /// What the household owes and pays, leaving one application out, and how old its head is.
    pub fn standing(&self, vault: &dyn Vault, but: Option<Id>) -> Result<Standing, DeskError> {
        let prefix = key![self.cell, self.household];
        let exposure = crate::application::exposure(&self.slice, self.cell, self.household, but).map_err(damaged)?;
        let notes = self.slice.range::<LoanNote>(&prefix).map_err(damaged)?;
        let mut other_instalments_minor: i64 = 0;
        for contract in self.slice.range::<Contract>(&prefix).map_err(damaged)? {
            let open = notes.iter().any(|note| note.contract == contract.id && note.status == LoanState::Open);
            if open || contract.status == ContractStatus::Signed {
                let terms: LoanTerms = cbor::from_bytes(&contract.terms)?;
                other_instalments_minor = other_instalments_minor.saturating_add(monthly_of(&terms)?);
            }
        }
        let age_years = self.age_of_head(vault)?;
        let lowered_to_minor =
            crate::application::lowered_to(&self.slice, self.cell, self.household, self.open_date).map_err(damaged)?;
        let exposure_minor = exposure.total_fen;
        Ok(Standing { exposure_minor, other_instalments_minor, age_years, lowered_to_minor, lane: None })
    }

    /// The household's facility as it stands on the open date, if it has one.
    pub fn facility(&self) -> Result<Option<FacilityView>, DeskError> {
        facility_view(&self.slice, self.cell, self.household, self.open_date).map_err(damaged)
    }

    /// The age of the head on the open date, from its resident id; `None` if that tells none.
    fn age_of_head(&self, vault: &dyn Vault) -> Result<Option<i64>, DeskError> {
        let head = self.head()?;
        let place = key![self.cell, self.household, head, "resident_id".to_owned()];
        let Some(row) = self.slice.get::<Sealed>(&place).map_err(damaged)? else { return Ok(None) };
        match vault.open(head, &row.ciphertext) {
            Ok(plain) => Ok(std::str::from_utf8(&plain).ok().and_then(|id| age_on(id, self.open_date))),
            Err(VaultError::Erased) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a loan asks of a month.
fn monthly_of(terms: &LoanTerms) -> Result<i64, DeskError> {
    Ok(loan::schedule::schedule(terms)?.monthly_fen(terms))
}

/// The age in whole years that an 18-digit resident id tells on a date.
pub fn age_on(resident_id: &str, on: Date) -> Option<i64> {
    let digits = resident_id.get(6..14).filter(|_| resident_id.len() == 18)?;
    let born = Date::parse(&format!("{}-{}-{}", digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?)).ok()?;
    let had_birthday = (on.month(), on.day()) >= (born.month(), born.day());
    Some(i64::from(on.year() - born.year()) - i64::from(!had_birthday)).filter(|age| (0..150).contains(age))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_counts_birthdays() {
        let id = "510821199003078512";
        assert_eq!(age_on(id, Date::ymd(2026, 3, 6).unwrap()), Some(35));
        assert_eq!(age_on(id, Date::ymd(2026, 3, 7).unwrap()), Some(36));
        assert_eq!(age_on("cz", Date::ymd(2026, 3, 7).unwrap()), None);
        assert_eq!(age_on("农户农户农户农户农", Date::ymd(2026, 3, 7).unwrap()), None);
    }
}
