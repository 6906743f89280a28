//! A call before an instalment falls due: a task of the office, opened by whoever read the warning and ended by whoever has called.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::{Decode, Encode};

use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::{LoanNote, LoanState};
use crate::task::{Task, TaskKind, TaskOpened, TaskStatus, open_tasks};

/// Days within which a household is called, and at the latest on the day before the instalment falls due.
pub const CALL_DAYS: i32 = 3;

/// Ask that a household is called before an instalment falls due.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AskCall {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
    /// The id of the task it becomes.
    #[n(3)]
    pub task: Id,
    /// The instalment's due date.
    #[n(4)]
    pub due_on: Date,
}

/// Tell that the household was called, or that nobody will.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct EndCall {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The task.
    #[n(2)]
    pub task: Id,
    /// Whether somebody has spoken with it.
    #[n(3)]
    pub is_done: bool,
}

impl Tianxin {
    pub(crate) fn needs_ask_call(&self, command: &AskCall, needs: &mut Needs) {
        needs.rows::<Task>(key![command.cell, command.household]);
        needs.rows::<LoanNote>(key![command.cell, command.household, command.loan]);
    }

    pub(crate) fn needs_end_call(&self, command: &EndCall, needs: &mut Needs) {
        needs.rows::<Task>(key![command.cell, command.household]);
    }

    pub(crate) fn ask_call(&self, slice: &Overlay, command: &AskCall, context: &Context) -> Decided<Tianxin> {
        let AskCall { cell, household, loan, task, due_on } = *command;
        let note = slice
            .get::<LoanNote>(&key![cell, household, loan])?
            .ok_or_else(|| Refusal::new("unknown_loan", "there is no such loan: check its id"))?;
        let today = context.open_date;
        if note.status != LoanState::Open || due_on < today || due_on > note.maturity {
            let message = format!("the loan has no instalment to come on {due_on}: look at its plan");
            return Err(Refusal::new("nothing_due", message).into());
        }
        let open = open_tasks(slice, cell, household, loan)?;
        if open.iter().any(|row| row.kind == TaskKind::CallAhead) {
            return Err(Refusal::new("call_asked", "somebody is to call about this loan already").into());
        }
        let by = today.add_days(CALL_DAYS).min(due_on.add_days(-1)).max(today);
        let opened = TaskOpened { household, task, kind: TaskKind::CallAhead, about: loan, due_on: by };
        Ok(Change::new(Outcome::Done, vec![Fact::TaskOpened(opened)]))
    }

    pub(crate) fn end_call(&self, slice: &Overlay, command: &EndCall, _: &Context) -> Decided<Tianxin> {
        let EndCall { cell, household, task, is_done } = *command;
        let row = slice
            .get::<Task>(&key![cell, household, task])?
            .filter(|row| row.kind == TaskKind::CallAhead)
            .ok_or_else(|| Refusal::new("unknown_call", "there is no such call to make: look at the list of tasks"))?;
        if row.status != TaskStatus::Open {
            return Err(Refusal::new("call_ended", "this call was made, or given up, already").into());
        }
        let status = if is_done { TaskStatus::Done } else { TaskStatus::Dropped };
        Ok(Change::new(Outcome::Done, vec![Fact::TaskEnded { household, task, status }]))
    }
}
