//! Reading product files: from text to a checked product, with errors that name line and field.

use basics::money::parse_minor;
use basics::{Currency, Date, DayCount, Rate, Rounding};
use serde::Deserialize;

use crate::allocation::LateOrder;
use crate::product::{Pricing, Product, TermUnit, uplifted};
use crate::season::file::{SeasonTable, season_rule};
use crate::{
    Component, Compound, Fee, FeeAmount, FeeWhen, InterestBasis, LoanError, LoanTerms, Method, PayOrder, PayPath,
    PayRule,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductFile {
    code: String,
    version: u32,
    name_zh: String,
    name_en: String,
    effective_from: String,
    effective_to: Option<String>,
    currency: String,
    method: String,
    uses: Vec<String>,
    amount: AmountTable,
    term: TermTable,
    interest: InterestTable,
    overdue: OverdueTable,
    payment: PaymentTable,
    #[serde(default)]
    fee: Vec<FeeTable>,
    cost: Option<CostTable>,
    season: Option<SeasonTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountTable {
    min: String,
    max: String,
    multiple: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermTable {
    unit: String,
    min: u16,
    max: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InterestTable {
    rate: Option<String>,
    #[serde(default)]
    price: Vec<PriceTable>,
    basis: String,
    day_count: String,
    rounding: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceTable {
    rating: String,
    rate: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverdueTable {
    penalty_uplift: String,
    compound: String,
    grace_days: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentTable {
    path: String,
    order: Vec<String>,
    late: Option<LateTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LateTable {
    after_days: u16,
    order: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeTable {
    code: String,
    name_zh: String,
    name_en: String,
    when: String,
    flat: Option<String>,
    percent: Option<String>,
    #[serde(default = "lender")]
    collector: String,
}

fn lender() -> String {
    "lender".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CostTable {
    cap: Option<String>,
}

/// A product from the text of its file.
pub(crate) fn read(file: &str, text: &str) -> Result<Product, LoanError> {
    let source = Source { file, text };
    let raw: ProductFile = toml::from_str(text).map_err(|e| source.syntax(&e))?;
    let product = source.product(raw)?;
    source.check(&product)?;
    Ok(product)
}

/// Where a field stands, for errors.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
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
            basis: self.choice(
                "interest.basis",
                &raw.interest.basis,
                &[("twelfth", InterestBasis::Twelfth), ("daily", InterestBasis::Daily)],
            )?,
            day_count: self.choice(
                "interest.day_count",
                &raw.interest.day_count,
                &[
                    ("actual/360", DayCount::Actual360),
                    ("actual/365F", DayCount::Actual365Fixed),
                    ("30E/360", DayCount::ThirtyE360),
                ],
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
            season: raw
                .season
                .map(|table| season_rule(&table).map_err(|(field, problem)| self.wrong(field, problem)))
                .transpose()?,
            grown: None,
            code: raw.code,
            version: raw.version,
            name_zh: raw.name_zh,
            name_en: raw.name_en,
            uses: raw.uses,
        })
    }

    /// What no single field can tell.
    fn check(&self, product: &Product) -> Result<(), LoanError> {
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
        match (&product.season, product.method) {
            (None, Method::Seasonal) => {
                return Err(self.wrong("season", "a seasonal loan needs a table `[season]`".to_owned()));
            }
            (Some(_), method) if method != Method::Seasonal => {
                return Err(self.wrong("season", "only the method `seasonal` has a table `[season]`".to_owned()));
            }
            _ => {}
        }
        for (index, fee) in product.fees.iter().enumerate() {
            if product.fees.iter().take(index).any(|other| other.code == fee.code) {
                return Err(self.wrong("fee.code", format!("two fees have the code `{}`", fee.code)));
            }
        }
        Ok(())
    }

    fn pricing(&self, raw: &InterestTable) -> Result<Pricing, LoanError> {
        match (&raw.rate, raw.price.as_slice()) {
            (Some(rate), []) => Ok(Pricing::One(self.rate("interest.rate", rate)?)),
            (None, []) => Err(self.wrong("interest.rate", "give a rate, or prices by rating".to_owned())),
            (Some(_), _) => Err(self.wrong("interest.rate", "give one rate or prices by rating, not both".to_owned())),
            (None, grid) => {
                let mut prices: Vec<(String, Rate)> = Vec::with_capacity(grid.len());
                for price in grid {
                    if prices.iter().any(|(rating, _)| *rating == price.rating) {
                        let problem = format!("rating `{}` has two prices", price.rating);
                        return Err(self.wrong("interest.price.rating", problem));
                    }
                    prices.push((price.rating.clone(), self.rate("interest.price.rate", &price.rate)?));
                }
                Ok(Pricing::ByRating(prices))
            }
        }
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
            &[("disbursement", FeeWhen::Disbursement), ("first-instalment", FeeWhen::FirstInstalment)],
        )?;
        Ok(Fee { collector: raw.collector, ..Fee::service(&raw.code, &raw.name_zh, &raw.name_en, when, amount) })
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
                if current == table {
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
