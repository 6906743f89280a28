//! Tables as files of the comparison.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use score::frame::Table;

/// Reads a gzip CSV.
pub fn read(path: &Path) -> Result<Table, String> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Table::read_csv(MultiGzDecoder::new(BufReader::new(file))).map_err(|error| format!("{}: {error}", path.display()))
}

/// Some columns and rows of a table as CSV.
pub fn csv(table: &Table, columns: &[usize], rows: &[usize]) -> String {
    let quoted = |cell: &str| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let mut text = line(columns.iter().map(|c| quoted(&table.names()[*c])).collect());
    for row in rows {
        text += &line(columns.iter().map(|c| quoted(table.cell(*c, *row))).collect());
    }
    text
}

/// Writes a file and the folders above it, unless it holds this already.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    if fs::read(path).is_ok_and(|held| held == text.as_bytes()) {
        return Ok(());
    }
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(told)?;
    }
    fs::write(path, text).map_err(told)
}

/// The last column of a table of predictions, which has to have so many rows.
pub fn last_column(path: &Path, rows: usize) -> Result<Vec<f64>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let told = || format!("{} does not hold {rows} probabilities", path.display());
    let last = |line: &str| line.rsplit(',').next().and_then(|cell| cell.trim().parse::<f64>().ok());
    let values: Option<Vec<f64>> = text.lines().skip(1).map(last).collect();
    values.filter(|values| values.len() == rows).ok_or_else(told)
}

/// A number that names the content of a table (FNV-1a over its cells).
pub fn digest(table: &Table) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (column, name) in table.names().iter().enumerate() {
        for cell in std::iter::once(name.as_str()).chain(table.cells(column)) {
            for byte in cell.bytes().chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    hash
}
