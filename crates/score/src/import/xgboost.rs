//! XGBoost's JSON: trees as parallel lists, everything in single precision.
//!
//! A row goes left where its value, rounded to single precision, is below the condition; where it is in the set of
//! categories it goes right. Numbers of the learner are texts. With DART each tree has a weight.

use serde::Deserialize;

use super::{Growing, ImportError, Imported, Source, json_error};
use crate::tree::{Child, Ensemble, Link, Question, Reading, Rounding, Sum, Test, Tree};

#[derive(Deserialize)]
struct File {
    learner: Learner,
}

#[derive(Deserialize)]
struct Learner {
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    feature_names: Vec<String>,
    gradient_booster: Booster,
    learner_model_param: Params,
    objective: Objective,
}

#[derive(Deserialize, Default)]
struct Attributes {
    best_iteration: Option<String>,
}

#[derive(Deserialize)]
struct Params {
    base_score: String,
    num_class: Option<String>,
    num_feature: String,
    num_target: Option<String>,
}

#[derive(Deserialize)]
struct Objective {
    name: String,
}

#[derive(Deserialize)]
struct Booster {
    name: String,
    /// Of `gbtree` itself.
    model: Option<Model>,
    /// Of `dart`, which has a `gbtree` inside.
    gbtree: Option<Inner>,
    weight_drop: Option<Vec<f32>>,
}

#[derive(Deserialize)]
struct Inner {
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    gbtree_model_param: ModelParams,
    iteration_indptr: Option<Vec<usize>>,
    trees: Vec<Nodes>,
}

#[derive(Deserialize)]
struct ModelParams {
    num_trees: String,
    num_parallel_tree: Option<String>,
}

#[derive(Deserialize)]
struct Nodes {
    left_children: Vec<i64>,
    right_children: Vec<i64>,
    split_conditions: Vec<f32>,
    split_indices: Vec<u32>,
    default_left: Vec<Flag>,
    #[serde(default)]
    split_type: Vec<u8>,
    #[serde(default)]
    sum_hessian: Vec<f32>,
    #[serde(default)]
    categories: Vec<u32>,
    #[serde(default)]
    categories_nodes: Vec<usize>,
    #[serde(default)]
    categories_segments: Vec<usize>,
    #[serde(default)]
    categories_sizes: Vec<usize>,
}

/// Written as a number by newer versions, as a truth value by older ones.
#[derive(Deserialize, Clone, Copy)]
#[serde(untagged)]
enum Flag {
    Truth(bool),
    Number(u8),
}

pub(super) fn read(text: &str) -> Result<Imported, ImportError> {
    let file: File = serde_json::from_str(text).map_err(|error| json_error(Source::XgBoost, &error))?;
    let Learner { attributes, feature_names, gradient_booster: booster, learner_model_param: params, objective } =
        file.learner;
    for (what, count) in [("num_class", &params.num_class), ("num_target", &params.num_target)] {
        if let Some(count) = count.as_deref().filter(|count| !["0", "1"].contains(count)) {
            return Err(unsupported(format!("{what} = {count}"), "train a model of one output, good or bad"));
        }
    }
    let (model, weights) = match (booster.name.as_str(), booster.model, booster.gbtree) {
        ("gbtree", Some(model), _) => (model, None),
        ("dart", _, Some(inner)) => (inner.model, Some(booster.weight_drop.unwrap_or_default())),
        (name, _, _) => {
            return Err(unsupported(format!("the booster `{name}`"), "train with gbtree or dart"));
        }
    };
    let announced: usize = number("num_trees", &model.gbtree_model_param.num_trees)?;
    if announced != model.trees.len() {
        return Err(broken("the trees", format!("{} of {announced} are there", model.trees.len())));
    }
    if let Some(weights) = weights.as_ref().filter(|weights| weights.len() != model.trees.len()) {
        return Err(broken("weight_drop", format!("{} weights for {announced} trees", weights.len())));
    }
    let mut notes = Vec::new();
    let kept = match attributes.best_iteration {
        None => model.trees.len(),
        Some(best) => {
            let rounds = number::<usize>("best_iteration", &best)?.saturating_add(1);
            let parallel = model.gbtree_model_param.num_parallel_tree.as_deref().unwrap_or("1");
            let kept = match &model.iteration_indptr {
                Some(ends) => ends.get(rounds).copied(),
                None => Some(rounds.saturating_mul(number::<usize>("num_parallel_tree", parallel)?.max(1))),
            };
            let kept = kept.filter(|kept| *kept <= model.trees.len());
            let kept = kept.ok_or_else(|| broken("best_iteration", format!("{best} is beyond the last round")))?;
            if kept < model.trees.len() {
                notes.push(format!("of {announced} trees the {kept} up to the best iteration are taken"));
            }
            kept
        }
    };
    let mut trees = Vec::with_capacity(kept);
    for (at, nodes) in model.trees.into_iter().take(kept).enumerate() {
        let weight = weights.as_ref().and_then(|weights| weights.get(at)).copied().unwrap_or(1.0);
        trees.push(tree(at, &nodes, weight)?);
    }
    if trees.iter().any(|tree| matches!(tree, Tree::Branching(tree) if tree.splits.iter().any(is_categorical))) {
        notes.push("categories are given by their codes, the order in which training had them".to_owned());
    }
    let columns = if feature_names.is_empty() {
        let count: usize = number("num_feature", &params.num_feature)?;
        if count > crate::tree::COLUMNS_MAX {
            return Err(unsupported(format!("{count} features"), "train on fewer"));
        }
        (0..count).map(|column| format!("f{column}")).collect()
    } else {
        feature_names
    };
    let base: f32 = number("base_score", params.base_score.trim_start_matches('[').trim_end_matches(']'))?;
    let (start, link) = match objective.name.as_str() {
        "binary:logistic" | "reg:logistic" => (log_odds(base)?, Link::Logistic { steepness: 1.0 }),
        "binary:logitraw" => (log_odds(base)?, Link::Identity),
        "reg:squarederror"
        | "reg:linear"
        | "reg:absoluteerror"
        | "reg:pseudohubererror"
        | "rank:pairwise"
        | "rank:ndcg"
        | "rank:map" => (base, Link::Identity),
        name => {
            let what = format!("the objective `{name}`");
            return Err(unsupported(what, "train with binary:logistic or reg:squarederror"));
        }
    };
    let sum = Sum { start: f64::from(start), rounding: Rounding::Single, ..Sum::default() };
    let ensemble = Ensemble { columns, reading: Reading::Single, trees, sum, link };
    Ok(Imported { source: Source::XgBoost, ensemble, notes })
}

fn is_categorical(split: &crate::tree::Split) -> bool {
    matches!(split.ask.test, Test::OneOf { .. })
}

/// The sum that a base score stands for: its log odds.
fn log_odds(base: f32) -> Result<f32, ImportError> {
    if base > 0.0 && base < 1.0 {
        Ok((-crate::math::ln(f64::from(1.0 / base - 1.0))) as f32)
    } else {
        Err(broken("base_score", format!("{base} is no probability")))
    }
}

fn tree(at: usize, nodes: &Nodes, weight: f32) -> Result<Tree, ImportError> {
    let place = format!("tree {at}");
    let count = nodes.left_children.len();
    let lengths = [
        ("right_children", nodes.right_children.len()),
        ("split_conditions", nodes.split_conditions.len()),
        ("split_indices", nodes.split_indices.len()),
        ("default_left", nodes.default_left.len()),
    ];
    let optional = [("split_type", nodes.split_type.len()), ("sum_hessian", nodes.sum_hessian.len())];
    let wrong = lengths.into_iter().chain(optional.into_iter().filter(|(_, length)| *length > 0));
    if let Some((key, length)) = wrong.into_iter().find(|(_, length)| *length != count) {
        return Err(broken(&place, format!("{key} has {length} values for {count} nodes")));
    }
    if [nodes.categories_segments.len(), nodes.categories_sizes.len()] != [nodes.categories_nodes.len(); 2] {
        return Err(broken(&place, "its sets of categories do not fit together".to_owned()));
    }
    let mut growing = Growing::default();
    // Nodes in the order in which they are met from the root; deleted ones are never met.
    let mut waiting = vec![(0_usize, None::<(u32, bool)>)];
    let mut met = vec![false; count];
    let mut children: Vec<(Option<Child>, Option<Child>)> = Vec::new();
    while let Some((node, from)) = waiting.pop() {
        match met.get_mut(node) {
            Some(met) if !*met => *met = true,
            _ => return Err(broken(&place, format!("node {node} cannot be, or is met again"))),
        }
        let (left, right) = (nodes.left_children[node], nodes.right_children[node]);
        let child = if left == -1 {
            let cover = nodes.sum_hessian.get(node).copied().unwrap_or(0.0);
            growing.leaf(f64::from(nodes.split_conditions[node] * weight), f64::from(cover))
        } else {
            let is_set = nodes.split_type.get(node) == Some(&1);
            let ask = question(&place, nodes, node, is_set)?;
            let split = growing.split(ask);
            children.push((None, None));
            // Whatever is in the set goes right.
            let ways = if is_set { [(right, true), (left, false)] } else { [(left, true), (right, false)] };
            for (next, yes) in ways {
                let next = usize::try_from(next).map_err(|_| broken(&place, format!("node {node} leads to {next}")))?;
                waiting.push((next, Some((split, yes))));
            }
            Child::Split(split)
        };
        if let Some((split, yes)) = from
            && let Some(ways) = children.get_mut(split as usize)
        {
            *(if yes { &mut ways.0 } else { &mut ways.1 }) = Some(child);
        }
    }
    for (split, ways) in children.into_iter().enumerate() {
        if let (Some(yes), Some(no)) = ways {
            growing.lead(split as u32, yes, no);
        }
    }
    if nodes.sum_hessian.is_empty() {
        growing.tree.covers.clear();
    }
    Ok(Tree::Branching(growing.tree))
}

fn question(place: &str, nodes: &Nodes, node: usize, is_set: bool) -> Result<Question, ImportError> {
    let left_if_missing = match nodes.default_left[node] {
        Flag::Truth(left) => left,
        Flag::Number(left) => left != 0,
    };
    let column = nodes.split_indices[node];
    if !is_set {
        let below = nodes.split_conditions[node];
        if below.is_nan() {
            return Err(broken(place, format!("the condition of node {node} is no number")));
        }
        // Below a number of single precision is at most the one before it.
        let test = Test::AtMost { threshold: f64::from(below.next_down()) };
        return Ok(Question { column, test, missing: left_if_missing });
    }
    let set = nodes.categories_nodes.iter().position(|of| *of == node).and_then(|of| {
        let from = nodes.categories_segments[of];
        nodes.categories.get(from..from.checked_add(nodes.categories_sizes[of])?)
    });
    let set = set.ok_or_else(|| broken(place, format!("the set of categories of node {node} is not there")))?;
    let mut categories = Vec::new();
    for category in set {
        let (word, bit) = (*category as usize / 64, category % 64);
        if *category as usize >= crate::tree::CATEGORIES_MAX {
            return Err(unsupported(format!("category {category}"), "number categories from 0"));
        }
        if categories.len() <= word {
            categories.resize(word + 1, 0_u64);
        }
        categories[word] |= 1 << bit;
    }
    Ok(Question { column, test: Test::OneOf { categories, lowest: 0.0 }, missing: !left_if_missing })
}

fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, ImportError> {
    value.parse().map_err(|_| broken(key, format!("`{value}` is no number of its kind")))
}

fn broken(place: &str, what: String) -> ImportError {
    ImportError::Broken { source_name: Source::XgBoost, place: place.to_owned(), what }
}

fn unsupported(what: String, advice: &'static str) -> ImportError {
    ImportError::Unsupported { source_name: Source::XgBoost, what, advice }
}
