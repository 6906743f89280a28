//! Why a household wants to borrow: costs that come before the money that pays for them, and bad luck.

use super::birth::YUAN;
use super::chance::{Entity, ONE, Purpose, part};
use super::day::{Today, round};
use super::folk::Folk;
use super::household::{Asking, Household, Trouble};
use super::truth::{Truth, TruthRow};
use crate::county::Reason;
use crate::deed::{Act, Deed, HouseholdNo};

impl Folk {
    /// Once a month a household looks ahead. What it lacks it takes from people it knows if it is little,
    /// else it asks the platform.
    pub(super) fn seek(&mut self, today: &Today<'_>, number: u32, deeds: &mut Vec<Deed>) {
        let credit = &today.county.credit;
        let Some(h) = self.get(number) else { return };
        let is_behind = h.loans.iter().any(|loan| loan.due_by(today.day - 1) > 0);
        if h.asking.is_some() || h.loans.len() as i64 >= credit.loans_max || h.asks_from > today.day || is_behind {
            return;
        }
        let Some((reason, gap)) = need(today, number, h) else { return };
        if gap < credit.least_yuan * YUAN * 2 && self.ask_kin(today, number, gap) >= gap {
            return;
        }
        let draw = today.draw(number, Purpose::Hear);
        // People ask for a little more than they need, in round sums, and for no more than they can imagine paying.
        let asked = gap * draw.between(3, 100, 145) / 100;
        let Some(h) = self.get(number) else { return };
        let amount_fen = ((asked + 99_999) / 100_000 * 100_000).min(round(h.usual_fen * 7, 50_000));
        if amount_fen >= credit.least_yuan * YUAN && !self.goes_to_town(today, number, amount_fen) {
            // Too far for what it would bring: kin are asked, and the thought comes back in a season.
            self.ask_kin(today, number, gap / 2);
            if let Some(h) = self.get_mut(number) {
                h.asks_from = today.day + 90;
            }
        } else if amount_fen >= credit.least_yuan * YUAN {
            self.apply(today, number, reason, amount_fen, deeds);
        }
    }

    /// Applies for a loan.
    pub(super) fn apply(
        &mut self,
        today: &Today<'_>,
        number: u32,
        reason: Reason,
        amount_fen: i64,
        deeds: &mut Vec<Deed>,
    ) {
        let Some(offer) = today.county.offer_for(reason) else { return };
        let crops = self.get(number).map(|h| crops(today, h)).unwrap_or_default();
        let Some(h) = self.get_mut(number) else { return };
        let mine = h.mine_next;
        h.mine_next += 1;
        h.asking = Some(Asking { mine, reason, amount_fen, since: today.day, has_asked_person: false });
        let truth = Truth::Wealth {
            mine,
            hidden_fen: h.cash + h.saved,
            other_fen: h.owed_other,
            kin_fen: h.owed_kin.iter().map(|(_, fen)| fen).sum(),
            word_days: h.word_days,
            patience: h.patience,
            reason: reason.code(),
        };
        self.truth.push(TruthRow { date: today.date, household: HouseholdNo(number), truth });
        deeds.push(self.deed(today, number, 4, Act::AskLimit));
        let apply = Act::Apply {
            mine,
            product: offer.product.clone(),
            amount_fen,
            months: offer.months as u16,
            purpose: offer.purpose.clone(),
            region: today.county.region.clone(),
            crops,
        };
        deeds.push(self.deed(today, number, 5, apply));
    }
}

/// The crops on a household's land by name, in thousandths of a mu.
fn crops(today: &Today<'_>, h: &Household) -> Vec<(String, u32)> {
    h.fields
        .iter()
        .filter(|field| field.area > 0)
        .filter_map(|field| today.county.crop.get(field.crop as usize).map(|crop| (crop.code.clone(), field.area * 10)))
        .collect()
}

/// The most pressing cost that what is at hand beyond the buffer does not cover: reason and what is missing.
fn need(today: &Today<'_>, number: u32, h: &Household) -> Option<(Reason, i64)> {
    let buffer = h.spend_fen * today.county.credit.buffer_days;
    let spare = (h.liquid() - buffer).max(0);
    let costs = [
        (Reason::Illness, misfortune(today, h, Trouble::Illness)),
        (Reason::Inputs, inputs(today, h, 2)),
        (Reason::Livestock, young_animals(today, h)),
        (Reason::Stock, stock(today, h)),
        (Reason::School, school(today, h)),
        (Reason::Wedding, misfortune(today, h, Trouble::Wedding)),
        (Reason::Machine, machine(today, number, h)),
    ];
    costs
        .into_iter()
        .map(|(reason, cost)| (reason, cost - spare))
        .find(|(_, gap)| *gap >= today.county.credit.least_yuan * YUAN)
}

/// What the fields cost in the months to come.
pub(super) fn inputs(today: &Today<'_>, h: &Household, months: i32) -> i64 {
    let mut fen = 0;
    for field in h.fields.iter().filter(|field| field.area > 0) {
        let Some(crop) = today.county.crop.get(field.crop as usize) else { continue };
        for ahead in 0..=months {
            let is_paid = ahead == 0 && field.sown >= today.month;
            let month = (today.month + ahead).rem_euclid(12) as usize;
            let share = crop.cost.get(month).copied().unwrap_or(0);
            fen += if is_paid { 0 } else { i64::from(field.area) * crop.cost_yuan * share / 100 };
        }
    }
    fen
}

/// An empty shed, or one that will be empty next month.
fn young_animals(today: &Today<'_>, h: &Household) -> i64 {
    let animals = &h.animals;
    let Some(kind) = today.county.herd.get(animals.kind as usize).filter(|_| animals.places > 0) else { return 0 };
    if animals.heads > 0 {
        return 0;
    }
    i64::from(animals.places) * (kind.young_yuan + kind.feed_yuan * 2) * YUAN
}

/// Goods for the weeks before the Spring Festival, and a little in the autumn.
fn stock(today: &Today<'_>, h: &Household) -> i64 {
    let share = match today.to_festival {
        20..=75 => 90,
        120..=160 => 45,
        _ => 0,
    };
    h.takings_fen * share / 100
}

fn school(today: &Today<'_>, h: &Household) -> i64 {
    let is_before_term = matches!(today.date.month(), 1 | 8);
    let life = &today.county.life;
    let term = i64::from(h.pupils) * life.school_yuan + i64::from(h.students) * life.college_yuan;
    if is_before_term { term * YUAN } else { 0 }
}

/// What a misfortune or a wedding of the last weeks has left to be filled up.
fn misfortune(today: &Today<'_>, h: &Household, which: Trouble) -> i64 {
    let is_fresh = h.trouble == which && today.day - h.trouble_since <= 45;
    if is_fresh {
        (h.spend_fen * today.county.credit.buffer_days * 2 - h.liquid()).max(0) + h.owed_other / 2
    } else {
        0
    }
}

/// Who works much land thinks of a machine once in some years.
fn machine(today: &Today<'_>, number: u32, h: &Household) -> i64 {
    let draw = today.chance.of(Entity::Household(number), today.month, Purpose::Offered);
    let is_large = h.fields.first().is_some_and(|field| field.area > 2_000);
    if is_large && draw.happens(0, ONE / 50) { part(today.county.life.machine_yuan * YUAN, ONE) } else { 0 }
}
