//! The expected tables against ours, cell by cell.

mod arrears;
mod money;

use basics::money::format_minor;

use basics::{Date, Id};

use loan::conventions::PlanEngine;

use loan::{ChargeState, Component, PostedKind, fold};

use serde_json::Value;

use super::desk::{Desk, Origin};

use super::table::{TableRow, rows};

use super::{Stop, postings, read};
use arrears::{actions, delinquency, delinquency_history, delinquent_date, installment_delinquency, pauses};
use money::{Listed, charges, charges_paid, counts, last_payment, reverted, transactions};

/// What a transaction is called in the tables.
pub(super) fn name(kind: PostedKind) -> &'static str {
    match kind {
        PostedKind::Disbursement => "Disbursement",
        PostedKind::Repayment => "Repayment",
        PostedKind::Refund => "Credit Balance Refund",
        PostedKind::Waiver => "Waive interest",
        PostedKind::DownPayment => "Down Payment",
        PostedKind::Goodwill => "Goodwill Credit",
        PostedKind::PayoutRefund => "Payout Refund",
        PostedKind::MerchantRefund => "Merchant Issued Refund",
        PostedKind::Recovery => "Recovery Repayment",
        PostedKind::ChargeAdjustment => "Charge Adjustment",
        PostedKind::ChargeWaiver => "Waive loan charges",
        PostedKind::PaidAtDisbursement => "Repayment (at time of disbursement)",
        PostedKind::Chargeback => "Chargeback",
        PostedKind::ChargeOff => "Charge-off",
        PostedKind::WriteOff => "Close (as written-off)",
        PostedKind::Reage => "Re-age",
        PostedKind::Reamortisation => "Re-amortize",
        PostedKind::CashRefund => "Refund",
        // Kinds that only loans under the house rule have.
        _ => "",
    }
}

/// Whether a kind is called so, in the words of a table or of an event.
pub(super) fn is_named(kind: PostedKind, label: &str) -> bool {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    plain(name(kind)) == plain(label)
}

/// Compares everything that one expectation names.
pub(super) fn check(desk: &Desk, expectation: &Value) -> Result<(), Stop> {
    let Some(fields) = expectation.as_object() else { return Ok(()) };
    if read::whole(expectation, "loan").is_some_and(|loan| loan != 1) {
        return Err(Stop::Unsupported("a second loan".to_owned()));
    }
    for (field, expected) in fields {
        check_one(desk, field, expected).map_err(|stop| match stop {
            Stop::Wrong(text) => Stop::Wrong(format!("{field}: {text}")),
            other => other,
        })?;
    }
    Ok(())
}

fn check_one(desk: &Desk, field: &str, expected: &Value) -> Result<(), Stop> {
    match field {
        "after_event" | "loan" | "line" => Ok(()),
        "schedule_periods" => {
            let ours = table(desk)?.iter().filter(|row| row.number.is_some()).count();
            same("periods", &ours.to_string(), &expected.to_string())
        }
        "schedule" => schedule(desk, expected),
        "totals" => totals(desk, expected),
        "transactions" => transactions(desk, expected, true),
        "transactions_include" => transactions(desk, expected, false),
        "transaction_counts" => counts(desk, expected),
        "reverted" => reverted(desk, expected),
        "charges" => charges(desk, expected, Listed::Whole),
        "charges_include" => charges(desk, expected, Listed::Some),
        "status" => same("status", status(desk)?, text_of(expected)),
        "outstanding" => same("outstanding", &format_minor(open_fen(desk)?), text_of(expected)),
        "overpaid" => {
            same("overpaid", &format_minor(desk.state()?.credit_fen.max(0)), text_of(expected))?;
            same("outstanding", &format_minor(open_fen(desk)?), "0.00")
        }
        "overdue" => {
            let state = desk.state()?;
            let before = state.instalments.iter().filter(|row| row.due_on < desk.today);
            let sum: i64 = before.flat_map(|row| Component::ALL.map(|c| row.unpaid_fen(c))).sum();
            same("overdue", &format_minor(sum), text_of(expected))
        }
        "charged_off_on" => same("date", &shown(desk.state()?.charged_off_on), text_of(expected)),
        "charge_off_reversed_on" => same("date", &shown(desk.charge_off_reversed_on), text_of(expected)),
        "closed_on" => same("date", &shown(desk.state()?.closed_on), text_of(expected)),
        "actual_maturity_date" => same("date", &shown(actual_maturity(desk)?), text_of(expected)),
        "maturity" => {
            same("actual", &shown(actual_maturity(desk)?), read::text(expected, "actual"))?;
            same("expected", &shown(expected_maturity(desk)?), read::text(expected, "expected"))
        }
        "last_closed_business_date" => same("date", &shown(desk.closings.last_closed), text_of(expected)),
        "fixed_length_days" => {
            let days = desk.terms.conventions.as_ref().and_then(|c| c.plan.fixed_length_days);
            same("days", &days.map_or("null".to_owned(), |d| d.to_string()), &expected.to_string())
        }
        "next_payment_due_date" => same("date", &shown(Some(next_payment_due(desk)?)), text_of(expected)),
        "journal" => read_all(expected, |group| postings::check(desk, group)),
        "last_payment" | "last_payment_transaction" | "last_payment_amount" | "total_repayment_transaction" => {
            last_payment(desk, field, expected)
        }
        "response_amount" => same("amount", &format_minor(desk.last_amount_fen), text_of(expected)),
        "idempotent_replay" => same("replayed", &desk.last_replayed.to_string(), &expected.to_string()),
        "cob_locked" => same("locked", &desk.closings.locked.is_some().to_string(), &expected.to_string()),
        "delinquency_range" => {
            same("range", desk.closings.range(), read::text(expected, "range"))?;
            same_or_none("delinquent_date", delinquent_date(desk)?, expected.get("delinquent_date"))
        }
        "delinquency_range_event" => same("range", desk.closings.range(), text_of(expected)),
        "delinquency_history" => delinquency_history(desk, expected),
        "delinquency" => delinquency(desk, expected),
        "delinquency_pauses" => pauses(desk, expected),
        "delinquency_actions" => actions(desk, expected),
        "installment_delinquency" => installment_delinquency(desk, expected),
        "last_percent_charge_amount" => {
            let state = proposed(desk)?;
            let ours = state.charges.last().map_or(0, ChargeState::amount_fen);
            same("amount", &format_minor(ours), text_of(expected))
        }
        "charges_paid_by_last_repayment" => charges_paid(desk, expected),
        "equal_principal_split" => equal_split(desk, expected),
        "all_installments_met" => {
            let met = desk.state()?.instalments.iter().all(|row| row.met_on.is_some());
            same("met", &met.to_string(), &expected.to_string())
        }
        "emi_variations" | "term_variations" => variations(desk, expected),
        "business_events" => read_all(expected, |event| {
            let (name, date) = (read::text(event, "name"), read::date(event, "date")?);
            let absent = read::flag(event, "absent");
            // The last event must not have raised it; any of the day may have.
            let raised = desk.raised.iter().skip(if absent { desk.raised_before } else { 0 });
            let raised = raised.into_iter().any(|(n, d)| n == name && (date.is_none() || *d == date));
            match (absent, raised) {
                (true, true) => Err(Stop::Wrong(format!("{name} was raised"))),
                (false, false) => Err(Stop::Wrong(format!("{name} was not raised"))),
                _ => Ok(()),
            }
        }),
        other => Err(Stop::Unsupported(format!("expectation {other}"))),
    }
}

/// When the next payment is due: the earliest that is unpaid, but not before the last payment; or, where the configuration
/// says so, the next unpaid one from today on, at the latest the maturity.
fn next_payment_due(desk: &Desk) -> Result<Date, Stop> {
    let state = desk.state()?;
    let is_open = |row: &&loan::InstalmentState| Component::ALL.iter().any(|c| row.unpaid_fen(*c) > 0);
    let open = || state.instalments.iter().filter(is_open);
    if desk.config.get("next-payment-due-date").is_some_and(|value| value == "next-unpaid-due-date") {
        let matures = expected_maturity(desk)?.unwrap_or(desk.today);
        let next = open().find(|row| match row.kind {
            loan::RowKind::DownPayment => row.due_on == desk.today && desk.today < matures,
            _ => desk.today < row.due_on && desk.today < matures,
        });
        return Ok(next.map_or(matures, |row| row.due_on));
    }
    let last_paid = desk.lines.iter().filter(|line| !line.reverted && money::PAYMENTS.contains(&line.posted.kind));
    let earliest = open().map(|row| row.due_on).next().unwrap_or(desk.today);
    Ok(last_paid.map(|line| line.posted.date).max().map_or(earliest, |paid| paid.max(earliest)))
}

/// Instalments, rates and dates that were agreed on beside the product's rule.
fn variations(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let mut ours: Vec<(&str, String, String)> = Vec::new();
    let start = desk.terms.start;
    if let Some(fen) = desk.terms.conventions.as_ref().and_then(|c| c.plan.fixed_instalment_fen) {
        ours.push(("emiAmount", start.to_string(), format_minor(fen)));
    }
    for event in &desk.events {
        let loan::Happening::Rescheduled { from_due, change } = &event.what else { continue };
        let from = from_due.to_string();
        let count = |n: u16| format_minor(i64::from(n) * 100);
        if let Some(due) = change.new_due {
            ours.push(("dueDate", from.clone(), due.to_string()));
        }
        if change.principal_grace > 0 {
            ours.push(("graceOnPrincipal", from.clone(), count(change.principal_grace)));
        }
        if change.interest_grace > 0 {
            ours.push(("graceOnInterest", from.clone(), count(change.interest_grace)));
        }
        if change.extra_instalments + change.principal_grace > 0 {
            ours.push((
                "extendRepaymentPeriod",
                from.clone(),
                count(change.extra_instalments + change.principal_grace),
            ));
        }
        if let Some(ppm) = change.new_rate_ppm {
            ours.push(("interestRateForInstallment", from, format_minor(ppm / 100)));
        }
    }
    let rows = expected.as_array().map_or_else(|| read::list(expected, "rows"), Vec::as_slice);
    for row in rows {
        let kind = read::text(row, "code").rsplit('.').next().unwrap_or_default();
        let value = row.get("date_value").and_then(Value::as_str).unwrap_or_else(|| read::text(row, "value"));
        let from = read::text(row, "applicable_from");
        let fits = |(k, f, v): &(&str, String, String)| *k == kind && (from.is_empty() || f == from) && v == value;
        if !ours.iter().any(fits) {
            return Err(Stop::Wrong(format!("{kind} from {from} of {value} is not among {ours:?}")));
        }
    }
    match read::whole(expected, "count") {
        Some(count) => same("count", &ours.len().to_string(), &count.to_string()),
        None => Ok(()),
    }
}

fn read_all(list: &Value, each: impl Fn(&Value) -> Result<(), Stop>) -> Result<(), Stop> {
    list.as_array().map(Vec::as_slice).unwrap_or_default().iter().try_for_each(each)
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or("null")
}

fn shown(date: Option<Date>) -> String {
    date.map_or("null".to_owned(), |date| date.to_string())
}

fn same(cell: &str, ours: &str, expected: &str) -> Result<(), Stop> {
    if ours == expected { Ok(()) } else { Err(Stop::Wrong(format!("{cell} is {ours}, expected {expected}"))) }
}

fn same_or_none(cell: &str, ours: Option<Date>, expected: Option<&Value>) -> Result<(), Stop> {
    same(cell, &shown(ours), expected.map_or("null", text_of))
}

/// The state, or what it would be if the loan were disbursed as it was applied for.
pub(super) fn proposed(desk: &Desk) -> Result<loan::LoanState, Stop> {
    if desk.is_disbursed() {
        return desk.state();
    }
    let asked_fen = desk.terms.principal.minor();
    let amount_fen = if desk.origin == Origin::Approved { desk.approved_fen } else { asked_fen };
    let mut events = desk.events.clone();
    events.push(loan::LifeEvent {
        id: Id::from_u128(u128::MAX),
        value_date: desk.terms.start,
        what: loan::Happening::Disbursed { amount_fen },
    });
    Ok(fold(&desk.terms, &events, desk.today.max(desk.terms.start))?)
}

fn table(desk: &Desk) -> Result<Vec<TableRow>, Stop> {
    let engine = desk.terms.conventions.as_ref().map_or(PlanEngine::Progressive, |c| c.plan.engine);
    Ok(rows(&proposed(desk)?, engine))
}

fn open_fen(desk: &Desk) -> Result<i64, Stop> {
    let state = desk.state()?;
    Ok(state.instalments.iter().flat_map(|row| Component::ALL.map(|c| row.unpaid_fen(c))).sum())
}

pub(super) fn status(desk: &Desk) -> Result<&'static str, Stop> {
    if !desk.is_disbursed() {
        return Ok(match desk.origin {
            Origin::None => "null",
            Origin::Submitted => "SUBMITTED_AND_PENDING_APPROVAL",
            Origin::Approved => "APPROVED",
        });
    }
    let state = desk.state()?;
    Ok(match () {
        () if state.written_off_on.is_some() => "CLOSED_WRITTEN_OFF",
        () if open_fen(desk)? > 0 => "ACTIVE",
        () if state.credit_fen > 0 => "OVERPAID",
        () => "CLOSED_OBLIGATIONS_MET",
    })
}

fn cell(row: &TableRow, column: &str) -> Option<String> {
    let money = |fen: i64| Some(format_minor(fen));
    let of_instalment = |fen: i64| row.number.and(money(fen));
    match column {
        "nr" => row.number.map(|n| n.to_string()),
        "days" => row.number.map(|_| row.days.to_string()),
        "date" => Some(row.date.to_string()),
        "paid_date" => row.paid_on.map(|date| date.to_string()),
        "balance" => money(row.balance_fen),
        "principal_due" => of_instalment(row.due.principal_fen),
        "interest" => of_instalment(row.due.interest_fen),
        "fees" => money(row.due.fee_fen),
        "penalties" => of_instalment(row.due.penalty_fen),
        "due" => money(Component::ALL.iter().map(|c| row.due.get(*c)).sum()),
        "paid" => money(row.paid_fen),
        "in_advance" => of_instalment(row.ahead_fen),
        "late" => of_instalment(row.late_fen),
        "waived" => of_instalment(row.waived_fen),
        "outstanding" => of_instalment(row.open_fen),
        _ => None,
    }
}

fn schedule(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours = table(desk)?;
    let is_disbursed = desk.is_disbursed();
    let theirs = expected.as_array().cloned().unwrap_or_default();
    for (place, row) in theirs.iter().enumerate() {
        let Some(own) = ours.get(place) else {
            return Err(Stop::Wrong(format!("row {} is missing", place + 1)));
        };
        for (column, value) in row.as_object().into_iter().flatten() {
            let expected = match value {
                Value::Null => "null".to_owned(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            // Before disbursement the table shows what is planned: its first row owes nothing and is not paid.
            let planned = !is_disbursed && own.number.is_none();
            let own_text = match column.as_str() {
                "outstanding" if planned => "0.00".to_owned(),
                "paid" if planned => "null".to_owned(),
                _ => cell(own, column).unwrap_or_else(|| "null".to_owned()),
            };
            same(&format!("row {} ({}) {column}", place + 1, own.date), &own_text, &expected)?;
        }
    }
    same("rows", &ours.len().to_string(), &theirs.len().to_string())
}

fn totals(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours = table(desk)?;
    for (column, value) in expected.as_object().into_iter().flatten() {
        let sum = |of: &dyn Fn(&TableRow) -> i64| ours.iter().map(of).sum::<i64>();
        let own = match column.as_str() {
            "principal_due" => sum(&|row| row.due.principal_fen),
            "interest" => sum(&|row| row.due.interest_fen),
            "fees" => sum(&|row| row.due.fee_fen),
            "penalties" => sum(&|row| row.due.penalty_fen),
            "due" => sum(&|row| Component::ALL.iter().map(|c| row.due.get(*c)).sum()),
            "paid" => sum(&|row| row.paid_fen),
            "in_advance" => sum(&|row| row.ahead_fen),
            "late" => sum(&|row| row.late_fen),
            "waived" => sum(&|row| row.waived_fen),
            "outstanding" => sum(&|row| row.open_fen),
            other => return Err(Stop::Unsupported(format!("total {other}"))),
        };
        same(column, &format_minor(own), text_of(value))?;
    }
    Ok(())
}

fn actual_maturity(desk: &Desk) -> Result<Option<Date>, Stop> {
    let state = desk.state()?;
    let last = state.instalments.last().map(|row| row.due_on);
    Ok(if open_fen(desk)? == 0 { state.closed_on } else { last })
}

fn expected_maturity(desk: &Desk) -> Result<Option<Date>, Stop> {
    let state = desk.state()?;
    Ok(state.instalments.iter().rev().find(|row| row.kind != loan::RowKind::AfterMaturity).map(|row| row.due_on))
}

fn equal_split(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let rows: Vec<TableRow> = table(desk)?.into_iter().filter(|row| row.number.is_some()).collect();
    let total = basics::money::parse_minor(text_of(expected)).map_err(|e| Stop::Wrong(e.to_string()))?;
    let count = i64::try_from(rows.len()).unwrap_or(1).max(1);
    let level = basics::money::div_round(i128::from(total), i128::from(count) * 100, basics::Rounding::HalfEven)
        .unwrap_or(0)
        .saturating_mul(100);
    let mut left = total;
    for (place, row) in rows.iter().enumerate() {
        let wanted = if place + 1 == rows.len() { left } else { level };
        left -= wanted;
        same(&format!("row {} principal_due", place + 1), &format_minor(row.due.principal_fen), &format_minor(wanted))?;
    }
    Ok(())
}
