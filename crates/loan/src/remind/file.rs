//! Reading a reminder plan, so that every complaint names file, line and field.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{Channel, PLACES, QuietHours, ReminderPlan, SaleStep, Step, Text, Told};
use crate::class::LoanClass;

/// Steps may lie so many days before or after a due date.
const DAYS_MAX: i32 = 366;
/// Characters of a filled text that fit into a few text messages; places count as written.
const TEXT_CHARS_MAX: usize = 300;
const MINUTES_A_DAY: u16 = 24 * 60;

/// Why a reminder plan cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}, {field}: {problem}")]
pub struct RemindError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The field.
    pub field: String,
    /// What is wrong, and what to write.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    version: Spanned<u32>,
    sms: SmsTable,
    collect: Option<CollectTable>,
    sale: Option<SaleTable>,
    line: Option<LineTable>,
    #[serde(default, rename = "step")]
    steps: Vec<StepTable>,
    text: BTreeMap<String, TextTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmsTable {
    quiet_from: Spanned<String>,
    quiet_until: Spanned<String>,
    per_day: Spanned<u32>,
    keep_days: Spanned<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CollectTable {
    days: Spanned<Vec<i64>>,
    text: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineTable {
    statement: Option<ToldTable>,
    unmet: Option<ToldTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToldTable {
    channel: Spanned<String>,
    text: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaleTable {
    within_days: Spanned<u16>,
    channel: Spanned<String>,
    text: Spanned<String>,
    #[serde(default)]
    products: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    code: Spanned<String>,
    days: Spanned<i32>,
    channel: Spanned<String>,
    text: Spanned<String>,
    #[serde(default)]
    products: Vec<String>,
    from_class: Option<Spanned<u8>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextTable {
    zh: Spanned<String>,
    en: Spanned<String>,
}

/// A plan from the text of its file.
pub(super) fn read(file: &str, text: &str) -> Result<ReminderPlan, RemindError> {
    let source = Source { file, text };
    let raw: PlanFile = toml::from_str(text).map_err(|error| source.malformed(&error))?;
    if *raw.version.get_ref() == 0 {
        return Err(source.wrong(raw.version.span(), "version", "versions begin at 1"));
    }
    let quiet = QuietHours {
        from_minute: source.minute("sms.quiet_from", &raw.sms.quiet_from)?,
        until_minute: source.minute("sms.quiet_until", &raw.sms.quiet_until)?,
    };
    if quiet.from_minute == quiet.until_minute {
        let problem = "quiet hours that end when they begin leave no hour, or every one: write two times";
        return Err(source.wrong(raw.sms.quiet_until.span(), "sms.quiet_until", problem));
    }
    if *raw.sms.per_day.get_ref() == 0 {
        let problem = "no message a day would never leave: write 1 or more, or use no step with channel \"sms\"";
        return Err(source.wrong(raw.sms.per_day.span(), "sms.per_day", problem));
    }
    if *raw.sms.keep_days.get_ref() == 0 {
        let problem =
            "a message is kept for a day at least, so that a gateway that is down loses none: write 1 or more";
        return Err(source.wrong(raw.sms.keep_days.span(), "sms.keep_days", problem));
    }
    let mut texts = BTreeMap::new();
    for (code, table) in &raw.text {
        let zh = source.told(&format!("text.{code}.zh"), &table.zh)?;
        let en = source.told(&format!("text.{code}.en"), &table.en)?;
        texts.insert(code.clone(), Text { zh, en });
    }
    let named = |field: &str, code: &Spanned<String>| {
        if texts.contains_key(code.get_ref()) {
            return Ok(code.get_ref().clone());
        }
        let known: Vec<&str> = texts.keys().map(String::as_str).collect();
        let problem = format!("there is no [text.{}]: write one of {}, or add it", code.get_ref(), known.join(", "));
        Err(source.wrong(code.span(), field, problem))
    };
    let mut steps: Vec<Step> = Vec::with_capacity(raw.steps.len());
    for table in &raw.steps {
        let code = table.code.get_ref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if code.is_empty() || code.len() > 40 || !code.chars().all(plain) {
            let problem = "a code is 1 to 40 of a-z, 0-9 and -: it is kept with every notice";
            return Err(source.wrong(table.code.span(), "step.code", problem));
        }
        if steps.iter().any(|other| other.code == *code) {
            return Err(source.wrong(table.code.span(), "step.code", "this step is in the file twice"));
        }
        let days = *table.days.get_ref();
        if !(-DAYS_MAX..=DAYS_MAX).contains(&days) {
            let problem = format!("a step lies at most {DAYS_MAX} days before (-) or after a due date");
            return Err(source.wrong(table.days.span(), "step.days", problem));
        }
        let channel = source.channel("step.channel", &table.channel)?;
        let from_class = match &table.from_class {
            None => LoanClass::BEST,
            Some(place) if (1..=5).contains(place.get_ref()) => LoanClass(*place.get_ref() - 1),
            Some(place) => {
                let problem = "classes are counted from 1, the best, to 5";
                return Err(source.wrong(place.span(), "step.from_class", problem));
            }
        };
        let text = named("step.text", &table.text)?;
        steps.push(Step { code: code.clone(), days, channel, text, products: table.products.clone(), from_class });
    }
    let (mut collect_on, mut collected_text) = (BTreeSet::new(), None);
    if let Some(table) = &raw.collect {
        for days in table.days.get_ref() {
            let fits = u16::try_from(*days).ok().filter(|days| i32::from(*days) <= DAYS_MAX);
            let problem = format!("money is taken on the due date (0) or up to {DAYS_MAX} days after it, never before");
            collect_on.insert(fits.ok_or_else(|| source.wrong(table.days.span(), "collect.days", problem))?);
        }
        collected_text = table.text.as_ref().map(|text| named("collect.text", text)).transpose()?;
    }
    let sale = match &raw.sale {
        None => None,
        Some(table) if i32::from(*table.within_days.get_ref()) > DAYS_MAX => {
            let problem = format!("a sale is told of what falls due within {DAYS_MAX} days at most");
            return Err(source.wrong(table.within_days.span(), "sale.within_days", problem));
        }
        Some(table) => Some(SaleStep {
            within_days: *table.within_days.get_ref(),
            channel: source.channel("sale.channel", &table.channel)?,
            text: named("sale.text", &table.text)?,
            products: table.products.clone(),
        }),
    };
    let told = |field: &str, table: Option<&ToldTable>| {
        let read = |table: &ToldTable| {
            let channel = source.channel(&format!("{field}.channel"), &table.channel)?;
            Ok(Told { channel, text: named(&format!("{field}.text"), &table.text)? })
        };
        table.map(read).transpose()
    };
    let of_lines = raw.line.as_ref();
    let statement = told("line.statement", of_lines.and_then(|line| line.statement.as_ref()))?;
    let unmet = told("line.unmet", of_lines.and_then(|line| line.unmet.as_ref()))?;
    Ok(ReminderPlan {
        version: *raw.version.get_ref(),
        quiet,
        sms_per_day: *raw.sms.per_day.get_ref(),
        keep_days: *raw.sms.keep_days.get_ref(),
        collect_on: collect_on.into_iter().collect(),
        collected_text,
        statement,
        unmet,
        sale,
        steps,
        texts,
    })
}

/// The text being read, to say where something is.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn wrong(&self, at: Range<usize>, field: &str, problem: impl Into<String>) -> RemindError {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        RemindError { file: self.file.to_owned(), line, field: field.to_owned(), problem: problem.into() }
    }

    fn malformed(&self, error: &toml::de::Error) -> RemindError {
        let at = error.span().unwrap_or(0..0);
        let missing = error.message().strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        self.wrong(at, missing.unwrap_or("file"), error.message())
    }

    fn channel(&self, field: &str, value: &Spanned<String>) -> Result<Channel, RemindError> {
        Channel::parse(value.get_ref()).ok_or_else(|| {
            let known: Vec<&str> = Channel::ALL.iter().map(|channel| channel.as_str()).collect();
            self.wrong(value.span(), field, format!("it is one of {}", known.join(", ")))
        })
    }

    /// A time of the day such as 22:00, in minutes after midnight.
    fn minute(&self, field: &str, value: &Spanned<String>) -> Result<u16, RemindError> {
        let read = || {
            let (hours, minutes) = value.get_ref().split_once(':')?;
            let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
            (minutes < 60).then_some(())?;
            hours.checked_mul(60)?.checked_add(minutes).filter(|minute| *minute < MINUTES_A_DAY)
        };
        read().ok_or_else(|| self.wrong(value.span(), field, "write a time of the day, such as \"22:00\""))
    }

    /// A text that is there, short enough, and has no place that cannot be filled.
    fn told(&self, field: &str, value: &Spanned<String>) -> Result<String, RemindError> {
        let text = value.get_ref();
        let wrong = |problem: String| Err(self.wrong(value.span(), field, problem));
        if text.trim().is_empty() {
            return wrong("is empty: a household is told in both languages".to_owned());
        }
        if text.chars().count() > TEXT_CHARS_MAX {
            return wrong(format!("has more than {TEXT_CHARS_MAX} characters: no phone shows that as one message"));
        }
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once('{') {
            let Some((place, after)) = after.split_once('}') else {
                return wrong("has a brace that is not closed".to_owned());
            };
            if !PLACES.contains(&place) {
                return wrong(format!(
                    "has a place {{{place}}} that nothing fills: write one of {}",
                    PLACES.join(", ")
                ));
            }
            rest = after;
        }
        Ok(text.clone())
    }
}
