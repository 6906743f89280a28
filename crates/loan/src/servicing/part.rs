//! A further part of the loan is paid out: it bears interest from its day on, and is paid back by what is still to come.
//!
//! The instalment whose period is running stays as large as it was, so that nobody has to pay more in a few days' time than was
//! told before; the part is laid into those after it, by the method. Where the running instalment is the last, or the part is drawn
//! on the first day of its period, it takes its share too.

use basics::Date;

use super::change::Coming;
use super::{Servicing, add};
use crate::schedule::Draw;
use crate::{LoanError, Method};

impl Servicing<'_> {
    /// Pays out a further part.
    pub(super) fn disburse_part(&mut self, amount_fen: i64, today: Date) -> Result<(), LoanError> {
        let whole_fen = add(self.whole_to_come()?, amount_fen)?;
        self.split(today)?;
        self.disbursed_fen = add(self.disbursed_fen, amount_fen)?;
        if let Some(schedule) = &mut self.schedule {
            schedule.principal_fen = add(schedule.principal_fen, amount_fen)?;
            schedule.later_draws.push(Draw { on: today, amount_fen });
        }
        let running = self.rows.get(self.next).map(|row| (row.plan.from, row.plan.principal_fen, row.due.interest_fen));
        let mut coming = self.coming();
        match (running, coming.split_first_mut()) {
            // All of the plan was due already, by something dated back: the part is due at once, on the next day.
            (None, _) | (_, None) => {
                coming.push(Coming { principal_fen: amount_fen, ..Coming::at(today.add_days(1)) });
            }
            (Some((from, principal_fen, interest_fen)), Some((first, rest))) if from < today && !rest.is_empty() => {
                if self.terms.method == Method::EqualInstalments && !first.interest_alone {
                    let level_fen = add(principal_fen, add(interest_fen, -first.carried_fen)?)?;
                    let interest_fen = self.running_interest_fen(whole_fen, first.due)?;
                    first.principal_fen = add(level_fen, -interest_fen)?.clamp(0, whole_fen);
                }
                let left_fen = add(whole_fen, -first.principal_fen)?;
                self.lay_principal_from(rest, left_fen, first.due)?;
            }
            _ => self.lay_principal(&mut coming, whole_fen)?,
        }
        self.lay(coming, today)
    }

    /// What the running row asks for of its own interest, now that the balance is this.
    fn running_interest_fen(&self, balance_fen: i64, due: Date) -> Result<i64, LoanError> {
        match self.turned() {
            Some(turn) => Ok(self.turned_interest_fen(turn, balance_fen, due)?.0),
            None => Ok(0),
        }
    }
}
