//! What went through the door, kept so that it can be sent again: to the same books after a fault, or to others.
//!
//! A fault campaign lives once through a county on sound books and records every command with its answer. Then it sends the
//! same commands to other books while those are killed, filled up and torn; people do as people do: what was not
//! answered they send again. In the end the two books must hold the same.

use app::Tianxin;
use app::command::Command;
use basics::{Cell, Date, Id, Instant};
use door::backend::{ClaimState, DirectoryRow};
use door::directory::{self, EnrolError};
use door::{Actor, Answer, DoorError, Order, Request, Stepper};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::Driver;

/// A command as it was sent, and what was answered.
#[derive(Clone, Debug, Encode, Decode)]
pub struct Sent {
    #[n(0)]
    id: Id,
    #[n(1)]
    actor: Actor,
    #[n(2)]
    at: Instant,
    #[n(3)]
    digest: ByteVec,
    #[n(4)]
    order: Order<Command>,
    /// Of an enrolment: the hashes that it claims in the directory, each with its cell, household and person.
    #[n(5)]
    claims: Vec<(ByteVec, Cell, Id, Id)>,
    /// The outcome's bytes; none where it was refused.
    #[n(6)]
    answer: Option<ByteVec>,
}

/// What was sent in one go.
#[derive(Clone, Debug, Encode, Decode)]
pub struct Wave {
    /// The open day.
    #[n(0)]
    pub day: Date,
    /// The commands; none where the messages between cells were delivered.
    #[n(1)]
    pub sent: Vec<Sent>,
}

/// What was answered to a command that was sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The command.
    pub id: Id,
    /// Its cell.
    pub cell: Cell,
    /// Whether it stands in the journal; a refusal does not.
    pub is_stored: bool,
}

/// Why commands that were recorded do not go through as they did.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The answer is another one.
    #[error("command {id} on {day} was answered {found}, not as it was the first time")]
    Other {
        /// The command.
        id: Id,
        /// The day.
        day: Date,
        /// What was answered.
        found: String,
    },
    /// It was refused, and was not the first time.
    #[error("command {id} on {day} was refused with `{code}`, and was taken the first time")]
    Refused {
        /// The command.
        id: Id,
        /// The day.
        day: Date,
        /// The code of the refusal.
        code: &'static str,
    },
    /// The database failed: send it again.
    #[error("command {id} on {day} was not answered: {error}")]
    Unanswered {
        /// The command.
        id: Id,
        /// The day.
        day: Date,
        /// Why not.
        error: DoorError,
    },
}

impl Sent {
    /// A command, not yet answered.
    pub(super) fn of(request: &Request<Command>, claims: &[DirectoryRow]) -> Sent {
        Sent {
            id: request.id,
            actor: request.actor,
            at: request.at,
            digest: request.digest.to_vec().into(),
            order: request.order.clone(),
            claims: claims.iter().map(|row| (row.hash.to_vec().into(), row.cell, row.household, row.person)).collect(),
            answer: None,
        }
    }

    fn request(&self) -> Request<Command> {
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(self.digest.iter()) {
            *to = *from;
        }
        Request { id: self.id, actor: self.actor, at: self.at, digest, order: self.order.clone() }
    }

    fn rows(&self) -> Vec<DirectoryRow> {
        let row = |(bytes, cell, household, person): &(ByteVec, Cell, Id, Id)| {
            let mut hash = [0; 32];
            for (to, from) in hash.iter_mut().zip(bytes.iter()) {
                *to = *from;
            }
            let (cell, household, person) = (*cell, *household, *person);
            DirectoryRow { hash, cell, household, person, state: ClaimState::Claimed, claimed_at: self.at }
        };
        self.claims.iter().map(row).collect()
    }

    /// Compares an answer with the one that was recorded.
    fn check(&self, day: Date, answer: Result<Answer, DoorError>) -> Result<Acknowledged, ReplayError> {
        let cell = match &self.order {
            Order::Do(command) | Order::Propose(command) => app::command::cell_of(command),
            Order::Approve { cell, .. } | Order::Reject { cell, .. } => *cell,
        };
        let other = |found: String| ReplayError::Other { id: self.id, day, found };
        match (answer, &self.answer) {
            (Ok(answer), Some(expected)) if *answer.outcome == ***expected => {
                Ok(Acknowledged { id: self.id, cell, is_stored: true })
            }
            (Ok(answer), _) => Err(other(match answer.outcome::<Tianxin>() {
                Ok(outcome) => format!("{outcome:?}"),
                Err(error) => error.to_string(),
            })),
            (Err(DoorError::Refused(_)), None) => Ok(Acknowledged { id: self.id, cell, is_stored: false }),
            (Err(DoorError::Refused(refusal)), Some(_)) => {
                Err(ReplayError::Refused { id: self.id, day, code: refusal.code })
            }
            (Err(error @ (DoorError::Storage(_) | DoorError::Unknown(_) | DoorError::Busy { .. })), _) => {
                Err(ReplayError::Unanswered { id: self.id, day, error })
            }
            (Err(error), _) => Err(other(error.to_string())),
        }
    }
}

/// A day-end among what was recorded.
#[derive(Clone, Copy, Debug)]
pub struct Closing {
    /// The command.
    pub id: Id,
    /// Who closes.
    pub actor: Actor,
    /// When.
    pub at: Instant,
    /// The day.
    pub day: Date,
}

impl Wave {
    /// The day-end it begins, if it is one.
    pub fn closing(&self) -> Option<Closing> {
        self.sent.iter().find_map(|sent| match &sent.order {
            Order::Do(Command::CloseDay(close)) => {
                Some(Closing { id: sent.id, actor: sent.actor, at: sent.at, day: close.day })
            }
            _ => None,
        })
    }

    /// What of it was stored: a refusal leaves nothing, and might be none another time.
    #[must_use]
    pub fn stored(&self) -> Wave {
        Wave { day: self.day, sent: self.sent.iter().filter(|sent| sent.answer.is_some()).cloned().collect() }
    }

    /// Sends it through another stepper and compares every answer with the recorded one. Can be repeated whole.
    ///
    /// What was acknowledged is added to `told`, also where something else of the wave was not: the first of those is the error.
    pub fn replay(&self, stepper: &mut Stepper<Tianxin>, told: &mut Vec<Acknowledged>) -> Result<(), ReplayError> {
        if self.sent.is_empty() {
            let unanswered = |error| ReplayError::Unanswered { id: Id::default(), day: self.day, error };
            return stepper.deliver().into_iter().find_map(Result::err).map(unanswered).map_or(Ok(()), Err);
        }
        let answers = if self.sent.iter().any(|sent| !sent.claims.is_empty()) {
            self.enrol(stepper)?
        } else {
            stepper.step(self.sent.iter().map(Sent::request).collect())
        };
        let mut wrong = None;
        for checked in self.sent.iter().zip(answers).map(|(sent, answer)| sent.check(self.day, answer)) {
            match checked {
                Ok(acknowledged) => told.push(acknowledged),
                // That something has another answer than it had weighs more than that something has none.
                Err(error) if wrong.is_none() || !matches!(error, ReplayError::Unanswered { .. }) => {
                    wrong = Some(error)
                }
                Err(_) => {}
            }
        }
        wrong.map_or(Ok(()), Err)
    }

    fn enrol(&self, stepper: &mut Stepper<Tianxin>) -> Result<Vec<Result<Answer, DoorError>>, ReplayError> {
        let pairs =
            self.sent.iter().map(|sent| (sent.rows(), sent.request())).filter(|(rows, _)| !rows.is_empty()).collect();
        let enrolled = directory::enrol_many(stepper, pairs);
        let first = self.sent.first().map(|sent| sent.id).unwrap_or_default();
        let answers = enrolled.map_err(|error| ReplayError::Unanswered { id: first, day: self.day, error })?;
        let plain = |answer: Result<Answer, EnrolError>| {
            answer.map_err(|error| match error {
                EnrolError::Door(door) => door,
                known => DoorError::Refused(door::Refusal::new("already_enrolled", known.to_string())),
            })
        };
        Ok(answers.into_iter().map(plain).collect())
    }
}

impl Driver {
    /// Records from now on what goes through the door.
    pub fn record(&mut self) {
        self.recording = Some(Vec::new());
    }

    /// What was recorded so far.
    pub fn take_recording(&mut self) -> Vec<Wave> {
        self.recording.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Adds a wave with its answers.
    pub(super) fn note_wave(&mut self, sent: Vec<Sent>, answers: Vec<Option<Vec<u8>>>) {
        if let Some(recording) = &mut self.recording {
            let sent = sent.into_iter().zip(answers);
            let sent = sent.map(|(sent, answer)| Sent { answer: answer.map(ByteVec::from), ..sent }).collect();
            recording.push(Wave { day: self.day, sent });
        }
    }
}

/// The outcomes of answers, as they are recorded.
pub(super) fn outcomes<E>(answers: &[Result<Answer, E>]) -> Vec<Option<Vec<u8>>> {
    answers.iter().map(|answer| answer.as_ref().ok().map(|answer| answer.outcome.to_vec())).collect()
}
