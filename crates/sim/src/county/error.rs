//! What can be wrong with a county file, said so that whoever wrote it can mend it.

/// Why a county file was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountyError {
    /// It is not TOML, a field is missing, of the wrong type, or not known.
    #[error("{file}: {message}")]
    Form {
        /// The file.
        file: String,
        /// What the reader said, with line and column.
        message: String,
    },
    /// A figure lies outside of what can be.
    #[error("{file}, line {line}: {field} is {found}; write a number from {low} to {high}")]
    Range {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The field, with the section it stands in.
        field: String,
        /// What stands there.
        found: i64,
        /// The least that can be.
        low: i64,
        /// The most that can be.
        high: i64,
    },
    /// Figures that have to make a whole do not.
    #[error("{file}, line {line}: {field} adds up to {found}; write shares that add up to {whole}")]
    Shares {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The field, with the section it stands in.
        field: String,
        /// What they add up to.
        found: i64,
        /// What they have to add up to.
        whole: i64,
    },
    /// A crop never brings anything in.
    #[error(
        "{file}, line {line}: crop {crop} has no month of harvest; write into `income` what share of its yield is sold in which of the twelve months"
    )]
    NoHarvest {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The crop.
        crop: String,
    },
    /// A name that no other part of the file explains.
    #[error("{file}, line {line}: {field} names {found}, which is not known; write one of {known}")]
    Unknown {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The field, with the section it stands in.
        field: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        known: String,
    },
    /// A name is used twice.
    #[error("{file}, line {line}: {field} {found} stands there twice; leave one out")]
    Twice {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// The field.
        field: String,
        /// The name.
        found: String,
    },
    /// A list without entries.
    #[error("{file}: there is no [[{section}]]; write at least one")]
    Empty {
        /// The file.
        file: String,
        /// The section.
        section: String,
    },
}
