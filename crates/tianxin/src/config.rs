//! Where an institution's things are, and one function that opens all of them.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::{Institution, Licence, Tianxin};
use basics::{Currency, Date, Id};
use clap::Args;
use door::checkpoint::read_heads;
use door::{App, Backend, Table};
use ledger::Chart;
use loan::remind::ReminderPlan;
use rails::{HttpMessages, LogMessages, MessagePort};
use serde::{Deserialize, Serialize};
use store::{KeyStore, OpenOptions, PostgresBackend, PostgresOptions, SqliteBackend};

use crate::clock;
use crate::failure::Failure;
use crate::own;
use crate::rail::RailSettings;

const SETTINGS_FILE: &str = "institution.toml";
pub(crate) const BOOKS_FILE: &str = "books.db";
const KEYS_FOLDER: &str = "keys";
const CHECKPOINTS_FOLDER: &str = "checkpoints";
const CHECKPOINTS_FILE: &str = "checkpoints.jsonl";

/// Where things are, as the command line says it.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The data folder: settings (institution.toml), keys/, checkpoints/ and books.db
    #[arg(long, global = true, value_name = "DIR", default_value = "./tianxin-data")]
    pub data: PathBuf,
    /// Where signed checkpoints are appended; best a folder that partners can read, on another disk
    /// [default: checkpoints/ in the data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub checkpoints: Option<PathBuf>,
    /// The PostgreSQL database of the books, instead of the one institution.toml names
    /// [default there: books.db in the data folder]
    #[arg(long, global = true, value_name = "URL")]
    pub postgres: Option<String>,
}

impl Place {
    pub(crate) fn settings_path(&self) -> PathBuf {
        self.data.join(SETTINGS_FILE)
    }

    pub(crate) fn books_path(&self) -> PathBuf {
        self.data.join(BOOKS_FILE)
    }

    pub(crate) fn keys_folder(&self) -> PathBuf {
        self.data.join(KEYS_FOLDER)
    }

    /// The file that checkpoints are appended to.
    pub fn checkpoints_path(&self) -> PathBuf {
        let folder = self.checkpoints.clone().unwrap_or_else(|| self.data.join(CHECKPOINTS_FOLDER));
        folder.join(CHECKPOINTS_FILE)
    }
}

/// What `institution.toml` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The institution's id; its database says the same.
    pub id: String,
    /// Its name, as on contracts and checkpoints.
    pub name: String,
    /// What it may do: `rural_bank`, `micro_loan_company`, `guarantee_company`, `technology_operator`.
    pub licence: String,
    /// Currency of its books.
    pub currency: String,
    /// Its business time zone, minutes ahead of UTC.
    pub zone_minutes: i32,
    /// Its chart of accounts, relative to the data folder; the built-in one if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<PathBuf>,
    /// Its scoring model, relative to the data folder, a file named by its content hash; without one, people decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// Its rules, relative to the data folder; the built-in ones if none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<PathBuf>,
    /// Its rule pack of the jurisdiction, relative to the data folder; the one shipped for rural banks if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_pack: Option<PathBuf>,
    /// What borrowers are told and when what is due is collected, relative to the data folder; nothing of it if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminders: Option<PathBuf>,
    /// What the monitor looks for, relative to the data folder; the configuration that the platform comes with if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<PathBuf>,
    /// Points of the early warning, relative to the data folder; those that the platform comes with if none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early: Option<PathBuf>,
    /// The gateway of text messages; without one they are written to a file of the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Gateway>,
    /// The PostgreSQL database of its books; books.db in the data folder if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
    /// What households may move by how well they are known, relative to the data folder; only their balance limits them if none is
    /// named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<PathBuf>,
    /// The rails that payments go over, a table `[[rail]]` each.
    #[serde(default, rename = "rail", skip_serializing_if = "Vec::is_empty")]
    pub rails: Vec<RailSettings>,
}

/// A gateway of text messages over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Where messages are posted to.
    pub url: String,
    /// The file with the token that the gateway knows us by, relative to the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

/// Where messages go until a gateway is named.
const MESSAGES_FILE: &str = "messages.log";

impl Settings {
    /// Who carries text messages.
    pub fn messages(&self, place: &Place) -> Result<Arc<dyn MessagePort>, Failure> {
        let Some(gateway) = &self.messages else {
            return Ok(Arc::new(LogMessages::file(place.data.join(MESSAGES_FILE))));
        };
        if !gateway.url.starts_with("http://") {
            let path = place.settings_path();
            let what = "messages.url begins with http:// (a gateway beyond this network is reached through a proxy that speaks TLS)";
            return Err(Failure::Unreachable(format!("{}: {what}, not `{}`", path.display(), gateway.url)));
        }
        let token = gateway.token_file.as_ref().map(|file| {
            let path = place.data.join(file);
            let text = fs::read_to_string(&path).map_err(|error| Failure::file(&path, "read", error))?;
            Ok::<_, Failure>(text.trim().to_owned())
        });
        Ok(Arc::new(HttpMessages::new(&gateway.url, token.transpose()?)))
    }

    /// What the monitor goes by, if it is the institution's own. Errors name file, line and field.
    pub fn watch(&self, place: &Place) -> Result<Option<watch::Config>, Failure> {
        let Some(file) = &self.watch else { return Ok(None) };
        let source = own::source(&place.data.join(file))?;
        let config = watch::Config::parse(&source.file, &source.text);
        config.map(Some).map_err(|error| Failure::Unreachable(error.to_string()))
    }

    /// Points of the early warning, if they are the institution's own. Errors name file, line and field.
    pub fn early(&self, place: &Place) -> Result<Option<watch::early::Model>, Failure> {
        let Some(file) = &self.early else { return Ok(None) };
        let source = own::source(&place.data.join(file))?;
        let model = watch::early::Model::parse(&source.file, &source.text);
        model.map(Some).map_err(|error| Failure::Unreachable(error.to_string()))
    }

    /// The reminder plan, if there is one. Errors name file, line and field.
    fn reminders(&self, place: &Place) -> Result<Option<ReminderPlan>, Failure> {
        let Some(file) = &self.reminders else { return Ok(None) };
        let source = own::source(&place.data.join(file))?;
        let plan = ReminderPlan::parse(&source.file, &source.text);
        plan.map(Some).map_err(|error| Failure::Unreachable(error.to_string()))
    }

    /// Reads the settings of a data folder.
    pub fn read(place: &Place) -> Result<Settings, Failure> {
        let path = place.settings_path();
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::Unreachable(format!(
                "{} is no data folder of Tianxin (it has no {SETTINGS_FILE}): name another with --data, or make one \
                 with `tianxin init`",
                place.data.display()
            )),
            _ => Failure::file(&path, "read", error),
        })?;
        toml::from_str(&text).map_err(|error| Failure::Unreachable(format!("{} is not valid: {error}", path.display())))
    }

    /// Writes them durably; whole, or not at all.
    pub fn write(&self, place: &Place) -> Result<(), Failure> {
        let path = place.settings_path();
        let failed = |error: std::io::Error| Failure::file(&path, "written", error);
        let text = toml::to_string(self).map_err(|error| Failure::file(&path, "written", error))?;
        let draft = path.with_extension("toml.new");
        // It may hold the password of the database.
        let mut file =
            fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&draft, &path).map_err(failed)?;
        fs::File::open(&place.data).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// The application of this institution.
    pub fn tianxin(&self, place: &Place) -> Result<Tianxin, Failure> {
        let path = place.settings_path();
        let bad = |what: &str, value: &str, may: &str| {
            Failure::Unreachable(format!("{}: {what} = `{value}` cannot be: it is {may}", path.display()))
        };
        let licence = Licence::parse(&self.licence).ok_or_else(|| {
            let names: Vec<&str> = Licence::ALL.iter().map(|licence| licence.as_str()).collect();
            bad("licence", &self.licence, &format!("one of {}", names.join(", ")))
        })?;
        let currency = Currency::parse(&self.currency)
            .map_err(|_| bad("currency", &self.currency, "three capital letters, such as CNY"))?;
        if !(-14 * 60..=14 * 60).contains(&self.zone_minutes) {
            return Err(bad("zone_minutes", &self.zone_minutes.to_string(), "-840 to 840"));
        }
        let institution = Institution { name: self.name.clone(), licence, currency, zone_minutes: self.zone_minutes };
        let chart = match &self.chart {
            Some(chart) => {
                let chart = place.data.join(chart);
                let text = fs::read_to_string(&chart).map_err(|error| Failure::file(&chart, "read", error))?;
                Chart::parse(&chart.display().to_string(), &text)
            }
            None => Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL),
        };
        let unusable = |error: app::SetUpError| {
            Failure::Unreachable(format!("the chart of accounts or the rule pack cannot be used: {error}"))
        };
        let chart = chart.map_err(|error| unusable(error.into()))?;
        let rails = self.rails.iter().map(|rail| rail.name.clone()).collect();
        let tianxin = Tianxin::new(institution, chart).map_err(unusable)?.with_hands(crate::many::hands());
        let limits = self.limits.as_deref().map(|file| crate::limits::read(&place.data.join(file), currency));
        let tianxin = tianxin.paying_over(rails).limiting(limits.transpose()?.unwrap_or_default());
        let tianxin = crate::lending::lending(tianxin, place, self.rule_pack.as_deref())?;
        Ok(Tianxin { reminders: self.reminders(place)?, ..tianxin })
    }
}

/// Everything of an institution, opened.
pub struct Opened {
    /// The application behind the door.
    pub tianxin: Arc<Tianxin>,
    /// The books.
    pub backend: Arc<dyn Backend>,
    /// Persons' keys and the institution's secrets.
    pub keys: Arc<KeyStore>,
    /// The institution's id.
    pub id: Id,
    /// The file that checkpoints are appended to.
    pub checkpoints: PathBuf,
}

/// How the books are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To change them.
    Write,
    /// To look at them; a file is not touched.
    Read,
}

/// Opens the books, the keys and the settings of a data folder.
pub fn open(place: &Place, purpose: Use) -> Result<Opened, Failure> {
    let settings = Settings::read(place)?;
    let tianxin = settings.tianxin(place)?;
    // A place without books must not be taken for books that are empty: were they made just now,
    // they would carry this stranger's id.
    let stranger = clock::new_id()?;
    let postgres = place.postgres.as_ref().or(settings.postgres.as_ref());
    let (backend, made_for): (Arc<dyn Backend>, Id) = match postgres {
        Some(url) => {
            let options = PostgresOptions { institution: stranger, ..PostgresOptions::default() };
            let backend = PostgresBackend::open(url, &tables(&tianxin), options)?;
            let made_for = backend.institution();
            (Arc::new(backend), made_for)
        }
        None => {
            let path = place.books_path();
            if !path.exists() {
                return Err(Failure::Unreachable(format!(
                    "{} is missing: restore it from its backup, or name the PostgreSQL database of the books with \
                     --postgres",
                    path.display()
                )));
            }
            let read_only = purpose == Use::Read;
            let options = OpenOptions { institution: stranger, read_only, ..OpenOptions::default() };
            let backend = SqliteBackend::open(&path, &tables(&tianxin), options)?;
            let made_for = backend.institution();
            (Arc::new(backend), made_for)
        }
    };
    with_books(place, &settings, tianxin, backend, made_for)
}

/// Opens keys and settings of a data folder, with books of its file's name on a disk that SQLite knows by the name `vfs`.
pub fn open_on_disk(place: &Place, vfs: &str) -> Result<Opened, Failure> {
    let settings = Settings::read(place)?;
    let tianxin = settings.tianxin(place)?;
    let options = OpenOptions { institution: clock::new_id()?, vfs: Some(vfs.to_owned()), ..OpenOptions::default() };
    let backend = SqliteBackend::open(BOOKS_FILE, &tables(&tianxin), options)?;
    let made_for = backend.institution();
    with_books(place, &settings, tianxin, Arc::new(backend), made_for)
}

/// Joins keys and settings with books, if they belong together.
fn with_books(
    place: &Place,
    settings: &Settings,
    tianxin: Tianxin,
    backend: Arc<dyn Backend>,
    made_for: Id,
) -> Result<Opened, Failure> {
    if made_for.to_string() != settings.id {
        let file = place.settings_path();
        return Err(Failure::Unreachable(format!(
            "the database holds the books of institution {made_for}, or none, while {} is of institution {}: name the \
             database that belongs to it",
            file.display(),
            settings.id
        )));
    }
    let keys_folder = place.keys_folder();
    if !keys_folder.join(store::keys::KEY_FILE).exists() {
        return Err(Failure::Unreachable(format!(
            "the keys in {} are missing: restore the folder from its backup; without it personal data cannot be read",
            keys_folder.display()
        )));
    }
    let keys = Arc::new(KeyStore::open(&keys_folder, clock::entropy()?)?);
    Ok(Opened { tianxin: Arc::new(tianxin), backend, keys, id: made_for, checkpoints: place.checkpoints_path() })
}

impl Opened {
    /// The open day of the office and every cell.
    pub fn open_days(&self) -> Result<Vec<(basics::Cell, Date)>, Failure> {
        let mut connection = self.backend.connect()?;
        connection.begin_snapshot()?;
        let heads = read_heads(connection.as_mut(), self.backend.cells());
        connection.rollback();
        Ok(heads?.into_iter().map(|head| (head.cell, head.open_date)).collect())
    }

    /// The office's open day.
    pub fn open_day(&self) -> Result<Date, Failure> {
        let missing = || Failure::Wrong("the head of the office is missing: run `tianxin audit verify`".to_owned());
        self.open_days()?.first().map(|(_, day)| *day).ok_or_else(missing)
    }
}

/// Every table of door and application.
pub fn tables(tianxin: &Tianxin) -> Vec<&'static Table> {
    let mut tables = door::tables::all();
    tables.extend(tianxin.tables());
    tables
}

/// Makes a folder that only its owner may look into, with those above it.
pub fn make_private_folder(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| Failure::file(path, "made", e))
}
