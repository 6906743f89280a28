//! What an institution lends and judges by: products, rules and model, from its data folder.
//!
//! Models stand in `models/` and rule files in `rules/`, each named by the hash of its content, so that a decision that
//! names them can be computed again after others have taken their place.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::Tianxin;
use app::assess::{Assessment, Judge, feature_names};
use app::desk::Shelf;
use app::promote::{JudgingModel, ModelPlace, in_place};
use app::scorer::Scorer;
use basics::Cell;
use door::key;
use door::table::Record;
use policy::RuleSet;
use score::ModelFile;

use crate::config::{Opened, Place, Settings};
use crate::failure::Failure;
use crate::own::{self, Own};
use crate::sim::write_file;
use crate::terminal::log;

/// The folder of models.
const MODELS: &str = "models";
/// The folder of rule files by hash.
const RULES: &str = "rules";

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
    let (name, text) = rule_file(place, settings)?;
    let rules = RuleSet::parse(&name, &text, &feature_names());
    let rules = rules.map_err(|error| Failure::Unreachable(error.to_string()))?;
    let model = match &settings.model {
        Some(file) => {
            let path = place.data.join(file);
            let named = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            Some(Arc::new(model_in(&path, &named)?))
        }
        None => None,
    };
    Ok(Judge { model, challenger: None, rules: Arc::new(rules), cells: None })
}

/// Who judges now in a data folder, by the books and without a server: the promoted champion where there is one.
pub fn judge_in_force(place: &Place, settings: &Settings, opened: &Opened) -> Result<Judge, Failure> {
    let judge = judge(place, settings)?;
    let mut reader = opened.backend.connect()?;
    let rows = reader.load_many(JudgingModel::table(), &[0], &[key![Cell::OFFICE]])?;
    let rows: Result<Vec<JudgingModel>, _> = rows.iter().map(|row| JudgingModel::from_row(row)).collect();
    let rows = rows.map_err(|error| Failure::Wrong(error.to_string()))?;
    match in_place(&rows, ModelPlace::Champion) {
        Some(champion) => Ok(Judge { model: Some(Arc::new(model_named(place, &champion.name)?)), ..judge }),
        None => Ok(judge),
    }
}

/// The rules that the settings name, or the shipped ones: a name for errors, and the text.
fn rule_file(place: &Place, settings: &Settings) -> Result<(String, String), Failure> {
    match &settings.rules {
        Some(file) => {
            let path = place.data.join(file);
            Ok((path.display().to_string(), read(&path)?))
        }
        None => Ok(("cn-rural.toml".to_owned(), RuleSet::CN_RURAL.to_owned())),
    }
}

/// Reads the model of a file by its content hash.
fn model_in(path: &Path, name: &str) -> Result<Scorer, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file(path, "read", error))?;
    Scorer::load(&bytes, name).map_err(|error| Failure::Unreachable(format!("{}: {error}", path.display())))
}

/// A model of the data folder by its name. Errors if its file is not there or may not judge.
pub fn model_named(place: &Place, name: &str) -> Result<Scorer, Failure> {
    let folder = place.data.join(MODELS);
    let path = ["txm", "json"].map(|kind| folder.join(format!("{name}.{kind}"))).into_iter().find(|path| path.exists());
    match path {
        Some(path) => model_in(&path, name),
        None => {
            let what = "holds no file of this model: put it back from a backup";
            Err(Failure::Unreachable(format!("{} {what}: {name}", folder.display())))
        }
    }
}

/// The data folder as the desk's shelf of models. What cannot be used is said on standard error.
pub fn shelf(place: &Place) -> Shelf {
    let place = place.clone();
    Arc::new(move |name| match model_named(&place, name) {
        Ok(model) => Some(Arc::new(model)),
        Err(error) => {
            log(&format!("the promoted model cannot be used, and who judged before goes on: {error}"));
            None
        }
    })
}

/// Puts a model's bytes into the data folder under its content hash.
pub fn keep_model_bytes(place: &Place, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let kind = if bytes.first() == Some(&b'{') { "json" } else { "txm" };
    let folder = place.data.join(MODELS);
    crate::config::make_private_folder(&folder)?;
    let path = folder.join(format!("{name}.{kind}"));
    write_file(&path, |out| Ok(out.write_all(bytes)?))?;
    Ok(path)
}

/// Keeps the rules in force by their hash, so that their decisions can be computed again later.
pub fn keep_rules(place: &Place, settings: &Settings) -> Result<(), Failure> {
    let (name, text) = rule_file(place, settings)?;
    let rules = RuleSet::parse(&name, &text, &feature_names());
    let rules = rules.map_err(|error| Failure::Unreachable(error.to_string()))?;
    let path = place.data.join(RULES).join(format!("{}.toml", rules.hash));
    if path.exists() {
        return Ok(());
    }
    crate::config::make_private_folder(&place.data.join(RULES))?;
    write_file(&path, |out| Ok(out.write_all(text.as_bytes())?))
}

/// Models and rules of past decisions, each read once.
pub struct Archive {
    place: Place,
    in_force: (String, String),
    models: HashMap<String, Option<Arc<Scorer>>>,
    rules: HashMap<String, Option<Arc<RuleSet>>>,
}

impl Archive {
    /// Of a data folder, with the rules in force there.
    pub fn of(place: &Place, settings: &Settings) -> Result<Archive, Failure> {
        let in_force = rule_file(place, settings)?;
        Ok(Archive { place: place.clone(), in_force, models: HashMap::new(), rules: HashMap::new() })
    }

    /// Who judged when a record was made; none if a file of then is not kept any more.
    pub fn judge_of(&mut self, record: &Assessment) -> Option<Judge> {
        let model = if record.model.is_empty() { None } else { Some(self.model(&record.model)?) };
        let challenger = match &record.shadow {
            Some(shadow) => Some(self.model(&shadow.model)?),
            None => None,
        };
        Some(Judge { model, challenger, rules: self.rules(&record.rules)?, cells: None })
    }

    fn model(&mut self, name: &str) -> Option<Arc<Scorer>> {
        let place = &self.place;
        self.models
            .entry(name.to_owned())
            .or_insert_with(|| match model_named(place, name) {
                Ok(model) => Some(Arc::new(model)),
                Err(error) => {
                    log(&error.to_string());
                    None
                }
            })
            .clone()
    }

    fn rules(&mut self, hash: &str) -> Option<Arc<RuleSet>> {
        let (place, in_force) = (&self.place, &self.in_force);
        self.rules
            .entry(hash.to_owned())
            .or_insert_with(|| {
                let shipped = RuleSet::SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
                let path = place.data.join(RULES).join(format!("{hash}.toml"));
                let kept = read(&path).ok().map(|text| (path.display().to_string(), text));
                let found = std::iter::once(in_force.clone())
                    .chain(shipped)
                    .chain(kept)
                    .find(|(_, text)| RuleSet::hash_of(text) == hash);
                let Some((name, text)) = found else {
                    log(&format!("rules {hash} are not kept in {}", place.data.join(RULES).display()));
                    return None;
                };
                match RuleSet::parse(&name, &text, &feature_names()) {
                    Ok(rules) => Some(Arc::new(rules)),
                    Err(error) => {
                        log(&error.to_string());
                        None
                    }
                }
            })
            .clone()
    }
}

/// Puts a model into the data folder under its content hash; the path to name in the settings.
pub fn keep_model(place: &Place, model: &ModelFile) -> Result<std::path::PathBuf, Failure> {
    let name = model.hash();
    keep_model_bytes(place, &name, &model.to_bytes())?;
    Ok(Path::new(MODELS).join(format!("{name}.json")))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::file(path, "read", error))
}
