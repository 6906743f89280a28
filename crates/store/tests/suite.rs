//! One suite for both databases: what the door relies on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::useless_vec, reason = "tests")]

#[macro_use]
mod engines;

use std::sync::Arc;

use basics::{Cell, Date, Id, Instant};
use door::backend::{Backend, ClaimState, Connection, DirectoryRow, List};
use door::table::{Record, Row, Value};
use door::tables::{Journal, Outbox};
use door::{StoreError, key};
use engines::{Every, OPEN_DATE, Village, every};

fn connect(backend: &Arc<dyn Backend>) -> Box<dyn Connection> {
    backend.connect().unwrap()
}

fn fill(connection: &mut dyn Connection, rows: &[Row]) {
    connection.begin().unwrap();
    connection.insert_many(Every::table(), rows).unwrap();
    connection.commit().unwrap();
}

fn all(connection: &mut dyn Connection) -> Vec<Row> {
    connection.scan(Every::table(), &[], None, 10_000).unwrap()
}

on_both!(every_kind_of_value_comes_back, |backend| {
    let mut connection = connect(backend);
    let extreme = Every {
        cell: Cell(u16::MAX),
        id: Id::from_u128(u128::MAX),
        flag: true,
        number: i64::MIN,
        date: Date::ymd(2400, 12, 31).unwrap(),
        at: Instant(253_402_300_799_999_999),
        text: "农户 “借据” 🐂 \\ ' {} , NULL".to_owned(),
        bytes: (0..=255).collect(),
        flag_maybe: Some(false),
        number_maybe: Some(i64::MAX),
        id_maybe: Some(Id::from_u128(0)),
        date_maybe: Some(Date::ymd(1900, 1, 1).unwrap()),
        at_maybe: Some(Instant(-62_135_596_800_000_000)),
        text_maybe: Some(String::new()),
        bytes_maybe: Some(Vec::new()),
    };
    let empty = Every { text: String::new(), bytes: Vec::new(), ..every(1, 7) };
    let mut rows = vec![empty.to_row(), extreme.to_row()];
    fill(connection.as_mut(), &rows);
    assert_eq!(all(connection.as_mut()), rows);
    assert_eq!(Every::from_row(&rows[1]).unwrap(), extreme);

    // The same through an update: what was empty is full, what was full is empty.
    let full = Every { cell: empty.cell, id: empty.id, text: "x".into(), ..extreme.clone() };
    let drained = Every { cell: extreme.cell, id: extreme.id, text: "y".into(), ..empty.clone() };
    rows = vec![full.to_row(), drained.to_row()];
    connection.begin().unwrap();
    connection.update_many(Every::table(), &rows).unwrap();
    connection.commit().unwrap();
    assert_eq!(all(connection.as_mut()), rows);
});

on_both!(any_number_of_rows_is_written_and_read, |backend| {
    let mut connection = connect(backend);
    for count in [0u128, 1, 7, 8, 9, 31, 32, 33, 64, 300, 1_000] {
        let mut rows: Vec<Row> = (0..count).map(|n| every(3, n).to_row()).collect();
        let keys: Vec<_> = rows.iter().map(|row| row[..2].to_vec()).collect();
        connection.begin().unwrap();
        connection.insert_many(Every::table(), &rows).unwrap();
        let mut found = connection.load_many(Every::table(), &[0, 1], &keys).unwrap();
        found.sort();
        assert_eq!(found, rows, "{count} loaded");
        for row in &mut rows {
            row[3] = Value::Int(-1);
        }
        connection.update_many(Every::table(), &rows).unwrap();
        assert_eq!(all(connection.as_mut()), rows, "{count} updated");
        connection.delete_many(Every::table(), &keys[keys.len() / 2..]).unwrap();
        assert_eq!(all(connection.as_mut()), rows[..keys.len() / 2], "{count} deleted");
        connection.delete_many(Every::table(), &keys).unwrap();
        assert!(all(connection.as_mut()).is_empty());
        connection.commit().unwrap();
    }
});

on_both!(rows_are_found_by_prefix_and_by_other_columns, |backend| {
    let mut connection = connect(backend);
    let rows: Vec<Row> = (0..100).map(|n| Every { number: n as i64 % 10, ..every(n as u16 % 4, n) }.to_row()).collect();
    fill(connection.as_mut(), &rows);
    let cells = [key![Cell(1)], key![Cell(3)], key![Cell(1)], key![Cell(99)]];
    let found = connection.load_many(Every::table(), &[0], &cells).unwrap();
    assert_eq!(found.len(), 50, "a key asked twice is answered once");
    let by_number: Vec<_> = (0..40).map(|n| key![Cell(n % 4), i64::from(n) % 10]).collect();
    let found = connection.load_many(Every::table(), &[0, 3], &by_number).unwrap();
    let expected = rows.iter().filter(|row| by_number.iter().any(|key| key[0] == row[0] && key[1] == row[3])).count();
    assert_eq!(found.len(), expected);
    let none = connection.load_many(Every::table(), &[0, 3], &[vec![Value::Int(1), Value::Null]]).unwrap();
    assert!(none.is_empty(), "nothing equals no value");
    assert!(connection.load_many(Every::table(), &[0, 1], &[]).unwrap().is_empty());
});

on_both!(a_row_that_is_not_there_cannot_be_rewritten, |backend| {
    let mut connection = connect(backend);
    fill(connection.as_mut(), &[every(1, 1).to_row()]);
    connection.begin().unwrap();
    let rows = [every(1, 1).to_row(), every(1, 2).to_row()];
    let error = connection.update_many(Every::table(), &rows).unwrap_err();
    assert!(matches!(error, StoreError::Constraint(_)), "{error}");
    assert!(connection.commit().is_err(), "a failed transaction is not committed");
    connection.rollback();
    assert_eq!(all(connection.as_mut()).len(), 1);
});

on_both!(what_the_schema_forbids_is_a_constraint, |backend| {
    let mut connection = connect(backend);
    fill(connection.as_mut(), &[every(1, 1).to_row()]);
    let same_text = Every { text: every(1, 1).text, ..every(1, 2) }.to_row();
    let mut no_text = every(1, 3).to_row();
    no_text[6] = Value::Null;
    let zero = Every { text: "a\0b".into(), ..every(1, 4) }.to_row();
    for (what, row) in [("key", every(1, 1).to_row()), ("unique", same_text), ("null", no_text), ("zero", zero)] {
        connection.begin().unwrap();
        let error = connection.insert_many(Every::table(), &[row]).unwrap_err();
        assert!(matches!(error, StoreError::Constraint(_)), "{what}: {error}");
        connection.rollback();
        connection.rollback();
    }
    for row in [every(1, 1).to_row()[..5].to_vec(), {
        let mut r = every(1, 9).to_row();
        r[3] = r[1].clone();
        r
    }] {
        connection.begin().unwrap();
        let error = connection.insert_many(Every::table(), &[row]).unwrap_err();
        assert!(error.to_string().starts_with("bug:"), "{error}");
        connection.rollback();
    }
    assert_eq!(all(connection.as_mut()), vec![every(1, 1).to_row()]);
});

on_both!(pages_of_a_scan_are_the_whole_in_order, |backend| {
    let mut connection = connect(backend);
    let mut rows: Vec<Row> =
        (0..57u128).map(|n| every((n % 3) as u16 + 1, n.wrapping_mul(0x9e37_79b9_7f4a_7c15) << 40).to_row()).collect();
    fill(connection.as_mut(), &rows);
    rows.sort();
    for (prefix, limit) in [(vec![], 1), (vec![], 10), (vec![], 57), (key![Cell(2)], 4), (key![Cell(9)], 4)] {
        let expected: Vec<Row> = rows.iter().filter(|row| row.starts_with(&prefix)).cloned().collect();
        let mut seen: Vec<Row> = Vec::new();
        loop {
            let after = seen.last().map(|row| row[..2].to_vec());
            let page = connection.scan(Every::table(), &prefix, after.as_deref(), limit).unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= limit);
            seen.extend(page);
        }
        assert_eq!(seen, expected, "prefix {prefix:?} by {limit}");
    }
    let whole = rows[5][..2].to_vec();
    assert_eq!(connection.scan(Every::table(), &whole, None, 9).unwrap(), vec![rows[5].clone()]);
    assert!(connection.scan(Every::table(), &whole, Some(&whole), 9).unwrap().is_empty());
    // A place before the prefix begins at its first row, one after it ends.
    let first = key![Cell(0)];
    assert_eq!(connection.scan(Every::table(), &key![Cell(1)], Some(&first), 99).unwrap().len(), 19);
    assert!(connection.scan(Every::table(), &key![Cell(1)], Some(&key![Cell(2)]), 99).unwrap().is_empty());
});

on_both!(the_beginnings_of_many_lists_are_those_of_each, |backend| {
    let mut connection = connect(backend);
    let rows: Vec<Row> =
        (0..57u128).map(|n| every((n % 3) as u16 + 1, n.wrapping_mul(0x9e37_79b9_7f4a_7c15) << 40).to_row()).collect();
    fill(connection.as_mut(), &rows);
    let prefixes = [key![Cell(3)], key![Cell(9)], key![Cell(1)]];
    for limit in [1, 4, 99] {
        let mut one_by_one: Vec<Row> = Vec::new();
        for prefix in &prefixes {
            one_by_one.extend(connection.scan(Every::table(), prefix, None, limit).unwrap());
        }
        let mut together = connection.scan_many(Every::table(), &prefixes, limit).unwrap();
        assert_eq!(together.len(), 2 * limit.min(19));
        // Under each prefix in key order, whatever the order of the prefixes.
        for prefix in &prefixes {
            assert!(together.iter().filter(|row| row.starts_with(prefix)).is_sorted());
        }
        one_by_one.sort();
        together.sort();
        assert_eq!(together, one_by_one, "by {limit}");
    }
    assert!(connection.scan_many(Every::table(), &[], 4).unwrap().is_empty());
});

on_both!(lists_go_on_where_they_stopped, |backend| {
    let mut connection = connect(backend);
    let rows: Vec<Every> = (0..40).map(|n| Every { number: n as i64 / 7, ..every(n as u16 % 2, n) }).collect();
    fill(connection.as_mut(), &rows.iter().map(Record::to_row).collect::<Vec<_>>());
    for (descending, order) in [(false, vec!["cell", "number", "id"]), (true, vec!["number", "id"])] {
        let mut expected: Vec<Row> = rows.iter().filter(|row| row.cell == Cell(1)).map(Record::to_row).collect();
        expected.sort_by_key(|row| (row[3].clone(), row[1].clone()));
        if descending {
            expected.reverse();
        }
        let mut list = List {
            table: Every::table(),
            equal: vec![("cell", Value::Int(1)), ("text_maybe", Value::Null)],
            order: order.clone(),
            descending,
            after: None,
            limit: 3,
        };
        let mut seen: Vec<Row> = Vec::new();
        loop {
            let page = connection.list(&list).unwrap();
            let Some(last) = page.last() else { break };
            list.after = Some(order.iter().map(|name| last[Every::table().column(name).unwrap()].clone()).collect());
            seen.extend(page);
        }
        assert_eq!(seen, expected, "by {order:?}");
    }
    // Every kind can be asked for.
    let row = rows[3].to_row();
    let equal = Every::table().columns.iter().zip(&row).map(|(column, value)| (column.name, value.clone())).collect();
    let one =
        List { table: Every::table(), equal, order: vec!["cell", "id"], descending: false, after: None, limit: 9 };
    assert_eq!(connection.list(&one).unwrap(), vec![row]);
    let done = List { after: Some(vec![one.equal[0].1.clone(), one.equal[1].1.clone()]), ..one.clone() };
    assert!(connection.list(&done).unwrap().is_empty());
    for wrong in [
        List { order: vec!["text_maybe"], ..one.clone() },
        List { order: vec!["nothing"], ..one.clone() },
        List { equal: vec![("nothing", Value::Null)], ..one.clone() },
        List { after: Some(vec![]), ..one.clone() },
    ] {
        assert!(connection.list(&wrong).unwrap_err().to_string().starts_with("bug:"));
    }
});

on_both!(heads_are_swapped_only_at_the_version_read, |backend| {
    let mut connection = connect(backend);
    connection.begin().unwrap();
    let cells = [Cell(3), Cell(0), Cell(1), Cell(3), Cell(60_000)];
    let mut heads = connection.lock_heads(&cells).unwrap();
    assert_eq!(heads.iter().map(|h| h.cell).collect::<Vec<_>>(), [Cell(0), Cell(1), Cell(3)]);
    assert!(heads.iter().all(|h| h.seq == 0 && h.version == 0 && h.open_date.to_string() == OPEN_DATE));
    for head in &mut heads {
        head.seq = i64::from(head.cell.0) + 5;
        head.range = vec![head.cell.0 as u8; 40];
        head.open_date = head.open_date.add_days(1);
    }
    assert_eq!(connection.swap_heads(&heads).unwrap(), 3);
    connection.commit().unwrap();
    connection.begin().unwrap();
    let now = connection.lock_heads(&[Cell(0), Cell(1), Cell(3)]).unwrap();
    for (old, new) in heads.iter().zip(&now) {
        assert_eq!(
            (old.seq, &old.range, old.open_date, old.version + 1),
            (new.seq, &new.range, new.open_date, new.version)
        );
    }
    // One of three is at a version that has passed.
    let stale = [now[0].clone(), heads[1].clone(), now[2].clone()];
    assert_eq!(connection.swap_heads(&stale).unwrap(), 2);
    connection.rollback();
    connection.begin().unwrap();
    assert_eq!(connection.lock_heads(&[Cell(0), Cell(1), Cell(3)]).unwrap(), now);
    connection.rollback();
});

on_both!(a_locked_cell_makes_the_other_writer_wait, |backend| {
    let mut first = connect(backend);
    first.begin().unwrap();
    let mut head = first.lock_heads(&[Cell(2)]).unwrap().remove(0);
    let (said, heard) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let said_by_second = said.clone();
        scope.spawn(move || {
            let mut second = connect(backend);
            second.begin().unwrap();
            let head = second.lock_heads(&[Cell(2)]).unwrap().remove(0);
            second.rollback();
            said_by_second.send(("second", head.seq)).unwrap();
        });
        // Give the other one room to go wrong; the outcome does not depend on how long.
        std::thread::sleep(std::time::Duration::from_millis(50));
        head.seq = 77;
        assert_eq!(first.swap_heads(&[head]).unwrap(), 1);
        said.send(("first", 77)).unwrap();
        first.commit().unwrap();
    });
    let order: Vec<_> = heard.try_iter().collect();
    assert_eq!(order, [("first", 77), ("second", 77)], "the second saw what the first wrote");
});

on_both!(a_snapshot_does_not_move, |backend| {
    let mut writer = connect(backend);
    fill(writer.as_mut(), &[every(1, 1).to_row()]);
    let mut reader = connect(backend);
    reader.begin_snapshot().unwrap();
    fill(writer.as_mut(), &[every(1, 2).to_row()]);
    assert_eq!(all(reader.as_mut()).len(), 1);
    reader.commit().unwrap();
    assert_eq!(all(reader.as_mut()).len(), 2);
});

on_both!(nothing_of_a_transaction_rolled_back_remains, |backend| {
    let mut connection = connect(backend);
    connection.rollback();
    connection.begin().unwrap();
    connection.insert_many(Every::table(), &[every(1, 1).to_row()]).unwrap();
    connection.rollback();
    assert!(all(connection.as_mut()).is_empty());
    connection.begin().unwrap();
    connection.insert_many(Every::table(), &[every(1, 1).to_row()]).unwrap();
    drop(connection);
    let mut connection = connect(backend);
    assert!(all(connection.as_mut()).is_empty());
    fill(connection.as_mut(), &[every(1, 1).to_row()]);
});

fn claim(hash: u8, household: u128, at: i64) -> DirectoryRow {
    DirectoryRow {
        hash: [hash; 32],
        cell: Cell(4),
        household: Id::from_u128(household),
        person: Id::from_u128(household + 1),
        state: ClaimState::Claimed,
        claimed_at: Instant(at),
    }
}

on_both!(a_hash_is_claimed_once, |backend| {
    let mut connection = connect(backend);
    connection.begin().unwrap();
    let mine = [claim(9, 10, 1), claim(2, 10, 2), claim(5, 10, 3)];
    assert_eq!(connection.directory_claim(&mine).unwrap(), mine);
    let others = [claim(7, 20, 4), claim(5, 20, 5), claim(9, 20, 6)];
    let standing = connection.directory_claim(&others).unwrap();
    assert_eq!(standing, [others[0].clone(), mine[2].clone(), mine[0].clone()]);
    assert_eq!(connection.directory_claim(&mine).unwrap(), mine, "can be repeated");
    assert!(connection.directory_claim(&[]).unwrap().is_empty());
    connection.commit().unwrap();

    connection.begin().unwrap();
    let confirmed = DirectoryRow { state: ClaimState::Confirmed, ..mine[0].clone() };
    let swaps = [
        (mine[0].clone(), Some(confirmed.clone())),
        (mine[0].clone(), None),
        (claim(2, 10, 999), None),
        (mine[1].clone(), None),
        (others[1].clone(), Some(others[1].clone())),
    ];
    assert_eq!(connection.directory_swap(&swaps).unwrap(), [true, false, false, true, false]);
    connection.commit().unwrap();

    let mut found = connection.directory_find(&[[9; 32], [2; 32], [5; 32], [200; 32]]).unwrap();
    found.sort_by_key(|row| row.hash);
    assert_eq!(found, [mine[2].clone(), confirmed]);
    assert!(connection.directory_find(&[]).unwrap().is_empty());
    let stale = connection.directory_stale(Instant(5), 10).unwrap();
    assert_eq!(stale, [mine[2].clone(), others[0].clone()], "oldest first, none that is confirmed");
    assert_eq!(connection.directory_stale(Instant(5), 1).unwrap().len(), 1);
    assert!(connection.directory_stale(Instant(3), 10).unwrap().is_empty());
});

on_both!(the_doors_own_tables_work, |backend| {
    let mut connection = connect(backend);
    connection.begin().unwrap();
    let journal: Vec<Row> = (1..=40)
        .map(|seq| Journal {
            cell: Cell(2),
            seq,
            command_id: Id::from_u128(seq as u128 * 31),
            leaf: vec![7; 32],
            bytes: Arc::from(vec![seq as u8; 500]),
        })
        .map(|row| row.to_row())
        .collect();
    connection.insert_many(Journal::table(), &journal).unwrap();
    let keys: Vec<_> = (0..60u128).map(|n| key![Cell(2), Id::from_u128(n * 31)]).collect();
    let mut found = connection.load_many(Journal::table(), &[0, 2], &keys).unwrap();
    found.sort();
    assert_eq!(found, journal);
    let twice = Journal { cell: Cell(2), seq: 41, command_id: Id::from_u128(31), leaf: vec![], bytes: Arc::from([]) };
    let sent = Outbox { cell: Cell(2), seq: 1, line: 0, command_id: Id::from_u128(1), at: Instant(5), body: vec![1] };
    connection.insert_many(Outbox::table(), &[sent.to_row()]).unwrap();
    connection.delete_many(Outbox::table(), &[key![Cell(2), 1i64, 0i64], key![Cell(2), 9i64, 0i64]]).unwrap();
    assert!(connection.scan(Outbox::table(), &key![Cell(2)], None, 9).unwrap().is_empty());
    let error = connection.insert_many(Journal::table(), &[twice.to_row()]).unwrap_err();
    assert!(matches!(error, StoreError::Constraint(_)), "a command id stands once in a cell: {error}");
    connection.rollback();
});

on_both!(a_wide_batch_of_small_rows, |backend| {
    let mut connection = connect(backend);
    let rows: Vec<Row> =
        (0..3_000).map(|n| Village { cell: Cell(1), id: n, name: format!("村 {n}") }.to_row()).collect();
    connection.begin().unwrap();
    connection.insert_many(Village::table(), &rows).unwrap();
    connection.commit().unwrap();
    let keys: Vec<_> = (0..3_000i64).rev().map(|n| key![Cell(1), n]).collect();
    let mut found = connection.load_many(Village::table(), &[0, 1], &keys).unwrap();
    found.sort();
    assert_eq!(found, rows);
});

on_both!(readers_share_a_few_connections, |backend| {
    let mut writer = connect(backend);
    fill(writer.as_mut(), &[every(1, 1).to_row()]);
    let count = |readers: &door::Readers| readers.with(|r| Ok(r.scan(Every::table(), &[], None, 99)?.len())).unwrap();
    let readers = door::Readers::new(backend.clone(), 2);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..10).for_each(|_| assert_eq!(count(&readers), 1)));
        }
    });
    let during = readers.with(|reader| {
        let before = reader.scan(Every::table(), &[], None, 99)?.len();
        fill(writer.as_mut(), &[every(1, 2).to_row()]);
        Ok((before, reader.scan(Every::table(), &[], None, 99)?.len()))
    });
    assert_eq!(during, Ok((1, 1)), "a reader sees one state");
    assert_eq!(count(&readers), 2);
    for _ in 0..5 {
        let failed: Result<(), _> = readers.with(|_| Err(StoreError::Unavailable("cut".to_owned())));
        assert!(failed.is_err());
        let stumbled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            readers.with(|_| -> Result<(), StoreError> { panic!("a reader stumbles") })
        }));
        assert!(stumbled.is_err());
    }
    assert_eq!(count(&readers), 2, "no place is lost");
});
