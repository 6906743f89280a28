//! The schema lint: what no table and no statement may do, so that cells stay apart and replay stays true.
//!
//! A database may be spread over many servers by `cell` only if `cell` leads every key and index of a
//! household table and every statement names it. Replaying the journal gives the same rows only if no
//! rule hides in the database: no trigger, no clock, no chance, no float.

use door::Table;
use door::table::Class;

use crate::ddl::Dialect;

/// What the lint looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The key of a household table begins with `cell`.
    KeyBeginsWithCell,
    /// Each index of a household table begins with `cell`.
    IndexBeginsWithCell,
    /// No column of a key may be empty.
    KeyNotNullable,
    /// A key has at least one column, and not more than there are.
    KeyLength,
    /// An index names columns that are there.
    IndexColumns,
    /// Names are `snake_case` of at most 63 characters.
    SnakeCase,
    /// No two tables, two indexes, or two columns of a table share a name.
    NoDuplicates,
    /// No triggers.
    NoTriggers,
    /// No clock and no chance.
    NoClockNoChance,
    /// SQLite tables are `STRICT`.
    Strict,
    /// No floats.
    NoFloats,
    /// Moments are `timestamptz`.
    Timestamptz,
    /// A statement on a household table names `cell`, where it says which rows.
    NamesCell,
}

/// Something the lint found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: Rule,
    /// Where: a table, an index, or the beginning of a statement.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {} in {}", self.rule, self.what, self.place)
    }
}

/// Looks through declared tables.
pub fn lint_tables(tables: &[&Table]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for table in tables {
        let mut say = |rule, what: String| found.push(Finding { rule, place: format!("table `{}`", table.name), what });
        let household = table.class == Class::Household;
        if table.key_len == 0 || table.key_len > table.columns.len() {
            say(Rule::KeyLength, format!("a key of {} columns", table.key_len));
        }
        if household && (table.columns.first().map(|c| c.name) != Some("cell") || table.key_len == 0) {
            say(Rule::KeyBeginsWithCell, "the key does not begin with `cell`".to_owned());
        }
        for column in table.columns.iter().take(table.key_len).filter(|c| c.nullable) {
            say(Rule::KeyNotNullable, format!("column `{}` of the key may be empty", column.name));
        }
        for index in table.indexes {
            if household && index.columns.first() != Some(&"cell") {
                say(Rule::IndexBeginsWithCell, format!("index `{}` does not begin with `cell`", index.name));
            }
            if index.columns.is_empty() {
                say(Rule::IndexColumns, format!("index `{}` has no columns", index.name));
            }
            for column in index.columns.iter().filter(|c| table.column(c).is_none()) {
                say(Rule::IndexColumns, format!("index `{}` names `{column}`, which is not there", index.name));
            }
        }
        let columns = || table.columns.iter().map(|c| c.name);
        let own = [table.name].into_iter().chain(table.indexes.iter().map(|i| i.name));
        for name in own.clone().chain(columns()).filter(|name| !is_snake_case(name)) {
            say(Rule::SnakeCase, format!("`{name}` is not snake_case"));
        }
        for (place, name) in columns().enumerate().filter(|(place, name)| columns().take(*place).any(|n| n == *name)) {
            say(Rule::NoDuplicates, format!("column {place} repeats the name `{name}`"));
        }
        for name in own {
            // Tables and indexes share one space of names.
            if names.contains(&name) {
                say(Rule::NoDuplicates, format!("the name `{name}` is taken"));
            }
            names.push(name);
        }
    }
    found
}

/// Looks through the text of statements, separated by semicolons.
pub fn lint_sql(text: &str, dialect: Dialect, tables: &[&Table]) -> Vec<Finding> {
    let tokens = tokens(text);
    tokens
        .split(|token| *token == Token::Sign(';'))
        .flat_map(|statement| lint_statement(statement, dialect, tables))
        .collect()
}

/// Words of a clock or of chance, in either database.
const CLOCK_OR_CHANCE: &[&str] = &[
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtime",
    "localtimestamp",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
    "datetime",
    "julianday",
    "unixepoch",
    "strftime",
    "random",
    "randomblob",
    "random_normal",
    "gen_random_uuid",
    "gen_random_bytes",
    "uuid_generate_v4",
    "nextval",
];
const FLOATS: &[&str] = &["real", "float", "float4", "float8", "double"];

fn lint_statement(statement: &[Token], dialect: Dialect, tables: &[&Table]) -> Vec<Finding> {
    let place: String =
        statement.iter().map(Token::to_string).collect::<Vec<_>>().join(" ").chars().take(100).collect();
    let mut found = Vec::new();
    let mut say = |rule, what: String| found.push(Finding { rule, place: format!("`{place}`"), what });
    let words: Vec<&str> = statement.iter().filter_map(Token::keyword).collect();
    let creates = |what: &str| words.first() == Some(&"create") && words.iter().take(4).any(|word| *word == what);
    if creates("trigger") {
        say(Rule::NoTriggers, "a trigger".to_owned());
    }
    for word in words.iter().filter(|word| CLOCK_OR_CHANCE.contains(word)) {
        say(Rule::NoClockNoChance, format!("`{word}`"));
    }
    for word in words.iter().filter(|word| FLOATS.contains(word)) {
        say(Rule::NoFloats, format!("`{word}`"));
    }
    for (place, _) in words.iter().enumerate().filter(|(_, word)| **word == "timestamp") {
        if words.get(place + 1..place + 4) != Some(&["with", "time", "zone"]) {
            say(Rule::Timestamptz, "`timestamp` without time zone".to_owned());
        }
    }
    if dialect == Dialect::Sqlite && creates("table") && !after_last_bracket(statement).contains(&"strict") {
        say(Rule::Strict, "a table that is not STRICT".to_owned());
    }
    let household = tables.iter().find(|table| table.class == Class::Household && names_table(statement, table.name));
    if let Some(table) = household
        && !names_cell(statement, words.first().copied().unwrap_or_default())
    {
        say(Rule::NamesCell, format!("table `{}` without its `cell`", table.name));
    }
    found
}

/// Whether a table stands where statements name tables.
fn names_table(statement: &[Token], name: &str) -> bool {
    const BEFORE: [&str; 9] = ["from", "join", "into", "update", "table", "on", "using", "exists", "only"];
    statement.windows(2).any(|pair| {
        pair[1].name() == Some(name)
            && (pair[0].keyword().is_some_and(|w| BEFORE.contains(&w)) || pair[0] == Token::Sign(','))
    })
}

/// Whether `cell` stands in the part of a statement that says which rows are meant.
fn names_cell(statement: &[Token], verb: &str) -> bool {
    let from = match verb {
        // What is only shown does not count.
        "select" | "with" => "from",
        "update" | "delete" => "where",
        "insert" | "create" | "replace" => return statement.iter().any(|token| token.name() == Some("cell")),
        // Changes of the schema and settings touch no rows.
        _ => return true,
    };
    statement.iter().skip_while(|token| token.keyword() != Some(from)).any(|token| token.name() == Some("cell"))
}

fn after_last_bracket(statement: &[Token]) -> Vec<&str> {
    let last = statement.iter().rposition(|token| *token == Token::Sign(')')).map_or(0, |place| place + 1);
    statement[last..].iter().filter_map(Token::keyword).collect()
}

fn is_snake_case(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('_')
        && !name.contains("__")
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A piece of a statement. Literals and comments are left out: what they say is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A bare word, in small letters: a keyword, a name, a number.
    Word(String),
    /// A quoted name.
    Quoted(String),
    /// Anything else.
    Sign(char),
}

impl Token {
    fn keyword(&self) -> Option<&str> {
        match self {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Token::Word(word) | Token::Quoted(word) => Some(word),
            Token::Sign(_) => None,
        }
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Word(word) => f.write_str(word),
            Token::Quoted(word) => write!(f, "\"{word}\""),
            Token::Sign(sign) => write!(f, "{sign}"),
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '\'' | '"' | '`' => {
                let inner = &rest[1..];
                let end = inner.find(first).unwrap_or(inner.len());
                if first != '\'' {
                    tokens.push(Token::Quoted(inner[..end].to_owned()));
                }
                (1 + end + 1).min(rest.len())
            }
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            c if c.is_alphanumeric() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..end].to_lowercase()));
                end
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(Token::Sign(c));
                }
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    tokens
}
