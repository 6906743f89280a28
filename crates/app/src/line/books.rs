//! The rows of a line from its facts, and what the audit proves of them: each is the fold of its events.

use basics::{Cell, Date, Id, cbor};
use door::overlay::Overlay;
use door::{Fault, Record, Stamp, key};

use super::{CreditLine, CreditLineEvent, CreditLineStatus, LineMoved, line_events, line_view};
use crate::fact::Fact;
use crate::holding::Holding;
use crate::house::Tianxin;
use crate::sums::{SumsChange, SumsOf, Way};
use crate::tables::{Agenda, AgendaKind, LoanCorrection};

/// Turns a fact of a line into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::LineOpened(opened) => books.put(&CreditLine {
            cell,
            household: opened.household,
            id: opened.line,
            status: CreditLineStatus::Open,
            product: opened.terms.product.code.clone(),
            facility: opened.facility,
            limit_minor: opened.terms.limit.minor(),
            used_minor: 0,
            charges_minor: 0,
            credit_minor: 0,
            currency: opened.terms.currency(),
            opened_on: opened.terms.opened,
            valid_to: opened.terms.valid_to,
            booked_to: opened.terms.opened,
            overdue_since: None,
            agenda_on: None,
            terms: cbor::to_bytes(&opened.terms),
            text_hash: opened.text_hash.to_vec(),
            holding: cbor::to_bytes(&Holding::default()),
        }),
        Fact::LineMoved(moved) => stand(books, stamp, std::slice::from_ref(moved))?,
        Fact::LinesTouched { lines } => stand(books, stamp, lines)?,
        Fact::LineCorrected(corrected) => books.put(&LoanCorrection {
            cell,
            household: corrected.household,
            loan: corrected.line,
            event: corrected.event,
            value_date: corrected.value_date,
            booking_date: stamp.booking_date,
            reference: corrected.reference.clone(),
            reason: corrected.reason.clone(),
            days_before: i64::from(corrected.days_past_due.0),
            days_after: i64::from(corrected.days_past_due.1),
            class_before: i64::from(corrected.class.0.0),
            class_after: i64::from(corrected.class.1.0),
            // A line's correction tells its class without the grounds.
            grounds_before: String::new(),
            grounds_after: String::new(),
            seq: stamp.seq,
        }),
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a line"))),
    }
    Ok(())
}

/// Writes where lines stand: their rows and places on the agenda, and what that changes in the sums of the cell.
fn stand(books: &mut Overlay, stamp: &Stamp, lines: &[LineMoved]) -> Result<(), Fault> {
    let mut sums = SumsChange::default();
    for moved in lines {
        stand_one(books, &mut sums, stamp, moved)?;
    }
    sums.put(books, stamp.cell)
}

fn stand_one(books: &mut Overlay, sums: &mut SumsChange, stamp: &Stamp, moved: &LineMoved) -> Result<(), Fault> {
    let cell = stamp.cell;
    let row = books
        .get::<CreditLine>(&key![cell, moved.household, moved.line])?
        .ok_or_else(|| Fault::Broken(format!("there is no line {} to move", moved.line)))?;
    let old = Holding::of_line(&row)?;
    let new = moved.holding.as_ref().unwrap_or(&old);
    let of = SumsOf { product: &row.product, currency: row.currency };
    let (before, after) = (row.on_balance_minor()?, moved.on_balance_minor());
    for (holding, principal_minor, way) in [(&old, before, Way::Out), (new, after, Way::In)] {
        sums.accrued(of, holding, stamp.booking_date, way)?;
        if principal_minor != 0 {
            sums.running(of, holding, principal_minor, way);
        }
    }
    if row.agenda_on != moved.agenda_on {
        let kind = AgendaKind::Line.code();
        let (owner, item) = (moved.household, moved.line);
        if let Some(on_day) = row.agenda_on {
            books.remove::<Agenda>(&key![cell, on_day, kind, owner, item]);
        }
        if let Some(on_day) = moved.agenda_on {
            books.put(&Agenda { cell, on_day, kind, owner, item, by_seq: stamp.seq });
        }
    }
    books.put(&CreditLine {
        status: moved.status,
        limit_minor: moved.limit_minor,
        used_minor: moved.used_minor,
        charges_minor: moved.charges_minor,
        credit_minor: moved.credit_minor,
        booked_to: moved.booked_to,
        overdue_since: moved.overdue_since,
        agenda_on: moved.agenda_on,
        holding: cbor::to_bytes(new),
        ..row
    });
    if let Some(event) = &moved.event {
        books.put(&CreditLineEvent {
            cell,
            household: moved.household,
            line: moved.line,
            id: event.id,
            value_date: event.value_date,
            bytes: cbor::to_bytes(event),
        });
    }
    Ok(())
}

impl CreditLine {
    /// Principal on the balance sheet: none of a claim that was written off. Errors if the row is damaged.
    pub(crate) fn on_balance_minor(&self) -> Result<i64, Fault> {
        Ok(if Holding::of_line(self)?.written_off_fen != 0 { 0 } else { self.used_minor })
    }
}

impl Tianxin {
    /// What is wrong with the lines of a cell: each must be the fold of its events, their principal the ledger's, their
    /// places on the agenda those of their next days. What they hold beside it is added up with the loans'.
    pub(crate) fn check_lines(&self, cell: Cell, books: &Overlay, principal: i128) -> Result<Vec<String>, Fault> {
        let mut findings = Vec::new();
        let mut used = 0i128;
        let mut expected: Vec<(Id, Date)> = Vec::new();
        for (_, row) in books.all_rows(CreditLine::table()) {
            let row = CreditLine::from_row(row)?;
            used += i128::from(row.on_balance_minor()?);
            expected.extend(row.agenda_on.map(|on_day| (row.id, on_day)));
            let events = line_events(books, cell, row.household, row.id)?;
            let view = line_view(row.clone(), events, row.booked_to)?;
            let folded = self.line_moved(&view, None)?;
            let same = folded.holding.as_ref() == Some(&Holding::of_line(&row)?)
                && (folded.used_minor, folded.charges_minor, folded.credit_minor, folded.limit_minor)
                    == (row.used_minor, row.charges_minor, row.credit_minor, row.limit_minor)
                && (folded.status, folded.overdue_since, folded.agenda_on)
                    == (row.status, row.overdue_since, row.agenda_on);
            if !same {
                let day = row.booked_to;
                findings.push(format!("{cell:?}: line {} does not hold what its events give as of {day}", row.id));
            }
        }
        let mut agenda: Vec<(Id, Date)> = Vec::new();
        for (_, row) in books.all_rows(Agenda::table()) {
            let row = Agenda::from_row(row)?;
            if row.kind == AgendaKind::Line.code() {
                agenda.push((row.item, row.on_day));
            }
        }
        expected.sort_unstable();
        agenda.sort_unstable();
        if expected != agenda {
            findings.push(format!("{cell:?}: the agenda does not name the lines for the days on which they change"));
        }
        if used != principal {
            findings.push(format!("{cell:?}: lines owe {used} of principal, the ledger has {principal}"));
        }
        Ok(findings)
    }
}
