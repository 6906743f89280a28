//! Prices that follow a published rate: which one for which term, how much is added, when it is set anew.

use basics::{Date, Rate};

use super::{Pricing, Product};
use crate::act::{NewRates, extension_rate, penalty_in_proportion};
use crate::{LoanError, LoanTerms, RateReset, RateRule, ReferenceRates, Term};

/// How the prices of a product follow published rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Which published rate for which term, shortest first; the last holds for all longer ones.
    pub references: Vec<Reference>,
    /// What is added, ppm, one for all or by rating; less than nothing is a discount.
    pub spreads: Vec<(Option<String>, i64)>,
    /// When the contract rate is set anew.
    pub reset: RateReset,
    /// Whether a price may pass the published rate.
    pub ceiling: Ceiling,
    /// The table that prices are read from.
    pub table: ReferenceRates,
}

/// A published rate for terms up to a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its code in the table: `LPR-1Y`.
    pub code: String,
    /// Longest term in months that it is for; `None` is any.
    pub months_max: Option<u16>,
}

/// Whether a price may pass the published rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// It may.
    None,
    /// It may not.
    Reference,
}

impl Product {
    /// The rates of a loan that is extended to run `months` in all: those of the bracket it then falls in, as published on a
    /// day by a table, with the contract's own spread; `None` where they are no higher than the rates it has.
    ///
    /// A product that follows no published rate has one bracket. The penalty keeps its proportion to the contract rate.
    /// Errors if no rate of the bracket was published by then.
    pub fn rates_extended(
        &self,
        terms: &LoanTerms,
        rates: NewRates,
        months: u16,
        (table, on): (&ReferenceRates, Date),
    ) -> Result<Option<NewRates>, LoanError> {
        let (Some(linked), Some(rule)) = (&self.linked, &terms.rate_rule) else { return Ok(None) };
        let mut brackets = Vec::with_capacity(linked.references.len());
        for reference in &linked.references {
            let ppm = table.on(&reference.code, on)?.ppm().saturating_add(rule.spread_ppm);
            let rate = Rate::from_ppm(ppm).map_err(|e| LoanError::Terms(e.to_string()))?;
            brackets.push((reference.months_max.unwrap_or(u16::MAX), rate));
        }
        let rate = extension_rate(&brackets, months, rates.rate);
        if rate <= rates.rate {
            return Ok(None);
        }
        let penalty_rate = penalty_in_proportion(rates.penalty_rate, rates.rate, rate)?;
        Ok(Some(NewRates { rate, penalty_rate }))
    }
}

impl Linked {
    /// The published rate that a term follows, by its code.
    pub fn reference(&self, term: Term) -> Option<&str> {
        let months = match term {
            Term::Months(months) => months,
            Term::Days(days) => days.div_ceil(31),
        };
        let fits = |reference: &&Reference| reference.months_max.is_none_or(|most| months <= most);
        self.references.iter().find(fits).or(self.references.last()).map(|reference| reference.code.as_str())
    }

    /// The prices for a term on a day.
    pub(super) fn prices(&self, product: &str, term: Term, on: Date) -> Result<Pricing, LoanError> {
        let published = self.published(term, on)?;
        let price = |spread: i64| {
            Rate::from_ppm(published.ppm() + spread).map_err(|_| {
                LoanError::Terms(format!("{product}: {published} % and a spread of {spread} ppm are no rate"))
            })
        };
        match self.spreads.as_slice() {
            [(None, spread)] => Ok(Pricing::One(price(*spread)?)),
            grid => Ok(Pricing::ByRating(
                grid.iter()
                    .filter_map(|(rating, spread)| Some((rating.clone()?, *spread)))
                    .map(|(rating, spread)| Ok((rating, price(spread)?)))
                    .collect::<Result<_, LoanError>>()?,
            )),
        }
    }

    /// The rule that a contract keeps.
    pub(super) fn rule(&self, term: Term, on: Date, rate: Rate) -> Result<RateRule, LoanError> {
        let spread_ppm = rate.ppm() - self.published(term, on)?.ppm();
        Ok(RateRule { reference: self.reference(term).unwrap_or_default().to_owned(), spread_ppm, reset: self.reset })
    }

    fn published(&self, term: Term, on: Date) -> Result<Rate, LoanError> {
        self.table.on(self.reference(term).unwrap_or_default(), on)
    }
}
