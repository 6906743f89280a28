//! The pages: embedded when they were built, and otherwise one page that says how to build them.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Problem;
use crate::session::hex;

/// Pages of households, at `/`.
#[derive(RustEmbed)]
#[folder = "../../web/borrower/dist"]
#[allow_missing = true]
struct Borrower;

/// Pages of the office, at `/office/`.
#[derive(RustEmbed)]
#[folder = "../../web/office/dist"]
#[allow_missing = true]
struct Office;

const NOT_BUILT: &str = include_str!("not_built.html");
const INDEX: &str = "index.html";

/// Serves what is no route: pages and their files.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if path.starts_with("/api/") || path == "/api" {
        return Problem::new("no_such_page").into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Problem::new("no_such_method").into_response();
    }
    if path == "/office" {
        return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "/office/")]).into_response();
    }
    match path.strip_prefix("/office/") {
        Some(rest) => file(Office::get, rest, &headers),
        None => file(Borrower::get, path.trim_start_matches('/'), &headers),
    }
}

fn file(find: fn(&str) -> Option<EmbeddedFile>, path: &str, headers: &HeaderMap) -> Response {
    let path = if path.is_empty() { INDEX } else { path };
    if let Some(found) = find(path) {
        return found_file(&found, path, headers);
    }
    // An address inside of a page is the page's own business; a missing file is missing.
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    match find(INDEX) {
        Some(index) if !is_file => found_file(&index, INDEX, headers),
        None if path == INDEX || !is_file => not_built(),
        _ => Problem::new("no_such_page").into_response(),
    }
}

fn found_file(found: &EmbeddedFile, path: &str, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", &hex(&found.metadata.sha256_hash())[..32]);
    // Files under assets/ carry a hash of what is in them in their names.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind_of(path))], found.data.clone().into_owned()).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn not_built() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, NOT_BUILT).into_response()
}

fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_pages_there_is_one_that_says_how_to_build_them() {
        let status = |path| file(|_| None, path, &HeaderMap::new()).status();
        assert_eq!([status(""), status("loans/7")], [StatusCode::OK, StatusCode::OK]);
        assert_eq!(status("assets/app.js"), StatusCode::NOT_FOUND);
        assert!(NOT_BUILT.contains("npm run build") && NOT_BUILT.contains("cargo xtask demo"));
    }
}
