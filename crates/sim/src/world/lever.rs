//! What a lender's policy moves in the world beside what it tells people, and what the laboratory may see of it.
//!
//! How far people have to go for a loan, who stands for whom, what is taught in the villages, premiums and claims. Each is
//! a cause that people reckon with; none says how a loan goes. [`Means`] leaves the world past the platform.

use std::collections::BTreeMap;

use basics::Date;
use insight::EventKind;

use super::birth::{YUAN, trust};
use super::borrow::inputs;
use super::chance::{Entity, ONE, Purpose, part};
use super::day::Today;
use super::folk::Folk;
use super::household::{Household, Standing};
use super::purse::Trace;
use super::season::Disaster;
use super::{World, folk};
use crate::county::County;
use crate::deed::HouseholdNo;

/// Most lessons that a household learns something from.
const LESSONS_MAX: i64 = 3;
/// How far people are off when they tell their income, percent.
const TOLD_PERCENT: i64 = 25;
/// Months of expected income that a household carries in debt, as those who know it see it.
const CARRIED_MONTHS: i64 = 5;
/// How far a friend misjudges another's word, percent.
const MISJUDGED_PERCENT: i64 = 30;

/// The way to a lender that has neither windows in villages nor a phone page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Trips {
    /// Trips to the township for one loan: to apply, to sign, to fetch the money.
    #[n(0)]
    pub count: i64,
    /// Fare a km, there and back, in fen.
    #[n(1)]
    pub fare_fen_km: i64,
    /// Hours a km, there and back, in hundredths, beside the hours at the counter.
    #[n(2)]
    pub hours_hundredths_km: i64,
    /// Hours at the counter a trip, in hundredths.
    #[n(3)]
    pub counter_hours_hundredths: i64,
    /// People go if their trips cost no more than so much of what they ask for, percent.
    #[n(4)]
    pub bearable_percent: i64,
}

/// What policies have moved.
#[derive(Clone, Debug, Default, minicbor::Encode, minicbor::Decode)]
pub(super) struct Levers {
    #[n(0)]
    pub trips: Option<Trips>,
    /// By borrower: who stands for it, and how much of that one's loss it feels as its own, percent.
    #[n(1)]
    pub stands: BTreeMap<u32, (u32, i64)>,
    /// Lessons that a household has sat through.
    #[n(2)]
    lessons: BTreeMap<u32, i64>,
}

/// What a household has and lives by, for indicators of its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// Its village.
    pub village: u32,
    /// From the village to its township, km.
    pub town_km: i64,
    /// Whether it does business by phone.
    pub has_phone_page: bool,
    /// Members, in tenths of a grown one.
    pub mouths_tenths: i64,
    /// Expected income of a month, fen.
    pub usual_fen: i64,
    /// Land that it works, hundredths of a mu.
    pub land: u32,
    /// Money of all kinds, in fen.
    pub money_fen: i64,
    /// Grain in the barn and animals in the shed at usual prices, in fen.
    pub stock_fen: i64,
    /// Owed to other lenders and to people it knows, in fen.
    pub owed_fen: i64,
}

/// What everybody can see of the place where a household lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceSeen {
    /// Whether the village's fields are watered.
    pub is_irrigated: bool,
    /// How low it lies, millionths.
    pub low_ppm: i64,
    /// From the village to its township, km.
    pub town_km: i64,
    /// Whether a phone page can be used there.
    pub has_signal: bool,
}

/// The last harvest of one of a household's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaped {
    /// The crop's code.
    pub crop: String,
    /// The month in which it ripens, 1 to 12.
    pub ripe_month: i64,
    /// Hundredths of a mu.
    pub area: u32,
    /// The village's yield against the usual one, millionths.
    pub yield_ppm: i64,
    /// What befell it.
    pub befell: Option<Disaster>,
}

impl World {
    /// From now on a loan takes these trips to the township, or none.
    pub fn set_trips(&mut self, trips: Option<Trips>) {
        self.folk.levers.trips = trips;
    }

    /// From a household's village to its township, km.
    pub fn km_to_town(&self, who: HouseholdNo) -> i64 {
        self.map.villages.get(self.village_of(who) as usize).map_or(0, |village| village.town_km)
    }

    /// What everybody can see of the place where a household lives; none for a number beyond the last.
    pub fn place_of(&self, who: HouseholdNo) -> Option<PlaceSeen> {
        let village = self.map.villages.get(self.village_of(who) as usize)?;
        let (is_irrigated, low_ppm) = (village.is_irrigated, village.low_ppm);
        Some(PlaceSeen { is_irrigated, low_ppm, town_km: village.town_km, has_signal: village.has_signal })
    }

    /// What a household writes into a form as its income of a month, in fen: what it expects, in good spirits and
    /// round thousands.
    pub fn told_income(&self, who: HouseholdNo) -> i64 {
        let draw = self.chance.of(Entity::Household(who.0), 0, Purpose::Judged);
        let spirits = (ONE + ONE / 10 + draw.normal(40) * TOLD_PERCENT / 100).max(ONE / 3);
        self.folk.get(who.0).map_or(0, |h| part(h.usual_fen, spirits) / 50_000 * 50_000)
    }

    /// Whether a household does business by phone.
    pub fn has_phone_page(&self, who: HouseholdNo) -> bool {
        self.folk.get(who.0).is_some_and(|h| h.has_phone_page)
    }

    /// Number of villages.
    pub fn villages(&self) -> u32 {
        self.map.villages.len() as u32
    }

    /// A lesson in a village: so many percent of its households come. They hear of the platform, and trust their phones by
    /// so many points more. Gives who came.
    pub fn teach(&mut self, village: u32, date: Date, (come_percent, points): (i64, i64)) -> Vec<HouseholdNo> {
        let Some(place) = self.map.villages.get(village as usize) else { return Vec::new() };
        let mut came = Vec::new();
        for number in place.first..place.first + place.count {
            let draw = self.chance.of(Entity::Household(number), date.days(), Purpose::Lesson);
            let lessons = self.folk.levers.lessons.get(&number).copied().unwrap_or(0);
            if lessons >= LESSONS_MAX || !draw.happens(0, come_percent * 10_000) {
                continue;
            }
            self.folk.levers.lessons.insert(number, lessons + 1);
            let character = self.chance.of(Entity::Household(number), 0, Purpose::Character);
            if let Some(h) = self.folk.get_mut(number) {
                let had_phone_page = h.has_phone_page;
                h.has_phone_page |= place.has_signal && trust(character, h) + points * (lessons + 1) > 45;
                // Who was sent away for want of a window tries again by phone.
                let tries_again = h.standing == Standing::Asked && h.has_phone_page && !had_phone_page;
                if h.standing == Standing::Hears(i32::MAX) || tries_again {
                    h.standing = Standing::Hears(date.days() + 3);
                }
            }
            came.push(HouseholdNo(number));
        }
        came
    }

    /// The lessons that the institution gives by the county file: every village in its turn. Who is enrolled has it noted.
    pub fn lessons(&mut self, date: Date) {
        let Some(lessons) = self.county.lessons.clone().filter(|lessons| lessons.a_year > 0) else { return };
        let every = (365 / lessons.a_year).max(1);
        for village in 0..self.villages() {
            // A lesson at the office of the next village is on another day.
            if (i64::from(date.days()) + i64::from(village) * 17).rem_euclid(every) != 0 {
                continue;
            }
            let teacher = self.chance.veil(Entity::Village(village), 91);
            for who in self.teach(village, date, (lessons.come_percent, lessons.trust_points)) {
                self.folk.with_purse(who.0, |purse| purse.note(EventKind::TrainingAttended, teacher));
            }
        }
    }

    /// Who of those it knows would stand for a household that asks for so much: whoever is enrolled and not behind. With
    /// something of its own at stake a friend stands only for whom it believes to keep its word.
    pub fn friend_who_stands(&self, who: HouseholdNo, asked_fen: i64, is_at_stake: bool) -> Option<HouseholdNo> {
        let h = self.folk.get(who.0)?;
        let known = h.ties.iter().zip(0_u32..).filter(|(tie, _)| **tie != u32::MAX);
        for (tie, place) in known {
            let Some(friend) = self.folk.get(*tie) else { continue };
            if friend.standing != Standing::Enrolled || folk::is_stolen(&self.folk.schemes, friend) {
                continue;
            }
            let draw = self.chance.of(Entity::Household(who.0), 0, Purpose::Judged);
            let seen = ONE + draw.normal(place) * MISJUDGED_PERCENT / 100;
            let will = &self.county.will;
            let kept = part(h.word_days, seen.max(0)) + will.name_days + will.future_days * i64::from(h.patience) / 60;
            // What it owes in the village is known there, what it owes elsewhere guessed at.
            let owes = h.owed_kin.iter().map(|(_, fen)| fen).sum::<i64>() + part(h.owed_other, seen.clamp(0, ONE));
            let carries = asked_fen + owes <= h.usual_fen * CARRIED_MONTHS;
            let owes_friend = h.owed_kin.iter().any(|(to, _)| to.0 == *tie);
            if !is_at_stake || (carries && kept * h.spend_fen > asked_fen + owes && !owes_friend) {
                return Some(HouseholdNo(*tie));
            }
        }
        None
    }

    /// From now on the credit of `friend` hangs on whether a household pays, which feels so many percent of that loss as its own.
    pub fn stand_for(&mut self, who: HouseholdNo, friend: HouseholdNo, felt_percent: i64) {
        self.folk.levers.stands.insert(who.0, (friend.0, felt_percent));
    }

    /// Nobody stands for a household any more.
    pub fn stand_down(&mut self, who: HouseholdNo) {
        self.folk.levers.stands.remove(&who.0);
    }

    /// A premium is paid by a household, as far as it has money. Gives what was paid, in fen.
    pub fn pay_premium(&mut self, who: HouseholdNo, fen: i64) -> i64 {
        let insurer = self.chance.veil(Entity::County, 9);
        let paid =
            self.folk.with_purse(who.0, |purse| purse.pay(EventKind::InsurancePremium, fen, insurer, Trace::Account));
        paid.unwrap_or(0)
    }

    /// An insurer pays a claim into a household's account.
    pub fn pay_claim(&mut self, who: HouseholdNo, fen: i64) {
        let insurer = self.chance.veil(Entity::County, 9);
        self.folk.with_purse(who.0, |purse| purse.gain(EventKind::InsuranceClaim, fen, insurer, Trace::Account));
    }

    /// The last harvest of each of a household's fields.
    pub fn harvests(&self, who: HouseholdNo) -> Vec<Reaped> {
        let Some(h) = self.folk.get(who.0) else { return Vec::new() };
        let reaped = |field: &super::household::Field| {
            let crop = self.county.crop.get(field.crop as usize)?;
            let (yield_ppm, befell) = self.season.harvest(h.village, field.crop);
            let (code, ripe_month) = (crop.code.clone(), crop.ripe_month);
            Some(Reaped { crop: code, ripe_month, area: field.area, yield_ppm, befell })
        };
        h.fields.iter().filter(|field| field.area > 0).filter_map(reaped).collect()
    }

    /// What every household has and lives by, in order of their numbers.
    pub fn means(&self) -> Vec<Means> {
        self.folk.households.iter().map(|h| self.means_of(h)).collect()
    }

    fn means_of(&self, h: &Household) -> Means {
        let town_km = self.map.villages.get(h.village as usize).map_or(0, |village| village.town_km);
        Means {
            village: h.village,
            town_km,
            has_phone_page: h.has_phone_page,
            mouths_tenths: h.mouths(),
            usual_fen: h.usual_fen,
            land: h.fields.first().map_or(0, |field| field.area),
            money_fen: h.cash + h.account + h.wallet + h.pending + h.saved,
            stock_fen: stock(&self.county, h),
            owed_fen: h.owed_other + h.owed_kin.iter().map(|(_, fen)| fen).sum::<i64>(),
        }
    }
}

/// Grain and animals at usual prices.
fn stock(county: &County, h: &Household) -> i64 {
    let grain =
        h.fields.iter().filter_map(|field| Some(field.barn_kg * county.crop.get(field.crop as usize)?.price_fen));
    let one = county.herd.get(h.animals.kind as usize).map_or(0, |kind| kind.young_yuan * YUAN);
    grain.sum::<i64>() + i64::from(h.animals.heads) * one
}

impl Folk {
    /// What the trips for a loan cost a household, in fen: fares, and the wage of the hours.
    fn trips_fen(&self, today: &Today<'_>, h: &Household) -> i64 {
        let Some(trips) = self.levers.trips else { return 0 };
        let km = today.map.villages.get(h.village as usize).map_or(0, |village| village.town_km);
        let hours = trips.counter_hours_hundredths + trips.hours_hundredths_km * km;
        let wage_hour_fen = today.county.people.casual_wage_yuan * YUAN / 8;
        trips.count * (trips.fare_fen_km * km + hours * wage_hour_fen / 100)
    }

    /// Goes to the township for a loan of this much, and pays the fares; false if that is not worth it.
    pub(super) fn goes_to_town(&mut self, today: &Today<'_>, number: u32, asked_fen: i64) -> bool {
        let Some(trips) = self.levers.trips else { return true };
        let Some(h) = self.get(number) else { return false };
        let cost = self.trips_fen(today, h);
        if cost * 100 > asked_fen * trips.bearable_percent {
            return false;
        }
        let driver = today.merchant(h.village, 90);
        self.with_purse(number, |purse| purse.pay(EventKind::PaymentOut, cost, driver, Trace::Hand));
        true
    }

    /// What a household would bring upon the friend who stands for it, as far as it feels that, in fen: the worth of
    /// the friend's credit in the years to come.
    pub(super) fn felt_for_friend(&self, today: &Today<'_>, number: u32) -> i64 {
        let Some((friend, felt_percent)) = self.levers.stands.get(&number) else { return 0 };
        let Some(friend) = self.get(*friend) else { return 0 };
        let needs = (inputs(today, friend, 11) / 12).min(friend.usual_fen / 2) + friend.usual_fen / 2;
        let days = today.county.will.future_days * i64::from(friend.patience) / 60;
        let worth = days * friend.spend_fen * needs / friend.usual_fen.max(1);
        worth * felt_percent / 100
    }
}
