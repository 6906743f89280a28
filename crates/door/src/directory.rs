//! Enrolment through the directory, so that one resident id belongs to one household.
//!
//! The household lives in its cell, the resident id's keyed hash in the directory, and no
//! transaction spans the two. The steps are: claim the row, create the household, confirm
//! the row. Each can be repeated. A claim whose enrolment never came is taken over only
//! after a tombstone in the old cell, so that a late command there is refused.

use basics::{Cell, Id, Instant};

use crate::app::App;
use crate::backend::{ClaimState, Connection, DirectoryRow, StoreError};
use crate::engine::Engine;
use crate::failpoint;
use crate::request::{Answer, DoorError, Request};
use crate::stepper::Stepper;

/// After this long an unconfirmed claim may be taken over.
pub const STALE_SECONDS: i64 = 600;

/// A step in the directory.
#[derive(Clone, Debug)]
pub enum DirectoryOrder {
    /// Put rows where the hash is free.
    Claim(Vec<DirectoryRow>),
    /// Replace rows that still stand as given, or remove them.
    Swap(Vec<(DirectoryRow, Option<DirectoryRow>)>),
    /// Look hashes up.
    Find(Vec<[u8; 32]>),
    /// Claims made before an instant and never confirmed.
    Stale(Instant),
}

/// Called once with the rows that stand for the hashes afterwards.
pub type DirectoryReply = Box<dyn FnOnce(Result<Vec<DirectoryRow>, DoorError>) + Send>;

impl DirectoryOrder {
    pub(crate) fn run(&self, connection: &mut dyn Connection) -> Result<Vec<DirectoryRow>, StoreError> {
        match self {
            DirectoryOrder::Claim(rows) => connection.directory_claim(rows),
            DirectoryOrder::Swap(swaps) => {
                connection.directory_swap(swaps)?;
                let hashes: Vec<[u8; 32]> = swaps.iter().map(|(row, _)| row.hash).collect();
                connection.directory_find(&hashes)
            }
            DirectoryOrder::Find(hashes) => connection.directory_find(hashes),
            DirectoryOrder::Stale(before) => connection.directory_stale(*before, 1_000),
        }
    }
}

/// What the application adds to the protocol: the command that proves an old claim dead.
pub struct Burial<'a, A: App> {
    /// The command that leaves a tombstone for a household, or finds it alive.
    pub tombstone: &'a dyn Fn(&DirectoryRow) -> Request<A::Command>,
    /// Whether the tombstone's outcome says that the household is alive.
    pub is_alive: &'a dyn Fn(&A::Outcome) -> bool,
}

/// Why an enrolment did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrolError {
    /// A resident id belongs to a household already.
    #[error("this resident id is enrolled already: sign in to that household, or ask the office to merge the two")]
    Known {
        /// Where.
        cell: Cell,
        /// Which household.
        household: Id,
    },
    /// Another enrolment of the same person is under way.
    #[error("another enrolment of this person is under way: try again in ten minutes")]
    UnderWay,
    /// The door did not take the command.
    #[error(transparent)]
    Door(#[from] DoorError),
}

/// Runs an enrolment: claims `rows` (all of one household), sends `request`, confirms.
///
/// Can be repeated whole, at any time, after a crash at any step.
pub fn enrol<A: App>(
    engine: &Engine<A>,
    mut rows: Vec<DirectoryRow>,
    request: Request<A::Command>,
    burial: &Burial<'_, A>,
) -> Result<Answer, EnrolError> {
    rows.sort_by_key(|row| row.hash);
    let standing = claim(engine, &rows, request.at, burial)?;
    failpoint::hit("directory.after_claim");
    // A refused enrolment leaves its claim standing: an earlier attempt may have made the household, or may
    // still be on its way. Only a tombstone tells, and `heal` or the next claimant sets it.
    let answer = engine.call(request)?;
    failpoint::hit("directory.before_confirm");
    let confirm = standing
        .into_iter()
        .map(|row| {
            let confirmed = DirectoryRow { state: ClaimState::Confirmed, ..row.clone() };
            (row, Some(confirmed))
        })
        .collect();
    engine.directory(DirectoryOrder::Swap(confirm))?;
    Ok(answer)
}

/// Runs many enrolments through a stepper, each with the rows of its persons, in the same three steps: one claim for all,
/// their commands, one confirmation.
///
/// A resident id that is claimed and not confirmed is answered as under way: a stepper buries nothing.
pub fn enrol_many<A: App>(
    stepper: &mut Stepper<A>,
    enrolments: Vec<(Vec<DirectoryRow>, Request<A::Command>)>,
) -> Result<Vec<Result<Answer, EnrolError>>, DoorError> {
    // Of two that claim one resident id the first is the one: its row is there when the second's is looked at.
    let rows: Vec<DirectoryRow> = enrolments.iter().flat_map(|(rows, _)| rows.clone()).collect();
    let standing = stepper.directory(DirectoryOrder::Claim(rows))?;
    failpoint::hit("directory.after_claim");
    let mut places = Vec::with_capacity(enrolments.len());
    let mut requests = Vec::with_capacity(enrolments.len());
    let mut found = standing.iter();
    for (mine, request) in enrolments {
        let own: Vec<&DirectoryRow> = found.by_ref().take(mine.len()).collect();
        let other = own.iter().zip(&mine).find(|(found, mine)| !same_person(mine, found)).map(|(found, _)| *found);
        places.push((
            match other {
                None => {
                    requests.push(request);
                    Ok(())
                }
                Some(found) if found.state == ClaimState::Confirmed || is_claimed_here(found, &standing) => {
                    Err(EnrolError::Known { cell: found.cell, household: found.household })
                }
                Some(_) => Err(EnrolError::UnderWay),
            },
            own,
        ));
    }
    let mut answers = stepper.step(requests).into_iter();
    failpoint::hit("directory.before_confirm");
    let mut confirm = Vec::new();
    let mut told = Vec::with_capacity(places.len());
    for (place, own) in places {
        let answer = match place {
            Ok(()) => answers
                .next()
                .unwrap_or_else(|| Err(DoorError::Bug("an enrolment was not answered".to_owned())))
                .map_err(EnrolError::Door),
            Err(error) => Err(error),
        };
        if answer.is_ok() {
            for found in own.into_iter().filter(|found| found.state == ClaimState::Claimed) {
                let confirmed = DirectoryRow { state: ClaimState::Confirmed, ..found.clone() };
                confirm.push((found.clone(), Some(confirmed)));
            }
        }
        told.push(answer);
    }
    if !confirm.is_empty() {
        stepper.directory(DirectoryOrder::Swap(confirm))?;
    }
    Ok(told)
}

/// Settles claims left behind by crashes: confirms those whose household exists, frees the others.
pub fn heal<A: App>(engine: &Engine<A>, now: Instant, burial: &Burial<'_, A>) -> Result<usize, EnrolError> {
    let stale = engine.directory(DirectoryOrder::Stale(now.add_seconds(-STALE_SECONDS)))?;
    for row in &stale {
        let next = is_alive(engine, row, burial)?.then(|| DirectoryRow { state: ClaimState::Confirmed, ..row.clone() });
        engine.directory(DirectoryOrder::Swap(vec![(row.clone(), next)]))?;
    }
    Ok(stale.len())
}

/// Claims rows, and answers them as they stand: an earlier attempt may have claimed them at another time.
fn claim<A: App>(
    engine: &Engine<A>,
    rows: &[DirectoryRow],
    now: Instant,
    burial: &Burial<'_, A>,
) -> Result<Vec<DirectoryRow>, EnrolError> {
    let mut standing = engine.directory(DirectoryOrder::Claim(rows.to_vec()))?;
    for (mine, found) in rows.iter().zip(&mut standing) {
        if same_person(mine, found) {
            continue;
        }
        let alive = match found.state {
            ClaimState::Confirmed => true,
            ClaimState::Claimed if now.0 - found.claimed_at.0 < STALE_SECONDS * 1_000_000 => {
                return Err(EnrolError::UnderWay);
            }
            ClaimState::Claimed => is_alive(engine, found, burial)?,
        };
        if alive {
            if found.state == ClaimState::Claimed {
                let confirmed = DirectoryRow { state: ClaimState::Confirmed, ..found.clone() };
                engine.directory(DirectoryOrder::Swap(vec![(found.clone(), Some(confirmed))]))?;
            }
            return Err(EnrolError::Known { cell: found.cell, household: found.household });
        }
        let swap = DirectoryOrder::Swap(vec![(found.clone(), Some(mine.clone()))]);
        match engine.directory(swap)?.into_iter().find(|row| same_person(row, mine)) {
            Some(row) => *found = row,
            None => return Err(EnrolError::UnderWay),
        }
    }
    Ok(standing)
}

fn is_alive<A: App>(engine: &Engine<A>, row: &DirectoryRow, burial: &Burial<'_, A>) -> Result<bool, EnrolError> {
    let answer = engine.call((burial.tombstone)(row))?;
    Ok((burial.is_alive)(&answer.outcome::<A>()?))
}

fn is_claimed_here(found: &DirectoryRow, standing: &[DirectoryRow]) -> bool {
    standing.iter().any(|row| same_person(row, found))
}

fn same_person(a: &DirectoryRow, b: &DirectoryRow) -> bool {
    (a.hash, a.cell, a.household, a.person) == (b.hash, b.cell, b.household, b.person)
}
