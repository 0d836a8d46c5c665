//! The configuration: a TOML file, then environment variables and flags, in rising order of
//! precedence. What it says is checked before anything is opened.

use super::{briefs::BriefMail, mail::Smtp, observed::Keep, retention::YOUNGEST_SECS};
use serde::Deserialize;
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

/// How this server runs. Every field has a default that is safe on a laptop.
#[derive(Clone, Debug, PartialEq, Deserialize)]
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
    /// Requests per second of one API token, twice as many at once; 0 switches the limit off.
    pub token_rate_limit: u32,
    /// How many changes the live stream keeps for those who come back.
    pub stream_retention: u32,
    /// Incidents that were over this many days ago are removed; without it nothing ever is.
    pub retention_days: Option<u32>,
    /// Log lines as JSON instead of text.
    pub log_json: bool,
    /// The server that mail is handed to; without it none is sent.
    pub smtp: Option<Smtp>,
    /// Who gets the brief by mail, and when.
    pub brief: Option<BriefMail>,
    /// How long, and how much of it, traces, logs and gauges are kept.
    pub telemetry: Keep,
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
            token_rate_limit: 1_000,
            stream_retention: 100_000,
            retention_days: None,
            log_json: false,
            smtp: None,
            brief: None,
            telemetry: Keep::default(),
        }
    }
}

/// What flags and environment variables say; it wins over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub listen: Option<SocketAddr>,
    pub database_url: Option<String>,
    pub public_url: Option<String>,
    pub demo: bool,
    pub metrics_token: Option<String>,
    pub log_json: bool,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("could not read the configuration file {file}")]
    Read { file: PathBuf, source: std::io::Error },
    #[error("the configuration file {file} cannot be understood")]
    Parse { file: PathBuf, source: toml::de::Error },
    #[error("{key}: {why}")]
    Value { key: &'static str, why: String },
}

impl Config {
    /// Reads the file, if there is one, and lays `overrides` over it.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, ConfigError> {
        let mut config = match file {
            Some(file) => Self::from_file(file)?,
            None => Self::default(),
        };
        let Overrides { listen, database_url, public_url, demo, metrics_token, log_json } = overrides;
        config.listen = listen.unwrap_or(config.listen);
        config.database_url = database_url.unwrap_or(config.database_url);
        config.public_url = public_url.or(config.public_url);
        config.metrics_token = metrics_token.or(config.metrics_token);
        config.demo |= demo;
        config.log_json |= log_json;
        config.check_values()?;
        Ok(config)
    }

    fn from_file(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Read { file: file.to_owned(), source })?;
        toml::from_str(&text).map_err(|source| ConfigError::Parse { file: file.to_owned(), source })
    }

    fn check_values(&self) -> Result<(), ConfigError> {
        let bad = |key, why: &str| Err(ConfigError::Value { key, why: why.to_owned() });
        if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| self.database_url.starts_with(scheme)) {
            return bad("database_url", "it reads sqlite://path or postgres://user:password@host/name");
        }
        if let Some(url) = &self.public_url {
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            if host.is_none_or(|host| host.trim_end_matches('/').is_empty() || host.contains(char::is_whitespace)) {
                return bad("public_url", "it reads https://tocsin.example.com");
            }
        }
        if self.session_idle_hours == 0 {
            return bad("session_idle_hours", "a session needs at least an hour");
        }
        if self.stream_retention < 1_000 {
            return bad("stream_retention", "fewer than 1000 changes would make every reconnect start over");
        }
        if self.retention_days.is_some_and(|days| i64::from(days) * 86_400 < YOUNGEST_SECS) {
            return bad("retention_days", "at least 2: devices may still repeat what they said in the last two days");
        }
        if let Some(Err(why)) = self.smtp.as_ref().map(Smtp::check) {
            return bad("smtp", &why);
        }
        if let Some(Err(why)) = self.brief.as_ref().map(BriefMail::check) {
            return bad("brief", &why);
        }
        if self.brief.is_some() && self.smtp.is_none() {
            return bad("brief", "it is sent by mail, and no [smtp] is configured");
        }
        if let Err(why) = self.telemetry.check() {
            return bad("telemetry", &why);
        }
        if self.metrics_token.as_ref().is_some_and(|token| token.trim().is_empty()) {
            return bad("metrics_token", "it is empty; leave it out to open /metrics to everybody who reaches the port");
        }
        Ok(())
    }

    /// What only a server that listens has to keep: beyond loopback it needs TLS in front and no demo people.
    pub fn check_listening(&self) -> Result<(), ConfigError> {
        if self.listen.ip().is_loopback() {
            return Ok(());
        }
        let refuse = |key, why: String| Err(ConfigError::Value { key, why });
        if self.demo {
            return refuse("demo", format!("demo people sign in without a password, so with them it listens on loopback only, not on {}", self.listen));
        }
        if !self.is_secure() {
            return refuse(
                "public_url",
                format!(
                    "listening on {} needs --public-url https://… : a proxy in front ends TLS, without which passwords and cookies travel in the open",
                    self.listen
                ),
            );
        }
        Ok(())
    }

    /// The address for links, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.public_url.as_deref().map_or_else(|| format!("http://{}", self.listen), |url| url.trim_end_matches('/').to_owned())
    }

    /// Whether people reach it by https, so that cookies may insist on it.
    pub fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("tocsin.toml");
        std::fs::write(&file, text).expect("the folder is writable");
        (folder, file)
    }

    #[test]
    fn flags_win_over_the_file() {
        let (_folder, file) = a_file("listen = \"127.0.0.1:4000\"\nstream_retention = 5000\n");
        let overrides = Overrides { listen: Some(SocketAddr::from(([127, 0, 0, 1], 5000))), ..Overrides::default() };
        let config = Config::load(Some(&file), overrides).expect("both are fine");
        assert_eq!((config.listen.port(), config.stream_retention), (5000, 5000));
    }

    #[test]
    fn a_bad_file_is_named_with_its_key() {
        let (_folder, file) = a_file("lisen = \"127.0.0.1:4000\"\n");
        let error = Config::load(Some(&file), Overrides::default()).expect_err("there is no such key");
        assert!(error.to_string().contains("tocsin.toml"), "{error}");
        let source = std::error::Error::source(&error).expect("the parser says why").to_string();
        assert!(source.contains("lisen"), "{source}");
    }

    #[test]
    fn values_that_make_no_sense_name_their_key() {
        for (text, key) in [
            ("database_url = \"mysql://x\"", "database_url"),
            ("public_url = \"tocsin.example.com\"", "public_url"),
            ("session_idle_hours = 0", "session_idle_hours"),
            ("stream_retention = 3", "stream_retention"),
            ("retention_days = 1", "retention_days"),
            ("[smtp]\nhost = \"mail.example.com\"\nfrom = \"nobody\"", "smtp"),
            ("[brief]\nto = [\"a@example.com\"]", "brief"),
            ("[telemetry]\nretention_hours = 0", "telemetry"),
            ("[smtp]\nhost = \"mail.example.com\"\nfrom = \"a@example.com\"\n[brief]\nto = []", "brief"),
        ] {
            let (_folder, file) = a_file(text);
            let error = Config::load(Some(&file), Overrides::default()).expect_err(text);
            assert!(error.to_string().starts_with(key), "{error}");
        }
    }

    #[test]
    fn beyond_loopback_it_needs_tls_in_front_and_no_demo() {
        let mut config = Config { listen: SocketAddr::from(([0, 0, 0, 0], 3000)), ..Config::default() };
        assert!(config.check_listening().is_err());
        config.public_url = Some("http://tocsin.example.com".to_owned());
        assert!(config.check_listening().is_err());
        config.public_url = Some("https://tocsin.example.com/".to_owned());
        assert!(config.check_listening().is_ok());
        assert_eq!(config.public_url(), "https://tocsin.example.com");
        config.demo = true;
        assert!(config.check_listening().is_err());
        assert!(Config { demo: true, ..Config::default() }.check_listening().is_ok());
    }
}
