//! Notices on their way: the text of each, who is to be called, and handing text messages over, never one twice.
//!
//! A message is handed over under the id of its notice. The books are told before and after: what was cut off in between
//! stands as handed over, and is handed over again under the same id, which the gateway takes once.

use std::collections::BTreeMap;

use basics::money::format_minor;
use basics::{Cell, Date, Id, IdKind, Instant, PublicId};
use door::backend::List;
use door::table::{Record, Value};
use door::{Actor, DoorError, Order, Request, key};
use loan::fold;
use loan::remind::{Channel, Filling, ReminderPlan};

use super::{Desk, DeskError};
use crate::command::Command;
use crate::remind::{Carriage, CarryNotices, Notice, NoticeAbout, NoticeMoved, NoticeQueue, NoticeState, RemindOfSale};
use crate::tables::LoanState;

/// Messages of a cell that are handed over between two words to the books.
const HANDED_AT_ONCE: usize = 32;
/// Messages in a row that the gateway does not take before it is left alone for a while.
const NOT_TAKEN_MAX: usize = 3;
/// The first wait after a message was not taken; each further one is twice as long.
const WAIT_MILLIS: i64 = 60_000;
/// The longest wait.
const WAIT_MILLIS_MAX: i64 = 6 * 3_600_000;
/// Characters at the end of a note's number that tell two loans of a household apart.
const TAIL_CHARS: usize = 4;

/// A text message to be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The notice; handed over again, it is the same message.
    pub id: Id,
    /// The phone, as the household gave it.
    pub phone: String,
    /// What it says.
    pub text: String,
}

/// What came of handing messages over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// Taken by the gateway.
    pub carried: usize,
    /// Not taken, to be tried again.
    pub not_taken: usize,
    /// Let go: paid meanwhile, too late, nobody to reach.
    pub let_go: usize,
    /// Left for another day, since the household has had enough today.
    pub capped: usize,
}

/// A round of handing over.
struct Round<'a> {
    plan: &'a ReminderPlan,
    send: &'a dyn Fn(&Parcel) -> Result<(), String>,
    today: Date,
    at: Instant,
}

/// What a queued message comes to now.
enum Fate {
    Send(Parcel),
    LetGo(&'static str),
    Capped,
}

impl Desk {
    /// What a household was told of its loans, the newest first.
    pub fn notices(&self, household: Id) -> Result<Vec<Notice>, DeskError> {
        let mut rows: Vec<Notice> = self.rows(key![self.cell_of(household), household])?;
        rows.sort_by_key(|row| std::cmp::Reverse((row.on_day, row.id)));
        Ok(rows)
    }

    /// The text of a notice, in Chinese or English, by the plan of today; none where the plan does not have it any more.
    pub fn told(&self, notice: &Notice, chinese: bool) -> Option<String> {
        self.told_as_of(notice, notice.on_day, notice.amount_minor, chinese)
    }

    fn told_as_of(&self, notice: &Notice, today: Date, amount_minor: i64, chinese: bool) -> Option<String> {
        let house = self.house();
        let product = house.product(&notice.product).ok();
        let name = product.map(|product| if chinese { product.name_zh.clone() } else { product.name_en.clone() });
        let kind = match notice.about {
            NoticeAbout::Loan => IdKind::Loan,
            NoticeAbout::Line => IdKind::Line,
        };
        let number = PublicId { kind, cell: notice.cell, id: notice.item }.to_string();
        // Its check character, after the last hyphen, is left out: people read the digits before it.
        let digits = number.rsplit_once('-').map_or(number.as_str(), |(digits, _)| digits);
        let tail = digits.len().saturating_sub(TAIL_CHARS);
        let filling = Filling {
            institution: house.institution.name.clone(),
            product: name.unwrap_or_else(|| notice.product.clone()),
            note: digits.get(tail..).unwrap_or_default().to_uppercase(),
            due: notice.due,
            amount: format_minor(amount_minor),
            days: (notice.due - today).abs(),
        };
        house.reminders.as_ref()?.told(&notice.text, chinese, &filling)
    }

    /// Notices of a channel that wait to be carried, over all cells, the oldest first, at most so many.
    pub fn notices_waiting(&self, channel: Channel, limit: usize) -> Result<Vec<Notice>, DeskError> {
        let mut queued: Vec<NoticeQueue> = self.in_every_cell(|cell| List {
            table: NoticeQueue::table(),
            equal: vec![("cell", cell), ("channel", Value::Text(channel.as_str().into()))],
            order: vec!["on_day", "household", "id"],
            descending: false,
            after: None,
            limit,
        })?;
        queued.sort_by_key(|row| (row.on_day, row.household, row.id));
        queued.truncate(limit);
        let keys: Vec<_> = queued.iter().map(|row| key![row.cell, row.household, row.id]).collect();
        let rows = self.readers.with(|reader| reader.load_many(Notice::table(), &[0, 1, 2], &keys))?;
        let mut notices = Vec::with_capacity(rows.len());
        for row in &rows {
            notices.push(Notice::from_row(row).map_err(|e| DeskError::Damaged(e.to_string()))?);
        }
        notices.sort_by_key(|row| (row.on_day, row.household, row.id));
        Ok(notices)
    }

    /// Tells a household that has sold its harvest of each loan that falls due soon, once for each due date; what it was observed
    /// in names the commands.
    pub(super) fn tell_of_sale(&self, observed: Id, household: Id, at: Instant) -> Result<(), DeskError> {
        let Some(sale) = self.house().reminders.as_ref().and_then(|plan| plan.sale.as_ref()) else { return Ok(()) };
        let cell = self.cell_of(household);
        let today = self.open_date(cell)?;
        for note in self.loans(household)? {
            if note.status != LoanState::Open || !sale.tells(&note.product, note.next_due, today) {
                continue;
            }
            let id = observed.derive(&format!("sale {}", note.id));
            let command = Command::RemindOfSale(RemindOfSale { cell, household, loan: note.id });
            match self.engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(command))) {
                Ok(_) => {}
                // What was observed is observed: a loan that is not to be reminded of now is none of its caller's concern.
                Err(DoorError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Hands text messages over that wait and may leave now, at most `most` a cell. Nothing leaves in the quiet hours.
    pub fn send_notices(
        &self,
        send: &dyn Fn(&Parcel) -> Result<(), String>,
        most: usize,
        at: Instant,
    ) -> Result<Handed, DeskError> {
        let mut all = Handed::default();
        let zone = self.house().institution.zone_minutes;
        let Some(plan) = &self.house().reminders else { return Ok(all) };
        if plan.quiet.hold_at(at.minute_of_day_at_offset(zone)) {
            return Ok(all);
        }
        let today = at.date_at_offset(zone);
        let round = Round { plan, send, today, at };
        for cell in (1..=self.engine.backend().cells()).map(Cell) {
            for some in self.ready(cell, most, today, at)?.chunks(HANDED_AT_ONCE) {
                let is_down = self.send_some(&round, cell, some, &mut all)?;
                if is_down {
                    return Ok(all);
                }
            }
        }
        Ok(all)
    }

    /// Messages of a cell that may leave now, the oldest first, at most so many: those that wait for their turn again stand in nobody's
    /// way.
    fn ready(&self, cell: Cell, most: usize, today: Date, at: Instant) -> Result<Vec<NoticeQueue>, DeskError> {
        let (mut ready, mut after) = (Vec::new(), None);
        loop {
            let page: Vec<NoticeQueue> = self.list(&List {
                table: NoticeQueue::table(),
                equal: vec![
                    ("cell", Value::Int(i64::from(cell.0))),
                    ("channel", Value::Text(Channel::Sms.as_str().into())),
                ],
                order: vec!["on_day", "household", "id"],
                descending: false,
                after: after.take(),
                limit: most,
            })?;
            let is_last = page.len() < most || page.last().is_none_or(|row| row.on_day > today);
            after = page.last().map(|row| key![row.on_day, row.household, row.id]);
            let may_leave = |row: &NoticeQueue| row.on_day <= today && row.not_before.is_none_or(|moment| moment <= at);
            ready.extend(page.into_iter().filter(may_leave));
            if is_last || ready.len() >= most {
                ready.truncate(most);
                return Ok(ready);
            }
        }
    }

    /// Hands some messages of a cell over; whether the gateway seems to be down.
    fn send_some(
        &self,
        round: &Round<'_>,
        cell: Cell,
        some: &[NoticeQueue],
        all: &mut Handed,
    ) -> Result<bool, DeskError> {
        let (mut handed, mut let_go, mut parcels) = (Vec::new(), Vec::new(), Vec::new());
        let mut of_today: BTreeMap<Id, u32> = BTreeMap::new();
        for row in some {
            let moved = |what| NoticeMoved { household: row.household, id: row.id, what };
            match self.fate(round.plan, row, round.today, &mut of_today)? {
                Fate::Capped => all.capped += 1,
                Fate::LetGo(why) => let_go.push(moved(Carriage::LetGo { why: why.to_owned() })),
                Fate::Send(parcel) => {
                    handed.push(moved(Carriage::Handed));
                    parcels.push((row, parcel));
                }
            }
        }
        all.let_go += let_go.len();
        handed.extend(let_go);
        self.tell(cell, "hand", some, handed, round.at)?;
        let (mut told, mut refused_in_a_row) = (Vec::new(), 0);
        for (row, parcel) in &parcels {
            let sent = if refused_in_a_row < NOT_TAKEN_MAX {
                (round.send)(parcel)
            } else {
                Err("not tried: the gateway did not take those before it".to_owned())
            };
            let what = match sent {
                Ok(()) => {
                    refused_in_a_row = 0;
                    all.carried += 1;
                    Carriage::Carried { told: String::new() }
                }
                Err(why) => {
                    refused_in_a_row += 1;
                    all.not_taken += 1;
                    let why = why.chars().filter(|c| !c.is_control()).take(300).collect();
                    Carriage::NotTaken { not_before: Instant(round.at.0 + wait_micros(row.tries)), why }
                }
            };
            told.push(NoticeMoved { household: row.household, id: row.id, what });
        }
        self.tell(cell, "handed", some, told, round.at)?;
        Ok(refused_in_a_row >= NOT_TAKEN_MAX)
    }

    fn tell(
        &self,
        cell: Cell,
        what: &str,
        some: &[NoticeQueue],
        moved: Vec<NoticeMoved>,
        at: Instant,
    ) -> Result<(), DeskError> {
        let (Some(first), false) = (some.first(), moved.is_empty()) else { return Ok(()) };
        // A round that is begun again after it was cut off is another round.
        let id = first.id.derive(&format!("{what} {} {}", first.tries, at.0));
        let command = Command::CarryNotices(CarryNotices { cell, moved });
        self.engine.call(Request::plain(id, Actor::SYSTEM, at, Order::Do(command)))?;
        Ok(())
    }

    /// What becomes of a message that may leave now.
    fn fate(
        &self,
        plan: &ReminderPlan,
        row: &NoticeQueue,
        today: Date,
        of_today: &mut BTreeMap<Id, u32>,
    ) -> Result<Fate, DeskError> {
        let (cell, household) = (row.cell, row.household);
        if today - row.on_day >= i32::from(plan.keep_days) {
            return Ok(Fate::LetGo("too late: it would say what is over"));
        }
        let notices: Vec<Notice> = self.rows(key![cell, household])?;
        let Some(notice) = notices.iter().find(|notice| notice.id == row.id) else {
            return Err(DeskError::Damaged(format!("notice {} is queued and was never made", row.id)));
        };
        let zone = self.house().institution.zone_minutes;
        let had = of_today.entry(household).or_insert_with(|| {
            let reached = |notice: &&Notice| {
                notice.channel == Channel::Sms.as_str()
                    && notice.state == NoticeState::Carried
                    && notice.moved_at.is_some_and(|moment| moment.date_at_offset(zone) == today)
            };
            u32::try_from(notices.iter().filter(reached).count()).unwrap_or(u32::MAX)
        });
        if *had >= plan.sms_per_day {
            return Ok(Fate::Capped);
        }
        let Some(amount_minor) = self.owed_of(notice, today)? else {
            return Ok(Fate::LetGo("paid, or put off, meanwhile"));
        };
        let head = self.head(household)?;
        let Some(phone) = self.field(household, head, "phone")? else {
            return Ok(Fate::LetGo("no phone is on record"));
        };
        let Some(text) = self.told_as_of(notice, today, amount_minor, true) else {
            return Ok(Fate::LetGo("the plan has its text no more"));
        };
        *had += 1;
        Ok(Fate::Send(Parcel { id: row.id, phone, text }))
    }
}

impl Desk {
    /// What is owed of what a notice is about, as of its due date or today; none where it is paid or put off, or nobody is to
    /// be reminded.
    fn owed_of(&self, notice: &Notice, today: Date) -> Result<Option<i64>, DeskError> {
        if notice.about == NoticeAbout::Line {
            let billed_minor = self.line(notice.household, notice.item)?.state.billed_fen;
            return Ok(Some(billed_minor).filter(|billed| *billed > 0));
        }
        let (note, terms, events) = self.loan(notice.household, notice.item)?;
        if note.status != LoanState::Open || note.next_due > notice.due {
            return Ok(None);
        }
        let damaged = |error: loan::LoanError| DeskError::Damaged(format!("loan {}: {error}", notice.item));
        let state = fold(&terms, &events, notice.due.max(today)).map_err(damaged)?;
        let owed = state.overdue_parts().and_then(|parts| parts.total_fen()).map_err(damaged)?;
        Ok(Some(owed).filter(|owed| *owed > 0 && state.bearings.died_on.is_none()))
    }
}

/// How long a message waits that was handed over so often before, in microseconds.
fn wait_micros(tries: i64) -> i64 {
    let doubled = u32::try_from(tries).ok().and_then(|tries| 1_i64.checked_shl(tries.min(30)));
    WAIT_MILLIS.saturating_mul(doubled.unwrap_or(i64::MAX)).min(WAIT_MILLIS_MAX) * 1_000
}
