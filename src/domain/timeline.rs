//! The timeline: an append-only log of events, each carrying the hash of the one before it.

use super::{
    canonical,
    ids::{CommandId, IncidentId},
    incident::{Change, EventKind, Incident},
    people::ActorRef,
    sorting,
    time::Timestamp,
    wording,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The version of what is hashed; it changes only together with the canonical encoding.
const VERSION: u8 = 1;

/// What the first event of a chain has before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One recorded event. It is never changed or deleted; a correction is a new event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// 1, 2, 3 … within its incident, without gaps.
    pub seq: i64,
    /// When it happened, as it was first said.
    pub happened_at: Timestamp,
    /// When the server recorded it.
    pub recorded_at: Timestamp,
    pub actor: ActorRef,
    /// The command that caused it; `None` for what alerts and timers do.
    pub command: Option<CommandId>,
    #[serde(flatten)]
    pub kind: EventKind,
    pub prev_hash: String,
    /// SHA-256, in hex, of the canonical JSON of everything above and the incident's id.
    pub hash: String,
}

impl Event {
    /// The hash that this event must have in `incident`.
    pub fn expected_hash(&self, incident: IncidentId) -> String {
        let Value::Object(kind) = serde_json::to_value(&self.kind).unwrap_or_default() else { return String::new() };
        let mut whole = json!({
            "v": VERSION,
            "incident": incident,
            "seq": self.seq,
            "happened_at": self.happened_at,
            "recorded_at": self.recorded_at,
            "actor": self.actor,
            "command": self.command,
            "prev_hash": self.prev_hash,
        });
        if let Value::Object(fields) = &mut whole {
            fields.extend(kind);
        }
        hex(&Sha256::digest(canonical::to_string(&whole)))
    }
}

/// Where a chain ends: what the next event is appended to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: i64,
    pub hash: String,
}

impl Head {
    /// The head of a chain without events.
    pub fn genesis() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }

    /// Turns changes into events that follow this head, and moves it to the last of them.
    pub fn append(&mut self, incident: IncidentId, changes: Vec<Change>, actor: &ActorRef, command: Option<CommandId>, recorded_at: Timestamp) -> Vec<Event> {
        let record = |change: Change| {
            let mut event = Event {
                seq: self.seq + 1,
                happened_at: change.happened_at,
                recorded_at,
                actor: actor.clone(),
                command,
                kind: change.kind,
                prev_hash: std::mem::take(&mut self.hash),
                hash: String::new(),
            };
            event.hash = event.expected_hash(incident);
            self.seq = event.seq;
            self.hash.clone_from(&event.hash);
            event
        };
        changes.into_iter().map(record).collect()
    }
}

/// The first place where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("entry {found} stands where entry {expected} belongs")]
    Gap { expected: i64, found: i64 },
    #[error("entry {seq} does not follow the one before it")]
    Link { seq: i64 },
    #[error("entry {seq} was changed after it was recorded")]
    Content { seq: i64 },
}

impl Broken {
    /// The sequence number of the first broken entry.
    pub fn seq(&self) -> i64 {
        match self {
            Broken::Gap { expected, .. } => *expected,
            Broken::Link { seq } | Broken::Content { seq } => *seq,
        }
    }
}

/// Checks a whole chain from its first event and answers its head.
pub fn verify<'a>(incident: IncidentId, events: impl IntoIterator<Item = &'a Event>) -> Result<Head, Broken> {
    let mut head = Head::genesis();
    for event in events {
        if event.seq != head.seq + 1 {
            return Err(Broken::Gap { expected: head.seq + 1, found: event.seq });
        }
        if event.prev_hash != head.hash {
            return Err(Broken::Link { seq: event.seq });
        }
        if event.hash != event.expected_hash(incident) {
            return Err(Broken::Content { seq: event.seq });
        }
        head = Head { seq: event.seq, hash: event.hash.clone() };
    }
    Ok(head)
}

/// One line of the timeline as people read it, in the shape that the REST door answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub seq: i64,
    /// The event's kind: `note`, `mitigated`, …
    pub kind: String,
    /// When it happened, with later corrections applied.
    pub happened_at: Timestamp,
    pub recorded_at: Timestamp,
    /// What `happened_at` said before it was corrected; it is what the hash covers.
    pub corrected_from: Option<Timestamp>,
    pub actor: ActorRef,
    pub command: Option<CommandId>,
    /// The event in one sentence.
    pub text: String,
    /// What the event carries, by its kind.
    pub data: Value,
    pub pinned: bool,
    pub hash: String,
    pub prev_hash: String,
}

/// An entry recorded this long after it happened is late, and shown with both times.
pub const LATE_AFTER_SECS: i64 = 60;

impl Entry {
    /// Recorded noticeably later than it happened.
    pub fn is_late(&self) -> bool {
        self.recorded_at.secs_since(self.happened_at) >= LATE_AFTER_SECS
    }

    /// Belongs to the story, as opposed to everything: what people decided and did.
    pub fn is_story(&self) -> bool {
        const NOT_STORY: [&str; 8] =
            ["alerts_attached", "alerts_resolved", "alert_acknowledged", "alert_detached", "pinned", "unpinned", "time_corrected", "tagged"];
        self.pinned || !NOT_STORY.contains(&self.kind.as_str())
    }
}

/// The events as entries, by when they happened and then by sequence.
pub fn entries(events: &[Event], pinned: &[i64]) -> Vec<Entry> {
    let mut corrected = std::collections::HashMap::new();
    for event in events {
        if let EventKind::TimeCorrected { seq, happened_at, .. } = &event.kind {
            corrected.insert(*seq, *happened_at);
        }
    }
    let entry = |event: &Event| {
        let correction = corrected.get(&event.seq).copied();
        let data = serde_json::to_value(&event.kind).ok().and_then(|mut kind| kind.get_mut("data").map(Value::take)).unwrap_or_default();
        Entry {
            seq: event.seq,
            kind: event.kind.slug().to_owned(),
            happened_at: correction.unwrap_or(event.happened_at),
            recorded_at: event.recorded_at,
            corrected_from: correction.map(|_| event.happened_at),
            actor: event.actor.clone(),
            command: event.command,
            text: wording::event(&event.kind),
            data,
            pinned: pinned.contains(&event.seq),
            hash: event.hash.clone(),
            prev_hash: event.prev_hash.clone(),
        }
    };
    let mut entries: Vec<Entry> = events.iter().map(entry).collect();
    sorting::sort_by_key(&mut entries, |entry| (entry.happened_at, entry.seq));
    entries
}

/// The entries of an incident.
pub fn of(incident: &Incident, events: &[Event]) -> Vec<Entry> {
    entries(events, &incident.pinned)
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    // Every delivery asks for it, and formatting each byte costs more than the hash itself.
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
