//! The cells of a table as text, column by column, so that types can be told from content.

use std::collections::HashSet;
use std::io::Read;

use super::cell::{date, number};
use crate::ScoreError;

/// Most columns of a table.
const COLUMNS_MAX: usize = 20_000;
/// Most rows of a table.
const ROWS_MAX: usize = 50_000_000;

/// A table of text: names of columns and a cell a row, blanks around cells taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Cells>,
    rows: usize,
}

/// The cells of a column, one after the other in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    fn push(&mut self, cell: &str) {
        self.text.push_str(cell.trim());
        self.ends.push(self.text.len());
    }

    fn get(&self, row: usize) -> &str {
        let begin = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[begin..self.ends[row]]
    }
}

impl Table {
    /// Reads comma-separated text with a header line, UTF-8, a byte order mark allowed.
    ///
    /// Errors if a line has another number of cells than the header, two columns have one name, there
    /// is no row, or the text is no UTF-8.
    ///
    /// ```
    /// use score::frame::Table;
    /// let table = Table::read_csv("income,bad\n1200,0\n , 1\n".as_bytes()).unwrap();
    /// assert_eq!((table.rows(), table.cell(1, 1)), (2, "1"));
    /// assert!(Table::read_csv("a,a\n1,2\n".as_bytes()).is_err());
    /// ```
    pub fn read_csv(text: impl Read) -> Result<Table, ScoreError> {
        let refused = |error: csv::Error| ScoreError::NotATable(error.to_string());
        let mut reader = csv::ReaderBuilder::new().from_reader(text);
        let names: Vec<String> = reader.headers().map_err(refused)?.iter().map(clean_name).collect();
        let mut table = Table::with_columns(names)?;
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(refused)? {
            if table.rows >= ROWS_MAX {
                return Err(ScoreError::NotATable(format!("it has more than {ROWS_MAX} rows: give a part of it")));
            }
            for (column, cell) in table.columns.iter_mut().zip(record.iter()) {
                column.push(cell);
            }
            table.rows += 1;
        }
        if table.rows == 0 {
            return Err(ScoreError::NotATable("it has no rows below the header".to_owned()));
        }
        Ok(table)
    }

    fn with_columns(names: Vec<String>) -> Result<Table, ScoreError> {
        if names.is_empty() || names.iter().all(String::is_empty) {
            return Err(ScoreError::NotATable("it has no header line with the names of columns".to_owned()));
        }
        if names.len() > COLUMNS_MAX {
            return Err(ScoreError::NotATable(format!("it has more than {COLUMNS_MAX} columns")));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(ScoreError::DuplicateColumn(twice.clone()));
        }
        let columns = names.iter().map(|_| Cells::default()).collect();
        Ok(Table { names, columns, rows: 0 })
    }

    /// Number of rows, the header not counted.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Names of the columns, in the order of the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// A cell; empty where it is missing. Panics only if the position is outside the table.
    pub fn cell(&self, column: usize, row: usize) -> &str {
        self.columns[column].get(row)
    }

    /// The cells of a column, from the first row on.
    pub fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        (0..self.rows).map(move |row| self.columns[column].get(row))
    }

    /// Where a column stands. Errors if there is none of that name.
    pub fn position(&self, name: &str) -> Result<usize, ScoreError> {
        self.names
            .iter()
            .position(|n| n == name)
            .ok_or_else(|| ScoreError::NoColumn { column: name.to_owned(), known: listed(&self.names) })
    }

    /// A column of numbers without gaps, such as weights. Errors at the first cell that is none.
    pub fn quantities(&self, name: &str) -> Result<Vec<f64>, ScoreError> {
        let read = |(row, cell): (usize, &str)| {
            let wrong = || ScoreError::NotATable(format!("row {} of column `{name}` is no number: `{cell}`", row + 1));
            number(cell).filter(|n| n.is_finite()).ok_or_else(wrong)
        };
        self.cells(self.position(name)?).enumerate().map(read).collect()
    }

    /// A column of dates without gaps, as days since 1970-01-01; none if a cell is no date.
    pub fn dates(&self, name: &str) -> Result<Option<Vec<f64>>, ScoreError> {
        Ok(self.cells(self.position(name)?).map(date).collect())
    }

    /// These rows, in this order.
    pub fn take(&self, rows: &[usize]) -> Table {
        let columns = self.columns.iter().map(|cells| {
            let mut taken = Cells::default();
            rows.iter().for_each(|row| taken.push(cells.get(*row)));
            taken
        });
        Table { names: self.names.clone(), columns: columns.collect(), rows: rows.len() }
    }
}

/// Some names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn clean_name(name: &str) -> String {
    name.trim_start_matches('\u{feff}').trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_table_says_why() {
        let told: Vec<String> = ["", "a,b\n", "a,b\n1\n", "a,b,a\n1,2,3\n", "a\n\u{1}\n"]
            .iter()
            .map(|text| Table::read_csv(text.as_bytes()).map(|_| "read".to_owned()).unwrap_or_else(|e| e.to_string()))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        the table cannot be read: it has no header line with the names of columns
        the table cannot be read: it has no rows below the header
        the table cannot be read: CSV error: record 1 (line: 2, byte: 4): found record with 1 fields, but the previous record has 2 fields
        two columns are named `a`: rename one of them
        read
        ");
        assert!(Table::read_csv(&[b'a', b'\n', 0xff, b'\n'][..]).is_err());
        let table = Table::read_csv("\u{feff}a,b\n1,\"x,y\"\n".as_bytes()).unwrap();
        assert_eq!((table.names()[0].as_str(), table.cell(1, 0)), ("a", "x,y"));
        assert!(table.position("c").is_err() && table.quantities("b").is_err());
        assert_eq!((table.quantities("a").unwrap(), table.dates("a").unwrap()), (vec![1.0], None));
    }
}
