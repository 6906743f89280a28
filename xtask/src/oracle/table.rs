//! The schedule of a loan as the tables of an oracle show it.

use basics::Date;
use loan::conventions::PlanEngine;
use loan::{ChargeDue, Component, LoanState, Parts, PostedKind, RowKind};

/// One row: a disbursement, or an instalment with its number.
#[derive(Clone, Debug)]
pub(super) struct TableRow {
    pub(super) number: Option<u16>,
    pub(super) days: i32,
    pub(super) date: Date,
    pub(super) paid_on: Option<Date>,
    pub(super) balance_fen: i64,
    pub(super) due: Parts,
    pub(super) paid_fen: i64,
    pub(super) ahead_fen: i64,
    pub(super) late_fen: i64,
    pub(super) waived_fen: i64,
    pub(super) open_fen: i64,
}

/// All rows by date; a disbursement stands before what falls due after it, and, where one plan is made of all tranches,
/// before what falls due on its day.
pub(super) fn rows(state: &LoanState, engine: PlanEngine) -> Vec<TableRow> {
    let fee_at_start = |date: Date| -> (i64, i64) {
        let parts = state.charges.iter().filter(|charge| charge.terms.due == ChargeDue::Disbursement);
        parts
            .flat_map(|charge| &charge.parts)
            .filter(|part| part.due_on == date)
            .fold((0, 0), |(due, paid), part| (due + part.amount_fen, paid + part.paid_fen))
    };
    let mut rows = Vec::new();
    let mut tranches: Vec<(Date, i64)> = state
        .trace
        .iter()
        .filter(|line| line.kind == PostedKind::Disbursement)
        .map(|line| (line.date, line.amount_fen))
        .collect();
    tranches.reverse();
    let mut balance_fen = 0i64;
    let mut before =
        state.instalments.iter().find(|row| row.kind == RowKind::Regular).map_or(state.as_of, |row| row.from);
    let is_first = |rows: &Vec<TableRow>| rows.is_empty();
    let mut number = 0u16;
    for row in &state.instalments {
        while let Some((date, amount_fen)) = tranches.last().copied() {
            let comes_now = is_first(&rows)
                || date < row.due_on
                || date == row.due_on && (row.kind == RowKind::DownPayment || engine == PlanEngine::Cumulative);
            if !comes_now {
                break;
            }
            tranches.pop();
            balance_fen += amount_fen;
            rows.push(disbursement(date, amount_fen, fee_at_start(date)));
        }
        number += 1;
        balance_fen -= row.due.principal_fen - row.credited.principal_fen;
        let total = |parts: &Parts| Component::ALL.iter().map(|c| parts.get(*c)).sum::<i64>();
        let days = if row.kind == RowKind::DownPayment { 0 } else { row.due_on - before };
        if row.kind != RowKind::DownPayment {
            before = row.due_on;
        }
        rows.push(TableRow {
            number: Some(number),
            days,
            date: row.due_on,
            paid_on: row.met_on,
            balance_fen: balance_fen.max(0),
            due: row.due,
            paid_fen: total(&row.paid),
            ahead_fen: row.ahead_fen,
            late_fen: row.late_fen,
            waived_fen: total(&row.waived),
            open_fen: Component::ALL.iter().map(|c| row.unpaid_fen(*c)).sum(),
        });
    }
    while let Some((date, amount_fen)) = tranches.pop() {
        rows.push(disbursement(date, amount_fen, fee_at_start(date)));
    }
    rows
}

fn disbursement(date: Date, amount_fen: i64, (fee_fen, paid_fen): (i64, i64)) -> TableRow {
    TableRow {
        number: None,
        days: 0,
        date,
        paid_on: None,
        balance_fen: amount_fen,
        due: Parts { fee_fen, ..Parts::ZERO },
        paid_fen,
        ahead_fen: 0,
        late_fen: 0,
        waived_fen: 0,
        open_fen: 0,
    }
}
