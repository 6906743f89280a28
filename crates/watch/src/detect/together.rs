//! Several households behind one: one party, one device, one clerk, one window.

use insight::EventKind;

use super::{Context, Detector, Settings};
use crate::habits::short;
use crate::input::{Input, Sight};
use crate::places::{Payee, Ties};
use crate::signal::{Declared, Kind, Late, Reading};

/// One user behind the loans of several households. The monitor asks it of loan money alone.
#[derive(Clone, Copy, Debug)]
pub struct ManyBorrowers(
    /// Span in days; households that it takes.
    pub Settings,
);

impl Detector for ManyBorrowers {
    type State = Payee;

    const DECLARED: Declared =
        Declared { kind: Kind::ManyBorrowers, bytes_max: size_of::<Payee>(), late: Late::AsItComes };

    /// Four bits for each household, from the number on that it takes.
    fn step(&self, state: &mut Payee, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        let ties = match sight.event.kind {
            EventKind::LoanPayment => &mut state.repaid,
            _ => &mut state.takers,
        };
        let ties = ties.get_or_insert_default();
        let (households, _) = ties.meet(household_key(sight), sight.day(), sight.amount(), self.0.span);
        Some(several(households, &self.0, ties, 4_000))
    }
}

/// One device on which several households act.
#[derive(Clone, Copy, Debug)]
pub struct SharedDevice(
    /// Span in days; households that it takes.
    pub Settings,
);

impl Detector for SharedDevice {
    type State = Ties;

    const DECLARED: Declared =
        Declared { kind: Kind::SharedDevice, bytes_max: size_of::<Ties>(), late: Late::AsItComes };

    /// Three bits for each household: kin share a phone, a village does not.
    fn step(&self, state: &mut Ties, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        let (households, _) = state.meet(household_key(sight), sight.day(), sight.amount(), self.0.span);
        Some(several(households, &self.0, state, 3_000))
    }
}

/// A member of the staff whose money repays for households.
#[derive(Clone, Copy, Debug)]
pub struct ClerkRepays(
    /// Span in days; households that it takes.
    pub Settings,
);

impl Detector for ClerkRepays {
    type State = Ties;

    const DECLARED: Declared =
        Declared { kind: Kind::ClerkRepays, bytes_max: size_of::<Ties>(), late: Late::AsItComes };

    /// Six bits for each household, the first included: it is the bank's own staff.
    fn step(&self, state: &mut Ties, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        let (households, _) = state.meet(household_key(sight), sight.day(), sight.amount(), self.0.span);
        Some(several(households, &self.0, state, 6_000))
    }
}

/// Cash taken out for several households in one go.
#[derive(Clone, Copy, Debug)]
pub struct CardAgent(
    /// Span in minutes; households that it takes.
    pub Settings,
);

impl Detector for CardAgent {
    type State = Ties;

    const DECLARED: Declared = Declared { kind: Kind::CardAgent, bytes_max: size_of::<Ties>(), late: Late::AsItComes };

    /// Three bits for each household within the span on one device.
    fn step(&self, state: &mut Ties, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        if sight.event.kind != EventKind::CashWithdrawal {
            return None;
        }
        let minute = i32::try_from(sight.at.0.div_euclid(60_000_000)).unwrap_or(i32::MAX);
        let (households, _) = state.meet(household_key(sight), minute, sight.amount(), self.0.span);
        Some(several(households, &self.0, state, 3_000))
    }
}

fn several(households: u64, settings: &Settings, ties: &Ties, milli_each: u64) -> Reading {
    let is_many = households >= settings.count;
    Reading {
        strength_milli: if is_many { (households.min(9) * milli_each) as i32 } else { 0 },
        observed: households as i64,
        expected: (0, settings.count as i64 - 1),
        peers: None,
        evidence: ties.evidence(),
    }
}

/// The key of a household among ties.
pub fn household_key(sight: &Sight<'_>) -> u64 {
    short(sight.event.household.0.as_u128())
}
