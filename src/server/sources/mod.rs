//! Alert sources: bytes in, alerts out.
//!
//! One file per sender, with its `SOURCE`; the table [`ALL`] is what routes, settings screens and
//! tests walk. Nothing here knows of HTTP servers, the store, the network or a clock: what a
//! source needs is in its [`Request`], and the same request always reads the same.
//!
//! What every source keeps to, whoever sends:
//!
//! - it never panics, and refuses ([`Rejected`]) only what cannot be understood at all, because
//!   most senders never send again what was refused;
//! - unknown fields and unknown words are passed over; what was passed over and matters is told
//!   in [`Parsed::warnings`];
//! - every text it hands out is bounded and free of control characters (`text.rs`), every signal
//!   has a title and a key (`raw_alert.rs`), and so has every change (`raw_change.rs`), and no
//!   instant is taken on trust (`times.rs`).

pub mod alertmanager;
pub mod argocd;
mod fields;
pub mod generic;
pub mod github;
pub mod gitlab;
pub mod grafana;
mod json;
mod labelled;
pub mod otlp;
pub mod pagerduty_events;
pub mod prometheus;
mod raw_alert;
mod raw_change;
pub mod signature;
mod text;
pub mod times;

use crate::domain::{accounts::SourceCard, alert::Signal, change::ChangeRecord, time::Timestamp};

/// One kind of sender.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Its name in addresses and in the API.
    pub slug: &'static str,
    /// Its name on the screen.
    pub title: &'static str,
    /// How to point the sender here; `{url}` and `{token}` stand for this server and the key.
    pub setup: &'static str,
    /// What the sender's makers say about what it sends.
    pub docs: &'static str,
    /// A delivery that `parse` reads.
    pub example: &'static str,
    pub parse: fn(&Request) -> Result<Parsed, Rejected>,
    /// The sender drops what is answered with any 4xx, so its rate limit is told as 503.
    pub a_4xx_is_final: bool,
    /// After this many seconds without its watchdog a dead-man alert opens, unless set otherwise.
    pub default_heartbeat_s: Option<u32>,
    /// The longest body, in bytes and after decompression.
    pub max_body: usize,
    /// How it proves that a delivery is its own, where its integration asks for that.
    pub signature: signature::Scheme,
    /// It sends by whatever method it was set to, and not only by POST and PUT.
    pub any_method: bool,
}

impl Source {
    /// What most senders have in common; each names the rest.
    const fn new(slug: &'static str, title: &'static str, parse: fn(&Request) -> Result<Parsed, Rejected>) -> Self {
        Self {
            slug,
            title,
            setup: "",
            docs: "",
            example: "",
            parse,
            a_4xx_is_final: false,
            default_heartbeat_s: None,
            max_body: 1024 * 1024,
            signature: signature::Scheme::OURS,
            any_method: false,
        }
    }

    /// What the settings screen shows of it.
    pub fn card(&self) -> SourceCard {
        SourceCard { slug: self.slug.to_owned(), title: self.title.to_owned(), setup: self.setup.to_owned(), example: self.example.to_owned() }
    }
}

/// Every source, in the order in which people are offered them.
pub const ALL: &[Source] =
    &[alertmanager::SOURCE, prometheus::SOURCE, grafana::SOURCE, pagerduty_events::SOURCE, github::SOURCE, gitlab::SOURCE, argocd::SOURCE, generic::SOURCE];

pub fn find(slug: &str) -> Option<&'static Source> {
    ALL.iter().find(|source| source.slug == slug)
}

/// What integrations can be made for: whoever sends alerts or changes, and whoever sends telemetry.
pub fn offered() -> impl Iterator<Item = &'static Source> {
    ALL.iter().chain([&otlp::SOURCE])
}

/// One delivery, authenticated already.
pub struct Request<'a> {
    pub body: &'a [u8],
    /// Looks a header up by its name, in any case.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    pub received_at: Timestamp,
    /// Makes a key that was never used before, for senders that leave it to the receiver.
    pub new_key: &'a dyn Fn() -> String,
}

/// What a delivery says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    pub signals: Vec<Signal>,
    pub changes: Vec<ChangeRecord>,
    /// What was accepted but is not whole, in words: truncated groups, unknown states, … The
    /// first [`MAX_REMARKS`] are kept.
    pub warnings: Vec<String>,
    /// Alerts of a list that cannot be understood. The others of the list are to be stored before
    /// the delivery is answered with 400. The first [`MAX_REMARKS`] are kept.
    pub rejected: Vec<RejectedAlert>,
    /// The key to answer the sender with, where it expects one; exactly as it was sent.
    pub dedup_key: Option<String>,
    /// What the sender calls this delivery, the same when it is sent again. Changes of a delivery
    /// that is known already are not recorded again.
    pub delivery_id: Option<String>,
}

/// More remarks than this on one delivery help nobody.
pub const MAX_REMARKS: usize = 50;

impl Parsed {
    fn warn(&mut self, words: impl Into<String>) {
        if self.warnings.len() < MAX_REMARKS {
            self.warnings.push(words.into());
        }
    }

    fn reject(&mut self, index: usize, words: impl Into<String>) {
        if self.rejected.len() < MAX_REMARKS {
            self.rejected.push(RejectedAlert { index, words: words.into() });
        }
    }

    /// All of [`Parsed::rejected`] in one line, for the answer.
    pub fn rejected_words(&self) -> String {
        self.rejected.iter().map(|alert| format!("alert {}: {}", alert.index, alert.words)).collect::<Vec<_>>().join("; ")
    }
}

/// One alert of a list that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedAlert {
    /// Its place in the list, from 0.
    pub index: usize,
    pub words: String,
}

/// Why nothing of a delivery could be understood: a 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Rejected {
    /// Stable and machine-readable: `not_json`, `too_deep`, `no_title`, …
    pub code: &'static str,
    pub words: String,
    /// Every fault by itself, for senders that expect a list. At least one.
    pub errors: Vec<String>,
}

impl Rejected {
    fn new(code: &'static str, words: impl Into<String>) -> Self {
        let words = words.into();
        Self { code, errors: vec![words.clone()], words }
    }

    fn with_all(code: &'static str, errors: Vec<String>) -> Self {
        Self { code, words: errors.join("; "), errors }
    }
}

/// What the tests of every source deliver with.
#[cfg(test)]
mod testing {
    use super::*;
    use crate::domain::alert::{Labels, Link};

    /// 14 March 2025, 10:30: shortly after the fixtures were sent.
    pub const RECEIVED_AT: Timestamp = Timestamp::from_micros(1_741_948_200_000_000);

    pub fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is RFC 3339")
    }

    /// A request without headers, whose new key is `new-key`.
    pub fn request(body: &[u8]) -> Request<'_> {
        Request { body, header: &|_| None, received_at: RECEIVED_AT, new_key: &|| "new-key".to_owned() }
    }

    pub fn deliver(source: &Source, body: &str) -> Result<Parsed, Rejected> {
        (source.parse)(&request(body.as_bytes()))
    }

    pub fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    pub fn link(href: &str, text: &str) -> Link {
        Link { href: href.to_owned(), text: text.to_owned() }
    }
}

#[cfg(test)]
mod tests;
