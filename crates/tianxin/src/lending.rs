//! What an institution lends and judges by: products, rules and model, from its data folder.

use std::fs;
use std::path::Path;

use app::Tianxin;
use app::assess::{Judge, feature_names};
use policy::RuleSet;
use score::ModelFile;

use crate::config::{Place, Settings};
use crate::failure::Failure;
use crate::own::{self, Own};
use crate::terminal::log;

/// The same institution, lending the products of its currency, shipped and its own, under its rule pack and calendars.
///
/// Errors if a product breaks the rules: it could be offered and not signed.
pub fn lending(tianxin: Tianxin, place: &Place, rule_pack: Option<&Path>) -> Result<Tianxin, Failure> {
    let own = Own::read(&place.data, rule_pack)?;
    let currency = tianxin.institution.currency;
    if own.pack.currency != currency {
        let (code, for_currency) = (&own.pack.code, own.pack.currency);
        log(&format!(
            "the rule pack {code} is for {for_currency} and these books are in {currency}: products are not checked \
             against it; name the pack that applies as `rule_pack` in institution.toml"
        ));
    }
    if !own.against.is_empty() {
        return Err(own::all(&own.against));
    }
    let unusable = |error: app::SetUpError| Failure::Unreachable(format!("the rule pack cannot be used: {error}"));
    let tianxin = tianxin.under(&own.pack).map_err(unusable)?.by_calendar(own.crops);
    Ok(Tianxin { products: own.products.in_currency(currency), ..tianxin })
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
