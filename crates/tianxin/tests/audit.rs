//! The audit against copies of a healthy database, each corrupted in one way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use basics::Cell;
use basics::merkle::leaf_hash;
use door::checkpoint::{Checkpoint, CheckpointError, read_heads};
use door::{Actor, Backend, Stepper, audit};
use rusqlite::Connection;
use support::*;

const SECRET: [u8; 32] = [7; 32];

/// A healthy database, how it was earlier in its life, and the checkpoint of its end.
struct Healthy {
    folder: tempfile::TempDir,
    checkpoint: Checkpoint,
    earlier_records: u64,
    records: u64,
}

fn healthy() -> &'static Healthy {
    static HEALTHY: OnceLock<Healthy> = OnceLock::new();
    HEALTHY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("healthy.db");
        let backend = sqlite(&path);
        let mut stepper = Stepper::new(tianxin(), backend.clone(), 256);
        assert!(stepper.step(founding(12)).iter().all(Result::is_ok));
        stepper.deliver();
        let mut stream = Stream(3);
        let mut live = |from: u128| {
            for n in 0..60u128 {
                let (a, b) = (household(stream.below(12)), household(stream.below(12)));
                let number = from + n;
                let asked = match stream.below(3) {
                    0 => request(number, Actor::SYSTEM, top_up(a, yuan(3))),
                    1 => request(number, farmer(a), withdraw(a, yuan(2))),
                    _ if a == b => request(number, Actor::SYSTEM, top_up(a, yuan(1))),
                    _ => request(number, farmer(a), transfer(a, b, yuan(1))),
                };
                stepper.step(vec![asked]).remove(0).unwrap();
            }
            stepper.deliver();
        };
        live(1_000);
        copy(&path, &folder.path().join("earlier.db"));
        let earlier = sqlite(&folder.path().join("earlier.db"));
        let earlier_records = audit::verify(tianxin().as_ref(), earlier.as_ref(), None).unwrap().records;
        live(2_000);
        let checkpoint = checkpoint_of(backend.as_ref());
        let records = audit::verify(tianxin().as_ref(), backend.as_ref(), Some(&checkpoint)).unwrap().records;
        Healthy { folder, checkpoint, earlier_records, records }
    })
}

fn checkpoint_of(backend: &dyn Backend) -> Checkpoint {
    let heads = read_heads(backend.connect().unwrap().as_mut(), CELLS).unwrap();
    Checkpoint::sign("Test Co-operative", morning(), &heads, &SECRET).unwrap()
}

/// A copy of a database, its log included.
fn copy(from: &Path, to: &Path) {
    let source = Connection::open(from).unwrap();
    source.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
}

/// A copy of the healthy database that somebody has had his hands on.
fn altered(name: &str, alter: impl FnOnce(&Connection)) -> (PathBuf, Arc<dyn Backend>) {
    let path = healthy().folder.path().join(format!("{name}.db"));
    copy(&healthy().folder.path().join("healthy.db"), &path);
    let connection = Connection::open(&path).unwrap();
    alter(&connection);
    drop(connection);
    let backend = sqlite(&path);
    (path, backend)
}

/// One change by hand; it must meet exactly one row.
fn change(connection: &Connection, text: &str) {
    assert_eq!(connection.execute(text, []).unwrap(), 1, "{text}");
}

/// What the audit says first, which must have all these words.
fn finds(backend: &dyn Backend, checkpoint: Option<&Checkpoint>, words: &[&str]) {
    let said = audit::verify(tianxin().as_ref(), backend, checkpoint).unwrap_err().to_string();
    for word in words {
        assert!(said.contains(word), "`{said}` does not say `{word}`");
    }
}

/// A derived row was altered: the audit names it, a rebuild lists it, and one that writes sets it right.
fn repairs(name: &str, differing: u64, words: &[&str], alter: impl FnOnce(&Connection)) {
    let (_, backend) = altered(name, alter);
    let checkpoint = &healthy().checkpoint;
    finds(backend.as_ref(), None, words);
    finds(backend.as_ref(), Some(checkpoint), words);
    for write in [false, true] {
        let rebuilt = audit::rebuild(tianxin().as_ref(), backend.as_ref(), write).unwrap();
        assert_eq!((rebuilt.differing, rebuilt.listed.len() as u64), (differing, differing), "{:?}", rebuilt.listed);
        for word in words {
            assert!(rebuilt.listed[0].contains(word), "`{}` does not say `{word}`", rebuilt.listed[0]);
        }
    }
    audit::verify(tianxin().as_ref(), backend.as_ref(), Some(checkpoint)).unwrap();
    assert_eq!(audit::rebuild(tianxin().as_ref(), backend.as_ref(), true).unwrap().differing, 0);
    let healthy = sqlite(&healthy().folder.path().join("healthy.db"));
    assert!(export(backend.as_ref()) == export(healthy.as_ref()), "{name}: every row is again as it was");
}

/// The book of record itself was altered: the audit names it, and a rebuild refuses to derive books from it.
fn refuses(name: &str, words: &[&str], alter: impl FnOnce(&Connection)) {
    let (path, backend) = altered(name, alter);
    finds(backend.as_ref(), None, words);
    let before = std::fs::read(&path).unwrap();
    let refused = audit::rebuild(tianxin().as_ref(), backend.as_ref(), true).unwrap_err();
    assert!(words.iter().all(|word| refused.to_string().contains(word)), "{refused}");
    assert!(std::fs::read(&path).unwrap() == before, "{name}: nothing was written");
}

/// Where the n-th entry of a cell stands.
fn entry(cell: u16, n: usize) -> (i64, i64) {
    let db = Connection::open(healthy().folder.path().join("healthy.db")).unwrap();
    let text = "SELECT seq, fact FROM entry WHERE cell = ?1 ORDER BY seq, fact LIMIT 1 OFFSET ?2";
    db.query_row(text, rusqlite::params![cell, n as i64], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

/// A cell with at least two households.
fn cell_of_two() -> u16 {
    let db = Connection::open(healthy().folder.path().join("healthy.db")).unwrap();
    let text = "SELECT cell FROM wallet GROUP BY cell HAVING count(*) > 1 ORDER BY cell DESC LIMIT 1";
    db.query_row(text, [], |row| row.get(0)).unwrap()
}

#[test]
fn an_altered_amount_of_a_posting_is_named_and_repaired() {
    let (seq, fact) = entry(2, 3);
    let row = format!("row (2, {seq}, {fact}, 1) has amount_minor = ");
    repairs("posting", 1, &["cell 2", "table `posting`", &row, "the journal gives"], |db| {
        let which = format!("cell = 2 AND seq = {seq} AND fact = {fact} AND line = 1");
        change(db, &format!("UPDATE posting SET amount_minor = amount_minor + 1 WHERE {which}"));
    });
}

#[test]
fn an_altered_balance_is_named_and_repaired() {
    let cell = cell_of_two();
    let named = format!("cell {cell}: table `wallet`: row (");
    let words = [named.as_str(), "has balance_minor = ", "the journal gives"];
    repairs("wallet", 1, &words, |db| {
        let one = format!("(SELECT min(household) FROM wallet WHERE cell = {cell})");
        change(db, &format!("UPDATE wallet SET balance_minor = balance_minor + 1 WHERE household = {one}"));
    });
    repairs("gl_balance", 1, &["cell 1: table `gl_balance`", "has balance_minor = 0, the journal gives"], |db| {
        let one = "(SELECT subject FROM gl_balance WHERE cell = 1 AND balance_minor <> 0 LIMIT 1)";
        change(db, &format!("UPDATE gl_balance SET balance_minor = 0 WHERE cell = 1 AND subject = {one}"));
    });
    // Two balances altered against each other, so that every sum still holds.
    repairs("pair", 2, &words, |db| {
        let two = format!("(SELECT household FROM wallet WHERE cell = {cell} ORDER BY household LIMIT 2)");
        let least = format!("(SELECT min(household) FROM wallet WHERE cell = {cell})");
        let amount = format!("CASE household WHEN {least} THEN 1 ELSE -1 END");
        let text = format!("UPDATE wallet SET balance_minor = balance_minor + {amount} WHERE household IN {two}");
        assert_eq!(db.execute(&text, []).unwrap(), 2);
    });
}

#[test]
fn a_missing_entry_is_named_and_repaired() {
    for (name, cell, n) in [("entry_first", 1, 0), ("entry_middle", 2, 5)] {
        let (seq, fact) = entry(cell, n);
        let which = format!("cell = {cell} AND seq = {seq} AND fact = {fact}");
        let row = format!("row ({cell}, {seq}, {fact}) is missing");
        repairs(name, 1, &[&format!("cell {cell}"), "table `entry`", &row], |db| {
            change(db, &format!("DELETE FROM entry WHERE {which}"));
        });
        // With its postings: three rows are put back.
        repairs(&format!("{name}_whole"), 3, &["table `entry`", &row], |db| {
            change(db, &format!("DELETE FROM entry WHERE {which}"));
            assert_eq!(db.execute(&format!("DELETE FROM posting WHERE {which}"), []).unwrap(), 2);
        });
    }
}

#[test]
fn an_extra_posting_or_row_is_named_and_removed() {
    let (middle, _) = entry(2, 3);
    for (name, seq) in [("extra_first", 0), ("extra_middle", middle), ("extra_last", 900_000)] {
        let row = format!("row (2, {seq}, 0, 9) should not be there");
        repairs(name, 1, &["cell 2", "table `posting`", &row], |db| {
            let text = format!(
                "INSERT INTO posting (cell, seq, fact, line, subject, book, owner, account, amount_minor) \
                 SELECT cell, {seq}, 0, 9, subject, book, owner, account, 7 FROM posting \
                 WHERE cell = 2 ORDER BY seq LIMIT 1"
            );
            change(db, &text);
        });
    }
    repairs("extra_wallet", 1, &["cell 4", "table `wallet`", "should not be there"], |db| {
        let columns = "cell, household, currency, balance_minor, held_minor";
        let values = "4, x'00000000000000000000000000000001', 'CNY', 5, 0";
        change(db, &format!("INSERT INTO wallet ({columns}) VALUES ({values})"));
    });
}

/// The bytes of a journal record with one of them turned.
fn turned(db: &Connection, seq: i64, place: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        db.query_row("SELECT bytes FROM journal WHERE cell = 2 AND seq = ?1", [seq], |row| row.get(0)).unwrap();
    let place = bytes.len() - place;
    bytes[place] ^= 1;
    bytes
}

#[test]
fn an_altered_byte_of_a_fact_is_named() {
    // Near the end of the record stand its facts.
    refuses("fact_byte", &["cell 2", "journal record 3", "not those that were hashed"], |db| {
        let bytes = turned(db, 3, 8);
        db.execute("UPDATE journal SET bytes = ?1 WHERE cell = 2 AND seq = 3", [bytes]).unwrap();
    });
}

#[test]
fn a_record_rewritten_with_its_hash_is_named() {
    // The amount in a memo-less fact: find a turned byte that still reads as a record with good facts, so that
    // only the chain of hashes can tell.
    let mut only_the_head = 0;
    for place in 1..40 {
        let name = format!("rewritten_{place}");
        let (_, backend) = altered(&name, |db| {
            let bytes = turned(db, 4, place);
            let leaf = leaf_hash(&bytes).to_vec();
            let text = "UPDATE journal SET bytes = ?1, leaf = ?2 WHERE cell = 2 AND seq = 4";
            assert_eq!(db.execute(text, rusqlite::params![bytes, leaf]).unwrap(), 1);
        });
        let wrong = audit::verify(tianxin().as_ref(), backend.as_ref(), None).unwrap_err().to_string();
        assert!(wrong.starts_with("cell 2: "), "{wrong}");
        let refused = audit::rebuild(tianxin().as_ref(), backend.as_ref(), true).unwrap_err().to_string();
        only_the_head += usize::from(refused.contains("a record was replaced"));
        let proven = audit::verify(tianxin().as_ref(), backend.as_ref(), Some(&healthy().checkpoint));
        assert!(proven.unwrap_err().to_string().starts_with("cell 2: "));
    }
    assert!(only_the_head > 0, "some rewritten records read well: only the head's hash tells");
}

#[test]
fn a_missing_record_in_the_middle_is_named() {
    refuses("gap", &["cell 2", "journal record 5 is missing"], |db| {
        change(db, "DELETE FROM journal WHERE cell = 2 AND seq = 5");
    });
    refuses("tail_only", &["cell 2", "the head counts", "the journal has"], |db| {
        change(db, "DELETE FROM journal WHERE cell = 2 AND seq = (SELECT max(seq) FROM journal WHERE cell = 2)");
    });
    refuses("beyond", &["cell 2", "journal record"], |db| {
        let text =
            "UPDATE journal SET seq = seq + 1 WHERE cell = 2 AND seq = (SELECT max(seq) FROM journal WHERE cell = 2)";
        change(db, text);
    });
}

#[test]
fn a_head_that_was_altered_is_named() {
    refuses("open_date", &["cell 3", "the head has 2026-03-09 open"], |db| {
        change(db, "UPDATE cell_head SET open_date = '2026-03-09' WHERE cell = 3");
    });
    refuses("range", &["cell 3", "does not hash to its head"], |db| {
        let range = "(SELECT range FROM cell_head WHERE cell = 2)";
        change(db, &format!("UPDATE cell_head SET range = {range} WHERE cell = 3"));
    });
    refuses("no_head", &["cell 3", "its head is missing"], |db| change(db, "DELETE FROM cell_head WHERE cell = 3"));
}

/// Somebody puts an older copy of the whole file back: it is consistent, and only a checkpoint tells.
#[test]
fn a_truncated_tail_is_named_where_a_checkpoint_was_taken_later() {
    let earlier = sqlite(&healthy().folder.path().join("earlier.db"));
    let report = audit::verify(tianxin().as_ref(), earlier.as_ref(), None).unwrap();
    assert_eq!(report.unproven, healthy().earlier_records, "without a checkpoint nothing proves any record");
    finds(earlier.as_ref(), Some(&healthy().checkpoint), &["its tail is missing"]);
    // The other way round: an older checkpoint proves what was there then, and says what came since.
    let older = checkpoint_of(earlier.as_ref());
    let now = sqlite(&healthy().folder.path().join("healthy.db"));
    let report = audit::verify(tianxin().as_ref(), now.as_ref(), Some(&older)).unwrap();
    assert_eq!(report.unproven, healthy().records - healthy().earlier_records);
    assert!(report.unproven > 50);
    assert_eq!(audit::verify(tianxin().as_ref(), now.as_ref(), Some(&healthy().checkpoint)).unwrap().unproven, 0);
}

/// The journal is rewritten from some record on, heads and books with it: a checkpoint from before tells.
#[test]
fn another_history_is_named_where_a_checkpoint_was_taken() {
    let path = healthy().folder.path().join("other_history.db");
    copy(&healthy().folder.path().join("earlier.db"), &path);
    let other = sqlite(&path);
    let mut stepper = Stepper::new(tianxin(), other.clone(), 256);
    for n in 0..200u128 {
        let here = household(n as u64 % 12);
        stepper.step(vec![request(7_000 + n, Actor::SYSTEM, top_up(here, yuan(1)))]).remove(0).unwrap();
    }
    let heads = read_heads(other.connect().unwrap().as_mut(), CELLS).unwrap();
    let proven = |cell: Cell| healthy().checkpoint.proven(cell).unwrap().0;
    assert!(heads.iter().skip(1).any(|head| head.seq >= proven(head.cell)));
    audit::verify(tianxin().as_ref(), other.as_ref(), None).unwrap();
    let wrong = audit::verify(tianxin().as_ref(), other.as_ref(), Some(&healthy().checkpoint)).unwrap_err();
    assert!(wrong.to_string().contains("is not the one the checkpoint was taken of"), "{wrong}");
}

#[test]
fn a_checkpoint_that_was_altered_is_not_believed() {
    let backend = sqlite(&healthy().folder.path().join("healthy.db"));
    let genuine = &healthy().checkpoint;
    let mut fewer = genuine.clone();
    fewer.cells[1].1 -= 1;
    let mut another = genuine.clone();
    another.institution = "Another".to_owned();
    let mut signed = genuine.clone();
    signed.signature.replace_range(0..2, if signed.signature.starts_with("00") { "01" } else { "00" });
    for (altered, words) in
        [(fewer, "its root does not follow"), (another, "its signature does not fit"), (signed, "signature")]
    {
        finds(backend.as_ref(), Some(&altered), &["is not genuine", words]);
        let line = serde_json::to_string(&altered).unwrap();
        let path = backend_folder().join("altered.jsonl");
        std::fs::write(&path, format!("{line}\n")).unwrap();
        let read = Checkpoint::last(&path).unwrap().unwrap();
        assert!(matches!(read.check(None), Err(CheckpointError::NotGenuine { .. })));
    }
    // Signed anew by somebody else it is whole, but not the institution's.
    let heads = read_heads(backend.connect().unwrap().as_mut(), CELLS).unwrap();
    let forged = Checkpoint::sign("Test Co-operative", morning(), &heads, &[8; 32]).unwrap();
    let key: [u8; 32] = door::checkpoint::unhex(&genuine.key).unwrap();
    assert!(forged.check(Some(&key)).unwrap_err().to_string().contains("signed with another key"));
    assert_eq!(genuine.check(Some(&key)), Ok(()));
}

fn backend_folder() -> &'static Path {
    healthy().folder.path()
}
