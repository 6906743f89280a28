//! How a model treats groups of people that a lender may not prefer one to another: by sex, age, descent, marital status.
//!
//! A cut is put where a given part of all applicants would be approved. For each group: who is approved, what part of its goods
//! is (equal opportunity: Hardt, Price and Srebro, 2016), whether probabilities come true, how well they rank. Leaving the
//! column out of the model does not make it blind, as other columns may tell the group: [`telling`] says which do.

use serde::Serialize;

use crate::bin::Trend;
use crate::judge::judge;
use crate::sample::Past;
use crate::woe::Evidence;

/// A group with fewer goods than this is listed, but no gap is measured by it.
pub const GOODS_MIN: usize = 30;

/// How one group fares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Bad ones.
    pub bads: usize,
    /// Part of the rows that turned bad.
    pub rate: f64,
    /// Part that was expected to.
    pub rate_said: f64,
    /// Part of the rows approved.
    pub approved: f64,
    /// Part of the goods approved.
    pub goods_approved: f64,
    /// Part of the bads approved.
    pub bads_approved: f64,
    /// Area under the ROC curve within the group; none if a class is empty.
    pub auc: Option<f64>,
    /// Slope of the outcome's log odds over the model's.
    pub slope: Option<f64>,
    /// Log odds by which the model is off for the group: positive if the group is riskier than it says.
    pub intercept: Option<f64>,
}

/// How groups fare against one another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fairness {
    /// Probability of bad up to which is approved.
    pub cut: f64,
    /// The groups, the largest first.
    pub groups: Vec<Group>,
    /// The largest part of goods approved less the smallest, over groups of enough goods.
    pub opportunity_gap: f64,
    /// Its standard error.
    pub opportunity_error: f64,
    /// The smallest part of rows approved over the largest: below 0.8 is taken for a sign of discrimination in some countries.
    pub approval_ratio: f64,
    /// The largest distance between what was expected of a group and what came.
    pub calibration_gap: f64,
}

/// Judges probabilities of bad by group, where `approve` (0 to 1) of all rows are approved. `of_row` is a place in `names`. None
/// if there is no row.
pub fn fairness(said: &[f64], bad: &[bool], of_row: &[usize], names: &[String], approve: f64) -> Option<Fairness> {
    let mut sorted = said.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = ((sorted.len() as f64 * approve.clamp(0.0, 1.0)).round() as usize).max(1) - 1;
    let cut = *sorted.get(last.min(sorted.len().checked_sub(1)?))?;
    let mut groups: Vec<Group> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let rows: Vec<usize> = (0..bad.len()).filter(|row| of_row.get(*row) == Some(&at)).collect();
        if rows.is_empty() {
            continue;
        }
        let own: Vec<f64> = rows.iter().map(|row| said[*row]).collect();
        let outcomes: Vec<bool> = rows.iter().map(|row| bad[*row]).collect();
        let bads = outcomes.iter().filter(|b| **b).count();
        let count = |class: bool| own.iter().zip(&outcomes).filter(|(p, b)| **b == class && **p <= cut).count() as f64;
        let (goods_in, bads_in) = (count(false), count(true));
        let figures = judge(&own, &outcomes);
        let all = rows.len() as f64;
        groups.push(Group {
            name: name.clone(),
            rows: rows.len(),
            bads,
            rate: bads as f64 / all,
            rate_said: own.iter().sum::<f64>() / all,
            approved: (goods_in + bads_in) / all,
            goods_approved: goods_in / ((rows.len() - bads) as f64).max(1.0),
            bads_approved: bads_in / (bads as f64).max(1.0),
            auc: figures.as_ref().map(|f| f.auc),
            slope: figures.as_ref().map(|f| f.slope),
            intercept: figures.as_ref().map(|f| f.intercept),
        });
    }
    groups.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.name.cmp(&b.name)));
    let measured: Vec<&Group> = groups.iter().filter(|g| g.rows - g.bads >= GOODS_MIN).collect();
    let by = |pick: fn(&Group) -> f64| {
        let least = measured.iter().copied().min_by(|a, b| pick(a).total_cmp(&pick(b)))?;
        let most = measured.iter().copied().max_by(|a, b| pick(a).total_cmp(&pick(b)))?;
        Some((least, most))
    };
    let (mut opportunity_gap, mut opportunity_error, mut approval_ratio) = (0.0, 0.0, 1.0);
    if let Some((least, most)) = by(|g| g.goods_approved) {
        let variance = |g: &Group| g.goods_approved * (1.0 - g.goods_approved) / ((g.rows - g.bads) as f64).max(1.0);
        opportunity_gap = most.goods_approved - least.goods_approved;
        opportunity_error = (variance(least) + variance(most)).sqrt();
    }
    if let Some((least, most)) = by(|g| g.approved) {
        approval_ratio = if most.approved > 0.0 { least.approved / most.approved } else { 1.0 };
    }
    let calibration_gap = measured.iter().map(|g| (g.rate - g.rate_said).abs()).fold(0.0, f64::max);
    Some(Fairness { cut, groups, opportunity_gap, opportunity_error, approval_ratio, calibration_gap })
}

/// How much each column tells of who belongs to a group: information value, most first, at most `count`. The outcome of
/// `past` has to be the belonging.
pub fn telling(past: &Past, count: usize) -> Vec<(String, f64)> {
    let rows: Vec<usize> = (0..past.rows()).collect();
    let belongs = |row: usize| (past.bad[row], past.weights[row]);
    let mut told: Vec<(String, f64)> = (past.schema.columns.iter().zip(&past.frame.columns).enumerate())
        .map(|(at, (spec, values))| {
            let evidence = Evidence::fit(at as u32, values, &[], Trend::Free, &rows, &belongs);
            (spec.name.clone(), evidence.information)
        })
        .collect();
    told.sort_by(|a, b| b.1.total_cmp(&a.1));
    told.truncate(count);
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_told_apart() {
        // Two groups of 100; of group b the goods look twice as risky as they are.
        let of_row: Vec<usize> = (0..200).map(|row| row / 100).collect();
        let bad: Vec<bool> = (0..200).map(|row| row % 5 == 0).collect();
        let said: Vec<f64> =
            (0..200).map(|row| if row < 100 { 0.2 } else { 0.4 } + f64::from(row % 100) * 1e-3).collect();
        let names = ["a".to_owned(), "b".to_owned()];
        let told = fairness(&said, &bad, &of_row, &names, 0.5).unwrap();
        assert_eq!((told.groups[0].approved, told.groups[1].approved), (1.0, 0.0));
        assert_eq!((told.opportunity_gap, told.approval_ratio), (1.0, 0.0));
        assert!((told.groups[1].rate - 0.2).abs() < 1e-12 && told.calibration_gap > 0.2);
        assert!(told.groups[1].intercept.unwrap() < told.groups[0].intercept.unwrap());
        let all = fairness(&said, &bad, &of_row, &names, 1.0).unwrap();
        assert_eq!((all.opportunity_gap, all.approval_ratio), (0.0, 1.0));
        assert!(fairness(&[], &[], &[], &names, 0.5).is_none());
    }
}
