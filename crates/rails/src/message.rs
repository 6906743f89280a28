//! How people are reached: one-time codes and notices to a phone.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Phone;

/// A message to one phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub to: Phone,
    /// What it says.
    pub text: String,
}

/// Why a message did not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The service did not take it.
    #[error("the message could not be sent: try again in a few minutes ({0})")]
    Failed(String),
}

/// The port to whoever carries messages. Called outside of commands; may block.
pub trait MessagePort: Send + Sync {
    /// Hands a message over.
    fn send(&self, letter: &Letter) -> Result<(), MessageError>;
}

/// Carries no message to any phone: writes it where whoever runs the server can read it.
#[derive(Clone, Debug)]
pub struct LogMessages {
    file: Option<PathBuf>,
}

impl LogMessages {
    /// To standard error.
    pub const fn stderr() -> LogMessages {
        LogMessages { file: None }
    }

    /// Appended to a file that only its owner may read.
    pub const fn file(path: PathBuf) -> LogMessages {
        LogMessages { file: Some(path) }
    }
}

impl MessagePort for LogMessages {
    fn send(&self, letter: &Letter) -> Result<(), MessageError> {
        let line = format!("message to {}: {}\n", letter.to.as_str(), letter.text);
        let written = match &self.file {
            None => std::io::stderr().lock().write_all(line.as_bytes()),
            Some(path) => {
                let mut options = OpenOptions::new();
                options.create(true).append(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                options.open(path).and_then(|mut file| file.write_all(line.as_bytes()))
            }
        };
        written.map_err(|error| MessageError::Failed(error.to_string()))
    }
}

/// Letters kept at most.
const KEPT_MAX: usize = 1_000;

/// Keeps the last messages in memory, for tests and demonstrations.
#[derive(Debug, Default)]
pub struct Outbox {
    letters: Mutex<VecDeque<Letter>>,
}

impl Outbox {
    /// The last message to a phone.
    pub fn last_to(&self, phone: &Phone) -> Option<Letter> {
        self.lock().iter().rev().find(|letter| letter.to == *phone).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MessagePort for Outbox {
    fn send(&self, letter: &Letter) -> Result<(), MessageError> {
        let mut letters = self.lock();
        if letters.len() >= KEPT_MAX {
            letters.pop_front();
        }
        letters.push_back(letter.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_is_found() {
        let outbox = Outbox::default();
        let phone = Phone::parse("13800138000").unwrap();
        for text in ["one", "two"] {
            outbox.send(&Letter { to: phone.clone(), text: text.to_owned() }).unwrap();
        }
        assert_eq!(outbox.last_to(&phone).unwrap().text, "two");
        assert_eq!(outbox.last_to(&Phone::parse("13900139000").unwrap()), None);
    }

    #[test]
    fn a_file_keeps_every_line() {
        let path = std::env::temp_dir().join(format!("tianxin-messages-{}", std::process::id()));
        let log = LogMessages::file(path.clone());
        let to = Phone::parse("13800138000").unwrap();
        for text in ["one", "two"] {
            log.send(&Letter { to: to.clone(), text: text.to_owned() }).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(kept, "message to 13800138000: one\nmessage to 13800138000: two\n");
    }
}
