//! A plain lender, so that a county can be lived and measured without the platform.
//!
//! It lends by what it has seen come in, lends a second time only to who paid the first, reminds, and waits.
//! Its plans are simple: interest with each row, level principal, or all in one sum at the end.

use std::collections::BTreeMap;

use basics::Date;
use insight::EventKind;

use super::ahead::Ahead;
use super::record::{LoanRecord, Record};
use crate::deed::{Act, Deed, HouseholdNo, Mine, Pay, Reply, Told};
use crate::world::World;

/// Yearly rate of all its loans, ppm.
const RATE_PPM: i64 = 84_000;
/// How often people may react on one day.
const ROUNDS_MAX: u32 = 4;
/// Movements before it lends at all.
const MOVEMENTS_MIN: u32 = 30;

/// An offer that was not answered yet: principal, months and plan.
type Offered = (i64, u16, Vec<(Date, i64)>);

#[derive(Clone, Debug, Default)]
struct File {
    wallet_fen: i64,
    movements: u32,
    /// What came in during the last months, by month; the newest first.
    inflow_fen: Vec<(i32, i64)>,
    is_enrolled: bool,
}

#[derive(Clone, Debug)]
struct Running {
    dues: Vec<(Date, i64)>,
    principal_fen: i64,
    total_fen: i64,
    paid_fen: i64,
    record: usize,
}

impl Running {
    fn due_by(&self, date: Date) -> i64 {
        (self.dues.iter().filter(|(due, _)| *due <= date).map(|(_, fen)| fen).sum::<i64>() - self.paid_fen).max(0)
    }

    fn oldest_unpaid(&self) -> Option<Date> {
        let mut planned = 0;
        let unpaid = self.dues.iter().find(|(_, fen)| {
            planned += fen;
            planned > self.paid_fen
        });
        unpaid.map(|(due, _)| *due)
    }

    fn outstanding_fen(&self) -> i64 {
        ((self.total_fen - self.paid_fen) as i128 * i128::from(self.principal_fen) / i128::from(self.total_fen.max(1)))
            as i64
    }
}

/// A plain lender and what it saw of a county.
#[derive(Clone, Debug)]
pub struct Lender {
    files: Vec<File>,
    running: BTreeMap<(HouseholdNo, Mine), Running>,
    offers: BTreeMap<(HouseholdNo, Mine), Offered>,
    overnight: Vec<Reply>,
    ahead: Option<Ahead>,
    /// What was seen.
    pub record: Record,
}

impl Lender {
    /// A lender to so many households.
    pub fn new(households: usize) -> Lender {
        Lender {
            files: vec![File::default(); households],
            running: BTreeMap::new(),
            offers: BTreeMap::new(),
            overnight: Vec::new(),
            ahead: None,
            record: Record::new(households),
        }
    }

    /// The same lender, which writes down what it knew weeks before every instalment. What is met later than `missed_after` days is missed.
    #[must_use]
    pub fn looking_ahead(self, world: &World, missed_after: i32) -> Lender {
        Lender { ahead: Some(Ahead::new(world, missed_after)), ..self }
    }

    /// The same lender, which keeps what a monitor would be shown.
    #[must_use]
    pub fn telling(mut self) -> Lender {
        self.record.tell();
        self
    }

    /// What a monitor would have been shown since this was last asked, in its order: what people lived, and what the loans moved.
    pub fn told(&mut self) -> Vec<insight::Event> {
        self.record.take_told()
    }

    /// What was known weeks before every instalment that fell due long enough before a day, and whether it was missed.
    pub fn instalments(&self, until: Date) -> Vec<watch::early::Row> {
        self.ahead.as_ref().map_or_else(Vec::new, |ahead| ahead.rows(until))
    }

    /// Lives a county with this lender from `first` for so many days, one after the other.
    pub fn run(&mut self, world: &mut World, first: Date, days: i32) {
        for day in 0..days {
            self.day(world, first.add_days(day));
        }
    }

    /// One day.
    pub fn day(&mut self, world: &mut World, date: Date) {
        let told = self.night();
        let mut deeds = world.morning(date, &told);
        for _ in 0..ROUNDS_MAX {
            if deeds.is_empty() {
                break;
            }
            let answers = self.answers(date, &deeds);
            deeds = world.react(date, &answers);
        }
        world.evening(date);
        self.record.truth.append(&mut world.truth());
        self.close(date);
    }

    /// What people are told in the morning.
    pub fn night(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.overnight)
    }

    /// The answers to deeds, in their order.
    pub fn answers(&mut self, date: Date, deeds: &[Deed]) -> Vec<Reply> {
        self.record.deeds += deeds.len() as u64;
        deeds.iter().flat_map(|deed| self.answer(date, deed)).collect()
    }

    fn answer(&mut self, date: Date, deed: &Deed) -> Vec<Reply> {
        let who = deed.household;
        let reply = |told| vec![Reply { household: who, told }];
        let Some(file) = self.files.get_mut(who.0 as usize) else { return Vec::new() };
        match &deed.act {
            Act::Enrol(person) => {
                file.is_enrolled = true;
                self.record.name(who, person.id);
                self.record.enrolled += 1;
                reply(Told::Enrolled)
            }
            Act::Live(lived) => {
                file.movements += lived.len() as u32;
                let month = i32::from(date.year()) * 12 + i32::from(date.month());
                let inflow = lived.iter().map(|l| l.amount_fen.max(0)).sum::<i64>();
                match file.inflow_fen.last_mut() {
                    Some((last, fen)) if *last == month => *fen += inflow,
                    _ => file.inflow_fen.push((month, inflow)),
                }
                self.record.see(who, date, lived);
                Vec::new()
            }
            Act::PayIn { amount_fen } => {
                file.wallet_fen += amount_fen;
                reply(Told::Wallet { balance_fen: file.wallet_fen })
            }
            Act::TakeOut { amount_fen } => {
                if *amount_fen > file.wallet_fen {
                    return reply(Told::no("insufficient_funds", &deed.act));
                }
                file.wallet_fen -= amount_fen;
                reply(Told::Wallet { balance_fen: file.wallet_fen })
            }
            Act::Give { to, amount_fen } => self.give(date, who, *to, *amount_fen),
            Act::Apply { mine, amount_fen, months, product, .. } => {
                self.decide(date, who, *mine, (*amount_fen, *months, product.as_str()))
            }
            Act::Accept { mine } => self.draw(date, who, *mine),
            Act::Repay { mine, pay } => self.take(date, who, *mine, *pay),
            Act::AskPerson { .. } => reply(Told::no("no_review", &deed.act)),
            _ => Vec::new(),
        }
    }

    fn give(&mut self, date: Date, from: HouseholdNo, to: HouseholdNo, amount_fen: i64) -> Vec<Reply> {
        let balance = self.files.get(from.0 as usize).map_or(0, |f| f.wallet_fen);
        let is_there = self.files.get(to.0 as usize).is_some_and(|f| f.is_enrolled);
        if balance < amount_fen || !is_there {
            let told = Told::No { code: "insufficient_funds".to_owned(), back_fen: 0, gives_up: None };
            return vec![Reply { household: from, told }];
        }
        self.record.gifts.push((from, to, amount_fen));
        self.record.own(from, date, EventKind::TransferOut, -amount_fen, Some(u64::from(to.0) + 1));
        self.record.own(to, date, EventKind::TransferIn, amount_fen, Some(u64::from(from.0) + 1));
        let mut told = vec![Reply { household: to, told: Told::Received { from, amount_fen } }];
        for (who, sum) in [(from, -amount_fen), (to, amount_fen)] {
            if let Some(file) = self.files.get_mut(who.0 as usize) {
                file.wallet_fen += sum;
                told.push(Reply { household: who, told: Told::Wallet { balance_fen: file.wallet_fen } });
            }
        }
        told
    }

    fn decide(&mut self, date: Date, who: HouseholdNo, mine: Mine, ask: (i64, u16, &str)) -> Vec<Reply> {
        let (amount_fen, months, product) = ask;
        let Some(file) = self.files.get(who.0 as usize) else { return Vec::new() };
        self.record.asked += 1;
        let recent: i64 = file.inflow_fen.iter().rev().take(6).map(|(_, fen)| fen).sum();
        let monthly = recent / (file.inflow_fen.len().clamp(1, 6) as i64);
        let approved = amount_fen.min(monthly * 4).min(5_000_000) / 10_000 * 10_000;
        let is_refused = file.movements < MOVEMENTS_MIN || approved < 100_000 || self.record.was_bad(who);
        let told = if is_refused {
            Told::Refused { mine, reasons: vec!["thin".to_owned()] }
        } else {
            let dues = plan(date, approved, months, product);
            self.offers.insert((who, mine), (approved, months, dues.clone()));
            Told::Offered { mine, approved_fen: approved, rate_ppm: RATE_PPM, cost_ppm: RATE_PPM, dues }
        };
        vec![Reply { household: who, told }]
    }

    fn draw(&mut self, date: Date, who: HouseholdNo, mine: Mine) -> Vec<Reply> {
        let Some((amount_fen, months, dues)) = self.offers.remove(&(who, mine)) else { return Vec::new() };
        let record = self.record.loans.len();
        let columns = self.record.columns(who, date, amount_fen, &dues);
        let features = self.record.features(who, amount_fen, months, &dues, date);
        let drawn = LoanRecord::new(who, mine, date, amount_fen, columns, features);
        self.record.loans.push(drawn);
        self.record.own(who, date, EventKind::LoanReceived, amount_fen, None);
        let total_fen = dues.iter().map(|(_, fen)| fen).sum();
        let running = Running { dues: dues.clone(), principal_fen: amount_fen, total_fen, paid_fen: 0, record };
        self.running.insert((who, mine), running);
        if let Some(ahead) = &mut self.ahead {
            ahead.drawn(who, mine, &dues);
        }
        if let Some(file) = self.files.get_mut(who.0 as usize) {
            file.wallet_fen += amount_fen;
        }
        vec![Reply { household: who, told: Told::Drawn { mine, amount_fen, dues } }]
    }

    fn take(&mut self, date: Date, who: HouseholdNo, mine: Mine, pay: Pay) -> Vec<Reply> {
        let no = |code: &str| {
            vec![Reply { household: who, told: Told::No { code: code.to_owned(), back_fen: 0, gives_up: None } }]
        };
        let (Some(loan), Some(file)) = (self.running.get_mut(&(who, mine)), self.files.get_mut(who.0 as usize)) else {
            return no("no_loan");
        };
        let left = loan.total_fen - loan.paid_fen;
        let asked = match pay {
            Pay::Fen(fen) => fen.min(left),
            Pay::Due => loan.due_by(date),
            Pay::Off => left,
        };
        let amount_fen = asked.min(file.wallet_fen);
        if amount_fen <= 0 {
            return no("nothing_paid");
        }
        file.wallet_fen -= amount_fen;
        loan.paid_fen += amount_fen;
        self.record.own(who, date, EventKind::LoanPayment, -amount_fen, None);
        if let Some(ahead) = &mut self.ahead {
            ahead.paid((who, mine), loan.paid_fen, date);
        }
        let (closed, outstanding_fen) = (loan.paid_fen >= loan.total_fen, loan.outstanding_fen());
        if closed {
            if let Some(record) = self.record.loans.get_mut(loan.record) {
                record.closed = Some(date);
            }
            self.running.remove(&(who, mine));
        }
        vec![Reply { household: who, told: Told::Paid { mine, amount_fen, outstanding_fen, closed } }]
    }

    /// The end of a day: days past due of every loan, and what is told overnight.
    pub fn close(&mut self, date: Date) {
        let next = date.add_days(1);
        let is_month_end = next.day() == 1;
        for ((who, mine), loan) in &self.running {
            let Some(oldest) = loan.oldest_unpaid() else { continue };
            let days = (date - oldest).max(0);
            if let Some(record) = self.record.loans.get_mut(loan.record) {
                record.worst_days = record.worst_days.max(days);
                record.outstanding_fen = loan.outstanding_fen();
                if is_month_end {
                    record.month_ends.push((days, loan.outstanding_fen()));
                }
            }
            let ahead = oldest - next;
            if ahead == 3 || ahead == 0 || matches!(-ahead, 1 | 7 | 30 | 60 | 90) {
                let told = Told::Due {
                    mine: *mine,
                    date: oldest,
                    amount_fen: loan.due_by(oldest.max(next)),
                    days_past_due: (-ahead).max(0).cast_unsigned(),
                };
                self.overnight.push(Reply { household: *who, told });
            }
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.look(date, &self.record.traces);
        }
        if is_month_end {
            self.record.end_month(date);
        }
    }
}

/// All at the end for a loan of one season, else every month the same principal and the interest on the rest.
fn plan(date: Date, amount_fen: i64, months: u16, product: &str) -> Vec<(Date, i64)> {
    let months = i64::from(months.max(1));
    let on = |month: i64| date.add_months(month as i32).unwrap_or(date.add_days(month as i32 * 30));
    let interest = |fen: i64, months: i64| fen * RATE_PPM / 1_000_000 * months / 12;
    if product == "season-bullet" {
        return vec![(on(months), amount_fen + interest(amount_fen, months))];
    }
    (1..=months)
        .map(|month| {
            let (before, after) = (amount_fen * (months - month + 1) / months, amount_fen * (months - month) / months);
            (on(month), before - after + interest(before, 1))
        })
        .collect()
}
