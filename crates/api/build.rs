//! Tells cargo when the pages have changed. They are embedded where they were built, and need not be.

use std::path::{Path, PathBuf};

fn main() {
    let web = PathBuf::from("../../web");
    for pages in ["borrower", "office"] {
        let built = web.join(pages).join("dist");
        // A folder that is missing would make cargo look again at each build: watch the nearest one that is there.
        let watched = [built, web.join(pages), web.clone()].into_iter().find(|path| Path::exists(path));
        if let Some(path) = watched {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
}
