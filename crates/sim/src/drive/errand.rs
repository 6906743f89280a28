//! A deed on its way through the door: which rows it reads, which command it becomes, and what its answer means.
//!
//! Making ready ([`Errand::make`]) is pure work on what was read and runs on many threads; understanding an answer
//! ([`Driver::understand`]) changes what the driver remembers and runs in the order of the deeds.

use app::Tianxin;
use app::application::{Apply, SeasonAsked};
use app::command::{Command, Outcome};
use app::correct::CorrectLoan;
use app::desk::{DeskError, EnrolRequest, Known, NewMember, Reading, prepare};
use app::payment::PaymentState;
use app::repay::Repay;
use app::review::AskForPerson;
use app::sign::{Draw, Sign};
use app::tables::{ApplicationStatus, MemberRole};
use app::transfer::Transfer;
use app::wallet::{TopUp, Withdraw};
use app::withdrawn::WithdrawApplication;
use basics::merkle::leaf_hash;
use basics::{Cell, Date, Id, Instant, Money};
use door::backend::DirectoryRow;
use door::permission::{Verdict, may_do};
use door::{Actor, Answer, App, DoorError, Order, Request};
use insight::Event;
use loan::season::Grown;
use loan::{Happening, fold};

use super::book::{Book, Deal, Home, Stage};
use super::rail::{Open, REFUSED};
use super::reminder::owed_fen;
use super::staff::{Staff, household};
use super::window::Carried;
use super::{DriveError, Driver, Pace, Platform};
use crate::deed::{Act, Deed, HouseholdNo, Mine, Pay, Person, Told, Way};

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
    /// The drawing of what was signed.
    Draw,
    /// The word of the second person.
    Approve(Id),
}

/// What a step became.
pub(super) enum Made {
    /// An enrolment, with its row of the directory.
    Enrol(Box<(DirectoryRow, Request<Command>)>),
    /// A command, and what to make of its answer.
    Send(Box<(Request<Command>, After)>),
    /// Nothing to send: this is what the household is told.
    Tell(Vec<Told>),
}

/// What to make of an answer.
#[derive(Clone, Debug)]
pub(super) enum After {
    /// Money of the wallet moved.
    Wallet,
    /// Money went to another household's wallet.
    Given,
    /// An account elsewhere was bound.
    Bound,
    /// A payment over a rail was asked for.
    Asked(Box<Open>),
    /// The rail's word was brought.
    Word,
    /// An application was let go.
    LetGo(Mine),
    /// An application goes to a person.
    PersonAsked(Mine),
    /// Events were folded.
    Observed(u64),
    /// It waits for its decision.
    Applied,
    /// It was decided: the offer, and the codes of the reasons.
    Decided(Option<Told>, Vec<String>),
    /// It was signed and waits to be drawn.
    Signed,
    /// It was drawn: how much, and what falls due.
    Drawn(i64, Vec<(Date, i64)>),
    /// This much was paid.
    Repaid(i64),
    /// A payment was dated back.
    Corrected,
    /// A loan has a later end.
    Changed,
    /// It sells on lines, and this is kept of each sale, hundredths of a percent.
    SellsOnLines(i64),
    /// This line was opened, with its limit.
    LineOpen(Id, i64),
    /// This was bought by its line.
    Bought(Id, HouseholdNo, i64),
    /// A purchase went back to this shop.
    BroughtBack(HouseholdNo, i64),
    /// This much was paid on its line.
    LinePaid(i64),
    /// It waits for a second person, under the id of its command.
    Proposed(Id),
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
            (Act::AskLimit, _) | (Act::Apply { .. }, Step::Decide) | (Act::Accept { .. }, Step::First | Step::Draw) => {
                Some(Reading::Lending)
            }
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
            members: vec![NewMember {
                role: MemberRole::Head,
                name: person.name.clone(),
                resident_id: person.resident_id.clone(),
                phone: Some(person.phone.clone()),
                extra_fields: around.second_proof.map(|hash| ("pin".to_owned(), hash.to_owned())).into_iter().collect(),
            }],
            consents: person.consents.clone(),
        };
        let (vault, cells) = (around.platform.vault.as_ref(), around.platform.backend.cells());
        let (claims, request) = prepare::enrolment(vault, cells, &asked, actor, around.at(self.deed.second))?;
        let row = claims.into_iter().next();
        let row = row.ok_or_else(|| DeskError::Damaged("an enrolment claims nothing".to_owned()))?;
        Ok(Made::Enrol(Box::new((row, request))))
    }
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
    fn by_its_way(&self, step: &str, command: Command, after: After) -> Made {
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

    fn wallet(&self) -> Made {
        let (cell, id) = (self.home.cell, self.home.id);
        match &self.errand.deed.act {
            Act::PayIn { amount_fen } => {
                // What comes by phone comes from another bank: the rail tells the platform.
                let actor = match self.errand.deed.way {
                    Way::Phone => Actor::SYSTEM,
                    Way::Window => self.around.staff.clerk,
                };
                let reference = "paid in".to_owned();
                let amount = self.money(*amount_fen);
                let top_up =
                    Command::TopUp(TopUp { cell, household: id, amount, value_date: self.errand.kept_on, reference });
                send(Request::plain(self.id("pay in"), actor, self.at(), Order::Do(top_up)), After::Wallet)
            }
            Act::TakeOut { amount_fen } => {
                let amount = self.money(*amount_fen);
                let withdraw = Command::Withdraw(Withdraw { cell, household: id, amount, value_date: None });
                self.by_its_way("take out", withdraw, After::Wallet)
            }
            Act::Give { to, amount_fen } => {
                let Some(payee) = self.around.book.home(*to) else {
                    return Made::Tell(vec![self.errand.no("unknown_payee")]);
                };
                let transfer = Command::Transfer(Transfer {
                    cell,
                    from: id,
                    to_cell: payee.cell,
                    to: payee.id,
                    amount: self.money(*amount_fen),
                    note: "between households".to_owned(),
                });
                self.by_its_way("give", transfer, After::Given)
            }
            _ => Made::Tell(Vec::new()),
        }
    }

    fn let_go(&self, mine: Mine) -> Made {
        let (cell, household, application) = self.application_of(mine);
        let withdraw = Command::WithdrawApplication(WithdrawApplication { cell, household, application });
        self.by_its_way("let go", withdraw, After::LetGo(mine))
    }

    fn to_a_person(&self, mine: Mine) -> Made {
        let (cell, household, application) = self.application_of(mine);
        let ask = Command::AskForPerson(AskForPerson { cell, household, application });
        self.by_its_way("ask for a person", ask, After::PersonAsked(mine))
    }

    fn application_of(&self, mine: Mine) -> (Cell, Id, Id) {
        (self.home.cell, self.home.id, of_deal(self.home.id, "application", mine))
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
                measure: None,
                source: None,
                known: None,
            })
            .collect();
        let vault = self.around.platform.vault.as_ref();
        let request = known.observation(vault, self.id("live"), &events, Actor::SYSTEM, self.at())?;
        Ok(send(request, After::Observed(events.len() as u64)))
    }

    fn application(&self) -> Made {
        let Act::Apply { mine, product, amount_fen, months, purpose, region, crops } = &self.errand.deed.act else {
            return Made::Tell(Vec::new());
        };
        if self.home.deals.contains_key(mine) {
            return Made::Tell(vec![self.errand.no("application_exists")]);
        }
        let grown = crops.iter().map(|(crop, area)| Grown { crop: crop.clone(), weight_milli: i64::from(*area) });
        let follows_seasons = self.around.platform.house.product(product).is_ok_and(|product| product.season.is_some());
        let season = SeasonAsked { region: region.clone(), crops: grown.collect() };
        let apply = Command::Apply(Apply {
            cell: self.home.cell,
            household: self.home.id,
            application: of_deal(self.home.id, "application", *mine),
            product: product.clone(),
            amount: self.money(*amount_fen),
            term_months: *months,
            purpose: purpose.clone(),
            // Only a product that follows the seasons is asked for with region and crops.
            season: follows_seasons.then_some(season),
        });
        self.by_its_way("apply", apply, After::Applied)
    }

    fn decision(&self, mine: Mine, known: &Known) -> Result<Made, DeskError> {
        let platform = self.around.platform;
        let application = of_deal(self.home.id, "application", mine);
        let (house, vault) = (&platform.house, platform.vault.as_ref());
        let decision = known.decision(house, &platform.judge, vault, self.id("decide"), application, self.at())?;
        let offer = match decision.application.status {
            ApplicationStatus::Approved => {
                let quote = known.offer(house, &decision.application)?;
                Some(Told::Offered {
                    mine,
                    approved_fen: decision.application.approved_minor,
                    rate_ppm: decision.application.rate_ppm,
                    cost_ppm: quote.cost.annualised_ppm,
                    dues: dues(&quote.schedule),
                })
            }
            _ => None,
        };
        let reasons = decision.assessment.decision.reasons.iter().map(|reason| reason.code.clone()).collect();
        Ok(send(decision.request, After::Decided(offer, reasons)))
    }

    /// Signing on the text that was shown, then drawing.
    fn acceptance(&self, mine: Mine, known: &Known) -> Result<Made, DeskError> {
        let (cell, id) = (self.home.cell, self.home.id);
        let contract = of_deal(id, "contract", mine);
        let request = |step: &str, command| Request::plain(self.id(step), self.own(), self.at(), Order::Do(command));
        if self.errand.step == Step::Draw {
            let (principal_fen, dues) = known.signed(contract)?;
            let draw =
                Command::Draw(Draw { cell, household: id, contract, loan: of_deal(id, "loan", mine), amount: None });
            return Ok(send(request("draw", draw), After::Drawn(principal_fen, dues)));
        }
        let application = known.application(of_deal(id, "application", mine))?;
        let quote = known.offer(&self.around.platform.house, &application)?;
        let sign = Command::Sign(Sign {
            cell,
            household: id,
            application: application.id,
            contract,
            text_hash: leaf_hash(quote.schedule.to_string().as_bytes()).to_vec().into(),
            evidence: match self.errand.deed.way {
                Way::Phone => "read and confirmed on the phone",
                Way::Window => "read and signed at the window",
            }
            .to_owned(),
        });
        Ok(send(request("sign", sign), After::Signed))
    }

    fn repayment(&self, mine: Mine, pay: Pay, known: &Known) -> Result<Made, DeskError> {
        let loan = of_deal(self.home.id, "loan", mine);
        let Some((_, terms, events)) = known.loan(loan)? else {
            return Ok(Made::Tell(vec![self.errand.no("unknown_loan")]));
        };
        let day = self.errand.kept_on.unwrap_or(self.around.day);
        let amount_fen = match pay {
            Pay::Fen(fen) => fen,
            Pay::Due => owed_fen(&fold(&terms, &events, day)?, day)?,
            Pay::Off => fold(&terms, &events, day)?.payoff_fen,
        };
        if amount_fen <= 0 {
            return Ok(Made::Tell(vec![self.errand.no("nothing_due")]));
        }
        if self.errand.kept_on.is_some() {
            return Ok(self.dated_back(loan, day, amount_fen));
        }
        let repay = Command::Repay(Repay {
            cell: self.home.cell,
            household: self.home.id,
            loan,
            amount: self.money(amount_fen),
            value_date: None,
        });
        Ok(self.by_its_way("repay", repay, After::Repaid(amount_fen)))
    }
}

impl Making<'_> {
    /// A payment that was brought on a day that is closed: a correction, proposed by the accountant.
    fn dated_back(&self, loan: Id, value_date: Date, amount_fen: i64) -> Made {
        let correct = Command::CorrectLoan(CorrectLoan {
            cell: self.home.cell,
            household: self.home.id,
            loan,
            value_date,
            what: Happening::Paid { amount_fen },
            reference: format!("window slip of {value_date}"),
            reason: "the window was out of order".to_owned(),
        });
        let (id, order) = (self.id("repay"), Order::Propose(correct));
        send(Request::plain(id, self.around.staff.accountant, self.at(), order), After::Proposed(id))
    }
}

impl Driver {
    /// Makes of an answer what the household is told; says which step comes next, if any.
    pub(super) fn understand(
        &mut self,
        errand: &mut Errand,
        answer: Result<Answer, DoorError>,
        after: After,
        told: &mut Vec<Told>,
    ) -> Result<Option<Step>, DriveError> {
        let no_of = errand.deed.household;
        let door = |error: DoorError| DriveError::Door {
            date: self.day,
            what: format!("household {}: {:?}", no_of.0, errand.deed.act),
            error,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(DoorError::Refused(refusal)) if refusal.code.ends_with("_stale") && errand.tries < TRIES_MAX => {
                errand.tries += 1;
                return Ok(Some(errand.step));
            }
            Err(DoorError::Refused(refusal)) => {
                told.push(errand.no(refusal.code));
                return Ok(None);
            }
            Err(error) => return Err(door(error)),
        };
        let outcome = answer.outcome::<Tianxin>().map_err(door)?;
        match (&after, &outcome) {
            (After::Proposed(id), _) => return Ok(Some(Step::Approve(*id))),
            (_, Outcome::InsufficientFunds { .. }) => told.push(errand.no("insufficient_funds")),
            (_, Outcome::UnknownPayee) => told.push(errand.no("unknown_payee")),
            (_, Outcome::OverFacility { .. }) => told.push(errand.no("over_facility")),
            (_, Outcome::FacilityShut { .. }) => told.push(errand.no("facility_shut")),
            (_, Outcome::MoreThanDue { .. }) => told.push(errand.no("more_than_due")),
            (After::Observed(count), Outcome::Observed { .. }) => self.counts.events += count,
            (After::Applied, Outcome::Done) => return Ok(Some(Step::Decide)),
            (After::Bound, Outcome::Done) => {
                self.book.bound(no_of);
                return Ok(Some(Step::First));
            }
            (After::Asked(open), Outcome::PaymentAsked) => {
                return Ok(self.payment_stands(open).then_some(Step::Word));
            }
            (After::Asked(_), Outcome::BelowFloor) => told.push(errand.no("below_floor")),
            (After::Word, Outcome::PaymentStands { state }) => {
                if *state == PaymentState::Refused.as_str() {
                    told.push(errand.no(REFUSED));
                }
            }
            (After::LetGo(mine), Outcome::Done) => self.book.set(no_of, *mine, Stage::Ended),
            (After::PersonAsked(mine), Outcome::Done) => {
                self.book.set(no_of, *mine, Stage::Referred);
                self.book.referred.push((no_of, *mine));
                told.push(Told::Referred { mine: *mine });
            }
            (After::Decided(offer, reasons), Outcome::Decided { status, .. }) => {
                self.decided(errand, *status, offer.clone(), reasons, told);
            }
            (After::Signed, Outcome::Done) => return Ok(Some(Step::Draw)),
            (After::Drawn(amount_fen, dues), Outcome::Done) => {
                if let Act::Accept { mine } = errand.deed.act {
                    self.book.set(no_of, mine, Stage::Running);
                    self.book.watch(no_of, mine, self.day, dues);
                    self.counts.loans += 1;
                    told.push(Told::Drawn { mine, amount_fen: *amount_fen, dues: dues.clone() });
                }
            }
            (After::Repaid(amount_fen), Outcome::Repaid { outstanding_minor, closed, .. }) => {
                if let Act::Repay { mine, .. } = errand.deed.act {
                    if *closed {
                        self.book.set(no_of, mine, Stage::Closed);
                    }
                    let (amount_fen, outstanding_fen, closed) = (*amount_fen, *outstanding_minor, *closed);
                    told.push(Told::Paid { mine, amount_fen, outstanding_fen, closed });
                }
            }
            (After::Corrected, Outcome::Corrected { allocation, outstanding_minor, .. }) => {
                if let Act::Repay { mine, .. } = errand.deed.act {
                    let a = allocation;
                    let parts =
                        [a.principal_fen, a.interest_fen, a.fee_fen, a.penalty_fen, a.compound_fen, a.excess_fen];
                    let amount_fen = parts.into_iter().sum();
                    told.push(Told::Paid { mine, amount_fen, outstanding_fen: *outstanding_minor, closed: false });
                }
            }
            (After::Changed, Outcome::Serviced { .. }) => {
                if let Act::Agree { mine } = errand.deed.act
                    && let Some(proposal) = self.book.proposals.remove(&(no_of, mine))
                {
                    self.book.watch(no_of, mine, self.day, &proposal.dues);
                    told.push(Told::Changed { mine, dues: proposal.dues });
                }
            }
            (_, Outcome::OverLine { .. }) => told.push(errand.no("over_line")),
            (After::Wallet | After::Given, _) => {}
            (
                After::SellsOnLines(_)
                | After::LineOpen(..)
                | After::Bought(..)
                | After::BroughtBack(..)
                | After::LinePaid(_),
                outcome,
            ) if self.shopped(no_of, &after, outcome, told) => {}
            (after, outcome) => {
                return Err(self.broken(format!("household {}: {after:?} was answered {outcome:?}", no_of.0)));
            }
        }
        Ok(None)
    }

    fn decided(
        &mut self,
        errand: &Errand,
        status: ApplicationStatus,
        offer: Option<Told>,
        reasons: &[String],
        told: &mut Vec<Told>,
    ) {
        let Act::Apply { mine, product, .. } = &errand.deed.act else { return };
        let (no_of, mine) = (errand.deed.household, *mine);
        let Some(id) = self.book.home(no_of).map(|home| home.id) else { return };
        let stage = match status {
            ApplicationStatus::Approved => Stage::Offered,
            ApplicationStatus::Referred => Stage::Referred,
            _ => Stage::Ended,
        };
        let application = of_deal(id, "application", mine);
        self.book.put(
            no_of,
            mine,
            Deal { application, loan: of_deal(id, "loan", mine), product: product.clone(), stage },
        );
        match (stage, offer) {
            (Stage::Offered, Some(offer)) => told.push(offer),
            (Stage::Referred, _) => {
                self.book.referred.push((no_of, mine));
                told.push(Told::Referred { mine });
            }
            _ => told.push(Told::Refused { mine, reasons: reasons.to_vec() }),
        }
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
