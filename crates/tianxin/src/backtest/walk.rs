//! The walk: a history goes through the door, day by day.
//!
//! Households are enrolled when their account was opened, movements become events, loans
//! after the cut-off are applied for, decided, signed, drawn and repaid, each on its day,
//! and every day is closed before the next begins. Work that belongs to one day and to
//! different households goes through the door at once, as callers would.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::application::{Apply, DecideByHand};
use app::close::CloseDay;
use app::command::{Command, Outcome};
use app::desk::{Desk, EnrolRequest, NewMember};
use app::quota::{Fund, GrantQuota};
use app::repay::Repay;
use app::sign::Draw;
use app::tables::{ApplicationStatus, MemberRole};
use app::wallet::{TopUp, Withdraw};
use basics::{Cell, Currency, Date, Id, Instant, Money, Rate};
use door::{Actor, ActorKind, Answer, Order, Request, Role};
use insight::Event;
use loan::{LoanTerms, schedule};

use super::bank::{Bank, HistoricalLoan, household};
use crate::clock;
use crate::failure::Failure;
use crate::many::at_once;
use crate::terminal::Progress;

/// The last day of the history: instalments due later are not known.
pub const LAST_DAY: (i16, i8, i8) = (1998, 12, 31);

/// What became of a loan of the history.
#[derive(Clone, Debug)]
pub struct Walked {
    /// The loan.
    pub loan: HistoricalLoan,
    /// Whether too few movements were known.
    pub thin: bool,
    /// What model and rules said.
    pub decided: ApplicationStatus,
    /// Probability of turning bad, ppm; none for thin files.
    pub pd_ppm: Option<i64>,
    /// Log odds of turning bad, in millionths.
    pub log_odds_micro: Option<i64>,
    /// Codes of the reasons.
    pub reasons: Vec<String>,
    /// What was lent in the end, in minor units.
    pub lent_minor: i64,
    /// Principal outstanding on the last day, in minor units, under the convention of who stops paying.
    pub outstanding_minor: i64,
    /// How long the decision took, in milliseconds.
    pub decision_ms: f64,
}

/// The office that decides, by hand, what the machine refers: as the bank did, it lends.
fn historical_office() -> Actor {
    Actor { kind: ActorKind::Staff, id: Id::default().derive("historical-office"), role: Role::Officer }
}

/// A loan under way.
struct Running {
    place: usize,
    id: Id,
    terms: LoanTerms,
    /// How many instalments will be paid.
    pays: usize,
    paid: usize,
}

/// The walk under way.
pub struct Walk<'a> {
    desk: Arc<Desk>,
    bank: &'a Bank,
    day: Date,
    /// How many of an account's movements have been told.
    told: BTreeMap<u64, usize>,
    running: Vec<Running>,
    /// Loans walked so far.
    pub walked: Vec<Walked>,
}

impl<'a> Walk<'a> {
    /// Begins on the institution's first day, with money in the bank and quotas in the cells.
    pub fn begin(desk: Arc<Desk>, bank: &'a Bank, first: Date) -> Result<Walk<'a>, Failure> {
        let walk = Walk { desk, bank, day: first, told: BTreeMap::new(), running: Vec::new(), walked: Vec::new() };
        let cells = walk.desk.engine.backend().cells();
        let whole = bank.loans.iter().map(|loan| loan.amount_minor).sum::<i64>().max(1);
        let czk = |minor| Money::new(minor, Currency::CZK);
        // Each cell could pay out every loan of the history.
        for _ in 0..cells {
            walk.call(Actor::SYSTEM, Command::Fund(Fund { amount: czk(whole), reference: "capital".to_owned() }))?;
        }
        for cell in (1..=cells).map(Cell) {
            walk.call(Actor::SYSTEM, Command::GrantQuota(GrantQuota { to: cell, amount: czk(whole) }))?;
        }
        walk.desk.engine.settle();
        Ok(walk)
    }

    /// Walks to the end of the history. Loans after the cut-off go through the whole life.
    pub fn run(&mut self, cut_off: Date, last: Date, progress: &Progress) -> Result<(), Failure> {
        let mut openings: BTreeMap<Date, Vec<u64>> = BTreeMap::new();
        for account in self.bank.accounts.values() {
            openings.entry(account.since).or_default().push(account.number);
        }
        let mut grants: BTreeMap<Date, Vec<HistoricalLoan>> = BTreeMap::new();
        for loan in self.bank.loans.iter().filter(|loan| loan.date > cut_off) {
            grants.entry(loan.date).or_default().push(loan.clone());
        }
        while self.day <= last {
            let day = self.day;
            progress.set(format!("{day}: {} loans", self.walked.len()));
            self.enrol(openings.get(&day).map_or(&[], Vec::as_slice))?;
            for loan in grants.get(&day).map_or(&[][..], Vec::as_slice) {
                self.observe(&[loan.account], day)?;
                self.lend(loan)?;
            }
            self.repay()?;
            if day == day.last_of_month() {
                let accounts: Vec<u64> = self.bank.movements.keys().copied().collect();
                self.observe(&accounts, day.add_days(1))?;
            }
            self.close()?;
        }
        for running in &self.running {
            let walked = &mut self.walked[running.place];
            let (note, ..) = self.desk.loan(household(walked.loan.account), running.id)?;
            walked.outstanding_minor = note.outstanding_minor;
        }
        Ok(())
    }

    fn at(&self) -> Instant {
        Instant(i64::from(self.day.days()) * 86_400_000_000 + 36_000_000_000)
    }

    fn call(&self, actor: Actor, command: Command) -> Result<Answer, Failure> {
        let request = Request::plain(clock::new_id()?, actor, self.at(), Order::Do(command));
        Ok(self.desk.engine.call(request)?)
    }

    fn expect(&self, actor: Actor, command: Command, wanted: impl Fn(&Outcome) -> bool) -> Result<Outcome, Failure> {
        let named = format!("{command:?}");
        let outcome = self.call(actor, command)?.outcome::<app::Tianxin>()?;
        if wanted(&outcome) {
            return Ok(outcome);
        }
        let named: String = named.chars().take(200).collect();
        Err(Failure::Wrong(format!("{}: {named} ended in {outcome:?}", self.day)))
    }

    fn enrol(&self, accounts: &[u64]) -> Result<(), Failure> {
        at_once(accounts, |number| {
            let Some(account) = self.bank.accounts.get(number) else { return Ok(()) };
            let id = household(*number);
            let members = account.clients.iter().enumerate().map(|(place, client)| NewMember {
                role: if place == 0 { MemberRole::Head } else { MemberRole::Adult },
                name: format!("client {client}"),
                resident_id: format!("CZ{client}"),
                phone: None,
                extra_fields: Vec::new(),
            });
            let asked = EnrolRequest {
                command_id: id.derive("enrol"),
                household: id,
                village: format!("district {}", account.district),
                members: members.collect(),
                consents: vec![("history replay".to_owned(), "1".to_owned())],
            };
            self.desk.enrol(&asked, Actor::SYSTEM, self.at())?;
            Ok(())
        })
    }

    /// Tells the movements dated before `before` that have not been told.
    fn observe(&mut self, accounts: &[u64], before: Date) -> Result<(), Failure> {
        let mut untold: Vec<(u64, &[Event])> = Vec::new();
        for number in accounts {
            let open = self.bank.accounts.get(number).is_some_and(|account| account.since < before);
            let Some(events) = self.bank.movements.get(number).filter(|_| open) else { continue };
            let from = self.told.get(number).copied().unwrap_or(0);
            let to = events.partition_point(|event| event.date < before);
            if to > from {
                untold.push((*number, &events[from..to]));
                self.told.insert(*number, to);
            }
        }
        at_once(&untold, |(number, events)| {
            for part in events.chunks(app::observe::EVENTS_MAX) {
                let id = clock::new_id()?;
                self.desk.observe(id, household(*number), part, Actor::SYSTEM, self.at())?;
            }
            Ok(())
        })
    }

    /// One loan from application to money out.
    fn lend(&mut self, loan: &HistoricalLoan) -> Result<(), Failure> {
        let id = household(loan.account);
        let cell = self.desk.cell_of(id);
        let farmer = Actor { kind: ActorKind::Household, id, role: Role::Household };
        let base = id.derive(&format!("loan {}", loan.number));
        let application = base.derive("application");
        let amount = Money::new(loan.amount_minor, Currency::CZK);
        let apply = Apply {
            cell,
            household: id,
            application,
            product: super::PRODUCT.to_owned(),
            amount,
            term_months: loan.months,
            purpose: "unstated".to_owned(),
            season: None,
        };
        let began = std::time::Instant::now();
        self.expect(farmer, Command::Apply(apply), |outcome| *outcome == Outcome::Done)?;
        let decided = self.desk.decide(base.derive("decide"), id, application, self.at())?;
        let decision_ms = began.elapsed().as_secs_f64() * 1_000.0;
        let record = decided
            .assessment
            .ok_or_else(|| Failure::Wrong(format!("the decision on loan {} left no record", loan.number)))?;
        let score = record.facts.score.as_ref();
        let mut walked = Walked {
            loan: loan.clone(),
            thin: record.facts.thin,
            decided: decided.application.status,
            pd_ppm: score.map(|score| score.pd_ppm),
            log_odds_micro: score.and(record.log_odds_micro),
            reasons: record.decision.reasons.iter().map(|reason| reason.code.clone()).collect(),
            lent_minor: decided.application.approved_minor,
            outstanding_minor: 0,
            decision_ms,
        };
        if walked.decided == ApplicationStatus::Referred {
            let by_hand = DecideByHand {
                cell,
                household: id,
                application,
                decision: base.derive("by hand"),
                approved: amount,
                rate: Rate::ZERO,
                reason: "the bank granted this loan".to_owned(),
            };
            let approved =
                |outcome: &Outcome| matches!(outcome, Outcome::Decided { status: ApplicationStatus::Approved, .. });
            self.expect(historical_office(), Command::DecideByHand(by_hand), approved)?;
            walked.lent_minor = loan.amount_minor;
        }
        let place = self.walked.len();
        let lent = walked.lent_minor;
        self.walked.push(walked);
        if lent == 0 {
            return Ok(());
        }
        let row = self.desk.application(id, application)?;
        let offer = self.desk.offer(&row)?;
        let contract = base.derive("contract");
        let text = offer.schedule.to_string();
        let signed = self.desk.sign(
            base.derive("sign"),
            id,
            application,
            contract,
            &text,
            "history replay",
            farmer,
            self.at(),
        )?;
        debug_assert!(!signed.replayed);
        let note = base.derive("note");
        let draw = Command::Draw(Draw { cell, household: id, contract, loan: note, amount: None });
        self.expect(farmer, draw, |outcome| *outcome == Outcome::Done)?;
        let spend = Withdraw { cell, household: id, amount: Money::new(lent, Currency::CZK), value_date: None };
        self.expect(farmer, Command::Withdraw(spend), |outcome| *outcome == Outcome::Done)?;
        let plan = schedule::schedule(&offer.terms).map_err(|e| Failure::Wrong(e.to_string()))?;
        let last = last_day()?;
        let due_by_then = plan.rows.iter().filter(|row| row.due <= last).count();
        // A convention of the replay: who did not pay stopped after half of what was due by the end.
        let pays = if loan.is_bad() { due_by_then / 2 } else { due_by_then };
        self.running.push(Running { place, id: note, terms: offer.terms, pays, paid: 0 });
        Ok(())
    }

    /// Every instalment that is due today and will be paid: the money comes in, and pays.
    fn repay(&mut self) -> Result<(), Failure> {
        let day = self.day;
        let mut due: Vec<(u64, Id, i64)> = Vec::new();
        for running in self.running.iter_mut().filter(|running| running.paid < running.pays) {
            let plan = schedule::schedule(&running.terms).map_err(|e| Failure::Wrong(e.to_string()))?;
            if let Some(row) = plan.rows.get(running.paid).filter(|row| row.due == day) {
                running.paid += 1;
                due.push((self.walked[running.place].loan.account, running.id, row.total_fen));
            }
        }
        at_once(&due, |(account, loan, total)| {
            let id = household(*account);
            let (cell, amount) = (self.desk.cell_of(id), Money::new(*total, Currency::CZK));
            let reference = "income of the history".to_owned();
            let top_up = TopUp { cell, household: id, amount, value_date: None, reference };
            self.expect(Actor::SYSTEM, Command::TopUp(top_up), |outcome| *outcome == Outcome::Done)?;
            let repay = Repay { cell, household: id, loan: *loan, amount, value_date: None };
            let paid = |outcome: &Outcome| matches!(outcome, Outcome::Repaid { .. });
            self.expect(Actor::SYSTEM, Command::Repay(repay), paid).map(|_| ())
        })
    }

    fn close(&mut self) -> Result<(), Failure> {
        let close = Command::CloseDay(CloseDay { day: self.day });
        self.expect(Actor::SYSTEM, close, |outcome| matches!(outcome, Outcome::Closing { .. }))?;
        self.desk.engine.settle();
        self.day = self.day.add_days(1);
        Ok(())
    }
}

/// The last day of the history.
pub fn last_day() -> Result<Date, Failure> {
    let (year, month, day) = LAST_DAY;
    Date::ymd(year, month, day).map_err(|e| Failure::Wrong(e.to_string()))
}
