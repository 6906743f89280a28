//! Reading a rule file, so that every complaint names file, line and field.

use std::collections::BTreeMap;
use std::ops::Range;

use basics::money::parse_minor;
use basics::{Currency, Date, Rate};
use serde::Deserialize;
use toml::Spanned;

use crate::condition::Expression;
use crate::decision::{Help, Outcome};
use crate::exploration::Lane;
use crate::facts::Fact;
use crate::rules::{
    Band, Condition, Finding, FollowRules, LowerBy, MORE_WORD_CODES, Price, Rule, RuleError, RuleSet, Test, WORD_CODES,
    When, Words,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    code: Spanned<String>,
    version: Spanned<u32>,
    effective_from: Spanned<String>,
    currency: Spanned<String>,
    limits: Spanned<Limits>,
    #[serde(default, rename = "rating")]
    scale: Vec<BandRow>,
    exploration: Option<Spanned<LaneRow>>,
    #[serde(default)]
    facility: FollowsRow,
    #[serde(default, rename = "price")]
    prices: Vec<PriceRow>,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleRow>,
    words: Spanned<BTreeMap<String, WordsRow>>,
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
struct BandRow {
    rating: Spanned<String>,
    pd_below_percent: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LaneRow {
    share_percent: Spanned<String>,
    amount_max: Spanned<String>,
    loss_budget_year: Spanned<String>,
    seed: Spanned<String>,
}

/// What a change of rating does to a facility.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FollowsRow {
    lower: Option<Spanned<String>>,
    raise_offered_days: Option<Spanned<u16>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleRow {
    code: Spanned<String>,
    /// A condition in CEL, or a list of tests.
    when: Spanned<toml::Value>,
    outcome: Spanned<String>,
    zh: Spanned<String>,
    en: Spanned<String>,
    help_zh: Option<Spanned<String>>,
    help_en: Option<Spanned<String>>,
    #[serde(default)]
    explore: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionRow {
    fact: String,
    at_least: Option<i64>,
    below: Option<i64>,
    is: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsRow {
    zh: Spanned<String>,
    en: Spanned<String>,
    help_zh: Option<Spanned<String>>,
    help_en: Option<Spanned<String>>,
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

    /// What would help, in both languages or in neither.
    fn help(&self, zh: Option<&Spanned<String>>, en: Option<&Spanned<String>>) -> Result<Option<Help>, RuleError> {
        match (zh, en) {
            (None, None) => Ok(None),
            (Some(zh), Some(en)) => Ok(Some(Help { zh: self.told("help_zh", zh)?, en: self.told("help_en", en)? })),
            (Some(only), None) | (None, Some(only)) => {
                Err(self.error(only.span(), "help_zh", "give help_zh and help_en together, or neither"))
            }
        }
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
    let prices = prices(&source, &parsed.prices)?;
    let scale = scale(&source, &parsed.scale, &prices)?;
    let (rules, findings) = rules(&source, &parsed.rules, features)?;
    let lane = parsed.exploration.as_ref().map(|row| lane(&source, row, &rules)).transpose()?;
    let mut needed = WORD_CODES.to_vec();
    if rules.iter().any(|rule| matches!(rule.when, When::Cel(_))) {
        needed.push("rule-error");
    }
    if lane.is_some() {
        needed.push("explored");
    }
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
        prices,
        rules,
        words: words(&source, parsed.words, &needed)?,
        scale,
        lane,
        follows: follows(&source, &parsed.facility)?,
        findings,
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

/// The rating scale: bounds that rise, a last rating without one, and a price for each.
fn scale(source: &Source, rows: &[BandRow], prices: &[Price]) -> Result<Vec<Band>, RuleError> {
    let mut bands: Vec<Band> = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let rating = source.told("rating", &row.rating)?;
        let wrong = |problem: String| source.error(row.rating.span(), "rating", problem);
        if bands.iter().any(|band| band.rating == rating) {
            return Err(wrong(format!("`{rating}` stands in the scale already")));
        }
        if !prices.is_empty() && !prices.iter().any(|price| price.rating == rating) {
            return Err(wrong(format!("`{rating}` has no price: add a [[price]] for it")));
        }
        let is_last = place + 1 == rows.len();
        let pd_below_ppm = match &row.pd_below_percent {
            None if is_last => None,
            None => return Err(wrong("has no pd_below_percent: only the last rating goes without".to_owned())),
            Some(bound) if is_last => {
                return Err(source.error(
                    bound.span(),
                    "pd_below_percent",
                    "bounds the last rating: leave it out, so that everybody has a rating",
                ));
            }
            Some(bound) => {
                let ppm = source.read("pd_below_percent", bound, Rate::parse_percent)?.ppm();
                let above = bands.last().and_then(|band| band.pd_below_ppm).unwrap_or(0);
                if ppm <= above || ppm > 1_000_000 {
                    return Err(source.error(
                        bound.span(),
                        "pd_below_percent",
                        "has to rise from rating to rating, up to 100",
                    ));
                }
                Some(ppm)
            }
        };
        bands.push(Band { rating, pd_below_ppm });
    }
    Ok(bands)
}

/// The exploration lane. It needs a rule that it may pass over.
fn lane(source: &Source, row: &Spanned<LaneRow>, rules: &[Rule]) -> Result<Lane, RuleError> {
    if !rules.iter().any(|rule| rule.explore) {
        let problem = "no rule says explore = true: the lane has nothing to pass over";
        return Err(source.error(row.span(), "exploration", problem));
    }
    let lane = row.get_ref();
    let share_ppm = source.read("share_percent", &lane.share_percent, Rate::parse_percent)?.ppm();
    if !(1..=500_000).contains(&share_ppm) {
        return Err(source.error(lane.share_percent.span(), "share_percent", "has to be above 0 and at most 50"));
    }
    Ok(Lane {
        share_ppm,
        amount_max_minor: source.amount("amount_max", &lane.amount_max)?,
        loss_budget_year_minor: source.amount("loss_budget_year", &lane.loss_budget_year)?,
        seed: source.told("seed", &lane.seed)?,
    })
}

/// What a change of rating does to a facility in force.
fn follows(source: &Source, row: &FollowsRow) -> Result<FollowRules, RuleError> {
    let lower = match &row.lower {
        None => None,
        Some(word) => match word.get_ref().as_str() {
            "at_once" => Some(LowerBy::Rating),
            "proposed" => Some(LowerBy::Person),
            _ => return Err(source.error(word.span(), "lower", "is at_once, proposed, or left out")),
        },
    };
    let raise_days = row.raise_offered_days.as_ref();
    if let Some(days) = raise_days.filter(|days| !(1..=365).contains(days.get_ref())) {
        return Err(source.error(days.span(), "raise_offered_days", "has to be 1 to 365"));
    }
    Ok(FollowRules { lower, raise_days: raise_days.map(|days| *days.get_ref()) })
}

fn rules(source: &Source, rows: &[RuleRow], features: &[&str]) -> Result<(Vec<Rule>, Vec<Finding>), RuleError> {
    let mut rules: Vec<Rule> = Vec::with_capacity(rows.len());
    let mut findings = Vec::new();
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
        let at = || row.when.span();
        let when = match row.when.get_ref() {
            toml::Value::String(text) => {
                let expression =
                    Expression::parse(text, features).map_err(|problem| source.error(at(), "when", problem))?;
                if expression.never_holds() {
                    let problem = "can never hold: no value of what it names makes it true";
                    return Err(source.error(at(), "when", problem));
                }
                let line = source.error(row.code.span(), "", "").line;
                let found = |what: String| Finding { rule: code.clone(), line, what };
                if expression.always_holds() {
                    findings.push(found(format!("holds of every household, so each is to {}", row.outcome.get_ref())));
                }
                let shadow = rules.iter().find(|earlier| match &earlier.when {
                    When::Cel(other) => earlier.outcome >= outcome && other.follows_from(&expression),
                    When::Tests(_) => false,
                });
                if let Some(earlier) = shadow {
                    let what = format!(
                        "is shadowed: wherever it holds, `{}` holds too and decides at least as much, so it only adds words",
                        earlier.code
                    );
                    findings.push(found(what));
                }
                When::Cel(expression)
            }
            other => {
                let conditions: Vec<ConditionRow> = other.clone().try_into().map_err(|_| {
                    source.error(at(), "when", "is neither a condition in CEL, in quotes, nor a list of tests")
                })?;
                if conditions.is_empty() {
                    return Err(source.error(at(), "when", "is empty: give at least one condition"));
                }
                let tests = conditions.iter().map(|test| condition(test, features));
                When::Tests(
                    tests.collect::<Result<_, _>>().map_err(|(field, problem)| source.error(at(), field, problem))?,
                )
            }
        };
        rules.push(Rule {
            code,
            when,
            outcome,
            zh: source.told("zh", &row.zh)?,
            en: source.told("en", &row.en)?,
            help: source.help(row.help_zh.as_ref(), row.help_en.as_ref())?,
            explore: row.explore,
        });
    }
    Ok((rules, findings))
}

/// A test of an older file; errors are the field and what is wrong with it.
fn condition(row: &ConditionRow, features: &[&str]) -> Result<Condition, (&'static str, String)> {
    let name = &row.fact;
    let fact = Fact::parse(name).ok_or_else(|| {
        let known = Fact::NAMES.join(", ");
        ("fact", format!("`{name}` is no fact: write one of {known}, or feature.NAME"))
    })?;
    if let Fact::Feature(feature) = &fact
        && !features.contains(&feature.as_str())
    {
        let problem = format!("`{feature}` is no lawful feature of the feature table: rules may use only those");
        return Err(("fact", problem));
    }
    let test = match (row.at_least, row.below, row.is) {
        (Some(edge), None, None) => Test::AtLeast(edge),
        (None, Some(edge), None) => Test::Below(edge),
        (None, None, Some(wanted)) => Test::Is(wanted),
        _ => return Err(("when", "give just one of at_least, below, is".to_owned())),
    };
    Ok(Condition { fact, test })
}

fn words(
    source: &Source,
    table: Spanned<BTreeMap<String, WordsRow>>,
    needed: &[&str],
) -> Result<BTreeMap<String, Words>, RuleError> {
    let at = table.span();
    let table = table.into_inner();
    if let Some(code) = needed.iter().find(|code| !table.contains_key(**code)) {
        return Err(source.error(at, &format!("words.{code}"), "is missing: write its zh and en"));
    }
    let mut words = BTreeMap::new();
    for (code, told) in table {
        let known = [WORD_CODES, MORE_WORD_CODES].concat();
        if !known.contains(&code.as_str()) {
            let problem = format!("is never said: the codes are {}", known.join(", "));
            return Err(source.error(told.zh.span(), &format!("words.{code}"), problem));
        }
        let help = source.help(told.help_zh.as_ref(), told.help_en.as_ref())?;
        words.insert(code, Words { zh: source.told("zh", &told.zh)?, en: source.told("en", &told.en)?, help });
    }
    Ok(words)
}
