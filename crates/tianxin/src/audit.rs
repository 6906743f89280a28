//! `tianxin audit`: proves the books from the journal, derives them again, or hands a period of them to an auditor.

use std::path::PathBuf;

use clap::Subcommand;
use door::audit::{self, AuditError};
use door::checkpoint::Checkpoint;
use serde_json::json;

use crate::config::{self, Place, Use};
use crate::failure::Failure;
use crate::notary::Desk;
use crate::terminal::{Progress, say};

mod bundle;
mod check;
mod export;
mod readme;

/// Prove the books from the journal, or derive them again.
#[derive(Subcommand)]
pub enum Audit {
    /// Read the whole journal and prove order, hashes, books and balances; the first thing wrong is named
    ///
    /// What the last checkpoint covers is proven against its signature; for records after it nothing
    /// but the database itself speaks, and their number is told. Ends with 1 if something is wrong.
    Verify {
        /// Prove against the last checkpoint of this file, such as a partner's copy
        /// [default: the institution's own checkpoint file, if there is one]
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    Export(export::Export),
    CheckExport(check::CheckExport),
    /// Derive every book from the journal and list the rows that differ from the stored ones
    ///
    /// Ends with 1 if rows differ and were not written back. Stop the server before --write.
    Rebuild {
        /// Store the derived rows in place of those that differ
        #[arg(long)]
        write: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Audit::Verify { checkpoint, json } => verify(place, checkpoint, json),
            Audit::Rebuild { write, json } => rebuild(place, write, json),
            Audit::Export(export) => export.run(place),
            Audit::CheckExport(check) => check.run(),
        }
    }
}

fn verify(place: &Place, file: Option<PathBuf>, as_json: bool) -> Result<(), Failure> {
    let opened = config::open(place, Use::Read)?;
    let desk = Desk::new(&opened);
    let checkpoint = match &file {
        Some(path) => {
            let empty = || Failure::Unreachable(format!("{} holds no checkpoint: name another file", path.display()));
            let checkpoint = Checkpoint::last(path)?.ok_or_else(empty)?;
            checkpoint.check(Some(&desk.public_key()))?;
            Some(checkpoint)
        }
        None => desk.last()?,
    };
    let result = {
        let _progress = Progress::begin("reading the journal");
        audit::verify(opened.tianxin.as_ref(), opened.backend.as_ref(), checkpoint.as_ref())
    };
    let at = checkpoint.as_ref().map(|checkpoint| checkpoint.at.clone());
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            if as_json && let AuditError::Wrong(finding) = &error {
                let cell = finding.cell.map(|cell| cell.0);
                say(json!({ "ok": false, "cell": cell, "finding": finding.what, "checkpoint": at }).to_string());
            }
            return Err(error.into());
        }
    };
    if as_json {
        let object = json!({
            "ok": true, "cells": report.cells, "records": report.records, "facts": report.facts,
            "rows": report.rows, "unproven": report.unproven, "checkpoint": at,
        });
        say(object.to_string());
        return Ok(());
    }
    say(format!(
        "the books are whole: {} records with {} facts in {} cells give the {} rows that are stored",
        report.records, report.facts, report.cells, report.rows
    ));
    match (at, report.unproven) {
        (Some(at), 0) => say(format!("the checkpoint of {at} proves all of them")),
        (Some(at), unproven) => {
            say(format!("the checkpoint of {at} proves all but the last {unproven}: take another one"));
        }
        (None, unproven) => say(format!("no checkpoint proves the last {unproven}: `tianxin checkpoint take`")),
    }
    Ok(())
}

fn rebuild(place: &Place, write: bool, as_json: bool) -> Result<(), Failure> {
    let opened = config::open(place, if write { Use::Write } else { Use::Read })?;
    let rebuilt = {
        let _progress = Progress::begin("deriving the books from the journal");
        audit::rebuild(opened.tianxin.as_ref(), opened.backend.as_ref(), write)?
    };
    let differing = rebuilt.differing;
    let written = write && differing > 0;
    if as_json {
        let object = json!({
            "records": rebuilt.report.records, "rows": rebuilt.report.rows,
            "differing": differing, "listed": rebuilt.listed, "written": written,
        });
        say(object.to_string());
    } else {
        for line in &rebuilt.listed {
            say(line);
        }
        if differing > rebuilt.listed.len() as u64 {
            say(format!("and {} more", differing - rebuilt.listed.len() as u64));
        }
        say(format!("{} records give {} rows; {differing} differ", rebuilt.report.records, rebuilt.report.rows));
        if written {
            say("the derived rows were written");
        }
    }
    if differing > 0 && !write {
        return Err(Failure::Wrong(format!(
            "{differing} rows are not what the journal gives: find out why, then run `tianxin audit rebuild --write`"
        )));
    }
    Ok(())
}
