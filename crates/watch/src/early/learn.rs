//! Points learnt of instalments that were met or missed.
//!
//! Logistic regression over bands, coded so that each band has what it adds to the one before: coefficients are never below 0, and so
//! a worse value of a sign never helps. What a sign cannot say has points of its own.

use score::logistic::fit;

use super::Signs;
use super::model::{Model, Points};

/// Missed instalments without which nothing is learnt.
pub const MISSES_MIN: usize = 30;
/// Cost of half a squared coefficient, in units of the log likelihood.
const RIDGE: f64 = 4.0;

/// An instalment that was looked ahead at, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// When it fell due.
    pub due_on: basics::Date,
    /// Days before that on which it was looked at.
    pub lead_days: i32,
    /// What was known then.
    pub signs: Signs,
    /// Whether it was missed.
    pub is_missed: bool,
}

/// A model with the bands of another and points learnt of rows. `origin` says of what. Signs of which no row says anything keep
/// the points that they had.
///
/// Errors, saying how many there are, if fewer than [`MISSES_MIN`] were missed or met.
pub fn learn(bands: &Model, rows: &[Row], origin: &str) -> Result<Model, String> {
    let missed = rows.iter().filter(|row| row.is_missed).count();
    let met = rows.len() - missed;
    if missed < MISSES_MIN || met < MISSES_MIN {
        return Err(format!(
            "{missed} instalments were missed and {met} met: at least {MISSES_MIN} of each are needed to learn from"
        ));
    }
    let mut columns: Vec<(usize, Part)> = Vec::new();
    let mut said = Vec::new();
    for (place, points) in bands.signs.iter().enumerate() {
        let told = rows.iter().any(|row| row.signs.get(points.sign).is_some());
        said.push(told);
        if told {
            columns.extend((1..points.milli.len()).map(|band| (place, Part::FromBand(band))));
            columns.push((place, Part::Unknown));
        }
    }
    let column = |(place, part): &(usize, Part)| -> Vec<f64> {
        let points = &bands.signs[*place];
        let value = |row: &Row| f64::from(u8::from(part.is_on(points, row.signs.get(points.sign))));
        rows.iter().map(value).collect()
    };
    let bad: Vec<bool> = rows.iter().map(|row| row.is_missed).collect();
    let fitted = fit(&columns.iter().map(column).collect::<Vec<_>>(), &bad, RIDGE);
    let mut model = Model { origin: origin.to_owned(), ..bands.clone() };
    // What keeps its points acts on nobody in these rows, since nothing is told of it: only `unknown` would, and that is 0 or kept.
    let kept: i32 =
        model.signs.iter().zip(&said).filter(|(_, told)| !**told).map(|(points, _)| points.unknown_milli).sum();
    model.intercept_milli = milli(fitted.intercept) - kept;
    for (place, points) in model.signs.iter_mut().enumerate().filter(|(place, _)| said[*place]) {
        let of = |wanted: Part| {
            let found = columns.iter().zip(&fitted.coefficients).find(|(column, _)| **column == (place, wanted));
            found.map_or(0.0, |(_, coefficient)| *coefficient)
        };
        let mut sum = 0.0;
        let mut steps = vec![0];
        for band in 1..points.milli.len() {
            sum += of(Part::FromBand(band));
            steps.push(milli(sum));
        }
        if !points.sign.is_worse_above() {
            steps.reverse();
        }
        points.milli = steps;
        points.unknown_milli = milli(of(Part::Unknown));
    }
    Ok(model)
}

fn milli(log_odds: f64) -> i32 {
    (log_odds * 1_000.0).round() as i32
}

/// What a column of the regression says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Its value lies in this band or a worse one, counted from the best.
    FromBand(usize),
    /// Nothing is known.
    Unknown,
}

impl Part {
    fn is_on(self, points: &Points, value: Option<i64>) -> bool {
        match (self, value) {
            (Part::Unknown, value) => value.is_none(),
            (Part::FromBand(_), None) => false,
            (Part::FromBand(from), Some(value)) => {
                let band = points.band(value);
                let from_best = if points.sign.is_worse_above() { band } else { points.milli.len() - 1 - band };
                from_best >= from
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sign;
    use super::*;
    use crate::number::scatter;

    /// Instalments missed by chance, more of them where the balance covers little and where something is overdue.
    fn rows(count: u64) -> Vec<Row> {
        let row = |n: u64| {
            let (cover, overdue) = ((scatter(n) % 300) as i64, if scatter(n << 1).is_multiple_of(8) { 12 } else { 0 });
            let mut signs = Signs::default();
            signs.put(Sign::SeasonCover, Some(cover).filter(|_| !n.is_multiple_of(10)));
            signs.put(Sign::OverdueNow, Some(overdue));
            // Odds of 3 to 97, 7.1 times where little is covered, 24.4 times where something is overdue.
            let ppm = match (cover <= 100, overdue > 0) {
                (false, false) => 30_000,
                (true, false) => 180_000,
                (false, true) => 430_000,
                (true, true) => 843_000,
            };
            Row { due_on: basics::Date::default(), lead_days: 28, signs, is_missed: scatter(n << 20) % 1_000_000 < ppm }
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn points_are_those_that_made_the_rows_and_never_turn() {
        let bands = Model::usual().unwrap();
        let learnt = learn(&bands, &rows(20_000), "a test").unwrap();
        for points in &learnt.signs {
            let mut inward = points.milli.clone();
            if !points.sign.is_worse_above() {
                inward.reverse();
            }
            assert!(inward.is_sorted(), "{points:?}");
        }
        let chance = |cover: i64, overdue: i64| {
            let mut signs = Signs::default();
            signs.put(Sign::SeasonCover, Some(cover));
            signs.put(Sign::OverdueNow, Some(overdue));
            f64::from(learnt.chance_ppm(&signs)) / 1e6
        };
        for (said, truth) in [(chance(290, 0), 0.03), (chance(20, 0), 0.18), (chance(290, 12), 0.43)] {
            assert!((said / truth - 1.0).abs() < 0.25, "{said} {truth}");
        }
        // What no row speaks of stays as it was.
        let kept = |model: &Model| model.signs.iter().find(|points| points.sign == Sign::DebtElsewhere).cloned();
        assert_eq!(kept(&learnt), kept(&bands));
        assert_eq!(Model::parse("learnt.toml", &learnt.to_toml()).unwrap(), learnt);
    }

    #[test]
    fn too_little_is_not_learnt_from() {
        let error = learn(&Model::usual().unwrap(), &rows(100)[..60], "a test").unwrap_err();
        assert!(error.contains("at least 30 of each"), "{error}");
    }
}
