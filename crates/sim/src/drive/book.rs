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
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum Stage {
    /// Waits for the office.
    #[n(0)]
    Referred,
    /// Approved, not signed.
    #[n(1)]
    Offered,
    /// Declined, or the offer was let go.
    #[n(2)]
    Ended,
    /// Signed, and waits for papers.
    #[n(3)]
    Signed,
    /// Drawn.
    #[n(4)]
    Running,
    /// Paid off.
    #[n(5)]
    Closed,
}

/// An asked-for loan.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Deal {
    /// The application.
    #[n(0)]
    pub application: Id,
    /// The loan, once drawn.
    #[n(1)]
    pub loan: Id,
    /// The product's code.
    #[n(2)]
    pub product: String,
    /// How far it has come.
    #[n(3)]
    pub stage: Stage,
    /// Hash of the text that was signed, where that waits for papers.
    #[n(4)]
    pub text_hash: Option<[u8; 32]>,
}

/// An enrolled household.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Home {
    /// Its id.
    #[n(0)]
    pub id: Id,
    /// Its cell.
    #[n(1)]
    pub cell: Cell,
    /// Who would hold its account elsewhere, as long as none is bound.
    #[n(2)]
    pub holder: Option<String>,
    /// Its loans and applications, by its own number.
    #[n(3)]
    pub deals: BTreeMap<Mine, Deal>,
    /// Its statement line, if it has one.
    #[n(4)]
    pub line: Option<Id>,
    /// What it last bought by it: the purchase, the shop, and for how much in fen. None once that went back.
    #[n(5)]
    pub bought: Option<(Id, HouseholdNo, i64)>,
    /// What the lender keeps of each sale, hundredths of a percent, if it sells on lines.
    #[n(6)]
    pub discount_bp: Option<i64>,
}

/// Whom the driver knows.
#[derive(Debug, Default, minicbor::Encode, minicbor::Decode)]
pub struct Book {
    #[n(0)]
    homes: Vec<Option<Home>>,
    /// Loans to look at on a date.
    #[n(1)]
    watched: BTreeMap<Date, BTreeSet<(HouseholdNo, Mine)>>,
    /// Applications that wait for the office, in the order they came.
    #[n(2)]
    pub(super) referred: Vec<(HouseholdNo, Mine)>,
    /// Loans whose households asked for a later end.
    #[n(3)]
    pub(super) wishes: Vec<(HouseholdNo, Mine)>,
    /// Shopkeepers who sold on lines since their wallets were last looked at.
    #[n(4)]
    pub(super) sold: BTreeSet<HouseholdNo>,
    /// What was proposed to them and is not agreed to yet.
    #[n(5)]
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

    /// A contract was signed, and waits for papers.
    pub(super) fn signed(&mut self, no: HouseholdNo, mine: Mine, text_hash: [u8; 32]) {
        if let Some(deal) = self.home_mut(no).and_then(|home| home.deals.get_mut(&mine)) {
            (deal.stage, deal.text_hash) = (Stage::Signed, Some(text_hash));
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
