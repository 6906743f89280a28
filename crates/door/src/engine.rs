//! The engine: bounded queues, writer threads, delivery of messages between cells.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use basics::{Cell, Date};

use crate::app::App;
use crate::backend::{Backend, DirectoryRow, StoreError};
use crate::directory::{DirectoryOrder, DirectoryReply};
use crate::failpoint;
use crate::permission::Actor;
use crate::request::{Answer, DoorError, Order, Reply, Request};
use crate::writer::{Job, OutboxKey, Outgoing, Writer};
use crate::writes::Tap;

/// What a commit added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitNote {
    /// How many records.
    pub records: u64,
    /// The new open date, if the institution's day was closed.
    pub office_opens: Option<Date>,
}

/// Told of commits, from writer threads; must return at once.
pub type OnCommit = Arc<dyn Fn(CommitNote) + Send + Sync>;

/// How an engine works.
pub struct EngineOptions {
    /// Commands taken into one batch at most.
    pub batch_max: usize,
    /// Commands that may wait for one writer; beyond that callers are told to come back.
    pub queue_max: usize,
    /// How often outboxes are looked through for messages another server left behind.
    pub sweep_every: Duration,
    /// Told after each commit that added records.
    pub on_commit: Option<OnCommit>,
    /// Gives each writer, by its number, what sees the rows of its batches; for benchmarks.
    pub tap: Option<Box<dyn Fn(usize) -> Tap>>,
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            batch_max: 256,
            queue_max: 4_096,
            sweep_every: Duration::from_secs(5),
            on_commit: None,
            tap: None,
        }
    }
}

/// What an engine has done since it started.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct EngineCounts {
    /// Batches that had at least one command.
    pub batches: u64,
    /// Commands in them.
    pub commands: u64,
    /// Records that were journaled.
    pub records: u64,
}

/// A running engine. Dropping it stops it after the batches under way.
pub struct Engine<A: App> {
    shared: Arc<Shared<A>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared<A: App> {
    app: Arc<A>,
    backend: Arc<dyn Backend>,
    groups: Vec<Group<A>>,
    in_flight: Mutex<HashSet<OutboxKey>>,
    closing: AtomicBool,
    options: Settings,
    batches: AtomicU64,
    commands: AtomicU64,
    records: AtomicU64,
}

struct Settings {
    batch_max: usize,
    queue_max: usize,
    sweep_every: Duration,
    on_commit: Option<OnCommit>,
}

struct Group<A: App> {
    queue: Mutex<Queue<A>>,
    arrived: Condvar,
}

struct Queue<A: App> {
    jobs: VecDeque<Job<A>>,
    sweep: bool,
    /// A batch was taken and its messages are not yet handed on.
    working: bool,
}

/// Tells callers the truth when a writer thread ends by a panic: nothing waits for ever.
struct Guard<'a, A: App>(&'a Shared<A>);

impl<A: App> Drop for Guard<'_, A> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.closing.store(true, Ordering::SeqCst);
            for number in 0..self.0.groups.len() {
                self.0.turn_away(number);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<A: App> Engine<A> {
    /// Starts a writer thread for each group of cells and delivers what a crash left undelivered.
    pub fn start(app: Arc<A>, backend: Arc<dyn Backend>, mut options: EngineOptions) -> Result<Engine<A>, StoreError> {
        let writers = backend.writers().max(1);
        let tap = options.tap.take();
        let shared = Arc::new(Shared {
            app: app.clone(),
            backend: backend.clone(),
            groups: (0..writers)
                .map(|_| Group {
                    queue: Mutex::new(Queue { jobs: VecDeque::new(), sweep: true, working: false }),
                    arrived: Condvar::new(),
                })
                .collect(),
            in_flight: Mutex::new(HashSet::new()),
            closing: AtomicBool::new(false),
            options: Settings {
                batch_max: options.batch_max.max(1),
                queue_max: options.queue_max.max(1),
                sweep_every: options.sweep_every,
                on_commit: options.on_commit.take(),
            },
            batches: AtomicU64::new(0),
            commands: AtomicU64::new(0),
            records: AtomicU64::new(0),
        });
        let mut threads = Vec::with_capacity(writers);
        for number in 0..writers {
            let writer = Writer::new(app.clone(), backend.clone(), tap.as_ref().map(|tap| tap(number)));
            let shared = shared.clone();
            let thread = std::thread::Builder::new()
                .name(format!("writer-{number}"))
                .spawn(move || shared.write(number, writer))
                .map_err(|e| StoreError::Other(format!("no thread for a writer: {e}")))?;
            threads.push(thread);
        }
        Ok(Engine { shared, threads: Mutex::new(threads) })
    }

    /// The application behind the door.
    pub fn app(&self) -> &A {
        &self.shared.app
    }

    /// The database.
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.shared.backend
    }

    /// Queues a command; `reply` is called once, from a writer thread, after the commit.
    ///
    /// A caller that goes away does not cancel its command.
    pub fn submit(&self, request: Request<A::Command>, reply: Reply) {
        let cell = match &request.order {
            Order::Do(command) | Order::Propose(command) => self.shared.app.cell(command),
            Order::Approve { cell, .. } | Order::Reject { cell, .. } => *cell,
        };
        self.shared.push(cell, Job::Command { request, reply }, true);
    }

    /// Queues a command and waits for its answer.
    pub fn call(&self, request: Request<A::Command>) -> Result<Answer, DoorError> {
        let (send, receive) = mpsc::sync_channel(1);
        self.submit(request, Box::new(move |answer| drop(send.send(answer))));
        receive.recv().unwrap_or_else(|_| Err(stopped()))
    }

    /// Runs a directory step in the next batch and waits for the rows that stand afterwards.
    pub fn directory(&self, order: DirectoryOrder) -> Result<Vec<DirectoryRow>, DoorError> {
        let (send, receive) = mpsc::sync_channel(1);
        let reply: DirectoryReply = Box::new(move |rows| drop(send.send(rows)));
        self.shared.push(Cell::OFFICE, Job::Directory { order, reply }, true);
        receive.recv().unwrap_or_else(|_| Err(stopped()))
    }

    /// Waits until no message between cells is under way in this process.
    pub fn settle(&self) {
        loop {
            let quiet = lock(&self.shared.in_flight).is_empty()
                && self.shared.groups.iter().all(|group| {
                    let queue = lock(&group.queue);
                    queue.jobs.is_empty() && !queue.sweep && !queue.working
                });
            if quiet || self.shared.closing.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What was done so far.
    pub fn counts(&self) -> EngineCounts {
        EngineCounts {
            batches: self.shared.batches.load(Ordering::Relaxed),
            commands: self.shared.commands.load(Ordering::Relaxed),
            records: self.shared.records.load(Ordering::Relaxed),
        }
    }

    /// Stops: batches under way end, what still waits is told so.
    pub fn stop(&self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        for group in &self.shared.groups {
            group.arrived.notify_all();
        }
        for thread in lock(&self.threads).drain(..) {
            // A writer that panicked has told its callers by dropping their replies.
            let _ = thread.join();
        }
    }
}

impl<A: App> Drop for Engine<A> {
    fn drop(&mut self) {
        self.stop();
    }
}

fn stopped() -> DoorError {
    DoorError::Stopped("it was asked to stop; what was not answered can be sent again".to_owned())
}

impl<A: App> Shared<A> {
    fn group_of(&self, cell: Cell) -> usize {
        usize::from(cell.0) % self.groups.len()
    }

    fn push(&self, cell: Cell, job: Job<A>, bounded: bool) {
        let group = &self.groups[self.group_of(cell)];
        let turned_away = {
            let mut queue = lock(&group.queue);
            if self.closing.load(Ordering::SeqCst) {
                Some((job, stopped()))
            } else if bounded && queue.jobs.len() >= self.options.queue_max {
                Some((job, DoorError::Busy { retry_after_seconds: 1 }))
            } else {
                queue.jobs.push_back(job);
                None
            }
        };
        match turned_away {
            None => group.arrived.notify_one(),
            Some((job, why)) => job.turn_away(why),
        }
    }

    fn write(self: &Arc<Self>, number: usize, mut writer: Writer<A>) {
        let cells: Vec<Cell> =
            (0..=self.backend.cells()).map(Cell).filter(|cell| self.group_of(*cell) == number).collect();
        let _guard = Guard(self);
        while let Some((jobs, sweep)) = self.take(number) {
            if sweep {
                self.sweep(&mut writer, &cells);
                lock(&self.groups[number].queue).sweep = false;
            }
            if jobs.is_empty() {
                continue;
            }
            let commands = jobs.iter().filter(|job| matches!(job, Job::Command { .. })).count() as u64;
            let done = writer.step(jobs);
            if commands > 0 {
                self.batches.fetch_add(1, Ordering::Relaxed);
                self.commands.fetch_add(commands, Ordering::Relaxed);
                self.records.fetch_add(done.records, Ordering::Relaxed);
            }
            self.deliver(done.outgoing);
            if done.recovered {
                lock(&self.groups[number].queue).sweep = true;
            }
            if done.records > 0
                && let Some(on_commit) = &self.options.on_commit
            {
                on_commit(CommitNote { records: done.records, office_opens: done.office_opens });
            }
        }
    }

    /// Tells everything that waits for a writer that it was not done.
    fn turn_away(&self, number: usize) {
        let left: Vec<Job<A>> = lock(&self.groups[number].queue).jobs.drain(..).collect();
        for job in left {
            job.turn_away(stopped());
        }
    }

    /// The next batch: what waits, up to the maximum, without lingering. `None` when stopped.
    fn take(&self, number: usize) -> Option<(Vec<Job<A>>, bool)> {
        let group = &self.groups[number];
        let mut queue = lock(&group.queue);
        loop {
            if self.closing.load(Ordering::SeqCst) {
                drop(queue);
                self.turn_away(number);
                return None;
            }
            queue.working = false;
            if !queue.jobs.is_empty() || queue.sweep {
                queue.working = true;
                let count = queue.jobs.len().min(self.options.batch_max);
                return Some((queue.jobs.drain(..count).collect(), queue.sweep));
            }
            let (next, waited) =
                group.arrived.wait_timeout(queue, self.options.sweep_every).unwrap_or_else(PoisonError::into_inner);
            queue = next;
            if waited.timed_out() {
                queue.sweep = true;
            }
        }
    }

    /// Delivers what stands in the outboxes and is not under way: left by a crash or another server.
    fn sweep(self: &Arc<Self>, writer: &mut Writer<A>, cells: &[Cell]) {
        // An outbox that cannot be read now is read at the next sweep; the rows stay.
        self.deliver(writer.undelivered(cells).unwrap_or_default());
    }

    /// Hands messages on to the writers of the cells they are for; all for one writer at once, so that they make one batch.
    fn deliver(self: &Arc<Self>, messages: Vec<Outgoing<A::Command>>) {
        let mut jobs: Vec<Vec<Job<A>>> = self.groups.iter().map(|_| Vec::new()).collect();
        for message in messages {
            if !lock(&self.in_flight).insert(message.from) {
                continue;
            }
            failpoint::hit("outbox.before_deliver");
            let cell = self.app.cell(&message.command);
            let from = message.from;
            let shared = Arc::downgrade(self);
            let reply: Reply = Box::new(move |answer| {
                let Some(shared) = shared.upgrade() else { return };
                // A message that could not be taken stays in the outbox and is tried at the next sweep.
                if answer.is_ok() {
                    failpoint::hit("outbox.before_ack");
                    shared.push(from.0, Job::Ack(from), false);
                }
                lock(&shared.in_flight).remove(&from);
            });
            let request = Request::plain(message.id, Actor::SYSTEM, message.at, Order::Do(message.command));
            jobs[self.group_of(cell)].push(Job::Command { request, reply });
        }
        for (group, jobs) in self.groups.iter().zip(jobs).filter(|(_, jobs)| !jobs.is_empty()) {
            let turned_away = {
                let mut queue = lock(&group.queue);
                if self.closing.load(Ordering::SeqCst) {
                    jobs
                } else {
                    queue.jobs.extend(jobs);
                    Vec::new()
                }
            };
            group.arrived.notify_one();
            for job in turned_away {
                job.turn_away(stopped());
            }
            failpoint::hit("outbox.after_deliver");
        }
    }
}
