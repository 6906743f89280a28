//! Series of values with labelled windows, as tables of what their moments are like.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use watch::batch::series::{SLOTS, rows};

use super::Set;
use crate::events::open_table;
use crate::failure::Failure;

/// The file that says which moments are anomalies.
pub const LABELS: &str = "labels.json";

/// What it says of a series: windows by first and last moment.
#[derive(Deserialize)]
struct Labelled {
    windows: Vec<(String, String)>,
}

/// The series of a folder that have a window.
pub fn read_all(folder: &Path) -> Result<Vec<Set>, Failure> {
    let path = folder.join(LABELS);
    let text = std::fs::read_to_string(&path).map_err(|error| Failure::file(&path, "read", error))?;
    let labelled: BTreeMap<String, Labelled> =
        serde_json::from_str(&text).map_err(|error| Failure::Wrong(format!("{}: {error}", path.display())))?;
    let with_windows = labelled.iter().filter(|(_, one)| !one.windows.is_empty());
    with_windows.map(|(name, one)| read(folder, name, one)).collect()
}

fn read(folder: &Path, name: &str, labelled: &Labelled) -> Result<Set, Failure> {
    let path = folder.join(format!("{name}.gz"));
    let wrong = |what: String| Failure::Wrong(format!("{}: {what}", path.display()));
    let mut table = open_table(&path)?;
    let (mut slots, mut values, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for record in table.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let row = values.len() + 1;
        let moment = record.get(0).unwrap_or_default();
        let minutes = (moment.get(11..13).and_then(|h| h.parse::<usize>().ok()))
            .zip(moment.get(14..16).and_then(|m| m.parse::<usize>().ok()))
            .map(|(hours, minutes)| hours * 60 + minutes)
            .ok_or_else(|| wrong(format!("row {row}: `{moment}` is no moment like 2026-03-05 14:30:00")))?;
        let value = record.get(1).unwrap_or_default();
        let value: f64 = value.trim().parse().map_err(|_| wrong(format!("row {row}: `{value}` is no number")))?;
        slots.push(minutes * SLOTS / (24 * 60));
        values.push(value);
        // Moments of one form are in order as text; windows carry parts of a second behind it.
        let is_in =
            |(from, to): &(String, String)| from.get(..19) <= moment.get(..19) && moment.get(..19) <= to.get(..19);
        labels.push(labelled.windows.iter().any(is_in));
    }
    if !labels.contains(&true) {
        return Err(wrong("no moment lies in its windows".to_owned()));
    }
    let name = name.rsplit('/').next().unwrap_or(name).trim_end_matches(".csv").to_owned();
    let rows = rows(&slots, &values).iter().map(|row| row.to_vec()).collect();
    Ok(Set { name, rows, labels, is_series: true })
}

/// Writes the sets as tables into a folder of their own for as long as `act` looks at them.
pub fn with_tables<T>(sets: &[Set], act: impl FnOnce(&Path) -> T) -> Result<T, Failure> {
    let folder = std::env::temp_dir().join(format!("tianxin-series-{}", std::process::id()));
    let said = write(&folder, sets).map_err(|error| Failure::file(&folder, "write", error)).map(|()| act(&folder));
    // What is left behind there is of no use to anybody, and no reason to fail.
    let _ = std::fs::remove_dir_all(&folder);
    said
}

fn write(folder: &Path, sets: &[Set]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for set in sets {
        let file = std::fs::File::create(folder.join(format!("{}.csv.gz", set.name)))?;
        let mut out = GzEncoder::new(std::io::BufWriter::new(file), Compression::fast());
        let columns = set.rows.first().map_or(0, Vec::len);
        let heads: Vec<String> = (0..columns).map(|at| format!("x{at}")).collect();
        writeln!(out, "{},label", heads.join(","))?;
        for (row, label) in set.rows.iter().zip(&set.labels) {
            row.iter().try_for_each(|figure| write!(out, "{figure},"))?;
            writeln!(out, "{}", u8::from(*label))?;
        }
        out.finish()?.flush()?;
    }
    Ok(())
}
