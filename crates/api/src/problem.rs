//! What goes wrong, as problem documents (RFC 9457) with stable codes, in the caller's language.
//!
//! A handler answers a [`Problem`]; the outermost layer writes it down once it knows the language.

use app::desk::DeskError;
use app::vault::VaultError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use door::app::Refusal;
use door::directory::EnrolError;
use door::{DoorError, StoreError};
use rails::{IdentityError, MessageError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::words::{self, Language};

/// Why a request was not done. `code` is one of [`words::WORDS`].
#[derive(Clone, Debug)]
pub struct Problem {
    /// Stable code.
    pub code: &'static str,
    /// What happened, in English, where the words of the code are too general.
    pub said: Option<String>,
    /// Figures that the words name.
    pub params: Vec<(&'static str, String)>,
    /// When to try again, seconds.
    pub retry_after: Option<u32>,
}

/// A problem as it is sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// `urn:tianxin:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:tianxin:problem:amount_not_positive")]
    pub kind: String,
    /// What kind of problem, in the caller's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do, in the caller's language.
    pub detail: String,
    /// Stable code for programs.
    #[schema(example = "amount_not_positive")]
    pub code: String,
    /// Figures behind the words.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
}

impl Problem {
    /// A problem of a code.
    pub fn new(code: &'static str) -> Problem {
        Problem { code, said: None, params: Vec::new(), retry_after: None }
    }

    /// With what happened in particular.
    #[must_use]
    pub fn saying(mut self, said: impl Into<String>) -> Problem {
        self.said = Some(said.into());
        self
    }

    /// With a figure.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Problem {
        self.params.push((name, value.to_string()));
        self
    }

    /// With the time after which to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Problem {
        self.retry_after = Some(seconds);
        self.with("retry_after_seconds", seconds)
    }

    /// The HTTP status of its code.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(words::of(self.code).status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// The document in a language.
    pub fn document(&self, language: Language) -> ProblemDocument {
        let word = words::of(self.code);
        let title = match language {
            Language::Zh => word.zh,
            Language::En => word.en,
        };
        let filled = self
            .params
            .iter()
            .fold(title.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
        // Only English messages name particulars; in Chinese the words of the code stand for them.
        let detail = match (&self.said, language) {
            (Some(said), Language::En) => said.clone(),
            _ => filled.clone(),
        };
        ProblemDocument {
            kind: format!("urn:tianxin:problem:{}", self.code),
            title: filled,
            status: self.status().as_u16(),
            detail,
            code: self.code.to_owned(),
            params: self.params.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.clone()))).collect(),
        }
    }

    /// The answer in a language.
    pub fn respond(&self, language: Language) -> Response {
        let body = serde_json::to_vec(&self.document(language)).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json; charset=utf-8"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(value) = self.retry_after.and_then(|seconds| HeaderValue::from_str(&seconds.to_string()).ok()) {
            headers.insert(header::RETRY_AFTER, value);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::new(refusal.code).saying(refusal.message)
    }
}

impl From<DoorError> for Problem {
    fn from(error: DoorError) -> Problem {
        match error {
            DoorError::Refused(refusal) => refusal.into(),
            DoorError::Conflict(_) => Problem::new("command_conflict"),
            DoorError::Busy { retry_after_seconds } => Problem::new("busy").retry_after(retry_after_seconds),
            DoorError::Storage(text) => {
                log(&text);
                if text.contains("disk is full") { Problem::new("disk_full") } else { Problem::new("storage_failed") }
            }
            DoorError::Unknown(text) => {
                log(&text);
                Problem::new("outcome_unknown").retry_after(1)
            }
            DoorError::Bug(text) => fault(&text),
            DoorError::Stopped(_) => Problem::new("stopping").retry_after(5),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        log(&error.to_string());
        match error {
            StoreError::Full(_) => Problem::new("disk_full"),
            StoreError::Contention(_) => Problem::new("busy").retry_after(1),
            StoreError::Constraint(text) => fault(&text),
            _ => Problem::new("storage_failed"),
        }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Problem {
        match error {
            DeskError::Door(error) => error.into(),
            DeskError::Enrol(EnrolError::Known { .. }) => Problem::new("enrolled_already"),
            DeskError::Enrol(EnrolError::UnderWay) => Problem::new("enrolment_under_way").retry_after(600),
            DeskError::Enrol(EnrolError::Door(error)) => error.into(),
            DeskError::Store(error) => error.into(),
            DeskError::Vault(VaultError::Erased) => Problem::new("erased"),
            DeskError::Vault(VaultError::Failed(text)) => {
                log(&text);
                Problem::new("storage_failed")
            }
            DeskError::Loan(error) => Problem::new("outside_product").saying(error.to_string()),
            DeskError::Damaged(text) => fault(&text),
        }
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Problem {
        Problem::new(error.code()).saying(error.to_string())
    }
}

impl From<MessageError> for Problem {
    fn from(error: MessageError) -> Problem {
        log(&error.to_string());
        Problem::new("message_failed").retry_after(60)
    }
}

impl From<basics::money::MoneyError> for Problem {
    fn from(error: basics::money::MoneyError) -> Problem {
        Problem::new("bad_amount").saying(error.to_string())
    }
}

impl From<basics::id::PublicIdError> for Problem {
    fn from(error: basics::id::PublicIdError) -> Problem {
        Problem::new("bad_id").saying(error.to_string())
    }
}

/// A fault of the program: the caller is told that there is one, the log which.
pub fn fault(text: &str) -> Problem {
    log(text);
    Problem::new("fault")
}

/// A line for whoever runs the server.
pub fn log(text: &str) {
    use std::io::Write;
    // Where standard error is closed nobody can be told.
    drop(writeln!(std::io::stderr().lock(), "api: {text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_with_the_database_is_told_apart() {
        let full = StoreError::Full("no space left".to_owned()).to_string();
        let cases: [(Problem, &str, u16); 7] = [
            (DoorError::Storage(full).into(), "disk_full", 507),
            (DoorError::Storage("gone".to_owned()).into(), "storage_failed", 503),
            (DoorError::Busy { retry_after_seconds: 2 }.into(), "busy", 503),
            (DoorError::Unknown("cut".to_owned()).into(), "outcome_unknown", 503),
            (DoorError::Bug("secret".to_owned()).into(), "fault", 500),
            (StoreError::Full("no space".to_owned()).into(), "disk_full", 507),
            (DeskError::Damaged("secret".to_owned()).into(), "fault", 500),
        ];
        for (problem, code, status) in cases {
            assert_eq!((problem.code, problem.status().as_u16()), (code, status));
            let document = serde_json::to_string(&problem.document(Language::En)).unwrap_or_default();
            assert!(!document.contains("secret"), "{document}");
        }
    }

    #[test]
    fn figures_are_filled_in() {
        let problem = Problem::new("insufficient_funds").with("available", "12.00");
        assert_eq!(problem.document(Language::Zh).detail, "余额不够，可用 12.00 元。");
        assert_eq!(problem.document(Language::En).title, "There is not enough money: 12.00 is available.");
    }
}
