//! One run: a county, a seed, an arm. Pure; runs are independent, so that any number of threads gives the same figures.

use basics::Date;
use loan::LoanError;

use super::assumed::Assumed;
use super::indicators::{Indicators, Lived};
use super::lender::{Lender, Loan, Rooms};
use super::policy::{LearnsFrom, Policy, Scoring};
use super::scorer::Scorer;
use crate::county::County;
use crate::world::World;

/// The seeds from which lenders learn lie beyond those that are compared.
const LEARNING_SEED: u64 = 1_000_000_007;
/// Counties that a lender learns from.
const LEARNING_SEEDS: u64 = 3;
/// Days of a past: three years, of which the last is only looked at.
const LEARNING_DAYS: i32 = 3 * 365;
/// Days before the end of the past from which on no loan is learnt from: it could not have gone bad yet.
const UNSEASONED_DAYS: i32 = 365;

/// Size and length of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Households.
    pub households: u32,
    /// Days.
    pub days: i32,
    /// The first day.
    pub first: Date,
}

/// Why a run cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A loan cannot be reckoned with.
    #[error("a loan cannot be reckoned with: {0}")]
    Loan(#[from] LoanError),
    /// There was too little to learn from.
    #[error("nothing can be learnt in county {county}: {why}; let more households live there")]
    Learning {
        /// The county.
        county: String,
        /// Why.
        why: String,
    },
}

/// Lives one county under one policy, and counts.
pub fn run(
    rooms: &Rooms,
    county: &County,
    (policy, assumed, scorer): (&Policy, &Assumed, Option<&Scorer>),
    size: Size,
    seed: u64,
) -> Result<Indicators, RunError> {
    let world = World::new(county, seed, size.households, size.first);
    live(rooms, county, (policy, assumed, scorer), size, world)
}

/// Lives on from a county's first morning under one policy, and counts: arms of one seed begin with the same one.
pub fn live(
    rooms: &Rooms,
    county: &County,
    (policy, assumed, scorer): (&Policy, &Assumed, Option<&Scorer>),
    size: Size,
    mut world: World,
) -> Result<Indicators, RunError> {
    let before = world.means();
    let mut lender = Lender::new(rooms, county, (policy, assumed, scorer), before.len(), size.first);
    lender.live(&mut world, size.days)?;
    let lived = Lived {
        rooms,
        policy,
        assumed,
        lender: &lender,
        until: size.first.add_days(size.days - 1),
        days: size.days,
        villages: i64::from(world.villages()),
        before,
        after: world.means(),
        sums: world.sums(),
    };
    Ok(lived.indicators()?)
}

/// The loans of a county's past in which everybody was lent to whom the rules did not decline, and of a later one where one of
/// these policies learns from it.
pub fn past(
    rooms: &Rooms,
    county: &County,
    assumed: &Assumed,
    (policies, size): (&[Policy], Size),
) -> Result<Past, RunError> {
    let is_asked_for = |policy: &Policy| policy.scoring != Scoring::None && policy.learns_from != LearnsFrom::Everybody;
    let earlier = lent_to_everybody(rooms, county, assumed, (size, 0))?;
    let later = match policies.iter().any(is_asked_for) {
        true => lent_to_everybody(rooms, county, assumed, (size, LEARNING_SEEDS))?,
        false => Vec::new(),
    };
    // What counts as income is the lender's own view: a past is seen as most lenders see it.
    Ok(Past { earlier, later })
}

/// A county's past.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Loans that lenders learn from, or their earlier score if they learn from later ones.
    pub earlier: Vec<Loan>,
    /// Loans of other seeds, where a policy learns from them.
    pub later: Vec<Loan>,
}

fn lent_to_everybody(
    rooms: &Rooms,
    county: &County,
    assumed: &Assumed,
    (size, from): (Size, u64),
) -> Result<Vec<Loan>, RunError> {
    let open = Policy { scoring: Scoring::None, ..Policy::default() };
    let mut loans = Vec::new();
    // Other seeds on the same dates: products and rules are those of the day.
    let (first, until) = (size.first, size.first.add_days(LEARNING_DAYS - UNSEASONED_DAYS));
    for nth in from..from + LEARNING_SEEDS {
        let mut world = World::new(county, LEARNING_SEED + nth, size.households, first);
        let mut lender = Lender::new(rooms, county, (&open, assumed, None), size.households as usize, first).learning();
        lender.live(&mut world, LEARNING_DAYS)?;
        loans.extend(lender.loans.into_iter().filter(|loan| loan.drawn_on < until));
    }
    Ok(loans)
}

/// A scorer learnt from a past, as a policy wants it; none where it scores by nothing.
pub fn scorer(county: &County, past: &Past, policy: &Policy) -> Result<Option<Scorer>, RunError> {
    if policy.scoring == Scoring::None {
        return Ok(None);
    }
    match Scorer::learn(past, policy, LEARNING_SEED) {
        Ok(scorer) => Ok(Some(scorer)),
        Err(error) => Err(RunError::Learning { county: county.code.clone(), why: error.to_string() }),
    }
}
