//! What detectors step on: an event, a day that ends, a label that arrives.

use basics::{Date, Id, Instant};
use insight::{Event, EventKind, Stream};

/// One input of a monitor.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Something happened.
    Event(Sight<'a>),
    /// This day is over for a household: the time to see what did not happen.
    Tick(Tick),
    /// What became of an event, as far as it is known. Late by nature.
    Label(Label),
}

/// An event with what the lender knows around it.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The event.
    pub event: &'a Event,
    /// The moment it happened, or was told where no more is known.
    pub at: Instant,
    /// The village of the household.
    pub village: Option<u64>,
    /// The device it was done on, as a scattered key.
    pub device: Option<u64>,
    /// The clerk or window that did it.
    pub clerk: Option<u64>,
    /// The key under which the household itself is another's counterparty.
    pub own_key: Option<u64>,
}

impl Sight<'_> {
    /// Day of the event since 1970-01-01: its value date.
    pub fn day(&self) -> i32 {
        self.event.date.days()
    }

    /// Hour of the day, 0 to 23, of the moment.
    pub fn hour(&self) -> usize {
        (self.at.0.rem_euclid(86_400_000_000) / 3_600_000_000) as usize
    }

    /// The amount without sign, minor units.
    pub fn amount(&self) -> u64 {
        self.event.amount_minor.unsigned_abs()
    }

    /// Whether money left the household.
    pub fn is_out(&self) -> bool {
        self.event.kind.stream() == Stream::Out
    }

    /// Whether money came to the household.
    pub fn is_in(&self) -> bool {
        self.event.kind.stream() == Stream::In
    }

    /// Whether it is income that a season brings: sales, wages, subsidies, rent.
    pub fn is_income(&self) -> bool {
        use EventKind::{HarvestSale, LandRentIn, PaymentIn, Pension, Salary, Subsidy};
        matches!(self.event.kind, HarvestSale | LandRentIn | PaymentIn | Pension | Salary | Subsidy)
    }

    /// Whether it is cash over a counter, which limits of reporting are about.
    pub fn is_cash(&self) -> bool {
        matches!(self.event.kind, EventKind::CashDeposit | EventKind::CashWithdrawal)
    }
}

/// The end of a household's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The household.
    pub household: Id,
    /// The day that is over.
    pub day: Date,
    /// Its village.
    pub village: Option<u64>,
    /// The next instalment that is owed and unpaid, and its day, where the books know one.
    pub owed: Option<(Date, u64)>,
}

/// What an event turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The household of the event.
    pub household: Id,
    /// The event.
    pub event: Id,
    /// Its other side.
    pub counterparty: Option<u64>,
    /// Its day.
    pub day: Date,
    /// Its amount without sign, minor units.
    pub amount_minor: u64,
    /// Whether it was what is looked for.
    pub is_true: bool,
}
