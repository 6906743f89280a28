//! The one place of this crate that reads the wall clock and the system's randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use basics::Instant;

/// Now, in UTC. A machine whose clock stands before 1970 gets 1970.
pub fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A monotonic moment, to measure how long something took.
pub fn moment() -> std::time::Instant {
    std::time::Instant::now()
}

/// Random bytes fit for secrets; `None` where the system has none.
pub fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}
