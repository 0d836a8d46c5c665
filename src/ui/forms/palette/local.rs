//! What is found in this browser alone: what is open, and the names of services. It stands there
//! at once, and for as long as the server does not answer.

use crate::domain::{
    incident::Incident,
    search::{Found, FoundIncident},
    sorting,
};
use std::sync::Arc;

/// As many of each kind as the server answers.
const MOST: usize = 8;

/// What of these fits the words; a reference that is named stands first.
pub fn find(incidents: &[Arc<Incident>], services: &[String], wanted: &str) -> Found {
    let wanted = wanted.trim().to_lowercase();
    if wanted.is_empty() {
        return Found::default();
    }
    let digits = wanted.strip_prefix("inc").map_or(wanted.as_str(), |rest| rest.trim_start_matches(['-', ' ']));
    let number: Option<i64> = digits.parse().ok();
    let has = |text: &str| text.to_lowercase().contains(&wanted);
    let by = |incident: &Incident| {
        let found =
            [(number == Some(incident.reference.0), "ref"), (has(&incident.title), "title"), (incident.services.iter().any(|name| has(name)), "service")];
        found.into_iter().find(|(found, _)| *found).map(|(_, by)| by)
    };
    let mut found: Vec<(&str, &Arc<Incident>)> = incidents.iter().filter_map(|incident| Some((by(incident)?, incident))).collect();
    // What was named, then what is open, then the newest.
    sorting::sort_by_key(&mut found, |(by, incident)| (*by != "ref", !incident.state.is_open(), std::cmp::Reverse(incident.reference)));
    let incident = |(by, incident): (&str, &Arc<Incident>)| FoundIncident {
        reference: incident.reference,
        title: incident.title.clone(),
        state: incident.state,
        severity: incident.shown_severity(),
        by: by.to_owned(),
        text: None,
    };
    Found {
        incidents: found.into_iter().take(MOST).map(incident).collect(),
        services: services.iter().filter(|name| has(name)).take(MOST).cloned().collect(),
        alerts: vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::{IncidentId, IncidentRef},
        incident::{Declare, declare},
        people::{Actor, ActorKind, ActorRef, Role},
        time::Timestamp,
        timeline::Head,
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn an_incident(number: i64, title: &str, service: &str) -> Arc<Incident> {
        let who = ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() };
        let actor = Actor { who: who.clone(), role: Role::Responder };
        let id = IncidentId(Uuid::from_u128(u128::from(number.unsigned_abs())));
        let draft = Declare { title: title.to_owned(), services: vec![service.to_owned()], ..Declare::default() };
        let events = Head::genesis().append(id, declare(&draft, &actor, NOON).expect("a responder may declare"), &who, None, NOON);
        Arc::new(Incident::fold(id, IncidentRef(number), &events).expect("it begins with a declaration"))
    }

    #[test]
    fn what_is_in_the_browser_is_found_by_number_title_and_service() {
        let known = [an_incident(3, "Cards fail, see INC-7", "payments"), an_incident(7, "Search is slow", "search"), an_incident(8, "Mail", "Payments-EU")];
        let services = ["payments".to_owned(), "search".to_owned()];
        let references = |wanted: &str| find(&known, &services, wanted).incidents.iter().map(|found| (found.reference.0, found.by.clone())).collect::<Vec<_>>();
        assert_eq!(references("inc-7"), [(7, "ref".to_owned()), (3, "title".to_owned())]);
        assert_eq!(references("pay"), [(8, "service".to_owned()), (3, "service".to_owned())]);
        assert_eq!(find(&known, &services, " SEARCH").services, ["search"]);
        assert_eq!(find(&known, &services, "  "), Found::default());
    }
}
