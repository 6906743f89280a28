//! At a due date: whether a household can pay, and whether it will.
//!
//! It weighs money at hand, savings, what can be sold, help of kin and another lender against what it needs
//! to live; and the worth of credit to come, of a good name and of its own word against what it would keep.

use insight::EventKind;

use super::birth::YUAN;
use super::borrow::inputs;
use super::chance::{ONE, Purpose, part, share};
use super::day::{Today, round};
use super::folk::Folk;
use super::household::{Household, Owed, Trouble};
use super::purse::Trace;
use super::truth::{Truth, TruthRow};
use crate::deed::{Act, Deed, HouseholdNo, Mine, Pay};

/// After so many days past due other things come first no longer: by then somebody has called.
const EARNEST_DAYS: i32 = 15;
/// After so many days past due nobody lends again.
const LOST_DAYS: i32 = 90;
/// How far ahead a household that was struck looks at what falls due.
const LOOK_AHEAD_DAYS: i32 = 45;

/// What a household would do about a loan today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Will {
    Pays,
    /// It keeps more than it loses: both in fen.
    WouldNot(i64, i64),
}

impl Folk {
    /// Pays what is due today, or will be before the household next comes to the window, as far as it can and will.
    pub(super) fn settle(&mut self, today: &Today<'_>, number: u32, deeds: &mut Vec<Deed>) {
        let Some(h) = self.get(number) else { return };
        // Who does business at the window pays ahead of a day on which it does not come.
        let until = if h.has_phone_page { today.day } else { h.wake - 1 };
        let due: Vec<(Mine, i64)> = h
            .loans
            .iter()
            .filter(|loan| loan.tried < today.day)
            .map(|loan| (loan.mine, loan.due_by(until)))
            .filter(|(_, fen)| *fen > 0)
            .collect();
        for (mine, fen) in due {
            self.meet(today, number, mine, fen, deeds);
        }
        let phone_due = self.get(number).filter(|h| h.has_phone_page).and_then(next_due_after(today.day));
        if let (Some(due), Some(h)) = (phone_due, self.get_mut(number)) {
            h.wake = h.wake.min(due);
        }
    }

    fn meet(&mut self, today: &Today<'_>, number: u32, mine: Mine, due_fen: i64, deeds: &mut Vec<Deed>) {
        self.pays_for(today, number, due_fen);
        let Some(h) = self.get(number) else { return };
        let Some(loan) = h.loans.iter().find(|loan| loan.mine == mine) else { return };
        let late = loan.next_due().map_or(0, |due| today.day - due);
        let will = self.will(today, number, h);
        let first = inputs(today, h, 0) * i64::from(100 - h.patience) / 100;
        let (first, reserve) = if late < EARNEST_DAYS { (first, h.needs_fen * 12) } else { (0, h.needs_fen * 5) };
        let trouble = h.felt(today.day);
        if let Some(loan) = self.loan(number, mine) {
            loan.tried = today.day;
            loan.is_withheld = will != Will::Pays;
        }
        if let Will::WouldNot(gain_fen, loss_fen) = will {
            self.tell(today, number, Truth::WouldNot { mine, due_fen, gain_fen, loss_fen });
            return;
        }
        let spare = |folk: &Folk| folk.get(number).map_or(0, |h| h.liquid() - reserve - first);
        if spare(self) < due_fen {
            self.raise(today, number, due_fen - spare(self), late);
        }
        let can = spare(self);
        if can >= due_fen {
            self.pay_loan(today, number, mine, due_fen, late, deeds);
        } else if can + first >= due_fen {
            self.tell(today, number, Truth::PutOff { mine, due_fen });
        } else {
            let short_fen = due_fen - can.max(0);
            self.tell(today, number, Truth::CouldNot { mine, due_fen, short_fen, trouble });
            // A part is better than nothing, once one is late.
            if late >= 1 && can >= due_fen / 3 {
                self.pay_loan(today, number, mine, round(can, 1_000), late, deeds);
            }
        }
    }

    /// What a household gains by not paying, against what it loses.
    pub(super) fn will(&self, today: &Today<'_>, number: u32, h: &Household) -> Will {
        let will = &today.county.will;
        let gain = h.loans.iter().map(Owed::left_fen).sum::<i64>() + h.owed_on_line();
        // Whoever lives by seasons needs credit again; a wage-earner hardly does.
        let seasonal = share(inputs(today, h, 11) / 12, h.usual_fen.max(1)).min(ONE / 2) + ONE / 2;
        // Who is long past due has lost that already, and does not win it back by paying.
        let is_lost = h.loans.iter().any(|loan| loan.due_by(today.day - LOST_DAYS) > 0);
        let future = if is_lost { 0 } else { part(will.future_days * i64::from(h.patience) / 60, seasonal) };
        let known = h.ties.iter().filter(|tie| **tie != u32::MAX);
        let (mut count, mut behind) = (0, 0);
        for tie in known.filter_map(|tie| self.get(*tie)) {
            count += 1;
            behind += i64::from(tie.loans.iter().any(|loan| loan.due_by(today.day - 30) > 0));
        }
        // A good name is worth less where many are behind, and to those who live elsewhere.
        let norm = ONE - share(behind, count) * will.contagion_percent / 100;
        let lives_here = if h.adults > h.away { ONE } else { ONE * 6 / 10 };
        let name = part(part(will.name_days, norm), lives_here);
        let reminders: i64 = h.loans.iter().map(|loan| i64::from(loan.reminders)).sum();
        let loss = (future + name + h.word_days + will.pressure_days * reminders) * h.spend_fen
            + self.felt_for_friend(today, number);
        if gain > loss || self.is_kept_from_paying(h, today.day) { Will::WouldNot(gain, loss) } else { Will::Pays }
    }

    /// Sells what can be sold, asks kin, borrows elsewhere: more of it the later it is.
    fn raise(&mut self, today: &Today<'_>, number: u32, lacks: i64, late: i32) {
        let mut got = self.sell_grain(today, number, lacks);
        if got < lacks && late >= 1 {
            got += self.ask_kin(today, number, lacks - got);
        }
        if got < lacks && late >= 1 {
            got += self.borrow_elsewhere(today, number, lacks - got);
        }
        if got < lacks && late >= 14 {
            self.sell_herd(today, number);
        }
    }

    fn sell_grain(&mut self, today: &Today<'_>, number: u32, lacks: i64) -> i64 {
        let mut got = 0;
        let draw = today.draw(number, Purpose::Offered);
        for place in 0..3 {
            let Some(field) = self.get(number).and_then(|h| h.fields.get(place)).copied() else { continue };
            let Some(crop) = today.county.crop.get(field.crop as usize).filter(|_| field.barn_kg > 0) else { continue };
            // Whoever has to sell today is offered less.
            let price = today.season.price_fen(crop, field.crop) * (92 - draw.below(place as u32, 6)) / 100;
            let kg = ((lacks - got).max(0) / price.max(1) + 1).min(field.barn_kg);
            let buyer = today.chance.veil(super::chance::Entity::County, 100 + draw.below(9, 25).cast_unsigned());
            if got < lacks {
                let fen = round(kg * price, 100);
                self.with_purse(number, |purse| {
                    let trace = Trace::when(purse.h.traced > 40);
                    purse.gain(EventKind::HarvestSale, fen, buyer, trace);
                });
                got += fen;
                if let Some(field) = self.get_mut(number).and_then(|h| h.fields.get_mut(place)) {
                    field.barn_kg -= kg;
                }
            }
        }
        got
    }

    fn sell_herd(&mut self, today: &Today<'_>, number: u32) {
        let Some(animals) = self.get(number).map(|h| h.animals).filter(|a| a.heads > 0) else { return };
        let Some(kind) = today.county.herd.get(animals.kind as usize) else { return };
        // Half-grown animals bring little more than they cost.
        let grown = i64::from(animals.fed_months).min(kind.months);
        let one = kind.young_yuan + (kind.sale_yuan - kind.young_yuan) * grown / kind.months.max(1) * 7 / 10;
        let fen = part(i64::from(animals.heads) * one * YUAN * 85 / 100, today.season.animals_ppm(today.county));
        let buyer = today.chance.veil(super::chance::Entity::County, 130);
        self.with_purse(number, |purse| {
            let trace = Trace::when(purse.h.traced > 40);
            purse.gain(EventKind::HarvestSale, round(fen, 100), buyer, trace);
            purse.h.animals.heads = 0;
        });
    }

    fn borrow_elsewhere(&mut self, today: &Today<'_>, number: u32, lacks: i64) -> i64 {
        let credit = &today.county.credit;
        let Some(h) = self.get(number).filter(|h| h.has_other_lender) else { return 0 };
        let most = h.usual_fen * credit.other_months - h.owed_other;
        let sum = ((lacks + 49_999) / 50_000 * 50_000).min(round(most, 50_000));
        if sum <= 0 {
            return 0;
        }
        let lender = today.chance.veil(super::chance::Entity::Household(number), 7);
        self.with_purse(number, |purse| {
            purse.h.owed_other += sum;
            // Another lender's money comes in by the account as often as by hand; nobody says what it is.
            let trace = Trace::when(purse.h.traced > 55);
            purse.gain(EventKind::TransferIn, sum, lender, trace);
            if purse.h.owed_other > purse.h.usual_fen * credit.other_months * 3 / 4 {
                purse.h.suffer(Trouble::OtherDebt, today.day);
            }
        });
        sum
    }

    fn pay_loan(&mut self, today: &Today<'_>, number: u32, mine: Mine, fen: i64, late: i32, deeds: &mut Vec<Deed>) {
        // Whoever is late does not know to the fen what it costs by now, and brings a little more.
        let bring = if late > 0 { (fen + fen / 100 + 99) / 100 * 100 } else { fen };
        let pay = if late >= 0
            && self.get(number).is_some_and(|h| h.loans.iter().any(|l| l.mine == mine && fen >= l.due_by(today.day)))
            && self.loan(number, mine).is_some_and(|l| l.due_by(today.day) > 0)
        {
            Pay::Due
        } else {
            Pay::Fen(fen)
        };
        self.bring(today, number, bring, deeds);
        deeds.push(self.deed(today, number, 3, Act::Repay { mine, pay }));
    }

    /// Brings money into the wallet, as far as it is short of this.
    pub(super) fn bring(&mut self, today: &Today<'_>, number: u32, wanted: i64, deeds: &mut Vec<Deed>) {
        let Some(lacks) = self.get(number).map(|h| wanted - h.wallet - h.pending).filter(|lacks| *lacks > 0) else {
            return;
        };
        let lender = today.chance.veil(super::chance::Entity::County, 999);
        let paid = self.with_purse(number, |purse| {
            let trace = Trace::when(purse.h.has_phone_page || purse.h.account > lacks);
            purse.pay(EventKind::LoanPayment, lacks, lender, trace)
        });
        let amount_fen = paid.unwrap_or(0);
        if amount_fen > 0 {
            self.underway(number, amount_fen);
            deeds.push(self.deed(today, number, 2, Act::PayIn { amount_fen }));
        }
    }

    /// Whoever has lost a harvest, animals or work looks at what falls due in the weeks to come, and asks once for another
    /// plan before it is late if that cannot be found.
    pub(super) fn look_ahead(&mut self, today: &Today<'_>, number: u32, deeds: &mut Vec<Deed>) {
        let Some(h) = self.get(number) else { return };
        // Troubles that can be shown to an officer.
        let is_shown = matches!(
            h.felt(today.day),
            Trouble::Drought
                | Trouble::Flood
                | Trouble::Pest
                | Trouble::PoorSale
                | Trouble::Disease
                | Trouble::LostWork
                | Trouble::Illness
        );
        if !is_shown || h.scheme != 0 {
            return;
        }
        let spare = h.liquid() - h.needs_fen * 12;
        let is_hard = |loan: &&Owed| {
            let ahead = loan.due_by(today.day + LOOK_AHEAD_DAYS);
            !loan.has_asked && loan.due_by(today.day) == 0 && ahead > 0 && ahead > spare
        };
        let Some(mine) = h.loans.iter().find(is_hard).map(|loan| loan.mine) else { return };
        if let Some(loan) = self.loan(number, mine) {
            loan.has_asked = true;
        }
        deeds.push(self.deed(today, number, 6, Act::AskReplan { mine }));
    }

    pub(super) fn loan(&mut self, number: u32, mine: Mine) -> Option<&mut Owed> {
        self.get_mut(number)?.loans.iter_mut().find(|loan| loan.mine == mine)
    }

    fn tell(&mut self, today: &Today<'_>, number: u32, truth: Truth) {
        self.truth.push(TruthRow { date: today.date, household: HouseholdNo(number), truth });
    }
}

/// The next day after this one on which a loan of a household falls due.
fn next_due_after(day: i32) -> impl Fn(&Household) -> Option<i32> {
    move |h| h.loans.iter().flat_map(|loan| &loan.dues).map(|(due, _)| *due).filter(|due| *due > day).min()
}
