//! What an engine writes, batch by batch, kept and written again through the bulk primitives alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::Tianxin;
use door::engine::EngineCounts;
use door::{Backend, Engine, EngineOptions, Tap, Writes};

use super::{Line, three_places};
use crate::failure::Failure;
use crate::terminal::Progress;

/// An engine whose batches are kept.
pub struct Tapped {
    /// The engine.
    pub engine: Arc<Engine<Tianxin>>,
    batches: Arc<Vec<Mutex<Vec<Writes>>>>,
    begun: Instant,
}

impl Tapped {
    /// Starts an engine on a database that is to be measured from now on.
    pub fn start(app: &Arc<Tianxin>, backend: &Arc<dyn Backend>) -> Result<Tapped, Failure> {
        let batches: Arc<Vec<Mutex<Vec<Writes>>>> =
            Arc::new((0..backend.writers()).map(|_| Mutex::default()).collect());
        let kept = batches.clone();
        let tap = move |writer: usize| -> Tap {
            let kept = kept.clone();
            Box::new(move |writes| kept[writer].lock().unwrap_or_else(PoisonError::into_inner).push(writes))
        };
        let options = EngineOptions { tap: Some(Box::new(tap)), ..EngineOptions::default() };
        let engine = Arc::new(Engine::start(app.clone(), backend.clone(), options)?);
        engine.settle();
        Ok(Tapped { engine, batches, begun: Instant::now() })
    }

    /// Waits until all is written, stops, and tells what was done.
    pub fn stop(self) -> Work {
        self.engine.settle();
        let time = self.begun.elapsed();
        let counts = self.engine.counts();
        self.engine.stop();
        let taken =
            |slot: &Mutex<Vec<Writes>>| std::mem::take(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner));
        let batches: Vec<Vec<Writes>> = self.batches.iter().map(taken).collect();
        let rows = batches.iter().flatten().map(|writes| writes.rows() as u64).sum();
        Work { time, counts, batches, rows, bytes: 0 }
    }
}

/// What an engine did while it was measured.
pub struct Work {
    /// How long.
    pub time: Duration,
    /// Commands and batches.
    pub counts: EngineCounts,
    /// Rows written, changed or removed.
    pub rows: u64,
    /// Bytes that the database grew by.
    pub bytes: u64,
    /// What each writer wrote.
    batches: Vec<Vec<Writes>>,
}

impl Work {
    /// Commands in a batch, with follow-ups.
    pub fn mean_batch(&self) -> f64 {
        self.counts.commands as f64 / self.counts.batches.max(1) as f64
    }

    /// The lines of rows, bytes and batch, named `names`, a `thing` of which there were `things`.
    pub fn lines(
        &self,
        names: [&'static str; 3],
        units: [&'static str; 2],
        things: f64,
        engine: &'static str,
    ) -> [Line; 3] {
        let line = |name, unit, value: f64, note: &str| Line {
            name,
            engine,
            ours: Some(three_places(value)),
            unit: Some(unit),
            note: Some(note.to_owned()),
            ..Line::default()
        };
        let per_thing = |total: u64| total as f64 / things.max(1.0);
        let grown = if engine == "sqlite" { "growth of file and log" } else { "write-ahead log" };
        [
            line(names[0], units[0], per_thing(self.rows), "written, changed or removed"),
            line(names[1], units[1], per_thing(self.bytes), grown),
            line(names[2], "commands/batch", self.mean_batch(), "mean, with follow-ups"),
        ]
    }

    /// Writes every batch through the bulk primitives alone, with as many connections as there were
    /// writers; how long that took. Can be asked once: the batches are gone afterwards.
    pub fn replay(&mut self, backend: &Arc<dyn Backend>) -> Result<Duration, Failure> {
        let _progress = Progress::begin("the same rows through the bulk primitives");
        let batches = std::mem::take(&mut self.batches);
        let connections: Result<Vec<_>, _> = batches.iter().map(|_| backend.connect()).collect();
        let mut connections = connections?;
        let begun = Instant::now();
        let done: Vec<Result<(), Failure>> = std::thread::scope(|scope| {
            let threads: Vec<_> = connections
                .iter_mut()
                .zip(&batches)
                .map(|(connection, batches)| {
                    scope.spawn(move || -> Result<(), Failure> {
                        for writes in batches {
                            connection.begin()?;
                            writes.send(connection.as_mut())?;
                            connection.commit()?;
                        }
                        Ok(())
                    })
                })
                .collect();
            let gone = || Failure::Wrong("a thread of the replay failed".to_owned());
            threads.into_iter().map(|thread| thread.join().map_err(|_| gone())?).collect()
        });
        let time = begun.elapsed();
        done.into_iter().collect::<Result<(), Failure>>()?;
        Ok(time)
    }
}
