//! The engine on a plain thread: batches are what the caller says, messages go when the caller says.
//!
//! The simulator and the tests of order drive the same writer that the threads drive, and
//! the same commands give the same journal, whatever the size of a batch.

use std::sync::{Arc, Mutex, PoisonError};

use basics::Cell;

use crate::app::App;
use crate::backend::{Backend, DirectoryRow, Durability, StoreError};
use crate::directory::{DirectoryOrder, DirectoryReply};
use crate::failpoint;
use crate::permission::Actor;
use crate::request::{Answer, DoorError, Order, Reply, Request};
use crate::writer::{Job, Outgoing, Writer};

/// Drives one writer over all cells.
pub struct Stepper<A: App> {
    writer: Writer<A>,
    batch_max: usize,
    waiting: Vec<Outgoing<A::Command>>,
    /// Messages that are done, to be removed from their outboxes with the next batch.
    done: Vec<Job<A>>,
    /// Whether a batch failed: what waits is then read from the outboxes again, since they alone know what was committed.
    is_behind: bool,
}

type Answers = Vec<Result<Answer, DoorError>>;

impl<A: App> Stepper<A> {
    /// A stepper whose batches have at most `batch_max` commands.
    pub fn new(app: Arc<A>, backend: Arc<dyn Backend>, batch_max: usize) -> Stepper<A> {
        Stepper {
            writer: Writer::new(app, backend, None),
            batch_max: batch_max.max(1),
            waiting: Vec::new(),
            done: Vec::new(),
            is_behind: false,
        }
    }

    /// Runs commands in order and answers them in order. Messages they send wait for [`Stepper::deliver`].
    pub fn step(&mut self, requests: Vec<Request<A::Command>>) -> Answers {
        let mut answers = Vec::with_capacity(requests.len());
        let mut requests = requests.into_iter();
        loop {
            let batch: Vec<_> = requests.by_ref().take(self.batch_max).collect();
            if batch.is_empty() {
                return answers;
            }
            answers.extend(self.run(batch));
        }
    }

    /// Delivers messages between cells, in order of (cell, record), until none is left. After a failure of the database it can be
    /// called again: nothing that is in an outbox is forgotten, and nothing is done twice.
    pub fn deliver(&mut self) -> Answers {
        let mut answers = Vec::new();
        if self.is_behind
            && let Err(error) = self.take_up()
        {
            return vec![Err(DoorError::Storage(error.to_string()))];
        }
        while !self.waiting.is_empty() {
            let mut round = std::mem::take(&mut self.waiting);
            round.sort_by_key(|message| message.from);
            failpoint::hit("outbox.before_deliver");
            let places: Vec<_> = round.iter().map(|message| message.from).collect();
            let requests =
                round.into_iter().map(|m| Request::plain(m.id, Actor::SYSTEM, m.at, Order::Do(m.command))).collect();
            let told = self.step(requests);
            failpoint::hit("outbox.after_deliver");
            // A message whose removal is lost is delivered again, under its own id, and done once.
            let done = places.into_iter().zip(&told).filter(|(_, answer)| answer.is_ok());
            self.done.extend(done.map(|(place, _)| Job::Ack(place)));
            answers.extend(told);
        }
        let left = std::mem::take(&mut self.done);
        if !left.is_empty() {
            failpoint::hit("outbox.before_ack");
            self.writer.step(left);
        }
        answers
    }

    /// Says when what is committed from now on becomes durable.
    pub fn set_durability(&mut self, durability: Durability) -> Result<(), StoreError> {
        self.writer.set_durability(durability)
    }

    /// Makes durable what was committed so far.
    pub fn make_durable(&mut self) -> Result<(), StoreError> {
        self.writer.connection()?.make_durable()
    }

    /// Takes up the messages that a process which was cut off has left; they wait for [`Stepper::deliver`].
    pub fn take_up(&mut self) -> Result<(), StoreError> {
        let cells: Vec<Cell> = (0..=self.writer.backend.cells()).map(Cell).collect();
        self.waiting = self.writer.undelivered(&cells)?;
        self.done.clear();
        self.is_behind = false;
        Ok(())
    }

    /// Runs a directory step in a batch of its own; the rows that stand afterwards.
    pub fn directory(&mut self, order: DirectoryOrder) -> Result<Vec<DirectoryRow>, DoorError> {
        let answer = Arc::new(Mutex::new(None));
        let told = answer.clone();
        let reply: DirectoryReply = Box::new(move |rows| {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(rows);
        });
        self.writer.step(vec![Job::Directory { order, reply }]);
        let rows = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        rows.unwrap_or_else(|| Err(DoorError::Bug("a directory step was not answered".to_owned())))
    }

    fn run(&mut self, batch: Vec<Request<A::Command>>) -> Answers {
        let empty: Vec<Option<Result<Answer, DoorError>>> = batch.iter().map(|_| None).collect();
        let answers = Arc::new(Mutex::new(empty));
        let commands = batch.into_iter().enumerate().map(|(place, request)| {
            let answers = answers.clone();
            let reply: Reply = Box::new(move |answer| {
                answers.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(answer);
            });
            Job::Command { request, reply }
        });
        let mut jobs: Vec<Job<A>> = std::mem::take(&mut self.done);
        jobs.extend(commands);
        self.waiting.extend(self.writer.step(jobs).outgoing);
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answers: Answers = answers
            .drain(..)
            .map(|answer| answer.unwrap_or_else(|| Err(DoorError::Bug("a command was not answered".to_owned()))))
            .collect();
        let is_failure =
            |answer: &Result<Answer, DoorError>| matches!(answer, Err(DoorError::Storage(_) | DoorError::Unknown(_)));
        self.is_behind |= answers.iter().any(is_failure);
        answers
    }
}
