//! The key store as a simulation uses it: a key that was unwrapped once is kept.
//!
//! A year of a county seals millions of events with the same keys, one after the other. Nobody is erased in a simulation, so
//! that no key has to be let go.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use app::vault::{Vault, VaultError};
use basics::Id;
use store::keys::{PersonKey, open, seal};
use store::{KeyError, KeyStore};

/// A key store with the keys that were used.
pub struct HeldKeys {
    keys: Arc<KeyStore>,
    held: RwLock<HashMap<Id, PersonKey>>,
}

impl HeldKeys {
    /// Holds nothing yet.
    pub fn new(keys: Arc<KeyStore>) -> HeldKeys {
        HeldKeys { keys, held: RwLock::new(HashMap::new()) }
    }

    fn with<T>(&self, person: Id, work: impl FnOnce(&PersonKey) -> Result<T, KeyError>) -> Result<T, VaultError> {
        if let Some(key) = self.held.read().unwrap_or_else(PoisonError::into_inner).get(&person) {
            return work(key).map_err(failed);
        }
        let key = self.keys.person_key(person).map_err(failed)?.ok_or(VaultError::Erased)?;
        let done = work(&key).map_err(failed);
        self.held.write().unwrap_or_else(PoisonError::into_inner).insert(person, key);
        done
    }
}

fn failed(error: KeyError) -> VaultError {
    match error {
        KeyError::Destroyed(_) => VaultError::Erased,
        other => VaultError::Failed(other.to_string()),
    }
}

impl Vault for HeldKeys {
    fn make_keys(&self, persons: &[Id]) -> Result<(), VaultError> {
        let made = self.keys.make_many(persons).map_err(failed)?;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.extend(made.into_iter().map(|key| (key.person(), key)));
        Ok(())
    }

    fn seal(&self, person: Id, field: &str, command: Id, plain: &[u8]) -> Result<(Vec<u8>, [u8; 32]), VaultError> {
        self.with(person, |key| seal(key, field, command, plain).map(|sealed| (sealed.ciphertext, sealed.commitment)))
    }

    fn open(&self, person: Id, ciphertext: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.with(person, |key| open(key, ciphertext).map(|(plain, _)| plain.to_vec()))
    }

    fn destroy(&self, person: Id) -> Result<(), VaultError> {
        self.held.write().unwrap_or_else(PoisonError::into_inner).remove(&person);
        self.keys.destroy(person).map_err(failed)
    }

    fn keyed_hash(&self, domain: &str, value: &[u8]) -> [u8; 32] {
        self.keys.keyed_hash(domain, value)
    }
}
