//! A mapping file: which column of a table of events says what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use basics::Date;
use insight::{Channel, EventKind};
use serde::{Deserialize, Deserializer};

use crate::failure::Failure;

/// Mappings that come with the program.
pub const BERKA: &str = include_str!("mappings/berka.toml");
/// See [`BERKA`].
pub const PAYSIM: &str = include_str!("mappings/paysim.toml");

/// Which column says what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// By which way the rows came to the lender.
    #[serde(deserialize_with = "channel")]
    pub channel: Channel,
    /// When it happened.
    pub date: DateColumn,
    /// How much.
    pub amount: Option<AmountColumn>,
    /// The column of what was measured, for kinds that measure something.
    pub measure: Option<String>,
    /// The column of the source's own number of an event: the same number is the same event, whatever file it stands in.
    pub id: Option<String>,
    /// The column of the household's consent: its number or where it is kept.
    pub consent: Option<String>,
    /// The agreement under which an authority gives the rows.
    pub agreement: Option<Agreement>,
    /// Whose events a row tells.
    pub side: Vec<Side>,
}

/// The column of a date.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateColumn {
    /// The column.
    pub column: String,
    /// How it is written.
    #[serde(default)]
    pub form: DateForm,
}

/// How dates are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateForm {
    /// 2026-03-05.
    #[default]
    Iso,
    /// 930305: of the twentieth century.
    Yymmdd,
    /// 20260305.
    Yyyymmdd,
    /// Hours since a first day, the first hour being 1.
    Hours,
}

/// The column of an amount.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountColumn {
    /// The column.
    pub column: String,
    /// What its sign says.
    #[serde(default)]
    pub sign: AmountSign,
}

/// What the sign of an amount says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountSign {
    /// Nothing: amounts are never negative, the kind tells whether money came in.
    #[default]
    ByKind,
    /// Money that went out is negative, and must fit the kind.
    Signed,
}

/// An agreement with an authority.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its number.
    pub number: String,
    /// With whom.
    pub authority: String,
    /// The first day on which data may be taken over under it.
    #[serde(deserialize_with = "date")]
    pub from: Date,
    /// The last.
    #[serde(deserialize_with = "date")]
    pub to: Date,
    /// The kinds of event it covers.
    #[serde(deserialize_with = "kinds")]
    pub kinds: Vec<EventKind>,
}

/// One of those whom a row is about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// The column of its account.
    pub account: String,
    /// The column of its balance afterwards.
    pub balance: Option<String>,
    /// The columns that together name the other side.
    #[serde(default)]
    pub counterparty: Vec<String>,
    /// The column that holds the kind by its own name, such as `harvest_sale`.
    pub kind: Option<String>,
    /// Which kind an event is by what stands in other columns; the first that fits counts.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The kind; `left_out` for rows that are no event of this side.
    #[serde(deserialize_with = "verdict")]
    pub is: Verdict,
    /// What stands in which column.
    pub when: BTreeMap<String, String>,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An event of this kind.
    Kind(EventKind),
    /// No event of this side.
    LeftOut,
}

impl Mapping {
    /// Reads a mapping. Errors name what is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Mapping, Failure> {
        let wrong = |what: String| Failure::Wrong(format!("{name}: {what}"));
        let mapping: Mapping = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if mapping.side.is_empty() {
            return Err(wrong("it names no [[side]]: say which column holds the account".to_owned()));
        }
        for side in &mapping.side {
            if side.kind.is_some() != side.rules.is_empty() {
                let what = "give either `kind`, a column of kinds, or `rules`";
                return Err(wrong(format!("side `{}`: {what}", side.account)));
            }
        }
        match (mapping.channel, &mapping.agreement, &mapping.consent) {
            (Channel::Authority, None, _) => {
                Err(wrong("data of an authority needs its [agreement]: number, authority, from, to, kinds".to_owned()))
            }
            (Channel::Authority | Channel::LicensedBureau, _, None) => {
                let what = "data of an authority or a bureau needs `consent`, the column of each household's consent";
                Err(wrong(what.to_owned()))
            }
            (Channel::OwnBusiness | Channel::LicensedBureau | Channel::ToldByHousehold, Some(_), _) => {
                Err(wrong("an [agreement] is with an authority: the channel is another".to_owned()))
            }
            _ => Ok(mapping),
        }
    }

    /// Reads a mapping file.
    pub fn read(path: &Path) -> Result<Mapping, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
        Mapping::parse(&path.display().to_string(), &text)
    }

    /// Every column it names.
    pub fn columns(&self) -> BTreeSet<&str> {
        let mut columns: BTreeSet<&str> = BTreeSet::from([self.date.column.as_str()]);
        let single = [self.amount.as_ref().map(|amount| &amount.column), self.measure.as_ref(), self.id.as_ref()];
        columns.extend(single.into_iter().flatten().chain(&self.consent).map(String::as_str));
        for side in &self.side {
            columns.insert(&side.account);
            columns.extend(side.balance.iter().chain(&side.counterparty).chain(&side.kind).map(String::as_str));
            columns.extend(side.rules.iter().flat_map(|rule| rule.when.keys()).map(String::as_str));
        }
        columns
    }
}

fn channel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Channel, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_str() {
        "own_business" => Ok(Channel::OwnBusiness),
        "licensed_bureau" => Ok(Channel::LicensedBureau),
        "authority" => Ok(Channel::Authority),
        "told_by_household" => Ok(Channel::ToldByHousehold),
        _ => Err(serde::de::Error::custom(format!(
            "there is no channel `{text}`: write own_business, licensed_bureau, authority or told_by_household"
        ))),
    }
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    Date::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn kind_named(text: &str) -> Result<EventKind, String> {
    let known = || {
        let names: Vec<String> = EventKind::PLAIN.iter().map(|kind| kind.name()).collect();
        format!(
            "there is no kind of event `{text}`: write purchase_food, purchase_farm_input, ... or {}",
            names.join(", ")
        )
    };
    EventKind::named(text).ok_or_else(known)
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<EventKind>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| kind_named(name).map_err(serde::de::Error::custom)).collect()
}

fn verdict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Verdict, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "left_out" {
        return Ok(Verdict::LeftOut);
    }
    kind_named(&text).map(Verdict::Kind).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_mappings_are_read() {
        for (name, text, columns) in [
            ("berka", BERKA, 9), // trans_id is not read
            ("paysim", PAYSIM, 6),
        ] {
            assert_eq!(Mapping::parse(name, text).unwrap().columns().len(), columns, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_mapping_is_named() {
        let with =
            |head: &str| format!("{head}\n[date]\ncolumn = \"on\"\n[[side]]\naccount = \"a\"\nkind = \"what\"\n");
        let said = |text: &str| Mapping::parse("farm.toml", text).unwrap_err().to_string();
        for (text, wanted) in [
            (with("channel = \"hearsay\""), "there is no channel `hearsay`"),
            (with("channel = \"authority\""), "needs its [agreement]"),
            (with("channel = \"licensed_bureau\""), "needs `consent`"),
            (with("channel = \"own_business\"\ncolour = \"red\""), "colour"),
            (with("channel = \"own_business\"").replace("kind = \"what\"", ""), "give either `kind`"),
            (
                with("channel = \"own_business\"")
                    .replace("kind = \"what\"", "rules = [{ is = \"medicine\", when = { b = \"1\" } }]"),
                "there is no kind of event `medicine`",
            ),
        ] {
            let said = said(&text);
            assert!(said.contains("farm.toml") && said.contains(wanted), "{said}");
        }
    }
}
