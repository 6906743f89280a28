//! The borrowers of a benchmark: households of a data folder, each known well enough to be lent to.

use std::sync::Arc;

use app::Tianxin;
use app::assess::{self, Asked, Judge, Standing};
use app::command::Command;
use app::enrol::{Enrol, Member};
use app::observe::Observe;
use app::tables::{ApplicationStatus, MemberRole};
use app::vault::{Vault, VaultError, seal_field};
use app::wallet::TopUp;
use basics::{Cell, Currency, Date, Id, Instant, Money, cbor};
use door::{Actor, ActorKind, Backend, Order, Request, Role, Stepper};
use insight::{Event, Profile};
use loan::Product;
use score::ModelFile;
use sim::deed::{Act, Lived};
use sim::moments::Lender;
use sim::{County, World};

use super::county::open_date;
use crate::config::{Place, Settings};
use crate::demo::judge;
use crate::failure::Failure;
use crate::init::Init;
use crate::terminal::Progress;
use crate::vault::Keys;
use crate::{clock, lending};

/// Households founded in one batch.
const FOUNDING_BATCH: usize = 512;
/// The product that all ask for.
const PRODUCT: &str = "short-working-capital";
/// Households of the county whose lives are lent to the borrowers, and the days that they are lived.
const LIVES: u32 = 400;
const LIFE_DAYS: i32 = 365;
const SEED: u64 = 40_961;
/// An age that lends: that of each is near enough to it to decide the same.
const AGE_YEARS: i64 = 40;

/// A household, and the loan it will ask for.
#[derive(Clone, Copy, Debug)]
pub struct Borrower {
    /// Its cell.
    pub cell: Cell,
    /// The household.
    pub household: Id,
    /// How much.
    pub amount: Money,
    /// For how many months.
    pub term_months: u16,
}

impl Borrower {
    /// The household as it acts itself.
    pub fn actor(&self) -> Actor {
        Actor { kind: ActorKind::Household, id: self.household, role: Role::Household }
    }
}

/// A founded institution and its borrowers.
pub struct Borrowers {
    /// Its data folder.
    pub place: Place,
    /// The application.
    pub tianxin: Arc<Tianxin>,
    /// The keys that seal its households' data.
    pub vault: Arc<Keys>,
    /// Model and rules.
    pub judge: Judge,
    /// The product that all ask for.
    pub product: Product,
    /// What for.
    pub purpose: String,
    /// Each will be lent what it asks for.
    pub all: Vec<Borrower>,
}

/// The model that decides, trained as that of the demonstration.
pub fn model() -> Result<ModelFile, Failure> {
    judge::model(open_date())
}

/// What was seen of a household over the last year, day by day.
type Life = Vec<(Date, Lived)>;

/// The lives of a county's households in the year before `on`, with a plain lender among them.
fn lives(on: Date) -> Result<Vec<Life>, Failure> {
    let county = County::shipped().map_err(|error| Failure::Wrong(error.to_string()))?;
    let first = on.add_days(-LIFE_DAYS);
    let mut world = World::new(&county, SEED, LIVES, first);
    let mut lender = Lender::new(LIVES as usize);
    let mut lives = vec![Life::new(); LIVES as usize];
    for date in (0..LIFE_DAYS).map(|day| first.add_days(day)) {
        let mut deeds = world.morning(date, &lender.night());
        while !deeds.is_empty() {
            for deed in &deeds {
                if let (Act::Live(lived), Some(life)) = (&deed.act, lives.get_mut(deed.household.0 as usize)) {
                    life.extend(lived.iter().map(|one| (date, *one)));
                }
            }
            deeds = world.react(date, &lender.answers(date, &deeds));
        }
        world.evening(date);
        lender.close(date);
    }
    Ok(lives)
}

impl Borrowers {
    /// Makes a data folder with `count` households: enrolled, with money in the wallet and a sealed profile.
    ///
    /// The profile holds a year of movements. Of those only one is stored beside it: no decision reads them.
    pub fn found(place: Place, count: u32, model: &ModelFile, progress: &Progress) -> Result<Borrowers, Failure> {
        let opened = Init::demonstration(open_date()).run_quietly(&place)?;
        let mut settings = Settings::read(&place)?;
        settings.model = Some(lending::keep_model(&place, model)?);
        settings.write(&place)?;
        let judge = lending::judge(&place, &settings)?;
        let product = opened.tianxin.product(PRODUCT).map_err(|error| Failure::Wrong(error.to_string()))?.clone();
        let purpose = product.uses.first().cloned().unwrap_or_default();
        let (tianxin, vault) = (opened.tianxin.clone(), Arc::new(Keys::new(opened.keys.clone())));
        let mut borrowers = Borrowers { place, tianxin, vault, judge, product, purpose, all: Vec::new() };
        borrowers.enrol_all(&opened.backend, count as usize, progress)?;
        Ok(borrowers)
    }

    fn enrol_all(&mut self, backend: &Arc<dyn Backend>, count: usize, progress: &Progress) -> Result<(), Failure> {
        let at = clock::now();
        let mut stepper = Stepper::new(self.tianxin.clone(), backend.clone(), 3 * FOUNDING_BATCH);
        let lives = self.lent_to(lives(open_date())?)?;
        let mut numbers = (0..).zip(lives.iter().cycle());
        while self.all.len() < count {
            progress.set(format!("{} of {count} households", self.all.len()));
            let mut known = Vec::new();
            while known.len() < FOUNDING_BATCH.min(count - self.all.len()) {
                let too_few = || Failure::Wrong("the model would lend to nobody of the made-up county".to_owned());
                let (number, life) = numbers.next().ok_or_else(too_few)?;
                known.extend(self.known(number, life, backend.cells())?);
            }
            let persons: Vec<Id> = known.iter().map(|known| person(known.borrower.household)).collect();
            self.vault.make_keys(&persons).map_err(sealing)?;
            let mut requests = Vec::with_capacity(3 * known.len());
            for known in &known {
                requests.extend(self.first_commands(known, at)?);
            }
            for answer in stepper.step(requests).into_iter().chain(stepper.deliver()) {
                answer?;
            }
            self.all.extend(known.iter().map(|known| known.borrower));
        }
        Ok(())
    }

    /// The lives that model and rules would lend to.
    fn lent_to(&self, lives: Vec<Life>) -> Result<Vec<Life>, Failure> {
        let mut kept = Vec::new();
        for life in lives {
            if self.known(0, &life, 1)?.is_some() {
                kept.push(life);
            }
        }
        Ok(kept)
    }

    /// The household of a number that has lived like this, if model and rules would lend what it asks for: two months of what
    /// comes in.
    fn known(&self, number: u64, life: &Life, cells: u16) -> Result<Option<Known>, Failure> {
        let on: Date = open_date();
        let household = Id::default().derive(&format!("bench household {SEED} {number}"));
        let mut profile = Profile::default();
        let (mut version, mut last) = (0, None);
        for (date, lived) in life {
            let event = Event {
                household,
                id: household.derive(&format!("event {version}")),
                date: *date,
                kind: lived.kind,
                amount_minor: lived.amount_fen,
                balance_after_minor: lived.balance_after_fen,
                counterparty: lived.counterparty,
                channel: lived.channel,
                consent: None,
                measure: lived.measure,
                source: None,
                known: None,
            };
            profile.fold(&event).map_err(|error| Failure::Wrong(error.to_string()))?;
            version += 1;
            last = Some(event);
        }
        let Some(last) = last else { return Ok(None) };
        let inflow: i64 = life.iter().map(|(_, lived)| lived.amount_fen.max(0)).sum();
        let borrower = Borrower {
            cell: Cell::of(household, cells),
            household,
            amount: Money::new((inflow / 6 / 10_000).clamp(20, 400) * 10_000, Currency::CNY),
            term_months: 12,
        };
        let standing = Standing { age_years: Some(AGE_YEARS), ..Standing::default() };
        let (amount, purpose) = (borrower.amount, self.purpose.clone());
        let asked = Asked { application: household, amount, term_months: borrower.term_months, purpose, on };
        let assessment = assess::assess(&self.judge, &self.product, Some(&profile), &standing, &asked)
            .map_err(|error| Failure::Wrong(error.to_string()))?;
        let lends = assessment.status() == ApplicationStatus::Approved;
        Ok(lends.then_some(Known { borrower, number, profile, version, last }))
    }

    /// Enrolment, money in the wallet, profile.
    fn first_commands(&self, known: &Known, at: Instant) -> Result<[Request<Command>; 3], Failure> {
        let Known { borrower: Borrower { cell, household, .. }, .. } = *known;
        let person = person(household);
        let ids = ["enrol", "top up", "observe"].map(|purpose| household.derive(purpose));
        let [enrol, top_up, observe] = ids;
        let hash = |domain: &str, value: &str| self.vault.keyed_hash(domain, value.as_bytes()).to_vec().into();
        // Sealed at once and shown to nobody: a number is name enough.
        let name = format!("示范{}", known.number);
        let (resident_id, phone) = (format!("379998{:012}", known.number), format!("1701{:07}", known.number));
        let mut fields = Vec::new();
        for (field, value) in [("name", &name), ("resident_id", &resident_id), ("phone", &phone)] {
            fields.push(seal_field(self.vault.as_ref(), person, field, enrol, value.as_bytes()).map_err(sealing)?);
        }
        let contacts = vec![
            ("resident_id".to_owned(), hash("resident_id", &resident_id)),
            ("phone".to_owned(), hash("phone", &phone)),
        ];
        let members = vec![Member { person, role: MemberRole::Head, fields, contacts }];
        let (village, consents) = ("示范村".to_owned(), vec![("platform".to_owned(), "2026-01".to_owned())]);
        let enrolled = Command::Enrol(Enrol { cell, household, village, members, consents });
        let (amount, reference) = (Money::new(30_000, Currency::CNY), "first deposit".to_owned());
        let filled = Command::TopUp(TopUp { cell, household, amount, value_date: None, reference });
        let seal = |field: &str, plain: &[u8]| self.vault.seal(person, field, observe, plain).map_err(sealing);
        let event = known.last.id;
        let (ciphertext, commitment) = seal(&format!("event {event}"), &cbor::to_bytes(&known.last))?;
        let (profile, _) = seal(&format!("profile {}", known.version), &cbor::to_bytes(&known.profile))?;
        let observed = Command::Observe(Observe {
            cell,
            household,
            person,
            version_before: 0,
            version: known.version,
            events: vec![(event, ciphertext.into(), commitment.to_vec().into())],
            profile: profile.into(),
        });
        let request = |id, command| Request::plain(id, Actor::SYSTEM, at, Order::Do(command));
        Ok([request(enrol, enrolled), request(top_up, filled), request(observe, observed)])
    }
}

/// A household that is to be founded.
struct Known {
    borrower: Borrower,
    number: u64,
    profile: Profile,
    version: i64,
    /// The last of its year's movements: the one that is stored.
    last: Event,
}

fn person(household: Id) -> Id {
    household.derive("person-0")
}

fn sealing(error: VaultError) -> Failure {
    Failure::Unreachable(format!("the key store could not seal a household's data: {error}"))
}
