//! Bringing the past over: incidents and alerts of other tools, read as they stream in. What was
//! read is committed batch by batch, so an import that breaks off is simply sent again.

use super::people::needs;
use crate::{
    domain::{
        audit::{Action, Note, Subject},
        failure::{Failure, FailureKind},
        ids::IntegrationId,
        import::{self, Draft, Flaw, IncidentReport, RejectedLines, statuspage},
        integration::{Grouping, Integration},
        people::{Actor, Right},
        time::Timestamp,
    },
    server::{
        auth,
        error::ServerError,
        records::{Record, Records},
        sources::{self, Source},
        store::{Delivery, Imported, Receipt, Store, ToldChanges, Tried},
    },
};
use axum::body::Bytes;
use futures::{Stream, StreamExt};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use uuid::Uuid;

/// Most incidents, and most of their entries, in one commit.
const BATCH_INCIDENTS: usize = 200;
const BATCH_ENTRIES: usize = 2_000;
/// Most deliveries, and most of their alerts, in one commit.
const BATCH_DELIVERIES: usize = 500;
const BATCH_SIGNALS: usize = 2_000;
/// A sender that goes silent for this long in the middle of an import is given up.
const SILENT_FOR: Duration = Duration::from_secs(60);
/// What a sender can do whose import broke off, and the same where it was only tried.
const NEXT: &str = "What was read until then is imported. Send all of it again: nothing becomes double.";
const NEXT_TRIED: &str = "Nothing was imported: it was only asked what that would do. Ask again with all of it.";

/// What is said of a line that would touch what is hidden from whoever imports; it tells nothing of that.
const NOT_ALLOWED: (&str, &str) = ("not_allowed", "your role does not allow to import this");

/// Adds what became of a batch that was read from these lines.
fn add(report: &mut IncidentReport, imported: &Imported, lines: &[u64]) {
    report.created += imported.created;
    report.updated += imported.updated;
    report.unchanged += imported.unchanged;
    not_allowed(&mut report.rejected, &imported.hidden, lines);
}

fn not_allowed(rejected: &mut RejectedLines, places: &[usize], lines: &[u64]) {
    let (code, words) = NOT_ALLOWED;
    places.iter().filter_map(|place| lines.get(*place)).for_each(|line| rejected.add(*line, code, words));
}

/// What became of imported alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlertReport {
    pub lines: u64,
    pub alerts_opened: u64,
    pub alerts_repeated: u64,
    pub alerts_resolved: u64,
    pub incidents_opened: u64,
    pub incidents_resolved: u64,
    #[serde(flatten)]
    pub rejected: RejectedLines,
}

impl AlertReport {
    /// Adds what became of a batch that was read from these lines.
    fn add(&mut self, receipt: &Receipt, lines: &[u64]) {
        self.alerts_opened += u64::from(receipt.opened);
        self.alerts_repeated += u64::from(receipt.repeated);
        self.alerts_resolved += u64::from(receipt.resolved);
        self.incidents_opened += u64::from(receipt.incidents_opened);
        self.incidents_resolved += u64::from(receipt.incidents_resolved);
        not_allowed(&mut self.rejected, &receipt.hidden, lines);
    }
}

/// Whether an import is done, or only said what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Do,
    /// Nothing is written.
    Try,
}

/// Brings drafts in, or says what that would do.
struct Sink<'a> {
    store: &'a Store,
    who: &'a Actor,
    mode: Mode,
    /// What was tried so far, so that the same incident is not counted twice.
    tried: Tried,
}

impl<'a> Sink<'a> {
    fn new(store: &'a Store, who: &'a Actor, mode: Mode) -> Self {
        Self { store, who, mode, tried: Tried::default() }
    }

    async fn take(&mut self, drafts: Vec<Draft>) -> Result<Imported, ServerError> {
        Ok(match self.mode {
            Mode::Do => self.store.import_incidents(drafts, self.who).await?,
            Mode::Try => self.store.would_import(&drafts, self.who, &mut self.tried).await?,
        })
    }

    async fn end(self, report: &mut IncidentReport) -> Result<(), ServerError> {
        report.rejected.in_order();
        match self.mode {
            Mode::Do => note_incidents(self.store, self.who, report).await,
            Mode::Try => Ok(()),
        }
    }
}

/// Imports incidents from a JSON array or JSON lines. `progress` hears the report after every commit.
pub async fn incidents<E>(
    store: &Store,
    who: &Actor,
    mode: Mode,
    bytes: impl Stream<Item = Result<Bytes, E>>,
    mut progress: impl FnMut(&IncidentReport),
) -> Result<IncidentReport, ServerError> {
    needs(who, Right::Work)?;
    let mut sink = Sink::new(store, who, mode);
    let mut report = IncidentReport::default();
    let (mut waiting, mut lines): (Vec<Draft>, Vec<u64>) = (vec![], vec![]);
    let mut entries = 0;
    let mut reader = Reader::new(bytes).in_mode(mode);
    while let Some(records) = reader.next().await? {
        for (line, value) in records {
            match value.and_then(|value| import::parse(&value, store.clock().now())) {
                Ok(draft) => {
                    entries += draft.timeline.len();
                    waiting.push(draft);
                    lines.push(line);
                }
                Err(flaws) => report.rejected.add_flaws(line, &flaws),
            }
            if waiting.len() >= BATCH_INCIDENTS || entries >= BATCH_ENTRIES {
                entries = 0;
                add(&mut report, &sink.take(std::mem::take(&mut waiting)).await?, &std::mem::take(&mut lines));
                progress(&report);
            }
        }
    }
    if !waiting.is_empty() {
        add(&mut report, &sink.take(waiting).await?, &lines);
    }
    progress(&report);
    sink.end(&mut report).await?;
    Ok(report)
}

/// Says in the audit log what was imported. An import that changed nothing is none.
async fn note_incidents(store: &Store, who: &Actor, report: &IncidentReport) -> Result<(), ServerError> {
    let IncidentReport { created, updated, unchanged, rejected } = report;
    if created + updated > 0 {
        let note = finished(who, "incidents").with("created", created).with("updated", updated).with("unchanged", unchanged);
        store.note(&note.with("rejected", rejected.count())).await?;
    }
    Ok(())
}

fn finished(who: &Actor, what: &str) -> Note {
    auth::by(&who.who).did(Action::ImportFinished, Subject::new("import", what, what))
}

/// Imports the incidents of a Statuspage's `incidents.json`.
pub async fn statuspage(store: &Store, who: &Actor, mode: Mode, file: &[u8], mut progress: impl FnMut(&IncidentReport)) -> Result<IncidentReport, ServerError> {
    needs(who, Right::Work)?;
    let mut sink = Sink::new(store, who, mode);
    let unreadable = |words: String| Failure::new(FailureKind::Invalid, "not_statuspage", words);
    let file: Value = serde_json::from_slice(file).map_err(|error| unreadable(format!("the file is not JSON: {error}")))?;
    let drafts = statuspage::read(&file, store.clock().now()).map_err(|flaw| unreadable(flaw.detail))?;
    let mut report = IncidentReport::default();
    let (mut whole, mut lines): (Vec<Draft>, Vec<u64>) = (vec![], vec![]);
    for (draft, line) in drafts.into_iter().zip(1..) {
        match draft {
            Ok(draft) => {
                whole.push(draft);
                lines.push(line);
            }
            Err(flaws) => report.rejected.add_flaws(line, &flaws),
        }
    }
    for (batch, lines) in whole.chunks(BATCH_INCIDENTS).zip(lines.chunks(BATCH_INCIDENTS)) {
        add(&mut report, &sink.take(batch.to_vec()).await?, lines);
        progress(&report);
    }
    sink.end(&mut report).await?;
    Ok(report)
}

/// Imports alerts from JSON lines of `{received_at, source, body}` as if each was received then.
/// Nothing is sent out. `integration` names whose settings apply; without it the source's only
/// integration, else the defaults.
pub async fn alerts<E>(
    store: &Store,
    who: &Actor,
    integration: Option<&str>,
    bytes: impl Stream<Item = Result<Bytes, E>>,
    progress: impl FnMut(&AlertReport),
) -> Result<AlertReport, ServerError> {
    let mut without_sender = HashSet::new();
    let report = replay_alerts(store, who, integration, bytes, progress, &mut without_sender).await;
    // Nobody will ever send again what is open among them, also where the import broke off.
    for id in without_sender {
        store.set_stale(id, "", true).await?;
    }
    report
}

/// Replays alerts as they are read. `without_sender` is told the integrations that are none.
async fn replay_alerts<E>(
    store: &Store,
    who: &Actor,
    integration: Option<&str>,
    bytes: impl Stream<Item = Result<Bytes, E>>,
    mut progress: impl FnMut(&AlertReport),
    without_sender: &mut HashSet<IntegrationId>,
) -> Result<AlertReport, ServerError> {
    needs(who, Right::Work)?;
    let receivers = Receivers::load(store, integration).await?;
    let replay = store.begin_replay(who);
    let mut report = AlertReport::default();
    let (mut waiting, mut lines): (Vec<Delivery>, Vec<u64>) = (vec![], vec![]);
    let mut signals = 0;
    let mut reader = Reader::new(bytes);
    while let Some(records) = reader.next().await? {
        for (line, value) in records {
            report.lines += 1;
            let read = value.and_then(|value| receivers.read(&value, store.clock().now()));
            let Received { delivery, changes, partly } = match read {
                Ok(received) => received,
                Err(flaws) => {
                    report.rejected.add_flaws(line, &flaws);
                    continue;
                }
            };
            if !partly.is_empty() {
                report.rejected.add_flaws(line, &partly);
            }
            if !changes.is_empty() {
                let told = ToldChanges {
                    integration: delivery.integration_id,
                    source: &delivery.source,
                    received_at: delivery.received_at,
                    // A file says it once; importing it again tells the same.
                    delivery_id: None,
                    changes: &changes,
                };
                store.record_changes(told).await?;
            }
            signals += delivery.signals.len();
            if sources::find(&delivery.source).map(imported_id) == Some(delivery.integration_id) {
                without_sender.insert(delivery.integration_id);
            }
            waiting.push(delivery);
            lines.push(line);
            if waiting.len() >= BATCH_DELIVERIES || signals >= BATCH_SIGNALS {
                signals = 0;
                report.add(&store.replay(&replay, std::mem::take(&mut waiting)).await?, &std::mem::take(&mut lines));
                progress(&report);
            }
        }
    }
    if !waiting.is_empty() {
        report.add(&store.replay(&replay, waiting).await?, &lines);
    }
    report.rejected.in_order();
    progress(&report);
    if report.lines > 0 {
        let note = finished(who, "alerts").with("lines", report.lines).with("alerts_opened", report.alerts_opened);
        store.note(&note.with("incidents_opened", report.incidents_opened).with("rejected", report.rejected.count())).await?;
    }
    Ok(report)
}

/// One line of imported alerts, read by its source.
struct Received {
    delivery: Delivery,
    changes: Vec<crate::domain::change::ChangeRecord>,
    /// Alerts of it that could not be understood; the others are stored.
    partly: Vec<Flaw>,
}

/// On whose behalf alerts are imported.
struct Receivers {
    /// Everything is imported into this one.
    only: Option<Integration>,
    /// By the source's slug.
    by_source: HashMap<String, Vec<Integration>>,
}

impl Receivers {
    async fn load(store: &Store, integration: Option<&str>) -> Result<Self, ServerError> {
        let all: Vec<Integration> = store.senders().await?.into_iter().map(|sender| sender.integration).collect();
        let only = match integration {
            None => None,
            Some(id) => {
                let named = all.iter().find(|integration| id.parse() == Ok(integration.id)).cloned();
                Some(named.ok_or_else(|| Failure::new(FailureKind::NotFound, "unknown_integration", "there is no such integration"))?)
            }
        };
        let mut by_source: HashMap<String, Vec<Integration>> = HashMap::new();
        for integration in all.into_iter().filter(|integration| !integration.disabled) {
            by_source.entry(integration.source.clone()).or_default().push(integration);
        }
        Ok(Self { only, by_source })
    }

    fn read(&self, line: &Value, now: Timestamp) -> Result<Received, Vec<Flaw>> {
        let mut flaws = vec![];
        let received_at = import::time(line.get("received_at"), "received_at", now).unwrap_or_else(|flaw| {
            flaws.push(flaw);
            None
        });
        if received_at.is_none() && flaws.is_empty() {
            flaws.push(Flaw::new("bad_time", "received_at is missing"));
        }
        let source = line.get("source").and_then(Value::as_str).and_then(sources::find);
        if source.is_none() {
            flaws.push(Flaw::new(
                "unknown_source",
                format!("source is one of {}", sources::ALL.iter().map(|source| source.slug).collect::<Vec<_>>().join(", ")),
            ));
        }
        let body = match line.get("body") {
            None | Some(Value::Null) => {
                flaws.push(Flaw::new("no_body", "body is what the source sent"));
                vec![]
            }
            // Bodies that are not JSON are kept as text.
            Some(Value::String(text)) => text.clone().into_bytes(),
            Some(body) => body.to_string().into_bytes(),
        };
        let (Some(received_at), Some(source), []) = (received_at, source, flaws.as_slice()) else { return Err(flaws) };
        let request = sources::Request { body: &body, header: &|_| None, received_at, new_key: &|| Uuid::new_v4().to_string() };
        let parsed = (source.parse)(&request).map_err(|rejected| vec![Flaw::new(rejected.code, rejected.words)])?;
        let partly = if parsed.rejected.is_empty() { vec![] } else { vec![Flaw::new("invalid_alert", parsed.rejected_words())] };
        let (integration_id, integration_name, grouping) = self.receiver(source)?;
        let delivery = Delivery { integration_id, integration_name, source: source.slug.to_owned(), grouping, received_at, signals: parsed.signals };
        Ok(Received { delivery, changes: parsed.changes, partly })
    }

    fn receiver(&self, source: &Source) -> Result<(IntegrationId, String, Grouping), Vec<Flaw>> {
        let of = |integration: &Integration| (integration.id, integration.name.clone(), integration.grouping.clone());
        if let Some(only) = &self.only {
            if only.source != source.slug {
                return Err(vec![Flaw::new("other_source", format!("the integration “{}” is for {}", only.name, only.source))]);
            }
            return Ok(of(only));
        }
        Ok(match self.by_source.get(source.slug).map(Vec::as_slice) {
            Some([one]) => of(one),
            _ => (imported_id(source), format!("{} (imported)", source.title), Grouping::default()),
        })
    }
}

/// Alerts of a source without an integration of its own belong to this one, always the same, so
/// that importing them again finds them.
pub(in crate::server) fn imported_id(source: &Source) -> IntegrationId {
    let digest = Sha256::digest(format!("imported alerts of {}", source.slug));
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    IntegrationId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Values out of a stream of bytes, parsed.
pub(super) struct Reader<S> {
    bytes: std::pin::Pin<Box<S>>,
    records: Option<Records>,
    /// The first bytes may be one value that stands on several lines.
    may_be_one: bool,
    /// What the sender can do when it breaks off.
    next: &'static str,
}

pub(super) type Line = (u64, Result<Value, Vec<Flaw>>);

impl<E, S: Stream<Item = Result<Bytes, E>>> Reader<S> {
    pub(super) fn new(bytes: S) -> Self {
        Self { bytes: Box::pin(bytes), records: Some(Records::default()), may_be_one: false, next: NEXT }
    }

    /// Of what is only tried nothing was written when it breaks off.
    fn in_mode(self, mode: Mode) -> Self {
        let next = match mode {
            Mode::Do => NEXT,
            Mode::Try => NEXT_TRIED,
        };
        Self { next, ..self }
    }

    /// Takes a small body that is one object for that, however many lines it stands on.
    pub(super) fn or_one_value(self) -> Self {
        Self { may_be_one: true, ..self }
    }

    /// What ends in the next bytes; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Line>>, Failure> {
        let next = self.next;
        let Some(records) = self.records.as_mut() else { return Ok(None) };
        let mut lines = vec![];
        let mut take = |record: Record| lines.push((record.line, parsed(record)));
        let broken = |code, words: &str| Failure::new(FailureKind::Malformed, code, words).with_next(next);
        match tokio::time::timeout(SILENT_FOR, self.bytes.next()).await {
            Err(_) => return Err(broken("too_slow", "nothing more arrived for a minute")),
            Ok(Some(Err(_))) => return Err(broken("broken_body", "the import broke off, or is not in the encoding it names")),
            Ok(Some(Ok(chunk))) if std::mem::take(&mut self.may_be_one) => match serde_json::from_slice::<Value>(&chunk) {
                Ok(one) if one.is_object() => {
                    // What comes behind it goes on counting lines.
                    let ends: Vec<u8> = chunk.iter().copied().filter(|byte| *byte == b'\n').collect();
                    records.push(&ends, take);
                    return Ok(Some(vec![(1, Ok(one))]));
                }
                _ => records.push(&chunk, take),
            },
            Ok(Some(Ok(chunk))) => records.push(&chunk, take),
            Ok(None) => {
                if let Some(records) = self.records.take() {
                    records.finish(&mut take);
                }
            }
        }
        Ok(Some(lines))
    }
}

fn parsed(record: Record) -> Result<Value, Vec<Flaw>> {
    let text = record.text.map_err(|unusable| vec![Flaw::new(unusable.code(), unusable.detail())])?;
    serde_json::from_slice(&text).map_err(|error| vec![Flaw::new("not_json", format!("not JSON: {error}"))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    #[tokio::test]
    async fn what_breaks_off_says_whether_anything_was_written() {
        for (mode, next) in [(Mode::Do, NEXT), (Mode::Try, NEXT_TRIED)] {
            let broken = stream::iter([Err::<Bytes, ()>(())]);
            let failure = Reader::new(broken).in_mode(mode).next().await.expect_err("it broke off");
            assert_eq!((failure.code.as_str(), failure.next.as_deref()), ("broken_body", Some(next)));
        }
    }
}
