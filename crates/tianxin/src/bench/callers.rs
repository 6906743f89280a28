//! Callers that ask at the same time, and how long each of their answers took.

use std::time::Instant;

use crate::failure::Failure;

/// Stack of a caller's thread: it prepares a command and waits.
const STACK_BYTES: usize = 512 * 1024;

/// Runs `call` once for each caller, numbered from 0, all at the same time; what each came back with.
pub fn at_the_same_time<T: Send>(
    callers: u16,
    call: impl Fn(u64) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let call = &call;
    let done: Vec<Result<T, Failure>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..u64::from(callers))
            .map(|caller| std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, move || call(caller)))
            .collect();
        let gone = || Failure::Wrong("a caller's thread failed".to_owned());
        let no_thread = |error| Failure::Unreachable(format!("no thread for a caller: {error}"));
        let join = |thread: std::io::Result<std::thread::ScopedJoinHandle<'_, _>>| {
            thread.map_err(no_thread)?.join().map_err(|_| gone())?
        };
        threads.into_iter().map(join).collect()
    });
    done.into_iter().collect()
}

/// How long answers took.
#[derive(Clone, Debug, Default)]
pub struct Times {
    micros: Vec<u32>,
}

impl Times {
    /// An answer to what was asked at `asked` has come now.
    pub fn answered(&mut self, asked: Instant) {
        self.micros.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
    }

    /// The times of all callers together.
    pub fn of_all(parts: impl IntoIterator<Item = Times>) -> Times {
        let mut micros: Vec<u32> = parts.into_iter().flat_map(|times| times.micros).collect();
        micros.sort_unstable();
        Times { micros }
    }

    /// How many answers there were.
    pub fn count(&self) -> usize {
        self.micros.len()
    }

    /// So many of a hundred answers came within this time. Only of [`Times::of_all`].
    pub fn percentile_ms(&self, hundredths: usize) -> Option<f64> {
        let place = (self.micros.len() * hundredths / 100).min(self.micros.len().saturating_sub(1));
        self.micros.get(place).map(|micros| f64::from(*micros) / 1_000.0)
    }
}
