//! `tianxin policy`: read a rule file, and say what it would have decided.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use app::assess::{Assessment, feature_names, under};
use app::desk::{Known, Reading};
use app::tables::{Contract, DecisionRecord, LoanNote};
use app::vault::{Vault, VaultError};
use basics::money::format_minor;
use basics::{Cell, Id, cbor};
use clap::Subcommand;
use door::key;
use door::table::{Key, Record};
use loan::fold;
use policy::{LaneFacts, Outcome, RuleSet, draw_ppm};
use serde_json::json;

use crate::config::{self, Opened, Place, Use};
use crate::decision::each_record;
use crate::failure::Failure;
use crate::terminal::{Progress, say};
use crate::vault::Keys;

/// Days after which a loan that was drawn tells how it went.
const MATURE_DAYS: i32 = 365;
/// More days past due than this at any time is bad.
const BAD_ABOVE_DAYS: u32 = 90;

/// Read and try rule files.
#[derive(Subcommand)]
pub enum Policy {
    /// Read a rule file as `serve` would, and say what is wrong with it
    ///
    /// Ends with 1 where the file is refused. What should only be looked at is printed, and is no error.
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the names that a condition may use, and the lawful features
    Names,
    /// Decide every stored decision again under another rule file, and say what that would change and cost
    ///
    /// Nothing is written. Requests that were turned away have no outcome, and none is invented for them.
    Try {
        /// The rule file to try
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// The data folder whose decisions are tried; else that of --data
        #[arg(long, value_name = "DIR")]
        against: Option<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

impl Policy {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self {
            Policy::Check { file } => check(&file),
            Policy::Names => {
                say(RuleSet::names());
                for name in feature_names() {
                    say(format!("feature.{name}"));
                }
                Ok(())
            }
            Policy::Try { policy, against, json } => {
                let place = match against {
                    Some(data) => Place { data, ..place.clone() },
                    None => place.clone(),
                };
                tried(&place, &policy, json)
            }
        }
    }
}

fn read(file: &Path) -> Result<RuleSet, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, "read", error))?;
    RuleSet::parse(&file.display().to_string(), &text, &feature_names())
        .map_err(|error| Failure::Wrong(error.to_string()))
}

fn check(file: &Path) -> Result<(), Failure> {
    let rules = read(file)?;
    say(format!("{} version {}, {} rules, hash {}", rules.code, rules.version, rules.rules.len(), rules.hash));
    for finding in &rules.findings {
        say(format!("{}:{}: rule `{}` {}", file.display(), finding.line, finding.rule, finding.what));
    }
    Ok(())
}

/// What a trial found.
#[derive(Default)]
struct Trial {
    decisions: u64,
    erased: u64,
    /// Decisions that come out as they were.
    same: u64,
    /// By outcome then and now: how many.
    moves: BTreeMap<(&'static str, &'static str), u64>,
    /// By reason code that is new on a decision that ends otherwise: how many.
    reasons: BTreeMap<String, u64>,
    then: Sums,
    now: Sums,
    /// Expected loss that the lane under trial has taken on, by calendar year, in minor units.
    lane_used: BTreeMap<i32, i64>,
    /// Loans that are old enough to tell, by whether they would still be made: how many, bad ones, principal of the bad.
    kept: Seen,
    turned_away: Seen,
}

/// What is lent without a person.
#[derive(Default)]
struct Sums {
    lent: u64,
    amount_minor: i128,
    limits_minor: i128,
    /// Rate times amount, ppm × minor units.
    rate_weighted: i128,
    expected_loss_minor: i128,
    /// Of them by the exploration lane: how many, and their expected loss.
    explored: u64,
    explored_loss_minor: i128,
}

#[derive(Default)]
struct Seen {
    loans: u64,
    bad: u64,
    bad_principal_minor: i128,
}

impl Sums {
    fn add(&mut self, record: &Assessment) {
        self.limits_minor += i128::from(record.decision.limit_minor.max(0));
        if !matches!(record.decision.outcome, Outcome::Approve | Outcome::Less) {
            return;
        }
        let amount = i128::from(record.decision.amount_minor);
        self.lent += 1;
        self.amount_minor += amount;
        self.rate_weighted += amount * i128::from(record.rate.ppm());
        let pd = record.facts.score.as_ref().map_or(0, |score| score.pd_ppm);
        self.expected_loss_minor += amount * i128::from(pd) / 1_000_000;
        if let Some(explored) = record.decision.explored.as_ref().filter(|explored| explored.taken) {
            self.explored += 1;
            self.explored_loss_minor += i128::from(explored.expected_loss_minor);
        }
    }

    fn mean_rate_ppm(&self) -> i64 {
        i64::try_from(self.rate_weighted / self.amount_minor.max(1)).unwrap_or(0)
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "lent": self.lent, "amount": shown(self.amount_minor), "limits": shown(self.limits_minor),
            "mean_rate_ppm": self.mean_rate_ppm(), "expected_loss": shown(self.expected_loss_minor),
            "explored": self.explored, "explored_expected_loss": shown(self.explored_loss_minor),
        })
    }
}

impl Seen {
    fn json(&self) -> serde_json::Value {
        json!({ "loans": self.loans, "bad": self.bad, "bad_principal": shown(self.bad_principal_minor) })
    }
}

fn shown(minor: i128) -> String {
    format_minor(i64::try_from(minor).unwrap_or(i64::MAX))
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Approve => "approve",
        Outcome::Less => "less",
        Outcome::Refer => "refer",
        Outcome::Decline => "decline",
    }
}

fn tried(place: &Place, file: &Path, as_json: bool) -> Result<(), Failure> {
    let rules = read(file)?;
    let opened = config::open(place, Use::Read)?;
    if rules.currency != opened.tianxin.institution.currency {
        let (own, theirs) = (opened.tianxin.institution.currency, rules.currency);
        return Err(Failure::Wrong(format!("{} is in {theirs}, the books are in {own}", file.display())));
    }
    let vault = Keys::new(opened.keys.clone());
    let progress = Progress::begin("trying the policy");
    let mut trial = Trial::default();
    for cell in (1..=opened.backend.cells()).map(Cell) {
        each_record(&opened.backend, cell, |row| {
            let plain = match vault.open(row.person, &row.ciphertext) {
                Ok(plain) => plain,
                Err(VaultError::Erased) => {
                    trial.erased += 1;
                    return Ok(());
                }
                Err(error) => return Err(Failure::Wrong(format!("decision {}: {error}", row.id))),
            };
            let record: Assessment =
                cbor::from_bytes(&plain).map_err(|e| Failure::Wrong(format!("decision {}: {e}", row.id)))?;
            let version = record.product_version.unwrap_or(1);
            let product = opened.tianxin.product_version(&record.product, version);
            let product = product.map_err(|e| Failure::Wrong(format!("decision {}: {}", row.id, e.message)))?;
            let lane = trial.lane_of(&rules, &vault, &record);
            let again = under(&rules, product, &record, lane);
            trial.decisions += 1;
            if trial.decisions.is_multiple_of(1_000) {
                progress.set(format!("trying the policy: {} decisions", trial.decisions));
            }
            trial.note(&record, &again);
            if matches!(record.decision.outcome, Outcome::Approve | Outcome::Less)
                && let Some((is_bad, principal_minor)) = outcome_of(&opened, row, record.application)?
            {
                let still = matches!(again.decision.outcome, Outcome::Approve | Outcome::Less);
                let seen = if still { &mut trial.kept } else { &mut trial.turned_away };
                seen.loans += 1;
                if is_bad {
                    seen.bad += 1;
                    seen.bad_principal_minor += i128::from(principal_minor);
                }
            }
            Ok(())
        })?;
    }
    drop(progress);
    trial.print(&rules, as_json);
    Ok(())
}

/// Whether the loan of an application turned out bad, and its principal; none where none was drawn or it is too young to tell.
fn outcome_of(opened: &Opened, row: &DecisionRecord, application: Id) -> Result<Option<(bool, i64)>, Failure> {
    let mut reader = opened.backend.connect()?;
    let (cell, household) = (row.cell, row.household);
    let damaged = |error: &dyn std::fmt::Display| Failure::Wrong(format!("application {application}: {error}"));
    let mut own = |table, key: Key| reader.load_many(table, &[0, 1], &[key]);
    let contracts = own(Contract::table(), key![cell, household])?;
    let contracts: Vec<Contract> =
        contracts.iter().map(|row| Contract::from_row(row)).collect::<Result<_, _>>().map_err(|e| damaged(&e))?;
    let notes = own(LoanNote::table(), key![cell, household])?;
    let notes: Vec<LoanNote> =
        notes.iter().map(|row| LoanNote::from_row(row)).collect::<Result<_, _>>().map_err(|e| damaged(&e))?;
    let contract = contracts.iter().find(|contract| contract.application == application);
    let Some(note) = contract.and_then(|contract| notes.iter().find(|note| note.contract == contract.id)) else {
        return Ok(None);
    };
    let known = Known::read_many(reader.as_mut(), &[(cell, household)], Reading::Loans)?;
    let Some(known) = known.first() else { return Ok(None) };
    let Some((note, terms, life)) = known.loan(note.id)? else { return Ok(None) };
    let last_closed = known.open_date.add_days(-1);
    let state = fold(&terms, &life, last_closed).map_err(|e| damaged(&e))?;
    let is_bad = state.arrears.worst_days(note.drawn_on, last_closed) > BAD_ABOVE_DAYS;
    let is_mature = is_bad || note.closed_on.is_some() || last_closed - note.drawn_on >= MATURE_DAYS;
    Ok(is_mature.then(|| (is_bad, terms.principal.minor())))
}

impl Trial {
    /// What the exploration lane under trial looks at. The draw is that of the record, where there was a lane then; else one of the
    /// institution's own secret, the same at each trial. The year's budget is that of the whole institution, used up in the order of the records.
    fn lane_of(&self, rules: &RuleSet, vault: &Keys, record: &Assessment) -> Option<LaneFacts> {
        let (lane, seen) = (rules.lane.as_ref()?, record.seen.as_ref()?);
        let draw_ppm = record.facts.lane.map_or_else(
            || draw_ppm(&lane.seed, &vault.keyed_hash("exploration trial", record.application.as_bytes())),
            |then| then.draw_ppm,
        );
        let used = self.lane_used.get(&i32::from(seen.on.year())).copied().unwrap_or(0);
        Some(LaneFacts { draw_ppm, budget_left_minor: lane.loss_budget_year_minor.saturating_sub(used) })
    }

    fn note(&mut self, then: &Assessment, now: &Assessment) {
        let taken = now.decision.explored.as_ref().filter(|explored| explored.taken);
        if let (Some(explored), Some(seen)) = (taken, &now.seen) {
            let used = self.lane_used.entry(i32::from(seen.on.year())).or_default();
            *used = used.saturating_add(explored.expected_loss_minor);
        }
        self.then.add(then);
        self.now.add(now);
        let (was, is) = (&then.decision, &now.decision);
        if (was.outcome, was.amount_minor) == (is.outcome, is.amount_minor) && then.rate == now.rate {
            self.same += 1;
            return;
        }
        *self.moves.entry((word(was.outcome), word(is.outcome))).or_default() += 1;
        for reason in is.reasons.iter().filter(|reason| !was.reasons.iter().any(|old| old.code == reason.code)) {
            *self.reasons.entry(reason.code.clone()).or_default() += 1;
        }
    }

    fn print(&self, rules: &RuleSet, as_json: bool) {
        if as_json {
            let moves: Vec<_> =
                self.moves.iter().map(|((from, to), n)| json!({ "from": from, "to": to, "decisions": n })).collect();
            let told = json!({
                "policy": rules.hash, "decisions": self.decisions, "erased": self.erased, "same": self.same,
                "otherwise": self.decisions - self.same, "moves": moves, "new_reasons": self.reasons,
                "then": self.then.json(), "now": self.now.json(),
                "observed_kept": self.kept.json(), "observed_turned_away": self.turned_away.json(),
            });
            say(told.to_string());
            return;
        }
        let otherwise = self.decisions - self.same;
        say(format!(
            "{} decisions, {} of them otherwise under {} {}",
            self.decisions, otherwise, rules.code, rules.version
        ));
        if self.erased > 0 {
            say(format!("{} records are erased and not among them", self.erased));
        }
        for ((from, to), count) in &self.moves {
            let what = if from == to { "amount or rate changes" } else { "outcome changes" };
            say(format!("  {from:>8} -> {to:<8} {count:>8}  {what}"));
        }
        for (code, count) in &self.reasons {
            say(format!("  new reason {code:<24} {count:>8}"));
        }
        say(format!("{:<24}{:>18}{:>18}", "", "as it was", "under it"));
        let line = |name: &str, then: String, now: String| say(format!("{name:<24}{then:>18}{now:>18}"));
        line("lent without a person", self.then.lent.to_string(), self.now.lent.to_string());
        line("amount", shown(self.then.amount_minor), shown(self.now.amount_minor));
        line("limits", shown(self.then.limits_minor), shown(self.now.limits_minor));
        line("mean rate, ppm", self.then.mean_rate_ppm().to_string(), self.now.mean_rate_ppm().to_string());
        line("expected loss", shown(self.then.expected_loss_minor), shown(self.now.expected_loss_minor));
        line("lent to learn", self.then.explored.to_string(), self.now.explored.to_string());
        let seen = |name: &str, seen: &Seen| {
            say(format!(
                "{name}: {} loans, {} bad, {} of principal",
                seen.loans,
                seen.bad,
                shown(seen.bad_principal_minor)
            ));
        };
        seen("old enough to tell, made under both", &self.kept);
        seen("old enough to tell, not made under it", &self.turned_away);
    }
}
