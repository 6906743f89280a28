//! The report of a case as a document: what is told to the authority, with the evidence as it stood.

use basics::{Cell, Id, Instant};
use door::key;

use super::{Desk, DeskError};
use crate::case::{AlertSignal, CaseNote, WatchAlert, WatchCase};
use crate::suspend::SuspendedOrder;
use crate::suspicion::SuspicionReport;

/// What stands over every page of it: whoever is looked into is not told of it.
pub const CONFIDENTIAL: &str =
    "保密：不得向客户或任何第三人透露 · CONFIDENTIAL: not to be disclosed to the customer or any third person";

/// A person of the household, as known to the institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPerson {
    /// `head`, `spouse`, `adult` or `dependant`.
    pub role: &'static str,
    /// Name; none once erased.
    pub name: Option<String>,
    /// Resident id; none once erased.
    pub resident_id: Option<String>,
    /// Phone; none once erased.
    pub phone: Option<String>,
}

/// A report, or what it would be if it were made now.
#[derive(Clone, Debug)]
pub struct SuspicionDocument {
    /// The institution that reports.
    pub institution: String,
    /// The report; none for a draft.
    pub report: Option<SuspicionReport>,
    /// The case.
    pub case: WatchCase,
    /// Persons of the household, where the case is about one.
    pub persons: Vec<NamedPerson>,
    /// Where it lives.
    pub village: Option<String>,
    /// Alerts that the report rests on, oldest first.
    pub alerts: Vec<(WatchAlert, Vec<AlertSignal>)>,
    /// What was found.
    pub notes: Vec<CaseNote>,
    /// Orders that were held.
    pub orders: Vec<SuspendedOrder>,
}

impl Desk {
    /// The reports of a case, oldest first.
    pub fn suspicion_reports(&self, case: Id) -> Result<Vec<SuspicionReport>, DeskError> {
        let mut rows: Vec<SuspicionReport> = self.rows(key![Cell::OFFICE, case])?;
        rows.sort_by_key(|row| (row.reported_at, row.id));
        Ok(rows)
    }

    /// The document of the latest report of a case, with the evidence that stood then; a draft with all of it where there is none. None if there is no such case.
    pub fn suspicion_document(&self, subject: Id, case: Id) -> Result<Option<SuspicionDocument>, DeskError> {
        let Some(view) = self.case(subject, case)? else { return Ok(None) };
        let report = self.suspicion_reports(case)?.pop();
        let until = report.as_ref().map_or(Instant(i64::MAX), |report| report.reported_at);
        let is_household = view.case.subject_kind == "household";
        let (mut persons, mut village, mut orders) = (Vec::new(), None, Vec::new());
        if is_household {
            let known = self.household(subject)?;
            for person in &known.persons {
                persons.push(NamedPerson {
                    role: person.role.as_str(),
                    name: self.field(subject, person.id, "name")?,
                    resident_id: self.field(subject, person.id, "resident_id")?,
                    phone: self.field(subject, person.id, "phone")?,
                });
            }
            village = Some(known.household.village);
            orders = self.suspended_of(subject)?;
            if let Some(report) = &report {
                let last_day = report.reported_at.date_at_offset(self.house().institution.zone_minutes);
                orders.retain(|order| order.sent_on <= last_day);
            }
        }
        let alerts = view.alerts.into_iter().filter(|(alert, _)| alert.raised_at <= until);
        let notes = view.notes.into_iter().filter(|note| note.written_at <= until);
        Ok(Some(SuspicionDocument {
            institution: self.house().institution.name.clone(),
            case: view.case,
            persons,
            village,
            alerts: alerts.collect(),
            notes: notes.collect(),
            orders,
            report,
        }))
    }
}
