//! Our own format, `apiVersion: tocsin/v1`: services, objectives, data sources and exclusions.

use super::{What, data_source, fields::Fields};
use crate::domain::{
    services::ServiceDraft,
    slo::{
        calendar::Window,
        exclusion::ExclusionDraft,
        objective::{ABSENT_IS_BAD, Alerting, FINE_S, Indicator, ObjectiveDraft},
        target::Target,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub const API_VERSION: &str = "tocsin/v1";
const KINDS: &str = "Service, Objective, DataSource or Exclusion";

pub fn read(root: &Fields) -> Vec<What> {
    root.may_have(&["apiVersion", "metadata", "spec"]);
    let Some(kind) = root.needed_text("kind") else { return vec![] };
    let read: fn(String, &Fields) -> Option<What> = match kind.as_str() {
        "Service" => service,
        "Objective" => objective,
        "DataSource" => data_source::read,
        "Exclusion" => exclusion,
        other => {
            root.fault("kind", format!("“{other}” is no kind of {API_VERSION}; it is {KINDS}"));
            return vec![];
        }
    };
    let name = match root.fields("metadata") {
        // Exclusions are told apart by what they leave out.
        metadata if kind == "Exclusion" => metadata.and_then(|metadata| metadata.text("name")).unwrap_or_default(),
        Some(metadata) => metadata.needed_text("name").unwrap_or_default(),
        None => {
            if !root.has("metadata") {
                root.fault("metadata", "it is missing; metadata.name says what the definition is called");
            }
            String::new()
        }
    };
    match root.fields("spec") {
        Some(spec) => read(name, &spec).into_iter().collect(),
        None => {
            if !root.has("spec") {
                root.fault("spec", "it is missing");
            }
            vec![]
        }
    }
}

fn service(name: String, spec: &Fields) -> Option<What> {
    let draft: ServiceDraft = whole(spec)?;
    Some(What::Service { name, draft, is_whole: true })
}

fn exclusion(_: String, spec: &Fields) -> Option<What> {
    Some(What::Exclusion(Box::new(whole::<ExclusionDraft>(spec)?)))
}

fn objective(name: String, spec: &Fields) -> Option<What> {
    let target = target(spec, "target").or_else(|| missing(spec, "target"));
    let windows = spec.has("windows").then(|| windows(spec)).or_else(|| missing(spec, "windows"));
    let indicator: Option<Indicator> = part(spec, "indicator").or_else(|| missing(spec, "indicator"));
    let draft = ObjectiveDraft {
        name,
        title: spec.text("title"),
        description: spec.text("description").unwrap_or_default(),
        service: spec.text("service"),
        method: part(spec, "method").unwrap_or_default(),
        slice_target: self::target(spec, "slice_target"),
        source: spec.text("source"),
        slice_s: part(spec, "slice_s").unwrap_or(FINE_S),
        alerting: part::<Alerting>(spec, "alerting").unwrap_or_default(),
        gate_fails_closed: spec.flag("gate_fails_closed").unwrap_or_default(),
        basis: part(spec, "basis").unwrap_or_default(),
        target: target?,
        windows: windows?,
        indicator: indicator?,
    };
    Some(What::Objective { draft: Box::new(draft), is_source_open: false })
}

fn missing<T>(spec: &Fields, name: &str) -> Option<T> {
    if !spec.has(name) {
        spec.fault(name, "it is missing");
    }
    None
}

fn target(spec: &Fields, name: &str) -> Option<Target> {
    let text = spec.text(name)?;
    Target::imported(&text).map_err(|refusal| spec.fault(name, refusal.to_string())).ok()
}

/// Windows as people write them (`28d`, `calendar month in Europe/Berlin`), or as the REST API does.
fn windows(spec: &Fields) -> Vec<Window> {
    let read = |(path, item): (String, &Value)| {
        let refused = |words: String| spec.notes().fault(&path, words);
        let window = match item {
            Value::String(text) => Window::parse(text).map_err(|refusal| refused(refusal.to_string())).ok()?,
            other => {
                let window: Window = serde_json::from_value(other.clone()).map_err(|error| refused(error.to_string())).ok()?;
                remark_on_unknown(spec, &path, other, &window);
                window.check().map_err(|refusal| refused(refusal.to_string())).ok()?
            }
        };
        Some(window)
    };
    spec.items("windows").into_iter().filter_map(read).collect()
}

/// A field of a known shape.
fn part<T: DeserializeOwned + Serialize>(spec: &Fields, name: &str) -> Option<T> {
    let value = spec.value(name)?;
    let read: T = serde_json::from_value(value.clone()).map_err(|error| spec.fault(name, error.to_string())).ok()?;
    remark_on_unknown(spec, &spec.path(name), value, &read);
    Some(read)
}

/// All fields, as one known shape.
fn whole<T: DeserializeOwned + Serialize>(spec: &Fields) -> Option<T> {
    let value = Value::Object(spec.all().clone());
    let read: T = serde_json::from_value(value.clone()).map_err(|error| spec.fault("", error.to_string())).ok()?;
    remark_on_unknown(spec, &spec.path(""), &value, &read);
    Some(read)
}

/// What was given and is not in what was read.
fn remark_on_unknown(spec: &Fields, path: &str, given: &Value, read: &impl Serialize) {
    let read = serde_json::to_value(read).unwrap_or_default();
    unknown(path, given, &read, &mut |path| spec.notes().remark(path, "Tocsin does not know this field; it was left out"));
}

fn unknown(path: &str, given: &Value, read: &Value, say: &mut impl FnMut(&str)) {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            for (name, value) in given {
                let path = format!("{path}.{name}");
                match read.get(name) {
                    Some(read) => unknown(&path, value, read, say),
                    None if value.is_null() => {}
                    // What is not written when it is off may be said to be off.
                    None if name == ABSENT_IS_BAD && *value == Value::Bool(false) => {}
                    None => say(&path),
                }
            }
        }
        (Value::Array(given), Value::Array(read)) => {
            given.iter().zip(read).enumerate().for_each(|(at, (given, read))| unknown(&format!("{path}[{at}]"), given, read, say))
        }
        _ => {}
    }
}
