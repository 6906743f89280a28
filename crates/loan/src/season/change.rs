//! What a household and its lender agree to change: other rows, or a part put off after a declared event.
//!
//! Both are dated changes of contract. They need the borrower's consent to the totals that were shown, and they
//! are refused beyond the longest term, more often than agreed, or while arrears are too old. Taking one back
//! restores the loan as if it had never been.
//!
//! Neither mends the past: arrears stay arrears with their days, and what a deferral takes out of arrears
//! leaves the penalty run up until then owed.

use basics::{Date, Id, Instant};
use minicbor::{Decode, Encode};

use crate::act::counts_from;
use crate::class::ClassMark;
use crate::life::{in_order, is_open};
use crate::{Happening, LifeEvent, LoanError, LoanState, LoanTerms, Receipt, fold};

/// Rows still to come, as newly agreed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Replan {
    /// All rows from the change on, by due date; their principal is all that is not due yet.
    #[n(0)]
    pub rows: Vec<ReplanRow>,
    /// Why.
    #[n(1)]
    pub reason: ReplanReason,
    /// Who agreed to it.
    #[n(2)]
    pub consent: Consents,
}

/// One agreed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct ReplanRow {
    /// Due date.
    #[n(0)]
    pub due: Date,
    /// Principal, minor units; nothing for a row of interest alone.
    #[n(1)]
    pub principal_fen: i64,
}

/// Why rows are replaced.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum ReplanReason {
    /// The harvest brought less than expected.
    #[n(0)]
    IncomeShort {
        /// Expected by then, minor units.
        #[n(0)]
        expected_fen: i64,
        /// Observed by then, minor units.
        #[n(1)]
        observed_fen: i64,
    },
    /// The harvest came or was sold at another time than expected.
    #[n(1)]
    IncomeMoved,
    /// A declared event, by the reference of its document.
    #[n(2)]
    Declared(#[n(0)] String),
    /// Anything else, in words.
    #[n(3)]
    Other(#[n(0)] String),
}

/// Part of what is owed, put off after a declared event 延期还本付息.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Deferral {
    /// Reference of the event's document.
    #[n(0)]
    pub event: String,
    /// What is put off, by due date.
    #[n(1)]
    pub parts: Vec<DeferredPart>,
    /// The date it is put off to.
    #[n(2)]
    pub to: Date,
    /// Principal alone, or interest with it.
    #[n(3)]
    pub scope: DeferredScope,
    /// Whether interest goes on meanwhile, as the programme says.
    #[n(4)]
    pub interest: DeferredInterest,
    /// Who agreed to it.
    #[n(5)]
    pub consent: Consents,
}

/// What a deferral takes out of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct DeferredPart {
    /// Due date of the row.
    #[n(0)]
    pub due: Date,
    /// Principal at most, minor units; what is paid of the row stays paid.
    #[n(1)]
    pub principal_fen: i64,
}

/// What is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum DeferredScope {
    /// Principal; interest is paid as planned 延期还本.
    #[n(0)]
    Principal,
    /// Principal, and the interest due with it: a row left without principal is no more, its days are those of the
    /// next row 延期还本付息.
    #[n(1)]
    PrincipalAndInterest,
}

/// What becomes of interest on what is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum DeferredInterest {
    /// It goes on at the contract rate.
    #[n(0)]
    RunsOn,
    /// It stops from the change until the date put off to.
    #[n(1)]
    Stops,
}

/// Who agreed to a change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Consents {
    /// The borrower.
    #[n(0)]
    pub borrower: BorrowerConsent,
    /// The guarantor, if there is one.
    #[n(1)]
    pub guarantor: GuarantorConsent,
}

/// Whether the borrower agreed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum BorrowerConsent {
    /// To what was shown.
    #[n(0)]
    Given(#[n(0)] Consent),
    /// Nothing he owes grows and nothing falls due earlier, so none is asked for.
    #[n(1)]
    NoBurden,
}

/// Whether the guarantor agreed; without it the added part is not carried and the guarantee's period stays.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum GuarantorConsent {
    /// The loan has no guarantor.
    #[n(0)]
    NoGuarantor,
    /// In writing.
    #[n(1)]
    Given(#[n(0)] Consent),
    /// Not given.
    #[n(2)]
    NotGiven,
}

/// A person's word, as it can be shown to an auditor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Consent {
    /// The person.
    #[n(0)]
    pub by: Id,
    /// When.
    #[n(1)]
    pub at: Instant,
    /// SHA-256 of what was read and signed, with the totals before and after.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub evidence: [u8; 32],
}

/// How far a contract lets itself be changed; part of the signed terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct ChangeLimits {
    /// Longest term with all changes, months from the disbursement.
    #[n(0)]
    pub term_max_months: u16,
    /// Most re-plans; deferrals after a declared event do not count.
    #[n(1)]
    pub replans_max: u16,
    /// No change while the loan is more days past due than this.
    #[n(2)]
    pub arrears_days_max: u16,
}

impl ChangeLimits {
    /// What holds where a contract says nothing: as long as any schedule may be, one re-plan, up to 90 days past due.
    pub const DEFAULT: ChangeLimits =
        ChangeLimits { term_max_months: LoanTerms::MONTHS_MAX, replans_max: 1, arrears_days_max: 90 };

    /// The last day on which anything may fall due, for a loan disbursed on `start`. Errors outside the years kept.
    pub fn last_due(&self, start: Date) -> Result<Date, LoanError> {
        Ok(start.add_months(i32::from(self.term_max_months))?)
    }
}

/// Months after the plan's end to which a change may put off at most, where the contract names no longest term.
const PUT_OFF_MONTHS_MAX: i32 = 12;

/// Most rows of a re-plan, and most parts of a deferral.
const ROWS_MAX: usize = 600;

/// Whether a change may join the life of a loan. Errors say why not.
pub(crate) fn accept_change(
    terms: &LoanTerms,
    events: &[LifeEvent],
    new: &LifeEvent,
    before: &LoanState,
) -> Result<(), LoanError> {
    check_change(terms, events, new, before)?;
    let after = fold(terms, &with(events, new), new.value_date)?;
    check_burden(before, &after, consents(&new.what)).map_err(|problem| LoanError::Change { id: new.id, problem })
}

/// Whether money of a day paid principal before it was due, so that the rows still to come were laid anew.
pub(crate) fn paid_ahead_on(events: &[LifeEvent], day: Date) -> bool {
    in_order(events).iter().filter(|event| event.value_date == day).any(|event| match event.what {
        Happening::Prepaid(_) => true,
        Happening::Received { receipt, .. } => matches!(receipt, Receipt::PayoutRefund | Receipt::MerchantRefund),
        _ => false,
    })
}

/// Whether a change is possible and inside its limits, whoever agrees to it.
pub(crate) fn check_change(
    terms: &LoanTerms,
    events: &[LifeEvent],
    new: &LifeEvent,
    before: &LoanState,
) -> Result<(), LoanError> {
    let id = new.id;
    let refuse = |problem: String| LoanError::Change { id, problem };
    let Some(schedule) = &before.schedule else { return Err(LoanError::BeforeDisbursement(id)) };
    is_open(id, before)?;
    if new.value_date <= schedule.start {
        return Err(refuse(counts_from(schedule.start)));
    }
    // It counts before the money of its day, which lays the rows anew: what it moves would not be what was shown.
    if paid_ahead_on(events, new.value_date) {
        return Err(refuse(format!(
            "principal was paid ahead on {}: change what is left of the plan from the next day on",
            new.value_date
        )));
    }
    let limits = terms.change.unwrap_or(ChangeLimits::DEFAULT);
    if before.days_past_due > u32::from(limits.arrears_days_max) {
        return Err(refuse(format!(
            "the loan is {} days past due, and is not changed beyond {}: restructure it instead",
            before.days_past_due, limits.arrears_days_max
        )));
    }
    let last_due = match &new.what {
        Happening::Replanned(replan) => {
            let earlier = in_order(events).iter().filter(|e| matches!(e.what, Happening::Replanned(_))).count();
            if earlier >= usize::from(limits.replans_max) {
                return Err(refuse(format!("it was re-planned {earlier} times, and may be {}", limits.replans_max)));
            }
            check_rows(before, replan).map_err(refuse)?
        }
        Happening::Deferred(deferral) => check_deferral(before, deferral, new.value_date).map_err(refuse)?,
        _ => return Ok(()),
    };
    match &terms.change {
        Some(limits) => {
            let longest = limits.last_due(schedule.start)?;
            if last_due > longest {
                return Err(refuse(format!(
                    "it would run until {last_due}, and the longest term of {} months ends on {longest}: choose an \
                     earlier date",
                    limits.term_max_months
                )));
            }
        }
        None => {
            let ends = before.instalments.iter().map(|row| row.due_on).max().unwrap_or(schedule.start);
            let longest = ends.add_months(PUT_OFF_MONTHS_MAX)?;
            if last_due > longest {
                return Err(refuse(format!(
                    "it would run until {last_due}, and a contract that names no longest term is put off to {longest} at \
                     most, {PUT_OFF_MONTHS_MAX} months after its end: choose an earlier date"
                )));
            }
        }
    }
    Ok(())
}

pub(crate) fn consents(what: &Happening) -> Option<&Consents> {
    match what {
        Happening::Replanned(replan) => Some(&replan.consent),
        Happening::Deferred(deferral) => Some(&deferral.consent),
        Happening::Extended(alteration) | Happening::Restructured(alteration) => Some(&alteration.consent),
        _ => None,
    }
}

fn with(events: &[LifeEvent], new: &LifeEvent) -> Vec<LifeEvent> {
    events.iter().chain([new]).cloned().collect()
}

/// The last due date of a re-plan, if its rows are in order.
fn check_rows(before: &LoanState, replan: &Replan) -> Result<Date, String> {
    let to_come: i64 = before.instalments.iter().filter(|row| !row.is_due).map(|row| row.due.principal_fen).sum();
    if to_come == 0 {
        return Err("no principal is still to come".to_owned());
    }
    if replan.rows.len() > ROWS_MAX {
        return Err(format!("it has {} rows, and may have {ROWS_MAX}", replan.rows.len()));
    }
    let rises = replan.rows.windows(2).all(|pair| matches!(pair, [a, b] if a.due < b.due));
    match (replan.rows.first(), replan.rows.last()) {
        (Some(first), _) if first.due <= before.as_of => {
            Err(format!("its first row is due on {}, which is not after {}", first.due, before.as_of))
        }
        (Some(_), Some(last)) if rises => {
            if replan.rows.iter().any(|row| row.principal_fen < 0) {
                return Err("a row of it is negative".to_owned());
            }
            let sum: i128 = replan.rows.iter().map(|row| i128::from(row.principal_fen)).sum();
            if sum != i128::from(to_come) {
                let format = |fen: i128| i64::try_from(fen).map_or("too much".to_owned(), basics::money::format_minor);
                return Err(format!("its rows repay {}, and {} is still to come", format(sum), format(to_come.into())));
            }
            Ok(last.due)
        }
        (Some(_), _) => Err("its rows are not in the order of their due dates".to_owned()),
        (None, _) => Err("it has no rows".to_owned()),
    }
}

/// The last due date after a deferral, if what it names is there.
fn check_deferral(before: &LoanState, deferral: &Deferral, on: Date) -> Result<Date, String> {
    if deferral.event.trim().is_empty() {
        return Err("it names no document of an event".to_owned());
    }
    if deferral.parts.is_empty() || deferral.parts.len() > ROWS_MAX {
        return Err(format!("it must put off 1 to {ROWS_MAX} rows"));
    }
    if deferral.to <= on {
        return Err(format!("it puts off to {}, which is not after {on}", deferral.to));
    }
    for part in &deferral.parts {
        let Some(row) = before.instalments.iter().find(|row| row.due_on == part.due) else {
            return Err(format!("no row is due on {}", part.due));
        };
        if part.due >= deferral.to {
            return Err(format!("the row of {} is not due before {}", part.due, deferral.to));
        }
        let there_fen = row.unpaid_fen(crate::Component::Principal);
        if part.principal_fen < 0 || part.principal_fen > there_fen {
            return Err(format!(
                "it puts off {} of the row of {}, and {} is unpaid of it",
                basics::money::format_minor(part.principal_fen),
                part.due,
                basics::money::format_minor(there_fen)
            ));
        }
    }
    Ok(before.instalments.iter().map(|row| row.due_on).max().unwrap_or(deferral.to).max(deferral.to))
}

/// The marks that changes leave on a loan's class, by date: a loan that was past due when its rows were moved is
/// restructured 重组 and observed as such, so that moving rows never mends a class. A loan in order leaves no mark.
///
/// Errors if the loan cannot be folded.
pub fn class_marks(terms: &LoanTerms, events: &[LifeEvent]) -> Result<Vec<(Date, ClassMark)>, LoanError> {
    let ordered = in_order(events);
    let mut marks = Vec::new();
    for (place, event) in ordered.iter().enumerate().filter(|(_, event)| consents(&event.what).is_some()) {
        let before: Vec<LifeEvent> = ordered.iter().take(place).map(|event| (*event).clone()).collect();
        if fold(terms, &before, event.value_date)?.days_past_due > 0 {
            marks.push((event.value_date, ClassMark::Restructured));
        }
    }
    Ok(marks)
}

/// A change that costs more, or asks for principal earlier, needs the borrower's word.
fn check_burden(before: &LoanState, after: &LoanState, consents: Option<&Consents>) -> Result<(), String> {
    let told = consents.is_some_and(|consents| matches!(consents.borrower, BorrowerConsent::Given(_)));
    if told {
        return Ok(());
    }
    let added_fen = cost_fen(after) - cost_fen(before);
    if added_fen > 0 {
        let added = i64::try_from(added_fen).map_or("too much".to_owned(), basics::money::format_minor);
        return Err(format!("it costs {added} more, and the borrower has not agreed to that"));
    }
    if falls_earlier(before, after) {
        return Err("it asks for principal earlier, and the borrower has not agreed to that".to_owned());
    }
    Ok(())
}

/// What a loan costs in all as it stands: interest, fees, penalty and compound interest of all rows, minor units.
pub(crate) fn cost_fen(state: &LoanState) -> i128 {
    state
        .instalments
        .iter()
        .map(|row| {
            [row.due.interest_fen, row.due.fee_fen, row.due.penalty_fen, row.due.compound_fen]
                .into_iter()
                .map(i128::from)
                .sum::<i128>()
        })
        .sum()
}

/// Whether on any date more principal is due after the change than before it.
pub(crate) fn falls_earlier(before: &LoanState, after: &LoanState) -> bool {
    let due_by = |state: &LoanState, day: Date| -> i128 {
        state.instalments.iter().filter(|row| row.due_on <= day).map(|row| i128::from(row.due.principal_fen)).sum()
    };
    after.instalments.iter().any(|row| due_by(after, row.due_on) > due_by(before, row.due_on))
}
