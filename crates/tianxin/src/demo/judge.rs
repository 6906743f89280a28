//! The model of the demonstration: trained on the past loans of another county that lived with a plain lender.

use basics::Date;
use score::{DataCard, ModelFile, TrainSpec, train};
use sim::County;

use crate::failure::Failure;
use crate::sim::lessons::{lawful_columns, lessons, sample};

/// Households of that other county.
const HOUSEHOLDS: u32 = 1_600;
/// Days that it lived, to the day on which the demonstration begins.
const DAYS: i32 = 2 * 365;
/// Its seed: nobody of it lives in the demonstration.
const SEED: u64 = 20_262;

/// Trains a scorecard on the loans of a county that lived until `on`.
pub fn model(on: Date) -> Result<ModelFile, Failure> {
    let county = County::shipped().map_err(|error| Failure::Wrong(error.to_string()))?;
    let first = on.add_days(-DAYS);
    let columns = lawful_columns();
    let past = sample(&lessons(&county, SEED, HOUSEHOLDS, (first, DAYS)), &columns);
    let card = DataCard {
        name: "a simulated county with a plain lender".to_owned(),
        outcome: "more than 90 days past due at any time".to_owned(),
        from: first.to_string(),
        to: on.to_string(),
        limits: vec!["a simulated county, no real one: for looking, not for lending".to_owned()],
    };
    // Whoever waits for a demonstration waits for this too: the settings are compared once, not six times.
    let spec = TrainSpec { repeats: 1, ..TrainSpec::usual(columns, SEED) };
    train(&past, card, &spec).map_err(|error| Failure::Wrong(error.to_string()))
}
