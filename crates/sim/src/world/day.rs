//! How a household lives the days since it last did something: it earns, spends, sows, sells, and meets with luck.

use basics::Date;
use insight::{EventKind, Purchase};

use super::birth::YUAN;
use super::chance::{Chance, Draw, Entity, ONE, Purpose, part, share};
use super::household::{CONSUMED, EARNED, LAID_OUT, SOLD, Trouble};
use super::place::Map;
use super::purse::{Purse, Trace};
use super::season::{Disaster, Season, month_number, spring_festival};
use super::truth::{Truth, TruthRow};
use crate::county::County;
use crate::deed::HouseholdNo;

/// How long before it is ripe a harvest is to be expected by area and usual yield, months.
const EXPECTED_AHEAD_MONTHS: i64 = 3;

/// The day, as every household finds it.
#[derive(Clone, Copy)]
pub(super) struct Today<'a> {
    pub county: &'a County,
    pub chance: Chance,
    pub map: &'a Map,
    pub season: &'a Season,
    pub date: Date,
    pub day: i32,
    pub month: i32,
    /// Days to the next Spring Festival, or past it where it is over since a fortnight at most.
    pub to_festival: i32,
}

impl<'a> Today<'a> {
    pub(super) fn new(county: &'a County, chance: Chance, map: &'a Map, season: &'a Season, date: Date) -> Today<'a> {
        let this = spring_festival(date.year()) - date;
        let to_festival = if this >= -14 { this } else { spring_festival(date.year() + 1) - date };
        Today { county, chance, map, season, date, day: date.days(), month: month_number(date), to_festival }
    }

    pub(super) fn draw(&self, number: u32, what: Purpose) -> Draw {
        self.chance.of(Entity::Household(number), self.day, what)
    }

    /// What a household draws once a month for a purpose.
    fn monthly(&self, number: u32, what: Purpose) -> Draw {
        self.chance.of(Entity::Household(number), self.month, what)
    }

    /// The key of a shop or dealer: those near a village are few, and everybody's.
    pub(super) fn merchant(&self, village: u32, trade: u64) -> u64 {
        self.chance.veil(Entity::Village(village), trade)
    }

    fn payer(&self, number: u32, which: u64) -> u64 {
        self.chance.veil(Entity::Household(number), which)
    }
}

/// A household on its day: its money, the traces, and what is true of it.
pub(super) struct Living<'a, 'b> {
    pub today: &'a Today<'b>,
    pub number: u32,
    pub purse: Purse<'a>,
    pub truth: &'a mut Vec<TruthRow>,
    /// A feast was held: those it knows bring gifts.
    pub has_feast: bool,
}

impl Living<'_, '_> {
    /// Lives the days up to today.
    pub(super) fn live(&mut self) {
        let today = self.today;
        let (number, h) = (self.number, &mut *self.purse.h);
        let days = i64::from((today.day - h.lived).clamp(0, 62));
        if days == 0 {
            return;
        }
        let after = h.lived;
        h.lived = today.day;
        let is_pay_day = h.has_pay_day(after, today.date);
        if is_pay_day {
            self.wages();
            self.bills();
            self.fates();
        }
        // Who has next to nothing left takes whatever work there is.
        let h = &*self.purse.h;
        let is_pressed = h.adults > h.away + h.near && h.liquid() < h.needs_fen * 20;
        if h.takes_day_labour || is_pressed {
            self.day_labour(days);
        }
        if self.purse.h.takings_fen > 0 {
            self.trade(days);
        }
        for place in 0..3 {
            if self.purse.h.fields.get(place).is_some_and(|f| f.area > 0) {
                self.field(place);
            }
        }
        if is_pay_day && self.purse.h.animals.places > 0 {
            self.herd();
        }
        self.spend(days, today.draw(number, Purpose::Spend));
        if is_pay_day {
            self.order();
        }
    }

    fn record(&mut self, trouble: Trouble, fen: i64) {
        self.purse.h.suffer(trouble, self.today.day);
        let (date, household) = (self.today.date, HouseholdNo(self.number));
        self.truth.push(TruthRow { date, household, truth: Truth::Befell { trouble, fen } });
    }

    fn is_traced(&self, draw: Draw, place: u32) -> Trace {
        Trace::when(draw.happens(place, i64::from(self.purse.h.traced) * 10_000))
    }

    fn earn(&mut self, kind: EventKind, fen: i64, from: u64, trace: Trace) {
        self.purse.gain(kind, fen, from, trace);
        self.purse.h.sums[EARNED] += fen.max(0);
    }

    fn consume(&mut self, kind: EventKind, fen: i64, to: u64, trace: Trace) {
        self.purse.h.sums[CONSUMED] += self.purse.pay(kind, fen, to, trace);
    }

    /// Takings of what was sold, and what was laid out for it.
    fn took(&mut self, sold: i64, laid_out: i64) {
        self.purse.h.sums[SOLD] += sold;
        self.purse.h.sums[LAID_OUT] += laid_out;
        self.purse.h.sums[EARNED] += sold - laid_out;
    }

    /// Wages and pensions of a month, rent and subsidy of a year.
    fn wages(&mut self) {
        let (today, number) = (self.today, self.number);
        let people = &today.county.people;
        let draw = today.monthly(number, Purpose::Wage);
        let lost = people.lost_work_permille * 1_000;
        if self.purse.h.away > 0 {
            // Who is out of work stays so for two months.
            let before = today.chance.of(Entity::Household(number), today.month - 1, Purpose::Wage);
            if draw.happens(0, lost) || before.happens(0, lost) {
                let fen = part(self.purse.h.away_fen, people.remit_percent * 10_000);
                self.record(Trouble::LostWork, fen);
            } else {
                let luck = (ONE + draw.normal(1) * 14 / 100).max(ONE / 3);
                let mut sent = part(part(self.purse.h.away_fen, luck), people.remit_percent * 10_000);
                // Before the festival people come home with what they have put by.
                if (0..31).contains(&today.to_festival) {
                    sent = sent * 17 / 10;
                }
                let from = today.payer(number, 1);
                self.earn(EventKind::TransferIn, round(sent, 1_000), from, Trace::Account);
            }
        }
        if self.purse.h.near > 0 {
            if draw.happens(2, lost / 2) {
                let fen = self.purse.h.near_fen;
                self.record(Trouble::LostWork, fen);
            } else {
                let wage = part(self.purse.h.near_fen, (ONE + draw.normal(3) * 8 / 100).max(ONE / 3));
                let from = today.merchant(self.purse.h.village, 40 + u64::from(number % 7));
                self.earn(EventKind::Salary, wage, from, Trace::Account);
            }
        }
        if self.purse.h.support_fen > 0 {
            let luck = (ONE + draw.normal(5) * 25 / 100).max(ONE / 4);
            let sent = part(self.purse.h.support_fen, luck);
            self.earn(EventKind::TransferIn, round(sent, 1_000), today.payer(number, 1), Trace::Account);
        }
        let pension = i64::from(self.purse.h.elders) * people.pension_yuan * YUAN;
        self.earn(EventKind::Pension, pension, today.chance.veil(Entity::County, 1), Trace::Account);
        let relief = self.purse.h.relief_fen;
        self.earn(EventKind::Subsidy, relief, today.chance.veil(Entity::County, 2), Trace::Account);
        let (let_out, leased) = (i64::from(self.purse.h.let_out), i64::from(self.purse.h.leased));
        let land = &today.county.land;
        match today.date.month() {
            5 => {
                let farmed = self.purse.h.fields.first().map_or(0, |f| i64::from(f.area));
                let own = (farmed - leased).max(0) + let_out;
                let fen = own * land.subsidy_yuan;
                self.earn(EventKind::Subsidy, fen, today.chance.veil(Entity::County, 2), Trace::Account);
            }
            11 => {
                let trace = self.is_traced(draw, 4);
                let (tenant, owner) = (today.payer(number, 3), today.payer(number, 4));
                self.earn(EventKind::LandRentIn, let_out * land.rent_yuan, tenant, trace);
                self.purse.pay(EventKind::LandRentOut, leased * land.rent_yuan, owner, trace);
            }
            _ => {}
        }
    }

    /// Bills of a month, terms of school, what is owed to others.
    fn bills(&mut self) {
        let (today, number) = (self.today, self.number);
        let (living, life) = (&today.county.living, &today.county.life);
        let draw = today.monthly(number, Purpose::Chore);
        let trace = Trace::when(self.purse.h.traced > 30);
        let size = 60 + self.purse.h.mouths() * 2;
        let cold = if matches!(today.date.month(), 1 | 2 | 7 | 8 | 12) { 130 } else { 90 };
        let utility = living.utility_yuan * size * cold / 100 * draw.between(0, 80, 120) / 100;
        self.consume(EventKind::Utility, utility, today.chance.veil(Entity::County, 3), trace);
        let phone = EventKind::Purchase(Purchase::Communication);
        self.consume(phone, living.phone_yuan * size, today.chance.veil(Entity::County, 4), trace);
        if matches!(today.date.month(), 2 | 9) {
            let (pupils, students) = (i64::from(self.purse.h.pupils), i64::from(self.purse.h.students));
            let fees = (pupils * life.school_yuan + students * life.college_yuan) * YUAN;
            let school = today.chance.veil(Entity::County, 5 + u64::from(number % 3));
            self.consume(EventKind::Purchase(Purchase::Education), fees, school, trace);
        }
        if today.date.month() == 10 {
            let fen = i64::from(self.purse.h.adults + self.purse.h.elders) * 38_000;
            self.purse.pay(EventKind::InsurancePremium, fen, today.chance.veil(Entity::County, 9), trace);
        }
        self.pay_others(trace);
    }

    /// Interest to another lender every month, and back what one can; people one knows are paid back when there is plenty.
    fn pay_others(&mut self, trace: Trace) {
        let (today, number) = (self.today, self.number);
        let h = &*self.purse.h;
        if h.owed_other > 0 {
            let interest = h.owed_other * today.county.credit.other_rate_percent / 1_200;
            let spare = (h.liquid() - h.spend_fen * today.county.credit.buffer_days).max(0);
            let back = (h.owed_other / 12).max(5_000).min(h.owed_other).min(spare);
            let due = interest + back;
            let lender = today.payer(number, 7);
            let paid = self.purse.pay(EventKind::LoanPayment, due, lender, trace);
            self.purse.h.owed_other += interest - paid.min(self.purse.h.owed_other + interest);
        }
    }

    /// Illness, feasts, weddings.
    fn fates(&mut self) {
        let (today, number) = (self.today, self.number);
        let life = &today.county.life;
        let draw = today.monthly(number, Purpose::Health);
        let people = i64::from(self.purse.h.adults) + 3 * i64::from(self.purse.h.elders);
        if draw.happens(0, people * life.illness_permille * 1_000) {
            let cost =
                draw.about(1, life.illness_yuan * YUAN, life.illness_sigma_percent).min(life.illness_yuan * 4_000);
            // No event says what it was: the law keeps that out of credit files.
            let trace = self.is_traced(draw, 2);
            self.purse.pay(EventKind::PaymentOut, round(cost, 100), today.chance.veil(Entity::County, 20), trace);
            if cost > self.purse.h.usual_fen / 2 {
                self.record(Trouble::Illness, cost);
            }
        }
        let draw = today.monthly(number, Purpose::Wedding);
        self.has_feast |= draw.happens(0, life.feast_permille * 1_000 / 12);
        let is_season = matches!(today.date.month(), 10..=12 | 1);
        let sons = i64::from(self.purse.h.sons);
        if sons > 0 && is_season && draw.happens(1, sons * life.wedding_permille * 1_000 / 4) {
            // Who has little gives less, and whoever has too little puts it off.
            let cost = life.wedding_yuan * YUAN / 3 + self.purse.h.usual_fen * 14;
            if self.purse.h.liquid() > cost * 30 / 100 {
                let paid = self.purse.pay(EventKind::PaymentOut, cost, today.payer(number, 30), Trace::Account);
                self.purse.h.owed_other += if self.purse.h.has_other_lender { (cost - paid) / 2 } else { 0 };
                self.purse.h.sons -= 1;
                self.purse.h.adults += 1;
                self.has_feast = true;
                self.record(Trouble::Wedding, cost);
            }
        }
    }

    fn day_labour(&mut self, days: i64) {
        let draw = self.today.draw(self.number, Purpose::Wage);
        // Fewer hands are wanted in deep winter and around the festival.
        let wanted = if self.today.to_festival.abs() < 25 || self.today.date.month() == 1 { 8 } else { 30 };
        let worked = (days * wanted + draw.below(5, 100)) / 100;
        let wage = self.today.county.people.casual_wage_yuan * YUAN * draw.between(6, 85, 125) / 100;
        let from = self.today.merchant(self.purse.h.village, 50 + draw.below(7, 4).cast_unsigned());
        let trace = self.is_traced(draw, 8);
        self.earn(EventKind::PaymentIn, worked * round(wage, 500), from, trace);
    }

    /// Takings of a shop in as many sums as it is paid by phone, and goods bought for most of it.
    fn trade(&mut self, days: i64) {
        let (today, number) = (self.today, self.number);
        let shop = &today.county.shop;
        let draw = today.draw(number, Purpose::Takings);
        let month = today.chance.of(Entity::Household(number), today.month, Purpose::Takings);
        let mut takings = part(self.purse.h.takings_fen * days / 30, (ONE + draw.normal(0) * 18 / 100).max(ONE / 5));
        takings = part(takings, (ONE + month.normal(1) * 15 / 100).max(ONE / 3));
        if (0..25).contains(&today.to_festival) {
            takings += takings * shop.festival_percent / 100;
        }
        let traced = part(takings, i64::from(self.purse.h.traced) * 10_000);
        for nth in 0..2 {
            let fen = round(traced * (5 + nth * 2) / 12, 10);
            self.purse.gain(
                EventKind::PaymentIn,
                fen,
                today.payer(number, 10 + draw.below(9 + nth as u32, 30).cast_unsigned()),
                Trace::Account,
            );
        }
        let by_line = self.purse.h.use_sold(takings - traced);
        self.purse.gain(EventKind::PaymentIn, takings - traced - by_line, 0, Trace::Hand);
        let goods = takings * (100 - shop.margin_percent) / 100;
        let dealer = today.chance.veil(Entity::County, 60 + u64::from(number % 11));
        let trace = self.is_traced(draw, 12);
        self.purse.pay(EventKind::PaymentOut, round(goods, 100), dealer, trace);
        self.took(takings, goods);
    }

    /// A field: what it costs this month, what is sold of it this month.
    fn field(&mut self, place: usize) {
        let (today, number) = (self.today, self.number);
        let Some(mut field) = self.purse.h.fields.get(place).copied() else { return };
        let Some(crop) = today.county.crop.get(field.crop as usize) else { return };
        let month = today.date.month().unsigned_abs() as usize - 1;
        let draw = today.chance.of(Entity::Household(number), today.month, Purpose::Yield);
        let on = |turn: u32| 1 + draw.below(turn * 8 + place as u32, 24) as i8;
        let cost = crop.cost.get(month).copied().unwrap_or(0);
        if field.sown < today.month && today.date.day() >= on(1).min(16) {
            field.sown = today.month;
            let fen = i64::from(field.area) * crop.cost_yuan * cost / 100;
            let dealer = today.merchant(self.purse.h.village, 70 + draw.below(30, 2).cast_unsigned());
            let trace = self.is_traced(draw, 31);
            let paid = self.purse.pay(EventKind::Purchase(Purchase::FarmInput), round(fen, 100), dealer, trace);
            self.took(0, paid);
            // In the spring of a crop its area and usual yield say what is to be expected.
            if (crop.ripe_month - month as i64 - 1).rem_euclid(12) == EXPECTED_AHEAD_MONTHS {
                self.harvest_slip(EventKind::HarvestExpected, i64::from(field.area) * crop.yield_kg / 100);
            }
            // Who cannot buy all the seed and fertiliser harvests less: a part of the field brings nothing.
            if paid < fen * 9 / 10 && fen > 0 {
                field.lost_ppm += (ONE - share(paid, fen)) * 4 / 10;
            }
        }
        let ripe = crop.ripe_month == month as i64 + 1;
        if field.sold < today.month && today.date.day() >= on(2) {
            field.sold = today.month;
            if ripe {
                let kept = (ONE - field.lost_ppm).max(ONE / 5);
                let reaped_kg = part(self.reap(field.area, field.crop, draw, place), kept);
                self.harvest_slip(EventKind::HarvestWeighed, reaped_kg);
                field.barn_kg += reaped_kg;
                field.lost_ppm = 0;
            }
            self.sell(&mut field, month, draw, place);
        }
        if let Some(kept) = self.purse.h.fields.get_mut(place) {
            *kept = field;
        }
    }

    fn reap(&mut self, area: u32, crop: u8, draw: Draw, place: usize) -> i64 {
        let today = self.today;
        let Some(kind) = today.county.crop.get(crop as usize) else { return 0 };
        let (village, befell) = today.season.harvest(self.purse.h.village, crop);
        let own = ONE + draw.normal(40 + place as u32) * today.county.weather.own_percent / 100;
        let usual = i64::from(area) * kind.yield_kg / 100;
        let kg = part(part(usual, village), own.max(ONE / 5));
        let lost_fen = (usual - kg).max(0) * kind.price_fen;
        if lost_fen > self.purse.h.usual_fen {
            let trouble = match befell {
                Some(Disaster::Drought) => Trouble::Drought,
                Some(Disaster::Flood) => Trouble::Flood,
                Some(Disaster::Pest) => Trouble::Pest,
                None => Trouble::PoorSale,
            };
            self.record(trouble, lost_fen);
        }
        kg
    }

    /// Sells of the barn what this month's share is of what is still to be sold of the year's harvest.
    fn sell(&mut self, field: &mut super::household::Field, month: usize, draw: Draw, place: usize) {
        let today = self.today;
        let Some(crop) = today.county.crop.get(field.crop as usize) else { return };
        let this = crop.income.get(month).copied().unwrap_or(0);
        if this == 0 || field.barn_kg <= 0 {
            return;
        }
        let ripe = crop.ripe_month as usize - 1;
        let passed = (month + 12 - ripe) % 12;
        let ahead: i64 = (passed..12).map(|at| crop.income.get((ripe + at) % 12).copied().unwrap_or(0)).sum();
        let kg = if ahead <= this { field.barn_kg } else { field.barn_kg * this / ahead };
        field.barn_kg -= kg;
        let offered = ONE + draw.normal(50 + place as u32) * today.county.price.offered_percent / 100;
        let fen = part(kg * today.season.price_fen(crop, field.crop), offered.max(ONE / 2));
        let buyer = today.chance.veil(Entity::County, 100 + draw.below(60, 25).cast_unsigned());
        let trace = self.is_traced(draw, 61);
        self.purse.gain(EventKind::HarvestSale, round(fen, 100), buyer, trace);
        self.took(fen, 0);
    }

    /// Animals: a month's feed, disease, and the sale of those grown.
    fn herd(&mut self) {
        let (today, number) = (self.today, self.number);
        let Some(kind) = today.county.herd.get(self.purse.h.animals.kind as usize) else { return };
        let draw = today.monthly(number, Purpose::Herd);
        let heads = i64::from(self.purse.h.animals.heads);
        let dealer = today.merchant(self.purse.h.village, 80);
        if heads == 0 {
            // Young ones are bought for what is at hand beyond the buffer; a loan buys the rest.
            let spare = self.purse.h.liquid() - self.purse.h.spend_fen * today.county.credit.buffer_days;
            let affordable = spare / (kind.young_yuan * YUAN + kind.feed_yuan * YUAN);
            let bought = affordable.clamp(0, i64::from(self.purse.h.animals.places));
            let trace = self.is_traced(draw, 0);
            let what = EventKind::Purchase(Purchase::Livestock);
            self.purse.pay(what, bought * kind.young_yuan * YUAN, dealer, trace);
            self.took(0, bought * kind.young_yuan * YUAN);
            (self.purse.h.animals.heads, self.purse.h.animals.fed_months) = (bought as u16, 0);
            return;
        }
        if draw.happens(1, kind.disease_permille * 1_000 / kind.months.max(1)) {
            self.purse.h.animals.heads /= 2;
            self.record(Trouble::Disease, heads / 2 * kind.young_yuan * YUAN);
        }
        let heads = i64::from(self.purse.h.animals.heads);
        let trace = self.is_traced(draw, 2);
        let feed = EventKind::Purchase(Purchase::FarmInput);
        let fed = self.purse.pay(feed, heads * kind.feed_yuan * YUAN, dealer, trace);
        self.took(0, fed);
        self.purse.h.animals.fed_months = self.purse.h.animals.fed_months.saturating_add(1);
        if i64::from(self.purse.h.animals.fed_months) >= kind.months {
            self.sell_animals(ONE, draw);
        }
    }

    fn sell_animals(&mut self, price_ppm: i64, draw: Draw) {
        let today = self.today;
        let Some(kind) = today.county.herd.get(self.purse.h.animals.kind as usize) else { return };
        let heads = i64::from(self.purse.h.animals.heads);
        let usual = part(heads * kind.sale_yuan * YUAN, today.season.animals_ppm(today.county));
        let offered = ONE + draw.normal(3) * today.county.price.offered_percent / 100;
        let fen = part(part(usual, price_ppm), offered.max(ONE / 2));
        let buyer = today.chance.veil(Entity::County, 130 + draw.below(6, 9).cast_unsigned());
        let trace = self.is_traced(draw, 7);
        self.purse.gain(EventKind::HarvestSale, round(fen, 100), buyer, trace);
        self.took(fen, 0);
        (self.purse.h.animals.heads, self.purse.h.animals.fed_months) = (0, 0);
    }

    /// What is bought for living: by what there is against what one likes to have, never below need while there is money.
    fn spend(&mut self, days: i64, draw: Draw) {
        let (today, number) = (self.today, self.number);
        let living = &today.county.living;
        let h = &*self.purse.h;
        let liked = h.spend_fen * today.county.credit.buffer_days.max(1);
        let ease = share(h.liquid(), liked).clamp(0, 3 * ONE);
        // From six tenths of the usual with nothing in hand to a tenth more with three months of it.
        let level = if ease < ONE { ONE * 6 / 10 + ease * 4 / 10 } else { ONE + (ease - ONE) / 20 };
        let mut fen = part(h.spend_fen, level).max(h.needs_fen) * days;
        if (0..15).contains(&today.to_festival) {
            fen += fen * today.county.life.festival_percent * 2 / 100;
        }
        // Who has lost the harvest buys the grain and feed that it would have had.
        if matches!(h.felt(today.day), Trouble::Drought | Trouble::Flood) {
            fen += fen * living.food_percent * 3 / 1_000;
        }
        let luck = (ONE + draw.normal(0) * 25 / 100).max(ONE / 4);
        fen = part(fen, luck);
        // What was bought by line before is used up first.
        let by_line = self.purse.h.use_goods(fen);
        self.purse.h.sums[CONSUMED] += by_line;
        fen = (fen - by_line).min(self.purse.h.liquid());
        let h = &*self.purse.h;
        let traced = part(fen, i64::from(h.traced) * 10_000);
        let shares = [
            (Purchase::Food, living.food_percent * 6 / 10, 0),
            (Purchase::Food, living.food_percent - living.food_percent * 6 / 10, 1),
            (Purchase::Household, living.household_percent, 2),
            (Purchase::Transport, living.transport_percent, 3),
            (Purchase::Other, 100 - living.food_percent - living.household_percent - living.transport_percent, 4),
        ];
        let village = self.purse.h.village;
        for (what, percent, trade) in shares {
            // On one market day nothing, on another for two.
            let sum = traced * percent / 100 * draw.between(trade + 10, 0, 2);
            if sum < 100 {
                continue;
            }
            let merchant = today.merchant(village, u64::from(trade) * 4 + draw.below(trade + 20, 4).cast_unsigned());
            self.consume(EventKind::Purchase(what), round(sum, 10), merchant, Trace::Account);
        }
        self.consume(EventKind::PaymentOut, fen - traced, today.payer(number, 2), Trace::Hand);
    }

    /// Once a month: too much at home is brought to the account, too much in the account is put by.
    fn order(&mut self) {
        let h = &*self.purse.h;
        let month = h.spend_fen * 30;
        if h.cash > month {
            let fen = round(h.cash - month / 2, 10_000);
            self.purse.deposit(fen);
        }
        let keep = month * (5 + i64::from(self.purse.h.patience) / 15);
        if self.purse.h.account > keep * 3 / 2 {
            let fen = round(self.purse.h.account - keep, 10_000);
            self.purse.put_by(fen);
        }
    }
}

/// A sum rounded down to a multiple, as people round.
pub(super) fn round(fen: i64, to: i64) -> i64 {
    fen / to * to
}
