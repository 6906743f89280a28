//! What a loan is under the rules of a day: class, income or not, stage, what is set aside.
//!
//! The [fold](mod@crate::fold) says what is owed, whatever the jurisdiction; here a [rule pack](crate::rules) says
//! what follows from it.
//!
//! **Non-accrual** 非应计. At more than the rules' days past due, interest is no longer income: what is
//! unpaid of interest, penalty and compound interest, and what accrues, leaves income and is carried off
//! balance (表外应收未收利息), each in its own sub-account. What is received then is income when it is received. It goes
//! back when all arrears, penalty too, are paid and a clean time has passed. Nothing of this changes what the borrower owes.

use std::fmt;

use basics::Date;
use basics::money::format_minor;

use crate::arrears::ArrearsPath;
use crate::class::{ClassCase, ClassMark, ClassVerdict, classify};
use crate::provision::{Exposure, LossStage, Provision, provision_of};
use crate::rules::Rules;
use crate::{Accrued, Component, LoanError, LoanState, Parts, Stage};

/// A loan under the rules of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoanStanding {
    /// Its class, with the grounds.
    pub class: ClassVerdict,
    /// Since when its interest is not income; `None` if it is.
    pub non_accrual_since: Option<Date>,
    /// What is due and unpaid, as the balance sheet shows it; principal here is all that is outstanding.
    pub on_balance: Parts,
    /// Interest, penalty and compound interest carried off balance, minor units; of a claim that was written off
    /// everything, principal too.
    pub suspended: Parts,
    /// Accrued and not due, on balance.
    pub accrued: Accrued,
    /// Accrued and not due, carried off balance.
    pub suspended_accrued: Accrued,
    /// Stage of expected loss.
    pub stage: LossStage,
    /// What is set aside.
    pub provision: Provision,
    /// The next day on which, if nothing more happens, an observation ends or interest is income again.
    pub turns_on: Option<Date>,
}

impl LoanStanding {
    /// Everything carried off balance, in whole minor units. Errors on overflow.
    pub fn suspended_fen(&self) -> Result<i64, LoanError> {
        let accrued_fen = self.suspended_accrued.floor_fen()?;
        self.suspended.total_fen()?.checked_add(accrued_fen).ok_or(LoanError::Overflow("suspended interest"))
    }

    /// The group that its accrued interest adds up in. Errors never for a stage of this kind.
    pub fn group_stage(&self) -> Result<Stage, LoanError> {
        match self.non_accrual_since {
            None => Stage::accruing(self.stage.number()),
            Some(_) => Stage::not_accruing(self.stage.number()),
        }
    }
}

impl fmt::Display for LoanStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, name: &str, parts: &Parts, accrued: &Accrued| {
            writeln!(
                f,
                "{name:<12} {:>11} {:>10} {:>9} {:>9} {:>9} {:>9}",
                format_minor(parts.principal_fen),
                format_minor(parts.interest_fen),
                format_minor(parts.fee_fen),
                format_minor(parts.penalty_fen),
                format_minor(parts.compound_fen),
                format_minor(accrued.floor_fen().map_err(|_| fmt::Error)?)
            )
        };
        writeln!(f, "               principal   interest      fees   penalty  compound   accrued")?;
        row(f, "on balance", &self.on_balance, &self.accrued)?;
        row(f, "off balance", &self.suspended, &self.suspended_accrued)?;
        writeln!(
            f,
            "class {}, stage {}, {}; provision: general {}, specific {}, expected loss {}",
            self.class.class.0,
            self.stage.number(),
            self.non_accrual_since.map_or("accruing".to_owned(), |since| format!("not accruing since {since}")),
            format_minor(self.provision.general_fen),
            format_minor(self.provision.specific_fen),
            format_minor(self.provision.expected_fen)
        )
    }
}

impl LoanState {
    /// Since when interest is not taken as income on the state's date; `None` if it is.
    ///
    /// A closed loan has no interest to suspend.
    pub fn non_accrual_since(&self, rules: &Rules) -> Option<Date> {
        if self.closed_on.is_some() {
            return None;
        }
        self.arrears.non_accrual_since(self.as_of, self.accrual_stops_over_days(rules), rules.accrual_clean_days)
    }

    /// At more than so many days past due interest is no longer income: as the rules say, or earlier as the contract does.
    pub fn accrual_stops_over_days(&self, rules: &Rules) -> u32 {
        self.non_accrual_days
            .map_or(rules.accrual_stops_over_days, |own| u32::from(own).min(rules.accrual_stops_over_days))
    }

    /// What the loan is under the rules of a day. Errors if a figure does not fit.
    pub fn standing(&self, rules: &Rules) -> Result<LoanStanding, LoanError> {
        self.standing_with(rules, &self.bearings.marks)
    }

    /// The same with marks that stand beside the loan's own events, such as a judgement kept elsewhere;
    /// each with the date it holds from, in order of date.
    pub fn standing_with(&self, rules: &Rules, marks: &[(Date, ClassMark)]) -> Result<LoanStanding, LoanError> {
        let dues: Vec<Date> = self.instalments.iter().map(|row| row.due_on).collect();
        let end = match (self.closed_on, self.bearings.written_off) {
            (Some(_), None) => DebtEnd::Settled,
            (None, None) => DebtEnd::Open,
            (_, Some(claim)) => DebtEnd::WrittenOff(claim.on),
        };
        let debt = Debt {
            product: &self.product,
            as_of: self.as_of,
            arrears: &self.arrears,
            days_past_due: self.days_past_due,
            accrual_stops_over_days: self.accrual_stops_over_days(rules),
            dues: &dues,
            marks,
            end,
            owed: Parts { principal_fen: self.principal_fen, ..self.overdue_parts()? },
            accrued: self.accrued,
        };
        stand(rules, &debt)
    }
}

/// Whether a debt is still a debt of the balance sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DebtEnd {
    /// It is.
    Open,
    /// Nothing is owed any more.
    Settled,
    /// It was written off on this day and lives on beside it.
    WrittenOff(Date),
}

/// A debt as the rules look at it, be it a loan or a line.
pub(crate) struct Debt<'a> {
    /// Code of the product: it may have rates of loss of its own.
    pub(crate) product: &'a str,
    pub(crate) as_of: Date,
    pub(crate) arrears: &'a ArrearsPath,
    pub(crate) days_past_due: u32,
    /// Interest is no longer income at more days past due than this.
    pub(crate) accrual_stops_over_days: u32,
    pub(crate) dues: &'a [Date],
    pub(crate) marks: &'a [(Date, ClassMark)],
    pub(crate) end: DebtEnd,
    /// All principal outstanding, and what else is due and unpaid.
    pub(crate) owed: Parts,
    pub(crate) accrued: Accrued,
}

/// What a debt is under the rules of a day. Errors if a figure does not fit.
pub(crate) fn stand(rules: &Rules, debt: &Debt<'_>) -> Result<LoanStanding, LoanError> {
    let Debt { as_of, arrears, owed, .. } = *debt;
    let case = ClassCase { as_of, arrears, dues: debt.dues, marks: debt.marks };
    let class = classify(rules, &case);
    let (over_days, clean_days) = (debt.accrual_stops_over_days, rules.accrual_clean_days);
    // What is settled has no interest to suspend.
    let suspended_since = match debt.end {
        DebtEnd::Settled => None,
        DebtEnd::Open | DebtEnd::WrittenOff(_) => arrears.non_accrual_since(as_of, over_days, clean_days),
    };
    let written_off_on = match debt.end {
        DebtEnd::WrittenOff(on) => Some(on),
        DebtEnd::Open | DebtEnd::Settled => None,
    };
    let non_accrual_since = suspended_since.or(written_off_on);
    let resumes_on = suspended_since.and_then(|_| arrears.accrual_resumes_on(as_of, over_days, clean_days));
    let observed_until = class.observed.and_then(|observed| observed.ends_on);
    let turns_on = [resumes_on, observed_until].into_iter().flatten().filter(|day| *day > as_of).min();
    let (mut on_balance, mut suspended) = (owed, Parts::ZERO);
    let (mut accrued, mut suspended_accrued) = (debt.accrued, Accrued::ZERO);
    if written_off_on.is_some() {
        (on_balance, suspended) = (Parts::ZERO, owed);
        (accrued, suspended_accrued) = (Accrued::ZERO, debt.accrued);
    } else if non_accrual_since.is_some() {
        for component in [Component::Interest, Component::Penalty, Component::Compound] {
            *suspended.get_mut(component) = owed.get(component);
            *on_balance.get_mut(component) = 0;
        }
        (accrued, suspended_accrued) = (Accrued::ZERO, debt.accrued);
    }
    let receivable_fen = Parts { principal_fen: 0, ..on_balance }
        .total_fen()?
        .checked_add(accrued.floor_fen()?)
        .ok_or(LoanError::Overflow("what is receivable"))?;
    let exposure = Exposure {
        principal_fen: on_balance.principal_fen,
        receivable_fen,
        days_past_due: debt.days_past_due,
        class: class.class,
    };
    let provision = provision_of(rules, debt.product, &exposure)?;
    Ok(LoanStanding {
        class,
        non_accrual_since,
        on_balance,
        suspended,
        accrued,
        suspended_accrued,
        stage: provision.stage,
        provision,
        turns_on,
    })
}
