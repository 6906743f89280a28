//! The county file: every parameter of a county, read and checked before a day of it is lived.
//!
//! A figure in the file carries a comment with its source, or the word `assumption`. Sums are whole
//! yuan unless a field says otherwise, shares are percent or permille, durations days or months.

mod error;
mod lines;
mod sections;

pub use error::CountyError;
pub use sections::{
    Codes, Credit, Crop, Fraud, Herd, Land, Lessons, Life, Living, Offer, Papers, People, Place, Price, Reason, Shop,
    Shopping, Weather, Will,
};

use loan::season::CropCalendar;
use serde::Deserialize;

use lines::Lines;

/// The text of the county that the program comes with.
pub const SHIPPED: &str = include_str!("../../../../counties/county.toml");

/// The text of the county that stands beside it, so that nothing is tried on one county alone.
pub const TERRACES: &str = include_str!("../../../../counties/terraces.toml");

/// The parameters of a county.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct County {
    /// Its short name.
    pub code: String,
    /// Its Chinese name, plainly made up.
    pub name_zh: String,
    /// Where it lies, by the platform's crop calendar.
    pub region: String,
    /// Where villages lie, and how they are reached.
    pub place: Place,
    /// Rain and disasters.
    pub weather: Weather,
    /// Prices.
    pub price: Price,
    /// Members of households, and their work away from the farm.
    pub people: People,
    /// Land.
    pub land: Land,
    /// Crops.
    #[serde(default)]
    pub crop: Vec<Crop>,
    /// Animals.
    #[serde(default)]
    pub herd: Vec<Herd>,
    /// Village shops.
    pub shop: Shop,
    /// Spending and saving.
    pub living: Living,
    /// What happens in a life.
    pub life: Life,
    /// Ways to money.
    pub credit: Credit,
    /// Buying on statement lines, where people do.
    pub shopping: Option<Shopping>,
    /// Payment by the codes of shops, where people do.
    pub codes: Option<Codes>,
    /// Papers that people keep and bring, where they do.
    pub papers: Option<Papers>,
    /// Lessons that the institution gives, where it does.
    pub lessons: Option<Lessons>,
    /// What keeps people to their word.
    pub will: Will,
    /// How much fraud there is, by kind.
    pub fraud: Fraud,
    /// Which product a household asks for, by its reason.
    #[serde(default)]
    pub offer: Vec<Offer>,
}

impl County {
    /// Reads a county file; `name` is what errors call it.
    ///
    /// Errors with the first fault: form, a figure out of range, shares that make no whole, a crop without
    /// harvest, a name that nothing explains.
    pub fn parse(name: &str, text: &str) -> Result<County, CountyError> {
        let county: County = toml::from_str(text)
            .map_err(|e| CountyError::Form { file: name.to_owned(), message: e.to_string().trim().to_owned() })?;
        county.check(&Lines::new(name, text))?;
        Ok(county)
    }

    /// The county that the program comes with. A test reads it, so in a built program this does not err.
    pub fn shipped() -> Result<County, CountyError> {
        County::parse("counties/county.toml", SHIPPED)
    }

    fn check(&self, lines: &Lines) -> Result<(), CountyError> {
        self.check_region(lines)?;
        self.place.check(lines, "place")?;
        self.weather.check(lines, "weather")?;
        self.price.check(lines, "price")?;
        self.people.check(lines, "people")?;
        self.land.check(lines, "land")?;
        self.shop.check(lines, "shop")?;
        self.living.check(lines, "living")?;
        self.life.check(lines, "life")?;
        self.credit.check(lines, "credit")?;
        if let Some(shopping) = &self.shopping {
            shopping.check(lines, "shopping")?;
        }
        if let Some(codes) = &self.codes {
            codes.check(lines, "codes")?;
        }
        if let Some(papers) = &self.papers {
            papers.check(lines, "papers")?;
        }
        if let Some(lessons) = &self.lessons {
            lessons.check(lines, "lessons")?;
        }
        self.will.check(lines, "will")?;
        self.fraud.check(lines, "fraud")?;
        let weather = self.weather.county_percent + self.weather.township_percent;
        lines.at_most("weather", "township_percent", weather, 100)?;
        let kinds = self.people.alone_percent + self.people.three_generations_percent;
        lines.at_most("people", "three_generations_percent", kinds, 100)?;
        let spent = self.living.food_percent + self.living.household_percent + self.living.transport_percent;
        lines.at_most("living", "transport_percent", spent, 100)?;
        self.check_crops(lines)?;
        for (nth, herd) in self.herd.iter().enumerate() {
            herd.check(lines, nth)?;
        }
        lines.not_twice("herd", self.herd.iter().map(|h| h.code.as_str()))?;
        if self.offer.is_empty() {
            return Err(lines.empty("offer"));
        }
        for (nth, offer) in self.offer.iter().enumerate() {
            offer.check(lines, nth)?;
        }
        lines.not_twice("offer", self.offer.iter().map(|o| o.reason.as_str()))
    }

    /// The platform must know the region, and every crop there: a loan that follows the seasons asks for both.
    fn check_region(&self, lines: &Lines) -> Result<(), CountyError> {
        let Ok(calendar) = CropCalendar::shipped() else { return Ok(()) };
        let regions: Vec<&str> = calendar.regions.iter().map(|region| region.code.as_str()).collect();
        if !regions.contains(&self.region.as_str()) {
            return Err(lines.unknown("", 0, "region", &self.region, &regions));
        }
        for (nth, crop) in self.crop.iter().enumerate() {
            if calendar.season(&self.region, &crop.code).is_err() {
                let grown = calendar.crops.iter().map(|crop| crop.code.as_str());
                let grown: Vec<&str> = grown.filter(|code| calendar.season(&self.region, code).is_ok()).collect();
                return Err(lines.unknown("crop", nth, "code", &crop.code, &grown));
            }
        }
        Ok(())
    }

    fn check_crops(&self, lines: &Lines) -> Result<(), CountyError> {
        if self.crop.is_empty() {
            return Err(lines.empty("crop"));
        }
        for (nth, crop) in self.crop.iter().enumerate() {
            crop.check(lines, nth)?;
        }
        lines.not_twice("crop", self.crop.iter().map(|c| c.code.as_str()))?;
        let known: Vec<&str> = self.crop.iter().map(|c| c.code.as_str()).collect();
        for (nth, crop) in self.crop.iter().enumerate() {
            let Some(other) = &crop.after else { continue };
            if !known.contains(&other.as_str()) {
                return Err(lines.unknown("crop", nth, "after", other, &known));
            }
        }
        let land = self.crop.iter().filter(|c| c.after.is_none()).map(|c| c.land_percent).sum();
        lines.whole("crop", "land_percent", land, 100)
    }

    /// The product that a household asks for when it has this reason.
    pub fn offer_for(&self, reason: Reason) -> Option<&Offer> {
        self.offer.iter().find(|offer| offer.reason == reason.code())
    }
}

#[cfg(test)]
mod tests;
