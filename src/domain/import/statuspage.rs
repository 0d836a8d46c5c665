//! Statuspage's `incidents.json` as imported incidents.

use super::{Draft, Flaw, parse};
use crate::domain::time::Timestamp;
use serde_json::{Map, Value, json};

/// The origin's name of everything that comes from a Statuspage.
pub const ORIGIN: &str = "statuspage";

/// Every incident of the file, or what is wrong with it. `Err` when the file is something else.
pub fn read(file: &Value, now: Timestamp) -> Result<Vec<Result<Draft, Vec<Flaw>>>, Flaw> {
    let Some(incidents) = file.get("incidents").and_then(Value::as_array) else {
        return Err(Flaw::new("not_statuspage", "a Statuspage file has a list `incidents`"));
    };
    let page = file.pointer("/page/id").and_then(Value::as_str).unwrap_or_default();
    Ok(incidents.iter().map(|incident| parse(&told(page, incident), now)).collect())
}

/// One incident in the words of our own import.
fn told(page: &str, incident: &Value) -> Value {
    let text = |name: &str| incident.get(name).and_then(Value::as_str);
    let id = text("id").map(|id| if page.is_empty() { id.to_owned() } else { format!("{page}|{id}") });
    let impact = text("impact").unwrap_or_default();
    json!({
        "origin": ORIGIN,
        "id": id,
        "title": text("name"),
        "severity": severity(impact),
        "kind": if impact == "maintenance" || incident.get("scheduled_for").is_some_and(Value::is_string) { "maintenance" } else { "incident" },
        "started_at": text("started_at").or(text("created_at")),
        // "Monitoring" is said when a fix is in place.
        "mitigated_at": text("monitoring_at"),
        "resolved_at": text("resolved_at").or_else(|| resolved_by_update(incident)),
        "services": services(incident),
        "labels": labels(incident),
        "timeline": updates(incident).map(entry).collect::<Vec<_>>(),
    })
}

/// Statuspage's impact; `none` is said on purpose and means that nobody is hurt.
fn severity(impact: &str) -> Option<&'static str> {
    match impact {
        "critical" => Some("SEV1"),
        "major" => Some("SEV2"),
        "minor" => Some("SEV3"),
        "none" => Some("SEV5"),
        _ => None,
    }
}

fn updates(incident: &Value) -> impl Iterator<Item = &Value> {
    // The newest comes first; among those of one instant the order must be that of the page.
    incident.get("incident_updates").and_then(Value::as_array).into_iter().flatten().rev()
}

fn update_at(update: &Value) -> Option<&str> {
    ["display_at", "created_at"].into_iter().find_map(|name| update.get(name).and_then(Value::as_str))
}

fn entry(update: &Value) -> Value {
    json!({ "at": update_at(update), "status": update.get("status"), "text": update.get("body") })
}

/// Pages without `resolved_at` still have an update that says so. A postmortem comes after it.
fn resolved_by_update(incident: &Value) -> Option<&str> {
    let status = |update: &&Value| matches!(update.get("status").and_then(Value::as_str), Some("resolved" | "completed"));
    updates(incident).find(status).and_then(update_at)
}

fn services(incident: &Value) -> Vec<&str> {
    let lists = std::iter::once((incident, "components")).chain(updates(incident).map(|update| (update, "affected_components")));
    let components = lists.filter_map(|(value, list)| value.get(list)?.as_array()).flatten();
    let mut names: Vec<&str> = Vec::new();
    for name in components.filter_map(|component| component.get("name")?.as_str()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn labels(incident: &Value) -> Map<String, Value> {
    let link = incident.get("shortlink").filter(|link| link.is_string());
    link.map(|link| ("shortlink".to_owned(), link.clone())).into_iter().collect()
}
