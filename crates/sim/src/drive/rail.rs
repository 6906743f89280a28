//! The bank that households pay over from their phones: what it does with an order, and when it is heard of.
//!
//! Rails are not reliable. One refuses, loses an order on its way, does it and gives no answer, does it days later, says so twice
//! and in another order. What becomes of an order is a function of the seed and its id, so that one payment more changes nothing of
//! another; whoever knows the function knows what the bank has done in truth.

use app::command::{Command, Outcome};
use app::desk::{AccountNumber, DeskError, answer_request, prepare};
use app::payment::{AskPayment, DAYS_TO_TAKE, Payment, PaymentState, PaymentWay, RailTold};
use basics::{Cell, Date, Id, Money};
use door::{Order, Request};

use super::answer::After;
use super::errand::{Made, Making, Step, send};
use super::{DriveError, Driver};
use crate::deed::{Act, HouseholdNo, Reply, Told, Way};

/// Of a million orders, those that the bank refuses. All these figures are assumptions, and far above what a real bank would be
/// forgiven, so that a short life meets each.
const REFUSED_PPM: u64 = 8_000;
/// Those that do not reach it at first, and are handed over again the next morning.
const LOST_PPM: u64 = 15_000;
/// Those that it does at once and of which nothing is heard before the next morning.
const UNHEARD_PPM: u64 = 25_000;
/// Those that it does some days later, the last on which it may.
const DELAYED_PPM: u64 = 30_000;
/// Of the late words, the share that is said twice, per million.
const TWICE_PPM: u64 = 300_000;
/// The second of the day at which the courier asks what became of orders.
const COURIER_SECOND: u32 = 5 * 3_600;

/// What becomes of an order in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Fate {
    /// Whether it is refused.
    #[n(0)]
    pub is_refused: bool,
    /// The day on which it is done or refused.
    #[n(1)]
    pub done_on: Date,
    /// The day on which the platform hears of it.
    #[n(2)]
    pub heard_on: Date,
    /// Whether it hears of it twice.
    #[n(3)]
    pub is_told_twice: bool,
}

/// What becomes of a payment that is asked for on a day.
pub fn fate(seed: u64, payment: Id, asked_on: Date) -> Fate {
    let draw = |purpose: &str| (payment.derive(&format!("rail {seed} {purpose}")).0.as_u128() % 1_000_000) as u64;
    let days = 1 + (draw("days") % DAYS_TO_TAKE.unsigned_abs() as u64) as i32;
    let way = draw("way");
    let (done, heard) = if way < LOST_PPM {
        (1, 1)
    } else if way < LOST_PPM + UNHEARD_PPM {
        (0, 1)
    } else if way < LOST_PPM + UNHEARD_PPM + DELAYED_PPM {
        (days, days)
    } else {
        (0, 0)
    };
    Fate {
        is_refused: draw("refused") < REFUSED_PPM,
        done_on: asked_on.add_days(done),
        heard_on: asked_on.add_days(heard),
        is_told_twice: draw("twice") < TWICE_PPM,
    }
}

/// Holds a payment of the books against what the bank has done in truth by the morning of the open day; what differs, in words.
pub fn held_against_truth(seed: u64, row: &Payment, open: Date) -> Result<(), String> {
    let Fate { is_refused, done_on, heard_on, .. } = fate(seed, row.id, row.asked_on);
    let truth = match (heard_on <= open, is_refused) {
        (false, _) => (PaymentState::Asked, 0, None),
        (true, true) => (PaymentState::Refused, 0, None),
        (true, false) => (PaymentState::Settled, row.amount_minor, Some(done_on)),
    };
    let booked = (row.state, row.told_minor, row.told_on);
    // What is asked for on the open day itself may wait for its word still.
    if booked == truth || (row.asked_on == open && row.state == PaymentState::Asked) {
        return Ok(());
    }
    Err(format!("payment {} stands as {booked:?} in the books and as {truth:?} at the bank", row.id))
}

fn told(payment: Id, fate: Fate, amount: Money) -> RailTold {
    if fate.is_refused {
        return RailTold::Refused { reason: "AC04: the account is closed".to_owned() };
    }
    // As many letters as ISO 20022 lets a reference have.
    let reference = format!("R{}", payment.0.as_simple());
    RailTold::Settled { amount, on: fate.done_on, reference }
}

/// A payment whose word has not come.
#[derive(Clone, Debug, minicbor::Encode, minicbor::Decode)]
pub(super) struct Open {
    #[n(0)]
    no: HouseholdNo,
    #[n(1)]
    cell: Cell,
    #[n(2)]
    household: Id,
    #[n(3)]
    pub(super) payment: Id,
    /// What comes back to the household if it is refused, in fen, as [`Act::back_fen`].
    #[n(4)]
    back_fen: i64,
    #[n(5)]
    amount: Money,
    #[n(6)]
    pub(super) fate: Fate,
}

impl Making<'_> {
    /// The rail that this deed goes over: what a phone pays in or out, where the institution has one.
    pub(super) fn rail(&self) -> Option<&str> {
        let is_payment = matches!(self.errand.deed.act, Act::PayIn { .. } | Act::TakeOut { .. });
        let rail =
            self.around.platform.house.rails.first().filter(|_| self.errand.deed.way == Way::Phone && is_payment);
        rail.map(String::as_str)
    }

    /// The next step of a payment: the account is bound, then it is asked for, then the bank's word is brought.
    pub(super) fn over_rail(&self, rail: &str, amount_fen: i64) -> Result<Made, DeskError> {
        let (cell, household) = (self.home.cell, self.home.id);
        let (account, amount) = (household.derive("account"), self.money(amount_fen));
        let Some(holder) = &self.home.holder else {
            return Ok(self.asked(rail, account, amount));
        };
        let digits = household.0.as_u128() % 1_000_000_000_000;
        let number =
            AccountNumber { holder: holder.clone(), number: format!("6200{digits:012}"), bank: "RURALBANK".to_owned() };
        let vault = self.around.platform.vault.as_ref();
        let whose = (cell, household, household.derive("person-0"));
        let request = prepare::binding(vault, (self.id("bind"), account), whose, &number, self.own(), self.at())?;
        Ok(send(request, After::Bound))
    }

    fn asked(&self, rail: &str, account: Id, amount: Money) -> Made {
        let (cell, household, payment) = (self.home.cell, self.home.id, self.id("payment"));
        let fate = fate(self.around.pace.seed, payment, self.around.day);
        if self.errand.step == Step::Word {
            let word = told(payment, fate, amount);
            return send(answer_request((cell, household, payment), word, self.at()), After::Word);
        }
        let act = &self.errand.deed.act;
        let ask = AskPayment {
            cell,
            household,
            payment,
            way: if matches!(act, Act::PayIn { .. }) { PaymentWay::In } else { PaymentWay::Out },
            rail: rail.to_owned(),
            account,
            amount,
            purpose: format!("payment {payment}"),
        };
        let open =
            Open { no: self.errand.deed.household, cell, household, payment, back_fen: act.back_fen(), amount, fate };
        let request = Request::plain(self.id("ask"), self.own(), self.at(), Order::Do(Command::AskPayment(ask)));
        send(request, After::Asked(Box::new(open)))
    }
}

impl Driver {
    /// A payment stands. Whether the bank's word is there already.
    pub(super) fn payment_stands(&mut self, open: &Open) -> bool {
        let is_heard = open.fate.heard_on <= self.day;
        if !is_heard {
            self.on_rails.entry(open.fate.heard_on).or_default().push(open.clone());
        }
        is_heard
    }

    /// The courier hears in the morning what became of payments: in any order, and of some twice.
    pub(super) fn hear_rails(&mut self) -> Result<Vec<Reply>, DriveError> {
        let later = self.on_rails.split_off(&self.day.add_days(1));
        let mut heard: Vec<Open> = std::mem::replace(&mut self.on_rails, later).into_values().flatten().collect();
        heard.sort_by_key(|open| open.payment.derive("told"));
        let at = self.at(COURIER_SECOND);
        let word = |open: &Open| {
            answer_request((open.cell, open.household, open.payment), told(open.payment, open.fate, open.amount), at)
        };
        let again = heard.iter().rev().filter(|open| open.fate.is_told_twice);
        let words = heard.iter().chain(again).map(word).collect();
        let outcomes = self.must_all("the word of a rail", words)?;
        if let Some(other) = outcomes.iter().find(|outcome| !matches!(outcome, Outcome::PaymentStands { .. })) {
            return Err(self.broken(format!("the word of a rail was answered {other:?}")));
        }
        let refused = heard.iter().filter(|open| open.fate.is_refused);
        let no = |open: &Open| Told::No { code: REFUSED.to_owned(), back_fen: open.back_fen, gives_up: None };
        let mut replies: Vec<Reply> = refused.map(|open| Reply { household: open.no, told: no(open) }).collect();
        replies.extend(self.wallets(heard.iter().map(|open| open.no).collect())?);
        Ok(replies)
    }
}

/// What people are told where the bank has refused.
pub(super) const REFUSED: &str = "refused_by_bank";

#[cfg(test)]
mod tests {
    use super::*;
    use basics::Currency;

    fn day() -> Date {
        Date::ymd(2026, 3, 2).unwrap()
    }

    fn payment(n: u32) -> Id {
        Id::default().derive(&format!("payment {n}"))
    }

    #[test]
    fn a_bank_misbehaves_in_each_of_its_ways_about_as_often_as_it_should() {
        let fates: Vec<Fate> = (0..20_000).map(|n| fate(1, payment(n), day())).collect();
        let count = |what: &dyn Fn(&Fate) -> bool| fates.iter().filter(|fate| what(fate)).count();
        let shown = format!(
            "refused {}, heard at once {}, the next morning and done before {}, done later {}, of these on the last day {}",
            count(&|fate| fate.is_refused),
            count(&|fate| fate.heard_on == day()),
            count(&|fate| fate.done_on == day() && fate.heard_on > day()),
            count(&|fate| fate.done_on > day()),
            count(&|fate| fate.done_on == day().add_days(DAYS_TO_TAKE)),
        );
        insta::assert_snapshot!(shown, @"refused 158, heard at once 18668, the next morning and done before 449, done later 883, of these on the last day 201");
        assert!(
            fates.iter().all(|fate| fate.heard_on >= fate.done_on && fate.heard_on <= day().add_days(DAYS_TO_TAKE))
        );
        assert_eq!(fate(1, payment(7), day()), fate(1, payment(7), day()), "it is a function");
        assert!((0..20_000).any(|n| fate(1, payment(n), day()) != fate(2, payment(n), day())), "of the seed too");
    }

    #[test]
    fn books_that_say_otherwise_than_the_bank_are_found() {
        let late = (0..).map(payment).find(|id| {
            let fate = fate(1, *id, day());
            fate.heard_on > day() && !fate.is_refused
        });
        let id = late.unwrap();
        let Fate { done_on, heard_on, .. } = fate(1, id, day());
        let asked = Payment {
            cell: Cell(1),
            id,
            household: Id::default(),
            way: PaymentWay::Out,
            rail: "bank".to_owned(),
            account: Id::default(),
            person: Id::default(),
            amount_minor: 500,
            currency: Currency::CNY,
            purpose: String::new(),
            asked_on: day(),
            last_day: day().add_days(DAYS_TO_TAKE),
            state: PaymentState::Asked,
            told_minor: 0,
            told_on: None,
            reference: None,
            contradicted: false,
        };
        let settled =
            Payment { state: PaymentState::Settled, told_minor: 500, told_on: Some(done_on), ..asked.clone() };
        let other = Payment { told_minor: 501, ..settled.clone() };
        let refused = Payment { state: PaymentState::Refused, ..asked.clone() };
        let agrees = |row: &Payment, open| held_against_truth(1, row, open).is_ok();
        assert!(agrees(&asked, day()) && agrees(&settled, heard_on));
        assert!(!agrees(&asked, heard_on.add_days(1)), "a word that was lost");
        assert!(!agrees(&other, heard_on) && !agrees(&refused, heard_on) && !agrees(&settled, day()));
    }
}
