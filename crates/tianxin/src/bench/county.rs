//! The county that benchmarks work on: households with wallets, and what they ask for.

use std::sync::Arc;

use app::command::Command;
use app::enrol::{Enrol, Member, SealedField};
use app::quota::{Fund, GrantQuota};
use app::tables::MemberRole;
use app::transfer::Transfer;
use app::wallet::{TopUp, Withdraw};
use app::{Institution, Tianxin};
use basics::{Cell, Currency, Date, Id, Instant, Money};
use door::{Actor, ActorKind, Backend, Order, Request, Role, Stepper};
use ledger::Chart;

use crate::clock;
use crate::failure::Failure;
use crate::terminal::Progress;

/// Commands written at once while the county is founded.
const FOUNDING_BATCH: usize = 4_096;
/// What every wallet holds at the start, in minor units.
const START_MINOR: i64 = 1_000_000;
/// Each cell's share of the bank balance, in minor units: enough for every payout.
const QUOTA_MINOR: i64 = 1_000_000_000_000;
/// Amounts are 1 to so many minor units.
const AMOUNTS: usize = 5_000;
/// What a transfer is for.
const NOTE: &str = "seed maize";

/// The mix, in words.
pub const MIX: &str = "40 % top up, 30 % withdraw, 20 % transfer within a cell, 10 % transfer across cells";

/// The application that benchmarks run.
pub fn tianxin() -> Result<Arc<Tianxin>, Failure> {
    let unusable = |error: app::SetUpError| Failure::Wrong(error.to_string());
    let chart = Chart::parse("cn-rural.toml", ledger::CHART_CN_RURAL).map_err(|error| unusable(error.into()))?;
    let tianxin = Tianxin::new(Institution::rural_bank("Bench Co-operative"), chart).map_err(unusable)?;
    Ok(Arc::new(tianxin.with_hands(crate::many::hands())))
}

/// The day the benchmark's books are open on.
pub fn open_date() -> Date {
    clock::now().date_at_offset(480)
}

/// A stream of numbers from a seed (splitmix64): the same households and commands in every run.
#[derive(Clone, Debug)]
pub struct Stream(pub u64);

impl Stream {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }

    /// An id as callers make them: a UUIDv7 of `at`.
    pub fn id(&mut self, at: Instant) -> Id {
        let (a, b) = (self.bits().to_be_bytes(), self.bits().to_be_bytes());
        clock::v7(at, &[a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], b[0], b[1]])
    }
}

/// The households of a database.
pub struct County {
    /// Each with its cell.
    households: Vec<(Cell, Id)>,
    /// The households of each cell.
    by_cell: Vec<Vec<Id>>,
}

impl County {
    /// `count` households, the same each time, spread over the cells of a database.
    pub fn new(count: usize, cells: u16) -> County {
        let mut stream = Stream(0x7469_616e);
        // Enrolled one a second over the past.
        let first = Instant(1_700_000_000_000_000);
        let mut by_cell = vec![Vec::new(); usize::from(cells) + 1];
        let households = (0..count)
            .map(|n| {
                let id = stream.id(first.add_seconds(n as i64));
                let cell = Cell::of(id, cells);
                by_cell[usize::from(cell.0)].push(id);
                (cell, id)
            })
            .collect();
        County { households, by_cell }
    }

    /// Founds it through the door: capital, quotas, households with a person and money in the wallet.
    pub fn found(&self, app: &Arc<Tianxin>, backend: &Arc<dyn Backend>, progress: &Progress) -> Result<(), Failure> {
        let mut stream = Stream(1);
        let at = clock::now();
        let mut stepper = Stepper::new(app.clone(), backend.clone(), FOUNDING_BATCH);
        let mut send = |commands: Vec<Command>| -> Result<(), Failure> {
            let requests = commands
                .into_iter()
                .map(|command| Request::plain(stream.id(at), Actor::SYSTEM, at, Order::Do(command)))
                .collect();
            for answer in stepper.step(requests).into_iter().chain(stepper.deliver()) {
                answer?;
            }
            Ok(())
        };
        let money = |minor| Money::new(minor, Currency::CNY);
        let cells = self.by_cell.len() as i64 - 1;
        for _ in 0..cells.div_euclid(10) + 1 {
            send(vec![Command::Fund(Fund { amount: money(10 * QUOTA_MINOR), reference: "capital".to_owned() })])?;
        }
        let grant = |cell| Command::GrantQuota(GrantQuota { to: Cell(cell), amount: money(QUOTA_MINOR) });
        send((1..self.by_cell.len()).map(|cell| grant(cell as u16)).collect())?;
        for (part, households) in self.households.chunks(FOUNDING_BATCH / 2).enumerate() {
            progress.set(format!("{} of {} households", part * FOUNDING_BATCH / 2, self.households.len()));
            let enrol = households.iter().map(|(cell, id)| enrol(*cell, *id));
            let fill = households.iter().map(|(cell, id)| top_up(*cell, *id, START_MINOR));
            send(enrol.chain(fill).collect())?;
        }
        Ok(())
    }

    /// The next command of a caller, in the mix that [`MIX`] tells.
    pub fn ask(&self, stream: &mut Stream, at: Instant) -> Request<Command> {
        let (cell, household) = self.households[stream.below(self.households.len())];
        let minor = 1 + stream.below(AMOUNTS) as i64;
        let amount = Money::new(minor, Currency::CNY);
        let own = own(household);
        let transfer = |(to_cell, to)| {
            Command::Transfer(Transfer { cell, from: household, to_cell, to, amount, note: NOTE.to_owned() })
        };
        let (actor, command) = match stream.below(10) {
            0..=3 => (Actor::SYSTEM, top_up(cell, household, minor)),
            4..=6 => (own, Command::Withdraw(Withdraw { cell, household, amount, value_date: None })),
            7..=8 => match self.neighbour(stream, cell, household) {
                Some(to) => (own, transfer((cell, to))),
                None => (Actor::SYSTEM, top_up(cell, household, minor)),
            },
            _ => match self.stranger(stream, cell) {
                Some(to) => (own, transfer(to)),
                None => (Actor::SYSTEM, top_up(cell, household, minor)),
            },
        };
        Request::plain(stream.id(at), actor, at, Order::Do(command))
    }

    /// A transfer between two households of one cell.
    pub fn transfer_within(&self, stream: &mut Stream, at: Instant) -> Request<Command> {
        loop {
            let (cell, from) = self.households[stream.below(self.households.len())];
            if let Some(to) = self.neighbour(stream, cell, from) {
                return transfer(stream, at, (cell, from), (cell, to));
            }
        }
    }

    /// A transfer to a household of another cell; within one where there is no other.
    pub fn transfer_across(&self, stream: &mut Stream, at: Instant) -> Request<Command> {
        let (cell, from) = self.households[stream.below(self.households.len())];
        match self.stranger(stream, cell) {
            Some(to) => transfer(stream, at, (cell, from), to),
            None => self.transfer_within(stream, at),
        }
    }

    /// A movement between a wallet and the institution's bank balance, as often in as out.
    pub fn with_the_bank(&self, stream: &mut Stream, at: Instant) -> Request<Command> {
        let (cell, household) = self.households[stream.below(self.households.len())];
        let minor = 1 + stream.below(AMOUNTS) as i64;
        let (actor, command) = if stream.below(2) == 0 {
            (Actor::SYSTEM, top_up(cell, household, minor))
        } else {
            let amount = Money::new(minor, Currency::CNY);
            (own(household), Command::Withdraw(Withdraw { cell, household, amount, value_date: None }))
        };
        Request::plain(stream.id(at), actor, at, Order::Do(command))
    }

    fn neighbour(&self, stream: &mut Stream, cell: Cell, not: Id) -> Option<Id> {
        let others = &self.by_cell[usize::from(cell.0)];
        (0..8).map(|_| others[stream.below(others.len())]).find(|id| *id != not)
    }

    fn stranger(&self, stream: &mut Stream, not: Cell) -> Option<(Cell, Id)> {
        (0..64).map(|_| self.households[stream.below(self.households.len())]).find(|(cell, _)| *cell != not)
    }
}

fn own(household: Id) -> Actor {
    Actor { kind: ActorKind::Household, id: household, role: Role::Household }
}

fn transfer(stream: &mut Stream, at: Instant, from: (Cell, Id), to: (Cell, Id)) -> Request<Command> {
    let amount = Money::new(1 + stream.below(AMOUNTS) as i64, Currency::CNY);
    let ((cell, from), (to_cell, to)) = (from, to);
    let command = Command::Transfer(Transfer { cell, from, to_cell, to, amount, note: NOTE.to_owned() });
    Request::plain(stream.id(at), own(from), at, Order::Do(command))
}

fn top_up(cell: Cell, household: Id, minor: i64) -> Command {
    let amount = Money::new(minor, Currency::CNY);
    Command::TopUp(TopUp { cell, household, amount, value_date: None, reference: "bank slip 0001".to_owned() })
}

fn enrol(cell: Cell, household: Id) -> Command {
    let hash = basics::merkle::leaf_hash(household.as_bytes());
    let field =
        SealedField { field: "name".to_owned(), ciphertext: vec![7; 48].into(), commitment: hash.to_vec().into() };
    let member = Member {
        person: household.derive("head"),
        role: MemberRole::Head,
        fields: vec![field],
        contacts: vec![("phone".to_owned(), hash.to_vec().into())],
    };
    Command::Enrol(Enrol {
        cell,
        household,
        village: format!("village-{}", hash[0]),
        members: vec![member],
        consents: vec![("enrolment".to_owned(), "2026-01".to_owned())],
    })
}
