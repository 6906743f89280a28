//! The one place of this program that reads the wall clock and the system's randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use basics::{Id, Instant};

use crate::failure::Failure;

/// Now, in UTC. A machine whose clock stands before 1970 gets 1970.
pub fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A new id: a UUIDv7 of now.
pub fn new_id() -> Result<Id, Failure> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| no_randomness(&error))?;
    Ok(v7(now(), &random))
}

/// The UUIDv7 of an instant and ten random bytes.
pub fn v7(at: Instant, random: &[u8; 10]) -> Id {
    Id::v7(u64::try_from(at.0 / 1_000).unwrap_or(0), random)
}

/// Randomness for the key store. Errors at once where the system has none.
pub fn entropy() -> Result<store::keys::Entropy, Failure> {
    getrandom::fill(&mut [0; 32]).map_err(|error| no_randomness(&error))?;
    Ok(Box::new(|buffer| {
        if let Err(error) = getrandom::fill(buffer) {
            // It worked when the store was opened. No key may be made without it, and nothing else helps.
            crate::terminal::log(&format!("error: {}", no_randomness(&error)));
            std::process::abort();
        }
    }))
}

fn no_randomness(error: &getrandom::Error) -> Failure {
    Failure::Unreachable(format!("the system gives no random numbers ({error}): keys and ids cannot be made"))
}
