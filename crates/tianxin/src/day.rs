//! `tianxin day`: the business day, and its close.

use std::sync::Arc;
use std::time::Duration;

use app::close::{CloseDay, NoteClose};
use app::command::Command;
use app::report::{DayReport, day_report};
use app::tables::BusinessDay;
use basics::money::format_minor;
use basics::{Cell, Date};
use clap::Subcommand;
use door::engine::{CommitNote, OnCommit};
use door::{Actor, DoorError, Engine, EngineOptions, Order, Record, Request, key};
use loan::cost::percent;
use loan::provision::Coverage;
use serde_json::json;

use crate::clock;
use crate::config::{self, Opened, Place, Use};
use crate::failure::Failure;
use crate::notary::{Desk, Notary};
use crate::terminal::{Progress, say};

/// Look at the business day, or close it.
#[derive(Subcommand)]
pub enum Day {
    /// Tell the open day, and how far a close has come
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Close the institution's day: every cell closes in its own time, the office when all have
    ///
    /// Runs the steps in this process. A server on the same books may go on meanwhile: what it books in
    /// a cell that has closed is booked on the next day. A close that was cut off is taken up again by
    /// the next run, or by the server; a day that is closed already is no error.
    Close {
        /// The day; it must be the open one [default: the open day]
        #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
        date: Option<Date>,
        /// How long to wait for the last cell, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 600)]
        wait: u64,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Tell what the close of a day did: loans touched, entries, interest by group, class, allowance
    ///
    /// The last day of a month shows the allowance by floors and by expected loss in three stages, the last day of a
    /// quarter its interest and how the allowance covers the loans, the last day of a year profit and general risk reserve.
    Report {
        /// The day [default: the last closed day]
        #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
        day: Option<Date>,
        /// Tell every cell's part too; JSON always has it
        #[arg(long)]
        cells: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// How a report is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    TextWithCells,
    Json,
}

impl Day {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Day::Status { json } => status(&config::open(place, Use::Read)?, json),
            Day::Report { day, cells, json } => {
                let form = match (json, cells) {
                    (true, _) => Form::Json,
                    (false, true) => Form::TextWithCells,
                    (false, false) => Form::Text,
                };
                report(&config::open(place, Use::Read)?, day, form)
            }
            Day::Close { date, wait, json } => close(&config::open(place, Use::Write)?, date, wait, json),
        }
    }
}

fn status(opened: &Opened, as_json: bool) -> Result<(), Failure> {
    let day = opened.open_day()?;
    let closing = business_day(opened, day)?;
    let today = clock::now().date_at_offset(opened.tianxin.institution.zone_minutes);
    if as_json {
        let closing = closing.map(|row| json!({ "received": row.received, "expected": row.expected }));
        say(json!({ "open_day": day.to_string(), "today": today.to_string(), "closing": closing }).to_string());
        return Ok(());
    }
    say(format!("{day} is open; today is {today}"));
    match closing {
        Some(row) => say(format!("it is being closed: {} of {} cells have closed it", row.received, row.expected)),
        None if day < today => say("it is over: close it with `tianxin day close`"),
        None => {}
    }
    Ok(())
}

fn close(opened: &Opened, date: Option<Date>, wait: u64, as_json: bool) -> Result<(), Failure> {
    let open_day = opened.open_day()?;
    let day = date.unwrap_or(open_day);
    if day >= open_day {
        run_close(opened, day, wait)?;
    }
    let row = business_day(opened, day)?.filter(|row| row.closed).ok_or_else(|| {
        Failure::Wrong(format!("{day} was never closed: the books were opened after it; the open day is {open_day}"))
    })?;
    let next = opened.open_day()?;
    if as_json {
        let object = json!({
            "day": day.to_string(), "closed": true, "receipts": row.received, "open_day": next.to_string(),
        });
        say(object.to_string());
    } else {
        say(format!("{day} is closed: {} of {} cells gave their receipt", row.received, row.expected));
        say(format!("{next} is open"));
    }
    Ok(())
}

/// Starts the close, or finds it under way, and waits until the office has every receipt.
fn run_close(opened: &Opened, day: Date, wait: u64) -> Result<(), Failure> {
    let desk = Desk::new(opened);
    let notary = Notary::start(desk.clone())?;
    // The checkpoint of the close is taken below, once what is noted of the close is in the journal too.
    let tell = notary.on_commit();
    let on_commit: OnCommit = Arc::new(move |note| tell(CommitNote { office_opens: None, ..note }));
    let options = EngineOptions { on_commit: Some(on_commit), ..EngineOptions::default() };
    let engine = Engine::start(opened.tianxin.clone(), opened.backend.clone(), options)?;
    // The id follows from the day, so that a second run finds the first one's answer.
    let id = opened.id.derive(&format!("close {day}"));
    let order = Order::Do(Command::CloseDay(CloseDay { day }));
    let begun = std::time::Instant::now();
    match engine.call(Request::plain(id, Actor::SYSTEM, clock::now(), order)) {
        Ok(_) => {}
        // Someone else has begun it: wait with them.
        Err(DoorError::Refused(refusal)) if refusal.code == "day_closing" => {}
        Err(error) => return Err(error.into()),
    }
    let waited = wait_for_receipts(opened, day, wait);
    if waited.is_ok() {
        let millis = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let note = Order::Do(Command::NoteClose(NoteClose { day, millis }));
        // Told once: a second run that found the day closed waited for nothing.
        let told = engine.call(Request::plain(id.derive("took"), Actor::SYSTEM, clock::now(), note));
        if let Err(error) = told {
            crate::terminal::log(&format!("how long the close took was not noted: {error}"));
        }
    }
    engine.settle();
    engine.stop();
    notary.stop();
    waited?;
    match desk.take() {
        Ok(taken) => {
            crate::terminal::log(&format!("checkpoint of {} records in {}", taken.records, desk.path().display()));
        }
        Err(error) => crate::terminal::log(&format!("no checkpoint could be taken: {error}")),
    }
    Ok(())
}

fn wait_for_receipts(opened: &Opened, day: Date, wait: u64) -> Result<(), Failure> {
    let progress = Progress::begin(&format!("closing {day}"));
    let pause = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        let days = opened.open_days()?;
        if days.first().is_some_and(|(_, open)| *open > day) {
            return Ok(());
        }
        let behind: Vec<Cell> = days.iter().skip(1).filter(|(_, open)| *open <= day).map(|(cell, _)| *cell).collect();
        progress.set(format!(
            "closing {day}: {} of {} cells are closed",
            days.len() - 1 - behind.len(),
            days.len() - 1
        ));
        if waited.as_secs() >= wait {
            let names: Vec<String> = behind.iter().take(20).map(Cell::to_string).collect();
            return Err(Failure::Wrong(format!(
                "{day} is not closed after {wait} s; {} cells have not closed it: {}; run the command again to go on",
                behind.len(),
                names.join(", ")
            )));
        }
        std::thread::sleep(pause);
        waited += pause;
    }
}

fn report(opened: &Opened, day: Option<Date>, form: Form) -> Result<(), Failure> {
    let day = match day {
        Some(day) => day,
        None => opened.open_day()?.add_days(-1),
    };
    let mut connection = opened.backend.connect()?;
    connection.begin_snapshot()?;
    let report = day_report(connection.as_mut(), opened.backend.cells(), day);
    connection.rollback();
    let report = report?.ok_or_else(|| Failure::Wrong(format!("{day} was never closed: choose a day that was")))?;
    let covered = coverage(opened, &report)?;
    if form == Form::Json {
        say(report_json(&report, &covered).to_string());
        return Ok(());
    }
    let status = if report.closed { "closed" } else { "being closed" };
    let took = report.took_millis.map_or_else(|| "not measured".to_owned(), |millis| format!("{millis} ms"));
    say(format!("{day} is {status}; the close took: {took}"));
    for (what, sum) in report_sums(&report) {
        let shown = if what.ends_with("_minor") { format_minor(sum) } else { sum.to_string() };
        say(format!("{:<16} {shown:>18}", what.trim_end_matches("_minor").replace('_', " ")));
    }
    for (group, minor) in &report.groups {
        let accruing = if group.stage.is_accruing() { "accruing" } else { "off balance" };
        say(format!(
            "  {:<28} stage {} {accruing:<11} {} {:>16}",
            group.product,
            group.stage.loss_stage(),
            group.currency,
            format_minor(*minor)
        ));
    }
    if let Some(allowance) = &report.allowance {
        let [one, two, three] = allowance.expected_minor.map(format_minor);
        say("the month ends: allowance");
        for (what, minor) in [
            ("by floors", allowance.floor_minor),
            ("by expected loss", allowance.expected_loss_minor()),
            ("in the books", allowance.allowance_minor),
        ] {
            say(format!("  {what:<28} {:>16}", format_minor(minor)));
        }
        say(format!("  expected loss by stage: {one} / {two} / {three}"));
    }
    if let Some(quarter) = &report.quarter {
        say("the quarter ends: interest");
        for (what, minor) in [("accrued", quarter.accrued_minor), ("fell due", quarter.due_minor)] {
            say(format!("  {what:<28} {:>16}", format_minor(minor)));
        }
        if let Some((on, minor)) = quarter.settlement {
            say(format!("  most of it on {on}     {:>16}", format_minor(minor)));
        }
    }
    if !covered.is_empty() {
        say("the quarter ends: what the allowance covers");
    }
    for (what, coverage) in &covered {
        let ratio =
            coverage.ratio_ppm.map_or_else(|| "nothing to cover".to_owned(), |ppm| format!("{} %", percent(ppm)));
        let holds = if coverage.holds() { "reached" } else { "NOT reached" };
        say(format!("  {what:<28} {ratio:>16}   floor {} %: {holds}", coverage.floor));
    }
    if let Some(year) = &report.year {
        say("the year ends");
        let of =
            [("profit", year.profit_minor), ("loans", year.loans_minor), ("general risk reserve", year.reserve_minor)];
        for (what, minor) in of {
            say(format!("  {what:<28} {:>16}", format_minor(minor)));
        }
    }
    if form == Form::TextWithCells {
        say("  cell  steps  loans entries      accrued          due  moves    provision");
        for cell in &report.cells {
            let closed = if cell.closed_seq > 0 { "" } else { "  not closed" };
            say(format!(
                "{:>6} {:>6} {:>6} {:>7} {:>12} {:>12} {:>6} {:>12}{closed}",
                cell.cell.0,
                cell.steps,
                cell.loans,
                cell.entries,
                format_minor(cell.accrued_minor),
                format_minor(cell.due_minor),
                cell.class_moves,
                format_minor(cell.provision_minor),
            ));
        }
    }
    Ok(())
}

/// What the allowance covers at the end of a quarter, against the floors of the rule pack; nothing on other days.
fn coverage(opened: &Opened, report: &DayReport) -> Result<Vec<(&'static str, Coverage)>, Failure> {
    let Some(allowance) = report.allowance.filter(|_| report.day.month() % 3 == 0) else { return Ok(Vec::new()) };
    let rules = opened.tianxin.dated.on(report.day).map_err(|error| Failure::Wrong(error.to_string()))?;
    let of = |base_minor, floor| Coverage::of(allowance.allowance_minor, base_minor, floor);
    Ok(vec![
        ("of what does not perform", of(allowance.non_performing_minor, rules.allowance_to_non_performing)),
        ("of all loans", of(allowance.loans_minor, rules.allowance_to_loans)),
    ])
}

/// What the cells did, in all.
fn report_sums(report: &DayReport) -> [(&'static str, i64); 9] {
    [
        ("loans", report.sum(|cell| cell.loans)),
        ("steps", report.sum(|cell| cell.steps)),
        ("entries", report.sum(|cell| cell.entries)),
        ("accrued_minor", report.sum(|cell| cell.accrued_minor)),
        ("due_minor", report.sum(|cell| cell.due_minor)),
        ("class_moves", report.sum(|cell| cell.class_moves)),
        ("provision_minor", report.sum(|cell| cell.provision_minor)),
        ("rate_resets", report.sum(|cell| cell.resets)),
        ("resets_missed", report.sum(|cell| cell.resets_missed)),
    ]
}

fn report_json(report: &DayReport, covered: &[(&'static str, Coverage)]) -> serde_json::Value {
    let cells: Vec<_> = report
        .cells
        .iter()
        .map(|cell| {
            json!({
                "cell": cell.cell.0, "closed": cell.closed_seq > 0, "loans": cell.loans, "steps": cell.steps,
                "entries": cell.entries, "accrued": format_minor(cell.accrued_minor),
                "due": format_minor(cell.due_minor), "class_moves": cell.class_moves,
                "provision": format_minor(cell.provision_minor),
                "rate_resets": cell.resets, "resets_missed": cell.resets_missed,
            })
        })
        .collect();
    let groups: Vec<_> = report
        .groups
        .iter()
        .map(|(group, minor)| {
            json!({
                "product": group.product, "stage": group.stage.loss_stage(), "accruing": group.stage.is_accruing(),
                "currency": group.currency.as_str(), "denominator": group.denominator,
                "accrued": format_minor(*minor),
            })
        })
        .collect();
    let mut object = json!({
        "day": report.day.to_string(), "closed": report.closed, "took_ms": report.took_millis,
        "cells": cells, "groups": groups,
    });
    if let Some(allowance) = &report.allowance {
        object["allowance"] = json!({
            "floors": format_minor(allowance.floor_minor),
            "expected_loss": format_minor(allowance.expected_loss_minor()),
            "expected_loss_by_stage": allowance.expected_minor.map(format_minor),
            "booked": format_minor(allowance.allowance_minor),
            "loans": format_minor(allowance.loans_minor),
            "non_performing": format_minor(allowance.non_performing_minor),
        });
    }
    if let [non_performing, loans] = covered {
        let one = |(_, coverage): &(&str, Coverage)| {
            json!({
                "ratio": coverage.ratio_ppm.map(|ppm| ppm as f64 / 1e6),
                "floor": coverage.floor.ppm() as f64 / 1e6, "reached": coverage.holds(),
            })
        };
        object["coverage"] = json!({ "of_non_performing": one(non_performing), "of_loans": one(loans) });
    }
    if let Some(quarter) = &report.quarter {
        let settled =
            quarter.settlement.map(|(on, minor)| json!({ "day": on.to_string(), "due": format_minor(minor) }));
        object["quarter"] = json!({
            "accrued": format_minor(quarter.accrued_minor), "due": format_minor(quarter.due_minor), "most_due": settled,
        });
    }
    if let Some(year) = &report.year {
        object["year"] = json!({
            "profit": format_minor(year.profit_minor), "loans": format_minor(year.loans_minor),
            "general_reserve": format_minor(year.reserve_minor),
        });
    }
    for (what, sum) in report_sums(report) {
        let name = what.trim_end_matches("_minor");
        object[name] = if what == name { json!(sum) } else { json!(format_minor(sum)) };
    }
    object
}

fn business_day(opened: &Opened, day: Date) -> Result<Option<BusinessDay>, Failure> {
    let mut connection = opened.backend.connect()?;
    connection.begin_snapshot()?;
    let rows = connection.load_many(BusinessDay::table(), &[0, 1], &[key![Cell::OFFICE, day]]);
    connection.rollback();
    let row = rows?.first().map(|row| BusinessDay::from_row(row)).transpose();
    row.map_err(|error| Failure::Wrong(format!("{error}: run `tianxin audit verify`")))
}
