//! The key store: one key a person, so that destroying it erases what was sealed with it.
//!
//! Two files in a folder of their own. `institution.key` holds the institution's secrets as text and
//! may be read by its owner only. `keys.db` holds the persons' keys, each wrapped with a secret of that
//! file. They are backed up apart from the database and from each other: who has one of the three
//! cannot read personal data.
//!
//! This crate reads neither clock nor system randomness; whoever opens the store brings entropy.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use basics::Id;
use hmac::{Hmac, Mac};
use rusqlite::{Connection, OptionalExtension};
use sha2::Sha256;
use zeroize::Zeroizing;

mod institution;
mod seal;

use institution::Institution;
pub use institution::KEY_FILE;
pub use seal::{Sealed, open, seal};

/// The file of the wrapped keys.
pub const KEYS_FILE: &str = "keys.db";

/// Marks a key store in its header: the letters `TXky`.
const APPLICATION_ID: i32 = 0x5458_6b79;
const VERSION: i64 = 1;

/// Fills a buffer with random bytes fit for keys.
pub type Entropy = Box<dyn FnMut(&mut [u8]) + Send>;

/// Why the key store does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// `keys.db` is there and the institution's secrets are not.
    #[error("the file {0} is missing, and {KEYS_FILE} beside it cannot be read without it: restore it from its backup")]
    NoKeyFile(String),
    /// The institution's secrets are there and `keys.db` is not.
    #[error("the file {0} is missing, while {KEY_FILE} beside it shows that there was one: restore it from its backup")]
    NoKeys(String),
    /// Others than its owner may read the file.
    #[error("the file {path} may be read by others (mode {mode:04o}): run `chmod 600 {path}`, and ask who has read it")]
    Exposed {
        /// The file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// The file is not what it should be.
    #[error("the file {path} cannot be used: {reason}; restore it from its backup")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The two files are not of one store.
    #[error(
        "{KEY_FILE} and {KEYS_FILE} in {0} do not belong together: restore both from backups of the same institution"
    )]
    Mismatch(String),
    /// A newer program made the store.
    #[error("the key store has version {found}, this program knows up to {known}: install the newer program")]
    Newer {
        /// What stands there.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The person's key was destroyed, and no other is ever made.
    #[error("the key of person {0} was destroyed: enrol the person anew")]
    Destroyed(Id),
    /// A sealed text does not open with this key.
    #[error("a sealed text does not open: it belongs to another person, or was altered")]
    Sealed,
    /// A file failed.
    #[error("the key store failed: {0}")]
    Io(String),
}

impl From<rusqlite::Error> for KeyError {
    fn from(error: rusqlite::Error) -> KeyError {
        KeyError::Io(error.to_string())
    }
}

/// The key of a person. Gone from memory when dropped.
#[derive(Clone)]
pub struct PersonKey {
    person: Id,
    secret: Zeroizing<[u8; 32]>,
    /// The part of the key that encrypts, apart from the part that derives.
    sealing: Zeroizing<[u8; 32]>,
}

impl PersonKey {
    fn new(person: Id, secret: Zeroizing<[u8; 32]>) -> PersonKey {
        let sealing = Zeroizing::new(derive(&secret, &[b"tianxin seal 1"]));
        PersonKey { person, secret, sealing }
    }

    /// Whose key it is.
    pub fn person(&self) -> Id {
        self.person
    }
}

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PersonKey({})", self.person)
    }
}

/// The persons' keys and the institution's secrets.
pub struct KeyStore {
    inner: Mutex<Inner>,
    institution: Institution,
}

struct Inner {
    connection: Connection,
    entropy: Entropy,
}

impl KeyStore {
    /// Opens the key store of a folder, or makes it on the first start.
    ///
    /// Errors if one of its two files is missing, exposed, damaged or of another store.
    pub fn open(folder: impl AsRef<Path>, mut entropy: Entropy) -> Result<KeyStore, KeyError> {
        let folder = folder.as_ref();
        let keys_path = folder.join(KEYS_FILE);
        let key_path = folder.join(KEY_FILE);
        if key_path.exists() && !keys_path.exists() {
            return Err(KeyError::NoKeys(keys_path.display().to_string()));
        }
        // Its owner's alone from the first moment; SQLite gives the files beside it the same mode.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&keys_path);
        if let Err(error) = made
            && error.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(KeyError::Io(format!("{}: {error}; check that its folder is there", keys_path.display())));
        }
        let connection = connect(&keys_path)?;
        // `check` is written last: a first start that was cut off is begun again.
        let check: Option<Vec<u8>> = state(&connection, "check")?;
        if check.is_some() && !key_path.exists() {
            return Err(KeyError::NoKeyFile(key_path.display().to_string()));
        }
        let institution = Institution::open_or_make(&key_path, &mut entropy)?;
        match check {
            Some(check) if check == institution.check() => {}
            Some(_) => return Err(KeyError::Mismatch(folder.display().to_string())),
            None => put_state(&connection, "check", &institution.check())?,
        }
        let store = KeyStore { inner: Mutex::new(Inner { connection, entropy }), institution };
        store.finish_destruction()?;
        Ok(store)
    }

    /// The key of a person; none if it was never made or is destroyed.
    pub fn person_key(&self, person: Id) -> Result<Option<PersonKey>, KeyError> {
        let wrapped = stored(&self.lock().connection, person)?;
        match wrapped {
            Some(Some(wrapped)) => self.unwrap_key(person, &wrapped).map(Some),
            Some(None) | None => Ok(None),
        }
    }

    /// Whether a person's key was destroyed.
    pub fn is_destroyed(&self, person: Id) -> Result<bool, KeyError> {
        Ok(matches!(stored(&self.lock().connection, person)?, Some(None)))
    }

    /// The key of a person, made if there is none. It is durable when this returns.
    pub fn make_person_key(&self, person: Id) -> Result<PersonKey, KeyError> {
        let mut keys = self.make_many(&[person])?;
        keys.pop().ok_or(KeyError::Destroyed(person))
    }

    /// The keys of persons, in their order, made where there are none, in one flush.
    pub fn make_many(&self, persons: &[Id]) -> Result<Vec<PersonKey>, KeyError> {
        let mut inner = self.lock();
        let Inner { connection, entropy } = &mut *inner;
        let mut keys: Vec<PersonKey> = Vec::with_capacity(persons.len());
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for person in persons {
            keys.push(match stored(&transaction, *person)? {
                Some(Some(wrapped)) => self.unwrap_key(*person, &wrapped)?,
                Some(None) => return Err(KeyError::Destroyed(*person)),
                None => {
                    let mut secret = Zeroizing::new([0; 32]);
                    entropy(&mut *secret);
                    let mut nonce = [0; 12];
                    entropy(&mut nonce);
                    let key = PersonKey::new(*person, secret);
                    let wrapped = self.wrap_key(&key, nonce)?;
                    transaction
                        .prepare_cached("INSERT INTO person_key (person, wrapped) VALUES (?1, ?2)")?
                        .execute((&person.as_bytes()[..], wrapped))?;
                    key
                }
            });
        }
        transaction.commit()?;
        Ok(keys)
    }

    /// Destroys a person's key for good; nothing of it is left in the file when this returns.
    ///
    /// Can be repeated. A person without a key gets none afterwards.
    pub fn destroy(&self, person: Id) -> Result<(), KeyError> {
        {
            let mut inner = self.lock();
            let transaction = inner.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            transaction.execute(
                "INSERT INTO person_key (person, wrapped) VALUES (?1, NULL)
                 ON CONFLICT (person) DO UPDATE SET wrapped = NULL",
                [&person.as_bytes()[..]],
            )?;
            put_state(&transaction, "destroying", &[1])?;
            transaction.commit()?;
        }
        self.finish_destruction()
    }

    /// A keyed hash under the institution's second secret: equal values of a domain have equal hashes,
    /// and nobody without the secret can try values out. For searches by resident id or phone.
    pub fn keyed_hash(&self, domain: &str, value: &[u8]) -> [u8; 32] {
        let length = (domain.len() as u64).to_be_bytes();
        derive(&self.institution.hashing, &[&length, domain.as_bytes(), value])
    }

    /// The Ed25519 seed that checkpoints are signed with.
    pub fn signing_seed(&self) -> Zeroizing<[u8; 32]> {
        self.institution.signing.clone()
    }

    /// Rewrites the file after a destruction, so that no page and no log keeps the old bytes; also where
    /// an earlier start was cut off before it came to that.
    fn finish_destruction(&self) -> Result<(), KeyError> {
        let inner = self.lock();
        if state(&inner.connection, "destroying")?.is_none() {
            return Ok(());
        }
        inner.connection.execute_batch("VACUUM")?;
        empty_log(&inner.connection)?;
        inner.connection.execute("DELETE FROM state WHERE name = 'destroying'", [])?;
        Ok(())
    }

    fn wrap_key(&self, key: &PersonKey, nonce: [u8; 12]) -> Result<Vec<u8>, KeyError> {
        let payload = Payload { msg: &key.secret[..], aad: &wrapping_context(key.person) };
        let sealed = cipher(&self.institution.wrapping).encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| KeyError::Io("a key could not be wrapped".to_owned()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn unwrap_key(&self, person: Id, wrapped: &[u8]) -> Result<PersonKey, KeyError> {
        let damaged = || KeyError::Damaged {
            path: KEYS_FILE.to_owned(),
            reason: format!("the key of person {person} does not unwrap"),
        };
        let (nonce, sealed) = wrapped.split_first_chunk::<12>().ok_or_else(damaged)?;
        let payload = Payload { msg: sealed, aad: &wrapping_context(person) };
        let plain = cipher(&self.institution.wrapping).decrypt(&Nonce::from(*nonce), payload);
        let plain = Zeroizing::new(plain.map_err(|_| damaged())?);
        let mut secret = Zeroizing::new([0; 32]);
        if plain.len() != secret.len() {
            return Err(damaged());
        }
        secret.copy_from_slice(&plain);
        Ok(PersonKey::new(person, secret))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a wrapped key is bound to, so that it cannot be put in another person's place.
fn wrapping_context(person: Id) -> Vec<u8> {
    [b"tianxin person key 1".as_slice(), person.as_bytes()].concat()
}

fn cipher(secret: &[u8; 32]) -> Aes256GcmSiv {
    Aes256GcmSiv::new(secret.into())
}

/// HMAC-SHA-256 over the parts, one after the other.
fn derive(secret: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A key of 32 bytes is shorter than a block, which `new` takes as it is.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(secret);
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn connect(path: &Path) -> Result<Connection, KeyError> {
    let shown = || path.display().to_string();
    let damaged = |reason: &str| KeyError::Damaged { path: shown(), reason: reason.to_owned() };
    let connection = Connection::open(path).map_err(|error| {
        KeyError::Io(format!("{} cannot be opened ({error}); check that its folder is there", shown()))
    })?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id").map_err(|_| damaged("it is no key store"))?;
    let version = number("PRAGMA user_version")?;
    if application != i64::from(APPLICATION_ID) {
        if application != 0 || version != 0 || number("SELECT count(*) FROM sqlite_schema")? != 0 {
            return Err(damaged("it is no key store but a database of another program"));
        }
    } else if version > VERSION {
        return Err(KeyError::Newer { found: version, known: VERSION });
    }
    // Deleted bytes are overwritten with zeros.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF;",
    )?;
    if application == 0 {
        connection.execute_batch(&format!(
            "BEGIN EXCLUSIVE;
             CREATE TABLE IF NOT EXISTS person_key (person BLOB PRIMARY KEY, wrapped BLOB) STRICT, WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
             PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};
             COMMIT;"
        ))?;
    }
    Ok(connection)
}

/// The stored row of a person: `None` no row, `Some(None)` destroyed.
fn stored(connection: &Connection, person: Id) -> Result<Option<Option<Vec<u8>>>, KeyError> {
    let mut statement = connection.prepare_cached("SELECT wrapped FROM person_key WHERE person = ?1")?;
    Ok(statement.query_row([&person.as_bytes()[..]], |row| row.get(0)).optional()?)
}

fn state(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, KeyError> {
    let text = "SELECT value FROM state WHERE name = ?1";
    Ok(connection.query_row(text, [name], |row| row.get(0)).optional()?)
}

fn put_state(connection: &Connection, name: &str, value: &[u8]) -> Result<(), KeyError> {
    let text =
        "INSERT INTO state (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.execute(text, (name, value))?;
    Ok(())
}

/// Brings the write-ahead log into the file and cuts it to nothing.
fn empty_log(connection: &Connection) -> Result<(), KeyError> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 {
        Ok(())
    } else {
        Err(KeyError::Io("another program reads the key store just now: destroy the key again later".to_owned()))
    }
}
