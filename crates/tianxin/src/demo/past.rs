//! The past of the demonstration: two years of a county that lived with the co-operative, until this morning.

use std::sync::Arc;

use app::assess::Judge;
use basics::{Date, Id};
use door::Role;
use sim::County;
use sim::drive::{Founding, Stage};

use crate::config::Opened;
use crate::failure::Failure;
use crate::sim::life::{Life, Plan};
use crate::terminal::Progress;

/// Households of the county: as many as can live two years while one waits for a demonstration.
const HOUSEHOLDS: u32 = 100;
/// Days that the co-operative has been open.
pub const DAYS_OPEN: i32 = 2 * 365;
/// Days for which nobody has visited: what was referred to people since then waits at the office.
const QUEUE_DAYS: i32 = 21;
const SEED: u64 = 20_261;
/// Who works there; each signs in under the name of its role.
pub const STAFF: [Role; 7] =
    [Role::Clerk, Role::Officer, Role::Analyst, Role::Accountant, Role::Approver, Role::Auditor, Role::Admin];

/// A household of the past: its id and phone.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its id.
    pub id: Id,
    /// Its phone.
    pub phone: String,
}

/// Whom the past leaves to be introduced.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Households with a loan under way.
    pub borrowers: Vec<Known>,
    /// Households that are enrolled and have never asked for a loan.
    pub savers: Vec<Known>,
}

/// By what people sign in, as hashes.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The password of all staff.
    pub password: String,
    /// The second proof of every household.
    pub pin: String,
}

/// Lives from the first day of the books until `today`, which is left open.
pub fn live(opened: Opened, judge: Judge, secrets: Secrets, today: Date, progress: &Progress) -> Result<Past, Failure> {
    let county = County::shipped().map_err(|error| Failure::Wrong(error.to_string()))?;
    let first = opened.open_day()?;
    // What is shipped may be on offer since a later day.
    let tianxin = Arc::new(opened.tianxin.as_ref().clone().offering_since(first));
    let opened = Opened { tianxin, ..opened };
    let founding = Founding {
        staff: STAFF.iter().map(|role| (role.as_str().to_owned(), *role)).collect(),
        password_hash: secrets.password,
        second_proof: Some(secrets.pin),
        ..Founding::of(HOUSEHOLDS, opened.backend.cells())
    };
    let plan = Plan::new(county, SEED, HOUSEHOLDS, first);
    let mut life = Life::found_with(&opened, judge, &plan, &founding)?;
    life.until(today.add_days(-QUEUE_DAYS), progress)?;
    life.driver.send_the_office_away();
    life.until(today, progress)?;
    let mut past = Past::default();
    for (no, home) in life.driver.book().homes() {
        let known = Known { id: home.id, phone: life.world.person(no).phone };
        if home.deals.is_empty() {
            past.savers.push(known);
        } else if home.deals.values().any(|deal| deal.stage == Stage::Running) {
            past.borrowers.push(known);
        }
    }
    Ok(past)
}
