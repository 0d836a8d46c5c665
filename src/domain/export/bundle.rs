//! One incident in a file that proves itself: its events exactly as they were hashed, and the
//! incident that they fold to. Checked offline by the code that checks the store.
//!
//! Every event stands on a line of its own, so that one that is no JSON any more can still be
//! named. The alerts are compared with what the events say of them. What stands beside the events
//! (alerts, reference, time of the export) is also held by a digest; like the chain itself it shows
//! what was changed, not who exported it.

use super::Record;
use crate::domain::{
    alert::Labels,
    alerts_told::AlertsTold,
    canonical,
    ids::{AlertId, IncidentId, IncidentRef},
    incident::{AlertRef, Incident},
    severity::AlertSeverity,
    time::Timestamp,
    timeline::{self, Event, Head, hex},
    verification::{Fault, Verification},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What the file says of itself.
pub const FORMAT: &str = "tocsin/bundle/v1";

/// The line before the first event.
const EVENTS: &str = "\"events\":[";

/// Why a file cannot be checked at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotABundle {
    #[error("it is no bundle: {0}")]
    Unreadable(String),
    #[error("it is no bundle: a bundle says \"format\": \"{FORMAT}\", this says {0}")]
    OtherFormat(String),
}

/// The file as it is read. Nothing unknown is passed over: it would be in the file and unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    format: String,
    exported_at: Timestamp,
    incident: Value,
    head_hash: String,
    events: Vec<Value>,
    alerts: Vec<Value>,
    digest: String,
}

/// The record as a bundle.
pub fn of(record: &Record) -> String {
    let list = |items: Vec<Value>| items.iter().map(canonical::to_string).collect::<Vec<_>>().join(",\n");
    let (incident, alerts) = (json!(record.incident), record.alerts.iter().map(|alert| json!(alert)).collect::<Vec<_>>());
    let digest = digest(record.exported_at, &incident, record.head_hash(), &alerts);
    let events = list(record.events.iter().map(|event| json!(event)).collect());
    let (at, head) = (json!(record.exported_at), json!(record.head_hash()));
    let (incident, alerts) = (canonical::to_string(&incident), list(alerts));
    format!(
        "{{\n\"format\":\"{FORMAT}\",\n\"exported_at\":{at},\n\"incident\":{incident},\n\"head_hash\":{head},\n{EVENTS}\n{events}\n],\n\"alerts\":[\n{alerts}\n],\n\"digest\":\"{digest}\"\n}}\n"
    )
}

fn digest(exported_at: Timestamp, incident: &Value, head_hash: &str, alerts: &[Value]) -> String {
    let whole = json!({ "format": FORMAT, "exported_at": exported_at, "incident": incident, "head_hash": head_hash, "alerts": alerts });
    hex(&Sha256::digest(canonical::to_string(&whole)))
}

/// Checks a bundle: the chain, that it ends where the bundle says, that folding it gives the
/// incident that stands there, that the alerts are what it says of them, and that nothing beside
/// it was changed.
pub fn verify(text: &[u8]) -> Result<Verification, NotABundle> {
    let bundle = match serde_json::from_slice::<Bundle>(text) {
        Ok(bundle) if bundle.format == FORMAT => bundle,
        Ok(bundle) => return Err(NotABundle::OtherFormat(format!("{:?}", bundle.format))),
        Err(error) => return with_a_broken_line(text, &error),
    };
    let Identity { id, reference } = Identity::of(&bundle.incident)?;
    let fault = fault(id, reference, &bundle).err();
    let events = i64::try_from(bundle.events.len()).unwrap_or(i64::MAX);
    Ok(Verification::new(id, reference, events, bundle.head_hash, fault))
}

/// Whose record it is.
struct Identity {
    id: IncidentId,
    reference: IncidentRef,
}

impl Identity {
    fn of(incident: &Value) -> Result<Self, NotABundle> {
        let missing = |what: &str| NotABundle::Unreadable(format!("its incident has no {what}"));
        let text = |name: &str| incident.get(name).and_then(Value::as_str);
        Ok(Self {
            id: text("id").and_then(|id| id.parse().ok()).ok_or_else(|| missing("id"))?,
            reference: text("ref").and_then(|reference| reference.parse().ok()).ok_or_else(|| missing("ref"))?,
        })
    }
}

/// The first place where the bundle does not hold.
fn fault(id: IncidentId, reference: IncidentRef, bundle: &Bundle) -> Result<(), Fault> {
    let (events, head) = chain(id, &bundle.events)?;
    let version = bundle.incident.get("version").and_then(Value::as_i64).unwrap_or_default();
    if head.seq != version || head.hash != bundle.head_hash {
        return Err(Fault::of_end(head.seq, version));
    }
    same_incident(id, reference, &bundle.incident, &events).map_err(|what| Fault { seq: head.seq, what })?;
    same_alerts(&bundle.alerts, &events).map_err(|what| Fault { seq: 0, what })?;
    if digest(bundle.exported_at, &bundle.incident, &bundle.head_hash, &bundle.alerts) != bundle.digest {
        let what = "what stands beside the entries (the alerts, the reference or the time of the export) was changed after the export";
        return Err(Fault { seq: 0, what: what.to_owned() });
    }
    Ok(())
}

/// The events, when every one is whole and they follow each other.
fn chain(id: IncidentId, raw: &[Value]) -> Result<(Vec<Event>, Head), Fault> {
    let (events, unreadable) = read_events(raw);
    // In the order in which they stand, also those behind one that cannot be read.
    let found: Vec<i64> = raw.iter().filter_map(|event| event.get("seq").and_then(Value::as_i64)).collect();
    let head = timeline::verify(id, &events).map_err(|broken| Fault::of_chain(&broken, &found))?;
    match unreadable {
        Some(why) => Err(Fault { seq: head.seq + 1, what: format!("entry {} was changed after it was recorded: {why}", head.seq + 1) }),
        None => Ok((events, head)),
    }
}

/// The events up to the first that is not exactly what an event of its kind looks like, and why
/// that one is not: a field that no hash covers is not passed over.
fn read_events(raw: &[Value]) -> (Vec<Event>, Option<String>) {
    let mut events = Vec::with_capacity(raw.len());
    for value in raw {
        match Event::deserialize(value) {
            Ok(event) if json!(event) == *value => events.push(event),
            Ok(_) => return (events, Some("it holds something that no event of its kind holds".to_owned())),
            Err(error) => return (events, Some(format!("it cannot be read ({error})"))),
        }
    }
    (events, None)
}

/// Whether the incident is what the events say, and where it is not.
fn same_incident(id: IncidentId, reference: IncidentRef, stands: &Value, events: &[Event]) -> Result<(), String> {
    let mut folded = Incident::fold(id, reference, events).ok_or("the log does not begin with a declaration")?;
    let said = json!(folded);
    let differs = |name: &String, value: &Value| said.get(name) != Some(value);
    if let Some((name, _)) = stands.as_object().into_iter().flatten().find(|(name, value)| differs(name, value)) {
        return Err(format!("the incident's “{name}” is not what its entries say"));
    }
    // An older bundle does not say when somebody last said something; its entries do.
    if stands.get("told_at").is_none() {
        folded.told_at = None;
    }
    // A field that came later is absent in an older bundle, and then it must be at its default.
    match Incident::deserialize(stands) {
        Ok(incident) if incident == folded => Ok(()),
        Ok(_) => Err("the incident is not what its entries say".to_owned()),
        Err(error) => Err(format!("the incident cannot be read ({error})")),
    }
}

/// Whether the alerts are what the events say of them, and which is not. The digest alone does not
/// tell: what was changed before the export has the digest of what it was changed to.
fn same_alerts(stand: &[Value], events: &[Event]) -> Result<(), String> {
    let read = |alert: &Value| Standing::deserialize(alert).map(Standing::named);
    let alerts = stand.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(|error| format!("an alert cannot be read ({error})"))?;
    AlertsTold::by(events).differs_from(&alerts).map_or(Ok(()), Err)
}

/// What is compared of an alert, also of one that another version wrote.
#[derive(Deserialize)]
struct Standing {
    id: AlertId,
    title: String,
    #[serde(default)]
    severity: Option<AlertSeverity>,
    #[serde(default)]
    labels: Labels,
    started_at: Timestamp,
    #[serde(default)]
    resolved_at: Option<Timestamp>,
}

impl Standing {
    fn named(mut self) -> AlertRef {
        AlertRef {
            id: self.id,
            title: self.title,
            service: self.labels.remove("service").filter(|service| !service.is_empty()),
            severity: self.severity,
            started_at: self.started_at,
            resolved_at: self.resolved_at,
            about_monitoring: false,
        }
    }
}

/// A text that is no JSON as a whole may still show which event was damaged.
fn with_a_broken_line(text: &[u8], error: &serde_json::Error) -> Result<Verification, NotABundle> {
    let unreadable = || NotABundle::Unreadable(error.to_string());
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let after = |start: &str| lines.iter().find_map(|line| line.strip_prefix(start.as_bytes())).map(without_comma);
    if after("\"format\":").is_none_or(|format| format != format!("\"{FORMAT}\"").as_bytes()) {
        return Err(unreadable());
    }
    let incident = after("\"incident\":").and_then(|line| serde_json::from_slice::<Value>(line).ok()).ok_or_else(unreadable)?;
    let Identity { id, reference } = Identity::of(&incident)?;
    let begin = lines.iter().position(|line| *line == EVENTS.as_bytes()).ok_or_else(unreadable)?;
    let events: Vec<&[u8]> = lines[begin + 1..].iter().take_while(|line| !matches!(**line, b"]," | b"]")).copied().map(without_comma).collect();
    let read: Vec<Value> = events.iter().map_while(|line| serde_json::from_slice(line).ok()).collect();
    if read.len() == events.len() {
        return Err(unreadable());
    }
    let at = i64::try_from(read.len() + 1).unwrap_or(i64::MAX);
    let fault =
        chain(id, &read).err().unwrap_or_else(|| Fault { seq: at, what: format!("entry {at} was changed after it was recorded: it is no JSON any more") });
    let head = after("\"head_hash\":").and_then(|line| serde_json::from_slice(line).ok()).unwrap_or_default();
    Ok(Verification::new(id, reference, i64::try_from(events.len()).unwrap_or(i64::MAX), head, Some(fault)))
}

fn without_comma(line: &[u8]) -> &[u8] {
    line.strip_suffix(b",").unwrap_or(line)
}
