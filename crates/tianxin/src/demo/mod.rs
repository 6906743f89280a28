//! `tianxin demo`: a small co-operative with a few hundred households, ready to be looked at.

pub(crate) mod county;
pub(crate) mod life;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use api::ApiOptions;
use app::close::CloseDay;
use app::command::Command;
use basics::{Cell, Date};
use clap::Args;
use door::{Actor, Order, Request};
use rails::LogMessages;
use serde_json::json;

use self::life::{DAYS_OPEN, Filling, PASSWORD, PIN, STAFF, sign_ins};
use crate::config::{Place, Settings};
use crate::failure::Failure;
use crate::init::Init;
use crate::serve::Service;
use crate::terminal::{Progress, log, say};
use crate::{clock, lending};

/// Serve a demonstration: a made-up co-operative with some months of loans behind it.
///
/// The data folder is made and filled at the first start, which takes a little; later starts go on
/// with it. Codes that a phone would get are shown on the page. Nothing here is a real person.
#[derive(Args)]
pub struct Demo {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Say whom to sign in as in one line of JSON
    #[arg(long)]
    json: bool,
}

impl Demo {
    /// Runs the command until a signal ends it.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let unfinished = place.data.join("filling");
        if unfinished.exists() {
            return Err(Failure::Wrong(format!(
                "{} was left half filled by an earlier start: remove the folder and start again",
                place.data.display()
            )));
        }
        let fresh = !place.settings_path().exists();
        if fresh {
            log("making the demonstration; this takes some seconds");
            make(place, &unfinished)?;
        }
        let service = Service::start(place, true)?;
        let today = clock::now().date_at_offset(service.opened.tianxin.institution.zone_minutes);
        let progress = Progress::begin("filling the demonstration");
        if fresh {
            fill(&service, today, &progress)?;
            std::fs::remove_file(&unfinished).map_err(|error| Failure::file(&unfinished, "removed", error))?;
        }
        catch_up(&service, today)?;
        drop(progress);
        let options = ApiOptions {
            demo: true,
            messages: Arc::new(LogMessages::file(place.data.join("messages.log"))),
            ..service.api_options(self.listen)
        };
        let served = service.listen(self.listen, options, |address| tell(address, self.json));
        log("stopping");
        service.stop();
        served
    }
}

fn make(place: &Place, unfinished: &Path) -> Result<(), Failure> {
    let today = clock::now().date_at_offset(480);
    Init::demonstration(today.add_days(-DAYS_OPEN)).run_quietly(place)?;
    std::fs::write(unfinished, "").map_err(|error| Failure::file(unfinished, "written", error))?;
    let product = loan::product::shipped(life::PRODUCT).map_err(|error| Failure::Wrong(error.to_string()))?;
    let model = life::model(today.add_days(-DAYS_OPEN), &product)?;
    let mut settings = Settings::read(place)?;
    settings.model = Some(lending::keep_model(place, &model)?);
    settings.write(place)
}

fn fill(service: &Service, today: Date, progress: &Progress) -> Result<(), Failure> {
    let hash = |secret: &str| {
        let salt = api::password::salt(service.desk.vault.as_ref(), clock::new_id()?);
        api::password::hash(secret, &salt).map_err(|_| Failure::Wrong("a password could not be hashed".to_owned()))
    };
    let (password, pin) = (hash(PASSWORD)?, hash(PIN)?);
    let first = service.opened.open_day()?;
    Filling::begin(service.desk.clone(), first, password, pin)?.run(today, progress)
}

/// Closes the days that have passed since the demonstration was last served.
fn catch_up(service: &Service, today: Date) -> Result<(), Failure> {
    loop {
        let day = service.desk.open_date(Cell::OFFICE)?;
        if day >= today {
            return Ok(());
        }
        let close = Command::CloseDay(CloseDay { day });
        let request = Request::plain(clock::new_id()?, Actor::SYSTEM, clock::now(), Order::Do(close));
        service.desk.engine.call(request)?;
        service.desk.engine.settle();
        if service.desk.open_date(Cell::OFFICE)? == day {
            return Err(Failure::Wrong(format!("{day} does not close: run `tianxin audit verify`")));
        }
    }
}

fn tell(address: SocketAddr, as_json: bool) {
    let households = sign_ins();
    say(format!("ready http://{address}"));
    if as_json {
        let staff: Vec<_> = STAFF
            .iter()
            .map(|(login, role)| json!({ "login": login, "role": role.as_str(), "password": PASSWORD }))
            .collect();
        say(json!({ "url": format!("http://{address}"), "households": households, "staff": staff }).to_string());
        return;
    }
    say(format!("  household pages   http://{address}/"));
    say(format!("  office pages      http://{address}/office/"));
    say(format!("  API               http://{address}/docs"));
    say("  sign in as a household (the one-time code is shown on the page):");
    for one in households {
        say(format!("    phone {}  pin {}   {}", one.phone, one.pin, one.shows));
    }
    let logins: Vec<&str> = STAFF.iter().map(|(login, _)| *login).collect();
    say(format!("  sign in at the office as {}; password {PASSWORD}", logins.join(", ")));
}
