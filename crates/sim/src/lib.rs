//! The county: people with reasons, and the driver that carries what they do to the platform's door.
//!
//! The world ([`deed`] is its border) knows nothing of the platform; the driver knows nothing of why
//! people act. Hidden causes leave the world only towards the files of truth.

#![warn(missing_docs)]

pub mod county;
pub mod deed;
pub mod drive;
pub mod lab;
pub mod moments;
pub mod world;

pub use county::{County, CountyError};
pub use world::World;
