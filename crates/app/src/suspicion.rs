//! Reports of suspicious transactions (可疑交易报告): what an institution tells the authority of a case, decided by two.
//!
//! The evidence is what the case has: alerts with their signals, notes, orders that were suspended. All of it is rows that the journal made, so that
//! what a report rested on is read again as it stood when it was made. That there is a report is in the office's cell and on the office's
//! pages alone: neither the pages of the household nor what it is given of its data tell of it.

use basics::{Cell, Id, Instant};
use door::app::{Context, Decided, Refusal, Stamp};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::case::{CaseState, WatchCase};
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;

/// Characters of the grounds at most.
const GROUNDS_CHARS_MAX: usize = 2_000;

/// Report a case to the authority.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ReportSuspicion {
    /// Whom the case is about.
    #[n(0)]
    pub subject: Id,
    /// The case.
    #[n(1)]
    pub case: Id,
    /// What is suspected, and what it rests on.
    #[n(2)]
    pub grounds: String,
}

door::table! {
    /// A report of a case. Lives in the office's cell.
    pub struct SuspicionReport = "suspicion_report" (Household, State, key 3) {
        /// The office.
        cell: Cell,
        /// The case.
        case: Id,
        /// The report.
        id: Id,
        /// Whom the case is about.
        subject: Id,
        /// When it was made: evidence that came later is not part of it.
        reported_at: Instant,
        /// Who approved it.
        approved_by: Id,
        /// What is suspected, and what it rests on.
        grounds: String,
    }
}

impl Tianxin {
    pub(crate) fn report_suspicion(&self, slice: &Overlay, command: &ReportSuspicion, _: &Context) -> Decided<Tianxin> {
        check_text("what is suspected", &command.grounds, GROUNDS_CHARS_MAX)?;
        let unknown = || Refusal::new("unknown_case", "there is no such case: look at the list of cases");
        let place = key![Cell::OFFICE, command.subject, command.case];
        let row = slice.get::<WatchCase>(&place)?.ok_or_else(unknown)?;
        if row.state == CaseState::Open {
            return Err(Refusal::new("case_not_taken", "take the case first: who reports has looked at it").into());
        }
        Ok(Change::new(Outcome::Done, vec![Fact::SuspicionReported(command.clone())]))
    }

    pub(crate) fn needs_report_suspicion(&self, command: &ReportSuspicion, needs: &mut Needs) {
        self.needs_cases(command.subject, needs);
    }
}

/// Turns the fact into its row.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, told: &ReportSuspicion) {
    books.put(&SuspicionReport {
        cell: stamp.cell,
        case: told.case,
        id: stamp.command_id,
        subject: told.subject,
        reported_at: stamp.at,
        approved_by: stamp.actor.id,
        grounds: told.grounds.clone(),
    });
}
