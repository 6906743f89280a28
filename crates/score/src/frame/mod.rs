//! Tables of anybody's data as models see them: text as it was read, then typed columns.
//!
//! [`Table`] holds the cells as text. A [`Schema`] is learned from a table once, when a model is
//! trained, and says of each column whether it is a number, a date or a category; the same
//! schema turns later tables into a [`Frame`] of the same columns, so that what a model meets is
//! read as what it was trained on was read.

mod cell;
mod schema;
mod special;
mod table;
mod target;

pub use schema::{BadCells, ColumnSpec, Kind, Schema, SchemaSpec};
pub use table::Table;
pub use target::Target;

/// Code of a missing cell in a column of categories.
pub const MISSING: u32 = u32::MAX;

/// Code of a category that the schema does not know.
pub const UNSEEN: u32 = u32::MAX - 1;

/// Typed columns of equal length.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Number of rows.
    pub rows: usize,
    /// The columns, in the order of the schema.
    pub columns: Vec<Values>,
}

/// The values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers, or dates as days since 1970-01-01; what is missing is NaN.
    Number(Vec<f64>),
    /// Positions in the levels of the schema, [`MISSING`] or [`UNSEEN`].
    Category(Vec<u32>),
}

impl Frame {
    /// A number for each row, the same for rows that are equal in every column: twins.
    ///
    /// Two rows that differ get the same number with a chance of about one in 2⁶⁴; they would then only
    /// stand in one fold.
    pub fn twin_keys(&self) -> Vec<u64> {
        let mut keys = vec![0x9e37_79b9_7f4a_7c15_u64; self.rows];
        let stir = |key: &mut u64, bits: u64| {
            let mut z = (*key ^ bits).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *key = z ^ (z >> 32);
        };
        for column in &self.columns {
            match column {
                Values::Number(values) => {
                    for (key, value) in keys.iter_mut().zip(values) {
                        let bits = if value.is_nan() { u64::MAX } else { (value + 0.0).to_bits() };
                        stir(key, bits);
                    }
                }
                Values::Category(codes) => {
                    for (key, code) in keys.iter_mut().zip(codes) {
                        stir(key, u64::from(*code));
                    }
                }
            }
        }
        keys
    }

    /// These rows, in this order.
    pub fn take(&self, rows: &[usize]) -> Frame {
        let columns = self.columns.iter().map(|column| match column {
            Values::Number(values) => Values::Number(rows.iter().map(|r| values[*r]).collect()),
            Values::Category(codes) => Values::Category(rows.iter().map(|r| codes[*r]).collect()),
        });
        Frame { rows: rows.len(), columns: columns.collect() }
    }
}
