//! Which rows turned bad: the column that says so, and the value that means it.

use super::Table;
use super::cell::{is_missing, number};
use crate::ScoreError;

/// The target of a model: a column and its positive value.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Target {
    /// The column.
    #[n(0)]
    pub column: String,
    /// The value that means bad (or whatever is to be predicted), as text.
    #[n(1)]
    pub positive: String,
}

impl Target {
    /// The target of a table. Without a positive value the column has to hold two numbers, of which
    /// the larger is meant.
    ///
    /// Errors if the column is not there, or which value is meant cannot be told.
    pub fn of(table: &Table, column: &str, positive: Option<&str>) -> Result<Target, ScoreError> {
        let position = table.position(column)?;
        if let Some(positive) = positive {
            return Ok(Target { column: column.to_owned(), positive: positive.trim().to_owned() });
        }
        let values = distinct(table, position);
        match values.as_slice() {
            [a, b] => match (number(a), number(b)) {
                (Some(x), Some(y)) => {
                    let larger = if x > y { a } else { b };
                    Ok(Target { column: column.to_owned(), positive: larger.clone() })
                }
                _ => Err(wrong(column, format!("it holds `{a}` and `{b}`; say with --positive which means bad"))),
            },
            [] => Err(wrong(column, "it holds no value".to_owned())),
            [one] => Err(wrong(column, format!("it holds one class only, `{one}`: both are needed"))),
            many => Err(wrong(
                column,
                format!("it holds {} values, such as {}; say with --positive which means bad", many.len(), shown(many)),
            )),
        }
    }

    /// Whether each row is positive. Numbers are compared as numbers: `1` is `1.0`.
    ///
    /// Errors if the column is not there, a row says nothing, or only one class is found.
    pub fn outcomes(&self, table: &Table) -> Result<Vec<bool>, ScoreError> {
        let position = table.position(&self.column)?;
        let wanted = number(&self.positive);
        let mut outcomes = Vec::with_capacity(table.rows());
        for (row, cell) in table.cells(position).enumerate() {
            let is_positive = cell == self.positive || (wanted.is_some() && number(cell) == wanted);
            if !is_positive && is_missing(cell) {
                let what = format!("row {} says nothing; leave out rows whose outcome is not known", row + 1);
                return Err(wrong(&self.column, what));
            }
            outcomes.push(is_positive);
        }
        let bads = outcomes.iter().filter(|bad| **bad).count();
        if bads == 0 || bads == outcomes.len() {
            let found = shown(&distinct(table, position));
            let what = if bads == 0 {
                format!("no row is `{}`; it holds {found}", self.positive)
            } else {
                format!("every row is `{}`: one class only, both are needed", self.positive)
            };
            return Err(wrong(&self.column, what));
        }
        Ok(outcomes)
    }
}

fn wrong(column: &str, what: String) -> ScoreError {
    ScoreError::Target { column: column.to_owned(), what }
}

/// Values of a column in the order of their first coming, a hundred at most.
fn distinct(table: &Table, column: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for cell in table.cells(column).filter(|cell| !is_missing(cell)) {
        if found.len() < 100 && !found.iter().any(|f| f == cell) {
            found.push(cell.to_owned());
        }
    }
    found
}

fn shown(values: &[String]) -> String {
    values.iter().take(5).map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, positive: Option<&str>) -> String {
        let table = Table::read_csv(text.as_bytes()).unwrap();
        let outcomes = Target::of(&table, "y", positive).and_then(|target| target.outcomes(&table));
        outcomes.map_or_else(|e| e.to_string(), |bad| format!("{bad:?}"))
    }

    #[test]
    fn positive_values() {
        assert_eq!(told("y\n1.0\n0\n", None), "[true, false]");
        assert_eq!(told("y\n1.0\n2\n3\n", Some("1")), "[true, false, false]");
        assert_eq!(told("y\n-\n+\n", Some("-")), "[true, false]");
        assert_eq!(
            told("y\nno\nyes\n", None),
            "target `y`: it holds `no` and `yes`; say with --positive which means bad"
        );
        assert_eq!(told("y\n1\n1\n", None), "target `y`: it holds one class only, `1`: both are needed");
        assert_eq!(told("y\n1\n1\n", Some("1")), "target `y`: every row is `1`: one class only, both are needed");
        assert_eq!(told("y\na\nb\n", Some("c")), "target `y`: no row is `c`; it holds `a`, `b`");
        assert!(told("y,x\n1,1\n,1\n0,1\n", Some("1")).contains("row 2 says nothing"));
        assert!(Target::of(&Table::read_csv("y\n1\n".as_bytes()).unwrap(), "z", None).is_err());
    }
}
