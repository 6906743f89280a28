//! The one table of features: what a model may see of a household, and how each is computed.

use std::fmt::Write as _;

use minicbor::{Decode, Encode};

use crate::event::{Channel, EventKind};
use crate::profile::{Day, Profile};
use crate::window::{WINDOW_DAYS, Window, deviation, is, ratio};

/// Unit of a feature. Values are always whole millionths of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Units of the institution's currency (yuan, not fen).
    Money,
    /// A part of a whole, or one amount over another.
    Ratio,
    /// How many, per window.
    Count,
    /// Months.
    Months,
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

/// How a feature is computed.
#[derive(Clone, Copy, Debug)]
pub enum How {
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
    /// Whether the law lets a credit decision use it. A model never sees one that is not.
    pub lawful: bool,
    /// In which direction it may act.
    pub safer: Safer,
    /// How it is computed.
    pub how: How,
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

/// The features of a household's behaviour alone: what an available limit is read from.
pub fn features(profile: &Profile) -> FeatureVector {
    compute(profile, None)
}

/// The features of a household's behaviour and of the loan it asks for.
pub fn features_for(profile: &Profile, request: &Request) -> FeatureVector {
    compute(profile, Some(request))
}

/// The row of a feature.
pub fn find(name: &str) -> Option<&'static Feature> {
    TABLE.iter().find(|f| f.name == name)
}

fn compute(profile: &Profile, request: Option<&Request>) -> FeatureVector {
    let Some(window) = Window::of(profile) else {
        return FeatureVector::default();
    };
    let mut values: Vec<(u16, i64)> = TABLE
        .iter()
        .filter(|f| f.lawful)
        .filter_map(|f| {
            let value = match (f.how, request) {
                (How::Behaviour(read), _) => read(&window),
                (How::Asked(read), Some(request)) => read(&window, request),
                (How::Asked(_), None) => None,
            };
            value.map(|v| (f.number, v))
        })
        .collect();
    values.sort_unstable();
    FeatureVector { values }
}

/// The data dictionary, as a Markdown table.
pub fn dictionary() -> String {
    let mut text = String::from(
        "| no | name | 中文 | English | unit | days | how computed | channels | lawful |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for f in TABLE {
        let channels: Vec<String> = f.channels.iter().map(|c| format!("{} {}", c.names().0, c.names().1)).collect();
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {} | {} | {} | {} | {} | {} |",
            f.number,
            f.name,
            f.zh,
            f.en,
            f.unit.name(),
            f.window_days,
            f.formula,
            channels.join(", "),
            if f.lawful { "yes" } else { "no" },
        );
    }
    text
}

impl Unit {
    /// Its name in the dictionary.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Money => "currency unit",
            Unit::Ratio => "ratio",
            Unit::Count => "count",
            Unit::Months => "months",
        }
    }
}

const BANKED: &[Channel] = &[Channel::OwnBusiness, Channel::LicensedBureau];
const SEEN: &[Channel] = &[Channel::OwnBusiness, Channel::LicensedBureau, Channel::Authority];
const TOLD: &[Channel] = &[Channel::OwnBusiness, Channel::ToldByHousehold];

macro_rules! table {
    ($($number:literal $name:literal $zh:literal $en:literal $unit:ident $days:expr, $formula:literal $channels:ident $safer:ident $how:ident($read:expr);)*) => {
        /// Every feature. Length of record and days since the last movement are not here and
        /// must not be: they tell how data were gathered, not how a household lives.
        pub const TABLE: &[Feature] = &[$(Feature {
            number: $number, name: $name, zh: $zh, en: $en, unit: Unit::$unit, window_days: $days,
            formula: $formula, channels: $channels, lawful: true, safer: Safer::$safer, how: How::$how($read),
        }),*];
    };
}

table! {
    1 "balance_last" "最近余额" "Latest balance"
        Money WINDOW_DAYS, "closing balance of the last day" BANKED Higher Behaviour(|w| money(w.closings(1).last().copied()));
    2 "balance_mean" "近半年平均余额" "Average balance over half a year"
        Money WINDOW_DAYS, "mean of daily closing balances" BANKED Higher Behaviour(|w| money(w.balance_mean(WINDOW_DAYS)));
    3 "balance_min" "近半年最低余额" "Lowest balance over half a year"
        Money WINDOW_DAYS, "lowest balance, lows within a day included" BANKED Higher Behaviour(|w| money(w.balance_min(WINDOW_DAYS)));
    4 "balance_min_30" "近一月最低余额" "Lowest balance over the last month"
        Money 30, "lowest balance of the last 30 days" BANKED Higher Behaviour(|w| money(w.balance_min(30)));
    5 "balance_min_90" "近三月最低余额" "Lowest balance over the last three months"
        Money 90, "lowest balance of the last 90 days" BANKED Higher Behaviour(|w| money(w.balance_min(90)));
    6 "balance_swing" "余额起伏" "How far the balance swings"
        Ratio WINDOW_DAYS, "standard deviation of daily balances / inflow per 30 days" BANKED Either
        Behaviour(|w| ratio(w.balance_deviation()?, w.inflow_monthly()));
    7 "balance_trend" "余额走势" "Whether the balance rises or falls"
        Ratio WINDOW_DAYS, "(mean balance of the last 60 days - mean before) / inflow per 30 days" BANKED Higher
        Behaviour(|w| ratio(w.balance_mean(60)?.saturating_sub(w.balance_mean_before(60)?), w.inflow_monthly()));
    8 "cushion" "家底厚薄" "Lowest balance against monthly income"
        Ratio WINDOW_DAYS, "lowest balance / inflow per 30 days" BANKED Higher
        Behaviour(|w| ratio(w.balance_min(WINDOW_DAYS)?, w.inflow_monthly()));
    9 "days_negative" "余额为负的日子" "Days with a negative balance"
        Ratio WINDOW_DAYS, "share of days closing below 0" BANKED Lower Behaviour(|w| w.share_of_days_below(0));
    10 "days_short" "手头紧的日子" "Days with little left"
        Ratio WINDOW_DAYS, "share of days closing below a third of the outflow per 30 days" BANKED Lower
        Behaviour(|w| w.share_of_days_below(w.outflow_monthly() / 3));
    11 "penalty_interest" "罚息次数" "Times penalty interest was charged"
        Count WINDOW_DAYS, "number of penalty interest charges" BANKED Lower
        Behaviour(|w| count(w.count_of(|c| is(c, EventKind::PenaltyInterest))));
    12 "inflow_monthly" "月均收入" "Average monthly inflow"
        Money WINDOW_DAYS, "inflow per 30 days" SEEN Higher Behaviour(|w| money(Some(w.inflow_monthly())));
    13 "outflow_to_inflow" "支出占收入" "Outflow against inflow"
        Ratio WINDOW_DAYS, "outflow / inflow" BANKED Lower Behaviour(|w| ratio(w.outflow(), w.inflow()));
    14 "inflow_variation" "收入波动" "How uneven income is"
        Ratio WINDOW_DAYS, "standard deviation / mean of inflow by 30-day bucket" SEEN Lower
        Behaviour(|w| { let b = w.buckets(Day::inflow); ratio(deviation(&b)?.saturating_mul(b.len() as i64), b.iter().sum()) });
    15 "inflow_momentum" "收入势头" "Whether income grows or shrinks"
        Ratio WINDOW_DAYS, "inflow per 30 days, each day weighing half as much for each 90 days it lies back / plain inflow per 30 days" SEEN Either
        Behaviour(|w| ratio(w.recent_monthly(Day::inflow), w.inflow_monthly()));
    16 "inflow_sources" "收入来源数" "Number of sources of income"
        Count WINDOW_DAYS, "number of different payers" SEEN Higher Behaviour(|w| count(w.payers()));
    17 "inflow_largest" "最大一笔收入占比" "Largest single inflow"
        Ratio WINDOW_DAYS, "largest single inflow / inflow" SEEN Lower Behaviour(|w| ratio(w.inflow_max(), w.inflow()));
    18 "outflow_largest" "最大一笔支出" "Largest single outflow against monthly income"
        Ratio WINDOW_DAYS, "largest single outflow / inflow per 30 days" BANKED Lower
        Behaviour(|w| ratio(w.outflow_max(), w.inflow_monthly()));
    19 "cash_out_share" "取现占比" "Share of spending in cash"
        Ratio WINDOW_DAYS, "cash withdrawn / outflow" BANKED Lower
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::CashWithdrawal)), w.outflow()));
    20 "cash_in_share" "存现占比" "Share of income paid in as cash"
        Ratio WINDOW_DAYS, "cash deposited / inflow" BANKED Either
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::CashDeposit)), w.inflow()));
    21 "regular_income_share" "固定收入占比" "Share of wage, pension and subsidy"
        Ratio WINDOW_DAYS, "wage, pension, subsidy, land rent / inflow" SEEN Higher
        Behaviour(|w| ratio(w.amount_of(is_regular_income), w.inflow()));
    22 "regular_income_months" "有固定收入的月份" "Months with wage, pension or subsidy"
        Ratio WINDOW_DAYS, "share of 30-day buckets with such income" SEEN Higher
        Behaviour(|w| share_of_buckets(w, is_regular_income));
    23 "bills_paid" "按月缴费" "Months in which household bills were paid"
        Ratio WINDOW_DAYS, "share of 30-day buckets with a household bill or utility payment" SEEN Higher
        Behaviour(|w| share_of_buckets(w, is_bill));
    24 "insurance_paid" "参保缴费" "Insurance premiums paid"
        Ratio WINDOW_DAYS, "premiums / inflow" SEEN Higher
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::InsurancePremium)), w.inflow()));
    25 "harvest_share" "农产品销售占比" "Share of harvest sales"
        Ratio WINDOW_DAYS, "harvest and animal sales / inflow" TOLD Either
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::HarvestSale)), w.inflow()));
    26 "farm_input_share" "农资投入占比" "Share spent on the farm"
        Ratio WINDOW_DAYS, "seed, feed, animals, machines / outflow" TOLD Either
        Behaviour(|w| ratio(w.amount_of(|c| (64..=66).contains(&c)), w.outflow()));
    27 "loan_payments_share" "已有还贷负担" "Burden of loans already running"
        Ratio WINDOW_DAYS, "loan payments / inflow" BANKED Lower
        Behaviour(|w| ratio(w.amount_of(|c| is(c, EventKind::LoanPayment)), w.inflow()));
    28 "guarantees_open" "对外担保笔数" "Guarantees given to others"
        Count 0, "guarantees given and not released" BANKED Lower
        Behaviour(|w| count(w.profile().guarantees_open().max(0)));
    40 "instalment_to_inflow" "月供占收入" "Instalment against monthly income"
        Ratio WINDOW_DAYS, "instalment asked for / inflow per 30 days" SEEN Lower
        Asked(|w, r| ratio(r.instalment_minor, w.inflow_monthly()));
    41 "balance_to_instalment" "余额够还几期" "Instalments the average balance would pay"
        Ratio WINDOW_DAYS, "mean balance / instalment asked for" BANKED Higher
        Asked(|w, r| ratio(w.balance_mean(WINDOW_DAYS)?, r.instalment_minor));
    42 "floor_to_instalment" "最低余额够还几期" "Instalments the lowest balance would pay"
        Ratio WINDOW_DAYS, "lowest balance / instalment asked for" BANKED Higher
        Asked(|w, r| ratio(w.balance_min(WINDOW_DAYS)?, r.instalment_minor));
    43 "amount_to_inflow" "借款相当于几月收入" "Loan in months of income"
        Ratio WINDOW_DAYS, "amount asked for / inflow per 30 days" SEEN Lower
        Asked(|w, r| ratio(r.amount_minor, w.inflow_monthly()));
    44 "surplus_to_instalment" "结余够还几期" "Instalments the monthly surplus would pay"
        Ratio WINDOW_DAYS, "(inflow - outflow) per 30 days / instalment asked for" BANKED Higher
        Asked(|w, r| ratio(w.inflow_monthly().saturating_sub(w.outflow_monthly()), r.instalment_minor));
    45 "asked_amount" "借款金额" "Amount asked for"
        Money 0, "amount asked for" TOLD Lower Asked(|_, r| money(Some(r.amount_minor)));
    46 "asked_instalment" "月供金额" "Instalment asked for"
        Money 0, "instalment asked for" TOLD Lower Asked(|_, r| money(Some(r.instalment_minor)));
    47 "asked_term" "借款期限" "Term asked for"
        Months 0, "term asked for" TOLD Lower Asked(|_, r| count(i64::from(r.term_months)));
}

/// Minor units as millionths of the currency unit.
fn money(minor: Option<i64>) -> Option<i64> {
    minor.map(|m| m.saturating_mul(10_000))
}

fn count(number: i64) -> Option<i64> {
    Some(number.saturating_mul(1_000_000))
}

fn is_regular_income(class: u8) -> bool {
    [EventKind::Salary, EventKind::Pension, EventKind::Subsidy, EventKind::LandRentIn].iter().any(|k| is(class, *k))
}

fn is_bill(class: u8) -> bool {
    is(class, EventKind::HouseholdBill) || is(class, EventKind::Utility)
}

fn share_of_buckets(window: &Window, kinds: fn(u8) -> bool) -> Option<i64> {
    let counts = window.buckets(|d| d.sums.iter().filter(|s| kinds(s.class)).map(|s| i64::from(s.count)).sum());
    ratio(counts.iter().filter(|c| **c > 0).count() as i64, counts.len() as i64)
}

/// Words that no feature, event kind or rule may carry, in English and Chinese: what the law
/// keeps out of credit files for good.
pub const FORBIDDEN_WORDS: &[&str] = &[
    "illness",
    "disease",
    "medic",
    "hospital",
    "health",
    "disab",
    "religio",
    "church",
    "mosque",
    "temple",
    "gene",
    "fingerprint",
    "blood",
    "ethnic",
    "gender",
    "sex",
    "疾病",
    "患病",
    "医疗",
    "医院",
    "健康",
    "残疾",
    "宗教",
    "信仰",
    "基因",
    "指纹",
    "血型",
    "民族",
    "性别",
];

/// The forbidden word a text carries, if any.
pub fn forbidden_word(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    FORBIDDEN_WORDS.iter().copied().find(|word| {
        lower
            .match_indices(word)
            .any(|(at, _)| word.len() > 4 || !word.is_ascii() || whole_word(&lower, at, word.len()))
    })
}

/// Short words such as `sex` count only as words of their own.
fn whole_word(text: &str, at: usize, length: usize) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    !letter(text[..at].chars().next_back()) && !letter(text[at + length..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_told_in_both_languages_and_told_apart() {
        let (mut numbers, mut names): (Vec<u16>, Vec<&str>) = TABLE.iter().map(|f| (f.number, f.name)).unzip();
        for f in TABLE {
            assert!(!f.en.is_empty() && f.en.is_ascii() && !f.formula.is_empty(), "{}", f.name);
            assert!(f.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{}", f.name);
            assert!(!f.channels.is_empty(), "{}", f.name);
        }
        names.sort_unstable();
        names.dedup();
        assert!(numbers.is_sorted());
        numbers.dedup();
        assert_eq!((numbers.len(), names.len()), (TABLE.len(), TABLE.len()));
        assert_eq!(dictionary().lines().count(), TABLE.len() + 2);
    }

    #[test]
    fn nothing_protected_is_a_feature_or_an_event() {
        for f in TABLE {
            for text in [f.name, f.zh, f.en, f.formula] {
                assert_eq!(forbidden_word(text), None, "{}: {text}", f.name);
            }
        }
        for kind in EventKind::PLAIN {
            assert_eq!(forbidden_word(&format!("{kind:?}")), None);
        }
        assert_eq!(forbidden_word("visits to a hospital"), Some("hospital"));
        assert_eq!(forbidden_word("户主性别"), Some("性别"));
        assert_eq!(forbidden_word("general; Essex"), None);
        assert_eq!(forbidden_word("sex of head"), Some("sex"));
    }

    #[test]
    fn how_data_were_gathered_is_no_feature() {
        for f in TABLE {
            for word in ["coverage", "recency", "since_last", "record_days", "first_movement", "days_since"] {
                assert!(!f.name.contains(word), "{}", f.name);
            }
        }
    }
}
