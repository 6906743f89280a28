//! Many at once: payments within a day, and cash in parts below a limit.

use super::habit::SHARED;
use super::{Context, Detector, Settings};
use crate::habits::Habits;
use crate::input::Input;
use crate::signal::{Declared, Kind, Late, Reading};
use crate::tail::poisson_milli;

/// Days of the county that are mixed into a household's own pace.
const PACE_PRIOR: u64 = 5;

/// Many payments within a day.
#[derive(Clone, Copy, Debug)]
pub struct Velocity;

impl Detector for Velocity {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::Velocity, bytes_max: SHARED, late: Late::InItsBucket };

    /// Payments of the day, as Poisson around the household's own pace times the village's of these days.
    fn step(&self, state: &mut Habits, ctx: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        if !sight.is_out() {
            return None;
        }
        let day = sight.day();
        let today = u64::from(ctx.spans.today.out_count) + 1;
        let before = u64::from(ctx.spans.month_before.out_count);
        let known = state.days_known(day - 1).min(30);
        let own_milli = (before * 1_000 + PACE_PRIOR * ctx.county.pace_milli()) / (known + PACE_PRIOR);
        let village = ctx.stir.pace_milli;
        // Who acts at all today acts at least once.
        let usual_milli = (own_milli * village / 1_000).max(50) + 1_000;
        Some(Reading {
            strength_milli: poisson_milli(today, usual_milli),
            observed: today as i64,
            expected: (0, (usual_milli / 500) as i64 + 1),
            peers: ctx.village.map(|_| village as i64),
            evidence: [sight.event.id.0.as_u128(), 0, 0, 0],
        })
    }
}

/// Cash in several parts, each a little below the limit of reporting, which together pass it.
#[derive(Clone, Copy, Debug)]
pub struct Structuring(
    /// Span in days, count of parts, percent of the limit from which a part counts, the limit.
    pub Settings,
);

impl Detector for Structuring {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::Structuring, bytes_max: SHARED, late: Late::NotOlderThan(7) };

    /// Four bits for each part, from the number on that is asked for.
    fn step(&self, state: &mut Habits, _: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        if !sight.is_cash() {
            return None;
        }
        let limit = self.0.amount_minor;
        let counts = |amount: u64| amount < limit && amount >= limit / 100 * self.0.percent;
        if !counts(sight.amount()) {
            return Some(Reading::QUIET);
        }
        let day = sight.day();
        let near = |one: &&crate::habits::Recent| {
            one.id != 0
                && one.is_cash
                && one.is_in == sight.is_in()
                && counts(one.amount)
                && (day - self.0.span + 1..=day).contains(&one.day)
        };
        let (mut parts, mut sum, mut evidence) = (1_u64, sight.amount(), [sight.event.id.0.as_u128(), 0, 0, 0]);
        for one in state.recent.iter().filter(near) {
            if let Some(place) = evidence.get_mut(parts as usize) {
                *place = u128::from(one.id);
            }
            parts += 1;
            sum = sum.saturating_add(one.amount);
        }
        let is_split = parts >= self.0.count && sum >= limit;
        Some(Reading {
            strength_milli: if is_split { (parts.min(9) * 4_000) as i32 } else { 0 },
            observed: parts as i64,
            expected: (0, self.0.count as i64 - 1),
            peers: None,
            evidence,
        })
    }
}
