//! What the driver remembers: who is enrolled under which id, and how far each asked-for loan has come.
//!
//! It holds no money and no dates of the books' own: those are read from the books whenever they matter.

use std::collections::{BTreeMap, BTreeSet};

use basics::{Cell, Date, Id};

use super::replan::Proposal;
use crate::deed::{HouseholdNo, Mine};

/// Days on which a household is told of a due date, counted from it.
pub(crate) const REMIND_ON: [i32; 7] = [-3, 0, 1, 7, 30, 60, 90];

/// How far an asked-for loan has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waits for the office.
    Referred,
    /// Approved, not signed.
    Offered,
    /// Declined, or the offer was let go.
    Ended,
    /// Drawn.
    Running,
    /// Paid off.
    Closed,
}

/// An asked-for loan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// The application.
    pub application: Id,
    /// The loan, once drawn.
    pub loan: Id,
    /// The product's code.
    pub product: String,
    /// How far it has come.
    pub stage: Stage,
}

/// An enrolled household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Its id.
    pub id: Id,
    /// Its cell.
    pub cell: Cell,
    /// Who would hold its account elsewhere, as long as none is bound.
    pub holder: Option<String>,
    /// Its loans and applications, by its own number.
    pub deals: BTreeMap<Mine, Deal>,
    /// Its statement line, if it has one.
    pub line: Option<Id>,
    /// What it last bought by it: the purchase, the shop, and for how much in fen. None once that went back.
    pub bought: Option<(Id, HouseholdNo, i64)>,
    /// What the lender keeps of each sale, hundredths of a percent, if it sells on lines.
    pub discount_bp: Option<i64>,
}

/// Whom the driver knows.
#[derive(Debug, Default)]
pub struct Book {
    homes: Vec<Option<Home>>,
    /// Loans to look at on a date.
    watched: BTreeMap<Date, BTreeSet<(HouseholdNo, Mine)>>,
    /// Applications that wait for the office, in the order they came.
    pub(super) referred: Vec<(HouseholdNo, Mine)>,
    /// Loans whose households asked for a later end.
    pub(super) wishes: Vec<(HouseholdNo, Mine)>,
    /// Shopkeepers who sold on lines since their wallets were last looked at.
    pub(super) sold: BTreeSet<HouseholdNo>,
    /// What was proposed to them and is not agreed to yet.
    pub(super) proposals: BTreeMap<(HouseholdNo, Mine), Proposal>,
}

impl Book {
    /// A household that is enrolled.
    pub fn home(&self, no: HouseholdNo) -> Option<&Home> {
        self.homes.get(no.0 as usize)?.as_ref()
    }

    /// Every enrolled household, in order.
    pub fn homes(&self) -> impl Iterator<Item = (HouseholdNo, &Home)> {
        self.homes.iter().enumerate().filter_map(|(no, home)| Some((HouseholdNo(no as u32), home.as_ref()?)))
    }

    /// A loan or application by its household's own number.
    pub fn deal(&self, no: HouseholdNo, mine: Mine) -> Option<(&Home, &Deal)> {
        let home = self.home(no)?;
        Some((home, home.deals.get(&mine)?))
    }

    pub(super) fn home_mut(&mut self, no: HouseholdNo) -> Option<&mut Home> {
        self.homes.get_mut(no.0 as usize)?.as_mut()
    }

    pub(super) fn bound(&mut self, no: HouseholdNo) {
        if let Some(home) = self.home_mut(no) {
            home.holder = None;
        }
    }

    pub(super) fn enrolled(&mut self, no: HouseholdNo, id: Id, cell: Cell, holder: String) {
        let place = no.0 as usize;
        if self.homes.len() <= place {
            self.homes.resize(place + 1, None);
        }
        self.homes[place] = Some(Home {
            id,
            cell,
            holder: Some(holder),
            deals: BTreeMap::new(),
            line: None,
            bought: None,
            discount_bp: None,
        });
    }

    pub(super) fn put(&mut self, no: HouseholdNo, mine: Mine, deal: Deal) {
        if let Some(home) = self.homes.get_mut(no.0 as usize).and_then(Option::as_mut) {
            home.deals.insert(mine, deal);
        }
    }

    pub(super) fn set(&mut self, no: HouseholdNo, mine: Mine, stage: Stage) {
        let home = self.homes.get_mut(no.0 as usize).and_then(Option::as_mut);
        if let Some(deal) = home.and_then(|home| home.deals.get_mut(&mine)) {
            deal.stage = stage;
        }
    }

    /// Has a loan looked at around its due dates.
    pub(super) fn watch(&mut self, no: HouseholdNo, mine: Mine, after: Date, dues: &[(Date, i64)]) {
        for (due, _) in dues {
            for days in REMIND_ON {
                let on = due.add_days(days);
                if on > after {
                    self.watched.entry(on).or_default().insert((no, mine));
                }
            }
        }
    }

    /// The loans to look at today; earlier days are let go.
    pub(super) fn due_for_a_look(&mut self, today: Date) -> Vec<(HouseholdNo, Mine)> {
        let later = self.watched.split_off(&today.add_days(1));
        let now = std::mem::replace(&mut self.watched, later);
        let mut places: Vec<_> = now.into_values().flatten().collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}
