//! Personal data at rest: sealed with the person's key, committed to in the journal.
//!
//! Salt and nonce follow from the key, the command and the field, so that the same request seals to the
//! same bytes, and a repeated command has the same digest. The journal holds the commitment only; the
//! salt lies inside the ciphertext, so a destroyed key leaves nothing that guesses could be tried on.

use aes_gcm_siv::Nonce;
use aes_gcm_siv::aead::{Aead, Payload};
use basics::Id;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{KeyError, PersonKey, cipher, derive};

/// The first byte of a sealed text: how it was made.
const FORMAT: u8 = 1;
const NONCE_LEN: usize = 12;
const SALT_LEN: usize = 32;

/// A sealed text and what the journal says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Format byte, nonce, then salt and plain text under AES-256-GCM-SIV.
    pub ciphertext: Vec<u8>,
    /// SHA-256 of salt and plain text.
    pub commitment: [u8; 32],
}

/// Seals one field of one command for a person. The same arguments give the same bytes.
///
/// A command must not seal two texts under one field name; were it to, an onlooker could tell whether
/// they are equal, and nothing more.
pub fn seal(key: &PersonKey, field: &str, command_id: Id, plaintext: &[u8]) -> Result<Sealed, KeyError> {
    let length = (field.len() as u64).to_be_bytes();
    let of = |purpose: &[u8]| derive(&key.secret, &[purpose, command_id.as_bytes(), &length, field.as_bytes()]);
    let salt = Zeroizing::new(of(b"tianxin salt 1"));
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&of(b"tianxin nonce 1")[..NONCE_LEN]);
    let text = Zeroizing::new([&salt[..], plaintext].concat());
    let payload = Payload { msg: &text, aad: &context(key.person) };
    let sealed = cipher(&key.sealing).encrypt(&Nonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| KeyError::Io("a text is too long to be sealed".to_owned()))?;
    let ciphertext = [&[FORMAT][..], &nonce, &sealed].concat();
    Ok(Sealed { ciphertext, commitment: commitment(&text) })
}

/// Opens a sealed text: the plain text, and the commitment that the journal must hold.
pub fn open(key: &PersonKey, ciphertext: &[u8]) -> Result<(Zeroizing<Vec<u8>>, [u8; 32]), KeyError> {
    let Some((&FORMAT, rest)) = ciphertext.split_first() else { return Err(KeyError::Sealed) };
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(KeyError::Sealed)?;
    let payload = Payload { msg: sealed, aad: &context(key.person) };
    let text = cipher(&key.sealing).decrypt(&Nonce::from(*nonce), payload);
    let text = Zeroizing::new(text.map_err(|_| KeyError::Sealed)?);
    let plaintext = text.get(SALT_LEN..).ok_or(KeyError::Sealed)?.to_vec();
    Ok((Zeroizing::new(plaintext), commitment(&text)))
}

fn commitment(salted: &[u8]) -> [u8; 32] {
    Sha256::digest(salted).into()
}

fn context(person: Id) -> Vec<u8> {
    [b"tianxin sealed text 1".as_slice(), person.as_bytes()].concat()
}
