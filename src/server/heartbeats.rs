//! Dead-man alerts: an integration whose watchdog was heard once and is not heard any more opens
//! an alert of its own, which resolves when it is heard again. Our own downtime is no silence.
//! Where a person set how long it may be silent, anything it sent stands for a watchdog that was
//! never heard. One that never sent anything stays silent, whatever is set: it is not in use yet.
//!
//! While a sender is gone, silent or switched off, nobody refreshes its open alerts: they are
//! marked as stale, and stay open, until it is back. Nobody ever refreshes what was imported
//! without an integration.

use super::{
    sources,
    state::App,
    store::{AlertFilter, Delivery, StoreError},
    usecases::import::imported_id,
};
use crate::domain::{
    alert::{ABOUT_MONITORING, Labels, Signal, SignalAction},
    ids::IntegrationId,
    integration::Integration,
    people::{Actor, ActorRef, Role},
    severity::AlertSeverity,
    time::Timestamp,
    wording,
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// No sender's own key begins like this: it is used verbatim, and this one is ours.
const DEDUPE_KEY: &str = "tocsin/heartbeat";

/// Watches every integration that has a watchdog.
pub struct Watch {
    started_at: Timestamp,
    /// How long no server ran before.
    down_secs: i64,
    /// Whether the dead-man alert of an integration is open, once that is known.
    open: Mutex<HashMap<IntegrationId, bool>>,
    /// Whether an integration's alerts were marked as stale, once that was seen to.
    gone: Mutex<HashMap<IntegrationId, bool>>,
}

impl Watch {
    pub fn new(started_at: Timestamp, down_secs: i64) -> Self {
        Self { started_at, down_secs, open: Mutex::default(), gone: Mutex::default() }
    }

    /// Opens and resolves what is due now.
    pub async fn look(&self, app: &App) -> Result<(), StoreError> {
        let now = app.clock().now();
        // An import marks its own; what an older version imported, or what broke off, is found here.
        for source in sources::ALL {
            self.mark(app, imported_id(source), true).await?;
        }
        for sender in app.store.senders().await? {
            let integration = app.senders.as_heard(sender.integration);
            let due_at = self.due_at(&integration);
            let is_silent = due_at.is_some_and(|due_at| now >= due_at);
            self.mark(app, integration.id, is_silent || integration.disabled).await?;
            if due_at.is_none() || is_silent == self.is_open(app, integration.id).await? {
                continue;
            }
            app.store.intake(delivery(&integration, is_silent, now)).await?;
            self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(integration.id, is_silent);
        }
        Ok(())
    }

    /// Marks the alerts of a sender that has gone as stale, and takes the mark away when it is back.
    /// After a restart the record decides: marking twice changes nothing.
    async fn mark(&self, app: &App, id: IntegrationId, is_gone: bool) -> Result<(), StoreError> {
        let known = self.gone.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        if known == Some(is_gone) {
            return Ok(());
        }
        let changed = app.store.set_stale(id, DEDUPE_KEY, is_gone).await?;
        if changed > 0 {
            tracing::info!(integration = %id, alerts = changed, stale = is_gone, "marked alerts whose sender has gone or is back");
        }
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(id, is_gone);
        Ok(())
    }

    /// When its silence becomes an alert. `None` while nothing is expected of it, or it was never heard.
    fn due_at(&self, integration: &Integration) -> Option<Timestamp> {
        let default = sources::find(&integration.source).and_then(|source| source.default_heartbeat_s);
        let period_secs = integration.settings.heartbeat_s.or(default).filter(|secs| *secs > 0 && !integration.disabled)?;
        let heard_at = integration.watched_since()?;
        let grace_secs = if heard_at < self.started_at { self.down_secs } else { 0 };
        Some(heard_at.plus_secs(i64::from(period_secs) + grace_secs))
    }

    async fn is_open(&self, app: &App, id: IntegrationId) -> Result<bool, StoreError> {
        if let Some(known) = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(*known);
        }
        let everything = Actor { who: ActorRef::system(), role: Role::Admin };
        let filter = AlertFilter { open: Some(true), integration: Some(id), dedupe_key: Some(DEDUPE_KEY.to_owned()), ..AlertFilter::for_actor(everything) };
        let is_open = !app.store.alerts(&filter, None, 1).await?.items.is_empty();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, is_open);
        Ok(is_open)
    }
}

fn delivery(integration: &Integration, is_silent: bool, now: Timestamp) -> Delivery {
    let silent_for = integration.watched_since().map_or(0, |heard_at| now.secs_since(heard_at));
    let what = if integration.heartbeat_at.is_some() { "Its watchdog was last heard" } else { "No watchdog of it was ever heard, and it last sent something" };
    let description = format!("{what} {} ago. Alerts from it may be missing.", wording::span(silent_for));
    let signal = Signal {
        action: if is_silent { SignalAction::Fire } else { SignalAction::Resolve },
        dedupe_key: DEDUPE_KEY.to_owned(),
        severity: Some(AlertSeverity::Error),
        title: format!("No heartbeat from {}", integration.name),
        labels: [("alertname", "NoHeartbeat"), ("integration", integration.name.as_str()), ABOUT_MONITORING]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        annotations: [("description".to_owned(), description)].into(),
        links: vec![],
        group_labels: Labels::new(),
        started_at: Some(now),
        event_at: Some(now),
        expires_at: None,
        heartbeat: false,
    };
    Delivery {
        integration_id: integration.id,
        integration_name: integration.name.clone(),
        source: integration.source.clone(),
        grouping: integration.grouping.clone(),
        received_at: now,
        signals: vec![signal],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::integration::Settings,
        server::{
            config::Config,
            store::{
                Sender,
                testing::{NOON, empty_store},
            },
        },
    };
    use uuid::Uuid;

    fn an_integration(heartbeat_s: Option<u32>, heartbeat_at: Option<Timestamp>) -> Integration {
        Integration {
            settings: Settings { heartbeat_s, ..Settings::default() },
            heartbeat_at,
            ..Integration::new(IntegrationId(Uuid::from_u128(1)), "alertmanager", "prod", NOON)
        }
    }

    #[test]
    fn only_a_watchdog_that_was_heard_is_missed() {
        let watch = Watch::new(NOON, 0);
        assert_eq!(watch.due_at(&an_integration(Some(60), None)), None, "it never sent anything");
        assert_eq!(watch.due_at(&an_integration(None, Some(NOON))), None, "off for an Alertmanager until it is set");
        assert_eq!(watch.due_at(&an_integration(Some(0), Some(NOON))), None);
        assert_eq!(watch.due_at(&an_integration(Some(60), Some(NOON))), Some(NOON.plus_secs(60)));
        let prometheus = Integration { source: "prometheus".to_owned(), ..an_integration(None, Some(NOON)) };
        assert_eq!(watch.due_at(&prometheus), Some(NOON.plus_secs(300)));
        assert_eq!(watch.due_at(&Integration { disabled: true, ..prometheus }), None);
    }

    #[test]
    fn where_a_person_set_how_long_it_may_be_silent_anything_it_sent_counts() {
        let watch = Watch::new(NOON, 0);
        let sent = |heartbeat_s, heartbeat_at| Integration { last_received_at: Some(NOON.plus_secs(30)), ..an_integration(heartbeat_s, heartbeat_at) };
        assert_eq!(watch.due_at(&sent(Some(60), None)), Some(NOON.plus_secs(90)));
        assert_eq!(watch.due_at(&sent(Some(60), Some(NOON))), Some(NOON.plus_secs(60)), "once there is a watchdog, only that counts");
        assert_eq!(watch.due_at(&sent(Some(0), None)), None, "it is switched off");
        let prometheus = Integration { source: "prometheus".to_owned(), ..sent(None, None) };
        assert_eq!(watch.due_at(&prometheus), None, "nobody said that it has a watchdog");
    }

    #[test]
    fn our_own_downtime_is_added_to_what_was_heard_before_it() {
        let watch = Watch::new(NOON, 100);
        assert_eq!(watch.due_at(&an_integration(Some(60), Some(NOON.plus_secs(-110)))), Some(NOON.plus_secs(50)));
        assert_eq!(watch.due_at(&an_integration(Some(60), Some(NOON.plus_secs(1)))), Some(NOON.plus_secs(61)));
    }

    /// An import marks what it leaves open; this is what older versions imported.
    #[tokio::test]
    async fn what_was_imported_without_an_integration_is_stale() {
        let (store, _folder) = empty_store().await;
        let app = App::new(store, Config::default());
        let imported = Integration::new(imported_id(&sources::generic::SOURCE), "generic", "Generic JSON (imported)", NOON);
        let sent = Signal { dedupe_key: "k".to_owned(), ..delivery(&imported, true, NOON).signals.remove(0) };
        let opened = app.store.intake(Delivery { signals: vec![sent], ..delivery(&imported, true, NOON) }).await.expect("the store answers").alerts;
        let alert = async || app.store.alert(opened[0]).await.expect("the store answers").expect("it is there");
        assert!(!alert().await.stale);
        Watch::new(NOON, 0).look(&app).await.expect("the store answers");
        assert!(alert().await.stale);
    }

    #[tokio::test]
    async fn silence_opens_one_alert_and_a_heartbeat_resolves_it() {
        let (store, _folder) = empty_store().await;
        let app = App::new(store, Config::default());
        let integration = an_integration(Some(60), None);
        let sender = Sender { integration: integration.clone(), token_hash: "hash".to_owned(), signing_secrets: vec![], previous: None };
        app.store.create_integration(&sender, &crate::domain::audit::By::console()).await.expect("the store answers");
        app.senders.note(integration.id, NOON, true);
        let sent = Signal { dedupe_key: "k".to_owned(), title: "Disk full".to_owned(), ..delivery(&integration, true, NOON).signals.remove(0) };
        app.store.intake(Delivery { signals: vec![sent], ..delivery(&integration, true, NOON) }).await.expect("the store answers");
        let stale = async || {
            let admin = Actor { who: ActorRef::system(), role: Role::Admin };
            let filter = AlertFilter { stale: Some(true), ..AlertFilter::for_actor(admin) };
            app.store.alerts(&filter, None, 10).await.expect("the store answers").items.into_iter().map(|alert| alert.title).collect::<Vec<_>>()
        };
        let open = async || {
            let admin = Actor { who: ActorRef::system(), role: Role::Admin };
            let filter = AlertFilter { open: Some(true), ..AlertFilter::for_actor(admin) };
            app.store.alerts(&filter, None, 10).await.expect("the store answers").items.into_iter().map(|alert| alert.title).collect::<Vec<_>>()
        };
        let watch = Watch::new(NOON, 0);
        watch.look(&app).await.expect("the store answers");
        assert_eq!((open().await, stale().await), (vec!["Disk full".to_owned()], vec![]));
        app.clock().set(NOON.plus_secs(60));
        for _ in 0..2 {
            watch.look(&app).await.expect("the store answers");
            assert_eq!(open().await, ["No heartbeat from prod", "Disk full"]);
            assert_eq!(stale().await, ["Disk full"]);
        }
        app.clock().set(NOON.plus_secs(70));
        app.senders.note(integration.id, NOON.plus_secs(70), true);
        // Another server, or this one after a restart, knows that it is open.
        let watch = Watch::new(NOON.plus_secs(70), 0);
        watch.look(&app).await.expect("the store answers");
        assert_eq!((open().await, stale().await), (vec!["Disk full".to_owned()], vec![]));
        // Whoever is switched off refreshes nothing either.
        for disabled in [true, false] {
            let switch = |sender: &mut Sender| {
                sender.integration.disabled = disabled;
                Ok(())
            };
            app.store.edit_integration(integration.id, &crate::domain::audit::By::console(), switch).await.expect("the store answers");
            watch.look(&app).await.expect("the store answers");
            assert_eq!(stale().await.len(), usize::from(disabled));
        }
    }
}
