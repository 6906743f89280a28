//! Transactions, charges and payments of a loan against what is expected.

use basics::Id;
use basics::money::format_minor;
use loan::{ChargeDue, ChargeState, PostedKind, fold};
use serde_json::Value;

use super::{is_named, name, proposed, read_all, same, shown, text_of};
use crate::oracle::desk::{Desk, Line};
use crate::oracle::{Stop, read};

/// One transaction as a row of cells by column.
pub(super) fn transaction_cells(desk: &Desk, line: &Line) -> Vec<(&'static str, String)> {
    let mut posted = line.posted;
    if posted.kind == PostedKind::ChargeWaiver {
        // A waiver takes back only what had become income.
        let income_fen = desk.meta.get(&line.seq).map_or(0, |meta| meta.income_fen);
        posted.parts.fee_fen = posted.parts.fee_fen.min(income_fen);
        posted.parts.penalty_fen = posted.parts.penalty_fen.min(income_fen);
    }
    vec![
        ("date", posted.date.to_string()),
        ("type", name(posted.kind).to_owned()),
        ("amount", format_minor(posted.amount_fen)),
        ("principal", format_minor(posted.parts.principal_fen)),
        ("interest", format_minor(posted.parts.interest_fen)),
        ("fees", format_minor(posted.parts.fee_fen)),
        ("penalties", format_minor(posted.parts.penalty_fen)),
        ("loan_balance", format_minor(posted.principal_after_fen)),
        ("overpayment", format_minor(posted.excess_fen.abs())),
        ("reverted", line.reverted.to_string()),
    ]
}

pub(super) fn transaction_list(desk: &Desk) -> Vec<Vec<(&'static str, String)>> {
    let mut list: Vec<_> = desk.lines.iter().map(|line| transaction_cells(desk, line)).collect();
    for accrual in &desk.accruals {
        let total = accrual.interest_fen + accrual.fee_fen + accrual.penalty_fen;
        list.push(vec![
            ("date", accrual.date.to_string()),
            ("type", "Accrual".to_owned()),
            ("amount", format_minor(total)),
            ("principal", "0.00".to_owned()),
            ("interest", format_minor(accrual.interest_fen)),
            ("fees", format_minor(accrual.fee_fen)),
            ("penalties", format_minor(accrual.penalty_fen)),
            ("loan_balance", "0.00".to_owned()),
            ("overpayment", "0.00".to_owned()),
            ("reverted", "false".to_owned()),
        ]);
    }
    list
}

pub(super) fn transactions(desk: &Desk, expected: &Value, complete: bool) -> Result<(), Stop> {
    let mut ours = transaction_list(desk);
    let theirs = expected.as_array().cloned().unwrap_or_default();
    let number = ours.len();
    for row in &theirs {
        let wanted: Vec<(String, String)> = row
            .as_object()
            .into_iter()
            .flatten()
            .map(|(column, value)| {
                let text = match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                (column.clone(), text)
            })
            .collect();
        let fits = |cells: &Vec<(&'static str, String)>| {
            wanted.iter().all(|(column, value)| cells.iter().any(|(c, v)| c == column && v == value))
        };
        match ours.iter().position(fits) {
            Some(place) => drop(ours.remove(place)),
            None => {
                let near = |cells: &&Vec<(&'static str, String)>| {
                    wanted
                        .iter()
                        .filter(|(c, _)| c == "date" || c == "type")
                        .all(|(column, value)| cells.iter().any(|(c, v)| c == column && v == value))
                };
                let wanted: Vec<&str> = row.as_object().into_iter().flatten().filter_map(|(_, v)| v.as_str()).collect();
                let near =
                    ours.iter().find(near).map(|cells| cells.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>());
                return Err(Stop::Wrong(match near {
                    Some(near) => format!("row {} is {}", wanted.join(" "), near.join(" ")),
                    None => format!("row {} is missing", wanted.join(" ")),
                }));
            }
        }
    }
    if complete && number != theirs.len() {
        let extra = ours.first().map(|cells| cells.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>().join(" "));
        return Err(Stop::Wrong(format!(
            "{number} rows, expected {}; beside: {}",
            theirs.len(),
            extra.unwrap_or_default()
        )));
    }
    Ok(())
}

pub(super) fn counts(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    read_all(expected, |row| {
        let label = read::text(row, "type");
        let ours = desk.lines.iter().filter(|line| is_named(line.posted.kind, label)).count();
        same(label, &ours.to_string(), &read::whole(row, "count").unwrap_or(0).to_string())
    })
}

pub(super) fn reverted(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    read_all(expected, |row| {
        let (label, date) = (read::text(row, "type"), read::date(row, "date")?);
        let wanted = read::flag(row, "reverted");
        let found = desk
            .lines
            .iter()
            .any(|line| is_named(line.posted.kind, label) && Some(line.posted.date) == date && line.reverted == wanted);
        if found { Ok(()) } else { Err(Stop::Wrong(format!("{label} of {} is not reverted={wanted}", shown(date)))) }
    })
}

pub(super) fn charge_cells(desk: &Desk, charge: &ChargeState) -> Vec<(&'static str, String)> {
    let definition = desk.charge_names.get(&charge.id.0.as_u128()).cloned().unwrap_or(Value::Null);
    let due_on = match charge.terms.due {
        ChargeDue::On(date) => date.to_string(),
        ChargeDue::Disbursement | ChargeDue::EachInstalment => "null".to_owned(),
    };
    let at = match read::text(&definition, "time_type") {
        "DISBURSEMENT" => "Disbursement",
        "TRANCHE_DISBURSEMENT" => "Tranche Disbursement",
        "INSTALLMENT_FEE" => "Installment Fee",
        "OVERDUE_FEES" => "Overdue Fees",
        _ => "Specified due date",
    };
    let calculation = match read::text(&definition, "calculation") {
        "PERCENTAGE_AMOUNT" => "% Amount",
        "PERCENTAGE_LOAN_AMOUNT_PLUS_INTEREST" => "% Loan Amount + Interest",
        "PERCENTAGE_INTEREST" => "% Interest",
        "PERCENTAGE_DISBURSEMENT_AMOUNT" => "% Disbursement Amount",
        _ => "Flat",
    };
    vec![
        ("name", read::text(&definition, "name").to_owned()),
        ("penalty", read::flag(&definition, "penalty").to_string()),
        ("payment_due_at", at.to_owned()),
        ("due_date", due_on),
        ("calculation", calculation.to_owned()),
        ("due", format_minor(charge.amount_fen())),
        ("paid", format_minor(charge.paid_fen())),
        ("waived", format_minor(charge.waived_fen())),
        ("outstanding", format_minor(charge.unpaid_fen())),
    ]
}

/// Whether a list of charges names all there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// Every charge of the loan.
    Whole,
    /// Some of them.
    Some,
}

/// Compares charges: each row has a charge of its own.
pub(super) fn charges(desk: &Desk, expected: &Value, listed: Listed) -> Result<(), Stop> {
    let state = proposed(desk)?;
    let mut ours: Vec<_> = state.charges.iter().map(|charge| charge_cells(desk, charge)).collect();
    for row in expected.as_array().map(Vec::as_slice).unwrap_or_default() {
        let wanted: Vec<(String, String)> = row
            .as_object()
            .into_iter()
            .flatten()
            .map(|(c, v)| (c.clone(), v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect();
        let fits = |cells: &Vec<(&'static str, String)>| {
            wanted.iter().all(|(column, value)| cells.iter().any(|(c, v)| c == column && v == value))
        };
        if let Some(place) = ours.iter().position(fits) {
            ours.remove(place);
            continue;
        }
        let near = told(&ours);
        return Err(Stop::Wrong(format!("{row} is not among: {near}")));
    }
    match listed {
        Listed::Whole if !ours.is_empty() => Err(Stop::Wrong(format!("charges beside: {}", told(&ours)))),
        _ => Ok(()),
    }
}

fn told(charges: &[Vec<(&'static str, String)>]) -> String {
    let text =
        |cells: &Vec<(&'static str, String)>| cells.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>().join(" ");
    charges.iter().map(text).collect::<Vec<_>>().join(" | ")
}

/// Kinds of money that come in.
pub(super) const PAYMENTS: &[PostedKind] = &[
    PostedKind::Repayment,
    PostedKind::MerchantRefund,
    PostedKind::PayoutRefund,
    PostedKind::Goodwill,
    PostedKind::DownPayment,
    PostedKind::Recovery,
];

pub(super) fn last_payment(desk: &Desk, field: &str, expected: &Value) -> Result<(), Stop> {
    let live: Vec<&Line> =
        desk.lines.iter().filter(|line| !line.reverted && PAYMENTS.contains(&line.posted.kind)).collect();
    let last = live.iter().max_by_key(|line| (line.posted.date, line.seq));
    let amount = |line: Option<&&Line>| line.map_or("null".to_owned(), |line| format_minor(line.posted.amount_fen));
    match field {
        "last_payment_transaction" => {
            let payment_type = last.and_then(|line| desk.meta.get(&line.seq)).map(|meta| meta.payment_type.clone());
            same("amount", &amount(last.copied().as_ref()), read::text(expected, "amount"))?;
            let plain = |text: &str| text.to_lowercase().replace(' ', "_");
            same(
                "payment_type",
                &plain(&payment_type.unwrap_or_default()),
                &plain(read::text(expected, "payment_type")),
            )
        }
        "last_payment" => {
            let repaid = live
                .iter()
                .filter(|line| matches!(line.posted.kind, PostedKind::Repayment | PostedKind::DownPayment))
                .max_by_key(|line| (line.posted.date, line.seq));
            for (column, value) in expected.as_object().into_iter().flatten() {
                let ours = match column.as_str() {
                    "amount" => amount(last.copied().as_ref()),
                    "date" => shown(last.map(|line| line.posted.date)),
                    "repayment_amount" => amount(repaid.copied().as_ref()),
                    "repayment_date" => shown(repaid.map(|line| line.posted.date)),
                    other => return Err(Stop::Unsupported(format!("last payment {other}"))),
                };
                same(column, &ours, text_of(value))?;
            }
            Ok(())
        }
        "total_repayment_transaction" => {
            let sum: i64 = live.iter().map(|line| line.posted.amount_fen).sum();
            same("amount", &format_minor(sum), text_of(expected))
        }
        _ => same("amount", &amount(last.copied().as_ref()), text_of(expected)),
    }
}

pub(super) fn charges_paid(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let last = desk.lines.iter().filter(|l| !l.reverted && l.posted.kind == PostedKind::Repayment).map(|l| l.seq).max();
    let Some(last) = last else { return Err(Stop::Wrong("there is no repayment".to_owned())) };
    let before: Vec<_> = desk.events.iter().filter(|event| event.id != Id::from_u128(last)).cloned().collect();
    let (before, after) = (fold(&desk.terms, &before, desk.today)?, desk.state()?);
    let mut ours = Vec::new();
    for charge in &after.charges {
        let earlier = before.charges.iter().find(|c| c.id == charge.id).map_or(0, ChargeState::paid_fen);
        if charge.paid_fen() > earlier {
            let definition = desk.charge_names.get(&charge.id.0.as_u128()).cloned().unwrap_or(Value::Null);
            ours.push(format!("{} {}", read::text(&definition, "name"), format_minor(charge.paid_fen() - earlier)));
        }
    }
    let mut theirs: Vec<String> = expected
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| format!("{} {}", read::text(row, "name"), read::text(row, "amount")))
        .collect();
    ours.sort();
    theirs.sort();
    same("charges", &ours.join(", "), &theirs.join(", "))
}
