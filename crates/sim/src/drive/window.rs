//! Windows that are out of order: the clerk keeps what is brought, and sends it when the line is back.
//!
//! Money that was brought counts from the day it was brought, and is booked on the day it is sent. A payment of a loan is
//! then dated back, which takes two people. Nothing is decided or paid out while a window is out of order.

use basics::Date;

use super::{DriveError, Driver, People};
use crate::deed::{Act, Deed, Reply, Told, Way};

/// The round in which kept deeds go through the door, before the rounds of the day.
const SYNC_ROUND: u32 = 15;

/// A deed on its way to the door, with the day it was brought if that is not today.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) deed: Deed,
    pub(super) kept_on: Option<Date>,
}

impl Driver {
    /// Carries deeds of today, but for those that are brought to a window that is out of order.
    pub(super) fn carry_today(
        &mut self,
        people: &impl People,
        round: u32,
        deeds: Vec<Deed>,
    ) -> Result<Vec<Reply>, DriveError> {
        let (mut carried, mut told) = (Vec::with_capacity(deeds.len()), Vec::new());
        for deed in deeds {
            if deed.way == Way::Phone || !people.is_window_out(deed.household, self.day) {
                carried.push(Carried { deed, kept_on: None });
            } else if matches!(deed.act, Act::PayIn { .. } | Act::Repay { .. } | Act::Apply { .. }) {
                self.kept.push((self.day, deed));
            } else if !matches!(deed.act, Act::Live(_)) {
                told.push(Reply { household: deed.household, told: Told::no("window_out", &deed.act) });
            } else {
                // What was seen of a household comes from its accounts, not over the counter.
                carried.push(Carried { deed, kept_on: None });
            }
        }
        told.extend(self.carry(round, carried)?);
        Ok(told)
    }

    /// Sends what clerks kept while their windows were out of order, as far as those are back.
    pub(super) fn sync_windows(&mut self, people: &impl People) -> Result<Vec<Reply>, DriveError> {
        let today = self.day;
        let (still, back): (Vec<_>, Vec<_>) = std::mem::take(&mut self.kept)
            .into_iter()
            .partition(|(_, deed)| people.is_window_out(deed.household, today));
        self.kept = still;
        if back.is_empty() {
            return Ok(Vec::new());
        }
        let carried = back.into_iter().map(|(day, deed)| Carried { deed, kept_on: Some(day) });
        self.carry(SYNC_ROUND, carried.collect())
    }
}
