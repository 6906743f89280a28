//! Lines as the office looks at them: the list, and what one is under the rules of today.

use app::desk::Desk;
use app::line::LineView;
use axum::Json;
use axum::extract::{Path, State};
use basics::IdKind;
use loan::{LoanClass, LoanStanding};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::shown::{LineShown, line_shown};
use crate::Shared;
use crate::extract::{Query, public};
use crate::problem::{Problem, ProblemDocument, fault};
use crate::shown::amount;

/// Lines shown at once at most.
const LINES_MAX: usize = 200;

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LinesAsked {
    /// At most, 1 to 200.
    limit: Option<usize>,
}

/// A line in the office's list.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficeLine {
    #[serde(flatten)]
    line: LineShown,
    household: String,
    /// Name of the head.
    name: Option<String>,
    /// Place on the class ladder; 0 is the best.
    class: u8,
    class_zh: String,
    class_en: String,
}

/// A line under the rules of today.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineStandingShown {
    as_of: String,
    days_past_due: u32,
    /// Place on the class ladder; 0 is the best.
    class: u8,
    class_zh: String,
    class_en: String,
    /// Stage of expected loss, 1 to 3.
    stage: u8,
    /// Since when its interest is not income.
    not_accruing_since: Option<String>,
    /// Owed on the balance sheet: principal, and everything else that is charged.
    principal: String,
    charges: String,
    /// Interest that runs and is not billed.
    accrued: String,
    /// Carried off balance, of a claim that was written off everything.
    off_balance: String,
    /// What has to be set aside.
    provision: String,
    /// When it was written off, and how much of its principal was recovered since.
    written_off_on: Option<String>,
    recovered: String,
}

/// Names of a class, Chinese and English, by the rules of a line's day.
fn class_names(desk: &Desk, view: &LineView, class: LoanClass) -> Result<(String, String), Problem> {
    let rules = desk.house().dated.on(view.state.as_of).map_err(|e| fault(&e.to_string()))?;
    let rung = rules.classes.get(usize::from(class.0));
    Ok(rung.map_or_else(Default::default, |rung| (rung.name_zh.clone(), rung.name_en.clone())))
}

fn under(desk: &Desk, view: &LineView) -> Result<LoanStanding, Problem> {
    desk.house().line_standing(view).map_err(|e| fault(&e.to_string()))
}

/// Lines that are not closed, those longest overdue first.
#[utoipa::path(get, path = "/api/v1/office/lines", tag = "lines", params(LinesAsked),
    responses((status = 200, body = Vec<OfficeLine>), (status = "default", body = ProblemDocument)))]
pub async fn all(State(api): State<Shared>, Query(asked): Query<LinesAsked>) -> Result<Json<Vec<OfficeLine>>, Problem> {
    let limit = asked.limit.unwrap_or(LINES_MAX).clamp(1, LINES_MAX);
    api.blocking(move |desk| {
        let views = desk.lines_in_use(limit)?;
        let shown = views.iter().map(|view| {
            let class = under(desk, view)?.class.class;
            let (class_zh, class_en) = class_names(desk, view, class)?;
            let household = view.row.household;
            Ok(OfficeLine {
                line: line_shown(view),
                household: public(IdKind::Household, view.row.cell, household),
                name: desk.field(household, desk.head(household)?, "name")?,
                class: class.0,
                class_zh,
                class_en,
            })
        });
        Ok(Json(shown.collect::<Result<_, Problem>>()?))
    })
    .await
}

/// A line under the rules of today: class, stage, what is income and what is not, what is set aside.
#[utoipa::path(get, path = "/api/v1/households/{hh}/lines/{cl}/standing", tag = "lines",
    params(("hh" = String, Path, description = "The household"), ("cl" = String, Path, description = "The line, `cl-…`")),
    responses((status = 200, body = LineStandingShown), (status = "default", body = ProblemDocument)))]
pub async fn standing(
    State(api): State<Shared>,
    Path((hh, cl)): Path<(String, String)>,
) -> Result<Json<LineStandingShown>, Problem> {
    let household = api.household(&hh)?;
    let line = api.thing(&cl, IdKind::Line, household)?;
    api.blocking(move |desk| {
        let view = desk.line(household, line)?;
        let under = under(desk, &view)?;
        let (class_zh, class_en) = class_names(desk, &view, under.class.class)?;
        let broken = |e: loan::LoanError| fault(&e.to_string());
        let on = &under.on_balance;
        let charges = on.total_fen().map_err(broken)?.saturating_sub(on.principal_fen);
        Ok(Json(LineStandingShown {
            as_of: view.state.as_of.to_string(),
            days_past_due: view.state.days_past_due,
            class: under.class.class.0,
            class_zh,
            class_en,
            stage: under.stage.number(),
            not_accruing_since: under.non_accrual_since.map(|day| day.to_string()),
            principal: amount(on.principal_fen),
            charges: amount(charges),
            accrued: amount(under.accrued.floor_fen().map_err(broken)?),
            off_balance: amount(under.suspended_fen().map_err(broken)?),
            provision: amount(under.provision.needed_fen(on.principal_fen)),
            written_off_on: view.state.written_off.map(|claim| claim.on.to_string()),
            recovered: amount(view.state.recovered_fen().map_err(broken)?),
        }))
    })
    .await
}
