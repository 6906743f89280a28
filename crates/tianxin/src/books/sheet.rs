//! How a table leaves the program: to the standard output, or whole to a file.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;

pub use api::sheet::{Column, Item, Sheet};
use clap::ValueEnum;
use rust_xlsxwriter::XlsxError;

use crate::failure::Failure;
use crate::terminal::say;

/// The forms of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Lines for people
    Table,
    /// Comma-separated values, UTF-8 with a mark for Excel
    Csv,
    /// An Excel workbook; needs --out
    Xlsx,
    /// One JSON object
    Json,
}

/// Writes a table whole to a file, or without one to the standard output. Excel needs a file.
pub fn give(sheet: &Sheet, form: Form, out: Option<&Path>) -> Result<(), Failure> {
    let bytes = match form {
        Form::Table => sheet.lines().into_bytes(),
        Form::Csv => sheet.csv().into_bytes(),
        Form::Json => format!("{}\n", sheet.json()).into_bytes(),
        Form::Xlsx => {
            let unusable = |error: XlsxError| Failure::Wrong(format!("the workbook cannot be made: {error}"));
            sheet.xlsx().map_err(unusable)?
        }
    };
    match out {
        Some(path) => write_whole(path, &bytes),
        None if form == Form::Xlsx => Err(Failure::Usage("a workbook is no text: name a file with --out".to_owned())),
        None => {
            let text = String::from_utf8_lossy(&bytes);
            // A mark at the beginning is for files.
            let text = if std::io::stdout().is_terminal() { text.trim_start_matches('\u{feff}') } else { &text };
            say(text.trim_end_matches('\n'));
            Ok(())
        }
    }
}

/// Writes beside the file and puts it in its place when all of it is on the disk.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut name = path.file_name().map(|name| name.to_owned()).unwrap_or_default();
    name.push(".part");
    let part = path.with_file_name(name);
    let failed = |error: std::io::Error| Failure::file(path, "written", error);
    let written = fs::File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&part, path)).map_err(|error| {
        // What is half written is of no use to anybody.
        let _ = fs::remove_file(&part);
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    fn sheet() -> Sheet {
        let column = |name, heading| Column { name, heading };
        Sheet {
            name: "trial_balance",
            heading: vec!["试算平衡表 trial balance".to_owned()],
            columns: vec![column("subject_name", "subject 科目"), column("closing", "closing 期末")],
            rows: vec![
                vec![Item::text("银行存款"), Item::Money(-1_234_567)],
                vec![Item::text("=SUM(A1), \"x\""), Item::Money(5)],
                vec![Item::text("none"), Item::Empty],
            ],
            beside: Map::new(),
        }
    }

    #[test]
    fn a_workbook_is_the_same_file_each_time_and_is_written_whole() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("trial.xlsx");
        give(&sheet(), Form::Xlsx, Some(&path)).unwrap();
        let first = fs::read(&path).unwrap();
        assert!(first.starts_with(b"PK"), "a workbook is a zip file");
        give(&sheet(), Form::Xlsx, Some(&path)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half written is left");
        assert!(matches!(give(&sheet(), Form::Xlsx, None), Err(Failure::Usage(_))));
        let nowhere = folder.path().join("no/such/folder.csv");
        assert!(matches!(give(&sheet(), Form::Csv, Some(&nowhere)), Err(Failure::Unreachable(_))));
    }
}
