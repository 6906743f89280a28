//! What the server says of itself: the OpenAPI document, words for every code, pages and headers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use api::permission::GATES;
use api::words::{Language, WORDS};
use support::*;

#[test]
fn the_document_lists_every_route() {
    let town = Town::start(Plan::default());
    let document = town.get(&Who::default(), "/api/v1/openapi.json").expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let mut listed = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            listed.insert(format!("{} {path}", method.to_uppercase()));
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
            if !path.ends_with("/products") || responses.contains_key("default") {
                assert!(responses.contains_key("default"), "{method} {path} tells no problem");
            }
            // Every write that is a command says so.
            let is_command = method == "post"
                && !["/codes", "/quotes", "/sessions", "/tokens"].iter().any(|end| path.ends_with(end));
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let has_id = parameters.iter().any(|p| p["name"] == "Command-Id" && p["in"] == "header");
            assert_eq!(has_id, is_command, "{method} {path}");
        }
    }
    let table: BTreeSet<String> = GATES.iter().map(|gate| format!("{} {}", gate.method, gate.path)).collect();
    assert_eq!(listed, table, "the permission table and the document name the same routes");
    assert_eq!(table.len(), GATES.len());
    // Every reference leads somewhere.
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document["components"]["schemas"].get(name).is_some(), "no schema {name}");
    }
    let viewer = town.get(&Who::default(), "/docs/").expect(200);
    let page = String::from_utf8_lossy(&viewer.bytes).into_owned();
    assert!(!page.contains("https://") && !page.contains("http://"), "the viewer loads nothing from elsewhere");
}

#[test]
fn the_pages_are_typed_by_the_document_that_is_served() {
    let town = Town::start(Plan::default());
    let served = town.get(&Who::default(), "/api/v1/openapi.json").expect(200).json();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for part in ["/paths", "/components/schemas"] {
        let parts = |document: &serde_json::Value| document.pointer(part).unwrap().clone();
        let (served, kept) = (parts(&served), parts(&kept));
        let differ = |name: &&String| served[name.as_str()] != kept[name.as_str()];
        let names: Vec<&String> = served.as_object().unwrap().keys().filter(differ).collect();
        let gone: Vec<&String> = kept.as_object().unwrap().keys().filter(|name| served.get(name).is_none()).collect();
        assert!(
            names.is_empty() && gone.is_empty(),
            "{part}: {names:?} are served otherwise than web/openapi.json says, {gone:?} not at all: save what a running \
             server answers to /api/v1/openapi.json there (JSON, indent 1), then run `npm run api` in web/borrower"
        );
    }
    assert_eq!(served, kept, "web/openapi.json differs from what is served");
}

/// Two types of one name would be one schema, and the pages of one of them typed by the other.
#[test]
fn no_two_types_of_the_interface_share_a_name() {
    fn read(folder: &Path, named: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, named);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            // A derive stands above its type, with attributes and documentation between them.
            for part in text.split("ToSchema)]").skip(1) {
                let declared = part.lines().map(str::trim).find_map(|line| {
                    let line = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) ")).unwrap_or(line);
                    line.strip_prefix("struct ").or_else(|| line.strip_prefix("enum "))
                });
                let name =
                    |rest: &str| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
                named.extend(declared.map(name));
            }
        }
    }
    let mut named = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut named);
    assert!(named.len() > 150, "only {} types were found: is the search broken?", named.len());
    named.sort_unstable();
    let twice: Vec<&String> = named.windows(2).filter(|two| two[0] == two[1]).map(|two| &two[0]).collect();
    assert!(twice.is_empty(), "declared twice, so that one schema hides the other: {twice:?}");
}

#[test]
fn every_code_has_words() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut codes = BTreeSet::new();
    for name in ["app", "door", "api", "rails"] {
        read_codes(&crates.join(name).join("src"), &mut codes);
    }
    // What `IdentityError::code`, the acts on a loan and the outcomes of the door give.
    assert!(codes.len() > 80 && codes.contains("unknown_product") && codes.contains("profile_stale"), "{codes:?}");
    let known: BTreeSet<&str> = WORDS.iter().map(|word| word.code).collect();
    let missing: Vec<&String> = codes.iter().filter(|code| !known.contains(code.as_str())).collect();
    assert!(missing.is_empty(), "no words for {missing:?}");
    assert_eq!(known.len(), WORDS.len(), "a code stands in the table twice");
    for word in WORDS {
        assert!((400..600).contains(&word.status) && !word.zh.is_empty() && !word.en.is_empty(), "{}", word.code);
        assert!(word.zh.chars().any(|c| c > '\u{4e00}'), "{} is not Chinese", word.code);
    }
}

/// Codes given to the functions that make refusals and problems, in all sources of a folder.
fn read_codes(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_codes(&path, codes);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for maker in ["Refusal::new(", "refused(", "stale(", "Problem::new(", "available(", " => \""] {
            for after in text.split(maker).skip(1) {
                let is_code_of = maker == " => \"";
                if is_code_of && !(path.ends_with("identity.rs") || path.ends_with("loan_turn.rs")) {
                    continue;
                }
                let rest = if is_code_of { Some(after) } else { after.trim_start().strip_prefix('"') };
                let Some(code) = rest.and_then(|rest| rest.split('"').next()) else { continue };
                if code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && code.contains('_') {
                    let is_proof = is_code_of && code == "form_only";
                    if !is_proof {
                        codes.insert(code.to_owned());
                    }
                }
            }
        }
    }
}

#[test]
fn the_language_is_the_one_asked_for_first() {
    for (header, language) in [
        (None, Language::Zh),
        (Some("zh-CN,zh;q=0.9,en;q=0.8"), Language::Zh),
        (Some("en"), Language::En),
        (Some("en-GB, zh"), Language::En),
        (Some("fr, en"), Language::En),
        (Some("fr"), Language::Zh),
        (Some(""), Language::Zh),
    ] {
        assert_eq!(Language::of(header), language, "{header:?}");
    }
}

#[test]
fn pages_and_headers() {
    let town = Town::start(Plan::default());
    let nobody = Who::default();
    for path in ["/", "/office/", "/loans/here"] {
        let page = town.get(&nobody, path).expect(200);
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("x-frame-options"), "DENY");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    }
    let redirect = town.get(&nobody, "/office");
    assert!([200, 308].contains(&redirect.status));
    town.get(&nobody, "/assets/missing.js").problem(404, "no_such_page");
    town.get(&nobody, "/../Cargo.toml").problem(404, "no_such_page");
    town.send(&nobody, "POST", "/", &[], Some(b"x")).problem(405, "no_such_method");
    let gzip = town.send(&nobody, "GET", "/api/v1/products", &[("Accept-Encoding", "gzip")], None).expect(200);
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_eq!(gzip.header("cache-control"), "no-store");
    let products = town.get(&nobody, "/api/v1/products").expect(200).json();
    assert_eq!(products.as_array().unwrap().len(), 2);
    let quote = serde_json::json!({ "product": "season-bullet", "amount": "10000.00", "term_months": 6 });
    let quote = town.post(&nobody, "/api/v1/quotes", quote).expect(200).json();
    assert_eq!(quote["schedule"][0]["total"], "10306.67");
    assert_eq!(quote["cost"]["total_to_pay"], "10306.67");
    assert!(quote["words_zh"][0].as_str().unwrap().contains("10000.00"));
    assert!(quote["words_en"].as_array().unwrap().len() >= 5);
}
