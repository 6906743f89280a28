//! Holiday calendars as files: which days are off beside weekends, and which weekend days are worked.

use basics::{Date, HolidayCalendar};
use serde::Deserialize;

use crate::{LoanError, Published};

/// A holiday calendar with the years it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holidays {
    /// Code, as products and rule packs name it.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// The days.
    pub calendar: HolidayCalendar,
    /// The years that were published, with source and how surely it was checked. In other years only weekends are off.
    pub years: Vec<HolidayYear>,
}

/// A year that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolidayYear {
    /// The year.
    pub year: i16,
    /// Where it was published.
    pub source: String,
    /// How surely it was checked: `text`, `copy`, `memory`, or `own`.
    pub sure: String,
    /// Days off beside weekends.
    pub holidays: Vec<Date>,
    /// Weekend days that are worked.
    pub working_days: Vec<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidayFile {
    code: String,
    name_zh: String,
    name_en: String,
    year: Vec<YearTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YearTable {
    year: i16,
    source: String,
    sure: String,
    holidays: Vec<String>,
    working_days: Vec<String>,
}

impl Holidays {
    /// The calendars that are shipped: file name and text.
    pub const SHIPPED: [(&'static str, &'static str); 1] =
        [("holidays/cn.toml", include_str!("../data/holidays/cn.toml"))];

    /// Reads a calendar. `file` names it in errors, which name line and field too.
    pub fn parse(file: &str, text: &str) -> Result<Holidays, LoanError> {
        let line_with =
            |word: &str| (1..).zip(text.lines()).find(|(_, line)| line.contains(word)).map_or(1, |(n, _)| n);
        let wrong = |line: usize, field: &str, problem: String| LoanError::ProductFile {
            file: file.to_owned(),
            line,
            field: field.to_owned(),
            problem,
        };
        let raw: HolidayFile = toml::from_str(text).map_err(|e| {
            let start = e.span().map_or(0, |span| span.start);
            let line = text.get(..start).unwrap_or("").matches('\n').count() + 1;
            wrong(line, "year", e.message().replace('\n', "; "))
        })?;
        let mut years: Vec<HolidayYear> = Vec::with_capacity(raw.year.len());
        for year in raw.year {
            if years.iter().any(|other| other.year == year.year) {
                let line = line_with(&format!("year = {}", year.year));
                return Err(wrong(line, "year.year", format!("{} is listed twice: keep one of both", year.year)));
            }
            if !["text", "copy", "memory", "own"].contains(&year.sure.as_str()) {
                let problem = format!("`{}` is not known: choose `text`, `copy`, `memory` or `own`", year.sure);
                return Err(wrong(line_with(&format!("\"{}\"", year.sure)), "year.sure", problem));
            }
            let dates = |field: &str, list: &[String]| {
                list.iter()
                    .map(|text| {
                        let date = Date::parse(text).map_err(|e| wrong(line_with(text), field, e.to_string()))?;
                        if date.year() == year.year {
                            return Ok(date);
                        }
                        Err(wrong(line_with(text), field, format!("{date} is not in {}", year.year)))
                    })
                    .collect::<Result<Vec<Date>, LoanError>>()
            };
            let working_days = dates("year.working_days", &year.working_days)?;
            if let Some(day) = working_days.iter().find(|day| day.weekday() <= 5) {
                let problem = format!("{day} is a weekday, worked anyway: list weekend days that are made up");
                return Err(wrong(line_with(&day.to_string()), "year.working_days", problem));
            }
            let holidays = dates("year.holidays", &year.holidays)?;
            if let Some(day) = holidays.iter().find(|day| working_days.contains(day)) {
                let problem = format!("{day} is both off and worked");
                return Err(wrong(line_with(&day.to_string()), "year.holidays", problem));
            }
            years.push(HolidayYear { year: year.year, source: year.source, sure: year.sure, holidays, working_days });
        }
        Ok(Holidays::of(raw.code, raw.name_zh, raw.name_en, years))
    }

    /// This calendar with the years of another in the place of its own of the same number, and its further ones added.
    #[must_use]
    pub fn corrected(&self, own: &Holidays) -> Holidays {
        let kept = self.years.iter().filter(|year| own.years.iter().all(|other| other.year != year.year));
        let mut years: Vec<HolidayYear> = kept.chain(&own.years).cloned().collect();
        years.sort_by_key(|year| year.year);
        Holidays::of(own.code.clone(), own.name_zh.clone(), own.name_en.clone(), years)
    }

    /// Whether the days off of a year were published: in other years only weekends are off.
    pub fn knows(&self, year: i16) -> bool {
        self.years.iter().any(|known| known.year == year)
    }

    fn of(code: String, name_zh: String, name_en: String, years: Vec<HolidayYear>) -> Holidays {
        let calendar = HolidayCalendar::new(
            years.iter().flat_map(|year| year.holidays.iter().copied()),
            years.iter().flat_map(|year| year.working_days.iter().copied()),
        );
        Holidays { code, name_zh, name_en, calendar, years }
    }

    /// A shipped calendar by its code. Errors if there is none.
    ///
    /// ```
    /// use basics::{Date, Roll};
    /// let holidays = loan::Holidays::shipped("cn")?;
    /// let national_day = Date::ymd(2026, 10, 1)?;
    /// assert_eq!(holidays.calendar.roll(national_day, Roll::Following).to_string(), "2026-10-08");
    /// assert!(holidays.calendar.is_business_day(Date::ymd(2026, 10, 10)?)); // a Saturday, made up
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shipped(code: &str) -> Result<Holidays, LoanError> {
        Published::shipped()?.calendar(code).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_of_2026_are_those_of_the_notice() {
        let holidays = Holidays::shipped("cn").unwrap();
        let days = |from: &str, to: &str| {
            let (from, to) = (Date::parse(from).unwrap(), Date::parse(to).unwrap());
            (0..=to - from).filter(|n| holidays.calendar.is_business_day(from.add_days(*n))).count()
        };
        assert_eq!(days("2026-02-15", "2026-02-23"), 0);
        assert_eq!(days("2026-10-01", "2026-10-07"), 0);
        // 261 weekdays, less the weekdays that are off, and the six that are made up.
        assert_eq!(days("2026-01-01", "2026-12-31"), 261 - 19 + 6);
    }

    #[test]
    fn errors_name_line_and_field() {
        let file = |holidays: &str, working: &str| {
            format!(
                "code = \"x\"\nname_zh = \"x\"\nname_en = \"x\"\n[[year]]\nyear = 2026\nsource = \"s\"\nsure = \"own\"\nholidays = [{holidays}]\nworking_days = [{working}]\n"
            )
        };
        let cases = [
            file("\"2026-02-30\"", ""),
            file("\"2025-12-31\"", ""),
            file("", "\"2026-03-05\""),
            file("\"2026-03-07\"", "\"2026-03-07\""),
            file("5", ""),
            file("", "").replace("\"own\"", "\"surely\""),
            format!(
                "{0}{1}",
                file("", ""),
                file("", "").split_once("[[year]]").map(|(_, year)| format!("[[year]]{year}")).unwrap()
            ),
        ];
        let errors: Vec<String> =
            cases.iter().map(|text| Holidays::parse("h.toml", text).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        h.toml, line 8, `year.holidays`: `2026-02-30` is not a date: give year-month-day such as 2026-03-05, between 1900 and 2400
        h.toml, line 8, `year.holidays`: 2025-12-31 is not in 2026
        h.toml, line 9, `year.working_days`: 2026-03-05 is a weekday, worked anyway: list weekend days that are made up
        h.toml, line 8, `year.holidays`: 2026-03-07 is both off and worked
        h.toml, line 8, `year`: invalid type: integer `5`, expected a string
        h.toml, line 7, `year.sure`: `surely` is not known: choose `text`, `copy`, `memory` or `own`
        h.toml, line 5, `year.year`: 2026 is listed twice: keep one of both
        ");
        insta::assert_snapshot!(Holidays::shipped("atlantis").unwrap_err(), @"there is no holiday calendar `atlantis`: choose one of cn, or leave the roll out");
    }
}
