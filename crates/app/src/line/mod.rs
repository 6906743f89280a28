//! The statement credit line in the books: opened under a facility, used at merchants, paid, converted, brought forward.
//!
//! A line's row holds what the books hold of it as of the end of `booked_to`. Every command first brings the line to the
//! open day (statements cut, interest and fees charged since) and books that, then lets its own event happen and books
//! the difference. So the books are the fold of the line's events at `booked_to`, which the audit recomputes.

mod posting;
mod tables;

use basics::{Cell, Date, Id, Money, Rate, cbor};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Needs, Overlay};
use door::{Change, Fault, Record, Stamp, key};
use loan::line::{
    LineEffects, LineEvent, LineHappening, LineRefusal, LineStanding, LineState, LineTerms, LineWaivable, accept,
    effects, fold, quote,
};
use loan::{LoanError, Term};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

pub use posting::{BOOK_LINE, BOOK_LINE_CHARGES, BOOK_LINE_CREDIT, BOOK_MERCHANT, LineSubjects};
pub use tables::{CreditLine, CreditLineEvent, CreditLineStatus};

use crate::application::needs_exposure;
use crate::books::{booked, check_amount, check_text, needs_booking, own_wallet};
use crate::command::Outcome;
use crate::facility::{facility, may_draw, rising_id};
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::tables::{Agenda, AgendaKind, EntryKind};

/// Open a line under the household's facility, on the text that was read.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct OpenLine {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The line, made by the caller.
    #[n(2)]
    pub line: Id,
    /// The product's code.
    #[n(3)]
    pub product: String,
    /// The limit.
    #[n(4)]
    pub limit: Money,
    /// The yearly rate, one of the product's.
    #[n(5)]
    pub rate: Rate,
    /// Hash of the text that was read.
    #[n(6)]
    pub text_hash: ByteVec,
    /// How it was confirmed.
    #[n(7)]
    pub evidence: String,
    /// For how many months it may be used.
    #[n(8)]
    pub months: u16,
}

/// Let something happen to a line, today.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct MoveLine {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The line.
    #[n(2)]
    pub line: Id,
    /// What happens.
    #[n(3)]
    pub act: LineAct,
}

/// What may happen to a line.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum LineAct {
    /// A purchase. Its id is the command's.
    #[n(0)]
    Buy {
        /// Who sells.
        #[n(0)]
        merchant: Id,
        /// The merchant's category code.
        #[n(1)]
        category: String,
        /// How much.
        #[n(2)]
        amount: Money,
    },
    /// The merchant gives money back.
    #[n(1)]
    Refund {
        /// The purchase.
        #[n(0)]
        purchase: Id,
        /// How much.
        #[n(1)]
        amount: Money,
    },
    /// Paid from the wallet.
    #[n(2)]
    Pay {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// A purchase becomes instalments. The plan's id is the command's.
    #[n(3)]
    Convert {
        /// The purchase.
        #[n(0)]
        purchase: Id,
        /// Into how many.
        #[n(1)]
        instalments: u16,
        /// The annualised cost that was shown, ppm: it must still be that.
        #[n(2)]
        shown_annualised_ppm: i64,
    },
    /// The rest of a plan is billed with the next statement.
    #[n(4)]
    SettlePlan {
        /// The plan.
        #[n(0)]
        plan: Id,
    },
    /// Part of what is charged is let off.
    #[n(5)]
    Waive {
        /// Which component.
        #[n(0)]
        what: LineWaivable,
        /// How much.
        #[n(1)]
        amount: Money,
        /// Why.
        #[n(2)]
        reason: String,
    },
    /// Credit balance goes back to the wallet.
    #[n(6)]
    ReturnCredit {
        /// How much.
        #[n(0)]
        amount: Money,
    },
    /// The limit is raised.
    #[n(7)]
    Raise {
        /// To this.
        #[n(0)]
        to: Money,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// The limit is lowered.
    #[n(8)]
    Lower {
        /// To this; 0.00 is allowed.
        #[n(0)]
        to: Money,
        /// Why.
        #[n(1)]
        reason: String,
    },
    /// No purchases until thawed.
    #[n(9)]
    Freeze {
        /// Why.
        #[n(0)]
        reason: String,
    },
    /// Purchases again.
    #[n(10)]
    Thaw,
    /// No purchases any more.
    #[n(11)]
    Close,
    /// An earlier event is taken back.
    #[n(12)]
    Undo {
        /// The event.
        #[n(0)]
        event: Id,
        /// Why.
        #[n(1)]
        reason: String,
    },
}

impl LineAct {
    /// The act's name in the permission table, and the amount at stake there.
    pub fn act(&self) -> (&'static str, i64) {
        match self {
            LineAct::Buy { amount, .. } => ("buy_on_line", amount.minor()),
            LineAct::Refund { amount, .. } => ("refund_on_line", amount.minor()),
            LineAct::Pay { amount } => ("pay_line", amount.minor()),
            LineAct::Convert { .. } => ("convert_on_line", 0),
            LineAct::SettlePlan { .. } => ("settle_plan", 0),
            LineAct::Waive { amount, .. } => ("waive_on_line", amount.minor()),
            LineAct::ReturnCredit { amount } => ("return_line_credit", amount.minor()),
            LineAct::Raise { to, .. } => ("raise_line", to.minor()),
            LineAct::Lower { .. } => ("lower_line", 0),
            LineAct::Freeze { .. } => ("freeze_line", 0),
            LineAct::Thaw => ("thaw_line", 0),
            LineAct::Close => ("close_line", 0),
            LineAct::Undo { .. } => ("undo_on_line", 0),
        }
    }

    const fn entry(&self) -> EntryKind {
        match self {
            LineAct::Buy { .. } => EntryKind::LinePurchase,
            LineAct::Refund { .. } => EntryKind::LineRefund,
            LineAct::Pay { .. } => EntryKind::LinePayment,
            _ => EntryKind::LineChange,
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            LineAct::Waive { reason, .. }
            | LineAct::Raise { reason, .. }
            | LineAct::Lower { reason, .. }
            | LineAct::Freeze { reason }
            | LineAct::Undo { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

/// A line was opened.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LineOpened {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The line.
    #[n(1)]
    pub line: Id,
    /// The facility it draws on.
    #[n(2)]
    pub facility: Id,
    /// The terms.
    #[n(3)]
    pub terms: LineTerms,
    /// Hash of the text that was read.
    #[n(4)]
    pub text_hash: ByteVec,
    /// How it was confirmed.
    #[n(5)]
    pub evidence: String,
}

/// A line's life went on: what happened, if anything did from outside, and where it stands since.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct LineMoved {
    /// The household.
    #[n(0)]
    pub household: Id,
    /// The line.
    #[n(1)]
    pub line: Id,
    /// What happened.
    #[n(2)]
    pub event: Option<LineEvent>,
    /// The day as of whose end the books hold it.
    #[n(3)]
    pub booked_to: Date,
    /// The limit.
    #[n(4)]
    pub limit_minor: i64,
    /// Principal outstanding.
    #[n(5)]
    pub used_minor: i64,
    /// Interest and fees charged and not paid.
    #[n(6)]
    pub charges_minor: i64,
    /// Credit balance.
    #[n(7)]
    pub credit_minor: i64,
    /// Whether it may be used.
    #[n(8)]
    pub status: CreditLineStatus,
    /// The next day on which something happens by itself.
    #[n(9)]
    pub agenda_on: Option<Date>,
}

/// A line with its terms, its life and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    /// The row.
    pub row: CreditLine,
    /// The terms.
    pub terms: LineTerms,
    /// What happened.
    pub events: Vec<LineEvent>,
    /// Its state.
    pub state: LineState,
}

fn broken(line: Id) -> impl Fn(LoanError) -> Fault {
    move |error| Fault::Broken(format!("line {line}: {error}"))
}

/// The events of a line.
pub fn line_events(slice: &Overlay, cell: Cell, household: Id, line: Id) -> Result<Vec<LineEvent>, Fault> {
    slice
        .range::<CreditLineEvent>(&key![cell, household, line])?
        .iter()
        .map(|row| cbor::from_bytes(&row.bytes).map_err(Fault::from))
        .collect()
}

/// A line as of a day. Errors only if what is stored cannot be folded.
pub fn line_view(row: CreditLine, events: Vec<LineEvent>, today: Date) -> Result<LineView, Fault> {
    let terms: LineTerms = cbor::from_bytes(&row.terms)?;
    let state = fold(&terms, &events, today).map_err(broken(row.id))?;
    Ok(LineView { row, terms, events, state })
}

impl Tianxin {
    pub(crate) fn needs_open_line(&self, command: &OpenLine, needs: &mut Needs) {
        needs_exposure(needs, command.cell, command.household);
    }

    pub(crate) fn open_line(&self, slice: &Overlay, command: &OpenLine, context: &Context) -> Decided<Tianxin> {
        let (cell, household) = (command.cell, command.household);
        LineSubjects::of(&self.chart)?;
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

    pub(crate) fn needs_line(
        &self,
        cell: Cell,
        household: Id,
        line: Id,
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        if let Ok(subjects) = LineSubjects::of(&self.chart) {
            let mut booked_on = subjects.all().to_vec();
            booked_on.push(self.subjects.wallet);
            needs_booking(needs, cell, self.institution.currency, &booked_on, &[household]);
        }
        needs_exposure(needs, cell, household);
        needs.rows::<CreditLineEvent>(key![cell, household, line]);
        if slice.has(CreditLine::table(), &key![cell, household])
            && let Some(row) = slice.get::<CreditLine>(&key![cell, household, line])?
            && let Some(on_day) = row.agenda_on
        {
            needs.rows::<Agenda>(key![cell, on_day, AgendaKind::Line.code(), household, line]);
        }
        Ok(())
    }

    /// Asks for what closing a day reads of a line.
    pub(crate) fn needs_line_due(&self, cell: Cell, household: Id, line: Id, needs: &mut Needs) {
        if let Ok(subjects) = LineSubjects::of(&self.chart) {
            needs_booking(needs, cell, self.institution.currency, &subjects.all(), &[]);
        }
        needs.rows::<CreditLine>(key![cell, household, line]);
        needs.rows::<CreditLineEvent>(key![cell, household, line]);
    }

    /// What a day brings to a line by itself: its statement, interest and fees.
    pub(crate) fn line_due(
        &self,
        slice: &Overlay,
        cell: Cell,
        household: Id,
        line: Id,
        day: Date,
    ) -> Result<Vec<Fact>, Fault> {
        let gone = || Fault::Broken(format!("line {line} is on the agenda and not in the books"));
        let row = slice.get::<CreditLine>(&key![cell, household, line])?.ok_or_else(gone)?;
        let events = line_events(slice, cell, household, line)?;
        let booked_to = row.booked_to;
        let view = line_view(row, events, day)?;
        self.days_passed(&view, booked_to)
    }

    pub(crate) fn move_line(&self, slice: &Overlay, command: &MoveLine, context: &Context) -> Decided<Tianxin> {
        let (cell, household, act) = (command.cell, command.household, &command.act);
        let today = context.open_date;
        if let Some(reason) = act.reason() {
            check_text("the reason", reason, 200)?;
        }
        let row = own_line(slice, cell, household, command.line)?;
        let booked_to = row.booked_to;
        let events = line_events(slice, cell, household, row.id)?;
        let view = line_view(row, events, today)?;
        let event = self.line_event(&view, act, context)?;
        let moved = view.state.totals.received_fen;
        if let Err(error) = accept(&view.terms, &view.events, &event) {
            return match error {
                LoanError::Line { refusal: LineRefusal::OverLimit { available_fen, .. }, .. } => {
                    let outcome = Outcome::OverLine { available_minor: available_fen };
                    Ok(Change::new(outcome, vec![Fact::Declined { code: "over_line".to_owned() }]))
                }
                other => Err(Refusal::new("line_event", other.to_string()).into()),
            };
        }
        if let LineAct::Buy { amount, .. } = act
            && let Err(outcome) = may_draw(slice, cell, household, None, amount.minor(), today)?
        {
            return Ok(Change::new(outcome, vec![Fact::Declined { code: "over_facility".to_owned() }]));
        }
        if let LineAct::Raise { to, .. } = act {
            let more = to.minor().saturating_sub(view.state.limit_fen);
            if let Err(outcome) = may_draw(slice, cell, household, None, more, today)? {
                return Ok(Change::new(outcome, vec![Fact::Declined { code: "over_facility".to_owned() }]));
            }
        }
        let mut with = view.clone();
        with.events.push(event.clone());
        with.state = fold(&with.terms, &with.events, today).map_err(broken(with.row.id))?;
        let out = with.state.totals.received_fen - moved;
        let wallet = own_wallet(slice, cell, household, self.institution.currency)?;
        let available_minor = wallet.balance_minor - wallet.held_minor;
        if out > available_minor {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let merchant = merchant_of(&view, &event);
        // What the days brought is an entry of its own, before what happens now.
        let mut facts = self.days_passed(&view, booked_to)?;
        let memo = act.reason().map(str::to_owned);
        facts.extend(self.line_facts(&view, &with, Some(event), merchant, act.entry(), memo)?);
        let state = &with.state;
        Ok(Change::new(
            Outcome::LineMoved {
                used_minor: state.used_fen,
                available_minor: state.available_fen(),
                owed_minor: state.owed.total_fen().map_err(broken(with.row.id))?,
                minimum_minor: state.minimum_fen,
            },
            facts,
        ))
    }

    /// What a command asks for, as an event of the line.
    fn line_event(&self, view: &LineView, act: &LineAct, context: &Context) -> Result<LineEvent, door::Stop> {
        let currency = self.institution.currency;
        let today = context.open_date;
        let amount = |amount: &Money| check_amount(*amount, currency);
        let rising = rising_id(context, view.events.len());
        let (id, what) = match act {
            LineAct::Buy { merchant, category, amount: bought } => {
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
                let offer = quote(&view.terms, unpaid_fen, *instalments, today)
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
            LineAct::Undo { event, .. } => (rising, LineHappening::Reversed { target: *event }),
        };
        Ok(LineEvent { id, value_date: today, what })
    }

    /// Facts of the days since the books last held the line.
    fn days_passed(&self, view: &LineView, booked_to: Date) -> Result<Vec<Fact>, Fault> {
        if view.state.as_of <= booked_to {
            return Ok(Vec::new());
        }
        let mut before = view.clone();
        before.state = fold(&view.terms, &view.events, booked_to).map_err(broken(view.row.id))?;
        self.line_facts(&before, view, None, None, EntryKind::LineStatement, None)
    }

    /// The fact of a change from one state to another, and its entry.
    fn line_facts(
        &self,
        before: &LineView,
        after: &LineView,
        event: Option<LineEvent>,
        merchant: Option<Id>,
        kind: EntryKind,
        memo: Option<String>,
    ) -> Result<Vec<Fact>, Fault> {
        let (household, line, state) = (after.row.household, after.row.id, &after.state);
        let change: LineEffects = effects(&before.state, state).map_err(broken(line))?;
        let charges_minor =
            state.owed.total_fen().and_then(|sum| Ok(sum - state.owed.principal_fen()?)).map_err(broken(line))?;
        let mut facts = vec![Fact::LineMoved(LineMoved {
            household,
            line,
            event,
            booked_to: state.as_of,
            limit_minor: state.limit_fen,
            used_minor: state.used_fen,
            charges_minor,
            credit_minor: state.credit_fen,
            status: match state.standing {
                LineStanding::Open => CreditLineStatus::Open,
                LineStanding::Frozen => CreditLineStatus::Frozen,
                LineStanding::Closed => CreditLineStatus::Closed,
            },
            agenda_on: state.next_date,
        })];
        let subjects = LineSubjects::of(&self.chart).map_err(|refusal| Fault::Broken(refusal.message))?;
        let lines = subjects.lines(self.subjects.wallet, household, line, merchant, &change);
        if !lines.is_empty() {
            facts.push(booked(kind, state.as_of, after.row.currency, lines, memo)?);
        }
        Ok(facts)
    }
}

/// A line that must be there.
fn own_line(slice: &Overlay, cell: Cell, household: Id, line: Id) -> Result<CreditLine, door::Stop> {
    slice
        .get::<CreditLine>(&key![cell, household, line])?
        .ok_or_else(|| Refusal::new("unknown_line", "there is no such line: check its id").into())
}

/// Whose account a purchase, a refund or the undoing of one moves.
fn merchant_of(view: &LineView, event: &LineEvent) -> Option<Id> {
    let of_purchase = |id: Id| view.state.purchase(id).map(|purchase| purchase.merchant);
    match &event.what {
        LineHappening::Purchased { merchant, .. } => Some(*merchant),
        LineHappening::Refunded { purchase, .. } => of_purchase(*purchase),
        LineHappening::Reversed { target } => {
            let target = view.events.iter().find(|other| other.id == *target)?;
            merchant_of(view, target)
        }
        _ => None,
    }
}

/// Turns a fact of a line into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    match fact {
        Fact::LineOpened(opened) => books.put(&CreditLine {
            cell,
            household: opened.household,
            id: opened.line,
            status: CreditLineStatus::Open,
            product: opened.terms.product.code.clone(),
            facility: opened.facility,
            limit_minor: opened.terms.limit.minor(),
            used_minor: 0,
            charges_minor: 0,
            credit_minor: 0,
            currency: opened.terms.currency(),
            opened_on: opened.terms.opened,
            valid_to: opened.terms.valid_to,
            booked_to: opened.terms.opened,
            agenda_on: None,
            terms: cbor::to_bytes(&opened.terms),
            text_hash: opened.text_hash.to_vec(),
        }),
        Fact::LineMoved(moved) => {
            let row = books
                .get::<CreditLine>(&key![cell, moved.household, moved.line])?
                .ok_or_else(|| Fault::Broken(format!("there is no line {} to move", moved.line)))?;
            if row.agenda_on != moved.agenda_on {
                let kind = AgendaKind::Line.code();
                let (owner, item) = (moved.household, moved.line);
                if let Some(on_day) = row.agenda_on {
                    books.remove::<Agenda>(&key![cell, on_day, kind, owner, item]);
                }
                if let Some(on_day) = moved.agenda_on {
                    books.put(&Agenda { cell, on_day, kind, owner, item, by_seq: stamp.seq });
                }
            }
            books.put(&CreditLine {
                status: moved.status,
                limit_minor: moved.limit_minor,
                used_minor: moved.used_minor,
                charges_minor: moved.charges_minor,
                credit_minor: moved.credit_minor,
                booked_to: moved.booked_to,
                agenda_on: moved.agenda_on,
                ..row
            });
            if let Some(event) = &moved.event {
                books.put(&CreditLineEvent {
                    cell,
                    household: moved.household,
                    line: moved.line,
                    id: event.id,
                    value_date: event.value_date,
                    bytes: cbor::to_bytes(event),
                });
            }
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a line"))),
    }
    Ok(())
}

/// What the lines of a cell come to, book by book, and what is wrong with them: each must be the fold of its events.
pub(crate) fn check_cell(cell: Cell, books: &Overlay, posted: impl Fn(u16) -> i128) -> Result<Vec<String>, Fault> {
    let mut findings = Vec::new();
    let (mut used, mut charges, mut credit) = (0i128, 0i128, 0i128);
    let mut expected: Vec<(Id, Date)> = Vec::new();
    for (_, row) in books.all_rows(CreditLine::table()) {
        let row = CreditLine::from_row(row)?;
        used += i128::from(row.used_minor);
        charges += i128::from(row.charges_minor);
        credit += i128::from(row.credit_minor);
        expected.extend(row.agenda_on.map(|on_day| (row.id, on_day)));
        let events = line_events(books, cell, row.household, row.id)?;
        let view = line_view(row.clone(), events, row.booked_to)?;
        let state = &view.state;
        let owed = state.owed.total_fen().map_err(broken(row.id))?;
        let folded = (state.used_fen, owed - state.used_fen, state.credit_fen, state.limit_fen, state.next_date);
        let kept = (row.used_minor, row.charges_minor, row.credit_minor, row.limit_minor, row.agenda_on);
        if folded != kept {
            findings.push(format!("{cell:?}: line {} keeps {kept:?}, its events come to {folded:?}", row.id));
        }
    }
    let on_agenda = |row: &Agenda| row.kind == AgendaKind::Line.code();
    let mut agenda: Vec<(Id, Date)> = Vec::new();
    for (_, row) in books.all_rows(Agenda::table()) {
        let row = Agenda::from_row(row)?;
        if on_agenda(&row) {
            agenda.push((row.item, row.on_day));
        }
    }
    expected.sort_unstable();
    agenda.sort_unstable();
    if expected != agenda {
        findings.push(format!("{cell:?}: the agenda does not name the lines for the days on which they change"));
    }
    let table = [
        ("owe", "principal", used, posted(BOOK_LINE)),
        ("owe", "interest and fees", charges, posted(BOOK_LINE_CHARGES)),
        ("hold", "credit balance", credit, -posted(BOOK_LINE_CREDIT)),
    ];
    for (verb, what, kept, posted) in table.into_iter().filter(|(.., kept, posted)| kept != posted) {
        findings.push(format!("{cell:?}: lines {verb} {kept} of {what}, the ledger has {posted}"));
    }
    Ok(findings)
}
