//! The running loan inside the fold: days pass, instalments fall due, events happen.
//!
//! One engine for every product. [`row`] is an instalment and what became of it, [`settle`] lets money and
//! waivers meet the rows, [`change`] replaces rows still to come, [`running`] is what grows with the days,
//! [`shown`] the state as it is told outside. Where the terms name conventions, [`planned`] and [`plans`] make the
//! rows, [`ahead`] lets money pay down a waterfall, [`credit`] takes it back, [`respread`] spreads it anew.
//! [`charged`] and [`ended`] serve both. [`opening`] begins a loan in mid-life. By the house rule [`part`] pays out a further part, [`again`] takes back what was paid, [`anew`] moves due dates and
//! spreads arrears, [`late_fee`] charges what the contract asks of an instalment that stays unpaid.

mod again;
mod ahead;
mod alter;
mod anew;
mod change;
mod charged;
mod credit;
mod ended;
mod late_fee;
mod opening;
pub(crate) mod order;
mod part;
mod planned;
mod plans;
mod respread;
mod row;
mod running;
mod settle;
mod shown;

use std::collections::BTreeMap;

use basics::{Date, Id, Rate};

use crate::act::Bearings;
use crate::charge::ChargeState;
use crate::fold::Granted;
use crate::plan::Progressive;
use crate::schedule::schedule_drawn;
use crate::terms::PrepayStrategy;
use crate::{ArrearsPath, Happening, LifeEvent, LoanError, LoanTerms, Parts, Posted, PostedKind, Receipt, Schedule};
use planned::Outlook;
pub(crate) use planned::spaced;
use row::Row;

/// A loan between two moments of its life.
pub(crate) struct Servicing<'t> {
    terms: &'t LoanTerms,
    schedule: Option<Schedule>,
    /// Rows before `next` have fallen due; rows before `open` are settled for good.
    rows: Vec<Row>,
    open: usize,
    next: usize,
    /// Everything before this day, and what is due on it, is done. `None` before the first event.
    date: Option<Date>,
    credit_fen: i64,
    disbursed_fen: i64,
    received_fen: i64,
    refunded_fen: i64,
    /// What of `received_fen` was granted, no money having come.
    granted: Granted,
    waiver_lapsed_fen: i64,
    closed_on: Option<Date>,
    /// Sums over the rows, of money and of waivers.
    paid: Parts,
    waived: Parts,
    /// Principal that refunds and chargebacks made owed again, and what was written off.
    credited: Parts,
    written_off: Parts,
    charges: Vec<ChargeState>,
    /// Charges that came before the first disbursement.
    early_charges: Vec<Id>,
    /// What chargebacks of a payment have put back so far.
    charged_back: BTreeMap<Id, Parts>,
    /// Principal as the trace tells it after each line.
    outstanding_fen: i64,
    charged_off_on: Option<Date>,
    written_off_on: Option<Date>,
    /// What the whole life will bring, for plans that are made from all of it.
    outlook: Outlook,
    trace: Vec<Posted>,
    arrears: ArrearsPath,
    /// Overdue principal that was spread over a new plan and counts as overdue until it is paid.
    kept: anew::KeptArrears,
    /// Rates of today; those of the terms until they are changed.
    rate: Rate,
    penalty_rate: Rate,
    misuse_rate: Option<Rate>,
    /// Where balance or rate last changed within the running period.
    turn: Option<alter::Turn>,
    bearings: Bearings,
    /// Principal that bears no interest for a time.
    relief: Vec<change::Relief>,
    /// The plan that follows the balance, where the conventions ask for one.
    model: Option<Progressive>,
}

impl<'t> Servicing<'t> {
    pub(crate) fn new(terms: &'t LoanTerms) -> Servicing<'t> {
        Servicing {
            terms,
            schedule: None,
            rows: Vec::new(),
            open: 0,
            next: 0,
            date: None,
            credit_fen: 0,
            disbursed_fen: 0,
            received_fen: 0,
            refunded_fen: 0,
            granted: Granted::default(),
            waiver_lapsed_fen: 0,
            closed_on: None,
            paid: Parts::ZERO,
            waived: Parts::ZERO,
            credited: Parts::ZERO,
            written_off: Parts::ZERO,
            charges: Vec::new(),
            early_charges: Vec::new(),
            charged_back: BTreeMap::new(),
            outstanding_fen: 0,
            charged_off_on: None,
            written_off_on: None,
            outlook: Outlook::default(),
            trace: Vec::new(),
            arrears: ArrearsPath::default(),
            kept: anew::KeptArrears::default(),
            rate: terms.rate,
            penalty_rate: terms.penalty_rate,
            misuse_rate: None,
            turn: None,
            bearings: Bearings::default(),
            relief: Vec::new(),
            model: None,
        }
    }

    /// Lets days pass until `to`, with everything that falls due up to and on it.
    pub(crate) fn advance(&mut self, to: Date) -> Result<(), LoanError> {
        if self.terms.conventions.is_some() {
            self.date = Some(self.date.map_or(to, |date| date.max(to)));
            self.follow_overdue(to)?;
            self.reach(to);
            return Ok(());
        }
        loop {
            let due = self.rows.get(self.next).map(|row| row.due_on).filter(|due| *due <= to);
            let day = match (due, self.next_late_fee(to)) {
                (None, None) => break,
                (Some(due), fee) if fee.is_none_or(|fee| due <= fee) => {
                    self.run_overdue(due)?;
                    self.next += 1;
                    due
                }
                (_, fee) => {
                    let Some(fee) = fee else { break };
                    self.run_overdue(fee)?;
                    self.charge_late_fees(fee)?;
                    fee
                }
            };
            self.settle_from_credit(self.mark(), day)?;
        }
        self.run_overdue(to)
    }

    /// Lets one event happen on the day reached.
    pub(crate) fn apply(&mut self, event: &LifeEvent) -> Result<(), LoanError> {
        let today = event.value_date;
        let positive = |amount_fen: i64| {
            if amount_fen > 0 { Ok(amount_fen) } else { Err(LoanError::NotPositive(event.id)) }
        };
        if self.terms.conventions.is_some() {
            return self.apply_ahead(event);
        }
        let before = self.mark();
        let (kind, amount_fen) = match &event.what {
            Happening::Disbursed { amount_fen } => {
                match (&self.schedule, self.terms.draws) {
                    (None, _) => self.disburse(positive(*amount_fen)?, today)?,
                    (Some(_), Some(_)) => self.disburse_part(positive(*amount_fen)?, today)?,
                    (Some(_), None) => return Err(LoanError::SecondDisbursement(event.id)),
                }
                self.post(Some(event.id), today, PostedKind::Disbursement, *amount_fen, before)?;
                self.advance(today)?;
                return self.settle_from_credit(self.mark(), today);
            }
            Happening::Paid { amount_fen } => {
                self.received_fen = add(self.received_fen, positive(*amount_fen)?)?;
                self.credit_fen = add(self.credit_fen, *amount_fen)?;
                (PostedKind::Repayment, *amount_fen)
            }
            Happening::Refunded { amount_fen } => {
                self.refunded_fen = add(self.refunded_fen, positive(*amount_fen)?)?;
                self.credit_fen = add(self.credit_fen, -*amount_fen)?;
                (PostedKind::Refund, *amount_fen)
            }
            Happening::Waived { what, amount_fen } => {
                self.waive(what.component(), positive(*amount_fen)?, today)?;
                (PostedKind::Waiver, *amount_fen)
            }
            Happening::Replanned(replan) => {
                self.replan(replan, today)?;
                return self.settle_from_credit(before, today);
            }
            Happening::Deferred(deferral) => {
                self.defer(deferral, today)?;
                return self.settle_from_credit(before, today);
            }
            Happening::Prepaid(prepayment) => {
                self.received_fen = add(self.received_fen, positive(prepayment.amount_fen)?)?;
                self.credit_fen = add(self.credit_fen, prepayment.amount_fen)?;
                self.prepay(prepayment, today)?;
                (PostedKind::Prepayment, prepayment.amount_fen)
            }
            Happening::Extended(alteration) => {
                self.alter(alteration, today)?;
                return self.settle_from_credit(before, today);
            }
            Happening::Restructured(alteration) => {
                self.restructure(alteration, today)?;
                self.note(&event.what, today);
                return self.settle_from_credit(before, today);
            }
            Happening::RateReset(rates) => {
                self.reset_rate(*rates, today)?;
                return self.settle_from_credit(before, today);
            }
            Happening::Misused { .. }
            | Happening::Judged { .. }
            | Happening::Linked(_)
            | Happening::BorrowerDied
            | Happening::HandedOver { .. } => {
                self.note(&event.what, today);
                return self.settle_from_credit(before, today);
            }
            Happening::Received { receipt, amount_fen } => {
                self.received_fen = add(self.received_fen, positive(*amount_fen)?)?;
                self.credit_fen = add(self.credit_fen, *amount_fen)?;
                match receipt {
                    Receipt::Goodwill => self.granted.goodwill_fen = add(self.granted.goodwill_fen, *amount_fen)?,
                    // What was never needed is owed no longer: it pays the end of the plan, at no fee.
                    Receipt::PayoutRefund | Receipt::MerchantRefund => {
                        self.pay_ahead(PrepayStrategy::LastInstalment, None, today)?;
                    }
                    _ => {}
                }
                (PostedKind::of(*receipt), *amount_fen)
            }
            Happening::ChargeAdjusted { charge, amount_fen } => {
                self.received_fen = add(self.received_fen, positive(*amount_fen)?)?;
                self.credit_fen = add(self.credit_fen, *amount_fen)?;
                let kind = self.charges.iter().find(|other| other.id == *charge).map(|charge| charge.terms.kind);
                let kind = kind.unwrap_or(crate::ChargeKind::Fee);
                self.granted.adjusted.put(kind.component(), *amount_fen)?;
                (PostedKind::ChargeAdjustment, *amount_fen)
            }
            Happening::ChargedBack { amount_fen, .. } => {
                self.owe_again(positive(*amount_fen)?, today)?;
                (PostedKind::Chargeback, *amount_fen)
            }
            Happening::RefundedCash { amount_fen } => {
                self.owe_again(positive(*amount_fen)?, today)?;
                (PostedKind::CashRefund, *amount_fen)
            }
            Happening::ChargedOff => {
                let amount_fen = self.write_off_claim(today)?;
                self.charged_off_on = self.charged_off_on.or(Some(today));
                (PostedKind::ChargeOff, amount_fen)
            }
            Happening::Rescheduled { from_due, change } => {
                self.reschedule(*from_due, change, today)?;
                return self.settle_from_credit(before, today);
            }
            Happening::Reaged { spread } => {
                self.spread_over(spread, today)?;
                return self.settle_from_credit(before, today);
            }
            Happening::Reamortised => {
                self.spread_over_coming(today)?;
                return self.settle_from_credit(before, today);
            }
            Happening::ChargeAdded { charge } => {
                self.impose_charge(event.id, charge, today)?;
                return self.settle_from_credit(before, today);
            }
            Happening::ChargeWaived { charge, amount_fen } => {
                let amount_fen = self.waive_charge(*charge, *amount_fen, today)?;
                (PostedKind::ChargeWaiver, amount_fen)
            }
            Happening::WrittenOff => {
                let amount_fen = self.write_off_claim(today)?;
                (PostedKind::WriteOff, amount_fen)
            }
            Happening::Reversed { .. } | Happening::CollectionRun { .. } | Happening::Noticed { .. } => {
                return self.settle_from_credit(before, today);
            }
        };
        self.settle(today)?;
        self.post(Some(event.id), today, kind, amount_fen, before)
    }

    /// Settles after something that is no money; where credit balance paid of it, the trace says so.
    fn settle_from_credit(&mut self, before: Mark, today: Date) -> Result<(), LoanError> {
        self.settle(today)?;
        if self.paid != before.paid {
            self.post(None, today, PostedKind::CreditUsed, 0, before)?;
        }
        Ok(())
    }

    fn disburse(&mut self, amount_fen: i64, today: Date) -> Result<(), LoanError> {
        // The rows of a loan that was taken over go back to where they began in the old book.
        let drawn_on = self.terms.opening.map_or(today, |_| self.terms.start);
        let schedule = schedule_drawn(self.terms, amount_fen, drawn_on)?;
        self.rows = schedule.rows.iter().map(Row::planned).collect();
        // Down payments are rows of no days: the contract's grace does not count them.
        let periods = self.rows.iter_mut().filter(|row| row.plan.due > row.plan.from);
        for row in periods.take(usize::from(self.terms.grace.principal)) {
            row.interest_alone = row.plan.principal_fen == 0;
        }
        self.schedule = Some(schedule);
        self.disbursed_fen = amount_fen;
        self.open_as_taken_over()
    }

    /// Where the sums stand before something happens.
    fn mark(&self) -> Mark {
        Mark { paid: self.paid, waived: self.waived, written_off: self.written_off, credit_fen: self.credit_fen }
    }

    /// Writes the line of the trace for what has just happened.
    fn post(
        &mut self,
        event: Option<Id>,
        date: Date,
        kind: PostedKind,
        amount_fen: i64,
        before: Mark,
    ) -> Result<(), LoanError> {
        let paid = self.paid.minus(&before.paid)?;
        let waived = self.waived.minus(&before.waived)?;
        let parts = paid.plus(&waived)?.plus(&self.written_off.minus(&before.written_off)?)?;
        self.outstanding_fen = match kind {
            PostedKind::Disbursement => add(self.outstanding_fen, amount_fen)?,
            _ => add(self.outstanding_fen, -parts.principal_fen)?,
        };
        self.trace.push(Posted {
            event,
            date,
            kind,
            amount_fen,
            parts,
            excess_fen: add(self.credit_fen, -before.credit_fen)?,
            // Once the loan has left the books, what the rows still ask for is the balance.
            principal_after_fen: match self.charged_off_on {
                Some(_) => self.open_parts()?.principal_fen,
                None => self.outstanding_fen.max(0),
            },
        });
        Ok(())
    }
}

/// The sums before something happens.
#[derive(Clone, Copy)]
struct Mark {
    paid: Parts,
    waived: Parts,
    written_off: Parts,
    credit_fen: i64,
}

/// A sum of a loan; errors if it does not fit.
fn add(a: i64, b: i64) -> Result<i64, LoanError> {
    a.checked_add(b).ok_or(LoanError::Overflow("the sum of a loan"))
}
