//! What one imported incident says, read from its JSON.

use crate::domain::{
    alert::Labels,
    canonical,
    incident::{Kind, Origin},
    severity::Severity,
    time::Timestamp,
    timeline::hex,
};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Longest title; what is longer is cut.
const MAX_TITLE: usize = 300;
/// Longest text of an entry; what is longer is cut.
const MAX_TEXT: usize = 20_000;
/// Longest name: of an origin, an id, a service, a label, a status.
const MAX_NAME: usize = 512;
const MAX_SERVICES: usize = 1_000;
const MAX_LABELS: usize = 1_000;
const MAX_ENTRIES: usize = 10_000;

/// How far ahead of our clock a time of an import may be: clocks and zones are wrong by hours, and
/// what is further ahead is no record of the past.
const AHEAD_SECS: i64 = 86_400;
/// Maintenance is planned this far ahead at most.
const PLANNED_AHEAD_SECS: i64 = 366 * 86_400;

/// One incident as its origin tells it. Identity is the origin: its name and the id there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Draft {
    pub origin: Origin,
    pub title: String,
    pub severity: Option<Severity>,
    pub kind: Kind,
    pub started_at: Timestamp,
    pub detected_at: Option<Timestamp>,
    pub acknowledged_at: Option<Timestamp>,
    pub mitigated_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    /// Without repeats, in the sender's order.
    pub services: Vec<String>,
    pub labels: Labels,
    /// By time; at the same time in the sender's order.
    pub timeline: Vec<Entry>,
}

/// One line of an imported timeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Entry {
    pub at: Timestamp,
    /// In the origin's words.
    pub status: Option<String>,
    pub text: String,
}

/// One thing that is wrong with a line. `code` is stable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub code: &'static str,
    pub detail: String,
}

impl Flaw {
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl Draft {
    /// Equal for drafts that say the same.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(canonical::to_string(&serde_json::to_value(self).unwrap_or_default())))
    }
}

/// Reads one incident, or says everything that is wrong with it; then there is at least one flaw.
/// Fields it does not know are passed over.
pub fn parse(value: &Value, now: Timestamp) -> Result<Draft, Vec<Flaw>> {
    let Value::Object(fields) = value else { return Err(vec![Flaw::new("not_an_object", "an incident is a JSON object")]) };
    let mut reader = Reader { fields, now, flaws: vec![] };
    let name = reader.identity("origin", "no_origin");
    let id = reader.identity("id", "no_id");
    let title = reader.title();
    let severity = reader.severity();
    let kind = reader.kind();
    if kind == Kind::Maintenance {
        reader.now = now.plus_secs(PLANNED_AHEAD_SECS);
    }
    let started_at = reader.started_at();
    let detected_at = reader.time("detected_at");
    let acknowledged_at = reader.time("acknowledged_at");
    let mitigated_at = reader.time("mitigated_at");
    let resolved_at = reader.time("resolved_at");
    let services = reader.services();
    let labels = reader.labels();
    let timeline = reader.timeline();
    match (reader.flaws.is_empty(), started_at) {
        (true, Some(started_at)) => Ok(Draft {
            origin: Origin { name, id },
            title,
            severity,
            kind,
            started_at,
            detected_at,
            acknowledged_at,
            mitigated_at,
            resolved_at,
            services,
            labels,
            timeline,
        }),
        _ => Err(reader.flaws),
    }
}

/// When something was, as a field of an import says it, or why that cannot be. Go's zero time says
/// nothing, like a field that is not there; `field` is how a sentence names it.
pub fn time(value: Option<&Value>, field: &str, now: Timestamp) -> Result<Option<Timestamp>, Flaw> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let Some(at) = value.as_str().and_then(Timestamp::parse) else {
        return Err(Flaw::new("bad_time", format!("{field} is RFC 3339, like 2026-08-11T11:06:25Z, not {}", shown(value))));
    };
    if at.is_unset() {
        return Ok(None);
    }
    if at < Timestamp::FIRST_BELIEVED {
        return Err(Flaw::new("bad_time", format!("{field} lies before 2 January 1970: {at} is a clock that was not set")));
    }
    if at > now.plus_secs(AHEAD_SECS) {
        return Err(Flaw::new("in_the_future", format!("{field} lies in the future: {at}")));
    }
    Ok(Some(at))
}

struct Reader<'a> {
    fields: &'a Map<String, Value>,
    now: Timestamp,
    flaws: Vec<Flaw>,
}

impl<'a> Reader<'a> {
    fn flaw(&mut self, code: &'static str, detail: impl Into<String>) {
        self.flaws.push(Flaw::new(code, detail));
    }

    /// The field, unless it is absent or null.
    fn field(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A name that identifies: never cut, or two could become one.
    fn identity(&mut self, name: &'static str, missing: &'static str) -> String {
        let text = match self.field(name) {
            Some(Value::String(text)) => line(text),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        if text.is_empty() {
            self.flaw(missing, format!("{name} is missing"));
        } else if text.chars().count() > MAX_NAME {
            self.flaw("too_long", format!("{name} is longer than {MAX_NAME} characters"));
        }
        text
    }

    fn title(&mut self) -> String {
        let title = self.field("title").and_then(Value::as_str).map(line).unwrap_or_default();
        if title.is_empty() {
            self.flaw("no_title", "title is missing");
        }
        cut(&title, MAX_TITLE)
    }

    fn severity(&mut self) -> Option<Severity> {
        let value = self.field("severity")?;
        let severity = value.as_str().and_then(Severity::from_slug);
        if severity.is_none() {
            self.flaw("bad_severity", format!("severity is SEV1 to SEV5 or null, not {}", shown(value)));
        }
        severity
    }

    fn kind(&mut self) -> Kind {
        match self.field("kind") {
            None => Kind::Incident,
            Some(value) => value.as_str().and_then(Kind::from_slug).unwrap_or_else(|| {
                self.flaw("bad_kind", format!("kind is incident, maintenance or drill, not {}", shown(value)));
                Kind::Incident
            }),
        }
    }

    fn started_at(&mut self) -> Option<Timestamp> {
        let said = time(self.field("started_at"), "started_at", self.now);
        match said {
            Ok(None) if self.field("started_at").is_some() => self.flaw("no_started_at", "started_at is missing: the year 1 stands for no time"),
            Ok(None) => self.flaw("no_started_at", "started_at is missing"),
            Ok(Some(at)) => return Some(at),
            Err(flaw) => self.flaws.push(flaw),
        }
        None
    }

    fn time(&mut self, name: &'static str) -> Option<Timestamp> {
        time(self.field(name), name, self.now).unwrap_or_else(|flaw| {
            self.flaws.push(flaw);
            None
        })
    }

    fn services(&mut self) -> Vec<String> {
        let mut services: Vec<String> = Vec::new();
        match self.field("services") {
            None => {}
            Some(Value::Array(names)) if names.len() > MAX_SERVICES => self.flaw("too_many", format!("more than {MAX_SERVICES} services")),
            Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
                for name in names.iter().filter_map(Value::as_str).map(|name| cut(&line(name), MAX_NAME)).filter(|name| !name.is_empty()) {
                    if !services.contains(&name) {
                        services.push(name);
                    }
                }
            }
            Some(_) => self.flaw("bad_services", "services is a list of names"),
        }
        services
    }

    fn labels(&mut self) -> Labels {
        let mut labels = Labels::new();
        match self.field("labels") {
            None => {}
            Some(Value::Object(fields)) if fields.len() > MAX_LABELS => self.flaw("too_many", format!("more than {MAX_LABELS} labels")),
            Some(Value::Object(fields)) => {
                for (name, value) in fields {
                    let text = match value {
                        Value::String(text) => line(text),
                        Value::Bool(_) | Value::Number(_) => value.to_string(),
                        Value::Null => continue,
                        Value::Array(_) | Value::Object(_) => {
                            self.flaw("bad_labels", format!("the value of label {} is not a text", shown(&Value::String(name.clone()))));
                            continue;
                        }
                    };
                    let name = cut(&line(name), MAX_NAME);
                    if !name.is_empty() && !text.is_empty() {
                        labels.insert(name, cut(&text, MAX_TEXT));
                    }
                }
            }
            Some(_) => self.flaw("bad_labels", "labels is an object of names and values"),
        }
        labels
    }

    fn timeline(&mut self) -> Vec<Entry> {
        let entries = match self.field("timeline") {
            None => return vec![],
            Some(Value::Array(entries)) if entries.len() > MAX_ENTRIES => {
                self.flaw("too_many", format!("more than {MAX_ENTRIES} entries"));
                return vec![];
            }
            Some(Value::Array(entries)) => entries,
            Some(_) => {
                self.flaw("bad_timeline", "timeline is a list of {at, status?, text}");
                return vec![];
            }
        };
        let mut timeline = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let at = time(entry.get("at"), &format!("timeline[{index}].at"), self.now);
            let words = |name: &str, max: usize, clean: fn(&str) -> String| {
                entry.get(name).and_then(Value::as_str).map(|text| cut(&clean(text), max)).filter(|text| !text.is_empty())
            };
            let status = words("status", MAX_NAME, line);
            let text = words("text", MAX_TEXT, block).or_else(|| status.clone());
            match (at, text) {
                (Err(flaw), _) => self.flaws.push(flaw),
                (Ok(None), _) => self.flaw("bad_time", format!("timeline[{index}].at is missing")),
                (_, None) => self.flaw("bad_timeline", format!("timeline[{index}] has no text")),
                (Ok(Some(at)), Some(text)) => timeline.push(Entry { at, status, text }),
            }
        }
        timeline.sort_by_key(|entry| entry.at);
        timeline
    }
}

/// One line without control characters, which databases and terminals do not bear.
fn line(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

/// The same for text of several lines.
fn block(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect::<String>().trim().to_owned()
}

/// At most `max` characters; what was cut ends in `…`, which counts.
fn cut(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(std::iter::once('…')).collect()
}

/// A foreign value in a sentence: short, on one line.
fn shown(value: &Value) -> String {
    cut(&line(&value.to_string()), 60)
}
