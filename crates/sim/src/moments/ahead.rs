//! Instalments to come as the plain lender sees them: what it knew weeks before, and whether they were met.

use std::collections::BTreeMap;

use basics::Date;
use watch::early::{Due, LEADS, Row, Signs, Villages, signs};

use super::record::Traces;
use crate::deed::{HouseholdNo, Mine};
use crate::world::World;

/// What a lender that looks ahead keeps.
#[derive(Clone, Debug)]
pub struct Ahead {
    missed_after: i32,
    villages: Vec<u32>,
    /// Instalments by household, of all its loans.
    plans: Vec<Vec<Planned>>,
    /// Where they stand, by their due date.
    by_date: BTreeMap<Date, Vec<(HouseholdNo, usize)>>,
    seen: Vec<Seen>,
    past: Villages,
}

#[derive(Clone, Copy, Debug)]
struct Planned {
    mine: Mine,
    /// All that its loan asks for up to this one, in fen.
    asked_fen: i64,
    due: Due,
}

/// What was known before an instalment.
#[derive(Clone, Copy, Debug)]
struct Seen {
    who: HouseholdNo,
    place: usize,
    lead_days: i32,
    signs: Signs,
}

impl Ahead {
    pub(super) fn new(world: &World, missed_after: i32) -> Ahead {
        let people = world.people();
        Ahead {
            missed_after,
            villages: people.iter().map(|who| world.village_of(*who)).collect(),
            plans: vec![Vec::new(); people.len()],
            by_date: BTreeMap::new(),
            seen: Vec::new(),
            past: Villages::default(),
        }
    }

    pub(super) fn drawn(&mut self, who: HouseholdNo, mine: Mine, dues: &[(Date, i64)]) {
        let Some(plan) = self.plans.get_mut(who.0 as usize) else { return };
        let mut asked_fen = 0;
        for (on, amount_fen) in dues {
            asked_fen += amount_fen;
            self.by_date.entry(*on).or_default().push((who, plan.len()));
            plan.push(Planned { mine, asked_fen, due: Due { on: *on, amount_minor: *amount_fen, met_on: None } });
        }
    }

    pub(super) fn paid(&mut self, (who, mine): (HouseholdNo, Mine), paid_fen: i64, date: Date) {
        let plan = self.plans.get_mut(who.0 as usize).into_iter().flatten();
        for one in plan.filter(|one| one.mine == mine && one.asked_fen <= paid_fen && one.due.met_on.is_none()) {
            one.due.met_on = Some(date);
        }
    }

    /// The end of a day.
    pub(super) fn look(&mut self, date: Date, traces: &[Traces]) {
        // Today it is known how these came out.
        for (who, place) in self.by_date.get(&date.add_days(-self.missed_after - 1)).into_iter().flatten() {
            let due = self.plans.get(who.0 as usize).and_then(|plan| plan.get(*place));
            if let (Some(one), Some(village)) = (due, self.villages.get(who.0 as usize)) {
                self.past.count(u64::from(*village), one.due.on, one.due.is_missed(self.missed_after));
            }
        }
        for lead_days in LEADS {
            for (who, place) in self.by_date.get(&date.add_days(lead_days)).into_iter().flatten() {
                let at = who.0 as usize;
                let (Some(plan), Some(traces)) = (self.plans.get(at), traces.get(at)) else { continue };
                let Some(one) = plan.get(*place).filter(|one| one.due.met_on.is_none()) else { continue };
                let dues: Vec<Due> = plan.iter().map(|one| one.due).collect();
                let village = self.villages.get(at).map_or(0, |village| u64::from(*village));
                let standing = self.past.known_on(village, date, self.missed_after);
                let signs = signs(&traces.profile, &dues, (one.due.on, date), standing, self.missed_after);
                self.seen.push(Seen { who: *who, place: *place, lead_days, signs });
            }
        }
    }

    pub(super) fn rows(&self, until: Date) -> Vec<Row> {
        let known = self.seen.iter().filter_map(|seen| {
            let due = self.plans.get(seen.who.0 as usize)?.get(seen.place)?.due;
            (until - due.on > self.missed_after).then_some(Row {
                due_on: due.on,
                lead_days: seen.lead_days,
                signs: seen.signs,
                is_missed: due.is_missed(self.missed_after),
            })
        });
        known.collect()
    }
}
