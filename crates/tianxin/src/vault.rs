//! The key store as the application's vault.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use app::vault::{Vault, VaultError};
use basics::Id;
use store::keys::{PersonKey, open, seal};
use store::{KeyError, KeyStore};

/// The institution's key store behind the application's port.
pub struct Keys {
    store: Arc<KeyStore>,
    /// Keys that were unwrapped, by person; none where each is let go after its use.
    held: Option<RwLock<HashMap<Id, PersonKey>>>,
}

impl Keys {
    /// A key is unwrapped for each use, so that one that was destroyed is gone at once.
    pub fn new(store: Arc<KeyStore>) -> Keys {
        Keys { store, held: None }
    }

    /// A key that was unwrapped once is kept: a simulation seals millions of events with the same keys, and erases nobody
    /// by another way than this vault.
    pub fn holding(store: Arc<KeyStore>) -> Keys {
        Keys { store, held: Some(RwLock::default()) }
    }

    fn with<T>(&self, person: Id, work: impl FnOnce(&PersonKey) -> Result<T, KeyError>) -> Result<T, VaultError> {
        if let Some(held) = &self.held
            && let Some(key) = held.read().unwrap_or_else(PoisonError::into_inner).get(&person)
        {
            return work(key).map_err(failed);
        }
        let key = self.store.person_key(person).map_err(failed)?.ok_or(VaultError::Erased)?;
        let done = work(&key).map_err(failed);
        self.hold([key]);
        done
    }

    fn hold(&self, keys: impl IntoIterator<Item = PersonKey>) {
        if let Some(held) = &self.held {
            let keys = keys.into_iter().map(|key| (key.person(), key));
            held.write().unwrap_or_else(PoisonError::into_inner).extend(keys);
        }
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
        self.hold(self.store.make_many(persons).map_err(failed)?);
        Ok(())
    }

    fn seal(&self, person: Id, field: &str, command: Id, plain: &[u8]) -> Result<(Vec<u8>, [u8; 32]), VaultError> {
        self.with(person, |key| seal(key, field, command, plain).map(|sealed| (sealed.ciphertext, sealed.commitment)))
    }

    fn open(&self, person: Id, ciphertext: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.with(person, |key| open(key, ciphertext).map(|(plain, _)| plain.to_vec()))
    }

    fn destroy(&self, person: Id) -> Result<(), VaultError> {
        if let Some(held) = &self.held {
            held.write().unwrap_or_else(PoisonError::into_inner).remove(&person);
        }
        self.store.destroy(person).map_err(failed)
    }

    fn keyed_hash(&self, domain: &str, value: &[u8]) -> [u8; 32] {
        self.store.keyed_hash(domain, value)
    }
}
