//! Where senders put their keys.

use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_STANDARD};

/// The header for senders that can set one but cannot use `Authorization`.
const TOKEN_HEADER: &str = "x-tocsin-token";

/// Every key a request could mean, the most explicit first. `named` are the headers that
/// integrations of its source say their key is in.
pub fn candidates(in_path: Option<&str>, headers: &HeaderMap, named: &[String]) -> Vec<String> {
    let mut keys: Vec<String> = in_path.map(str::to_owned).into_iter().collect();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some((scheme, rest)) = text(header::AUTHORIZATION.as_str()).and_then(|value| value.split_once(' ')) {
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => keys.push(rest.trim().to_owned()),
            "basic" => keys.extend(basic_password(rest.trim())),
            _ => {}
        }
    }
    keys.extend(std::iter::once(TOKEN_HEADER).chain(named.iter().map(String::as_str)).filter_map(text).map(str::to_owned));
    keys.retain(|key| !key.is_empty());
    keys
}

/// The password of Basic authentication; senders that ask for a user name may give any.
fn basic_password(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn keys_are_found_wherever_senders_put_them() {
        assert_eq!(candidates(Some("a"), &headers(&[]), &[]), ["a"]);
        assert_eq!(candidates(None, &headers(&[("authorization", "bearer  b ")]), &[]), ["b"]);
        // tocsin:secret:with:colons
        assert_eq!(candidates(None, &headers(&[("authorization", "Basic dG9jc2luOnNlY3JldDp3aXRoOmNvbG9ucw==")]), &[]), ["secret:with:colons"]);
        assert_eq!(candidates(None, &headers(&[("x-tocsin-token", "c"), ("x-key", "d")]), &["x-key".to_owned()]), ["c", "d"]);
    }

    #[test]
    fn what_is_no_key_is_none() {
        for value in ["Bearer", "Bearer ", "Basic !!!", "Basic dG9jc2lu", "GenieKey x"] {
            assert!(candidates(None, &headers(&[("authorization", value)]), &[]).is_empty(), "{value}");
        }
    }
}
