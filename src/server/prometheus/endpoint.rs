//! How a Prometheus-compatible API is reached. Checked in words, all faults at once; it never
//! shows a secret, not in `Debug`, not in a fault, not in an error.

use reqwest::{
    Certificate, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, time::Duration};

/// What multi-tenant stores call the header of the tenant.
const TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");

/// Headers that belong to the connection or to a field of their own.
const NOT_FIXED: [&str; 9] =
    ["accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "te", "transfer-encoding", "x-scope-orgid"];

const LONGEST_URL: usize = 2_000;
const LONGEST_CA: usize = 256 * 1024;
const MOST_HEADERS: usize = 20;

/// The longest that one query may be waited for.
pub const LONGEST_TIMEOUT_SECS: u32 = 120;

/// One Prometheus-compatible API. As JSON it carries its secrets, so that the store can keep them;
/// whatever goes to a screen is made of [`Endpoint::shown_url`] and friends instead.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// `https://metrics.example.com/prometheus`: what stands before `/api/v1`.
    pub base_url: String,
    #[serde(default)]
    pub auth: Auth,
    /// Sent as `X-Scope-OrgID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Sent with every request. Their values may be secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Secret>,
    /// PEM text of the authorities that are trusted for it, instead of the machine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    #[serde(default = "default_timeout_secs")]
    pub timeout_secs: u32,
}

/// How it knows us.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    #[default]
    None,
    Bearer {
        token: Secret,
    },
    Basic {
        user: String,
        password: Secret,
    },
}

/// A text that is sent and never shown.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// What is wrong with one field of an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub field: &'static str,
    pub words: String,
}

/// An endpoint that was checked: ready to be called.
pub(super) struct Reach {
    /// Ends in a slash, so that paths can be joined.
    pub base: Url,
    pub headers: HeaderMap,
    pub authorities: Vec<Certificate>,
    pub timeout: Duration,
    /// What may never be repeated in words, even where the other side repeats it.
    pub secrets: Vec<String>,
}

impl Endpoint {
    pub fn new(base_url: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), auth: Auth::None, tenant: None, headers: BTreeMap::new(), ca_pem: None, timeout_secs: default_timeout_secs() }
    }

    /// Everything that is wrong with it; empty when it can be called.
    pub fn faults(&self) -> Vec<Fault> {
        self.reach().err().unwrap_or_default()
    }

    /// Its address without anything that does not belong there.
    pub fn shown_url(&self) -> String {
        Url::parse(&self.base_url).map_or_else(|_| "an address that cannot be read".to_owned(), |url| shown(&url))
    }

    pub(super) fn reach(&self) -> Result<Reach, Vec<Fault>> {
        let mut faults = Vec::new();
        let base = self.base().map_err(|words| fault(&mut faults, "base_url", words)).ok();
        let headers = self.header_map(&mut faults);
        let is_plain = base.as_ref().is_some_and(|url| url.scheme() == "http");
        let authorities = self.authorities(is_plain).unwrap_or_else(|words| {
            fault(&mut faults, "ca_pem", words);
            Vec::new()
        });
        if !(1..=LONGEST_TIMEOUT_SECS).contains(&self.timeout_secs) {
            fault(&mut faults, "timeout_secs", format!("wait at least 1 and at most {LONGEST_TIMEOUT_SECS} seconds"));
        }
        match base {
            Some(base) if faults.is_empty() => {
                let timeout = Duration::from_secs(self.timeout_secs.into());
                Ok(Reach { base, headers, authorities, timeout, secrets: self.secrets() })
            }
            _ => Err(faults),
        }
    }

    fn base(&self) -> Result<Url, &'static str> {
        if self.base_url.trim().is_empty() {
            return Err("give the address, such as https://prometheus.example.com");
        }
        if self.base_url.len() > LONGEST_URL {
            return Err("the address is too long");
        }
        let mut url = Url::parse(self.base_url.trim()).map_err(|_| "this is not an address; it begins with http:// or https://")?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("the address begins with http:// or https:// and a host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address holds a user or a password; give them as basic authentication");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("the address ends before ? and #");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        if path.ends_with("/api/v1") || path.contains("/api/v1/") {
            return Err("give what stands before /api/v1");
        }
        url.set_path(&format!("{path}/"));
        Ok(url)
    }

    fn header_map(&self, faults: &mut Vec<Fault>) -> HeaderMap {
        let mut map = HeaderMap::new();
        match &self.auth {
            Auth::None => {}
            Auth::Bearer { token } => match sensitive(&format!("Bearer {}", token.0)) {
                Some(value) if is_token(&token.0) => _ = map.insert(AUTHORIZATION, value),
                _ => fault(faults, "auth.token", "the token is one word of letters, digits and signs"),
            },
            Auth::Basic { user, password } => {
                use base64::{Engine, engine::general_purpose::STANDARD};
                if user.is_empty() || user.contains(':') || user.chars().chain(password.0.chars()).any(char::is_control) {
                    fault(faults, "auth.user", "the user has a name without a colon, and nothing holds control characters");
                }
                let pair = STANDARD.encode(format!("{user}:{}", password.0));
                map.extend(sensitive(&format!("Basic {pair}")).map(|value| (AUTHORIZATION, value)));
            }
        }
        if let Some(tenant) = &self.tenant {
            match HeaderValue::from_str(tenant) {
                Ok(value) if is_token(tenant) && tenant.len() <= 150 => _ = map.insert(TENANT, value),
                _ => fault(faults, "tenant", "a tenant is one word of at most 150 letters, digits and signs"),
            }
        }
        if self.headers.len() > MOST_HEADERS {
            fault(faults, "headers", format!("at most {MOST_HEADERS} further headers"));
        }
        for (name, value) in &self.headers {
            let lower = name.to_ascii_lowercase();
            let Ok(header) = HeaderName::from_bytes(lower.as_bytes()) else {
                fault(faults, "headers", "the name of a header is made of letters, digits and dashes");
                continue;
            };
            if NOT_FIXED.contains(&lower.as_str()) {
                fault(faults, "headers", format!("`{lower}` is not set here: authentication and tenant have fields of their own"));
                continue;
            }
            match sensitive(&value.0) {
                Some(value) => _ = map.insert(header, value),
                None => fault(faults, "headers", format!("the value of `{lower}` cannot stand in a header")),
            }
        }
        map
    }

    fn authorities(&self, is_plain: bool) -> Result<Vec<Certificate>, &'static str> {
        let Some(pem) = self.ca_pem.as_deref().filter(|pem| !pem.trim().is_empty()) else { return Ok(Vec::new()) };
        if is_plain {
            return Err("http has no certificate to check; an authority goes with https");
        }
        if pem.len() > LONGEST_CA {
            return Err("the authorities are too long; give those of this endpoint alone");
        }
        if pem.contains("PRIVATE KEY") {
            return Err("this holds a private key; give the authority's certificate alone");
        }
        match Certificate::from_pem_bundle(pem.as_bytes()) {
            Ok(certificates) if !certificates.is_empty() => Ok(certificates),
            _ => Err("this is no certificate in PEM form: it begins with -----BEGIN CERTIFICATE-----"),
        }
    }

    fn secrets(&self) -> Vec<String> {
        let of_auth = match &self.auth {
            Auth::None => None,
            Auth::Bearer { token } => Some(&token.0),
            Auth::Basic { password, .. } => Some(&password.0),
        };
        of_auth.into_iter().chain(self.headers.values().map(|value| &value.0)).filter(|secret| secret.len() >= 4).cloned().collect()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("base_url", &self.shown_url())
            .field("auth", &self.auth)
            .field("tenant", &self.tenant)
            .field("headers", &self.headers)
            .field("ca_pem", &self.ca_pem.as_ref().map(String::len))
            .field("timeout_secs", &self.timeout_secs)
            .finish()
    }
}

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// Scheme, host, port and path.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

const fn default_timeout_secs() -> u32 {
    30
}

fn fault(faults: &mut Vec<Fault>, field: &'static str, words: impl Into<String>) {
    faults.push(Fault { field, words: words.into() });
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A header's value that the client's own debugging texts leave out.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(endpoint: &Endpoint) -> Vec<&'static str> {
        endpoint.faults().into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn an_address_may_have_a_path_and_nothing_behind_it() {
        for good in ["http://127.0.0.1:9090", "https://m.example.com/prometheus/", "http://[::1]:9090/a/b", " https://m.example.com "] {
            let reach = Endpoint::new(good).reach().unwrap_or_else(|faults| panic!("{good}: {faults:?}"));
            assert!(reach.base.path().ends_with('/'), "{good}");
        }
        for bad in [
            "",
            "prometheus:9090",
            "ftp://m.example.com",
            "file:///etc/passwd",
            "https://anna:hunter2@m.example.com",
            "https://m.example.com/?x=1",
            "https://m.example.com/#top",
            "https://m.example.com/api/v1",
            "https://m.example.com/api/v1/query",
        ] {
            assert_eq!(fields(&Endpoint::new(bad)), ["base_url"], "{bad}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let endpoint = Endpoint {
            auth: Auth::Bearer { token: Secret::new("two words") },
            tenant: Some("a b".to_owned()),
            headers: BTreeMap::from([("Authorization".to_owned(), Secret::new("x")), ("x-good".to_owned(), Secret::new("a\nb"))]),
            ca_pem: Some("hello".to_owned()),
            timeout_secs: 0,
            ..Endpoint::new("https://m.example.com?x")
        };
        assert_eq!(fields(&endpoint), ["base_url", "auth.token", "tenant", "headers", "headers", "ca_pem", "timeout_secs"]);
    }

    #[test]
    fn secrets_are_never_shown() {
        let endpoint = Endpoint {
            auth: Auth::Basic { user: "anna".to_owned(), password: Secret::new("hunter2") },
            headers: BTreeMap::from([("x-api-key".to_owned(), Secret::new("hunter3"))]),
            ca_pem: Some("-----BEGIN RSA PRIVATE KEY-----hunter4".to_owned()),
            ..Endpoint::new("https://anna:hunter5@m.example.com")
        };
        let told = format!("{endpoint:?} {:?} {}", endpoint.faults(), endpoint.shown_url());
        assert!(!told.contains("hunter"), "{told}");
        let fine = Endpoint { ca_pem: None, base_url: "https://m.example.com".to_owned(), ..endpoint };
        let reach = fine.reach().unwrap_or_else(|faults| panic!("{faults:?}"));
        assert!(!format!("{:?}", reach.headers).contains("hunter"), "{:?}", reach.headers);
        assert_eq!(reach.secrets, ["hunter2", "hunter3"]);
    }

    #[test]
    fn what_the_store_keeps_is_read_back_whole() {
        let endpoint = Endpoint { auth: Auth::Bearer { token: Secret::new("abcd") }, tenant: Some("team-a".to_owned()), ..Endpoint::new("http://m:9090") };
        let json = serde_json::to_string(&endpoint).unwrap();
        assert_eq!(serde_json::from_str::<Endpoint>(&json).unwrap(), endpoint, "{json}");
        let least: Endpoint = serde_json::from_str(r#"{"base_url":"http://m:9090"}"#).unwrap();
        assert_eq!(least, Endpoint::new("http://m:9090"));
        assert!(serde_json::from_str::<Endpoint>(r#"{"base_url":"http://m:9090","pasword":"x"}"#).is_err());
    }

    #[test]
    fn an_authority_goes_with_https_only() {
        let endpoint = Endpoint { ca_pem: Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned()), ..Endpoint::new("http://m:9090") };
        assert_eq!(fields(&endpoint), ["ca_pem"]);
    }
}
