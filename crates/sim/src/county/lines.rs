//! Where in a county file a field stands, so that an error can say it.

use super::CountyError;

/// The text of a county file, and what errors call it.
pub struct Lines<'a> {
    file: &'a str,
    text: &'a str,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Lines<'a> {
        Lines { file, text }
    }

    /// The line, from 1, of a field in the nth section of this name; of the section's head if the field is not there.
    fn of(&self, section: &str, nth: usize, field: &str) -> usize {
        // Fields before the first section have none.
        let (mut here, mut met, mut head) = (section.is_empty(), 0, 1);
        for (number, line) in self.text.lines().enumerate().map(|(n, line)| (n + 1, line.trim())) {
            if line.starts_with('[') {
                let name = line.trim_matches(|c| matches!(c, '[' | ']' | ' ')).split(']').next().unwrap_or_default();
                here = name == section && met == nth;
                met += usize::from(name == section);
                head = if here { number } else { head };
            } else if here && line.split('=').next().is_some_and(|key| key.trim() == field) {
                return number;
            }
        }
        head
    }

    /// Errors unless a figure lies within a range.
    pub(super) fn within(
        &self,
        (section, nth, field): (&str, usize, &str),
        found: i64,
        (low, high): (i64, i64),
    ) -> Result<(), CountyError> {
        if (low..=high).contains(&found) {
            return Ok(());
        }
        let (file, line) = (self.file.to_owned(), self.of(section, nth, field));
        Err(CountyError::Range { file, line, field: format!("{section}.{field}"), found, low, high })
    }

    /// Errors unless shares make exactly this whole; the line is the first one's.
    pub(super) fn whole(&self, section: &str, field: &str, found: i64, whole: i64) -> Result<(), CountyError> {
        if found == whole { Ok(()) } else { Err(self.shares((section, 0, field), found, whole)) }
    }

    /// Errors if shares of one section make more than this whole.
    pub(super) fn at_most(&self, section: &str, field: &str, found: i64, whole: i64) -> Result<(), CountyError> {
        if found <= whole { Ok(()) } else { Err(self.shares((section, 0, field), found, whole)) }
    }

    pub(super) fn shares(&self, (section, nth, field): (&str, usize, &str), found: i64, whole: i64) -> CountyError {
        let (file, line) = (self.file.to_owned(), self.of(section, nth, field));
        CountyError::Shares { file, line, field: format!("{section}.{field}"), found, whole }
    }

    pub(super) fn no_harvest(&self, nth: usize, crop: &str) -> CountyError {
        let (file, line) = (self.file.to_owned(), self.of("crop", nth, "income"));
        CountyError::NoHarvest { file, line, crop: crop.to_owned() }
    }

    pub(super) fn unknown(&self, section: &str, nth: usize, field: &str, found: &str, known: &[&str]) -> CountyError {
        CountyError::Unknown {
            file: self.file.to_owned(),
            line: self.of(section, nth, field),
            field: if section.is_empty() { field.to_owned() } else { format!("{section}.{field}") },
            found: found.to_owned(),
            known: known.join(", "),
        }
    }

    pub(super) fn empty(&self, section: &str) -> CountyError {
        CountyError::Empty { file: self.file.to_owned(), section: section.to_owned() }
    }

    /// Errors if a name stands twice among the sections of one kind.
    pub(super) fn not_twice<'b>(&self, section: &str, names: impl Iterator<Item = &'b str>) -> Result<(), CountyError> {
        let mut met: Vec<&str> = Vec::new();
        for (nth, name) in names.enumerate() {
            if met.contains(&name) {
                let (file, line) = (self.file.to_owned(), self.of(section, nth, "code"));
                return Err(CountyError::Twice { file, line, field: section.to_owned(), found: name.to_owned() });
            }
            met.push(name);
        }
        Ok(())
    }
}
