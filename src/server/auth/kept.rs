//! Whose board a browser may show again before anybody was asked. The service worker
//! (`public/sw.js`) keeps the board's page with the mark of the session that it was drawn for, and
//! shows it only while a cookie still says the same mark. The cookie goes with the session: so what
//! was kept is never seen after a sign-out, nor by whoever signs in next, whether or not there is
//! a network.

use super::{Principal, Via, secrets, sessions::LIVES_FOR_SECS};
use crate::server::config::Config;
use axum::http::{HeaderMap, HeaderName};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

/// On pages that may be kept: the session's mark, then the build that the page is of.
pub const HEADER: HeaderName = HeaderName::from_static("tocsin-keep");

/// So many hexadecimal digits tell sessions apart, and open nothing.
const MARK: usize = 16;

/// The mark of a session. Scripts may read it: it is a hash of a hash, and no door takes it.
pub fn mark(principal: &Principal) -> Option<String> {
    let Via::Session { token_hash } = &principal.via else { return None };
    let mut mark = secrets::hash(&format!("kept {token_hash}"));
    mark.truncate(MARK);
    Some(mark)
}

/// The `Set-Cookie` that lets the worker show what it keeps with this mark; `None` where the
/// browser has it already.
pub fn cookie(config: &Config, came: &HeaderMap, mark: &str) -> Option<String> {
    let has_it = CookieJar::from_headers(came).get(name(config)).is_some_and(|cookie| cookie.value() == mark);
    (!has_it).then(|| format!("{}; Max-Age={LIVES_FOR_SECS}", bare(config, mark)))
}

/// The `Set-Cookie` after which nothing that is kept is shown.
pub fn cleared_cookie(config: &Config) -> String {
    format!("{}; Max-Age=0", bare(config, ""))
}

/// The same for a browser whose session is over, if it does not know yet.
pub fn outlived(config: &Config, came: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(came).get(name(config)).map(|_| cleared_cookie(config))
}

fn name(config: &Config) -> &'static str {
    if config.is_secure() { "__Host-tocsin-kept" } else { "tocsin-kept" }
}

fn bare(config: &Config, mark: &str) -> String {
    Cookie::build((name(config), mark)).path("/").same_site(SameSite::Lax).secure(config.is_secure()).build().to_string()
}
