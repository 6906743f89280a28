//! What people make of what they are told.

use basics::Date;
use insight::{EventKind, Purchase};

use super::birth::YUAN;
use super::chance::Entity;
use super::day::Today;
use super::folk::Folk;
use super::household::{Asking, Owed, Standing};
use super::purse::Trace;
use crate::county::Reason;
use crate::deed::{Act, Deed, Mine, Reply, Told};

/// A loan of more months' income than this needs somebody who stands up for it.
const GUARANTEED_ABOVE_MONTHS: i64 = 2;
/// Who asks for no more months' income than this is sure that it can pay.
const CARRIED_MONTHS: i64 = 3;
/// Who is as patient as this explains itself to a person.
const PATIENT_PERCENT: u8 = 60;
/// For how many others one household stands up at once.
const GUARANTEES_MAX: i8 = 2;

impl Folk {
    /// Takes in what was told, and lets people act on it.
    pub(super) fn hear(&mut self, today: &Today<'_>, told: &[Reply], deeds: &mut Vec<Deed>) {
        self.unheard.clear();
        for reply in told {
            let number = reply.household.0;
            if self.get(number).is_none() {
                continue;
            }
            match &reply.told {
                Told::Enrolled => self.enrolled(number),
                Told::Offered { mine, approved_fen, cost_ppm, .. } => {
                    self.weigh(today, number, *mine, *approved_fen, *cost_ppm, deeds);
                }
                Told::Refused { mine, .. } => {
                    self.learn(number, true);
                    self.refused(today, number, *mine, deeds);
                }
                Told::Referred { .. } => self.learn(number, false),
                Told::Drawn { mine, amount_fen, dues } => self.drawn(today, number, *mine, *amount_fen, dues, deeds),
                Told::Due { mine, date, amount_fen, days_past_due } => {
                    self.reminded(today, number, *mine, (*date, *amount_fen), *days_past_due, deeds);
                }
                Told::Paid { mine, amount_fen, outstanding_fen, closed } => {
                    self.paid(number, *mine, *amount_fen, *outstanding_fen, *closed);
                }
                Told::ChangeProposed { mine, added_fen, .. } => {
                    // A plan that follows the harvest is worth a little interest, and what else could one do.
                    let is_small = self.loan(number, *mine).is_some_and(|loan| *added_fen <= loan.outstanding_fen / 10);
                    if is_small {
                        deeds.push(self.deed(today, number, 7, Act::Agree { mine: *mine }));
                    }
                }
                Told::Changed { mine, dues } => {
                    if let Some(loan) = self.loan(number, *mine) {
                        // New rows name what is still to come: what was paid is behind them.
                        loan.dues = days(dues);
                        (loan.paid_fen, loan.told) = (0, None);
                    }
                }
                Told::Received { amount_fen, .. } => {
                    if let Some(h) = self.get_mut(number) {
                        h.wallet += amount_fen;
                    }
                    if self.get(number).is_some_and(|h| h.scheme == 0) {
                        self.fetch(today, number, *amount_fen, EventKind::TransferIn, deeds);
                    } else {
                        self.underway(number, -*amount_fen);
                        deeds.push(self.deed(today, number, 9, Act::TakeOut { amount_fen: *amount_fen }));
                    }
                }
                Told::Wallet { balance_fen } => {
                    // What was sent only now is not in it yet.
                    let unheard = self.unheard(number);
                    if let Some(h) = self.get_mut(number) {
                        (h.wallet, h.pending) = (*balance_fen, unheard);
                    }
                }
                Told::No { back_fen, gives_up, .. } => {
                    self.give_up(number, *gives_up);
                    self.sent_back(number, *back_fen);
                }
                Told::PapersWanted { mine, papers } => self.bring_papers(today, number, *mine, papers, deeds),
                Told::UseWanted { mine, by } => self.is_to_show(number, *mine, by.days()),
                Told::PaidByCode { shop, amount_fen } => self.paid_by_code(number, *shop, *amount_fen),
                Told::LineOpen { limit_fen } => self.line_open(number, *limit_fen),
                Told::SellsOnLines => self.sells(number),
                Told::Bought { shop, amount_fen } => self.bought(today, number, (*shop, *amount_fen), deeds),
                Told::BroughtBack { shop, amount_fen } => self.moved_by_line(number, *shop, -*amount_fen),
                Told::Statement { minimum_fen, whole_fen, days_past_due, .. } => {
                    self.billed(today, number, (*minimum_fen, *whole_fen), *days_past_due as i32, deeds);
                }
                Told::LinePaid { amount_fen, owed_fen } => self.line_paid(number, *amount_fen, *owed_fen),
                Told::Limits(_) | Told::NotChanged { .. } | Told::NotOnLine { .. } | Told::UseShown { .. } => {}
            }
        }
    }

    pub(super) fn unheard(&self, number: u32) -> i64 {
        self.unheard.get(&number).copied().unwrap_or(0)
    }

    fn enrolled(&mut self, number: u32) {
        if let Some(h) = self.get_mut(number) {
            h.standing = Standing::Enrolled;
        }
    }

    /// An offer is taken if it is of use and not dear. Who is patient and has other ways lets a dear one go.
    fn weigh(
        &mut self,
        today: &Today<'_>,
        number: u32,
        mine: Mine,
        approved_fen: i64,
        cost_ppm: i64,
        deeds: &mut Vec<Deed>,
    ) {
        let Some(h) = self.get_mut(number) else { return };
        let Some(asking) = h.asking.filter(|asking| asking.mine == mine) else { return };
        let is_dear = cost_ppm > 130_000 + 2_000 * i64::from(100 - h.patience);
        let is_schemed = h.scheme != 0 && approved_fen > 0;
        let act = if is_schemed || approved_fen >= asking.amount_fen * 4 / 10 && !is_dear {
            Act::Accept { mine }
        } else {
            h.asking = None;
            h.asks_from = today.day + 90;
            Act::Decline { mine }
        };
        deeds.push(self.deed(today, number, 8, act));
    }

    /// Refused: who has asked for what it can carry and is patient enough asks that a person looks at it. Else, and where that
    /// comes to nothing, kin and another lender are asked, and the platform not again for a while.
    fn refused(&mut self, today: &Today<'_>, number: u32, mine: Mine, deeds: &mut Vec<Deed>) {
        let Some(h) = self.get_mut(number) else { return };
        let Some(asking) = h.asking.filter(|asking| asking.mine == mine) else { return };
        let is_sure = asking.amount_fen <= h.usual_fen * CARRIED_MONTHS && h.patience >= PATIENT_PERCENT;
        if is_sure && h.scheme == 0 && !asking.has_asked_person {
            h.asking = Some(Asking { has_asked_person: true, ..asking });
            deeds.push(self.deed(today, number, 8, Act::AskPerson { mine }));
            return;
        }
        h.asking = None;
        h.asks_from = today.day + 120;
        self.ask_kin(today, number, asking.amount_fen / 2);
    }

    fn drawn(
        &mut self,
        today: &Today<'_>,
        number: u32,
        mine: Mine,
        amount_fen: i64,
        dues: &[(Date, i64)],
        deeds: &mut Vec<Deed>,
    ) {
        let Some(h) = self.get_mut(number) else { return };
        let reason = h.asking.filter(|asking| asking.mine == mine).map_or(Reason::Inputs, |asking| asking.reason);
        h.asking = None;
        // Who borrows much against what comes in is asked for somebody who stands up for it.
        let is_large = h.scheme == 0 && amount_fen > h.usual_fen * GUARANTEED_ABOVE_MONTHS;
        let guarantor = if is_large { self.stands_up(number) } else { None };
        let Some(h) = self.get_mut(number) else { return };
        h.wallet += amount_fen;
        h.loans.push(Owed {
            mine,
            outstanding_fen: amount_fen,
            dues: days(dues),
            paid_fen: 0,
            told: None,
            reminders: 0,
            is_withheld: false,
            has_asked: false,
            tried: today.day,
            guarantor,
            show_by: None,
        });
        self.fetch(today, number, amount_fen, EventKind::LoanReceived, deeds);
        if self.get(number).is_some_and(|h| h.scheme == 0) {
            self.put_to_use(today, number, reason, amount_fen);
        } else {
            self.divert(today, number, amount_fen);
        }
    }

    /// The nearest of those it knows who would guarantee a loan: grown, known to the lender, not behind, and bound for few others.
    fn stands_up(&mut self, number: u32) -> Option<u32> {
        let ties = self.get(number)?.ties;
        let known = ties.into_iter().filter(|tie| *tie != u32::MAX);
        let guarantor = known.into_iter().find(|tie| {
            self.get(*tie).is_some_and(|h| {
                h.adults > 0 && h.standing == Standing::Enrolled && h.scheme == 0 && h.guarantees < GUARANTEES_MAX
            })
        })?;
        self.bind(guarantor, number, 1);
        Some(guarantor)
    }

    /// A guarantee is given (1) or released (-1).
    fn bind(&mut self, guarantor: u32, number: u32, change: i8) {
        if let Some(h) = self.get_mut(guarantor) {
            h.guarantees = h.guarantees.saturating_add(change).max(0);
        }
        let kind = if change > 0 { EventKind::GuaranteeGiven } else { EventKind::GuaranteeReleased };
        self.with_purse(guarantor, |purse| purse.note(kind, u64::from(number) + 1));
    }

    /// Takes money out of the wallet, to where it is used.
    pub(super) fn fetch(
        &mut self,
        today: &Today<'_>,
        number: u32,
        amount_fen: i64,
        kind: EventKind,
        deeds: &mut Vec<Deed>,
    ) {
        let lender = today.chance.veil(Entity::County, 999);
        self.with_purse(number, |purse| {
            let trace = Trace::when(purse.h.traced > 35);
            purse.gain(kind, amount_fen, lender, trace);
        });
        self.underway(number, -amount_fen);
        deeds.push(self.deed(today, number, 9, Act::TakeOut { amount_fen }));
    }

    /// What a loan buys at once. Seed and goods are bought as the season asks for them, from what is at hand.
    fn put_to_use(&mut self, today: &Today<'_>, number: u32, reason: Reason, amount_fen: i64) {
        let Some(village) = self.get(number).map(|h| h.village) else { return };
        let dealer = today.merchant(village, 81);
        match reason {
            Reason::Machine => {
                let fen = (today.county.life.machine_yuan * YUAN).min(amount_fen * 5 / 4);
                self.with_purse(number, |purse| {
                    purse.pay(EventKind::Purchase(Purchase::Machinery), fen, dealer, Trace::Account)
                });
            }
            Reason::Wedding | Reason::Illness => {
                // What others lent in a hurry is given back first.
                self.with_purse(number, |purse| {
                    let back = purse.h.owed_other.min(amount_fen * 6 / 10);
                    let paid = purse.pay(EventKind::PaymentOut, back, dealer, Trace::Hand);
                    purse.h.owed_other -= paid;
                });
            }
            Reason::Livestock => {
                let Some(kind) = self.get(number).and_then(|h| today.county.herd.get(h.animals.kind as usize)) else {
                    return;
                };
                self.with_purse(number, |purse| {
                    let free = i64::from(purse.h.animals.places.saturating_sub(purse.h.animals.heads));
                    let bought = (amount_fen * 8 / 10 / (kind.young_yuan * YUAN)).min(free);
                    let fen = bought * kind.young_yuan * YUAN;
                    purse.pay(EventKind::Purchase(Purchase::Livestock), fen, dealer, Trace::Account);
                    purse.h.animals.heads += bought as u16;
                });
            }
            Reason::Inputs | Reason::Stock | Reason::School => {}
        }
    }

    fn reminded(
        &mut self,
        today: &Today<'_>,
        number: u32,
        mine: Mine,
        (date, amount_fen): (Date, i64),
        days_past_due: u32,
        deeds: &mut Vec<Deed>,
    ) {
        let Some(loan) = self.loan(number, mine) else { return };
        loan.told = Some((date.days().min(today.day), amount_fen));
        if date > today.date {
            loan.told = None;
            return;
        }
        if days_past_due >= 7 {
            loan.reminders = loan.reminders.saturating_add(1);
        }
        // A phone in the hand is answered at once; who goes to the window goes on the next market day.
        if self.get(number).is_some_and(|h| h.has_phone_page || h.wake <= today.day) {
            self.settle(today, number, deeds);
        }
    }

    fn paid(&mut self, number: u32, mine: Mine, amount_fen: i64, outstanding_fen: i64, is_closed: bool) {
        let unheard = self.unheard(number);
        let Some(h) = self.get_mut(number) else { return };
        h.wallet += h.pending - unheard - amount_fen;
        h.pending = unheard;
        let Some(loan) = h.loans.iter_mut().find(|loan| loan.mine == mine) else { return };
        loan.paid_fen += amount_fen;
        loan.outstanding_fen = outstanding_fen;
        loan.told = loan.told.map(|(day, fen)| (day, (fen - amount_fen).max(0)));
        if is_closed {
            let guarantor = loan.guarantor;
            h.loans.retain(|loan| loan.mine != mine);
            h.repaid = h.repaid.saturating_add(1);
            if let Some(guarantor) = guarantor {
                self.bind(guarantor, number, -1);
            }
        } else if loan.due_by(loan.tried) == 0 {
            loan.reminders = 0;
        }
    }

    /// The platform said no to an application, to its signing or its papers: it is given up. A no about anything else leaves it.
    pub(super) fn give_up(&mut self, number: u32, mine: Option<Mine>) {
        if let Some(h) = self.get_mut(number)
            && let Some(asking) = h.asking.take_if(|asking| Some(asking.mine) == mine)
        {
            h.asks_from = asking.since + 30;
        }
    }

    /// The platform said no: cash that was to go into the wallet comes home, cash that was to come out of it does not come.
    ///
    /// Money is neither made nor lost by it: what a household has already laid out of a sum that never came it takes from
    /// its account, from what is put by, and in the end owes.
    fn sent_back(&mut self, number: u32, back_fen: i64) {
        let Some(h) = self.get_mut(number) else { return };
        if back_fen == 0 {
            return;
        }
        h.pending -= back_fen;
        if back_fen > 0 {
            h.cash += back_fen;
        } else {
            let mut lacks = -back_fen;
            for pot in [&mut h.cash, &mut h.account, &mut h.saved] {
                let taken = lacks.min((*pot).max(0));
                *pot -= taken;
                lacks -= taken;
            }
            h.owed_other += lacks;
        }
        self.pending.push(number);
    }
}

fn days(dues: &[(Date, i64)]) -> Vec<(i32, i64)> {
    dues.iter().map(|(date, fen)| (date.days(), *fen)).collect()
}
