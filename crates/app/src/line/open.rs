//! A line is opened under the household's facility, on the text that was read.

use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, key};
use loan::Term;

use super::{CreditLine, CreditLineStatus, LineOpened, OpenLine};
use crate::application::needs_exposure;
use crate::books::{check_amount, check_text};
use crate::command::Outcome;
use crate::facility::{facility, may_draw};
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::posting::Role;

impl Tianxin {
    /// Refuses where the chart of accounts has no place for lines.
    fn lines_here(&self) -> Result<(), Refusal> {
        match [Role::LinePrincipal, Role::MerchantPayable].into_iter().find(|role| !self.subjects.roles.has(*role)) {
            None => Ok(()),
            Some(role) => {
                let message = format!("this institution books no lines: its chart has no subject `{}`", role.as_str());
                Err(Refusal::new("no_lines_here", message))
            }
        }
    }

    pub(crate) fn needs_open_line(&self, command: &OpenLine, needs: &mut Needs) {
        needs_exposure(needs, command.cell, command.household);
    }

    pub(crate) fn open_line(&self, slice: &Overlay, command: &OpenLine, context: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        self.lines_here()?;
        check_text("the evidence of confirmation", &command.evidence, 300)?;
        if command.text_hash.len() != 32 {
            return Err(Refusal::new("bad_text_hash", "the hash of the confirmed text has 32 bytes").into());
        }
        check_amount(command.limit, self.institution.currency)?;
        let lines = slice.range::<CreditLine>(&key![cell, household])?;
        if lines.iter().any(|row| row.id == command.line) {
            return Err(Refusal::new("line_exists", "a line with this id exists: use a new id").into());
        }
        let open = |row: &CreditLine| row.product == command.product && row.status != CreditLineStatus::Closed;
        if lines.iter().any(open) {
            let message = "the household has a line of this product already: close it, or have it raised";
            return Err(Refusal::new("line_exists", message).into());
        }
        let product = self.product_on(&command.product, context.open_date)?;
        let terms = product
            .line_terms(command.limit, Term::Months(command.months), context.open_date, command.rate)
            .map_err(|error| Refusal::new("outside_product", error.to_string()))?;
        // The whole limit has to fit on the day it is opened, though only what is used counts as exposure later.
        if let Err(outcome) = may_draw(slice, cell, household, None, command.limit.minor(), context.open_date)? {
            return Ok(Change::new(outcome, vec![Fact::Declined { code: "over_facility".to_owned() }]));
        }
        let standing =
            facility(slice, cell, household)?.ok_or_else(|| Fault::Broken("a draw without facility".to_owned()))?;
        let fact = Fact::LineOpened(LineOpened {
            household,
            line: command.line,
            facility: standing.id,
            terms,
            text_hash: command.text_hash.clone(),
            evidence: command.evidence.clone(),
        });
        Ok(Change::new(Outcome::Done, vec![fact]))
    }
}
