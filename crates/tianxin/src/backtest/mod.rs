//! `tianxin backtest`: a real bank's history walks through the very same door.

mod bank;
mod report;
mod walk;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use app::assess::{Judge, feature_names};
use app::desk::Desk;
use app::{Institution, Licence, Tianxin};
use basics::{Currency, Date};
use clap::Args;
use door::permission::Reach;
use door::{App, Engine, EngineOptions, Role, audit};
use insight::{FeatureVector, Profile, Safer, TABLE, features_for, is_thin};
use ledger::Chart;
use policy::RuleSet;
use score::{DataCard, ModelFile, Sample, TrainSpec, Trend, train};
use store::{KeyStore, OpenOptions, SqliteBackend};

use self::bank::{Bank, HistoricalLoan};
use self::report::Figures;
use self::walk::{Walk, Walked};
use crate::clock;
use crate::failure::Failure;
use crate::terminal::{Progress, say};
use crate::vault::Keys;

/// The product that the history is lent under.
pub(crate) const PRODUCT: &str = "history-czk-instalment";
/// Columns of the loan itself, which need no insight into the household.
const LOAN_COLUMNS: &[&str] = &["asked_amount", "asked_instalment", "asked_term"];
const BOOTSTRAP_ROUNDS: usize = 2_000;

/// Walk a bank's history through the door: enrol, observe, score, decide, sign, draw, repay.
///
/// A scorecard is trained on the loans granted up to the cut-off; later loans are decided by
/// it, in time order, on what was known on their day. The books are audited at the end.
#[derive(Args, Debug)]
pub struct Backtest {
    /// Folder with account, disp, trans and loan as .csv or .csv.gz (dates yymmdd)
    #[arg(long, value_name = "DIR")]
    bank: PathBuf,
    /// Loans granted up to this day are trained on, later ones are decided
    #[arg(long, value_name = "DATE", default_value = "1996-12-31")]
    cutoff: String,
    /// Write the figures as one JSON object
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write one line a decision: loan, date, outcome, PD and reasons
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Seed of training and bootstrap
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Backtest {
    /// Runs it.
    pub fn run(&self) -> Result<(), Failure> {
        let cut_off = Date::parse(&self.cutoff).map_err(|error| Failure::Usage(format!("--cutoff: {error}")))?;
        let progress = Progress::begin("reading the history");
        let bank = Bank::read(&self.bank)?;
        progress.set("training".to_owned());
        let history = History::of(&bank, cut_off)?;
        let model = history.train(self.seed, |name| !LOAN_COLUMNS.contains(&name))?;
        let by_columns = history.train(self.seed, |name| LOAN_COLUMNS.contains(&name))?;
        let rules = RuleSet::parse("history-czk.toml", RuleSet::HISTORY_CZK, &feature_names())
            .map_err(|error| Failure::Wrong(error.to_string()))?;
        let folder = Scratch::make()?;
        let (walked, audit) = replay(&bank, cut_off, Judge::new(model, rules), &folder, &progress)?;
        drop(progress);
        let columns_risk: Vec<Option<i64>> =
            walked.iter().map(|w| history.risk(&bank, by_columns.as_ref(), &w.loan)).collect();
        let figures = Figures::of(&walked, &columns_risk, audit, BOOTSTRAP_ROUNDS, self.seed);
        if let Some(path) = &self.decisions {
            let lines: Vec<String> = walked.iter().map(line_of).collect();
            fs::write(path, lines.join("\n") + "\n").map_err(|error| Failure::file(path, "written", error))?;
        }
        if let Some(path) = &self.json {
            let text = serde_json::to_string(&figures).map_err(|error| Failure::file(path, "written", error))?;
            fs::write(path, text + "\n").map_err(|error| Failure::file(path, "written", error))?;
        }
        figures.print().iter().for_each(say);
        if figures.audit == "ok" { Ok(()) } else { Err(Failure::Wrong(format!("audit: {}", figures.audit))) }
    }
}

fn line_of(w: &Walked) -> String {
    let pd = w.pd_ppm.map_or_else(String::new, |pd| pd.to_string());
    let risk = w.log_odds_micro.map_or_else(String::new, |risk| risk.to_string());
    let (number, date, status) = (w.loan.number, w.loan.date, w.decided.as_str());
    format!("{number},{date},{status},{},{pd},{risk},{}", w.lent_minor, w.reasons.join(" "))
}

/// Walks the loans after the cut-off through a new institution; what became of them, and of the audit.
fn replay(
    bank: &Bank,
    cut_off: Date,
    judge: Judge,
    folder: &Scratch,
    progress: &Progress,
) -> Result<(Vec<Walked>, String), Failure> {
    let first = first_day(bank)?;
    let tianxin = Arc::new(historical_institution()?);
    let mut tables = door::tables::all();
    tables.extend(tianxin.tables());
    let options = OpenOptions { open_date: first, institution: clock::new_id()?, ..OpenOptions::default() };
    let backend = Arc::new(SqliteBackend::open(folder.0.join("books.db"), &tables, options)?);
    let keys = Arc::new(KeyStore::open(&folder.0, clock::entropy()?)?);
    let engine = Arc::new(Engine::start(tianxin.clone(), backend.clone(), EngineOptions::default())?);
    let desk = Arc::new(Desk::new(engine.clone(), Arc::new(Keys::new(keys)), judge, 4));
    let mut walk = Walk::begin(desk, bank, first)?;
    walk.run(cut_off, walk::last_day()?, progress)?;
    progress.set("auditing".to_owned());
    engine.settle();
    let audit = match audit::verify(tianxin.as_ref(), backend.as_ref(), None) {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    };
    Ok((walk.walked, audit))
}

fn first_day(bank: &Bank) -> Result<Date, Failure> {
    let opened = bank.accounts.values().map(|account| account.since);
    let granted = bank.loans.iter().map(|loan| loan.date);
    opened.chain(granted).min().ok_or_else(|| Failure::Wrong("the history has no accounts".to_owned()))
}

fn historical_institution() -> Result<Tianxin, Failure> {
    let wrong = |error: String| Failure::Wrong(error);
    let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).map_err(|e| wrong(e.to_string()))?;
    let institution = Institution {
        name: "History replay".to_owned(),
        licence: Licence::RuralBank,
        currency: Currency::CZK,
        zone_minutes: 0,
    };
    let product = loan::product::shipped(PRODUCT).map_err(|e| wrong(e.to_string()))?;
    // One named office decides what is referred, whatever the amount.
    let mut rules = app::permission::RULES.to_vec();
    for rule in rules.iter_mut().filter(|rule| rule.act == "decide_by_hand" && rule.role == Role::Officer) {
        rule.reach = Reach::Alone;
    }
    let tianxin = Tianxin::new(institution, chart).map_err(|e| wrong(e.to_string()))?;
    Ok(tianxin.lending(vec![product]).permitting(rules))
}

/// What is trained on: loans up to the cut-off that are not thin.
struct History {
    rows: Vec<(FeatureVector, bool)>,
    from: Option<Date>,
    to: Option<Date>,
}

impl History {
    fn of(bank: &Bank, cut_off: Date) -> Result<History, Failure> {
        let mut rows = Vec::new();
        let past: Vec<&HistoricalLoan> = bank.loans.iter().filter(|loan| loan.date <= cut_off).collect();
        for loan in &past {
            let profile = profile_before(bank, loan)?;
            if !is_thin(&profile) {
                rows.push((features_for(&profile, &request_of(loan), loan.date), loan.is_bad()));
            }
        }
        Ok(History { rows, from: past.first().map(|loan| loan.date), to: past.last().map(|loan| loan.date) })
    }

    /// A scorecard on these columns; none where one class is missing: then people decide.
    fn train(&self, seed: u64, wanted: impl Fn(&str) -> bool) -> Result<Option<ModelFile>, Failure> {
        let bads = self.rows.iter().filter(|(_, bad)| *bad).count();
        let few = score::train::CLASS_ROWS_MIN;
        if bads < few || self.rows.len() - bads < few {
            return Ok(None);
        }
        let trend = |safer| match safer {
            Safer::Higher => Trend::Falling,
            Safer::Lower => Trend::Rising,
            Safer::Either => Trend::Free,
        };
        let columns: Vec<(String, Trend)> = TABLE
            .iter()
            .filter(|feature| feature.is_for_credit() && wanted(feature.name))
            .map(|feature| (feature.name.to_owned(), trend(feature.safer)))
            .collect();
        let sample = Sample {
            columns: columns
                .iter()
                .map(|(name, _)| self.rows.iter().map(|(vector, _)| vector.get(name)).collect())
                .collect(),
            bad: self.rows.iter().map(|(_, bad)| *bad).collect(),
        };
        let date = |date: Option<Date>| date.map_or_else(String::new, |date| date.to_string());
        let card = DataCard {
            name: "history replay".to_owned(),
            outcome: "status B or D".to_owned(),
            from: date(self.from),
            to: date(self.to),
            limits: report::LIMITS.iter().map(|limit| (*limit).to_owned()).collect(),
        };
        train(&sample, card, &TrainSpec::usual(columns, seed)).map(Some).map_err(|e| Failure::Wrong(e.to_string()))
    }

    /// The risk that a model sees in a loan by what was known before it.
    fn risk(&self, bank: &Bank, model: Option<&ModelFile>, loan: &HistoricalLoan) -> Option<i64> {
        let profile = profile_before(bank, loan).ok()?;
        let vector = features_for(&profile, &request_of(loan), loan.date);
        Some(model?.card.predict(|name| vector.get(name)).log_odds_micro)
    }
}

fn request_of(loan: &HistoricalLoan) -> insight::Request {
    insight::Request {
        amount_minor: loan.amount_minor,
        instalment_minor: loan.instalment_minor,
        term_months: u32::from(loan.months),
    }
}

fn profile_before(bank: &Bank, loan: &HistoricalLoan) -> Result<Profile, Failure> {
    let mut profile = Profile::default();
    let events = bank.movements.get(&loan.account).map_or(&[][..], Vec::as_slice);
    for event in events.iter().filter(|event| event.date < loan.date) {
        profile.fold(event).map_err(|error| Failure::Wrong(error.to_string()))?;
    }
    Ok(profile)
}

/// A folder that is removed again.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Scratch, Failure> {
        let path = std::env::temp_dir().join(format!("tianxin-backtest-{}", clock::new_id()?));
        fs::create_dir_all(&path).map_err(|error| Failure::file(&path, "made", error))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is in the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
