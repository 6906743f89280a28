//! Signatures of requests and answers between the platform and a rail: HMAC-SHA256 over time, nonce, what is asked, and body.
//!
//! A signature says who sent it, a time that it is fresh, a nonce that it comes once. An answer carries the nonce of its request,
//! so that it cannot be the answer to another.

use std::collections::HashMap;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header of the time, in seconds since 1970.
pub const HEADER_TIME: &str = "x-timestamp";
/// The header of the nonce.
pub const HEADER_NONCE: &str = "x-nonce";
/// The header of the signature, in hexadecimal digits.
pub const HEADER_SIGNATURE: &str = "x-signature";

/// How far clocks may differ, in seconds.
pub const SKEW_SECONDS_MAX: i64 = 300;
/// Bytes of a secret at least.
pub const SECRET_BYTES_MIN: usize = 32;
/// Nonces remembered at most; beyond that requests are refused until old ones are forgotten.
const NONCES_MAX: usize = 1_000_000;

/// What both sides know. Debug output hides it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret of at least 32 bytes; none for a shorter one.
    pub fn new(bytes: &[u8]) -> Option<Secret> {
        (bytes.len() >= SECRET_BYTES_MIN).then(|| Secret(bytes.to_vec()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// When something is sent, and the nonce that makes it come once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Seconds since 1970.
    pub at_seconds: i64,
    /// 16 to 64 letters and digits.
    pub nonce: String,
}

/// Why something is not taken for genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is missing or cannot be read.
    #[error("time, nonce or signature is missing or cannot be read")]
    Missing,
    /// It is not signed with the secret, or was changed on its way.
    #[error("it is not signed with the secret of this rail, or was changed on its way")]
    Wrong,
    /// Its time lies too far from now.
    #[error("its time differs from now by more than 300 seconds: set the clocks")]
    Stale,
    /// Its nonce came before.
    #[error("its nonce came before: it is a copy")]
    Repeated,
}

impl Stamp {
    /// Reads the headers of a message.
    pub fn read(time: &str, nonce: &str) -> Result<Stamp, SignatureError> {
        let at_seconds = time.parse().map_err(|_| SignatureError::Missing)?;
        let fits = (16..=64).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fits { Ok(Stamp { at_seconds, nonce: nonce.to_owned() }) } else { Err(SignatureError::Missing) }
    }
}

fn mac(secret: &Secret, stamp: &Stamp, subject: &str, body: &[u8]) -> Hmac<Sha256> {
    // A key of any length is taken.
    let mut block = [0_u8; 64];
    if secret.0.len() <= block.len() {
        block[..secret.0.len()].copy_from_slice(&secret.0);
    } else {
        let hash: [u8; 32] = <Sha256 as sha2::Digest>::digest(&secret.0).into();
        block[..32].copy_from_slice(&hash);
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&block).into());
    mac.update(format!("v1\n{}\n{}\n{subject}\n", stamp.at_seconds, stamp.nonce).as_bytes());
    mac.update(body);
    mac
}

/// Signs a body. `subject` is what is asked, such as `POST /v1/orders`; of an answer the status before it.
pub fn sign(secret: &Secret, stamp: &Stamp, subject: &str, body: &[u8]) -> String {
    let bytes: [u8; 32] = mac(secret, stamp, subject, body).finalize().into_bytes().into();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks a signature and that it is fresh. Whether the nonce came before is for [`Nonces`] to say.
pub fn check(
    secret: &Secret,
    stamp: &Stamp,
    subject: &str,
    body: &[u8],
    signature: &str,
    now_seconds: i64,
) -> Result<(), SignatureError> {
    let digits = signature.as_bytes().chunks(2).map(|two| {
        let text = str::from_utf8(two).ok().filter(|text| text.len() == 2)?;
        u8::from_str_radix(text, 16).ok()
    });
    let given: Vec<u8> = digits.collect::<Option<_>>().ok_or(SignatureError::Wrong)?;
    mac(secret, stamp, subject, body).verify_slice(&given).map_err(|_| SignatureError::Wrong)?;
    if (stamp.at_seconds.saturating_sub(now_seconds)).saturating_abs() > SKEW_SECONDS_MAX {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

/// Nonces that came, for as long as their time would be taken.
#[derive(Debug, Default)]
pub struct Nonces {
    seen: HashMap<String, i64>,
    swept_at: i64,
}

impl Nonces {
    /// Takes a nonce. Errors if it came before.
    pub fn take(&mut self, stamp: &Stamp, now_seconds: i64) -> Result<(), SignatureError> {
        if now_seconds > self.swept_at + SKEW_SECONDS_MAX || self.seen.len() >= NONCES_MAX {
            self.seen.retain(|_, at| *at >= now_seconds - 2 * SKEW_SECONDS_MAX);
            self.swept_at = now_seconds;
        }
        if self.seen.len() >= NONCES_MAX || self.seen.contains_key(&stamp.nonce) {
            return Err(SignatureError::Repeated);
        }
        self.seen.insert(stamp.nonce.clone(), now_seconds);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(at_seconds: i64) -> Stamp {
        Stamp { at_seconds, nonce: "0123456789abcdef".to_owned() }
    }

    #[test]
    fn what_was_changed_old_or_copied_is_refused() {
        let secret = Secret::new(&[7; 32]).unwrap();
        let signature = sign(&secret, &stamp(1_000), "POST /v1/orders", b"{}");
        let checked = |secret: &Secret, subject: &str, body: &[u8], signature: &str, now| {
            check(secret, &stamp(1_000), subject, body, signature, now)
        };
        assert_eq!(checked(&secret, "POST /v1/orders", b"{}", &signature, 1_300), Ok(()));
        let other = Secret::new(&[8; 32]).unwrap();
        for (secret, subject, body, signature, now, wrong) in [
            (&other, "POST /v1/orders", &b"{}"[..], signature.as_str(), 1_000, SignatureError::Wrong),
            (&secret, "POST /v1/order", b"{}", &signature, 1_000, SignatureError::Wrong),
            (&secret, "POST /v1/orders", b"{ }", &signature, 1_000, SignatureError::Wrong),
            (&secret, "POST /v1/orders", b"{}", "", 1_000, SignatureError::Wrong),
            (&secret, "POST /v1/orders", b"{}", "zz", 1_000, SignatureError::Wrong),
            (&secret, "POST /v1/orders", b"{}", "é", 1_000, SignatureError::Wrong),
            (&secret, "POST /v1/orders", b"{}", &signature, 1_301, SignatureError::Stale),
            (&secret, "POST /v1/orders", b"{}", &signature, 699, SignatureError::Stale),
        ] {
            assert_eq!(checked(secret, subject, body, signature, now), Err(wrong));
        }
        let mut nonces = Nonces::default();
        assert_eq!(nonces.take(&stamp(1_000), 1_000), Ok(()));
        assert_eq!(nonces.take(&stamp(1_000), 1_299), Err(SignatureError::Repeated));
        assert_eq!(Secret::new(&[1; 31]).map(|_| ()), None);
        assert_eq!(Stamp::read("1", "short"), Err(SignatureError::Missing));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn the_signature_is_that_of_the_definition() {
        // Computed with OpenSSL over "v1\n1000\n0123456789abcdef\nPOST /v1/orders\n{}".
        let secret = Secret::new(&[b'k'; 32]).unwrap();
        insta::assert_snapshot!(sign(&secret, &stamp(1_000), "POST /v1/orders", b"{}"), @"897921c1f6ebb98f3e9b3a327fc6b0e2e96fb8ac905c30a0fb76568f67547b6e");
    }
}
