//! Rules that never speak: a condition that cannot hold, and one that another rule has always answered already.
//!
//! The check is sound and not complete. A condition is taken apart into ways in which it can hold, each a list of plain
//! tests; a way is impossible if its tests leave no value to a name, or if one is the opposite of another. What is not a
//! plain test, such as a sum of two names, is taken to be possible. So what it reports is dead, and something dead may pass.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Presence, Sort};
use super::tree::{Compare, Path, Term};

/// Ways of a condition that are looked at; with more nothing is claimed.
const WAYS_MAX: usize = 512;

/// A plain test, or one that is not looked into.
#[derive(Clone, Debug)]
enum Test {
    /// The name's value lies in a range.
    Range(Path, i64, i64),
    /// The name's value is not this one.
    Not(Path, i64),
    /// The name is this text, or is not.
    Text(Path, String, bool),
    /// The name is known, or is not.
    Known(Path, bool),
    /// Never.
    False,
    /// Something else, or its opposite.
    Other(Term, bool),
}

type Way = Vec<Test>;

/// Whether no value of the names lets it hold.
pub(super) fn never_holds(term: &Term) -> bool {
    ways(term, true).is_some_and(|ways| ways.iter().all(|way| is_impossible(way)))
}

/// Whether it holds wherever `of` holds.
pub(super) fn follows_from(term: &Term, of: &Term) -> bool {
    let Some(holding) = ways(of, true) else { return false };
    let Some(failing) = ways(term, false) else { return false };
    // Where a name of the condition is not known it does not hold, so every way of the other has to speak of it.
    let mut needed = BTreeSet::new();
    term.paths(&mut needed);
    needed.retain(|path| path.presence() != Presence::Always);
    holding.iter().filter(|way| !is_impossible(way)).all(|way| {
        needed.iter().all(|path| way.iter().any(|test| test.is_of(path)))
            && failing.iter().all(|not| is_impossible(&[way.as_slice(), not.as_slice()].concat()))
    })
}

impl Test {
    /// Whether the name must be known for the test to hold.
    fn is_of(&self, path: &Path) -> bool {
        match self {
            Test::Range(of, ..) | Test::Not(of, _) | Test::Text(of, ..) | Test::Known(of, true) => of == path,
            Test::Known(_, false) | Test::False | Test::Other(..) => false,
        }
    }
}

/// The ways in which a term holds, or fails to; none if they are too many.
fn ways(term: &Term, holds: bool) -> Option<Vec<Way>> {
    let found = match (term, holds) {
        (Term::Bool(value), _) => {
            if *value == holds {
                vec![Vec::new()]
            } else {
                vec![vec![Test::False]]
            }
        }
        (Term::Not(part), _) => return ways(part, !holds),
        (Term::And(a, b), true) | (Term::Or(a, b), false) => {
            let (left, right) = (ways(a, holds)?, ways(b, holds)?);
            if left.len().saturating_mul(right.len()) > WAYS_MAX {
                return None;
            }
            left.iter().flat_map(|l| right.iter().map(|r| [l.as_slice(), r.as_slice()].concat())).collect()
        }
        (Term::And(a, b), false) | (Term::Or(a, b), true) => [ways(a, holds)?, ways(b, holds)?].concat(),
        (Term::Compare(compare, a, b), _) => compared(*compare, a, b, holds, term),
        (Term::In(part, items), true) => {
            items.iter().map(|item| compared(Compare::Equal, part, item, true, term).concat()).collect()
        }
        (Term::In(part, items), false) => {
            vec![items.iter().flat_map(|item| compared(Compare::Equal, part, item, false, term).concat()).collect()]
        }
        (Term::Name(path), _) => vec![vec![Test::Range(path.clone(), i64::from(holds), i64::from(holds))]],
        (Term::Has(path), _) if path.presence() == Presence::Always => {
            return ways(&Term::Bool(true), holds);
        }
        (Term::Has(path), _) => vec![vec![Test::Known(path.clone(), holds)]],
        (other, _) => vec![vec![Test::Other(other.clone(), holds)]],
    };
    (found.len() <= WAYS_MAX).then_some(found)
}

/// The one way in which a comparison holds or fails.
fn compared(compare: Compare, a: &Term, b: &Term, holds: bool, whole: &Term) -> Vec<Way> {
    let compare = if holds { compare } else { opposite(compare) };
    let test = match (a, b) {
        (Term::Name(path), Term::Int(edge)) => range(path, compare, *edge),
        (Term::Int(edge), Term::Name(path)) => range(path, mirrored(compare), *edge),
        (Term::Name(path), Term::Text(text)) | (Term::Text(text), Term::Name(path)) => {
            Test::Text(path.clone(), text.clone(), compare == Compare::Equal)
        }
        (Term::Name(path), Term::Bool(value)) | (Term::Bool(value), Term::Name(path)) => {
            let wanted = i64::from(*value == (compare == Compare::Equal));
            Test::Range(path.clone(), wanted, wanted)
        }
        (Term::Int(a), Term::Int(b)) => {
            let is = match compare {
                Compare::Equal => a == b,
                Compare::NotEqual => a != b,
                Compare::Less => a < b,
                Compare::AtMost => a <= b,
                Compare::More => a > b,
                Compare::AtLeast => a >= b,
            };
            return vec![if is { Vec::new() } else { vec![Test::False] }];
        }
        _ => Test::Other(whole.clone(), holds),
    };
    vec![vec![test]]
}

fn range(path: &Path, compare: Compare, edge: i64) -> Test {
    let path = path.clone();
    match compare {
        Compare::Equal => Test::Range(path, edge, edge),
        Compare::NotEqual => Test::Not(path, edge),
        Compare::Less => edge.checked_sub(1).map_or(Test::False, |most| Test::Range(path, i64::MIN, most)),
        Compare::AtMost => Test::Range(path, i64::MIN, edge),
        Compare::More => edge.checked_add(1).map_or(Test::False, |least| Test::Range(path, least, i64::MAX)),
        Compare::AtLeast => Test::Range(path, edge, i64::MAX),
    }
}

fn opposite(compare: Compare) -> Compare {
    match compare {
        Compare::Equal => Compare::NotEqual,
        Compare::NotEqual => Compare::Equal,
        Compare::Less => Compare::AtLeast,
        Compare::AtMost => Compare::More,
        Compare::More => Compare::AtMost,
        Compare::AtLeast => Compare::Less,
    }
}

fn mirrored(compare: Compare) -> Compare {
    match compare {
        Compare::Less => Compare::More,
        Compare::AtMost => Compare::AtLeast,
        Compare::More => Compare::Less,
        Compare::AtLeast => Compare::AtMost,
        same => same,
    }
}

fn is_impossible(way: &[Test]) -> bool {
    let mut ranges: BTreeMap<&Path, (i64, i64)> = BTreeMap::new();
    let mut texts: BTreeMap<&Path, &str> = BTreeMap::new();
    for test in way {
        match test {
            Test::False => return true,
            Test::Range(path, low, high) => {
                let all = match path.sort() {
                    Sort::Int(low, high) => (low, high),
                    Sort::Bool => (0, 1),
                    Sort::Text => (i64::MIN, i64::MAX),
                };
                let (least, most) = ranges.entry(path).or_insert(all);
                (*least, *most) = ((*least).max(*low), (*most).min(*high));
                if least > most {
                    return true;
                }
            }
            Test::Text(path, text, true) => {
                if texts.insert(path, text).is_some_and(|other| other != text) {
                    return true;
                }
            }
            Test::Text(..) | Test::Not(..) | Test::Known(..) | Test::Other(..) => {}
        }
    }
    way.iter().any(|test| match test {
        Test::Text(path, text, false) => texts.get(path).is_some_and(|is| is == text),
        Test::Not(path, value) => ranges.get(path).is_some_and(|range| *range == (*value, *value)),
        Test::Known(path, false) => way.iter().any(|other| other.is_of(path)),
        Test::Other(term, holds) => {
            way.iter().any(|other| matches!(other, Test::Other(same, not) if same == term && not != holds))
        }
        _ => false,
    })
}
