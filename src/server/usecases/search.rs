//! Finding things by words, as far as the asker may see them.

use super::people::needs;
use crate::{
    domain::{
        ids::IncidentRef,
        incident::Incident,
        people::{Actor, Right},
        search::{Found, FoundIncident, excerpt, fold},
    },
    server::{error::ServerError, state::App},
};
use serde_json::Value;

/// How many of each kind a search on screen shows.
pub const ON_SCREEN: i64 = 8;
/// The longest text that is searched for, in characters; what is longer is cut.
const MAX_TEXT: usize = 200;

/// What is found for `text`, at most `limit` of each kind. A reference or its number comes first.
pub async fn find(app: &App, actor: &Actor, text: &str, limit: i64) -> Result<Found, ServerError> {
    needs(actor, Right::Read)?;
    let wanted: String = fold(text.trim()).chars().filter(|letter| !letter.is_control()).take(MAX_TEXT).collect();
    if wanted.is_empty() {
        return Ok(Found::default());
    }
    let mut incidents: Vec<FoundIncident> = Vec::new();
    let room = |incidents: &[FoundIncident]| limit - i64::try_from(incidents.len()).unwrap_or(limit);
    if let Some(incident) = reference(&wanted) {
        incidents.extend(app.store.find_reference(actor, incident).await?.map(|incident| found(&incident, "ref", None)));
    }
    for incident in app.store.find_incidents(actor, &wanted, limit).await? {
        let by = if fold(&incident.title).contains(&wanted) { "title" } else { "service" };
        add(&mut incidents, &incident, by, None);
    }
    if room(&incidents) > 0 {
        for incident in app.store.find_labels(actor, &wanted, limit).await? {
            add(&mut incidents, &incident, "label", None);
        }
    }
    if room(&incidents) > 0 {
        for (incident, data) in app.store.find_words(actor, &wanted, limit).await? {
            let words: Value = serde_json::from_str(&data).unwrap_or_default();
            let text = words.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()).find_map(|text| excerpt(text, &wanted));
            if text.is_some() {
                add(&mut incidents, &incident, "timeline", text);
            }
        }
    }
    incidents.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(Found { incidents, services: app.store.find_services(actor, &wanted, limit).await?, alerts: app.store.find_alerts(actor, &wanted, limit).await? })
}

/// `INC-12`, `inc 12` or `12`.
fn reference(wanted: &str) -> Option<IncidentRef> {
    let digits = wanted.strip_prefix("inc").map_or(wanted, |rest| rest.trim_start_matches(['-', ' ']));
    digits.parse().ok().filter(|number| *number > 0).map(IncidentRef)
}

fn add(incidents: &mut Vec<FoundIncident>, incident: &Incident, by: &str, text: Option<String>) {
    if incidents.iter().all(|known| known.reference != incident.reference) {
        incidents.push(found(incident, by, text));
    }
}

fn found(incident: &Incident, by: &str, text: Option<String>) -> FoundIncident {
    FoundIncident {
        reference: incident.reference,
        title: incident.title.clone(),
        state: incident.state,
        severity: incident.shown_severity(),
        by: by.to_owned(),
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_people_write_them() {
        assert_eq!(["inc-12", "inc 12", "inc12", "12"].map(reference), [Some(IncidentRef(12)); 4]);
        assert_eq!(["incident", "0", "-4", "12a", "inc"].map(reference), [None; 5]);
    }
}
