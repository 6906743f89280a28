//! What no single field of a product file can tell: fields that do not go together.

use basics::Money;

use super::Source;
use crate::product::{Product, TermUnit, uplifted};
use crate::schedule::schedule;
use crate::terms::{InterestBasis, LoanTerms, Method, Term};
use crate::{FeeAmount, LoanError, PlanRows};

impl Source<'_> {
    /// Errors with the field that would have to change.
    pub(super) fn check(&self, product: &Product) -> Result<(), LoanError> {
        let code_is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let longest = match product.term_unit {
            TermUnit::Months => LoanTerms::MONTHS_MAX,
            TermUnit::Days => 18_300,
        };
        let rates = product.pricing.rates();
        let fraction = rates.iter().find(|rate| uplifted(**rate, product.penalty_uplift_ppm).is_none());
        let checks: [(bool, &str, &str); 12] = [
            (
                !product.code.is_empty() && product.code.len() <= 40 && product.code.chars().all(code_is_plain),
                "code",
                "use 1 to 40 small letters, digits and hyphens",
            ),
            (product.version >= 1, "version", "versions begin at 1"),
            (!product.name_zh.is_empty(), "name_zh", "give the Chinese name"),
            (!product.name_en.is_empty(), "name_en", "give the English name"),
            (
                product.effective_to.is_none_or(|last| last >= product.effective_from),
                "effective_to",
                "the last day must not be before `effective_from`",
            ),
            (!product.uses.is_empty(), "uses", "name at least one use"),
            (product.amount_min_fen > 0, "amount.min", "must be more than 0.00"),
            (product.amount_max_fen >= product.amount_min_fen, "amount.max", "must not be less than `amount.min`"),
            (product.amount_multiple_fen > 0, "amount.multiple", "must be more than 0.00"),
            (product.term_min >= 1, "term.min", "must be at least 1"),
            (
                product.term_max >= product.term_min && product.term_max <= longest,
                "term.max",
                "must lie between `term.min` and 600 months or 18,300 days",
            ),
            (
                fraction.is_none(),
                "overdue.penalty_uplift",
                "the penalty rate is not whole parts per million, or over 1000 %: change the uplift or the rate",
            ),
        ];
        if let Some((_, field, problem)) = checks.iter().find(|(holds, ..)| !holds) {
            return Err(self.wrong(field, (*problem).to_owned()));
        }
        if product.method == Method::EqualInstalments && product.term_unit == TermUnit::Days {
            return Err(self.wrong("term.unit", "equal instalments need `months`".to_owned()));
        }
        if product.method == Method::Bullet && product.basis == InterestBasis::Twelfth {
            return Err(self.wrong("interest.basis", "a bullet needs `daily`".to_owned()));
        }
        if product.method == Method::Seasonal && product.basis == InterestBasis::Twelfth {
            return Err(self.wrong("interest.basis", "a seasonal loan needs `daily`".to_owned()));
        }
        if product.method == Method::Seasonal && product.term_unit == TermUnit::Days {
            return Err(self.wrong("term.unit", "a seasonal loan needs `months`".to_owned()));
        }
        for (index, fee) in product.fees.iter().enumerate() {
            if product.fees.iter().take(index).any(|other| other.code == fee.code) {
                return Err(self.wrong("fee.code", format!("two fees have the code `{}`", fee.code)));
            }
        }
        self.check_tables(product)?;
        self.check_prices(product)?;
        self.check_line(product)?;
        self.try_out(product)
    }

    /// Tables that a method needs, or has no use for.
    fn check_tables(&self, product: &Product) -> Result<(), LoanError> {
        let method = product.method;
        let season_needs_rows = method == Method::Seasonal && product.season.is_none();
        let in_parts = product.tranches_max > 1;
        let checks: [(bool, &str, &str); 11] = [
            (
                method != Method::StatementLine || product.line.is_some(),
                "line",
                "the method `statement-line` needs the table `[line]`",
            ),
            (
                method == Method::StatementLine || product.line.is_none(),
                "line",
                "only the method `statement-line` has the table `[line]`: leave it out",
            ),
            (
                method == Method::Seasonal || product.season.is_none(),
                "season",
                "only the method `seasonal` has a table `[season]`",
            ),
            (
                method == Method::Seasonal || product.harvests.is_empty(),
                "harvest",
                "only the method `seasonal` has harvests: leave them out",
            ),
            (
                !season_needs_rows || product.rows != PlanRows::OfProduct,
                "season",
                "a seasonal loan needs a table `[season]`, or rows of its own",
            ),
            (
                product.tranches_max >= 1 && usize::from(product.tranches_max) <= LoanTerms::TRANCHES_MAX,
                "instalment.tranches_max",
                "must be 1 to 60",
            ),
            (
                !in_parts || is_drawn_in_parts(method),
                "instalment.tranches_max",
                "only `equal-instalments`, `equal-principal`, `interest-first` and `bullet` are drawn in parts: leave it out",
            ),
            (
                !in_parts || (product.down_payment_ppm == 0 && product.instalment_multiple_fen <= 1),
                "instalment.tranches_max",
                "a loan drawn in parts has neither down payment nor instalments in multiples: leave those out",
            ),
            (
                !in_parts || product.fees.iter().all(|fee| matches!(fee.amount, FeeAmount::Flat(_))),
                "instalment.tranches_max",
                "a loan drawn in parts has fees of a flat amount only: a share of which part is not said",
            ),
            (
                product.misuse_uplift_ppm.is_none() || product.conditions.is_some(),
                "overdue.misuse_uplift",
                "needs the table `[conditions]`, which the contract keeps it in",
            ),
            (
                product.misuse_uplift_ppm.is_none_or(|misuse| misuse >= product.penalty_uplift_ppm),
                "overdue.misuse_uplift",
                "must not be less than `overdue.penalty_uplift`: the heavier of both is charged",
            ),
        ];
        match checks.iter().find(|(holds, ..)| !holds) {
            Some((_, field, problem)) => Err(self.wrong(field, (*problem).to_owned())),
            None => Ok(()),
        }
    }

    /// No price may pass the cap; on the first day of the product, where they follow a published rate.
    fn check_prices(&self, product: &Product) -> Result<(), LoanError> {
        let on = product.effective_from;
        let priced = product
            .priced_for(term_of(product, product.term_max), on)
            .map_err(|e| self.wrong("interest.reference.rates", e.to_string()))?;
        let rates = priced.pricing.rates();
        let dearest = rates.iter().max();
        if let (Some(cap), Some(dearest)) = (product.cost_cap, dearest)
            && *dearest > cap
        {
            let problem = format!("the cap of {cap} % is below the rate of {dearest} %: raise it or lower the rate");
            return Err(self.wrong("cost.cap", problem));
        }
        Ok(())
    }

    /// Makes the plan of the least and of the largest loan, on the first day of the product.
    fn try_out(&self, product: &Product) -> Result<(), LoanError> {
        let needs_rows =
            product.rows != PlanRows::OfProduct || (product.method == Method::Seasonal && product.harvests.is_empty());
        if matches!(product.method, Method::Custom | Method::StatementLine) || needs_rows {
            return Ok(());
        }
        // A short seasonal loan may hold no harvest, depending on its first day.
        let shortest = if product.method == Method::Seasonal { product.term_max } else { product.term_min };
        for (fen, term) in [(product.amount_min_fen, shortest), (product.amount_max_fen, product.term_max)] {
            let fen = fen - fen % product.amount_multiple_fen;
            let fen = if fen < product.amount_min_fen { fen + product.amount_multiple_fen } else { fen };
            if fen > product.amount_max_fen {
                let problem = "no multiple of it lies between `amount.min` and `amount.max`".to_owned();
                return Err(self.wrong("amount.multiple", problem));
            }
            self.try_one(product, fen, term)?;
        }
        Ok(())
    }

    fn try_one(&self, product: &Product, fen: i64, term: u16) -> Result<(), LoanError> {
        let (term, on) = (term_of(product, term), product.effective_from);
        let priced = product.priced_for(term, on)?;
        let Some(rate) = priced.pricing.rates().into_iter().max() else { return Ok(()) };
        let amount = Money::new(fen, product.currency);
        let tried = product.terms(amount, term, on, rate).and_then(|terms| schedule(&terms));
        match tried {
            Ok(_) => Ok(()),
            Err(LoanError::NeverAmortises { .. }) => {
                let problem = format!("{}; tried with {amount}", tried.err().map_or(String::new(), |e| e.to_string()));
                Err(self.wrong("instalment.multiple", problem))
            }
            Err(LoanError::Terms(why)) => Err(self.wrong("method", why)),
            Err(other) => Err(self.wrong("method", other.to_string())),
        }
    }
}

/// Whether a further part can be laid into a plan of this method.
fn is_drawn_in_parts(method: Method) -> bool {
    matches!(method, Method::EqualInstalments | Method::EqualPrincipal | Method::InterestFirst | Method::Bullet)
}

fn term_of(product: &Product, term: u16) -> Term {
    match product.term_unit {
        TermUnit::Months => Term::Months(term),
        TermUnit::Days => Term::Days(term),
    }
}
