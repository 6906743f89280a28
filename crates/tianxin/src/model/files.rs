//! Tables and models as files.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use score::ScoreError;
use score::bundle::Bundle;
use score::frame::{BadCells, Frame, Table};

use crate::failure::Failure;
use crate::sim::write_file;
use crate::terminal::log;

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The first bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";

/// Reads a table: CSV, or CSV packed by gzip, told from the content.
pub fn table(path: &Path) -> Result<Table, Failure> {
    let unreadable = |error: std::io::Error| Failure::file(path, "read", error);
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let head = file.fill_buf().map_err(unreadable)?;
    if head.starts_with(PARQUET) {
        let what = "is Parquet, which this program does not read: write it as CSV or gzip CSV";
        return Err(Failure::Wrong(format!("{} {what}", path.display())));
    }
    let text: Box<dyn Read> =
        if head.starts_with(&GZIP) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Table::read_csv(text).map_err(|error| wrong(path, &error))
}

/// Reads a model.
pub fn model(path: &Path) -> Result<Bundle, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file(path, "read", error))?;
    Bundle::from_bytes(&bytes).map_err(|error| wrong(path, &error))
}

/// Reads a table as a model does; says which cells could not be read, and refuses too many.
pub fn frame(model: &Bundle, table: &Table, path: &Path, bad_share_max: f64) -> Result<Frame, Failure> {
    let (frame, bad_cells) = model.read(table).map_err(|error| wrong(path, &error))?;
    for bad in &bad_cells {
        let BadCells { column, count, example } = bad;
        let what =
            format!("{count} cells of column `{column}` cannot be read and count as missing, such as `{example}`");
        log(&format!("{}: {what}", path.display()));
    }
    BadCells::check(&bad_cells, frame.rows, bad_share_max).map_err(|error| wrong(path, &error))?;
    Ok(frame)
}

/// Writes a file whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_file(path, |out| Ok(out.write_all(bytes)?))
}

/// An error of the scoring crate about a file.
pub fn wrong(path: &Path, error: &ScoreError) -> Failure {
    Failure::Wrong(format!("{}: {error}", path.display()))
}
