//! How facts of applications, contracts and loans become rows.

use basics::{Cell, Date, Id, cbor};
use door::overlay::{Fault, Needs, Overlay};
use door::table::Record;
use door::{Stamp, key};
use loan::class::ClassReason;
use loan::paper::payout_mode;
use loan::{LifeEvent, LoanTerms, PayoutMode};

use crate::close::{StepCount, count_loans};
use crate::fact::{DecidedBy, Fact};
use crate::holding::{Holding, Stands};
use crate::sign::DRAW_WITHIN_DAYS;
use crate::sums::{SumsChange, SumsOf, Way};
use crate::tables::{
    AccrualGroup, Agenda, AgendaKind, Application, ApplicationStatus, Contract, ContractStatus, GlBalance,
    LoanCorrection, LoanEvent, LoanNote, LoanState, Portfolio,
};

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
            season: applied.season.as_ref().map(cbor::to_bytes),
            approved_minor: 0,
            rate_ppm: 0,
            decision: None,
            reason: None,
            review_asked_at: None,
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
        Fact::PersonAsked { household, application } => {
            let row: Application = standing(books, cell, *household, *application)?;
            let status = ApplicationStatus::Referred;
            books.put(&Application { status, approved_minor: 0, review_asked_at: Some(stamp.at), ..row });
        }
        Fact::ApplicationWithdrawn { household, application } => {
            let row: Application = standing(books, cell, *household, *application)?;
            books.put(&Application { status: ApplicationStatus::Withdrawn, ..row });
        }
        Fact::FacilityGranted { .. } | Fact::FacilityMoved { .. } | Fact::FacilityExpired { .. } => {
            crate::facility::apply(books, stamp, fact)?;
        }
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
            let last = last_to_draw(stamp.booking_date);
            put_place(books, stamp, (last, AgendaKind::Undrawn), (signed.household, signed.contract));
        }
        Fact::ContractLapsed { household, contract } => {
            let row: Contract = standing(books, cell, *household, *contract)?;
            books.put(&Contract { status: ContractStatus::Lapsed, ..row });
        }
        Fact::DrawingStands { household, contract, left_minor } => {
            let row: Contract = standing(books, cell, *household, *contract)?;
            let status = if *left_minor > 0 { ContractStatus::PartDrawn } else { ContractStatus::Drawn };
            if status == ContractStatus::PartDrawn && row.status == ContractStatus::Drawn {
                let terms: LoanTerms = cbor::from_bytes(&row.terms)?;
                let days = terms.draws.map_or(0, |rule| i32::from(rule.within_days));
                let item = contract.derive(&format!("parts {}", stamp.seq));
                put_place(books, stamp, (stamp.booking_date.add_days(days), AgendaKind::Undrawn), (*household, item));
            }
            books.put(&Contract { status, ..row });
        }
        Fact::LoanDrawn(drawn) => {
            let contract: Contract = standing(books, cell, drawn.household, drawn.contract)?;
            if let Some(days) = days_to_show_use(&cbor::from_bytes(&contract.terms)?) {
                let by = drawn.event.value_date.add_days(days);
                put_place(books, stamp, (by, AgendaKind::UseOfFunds), (drawn.household, drawn.loan));
            }
            books.remove::<Agenda>(&undrawn_place(&contract));
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
                overdue_since: None,
                folded_on: stamp.booking_date,
                agenda_on: None,
                remind_on: None,
                holding: cbor::to_bytes(&Holding::default()),
            });
            put_event(books, cell, drawn.household, drawn.loan, &drawn.event);
            if let Some(stands) = &drawn.stands {
                stand_alone(books, stamp, (drawn.household, drawn.loan), stands)?;
            }
        }
        Fact::LoanMoved(moved) => {
            put_event(books, cell, moved.household, moved.loan, &moved.event);
            match &moved.stands {
                Some(stands) => {
                    stand_alone(books, stamp, (moved.household, moved.loan), stands)?;
                    // Undone renewals of early journals tell it by this alone; later ones say `DrawUndone` beside it.
                    if stands.holding.disbursed_fen == 0 {
                        let note: LoanNote = standing(books, cell, moved.household, moved.loan)?;
                        let contract: Contract = standing(books, cell, moved.household, note.contract)?;
                        books.put(&Contract { status: ContractStatus::Signed, ..contract });
                    }
                }
                // From before the books held accrued interest.
                None => {
                    let row: LoanNote = standing(books, cell, moved.household, moved.loan)?;
                    books.put(&LoanNote {
                        status: if moved.closed_on.is_some() { LoanState::Closed } else { LoanState::Open },
                        outstanding_minor: moved.outstanding_minor,
                        next_due: moved.next_due.or(moved.closed_on).unwrap_or(row.maturity),
                        closed_on: moved.closed_on,
                        ..row
                    });
                }
            }
            crate::change_books::put_maturity(books, cell, moved.household, moved.loan, moved.maturity)?;
        }
        // Who did what and why: the event itself is told by `LoanMoved`.
        Fact::LoanServiced { .. } => {}
        Fact::LoansTouched { loans, entries } => {
            let mut sums = SumsChange::default();
            let mut counted = StepCount { entries: *entries, ..StepCount::default() };
            for touched in loans {
                let stands = &touched.stands;
                let old = stand(books, &mut sums, stamp, (touched.household, touched.loan), stands)?;
                counted.touched(&old, &stands.holding);
            }
            sums.put(books, cell)?;
            count_loans(books, stamp, &counted)?;
        }
        Fact::DrawUndone { household, contract } => {
            let row: Contract = standing(books, cell, *household, *contract)?;
            let last = last_to_draw(row.signed_on);
            put_place(books, stamp, (last, AgendaKind::Undrawn), (*household, *contract));
            books.put(&Contract { status: ContractStatus::Signed, ..row });
        }
        Fact::LoanCorrected(corrected) => {
            let (days_before, days_after) = corrected.days_past_due;
            let told =
                |grounds: &[ClassReason]| grounds.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(" ");
            let (grounds_before, grounds_after) = match &corrected.grounds {
                Some((before, after)) => (told(before), told(after)),
                None => (String::new(), String::new()),
            };
            books.put(&LoanCorrection {
                cell,
                household: corrected.household,
                loan: corrected.loan,
                event: corrected.event,
                value_date: corrected.value_date,
                booking_date: stamp.booking_date,
                reference: corrected.reference.clone(),
                reason: corrected.reason.clone(),
                days_before: i64::from(days_before),
                days_after: i64::from(days_after),
                class_before: i64::from(corrected.class.0.0),
                class_after: i64::from(corrected.class.1.0),
                grounds_before,
                grounds_after,
                seq: stamp.seq,
            });
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a loan"))),
    }
    Ok(())
}

/// Writes where one loan stands, with its change of the sums.
pub(crate) fn stand_alone(books: &mut Overlay, stamp: &Stamp, of: (Id, Id), stands: &Stands) -> Result<(), Fault> {
    let mut sums = SumsChange::default();
    stand(books, &mut sums, stamp, of, stands)?;
    sums.put(books, stamp.cell)
}

/// Writes where a loan stands since a touch: its note and its place on the agenda; what changes in the sums of the cell is
/// gathered. Answers what the books held of it before.
fn stand(
    books: &mut Overlay,
    sums: &mut SumsChange,
    stamp: &Stamp,
    (household, loan): (Id, Id),
    stands: &Stands,
) -> Result<Holding, Fault> {
    let (cell, on) = (stamp.cell, stamp.booking_date);
    let note: LoanNote = standing(books, cell, household, loan)?;
    let (old, new) = (Holding::of(&note)?, &stands.holding);
    let of = SumsOf { product: &note.product, currency: note.currency };
    sums.accrued(of, &old, on, Way::Out)?;
    sums.accrued(of, new, on, Way::In)?;
    if old.disbursed_fen > 0 && note.status == LoanState::Open {
        sums.running(of, &old, note.outstanding_minor, Way::Out);
    }
    if new.disbursed_fen > 0 && stands.closed_on.is_none() {
        sums.running(of, new, stands.outstanding_minor, Way::In);
    }
    let place = |on_day: Date| key![cell, on_day, AgendaKind::Loan.code(), household, loan];
    let (left, taken) = (note.place_on(), stands.place_on());
    if left != taken {
        if let Some(on_day) = left {
            books.remove::<Agenda>(&place(on_day));
        }
        if let Some(on_day) = taken {
            let kind = AgendaKind::Loan.code();
            books.put(&Agenda { cell, on_day, kind, owner: household, item: loan, by_seq: stamp.seq });
        }
    }
    let status = match stands.closed_on {
        _ if new.disbursed_fen == 0 => LoanState::Undone,
        Some(_) => LoanState::Closed,
        None => LoanState::Open,
    };
    if status != note.status {
        let contract: Contract = standing(books, cell, household, note.contract)?;
        // Whoever stands for it, and whatever is still asked for, learns of it by the close of the day.
        if outlived(&cbor::from_bytes(&contract.terms)?) {
            let item = loan.derive(&format!("ends {}", stamp.seq));
            put_place(books, stamp, (on, AgendaKind::ContractEnd), (household, item));
        }
    }
    books.put(&LoanNote {
        status,
        // Of a loan that was drawn in parts, all of them.
        principal_minor: if new.disbursed_fen > 0 { new.disbursed_fen } else { note.principal_minor },
        outstanding_minor: stands.outstanding_minor,
        next_due: stands.next_due.or(stands.closed_on).unwrap_or(note.maturity),
        closed_on: stands.closed_on,
        overdue_since: stands.overdue_since,
        folded_on: on,
        agenda_on: stands.agenda_on,
        remind_on: stands.remind_on,
        holding: cbor::to_bytes(new),
        ..note
    });
    Ok(old)
}

/// The last day on which a contract may be drawn that was signed on a day.
fn last_to_draw(signed_on: Date) -> Date {
    signed_on.add_days(DRAW_WITHIN_DAYS)
}

/// The place on the agenda of a signed contract: whoever draws it asks for it, since the drawing takes it away.
pub(crate) fn undrawn_place(contract: &Contract) -> Vec<door::Value> {
    let last = last_to_draw(contract.signed_on);
    key![contract.cell, last, AgendaKind::Undrawn.code(), contract.household, contract.id]
}

/// Asks for the place on the agenda of a contract that is to be drawn, once the contract itself is there.
pub(crate) fn needs_undrawn(
    slice: &Overlay,
    (cell, household, contract): (Cell, Id, Id),
    needs: &mut Needs,
) -> Result<(), Fault> {
    let place = key![cell, household, contract];
    if slice.has(Contract::table(), &place)
        && let Some(row) = slice.get::<Contract>(&place)?
    {
        needs.rows::<Agenda>(undrawn_place(&row));
    }
    Ok(())
}

/// Days after a drawing within which its use has to be shown; `None` where nothing has to.
pub(crate) fn days_to_show_use(terms: &LoanTerms) -> Option<i32> {
    let days = terms.payout.as_ref().map_or(0, |rule| rule.evidence_days);
    (days > 0 && payout_mode(terms) == PayoutMode::SelfPay).then(|| i32::from(days))
}

/// Whether something beside the loan itself ends with it: a guarantee, the evidence that was asked for, what may yet be drawn.
fn outlived(terms: &LoanTerms) -> bool {
    let guaranteed = terms.conditions.as_ref().is_some_and(|conditions| conditions.guarantee.is_some());
    guaranteed || days_to_show_use(terms).is_some() || terms.draws.is_some()
}

/// Puts something that is nobody else's on the agenda: its place is no longer moved, and finds out on its day what there is to do.
fn put_place(books: &mut Overlay, stamp: &Stamp, (on_day, kind): (Date, AgendaKind), (owner, item): (Id, Id)) {
    books.put(&Agenda { cell: stamp.cell, on_day, kind: kind.code(), owner, item, by_seq: stamp.seq });
}

/// Asks for what a touch of loans of this cell reads beside the loans: balances, groups, portfolio.
pub(crate) fn needs_touch(needs: &mut Needs, cell: Cell) {
    needs.rows::<GlBalance>(key![cell]);
    needs.rows::<AccrualGroup>(key![cell]);
    needs.rows::<Portfolio>(key![cell]);
}

/// Keeps an event of a loan.
pub(crate) fn put_event(books: &mut Overlay, cell: Cell, household: Id, loan: Id, event: &LifeEvent) {
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
