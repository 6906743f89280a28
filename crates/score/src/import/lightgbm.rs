//! LightGBM's text: a header of `key=value` lines, then a paragraph of them for each tree, then `end of trees`.
//!
//! Children are given by number, from 0 for splits and from -1 downwards for leaves. `decision_type` is a set of bits: 1
//! categorical, 2 missing values go left, and in bits 2 and 3 what counts as missing (0 nothing, 1 zero, 2 NaN).

use std::collections::BTreeMap;
use std::str::FromStr;

use super::{ImportError, Imported, Source};
use crate::tree::{Branching, Child, Ensemble, Linear, Link, Question, Reading, Rounding, Split, Sum, Test, Tree};

/// A paragraph of the file: each key with the line it stands on and its value.
struct Paragraph<'a> {
    first_line: usize,
    values: BTreeMap<&'a str, (usize, &'a str)>,
}

pub(super) fn read(text: &str) -> Result<Imported, ImportError> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim_end()));
    let header = paragraph(&mut lines);
    let mut trees = Vec::new();
    let whole = loop {
        let Some((line, text)) = lines.next() else { break false };
        if text == "end of trees" {
            break true;
        }
        if text.is_empty() {
            continue;
        }
        let number =
            text.strip_prefix("Tree=").ok_or_else(|| broken(line, format!("`{text}` where a tree should be")))?;
        if number != trees.len().to_string() {
            return Err(broken(line, format!("tree {number} where tree {} should be", trees.len())));
        }
        let found = Paragraph { first_line: line, ..paragraph(&mut lines) };
        trees.push(tree(&found)?);
    };
    let announced = header.values.get("tree_sizes").map(|(_, sizes)| sizes.split_whitespace().count());
    if !whole {
        return Err(broken(
            text.lines().count(),
            format!("it ends after {} trees, without `end of trees`", trees.len()),
        ));
    }
    if let Some(announced) = announced.filter(|announced| *announced != trees.len()) {
        return Err(broken(1, format!("its header announces {announced} trees, {} are there", trees.len())));
    }
    let columns: Vec<String> = header.get("feature_names")?.1.split(' ').map(str::to_owned).collect();
    for key in ["num_class", "num_tree_per_iteration"] {
        if header.get(key)?.1 != "1" {
            let what = format!("{key} = {}", header.get(key)?.1);
            return Err(unsupported(what, "train a model of one output, good or bad"));
        }
    }
    let mut sum = Sum { rounding: Rounding::Double, ..Sum::default() };
    if header.values.contains_key("average_output") && !trees.is_empty() {
        sum.scale = 1.0 / trees.len() as f64;
    }
    let mut notes = Vec::new();
    if trees.iter().any(|tree| matches!(tree, Tree::Branching(tree) if asks_for_categories(tree))) {
        notes.push("categories are given as the whole numbers they had in training".to_owned());
    }
    let link = link(header.values.get("objective").map_or("", |(_, objective)| objective))?;
    let ensemble = Ensemble { columns, reading: Reading::TinyIsZero, trees, sum, link };
    Ok(Imported { source: Source::LightGbm, ensemble, notes })
}

fn asks_for_categories(tree: &Branching) -> bool {
    tree.splits.iter().any(|split| matches!(split.ask.test, Test::OneOf { .. }))
}

/// The lines up to the next empty one.
fn paragraph<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>) -> Paragraph<'a> {
    let values = lines
        .take_while(|(_, line)| !line.is_empty())
        .map(|(at, line)| {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            (key, (at, value))
        })
        .collect();
    Paragraph { first_line: 1, values }
}

fn link(objective: &str) -> Result<Link, ImportError> {
    let mut words = objective.split_whitespace();
    match words.next().unwrap_or_default() {
        "binary" => {
            let steepness = words.find_map(|word| word.strip_prefix("sigmoid:")).unwrap_or("1");
            let steepness = steepness.parse().map_err(|_| broken(1, format!("objective={objective}")))?;
            Ok(Link::Logistic { steepness })
        }
        "cross_entropy" => Ok(Link::Logistic { steepness: 1.0 }),
        "" | "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "lambdarank" | "rank_xendcg"
            if !words.any(|word| word == "sqrt") =>
        {
            Ok(Link::Identity)
        }
        _ => Err(unsupported(format!("objective={objective}"), "train with binary, cross_entropy or regression")),
    }
}

fn tree(found: &Paragraph<'_>) -> Result<Tree, ImportError> {
    let leaves: Vec<f64> = found.list("leaf_value")?;
    let count: usize = found.one("num_leaves")?;
    if count != leaves.len() || count == 0 {
        return Err(broken(found.first_line, format!("{} leaf values for {count} leaves", leaves.len())));
    }
    let covers = if found.values.contains_key("leaf_count") { found.list("leaf_count")? } else { Vec::new() };
    let linear = if found.values.get("is_linear").is_some_and(|(_, is)| *is == "1") {
        linear_leaves(found, count)?
    } else {
        Vec::new()
    };
    // Text of a tree of one leaf has no splits, and may have no counts.
    if count == 1 {
        let covers = if covers.len() == 1 { covers } else { Vec::new() };
        return Ok(Tree::Branching(Branching { splits: Vec::new(), leaves, covers, linear }));
    }
    let columns: Vec<u32> = found.list("split_feature")?;
    let thresholds: Vec<f64> = found.list("threshold")?;
    let decisions: Vec<u8> = found.list("decision_type")?;
    let (yes, no): (Vec<i64>, Vec<i64>) = (found.list("left_child")?, found.list("right_child")?);
    for (key, length) in [
        ("split_feature", columns.len()),
        ("threshold", thresholds.len()),
        ("decision_type", decisions.len()),
        ("left_child", yes.len()),
        ("right_child", no.len()),
    ] {
        if length != count - 1 {
            let (line, _) = found.get(key)?;
            return Err(broken(line, format!("{key} has {length} values, {} are needed", count - 1)));
        }
    }
    let has_categories = decisions.iter().any(|decision| decision & 1 == 1);
    let bounds: Vec<usize> = if has_categories { found.list("cat_boundaries")? } else { Vec::new() };
    let words: Vec<u32> = if has_categories { found.list("cat_threshold")? } else { Vec::new() };
    let mut splits = Vec::with_capacity(count - 1);
    for at in 0..count - 1 {
        let (threshold, decision) = (thresholds[at], decisions[at]);
        let (test, missing) = if decision & 1 == 1 {
            let set = bounds.get(threshold as usize).zip(bounds.get((threshold as usize).saturating_add(1)));
            let set = set.and_then(|(from, to)| words.get(*from..*to)).ok_or_else(|| {
                let line = found.values.get("cat_boundaries").map_or(found.first_line, |(line, _)| *line);
                broken(line, format!("split {at} asks for set {threshold} of categories, which is not there"))
            })?;
            // -0.5 is cut to category 0.
            (Test::OneOf { categories: wide(set), lowest: (-1.0_f64).next_up() }, false)
        } else {
            let left = decision & 2 == 2;
            match decision >> 2 & 3 {
                // Nothing is missing: what is no number is taken for zero.
                0 => (Test::AtMost { threshold }, 0.0 <= threshold),
                1 => (Test::AtMostZeroMissing { threshold }, left),
                2 => (Test::AtMost { threshold }, left),
                _ => {
                    let (line, _) = found.get("decision_type")?;
                    return Err(broken(line, format!("decision type {decision} is unknown")));
                }
            }
        };
        splits.push(Split {
            ask: Question { column: columns[at], test, missing },
            yes: child(yes[at], found)?,
            no: child(no[at], found)?,
        });
    }
    Ok(Tree::Branching(Branching { splits, leaves, covers, linear }))
}

fn child(number: i64, found: &Paragraph<'_>) -> Result<Child, ImportError> {
    let child =
        if number >= 0 { u32::try_from(number).map(Child::Split) } else { u32::try_from(!number).map(Child::Leaf) };
    child.map_err(|_| broken(found.first_line, format!("child {number} cannot be")))
}

/// Bits in words of 64 from words of 32.
fn wide(words: &[u32]) -> Vec<u64> {
    let at = |place: usize| words.get(place).copied().map_or(0, u64::from);
    (0..words.len().div_ceil(2)).map(|word| at(2 * word) | at(2 * word + 1) << 32).collect()
}

fn linear_leaves(found: &Paragraph<'_>, leaves: usize) -> Result<Vec<Linear>, ImportError> {
    let constants: Vec<f64> = found.list("leaf_const")?;
    let counts: Vec<usize> = found.list("num_features")?;
    let columns: Vec<u32> = found.list("leaf_features")?;
    let factors: Vec<f64> = found.list("leaf_coeff")?;
    let needed = counts.iter().fold(0_usize, |sum, count| sum.saturating_add(*count));
    if [constants.len(), counts.len()] != [leaves, leaves] || [columns.len(), factors.len()] != [needed, needed] {
        let (line, _) = found.get("num_features")?;
        return Err(broken(line, "the linear leaves do not fit together".to_owned()));
    }
    let (mut columns, mut factors) = (columns.into_iter(), factors.into_iter());
    let leaf = |(constant, count): (f64, usize)| Linear {
        constant,
        columns: columns.by_ref().take(count).collect(),
        factors: factors.by_ref().take(count).collect(),
    };
    Ok(constants.into_iter().zip(counts).map(leaf).collect())
}

impl Paragraph<'_> {
    fn get(&self, key: &str) -> Result<(usize, &str), ImportError> {
        self.values.get(key).copied().ok_or_else(|| broken(self.first_line, format!("what follows has no `{key}`")))
    }

    fn one<T: FromStr>(&self, key: &str) -> Result<T, ImportError> {
        let (line, value) = self.get(key)?;
        parsed(line, key, value)
    }

    fn list<T: FromStr>(&self, key: &str) -> Result<Vec<T>, ImportError> {
        let (line, value) = self.get(key)?;
        value.split_whitespace().map(|value| parsed(line, key, value)).collect()
    }
}

fn parsed<T: FromStr>(line: usize, key: &str, value: &str) -> Result<T, ImportError> {
    value.parse().map_err(|_| broken(line, format!("`{value}` in {key} cannot be read as a number of its kind")))
}

fn broken(line: usize, what: String) -> ImportError {
    ImportError::Broken { source_name: Source::LightGbm, place: format!("line {line}"), what }
}

fn unsupported(what: String, advice: &'static str) -> ImportError {
    ImportError::Unsupported { source_name: Source::LightGbm, what, advice }
}
