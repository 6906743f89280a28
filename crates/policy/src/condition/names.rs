//! The names that a condition may use: what each is, when it is known, and where it is read from.

use crate::facts::{Ask, Facts};

/// A value that a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Datum {
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A code.
    Text(String),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A whole number of this range, both ends included.
    Int(i64, i64),
    /// Yes or no.
    Bool,
    /// A code.
    Text,
}

/// When a name is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Always.
    Always,
    /// Where a model has scored the household. A condition that names it is not asked of another, who is referred anyway.
    Scored,
    /// Where a loan is asked for. A condition that names it is not asked of a limit.
    Asked,
    /// Of some households; `has(…)` tells.
    Sometimes,
}

/// A name.
pub(super) struct Name {
    /// Before the dot.
    pub(super) group: &'static str,
    /// After the dot.
    pub(super) field: &'static str,
    pub(super) sort: Sort,
    pub(super) presence: Presence,
    /// What it is, for who writes a rule.
    pub(super) about: &'static str,
    pub(super) read: fn(&Facts, Option<&Ask>) -> Option<Datum>,
}

/// The group of the features of the feature table.
pub(super) const FEATURE: &str = "feature";

/// An amount of money that cannot be below nothing.
const MONEY: Sort = Sort::Int(0, i64::MAX);

const fn name(
    group: &'static str,
    field: &'static str,
    sort: Sort,
    presence: Presence,
    about: &'static str,
    read: fn(&Facts, Option<&Ask>) -> Option<Datum>,
) -> Name {
    Name { group, field, sort, presence, about, read }
}

fn int(value: i64) -> Option<Datum> {
    Some(Datum::Int(value))
}

/// All names but features.
pub(super) const NAMES: &[Name] = &[
    name("household", "thin", Sort::Bool, Presence::Always, "fewer movements are known than a score needs", |f, _| {
        Some(Datum::Bool(f.thin))
    }),
    name("household", "age_years", Sort::Int(0, 150), Presence::Sometimes, "age of the head in whole years", |f, _| {
        f.age_years.map(Datum::Int)
    }),
    name("household", "exposure_minor", MONEY, Presence::Always, "what it owes and may draw already", |f, _| {
        int(f.exposure_minor)
    }),
    name("household", "income_monthly_minor", MONEY, Presence::Sometimes, "income of 30 days", |f, _| {
        f.inflow_monthly_minor.map(Datum::Int)
    }),
    name("household", "other_instalments_minor", MONEY, Presence::Always, "paid a month on other loans", |f, _| {
        int(f.other_instalments_minor)
    }),
    name("score", "pd_ppm", Sort::Int(0, 1_000_000), Presence::Scored, "probability of turning bad, ppm", |f, _| {
        f.score.as_ref().map(|score| Datum::Int(score.pd_ppm))
    }),
    name("score", "rating", Sort::Text, Presence::Scored, "rating, such as \"A\"", |f, _| {
        f.score.as_ref().map(|score| Datum::Text(score.rating.clone()))
    }),
    name("request", "amount_minor", Sort::Int(i64::MIN, i64::MAX), Presence::Asked, "principal asked for", |_, ask| {
        ask.map(|ask| Datum::Int(ask.amount_minor))
    }),
    name("request", "term_months", Sort::Int(i64::MIN, i64::MAX), Presence::Asked, "term in months", |_, ask| {
        ask.map(|ask| Datum::Int(ask.term_months))
    }),
    name("request", "instalment_minor", Sort::Int(i64::MIN, i64::MAX), Presence::Asked, "paid a month", |_, ask| {
        ask.map(|ask| Datum::Int(ask.instalment_minor))
    }),
    name("request", "purpose", Sort::Text, Presence::Asked, "code of what the money is for", |_, ask| {
        ask.map(|ask| Datum::Text(ask.purpose.clone()))
    }),
    name(
        "request",
        "all_in_ppm",
        Sort::Int(i64::MIN, i64::MAX),
        Presence::Asked,
        "annualised all-in cost, ppm",
        |_, ask| ask.and_then(|ask| ask.all_in_annual).map(|rate| Datum::Int(rate.ppm())),
    ),
    name("product", "most_minor", Sort::Int(i64::MIN, i64::MAX), Presence::Always, "most that it lends", |f, _| {
        int(f.product_cap_minor)
    }),
    name("product", "least_minor", Sort::Int(i64::MIN, i64::MAX), Presence::Always, "least that it lends", |f, _| {
        int(f.product_min_minor)
    }),
    name(
        "product",
        "quota_left_minor",
        Sort::Int(i64::MIN, i64::MAX),
        Presence::Always,
        "left to lend here",
        |f, _| int(f.quota_left_minor),
    ),
];

/// The name `group.field`; none if there is none.
pub(super) fn find(group: &str, field: &str) -> Option<&'static Name> {
    NAMES.iter().find(|name| name.group == group && name.field == field)
}

/// Every name with what it is, a line each, as `tianxin policy names` prints them.
pub(crate) fn table() -> String {
    let lines = NAMES.iter().map(|name| {
        let known = match name.presence {
            Presence::Always => "always known",
            Presence::Scored => "asked only of scored households",
            Presence::Asked => "asked only of requests",
            Presence::Sometimes => "not always known: guard it by has(…)",
        };
        let sort = match name.sort {
            Sort::Int(..) => "whole number",
            Sort::Bool => "true or false",
            Sort::Text => "text",
        };
        format!("{}.{:<24} {sort}; {}; {known}", name.group, name.field, name.about)
    });
    lines.collect::<Vec<_>>().join("\n")
}
