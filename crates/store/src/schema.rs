//! The schema's version, and the steps from older versions to it.
//!
//! A new database is made from the declared tables in one transaction. A database of an older
//! version is taken forward step by step, each in a transaction of its own, under a lock; there
//! is no way back.

use basics::merkle::CompactRange;
use basics::{Cell, Date, Id};
use door::StoreError;
use door::table::{Record, Table};
use door::tables::CellHead;

use crate::ddl::{self, Meta};

/// The schema version this program makes and knows.
pub const VERSION: i64 = 1;

/// A step that takes a database from version `to - 1` to version `to`.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The version afterwards.
    pub to: i64,
    /// Statements for SQLite.
    pub sqlite: &'static [&'static str],
    /// Statements for PostgreSQL.
    pub postgres: &'static [&'static str],
}

/// All steps, oldest first. The first version has none: it is where databases begin.
pub const MIGRATIONS: &[Migration] = &[];

/// What `meta` says of a database of ours, under `application`.
pub(crate) const APPLICATION: &str = "tianxin";

/// What a database was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Making {
    /// Household cells.
    pub cells: u16,
    /// The institution.
    pub institution: Id,
    /// The first day that entries are booked on.
    pub open_date: Date,
}

/// The declared tables after the store's own ones.
pub(crate) fn with_own(tables: &[&'static Table]) -> Vec<&'static Table> {
    let mut all = ddl::own_tables();
    for table in tables {
        if !all.iter().any(|known| known.name == table.name) {
            all.push(table);
        }
    }
    all
}

/// The rows of a new database: what it says about itself, and a head for each cell.
pub(crate) fn first_rows(making: &Making, version: i64) -> (Vec<door::table::Row>, Vec<door::table::Row>) {
    let said = [
        ("application", APPLICATION.to_owned()),
        ("cells", making.cells.to_string()),
        ("institution", making.institution.to_string()),
        ("schema_version", version.to_string()),
    ];
    let meta = said.into_iter().map(|(name, value)| Meta { name: name.to_owned(), value }.to_row()).collect();
    let range = CompactRange::default().to_bytes();
    let heads = (0..=making.cells)
        .map(|cell| {
            CellHead { cell: Cell(cell), seq: 0, range: range.clone(), open_date: making.open_date, version: 0 }
                .to_row()
        })
        .collect();
    (meta, heads)
}

/// Refuses numbers of cells that cannot be.
pub(crate) fn check_making(making: &Making) -> Result<(), StoreError> {
    if (1..=4_096).contains(&making.cells) {
        Ok(())
    } else {
        Err(StoreError::Other(format!("a database has 1 to 4096 household cells, not {}", making.cells)))
    }
}

/// What an existing database says: its cells and its institution.
pub(crate) fn read_meta(meta: &[(String, String)], place: &str) -> Result<(u16, Id), StoreError> {
    let find = |name: &str| meta.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    if find("application") != Some(APPLICATION) {
        return Err(foreign(place));
    }
    let damaged = |what: &str| {
        StoreError::Other(format!("{place} does not say its {what}: it was altered by hand; restore it from a backup"))
    };
    let cells = find("cells").and_then(|text| text.parse().ok()).ok_or_else(|| damaged("number of cells"))?;
    let institution = find("institution").and_then(parse_id).ok_or_else(|| damaged("institution"))?;
    Ok((cells, institution))
}

fn parse_id(text: &str) -> Option<Id> {
    uuid::Uuid::parse_str(text).ok().map(Id)
}

/// The error for something that is not ours.
pub(crate) fn foreign(place: &str) -> StoreError {
    StoreError::Foreign(format!(
        "{place} is no Tianxin database: it belongs to another program and was left untouched; name another place"
    ))
}

/// Refuses a database whose tables are not those declared.
pub(crate) fn check_columns(
    tables: &[&'static Table],
    found: impl Fn(&str) -> Result<Vec<String>, StoreError>,
    place: &str,
) -> Result<(), StoreError> {
    for table in tables {
        let stored = found(table.name)?;
        let declared: Vec<&str> = table.columns.iter().map(|c| c.name).collect();
        if stored != declared {
            let is = if stored.is_empty() { "missing".to_owned() } else { format!("({})", stored.join(", ")) };
            return Err(StoreError::Other(format!(
                "{place}: table `{}` is {is}, this program needs ({}): it was altered by hand or made by an \
                 unreleased program; restore a backup or make a new database",
                table.name,
                declared.join(", ")
            )));
        }
    }
    Ok(())
}
