//! The text of every statement the store sends, so that the lint can read all of it.

use door::Table;
use door::backend::List;
use door::table::{Class, Kind, Value};

use crate::ddl::{self, Dialect, quoted};

/// Columns of a table by place, quoted and joined by commas.
fn names(table: &Table, columns: impl Iterator<Item = usize>) -> String {
    let names: Vec<&str> = columns.filter_map(|c| table.columns.get(c)).map(|c| c.name).collect();
    quoted(&names)
}

fn all_names(table: &Table) -> String {
    names(table, 0..table.columns.len())
}

/// `?, ?, ?` or `$3, $4, $5` from `first`.
fn marks(dialect: Dialect, first: usize, count: usize) -> String {
    let marks: Vec<String> = (first..first + count)
        .map(|n| if dialect == Dialect::Postgres { format!("${n}") } else { "?".to_owned() })
        .collect();
    marks.join(", ")
}

/// Statements for SQLite: values row by row.
pub mod sqlite {
    use super::*;

    /// Adds `rows` rows; parameters row by row.
    pub fn insert(table: &Table, rows: usize) -> String {
        let row = format!("({})", marks(Dialect::Sqlite, 1, table.columns.len()));
        format!("INSERT INTO \"{}\" ({}) VALUES {}", table.name, all_names(table), vec![row; rows].join(", "))
    }

    /// Rewrites the columns beside the key of one row; parameters are those columns, then the key.
    pub fn update(table: &Table) -> String {
        let set: Vec<String> = table.columns[table.key_len..].iter().map(|c| format!("\"{}\" = ?", c.name)).collect();
        format!("UPDATE \"{}\" SET {} WHERE {}", table.name, set.join(", "), equals(table, &key(table)))
    }

    /// Removes one row by its key.
    pub fn delete(table: &Table) -> String {
        format!("DELETE FROM \"{}\" WHERE {}", table.name, equals(table, &key(table)))
    }

    /// Rows whose `columns` equal one key.
    pub fn load_one(table: &Table, columns: &[usize]) -> String {
        format!("SELECT {} FROM \"{}\" WHERE {}", all_names(table), table.name, equals(table, columns))
    }

    /// Rows whose `columns` equal one of `keys` keys; parameters key by key.
    ///
    /// A join from the values, in this order, so that each key is one search in an index; a row of
    /// NULL finds nothing.
    pub fn load_chunk(table: &Table, columns: &[usize], keys: usize) -> String {
        let row = format!("({})", marks(Dialect::Sqlite, 1, columns.len()));
        let on: Vec<String> = columns
            .iter()
            .enumerate()
            .filter_map(|(n, c)| Some(format!("t.\"{}\" = v.column{}", table.columns.get(*c)?.name, n + 1)))
            .collect();
        let selected: Vec<String> = table.columns.iter().map(|c| format!("t.\"{}\"", c.name)).collect();
        format!(
            "SELECT {} FROM (VALUES {}) AS v CROSS JOIN \"{}\" AS t ON {}",
            selected.join(", "),
            vec![row; keys].join(", "),
            table.name,
            on.join(" AND ")
        )
    }

    fn key(table: &Table) -> Vec<usize> {
        (0..table.key_len).collect()
    }

    fn equals(table: &Table, columns: &[usize]) -> String {
        let parts: Vec<String> =
            columns.iter().filter_map(|c| table.columns.get(*c)).map(|c| format!("\"{}\" = ?", c.name)).collect();
        parts.join(" AND ")
    }
}

/// Statements for PostgreSQL: one array a column.
pub mod postgres {
    use super::*;

    /// Adds rows; one array a column.
    pub fn insert(table: &Table) -> String {
        let arrays = arrays(table, 0..table.columns.len());
        format!("INSERT INTO \"{}\" ({}) SELECT * FROM UNNEST({arrays})", table.name, all_names(table))
    }

    /// Rewrites the columns beside the key; one array a column, in column order.
    pub fn update(table: &Table) -> String {
        let set: Vec<String> =
            table.columns[table.key_len..].iter().map(|c| format!("\"{0}\" = v.\"{0}\"", c.name)).collect();
        format!(
            "UPDATE \"{}\" AS t SET {} FROM UNNEST({}) AS v ({}) WHERE {}",
            table.name,
            set.join(", "),
            arrays(table, 0..table.columns.len()),
            all_names(table),
            joined(table, &(0..table.key_len).collect::<Vec<_>>())
        )
    }

    /// Removes rows by key; one array a key column.
    pub fn delete(table: &Table) -> String {
        let key: Vec<usize> = (0..table.key_len).collect();
        format!(
            "DELETE FROM \"{}\" AS t USING UNNEST({}) AS v ({}) WHERE {}",
            table.name,
            arrays(table, key.iter().copied()),
            names(table, key.iter().copied()),
            joined(table, &key)
        )
    }

    /// Rows whose `columns` equal one of the keys; one array a column. Keys must be distinct.
    pub fn load(table: &Table, columns: &[usize]) -> String {
        let selected: Vec<String> = table.columns.iter().map(|c| format!("t.\"{}\"", c.name)).collect();
        format!(
            "SELECT {} FROM UNNEST({}) AS v ({}) JOIN \"{}\" AS t ON {}",
            selected.join(", "),
            arrays(table, columns.iter().copied()),
            names(table, columns.iter().copied()),
            table.name,
            joined(table, columns)
        )
    }

    /// The first rows in key order under each of many prefixes of `prefix` columns; one array a column, then
    /// how many rows of each.
    ///
    /// One search in the key's index for each prefix, which stops at the limit.
    pub fn scan_many(table: &Table, prefix: usize) -> String {
        let columns: Vec<usize> = (0..prefix).collect();
        let selected: Vec<String> = table.columns.iter().map(|c| format!("f.\"{}\"", c.name)).collect();
        let order: Vec<String> =
            table.columns.iter().take(table.key_len).map(|c| format!("t.\"{}\"", c.name)).collect();
        format!(
            "SELECT {} FROM UNNEST({}) AS v ({}) CROSS JOIN LATERAL (SELECT * FROM \"{}\" AS t WHERE {} \
             ORDER BY {} LIMIT ${}) AS f",
            selected.join(", "),
            arrays(table, columns.iter().copied()),
            names(table, columns.iter().copied()),
            table.name,
            joined(table, &columns),
            order.join(", "),
            prefix + 1
        )
    }

    fn arrays(table: &Table, columns: impl Iterator<Item = usize>) -> String {
        let parts: Vec<String> = columns
            .filter_map(|c| table.columns.get(c))
            .enumerate()
            .map(|(n, c)| format!("${}::{}[]", n + 1, ddl::column_type(c.kind, Dialect::Postgres)))
            .collect();
        parts.join(", ")
    }

    fn joined(table: &Table, columns: &[usize]) -> String {
        let parts: Vec<String> = columns
            .iter()
            .filter_map(|c| table.columns.get(*c))
            .map(|c| format!("t.\"{0}\" = v.\"{0}\"", c.name))
            .collect();
        parts.join(" AND ")
    }
}

/// Rows in key order whose key begins with `prefix` values, after `after` more values; the limit is last.
pub fn scan(table: &Table, dialect: Dialect, prefix: usize, after: usize) -> String {
    let mut conditions: Vec<String> = (0..prefix)
        .filter_map(|n| Some(format!("\"{}\" = {}", table.columns.get(n)?.name, marks(dialect, n + 1, 1))))
        .collect();
    if after > 0 {
        let columns = names(table, prefix..prefix + after);
        conditions.push(format!("({columns}) > ({})", marks(dialect, prefix + 1, after)));
    }
    let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    format!(
        "SELECT {} FROM \"{}\"{filter} ORDER BY {} LIMIT {}",
        all_names(table),
        table.name,
        names(table, 0..table.key_len),
        marks(dialect, prefix + after + 1, 1)
    )
}

/// A list for people, with its parameters in the order of the marks.
///
/// The builder places parameters by number, so that values of every kind can be bound by the
/// connection itself. `None` if the list names a column that its table does not have or orders by
/// one that may be empty.
pub fn list(list: &List, dialect: Dialect) -> Option<(String, Vec<Value>)> {
    use sea_query::{Alias, Cond, Expr, ExprTrait, Order, PostgresQueryBuilder, Query, SqliteQueryBuilder};
    let table = list.table;
    let mut held: Vec<Value> = Vec::new();
    let mut hold = |value: &Value| {
        held.push(value.clone());
        Expr::val(held.len() as i64 - 1)
    };
    let mut condition = Cond::all();
    for (name, value) in &list.equal {
        table.column(name)?;
        let column = Expr::col(Alias::new(*name));
        condition = condition.add(if *value == Value::Null { column.is_null() } else { column.eq(hold(value)) });
    }
    for name in &list.order {
        if table.columns[table.column(name)?].nullable {
            return None;
        }
    }
    if let Some(after) = &list.after {
        if after.len() != list.order.len() || after.contains(&Value::Null) {
            return None;
        }
        // Order columns that are held equal do not take part: the index is entered at the others.
        let open: Vec<(&&str, &Value)> = list
            .order
            .iter()
            .zip(after)
            .filter(|(name, _)| !list.equal.iter().any(|(equal, value)| equal == *name && *value != Value::Null))
            .collect();
        if open.is_empty() {
            condition = condition.add(Expr::cust("1 = 0"));
        } else {
            let columns = Expr::tuple(open.iter().map(|(name, _)| Expr::col(Alias::new(**name))));
            let values = Expr::tuple(open.iter().map(|(_, value)| hold(value)).collect::<Vec<_>>());
            condition = condition.add(if list.descending { columns.lt(values) } else { columns.gt(values) });
        }
    }
    let order = if list.descending { Order::Desc } else { Order::Asc };
    let mut query = Query::select();
    query
        .columns(table.columns.iter().map(|c| Alias::new(c.name)))
        .from(Alias::new(table.name))
        .cond_where(condition)
        .limit(list.limit as u64);
    for name in &list.order {
        query.order_by(Alias::new(*name), order.clone());
    }
    let (text, values) = match dialect {
        Dialect::Sqlite => query.build(SqliteQueryBuilder),
        Dialect::Postgres => query.build(PostgresQueryBuilder),
    };
    let mut parameters = Vec::with_capacity(values.0.len());
    for value in values.0 {
        parameters.push(match value {
            sea_query::Value::BigInt(Some(place)) => held.get(usize::try_from(place).ok()?)?.clone(),
            _ => Value::Int(i64::try_from(list.limit).unwrap_or(i64::MAX)),
        });
    }
    Some((text, parameters))
}

/// Reads the head of a cell, and locks it where rows can be locked.
pub fn lock_heads(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT \"cell\", \"seq\", \"range\", \"open_date\", \"version\" FROM \"cell_head\" WHERE \"cell\" = ?"
        }
        Dialect::Postgres => {
            "SELECT \"cell\", \"seq\", \"range\", \"open_date\", \"version\" FROM \"cell_head\" \
             WHERE \"cell\" = ANY($1::bigint[]) ORDER BY \"cell\" FOR UPDATE"
        }
    }
}

/// Writes heads back where they still have the version that was read.
pub fn swap_heads(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "UPDATE \"cell_head\" SET \"seq\" = ?, \"range\" = ?, \"open_date\" = ?, \"version\" = \"version\" + 1 \
             WHERE \"cell\" = ? AND \"version\" = ?"
        }
        Dialect::Postgres => {
            "UPDATE \"cell_head\" AS t SET \"seq\" = v.\"seq\", \"range\" = v.\"range\", \
             \"open_date\" = v.\"open_date\", \"version\" = t.\"version\" + 1 \
             FROM UNNEST($1::bigint[], $2::bigint[], $3::bytea[], $4::date[], $5::bigint[]) \
             AS v (\"cell\", \"seq\", \"range\", \"open_date\", \"version\") \
             WHERE t.\"cell\" = v.\"cell\" AND t.\"version\" = v.\"version\""
        }
    }
}

/// Adds directory rows where the hash is free: one row on SQLite, arrays on PostgreSQL.
pub fn directory_claim(dialect: Dialect) -> String {
    let table = <ddl::Directory as door::Record>::table();
    let insert = match dialect {
        Dialect::Sqlite => sqlite::insert(table, 1),
        Dialect::Postgres => postgres::insert(table),
    };
    format!("{insert} ON CONFLICT (\"hash\") DO NOTHING")
}

/// Replaces a directory row that still stands as given; the new columns beside the hash, then all old ones.
pub fn directory_replace(dialect: Dialect) -> String {
    let table = <ddl::Directory as door::Record>::table();
    let set: Vec<String> =
        (1..table.columns.len()).map(|n| format!("\"{}\" = {}", table.columns[n].name, marks(dialect, n, 1))).collect();
    let first = table.columns.len();
    format!("UPDATE \"directory\" SET {} WHERE {}", set.join(", "), all_equal(table, dialect, first))
}

/// Removes a directory row that still stands as given.
pub fn directory_remove(dialect: Dialect) -> String {
    let table = <ddl::Directory as door::Record>::table();
    format!("DELETE FROM \"directory\" WHERE {}", all_equal(table, dialect, 1))
}

/// Claims made before an instant, oldest first: state, instant, limit.
pub fn directory_stale(dialect: Dialect) -> String {
    let table = <ddl::Directory as door::Record>::table();
    format!(
        "SELECT {} FROM \"directory\" WHERE \"state\" = {} AND \"claimed_at\" < {} ORDER BY \"claimed_at\", \"hash\" LIMIT {}",
        all_names(table),
        marks(dialect, 1, 1),
        marks(dialect, 2, 1),
        marks(dialect, 3, 1)
    )
}

fn all_equal(table: &Table, dialect: Dialect, first: usize) -> String {
    let parts: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(n, c)| format!("\"{}\" = {}", c.name, marks(dialect, first + n, 1)))
        .collect();
    parts.join(" AND ")
}

/// Every statement the store may send for these tables, in each form: what the lint reads.
pub fn all(tables: &[&'static Table], dialect: Dialect) -> Vec<String> {
    let mut statements = Vec::new();
    for table in tables {
        statements.extend(ddl::create(table, dialect));
        let key: Vec<usize> = (0..table.key_len).collect();
        let mut searches = vec![key.clone()];
        searches.extend(table.indexes.iter().map(|i| i.columns.iter().filter_map(|c| table.column(c)).collect()));
        match dialect {
            Dialect::Sqlite => {
                statements.extend([sqlite::insert(table, 1), sqlite::insert(table, 3), sqlite::delete(table)]);
                statements.extend(searches.iter().map(|s| sqlite::load_one(table, s)));
                statements.extend(searches.iter().map(|s| sqlite::load_chunk(table, s, 3)));
            }
            Dialect::Postgres => {
                statements.extend([postgres::insert(table), postgres::delete(table)]);
                statements.extend(searches.iter().map(|s| postgres::load(table, s)));
                statements.push(postgres::scan_many(table, 1.min(table.key_len)));
            }
        }
        if table.columns.len() > table.key_len {
            statements.push(match dialect {
                Dialect::Sqlite => sqlite::update(table),
                Dialect::Postgres => postgres::update(table),
            });
        }
        statements.push(scan(table, dialect, 0, 0));
        statements.push(scan(table, dialect, 1.min(table.key_len), table.key_len - 1));
        statements.extend(list(&example_list(table), dialect).map(|(text, _)| text));
    }
    statements.push(lock_heads(dialect).to_owned());
    statements.push(swap_heads(dialect).to_owned());
    statements.push(directory_claim(dialect));
    statements.push(directory_replace(dialect));
    statements.push(directory_remove(dialect));
    statements.push(directory_stale(dialect));
    statements
}

fn example_list(table: &'static Table) -> List {
    let order: Vec<&'static str> = table.columns.iter().take(table.key_len).map(|c| c.name).collect();
    let first = &table.columns[0];
    let value = if first.kind == Kind::Int { Value::Int(1) } else { Value::Null };
    let equal = if table.class == Class::Household { vec![(first.name, value.clone())] } else { Vec::new() };
    List { table, equal, order, descending: true, after: None, limit: 20 }
}
