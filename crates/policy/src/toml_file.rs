//! Reading a rule file, so that every complaint names file, line and field.

use std::collections::BTreeMap;
use std::ops::Range;

use basics::money::parse_minor;
use basics::{Currency, Date, Rate};
use serde::Deserialize;
use toml::Spanned;

use crate::decision::Outcome;
use crate::facts::Fact;
use crate::rules::{Condition, Price, Rule, RuleError, RuleSet, Test, WORD_CODES, When};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    code: Spanned<String>,
    version: Spanned<u32>,
    effective_from: Spanned<String>,
    currency: Spanned<String>,
    limits: Spanned<Limits>,
    #[serde(default, rename = "price")]
    prices: Vec<PriceRow>,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleRow>,
    words: Spanned<BTreeMap<String, Words>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    exposure_cap: Option<Spanned<String>>,
    step: Spanned<String>,
    instalments_to_income_percent: Spanned<String>,
    two_person_from: Option<Spanned<String>>,
    all_in_cap_percent: Option<Spanned<String>>,
    age_min: Option<Spanned<i64>>,
    age_max: Option<Spanned<i64>>,
    #[serde(default)]
    purposes_forbidden: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceRow {
    rating: Spanned<String>,
    rate_percent: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleRow {
    code: Spanned<String>,
    when: Spanned<Vec<ConditionRow>>,
    outcome: Spanned<String>,
    zh: Spanned<String>,
    en: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionRow {
    fact: Spanned<String>,
    at_least: Option<i64>,
    below: Option<i64>,
    is: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    zh: Spanned<String>,
    en: Spanned<String>,
}

/// The text being read, to say where something is.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, at: Range<usize>, field: &str, problem: impl Into<String>) -> RuleError {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        RuleError { file: self.file.to_owned(), line, field: field.to_owned(), problem: problem.into() }
    }

    /// What the TOML reader found wrong, with the key of the line it points at.
    fn malformed(&self, error: &toml::de::Error) -> RuleError {
        let at = error.span().unwrap_or(0..0);
        let message = error.message();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let line = self.error(at.clone(), "", "").line;
        let key = self.text.lines().nth(line - 1).unwrap_or("").split('=').next().unwrap_or("").trim();
        self.error(at, missing.unwrap_or(if key.is_empty() { "file" } else { key }), message)
    }

    fn read<T, E: ToString>(
        &self,
        field: &str,
        value: &Spanned<String>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, RuleError> {
        parse(value.get_ref()).map_err(|e| self.error(value.span(), field, e.to_string()))
    }

    fn amount(&self, field: &str, value: &Spanned<String>) -> Result<i64, RuleError> {
        let minor = self.read(field, value, parse_minor)?;
        if minor > 0 { Ok(minor) } else { Err(self.error(value.span(), field, "has to be above zero")) }
    }

    fn told(&self, field: &str, value: &Spanned<String>) -> Result<String, RuleError> {
        if value.get_ref().trim().is_empty() {
            return Err(self.error(value.span(), field, "is empty: a household has to be told why, in both languages"));
        }
        Ok(value.get_ref().clone())
    }
}

/// Reads a rule file; see [`RuleSet::parse`].
pub(crate) fn read(file: &str, text: &str, features: &[&str]) -> Result<RuleSet, RuleError> {
    let source = Source { file, text };
    let parsed: File = toml::from_str(text).map_err(|e| source.malformed(&e))?;
    let code = source.told("code", &parsed.code)?;
    if *parsed.version.get_ref() == 0 {
        return Err(source.error(parsed.version.span(), "version", "is 0: versions count from 1"));
    }
    let limits_at = parsed.limits.span();
    let limits = parsed.limits.into_inner();
    let amount = |field, value: &Option<Spanned<String>>| value.as_ref().map(|v| source.amount(field, v)).transpose();
    let age = match (&limits.age_min, &limits.age_max) {
        (None, None) => None,
        (Some(low), Some(high)) if low.get_ref() <= high.get_ref() => Some((*low.get_ref(), *high.get_ref())),
        (Some(low), Some(_)) => {
            return Err(source.error(low.span(), "age_min", "is above age_max"));
        }
        _ => {
            return Err(source.error(limits_at, "age_min", "give age_min and age_max together, or neither"));
        }
    };
    Ok(RuleSet {
        code,
        version: parsed.version.into_inner(),
        hash: RuleSet::hash_of(text),
        effective_from: source.read("effective_from", &parsed.effective_from, Date::parse)?,
        currency: source.read("currency", &parsed.currency, Currency::parse)?,
        exposure_cap_minor: amount("exposure_cap", &limits.exposure_cap)?,
        limit_step_minor: source.amount("step", &limits.step)?,
        capacity: source.read(
            "instalments_to_income_percent",
            &limits.instalments_to_income_percent,
            Rate::parse_percent,
        )?,
        two_person_from_minor: amount("two_person_from", &limits.two_person_from)?,
        all_in_cap: limits
            .all_in_cap_percent
            .map(|v| source.read("all_in_cap_percent", &v, Rate::parse_percent))
            .transpose()?,
        age,
        purposes_forbidden: limits.purposes_forbidden,
        prices: prices(&source, &parsed.prices)?,
        rules: rules(&source, &parsed.rules, features)?,
        words: words(&source, parsed.words)?,
    })
}

fn prices(source: &Source, rows: &[PriceRow]) -> Result<Vec<Price>, RuleError> {
    let mut prices: Vec<Price> = Vec::with_capacity(rows.len());
    for row in rows {
        let rating = row.rating.get_ref().clone();
        if prices.iter().any(|p| p.rating == rating) {
            return Err(source.error(row.rating.span(), "rating", format!("`{rating}` has a price already")));
        }
        prices
            .push(Price { rating, rate_annual: source.read("rate_percent", &row.rate_percent, Rate::parse_percent)? });
    }
    Ok(prices)
}

fn rules(source: &Source, rows: &[RuleRow], features: &[&str]) -> Result<Vec<Rule>, RuleError> {
    let mut rules: Vec<Rule> = Vec::with_capacity(rows.len());
    for row in rows {
        let code = source.told("code", &row.code)?;
        if rules.iter().any(|r| r.code == code) {
            return Err(source.error(row.code.span(), "code", format!("`{code}` is the code of another rule already")));
        }
        let outcome = match row.outcome.get_ref().as_str() {
            "refer" => Outcome::Refer,
            "decline" => Outcome::Decline,
            other => {
                let problem = format!("`{other}` is no outcome of a rule: write refer or decline");
                return Err(source.error(row.outcome.span(), "outcome", problem));
            }
        };
        let conditions = row.when.get_ref();
        if conditions.is_empty() {
            return Err(source.error(row.when.span(), "when", "is empty: give at least one condition"));
        }
        let when = conditions.iter().map(|c| condition(source, c, features)).collect::<Result<_, _>>()?;
        rules.push(Rule {
            code,
            when: When(when),
            outcome,
            zh: source.told("zh", &row.zh)?,
            en: source.told("en", &row.en)?,
        });
    }
    Ok(rules)
}

fn condition(source: &Source, row: &ConditionRow, features: &[&str]) -> Result<Condition, RuleError> {
    let name = row.fact.get_ref();
    let fact = Fact::parse(name).ok_or_else(|| {
        let known = Fact::NAMES.join(", ");
        source.error(row.fact.span(), "fact", format!("`{name}` is no fact: write one of {known}, or feature.NAME"))
    })?;
    if let Fact::Feature(feature) = &fact
        && !features.contains(&feature.as_str())
    {
        let problem = format!("`{feature}` is no lawful feature of the feature table: rules may use only those");
        return Err(source.error(row.fact.span(), "fact", problem));
    }
    let test = match (row.at_least, row.below, row.is) {
        (Some(edge), None, None) => Test::AtLeast(edge),
        (None, Some(edge), None) => Test::Below(edge),
        (None, None, Some(wanted)) => Test::Is(wanted),
        _ => {
            return Err(source.error(row.fact.span(), "when", "give just one of at_least, below, is"));
        }
    };
    Ok(Condition { fact, test })
}

fn words(
    source: &Source,
    table: Spanned<BTreeMap<String, Words>>,
) -> Result<BTreeMap<String, (String, String)>, RuleError> {
    let at = table.span();
    let table = table.into_inner();
    if let Some(code) = WORD_CODES.iter().find(|code| !table.contains_key(**code)) {
        return Err(source.error(at, &format!("words.{code}"), "is missing: write its zh and en"));
    }
    let mut words = BTreeMap::new();
    for (code, told) in table {
        if !WORD_CODES.contains(&code.as_str()) {
            let problem = format!("is never said: the codes are {}", WORD_CODES.join(", "));
            return Err(source.error(told.zh.span(), &format!("words.{code}"), problem));
        }
        words.insert(code, (source.told("zh", &told.zh)?, source.told("en", &told.en)?));
    }
    Ok(words)
}
