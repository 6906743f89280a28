//! Harvests at the desk: what was seen of them beside what the plans wait for, and the re-plans that are proposed from it.
//!
//! Some days before a row of a seasonal loan falls due, what the household has sold since the row before is held against what
//! the row asks for. Where too much is missing by the product's own threshold, a re-plan is proposed: it changes nothing until
//! the borrower has agreed and two people have applied it. Looked at again, a row is not proposed twice. Where one loan cannot be
//! looked at, that is told of it, and the others are looked at all the same.

use basics::{Cell, Date, Id, Instant};
use door::backend::List;
use door::permission::Actor;
use door::table::{Record, Value};
use door::{DoorError, Order, Request, key};
use loan::season::{Departure, SeasonRule, SeasonTerms, household_year};
use loan::{LoanState as State, fold};

use super::known::Reading;
use super::{Desk, DeskError};
use crate::change::ProposeReplan;
use crate::change_books::ChangeStatus;
use crate::command::{Command, Outcome};
use crate::house::Tianxin;
use crate::tables::{LoanNote, LoanState};

/// How many days before its due date a row is looked at.
pub const LOOK_AHEAD_DAYS: i32 = 7;
/// Loans read at once.
const PAGE: usize = 1_000;

/// What was seen of the harvest that a row waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HarvestSeen {
    /// The household.
    pub household: Id,
    /// The loan.
    pub loan: Id,
    /// The row's due date.
    pub due: Date,
    /// What the row asks for, in minor units.
    pub expected_minor: i64,
    /// What the household sold since the row before, in minor units.
    pub observed_minor: i64,
    /// The change that is proposed; or why none is.
    pub proposed: Result<Id, String>,
}

impl Desk {
    /// Looks at every seasonal loan with a row due soon, and proposes a re-plan where the harvest departs from the plan.
    pub fn watch_harvests(&self, at: Instant) -> Result<Vec<HarvestSeen>, DeskError> {
        let mut seen = Vec::new();
        for cell in (1..=self.engine.backend().cells()).map(Cell) {
            let today = self.open_date(cell)?;
            for note in self.due_soon(cell, today)? {
                seen.extend(self.watch_harvest(&note, today, at)?);
            }
        }
        seen.sort_by_key(|one| (one.due, one.loan));
        Ok(seen)
    }

    /// The open loans of a cell with a due date after today and within the days that are looked ahead, a page at a time.
    fn due_soon(&self, cell: Cell, today: Date) -> Result<Vec<LoanNote>, DeskError> {
        let (first, last) = (today.add_days(1), today.add_days(LOOK_AHEAD_DAYS));
        let mut all: Vec<LoanNote> = Vec::new();
        let mut after = key![first, Id::default()];
        loop {
            let rows: Vec<LoanNote> = self.list(&List {
                table: LoanNote::table(),
                equal: vec![
                    ("cell", Value::Int(i64::from(cell.0))),
                    ("status", Value::Text(LoanState::Open.as_str().into())),
                ],
                order: vec!["next_due", "id"],
                descending: false,
                after: Some(after),
                limit: PAGE,
            })?;
            let is_last = rows.len() < PAGE || rows.last().is_some_and(|note| note.next_due > last);
            after = rows.last().map_or_else(Vec::new, |note| key![note.next_due, note.id]);
            all.extend(rows.into_iter().filter(|note| note.next_due <= last));
            if is_last {
                return Ok(all);
            }
        }
    }

    fn watch_harvest(&self, note: &LoanNote, today: Date, at: Instant) -> Result<Option<HarvestSeen>, DeskError> {
        let (household, loan) = (note.household, note.id);
        let (_, terms, life) = self.loan(household, loan)?;
        let Some(season) = &terms.season else { return Ok(None) };
        let damaged = |error: loan::LoanError| DeskError::Damaged(format!("loan {loan}: {error}"));
        let state = fold(&terms, &life, today).map_err(damaged)?;
        let Some((since, due, expected_minor)) = row_to_come(&state, note.drawn_on) else { return Ok(None) };
        let id = loan.derive(&format!("harvest of {due}"));
        let open = |status| matches!(status, ChangeStatus::Proposed | ChangeStatus::Agreed);
        if self.changes(household, loan)?.iter().any(|change| open(change.status) || change.id == id.derive("change")) {
            return Ok(None);
        }
        let known = self.known(household, Reading::Behaviour)?;
        // Whoever has withdrawn its consent asks for a later date itself; sales that may not be looked at are no lost harvest.
        if known.is_withheld()? {
            return Ok(None);
        }
        let (profile, _) = known.profile(self.vault.as_ref())?;
        let observed_minor = profile.sold_minor(since, today);
        let seen = |proposed| HarvestSeen { household, loan, due, expected_minor, observed_minor, proposed };
        let rule = match self.house().season_rule(&terms.product) {
            Ok(rule) => rule,
            Err(refusal) => return Ok(Some(seen(Err(refusal.message)))),
        };
        let next_harvest = self.next_harvest(season, due, &rule);
        let command = Command::ProposeReplan(ProposeReplan {
            cell: note.cell,
            household,
            loan,
            change: id.derive("change"),
            departure: Departure::Short { due, expected_fen: expected_minor, observed_fen: observed_minor },
            next_harvest,
        });
        // The id names the day, since what is missing today may be sold tomorrow; the change is the same.
        let request = Request::plain(id.derive(&today.to_string()), Actor::SYSTEM, at, Order::Do(command));
        let answer = match self.engine.call(request) {
            Ok(answer) => answer,
            Err(DoorError::Refused(refusal)) => return Ok(Some(seen(Err(refusal.message)))),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(seen(match answer.outcome::<Tianxin>()? {
            Outcome::ChangeProposed { .. } => Ok(id.derive("change")),
            Outcome::NotChanged { reason } => Err(reason),
            other => return Err(DeskError::Damaged(format!("a proposal was answered by {other:?}"))),
        })))
    }

    /// The end of the next month of income after a due date, by the calendar; `None` where it knows of none.
    fn next_harvest(&self, season: &SeasonTerms, due: Date, rule: &SeasonRule) -> Option<Date> {
        let year = household_year(&self.house().calendar, &season.region, &season.crops).ok()?;
        (1..=12).find_map(|ahead| {
            let month = due.first_of_month().add_months(ahead).ok()?;
            let share = year.income_ppm.get(usize::try_from(month.month()).ok()?.checked_sub(1)?)?;
            (*share > 0).then(|| month.last_of_month().add_days(i32::from(rule.days_after_month_end)))
        })
    }
}

/// The next row with principal: since when its harvest counts, its due date, and what it asks for in minor units.
fn row_to_come(state: &State, drawn_on: Date) -> Option<(Date, Date, i64)> {
    let row = state.instalments.iter().find(|row| !row.is_due)?;
    let before = state.instalments.iter().filter(|other| other.due_on < row.due_on).map(|other| other.due_on).max();
    let since = before.map_or(drawn_on, |due| due.add_days(1));
    let asked = row.due.total_fen().ok()?;
    (row.due.principal_fen > 0).then_some((since, row.due_on, asked))
}
