//! Anybody may ask that a person looks at what model and rules decided: the application goes back to the office.

use basics::{Cell, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::{Decode, Encode};

use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::{Application, ApplicationStatus};

/// Ask that a person decides an application.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AskForPerson {
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

/// Why a person cannot be asked for; none if one can.
pub fn why_no_person(row: &Application) -> Option<&'static str> {
    match row.status {
        ApplicationStatus::Referred => Some("the office has it already and answers soon"),
        ApplicationStatus::Received => Some("it is not decided yet"),
        ApplicationStatus::Withdrawn => Some("it was withdrawn: apply anew"),
        ApplicationStatus::Signed => Some("a contract is signed on it: ask the office about the loan"),
        ApplicationStatus::Approved | ApplicationStatus::Declined if row.reason.is_some() => {
            Some("a person has decided it: apply anew, or complain")
        }
        ApplicationStatus::Approved | ApplicationStatus::Declined => None,
    }
}

impl Tianxin {
    pub(crate) fn needs_ask_for_person(&self, command: &AskForPerson, needs: &mut Needs) {
        needs.rows::<Application>(key![command.cell, command.household]);
    }

    pub(crate) fn ask_for_person(&self, slice: &Overlay, command: &AskForPerson, _: &Context) -> Decided<Tianxin> {
        let (cell, household, application) = (command.cell, command.household, command.application);
        let row = slice
            .get::<Application>(&key![cell, household, application])?
            .ok_or_else(|| Refusal::new("unknown_application", "there is no such application: check its id"))?;
        if let Some(why) = why_no_person(&row) {
            return Err(Refusal::new("no_review", why).into());
        }
        Ok(Change::new(Outcome::Done, vec![Fact::PersonAsked { household, application }]))
    }
}
