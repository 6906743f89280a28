//! The cells of a table as text, column by column, so that types can be told from content.

use std::collections::HashSet;
use std::io::Read;

use super::cell::{date, is_missing, number, with_point};
use crate::ScoreError;

/// Most columns of a table.
const COLUMNS_MAX: usize = 20_000;
/// How much is read ahead to find the separator.
const HEAD_BYTES: u64 = 1 << 16;
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

    /// Writes decimal commas as points, if that makes every cell a number.
    fn put_points(&mut self) {
        let mut pointed = Cells::default();
        for row in 0..self.ends.len() {
            let cell = self.get(row);
            match with_point(cell) {
                Some(number) => pointed.push(&number),
                None if is_missing(cell) || number(cell).is_some() => pointed.push(cell),
                None => return,
            }
        }
        *self = pointed;
    }
}

impl Table {
    /// Reads separated text with a header line, UTF-8, a byte order mark allowed. The separator is the comma, the semicolon or
    /// the tab, whichever stands most often in the header line; with semicolons, numbers may have a decimal comma.
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
    pub fn read_csv(mut text: impl Read) -> Result<Table, ScoreError> {
        let refused = |error: csv::Error| match error.kind() {
            csv::ErrorKind::Utf8 { .. } => {
                ScoreError::NotATable(format!("{error}: it is not UTF-8, save it as UTF-8 and try again"))
            }
            _ => ScoreError::NotATable(error.to_string()),
        };
        let mut head = Vec::new();
        let told = |error: std::io::Error| ScoreError::NotATable(error.to_string());
        text.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(told)?;
        let separator = separator_of(&head);
        let mut reader =
            csv::ReaderBuilder::new().delimiter(separator).from_reader(std::io::Cursor::new(head).chain(text));
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
        if separator == b';' {
            table.columns.iter_mut().for_each(Cells::put_points);
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

/// What stands between the cells of the first line, as far as it was read: the comma where nothing tells.
fn separator_of(head: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in head {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            _ if is_quoted => {}
            byte => counts.iter_mut().filter(|(separator, _)| separator == byte).for_each(|(_, count)| *count += 1),
        }
    }
    // The first of equals wins.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| *separator)
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
        let semicolons = Table::read_csv("a;b;\"c,d\"\n1,5;x;2\n;y,z;-0,25\n".as_bytes()).unwrap();
        assert_eq!(semicolons.names(), ["a", "b", "c,d"]);
        assert_eq!([(0, 0), (1, 1), (2, 1)].map(|(c, r)| semicolons.cell(c, r)), ["1.5", "y,z", "-0.25"]);
        let tabs = Table::read_csv("a\tb\r\n\"1\n2\"\t3\r\n\r\n".as_bytes()).unwrap();
        assert_eq!((tabs.rows(), tabs.cell(0, 0), tabs.cell(1, 0)), (1, "1\n2", "3"));
        assert!(table.position("c").is_err() && table.quantities("b").is_err());
        assert_eq!((table.quantities("a").unwrap(), table.dates("a").unwrap()), (vec![1.0], None));
    }
}
