//! How a cumulative plan is drawn up, row by row, with what happened to the loan on the way.

mod closing;

use basics::money::div_round;
use basics::{Date, Rate};

use super::convention::round_to_multiple;
use super::cumulative::TOO_LARGE;
use super::{
    AdvanceRule, Amortisation, Arithmetic, Compounding, Cumulative, Happened, InterestOn, Payment, Period,
    PeriodInterest, PlanRow, Rest, TermChangeKind, Tranche,
};
use crate::LoanError;

/// A change of what bears interest.
#[derive(Clone, Copy)]
struct Change {
    date: Date,
    fen: i64,
}

/// What is open of a row.
struct Open {
    due: Date,
    charges: i64,
    interest: i64,
    principal: i64,
}

impl Cumulative {
    /// What of an overdue row bears interest.
    fn bears_overdue(&self, open: &Open) -> i64 {
        let Open { charges, interest, principal, .. } = *open;
        match self.recalculation.compounding {
            Compounding::None => principal,
            Compounding::Interest => principal + interest,
            Compounding::Fee => principal + charges,
            Compounding::InterestAndFee => principal + interest + charges,
        }
    }
}

/// Payments before the due date of a period.
#[derive(Default)]
struct Early {
    /// What was paid ahead and leaves the base before the due date.
    ahead: i64,
    /// What counts only on the due date.
    held: i64,
    /// The day of a payment that closes the loan.
    closed: Option<Date>,
}

/// Equal parts of a flat loan, from an instalment on.
#[derive(Clone, Copy)]
struct Flat {
    /// Instalments before these.
    before: u16,
    /// Principal of the instalments before.
    planned: i64,
    /// Interest of these.
    interest: i64,
    /// Interest of these that is in rows by now.
    charged: i64,
}

/// A plan while it is drawn up.
pub(super) struct Drawing<'a> {
    terms: &'a Cumulative,
    tranches: &'a [Tranche],
    happened: Happened<'a>,
    payments: Vec<Payment>,
    rows: Vec<PlanRow>,
    open: Vec<Open>,
    rate: Rate,
    /// Instalments, those added since included.
    count: u16,
    /// The last instalment without principal.
    principal_grace: u16,
    /// The last instalment whose interest is held back.
    interest_grace: u16,
    /// Level instalment or level principal.
    level: i64,
    flat: Flat,
    /// Disbursed up to the period being drawn.
    principal: i64,
    outstanding: i64,
    planned: i64,
    /// What bears interest at the start of the period being drawn.
    base: i64,
    /// Changes of it that are not yet in `base`.
    changes: Vec<Change>,
    /// Overdue principal, each from its day; it leaves the base on the rest date of today.
    late: Vec<Change>,
    interest_held: i64,
    /// Paid ahead, and to be taken from the principal of the next rows.
    ahead: i64,
}

impl<'a> Drawing<'a> {
    pub(super) fn new(
        terms: &'a Cumulative,
        start: Date,
        disbursed: i64,
        tranches: &'a [Tranche],
        happened: Happened<'a>,
    ) -> Result<Drawing<'a>, LoanError> {
        let mut drawing = Drawing {
            terms,
            tranches,
            happened,
            payments: happened.payments.to_vec(),
            rows: Vec::with_capacity(usize::from(terms.dates.count) + 1),
            open: Vec::new(),
            rate: terms.rate,
            count: terms.dates.count,
            principal_grace: terms.principal_grace,
            interest_grace: terms.interest_grace,
            level: 0,
            flat: Flat { before: 0, planned: 0, interest: 0, charged: 0 },
            principal: 0,
            outstanding: 0,
            planned: 0,
            base: 0,
            changes: Vec::new(),
            late: Vec::new(),
            interest_held: 0,
            ahead: 0,
        };
        drawing.payments.sort_by_key(|payment| payment.date);
        drawing.pay_out(|date| date <= start)?;
        drawing.base = drawing.outstanding;
        drawing.changes.clear();
        let whole = terms.level_on_fen.unwrap_or(disbursed);
        match terms.interest_on {
            InterestOn::Principal => {
                let interest = terms.flat_interest_fen(terms.rate, whole, terms.dates.count);
                drawing.flat.interest = interest.ok_or(TOO_LARGE)?;
            }
            InterestOn::Balance => {
                let count = terms.dates.count.saturating_sub(terms.principal_grace);
                drawing.level = terms.level(terms.rate, whole, count).ok_or(TOO_LARGE)?;
            }
        }
        Ok(drawing)
    }

    /// Changes of the terms that hold from an instalment on.
    fn change_terms(&mut self, number: u16) -> Result<(), LoanError> {
        let terms = self.terms;
        for change in terms.changes.iter().filter(|change| change.number == number) {
            let mut flat = Flat {
                before: number - 1,
                planned: self.planned,
                interest: self.flat.interest - self.flat.charged,
                charged: 0,
            };
            match change.kind {
                TermChangeKind::Longer(more) => self.lengthen(more)?,
                TermChangeKind::PrincipalGrace(rows) => {
                    self.principal_grace = (number - 1).saturating_add(rows);
                    self.lengthen(rows)?;
                }
                TermChangeKind::InterestGrace(rows) => self.interest_grace = (number - 1).saturating_add(rows),
                TermChangeKind::Rate(rate) => {
                    self.rate = rate;
                    if terms.interest_on == InterestOn::Principal {
                        let left = self.principal - self.planned;
                        flat.interest = terms.flat_interest_fen(rate, left, self.count).ok_or(TOO_LARGE)?;
                    }
                }
            }
            self.flat = flat;
            self.relevel(number)?;
        }
        Ok(())
    }

    fn lengthen(&mut self, more: u16) -> Result<(), LoanError> {
        self.count = self.count.checked_add(more).ok_or(TOO_LARGE)?;
        Ok(())
    }

    /// Levels the instalments from `next` on over what is not yet planned.
    fn relevel(&mut self, next: u16) -> Result<(), LoanError> {
        let terms = self.terms;
        let left = terms.level_on_fen.unwrap_or(self.principal) - self.planned;
        if terms.fixed.is_none() && terms.interest_on == InterestOn::Balance && left > 0 {
            let done = self.principal_grace.max(next.saturating_sub(1));
            self.level = terms.level(self.rate, left, self.count.saturating_sub(done)).ok_or(TOO_LARGE)?;
        }
        Ok(())
    }

    pub(super) fn draw(mut self) -> Result<Vec<PlanRow>, LoanError> {
        for row in self.happened.kept {
            self.keep(*row)?;
        }
        let limit = self.rows.len() + usize::from(self.terms.dates.count) + 1_200;
        while self.outstanding > 0 || !self.tranches.is_empty() {
            if self.rows.len() >= limit {
                return Err(LoanError::Terms("the instalment does not repay the loan: raise it".to_owned()));
            }
            self.next_row()?;
        }
        if self.interest_held > 0
            && let Some(last) = self.rows.last_mut()
        {
            last.interest_fen = last.interest_fen.checked_add(self.interest_held).ok_or(TOO_LARGE)?;
        }
        Ok(self.rows)
    }

    /// Takes the tranches of the days that `is_due` names.
    fn pay_out(&mut self, is_due: impl Fn(Date) -> bool) -> Result<(), LoanError> {
        while let Some((tranche, rest)) = self.tranches.split_first() {
            if !is_due(tranche.date) {
                break;
            }
            self.tranches = rest;
            self.principal = add(self.principal, tranche.amount_fen)?;
            self.outstanding = add(self.outstanding, tranche.amount_fen)?;
            self.changes.push(Change { date: tranche.date, fen: tranche.amount_fen });
        }
        Ok(())
    }

    fn number(&self) -> Result<u16, LoanError> {
        u16::try_from(self.rows.len() + 1).map_err(|_| TOO_LARGE)
    }

    fn rest_date(&self, date: Date, due: Date) -> Date {
        match self.terms.recalculation.rest {
            Rest::Daily => date,
            Rest::Period => self.rest_due(date).unwrap_or(due),
        }
    }

    /// The due date on or after a date.
    fn rest_due(&self, date: Date) -> Option<Date> {
        (1..=self.terms.dates.count).filter_map(|n| self.terms.dates.due(n).ok()).find(|due| *due >= date)
    }

    /// A row that stays; payments up to its due date meet it.
    fn keep(&mut self, row: PlanRow) -> Result<(), LoanError> {
        let number = self.number()?;
        let PlanRow { period: Period { due, .. }, principal_fen, interest_fen, .. } = row;
        self.change_terms(number)?;
        self.pay_out(|date| date <= due)?;
        let scheduled = self.scheduled(number, interest_fen)?;
        self.flat.charged = add(self.flat.charged, interest_fen)?;
        self.outstanding = add(self.outstanding, -principal_fen)?;
        self.planned = add(self.planned, principal_fen)?;
        self.changes.clear();
        self.base = self.outstanding;
        let expected = (scheduled - self.ahead).max(0);
        self.ahead = (self.ahead - scheduled).max(0);
        self.rows.push(PlanRow { balance_after_fen: self.outstanding, ..row });
        self.open_row(row);
        while let Some(payment) = self.take_payment(|date| date <= due) {
            self.meet(payment.amount_fen);
        }
        if principal_fen > expected {
            self.ahead = add(self.ahead, principal_fen - expected)?;
            self.spread_ahead(number + 1)?;
        }
        self.note_late(due);
        Ok(())
    }

    fn next_row(&mut self) -> Result<(), LoanError> {
        let number = self.number()?;
        let mut period = self.terms.dates.period(number)?;
        if let Some(last) = self.rows.last() {
            period.from = last.period.due;
        }
        let due = period.due;
        self.change_terms(number)?;
        self.pay_out(|date| date <= due)?;
        let Early { ahead: early, closed, .. } = self.early_payments(period)?;
        if let Some(date) = closed {
            return self.closing_row(period, date, early);
        }
        let (interest, principal) = self.interest_and_principal(number, period)?;
        // What was paid ahead before is taken as this row's principal.
        let mut planned = (principal - self.ahead).max(0);
        self.ahead = (self.ahead - principal).max(0);
        if early > planned {
            self.ahead = add(self.ahead, early - planned)?;
            planned = early;
        }
        let excess = self.ahead;
        self.outstanding = add(self.outstanding, early - planned)?;
        if self.outstanding < 0 {
            planned += self.outstanding;
            self.outstanding = 0;
        }
        self.planned = add(self.planned, planned)?;
        if excess > 0 {
            self.spread_ahead(number + 1)?;
        }
        self.changes.push(Change { date: self.rest_date(due, due), fen: early - planned });
        let row =
            PlanRow { period, principal_fen: planned, interest_fen: interest, balance_after_fen: self.outstanding };
        self.rows.push(row);
        self.open_row(row);
        self.payments_at_due(due, number)?;
        self.move_base(due)?;
        self.note_late(due);
        Ok(())
    }

    /// Payments before the due date whose rest date lies inside the period: what they leave after all that is due is
    /// paid ahead, and leaves the base from that day.
    fn early_payments(&mut self, period: Period) -> Result<Early, LoanError> {
        let mut early = Early::default();
        let mut later = Vec::new();
        while let Some(payment) = self.take_payment(|date| date < period.due) {
            if self.closes(period, payment, early.held)? {
                self.meet(payment.amount_fen);
                early.closed = Some(payment.date);
                return Ok(early);
            }
            let counts = self.rest_date(payment.date, period.due);
            if counts >= period.due {
                early.held = add(early.held, payment.amount_fen)?;
                later.push(payment);
                continue;
            }
            let bore: i64 = self.open.iter().map(|open| self.terms.bears_overdue(open)).sum();
            let left = self.meet(payment.amount_fen);
            let bears: i64 = self.open.iter().map(|open| self.terms.bears_overdue(open)).sum();
            self.pay_late(bore - bears, counts);
            let left = left.min(self.outstanding);
            if left > 0 {
                self.outstanding -= left;
                early.ahead = add(early.ahead, left)?;
                self.changes.push(Change { date: counts, fen: -left });
                later.push(Payment { date: period.due, amount_fen: left });
            }
        }
        later.append(&mut self.payments);
        self.payments = later;
        Ok(early)
    }

    /// Payments up to the due date: what is left after the row is paid becomes its principal.
    fn payments_at_due(&mut self, due: Date, number: u16) -> Result<(), LoanError> {
        while let Some(payment) = self.take_payment(|date| date <= due) {
            let left = self.meet(payment.amount_fen);
            let left = left.min(self.outstanding);
            if left == 0 {
                continue;
            }
            self.outstanding -= left;
            self.planned = add(self.planned, left)?;
            if let Some(row) = self.rows.last_mut() {
                row.principal_fen = add(row.principal_fen, left)?;
                row.balance_after_fen = self.outstanding;
            }
            self.changes.push(Change { date: self.rest_date(payment.date, due).max(due), fen: -left });
            self.ahead = add(self.ahead, left)?;
            self.spread_ahead(number + 1)?;
        }
        Ok(())
    }

    /// What the terms give as principal of a row, before anything paid ahead.
    fn scheduled(&self, number: u16, interest: i64) -> Result<i64, LoanError> {
        let terms = self.terms;
        if number <= self.principal_grace {
            return Ok(0);
        }
        if terms.interest_on == InterestOn::Principal {
            let count = self.count.saturating_sub(self.principal_grace.max(self.flat.before)).max(1);
            let left = i128::from(self.principal - self.flat.planned);
            let part = div_round(left, i128::from(count), terms.rounding).ok_or(TOO_LARGE)?;
            let whole = round_to_multiple(part, terms.multiple_fen, terms.rounding).ok_or(TOO_LARGE)?;
            let rounded = round_to_multiple(interest, terms.multiple_fen, terms.rounding).ok_or(TOO_LARGE)?;
            return Ok(if interest == 0 { whole } else { whole + rounded - interest });
        }
        Ok(match (terms.fixed, terms.equal) {
            (Some(fixed), _) => fixed.amount_fen - interest,
            (None, Amortisation::EqualInstalments) => self.level - interest,
            (None, Amortisation::EqualPrincipal) => self.level,
        })
    }

    fn interest_and_principal(&mut self, number: u16, period: Period) -> Result<(i64, i64), LoanError> {
        let terms = self.terms;
        let own = self.period_interest(number, period)?;
        let interest = if number <= self.interest_grace {
            self.interest_held = add(self.interest_held, own)?;
            0
        } else {
            add(own, std::mem::take(&mut self.interest_held))?
        };
        // A level instalment has room for the interest of its own period, put off or not.
        let counted = if terms.interest_on == InterestOn::Principal { interest } else { own };
        let mut principal = self.scheduled(number, counted)?;
        if principal < 0 {
            return Err(LoanError::Terms(format!(
                "the interest of the period to {} is more than the instalment, which never repays the loan",
                period.due
            )));
        }
        let left = self.principal - self.planned - principal;
        let joins = terms.fixed.is_some_and(|fixed| {
            i128::from(left) * 1_000_000 < i128::from(principal) * i128::from(fixed.threshold_ppm)
        });
        if left < 0 || joins || (terms.fixed.is_none() && number >= self.count) {
            principal += left;
        }
        Ok((interest, principal))
    }

    fn period_interest(&mut self, number: u16, period: Period) -> Result<i64, LoanError> {
        if self.terms.interest_on == InterestOn::Principal {
            let Flat { before, interest, charged, .. } = self.flat;
            let mut before = before;
            if self.terms.equal == Amortisation::EqualInstalments {
                // Equal instalments spread flat interest over those that carry it.
                if number <= self.interest_grace && number < self.count {
                    return Ok(0);
                }
                before = before.max(self.interest_grace);
            }
            let count = self.count.saturating_sub(before).max(1);
            let part = div_round(i128::from(interest), i128::from(count), self.terms.rounding).ok_or(TOO_LARGE)?;
            let own = if number < self.count { part.min(interest - charged) } else { interest - charged };
            self.flat.charged = add(charged, own)?;
            return Ok(own);
        }
        self.balance_interest(period.from, period.due)
    }

    /// Interest of the balance, whose changes each begin a stretch of their own.
    fn balance_interest(&self, from: Date, due: Date) -> Result<i64, LoanError> {
        if self.terms.period_interest == PeriodInterest::Whole {
            return self.stretch(self.base, from, due);
        }
        let mut changes: Vec<Change> = self.changes.iter().chain(&self.late).copied().collect();
        changes.sort_by_key(|change| change.date);
        let (mut balance, mut from, mut sum) = (self.base, from, 0i64);
        for Change { date, fen } in changes {
            if date > due {
                break;
            }
            if date > from {
                sum = add(sum, self.stretch(balance, from, date)?)?;
                from = date;
            }
            balance = add(balance, fen)?;
        }
        add(sum, self.stretch(balance, from, due)?)
    }

    fn stretch(&self, balance: i64, from: Date, to: Date) -> Result<i64, LoanError> {
        if balance <= 0 || to <= from {
            return Ok(0);
        }
        let factor = self.terms.factor(self.rate, from, to).ok_or(TOO_LARGE)?;
        factor.interest_fen(balance, Arithmetic::Exact, self.terms.rounding).ok_or(TOO_LARGE)
    }

    /// Takes the changes up to a due date into the base.
    fn move_base(&mut self, due: Date) -> Result<(), LoanError> {
        for change in self.changes.extract_if(.., |change| change.date <= due) {
            self.base = add(self.base, change.fen)?;
        }
        Ok(())
    }

    fn take_payment(&mut self, is_due: impl Fn(Date) -> bool) -> Option<Payment> {
        if self.payments.first().is_some_and(|payment| is_due(payment.date)) {
            Some(self.payments.remove(0))
        } else {
            None
        }
    }

    fn open_row(&mut self, row: PlanRow) {
        let Period { from, due } = row.period;
        let first = self.rows.len() == 1;
        let charges = (self.happened.charges.iter())
            .filter(|charge| charge.date <= due && (charge.date > from || (first && charge.date == from)))
            .map(|charge| charge.amount_fen)
            .sum();
        self.open.push(Open { due, charges, interest: row.interest_fen, principal: row.principal_fen });
    }

    /// Pays what is open, oldest first: charges, interest, principal. Answers what is left.
    fn meet(&mut self, amount: i64) -> i64 {
        let mut left = amount;
        for open in &mut self.open {
            for part in [&mut open.charges, &mut open.interest, &mut open.principal] {
                let paid = left.min(*part);
                *part -= paid;
                left -= paid;
            }
        }
        left
    }

    /// What bore overdue interest was paid on a day before the one it would leave the base on.
    fn pay_late(&mut self, mut principal: i64, date: Date) {
        let Some(until) = self.until() else { return };
        let overdue: i64 = self.late.iter().filter(|change| change.date < until).map(|change| change.fen).sum();
        principal = principal.min(overdue);
        if date < until && principal > 0 {
            self.late.push(Change { date, fen: -principal });
            self.late.push(Change { date: until, fen: principal });
        }
    }

    /// The rest date of today, on which overdue principal leaves the base.
    fn until(&self) -> Option<Date> {
        let today = self.happened.today?;
        Some(self.rest_date(today, today))
    }

    /// Principal open after a due date stays in the base until the rest date of today.
    fn note_late(&mut self, due: Date) {
        self.late.clear();
        let (Some(today), Some(until)) = (self.happened.today, self.until()) else { return };
        let mut total = 0;
        for index in 0..self.open.len() {
            let Some(open) = self.open.get(index) else { break };
            let (was_due, bears) = (open.due, self.terms.bears_overdue(open));
            let from = self.rest_date(was_due, was_due);
            if bears > 0 && was_due <= due && from < today {
                self.late.push(Change { date: from, fen: bears });
                total += bears;
            }
        }
        if total > 0 {
            self.late.push(Change { date: until, fen: -total });
        }
    }

    /// Lets what was paid ahead do what the terms say, from instalment `next` on.
    fn spread_ahead(&mut self, next: u16) -> Result<(), LoanError> {
        match self.terms.recalculation.advance {
            AdvanceRule::NextInstalments => return Ok(()),
            AdvanceRule::SmallerInstalments => self.relevel(next)?,
            AdvanceRule::FewerInstalments | AdvanceRule::LastInstalment => {}
        }
        self.ahead = 0;
        Ok(())
    }
}

fn add(a: i64, b: i64) -> Result<i64, LoanError> {
    a.checked_add(b).ok_or(TOO_LARGE)
}
