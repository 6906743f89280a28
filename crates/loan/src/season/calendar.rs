//! The crop calendar 农事日历: in which months a crop costs and brings money in a region, as data.

use crate::season::calendar_file::{read, shipped};
use crate::season::{Grown, SeasonError};

/// Regions, crops, and the months of each crop in each region.
///
/// Read from a file ([`CropCalendar::parse`]); the one that is [shipped](CropCalendar::shipped) says of each line
/// where it comes from and how sure it is. An institution's own file [corrects](CropCalendar::corrected) it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CropCalendar {
    /// Code of the calendar; of the institution's own file once that has corrected it.
    pub code: String,
    /// Version, from 1.
    pub version: u32,
    /// Regions of like seasons.
    pub regions: Vec<Region>,
    /// Crops and livestock.
    pub crops: Vec<Crop>,
    /// Months, at most one line for each region and crop.
    pub seasons: Vec<CropSeason>,
}

/// A region in which a crop has the same months everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Code: small letters, digits and hyphens.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Names of places that lie in it, in any language.
    pub includes: Vec<String>,
}

/// Something a household grows or keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crop {
    /// Code: small letters, digits and hyphens.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
}

/// The months of one crop in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CropSeason {
    /// Region code.
    pub region: String,
    /// Crop code.
    pub crop: String,
    /// When the year's cost is paid.
    pub cost: MonthShares,
    /// When the year's income comes in.
    pub income: MonthShares,
    /// Months of harvest, 1 to 12; none for livestock.
    pub harvest: Vec<u8>,
    /// Where the months come from.
    pub source: String,
    /// How they were checked.
    pub sure: Sure,
}

/// How a year's sum lies in its months: twelve shares in parts per million that sum to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthShares([i64; 12]);

impl MonthShares {
    /// Twelve shares, January first; `None` unless none is negative and they sum to 1,000,000.
    pub fn new(ppm: [i64; 12]) -> Option<MonthShares> {
        let sum = ppm.iter().try_fold(0i64, |sum, share| sum.checked_add(*share));
        (ppm.iter().all(|share| *share >= 0) && sum == Some(1_000_000)).then_some(MonthShares(ppm))
    }

    /// The share of a month, 1 to 12, in parts per million; nothing of any other number.
    pub fn of(&self, month: u8) -> i64 {
        let index = usize::from(month).checked_sub(1);
        index.and_then(|index| self.0.get(index)).copied().unwrap_or(0)
    }
}

/// How a line of the calendar was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sure {
    /// Read in an official table.
    Text,
    /// Read in a copy or the press.
    Copy,
    /// To be confirmed before an institution relies on it.
    Memory,
}

impl CropCalendar {
    /// A whole calendar from the text of its file. `file` names it in errors, which name line and field too.
    pub fn parse(file: &str, text: &str) -> Result<CropCalendar, SeasonError> {
        read(None, file, text)
    }

    /// The calendar that is shipped with the engine.
    pub fn shipped() -> Result<CropCalendar, SeasonError> {
        shipped()
    }

    /// This calendar with the lines of an institution's own file in place of those they name, and its further
    /// regions, crops and lines added.
    ///
    /// ```
    /// use loan::season::CropCalendar;
    /// let own = "\
    /// code = \"our-county\"
    /// version = 1
    /// [[season]]
    /// region = \"loess\"
    /// crop = \"wheat\"
    /// cost = { 9 = 100 }
    /// income = { 7 = 100 }
    /// harvest = [7]
    /// source = \"our field staff\"
    /// sure = \"text\"
    /// ";
    /// let ours = CropCalendar::shipped()?.corrected("county.toml", own)?;
    /// assert_eq!(ours.season("loess", "wheat")?.income.of(7), 1_000_000);
    /// # Ok::<(), loan::season::SeasonError>(())
    /// ```
    pub fn corrected(&self, file: &str, text: &str) -> Result<CropCalendar, SeasonError> {
        read(Some(self), file, text)
    }

    /// Whether a word can be the code of a region or a crop: 1 to 40 small letters, digits and hyphens.
    pub fn is_code(word: &str) -> bool {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=40).contains(&word.len()) && word.chars().all(plain)
    }

    /// A region by its code, by one of its names, or by a place in it. Errors list the regions there are.
    pub fn region(&self, asked: &str) -> Result<&Region, SeasonError> {
        let asked = asked.trim();
        let same = |name: &str| name.eq_ignore_ascii_case(asked);
        self.regions
            .iter()
            .find(|region| same(&region.code) || same(&region.name_zh) || same(&region.name_en))
            .or_else(|| self.regions.iter().find(|region| region.includes.iter().any(|place| same(place))))
            .ok_or_else(|| SeasonError::UnknownRegion {
                asked: asked.chars().take(40).collect(),
                known: list(self.regions.iter().map(|region| (&region.code, &region.name_zh))),
            })
    }

    /// A crop by its code or one of its names. Errors list the crops there are.
    pub fn crop(&self, asked: &str) -> Result<&Crop, SeasonError> {
        let asked = asked.trim();
        let same = |name: &str| name.eq_ignore_ascii_case(asked);
        self.crops.iter().find(|crop| same(&crop.code) || same(&crop.name_zh) || same(&crop.name_en)).ok_or_else(|| {
            SeasonError::UnknownCrop {
                asked: asked.chars().take(40).collect(),
                known: list(self.crops.iter().map(|crop| (&crop.code, &crop.name_zh))),
            }
        })
    }

    /// The part of the calendar that is about some crops in a region, with the region's code.
    ///
    /// Errors list what there is where one is unknown.
    pub fn about(&self, region: &str, crops: &[Grown]) -> Result<(CropCalendar, String), SeasonError> {
        let region = self.region(region)?;
        let seasons: Vec<CropSeason> =
            crops.iter().map(|grown| self.season(&region.code, &grown.crop).cloned()).collect::<Result<_, _>>()?;
        let grown = |crop: &&Crop| seasons.iter().any(|season| season.crop == crop.code);
        let part = CropCalendar {
            code: self.code.clone(),
            version: self.version,
            regions: vec![region.clone()],
            crops: self.crops.iter().filter(grown).cloned().collect(),
            seasons,
        };
        Ok((part, region.code.clone()))
    }

    /// The months of a crop in a region, both by any of their names. Errors list what there is.
    pub fn season(&self, region: &str, crop: &str) -> Result<&CropSeason, SeasonError> {
        let (region, crop) = (self.region(region)?, self.crop(crop)?);
        self.seasons.iter().find(|season| season.region == region.code && season.crop == crop.code).ok_or_else(|| {
            let there = self.crops.iter().filter(|crop| {
                self.seasons.iter().any(|season| season.region == region.code && season.crop == crop.code)
            });
            SeasonError::NoSeason {
                region: region.code.clone(),
                crop: crop.code.clone(),
                known: list(there.map(|crop| (&crop.code, &crop.name_zh))),
            }
        })
    }
}

fn list<'a>(names: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    names.map(|(code, zh)| format!("{code} {zh}")).collect::<Vec<_>>().join(", ")
}
