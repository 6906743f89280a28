//! The table of points that makes log odds of signs, as a file; and forecasts with their reasons.

use std::fmt::Write as _;

use score::math::logistic;
use serde::Deserialize;
use toml::Spanned;

use super::reliability::{Reliability, odds_times};
use super::{Sign, Signs};
use crate::config::ConfigError;

/// Millionths of one.
pub(super) const PPM: u32 = 1_000_000;
/// Points in a file lie between these, thousandths of log odds.
const MILLI_MAX: i64 = 20_000;
/// Bands a sign has at most.
const BANDS_MAX: usize = 12;
/// Reasons that are told.
const REASONS_MAX: usize = 4;
/// Points from which on a sign is a reason: it makes the odds a fifth higher than its best band.
const REASON_MILLI: i32 = 180;

/// Points of a sign by band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Points {
    /// The sign.
    pub sign: Sign,
    /// The highest value of each band but the last, ascending.
    pub upto: Vec<i64>,
    /// Points of each band, one more than there are edges: thousandths of log odds.
    pub milli: Vec<i32>,
    /// Points where nothing is known.
    pub unknown_milli: i32,
}

impl Points {
    /// The band of a value, from 0.
    pub fn band(&self, value: i64) -> usize {
        self.upto.partition_point(|upto| *upto < value)
    }

    fn of(&self, value: Option<i64>) -> i32 {
        value.map_or(self.unknown_milli, |value| self.milli.get(self.band(value)).copied().unwrap_or(0))
    }
}

/// A table of points. Chances are `1 / (1 + e^-x)` of the intercept and one row of points a sign, in thousandths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its code.
    pub code: String,
    /// Its version.
    pub version: u32,
    /// Of what its points were learnt, in words.
    pub origin: String,
    /// Days after the due date by which an instalment has to be met, not to count as missed.
    pub missed_after_days: i32,
    /// Log odds where every sign is at its best, thousandths.
    pub intercept_milli: i32,
    /// Points of every sign, in the order of [`Sign::ALL`].
    pub signs: Vec<Points>,
}

/// Why a chance is higher than it might be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The sign.
    pub sign: Sign,
    /// Its value.
    pub value: i64,
    /// What it adds, thousandths of log odds.
    pub milli: i32,
}

impl Reason {
    /// In Chinese and English.
    pub fn words(&self) -> (String, String) {
        let (zh, en) = self.sign.sentences();
        let value = self.value.to_string();
        (zh.replace("{}", &value), en.replace("{}", &value))
    }

    /// How many times the odds it makes.
    pub fn odds_times(&self) -> f64 {
        odds_times(self.milli)
    }
}

/// What is said of an instalment to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// What the model says, millionths.
    pub said_ppm: u32,
    /// The chance after what came of earlier forecasts, millionths.
    pub chance_ppm: u32,
    /// What speaks for a miss, the strongest first.
    pub reasons: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    code: Spanned<String>,
    version: Spanned<u32>,
    origin: String,
    missed_after_days: Spanned<i64>,
    intercept: Spanned<i64>,
    #[serde(default)]
    sign: Vec<SignRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignRow {
    code: Spanned<String>,
    upto: Spanned<Vec<i64>>,
    points: Spanned<Vec<i64>>,
    #[serde(default)]
    unknown: Option<Spanned<i64>>,
}

struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, at: std::ops::Range<usize>, field: &str, problem: impl Into<String>) -> ConfigError {
        let line = self.text.get(..at.start).unwrap_or(self.text).matches('\n').count() + 1;
        ConfigError { file: self.file.to_owned(), line, field: field.to_owned(), problem: problem.into() }
    }

    fn milli(&self, at: std::ops::Range<usize>, field: &str, value: i64) -> Result<i32, ConfigError> {
        if value.abs() <= MILLI_MAX {
            return Ok(value as i32);
        }
        Err(self.error(at, field, format!("{value} is not between -{MILLI_MAX} and {MILLI_MAX} thousandths")))
    }

    fn points(&self, row: &SignRow) -> Result<Points, ConfigError> {
        let word = row.code.get_ref();
        let sign = Sign::ALL.iter().copied().find(|sign| sign.word() == word).ok_or_else(|| {
            let known: Vec<&str> = Sign::ALL.iter().map(|sign| sign.word()).collect();
            self.error(row.code.span(), "code", format!("there is no sign `{word}`; there are {}", known.join(", ")))
        })?;
        let upto = row.upto.get_ref().clone();
        if !upto.windows(2).all(|two| two[0] < two[1]) || upto.len() >= BANDS_MAX {
            let problem = format!("give fewer than {BANDS_MAX} edges, each above the one before");
            return Err(self.error(row.upto.span(), "upto", problem));
        }
        if row.points.get_ref().len() != upto.len() + 1 {
            let problem = format!("there are {} bands: give as many points", upto.len() + 1);
            return Err(self.error(row.points.span(), "points", problem));
        }
        let milli = row.points.get_ref().iter().map(|points| self.milli(row.points.span(), "points", *points));
        let milli: Vec<i32> = milli.collect::<Result<_, _>>()?;
        let falls = |two: &[i32]| if sign.is_worse_above() { two[0] > two[1] } else { two[0] < two[1] };
        if milli.windows(2).any(falls) {
            let more = if sign.is_worse_above() { "rise" } else { "fall" };
            return Err(self.error(
                row.points.span(),
                "points",
                format!("points of `{word}` have to {more} with its value"),
            ));
        }
        let unknown = row.unknown.as_ref().map(|value| self.milli(value.span(), "unknown", *value.get_ref()));
        Ok(Points { sign, upto, milli, unknown_milli: unknown.transpose()?.unwrap_or(0) })
    }
}

impl Model {
    /// The text of the model that the platform comes with.
    pub const USUAL: &str = include_str!("../../config/early.toml");

    /// The model that the platform comes with. Errors never, while its test passes.
    pub fn usual() -> Result<Model, ConfigError> {
        Model::parse("early.toml", Model::USUAL)
    }

    /// Reads a model; `file` is its name in complaints, which name line and field.
    pub fn parse(file: &str, text: &str) -> Result<Model, ConfigError> {
        let source = Source { file, text };
        let read: File = toml::from_str(text)
            .map_err(|error| source.error(error.span().unwrap_or(0..0), "file", error.message().to_owned()))?;
        let days = *read.missed_after_days.get_ref();
        if !(0..=60).contains(&days) {
            let problem = format!("{days} is not between 0 and 60 days");
            return Err(source.error(read.missed_after_days.span(), "missed_after_days", problem));
        }
        if *read.version.get_ref() == 0 {
            return Err(source.error(read.version.span(), "version", "versions begin with 1"));
        }
        let mut signs: Vec<Points> = Vec::new();
        for row in &read.sign {
            let points = source.points(row)?;
            if signs.iter().any(|other| other.sign == points.sign) {
                return Err(source.error(row.code.span(), "code", format!("`{}` is there twice", points.sign.word())));
            }
            signs.push(points);
        }
        if signs.is_empty() {
            return Err(source.error(read.code.span(), "sign", "there is none: add a [[sign]]"));
        }
        signs.sort_by_key(|points| points.sign);
        Ok(Model {
            code: read.code.get_ref().clone(),
            version: *read.version.get_ref(),
            origin: read.origin.trim().to_owned(),
            missed_after_days: days as i32,
            intercept_milli: source.milli(read.intercept.span(), "intercept", *read.intercept.get_ref())?,
            signs,
        })
    }

    /// The model as a file.
    pub fn to_toml(&self) -> String {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut out = String::new();
        let _ =
            writeln!(out, "code = {}\nversion = {}\norigin = {}", text(&self.code), self.version, text(&self.origin));
        let _ = writeln!(out, "missed_after_days = {}\nintercept = {}", self.missed_after_days, self.intercept_milli);
        for points in &self.signs {
            let _ = writeln!(
                out,
                "\n[[sign]]\ncode = \"{}\"\nupto = {:?}\npoints = {:?}\nunknown = {}",
                points.sign.word(),
                points.upto,
                points.milli,
                points.unknown_milli
            );
        }
        out
    }

    /// What the model alone says: the chance of a miss, millionths, never 0 nor 1.
    pub fn chance_ppm(&self, signs: &Signs) -> u32 {
        let milli = self.signs.iter().map(|points| points.of(signs.get(points.sign))).sum::<i32>();
        let chance = logistic(f64::from(self.intercept_milli + milli) / 1_000.0);
        (chance * f64::from(PPM)).clamp(1.0, f64::from(PPM - 1)) as u32
    }

    /// What is said of an instalment, after what came of earlier ones.
    pub fn forecast(&self, signs: &Signs, so_far: &Reliability) -> Forecast {
        let said_ppm = self.chance_ppm(signs);
        let reasons = self.signs.iter().filter_map(|points| {
            let value = signs.get(points.sign)?;
            Some(Reason { sign: points.sign, value, milli: points.of(Some(value)) })
        });
        let mut reasons: Vec<Reason> = reasons.filter(|reason| reason.milli >= REASON_MILLI).collect();
        reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.milli), reason.sign));
        reasons.truncate(REASONS_MAX);
        Forecast { said_ppm, chance_ppm: so_far.corrected(said_ppm), reasons }
    }
}

/// A chance as people say it, in Chinese and English: so many of ten households, or of a hundred where it is less than one of ten.
pub fn words(chance_ppm: u32) -> (String, String) {
    let tenths = (chance_ppm + 50_000) / 100_000;
    let hundredths = (chance_ppm + 5_000) / 10_000;
    match (tenths, hundredths) {
        (_, 0) => ("百户里不到一户".to_owned(), "fewer than one household in a hundred".to_owned()),
        (10, _) => ("几乎每户".to_owned(), "nearly every household".to_owned()),
        (tenths, hundredths) if hundredths >= 10 => {
            let number = ["零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十"];
            let zh = number.get(tenths as usize).copied().unwrap_or("十");
            (format!("十户里约{zh}户"), format!("about {tenths} in ten households"))
        }
        (_, hundredths) => (format!("百户里约 {hundredths} 户"), format!("about {hundredths} in a hundred households")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_that_comes_with_the_platform_is_whole() {
        let usual = Model::usual().unwrap();
        assert_eq!(usual.signs.iter().map(|points| points.sign).collect::<Vec<_>>(), Sign::ALL);
        assert!(!usual.origin.is_empty());
        assert_eq!(Model::parse("again", &usual.to_toml()).unwrap(), usual);
    }

    #[test]
    fn complaints_name_line_and_field() {
        let text = "code = \"own\"\nversion = 1\norigin = \"\"\nmissed_after_days = 3\nintercept = -2000\n\n[[sign]]\n";
        let wrong = |sign: &str| Model::parse("own.toml", &format!("{text}{sign}")).unwrap_err().to_string();
        let cases = [
            ("code = \"moon\"\nupto = []\npoints = [0]\n", "own.toml:8: code: there is no sign `moon`"),
            (
                "code = \"overdue_now\"\nupto = [5, 5]\npoints = [0, 1, 2]\n",
                "own.toml:9: upto: give fewer than 12 edges",
            ),
            ("code = \"overdue_now\"\nupto = [5]\npoints = [0]\n", "own.toml:10: points: there are 2 bands"),
            (
                "code = \"overdue_now\"\nupto = [5]\npoints = [9, 0]\n",
                "own.toml:10: points: points of `overdue_now` have to rise",
            ),
            ("code = \"buffer_days\"\nupto = [5]\npoints = [0, 9]\n", "have to fall with its value"),
            ("code = \"overdue_now\"\nupto = [5]\npoints = [0, 99999]\n", "is not between -20000 and 20000"),
        ];
        for (sign, said) in cases {
            assert!(wrong(sign).contains(said), "{}", wrong(sign));
        }
        assert!(Model::parse("x", "code = 1").unwrap_err().to_string().starts_with("x:1: file:"));
    }

    #[test]
    fn reasons_are_the_strongest_first_and_chances_are_said_plainly() {
        let text = "code = \"own\"\nversion = 1\norigin = \"\"\nmissed_after_days = 3\nintercept = -3000\n\
            [[sign]]\ncode = \"overdue_now\"\nupto = [0]\npoints = [0, 2000]\n\
            [[sign]]\ncode = \"buffer_days\"\nupto = [7]\npoints = [500, 0]\nunknown = 300\n\
            [[sign]]\ncode = \"silent_days\"\nupto = [30]\npoints = [0, 100]\n";
        let model = Model::parse("own.toml", text).unwrap();
        let mut signs = Signs::default();
        signs.put(Sign::OverdueNow, Some(12));
        signs.put(Sign::BufferDays, Some(3));
        signs.put(Sign::SilentDays, Some(40));
        let said = model.forecast(&signs, &Reliability::default());
        // -3 + 2 + 0.5 + 0.1 = -0.4.
        assert_eq!(said.said_ppm, 401_312);
        let told: Vec<String> = said.reasons.iter().map(|reason| reason.words().0).collect();
        assert_eq!(told, ["现在有一期已经逾期 12 天", "余额只够平常花 3 天"]);
        assert!((said.reasons[0].odds_times() - 7.389).abs() < 0.001);
        assert_eq!(model.chance_ppm(&Signs::default()), 62_973, "unknown counts as the file says");
        let zh = [4_000, 23_000, 94_000, 96_000, 310_000, 960_000].map(|ppm| words(ppm).0);
        assert_eq!(
            zh,
            ["百户里不到一户", "百户里约 2 户", "百户里约 9 户", "十户里约一户", "十户里约三户", "几乎每户"]
        );
        assert_eq!(words(310_000).1, "about 3 in ten households");
    }
}
