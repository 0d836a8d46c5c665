//! The last deliveries and their verdicts, noted while they are judged and written down by a job:
//! a delivery costs a lock and a copy of its first kilobytes, and in a flood only the lock.
//!
//! What waits in memory is bounded, however many integrations send however much: then more
//! deliveries of the same verdict become one note, bodies are not kept, and old notes give way.

use super::masked;
use crate::{
    domain::{
        delivery::{Counts, DeliveryNote},
        ids::IntegrationId,
        time::Timestamp,
    },
    server::{
        auth::{ClientAddress, address},
        clock::Clock,
        sources::Source,
        state::App,
        store::{Store, StoreError},
        usecases::intake::Accepted,
    },
};
use axum::{body::Bytes, extract::Request, http::StatusCode};
use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

/// How much of a body is kept.
const KEPT_BYTES: usize = 8 * 1024;
/// Between two writings, more deliveries of an integration than this with the same verdict become one note.
const APART: usize = 40;
/// Most notes of one integration that wait: more are not kept anyway.
const MOST_OF_ONE: usize = 100;
/// Most notes that wait, and most bytes of bodies in them.
const MOST_NOTES: usize = 500;
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Longest explanation, in characters.
const MAX_WORDS: usize = 500;

/// A request while it is judged.
pub struct Visit {
    source: &'static str,
    began: Instant,
    received_at: Timestamp,
    sender: Option<IpAddr>,
    /// Known once its key was.
    pub integration: Option<IntegrationId>,
    /// Whatever it showed as keys; not kept.
    pub keys: Vec<String>,
    /// Once it was read.
    pub body: Option<Bytes>,
}

impl Visit {
    pub fn begin(app: &App, source: Option<&Source>, request: &Request) -> Self {
        let address = ClientAddress::of(address::peer(request.extensions()), request.headers(), &app.config.trusted_proxies);
        Self {
            source: source.map_or("", |source| source.slug),
            began: Instant::now(),
            received_at: app.clock().now(),
            sender: (address != ClientAddress::UNKNOWN).then_some(address.0),
            integration: None,
            keys: vec![],
            body: None,
        }
    }

    /// It was taken: all of it, or all but what could not be understood.
    pub fn accepted(self, app: &App, status: StatusCode, accepted: &Accepted) {
        let verdict = if accepted.rejected_words.is_empty() { "accepted" } else { "partly_accepted" };
        let words = || {
            accepted
                .warnings()
                .iter()
                .map(String::as_str)
                .chain([accepted.rejected_words.as_str()])
                .filter(|words| !words.is_empty())
                .collect::<Vec<_>>()
                .join("; ")
        };
        app.notes.add(self, verdict, status, accepted.counts(), words);
    }

    pub fn refused(self, app: &App, verdict: &str, status: StatusCode, words: &str) {
        app.notes.add(self, verdict, status, Counts::default(), || words.to_owned());
    }
}

/// A note on its way into the database.
struct Waiting {
    source: &'static str,
    received_at: Timestamp,
    times: u32,
    last_received_at: Timestamp,
    verdict: String,
    status: u16,
    counts: Counts,
    words: String,
    size_bytes: usize,
    sender: Option<IpAddr>,
    keys: Vec<String>,
    body: Option<Vec<u8>>,
    duration_us: i64,
}

#[derive(Default)]
struct Pending {
    by_integration: HashMap<Option<IntegrationId>, VecDeque<Waiting>>,
    notes: usize,
    bytes: usize,
}

/// What was noted since it was last written.
#[derive(Default)]
pub struct Notes {
    pending: Mutex<Pending>,
    /// One writing at a time, so that whoever asks for the notes sees those being written.
    writing: tokio::sync::Mutex<()>,
    unrecognised: AtomicI64,
}

impl Notes {
    /// How many requests showed no key that is known, since the server started.
    pub fn unrecognised(&self) -> i64 {
        self.unrecognised.load(Ordering::Relaxed)
    }

    fn add(&self, visit: Visit, verdict: &str, status: StatusCode, counts: Counts, words: impl FnOnce() -> String) {
        if visit.integration.is_none() {
            self.unrecognised.fetch_add(1, Ordering::Relaxed);
        }
        self.pending().add(visit, verdict, status.as_u16(), counts, words);
    }

    /// Writes down what waits. What cannot be written waits on.
    pub async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let _one_at_a_time = self.writing.lock().await;
        let taken = std::mem::take(&mut *self.pending());
        if taken.notes == 0 {
            return Ok(());
        }
        let mut notes: Vec<DeliveryNote> =
            taken.by_integration.iter().flat_map(|(integration, waiting)| waiting.iter().map(|note| note.written(*integration))).collect();
        notes.sort_by_key(|note| note.received_at);
        for note in &mut notes {
            note.id = Clock::new_id().to_string();
        }
        let written = store.record_deliveries(&notes).await;
        if written.is_err() {
            self.pending().put_back(taken);
        }
        written
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn add(&mut self, visit: Visit, verdict: &str, status: u16, counts: Counts, words: impl FnOnce() -> String) {
        let of_this = self.by_integration.entry(visit.integration).or_default();
        if (of_this.len() >= APART || self.notes >= MOST_NOTES)
            && let Some(last) = of_this.back_mut().filter(|last| last.verdict == verdict && last.status == status)
        {
            last.times = last.times.saturating_add(1);
            last.last_received_at = last.last_received_at.max(visit.received_at);
            last.counts.add(counts);
            return;
        }
        if (of_this.len() >= MOST_OF_ONE || self.notes >= MOST_NOTES)
            && let Some(oldest) = of_this.pop_front()
        {
            self.notes -= 1;
            self.bytes -= oldest.body.map_or(0, |body| body.len());
        }
        if self.notes >= MOST_NOTES {
            return;
        }
        let Visit { source, began, received_at, sender, keys, body, .. } = visit;
        let size_bytes = body.as_ref().map_or(0, Bytes::len);
        let kept = body.filter(|body| self.bytes + body.len().min(KEPT_BYTES) <= MOST_BYTES).map(|body| body[..body.len().min(KEPT_BYTES)].to_vec());
        self.bytes += kept.as_ref().map_or(0, Vec::len);
        self.notes += 1;
        of_this.push_back(Waiting {
            source,
            received_at,
            times: 1,
            last_received_at: received_at,
            verdict: verdict.to_owned(),
            status,
            counts,
            words: words(),
            size_bytes,
            sender,
            keys,
            body: kept,
            duration_us: i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX),
        });
    }

    /// Puts notes that could not be written before those that came meanwhile, as far as there is room.
    fn put_back(&mut self, taken: Pending) {
        for (integration, mut older) in taken.by_integration {
            let of_this = self.by_integration.entry(integration).or_default();
            while let Some(note) = older.pop_back().filter(|_| of_this.len() < MOST_OF_ONE && self.notes < MOST_NOTES) {
                self.notes += 1;
                self.bytes += note.body.as_ref().map_or(0, Vec::len);
                of_this.push_front(note);
            }
        }
    }
}

impl Waiting {
    /// As it is written, but for its id.
    fn written(&self, integration_id: Option<IntegrationId>) -> DeliveryNote {
        let kept = self.body.as_ref().map(|body| masked::text(body, &self.keys));
        DeliveryNote {
            id: String::new(),
            integration_id,
            source: self.source.to_owned(),
            received_at: self.received_at,
            times: self.times,
            last_received_at: self.last_received_at,
            verdict: self.verdict.clone(),
            status: u32::from(self.status),
            counts: self.counts,
            words: masked::text(self.words.as_bytes(), &self.keys).chars().take(MAX_WORDS).collect(),
            size_bytes: i64::try_from(self.size_bytes).unwrap_or(i64::MAX),
            sender: self.sender.map(|address| address.to_string()),
            body_is_cut: self.body.as_ref().is_some_and(|body| body.len() < self.size_bytes),
            body: kept,
            duration_us: self.duration_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::testing::{NOON, empty_store};
    use uuid::Uuid;

    fn a_visit(integration: u128, body: &'static [u8]) -> Visit {
        Visit {
            source: "generic",
            began: Instant::now(),
            received_at: NOON,
            sender: None,
            integration: Some(IntegrationId(Uuid::from_u128(integration))),
            keys: vec![],
            body: Some(Bytes::from_static(body)),
        }
    }

    fn add(notes: &Notes, visit: Visit, verdict: &str) {
        notes.add(visit, verdict, StatusCode::OK, Counts { opened: 1, ..Counts::default() }, String::new);
    }

    #[test]
    fn a_flood_of_one_verdict_becomes_one_note_and_loses_no_count() {
        let notes = Notes::default();
        for _ in 0..10_000 {
            add(&notes, a_visit(1, b"{}"), "accepted");
        }
        let pending = notes.pending();
        let known: Vec<&Waiting> = pending.by_integration.values().flatten().collect();
        assert_eq!((known.len(), pending.notes, pending.bytes), (APART, APART, 2 * APART));
        assert_eq!(known.iter().map(|note| note.counts.opened).sum::<u32>(), 10_000);
        assert_eq!(known.iter().map(|note| note.times).sum::<u32>(), 10_000);
    }

    #[test]
    fn what_waits_is_bounded_with_a_thousand_integrations() {
        const BODY: &[u8] = &[b'x'; 20_000];
        let notes = Notes::default();
        for round in 0..20 {
            for integration in 0..1_000 {
                add(&notes, a_visit(integration, BODY), if round % 2 == 0 { "accepted" } else { "bad_signature" });
            }
        }
        let pending = notes.pending();
        assert!(pending.notes <= MOST_NOTES && pending.bytes <= MOST_BYTES, "{} notes, {} bytes", pending.notes, pending.bytes);
        assert_eq!(pending.notes, pending.by_integration.values().map(VecDeque::len).sum::<usize>());
        let kept = |note: &Waiting| note.body.as_ref().map_or(0, Vec::len);
        assert_eq!(pending.bytes, pending.by_integration.values().flatten().map(kept).sum::<usize>());
    }

    #[tokio::test]
    async fn what_cannot_be_written_waits_on() {
        let (store, _folder) = empty_store().await;
        let notes = Notes::default();
        add(&notes, a_visit(1, b"{}"), "accepted");
        store.close().await;
        assert!(notes.write(&store).await.is_err());
        add(&notes, a_visit(1, b"{}"), "bad_signature");
        let pending = notes.pending();
        let verdicts: Vec<&str> = pending.by_integration.values().flatten().map(|note| note.verdict.as_str()).collect();
        assert_eq!((verdicts, pending.notes, pending.bytes), (vec!["accepted", "bad_signature"], 2, 4));
    }
}
