//! The app's files, embedded in the binary: which file answers a path, in which encoding, and
//! how long it may be kept. A debug build reads them from `dist/` each time, so that a rebuilt
//! app shows without rebuilding the server.

use super::{auth::headers, pages};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rust_embed::{Embed, EmbeddedFile};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

#[derive(Embed)]
#[folder = "dist/"]
#[allow_missing = true]
struct Dist;

/// The page where the app was not built: the screens alone, without style.
const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Tocsin</title></head>\n\
    <body><!-- The app was not built into this server. Run ./dev instead of cargo run. -->\n<div id=\"app\"><!--screen--><!--/screen--></div><!--data--></body></html>\n";

/// Paths under these first segments belong to programs, never to the app's own routes.
const NOT_THE_APPS: [&str; 12] = ["api", "hooks", "v1", "v2", "-", "assets", "snippets", "healthz", "readyz", "metrics", "integrations", "status"];

/// The one policy of all pages, with the hashes of what stands inside the app's own page.
pub fn content_security_policy() -> String {
    let index = shell();
    let mut styles = inline_hashes(&index, "style");
    styles.push(BASE64_STANDARD.encode(Sha256::digest(pages::STYLE)));
    headers::content_security_policy(&inline_hashes(&index, "script"), &styles)
}

/// The hashes of the elements of this name that carry their content themselves. The page is our
/// own build's, so this need not understand every HTML there is.
fn inline_hashes(html: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let mut hashes = vec![];
    let mut rest = html;
    while let Some((_, after)) = rest.split_once(&open) {
        let Some((attributes, after)) = after.split_once('>') else { break };
        let Some((content, after)) = after.split_once(&close) else { break };
        if !attributes.contains("src=") && !content.is_empty() {
            hashes.push(BASE64_STANDARD.encode(Sha256::digest(content)));
        }
        rest = after;
    }
    hashes
}

/// The page that loads the app, without a screen in it.
pub fn shell() -> Cow<'static, str> {
    match Dist::get("index.html").map(|file| file.data) {
        Some(Cow::Borrowed(bytes)) => String::from_utf8_lossy(bytes),
        Some(Cow::Owned(bytes)) => String::from_utf8_lossy(&bytes).into_owned().into(),
        None => NOT_BUILT.into(),
    }
}

/// Which build of the app this server has: the beginning of the hash of its page, as
/// `.ci/worker.mjs` writes it into the service worker.
pub fn build() -> Option<String> {
    let page = Dist::get("index.html")?;
    Some(crate::domain::timeline::hex(&page.metadata.sha256_hash()[..8]))
}

/// The same page, for whoever wants to keep it: there is nobody's data in it.
pub async fn empty_shell(headers: HeaderMap) -> Response {
    match Dist::get("index.html") {
        Some(file) => serve("index.html", file, &headers),
        None => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response(),
    }
}

/// What stands at an address that no other route answers: a file, nothing, or (`None`) a page of the app.
pub fn file(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let path = uri.path();
    if method != Method::GET && method != Method::HEAD {
        return Some(nothing());
    }
    let name = path.trim_start_matches('/');
    if !name.is_empty()
        && name != "index.html"
        && !is_encoded_sibling(name)
        && let Some(file) = Dist::get(name)
    {
        return Some(serve(name, file, headers));
    }
    (!is_client_route(path) || !accepts_html(headers)).then(nothing)
}

fn nothing() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::NOT_FOUND, headers, "there is nothing here\n").into_response()
}

/// Whether a path without a file is one of the app's own routes, which the app itself resolves.
fn is_client_route(path: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let Some(first) = segments.next() else { return true };
    let last = segments.next_back().unwrap_or(first);
    !NOT_THE_APPS.contains(&first) && !last.contains('.')
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT) else { return true };
    accept.to_str().is_ok_and(|accept| accept.contains("text/html") || accept.contains("*/*"))
}

/// The compressed copies are reached by `Accept-Encoding` only, so that each address has one meaning.
fn is_encoded_sibling(name: &str) -> bool {
    name.ends_with(".br") || name.ends_with(".gz")
}

/// How a file travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    fn suffix(self) -> &'static str {
        match self {
            Encoding::Brotli => ".br",
            Encoding::Gzip => ".gz",
            Encoding::Identity => "",
        }
    }
}

/// The encodings the reader takes, the smallest first.
fn acceptable(accept_encoding: &str) -> Vec<Encoding> {
    let takes = |name: &str| {
        let mut any = false;
        for part in accept_encoding.split(',') {
            let mut pieces = part.split(';').map(str::trim);
            let token = pieces.next().unwrap_or_default();
            let refused = pieces.any(|parameter| parameter.strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok()).is_some_and(|q| q <= 0.0));
            if token.eq_ignore_ascii_case(name) {
                return !refused;
            }
            any |= token == "*" && !refused;
        }
        any
    };
    let mut list = vec![];
    if takes("br") {
        list.push(Encoding::Brotli);
    }
    if takes("gzip") {
        list.push(Encoding::Gzip);
    }
    list.push(Encoding::Identity);
    list
}

fn serve(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let accept_encoding = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let etag = etag(&file);
    let chosen = acceptable(accept_encoding).into_iter().find_map(|encoding| match encoding {
        Encoding::Identity => None,
        smaller => Dist::get(&format!("{name}{}", smaller.suffix())).map(|file| (smaller, file.data)),
    });
    let mut answer = HeaderMap::new();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime(name)));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let keep = if is_hashed(name) { "public, max-age=31536000, immutable" } else { "no-cache" };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, value);
    }
    if is_known(headers, &etag) {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    let data = match chosen {
        Some((encoding, data)) => {
            let name = if encoding == Encoding::Brotli { "br" } else { "gzip" };
            answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
            data
        }
        None => file.data,
    };
    let body = match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    (answer, body).into_response()
}

/// Weak, because every encoding of a file shares it.
fn etag(file: &EmbeddedFile) -> String {
    format!("W/\"{}\"", crate::domain::timeline::hex(&file.metadata.sha256_hash()[..12]))
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known.trim() == "*" || known.split(',').any(|known| plain(known) == plain(etag)))
}

/// Whether a part of the path carries the hash of its content, as Trunk writes it
/// (`tocsin-web-1f2e3d4c5b6a7980_bg.wasm`): then it never changes.
fn is_hashed(name: &str) -> bool {
    name.split('/').any(|part| {
        part.match_indices('-').any(|(at, _)| {
            let hash: &str = part[at + 1..].split(['.', '_']).next().unwrap_or_default();
            hash.len() >= 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    })
}

fn mime(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_encoding_the_reader_takes_comes_first() {
        assert_eq!(acceptable("gzip, deflate, br"), [Encoding::Brotli, Encoding::Gzip, Encoding::Identity]);
        assert_eq!(acceptable("gzip"), [Encoding::Gzip, Encoding::Identity]);
        assert_eq!(acceptable("br;q=0, gzip;q=0.5"), [Encoding::Gzip, Encoding::Identity]);
        assert_eq!(acceptable("br; q=0, *"), [Encoding::Gzip, Encoding::Identity]);
        assert_eq!(acceptable("br;q=x, GZIP"), [Encoding::Brotli, Encoding::Gzip, Encoding::Identity]);
        assert_eq!(acceptable(""), [Encoding::Identity]);
    }

    #[test]
    fn the_apps_routes_get_the_index_and_nothing_else_does() {
        for path in ["/", "/incidents/INC-12", "/declare", "/settings/integrations", "/sign-in", "/settings/"] {
            assert!(is_client_route(path), "{path}");
        }
        for path in ["/favicon.ico", "/app-123.js", "/api/v9/x", "/hooks/generic", "/v2/enqueue", "/assets/x", "/-/healthy", "/metrics", "/x/y.wasm"] {
            assert!(!is_client_route(path), "{path}");
        }
    }

    #[test]
    fn only_files_named_by_their_content_are_kept_for_ever() {
        for name in ["tocsin-web-1f2e3d4c5b6a7980_bg.wasm", "tocsin-web-1f2e3d4c5b6a7980.js", "snippets/x-1f2e3d4c5b6a79/inline0.js"] {
            assert!(is_hashed(name), "{name}");
        }
        for name in ["index.html", "sw.js", "icon-192.png", "icon-192x192.png", "manifest.webmanifest"] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn a_known_etag_is_found_in_a_list_and_in_either_strength() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"a\", W/\"b\""));
        assert!(is_known(&headers, "W/\"b\""));
        assert!(is_known(&headers, "W/\"a\""));
        assert!(!is_known(&headers, "W/\"c\""));
    }

    #[test]
    fn what_stands_inside_the_page_is_allowed_by_its_hash() {
        let page = "<style>a{}</style><script src=\"/x.js\"></script><script type=\"module\">Hello</script><script></script>";
        assert_eq!(inline_hashes(page, "script"), ["GF+NsyJx/iX1Yab8k4suJkMG7DBO2lGAB9F2SCY4GWk="]);
        assert_eq!(inline_hashes(page, "style").len(), 1);
    }

    #[test]
    fn an_unknown_asset_is_not_found_even_for_a_browser() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/html,*/*"));
        let status = |method, path| file(&method, &Uri::from_static(path), &headers).map(|answer| answer.status());
        assert_eq!(status(Method::GET, "/app-0000000000000000.js"), Some(StatusCode::NOT_FOUND));
        assert_eq!(status(Method::POST, "/declare"), Some(StatusCode::NOT_FOUND));
        assert_eq!(status(Method::GET, "/declare"), None);
    }
}
