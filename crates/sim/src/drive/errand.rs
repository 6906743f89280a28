//! A deed on its way through the door: which rows it reads, which command it becomes, and what its answer means.
//!
//! Making ready ([`Errand::make`]) is pure work on what was read and runs on many threads; understanding an answer
//! ([`super::Driver::understand`]) changes what the driver remembers and runs in the order of the deeds.

use app::Tianxin;
use app::command::Command;
use app::desk::{DeskError, EnrolRequest, Known, NewMember, Reading, prepare};
use app::tables::MemberRole;
use basics::{Cell, Date, Id, Instant, Money};
use door::backend::DirectoryRow;
use door::permission::{Verdict, may_do};
use door::{Actor, App, DoorError, Order, Request};
use insight::Event;

use super::answer::After;
use super::book::{Book, Home, Stage};
use super::staff::{Staff, household};
use super::window::Carried;
use super::{Pace, Platform};
use crate::deed::{Act, Deed, Mine, Person, Told, Way};

/// How often a request is made anew when what it rests on has changed.
const TRIES_MAX: u8 = 8;

/// A deed on its way.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) deed: Deed,
    /// The day on which it was brought to a window that was out of order.
    kept_on: Option<Date>,
    /// Its place among the deeds of the round, and among its household's.
    pub(super) place: usize,
    pub(super) ordinal: u32,
    pub(super) step: Step,
    tries: u8,
}

/// Which command of a deed comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The first, often the only one.
    First,
    /// The decision on what was applied for.
    Decide,
    /// The word of the rail that a payment goes over.
    Word,
    /// The next of the papers that were brought, by its place.
    Paper(u8),
    /// The drawing of what was signed.
    Draw,
    /// What was bought becomes known to the profile.
    Noted,
    /// The word of the second person.
    Approve(Id),
}

/// What a step became.
pub(super) enum Made {
    /// An enrolment, with its rows of the directory.
    Enrol(Box<(Vec<DirectoryRow>, Request<Command>)>),
    /// A command, and what to make of its answer.
    Send(Box<(Request<Command>, After)>),
    /// Nothing to send: this is what the household is told.
    Tell(Vec<Told>),
}

/// What making ready looks at.
pub(super) struct Surroundings<'a> {
    pub(super) platform: &'a Platform,
    pub(super) pace: &'a Pace,
    pub(super) book: &'a Book,
    pub(super) staff: &'a Staff,
    pub(super) second_proof: Option<&'a str>,
    pub(super) day: Date,
    pub(super) round: u32,
}

impl Errand {
    pub(super) fn new(carried: Carried, place: usize, ordinal: u32) -> Errand {
        let Carried { deed, kept_on } = carried;
        Errand { deed, kept_on, place, ordinal, step: Step::First, tries: 0 }
    }

    /// The rows that the next step reads.
    pub(super) fn reads(&self) -> Option<Reading> {
        match (&self.deed.act, self.step) {
            (Act::Live(_), _) => Some(Reading::Behaviour),
            (Act::AskLimit, _)
            | (Act::Apply { .. }, Step::Decide)
            | (Act::Accept { .. }, Step::First | Step::Draw)
            | (Act::BringPapers { .. }, Step::Draw) => Some(Reading::Lending),
            (Act::PayByCode { .. }, Step::Noted) => Some(Reading::Behaviour),
            (Act::Repay { .. }, Step::First) => Some(Reading::Loans),
            (Act::PayLine { .. }, Step::First) => Some(Reading::Lines),
            _ => None,
        }
    }

    /// Whom it enrols, under whose keys.
    pub(super) fn enrols(&self) -> Option<&Person> {
        match &self.deed.act {
            Act::Enrol(person) => Some(person),
            _ => None,
        }
    }

    /// The day on which it was brought, where that is not today.
    pub(super) fn kept_on(&self) -> Option<Date> {
        self.kept_on
    }

    /// Whether it may be made anew, since what it rests on has changed.
    pub(super) fn tries_again(&mut self) -> bool {
        self.tries += 1;
        self.tries <= TRIES_MAX
    }

    /// The platform says no to it.
    pub(super) fn no(&self, code: &str) -> Told {
        Told::no(code, &self.deed.act)
    }

    /// Makes the next step ready. What the platform would not take is told as such.
    pub(super) fn make(&self, around: &Surroundings<'_>, known: Option<&Known>) -> Result<Made, DeskError> {
        match self.step_made(around, known) {
            Err(DeskError::Door(DoorError::Refused(refusal))) => Ok(Made::Tell(vec![self.no(refusal.code)])),
            Err(DeskError::Loan(_)) => Ok(Made::Tell(vec![self.no("outside_product")])),
            made => made,
        }
    }

    fn step_made(&self, around: &Surroundings<'_>, known: Option<&Known>) -> Result<Made, DeskError> {
        if let Act::Enrol(person) = &self.deed.act {
            return self.enrolment(around, person);
        }
        let Some(home) = around.book.home(self.deed.household) else {
            return Ok(Made::Tell(vec![self.no("not_enrolled")]));
        };
        let made = Making { errand: self, around, home };
        if let Step::Approve(proposal) = self.step {
            let cell = if matches!(self.deed.act, Act::SellOnLines { .. }) { Cell::OFFICE } else { home.cell };
            let order = Order::Approve { cell, proposal };
            let request = Request::plain(made.id("approved"), around.staff.approver, made.at(), order);
            return Ok(send(request, self.after_approval()));
        }
        let unread = || DeskError::Damaged("a household was not read before its deed".to_owned());
        match &self.deed.act {
            Act::Live(_) => made.live(known.ok_or_else(unread)?),
            Act::AskLimit => {
                let platform = around.platform;
                let views =
                    known.ok_or_else(unread)?.limits(&platform.house, &platform.judge, platform.vault.as_ref())?;
                let limits = views.into_iter().map(|view| (view.product, view.available_minor)).collect();
                Ok(Made::Tell(vec![Told::Limits(limits)]))
            }
            Act::Apply { mine, .. } if self.step == Step::Decide => made.decision(*mine, known.ok_or_else(unread)?),
            Act::Apply { .. } => Ok(made.application()),
            Act::Accept { mine } => made.acceptance(*mine, known.ok_or_else(unread)?),
            Act::Repay { mine, pay } => made.repayment(*mine, *pay, known.ok_or_else(unread)?),
            Act::PayIn { amount_fen } | Act::TakeOut { amount_fen } => match made.rail() {
                Some(rail) => made.over_rail(rail, *amount_fen),
                None => Ok(made.wallet()),
            },
            Act::Give { .. } => Ok(made.wallet()),
            Act::Agree { mine } => Ok(made.agreement(*mine)),
            Act::AskReplan { mine } => Ok(Made::Tell(match home.deals.get(mine).map(|deal| deal.stage) {
                Some(Stage::Running) => Vec::new(),
                _ => vec![Told::NotChanged { mine: *mine }],
            })),
            Act::BringPapers { mine, .. } if self.step == Step::Draw => made.drawing(*mine, known.ok_or_else(unread)?),
            Act::BringPapers { mine, papers } => Ok(made.paper(*mine, papers)),
            Act::ShowUse { mine } => Ok(made.use_shown(*mine)),
            Act::PayByCode { shop, amount_fen } if self.step == Step::Noted => {
                made.bought_by_code(*shop, *amount_fen, known.ok_or_else(unread)?)
            }
            Act::PayByCode { shop, amount_fen } => made.code_payment(*shop, *amount_fen),
            Act::Decline { mine } => Ok(made.let_go(*mine)),
            Act::AskPerson { mine } => Ok(made.to_a_person(*mine)),
            Act::SellOnLines { discount_bp } => made.shop(*discount_bp),
            Act::OpenLine { limit_fen, months } => made.line(*limit_fen, *months),
            Act::Buy { shop, amount_fen } => made.purchase(*shop, *amount_fen),
            Act::BringBack => Ok(made.refund()),
            Act::PayLine { amount_fen } => made.line_payment(*amount_fen, known.ok_or_else(unread)?),
            Act::Enrol(_) => Ok(Made::Tell(vec![self.no("already_enrolled")])),
        }
    }

    fn after_approval(&self) -> After {
        match &self.deed.act {
            Act::Give { .. } => After::Given,
            Act::Apply { .. } => After::Applied,
            Act::Repay { .. } => After::Corrected,
            Act::Agree { .. } => After::Changed,
            Act::SellOnLines { discount_bp } => After::SellsOnLines(*discount_bp),
            _ => After::Wallet,
        }
    }

    fn enrolment(&self, around: &Surroundings<'_>, person: &Person) -> Result<Made, DeskError> {
        let actor = match self.deed.way {
            Way::Phone => household(person.id),
            Way::Window => around.staff.clerk,
        };
        let asked = EnrolRequest {
            command_id: person.id.derive("enrol"),
            household: person.id,
            village: person.village.clone(),
            members: members(person, around.second_proof),
            consents: person.consents.clone(),
        };
        let (vault, cells) = (around.platform.vault.as_ref(), around.platform.backend.cells());
        let (claims, request) = prepare::enrolment(vault, cells, &asked, actor, around.at(self.deed.second))?;
        Ok(Made::Enrol(Box::new((claims, request))))
    }
}

fn members(person: &Person, second_proof: Option<&str>) -> Vec<NewMember> {
    let head = NewMember {
        role: MemberRole::Head,
        name: person.name.clone(),
        resident_id: person.resident_id.clone(),
        phone: Some(person.phone.clone()),
        extra_fields: second_proof.map(|hash| ("pin".to_owned(), hash.to_owned())).into_iter().collect(),
    };
    let spouse = person.spouse.as_ref().map(|spouse| NewMember {
        role: MemberRole::Spouse,
        name: spouse.name.clone(),
        resident_id: spouse.resident_id.clone(),
        phone: None,
        extra_fields: Vec::new(),
    });
    std::iter::once(head).chain(spouse).collect()
}

/// The ids of those who enrol with a household, the head first.
pub(super) fn persons_of(person: &Person) -> Vec<Id> {
    (0..1 + usize::from(person.spouse.is_some())).map(|n| person.id.derive(&format!("person-{n}"))).collect()
}

impl Surroundings<'_> {
    fn at(&self, second: u32) -> Instant {
        self.platform.at(self.day, second)
    }
}

/// One errand of an enrolled household being made ready.
pub(super) struct Making<'a> {
    pub(super) errand: &'a Errand,
    pub(super) around: &'a Surroundings<'a>,
    pub(super) home: &'a Home,
}

impl Making<'_> {
    pub(super) fn at(&self) -> Instant {
        self.around.at(self.errand.deed.second)
    }

    /// The id of a command of this deed: it follows from who, when, which deed and which step.
    pub(super) fn id(&self, step: &str) -> Id {
        let (day, round, ordinal) = (self.around.day, self.around.round, self.errand.ordinal);
        self.home.id.derive(&format!("sim {day} {round} {ordinal} {step}"))
    }

    pub(super) fn own(&self) -> Actor {
        household(self.home.id)
    }

    pub(super) fn money(&self, fen: i64) -> Money {
        Money::new(fen, self.around.platform.house.institution.currency)
    }

    /// A command of the household itself or, at the window, of the clerk: proposed where that is over the clerk's amount.
    pub(super) fn by_its_way(&self, step: &str, command: Command, after: After) -> Made {
        let actor = match self.errand.deed.way {
            Way::Phone => self.own(),
            Way::Window => self.around.staff.clerk,
        };
        let house: &Tianxin = &self.around.platform.house;
        let id = self.id(step);
        let (order, after) = match may_do(house.rules(), &actor, &house.act(&command)) {
            Verdict::NeedsSecond => (Order::Propose(command), After::Proposed(id)),
            Verdict::Alone | Verdict::Denied => (Order::Do(command), after),
        };
        send(Request::plain(id, actor, self.at(), order), after)
    }

    fn live(&self, known: &Known) -> Result<Made, DeskError> {
        let Act::Live(lived) = &self.errand.deed.act else { return Ok(Made::Tell(Vec::new())) };
        let day = self.around.day;
        // Within a day the greater id is the later event.
        let first = (u128::from(day.days().unsigned_abs()) << 32)
            | (u128::from(self.around.round) << 24)
            | (u128::from(self.errand.ordinal) << 12);
        let low = self.home.id.0.as_u128() & u128::from(u64::MAX);
        let events: Vec<Event> = lived
            .iter()
            .enumerate()
            .map(|(n, lived)| Event {
                household: self.home.id,
                id: Id::from_u128((first | n as u128) << 64 | low),
                date: day,
                kind: lived.kind,
                amount_minor: lived.amount_fen,
                balance_after_minor: lived.balance_after_fen,
                counterparty: lived.counterparty,
                channel: lived.channel,
                consent: None,
                measure: lived.measure,
                source: None,
                known: None,
            })
            .collect();
        let vault = self.around.platform.vault.as_ref();
        let request = known.observation(vault, self.id("live"), &events, Actor::SYSTEM, self.at())?;
        Ok(send(request, After::Observed(events.len() as u64)))
    }
}

pub(super) fn send(request: Request<Command>, after: After) -> Made {
    Made::Send(Box::new((request, after)))
}

/// The id of an application, contract or loan, by its household's own number.
pub(super) fn of_deal(household: Id, what: &str, mine: Mine) -> Id {
    household.derive(&format!("{what} {mine}"))
}

/// What falls due by a schedule.
pub(crate) fn dues(schedule: &loan::Schedule) -> Vec<(Date, i64)> {
    schedule.rows.iter().map(|row| (row.due, row.total_fen)).collect()
}

/// The cell of a household of a database.
pub(super) fn cell_of(household: Id, platform: &Platform) -> Cell {
    Cell::of(household, platform.backend.cells())
}
