//! What a day finds of the loans on a cell's agenda: each folded as of the day, its resets made.
//!
//! This is what a close costs beside its rows. A loan's fold reads nothing of another's, so that a step is shared out over as many
//! threads as the house has hands; what comes out, and in which order, is the same with any number of them.

use basics::{Date, Id};
use door::key;
use door::overlay::{Fault, Overlay};
use loan::act::NewRates;
use loan::act::reset::{pending_reset, rates_on};
use loan::{Happening, LifeEvent, LoanError, LoanState, LoanTerms, fold};

use crate::fact::ResetLoan;
use crate::holding::{Holding, Of, Stands, Touched};
use crate::house::Tianxin;
use crate::loan_books::loan_events;
use crate::tables::{Agenda, Contract, LoanNote};

/// Loans that are worth a thread of their own: fewer are folded sooner than it starts.
const SHARE_MIN: usize = 32;

/// A loan that was due, as it stood and stands.
pub(crate) struct LoanDue {
    pub(crate) note: LoanNote,
    pub(crate) terms: LoanTerms,
    pub(crate) events: Vec<LifeEvent>,
    /// What the books held of it.
    pub(crate) old: Holding,
    /// As of the day, and what its note shows.
    pub(crate) state: LoanState,
    pub(crate) stands: Stands,
    /// Due date of the oldest instalment that was unpaid before anything was collected.
    pub(crate) unpaid_since: Option<Date>,
    /// The resets of its rate that were due.
    pub(crate) resets: Vec<ResetLoan>,
}

impl LoanDue {
    /// The loan from one holding to another.
    pub(crate) fn touched<'a>(&'a self, old: &'a Holding, new: &'a Holding) -> Touched<'a> {
        let LoanNote { household, id, currency, .. } = self.note;
        Touched { household, id, of: Of::Loan, product: &self.note.product, currency, old, new }
    }
}

impl Tianxin {
    /// The loans of these places on the agenda as of a day, in their order.
    pub(crate) fn loans_due(&self, slice: &Overlay, day: Date, places: &[&Agenda]) -> Result<Vec<LoanDue>, Fault> {
        let fold_all = |some: &[&Agenda]| some.iter().map(|place| self.loan_due(slice, day, place)).collect();
        let share = places.len().div_ceil(self.hands.get()).max(SHARE_MIN);
        let (own, others) = places.split_at(share.min(places.len()));
        if others.is_empty() {
            return fold_all(own);
        }
        std::thread::scope(|scope| {
            let helpers: Vec<_> = others.chunks(share).map(|some| scope.spawn(move || fold_all(some))).collect();
            let mut all: Result<Vec<LoanDue>, Fault> = fold_all(own);
            for helper in helpers {
                let folded = helper.join().map_err(|_| Fault::Broken("a thread that folds loans died".to_owned()));
                let folded = folded.and_then(|folded| folded);
                all = all.and_then(|mut all| folded.map(|folded| all.extend(folded)).map(|()| all));
            }
            all
        })
    }

    fn loan_due(&self, slice: &Overlay, day: Date, place: &Agenda) -> Result<LoanDue, Fault> {
        let (cell, household, loan) = (place.cell, place.owner, place.item);
        let gone = || Fault::Broken(format!("loan {loan} is on the agenda and not in the books"));
        let note = slice.get::<LoanNote>(&key![cell, household, loan])?.ok_or_else(gone)?;
        let contract = slice.get::<Contract>(&key![cell, household, note.contract])?.ok_or_else(gone)?;
        let terms: LoanTerms = basics::cbor::from_bytes(&contract.terms)?;
        let mut events = loan_events(slice, cell, household, loan)?;
        let broken = |e: LoanError| Fault::Broken(format!("loan {loan}: {e}"));
        let (mut state, mut stands) = self.stands(&terms, &events, day).map_err(broken)?;
        let mut resets = Vec::new();
        while let Some(reset) = self.reset_rate(household, loan, &terms, &events, &state).map_err(broken)? {
            events.push(reset.event.clone());
            (state, stands) = self.stands(&terms, &events, day).map_err(broken)?;
            resets.push(reset);
        }
        let unpaid_since = state.oldest_unpaid_due;
        Ok(LoanDue { old: Holding::of(&note)?, note, terms, events, state, stands, unpaid_since, resets })
    }

    /// The first reset of a rate that the contract asks for and no event has made: at the rate published for its day. Where none
    /// is, or it makes no rate, the rate of that day stays and the reset says why, so that it can be put right by a correction.
    fn reset_rate(
        &self,
        household: Id,
        loan: Id,
        terms: &LoanTerms,
        events: &[LifeEvent],
        state: &LoanState,
    ) -> Result<Option<ResetLoan>, LoanError> {
        let (Some(day), Some(rule)) = (pending_reset(terms, events, state), &terms.rate_rule) else { return Ok(None) };
        let linked = self.product(&terms.product.code).ok().and_then(|product| product.linked.as_ref());
        let found = match linked {
            Some(linked) => rates_on(terms, events, rule, &linked.table, day).map_err(|error| error.to_string()),
            None => Err(format!("{} follows no published rate any more", terms.product.code)),
        };
        let (rates, problem) = match found {
            Ok(rates) => (rates, None),
            Err(problem) => {
                let stood = fold(terms, events, day)?;
                (NewRates { rate: stood.rate, penalty_rate: stood.penalty_rate }, Some(problem))
            }
        };
        // After a reset was taken back the next one of the same day needs an id of its own.
        let id = loan.derive(&format!("reset {day} {}", events.len()));
        let event = LifeEvent { id, value_date: day, what: Happening::RateReset(rates) };
        Ok(Some(ResetLoan { household, loan, event, problem }))
    }
}
