//! Papers of a household: what it brings to a contract, which receipts it keeps, and the slips of its harvest.

use insight::EventKind;

use super::chance::{Entity, Purpose};
use super::day::{Living, Today};
use super::folk::Folk;
use crate::deed::{Act, Deed, Mine, Paper, Wanted};

/// How long who could not bring the papers does not ask again, days.
const ASK_AGAIN_DAYS: i32 = 90;

impl Folk {
    /// Brings the papers that a contract waits for. Who has not got them, or whose spouse will not, lets it lapse.
    pub(super) fn bring_papers(
        &mut self,
        today: &Today<'_>,
        number: u32,
        mine: Mine,
        wanted: &[Wanted],
        deeds: &mut Vec<Deed>,
    ) {
        let Some(h) = self.get_mut(number) else { return };
        let draw = today.draw(number, Purpose::Paper);
        let refuses_percent = today.county.papers.as_ref().map_or(0, |papers| papers.spouse_refuses_percent);
        // In a scheme somebody else signs as the spouse.
        let will_not = h.scheme == 0 && h.has_spouse() && draw.happens(0, refuses_percent * 10_000);
        let bring = |wanted: &Wanted| match wanted {
            Wanted::Spouse { .. } if will_not => None,
            Wanted::Spouse { signs } if h.has_spouse() => Some(Paper::Spouse { signs: *signs }),
            Wanted::Spouse { .. } => Some(Paper::NoSpouse { is_widowed: h.elders > 0 }),
            Wanted::Other(_) => None,
        };
        match wanted.iter().map(bring).collect::<Option<Vec<Paper>>>() {
            Some(papers) => deeds.push(self.deed(today, number, 9, Act::BringPapers { mine, papers })),
            None => {
                h.asking = None;
                h.asks_from = today.day + ASK_AGAIN_DAYS;
            }
        }
    }

    /// What a loan is spent on has to be shown by a day. Who has used it for something else has nothing to show.
    pub(super) fn is_to_show(&mut self, number: u32, mine: Mine, by: i32) {
        if self.get(number).is_some_and(|h| h.scheme != 0) {
            return;
        }
        if let Some(loan) = self.loan(number, mine) {
            loan.show_by = Some(by);
        }
    }

    /// Shows the receipts of what was borrowed for, by those who keep them, on the first day on which it comes by after a
    /// week. The others are asked for them by the office in vain.
    pub(super) fn show_use(&mut self, today: &Today<'_>, number: u32, deeds: &mut Vec<Deed>) {
        const AFTER_DAYS: i32 = 7;
        let Some(papers) = &today.county.papers else { return };
        let keeps = today.chance.of(Entity::Household(number), 0, Purpose::Paper);
        let keeps = keeps.happens(1, papers.receipts_percent * 10_000);
        let Some(h) = self.get_mut(number) else { return };
        let due = |loan: &&mut super::household::Owed| loan.show_by.is_some() && loan.tried + AFTER_DAYS <= today.day;
        let Some(loan) = h.loans.iter_mut().find(due) else { return };
        let mine = loan.mine;
        loan.show_by = None;
        if keeps {
            deeds.push(self.deed(today, number, 13, Act::ShowUse { mine }));
        }
    }
}

impl Living<'_, '_> {
    /// Shows a slip of its harvest, where it is one of those who bring them: what is to be expected, or what was weighed.
    pub(super) fn harvest_slip(&mut self, kind: EventKind, kilograms: i64) {
        let Some(papers) = &self.today.county.papers else { return };
        let draw = self.today.chance.of(Entity::Household(self.number), 0, Purpose::Paper);
        if kilograms > 0 && draw.happens(2, papers.slips_percent * 10_000) {
            self.purse.show(kind, kilograms);
        }
    }
}
