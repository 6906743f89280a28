//! Runs a program so that its output streams to the terminal and is kept for counting.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// How a program ended and what it printed.
#[derive(Debug)]
pub struct Outcome {
    /// Whether it ended well; false too when it could not be started.
    pub ok: bool,
    /// Its output and errors, in the order they came.
    pub lines: Vec<String>,
}

impl Outcome {
    /// Whether it ended well.
    pub fn is_ok(&self) -> bool {
        self.ok
    }
}

/// The cargo that runs us, so that toolchains are not mixed.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command to its end without standard input.
pub fn stream(command: &mut Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    if std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        // A pipe stands between the program and the terminal, so it has to be told.
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            let line = format!("could not start {name}: {error}");
            eprintln!("{line}");
            return Outcome { ok: false, lines: vec![line] };
        }
    };
    let lines = Arc::new(Mutex::new(Vec::new()));
    let copies = [
        child.stdout.take().map(|pipe| copy(pipe, std::io::stdout(), Arc::clone(&lines))),
        child.stderr.take().map(|pipe| copy(pipe, std::io::stderr(), Arc::clone(&lines))),
    ];
    let ok = child.wait().is_ok_and(|status| status.success());
    for copy in copies.into_iter().flatten() {
        // A copy that failed has lost output, which is on the terminal or nowhere.
        let _ = copy.join();
    }
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    Outcome { ok, lines }
}

fn copy(
    from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    lines: Arc<Mutex<Vec<String>>>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            // A terminal that is gone is no reason to stop counting.
            let _ = to.write_all(&line).and_then(|()| to.flush());
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            line.clear();
        }
    })
}

/// Whether a program of this name is on `PATH`.
pub fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether a command ends well; its output is thrown away.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// A command that runs in a folder.
pub fn in_folder(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder);
    command
}
