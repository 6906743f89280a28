//! The class of a loan by days past due, from thresholds that a rule pack gives.

use basics::Date;
use minicbor::{Decode, Encode};

use crate::{LoanError, LoanState};

/// The five classes, from best to worst; the worse compares greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum LoanClass {
    /// Normal 正常.
    #[n(0)]
    Normal,
    /// Special mention 关注.
    #[n(1)]
    SpecialMention,
    /// Substandard 次级.
    #[n(2)]
    Substandard,
    /// Doubtful 可疑.
    #[n(3)]
    Doubtful,
    /// Loss 损失.
    #[n(4)]
    Loss,
}

/// From how many days past due on a loan is in which class.
///
/// ```
/// use loan::{ClassMatrix, LoanClass};
/// let matrix = ClassMatrix::new(vec![
///     (1, LoanClass::SpecialMention),
///     (91, LoanClass::Substandard),
///     (271, LoanClass::Doubtful),
///     (361, LoanClass::Loss),
/// ])?;
/// assert_eq!(matrix.class(90), LoanClass::SpecialMention);
/// assert_eq!(matrix.class(91), LoanClass::Substandard);
/// # Ok::<(), loan::LoanError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassMatrix(Vec<(u32, LoanClass)>);

impl ClassMatrix {
    /// A matrix of (least days past due, class), mildest first. Errors unless days and classes rise.
    pub fn new(thresholds: Vec<(u32, LoanClass)>) -> Result<ClassMatrix, LoanError> {
        let rises = thresholds.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        if rises && thresholds.first().is_none_or(|first| first.0 >= 1) {
            Ok(ClassMatrix(thresholds))
        } else {
            Err(LoanError::Classes(format!("{thresholds:?}")))
        }
    }

    /// The class at so many days past due.
    pub fn class(&self, days_past_due: u32) -> LoanClass {
        self.0.iter().rev().find(|(from, _)| *from <= days_past_due).map_or(LoanClass::Normal, |(_, class)| *class)
    }

    /// The number of days past due at which the class next changes.
    pub fn next_threshold(&self, days_past_due: u32) -> Option<u32> {
        self.0.iter().map(|(from, _)| *from).find(|from| *from > days_past_due)
    }
}

impl LoanState {
    /// The class by days past due alone; events and a manual class may make it worse.
    pub fn class(&self, matrix: &ClassMatrix) -> LoanClass {
        matrix.class(self.days_past_due)
    }

    /// The next date after this state's on which something happens by itself.
    ///
    /// That is the next due date, the day the class changes, or the day after the grace days
    /// on which a penalty appears. `None` if nothing is to come.
    pub fn next_date(&self, matrix: &ClassMatrix) -> Option<Date> {
        let class_changes = self.oldest_unpaid_due.and_then(|due| {
            let days = matrix.next_threshold(self.days_past_due)?;
            Some(due.add_days(i32::try_from(days).ok()?))
        });
        [self.next_due, class_changes, self.grace_ends].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_must_rise() {
        use LoanClass::*;
        assert!(ClassMatrix::new(vec![]).is_ok());
        assert!(ClassMatrix::new(vec![(0, SpecialMention)]).is_err());
        assert!(ClassMatrix::new(vec![(1, SpecialMention), (1, Loss)]).is_err());
        assert!(ClassMatrix::new(vec![(1, Loss), (2, Doubtful)]).is_err());
    }
}
