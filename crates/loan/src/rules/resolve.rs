//! From dated figures to the typed rules of one day.

use std::collections::BTreeSet;

use basics::{Date, Rate};

use super::{AllowanceBasis, Bounds, LossRates, ReAge, RulePack, Rules, SpecificProvision, StageRules};
use crate::{ClassMatrix, LoanClass, LoanError};

/// What the value of a key is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Percent with at most four decimals.
    Percent,
    /// A whole number: days, months, periods, years.
    Count,
    /// The code of a class.
    Class,
    /// `kept` or `reset`.
    ReAge,
    /// `greater`, `expected-loss` or `floors`.
    Basis,
}

/// Every key, `*` standing for the code of a class, or under `loss.product` of a product.
const KEYS: &[(&str, Kind)] = &[
    ("class.*.from-days", Kind::Count),
    ("class.*.specific-provision", Kind::Percent),
    ("class.*.specific-range", Kind::Percent),
    ("class.misused-at-least", Kind::Class),
    ("class.new-for-old-at-least", Kind::Class),
    ("class.use-not-shown-at-least", Kind::Class),
    ("class.renewed-at-least", Kind::Class),
    ("class.restructured-at-least", Kind::Class),
    ("class.restructured-months", Kind::Count),
    ("class.restructured-periods", Kind::Count),
    ("provision.general", Kind::Percent),
    ("provision.to-non-performing", Kind::Percent),
    ("provision.to-loans", Kind::Percent),
    ("provision.booked", Kind::Basis),
    ("reserve.general-to-loans", Kind::Percent),
    ("stage.lifetime-over-days", Kind::Count),
    ("stage.lifetime-from-class", Kind::Class),
    ("stage.impaired-over-days", Kind::Count),
    ("stage.impaired-from-class", Kind::Class),
    ("loss.default-in-a-year", Kind::Percent),
    ("loss.default-in-its-life", Kind::Percent),
    ("loss.given-default", Kind::Percent),
    ("loss.product.*.default-in-a-year", Kind::Percent),
    ("loss.product.*.default-in-its-life", Kind::Percent),
    ("loss.product.*.given-default", Kind::Percent),
    ("penalty.overdue-uplift-min", Kind::Percent),
    ("penalty.overdue-uplift-max", Kind::Percent),
    ("penalty.misuse-uplift-min", Kind::Percent),
    ("penalty.misuse-uplift-max", Kind::Percent),
    ("accrual.stops-over-days", Kind::Count),
    ("accrual.clean-days", Kind::Count),
    ("extension.short-months", Kind::Count),
    ("extension.short-of-term", Kind::Percent),
    ("extension.long-of-term", Kind::Percent),
    ("days-past-due.re-age", Kind::ReAge),
    ("exposure.guarantee-weight", Kind::Percent),
    ("cap.all-in", Kind::Percent),
    ("cap.private-lending-of-reference", Kind::Percent),
    ("retention.vouchers-years", Kind::Count),
    ("retention.laundering-years", Kind::Count),
    ("retention.negative-record-years", Kind::Count),
];

impl RulePack {
    /// Every key a figure may have; `*` stands for the code of a class, or under `loss.product` of a product.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        KEYS.iter().map(|(key, _)| *key)
    }
}

/// Why there are no rules on a date.
#[derive(Debug)]
pub(super) enum Fault {
    /// A figure that is needed does not hold yet.
    Missing(String),
    /// A figure cannot stand as it is.
    Bad { key: String, problem: String },
}

pub(super) fn rules(pack: &RulePack, date: Date) -> Result<Rules, LoanError> {
    try_rules(pack, date).map_err(|fault| {
        LoanError::Rules(match fault {
            Fault::Missing(key) => format!("{} has no figure `{key}` in effect on {date}", pack.code),
            Fault::Bad { key, problem } => format!("{}, `{key}`: {problem}", pack.code),
        })
    })
}

/// Reads one figure as its key asks, or says what is wrong with it.
pub(super) fn check_value(pack: &RulePack, key: &str, value: &str) -> Result<(), String> {
    let Some(kind) = kind_of(pack, key) else {
        return Err("this is no figure of a rule pack: see the list of keys".to_owned());
    };
    match kind {
        Kind::Percent => percent(value).map(drop),
        Kind::Count => count(value).map(drop),
        Kind::Class => pack.class(value).map(drop).map_err(|e| e.to_string()),
        Kind::ReAge => re_age(value).map(drop),
        Kind::Basis => basis(value).map(drop),
    }
}

fn kind_of(pack: &RulePack, key: &str) -> Option<Kind> {
    if let Some((_, kind)) = KEYS.iter().find(|(name, _)| *name == key) {
        return (!key.contains('*')).then_some(*kind);
    }
    if let Some((product, figure)) = of_product(key) {
        let name = format!("{PRODUCT_LOSS}*.{figure}");
        let known = KEYS.iter().find(|(key, _)| *key == name).map(|(_, kind)| *kind);
        return known.filter(|_| !product.is_empty() && product != "*");
    }
    pack.classes.iter().find_map(|rung| {
        let rest = key.strip_prefix("class.")?.strip_prefix(rung.code.as_str())?;
        KEYS.iter().find(|(name, _)| name.strip_prefix("class.*") == Some(rest)).map(|(_, kind)| *kind)
    })
}

/// What keys of a product's own rates of loss begin with.
const PRODUCT_LOSS: &str = "loss.product.";

/// The product and the rate that a key of a product's own rates of loss names.
fn of_product(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix(PRODUCT_LOSS)?.rsplit_once('.')
}

fn basis(value: &str) -> Result<AllowanceBasis, String> {
    match value {
        "greater" => Ok(AllowanceBasis::Greater),
        "expected-loss" => Ok(AllowanceBasis::ExpectedLoss),
        "floors" => Ok(AllowanceBasis::Floors),
        _ => Err(format!("`{value}` is not known: choose `greater`, `expected-loss` or `floors`")),
    }
}

fn percent(value: &str) -> Result<Rate, String> {
    Rate::parse_percent(value).map_err(|e| e.to_string())
}

fn count(value: &str) -> Result<u16, String> {
    value.parse().map_err(|_| format!("`{value}` is no whole number from 0 to 65535"))
}

fn re_age(value: &str) -> Result<ReAge, String> {
    match value {
        "kept" => Ok(ReAge::Kept),
        "reset" => Ok(ReAge::Reset),
        _ => Err(format!("`{value}` is not known: choose `kept` or `reset`")),
    }
}

/// The figures of one date.
struct OnDate<'a> {
    pack: &'a RulePack,
    date: Date,
}

impl OnDate<'_> {
    fn maybe<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Fault> {
        self.pack
            .figure(key, self.date)
            .map(|figure| read(&figure.value).map_err(|problem| Fault::Bad { key: key.to_owned(), problem }))
            .transpose()
    }

    fn needed<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Fault> {
        self.maybe(key, read)?.ok_or_else(|| Fault::Missing(key.to_owned()))
    }

    fn rate(&self, key: &str) -> Result<Rate, Fault> {
        self.needed(key, percent)
    }

    fn count(&self, key: &str) -> Result<u16, Fault> {
        self.needed(key, count)
    }

    fn class(&self, key: &str) -> Result<LoanClass, Fault> {
        self.needed(key, |value| self.pack.class(value).map_err(|e| e.to_string()))
    }

    fn maybe_class(&self, key: &str) -> Result<Option<LoanClass>, Fault> {
        self.maybe(key, |value| self.pack.class(value).map_err(|e| e.to_string()))
    }

    fn bounds(&self, key: &str) -> Result<Bounds, Fault> {
        let (low, high) = (format!("{key}-min"), format!("{key}-max"));
        let bounds = Bounds { min: self.rate(&low)?, max: self.rate(&high)? };
        if bounds.min > bounds.max {
            return Err(Fault::Bad { key: high, problem: format!("must not be less than `{low}`") });
        }
        Ok(bounds)
    }

    fn matrix(&self) -> Result<ClassMatrix, Fault> {
        let mut thresholds = Vec::new();
        let mut last_key = String::new();
        for (place, rung) in (0u8..).zip(&self.pack.classes) {
            let key = format!("class.{}.from-days", rung.code);
            if let Some(days) = self.maybe(&key, count)? {
                thresholds.push((u32::from(days), LoanClass(place)));
                last_key = key;
            }
        }
        if thresholds.is_empty() {
            return Err(Fault::Missing("class.*.from-days".to_owned()));
        }
        ClassMatrix::new(thresholds).map_err(|e| Fault::Bad { key: last_key, problem: e.to_string() })
    }

    fn specific(&self) -> Result<Vec<SpecificProvision>, Fault> {
        let mut all: Vec<SpecificProvision> = Vec::with_capacity(self.pack.classes.len());
        for rung in &self.pack.classes {
            let key = format!("class.{}.specific-provision", rung.code);
            let rate = self.maybe(&key, percent)?.unwrap_or(Rate::ZERO);
            let range = self.maybe(&format!("class.{}.specific-range", rung.code), percent)?.unwrap_or(Rate::ZERO);
            if all.last().is_some_and(|better| better.rate > rate) {
                return Err(Fault::Bad { key, problem: "must not be less than that of a better class".to_owned() });
            }
            let provision = SpecificProvision { rate, range };
            if provision.bounds().1 > 1_000_000 {
                return Err(Fault::Bad { key, problem: "more than the whole principal with its range".to_owned() });
            }
            all.push(provision);
        }
        Ok(all)
    }

    fn probability(&self, key: &str) -> Result<Rate, Fault> {
        self.maybe_probability(key)?.ok_or_else(|| Fault::Missing(key.to_owned()))
    }

    fn maybe_probability(&self, key: &str) -> Result<Option<Rate>, Fault> {
        let rate = self.maybe(key, percent)?;
        if rate.is_some_and(|rate| rate.ppm() > 1_000_000) {
            return Err(Fault::Bad { key: key.to_owned(), problem: "must not be more than 100 %".to_owned() });
        }
        Ok(rate)
    }

    fn loss(&self) -> Result<LossRates, Fault> {
        Ok(LossRates {
            default_in_a_year: self.probability("loss.default-in-a-year")?,
            default_in_its_life: self.probability("loss.default-in-its-life")?,
            given_default: self.probability("loss.given-default")?,
        })
    }

    /// The products that have rates of loss of their own; what a product does not name it shares with all.
    fn loss_of_products(&self) -> Result<Vec<(String, LossRates)>, Fault> {
        let all = self.loss()?;
        let named = self.pack.figures.iter().filter(|figure| figure.from <= self.date);
        let products: BTreeSet<&str> =
            named.filter_map(|figure| of_product(&figure.key).map(|(code, _)| code)).collect();
        let own = |code: &str, figure: &str, all: Rate| {
            Ok(self.maybe_probability(&format!("{PRODUCT_LOSS}{code}.{figure}"))?.unwrap_or(all))
        };
        products
            .into_iter()
            .map(|code| {
                let rates = LossRates {
                    default_in_a_year: own(code, "default-in-a-year", all.default_in_a_year)?,
                    default_in_its_life: own(code, "default-in-its-life", all.default_in_its_life)?,
                    given_default: own(code, "given-default", all.given_default)?,
                };
                Ok((code.to_owned(), rates))
            })
            .collect()
    }
}

pub(super) fn try_rules(pack: &RulePack, date: Date) -> Result<Rules, Fault> {
    let on = OnDate { pack, date };
    Ok(Rules {
        date,
        currency: pack.currency,
        classes: pack.classes.clone(),
        matrix: on.matrix()?,
        misused_at_least: on.class("class.misused-at-least")?,
        new_for_old_at_least: on.class("class.new-for-old-at-least")?,
        use_not_shown_at_least: on.maybe_class("class.use-not-shown-at-least")?,
        renewed_at_least: on.class("class.renewed-at-least")?,
        restructured_at_least: on.class("class.restructured-at-least")?,
        restructured_months: on.count("class.restructured-months")?,
        restructured_periods: on.count("class.restructured-periods")?,
        general_provision: on.probability("provision.general")?,
        specific: on.specific()?,
        allowance_to_non_performing: on.rate("provision.to-non-performing")?,
        allowance_to_loans: on.rate("provision.to-loans")?,
        stages: StageRules {
            lifetime_over_days: u32::from(on.count("stage.lifetime-over-days")?),
            lifetime_from_class: on.class("stage.lifetime-from-class")?,
            impaired_over_days: u32::from(on.count("stage.impaired-over-days")?),
            impaired_from_class: on.class("stage.impaired-from-class")?,
        },
        loss: on.loss()?,
        loss_of_products: on.loss_of_products()?,
        allowance_basis: on.needed("provision.booked", basis)?,
        general_reserve: on.maybe("reserve.general-to-loans", percent)?,
        overdue_uplift: on.bounds("penalty.overdue-uplift")?,
        misuse_uplift: on.bounds("penalty.misuse-uplift")?,
        accrual_stops_over_days: u32::from(on.count("accrual.stops-over-days")?),
        accrual_clean_days: u32::from(on.count("accrual.clean-days")?),
        extension_short_months: on.count("extension.short-months")?,
        extension_short_of_term: on.rate("extension.short-of-term")?,
        extension_long_of_term: on.maybe("extension.long-of-term", percent)?,
        re_age: on.needed("days-past-due.re-age", re_age)?,
        guarantee_weight: on.maybe_probability("exposure.guarantee-weight")?.unwrap_or(Rate::ONE),
        all_in_cap: on.maybe("cap.all-in", percent)?,
        private_lending_of_reference: on.maybe("cap.private-lending-of-reference", percent)?,
        vouchers_years: on.count("retention.vouchers-years")?,
        laundering_years: on.count("retention.laundering-years")?,
        negative_record_years: on.count("retention.negative-record-years")?,
    })
}
