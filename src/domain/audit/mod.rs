//! The audit log: everything that is done here and is no event of an incident. One chain of
//! hashes over all of it; what stands in it is never changed or removed. It never holds a secret.

mod action;
mod chain;
pub mod csv;

pub use action::Action;
pub use chain::{AuditState, Chain};

use super::{
    canonical,
    people::{ActorKind, ActorRef},
    time::Timestamp,
    timeline::{Head, hex},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The version of what is hashed; it changes only together with the canonical encoding.
const VERSION: u8 = 1;

/// What an entry says beside who did what to whom: names and short texts.
pub type Data = BTreeMap<String, String>;

/// What something was done to, as it was called then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// `person`, `token`, `integration`, `incident`, `import`, `backup`, `objective`, `exclusion`, …
    pub kind: String,
    pub id: String,
    pub name: String,
}

impl Subject {
    pub fn new(kind: &str, id: impl ToString, name: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string(), name: name.into() }
    }
}

/// Who does something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub who: ActorRef,
    /// The network address that asked; `None` for what no request asked for.
    pub address: Option<String>,
}

impl By {
    /// Tocsin itself: jobs and what a start makes.
    pub fn system() -> Self {
        Self { who: ActorRef::system(), address: None }
    }

    /// Whoever has the command line.
    pub fn console() -> Self {
        Self { who: ActorRef::console(), address: None }
    }

    /// Nobody that is known: a sign-in that failed.
    pub fn nobody(address: Option<String>) -> Self {
        Self { who: ActorRef { kind: ActorKind::Person, id: String::new(), name: "nobody".to_owned() }, address }
    }

    pub fn did(&self, action: Action, subject: impl Into<Option<Subject>>) -> Note {
        Note { by: self.clone(), action, subject: subject.into(), data: Data::new() }
    }
}

/// Something to be written down: an entry without its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub by: By,
    pub action: Action,
    pub subject: Option<Subject>,
    pub data: Data,
}

impl Note {
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.data.insert(name.to_owned(), value.to_string());
        self
    }
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// 1, 2, 3 … without gaps.
    pub seq: i64,
    /// When it was written, which is when it was done.
    pub at: Timestamp,
    pub actor: ActorRef,
    /// The slug of an [`Action`], as it was written: an entry that was tampered with still reads.
    pub action: String,
    pub subject: Option<Subject>,
    /// The network address that asked.
    pub address: Option<String>,
    pub data: Data,
    pub prev_hash: String,
    /// SHA-256, in hex, of the canonical JSON of everything above.
    pub hash: String,
}

impl AuditEntry {
    /// The entry that follows `head`.
    pub fn after(head: &Head, at: Timestamp, note: &Note) -> Self {
        let mut entry = Self {
            seq: head.seq + 1,
            at,
            actor: note.by.who.clone(),
            action: note.action.slug().to_owned(),
            subject: note.subject.clone(),
            address: note.by.address.clone(),
            data: note.data.clone(),
            prev_hash: head.hash.clone(),
            hash: String::new(),
        };
        entry.hash = entry.expected_hash();
        entry
    }

    /// The hash that this entry must have.
    pub fn expected_hash(&self) -> String {
        let whole = json!({
            "v": VERSION,
            "log": "audit",
            "seq": self.seq,
            "at": self.at,
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "address": self.address,
            "data": self.data,
            "prev_hash": self.prev_hash,
        });
        hex(&Sha256::digest(canonical::to_string(&whole)))
    }

    /// What was done, as people say it.
    pub fn words(&self) -> String {
        Action::from_slug(&self.action).map_or_else(|| self.action.clone(), |action| action.label().to_owned())
    }

    /// What it says beside that: `from: viewer · to: admin`. Hashes are for machines.
    pub fn details(&self) -> String {
        let shown = self.data.iter().filter(|(name, _)| !name.ends_with("hash"));
        shown.map(|(name, value)| format!("{}: {value}", name.replace('_', " "))).collect::<Vec<_>>().join(" · ")
    }
}

/// A page of the log as the screen asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditPage {
    pub items: Vec<AuditEntry>,
    pub next_cursor: Option<String>,
    /// Everybody whom the log names, for the filter.
    pub actors: Vec<ActorRef>,
}

#[cfg(test)]
mod tests;
