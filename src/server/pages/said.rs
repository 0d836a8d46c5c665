//! What became of a plain form, carried to the page that it leads back to: in a cookie, which no
//! link can forge, and only until it was shown.

use crate::{domain::screens::Said, server::config::Config};
use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// Nobody wants to hear of it later.
const LASTS_SECS: u32 = 60;
/// Browsers keep no larger cookies.
const MOST_WORDS: usize = 500;

/// The `Set-Cookie` that says it on the next page.
pub fn cookie(config: &Config, said: &Said) -> String {
    let short = |text: &str| text.chars().take(MOST_WORDS).collect::<String>();
    let said = Said { words: short(&said.words), next: said.next.as_deref().map(short), refused: said.refused };
    let value = serde_json::to_vec(&said).map(|json| BASE64_URL_SAFE_NO_PAD.encode(json)).unwrap_or_default();
    format!("{}; Max-Age={LASTS_SECS}", bare(config, &value))
}

/// The `Set-Cookie` that ends it.
pub fn forgotten(config: &Config) -> String {
    format!("{}; Max-Age=0", bare(config, ""))
}

/// What came with a request.
pub fn read(config: &Config, headers: &HeaderMap) -> Option<Said> {
    let value = CookieJar::from_headers(headers).get(name(config))?.value().to_owned();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}

fn name(config: &Config) -> &'static str {
    if config.is_secure() { "__Host-tocsin-said" } else { "tocsin-said" }
}

fn bare(config: &Config, value: &str) -> String {
    Cookie::build((name(config), value)).path("/").http_only(true).same_site(SameSite::Lax).secure(config.is_secure()).build().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header::COOKIE};

    #[test]
    fn what_was_said_is_read_back_and_nonsense_is_nothing() {
        let config = Config::default();
        let said = Said { words: "INC-1: “done”; <b>\u{202e}".to_owned(), next: None, refused: true };
        let sent = cookie(&config, &said);
        let with = |cookie: &str| HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookie).expect("it can stand in a header"))]);
        assert_eq!(read(&config, &with(sent.split(';').next().expect("a cookie"))), Some(said));
        for nonsense in ["tocsin-said=", "tocsin-said=e30", "tocsin-said=%%%", "other=1"] {
            assert_eq!(read(&config, &with(nonsense)), None, "{nonsense}");
        }
    }
}
