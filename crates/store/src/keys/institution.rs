//! The file with the institution's secrets.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Entropy, KeyError, derive};

/// The file of the institution's secrets.
pub const KEY_FILE: &str = "institution.key";

const HEADER: &str = "tianxin institution keys 1";

/// The three secrets of an institution.
pub(super) struct Institution {
    /// Wraps the persons' keys.
    pub(super) wrapping: Zeroizing<[u8; 32]>,
    /// Keys hashes that are searched by.
    pub(super) hashing: Zeroizing<[u8; 32]>,
    /// Seed of the key that signs checkpoints.
    pub(super) signing: Zeroizing<[u8; 32]>,
}

impl Institution {
    /// Reads the file, or makes it where there is none.
    pub(super) fn open_or_make(path: &Path, entropy: &mut Entropy) -> Result<Institution, KeyError> {
        if !path.exists() {
            let mut secret = || {
                let mut bytes = Zeroizing::new([0; 32]);
                entropy(&mut *bytes);
                bytes
            };
            let made = Institution { wrapping: secret(), hashing: secret(), signing: secret() };
            if [&made.wrapping, &made.hashing, &made.signing].iter().any(|bytes| ***bytes == [0; 32]) {
                return Err(KeyError::Io("no entropy: the secrets would be zero".to_owned()));
            }
            made.write(path).map_err(|error| failed(path, &error))?;
        }
        // Read back in any case: what is used is what stands in the file.
        Institution::read(path)
    }

    /// What `keys.db` remembers, to know the file again.
    pub(super) fn check(&self) -> Vec<u8> {
        let parts: [&[u8]; 3] = [b"tianxin key store check 1", &*self.hashing, &*self.signing];
        derive(&self.wrapping, &parts)[..16].to_vec()
    }

    fn read(path: &Path) -> Result<Institution, KeyError> {
        let mode = fs::metadata(path).map_err(|error| failed(path, &error))?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.display().to_string(), mode });
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(|error| failed(path, &error))?);
        let damaged = |reason: &str| KeyError::Damaged { path: path.display().to_string(), reason: reason.to_owned() };
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged("it is no text"))?;
        let Some((body, check)) = text.split_once("check ") else {
            return Err(damaged("it is cut off"));
        };
        if check.trim_end() != checksum(body) {
            return Err(damaged("its check sum is wrong"));
        }
        let mut lines = body.lines();
        if lines.next() != Some(HEADER) {
            return Err(damaged("it is of another kind or of a newer program"));
        }
        let mut secret = |name: &str| {
            let line = lines.next().and_then(|line| line.strip_prefix(name)).map(str::trim);
            line.and_then(from_hex).ok_or_else(|| damaged(&format!("it lacks `{name}`")))
        };
        Ok(Institution { wrapping: secret("wrapping")?, hashing: secret("hashing")?, signing: secret("signing")? })
    }

    /// Writes the file whole or not at all, and never over another.
    fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut body = Zeroizing::new(format!("{HEADER}\n"));
        for (name, secret) in [("wrapping", &self.wrapping), ("hashing", &self.hashing), ("signing", &self.signing)] {
            body.push_str(name);
            body.push(' ');
            for byte in secret.iter() {
                body.push(hex_digit(byte >> 4));
                body.push(hex_digit(byte & 15));
            }
            body.push('\n');
        }
        let sum = checksum(&body);
        let draft = path.with_extension("key.new");
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(body.as_bytes())?;
        file.write_all(format!("check {sum}\n").as_bytes())?;
        file.sync_all()?;
        // Unlike a renaming, a link does not take the place of a file that another start has just made.
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    }
}

fn failed(path: &Path, error: &std::io::Error) -> KeyError {
    KeyError::Io(format!("{}: {error}", path.display()))
}

fn checksum(body: &str) -> String {
    Sha256::digest(body.as_bytes())[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0')
}

fn from_hex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let digits = text.as_bytes();
    let mut bytes = Zeroizing::new([0; 32]);
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(value(pair[0])? << 4 | value(pair[1])?).ok()?;
    }
    Some(bytes)
}
