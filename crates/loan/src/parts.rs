//! What a debt is made of: principal, interest, fees, penalty, compound interest.

use minicbor::{Decode, Encode};

use crate::LoanError;

/// One component of what is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Component {
    /// Principal 本金.
    #[n(0)]
    Principal,
    /// Contract interest 利息.
    #[n(1)]
    Interest,
    /// Fees and costs 费用.
    #[n(2)]
    Fee,
    /// Penalty on overdue principal 罚息.
    #[n(3)]
    Penalty,
    /// Interest on unpaid interest 复利.
    #[n(4)]
    Compound,
}

impl Component {
    /// All components, in the order of their codes.
    pub const ALL: [Component; 5] =
        [Component::Principal, Component::Interest, Component::Fee, Component::Penalty, Component::Compound];
}

/// An amount of each component, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Parts {
    /// Principal.
    #[n(0)]
    pub principal_fen: i64,
    /// Contract interest.
    #[n(1)]
    pub interest_fen: i64,
    /// Fees and costs.
    #[n(2)]
    pub fee_fen: i64,
    /// Penalty on overdue principal.
    #[n(3)]
    pub penalty_fen: i64,
    /// Interest on unpaid interest.
    #[n(4)]
    pub compound_fen: i64,
}

impl Parts {
    /// Nothing of anything.
    pub const ZERO: Parts = Parts { principal_fen: 0, interest_fen: 0, fee_fen: 0, penalty_fen: 0, compound_fen: 0 };

    /// The amount of one component.
    pub const fn get(&self, component: Component) -> i64 {
        match component {
            Component::Principal => self.principal_fen,
            Component::Interest => self.interest_fen,
            Component::Fee => self.fee_fen,
            Component::Penalty => self.penalty_fen,
            Component::Compound => self.compound_fen,
        }
    }

    /// The amount of one component, to be changed.
    pub fn get_mut(&mut self, component: Component) -> &mut i64 {
        match component {
            Component::Principal => &mut self.principal_fen,
            Component::Interest => &mut self.interest_fen,
            Component::Fee => &mut self.fee_fen,
            Component::Penalty => &mut self.penalty_fen,
            Component::Compound => &mut self.compound_fen,
        }
    }

    /// Adds to one component. Errors on overflow.
    pub fn put(&mut self, component: Component, amount_fen: i64) -> Result<(), LoanError> {
        let slot = self.get_mut(component);
        *slot = slot.checked_add(amount_fen).ok_or(LoanError::Overflow("the sum of a loan"))?;
        Ok(())
    }

    /// All components together. Errors on overflow.
    pub fn total_fen(&self) -> Result<i64, LoanError> {
        Component::ALL
            .iter()
            .try_fold(0i64, |sum, c| sum.checked_add(self.get(*c)))
            .ok_or(LoanError::Overflow("the sum of a loan"))
    }

    /// The sum, component by component. Errors on overflow.
    pub fn plus(&self, other: &Parts) -> Result<Parts, LoanError> {
        self.each(other, i64::checked_add)
    }

    /// The difference, component by component. Errors on overflow.
    pub fn minus(&self, other: &Parts) -> Result<Parts, LoanError> {
        self.each(other, i64::checked_sub)
    }

    fn each(&self, other: &Parts, op: fn(i64, i64) -> Option<i64>) -> Result<Parts, LoanError> {
        let mut result = Parts::ZERO;
        for component in Component::ALL {
            *result.get_mut(component) =
                op(self.get(component), other.get(component)).ok_or(LoanError::Overflow("the sum of a loan"))?;
        }
        Ok(result)
    }
}
