//! The dashboards: outreach, portfolio quality, cohorts, rolls, and what the books earned month by month.

use std::sync::{Mutex, PoisonError};

use app::desk::Desk;
use app::portfolio::{Outstanding, first_of_month};
use axum::Json;
use axum::extract::State;
use basics::{Cell, Date, Instant};
use ledger::{SubjectKind, TrialBalance};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Shared;
use crate::problem::{Problem, ProblemDocument};
use crate::shown::amount;

/// Months of income and growth that are shown.
const MONTHS: i32 = 12;

/// The portfolio on the open day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PortfolioShown {
    on: String,
    /// When the figures were read: within a day they are read anew every ten minutes at most.
    read_at: String,
    currency: String,
    /// Households enrolled.
    households: i64,
    /// Households whose first loan was drawn within twelve months.
    new_borrowers: i64,
    /// Households that closed a loan more than a year ago.
    closed_a_loan: i64,
    /// Of those, the ones that drew another within a year of closing.
    came_again: i64,
    all: OutstandingShown,
    by_product: Vec<OutstandingShown>,
    by_village: Vec<OutstandingShown>,
    by_class: Vec<ClassSum>,
    /// Principal written off and not recovered.
    written_off: String,
    /// Allowance for loan losses in the books.
    allowance: String,
    /// Notes ever drawn.
    notes: i64,
    /// The latest of them, of which cohorts and rolls are made.
    folded: i64,
    cohorts: Vec<CohortShown>,
    rolls: Vec<RollShown>,
    /// The oldest month first; the last may not be over.
    months: Vec<MonthShown>,
}

/// Loans outstanding.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OutstandingShown {
    /// Product or village; empty for all.
    name: String,
    /// Households of the village; none elsewhere.
    households: Option<i64>,
    loans: i64,
    borrowers: i64,
    principal: String,
    /// Principal of loans at least one day late.
    late: String,
    /// More than 30 days: PAR30.
    late_30: String,
    /// More than 90 days: PAR90.
    late_90: String,
}

/// Loans and lines of a class.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClassSum {
    /// Its place on the ladder, 0 the best.
    class: i64,
    loans: i64,
    principal: String,
}

/// Loans drawn in one month.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CohortShown {
    /// The first day of the month.
    month: String,
    loans: i64,
    principal: String,
    /// How many had ever been more than 30 days late by the end of each month on book.
    late_30: Vec<i64>,
}

/// How loans moved from one month end to the next.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RollShown {
    /// The second month end.
    to: String,
    /// Rows: none, 1 to 30, 31 to 60, 61 to 90, more than 90 days before. Columns: the same after, then paid off.
    loans: Vec<Vec<i64>>,
}

/// A month of the books.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MonthShown {
    /// The first day.
    from: String,
    /// The last day that is counted.
    to: String,
    /// Principal of loans and lines at the end.
    principal: String,
    /// Household wallets at the end.
    wallets: String,
    income: String,
    /// Impairment of loans.
    impairment: String,
    /// All other expense.
    expense: String,
}

/// The portfolio: outreach, quality, cohorts, rolls, and the last months of the books.
#[utoipa::path(get, path = "/api/v1/office/portfolio", tag = "office",
    responses((status = 200, body = PortfolioShown), (status = "default", body = ProblemDocument)))]
pub async fn portfolio(State(api): State<Shared>) -> Result<Json<PortfolioShown>, Problem> {
    let (kept, now) = (api.clone(), api.now());
    api.blocking(move |desk| Ok(Json(kept.portfolio.of(desk.open_date(Cell::OFFICE)?, now, || figures(desk))?))).await
}

/// How long figures of the open day are shown again before they are read anew, seconds.
const KEPT_SECONDS: i64 = 600;

/// The figures that were read last. They cost every note and the folds of thousands, and many look at them at once: who comes while
/// they are read waits for the same ones.
#[derive(Default)]
pub(crate) struct KeptFigures(Mutex<Option<(Date, Instant, PortfolioShown)>>);

impl KeptFigures {
    /// Those of a day as of now, read anew where they are of another day or too old. What `read` cannot read is not kept.
    fn of(
        &self,
        on: Date,
        now: Instant,
        read: impl FnOnce() -> Result<PortfolioShown, Problem>,
    ) -> Result<PortfolioShown, Problem> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |day: Date, at: Instant| day == on && at <= now && at.add_seconds(KEPT_SECONDS) > now;
        match &*kept {
            Some((day, at, shown)) if is_fresh(*day, *at) => Ok(shown.clone()),
            _ => {
                let shown = PortfolioShown { read_at: now.to_rfc3339(), ..read()? };
                *kept = Some((on, now, shown.clone()));
                Ok(shown)
            }
        }
    }
}

fn figures(desk: &Desk) -> Result<PortfolioShown, Problem> {
    let (on, figures) = desk.portfolio()?;
    let (months, allowance_minor) = months(desk, on)?;
    let by_village = figures
        .by_village
        .iter()
        .map(|(name, (households, sum))| OutstandingShown { households: Some(*households), ..outstanding(name, sum) });
    Ok(PortfolioShown {
        on: on.to_string(),
        read_at: String::new(),
        currency: desk.house().institution.currency.to_string(),
        households: figures.households,
        new_borrowers: figures.new_borrowers,
        closed_a_loan: figures.closed_a_loan,
        came_again: figures.came_again,
        all: outstanding("", &figures.all),
        by_product: figures.by_product.iter().map(|(name, sum)| outstanding(name, sum)).collect(),
        by_village: by_village.collect(),
        by_class: figures
            .by_class
            .iter()
            .map(|(class, (loans, minor))| ClassSum { class: *class, loans: *loans, principal: amount(*minor) })
            .collect(),
        written_off: amount(figures.written_off_minor),
        allowance: amount(allowance_minor),
        notes: figures.notes,
        folded: figures.folded,
        cohorts: figures
            .cohorts
            .iter()
            .map(|cohort| CohortShown {
                month: cohort.month.to_string(),
                loans: cohort.loans,
                principal: amount(cohort.principal_minor),
                late_30: cohort.late_30.clone(),
            })
            .collect(),
        rolls: figures
            .rolls
            .iter()
            .map(|roll| RollShown {
                to: roll.to.to_string(),
                loans: roll.loans.iter().map(|row| row.to_vec()).collect(),
            })
            .collect(),
        months,
    })
}

fn outstanding(name: &str, sum: &Outstanding) -> OutstandingShown {
    OutstandingShown {
        name: name.to_owned(),
        households: None,
        loans: sum.loans,
        borrowers: sum.borrowers,
        principal: amount(sum.principal_minor),
        late: amount(sum.late_minor),
        late_30: amount(sum.late_30_minor),
        late_90: amount(sum.late_90_minor),
    }
}

/// The last months of the books, and the allowance as it stands.
fn months(desk: &Desk, on: Date) -> Result<(Vec<MonthShown>, i64), Problem> {
    let this = first_of_month(on);
    let first = first_of_month(desk.ledger_days()?.first_closed.unwrap_or(on));
    let mut months = Vec::new();
    let mut allowance_minor = 0;
    for from in (0..MONTHS).rev().filter_map(|back| this.add_months(-back).ok()).filter(|from| *from >= first) {
        let to = from.add_months(1).map_or(on, |next| next.add_days(-1)).min(on);
        let trial = desk.trial_balance_of(from, to)?;
        let income = trial.income_statement().map_err(|error| crate::problem::fault(&error.to_string()))?;
        let impairment = moved(&trial, "impairment_loss");
        allowance_minor = closing(&trial, "loan_allowance").saturating_neg();
        months.push(MonthShown {
            from: from.to_string(),
            to: to.to_string(),
            principal: amount(closing(&trial, "loan_principal").saturating_add(closing(&trial, "line_principal"))),
            wallets: amount(closing(&trial, "wallet").saturating_neg()),
            income: amount(income.income.total_minor),
            impairment: amount(impairment),
            expense: amount(income.expense.total_minor.saturating_sub(impairment)),
        });
    }
    Ok((months, allowance_minor))
}

/// The closing balance of the subject of a role, debit positive; nothing if it was never booked on.
fn closing(trial: &TrialBalance, role: &str) -> i64 {
    let line = trial.lines.iter().find(|line| line.subject.role == role);
    line.map_or(0, |line| line.closing_minor)
}

/// What was booked on the subject of a role, before it was carried into the profit of a year; expense positive.
fn moved(trial: &TrialBalance, role: &str) -> i64 {
    let line = trial.lines.iter().find(|line| line.subject.role == role);
    let line = line.filter(|line| line.subject.kind == SubjectKind::Expense);
    line.map_or(0, |line| {
        let turnover = line.turnover;
        turnover.debit_minor.saturating_sub(turnover.credit_minor).saturating_sub(turnover.carried_minor)
    })
}
