//! Binning and scorecards: training, inference, explanation and the metrics that judge them.
//!
//! A [`Sample`] of past loans and a [`TrainSpec`] give a [`ModelFile`] by [`train`]; its
//! [`Scorecard`] turns a household's features into a [`Score`]. Training uses floating
//! point in fixed order with its own [`math`], a scorecard holds whole numbers only, so the
//! same sample, settings and seed give the same bytes on any machine, and a decision made
//! once can be replayed to the bit.
//!
//! A model of anybody's table is a [`bundle::Bundle`]: a [`frame::Schema`] reads the table,
//! [`portfolio::train`] lets candidates race on rows left out and joins the best, [`judge::judge`]
//! says what probabilities are worth.
//!
//! What is deliberately absent: this crate knows no feature's meaning (names only), reads
//! no file and no clock, starts no thread, and draws nothing from the system's randomness.

#![warn(missing_docs)]

pub mod bin;
pub mod blend;
pub mod bundle;
pub mod calibrate;
pub mod candidate;
pub mod crew;
pub mod drift;
pub mod encode;
pub mod explain;
pub mod fair;
pub mod fast;
pub mod frame;
pub mod grow;
pub mod import;
pub mod judge;
pub mod logistic;
pub mod math;
pub mod member;
pub mod metrics;
pub mod model;
pub mod portfolio;
mod race;
pub mod random;
pub mod rejects;
pub mod sample;
pub mod scorecard;
pub mod train;
pub mod tree;
pub mod woe;

pub use bin::Trend;
pub use import::{ImportError, Imported, import};
pub use model::{DataCard, ModelFile};
pub use scorecard::{Contribution, Rating, Score, Scorecard};
pub use train::{Sample, TrainSpec, Tuning, train};
pub use tree::Ensemble;

/// What can go wrong in training and with model files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// The sample cannot train anything.
    #[error("the sample has {bads} bad of {rows} rows: at least {needed} of each class are needed to train")]
    TooFew {
        /// Rows.
        rows: usize,
        /// Bad ones among them.
        bads: usize,
        /// Rows of each class needed.
        needed: usize,
    },
    /// A column of the sample has another length than the outcomes.
    #[error("column `{column}` has {found} values for {rows} outcomes: give one value, or none, a row")]
    Shape {
        /// The column.
        column: String,
        /// Its number of values.
        found: usize,
        /// Number of outcomes.
        rows: usize,
    },
    /// The settings cannot be trained with.
    #[error("training setting `{setting}` is {value}: {wanted}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What it is.
        value: String,
        /// What it has to be.
        wanted: &'static str,
    },
    /// The bytes are no model file of a known format.
    #[error("this is no model file: {0}; give a file written by training")]
    NotAModel(String),
    /// The bytes have another hash than the model that was asked for.
    #[error("model {expected} was asked for, these bytes are {found}: the file was changed or misnamed")]
    Hash {
        /// Hash asked for, hex.
        expected: String,
        /// Hash of the bytes, hex.
        found: String,
    },
    /// A model reads a feature that does not exist.
    #[error("the model reads feature `{0}`, which the feature table does not have: use a model made for this table")]
    UnknownFeature(String),
    /// An imported model that no exact reasons can be given for.
    #[error(
        "this model has linear leaves, does not know how many rows came to each leaf, or has a tree of more than 512 splits \
         on the way to a leaf: it predicts and is judged, but cannot be explained; train it without and export it with its counts"
    )]
    Unexplained,
    /// An ensemble of trees is not sound.
    #[error(transparent)]
    Tree(#[from] tree::TreeError),
    /// The text is no table: not UTF-8, a line with too few or too many cells, no line at all.
    #[error("the table cannot be read: {0}")]
    NotATable(String),
    /// Two columns have one name.
    #[error("two columns are named `{0}`: rename one of them")]
    DuplicateColumn(String),
    /// A column that was named is not in the table.
    #[error("the table has no column `{column}`; its columns are {known}")]
    NoColumn {
        /// The column asked for.
        column: String,
        /// What there is.
        known: String,
    },
    /// The target has one class only, or the positive value cannot be told.
    #[error("target `{column}`: {what}")]
    Target {
        /// The target's column.
        column: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A column without a single value.
    #[error("column `{0}` has no value at all: leave it out with --exclude")]
    AllMissing(String),
    /// An infinite number.
    #[error("column `{column}` is infinite in row {row}: put a number or leave it empty")]
    Infinite {
        /// The column.
        column: String,
        /// The row, the first after the header being 1.
        row: usize,
    },
    /// More cells of numeric columns cannot be read than is allowed.
    #[error("column `{column}`: {count} of {rows} cells are no numbers, more than --max-bad-share allows")]
    TooManyBadCells {
        /// The column.
        column: String,
        /// Cells that cannot be read.
        count: usize,
        /// Rows.
        rows: usize,
    },
}
