//! Which sources there are, what was read of them within the last seconds, and how much one
//! person may let them be asked.
//!
//! A board asks for many panels of one range at once, and so does everybody else who looks at it:
//! all of them are made from one reading.

use super::{Ask, Calls, LONGEST, ReadError, TraceReader, Whole, counted::Counter, jaeger::Jaeger, tempo::Tempo};
use crate::{
    domain::{
        data_source::{SourceKind, SourceTried},
        failure::{Failure, FailureKind},
        ids::DataSourceId,
        telemetry::{origin::ReadFrom, panels::Range},
        time::Timestamp,
        wording,
    },
    server::{
        clock::Clock,
        error::ServerError,
        gauge::Gauge,
        observed::{Observed, Snapshot},
        prometheus::endpoint::Fault,
        store::KeptSource,
        usecases::data_sources::words_of,
    },
};
use futures::future::{join_all, try_join_all};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::OnceCell;

/// How long a reading stands for those who ask the same.
const FRESH_SECS: i64 = 20;
/// How long the services of a source stand.
const SERVICES_SECS: i64 = 60;
/// Most readings that are kept meanwhile.
const MOST_FRESH: usize = 24;
/// How many readings one person may begin, per second and at once. A board that goes on begins
/// two or three every twenty seconds.
const PER_SECOND: u32 = 1;
const AT_ONCE: u32 = 40;
/// More askers are not remembered; then counting begins anew.
const MOST_ASKERS: usize = 10_000;

/// Something, and of which instant it is.
type Made<T> = (Timestamp, T);

/// A source as it was configured at an instant.
type Version = (DataSourceId, Timestamp);

/// The sources of this server's panels. All of it may be lost at any time.
#[derive(Default)]
pub struct Sources {
    readers: Mutex<HashMap<DataSourceId, Made<Arc<dyn TraceReader>>>>,
    fresh: Mutex<Vec<Fresh>>,
    services: Mutex<HashMap<Version, Made<Vec<String>>>>,
    askers: Mutex<HashMap<String, Arc<Gauge>>>,
}

/// A reading, or one that is under way.
struct Fresh {
    source: DataSourceId,
    changed_at: Timestamp,
    begun_at: Timestamp,
    ask: Ask,
    calls: Arc<OnceCell<Arc<Calls>>>,
}

/// What panels are made from: a range and, where one is asked for and stands apart, its baseline.
pub struct Read {
    pub now: Snapshot,
    pub before: Option<Snapshot>,
    /// `None`: from what was sent to this server.
    pub from: Option<ReadFrom>,
}

/// A trace, and who has it.
pub struct Traced {
    pub whole: Whole,
    /// `None`: it was sent to this server.
    pub source: Option<KeptSource>,
}

impl Sources {
    /// What was sent to this server.
    pub async fn held(&self, observed: &Arc<Observed>, ask: &Ask, baseline: Option<Range>) -> Result<Read, ServerError> {
        let now = snapshot_of(observed.calls(ask).await.map_err(kept)?);
        let before = match baseline {
            Some(range) => Some(snapshot_of(observed.calls(&Ask { range, ..ask.clone() }).await.map_err(kept)?)),
            None => None,
        };
        Ok(Read { now, before, from: None })
    }

    /// The services of what was sent to this server.
    pub async fn held_services(&self, observed: &Arc<Observed>, range: Range) -> Result<Vec<String>, ServerError> {
        observed.services(range).await.map_err(kept)
    }

    /// What a source has. `who` is whoever asks.
    pub async fn read(&self, source: &KeptSource, clock: &Clock, who: &str, ask: Ask, baseline: Option<Range>) -> Result<Read, ServerError> {
        let read = self.parts(source, clock, who, ask, baseline).await?;
        let from = read_from(source, &read);
        let now = tokio::task::spawn_blocking(move || together(&read)).await;
        let now = now.map_err(|_| Failure::new(FailureKind::Unavailable, "broke_off", "the answer could not be reckoned"))?;
        Ok(Read { now, before: None, from: Some(from) })
    }

    /// What an answer of [`Sources::read`] is made from.
    pub async fn origin(&self, source: &KeptSource, clock: &Clock, who: &str, ask: Ask, baseline: Option<Range>) -> Result<ReadFrom, ServerError> {
        Ok(read_from(source, &self.parts(source, clock, who, ask, baseline).await?))
    }

    async fn parts(&self, source: &KeptSource, clock: &Clock, who: &str, ask: Ask, baseline: Option<Range>) -> Result<Vec<Arc<Calls>>, ServerError> {
        // Of traces everything can be drawn in any width: one reading does for all panels.
        let has_traces = SourceKind::from_slug(&source.kind).is_some_and(SourceKind::has_traces);
        let ask = if has_traces { Ask { step_s: 0, ..ask } } else { ask };
        let earlier = baseline.map(|range| Ask { range, ..ask.clone() });
        let asks: Vec<Ask> = std::iter::once(ask).chain(earlier).collect();
        try_join_all(asks.into_iter().map(|ask| self.calls(source, clock, who, ask))).await
    }

    async fn calls(&self, source: &KeptSource, clock: &Clock, who: &str, ask: Ask) -> Result<Arc<Calls>, ServerError> {
        let now = clock.now();
        let cell = self.fresh(source, &ask, now);
        if let Some(calls) = cell.get() {
            return Ok(calls.clone());
        }
        let reader = self.ready(source, clock)?;
        self.pass(who, now)?;
        let calls = cell.get_or_try_init(|| async { reader.calls(&ask).await.map(Arc::new) }).await;
        calls.cloned().map_err(|error| failed(source, error))
    }

    /// Where this reading is, or will be.
    fn fresh(&self, source: &KeptSource, ask: &Ask, now: Timestamp) -> Arc<OnceCell<Arc<Calls>>> {
        let mut fresh = locked(&self.fresh);
        fresh.retain(|known| (0..FRESH_SECS).contains(&now.secs_since(known.begun_at)));
        let is_it = |known: &&Fresh| known.source == source.id && known.changed_at == source.updated_at && known.ask == *ask;
        if let Some(known) = fresh.iter().find(is_it) {
            return known.calls.clone();
        }
        if fresh.len() >= MOST_FRESH {
            fresh.remove(0);
        }
        let calls = Arc::<OnceCell<Arc<Calls>>>::default();
        fresh.push(Fresh { source: source.id, changed_at: source.updated_at, begun_at: now, ask: ask.clone(), calls: calls.clone() });
        calls
    }

    /// The services that a source knows.
    pub async fn services(&self, source: &KeptSource, clock: &Clock, range: Range) -> Result<Vec<String>, ServerError> {
        let now = clock.now();
        let known = locked(&self.services).get(&(source.id, source.updated_at)).filter(|(at, _)| now.secs_since(*at) < SERVICES_SECS).cloned();
        if let Some((_, names)) = known {
            return Ok(names);
        }
        let names = self.ready(source, clock)?.services(range).await.map_err(|error| failed(source, error))?;
        let mut services = locked(&self.services);
        services.retain(|(id, _), _| *id != source.id);
        services.insert((source.id, source.updated_at), (now, names.clone()));
        Ok(names)
    }

    /// A trace of a source.
    pub async fn trace(&self, source: &KeptSource, clock: &Clock, who: &str, id: u128) -> Result<Option<Traced>, ServerError> {
        let reader = self.ready(source, clock)?;
        self.pass(who, clock.now())?;
        let whole = reader.trace(id).await.map_err(|error| failed(source, error))?;
        Ok(whole.map(|whole| Traced { whole, source: Some(source.clone()) }))
    }

    /// A trace of the first source that has it. Where none has it and some did not answer, that is
    /// the answer: it may be there.
    pub async fn trace_of_any(&self, sources: &[KeptSource], clock: &Clock, who: &str, id: u128) -> Result<Option<Traced>, ServerError> {
        let asked: Vec<&KeptSource> = sources.iter().filter(|source| SourceKind::from_slug(&source.kind).is_some_and(SourceKind::has_traces)).collect();
        if asked.is_empty() {
            return Ok(None);
        }
        self.pass(who, clock.now())?;
        let ask = |source: &'_ KeptSource| {
            let (reader, source) = (self.ready(source, clock), source.clone());
            async move {
                let whole = reader?.trace(id).await.map_err(|error| failed(&source, error))?;
                Ok::<_, ServerError>(whole.map(|whole| Traced { whole, source: Some(source) }))
            }
        };
        let mut trouble = None;
        for answer in join_all(asked.into_iter().map(ask)).await {
            match answer {
                Ok(Some(traced)) => return Ok(Some(traced)),
                Ok(None) => {}
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    /// Asks a source for a sign of life: the services it knows.
    pub async fn try_out(&self, source: &KeptSource, clock: &Clock) -> SourceTried {
        let now = clock.now();
        let range = Range { from: now.plus_secs(-3_600), to: now };
        let tried = match made(source, clock) {
            Err(faults) => Err(words_of(&faults)),
            Ok(reader) => reader.services(range).await.map_err(|error| error.to_string()),
        };
        match tried {
            Ok(names) => SourceTried { answers: true, words: format!("{}, {}", label(source), wording::count(names.len(), "service", "services")) },
            Err(words) => SourceTried { answers: false, words },
        }
    }

    /// The one reader of a source, so that it is asked at most as often as it can bear; a new one
    /// where the source was changed. One that failed just now is left alone.
    fn ready(&self, source: &KeptSource, clock: &Clock) -> Result<Arc<dyn TraceReader>, ServerError> {
        let mut readers = locked(&self.readers);
        let known = readers.get(&source.id).filter(|(at, _)| *at == source.updated_at).map(|(_, reader)| reader.clone());
        let reader = match known {
            Some(reader) => reader,
            None => {
                let reader = made(source, clock).map_err(|faults| Failure::new(FailureKind::Unavailable, "source_failed", words_of(&faults)))?;
                readers.insert(source.id, (source.updated_at, reader.clone()));
                reader
            }
        };
        drop(readers);
        let standing = reader.standing();
        if standing.may_try(clock.now()) {
            return Ok(reader);
        }
        Err(no_answer(source, standing.last_words.as_deref().unwrap_or("it has trouble")).into())
    }

    /// Counts a reading that somebody begins.
    fn pass(&self, who: &str, now: Timestamp) -> Result<(), ServerError> {
        let gauge = {
            let mut askers = locked(&self.askers);
            if askers.len() >= MOST_ASKERS {
                askers.clear();
            }
            askers.entry(who.to_owned()).or_insert_with(|| Arc::new(Gauge::new(PER_SECOND, AT_ONCE))).clone()
        };
        gauge.pass(now).map_err(|wait| {
            let words = "you ask data sources for more than the limit allows";
            let next = format!("Wait {} s, or ask for fewer different ranges.", wait.as_secs() + 1);
            Failure::new(FailureKind::Limited, "reads_limited", words).with_next(next).into()
        })
    }
}

fn made(source: &KeptSource, clock: &Clock) -> Result<Arc<dyn TraceReader>, Vec<Fault>> {
    let (endpoint, clock) = (&source.endpoint, clock.clone());
    Ok(match SourceKind::from_slug(&source.kind) {
        Some(SourceKind::Jaeger) => Arc::new(Jaeger::new(endpoint, clock)?),
        Some(SourceKind::Tempo) => Arc::new(Tempo::new(endpoint, clock)?),
        Some(SourceKind::Prometheus) => Arc::new(Counter::new(endpoint, Some(LONGEST), clock)?),
        None => return Err(vec![Fault { field: "kind", words: "this server does not know what it is".to_owned() }]),
    })
}

fn label(source: &KeptSource) -> &str {
    SourceKind::from_slug(&source.kind).map_or(source.kind.as_str(), |kind| kind.label())
}

fn snapshot_of(calls: Calls) -> Snapshot {
    match calls {
        Calls::Held(snapshot) => snapshot,
        other => together(&[Arc::new(other)]),
    }
}

/// One snapshot of several readings: a range and its baseline share their words, and what lies in
/// both is there once.
fn together(read: &[Arc<Calls>]) -> Snapshot {
    let spans = read.iter().filter_map(|calls| if let Calls::Sampled(sample) = calls.as_ref() { Some(&sample.groups) } else { None }).flatten();
    let counted = read.iter().filter_map(|calls| if let Calls::Counted(counted, _) = calls.as_ref() { Some(counted) } else { None }).flatten();
    Snapshot::of_others(spans, counted)
}

fn read_from(source: &KeptSource, read: &[Arc<Calls>]) -> ReadFrom {
    let (name, label) = (source.name.clone(), label(source));
    let mut gaps: Vec<String> = vec![];
    let mut traces = vec![];
    for calls in read {
        match calls.as_ref() {
            Calls::Held(_) => {}
            Calls::Sampled(sample) => {
                traces.push(sample.traces);
                gaps.extend(sample.gaps.iter().cloned());
            }
            Calls::Counted(_, of_it) => gaps.extend(of_it.iter().cloned()),
        }
    }
    gaps.dedup();
    let words = match traces.as_slice() {
        [] => format!("As {name} ({label}) counts calls; without traces, callers and who calls whom."),
        [now] => format!("From {} of {name} ({label}), not all calls.", wording::count(*now, "trace", "traces")),
        [now, before, ..] => format!("From {} of {name} ({label}) and {before} of the baseline, not all calls.", wording::count(*now, "trace", "traces")),
    };
    ReadFrom { source: name, traces: traces.first().map(|n| *n as u64), words, gaps }
}

fn failed(source: &KeptSource, error: ReadError) -> ServerError {
    match error {
        ReadError::Kept(error) => error.into(),
        error => no_answer(source, &error.to_string()).into(),
    }
}

fn no_answer(source: &KeptSource, words: &str) -> Failure {
    Failure::new(FailureKind::Unavailable, "source_failed", format!("{} did not answer: {words}", source.name))
        .with_next("Ask again in a little while, or read from another source.")
}

fn kept(error: ReadError) -> ServerError {
    match error {
        ReadError::Kept(error) => error.into(),
        error => Failure::new(FailureKind::Unavailable, "source_failed", error.to_string()).into(),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
