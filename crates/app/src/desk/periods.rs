//! Periods as the office sees them: where each stands, what is checked before one is closed, and the command that closes it.

use basics::{Cell, Date};
use door::key;
use ledger::Turnovers;

use super::{Desk, DeskError};
use crate::general_ledger::{self, Days};
use crate::period::{
    ClosePeriod, Period, PeriodAct, PeriodChecks, PeriodEvent, PeriodKind, PeriodState, freeze, last_of, state_of,
};
use crate::tie::{Depth, Tie};

/// A period in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodShown {
    /// The period.
    pub period: Period,
    /// Where it stands.
    pub state: PeriodState,
    /// Whether its days are closed, so that it may be closed.
    pub is_over: bool,
    /// What was done to it, in order.
    pub events: Vec<PeriodEvent>,
}

/// A period with everything that is checked before it is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodView {
    /// Where it stands.
    pub shown: PeriodShown,
    /// Sub-ledgers against the general ledger of its last day.
    pub tie: Tie,
    /// What a command to close it says of that, and what is open beside it.
    pub checks: PeriodChecks,
    /// What was booked in it.
    pub turnovers: Turnovers,
    /// The hash its trial balance has now.
    pub hash: [u8; 32],
    /// Whether the trial balance that was frozen last is the same; none if it was never closed.
    pub is_as_frozen: Option<bool>,
}

impl Desk {
    /// Everything that was ever done to periods.
    pub fn period_events(&self) -> Result<Vec<PeriodEvent>, DeskError> {
        let mut events: Vec<PeriodEvent> = self.rows(key![Cell::OFFICE])?;
        events.sort_by_key(|event| event.seq);
        Ok(events)
    }

    /// The periods of the books of a kind, the latest first; those of days that are not closed yet stand first.
    pub fn periods(&self, kind: PeriodKind) -> Result<Vec<PeriodShown>, DeskError> {
        let Days { first_closed, open } = self.ledger_days()?;
        let events = self.period_events()?;
        let first = Period::of(kind, first_closed.unwrap_or(open));
        let (mut period, mut all) = (Period::of(kind, open), Vec::new());
        while period >= first {
            all.push(shown(&events, period, open));
            period = period.before();
        }
        Ok(all)
    }

    /// A period, with what is checked before it is closed. Its sub-ledgers are derived from the journals as of its last day.
    ///
    /// Errors for one whose last day is not closed.
    pub fn period(&self, period: Period) -> Result<PeriodView, DeskError> {
        let Days { first_closed, open } = self.ledger_days()?;
        let (first, last) = (period.first, period.last());
        if last >= open {
            let message = format!("{} ends on {last}, and {open} is open: close its days first", period.name());
            return Err(DeskError::refused("period_not_over", message));
        }
        if first_closed.is_none_or(|first_closed| last < first_closed) {
            let message = format!("the books begin after {}: there is nothing to close", period.name());
            return Err(DeskError::refused("unknown_period", message));
        }
        let events = self.period_events()?;
        let tie = self.tie(last, Depth::Totals)?;
        let differing = u32::try_from(tie.differing().count()).unwrap_or(u32::MAX);
        let (items, _) = self.recon_queue()?;
        let payments = self.payments_in_question()?;
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let checks = PeriodChecks {
            tied_on: last,
            tied_lines: count(tie.lines.len()),
            differing,
            items_open: count(items.len()),
            payments_open: count(payments.len()),
        };
        let turnovers = self.turnovers_of(first, last)?;
        let hash = freeze(&turnovers).1;
        let closed = events.iter().filter(|event| event.period() == period && event.act == PeriodAct::Closed);
        let is_as_frozen = closed.max_by_key(|event| event.seq).map(|event| event.hash == hash);
        Ok(PeriodView { shown: shown(&events, period, open), tie, checks, turnovers, hash, is_as_frozen })
    }

    /// The command that closes a period, after everything was checked that it tells of.
    pub fn close_period(&self, period: Period, note: Option<String>) -> Result<ClosePeriod, DeskError> {
        let view = self.period(period)?;
        Ok(ClosePeriod { period, checks: view.checks, note })
    }

    /// The trial balance of exactly a closed period, if these days are one: the name of the period, and whether the figures are
    /// the ones that were frozen.
    pub fn frozen(&self, from: Date, to: Date) -> Result<Option<(Period, bool)>, DeskError> {
        let events = self.period_events()?;
        let of_days = |kind: &PeriodKind| {
            let period = Period::of(*kind, from);
            (period.first == from && period.last() == to).then_some(period)
        };
        let Some(period) = PeriodKind::ALL.iter().find_map(of_days) else { return Ok(None) };
        let Some(event) = last_of(&events, period).filter(|event| event.act == PeriodAct::Closed) else {
            return Ok(None);
        };
        let hash = freeze(&self.turnovers_of(from, to)?).1;
        Ok(Some((period, event.hash == hash)))
    }

    fn turnovers_of(&self, from: Date, to: Date) -> Result<Turnovers, DeskError> {
        let cells = self.engine.backend().cells();
        let turnovers = self.readers.with(|reader| Ok(general_ledger::turnovers(reader, cells, from, to)))?;
        turnovers.map_err(super::reports::period_error)
    }
}

fn shown(events: &[PeriodEvent], period: Period, open: Date) -> PeriodShown {
    let of_period = events.iter().filter(|event| event.period() == period).cloned();
    PeriodShown { period, state: state_of(events, period), is_over: period.last() < open, events: of_period.collect() }
}
