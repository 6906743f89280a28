//! Checkpoints (存证点): signed roots over all heads, one JSON line each, that prove what the journal held.
//!
//! A checkpoint is read on one snapshot and appended to a file beside the database, or in
//! a folder that partners see. Whoever holds one can prove later that nothing before it
//! was altered or cut off.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use basics::merkle::{CompactRange, Hash, leaf_hash};
use basics::{Cell, Instant};
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::backend::{Connection, Head, StoreError};
use crate::failpoint;
use crate::table::Record;
use crate::tables::CellHead;

/// A signed root over all heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Version of this layout.
    pub version: u32,
    /// The institution.
    pub institution: String,
    /// When it was taken, RFC 3339.
    pub at: String,
    /// Records over all cells.
    pub records: i64,
    /// Cell, records, root of the cell's Merkle log (hex).
    pub cells: Vec<(u16, i64, String)>,
    /// Root over all heads (hex).
    pub root: String,
    /// The public key (hex).
    pub key: String,
    /// Ed25519 over institution, time and root (hex).
    pub signature: String,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The line is no checkpoint.
    #[error("the checkpoint cannot be read: {0}")]
    Malformed(String),
    /// The root does not follow from the heads, or the signature does not fit.
    #[error("the checkpoint of {at} is not genuine: {what}")]
    NotGenuine {
        /// When it claims to have been taken.
        at: String,
        /// What does not fit.
        what: &'static str,
    },
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file could not be read or written.
    #[error("the checkpoint file {path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        reason: String,
    },
}

/// All heads, in cell order, as one snapshot of the database.
pub fn read_heads(connection: &mut dyn Connection, cells: u16) -> Result<Vec<Head>, StoreError> {
    let keys: Vec<_> = (0..=cells).map(|cell| crate::key![Cell(cell)]).collect();
    let mut heads = Vec::with_capacity(keys.len());
    for row in connection.load_many(CellHead::table(), &[0], &keys)? {
        let CellHead { cell, seq, range, open_date, version } =
            CellHead::from_row(&row).map_err(|e| StoreError::Other(e.to_string()))?;
        heads.push(Head { cell, seq, range, open_date, version });
    }
    heads.sort_by_key(|head| head.cell);
    Ok(heads)
}

impl Checkpoint {
    /// Signs heads that were read on one snapshot. Errors if a head is damaged.
    pub fn sign(
        institution: &str,
        at: Instant,
        heads: &[Head],
        secret: &[u8; 32],
    ) -> Result<Checkpoint, CheckpointError> {
        let key = SigningKey::from_bytes(secret);
        let mut cells = Vec::with_capacity(heads.len());
        for head in heads {
            let range = CompactRange::from_bytes(&head.range).ok_or_else(|| {
                StoreError::Other(format!("the head of {:?} is damaged: run `audit verify`", head.cell))
            })?;
            cells.push((head.cell.0, head.seq, hex(&range.root())));
        }
        let mut checkpoint = Checkpoint {
            version: 1,
            institution: institution.to_owned(),
            at: at.to_rfc3339(),
            records: heads.iter().map(|head| head.seq).sum(),
            root: hex(&root_of(&cells)),
            cells,
            key: hex(key.verifying_key().as_bytes()),
            signature: String::new(),
        };
        checkpoint.signature = hex(&key.sign(&checkpoint.message()).to_bytes());
        Ok(checkpoint)
    }

    /// Checks that the root follows from the heads and that `public_key` signed it.
    ///
    /// Without a key the one named in the checkpoint is used, which proves wholeness but not origin.
    pub fn check(&self, public_key: Option<&[u8; 32]>) -> Result<(), CheckpointError> {
        let bad = |what| CheckpointError::NotGenuine { at: self.at.clone(), what };
        if self.version != 1 {
            return Err(CheckpointError::Malformed(format!("version {} is not known here", self.version)));
        }
        if hex(&root_of(&self.cells)) != self.root {
            return Err(bad("its root does not follow from its heads"));
        }
        if self.records != self.cells.iter().map(|(_, records, _)| records).sum::<i64>() {
            return Err(bad("its heads do not add up to its number of records"));
        }
        let named: [u8; 32] = unhex(&self.key).ok_or_else(|| bad("its key is no key"))?;
        if public_key.is_some_and(|key| *key != named) {
            return Err(bad("it was signed with another key"));
        }
        let key = VerifyingKey::from_bytes(&named).map_err(|_| bad("its key is no key"))?;
        let signature: [u8; 64] = unhex(&self.signature).ok_or_else(|| bad("its signature is no signature"))?;
        key.verify(&self.message(), &Signature::from_bytes(&signature)).map_err(|_| bad("its signature does not fit"))
    }

    /// The proven number of records of a cell, and the root it had then.
    pub fn proven(&self, cell: Cell) -> Option<(i64, Hash)> {
        let (_, records, root) = self.cells.iter().find(|(number, ..)| *number == cell.0)?;
        Some((*records, unhex(root)?))
    }

    /// Adds the checkpoint as a line to a file and makes it durable.
    pub fn append(&self, path: &Path) -> Result<(), CheckpointError> {
        let file_error = |reason: String| CheckpointError::File { path: path.display().to_string(), reason };
        let mut line = serde_json::to_string(self).map_err(|e| file_error(e.to_string()))?;
        line.push('\n');
        failpoint::hit("checkpoint.before_append");
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            file.write_all(line.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|e| file_error(e.to_string()))?;
        failpoint::hit("checkpoint.after_append");
        Ok(())
    }

    /// The last whole checkpoint of a file; a torn last line, left by a crash, is passed over.
    pub fn last(path: &Path) -> Result<Option<Checkpoint>, CheckpointError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(CheckpointError::File { path: path.display().to_string(), reason: e.to_string() }),
        };
        let whole = |line: &&str| !line.trim().is_empty();
        let lines: Vec<&str> = text.lines().filter(whole).collect();
        for (back, line) in lines.iter().rev().enumerate() {
            match serde_json::from_str(line) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(_) if back == 0 && !text.ends_with('\n') => {}
                Err(e) => return Err(CheckpointError::Malformed(e.to_string())),
            }
        }
        Ok(None)
    }

    fn message(&self) -> Vec<u8> {
        format!("tianxin checkpoint 1\n{}\n{}\n{}\n{}\n", self.institution, self.at, self.records, self.root)
            .into_bytes()
    }
}

fn root_of(cells: &[(u16, i64, String)]) -> Hash {
    let mut range = CompactRange::default();
    for (cell, records, root) in cells {
        range.append(leaf_hash(format!("{cell} {records} {root}").as_bytes()));
    }
    range.root()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads hexadecimal digits into exactly `N` bytes.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use basics::Date;

    fn heads() -> Vec<Head> {
        (0u16..4)
            .map(|cell| {
                let mut range = CompactRange::default();
                for n in 0..cell {
                    range.append(leaf_hash(&[n as u8]));
                }
                Head {
                    cell: Cell(cell),
                    seq: i64::from(cell),
                    range: range.to_bytes(),
                    open_date: Date::default(),
                    version: 0,
                }
            })
            .collect()
    }

    #[test]
    fn a_checkpoint_proves_itself_and_nothing_else() {
        let genuine = Checkpoint::sign("village bank", Instant(0), &heads(), &[7; 32]).unwrap();
        let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
        assert_eq!(genuine.check(Some(key.as_bytes())), Ok(()));
        assert!(genuine.check(Some(&[1; 32])).is_err());
        let mut cut = genuine.clone();
        cut.cells[3].1 = 2;
        assert!(cut.check(None).is_err());
        let mut renamed = genuine.clone();
        renamed.institution = "another".to_owned();
        assert!(renamed.check(None).is_err());
    }

    #[test]
    fn a_torn_last_line_is_passed_over() {
        let folder = std::env::temp_dir().join(format!("tianxin-checkpoint-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("checkpoints.jsonl");
        let first = Checkpoint::sign("bank", Instant(0), &heads(), &[7; 32]).unwrap();
        assert_eq!(Checkpoint::last(&path).unwrap(), None);
        first.append(&path).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{}", &whole[..40])).unwrap();
        assert_eq!(Checkpoint::last(&path).unwrap(), Some(first));
        std::fs::write(&path, "{}\n").unwrap();
        assert!(Checkpoint::last(&path).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
