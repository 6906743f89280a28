//! A rule set: what an institution lends, to whom, at what price, and the words for it.

use std::collections::BTreeMap;

use basics::{Currency, Date, Rate};
use sha2::{Digest, Sha256};

use crate::condition::{Expression, Unanswered};
use crate::decision::{Help, Outcome};
use crate::exploration::Lane;
use crate::facts::{Ask, Fact, Facts};

/// The rules of one institution for one jurisdiction, as of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// Its code, such as `cn-rural`.
    pub code: String,
    /// Its version, from 1.
    pub version: u32,
    /// SHA-256 of the file's bytes, hex: what a decision record names.
    pub hash: String,
    /// First date it applies to.
    pub effective_from: Date,
    /// Currency of all its amounts.
    pub currency: Currency,
    /// Most that one household may owe in all, minor units; none where nothing caps it.
    pub exposure_cap_minor: Option<i64>,
    /// Limits are rounded down to a multiple of this, minor units.
    pub limit_step_minor: i64,
    /// All instalments over monthly income, at most.
    pub capacity: Rate,
    /// From this amount on two people approve, minor units; none where one suffices.
    pub two_person_from_minor: Option<i64>,
    /// Annualised all-in cost, at most; none where the law of the time set none.
    pub all_in_cap: Option<Rate>,
    /// Youngest and oldest borrower, whole years, both included; none where not looked at.
    pub age: Option<(i64, i64)>,
    /// Purposes that are not lent for.
    pub purposes_forbidden: Vec<String>,
    /// Yearly rate by rating.
    pub prices: Vec<Price>,
    /// Rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// Words for what the machine itself finds, by code.
    pub words: BTreeMap<String, Words>,
    /// Ratings by probability of turning bad, the safest first; empty where the model's own bands rate.
    pub scale: Vec<Band>,
    /// Whom to lend to at random so as to learn, and how much that may cost.
    pub lane: Option<Lane>,
    /// What a change of rating does to a facility in force.
    pub follows: FollowRules,
    /// What was noticed of the rules that is no error.
    pub findings: Vec<Finding>,
}

/// What a change of rating does to a facility in force; by itself nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowRules {
    /// How a worse rating lowers it; none where it does not.
    pub lower: Option<LowerBy>,
    /// For how many days a better rating's raise is offered; none where it is not.
    pub raise_days: Option<u16>,
}

/// How a facility is lowered where the rating is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LowerBy {
    /// By the rating itself, at once.
    Rating,
    /// By a person, who is told to look.
    Person,
}

/// What the household is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// What would help.
    pub help: Option<Help>,
}

/// A rating and the probabilities of turning bad that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// Rating.
    pub rating: String,
    /// Below this, ppm; none for the last.
    pub pd_below_ppm: Option<i64>,
}

/// Something about a rule that its author should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// The line it begins at, from 1.
    pub line: usize,
    /// What was noticed.
    pub what: String,
}

/// Codes that every rule set has words for.
pub const WORD_CODES: &[&str] = &[
    "approved",
    "product-cap",
    "exposure-cap",
    "capacity",
    "quota",
    "below-minimum",
    "no-score",
    "no-income",
    "no-price",
    "age",
    "purpose",
    "all-in-cap",
    "bad-amount",
];

/// Codes that only rule sets with something to say under them have words for: conditions in CEL, and the exploration lane.
pub const MORE_WORD_CODES: &[&str] = &["rule-error", "explored"];

/// What a rating pays a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Rating.
    pub rating: String,
    /// Yearly rate.
    pub rate_annual: Rate,
}

/// One rule: when it holds, its outcome is the least that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its code, shown with the decision.
    pub code: String,
    /// When it holds.
    pub when: When,
    /// What then: refer or decline.
    pub outcome: Outcome,
    /// Why, for the household, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// What would help.
    pub help: Option<Help>,
    /// Whether the exploration lane may pass it over.
    pub explore: bool,
}

/// When a rule holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// All these tests together: how rules were written before there was CEL. Records name such files by their hash.
    Tests(Vec<Condition>),
    /// A condition in CEL.
    Cel(Expression),
}

/// A test of one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The fact.
    pub fact: Fact,
    /// What it has to be.
    pub test: Test,
}

/// What a fact has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// This or more.
    AtLeast(i64),
    /// Less than this.
    Below(i64),
    /// Just this.
    Is(i64),
}

impl When {
    /// Whether it holds. A test of a fact that is not known does not; a condition in CEL then has no answer, which is an
    /// error.
    pub fn holds(&self, facts: &Facts, ask: Option<&Ask>) -> Result<bool, Unanswered> {
        match self {
            When::Tests(tests) => Ok(tests.iter().all(|condition| {
                condition.fact.value(facts, ask).is_some_and(|value| match condition.test {
                    Test::AtLeast(edge) => value >= edge,
                    Test::Below(edge) => value < edge,
                    Test::Is(wanted) => value == wanted,
                })
            })),
            When::Cel(expression) => expression.holds(facts, ask),
        }
    }

    /// Whether it looks at the PD.
    pub fn looks_at_pd(&self) -> bool {
        match self {
            When::Tests(tests) => tests.iter().any(|c| c.fact == Fact::Pd),
            When::Cel(expression) => expression.looks_at_score(),
        }
    }
}

/// What is wrong with a rule file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {problem}")]
pub struct RuleError {
    /// The file, as it was named by the caller.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The field.
    pub field: String,
    /// What is wrong and what to write.
    pub problem: String,
}

impl RuleSet {
    /// The rules for Chinese rural lenders that come with the platform.
    pub const CN_RURAL: &'static str = include_str!("../rules/cn-rural.toml");
    /// The rules under which the historical bank is replayed: no Chinese caps.
    pub const HISTORY_CZK: &'static str = include_str!("../rules/history-czk.toml");

    /// Reads a rule file. `file` names it in errors; `features` are the lawful features by name.
    ///
    /// ```
    /// use policy::RuleSet;
    /// let rules = RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &["cushion"])?;
    /// assert_eq!(rules.code, "cn-rural");
    /// let broken = RuleSet::CN_RURAL.replace("version = 3", "version = 0");
    /// let error = RuleSet::parse("cn-rural.toml", &broken, &[]).unwrap_err();
    /// assert!(error.to_string().starts_with("cn-rural.toml:5: version:"), "{error}");
    /// # Ok::<(), policy::RuleError>(())
    /// ```
    pub fn parse(file: &str, text: &str, features: &[&str]) -> Result<RuleSet, RuleError> {
        crate::toml_file::read(file, text, features)
    }

    /// The rating of a probability of turning bad; none where the file has no scale, and the model's own bands rate.
    pub fn rating(&self, pd_ppm: i64) -> Option<&str> {
        let band = self.scale.iter().find(|band| band.pd_below_ppm.is_none_or(|below| pd_ppm < below))?;
        Some(&band.rating)
    }

    /// The names that conditions may use, a line each.
    pub fn names() -> String {
        crate::condition::name_table()
    }

    /// The yearly rate of a rating.
    pub fn price(&self, rating: &str) -> Option<Rate> {
        self.prices.iter().find(|p| p.rating == rating).map(|p| p.rate_annual)
    }

    /// All rule files that come with the platform or came with it, by file name.
    pub const SHIPPED: &'static [(&'static str, &'static str)] = &[
        ("cn-rural.toml", RuleSet::CN_RURAL),
        ("history-czk.toml", RuleSet::HISTORY_CZK),
        ("cn-rural-1.toml", include_str!("../rules/cn-rural-1.toml")),
        ("history-czk-1.toml", include_str!("../rules/history-czk-1.toml")),
    ];

    /// SHA-256 of a rule file's text, hex.
    pub fn hash_of(text: &str) -> String {
        Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
    }
}
