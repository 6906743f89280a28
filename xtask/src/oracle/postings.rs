//! The posting table of the oracle: which account each part of a transaction meets.

use basics::money::{format_minor, parse_minor};
use loan::{Component, Parts, Posted, PostedKind};
use serde_json::Value;

use super::desk::{AccrualLine, Desk, Line};
use super::{Stop, expect, read};

/// Side of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Debit,
    Credit,
}

/// An account by its role in the environment, a side, an amount.
type Entry = (&'static str, Side, i64);

/// What stands against principal, interest, fees and penalties.
type Roles = [&'static str; 4];

const ASSETS: Roles = ["loan_portfolio", "receivable_interest", "receivable_fee", "receivable_penalty"];
const INCOME: Roles = ["", "interest_on_loan", "income_from_fee", "income_from_penalty"];
const RECOVERY: Roles = ["income_from_recovery"; 4];
const GOODWILL: Roles = [
    "goodwill_credit",
    "income_from_goodwill_credit_interest",
    "income_from_goodwill_credit_fees",
    "income_from_goodwill_credit_penalty",
];
const CHARGED_OFF: Roles = [
    "charge_off_expense",
    "income_from_charge_off_interest",
    "income_from_charge_off_fees",
    "income_from_charge_off_penalty",
];
const CHARGED_OFF_FRAUD: Roles = [
    "charge_off_fraud_expense",
    "income_from_charge_off_interest",
    "income_from_charge_off_fees",
    "income_from_charge_off_penalty",
];

fn by_part(roles: Roles, side: Side, parts: &Parts) -> Vec<Entry> {
    let components = [Component::Principal, Component::Interest, Component::Fee, Component::Penalty];
    roles.into_iter().zip(components).map(|(role, component)| (role, side, parts.get(component))).collect()
}

/// The entries of one transaction.
fn entries(posted: &Posted, is_charged_off: bool, is_fraud: bool) -> Vec<Entry> {
    let parts = &posted.parts;
    let expense = if is_fraud { CHARGED_OFF_FRAUD } else { CHARGED_OFF };
    let excess = posted.excess_fen;
    let mut list = Vec::new();
    match posted.kind {
        PostedKind::Disbursement => {
            list.push(("loan_portfolio", Side::Debit, posted.amount_fen));
            list.push(("fund_source", Side::Credit, posted.amount_fen));
        }
        PostedKind::Repayment | PostedKind::DownPayment | PostedKind::Recovery => {
            list.push(("fund_source", Side::Debit, posted.amount_fen));
            list.extend(by_part(if is_charged_off { RECOVERY } else { ASSETS }, Side::Credit, parts));
            list.push(("overpayment_liability", Side::Credit, excess));
        }
        PostedKind::PaidAtDisbursement => {
            list.push(("fund_source", Side::Debit, posted.amount_fen));
            list.extend(by_part(INCOME, Side::Credit, parts));
        }
        PostedKind::MerchantRefund | PostedKind::PayoutRefund => {
            list.push(("fund_source", Side::Debit, posted.amount_fen));
            list.extend(by_part(if is_charged_off { expense } else { ASSETS }, Side::Credit, parts));
            list.push(("overpayment_liability", Side::Credit, excess));
        }
        PostedKind::Goodwill => {
            list.extend(by_part(GOODWILL, Side::Debit, parts));
            list.push(("goodwill_credit", Side::Debit, excess));
            list.extend(by_part(if is_charged_off { RECOVERY } else { ASSETS }, Side::Credit, parts));
            list.push(("overpayment_liability", Side::Credit, excess));
        }
        PostedKind::Refund | PostedKind::Chargeback => {
            // What an overpayment pays again at once is not owed.
            let mut owed = *parts;
            let mut again =
                (owed.principal_fen + owed.interest_fen + owed.fee_fen + owed.penalty_fen - excess - posted.amount_fen)
                    .max(0);
            for fen in [&mut owed.penalty_fen, &mut owed.fee_fen, &mut owed.interest_fen, &mut owed.principal_fen] {
                let paid = again.min(*fen);
                *fen -= paid;
                again -= paid;
            }
            list.extend(by_part(if is_charged_off { expense } else { ASSETS }, Side::Debit, &owed));
            list.push(("overpayment_liability", Side::Debit, -excess));
            list.push(("fund_source", Side::Credit, posted.amount_fen));
        }
        PostedKind::CashRefund => {
            list.extend(by_part(ASSETS, Side::Debit, parts));
            list.push(("fund_source", Side::Credit, posted.amount_fen));
        }
        PostedKind::ChargeOff => {
            list.extend(by_part(expense, Side::Debit, parts));
            list.extend(by_part(ASSETS, Side::Credit, parts));
        }
        PostedKind::WriteOff => {
            list.extend(by_part(["write_off"; 4], Side::Debit, parts));
            list.extend(by_part(ASSETS, Side::Credit, parts));
        }
        PostedKind::ChargeAdjustment | PostedKind::ChargeWaiver | PostedKind::Waiver => {
            list.extend(by_part(
                ["income_from_fee", "interest_on_loan", "income_from_fee", "income_from_penalty"],
                Side::Debit,
                parts,
            ));
            list.extend(by_part(ASSETS, Side::Credit, parts));
        }
        // What moves no money, and kinds that only loans under the house rule have.
        _ => {}
    }
    list
}

/// Checks that what a transaction posts is the same on both sides.
pub(super) fn balanced(desk: &Desk, line: &Line) -> Result<(), Stop> {
    let sum = |side| {
        let of_side = |list: Vec<Entry>| -> i64 {
            list.into_iter().filter(|(_, other, _)| *other == side).map(|(_, _, fen)| fen).sum()
        };
        [false, true].map(|off| of_side(entries(&line.posted, off, desk.fraud)))
    };
    if sum(Side::Debit) == sum(Side::Credit) {
        return Ok(());
    }
    let name = expect::name(line.posted.kind);
    Err(Stop::Wrong(format!("not sound: {name} of {} does not balance: {:?}", line.posted.date, line.posted)))
}

fn accrual_entries(accrual: &AccrualLine) -> Vec<Entry> {
    let parts = Parts {
        interest_fen: accrual.interest_fen,
        fee_fen: accrual.fee_fen,
        penalty_fen: accrual.penalty_fen,
        ..Parts::ZERO
    };
    let assets = by_part(ASSETS, Side::Debit, &parts);
    assets.into_iter().chain(by_part(INCOME, Side::Credit, &parts)).collect()
}

/// Entries by account, those of one account and side added up.
fn by_account(desk: &Desk, list: Vec<Entry>) -> Vec<(String, Side, i64)> {
    let accounts = desk.environment.get("gl_accounts").cloned().unwrap_or(Value::Null);
    let mut merged: Vec<(String, Side, i64)> = Vec::new();
    for (role, side, fen) in list.into_iter().filter(|(_, _, fen)| *fen != 0) {
        let code = accounts.get(role).map(|account| read::text(account, "code")).unwrap_or(role).to_owned();
        match merged.iter_mut().find(|(other, s, _)| *other == code && *s == side) {
            Some(entry) => entry.2 += fen,
            None => merged.push((code, side, fen)),
        }
    }
    merged
}

/// Original and mirror of a transaction that was taken back.
fn with_mirror(list: Vec<(String, Side, i64)>) -> Vec<(String, Side, i64)> {
    let mirror: Vec<_> = list
        .iter()
        .map(|(code, side, fen)| {
            let other = if *side == Side::Debit { Side::Credit } else { Side::Debit };
            (code.clone(), other, *fen)
        })
        .collect();
    list.into_iter().chain(mirror).collect()
}

/// Compares one group of journal lines: every listed line must be among the entries of one such transaction.
pub(super) fn check(desk: &Desk, group: &Value) -> Result<(), Stop> {
    let (label, date) = (read::text(group, "transaction_type"), read::date(group, "date")?);
    let wants_original = read::flag(group, "of_replayed_original");
    let charged_off: Option<&Line> =
        desk.lines.iter().find(|line| line.posted.kind == PostedKind::ChargeOff && !line.reverted);
    let mut candidates = Vec::new();
    for line in
        desk.lines.iter().filter(|line| Some(line.posted.date) == date && expect::is_named(line.posted.kind, label))
    {
        let after = charged_off.is_some_and(|off| (off.posted.date, off.seq) < (line.posted.date, line.seq));
        if wants_original {
            for posted in &line.replaced {
                candidates.push(with_mirror(by_account(desk, entries(posted, after, desk.fraud))));
            }
            continue;
        }
        let own = by_account(desk, entries(&line.posted, after, desk.fraud));
        candidates.push(if line.reverted { with_mirror(own) } else { own });
    }
    if label == "ACCRUAL" {
        for accrual in desk.accruals.iter().filter(|accrual| Some(accrual.date) == date) {
            candidates.push(by_account(desk, accrual_entries(accrual)));
        }
    }
    let mut wanted = Vec::new();
    for row in read::list(group, "entries") {
        for (name, side) in [("debit", Side::Debit), ("credit", Side::Credit)] {
            if let Some(text) = row.get(name).and_then(Value::as_str) {
                let fen = parse_minor(text).map_err(|e| Stop::Wrong(e.to_string()))?;
                wanted.push((read::text(row, "account_code").to_owned(), side, fen));
            }
        }
    }
    if candidates.iter().any(|list| wanted.iter().all(|row| list.contains(row))) {
        return Ok(());
    }
    let show = |list: &[(String, Side, i64)]| {
        list.iter()
            .map(|(code, side, fen)| format!("{side:?} {code} {}", format_minor(*fen)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let ours: Vec<String> = candidates.iter().map(|list| show(list)).collect();
    Err(Stop::Wrong(format!(
        "{label} of {}: [{}] is not [{}]",
        read::text(group, "date"),
        ours.join("] or ["),
        show(&wanted)
    )))
}
