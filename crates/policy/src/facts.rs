//! What a decision may look at. Nothing else can be named in a rule.

use std::collections::BTreeMap;

use basics::Rate;
use minicbor::{Decode, Encode};

use crate::decision::Reason;
use crate::exploration::LaneFacts;

/// What is known of a household when it asks for a limit or a loan. Amounts are minor units
/// of the rule set's currency.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Facts {
    /// Most that the product lends to one household.
    #[n(0)]
    pub product_cap_minor: i64,
    /// Least that the product lends.
    #[n(1)]
    pub product_min_minor: i64,
    /// What the household already owes or may draw elsewhere with the institution, guarantees included.
    #[n(2)]
    pub exposure_minor: i64,
    /// What the institution can still lend here.
    #[n(3)]
    pub quota_left_minor: i64,
    /// Income per 30 days, where known.
    #[n(4)]
    pub inflow_monthly_minor: Option<i64>,
    /// What the household already pays a month on loans.
    #[n(5)]
    pub other_instalments_minor: i64,
    /// Fewer known movements than a score needs.
    #[n(6)]
    pub thin: bool,
    /// The score, where there is one.
    #[n(7)]
    pub score: Option<ScoreFacts>,
    /// Age of the borrower in whole years, where known.
    #[n(8)]
    pub age_years: Option<i64>,
    /// Features by name, in millionths of their unit, for rules that look at one.
    #[n(9)]
    pub features: BTreeMap<String, i64>,
    /// What the exploration lane looks at; none where the request cannot enter it.
    #[n(10)]
    pub lane: Option<LaneFacts>,
}

/// What a model said.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ScoreFacts {
    /// Probability of turning bad, ppm.
    #[n(0)]
    pub pd_ppm: i64,
    /// Rating, such as `A`.
    #[n(1)]
    pub rating: String,
    /// The features that cost most points, as reasons in the words of the feature table. They
    /// follow the rule that looked at the PD.
    #[n(2)]
    pub costs: Vec<Reason>,
}

/// The loan asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Ask {
    /// Principal, minor units.
    #[n(0)]
    pub amount_minor: i64,
    /// Term in months.
    #[n(1)]
    pub term_months: i64,
    /// What is to be paid a month at this amount (for one payment at the end, its monthly share).
    #[n(2)]
    pub instalment_minor: i64,
    /// Code of what the money is for.
    #[n(3)]
    pub purpose: String,
    /// Annualised cost of everything the borrower pays, where worked out.
    #[n(4)]
    pub all_in_annual: Option<Rate>,
}

macro_rules! facts {
    ($($name:ident $text:literal $doc:literal,)*) => {
        /// A fact that a rule may test.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fact {
            $(#[doc = $doc] $name,)*
            /// A feature of the feature table, written `feature.NAME`, in millionths of its unit.
            Feature(String),
        }

        impl Fact {
            /// Names of all facts but features, as rules write them.
            pub const NAMES: &'static [&'static str] = &[$($text),*];

            /// The fact of this name.
            pub fn parse(text: &str) -> Option<Fact> {
                match text {
                    $($text => Some(Fact::$name),)*
                    _ => text.strip_prefix("feature.").map(|name| Fact::Feature(name.to_owned())),
                }
            }

            /// Its name.
            pub fn name(&self) -> String {
                match self { $(Fact::$name => $text.to_owned(),)* Fact::Feature(name) => format!("feature.{name}") }
            }
        }
    };
}

facts! {
    Pd "pd_ppm" "Probability of turning bad, ppm.",
    Thin "thin" "1 if the file is thin, else 0.",
    Age "age_years" "Age in whole years.",
    Amount "amount_minor" "Amount asked for, minor units.",
    Term "term_months" "Term asked for.",
    Exposure "exposure_minor" "What is owed already, minor units.",
    InstalmentShare "instalment_share_ppm" "All instalments over monthly income, ppm.",
    AllIn "all_in_ppm" "Annualised all-in cost, ppm.",
}

impl Fact {
    /// Its value; none where it is not known (yet), and then no condition on it holds.
    pub fn value(&self, facts: &Facts, ask: Option<&Ask>) -> Option<i64> {
        match self {
            Fact::Pd => facts.score.as_ref().map(|s| s.pd_ppm),
            Fact::Thin => Some(i64::from(facts.thin)),
            Fact::Age => facts.age_years,
            Fact::Amount => ask.map(|a| a.amount_minor),
            Fact::Term => ask.map(|a| a.term_months),
            Fact::Exposure => Some(facts.exposure_minor),
            Fact::InstalmentShare => {
                let inflow = facts.inflow_monthly_minor.filter(|i| *i > 0)?;
                let due = i128::from(ask?.instalment_minor) + i128::from(facts.other_instalments_minor);
                i64::try_from(due * 1_000_000 / i128::from(inflow)).ok()
            }
            Fact::AllIn => ask.and_then(|a| a.all_in_annual).map(Rate::ppm),
            Fact::Feature(name) => facts.features.get(name).copied(),
        }
    }
}
