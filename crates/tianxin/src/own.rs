//! What an institution sets up itself: products, published rates, holiday calendars, crops, and the rule pack it works under.
//!
//! Everything lies in its data folder beside the settings, one TOML file a thing, and joins what is shipped:
//! `products/`, `rates/`, `calendars/`, `crops/`, and the rule pack that the settings name.

use std::fs;
use std::path::{Path, PathBuf};

use basics::{Currency, Date, Rate};
use loan::product::ProductSource;
use loan::reference::ReferenceRate;
use loan::season::CropCalendar;
use loan::{Catalogue, LoanError, Published, RulePack};

use crate::config::{Place, Settings};
use crate::failure::Failure;

/// The institution's own files and what they make together with the shipped ones.
pub struct Own {
    /// Reference rates and holiday calendars.
    pub published: Published,
    /// The product files of the data folder.
    pub sources: Vec<ProductSource>,
    /// Products in all versions, of every currency.
    pub products: Catalogue,
    /// When crops bring money.
    pub crops: CropCalendar,
    /// The rule pack.
    pub pack: RulePack,
    /// What is wrong between products and rule pack.
    pub against: Vec<LoanError>,
}

/// A published rate is looked at anew every month: one older than this may have been followed by another.
const RATE_AGE_DAYS: i32 = 31;

/// The rule pack an institution works under unless its settings name another.
const SHIPPED_PACK: &str = "cn-rural";

impl Own {
    /// Reads a data folder; one that is not there has nothing of its own.
    ///
    /// Errors with every fault of the product files at once, a line each, with file, line and field.
    pub fn read(data: &Path, rule_pack: Option<&Path>) -> Result<Own, Failure> {
        let mut published = Published::shipped().map_err(unusable)?;
        for source in toml_files(&data.join("rates"))? {
            published = published.with_rates(&source.file, &source.text).map_err(unusable)?;
        }
        for source in toml_files(&data.join("calendars"))? {
            published = published.with_calendar(&source.file, &source.text).map_err(unusable)?;
        }
        let mut crops = CropCalendar::shipped().map_err(unusable)?;
        for source in toml_files(&data.join("crops"))? {
            crops = crops.corrected(&source.file, &source.text).map_err(unusable)?;
        }
        let pack = match rule_pack {
            Some(file) => {
                let source = source(&data.join(file))?;
                RulePack::parse(&source.file, &source.text).map_err(unusable)?
            }
            None => RulePack::shipped(SHIPPED_PACK).map_err(unusable)?,
        };
        let sources = toml_files(&data.join("products"))?;
        let files = [ProductSource::shipped(), sources.clone()].concat();
        let products = Catalogue::read(&files, &published).map_err(|faults| all(&faults))?;
        let against = products.against(&pack);
        Ok(Own { published, sources, products, crops, pack, against })
    }
}

impl Own {
    /// Reads the data folder of a command line that needs no institution: its rule pack is that of the settings, if
    /// there are any.
    pub fn of_folder(place: &Place) -> Result<Own, Failure> {
        let settings = place.settings_path().exists().then(|| Settings::read(place)).transpose()?;
        Own::read(&place.data, settings.and_then(|settings| settings.rule_pack).as_deref())
    }

    /// The cap of the all-in cost that the rule pack sets on a day for loans in its currency.
    pub fn all_in_cap(&self, currency: Currency, on: Date) -> Result<Option<Rate>, Failure> {
        let figure = self.pack.figure("cap.all-in", on).filter(|_| self.pack.currency == currency);
        figure.map(|figure| Rate::parse_percent(&figure.value).map_err(unusable)).transpose()
    }

    /// The last row of each published rate, by its code.
    pub fn newest_rates(&self) -> Vec<(&str, &ReferenceRate)> {
        let rates = &self.published.rates;
        rates.codes().into_iter().filter_map(|code| Some((code, rates.newest(code)?))).collect()
    }

    /// Which published rate prices rest on, and how surely it is known, where that leaves anything to say.
    pub fn rate_note(&self, code: &str, on: Date) -> Option<String> {
        let row = self.published.rates.row_on(code, on)?;
        let (from, rate, sure) = (row.from, row.rate, row.sure.as_str());
        let age_days = on - from;
        if sure != "memory" && age_days <= RATE_AGE_DAYS {
            return None;
        }
        let how = match sure {
            "text" => "read in the notice",
            "copy" => "read in a copy of the notice",
            "own" => "the institution's own",
            _ => "from memory",
        };
        Some(format!(
            "prices follow {code} of {from}, {rate} % ({how}), {age_days} days before {on}: add what has been published \
             since to a file in rates/ of the data folder"
        ))
    }
}

/// All faults, a line each.
pub fn all(faults: &[LoanError]) -> Failure {
    Failure::Unreachable(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// The TOML files of a folder by name; none if it is not there.
fn toml_files(folder: &Path) -> Result<Vec<ProductSource>, Failure> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::file(folder, "read", error)),
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in listed {
        let path = entry.map_err(|error| Failure::file(folder, "read", error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| source(path)).collect()
}

/// A file with its text.
pub fn source(path: &Path) -> Result<ProductSource, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))?;
    Ok(ProductSource { file: path.display().to_string(), text })
}

fn unusable(error: impl std::fmt::Display) -> Failure {
    Failure::Unreachable(error.to_string())
}
