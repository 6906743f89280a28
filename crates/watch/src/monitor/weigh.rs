//! What the monitor says of money that has not moved yet: asked before it is acknowledged, and nothing is taken in.

use super::{Monitor, Readings, plain};
use crate::detect::habit::{Amount, Hour, PartyNews};
use crate::detect::loans::{Bridge, PassThrough};
use crate::detect::pace::{Structuring, Velocity};
use crate::detect::{Context, Detector};
use crate::habits::month_of;
use crate::input::{Input, Sight};
use crate::places::Stir;
use crate::signal::{Entity, EntityKind, Grade, KINDS, Kind, Signal};
use crate::tail::surprise_milli;
use crate::unusual::ppm;

/// What typologies that may hold say of an event that has not happened yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weighed {
    /// The strongest grade of a typology that may hold; none where none is reached.
    pub grade: Option<Grade>,
    /// The typology with the highest score against its own threshold for alerts: its place in the configuration.
    pub typology: usize,
    /// That score in thousandths of the threshold for alerts.
    pub score_milli: i32,
    /// What was unusual enough for its detector's threshold.
    pub signals: Vec<Signal>,
}

impl Monitor {
    /// Asks the detectors that may hold about money that is about to go out. They read the household's own state alone, and no state or
    /// chance changes: what happens then is taken in when it has happened.
    ///
    /// Something has to be a signal by itself, as with [`Monitor::step`]; earlier signals of the household join it.
    pub fn weigh(&self, sight: &Sight<'_>) -> Weighed {
        let mut weighed = Weighed::default();
        if !sight.is_out() || sight.amount() == 0 {
            return weighed;
        }
        let (day, household) = (sight.day(), sight.event.household);
        // Detectors are written for a state that they may change: they are given one of their own.
        let mut state = self.households.get(&household).cloned().unwrap_or_default();
        if state.knows(sight.event.id.0.as_u128()) {
            return weighed;
        }
        let of = |kind: Kind| &self.config.detectors[kind as usize];
        let usual = state.usual(month_of(sight.event.date), self.county.mean_out());
        let village = sight.village.and_then(|key| self.villages.get(&key)).map(|village| &**village);
        let mut ctx = Context::quiet(usual, &self.county, village);
        ctx.spans = state.spans(day);
        ctx.stir = village.map_or_else(Stir::default, |village| village.stir(day));
        let input = Input::Event(*sight);
        let own = Entity::Household(household);
        let mut readings = Readings::default();
        let mut ask = |kind: Kind, reading: &mut dyn FnMut() -> Option<crate::signal::Reading>| {
            if of(kind).is_on {
                readings.put(kind, own, reading());
            }
        };
        ask(Kind::Velocity, &mut || Velocity.step(&mut state, &ctx, &input));
        ask(Kind::Amount, &mut || Amount.step(&mut state, &ctx, &input));
        ask(Kind::Hour, &mut || Hour.step(&mut state, &ctx, &input));
        ask(Kind::Party, &mut || PartyNews.step(&mut state, &ctx, &input));
        ask(Kind::Structuring, &mut || Structuring(*of(Kind::Structuring)).step(&mut state, &ctx, &input));
        ask(Kind::PassThrough, &mut || PassThrough(*of(Kind::PassThrough)).step(&mut state, &ctx, &input));
        ask(Kind::Bridge, &mut || Bridge(*of(Kind::Bridge)).step(&mut state, &ctx, &input));
        let span = of(Kind::Diversion).span.max(1);
        let is_loan_fresh = state.loan.left > 0 && (0..=span).contains(&(day - state.loan.received.0));
        if let Some(key) = sight.event.counterparty.filter(|key| *key != 0 && is_loan_fresh && of(Kind::Staff).is_on) {
            let is_staff = self.config.staff.binary_search(&key).is_ok();
            let entity = Entity::Key(EntityKind::Counterparty, key);
            readings.put(Kind::Staff, entity, Some(plain(is_staff, 10_000, sight, key)));
        }
        let mut surprises = [0_i32; KINDS];
        for (kind, entity, reading) in readings.0.iter().filter(|one| one.0.may_hold() && one.2.strength_milli > 0) {
            let place = *kind as usize;
            let chance = self.tails[place].chance(reading.strength_milli);
            let (surprise_milli, p_ppm) = (surprise_milli(chance), ppm(chance));
            surprises[place] = surprises[place].max(surprise_milli);
            if p_ppm <= self.config.detectors[place].signal_ppm {
                weighed.signals.push(Signal { kind: *kind, entity: *entity, p_ppm, surprise_milli, reading: *reading });
            }
        }
        let holding = self.config.typologies.iter().enumerate().filter(|(_, typology)| typology.hold.is_some());
        for (place, typology) in holding {
            let is_new = typology
                .weights
                .iter()
                .any(|(kind, weight)| *weight > 0 && weighed.signals.iter().any(|signal| signal.kind == *kind));
            if !is_new {
                continue;
            }
            let score = typology.score(|kind| {
                let before = state.surprise_within(kind as usize, day, self.config.memory_days);
                surprises[kind as usize].max(before)
            });
            let against = (i64::from(score) * 1_000 / i64::from(typology.alert.max(1))) as i32;
            if against > weighed.score_milli {
                weighed.score_milli = against;
                weighed.typology = place;
            }
            weighed.grade = weighed.grade.max(typology.grade(score));
        }
        weighed
    }
}
