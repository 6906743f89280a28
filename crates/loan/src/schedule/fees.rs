//! Fees on the plan: with which row each is due, and what it comes to there.

use basics::Date;

use super::Instalment;
use crate::{Fee, FeeAmount, FeeBase, FeeWhen, LoanError, LoanTerms};

/// A fee that is due with a row of the plan, or at disbursement (no row).
pub(crate) struct Charge {
    row: Option<usize>,
    pub(crate) amount_fen: i64,
}

/// Every time that a fee is due in normal performance, with its amount. Rows are those without number 0.
///
/// Errors if the date of a fee lies after the last due date, or an amount does not fit.
pub(crate) fn charges(
    fee: &Fee,
    terms: &LoanTerms,
    principal_fen: i64,
    start: Date,
    rows: &[Instalment],
) -> Result<Vec<Charge>, LoanError> {
    // A down payment on the day of disbursement is no instalment that a fee could be due with.
    let instalments = || rows.iter().enumerate().filter(|(_, row)| row.number > 0 && row.due > start);
    let with = |(index, row): (usize, &Instalment)| {
        let base_fen = match fee.base {
            FeeBase::Principal => principal_fen,
            FeeBase::Outstanding => row.balance_after_fen.saturating_add(row.principal_fen),
            FeeBase::Instalment => row.principal_fen.saturating_add(row.interest_fen),
            FeeBase::Interest => row.interest_fen,
        };
        Ok(Charge { row: Some(index), amount_fen: fee.amount_fen(base_fen, terms.rounding)? })
    };
    match (fee.when, fee.on) {
        (FeeWhen::Disbursement, _) => {
            Ok(vec![Charge { row: None, amount_fen: fee.amount_fen(principal_fen, terms.rounding)? }])
        }
        (FeeWhen::FirstInstalment, _) => instalments().take(1).map(with).collect(),
        (FeeWhen::EachInstalment, _) => instalments().map(with).collect(),
        (FeeWhen::OnDate, Some(on)) => {
            let date = on.date(start);
            let row = instalments().find(|(_, row)| row.due >= date);
            let row = row.ok_or_else(|| {
                LoanError::Terms(format!("fee `{}` on {date} lies after the last due date", fee.code))
            })?;
            Ok(vec![with(row)?])
        }
        (FeeWhen::OnDate, None) | (FeeWhen::Overdue, _) => Ok(Vec::new()),
    }
}

/// Puts the borrower's fees on the rows, and those at disbursement on a row 0 before them.
pub(super) fn add(
    terms: &LoanTerms,
    principal_fen: i64,
    start: Date,
    rows: &mut Vec<Instalment>,
) -> Result<(), LoanError> {
    let too_large = || LoanError::Overflow("the fees");
    let mut at_disbursement = 0i64;
    for fee in terms.fees.iter().filter(|fee| fee.is_borrowers() && fee.amount != FeeAmount::Flat(0)) {
        for charge in charges(fee, terms, principal_fen, start, rows)? {
            match charge.row.and_then(|index| rows.get_mut(index)) {
                Some(row) => {
                    row.fee_fen = row.fee_fen.checked_add(charge.amount_fen).ok_or_else(too_large)?;
                    row.total_fen = row.total_fen.checked_add(charge.amount_fen).ok_or_else(too_large)?;
                }
                None => at_disbursement = at_disbursement.checked_add(charge.amount_fen).ok_or_else(too_large)?,
            }
        }
    }
    if at_disbursement > 0 {
        rows.insert(0, at_once(start, principal_fen, at_disbursement));
    }
    Ok(())
}

fn at_once(start: Date, principal_fen: i64, fee_fen: i64) -> Instalment {
    Instalment {
        number: 0,
        from: start,
        due: start,
        principal_fen: 0,
        interest_fen: 0,
        fee_fen,
        total_fen: fee_fen,
        balance_after_fen: principal_fen,
    }
}
