//! A loan is replaced by a new one on the same day: renewed without repaying its principal 无还本续贷, or new for old 借新还旧.
//!
//! One command draws the new note and pays the old one off with it, in one entry; what the new loan does not cover, at least the
//! interest, comes from the wallet. No money of it ever goes there: what is more than the old one asks for is a loan of its own. Both notes keep the link, which bears on the class of the new one as the rules say.
//! Taking the renewal back, on the same day and before anything else happens to the new loan, restores both.

use basics::{Cell, Date, Id, cbor};
use door::app::{Context, Decided, Refusal};
use door::overlay::{Fault, Needs, Overlay};
use door::{Change, Record, Stop, key};
use loan::act::{Met, NoteLink, Renewal, check_renewal};
use loan::schedule::schedule_drawn;
use loan::{Allocation, Happening, LifeEvent, LoanError, LoanTerms};
use minicbor::{Decode, Encode};

use crate::application::needs_exposure;
use crate::books::{booked, check_text, own_wallet};
use crate::command::Outcome;
use crate::facility::may_draw_instead;
use crate::fact::{Fact, LoanDrawn, LoanMoved};
use crate::holding::{Holding, Of, Stands, Touched};
use crate::house::Tianxin;
use crate::loan_books::needs_undrawn;
use crate::loan_turn::{LoanPlace, Standing};
use crate::paper::{ContractPaper, check_open, papers};
use crate::sign::signed_contract;
use crate::tables::{EntryKind, LoanEvent};

/// Draw a signed contract to pay an older loan off with it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Renew {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The loan that is paid off.
    #[n(2)]
    pub old: Id,
    /// The contract of the new one.
    #[n(3)]
    pub contract: Id,
    /// The new loan, made by the caller.
    #[n(4)]
    pub loan: Id,
    /// Which of the two it is.
    #[n(5)]
    pub manner: RenewalManner,
    /// Why, and what it rests on.
    #[n(6)]
    pub reason: String,
}

/// How an older loan is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RenewalManner {
    /// Renewed without repaying principal 无还本续贷. It keeps its class only if all of this holds, and the old loan was normal.
    #[n(0)]
    WithoutRepaying {
        /// The business goes on and earns 经营正常.
        #[n(0)]
        business: Attested,
        /// The record is good 信用良好.
        #[n(1)]
        record: Attested,
        /// The lender's own standard for a new loan is met 符合新发放贷款条件.
        #[n(2)]
        standard: Attested,
    },
    /// New for old 借新还旧.
    #[n(1)]
    NewForOld,
}

/// Whether a condition was found to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Attested {
    /// It was.
    #[n(0)]
    Holds,
    /// It was not.
    #[n(1)]
    Fails,
}

impl Attested {
    fn met(self) -> Met {
        match self {
            Attested::Holds => Met::Yes,
            Attested::Fails => Met::No,
        }
    }
}

/// Take a renewal back on its day.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct UndoRenewal {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The new loan.
    #[n(2)]
    pub loan: Id,
    /// Why.
    #[n(3)]
    pub reason: String,
}

/// The links of both notes: of the new one, and of the old one.
fn links(command: &Renew, old: &Standing, signed_on: Date) -> Result<(NoteLink, NoteLink), LoanError> {
    let RenewalManner::WithoutRepaying { business, record, standard } = command.manner else {
        return Ok((NoteLink::NewForOld(command.old), NoteLink::ReplacedBy(command.loan)));
    };
    let (state, stands) = &old.before;
    let standing = check_renewal(&Renewal {
        class: stands.holding.class,
        days_past_due: state.days_past_due,
        old_maturity: state.instalments.iter().map(|row| row.due_on).max().unwrap_or(old.note.maturity),
        signed_on,
        business_holds: business.met(),
        record_holds: record.met(),
        standard_holds: standard.met(),
    })?;
    Ok((NoteLink::Renews { old: command.old, standing }, NoteLink::RenewedBy(command.loan)))
}

fn refused(message: String) -> Stop {
    Refusal::new("renewal", message).into()
}

impl Tianxin {
    pub(crate) fn needs_renew(&self, command: &Renew, slice: &Overlay, needs: &mut Needs) -> Result<(), Fault> {
        let (cell, household) = (command.cell, command.household);
        needs_exposure(needs, cell, household);
        needs.rows::<LoanEvent>(key![cell, household, command.loan]);
        needs.rows::<ContractPaper>(key![cell, household, command.contract]);
        needs_undrawn(slice, (cell, household, command.contract), needs)?;
        self.needs_loan(LoanPlace { cell, household, loan: command.old }, slice, needs)
    }

    pub(crate) fn renew(&self, slice: &Overlay, command: &Renew, context: &Context) -> Decided<Tianxin> {
        let (cell, household, today) = (command.cell, command.household, context.open_date);
        check_text("the reason", &command.reason, 200)?;
        let mut old = Standing::read(self, slice, LoanPlace { cell, household, loan: command.old }, today)?;
        let contract = signed_contract(slice, cell, household, command.contract, command.loan, today)?;
        let terms: LoanTerms = cbor::from_bytes(&contract.terms).map_err(Fault::from)?;
        check_open(&terms, &papers(slice, cell, household, command.contract)?)?;
        let amount = terms.principal.minor();
        let (payoff_fen, outstanding_fen) = (old.before.0.payoff_fen, old.before.0.principal_fen);
        if old.before.0.written_off_on.is_some() {
            return Err(refused("the old loan was written off: what comes in for it is recovery".to_owned()));
        }
        if terms.principal.currency() != old.note.currency || amount > outstanding_fen {
            return Err(refused(format!(
                "the new loan is of {}, and {} of principal is outstanding on the old one: what is more is a loan of its own",
                terms.principal,
                basics::money::format_minor(outstanding_fen)
            )));
        }
        if amount > payoff_fen {
            return Err(refused(format!(
                "the new loan is of {}, and {} pays the old one off, which has money ahead of its time: the rest would be cash",
                terms.principal,
                basics::money::format_minor(payoff_fen)
            )));
        }
        let wallet = own_wallet(slice, cell, household, self.institution.currency)?;
        let available_minor = wallet.balance_minor - wallet.held_minor;
        if available_minor.saturating_add(amount) < payoff_fen {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        let (but, released) = (Some(contract.application), old.note.outstanding_minor);
        if let Err(outcome) = may_draw_instead(slice, cell, household, but, (amount, released), today)? {
            let fact = Fact::Declined { code: "facility_shut".to_owned() };
            return Ok(Change::new(outcome, vec![fact]));
        }
        let (new_link, old_link) = links(command, &old, contract.signed_on).map_err(|e| refused(e.to_string()))?;
        let plan = schedule_drawn(&terms, amount, today)
            .map_err(|error| Refusal::new("outside_product", format!("{error}; apply again")))?;

        // The new note: paid out, and bound to the old one.
        let id = |name: &str| context.command_id.derive(name);
        let paid_out = Happening::Disbursed { amount_fen: amount };
        let drawn = LifeEvent { id: context.command_id, value_date: today, what: paid_out };
        let bound = LifeEvent { id: id("bound to the old"), value_date: today, what: Happening::Linked(new_link) };
        let life = [drawn.clone(), bound.clone()];
        let (_, first) = self.stands(&terms, &life[..1], today).map_err(|e| old.broken(&e))?;
        let (_, new) = self.stands(&terms, &life, today).map_err(|e| old.broken(&e))?;

        // The old one: paid off, and bound to the new one.
        let mut turn = old.turn(slice);
        turn.touch(&old.touched(&old.held, &old.before.1.holding))?;
        let since_touched = turn.lines(&self.subjects.roles)?;
        let paid =
            LifeEvent { id: id("pays the old"), value_date: today, what: Happening::Paid { amount_fen: payoff_fen } };
        let after_paid = old.happen(self, &paid)?;
        let replaced = LifeEvent { id: id("bound to the new"), value_date: today, what: Happening::Linked(old_link) };
        let after = old.happen(self, &replaced)?;
        turn.touch(&old.touched(&old.before.1.holding, &after.1.holding))?;
        turn.touch(&Touched {
            household,
            id: command.loan,
            of: Of::Loan,
            product: &terms.product.code,
            currency: terms.principal.currency(),
            old: &Holding::default(),
            new: &new.holding,
        })?;
        let lines = turn.lines(&self.subjects.roles)?;

        let outcome = Outcome::Renewed {
            principal_minor: amount,
            paid_off_minor: payoff_fen,
            from_wallet_minor: payoff_fen - amount,
            class: new.holding.class.0,
        };
        let drawn = Fact::LoanDrawn(LoanDrawn {
            household,
            loan: command.loan,
            contract: command.contract,
            product: terms.product.code.clone(),
            principal: terms.principal,
            maturity: plan.maturity(),
            next_due: plan.rows.first().map(|row| row.due),
            event: drawn,
            stands: Some(first),
        });
        let serviced = Fact::LoanServiced {
            household,
            loan: command.loan,
            act: "renew_loan".to_owned(),
            reason: command.reason.clone(),
        };
        let mut facts = vec![
            drawn,
            Fact::LoanMoved(moved_no_money(household, command.loan, bound, new)),
            Fact::LoanMoved(old.moved(paid, &after_paid)?),
            Fact::LoanMoved(moved_no_money(household, command.old, replaced, after.1)),
            serviced,
        ];
        let currency = terms.principal.currency();
        if !since_touched.is_empty() {
            facts.push(booked(EntryKind::LoanDues, today, currency, since_touched, None)?);
        }
        facts.push(booked(EntryKind::LoanRenewal, today, currency, lines, Some(command.reason.clone()))?);
        Ok(Change::new(outcome, facts))
    }

    pub(crate) fn needs_undo_renewal(
        &self,
        command: &UndoRenewal,
        slice: &Overlay,
        needs: &mut Needs,
    ) -> Result<(), Fault> {
        let new = LoanPlace { cell: command.cell, household: command.household, loan: command.loan };
        self.needs_loan(new, slice, needs)?;
        if slice.has(LoanEvent::table(), &key![new.cell, new.household, new.loan])
            && let Some(old) = renewed_loan(&crate::loan_books::loan_events(slice, new.cell, new.household, new.loan)?)
        {
            self.needs_loan(LoanPlace { loan: old, ..new }, slice, needs)?;
        }
        Ok(())
    }

    pub(crate) fn undo_renewal(&self, slice: &Overlay, command: &UndoRenewal, context: &Context) -> Decided<Tianxin> {
        let today = context.open_date;
        check_text("the reason", &command.reason, 200)?;
        let place = LoanPlace { cell: command.cell, household: command.household, loan: command.loan };
        let mut new = Standing::read(self, slice, place, today)?;
        let Some(old) = renewed_loan(&new.events) else {
            return Err(refused("this loan renews none, or it was taken back already".to_owned()));
        };
        if new.note.drawn_on != today || new.events.len() != 2 {
            let message = "a renewal is taken back on its own day, before anything else happens to the new loan";
            return Err(refused(message.to_owned()));
        }
        let mut old = Standing::read_any(self, slice, LoanPlace { loan: old, ..place }, today)?;
        let renewal = new.events.iter().find(|event| matches!(event.what, Happening::Disbursed { .. }));
        let Some(renewal) = renewal.map(|event| event.id) else {
            return Err(Fault::Broken(format!("loan {} was never paid out", command.loan)).into());
        };
        let mut turn = old.turn(slice);
        turn.touch(&old.touched(&old.held, &old.before.1.holding))?;
        turn.touch(&new.touched(&new.held, &new.before.1.holding))?;
        let since_touched = turn.lines(&self.subjects.roles)?;
        let mut facts = Vec::new();
        for (name, target) in
            [("bound to the new", renewal.derive("bound to the new")), ("pays the old", renewal.derive("pays the old"))]
        {
            facts.push(self.take_back(&mut old, context.command_id.derive(name), target)?);
        }
        for (name, target) in [("bound to the old", renewal.derive("bound to the old")), ("drawn", renewal)] {
            facts.push(self.take_back(&mut new, context.command_id.derive(name), target)?);
        }
        for standing in [&old, &new] {
            let (_, after) = self.stands(&standing.terms, &standing.events, today).map_err(|e| standing.broken(&e))?;
            turn.touch(&standing.touched(&standing.before.1.holding, &after.holding))?;
        }
        let lines = turn.lines(&self.subjects.roles)?;
        let wallet = own_wallet(slice, command.cell, command.household, self.institution.currency)?;
        let available_minor = wallet.balance_minor - wallet.held_minor;
        if self.out_of_wallet(&lines) > i128::from(available_minor) {
            let fact = Fact::Declined { code: "insufficient_funds".to_owned() };
            return Ok(Change::new(Outcome::InsufficientFunds { available_minor }, vec![fact]));
        }
        facts.push(Fact::DrawUndone { household: command.household, contract: new.note.contract });
        facts.push(Fact::LoanServiced {
            household: command.household,
            loan: command.loan,
            act: "undo_renewal".to_owned(),
            reason: command.reason.clone(),
        });
        let currency = new.note.currency;
        if !since_touched.is_empty() {
            facts.push(booked(EntryKind::LoanDues, today, currency, since_touched, None)?);
        }
        facts.push(booked(EntryKind::LoanRenewal, today, currency, lines, Some(command.reason.clone()))?);
        Ok(Change::new(Outcome::Done, facts))
    }

    /// Reverses one event of a loan; the fact of it.
    fn take_back(&self, standing: &mut Standing, id: Id, target: Id) -> Result<Fact, Stop> {
        let event = LifeEvent { id, value_date: standing.today, what: Happening::Reversed { target } };
        let (_, stands) = standing.happen(self, &event)?;
        Ok(Fact::LoanMoved(moved_no_money(standing.place.household, standing.place.loan, event, stands)))
    }
}

/// The loan that a new one was drawn to pay off, if its link stands.
fn renewed_loan(events: &[LifeEvent]) -> Option<Id> {
    loan::life::in_order(events).into_iter().find_map(|event| match event.what {
        Happening::Linked(NoteLink::NewForOld(old) | NoteLink::Renews { old, .. }) => Some(old),
        _ => None,
    })
}

/// The fact of an event by which no money pays anything.
fn moved_no_money(household: Id, loan: Id, event: LifeEvent, stands: Stands) -> LoanMoved {
    LoanMoved {
        household,
        loan,
        event,
        allocation: Allocation::default(),
        outstanding_minor: stands.outstanding_minor,
        next_due: stands.next_due,
        closed_on: stands.closed_on,
        stands: Some(stands),
        maturity: None,
    }
}
