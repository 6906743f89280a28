//! The threads that training is shared out to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Runs jobs on as many threads as the machine has cores.
pub fn all_cores(jobs: usize, work: &(dyn Fn(usize) + Sync)) {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(jobs.max(1));
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= jobs {
                        break;
                    }
                    work(job);
                }
            });
        }
    });
}
