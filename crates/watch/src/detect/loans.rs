//! Around the loan: money that goes straight on, debt elsewhere, repayments missed, bridges.

use insight::EventKind;

use super::habit::SHARED;
use super::{Context, Detector, Settings};
use crate::habits::Habits;
use crate::input::Input;
use crate::number::log2_milli;
use crate::signal::{Declared, Kind, Late, Reading};

/// Loan money that leaves within days, to persons or in cash.
#[derive(Clone, Copy, Debug)]
pub struct PassThrough(
    /// Span in days, percent of the loan from which it counts.
    pub Settings,
);

impl Detector for PassThrough {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::PassThrough, bytes_max: SHARED, late: Late::AsItComes };

    /// From the share asked for on, 6 bits, and one more for each tenth of the loan above it and each day that it was quicker.
    fn step(&self, state: &mut Habits, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        let passes = matches!(sight.event.kind, EventKind::TransferOut | EventKind::CashWithdrawal);
        let (received, loan) = state.loan.received;
        let days = sight.day() - received;
        if !passes || loan == 0 || !(0..=self.0.span).contains(&days) {
            return None;
        }
        let passed = (state.loan.passed + sight.amount()).min(loan);
        let percent = u128::from(passed) * 100 / u128::from(loan);
        let over = percent as u64 >= self.0.percent;
        let more = (percent as u64).saturating_sub(self.0.percent) * 100 + (self.0.span - days) as u64 * 1_000;
        Some(Reading {
            strength_milli: if over { 6_000 + more as i32 } else { 0 },
            observed: percent as i64,
            expected: (0, self.0.percent as i64),
            peers: None,
            evidence: [sight.event.id.0.as_u128(), u128::from(sight.event.counterparty.unwrap_or(0)), 0, 0],
        })
    }
}

/// Queries and debts at other lenders that grow.
#[derive(Clone, Copy, Debug)]
pub struct DebtElsewhere(
    /// Span in days, number of queries, percent by which debt grew.
    pub Settings,
);

impl Detector for DebtElsewhere {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::DebtElsewhere, bytes_max: SHARED, late: Late::AsItComes };

    /// Three bits for each query from the number asked for on, and five where the debt grew as much as asked for.
    fn step(&self, state: &mut Habits, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        let day = sight.day();
        match sight.event.kind {
            EventKind::BureauQuery => {}
            EventKind::DebtElsewhere => {
                let owed = sight.event.measure.unwrap_or(0).unsigned_abs();
                state.elsewhere.owed = (owed, state.elsewhere.owed.0);
            }
            _ => return None,
        }
        if sight.event.kind == EventKind::BureauQuery {
            state.elsewhere.queries.rotate_right(1);
            state.elsewhere.queries[0] = day;
        }
        let near = |told: &&i32| **told != 0 && **told <= day && **told > day - self.0.span;
        let queries = state.elsewhere.queries.iter().filter(near).count() as u64;
        let (owed, before) = state.elsewhere.owed;
        let grew = before > 0 && u128::from(owed) * 100 >= u128::from(before) * u128::from(100 + self.0.percent);
        let asked = if queries >= self.0.count { (queries * 3_000) as i32 } else { 0 };
        Some(Reading {
            strength_milli: asked + if grew { 5_000 } else { 0 },
            observed: queries as i64,
            expected: (0, self.0.count as i64 - 1),
            peers: None,
            evidence: [sight.event.id.0.as_u128(), 0, 0, 0],
        })
    }
}

/// A repayment missed, or paid late.
#[derive(Clone, Copy, Debug)]
pub struct Missed(
    /// Days of grace.
    pub Settings,
);

impl Detector for Missed {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::Missed, bytes_max: SHARED, late: Late::AsItComes };

    /// Two bits a doubling of days late, and what the household's own record says: nine of ten met on their day make a miss a surprise.
    fn step(&self, state: &mut Habits, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let (days, day, evidence) = match input {
            Input::Event(sight) => match sight.event.kind {
                EventKind::DueMet => {
                    state.dues.met = state.dues.met.saturating_add(1);
                    return Some(Reading::QUIET);
                }
                EventKind::DueLate => {
                    let days = sight.event.measure.unwrap_or(1).clamp(1, 3_650);
                    (days, sight.day(), sight.event.id.0.as_u128())
                }
                _ => return None,
            },
            Input::Tick(tick) => {
                let (due, _) = tick.owed?;
                let days = i64::from(tick.day - due);
                if days <= i64::from(self.0.span) || state.dues.missed_told == due.days() {
                    return None;
                }
                state.dues.missed_told = due.days();
                (days, tick.day.days(), 0)
            }
            Input::Label(_) => return None,
        };
        let (met, late) = (u64::from(state.dues.met), u64::from(state.dues.late));
        let own = crate::number::ratio_milli(met + late + 4, late + 1);
        state.dues.late = state.dues.late.saturating_add(1);
        state.dues.last_late_days = days as u16;
        state.dues.last_late = day;
        Some(Reading {
            strength_milli: own + 2 * log2_milli(days as u64 + 1),
            observed: days,
            expected: (0, i64::from(self.0.span)),
            peers: None,
            evidence: [evidence, 0, 0, 0],
        })
    }
}

/// A loan paid off with money lent for days, drawn again, and the money given back.
#[derive(Clone, Copy, Debug)]
pub struct Bridge(
    /// Span in days between its steps, percent of the payment that the lent money covers.
    pub Settings,
);

impl Detector for Bridge {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::Bridge, bytes_max: SHARED, late: Late::AsItComes };

    /// Eight bits where a loan is drawn again after such a payment, sixteen where the money then goes back to the same party.
    fn step(&self, state: &mut Habits, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        let day = sight.day();
        let (paid_on, paid, by) = state.loan.paid;
        let within = |from: i32| paid > 0 && (0..=self.0.span).contains(&(day - from));
        let covers = |amount: u64, of: u64| u128::from(amount) * 100 >= u128::from(of) * u128::from(self.0.percent);
        let strength = match sight.event.kind {
            EventKind::LoanReceived if within(paid_on) && covers(sight.amount(), paid) => 8_000,
            EventKind::TransferOut | EventKind::PaymentOut
                if within(paid_on)
                    && state.loan.received.0 >= paid_on
                    && sight.event.counterparty == Some(by)
                    && covers(sight.amount(), paid) =>
            {
                16_000
            }
            EventKind::LoanReceived | EventKind::TransferOut | EventKind::PaymentOut => 0,
            _ => return None,
        };
        Some(Reading {
            strength_milli: strength,
            observed: i64::from(day - paid_on),
            expected: (i64::from(self.0.span), i64::MAX),
            peers: None,
            evidence: [sight.event.id.0.as_u128(), u128::from(by), 0, 0],
        })
    }
}

impl Habits {
    /// Follows loan money, and money that repays loans, through an event. `span` days make money and payment one matter. Says by whose money
    /// a loan was paid.
    pub fn follow_loan(&mut self, event: &insight::Event, span: i32) -> Option<u64> {
        let (day, amount) = (event.date.days(), event.amount_minor.unsigned_abs());
        match event.kind {
            EventKind::LoanReceived => {
                self.loan.received = (day, amount);
                self.loan.left = amount;
                self.loan.passed = 0;
            }
            EventKind::TransferIn | EventKind::PaymentIn => {
                let key = event.counterparty?;
                let (funded_on, _, funded) = self.loan.funded;
                if amount >= funded || day - funded_on > span {
                    self.loan.funded = (day, key, amount);
                }
            }
            EventKind::LoanPayment => {
                let (funded_on, key, funded) = self.loan.funded;
                let is_covered = key != 0 && (0..=span).contains(&(day - funded_on)) && funded >= amount / 10 * 8;
                if is_covered {
                    self.loan.paid = (day, amount, key);
                    return Some(key);
                }
            }
            EventKind::TransferOut | EventKind::CashWithdrawal => {
                self.loan.passed = self.loan.passed.saturating_add(amount);
                self.loan.left = self.loan.left.saturating_sub(amount);
            }
            _ if amount > 0 && event.amount_minor < 0 => self.loan.left = self.loan.left.saturating_sub(amount),
            _ => {}
        }
        None
    }
}
