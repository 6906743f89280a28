//! What goes to the person at the terminal, or to the pipe in its place.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Writes a line of the answer. A reader that has gone away is no error.
pub fn say(line: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", line.as_ref()).and_then(|()| out.flush());
}

/// Writes a line beside the answer: logs and errors.
pub fn log(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// A line on standard error that shows how far long work is, where a person watches; nothing in a pipe.
pub struct Progress {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    text: Mutex<String>,
    done: AtomicBool,
}

impl Progress {
    /// Begins to show `text`.
    pub fn begin(text: &str) -> Progress {
        let shared = Arc::new(Shared { text: Mutex::new(text.to_owned()), done: AtomicBool::new(false) });
        let thread = std::io::stderr().is_terminal().then(|| {
            let shared = shared.clone();
            std::thread::spawn(move || show(&shared))
        });
        Progress { shared, thread }
    }

    /// Shows another text from now on.
    pub fn set(&self, text: String) {
        *self.shared.text.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.shared.done.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn show(shared: &Shared) {
    let mut tenths = 0u32;
    while !shared.done.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(100));
        tenths += 1;
        if tenths >= 5 {
            let text = shared.text.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K{text} ({} s)", tenths / 10);
        }
    }
    let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
}
