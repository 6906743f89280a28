//! What people look at: a household, its account, its loans, queues and the trial balance.

use basics::{Cell, Currency, Date, Id};
use door::backend::{Head, List};
use door::key;
use door::table::{Record, Value};
use door::tables::{Proposal, ProposalState};
use loan::{LifeEvent, LoanTerms};

use super::{Desk, DeskError};
use crate::books::BOOK_WALLET;
use crate::line::{CreditLine, CreditLineEvent, CreditLineStatus, LineView, Merchant, MerchantStatus};
use crate::tables::{
    Application, ApplicationStatus, BusinessDay, Contract, Crossing, CrossingState, Entry, EntryKind, GlBalance,
    Household, LoanEvent, LoanNote, LoanState, Person, Posting, Staff, StaffSecret, Wallet,
};
use crate::transfer::Purpose;

/// A household as its pages show it.
#[derive(Clone, Debug)]
pub struct HouseholdView {
    /// The household.
    pub household: Household,
    /// Its persons.
    pub persons: Vec<Person>,
    /// Its wallets.
    pub wallets: Vec<Wallet>,
}

/// A line of a wallet's account, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The record and fact of the entry.
    pub entry: (i64, i64),
    /// The line within it.
    pub line: i64,
    /// Why the entry was made.
    pub kind: EntryKind,
    /// When it takes effect.
    pub value_date: Date,
    /// When it was booked.
    pub booking_date: Date,
    /// What came in, or went out if negative, in minor units.
    pub amount_minor: i64,
    /// The currency.
    pub currency: Currency,
    /// Words.
    pub memo: Option<String>,
}

/// Which loans of a list are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoanPage {
    /// Open or closed.
    pub status: LoanState,
    /// Of this product alone.
    pub product: Option<String>,
    /// With a due date before this day that is not met.
    pub due_before: Option<Date>,
    /// After the loan last shown: its next due date and id.
    pub after: Option<(Date, Id)>,
    /// How many at most.
    pub limit: usize,
}

/// A line of the trial balance (试算平衡表).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialLine {
    /// The subject's code.
    pub subject: u32,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// The currency.
    pub currency: Currency,
    /// Debit balance over all cells, in minor units.
    pub debit_minor: i64,
    /// Credit balance over all cells, in minor units.
    pub credit_minor: i64,
}

impl Desk {
    /// A household with its persons and wallets.
    pub fn household(&self, id: Id) -> Result<HouseholdView, DeskError> {
        let cell = self.cell_of(id);
        let households: Vec<Household> = self.rows(key![cell, id])?;
        let household = households
            .into_iter()
            .next()
            .ok_or_else(|| DeskError::refused("unknown_household", "there is no such household here: check the id"))?;
        Ok(HouseholdView { household, persons: self.rows(key![cell, id])?, wallets: self.rows(key![cell, id])? })
    }

    /// A household's wallet account, newest first, after the entry and line last shown.
    pub fn account(
        &self,
        household: Id,
        after: Option<(i64, i64, i64)>,
        limit: usize,
    ) -> Result<Vec<Account>, DeskError> {
        let cell = self.cell_of(household);
        let postings: Vec<Posting> = self.list(&List {
            table: Posting::table(),
            equal: vec![
                ("cell", Value::Int(i64::from(cell.0))),
                ("owner", Value::Id(household)),
                ("account", Value::Id(household)),
            ],
            order: vec!["seq", "fact", "line"],
            descending: true,
            after: after.map(|(seq, fact, line)| key![seq, fact, line]),
            limit,
        })?;
        let keys: Vec<_> = postings.iter().map(|posting| key![cell, posting.seq, posting.fact]).collect();
        let rows = self.readers.with(|reader| reader.load_many(Entry::table(), &[0, 1, 2], &keys))?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            entries.push(Entry::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))?);
        }
        let wallet = i64::from(BOOK_WALLET);
        postings
            .iter()
            .filter(|posting| posting.book == wallet)
            .map(|posting| {
                let entry = entries
                    .iter()
                    .find(|entry| (entry.seq, entry.fact) == (posting.seq, posting.fact))
                    .ok_or_else(|| DeskError::Damaged(format!("posting {} has no entry", posting.seq)))?;
                Ok(Account {
                    entry: (posting.seq, posting.fact),
                    line: posting.line,
                    kind: entry.kind,
                    value_date: entry.value_date,
                    booking_date: entry.booking_date,
                    amount_minor: posting.amount_minor.saturating_neg(),
                    currency: entry.currency,
                    memo: entry.memo.clone(),
                })
            })
            .collect()
    }

    /// A household's applications, oldest first.
    pub fn applications(&self, household: Id) -> Result<Vec<Application>, DeskError> {
        let mut rows: Vec<Application> = self.rows(key![self.cell_of(household), household])?;
        rows.sort_by_key(|row| (row.asked_at, row.id));
        Ok(rows)
    }

    /// A household's contracts.
    pub fn contracts(&self, household: Id) -> Result<Vec<Contract>, DeskError> {
        self.rows(key![self.cell_of(household), household])
    }

    /// A household's loans.
    pub fn loans(&self, household: Id) -> Result<Vec<LoanNote>, DeskError> {
        self.rows(key![self.cell_of(household), household])
    }

    /// One loan with its terms and its life.
    pub fn loan(&self, household: Id, id: Id) -> Result<(LoanNote, LoanTerms, Vec<LifeEvent>), DeskError> {
        let cell = self.cell_of(household);
        let notes: Vec<LoanNote> = self.rows(key![cell, household, id])?;
        let note = notes
            .into_iter()
            .next()
            .ok_or_else(|| DeskError::refused("unknown_loan", "there is no such loan: check its id"))?;
        let contracts: Vec<Contract> = self.rows(key![cell, household, note.contract])?;
        let contract = contracts.first().ok_or_else(|| DeskError::Damaged(format!("loan {id} has no contract")))?;
        let terms = basics::cbor::from_bytes(&contract.terms)?;
        let rows: Vec<LoanEvent> = self.rows(key![cell, household, id])?;
        let events = rows.iter().map(|row| basics::cbor::from_bytes(&row.bytes)).collect::<Result<_, _>>()?;
        Ok((note, terms, events))
    }

    /// How far the money of a drawing is on its way to a payee in another cell; `None` where it did not leave this one.
    pub fn payout(&self, household: Id, drawn: Id) -> Result<Option<CrossingState>, DeskError> {
        let rows: Vec<Crossing> = self.rows(key![self.cell_of(household), drawn])?;
        let entrusted = |row: &Crossing| row.household == Some(household) && row.purpose == Purpose::Entrusted.as_str();
        Ok(rows.into_iter().find(entrusted).map(|row| row.state))
    }

    /// A household's statement lines as they stand on the open day.
    pub fn lines(&self, household: Id) -> Result<Vec<LineView>, DeskError> {
        let rows: Vec<CreditLine> = self.rows(key![self.cell_of(household), household])?;
        rows.into_iter().map(|row| self.line_of(row)).collect()
    }

    /// One statement line as it stands on the open day.
    pub fn line(&self, household: Id, id: Id) -> Result<LineView, DeskError> {
        let rows: Vec<CreditLine> = self.rows(key![self.cell_of(household), household, id])?;
        let unknown = || DeskError::refused("unknown_line", "there is no such line: check its id");
        self.line_of(rows.into_iter().next().ok_or_else(unknown)?)
    }

    /// Lines over all cells that are not closed or still owe something, those longest overdue first, at most `limit`.
    pub fn lines_in_use(&self, limit: usize) -> Result<Vec<LineView>, DeskError> {
        let keys: Vec<_> = (1..=self.engine.backend().cells()).map(|cell| key![Cell(cell)]).collect();
        let rows = self.readers.with(|reader| reader.load_many(CreditLine::table(), &[0], &keys))?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            lines.push(CreditLine::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))?);
        }
        lines.retain(|row| row.status != CreditLineStatus::Closed || row.used_minor != 0);
        lines.sort_by_key(|row| (row.overdue_since.is_none(), row.overdue_since, row.agenda_on, row.id));
        lines.truncate(limit);
        lines.into_iter().map(|row| self.line_of(row)).collect()
    }

    /// The register of merchants, by name.
    pub fn merchants(&self) -> Result<Vec<Merchant>, DeskError> {
        let mut rows: Vec<Merchant> = self.rows(key![Cell::OFFICE])?;
        rows.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(rows)
    }

    /// A merchant that may sell on lines.
    pub fn merchant(&self, id: Id) -> Result<Merchant, DeskError> {
        let rows: Vec<Merchant> = self.rows(key![Cell::OFFICE, id])?;
        let active = rows.into_iter().find(|row| row.status == MerchantStatus::Active);
        active.ok_or_else(|| DeskError::refused("unknown_merchant", "no such merchant sells on lines: check its id"))
    }

    fn line_of(&self, row: CreditLine) -> Result<LineView, DeskError> {
        let rows: Vec<CreditLineEvent> = self.rows(key![row.cell, row.household, row.id])?;
        let events = rows.iter().map(|row| basics::cbor::from_bytes(&row.bytes)).collect::<Result<_, _>>()?;
        let today = self.open_date(row.cell)?;
        crate::line::line_view(row, events, today).map_err(|fault| DeskError::Damaged(fault.to_string()))
    }

    /// Applications of a status over all cells, oldest first, at most `limit`.
    pub fn queue(&self, status: ApplicationStatus, limit: usize) -> Result<Vec<Application>, DeskError> {
        let mut all: Vec<Application> = self.in_every_cell(|cell| List {
            table: Application::table(),
            equal: vec![("cell", cell), ("status", Value::Text(status.as_str().into()))],
            order: vec!["asked_at", "id"],
            descending: false,
            after: None,
            limit,
        })?;
        all.sort_by_key(|row| (row.asked_at, row.id));
        all.truncate(limit);
        Ok(all)
    }

    /// Loans over all cells by next due date, a page at a time.
    pub fn loans_by_due(&self, page: &LoanPage) -> Result<Vec<LoanNote>, DeskError> {
        let mut all: Vec<LoanNote> = self.in_every_cell(|cell| {
            let mut equal = vec![("cell", cell), ("status", Value::Text(page.status.as_str().into()))];
            equal.extend(page.product.iter().map(|code| ("product", Value::Text(code.as_str().into()))));
            List {
                table: LoanNote::table(),
                equal,
                order: vec!["next_due", "id"],
                descending: false,
                after: page.after.map(|(due, id)| key![due, id]),
                limit: page.limit,
            }
        })?;
        all.sort_by_key(|row| (row.next_due, row.id));
        if let Some(before) = page.due_before {
            all.retain(|row| row.next_due < before);
        }
        all.truncate(page.limit);
        Ok(all)
    }

    /// Open proposals over all cells, oldest first, at most `limit`.
    pub fn proposals(&self, limit: usize) -> Result<Vec<Proposal>, DeskError> {
        let mut all: Vec<Proposal> = self.in_every_cell(|cell| List {
            table: Proposal::table(),
            equal: vec![("cell", cell), ("state", Value::Text(ProposalState::Open.as_str().into()))],
            order: vec!["proposed_at", "id"],
            descending: false,
            after: None,
            limit,
        })?;
        all.sort_by_key(|row| (row.proposed_at, row.id));
        all.truncate(limit);
        Ok(all)
    }

    /// The trial balance over all cells: debits equal credits in each currency.
    pub fn trial_balance(&self) -> Result<Vec<TrialLine>, DeskError> {
        let keys: Vec<_> = (0..=self.engine.backend().cells()).map(|cell| key![Cell(cell)]).collect();
        let rows = self.readers.with(|reader| reader.load_many(GlBalance::table(), &[0], &keys))?;
        let mut sums: std::collections::BTreeMap<(i64, Currency), i64> = std::collections::BTreeMap::new();
        for row in &rows {
            let row = GlBalance::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))?;
            let sum = sums.entry((row.subject, row.currency)).or_default();
            *sum = sum.saturating_add(row.balance_minor);
        }
        Ok(sums
            .into_iter()
            .map(|((code, currency), balance)| {
                let subject = u32::try_from(code).unwrap_or_default();
                let named = self.house().chart.subject(ledger::SubjectCode(subject));
                TrialLine {
                    subject,
                    zh: named.map_or_else(String::new, |s| s.zh.clone()),
                    en: named.map_or_else(String::new, |s| s.en.clone()),
                    currency,
                    debit_minor: balance.max(0),
                    credit_minor: balance.saturating_neg().max(0),
                }
            })
            .collect())
    }

    /// The open date of a cell.
    pub fn open_date(&self, cell: Cell) -> Result<Date, DeskError> {
        let heads = self.heads(&[cell])?;
        let unknown = || DeskError::refused("unknown_cell", format!("there is no {cell:?} in this database"));
        heads.first().map(|head| head.open_date).ok_or_else(unknown)
    }

    /// The heads of cells, without locking them.
    pub fn heads(&self, cells: &[Cell]) -> Result<Vec<Head>, DeskError> {
        let keys: Vec<_> = cells.iter().map(|cell| key![*cell]).collect();
        let table = door::tables::CellHead::table();
        let rows = self.readers.with(|reader| reader.load_many(table, &[0], &keys))?;
        rows.iter()
            .map(|row| {
                let row = door::tables::CellHead::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))?;
                let door::tables::CellHead { cell, seq, range, open_date, version } = row;
                Ok(Head { cell, seq, range, open_date, version })
            })
            .collect()
    }

    /// A day of the institution's close; `None` if it was never begun.
    pub fn business_day(&self, day: Date) -> Result<Option<BusinessDay>, DeskError> {
        Ok(self.rows::<BusinessDay>(key![Cell::OFFICE, day])?.into_iter().next())
    }

    /// What the close of a day did; `None` if it was never begun.
    pub fn day_report(&self, day: Date) -> Result<Option<crate::report::DayReport>, DeskError> {
        let cells = self.engine.backend().cells();
        Ok(self.readers.with(|reader| crate::report::day_report(reader, cells, day))?)
    }

    /// All staff.
    pub fn staff(&self) -> Result<Vec<Staff>, DeskError> {
        self.rows(key![Cell::OFFICE])
    }

    /// The password hash of a member of staff.
    pub fn staff_secret(&self, staff: Id) -> Result<Option<String>, DeskError> {
        let rows: Vec<StaffSecret> = self.rows(key![Cell::OFFICE, staff])?;
        Ok(rows.into_iter().next().map(|row| row.password_hash))
    }

    pub(super) fn list<R: Record>(&self, list: &List) -> Result<Vec<R>, DeskError> {
        let rows = self.readers.with(|reader| reader.list(list))?;
        rows.iter().map(|row| R::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))).collect()
    }

    pub(crate) fn in_every_cell<R: Record>(&self, list: impl Fn(Value) -> List) -> Result<Vec<R>, DeskError> {
        let mut all = Vec::new();
        for cell in 1..=self.engine.backend().cells() {
            all.extend(self.list::<R>(&list(Value::Int(i64::from(cell))))?);
        }
        // Proposals of the office stand in its own cell.
        all.extend(self.list::<R>(&list(Value::Int(0)))?);
        Ok(all)
    }
}
