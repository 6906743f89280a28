//! A condition as a tree of the few forms that rules need: what is not one of them is refused when the file is read.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

use super::names::{FEATURE, NAMES, Name, Presence, Sort, find};

/// A part of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    Int(i64),
    Bool(bool),
    Text(String),
    Name(Path),
    Has(Path),
    Not(Box<Term>),
    And(Box<Term>, Box<Term>),
    Or(Box<Term>, Box<Term>),
    If(Box<Term>, Box<Term>, Box<Term>),
    Compare(Compare, Box<Term>, Box<Term>),
    In(Box<Term>, Vec<Term>),
    Math(Math, Box<Term>, Box<Term>),
    Minus(Box<Term>),
}

/// `group.field`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path {
    pub(super) group: String,
    pub(super) field: String,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Math {
    Plus,
    Minus,
    Times,
    Over,
    Rest,
}

/// What a part comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Int,
    Bool,
    Text,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Type::Int => "a whole number",
            Type::Bool => "true or false",
            Type::Text => "a text",
        }
    }
}

impl Path {
    fn name(&self) -> Option<&'static Name> {
        find(&self.group, &self.field)
    }

    /// What the name stands for; a feature is a whole number of millionths.
    pub(super) fn sort(&self) -> Sort {
        self.name().map_or(Sort::Int(i64::MIN, i64::MAX), |name| name.sort)
    }

    /// When the name is known.
    pub(super) fn presence(&self) -> Presence {
        self.name().map_or(Presence::Sometimes, |name| name.presence)
    }
}

/// Reads a condition. Errors say what is wrong and what may be written.
pub(super) fn read(expression: &IdedExpr, features: &[&str]) -> Result<Term, String> {
    let reader = Reader { features };
    let (term, kind) = reader.term(&expression.expr)?;
    if kind == Type::Bool { Ok(term) } else { Err(format!("is {}, and a condition is true or false", kind.name())) }
}

struct Reader<'a> {
    features: &'a [&'a str],
}

impl Reader<'_> {
    fn term(&self, expression: &Expr) -> Result<(Term, Type), String> {
        match expression {
            Expr::Literal(LiteralValue::Int(value)) => Ok((Term::Int(*value.inner()), Type::Int)),
            Expr::Literal(LiteralValue::Boolean(value)) => Ok((Term::Bool(*value.inner()), Type::Bool)),
            Expr::Literal(LiteralValue::String(text)) => Ok((Term::Text(text.inner().to_owned()), Type::Text)),
            Expr::Literal(_) => Err("holds a number that is not whole: write ppm, fen or millionths".to_owned()),
            Expr::Select(select) => {
                let Expr::Ident(group) = &select.operand.expr else {
                    return Err("names something inside a field: names have one dot, such as score.pd_ppm".to_owned());
                };
                let path = self.path(group, &select.field)?;
                if select.test {
                    return Ok((Term::Has(path), Type::Bool));
                }
                let kind = match path.sort() {
                    Sort::Int(..) => Type::Int,
                    Sort::Bool => Type::Bool,
                    Sort::Text => Type::Text,
                };
                Ok((Term::Name(path), kind))
            }
            Expr::Ident(name) => Err(format!("`{name}` is no name: names have one dot, such as {}", known())),
            Expr::Call(call) => self.call(call),
            _ => {
                Err("is more than rules may say: write names, whole numbers, texts, + - * / %, comparisons, in [...], \
                      has(...), !, &&, || and ? :"
                    .to_owned())
            }
        }
    }

    fn path(&self, group: &str, field: &str) -> Result<Path, String> {
        let path = Path { group: group.to_owned(), field: field.to_owned() };
        if group == FEATURE {
            if self.features.contains(&field) {
                return Ok(path);
            }
            return Err(format!(
                "`feature.{field}` is no lawful feature of the feature table: rules may use only those"
            ));
        }
        match find(group, field) {
            Some(_) => Ok(path),
            None => Err(format!("`{group}.{field}` is no name: write one of {}, or feature.NAME", known())),
        }
    }

    fn call(&self, call: &CallExpr) -> Result<(Term, Type), String> {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_NOT, [part]) => Ok((not(self.of(part, Type::Bool)?), Type::Bool)),
            (operators::LOGICAL_AND, parts @ [_, ..]) => self.joined(parts, Term::And),
            (operators::LOGICAL_OR, parts @ [_, ..]) => self.joined(parts, Term::Or),
            (operators::NEGATE, [part]) => {
                let part = self.of(part, Type::Int)?;
                match part {
                    Term::Int(value) => Ok((Term::Int(value.checked_neg().ok_or_else(overflow)?), Type::Int)),
                    other => Ok((Term::Minus(Box::new(other)), Type::Int)),
                }
            }
            (operators::CONDITIONAL, [when, then, otherwise]) => {
                let when = self.of(when, Type::Bool)?;
                let (then, kind) = self.term(&then.expr)?;
                let otherwise = self.of(otherwise, kind)?;
                Ok((Term::If(Box::new(when), Box::new(then), Box::new(otherwise)), kind))
            }
            (operators::IN, [part, list]) => {
                let (part, kind) = self.term(&part.expr)?;
                let Expr::List(list) = &list.expr else {
                    return Err("`in` is followed by a list in brackets".to_owned());
                };
                let items = list.elements.iter().map(|item| self.of(item, kind)).collect::<Result<Vec<_>, _>>()?;
                if items.iter().any(|item| !matches!(item, Term::Int(_) | Term::Bool(_) | Term::Text(_))) {
                    return Err("a list of `in` holds plain numbers or texts".to_owned());
                }
                Ok((Term::In(Box::new(part), items), Type::Bool))
            }
            (_, [left, right]) => self.binary(name, left, right),
            _ => Err(format!("calls `{}`, which rules do not have", call.func_name)),
        }
    }

    fn joined(&self, parts: &[IdedExpr], join: fn(Box<Term>, Box<Term>) -> Term) -> Result<(Term, Type), String> {
        let mut terms = parts.iter().map(|part| self.of(part, Type::Bool));
        let first = terms.next().ok_or_else(|| "lacks a part".to_owned())??;
        let term = terms.try_fold(first, |left, right| Ok::<_, String>(join(Box::new(left), Box::new(right?))))?;
        Ok((term, Type::Bool))
    }

    fn binary(&self, name: &str, left: &IdedExpr, right: &IdedExpr) -> Result<(Term, Type), String> {
        let compare = match name {
            operators::EQUALS => Some(Compare::Equal),
            operators::NOT_EQUALS => Some(Compare::NotEqual),
            operators::LESS => Some(Compare::Less),
            operators::LESS_EQUALS => Some(Compare::AtMost),
            operators::GREATER => Some(Compare::More),
            operators::GREATER_EQUALS => Some(Compare::AtLeast),
            _ => None,
        };
        if let Some(compare) = compare {
            let (left, kind) = self.term(&left.expr)?;
            let right = self.of(right, kind)?;
            if kind != Type::Int && !matches!(compare, Compare::Equal | Compare::NotEqual) {
                return Err(format!("orders {}: only whole numbers have an order here", kind.name()));
            }
            return Ok((Term::Compare(compare, Box::new(left), Box::new(right)), Type::Bool));
        }
        let math = match name {
            operators::ADD => Math::Plus,
            operators::SUBSTRACT => Math::Minus,
            operators::MULTIPLY => Math::Times,
            operators::DIVIDE => Math::Over,
            operators::MODULO => Math::Rest,
            _ => return Err(format!("calls `{name}`, which rules do not have")),
        };
        let (left, right) = (self.of(left, Type::Int)?, self.of(right, Type::Int)?);
        if matches!(math, Math::Over | Math::Rest) && right == Term::Int(0) {
            return Err("divides by zero".to_owned());
        }
        if let (Term::Int(left), Term::Int(right)) = (&left, &right) {
            let value = match math {
                Math::Plus => left.checked_add(*right),
                Math::Minus => left.checked_sub(*right),
                Math::Times => left.checked_mul(*right),
                Math::Over => left.checked_div(*right),
                Math::Rest => left.checked_rem(*right),
            };
            return Ok((Term::Int(value.ok_or_else(overflow)?), Type::Int));
        }
        Ok((Term::Math(math, Box::new(left), Box::new(right)), Type::Int))
    }

    fn of(&self, part: &IdedExpr, wanted: Type) -> Result<Term, String> {
        let (term, kind) = self.term(&part.expr)?;
        if kind == wanted { Ok(term) } else { Err(format!("has {} where {} belongs", kind.name(), wanted.name())) }
    }
}

fn not(term: Term) -> Term {
    Term::Not(Box::new(term))
}

fn overflow() -> String {
    "works out a number that does not fit 64 bits".to_owned()
}

fn known() -> String {
    NAMES.iter().map(|name| format!("{}.{}", name.group, name.field)).collect::<Vec<_>>().join(", ")
}

impl Term {
    /// Every name it speaks of, those that `has(…)` asks about included.
    pub(super) fn paths(&self, found: &mut BTreeSet<Path>) {
        match self {
            Term::Int(_) | Term::Bool(_) | Term::Text(_) => {}
            Term::Name(path) | Term::Has(path) => {
                found.insert(path.clone());
            }
            Term::Not(part) | Term::Minus(part) | Term::In(part, _) => part.paths(found),
            Term::And(a, b) | Term::Or(a, b) | Term::Compare(_, a, b) | Term::Math(_, a, b) => {
                a.paths(found);
                b.paths(found);
            }
            Term::If(a, b, c) => [a, b, c].into_iter().for_each(|part| part.paths(found)),
        }
    }
}
