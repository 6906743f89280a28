//! What a lender offers: a product, in versions, each a file.
//!
//! A file is TOML; the ones shipped under `products/` show every field. Rates are percent and
//! amounts are major units, both in quotes, since neither may pass through floating point. A change of a
//! product is a new version and touches no loan that is signed.

mod catalogue;
mod file;
mod harvest;
mod linked;

use std::borrow::Cow;

use basics::money::format_minor;
use basics::{Currency, Date, DayCount, Frequency, Money, Rate, Roll, Rounding};

pub use catalogue::{Catalogue, ProductSource};
pub use harvest::Harvest;
pub use linked::{Ceiling, Linked, Reference};

use crate::arrears::ReAge;
use crate::line::{LineRules, LineTerms};
use crate::season::{HouseholdSeasons, SeasonRule};
use crate::terms::{
    Compound, Conditions, DrawRule, DueRoll, Fee, FixedRow, Grace, InterestBasis, LoanTerms, Method, PayoutRule,
    PlanRow, PrepaymentRule, ProductRef, Settlement, Term, Tranche,
};
use crate::{Holidays, LoanError, PayRule, Published};

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
    /// The published rate that prices follow; [`pricing`](Self::pricing) is then empty until
    /// [`priced_for`](Self::priced_for) a term and a day.
    pub linked: Option<Linked>,
    /// How far apart instalments are.
    pub spacing: Frequency,
    /// Days on which interest is settled.
    pub settlement: Option<Settlement>,
    /// Instalments at the beginning without principal or interest.
    pub grace: Grace,
    /// Part of the principal that is paid back at once, parts per million.
    pub down_payment_ppm: i64,
    /// Most parts that it is disbursed in.
    pub tranches_max: u16,
    /// Days after the first part of the disbursement within which the others may be drawn.
    pub tranches_within_days: u16,
    /// Days from disbursement to the last due date, where that is fixed.
    pub fixed_length_days: Option<u16>,
    /// Instalments are multiples of this, minor units; 0 is no rule.
    pub instalment_multiple_fen: i64,
    /// How due dates move off holidays.
    pub roll: Option<RollRule>,
    /// What may be paid back early; `None` is anything at any time at no cost.
    pub prepayment: Option<PrepaymentRule>,
    /// Who receives the money; `None` is the borrower.
    pub payout: Option<PayoutRule>,
    /// Spouse, guarantee, evidence, insurance, events.
    pub conditions: Option<Conditions>,
    /// Rate on misused principal = contract rate × (1 + this), in ppm.
    pub misuse_uplift_ppm: Option<i64>,
    /// Whether overdue principal may be spread over a new plan, and what that does to days past due.
    pub re_age: Option<ReAge>,
    /// Days past due after which interest is not accrued as income.
    pub non_accrual_days: Option<u16>,
    /// How principal follows the seasons, for the method `seasonal`.
    pub season: Option<SeasonRule>,
    /// Harvests of a typical year, for a seasonal loan whose household has not named its crops.
    pub harvests: Vec<Harvest>,
    /// The household that it is for, where its crops are known; never in a file.
    pub grown: Option<HouseholdSeasons>,
    /// Rows of its own: shares for a seasonal plan, amounts for a custom one.
    pub rows: PlanRows,
    /// The rules of a statement line.
    pub line: Option<LineRules>,
}

/// How due dates of a product move off holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollRule {
    /// Where to.
    pub roll: Roll,
    /// Off which days.
    pub holidays: Holidays,
}

/// The rows by which a loan is repaid, where its method needs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlanRows {
    /// Those of the product: its own rows, or those of its harvests.
    #[default]
    OfProduct,
    /// Shares of the principal.
    Shares(Vec<PlanRow>),
    /// Amounts.
    Amounts(Vec<FixedRow>),
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
        file::read(file, text, &Published::shipped()?)
    }

    /// The same against tables of published rates and holiday calendars that an institution has added to.
    pub fn parse_against(file: &str, text: &str, published: &Published) -> Result<Product, LoanError> {
        file::read(file, text, published)
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

    /// The product with the prices that hold for a term on a day: itself, unless it follows a published rate.
    ///
    /// Errors if no such rate was published by then, or a price is no rate.
    pub fn priced_for(&self, term: Term, on: Date) -> Result<Cow<'_, Product>, LoanError> {
        let Some(linked) = &self.linked else { return Ok(Cow::Borrowed(self)) };
        Ok(Cow::Owned(Product { pricing: linked.prices(&self.code, term, on)?, ..self.clone() }))
    }

    /// The terms of one loan under this product, checked against its limits.
    ///
    /// `rate` must be one of the product's prices. Errors say which limit is passed and what it is.
    pub fn terms(&self, amount: Money, term: Term, start: Date, rate: Rate) -> Result<LoanTerms, LoanError> {
        self.terms_by(amount, term, start, rate, PlanRows::OfProduct)
    }

    /// The same, repaid by rows of the loan's own.
    ///
    /// Errors also if rows are given and the method has none, or it needs some and neither loan nor product has any.
    pub fn terms_by(
        &self,
        amount: Money,
        term: Term,
        start: Date,
        rate: Rate,
        rows: PlanRows,
    ) -> Result<LoanTerms, LoanError> {
        self.check_asked(amount, term, start)?;
        if !self.priced_for(term, start)?.pricing.rates().contains(&rate) {
            return Err(self.priced_for(term, start)?.no_price(format!("a rate of {rate} %")));
        }
        let uplifted_by = |uplift_ppm| {
            uplifted(rate, uplift_ppm).ok_or_else(|| {
                LoanError::Terms(format!("the penalty on a rate of {rate} % is not whole parts per million"))
            })
        };
        let conditions = match (&self.conditions, self.misuse_uplift_ppm) {
            (Some(conditions), Some(uplift)) => {
                Some(Conditions { misuse_rate: Some(uplifted_by(uplift)?), ..conditions.clone() })
            }
            (conditions, _) => conditions.clone(),
        };
        let (rows, fixed_rows) = self.rows_of(rows, term, start)?;
        let mut terms = LoanTerms {
            product: ProductRef { code: self.code.clone(), version: self.version },
            basis: self.basis,
            day_count: self.day_count,
            penalty_rate: uplifted_by(self.penalty_uplift_ppm)?,
            compound: self.compound,
            grace_days: self.grace_days,
            fees: self.fees.clone(),
            pay_rule: self.pay_rule,
            rounding: self.rounding,
            spacing: self.spacing,
            settlement: self.settlement,
            rows,
            fixed_rows,
            grace: self.grace,
            down_payment_ppm: self.down_payment_ppm,
            fixed_length_days: self.fixed_length_days,
            instalment_multiple_fen: self.instalment_multiple_fen,
            rate_rule: self.linked.as_ref().map(|linked| linked.rule(term, start, rate)).transpose()?,
            prepayment: self.prepayment.clone(),
            payout: self.payout,
            conditions,
            non_accrual_days: self.non_accrual_days,
            re_age: self.re_age,
            draws: (self.tranches_max > 1)
                .then_some(DrawRule { parts_max: self.tranches_max, within_days: self.tranches_within_days }),
            ..LoanTerms::plain(amount, rate, self.method, term, start)
        };
        if let Some(rule) = &self.roll {
            // A year beyond the term, so that a loan drawn or deferred later still has its days.
            let last = terms.term_end(start)?.add_days(366);
            terms.roll = Some(DueRoll { roll: rule.roll, calendar: rule.holidays.calendar.between(start, last) });
        }
        let terms = self.seasonal(terms, term)?;
        terms.check()?;
        Ok(terms)
    }

    /// The terms with a plan of several tranches. Errors if the product allows fewer, or they make no plan.
    pub fn in_tranches(&self, terms: LoanTerms, tranches: Vec<Tranche>) -> Result<LoanTerms, LoanError> {
        if tranches.len() > usize::from(self.tranches_max) {
            return Err(LoanError::Terms(format!(
                "{} is disbursed in at most {} parts, not {}",
                self.code,
                self.tranches_max,
                tranches.len()
            )));
        }
        let terms = LoanTerms { tranches, ..terms };
        terms.check()?;
        Ok(terms)
    }

    /// The terms of one statement line under this product: its limit, its validity, its price.
    ///
    /// Errors if this is no such product, or a limit of it is passed.
    pub fn line_terms(&self, limit: Money, term: Term, opened: Date, rate: Rate) -> Result<LineTerms, LoanError> {
        let Some(rules) = &self.line else {
            return Err(LoanError::Terms(format!("{} is no statement line", self.code)));
        };
        self.check_asked(limit, term, opened)?;
        if !self.priced_for(term, opened)?.pricing.rates().contains(&rate) {
            return Err(self.no_price(format!("a rate of {rate} %")));
        }
        let Term::Months(months) = term else {
            return Err(LoanError::Terms("a line is opened for months".to_owned()));
        };
        let terms = LineTerms {
            product: ProductRef { code: self.code.clone(), version: self.version },
            limit,
            opened,
            valid_to: opened.add_months(i32::from(months))?.add_days(-1),
            rate,
            overdue_rate: uplifted(rate, self.penalty_uplift_ppm)
                .ok_or_else(|| LoanError::Terms("the overdue rate is not whole parts per million".to_owned()))?,
            day_count: self.day_count,
            rounding: self.rounding,
            rules: rules.clone(),
            cost_cap: self.cost_cap,
        };
        terms.check()?;
        Ok(terms)
    }

    /// Whether it is offered on a day.
    pub fn is_offered(&self, on: Date) -> bool {
        on >= self.effective_from && self.effective_to.is_none_or(|last| on <= last)
    }

    fn check_asked(&self, amount: Money, term: Term, start: Date) -> Result<(), LoanError> {
        if !self.is_offered(start) {
            return Err(LoanError::NotInEffect {
                product: self.code.clone(),
                version: self.version,
                from: self.effective_from,
                to: self.effective_to,
                date: start,
            });
        }
        self.check_amount(amount)?;
        self.check_term(term)
    }

    /// The rows of a seasonal or custom plan.
    fn rows_of(&self, rows: PlanRows, term: Term, start: Date) -> Result<(Vec<PlanRow>, Vec<FixedRow>), LoanError> {
        let rows = if rows == PlanRows::OfProduct { self.rows.clone() } else { rows };
        match (rows, &self.season) {
            (PlanRows::Shares(shares), _) => Ok((shares, Vec::new())),
            (PlanRows::Amounts(amounts), _) => Ok((Vec::new(), amounts)),
            (PlanRows::OfProduct, Some(rule)) if self.grown.is_none() && !self.harvests.is_empty() => {
                Ok((harvest::rows(&self.harvests, rule, term, start)?, Vec::new()))
            }
            (PlanRows::OfProduct, _) => Ok((Vec::new(), Vec::new())),
        }
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
            Pricing::ByRating(grid) if grid.is_empty() => "set by term and day".to_owned(),
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
pub const SHIPPED: [(&str, &str); 12] = [
    ("short-working-capital.toml", include_str!("../../products/short-working-capital.toml")),
    ("season-bullet.toml", include_str!("../../products/season-bullet.toml")),
    ("seasonal-loan.toml", include_str!("../../products/seasonal-loan.toml")),
    ("history-czk-instalment.toml", include_str!("../../products/history-czk-instalment.toml")),
    ("long-working-capital.toml", include_str!("../../products/long-working-capital.toml")),
    ("disaster-insurance-loan.toml", include_str!("../../products/disaster-insurance-loan.toml")),
    ("green-agriculture.toml", include_str!("../../products/green-agriculture.toml")),
    ("assisted-household.toml", include_str!("../../products/assisted-household.toml")),
    ("revolving-credit.toml", include_str!("../../products/revolving-credit.toml")),
    ("revolving-consumer-line.toml", include_str!("../../products/revolving-consumer-line.toml")),
    ("order-finance.toml", include_str!("../../products/order-finance.toml")),
    ("quarterly-interest.toml", include_str!("../../products/quarterly-interest.toml")),
];

/// A shipped product by its code, read against the shipped tables. Errors if there is none.
pub fn shipped(code: &str) -> Result<Product, LoanError> {
    let (file, text) = SHIPPED
        .iter()
        .find(|(file, _)| file.strip_suffix(".toml") == Some(code))
        .ok_or_else(|| LoanError::UnknownProduct(code.chars().take(40).collect()))?;
    Product::parse(file, text)
}
