//! `tianxin day`: the business day, and its close.

use std::time::Duration;

use app::close::CloseDay;
use app::command::Command;
use app::tables::BusinessDay;
use basics::{Cell, Date};
use clap::Subcommand;
use door::{Actor, DoorError, Engine, EngineOptions, Order, Record, Request, key};
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
}

impl Day {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Day::Status { json } => status(&config::open(place, Use::Read)?, json),
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
    let notary = Notary::start(Desk::new(opened))?;
    let options = EngineOptions { on_commit: Some(notary.on_commit()), ..EngineOptions::default() };
    let engine = Engine::start(opened.tianxin.clone(), opened.backend.clone(), options)?;
    // The id follows from the day, so that a second run finds the first one's answer.
    let id = opened.id.derive(&format!("close {day}"));
    let order = Order::Do(Command::CloseDay(CloseDay { day }));
    match engine.call(Request::plain(id, Actor::SYSTEM, clock::now(), order)) {
        Ok(_) => {}
        // Someone else has begun it: wait with them.
        Err(DoorError::Refused(refusal)) if refusal.code == "day_closing" => {}
        Err(error) => return Err(error.into()),
    }
    let waited = wait_for_receipts(opened, day, wait);
    engine.settle();
    engine.stop();
    notary.stop();
    waited
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

fn business_day(opened: &Opened, day: Date) -> Result<Option<BusinessDay>, Failure> {
    let mut connection = opened.backend.connect()?;
    connection.begin_snapshot()?;
    let rows = connection.load_many(BusinessDay::table(), &[0, 1], &[key![Cell::OFFICE, day]]);
    connection.rollback();
    let row = rows?.first().map(|row| BusinessDay::from_row(row)).transpose();
    row.map_err(|error| Failure::Wrong(format!("{error}: run `tianxin audit verify`")))
}
