//! Reading product files: from text to a checked product, with errors that name line and field.

mod check;
mod extras;
mod line;
mod raw;

use basics::money::parse_minor;
use basics::{Currency, Date, DayCount, Rate, Rounding};

use self::raw::{FeeTable, InterestTable, PaymentTable, ProductFile};
use super::{Ceiling, Linked, Pricing, Product, Reference, TermUnit};
use crate::allocation::LateOrder;
use crate::arrears::ReAge;
use crate::season::file::season_rule;
use crate::terms::{Compound, Fee, FeeAmount, FeeBase, FeeDate, FeeKind, FeeWhen, InterestBasis, Method};
use crate::{Component, LoanError, PayOrder, PayPath, PayRule, Published, RateReset};

/// Days within which further parts may be drawn where a product does not say.
const TRANCHES_WITHIN_DAYS: u16 = 180;

/// A product from the text of its file, read against published rates and calendars.
pub(super) fn read(file: &str, text: &str, published: &Published) -> Result<Product, LoanError> {
    let source = Source { file, text, published };
    let raw: ProductFile = toml::from_str(text).map_err(|e| source.syntax(&e))?;
    if raw.interest.discount.is_some() && raw.conditions.as_ref().is_none_or(|c| c.evidence.is_empty()) {
        let problem = "a discount is given for evidence: name it in `conditions.evidence`";
        return Err(source.wrong("interest.discount", problem.to_owned()));
    }
    let product = source.product(raw)?;
    source.check(&product)?;
    Ok(product)
}

/// Where a field stands, for errors.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
    published: &'a Published,
}

/// The line of a product file that sets a field, for a fault that is found later.
pub(super) fn line_of(text: &str, field: &str) -> usize {
    Source { file: "", text, published: &Published::default() }.line_of(field, "")
}

impl Source<'_> {
    fn product(&self, raw: ProductFile) -> Result<Product, LoanError> {
        let money =
            |field: &str, text: &str| parse_minor(text).map_err(|e| self.wrong_word(field, text, e.to_string()));
        let date = |field: &str, text: &str| Date::parse(text).map_err(|e| self.wrong_word(field, text, e.to_string()));
        Ok(Product {
            effective_from: date("effective_from", &raw.effective_from)?,
            effective_to: raw.effective_to.as_deref().map(|text| date("effective_to", text)).transpose()?,
            currency: Currency::parse(&raw.currency).map_err(|e| self.wrong("currency", e.to_string()))?,
            method: self.choice("method", &raw.method, &Method::ALL.map(|method| (method.as_str(), method)))?,
            amount_min_fen: money("amount.min", &raw.amount.min)?,
            amount_max_fen: money("amount.max", &raw.amount.max)?,
            amount_multiple_fen: money("amount.multiple", &raw.amount.multiple)?,
            term_min: raw.term.min,
            term_max: raw.term.max,
            term_unit: self.choice(
                "term.unit",
                &raw.term.unit,
                &[("months", TermUnit::Months), ("days", TermUnit::Days)],
            )?,
            pricing: self.pricing(&raw.interest)?,
            linked: self.linked(&raw.interest)?,
            basis: self.choice(
                "interest.basis",
                &raw.interest.basis,
                &[("twelfth", InterestBasis::Twelfth), ("daily", InterestBasis::Daily)],
            )?,
            day_count: self.choice(
                "interest.day_count",
                &raw.interest.day_count,
                &[
                    DayCount::Actual360,
                    DayCount::Actual365Fixed,
                    DayCount::ThirtyE360,
                    DayCount::ActualActual,
                    DayCount::ThirtyU360,
                ]
                .map(|count| (count.as_str(), count)),
            )?,
            rounding: self.choice(
                "interest.rounding",
                raw.interest.rounding.as_deref().unwrap_or("half-up"),
                &[("half-up", Rounding::HalfUp), ("half-even", Rounding::HalfEven)],
            )?,
            penalty_uplift_ppm: self.rate("overdue.penalty_uplift", &raw.overdue.penalty_uplift)?.ppm(),
            compound: self.choice(
                "overdue.compound",
                &raw.overdue.compound,
                &[("none", Compound::None), ("contract-then-penalty", Compound::ContractThenPenalty)],
            )?,
            grace_days: raw.overdue.grace_days,
            pay_rule: self.pay_rule(&raw.payment)?,
            fees: raw.fee.into_iter().map(|fee| self.fee(fee)).collect::<Result<_, _>>()?,
            cost_cap: match raw.cost.and_then(|cost| cost.cap) {
                Some(cap) => Some(self.rate("cost.cap", &cap)?),
                None => None,
            },
            spacing: self.spacing(raw.spacing.as_ref())?,
            settlement: self.settlement(raw.settlement.as_ref())?,
            grace: self.grace(raw.grace.as_ref()),
            down_payment_ppm: self.percent_ppm("instalment.down_payment", raw.instalment.down_payment.as_deref())?,
            tranches_max: raw.instalment.tranches_max.unwrap_or(1),
            tranches_within_days: raw.instalment.tranches_within_days.unwrap_or(TRANCHES_WITHIN_DAYS),
            fixed_length_days: raw.instalment.fixed_length_days,
            instalment_multiple_fen: match raw.instalment.multiple.as_deref() {
                Some(text) => money("instalment.multiple", text)?,
                None => 0,
            },
            roll: self.roll(raw.roll.as_ref())?,
            prepayment: self.prepayment(raw.prepayment.as_ref())?,
            payout: self.payout(raw.payout.as_ref())?,
            misuse_uplift_ppm: match raw.overdue.misuse_uplift.as_deref() {
                Some(text) => Some(self.rate("overdue.misuse_uplift", text)?.ppm()),
                None => None,
            },
            non_accrual_days: raw.overdue.non_accrual_days,
            re_age: match raw.overdue.re_age.as_deref() {
                Some(text) => {
                    Some(self.choice("overdue.re_age", text, &[("kept", ReAge::Kept), ("reset", ReAge::Reset)])?)
                }
                None => None,
            },
            conditions: self.conditions(raw.conditions)?,
            season: raw
                .season
                .map(|table| season_rule(&table).map_err(|(field, problem)| self.wrong(field, problem)))
                .transpose()?,
            harvests: self.harvests(raw.harvest)?,
            grown: None,
            rows: self.rows(&raw.row)?,
            line: self.line(raw.line)?,
            code: raw.code,
            version: raw.version,
            name_zh: raw.name_zh,
            name_en: raw.name_en,
            uses: raw.uses,
        })
    }

    fn pricing(&self, raw: &InterestTable) -> Result<Pricing, LoanError> {
        if raw.reference.is_some() {
            if raw.rate.is_some() || raw.price.iter().any(|price| price.rate.is_some()) {
                let problem = "prices follow `interest.reference`: give each a `spread`, and no `rate`";
                return Err(self.wrong("interest.rate", problem.to_owned()));
            }
            return Ok(Pricing::ByRating(Vec::new()));
        }
        let discount = self.percent_ppm("interest.discount", raw.discount.as_deref())?;
        let less = |field: &str, text: &str| {
            let rate = self.rate(field, text)?;
            Rate::from_ppm(rate.ppm() - discount)
                .map_err(|_| self.wrong("interest.discount", format!("is more than the rate of {rate} %")))
        };
        match (&raw.rate, raw.price.as_slice()) {
            (Some(rate), []) => Ok(Pricing::One(less("interest.rate", rate)?)),
            (None, []) => Err(self.wrong("interest.rate", "give a rate, or prices by rating".to_owned())),
            (Some(_), _) => Err(self.wrong("interest.rate", "give one rate or prices by rating, not both".to_owned())),
            (None, grid) => {
                let mut prices: Vec<(String, Rate)> = Vec::with_capacity(grid.len());
                for price in grid {
                    self.rated_once(&price.rating, prices.iter().map(|(rating, _)| rating.as_str()))?;
                    let text = price.rate.as_deref().ok_or_else(|| {
                        self.wrong("interest.price.rate", format!("rating `{}` needs a `rate`", price.rating))
                    })?;
                    prices.push((price.rating.clone(), less("interest.price.rate", text)?));
                }
                Ok(Pricing::ByRating(prices))
            }
        }
    }

    fn rated_once<'r>(&self, rating: &str, mut others: impl Iterator<Item = &'r str>) -> Result<(), LoanError> {
        if others.any(|other| other == rating) {
            return Err(self.wrong("interest.price.rating", format!("rating `{rating}` has two prices")));
        }
        Ok(())
    }

    /// Prices that follow a published rate.
    fn linked(&self, raw: &InterestTable) -> Result<Option<Linked>, LoanError> {
        let Some(reference) = &raw.reference else { return Ok(None) };
        let spreads = match (&reference.spread, raw.price.as_slice()) {
            (Some(spread), []) => vec![(None, self.spread("interest.reference.spread", spread)?)],
            (None, []) => {
                let problem = "give a spread, or prices by rating with a `spread` each";
                return Err(self.wrong("interest.reference.spread", problem.to_owned()));
            }
            (Some(_), _) => {
                let problem = "give one spread or spreads by rating, not both";
                return Err(self.wrong("interest.reference.spread", problem.to_owned()));
            }
            (None, grid) => {
                let mut spreads: Vec<(Option<String>, i64)> = Vec::with_capacity(grid.len());
                for price in grid {
                    self.rated_once(&price.rating, spreads.iter().filter_map(|(rating, _)| rating.as_deref()))?;
                    let text = price.spread.as_deref().ok_or_else(|| {
                        self.wrong("interest.price.spread", format!("rating `{}` needs a `spread`", price.rating))
                    })?;
                    spreads.push((Some(price.rating.clone()), self.spread("interest.price.spread", text)?));
                }
                spreads
            }
        };
        let ceiling = self.choice(
            "interest.reference.ceiling",
            reference.ceiling.as_deref().unwrap_or("none"),
            &[("none", Ceiling::None), ("reference", Ceiling::Reference)],
        )?;
        if ceiling == Ceiling::Reference && spreads.iter().any(|(_, spread)| *spread > 0) {
            let problem = "a price may not pass the published rate: give spreads of 0 or less";
            return Err(self.wrong("interest.reference.ceiling", problem.to_owned()));
        }
        let table = self.published.rates.clone();
        let mut references: Vec<Reference> = Vec::with_capacity(reference.rates.len());
        for row in &reference.rates {
            let codes = table.codes();
            if !codes.contains(&row.code.as_str()) {
                let problem =
                    format!("`{}` is not in the table of published rates: choose {}", row.code, codes.join(" or "));
                return Err(self.wrong("interest.reference.rates", problem));
            }
            if references.last().is_some_and(|before| {
                before.months_max.is_none() || row.months_max.is_some_and(|m| before.months_max >= Some(m))
            }) {
                let problem = "list rates with rising `months_max`, the last one without";
                return Err(self.wrong("interest.reference.rates", problem.to_owned()));
            }
            references.push(Reference { code: row.code.clone(), months_max: row.months_max });
        }
        if references.is_empty() {
            return Err(self.wrong("interest.reference.rates", "name at least one published rate".to_owned()));
        }
        let reset = match (reference.reset.as_str(), reference.every_months) {
            ("fixed", None) => RateReset::Fixed,
            ("first-of-january", None) => RateReset::FirstOfJanuary,
            ("every", Some(months)) if months > 0 => RateReset::EveryMonths(months),
            ("every", _) => {
                let problem = "say how often: `every_months` of at least 1".to_owned();
                return Err(self.wrong("interest.reference.every_months", problem));
            }
            ("fixed" | "first-of-january", Some(_)) => {
                let problem = "belongs to the reset `every`: leave it out".to_owned();
                return Err(self.wrong("interest.reference.every_months", problem));
            }
            (word, _) => {
                let problem = format!("`{word}` is not known: choose `fixed` or `first-of-january` or `every`");
                return Err(self.wrong("interest.reference.reset", problem));
            }
        };
        Ok(Some(Linked { references, spreads, reset, ceiling, table }))
    }

    /// A signed number of percentage points, in ppm.
    fn spread(&self, field: &str, text: &str) -> Result<i64, LoanError> {
        match text.strip_prefix('-') {
            Some(less) => Ok(-self.rate(field, less)?.ppm()),
            None => Ok(self.rate(field, text)?.ppm()),
        }
    }

    fn percent_ppm(&self, field: &str, text: Option<&str>) -> Result<i64, LoanError> {
        text.map_or(Ok(0), |text| Ok(self.rate(field, text)?.ppm()))
    }

    fn pay_rule(&self, raw: &PaymentTable) -> Result<PayRule, LoanError> {
        let path = self.choice(
            "payment.path",
            &raw.path,
            &[("by-instalment", PayPath::ByInstalment), ("by-component", PayPath::ByComponent)],
        )?;
        let late = match &raw.late {
            Some(late) => Some(LateOrder {
                after_days: late.after_days,
                order: self.pay_order("payment.late.order", &late.order)?,
            }),
            None => None,
        };
        Ok(PayRule { order: self.pay_order("payment.order", &raw.order)?, path, late })
    }

    fn pay_order(&self, field: &str, names: &[String]) -> Result<PayOrder, LoanError> {
        const COMPONENTS: [(&str, Component); 5] = [
            ("principal", Component::Principal),
            ("interest", Component::Interest),
            ("fee", Component::Fee),
            ("penalty", Component::Penalty),
            ("compound", Component::Compound),
        ];
        let order: Vec<Component> =
            names.iter().map(|name| self.choice(field, name, &COMPONENTS)).collect::<Result<_, _>>()?;
        PayOrder::new(&order).map_err(|_| self.wrong(field, "name each of the five components once".to_owned()))
    }

    fn fee(&self, raw: FeeTable) -> Result<Fee, LoanError> {
        let amount = match (&raw.flat, &raw.percent) {
            (Some(flat), None) => {
                let fen = parse_minor(flat).map_err(|e| self.wrong("fee.flat", e.to_string()))?;
                if fen < 0 {
                    return Err(self.wrong("fee.flat", "must not be less than 0.00".to_owned()));
                }
                FeeAmount::Flat(fen)
            }
            (None, Some(percent)) => FeeAmount::Ppm(self.rate("fee.percent", percent)?.ppm()),
            _ => return Err(self.wrong("fee.flat", "give either `flat` or `percent`".to_owned())),
        };
        let when = self.choice(
            "fee.when",
            &raw.when,
            &[
                ("disbursement", FeeWhen::Disbursement),
                ("first-instalment", FeeWhen::FirstInstalment),
                ("each-instalment", FeeWhen::EachInstalment),
                ("on-date", FeeWhen::OnDate),
                ("overdue", FeeWhen::Overdue),
            ],
        )?;
        let on = match (when, &raw.date, raw.days_after_start) {
            (FeeWhen::OnDate, Some(date), None) => {
                Some(FeeDate::On(Date::parse(date).map_err(|e| self.wrong_word("fee.date", date, e.to_string()))?))
            }
            (FeeWhen::OnDate, None, Some(days)) => Some(FeeDate::DaysAfterStart(days)),
            (FeeWhen::OnDate, ..) => {
                return Err(self.wrong("fee.date", "give either `date` or `days_after_start`".to_owned()));
            }
            (_, None, None) => None,
            _ => return Err(self.wrong("fee.date", "only a fee that is due `on-date` has one".to_owned())),
        };
        let after_days = match (when, raw.after_days) {
            (FeeWhen::Overdue, Some(days)) if days > 0 => days,
            (FeeWhen::Overdue, _) => {
                let problem = "say after how many days overdue it is due, at least 1".to_owned();
                return Err(self.wrong("fee.after_days", problem));
            }
            (_, None) => 0,
            _ => return Err(self.wrong("fee.after_days", "only an `overdue` fee has one".to_owned())),
        };
        let base = self.choice(
            "fee.of",
            raw.of.as_deref().unwrap_or("principal"),
            &[
                ("principal", FeeBase::Principal),
                ("outstanding", FeeBase::Outstanding),
                ("instalment", FeeBase::Instalment),
                ("interest", FeeBase::Interest),
            ],
        )?;
        let kind = self.choice(
            "fee.kind",
            raw.kind.as_deref().unwrap_or("service"),
            &[("service", FeeKind::Service), ("premium", FeeKind::Premium), ("guarantee", FeeKind::Guarantee)],
        )?;
        Ok(Fee {
            collector: raw.collector,
            on,
            base,
            kind,
            after_days,
            payer: raw.payer.filter(|payer| payer != "borrower"),
            ..Fee::service(&raw.code, &raw.name_zh, &raw.name_en, when, amount)
        })
    }

    fn rate(&self, field: &str, text: &str) -> Result<Rate, LoanError> {
        Rate::parse_percent(text).map_err(|e| self.wrong_word(field, text, e.to_string()))
    }

    fn choice<T: Copy>(&self, field: &str, word: &str, choices: &[(&str, T)]) -> Result<T, LoanError> {
        choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            let shown: String = word.chars().take(40).collect();
            self.wrong_word(field, word, format!("`{shown}` is not known: choose {}", names.join(" or ")))
        })
    }

    fn wrong(&self, field: &str, problem: String) -> LoanError {
        self.wrong_word(field, "", problem)
    }

    fn wrong_word(&self, field: &str, word: &str, problem: String) -> LoanError {
        let line = self.line_of(field, word);
        LoanError::ProductFile { file: self.file.to_owned(), line, field: field.to_owned(), problem }
    }

    /// What the TOML reader found, with the field of that line or the one that is missing.
    fn syntax(&self, error: &toml::de::Error) -> LoanError {
        let start = error.span().map_or(0, |span| span.start);
        let before = self.text.get(..start).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let problem = error.message().trim_end().replace('\n', "; ");
        let on_line = self.text.lines().nth(line - 1).unwrap_or("").split('=').next().unwrap_or("").trim();
        let quoted = problem
            .split('`')
            .nth(1)
            .filter(|_| problem.starts_with("missing") || problem.starts_with("unknown field"));
        let field = quoted.unwrap_or(on_line).to_owned();
        LoanError::ProductFile { file: self.file.to_owned(), line, field, problem }
    }

    /// The first line that sets `table.field` to something with `word` in it, or the table's last head, or the first line.
    fn line_of(&self, path: &str, word: &str) -> usize {
        let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
        let (mut current, mut head) = (String::new(), 1);
        for (number, line) in (1..).zip(self.text.lines()) {
            let line = line.trim();
            if line.starts_with('[') {
                current = line.trim_matches(|c| c == '[' || c == ']').to_owned();
                if current == table || current == path {
                    head = number;
                }
            } else if current == table
                && line.split_once('=').is_some_and(|(name, value)| name.trim() == key && value.contains(word))
            {
                return number;
            }
        }
        head
    }
}
