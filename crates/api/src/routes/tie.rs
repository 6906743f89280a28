//! Sub-ledgers against the general ledger 总分核对.

use app::tie::{Depth, TieItem, TieItemKind, TieLine};
use axum::Json;
use axum::extract::State;
use basics::{Cell, IdKind};
use ledger::Chart;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Shared;
use crate::extract::{Query, date, public};
use crate::problem::{Problem, ProblemDocument};
use crate::shown::amount;

/// Which day, and how far to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TieAsked {
    /// The booking date; the last closed one if not given, before the first close the open one.
    at: Option<String>,
    /// Whether every note and account is looked at, also where the totals agree.
    each: Option<bool>,
}

/// The comparison of a day. Of every amount debit is positive.
#[derive(Debug, Serialize, ToSchema)]
pub struct TieShown {
    on: String,
    /// Whether the day is open: then the figures are those of the moment.
    open: bool,
    /// Whether everything agrees.
    agrees: bool,
    /// By subject, over all cells.
    subjects: Vec<TieLineShown>,
    /// The lines of cells that differ, with their items.
    differing: Vec<TieLineShown>,
}

/// One sub-ledger against one subject.
#[derive(Debug, Serialize, ToSchema)]
pub struct TieLineShown {
    /// None over all cells.
    cell: Option<u16>,
    part: &'static str,
    part_zh: &'static str,
    part_en: &'static str,
    subject: u32,
    zh: String,
    en: String,
    /// Rows that were added up.
    items: u64,
    sub_ledger: String,
    ledger: String,
    difference: String,
    /// What the postings of the subject come to, where they were looked at.
    postings: Option<String>,
    differing: Vec<TieItemShown>,
    /// How many more there are than are named.
    unnamed: u64,
}

/// An item that does not hold what it should.
#[derive(Debug, Serialize, ToSchema)]
pub struct TieItemShown {
    kind: &'static str,
    kind_zh: &'static str,
    kind_en: &'static str,
    /// A note's or a line's id as it is shown elsewhere; of the others as it stands in the books.
    id: String,
    household: Option<String>,
    holds: String,
    should: String,
    /// `events` or `postings`: what says so.
    by: &'static str,
}

fn item(cell: Cell, item: &TieItem) -> TieItemShown {
    let (kind_zh, kind_en) = item.kind.words();
    let id = match item.kind {
        TieItemKind::Note => public(IdKind::Loan, cell, item.id),
        TieItemKind::Line => public(IdKind::Line, cell, item.id),
        TieItemKind::Wallet => public(IdKind::Household, cell, item.id),
        TieItemKind::Merchant | TieItemKind::Group => item.id.to_string(),
    };
    TieItemShown {
        kind: item.kind.as_str(),
        kind_zh,
        kind_en,
        id,
        household: item.household.map(|household| public(IdKind::Household, cell, household)),
        holds: amount(item.sub_minor),
        should: amount(item.should_minor),
        by: if item.by_events { "events" } else { "postings" },
    }
}

pub(super) fn line(chart: &Chart, line: &TieLine) -> TieLineShown {
    let subject = chart.subject(line.subject);
    let (part_zh, part_en) = line.part.words();
    let cell = line.cell.unwrap_or(Cell::OFFICE);
    TieLineShown {
        cell: line.cell.map(|cell| cell.0),
        part: line.part.as_str(),
        part_zh,
        part_en,
        subject: line.subject.0,
        zh: subject.map_or_else(String::new, |subject| subject.zh.clone()),
        en: subject.map_or_else(String::new, |subject| subject.en.clone()),
        items: line.items,
        sub_ledger: amount(line.sub_minor),
        ledger: amount(line.ledger_minor),
        difference: amount(line.difference_minor()),
        postings: line.posted_minor.map(amount),
        differing: line.differing.iter().map(|one| item(cell, one)).collect(),
        unnamed: line.unnamed,
    }
}

/// Notes, lines, wallets, merchants, accrued interest and allowances against the balances of their subjects, at the end of a booking date.
#[utoipa::path(get, path = "/api/v1/office/books/tie", tag = "office", params(TieAsked),
    responses((status = 200, body = TieShown), (status = "default", body = ProblemDocument)))]
pub async fn tie(State(api): State<Shared>, Query(asked): Query<TieAsked>) -> Result<Json<TieShown>, Problem> {
    api.blocking(move |desk| {
        let days = desk.ledger_days()?;
        let last = if days.first_closed.is_some() { days.open.add_days(-1) } else { days.open };
        let at = asked.at.as_deref().map(date).transpose()?.unwrap_or(last);
        let depth = if asked.each == Some(true) { Depth::EachItem } else { Depth::Totals };
        let tie = desk.tie(at, depth)?;
        let chart = &desk.house().chart;
        Ok(Json(TieShown {
            on: tie.on.to_string(),
            open: tie.open,
            agrees: tie.agrees(),
            subjects: tie.by_subject().iter().map(|one| line(chart, one)).collect(),
            differing: tie.differing().map(|one| line(chart, one)).collect(),
        }))
    })
    .await
}
