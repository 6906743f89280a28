//! Conditions of rules, written in CEL, the Common Expression Language.
//!
//! A condition is read by the CEL interpreter's parser and checked before it is ever asked: names, types, division by a
//! plain zero, and whether it can hold at all. It is asked by the interpreter, over whole numbers, texts and truth values
//! only, so that the same facts give the same answer on every machine.

mod dead;
mod names;
mod tree;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use cel::objects::Key;
use cel::{Context, Env, ExecutionError, Program, Value};

use crate::facts::{Ask, Facts};
use names::{Datum, FEATURE, Presence, find};
use tree::{Path, Term};

pub(crate) use names::table as name_table;

/// The standard functions and operators of CEL.
static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// Longest condition, bytes.
const LENGTH_MAX: usize = 2_000;

/// A condition in CEL.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    program: Arc<Program>,
    term: Term,
    paths: BTreeSet<Path>,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

/// Why a condition has no answer for a household: the rule's author did not think of this case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// It divides by zero.
    DividesByZero,
    /// A number does not fit 64 bits.
    Overflows,
    /// It speaks of what is not known of this household, and does not ask `has(…)` before.
    NotKnown(String),
    /// Anything else that the interpreter found.
    Other(String),
}

impl std::fmt::Display for Unanswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unanswered::DividesByZero => f.write_str("division by zero"),
            Unanswered::Overflows => f.write_str("a number does not fit 64 bits"),
            Unanswered::NotKnown(name) => write!(f, "{name} is not known"),
            Unanswered::Other(what) => f.write_str(what),
        }
    }
}

impl Expression {
    /// Reads a condition; `features` are the lawful features by name. Errors say what is wrong and what to write.
    pub fn parse(text: &str, features: &[&str]) -> Result<Expression, String> {
        if text.trim().is_empty() {
            return Err("is empty: write a condition, such as score.pd_ppm >= 300000".to_owned());
        }
        if text.len() > LENGTH_MAX {
            return Err(format!("is longer than {LENGTH_MAX} bytes: make it two rules"));
        }
        let program = Program::compile(text).map_err(|errors| {
            let first = errors.to_string().lines().next().unwrap_or_default().to_owned();
            format!("is no CEL: {first}")
        })?;
        let term = tree::read(program.expression(), features)?;
        let mut paths = BTreeSet::new();
        term.paths(&mut paths);
        Ok(Expression { text: text.to_owned(), program: Arc::new(program), term, paths })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds.
    ///
    /// A condition about the score is not asked of a household without one, nor one about the request where nothing is
    /// asked for: it does not hold. Errors where it has no answer.
    pub fn holds(&self, facts: &Facts, ask: Option<&Ask>) -> Result<bool, Unanswered> {
        let is_asked = self.paths.iter().all(|path| match path.presence() {
            Presence::Scored => facts.score.is_some(),
            Presence::Asked => ask.is_some(),
            Presence::Always | Presence::Sometimes => true,
        });
        if !is_asked {
            return Ok(false);
        }
        let mut groups: HashMap<&str, HashMap<Key, Value>> = HashMap::new();
        for path in &self.paths {
            let group = groups.entry(path.group.as_str()).or_default();
            if let Some(datum) = datum(path, facts, ask) {
                group.insert(Key::from(path.field.as_str()), value(datum));
            }
        }
        let mut context = Context::with_env(STANDARD.clone());
        for (group, fields) in groups {
            context.add_variable_from_value(group, Value::from(fields));
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(_) => Err(Unanswered::Other("the answer is neither true nor false".to_owned())),
            Err(error) => Err(unanswered(error)),
        }
    }

    /// Whether it looks at the score.
    pub fn looks_at_score(&self) -> bool {
        self.paths.iter().any(|path| path.presence() == Presence::Scored)
    }

    /// Whether it is certain that it can never hold.
    pub(crate) fn never_holds(&self) -> bool {
        dead::never_holds(&self.term)
    }

    /// Whether it is certain that it holds wherever `other` does.
    pub(crate) fn follows_from(&self, other: &Expression) -> bool {
        dead::follows_from(&self.term, &other.term)
    }

    /// Whether it is certain that it holds of everyone.
    pub(crate) fn always_holds(&self) -> bool {
        dead::follows_from(&self.term, &Term::Bool(true))
    }
}

fn datum(path: &Path, facts: &Facts, ask: Option<&Ask>) -> Option<Datum> {
    if path.group == FEATURE {
        return facts.features.get(&path.field).copied().map(Datum::Int);
    }
    find(&path.group, &path.field).and_then(|name| (name.read)(facts, ask))
}

fn value(datum: Datum) -> Value {
    match datum {
        Datum::Int(value) => Value::Int(value),
        Datum::Bool(value) => Value::Bool(value),
        Datum::Text(text) => Value::String(Arc::new(text)),
    }
}

fn unanswered(error: ExecutionError) -> Unanswered {
    match error {
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => Unanswered::DividesByZero,
        ExecutionError::Overflow(..) => Unanswered::Overflows,
        ExecutionError::NoSuchKey(name) => Unanswered::NotKnown(name.to_string()),
        // Negation tells of an overflow as of any other error of a function.
        other if other.to_string().contains("overflow") => Unanswered::Overflows,
        other => Unanswered::Other(other.to_string().chars().take(120).collect()),
    }
}
