//! The line to a rail over HTTP: every request signed, every answer checked, no answer taken for a word about an order.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{HeaderMap, Request};

use crate::payment::RailError;
use crate::sign::{self, HEADER_NONCE, HEADER_SIGNATURE, HEADER_TIME, Secret, Stamp};

/// The largest answer that is read, bytes: a statement of a day.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// Gives a fresh time and nonce; the program has the clock and the randomness.
pub type Stamps = Arc<dyn Fn() -> Stamp + Send + Sync>;

/// A line to one rail.
#[derive(Clone)]
pub struct Line {
    base: String,
    secret: Secret,
    stamps: Stamps,
    agent: ureq::Agent,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({})", self.base)
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Came {
    /// A body.
    Body(Vec<u8>),
    /// The rail says, and signs, that it has no such thing.
    Nothing,
}

impl Line {
    /// A line to `base`, such as `http://127.0.0.1:9090`. It waits `timeout` for an answer. Errors for an address that is none.
    ///
    /// Plain HTTP alone is spoken: to a bank outside of the machine a proxy of the institution carries it over TLS.
    pub fn new(base: &str, secret: Secret, stamps: Stamps, timeout: Duration) -> Result<Line, RailError> {
        let base = base.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") {
            let message =
                format!("`{base}` must begin with http://; for TLS name the address of a proxy on this machine");
            return Err(RailError::NotOffered(message));
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(timeout));
        Ok(Line { base, secret, stamps, agent: config.build().new_agent() })
    }

    pub(crate) fn get(&self, path: &str) -> Result<Came, RailError> {
        self.call("GET", path, "", &[])
    }

    pub(crate) fn post(&self, path: &str, kind: &str, body: &[u8]) -> Result<Came, RailError> {
        self.call("POST", path, kind, body)
    }

    fn call(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Came, RailError> {
        let stamp = (self.stamps)();
        let subject = format!("{method} {path}");
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(HEADER_TIME, stamp.at_seconds.to_string())
            .header(HEADER_NONCE, &stamp.nonce)
            .header(HEADER_SIGNATURE, sign::sign(&self.secret, &stamp, &subject, body));
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let none = |error: &dyn fmt::Display| RailError::NoAnswer(error.to_string());
        let response = match body {
            [] => self.agent.run(request.body(()).map_err(|error| none(&error))?),
            body => self.agent.run(request.body(body).map_err(|error| none(&error))?),
        };
        let mut response = response.map_err(|error| none(&error))?;
        let status = response.status().as_u16();
        if status >= 500 || status == 429 {
            return Err(RailError::NoAnswer(format!("it answered {status}")));
        }
        let headers = response.headers().clone();
        let read = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let answer = read.map_err(|error| none(&error))?;
        if status == 401 {
            let said = String::from_utf8_lossy(&answer).chars().take(200).collect::<String>();
            return Err(RailError::NotGenuine(format!("the rail does not take ours: {said}")));
        }
        self.check(&stamp, &format!("{status} {subject}"), &headers, &answer)?;
        match status {
            200..300 => Ok(Came::Body(answer)),
            404 => Ok(Came::Nothing),
            _ => {
                let said = String::from_utf8_lossy(&answer).chars().take(200).collect::<String>();
                Err(RailError::Garbled(format!("it answered {status}: {said}")))
            }
        }
    }

    /// An answer is signed under the nonce of its request.
    fn check(&self, asked: &Stamp, subject: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), RailError> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let checked = Stamp::read(header(HEADER_TIME), header(HEADER_NONCE)).and_then(|stamp| {
            if stamp.nonce != asked.nonce {
                return Err(sign::SignatureError::Wrong);
            }
            sign::check(&self.secret, &stamp, subject, body, header(HEADER_SIGNATURE), asked.at_seconds)
        });
        checked.map_err(|error| RailError::NotGenuine(error.to_string()))
    }
}
