//! Fraud with strategies: who begins it, with whom, step by step, and what they learn from a refusal.
//!
//! Schemers live as everybody does: same merchants, same hours, sums rounded the same way. What sets a scheme
//! apart is only what its deeds add up to.

use insight::EventKind;

use super::birth::YUAN;
use super::borrow::inputs;
use super::chance::{Entity, Purpose, part};
use super::day::{Today, round};
use super::folk::Folk;
use super::household::{Household, Standing, Trouble};
use super::purse::Trace;
use super::truth::{Truth, TruthRow, Typology};
use crate::county::{Fraud, Reason};
use crate::deed::{Act, Deed, HouseholdNo, Mine, Way};

/// A scheme under way.
#[derive(Clone, Debug, minicbor::Encode, minicbor::Decode)]
pub(super) struct Scheme {
    #[n(0)]
    pub kind: Typology,
    /// Who gains by it: the organiser's household.
    #[n(1)]
    pub head: u32,
    /// Those in whose names it is done, the head left out unless it acts alone.
    #[n(2)]
    pub members: Vec<u32>,
    #[n(3)]
    wake: i32,
    #[n(4)]
    stage: Stage,
    /// How many members have had their turn.
    #[n(5)]
    turn: usize,
    /// What is asked for at most: learnt from answers, in fen.
    #[n(6)]
    asks_fen: i64,
    #[n(7)]
    refusals: u8,
    /// Day on which its head stops paying for the others.
    #[n(8)]
    stops: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
enum Stage {
    /// Not begun, or making files look lively.
    #[n(0)]
    Warms,
    /// Members ask for loans, one after the other.
    #[n(1)]
    Takes,
    /// Instalments are paid, so that nobody looks.
    #[n(2)]
    Holds,
    /// It has stopped.
    #[n(3)]
    Over,
}

impl Folk {
    /// Begins the schemes of a year, and takes each one that is awake a step further.
    pub(super) fn plot(&mut self, today: &Today<'_>, deeds: &mut Vec<Deed>) {
        if today.date.day_of_year() == 1 || self.schemes_year == 0 {
            self.schemes_year = today.date.year();
            self.begin_year(today);
        }
        for at in 0..self.schemes.len() {
            let is_awake = self.schemes.get(at).is_some_and(|s| s.wake <= today.day && s.stage != Stage::Over);
            if is_awake {
                self.step(today, at, deeds);
            }
        }
    }

    fn begin_year(&mut self, today: &Today<'_>) {
        let year = i32::from(today.date.year());
        let left = today.date.days_in_year() - today.date.day_of_year() + 1;
        for (nth, kind) in Typology::ALL.into_iter().enumerate() {
            let draw = today.chance.of(Entity::Scheme(nth as u32), year, Purpose::Fraud);
            let wanted = per_ten_thousand(&today.county.fraud, kind) * self.households.len() as i64;
            let wanted = wanted * i64::from(left) / i64::from(today.date.days_in_year());
            let count = wanted / 10_000 + i64::from(draw.below(0, 10_000) < wanted % 10_000);
            for scheme in 0..count as u32 {
                self.begin(today, kind, (nth as u32) << 16 | scheme, year, left);
            }
        }
    }

    fn begin(&mut self, today: &Today<'_>, kind: Typology, number: u32, year: i32, left: i32) {
        if self.schemes.len() >= usize::from(u16::MAX) {
            return;
        }
        let draw = today.chance.of(Entity::Scheme(number), year, Purpose::Fraud);
        let Some(head) = self.tempted(draw.bits(0), kind) else { return };
        let most = today.county.fraud.members_max;
        let members = match kind {
            Typology::Stacking | Typology::Diversion | Typology::Mule => vec![head],
            Typology::BigUser => self.names(head, kind, most.max(3)),
            _ => self.names(head, kind, draw.between(1, most / 2, most)),
        };
        if members.is_empty() {
            return;
        }
        let begins = today.day + draw.below(2, i64::from(left)) as i32;
        let scheme = self.schemes.len() as u16 + 1;
        for member in &members {
            let is_shared = matches!(kind, Typology::BorrowedNames | Typology::BigUser) && draw.happens(3, 500_000);
            let acted_for = match kind {
                Typology::StolenNames | Typology::Insider => Some(Way::Window),
                _ if is_shared => Some(Way::Phone),
                _ => None,
            };
            if let Some(h) = self.get_mut(*member) {
                (h.scheme, h.acted_for) = (scheme, acted_for);
                h.asking = None;
            }
        }
        let income = self.get(head).map_or(0, |h| h.usual_fen);
        self.schemes.push(Scheme {
            kind,
            head,
            members,
            wake: begins,
            stage: Stage::Warms,
            turn: 0,
            asks_fen: round((income * 6).clamp(800_000, 5_000_000), 100_000),
            refusals: 0,
            stops: begins + draw.between(5, 210, 480) as i32,
        });
    }

    /// Who is tempted most: of thirty-two households looked at, the one that its word holds least, and that is fit for it.
    fn tempted(&self, bits: u64, kind: Typology) -> Option<u32> {
        let count = self.households.len() as u64;
        (0..32_u64)
            .map(|n| (bits.rotate_left(n as u32 * 2).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ n) >> 32) % count.max(1))
            .filter_map(|number| Some((number as u32, self.get(number as u32)?)))
            .filter(|(_, h)| h.scheme == 0 && h.adults > 0 && h.loans.is_empty())
            .filter(|(_, h)| kind != Typology::Mule || h.has_phone_page)
            .min_by_key(|(number, h)| (h.word_days * i64::from(h.patience), *number))
            .map(|(number, _)| number)
    }

    /// In whose names it is done: people the head knows, and people they know.
    fn names(&self, head: u32, kind: Typology, wanted: i64) -> Vec<u32> {
        let Some(first) = self.get(head) else { return Vec::new() };
        let mut known: Vec<u32> = first.ties.iter().copied().filter(|n| *n != u32::MAX).collect();
        for tie in known.clone() {
            known.extend(self.get(tie).into_iter().flat_map(|h| h.ties).filter(|n| *n != u32::MAX));
        }
        known.sort_unstable();
        known.dedup();
        let is_fit = |h: &Household| match kind {
            // Who is away or has never dealt with the platform does not notice.
            Typology::StolenNames => h.standing != Standing::Enrolled && (h.adults <= h.away || h.elders > 0),
            Typology::Ring => h.adults > 0 && h.word_days < 140,
            Typology::Insider => !h.has_phone_page,
            _ => h.liquid() < h.spend_fen * 150,
        };
        let mut fit: Vec<(i64, u32)> = known
            .into_iter()
            .filter(|n| *n != head)
            .filter_map(|n| Some((n, self.get(n)?)))
            .filter(|(_, h)| h.scheme == 0 && h.loans.is_empty() && is_fit(h))
            .map(|(n, h)| (h.liquid() / h.spend_fen.max(1) + h.word_days, n))
            .collect();
        fit.sort_unstable();
        fit.into_iter().take(wanted.max(1) as usize).map(|(_, n)| n).collect()
    }

    fn step(&mut self, today: &Today<'_>, at: usize, deeds: &mut Vec<Deed>) {
        let Some(scheme) = self.schemes.get(at).cloned() else { return };
        let draw = today.chance.of(Entity::Scheme(at as u32), today.day, Purpose::Fraud);
        let mut next = 5 + draw.below(0, 8) as i32;
        match (scheme.kind, scheme.stage) {
            (Typology::Mule, _) => {
                self.run_through(today, at, draw.between(1, 8, 160) * 100 * YUAN, deeds);
                next = 2 + draw.below(2, 9) as i32;
            }
            (Typology::Insider, _) => self.bridge(today, at, deeds),
            (_, Stage::Warms) => next = self.warm(today, at, deeds),
            (_, Stage::Takes) => self.take_next(today, at, deeds),
            (_, Stage::Holds | Stage::Over) => {
                if today.day >= scheme.stops {
                    self.set_stage(at, Stage::Over);
                }
            }
        }
        if let Some(scheme) = self.schemes.get_mut(at) {
            scheme.wake = today.day + next;
        }
    }

    fn set_stage(&mut self, at: usize, stage: Stage) {
        if let Some(scheme) = self.schemes.get_mut(at) {
            scheme.stage = stage;
        }
    }

    /// Makes files look lively: money goes round between head and members, in sums as people pay them.
    fn warm(&mut self, today: &Today<'_>, at: usize, deeds: &mut Vec<Deed>) -> i32 {
        let Some(scheme) = self.schemes.get(at).cloned() else { return 30 };
        let draw = today.chance.of(Entity::Scheme(at as u32), today.day, Purpose::Fraud);
        let mut is_ready = true;
        for (nth, member) in scheme.members.iter().enumerate() {
            let Some((standing, lived)) = self.get(*member).map(|h| (h.standing, h.lived)) else { continue };
            match standing {
                Standing::Hears(_) => {
                    is_ready = false;
                    if let Some(h) = self.get_mut(*member) {
                        h.standing = Standing::Hears(today.day);
                        h.wake = h.wake.min(today.day + 1);
                    }
                }
                Standing::Asked => is_ready = false,
                Standing::Enrolled if scheme.kind == Typology::StolenNames => {
                    // Nobody lives this file: a clerk pays small sums in and out.
                    let fen = draw.between(10 + nth as u32, 3, 40) * 20 * YUAN;
                    self.made_up(today, *member, fen, deeds);
                    is_ready &= self.get(*member).is_some_and(|h| today.day - h.trouble_since > 0 && lived > 0);
                }
                Standing::Enrolled => {
                    let fen = draw.between(10 + nth as u32, 2, 30) * 100 * YUAN;
                    if scheme.head != *member {
                        self.hand_over(today, scheme.head, *member, fen);
                        self.hand_over(today, *member, scheme.head, fen - fen / 50);
                        self.mark(today, *member, at, "round-trip");
                    }
                }
            }
        }
        let turns = self.schemes.get_mut(at).map_or(0, |scheme| {
            scheme.turn += usize::from(is_ready);
            scheme.turn
        });
        // Some are in a hurry, and are found out by thin files; most wait until theirs are thick.
        if turns >= 9 + (at % 7)
            && let Some(scheme) = self.schemes.get_mut(at)
        {
            (scheme.stage, scheme.turn) = (Stage::Takes, 0);
        }
        8
    }

    /// Deposits and withdrawals in a file that nobody lives.
    fn made_up(&mut self, today: &Today<'_>, member: u32, fen: i64, deeds: &mut Vec<Deed>) {
        self.with_purse(member, |purse| {
            purse.trace(EventKind::PaymentIn, fen, today.merchant(0, 50));
            purse.trace(EventKind::CashWithdrawal, -fen * 9 / 10, 0);
        });
        if let Some(all) = self.waiting.remove(&member) {
            deeds.push(self.deed(today, member, 1, Act::Live(all)));
        }
    }

    /// The next member asks for a loan.
    fn take_next(&mut self, today: &Today<'_>, at: usize, deeds: &mut Vec<Deed>) {
        let Some(scheme) = self.schemes.get(at).cloned() else { return };
        let Some(member) = scheme.members.get(scheme.turn).copied() else {
            self.set_stage(at, Stage::Holds);
            return;
        };
        if scheme.refusals >= 3 {
            self.set_stage(at, Stage::Holds);
            return;
        }
        if let Some(scheme) = self.schemes.get_mut(at) {
            scheme.turn += 1;
        }
        let draw = today.draw(member, Purpose::Fraud);
        let Some(h) = self.get(member).filter(|h| h.standing == Standing::Enrolled && h.asking.is_none()) else {
            return;
        };
        // What is said fits the household: animals where there is a shed, seed where there is land.
        let reason = if h.takings_fen > 0 {
            Reason::Stock
        } else if h.animals.places > 0 {
            Reason::Livestock
        } else if h.fields.first().is_some_and(|f| f.area > 0) {
            Reason::Inputs
        } else {
            Reason::Machine
        };
        // So does the sum: whoever asks for more than the purpose costs is looked at.
        let own = match scheme.kind {
            Typology::BigUser => scheme.asks_fen,
            _ => would_cost(today, h, reason).min(h.usual_fen * 7),
        };
        let amount_fen = round(scheme.asks_fen.min(own) * draw.between(1, 80, 145) / 100, 100_000).max(300_000);
        self.apply(today, member, reason, amount_fen, deeds);
        self.mark(today, member, at, "apply");
    }

    /// A loan of a scheme was paid out: where the money really goes.
    pub(super) fn divert(&mut self, today: &Today<'_>, number: u32, amount_fen: i64) {
        let Some(at) = self.get(number).map(|h| usize::from(h.scheme)).filter(|s| *s > 0).map(|s| s - 1) else {
            return;
        };
        let Some(scheme) = self.schemes.get(at).cloned() else { return };
        let draw = today.draw(number, Purpose::Fraud);
        match scheme.kind {
            Typology::BorrowedNames | Typology::BigUser => {
                // A little stays with who lent the name.
                self.hand_over(today, number, scheme.head, amount_fen - amount_fen / 25);
                self.suffer(today, number, Trouble::Lent);
                self.mark(today, number, at, "passed-on");
            }
            Typology::StolenNames => {
                self.with_purse(number, |purse| purse.h.cash = (purse.h.cash - amount_fen).max(0));
                if let Some(head) = self.get_mut(scheme.head) {
                    head.cash += amount_fen;
                }
                self.mark(today, number, at, "taken-out");
            }
            Typology::Stacking => {
                // The same weeks, every lender who will: then the whole goes to what cannot be told at a counter.
                self.with_purse(number, |purse| {
                    let more = purse.h.usual_fen * draw.between(4, 5, 10);
                    purse.h.owed_other += more;
                    let sums = draw.between(5, 2, 4);
                    for nth in 0..sums {
                        let lender =
                            today.chance.veil(Entity::County, 200 + draw.below(6 + nth as u32, 12).cast_unsigned());
                        purse.gain(EventKind::TransferIn, more / sums, lender, Trace::when(purse.h.traced > 55));
                    }
                    let spent = part(amount_fen + more, 850_000);
                    purse.pay(EventKind::PaymentOut, spent, today.chance.veil(Entity::County, 20), Trace::Hand);
                });
                self.suffer(today, number, Trouble::OtherDebt);
                self.mark(today, number, at, "stacked");
            }
            Typology::Diversion => {
                self.with_purse(number, |purse| {
                    let party = today.chance.veil(Entity::County, 220 + draw.below(4, 9).cast_unsigned());
                    let paid = purse.pay(
                        EventKind::PaymentOut,
                        amount_fen * 9 / 10,
                        party,
                        Trace::when(draw.happens(5, 500_000)),
                    );
                    // One in three wins at what it was put into; it comes back within the day it is told.
                    if draw.happens(6, 330_000) {
                        purse.h.saved += paid * 3 / 2;
                    }
                });
                self.suffer(today, number, Trouble::Diverted);
                self.mark(today, number, at, "diverted");
            }
            Typology::Ring => {
                self.mark(today, number, at, "drawn");
                // Who has had its turn guarantees the next: nobody's file shows a guarantee when it asks.
                let place = scheme.members.iter().position(|member| *member == number);
                let before = place.and_then(|place| scheme.members.get(place.checked_sub(1)?)).copied();
                if let Some(before) = before {
                    self.with_purse(before, |purse| purse.note(EventKind::GuaranteeGiven, at as u64 + 1));
                    self.mark(today, before, at, "guarantee");
                }
            }
            Typology::Insider | Typology::Mule => {}
        }
    }

    fn suffer(&mut self, today: &Today<'_>, number: u32, trouble: Trouble) {
        if let Some(h) = self.get_mut(number) {
            (h.trouble, h.trouble_since) = (trouble, today.day);
        }
    }

    /// Whether a scheme keeps a household from paying whatever it has: those who never meant to, and rings that stopped.
    pub(super) fn is_kept_from_paying(&self, h: &Household, day: i32) -> bool {
        let scheme = usize::from(h.scheme).checked_sub(1).and_then(|at| self.schemes.get(at));
        scheme.is_some_and(|s| match s.kind {
            Typology::StolenNames => true,
            Typology::Ring => day >= s.stops,
            _ => false,
        })
    }

    /// The head of a scheme pays for those in whose names it borrowed, as long as it means to and can.
    pub(super) fn pays_for(&mut self, today: &Today<'_>, number: u32, due_fen: i64) {
        let Some(at) = self.get(number).and_then(|h| usize::from(h.scheme).checked_sub(1)) else { return };
        let Some(scheme) = self.schemes.get(at).cloned() else { return };
        let is_used = matches!(scheme.kind, Typology::BorrowedNames | Typology::BigUser);
        let has = self.get(scheme.head).map_or(0, |h| h.liquid() - h.needs_fen * 20);
        if is_used && today.day < scheme.stops && has > due_fen && scheme.head != number {
            self.hand_over(today, scheme.head, number, due_fen + due_fen / 100);
            self.mark(today, number, at, "paid-for");
        }
    }

    /// A clerk pays for those who are behind at the end of the month, and takes it back with more.
    fn bridge(&mut self, today: &Today<'_>, at: usize, deeds: &mut Vec<Deed>) {
        let Some(scheme) = self.schemes.get(at).cloned() else { return };
        let is_month_end = today.date.day() >= 24;
        for member in scheme.members {
            let Some(h) = self.get(member) else { continue };
            let behind: Option<(Mine, i64)> =
                h.loans.iter().map(|loan| (loan.mine, loan.due_by(today.day - 1))).find(|(_, fen)| *fen > 0);
            match behind.filter(|_| is_month_end) {
                Some((mine, fen)) if self.get(scheme.head).is_some_and(|head| head.liquid() > fen * 2) => {
                    self.hand_over(today, scheme.head, member, fen + fen / 50);
                    self.bring(today, member, fen + fen / 50, deeds);
                    let pay = Act::Repay { mine, pay: crate::deed::Pay::Due };
                    deeds.push(self.deed(today, member, 3, pay));
                    if let Some(loan) = self.loan(member, mine) {
                        loan.tried = today.day;
                    }
                    self.lend_by_hand(scheme.head, member, fen + fen / 8);
                    self.mark(today, member, at, "bridged");
                }
                _ => {}
            }
        }
    }

    fn lend_by_hand(&mut self, lender: u32, number: u32, fen: i64) {
        if let Some(h) = self.get_mut(number) {
            h.owed_kin.insert(0, (HouseholdNo(lender), fen));
            h.owed_kin.truncate(4);
        }
    }

    /// Strangers' money comes into a wallet and leaves it within the hour.
    fn run_through(&mut self, today: &Today<'_>, at: usize, fen: i64, deeds: &mut Vec<Deed>) {
        let Some(member) = self.schemes.get(at).and_then(|s| s.members.first().copied()) else { return };
        let is_in = self.get(member).is_some_and(|h| h.standing == Standing::Enrolled);
        if !is_in || self.schemes.get(at).is_some_and(|s| today.day >= s.stops) {
            return;
        }
        let draw = today.draw(member, Purpose::Fraud);
        let other = self.schemes.iter().enumerate().filter(|(n, s)| s.kind == Typology::Mule && *n != at);
        let others: Vec<u32> = other.filter_map(|(_, s)| s.members.first().copied()).collect();
        // The strangers' cash is at hand for as long as it takes to pay it in.
        self.underway(member, fen);
        deeds.push(self.deed(today, member, 2, Act::PayIn { amount_fen: fen }));
        // A part stays as a fee; the rest goes to another such wallet, or out as cash.
        let on = round(fen * 97 / 100, 100);
        let next = others.get(draw.below(7, others.len() as i64 + 1) as usize).copied();
        let next = next.filter(|n| self.get(*n).is_some_and(|h| h.standing == Standing::Enrolled));
        let act = match next {
            Some(to) => Act::Give { to: HouseholdNo(to), amount_fen: on },
            None => {
                self.underway(member, -on);
                Act::TakeOut { amount_fen: on }
            }
        };
        deeds.push(self.deed(today, member, 3, act));
        self.mark(today, member, at, "ran-through");
    }

    /// What a scheme learns from an answer: it asks for less, and gives up in the end.
    pub(super) fn learn(&mut self, number: u32, is_refusal: bool) {
        let Some(at) = self.get(number).and_then(|h| usize::from(h.scheme).checked_sub(1)) else { return };
        if let Some(scheme) = self.schemes.get_mut(at) {
            // A person who looks is as bad as a refusal: smaller sums are decided by the machine.
            scheme.asks_fen = round(scheme.asks_fen * if is_refusal { 65 } else { 85 } / 100, 100_000).max(300_000);
            scheme.refusals += u8::from(is_refusal);
            scheme.wake += if is_refusal { 30 } else { 10 };
        }
    }

    fn mark(&mut self, today: &Today<'_>, number: u32, at: usize, deed: &'static str) {
        let Some(kind) = self.schemes.get(at).map(|s| s.kind) else { return };
        let truth = Truth::Scheme { kind, scheme: at as u16 + 1, deed };
        self.truth.push(TruthRow { date: today.date, household: HouseholdNo(number), truth });
    }
}

/// What a purpose would cost a household that meant it, in fen.
fn would_cost(today: &Today<'_>, h: &Household, reason: Reason) -> i64 {
    let county = today.county;
    match reason {
        Reason::Stock => h.takings_fen * 9 / 10,
        Reason::Livestock => county
            .herd
            .get(h.animals.kind as usize)
            .map_or(0, |kind| i64::from(h.animals.places) * (kind.young_yuan + kind.feed_yuan * 2) * YUAN),
        Reason::Inputs => inputs(today, h, 11),
        _ => county.life.machine_yuan * YUAN,
    }
}

fn per_ten_thousand(fraud: &Fraud, kind: Typology) -> i64 {
    match kind {
        Typology::BorrowedNames => fraud.borrowed_names,
        Typology::StolenNames => fraud.stolen_names,
        Typology::Ring => fraud.rings,
        Typology::Stacking => fraud.stacking,
        Typology::Diversion => fraud.diversion,
        Typology::Insider => fraud.insiders,
        Typology::Mule => fraud.mules,
        Typology::BigUser => fraud.big_users,
    }
}
