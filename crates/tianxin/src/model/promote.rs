//! `tianxin model promote`: a model put forward to judge in a data folder, by one person, approved by another.

use std::io::BufRead;
use std::path::PathBuf;

use app::command::Command;
use app::promote::{ModelPlace, PromoteModel, name_bytes};
use app::scorer::Scorer;
use app::tables::{Staff, StaffSecret, StaffStatus};
use basics::{Cell, Id, IdKind, PublicId};
use clap::{Args, ValueEnum};
use door::table::Record;
use door::{Actor, ActorKind, Answer, Engine, EngineOptions, Order, Request, Role, key};

use crate::clock;
use crate::config::{self, Opened, Place, Use};
use crate::failure::Failure;
use crate::lending;
use crate::terminal::say;

/// Put a model forward to judge in a data folder
///
/// The model is checked as a whole: its file is unbroken, it reads lawful features of the feature table alone, and it
/// always has an answer. Then it is kept under its content hash in `models/`, and a member of staff proposes it (--by)
/// and another approves it (--second). Their passwords are read from standard input, a line each. Without --by the file
/// is kept and can be proposed at the office's pages. A file that is refused changes nothing: who judged goes on.
#[derive(Args)]
pub struct Promote {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// What it is to do
    #[arg(long, value_enum, default_value_t = Wanted::Champion)]
    place: Wanted,
    /// Why: what it was compared with, and who looked at it
    #[arg(long, value_name = "TEXT", requires = "by")]
    reason: Option<String>,
    /// Sign-in name of who proposes it
    #[arg(long, value_name = "LOGIN", requires = "reason")]
    by: Option<String>,
    /// Sign-in name of who approves it
    #[arg(long, value_name = "LOGIN", requires = "by")]
    second: Option<String>,
}

/// What a model is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Wanted {
    /// Judge
    Champion,
    /// Be asked beside the champion, without a part in decisions
    Challenger,
    /// Neither any more
    Retired,
}

impl Promote {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        let bytes = std::fs::read(&self.model).map_err(|error| Failure::file(&self.model, "read", error))?;
        let wrong = |error: app::scorer::ScorerError| Failure::Wrong(format!("{}: {error}", self.model.display()));
        let model = Scorer::read(&bytes).map_err(wrong)?;
        let opened = config::open(place, Use::Write)?;
        lending::keep_model_bytes(place, model.name(), &bytes)?;
        let (Some(by), Some(reason)) = (&self.by, &self.reason) else {
            say(format!("{} is kept; name who proposes it with --by, or propose it at the office", model.name()));
            return Ok(());
        };
        let promote = PromoteModel {
            model: name_bytes(model.name()).unwrap_or_default().into(),
            place: match self.place {
                Wanted::Champion => ModelPlace::Champion,
                Wanted::Challenger => ModelPlace::Challenger,
                Wanted::Retired => ModelPlace::Retired,
            },
            kind: model.kind().to_owned(),
            reason: reason.clone(),
        };
        let first = sign_in(&opened, by)?;
        let second = self.second.as_deref().map(|login| sign_in(&opened, login)).transpose()?;
        let engine = Engine::start(opened.tianxin.clone(), opened.backend.clone(), EngineOptions::default())?;
        let done = propose(&engine, first, second, promote);
        engine.settle();
        engine.stop();
        let proposal = done?;
        let named = PublicId { kind: IdKind::Proposal, cell: Cell::OFFICE, id: proposal };
        say(match self.second {
            Some(_) => format!("{} is {}", model.name(), place_name(self.place)),
            None => format!("{} is proposed: another member of staff approves {named}", model.name()),
        });
        Ok(())
    }
}

fn place_name(place: Wanted) -> &'static str {
    match place {
        Wanted::Champion => "the champion",
        Wanted::Challenger => "the challenger",
        Wanted::Retired => "retired",
    }
}

/// Sends the proposal and, where there is a second person, the approval; answers the proposal's id.
fn propose(
    engine: &Engine<app::Tianxin>,
    first: Actor,
    second: Option<Actor>,
    promote: PromoteModel,
) -> Result<Id, Failure> {
    let proposal = clock::new_id()?;
    let send = |id: Id, actor: Actor, order: Order<Command>| -> Result<Answer, Failure> {
        Ok(engine.call(Request::plain(id, actor, clock::now(), order))?)
    };
    send(proposal, first, Order::Propose(Command::PromoteModel(promote)))?;
    if let Some(second) = second {
        send(clock::new_id()?, second, Order::Approve { cell: Cell::OFFICE, proposal })?;
    }
    Ok(proposal)
}

/// A member of staff, by the password on the next line of standard input.
fn sign_in(opened: &Opened, login: &str) -> Result<Actor, Failure> {
    let mut typed = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut typed)
        .map_err(|error| Failure::Unreachable(format!("standard input cannot be read: {error}")))?;
    let mut reader = opened.backend.connect()?;
    let damaged = |error: door::table::RowError| Failure::Wrong(error.to_string());
    let rows = reader.load_many(Staff::table(), &[0], &[key![Cell::OFFICE]])?;
    let staff: Vec<Staff> = rows.iter().map(|row| Staff::from_row(row)).collect::<Result<_, _>>().map_err(damaged)?;
    let found = staff.into_iter().find(|row| row.login == login && row.status == StaffStatus::Active);
    let secret = match &found {
        None => None,
        Some(row) => {
            let rows = reader.load_many(StaffSecret::table(), &[0, 1], &[key![Cell::OFFICE, row.id]])?;
            rows.first().map(|row| StaffSecret::from_row(row)).transpose().map_err(damaged)?
        }
    };
    let right =
        api::password::verify(typed.trim_end_matches(['\r', '\n']), secret.as_ref().map(|s| s.password_hash.as_str()));
    let actor = found.filter(|_| right).and_then(|row| {
        let role = Role::parse(&row.role)?;
        Some(Actor { kind: ActorKind::Staff, id: row.id, role })
    });
    actor.ok_or_else(|| Failure::Wrong(format!("`{login}` could not sign in: check the name and the password")))
}
