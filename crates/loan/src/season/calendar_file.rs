//! Reading a crop calendar: from text to checked lines, with errors that name line and field.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::season::{Crop, CropCalendar, CropSeason, MonthShares, Region, SeasonError, Sure};

const SHIPPED_FILE: &str = "crop-calendar.toml";
const SHIPPED_TEXT: &str = include_str!("../../data/crop-calendar.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    code: Spanned<String>,
    version: Spanned<u32>,
    #[serde(default, rename = "region")]
    regions: Vec<RegionTable>,
    #[serde(default, rename = "crop")]
    crops: Vec<CropTable>,
    #[serde(default, rename = "season")]
    seasons: Vec<SeasonTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionTable {
    code: Spanned<String>,
    name_zh: Spanned<String>,
    name_en: Spanned<String>,
    #[serde(default)]
    includes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CropTable {
    code: Spanned<String>,
    name_zh: Spanned<String>,
    name_en: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeasonTable {
    region: Spanned<String>,
    crop: Spanned<String>,
    cost: Spanned<BTreeMap<String, i64>>,
    income: Spanned<BTreeMap<String, i64>>,
    harvest: Spanned<Vec<u8>>,
    source: Spanned<String>,
    sure: Spanned<String>,
}

/// The calendar that is shipped.
pub(super) fn shipped() -> Result<CropCalendar, SeasonError> {
    read(None, SHIPPED_FILE, SHIPPED_TEXT)
}

/// A calendar from the text of its file, over the one it corrects.
pub(super) fn read(base: Option<&CropCalendar>, file: &str, text: &str) -> Result<CropCalendar, SeasonError> {
    let source = Source { file, text };
    let raw: CalendarFile = toml::from_str(text).map_err(|e| source.syntax(&e))?;
    if *raw.version.get_ref() == 0 {
        return Err(source.wrong(&raw.version.span(), "version", "versions begin at 1"));
    }
    let code = source.code("code", &raw.code)?;
    let version = *raw.version.get_ref();
    let mut calendar = match base {
        Some(base) => CropCalendar { code, version, ..base.clone() },
        None => CropCalendar { code, version, regions: Vec::new(), crops: Vec::new(), seasons: Vec::new() },
    };
    source.regions(&raw.regions, &mut calendar)?;
    source.crops(&raw.crops, &mut calendar)?;
    source.seasons(&raw.seasons, &mut calendar)?;
    Ok(calendar)
}

/// The text being read, to say where something is.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn regions(&self, tables: &[RegionTable], calendar: &mut CropCalendar) -> Result<(), SeasonError> {
        let mut named = BTreeSet::new();
        for table in tables {
            let region = Region {
                code: self.code("region.code", &table.code)?,
                name_zh: self.told("region.name_zh", &table.name_zh)?,
                name_en: self.told("region.name_en", &table.name_en)?,
                includes: table.includes.clone(),
            };
            if !named.insert(region.code.clone()) {
                return Err(self.wrong(&table.code.span(), "region.code", "this region is in the file twice"));
            }
            calendar.regions.retain(|other| other.code != region.code);
            calendar.regions.push(region);
        }
        Ok(())
    }

    fn crops(&self, tables: &[CropTable], calendar: &mut CropCalendar) -> Result<(), SeasonError> {
        let mut named = BTreeSet::new();
        for table in tables {
            let crop = Crop {
                code: self.code("crop.code", &table.code)?,
                name_zh: self.told("crop.name_zh", &table.name_zh)?,
                name_en: self.told("crop.name_en", &table.name_en)?,
            };
            if !named.insert(crop.code.clone()) {
                return Err(self.wrong(&table.code.span(), "crop.code", "this crop is in the file twice"));
            }
            calendar.crops.retain(|other| other.code != crop.code);
            calendar.crops.push(crop);
        }
        Ok(())
    }

    fn seasons(&self, tables: &[SeasonTable], calendar: &mut CropCalendar) -> Result<(), SeasonError> {
        let mut named = BTreeSet::new();
        for table in tables {
            let unknown =
                |field: &str, at: &Spanned<String>, e: SeasonError| self.wrong(&at.span(), field, e.to_string());
            let region =
                calendar.region(table.region.get_ref()).map_err(|e| unknown("season.region", &table.region, e))?;
            let crop = calendar.crop(table.crop.get_ref()).map_err(|e| unknown("season.crop", &table.crop, e))?;
            let season = CropSeason {
                region: region.code.clone(),
                crop: crop.code.clone(),
                cost: self.shares("season.cost", &table.cost)?,
                income: self.shares("season.income", &table.income)?,
                harvest: self.harvest(&table.harvest)?,
                source: self.told("season.source", &table.source)?,
                sure: self.sure(&table.sure)?,
            };
            if !named.insert((season.region.clone(), season.crop.clone())) {
                let problem = "this crop has two lines for this region in the file";
                return Err(self.wrong(&table.crop.span(), "season.crop", problem));
            }
            calendar.seasons.retain(|other| (&other.region, &other.crop) != (&season.region, &season.crop));
            calendar.seasons.push(season);
        }
        Ok(())
    }

    fn shares(&self, field: &str, table: &Spanned<BTreeMap<String, i64>>) -> Result<MonthShares, SeasonError> {
        let mut ppm = [0i64; 12];
        for (month, percent) in table.get_ref() {
            let index = month.parse::<usize>().ok().and_then(|month| month.checked_sub(1));
            let Some(share) = index.and_then(|index| ppm.get_mut(index)) else {
                return Err(self.wrong(&table.span(), field, format!("`{month}` is no month: write 1 to 12")));
            };
            if !(1..=100).contains(percent) || *share != 0 {
                let problem = format!("the share of month {month} must be whole percent from 1 to 100, once");
                return Err(self.wrong(&table.span(), field, problem));
            }
            *share = percent * 10_000;
        }
        MonthShares::new(ppm).ok_or_else(|| {
            let percent = table.get_ref().values().sum::<i64>();
            self.wrong(&table.span(), field, format!("the shares sum to {percent} and must sum to 100"))
        })
    }

    fn harvest(&self, months: &Spanned<Vec<u8>>) -> Result<Vec<u8>, SeasonError> {
        match months.get_ref().iter().find(|month| !(1..=12).contains(*month)) {
            Some(month) => {
                Err(self.wrong(&months.span(), "season.harvest", format!("`{month}` is no month: write 1 to 12")))
            }
            None => Ok(months.get_ref().clone()),
        }
    }

    fn sure(&self, word: &Spanned<String>) -> Result<Sure, SeasonError> {
        match word.get_ref().as_str() {
            "text" => Ok(Sure::Text),
            "copy" => Ok(Sure::Copy),
            "memory" => Ok(Sure::Memory),
            _ => Err(self.wrong(&word.span(), "season.sure", "choose `text`, `copy` or `memory`")),
        }
    }

    fn code(&self, field: &str, code: &Spanned<String>) -> Result<String, SeasonError> {
        let text = code.get_ref();
        if !CropCalendar::is_code(text) {
            return Err(self.wrong(&code.span(), field, "use 1 to 40 small letters, digits and hyphens"));
        }
        Ok(text.clone())
    }

    fn told(&self, field: &str, word: &Spanned<String>) -> Result<String, SeasonError> {
        if word.get_ref().trim().is_empty() {
            return Err(self.wrong(&word.span(), field, "is empty: say it, an auditor will ask"));
        }
        Ok(word.get_ref().clone())
    }

    fn wrong(&self, at: &Range<usize>, field: &str, problem: impl Into<String>) -> SeasonError {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        SeasonError::File {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            field: field.to_owned(),
            problem: problem.into(),
        }
    }

    /// What the TOML reader found, with the key that it names or that stands on the line.
    fn syntax(&self, error: &toml::de::Error) -> SeasonError {
        let at = error.span().unwrap_or(0..0);
        let problem = error.message().trim_end().replace('\n', "; ");
        let named = problem.starts_with("missing") || problem.starts_with("unknown field");
        let quoted = problem.split('`').nth(1).filter(|_| named);
        let line = self.text.get(..at.start).unwrap_or("").matches('\n').count();
        let on_line = self.text.lines().nth(line).unwrap_or("").split('=').next().unwrap_or("").trim();
        let field = quoted.unwrap_or(on_line).to_owned();
        self.wrong(&at, &field, problem)
    }
}
