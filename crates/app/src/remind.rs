//! Reminders and collection: what a close makes ready for the next day, takes from wallets, and what became of each notice.
//!
//! The close of a day knows, from the reminder plan, which of the loans it touches are to be reminded on the day that follows,
//! and folds each as of the day the notice is about, so that the amount is right. A notice is a row the household can read;
//! one that is also to be carried (text message, printed slip, call) stands in a queue until it was, or was let go.
//! Nothing is sent from inside a command: the desk hands notices over ([`crate::desk`]) and tells the books before and after, so
//! that a notice whose sending was cut off is known, and is sent again under the same id.
//!
//! What is due and unpaid is taken from the wallet on the days of the plan, where the signed contract says that it may be.

use std::collections::BTreeMap;

use basics::{Cell, Currency, Date, Id, Instant};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Record, Stamp, key};
use loan::remind::{About, Channel, Told};
use loan::{Happening, LifeEvent, LoanState, LoanTerms, fold};
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::due::LoanDue;
use crate::fact::Fact;
use crate::holding::{Stands, broken};
use crate::house::Tianxin;
use crate::line::LineView;
use crate::loan_books::put_event;
use crate::loan_turn::{LoanPlace, Standing};
use crate::tables::{LoanNote, Wallet};

/// Notices that one command tells of at most.
pub const CARRIED_MAX: usize = 256;

door::text_enum! {
    /// What became of a notice.
    pub enum NoticeState {
        /// It stands among the household's messages; nothing else was to happen.
        Shown = "shown",
        /// It waits to be carried.
        Waiting = "waiting",
        /// It was given to whoever carries it, and nothing was heard yet.
        Handed = "handed",
        /// It was carried: taken by the gateway, printed and handed over, said on the phone.
        Carried = "carried",
        /// It was let go: paid meanwhile, too late, or nobody to reach.
        LetGo = "let_go",
    }
}

door::text_enum! {
    /// What a notice is about.
    pub enum NoticeAbout {
        /// A loan.
        Loan = "loan",
        /// A statement line.
        Line = "line",
    }
}

door::table! {
    /// What a household was told about a loan or a line.
    pub struct Notice = "notice" (Household, State, key 3) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// Its id.
        id: Id,
        /// What it is about.
        about: NoticeAbout,
        /// The loan or the line.
        item: Id,
        /// Its product.
        product: String,
        /// The day it is for.
        on_day: Date,
        /// The due date it is about.
        due: Date,
        /// Code of the step of the plan.
        step: String,
        /// Code of the text.
        text: String,
        /// How it is carried: `app`, `sms`, `slip`, `call`.
        channel: String,
        /// What is owed, as of the day it is about, in minor units.
        amount_minor: i64,
        /// The currency.
        currency: Currency,
        /// What became of it.
        state: NoticeState,
        /// How often it was handed over.
        tries: i64,
        /// When it was last handed over, carried or let go.
        moved_at: Option<Instant>,
        /// Why it was let go or not taken, or what was said.
        told: String,
    }
}

door::table! {
    /// Notices that wait to be carried.
    pub struct NoticeQueue = "notice_queue" (Household, State, key 5) {
        /// The cell.
        cell: Cell,
        /// How it is carried.
        channel: String,
        /// The day it is for.
        on_day: Date,
        /// The household.
        household: Id,
        /// The notice.
        id: Id,
        /// How often it was handed over.
        tries: i64,
        /// Not before this moment.
        not_before: Option<Instant>,
    }
}

/// A notice was made ready.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NoticeMade {
    /// Its id.
    #[n(0)]
    pub id: Id,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan or the line.
    #[n(2)]
    pub item: Id,
    /// Its product.
    #[n(3)]
    pub product: String,
    /// The day it is for.
    #[n(4)]
    pub on_day: Date,
    /// The due date it is about.
    #[n(5)]
    pub due: Date,
    /// Code of the step of the plan.
    #[n(6)]
    pub step: String,
    /// Code of the text.
    #[n(7)]
    pub text: String,
    /// How it is carried.
    #[n(8)]
    pub channel: String,
    /// What is owed, in minor units.
    #[n(9)]
    pub amount_minor: i64,
    /// The currency.
    #[n(10)]
    pub currency: Currency,
    /// Whether it is about a statement line.
    #[n(11)]
    #[cbor(default)]
    pub of_line: bool,
}

/// What a close took from the wallet for one loan.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CollectedLoan {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The loan.
    #[n(1)]
    pub loan: Id,
    /// The payment.
    #[n(2)]
    pub event: LifeEvent,
}

/// What became of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Carriage {
    /// It is about to be given to the gateway.
    #[n(0)]
    Handed,
    /// The gateway did not take it: again, not before a moment.
    #[n(1)]
    NotTaken {
        /// The moment.
        #[n(0)]
        not_before: Instant,
        /// What the gateway said.
        #[n(1)]
        why: String,
    },
    /// It was carried.
    #[n(2)]
    Carried {
        /// What was said or done, where a person did it.
        #[n(0)]
        told: String,
    },
    /// It is let go.
    #[n(3)]
    LetGo {
        /// Why.
        #[n(0)]
        why: String,
    },
}

/// One notice and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NoticeMoved {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The notice.
    #[n(1)]
    pub id: Id,
    /// What became of it.
    #[n(2)]
    pub what: Carriage,
}

/// Tell what became of notices of a cell.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CarryNotices {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The notices, at most [`CARRIED_MAX`].
    #[n(1)]
    pub moved: Vec<NoticeMoved>,
}

/// Tell a household that has sold its harvest what falls due soon.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct RemindOfSale {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan.
    #[n(2)]
    pub loan: Id,
}

impl RemindOfSale {
    fn place(&self) -> LoanPlace {
        LoanPlace { cell: self.cell, household: self.household, loan: self.loan }
    }

    /// The notice of a sale before a due date: one of each.
    fn notice(&self, due: Date) -> Id {
        self.loan.derive(&format!("notice of sale {due}"))
    }
}

/// Money of a wallet that a step of the close may still take, by household.
pub(crate) type Purses = BTreeMap<Id, i64>;

impl Tianxin {
    fn about<'a>(&self, terms: &'a LoanTerms, state: &LoanState, stands: &Stands) -> Option<About<'a>> {
        // Nobody is reminded of a debt that is over, was taken off the books, or whose borrower died.
        let over = stands.closed_on.is_some() || state.bearings.written_off.is_some();
        if over || state.bearings.died_on.is_some() {
            return None;
        }
        Some(About {
            product: &terms.product.code,
            class: stands.holding.class,
            unpaid_since: state.oldest_unpaid_due,
            next_due: state.next_due,
            collected: terms.collected,
        })
    }

    /// The first day from `from` whose close has to remind of a loan or collect it; none without a reminder plan.
    pub(crate) fn remind_on(&self, terms: &LoanTerms, state: &LoanState, stands: &Stands, from: Date) -> Option<Date> {
        self.reminders.as_ref()?.next_close(&self.about(terms, state, stands)?, from)
    }

    /// What may be taken from the wallet for a loan at the close of a day, minor units; nothing where the plan or the contract
    /// has it otherwise, or nothing is there.
    fn to_collect(
        &self,
        slice: &Overlay,
        cell: Cell,
        day: Date,
        due: &LoanDue,
        purses: &mut Purses,
    ) -> Result<i64, Fault> {
        let Some(plan) = &self.reminders else { return Ok(0) };
        let collects = self.about(&due.terms, &due.state, &due.stands).is_some_and(|a| plan.collects_on(&a, day));
        if !collects {
            return Ok(0);
        }
        let owed = due.state.overdue_parts().and_then(|parts| parts.total_fen()).map_err(broken)?;
        let household = due.note.household;
        let there = match purses.get(&household) {
            Some(there) => *there,
            None => {
                let row = slice.get::<Wallet>(&key![cell, household, due.note.currency])?;
                row.map_or(0, |row| row.balance_minor - row.held_minor)
            }
        };
        let taken = owed.min(there).max(0);
        purses.insert(household, there - taken);
        Ok(taken)
    }

    /// Takes what is due from the wallet, all of it or what is there: the event, and the loan since.
    pub(crate) fn collect(
        &self,
        slice: &Overlay,
        cell: Cell,
        day: Date,
        due: &mut LoanDue,
        purses: &mut Purses,
    ) -> Result<Option<CollectedLoan>, Fault> {
        let amount_fen = self.to_collect(slice, cell, day, due, purses)?;
        if amount_fen == 0 {
            return Ok(None);
        }
        let (household, loan) = (due.note.household, due.note.id);
        // A loan that is paid between two steps of one close may be collected twice on its day.
        let id = loan.derive(&format!("collect {day} {}", due.events.len()));
        let event = LifeEvent { id, value_date: day, what: Happening::Paid { amount_fen } };
        due.events.push(event.clone());
        (due.state, due.stands) = self.stands(&due.terms, &due.events, day).map_err(broken)?;
        Ok(Some(CollectedLoan { household, loan, event }))
    }

    /// The notices that the close of a day makes of a loan: of the day after it, and of what was collected today.
    pub(crate) fn notices(
        &self,
        day: Date,
        due: &LoanDue,
        collected: Option<&CollectedLoan>,
    ) -> Result<Vec<NoticeMade>, Fault> {
        let Some(plan) = &self.reminders else { return Ok(Vec::new()) };
        let (household, loan) = (due.note.household, due.note.id);
        let (product, currency) = (&due.note.product, due.note.currency);
        let mut notices = Vec::new();
        if let (Some(text), Some(collected)) = (&plan.collected_text, collected)
            && let Happening::Paid { amount_fen } = collected.event.what
        {
            notices.push(NoticeMade {
                id: collected.event.id.derive("notice"),
                household,
                item: loan,
                of_line: false,
                product: product.clone(),
                on_day: day,
                due: due.unpaid_since.unwrap_or(day),
                step: "collected".to_owned(),
                text: text.clone(),
                channel: Channel::App.as_str().to_owned(),
                amount_minor: amount_fen,
                currency,
            });
        }
        let tomorrow = day.add_days(1);
        let Some(about) = self.about(&due.terms, &due.state, &due.stands) else { return Ok(notices) };
        for falling in plan.on_day(&about, tomorrow) {
            let state = fold(&due.terms, &due.events, falling.due.max(tomorrow)).map_err(broken)?;
            let amount_minor = state.overdue_parts().and_then(|parts| parts.total_fen()).map_err(broken)?;
            // Paid ahead of its time: there is nothing to remind of.
            if amount_minor <= 0 {
                continue;
            }
            notices.push(NoticeMade {
                id: loan.derive(&format!("notice {} {} {tomorrow}", falling.due, falling.step.code)),
                household,
                item: loan,
                of_line: false,
                product: product.clone(),
                on_day: tomorrow,
                due: falling.due,
                step: falling.step.code.clone(),
                text: falling.step.text.clone(),
                channel: falling.step.channel.as_str().to_owned(),
                amount_minor,
                currency,
            });
        }
        Ok(notices)
    }

    /// The notices that the close of a day makes of a line: its statement is out, or a minimum was due today and not met.
    pub(crate) fn line_notices(&self, day: Date, view: &LineView) -> Vec<NoticeMade> {
        let Some(plan) = &self.reminders else { return Vec::new() };
        let (row, state) = (&view.row, &view.state);
        let made = |told: &Told, step: &str, due: Date| NoticeMade {
            id: row.id.derive(&format!("notice {due} {step}")),
            household: row.household,
            item: row.id,
            product: row.product.clone(),
            on_day: day.add_days(1),
            due,
            step: step.to_owned(),
            text: told.text.clone(),
            channel: told.channel.as_str().to_owned(),
            amount_minor: state.billed_fen,
            currency: row.currency,
            of_line: true,
        };
        let over = state.billed_fen <= 0 || state.written_off.is_some();
        let cut_today = state.statement().filter(|statement| statement.on == day && !over);
        let out = cut_today.zip(plan.statement.as_ref()).map(|(cut, told)| made(told, "statement", cut.due));
        let unmet_today = state.oldest_unmet_due.filter(|due| *due == day && !over);
        let unmet = unmet_today.zip(plan.unmet.as_ref()).map(|(due, told)| made(told, "unmet", due));
        out.into_iter().chain(unmet).collect()
    }

    pub(crate) fn needs_remind_of_sale(
        &self,
        command: &RemindOfSale,
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        self.needs_loan(command.place(), slice, needs)?;
        let of_loan = key![command.cell, command.household, command.loan];
        if slice.has(LoanNote::table(), &of_loan)
            && let Some(note) = slice.get::<LoanNote>(&of_loan)?
        {
            needs.rows::<Notice>(key![command.cell, command.household, command.notice(note.next_due)]);
        }
        Ok(())
    }

    /// Makes the notice of a sale ready, once for each due date.
    pub(crate) fn remind_of_sale(
        &self,
        slice: &Overlay,
        command: &RemindOfSale,
        context: &Context,
    ) -> Decided<Tianxin> {
        let today = context.open_date;
        let nothing = |why: &str| Err(Refusal::new("nothing_to_tell", why).into());
        let Some(sale) = self.reminders.as_ref().and_then(|plan| plan.sale.as_ref()) else {
            return nothing("the reminder plan says nothing of sales");
        };
        let standing = Standing::read(self, slice, command.place(), today)?;
        let (state, stands) = &standing.before;
        let due = match self.about(&standing.terms, state, stands) {
            Some(about) if about.unpaid_since.is_none() => state.next_due,
            _ => None,
        };
        let Some(due) = due.filter(|due| sale.tells(&standing.note.product, *due, today)) else {
            return nothing("nothing of this loan falls due soon");
        };
        let id = command.notice(due);
        if due != standing.note.next_due || slice.get::<Notice>(&key![command.cell, command.household, id])?.is_some() {
            return nothing("the household was told already");
        }
        let then = fold(&standing.terms, &standing.events, due).map_err(broken)?;
        let amount_minor = then.overdue_parts().and_then(|parts| parts.total_fen()).map_err(broken)?;
        if amount_minor <= 0 {
            return nothing("it is paid ahead already");
        }
        let made = NoticeMade {
            id,
            household: command.household,
            item: command.loan,
            of_line: false,
            product: standing.note.product.clone(),
            on_day: today,
            due,
            step: "sale".to_owned(),
            text: sale.text.clone(),
            channel: sale.channel.as_str().to_owned(),
            amount_minor,
            currency: standing.note.currency,
        };
        Ok(Change::new(Outcome::Done, vec![Fact::NoticesMade { notices: vec![made] }]))
    }

    pub(crate) fn needs_carry(&self, command: &CarryNotices, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        let cell = command.cell;
        for moved in command.moved.iter().take(CARRIED_MAX) {
            let of_notice = key![cell, moved.household, moved.id];
            needs.rows::<Notice>(of_notice.clone());
            if slice.has(Notice::table(), &of_notice)
                && let Some(row) = slice.get::<Notice>(&of_notice)?
            {
                needs.rows::<NoticeQueue>(queue_key(&row));
            }
        }
        Ok(())
    }

    /// Books what became of notices. Refuses one that is not there or is done with: nothing is carried twice.
    pub(crate) fn carry_notices(&self, slice: &Overlay, command: &CarryNotices, _: &Context) -> Decided<Tianxin> {
        if command.moved.is_empty() || command.moved.len() > CARRIED_MAX {
            let message = format!("tell of 1 to {CARRIED_MAX} notices at a time");
            return Err(Refusal::new("bad_number", message).into());
        }
        for moved in &command.moved {
            let row = slice
                .get::<Notice>(&key![command.cell, moved.household, moved.id])?
                .ok_or_else(|| Refusal::new("unknown_notice", "there is no such notice: check its id"))?;
            if !matches!(row.state, NoticeState::Waiting | NoticeState::Handed) {
                let message = format!("this notice is done with already: it was {}", row.state.as_str());
                return Err(Refusal::new("notice_done", message).into());
            }
            match &moved.what {
                Carriage::Handed => {}
                Carriage::NotTaken { why, .. } | Carriage::LetGo { why } => check_text("the reason", why, 300)?,
                Carriage::Carried { told } if told.is_empty() => {}
                Carriage::Carried { told } => check_text("what was said", told, 300)?,
            }
        }
        Ok(Change::new(Outcome::Done, vec![Fact::NoticesMoved { notices: command.moved.clone() }]))
    }
}

fn queue_key(row: &Notice) -> Vec<door::Value> {
    key![row.cell, row.channel.clone(), row.on_day, row.household, row.id]
}

/// Turns the facts of reminders and collection into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::LoansCollected { loans } => {
            for collected in loans {
                put_event(books, cell, collected.household, collected.loan, &collected.event);
            }
        }
        Fact::NoticesMade { notices } => {
            for made in notices {
                let waits = made.channel != Channel::App.as_str();
                let row = Notice {
                    cell,
                    household: made.household,
                    id: made.id,
                    about: if made.of_line { NoticeAbout::Line } else { NoticeAbout::Loan },
                    item: made.item,
                    product: made.product.clone(),
                    on_day: made.on_day,
                    due: made.due,
                    step: made.step.clone(),
                    text: made.text.clone(),
                    channel: made.channel.clone(),
                    amount_minor: made.amount_minor,
                    currency: made.currency,
                    state: if waits { NoticeState::Waiting } else { NoticeState::Shown },
                    tries: 0,
                    moved_at: None,
                    told: String::new(),
                };
                if waits {
                    put_in_queue(books, &row, None);
                }
                books.put(&row);
            }
        }
        Fact::NoticesMoved { notices } => {
            for moved in notices {
                let row = books
                    .get::<Notice>(&key![cell, moved.household, moved.id])?
                    .ok_or_else(|| Fault::Broken(format!("no notice {} to move", moved.id)))?;
                move_notice(books, stamp, row, &moved.what);
            }
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of reminders"))),
    }
    Ok(())
}

fn put_in_queue(books: &mut Overlay, row: &Notice, not_before: Option<Instant>) {
    let (cell, channel, on_day) = (row.cell, row.channel.clone(), row.on_day);
    books.put(&NoticeQueue {
        cell,
        channel,
        on_day,
        household: row.household,
        id: row.id,
        tries: row.tries,
        not_before,
    });
}

fn move_notice(books: &mut Overlay, stamp: &Stamp, row: Notice, what: &Carriage) {
    let moved_at = Some(stamp.at);
    let (state, told) = match what {
        Carriage::Handed => (NoticeState::Handed, row.told.clone()),
        Carriage::NotTaken { why, .. } => (NoticeState::Waiting, why.clone()),
        Carriage::Carried { told } => (NoticeState::Carried, told.clone()),
        Carriage::LetGo { why } => (NoticeState::LetGo, why.clone()),
    };
    let tries = row.tries + i64::from(*what == Carriage::Handed);
    let row = Notice { state, tries, moved_at, told, ..row };
    match what {
        Carriage::Handed => put_in_queue(books, &row, None),
        Carriage::NotTaken { not_before, .. } => put_in_queue(books, &row, Some(*not_before)),
        Carriage::Carried { .. } | Carriage::LetGo { .. } => books.remove::<NoticeQueue>(&queue_key(&row)),
    }
    books.put(&row);
}

/// What is wrong with the notices of a cell: each that waits, and no other, stands in the queue.
pub(crate) fn check_notices(cell: Cell, books: &Overlay) -> Result<Vec<String>, Fault> {
    let mut waiting = BTreeMap::new();
    for (_, row) in books.all_rows(NoticeQueue::table()) {
        let row = NoticeQueue::from_row(row)?;
        waiting.insert((row.household, row.id), row.tries);
    }
    let mut findings = Vec::new();
    for (_, row) in books.all_rows(Notice::table()) {
        let row = Notice::from_row(row)?;
        let waits = matches!(row.state, NoticeState::Waiting | NoticeState::Handed);
        let queued = waiting.remove(&(row.household, row.id));
        if queued != waits.then_some(row.tries) {
            findings.push(format!(
                "{cell:?}: notice {} is {} and the queue says otherwise",
                row.id,
                row.state.as_str()
            ));
        }
    }
    for (_, id) in waiting.keys() {
        findings.push(format!("{cell:?}: the queue has a notice {id} that was never made"));
    }
    Ok(findings)
}
