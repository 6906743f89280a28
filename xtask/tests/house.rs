//! Holds the shape of the house: which room may know which, who may read clocks and speak to the world,
//! where `unsafe` may stand. The rules are data below; `faults` is a pure function over a description of
//! the workspace, so that each rule is shown to fail on a small invented one.

// The whole file is a test.
#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The pure crates, each with every crate it may use outside of its tests. Adding a name is an act to be
/// discussed: it must bring no database, HTTP, async runtime, clock or random source.
const PURE: &[(&str, &[&str])] = &[
    ("basics", &["jiff", "minicbor", "rust_decimal", "serde", "sha2", "thiserror", "uuid"]),
    ("ledger", &["basics", "minicbor", "rust_decimal", "serde", "thiserror", "toml"]),
    ("loan", &["basics", "minicbor", "rust_decimal", "serde", "thiserror", "toml"]),
    ("insight", &["basics", "minicbor", "rust_decimal", "serde", "thiserror", "toml"]),
    // `csv` splits text into cells; who opens files is `tianxin`.
    ("score", &["basics", "csv", "insight", "minicbor", "serde", "serde_json", "sha2", "thiserror"]),
    (
        "policy",
        // `cel` evaluates the conditions of rules over values that it is given; it has no clock without its features.
        &[
            "basics",
            "cel",
            "insight",
            "loan",
            "score",
            "minicbor",
            "rust_decimal",
            "serde",
            "sha2",
            "thiserror",
            "toml",
        ],
    ),
    // `score` grows the trees of the score that learns from decided cases.
    ("watch", &["basics", "insight", "score", "minicbor", "serde", "thiserror", "toml"]),
    ("partner", &["basics", "minicbor", "rust_decimal", "serde", "thiserror", "toml"]),
];

/// Who must not know whom.
const FORBIDDEN_EDGES: &[(&str, &[&str])] = &[
    ("ledger", &["loan"]),
    ("loan", &["ledger"]),
    ("app", &["store", "api", "sim", "tianxin"]),
    ("api", &["sim", "tianxin"]),
    ("rails", &["sim", "tianxin"]),
    ("door", &["app", "store", "api", "rails", "sim", "tianxin", "ledger", "loan"]),
    ("store", &["app", "api", "rails", "sim", "tianxin", "ledger", "loan"]),
    ("sim", &["store", "api", "rails", "tianxin"]),
];

/// Crates that only some rooms may use.
const RESERVED: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("postgres", &["store"]),
    ("tokio-postgres", &["store"]),
    ("sea-query", &["store"]),
    ("getrandom", &["api", "tianxin"]),
    ("axum", &["api", "tianxin"]),
];

/// Features that give a pure crate a clock, a time zone of the machine, or a random source.
const FORBIDDEN_FEATURES: &[(&str, &[&str])] = &[
    ("cel", &["default", "chrono", "regex"]),
    ("jiff", &["default", "std", "tz-system"]),
    ("uuid", &["fast-rng", "rng-getrandom", "rng-rand", "v1", "v4", "v6", "v7"]),
];

/// Words that only some rooms may write, outside of their tests.
const RESERVED_WORDS: &[(&str, &[&str])] = &[
    ("SystemTime", &["api", "tianxin"]),
    ("Zoned::now", &["api", "tianxin"]),
    ("Timestamp::now", &["api", "tianxin"]),
    ("getrandom", &["api", "tianxin"]),
    ("OsRng", &["api", "tianxin"]),
    ("thread_rng", &["api", "tianxin"]),
    ("Uuid::now_v7", &["api", "tianxin"]),
    ("Uuid::new_v4", &["api", "tianxin"]),
    ("std::net", &["store", "rails", "api", "tianxin"]),
    ("tokio::net", &["rails", "api", "tianxin"]),
    ("rusqlite", &["store"]),
    ("sea_query", &["store"]),
    ("TruthRow", &["sim", "tianxin"]),
    ("Typology", &["sim", "tianxin"]),
];

/// Folders of other crates that are held to what pure crates are: the world of the simulator lives without
/// clock, files or threads.
const PURE_FOLDERS: &[&str] =
    &["crates/sim/src/county/", "crates/sim/src/world/", "crates/sim/src/moments/", "crates/sim/src/deed.rs"];

/// Folders that are held to purity and may name the platform: the laboratory lives in the platform's pure rooms.
const PURE_BESIDE_PLATFORM: &[&str] = &["crates/sim/src/lab/"];

/// Crates of the platform, which the world of the simulator must not name: its people know what they are told.
const PLATFORM_WORDS: &[&str] = &["app", "door", "store", "api", "rails", "policy", "score", "ledger"];

/// Words that a pure crate never writes, its tests excepted: the world outside.
const IMPURE_WORDS: &[&str] = &["Instant::now", "std::fs", "std::env", "std::process", "std::thread"];

/// Names of countries: what one of them rules is data in a rule pack, never code of a pure crate.
const COUNTRY_WORDS: &[&str] = &["China", "PRC", "CN", "Czechia", "Czech", "CZ", "India", "Kenya"];

/// The files in which `unsafe` may stand.
const UNSAFE_FILES: &[&str] = &["crates/store/src/fault_vfs.rs", "crates/score/src/fast/machine.rs"];

/// The workspace as the rules see it.
#[derive(Debug, Default, Clone)]
struct House {
    rooms: Vec<Room>,
    /// `docs/architecture.md`, once it is written.
    architecture: Option<String>,
}

#[derive(Debug, Default, Clone)]
struct Room {
    name: String,
    /// Normal and build dependencies with their features; those of tests do not matter.
    dependencies: BTreeMap<String, BTreeSet<String>>,
    /// Whether the manifest takes the workspace's lints.
    has_lints: bool,
    sources: Vec<Source>,
}

#[derive(Debug, Default, Clone)]
struct Source {
    path: String,
    /// Without comments and tests.
    code: String,
}

/// Every breach of a rule, in words.
fn faults(house: &House) -> Vec<String> {
    let mut faults = Vec::new();
    for room in &house.rooms {
        dependency_faults(room, &mut faults);
        word_faults(room, &mut faults);
        if !room.has_lints {
            faults.push(format!("{}: its Cargo.toml does not take the workspace's lints", room.name));
        }
        if let Some(text) = &house.architecture
            && !has_word(text, &room.name)
        {
            faults.push(format!("docs/architecture.md does not name {}", room.name));
        }
    }
    faults
}

fn dependency_faults(room: &Room, faults: &mut Vec<String>) {
    let name = room.name.as_str();
    let uses = |other: &str| room.dependencies.contains_key(other);
    if let Some((_, allowed)) = PURE.iter().find(|(pure, _)| *pure == name) {
        for other in room.dependencies.keys().filter(|other| !allowed.contains(&other.as_str())) {
            faults.push(format!("{name} is pure and may not use {other}"));
        }
        for (other, features) in FORBIDDEN_FEATURES {
            let taken = room.dependencies.get(*other);
            for feature in features.iter().filter(|f| taken.is_some_and(|taken| taken.contains(**f))) {
                faults.push(format!("{name} is pure and may not use {other} with feature {feature}"));
            }
        }
    }
    for (_, others) in FORBIDDEN_EDGES.iter().filter(|(from, _)| *from == name) {
        for other in others.iter().filter(|other| uses(other)) {
            faults.push(format!("{name} may not know {other}"));
        }
    }
    for (other, rooms) in RESERVED.iter().filter(|(other, rooms)| uses(other) && !rooms.contains(&name)) {
        faults.push(format!("{name} may not use {other}: only {} may", rooms.join(", ")));
    }
}

fn word_faults(room: &Room, faults: &mut Vec<String>) {
    let name = room.name.as_str();
    let is_pure = PURE.iter().any(|(pure, _)| *pure == name);
    for Source { path, code } in &room.sources {
        for (word, rooms) in RESERVED_WORDS.iter().filter(|(_, rooms)| !rooms.contains(&name)) {
            if has_word(code, word) {
                faults.push(format!("{path} names {word}: only {} may", rooms.join(", ")));
            }
        }
        let is_world = PURE_FOLDERS.iter().any(|folder| path.starts_with(folder));
        let is_pure_folder = is_world || PURE_BESIDE_PLATFORM.iter().any(|folder| path.starts_with(folder));
        for word in IMPURE_WORDS.iter().filter(|word| (is_pure || is_pure_folder) && has_word(code, word)) {
            faults.push(format!("{path} names {word}, but {name} is pure"));
        }
        for word in PLATFORM_WORDS.iter().filter(|word| is_world && has_word(code, &format!("use {word}"))) {
            faults.push(format!("{path} uses {word}: people of the county know only what they are told"));
        }
        for word in COUNTRY_WORDS.iter().filter(|word| is_pure && has_word(code, word)) {
            faults.push(format!("{path} names {word}: what a country rules belongs into a rule pack"));
        }
        let is_unsafe = has_word(code, "unsafe") || has_word(code, "allow(unsafe_code)");
        if is_unsafe && !UNSAFE_FILES.contains(&path.as_str()) {
            faults.push(format!("{path} holds unsafe: only {} may", UNSAFE_FILES.join(", ")));
        }
    }
}

/// Whether a text has this word, not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    // A hyphen too: `'unsafe-inline'` of a page's policy is another word.
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part_of_word) && !text[at + word.len()..].starts_with(part_of_word))
}

/// The lines of a formatted source file that are neither comments nor tests.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") {
            continue;
        }
        if trimmed == "#[cfg(test)]" {
            skip_item(&line[..line.len() - trimmed.len()], &mut lines);
            continue;
        }
        code.push_str(line.split(" // ").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

/// Passes over one item: a formatted one ends with a brace at its own indent, or on its own line.
fn skip_item<'a>(indent: &str, lines: &mut impl Iterator<Item = &'a str>) {
    for line in lines {
        let Some(own) = line.strip_prefix(indent).filter(|rest| !rest.starts_with(' ')) else { continue };
        if own.starts_with('}') || own.ends_with(';') || own.ends_with("{}") {
            return;
        }
    }
}

/// Modules of tests in files of their own.
fn is_test_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs") || path.iter().any(|part| part == "tests")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Reads the house as it stands.
fn survey(root: &Path) -> House {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    House {
        rooms: packages.iter().map(|package| room_of(package, root)).collect(),
        architecture: fs::read_to_string(root.join("docs/architecture.md")).ok(),
    }
}

fn room_of(package: &Value, root: &Path) -> Room {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for dependency in package["dependencies"].as_array().expect("dependencies") {
        if dependency["kind"] == "dev" {
            continue;
        }
        let features = dependencies.entry(text(&dependency["name"])).or_default();
        features.extend(dependency["features"].as_array().expect("features").iter().map(text));
        if dependency["uses_default_features"] == true {
            features.insert("default".to_owned());
        }
    }
    let mut sources = Vec::new();
    read_sources(&manifest.parent().expect("a folder").join("src"), root, &mut sources);
    let lines = fs::read_to_string(&manifest).expect("a manifest");
    let has_lints = lines
        .split_once("[lints]")
        .is_some_and(|(_, rest)| rest.lines().map(str::trim).find(|line| !line.is_empty()) == Some("workspace = true"));
    Room { name: text(&package["name"]), dependencies, has_lints, sources }
}

fn read_sources(folder: &Path, root: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let relative = path.strip_prefix(root).expect("inside the workspace");
        if is_test_file(relative) {
            continue;
        }
        if path.is_dir() {
            read_sources(&path, root, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = code_of(&fs::read_to_string(&path).expect("a source file"));
            sources.push(Source { path: relative.to_string_lossy().replace('\\', "/"), code });
        }
    }
}

#[test]
fn the_house_stands_by_its_rules() {
    let root = root();
    let house = survey(&root);
    assert!(house.rooms.len() > 10, "found only {} rooms", house.rooms.len());
    if house.architecture.is_none() {
        eprintln!("not checked: docs/architecture.md is not written yet");
    }
    let faults = faults(&house);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace's manifest");
    assert!(manifest.contains("unsafe_code = \"deny\""), "the workspace's lints deny unsafe");
}

/// A room with these dependencies and this code, and nothing wrong with it otherwise.
fn room(name: &str, dependencies: &[(&str, &[&str])], code: &str) -> Room {
    let dependencies = dependencies
        .iter()
        .map(|(other, features)| ((*other).to_owned(), features.iter().map(|feature| (*feature).to_owned()).collect()));
    let path = format!("crates/{name}/src/lib.rs");
    Room {
        name: name.to_owned(),
        dependencies: dependencies.collect(),
        has_lints: true,
        sources: vec![Source { path, code: code_of(code) }],
    }
}

fn house(rooms: impl IntoIterator<Item = Room>) -> House {
    House { rooms: rooms.into_iter().collect(), architecture: None }
}

#[test]
fn each_rule_about_dependencies_can_fail() {
    for (name, other, features, fault) in [
        ("basics", "tokio", &[][..], "basics is pure and may not use tokio"),
        ("ledger", "store", &[], "ledger is pure and may not use store"),
        ("loan", "rand", &[], "loan is pure and may not use rand"),
        ("insight", "door", &[], "insight is pure and may not use door"),
        ("score", "rayon", &[], "score is pure and may not use rayon"),
        ("policy", "ureq", &[], "policy is pure and may not use ureq"),
        ("watch", "app", &[], "watch is pure and may not use app"),
        ("partner", "api", &[], "partner is pure and may not use api"),
        ("basics", "jiff", &["std"], "basics is pure and may not use jiff with feature std"),
        ("basics", "jiff", &["default"], "basics is pure and may not use jiff with feature default"),
        ("basics", "uuid", &["v7"], "basics is pure and may not use uuid with feature v7"),
        ("ledger", "loan", &[], "ledger may not know loan"),
        ("loan", "ledger", &[], "loan may not know ledger"),
        ("app", "store", &[], "app may not know store"),
        ("door", "app", &[], "door may not know app"),
        ("door", "store", &[], "door may not know store"),
        ("store", "ledger", &[], "store may not know ledger"),
        ("app", "rusqlite", &[], "app may not use rusqlite: only store may"),
        ("tianxin", "postgres", &[], "tianxin may not use postgres: only store may"),
        ("app", "tokio-postgres", &[], "app may not use tokio-postgres: only store may"),
        ("api", "sea-query", &[], "api may not use sea-query: only store may"),
        ("door", "getrandom", &[], "door may not use getrandom: only api, tianxin may"),
        ("app", "axum", &[], "app may not use axum: only api, tianxin may"),
        ("app", "sim", &[], "app may not know sim"),
        ("api", "sim", &[], "api may not know sim"),
        ("sim", "store", &[], "sim may not know store"),
    ] {
        let faults = faults(&house([room(name, &[(other, features)], "")]));
        assert!(faults.contains(&fault.to_owned()), "{fault}: {faults:?}");
    }
}

#[test]
fn each_rule_about_words_can_fail() {
    for (name, code) in [
        ("door", "let now = std::time::SystemTime::now();"),
        ("app", "use std::time::{Instant, SystemTime};"),
        ("rails", "jiff::Zoned::now()"),
        ("rails", "jiff::Timestamp::now()"),
        ("store", "getrandom::fill(&mut key)?;"),
        ("store", "OsRng.fill_bytes(&mut key);"),
        ("app", "rand::thread_rng()"),
        ("door", "Uuid::now_v7()"),
        ("app", "Uuid::new_v4()"),
        ("app", "use std::net::TcpStream;"),
        ("door", "tokio::net::TcpListener::bind"),
        ("app", "use rusqlite::Connection;"),
        ("tianxin", "sea_query::Query::select()"),
        ("loan", "let begin = Instant::now();"),
        ("score", "std::fs::read(path)"),
        ("policy", "std::env::var(\"LIMIT\")"),
        ("ledger", "std::process::exit(1)"),
        ("insight", "std::thread::spawn(work)"),
        ("loan", "if country == Country::China {"),
        ("policy", "match code { \"CN\" => 24, _ => 60 }"),
        ("score", "unsafe { *pointer }"),
        ("basics", "#![allow(unsafe_code)]"),
        ("app", "fn learn(why: &TruthRow) {}"),
        ("app", "match kind { Typology::Ring => 1, _ => 0 }"),
    ] {
        let faults = faults(&house([room(name, &[], code)]));
        assert_eq!(faults.len(), 1, "{name}: {code}: {faults:?}");
    }
}

#[test]
fn the_world_of_the_simulator_is_held_to_its_rules() {
    let in_world = |code: &str| {
        let path = "crates/sim/src/world/day.rs".to_owned();
        faults(&house([Room { sources: vec![Source { path, code: code_of(code) }], ..room("sim", &[], "") }]))
    };
    assert_eq!(in_world("std::fs::read(path)"), ["crates/sim/src/world/day.rs names std::fs, but sim is pure"]);
    let known = "crates/sim/src/world/day.rs uses app: people of the county know only what they are told";
    assert_eq!(in_world("use app::desk::Desk;"), [known]);
    assert_eq!(in_world("use basics::Date; let apply = 1;"), Vec::<String>::new());
    // The driver carries deeds to the door, and may.
    assert_eq!(
        faults(&house([room("sim", &[], "use app::desk::Desk; std::thread::scope(run)")])),
        Vec::<String>::new()
    );
}

#[test]
fn rules_about_lints_and_the_map_of_the_house_can_fail() {
    let bare = Room { has_lints: false, ..room("app", &[], "") };
    assert_eq!(faults(&house([bare])), ["app: its Cargo.toml does not take the workspace's lints"]);
    let mut mapped = house([room("app", &[], ""), room("door", &[], "")]);
    mapped.architecture = Some("`door` happens to matter".to_owned());
    assert_eq!(faults(&mapped), ["docs/architecture.md does not name app"]);
}

#[test]
fn what_is_allowed_is_no_fault() {
    let used: [(&str, &[&str]); 3] = [("rusqlite", &[]), ("sea-query", &[]), ("door", &[])];
    let mut store = room("store", &used, "use std::net::TcpListener;");
    let code = "unsafe { call() }".to_owned();
    store.sources.push(Source { path: UNSAFE_FILES[0].to_owned(), code });
    let tests_and_comments = "
// SystemTime::now()
let a = 1; // getrandom
    #[cfg(test)]
    fn now() {
        SystemTime::now();
    }
#[cfg(test)]
use std::fs;
#[cfg(test)]
mod tests {
    fn f() {
        unsafe {}
    }
}
let is_unsafe = unsafe_code;
";
    let rooms = [
        store,
        room("api", &[("getrandom", &[]), ("axum", &[])], "SystemTime::now(); getrandom::fill(&mut a)"),
        room("basics", &[("jiff", &["alloc"]), ("uuid", &["std"])], tests_and_comments),
        room("app", &[("door", &[]), ("ledger", &[]), ("loan", &[])], ""),
    ];
    assert_eq!(faults(&house(rooms)), Vec::<String>::new());
}

#[test]
fn code_after_a_test_is_still_code() {
    let text = "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\nSystemTime::now();\n";
    assert_eq!(code_of(text), "SystemTime::now();\n");
}
