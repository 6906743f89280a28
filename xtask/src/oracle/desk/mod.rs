//! The lender's desk of a scenario: what is done to a loan before, while and after it runs, and what is refused.

use std::collections::BTreeMap;

use basics::{Date, Id};
use loan::{
    ChargeAmount, ChargeBase, ChargeDue, ChargeKind, ChargeTerms, Happening, LifeEvent, LoanState, LoanTerms, Posted,
    PostedKind, Reage, Receipt, Reschedule, RowKind, fold,
};
use serde_json::Value;

mod refusal;
mod target;

use super::close::Closings;
use super::{Stop, close, expect, read, sound, terms};

/// Replays one scenario: every event, and after each the tables that are expected. Answers how many refusals had no code to
/// compare.
pub(super) fn run(scenario: &Value, environment: &Value) -> Result<usize, Stop> {
    let mut desk = Desk::new(scenario, environment)?;
    let expectations = read::list(scenario, "expectations");
    for event in read::list(scenario, "events") {
        let i = read::whole(event, "i").unwrap_or(-1);
        desk.step(event).map_err(|stop| within(stop, &format!("event {i} {}", read::text(event, "type"))))?;
        sound::check(&desk).map_err(|stop| within(stop, &format!("after event {i}")))?;
        for expectation in expectations.iter().filter(|e| read::whole(e, "after_event") == Some(i)) {
            expect::check(&desk, expectation).map_err(|stop| within(stop, &format!("after event {i}")))?;
        }
    }
    Ok(desk.uncompared)
}

fn within(stop: Stop, place: &str) -> Stop {
    match stop {
        Stop::Wrong(text) => Stop::Wrong(format!("{place}: {text}")),
        Stop::Refused(error) => Stop::Wrong(format!("{place}: {}", super::refused(&error))),
        Stop::Unsupported(text) => Stop::Unsupported(format!("{place}: {text}")),
    }
}

/// How far a loan has come before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nothing was applied for.
    None,
    /// Applied for.
    Submitted,
    /// Approved.
    Approved,
}

/// One line of the transaction list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Place among everything recorded.
    pub(super) seq: u128,
    pub(super) posted: Posted,
    pub(super) reverted: bool,
    /// Versions that a re-processing replaced, oldest first.
    pub(super) replaced: Vec<Posted>,
}

/// What the desk knows of an event beside what the engine knows.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    pub(super) payment_type: String,
    pub(super) key: Option<String>,
    /// Of a waived charge: what had become income by then.
    pub(super) income_fen: i64,
}

/// Income taken into the books before it was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccrualLine {
    pub(super) seq: u128,
    pub(super) date: Date,
    pub(super) interest_fen: i64,
    pub(super) fee_fen: i64,
    pub(super) penalty_fen: i64,
}

/// A loan of a scenario.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) product: Value,
    pub(super) loan: Value,
    pub(super) environment: Value,
    pub(super) origin: Origin,
    pub(super) terms: LoanTerms,
    pub(super) approved_fen: i64,
    pub(super) approved_on: Option<Date>,
    pub(super) events: Vec<LifeEvent>,
    pub(super) meta: BTreeMap<u128, Meta>,
    pub(super) lines: Vec<Line>,
    pub(super) accruals: Vec<AccrualLine>,
    pub(super) charge_names: BTreeMap<u128, Value>,
    pub(super) today: Date,
    pub(super) config: BTreeMap<String, String>,
    pub(super) fraud: bool,
    pub(super) closings: Closings,
    pub(super) charge_off_reversed_on: Option<Date>,
    pub(super) last_replayed: bool,
    pub(super) last_amount_fen: i64,
    /// What was told to the outside since the business date was set.
    pub(super) raised: Vec<(String, Option<Date>)>,
    /// How much of it the last event found there.
    pub(super) raised_before: usize,
    /// Refusals that were expected without a code that the desk knows.
    uncompared: usize,
    next: u128,
}

impl Desk {
    fn new(scenario: &Value, environment: &Value) -> Result<Desk, Stop> {
        let product = scenario.get("product").cloned().unwrap_or(Value::Null);
        let loan = scenario.get("loan").cloned().unwrap_or(Value::Null);
        let terms = terms::terms(&product, &loan)?;
        let today = terms.start;
        let config = environment
            .get("config_defaults")
            .and_then(Value::as_object)
            .map(|defaults| {
                defaults.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect()
            })
            .unwrap_or_default();
        Ok(Desk {
            product,
            loan,
            environment: environment.clone(),
            origin: Origin::None,
            approved_fen: 0,
            approved_on: None,
            terms,
            events: Vec::new(),
            meta: BTreeMap::new(),
            lines: Vec::new(),
            accruals: Vec::new(),
            charge_names: BTreeMap::new(),
            today,
            config,
            fraud: false,
            closings: Closings::default(),
            charge_off_reversed_on: None,
            last_replayed: false,
            last_amount_fen: 0,
            raised: Vec::new(),
            raised_before: 0,
            uncompared: 0,
            next: 1,
        })
    }

    /// The loan as it stands on the business date.
    pub(super) fn state(&self) -> Result<LoanState, Stop> {
        Ok(fold(&self.terms, &self.events, self.today)?)
    }

    pub(super) fn is_disbursed(&self) -> bool {
        self.lines.iter().any(|line| line.posted.kind == PostedKind::Disbursement && !line.reverted)
    }

    /// The next number in the order of recording.
    pub(super) fn number(&mut self) -> u128 {
        let number = self.next;
        self.next += 1;
        number
    }

    fn step(&mut self, event: &Value) -> Result<(), Stop> {
        let kind = read::text(event, "type");
        if let Some(loan) = read::whole(event, "loan")
            && loan != 1
        {
            return Err(Stop::Unsupported("a second loan".to_owned()));
        }
        if kind == "set_business_date" {
            self.raised.clear();
            self.today = read::date(event, "date")?.unwrap_or(self.today);
            return Ok(());
        }
        self.last_replayed = false;
        self.raised_before = self.raised.len();
        if read::text(event, "expect") == "rejected" {
            return self.refused(event);
        }
        let before = expect::status(self)?;
        self.act(event)?;
        if expect::status(self)? != before {
            self.raised.push(("LoanStatusChanged".to_owned(), Some(self.today)));
        }
        Ok(())
    }

    /// An event that must be refused, with its reason, and leaves everything as it was.
    ///
    /// What the desk itself lets pass, the engine may refuse: that has no code, and is compared by the kind of its error alone, as
    /// is a refusal of which the scenario gives no code that the desk knows. Both are counted.
    fn refused(&mut self, event: &Value) -> Result<(), Stop> {
        let expected = read::text(event, "reason");
        match self.refusal(event)? {
            Some(reason) if reason == expected => Ok(()),
            Some(reason) if refusal::REASONS.contains(&expected) => {
                Err(Stop::Wrong(format!("refused with {reason}, expected {expected}")))
            }
            Some(_) => {
                self.uncompared += 1;
                Ok(())
            }
            None => match self.clone().act(event) {
                Err(Stop::Refused(error)) if refusal::may_be(expected, &error) => {
                    self.uncompared += 1;
                    Ok(())
                }
                Err(stop) => Err(stop),
                Ok(()) => Err(Stop::Wrong(format!("accepted, but should be refused with `{expected}`"))),
            },
        }
    }

    fn act(&mut self, event: &Value) -> Result<(), Stop> {
        let kind = read::text(event, "type").to_owned();
        let date = read::date(event, "date")?.unwrap_or(self.today);
        if let Some(reason) = self.refusal(event)? {
            return Err(Stop::Wrong(format!("refused with {reason}")));
        }
        match kind.as_str() {
            "global_config" => {
                let value = match event.get("value") {
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                    None => String::new(),
                };
                self.config.insert(read::text(event, "key").to_owned(), value);
            }
            "cob_workflow" => {
                let state = if read::flag(event, "enabled") { "enabled" } else { "disabled" };
                self.config.insert(read::text(event, "step").to_owned(), state.to_owned());
            }
            "product_update" => {}
            "delete_loan" => self.origin = Origin::None,
            "create_loan" | "modify_loan" => {
                let given = event.get("terms").and_then(Value::as_object).cloned().unwrap_or_default();
                match self.loan.as_object_mut() {
                    Some(loan) if kind == "modify_loan" => loan.extend(given),
                    _ if given.is_empty() => {}
                    _ => self.loan = Value::Object(given),
                }
                self.terms = terms::terms(&self.product, &self.loan)?;
                self.origin = Origin::Submitted;
            }
            "approve" => {
                self.approved_fen = read::amount(event, "amount")?;
                self.terms.start = read::date(event, "expected_disbursement_date")?.unwrap_or(self.terms.start);
                self.origin = Origin::Approved;
                self.approved_on = Some(date);
            }
            "undo_approval" => self.origin = Origin::Submitted,
            "disburse" => self.disburse(event, date)?,
            "undo_disbursal" => {
                self.events.retain(|event| matches!(event.what, Happening::ChargeAdded { .. }));
                self.lines.clear();
                self.accruals.clear();
            }
            "undo_last_disbursal" => {
                let last = self.lines.iter().rev().find(|l| l.posted.kind == PostedKind::Disbursement && !l.reverted);
                let target = last.map(|line| line.seq);
                if let Some(target) = target {
                    self.events.retain(|event| event.id.0.as_u128() < target);
                    self.lines.retain(|line| line.seq < target);
                    self.settle()?;
                }
            }
            "repayment" => self.money(event, date, Happening::Paid { amount_fen: read::amount(event, "amount")? })?,
            "goodwill_credit" => self.receive(event, date, Receipt::Goodwill)?,
            "payout_refund" => self.receive(event, date, Receipt::PayoutRefund)?,
            "merchant_issued_refund" => self.receive(event, date, Receipt::MerchantRefund)?,
            "refund_by_cash" => {
                self.money(event, date, Happening::RefundedCash { amount_fen: read::amount(event, "amount")? })?;
            }
            "payoff" => {
                let amount_fen = fold(&self.terms, &self.events, date)?.payoff_fen;
                self.money(event, date, Happening::Paid { amount_fen })?;
            }
            "credit_balance_refund" => {
                self.money(event, date, Happening::Refunded { amount_fen: read::amount(event, "amount")? })?;
            }
            "chargeback" => {
                let target = self.target(event)?;
                let amount_fen = read::amount(event, "amount")?;
                let payment = Id::from_u128(target);
                self.money(event, date, Happening::ChargedBack { payment, amount_fen })?;
            }
            "undo_transaction" => {
                let target = self.target(event)?;
                self.undo(target)?;
            }
            "adjust_transaction" => {
                let target = self.target(event)?;
                let amount_fen = read::amount(event, "amount")?;
                let old = self.events.iter().find(|e| e.id == Id::from_u128(target)).cloned();
                let old = old.ok_or_else(|| Stop::Wrong("no such transaction".to_owned()))?;
                self.undo(target)?;
                if amount_fen > 0 {
                    let what = match old.what {
                        Happening::Received { receipt, .. } => Happening::Received { receipt, amount_fen },
                        _ => Happening::Paid { amount_fen },
                    };
                    let date = read::date(event, "date")?.unwrap_or(old.value_date);
                    self.money(event, date, what)?;
                }
            }
            "add_charge" => self.add_charge(event)?,
            "waive_charge" => {
                let charge = Id::from_u128(self.charge_target(event)?);
                let due = self.events.iter().find(|other| other.id == charge).and_then(|other| match &other.what {
                    Happening::ChargeAdded { charge } => match charge.due {
                        ChargeDue::On(due_on) => Some(due_on),
                        ChargeDue::Disbursement | ChargeDue::EachInstalment => None,
                    },
                    _ => None,
                });
                let date = due.map_or(date, |due| due.min(date));
                let state = self.state()?;
                let unpaid =
                    state.charges.iter().find(|other| other.id == charge).map_or(0, |other| other.unpaid_fen());
                self.record(date, Happening::ChargeWaived { charge, amount_fen: unpaid }, event)?;
            }
            "undo_waive_charge" => {
                let waiver = self.lines.iter().rev().find(|l| l.posted.kind == PostedKind::ChargeWaiver && !l.reverted);
                let target = waiver.map(|l| l.seq).ok_or_else(|| Stop::Wrong("nothing was waived".to_owned()))?;
                self.undo(target)?;
            }
            "charge_adjustment" => {
                let charge = Id::from_u128(self.charge_target(event)?);
                let amount_fen = read::amount(event, "amount")?;
                self.record(date, Happening::ChargeAdjusted { charge, amount_fen }, event)?;
            }
            "charge_off" => {
                self.record(date, Happening::ChargedOff, event)?;
            }
            "undo_charge_off" => {
                let line = self.lines.iter().rev().find(|l| l.posted.kind == PostedKind::ChargeOff && !l.reverted);
                let target = line.map(|l| l.seq).ok_or_else(|| Stop::Wrong("nothing was charged off".to_owned()))?;
                self.undo(target)?;
                self.charge_off_reversed_on = Some(self.today);
            }
            "write_off" => {
                self.record(date, Happening::WrittenOff, event)?;
            }
            "set_fraud_flag" => self.fraud = read::flag(event, "value"),
            "reschedule" => self.reschedule(event)?,
            "reage" => {
                let spread = Reage {
                    start: read::date(event, "start_date")?.unwrap_or(self.today),
                    count: read::small(event, "number_of_installments", 1)?,
                    every: read::small(event, "frequency_number", 1)?,
                    unit: terms::unit(read::text(event, "frequency_type"))?,
                };
                self.record(self.today, Happening::Reaged { spread }, event)?;
            }
            "reamortize" => {
                self.record(self.today, Happening::Reamortised, event)?;
            }
            "undo_reage" => self.undo_last(PostedKind::Reage)?,
            "undo_reamortize" => self.undo_last(PostedKind::Reamortisation)?,
            "inline_cob" | "cob_catch_up" => close::inline(self)?,
            "cob_job" => close::job(self)?,
            "accrual_job" => close::accrue(self, self.today)?,
            "delinquency_job" => close::classify(self, self.today)?,
            "cob_lock" => self.closings.locked = Some(read::text(event, "error").to_owned()),
            "delinquency_pause" => {
                let start = read::date(event, "start_date")?.unwrap_or(self.today);
                let end = read::date(event, "end_date")?.unwrap_or(start);
                self.closings.pauses.pause(start, end)?;
            }
            "delinquency_resume" => {
                let start = read::date(event, "start_date")?.unwrap_or(self.today);
                self.closings.pauses.resume(start)?;
            }
            other => return Err(Stop::Unsupported(format!("event {other}"))),
        }
        Ok(())
    }

    fn disburse(&mut self, event: &Value, date: Date) -> Result<(), Stop> {
        let amount_fen = read::amount(event, "amount")?;
        if let Some(fixed) = read::opt_amount(event, "fixed_emi_amount")?
            && let Some(conventions) = self.terms.conventions.as_mut()
        {
            conventions.plan.fixed_instalment_fen = Some(fixed);
        }
        if let Some(first_due) = read::date(event, "adjust_repayment_date")? {
            self.move_next_due(date, first_due)?;
        }
        let overpaid = if self.is_disbursed() { self.state()?.credit_fen.max(0) } else { 0 };
        self.record(date, Happening::Disbursed { amount_fen }, event)?;
        let auto = self.product.get("down_payment").is_some_and(|rule| read::flag(rule, "auto_repayment"));
        if auto {
            let rule = self.terms.conventions.as_ref().map(|conventions| conventions.plan.clone());
            let share = match rule {
                Some(rule) => rule.down_payment_fen(amount_fen, self.terms.rounding)?,
                None => 0,
            };
            let share = share.saturating_sub(overpaid.min(amount_fen));
            if share > 0 {
                let what = Happening::Received { receipt: Receipt::DownPayment, amount_fen: share };
                self.record(date, what, event)?;
            }
        }
        Ok(())
    }

    /// Moves the due date that follows a day, as agreed with a disbursement.
    fn move_next_due(&mut self, day: Date, new_due: Date) -> Result<(), Stop> {
        let state = expect::proposed(self)?;
        let next = state.instalments.iter().find(|row| row.kind == RowKind::Regular && row.due_on > day);
        if let Some(from_due) = next.map(|row| row.due_on).filter(|due| *due != new_due) {
            let change = Reschedule { new_due: Some(new_due), ..Reschedule::default() };
            self.record(self.today, Happening::Rescheduled { from_due, change }, &Value::Null)?;
        }
        Ok(())
    }

    fn receive(&mut self, event: &Value, date: Date, receipt: Receipt) -> Result<(), Stop> {
        self.money(event, date, Happening::Received { receipt, amount_fen: read::amount(event, "amount")? })
    }

    /// A transaction that may carry a key: the same key again answers the first and posts nothing.
    fn money(&mut self, event: &Value, date: Date, what: Happening) -> Result<(), Stop> {
        if read::text(event, "idempotency_key") == "reuse_previous" {
            self.last_replayed = true;
            return Ok(());
        }
        self.last_amount_fen = read::opt_amount(event, "amount")?.unwrap_or(0);
        self.record(date, what, event)?;
        Ok(())
    }

    /// Records an event and takes over what the engine makes of it.
    pub(super) fn record(&mut self, date: Date, what: Happening, event: &Value) -> Result<u128, Stop> {
        let seq = self.number();
        let meta = Meta {
            payment_type: read::text(event, "payment_type").to_owned(),
            key: event.get("idempotency_key").and_then(Value::as_str).map(str::to_owned),
            income_fen: match what {
                Happening::ChargeWaived { charge, .. } => {
                    self.closings.recognised.charges.get(&charge).copied().unwrap_or(0)
                }
                _ => 0,
            },
        };
        self.meta.insert(seq, meta);
        let money = !matches!(what, Happening::ChargeAdded { .. } | Happening::Rescheduled { .. });
        if money {
            close::catch_up(self)?;
        }
        let new = LifeEvent { id: Id::from_u128(seq), value_date: date, what };
        loan::accept(&self.terms, &self.events, &new)?;
        self.events.push(new);
        self.settle()?;
        if money {
            close::after_money(self)?;
        }
        Ok(seq)
    }

    /// Takes over the trace: new lines, and lines that re-processing has changed.
    pub(super) fn settle(&mut self) -> Result<(), Stop> {
        let state = self.state()?;
        let mut kept: Vec<Line> = self.lines.iter().filter(|line| line.reverted).cloned().collect();
        for posted in &state.trace {
            let seq = posted.event.map_or(0, |id| id.0.as_u128());
            let old = self.lines.iter().find(|l| l.seq == seq && l.posted.kind == posted.kind && !l.reverted);
            let mut replaced = old.map(|line| line.replaced.clone()).unwrap_or_default();
            if let Some(old) = old
                && (old.posted.parts != posted.parts || old.posted.excess_fen != posted.excess_fen)
            {
                replaced.push(old.posted);
            }
            kept.push(Line { seq, posted: *posted, reverted: false, replaced });
        }
        kept.sort_by_key(|line| (line.posted.date, line.seq));
        self.lines = kept;
        Ok(())
    }

    fn undo_last(&mut self, kind: PostedKind) -> Result<(), Stop> {
        let line = self.lines.iter().rev().find(|line| line.posted.kind == kind && !line.reverted);
        let target = line.map(|line| line.seq).ok_or_else(|| Stop::Wrong("there is nothing to undo".to_owned()))?;
        self.undo(target)
    }

    /// Takes an event back; its line stays, marked.
    fn undo(&mut self, target: u128) -> Result<(), Stop> {
        close::catch_up(self)?;
        let what = Happening::Reversed { target: Id::from_u128(target) };
        let new = LifeEvent { id: Id::from_u128(self.number()), value_date: self.today, what };
        loan::accept(&self.terms, &self.events, &new)?;
        for line in self.lines.iter_mut().filter(|line| line.seq == target) {
            line.reverted = true;
        }
        self.events.push(new);
        self.settle()?;
        close::after_money(self)
    }

    fn add_charge(&mut self, event: &Value) -> Result<(), Stop> {
        let definition = event.get("charge").cloned().unwrap_or(Value::Null);
        let due = match read::text(&definition, "time_type") {
            "DISBURSEMENT" | "TRANCHE_DISBURSEMENT" => ChargeDue::Disbursement,
            "INSTALLMENT_FEE" => ChargeDue::EachInstalment,
            _ => ChargeDue::On(read::date(event, "date")?.unwrap_or(self.today)),
        };
        let share = |base| -> Result<ChargeAmount, Stop> {
            let ppm = match read::percent_ppm(event, "percent")? {
                Some(ppm) => ppm,
                None => read::percent_ppm(event, "amount")?
                    .or(read::percent_ppm(&definition, "default_amount")?)
                    .unwrap_or(0),
            };
            Ok(ChargeAmount::Share(ppm, base))
        };
        let amount = match read::text(&definition, "calculation") {
            "FLAT" => ChargeAmount::Flat(read::amount(event, "amount")?),
            "PERCENTAGE_AMOUNT" | "PERCENTAGE_DISBURSEMENT_AMOUNT" => share(ChargeBase::Principal)?,
            "PERCENTAGE_LOAN_AMOUNT_PLUS_INTEREST" => share(ChargeBase::PrincipalAndInterest)?,
            "PERCENTAGE_INTEREST" => share(ChargeBase::Interest)?,
            other => return Err(Stop::Unsupported(format!("charge calculation {other}"))),
        };
        let charge = ChargeTerms {
            code: read::text(&definition, "code").to_owned(),
            kind: if read::flag(&definition, "penalty") { ChargeKind::Penalty } else { ChargeKind::Fee },
            due,
            amount,
        };
        let seq = self.record(self.today, Happening::ChargeAdded { charge }, event)?;
        self.charge_names.insert(seq, definition);
        close::after_money(self)
    }

    fn reschedule(&mut self, event: &Value) -> Result<(), Stop> {
        let from_due = read::date(event, "reschedule_from")?
            .ok_or_else(|| Stop::Unsupported("a reschedule without a date".to_owned()))?;
        let change = Reschedule {
            new_due: read::date(event, "adjusted_due_date")?,
            extra_instalments: read::small(event, "extra_terms", 0)?,
            principal_grace: read::small(event, "grace_on_principal", 0)?,
            interest_grace: read::small(event, "grace_on_interest", 0)?,
            new_rate_ppm: read::percent_ppm(event, "new_interest_rate")?,
        };
        self.record(self.today, Happening::Rescheduled { from_due, change }, event)?;
        Ok(())
    }

    pub(super) fn disbursed_fen(&self) -> i64 {
        let of = |line: &&Line| line.posted.kind == PostedKind::Disbursement && !line.reverted;
        self.lines.iter().filter(of).map(|line| line.posted.amount_fen).sum()
    }
}
