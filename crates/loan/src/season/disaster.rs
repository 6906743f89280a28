//! A declared disaster, and what of a loan it puts off: the rows that the lost crops were to pay.

use basics::{Date, Id};
use minicbor::{Decode, Encode};

use crate::season::change::paid_ahead_on;
use crate::season::preview::{ChangePreview, preview};
use crate::season::{
    BorrowerConsent, Consents, Deferral, DeferredInterest, DeferredPart, DeferredScope, GuarantorConsent, SeasonTerms,
};
use crate::{Component, Happening, InstalmentState, LifeEvent, LoanError, LoanTerms, fold};

/// What a programme offers after a declared event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Programme {
    /// Reference of the event's document.
    #[n(0)]
    pub document: String,
    /// The day of the event: what fell due before it is not put off.
    #[n(1)]
    pub event_on: Date,
    /// Codes of the crops that are lost; none named is every loan of the area.
    #[n(2)]
    pub crops: Vec<String>,
    /// The date that is put off to.
    #[n(3)]
    pub to: Date,
    /// Principal alone, or interest with it.
    #[n(4)]
    pub scope: DeferredScope,
    /// Whether interest goes on meanwhile.
    #[n(5)]
    pub interest: DeferredInterest,
}

/// A deferral under a programme, with what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The change, dated on the day of the event, its consents not given yet.
    pub deferral: Deferral,
    /// The day it counts from.
    pub on: Date,
    /// What it does.
    pub preview: ChangePreview,
}

/// What a programme offers a loan; `None` if it does not touch it.
///
/// The change counts from the day of the event, or from the day after the disbursement where that is later, or the first after it on
/// which no principal was paid ahead, so that
/// what has fallen due since, and its penalty, is put right by the fold. Errors say why a loan that
/// is touched can have no deferral.
pub fn offer(terms: &LoanTerms, events: &[LifeEvent], programme: &Programme) -> Result<Option<Offered>, LoanError> {
    let Some(start) = fold(terms, events, programme.to)?.schedule.map(|schedule| schedule.start) else {
        return Ok(None);
    };
    let mut on = programme.event_on.max(start.add_days(1));
    while paid_ahead_on(events, on) {
        on = on.add_days(1);
    }
    let state = fold(terms, events, on)?;
    if state.closed_on.is_some() || on >= programme.to {
        return Ok(None);
    }
    let inside = |row: &&InstalmentState| programme.event_on <= row.due_on && row.due_on < programme.to;
    let parts: Vec<DeferredPart> =
        state.instalments.iter().filter(inside).filter_map(|row| part(terms, row, programme)).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let deferral = Deferral {
        event: programme.document.clone(),
        parts,
        to: programme.to,
        scope: programme.scope,
        interest: programme.interest,
        consent: Consents { borrower: BorrowerConsent::NoBurden, guarantor: GuarantorConsent::NoGuarantor },
    };
    let event = LifeEvent { id: Id::default(), value_date: on, what: Happening::Deferred(deferral.clone()) };
    let preview = preview(terms, events, &event)?;
    Ok(Some(Offered { deferral, on, preview }))
}

/// What of a row the lost crops were to pay; `None` if nothing.
fn part(terms: &LoanTerms, row: &InstalmentState, programme: &Programme) -> Option<DeferredPart> {
    let unpaid_fen = row.unpaid_fen(Component::Principal);
    let (of, whole) = match (&terms.season, programme.crops.as_slice()) {
        (_, []) => (1, 1),
        (Some(season), crops) => lost(season, row.due_on, crops),
        // What the loan is repaid from is not known.
        (None, _) => return None,
    };
    let lost_fen = i128::from(row.due.principal_fen) * of / whole;
    let principal_fen = i64::try_from(lost_fen).unwrap_or(unpaid_fen).min(unpaid_fen);
    let whole_row = of == whole;
    let interest_too = programme.scope == DeferredScope::PrincipalAndInterest && whole_row;
    let has_interest = interest_too && row.unpaid_fen(Component::Interest) > 0;
    (principal_fen > 0 || has_interest).then_some(DeferredPart { due: row.due_on, principal_fen })
}

/// What part of a row some crops pay; of a row that is not of the signed plan, what they pay of the whole loan.
fn lost(season: &SeasonTerms, due: Date, crops: &[String]) -> (i128, i128) {
    let paid_by = |of: &[(String, i64)]| -> i128 {
        of.iter().filter(|(crop, _)| crops.contains(crop)).map(|(_, ppm)| i128::from(*ppm)).sum()
    };
    match season.rows.iter().find(|row| row.due == due) {
        Some(row) if row.principal_ppm > 0 => (paid_by(&row.of), i128::from(row.principal_ppm)),
        _ => (season.rows.iter().map(|row| paid_by(&row.of)).sum(), 1_000_000),
    }
}
