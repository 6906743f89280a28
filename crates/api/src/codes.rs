//! One-time codes: six digits to a phone, for five minutes, five tries.
//!
//! They live in memory: a server that starts anew has sent none.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use basics::{Id, Instant};
use rails::Phone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// How long a code holds.
pub const EXPIRES_SECONDS: i64 = 300;
/// How long to wait before another is sent.
pub const RESEND_SECONDS: i64 = 60;
/// Wrong tries a code bears.
pub const TRIES_MAX: u32 = 5;
/// Codes a phone gets in a day.
const A_DAY_MAX: u32 = 20;
const DAY_SECONDS: i64 = 86_400;
/// Phones kept at most.
const PHONES_MAX: usize = 50_000;

/// What a code is for: one sent for the one does not serve the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To enrol.
    Enrol,
    /// To sign in.
    SignIn,
}

/// Codes under way.
#[derive(Debug, Default)]
pub struct Codes {
    by_phone: Mutex<HashMap<(Purpose, Phone), Sent>>,
}

#[derive(Clone, Debug)]
struct Sent {
    code: String,
    at: Instant,
    tries: u32,
    /// The command that used it: the same command may use it again.
    used_by: Option<Id>,
    day: Instant,
    that_day: u32,
}

impl Codes {
    /// Makes a code from random bytes, or refuses because one was sent just now.
    pub fn make(&self, purpose: Purpose, phone: &Phone, random: [u8; 8], now: Instant) -> Result<String, Problem> {
        let mut by_phone = self.lock();
        let key = (purpose, phone.clone());
        let mut of_day = (now, 0);
        if let Some(sent) = by_phone.get(&key) {
            let locked = sent.tries > TRIES_MAX;
            let pause = if locked { EXPIRES_SECONDS } else { RESEND_SECONDS };
            let wait = sent.at.add_seconds(pause).0.saturating_sub(now.0);
            if wait > 0 {
                let seconds = u32::try_from(wait / 1_000_000 + 1).unwrap_or(u32::MAX);
                return Err(Problem::new("code_too_soon").retry_after(seconds));
            }
            if now < sent.day.add_seconds(DAY_SECONDS) {
                of_day = (sent.day, sent.that_day);
            }
        } else if by_phone.len() >= PHONES_MAX {
            by_phone.retain(|_, sent| now < sent.at.add_seconds(EXPIRES_SECONDS));
            if by_phone.len() >= PHONES_MAX {
                return Err(Problem::new("busy").retry_after(60));
            }
        }
        if of_day.1 >= A_DAY_MAX {
            return Err(Problem::new("code_limit"));
        }
        // 2⁶⁴ is so much larger than a million that no code is likelier than another.
        let code = format!("{:06}", u64::from_be_bytes(random) % 1_000_000);
        let sent = Sent { code: code.clone(), at: now, tries: 0, used_by: None, day: of_day.0, that_day: of_day.1 + 1 };
        by_phone.insert(key, sent);
        Ok(code)
    }

    /// Checks a code for a command. A right one stays until [`Codes::used`].
    pub fn check(&self, purpose: Purpose, phone: &Phone, code: &str, by: Id, now: Instant) -> Result<(), Problem> {
        let mut by_phone = self.lock();
        let sent = by_phone.get_mut(&(purpose, phone.clone()));
        let Some(sent) = sent.filter(|sent| now < sent.at.add_seconds(EXPIRES_SECONDS)) else {
            return Err(Problem::new("code_expired"));
        };
        if sent.tries >= TRIES_MAX {
            sent.tries = TRIES_MAX + 1;
            return Err(Problem::new("code_locked"));
        }
        if !same(sent.code.as_bytes(), code.as_bytes()) {
            sent.tries += 1;
            return Err(Problem::new("wrong_code").with("tries_left", TRIES_MAX - sent.tries));
        }
        match sent.used_by {
            Some(other) if other != by => Err(Problem::new("code_expired")),
            _ => Ok(()),
        }
    }

    /// Marks a code as used up by a command.
    pub fn used(&self, purpose: Purpose, phone: &Phone, by: Id) {
        if let Some(sent) = self.lock().get_mut(&(purpose, phone.clone())) {
            sent.used_by = Some(by);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Purpose, Phone), Sent>> {
        self.by_phone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compares without telling by its time where two texts differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (x, y)| differ | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(1_000_000_000_000);
    const ME: Id = Id::from_u128(1);

    fn sent() -> (Codes, Phone, String) {
        let codes = Codes::default();
        let phone = Phone::parse("13800138000").unwrap();
        let code = codes.make(Purpose::SignIn, &phone, [7; 8], NOW).unwrap();
        (codes, phone, code)
    }

    #[test]
    fn a_right_code_serves_one_command() {
        let (codes, phone, code) = sent();
        let check = |by, at| codes.check(Purpose::SignIn, &phone, &code, by, at).map_err(|p| p.code);
        assert_eq!(check(ME, NOW), Ok(()));
        assert_eq!(codes.check(Purpose::Enrol, &phone, &code, ME, NOW).map_err(|p| p.code), Err("code_expired"));
        codes.used(Purpose::SignIn, &phone, ME);
        assert_eq!(check(ME, NOW), Ok(()), "the same command may be sent again");
        assert_eq!(check(Id::from_u128(2), NOW), Err("code_expired"));
        assert_eq!(check(ME, NOW.add_seconds(300)), Err("code_expired"));
    }

    #[test]
    fn the_sixth_wrong_try_locks() {
        let (codes, phone, code) = sent();
        let wrong = if code == "000000" { "111111" } else { "000000" };
        for left in (0..5).rev() {
            let problem = codes.check(Purpose::SignIn, &phone, wrong, ME, NOW).unwrap_err();
            assert_eq!((problem.code, problem.params), ("wrong_code", vec![("tries_left", left.to_string())]));
        }
        let tried = |code| codes.check(Purpose::SignIn, &phone, code, ME, NOW).unwrap_err().code;
        assert_eq!([tried(wrong), tried(&code)], ["code_locked", "code_locked"]);
        let again = |seconds| codes.make(Purpose::SignIn, &phone, [8; 8], NOW.add_seconds(seconds)).map_err(|p| p.code);
        assert_eq!(again(61), Err("code_too_soon"), "a locked code keeps its place until it expires");
        assert!(again(301).is_ok());
    }

    #[test]
    fn codes_come_slowly_and_not_too_many() {
        let (codes, phone, _) = sent();
        let make = |seconds| codes.make(Purpose::SignIn, &phone, [9; 8], NOW.add_seconds(seconds)).map_err(|p| p.code);
        assert_eq!(make(30), Err("code_too_soon"));
        for n in 1..20 {
            assert!(make(n * 61).is_ok(), "{n}");
        }
        assert_eq!(make(20 * 61), Err("code_limit"));
        assert!(make(DAY_SECONDS).is_ok());
    }
}
