//! What can be wrong with a crop calendar, with what a household grows, or with a plan made of them.

use basics::Date;

/// Every way a seasonal plan is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeasonError {
    /// A crop calendar cannot be used as it stands.
    #[error("{file}, line {line}, `{field}`: {problem}")]
    File {
        /// File name as it was given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Field, with its table: `season.income`.
        field: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// The calendar has no such region.
    #[error("the crop calendar has no region `{asked}`: choose one of {known}")]
    UnknownRegion {
        /// What was asked for.
        asked: String,
        /// The regions there are, with their Chinese names.
        known: String,
    },
    /// The calendar has no such crop.
    #[error("the crop calendar has no crop `{asked}`: choose one of {known}")]
    UnknownCrop {
        /// What was asked for.
        asked: String,
        /// The crops there are, with their Chinese names.
        known: String,
    },
    /// The calendar has no months for this crop in this region.
    #[error(
        "the crop calendar has no months for {crop} in {region}: choose one of {known}, or add the crop in a file of your own"
    )]
    NoSeason {
        /// Region code.
        region: String,
        /// Crop code.
        crop: String,
        /// The crops with months there.
        known: String,
    },
    /// A list of crops that cannot be read.
    #[error("`{asked}` is not a list of crops: {problem}, such as wheat:4,maize:6")]
    Crops {
        /// What was given.
        asked: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The product does not lend on this crop.
    #[error("this product does not lend on {crop}: it lends on {allowed}")]
    CropNotAllowed {
        /// Crop code.
        crop: String,
        /// Codes of the crops it lends on.
        allowed: String,
    },
    /// Nothing grown brings money inside the term.
    #[error("nothing grown brings money between {from} and {maturity}: {advice}")]
    NoIncomeInside {
        /// The first day on which a row may fall due.
        from: Date,
        /// The end of the term.
        maturity: Date,
        /// The first month that would do, or that there is none.
        advice: String,
    },
    /// A date outside the years that are kept.
    #[error(transparent)]
    Date(#[from] basics::date::DateError),
}
