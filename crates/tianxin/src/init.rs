//! `tianxin init`: makes a data folder with settings, keys and empty books.
//!
//! The settings are written last: a run that was cut off is simply begun again, and finds what it made.

use std::path::PathBuf;
use std::sync::Arc;

use app::Licence;
use app::command::Command;
use app::quota::Fund;
use basics::{Currency, Date, Money};
use clap::Args;
use clap::builder::PossibleValuesParser;
use door::{Actor, App, Backend, Order, Request, Stepper};
use loan::remind::ReminderPlan;
use store::{KeyStore, OpenOptions, PostgresBackend, PostgresOptions, SqliteBackend};

use crate::config::{Place, Settings, make_private_folder, tables};
use crate::failure::Failure;
use crate::sim::write_file;
use crate::terminal::say;
use crate::{clock, config, own};

/// Make a data folder: settings, keys and empty books.
///
/// The number of cells and the opening date cannot be changed later. With --postgres the books are
/// made in that (empty) database, and its URL is kept in institution.toml.
#[derive(Args)]
pub struct Init {
    /// The institution's name, as on contracts
    #[arg(long)]
    name: String,
    /// What the institution is licensed to do
    #[arg(long, default_value = "rural_bank", value_parser = PossibleValuesParser::new(Licence::ALL.iter().map(|l| l.as_str())))]
    licence: String,
    /// The currency of its books
    #[arg(long, value_name = "CODE", default_value = "CNY")]
    currency: String,
    /// Its business time zone in minutes ahead of UTC
    #[arg(long, value_name = "MINUTES", default_value_t = 480, allow_negative_numbers = true)]
    zone_minutes: i32,
    /// The first business day, such as 2026-03-02 [default: today]
    #[arg(long, value_name = "DATE", value_parser = read_date)]
    open_date: Option<Date>,
    /// Household cells, 1 to 4096 [default: 16, with PostgreSQL 1024]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4096))]
    cells: Option<u16>,
    /// Capital that was paid in at the bank, such as 5000000.00; booked on the first day
    #[arg(long, value_name = "AMOUNT")]
    pub capital: Option<String>,
    /// A chart of accounts (TOML) in place of the built-in one; it is copied into the data folder
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
}

/// Reads a date argument.
pub fn read_date(text: &str) -> Result<Date, String> {
    Date::parse(text).map_err(|error| error.to_string())
}

const CHART_FILE: &str = "chart.toml";
const REMINDERS_FILE: &str = "reminders.toml";

impl Init {
    /// The demonstration's institution.
    pub fn demonstration(open_date: Date) -> Init {
        Init {
            name: "田信示范信用合作社（演示）".to_owned(),
            licence: Licence::RuralBank.as_str().to_owned(),
            currency: "CNY".to_owned(),
            zone_minutes: 480,
            open_date: Some(open_date),
            cells: None,
            capital: None,
            chart: None,
        }
    }

    /// The institution of a simulated county.
    pub fn simulated(name: &str, open_date: Date) -> Init {
        Init { name: name.to_owned(), ..Init::demonstration(open_date) }
    }

    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        self.run_quietly(place)?;
        let opened = remind(place)?;
        let folder = place.data.display();
        let institution = &opened.tianxin.institution;
        say(format!("made {folder}: {}, {}", institution.name, institution.licence.as_str()));
        let (engine, cells) = (opened.backend.name(), opened.backend.cells());
        say(format!("  books   {engine}, {cells} cells, open day {}", opened.open_day()?));
        say(format!("  keys    {}: back this folder up, apart from the books", place.keys_folder().display()));
        say(format!("  remind  by {folder}/{REMINDERS_FILE}: change it, and look it over with `tianxin remind check`"));
        let own = own::Own::of_folder(place)?;
        for (code, row) in own.newest_rates() {
            say(format!(
                "  rates   {code} {} % of {} ({}): append later ones to {folder}/rates/*.toml",
                row.rate, row.from, row.sure
            ));
        }
        for calendar in &own.published.calendars {
            let years: Vec<String> = calendar.years.iter().map(|year| year.year.to_string()).collect();
            say(format!(
                "  days    calendar {} knows {}: add years to {folder}/calendars/*.toml",
                calendar.code,
                years.join(", ")
            ));
        }
        say(format!("next: tianxin --data {folder} serve"));
        Ok(())
    }

    /// Makes the folder without a word.
    pub fn run_quietly(self, place: &Place) -> Result<config::Opened, Failure> {
        let path = place.settings_path();
        if path.exists() {
            let folder = place.data.display();
            return Err(Failure::Wrong(format!(
                "{folder} is the data folder of an institution already: choose another with --data"
            )));
        }
        let usage = |error: basics::money::MoneyError| Failure::Usage(error.to_string());
        let name = self.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(Failure::Usage("--name must have 1 to 100 characters".to_owned()));
        }
        let currency = Currency::parse(&self.currency).map_err(usage)?;
        let capital = self.capital.as_deref().map(|text| Money::parse(text, currency)).transpose().map_err(usage)?;
        let mut settings = Settings {
            id: clock::new_id()?.to_string(),
            name,
            licence: self.licence.clone(),
            currency: self.currency.clone(),
            zone_minutes: self.zone_minutes,
            chart: None,
            model: None,
            rules: None,
            rule_pack: None,
            reminders: None,
            watch: None,
            early: None,
            messages: None,
            postgres: place.postgres.clone(),
            limits: None,
            rails: Vec::new(),
        };
        make_private_folder(&place.data)?;
        if let Some(chart) = &self.chart {
            let copy = place.data.join(CHART_FILE);
            std::fs::copy(chart, &copy).map_err(|error| Failure::file(chart, "copied", error))?;
            settings.chart = Some(CHART_FILE.into());
        }
        let tianxin = Arc::new(settings.tianxin(place)?);
        let open_date = self.open_date.unwrap_or_else(|| clock::now().date_at_offset(self.zone_minutes));
        make_private_folder(&place.keys_folder())?;
        if let Some(folder) = place.checkpoints_path().parent() {
            make_private_folder(folder)?;
        }
        KeyStore::open(place.keys_folder(), clock::entropy()?)?;
        let (backend, id) = self.make_books(place, &tianxin, open_date)?;
        settings.id = id.to_string();
        if let Some(amount) = capital {
            pay_in(&tianxin, &backend, id, amount)?;
        }
        settings.write(place)?;
        config::open(place, config::Use::Write)
    }

    fn make_books(
        &self,
        place: &Place,
        tianxin: &app::Tianxin,
        open_date: Date,
    ) -> Result<(Arc<dyn Backend>, basics::Id), Failure> {
        let institution = clock::new_id()?;
        Ok(match &place.postgres {
            Some(url) => {
                let mut options = PostgresOptions { institution, open_date, ..PostgresOptions::default() };
                options.cells = self.cells.unwrap_or(options.cells);
                let backend = PostgresBackend::open(url, &tables(tianxin), options)?;
                let id = backend.institution();
                (Arc::new(backend), id)
            }
            None => {
                let mut options = OpenOptions { institution, open_date, ..OpenOptions::default() };
                options.cells = self.cells.unwrap_or(options.cells);
                let backend = SqliteBackend::open(place.books_path(), &tables(tianxin), options)?;
                let id = backend.institution();
                (Arc::new(backend), id)
            }
        })
    }
}

/// Lets an institution remind and collect by the shipped plan, which it may change.
pub fn remind(place: &Place) -> Result<config::Opened, Failure> {
    write_file(&place.data.join(REMINDERS_FILE), |out| Ok(out.write_all(ReminderPlan::SHIPPED.as_bytes())?))?;
    let settings = Settings { reminders: Some(REMINDERS_FILE.into()), ..Settings::read(place)? };
    settings.write(place)?;
    config::open(place, config::Use::Write)
}

/// Books the capital; the command's id follows from the institution, so that a second run books nothing.
fn pay_in(
    tianxin: &Arc<app::Tianxin>,
    backend: &Arc<dyn Backend>,
    institution: basics::Id,
    amount: Money,
) -> Result<(), Failure> {
    let command = Command::Fund(Fund { amount, reference: "paid-in capital".to_owned() });
    tianxin.institution.check_licence(tianxin.act(&command).name).map_err(|error| Failure::Wrong(error.to_string()))?;
    let order = Order::Do(command);
    let request = Request::plain(institution.derive("capital"), Actor::SYSTEM, clock::now(), order);
    let mut stepper = Stepper::new(tianxin.clone(), backend.clone(), 1);
    for answer in stepper.step(vec![request]) {
        answer?;
    }
    Ok(())
}
