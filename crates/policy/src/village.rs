//! The appraisal of a household by its village 背靠背评议, and the preliminary limit that follows.
//!
//! Several people of the village say apart from each other what a household could carry, without seeing a score or each
//! other's word. One friend or one enemy among them must not decide: the highest and the lowest are left out before the
//! mean is taken (trimmed mean). Who is kin, or is asked about the own household, does not count.

use basics::Id;

/// Fewest people whose word makes an appraisal: with fewer, leaving out the highest and the lowest leaves nothing.
pub const RATERS_MIN: usize = 3;

/// One word of many that is left out at each end: a fifth of them, and never less than one.
const TRIMMED_ONE_IN: usize = 5;

/// What one person said of one household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who said it.
    pub rater: Id,
    /// What the household could carry, in minor units; 0 is: lend it nothing.
    pub amount_minor: i64,
    /// Whether the person may not be heard on this household 回避.
    pub recused: bool,
}

/// What the village says of a household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appraised {
    /// The trimmed mean, in minor units, rounded down.
    pub amount_minor: i64,
    /// How many were heard.
    pub heard: usize,
    /// How many spoke and were not heard.
    pub recused: usize,
    /// Who said more than twice the median, or less than half of it, in the order of their ids.
    pub outliers: Vec<Id>,
}

/// What people of the village said, as one amount; `None` where fewer than `raters_min` (at least [`RATERS_MIN`]) may be heard.
///
/// A mark below 0 counts as 0. The order in which they spoke makes no difference.
pub fn appraise(marks: &[Mark], raters_min: usize) -> Option<Appraised> {
    let mut heard: Vec<&Mark> = marks.iter().filter(|mark| !mark.recused).collect();
    if heard.len() < raters_min.max(RATERS_MIN) {
        return None;
    }
    heard.sort_by_key(|mark| (mark.amount_minor, mark.rater));
    let amounts: Vec<i128> = heard.iter().map(|mark| i128::from(mark.amount_minor.max(0))).collect();
    let trimmed = (amounts.len() / TRIMMED_ONE_IN).max(1);
    let kept = amounts.get(trimmed..amounts.len() - trimmed).unwrap_or_default();
    let mean = kept.iter().sum::<i128>() / (kept.len().max(1) as i128);
    // Twice the median, so that it is whole where their number is even.
    let twice_median = amounts.get((amounts.len() - 1) / 2)? + amounts.get(amounts.len() / 2)?;
    let is_outlier = |amount: i128| amount > twice_median || 4 * amount < twice_median;
    let mut outliers: Vec<Id> =
        heard.iter().zip(&amounts).filter(|(_, amount)| is_outlier(**amount)).map(|(mark, _)| mark.rater).collect();
    outliers.sort_unstable();
    Some(Appraised {
        amount_minor: i64::try_from(mean).unwrap_or(i64::MAX),
        heard: heard.len(),
        recused: marks.len() - heard.len(),
        outliers,
    })
}

/// What a preliminary limit is made of, all in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What the village says; `None` where too few could be heard.
    pub appraised_minor: Option<i64>,
    /// What model and rules would let it have; `None` where too little is known of it, 0 where they decline.
    pub profile_minor: Option<i64>,
    /// Most for any household of the campaign.
    pub most_minor: i64,
    /// Most for a household of which too little is known.
    pub unknown_most_minor: i64,
    /// Least that the product lends.
    pub least_minor: i64,
    /// Limits are multiples of this.
    pub step_minor: i64,
}

/// Which bound made a preliminary limit what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundBy {
    /// Too few people of the village could be heard: there is none.
    TooFewMarks,
    /// What the village says.
    Appraisal,
    /// What model and rules would let it have.
    Profile,
    /// The most of the campaign.
    Most,
    /// The most for a household of which too little is known.
    UnknownMost,
    /// Less than the product lends: there is none.
    BelowLeast,
}

impl BoundBy {
    /// The name under which it is kept.
    pub const fn as_str(self) -> &'static str {
        match self {
            BoundBy::TooFewMarks => "too_few_marks",
            BoundBy::Appraisal => "appraisal",
            BoundBy::Profile => "profile",
            BoundBy::Most => "most",
            BoundBy::UnknownMost => "unknown_most",
            BoundBy::BelowLeast => "below_least",
        }
    }
}

/// The preliminary limit of a household, in minor units: the least of what the village says, what model and rules allow, and
/// what the campaign gives at most; and which of them it was.
pub fn preliminary(bounds: &Bounds) -> (i64, BoundBy) {
    let Some(appraised_minor) = bounds.appraised_minor else { return (0, BoundBy::TooFewMarks) };
    let known = match bounds.profile_minor {
        Some(minor) => (minor, BoundBy::Profile),
        None => (bounds.unknown_most_minor, BoundBy::UnknownMost),
    };
    let mut least = (appraised_minor, BoundBy::Appraisal);
    for bound in [known, (bounds.most_minor, BoundBy::Most)] {
        if bound.0 < least.0 {
            least = bound;
        }
    }
    let (minor, by) = least;
    let step = bounds.step_minor.max(1);
    let limit = minor.max(0) / step * step;
    match (limit, minor) {
        // Where somebody said nothing at all, it is that word and not the product's least.
        (0, ..=0) => (0, by),
        (limit, _) if limit < bounds.least_minor.max(1) => (0, BoundBy::BelowLeast),
        (limit, _) => (limit, by),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marks(amounts: &[i64]) -> Vec<Mark> {
        let mark = |(n, amount): (usize, &i64)| Mark {
            rater: Id::from_u128(n as u128 + 1),
            amount_minor: *amount,
            recused: false,
        };
        amounts.iter().enumerate().map(mark).collect()
    }

    #[test]
    fn friend_and_enemy_do_not_decide() {
        let mut table = String::new();
        for amounts in [
            &[30, 20, 25][..],
            &[30, 20, 25, 26, 900],
            &[0, 20, 25, 26, 30],
            &[20, 20],
            &[0, 0, 0, 50],
            &[10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
        ] {
            let said = appraise(&marks(amounts), 3);
            let line = match said {
                None => "too few".to_owned(),
                Some(said) => format!("{} of {} heard, outliers {:?}", said.amount_minor, said.heard, {
                    said.outliers.iter().map(|id| id.0.as_u128()).collect::<Vec<_>>()
                }),
            };
            table.push_str(&format!("{amounts:?}: {line}\n"));
        }
        insta::assert_snapshot!(table, @"
        [30, 20, 25]: 25 of 3 heard, outliers []
        [30, 20, 25, 26, 900]: 27 of 5 heard, outliers [5]
        [0, 20, 25, 26, 30]: 23 of 5 heard, outliers [1]
        [20, 20]: too few
        [0, 0, 0, 50]: 0 of 4 heard, outliers [4]
        [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]: 55 of 10 heard, outliers [1, 2]
        ");
    }

    #[test]
    fn kin_is_not_heard() {
        let mut said = marks(&[20, 22, 24, 900]);
        said[3].recused = true;
        let appraised = appraise(&said, 3).unwrap();
        assert_eq!((appraised.amount_minor, appraised.heard, appraised.recused), (22, 3, 1));
        said[2].recused = true;
        assert_eq!(appraise(&said, 3), None, "two are too few");
    }

    #[test]
    fn a_limit_is_its_least_bound() {
        let all = Bounds {
            appraised_minor: Some(3_000_000),
            profile_minor: Some(2_555_500),
            most_minor: 5_000_000,
            unknown_most_minor: 1_000_000,
            least_minor: 100_000,
            step_minor: 10_000,
        };
        let mut table = String::new();
        for (name, bounds) in [
            ("known", all),
            ("little known", Bounds { profile_minor: None, ..all }),
            ("declined", Bounds { profile_minor: Some(0), ..all }),
            ("village says little", Bounds { appraised_minor: Some(123_456), ..all }),
            ("village says nothing", Bounds { appraised_minor: Some(0), ..all }),
            ("below the product", Bounds { appraised_minor: Some(99_999), ..all }),
            ("campaign", Bounds { most_minor: 2_000_000, ..all }),
            ("nobody heard", Bounds { appraised_minor: None, ..all }),
        ] {
            let (limit, by) = preliminary(&bounds);
            table.push_str(&format!("{name:21} {limit:>8} {}\n", by.as_str()));
        }
        insta::assert_snapshot!(table, @"
        known                  2550000 profile
        little known           1000000 unknown_most
        declined                     0 profile
        village says little     120000 appraisal
        village says nothing         0 appraisal
        below the product            0 below_least
        campaign               2000000 most
        nobody heard                 0 too_few_marks
        ");
    }

    proptest! {
        #[test]
        fn an_appraisal_lies_within_what_was_said(
            amounts in prop::collection::vec(0_i64..1_000_000_000, 3..40),
            turn in 0_usize..40,
            one in 0_i64..1_000_000_000,
        ) {
            let said = appraise(&marks(&amounts), 3).unwrap();
            let (low, high) = (*amounts.iter().min().unwrap(), *amounts.iter().max().unwrap());
            prop_assert!((low..=high).contains(&said.amount_minor));
            // Whoever speaks first makes no difference.
            let mut turned = marks(&amounts);
            turned.rotate_left(turn % amounts.len());
            prop_assert_eq!(&appraise(&turned, 3).unwrap(), &said);
            // One person alone, however high or low, moves it no further than the others reach.
            let mut changed = marks(&amounts);
            changed[0].amount_minor = one;
            let moved = appraise(&changed, 3).unwrap();
            let others = &amounts[1..];
            let bounds = *others.iter().min().unwrap()..=*others.iter().max().unwrap();
            prop_assert!(bounds.contains(&moved.amount_minor));
            // And saying more never makes it less.
            if one >= amounts[0] {
                prop_assert!(moved.amount_minor >= said.amount_minor);
            }
        }
    }
}
