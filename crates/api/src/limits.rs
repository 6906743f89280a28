//! Limits of rate, in memory and bounded: token buckets, and locks after wrong tries.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use basics::Instant;

/// Keys kept at most.
const KEYS_MAX: usize = 20_000;
/// Wrong tries before a lock.
const TRIES_MAX: u32 = 5;
/// How long it lasts.
const LOCK_SECONDS: i64 = 900;

/// Requests that are let through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// At once, from one address.
    pub address_burst: u32,
    /// A second, from one address.
    pub address_per_second: u32,
    /// At once, of one actor.
    pub actor_burst: u32,
    /// A second, of one actor.
    pub actor_per_second: u32,
    /// One-time codes at once, from one address.
    pub codes_burst: u32,
    /// One-time codes a minute, from one address: each costs a message.
    pub codes_per_minute: u32,
}

impl Default for Rates {
    fn default() -> Rates {
        // A village shares one address behind its carrier; one person never needs twenty requests a second.
        Rates {
            address_burst: 400,
            address_per_second: 100,
            actor_burst: 100,
            actor_per_second: 20,
            codes_burst: 40,
            codes_per_minute: 20,
        }
    }
}

impl Rates {
    /// No limits: for load tests, where one machine plays thousands of callers.
    pub const UNLIMITED: Rates = Rates {
        address_burst: u32::MAX,
        address_per_second: u32::MAX,
        actor_burst: u32::MAX,
        actor_per_second: u32::MAX,
        codes_burst: u32::MAX,
        codes_per_minute: u32::MAX,
    };
}

/// A token bucket a key.
#[derive(Debug)]
pub struct Buckets<K> {
    burst: f64,
    per_micro: f64,
    by_key: Mutex<HashMap<K, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Hash + Eq> Buckets<K> {
    /// Buckets of so many tokens that refill at such a rate.
    pub fn new(burst: u32, per_minute: u32) -> Buckets<K> {
        Buckets {
            burst: f64::from(burst.max(1)),
            per_micro: f64::from(per_minute.max(1)) / 60e6,
            by_key: Mutex::new(HashMap::new()),
        }
    }

    /// Takes a token. Errors with the seconds after which there is one.
    pub fn take(&self, key: K, now: Instant) -> Result<(), u32> {
        if self.burst >= f64::from(u32::MAX) {
            return Ok(());
        }
        let mut by_key = lock(&self.by_key);
        if by_key.len() >= KEYS_MAX && !by_key.contains_key(&key) {
            // Whoever has tokens left loses nothing by being forgotten.
            by_key.retain(|_, bucket| bucket.left < 1.0 && self.filled(bucket, now) < 1.0);
            if by_key.len() >= KEYS_MAX {
                return Err(1);
            }
        }
        let bucket = by_key.entry(key).or_insert(Bucket { left: self.burst, at: now });
        bucket.left = self.filled(bucket, now);
        bucket.at = now;
        if bucket.left < 1.0 {
            let seconds = ((1.0 - bucket.left) / self.per_micro / 1e6).ceil();
            return Err((seconds as u32).max(1));
        }
        bucket.left -= 1.0;
        Ok(())
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let elapsed = now.0.saturating_sub(bucket.at.0).max(0);
        (bucket.left + elapsed as f64 * self.per_micro).min(self.burst)
    }
}

/// Counts wrong pins and passwords, and locks for a quarter of an hour after five.
#[derive(Debug, Default)]
pub struct WrongTries {
    by_key: Mutex<HashMap<String, (u32, Instant)>>,
}

impl WrongTries {
    /// Errors with the seconds that a lock still lasts.
    pub fn check(&self, key: &str, now: Instant) -> Result<(), u32> {
        let by_key = lock(&self.by_key);
        match by_key.get(key) {
            Some((tries, since)) if *tries >= TRIES_MAX && now < since.add_seconds(LOCK_SECONDS) => {
                let left = since.add_seconds(LOCK_SECONDS).0.saturating_sub(now.0) / 1_000_000 + 1;
                Err(u32::try_from(left).unwrap_or(u32::MAX))
            }
            _ => Ok(()),
        }
    }

    /// Counts a try before it is made, so that tries made at once are counted too.
    pub fn begin(&self, key: &str, now: Instant) {
        let mut by_key = lock(&self.by_key);
        if by_key.len() >= KEYS_MAX {
            by_key.retain(|_, (_, since)| now < since.add_seconds(LOCK_SECONDS));
        }
        let entry = by_key.entry(key.to_owned()).or_insert((0, now));
        if now >= entry.1.add_seconds(LOCK_SECONDS) {
            entry.0 = 0;
        }
        *entry = (entry.0.saturating_add(1), now);
    }

    /// Forgets the tries of a key: it was right.
    pub fn forget(&self, key: &str) {
        lock(&self.by_key).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills() {
        let buckets = Buckets::new(3, 120);
        let at = |micros: i64| Instant(1_000_000_000 + micros);
        assert_eq!([0, 1, 2, 3].map(|n| buckets.take("a", at(n)).is_ok()), [true, true, true, false]);
        assert_eq!(buckets.take("b", at(4)), Ok(()), "another key has its own bucket");
        assert_eq!(buckets.take("a", at(500_003)), Ok(()));
        assert_eq!(buckets.take("a", at(500_004)), Err(1));
    }

    #[test]
    fn keys_are_bounded() {
        let buckets = Buckets::new(2, 60);
        for n in 0..3 * KEYS_MAX {
            let _ = buckets.take(n, Instant(n as i64));
        }
        assert!(lock(&buckets.by_key).len() <= KEYS_MAX);
    }

    #[test]
    fn five_wrong_tries_lock() {
        let tries = WrongTries::default();
        let now = Instant(0);
        for _ in 0..5 {
            assert_eq!(tries.check("x", now), Ok(()));
            tries.begin("x", now);
        }
        assert_eq!(tries.check("x", now), Err(901));
        assert_eq!(tries.check("y", now), Ok(()));
        assert_eq!(tries.check("x", now.add_seconds(900)), Ok(()));
        tries.begin("x", now.add_seconds(900));
        assert_eq!(tries.check("x", now.add_seconds(901)), Ok(()), "counting begins anew");
    }
}
