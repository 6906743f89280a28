//! Changes of loans and declared disasters as rows.

use basics::{Cell, Currency, Date, Id, cbor};
use door::overlay::{Fault, Overlay};
use door::{Stamp, key};

use crate::fact::Fact;
use crate::tables::LoanNote;

door::text_enum! {
    /// Where a change of a loan stands.
    pub enum ChangeStatus {
        /// Computed and shown.
        Proposed = "proposed",
        /// The borrower has agreed to it.
        Agreed = "agreed",
        /// It is part of the loan's life.
        Applied = "applied",
        /// It was dropped, or undone as if it had never been.
        Undone = "undone",
    }
}

door::table! {
    /// A change of a loan's rows (重定还款计划、延期): proposed, agreed to, applied, taken back.
    pub struct LoanChange = "loan_change" (Household, State, key 4) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The loan.
        loan: Id,
        /// The change; also the id of its event in the loan's life.
        id: Id,
        /// Where it stands.
        status: ChangeStatus,
        /// The disaster it is offered under.
        disaster: Option<Id>,
        /// The event, encoded, with the consents given so far.
        event: Vec<u8>,
        /// What the loan cost without it, in minor units.
        cost_before_minor: i64,
        /// What it costs with it.
        cost_after_minor: i64,
        /// Principal that falls due later, in minor units.
        moved_minor: i64,
        /// Whether the borrower has to agree.
        needs_consent: bool,
        /// Hash of the text that shows what it does.
        text_hash: Vec<u8>,
        /// Why it was taken back.
        reason: Option<String>,
        /// The day it was proposed.
        proposed_on: Date,
    }
    index "loan_change_by_disaster" ["cell", "disaster", "id"];
}

door::text_enum! {
    /// Where a declared disaster stands.
    pub enum DisasterStatus {
        /// Declared; nothing is done yet.
        Declared = "declared",
        /// Two people had it carried out.
        CarriedOut = "carried_out",
        /// Two people had it taken back.
        TakenBack = "taken_back",
    }
}

door::table! {
    /// A declared disaster (灾害). Lives in the office's cell.
    pub struct Disaster = "disaster" (Household, State, key 2) {
        /// The office.
        cell: Cell,
        /// Its id.
        id: Id,
        /// Where it stands.
        status: DisasterStatus,
        /// What people call it.
        name: String,
        /// The villages it struck, a line each.
        villages: String,
        /// The programme, encoded.
        programme: Vec<u8>,
        /// SHA-256 of the document.
        document_hash: Vec<u8>,
        /// The day it was declared.
        declared_on: Date,
        /// The currency of what it puts off.
        currency: Currency,
        /// Why it was decided as it was.
        reason: Option<String>,
    }
}

/// Turns one fact of a change or a disaster into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::ChangeProposed(proposed) => books.put(&LoanChange {
            cell,
            household: proposed.household,
            loan: proposed.loan,
            id: proposed.event.id,
            status: ChangeStatus::Proposed,
            disaster: proposed.disaster,
            event: cbor::to_bytes(&proposed.event),
            cost_before_minor: proposed.cost_before_minor,
            cost_after_minor: proposed.cost_after_minor,
            moved_minor: proposed.moved_minor,
            needs_consent: proposed.needs_consent,
            text_hash: proposed.text_hash.to_vec(),
            reason: None,
            proposed_on: stamp.booking_date,
        }),
        Fact::ChangeAgreed { household, loan, change, event, .. } => {
            let row = change_row(books, cell, *household, *loan, *change)?;
            books.put(&LoanChange { status: ChangeStatus::Agreed, event: cbor::to_bytes(event), ..row });
        }
        Fact::ChangeApplied { household, loan, change, maturity } => {
            let row = change_row(books, cell, *household, *loan, *change)?;
            books.put(&LoanChange { status: ChangeStatus::Applied, ..row });
            put_maturity(books, cell, *household, *loan, *maturity)?;
        }
        Fact::ChangeUndone { household, loan, change, reason, maturity } => {
            let row = change_row(books, cell, *household, *loan, *change)?;
            books.put(&LoanChange { status: ChangeStatus::Undone, reason: Some(reason.clone()), ..row });
            put_maturity(books, cell, *household, *loan, *maturity)?;
        }
        Fact::DisasterDeclared(declared) => books.put(&Disaster {
            cell,
            id: declared.disaster,
            status: DisasterStatus::Declared,
            name: declared.name.clone(),
            villages: declared.villages.join("\n"),
            programme: cbor::to_bytes(&declared.programme),
            document_hash: declared.document_hash.to_vec(),
            declared_on: stamp.booking_date,
            currency: declared.currency,
            reason: None,
        }),
        Fact::DisasterDecided { disaster, status, reason } => {
            let row = books
                .get::<Disaster>(&key![cell, *disaster])?
                .ok_or_else(|| Fault::Broken(format!("no disaster {disaster}")))?;
            books.put(&Disaster { status: *status, reason: Some(reason.clone()), ..row });
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a change"))),
    }
    Ok(())
}

fn change_row(books: &Overlay, cell: Cell, household: Id, loan: Id, change: Id) -> Result<LoanChange, Fault> {
    books
        .get::<LoanChange>(&key![cell, household, loan, change])?
        .ok_or_else(|| Fault::Broken(format!("no change {change} of loan {loan}")))
}

/// Keeps a loan's last due date, where it was moved.
pub(crate) fn put_maturity(
    books: &mut Overlay,
    cell: Cell,
    household: Id,
    loan: Id,
    maturity: Option<Date>,
) -> Result<(), Fault> {
    let Some(maturity) = maturity else { return Ok(()) };
    let note = books
        .get::<LoanNote>(&key![cell, household, loan])?
        .ok_or_else(|| Fault::Broken(format!("no loan {loan} to change")))?;
    books.put(&LoanNote { maturity, ..note });
    Ok(())
}
