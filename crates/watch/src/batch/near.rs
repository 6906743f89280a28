//! How far the nearest of a small drawn sample lies, over many samples.

use score::random::Stream;

use super::isolation::draw;
use super::{quantile, sorted_column};

/// Samples, and rows of each.
const SAMPLES: usize = 50;
const SAMPLE: usize = 16;
/// Robust values are held within so many deviations: one column does not drown the others.
const ROBUST_MAX: f64 = 50.0;

/// A centre and a width for each column.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    columns: Vec<(f64, f64)>,
    most: f64,
}

impl Scale {
    /// Mean and standard deviation.
    pub(super) fn plain(rows: &[Vec<f64>]) -> Scale {
        let width = rows.first().map_or(0, Vec::len);
        Scale { columns: (0..width).map(|column| moments(rows, column)).collect(), most: f64::INFINITY }
    }

    /// Median and the span of the middle half, as wide as a deviation of normal values; where half of the values are equal, the standard deviation.
    pub(super) fn robust(rows: &[Vec<f64>]) -> Scale {
        let width = rows.first().map_or(0, Vec::len);
        let columns = (0..width).map(|column| {
            let sorted = sorted_column(rows, column);
            let deviation = moments(rows, column).1;
            let middle = (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / 1.35;
            (quantile(&sorted, 0.5), if middle > 1e-9 * deviation { middle } else { deviation })
        });
        Scale { columns: columns.collect(), most: ROBUST_MAX }
    }

    /// A row in this scale.
    pub(super) fn of(&self, row: &[f64]) -> Vec<f64> {
        let scaled = row.iter().zip(&self.columns);
        scaled.map(|(value, (centre, width))| ((value - centre) / width).clamp(-self.most, self.most)).collect()
    }
}

fn moments(rows: &[Vec<f64>], column: usize) -> (f64, f64) {
    let count = rows.len() as f64;
    let mean = rows.iter().map(|row| row[column]).sum::<f64>() / count;
    let variance = rows.iter().map(|row| (row[column] - mean) * (row[column] - mean)).sum::<f64>() / count;
    (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
}

/// The samples.
#[derive(Clone, Debug)]
pub(super) struct Near {
    scale: Scale,
    samples: Vec<Vec<(usize, Vec<f64>)>>,
}

impl Near {
    pub(super) fn draw(rows: &[Vec<f64>], scale: Scale, stream: &mut Stream) -> Near {
        let one = |_| {
            let places = draw(rows.len(), SAMPLE.min(rows.len()), stream);
            places.into_iter().map(|at| (at, scale.of(&rows[at]))).collect()
        };
        Near { samples: (0..SAMPLES).map(one).collect(), scale }
    }

    /// Mean distance to the nearest of each sample, a row's own place left out.
    pub(super) fn score(&self, row: &[f64], own: Option<usize>) -> f64 {
        let row = self.scale.of(row);
        let nearest = |sample: &Vec<(usize, Vec<f64>)>| {
            let others = sample.iter().filter(|(at, _)| Some(*at) != own);
            let distance =
                |(_, other): &(usize, Vec<f64>)| row.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            others.map(distance).fold(f64::INFINITY, f64::min)
        };
        self.samples.iter().map(|sample| nearest(sample).sqrt()).sum::<f64>() / self.samples.len() as f64
    }
}
