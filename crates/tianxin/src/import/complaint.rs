//! Everything that is wrong with a book, told at once: which file, row and column, what, and what to do.

use crate::failure::Failure;
use crate::terminal::log;

/// Complaints that are printed one by one.
const SHOWN: usize = 200;

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line in it, from 1; 0 where the file as a whole is meant.
    pub row: u64,
    /// The column's name; empty where the row as a whole is meant.
    pub column: String,
}

/// What is wrong with a row that is no row of the table, and in which line it stands.
pub fn unreadable(error: &csv::Error) -> (u64, String) {
    let line = error.position().map_or(0, csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "it has {len} cells, the header line has {expected_len}: put what has a comma in it into double quotes"
        ),
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8: save the file as CSV UTF-8".to_owned(),
        _ => format!("it cannot be read: {error}"),
    };
    (line, what)
}

/// What was found wrong so far.
#[derive(Debug, Default)]
pub struct Complaints(Vec<(Place, String)>);

impl Complaints {
    /// Adds one.
    pub fn add(&mut self, place: Place, what: impl Into<String>) {
        self.0.push((place, what.into()));
    }

    /// Logs all and fails, unless there are none.
    pub fn none(&self) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        for (Place { file, row, column }, what) in self.0.iter().take(SHOWN) {
            let row = if *row == 0 { String::new() } else { format!(" row {row}") };
            let column = if column.is_empty() { String::new() } else { format!(", {column}") };
            log(&format!("{file}{row}{column}: {what}"));
        }
        if self.0.len() > SHOWN {
            log(&format!("… and {} more", self.0.len() - SHOWN));
        }
        let count = self.0.len();
        Err(Failure::Wrong(format!(
            "{count} things are wrong with this book: nothing was written; correct them and run again"
        )))
    }
}
