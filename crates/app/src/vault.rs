//! The port to the key store: personal data is sealed before a command is queued, and opened to be shown.

use basics::Id;
use minicbor::bytes::ByteVec;

use crate::enrol::SealedField;

/// What can go wrong with keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The person's key was destroyed: the data is erased.
    #[error("erased")]
    Erased,
    /// The key store failed.
    #[error("{0}")]
    Failed(String),
}

/// A key store, as the application uses it.
pub trait Vault: Send + Sync {
    /// Makes keys where there are none; they are durable when this returns.
    fn make_keys(&self, persons: &[Id]) -> Result<(), VaultError>;

    /// Seals a value with a person's key. The same command and field give the same bytes.
    fn seal(&self, person: Id, field: &str, command: Id, plain: &[u8]) -> Result<(Vec<u8>, [u8; 32]), VaultError>;

    /// Opens what was sealed.
    fn open(&self, person: Id, ciphertext: &[u8]) -> Result<Vec<u8>, VaultError>;

    /// Destroys a person's key for good.
    fn destroy(&self, person: Id) -> Result<(), VaultError>;

    /// A keyed hash for searches and digests.
    fn keyed_hash(&self, domain: &str, value: &[u8]) -> [u8; 32];
}

/// Seals one field of a person.
pub fn seal_field(
    vault: &dyn Vault,
    person: Id,
    field: &str,
    command: Id,
    plain: &[u8],
) -> Result<SealedField, VaultError> {
    let (ciphertext, commitment) = vault.seal(person, field, command, plain)?;
    Ok(SealedField {
        field: field.to_owned(),
        ciphertext: ciphertext.into(),
        commitment: ByteVec::from(commitment.to_vec()),
    })
}
