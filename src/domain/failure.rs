//! What people and programs are told when something could not be done.

use serde::{Deserialize, Serialize};

/// A failure as the outside sees it: a stable code, words, and what to do next. It never carries
/// another system's error text or a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// Stable and machine-readable: `already_resolved`, `unknown_incident`, …
    pub code: String,
    /// One sentence for people.
    pub words: String,
    /// What the reader can do, where there is something.
    pub next: Option<String>,
    /// Finds the failure in the server's log; only trouble of our own has one.
    pub reference: Option<String>,
}

/// Which kind of failure it is; the doors turn it into their own status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The request makes no sense (400).
    Malformed,
    /// Nobody is signed in, or the key is unknown (401).
    Unauthenticated,
    /// Known, but not allowed (403).
    Forbidden,
    /// It does not exist, or the asker may not know that it does (404).
    NotFound,
    /// The rules refuse it now (409).
    Refused,
    /// Somebody changed it meanwhile (412).
    Stale,
    /// It reads well but cannot be (422).
    Invalid,
    /// Too much at once (429).
    Limited,
    /// Trouble of our own; trying again is right (503).
    Unavailable,
    /// The network between browser and server; only the browser makes this one.
    Unreachable,
}

impl FailureKind {
    /// The HTTP status of this kind.
    pub fn status(self) -> u16 {
        match self {
            FailureKind::Malformed => 400,
            FailureKind::Unauthenticated => 401,
            FailureKind::Forbidden => 403,
            FailureKind::NotFound => 404,
            FailureKind::Refused => 409,
            FailureKind::Stale => 412,
            FailureKind::Invalid => 422,
            FailureKind::Limited => 429,
            FailureKind::Unavailable | FailureKind::Unreachable => 503,
        }
    }
}

impl FailureKind {
    /// The kind that a status stands for; one that is none of ours is trouble.
    pub fn from_status(status: u16) -> Self {
        use FailureKind::{Forbidden, Invalid, Limited, Malformed, NotFound, Refused, Stale, Unauthenticated, Unavailable};
        let known = [Malformed, Unauthenticated, Forbidden, NotFound, Refused, Stale, Invalid, Limited].into_iter().find(|kind| kind.status() == status);
        // Too large, of another type, too slow: the caller's to mend, all the same.
        known.unwrap_or(if (400..500).contains(&status) { Malformed } else { Unavailable })
    }
}

impl Failure {
    pub fn new(kind: FailureKind, code: &str, words: impl Into<String>) -> Self {
        Self { kind, code: code.to_owned(), words: words.into(), next: None, reference: None }
    }

    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Whether sending the same again later can help.
    pub fn is_worth_retrying(&self) -> bool {
        matches!(self.kind, FailureKind::Unavailable | FailureKind::Unreachable | FailureKind::Limited)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Failure {}
