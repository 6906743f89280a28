//! How people are reached: one-time codes and notices to a phone.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use basics::Id;

use crate::Phone;

/// A message to one phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it is sent under: handed over again under the same id, it is the same message, and reaches the phone once. Without
    /// one each handing over is a message of its own.
    pub id: Option<Id>,
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

/// Hands messages to a gateway over HTTP: `POST` of `{"id", "to", "text"}` in JSON, the id also as `Idempotency-Key`, the token
/// as bearer. What answers with 2xx has taken the message; a gateway that gets an id again takes it once.
#[derive(Clone, Debug)]
pub struct HttpMessages {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
}

/// How long a gateway may take to answer.
const GATEWAY_SECONDS: u64 = 10;

impl HttpMessages {
    /// A gateway at an address, with the token that it knows us by.
    pub fn new(url: &str, token: Option<String>) -> HttpMessages {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(std::time::Duration::from_secs(GATEWAY_SECONDS)))
            .http_status_as_error(false)
            .build();
        HttpMessages { agent: config.new_agent(), url: url.to_owned(), token }
    }
}

impl MessagePort for HttpMessages {
    fn send(&self, letter: &Letter) -> Result<(), MessageError> {
        let id = letter.id.map(|id| id.to_string());
        let mut request = self.agent.post(&self.url);
        if let Some(id) = &id {
            request = request.header("Idempotency-Key", id);
        }
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let body = serde_json::json!({ "id": id, "to": letter.to.as_str(), "text": letter.text });
        let answer = request.send_json(body).map_err(|error| MessageError::Failed(error.to_string()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        Err(MessageError::Failed(format!("the gateway answered {status}")))
    }
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
            outbox.send(&Letter { id: None, to: phone.clone(), text: text.to_owned() }).unwrap();
        }
        assert_eq!(outbox.last_to(&phone).unwrap().text, "two");
        assert_eq!(outbox.last_to(&Phone::parse("13900139000").unwrap()), None);
    }

    /// A gateway on loopback that answers each connection with the next status, and tells what it got.
    fn gateway(statuses: &'static [u16]) -> (String, std::thread::JoinHandle<Vec<String>>) {
        use std::io::{BufRead, BufReader, Read};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/sms", listener.local_addr().unwrap());
        let heard = std::thread::spawn(move || {
            let mut all = Vec::new();
            for status in statuses {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let lower = line.to_ascii_lowercase();
                    if let Some(value) = lower.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if lower.starts_with("authorization") || lower.starts_with("idempotency") {
                        head += &line;
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                all.push(head + &String::from_utf8(body).unwrap());
                let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
            all
        });
        (url, heard)
    }

    #[test]
    fn a_gateway_gets_the_id_and_what_it_does_not_take_is_an_error() {
        let (url, heard) = gateway(&[202, 503]);
        let port = HttpMessages::new(&url, Some("secret".to_owned()));
        let letter = Letter {
            id: Some(Id::from_u128(7)),
            to: Phone::parse("13800138000").unwrap(),
            text: "今天到期".to_owned(),
        };
        assert_eq!(port.send(&letter), Ok(()));
        let refused = port.send(&letter).unwrap_err().to_string();
        assert!(refused.contains("503"), "{refused}");
        let heard = heard.join().unwrap();
        assert_eq!(heard[0], heard[1], "handed over again it is the same message");
        for part in ["Bearer secret", "00000000-0000-0000-0000-000000000007", "13800138000", "今天到期"] {
            assert!(heard[0].contains(part), "{part} in {}", heard[0]);
        }
        assert!(HttpMessages::new("http://127.0.0.1:9/", None).send(&letter).is_err());
    }

    #[test]
    fn a_file_keeps_every_line() {
        let path = std::env::temp_dir().join(format!("tianxin-messages-{}", std::process::id()));
        let log = LogMessages::file(path.clone());
        let to = Phone::parse("13800138000").unwrap();
        for text in ["one", "two"] {
            log.send(&Letter { id: None, to: to.clone(), text: text.to_owned() }).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(kept, "message to 13800138000: one\nmessage to 13800138000: two\n");
    }
}
