//! The expected tables against ours, cell by cell.

use basics::money::format_minor;
use basics::{Date, Id};
use loan::{ChargeDue, ChargeState, Component, PostedKind, fold};
use serde_json::Value;

use super::desk::{Desk, Line, Origin};
use super::table::{TableRow, rows};
use super::{Stop, postings, read};

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
        return Ok(());
    }
    for (field, expected) in fields {
        check_one(desk, field, expected).map_err(|stop| match stop {
            Stop::Wrong(text) => Stop::Wrong(format!("{field}: {text}")),
            Stop::Unsupported(text) => Stop::Unsupported(text),
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
        "charges" => charges(desk, expected),
        "charges_include" => charges(desk, expected),
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
        "next_payment_due_date" => {
            let state = desk.state()?;
            let next = state.instalments.iter().find(|row| Component::ALL.iter().any(|c| row.unpaid_fen(*c) > 0));
            same("date", &shown(next.map(|row| row.due_on)), text_of(expected))
        }
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
        "emi_variations" => {
            let fixed = desk.terms.conventions.as_ref().and_then(|c| c.plan.fixed_instalment_fen);
            let ours = fixed.map_or("none".to_owned(), format_minor);
            let row = read::list(expected, "rows").first().cloned().unwrap_or(Value::Null);
            same("value", &ours, read::text(&row, "value"))
        }
        "business_events" => read_all(expected, |event| {
            let (name, date) = (read::text(event, "name"), read::date(event, "date")?);
            let raised = desk.raised.iter().any(|(n, d)| n == name && (date.is_none() || *d == date));
            match (read::flag(event, "absent"), raised) {
                (true, true) => Err(Stop::Wrong(format!("{name} was raised"))),
                (false, false) => Err(Stop::Wrong(format!("{name} was not raised"))),
                _ => Ok(()),
            }
        }),
        other => Err(Stop::Unsupported(format!("expectation {other}"))),
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
fn proposed(desk: &Desk) -> Result<loan::LoanState, Stop> {
    if desk.is_disbursed() {
        return desk.state();
    }
    let amount_fen = desk.terms.principal.minor();
    let mut events = desk.events.clone();
    events.push(loan::LifeEvent {
        id: Id::from_u128(u128::MAX),
        value_date: desk.terms.start,
        what: loan::Happening::Disbursed { amount_fen },
    });
    Ok(fold(&desk.terms, &events, desk.today.max(desk.terms.start))?)
}

fn table(desk: &Desk) -> Result<Vec<TableRow>, Stop> {
    Ok(rows(&proposed(desk)?))
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

/// One transaction as a row of cells by column.
fn transaction_cells(desk: &Desk, line: &Line) -> Vec<(&'static str, String)> {
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

fn transaction_list(desk: &Desk) -> Vec<Vec<(&'static str, String)>> {
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

fn transactions(desk: &Desk, expected: &Value, complete: bool) -> Result<(), Stop> {
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

fn counts(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    read_all(expected, |row| {
        let label = read::text(row, "type");
        let ours = desk.lines.iter().filter(|line| is_named(line.posted.kind, label)).count();
        same(label, &ours.to_string(), &read::whole(row, "count").unwrap_or(0).to_string())
    })
}

fn reverted(desk: &Desk, expected: &Value) -> Result<(), Stop> {
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

fn charge_cells(desk: &Desk, charge: &ChargeState) -> Vec<(&'static str, String)> {
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

fn charges(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let state = proposed(desk)?;
    let mut ours: Vec<_> = state.charges.iter().map(|charge| charge_cells(desk, charge)).collect();
    read_all(expected, |row| {
        let wanted: Vec<(String, String)> = row
            .as_object()
            .into_iter()
            .flatten()
            .map(|(c, v)| (c.clone(), v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect();
        let fits = |cells: &Vec<(&'static str, String)>| {
            wanted.iter().all(|(column, value)| cells.iter().any(|(c, v)| c == column && v == value))
        };
        if ours.iter().any(fits) {
            return Ok(());
        }
        let text =
            |cells: &Vec<(&'static str, String)>| cells.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>().join(" ");
        let near: Vec<String> = ours.iter().map(text).collect();
        Err(Stop::Wrong(format!("{} is not among: {}", row, near.join(" | "))))
    })?;
    ours.clear();
    Ok(())
}

fn last_payment(desk: &Desk, field: &str, expected: &Value) -> Result<(), Stop> {
    let kinds = [
        PostedKind::Repayment,
        PostedKind::MerchantRefund,
        PostedKind::PayoutRefund,
        PostedKind::Goodwill,
        PostedKind::DownPayment,
        PostedKind::Recovery,
    ];
    let live: Vec<&Line> =
        desk.lines.iter().filter(|line| !line.reverted && kinds.contains(&line.posted.kind)).collect();
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

fn actual_maturity(desk: &Desk) -> Result<Option<Date>, Stop> {
    let state = desk.state()?;
    let last = state.instalments.last().map(|row| row.due_on);
    Ok(if open_fen(desk)? == 0 { state.closed_on } else { last })
}

fn expected_maturity(desk: &Desk) -> Result<Option<Date>, Stop> {
    let state = desk.state()?;
    Ok(state.instalments.iter().rev().find(|row| row.kind != loan::RowKind::AfterMaturity).map(|row| row.due_on))
}

fn grace_days(desk: &Desk) -> i32 {
    let own = read::whole(&desk.loan, "grace_on_arrears_ageing_days");
    let days = own.or(read::whole(&desk.product, "grace_on_arrears_ageing_days")).unwrap_or(0);
    i32::try_from(days).unwrap_or(0)
}

/// Since when the oldest instalment that is past due is unpaid.
///
/// That is its due date; or the day of a chargeback in its period, if what was paid of the instalment does not
/// reach for what was charged back.
pub(super) fn oldest_overdue(desk: &Desk, today: Date) -> Result<Option<Date>, Stop> {
    let state = desk.state()?;
    let Some(row) = state
        .instalments
        .iter()
        .filter(|row| row.due_on < today && Component::ALL.iter().any(|c| row.unpaid_fen(*c) > 0))
        .min_by_key(|row| row.due_on)
    else {
        return Ok(None);
    };
    let mut left: i64 = Component::ALL.iter().map(|c| row.paid.get(*c)).sum();
    for line in desk.lines.iter().filter(|line| !line.reverted && line.posted.kind == PostedKind::Chargeback) {
        let date = line.posted.date;
        if date > row.from && date <= row.due_on {
            left -= line.posted.amount_fen;
            if left < 0 {
                return Ok(Some(date));
            }
        }
    }
    Ok(Some(row.due_on))
}

/// The day on which a delinquency began, grace included.
pub(super) fn delinquent_date(desk: &Desk) -> Result<Option<Date>, Stop> {
    Ok(oldest_overdue(desk, desk.today)?.map(|due| due.add_days(grace_days(desk))))
}

fn delinquency_history(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours: Vec<String> = desk
        .closings
        .history
        .iter()
        .map(|(range, added, lifted)| format!("{range} {added} {}", shown(*lifted)))
        .collect();
    let theirs = expected.as_array().cloned().unwrap_or_default();
    for row in &theirs {
        let lifted = row.get("lifted_on").map_or("null", text_of);
        let wanted = format!("{} {} {lifted}", read::text(row, "range"), read::text(row, "added_on"));
        if !ours.contains(&wanted) {
            return Err(Stop::Wrong(format!("{wanted} is not among: {}", ours.join(" | "))));
        }
    }
    same("rows", &ours.len().to_string(), &theirs.len().to_string())
}

fn delinquency(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let today = desk.today;
    let oldest = oldest_overdue(desk, today)?;
    let state = desk.state()?;
    let overdue: i64 = state
        .instalments
        .iter()
        .filter(|row| row.due_on < today)
        .flat_map(|row| Component::ALL.map(|c| row.unpaid_fen(c)))
        .sum();
    let days = match oldest {
        Some(due) => desk.closings.delinquent_days(due.add_days(grace_days(desk)), today),
        None => 0,
    };
    let past = oldest.map_or(0, |due| today - due);
    for (key, value) in expected.as_object().into_iter().flatten() {
        let expected = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let ours = match key.as_str() {
            "range" => desk.closings.range().to_owned(),
            "amount" => format_minor(overdue),
            "date" => shown(delinquent_date(desk)?),
            "days" => days.to_string(),
            "past_due_days" => past.to_string(),
            other => return Err(Stop::Unsupported(format!("delinquency {other}"))),
        };
        same(key, &ours, &expected)?;
    }
    Ok(())
}

fn pauses(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours: Vec<String> = desk
        .closings
        .pauses()
        .iter()
        .map(|(start, end)| format!("{} {start} {end}", *start <= desk.today && desk.today <= *end))
        .collect();
    let theirs: Vec<String> = expected
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| format!("{} {} {}", read::flag(row, "active"), read::text(row, "start"), read::text(row, "end")))
        .collect();
    same("pauses", &ours.join(", "), &theirs.join(", "))
}

fn actions(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours: Vec<String> = desk
        .closings
        .actions
        .iter()
        .map(|action| format!("{} {} {}", action.name, action.start, shown(action.end)))
        .collect();
    let theirs: Vec<String> = expected
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| {
            let end = row.get("end").map_or("null", text_of);
            format!("{} {} {end}", read::text(row, "action"), read::text(row, "start"))
        })
        .collect();
    same("actions", &ours.join(", "), &theirs.join(", "))
}

fn installment_delinquency(desk: &Desk, expected: &Value) -> Result<(), Stop> {
    let ours = desk.closings.by_instalment.clone();
    let theirs: Vec<(String, String)> = expected
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| (read::text(row, "range").to_owned(), read::text(row, "amount").to_owned()))
        .collect();
    let text = |list: &[(String, String)]| list.iter().map(|(r, a)| format!("{r} {a}")).collect::<Vec<_>>().join(", ");
    let ours: Vec<(String, String)> = ours.into_iter().map(|(range, fen)| (range, format_minor(fen))).collect();
    same("ranges", &text(&ours), &text(&theirs))
}

fn charges_paid(desk: &Desk, expected: &Value) -> Result<(), Stop> {
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
