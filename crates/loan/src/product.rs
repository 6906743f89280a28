//! What a lender offers: a product, in versions, each a file.
//!
//! A file is TOML; the ones shipped under `products/` show every field. Rates are percent and
//! amounts are major units, both in quotes, since neither may pass through floating point. A change of a
//! product is a new version and touches no loan that is signed.

use basics::money::format_minor;
use basics::{Currency, Date, DayCount, Money, Rate, Rounding};

use crate::product_file::read;
use crate::season::{HouseholdSeasons, SeasonRule};
use crate::{Compound, Fee, InterestBasis, LoanError, LoanTerms, Method, PayRule, ProductRef, Term};

/// One version of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Code, the same in all versions: small letters, digits and hyphens.
    pub code: String,
    /// Version, from 1.
    pub version: u32,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// First day on which it is offered.
    pub effective_from: Date,
    /// Last day on which it is offered; `None` until further notice.
    pub effective_to: Option<Date>,
    /// Currency of all its amounts.
    pub currency: Currency,
    /// Repayment method.
    pub method: Method,
    /// What the money may be used for, as codes.
    pub uses: Vec<String>,
    /// Least amount, minor units.
    pub amount_min_fen: i64,
    /// Largest amount, minor units.
    pub amount_max_fen: i64,
    /// Amounts are multiples of this, minor units.
    pub amount_multiple_fen: i64,
    /// Shortest term, in `term_unit`.
    pub term_min: u16,
    /// Longest term, in `term_unit`.
    pub term_max: u16,
    /// What terms are counted in.
    pub term_unit: TermUnit,
    /// What it costs a year.
    pub pricing: Pricing,
    /// How interest of a period is found.
    pub basis: InterestBasis,
    /// Day count.
    pub day_count: DayCount,
    /// Rounding of all amounts.
    pub rounding: Rounding,
    /// Penalty rate = contract rate × (1 + this), in ppm: 500,000 is half as much again.
    pub penalty_uplift_ppm: i64,
    /// Interest on unpaid interest.
    pub compound: Compound,
    /// Days after a due date that cost no penalty.
    pub grace_days: u16,
    /// Order of payment.
    pub pay_rule: PayRule,
    /// Fees.
    pub fees: Vec<Fee>,
    /// Cap of the annualised all-in cost, where the rules set one.
    pub cost_cap: Option<Rate>,
    /// How principal follows the seasons, for the method `seasonal`.
    pub season: Option<SeasonRule>,
    /// The household that it is for, where its crops are known; never in a file.
    pub grown: Option<HouseholdSeasons>,
}

/// What terms are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermUnit {
    /// Months.
    Months,
    /// Days; bullet only.
    Days,
}

impl TermUnit {
    /// `months` or `days`.
    pub const fn as_str(self) -> &'static str {
        match self {
            TermUnit::Months => "months",
            TermUnit::Days => "days",
        }
    }
}

/// The annual rate, one for all or by rating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pricing {
    /// One rate.
    One(Rate),
    /// A rate for each rating.
    ByRating(Vec<(String, Rate)>),
}

impl Pricing {
    /// All rates.
    pub fn rates(&self) -> Vec<Rate> {
        match self {
            Pricing::One(rate) => vec![*rate],
            Pricing::ByRating(grid) => grid.iter().map(|(_, rate)| *rate).collect(),
        }
    }
}

impl Product {
    /// Reads a product file. `file` names it in errors, which name line and field too.
    ///
    /// ```
    /// let error = loan::Product::parse("mine.toml", "code = 7").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "mine.toml, line 1, `code`: invalid type: integer `7`, expected a string"
    /// );
    /// ```
    pub fn parse(file: &str, text: &str) -> Result<Product, LoanError> {
        read(file, text)
    }

    /// The annual rate for a rating; products of one price need none. Errors if there is no such price.
    pub fn price(&self, rating: Option<&str>) -> Result<Rate, LoanError> {
        match (&self.pricing, rating) {
            (Pricing::One(rate), _) => Some(*rate),
            (Pricing::ByRating(grid), Some(rating)) => {
                grid.iter().find(|(name, _)| name == rating).map(|(_, rate)| *rate)
            }
            (Pricing::ByRating(_), None) => None,
        }
        .ok_or_else(|| self.no_price(rating.map_or("a loan without rating".to_owned(), |r| format!("rating {r}"))))
    }

    /// The terms of one loan under this product, checked against its limits.
    ///
    /// `rate` must be one of the product's prices. Errors say which limit is passed and what it is.
    pub fn terms(&self, amount: Money, term: Term, start: Date, rate: Rate) -> Result<LoanTerms, LoanError> {
        let within = self.terms_within(amount, term, start, rate)?;
        let terms = match term {
            Term::Months(months) => self.seasonal(within, months)?,
            Term::Days(_) => within,
        };
        terms.check()?;
        Ok(terms)
    }

    /// The terms inside the product's limits; a seasonal plan still lacks its rows.
    fn terms_within(&self, amount: Money, term: Term, start: Date, rate: Rate) -> Result<LoanTerms, LoanError> {
        if start < self.effective_from || self.effective_to.is_some_and(|last| start > last) {
            return Err(LoanError::NotInEffect { product: self.code.clone(), version: self.version, date: start });
        }
        self.check_amount(amount)?;
        self.check_term(term)?;
        if !self.pricing.rates().contains(&rate) {
            return Err(self.no_price(format!("a rate of {rate} %")));
        }
        Ok(LoanTerms {
            product: ProductRef { code: self.code.clone(), version: self.version },
            principal: amount,
            rate,
            method: self.method,
            term,
            start,
            first_due: None,
            basis: self.basis,
            day_count: self.day_count,
            penalty_rate: uplifted(rate, self.penalty_uplift_ppm).ok_or_else(|| {
                LoanError::Terms(format!("the penalty on a rate of {rate} % is not whole parts per million"))
            })?,
            compound: self.compound,
            grace_days: self.grace_days,
            fees: self.fees.clone(),
            pay_rule: self.pay_rule,
            rounding: self.rounding,
            ..LoanTerms::plain(amount, rate, self.method, term, start)
        })
    }

    fn check_amount(&self, amount: Money) -> Result<(), LoanError> {
        if amount.currency() != self.currency {
            return Err(LoanError::CurrencyOutside {
                product: self.code.clone(),
                lends: self.currency.to_string(),
                asked: amount.currency().to_string(),
            });
        }
        let fen = amount.minor();
        let inside = (self.amount_min_fen..=self.amount_max_fen).contains(&fen);
        if inside && fen % self.amount_multiple_fen.max(1) == 0 {
            return Ok(());
        }
        Err(LoanError::AmountOutside {
            product: self.code.clone(),
            min_fen: self.amount_min_fen,
            max_fen: self.amount_max_fen,
            multiple_fen: self.amount_multiple_fen,
            asked_fen: fen,
        })
    }

    fn check_term(&self, term: Term) -> Result<(), LoanError> {
        let (asked, unit) = match term {
            Term::Months(n) => (n, TermUnit::Months),
            Term::Days(n) => (n, TermUnit::Days),
        };
        if unit == self.term_unit && (self.term_min..=self.term_max).contains(&asked) {
            return Ok(());
        }
        Err(LoanError::TermOutside {
            product: self.code.clone(),
            min: self.term_min,
            max: self.term_max,
            unit: self.term_unit.as_str(),
            asked: format!("{asked} {}", unit.as_str()),
        })
    }

    fn no_price(&self, asked: String) -> LoanError {
        let prices = match &self.pricing {
            Pricing::One(rate) => format!("{rate} %"),
            Pricing::ByRating(grid) => {
                let lines: Vec<String> = grid.iter().map(|(rating, rate)| format!("{rating} {rate} %")).collect();
                lines.join(", ")
            }
        };
        LoanError::NoPrice { product: self.code.clone(), asked, prices }
    }

    /// The amounts it lends, for people: `1000.00 to 50000.00 CNY`.
    pub fn amounts_text(&self) -> String {
        format!("{} to {} {}", format_minor(self.amount_min_fen), format_minor(self.amount_max_fen), self.currency)
    }
}

/// `rate × (1 + uplift)`; `None` if it is no rate of whole ppm.
pub(crate) fn uplifted(rate: Rate, uplift_ppm: i64) -> Option<Rate> {
    let product = rate.ppm().checked_mul(1_000_000i64.checked_add(uplift_ppm)?)?;
    if product % 1_000_000 == 0 { Rate::from_ppm(product / 1_000_000).ok() } else { None }
}

/// The files of the products that are shipped: (file name, text).
pub const SHIPPED: [(&str, &str); 4] = [
    ("short-working-capital.toml", include_str!("../products/short-working-capital.toml")),
    ("season-bullet.toml", include_str!("../products/season-bullet.toml")),
    ("seasonal-loan.toml", include_str!("../products/seasonal-loan.toml")),
    ("history-czk-instalment.toml", include_str!("../products/history-czk-instalment.toml")),
];

/// A shipped product by its code. Errors if there is none.
pub fn shipped(code: &str) -> Result<Product, LoanError> {
    let (file, text) = SHIPPED
        .iter()
        .find(|(file, _)| file.strip_suffix(".toml") == Some(code))
        .ok_or_else(|| LoanError::UnknownProduct(code.chars().take(40).collect()))?;
    Product::parse(file, text)
}
