//! Reading a configuration of detectors and typologies, so that every complaint names file, line and field.

use std::collections::BTreeMap;
use std::ops::Range;

use basics::Date;
use basics::money::parse_minor;
use serde::Deserialize;
use toml::Spanned;

use crate::detect::Settings;
use crate::signal::{Grade, KINDS, Kind};

/// The configuration that the platform comes with.
/// A detector that signals more often than this says nothing: millionths.
const SIGNAL_PPM_MAX: i64 = 200_000;
/// Surprise that one detector counts for at most, thousandths of a bit: nothing is decided by one figure beyond one in a million.
pub const SURPRISE_MAX: i32 = 20_000;
/// Surprise from which on a signal is remembered beside the household.
pub const REMEMBERED_FROM: i32 = 5_000;

/// Detectors and typologies, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its code.
    pub code: String,
    /// Its version.
    pub version: u32,
    /// The day from which on it counts.
    pub effective_from: Date,
    /// Whether alerts and holds count, or are only kept.
    pub acts: bool,
    /// Days for which a signal joins with later ones.
    pub memory_days: i32,
    /// Share of events on which the unsupervised score calls somebody, millionths.
    pub unsupervised_alert_ppm: u32,
    /// Parties that loan money must not reach, sorted.
    pub forbidden: Vec<u64>,
    /// Parties that are the staff's own, sorted.
    pub staff: Vec<u64>,
    /// How money on its way out is held.
    pub holding: Holding,
    /// Settings of each kind, by its number.
    pub detectors: [Settings; KINDS],
    /// The typologies.
    pub typologies: Vec<Pattern>,
    /// How cases are worked.
    pub work: Work,
    /// The first eight bytes of the hash of its text, in hex: which configuration an alert came of.
    pub hash: String,
}

/// How many cases are worked, and how soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Cases that an officer takes a day; what is more waits.
    pub per_officer_day: u32,
    /// Percent of what waits that is worked all the same, drawn by the case's id, so that verdicts tell of low ranks too.
    pub low_drawn_percent: u32,
    /// Hours within which a case is taken.
    pub take_hours: u32,
    /// Hours within which a case that was taken is decided.
    pub decide_hours: u32,
}

impl Work {
    /// What counts where a configuration says nothing.
    pub const USUAL: Work = Work { per_officer_day: 20, low_drawn_percent: 5, take_hours: 24, decide_hours: 72 };
}

/// How money on its way out is held before it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// How long an answer is waited for, milliseconds.
    pub budget_ms: u32,
    /// What becomes of money of which the monitor says nothing in time, or while it is being made.
    pub on_failure: OnFailure,
    /// Calendar days in which somebody has to look; after them the order lapses and the money is free again.
    pub days: i32,
    /// Amounts below it are never held, minor units.
    pub least_minor: i64,
}

impl Default for Holding {
    fn default() -> Holding {
        Holding { budget_ms: 50, on_failure: OnFailure::Pass, days: 3, least_minor: 0 }
    }
}

/// The safe side of a monitor that gives no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Money moves.
    Pass,
    /// Money is held until a person has looked.
    Hold,
}

/// Several detectors weighed into one score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Its code.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// What each detector counts for; the sum is above 0.
    pub weights: Vec<(Kind, u32)>,
    /// Scores from which on it notes, alerts, holds: thousandths of a bit. Holds may be absent.
    pub note: i32,
    /// See `note`.
    pub alert: i32,
    /// See `note`.
    pub hold: Option<i32>,
}

impl Pattern {
    /// What a score asks for.
    pub fn grade(&self, score_milli: i32) -> Option<Grade> {
        match score_milli {
            score if self.hold.is_some_and(|hold| score >= hold) => Some(Grade::Hold),
            score if score >= self.alert => Some(Grade::Alert),
            score if score >= self.note => Some(Grade::Note),
            _ => None,
        }
    }

    /// The weighted mean of surprises, each held within [`SURPRISE_MAX`].
    pub fn score(&self, surprise_of: impl Fn(Kind) -> i32) -> i32 {
        let (mut sum, mut weights) = (0_i64, 0_i64);
        for (kind, weight) in &self.weights {
            sum += i64::from(surprise_of(*kind).clamp(0, SURPRISE_MAX)) * i64::from(*weight);
            weights += i64::from(*weight);
        }
        sum.checked_div(weights).unwrap_or(0) as i32
    }
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {problem}")]
pub struct ConfigError {
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
struct File {
    code: Spanned<String>,
    version: Spanned<u32>,
    effective_from: Spanned<String>,
    mode: Spanned<String>,
    memory_days: Spanned<i64>,
    unsupervised_alert_ppm: Spanned<i64>,
    #[serde(default)]
    forbidden_parties: Vec<Spanned<String>>,
    #[serde(default)]
    staff_parties: Vec<Spanned<String>>,
    holding: Option<HoldingRow>,
    #[serde(default)]
    detector: Vec<DetectorRow>,
    #[serde(default)]
    typology: Vec<TypologyRow>,
    work: Option<WorkRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkRow {
    per_officer_day: Option<Spanned<i64>>,
    low_drawn_percent: Option<Spanned<i64>>,
    take_hours: Option<Spanned<i64>>,
    decide_hours: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldingRow {
    budget_ms: Spanned<i64>,
    on_failure: Spanned<String>,
    days: Spanned<i64>,
    least: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DetectorRow {
    kind: Spanned<String>,
    signal_ppm: Spanned<i64>,
    span: Option<Spanned<i64>>,
    count: Option<Spanned<i64>>,
    percent: Option<Spanned<i64>>,
    amount: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypologyRow {
    code: Spanned<String>,
    zh: String,
    en: String,
    note: Spanned<String>,
    alert: Spanned<String>,
    hold: Option<Spanned<String>>,
    weights: Spanned<BTreeMap<String, i64>>,
}

/// Which of span, count, percent, amount a kind takes.
const fn takes(kind: Kind) -> [bool; 4] {
    match kind {
        Kind::Velocity | Kind::Amount | Kind::Hour | Kind::Party | Kind::Staff => [false; 4],
        Kind::Structuring => [true; 4],
        Kind::Diversion | Kind::Missed | Kind::TransferRing | Kind::GuaranteeRing => [true, false, false, false],
        Kind::PassThrough | Kind::Bridge => [true, false, true, false],
        Kind::DebtElsewhere | Kind::VillageShock => [true, true, true, false],
        Kind::IncomeGap => [false, false, true, true],
        Kind::ManyBorrowers | Kind::SharedDevice | Kind::ClerkRepays | Kind::CardAgent => [true, true, false, false],
    }
}

struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, at: Range<usize>, field: &str, problem: impl Into<String>) -> ConfigError {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        ConfigError { file: self.file.to_owned(), line, field: field.to_owned(), problem: problem.into() }
    }

    /// A whole number within a range.
    fn within(
        &self,
        value: &Spanned<i64>,
        field: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<i64, ConfigError> {
        if range.contains(value.get_ref()) {
            return Ok(*value.get_ref());
        }
        let (from, to) = (range.start(), range.end());
        Err(self.error(value.span(), field, format!("{} is not between {from} and {to}", value.get_ref())))
    }

    fn amount(&self, value: &Spanned<String>, field: &str) -> Result<u64, ConfigError> {
        match parse_minor(value.get_ref()) {
            Ok(minor) if minor > 0 => Ok(minor.unsigned_abs()),
            _ => Err(self.error(value.span(), field, "give an amount above 0 such as \"50000.00\"")),
        }
    }

    /// Bits with one decimal, as thousandths.
    fn bits(&self, value: &Spanned<String>, field: &str) -> Result<i32, ConfigError> {
        let read = value.get_ref().parse::<f64>().ok().filter(|bits| bits.is_finite());
        match read.map(|bits| (bits * 1_000.0) as i32) {
            Some(milli) if milli <= 0 => {
                let problem = "a threshold of 0 matches everything: give bits above 0, such as \"8.0\" for one in 256";
                Err(self.error(value.span(), field, problem))
            }
            Some(milli) if milli <= SURPRISE_MAX => Ok(milli),
            _ => Err(self.error(value.span(), field, "give bits up to \"20.0\", such as \"8.0\" for one in 256")),
        }
    }

    fn parties(&self, rows: &[Spanned<String>], field: &str) -> Result<Vec<u64>, ConfigError> {
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let key = u64::from_str_radix(row.get_ref(), 16).ok().filter(|key| *key != 0);
            keys.push(key.ok_or_else(|| self.error(row.span(), field, "give a party's key in hex, up to 16 digits"))?);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    fn holding(&self, row: &HoldingRow) -> Result<Holding, ConfigError> {
        let on_failure = match row.on_failure.get_ref().as_str() {
            "pass" => OnFailure::Pass,
            "hold" => OnFailure::Hold,
            _ => return Err(self.error(row.on_failure.span(), "on_failure", "write \"pass\" or \"hold\"")),
        };
        let least = parse_minor(row.least.get_ref()).ok().filter(|minor| *minor >= 0);
        let no_amount = || self.error(row.least.span(), "least", "give an amount such as \"500.00\", or \"0.00\"");
        Ok(Holding {
            budget_ms: self.within(&row.budget_ms, "budget_ms", 1..=2_000)? as u32,
            on_failure,
            days: self.within(&row.days, "days", 1..=30)? as i32,
            least_minor: least.ok_or_else(no_amount)?,
        })
    }

    fn detector(&self, row: &DetectorRow) -> Result<(Kind, Settings), ConfigError> {
        let word = row.kind.get_ref();
        let kind = Kind::named(word).ok_or_else(|| {
            let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
            self.error(
                row.kind.span(),
                "kind",
                format!("there is no detector `{word}`; there are {}", known.join(", ")),
            )
        })?;
        let ppm = *row.signal_ppm.get_ref();
        if ppm > SIGNAL_PPM_MAX {
            let problem = format!("{ppm} of a million matches nearly everything: give at most {SIGNAL_PPM_MAX}");
            return Err(self.error(row.signal_ppm.span(), "signal_ppm", problem));
        }
        let signal_ppm = self.within(&row.signal_ppm, "signal_ppm", 1..=SIGNAL_PPM_MAX)? as u32;
        let [span, count, percent, amount] = takes(kind);
        let asked = |field: &str, is_taken: bool, given: Option<Range<usize>>| match (is_taken, given) {
            (true, None) => Err(self.error(row.kind.span(), field, format!("`{word}` needs it"))),
            (false, Some(at)) => Err(self.error(at, field, format!("`{word}` does not use it: leave it out"))),
            _ => Ok(()),
        };
        asked("span", span, row.span.as_ref().map(Spanned::span))?;
        asked("count", count, row.count.as_ref().map(Spanned::span))?;
        asked("percent", percent, row.percent.as_ref().map(Spanned::span))?;
        asked("amount", amount, row.amount.as_ref().map(Spanned::span))?;
        let number = |value: &Option<Spanned<i64>>, field: &str, range| {
            value.as_ref().map_or(Ok(0), |value| self.within(value, field, range))
        };
        Ok((
            kind,
            Settings {
                is_on: true,
                signal_ppm,
                span: number(&row.span, "span", 0..=3_650)? as i32,
                count: number(&row.count, "count", 1..=8)? as u64,
                percent: number(&row.percent, "percent", 1..=1_000)? as u64,
                amount_minor: row.amount.as_ref().map_or(Ok(0), |amount| self.amount(amount, "amount"))?,
            },
        ))
    }

    fn work(&self, row: Option<&WorkRow>) -> Result<Work, ConfigError> {
        let Some(row) = row else { return Ok(Work::USUAL) };
        let number = |value: &Option<Spanned<i64>>, field: &str, most: i64, usual: u32| {
            value.as_ref().map_or(Ok(usual), |value| self.within(value, field, 0..=most).map(|number| number as u32))
        };
        let usual = Work::USUAL;
        Ok(Work {
            per_officer_day: number(&row.per_officer_day, "per_officer_day", 1_000, usual.per_officer_day)?,
            low_drawn_percent: number(&row.low_drawn_percent, "low_drawn_percent", 100, usual.low_drawn_percent)?,
            take_hours: number(&row.take_hours, "take_hours", 2_000, usual.take_hours)?,
            decide_hours: number(&row.decide_hours, "decide_hours", 2_000, usual.decide_hours)?,
        })
    }

    fn typology(&self, row: TypologyRow, detectors: &[Settings; KINDS]) -> Result<Pattern, ConfigError> {
        let at = row.weights.span();
        let mut weights = Vec::new();
        for (word, weight) in row.weights.get_ref() {
            let kind = Kind::named(word)
                .ok_or_else(|| self.error(at.clone(), "weights", format!("there is no detector `{word}`")))?;
            if !detectors[kind as usize].is_on {
                let problem = format!("`{word}` has no [[detector]]: add one, or leave it out");
                return Err(self.error(at.clone(), "weights", problem));
            }
            if !(0..=1_000).contains(weight) {
                return Err(self.error(at.clone(), "weights", format!("`{word}` is {weight}: give 0 to 1000")));
            }
            weights.push((kind, *weight as u32));
        }
        if weights.iter().all(|(_, weight)| *weight == 0) {
            let problem = "the weights come to 0, and a score divides by them: give one above 0";
            return Err(self.error(at, "weights", problem));
        }
        let (note, alert) = (self.bits(&row.note, "note")?, self.bits(&row.alert, "alert")?);
        let hold = row.hold.as_ref().map(|hold| self.bits(hold, "hold")).transpose()?;
        if alert < note {
            return Err(self.error(row.alert.span(), "alert", "it lies below note: an alert asks for more"));
        }
        if let (Some(milli), Some(hold)) = (hold, &row.hold) {
            if milli < alert {
                return Err(self.error(hold.span(), "hold", "it lies below alert: a hold asks for more"));
            }
            if let Some((kind, _)) = weights.iter().find(|(kind, weight)| !kind.may_hold() && *weight > 0) {
                let problem = format!(
                    "`{}` reads more than the household's own cell and may not hold a payment: leave hold out",
                    kind.word()
                );
                return Err(self.error(hold.span(), "hold", problem));
            }
        }
        if row.code.get_ref().is_empty() {
            return Err(self.error(row.code.span(), "code", "give it a code"));
        }
        Ok(Pattern { code: row.code.into_inner(), zh: row.zh, en: row.en, weights, note, alert, hold })
    }
}

impl Config {
    /// The text of the configuration that the platform comes with.
    pub const USUAL: &str = include_str!("../config/usual.toml");

    /// The configuration that the platform comes with. Errors never, while its test passes.
    pub fn usual() -> Result<Config, ConfigError> {
        Config::parse("usual.toml", Config::USUAL)
    }

    /// Reads a configuration; `file` is its name in complaints.
    pub fn parse(file: &str, text: &str) -> Result<Config, ConfigError> {
        let source = Source { file, text };
        let read: File = toml::from_str(text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            let line = text.get(..at.start).unwrap_or("").rsplit('\n').next().unwrap_or("").len();
            let start = at.start - line;
            let key =
                text.get(start..).unwrap_or("").lines().next().unwrap_or("").split('=').next().unwrap_or("").trim();
            source.error(at, key, error.message().to_owned())
        })?;
        let effective_from = Date::parse(read.effective_from.get_ref())
            .map_err(|error| source.error(read.effective_from.span(), "effective_from", error.to_string()))?;
        let acts = match read.mode.get_ref().as_str() {
            "act" => true,
            "shadow" => false,
            _ => return Err(source.error(read.mode.span(), "mode", "write \"shadow\" or \"act\"")),
        };
        if *read.version.get_ref() == 0 {
            return Err(source.error(read.version.span(), "version", "versions begin with 1"));
        }
        if read.code.get_ref().is_empty() {
            return Err(source.error(read.code.span(), "code", "give it a code"));
        }
        let off = Settings { is_on: false, signal_ppm: 0, span: 0, count: 0, percent: 0, amount_minor: 0 };
        let mut detectors = [off; KINDS];
        for row in &read.detector {
            let (kind, settings) = source.detector(row)?;
            if detectors[kind as usize].is_on {
                return Err(source.error(row.kind.span(), "kind", format!("`{}` is there twice", kind.word())));
            }
            detectors[kind as usize] = settings;
        }
        let mut typologies: Vec<Pattern> = Vec::new();
        for row in read.typology {
            let at = row.code.span();
            let typology = source.typology(row, &detectors)?;
            if typologies.iter().any(|other| other.code == typology.code) {
                return Err(source.error(at, "code", format!("typology `{}` is there twice", typology.code)));
            }
            typologies.push(typology);
        }
        if typologies.is_empty() {
            return Err(source.error(read.code.span(), "typology", "there is none: add a [[typology]]"));
        }
        Ok(Config {
            memory_days: source.within(&read.memory_days, "memory_days", 1..=365)? as i32,
            unsupervised_alert_ppm: source.within(
                &read.unsupervised_alert_ppm,
                "unsupervised_alert_ppm",
                1..=100_000,
            )? as u32,
            forbidden: source.parties(&read.forbidden_parties, "forbidden_parties")?,
            staff: source.parties(&read.staff_parties, "staff_parties")?,
            code: read.code.into_inner(),
            version: read.version.into_inner(),
            effective_from,
            acts,
            holding: read.holding.as_ref().map_or(Ok(Holding::default()), |row| source.holding(row))?,
            detectors,
            typologies,
            work: source.work(read.work.as_ref())?,
            hash: basics::merkle::leaf_hash(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// The text of a configuration with other thresholds for alerts (thousandths of a bit, by typology) and the next version; all else
    /// stays as it was written. A threshold stays between that for notes and that for holds.
    ///
    /// Errors if the text is no configuration.
    pub fn retuned(file: &str, text: &str, alerts: &BTreeMap<String, i32>) -> Result<String, ConfigError> {
        let config = Config::parse(file, text)?;
        let source = Source { file, text };
        let read: File =
            toml::from_str(text).map_err(|error| source.error(0..0, "file", error.message().to_owned()))?;
        let mut cuts: Vec<(Range<usize>, String)> =
            vec![(read.version.span(), (u64::from(config.version) + 1).to_string())];
        for (row, pattern) in read.typology.iter().zip(&config.typologies) {
            let Some(wanted) = alerts.get(&pattern.code) else { continue };
            let held = (*wanted).clamp(pattern.note, pattern.hold.unwrap_or(SURPRISE_MAX));
            // One decimal, as people write them.
            let tenths = ((held + 50) / 100).max((pattern.note + 99) / 100);
            let tenths = pattern.hold.map_or(tenths, |hold| tenths.min(hold / 100));
            cuts.push((row.alert.span(), format!("\"{}.{}\"", tenths / 10, tenths % 10)));
        }
        cuts.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
        let mut out = text.to_owned();
        cuts.into_iter().for_each(|(at, new)| out.replace_range(at, &new));
        Config::parse(file, &out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_change_and_nothing_else() {
        let usual = Config::usual().unwrap();
        let takeover = usual.typologies.iter().find(|pattern| pattern.code == "takeover").unwrap();
        let wanted = takeover.alert + 700;
        let alerts = BTreeMap::from([("takeover".to_owned(), wanted), ("nobody".to_owned(), 1)]);
        let text = Config::retuned("usual.toml", Config::USUAL, &alerts).unwrap();
        let tuned = Config::parse("tuned.toml", &text).unwrap();
        assert_eq!(tuned.version, usual.version + 1);
        assert!(tuned.hash != usual.hash && tuned.hash.len() == 16);
        let mut as_before = tuned.clone();
        (as_before.version, as_before.hash) = (usual.version, usual.hash.clone());
        for pattern in &mut as_before.typologies {
            if pattern.code == "takeover" {
                assert!((pattern.alert - wanted.min(takeover.hold.unwrap_or(i32::MAX))).abs() <= 100, "{pattern:?}");
                pattern.alert = takeover.alert;
            }
        }
        assert_eq!(as_before, usual);
        // Never below what notes ask for.
        let text = Config::retuned("usual.toml", Config::USUAL, &BTreeMap::from([("takeover".to_owned(), 1)])).unwrap();
        let low = Config::parse("low.toml", &text).unwrap();
        let low = low.typologies.iter().find(|pattern| pattern.code == "takeover").unwrap();
        assert!(low.alert >= low.note && low.alert < low.note + 100, "{low:?}");
    }

    #[test]
    fn how_cases_are_worked_may_be_said() {
        assert_eq!(Config::usual().unwrap().work, Work::USUAL);
        let own = format!("{}\n[work]\nper_officer_day = 8\ntake_hours = 4\n", Config::USUAL);
        let work = Config::parse("own.toml", &own).unwrap().work;
        assert_eq!(work, Work { per_officer_day: 8, take_hours: 4, ..Work::USUAL });
        let wrong = format!("{}\n[work]\nlow_drawn_percent = 101\n", Config::USUAL);
        let said = Config::parse("own.toml", &wrong).unwrap_err().to_string();
        assert!(said.contains("low_drawn_percent: 101 is not between 0 and 100"), "{said}");
    }

    #[test]
    fn the_usual_one_is_sound() {
        let config = Config::usual().unwrap();
        assert!(config.acts && config.detectors.iter().all(|settings| settings.is_on));
        for kind in Kind::ALL {
            let is_weighed = config.typologies.iter().any(|t| t.weights.iter().any(|(k, _)| k == kind));
            assert!(is_weighed, "{} is in no typology", kind.word());
        }
    }

    #[test]
    fn complaints_name_file_line_and_field() {
        // What is written instead of what, and what is said of it: on the line that it stands on.
        let table = [
            ("mode = \"act\"", "mode = \"on\"", "mode: write \"shadow\" or \"act\""),
            (
                "kind = \"velocity\"",
                "kind = \"speed\"",
                "kind: there is no detector `speed`; there are velocity, amount",
            ),
            (
                "signal_ppm = 1000\n",
                "signal_ppm = 1000000\n",
                "signal_ppm: 1000000 of a million matches nearly everything",
            ),
            ("signal_ppm = 1000\n", "signal_ppm = 0\n", "signal_ppm: 0 is not between 1 and 200000"),
            ("signal_ppm = 1000\n", "signal_ppm = 1000\nspan = 3\n", "span: `velocity` does not use it: leave it out"),
            (
                "kind = \"structuring\"\nsignal_ppm = 1000\nspan = 7\n",
                "kind = \"structuring\"\nsignal_ppm = 1000\n",
                "span: `structuring` needs it",
            ),
            ("amount = \"50000.00\"", "amount = \"-1\"", "amount: give an amount above 0"),
            (
                "weights = { bridge = 1 }",
                "weights = { bridge = 0 }",
                "weights: the weights come to 0, and a score divides by them",
            ),
            ("weights = { bridge = 1 }", "weights = { bridges = 1 }", "weights: there is no detector `bridges`"),
            ("note = \"5.0\"", "note = \"0\"", "note: a threshold of 0 matches everything"),
            ("alert = \"8.0\"", "alert = \"3.0\"", "alert: it lies below note"),
            (
                "weights = { bridge = 1 }",
                "hold = \"18.0\"\nweights = { bridge = 1 }",
                "hold: `bridge` reads more than the household's own cell",
            ),
            (
                "forbidden_parties = []",
                "forbidden_parties = [\"shop\"]",
                "forbidden_parties: give a party's key in hex",
            ),
            ("on_failure = \"pass\"", "on_failure = \"stop\"", "on_failure: write \"pass\" or \"hold\""),
            ("budget_ms = 50", "budget_ms = 0", "budget_ms: 0 is not between 1 and 2000"),
            ("days = 3\n", "days = 31\n", "days: 31 is not between 1 and 30"),
            ("least = \"500.00\"", "least = \"-1\"", "least: give an amount such as"),
            ("memory_days = 30", "memory = 3", "memory: unknown field `memory`"),
            ("code = \"transfer_ring\"", "code = \"bridge\"", "code: typology `bridge` is there twice"),
        ];
        for (from, to, says) in table {
            let at = Config::USUAL.find(from).unwrap_or_else(|| panic!("{from}"));
            let told =
                Config::parse("own.toml", &Config::USUAL.replacen(from, to, 1)).map(|_| ()).unwrap_err().to_string();
            let line = 1 + Config::USUAL[..at].matches('\n').count();
            let near = [line, line + 1].map(|line| format!("own.toml:{line}: {says}"));
            assert!(near.iter().any(|near| told.starts_with(near)), "{told} instead of {near:?}");
        }
    }
}
