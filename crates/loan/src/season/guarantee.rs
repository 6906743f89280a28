//! What a guarantor carries of a loan that was changed: nothing that a change added without his consent.

use basics::Date;

use crate::life::in_order;
use crate::season::GuarantorConsent;
use crate::season::change::{consents, cost_fen};
use crate::{LifeEvent, LoanError, LoanTerms, fold};

/// A guarantor's part of what is owed on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// What changes added to the cost of the loan without his consent, minor units: not carried.
    pub added_fen: i64,
    /// What would close the loan, less that part, minor units.
    pub carried_fen: i64,
    /// The last due date that he agreed to, from which the guarantee's period runs.
    pub until: Option<Date>,
}

/// What the guarantor carries of a loan at the end of a day.
///
/// A change that burdens him needs his written consent; without it the added part is not carried and the
/// guarantee's period stays where it was.
pub fn carried(terms: &LoanTerms, events: &[LifeEvent], as_of: Date) -> Result<Carried, LoanError> {
    let without_consent = |event: &&LifeEvent| {
        event.value_date <= as_of
            && consents(&event.what).is_some_and(|consents| consents.guarantor == GuarantorConsent::NotGiven)
    };
    let ordered = in_order(events);
    let mut added = 0i128;
    for event in ordered.iter().copied().filter(|event| without_consent(event)) {
        // The change alone, on its own day: with everything before it, and nothing after.
        let place = ordered.iter().position(|other| other.id == event.id).unwrap_or(0);
        let until: Vec<LifeEvent> = ordered.iter().take(place + 1).map(|event| (*event).clone()).collect();
        let before = fold(terms, until.get(..place).unwrap_or_default(), event.value_date)?;
        let after = fold(terms, &until, event.value_date)?;
        added += (cost_fen(&after) - cost_fen(&before)).max(0);
    }
    let kept: Vec<LifeEvent> = ordered.iter().copied().filter(|event| !without_consent(event)).cloned().collect();
    let owed_fen = fold(terms, events, as_of)?.payoff_fen;
    let added_fen = i64::try_from(added).map_err(|_| LoanError::Overflow("what a guarantor does not carry"))?;
    Ok(Carried {
        added_fen,
        carried_fen: owed_fen.saturating_sub(added_fen).max(0),
        until: fold(terms, &kept, as_of)?.schedule.map(|schedule| schedule.maturity()),
    })
}
