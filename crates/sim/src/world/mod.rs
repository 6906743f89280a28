//! The world: a county that lives day by day, and knows nothing of the platform but what its people are told.
//!
//! One day: [`World::morning`] tells people what came overnight and lets them live; their deeds go to the
//! platform; what it answers comes back by [`World::react`], until nobody has anything more to do;
//! [`World::evening`] ends the day. The same seed, county and answers give the same deeds.

mod birth;
mod borrow;
pub mod chance;
mod day;
mod duty;
mod folk;
mod fraud;
mod hear;
mod household;
mod keep;
mod lever;
mod paper;
mod person;
mod place;
mod purse;
mod season;
mod shopping;
#[cfg(test)]
mod tests;
mod ties;
mod truth;

use basics::Date;

use chance::{Chance, Entity, ONE, Purpose};
use day::Today;
use folk::Folk;
use place::Map;
use season::Season;

pub use household::Trouble;
pub use lever::{Means, PlaceSeen, Reaped, Trips};
pub use season::Disaster;
pub use truth::{Truth, TruthRow, Typology};

use crate::county::{County, Reason};
use crate::deed::{Act, Deed, Finding, HouseholdNo, Person, Reply};

/// Days that a county lives before its first one, so that it does not begin as it was born.
const PAST_DAYS: i32 = 366;

/// A county under way.
#[derive(Clone, Debug)]
pub struct World {
    county: County,
    seed: u64,
    chance: Chance,
    map: Map,
    season: Season,
    folk: Folk,
    numbers: Vec<HouseholdNo>,
    first: Date,
}

impl World {
    /// A county of so many households on the morning of its first day. At least one household lives in it.
    pub fn new(county: &County, seed: u64, households: u32, first: Date) -> World {
        let count = households.max(1);
        let mut world = World::unpeopled(county, seed, count, first);
        // A county has a past: barns, savings and debts are what a year has made of them.
        let past = first.add_days(-PAST_DAYS);
        let days = (past.days(), first.days());
        world.folk = Folk::new(birth::households(county, world.chance, &world.map, count, days));
        for day in 0..PAST_DAYS {
            world.remember(past.add_days(day));
        }
        world.folk.forget();
        world
    }

    /// Map, weather and prices of a county on the first day of its past, before anybody lives in it.
    fn unpeopled(county: &County, seed: u64, count: u32, first: Date) -> World {
        let chance = Chance::new(seed);
        let map = Map::new(county, chance, count);
        let season = Season::new(county, chance, &map, first.add_days(-PAST_DAYS));
        let (numbers, folk) = ((0..count).map(HouseholdNo).collect(), Folk::new(Vec::new()));
        World { county: county.clone(), seed, chance, map, season, folk, numbers, first }
    }

    /// A day before the platform came.
    fn remember(&mut self, date: Date) {
        self.season.turn(&self.county, &self.map, date);
        let today = Today::new(&self.county, self.chance, &self.map, &self.season, date);
        self.folk.live(&today, &mut Vec::new());
    }

    /// All households.
    pub fn people(&self) -> &[HouseholdNo] {
        &self.numbers
    }

    /// How a household shows itself at the counter; a number beyond the last is shown as the last.
    pub fn person(&self, who: HouseholdNo) -> Person {
        let number = who.0.min(self.numbers.len() as u32 - 1);
        let household = self.folk.households.get(number as usize);
        let age = household.map_or(45, |h| i64::from(h.head_age));
        let village = household.and_then(|h| self.map.villages.get(h.village as usize)).map_or("", |v| v.name.as_str());
        let has_spouse = household.is_some_and(household::Household::has_spouse);
        let born_year = i64::from(self.first.year()) - age;
        person::person(self.chance, self.seed, number, village, (born_year, has_spouse))
    }

    /// Whether the window of a household's village is out of order on a day.
    pub fn is_window_out(&self, who: HouseholdNo, date: Date) -> bool {
        let village = self.folk.households.get(who.0 as usize).map_or(0, |h| h.village);
        self.map.is_window_out(village, date.days())
    }

    /// The morning of a day: what is told overnight (dues, statements), and what people do today.
    /// Days come one after the other; deeds come in order of (second, household).
    pub fn morning(&mut self, date: Date, told: &[Reply]) -> Vec<Deed> {
        self.season.turn(&self.county, &self.map, date);
        let today = Today::new(&self.county, self.chance, &self.map, &self.season, date);
        let mut deeds = Vec::new();
        self.folk.hear(&today, told, &mut deeds);
        self.folk.plot(&today, &mut deeds);
        let asked = self.folk.live(&today, &mut deeds);
        for (number, turn) in asked {
            let person = self.person(HouseholdNo(number));
            deeds.push(self.folk.deed(&today, number, turn, Act::Enrol(person)));
        }
        in_order(deeds)
    }

    /// What people do on the same day after they were answered. No deeds: the day is over for them.
    pub fn react(&mut self, date: Date, told: &[Reply]) -> Vec<Deed> {
        let today = Today::new(&self.county, self.chance, &self.map, &self.season, date);
        let mut deeds = Vec::new();
        self.folk.hear(&today, told, &mut deeds);
        in_order(deeds)
    }

    /// Ends a day inside the world: whatever was not answered by now went well.
    pub fn evening(&mut self, _date: Date) {
        self.folk.rest();
    }

    /// What an officer sees at the gate.
    pub fn visit(&self, who: HouseholdNo, date: Date) -> Finding {
        let Some(h) = self.folk.households.get(who.0 as usize) else {
            return Finding { is_known: false, capacity_fen: 0, standing: 0, purpose_seen: false };
        };
        let draw = self.chance.of(Entity::Household(who.0), date.days(), Purpose::Visit);
        // Fields, animals and a shop can be seen; wages from elsewhere are told, debts to others are not.
        let seen = chance::part(h.usual_fen, (ONE + draw.normal(0) * 20 / 100).clamp(ONE / 2, ONE * 3 / 2));
        let word = (h.word_days - 60) / 60 + i64::from(h.patience) / 50 - 1 + draw.normal(1) / ONE;
        let reason = h.asking.map(|asking| asking.reason);
        Finding {
            // At the gate of a stolen name somebody else lives, who has asked for nothing.
            is_known: !folk::is_stolen(&self.folk.schemes, h),
            capacity_fen: (seen - h.needs_fen * 30).max(0),
            standing: word.clamp(-2, 2) as i8,
            // Who asks for an illness or a wedding has no stable or field to show for it.
            purpose_seen: !matches!(reason, Some(Reason::Illness | Reason::Wedding | Reason::School)),
        }
    }

    /// Bytes that a household takes without its loans, in memory.
    pub const fn bytes_a_household() -> usize {
        size_of::<household::Household>()
    }

    /// The village of a household, by its number.
    pub fn village_of(&self, who: HouseholdNo) -> u32 {
        self.folk.get(who.0).map_or(0, |h| h.village)
    }

    /// Whom a household knows.
    pub fn known_to(&self, who: HouseholdNo) -> Vec<u32> {
        self.folk.get(who.0).map_or_else(Vec::new, |h| h.ties.iter().copied().filter(|n| *n != u32::MAX).collect())
    }

    /// Whether someone of working age lives in a household.
    pub fn has_workers(&self, who: HouseholdNo) -> bool {
        self.folk.get(who.0).is_some_and(|h| h.adults > 0)
    }

    /// By household what it consumed, took for what it sold, laid out for that and earned since this was last asked, in fen.
    pub fn sums(&mut self) -> Vec<[i64; 4]> {
        self.folk.households.iter_mut().map(|h| std::mem::take(&mut h.sums)).collect()
    }

    /// Takes out what became true since this was last asked, for the files of truth.
    pub fn truth(&mut self) -> Vec<TruthRow> {
        std::mem::take(&mut self.folk.truth)
    }
}

fn in_order(mut deeds: Vec<Deed>) -> Vec<Deed> {
    deeds.sort_by_key(|deed| (deed.second, deed.household));
    deeds
}
