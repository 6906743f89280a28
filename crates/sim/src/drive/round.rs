//! A round of deeds through the door, in waves of one step a household.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use app::desk::{DeskError, Known, Reading};
use basics::{Cell, Id};
use door::directory::{self, EnrolError};
use door::{Answer, DoorError, Request};

use super::answer::After;
use super::errand::{Errand, Made, Surroundings, cell_of, persons_of};
use super::window::Carried;
use super::{DriveError, Driver, record};
use crate::deed::{Act, Deed, HouseholdNo, Reply, Told};

/// Steps prepared at once; while they go through the door, the next are prepared.
const PART: usize = 2_048;

/// A part of a wave, ready for the door.
type Ready = Vec<Result<Made, DeskError>>;

impl Driver {
    /// Carries deeds through the door, each household's in their order; what they are told, in the order of the deeds.
    pub(super) fn carry(&mut self, round: u32, deeds: Vec<Carried>) -> Result<Vec<Reply>, DriveError> {
        self.round = round;
        self.counts.deeds += deeds.len() as u64;
        let mut told: Vec<(HouseholdNo, Vec<Told>)> =
            deeds.iter().map(|carried| (carried.deed.household, Vec::new())).collect();
        let mut purses = Purses::of(&deeds);
        let wishes = deeds.iter().filter_map(|carried| match carried.deed.act {
            Act::AskReplan { mine } => Some((carried.deed.household, mine)),
            _ => None,
        });
        self.book.wishes.extend(wishes);
        let mut queues: BTreeMap<HouseholdNo, VecDeque<Errand>> = BTreeMap::new();
        for (place, carried) in deeds.into_iter().enumerate() {
            let queue = queues.entry(carried.deed.household).or_default();
            let ordinal = queue.len() as u32;
            queue.push_back(Errand::new(carried, place, ordinal));
        }
        while !queues.is_empty() {
            let mut wave: Vec<Errand> = queues.values_mut().filter_map(VecDeque::pop_front).collect();
            wave.sort_by_key(|errand| (errand.deed.second, errand.deed.household));
            for errand in self.wave(wave, &mut told, &mut purses)? {
                queues.entry(errand.deed.household).or_default().push_front(errand);
            }
            queues.retain(|_, queue| !queue.is_empty());
        }
        self.deliver()?;
        let mut replies: Vec<Reply> = Vec::new();
        for (household, told) in told {
            replies.extend(told.into_iter().map(|told| Reply { household, told }));
        }
        replies.extend(self.purses(purses)?);
        Ok(replies)
    }

    /// One step of each errand; those that go on come back.
    fn wave(
        &mut self,
        wave: Vec<Errand>,
        told: &mut [(HouseholdNo, Vec<Told>)],
        purses: &mut Purses,
    ) -> Result<Vec<Errand>, DriveError> {
        let mut going_on = Vec::new();
        let mut parts: VecDeque<Vec<Errand>> = VecDeque::new();
        let mut rest = wave;
        while !rest.is_empty() {
            let later = rest.split_off(PART.min(rest.len()));
            parts.push_back(std::mem::replace(&mut rest, later));
        }
        let Some(mut now) = parts.pop_front() else { return Ok(going_on) };
        let begun = Instant::now();
        let mut ready = self.prepare(&now)?;
        self.spent.preparing += begun.elapsed();
        loop {
            let next = parts.pop_front();
            let (sent, prepared) = self.send_while_preparing(&now, ready, next.as_deref())?;
            for (mut errand, outcome) in now.into_iter().zip(sent) {
                let place = errand.place;
                let next = match outcome {
                    Sent::Told(words) => {
                        told[place].1.extend(words);
                        None
                    }
                    Sent::Enrolled(answer) => {
                        self.enrolled(&errand, answer, &mut told[place].1)?;
                        None
                    }
                    Sent::Answered(answer, after) => {
                        let given = matches!(after, After::Given) && answer.is_ok();
                        let before = told[place].1.len();
                        let next = self.understand(&mut errand, answer, after, &mut told[place].1)?;
                        if given && next.is_none() && told[place].1.len() == before {
                            purses.gave(&errand.deed);
                        }
                        next
                    }
                };
                if let Some(step) = next {
                    errand.step = step;
                    going_on.push(errand);
                }
            }
            match (next, prepared) {
                (Some(errands), Some(prepared)) => {
                    now = errands;
                    ready = prepared;
                }
                _ => return Ok(going_on),
            }
        }
    }

    /// Sends a part, and prepares the next one meanwhile. A part has at most one step of a household, and no step reads
    /// what another household's changes, so that it does not matter which of the two comes first.
    fn send_while_preparing(
        &mut self,
        now: &[Errand],
        ready: Ready,
        next: Option<&[Errand]>,
    ) -> Result<(Vec<Sent>, Option<Ready>), DriveError> {
        let mut sent: Vec<Option<Sent>> = Vec::with_capacity(now.len());
        let (mut enrolling, mut enrolments) = (Vec::new(), Vec::new());
        let (mut sending, mut requests): (Vec<(usize, After)>, Vec<Request<_>>) = (Vec::new(), Vec::new());
        for (place, made) in ready.into_iter().enumerate() {
            match made.map_err(|error| self.desk_error("a deed", error))? {
                Made::Tell(told) => sent.push(Some(Sent::Told(told))),
                Made::Enrol(both) => {
                    enrolling.push(place);
                    enrolments.push(*both);
                    sent.push(None);
                }
                Made::Send(both) => {
                    let (request, after) = *both;
                    sending.push((place, after));
                    requests.push(request);
                    sent.push(None);
                }
            }
        }
        let sent_requests = self.sent(&requests);
        let sent_enrolments: Vec<record::Sent> = match self.recording {
            Some(_) => enrolments.iter().map(|(rows, request)| record::Sent::of(request, rows)).collect(),
            None => Vec::new(),
        };
        let Driver { platform, pace, stepper, readers, day, book, staff, second_proof, round, .. } = self;
        let second_proof = second_proof.as_deref();
        let around = Surroundings { platform, pace, book, staff, second_proof, day: *day, round: *round };
        let preparer = Preparer { around: &around, readers };
        let (answers, enrolled, prepared, spent) = std::thread::scope(|scope| {
            let preparing = next.map(|errands| scope.spawn(|| preparer.prepare(errands)));
            let begun = Instant::now();
            let enrolled = match enrolments.is_empty() {
                true => Ok(Vec::new()),
                false => directory::enrol_many(stepper, enrolments),
            };
            let answers = stepper.step(requests);
            let door = begun.elapsed();
            let prepared = preparing.map(std::thread::ScopedJoinHandle::join);
            (answers, enrolled, prepared, (door, begun.elapsed() - door))
        });
        self.spent.door += spent.0;
        self.spent.preparing += spent.1;
        self.counts.note(&answers);
        let enrolled =
            enrolled.map_err(|error| DriveError::Door { date: self.day, what: "an enrolment".to_owned(), error })?;
        self.counts.commands += enrolled.len() as u64;
        if !enrolled.is_empty() {
            self.note_wave(sent_enrolments, record::outcomes(&enrolled));
        }
        if !answers.is_empty() {
            self.note_wave(sent_requests, record::outcomes(&answers));
        }
        for (place, answer) in enrolling.into_iter().zip(enrolled) {
            sent[place] = Some(Sent::Enrolled(answer));
        }
        for ((place, after), answer) in sending.into_iter().zip(answers) {
            sent[place] = Some(Sent::Answered(answer, after));
        }
        let prepared = match prepared {
            None => None,
            Some(Ok(prepared)) => Some(prepared.map_err(|error| self.desk_error("a deed", error))?),
            Some(Err(_)) => return Err(self.broken("a thread that prepares has stumbled".to_owned())),
        };
        let missing = || Sent::Answered(Err(DoorError::Bug("a step was not answered".to_owned())), After::Wallet);
        Ok((sent.into_iter().map(|sent| sent.unwrap_or_else(missing)).collect(), prepared))
    }

    fn prepare(&self, errands: &[Errand]) -> Result<Ready, DriveError> {
        let Driver { platform, pace, readers, day, book, staff, second_proof, round, .. } = self;
        let second_proof = second_proof.as_deref();
        let around = Surroundings { platform, pace, book, staff, second_proof, day: *day, round: *round };
        let preparer = Preparer { around: &around, readers };
        preparer.prepare(errands).map_err(|error| self.desk_error("a deed", error))
    }

    fn enrolled(
        &mut self,
        errand: &Errand,
        answer: Result<Answer, EnrolError>,
        told: &mut Vec<Told>,
    ) -> Result<(), DriveError> {
        match (answer, errand.enrols()) {
            (Ok(_), Some(person)) => {
                let cell = cell_of(person.id, &self.platform);
                self.book.enrolled(errand.deed.household, person.id, cell, person.name.clone());
                told.push(Told::Enrolled);
            }
            (Err(EnrolError::Known { .. }), _) => told.push(errand.no("already_enrolled")),
            (Err(EnrolError::UnderWay), _) => told.push(errand.no("enrolment_under_way")),
            (Err(EnrolError::Door(DoorError::Refused(refusal))), _) => told.push(errand.no(refusal.code)),
            (Err(EnrolError::Door(error)), _) => {
                return Err(DriveError::Door { date: self.day, what: "an enrolment".to_owned(), error });
            }
            (Ok(_), None) => return Err(self.broken("an enrolment of nobody".to_owned())),
        }
        Ok(())
    }

    /// Tells of money that arrived, and where the wallets of those stand who moved any.
    fn purses(&self, purses: Purses) -> Result<Vec<Reply>, DriveError> {
        let mut replies: Vec<Reply> = purses.received;
        replies.extend(self.wallets(purses.touched)?);
        Ok(replies)
    }

    /// Where wallets stand.
    pub(super) fn wallets(&self, touched: BTreeSet<HouseholdNo>) -> Result<Vec<Reply>, DriveError> {
        let mut replies = Vec::new();
        let homes: Vec<(HouseholdNo, Cell, Id)> =
            touched.into_iter().filter_map(|no| self.book.home(no).map(|home| (no, home.cell, home.id))).collect();
        for part in homes.chunks(PART) {
            let keys: Vec<(Cell, Id)> = part.iter().map(|(_, cell, id)| (*cell, *id)).collect();
            for ((no, ..), known) in part.iter().zip(self.read(&keys, Reading::Wallet)?) {
                let wallet = known.wallet(&self.platform.house).map_err(|error| self.desk_error("a wallet", error))?;
                if let Some(wallet) = wallet {
                    let balance_fen = wallet.balance_minor - wallet.held_minor;
                    replies.push(Reply { household: *no, told: Told::Wallet { balance_fen } });
                }
            }
        }
        Ok(replies)
    }
}

/// What came of a step.
enum Sent {
    Told(Vec<Told>),
    Enrolled(Result<Answer, EnrolError>),
    Answered(Result<Answer, DoorError>, After),
}

/// Prepares steps, reading in one statement a table and working on many threads.
struct Preparer<'a> {
    around: &'a Surroundings<'a>,
    readers: &'a door::Readers,
}

impl Preparer<'_> {
    fn prepare(&self, errands: &[Errand]) -> Result<Ready, DeskError> {
        let persons: Vec<Id> = errands.iter().filter_map(Errand::enrols).flat_map(persons_of).collect();
        if !persons.is_empty() {
            self.around.platform.vault.make_keys(&persons)?;
        }
        let mut known: Vec<Option<Known>> = errands.iter().map(|_| None).collect();
        for reading in [Reading::Behaviour, Reading::Lending, Reading::Loans, Reading::Lines] {
            let (mut places, mut keys) = (Vec::new(), Vec::new());
            for (place, errand) in errands.iter().enumerate().filter(|(_, errand)| errand.reads() == Some(reading)) {
                if let Some(home) = self.around.book.home(errand.deed.household) {
                    places.push(place);
                    keys.push((home.cell, home.id));
                }
            }
            if keys.is_empty() {
                continue;
            }
            let read = self.readers.with(|reader| Ok(Known::read_many(reader, &keys, reading)))??;
            for (place, one) in places.into_iter().zip(read) {
                known[place] = Some(one);
            }
        }
        let threads = self.around.pace.threads.max(1);
        let size = errands.len().div_ceil(threads).max(1);
        let work = |errands: &[Errand], known: &[Option<Known>]| -> Ready {
            errands.iter().zip(known).map(|(errand, known)| errand.make(self.around, known.as_ref())).collect()
        };
        if errands.len() <= threads * 4 || threads == 1 {
            return Ok(work(errands, &known));
        }
        std::thread::scope(|scope| {
            let parts: Vec<_> = errands
                .chunks(size)
                .zip(known.chunks(size))
                .map(|(errands, known)| scope.spawn(move || work(errands, known)))
                .collect();
            let mut ready = Vec::with_capacity(errands.len());
            for part in parts {
                let stumbled = |_| DeskError::Damaged("a thread that prepares has stumbled".to_owned());
                ready.extend(part.join().map_err(stumbled)?);
            }
            Ok(ready)
        })
    }
}

/// Whose wallets moved in a round, and what arrived in them.
struct Purses {
    touched: BTreeSet<HouseholdNo>,
    received: Vec<Reply>,
}

impl Purses {
    fn of(deeds: &[Carried]) -> Purses {
        let moves = |act: &Act| {
            matches!(
                act,
                Act::PayIn { .. }
                    | Act::TakeOut { .. }
                    | Act::Give { .. }
                    | Act::Repay { .. }
                    | Act::Accept { .. }
                    | Act::BringPapers { .. }
                    | Act::PayByCode { .. }
                    | Act::PayLine { .. }
            )
        };
        let touched =
            deeds.iter().map(|carried| &carried.deed).filter(|deed| moves(&deed.act)).map(|deed| deed.household);
        let touched = touched.collect();
        Purses { touched, received: Vec::new() }
    }

    fn gave(&mut self, deed: &Deed) {
        if let Act::Give { to, amount_fen } = deed.act {
            let told = Told::Received { from: deed.household, amount_fen };
            self.received.push(Reply { household: to, told });
            self.touched.insert(to);
        }
    }
}
