//! How facts of applications, contracts and loans become rows.

use basics::{Cell, Id, cbor};
use door::overlay::{Fault, Overlay};
use door::table::Record;
use door::{Stamp, key};
use loan::LifeEvent;

use crate::fact::{DecidedBy, Fact};
use crate::tables::{Application, ApplicationStatus, Contract, ContractStatus, LoanEvent, LoanNote, LoanState};

/// Turns one fact of a loan's life into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::Applied(applied) => books.put(&Application {
            cell,
            household: applied.household,
            id: applied.application,
            status: ApplicationStatus::Received,
            product: applied.product.clone(),
            product_version: i64::from(applied.product_version),
            amount_minor: applied.amount.minor(),
            currency: applied.amount.currency(),
            term_months: i64::from(applied.term_months),
            purpose: applied.purpose.clone(),
            approved_minor: 0,
            rate_ppm: 0,
            decision: None,
            reason: None,
            asked_at: stamp.at,
        }),
        Fact::Decided(decided) => {
            let row: Application = standing(books, cell, decided.household, decided.application)?;
            books.put(&Application {
                status: decided.status,
                approved_minor: decided.approved_minor,
                rate_ppm: decided.rate_ppm,
                decision: Some(decided.decision),
                reason: match &decided.by {
                    DecidedBy::Hand { reason } => Some(reason.clone()),
                    DecidedBy::Machine { .. } => None,
                },
                ..row
            });
        }
        Fact::FacilityGranted { .. } | Fact::FacilityMoved { .. } => crate::facility::apply(books, stamp, fact)?,
        Fact::ContractSigned(signed) => {
            let row: Application = standing(books, cell, signed.household, signed.application)?;
            books.put(&Application { status: ApplicationStatus::Signed, ..row });
            books.put(&Contract {
                cell,
                household: signed.household,
                id: signed.contract,
                status: ContractStatus::Signed,
                application: signed.application,
                facility: signed.facility,
                terms: cbor::to_bytes(&signed.terms),
                text_hash: signed.text_hash.to_vec(),
                signed_on: stamp.booking_date,
            });
        }
        Fact::LoanDrawn(drawn) => {
            let contract: Contract = standing(books, cell, drawn.household, drawn.contract)?;
            books.put(&Contract { status: ContractStatus::Drawn, ..contract });
            books.put(&LoanNote {
                cell,
                household: drawn.household,
                id: drawn.loan,
                status: LoanState::Open,
                contract: drawn.contract,
                product: drawn.product.clone(),
                principal_minor: drawn.principal.minor(),
                outstanding_minor: drawn.principal.minor(),
                currency: drawn.principal.currency(),
                drawn_on: drawn.event.value_date,
                maturity: drawn.maturity,
                next_due: drawn.next_due.unwrap_or(drawn.maturity),
                closed_on: None,
            });
            put_event(books, cell, drawn.household, drawn.loan, &drawn.event);
        }
        Fact::LoanMoved(moved) => {
            let row: LoanNote = standing(books, cell, moved.household, moved.loan)?;
            books.put(&LoanNote {
                status: if moved.closed_on.is_some() { LoanState::Closed } else { LoanState::Open },
                outstanding_minor: moved.outstanding_minor,
                next_due: moved.next_due.or(moved.closed_on).unwrap_or(row.maturity),
                closed_on: moved.closed_on,
                ..row
            });
            put_event(books, cell, moved.household, moved.loan, &moved.event);
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a loan"))),
    }
    Ok(())
}

fn put_event(books: &mut Overlay, cell: Cell, household: Id, loan: Id, event: &LifeEvent) {
    let (id, value_date, bytes) = (event.id, event.value_date, cbor::to_bytes(event));
    books.put(&LoanEvent { cell, household, loan, id, value_date, bytes });
}

fn standing<R: Record>(books: &Overlay, cell: Cell, household: Id, id: Id) -> Result<R, Fault> {
    books
        .get::<R>(&key![cell, household, id])?
        .ok_or_else(|| Fault::Broken(format!("no row {id} in table `{}`", R::table().name)))
}

/// A loan's events, in the order of their ids.
pub fn loan_events(slice: &Overlay, cell: Cell, household: Id, loan: Id) -> Result<Vec<LifeEvent>, Fault> {
    slice
        .range::<LoanEvent>(&key![cell, household, loan])?
        .iter()
        .map(|row| cbor::from_bytes(&row.bytes).map_err(Fault::from))
        .collect()
}
