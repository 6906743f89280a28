//! Rain, disasters and prices: what a whole stretch of land has in common.

use basics::Date;

use super::chance::{Chance, Draw, Entity, ONE, Purpose, exp, part};
use super::place::{Map, Village};
use crate::county::{County, Crop, Weather};

/// What befell a harvest, beside common rain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disaster {
    /// Drought 旱.
    Drought,
    /// Flood 涝.
    Flood,
    /// Pest 虫害.
    Pest,
}

/// Month since year 0, from 0.
pub(super) fn month_number(date: Date) -> i32 {
    i32::from(date.year()) * 12 + i32::from(date.month()) - 1
}

/// Yields and prices as they stand this month.
#[derive(Clone, Debug)]
pub(super) struct Season {
    chance: Chance,
    weather: Weather,
    month: i32,
    /// Side of the county, in units of 100 m.
    side: i64,
    /// By village and crop: the last harvest against the usual one, millionths.
    yields: Vec<i64>,
    /// By village and crop: what befell it.
    befell: Vec<Option<Disaster>>,
    /// By crop: logarithm of this month's price against the usual one, millionths.
    prices: Vec<i64>,
    crops: usize,
}

impl Season {
    /// The season as it stands on the first day: each crop's last harvest has been as its own year made it.
    pub(super) fn new(county: &County, chance: Chance, map: &Map, first: Date) -> Season {
        let crops = county.crop.len();
        let mut season = Season {
            chance,
            weather: county.weather.clone(),
            month: month_number(first),
            side: county.place.county_km * 10,
            yields: vec![ONE; map.villages.len() * crops],
            befell: vec![None; map.villages.len() * crops],
            prices: vec![0; crops],
            crops,
        };
        for back in (0..12).rev() {
            season.ripen(county, map, season.month - back);
        }
        for month in season.month - 24..=season.month {
            season.trade(county, month);
        }
        season
    }

    /// Goes on to the month of a date, if that is another one. True if it was.
    pub(super) fn turn(&mut self, county: &County, map: &Map, date: Date) -> bool {
        let month = month_number(date);
        let turned = month > self.month;
        while self.month < month {
            self.month += 1;
            self.ripen(county, map, self.month);
            self.trade(county, self.month);
        }
        turned
    }

    /// The last harvest of a crop in a village against the usual one, millionths, and what befell it.
    pub(super) fn harvest(&self, village: u32, crop: u8) -> (i64, Option<Disaster>) {
        let at = village as usize * self.crops + crop as usize;
        (self.yields.get(at).copied().unwrap_or(ONE), self.befell.get(at).copied().flatten())
    }

    /// This month's price of a kg of a crop, in fen, before what a buyer offers.
    pub(super) fn price_fen(&self, crop: &Crop, at: u8) -> i64 {
        part(crop.price_fen, exp(self.prices.get(at as usize).copied().unwrap_or(0))).max(1)
    }

    /// This month's animal prices against the usual ones, millionths: a triangle wave, the cycle of supply.
    pub(super) fn animals_ppm(&self, county: &County) -> i64 {
        let cycle = county.price.cycle_months;
        let start = self.chance.of(Entity::County, 0, Purpose::Price).below(7, cycle);
        let at = (i64::from(self.month) + start).rem_euclid(cycle);
        let wave = 4 * ONE * at / cycle;
        let height = if wave < 2 * ONE { wave - ONE } else { 3 * ONE - wave };
        ONE + height * county.price.cycle_percent / 100
    }

    /// Prices of a month: what is left of last month's distance, and something new.
    fn trade(&mut self, county: &County, month: i32) {
        for (at, price) in self.prices.iter_mut().enumerate() {
            let news = self.chance.of(Entity::Crop(at as u32), month, Purpose::Price).normal(0);
            *price = *price * county.price.persistence_percent / 100 + news * county.price.crop_percent / 100;
        }
    }

    /// Settles the yields of the crops that ripen in a month.
    fn ripen(&mut self, county: &County, map: &Map, month: i32) {
        let of_year = i64::from(month.rem_euclid(12)) + 1;
        for (at, crop) in county.crop.iter().enumerate().filter(|(_, crop)| crop.ripe_month == of_year) {
            for (v, village) in map.villages.iter().enumerate() {
                let (ppm, befell) = self.grown(county, (v as u32, village), (at as u32, crop), month);
                let place = v * self.crops + at;
                self.yields[place] = ppm;
                self.befell[place] = befell;
            }
        }
    }

    fn grown(
        &self,
        county: &County,
        (v, village): (u32, &Village),
        (c, crop): (u32, &Crop),
        month: i32,
    ) -> (i64, Option<Disaster>) {
        // The four months up to the harvest, each a quarter: their mean has half the deviation, so twice that counts.
        let rain: i64 = (month - 3..=month).map(|m| self.rain(v, village, m)).sum::<i64>() / 2;
        let felt = if village.is_irrigated { 35 } else { 100 };
        // Too much rain hurts half as much as too little.
        let rain = if rain < 0 { rain } else { rain.min(ONE) / 2 - (rain - ONE).max(0) / 2 };
        let mut ppm = part(village.soil_ppm, ONE + rain * county.weather.rain_percent / 100 * felt / 100);
        let mut befell = None;
        let mut worst = 0;
        for (disaster, lost) in [
            (Disaster::Drought, self.drought(village, month) * crop.drought_percent / 100 * (felt + 25) / 125),
            (Disaster::Flood, self.flood(village, month) * crop.flood_percent / 100),
            (Disaster::Pest, self.pest(village, c, month)),
        ] {
            ppm = part(ppm, (ONE - lost).max(0));
            if lost > worst && lost > ONE / 10 {
                (befell, worst) = (Some(disaster), lost);
            }
        }
        (ppm.clamp(0, 2 * ONE), befell)
    }

    /// Rain of a month in a village against the usual, in millionths of a deviation.
    fn rain(&self, v: u32, village: &Village, month: i32) -> i64 {
        let keep = self.weather.persistence_percent;
        // Six months back nothing is left of an anomaly that halves each month.
        (0..6).rev().fold(0, |left, back| left * keep / 100 + self.news(v, village, month - back))
    }

    fn news(&self, v: u32, village: &Village, month: i32) -> i64 {
        let draw = |who| self.chance.of(who, month, Purpose::Rain).normal(0);
        let own = 100 - self.weather.county_percent - self.weather.township_percent;
        // Weights are square roots of the shares of variance.
        (draw(Entity::County) * root(self.weather.county_percent)
            + self.field(village, month) * root(self.weather.township_percent)
            + draw(Entity::Village(v)) * root(own))
            / 1_000
    }

    /// A smooth field over the county: knots 12 km apart, the nearer the heavier.
    fn field(&self, village: &Village, month: i32) -> i64 {
        const KNOTS: i64 = 120;
        let (column, row) = (village.x.div_euclid(KNOTS), village.y.div_euclid(KNOTS));
        let (mut sum, mut squares) = (0, 0);
        for (x, y) in [(column, row), (column + 1, row), (column, row + 1), (column + 1, row + 1)] {
            let away = (village.x - x * KNOTS).abs() + (village.y - y * KNOTS).abs();
            let weight = (2 * KNOTS - away).max(0);
            let knot = ((x + 1_000) * 4_096 + y + 1_000) as u32;
            sum += self.chance.of(Entity::Township(knot | 0x8000_0000), month, Purpose::Rain).normal(1) * weight;
            squares += weight * weight;
        }
        sum / squares.max(1).isqrt()
    }

    /// What a drought of the harvest's year takes here of a crop that feels it in full, millionths.
    fn drought(&self, village: &Village, month: i32) -> i64 {
        let draw = self.disaster(Entity::County, month);
        if !draw.happens(0, self.weather.drought_permille * 1_000) {
            return 0;
        }
        let (x, y) = (draw.below(1, self.side), draw.below(2, self.side));
        let (dx, dy) = ((village.x - x).abs(), (village.y - y).abs());
        let away = dx.max(dy) + dx.min(dy) / 2;
        let reach = self.weather.drought_km * 10;
        if away >= reach { 0 } else { self.weather.drought_loss_percent * 10_000 * (reach - away / 2) / reach }
    }

    fn flood(&self, village: &Village, month: i32) -> i64 {
        let draw = self.disaster(Entity::Township(village.township), month);
        // Rivers rise in summer: a crop that ripens before July is in the barn.
        let is_summer = (7..=11).contains(&(month.rem_euclid(12) + 1));
        if !is_summer || !draw.happens(3, self.weather.flood_permille * 1_000) {
            return 0;
        }
        part(self.weather.flood_loss_percent * 10_000, village.low_ppm)
    }

    fn pest(&self, village: &Village, crop: u32, month: i32) -> i64 {
        let draw = self.disaster(Entity::Township(village.township), month);
        let hit = draw.happens(10 + crop, self.weather.pest_permille * 1_000);
        if hit { self.weather.pest_loss_percent * 10_000 } else { 0 }
    }

    /// Disasters of a year, drawn once for the year.
    fn disaster(&self, who: Entity, month: i32) -> Draw {
        self.chance.of(who, month.div_euclid(12), Purpose::Disaster)
    }
}

/// Square root of so many percent, in thousandths.
fn root(percent: i64) -> i64 {
    (percent.max(0) * 10_000).isqrt()
}

/// The day of the Spring Festival of a year: from published calendars to 2040, otherwise the middle of its range.
pub(super) fn spring_festival(year: i16) -> Date {
    const DAYS: [(i8, i8); 21] = [
        (1, 25),
        (2, 12),
        (2, 1),
        (1, 22),
        (2, 10),
        (1, 29),
        (2, 17),
        (2, 6),
        (1, 26),
        (2, 13),
        (2, 3),
        (1, 23),
        (2, 11),
        (1, 31),
        (2, 19),
        (2, 8),
        (1, 28),
        (2, 15),
        (2, 4),
        (1, 24),
        (2, 12),
    ];
    let at = usize::try_from(year - 2020).ok().and_then(|at| DAYS.get(at));
    let (month, day) = at.copied().unwrap_or((2, 5));
    Date::ymd(year, month, day).unwrap_or_default()
}
