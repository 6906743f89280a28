//! Where people live: townships and villages, how far they lie, what their soil is like, when their windows are out.

use super::chance::{Chance, Entity, ONE, Purpose};
use crate::county::County;

/// A village.
#[derive(Clone, Debug)]
pub(super) struct Village {
    /// Its name, plainly made up.
    pub name: String,
    /// Its township.
    pub township: u32,
    /// Place in the county, in units of 100 m.
    pub x: i64,
    /// Place in the county, in units of 100 m.
    pub y: i64,
    /// Whether a phone page can be used there.
    pub has_signal: bool,
    /// Whether its fields are watered.
    pub is_irrigated: bool,
    /// From here to its township, km.
    pub town_km: i64,
    /// Its soil against the county's, millionths.
    pub soil_ppm: i64,
    /// How low it lies: what it feels of a flood, millionths.
    pub low_ppm: i64,
    /// What work its people find, against other villages, millionths.
    pub luck_ppm: i64,
    /// Day of the market, from 0.
    pub market: i32,
    /// Its first household.
    pub first: u32,
    /// How many households it has.
    pub count: u32,
}

/// The map of a county.
#[derive(Clone, Debug)]
pub(super) struct Map {
    pub villages: Vec<Village>,
    chance: Chance,
    outage_ppm: i64,
    outage_days: i64,
    market_days: i32,
}

impl Map {
    /// Lays out townships and villages for so many households.
    pub(super) fn new(county: &County, chance: Chance, households: u32) -> Map {
        let place = &county.place;
        let count = (i64::from(households) / place.households_per_village).max(1) as u32;
        let townships = (place.townships as u32).min(count);
        // Villages differ in size by a factor of up to three.
        let sizes: Vec<i64> =
            (0..count).map(|v| chance.of(Entity::Village(v), 0, Purpose::Place).between(0, 50, 150)).collect();
        let whole: i64 = sizes.iter().sum();
        let mut villages = Vec::with_capacity(count as usize);
        let (mut first, mut passed) = (0_u32, 0_i64);
        for (v, size) in (0..count).zip(sizes) {
            passed += size;
            let end = (i64::from(households) * passed / whole) as u32;
            villages.push(village(county, chance, v, v % townships, first, end - first));
            first = end;
        }
        Map {
            villages,
            chance,
            outage_ppm: place.outage_permille * 1_000,
            outage_days: place.outage_days,
            market_days: place.market_days as i32,
        }
    }

    /// Whether the window of a village is out of order on a day: it broke on it, or before it and is not mended.
    pub(super) fn is_window_out(&self, village: u32, day: i32) -> bool {
        (0..self.outage_days as i32).any(|ago| {
            let draw = self.chance.of(Entity::Village(village), day - ago, Purpose::Outage);
            draw.happens(0, self.outage_ppm) && draw.between(1, 1, self.outage_days) > i64::from(ago)
        })
    }

    /// The first market day of a village on or after a day.
    pub(super) fn market_on_or_after(&self, village: u32, day: i32) -> i32 {
        let market = self.villages.get(village as usize).map_or(0, |v| v.market);
        day + (market - day).rem_euclid(self.market_days)
    }
}

fn village(county: &County, chance: Chance, number: u32, township: u32, first: u32, count: u32) -> Village {
    let place = &county.place;
    let centre = chance.of(Entity::Township(township), 0, Purpose::Place);
    let draw = chance.of(Entity::Village(number), 1, Purpose::Place);
    let reach = place.village_km * 10;
    let (dx, dy) = (draw.between(0, -reach, reach), draw.between(1, -reach, reach));
    // Watered land lies together: a township's canals reach most of its villages or few.
    let watered = (centre.normal(9) * 6 + draw.normal(9) * 4) / 10;
    Village {
        name: village_name(number, township),
        township,
        x: centre.below(0, place.county_km * 10) + dx,
        y: centre.below(1, place.county_km * 10) + dy,
        has_signal: chance.of(Entity::Village(number), 0, Purpose::Signal).happens(0, place.signal_percent * 10_000),
        is_irrigated: watered < quantile(county.land.irrigated_percent),
        town_km: (dx.abs().max(dy.abs()) + dx.abs().min(dy.abs()) / 2 + 5) / 10,
        soil_ppm: (ONE + draw.normal(5) * county.land.soil_percent / 100).max(ONE / 4),
        low_ppm: draw.below(6, ONE),
        luck_ppm: draw.below(8, ONE),
        market: draw.below(7, place.market_days) as i32,
        first,
        count,
    }
}

/// Below which value, in millionths, so many percent of normal numbers of deviation 0.72 lie: the sum above is one.
fn quantile(percent: i64) -> i64 {
    // The logistic curve is close enough to the normal one; steps of a percent are what a county file can say.
    let (mut low, mut high) = (-4 * ONE, 4 * ONE);
    while high - low > 1_000 {
        let middle = (low + high) / 2;
        // 1.702 / 0.72 is 2.36.
        let below = ONE * ONE / (ONE + super::chance::exp(-middle * 236 / 100));
        if below < percent * 10_000 { low = middle } else { high = middle }
    }
    low
}

/// Names of townships and villages, plainly made up.
const FIRST: [&str; 20] = [
    "柳", "石", "青", "东", "杨", "河", "白", "南", "枣", "槐", "北", "高", "小", "沙", "桃", "西", "泉", "大", "梨",
    "新",
];
const SECOND: [&str; 16] =
    ["湾", "桥", "坡", "沟", "集", "屯", "铺", "岭", "店", "寨", "营", "堂", "口", "庄", "滩", "圩"];

fn village_name(number: u32, township: u32) -> String {
    let at = number as usize;
    let (first, second) = (FIRST[at % FIRST.len()], SECOND[(at / FIRST.len() + at) % SECOND.len()]);
    // A name comes again after 320 villages: the township and a number tell them apart.
    let again = at / (FIRST.len() * SECOND.len());
    let ending = if again == 0 { "村".to_owned() } else { format!("村{}组", again + 1) };
    format!("示范{}乡{first}{second}{ending}", township + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(households: u32) -> Map {
        Map::new(&County::shipped().unwrap(), Chance::new(4), households)
    }

    #[test]
    fn every_household_has_a_village_and_names_are_apart() {
        for households in [1, 7, 500, 90_000] {
            let map = map(households);
            assert_eq!(map.villages.iter().map(|v| v.count).sum::<u32>(), households);
            let mut names: Vec<&str> = map.villages.iter().map(|v| v.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), map.villages.len());
        }
    }

    #[test]
    fn shares_of_the_file_come_out() {
        let map = map(220 * 2_000);
        let share = |of: fn(&Village) -> bool| map.villages.iter().filter(|v| of(v)).count() as i64 * 100 / 2_000;
        assert!((84..92).contains(&share(|v| v.has_signal)), "{}", share(|v| v.has_signal));
        assert!((45..80).contains(&share(|v| v.is_irrigated)), "{}", share(|v| v.is_irrigated));
        let out = (0..2_000).filter(|v| map.is_window_out(*v, 20_000)).count();
        // Ten in a thousand break a day, and take two and a half days to mend.
        assert!((30..75).contains(&out), "{out}");
    }

    #[test]
    fn markets_come_round() {
        let map = map(5_000);
        for day in 20_000..20_010 {
            let next = map.market_on_or_after(3, day);
            assert!((day..day + 5).contains(&next) && map.market_on_or_after(3, next) == next);
            assert_eq!(map.market_on_or_after(3, next + 1), next + 5);
        }
    }
}
