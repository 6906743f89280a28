//! Money that goes back: overpayments paid out, chargebacks, refunds of an open loan.

use basics::{Date, Id};

use super::planned::insert;
use super::row::Row;
use super::{Servicing, add};
use crate::conventions::Conventions;
use crate::{Component, LoanError, Parts, PostedKind, RowKind};

impl Servicing<'_> {
    /// Money goes back to the borrower: from what was overpaid first; the rest is owed again.
    pub(super) fn give_back(
        &mut self,
        id: Id,
        kind: PostedKind,
        amount_fen: i64,
        split: Option<Parts>,
        today: Date,
    ) -> Result<(), LoanError> {
        let before = self.mark();
        let from_credit = self.credit_fen.max(0).min(amount_fen);
        self.credit_fen = add(self.credit_fen, -from_credit)?;
        let owed = add(amount_fen, -from_credit)?;
        let principal = Parts { principal_fen: owed, ..Parts::ZERO };
        if owed > 0 {
            let raised = match split {
                Some(split) => split,
                None => Parts { principal_fen: amount_fen, ..Parts::ZERO },
            };
            let place = self.place_for_credit(today);
            if let Some(row) = self.rows.get_mut(place) {
                for component in Component::ALL {
                    row.due.put(component, raised.get(component))?;
                    row.credited.put(component, raised.get(component))?;
                }
                row.mark_clear(today);
            }
            self.credited = self.credited.plus(&raised)?;
            let mut left = add(raised.total_fen()?, -owed)?;
            for component in Component::ALL {
                left = add(left, -self.pay_row(place, component, left, today)?)?;
            }
        }
        let parts = split.unwrap_or(principal);
        self.outstanding_fen = match split {
            Some(split) => add(self.outstanding_fen, split.principal_fen.min(owed))?,
            None => add(self.outstanding_fen, owed)?,
        };
        self.post_parts(id, today, kind, amount_fen, (parts, before))
    }

    /// The row that takes what is owed again: the next one due, or one after maturity.
    fn place_for_credit(&mut self, today: Date) -> usize {
        let mut last = today;
        for (place, row) in self.rows.iter_mut().enumerate() {
            if row.kind == RowKind::AfterMaturity {
                if today > row.due_on {
                    row.due_on = today;
                    row.plan.due = today;
                }
                return place;
            }
            if row.due_on > today {
                return place;
            }
            last = row.due_on;
        }
        if last == today {
            return self.rows.len().saturating_sub(1);
        }
        insert(&mut self.rows, Row::beside(RowKind::AfterMaturity, last, today, 0));
        self.rows.len() - 1
    }

    /// Which components a chargeback puts back; `None` where the convention names none.
    pub(super) fn chargeback_split(
        &self,
        conventions: &Conventions,
        payment: Id,
        amount_fen: i64,
    ) -> Result<Option<Parts>, LoanError> {
        if conventions.chargeback.is_empty() {
            return Ok(None);
        }
        let mut left = amount_fen;
        let mut split = Parts::ZERO;
        let paid = self.trace.iter().find(|line| line.event == Some(payment)).map_or(Parts::ZERO, |line| line.parts);
        for component in &conventions.chargeback {
            let part = paid.get(*component).min(left);
            split.put(*component, part)?;
            left = add(left, -part)?;
        }
        split.put(Component::Principal, left)?;
        Ok(Some(split))
    }

    /// Takes back what paid the latest instalments, principal first.
    pub(super) fn take_back(&mut self, amount_fen: i64, today: Date) -> Result<(), LoanError> {
        let mut left = amount_fen;
        for row in self.rows.iter_mut().rev() {
            for component in [Component::Principal, Component::Interest, Component::Fee, Component::Penalty] {
                let part = row.paid.get(component).min(left);
                row.paid.put(component, -part)?;
                row.ahead_fen -= part.min(row.ahead_fen);
                self.paid.put(component, -part)?;
                left -= part;
            }
            row.mark_clear(today);
        }
        // More than was paid by then, after a change dated back: owed by the borrower beside the rows.
        self.credit_fen = add(self.credit_fen, -left)?;
        Ok(())
    }
}
