//! Seasons: principal falls due when the harvest is sold, and gives way when a harvest is lost.
//!
//! The [crop calendar](calendar) says in which months a crop brings money in a region. A household's
//! crops, blended by their areas, become the [rows] of a seasonal loan 季节性还款 under the product's [rule].
//!
//! ```
//! use basics::Date;
//! use loan::season::{CropCalendar, SeasonRule, parse_crops, rows};
//!
//! let calendar = CropCalendar::shipped()?;
//! let crops = parse_crops("wheat:4, maize:6")?;
//! let plan = rows(&calendar, "河南", &crops, Date::ymd(2027, 3, 1)?, 8, &SeasonRule::default())?;
//! assert_eq!(
//!     plan.to_string(),
//!     "\
//! 2027-06-30  40.0000 %  wheat 40.0000
//! 2027-10-31  60.0000 %  maize 60.0000
//! "
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod calendar;
mod calendar_file;
pub mod change;
pub mod disaster;
pub mod error;
pub(crate) mod file;
pub mod guarantee;
pub mod preview;
mod product;
pub mod propose;
pub mod rows;
pub mod rule;

pub use calendar::{Crop, CropCalendar, CropSeason, MonthShares, Region, Sure};
pub use change::{
    BorrowerConsent, ChangeLimits, Consent, Consents, Deferral, DeferredInterest, DeferredPart, DeferredScope,
    GuarantorConsent, Replan, ReplanReason, ReplanRow, class_marks,
};
pub use disaster::{Offered, Programme, offer};
pub use error::SeasonError;
pub use guarantee::{Carried, carried};
pub use preview::{ChangePreview, preview};
pub use product::HouseholdSeasons;
pub use propose::{Departure, NoProposal, Proposal, propose};
pub use rows::{Grown, HouseholdYear, SeasonPlan, SeasonRow, SeasonTerms, household_year, parse_crops, rows};
pub use rule::SeasonRule;
