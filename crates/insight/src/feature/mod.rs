//! Features: what a model may see of a household, read from its profile on one day.

use minicbor::{Decode, Encode};

use basics::Date;

use crate::event::{Channel, EventKind};
use crate::profile::{Profile, Told};
use crate::window::Window;

mod dictionary;
mod table;
mod words;

pub use dictionary::{Entry, dictionary, entries};
pub use table::TABLE;
pub use words::{FORBIDDEN_WORDS, forbidden_word};

/// Unit of a feature. Values are always whole millionths of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Units of the institution's currency (yuan, not fen).
    Money,
    /// A part of a whole, or one amount over another.
    Ratio,
    /// How many, per window.
    Count,
    /// Days.
    Days,
    /// Months.
    Months,
    /// Mu 亩, a fifteenth of a hectare.
    Mu,
}

/// In which direction a feature can sensibly speak for a household. Models are held to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safer {
    /// More is safer.
    Higher,
    /// Less is safer.
    Lower,
    /// It may bend either way.
    Either,
}

/// The loan asked for, as far as features read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// Principal, minor units.
    #[n(0)]
    pub amount_minor: i64,
    /// What is to be paid a month, minor units.
    #[n(1)]
    pub instalment_minor: i64,
    /// Term in months.
    #[n(2)]
    pub term_months: u32,
}

/// What a feature may serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Credit decisions: models and rules may read it.
    Credit,
    /// Nothing but to be looked at, until it is reviewed as lawful: no model and no rule reads it.
    Shadow,
    /// Nothing: the law does not let a credit decision use it.
    Unlawful,
}

/// What is looked at of a household beside one window: the last word on matters, on one day.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Its window, if any event in it has a date.
    pub window: Option<&'a Window<'a>>,
    /// The loan asked for.
    pub request: Option<&'a Request>,
    /// The day.
    pub on: Date,
    feature: &'a Feature,
}

impl Sight<'_> {
    /// The last word on a matter, by a way that the feature allows, unless it is stale or of a later day.
    pub fn latest(&self, kind: EventKind) -> Option<Told> {
        match self.feature.stale_days {
            Some(days) => self.within(kind, days),
            None => self.profile.told(kind, self.feature.channels).filter(|told| told.date <= self.on),
        }
    }

    /// The same, if it is no older than so many days.
    pub fn within(&self, kind: EventKind, days: i32) -> Option<Told> {
        let told = self.profile.told(kind, self.feature.channels)?;
        (0..=days).contains(&(self.on - told.date)).then_some(told)
    }

    /// What comes in in a year by the window, minor units; none unless something does.
    pub fn income_of_year(&self) -> Option<i64> {
        let monthly = self.window?.inflow_monthly();
        (monthly > 0).then(|| monthly.saturating_mul(12))
    }
}

/// How a feature is computed.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// From the last word on matters, which grows stale.
    Told(fn(&Sight<'_>) -> Option<i64>),
    /// From the window of the profile alone.
    Behaviour(fn(&Window) -> Option<i64>),
    /// From the window and the loan asked for.
    Asked(fn(&Window, &Request) -> Option<i64>),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// Its number in stored vectors; never used again for another feature.
    pub number: u16,
    /// Its name in models, code and API.
    pub name: &'static str,
    /// What it says, in Chinese.
    pub zh: &'static str,
    /// What it says, in English.
    pub en: &'static str,
    /// Unit.
    pub unit: Unit,
    /// Days of the window it is read from, ending with the last known movement.
    pub window_days: i32,
    /// The formula, in words.
    pub formula: &'static str,
    /// Ways by which what it reads may lawfully have come.
    pub channels: &'static [Channel],
    /// Days after which what was told is missing rather than an old value; none where it does not grow stale.
    pub stale_days: Option<i32>,
    /// What it may serve. A model sees those for credit alone.
    pub purpose: Purpose,
    /// In which direction it may act.
    pub safer: Safer,
    /// How it is computed.
    pub how: How,
}

impl Feature {
    /// Whether credit decisions may read it.
    pub const fn is_for_credit(&self) -> bool {
        matches!(self.purpose, Purpose::Credit)
    }
}

/// What was known of a household at one moment, by feature number, in whole millionths of the unit.
/// A feature that cannot be told (no inflow, no balance) is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct FeatureVector {
    /// Number and value, in order of number.
    #[n(0)]
    values: Vec<(u16, i64)>,
}

impl FeatureVector {
    /// The value of a feature by its name; none if it is missing or unknown.
    pub fn get(&self, name: &str) -> Option<i64> {
        let feature = find(name)?;
        let at = self.values.binary_search_by_key(&feature.number, |v| v.0).ok()?;
        self.values.get(at).map(|v| v.1)
    }

    /// Features and values, in order of number.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Feature, i64)> + '_ {
        self.values
            .iter()
            .filter_map(|(number, value)| TABLE.iter().find(|f| f.number == *number).map(|feature| (feature, *value)))
    }
}

/// The features of a household's behaviour alone, on a day: what an available limit is read from.
pub fn features(profile: &Profile, on: Date) -> FeatureVector {
    compute(profile, None, on, Purpose::Credit)
}

/// The features of a household's behaviour and of the loan it asks for, on a day.
pub fn features_for(profile: &Profile, request: &Request, on: Date) -> FeatureVector {
    compute(profile, Some(request), on, Purpose::Credit)
}

/// The features in shadow, on a day: for those who judge whether they may and should be used, for nothing else.
pub fn features_in_shadow(profile: &Profile, on: Date) -> FeatureVector {
    compute(profile, None, on, Purpose::Shadow)
}

/// The row of a feature.
pub fn find(name: &str) -> Option<&'static Feature> {
    TABLE.iter().find(|f| f.name == name)
}

/// The features that credit decisions may read.
pub fn for_credit() -> impl Iterator<Item = &'static Feature> {
    TABLE.iter().filter(|f| f.is_for_credit())
}

fn compute(profile: &Profile, request: Option<&Request>, on: Date, purpose: Purpose) -> FeatureVector {
    let window = Window::of(profile);
    let window = window.as_ref();
    let read = |feature: &Feature| match (feature.how, window, request) {
        (How::Behaviour(read), Some(window), _) => read(window),
        (How::Asked(read), Some(window), Some(request)) => read(window, request),
        (How::Told(read), ..) => read(&Sight { profile, window, request, on, feature }),
        _ => None,
    };
    let wanted = TABLE.iter().filter(|f| f.purpose == purpose);
    let mut values: Vec<(u16, i64)> = wanted.filter_map(|f| Some((f.number, read(f)?))).collect();
    values.sort_unstable();
    FeatureVector { values }
}

impl Unit {
    /// Its name in the dictionary.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Money => "currency unit",
            Unit::Ratio => "ratio",
            Unit::Count => "count",
            Unit::Days => "days",
            Unit::Months => "months",
            Unit::Mu => "mu",
        }
    }
}
