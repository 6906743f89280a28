//! How the databases answer: every search by an index, none by reading a table.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[macro_use]
#[allow(dead_code, unused_macros, reason = "shared with the suite")]
mod engines;

use door::table::{Record, Table};
use engines::{Every, postgres_database, tables};
use store::{Dialect, OpenOptions, PostgresBackend, PostgresOptions, SqliteBackend, ddl, statements};

/// The searches of a table: by its key, by each index, and by each part of them from the left.
fn searches(table: &'static Table) -> Vec<Vec<usize>> {
    let whole = table.indexes.iter().map(|i| i.columns.iter().map(|c| table.column(c).unwrap()).collect());
    let whole: Vec<Vec<usize>> = std::iter::once((0..table.key_len).collect()).chain(whole).collect();
    whole.iter().flat_map(|columns| (1..=columns.len()).map(|len| columns[..len].to_vec())).collect()
}

#[test]
fn sqlite_searches_by_all_columns_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plans.db");
    SqliteBackend::open(&path, &tables(), OpenOptions::default()).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let plan = |text: &str| -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
        let lines: Vec<String> = statement.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
        lines.join(" / ")
    };
    let mut all = tables();
    all.extend(ddl::own_tables());
    for table in all {
        for columns in searches(table) {
            let terms = |columns: &[usize]| {
                columns.iter().map(|c| format!("{}=?", table.columns[*c].name)).collect::<Vec<_>>().join(" AND ")
            };
            // Where a whole key is among the columns, that is the shorter way.
            let key: Vec<usize> = (0..table.key_len).collect();
            let by_key = key.iter().all(|c| columns.contains(c));
            let wanted = terms(&columns);
            for text in
                [statements::sqlite::load_one(table, &columns), statements::sqlite::load_chunk(table, &columns, 4)]
            {
                let plan = plan(&text);
                let by_row_id = table.name == "cell_head" && plan.contains("(rowid=?)");
                let shorter = by_key && plan.contains(&format!("({})", terms(&key)));
                assert!(
                    plan.contains(&format!("({wanted})")) || shorter || by_row_id,
                    "{}: wanted {wanted}, is {plan}",
                    table.name
                );
                assert!(!plan.contains("AUTOMATIC") && !plan.contains("SCAN t"), "{plan}");
            }
        }
        let paged = plan(&statements::scan(table, Dialect::Sqlite, 1, table.key_len - 1));
        assert!(!paged.contains("B-TREE"), "{paged}");
    }
    let list = door::backend::List {
        table: Every::table(),
        equal: vec![("cell", door::Value::Int(1))],
        order: vec!["number", "id"],
        descending: true,
        after: Some(vec![door::Value::Int(1), every_id()]),
        limit: 20,
    };
    let (text, _) = statements::list(&list, Dialect::Sqlite).unwrap();
    let shown = plan(&text.replace("$", "?"));
    assert!(shown.contains("every_by_number (cell=?") && !shown.contains("B-TREE"), "{shown}");
}

fn every_id() -> door::Value {
    door::Value::Id(basics::Id::from_u128(1))
}

#[test]
fn postgres_searches_by_index_also_before_it_knows_the_tables() {
    let Some(database) = postgres_database() else { return };
    PostgresBackend::open(&database.url(), &tables(), PostgresOptions { cells: 3, ..PostgresOptions::default() })
        .unwrap();
    let mut client = postgres::Client::connect(&database.url(), postgres::NoTls).unwrap();
    client.batch_execute(store::postgres::SETTINGS).unwrap();
    for table in tables() {
        let all = searches(table).into_iter().map(|columns| (statements::postgres::load(table, &columns), columns, 0));
        // The key is sorted by its index: no row beyond the limit is read.
        let first = (statements::postgres::scan_many(table, 1), vec![0], 1);
        for (text, columns, limits) in all.chain([first]) {
            let nulls = vec!["NULL"; columns.len() + limits].join(", ");
            client.batch_execute(&format!("PREPARE search AS {text}")).unwrap();
            let lines = client.simple_query(&format!("EXPLAIN EXECUTE search ({nulls})")).unwrap();
            let plan: Vec<String> = lines
                .iter()
                .filter_map(|m| match m {
                    postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                    _ => None,
                })
                .collect();
            let plan = plan.join("\n");
            client.batch_execute("DEALLOCATE search").unwrap();
            let last = table.columns[*columns.last().unwrap()].name;
            assert!(!plan.contains("Seq Scan") && (limits == 0 || !plan.contains("Sort")), "{plan}");
            assert!(plan.contains("Index Cond") && plan.contains(&format!("{last} = ")), "{}:\n{plan}", table.name);
        }
    }
}
