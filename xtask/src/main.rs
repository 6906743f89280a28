//! The project's chores: `cargo xtask test`, `demo`, `oracle`, `bench`. Plain programs over the tools that are
//! there; nothing here is part of what a lender runs.

mod debian;
mod run;
mod test;
mod web;

// The private PostgreSQL cluster is the store's; included, since the store's drivers take minutes to build.
#[allow(dead_code)]
#[path = "../../crates/store/src/cluster.rs"]
mod cluster;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
The chores of Tianxin. Run them as `cargo xtask CHORE`.

  test            everything that must hold: format, lints, all tests on both databases, the pages;
                  ends with one summary. Installs PostgreSQL and Chromium where it may (Debian, as root),
                  else says what was skipped.
  demo [ARGS]     builds all and serves a small lender with plausible books on 127.0.0.1:8080
  oracle FILE...  replays oracle files through the loan engine: failing scenarios with the first differing
                  cell, counts by tag, and a summary
  bench [ARGS]    measures with an optimised build: `cargo xtask bench door --json`
  bench score --auc --data DIR
                  our models beside LightGBM, XGBoost and CatBoost on sets of loans, fold by fold
  help            this text
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let root = root();
    match (chore.as_deref(), rest.as_slice()) {
        (None | Some("help" | "--help" | "-h"), _) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        (Some("test"), []) => test::test(&root),
        (Some("demo"), arguments) => demo(&root, arguments),
        (Some("bench"), [what, arguments @ ..]) if what == "score" && arguments.iter().any(|a| a == "--auc") => {
            bench_auc(&root, arguments)
        }
        (Some("bench"), arguments) => bench(&root, arguments),
        (Some("oracle"), files) => ExitCode::from(xtask::oracle::main(files)),
        (Some("test"), [extra, ..]) => {
            eprintln!("`cargo xtask test` takes no arguments, found {extra:?}; to run some tests only, use cargo");
            ExitCode::from(2)
        }
        (Some(other), _) => {
            eprint!("there is no chore {other:?}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// The workspace: the folder above this package, as cargo tells or as it was built.
fn root() -> PathBuf {
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&package).parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Builds the pages and the server, then becomes the server.
fn demo(root: &Path, arguments: &[String]) -> ExitCode {
    let pages_fail = web::folders(root).iter().any(|folder| {
        web::install(folder).is_some_and(|outcome| !outcome.is_ok())
            || web::build(folder).is_some_and(|outcome| !outcome.is_ok())
    });
    if pages_fail {
        eprintln!("the pages could not be built; the server will say so in their place");
    }
    let given = |name: &str| arguments.iter().any(|a| a == name || a.starts_with(&format!("{name}=")));
    let mut all = vec!["demo".to_owned()];
    for (name, value) in [("--data", "demo-data"), ("--listen", "127.0.0.1:8080")] {
        if !given(name) {
            all.extend([name.to_owned(), value.to_owned()]);
        }
    }
    all.extend_from_slice(arguments);
    // Unoptimised in name only (the profile optimises what the server is made of), and what the tests have
    // built is not built again.
    become_tianxin(root, "debug", &[], &all)
}

fn bench(root: &Path, arguments: &[String]) -> ExitCode {
    let all: Vec<String> = std::iter::once("bench".to_owned()).chain(arguments.iter().cloned()).collect();
    become_tianxin(root, "release", &["--release"], &all)
}

/// Builds the program, and measures its models beside other libraries'.
fn bench_auc(root: &Path, arguments: &[String]) -> ExitCode {
    match built(root, "release", &["--release"]) {
        Some(program) => ExitCode::from(xtask::auc::main(&program, arguments)),
        None => ExitCode::FAILURE,
    }
}

/// Builds the server and turns into it, so that signals and the exit code are its own.
fn become_tianxin(root: &Path, profile: &str, build_arguments: &[&str], arguments: &[String]) -> ExitCode {
    let Some(program) = built(root, profile, build_arguments) else { return ExitCode::FAILURE };
    let error = Command::new(&program).args(arguments).current_dir(root).exec();
    eprintln!("could not start {}: {error}", program.display());
    ExitCode::FAILURE
}

/// Builds the server; where it stands, or none if it was not built.
fn built(root: &Path, profile: &str, arguments: &[&str]) -> Option<PathBuf> {
    let mut build = run::cargo();
    build.args(["build", "--package", "tianxin"]).args(arguments).current_dir(root);
    if !build.status().is_ok_and(|status| status.success()) {
        eprintln!("the server was not built; see above");
        return None;
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Some(target.join(profile).join("tianxin"))
}
