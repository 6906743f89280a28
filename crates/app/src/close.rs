//! Close of day: each cell closes in its own queue, the institution when every receipt is in.
//!
//! A cell closes day D in steps, each a command of its own that sends the next: first the agenda, a bounded number of
//! places at a time (only loans and lines to which something happens on D by itself: a due date, a statement, a threshold of
//! days past due, the end of grace, a run-up at the end of a month; and merchants that are paid for what they sold); then, in
//! the last step, one entry with the day's interest by group, what ends with a month or a year, the receipt, and the new
//! open date. Everything else interleaves and books to whatever the
//! cell's open date is, so nothing stops for the close. A step that was cut off is delivered again under its own id.

use basics::{Cell, Date};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Message, Record, Stamp, key};
use ledger::Line;
use minicbor::{Decode, Encode};

use crate::books::booked;
use crate::command::{Command, Outcome};
use crate::fact::{AccruedGroup, Fact, TouchedLoan};
use crate::holding::{Holding, Stands, Turn, broken, group_account, group_of};
use crate::house::Tianxin;
use crate::line::{CreditLine, LineMoved, LinePlace};
use crate::loan_books::{needs_touch, put_event};
use crate::period_end::YearEnd;
use crate::posting::Role;
use crate::remind::Purses;
use crate::subject_day::{SubjectMoved, moved_on_open_day, needs_moved};
use crate::sums::put_group;
use crate::tables::{
    AccrualGroup, Agenda, AgendaKind, BusinessDay, CellDay, Contract, EntryKind, LoanEvent, LoanNote, Wallet,
};

/// What one step takes from the agenda at most.
pub const STEP_MAX: usize = 256;

/// Close the institution's day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CloseDay {
    /// The day; the office's open day.
    #[n(0)]
    pub day: Date,
}

/// A step of closing a cell's day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CloseCell {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The day.
    #[n(1)]
    pub day: Date,
    /// Which step, from 0.
    #[n(2)]
    #[cbor(default)]
    pub step: u32,
}

/// A cell has closed its day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TakeReceipt {
    /// Which cell.
    #[n(0)]
    pub from: Cell,
    /// Which day.
    #[n(1)]
    pub day: Date,
    /// What its year came to, on the last day of one.
    #[n(2)]
    pub year: Option<YearEnd>,
    /// What was booked in the cell on the day, subject by subject.
    #[n(3)]
    #[cbor(default)]
    pub moved: Vec<SubjectMoved>,
}

/// How long the close of a day took, told by whoever ran it: the books have no clock.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct NoteClose {
    /// The day.
    #[n(0)]
    pub day: Date,
    /// Milliseconds.
    #[n(1)]
    pub millis: i64,
}

impl Tianxin {
    pub(crate) fn needs_day(&self, day: Date, needs: &mut Needs) {
        needs.rows::<BusinessDay>(key![Cell::OFFICE, day]);
    }

    pub(crate) fn close_day(&self, slice: &Overlay, command: &CloseDay, context: &Context) -> Decided<Tianxin> {
        let day = command.day;
        let today = context.at.date_at_offset(self.institution.zone_minutes);
        if slice.get::<BusinessDay>(&key![Cell::OFFICE, day])?.is_some() {
            return Err(Refusal::new("day_closing", format!("{day} is closed, or being closed, already")).into());
        }
        if day != context.open_date {
            let message = format!("the open day is {}: close that one", context.open_date);
            return Err(Refusal::new("not_the_open_day", message).into());
        }
        if day > today {
            return Err(Refusal::new("day_not_over", format!("{day} has not begun yet")).into());
        }
        self.check_no_half_taken_book(slice)?;
        crate::drawer::check_all_closed(slice, day)?;
        let fact = Fact::CloseStarted { day, expected: i64::from(context.cells) };
        let mut change = Change::new(Outcome::Closing { day, cells: context.cells }, vec![fact]);
        for cell in (1..=context.cells).map(Cell) {
            let id = context.command_id.derive(&format!("close-{cell}"));
            let command = Command::CloseCell(CloseCell { cell, day, step: 0 });
            change = change.with_message(Message { id, command });
        }
        Ok(change)
    }

    pub(crate) fn needs_close_cell(
        &self,
        command: &CloseCell,
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        let cell = command.cell;
        needs.first::<Agenda>(key![cell], STEP_MAX);
        needs.rows::<CellDay>(key![cell, command.day]);
        needs_touch(needs, cell);
        if !slice.has_first(Agenda::table(), &key![cell]) {
            return Ok(());
        }
        for row in due_on(slice, cell, command.day)?.0 {
            match kind_of(&row)? {
                AgendaKind::Loan => {
                    let loan = key![cell, row.owner, row.item];
                    needs.rows::<LoanNote>(loan.clone());
                    needs.rows::<LoanEvent>(loan.clone());
                    if slice.has(LoanNote::table(), &loan)
                        && let Some(note) = slice.get::<LoanNote>(&loan)?
                    {
                        needs.rows::<Contract>(key![cell, row.owner, note.contract]);
                        // What is due may be taken from it.
                        if self.reminders.is_some() {
                            needs.rows::<Wallet>(key![cell, row.owner, note.currency]);
                        }
                    }
                }
                AgendaKind::Line => {
                    self.needs_line_due(LinePlace { cell, household: row.owner, line: row.item }, needs);
                }
                AgendaKind::Merchant => self.needs_merchant_due(cell, row.owner, slice, needs)?,
                AgendaKind::Hold => self.needs_hold((cell, row.owner, row.item), slice, needs)?,
                AgendaKind::Suspended => self.needs_suspended((cell, row.owner, row.item), slice, needs)?,
                AgendaKind::Facility | AgendaKind::Undrawn | AgendaKind::UseOfFunds | AgendaKind::ContractEnd => {
                    self.needs_dates(cell, row.owner, needs);
                }
            }
        }
        Ok(())
    }

    /// Takes the next part of the agenda; where it is done, ends the day.
    pub(crate) fn close_cell(&self, slice: &Overlay, command: &CloseCell, context: &Context) -> Decided<Tianxin> {
        let (cell, day) = (command.cell, command.day);
        if context.open_date != day {
            let message = format!("{cell} has {} open, not {day}", context.open_date);
            return Err(Refusal::new("not_the_open_day", message).into());
        }
        let (due, whole) = due_on(slice, cell, day)?;
        if due.is_empty() && whole {
            return self.end_day(slice, command, context);
        }
        // Where others in this batch have dealt with everything that was loaded, the next step looks again.
        let (mut paid, mut messages) = (Vec::new(), Vec::new());
        for row in due.iter().filter(|row| row.kind == AgendaKind::Merchant.code()) {
            let transfer = context.command_id.derive(&format!("merchant-{}", row.owner));
            let (facts, message) = self.merchant_due(slice, cell, row.owner, day, transfer)?;
            paid.extend(facts);
            messages.extend(message);
        }
        for row in due.iter().filter(|row| row.kind == AgendaKind::Hold.code()) {
            paid.extend(self.hold_due(slice, row, day)?);
        }
        for row in due.iter().filter(|row| row.kind == AgendaKind::Suspended.code()) {
            paid.extend(self.suspended_due(slice, row)?);
        }
        let mut facts = self.touch_due(slice, cell, day, &due, entries_in(&paid))?;
        facts.extend(paid);
        let (dated, told) = self.dates_due(slice, cell, &due, context)?;
        facts.extend(dated);
        messages.extend(told);
        let step = command.step + 1;
        let id = context.command_id.derive(&format!("step-{step}"));
        let next = Message { id, command: Command::CloseCell(CloseCell { cell, day, step }) };
        let change = Change::new(Outcome::Done, facts);
        Ok(messages.into_iter().chain([next]).fold(change, Change::with_message))
    }

    /// What happens on a day by itself to what stands on the agenda; beside it the step books so many other entries.
    fn touch_due(
        &self,
        slice: &Overlay,
        cell: Cell,
        day: Date,
        due: &[Agenda],
        beside: i64,
    ) -> Result<Vec<Fact>, Fault> {
        let mut turn = Turn::new(slice, cell, day);
        let (mut of_loans, mut of_lines, mut notices) = (Vec::with_capacity(due.len()), Vec::new(), Vec::new());
        for row in due {
            match kind_of(row)? {
                AgendaKind::Loan => of_loans.push(row),
                AgendaKind::Line => {
                    let place = LinePlace { cell, household: row.owner, line: row.item };
                    let (moved, told) = self.line_due(slice, &mut turn, place, day)?;
                    of_lines.push(moved);
                    notices.extend(told);
                }
                // Done beside it: none is part of what loans come to.
                AgendaKind::Merchant
                | AgendaKind::Hold
                | AgendaKind::Suspended
                | AgendaKind::Facility
                | AgendaKind::Undrawn
                | AgendaKind::UseOfFunds
                | AgendaKind::ContractEnd => {}
            }
        }
        let mut loans = Vec::with_capacity(of_loans.len());
        let mut resets = Vec::new();
        let mut all = self.loans_due(slice, day, &of_loans)?;
        for due in &mut all {
            turn.touch(&due.touched(&due.old, &due.stands.holding))?;
            resets.append(&mut due.resets);
        }
        let lines = turn.lines(&self.subjects.roles)?;
        let (mut collected, mut purses) = (Vec::new(), Purses::new());
        for mut due in all {
            let before = due.stands.holding.clone();
            let taken = self.collect(slice, cell, day, &mut due, &mut purses)?;
            if taken.is_some() {
                turn.touch(&due.touched(&before, &due.stands.holding))?;
            }
            notices.extend(self.notices(day, &due, taken.as_ref())?);
            collected.extend(taken);
            let remind_on = self.remind_on(&due.terms, &due.state, &due.stands, day.add_days(1));
            let stands = Stands { remind_on, ..due.stands };
            loans.push(TouchedLoan { household: due.note.household, loan: due.note.id, stands });
        }
        let lines_collected = turn.lines(&self.subjects.roles)?;
        let mut facts = Vec::new();
        if !resets.is_empty() {
            facts.push(Fact::RatesReset { loans: resets });
        }
        let entries = i64::from(!lines.is_empty()) + i64::from(!lines_collected.is_empty());
        if !collected.is_empty() {
            facts.push(Fact::LoansCollected { loans: collected });
        }
        facts.push(Fact::LoansTouched { loans, entries: beside + entries });
        let currency = self.institution.currency;
        for (kind, lines) in [(EntryKind::LoanDues, lines), (EntryKind::Collection, lines_collected)] {
            if !lines.is_empty() {
                facts.push(booked(kind, day, currency, lines, None)?);
            }
        }
        if !notices.is_empty() {
            facts.push(Fact::NoticesMade { notices });
        }
        if !of_lines.is_empty() {
            facts.push(Fact::LinesTouched { lines: of_lines });
        }
        Ok(facts)
    }

    /// The day's interest, what ends with a month or a year, the receipt, the new open date.
    fn end_day(&self, slice: &Overlay, command: &CloseCell, context: &Context) -> Decided<Tianxin> {
        let (cell, day) = (command.cell, command.day);
        let currency = self.institution.currency;
        let (groups, accrual) = self.accrual(slice, cell, day)?;
        let mut facts = Vec::new();
        let mut moved: Vec<Line> = accrual.clone();
        if !accrual.is_empty() {
            facts.push(booked(EntryKind::Accrual, day, currency, accrual, None)?);
        }
        if day == day.last_of_month() {
            let ended = self.month_end(slice, cell, day, &groups)?;
            moved.extend(ended.lines);
            facts.extend(ended.facts);
        }
        let mut year = None;
        if is_last_of_year(day) {
            let (ended, came_to) = self.year_end(slice, cell, day, &moved)?;
            facts.extend(ended);
            facts.extend(self.distribute(slice, cell, day, &facts)?);
            year = Some(came_to);
        }
        let told = moved_on_open_day(slice, cell, &facts)?;
        let entries = entries_in(&facts);
        facts.insert(0, Fact::DayAccrued { day, groups, entries });
        facts.push(Fact::DayClosed { day });
        let receipt = Message {
            id: context.command_id.derive("receipt"),
            command: Command::TakeReceipt(TakeReceipt { from: cell, day, year, moved: told }),
        };
        let mut change = Change::new(Outcome::Closed { day }, facts).with_message(receipt);
        change.opens = Some(day.add_days(1));
        Ok(change)
    }

    /// What every group accrues on a day, and the lines of the one entry with it.
    fn accrual(&self, slice: &Overlay, cell: Cell, day: Date) -> Result<(Vec<AccruedGroup>, Vec<Line>), Fault> {
        let roles = &self.subjects.roles;
        let mut groups = Vec::new();
        let mut lines = Vec::new();
        let (mut income, mut contra) = (0i64, 0i64);
        let add = |a: i64, b: i64| {
            a.checked_add(b).ok_or_else(|| Fault::Broken("a day's interest does not fit 64 bits".to_owned()))
        };
        for row in slice.range::<AccrualGroup>(&key![cell])? {
            let (key, mut sum) = group_of(&row)?;
            let grown = sum.accrue(key.convention, key.denominator, day, day.add_days(1));
            let change_minor = grown.map_err(broken)?;
            if change_minor == 0 {
                continue;
            }
            let role = if key.stage.is_accruing() {
                income = add(income, change_minor)?;
                Role::InterestAccrued
            } else {
                contra = add(contra, change_minor)?;
                Role::OffAccrued
            };
            lines.push(Line::debit(roles.code(role), Some(group_account(&key)), change_minor));
            groups.push(AccruedGroup { key, change_minor });
        }
        for (role, amount_minor) in [(Role::InterestIncome, income), (Role::OffContra, contra)] {
            if amount_minor != 0 {
                lines.push(Line::credit(roles.code(role), None, amount_minor));
            }
        }
        Ok((groups, lines))
    }

    pub(crate) fn needs_receipt(&self, command: &TakeReceipt, needs: &mut Needs) {
        self.needs_day(command.day, needs);
        needs_moved(command.day, needs);
    }

    pub(crate) fn take_receipt(&self, slice: &Overlay, command: &TakeReceipt, _: &Context) -> Decided<Tianxin> {
        let day = command.day;
        let row = slice
            .get::<BusinessDay>(&key![Cell::OFFICE, day])?
            .ok_or_else(|| Refusal::new("not_closing", format!("{day} is not being closed")))?;
        let moved = command.moved.clone();
        let mut facts = vec![Fact::ReceiptTaken { day, from: command.from, year: command.year, moved }];
        if row.received + 1 < row.expected {
            return Ok(Change::new(Outcome::Done, facts));
        }
        if is_last_of_year(day) {
            let own = command.year.unwrap_or(YearEnd { profit_minor: 0, loans_minor: 0 });
            let cells = row.with_year(own)?;
            let (ended, office) = self.year_end(slice, Cell::OFFICE, day, &[])?;
            facts.extend(ended);
            facts.extend(self.set_reserve(slice, day, cells, office)?);
            facts.extend(self.distribute(slice, Cell::OFFICE, day, &facts)?);
        }
        let moved = moved_on_open_day(slice, Cell::OFFICE, &facts)?;
        facts.push(Fact::InstitutionDayClosed { day, moved });
        let mut change = Change::new(Outcome::Closed { day }, facts);
        change.opens = Some(day.add_days(1));
        Ok(change)
    }

    pub(crate) fn note_close(&self, slice: &Overlay, command: &NoteClose) -> Decided<Tianxin> {
        let NoteClose { day, millis } = *command;
        let row = slice.get::<BusinessDay>(&key![Cell::OFFICE, day])?;
        if !row.is_some_and(|row| row.closed) {
            return Err(Refusal::new("not_closed", format!("{day} is not closed: close it first")).into());
        }
        if millis < 0 {
            return Err(Refusal::new("bad_duration", "a close takes no less than 0 milliseconds").into());
        }
        Ok(Change::new(Outcome::Done, vec![Fact::CloseTook { day, millis }]))
    }
}

/// How many entries facts book.
fn entries_in(facts: &[Fact]) -> i64 {
    facts.iter().filter(|fact| matches!(fact, Fact::Booked(_))).count() as i64
}

/// The part of the agenda that was loaded and is due by the end of a day, and whether that is all of it.
fn due_on(slice: &Overlay, cell: Cell, day: Date) -> Result<(Vec<Agenda>, bool), Fault> {
    let first = slice.first::<Agenda>(&key![cell])?;
    let whole = first.whole || first.rows.iter().any(|row| row.on_day > day);
    let due = first.rows.into_iter().filter(|row| row.on_day <= day).collect();
    Ok((due, whole))
}

pub(crate) fn kind_of(row: &Agenda) -> Result<AgendaKind, Fault> {
    AgendaKind::of_code(row.kind)
        .ok_or_else(|| Fault::Broken(format!("nothing is known of the kind {} on the agenda", row.kind)))
}

/// Whether income and expense of a year end with this day.
fn is_last_of_year(day: Date) -> bool {
    (day.month(), day.day()) == (12, 31)
}

fn cell_day(books: &Overlay, cell: Cell, day: Date) -> Result<CellDay, Fault> {
    let row = books.get::<CellDay>(&key![cell, day])?;
    Ok(row.unwrap_or(CellDay {
        cell,
        day,
        steps: 0,
        loans: 0,
        entries: 0,
        accrued_minor: 0,
        due_minor: 0,
        class_moves: 0,
        provision_minor: 0,
        resets: 0,
        resets_missed: 0,
        closed_seq: 0,
    }))
}

impl BusinessDay {
    /// What the years of the cells came to so far, with one more.
    pub(crate) fn with_year(&self, year: YearEnd) -> Result<YearEnd, Fault> {
        let overflow = || Fault::Broken("the profit of a year does not fit 64 bits".to_owned());
        Ok(YearEnd {
            profit_minor: self.profit_minor.checked_add(year.profit_minor).ok_or_else(overflow)?,
            loans_minor: self.loans_minor.checked_add(year.loans_minor).ok_or_else(overflow)?,
        })
    }
}

/// Counts the loans that a step of the close touched.
pub(crate) fn count_loans(books: &mut Overlay, stamp: &Stamp, counted: &StepCount) -> Result<(), Fault> {
    let row = cell_day(books, stamp.cell, stamp.booking_date)?;
    books.put(&CellDay {
        steps: row.steps + 1,
        entries: row.entries + counted.entries,
        loans: row.loans + counted.loans,
        class_moves: row.class_moves + counted.class_moves,
        due_minor: row.due_minor.saturating_add(counted.due_minor),
        ..row
    });
    Ok(())
}

/// What a step of the close touched, with what it changed.
#[derive(Default)]
pub(crate) struct StepCount {
    /// Entries booked.
    pub(crate) entries: i64,
    /// Loans touched.
    pub(crate) loans: i64,
    /// Loans whose class changed.
    pub(crate) class_moves: i64,
    /// Interest that fell due, minor units.
    pub(crate) due_minor: i64,
}

impl StepCount {
    /// One loan more, from one holding to another.
    pub(crate) fn touched(&mut self, old: &Holding, new: &Holding) {
        self.loans += 1;
        self.class_moves += i64::from(old.class != new.class);
        let due_minor = new.billed.interest_fen.saturating_sub(old.billed.interest_fen);
        self.due_minor = self.due_minor.saturating_add(due_minor);
    }
}

/// Counts the lines among what a step touched, before their rows change.
pub(crate) fn count_lines(books: &mut Overlay, stamp: &Stamp, lines: &[LineMoved]) -> Result<(), Fault> {
    let cell = stamp.cell;
    let mut row = cell_day(books, cell, stamp.booking_date)?;
    row.loans += lines.len() as i64;
    for moved in lines {
        let Some(new) = &moved.holding else { continue };
        let line = books.get::<CreditLine>(&key![cell, moved.household, moved.line])?;
        let line = line.ok_or_else(|| Fault::Broken(format!("no line {} to touch", moved.line)))?;
        let old = Holding::of_line(&line)?;
        row.class_moves += i64::from(old.class != new.class);
        row.due_minor = row.due_minor.saturating_add(new.billed.interest_fen.saturating_sub(old.billed.interest_fen));
    }
    books.put(&row);
    Ok(())
}

/// Turns the facts that end a day in a cell into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::DayAccrued { day, groups, entries } => {
            let mut accrued = 0i64;
            let mut told = groups.iter();
            for row in books.range::<AccrualGroup>(&key![cell])? {
                let (key, mut sum) = group_of(&row)?;
                let grown = sum.accrue(key.convention, key.denominator, *day, day.add_days(1));
                let change_minor = grown.map_err(broken)?;
                if change_minor != 0 {
                    let same = told.next().is_some_and(|g| g.key == key && g.change_minor == change_minor);
                    if !same {
                        return Err(Fault::Broken(format!("the accrual of {day} is not that of the groups")));
                    }
                    if key.stage.is_accruing() {
                        accrued = accrued.saturating_add(change_minor);
                    }
                }
                put_group(books, cell, &key, &sum);
            }
            if told.next().is_some() {
                return Err(Fault::Broken(format!("the accrual of {day} names a group that is not there")));
            }
            let row = cell_day(books, cell, *day)?;
            books.put(&CellDay {
                steps: row.steps + 1,
                entries: row.entries + entries,
                accrued_minor: accrued,
                closed_seq: stamp.seq,
                ..row
            });
        }
        Fact::RatesReset { loans } => {
            let mut row = cell_day(books, cell, stamp.booking_date)?;
            for reset in loans {
                put_event(books, cell, reset.household, reset.loan, &reset.event);
                row.resets += 1;
                row.resets_missed += i64::from(reset.problem.is_some());
            }
            books.put(&row);
        }
        Fact::Provided { day, change_minor } => {
            let row = cell_day(books, cell, *day)?;
            books.put(&CellDay { provision_minor: *change_minor, ..row });
        }
        Fact::AllowanceSet(set) => {
            let row = cell_day(books, cell, set.day)?;
            books.put(&CellDay { provision_minor: set.change_minor, ..row });
            crate::period_end::apply(books, stamp, set);
        }
        other => return Err(Fault::Broken(format!("{other:?} does not end a day"))),
    }
    Ok(())
}
