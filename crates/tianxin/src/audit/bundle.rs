//! What an auditor's export is made of: its files, the rows of each, and the sample drawn by money.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use basics::Date;
use door::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// The version of the layout.
pub const FORMAT: u32 = 1;
pub const MANIFEST: &str = "manifest.json";
pub const README: &str = "README.md";
pub const TRIAL: &str = "trial_balance.csv";
pub const DAYS: &str = "days.csv";
pub const VOUCHERS: &str = "vouchers.csv";
pub const NOTES: &str = "notes.csv";
pub const PERIODS: &str = "periods.csv";
pub const JOURNAL: &str = "journal.jsonl";
pub const SAMPLE: &str = "sample.csv";
pub const CHAINS: &str = "chains.jsonl";

/// What the export says of itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the layout.
    pub format: u32,
    /// The institution.
    pub institution: String,
    /// The first booking date.
    pub from: String,
    /// The last one.
    pub to: String,
    /// What the sample was drawn with.
    pub seed: u64,
    /// How many points were drawn.
    pub draws: u32,
    /// All debits of the period in minor units: what was drawn from.
    pub debits_minor: u64,
    /// The signed roots that the chains lead to.
    pub checkpoint: Checkpoint,
    /// The files beside this one.
    pub files: Vec<FileEntry>,
}

/// A file of the export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// How many bytes.
    pub bytes: u64,
}

/// A line of a voucher, as `vouchers.csv` has it. Amounts are decimals, debit positive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherRow {
    pub voucher: String,
    pub cell: u16,
    pub record: i64,
    pub fact: i64,
    pub kind: String,
    pub kind_zh: String,
    pub kind_en: String,
    pub booking_date: String,
    pub value_date: String,
    pub line: i64,
    pub subject: i64,
    pub subject_zh: String,
    pub subject_en: String,
    pub amount: String,
    pub owner: String,
    pub account: String,
    pub memo: String,
}

/// A line of `trial_balance.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialRow {
    pub subject: i64,
    pub zh: String,
    pub en: String,
    pub opening: String,
    pub debit: String,
    pub credit: String,
    pub closing: String,
}

/// A line of `sample.csv`: which debit a point fell on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleRow {
    pub draw: u32,
    /// The point among all debits laid end to end, in minor units from 0.
    pub point_minor: u64,
    pub voucher: String,
    pub line: i64,
    pub subject: i64,
    pub amount: String,
    pub cell: u16,
    pub record: i64,
    pub fact: i64,
}

/// A line of `journal.jsonl`: a record as it was hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalRow {
    pub cell: u16,
    pub record: i64,
    /// RFC 6962 leaf hash, hex.
    pub leaf: String,
    /// The bytes, hex.
    pub bytes: String,
}

/// A line of `chains.jsonl`: the audit path of a record that the sample names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainRow {
    pub cell: u16,
    pub record: i64,
    /// Its place in the cell's tree, from 0.
    pub index: u64,
    /// Leaves of the tree that the checkpoint signs.
    pub size: u64,
    /// From its neighbour up, hex.
    pub path: Vec<String>,
}

/// The points of a monetary-unit sample (货币单元抽样): all money is cut into `draws` equal parts, and one unit is drawn in each.
///
/// The same seed draws the same points. Fewer are drawn where there is less money than parts.
pub fn points(total_minor: u64, draws: u32, seed: u64) -> Vec<u64> {
    let mut state = seed;
    let mut points = Vec::with_capacity(draws as usize);
    let cut = |part: u32| (u128::from(total_minor) * u128::from(part) / u128::from(draws.max(1))) as u64;
    for part in 0..draws {
        let (start, end) = (cut(part), cut(part + 1));
        // SplitMix64 (Steele, Lea, Flood 2014), written out so that the sample is the same with any version of any crate.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        if end > start {
            points.push(start + ((u128::from(mixed) * u128::from(end - start)) >> 64) as u64);
        }
    }
    points
}

/// The sample of these lines, in the order they stand in: each point falls on one debit.
pub fn sample<'a>(
    lines: impl Iterator<Item = &'a VoucherRow> + Clone,
    draws: u32,
    seed: u64,
) -> Result<(Vec<SampleRow>, u64), String> {
    let mut total = 0u64;
    for line in lines.clone() {
        total = total.checked_add(debit_of(line)?).ok_or("the debits do not fit 64 bits")?;
    }
    let mut points = (1u32..).zip(points(total, draws, seed)).peekable();
    let (mut rows, mut before) = (Vec::new(), 0u64);
    for line in lines {
        let end = before + debit_of(line)?;
        while let Some((draw, point_minor)) = points.next_if(|(_, point)| *point < end) {
            rows.push(SampleRow {
                draw,
                point_minor,
                voucher: line.voucher.clone(),
                line: line.line,
                subject: line.subject,
                amount: line.amount.clone(),
                cell: line.cell,
                record: line.record,
                fact: line.fact,
            });
        }
        before = end;
    }
    Ok((rows, total))
}

fn debit_of(line: &VoucherRow) -> Result<u64, String> {
    let amount = minor(&line.amount).ok_or_else(|| format!("`{}` is no amount", line.amount))?;
    Ok(u64::try_from(amount).unwrap_or(0))
}

/// Reads a decimal with two places into minor units.
pub fn minor(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.')?;
    if part.len() != 2 || whole.trim_start_matches('-').is_empty() {
        return None;
    }
    format!("{whole}{part}").parse().ok()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Reads a date of the manifest.
pub fn date(text: &str) -> Result<Date, Failure> {
    Date::parse(text).map_err(|error| Failure::Wrong(format!("{MANIFEST}: {error}")))
}

/// A file that is hashed while it is written.
pub struct Hashed {
    name: &'static str,
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Hashed {
    /// Makes the file; it must not be there.
    pub fn make(folder: &Path, name: &'static str) -> Result<Hashed, Failure> {
        let path = folder.join(name);
        let file = File::create_new(&path).map_err(|error| Failure::file(&path, "made", error))?;
        Ok(Hashed { name, path, file: BufWriter::new(file), hash: Sha256::new(), bytes: 0 })
    }

    /// Makes the file whole.
    pub fn whole(folder: &Path, name: &'static str, text: &str) -> Result<FileEntry, Failure> {
        let mut file = Hashed::make(folder, name)?;
        file.put(text.as_bytes())?;
        file.end()
    }

    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| Failure::file(&self.path, "written", error))
    }

    /// A line of JSON.
    pub fn json(&mut self, row: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(row).map_err(|error| Failure::Wrong(error.to_string()))?;
        self.put(format!("{line}\n").as_bytes())
    }

    /// Rows as CSV with their names first, marked as UTF-8 for Excel.
    pub fn csv<R: Serialize>(folder: &Path, name: &'static str, rows: &[R]) -> Result<FileEntry, Failure> {
        let mut file = Hashed::make(folder, name)?;
        file.put("\u{feff}".as_bytes())?;
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |error: &dyn std::fmt::Display| Failure::Wrong(format!("{name} cannot be made: {error}"));
        for row in rows {
            writer.serialize(row).map_err(|error| failed(&error))?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(&error))?;
        file.put(&bytes)?;
        file.end()
    }

    /// Durable on the disk, with its hash.
    pub fn end(self) -> Result<FileEntry, Failure> {
        let failed = |error: std::io::Error| Failure::file(&self.path, "written", error);
        let file = self.file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok(FileEntry { name: self.name.to_owned(), sha256: hex(&self.hash.finalize()), bytes: self.bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(voucher: &str, amount: &str) -> VoucherRow {
        VoucherRow {
            voucher: voucher.to_owned(),
            cell: 1,
            record: 1,
            fact: 0,
            kind: "transfer".to_owned(),
            kind_zh: String::new(),
            kind_en: String::new(),
            booking_date: "2026-03-02".to_owned(),
            value_date: "2026-03-02".to_owned(),
            line: 0,
            subject: 1002,
            subject_zh: String::new(),
            subject_en: String::new(),
            amount: amount.to_owned(),
            owner: String::new(),
            account: String::new(),
            memo: String::new(),
        }
    }

    #[test]
    fn one_unit_is_drawn_in_each_part_and_the_same_by_the_same_seed() {
        let drawn = points(1_000_000, 60, 7);
        assert_eq!(drawn.len(), 60);
        for (part, point) in (0u64..).zip(&drawn) {
            assert!((part * 1_000_000 / 60..(part + 1) * 1_000_000 / 60).contains(point), "{part}: {point}");
        }
        assert_eq!(points(1_000_000, 60, 7), drawn);
        assert_ne!(points(1_000_000, 60, 8), drawn);
        // The first numbers of SplitMix64 from 0, as published: they are the points of so much money that nothing is cut away.
        assert_eq!(points(u64::MAX, 1, 0), [0xE220_A839_7B1D_CDAE]);
        assert_eq!(points(3, 10, 1).len(), 3);
        assert!(points(0, 10, 1).is_empty() && points(10, 0, 1).is_empty());
    }

    #[test]
    fn what_is_as_large_as_a_part_is_always_drawn_and_credits_never() {
        let lines =
            [line("a", "1.00"), line("b", "-401.00"), line("large", "400.00"), line("c", "0.50"), line("d", "-0.50")];
        for seed in 0..50 {
            let (rows, total) = sample(lines.iter(), 4, seed).unwrap();
            assert_eq!((rows.len(), total), (4, 40_150));
            assert!(rows.iter().filter(|row| row.voucher == "large").count() >= 3, "{rows:?}");
            assert!(rows.iter().all(|row| !row.amount.starts_with('-')));
        }
        assert!(sample([line("x", "1.5")].iter(), 1, 0).is_err());
    }

    #[test]
    fn amounts_are_read_to_the_minor_unit() {
        for (text, expected) in [("12.05", Some(1_205)), ("-0.50", Some(-50)), ("0.00", Some(0)), ("-", None)] {
            assert_eq!(minor(text), expected, "{text}");
        }
        for nonsense in ["1", "1.5", "1.505", ".50", "-.50", "1.x0", ""] {
            assert_eq!(minor(nonsense), None, "{nonsense}");
        }
        assert_eq!(unhex("00ff"), Some(vec![0, 255]));
        assert_eq!((unhex("0"), unhex("zz")), (None, None));
    }
}
