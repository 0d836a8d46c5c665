//! The configuration: a TOML file, environment variables and flags, in rising order of precedence.

use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};

/// How this server runs. Every field has a default that is safe on a laptop.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens. Beyond loopback it needs `public_url`.
    pub listen: SocketAddr,
    /// `sqlite://path` or `postgres://…`.
    pub database_url: String,
    /// The address people use, `https://…`; TLS ends at a proxy in front.
    pub public_url: Option<String>,
    /// Signs ready-made people in with one click; only on loopback.
    pub demo: bool,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// With it, `/metrics` asks for this bearer token.
    pub metrics_token: Option<String>,
    /// A session ends after this many hours without use.
    pub session_idle_hours: u32,
    /// How many changes the live stream keeps for those who come back.
    pub stream_retention: u32,
    /// Log lines as JSON instead of text.
    pub log_json: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            database_url: "sqlite://tocsin.sqlite".to_owned(),
            public_url: None,
            demo: false,
            trusted_proxies: vec![],
            metrics_token: None,
            session_idle_hours: 24 * 14,
            stream_retention: 100_000,
            log_json: false,
        }
    }
}

impl Config {
    /// The address for links, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.public_url.as_deref().map_or_else(|| format!("http://{}", self.listen), |url| url.trim_end_matches('/').to_owned())
    }

    /// Whether people reach it by https, so that cookies may insist on it.
    pub fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}
