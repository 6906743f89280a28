//! What staff has to do by a day: opened by the close where a date asks for it, ended by the act that does it.

use basics::{Cell, Date, Id};
use door::backend::List;
use door::overlay::{Fault, Overlay};
use door::{Record, Stamp, Value, key};
use minicbor::{Decode, Encode};

use crate::desk::{Desk, DeskError};
use crate::fact::Fact;
use crate::tables::{Agenda, AgendaKind};

door::text_enum! {
    /// What has to be done.
    pub enum TaskKind {
        /// A facility has to be reviewed 年审.
        ReviewFacility = "review_facility",
        /// A facility has expired while something is owed or promised under it: grant a new one, or let it end.
        RenewFacility = "renew_facility",
        /// What self-paid money was spent on has not been shown 用途凭证.
        ShowUse = "show_use",
        /// The household withdraws a consent 撤回同意.
        WithdrawConsent = "withdraw_consent",
        /// Something that is registered of it is wrong 更正信息.
        CorrectData = "correct_data",
        /// It wants its data deleted 删除信息.
        EraseData = "erase_data",
        /// It wants to be told who looked at its data 查询记录.
        TellWhoLooked = "tell_who_looked",
        /// It has another phone number and not the old phone any more 换手机号.
        ChangePhone = "change_phone",
        /// An instalment to come may not be met: call before it falls due 提前联系.
        CallAhead = "call_ahead",
    }
}

door::text_enum! {
    /// Where a task stands.
    pub enum TaskStatus {
        /// To be done.
        Open = "open",
        /// Done.
        Done = "done",
        /// Nothing is left to do: what it was about has ended.
        Dropped = "dropped",
    }
}

door::table! {
    /// Something that staff has to do by a day.
    pub struct Task = "task" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household it is about.
        household: Id,
        /// Its id.
        id: Id,
        /// What has to be done.
        kind: TaskKind,
        /// Where it stands.
        status: TaskStatus,
        /// The facility or the loan it is about; the household where it is about its data.
        about: Id,
        /// The day it was opened.
        opened_on: Date,
        /// By when.
        due_on: Date,
        /// The day it was done or dropped.
        ended_on: Option<Date>,
    }
    index "task_by_due" ["cell", "status", "due_on", "id"];
}

/// A task as the close of a day opens it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TaskOpened {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The task.
    #[n(1)]
    pub task: Id,
    /// What has to be done.
    #[n(2)]
    pub kind: TaskKind,
    /// The facility or the loan it is about.
    #[n(3)]
    pub about: Id,
    /// By when.
    #[n(4)]
    pub due_on: Date,
}

/// The open tasks about a facility or a loan, of rows that were asked for.
pub(crate) fn open_tasks(slice: &Overlay, cell: Cell, household: Id, about: Id) -> Result<Vec<Task>, Fault> {
    let mut rows = slice.range::<Task>(&key![cell, household])?;
    rows.retain(|row| row.about == about && row.status == TaskStatus::Open);
    Ok(rows)
}

/// The facts by which the open tasks of some kinds about a facility or a loan end.
pub(crate) fn end_tasks(
    slice: &Overlay,
    cell: Cell,
    household: Id,
    about: Id,
    (kinds, status): (&[TaskKind], TaskStatus),
) -> Result<Vec<Fact>, Fault> {
    let open = open_tasks(slice, cell, household, about)?;
    let ended = open.into_iter().filter(|row| kinds.contains(&row.kind));
    Ok(ended.map(|row| Fact::TaskEnded { household, task: row.id, status }).collect())
}

/// Turns a task opened or ended into its row. One that waits for what money was spent on is looked at again on its last day.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::TaskOpened(opened) => {
            let TaskOpened { household, task, kind, about, due_on } = *opened;
            let (status, opened_on) = (TaskStatus::Open, stamp.booking_date);
            books.put(&Task { cell, household, id: task, kind, status, about, opened_on, due_on, ended_on: None });
            if kind == TaskKind::ShowUse {
                let kind = AgendaKind::UseOfFunds.code();
                books.put(&Agenda { cell, on_day: due_on, kind, owner: household, item: about, by_seq: stamp.seq });
            }
        }
        Fact::TaskEnded { household, task, status } => {
            let row = books
                .get::<Task>(&key![cell, *household, *task])?
                .ok_or_else(|| Fault::Broken(format!("there is no task {task} to end")))?;
            books.put(&Task { status: *status, ended_on: Some(stamp.booking_date), ..row });
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a task"))),
    }
    Ok(())
}

impl Desk {
    /// All tasks about a household, ended ones too.
    pub fn tasks_of(&self, household: Id) -> Result<Vec<Task>, DeskError> {
        self.rows(key![self.cell_of(household), household])
    }

    /// Open tasks over all cells, those due first before others, at most `limit`.
    pub fn open_tasks(&self, limit: usize) -> Result<Vec<Task>, DeskError> {
        let mut all: Vec<Task> = self.in_every_cell(|cell| List {
            table: Task::table(),
            equal: vec![("cell", cell), ("status", Value::Text(TaskStatus::Open.as_str().into()))],
            order: vec!["due_on", "id"],
            descending: false,
            after: None,
            limit,
        })?;
        all.sort_by_key(|row| (row.due_on, row.id));
        all.truncate(limit);
        Ok(all)
    }
}
