//! What an institution lends and judges by: products, rules and model, from its data folder.

use std::fs;
use std::path::Path;

use app::Tianxin;
use app::assess::{Judge, feature_names};
use basics::Currency;
use loan::Product;
use policy::RuleSet;
use score::ModelFile;

use crate::config::{Place, Settings};
use crate::failure::Failure;

/// Products of the institution's own, one TOML file a version, in its data folder.
const PRODUCTS_FOLDER: &str = "products";

/// The same institution, lending the shipped products of its currency and those of its data folder.
pub fn lending(tianxin: Tianxin, place: &Place) -> Result<Tianxin, Failure> {
    let currency = tianxin.institution.currency;
    Ok(tianxin.lending(products(place, currency)?))
}

fn products(place: &Place, currency: Currency) -> Result<Vec<Product>, Failure> {
    let bad = |error: loan::LoanError| Failure::Unreachable(error.to_string());
    let mut products = Vec::new();
    for (file, text) in loan::product::SHIPPED {
        products.push(Product::parse(file, text).map_err(bad)?);
    }
    let folder = place.data.join(PRODUCTS_FOLDER);
    let listed = match fs::read_dir(&folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            products.retain(|product| product.currency == currency);
            return Ok(products);
        }
        Err(error) => return Err(Failure::file(&folder, "read", error)),
    };
    let mut paths = Vec::new();
    for entry in listed {
        let path = entry.map_err(|error| Failure::file(&folder, "read", error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    for path in paths {
        products.push(Product::parse(&path.display().to_string(), &read(&path)?).map_err(bad)?);
    }
    products.retain(|product| product.currency == currency);
    Ok(products)
}

/// Model and rules of the institution. Without a model, people decide.
pub fn judge(place: &Place, settings: &Settings) -> Result<Judge, Failure> {
    let rules = match &settings.rules {
        Some(file) => {
            let path = place.data.join(file);
            RuleSet::parse(&path.display().to_string(), &read(&path)?, &feature_names())
        }
        None => RuleSet::parse("cn-rural.toml", RuleSet::CN_RURAL, &feature_names()),
    };
    let rules = rules.map_err(|error| Failure::Unreachable(error.to_string()))?;
    let model = match &settings.model {
        Some(file) => {
            let path = place.data.join(file);
            let named = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let bytes = fs::read(&path).map_err(|error| Failure::file(&path, "read", error))?;
            let unusable = |error: score::ScoreError| Failure::Unreachable(format!("{}: {error}", path.display()));
            let model = ModelFile::load(&bytes, &named).map_err(unusable)?;
            model.card.check_features(|name| insight::feature::find(name).is_some()).map_err(unusable)?;
            Some(model)
        }
        None => None,
    };
    Ok(Judge::new(model, rules))
}

/// Puts a model into the data folder under its content hash; the path to name in the settings.
pub fn keep_model(place: &Place, model: &ModelFile) -> Result<std::path::PathBuf, Failure> {
    let folder = Path::new("models");
    let file = folder.join(format!("{}.json", model.hash()));
    let path = place.data.join(&file);
    crate::config::make_private_folder(&place.data.join(folder))?;
    fs::write(&path, model.to_bytes()).map_err(|error| Failure::file(&path, "written", error))?;
    Ok(file)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))
}
