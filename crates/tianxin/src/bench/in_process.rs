//! A loan as the desk takes it, without HTTP before it.

use std::sync::Arc;

use app::Tianxin;
use app::application::Apply;
use app::command::{Command, Outcome};
use app::desk::{DecidedApplication, Desk};
use app::sign::Draw;
use app::tables::ApplicationStatus;
use door::{Engine, Order, Request};

use super::borrowers::{Borrower, Borrowers};
use super::county::Stream;
use crate::clock;
use crate::failure::Failure;
use crate::serve::READERS;

/// A desk before an engine, as a server has it.
pub fn desk(engine: Arc<Engine<Tianxin>>, borrowers: &Borrowers) -> Desk {
    Desk::new(engine, borrowers.vault.clone(), borrowers.judge.clone(), READERS)
}

/// Asks for a loan and has it decided: the first two commands.
pub fn ask(
    desk: &Desk,
    borrowers: &Borrowers,
    borrower: &Borrower,
    stream: &mut Stream,
) -> Result<DecidedApplication, Failure> {
    let Borrower { cell, household, amount, term_months } = *borrower;
    let at = clock::now();
    let application = stream.id(at);
    let apply = Apply {
        cell,
        household,
        application,
        product: borrowers.product.code.clone(),
        amount,
        term_months,
        purpose: borrowers.purpose.clone(),
        season: None,
    };
    desk.engine.call(Request::plain(stream.id(at), borrower.actor(), at, Order::Do(Command::Apply(apply))))?;
    Ok(desk.decide(stream.id(at), household, application, at)?)
}

/// Signs what was approved and draws it: the other two commands. False if it was not approved.
pub fn take_up(
    desk: &Desk,
    borrower: &Borrower,
    stream: &mut Stream,
    decided: &DecidedApplication,
) -> Result<bool, Failure> {
    let row = &decided.application;
    if row.status != ApplicationStatus::Approved {
        return Ok(false);
    }
    let (household, at) = (borrower.household, clock::now());
    let text = desk.offer(row)?.schedule.to_string();
    let (contract, loan) = (stream.id(at), stream.id(at));
    desk.sign(stream.id(at), household, row.id, contract, &text, "benchmark", borrower.actor(), at)?;
    let draw = Command::Draw(Draw { cell: borrower.cell, household, contract, loan, amount: None });
    let drawn = desk.engine.call(Request::plain(stream.id(at), borrower.actor(), clock::now(), Order::Do(draw)))?;
    match drawn.outcome::<Tianxin>()? {
        Outcome::Done => Ok(true),
        other => Err(Failure::Wrong(format!("an approved loan was not drawn: {other:?}"))),
    }
}
