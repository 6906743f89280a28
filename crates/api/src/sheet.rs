//! A table of figures, and the forms it leaves the house in: lines for people, CSV, JSON, Excel.

use basics::money::format_minor;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError};
use serde_json::{Map, Value, json};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name for programs.
    pub name: &'static str,
    /// Its heading for people, in English and Chinese.
    pub heading: &'static str,
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Nothing.
    Empty,
    /// Words.
    Text(String),
    /// Minor units.
    Money(i64),
}

/// A table with its heading.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What it is, for programs.
    pub name: &'static str,
    /// What it is, for people: the institution, the statement, the period.
    pub heading: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<Item>>,
    /// What a program is told beside the rows.
    pub beside: Map<String, Value>,
}

impl Sheet {
    /// Lines for people.
    pub fn lines(&self) -> String {
        let shown = |row: &Vec<Item>| row.iter().map(Item::shown).collect::<Vec<_>>();
        let headings: Vec<String> = self.columns.iter().map(|column| column.heading.to_owned()).collect();
        let rows: Vec<Vec<String>> = self.rows.iter().map(shown).collect();
        let widest = |place: usize| {
            let cells = rows.iter().chain([&headings]).filter_map(|row| row.get(place));
            cells.map(|text| width(text)).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(widest).collect();
        let is_money = |place: usize| self.rows.iter().any(|row| matches!(row.get(place), Some(Item::Money(_))));
        let line = |row: &[String]| {
            let mut text = String::new();
            for (place, cell) in row.iter().enumerate() {
                let room = " ".repeat(widths[place].saturating_sub(width(cell)));
                let (before, after) = if is_money(place) { (room.as_str(), "") } else { ("", room.as_str()) };
                text.push_str(&format!("{before}{cell}{after}  "));
            }
            format!("{}\n", text.trim_end())
        };
        let mut text: String = self.heading.iter().map(|words| format!("{words}\n")).collect();
        text.push('\n');
        text.push_str(&line(&headings));
        for row in &rows {
            text.push_str(&line(row));
        }
        text
    }

    /// Comma-separated values, UTF-8 with a mark for Excel.
    pub fn csv(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.to_owned()).collect();
        let mut text = String::from('\u{feff}');
        let shown = |row: &Vec<Item>| row.iter().map(Item::shown).collect::<Vec<_>>();
        for row in [names].into_iter().chain(self.rows.iter().map(shown)) {
            let cells: Vec<String> = row.iter().map(|cell| csv_cell(cell)).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// One object for programs.
    pub fn json(&self) -> Value {
        let row = |row: &Vec<Item>| {
            let cells = self.columns.iter().zip(row).map(|(column, item)| {
                let value = match item {
                    Item::Empty => Value::Null,
                    other => Value::String(other.shown()),
                };
                (column.name.to_owned(), value)
            });
            Value::Object(cells.collect())
        };
        let mut object = Map::new();
        object.insert("name".to_owned(), json!(self.name));
        object.extend(self.beside.clone());
        object.insert("rows".to_owned(), Value::Array(self.rows.iter().map(row).collect()));
        Value::Object(object)
    }

    /// An Excel workbook: the same figures are the same bytes. Errors where Excel's limits are passed.
    pub fn xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        // The same figures are the same file: it carries no time of its making.
        book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?));
        let page = book.add_worksheet();
        let (bold, money) = (Format::new().set_bold(), Format::new().set_num_format("#,##0.00"));
        let heading = Format::new().set_bold().set_align(FormatAlign::Center).set_text_wrap();
        let mut line = 0u32;
        for words in &self.heading {
            page.write_with_format(line, 0, words.as_str(), &bold)?;
            line += 1;
        }
        line += 1;
        for (place, column) in (0u16..).zip(&self.columns) {
            page.write_with_format(line, place, column.heading, &heading)?;
            page.set_column_width(place, if column.name == "subject_name" { 36.0 } else { 18.0 })?;
        }
        page.set_freeze_panes(line + 1, 0)?;
        for row in &self.rows {
            line += 1;
            for (place, item) in (0u16..).zip(row) {
                match item {
                    Item::Empty => {}
                    Item::Text(text) => {
                        page.write(line, place, text.as_str())?;
                    }
                    // Excel keeps fifteen digits: a sum of 10 trillion in fen is exact.
                    Item::Money(minor) => {
                        page.write_with_format(line, place, *minor as f64 / 100.0, &money)?;
                    }
                }
            }
        }
        book.save_to_buffer()
    }
}

impl Item {
    /// Words, or nothing where there are none.
    pub fn text(words: impl Into<String>) -> Item {
        Item::Text(words.into())
    }

    fn shown(&self) -> String {
        match self {
            Item::Empty => String::new(),
            Item::Text(text) => text.clone(),
            Item::Money(minor) => format_minor(*minor),
        }
    }
}

/// A cell as the file has it: quoted where it must be, and never taken for a formula.
fn csv_cell(text: &str) -> String {
    let is_amount = text.strip_prefix('-').unwrap_or(text).chars().all(|c| c.is_ascii_digit() || c == '.');
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_amount;
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// How many places a text takes in a terminal: two for each Chinese character.
fn width(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ffdc}') { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let column = |name, heading| Column { name, heading };
        Sheet {
            name: "trial_balance",
            heading: vec!["试算平衡表 trial balance".to_owned()],
            columns: vec![column("subject_name", "subject 科目"), column("closing", "closing 期末")],
            rows: vec![
                vec![Item::text("银行存款"), Item::Money(-1_234_567)],
                vec![Item::text("=SUM(A1), \"x\""), Item::Money(5)],
                vec![Item::text("none"), Item::Empty],
            ],
            beside: Map::new(),
        }
    }

    #[test]
    fn a_table_leaves_in_lines_csv_and_json() {
        insta::assert_snapshot!(sheet().lines(), @r#"
        试算平衡表 trial balance

        subject 科目   closing 期末
        银行存款          -12345.67
        =SUM(A1), "x"          0.05
        none
        "#);
        insta::assert_snapshot!(sheet().csv().trim_start_matches('\u{feff}').replace("\r\n", "\n"), @r#"
        subject_name,closing
        银行存款,-12345.67
        "'=SUM(A1), ""x""",0.05
        none,
        "#);
        insta::assert_snapshot!(sheet().json(), @r#"{"name":"trial_balance","rows":[{"closing":"-12345.67","subject_name":"银行存款"},{"closing":"0.05","subject_name":"=SUM(A1), \"x\""},{"closing":null,"subject_name":"none"}]}"#);
    }
}
