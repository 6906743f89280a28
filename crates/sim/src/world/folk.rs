//! All households together: whose day it is, and money that goes from one to another.

use std::collections::BTreeMap;

use insight::EventKind;

use super::birth::YUAN;
use super::chance::{Entity, Purpose, part};
use super::day::{Living, Today, round};
use super::fraud::Scheme;
use super::household::{Household, Standing};
use super::lever::Levers;
use super::purse::{Purse, Trace};
use super::truth::{TruthRow, Typology};
use crate::deed::{Act, Deed, HouseholdNo, Lived, Way};

/// The people of a county.
#[derive(Clone, Debug)]
pub(super) struct Folk {
    pub households: Vec<Household>,
    /// What happened to a household since it last told what it lived, beside its own days: gifts, loans, repayments.
    pub waiting: BTreeMap<u32, Vec<Lived>>,
    pub truth: Vec<TruthRow>,
    /// Households with something on its way into or out of their wallets.
    pub pending: Vec<u32>,
    /// What of it was sent since people were last told anything, in fen: no answer of that telling is about it.
    pub unheard: BTreeMap<u32, i64>,
    pub schemes: Vec<Scheme>,
    /// The year whose schemes have begun; 0 before the first.
    pub schemes_year: i16,
    pub levers: Levers,
    /// Shopkeepers who do business by phone, by village.
    pub shops: BTreeMap<u32, Vec<u32>>,
}

impl Folk {
    pub(super) fn new(households: Vec<Household>) -> Folk {
        let mut shops: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (number, h) in (0_u32..).zip(&households).filter(|(_, h)| h.takings_fen > 0 && h.has_phone_page) {
            shops.entry(h.village).or_default().push(number);
        }
        Folk {
            households,
            waiting: BTreeMap::new(),
            truth: Vec::new(),
            pending: Vec::new(),
            unheard: BTreeMap::new(),
            schemes: Vec::new(),
            schemes_year: 0,
            levers: Levers::default(),
            shops,
        }
    }

    pub(super) fn get(&self, number: u32) -> Option<&Household> {
        self.households.get(number as usize)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Household> {
        self.households.get_mut(number as usize)
    }

    /// The money of a household outside of its own days; traces wait until it next tells what it lived.
    pub(super) fn with_purse<T>(&mut self, number: u32, act: impl FnOnce(&mut Purse<'_>) -> T) -> Option<T> {
        let h = self.households.get_mut(number as usize)?;
        let mut seen = Vec::new();
        let done = act(&mut Purse { h, seen: &mut seen });
        // What happened before a household consented is never told to the platform.
        if h.standing == Standing::Enrolled && !seen.is_empty() {
            self.waiting.entry(number).or_default().append(&mut seen);
        }
        Some(done)
    }

    /// Cash is on its way into a wallet (positive) or out of it.
    pub(super) fn underway(&mut self, number: u32, fen: i64) {
        if let Some(h) = self.get_mut(number) {
            h.pending += fen;
            self.pending.push(number);
            *self.unheard.entry(number).or_default() += fen;
        }
    }

    /// Lets those live whose day it is, and takes them to the counter. Gives who asks to be enrolled.
    pub(super) fn live(&mut self, today: &Today<'_>, deeds: &mut Vec<Deed>) -> Vec<(u32, u32)> {
        let (mut asked, mut feasts, mut busy) = (Vec::new(), Vec::new(), Vec::new());
        let mut shopping = Vec::new();
        for (number, h) in (0_u32..).zip(self.households.iter_mut()) {
            if h.wake > today.day {
                continue;
            }
            let is_pay_day = h.has_pay_day(h.lived, today.date);
            h.wake = today.map.market_on_or_after(h.village, today.day + 1);
            let mut seen = Vec::new();
            let purse = Purse { h, seen: &mut seen };
            let mut living = Living { today, number, purse, truth: &mut self.truth, has_feast: false };
            living.live();
            if living.has_feast {
                feasts.push(number);
            }
            match h.standing {
                Standing::Hears(day) if day <= today.day => {
                    h.standing = Standing::Asked;
                    asked.push((number, 0));
                }
                // Whoever knows nothing of a file in its name lives beside it.
                Standing::Enrolled if is_stolen(&self.schemes, h) => {}
                Standing::Enrolled => {
                    if !seen.is_empty() {
                        self.waiting.entry(number).or_default().append(&mut seen);
                    }
                    if today.county.shopping.is_some() && h.has_phone_page {
                        shopping.push(number);
                    }
                    if !h.loans.is_empty() || is_pay_day {
                        busy.push((number, is_pay_day));
                    }
                    if let Some(all) = self.waiting.remove(&number) {
                        deeds.push(deed(today, number, h, 1, Act::Live(all)));
                    }
                }
                _ => {}
            }
        }
        for host in feasts {
            self.feast(today, host);
        }
        for (number, is_pay_day) in busy {
            self.settle(today, number, deeds);
            self.show_use(today, number, deeds);
            if is_pay_day {
                self.give_back(today, number);
                self.look_ahead(today, number, deeds);
                self.seek(today, number, deeds);
            }
        }
        for number in shopping {
            self.shop(today, number, deeds);
        }
        self.spread(today);
        asked
    }

    /// Leaves the past behind: nobody tells of it, and nothing of it is written down.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
        self.truth.clear();
        for h in &mut self.households {
            h.sums = [0; 4];
        }
    }

    /// What was not answered by the evening went well.
    pub(super) fn rest(&mut self) {
        for number in std::mem::take(&mut self.pending) {
            if let Some(h) = self.households.get_mut(number as usize) {
                h.wallet += h.pending;
                h.pending = 0;
            }
        }
    }

    pub(super) fn deed(&self, today: &Today<'_>, number: u32, turn: u32, act: Act) -> Deed {
        match self.get(number) {
            Some(h) => deed(today, number, h, turn, act),
            None => Deed { household: HouseholdNo(number), second: 0, way: Way::Window, act },
        }
    }

    /// Those a household knows bring gifts to its feast, as much as custom and their means allow.
    fn feast(&mut self, today: &Today<'_>, host: u32) {
        let Some(ties) = self.get(host).map(|h| h.ties) else { return };
        let usual = today.county.life.gift_yuan * YUAN;
        for (place, guest) in ties.into_iter().enumerate().filter(|(_, guest)| *guest != u32::MAX) {
            let closeness = match place {
                0 | 1 => 200,
                2..=5 => 100,
                _ => 70,
            };
            let draw = today.draw(guest, Purpose::Wedding);
            let means = self.get(guest).map_or(0, |h| h.at_hand() / 4);
            let gift = usual * closeness / 100 * draw.between(9, 70, 140) / 100;
            self.hand_over(today, guest, host, round(gift.min(means), 5_000));
        }
    }

    /// Money goes from one household to another outside of the platform, seen by those whose accounts it passes.
    pub(super) fn hand_over(&mut self, today: &Today<'_>, from: u32, to: u32, fen: i64) {
        if fen <= 0 || from == to {
            return;
        }
        let has_trace = |h: Option<&Household>| h.is_some_and(|h| h.traced > 45);
        let trace = Trace::when(has_trace(self.get(from)) && has_trace(self.get(to)));
        let key = |n| today.chance.veil(Entity::Household(n), 0);
        let paid = self.with_purse(from, |purse| purse.pay(EventKind::TransferOut, fen, key(to), trace)).unwrap_or(0);
        self.with_purse(to, |purse| purse.gain(EventKind::TransferIn, paid, key(from), trace));
    }

    /// Asks those a household knows for money that it lacks. Gives what they lent.
    pub(super) fn ask_kin(&mut self, today: &Today<'_>, number: u32, lacks: i64) -> i64 {
        let Some((ties, owed)) = self.get(number).map(|h| (h.ties, h.owed_kin.len())) else { return 0 };
        let mut lent = 0;
        for lender in ties.into_iter().take(8).filter(|lender| *lender != u32::MAX) {
            if lent >= lacks || owed >= 4 || self.get(number).is_some_and(|h| h.owed_kin.len() >= 4) {
                break;
            }
            let Some(kin) = self.get(lender) else { continue };
            let spare = kin.liquid() - kin.spend_fen * today.county.credit.buffer_days * 3 / 2;
            let is_behind = kin.loans.iter().any(|loan| loan.due_by(today.day - 10) > 0);
            let sum =
                round(part(spare.max(0), today.county.credit.kin_percent * 10_000).min(lacks - lent + 9_999), 10_000);
            if sum <= 0 || is_behind {
                continue;
            }
            self.hand_over(today, lender, number, sum);
            lent += sum;
            if let Some(h) = self.get_mut(number) {
                match h.owed_kin.iter_mut().find(|(to, _)| to.0 == lender) {
                    Some((_, owed)) => *owed += sum,
                    None => h.owed_kin.push((HouseholdNo(lender), sum)),
                }
            }
        }
        lent
    }

    /// Gives back to people what it can spare beyond its buffer.
    fn give_back(&mut self, today: &Today<'_>, number: u32) {
        let Some(h) = self.get(number).filter(|h| !h.owed_kin.is_empty()) else { return };
        let spare = h.liquid() - h.spend_fen * today.county.credit.buffer_days * 3 / 2;
        let Some((lender, owed)) = h.owed_kin.first().copied() else { return };
        let back = owed.min(round(spare, 10_000));
        if back <= 0 || (back < owed && back < owed / 3) {
            return;
        }
        self.hand_over(today, number, lender.0, back);
        if let Some(h) = self.get_mut(number) {
            match h.owed_kin.first_mut() {
                Some(first) if first.1 > back => first.1 -= back,
                _ => {
                    h.owed_kin.remove(0);
                }
            }
        }
    }

    /// Word of the platform goes from those who are enrolled to people they know: once a month a household looks
    /// around, and joins when enough of those it knows have.
    fn spread(&mut self, today: &Today<'_>) {
        let mut told = Vec::new();
        for (number, h) in (0_u32..).zip(self.households.iter()) {
            if h.standing != Standing::Hears(i32::MAX) || (today.day + number as i32) % 30 != 0 {
                continue;
            }
            let enrolled =
                h.ties.iter().filter(|n| self.get(**n).is_some_and(|t| t.standing == Standing::Enrolled)).count();
            // The cautious want to see more people before them.
            let wants = 2 + (100 - usize::from(h.patience)) / 15 + usize::from(!h.has_phone_page) * 2;
            if enrolled >= wants.min(9) {
                told.push(number);
            }
        }
        for number in told {
            if let Some(h) = self.get_mut(number) {
                h.standing = Standing::Hears(today.day + 3);
            }
        }
    }
}

/// Whether a household's file is kept in its name by somebody else.
pub(super) fn is_stolen(schemes: &[Scheme], h: &Household) -> bool {
    let scheme = usize::from(h.scheme).checked_sub(1).and_then(|at| schemes.get(at));
    scheme.is_some_and(|s| s.kind == Typology::StolenNames)
}

/// A deed of a household today. `turn` orders what it does on one day.
pub(super) fn deed(today: &Today<'_>, number: u32, h: &Household, turn: u32, act: Act) -> Deed {
    let who = HouseholdNo(number);
    let hour = today.draw(number, Purpose::Clock);
    // Windows are open from eight to five; phones are used into the night.
    let (from, until) = if h.has_phone_page { (6 * 3_600, 21 * 3_600) } else { (8 * 3_600, 16 * 3_600) };
    let second = hour.between(0, from, until) as u32 + turn * 60;
    let own = if h.has_phone_page { Way::Phone } else { Way::Window };
    Deed { household: who, second, way: h.acted_for.unwrap_or(own), act }
}
