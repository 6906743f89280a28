//! The pages: each folder of `web` with a lock file is a package of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{self, Outcome};

/// The packages, in order of name.
pub fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join("web"));
    let mut folders: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|folder| folder.join("package-lock.json").is_file())
        .collect();
    folders.sort();
    folders
}

/// Installs what the lock file names; nothing to do, and no outcome, when that has been done or when there
/// is no npm.
pub fn install(folder: &Path) -> Option<Outcome> {
    let lock = fs::read(folder.join("package-lock.json")).ok()?;
    let done = folder.join("node_modules/.installed-lock.json");
    if !run::is_on_path("npm") || fs::read(&done).is_ok_and(|installed| installed == lock) {
        return None;
    }
    let outcome = npm(folder, &["ci", "--no-audit", "--no-fund"]);
    if outcome.is_ok() {
        // Without this note the next run installs once more.
        let _ = fs::write(done, lock);
    }
    Some(outcome)
}

/// Builds the pages where the package says how; no outcome without npm.
pub fn build(folder: &Path) -> Option<Outcome> {
    run::is_on_path("npm").then(|| npm(folder, &["run", "build", "--if-present"]))
}

/// Runs the package's tests where it has some; no outcome without npm.
pub fn test(folder: &Path) -> Option<Outcome> {
    run::is_on_path("npm").then(|| npm(folder, &["run", "test", "--if-present"]))
}

/// How a browser for the pages' tests may be called here.
pub fn has_browser() -> bool {
    ["chromium", "chromium-browser", "google-chrome"].iter().any(|name| run::is_on_path(name))
}

fn npm(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = run::in_folder(Command::new("npm"), folder);
    run::stream(command.args(arguments).env("npm_config_update_notifier", "false"))
}
