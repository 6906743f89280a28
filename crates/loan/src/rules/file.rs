//! Reading rule packs, so that every complaint names file, line and field.

use std::collections::BTreeSet;
use std::ops::Range;

use basics::{Currency, Date};
use serde::Deserialize;
use toml::Spanned;

use super::resolve::{Fault, check_value, try_rules};
use super::{ClassRung, Figure, RulePack, Standing, Sureness, Word};
use crate::LoanError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    code: Spanned<String>,
    name_zh: String,
    name_en: String,
    currency: Spanned<String>,
    holidays: String,
    #[serde(default, rename = "class")]
    classes: Vec<ClassTable>,
    #[serde(default, rename = "figure")]
    figures: Vec<FigureTable>,
    #[serde(default, rename = "word")]
    words: Vec<WordTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassTable {
    code: Spanned<String>,
    name_zh: String,
    name_en: String,
    performing: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FigureTable {
    key: Spanned<String>,
    value: Spanned<String>,
    from: Spanned<String>,
    source: Spanned<String>,
    sure: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordTable {
    key: Spanned<String>,
    zh: String,
    en: String,
}

/// A rule pack from the text of its file.
pub(super) fn read(file: &str, text: &str) -> Result<RulePack, LoanError> {
    let source = Source { file, text };
    let raw: PackFile = toml::from_str(text).map_err(|e| source.syntax(&e))?;
    let mut pack = source.frame(&raw)?;
    for figure in &raw.figures {
        pack.figures.push(source.figure(&pack, figure)?);
    }
    source.check_dates(&pack, &raw)?;
    Ok(pack)
}

/// The text being read, to say where something is.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    /// Everything but the figures.
    fn frame(&self, raw: &PackFile) -> Result<RulePack, LoanError> {
        let plain = |code: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !code.is_empty() && code.len() <= 40 && code.chars().all(fits)
        };
        let code_rule = "use 1 to 40 small letters, digits and hyphens";
        if !plain(raw.code.get_ref()) {
            return Err(self.wrong(raw.code.span(), "code", code_rule));
        }
        let currency = Currency::parse(raw.currency.get_ref())
            .map_err(|e| self.wrong(raw.currency.span(), "currency", e.to_string()))?;
        let mut seen = BTreeSet::new();
        for class in &raw.classes {
            if !plain(class.code.get_ref()) {
                return Err(self.wrong(class.code.span(), "class.code", code_rule));
            }
            if !seen.insert(class.code.get_ref()) {
                return Err(self.wrong(class.code.span(), "class.code", "two classes have this code"));
            }
        }
        let falls = raw.classes.windows(2).find(|pair| !pair[0].performing && pair[1].performing);
        if let Some(pair) = falls {
            let problem = "a performing class cannot be worse than one that is not: order the classes best first";
            return Err(self.wrong(pair[1].code.span(), "class.performing", problem));
        }
        if !(2..=20).contains(&raw.classes.len()) {
            return Err(self.wrong(raw.code.span(), "class", "give 2 to 20 classes, best first"));
        }
        let mut words = BTreeSet::new();
        if let Some(twice) = raw.words.iter().find(|word| !words.insert(word.key.get_ref())) {
            return Err(self.wrong(twice.key.span(), "word.key", "this word is given twice"));
        }
        Ok(RulePack {
            code: raw.code.get_ref().clone(),
            name_zh: raw.name_zh.clone(),
            name_en: raw.name_en.clone(),
            currency,
            holidays: raw.holidays.clone(),
            classes: raw
                .classes
                .iter()
                .map(|class| ClassRung {
                    code: class.code.get_ref().clone(),
                    name_zh: class.name_zh.clone(),
                    name_en: class.name_en.clone(),
                    standing: if class.performing { Standing::Performing } else { Standing::NonPerforming },
                })
                .collect(),
            figures: Vec::with_capacity(raw.figures.len()),
            words: raw
                .words
                .iter()
                .map(|word| Word { key: word.key.get_ref().clone(), zh: word.zh.clone(), en: word.en.clone() })
                .collect(),
        })
    }

    fn figure(&self, pack: &RulePack, raw: &FigureTable) -> Result<Figure, LoanError> {
        let key = raw.key.get_ref();
        check_value(pack, key, raw.value.get_ref()).map_err(|problem| self.wrong(raw.value.span(), key, problem))?;
        let from =
            Date::parse(raw.from.get_ref()).map_err(|e| self.wrong(raw.from.span(), "figure.from", e.to_string()))?;
        if pack.figures.iter().any(|other| other.key == *key && other.from == from) {
            return Err(self.wrong(raw.from.span(), key, "two figures of this key hold from the same day"));
        }
        if raw.source.get_ref().trim().is_empty() {
            return Err(self.wrong(raw.source.span(), "figure.source", "say where the figure stands written"));
        }
        let sure = match raw.sure.get_ref().as_str() {
            "text" => Sureness::Text,
            "copy" => Sureness::Copy,
            "memory" => Sureness::Memory,
            "own" => Sureness::Own,
            _ => {
                let problem = "choose `text`, `copy`, `memory` or `own`";
                return Err(self.wrong(raw.sure.span(), "figure.sure", problem));
            }
        };
        Ok(Figure {
            key: key.clone(),
            value: raw.value.get_ref().clone(),
            from,
            source: raw.source.get_ref().clone(),
            sure,
        })
    }

    /// On every date on which a figure changes the figures must go together, and on the last none may be missing.
    fn check_dates(&self, pack: &RulePack, raw: &PackFile) -> Result<(), LoanError> {
        let dates: BTreeSet<Date> = pack.figures.iter().map(|figure| figure.from).collect();
        let last = dates.iter().next_back().copied();
        for date in &dates {
            match try_rules(pack, *date) {
                Err(Fault::Bad { key, problem }) => {
                    let at = raw.figures.iter().find(|figure| *figure.key.get_ref() == key);
                    return Err(self.wrong(at.map_or(0..0, |figure| figure.value.span()), &key, problem));
                }
                Err(Fault::Missing(key)) if Some(*date) == last => {
                    return Err(self.wrong(raw.code.span(), &key, "this figure is missing: add a [[figure]] with it"));
                }
                _ => {}
            }
        }
        if dates.is_empty() {
            return Err(self.wrong(raw.code.span(), "figure", "the pack has no figures"));
        }
        Ok(())
    }

    fn wrong(&self, at: Range<usize>, field: &str, problem: impl Into<String>) -> LoanError {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        LoanError::ProductFile { file: self.file.to_owned(), line, field: field.to_owned(), problem: problem.into() }
    }

    /// What the TOML reader found, with the field of that line or the one that is missing.
    fn syntax(&self, error: &toml::de::Error) -> LoanError {
        let at = error.span().unwrap_or(0..0);
        let problem = error.message().trim_end().replace('\n', "; ");
        let named = ["missing field", "unknown field"].iter().any(|start| problem.starts_with(start));
        let quoted = problem.split('`').nth(1).filter(|_| named);
        let before = self.text.get(..at.start).unwrap_or("");
        let line = self.text.lines().nth(before.matches('\n').count()).unwrap_or("");
        let field = quoted.unwrap_or_else(|| line.split('=').next().unwrap_or("").trim()).to_owned();
        self.wrong(at, &field, problem)
    }
}
