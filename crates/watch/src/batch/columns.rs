//! Column by column: how far out in its tails, and how thin the place.

use score::math::ln;

use super::{quantile, sorted_column};

/// The empirical distribution of every column.
#[derive(Clone, Debug)]
pub(super) struct Tails(Vec<Vec<f64>>);

impl Tails {
    pub(super) fn of(rows: &[Vec<f64>]) -> Tails {
        let width = rows.first().map_or(0, Vec::len);
        Tails((0..width).map(|column| sorted_column(rows, column)).collect())
    }

    /// Sum over columns of −ln of the smaller of both tails.
    pub(super) fn score(&self, row: &[f64]) -> f64 {
        let columns = self.0.iter().zip(row);
        columns
            .map(|(sorted, value)| {
                let below = sorted.partition_point(|known| known < value);
                let up_to = sorted.partition_point(|known| known <= value);
                let smaller = up_to.min(sorted.len() - below) as f64;
                -ln(smaller.max(0.5) / sorted.len() as f64)
            })
            .sum()
    }
}

/// Densities of every column: by bins of equal width, and by how far its neighbours in order lie.
#[derive(Clone, Debug)]
pub(super) struct Densities {
    columns: Vec<Column>,
    rows: f64,
}

#[derive(Clone, Debug)]
struct Column {
    sorted: Vec<f64>,
    low: f64,
    width: f64,
    counts: Vec<f64>,
    /// The span of nine tenths of the values.
    span: f64,
}

impl Densities {
    pub(super) fn of(rows: &[Vec<f64>]) -> Densities {
        let bins = ((rows.len() as f64).sqrt() as usize).clamp(10, 50);
        let width = rows.first().map_or(0, Vec::len);
        let columns = (0..width).map(|column| {
            let sorted = sorted_column(rows, column);
            let (low, high) = (quantile(&sorted, 0.0), quantile(&sorted, 1.0));
            let mut one = Column { low, width: (high - low) / bins as f64, counts: vec![0.0; bins], span: 0.0, sorted };
            for row in rows {
                let bin = one.bin(row[column]);
                one.counts[bin] += 1.0;
            }
            let inner = quantile(&one.sorted, 0.95) - quantile(&one.sorted, 0.05);
            one.span = if inner > 0.0 { inner } else { high - low };
            one
        });
        Densities { columns: columns.collect(), rows: rows.len() as f64 }
    }

    /// Sums over columns: −ln of the share in the value's bin; ln of the room that its nearest in order take up.
    pub(super) fn score(&self, row: &[f64]) -> [f64; 2] {
        let mut sums = [0.0; 2];
        let near = (self.rows.sqrt() as usize).max(10) / 2;
        for (column, value) in self.columns.iter().zip(row) {
            let inside = *value >= column.low && *value <= quantile(&column.sorted, 1.0);
            let count = if inside { column.counts[column.bin(*value)] } else { 0.0 };
            sums[0] -= ln((count + 0.1) / self.rows);
            let at = column.sorted.partition_point(|known| known < value);
            let last = column.sorted.len() - 1;
            let (low, high) = (column.sorted[at.saturating_sub(near).min(last)], column.sorted[(at + near).min(last)]);
            let room = (high.max(*value) - low.min(*value)).max(0.0);
            sums[1] += ln(if column.span > 0.0 { room / column.span } else { 0.0 } + 1e-3);
        }
        sums
    }
}

impl Column {
    fn bin(&self, value: f64) -> usize {
        let place = if self.width > 0.0 { (value - self.low) / self.width } else { 0.0 };
        (place.max(0.0) as usize).min(self.counts.len() - 1)
    }
}
