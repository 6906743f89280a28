//! How households come to be: members, work, land, animals, savings, character, and whom they know.

use super::chance::{Chance, Draw, Entity, ONE, Purpose, part};
use super::household::{Animals, Field, Household, Standing, TIES, Trouble};
use super::place::{Map, Village};
use crate::county::County;

/// Fen of a yuan.
pub(super) const YUAN: i64 = 100;

/// The households of a county, in the order of their villages, born on the day `past`; the platform comes on `first`.
pub(super) fn households(
    county: &County,
    chance: Chance,
    map: &Map,
    count: u32,
    (past, first): (i32, i32),
) -> Vec<Household> {
    let ties = super::ties::all(chance, map, count);
    let mut born: Vec<Household> = Vec::with_capacity(count as usize);
    for (v, village) in map.villages.iter().enumerate() {
        for number in village.first..village.first + village.count {
            let mut household = household(county, chance, number, (v as u32, village), first);
            if let Some(known) = ties.get(number as usize) {
                household.ties = *known;
            }
            // Everybody's first day is a market day, so that days of business are spread from the beginning.
            household.wake = map.market_on_or_after(v as u32, past);
            household.lived = past - 1;
            born.push(household);
        }
    }
    born
}

fn household(county: &County, chance: Chance, number: u32, (v, village): (u32, &Village), first: i32) -> Household {
    let draw = |what| chance.of(Entity::Household(number), 0, what);
    let mut h = empty(v, first);
    people(county, draw(Purpose::People), &mut h);
    work(county, draw(Purpose::Work), village, &mut h);
    farm(county, draw(Purpose::Farm), village, &mut h);
    shop(county, draw(Purpose::Shop), &mut h);
    h.usual_fen = usual_income(county, village, &h);
    let persons = i64::from(h.adults + h.elders + h.pupils + h.students);
    h.relief_fen = (county.living.relief_yuan * YUAN * persons - h.usual_fen).max(0);
    h.usual_fen += h.relief_fen;
    let daily = h.usual_fen / 30;
    let living = draw(Purpose::Wealth);
    let share = county.living.spent_percent * 10_000 + living.normal(0) * county.living.spent_sigma_percent / 100;
    h.needs_fen = county.living.subsistence_yuan * YUAN * h.mouths() / 10;
    h.spend_fen = part(daily, share.clamp(ONE / 4, ONE * 5 / 4)).max(h.needs_fen * 11 / 10);
    let saved = living.about(3, h.spend_fen * county.living.savings_days, county.living.savings_sigma_percent);
    let saved = saved.min(h.spend_fen * 3_000);
    // About a month is at hand, the rest put by.
    let at_hand = saved.min(h.spend_fen * living.between(4, 30, 200));
    h.saved = saved - at_hand;
    h.traced = part(county.living.traced_percent, ONE + living.normal(5) * 30 / 100).clamp(5, 98) as u8;
    if h.away > 0 && h.adults <= h.away {
        h.traced = h.traced.max(60);
    }
    h.account = at_hand * i64::from(h.traced) / 100;
    h.cash = at_hand - h.account;
    if living.happens(6, county.living.indebted_percent * 10_000) {
        h.owed_other = h.usual_fen * living.between(7, 2, 20) / 10;
    }
    character(county, draw(Purpose::Character), village, &mut h);
    h.standing = Standing::Hears(hears(county, chance, number, v, first));
    h
}

fn empty(village: u32, first: i32) -> Household {
    Household {
        village,
        head_age: 0,
        adults: 0,
        elders: 0,
        pupils: 0,
        students: 0,
        sons: 0,
        schooling: 0,
        away: 0,
        near: 0,
        traced: 0,
        patience: 0,
        has_phone_page: false,
        takes_day_labour: false,
        pay_day: 1,
        trouble: Trouble::None,
        trouble_since: first - 10_000,
        away_fen: 0,
        near_fen: 0,
        support_fen: 0,
        relief_fen: 0,
        let_out: 0,
        leased: 0,
        fields: [Field::default(); 3],
        animals: Animals::default(),
        takings_fen: 0,
        usual_fen: 0,
        spend_fen: 0,
        needs_fen: 0,
        word_days: 0,
        cash: 0,
        account: 0,
        wallet: 0,
        saved: 0,
        pending: 0,
        owed_other: 0,
        has_other_lender: false,
        owed_kin: Vec::new(),
        ties: [u32::MAX; TIES],
        wake: first,
        lived: first - 1,
        standing: Standing::Hears(i32::MAX),
        mine_next: 1,
        asking: None,
        asks_from: first,
        loans: Vec::new(),
        guarantees: 0,
        on_line: None,
        repaid: 0,
        scheme: 0,
        acted_for: None,
        sums: [0; 4],
    }
}

fn people(county: &County, draw: Draw, h: &mut Household) {
    let (alone, three) = (county.people.alone_percent, county.people.three_generations_percent);
    let kind = draw.below(0, 100);
    // Early enough that the market day after it lies in the same month: what a month brings does not depend on when
    // a household happens to go out.
    h.pay_day = draw.between(1, 3, 18) as u8;
    if kind < alone {
        h.head_age = draw.between(2, 61, 84) as u8;
        h.elders = if draw.happens(3, ONE * 6 / 10) { 2 } else { 1 };
    } else {
        h.head_age = draw.between(2, 26, 62) as u8;
        h.adults = if draw.happens(3, ONE * 94 / 100) { 2 } else { 1 };
        if kind < alone + three {
            h.elders = draw.between(4, 1, 2) as u8;
        }
        let with_child = draw.happens(5, county.people.children_percent * 10_000);
        let children = if with_child { 1 + u8::from(draw.happens(6, ONE / 2)) } else { 0 };
        match h.head_age {
            26..=46 => h.pupils = children,
            47..=54 if draw.happens(7, ONE * 45 / 100) => h.students = children.min(1),
            47..=62 => {
                // Grown children live and earn with their parents until they marry.
                h.adults += children;
                h.sons = (0..children).filter(|n| draw.happens(10 + u32::from(*n), ONE * 52 / 100)).count() as u8;
            }
            _ => {}
        }
    }
    let younger = (45 - i64::from(h.head_age)) / 8;
    h.schooling = (county.people.schooling_years + younger + draw.normal(8) * 2 / ONE).clamp(0, 18) as u8;
}

fn work(county: &County, draw: Draw, village: &Village, h: &mut Household) {
    let people = &county.people;
    let learned = ONE + (i64::from(h.schooling) - people.schooling_years) * 35_000;
    // Who goes away goes where others of the village are, and near work depends on the road: villages differ.
    let learned = part(learned, ONE + (2 * village.luck_ppm - ONE) * people.village_percent / 100);
    if h.adults == 0 && draw.happens(7, ONE * 85 / 100) {
        h.support_fen = draw.about(8, people.support_yuan * YUAN, people.wage_sigma_percent * 3 / 2);
    }
    // Who can go away: grown and not alone. The share in the file is of all households.
    let able = (100 - people.alone_percent).max(1);
    if h.adults >= 1 && draw.happens(0, (people.migrant_percent * ONE / able).min(ONE)) {
        h.away = 1 + u8::from(h.adults > 2 && draw.happens(1, ONE / 2));
        let wage = draw.about(2, people.migrant_wage_yuan * YUAN, people.wage_sigma_percent);
        h.away_fen = part(wage, learned.max(ONE / 2)) * i64::from(h.away);
    }
    if h.adults > h.away && draw.happens(3, (people.local_percent * ONE / able).min(ONE)) {
        h.near = 1;
        let wage = draw.about(4, people.local_wage_yuan * YUAN, people.wage_sigma_percent);
        h.near_fen = part(wage, learned.max(ONE / 2));
    }
    h.takes_day_labour = h.adults > h.away + h.near && draw.happens(5, people.casual_percent * 10_000);
}

fn farm(county: &County, draw: Draw, village: &Village, h: &mut Household) {
    let land = &county.land;
    let hands = i64::from(h.adults.saturating_sub(h.away)) * 2 + i64::from(h.elders.min(1));
    let own = draw.about(0, land.mu_median * 100, land.mu_sigma_percent / 2).max(50);
    let landless = draw.happens(1, land.landless_percent * 10_000) || hands == 0;
    if landless {
        h.let_out = own as u32;
    } else {
        let farmed = draw.about(2, own, land.mu_sigma_percent);
        h.leased = (farmed - own).clamp(0, own * 12) as u32;
        let area = (own + i64::from(h.leased)) as u32;
        crops(county, draw, village, area, h);
    }
    let mut from = draw.below(8, 100);
    for (kind, herd) in county.herd.iter().enumerate() {
        if hands > 0 && (0..herd.households_percent).contains(&from) {
            let places = draw.about(9, herd.heads_median, 60).clamp(1, 60_000) as u16;
            h.animals =
                Animals { kind: kind as u8, places, heads: places, fed_months: draw.below(10, herd.months) as u8 };
        }
        from -= herd.households_percent;
    }
}

/// A household has one main crop with what is sown after it, and at times a second one.
fn crops(county: &County, draw: Draw, village: &Village, area: u32, h: &mut Household) {
    let pick = |place: u32| {
        // Villages have habits: a third of their households follows the village's own draw.
        let at =
            if draw.happens(place, ONE * 65 / 100) { draw.below(place + 20, 100) } else { village.low_ppm * 100 / ONE };
        let mut passed = 0;
        county.crop.iter().position(|crop| {
            passed += if crop.after.is_none() { crop.land_percent } else { 0 };
            at < passed
        })
    };
    let Some(main) = pick(12) else { return };
    let second = pick(13).filter(|other| *other != main && draw.happens(14, ONE * 28 / 100));
    let main_area = if second.is_some() { area * 7 / 10 } else { area };
    // Gardens and orchards are tended by hand: what one family can tend is small.
    let tended = |crop: usize, area: u32| {
        let heavy = county.crop.get(crop).is_some_and(|c| c.cost_yuan > 1_500);
        if heavy { area.min(600) } else { area }
    };
    let mut fields = vec![(main, tended(main, main_area))];
    for (at, crop) in county.crop.iter().enumerate() {
        let follows = crop.after.as_ref().is_some_and(|c| county.crop.get(main).is_some_and(|m| m.code == *c));
        if follows && draw.happens(15, crop.land_percent * 10_000) {
            fields.push((at, tended(main, main_area)));
        }
    }
    if let Some(second) = second {
        fields.push((second, tended(second, area - main_area)));
    }
    for (place, (crop, area)) in h.fields.iter_mut().zip(fields) {
        *place = Field { crop: crop as u8, area, ..Field::default() };
    }
}

fn shop(county: &County, draw: Draw, h: &mut Household) {
    if h.adults > h.away
        && draw.happens(0, county.shop.permille * 1_000 * 100 / (100 - county.people.alone_percent).max(1))
    {
        h.takings_fen = draw.about(1, county.shop.takings_yuan * YUAN, county.shop.sigma_percent);
    }
}

/// What a household can expect in a month, costs of the farm taken off.
pub(super) fn usual_income(county: &County, village: &Village, h: &Household) -> i64 {
    let mut month = part(h.away_fen, county.people.remit_percent * 10_000) + h.near_fen + h.support_fen;
    month += i64::from(h.elders) * county.people.pension_yuan * YUAN;
    if h.takes_day_labour {
        month += county.people.casual_wage_yuan * YUAN * 8;
    }
    month += h.takings_fen * county.shop.margin_percent / 100;
    let mut year = i64::from(h.let_out) * county.land.rent_yuan - i64::from(h.leased) * county.land.rent_yuan;
    let farmed: u32 = h.fields.first().map_or(0, |f| f.area);
    year += i64::from(farmed.saturating_sub(h.leased) + h.let_out) * county.land.subsidy_yuan;
    for field in h.fields.iter().filter(|f| f.area > 0) {
        let Some(crop) = county.crop.get(field.crop as usize) else { continue };
        let sold = part(crop.yield_kg * crop.price_fen, village.soil_ppm);
        year += i64::from(field.area) * (sold - crop.cost_yuan * YUAN) / 100;
    }
    if let Some(herd) = county.herd.get(h.animals.kind as usize).filter(|_| h.animals.places > 0) {
        let of_one = herd.sale_yuan - herd.young_yuan - herd.feed_yuan * herd.months;
        year += i64::from(h.animals.places) * of_one * YUAN * 12 / (herd.months + 1);
    }
    month + year / 12
}

fn character(county: &County, draw: Draw, village: &Village, h: &mut Household) {
    h.patience = (60 + draw.normal(0) * 22 / ONE).clamp(5, 100) as u8;
    h.word_days = draw.about(1, county.will.word_days, county.will.word_sigma_percent);
    h.has_other_lender = draw.happens(2, county.credit.other_percent * 10_000);
    h.has_phone_page = village.has_signal && trust(draw, h) > 45;
}

/// How far a household trusts its phone, in points, by the draw of its character: young, schooled people more, old ones go
/// to the window. Above 45 it does business by it.
pub(super) fn trust(character: Draw, h: &Household) -> i64 {
    58 + (45 - i64::from(h.head_age)) + (i64::from(h.schooling) - 8) * 3 + character.normal(3) * 18 / ONE
}

/// The day on which staff tell a household of the platform; never, if only people it knows can.
fn hears(county: &County, chance: Chance, number: u32, village: u32, first: i32) -> i32 {
    let draw = chance.of(Entity::Household(number), 0, Purpose::Hear);
    if !draw.happens(0, county.credit.campaign_percent * 10_000) {
        return i32::MAX;
    }
    let day = chance.of(Entity::Village(village), 0, Purpose::Hear).below(0, county.credit.campaign_days);
    first + day as i32 + draw.below(1, 14) as i32
}
