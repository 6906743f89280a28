//! Against the season: income of a household beside its village's, and villages as wholes.

use super::habit::SHARED;
use super::{Context, Detector, Settings};
use crate::habits::{Habits, MONTHS, month_of};
use crate::input::Input;
use crate::places::Village;
use crate::signal::{Declared, Kind, Late, Reading};

/// Income far below the same season of last year.
#[derive(Clone, Copy, Debug)]
pub struct IncomeGap(
    /// Percent of what was expected below which it counts; the least amount that is looked at.
    pub Settings,
);

/// The day of a month on which the two months before it are looked at: what is sold is told by then.
pub const LOOK_ON: i8 = 6;

impl Detector for IncomeGap {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::IncomeGap, bytes_max: SHARED, late: Late::InItsBucket };

    /// What came in over the last two closed months, against the same two of last year times how the village fares. A bit for each six
    /// hundredths that are missing of the whole, beyond what is asked for.
    fn step(&self, state: &mut Habits, ctx: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Tick(tick) = input else { return None };
        if tick.day.day() != LOOK_ON {
            return None;
        }
        let month = month_of(tick.day);
        let income =
            |months: [i32; 2]| months.map(|m| income_of(state, m)).iter().fold(0_u64, |a, b| a.saturating_add(*b));
        let (now, before) = (income([month - 1, month - 2]), income([month - 13, month - 14]));
        if before < self.0.amount_minor {
            return None;
        }
        let village = |months: [i32; 2]| {
            let known = |m: &i32| ctx.village.and_then(|village| village.income(*m));
            months.iter().filter_map(known).fold(0_u64, u64::saturating_add)
        };
        let (village_now, village_before) = (village([month - 1, month - 2]), village([month - 13, month - 14]));
        // How the village without this household fares, held within a half and twice: in thousandths.
        let (others_now, others_before) = (village_now.saturating_sub(now), village_before.saturating_sub(before));
        let fares = if others_before > before {
            (u128::from(others_now) * 1_000 / u128::from(others_before)).clamp(50, 2_000)
        } else {
            1_000
        };
        if fares < u128::from(self.0.percent) * 10 {
            // What befell the village is told of the village.
            return Some(Reading { peers: Some(fares as i64), ..Reading::QUIET });
        }
        let expected = (u128::from(before) * fares / 1_000).max(1);
        let percent = (u128::from(now) * 100 / expected).min(1_000) as u64;
        let missing = self.0.percent.saturating_sub(percent);
        Some(Reading {
            strength_milli: if missing > 0 { 4_000 + (missing * 1_000 / 6) as i32 } else { 0 },
            observed: i64::try_from(now).unwrap_or(i64::MAX),
            expected: (i64::try_from(expected * u128::from(self.0.percent) / 100).unwrap_or(i64::MAX), i64::MAX),
            peers: Some(fares as i64),
            evidence: [0; 4],
        })
    }
}

fn income_of(state: &Habits, month: i32) -> u64 {
    let slot = state.months[month.rem_euclid(MONTHS as i32) as usize];
    if slot.month == month { slot.income } else { 0 }
}

/// A whole village whose income falls away, or many of whose households turn late: one signal, not one a household.
#[derive(Clone, Copy, Debug)]
pub struct VillageShock(
    /// Days before it is told again; percent of last year's income below which it counts; households that it takes.
    pub Settings,
);

impl Detector for VillageShock {
    type State = Village;

    const DECLARED: Declared =
        Declared { kind: Kind::VillageShock, bytes_max: size_of::<Village>(), late: Late::InItsBucket };

    /// Looks at dues on every tick, at income on the day of the month on which it is told.
    fn step(&self, state: &mut Village, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Tick(tick) = input else { return None };
        let day = tick.day.days();
        if state.told.is_some_and(|told| day - told < self.0.span) {
            return None;
        }
        let reading = self.late(state, day).or_else(|| self.income(state, tick.day))?;
        if reading.strength_milli > 0 {
            state.told = Some(day);
        }
        Some(reading)
    }
}

impl VillageShock {
    /// At least as many households late within two weeks as it takes, and their share four times that of the weeks before.
    fn late(&self, state: &Village, day: i32) -> Option<Reading> {
        let ((dues, late), (dues_before, late_before)) = state.late(day);
        if u64::from(late) < self.0.count || dues == 0 {
            return None;
        }
        let usual = u64::from(dues) * (u64::from(late_before) * 1_000 + 20) / (u64::from(dues_before) + 1);
        let strength = crate::tail::poisson_milli(u64::from(late), usual.max(100));
        (strength > 10_000 && u64::from(late) * 3 >= u64::from(dues)).then_some(Reading {
            strength_milli: strength,
            observed: i64::from(late),
            expected: (0, (usual / 1_000) as i64 + 1),
            peers: Some(i64::from(dues)),
            evidence: [0; 4],
        })
    }

    fn income(&self, state: &Village, date: basics::Date) -> Option<Reading> {
        if date.day() != LOOK_ON {
            return None;
        }
        let month = month_of(date);
        let sum = |months: [i32; 2]| months.iter().filter_map(|m| state.income(*m)).fold(0_u64, u64::saturating_add);
        let earners = state.earners(month - 13).max(state.earners(month - 14));
        let (now, before) = (sum([month - 1, month - 2]), sum([month - 13, month - 14]));
        if u64::from(earners) < self.0.count || before == 0 {
            return None;
        }
        let percent = (u128::from(now) * 100 / u128::from(before)).min(1_000) as u64;
        let missing = self.0.percent.saturating_sub(percent);
        Some(Reading {
            strength_milli: if missing > 0 { 10_000 + (missing * 200) as i32 } else { 0 },
            observed: i64::try_from(now).unwrap_or(i64::MAX),
            expected: (
                i64::try_from(u128::from(before) * u128::from(self.0.percent) / 100).unwrap_or(i64::MAX),
                i64::MAX,
            ),
            peers: Some(i64::from(earners)),
            evidence: [0; 4],
        })
    }
}
