//! A bank that keeps one account, and misbehaves as often as it is told to.
//!
//! What becomes of an order is a function of the seed and its id, so that a run can be repeated; when it becomes so depends on how
//! often the bank was asked since, which stands for time. The truth of what it has paid is kept apart from what it says.

use std::collections::{BTreeMap, HashMap};

use basics::{Date, Id, Money};
use rails::{Credit, Flow, Notice, OrderId, PaymentOrder, Settled, Standing, Statement, StatementLine, Way};

/// How often it misbehaves: parts per million of the orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// What decides it all.
    pub seed: u64,
    /// It refuses.
    pub refuse: u32,
    /// It loses the request.
    pub lose: u32,
    /// It takes the request and gives no answer.
    pub silent: u32,
    /// It takes long.
    pub delay: u32,
    /// It never tells by itself what became of the order.
    pub lose_notice: u32,
    /// It tells twice.
    pub repeat_notice: u32,
    /// It moves another amount than it was asked to.
    pub wrong_amount: u32,
    /// It pays twice, and says so nowhere but in its statement.
    pub pay_twice: u32,
}

/// What decides a fault of one kind.
#[derive(Clone, Copy)]
enum Why {
    Refuse = 1,
    Lose,
    Silent,
    Delay,
    LoseNotice,
    RepeatNotice,
    WrongAmount,
    PayTwice,
    HowLong,
}

impl Faults {
    fn draw(&self, id: &OrderId, why: Why) -> u64 {
        let seed = Id::from_u128(u128::from(self.seed) << 8 | why as u128);
        let bytes = *seed.derive(id.as_str()).as_bytes();
        bytes.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    fn hits(&self, id: &OrderId, why: Why, rate_ppm: u32) -> bool {
        self.draw(id, why) % 1_000_000 < u64::from(rate_ppm)
    }
}

/// Whether the caller hears the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It does.
    Yes,
    /// It waits in vain.
    No,
}

/// What the bank has done in truth for one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// The order.
    pub id: OrderId,
    /// What it was asked to move, in minor units.
    pub asked_minor: i64,
    /// What it moved each time; empty if it refused or is not done.
    pub moved_minor: Vec<i64>,
    /// Whether it refused.
    pub refused: bool,
}

struct Held {
    order: PaymentOrder,
    standing: Standing,
    moved_minor: Vec<i64>,
}

/// Requests after which an order that is delayed is done at most.
const DELAY_REQUESTS_MAX: u64 = 60;
/// Requests after which a notice is told at most: whatever is told later than what came after it is out of order.
const NOTICE_REQUESTS_MAX: u64 = 40;
/// Business days after an order's day on which a bank transfer may still be taken; its message names no last day.
const DAYS_TO_TAKE: i32 = 3;

/// A bank with one account.
pub struct Bank {
    account: String,
    faults: Faults,
    day: Date,
    opening: Money,
    balance: Money,
    /// Requests so far, which stand for time.
    clock: u64,
    orders: HashMap<OrderId, Held>,
    /// Orders by the time at which they are done.
    due: BTreeMap<u64, Vec<OrderId>>,
    lines: Vec<StatementLine>,
    statements: BTreeMap<Date, Statement>,
    /// What is told, and by when at the earliest.
    outgoing: BTreeMap<u64, Vec<Notice>>,
    told: Vec<Notice>,
    references: u64,
    /// How often each way of losing a request struck an order: each strikes once.
    struck: HashMap<OrderId, u8>,
}

impl Bank {
    /// A bank on a business day, with a balance on the account.
    pub fn new(account: &str, faults: Faults, day: Date, opening: Money) -> Bank {
        Bank {
            account: account.to_owned(),
            faults,
            day,
            opening,
            balance: opening,
            clock: 0,
            orders: HashMap::new(),
            due: BTreeMap::new(),
            lines: Vec::new(),
            statements: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            told: Vec::new(),
            references: 0,
            struck: HashMap::new(),
        }
    }

    /// Its business day.
    pub fn day(&self) -> Date {
        self.day
    }

    /// The account it keeps.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// An order comes. One that is known is not taken again.
    pub fn submit(&mut self, order: PaymentOrder) -> (Standing, Heard) {
        self.tick();
        let (id, faults) = (order.id.clone(), self.faults);
        let struck = *self.struck.get(&id).unwrap_or(&0);
        if struck & 1 == 0 && faults.hits(&id, Why::Lose, faults.lose) {
            self.struck.insert(id, struck | 1);
            return (Standing::Unknown, Heard::No);
        }
        if !self.orders.contains_key(&id) {
            self.take(order);
        }
        if struck & 2 == 0 && faults.hits(&id, Why::Silent, faults.silent) {
            self.struck.insert(id, struck | 2);
            return (Standing::Unknown, Heard::No);
        }
        (self.standing(&id), Heard::Yes)
    }

    /// What became of an order.
    pub fn query(&mut self, id: &OrderId) -> Standing {
        self.tick();
        self.standing(id)
    }

    fn standing(&self, id: &OrderId) -> Standing {
        self.orders.get(id).map_or(Standing::Unknown, |held| held.standing.clone())
    }

    fn take(&mut self, order: PaymentOrder) {
        let id = order.id.clone();
        let late = self.day > order.last_day.max(order.on.add_days(DAYS_TO_TAKE));
        let refused = |code: &str, reason: &str| Standing::Refused { code: code.to_owned(), reason: reason.to_owned() };
        let standing = if late {
            refused("DT01", "the day on which it could be taken has passed")
        } else if order.amount.currency() != self.balance.currency() {
            refused("AM03", "the account is in another currency")
        } else if self.faults.hits(&id, Why::Refuse, self.faults.refuse) {
            refused("AC04", "the account is closed")
        } else {
            Standing::Pending
        };
        let is_pending = standing == Standing::Pending;
        self.orders.insert(id.clone(), Held { order, standing, moved_minor: Vec::new() });
        if !is_pending {
            self.announce(&id);
        } else if self.faults.hits(&id, Why::Delay, self.faults.delay) {
            let due = self.clock + 1 + self.faults.draw(&id, Why::HowLong) % DELAY_REQUESTS_MAX;
            self.due.entry(due).or_default().push(id);
        } else {
            self.settle(&id);
        }
    }

    /// Does an order, as right or as wrong as the seed has it.
    fn settle(&mut self, id: &OrderId) {
        let faults = self.faults;
        let Some(held) = self.orders.get(id) else { return };
        let (asked, way, purpose) = (held.order.amount, held.order.way, held.order.purpose.clone());
        let wrong = i64::from(faults.hits(id, Why::WrongAmount, faults.wrong_amount));
        let times = if faults.hits(id, Why::PayTwice, faults.pay_twice) { 2 } else { 1 };
        let amount = Money::new(asked.minor() + wrong, asked.currency());
        let flow = if way == Way::PayOut { Flow::Out } else { Flow::In };
        let mut references = Vec::new();
        for _ in 0..times {
            references.push(self.book(flow, amount, Some(id.clone()), &purpose));
        }
        let (on, reference) = (self.day, references.swap_remove(0));
        if let Some(held) = self.orders.get_mut(id) {
            held.standing = Standing::Settled(Settled { amount, on, reference });
            held.moved_minor = vec![amount.minor(); times];
        }
        self.announce(id);
    }

    fn book(&mut self, flow: Flow, amount: Money, order: Option<OrderId>, words: &str) -> String {
        self.references += 1;
        let reference = format!("{}-{:010}", self.account, self.references);
        let signed = if flow == Flow::In { amount.minor() } else { -amount.minor() };
        self.balance = Money::new(self.balance.minor().saturating_add(signed), amount.currency());
        self.lines.push(StatementLine { reference: reference.clone(), order, amount, flow, words: words.to_owned() });
        reference
    }

    /// Puts what became of an order where it will be told: not at all, once or twice, sooner or later.
    fn announce(&mut self, id: &OrderId) {
        let faults = self.faults;
        if faults.hits(id, Why::LoseNotice, faults.lose_notice) {
            return;
        }
        let times = if faults.hits(id, Why::RepeatNotice, faults.repeat_notice) { 2 } else { 1 };
        let notice = Notice { orders: vec![(id.clone(), self.standing(id))], ..Notice::default() };
        for time in 0..times {
            let wait = (faults.draw(id, Why::HowLong) >> (8 * (time + 1))) % NOTICE_REQUESTS_MAX;
            self.outgoing.entry(self.clock + 1 + wait).or_default().push(notice.clone());
        }
    }

    /// Somebody transfers money to the account. Its reference; it is told unless `unnoticed`.
    pub fn credit(&mut self, amount: Money, words: &str, unnoticed: bool) -> String {
        self.tick();
        let reference = self.book(Flow::In, amount, None, words);
        if !unnoticed {
            let (on, words) = (self.day, words.to_owned());
            let credit = Credit { reference: reference.clone(), amount, on, words };
            let notice = Notice { credits: vec![credit], ..Notice::default() };
            self.outgoing.entry(self.clock + 1).or_default().push(notice);
        }
        reference
    }

    /// What it tells by itself after the notice of this number, numbered from 1.
    pub fn notices(&mut self, after: u64) -> Vec<(u64, Notice)> {
        self.tick();
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let told = self.told.iter().enumerate().skip(after);
        told.map(|(place, notice)| (place as u64 + 1, notice.clone())).collect()
    }

    /// The notice of this number.
    pub fn notice(&mut self, number: u64) -> Option<Notice> {
        self.tick();
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.told.get(place).cloned()
    }

    /// The statement of a day that is closed.
    pub fn statement(&self, day: Date) -> Option<&Statement> {
        self.statements.get(&day)
    }

    /// Ends the business day: what is delayed is done first, the statement is made, the next day begins.
    pub fn close(&mut self) -> Date {
        let due: Vec<OrderId> = std::mem::take(&mut self.due).into_values().flatten().collect();
        for id in due {
            self.settle(&id);
        }
        let statement = Statement {
            id: format!("{}-{}", self.account, self.day),
            account: self.account.clone(),
            day: self.day,
            opening: self.opening,
            closing: self.balance,
            lines: std::mem::take(&mut self.lines),
        };
        self.statements.insert(self.day, statement);
        self.opening = self.balance;
        let closed = self.day;
        self.day = self.day.add_days(1);
        closed
    }

    /// What it has done in truth, by order.
    pub fn truth(&self) -> Vec<Truth> {
        let truth = |(id, held): (&OrderId, &Held)| Truth {
            id: id.clone(),
            asked_minor: held.order.amount.minor(),
            moved_minor: held.moved_minor.clone(),
            refused: matches!(held.standing, Standing::Refused { .. }),
        };
        let mut all: Vec<Truth> = self.orders.iter().map(truth).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// Time goes on by a request.
    fn tick(&mut self) {
        self.clock += 1;
        let later = self.due.split_off(&(self.clock + 1));
        for id in std::mem::replace(&mut self.due, later).into_values().flatten() {
            self.settle(&id);
        }
        let later = self.outgoing.split_off(&(self.clock + 1));
        self.told.extend(std::mem::replace(&mut self.outgoing, later).into_values().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use basics::{Cell, Currency};
    use rails::Party;

    fn yuan(minor: i64) -> Money {
        Money::new(minor, Currency::CNY)
    }

    fn day() -> Date {
        Date::ymd(2026, 3, 2).unwrap()
    }

    fn order(n: u128) -> PaymentOrder {
        PaymentOrder {
            id: OrderId::of(Cell(1), Id::from_u128(n)),
            way: Way::PayOut,
            amount: yuan(500),
            party: Party { name: "a".into(), account: "6222".into(), bank: "1".into() },
            purpose: "x".into(),
            on: day(),
            last_day: day(),
        }
    }

    #[test]
    fn an_honest_bank_pays_once_and_its_statement_adds_up() {
        let mut bank = Bank::new("A", Faults::default(), day(), yuan(10_000));
        for n in [1, 2, 1] {
            assert!(matches!(bank.submit(order(n)), (Standing::Settled(_), Heard::Yes)));
        }
        assert_eq!(bank.query(&order(9).id), Standing::Unknown);
        bank.credit(yuan(70), "hello", false);
        assert_eq!(bank.close(), day());
        let statement = bank.statement(day()).unwrap();
        assert_eq!((statement.check(), statement.lines.len(), statement.closing), (Ok(()), 3, yuan(9_070)));
        let mut late = order(3);
        late.on = day().add_days(-9);
        late.last_day = day().add_days(-5);
        assert!(matches!(bank.submit(late), (Standing::Refused { .. }, Heard::Yes)));
    }

    #[test]
    fn every_fault_strikes_and_none_makes_it_take_an_order_twice() {
        let rate = 300_000;
        let faults = Faults {
            seed: 5,
            refuse: rate,
            lose: rate,
            silent: rate,
            delay: rate,
            lose_notice: rate,
            repeat_notice: rate,
            wrong_amount: rate,
            pay_twice: rate,
        };
        let mut bank = Bank::new("A", faults, day(), yuan(10_000_000));
        let mut unheard = 0;
        for n in 0..200 {
            for _ in 0..3 {
                unheard += u32::from(bank.submit(order(n)).1 == Heard::No);
            }
        }
        for _ in 0..200 {
            bank.tick();
        }
        let truth = bank.truth();
        assert_eq!(truth.len(), 200);
        let count = |what: &dyn Fn(&Truth) -> bool| truth.iter().filter(|one| what(one)).count();
        for struck in [
            unheard as usize,
            count(&|one| one.refused),
            count(&|one| one.moved_minor.len() == 2),
            count(&|one| one.moved_minor.first().is_some_and(|moved| *moved != one.asked_minor)),
        ] {
            assert!(struck > 20, "a fault struck {struck} times");
        }
        assert!(truth.iter().all(|one| one.refused == one.moved_minor.is_empty()), "each has an end");
        let mut told: HashMap<OrderId, u32> = HashMap::new();
        for (_, notice) in bank.notices(0) {
            *told.entry(notice.orders[0].0.clone()).or_default() += 1;
        }
        assert!(told.len() < 180 && told.values().any(|times| *times == 2), "some never, some twice");
        bank.close();
        assert_eq!(bank.statement(day()).unwrap().check(), Ok(()));
    }
}
