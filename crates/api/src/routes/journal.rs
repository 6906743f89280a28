//! Search in the journal: who did what, when, to what, and where its proof stands.

use app::desk::{JournalLine, JournalSearch};
use axum::Json;
use axum::extract::State;
use basics::{IdKind, PublicId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Shared;
use crate::extract::{Query, date, public, uuid};
use crate::problem::{Problem, ProblemDocument};
use crate::session::hex;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct JournalAsked {
    /// A household, a loan, an application, a member of staff or a command, by its id: records that name it.
    naming: Option<String>,
    /// Booked on this day.
    on: Option<String>,
    /// At most, 1 to 200.
    limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct JournalShown {
    /// The latest first.
    lines: Vec<JournalLineShown>,
    /// Records that were looked through.
    looked_through: usize,
    /// Whether there are older ones that were left out.
    more: bool,
}

/// One command.
#[derive(Debug, Serialize, ToSchema)]
pub struct JournalLineShown {
    cell: u16,
    seq: i64,
    command: String,
    /// `household`, `staff`, `partner`, `machine` or `system`.
    actor_kind: String,
    actor_role: String,
    /// The household or member of staff, where it is one.
    actor: Option<String>,
    at: String,
    booking_date: String,
    /// `decided`, `proposed`, `approved` or `rejected`.
    step: &'static str,
    /// The names of its facts.
    facts: Vec<String>,
    /// Its leaf in the cell's Merkle log, hex.
    leaf: String,
}

/// Searches the journal, the latest records first.
#[utoipa::path(get, path = "/api/v1/office/journal", tag = "office", params(JournalAsked),
    responses((status = 200, body = JournalShown), (status = "default", body = ProblemDocument)))]
pub async fn search(
    State(api): State<Shared>,
    Query(asked): Query<JournalAsked>,
) -> Result<Json<JournalShown>, Problem> {
    let (cell, naming) = match asked.naming.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => (None, None),
        Some(text) => match PublicId::parse(text) {
            // Staff act in every cell; what is a household's stays in one.
            Ok(id) if id.kind == IdKind::Staff => (None, Some(id.id)),
            Ok(id) => (Some(id.cell), Some(id.id)),
            Err(_) => (None, Some(uuid(text)?)),
        },
    };
    let on = asked.on.as_deref().filter(|text| !text.is_empty()).map(date).transpose()?;
    let search = JournalSearch { cell, naming, on, limit: asked.limit.unwrap_or(100).clamp(1, 200) };
    api.blocking(move |desk| {
        let found = desk.journal(&search)?;
        let lines = found.lines.iter().map(shown);
        let lines = lines.collect();
        Ok(Json(JournalShown { lines, looked_through: found.looked_through, more: found.more }))
    })
    .await
}

/// A line as it is shown.
pub(super) fn shown(line: &JournalLine) -> JournalLineShown {
    JournalLineShown {
        cell: line.cell.0,
        seq: line.seq,
        command: line.command.to_string(),
        actor_kind: line.actor.kind.as_str().to_owned(),
        actor_role: line.actor.role.as_str().to_owned(),
        actor: match line.actor.kind {
            door::ActorKind::Household => Some(public(IdKind::Household, line.cell, line.actor.id)),
            door::ActorKind::Staff => Some(public(IdKind::Staff, basics::Cell::OFFICE, line.actor.id)),
            _ => None,
        },
        at: line.at.to_rfc3339(),
        booking_date: line.booking_date.to_string(),
        step: line.step,
        facts: line.facts.clone(),
        leaf: hex(&line.leaf),
    }
}
