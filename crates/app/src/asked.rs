//! What a household asks of the office about its own data: it becomes a task with a day by which it is answered, so that no request of
//! this kind rests on somebody remembering it.

use basics::{Cell, Id};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, key};
use minicbor::{Decode, Encode};

use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::task::{Task, TaskKind, TaskOpened, TaskStatus};

/// Days within which such a request is answered: the platform's own promise, within what 个人信息保护法 and 征信业管理条例 25 leave.
pub const ANSWER_DAYS: i32 = 15;

/// What may be asked for, and nothing else: tasks of these kinds are opened by a household and ended by an answer.
pub const ASKED: [TaskKind; 5] = [
    TaskKind::WithdrawConsent,
    TaskKind::CorrectData,
    TaskKind::EraseData,
    TaskKind::TellWhoLooked,
    TaskKind::ChangePhone,
];

/// Ask the office for something about one's own data.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AskOffice {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The id of the task it becomes.
    #[n(2)]
    pub task: Id,
    /// What is asked for.
    #[n(3)]
    pub kind: TaskKind,
}

/// Answer what a household asked for.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AnswerAsked {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The task.
    #[n(2)]
    pub task: Id,
    /// Whether it was done; otherwise it was refused, or taken back.
    #[n(3)]
    pub is_done: bool,
}

impl Tianxin {
    pub(crate) fn needs_ask_office(&self, cell: Cell, household: Id, needs: &mut Needs) {
        needs.rows::<Task>(key![cell, household]);
    }

    pub(crate) fn ask_office(&self, slice: &Overlay, command: &AskOffice, context: &Context) -> Decided<Tianxin> {
        let AskOffice { cell, household, task, kind } = *command;
        if !ASKED.contains(&kind) {
            return Err(
                Refusal::new("not_to_be_asked", "this kind of task is opened by the close of a day alone").into()
            );
        }
        let rows = slice.range::<Task>(&key![cell, household])?;
        if rows.iter().any(|row| row.kind == kind && row.status == TaskStatus::Open) {
            let message = "this was asked for already and waits for its answer";
            return Err(Refusal::new("asked_already", message).into());
        }
        let due_on = context.open_date.add_days(ANSWER_DAYS);
        let opened = TaskOpened { household, task, kind, about: household, due_on };
        Ok(Change::new(Outcome::Done, vec![Fact::TaskOpened(opened)]))
    }

    pub(crate) fn answer_asked(&self, slice: &Overlay, command: &AnswerAsked, _: &Context) -> Decided<Tianxin> {
        let AnswerAsked { cell, household, task, is_done } = *command;
        let row = slice
            .get::<Task>(&key![cell, household, task])?
            .filter(|row| ASKED.contains(&row.kind))
            .ok_or_else(|| Refusal::new("unknown_request", "this household asked for nothing under this id"))?;
        if row.status != TaskStatus::Open {
            return Err(Refusal::new("request_answered", "this request is answered already").into());
        }
        let status = if is_done { TaskStatus::Done } else { TaskStatus::Dropped };
        Ok(Change::new(Outcome::Done, vec![Fact::TaskEnded { household, task, status }]))
    }
}
