//! The integrations as the doors need them: by the hash of their key, in memory, with their rate
//! limits and when they were last heard. The database stays the truth: a key that is not known
//! here is looked up there, so that one made by another process opens at once.

use crate::{
    domain::{
        ids::IntegrationId,
        integration::{Integration, Rate},
        time::Timestamp,
    },
    server::{
        auth::secrets,
        gauge::Gauge,
        store::{Heard, Sender, Store, StoreError},
    },
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// An integration at the door.
pub struct Entrant {
    sender: Sender,
    signing_secrets: Vec<String>,
    gauge: Arc<Gauge>,
}

impl Entrant {
    pub fn new(sender: Sender) -> Self {
        let limit = sender.integration.settings.rate_limit();
        let signing_secrets = sender.signing_secrets.iter().map(|known| known.secret.clone()).collect();
        Self { sender, signing_secrets, gauge: Arc::new(Gauge::new(limit, limit)) }
    }

    pub fn integration(&self) -> &Integration {
        &self.sender.integration
    }

    pub fn signing_secrets(&self) -> &[String] {
        &self.signing_secrets
    }

    /// How long it has to wait before its next delivery is taken; asking counts as a delivery.
    pub fn has_to_wait(&self, now: Timestamp) -> Option<Duration> {
        self.gauge.pass(now).err()
    }

    /// What was counted stays; a limit that stays the same goes on where it was.
    fn keep_counting(&mut self, before: &Entrant) {
        let limit = self.integration().settings.rate_limit();
        self.gauge = if before.gauge.has_limit(limit, limit) { before.gauge.clone() } else { Arc::new(before.gauge.with_limit(limit, limit)) };
    }
}

#[derive(Default)]
struct Known {
    version: String,
    by_hash: HashMap<String, Arc<Entrant>>,
    by_id: HashMap<IntegrationId, Arc<Entrant>>,
    /// By source: the headers in which its integrations say their key is.
    headers: HashMap<String, Vec<String>>,
}

impl Known {
    fn new(version: String, entrants: impl Iterator<Item = Entrant>) -> Self {
        let (mut by_hash, mut by_id, mut headers) = (HashMap::new(), HashMap::new(), HashMap::<String, Vec<String>>::new());
        for entrant in entrants {
            // With signing secrets the header carries the signature instead.
            if let Some(header) = entrant.integration().settings.header.clone().filter(|_| entrant.signing_secrets().is_empty()) {
                let names = headers.entry(entrant.integration().source.clone()).or_default();
                if !names.contains(&header) {
                    names.push(header);
                }
            }
            let entrant = Arc::new(entrant);
            by_id.insert(entrant.integration().id, entrant.clone());
            if let Some(previous) = &entrant.sender.previous {
                by_hash.insert(previous.token_hash.clone(), entrant.clone());
            }
            by_hash.insert(entrant.sender.token_hash.clone(), entrant);
        }
        Self { version, by_hash, by_id, headers }
    }
}

/// All integrations, as far as this process knows.
#[derive(Default)]
pub struct Senders {
    known: RwLock<Arc<Known>>,
    /// Nothing was changed by this process since they were read.
    current: AtomicBool,
    reading: tokio::sync::Mutex<()>,
    /// Since it was last written to the database.
    heard: Mutex<HashMap<IntegrationId, Heard>>,
}

impl Senders {
    /// The integration of this source with one of these keys.
    pub async fn find(&self, store: &Store, source: &str, keys: &[String]) -> Result<Option<Arc<Entrant>>, StoreError> {
        self.be_current(store).await?;
        let hashes: Vec<String> = keys.iter().map(|key| secrets::hash(key)).collect();
        let now = store.clock().now();
        if let Some(entrant) = self.among_known(source, &hashes, now) {
            return Ok(Some(entrant));
        }
        // Unknown here: perhaps another process has just made it.
        self.refresh(store).await?;
        Ok(self.among_known(source, &hashes, now))
    }

    /// The integration of any source, switched on, with this key.
    pub async fn opened_by(&self, store: &Store, key: &str) -> Result<Option<Arc<Entrant>>, StoreError> {
        self.be_current(store).await?;
        let (hash, now) = (secrets::hash(key), store.clock().now());
        let opened = || self.known().by_hash.get(&hash).filter(|entrant| entrant.sender.is_opened_by(&hash, now) && !entrant.integration().disabled).cloned();
        if let Some(entrant) = opened() {
            return Ok(Some(entrant));
        }
        self.refresh(store).await?;
        Ok(opened())
    }

    fn among_known(&self, source: &str, hashes: &[String], now: Timestamp) -> Option<Arc<Entrant>> {
        let known = self.known();
        let opened = |hash: &String| known.by_hash.get(hash).filter(|entrant| entrant.sender.is_opened_by(hash, now));
        // Looked up by hash, so that the time it takes tells nothing about the key.
        hashes.iter().filter_map(opened).find(|entrant| entrant.integration().source == source).cloned()
    }

    async fn be_current(&self, store: &Store) -> Result<(), StoreError> {
        if self.current.load(Ordering::Acquire) { Ok(()) } else { self.refresh(store).await }
    }

    /// The headers in which integrations of this source say their key is.
    pub async fn named_headers(&self, store: &Store, source: &str) -> Result<Vec<String>, StoreError> {
        self.be_current(store).await?;
        Ok(self.known().headers.get(source).cloned().unwrap_or_default())
    }

    /// Reads the integrations again if any of them changed, by whichever process.
    pub async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let _one_at_a_time = self.reading.lock().await;
        let was_current = self.current.swap(true, Ordering::AcqRel);
        let result = self.read(store, was_current).await;
        if result.is_err() {
            self.current.store(false, Ordering::Release);
        }
        result
    }

    async fn read(&self, store: &Store, was_current: bool) -> Result<(), StoreError> {
        // The version first: what changes while the rest is read makes another version.
        let version = store.integrations_version().await?;
        let before = self.known();
        if was_current && before.version == version {
            return Ok(());
        }
        let entrant = |sender: Sender| {
            let mut entrant = Entrant::new(sender);
            if let Some(known) = before.by_id.get(&entrant.sender.integration.id) {
                entrant.keep_counting(known);
            }
            entrant
        };
        let known = Known::new(version, store.senders().await?.into_iter().map(entrant));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An integration was changed by this process: the next delivery reads them again.
    pub fn forget(&self) {
        self.current.store(false, Ordering::Release);
    }

    /// A delivery was stored. It is noted in memory, and written by [`Senders::write_heard`], so
    /// that a flood of deliveries is not a flood of writes.
    pub fn note(&self, id: IntegrationId, at: Timestamp, is_heartbeat: bool) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = heard.entry(id).or_insert(Heard { id, received_at: at, heartbeat_at: None });
        entry.received_at = entry.received_at.max(at);
        if is_heartbeat {
            entry.heartbeat_at = entry.heartbeat_at.max(Some(at));
        }
    }

    /// Writes what was noted since the last time.
    pub async fn write_heard(&self, store: &Store) -> Result<(), StoreError> {
        let heard: Vec<Heard> = self.heard.lock().unwrap_or_else(PoisonError::into_inner).values().copied().collect();
        if heard.is_empty() {
            return Ok(());
        }
        store.note_heard(&heard).await?;
        // What was heard meanwhile stays for the next time.
        let mut waiting = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        for written in heard {
            if waiting.get(&written.id) == Some(&written) {
                waiting.remove(&written.id);
            }
        }
        Ok(())
    }

    /// The integration as it is shown: with what was heard of it since it was last written, what it
    /// sent lately, and whether it has fallen silent. `heartbeat_s` is the time of its watchdog.
    pub fn as_shown(&self, sender: &Sender, heartbeat_s: Option<u32>, now: Timestamp) -> Integration {
        let mut integration = self.as_heard(sender.shown(now));
        integration.silent_since = integration.silent_since_at(heartbeat_s, now);
        let limit = integration.settings.rate_limit();
        integration.rate = match self.known().by_id.get(&integration.id) {
            // What counts is still the limit before, until the next delivery reads it again.
            Some(entrant) => Rate { limit, burst: limit, ..entrant.gauge.read(now) },
            None => Rate { limit, burst: limit, ..Rate::default() },
        };
        integration
    }

    /// The integration with what was heard of it since it was last written.
    pub fn as_heard(&self, mut integration: Integration) -> Integration {
        if let Some(heard) = self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(&integration.id) {
            integration.last_received_at = integration.last_received_at.max(Some(heard.received_at));
            integration.heartbeat_at = integration.heartbeat_at.max(heard.heartbeat_at);
        }
        integration
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::integration::Settings,
        server::store::testing::{NOON, empty_store},
    };
    use uuid::Uuid;

    fn a_sender(n: u128, token: &str, rate_limit: u32) -> Sender {
        let integration = Integration {
            settings: Settings { rate_limit: Some(rate_limit), ..Settings::default() },
            ..Integration::new(IntegrationId(Uuid::from_u128(n)), "generic", format!("sender {n}"), NOON)
        };
        Sender { integration, token_hash: secrets::hash(token), signing_secrets: vec![], previous: None }
    }

    #[tokio::test]
    async fn a_key_made_by_another_process_opens_at_once() {
        let (store, _folder) = empty_store().await;
        let senders = Senders::default();
        let keys = ["0123456789abcdef".to_owned()];
        assert!(senders.find(&store, "generic", &keys).await.expect("the store answers").is_none());
        assert!(store.create_integration(&a_sender(1, &keys[0], 0), &crate::domain::audit::By::console()).await.expect("the store answers"));
        assert!(senders.find(&store, "generic", &keys).await.expect("the store answers").is_some());
        assert!(senders.find(&store, "alertmanager", &keys).await.expect("the store answers").is_none());
    }

    #[tokio::test]
    async fn a_change_by_another_process_is_seen_by_the_next_refresh() {
        let (store, _folder) = empty_store().await;
        let (senders, keys) = (Senders::default(), ["0123456789abcdef".to_owned()]);
        let sender = a_sender(1, &keys[0], 1);
        store.create_integration(&sender, &crate::domain::audit::By::console()).await.expect("the store answers");
        let first = senders.find(&store, "generic", &keys).await.expect("the store answers").expect("it is there");
        assert!(first.has_to_wait(NOON).is_none() && first.has_to_wait(NOON).is_some());
        let disable = |sender: &mut Sender| {
            sender.integration.disabled = true;
            Ok(())
        };
        store.edit_integration(sender.integration.id, &crate::domain::audit::By::console(), disable).await.expect("the store answers");
        senders.refresh(&store).await.expect("the store answers");
        let now = senders.find(&store, "generic", &keys).await.expect("the store answers").expect("it is there");
        assert!(now.integration().disabled);
        assert!(now.has_to_wait(NOON).is_some(), "a limit that stays the same goes on counting");
    }

    #[tokio::test]
    async fn what_was_heard_shows_at_once_and_is_written_later() {
        let (store, _folder) = empty_store().await;
        let (senders, sender) = (Senders::default(), a_sender(1, "0123456789abcdef", 0));
        store.create_integration(&sender, &crate::domain::audit::By::console()).await.expect("the store answers");
        let id = sender.integration.id;
        senders.note(id, NOON, true);
        senders.note(id, NOON.plus_secs(1), false);
        let shown = senders.as_heard(sender.integration);
        assert_eq!((shown.last_received_at, shown.heartbeat_at), (Some(NOON.plus_secs(1)), Some(NOON)));
        senders.write_heard(&store).await.expect("the store answers");
        let written = store.sender(id).await.expect("the store answers").expect("it is there").integration;
        assert_eq!((written.last_received_at, written.heartbeat_at), (Some(NOON.plus_secs(1)), Some(NOON)));
        assert!(senders.heard.lock().expect("nobody panicked").is_empty());
    }

    #[test]
    fn a_limit_of_zero_is_no_limit() {
        let entrant = Entrant::new(a_sender(1, "x", 0));
        assert!((0..10_000).all(|_| entrant.has_to_wait(NOON).is_none()));
    }
}
