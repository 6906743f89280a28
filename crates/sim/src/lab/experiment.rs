//! An experiment as a file: the claim, what is estimated, the arms, the counties, what is assumed and how far that may be off.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Table, Value};

use super::assumed::Assumed;
use super::indicators::INDICATORS;
use super::policy::Policy;
use crate::county::{self, County, CountyError};

/// The text of the counties that experiments are made in.
pub const COUNTIES: &str = include_str!("../../../../experiments/counties.toml");

/// Days into a run on which a failure of the system may begin, or for which it may last.
const OUTAGE_DAYS_MAX: i64 = 3_650;

/// Whether a name can be a folder's and a column's.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// What is wrong with an experiment, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {problem}")]
pub struct ExperimentError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to write.
    pub problem: String,
}

/// Figures by name, to be set in the place of others.
type Figures = BTreeMap<Spanned<String>, i64>;

/// A county of experiments: the shipped one with other figures.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    name: String,
    words: String,
    #[serde(default)]
    set: Figures,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variants {
    county: Vec<Variant>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArm {
    name: String,
    words: String,
    policy: Option<Spanned<Table>>,
}

impl RawArm {
    /// What it says of the policy, and where.
    fn policy(&self) -> (Table, usize) {
        self.policy.as_ref().map_or_else(Default::default, |policy| (policy.get_ref().clone(), policy.span().start))
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    arm: Spanned<String>,
    against: Spanned<String>,
    indicator: Spanned<String>,
    expect: Direction,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSetting {
    words: String,
    #[serde(default)]
    set: Figures,
    #[serde(default)]
    policy: Table,
    /// Arms to which `policy` applies; all where none is named.
    #[serde(default)]
    arms: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAssumption {
    name: Spanned<String>,
    low: i64,
    high: i64,
    source: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    title_zh: String,
    title_en: String,
    claim_zh: String,
    claim_en: String,
    estimand: String,
    #[serde(default = "usual_days")]
    days: i64,
    #[serde(default)]
    set: Figures,
    arm: Vec<RawArm>,
    question: Vec<RawQuestion>,
    null: Spanned<RawSetting>,
    harm: Spanned<RawSetting>,
    assumption: Vec<RawAssumption>,
    #[serde(default)]
    limits: Vec<String>,
}

fn usual_days() -> i64 {
    730
}

/// Which way an indicator is claimed to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Up.
    Higher,
    /// Down.
    Lower,
}

impl Direction {
    /// 1 or −1.
    pub const fn sign(self) -> f64 {
        match self {
            Direction::Higher => 1.0,
            Direction::Lower => -1.0,
        }
    }
}

/// An arm: what the lender does.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Its name in files.
    pub name: String,
    /// In words.
    pub words: String,
    /// The policy.
    pub policy: Policy,
}

/// A question: how an indicator differs between two arms, and which way the claim says it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Place of the arm.
    pub arm: usize,
    /// Place of the arm it is held against.
    pub against: usize,
    /// Name of the indicator.
    pub indicator: String,
    /// Which way the claim says it goes.
    pub expect: Direction,
}

/// An assumption that is varied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// A figure of the laboratory, `assumed.…`, or of the county, `county.SECTION.FIELD`.
    pub name: String,
    /// Low and high.
    pub span: (i64, i64),
    /// Why it may be off so far.
    pub source: String,
}

/// Where runs are made: counties, what is assumed, the arms' policies.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// What is special about it; empty for the main comparison.
    pub words: String,
    /// The counties, with their names.
    pub counties: Vec<(String, County)>,
    /// What is assumed.
    pub assumed: Assumed,
    /// The policy of each arm.
    pub policies: Vec<Policy>,
}

/// An experiment, read and checked.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Its name: folders and files are called so.
    pub name: String,
    /// Titles in Chinese and English.
    pub title: (String, String),
    /// The claim in Chinese and English.
    pub claim: (String, String),
    /// What is estimated, written before anything was run.
    pub estimand: String,
    /// Days that are lived.
    pub days: i32,
    /// The arms; the first is the usual one.
    pub arms: Vec<Arm>,
    /// The questions.
    pub questions: Vec<Question>,
    /// The comparison.
    pub main: Setting,
    /// Where the mechanism is off: no effect may be seen.
    pub null: Setting,
    /// Where it harms.
    pub harm: Setting,
    /// What is varied.
    pub assumptions: Vec<Assumption>,
    /// For each assumption the setting with its low and its high value.
    pub varied: Vec<[Setting; 2]>,
    /// What the experiment cannot say.
    pub limits: Vec<String>,
}

/// What names may be used, for errors.
pub struct Known<'a> {
    /// Codes of products.
    pub products: &'a [&'a str],
}

/// Names of the counties of experiments, with their words.
pub fn counties() -> Result<Vec<(String, String)>, ExperimentError> {
    Ok(variants()?.into_iter().map(|variant| (variant.name, variant.words)).collect())
}

fn variants() -> Result<Vec<Variant>, ExperimentError> {
    let file = "experiments/counties.toml";
    let variants: Variants = toml::from_str(COUNTIES).map_err(|error| form(file, COUNTIES, &error))?;
    Ok(variants.county)
}

fn form(file: &str, text: &str, error: &toml::de::Error) -> ExperimentError {
    let line = error.span().map_or(1, |span| line_at(text, span.start));
    ExperimentError { file: file.to_owned(), line, problem: error.message().to_owned() }
}

fn line_at(text: &str, at: usize) -> usize {
    text.get(..at).map_or(1, |before| before.matches('\n').count() + 1)
}

impl Experiment {
    /// Reads an experiment; `file` is what errors call it, `wanted` the counties, all where none is named.
    ///
    /// Errors with the first fault: form, a name that is not known, a figure out of range.
    pub fn parse(file: &str, text: &str, wanted: &[String], known: &Known<'_>) -> Result<Experiment, ExperimentError> {
        let raw: Raw = toml::from_str(text).map_err(|error| form(file, text, &error))?;
        let reader = Reader { file, text, known };
        reader.read(raw, wanted)
    }
}

/// The text of an experiment, for errors.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    known: &'a Known<'a>,
}

impl Reader<'_> {
    fn wrong(&self, at: usize, problem: String) -> ExperimentError {
        ExperimentError { file: self.file.to_owned(), line: line_at(self.text, at), problem }
    }

    fn unknown(&self, what: &str, found: &Spanned<String>, known: &[&str]) -> ExperimentError {
        let problem = format!("{what} {} is not known; write one of {}", found.get_ref(), known.join(", "));
        self.wrong(found.span().start, problem)
    }

    fn line_of(&self, word: &str) -> usize {
        self.text.find(word).unwrap_or(0)
    }

    fn read(&self, raw: Raw, wanted: &[String]) -> Result<Experiment, ExperimentError> {
        if !is_plain(&raw.name) {
            let problem = format!("name {} makes no folder; write small letters, digits and hyphens", raw.name);
            return Err(self.wrong(self.line_of("name"), problem));
        }
        if !(30..=3_650).contains(&raw.days) {
            let problem = format!("days is {}; write a number from 30 to 3650", raw.days);
            return Err(self.wrong(self.line_of("days"), problem));
        }
        let arms = raw.arm.iter().map(|arm| self.arm(arm)).collect::<Result<Vec<_>, _>>()?;
        for (nth, arm) in arms.iter().enumerate() {
            if arms.iter().take(nth).any(|other| other.name == arm.name) {
                let problem = format!("arm {} stands there twice; name them apart", arm.name);
                return Err(self.wrong(self.text.rfind(&arm.name).unwrap_or(0), problem));
            }
        }
        let questions = raw.question.iter().map(|q| self.question(q, &arms)).collect::<Result<Vec<_>, _>>()?;
        if arms.len() < 2 || questions.is_empty() {
            let problem = "an experiment needs two [[arm]] and one [[question]] at least".to_owned();
            return Err(self.wrong(0, problem));
        }
        let (assumed, _) = Assumed::shipped().map_err(|problem| self.wrong(0, problem))?;
        let variants = variants()?;
        for name in wanted {
            if !variants.iter().any(|variant| variant.name == *name) {
                let known: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
                let problem = format!("county {name} is not known; choose from {}", known.join(", "));
                return Err(ExperimentError { file: "experiments/counties.toml".to_owned(), line: 1, problem });
            }
        }
        let chosen: Vec<&Variant> = variants.iter().filter(|v| wanted.is_empty() || wanted.contains(&v.name)).collect();
        let main = self.setting(&chosen, &[&raw.set], &assumed, &arms)?;
        let null = self.special(&chosen, &raw, &raw.null, &assumed)?;
        let harm = self.special(&chosen, &raw, &raw.harm, &assumed)?;
        let mut varied = Vec::new();
        for assumption in &raw.assumption {
            let one = |value: i64| {
                let figures: Figures = std::iter::once((assumption.name.clone(), value)).collect();
                self.setting(&chosen, &[&raw.set, &figures], &assumed, &arms)
            };
            varied.push([one(assumption.low)?, one(assumption.high)?]);
        }
        let assumptions = raw.assumption.into_iter().map(|raw| Assumption {
            name: raw.name.into_inner(),
            span: (raw.low, raw.high),
            source: raw.source,
        });
        Ok(Experiment {
            name: raw.name,
            title: (raw.title_zh, raw.title_en),
            claim: (raw.claim_zh, raw.claim_en),
            estimand: raw.estimand,
            days: raw.days as i32,
            arms,
            questions,
            main,
            null,
            harm,
            assumptions: assumptions.collect(),
            varied,
            limits: raw.limits,
        })
    }

    fn arm(&self, raw: &RawArm) -> Result<Arm, ExperimentError> {
        let (table, at) = raw.policy();
        let policy = self.policy(&table, at)?;
        if !is_plain(&raw.name) {
            let problem =
                format!("the arm's name {:?} is no plain word; write small letters, digits and hyphens", raw.name);
            return Err(self.wrong(at, problem));
        }
        Ok(Arm { name: raw.name.clone(), words: raw.words.clone(), policy })
    }

    /// A policy from its table, which begins at a place of the text. A name that is not known is told with those that are.
    fn policy(&self, table: &Table, at: usize) -> Result<Policy, ExperimentError> {
        let policy: Policy = Value::Table(table.clone())
            .try_into()
            .map_err(|error: toml::de::Error| self.wrong(at, format!("policy: {}", error.message())))?;
        for (reason, lend_as) in &policy.lend_as {
            if !self.known.products.contains(&lend_as.product.as_str()) {
                let known = self.known.products.join(", ");
                let problem = format!("product {} is not known; write one of {known}", lend_as.product);
                return Err(self.wrong(at, problem));
            }
            if !crate::county::Reason::ALL.iter().any(|r| r.code() == reason) {
                let known: Vec<&str> = crate::county::Reason::ALL.iter().map(|r| r.code()).collect();
                let problem = format!("reason {reason} is not known; write one of {}", known.join(", "));
                return Err(self.wrong(at, problem));
            }
        }
        let mut ranges = vec![
            ("decline-percent", policy.decline_percent, 0, 100),
            ("refer-percent", policy.refer_percent, 0, 100),
            ("declined-before-percent", policy.declined_before_percent, 0, 90),
            ("explored-percent", policy.explored_percent, 0, 100),
            ("labels-after-days", i64::from(policy.labels_after_days), 0, 3_650),
            ("visit-above-yuan", policy.visit_above_yuan, 0, 10_000_000),
            ("visited-percent", policy.visited_percent, 0, 100),
            ("fund-percent", policy.fund_percent, 0, 100),
            ("lessons-a-year", policy.lessons_a_year, 0, 365),
            ("outage-from-day", i64::from(policy.outage_from_day.unwrap_or(0)), 0, OUTAGE_DAYS_MAX),
            ("outage-days", i64::from(policy.outage_days), 0, OUTAGE_DAYS_MAX),
            ("household-discount-bp", policy.household_discount_bp, 0, 10_000),
            ("merchant-fee-bp", policy.merchant_fee_bp, 0, 10_000),
        ];
        ranges.extend(policy.lend_as.values().map(|lend_as| ("months", i64::from(lend_as.months), 1, 360)));
        for (name, figure, low, high) in ranges {
            if !(low..=high).contains(&figure) {
                return Err(self.wrong(at, format!("policy: {name} is {figure}; write a number from {low} to {high}")));
            }
        }
        Ok(policy)
    }

    fn question(&self, raw: &RawQuestion, arms: &[Arm]) -> Result<Question, ExperimentError> {
        let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
        let place = |name: &Spanned<String>| {
            let found = names.iter().position(|arm| arm == name.get_ref());
            found.ok_or_else(|| self.unknown("arm", name, &names))
        };
        let (arm, against) = (place(&raw.arm)?, place(&raw.against)?);
        if !INDICATORS.iter().any(|indicator| indicator.name == raw.indicator.get_ref()) {
            let known: Vec<&str> = INDICATORS.iter().map(|indicator| indicator.name).collect();
            return Err(self.unknown("indicator", &raw.indicator, &known));
        }
        Ok(Question { arm, against, indicator: raw.indicator.get_ref().clone(), expect: raw.expect })
    }

    fn special(
        &self,
        chosen: &[&Variant],
        raw: &Raw,
        special: &Spanned<RawSetting>,
        assumed: &Assumed,
    ) -> Result<Setting, ExperimentError> {
        let at = special.span().start;
        let RawSetting { words, set, policy, arms: only } = special.get_ref();
        if let Some(name) = only.iter().find(|name| !raw.arm.iter().any(|arm| arm.name == **name)) {
            let known: Vec<&str> = raw.arm.iter().map(|arm| arm.name.as_str()).collect();
            return Err(self.wrong(at, format!("arm {name} is not known; write one of {}", known.join(", "))));
        }
        let mut arms = Vec::new();
        for arm in &raw.arm {
            let (mut table, _) = arm.policy();
            if only.is_empty() || only.contains(&arm.name) {
                table.extend(policy.clone());
            }
            arms.push(Arm { name: arm.name.clone(), words: arm.words.clone(), policy: self.policy(&table, at)? });
        }
        // The first county is the pattern of what is special.
        let first: Vec<&Variant> = chosen.iter().take(1).copied().collect();
        let setting = self.setting(&first, &[&raw.set, set], assumed, &arms)?;
        Ok(Setting { words: words.clone(), ..setting })
    }

    fn setting(
        &self,
        chosen: &[&Variant],
        figures: &[&Figures],
        assumed: &Assumed,
        arms: &[Arm],
    ) -> Result<Setting, ExperimentError> {
        let mut assumed = assumed.clone();
        let mut counties = Vec::new();
        for variant in chosen {
            counties.push((variant.name.clone(), self.county(variant, figures, &mut assumed)?));
        }
        let policies = arms.iter().map(|arm| arm.policy.clone()).collect();
        Ok(Setting { words: String::new(), counties, assumed, policies })
    }

    fn county(
        &self,
        variant: &Variant,
        figures: &[&Figures],
        assumed: &mut Assumed,
    ) -> Result<County, ExperimentError> {
        let form = |error: toml::de::Error| self.wrong(0, error.message().to_owned());
        let mut table: Table = county::SHIPPED.parse().map_err(form)?;
        for (name, value) in &variant.set {
            let slot = slot(&mut table, name.get_ref()).map_err(|problem| ExperimentError {
                file: "experiments/counties.toml".to_owned(),
                line: line_at(COUNTIES, name.span().start),
                problem,
            })?;
            *slot = *value;
        }
        let mut last = 0;
        for (name, value) in figures.iter().flat_map(|figures| figures.iter()) {
            let at = name.span().start;
            if let Some(word) = name.get_ref().strip_prefix("assumed.") {
                let Some((low, high)) = Assumed::range(word) else {
                    return Err(self.unknown("assumed figure", name, Assumed::NAMES));
                };
                if !(low..=high).contains(value) {
                    let problem = format!("{} is {value}; write a number from {low} to {high}", name.get_ref());
                    return Err(self.wrong(at, problem));
                }
                if let Some(slot) = assumed.slot(word) {
                    *slot = *value;
                }
            } else if let Some(path) = name.get_ref().strip_prefix("county.") {
                *slot(&mut table, path).map_err(|problem| self.wrong(at, problem))? = *value;
                last = at;
            } else {
                let problem = format!("{} names no figure; write assumed.NAME or county.SECTION.FIELD", name.get_ref());
                return Err(self.wrong(at, problem));
            }
        }
        let text = toml::to_string(&table).map_err(|error| self.wrong(last, error.to_string()))?;
        // The line that the county's reader names is of no file that anybody has.
        County::parse(&variant.name, &text).map_err(|error| {
            let problem = match error {
                CountyError::Range { field, found, low, high, .. } => {
                    format!("county.{field} is {found}; write a number from {low} to {high}")
                }
                other => format!("with these figures there is no county: {other}"),
            };
            self.wrong(last, problem)
        })
    }
}

/// The place of a figure in a county file by its path: SECTION.FIELD, or LIST.CODE.FIELD. Errors say what is known.
fn slot<'t>(table: &'t mut Table, path: &str) -> Result<&'t mut i64, String> {
    let names = |table: &Table| table.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut parts = path.split('.');
    let (section, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let sections = names(table);
    let inner = match table.get_mut(section) {
        Some(Value::Table(inner)) => return integer(inner, second, path),
        Some(Value::Array(list)) => list,
        _ => return Err(format!("county.{path}: there is no section {section}; write one of {sections}")),
    };
    let code = |value: &Value| {
        let named = value.get("code").or_else(|| value.get("reason"));
        named.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let known = inner.iter().map(code).collect::<Vec<_>>().join(", ");
    let entry = inner.iter_mut().find(|value| code(value) == second).and_then(Value::as_table_mut);
    let entry = entry.ok_or_else(|| format!("county.{path}: {second} is not known; write one of {known}"))?;
    integer(entry, parts.next().unwrap_or_default(), path)
}

fn integer<'t>(table: &'t mut Table, field: &str, path: &str) -> Result<&'t mut i64, String> {
    let known = table.iter().filter(|(_, value)| value.is_integer()).map(|(name, _)| name.as_str());
    let known = known.collect::<Vec<_>>().join(", ");
    match table.get_mut(field) {
        Some(Value::Integer(value)) => Ok(value),
        _ => Err(format!("county.{path}: there is no figure {field}; write one of {known}")),
    }
}
