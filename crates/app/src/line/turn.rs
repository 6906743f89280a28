//! One event joins the life of a line, or days pass: what it reads, what is booked, and the fact of it.
//!
//! A line is first brought to the open day (statements cut, interest and fees charged since) and that is booked; then the event
//! happens and the difference is booked. An event dated back is the same with an earlier date: everything since then is
//! worked out again, and the difference is one entry of today.

use basics::{Cell, Date, Id, Money};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Record, Stop, key};
use loan::class::{ClassCase, judging_takes_two};
use loan::line::{LineEvent, LineHappening, LineRefusal, accept, fold, quote};
use loan::{LoanClass, LoanError};

use super::view::broken;
use super::{
    CorrectLine, CreditLine, CreditLineEvent, LineAct, LineCorrected, LineMoved, LineView, MerchantOwed, MoveLine,
    line_events, line_view, merchant_account, needs_account,
};
use crate::application::needs_exposure;
use crate::books::{booked, check_amount, check_text, check_value_date, needs_booking, own_wallet};
use crate::command::Outcome;
use crate::facility::{may_draw, rising_id};
use crate::fact::Fact;
use crate::holding::{Holding, Of, Touched, Turn};
use crate::house::Tianxin;
use crate::loan_books::needs_touch;
use crate::remind::NoticeMade;
use crate::tables::{Agenda, AgendaKind, EntryKind};

/// Which line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinePlace {
    pub(crate) cell: Cell,
    pub(crate) household: Id,
    pub(crate) line: Id,
}

impl MoveLine {
    pub(crate) fn place(&self) -> LinePlace {
        LinePlace { cell: self.cell, household: self.household, line: self.line }
    }
}

impl CorrectLine {
    pub(crate) fn place(&self) -> LinePlace {
        LinePlace { cell: self.cell, household: self.household, line: self.line }
    }
}

/// Facts and figures of an event that was let in.
struct Moved {
    after: LineView,
    facts: Vec<Fact>,
}

impl Tianxin {
    pub(crate) fn needs_line(
        &self,
        place: LinePlace,
        act: &LineAct,
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        let LinePlace { cell, household, line } = place;
        needs_booking(needs, cell, self.institution.currency, &[], &[household]);
        needs_touch(needs, cell);
        needs_exposure(needs, cell, household);
        needs.rows::<CreditLineEvent>(key![cell, household, line]);
        if slice.has(CreditLine::table(), &key![cell, household])
            && let Some(row) = slice.get::<CreditLine>(&key![cell, household, line])?
            && let Some(on_day) = row.agenda_on
        {
            needs.rows::<Agenda>(key![cell, on_day, AgendaKind::Line.code(), household, line]);
        }
        let events_key = key![cell, household, line];
        if slice.has(CreditLineEvent::table(), &events_key)
            && let Some(merchant) = merchant_in(&line_events(slice, cell, household, line)?, act)
        {
            needs_account(cell, merchant, self.institution.currency, slice, needs)?;
        }
        Ok(())
    }

    /// Asks for what closing a day reads of a line, beside what it reads of every cell.
    pub(crate) fn needs_line_due(&self, place: LinePlace, needs: &mut Needs) {
        let LinePlace { cell, household, line } = place;
        needs.rows::<CreditLine>(key![cell, household, line]);
        needs.rows::<CreditLineEvent>(key![cell, household, line]);
    }

    /// What a day brings to a line by itself: its statement, interest and fees, its class, and what is told of it. Booked with `turn`.
    pub(crate) fn line_due(
        &self,
        slice: &Overlay,
        turn: &mut Turn<'_>,
        place: LinePlace,
        day: Date,
    ) -> Result<(LineMoved, Vec<NoticeMade>), Fault> {
        let LinePlace { cell, household, line } = place;
        let gone = || Fault::Broken(format!("line {line} is on the agenda and not in the books"));
        let row = slice.get::<CreditLine>(&key![cell, household, line])?.ok_or_else(gone)?;
        let events = line_events(slice, cell, household, line)?;
        let view = line_view(row, events, day)?;
        let moved = self.line_moved(&view, None)?;
        touch(turn, &view, &Holding::of_line(&view.row)?, &moved, None)?;
        Ok((moved, self.line_notices(day, &view)))
    }

    pub(crate) fn move_line(&self, slice: &Overlay, command: &MoveLine, context: &Context) -> Decided<Tianxin> {
        let today = context.open_date;
        let view = self.read_line(slice, command.place(), today)?;
        self.check_line_act(&view, &command.act)?;
        let memo = command.act.reason().map(str::to_owned);
        match self.happen(slice, &view, &command.act, today, (command.act.entry(), memo), context)? {
            Ok(moved) => Ok(Change::new(line_outcome(&moved.after)?, moved.facts)),
            Err(change) => Ok(*change),
        }
    }

    pub(crate) fn correct_line(&self, slice: &Overlay, command: &CorrectLine, context: &Context) -> Decided<Tianxin> {
        let today = context.open_date;
        let value_date = check_value_date(Some(command.value_date), today)?;
        check_text("the reference", &command.reference, 100)?;
        check_text("the reason", &command.reason, 200)?;
        let dated_back = matches!(
            command.act,
            LineAct::Buy { .. } | LineAct::Refund { .. } | LineAct::Pay { .. } | LineAct::Undo { .. }
        );
        if !dated_back {
            let message = "only a purchase, a refund, a payment, or taking one back can be dated back";
            return Err(Refusal::new("not_correctable", message).into());
        }
        let view = self.read_line(slice, command.place(), today)?;
        let last_closed = today.add_days(-1);
        let before = self.closed_line(&view, last_closed)?;
        let memo = Some(format!("{}: {}", command.reference, command.reason));
        let entry = (EntryKind::Correction, memo);
        let mut moved = match self.happen(slice, &view, &command.act, value_date, entry, context)? {
            Ok(moved) => moved,
            Err(change) => return Ok(*change),
        };
        let after = self.closed_line(&moved.after, last_closed)?;
        let event = moved.after.events.last().map_or(context.command_id, |event| event.id);
        moved.facts.push(Fact::LineCorrected(LineCorrected {
            household: command.household,
            line: command.line,
            event,
            value_date,
            reference: command.reference.clone(),
            reason: command.reason.clone(),
            days_past_due: (before.0, after.0),
            class: (before.1, after.1),
        }));
        Ok(Change::new(line_outcome(&moved.after)?, moved.facts))
    }

    /// Reads a line as of today. Refuses one that is not there.
    fn read_line(&self, slice: &Overlay, place: LinePlace, today: Date) -> Result<LineView, Stop> {
        let LinePlace { cell, household, line } = place;
        let row = slice
            .get::<CreditLine>(&key![cell, household, line])?
            .ok_or_else(|| Refusal::new("unknown_line", "there is no such line: check its id"))?;
        let events = line_events(slice, cell, household, line)?;
        Ok(line_view(row, events, today)?)
    }

    /// Days past due and class of a line at the end of the last closed day, by the events that are known now.
    fn closed_line(&self, view: &LineView, last_closed: Date) -> Result<(u32, LoanClass), Fault> {
        let wrong = broken(view.row.id);
        if last_closed < view.terms.opened {
            return Ok((0, LoanClass::BEST));
        }
        let state = fold(&view.terms, &view.events, last_closed).map_err(&wrong)?;
        let rules = self.dated.on(last_closed).map_err(&wrong)?;
        Ok((state.days_past_due, state.standing(rules).map_err(&wrong)?.class.class))
    }

    /// Lets an event happen; a business no is the `Change` that says so.
    fn happen(
        &self,
        slice: &Overlay,
        view: &LineView,
        act: &LineAct,
        value_date: Date,
        (kind, memo): (EntryKind, Option<String>),
        context: &Context,
    ) -> Result<Result<Moved, Box<Change<Tianxin>>>, Stop> {
        let (cell, household, today) = (view.row.cell, view.row.household, context.open_date);
        if let Some(reason) = act.reason() {
            check_text("the reason", reason, 200)?;
        }
        let declined = |outcome: Outcome, code: &str| {
            let fact = Fact::Declined { code: code.to_owned() };
            Ok(Err(Box::new(Change::new(outcome, vec![fact]))))
        };
        let event = self.line_event(view, act, value_date, context)?;
        if let Err(error) = accept(&view.terms, &view.events, &event) {
            return match error {
                LoanError::Line { refusal: LineRefusal::OverLimit { available_fen, .. }, .. } => {
                    declined(Outcome::OverLine { available_minor: available_fen }, "over_line")
                }
                other => Err(Refusal::new("line_event", other.to_string()).into()),
            };
        }
        let more_minor = match act {
            LineAct::Buy { amount, .. } | LineAct::DrawCash { amount } => Some(amount.minor()),
            LineAct::Raise { to, .. } => Some(to.minor().saturating_sub(view.state.limit_fen)),
            _ => None,
        };
        if let Some(more_minor) = more_minor
            && let Err(outcome) = may_draw(slice, cell, household, None, more_minor, today)?
        {
            return declined(outcome, "over_facility");
        }
        let merchant = view.merchant_of(&event);
        let after = view.with(event.clone())?;
        let now = self.line_moved(view, None)?;
        let moved = self.line_moved(&after, Some(event))?;
        let mut turn = Turn::new(slice, cell, today);
        let roles = &self.subjects.roles;
        touch(&mut turn, view, &Holding::of_line(&view.row)?, &now, None)?;
        let since_touched = turn.lines(roles)?;
        let held = now.holding.unwrap_or_default();
        touch(&mut turn, &after, &held, &moved, merchant)?;
        let lines = turn.lines(roles)?;
        let out = self.out_of_wallet(&lines);
        let wallet = own_wallet(slice, cell, household, self.institution.currency)?;
        let available_minor = wallet.balance_minor - wallet.held_minor;
        if out > i128::from(available_minor) {
            return declined(Outcome::InsufficientFunds { available_minor }, "insufficient_funds");
        }
        let sold_minor = sold_minor(&held, moved.holding.as_ref());
        let mut facts = vec![Fact::LineMoved(moved)];
        if let Some(merchant) = merchant.filter(|_| sold_minor != 0) {
            let settles = match act {
                LineAct::Buy { settles, .. } => *settles,
                _ => None,
            };
            let currency = view.row.currency;
            facts.push(Fact::MerchantOwed(MerchantOwed { merchant, currency, settles, amount_minor: sold_minor }));
        }
        if !since_touched.is_empty() {
            facts.push(booked(EntryKind::LineStatement, today, view.row.currency, since_touched, None)?);
        }
        if !lines.is_empty() {
            facts.push(booked(kind, value_date, view.row.currency, lines, memo)?);
        }
        Ok(Ok(Moved { after, facts }))
    }

    /// What the rules say against an act.
    fn check_line_act(&self, view: &LineView, act: &LineAct) -> Result<(), Stop> {
        let (LineAct::JudgeWorse { class, .. } | LineAct::JudgeBetter { class, .. }) = act else { return Ok(()) };
        let refuse = |code: &'static str, message: String| Err(Stop::from(Refusal::new(code, message)));
        let state = &view.state;
        let rules = self.dated.on(state.as_of).map_err(broken(view.row.id))?;
        if usize::from(class.0) >= rules.classes.len() {
            let message = format!("class {} is not on the ladder of {}", class.0, rules.classes.len());
            return refuse("unknown_class", message);
        }
        let case = ClassCase { as_of: state.as_of, arrears: &state.arrears, dues: &[], marks: &state.marks };
        match (act, judging_takes_two(&case, *class)) {
            (LineAct::JudgeWorse { .. }, true) => {
                refuse("judged_better", "this is better than it was judged: two people do that".to_owned())
            }
            (LineAct::JudgeBetter { .. }, false) => {
                refuse("judged_worse", "this is not better than it was judged: judge it worse".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// What a command asks for, as an event of the line.
    fn line_event(
        &self,
        view: &LineView,
        act: &LineAct,
        value_date: Date,
        context: &Context,
    ) -> Result<LineEvent, door::Stop> {
        let currency = self.institution.currency;
        let amount = |amount: &Money| check_amount(*amount, currency);
        let rising = rising_id(context, view.events.len());
        let (id, what) = match act {
            LineAct::Buy { merchant, category, amount: bought, .. } => {
                check_text("the merchant's category", category, 40)?;
                let (merchant, category) = (*merchant, category.clone());
                (context.command_id, LineHappening::Purchased { merchant, category, amount_fen: amount(bought)? })
            }
            LineAct::Refund { purchase, amount: back } => {
                (context.command_id, LineHappening::Refunded { purchase: *purchase, amount_fen: amount(back)? })
            }
            LineAct::Pay { amount: paid } => (context.command_id, LineHappening::Paid { amount_fen: amount(paid)? }),
            LineAct::Convert { purchase, instalments, shown_annualised_ppm } => {
                let unpaid_fen = view.state.purchase(*purchase).map_or(0, |purchase| purchase.unpaid_fen);
                let offer = quote(&view.terms, unpaid_fen, *instalments, value_date)
                    .map_err(|error| Refusal::new("line_event", error.to_string()))?;
                if offer.annualised_ppm != *shown_annualised_ppm {
                    let message = format!(
                        "the plan costs {} % a year now, not what was shown: look at it again",
                        loan::cost::percent(offer.annualised_ppm)
                    );
                    return Err(Refusal::new("text_changed", message).into());
                }
                let (purchase, instalments) = (*purchase, *instalments);
                (context.command_id, LineHappening::Converted { purchase, instalments })
            }
            LineAct::SettlePlan { plan } => (context.command_id, LineHappening::PlanSettled { plan: *plan }),
            LineAct::Waive { what, amount: off, .. } => {
                (context.command_id, LineHappening::Waived { what: *what, amount_fen: amount(off)? })
            }
            LineAct::ReturnCredit { amount: back } => {
                (context.command_id, LineHappening::CreditReturned { amount_fen: amount(back)? })
            }
            LineAct::Raise { to, .. } => (rising, LineHappening::Raised { limit_fen: amount(to)? }),
            LineAct::Lower { to, .. } if to.minor() == 0 && to.currency() == currency => {
                (rising, LineHappening::Lowered { limit_fen: 0 })
            }
            LineAct::Lower { to, .. } => (rising, LineHappening::Lowered { limit_fen: amount(to)? }),
            LineAct::Freeze { reason } => (rising, LineHappening::Frozen { reason: reason.clone() }),
            LineAct::Thaw => (rising, LineHappening::Thawed),
            LineAct::Close => (rising, LineHappening::Closed),
            LineAct::WriteOff { .. } => (context.command_id, LineHappening::WrittenOff),
            LineAct::JudgeWorse { class, .. } | LineAct::JudgeBetter { class, .. } => {
                (rising, LineHappening::Judged { class: *class })
            }
            LineAct::MarkMisuse { .. } => (rising, LineHappening::Misused),
            LineAct::DrawCash { amount: drawn } => {
                (context.command_id, LineHappening::Drawn { amount_fen: amount(drawn)? })
            }
            LineAct::Undo { event, .. } => (rising, LineHappening::Reversed { target: *event }),
        };
        Ok(LineEvent { id, value_date, what })
    }
}

/// What a line owes and may still use, as the answer to an act.
fn line_outcome(view: &LineView) -> Result<Outcome, Fault> {
    let state = &view.state;
    Ok(Outcome::LineMoved {
        used_minor: state.used_fen,
        available_minor: state.available_fen(),
        owed_minor: state.owed.total_fen().map_err(broken(view.row.id))?,
        minimum_minor: state.minimum_fen,
    })
}

/// What a merchant sold by an event, less what it gave back, in minor units.
fn sold_minor(old: &Holding, new: Option<&Holding>) -> i64 {
    let sold = |holding: &Holding| holding.bought_fen.saturating_sub(holding.returned_fen);
    new.map_or(0, |new| sold(new).saturating_sub(sold(old)))
}

/// The merchant of an act, as far as the events that are loaded tell.
fn merchant_in(events: &[LineEvent], act: &LineAct) -> Option<Id> {
    let bought = |id: Id| {
        events.iter().find(|event| event.id == id).and_then(|event| match event.what {
            LineHappening::Purchased { merchant, .. } => Some(merchant),
            _ => None,
        })
    };
    match act {
        LineAct::Buy { merchant, .. } => Some(*merchant),
        LineAct::Refund { purchase, .. } => bought(*purchase),
        LineAct::Undo { event, .. } => {
            events.iter().find(|other| other.id == *event).and_then(|other| match other.what {
                LineHappening::Refunded { purchase, .. } => bought(purchase),
                LineHappening::Purchased { merchant, .. } => Some(merchant),
                _ => None,
            })
        }
        _ => None,
    }
}

/// Adds a line's difference between what is held and what it holds from now on.
fn touch(
    turn: &mut Turn<'_>,
    view: &LineView,
    old: &Holding,
    moved: &LineMoved,
    merchant: Option<Id>,
) -> Result<(), Fault> {
    let none = Holding::default();
    turn.touch(&Touched {
        household: view.row.household,
        id: view.row.id,
        of: Of::Line { merchant: merchant.map(merchant_account) },
        product: &view.row.product,
        currency: view.row.currency,
        old,
        new: moved.holding.as_ref().unwrap_or(&none),
    })
}
