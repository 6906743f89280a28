//! An applicant withdraws (撤回): what was asked for or offered is let go, and no longer counts against what it may owe.

use basics::{Cell, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::{Decode, Encode};

use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::{Application, ApplicationStatus};

/// Withdraw an application on which no contract is signed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct WithdrawApplication {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The application.
    #[n(2)]
    pub application: Id,
}

/// Why an application cannot be withdrawn; none if it can.
pub fn why_not_withdrawn(status: ApplicationStatus) -> Option<&'static str> {
    match status {
        ApplicationStatus::Received | ApplicationStatus::Referred | ApplicationStatus::Approved => None,
        ApplicationStatus::Declined => Some("it was declined: nothing is open"),
        ApplicationStatus::Signed => Some("a contract is signed on it: ask the office about the contract"),
        ApplicationStatus::Withdrawn => Some("it was withdrawn before"),
    }
}

impl Tianxin {
    pub(crate) fn needs_withdraw_application(&self, command: &WithdrawApplication, needs: &mut Needs) {
        needs.rows::<Application>(key![command.cell, command.household]);
    }

    pub(crate) fn withdraw_application(
        &self,
        slice: &Overlay,
        command: &WithdrawApplication,
        _: &Context,
    ) -> Decided<Tianxin> {
        let (cell, household, application) = (command.cell, command.household, command.application);
        let row = slice
            .get::<Application>(&key![cell, household, application])?
            .ok_or_else(|| Refusal::new("unknown_application", "there is no such application: check its id"))?;
        if let Some(why) = why_not_withdrawn(row.status) {
            return Err(Refusal::new("nothing_to_withdraw", why).into());
        }
        Ok(Change::new(Outcome::Done, vec![Fact::ApplicationWithdrawn { household, application }]))
    }
}
