//! The courier between the books and the rails: takes what was asked for to the rail, asks what became of it, and brings the answer back.
//!
//! It remembers nothing that matters. What is open stands in the books; after a crash the next courier asks the rail again, under the
//! same ids. No answer is not a refusal: it is asked for again, after longer and longer waits. Only a rail's refusal sets money free, or
//! its word, after the last day on which it may take the order, that it has never seen it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use app::desk::{AccountNumber, Desk, DeskError, answer_request};
use app::payment::{Payment, PaymentState, PaymentWay, RailTold};
use basics::{Cell, Date, Id, Instant, Money};
use door::{DoorError, failpoint};
use rails::{Notice, OrderId, Party, PaymentOrder, PaymentRail, RailError, Settled, Standing, Way};

/// The wait after the first answer that did not come or was not final.
const FIRST_WAIT_MILLIS: i64 = 200;
/// The longest wait.
const LONGEST_WAIT_MILLIS: i64 = 60_000;
/// Days after the last day on which a rail may take an order, before its word that it has not seen it is believed: clocks differ.
const DAYS_OF_DOUBT: i32 = 1;
/// What is noted of a payment that its rail never saw.
const NEVER_TAKEN: &str = "the rail never took it";

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Payments that are open after it.
    pub open: usize,
    /// Payments that ended in it.
    pub ended: usize,
    /// Notices that were handled.
    pub notices: usize,
    /// Money that came in and was booked.
    pub credits: usize,
    /// Rails that gave no answer, times.
    pub unanswered: usize,
    /// What went wrong otherwise, each once.
    pub wrong: Vec<String>,
}

impl Round {
    /// Notes what went wrong, each once.
    fn note(&mut self, said: String) {
        if !self.wrong.contains(&said) {
            self.wrong.push(said);
        }
    }

    fn add(&mut self, other: Round) {
        let Round { open, ended, notices, credits, unanswered, wrong } = other;
        self.open += open;
        self.ended += ended;
        self.notices += notices;
        self.credits += credits;
        self.unanswered += unanswered;
        for said in wrong {
            self.note(said);
        }
    }
}

/// How often a payment was taken to its rail by this courier, and when it is its turn again.
#[derive(Clone, Copy, Default)]
struct Turn {
    tries: u32,
    not_before: Instant,
}

/// Carries payments for a desk over its rails.
pub struct Courier {
    desk: Arc<Desk>,
    rails: Vec<Arc<dyn PaymentRail>>,
    /// Payments carried at once.
    hands: usize,
    turns: Mutex<HashMap<(Cell, Id), Turn>>,
}

impl Courier {
    /// A courier that carries `hands` payments at once.
    pub fn new(desk: Arc<Desk>, rails: Vec<Arc<dyn PaymentRail>>, hands: usize) -> Courier {
        Courier { desk, rails, hands: hands.max(1), turns: Mutex::default() }
    }

    /// Hears what the rails tell by themselves, and carries every payment whose turn it is, once.
    pub fn round(&self, now: Instant) -> Result<Round, DeskError> {
        let mut round = Round::default();
        for rail in &self.rails {
            match rail.notices() {
                Ok(notices) => self.hear(rail.as_ref(), &notices, now, &mut round)?,
                Err(RailError::NoAnswer(_)) => round.unanswered += 1,
                Err(error) => round.note(format!("{}: {error}", rail.name())),
            }
        }
        let heard = round.ended;
        let open = self.desk.payments_in(PaymentState::Asked)?;
        let days = self.desk.open_dates()?;
        let due: Vec<&Payment> = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let still: std::collections::HashSet<(Cell, Id)> = open.iter().map(|row| (row.cell, row.id)).collect();
            turns.retain(|place, _| still.contains(place));
            let is_due = |row: &&Payment| turns.get(&(row.cell, row.id)).is_none_or(|turn| turn.not_before <= now);
            open.iter().filter(is_due).collect()
        };
        let share = due.len().div_ceil(self.hands).max(1);
        let parts: Vec<Result<Round, DeskError>> = std::thread::scope(|scope| {
            let carry = |part: &[&Payment]| {
                let mut round = Round::default();
                for row in part {
                    let today = days.get(&row.cell).copied().unwrap_or(row.asked_on);
                    self.carry(row, today, now, &mut round)?;
                }
                Ok(round)
            };
            let hands: Vec<_> = due.chunks(share).map(|part| scope.spawn(move || carry(part))).collect();
            let ended = || Err(DeskError::Damaged("a hand of the courier ended by a fault".to_owned()));
            hands.into_iter().map(|hand| hand.join().unwrap_or_else(|_| ended())).collect()
        });
        for part in parts {
            round.add(part?);
        }
        round.open = open.len().saturating_sub(round.ended - heard);
        Ok(round)
    }

    /// Handles notices, in any order and any number of times.
    fn hear(
        &self,
        rail: &dyn PaymentRail,
        notices: &[Notice],
        now: Instant,
        round: &mut Round,
    ) -> Result<(), DeskError> {
        for notice in notices {
            let told: Vec<(Cell, Id)> = notice.orders.iter().filter_map(|(id, _)| id.payment()).collect();
            let known: HashMap<(Cell, Id), Payment> =
                self.desk.payments_at(&told)?.into_iter().map(|row| ((row.cell, row.id), row)).collect();
            for (id, standing) in &notice.orders {
                match id.payment().and_then(|place| known.get(&place)).filter(|row| row.rail == rail.name()) {
                    Some(row) => round.ended += usize::from(self.bring(row, standing, now)?),
                    None => round.note(format!("{} tells of order {id}, which is none of ours", rail.name())),
                }
            }
            for credit in &notice.credits {
                let told = (credit.reference.as_str(), credit.amount, credit.on);
                let taken = self.desk.take_credit(rail.name(), told, &credit.words, now)?;
                // What names nobody waits for the statement, which puts it into the queue.
                round.credits += usize::from(taken == Some(app::Outcome::Done));
            }
            round.notices += 1;
            if let Err(error) = rail.handled(notice) {
                round.note(format!("{}: {error}", rail.name()));
            }
        }
        Ok(())
    }

    fn carry(&self, row: &Payment, today: Date, now: Instant, round: &mut Round) -> Result<(), DeskError> {
        let Some(rail) = self.rails.iter().find(|rail| rail.name() == row.rail) else {
            round.note(format!("payment {} waits for rail `{}`, which is not set up", row.id, row.rail));
            return Ok(());
        };
        let place = (row.cell, row.id);
        let tries = self.turns.lock().unwrap_or_else(PoisonError::into_inner).get(&place).map_or(0, |turn| turn.tries);
        let told = self.ask(rail.as_ref(), row, today, tries)?;
        let is_done = match told {
            Ok(standing) => self.bring(row, &standing, now)?,
            Err(RailError::NoAnswer(_)) => {
                round.unanswered += 1;
                false
            }
            Err(error) => {
                round.note(format!("{}: {error}", rail.name()));
                false
            }
        };
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if is_done {
            round.ended += 1;
            turns.remove(&place);
        } else {
            let wait = FIRST_WAIT_MILLIS.saturating_mul(1 << tries.min(16)).min(LONGEST_WAIT_MILLIS);
            turns.insert(place, Turn { tries: tries.saturating_add(1), not_before: Instant(now.0 + wait * 1_000) });
        }
        Ok(())
    }

    /// Hands the order over where the rail may still take it and is not known to have it; else asks what became of it.
    fn ask(
        &self,
        rail: &dyn PaymentRail,
        row: &Payment,
        today: Date,
        tries: u32,
    ) -> Result<Result<Standing, RailError>, DeskError> {
        let id = OrderId::of(row.cell, row.id);
        let may_take = today <= row.last_day;
        if tries > 0 || !may_take {
            match rail.query(&id) {
                Ok(Standing::Unknown) if may_take => {}
                Ok(Standing::Unknown) if today > row.last_day.add_days(DAYS_OF_DOUBT) => {
                    let (code, reason) = ("NONE".to_owned(), NEVER_TAKEN.to_owned());
                    return Ok(Ok(Standing::Refused { code, reason }));
                }
                told => return Ok(told),
            }
        }
        let Some(party) = self.desk.account_number(row.household, row.person, row.account)? else {
            // Without the account nothing can be handed over. What an earlier courier handed over is told by the query.
            return Ok(match rail.query(&id) {
                Ok(Standing::Unknown) => {
                    Ok(Standing::Refused { code: "GONE".to_owned(), reason: "the account was erased".to_owned() })
                }
                told => told,
            });
        };
        let AccountNumber { holder, number, bank } = party;
        let order = PaymentOrder {
            id,
            way: match row.way {
                PaymentWay::Out => Way::PayOut,
                PaymentWay::In => Way::Collect,
            },
            amount: Money::new(row.amount_minor, row.currency),
            party: Party { name: holder, account: number, bank },
            purpose: row.purpose.clone(),
            on: row.asked_on,
            last_day: row.last_day,
        };
        failpoint::hit("payment.before_submit");
        Ok(match rail.submit(&order) {
            // A rail that does not do such a thing at all has not done it.
            Err(RailError::NotOffered(reason)) => Ok(Standing::Refused { code: "NOTO".to_owned(), reason }),
            told => told,
        })
    }

    /// Brings a rail's word back; whether the payment has ended.
    fn bring(&self, row: &Payment, standing: &Standing, now: Instant) -> Result<bool, DeskError> {
        let told = match standing {
            Standing::Unknown | Standing::Pending => return Ok(false),
            Standing::Settled(Settled { amount, on, reference }) => {
                RailTold::Settled { amount: *amount, on: *on, reference: reference.clone() }
            }
            Standing::Refused { code, reason } => {
                let said: String = format!("{code}: {reason}").chars().filter(|c| !c.is_control()).take(300).collect();
                RailTold::Refused { reason: said }
            }
        };
        failpoint::hit("payment.before_answer");
        if let RailTold::Settled { amount, on, .. } = &told
            && row.state == PaymentState::Asked
            && (amount.minor(), amount.currency()) == (row.amount_minor, row.currency)
        {
            match self.desk.observe_payment(row, *on, now) {
                // The household's profile is in other hands just now: next time.
                Err(DeskError::Door(DoorError::Refused(refusal))) if refusal.code.ends_with("_stale") => {
                    return Ok(false);
                }
                observed => observed?,
            }
        }
        self.desk.engine.call(answer_request((row.cell, row.household, row.id), told, now))?;
        Ok(row.state == PaymentState::Asked)
    }
}
