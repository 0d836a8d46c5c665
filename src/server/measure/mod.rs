//! Measuring: data sources are asked for what objectives need, slice by slice.
//!
//! | when | what is asked |
//! |---|---|
//! | a slice has closed | the slices since the last answer, and the three before, which may have come late |
//! | in between | the past of the window, newest day first, until it is filled in |
//! | every hour | the last day once more |
//! | every night | every day of the window as one sum, against what is kept; where they differ, its slices |
//!
//! What is counted from the traces that are sent to us is counted from their store (`telemetry`).
//!
//! What was not answered is a gap, never a zero. A source that fails is left alone for a while;
//! what it said meanwhile is kept here and shown. Of several servers on one database one measures.

mod one;
mod telemetry;

use super::{
    clock::Clock,
    levels::One,
    prometheus::{Client, backoff::Backoff},
    state::App,
    store::{KeptSource, Lease, StoreError},
    usecases::data_sources,
};
use crate::domain::{
    data_source::SourceKind,
    ids::{DataSourceId, ObjectiveId},
    slo::{objective::Indicator, report::Trouble},
    time::Timestamp,
};
use futures::{StreamExt, stream};
use one::Progress;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// How many objectives are asked for at once; each source answers at most four queries at a time.
const AT_ONCE: usize = 8;
/// A source that answered nothing for so long does not answer. Readings that stay away are missed
/// later than this after its first failure.
const DOWN_AFTER_S: i64 = 300;

/// What is known of sources while the server runs. All of it may be lost: the slices say where to go on.
#[derive(Default)]
pub struct Measure {
    clients: Mutex<HashMap<DataSourceId, (Timestamp, Arc<Client>)>>,
    progress: Mutex<HashMap<ObjectiveId, Progress>>,
    troubles: Mutex<HashMap<ObjectiveId, Trouble>>,
}

impl Measure {
    /// Asks for whatever is due, if it is this server's turn.
    pub async fn pass(&self, app: &App, lease: &Lease) -> Result<(), StoreError> {
        let held = app.levels.current(app).await?;
        let asked: Vec<Arc<One>> = held.all().filter(|one| is_measured(&one.objective().draft.indicator)).cloned().collect();
        self.forget_all_but(&asked);
        if asked.is_empty() || !app.store.is_first_lease(lease).await? {
            return Ok(());
        }
        let sources = app.store.data_sources().await?;
        let sources = &sources;
        let changed: Vec<Option<i64>> = stream::iter(asked)
            .map(|one| async move {
                match self.measure(app, sources, &one).await {
                    Ok(is_changed) => is_changed.then(|| one.number()),
                    Err(error) => {
                        tracing::error!(objective = one.objective().draft.name, error = &error as &dyn std::error::Error, "readings could not be written down");
                        None
                    }
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        self.note_standings(app, sources).await?;
        let changed: BTreeSet<i64> = changed.into_iter().flatten().collect();
        if changed.is_empty() { Ok(()) } else { app.burning.look_at(app, &changed).await }
    }

    /// What keeps an objective from being measured now.
    pub fn trouble(&self, id: ObjectiveId) -> Option<Trouble> {
        locked(&self.troubles).get(&id).cloned()
    }

    /// How a source has been doing since the server started; `None` before it was first asked.
    pub fn standing(&self, id: DataSourceId) -> Option<Backoff> {
        locked(&self.clients).get(&id).map(|(_, client)| client.standing())
    }

    /// Writes down which sources do not answer, and which do again, for every server to read.
    async fn note_standings(&self, app: &App, sources: &[KeptSource]) -> Result<(), StoreError> {
        let known = app.store.source_standings().await?;
        let now = app.clock().now();
        for source in sources {
            let Some(standing) = self.standing(source.id) else { continue };
            let before = known.get(&source.name).and_then(|known| known.down_since);
            match (before, down_since(&standing, now)) {
                (None, Some(since)) => app.store.note_source(&source.name, Some(since), None, standing.last_words.as_deref().unwrap_or_default()).await?,
                // Of what was not asked since the server started nothing new is known.
                (Some(_), None) if standing.failing_since.is_none() && standing.answered_at.is_some() => {
                    app.store.note_source(&source.name, None, Some(now), "").await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn measure(&self, app: &App, sources: &[KeptSource], one: &One) -> Result<bool, StoreError> {
        let id = one.objective().id;
        let now = app.clock().now();
        if let Indicator::Telemetry { .. } = one.objective().draft.indicator {
            let of = (one.objective().generation, one.objective().revision);
            let mut read_until_s = locked(&self.progress).remove(&id).and_then(|progress| progress.counted_until_s(of));
            let outcome = telemetry::measure(app, one, &mut read_until_s, now).await;
            locked(&self.progress).insert(id, Progress::counted(of, read_until_s));
            return outcome;
        }
        let name = one.objective().draft.source.as_deref().unwrap_or_default();
        let Some(source) = sources.iter().find(|source| source.name == name) else {
            self.note(id, now, Some(format!("there is no data source “{name}”")));
            return Ok(false);
        };
        if source.kind != SourceKind::Prometheus.slug() {
            self.note(id, now, Some(format!("the data source “{name}” keeps traces and gives no readings")));
            return Ok(false);
        }
        let client = match self.client(source, app.clock()) {
            Ok(client) => client,
            Err(words) => {
                self.note(id, now, Some(words));
                return Ok(false);
            }
        };
        let standing = client.standing();
        if !standing.may_try(now) {
            self.note(id, now, standing.last_words.map(|words| format!("{name}: {words}")));
            return Ok(false);
        }
        let mut progress = locked(&self.progress).remove(&id).unwrap_or_default();
        let (is_changed, outcome) = one::measure(app, &client, one, &mut progress, now).await;
        locked(&self.progress).insert(id, progress);
        match outcome {
            Ok(()) => {
                self.note(id, now, None);
                Ok(is_changed)
            }
            // What was learnt before counts nevertheless.
            Err(one::MeasureError::Asked(error)) => {
                self.note(id, now, Some(format!("{name}: {error}")));
                Ok(is_changed)
            }
            Err(one::MeasureError::Kept(error)) => Err(error),
        }
    }

    /// The one client of a source, so that it is asked at most as often as it can bear; a new one
    /// where the source was changed.
    fn client(&self, source: &KeptSource, clock: &Clock) -> Result<Arc<Client>, String> {
        let mut clients = locked(&self.clients);
        if let Some((_, client)) = clients.get(&source.id).filter(|(at, _)| *at == source.updated_at) {
            return Ok(client.clone());
        }
        let client = Arc::new(Client::new(&source.endpoint, clock.clone()).map_err(|faults| data_sources::words_of(&faults))?);
        clients.insert(source.id, (source.updated_at, client.clone()));
        Ok(client)
    }

    fn note(&self, id: ObjectiveId, now: Timestamp, words: Option<String>) {
        let mut troubles = locked(&self.troubles);
        match words {
            None => {
                troubles.remove(&id);
            }
            Some(words) => {
                let since = troubles.get(&id).map_or(now, |trouble| trouble.since);
                troubles.insert(id, Trouble { since, words });
            }
        }
    }

    fn forget_all_but(&self, asked: &[Arc<One>]) {
        let known = |id: &ObjectiveId| asked.iter().any(|one| one.objective().id == *id);
        locked(&self.progress).retain(|id, _| known(id));
        locked(&self.troubles).retain(|id, _| known(id));
    }
}

/// Since when a source has not answered anything, once that is no hiccup: a single query that fails
/// is forgotten as soon as another one is answered.
fn down_since(standing: &Backoff, now: Timestamp) -> Option<Timestamp> {
    standing.failing_since.filter(|since| now.secs_since(*since) >= DOWN_AFTER_S)
}

/// Whether slices are made of it here: by asking a source, or by counting what was sent to us.
fn is_measured(indicator: &Indicator) -> bool {
    indicator.is_asked() || matches!(indicator, Indicator::Telemetry { .. })
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{audit, slo::objective::ObjectiveDraft},
        server::{
            config::Config,
            otlp::{Encoding, Sent, Signal},
            store::testing::{NOON, empty_store},
        },
    };
    use serde_json::json;

    #[tokio::test]
    async fn an_objective_that_was_changed_is_counted_from_the_beginning() {
        let (store, _folder) = empty_store().await;
        store.clock().set(NOON.plus_secs(3_000));
        let app = App::new(store, Config::default());
        let draft = |service: &str| {
            let indicator = json!({"kind": "telemetry", "service": service});
            let draft = json!({"name": "errors", "target": 0.9, "windows": [{"type": "rolling", "seconds": 604_800}], "indicator": indicator});
            serde_json::from_value::<ObjectiveDraft>(draft).expect("it is a draft").parse().expect("it is right")
        };
        let start = (NOON.micros() * 1_000).to_string();
        let span = json!({"traceId": format!("{:032x}", 1), "spanId": format!("{:016x}", 1), "name": "GET /", "kind": 2, "startTimeUnixNano": start, "endTimeUnixNano": start});
        let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]});
        let export = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}).to_string();
        app.observed.take(Sent::read(Signal::Traces, Encoding::Json, export.as_bytes()).expect("it is one"), None).await.expect("it is kept");
        app.store.create_objective(&draft("pay"), &audit::By::console()).await.expect("it is written");
        let total = async || {
            let held = app.levels.current(&app).await.expect("the store answers");
            let one = held.find("errors").expect("it is there");
            app.measure.measure(&app, &[], one).await.expect("the store works");
            let held = app.levels.current(&app).await.expect("the store answers");
            held.find("errors").expect("it is there").series().sum(NOON.epoch_secs(), NOON.epoch_secs() + 60).total_raw
        };
        assert_eq!(total().await, 0.0);
        let id = app.levels.current(&app).await.expect("the store answers").find("errors").expect("it is there").objective().id;
        app.store.change_objective(id, &draft("web"), None, &audit::By::console()).await.expect("it is written");
        assert_eq!(total().await, 1.0);
    }
}
