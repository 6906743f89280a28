//! The file of limits by how well a household is known.

use std::path::Path;

use app::level::{LevelLimits, WalletLevel};
use basics::{Currency, Money};
use serde::Deserialize;

use crate::failure::Failure;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    level: Vec<Level>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    level: String,
    per_payment: Option<String>,
    per_day: Option<String>,
    per_year: Option<String>,
}

/// Reads the file of an institution.
pub fn read(path: &Path, currency: Currency) -> Result<Vec<LevelLimits>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
    parse(&text, currency).map_err(|why| Failure::Unreachable(format!("{} is not valid: {why}", path.display())))
}

fn parse(text: &str, currency: Currency) -> Result<Vec<LevelLimits>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut limits: Vec<LevelLimits> = Vec::new();
    for told in &file.level {
        let level = WalletLevel::parse(&told.level).ok_or_else(|| {
            let names: Vec<&str> = WalletLevel::ALL.iter().map(|level| level.as_str()).collect();
            format!("level `{}` is none of {}", told.level, names.join(", "))
        })?;
        if limits.iter().any(|limits| limits.level == level) {
            return Err(format!("level `{}` stands in it twice", told.level));
        }
        let minor = |what: &str, amount: &Option<String>| {
            let Some(amount) = amount else { return Ok(None) };
            let bad = || format!("level `{}`: {what} = `{amount}` is no amount", told.level);
            match Money::parse(amount, currency) {
                Ok(amount) if amount.minor() >= 0 => Ok(Some(amount.minor())),
                _ => Err(bad()),
            }
        };
        limits.push(LevelLimits {
            level,
            per_payment_minor: minor("per_payment", &told.per_payment)?,
            per_day_minor: minor("per_day", &told.per_day)?,
            per_year_minor: minor("per_year", &told.per_year)?,
        });
    }
    if limits.is_empty() { Err("it names no level".to_owned()) } else { Ok(limits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures after China's classes of accounts, to be checked and copied into a data folder.
    const SHIPPED: &str = include_str!("../limits/cn-accounts.toml");

    #[test]
    fn the_shipped_figures_are_read() {
        let limits = parse(SHIPPED, Currency::CNY).unwrap();
        let shown: Vec<_> = limits.iter().map(|l| (l.level.as_str(), l.per_day_minor, l.per_year_minor)).collect();
        let expected = [
            ("full", Some(50_000_000), None),
            ("checked", Some(1_000_000), Some(20_000_000)),
            ("basic", Some(200_000), Some(5_000_000)),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let level = |rest: &str| format!("[[level]]\nlevel = \"basic\"\n{rest}\n");
        for (text, why) in [
            (String::from("level = []"), "it names no level"),
            (level("per_day = \"-1.00\""), "level `basic`: per_day = `-1.00` is no amount"),
            (level("") + &level(""), "level `basic` stands in it twice"),
            (String::from("[[level]]\nlevel = \"gold\""), "level `gold` is none of basic, checked, full"),
        ] {
            assert_eq!(parse(&text, Currency::CNY), Err(why.to_owned()));
        }
    }
}
