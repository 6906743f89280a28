//! Other libraries, timed by a script in the Python that there is.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// Trains, times and tells; see its first lines.
const SCRIPT: &str = include_str!("reference.py");

/// What the script tells of a library.
#[derive(Debug, Default, Deserialize)]
pub struct Reference {
    kind: Option<String>,
    library: Option<String>,
    /// Rows a second on one thread.
    rate: Option<f64>,
    /// Microseconds for one row, the middle of all.
    one_us: Option<f64>,
    /// Its model.
    file: Option<PathBuf>,
    /// What is not installed, and how that was found out.
    pub absent: Option<String>,
}

impl Reference {
    fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }

    /// The model file, if it has trees of this kind.
    pub fn model(&self, kind: &str) -> Option<&Path> {
        self.file.as_deref().filter(|_| self.is(kind))
    }

    /// Its name and its rows a second.
    pub fn rate_at(&self, kind: &str) -> Option<(&str, f64)> {
        self.library.as_deref().zip(self.rate).filter(|_| self.is(kind))
    }

    /// Its name and its microseconds for one row.
    pub fn one_at(&self, kind: &str) -> Option<(&str, f64)> {
        self.library.as_deref().zip(self.one_us).filter(|_| self.is(kind))
    }
}

/// Asks the script; where it cannot run, that is told in the place of its answers.
pub fn ask(python: &Path, folder: &Path, trees: u32, rows: u32) -> Vec<Reference> {
    let absent = |why: String| {
        vec![Reference {
            absent: Some(format!("numpy, lightgbm, tl2cgen and catboost: {why}")),
            ..Reference::default()
        }]
    };
    let output = Command::new(python)
        .args(["-W", "ignore", "-c", SCRIPT])
        .arg(folder)
        .args([trees.to_string(), rows.to_string()])
        .output();
    match output {
        Err(error) => absent(format!("{}: {error}", python.display())),
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stdout);
            let mut found: Vec<Reference> = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            if !output.status.success() {
                let why = String::from_utf8_lossy(&output.stderr);
                found.extend(absent(why.lines().last().unwrap_or("the script failed").to_owned()));
            }
            found
        }
    }
}
