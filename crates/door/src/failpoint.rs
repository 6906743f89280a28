//! Named points where a test can end the process as a power cut would.
//!
//! A point costs one relaxed atomic load. Nothing outside tests arms one: there is no
//! environment variable and no option for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

static ARMED: AtomicBool = AtomicBool::new(false);
static POINT: Mutex<Option<(String, u32)>> = Mutex::new(None);

/// Every point of the door, in the order a command meets them.
pub const ALL: &[&str] = &[
    "directory.after_claim",
    "door.before_commit",
    "door.after_commit",
    "directory.before_confirm",
    "outbox.before_deliver",
    "outbox.after_deliver",
    "outbox.before_ack",
    "checkpoint.before_append",
    "checkpoint.after_append",
];

/// The points that payments meet on their way between books and rails, outside of the door.
pub const OF_PAYMENTS: &[&str] = &["payment.before_submit", "payment.before_answer"];

/// Ends the process by `abort` when `point` is reached for the `nth` time (1 = the first).
pub fn arm(point: &str, nth: u32) {
    *POINT.lock().unwrap_or_else(PoisonError::into_inner) = Some((point.to_owned(), nth.max(1)));
    ARMED.store(true, Ordering::SeqCst);
}

/// Marks a point.
#[inline]
pub fn hit(point: &'static str) {
    debug_assert!(ALL.contains(&point) || OF_PAYMENTS.contains(&point), "the failpoint {point} is not listed");
    if ARMED.load(Ordering::Relaxed) {
        reached(point);
    }
}

#[cold]
fn reached(point: &'static str) {
    let mut armed = POINT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((name, left)) = armed.as_mut()
        && name == point
    {
        *left -= 1;
        if *left == 0 {
            std::process::abort();
        }
    }
}
