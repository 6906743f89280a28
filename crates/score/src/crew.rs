//! Work shared out: this crate starts no threads, its caller does.

use std::sync::{Mutex, PoisonError};

/// Runs jobs 0, 1, … each once, on as many threads as the caller likes, and returns when all are done.
///
/// Results never depend on how jobs are shared out: each puts its own into its own place.
pub type Crew<'a> = &'a (dyn Fn(usize, &(dyn Fn(usize) + Sync)) + 'a);

/// A crew of one: jobs one after the other, on the caller's own thread.
pub fn alone(jobs: usize, work: &(dyn Fn(usize) + Sync)) {
    (0..jobs).for_each(work);
}

/// What each job gives, in the order of jobs. Jobs that a crew left out are not in it.
pub fn gather<T: Send>(crew: Crew, jobs: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let done: Mutex<Vec<Option<T>>> = Mutex::new((0..jobs).map(|_| None).collect());
    crew(jobs, &|job| {
        let result = work(job);
        if let Some(place) = done.lock().unwrap_or_else(PoisonError::into_inner).get_mut(job) {
            *place = Some(result);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}
