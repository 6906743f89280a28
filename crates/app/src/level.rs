//! How much a household may move by itself, by how well it is known (账户分类): per payment, day and year.
//!
//! The figures are the institution's, in its settings; without any, balance and bank balance are the only limits. What counts is what
//! the household itself moves out of its wallet: to its own account, to other households, to merchants. What staff do under the
//! permission table does not count.

use basics::{Cell, Date, Id};
use door::app::{Context, Decided, Refusal, Stamp};
use door::overlay::{Fault, Needs, Overlay};
use door::{ActorKind, Change, Stop, key};
use minicbor::{Decode, Encode};

use crate::books::check_text;
use crate::command::Outcome;
use crate::fact::Fact;
use crate::house::Tianxin;
use crate::observe::known_household;

door::text_enum! {
    /// How well a household is known, from least to best.
    pub enum WalletLevel {
        /// By its word and a check from afar: the third class of accounts in China.
        Basic = "basic",
        /// By several checks from afar, or a bound account: the second class.
        Checked = "checked",
        /// Face to face: the first class.
        Full = "full",
    }
}

/// What a level may move, in minor units; none where there is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelLimits {
    /// The level.
    pub level: WalletLevel,
    /// By one payment.
    pub per_payment_minor: Option<i64>,
    /// On one business day.
    pub per_day_minor: Option<i64>,
    /// In one calendar year.
    pub per_year_minor: Option<i64>,
}

/// Say how well a household is known.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SetLevel {
    /// The cell.
    #[n(0)]
    pub cell: Cell,
    /// The household.
    #[n(1)]
    pub household: Id,
    /// The level.
    #[n(2)]
    pub level: WalletLevel,
    /// What it rests on: who saw whom, and where; which checks.
    #[n(3)]
    pub evidence: String,
}

door::table! {
    /// How well a household is known, and what it has moved.
    pub struct WalletUse = "wallet_use" (Household, State, key 2) {
        /// The cell.
        cell: Cell,
        /// The household.
        household: Id,
        /// The level.
        level: WalletLevel,
        /// The business day that `day_minor` is of.
        day: Date,
        /// What it moved on that day, in minor units.
        day_minor: i64,
        /// What it moved in that day's year.
        year_minor: i64,
    }
}

impl WalletUse {
    /// A household of which nothing is told is known least, and has moved nothing.
    fn new(cell: Cell, household: Id, day: Date) -> WalletUse {
        WalletUse { cell, household, level: WalletLevel::Basic, day, day_minor: 0, year_minor: 0 }
    }

    /// What it moved on a day and in that day's year, in minor units.
    pub fn used_on(self, day: Date) -> (i64, i64) {
        let used = self.on(day);
        (used.day_minor, used.year_minor)
    }

    /// The same, with what belongs to another day or year gone.
    fn on(self, day: Date) -> WalletUse {
        let year_minor = if self.day.year() == day.year() { self.year_minor } else { 0 };
        let day_minor = if self.day == day { self.day_minor } else { 0 };
        WalletUse { day, day_minor, year_minor, ..self }
    }
}

/// Which limit would be passed, and what is left under it.
fn passed(limits: &LevelLimits, used: &WalletUse, amount: i64) -> Option<(&'static str, i64)> {
    [
        ("payment", limits.per_payment_minor, 0),
        ("day", limits.per_day_minor, used.day_minor),
        ("year", limits.per_year_minor, used.year_minor),
    ]
    .into_iter()
    .filter_map(|(which, limit, before)| Some((which, limit? - before)))
    .find(|(_, left)| amount > *left)
    .map(|(which, left)| (which, left.max(0)))
}

/// What the limits say of an amount.
pub(crate) enum Within {
    /// It may be moved; the fact that counts it, where it counts.
    Counted(Vec<Fact>),
    /// A business no.
    Passed(Change<Tianxin>),
}

impl Tianxin {
    /// Asks for what [`Tianxin::within_limits`] reads.
    pub(crate) fn needs_limits(&self, cell: Cell, household: Id, needs: &mut Needs) {
        if !self.limits.is_empty() {
            needs.rows::<WalletUse>(key![cell, household]);
        }
    }

    /// Whether a household may move an amount by itself now.
    pub(crate) fn within_limits(
        &self,
        slice: &Overlay,
        household: Id,
        amount: i64,
        context: &Context,
    ) -> Result<Within, Stop> {
        if self.limits.is_empty() || context.actor.kind != ActorKind::Household {
            return Ok(Within::Counted(Vec::new()));
        }
        let row = slice.get::<WalletUse>(&key![context.cell, household])?;
        let used =
            row.unwrap_or_else(|| WalletUse::new(context.cell, household, context.open_date)).on(context.open_date);
        let limits = self.limits.iter().find(|limits| limits.level == used.level);
        // A level that the settings do not name may move nothing: no figure is not the same as no limit.
        let none =
            LevelLimits { level: used.level, per_payment_minor: Some(0), per_day_minor: None, per_year_minor: None };
        match passed(limits.unwrap_or(&none), &used, amount) {
            None => Ok(Within::Counted(vec![Fact::WalletUsed { household, amount_minor: amount }])),
            Some((which, left_minor)) => {
                let fact = Fact::Declined { code: "over_limit".to_owned() };
                let which = which.to_owned();
                Ok(Within::Passed(Change::new(Outcome::OverLimit { which, left_minor }, vec![fact])))
            }
        }
    }

    pub(crate) fn needs_set_level(&self, command: &SetLevel, needs: &mut Needs) {
        needs.rows::<crate::tables::Household>(key![command.cell, command.household]);
        needs.rows::<WalletUse>(key![command.cell, command.household]);
    }

    pub(crate) fn set_level(&self, slice: &Overlay, command: &SetLevel, context: &Context) -> Decided<Tianxin> {
        let SetLevel { cell, household, level, ref evidence } = *command;
        check_text("what the level rests on", evidence, 300)?;
        known_household(slice, cell, household)?;
        let row = slice.get::<WalletUse>(&key![cell, household])?;
        let before = row.unwrap_or_else(|| WalletUse::new(cell, household, context.open_date)).level;
        if before == level {
            return Err(
                Refusal::new("level_stands", format!("the household is of level {} already", level.as_str())).into()
            );
        }
        let fact = Fact::LevelSet { household, level, evidence: evidence.clone() };
        Ok(Change::new(Outcome::Done, vec![fact]))
    }
}

/// Turns the facts of levels into rows.
pub(crate) fn apply(books: &mut Overlay, stamp: &Stamp, fact: &Fact) -> Result<(), Fault> {
    let cell = stamp.cell;
    let row = |books: &Overlay, household: Id| -> Result<WalletUse, Fault> {
        let row = books.get::<WalletUse>(&key![cell, household])?;
        Ok(row.unwrap_or_else(|| WalletUse::new(cell, household, stamp.booking_date)).on(stamp.booking_date))
    };
    match fact {
        Fact::LevelSet { household, level, .. } => {
            let used = row(books, *household)?;
            books.put(&WalletUse { level: *level, ..used });
        }
        Fact::WalletUsed { household, amount_minor } => {
            let used = row(books, *household)?;
            let day_minor = used.day_minor.saturating_add(*amount_minor);
            let year_minor = used.year_minor.saturating_add(*amount_minor);
            books.put(&WalletUse { day_minor, year_minor, ..used });
        }
        other => return Err(Fault::Broken(format!("{other:?} is no fact of a level"))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_years_begin_anew_and_the_nearest_limit_is_named() {
        let day = |text: &str| Date::parse(text).unwrap();
        let limits = LevelLimits {
            level: WalletLevel::Basic,
            per_payment_minor: Some(1_000),
            per_day_minor: Some(2_000),
            per_year_minor: Some(5_000),
        };
        let used = WalletUse {
            cell: Cell(1),
            household: Id::from_u128(1),
            level: WalletLevel::Basic,
            day: day("2026-12-30"),
            day_minor: 1_500,
            year_minor: 4_800,
        };
        for (on, amount, told) in [
            ("2026-12-30", 100, None),
            ("2026-12-30", 1_001, Some(("payment", 1_000))),
            ("2026-12-30", 600, Some(("day", 500))),
            ("2026-12-31", 600, Some(("year", 200))),
            ("2027-01-01", 1_000, None),
        ] {
            assert_eq!(passed(&limits, &used.clone().on(day(on)), amount), told, "{on} {amount}");
        }
        let free = LevelLimits { per_payment_minor: None, per_day_minor: None, per_year_minor: None, ..limits };
        assert_eq!(passed(&free, &used, i64::MAX), None);
    }
}
