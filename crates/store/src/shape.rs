//! Rows on their way in: both databases refuse the same ones, with the same words.

use door::StoreError;
use door::table::{Kind, Table, Value};

/// Refuses a row that does not have the columns and kinds of its table.
pub(crate) fn check_row(table: &Table, row: &[Value]) -> Result<(), StoreError> {
    if row.len() != table.columns.len() {
        return Err(StoreError::Other(format!(
            "bug: a row with {} values was sent to table `{}`, which has {} columns",
            row.len(),
            table.name,
            table.columns.len()
        )));
    }
    for (place, value) in row.iter().enumerate() {
        check_value(table, place, value)?;
    }
    Ok(())
}

/// Refuses a key that does not have `columns`.
pub(crate) fn check_key(table: &Table, columns: &[usize], key: &[Value]) -> Result<(), StoreError> {
    if key.len() != columns.len() || columns.is_empty() {
        return Err(StoreError::Other(format!(
            "bug: table `{}` was asked by {} columns with {} values",
            table.name,
            columns.len(),
            key.len()
        )));
    }
    for (column, value) in columns.iter().zip(key) {
        if *column >= table.columns.len() {
            return Err(StoreError::Other(format!("bug: table `{}` has no column {column}", table.name)));
        }
        check_value(table, *column, value)?;
    }
    Ok(())
}

/// The columns of the key.
pub(crate) fn key_columns(table: &Table) -> Vec<usize> {
    (0..table.key_len).collect()
}

fn check_value(table: &Table, place: usize, value: &Value) -> Result<(), StoreError> {
    let column = &table.columns[place];
    let fits = match (column.kind, value) {
        (_, Value::Null)
        | (Kind::Bool, Value::Bool(_))
        | (Kind::Int, Value::Int(_))
        | (Kind::Id, Value::Id(_))
        | (Kind::Date, Value::Date(_))
        | (Kind::Instant, Value::Instant(_))
        | (Kind::Bytes, Value::Bytes(_)) => true,
        (Kind::Text, Value::Text(text)) => {
            // PostgreSQL cannot hold it; SQLite would cut it off in some of its functions.
            if text.as_bytes().contains(&0) {
                let place = format!("`{}.{}`", table.name, column.name);
                return Err(StoreError::Constraint(format!("the text for {place} holds a zero character")));
            }
            true
        }
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        let found: String = format!("{value:?}").chars().take(60).collect();
        Err(StoreError::Other(format!(
            "bug: column `{}.{}` is {:?}, it was given {found}",
            table.name, column.name, column.kind
        )))
    }
}

/// What to say of a stored value that is not what its column declares.
pub(crate) fn misread(table: &Table, column: usize, found: &str) -> StoreError {
    let name = table.columns.get(column).map_or("?", |c| c.name);
    let found: String = found.chars().take(60).collect();
    StoreError::Other(format!("a row of table `{}` cannot be read: column `{name}` holds {found}", table.name))
}

/// Sorted keys, each once: rows are found in the order they lie, and none comes twice.
pub(crate) fn distinct(keys: &[Vec<Value>]) -> Vec<&[Value]> {
    let mut keys: Vec<&[Value]> = keys.iter().map(Vec::as_slice).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
