//! What both connections share beside their bulk primitives: pages, heads, directory rows.

use door::backend::{DirectoryRow, Head, List};
use door::table::{Row, Table, Value};
use door::tables::CellHead;
use door::{Record, StoreError};

use crate::ddl::{Dialect, Directory};
use crate::shape::check_key;
use crate::statements;

/// A page of a scan: which statement, and its parameters.
pub(crate) struct Page {
    table: &'static Table,
    prefix: usize,
    after: usize,
    pub(crate) parameters: Vec<Value>,
}

impl Page {
    /// `None` if nothing can lie after `after`.
    pub(crate) fn new(
        table: &'static Table,
        prefix: &[Value],
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Option<Page>, StoreError> {
        let after = after.map_or(&[][..], |row| &row[..row.len().min(table.key_len)]);
        if prefix.len() > table.key_len {
            return Err(StoreError::Other(format!(
                "bug: the key of table `{}` is shorter than the prefix",
                table.name
            )));
        }
        let shared = prefix.len().min(after.len());
        let beyond = match after[..shared].cmp(&prefix[..shared]) {
            // The place to go on from lies before the whole prefix: begin at its first row.
            std::cmp::Ordering::Less => &[],
            std::cmp::Ordering::Greater => return Ok(None),
            std::cmp::Ordering::Equal if !after.is_empty() && prefix.len() == table.key_len => return Ok(None),
            std::cmp::Ordering::Equal => &after[shared..],
        };
        let mut parameters = [prefix, beyond].concat();
        if !parameters.is_empty() {
            check_key(table, &(0..parameters.len()).collect::<Vec<_>>(), &parameters)?;
        }
        parameters.push(limit_value(limit));
        Ok(Some(Page { table, prefix: prefix.len(), after: beyond.len(), parameters }))
    }

    pub(crate) fn text(&self, dialect: Dialect) -> String {
        statements::scan(self.table, dialect, self.prefix, self.after)
    }
}

/// The error for a row that was to be rewritten and is not there.
pub(crate) fn no_such_row(table: &Table, key: &[Value]) -> StoreError {
    StoreError::Constraint(format!("table `{}` has no row {key:?} to rewrite", table.name))
}

/// A limit as a parameter.
pub(crate) fn limit_value(limit: usize) -> Value {
    Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}

/// The statement and parameters of a list for people.
pub(crate) fn list(list: &List, dialect: Dialect) -> Result<(String, Vec<Value>), StoreError> {
    let held = list.equal.iter().map(|(name, value)| (name, value));
    for (name, value) in held.chain(list.order.iter().zip(list.after.iter().flatten())) {
        if let Some(column) = list.table.column(name) {
            check_key(list.table, &[column], std::slice::from_ref(value))?;
        }
    }
    statements::list(list, dialect).ok_or_else(|| {
        StoreError::Other(format!(
            "bug: a list of table `{}` names a column it has not, orders by one that may be empty, or goes on from \
             a place of another shape",
            list.table.name
        ))
    })
}

/// Reads a head.
pub(crate) fn head(row: &[Value]) -> Result<Head, StoreError> {
    let CellHead { cell, seq, range, open_date, version } =
        CellHead::from_row(row).map_err(|error| StoreError::Other(error.to_string()))?;
    Ok(Head { cell, seq, range, open_date, version })
}

/// Reads a directory row.
pub(crate) fn directory_row(row: &[Value]) -> Result<DirectoryRow, StoreError> {
    let Directory { hash, cell, household, person, state, claimed_at } =
        Directory::from_row(row).map_err(|error| StoreError::Other(error.to_string()))?;
    Ok(DirectoryRow { hash, cell, household, person, state, claimed_at })
}

/// The values of a directory row.
pub(crate) fn directory_values(row: &DirectoryRow) -> Row {
    let DirectoryRow { hash, cell, household, person, state, claimed_at } = row.clone();
    Directory { hash, cell, household, person, state, claimed_at }.to_row()
}

/// The statement that replaces or removes a directory row, with its parameters.
pub(crate) fn swap_one(dialect: Dialect, old: &DirectoryRow, new: Option<&DirectoryRow>) -> (String, Vec<Value>) {
    match new {
        Some(new) => {
            let mut parameters = directory_values(new).split_off(1);
            parameters.extend(directory_values(old));
            (statements::directory_replace(dialect), parameters)
        }
        None => (statements::directory_remove(dialect), directory_values(old)),
    }
}

/// The rows of these hashes, in their order.
pub(crate) fn in_order(hashes: &[[u8; 32]], found: &[DirectoryRow]) -> Result<Vec<DirectoryRow>, StoreError> {
    hashes
        .iter()
        .map(|hash| {
            let row = found.iter().find(|row| row.hash == *hash);
            // It was there when ours was to be added and is gone now: another server released it.
            row.cloned().ok_or_else(|| StoreError::Contention("a directory row was just released".to_owned()))
        })
        .collect()
}
