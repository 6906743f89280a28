//! The figures that a laboratory run assumes beside the county's own: hours, wages, fares, prices of money, with sources.
//!
//! They stand in one file with their sources ([`SHIPPED`]); an experiment may set others, and varies those it names.

use serde::Deserialize;

/// The text of the figures that the program comes with.
pub const SHIPPED: &str = include_str!("../../../../experiments/assumed.toml");

macro_rules! assumed {
    ($($(#[$doc:meta])* $name:ident $low:literal to $high:literal,)*) => {
        /// Figures by name. All are whole numbers in the unit that their name ends with.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Assumed { $($(#[$doc])* pub $name: i64,)* }

        impl Assumed {
            /// Names of all figures.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Range in which a figure can be; none if there is no such figure.
            pub fn range(name: &str) -> Option<(i64, i64)> {
                match name { $(stringify!($name) => Some(($low, $high)),)* _ => None }
            }

            /// A figure to be set; none if there is no such figure.
            pub fn slot(&mut self, name: &str) -> Option<&mut i64> {
                match name { $(stringify!($name) => Some(&mut self.$name),)* _ => None }
            }

            const fn zero() -> Assumed { Assumed { $($name: 0,)* } }
        }
    };
}

assumed! {
    /// Wage of an hour of staff with all charges, fen.
    staff_hour_fen 500 to 100_000,
    /// Hours of a branch over the papers of one application, hundredths.
    papers_hours_hundredths 0 to 10_000,
    /// Hours of a visit without the way, hundredths.
    visit_hours_hundredths 0 to 10_000,
    /// Hours a km of the way to a visit, there and back, hundredths.
    visit_hours_hundredths_km 0 to 1_000,
    /// Car or motorcycle a km of the way to a visit, there and back, fen.
    visit_fen_km 0 to 10_000,
    /// Visits that one officer can make a day.
    visits_a_day 1 to 50,
    /// Officers to a thousand households, hundredths.
    officers_hundredths_per_thousand 1 to 100_000,
    /// Days between two meetings of the branch's committee.
    committee_days 1 to 60,
    /// Hours of the committee over one application, hundredths, all members together.
    committee_hours_hundredths 0 to 10_000,
    /// Hours at a counter to apply or to sign, hundredths.
    counter_hours_hundredths 0 to 1_000,
    /// Hours at a counter for a payment, hundredths.
    payment_hours_hundredths 0 to 1_000,
    /// Hours of a call, hundredths.
    call_hours_hundredths 0 to 1_000,
    /// A letter, fen.
    letter_fen 0 to 10_000,
    /// A message to a phone, fen.
    message_fen 0 to 1_000,
    /// Running the platform, a household enrolled and year, fen.
    platform_household_year_fen 0 to 100_000,
    /// One identity check and bureau query for an application on the platform, fen.
    check_fen 0 to 100_000,
    /// A window in a village, its clerk's share and rent, a year, fen.
    window_year_fen 0 to 100_000_000,
    /// A lesson in a village without the way: hall, leaflets, tea, fen.
    lesson_fen 0 to 10_000_000,
    /// Households that come to a lesson, percent.
    lesson_come_percent 0 to 100,
    /// Points of trust in the phone that a lesson gives; the deviation of trust between people is about twenty-five.
    lesson_points 0 to 100,
    /// Yearly cost of borrowed money, basis points.
    funding_bp 0 to 3_000,
    /// Yearly price of the same money and of own capital on the market, basis points.
    funding_market_bp 0 to 5_000,
    /// Principal ninety days late that is lost in the end, percent.
    lost_percent 0 to 100,
    /// Trips to a branch in the township for one loan.
    trips 0 to 20,
    /// Fare of a trip a km, there and back, fen.
    fare_fen_km 0 to 2_000,
    /// Hours of a trip a km, there and back, hundredths.
    trip_hours_hundredths_km 0 to 200,
    /// Hours at the branch's counter a trip, hundredths.
    trip_counter_hours_hundredths 0 to 2_000,
    /// Trips that cost more than so much of what is asked for are not made, percent.
    trips_bearable_percent 0 to 100,
    /// How much of the loss of a friend who stands for it a household feels as its own, percent.
    felt_percent 0 to 100,
    /// Sum insured of a mu in percent of the usual sale of its yield.
    insured_percent 0 to 100,
    /// Part of the village's yield that has to be lost before a claim is paid, percent.
    deductible_percent 0 to 100,
    /// Premium in basis points of the sum insured, the household's own part.
    premium_bp 0 to 5_000,
    /// Days from a harvest to the payment of its claims.
    claim_days 1 to 365,
    /// Highest fee at which every merchant still takes the platform's payment, basis points: each has its own between
    /// nothing and twice this.
    merchant_bearable_bp 0 to 1_000,
}

/// What stands in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    value: i64,
    source: String,
}

/// Where a figure comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: i64,
    /// Its source, or `assumption` with what it rests on.
    pub source: String,
}

impl Assumed {
    /// Reads a file of figures: all of them, each with its source. Errors, in words, say what is missing or out of range.
    pub fn parse(file: &str, text: &str) -> Result<(Assumed, Vec<Sourced>), String> {
        let entries: std::collections::BTreeMap<String, Entry> =
            toml::from_str(text).map_err(|error| format!("{file}: {}", error.to_string().trim()))?;
        let mut assumed = Assumed::zero();
        let mut sources = Vec::new();
        for (name, entry) in &entries {
            let Some((low, high)) = Assumed::range(name) else {
                return Err(format!("{file}: {name} is not known; known are {}", Assumed::NAMES.join(", ")));
            };
            if !(low..=high).contains(&entry.value) {
                return Err(format!("{file}: {name} is {}; write a number from {low} to {high}", entry.value));
            }
            if let Some(slot) = assumed.slot(name) {
                *slot = entry.value;
            }
        }
        for name in Assumed::NAMES {
            let Some(entry) = entries.get(*name) else {
                return Err(format!("{file}: {name} is missing; write {name} = {{ value = …, source = \"…\" }}"));
            };
            let (name, value, source) = ((*name).to_owned(), entry.value, entry.source.clone());
            sources.push(Sourced { name, value, source });
        }
        Ok((assumed, sources))
    }

    /// The figures that the program comes with. A test reads them.
    pub fn shipped() -> Result<(Assumed, Vec<Sourced>), String> {
        Assumed::parse("experiments/assumed.toml", SHIPPED)
    }
}
