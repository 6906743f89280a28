//! What a close of day is measured against: one UPDATE of every loan's accrued interest, set-based.
//!
//! The table is the leanest such a design could have: a key, the balance, the rate, the sum. It stands in a place of its own and
//! has nothing to do with the books. For benchmarks.

use std::path::Path;
use std::time::{Duration, Instant};

use door::StoreError;

const TABLE: &str = "CREATE TABLE naive_loan (cell integer NOT NULL, id bigint NOT NULL, principal bigint NOT NULL, \
                     rate_ppm bigint NOT NULL, accrued bigint NOT NULL, PRIMARY KEY (cell, id))";
const UPDATE: &str = "UPDATE naive_loan SET accrued = accrued + principal * rate_ppm";

/// Makes the table with so many loans in a file and accrues one day, made durable; how long each of `days` took.
pub fn sqlite(file: &Path, loans: u64, days: u32) -> Result<Vec<Duration>, StoreError> {
    let other = |error: rusqlite::Error| StoreError::Other(error.to_string());
    let connection = rusqlite::Connection::open(file).map_err(other)?;
    // As the books have it: written ahead, synced at every commit, the same page cache.
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;")
        .map_err(other)?;
    connection.execute_batch(TABLE).map_err(other)?;
    let fill = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1) \
                INSERT INTO naive_loan SELECT 1 + n % 16, n, 1000000 + n % 4000000, 72000, 0 FROM n";
    let loans = i64::try_from(loans).map_err(|error| StoreError::Other(error.to_string()))?;
    connection.execute(fill, [loans]).map_err(other)?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);").map_err(other)?;
    let mut times = Vec::new();
    for _ in 0..days {
        let begun = Instant::now();
        connection.execute(UPDATE, []).map_err(other)?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Makes the table with so many loans in a database and accrues; how long each of `days` took. The table is dropped again.
pub fn postgres(url: &str, loans: u64, days: u32) -> Result<Vec<Duration>, StoreError> {
    let other = |error: postgres::Error| StoreError::Other(error.to_string());
    let mut client = postgres::Client::connect(url, postgres::NoTls).map_err(other)?;
    client.batch_execute(&format!("DROP TABLE IF EXISTS naive_loan; {TABLE}")).map_err(other)?;
    let fill = "INSERT INTO naive_loan SELECT 1 + n % 1024, n, 1000000 + n % 4000000, 72000, 0 FROM \
                generate_series(1, $1::bigint) AS n";
    let loans = i64::try_from(loans).map_err(|error| StoreError::Other(error.to_string()))?;
    client.execute(fill, &[&loans]).map_err(other)?;
    client.batch_execute("VACUUM ANALYZE naive_loan").map_err(other)?;
    // A named server may not allow it; then the first day carries it.
    let _ = client.batch_execute("CHECKPOINT");
    let mut times = Vec::new();
    for _ in 0..days {
        let begun = Instant::now();
        client.execute(UPDATE, &[]).map_err(other)?;
        times.push(begun.elapsed());
    }
    client.batch_execute("DROP TABLE naive_loan").map_err(other)?;
    Ok(times)
}
