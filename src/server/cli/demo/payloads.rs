//! Bodies as the company's senders write them, for the doors that they know. Pure.

use super::{
    company::{Sender, Service, service_of},
    troubles::Trouble,
};
use crate::domain::{
    alert::{Alert, Labels},
    severity::AlertSeverity,
    time::Timestamp,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// One thing that a sender sees, firing or over.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    pub key: String,
    pub title: String,
    pub detail: String,
    pub severity: AlertSeverity,
    pub labels: Labels,
    pub runbook: Option<String>,
    pub started_at: Timestamp,
    /// `None` while it goes on.
    pub ended_at: Option<Timestamp>,
}

impl Sighting {
    /// What `trouble` looks like on the given instance of one of its services.
    pub fn of(trouble: &Trouble, service: &Service, region: &str, instance: i64, at: Timestamp) -> Self {
        let first = trouble.service().name == service.name;
        let title =
            if first { trouble.title.replace("{region}", region) } else { format!("{} suffers: calls to {} fail", service.name, trouble.service().name) };
        let alert = if first { trouble.alert.to_owned() } else { "DependencyFailing".to_owned() };
        let instance = format!("{}-{region}-{instance}", service.name);
        let labels = [
            ("alertname", alert.as_str()),
            ("service", service.name),
            ("system", trouble.service().name),
            ("team", service.team),
            ("tier", service.tier),
            ("region", region),
            ("environment", "production"),
            ("instance", instance.as_str()),
            ("severity", trouble.alert_severity.slug()),
        ];
        let labels: Labels = labels
            .into_iter()
            .chain(trouble.provider.map(|provider| ("provider", provider)))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self {
            key: format!("{}/{alert}/{instance}", service.name),
            title,
            detail: trouble.detail.replace("{region}", region),
            severity: trouble.alert_severity,
            labels,
            runbook: Some(trouble.runbook()),
            started_at: at,
            ended_at: None,
        }
    }

    /// An alert that the server holds open, as its sender repeats it, or says that it ended.
    pub fn known(alert: &Alert, ended_at: Option<Timestamp>) -> Self {
        // Some senders' labels are kept as annotations.
        let kept = |name: &str| alert.annotations.get(name).map(|value| (name.to_owned(), value.clone()));
        let mut labels: Labels = ["region", "tier"].into_iter().filter_map(kept).collect();
        labels.extend(alert.labels.clone());
        Self {
            key: alert.dedupe_key.clone(),
            title: alert.title.clone(),
            detail: ["description", "detail"].iter().find_map(|name| alert.annotations.get(*name)).cloned().unwrap_or_default(),
            severity: alert.severity.unwrap_or(AlertSeverity::Warning),
            labels,
            runbook: None,
            started_at: alert.started_at,
            ended_at: ended_at.map(|at| at.max(alert.started_at)),
        }
    }
}

/// Where a sender sends, and what.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    pub path: String,
    pub body: Value,
}

/// Deliveries of `sightings` in the sender's own words: Alertmanager puts many into one, the
/// others send one at a time.
pub fn posts(sender: Sender, seed: u64, sightings: &[Sighting]) -> Vec<Post> {
    let token = sender.token(seed);
    match sender {
        Sender::Metrics | Sender::Network | Sender::Warehouse => {
            sightings.chunks(MOST_IN_ONE_DELIVERY).map(|some| Post { path: format!("/hooks/alertmanager/{token}"), body: alertmanager(sender, some) }).collect()
        }
        Sender::Synthetics | Sender::Pipeline => sightings.iter().map(|one| Post { path: "/v2/enqueue".to_owned(), body: pagerduty(&token, one) }).collect(),
        Sender::Jobs => sightings.iter().map(|one| Post { path: format!("/hooks/generic/{token}"), body: generic(one) }).collect(),
    }
}

const MOST_IN_ONE_DELIVERY: usize = 64;

/// Go's zero time: it has not ended.
const NOT_ENDED: &str = "0001-01-01T00:00:00Z";

fn alertmanager(sender: Sender, sightings: &[Sighting]) -> Value {
    let alert = |one: &Sighting| {
        let mut annotations = json!({ "summary": one.title, "description": one.detail });
        if let Some(runbook) = &one.runbook {
            annotations["runbook_url"] = runbook.as_str().into();
        }
        let ends_at = one.ended_at.map_or_else(|| NOT_ENDED.to_owned(), |at| at.to_string());
        json!({
            "status": status(one), "labels": one.labels, "annotations": annotations, "startsAt": one.started_at, "endsAt": ends_at,
            "generatorURL": format!("https://prometheus.example.com/graph?g0.expr={}", one.labels.get("alertname").map_or("up", String::as_str)),
            "fingerprint": one.key,
        })
    };
    let firing = sightings.iter().any(|one| one.ended_at.is_none());
    json!({
        "version": "4", "receiver": "tocsin", "groupKey": format!("{{}}:{{sender=\"{}\"}}", sender.name()), "truncatedAlerts": 0,
        "status": if firing { "firing" } else { "resolved" }, "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.com", "alerts": sightings.iter().map(alert).collect::<Vec<_>>(),
    })
}

fn pagerduty(token: &str, one: &Sighting) -> Value {
    if one.ended_at.is_some() {
        return json!({ "routing_key": token, "event_action": "resolve", "dedup_key": one.key });
    }
    // What the server holds already has PagerDuty's names.
    let label = |names: &[&str]| names.iter().find_map(|name| one.labels.get(*name)).cloned().unwrap_or_default();
    let links: Vec<Value> = one.runbook.iter().map(|runbook| json!({ "href": runbook, "text": "Runbook" })).collect();
    json!({
        "routing_key": token, "event_action": "trigger", "dedup_key": one.key, "client": "Shop robots", "client_url": "https://robots.example.com/runs",
        "payload": {
            "summary": one.title, "source": label(&["instance", "source"]), "severity": one.severity.slug(), "timestamp": one.started_at,
            "component": label(&["service"]), "group": label(&["system", "group"]), "class": label(&["alertname", "class"]),
            "custom_details": {
                "service": label(&["service"]), "team": label(&["team"]), "environment": "production", "detail": one.detail,
                "region": label(&["region"]), "tier": label(&["tier"]),
            },
        },
        "links": links,
    })
}

fn generic(one: &Sighting) -> Value {
    let at = one.ended_at.unwrap_or(one.started_at);
    let mut body = json!({
        "title": one.title, "status": status(one), "severity": one.severity.slug(), "dedup_key": one.key, "description": one.detail,
        "labels": one.labels, "timestamp": at,
    });
    if let Some(runbook) = &one.runbook {
        body["url"] = runbook.as_str().into();
    }
    body
}

fn status(one: &Sighting) -> &'static str {
    if one.ended_at.is_some() { "resolved" } else { "firing" }
}

/// The pipeline's news: `version` of a service went out.
pub fn deploy(seed: u64, service: &str, version: &str, who: &str, what: &str, at: Timestamp) -> Post {
    let mut summary = format!("{service} {version} deployed by {who}");
    if !what.is_empty() {
        // Writing into a String cannot fail.
        let _ = write!(summary, ": {what}");
    }
    let team = service_of(service).map_or("platform", |service| service.team);
    let body = json!({
        "routing_key": Sender::Pipeline.token(seed),
        "payload": {
            "summary": summary, "timestamp": at, "source": "deploy pipeline",
            "custom_details": { "service": service, "version": version, "deployed_by": who, "team": team, "environment": "production" },
        },
        "links": [{ "href": format!("https://deploys.example.com/{service}/{version}"), "text": "What changed" }],
    });
    Post { path: "/v2/change/enqueue".to_owned(), body }
}

/// The watchdog of the warehouse: as long as it is heard, its line holds.
pub fn watchdog(seed: u64, at: Timestamp) -> Post {
    let labels = [("alertname", "Watchdog"), ("severity", "none"), ("cluster", "warehouse")];
    let sighting = Sighting {
        key: "warehouse/Watchdog".to_owned(),
        title: "The warehouse cluster is heard".to_owned(),
        detail: "This alert always fires. Its absence tells of trouble with the line.".to_owned(),
        severity: AlertSeverity::Info,
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        runbook: None,
        started_at: at,
        ended_at: None,
    };
    Post { path: format!("/hooks/alertmanager/{}", Sender::Warehouse.token(seed)), body: alertmanager(Sender::Warehouse, &[sighting]) }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{company::REGIONS, troubles::TROUBLES},
        *,
    };
    use crate::{
        domain::alert::{Signal, SignalAction},
        server::sources::{self, Parsed, Request, pagerduty_events},
    };

    const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

    fn read(sender: Sender, body: &Value) -> Parsed {
        let bytes = body.to_string().into_bytes();
        let request = Request { body: &bytes, header: &|_| None, received_at: NOON, new_key: &|| "new".to_owned() };
        let source = sources::find(sender.source()).expect("every sender speaks for a source that is known");
        (source.parse)(&request).unwrap_or_else(|rejected| panic!("{body}: {rejected:?}"))
    }

    fn signals(sender: Sender, sightings: &[Sighting]) -> Vec<Signal> {
        posts(sender, 1, sightings)
            .iter()
            .flat_map(|post| {
                let parsed = read(sender, &post.body);
                assert!(parsed.rejected.is_empty() && parsed.warnings.is_empty(), "{parsed:?}");
                parsed.signals
            })
            .collect()
    }

    #[test]
    fn every_trouble_is_read_by_the_door_it_knocks_at() {
        for trouble in &TROUBLES {
            for (region, name) in REGIONS.iter().flat_map(|region| trouble.services.iter().map(move |name| (region, name))) {
                let service = service_of(name).expect("it is one of the company's");
                let sighting = Sighting::of(trouble, service, region, 3, NOON.plus_secs(-30));
                let ended = Sighting { ended_at: Some(NOON), ..sighting.clone() };
                let signals = super::tests::signals(trouble.sender, &[sighting.clone(), ended]);
                let [fired, over] = signals.as_slice() else { panic!("{signals:?}") };
                let repeated = Sighting { labels: fired.labels.clone(), ..sighting.clone() };
                assert_eq!(super::tests::signals(trouble.sender, &[repeated])[0].labels, fired.labels, "a repeat says the same");
                assert_eq!((fired.action, over.action), (SignalAction::Fire, SignalAction::Resolve));
                assert_eq!((fired.severity, &fired.dedupe_key), (Some(trouble.alert_severity), &sighting.key));
                assert_eq!(over.dedupe_key, sighting.key, "the end finds the beginning");
                assert_eq!((fired.labels["service"].as_str(), fired.labels["team"].as_str()), (service.name, service.team));
                assert!(fired.links.iter().any(|link| link.href.starts_with("https://wiki.example.com/runbooks/")), "{fired:?}");
                assert!(!fired.title.contains('{') && !fired.annotations.values().any(|text| text.contains("{region}")), "{fired:?}");
            }
        }
    }

    #[test]
    fn many_alerts_are_few_deliveries() {
        let trouble = &TROUBLES[0];
        let sightings: Vec<Sighting> = (0..130).map(|n| Sighting::of(trouble, trouble.service(), "eu-west", n, NOON)).collect();
        assert_eq!(posts(Sender::Network, 1, &sightings).len(), 3);
        assert_eq!(signals(Sender::Network, &sightings).len(), 130);
    }

    #[test]
    fn a_deploy_is_a_change_and_a_watchdog_is_a_heartbeat() {
        let body = deploy(1, "payments", "v2.41.0", "Lin", "provider client keeps connections", NOON).body.to_string().into_bytes();
        let request = Request { body: &body, header: &|_| None, received_at: NOON, new_key: &|| "new".to_owned() };
        let parsed = pagerduty_events::parse_change(&request).expect("it is read");
        assert_eq!((parsed.changes.len(), parsed.changes[0].service.as_deref(), parsed.changes[0].happened_at), (1, Some("payments"), NOON));
        assert!(read(Sender::Warehouse, &watchdog(1, NOON).body).signals[0].heartbeat);
    }
}
