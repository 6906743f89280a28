//! Passwords and pins as argon2id hashes, a few at a time.

use app::vault::Vault;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use basics::Id;

use crate::Api;
use crate::problem::{Problem, fault};

/// 19 MiB, two passes, one lane: the first recommendation of RFC 9106's followers for servers.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// A hash for a name nobody has, so that an unknown login takes as long as a wrong password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn hasher() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| fault(&error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password with a salt, in PHC form. Slow: about 30 ms.
pub fn hash(password: &str, salt: &[u8; 16]) -> Result<String, Problem> {
    let hash = hasher()?.hash_password_with_salt(password.as_bytes(), salt);
    Ok(hash.map_err(|error| fault(&error.to_string()))?.to_string())
}

/// The salt of a command's secret: unpredictable without the institution's key, and the same when the
/// command is sent again.
pub fn salt(vault: &dyn Vault, command: Id) -> [u8; 16] {
    let mut salt = [0; 16];
    salt.copy_from_slice(&vault.keyed_hash("password salt", command.as_bytes())[..16]);
    salt
}

/// Whether a password belongs to a hash; slow also where there is none.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    // The parameters are those of the stored hash.
    let right = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    right && hash.is_some()
}

/// Refuses pins that everybody tries first.
pub fn check_pin(pin: &str) -> Result<(), Problem> {
    let digits = pin.as_bytes();
    let bad = || Err(Problem::new("bad_pin"));
    if digits.len() != 6 || !digits.iter().all(u8::is_ascii_digit) {
        return bad();
    }
    let steps: Vec<i16> =
        digits.iter().zip(digits.iter().skip(1)).map(|(a, b)| i16::from(*b) - i16::from(*a)).collect();
    if [-1, 0, 1].iter().any(|step| steps.iter().all(|s| s == step)) { bad() } else { Ok(()) }
}

/// Refuses passwords too short to be safe, or absurdly long.
pub fn check_password(password: &str) -> Result<(), Problem> {
    if (10..=200).contains(&password.chars().count()) { Ok(()) } else { Err(Problem::new("bad_password")) }
}

impl Api {
    /// Runs slow hashing, not more than a few at a time.
    pub(crate) async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let _permit = self.hashing.acquire().await.map_err(|error| fault(&error.to_string()))?;
        self.blocking(move |_| Ok(work())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password() {
        let made = hash("correct horse", &[3; 16]).unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
        assert_eq!(made, hash("correct horse", &[3; 16]).unwrap(), "the same salt gives the same hash");
        assert!(verify("correct horse", Some(&made)));
        assert!(!verify("wrong horse", Some(&made)));
        assert!(!verify("correct horse", None));
        assert!(!verify("x", Some("not a hash")));
        assert!(PasswordHash::new(NOBODY).is_ok());
    }

    #[test]
    fn easy_pins_are_refused() {
        for bad in ["", "12345", "1234567", "abcdef", "111111", "123456", "654321", "１２３４５６"] {
            assert!(check_pin(bad).is_err(), "{bad}");
        }
        for good in ["135790", "112233", "907856"] {
            assert!(check_pin(good).is_ok(), "{good}");
        }
    }
}
