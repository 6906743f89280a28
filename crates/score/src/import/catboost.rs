//! CatBoost's JSON, for models of numeric columns: oblivious trees, or trees that grow by leaf or by depth.
//!
//! A value, rounded to single precision, is asked whether it is above a border. Missing values are below or above every
//! border, as the column says. The sum is scaled and shifted at the end.

use serde::Deserialize;

use super::{Growing, ImportError, Imported, Source, json_error};
use crate::tree::{Child, Ensemble, Link, Oblivious, Question, Reading, Rounding, Sum, Test, Tree};

#[derive(Deserialize)]
struct File {
    features_info: Features,
    model_info: Option<Info>,
    oblivious_trees: Option<Vec<Levels>>,
    trees: Option<Vec<Node>>,
    scale_and_bias: (f64, Vec<f64>),
}

#[derive(Deserialize)]
struct Features {
    #[serde(default)]
    float_features: Vec<Float>,
    #[serde(default)]
    categorical_features: Vec<Other>,
}

#[derive(Deserialize)]
struct Float {
    feature_index: usize,
    flat_feature_index: usize,
    #[serde(default)]
    feature_id: String,
    #[serde(default)]
    nan_value_treatment: Nan,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
enum Nan {
    /// Above no border.
    #[default]
    #[serde(rename = "AsIs", alias = "AsFalse")]
    Below,
    /// Above every border.
    #[serde(rename = "AsTrue")]
    Above,
}

#[derive(Deserialize)]
struct Other {
    flat_feature_index: usize,
    #[serde(default)]
    feature_id: String,
}

#[derive(Deserialize)]
struct Info {
    params: Option<Params>,
}

#[derive(Deserialize)]
struct Params {
    loss_function: Option<Loss>,
}

#[derive(Deserialize)]
struct Loss {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Levels {
    leaf_values: Vec<f64>,
    #[serde(default)]
    leaf_weights: Vec<f64>,
    splits: Option<Vec<Border>>,
}

#[derive(Deserialize)]
struct Border {
    split_type: String,
    float_feature_index: Option<usize>,
    border: Option<f32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Node {
    Split { split: Border, left: Box<Node>, right: Box<Node> },
    Leaf { value: f64, weight: Option<f64> },
}

pub(super) fn read(text: &str) -> Result<Imported, ImportError> {
    let file: File = serde_json::from_str(text).map_err(|error| json_error(Source::CatBoost, &error))?;
    let File { features_info: Features { float_features, categorical_features }, model_info, .. } = file;
    let (scale, offset) = match (file.scale_and_bias.0, file.scale_and_bias.1.as_slice()) {
        (scale, []) => (scale, 0.0),
        (scale, [bias]) => (scale, *bias),
        (_, more) => {
            let what = format!("a model of {} outputs", more.len());
            return Err(unsupported(what, "train a model of one output, good or bad"));
        }
    };
    let mut trees = Vec::new();
    match (file.oblivious_trees, file.trees) {
        (Some(oblivious), _) => {
            for (at, levels) in oblivious.into_iter().enumerate() {
                trees.push(oblivious_tree(at, levels, &float_features)?);
            }
        }
        (None, Some(branching)) => {
            for (at, root) in branching.iter().enumerate() {
                let mut growing = Growing::default();
                let is_weighed = grow(at, root, &float_features, &mut growing)?.1;
                if !is_weighed {
                    growing.tree.covers.clear();
                }
                trees.push(Tree::Branching(growing.tree));
            }
        }
        (None, None) => return Err(broken("the file", "it has no trees".to_owned())),
    }
    let loss = model_info.and_then(|info| info.params).and_then(|params| params.loss_function);
    let (link, notes) = match loss.as_ref().map(|loss| loss.kind.as_str()) {
        Some("Logloss" | "CrossEntropy") => (Link::Logistic { steepness: 1.0 }, Vec::new()),
        Some("RMSE" | "MAE" | "Quantile" | "Huber" | "YetiRank" | "QueryRMSE" | "PairLogit") => {
            (Link::Identity, Vec::new())
        }
        Some(other) => {
            let what = format!("the loss function `{other}`");
            return Err(unsupported(what, "train with Logloss, CrossEntropy or RMSE"));
        }
        None => (Link::Identity, vec!["the file does not say its loss: the sum is taken for the answer".to_owned()]),
    };
    let columns = columns(&float_features, &categorical_features)?;
    let sum = Sum { start: 0.0, rounding: Rounding::Double, scale, offset };
    let ensemble = Ensemble { columns, reading: Reading::Single, trees, sum, link };
    Ok(Imported { source: Source::CatBoost, ensemble, notes })
}

/// Names of columns by their place in a row; one without a name is called by its place.
fn columns(floats: &[Float], categories: &[Other]) -> Result<Vec<String>, ImportError> {
    let named = floats.iter().map(|of| (of.flat_feature_index, &of.feature_id));
    let named: Vec<_> = named.chain(categories.iter().map(|of| (of.flat_feature_index, &of.feature_id))).collect();
    let count = named.iter().map(|(at, _)| at.saturating_add(1)).max().unwrap_or(0);
    if count > crate::tree::COLUMNS_MAX {
        return Err(unsupported(format!("a column {count}"), "train on fewer"));
    }
    let mut columns: Vec<String> = (0..count).map(|at| at.to_string()).collect();
    for (at, name) in named {
        if let Some(column) = columns.get_mut(at).filter(|_| !name.is_empty()) {
            column.clone_from(name);
        }
    }
    Ok(columns)
}

fn question(at: usize, border: &Border, floats: &[Float]) -> Result<Question, ImportError> {
    if border.split_type != "FloatFeature" {
        let what = format!("a split by {}", border.split_type);
        return Err(unsupported(what, "train on numeric columns, with categories encoded beforehand"));
    }
    let missing = || broken(&format!("tree {at}"), "a split names no column that is there, or no border".to_owned());
    let (index, above) = border.float_feature_index.zip(border.border).ok_or_else(missing)?;
    let float = floats.iter().find(|float| float.feature_index == index).ok_or_else(missing)?;
    let column = u32::try_from(float.flat_feature_index).map_err(|_| missing())?;
    let test = Test::AtMost { threshold: f64::from(above) };
    Ok(Question { column, test, missing: float.nan_value_treatment != Nan::Above })
}

fn oblivious_tree(at: usize, levels: Levels, floats: &[Float]) -> Result<Tree, ImportError> {
    let splits = levels.splits.unwrap_or_default();
    let levels_asked: Result<Vec<Question>, ImportError> =
        splits.iter().map(|split| question(at, split, floats)).collect();
    Ok(Tree::Oblivious(Oblivious { levels: levels_asked?, leaves: levels.leaf_values, covers: levels.leaf_weights }))
}

/// Whether every leaf below has a weight is told beside it: one without makes all shares unknown. JSON is read to a bounded
/// depth, and so is this.
fn grow(at: usize, node: &Node, floats: &[Float], growing: &mut Growing) -> Result<(Child, bool), ImportError> {
    match node {
        Node::Leaf { value, weight } => Ok((growing.leaf(*value, weight.unwrap_or(0.0)), weight.is_some())),
        Node::Split { split, left, right } => {
            let place = growing.split(question(at, split, floats)?);
            let (yes, left_weighed) = grow(at, left, floats, growing)?;
            let (no, right_weighed) = grow(at, right, floats, growing)?;
            growing.lead(place, yes, no);
            Ok((Child::Split(place), left_weighed && right_weighed))
        }
    }
}

fn broken(place: &str, what: String) -> ImportError {
    ImportError::Broken { source_name: Source::CatBoost, place: place.to_owned(), what }
}

fn unsupported(what: String, advice: &'static str) -> ImportError {
    ImportError::Unsupported { source_name: Source::CatBoost, what, advice }
}
