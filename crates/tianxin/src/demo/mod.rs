//! `tianxin demo`: a small co-operative two years after its founding, ready to be looked at.

mod cast;
pub(crate) mod judge;
mod past;

use std::net::SocketAddr;
use std::path::Path;

use api::ApiOptions;
use app::close::CloseDay;
use app::command::Command;
use basics::{Cell, Date};
use clap::Args;
use door::{Actor, Order, Request};
use serde_json::json;

use self::cast::Cast;
use self::past::{DAYS_OPEN, Past, STAFF, Secrets};
use crate::config::{Opened, Place, Settings};
use crate::failure::Failure;
use crate::init::Init;
use crate::serve::Service;
use crate::terminal::{Progress, log, say};
use crate::vault::Keys;
use crate::{clock, lending};

/// The second proof of every household of the demonstration.
const PIN: &str = "246810";
/// The password of every member of staff of the demonstration.
const PASSWORD: &str = "tianxin-demo";
/// Minutes ahead of UTC.
const ZONE_MINUTES: i32 = 480;

/// Serve a demonstration: a made-up co-operative with two years of a county's life behind it.
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
        let today = clock::now().date_at_offset(ZONE_MINUTES);
        let made = if place.settings_path().exists() {
            None
        } else {
            log("making the demonstration: two years of a county, in some seconds");
            Some(make(place, today, &unfinished)?)
        };
        let service = Service::start(place, true)?;
        let cast = match made {
            None => Cast::read(place)?,
            Some((past, secrets)) => {
                let cast = Cast::choose(&service.desk, &past, &secrets.pin, clock::now())?;
                cast.keep(place)?;
                std::fs::remove_file(&unfinished).map_err(|error| Failure::file(&unfinished, "removed", error))?;
                cast
            }
        };
        catch_up(&service, today)?;
        let options = ApiOptions { demo: true, messages: service.messages.clone(), ..service.api_options(self.listen) };
        let served = service.listen(self.listen, options, |address| tell(address, &cast, self.json));
        log("stopping");
        service.stop();
        served
    }
}

/// Makes the data folder and lets its county live until `today`.
fn make(place: &Place, today: Date, unfinished: &Path) -> Result<(Past, Secrets), Failure> {
    let first = today.add_days(-DAYS_OPEN);
    let opened = Init::demonstration(first).run_quietly(place)?;
    std::fs::write(unfinished, "").map_err(|error| Failure::file(unfinished, "written", error))?;
    let progress = Progress::begin("making the demonstration");
    progress.set("training the model on another county".to_owned());
    let model = judge::model(first)?;
    let mut settings = Settings::read(place)?;
    settings.model = Some(lending::keep_model(place, &model)?);
    settings.write(place)?;
    let judge = lending::judge(place, &settings)?;
    let secrets = secrets(&opened)?;
    let past = past::live(opened, judge, secrets.clone(), today, &progress)?;
    crate::init::remind(place)?;
    Ok((past, secrets))
}

fn secrets(opened: &Opened) -> Result<Secrets, Failure> {
    let vault = Keys::new(opened.keys.clone());
    let hash = |secret: &str| {
        let salt = api::password::salt(&vault, clock::new_id()?);
        api::password::hash(secret, &salt).map_err(|_| Failure::Wrong("a password could not be hashed".to_owned()))
    };
    Ok(Secrets { password: hash(PASSWORD)?, pin: hash(PIN)? })
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

fn tell(address: SocketAddr, cast: &Cast, as_json: bool) {
    say(format!("ready http://{address}"));
    if as_json {
        let staff: Vec<_> = STAFF
            .iter()
            .map(|role| json!({ "login": role.as_str(), "role": role.as_str(), "password": PASSWORD }))
            .collect();
        let households: Vec<_> =
            cast.household.iter().map(|one| json!({ "phone": one.phone, "pin": PIN, "shows": one.shows })).collect();
        say(json!({ "url": format!("http://{address}"), "households": households, "staff": staff }).to_string());
        return;
    }
    say(format!("  household pages   http://{address}/"));
    say(format!("  office pages      http://{address}/office/"));
    say(format!("  API               http://{address}/docs"));
    say("  sign in as a household (the one-time code is shown on the page):");
    for one in &cast.household {
        say(format!("    phone {}  pin {PIN}   {}", one.phone, one.shows));
    }
    let logins: Vec<&str> = STAFF.iter().map(|role| role.as_str()).collect();
    say(format!("  sign in at the office as {}; password {PASSWORD}", logins.join(", ")));
}
