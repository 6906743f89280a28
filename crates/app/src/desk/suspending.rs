//! Money on its way out is shown to the monitor before it goes to the door; what it would hold goes there as a suspended order.
//!
//! The monitor is waited for no longer than its configuration says. Where it gives no answer in time, or is still being made of the books, the
//! configuration's safe side decides; both are counted.

use std::sync::TryLockError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use basics::{Id, Instant};
use door::{Actor, Order, Request, Value, key};
use insight::Event;
use insight::event::{Channel, EventKind};
use watch::config::{Holding, OnFailure};
use watch::monitor::{Weighed, key_of};
use watch::{Config, Grade, Monitor, Sight};

use super::watching::signals_of;
use super::{Desk, DeskError};
use crate::command::Command;
use crate::payment::PaymentWay;
use crate::suspend::{Judged, Outgoing, Suspend, SuspendedOrder, SuspendedState, UNANSWERED};

/// Orders of a household or of the queue that are shown at most.
const SHOWN_MAX: usize = 200;

/// How money on its way out is held, and how often the monitor was asked since the start.
#[derive(Debug, Default)]
pub(super) struct Suspending {
    /// None where the configuration holds nothing: in shadow, or without a typology that may.
    plan: Option<Plan>,
    orders: AtomicU64,
    held: AtomicU64,
    unanswered: AtomicU64,
}

#[derive(Clone, Debug)]
struct Plan {
    config: (String, u32),
    holding: Holding,
}

impl Suspending {
    /// As a configuration says.
    pub(super) fn by(config: &Config) -> Suspending {
        let holds = config.acts && config.typologies.iter().any(|typology| typology.hold.is_some());
        let plan = Plan { config: (config.code.clone(), config.version), holding: config.holding };
        Suspending { plan: holds.then_some(plan), ..Suspending::default() }
    }

    /// As the platform's own configuration says.
    pub(super) fn usual() -> Suspending {
        // It is read anew with the monitor, and a test reads it: what is wrong with it is said there.
        Config::usual().map_or_else(|_| Suspending::default(), |config| Suspending::by(&config))
    }
}

/// What came of asking the monitor before money moved, since the server started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoldingFigures {
    /// Orders that were judged, answered or not.
    pub orders: u64,
    /// Orders that went to the door to be held.
    pub held: u64,
    /// Orders on which the monitor gave no answer in time.
    pub unanswered: u64,
}

impl Desk {
    /// The request by which money goes out, or waits for a person where the monitor would hold it. `order` makes an order for the door of a
    /// command: to be done, or proposed.
    ///
    /// The digest is that of the order as it was sent, so that the same request sent again finds its first answer, whatever the monitor says by then.
    /// Errors if the village or the open day of the household cannot be read.
    pub fn outgoing(
        &self,
        (id, actor, at): (Id, Actor, Instant),
        sent: &Outgoing,
        order: impl Fn(Command) -> Order<Command>,
    ) -> Result<Request<Command>, DeskError> {
        let plain = Request::plain(id, actor, at, order(sent.command()));
        Ok(match self.judge_outgoing(id, at, sent)? {
            None => plain,
            Some(judged) => {
                self.suspending.held.fetch_add(1, Ordering::Relaxed);
                let command = Command::Suspend(Suspend { order: sent.clone(), judged });
                Request { order: order(command), ..plain }
            }
        })
    }

    /// What holds an order; none where it may go.
    fn judge_outgoing(&self, id: Id, at: Instant, sent: &Outgoing) -> Result<Option<Judged>, DeskError> {
        if matches!(sent, Outgoing::Payment(asked) if asked.way == PaymentWay::In) {
            return Ok(None);
        }
        let Some(Plan { config, holding }) = &self.suspending.plan else { return Ok(None) };
        if sent.amount().minor() < holding.least_minor {
            return Ok(None);
        }
        self.suspending.orders.fetch_add(1, Ordering::Relaxed);
        let village = self.village_key(sent.household())?;
        let event = self.event_of(id, sent)?;
        let weighed = self.within_budget(*holding, |monitor| {
            let own_key = Some(key_of(event.household));
            let sight = Sight { event: &event, at, village, device: None, clerk: None, own_key };
            let weighed = monitor.weigh(&sight);
            let typology = monitor.config().typologies.get(weighed.typology);
            (typology.map_or(String::new(), |typology| typology.code.clone()), weighed)
        });
        let judged = |typology: String, weighed: &Weighed| Judged {
            config: config.clone(),
            typology,
            score_milli: i64::from(weighed.score_milli),
            days: holding.days,
            signals: signals_of(&weighed.signals),
        };
        Ok(match weighed {
            Some((typology, weighed)) => (weighed.grade == Some(Grade::Hold)).then(|| judged(typology, &weighed)),
            None => {
                self.suspending.unanswered.fetch_add(1, Ordering::Relaxed);
                let holds = holding.on_failure == OnFailure::Hold;
                holds.then(|| judged(UNANSWERED.to_owned(), &Weighed::default()))
            }
        })
    }

    /// Asks the monitor, if it is there and free within its budget.
    fn within_budget<T>(&self, holding: Holding, ask: impl FnOnce(&Monitor) -> T) -> Option<T> {
        for _ in 0..=holding.budget_ms {
            match self.watching.try_lock() {
                Ok(inner) => return inner.monitor.as_ref().map(ask),
                Err(TryLockError::Poisoned(held)) => return held.into_inner().monitor.as_ref().map(ask),
                // Asked again in a moment: what it does to one event takes far less.
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            }
        }
        None
    }

    /// An order as the event that it would be, as journal and rails tell of it once it has happened.
    fn event_of(&self, id: Id, sent: &Outgoing) -> Result<Event, DeskError> {
        let kind = match sent {
            Outgoing::Withdraw(_) => EventKind::CashWithdrawal,
            Outgoing::Transfer(_) | Outgoing::Payment(_) => EventKind::TransferOut,
            Outgoing::Code(_) => EventKind::PaymentOut,
        };
        Ok(Event {
            household: sent.household(),
            id: id.derive("asked"),
            date: self.open_date(sent.cell())?,
            kind,
            amount_minor: -sent.amount().minor(),
            balance_after_minor: None,
            counterparty: None,
            channel: Channel::OwnBusiness,
            consent: None,
            measure: None,
            source: None,
            known: None,
        })
    }

    /// What came of asking the monitor since the start.
    pub fn holding_figures(&self) -> HoldingFigures {
        HoldingFigures {
            orders: self.suspending.orders.load(Ordering::Relaxed),
            held: self.suspending.held.load(Ordering::Relaxed),
            unanswered: self.suspending.unanswered.load(Ordering::Relaxed),
        }
    }

    /// A household's suspended orders, ended ones too, newest first.
    pub fn suspended_of(&self, household: Id) -> Result<Vec<SuspendedOrder>, DeskError> {
        let mut rows: Vec<SuspendedOrder> = self.rows(key![self.cell_of(household), household])?;
        rows.sort_by_key(|row| std::cmp::Reverse((row.sent_on, row.id)));
        rows.truncate(SHOWN_MAX);
        Ok(rows)
    }

    /// Suspended orders of every cell that wait, the ones that lapse first before others.
    pub fn suspended_waiting(&self) -> Result<Vec<SuspendedOrder>, DeskError> {
        let waiting = Value::Text(SuspendedState::Waiting.as_str().into());
        let mut rows: Vec<SuspendedOrder> = self.everywhere("state", &waiting)?;
        rows.sort_by_key(|row| (row.last_day, std::cmp::Reverse(row.amount_minor), row.id));
        rows.truncate(SHOWN_MAX);
        Ok(rows)
    }
}
