//! A county put by in the night between two days, and taken up again: its people. Map, weather and prices follow from the seed.

use std::collections::BTreeMap;

use basics::Date;
use basics::cbor::{self, DecodeError};

use super::folk::Folk;
use super::fraud::Scheme;
use super::household::Household;
use super::lever::Levers;
use super::{County, World};
use crate::deed::Lived;

type Kept = (
    Vec<Household>,
    BTreeMap<u32, Vec<Lived>>,
    Vec<u32>,
    BTreeMap<u32, i64>,
    Vec<Scheme>,
    i16,
    Levers,
    BTreeMap<u32, Vec<u32>>,
);

impl World {
    /// The county's people as bytes, as they are between two days. What became true and was not taken out yet is not among it.
    pub fn keep(&self) -> Vec<u8> {
        let Folk { households, waiting, truth: _, pending, unheard, schemes, schemes_year, levers, shops } = &self.folk;
        cbor::to_bytes(&(households, waiting, pending, unheard, schemes, schemes_year, levers, shops))
    }

    /// The county of these people on the morning of a day. Errors if the bytes are not those of [`World::keep`].
    pub fn kept(county: &County, (seed, first): (u64, Date), today: Date, bytes: &[u8]) -> Result<World, DecodeError> {
        let kept: Kept = cbor::from_bytes(bytes)?;
        let (households, waiting, pending, unheard, schemes, schemes_year, levers, shops) = kept;
        let mut world = World::unpeopled(county, seed, households.len() as u32, first);
        let truth = Vec::new();
        world.folk = Folk { households, waiting, truth, pending, unheard, schemes, schemes_year, levers, shops };
        // The months that have passed since are those that every county of this seed has.
        world.season.turn(&world.county, &world.map, today.add_days(-1));
        Ok(world)
    }
}
