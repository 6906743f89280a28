//! The key store as the application's vault.

use std::sync::Arc;

use app::vault::{Vault, VaultError};
use basics::Id;
use store::keys::{PersonKey, open, seal};
use store::{KeyError, KeyStore};

/// The institution's key store behind the application's port.
pub struct Keys(pub Arc<KeyStore>);

impl Keys {
    fn key(&self, person: Id) -> Result<PersonKey, VaultError> {
        self.0.person_key(person).map_err(failed)?.ok_or(VaultError::Erased)
    }
}

fn failed(error: KeyError) -> VaultError {
    match error {
        KeyError::Destroyed(_) => VaultError::Erased,
        other => VaultError::Failed(other.to_string()),
    }
}

impl Vault for Keys {
    fn make_keys(&self, persons: &[Id]) -> Result<(), VaultError> {
        self.0.make_many(persons).map(|_| ()).map_err(failed)
    }

    fn seal(&self, person: Id, field: &str, command: Id, plain: &[u8]) -> Result<(Vec<u8>, [u8; 32]), VaultError> {
        let sealed = seal(&self.key(person)?, field, command, plain).map_err(failed)?;
        Ok((sealed.ciphertext, sealed.commitment))
    }

    fn open(&self, person: Id, ciphertext: &[u8]) -> Result<Vec<u8>, VaultError> {
        open(&self.key(person)?, ciphertext).map(|(plain, _)| plain.to_vec()).map_err(failed)
    }

    fn destroy(&self, person: Id) -> Result<(), VaultError> {
        self.0.destroy(person).map_err(failed)
    }

    fn keyed_hash(&self, domain: &str, value: &[u8]) -> [u8; 32] {
        self.0.keyed_hash(domain, value)
    }
}
