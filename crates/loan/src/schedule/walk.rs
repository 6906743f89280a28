//! From due dates to rows: the balance walks through the periods, interest and principal fall out.

use basics::Date;
use basics::money::{div_round, format_minor};

use super::dues::{Due, Part};
use super::interest::Interest;
use super::level::level_fen;
use super::{Draw, Instalment};
use crate::{LoanError, LoanTerms, Method};

/// The rows of a loan that is disbursed in `draws`, without fees.
pub(super) fn walk(
    terms: &LoanTerms,
    draws: &[Draw],
    principal_fen: i64,
    dues: &[Due],
) -> Result<Vec<Instalment>, LoanError> {
    let last = dues.last().map(|due| due.date);
    if let Some(late) = draws.iter().find(|draw| Some(draw.on) >= last) {
        return Err(LoanError::Terms(format!("the part drawn on {} comes after everything is due", late.on)));
    }
    check_fixed(terms, principal_fen)?;
    let mut walk = Walk {
        terms,
        interest: Interest::of(terms),
        principal_fen,
        financed_fen: 0,
        balance_fen: 0,
        from: draws.first().map_or(terms.start, |draw| draw.on),
        level_fen: None,
        pending_fen: 0,
        rows: Vec::with_capacity(dues.len() + draws.len() + 1),
    };
    let mut draws = draws;
    for (index, due) in dues.iter().enumerate() {
        while let Some((draw, rest)) = draws.split_first().filter(|(draw, _)| draw.on <= walk.from) {
            walk.draw(draw)?;
            draws = rest;
        }
        let inside = draws.iter().take_while(|draw| draw.on < due.date).count();
        let (within, later) = draws.split_at(inside);
        draws = later;
        walk.period(index, dues.get(index..).unwrap_or_default(), within)?;
        // Instalments rounded up to a multiple pay the loan back before the last of them.
        if terms.instalment_multiple_fen > 1 && walk.balance_fen == 0 && walk.pending_fen == 0 && draws.is_empty() {
            break;
        }
    }
    Ok(walk.rows)
}

/// Amounts of a custom plan must be what is disbursed.
fn check_fixed(terms: &LoanTerms, principal_fen: i64) -> Result<(), LoanError> {
    if terms.method != Method::Custom {
        return Ok(());
    }
    let sum: i128 = terms.fixed_rows.iter().map(|row| i128::from(row.principal_fen)).sum();
    if sum == i128::from(principal_fen) {
        return Ok(());
    }
    Err(LoanError::Terms(format!(
        "the rows repay {} and {} is disbursed: list them again",
        i64::try_from(sum).map_or_else(|_| "too much".to_owned(), format_minor),
        format_minor(principal_fen)
    )))
}

struct Walk<'t> {
    terms: &'t LoanTerms,
    interest: Interest,
    principal_fen: i64,
    /// What is left after down payments: what flat interest is on.
    financed_fen: i64,
    balance_fen: i64,
    /// Where the running period began.
    from: Date,
    /// The instalment, or its principal, as it was last found; `None` when it must be found anew.
    level_fen: Option<i64>,
    /// Interest of periods in grace that falls due with the next.
    pending_fen: i64,
    rows: Vec<Instalment>,
}

impl Walk<'_> {
    /// Pays out a part; its down payment is due the same day.
    fn draw(&mut self, draw: &Draw) -> Result<(), LoanError> {
        self.balance_fen = self.balance_fen.checked_add(draw.amount_fen).ok_or_else(too_large)?;
        self.level_fen = None;
        if self.terms.down_payment_ppm > 0 {
            let share = i128::from(draw.amount_fen) * i128::from(self.terms.down_payment_ppm);
            let down = self.to_multiple(share, 1_000_000)?.min(self.balance_fen);
            self.push(draw.on, draw.on, down, 0)?;
        }
        self.financed_fen = self.balance_fen;
        Ok(())
    }

    /// One period: interest on what is outstanding, principal by the method.
    fn period(&mut self, index: usize, dues: &[Due], within: &[Draw]) -> Result<(), LoanError> {
        let Some(due) = dues.first() else { return Ok(()) };
        let from = self.from;
        // Parts drawn inside the period count from the next one on, but for their interest.
        if self.level_fen.is_none() {
            self.find_level(index, dues)?;
        }
        let level = self.level_fen.unwrap_or(0);
        let interest = self.period_interest(due, within)?;
        for draw in within {
            self.draw(draw)?;
        }
        let principal = self.principal(index, due, interest, level)?;
        let in_grace = index < usize::from(self.terms.grace.interest) && due.part != Part::Rest;
        let due_now = if in_grace { 0 } else { interest.checked_add(self.pending_fen).ok_or_else(too_large)? };
        self.pending_fen = if in_grace { self.pending_fen.checked_add(interest).ok_or_else(too_large)? } else { 0 };
        self.push(from, due.date, principal, due_now)?;
        self.from = due.date;
        Ok(())
    }

    fn period_interest(&self, due: &Due, within: &[Draw]) -> Result<i64, LoanError> {
        let part = self.interest.part(self.from, due);
        let base = if self.terms.method == Method::Flat { self.financed_fen } else { self.balance_fen };
        let interest = if within.is_empty() {
            self.interest.fen(base, part)
        } else {
            let kept = 1_000_000 - self.terms.down_payment_ppm;
            let mut balances = vec![(base, part)];
            for draw in within {
                // What is paid down the same day bears no interest.
                let bears = i128::from(draw.amount_fen) * i128::from(kept) / 1_000_000;
                balances.push((i64::try_from(bears).map_err(|_| too_large())?, self.interest.days(draw.on, due.date)));
            }
            self.interest.sum_fen(&balances)
        };
        interest.ok_or_else(too_large)
    }

    /// The level instalment, or the level principal, from this period on.
    fn find_level(&mut self, index: usize, dues: &[Due]) -> Result<(), LoanError> {
        if !self.terms.method.is_in_instalments() || index < usize::from(self.terms.grace.principal) {
            return Ok(());
        }
        let level = if self.terms.method == Method::EqualInstalments {
            level_fen(self.balance_fen, self.from, dues, &self.interest).ok_or_else(too_large)?
        } else {
            let count = i128::try_from(dues.len()).map_err(|_| too_large())?;
            div_round(i128::from(self.balance_fen), count, self.terms.rounding).ok_or_else(too_large)?
        };
        let rounded = self.to_multiple(i128::from(level), 1)?;
        if self.terms.instalment_multiple_fen > 1 && dues.len() > 1 {
            self.check_amortises(rounded, dues)?;
        }
        self.level_fen = Some(rounded);
        Ok(())
    }

    /// An instalment that does not even pay its interest never ends.
    fn check_amortises(&self, level_fen: i64, dues: &[Due]) -> Result<(), LoanError> {
        let interest_fen = match (self.terms.method, dues.first()) {
            (Method::EqualInstalments, Some(due)) => {
                self.interest.fen(self.balance_fen, self.interest.part(self.from, due)).ok_or_else(too_large)?
            }
            _ => 0,
        };
        if level_fen > interest_fen {
            return Ok(());
        }
        Err(LoanError::NeverAmortises { instalment_fen: level_fen, interest_fen })
    }

    fn principal(&self, index: usize, due: &Due, interest_fen: i64, level: i64) -> Result<i64, LoanError> {
        let part = match due.part {
            Part::None => 0,
            Part::Rest => self.balance_fen,
            Part::Instalment if index < usize::from(self.terms.grace.principal) => 0,
            Part::Instalment if self.terms.method == Method::EqualInstalments => level.saturating_sub(interest_fen),
            Part::Instalment => level,
            Part::Share(ppm) => {
                let share = i128::from(self.principal_fen) * i128::from(ppm);
                div_round(share, 1_000_000, self.terms.rounding).ok_or_else(too_large)?
            }
            Part::Fixed(fen) => fen,
        };
        Ok(part.clamp(0, self.balance_fen))
    }

    /// `numerator / denominator` minor units, rounded to the multiple of instalments.
    fn to_multiple(&self, numerator: i128, denominator: i128) -> Result<i64, LoanError> {
        let multiple = self.terms.instalment_multiple_fen.max(1);
        div_round(numerator, denominator * i128::from(multiple), self.terms.rounding)
            .and_then(|count| count.checked_mul(multiple))
            .ok_or_else(too_large)
    }

    fn push(&mut self, from: Date, due: Date, principal_fen: i64, interest_fen: i64) -> Result<(), LoanError> {
        self.balance_fen -= principal_fen;
        self.rows.push(Instalment {
            number: u16::try_from(self.rows.len() + 1).map_err(|_| too_large())?,
            from,
            due,
            principal_fen,
            interest_fen,
            fee_fen: 0,
            total_fen: principal_fen.checked_add(interest_fen).ok_or_else(too_large)?,
            balance_after_fen: self.balance_fen,
        });
        Ok(())
    }
}

fn too_large() -> LoanError {
    LoanError::Overflow("an instalment")
}
