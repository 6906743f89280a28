//! What staff has to do: tasks that the close of a day opened, and that end with the act that does them.

use app::desk::Desk;
use app::task::{Task, TaskKind};
use axum::Json;
use axum::extract::State;
use basics::{Date, IdKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::office::Limit;
use crate::Shared;
use crate::extract::{Query, public};
use crate::problem::{Problem, ProblemDocument};

/// Something that staff has to do.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskShown {
    /// A UUID.
    task: String,
    /// `review_facility`: review it. `renew_facility`: it has expired while something is owed or promised under it. `show_use`: add the
    /// paper that shows what the money was spent on. `withdraw_consent`, `correct_data`, `erase_data`, `tell_who_looked`, `change_phone`:
    /// answer what the household asked for. `call_ahead`: call before an instalment falls due.
    kind: &'static str,
    household: String,
    /// Name of the head.
    name: Option<String>,
    /// The facility or the loan it is about, or the household.
    about: String,
    opened_on: String,
    due_on: String,
    /// Days since it was due.
    late_days: u32,
}

fn shown(desk: &Desk, row: &Task, today: Date) -> Result<TaskShown, Problem> {
    let about = match row.kind {
        TaskKind::ReviewFacility | TaskKind::RenewFacility => IdKind::Facility,
        TaskKind::ShowUse | TaskKind::CallAhead => IdKind::Loan,
        TaskKind::WithdrawConsent
        | TaskKind::CorrectData
        | TaskKind::EraseData
        | TaskKind::TellWhoLooked
        | TaskKind::ChangePhone => IdKind::Household,
    };
    Ok(TaskShown {
        task: row.id.to_string(),
        kind: row.kind.as_str(),
        household: public(IdKind::Household, row.cell, row.household),
        name: desk.field(row.household, desk.head(row.household)?, "name")?,
        about: public(about, row.cell, row.about),
        opened_on: row.opened_on.to_string(),
        due_on: row.due_on.to_string(),
        late_days: u32::try_from(today - row.due_on).unwrap_or(0),
    })
}

/// Open tasks, those due first before others.
#[utoipa::path(get, path = "/api/v1/office/tasks", tag = "office", params(Limit),
    responses((status = 200, body = Vec<TaskShown>), (status = "default", body = ProblemDocument)))]
pub async fn tasks(State(api): State<Shared>, Query(limit): Query<Limit>) -> Result<Json<Vec<TaskShown>>, Problem> {
    api.blocking(move |desk| {
        let today = desk.open_date(basics::Cell::OFFICE)?;
        let rows = desk.open_tasks(limit.rows())?;
        Ok(Json(rows.iter().map(|row| shown(desk, row, today)).collect::<Result<_, _>>()?))
    })
    .await
}
