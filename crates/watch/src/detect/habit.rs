//! Against one's own history: amount, hour, party.

use super::{Context, Detector};
use crate::habits::Habits;
use crate::input::Input;
use crate::number::ratio_milli;
use crate::signal::{Declared, Kind, Late, Reading};
use crate::tail::deviation_milli;

/// Bytes of state that detectors of a household share.
pub(super) const SHARED: usize = size_of::<Habits>();

/// Amounts far above the household's own.
#[derive(Clone, Copy, Debug)]
pub struct Amount;

impl Detector for Amount {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::Amount, bytes_max: SHARED, late: Late::InItsBucket };

    /// Deviations above the own mean, after what moves the whole village these days is taken out.
    fn step(&self, _: &mut Habits, ctx: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        if !sight.is_out() || sight.amount() == 0 {
            return None;
        }
        let shift = ctx.stir.shift_milli.max(0);
        // A shift of 1,000 is one doubling; between doublings it is taken as linear, as the logarithm is.
        let scale = (1_000 + u128::from((shift % 1_000).unsigned_abs())) << (shift / 1_000);
        let own = u128::from(sight.amount()) * 1_000 / scale;
        let (mean, deviation) = (i128::from(ctx.usual.mean), i128::from(ctx.usual.deviation));
        let z = (own as i128 - mean) * 1_000 / deviation;
        let spread = ctx.usual.deviation.saturating_mul(2);
        let as_fen = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        Some(Reading {
            strength_milli: deviation_milli(i64::try_from(z).unwrap_or(i64::MAX)),
            observed: as_fen(sight.amount()),
            expected: (as_fen(ctx.usual.mean.saturating_sub(spread)), as_fen(ctx.usual.mean.saturating_add(spread))),
            peers: ctx.village.map(|_| i64::from(shift)),
            evidence: [sight.event.id.0.as_u128(), 0, 0, 0],
        })
    }
}

/// Hours at which a household is not used to act.
#[derive(Clone, Copy, Debug)]
pub struct Hour;

impl Detector for Hour {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::Hour, bytes_max: SHARED, late: Late::AsItComes };

    /// Surprise of the hour with its two neighbours, where hours of the county count as ten of the household's own.
    fn step(&self, state: &mut Habits, ctx: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        if !sight.event.is_movement() {
            return None;
        }
        let hour = sight.hour();
        let around = [(hour + 23) % 24, hour, (hour + 1) % 24];
        let own: u64 = around.iter().map(|h| u64::from(state.hours[*h])).sum();
        let all: u64 = state.hours.iter().map(|count| u64::from(*count)).sum();
        let (county, county_all): (u64, u64) =
            (around.iter().map(|h| ctx.county.hours[*h]).sum(), ctx.county.hours.iter().sum());
        let prior = 10_000 * (county + 1) / (county_all + 8);
        Some(Reading {
            strength_milli: ratio_milli((all + 10) * 1_000, own * 1_000 + prior).max(0),
            observed: hour as i64,
            expected: (0, 23),
            peers: None,
            evidence: [sight.event.id.0.as_u128(), 0, 0, 0],
        })
    }
}

/// Parties that a household did not know.
#[derive(Clone, Copy, Debug)]
pub struct PartyNews;

impl Detector for PartyNews {
    type State = Habits;

    const DECLARED: Declared = Declared { kind: Kind::Party, bytes_max: SHARED, late: Late::AsItComes };

    /// Surprise of a new party, by how often the household and the county meet new ones.
    fn step(&self, state: &mut Habits, ctx: &Context<'_>, input: &Input<'_>) -> Option<Reading> {
        let Input::Event(sight) = input else { return None };
        let key = sight.event.counterparty.filter(|_| sight.is_out())?;
        if state.knows_party(key) {
            return Some(Reading::QUIET);
        }
        let prior = 5_000 * (ctx.county.news.1 + 1) / (ctx.county.news.0 + 1);
        let (all, news) = state.party_news;
        Some(Reading {
            strength_milli: ratio_milli((u64::from(all) + 5) * 1_000, u64::from(news) * 1_000 + prior).max(0),
            observed: 1,
            expected: (0, 0),
            peers: None,
            evidence: [sight.event.id.0.as_u128(), u128::from(key), 0, 0],
        })
    }
}
