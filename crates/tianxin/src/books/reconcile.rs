//! `tianxin books reconcile`: a rail's statement held against the books, and the queue of what does not agree.

use std::path::PathBuf;
use std::sync::Arc;

use app::desk::{Desk, Reconciled};
use app::reconcile::ReconItem;
use basics::Date;
use basics::money::format_minor;
use clap::Args;
use door::{Engine, EngineOptions};
use serde_json::json;

use crate::config::{self, Place, Settings, Use};
use crate::failure::Failure;
use crate::rail;
use crate::terminal::say;
use crate::vault::Keys;
use crate::{clock, lending};

/// Hold a rail's statement against the books, and list what does not agree (对账)
///
/// Statements are taken in the order of days, each once; one that is cut short, changed, repeated or missing in between is named.
/// Without --statement and --day the open items are listed alone. They are closed by two people, over the API.
#[derive(Args)]
pub struct Reconcile {
    /// A statement of the bank, camt.053
    #[arg(long, value_name = "FILE", conflicts_with = "day")]
    statement: Option<PathBuf>,
    /// Ask the rail itself for the statement of this day
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    day: Option<Date>,
    /// Which rail it is of; may be left out where only one is set up
    #[arg(long, value_name = "NAME")]
    rail: Option<String>,
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
}

impl Reconcile {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let settings = Settings::read(place)?;
        let opened = config::open(place, Use::Write)?;
        let judge = lending::judge(place, &settings)?;
        let engine = Engine::start(opened.tianxin.clone(), opened.backend.clone(), EngineOptions::default())?;
        let engine = Arc::new(engine);
        let desk = Desk::new(engine.clone(), Arc::new(Keys::new(opened.keys.clone())), judge, 2);
        let done = self.with(place, &settings, &desk);
        engine.settle();
        engine.stop();
        done
    }

    fn with(&self, place: &Place, settings: &Settings, desk: &Desk) -> Result<(), Failure> {
        let told = match (&self.statement, self.day) {
            (Some(file), _) => Some((self.rail_name(settings)?, rail::statement_file(file)?)),
            (None, Some(day)) => {
                let name = self.rail_name(settings)?;
                let rails = rail::connect(place, settings)?;
                let found = rails.iter().find(|rail| rail.name() == name);
                let found = found.ok_or_else(|| Failure::Usage(format!("no rail `{name}` is set up")))?;
                let cannot = |error: rails::RailError| Failure::Unreachable(format!("rail `{name}`: {error}"));
                Some((name.clone(), found.statement(day).map_err(cannot)?))
            }
            (None, None) => None,
        };
        let done = match told {
            Some((name, statement)) => {
                let of = settings.rails.iter().find(|rail| rail.name == name);
                if let Some(of) = of.filter(|of| of.account != statement.account) {
                    let (found, own) = (&statement.account, &of.account);
                    return Err(Failure::Wrong(format!(
                        "the statement is of account {found}, that of rail `{name}` is {own}: take the right one"
                    )));
                }
                Some(desk.reconcile(&rail::statement_of(&name, statement), clock::now())?)
            }
            None => None,
        };
        self.show(done, desk)
    }

    fn rail_name(&self, settings: &Settings) -> Result<String, Failure> {
        let names: Vec<&str> = settings.rails.iter().map(|rail| rail.name.as_str()).collect();
        match (&self.rail, names.as_slice()) {
            (Some(name), _) if names.contains(&name.as_str()) => Ok(name.clone()),
            (None, [one]) => Ok((*one).to_owned()),
            (_, []) => Err(Failure::Usage("no rail is set up: see [[rail]] in institution.toml".to_owned())),
            _ => Err(Failure::Usage(format!("name the rail with --rail: {}", names.join(", ")))),
        }
    }

    fn show(&self, done: Option<Reconciled>, desk: &Desk) -> Result<(), Failure> {
        let (items, suggested) = desk.recon_queue()?;
        let payments = desk.payments_in_question()?;
        if self.json {
            let item = |item: &ReconItem| {
                json!({
                    "id": item.id.to_string(), "kind": item.kind.as_str(), "rail": item.rail, "day": item.day.to_string(),
                    "statement": item.statement, "reference": item.reference, "bank": format_minor(item.bank_minor),
                    "books": format_minor(item.books_minor), "payment": item.of_id.map(|id| id.to_string()),
                    "words": item.words,
                })
            };
            let taken = done.map(|done| {
                json!({ "matched": done.matched, "told": done.told, "taken": done.taken, "differing": done.differing })
            });
            let pairs: Vec<_> = suggested
                .iter()
                .map(|pair| json!({ "item": pair.item.to_string(), "with": pair.with.to_string() }))
                .collect();
            let object = json!({
                "statement": taken, "items": items.iter().map(item).collect::<Vec<_>>(), "suggestions": pairs,
                "payments_in_question": payments.len(),
            });
            say(object.to_string());
            return Ok(());
        }
        if let Some(Reconciled { matched, told, taken, differing }) = done {
            say(format!("{matched} lines agree with the books, {differing} do not"));
            say(format!("{told} payments and {taken} credits were known by the statement alone, and are booked"));
        }
        say(format!("{} open items, {} payments in question", items.len(), payments.len()));
        for item in &items {
            let (bank, books) = (format_minor(item.bank_minor), format_minor(item.books_minor));
            let reference = item.reference.as_deref().unwrap_or("-");
            let (kind, words) = (item.kind.as_str(), &item.words);
            say(format!("  {} {} {kind:<10} {reference}  bank {bank}, books {books}  {words}", item.day, item.id));
        }
        for pair in &suggested {
            let by = if pair.same_payment { "the same payment" } else { "the same amount" };
            say(format!("  {} and {} may belong together: {by}", pair.item, pair.with));
        }
        Ok(())
    }
}
