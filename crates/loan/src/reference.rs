//! Published rates that contract rates follow: a dated table, given to whoever prices a loan.

use basics::{Date, Rate};
use serde::Deserialize;

use crate::LoanError;

/// A table of published rates, by code and date.
///
/// ```
/// use basics::Date;
/// let table = loan::ReferenceRates::shipped()?;
/// assert_eq!(table.on("LPR-1Y", Date::ymd(2024, 8, 1)?)?.to_string(), "3.35");
/// assert!(table.on("LPR-1Y", Date::ymd(2019, 1, 1)?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferenceRates {
    rates: Vec<ReferenceRate>,
}

/// A published rate from a date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceRate {
    /// Code, such as `LPR-1Y`.
    pub code: String,
    /// First day on which it holds.
    pub from: Date,
    /// A year.
    pub rate: Rate,
    /// Who published it, when.
    pub source: String,
    /// How surely it was checked: `text`, `copy`, `memory`, or `own` for an institution's own.
    pub sure: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    rate: Vec<RateRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateRow {
    code: String,
    from: String,
    percent: String,
    source: String,
    sure: String,
}

const SHIPPED_FILE: &str = "reference-rates.toml";

impl ReferenceRates {
    /// The table that is shipped. Every figure names its source and how surely it was checked.
    pub fn shipped() -> Result<ReferenceRates, LoanError> {
        ReferenceRates::parse(SHIPPED_FILE, include_str!("../data/reference-rates.toml"))
    }

    /// Reads a table. `file` names it in errors, which name line and field too.
    pub fn parse(file: &str, text: &str) -> Result<ReferenceRates, LoanError> {
        let wrong = |line: usize, field: &str, problem: String| LoanError::ProductFile {
            file: file.to_owned(),
            line,
            field: field.to_owned(),
            problem,
        };
        let raw: TableFile = toml::from_str(text).map_err(|e| {
            let start = e.span().map_or(0, |span| span.start);
            let line = text.get(..start).unwrap_or("").matches('\n').count() + 1;
            wrong(line, "rate", e.message().replace('\n', "; "))
        })?;
        // Each row begins at its own head.
        let heads: Vec<usize> =
            (1..).zip(text.lines()).filter(|(_, l)| l.trim() == "[[rate]]").map(|(n, _)| n).collect();
        let mut rates: Vec<ReferenceRate> = Vec::with_capacity(raw.rate.len());
        for (index, row) in raw.rate.into_iter().enumerate() {
            let line = heads.get(index).copied().unwrap_or(1);
            let from = Date::parse(&row.from).map_err(|e| wrong(line, "rate.from", e.to_string()))?;
            let rate = Rate::parse_percent(&row.percent).map_err(|e| wrong(line, "rate.percent", e.to_string()))?;
            if !["text", "copy", "memory", "own"].contains(&row.sure.as_str()) {
                let problem = format!("`{}` is not known: choose `text`, `copy`, `memory` or `own`", row.sure);
                return Err(wrong(line, "rate.sure", problem));
            }
            if rates.iter().any(|other| other.code == row.code && other.from == from) {
                return Err(wrong(line, "rate.from", format!("`{}` has two rates from {from}", row.code)));
            }
            rates.push(ReferenceRate { code: row.code, from, rate, source: row.source, sure: row.sure });
        }
        Ok(ReferenceRates { rates })
    }

    /// The rate of a code that holds on a date. Errors if none was published by then.
    pub fn on(&self, code: &str, date: Date) -> Result<Rate, LoanError> {
        self.row_on(code, date)
            .map(|row| row.rate)
            .ok_or_else(|| LoanError::NoReference { code: code.to_owned(), date })
    }

    /// This table with the rows of another in the place of its own of the same code and day, and its further ones added.
    #[must_use]
    pub fn corrected(&self, own: &ReferenceRates) -> ReferenceRates {
        let replaced =
            |row: &&ReferenceRate| own.rates.iter().any(|other| other.code == row.code && other.from == row.from);
        let mut rates: Vec<ReferenceRate> = self.rates.iter().filter(|row| !replaced(row)).cloned().collect();
        rates.extend(own.rates.iter().cloned());
        rates.sort_by(|a, b| (&a.code, a.from).cmp(&(&b.code, b.from)));
        ReferenceRates { rates }
    }

    /// The row of a code that holds on a date, with its source.
    pub fn row_on(&self, code: &str, date: Date) -> Option<&ReferenceRate> {
        self.rates.iter().filter(|rate| rate.code == code && rate.from <= date).max_by_key(|rate| rate.from)
    }

    /// The last row of a code, with its source.
    pub fn newest(&self, code: &str) -> Option<&ReferenceRate> {
        self.rates.iter().filter(|rate| rate.code == code).max_by_key(|rate| rate.from)
    }

    /// The codes there are, each once.
    pub fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.rates.iter().map(|rate| rate.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// All rows, as they are listed.
    pub fn rows(&self) -> &[ReferenceRate] {
        &self.rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_holds_until_the_next() {
        let table = ReferenceRates::shipped().unwrap();
        let on = |code, date| table.on(code, Date::parse(date).unwrap()).map(|rate| rate.ppm());
        assert_eq!(on("LPR-1Y", "2025-05-19"), Ok(31_000));
        assert_eq!(on("LPR-1Y", "2025-05-20"), Ok(30_000));
        assert_eq!(on("LPR-5Y", "2026-03-05"), Ok(35_000));
        assert!(table.rows().iter().all(|row| !row.source.is_empty()));
    }

    #[test]
    fn errors_name_line_and_field() {
        let row = |from: &str, percent: &str, sure: &str| {
            format!(
                "[[rate]]\ncode = \"A\"\nfrom = \"{from}\"\npercent = \"{percent}\"\nsource = \"s\"\nsure = \"{sure}\"\n"
            )
        };
        let cases = [
            row("2026-13-01", "3", "own"),
            row("2026-01-01", "3.00001", "own"),
            row("2026-01-01", "3", "surely"),
            row("2026-01-01", "3", "own") + &row("2026-01-01", "4", "own"),
            "[[rate]]\ncode = 3".to_owned(),
        ];
        let errors: Vec<String> =
            cases.iter().map(|text| ReferenceRates::parse("r.toml", text).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        r.toml, line 1, `rate.from`: `2026-13-01` is not a date: give year-month-day such as 2026-03-05, between 1900 and 2400
        r.toml, line 1, `rate.percent`: `3.00001` is not a rate: give percent with at most four decimals, from 0 to 1000
        r.toml, line 1, `rate.sure`: `surely` is not known: choose `text`, `copy`, `memory` or `own`
        r.toml, line 7, `rate.from`: `A` has two rates from 2026-01-01
        r.toml, line 2, `rate`: invalid type: integer `3`, expected a string
        ");
        let missing = ReferenceRates::default().on("LPR-1Y", Date::ymd(2026, 1, 1).unwrap()).unwrap_err();
        insta::assert_snapshot!(missing, @"no `LPR-1Y` was published by 2026-01-01: add it to the table of reference rates");
    }
}
