//! What is published outside and products refer to: reference rates and holiday calendars, shipped and an institution's own.

use crate::{Holidays, LoanError, ReferenceRates};

/// The tables that product files are read against.
///
/// An institution adds its own files to the shipped ones: rows of its own take the place of shipped rows of the same
/// code and day, years of its own the place of shipped years of the same calendar.
///
/// ```
/// use basics::Date;
/// let own = "\
/// [[rate]]
/// code = \"LPR-1Y\"
/// from = \"2099-01-20\"
/// percent = \"2.50\"
/// source = \"the notice of that day\"
/// sure = \"text\"
/// ";
/// let published = loan::Published::shipped()?.with_rates("rates/2099.toml", own)?;
/// assert_eq!(published.rates.on("LPR-1Y", Date::ymd(2099, 2, 1)?)?.to_string(), "2.50");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Reference rates by code and day.
    pub rates: ReferenceRates,
    /// Holiday calendars, one a code.
    pub calendars: Vec<Holidays>,
    /// What the institution's own files say so far, each with its file: none of it may be said twice.
    said: Vec<(String, String)>,
}

impl Published {
    /// The tables that are shipped.
    pub fn shipped() -> Result<Published, LoanError> {
        let calendars = Holidays::SHIPPED.iter().map(|(file, text)| Holidays::parse(file, text));
        let calendars = calendars.collect::<Result<_, _>>()?;
        Ok(Published { rates: ReferenceRates::shipped()?, calendars, said: Vec::new() })
    }

    /// With the rates of a file of the institution's own. `file` names it in errors, which name line and field too.
    ///
    /// Errors also if another of its files has a rate of the same code from the same day.
    pub fn with_rates(mut self, file: &str, text: &str) -> Result<Published, LoanError> {
        let own = ReferenceRates::parse(file, text)?;
        for row in own.rows() {
            let from = row.from.to_string();
            self.say_once(format!("`{}` from {from}", row.code), "rate.from", (file, text, &from))?;
        }
        self.rates = self.rates.corrected(&own);
        Ok(self)
    }

    /// With the calendar of a file of the institution's own: further years, or another code. Errors as above, also if
    /// another of its files has the same year of the same calendar.
    pub fn with_calendar(mut self, file: &str, text: &str) -> Result<Published, LoanError> {
        let own = Holidays::parse(file, text)?;
        for year in &own.years {
            let number = year.year.to_string();
            self.say_once(format!("the year {number} of `{}`", own.code), "year.year", (file, text, &number))?;
        }
        match self.calendars.iter_mut().find(|shipped| shipped.code == own.code) {
            Some(shipped) => *shipped = shipped.corrected(&own),
            None => self.calendars.push(own),
        }
        Ok(self)
    }

    fn say_once(&mut self, what: String, field: &str, place: (&str, &str, &str)) -> Result<(), LoanError> {
        let (file, text, word) = place;
        if let Some((_, other)) = self.said.iter().find(|(said, _)| *said == what) {
            let line = (1..).zip(text.lines()).find(|(_, line)| line.contains(word)).map_or(1, |(number, _)| number);
            let problem = format!("{what} stands in {other} already: keep it in one file");
            return Err(LoanError::ProductFile { file: file.to_owned(), line, field: field.to_owned(), problem });
        }
        self.said.push((what, file.to_owned()));
        Ok(())
    }

    /// A calendar by its code. Errors, naming those there are, if there is none.
    pub fn calendar(&self, code: &str) -> Result<&Holidays, LoanError> {
        self.calendars.iter().find(|calendar| calendar.code == code).ok_or_else(|| {
            let known: Vec<&str> = self.calendars.iter().map(|calendar| calendar.code.as_str()).collect();
            LoanError::NoCalendar { code: code.chars().take(40).collect(), known: known.join(", ") }
        })
    }
}

#[cfg(test)]
mod tests {
    use basics::{Date, Roll};

    use super::*;

    const OWN_RATES: &str = "\
[[rate]]
code = \"LPR-1Y\"
from = \"2025-05-20\"
percent = \"3.05\"
source = \"the notice, read again\"
sure = \"text\"

[[rate]]
code = \"COUNTY\"
from = \"2026-01-01\"
percent = \"4.10\"
source = \"the county's own\"
sure = \"own\"
";

    #[test]
    fn own_rates_stand_beside_the_shipped_ones_and_correct_them() {
        let day = |text| Date::parse(text).unwrap();
        let published = Published::shipped().unwrap().with_rates("rates/own.toml", OWN_RATES).unwrap();
        let on = |code, date| published.rates.on(code, day(date)).map(|rate| rate.ppm());
        assert_eq!(on("LPR-1Y", "2025-05-19"), Ok(31_000), "the row before is the shipped one");
        assert_eq!(on("LPR-1Y", "2025-05-20"), Ok(30_500), "the own row takes its place");
        assert_eq!(on("COUNTY", "2026-03-05"), Ok(41_000));
        let shipped = Published::shipped().unwrap();
        assert_eq!(published.rates.rows().len(), shipped.rates.rows().len() + 1);
        let twice = published.with_rates("rates/other.toml", OWN_RATES).unwrap_err();
        insta::assert_snapshot!(twice, @"rates/other.toml, line 3, `rate.from`: `LPR-1Y` from 2025-05-20 stands in rates/own.toml already: keep it in one file");
    }

    #[test]
    fn own_years_take_the_place_of_shipped_ones() {
        let year = |year: i16, off: &str| {
            format!(
                "[[year]]\nyear = {year}\nsource = \"s\"\nsure = \"own\"\nholidays = [\"{off}\"]\nworking_days = []\n"
            )
        };
        let head = "code = \"cn\"\nname_zh = \"x\"\nname_en = \"x\"\n";
        let own = format!("{head}{}{}", year(2026, "2026-03-05"), year(2027, "2027-01-01"));
        let published = Published::shipped().unwrap().with_calendar("calendars/own.toml", &own).unwrap();
        let calendar = published.calendar("cn").unwrap();
        assert_eq!(calendar.years.iter().map(|year| year.year).collect::<Vec<_>>(), [2025, 2026, 2027]);
        let rolled = |text| calendar.calendar.roll(Date::parse(text).unwrap(), Roll::Following).to_string();
        assert_eq!(rolled("2025-10-01"), "2025-10-09", "a year that the own file does not name stays");
        assert_eq!(rolled("2026-10-01"), "2026-10-01", "a year that it names is as it says");
        assert_eq!(rolled("2026-03-05"), "2026-03-06");
        assert_eq!(rolled("2027-01-01"), "2027-01-04");
        let other = own.replace("\"cn\"", "\"county\"");
        let both = published.with_calendar("calendars/county.toml", &other).unwrap();
        let twice = both.clone().with_calendar("calendars/again.toml", &other).unwrap_err();
        insta::assert_snapshot!(twice, @"calendars/again.toml, line 5, `year.year`: the year 2026 of `county` stands in calendars/county.toml already: keep it in one file");
        insta::assert_snapshot!(both.calendar("moon").unwrap_err(), @"there is no holiday calendar `moon`: choose one of cn, county, or leave the roll out");
    }
}
