//! `tianxin audit check-export`: proves an auditor's export by itself, without the database it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use app::Fact;
use app::voucher::VoucherNo;
use basics::merkle::{Hash, leaf_hash, proves};
use basics::{Cell, Date, cbor};
use clap::Args;
use door::checkpoint::unhex as unhex_exactly;
use door::record::JournalRecord;
use serde::de::DeserializeOwned;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::bundle::{
    CHAINS, ChainRow, FORMAT, JOURNAL, JournalRow, MANIFEST, Manifest, SAMPLE, SampleRow, TRIAL, TrialRow, VOUCHERS,
    VoucherRow, date, hex, minor, sample, unhex,
};
use crate::failure::Failure;
use crate::terminal::say;

/// Prove an auditor's export without the database
///
/// The first thing that is wrong is named, and the command ends with 1.
#[derive(Args)]
pub struct CheckExport {
    /// The folder that `audit export` made
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The institution's public key, 64 hexadecimal digits as a checkpoint shows it: proves who signed
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was proven.
struct Proven {
    records: usize,
    vouchers: usize,
    samples: usize,
}

/// What a record of the export books: its vouchers, in order.
type Lines = Vec<(i64, i64)>;

impl CheckExport {
    /// Runs the command. It needs no data folder.
    pub fn run(self) -> Result<(), Failure> {
        let key = match &self.key {
            Some(text) => {
                let unusable = || Failure::Usage("--key is 64 hexadecimal digits".to_owned());
                Some(unhex_exactly::<32>(text).ok_or_else(unusable)?)
            }
            None => None,
        };
        let manifest: Manifest = {
            let bytes = self.read(MANIFEST)?;
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("{MANIFEST} cannot be read: {error}")))?
        };
        let proven = self.prove(&manifest, key.as_ref());
        if self.json {
            let told = match &proven {
                Ok(proven) => json!({
                    "ok": true, "records": proven.records, "vouchers": proven.vouchers, "samples": proven.samples,
                    "checkpoint": manifest.checkpoint.at, "key": manifest.checkpoint.key, "key_was_given": key.is_some(),
                }),
                Err(failure) => json!({ "ok": false, "finding": failure.to_string() }),
            };
            say(told.to_string());
        }
        let Proven { records, vouchers, samples } = proven?;
        if !self.json {
            say(format!(
                "{} {} – {}: {vouchers} vouchers are those of {records} records, add up to the trial balance and have no gap",
                manifest.institution, manifest.from, manifest.to
            ));
            say(format!("{samples} samples lie under the checkpoint of {}", manifest.checkpoint.at));
            if key.is_none() {
                let key = &manifest.checkpoint.key;
                say(format!("signed with {key}: compare it with the institution's key, or name that with --key"));
            }
        }
        Ok(())
    }

    fn prove(&self, manifest: &Manifest, key: Option<&[u8; 32]>) -> Result<Proven, Failure> {
        if manifest.format != FORMAT {
            return Err(wrong(format!("its layout is version {}, this program reads {FORMAT}", manifest.format)));
        }
        self.check_files(manifest)?;
        manifest.checkpoint.check(key)?;
        let lines: Vec<VoucherRow> = self.rows(VOUCHERS)?;
        let records: Vec<JournalRow> = self.json_lines(JOURNAL)?;
        let by_place = check_records(manifest, &records)?;
        let vouchers = check_vouchers(&lines, &by_place)?;
        check_trial(&self.rows::<TrialRow>(TRIAL)?, &lines)?;
        let told: Vec<SampleRow> = self.rows(SAMPLE)?;
        let (drawn, debits) = sample(lines.iter(), manifest.draws, manifest.seed).map_err(wrong)?;
        if debits != manifest.debits_minor || drawn != told {
            return Err(wrong(format!("{SAMPLE} is not what seed {} draws of {VOUCHERS}", manifest.seed)));
        }
        check_chains(manifest, &told, &self.json_lines(CHAINS)?, &records)?;
        Ok(Proven { records: records.len(), vouchers, samples: told.len() })
    }

    /// Every file is as the manifest says, and none is beside them.
    fn check_files(&self, manifest: &Manifest) -> Result<(), Failure> {
        for file in &manifest.files {
            // A name leads to a file of this folder and nowhere else.
            if Path::new(&file.name).components().count() != 1 || file.name.starts_with('.') {
                return Err(wrong(format!("{MANIFEST} names `{}`, which is no file of the export", file.name)));
            }
            let bytes = self.read(&file.name)?;
            if bytes.len() as u64 != file.bytes || hex(&Sha256::digest(&bytes)) != file.sha256 {
                return Err(wrong(format!("{} was altered: its bytes are not those of {MANIFEST}", file.name)));
            }
        }
        let known: BTreeSet<&str> = manifest.files.iter().map(|file| file.name.as_str()).chain([MANIFEST]).collect();
        for needed in [TRIAL, VOUCHERS, JOURNAL, SAMPLE, CHAINS] {
            if !known.contains(needed) {
                return Err(wrong(format!("{MANIFEST} does not name {needed}")));
            }
        }
        let inside = fs::read_dir(&self.folder).map_err(|error| Failure::file(&self.folder, "read", error))?;
        for entry in inside {
            let entry = entry.map_err(|error| Failure::file(&self.folder, "read", error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !known.contains(name.as_str()) {
                return Err(wrong(format!("{name} is no part of the export: take it out")));
            }
        }
        Ok(())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let path = self.folder.join(name);
        fs::read(&path).map_err(|error| Failure::file(&path, "read", error))
    }

    fn rows<R: DeserializeOwned>(&self, name: &str) -> Result<Vec<R>, Failure> {
        let bytes = self.read(name)?;
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let mut reader = csv::Reader::from_reader(bytes);
        let unread = |error: csv::Error| wrong(format!("{name} cannot be read: {error}"));
        reader.deserialize().collect::<Result<_, _>>().map_err(unread)
    }

    fn json_lines<R: DeserializeOwned>(&self, name: &str) -> Result<Vec<R>, Failure> {
        let text = String::from_utf8(self.read(name)?).map_err(|_| wrong(format!("{name} is no text")))?;
        let rows = (1..).zip(text.lines()).map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| wrong(format!("{name}, line {number}: {error}")))
        });
        rows.collect()
    }
}

fn wrong(what: impl Into<String>) -> Failure {
    Failure::Wrong(what.into())
}

/// The vouchers of the records: number, and of each its place, kind, dates and lines.
struct Booked {
    cell: u16,
    record: i64,
    fact: i64,
    kind: &'static str,
    value_date: Date,
    lines: Lines,
}

/// Records are what was hashed, follow each other, were booked in the period, and give these vouchers.
fn check_records(manifest: &Manifest, records: &[JournalRow]) -> Result<BTreeMap<VoucherNo, Booked>, Failure> {
    let (from, to) = (date(&manifest.from)?, date(&manifest.to)?);
    let mut last: BTreeMap<u16, i64> = BTreeMap::new();
    let mut places: BTreeMap<(u16, Date), u32> = BTreeMap::new();
    let mut vouchers = BTreeMap::new();
    let mut opened: BTreeMap<u16, Option<Date>> = BTreeMap::new();
    for row in records {
        let name = format!("record {} of cell {}", row.record, row.cell);
        let bytes = unhex(&row.bytes).ok_or_else(|| wrong(format!("{name} has no readable bytes")))?;
        if hex(&leaf_hash(&bytes)) != row.leaf {
            return Err(wrong(format!("{name} is not what was hashed")));
        }
        let record: JournalRecord =
            cbor::from_bytes(&bytes).map_err(|error| wrong(format!("{name} cannot be read: {error}")))?;
        if (record.cell, record.seq) != (Cell(row.cell), row.record) {
            return Err(wrong(format!("{name} belongs to another place")));
        }
        if !(from..=to).contains(&record.booking_date) {
            return Err(wrong(format!("{name} was booked on {}, outside of the period", record.booking_date)));
        }
        if let Some(before) = last.insert(row.cell, row.record)
            && before + 1 != row.record
        {
            return Err(wrong(format!(
                "after record {before} of cell {} comes {}: records are missing",
                row.cell, row.record
            )));
        }
        opened.insert(row.cell, record.opens);
        for (fact, bytes) in (0i64..).zip(&record.facts) {
            let told: Fact = cbor::from_bytes(bytes)
                .map_err(|error| wrong(format!("fact {fact} of {name} cannot be read: {error}")))?;
            let Fact::Booked(booked) = told else { continue };
            let place = places.entry((row.cell, record.booking_date)).or_default();
            *place += 1;
            let number = VoucherNo { day: record.booking_date, cell: record.cell, place: *place };
            let lines = booked.entry.lines().iter().map(|line| (i64::from(line.subject.0), line.amount_minor));
            vouchers.insert(
                number,
                Booked {
                    cell: row.cell,
                    record: row.record,
                    fact,
                    kind: booked.kind.as_str(),
                    value_date: booked.entry.value_date(),
                    lines: lines.collect(),
                },
            );
        }
    }
    // The last record of a day closes it and opens the next: nothing is cut off at the end.
    for (cell, ..) in &manifest.checkpoint.cells {
        if opened.get(cell).copied().flatten() != Some(to.add_days(1)) {
            return Err(wrong(format!("the records of cell {cell} end before {to} was closed")));
        }
    }
    Ok(vouchers)
}

/// The vouchers are those of the records, each once, and each balances. Answers how many there are.
fn check_vouchers(lines: &[VoucherRow], booked: &BTreeMap<VoucherNo, Booked>) -> Result<usize, Failure> {
    let mut seen: BTreeMap<VoucherNo, (&VoucherRow, Lines)> = BTreeMap::new();
    for line in lines {
        let name = &line.voucher;
        let number = VoucherNo::parse(name).ok_or_else(|| wrong(format!("`{name}` is no number of a voucher")))?;
        let amount =
            minor(&line.amount).ok_or_else(|| wrong(format!("voucher {name}: `{}` is no amount", line.amount)))?;
        let entry = seen.entry(number).or_insert_with(|| (line, Vec::new()));
        if line.line != entry.1.len() as i64 {
            return Err(wrong(format!("voucher {name}: line {} is missing", entry.1.len())));
        }
        entry.1.push((line.subject, amount));
    }
    for (number, (line, told)) in &seen {
        let unknown = || wrong(format!("voucher {number} is in {VOUCHERS} and no record booked it"));
        let booked = booked.get(number).ok_or_else(unknown)?;
        let same = (line.cell, line.record, line.fact) == (booked.cell, booked.record, booked.fact)
            && line.kind == booked.kind
            && line.value_date == booked.value_date.to_string()
            && line.booking_date == number.day.to_string()
            && *told == booked.lines;
        if !same {
            return Err(wrong(format!("voucher {number} is not what its record booked")));
        }
        if told.iter().map(|(_, amount)| i128::from(*amount)).sum::<i128>() != 0 {
            return Err(wrong(format!("voucher {number} does not balance")));
        }
    }
    match booked.keys().find(|number| !seen.contains_key(number)) {
        Some(missing) => Err(wrong(format!("voucher {missing} was booked and is missing in {VOUCHERS}"))),
        None => Ok(seen.len()),
    }
}

/// The vouchers add up to the trial balance.
fn check_trial(trial: &[TrialRow], lines: &[VoucherRow]) -> Result<(), Failure> {
    let mut sums: BTreeMap<i64, (i128, i128)> = BTreeMap::new();
    for line in lines {
        let amount = i128::from(minor(&line.amount).unwrap_or_default());
        let sum = sums.entry(line.subject).or_default();
        *sum = (sum.0 + amount.max(0), sum.1 + (-amount).max(0));
    }
    let (mut openings, mut closings) = (0i128, 0i128);
    for row in trial {
        let figures = [&row.opening, &row.debit, &row.credit, &row.closing].map(|text| minor(text).map(i128::from));
        let [Some(opening), Some(debit), Some(credit), Some(closing)] = figures else {
            return Err(wrong(format!("{TRIAL}: a figure of subject {} is no amount", row.subject)));
        };
        let booked = sums.remove(&row.subject).unwrap_or_default();
        if booked != (debit, credit) {
            return Err(wrong(format!("{TRIAL}: the vouchers of subject {} add up to other figures", row.subject)));
        }
        if opening + debit - credit != closing {
            return Err(wrong(format!(
                "{TRIAL}: subject {} does not lead from its opening to its closing",
                row.subject
            )));
        }
        (openings, closings) = (openings + opening, closings + closing);
    }
    if let Some(subject) = sums.keys().next() {
        return Err(wrong(format!("{TRIAL} lacks subject {subject}, on which vouchers are booked")));
    }
    if (openings, closings) != (0, 0) {
        return Err(wrong(format!("{TRIAL} does not balance")));
    }
    Ok(())
}

/// Every sampled record is in the journal and lies under the checkpoint.
fn check_chains(
    manifest: &Manifest,
    sampled: &[SampleRow],
    chains: &[ChainRow],
    records: &[JournalRow],
) -> Result<(), Failure> {
    let of_records: BTreeMap<(u16, i64), &JournalRow> =
        records.iter().map(|row| ((row.cell, row.record), row)).collect();
    let of_chains: BTreeMap<(u16, i64), &ChainRow> = chains.iter().map(|row| ((row.cell, row.record), row)).collect();
    for row in sampled {
        let place = (row.cell, row.record);
        let name = format!("record {} of cell {}, which draw {} fell on,", row.record, row.cell, row.draw);
        let record = of_records.get(&place).ok_or_else(|| wrong(format!("{name} is not in {JOURNAL}")))?;
        let chain = of_chains.get(&place).ok_or_else(|| wrong(format!("{name} has no path in {CHAINS}")))?;
        let unsigned = || wrong(format!("{name} is in a cell that the checkpoint does not sign"));
        let (size, root) = manifest.checkpoint.proven(Cell(row.cell)).ok_or_else(unsigned)?;
        let leaf: Hash = unhex_exactly(&record.leaf).ok_or_else(|| wrong(format!("{name} has no leaf")))?;
        let path: Option<Vec<Hash>> = chain.path.iter().map(|text| unhex_exactly(text)).collect();
        let path = path.ok_or_else(|| wrong(format!("{name} has a path that cannot be read")))?;
        let same_tree = u64::try_from(size) == Ok(chain.size) && i64::try_from(chain.index) == Ok(row.record - 1);
        if !same_tree || !proves(&leaf, chain.index, chain.size, &path, &root) {
            return Err(wrong(format!("{name} is not under the checkpoint of {}", manifest.checkpoint.at)));
        }
    }
    Ok(())
}
