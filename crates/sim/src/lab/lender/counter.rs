//! What people bring to the lender, and what they are told: the same words in the same order as through the door.

use std::collections::BTreeSet;

use basics::{Date, Id};
use insight::{Event, EventKind};
use loan::{Happening, LifeEvent, LoanError};

use super::{Channel, Lender};
use crate::deed::{Act, Deed, HouseholdNo, Lived, Mine, Pay, Reply, Told, Way};
use crate::drive::{REMIND_ON, due_in, owed_fen};
use crate::world::World;

/// Days past due at which a lender that does not watch writes a letter.
const LETTERS_ON: [i32; 2] = [30, 90];
/// Days past due from which a watching lender calls.
const CALL_FROM: u32 = 7;

impl Lender<'_> {
    /// Takes the deeds of a round: first who finds a closed window or a system that is down, then the others, then how
    /// wallets stand.
    pub(super) fn take(&mut self, world: &mut World, date: Date, deeds: Vec<Deed>) -> Result<Vec<Reply>, LoanError> {
        let (mut carried, mut told) = (Vec::with_capacity(deeds.len()), Vec::new());
        for deed in deeds {
            match self.closed(world, date, &deed) {
                _ if matches!(deed.act, Act::Live(_)) => carried.push((deed, None)),
                None => carried.push((deed, None)),
                // A clerk keeps what can be kept.
                Some("window_out") if matches!(deed.act, Act::PayIn { .. } | Act::Repay { .. } | Act::Apply { .. }) => {
                    self.kept.push((date, deed));
                }
                Some(code) => {
                    self.tally.failed_acts += i64::from(code == "system_down");
                    let is_unseen = code == "no_window" && matches!(deed.act, Act::Enrol(_));
                    self.tally.refused_unseen += i64::from(is_unseen);
                    told.push(Reply { household: deed.household, told: Told::no(code, &deed.act) });
                }
            }
        }
        told.extend(self.carry(world, date, carried)?);
        Ok(told)
    }

    /// Why a deed does not reach the lender today; none if it does.
    fn closed(&self, world: &World, date: Date, deed: &Deed) -> Option<&'static str> {
        let is_money = matches!(deed.act, Act::PayIn { .. } | Act::TakeOut { .. } | Act::Repay { .. });
        match self.policy.channel {
            Channel::Traditional => None,
            Channel::Digital if deed.way == Way::Window => Some("no_window"),
            Channel::Both if deed.way == Way::Window && world.is_window_out(deed.household, date) => Some("window_out"),
            // Windows work on paper; who has a phone walks there.
            _ if self.is_down(date) => (!(self.policy.windows_in_outage && is_money)).then_some("system_down"),
            _ => None,
        }
    }

    /// What clerks kept while their windows were out of order, as far as those are back.
    pub(super) fn sync_windows(&mut self, world: &mut World, date: Date) -> Result<Vec<Reply>, LoanError> {
        let (still, back): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.kept).into_iter().partition(|(_, deed)| world.is_window_out(deed.household, date));
        self.kept = still;
        if back.is_empty() {
            return Ok(Vec::new());
        }
        self.carry(world, date, back.into_iter().map(|(day, deed)| (deed, Some(day))).collect())
    }

    fn carry(
        &mut self,
        world: &mut World,
        date: Date,
        deeds: Vec<(Deed, Option<Date>)>,
    ) -> Result<Vec<Reply>, LoanError> {
        let (mut told, mut received, mut touched) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (deed, kept_on) in deeds {
            let who = deed.household;
            if moves_money(&deed.act) {
                touched.insert(who);
            }
            if let Act::Give { to, amount_fen } = deed.act
                && self.give(who, to, amount_fen)
            {
                received.push(Reply { household: to, told: Told::Received { from: who, amount_fen } });
                touched.insert(to);
                continue;
            }
            let words = self.answer(world, date, &deed, kept_on)?;
            told.extend(words.into_iter().map(|told| Reply { household: who, told }));
        }
        told.extend(received);
        for who in touched {
            if let Some(file) = self.file(who).filter(|file| file.id.is_some()) {
                told.push(Reply { household: who, told: Told::Wallet { balance_fen: file.wallet_fen } });
            }
        }
        Ok(told)
    }

    fn answer(
        &mut self,
        world: &mut World,
        date: Date,
        deed: &Deed,
        kept_on: Option<Date>,
    ) -> Result<Vec<Told>, LoanError> {
        let who = deed.household;
        if let Act::Enrol(person) = &deed.act {
            let told_income_fen = world.told_income(who);
            let is_counter = !self.is_by_phone(deed.way);
            if let Some(file) = self.file_mut(who) {
                (file.id, file.resident_id) = (Some(person.id), person.resident_id.clone());
                file.told_income_fen = told_income_fen;
            }
            self.tally.enrolled += 1;
            self.tally.counter_acts += i64::from(is_counter);
            return Ok(vec![Told::Enrolled]);
        }
        if !self.is_enrolled(who) {
            return Ok(vec![Told::no("not_enrolled", &deed.act)]);
        }
        self.count(deed, date);
        match &deed.act {
            Act::Live(lived) => {
                self.observe(who, date, lived);
                Ok(Vec::new())
            }
            Act::PayIn { amount_fen } => {
                self.wallet(who, *amount_fen);
                Ok(Vec::new())
            }
            Act::TakeOut { amount_fen } => Ok(if self.balance(who) < *amount_fen {
                vec![Told::no("insufficient_funds", &deed.act)]
            } else {
                self.wallet(who, -amount_fen);
                Vec::new()
            }),
            Act::Give { to, .. } => {
                let code = if self.is_enrolled(*to) { "insufficient_funds" } else { "unknown_payee" };
                Ok(vec![Told::no(code, &deed.act)])
            }
            Act::Apply { .. } => self.apply(world, date, deed),
            Act::Accept { mine } => self.draw(world, date, who, *mine),
            Act::Decline { mine } => {
                self.asked.remove(&(who, *mine));
                Ok(Vec::new())
            }
            Act::AskPerson { mine } => Ok(self.ask_person(who, *mine, &deed.act)),
            Act::Repay { mine, pay } => self.repay(world, date, (who, *mine, *pay), kept_on, deed),
            // Limits are shown and nobody here acts on them.
            Act::AskLimit => Ok(Vec::new()),
            _ => Ok(vec![Told::no("not_offered", &deed.act)]),
        }
    }

    /// Counts what an act costs the lender.
    fn count(&mut self, deed: &Deed, date: Date) {
        let is_counter = !self.is_by_phone(deed.way) || self.is_down(date);
        match deed.act {
            Act::Apply { .. } | Act::Accept { .. } => {
                self.tally.counter_acts += i64::from(is_counter);
                self.tally.messages += i64::from(!is_counter);
            }
            Act::PayIn { .. } | Act::TakeOut { .. } if is_counter => self.tally.counter_payments += 1,
            _ => {}
        }
    }

    fn balance(&self, who: HouseholdNo) -> i64 {
        self.file(who).map_or(0, |file| file.wallet_fen)
    }

    pub(super) fn wallet(&mut self, who: HouseholdNo, fen: i64) {
        if let Some(file) = self.file_mut(who) {
            file.wallet_fen += fen;
        }
    }

    fn give(&mut self, from: HouseholdNo, to: HouseholdNo, amount_fen: i64) -> bool {
        let can = self.balance(from) >= amount_fen && self.is_enrolled(from) && self.is_enrolled(to);
        if can {
            self.wallet(from, -amount_fen);
            self.wallet(to, amount_fen);
        }
        can
    }

    /// Folds what was lived into the profile, and takes the merchants' fee of what was bought.
    fn observe(&mut self, who: HouseholdNo, date: Date, lived: &[Lived]) {
        let (fee_bp, loans_as_income) = (self.policy.merchant_fee_bp, self.policy.loans_as_income);
        let mut fees_fen = 0;
        let bearable = self.assumed.merchant_bearable_bp;
        let Some(file) = self.file_mut(who) else { return };
        let Some(household) = file.id else { return };
        for lived in lived {
            // A profile keeps borrowed money apart; whoever does not sees money that came in.
            let borrowed_as_income = loans_as_income && lived.kind == EventKind::LoanReceived;
            // Within a day the greater id is the later event.
            let version = u128::from(file.profile.version());
            let event = Event {
                household,
                id: Id::from_u128((u128::from(date.days().unsigned_abs()) << 96) | version),
                date,
                kind: if borrowed_as_income { EventKind::PaymentIn } else { lived.kind },
                amount_minor: lived.amount_fen,
                balance_after_minor: lived.balance_after_fen,
                counterparty: lived.counterparty,
                channel: lived.channel,
                consent: None,
                measure: None,
                source: None,
                known: None,
            };
            // The world tells no event whose sign does not fit its kind; one that did would be left out.
            if file.profile.fold(&event).is_err() {
                continue;
            }
            let takes = |merchant: u64| (merchant >> 17) as i64 % (2 * bearable + 1) >= fee_bp;
            if fee_bp > 0 && matches!(lived.kind, EventKind::Purchase(_)) && lived.counterparty.is_some_and(takes) {
                fees_fen -= lived.amount_fen * fee_bp / 10_000;
            }
        }
        self.tally.merchant_fees_fen += fees_fen;
    }

    fn repay(
        &mut self,
        world: &mut World,
        date: Date,
        (who, mine, pay): (HouseholdNo, Mine, Pay),
        kept_on: Option<Date>,
        deed: &Deed,
    ) -> Result<Vec<Told>, LoanError> {
        let Some(at) = self.running.get(&(who, mine)).copied() else {
            return Ok(vec![Told::no("unknown_loan", &deed.act)]);
        };
        let balance_fen = self.balance(who);
        let day = kept_on.unwrap_or(date);
        let Some(loan) = self.loans.get_mut(at) else { return Ok(Vec::new()) };
        let before = loan.state(day)?;
        let amount_fen = match pay {
            Pay::Fen(fen) => fen,
            Pay::Due => owed_fen(&before, day)?,
            Pay::Off => before.payoff_fen,
        };
        if amount_fen <= 0 {
            return Ok(vec![Told::no("nothing_due", &deed.act)]);
        }
        if amount_fen > before.payoff_fen {
            return Ok(vec![Told::no("more_than_due", &deed.act)]);
        }
        if amount_fen > balance_fen {
            return Ok(vec![Told::no("insufficient_funds", &deed.act)]);
        }
        let number = loan.events.len() as u128 + 1;
        loan.late(before.days_past_due, day);
        loan.events.push(LifeEvent::new(number, day, Happening::Paid { amount_fen }));
        let after = loan.state(date)?;
        loan.settle(&after);
        let (outstanding_fen, closed) = (after.principal_fen, after.closed_on.is_some());
        self.wallet(who, -amount_fen);
        self.tally.repayments += 1;
        self.tally.repaid_fen += amount_fen;
        if closed {
            self.running.remove(&(who, mine));
            self.release(world, who, mine);
        }
        Ok(vec![Told::Paid { mine, amount_fen, outstanding_fen, closed }])
    }

    /// Looks at loans near a due date or past one, and tells their households: a watching lender from three days before on,
    /// another one by letter when thirty and ninety days have passed.
    pub(super) fn remind(&mut self, date: Date) -> Result<Vec<Reply>, LoanError> {
        let later = self.watched.split_off(&date.add_days(1));
        let now = std::mem::replace(&mut self.watched, later);
        let mut places: Vec<_> = now.into_values().flatten().collect();
        places.sort_unstable();
        places.dedup();
        let mut told = Vec::new();
        for (who, mine) in places {
            let Some(loan) = self.running.get(&(who, mine)).and_then(|at| self.loans.get(*at)) else { continue };
            let Some(due) = due_in(&loan.state(date)?, date)? else { continue };
            match (self.policy.monitoring, due.days_past_due >= CALL_FROM) {
                (false, _) => self.tally.letters += 1,
                (true, true) => self.tally.calls += 1,
                (true, false) => self.tally.messages += 1,
            }
            told.push(Reply { household: who, told: due.told(mine) });
        }
        Ok(told)
    }

    /// Has a loan looked at around its due dates.
    pub(super) fn watch(&mut self, who: HouseholdNo, mine: Mine, after: Date, dues: &[(Date, i64)]) {
        let days: &[i32] = if self.policy.monitoring { &REMIND_ON } else { &LETTERS_ON };
        for (due, _) in dues {
            for day in days {
                let on = due.add_days(*day);
                if on > after {
                    self.watched.entry(on).or_default().insert((who, mine));
                }
            }
        }
    }
}

fn moves_money(act: &Act) -> bool {
    matches!(act, Act::PayIn { .. } | Act::TakeOut { .. } | Act::Give { .. } | Act::Repay { .. } | Act::Accept { .. })
}
