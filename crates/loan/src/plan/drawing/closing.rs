//! How a cumulative plan ends before its time: a payment that pays everything off, and what that would take.

use basics::Date;

use super::{Drawing, Early, Open, add};
use crate::LoanError;
use crate::plan::{Closing, InterestOn, Payment, Period, PlanRow, Rest};

impl Drawing<'_> {
    /// Whether a payment inside a period pays all that is open, the rest of the principal and the interest so far.
    pub(super) fn closes(&self, period: Period, payment: Payment, held: i64) -> Result<bool, LoanError> {
        let open: i64 = self.open.iter().map(|open| open.charges + open.interest + open.principal).sum();
        let left = add(payment.amount_fen, held)? - open;
        if left < self.outstanding || !self.tranches.is_empty() || self.terms.interest_on == InterestOn::Principal {
            return Ok(false);
        }
        Ok(left >= add(self.outstanding, self.interest_until(period, payment.date)?)?)
    }

    /// Interest of a running period up to a day of payment, or its rest date.
    pub(super) fn interest_until(&self, period: Period, date: Date) -> Result<i64, LoanError> {
        let until = match self.terms.recalculation.payoff {
            Rest::Daily => date,
            Rest::Period => self.rest_date(date, period.due),
        };
        add(self.interest_held, self.balance_interest(period.from, until)?)
    }

    /// The last row of a loan that was paid off inside a period.
    pub(super) fn closing_row(&mut self, period: Period, date: Date, early: i64) -> Result<(), LoanError> {
        let interest = self.interest_until(period, date)?;
        let principal = add(self.outstanding, early)?;
        (self.interest_held, self.outstanding) = (0, 0);
        self.planned = add(self.planned, principal)?;
        self.rows.push(PlanRow {
            period: Period { due: date, ..period },
            principal_fen: principal,
            interest_fen: interest,
            balance_after_fen: 0,
        });
        Ok(())
    }

    /// What would close the loan on a date.
    pub(in crate::plan) fn close_on(mut self, date: Date) -> Result<Closing, LoanError> {
        for row in self.happened.kept.iter().filter(|row| row.period.due <= date) {
            self.keep(*row)?;
        }
        loop {
            let number = self.number()?;
            let mut period = self.terms.dates.period(number)?;
            if let Some(last) = self.rows.last() {
                period.from = last.period.due;
            }
            if self.outstanding == 0 {
                while let Some(payment) = self.take_payment(|paid_on| paid_on <= date) {
                    self.meet(payment.amount_fen);
                }
                return self.closing(0, 0);
            }
            if period.due > date {
                self.payments.retain(|payment| payment.date <= date);
                let Early { ahead, held, closed } = self.early_payments(period)?;
                if closed.is_some() {
                    return self.closing(0, 0);
                }
                let interest = if self.outstanding == 0 && ahead == 0 { 0 } else { self.interest_until(period, date)? };
                // What was paid in this period has met its interest first.
                let met = add(ahead, held)?.min(interest);
                return self.closing(add(self.outstanding, met)? - held, interest - met);
            }
            self.next_row()?;
        }
    }

    /// So much principal and interest, and what is open.
    pub(super) fn closing(&self, principal: i64, interest: i64) -> Result<Closing, LoanError> {
        let open = |part: fn(&Open) -> i64| self.open.iter().map(part).sum::<i64>();
        Ok(Closing {
            principal_fen: add(principal, open(|open| open.principal))?.max(0),
            interest_fen: add(interest, open(|open| open.interest))?,
            charges_fen: open(|open| open.charges),
        })
    }
}
