//! A failing fixture for each rule of the lint, and all of our own SQL passing it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[macro_use]
#[allow(dead_code, unused_macros, reason = "shared with the suite")]
mod engines;

use basics::{Cell, Id};
use door::Table;
use door::table::{Class, Column, Index, Kind, Origin, Record};
use store::lint::{Finding, Rule, lint_sql, lint_tables};
use store::{Dialect, ddl, statements};

const CELL: Column = Column { name: "cell", kind: Kind::Int, nullable: false };
const ID: Column = Column { name: "id", kind: Kind::Id, nullable: false };
const MAYBE: Column = Column { name: "maybe", kind: Kind::Int, nullable: true };
const LOUD: Column = Column { name: "Loud", kind: Kind::Int, nullable: false };
const GOOD: Table = Table {
    name: "good",
    class: Class::Household,
    origin: Origin::State,
    columns: &[CELL, ID],
    key_len: 2,
    indexes: &[Index { name: "good_by_id", columns: &["cell", "id"], unique: false }],
};

fn rules(findings: &[Finding]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = findings.iter().map(|finding| finding.rule).collect();
    rules.sort();
    rules.dedup();
    rules
}

#[test]
fn each_rule_for_tables_has_a_fixture_that_fails() {
    assert_eq!(lint_tables(&[&GOOD]), []);
    let fixtures: [(Rule, Table); 14] = [
        (Rule::KeyBeginsWithCell, Table { columns: &[ID, CELL], ..GOOD }),
        (Rule::KeyBeginsWithCell, Table { columns: &[ID], key_len: 1, indexes: &[], ..GOOD }),
        (Rule::IndexBeginsWithCell, Table { indexes: &[Index { name: "i", columns: &["id"], unique: false }], ..GOOD }),
        (
            Rule::IndexBeginsWithCell,
            Table { indexes: &[Index { name: "i", columns: &["id", "cell"], unique: true }], ..GOOD },
        ),
        (Rule::KeyNotNullable, Table { columns: &[CELL, MAYBE], indexes: &[], ..GOOD }),
        (Rule::KeyLength, Table { key_len: 3, ..GOOD }),
        (Rule::KeyLength, Table { class: Class::Office, key_len: 0, ..GOOD }),
        (
            Rule::IndexColumns,
            Table { indexes: &[Index { name: "i", columns: &["cell", "gone"], unique: false }], ..GOOD },
        ),
        (
            Rule::IndexColumns,
            Table { class: Class::Office, indexes: &[Index { name: "i", columns: &[], unique: false }], ..GOOD },
        ),
        (Rule::SnakeCase, Table { name: "Good", ..GOOD }),
        (Rule::SnakeCase, Table { columns: &[CELL, ID, LOUD], ..GOOD }),
        (Rule::SnakeCase, Table { indexes: &[Index { name: "a-b", columns: &["cell"], unique: false }], ..GOOD }),
        (Rule::NoDuplicates, Table { columns: &[CELL, ID, ID], ..GOOD }),
        (Rule::NoDuplicates, Table { indexes: &[Index { name: "good", columns: &["cell"], unique: false }], ..GOOD }),
    ];
    for (rule, table) in &fixtures {
        assert_eq!(rules(&lint_tables(&[table])), [*rule], "{table:?}");
    }
    assert_eq!(rules(&lint_tables(&[&GOOD, &GOOD])), [Rule::NoDuplicates]);
    let office = Table { class: Class::Office, columns: &[ID], key_len: 1, indexes: &[], ..GOOD };
    assert_eq!(lint_tables(&[&office]), [], "an office table needs no cell");
}

#[test]
fn each_rule_for_sql_has_a_fixture_that_fails() {
    let fixtures: &[(Rule, Dialect, &str)] = &[
        (Rule::NoTriggers, Dialect::Postgres, "CREATE TRIGGER t BEFORE UPDATE ON other EXECUTE FUNCTION f()"),
        (Rule::NoTriggers, Dialect::Sqlite, "create temp trigger t after insert on other begin select 1; end"),
        (Rule::NoTriggers, Dialect::Postgres, "CREATE OR REPLACE TRIGGER t AFTER INSERT ON other EXECUTE FUNCTION f()"),
        (Rule::NoClockNoChance, Dialect::Postgres, "UPDATE other SET at = now()"),
        (Rule::NoClockNoChance, Dialect::Postgres, "INSERT INTO other VALUES (CURRENT_TIMESTAMP)"),
        (Rule::NoClockNoChance, Dialect::Sqlite, "SELECT datetime('now')"),
        (Rule::NoClockNoChance, Dialect::Sqlite, "SELECT * FROM other ORDER BY random()"),
        (Rule::NoClockNoChance, Dialect::Postgres, "CREATE TABLE other (id uuid DEFAULT gen_random_uuid())"),
        (Rule::Strict, Dialect::Sqlite, "CREATE TABLE other (a INTEGER)"),
        (Rule::Strict, Dialect::Sqlite, "CREATE TABLE other (strict INTEGER) WITHOUT ROWID"),
        (Rule::NoFloats, Dialect::Sqlite, "CREATE TABLE other (a REAL) STRICT"),
        (Rule::NoFloats, Dialect::Postgres, "CREATE TABLE other (a double precision)"),
        (Rule::Timestamptz, Dialect::Postgres, "CREATE TABLE other (a timestamp)"),
        (Rule::Timestamptz, Dialect::Postgres, "CREATE TABLE other (a timestamp without time zone)"),
        (Rule::NamesCell, Dialect::Postgres, "SELECT * FROM good WHERE id = $1"),
        (Rule::NamesCell, Dialect::Postgres, "SELECT cell, id FROM good WHERE id = $1"),
        (Rule::NamesCell, Dialect::Sqlite, "UPDATE \"good\" SET cell = 1 WHERE id = ?"),
        (Rule::NamesCell, Dialect::Sqlite, "DELETE FROM good WHERE id = ? -- of this cell"),
        (Rule::NamesCell, Dialect::Sqlite, "DELETE FROM good WHERE id = 'cell'"),
        (Rule::NamesCell, Dialect::Sqlite, "INSERT INTO good (id) VALUES (?)"),
        (Rule::NamesCell, Dialect::Postgres, "CREATE INDEX i ON good (id)"),
        (Rule::NamesCell, Dialect::Postgres, "SELECT 1; SELECT a FROM other AS o, good AS g WHERE o.id = g.id"),
    ];
    for (rule, dialect, text) in fixtures {
        let found = lint_sql(text, *dialect, &[&GOOD]);
        assert_eq!(rules(&found), [*rule], "{text}: {found:?}");
    }
    for good in [
        "SELECT id FROM good WHERE cell = $1",
        "SELECT id FROM good ORDER BY cell, id",
        "UPDATE good SET id = 'now()' WHERE cell = $1 /* random() */",
        "SELECT \"real\", \"now\" FROM other",
        "CREATE TABLE other (a timestamp with time zone, b timestamptz)",
        "DROP TABLE good; ",
        "",
        "'",
        "/*",
    ] {
        assert_eq!(lint_sql(good, Dialect::Postgres, &[&GOOD]), [], "{good}");
    }
}

#[test]
fn the_declared_tables_pass() {
    let mut tables: Vec<&Table> = engines::tables();
    tables.extend(ddl::own_tables());
    assert_eq!(lint_tables(&tables), []);
}

#[test]
fn every_statement_of_ours_passes() {
    let mut tables = engines::tables();
    tables.extend(ddl::own_tables());
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let all = statements::all(&tables, dialect);
        assert!(all.len() > 60);
        for text in all {
            assert_eq!(lint_sql(&text, dialect, &tables), [], "{text}");
        }
    }
}

#[test]
fn migrations_pass() {
    let tables = engines::tables();
    for migration in store::schema::MIGRATIONS {
        for (dialect, texts) in [(Dialect::Sqlite, migration.sqlite), (Dialect::Postgres, migration.postgres)] {
            for text in texts {
                assert_eq!(lint_sql(text, dialect, &tables), [], "{text}");
            }
        }
    }
}

door::table! {
    /// A table as the text of its statements shows it.
    struct Shown = "shown" (Household, State, key 2) { cell: Cell, id: Id, name: String, note: Option<String> }
    index "shown_by_name" ["cell", "name"];
}

#[test]
fn statements_read_like_this() {
    assert_eq!(
        ddl::create(Shown::table(), Dialect::Sqlite),
        [
            "CREATE TABLE \"shown\" (\"cell\" INTEGER NOT NULL, \"id\" BLOB NOT NULL, \"name\" TEXT NOT NULL, \
             \"note\" TEXT, PRIMARY KEY (\"cell\", \"id\")) STRICT, WITHOUT ROWID",
            "CREATE INDEX \"shown_by_name\" ON \"shown\" (\"cell\", \"name\")",
        ]
    );
    assert_eq!(
        ddl::create(Shown::table(), Dialect::Postgres)[0],
        "CREATE TABLE \"shown\" (\"cell\" bigint NOT NULL, \"id\" uuid NOT NULL, \"name\" text COLLATE \"C\" NOT NULL, \
         \"note\" text COLLATE \"C\", PRIMARY KEY (\"cell\", \"id\"))"
    );
    assert_eq!(
        statements::postgres::update(Shown::table()),
        "UPDATE \"shown\" AS t SET \"name\" = v.\"name\", \"note\" = v.\"note\" \
         FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::text[]) AS v (\"cell\", \"id\", \"name\", \"note\") \
         WHERE t.\"cell\" = v.\"cell\" AND t.\"id\" = v.\"id\""
    );
    assert_eq!(
        statements::scan(Shown::table(), Dialect::Postgres, 1, 1),
        "SELECT \"cell\", \"id\", \"name\", \"note\" FROM \"shown\" WHERE \"cell\" = $1 AND (\"id\") > ($2) \
         ORDER BY \"cell\", \"id\" LIMIT $3"
    );
}
