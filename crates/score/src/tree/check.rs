//! What an ensemble must be before anything is predicted with it, and its bytes.

use super::{Branching, Child, Ensemble, Linear, Link, Oblivious, Question, Test, Tree};

/// Most trees of an ensemble.
pub const TREES_MAX: usize = 100_000;
/// Most leaves of a branching tree.
pub const LEAVES_MAX: usize = 1 << 17;
/// Most columns of an ensemble.
pub const COLUMNS_MAX: usize = 1 << 16;
/// Most levels of an oblivious tree.
pub const LEVELS_MAX: usize = 16;
/// Highest category, exclusive.
pub const CATEGORIES_MAX: usize = 1 << 20;

/// Why something is no ensemble to predict with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The bytes end early, go on too long or are something else.
    #[error("these bytes are no whole ensemble of trees: {0}; give the file as it was written")]
    Bytes(String),
    /// More of something than is allowed.
    #[error("{found} {what}: at most {most} are read")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are allowed.
        most: usize,
    },
    /// A child that does not exist.
    #[error("tree {tree}, split {split}: its child is {child}, but there are {splits} splits and {leaves} leaves")]
    Child {
        /// The tree, from 0.
        tree: usize,
        /// The split, from 0.
        split: usize,
        /// The child, such as `split 9`.
        child: String,
        /// Splits of the tree.
        splits: usize,
        /// Leaves of the tree.
        leaves: usize,
    },
    /// A node that two ways lead to, or one that leads back to itself.
    #[error("tree {tree}: {node} is reached twice, so this is no tree")]
    Twice {
        /// The tree.
        tree: usize,
        /// The node, such as `leaf 3`.
        node: String,
    },
    /// A node that no way leads to.
    #[error("tree {tree}: {node} is never reached")]
    Unreached {
        /// The tree.
        tree: usize,
        /// The node.
        node: String,
    },
    /// A column that the ensemble does not have.
    #[error("tree {tree} asks for column {column}, but there are {columns}")]
    Column {
        /// The tree.
        tree: usize,
        /// The column asked for, from 0.
        column: u32,
        /// How many there are.
        columns: usize,
    },
    /// A number that nothing can be compared with, or that makes every sum useless.
    #[error("tree {tree}: {what} is {value}")]
    Number {
        /// The tree.
        tree: usize,
        /// What it is.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// Parts of a tree that do not fit together.
    #[error("tree {tree} has {found} {what}, {wanted} are needed")]
    Length {
        /// The tree.
        tree: usize,
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        wanted: usize,
    },
    /// The sum or the link of the ensemble cannot be.
    #[error("the ensemble's {what} is {value}: a finite number is needed, above 0 for a steepness")]
    Sum {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// Two columns of one name, or one without.
    #[error("column {column} is named `{name}`, as another is, or not at all: each needs a name of its own")]
    Name {
        /// The column, from 0.
        column: usize,
        /// Its name.
        name: String,
    },
}

impl Ensemble {
    /// Errors at the first thing that is not sound. To be asked before a model is used, whoever made it.
    pub fn check(&self) -> Result<(), TreeError> {
        at_most("columns", self.columns.len(), COLUMNS_MAX)?;
        at_most("trees", self.trees.len(), TREES_MAX)?;
        let mut names: Vec<(&String, usize)> = self.columns.iter().zip(0..).collect();
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1]);
        if let Some((name, column)) = twice.or_else(|| names.first().copied().filter(|(name, _)| name.is_empty())) {
            return Err(TreeError::Name { column, name: name.clone() });
        }
        for (what, value) in [("start", self.sum.start), ("scale", self.sum.scale), ("offset", self.sum.offset)] {
            if !value.is_finite() {
                return Err(TreeError::Sum { what, value: value.to_string() });
            }
        }
        if let Link::Logistic { steepness } = self.link
            && !(steepness.is_finite() && steepness > 0.0)
        {
            return Err(TreeError::Sum { what: "steepness", value: steepness.to_string() });
        }
        self.trees.iter().enumerate().try_for_each(|(tree, of)| match of {
            Tree::Branching(of) => of.check(tree, self.columns.len()),
            Tree::Oblivious(of) => of.check(tree, self.columns.len()),
        })
    }

    /// The ensemble as bytes; the same one always gives the same.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Writing to memory cannot fail.
        minicbor::to_vec(self).unwrap_or_default()
    }

    /// Reads bytes and checks what they say.
    pub fn from_bytes(bytes: &[u8]) -> Result<Ensemble, TreeError> {
        let mut decoder = minicbor::Decoder::new(bytes);
        let ensemble: Ensemble = decoder.decode().map_err(|error| TreeError::Bytes(error.to_string()))?;
        if decoder.position() != bytes.len() {
            let more = bytes.len() - decoder.position();
            return Err(TreeError::Bytes(format!("{more} bytes follow its end")));
        }
        ensemble.check()?;
        Ok(ensemble)
    }
}

impl Branching {
    fn check(&self, tree: usize, columns: usize) -> Result<(), TreeError> {
        let (splits, leaves) = (self.splits.len(), self.leaves.len());
        at_most("leaves of one tree", leaves, LEAVES_MAX)?;
        has_length(tree, "leaves", leaves, splits + 1)?;
        finite(tree, "a leaf's value", &self.leaves)?;
        covers(tree, &self.covers, leaves)?;
        if !self.linear.is_empty() {
            has_length(tree, "linear leaves", self.linear.len(), leaves)?;
            self.linear.iter().try_for_each(|linear| linear.check(tree, columns))?;
        }
        let (mut split_reached, mut leaf_reached) = (vec![false; splits], vec![false; leaves]);
        let root = if splits == 0 { Child::Leaf(0) } else { Child::Split(0) };
        let mut waiting = vec![(0, root)];
        while let Some((split, child)) = waiting.pop() {
            let reached = match child {
                Child::Split(next) => split_reached.get_mut(next as usize),
                Child::Leaf(leaf) => leaf_reached.get_mut(leaf as usize),
            };
            match reached {
                None => return Err(TreeError::Child { tree, split, child: named(child), splits, leaves }),
                Some(true) => return Err(TreeError::Twice { tree, node: named(child) }),
                Some(reached) => *reached = true,
            }
            if let Child::Split(next) = child {
                let next = next as usize;
                waiting.extend(self.splits.get(next).into_iter().flat_map(|s| [(next, s.no), (next, s.yes)]));
            }
        }
        let unreached = |reached: &[bool], node: &str| {
            let place = reached.iter().position(|reached| !reached)?;
            Some(TreeError::Unreached { tree, node: format!("{node} {place}") })
        };
        if let Some(error) = unreached(&split_reached, "split").or_else(|| unreached(&leaf_reached, "leaf")) {
            return Err(error);
        }
        self.splits.iter().try_for_each(|split| split.ask.check(tree, columns))
    }
}

impl Oblivious {
    fn check(&self, tree: usize, columns: usize) -> Result<(), TreeError> {
        at_most("levels of one tree", self.levels.len(), LEVELS_MAX)?;
        has_length(tree, "leaves", self.leaves.len(), 1 << self.levels.len())?;
        finite(tree, "a leaf's value", &self.leaves)?;
        covers(tree, &self.covers, self.leaves.len())?;
        self.levels.iter().try_for_each(|ask| ask.check(tree, columns))
    }
}

impl Question {
    fn check(&self, tree: usize, columns: usize) -> Result<(), TreeError> {
        has_column(tree, self.column, columns)?;
        match &self.test {
            Test::AtMost { threshold } | Test::AtMostZeroMissing { threshold } if threshold.is_nan() => {
                Err(TreeError::Number { tree, what: "a threshold", value: threshold.to_string() })
            }
            Test::AtMost { .. } | Test::AtMostZeroMissing { .. } => Ok(()),
            Test::OneOf { lowest, .. } if !(*lowest > -1.0 && lowest.is_finite()) => {
                Err(TreeError::Number { tree, what: "the lowest category", value: lowest.to_string() })
            }
            Test::OneOf { categories, .. } => at_most("categories", categories.len() * 64, CATEGORIES_MAX),
        }
    }
}

impl Linear {
    fn check(&self, tree: usize, columns: usize) -> Result<(), TreeError> {
        has_length(tree, "factors of a linear leaf", self.factors.len(), self.columns.len())?;
        finite(tree, "a factor of a linear leaf", &self.factors)?;
        finite(tree, "the constant of a linear leaf", &[self.constant])?;
        self.columns.iter().try_for_each(|column| has_column(tree, *column, columns))
    }
}

fn named(child: Child) -> String {
    match child {
        Child::Split(split) => format!("split {split}"),
        Child::Leaf(leaf) => format!("leaf {leaf}"),
    }
}

fn at_most(what: &'static str, found: usize, most: usize) -> Result<(), TreeError> {
    if found <= most { Ok(()) } else { Err(TreeError::TooMany { what, found, most }) }
}

fn has_length(tree: usize, what: &'static str, found: usize, wanted: usize) -> Result<(), TreeError> {
    if found == wanted { Ok(()) } else { Err(TreeError::Length { tree, what, found, wanted }) }
}

fn has_column(tree: usize, column: u32, columns: usize) -> Result<(), TreeError> {
    if (column as usize) < columns { Ok(()) } else { Err(TreeError::Column { tree, column, columns }) }
}

fn finite(tree: usize, what: &'static str, values: &[f64]) -> Result<(), TreeError> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(TreeError::Number { tree, what, value: value.to_string() }),
        None => Ok(()),
    }
}

fn covers(tree: usize, covers: &[f64], leaves: usize) -> Result<(), TreeError> {
    if !covers.is_empty() {
        has_length(tree, "weights of leaves", covers.len(), leaves)?;
    }
    match covers.iter().find(|cover| !(cover.is_finite() && **cover >= 0.0)) {
        Some(cover) => Err(TreeError::Number { tree, what: "the weight of a leaf", value: cover.to_string() }),
        None => Ok(()),
    }
}
