//! Whom one can sign in as: households that the past has left, and two newcomers who are enrolled beside them.

use std::path::PathBuf;

use app::application::Apply;
use app::command::Command;
use app::desk::{Desk, EnrolRequest, NewMember};
use app::tables::MemberRole;
use basics::{Currency, Id, Instant, Money};
use door::{Actor, ActorKind, Order, Request, Role};
use serde::{Deserialize, Serialize};

use super::past::{Known, Past};
use crate::clock;
use crate::config::Place;
use crate::failure::Failure;
use crate::sim::run::write_file;

/// Where the cast is kept for later starts.
const FILE: &str = "cast.toml";
/// The product that a household asks for which has never asked before.
const FIRST_PRODUCT: &str = "disaster-insurance-loan";
/// What the second newcomer asks for.
const ASKED: (&str, i64, u16) = ("short-working-capital", 800_000, 6);

/// A newcomer: name, resident id in an area code that is not in use, phone, village.
type Newcomer = (&'static str, &'static str, &'static str, &'static str);

const NEWCOMER: Newcomer = ("田示范甲", "379999198806140010", "17099999901", "示范1乡新村");
/// The one whose application waits at the office.
const WAITING: Newcomer = ("田示范乙", "379999199103020025", "17099999902", "示范1乡新村");

/// A household to sign in as: its phone, and what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Phone.
    pub phone: String,
    /// What it has to show.
    pub shows: String,
}

/// Whom to sign in as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cast {
    /// The households, in the order in which they are introduced.
    pub household: Vec<SignIn>,
}

impl Cast {
    /// Enrols the newcomers and chooses whom else to introduce.
    pub fn choose(desk: &Desk, past: &Past, pin_hash: &str, at: Instant) -> Result<Cast, Failure> {
        enrol(desk, &NEWCOMER, pin_hash, at)?;
        let waiting = enrol(desk, &WAITING, pin_hash, at)?;
        ask(desk, waiting, at)?;
        let borrower = best(&past.borrowers, |known| {
            Ok(desk.facility(known.id)?.map_or(0, |facility| facility.position.available_fen))
        })?;
        let saver = best(&past.savers, |known| {
            let limits = desk.limits(known.id)?;
            Ok(limits.iter().find(|limit| limit.product == FIRST_PRODUCT).map_or(0, |limit| limit.available_minor))
        })?;
        let shown = [
            (borrower.map(|known| known.phone.clone()), "a household with a loan under way and some of its limit left"),
            (saver.map(|known| known.phone.clone()), "a household that has not asked for a loan"),
            (Some(NEWCOMER.2.to_owned()), "a household we know nothing of yet: its requests go to the office"),
        ];
        let household =
            shown.into_iter().filter_map(|(phone, shows)| Some(SignIn { phone: phone?, shows: shows.to_owned() }));
        Ok(Cast { household: household.collect() })
    }

    /// Keeps it in the data folder.
    pub fn keep(&self, place: &Place) -> Result<(), Failure> {
        let text = toml::to_string(self).map_err(|error| Failure::Wrong(error.to_string()))?;
        write_file(&path(place), |file| Ok(file.write_all(text.as_bytes())?))
    }

    /// The cast of a demonstration that was made before.
    pub fn read(place: &Place) -> Result<Cast, Failure> {
        let path = path(place);
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::Usage(format!(
                "{} is no folder of a demonstration, or of one that an earlier version made: name another with --data, \
                 or remove it",
                place.data.display()
            )),
            _ => Failure::file(&path, "read", error),
        })?;
        toml::from_str(&text).map_err(|error| Failure::Unreachable(format!("{} is not valid: {error}", path.display())))
    }
}

fn path(place: &Place) -> PathBuf {
    place.data.join(FILE)
}

/// The one with the most; none if all have nothing.
fn best(all: &[Known], mut measure: impl FnMut(&Known) -> Result<i64, Failure>) -> Result<Option<&Known>, Failure> {
    let mut found: Option<(i64, &Known)> = None;
    for known in all {
        let fen = measure(known)?;
        if fen > found.map_or(0, |(most, _)| most) {
            found = Some((fen, known));
        }
    }
    Ok(found.map(|(_, known)| known))
}

fn enrol(desk: &Desk, newcomer: &Newcomer, pin_hash: &str, at: Instant) -> Result<Id, Failure> {
    let (name, resident_id, phone, village) = *newcomer;
    let household = clock::new_id()?;
    let asked = EnrolRequest {
        command_id: household.derive("enrol"),
        household,
        village: village.to_owned(),
        members: vec![NewMember {
            role: MemberRole::Head,
            name: name.to_owned(),
            resident_id: resident_id.to_owned(),
            phone: Some(phone.to_owned()),
            extra_fields: vec![("pin".to_owned(), pin_hash.to_owned())],
        }],
        consents: vec![("platform".to_owned(), "2026-01".to_owned())],
    };
    desk.enrol(&asked, Actor::SYSTEM, at)?;
    Ok(household)
}

/// Asks for a loan that model and rules will leave to people.
fn ask(desk: &Desk, household: Id, at: Instant) -> Result<(), Failure> {
    let (product, amount_fen, term_months) = ASKED;
    let uses = &desk.house().product(product).map_err(|error| Failure::Wrong(error.to_string()))?.uses;
    let application = clock::new_id()?;
    let apply = Command::Apply(Apply {
        cell: desk.cell_of(household),
        household,
        application,
        product: product.to_owned(),
        amount: Money::new(amount_fen, Currency::CNY),
        term_months,
        purpose: uses.first().cloned().unwrap_or_default(),
        season: None,
    });
    let own = Actor { kind: ActorKind::Household, id: household, role: Role::Household };
    desk.engine.call(Request::plain(clock::new_id()?, own, at, Order::Do(apply)))?;
    desk.decide(clock::new_id()?, household, application, at)?;
    Ok(())
}
