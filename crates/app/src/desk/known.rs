//! What is known of a household at one moment, read on one snapshot.
//!
//! A limit or a decision reads eight tables; reading them apart would cost a transaction
//! each and could mix two moments.

use basics::{Cell, Date, Id, cbor};
use door::table::Record;
use door::tables::CellHead;
use door::{Fault, Overlay, key};
use insight::profile::Profile;
use loan::LoanTerms;

use super::{Desk, DeskError};
use crate::assess::Standing;
use crate::facility::{FacilityView, facility_view};
use crate::tables::{
    Application, BehaviourProfile, Contract, ContractStatus, Facility, LoanNote, LoanState, MemberRole, Person, Sealed,
};
use crate::vault::{Vault, VaultError};

/// A household's rows at one moment.
pub(super) struct Known {
    cell: Cell,
    household: Id,
    slice: Overlay,
    /// The cell's open date.
    pub(super) open_date: Date,
}

fn damaged(fault: Fault) -> DeskError {
    DeskError::Damaged(fault.to_string())
}

impl Desk {
    /// Reads a household. Errors if there is none.
    pub(super) fn known(&self, household: Id) -> Result<Known, DeskError> {
        let cell = self.cell_of(household);
        let prefix = key![cell, household];
        let tables = [
            Person::table(),
            Sealed::table(),
            BehaviourProfile::table(),
            LoanNote::table(),
            Application::table(),
            Contract::table(),
            Facility::table(),
            crate::facility::FacilityLife::table(),
            crate::line::CreditLine::table(),
        ];
        let mut slice = Overlay::default();
        let heads = self.readers.with(|reader| {
            for table in tables {
                let rows = reader.load_many(table, &[0, 1], std::slice::from_ref(&prefix))?;
                slice.fill(table, vec![prefix.clone()], rows);
            }
            reader.load_many(CellHead::table(), &[0], &[key![cell]])
        })?;
        let head = heads.first().map(|row| CellHead::from_row(row)).transpose();
        let head = head.map_err(|e| DeskError::Damaged(e.to_string()))?;
        let open_date = head
            .map(|head| head.open_date)
            .ok_or_else(|| DeskError::refused("unknown_cell", format!("there is no {cell:?} in this database")))?;
        Ok(Known { cell, household, slice, open_date })
    }
}

impl Known {
    /// The head of the household, whose key seals its data.
    pub(super) fn head(&self) -> Result<Id, DeskError> {
        let persons = self.slice.range::<Person>(&key![self.cell, self.household]).map_err(damaged)?;
        persons
            .iter()
            .find(|person| person.role == MemberRole::Head)
            .map(|person| person.id)
            .ok_or_else(|| DeskError::refused("unknown_household", "there is no such household here: check the id"))
    }

    /// An application that must exist.
    pub(super) fn application(&self, id: Id) -> Result<Application, DeskError> {
        self.slice
            .get::<Application>(&key![self.cell, self.household, id])
            .map_err(damaged)?
            .ok_or_else(|| DeskError::refused("unknown_application", "there is no such application: check its id"))
    }

    /// The profile and the version it stands at; an empty one if nothing is known.
    pub(super) fn profile(&self, vault: &dyn Vault) -> Result<(Profile, i64), DeskError> {
        let row = self.slice.get::<BehaviourProfile>(&key![self.cell, self.household]).map_err(damaged)?;
        let Some(row) = row else { return Ok((Profile::default(), 0)) };
        let plain = vault.open(row.person, &row.ciphertext)?;
        Ok((cbor::from_bytes(&plain)?, row.version))
    }

    /// What the household owes and pays, leaving one application out, and how old its head is.
    pub(super) fn standing(&self, vault: &dyn Vault, but: Option<Id>) -> Result<Standing, DeskError> {
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
        Ok(Standing { exposure_minor: exposure.total_minor(), other_instalments_minor, age_years })
    }

    /// The household's facility as it stands on the open date, if it has one.
    pub(super) fn facility(&self) -> Result<Option<FacilityView>, DeskError> {
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
fn age_on(resident_id: &str, on: Date) -> Option<i64> {
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
