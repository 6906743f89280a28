//! Whether a plan can be made of terms: what does not go together is refused before anything is reckoned.

use basics::Date;

use super::{Fee, FeeAmount, FeeWhen, InterestBasis, LoanTerms, Method, Term};
use crate::LoanError;

/// What no plan can be made of, in words.
type Why = Result<(), String>;

impl LoanTerms {
    /// Errors, saying why, if no schedule can be made of these terms.
    pub fn check(&self) -> Result<(), LoanError> {
        self.check_amount()
            .and_then(|()| self.check_term())
            .and_then(|()| self.check_method())
            .and_then(|()| self.check_extras())
            .and_then(|()| self.check_tranches())
            .and_then(|()| self.check_fees())
            .and_then(|()| self.check_opening())
            .map_err(LoanError::Terms)
    }

    fn check_amount(&self) -> Why {
        if !self.principal.is_positive() {
            return no("the principal must be more than nothing");
        }
        if self.principal.minor() > Self::AMOUNT_FEN_MAX {
            return no("the principal is larger than 10,000,000,000,000.00");
        }
        Ok(())
    }

    fn check_term(&self) -> Why {
        match self.term {
            Term::Months(0) | Term::Days(0) => no("the term must be at least one month or day"),
            Term::Months(n) if n > Self::MONTHS_MAX => no("the term is longer than 600 months"),
            Term::Days(n) if n > Self::DAYS_MAX => no("the term is longer than 18,300 days"),
            _ => Ok(()),
        }
    }

    fn check_method(&self) -> Why {
        let by_period = self.basis == InterestBasis::Twelfth;
        match self.method {
            Method::StatementLine => return no("a statement line is no loan: its purchases are converted into plans"),
            Method::EqualInstalments | Method::EqualPrincipal => {}
            Method::Flat if !by_period => return no("flat interest is by whole periods, not by days"),
            Method::Flat => {}
            Method::Bullet if by_period => return no("a bullet bears interest by days"),
            Method::Bullet if self.first_due.is_some() => {
                return no("a bullet is due at its maturity and has no first due date");
            }
            Method::Bullet => {}
            Method::InterestFirst if by_period && self.settlement.is_some() => {
                return no("interest on settlement days is by days, not by whole periods");
            }
            Method::InterestFirst => {}
            Method::Revolving | Method::Seasonal | Method::Custom if by_period => {
                return no(&format!("the method `{}` bears interest by days", self.method.as_str()));
            }
            Method::Revolving => {}
            Method::Seasonal => self.check_rows()?,
            Method::Custom => self.check_fixed_rows()?,
        }
        let by_spacing =
            self.method.is_in_instalments() || (self.method == Method::InterestFirst && self.settlement.is_none());
        if self.first_due.is_some() && !by_spacing {
            return no(&format!("the method `{}` has no first due date of its own", self.method.as_str()));
        }
        if self.settlement.is_some() && self.method.is_in_instalments() {
            return no("instalments of principal have their own due dates: leave out the settlement days");
        }
        if self.settlement.is_some_and(|settlement| !(1..=27).contains(&settlement.day)) {
            return no("the settlement day must be 1 to 27");
        }
        if self.method != Method::Seasonal && !self.rows.is_empty() {
            return no("rows of shares belong to the method `seasonal`");
        }
        if self.method != Method::Custom && !self.fixed_rows.is_empty() {
            return no("rows of amounts belong to the method `custom`");
        }
        Ok(())
    }

    fn check_rows(&self) -> Why {
        if self.rows.is_empty() {
            return no("a seasonal plan needs rows: name the region and the crops, or list them");
        }
        rising(self.rows.iter().map(|row| row.due))?;
        if self.rows.iter().any(|row| row.principal_ppm <= 0) {
            return no("every row needs a share of the principal above 0");
        }
        let sum: i128 = self.rows.iter().map(|row| i128::from(row.principal_ppm)).sum();
        if sum != 1_000_000 {
            return no(&format!("the shares of the rows add up to {sum} ppm, not to 1000000"));
        }
        Ok(())
    }

    fn check_fixed_rows(&self) -> Why {
        if self.fixed_rows.is_empty() {
            return no("a custom plan needs rows: list them");
        }
        rising(self.fixed_rows.iter().map(|row| row.due))?;
        if self.fixed_rows.iter().any(|row| row.principal_fen < 0) {
            return no("a row cannot repay less than nothing");
        }
        Ok(())
    }

    fn check_extras(&self) -> Why {
        let in_instalments = self.method.is_in_instalments();
        let has_periods = in_instalments || self.method == Method::InterestFirst;
        if self.grace.principal > 0 && !in_instalments {
            return no("grace on principal needs instalments of principal");
        }
        if self.grace.interest > 0 && !has_periods {
            return no("grace on interest needs instalments");
        }
        if in_instalments {
            let count = self.instalment_count(self.start).map_err(words)?;
            if self.grace.principal >= count || self.grace.interest >= count {
                return no(&format!("grace must leave at least one of the {count} instalments"));
            }
        }
        if !(0..1_000_000).contains(&self.down_payment_ppm) {
            return no("the down payment must be 0 to less than 100 % of the principal");
        }
        if self.down_payment_ppm > 0 && !in_instalments {
            return no("a down payment needs instalments of principal");
        }
        if self.fixed_length_days.is_some() && !has_periods {
            return no("a fixed length needs instalments: the term already says when this loan ends");
        }
        if self.fixed_length_days.is_some_and(|days| days == 0 || days > Self::DAYS_MAX) {
            return no("the fixed length must be 1 to 18,300 days");
        }
        if !(0..=Self::AMOUNT_FEN_MAX).contains(&self.instalment_multiple_fen) {
            return no("the multiple of instalments must not be less than nothing");
        }
        if self.instalment_multiple_fen > 1 && !in_instalments {
            return no("a multiple needs instalments of principal");
        }
        Ok(())
    }

    fn check_tranches(&self) -> Why {
        let Some(first) = self.tranches.first() else { return Ok(()) };
        if matches!(self.method, Method::Flat | Method::Custom) {
            return no(&format!("the method `{}` is disbursed in one sum", self.method.as_str()));
        }
        if self.tranches.len() > Self::TRANCHES_MAX {
            return no("there are more than 60 tranches");
        }
        if first.on != self.start {
            return no("the first tranche is paid on the start of the loan");
        }
        rising(self.tranches.iter().map(|tranche| tranche.on))?;
        if self.tranches.iter().any(|tranche| tranche.amount_fen <= 0) {
            return no("every tranche must be more than nothing");
        }
        let sum: i128 = self.tranches.iter().map(|tranche| i128::from(tranche.amount_fen)).sum();
        if sum != i128::from(self.principal.minor()) {
            return no("the tranches do not add up to the principal");
        }
        Ok(())
    }

    fn check_fees(&self) -> Why {
        for (index, fee) in self.fees.iter().enumerate() {
            check_fee(fee)?;
            if self.fees.iter().take(index).any(|other| other.code == fee.code) {
                return no(&format!("two fees have the code `{}`", fee.code));
            }
        }
        Ok(())
    }
}

fn check_fee(fee: &Fee) -> Why {
    let code = &fee.code;
    if matches!(fee.amount, FeeAmount::Flat(n) | FeeAmount::Ppm(n) if n < 0) {
        return no(&format!("fee `{code}` is negative"));
    }
    match (fee.when, fee.on, fee.after_days) {
        (FeeWhen::OnDate, None, _) => no(&format!("fee `{code}` is due on a date and names none")),
        (FeeWhen::OnDate, Some(_), _) => Ok(()),
        (_, Some(_), _) => no(&format!("fee `{code}` names a date and is not due on one")),
        (FeeWhen::Overdue, None, 0) => no(&format!("fee `{code}` needs the days overdue after which it is due")),
        _ => Ok(()),
    }
}

fn rising(dates: impl Iterator<Item = Date>) -> Why {
    let mut before: Option<Date> = None;
    for date in dates {
        if before.is_some_and(|before| before >= date) {
            return no(&format!("{date} does not come after the date before it: list them in order"));
        }
        before = Some(date);
    }
    Ok(())
}

fn no(why: &str) -> Why {
    Err(why.to_owned())
}

/// The bare reason of an error of terms.
fn words(error: LoanError) -> String {
    match error {
        LoanError::Terms(why) => why,
        other => other.to_string(),
    }
}
