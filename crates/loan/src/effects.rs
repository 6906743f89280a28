//! What a change of state means for the books: the difference of two folds.

use crate::{Allocation, Component, LoanError, LoanState, Parts};

/// The difference between two states of one loan, in minor units, after less before.
///
/// Fold with and without a new event, both as of the same day, and the difference is the effect
/// of the event alone, with everything it moves: a payment dated back changes penalty, interest and allocation
/// since. Fold one list as of two days, and the difference is what those days did.
///
/// `received − refunded = Σ paid + credit`, in every difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Paid out.
    pub disbursed_fen: i64,
    /// Came in.
    pub received_fen: i64,
    /// Went back.
    pub refunded_fen: i64,
    /// Fell due. Interest here is earned and asked for; penalty and compound as run up.
    pub billed: Parts,
    /// Was paid by money.
    pub paid: Parts,
    /// Was let off.
    pub waived: Parts,
    /// Change of the credit balance.
    pub credit_fen: i64,
    /// Change of the interest accrued and not due, in whole minor units of this loan alone.
    pub accrued_floor_fen: i64,
    /// The loan was closed in between.
    pub closes: bool,
    /// The loan was closed before and is not now.
    pub reopens: bool,
}

impl Effects {
    /// What the money did: the parts it paid and what was left over.
    pub fn allocation(&self) -> Allocation {
        Allocation {
            principal_fen: self.paid.principal_fen,
            interest_fen: self.paid.interest_fen,
            fee_fen: self.paid.fee_fen,
            penalty_fen: self.paid.penalty_fen,
            compound_fen: self.paid.compound_fen,
            excess_fen: self.credit_fen,
        }
    }

    /// Change of what is due and unpaid of one component. Errors on overflow.
    pub fn receivable_fen(&self, component: Component) -> Result<i64, LoanError> {
        let rest = self.billed.minus(&self.paid)?.minus(&self.waived)?;
        Ok(rest.get(component))
    }
}

/// What the books have to show for going from one state to another. Errors on overflow.
///
/// ```
/// use basics::{Currency, Date, Money};
/// use loan::{Happening, LifeEvent, Term, effects, fold, product};
/// let product = product::shipped("short-working-capital")?;
/// let amount = Money::parse("10000", Currency::CNY)?;
/// let start = Date::ymd(2026, 3, 31)?;
/// let terms = product.terms(amount, Term::Months(3), start, product.price(Some("B"))?)?;
/// let mut life = vec![LifeEvent::new(1, start, Happening::Disbursed { amount_fen: 1_000_000 })];
/// let april = Date::ymd(2026, 4, 30)?;
/// let before = fold(&terms, &life, april)?;
/// life.push(LifeEvent::new(2, april, Happening::Paid { amount_fen: 340_000 }));
/// let paid = effects(&before, &fold(&terms, &life, april)?)?.allocation();
/// assert_eq!((paid.principal_fen, paid.interest_fen, paid.excess_fen), (330_846, 7_500, 1_654));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn effects(before: &LoanState, after: &LoanState) -> Result<Effects, LoanError> {
    let less = |a: i64, b: i64| a.checked_sub(b).ok_or(LoanError::Overflow("the difference of two states"));
    let (old, new) = (&before.totals, &after.totals);
    Ok(Effects {
        disbursed_fen: less(new.disbursed_fen, old.disbursed_fen)?,
        received_fen: less(new.received_fen, old.received_fen)?,
        refunded_fen: less(new.refunded_fen, old.refunded_fen)?,
        billed: new.billed.minus(&old.billed)?,
        paid: new.paid.minus(&old.paid)?,
        waived: new.waived.minus(&old.waived)?,
        credit_fen: less(after.credit_fen, before.credit_fen)?,
        accrued_floor_fen: less(after.accrued_floor_fen()?, before.accrued_floor_fen()?)?,
        closes: before.closed_on.is_none() && after.closed_on.is_some(),
        reopens: before.closed_on.is_some() && after.closed_on.is_none(),
    })
}
