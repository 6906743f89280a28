//! What each column is, told from its cells once and kept with the model.

use std::collections::{BTreeSet, HashMap, HashSet};

use minicbor::{Decode, Encode};

use super::cell::{date, is_missing, number};
use super::special::codes_of;
use super::{Frame, MISSING, Table, UNSEEN, Values};
use crate::ScoreError;

/// Most levels of a category that are told apart; rarer ones count as not known.
const LEVELS_MAX: usize = 20_000;
/// Part of a column's cells that may fail to be numbers in training and it still is one.
const ODD_CELLS_PPM: usize = 10_000;
/// Most different words that stand for a missing number.
const WORDS_MAX: usize = 3;
/// Fewest different numbers of a column in which words stand for missing ones.
const NUMBERS_MIN: usize = 20;
/// Names, or last words of names, of columns that number the rows.
const ROW_WORDS: &[&str] = &["id", "index", "row", "rownum", "no", "number", "key", "编号", "序号", "unnamed"];
/// The same in one word.
const ROW_IDS: &[&str] = &["customerid", "userid", "loanid", "memberid", "clientid", "accountid", "applicationid"];
/// Fewest rows by which a column shows that it numbers them.
const NUMBERED_MIN: usize = 30;
/// Parts of names of whole-number columns that are codes of places, branches and trades, not quantities.
const CODE_WORDS: &[&str] = &["zip", "postcode", "postal", "naics", "branch", "industry", "area_code", "area", "code"];

/// What a column is.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Kind {
    /// Numbers.
    #[n(0)]
    Number {
        /// Values that are codes, not quantities, ascending.
        #[n(0)]
        specials: Vec<f64>,
        /// At or below this a value is a code even if it was not seen, and counts as missing.
        #[n(1)]
        codes_below: Option<f64>,
        /// Words that stand for a missing number, such as `None` or `unknown`.
        #[n(2)]
        #[cbor(default)]
        words: Vec<String>,
    },
    /// Dates, as days since 1970-01-01.
    #[n(1)]
    Date,
    /// Categories.
    #[n(2)]
    Category {
        /// Its levels, the most frequent first.
        #[n(0)]
        levels: Vec<String>,
        /// Whether the levels are numbers, so that `1.0` is `1`.
        #[n(1)]
        numeric: bool,
    },
}

/// A column of a schema.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ColumnSpec {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// What it is.
    #[n(1)]
    pub kind: Kind,
}

/// The columns that a model reads.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Schema {
    /// The columns.
    #[n(0)]
    pub columns: Vec<ColumnSpec>,
}

/// What is said of the columns from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaSpec {
    /// Columns that are not read: the target, weights, times, and what was excluded.
    pub left_out: BTreeSet<String>,
    /// Columns that are categories though they look like numbers.
    pub categories: BTreeSet<String>,
    /// Columns that are numbers though their names look like codes.
    pub numbers: BTreeSet<String>,
}

/// Cells of a numeric column that could not be read, and counted as missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCells {
    /// The column.
    pub column: String,
    /// How many.
    pub count: usize,
    /// The first of them.
    pub example: String,
}

impl Schema {
    /// Learns what the columns of a table are.
    ///
    /// A column is a number or a date if all its cells are (numbers: one in a hundred may not be),
    /// else a category. Whole numbers in columns whose names speak of postcodes, branches, trades or
    /// codes are categories.
    ///
    /// Errors if a column has no value, or an infinite one, or a named column is not there.
    pub fn learn(table: &Table, spec: &SchemaSpec) -> Result<Schema, ScoreError> {
        for name in spec.left_out.iter().chain(&spec.categories).chain(&spec.numbers) {
            table.position(name)?;
        }
        let mut columns = Vec::new();
        for (position, name) in table.names().iter().enumerate() {
            if !spec.left_out.contains(name) {
                columns.push(ColumnSpec { name: name.clone(), kind: kind_of(table, position, spec)? });
            }
        }
        if columns.is_empty() {
            return Err(ScoreError::NotATable("no column is left to learn from".to_owned()));
        }
        share_codes(table, &mut columns)?;
        Ok(Schema { columns })
    }

    /// Columns that number the rows: their names say so, every row has a value and no value comes twice. What a model
    /// would learn of them is the order of the file. Columns without name and value count as such.
    pub fn numbering(table: &Table, spec: &SchemaSpec) -> Vec<String> {
        let is_named = |name: &str| {
            let lower = name.to_lowercase();
            let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
            let glued = name.ends_with("ID") || name.ends_with("Id") || ROW_IDS.contains(&lower.as_str());
            lower.is_empty() || words.last().is_some_and(|word| ROW_WORDS.contains(word)) || glued
        };
        let is_whole = |cell: &str| number(cell).is_none_or(|n| n.fract() == 0.0);
        let is_numbering = |position: usize| {
            // A line that ends in a separator makes a column of nothing, which has no name by which to leave it out.
            if table.names()[position].is_empty() && table.cells(position).all(is_missing) {
                return true;
            }
            let mut seen = HashSet::new();
            table.rows() >= NUMBERED_MIN
                && table.cells(position).all(|cell| !is_missing(cell) && is_whole(cell) && seen.insert(cell))
        };
        let names = table.names().iter().enumerate();
        let kept = |name: &String| spec.numbers.contains(name) || spec.categories.contains(name);
        names
            .filter(|(at, name)| is_named(name) && !kept(name) && is_numbering(*at))
            .filter(|(_, name)| !spec.left_out.contains(*name))
            .map(|(_, name)| name.clone())
            .collect()
    }

    /// Reads a table as this schema says. Cells that cannot be read as the numbers they should be count
    /// as missing and are reported; levels not known are [`UNSEEN`]. Columns the schema does not name are ignored.
    ///
    /// Errors if a column is not there.
    pub fn read(&self, table: &Table) -> Result<(Frame, Vec<BadCells>), ScoreError> {
        let mut bad_cells = Vec::new();
        let mut columns = Vec::with_capacity(self.columns.len());
        for spec in &self.columns {
            let position = table.position(&spec.name)?;
            let cells = table.cells(position);
            columns.push(match &spec.kind {
                Kind::Number { specials, codes_below, words } => {
                    let cells = cells.map(|cell| if words.iter().any(|word| word == cell) { "" } else { cell });
                    let mut values = parsed(cells, number, &spec.name, &mut bad_cells);
                    for value in &mut values {
                        if codes_below.is_some_and(|top| *value <= top) && !specials.contains(value) {
                            *value = f64::NAN;
                        }
                    }
                    Values::Number(values)
                }
                Kind::Date => Values::Number(parsed(cells, date, &spec.name, &mut bad_cells)),
                Kind::Category { levels, numeric } => {
                    let code_of: HashMap<&str, u32> = levels.iter().map(String::as_str).zip(0..).collect();
                    Values::Category(cells.map(|cell| code(cell, *numeric, &code_of)).collect())
                }
            });
        }
        Ok((Frame { rows: table.rows(), columns }, bad_cells))
    }
}

impl BadCells {
    /// Errors if any column has more of them than `share_max` of the rows.
    pub fn check(found: &[BadCells], rows: usize, share_max: f64) -> Result<(), ScoreError> {
        match found.iter().find(|bad| bad.count as f64 > share_max * rows as f64) {
            Some(bad) => Err(ScoreError::TooManyBadCells { column: bad.column.clone(), count: bad.count, rows }),
            None => Ok(()),
        }
    }
}

fn parsed<'a>(
    cells: impl Iterator<Item = &'a str>,
    read: impl Fn(&str) -> Option<f64>,
    name: &str,
    bad_cells: &mut Vec<BadCells>,
) -> Vec<f64> {
    let mut bad = BadCells { column: name.to_owned(), count: 0, example: String::new() };
    let values = cells.map(|cell| {
        if is_missing(cell) {
            return f64::NAN;
        }
        read(cell).filter(|n| n.is_finite()).unwrap_or_else(|| {
            if bad.count == 0 {
                bad.example = cell.chars().take(40).collect();
            }
            bad.count += 1;
            f64::NAN
        })
    });
    let values = values.collect();
    if bad.count > 0 {
        bad_cells.push(bad);
    }
    values
}

fn code(cell: &str, numeric: bool, code_of: &HashMap<&str, u32>) -> u32 {
    if is_missing(cell) {
        return MISSING;
    }
    let found = match number(cell).filter(|_| numeric) {
        Some(n) => code_of.get(n.to_string().as_str()),
        None => code_of.get(cell),
    };
    found.copied().unwrap_or(UNSEEN)
}

fn kind_of(table: &Table, position: usize, spec: &SchemaSpec) -> Result<Kind, ScoreError> {
    let name = &table.names()[position];
    let (mut values, mut known, mut dates) = (Vec::new(), 0_usize, 0_usize);
    let mut words: BTreeSet<&str> = BTreeSet::new();
    for (row, cell) in table.cells(position).enumerate() {
        if is_missing(cell) {
            continue;
        }
        known += 1;
        match number(cell) {
            Some(n) if n.is_infinite() => return Err(ScoreError::Infinite { column: name.clone(), row: row + 1 }),
            Some(n) => values.push(n),
            None => {
                dates += usize::from(date(cell).is_some());
                if words.len() <= WORDS_MAX {
                    words.insert(cell);
                }
            }
        }
    }
    if known == 0 {
        return Err(ScoreError::AllMissing(name.clone()));
    }
    if dates == known {
        return Ok(Kind::Date);
    }
    // A few odd cells are mistakes; a word or two in a column of many numbers mean that there is none.
    let is_odd = (known - values.len()) * 1_000_000 <= known * ODD_CELLS_PPM;
    let has_words = !is_odd && dates == 0 && words.len() <= WORDS_MAX && is_mostly_numbers(&values, known);
    let is_numeric = is_odd || has_words;
    let is_code = is_numeric && !spec.numbers.contains(name) && looks_like_code(name, &values);
    if is_numeric && !is_code && !spec.categories.contains(name) {
        let words = if has_words { words.into_iter().map(str::to_owned).collect() } else { Vec::new() };
        return Ok(Kind::Number { specials: codes_of(&values), codes_below: None, words });
    }
    Ok(Kind::Category { levels: levels_of(table, position, is_numeric), numeric: is_numeric })
}

/// Whether a column holds many different numbers, and hardly less often than words.
fn is_mostly_numbers(values: &[f64], known: usize) -> bool {
    let distinct: BTreeSet<u64> = values.iter().map(|v| v.to_bits()).collect();
    values.len() * 5 >= known * 2 && distinct.len() >= NUMBERS_MIN
}

/// A table that writes codes below zero in one column writes them in others too, also such as were not met often
/// enough to be found there: −9 in a column that else is never negative is no quantity.
fn share_codes(table: &Table, columns: &mut [ColumnSpec]) -> Result<(), ScoreError> {
    let below_zero = |kind: &Kind| match kind {
        Kind::Number { specials, .. } => specials.iter().copied().filter(|code| *code < 0.0).reduce(f64::max),
        _ => None,
    };
    let Some(top) = columns.iter().filter_map(|c| below_zero(&c.kind)).reduce(f64::max).filter(|top| *top < -1.0)
    else {
        return Ok(());
    };
    for column in columns {
        let Kind::Number { codes_below, .. } = &mut column.kind else { continue };
        let mut values = table.cells(table.position(&column.name)?).filter_map(number);
        if values.all(|value| value >= 0.0 || value <= top) {
            *codes_below = Some(top);
        }
    }
    Ok(())
}

/// Whether a column of whole numbers names places, branches or trades.
fn looks_like_code(name: &str, values: &[f64]) -> bool {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
    let named = CODE_WORDS.iter().any(|word| words.contains(word) || (word.contains('_') && name.contains(word)));
    named && values.iter().all(|v| v.fract() == 0.0)
}

/// The levels of a category, the most frequent first. Those that come once are left out where there are
/// many: nothing can be learned from one row that would hold for another.
fn levels_of(table: &Table, position: usize, numeric: bool) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for cell in table.cells(position).filter(|cell| !is_missing(cell)) {
        let level = match number(cell).filter(|_| numeric) {
            Some(n) => n.to_string(),
            None => cell.to_owned(),
        };
        *counts.entry(level).or_default() += 1;
    }
    let many = counts.len() > 100;
    let mut levels: Vec<(String, usize)> = counts.into_iter().filter(|(_, n)| *n > 1 || !many).collect();
    levels.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    levels.truncate(LEVELS_MAX);
    levels.into_iter().map(|(level, _)| level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
id,age,when,job,ZIP,mixed,bad
1,30,2016-01-01,farm,610000,7,0
2,31.5,2016-01-02,shop,610000.0,x,1
3,,2016-01-03,farm,620000,8,0
4,33,,,,9,1
";

    fn table(text: &str) -> Table {
        Table::read_csv(text.as_bytes()).unwrap()
    }

    fn left_out(names: &[&str]) -> SchemaSpec {
        SchemaSpec { left_out: names.iter().map(|n| (*n).to_owned()).collect(), ..SchemaSpec::default() }
    }

    #[test]
    fn columns_are_told_from_their_cells() {
        let schema = Schema::learn(&table(TEXT), &left_out(&["bad", "id"])).unwrap();
        let told: Vec<String> = schema.columns.iter().map(|c| format!("{}: {:?}", c.name, c.kind)).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        age: Number { specials: [], codes_below: None, words: [] }
        when: Date
        job: Category { levels: ["farm", "shop"], numeric: false }
        ZIP: Category { levels: ["610000", "620000"], numeric: true }
        mixed: Category { levels: ["7", "8", "9", "x"], numeric: false }
        "#);
        let later = table("mixed,ZIP,job,when,age\n7,620000.0,mine,2016-01-04,old\n?,,,not,1\n");
        let (frame, bad) = schema.read(&later).unwrap();
        assert_eq!(frame.columns[2], Values::Category(vec![UNSEEN, MISSING]));
        assert_eq!(frame.columns[3], Values::Category(vec![1, MISSING]));
        assert_eq!(frame.columns[4], Values::Category(vec![0, MISSING]));
        assert!(matches!(&frame.columns[0], Values::Number(v) if v[0].is_nan() && v[1] == 1.0));
        let found: Vec<(&str, usize, &str)> =
            bad.iter().map(|b| (b.column.as_str(), b.count, b.example.as_str())).collect();
        assert_eq!(found, [("age", 1, "old"), ("when", 1, "not")]);
        assert!(BadCells::check(&bad, 2, 0.01).is_err() && BadCells::check(&bad, 2, 0.5).is_ok());
    }

    #[test]
    fn what_cannot_be_learned_from_is_named() {
        for (text, error) in [
            ("a,b\n,1\n,2\n", "column `a` has no value at all: leave it out with --exclude"),
            ("a\n1\ninf\n", "column `a` is infinite in row 2: put a number or leave it empty"),
        ] {
            assert_eq!(Schema::learn(&table(text), &SchemaSpec::default()).unwrap_err().to_string(), error);
        }
        assert!(Schema::learn(&table("a\n1\n"), &left_out(&["b"])).is_err());
        assert!(Schema::learn(&table("a\n1\n"), &left_out(&["a"])).is_err());
        let schema = Schema::learn(&table("a\n1\n2\n"), &SchemaSpec::default()).unwrap();
        assert!(matches!(schema.read(&table("b\n1\n")), Err(ScoreError::NoColumn { .. })));
    }

    #[test]
    fn codes_below_zero_hold_in_every_column_that_is_never_negative() {
        let mut text = "a,b,c\n".to_owned();
        for i in 0..60 {
            text += &format!("{},{},{}\n", if i % 6 == 0 { -8 } else { i }, i % 9, i - 30);
        }
        let schema = Schema::learn(&table(&text), &SchemaSpec::default()).unwrap();
        let (frame, bad) = schema.read(&table("a,b,c\n-8,-8,-8\n-9,-9,-9\n5,5,5\n")).unwrap();
        let Values::Number(a) = &frame.columns[0] else { panic!() };
        let Values::Number(b) = &frame.columns[1] else { panic!() };
        assert!(a[0] == -8.0 && a[1].is_nan() && b[0].is_nan() && b[1].is_nan() && b[2] == 5.0);
        assert!(frame.columns[2] == Values::Number(vec![-8.0, -9.0, 5.0]) && bad.is_empty());
    }

    #[test]
    fn words_in_a_column_of_numbers_are_missing_and_row_numbers_are_told() {
        let mut text = "loan_id,since,paid,grade\n".to_owned();
        for i in 0..60 {
            let since = if i % 3 == 0 { "None".to_owned() } else { i.to_string() };
            text +=
                &format!("{},{since},{i},{}\n", 900 - i, if i % 2 == 0 { "x".to_owned() } else { (i % 5).to_string() });
        }
        let table = table(&text);
        assert_eq!(Schema::numbering(&table, &SchemaSpec::default()), ["loan_id"]);
        let kept = SchemaSpec { numbers: ["loan_id".to_owned()].into(), ..SchemaSpec::default() };
        assert!(Schema::numbering(&table, &kept).is_empty());
        assert_eq!(Schema::numbering(&self::table("a,\n1,\n2,\n"), &SchemaSpec::default()), [""]);
        let schema = Schema::learn(&table, &SchemaSpec::default()).unwrap();
        assert!(matches!(&schema.columns[1].kind, Kind::Number { words, .. } if words == &["None"]));
        assert!(matches!(&schema.columns[3].kind, Kind::Category { .. }));
        let (frame, bad) = schema.read(&table).unwrap();
        assert!(bad.is_empty() && matches!(&frame.columns[1], Values::Number(v) if v[0].is_nan() && v[1] == 1.0));
    }

    #[test]
    fn twins_share_a_key() {
        let schema = Schema::learn(&table("a,b\n1,x\n1.0,x\n,x\n1,y\n,x\n"), &SchemaSpec::default()).unwrap();
        let (frame, _) = schema.read(&table("a,b\n1,x\n1.0,x\n,x\n1,y\n,x\n")).unwrap();
        let keys = frame.twin_keys();
        assert!(keys[0] == keys[1] && keys[2] == keys[4] && keys[0] != keys[2] && keys[0] != keys[3]);
        assert_eq!(frame.take(&[3, 0]).twin_keys(), [keys[3], keys[0]]);
    }
}
