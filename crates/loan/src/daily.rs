//! What a close of day finds on one loan: income that is to be recognised, charges on what stays unpaid, notices.
//!
//! Pure functions of the loan's state and of what earlier closes have left. Nothing here is stored by itself: whoever
//! closes the day keeps what it recognised ([`Recognised`]) and gives it back the next time.

use std::collections::BTreeMap;

use basics::money::div_round;
use basics::{Date, Id, Rounding};

use crate::charge::ChargePart;
use crate::{ChargeAmount, ChargeDue, ChargeKind, ChargeTerms, Component, LoanError, LoanState, RowKind};

/// From which day on a charge is income.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChargeIncome {
    /// From its due date.
    WhenDue,
    /// From the day it was added; for charges on a date.
    WhenAdded,
}

/// Up to which day income is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Until {
    /// What a close of this day recognises.
    Day(Date),
    /// Everything that is still to come: the loan ended on this day.
    End(Date),
}

/// What closes have recognised so far, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recognised {
    /// Interest, of all periods.
    pub interest_fen: i64,
    /// Charges, by the event that added them.
    pub charges: BTreeMap<Id, i64>,
}

/// Income of one period that is recognised on one day, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Income {
    /// The day it belongs to: the close's, or the period's last if that is earlier.
    pub date: Date,
    /// Interest.
    pub interest_fen: i64,
    /// Fees.
    pub fee_fen: i64,
    /// Penalties.
    pub penalty_fen: i64,
}

impl Income {
    /// All of it. Errors on overflow.
    pub fn total_fen(&self) -> Result<i64, LoanError> {
        let sum = self.interest_fen.checked_add(self.fee_fen).and_then(|sum| sum.checked_add(self.penalty_fen));
        sum.ok_or(LoanError::Overflow("income of a day"))
    }
}

/// Which days count for income.
#[derive(Clone, Copy, Debug)]
pub struct IncomeRule<'a> {
    /// Until when.
    pub until: Until,
    /// From when a charge is income.
    pub charges: ChargeIncome,
    /// When each charge was added.
    pub added_on: &'a BTreeMap<Id, Date>,
    /// How a part of a period's interest is rounded.
    pub rounding: Rounding,
}

/// Income that is not recognised yet, one line a period; `recognised` is what it is afterwards.
///
/// Interest of the running period grows evenly over its days. What is waived is no income. Errors on overflow.
pub fn income(state: &LoanState, rule: &IncomeRule<'_>, recognised: &mut Recognised) -> Result<Vec<Income>, LoanError> {
    let (day, is_end) = match rule.until {
        Until::Day(day) => (day, false),
        Until::End(day) => (day, true),
    };
    let mut left_over = recognised.interest_fen;
    let mut lines = Vec::new();
    let first = state.instalments.iter().position(|row| row.kind != RowKind::DownPayment);
    for (place, row) in state.instalments.iter().enumerate() {
        let mut line = Income {
            date: if is_end { day } else { day.min(row.due_on) },
            interest_fen: 0,
            fee_fen: 0,
            penalty_fen: 0,
        };
        let whole = row.due.interest_fen - row.credited.interest_fen - row.waived.interest_fen;
        let grown = if is_end || day >= row.due_on {
            whole
        } else if day > row.from {
            let part = i128::from(whole) * i128::from(day - row.from);
            div_round(part, i128::from((row.due_on - row.from).max(1)), rule.rounding)
                .ok_or(LoanError::Overflow("income of a day"))?
        } else {
            0
        };
        let had = left_over.min(grown).max(0);
        left_over -= had;
        line.interest_fen = grown - had;
        recognised.interest_fen += line.interest_fen;
        let is_first = Some(place) == first;
        for charge in state.charges.iter().filter(|charge| charge.terms.due != ChargeDue::Disbursement) {
            let in_row = |part: &&ChargePart| {
                let from_first = is_first && part.due_on <= row.due_on;
                row.kind != RowKind::DownPayment && (from_first || part.due_on > row.from && part.due_on <= row.due_on)
            };
            let counts = |part: &&ChargePart| {
                let added = rule.added_on.get(&charge.id).copied().unwrap_or(part.due_on);
                let from = match (rule.charges, charge.terms.due) {
                    (ChargeIncome::WhenAdded, ChargeDue::On(_)) => added,
                    _ => part.due_on,
                };
                is_end || from <= day
            };
            let target: i64 =
                charge.parts.iter().filter(in_row).filter(counts).map(|part| part.amount_fen - part.waived_fen).sum();
            if target == 0 {
                continue;
            }
            let had = recognised.charges.entry(charge.id).or_insert(0);
            // A charge of every instalment is recognised over several periods.
            let before: i64 = charge
                .parts
                .iter()
                .filter(|part| part.due_on <= row.from)
                .filter(counts)
                .map(|part| part.amount_fen - part.waived_fen)
                .sum();
            let more = (before + target - (*had).max(before)).max(0);
            *had = (*had).max(before) + more;
            match charge.terms.kind {
                ChargeKind::Fee => line.fee_fen += more,
                ChargeKind::Penalty => line.penalty_fen += more,
            }
        }
        if line.total_fen()? != 0 {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// A charge on instalments that stay unpaid, once each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverdueCharge {
    /// Code of the charge.
    pub code: String,
    /// Fee or penalty.
    pub kind: ChargeKind,
    /// How much; a share is of what is unpaid of the instalment.
    pub amount: ChargeAmount,
    /// Days after the due date that must have passed.
    pub wait_days: u16,
}

/// The charges that instalments have come to owe by `today` and do not have yet; each is due with its instalment.
///
/// A share of nothing is no charge. Errors on overflow.
pub fn overdue_charges(
    state: &LoanState,
    rule: &OverdueCharge,
    today: Date,
    rounding: Rounding,
) -> Result<Vec<ChargeTerms>, LoanError> {
    let mut charges = Vec::new();
    for row in &state.instalments {
        let due = ChargeDue::On(row.due_on);
        let has_it = state.charges.iter().any(|charge| charge.terms.code == rule.code && charge.terms.due == due);
        let is_open = Component::ALL.iter().any(|component| row.unpaid_fen(*component) > 0);
        if has_it || !is_open || row.due_on.add_days(i32::from(rule.wait_days)) >= today {
            continue;
        }
        let (principal, interest) = (row.unpaid_fen(Component::Principal), row.unpaid_fen(Component::Interest));
        let amount_fen = rule.amount.of_fen(principal, interest, rounding)?;
        if amount_fen > 0 {
            let amount = ChargeAmount::Flat(amount_fen);
            charges.push(ChargeTerms { code: rule.code.clone(), kind: rule.kind, due, amount });
        }
    }
    Ok(charges)
}

/// What a borrower is told about an instalment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// It falls due soon 还款提醒.
    Due,
    /// It is overdue 逾期提醒.
    Overdue,
}

/// When a borrower is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoticeRule {
    /// Days before the due date.
    pub before_days: u16,
    /// Days after the due date.
    pub after_days: u16,
}

/// The notices of a day: each with the due date of an instalment of which something is unpaid.
pub fn notices(state: &LoanState, rule: NoticeRule, day: Date) -> Vec<(Notice, Date)> {
    let mut notices = Vec::new();
    for row in &state.instalments {
        if Component::ALL.iter().all(|component| row.unpaid_fen(*component) == 0) {
            continue;
        }
        if row.due_on.add_days(-i32::from(rule.before_days)) == day {
            notices.push((Notice::Due, row.due_on));
        }
        if row.due_on.add_days(i32::from(rule.after_days)) == day {
            notices.push((Notice::Overdue, row.due_on));
        }
    }
    notices
}
