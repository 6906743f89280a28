//! The data dictionary: every feature with what a reader outside has to know of it.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Feature, How, Purpose, TABLE};

/// A feature as the dictionary tells it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its number in stored vectors.
    pub number: u16,
    /// Its name in models, code and API.
    pub name: &'static str,
    /// What it says, in Chinese.
    pub zh: &'static str,
    /// What it says, in English.
    pub en: &'static str,
    /// The unit; stored values are whole millionths of it.
    pub unit: &'static str,
    /// Days of its window; 0 where it has none.
    pub window_days: i32,
    /// Days after which it is missing; none where it does not grow stale.
    pub stale_days: Option<i32>,
    /// The formula, in words.
    pub formula: &'static str,
    /// `behaviour`, `told` or `request`: what it is read from.
    pub read_from: &'static str,
    /// Ways by which what it reads may have come, in Chinese.
    pub channels_zh: Vec<&'static str>,
    /// The same in English.
    pub channels_en: Vec<&'static str>,
    /// `credit`, `shadow` or `unlawful`: what it may serve.
    pub purpose: &'static str,
    /// Whether credit decisions may lawfully use it.
    pub lawful: bool,
}

impl From<&Feature> for Entry {
    fn from(f: &Feature) -> Entry {
        Entry {
            number: f.number,
            name: f.name,
            zh: f.zh,
            en: f.en,
            unit: f.unit.name(),
            window_days: f.window_days,
            stale_days: f.stale_days,
            formula: f.formula,
            read_from: match f.how {
                How::Behaviour(_) => "behaviour",
                How::Told(_) => "told",
                How::Asked(_) => "request",
            },
            channels_zh: f.channels.iter().map(|c| c.names().0).collect(),
            channels_en: f.channels.iter().map(|c| c.names().1).collect(),
            purpose: f.purpose.name(),
            lawful: f.is_for_credit(),
        }
    }
}

impl Purpose {
    /// Its name in the dictionary.
    pub const fn name(self) -> &'static str {
        match self {
            Purpose::Credit => "credit",
            Purpose::Shadow => "shadow",
            Purpose::Unlawful => "unlawful",
        }
    }
}

/// Every feature, in order of number.
pub fn entries() -> Vec<Entry> {
    TABLE.iter().map(Entry::from).collect()
}

/// The data dictionary, as a Markdown table.
pub fn dictionary() -> String {
    let mut text = String::from(
        "| no | name | 中文 | English | unit | days | stale after | how computed | channels | use |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for e in entries() {
        let channels: Vec<String> =
            e.channels_zh.iter().zip(&e.channels_en).map(|(zh, en)| format!("{zh} {en}")).collect();
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {} | {} | {} | {} | {} | {} | {} |",
            e.number,
            e.name,
            e.zh,
            e.en,
            e.unit,
            e.window_days,
            e.stale_days.map_or_else(|| "-".to_owned(), |days| format!("{days} days")),
            e.formula,
            channels.join(", "),
            e.purpose,
        );
    }
    text
}
