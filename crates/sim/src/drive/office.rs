//! The office decides what model and rules have left to people: an officer visits, and a second person joins where the
//! amount asks for it.

use app::application::DecideByHand;
use app::command::{Command, Outcome};
use app::desk::{DeskError, Reading};
use app::tables::Application;
use basics::{Cell, Id, Money, Rate};
use door::permission::{Verdict, may_do};
use door::{App, Order, Request};

use super::book::Stage;
use super::errand::{dues, of_deal};
use super::{DriveError, Driver, People};
use crate::deed::{Finding, HouseholdNo, Mine, Reply, Told};

/// The second of the day at which the first visit is written down.
const VISIT_SECOND: u32 = 7 * 3_600;
/// Of what a household can pay a month, what an officer lends against, in percent.
const LEND_AGAINST_PERCENT: i64 = 60;

/// A referred application before the visit.
struct Waiting {
    no: HouseholdNo,
    mine: Mine,
    cell: Cell,
    household: Id,
    row: Application,
}

/// The same after it.
struct Visited {
    waiting: Waiting,
    finding: Finding,
    approved_fen: i64,
}

impl Driver {
    /// Visits those whose applications were referred before today, and decides.
    pub(super) fn decide_referred(&mut self, people: &mut impl People) -> Result<Vec<Reply>, DriveError> {
        // Nobody visits on a Sunday.
        if self.is_office_away || self.day.weekday() == 7 {
            return Ok(Vec::new());
        }
        let places = std::mem::take(&mut self.book.referred);
        let mut visited = Vec::with_capacity(places.len());
        for waiting in self.waiting(&places)? {
            let finding = people.visit(waiting.no, self.day);
            let approved_fen = self.approved(&waiting.row, &finding)?;
            visited.push(Visited { waiting, finding, approved_fen });
        }
        self.decide_by_hand(&visited)?;
        self.tell(&visited)
    }

    fn waiting(&self, places: &[(HouseholdNo, Mine)]) -> Result<Vec<Waiting>, DriveError> {
        let homes: Vec<_> = places
            .iter()
            .filter_map(|(no, mine)| self.book.home(*no).map(|home| (*no, *mine, home.cell, home.id)))
            .collect();
        let keys: Vec<(Cell, Id)> = homes.iter().map(|(_, _, cell, id)| (*cell, *id)).collect();
        let mut waiting = Vec::with_capacity(homes.len());
        if keys.is_empty() {
            return Ok(waiting);
        }
        for ((no, mine, cell, household), known) in homes.into_iter().zip(self.read(&keys, Reading::Lending)?) {
            let row = known.application(of_deal(household, "application", mine));
            let row = row.map_err(|error| self.desk_error("a referred application", error))?;
            waiting.push(Waiting { no, mine, cell, household, row });
        }
        Ok(waiting)
    }

    /// Books the decisions of a day's visits: all of them in one batch, and what needs a second person in another.
    fn decide_by_hand(&mut self, visited: &[Visited]) -> Result<(), DriveError> {
        let house = self.platform.house.clone();
        let (officer, approver, at) = (self.staff.officer, self.staff.approver, self.at(VISIT_SECOND));
        let (mut decisions, mut approvals) = (Vec::with_capacity(visited.len()), Vec::new());
        for Visited { waiting, finding, approved_fen } in visited {
            let Waiting { mine, cell, household, row, .. } = waiting;
            let id = household.derive(&format!("sim {} by hand {mine}", self.day));
            let rate = Rate::from_ppm(row.rate_ppm).map_err(|error| self.broken(error.to_string()))?;
            let command = Command::DecideByHand(DecideByHand {
                cell: *cell,
                household: *household,
                application: row.id,
                decision: id.derive("decision"),
                approved: Money::new(*approved_fen, row.currency),
                rate,
                reason: reason(finding, *approved_fen).to_owned(),
            });
            let needs_second = may_do(house.rules(), &officer, &house.act(&command)) == Verdict::NeedsSecond;
            if needs_second {
                let approve = Order::Approve { cell: *cell, proposal: id };
                approvals.push(Request::plain(id.derive("approved"), approver, at, approve));
            }
            let order = if needs_second { Order::Propose(command) } else { Order::Do(command) };
            decisions.push((needs_second, Request::plain(id, officer, at, order)));
        }
        let (waits, requests): (Vec<bool>, Vec<_>) = decisions.into_iter().unzip();
        let outcomes = self.must_all("a decision by hand", requests)?;
        let alone = outcomes.into_iter().zip(waits).filter(|(_, waits)| !waits).map(|(outcome, _)| outcome);
        let approved = self.must_all("a decision by hand", approvals)?;
        match alone.chain(approved).find(|outcome| !matches!(outcome, Outcome::Decided { .. })) {
            None => Ok(()),
            Some(outcome) => Err(self.broken(format!("a decision by hand was answered {outcome:?}"))),
        }
    }

    /// What is told of the decisions, in the order of the visits; every offer as it stands in the books.
    fn tell(&mut self, visited: &[Visited]) -> Result<Vec<Reply>, DriveError> {
        let offered = visited.iter().filter(|visit| visit.approved_fen > 0);
        let keys: Vec<(Cell, Id)> = offered.map(|visit| (visit.waiting.cell, visit.waiting.household)).collect();
        let mut known = if keys.is_empty() { Vec::new() } else { self.read(&keys, Reading::Lending)? }.into_iter();
        let mut told = Vec::with_capacity(visited.len());
        for Visited { waiting: Waiting { no, mine, row, .. }, approved_fen, .. } in visited {
            let (no, mine, approved_fen) = (*no, *mine, *approved_fen);
            if approved_fen == 0 {
                self.book.set(no, mine, Stage::Ended);
                told.push(Reply { household: no, told: Told::Refused { mine, reasons: vec!["visit".to_owned()] } });
                continue;
            }
            self.book.set(no, mine, Stage::Offered);
            let quote = known.next().map(|known| known.offer(&self.platform.house, &known.application(row.id)?));
            let quote = quote.unwrap_or_else(|| Err(DeskError::Damaged("a household is gone".to_owned())));
            let quote = quote.map_err(|error| self.desk_error("an offer after a visit", error))?;
            let told_of = Told::Offered {
                mine,
                approved_fen,
                rate_ppm: row.rate_ppm,
                cost_ppm: quote.cost.annualised_ppm,
                dues: dues(&quote.schedule),
            };
            told.push(Reply { household: no, told: told_of });
        }
        Ok(told)
    }

    /// What an officer approves: what was asked for, as far as the household can pay it back within the term.
    fn approved(&self, row: &Application, finding: &Finding) -> Result<i64, DriveError> {
        let product = self.platform.house.product_of(row).map_err(|error| self.broken(error.to_string()))?;
        Ok(approved_fen(&product, (row.amount_minor, row.term_months), finding))
    }
}

/// What an officer approves of what was asked for, in fen and months, after a visit; 0 declines.
pub(crate) fn approved_fen(product: &loan::Product, (amount_fen, months): (i64, i64), finding: &Finding) -> i64 {
    if !finding.is_known || !finding.purpose_seen || finding.standing < 0 {
        return 0;
    }
    let payable = finding.capacity_fen.max(0).saturating_mul(months) / 100 * LEND_AGAINST_PERCENT;
    let amount = amount_fen.min(payable).min(product.amount_max_fen);
    let amount = amount - amount % product.amount_multiple_fen.max(1);
    if amount < product.amount_min_fen { 0 } else { amount }
}

fn reason(finding: &Finding, approved_fen: i64) -> &'static str {
    match () {
        () if !finding.is_known => "visited: nobody of this name lives there",
        () if !finding.purpose_seen => "visited: what the money is for could not be seen",
        () if finding.standing < 0 => "visited: the neighbours would not vouch for it",
        () if approved_fen == 0 => "visited: it could not be paid back from what comes in",
        () => "visited: known, working, can carry it",
    }
}
