//! Argo CD, by its notifications: the health of an application is an alert, its syncs are changes.
//!
//! What is read is what the template shown in [`SOURCE`] writes; Argo CD has no body of its own.
//! Traps: a webhook service without `method` sends GET, with a body and without a content type;
//! texts that are put into a template without `toJson` are no JSON; every notification of health
//! carries the last sync as well; `revision` is empty where nothing could be compared.

use super::{
    Parsed, Rejected, Request, Source,
    fields::Fields,
    json,
    raw_alert::RawAlert,
    raw_change::{RawChange, short_ref},
    text,
};
use crate::domain::{alert::SignalAction, change::ChangeStatus, severity::AlertSeverity};

pub const SOURCE: Source = Source {
    setup: r#"# argocd-notifications-secret:
#   tocsin-key: {token}
# argocd-notifications-cm:
service.webhook.tocsin: |
  url: {url}/hooks/argocd
  headers:
    - name: Authorization
      value: Bearer $tocsin-key
    - name: Content-Type
      value: application/json
template.tocsin: |
  webhook:
    tocsin:
      method: POST
      body: |
        {"app": {{toJson .app.metadata.name}}, "namespace": {{toJson .app.metadata.namespace}},
         "project": {{toJson .app.spec.project}}, "health": {{toJson .app.status.health.status}},
         "sync": {{toJson .app.status.sync.status}}, "revision": {{toJson .app.status.sync.revision}},
         {{with .app.status.operationState}}"phase": {{toJson .phase}}, "message": {{toJson .message}},
         "started_at": {{toJson .startedAt}}, "finished_at": {{toJson .finishedAt}},{{end}}
         "url": {{toJson (print .context.argocdUrl "/applications/" .app.metadata.name)}}}
trigger.tocsin: |
  - when: app.status.health.status == 'Healthy'
    send: [tocsin]
  - when: app.status.health.status == 'Degraded'
    send: [tocsin]
  - when: app.status.health.status == 'Missing'
    send: [tocsin]
  - when: app.status.operationState != nil and app.status.operationState.phase in ['Running']
    send: [tocsin]
  - when: app.status.operationState != nil and app.status.operationState.phase in ['Succeeded']
    send: [tocsin]
  - when: app.status.operationState != nil and app.status.operationState.phase in ['Error', 'Failed']
    send: [tocsin]
subscriptions: |
  - recipients: [tocsin]
    triggers: [tocsin]
"#,
    docs: "https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/",
    example: include_str!("../../../tests/fixtures/argocd/health_degraded.json"),
    any_method: true,
    ..Source::new("argocd", "Argo CD", parse)
};

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body).map_err(|rejected| match rejected.code {
        "not_json" => Rejected::new("not_json", format!("{}; texts in the template need toJson", rejected.words)),
        _ => rejected,
    })?;
    let event = Fields::of(&body).ok_or_else(|| Rejected::new("no_object", "the body is not an object"))?;
    let app = event.text("app").ok_or_else(|| Rejected::new("no_app", "the body names no application, as `app`"))?;
    let id = event.text("namespace").map_or_else(|| app.clone(), |namespace| format!("{namespace}/{app}"));
    let mut parsed = Parsed::default();
    if let Some(health) = event.text("health") {
        match action_of(&health) {
            Ok(Some(action)) => alert(&event, &app, &id, &health, action, request).add_to(&mut parsed),
            Ok(None) => {}
            Err(()) => parsed.warn(format!("the health “{}” is not known and changes no alert", text::line(&health, 60))),
        }
    }
    if let Some(phase) = event.text("phase") {
        sync(&event, &app, &id, &phase, request).add_to(&mut parsed);
    }
    Ok(parsed)
}

/// What a health does to the alert of its application; the ones in between do nothing.
fn action_of(health: &str) -> Result<Option<SignalAction>, ()> {
    match health {
        "Degraded" | "Missing" => Ok(Some(SignalAction::Fire)),
        "Healthy" => Ok(Some(SignalAction::Resolve)),
        "Progressing" | "Suspended" | "Unknown" => Ok(None),
        _ => Err(()),
    }
}

fn alert(event: &Fields, app: &str, id: &str, health: &str, action: SignalAction, request: &Request) -> RawAlert {
    let mut raw = RawAlert::new(action, id, format!("{app} is {}", health.to_lowercase()));
    raw.severity = event.text("severity").as_deref().and_then(AlertSeverity::from_word);
    raw.labels.insert("service".to_owned(), app.to_owned());
    for name in ["app", "namespace", "project"] {
        raw.labels.extend(event.text(name).map(|value| (name.to_owned(), value)));
    }
    for name in ["health", "sync", "phase", "message"] {
        raw.annotations.extend(event.text(name).map(|value| (name.to_owned(), value)));
    }
    raw.link(event.text("url"), "Argo CD");
    // The times that are told are those of the sync; health is as it is now.
    raw.event_at = Some(request.received_at);
    raw
}

fn sync(event: &Fields, app: &str, id: &str, phase: &str, request: &Request) -> RawChange {
    let started = event.text("started_at");
    let began_at = event.time("started_at", request.received_at);
    let told_at = event.time("finished_at", request.received_at).max(began_at).unwrap_or(request.received_at);
    let revision = event.text("revision");
    // Without a revision, syncs are told apart by their beginning.
    let which = revision.clone().or(started).unwrap_or_default();
    let title = revision.as_ref().map_or_else(|| format!("Sync {app}"), |revision| format!("Sync {app} to {}", short_ref(revision)));
    let mut change = RawChange::new(format!("{id}@{which}"), title, told_at);
    change.status = match phase {
        "Running" | "Terminating" => Some(ChangeStatus::Running),
        "Succeeded" => Some(ChangeStatus::Success),
        "Failed" | "Error" => Some(ChangeStatus::Failure),
        _ => None,
    };
    change.service = Some(app.to_owned());
    for name in ["project", "revision", "repo", "phase", "sync", "message"] {
        change.fact(name, event.text(name));
    }
    change.link(event.text("url"), "Argo CD");
    change
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{RECEIVED_AT, at, deliver, labels, link},
        *,
    };
    use serde_json::{Value, json};

    const DEGRADED: &str = include_str!("../../../tests/fixtures/argocd/health_degraded.json");
    const SYNCED: &str = include_str!("../../../tests/fixtures/argocd/sync_succeeded.json");

    fn read(body: &str) -> Parsed {
        deliver(&SOURCE, body).expect("it is read")
    }

    fn with(body: &str, name: &str, value: Value) -> Parsed {
        let mut body: Value = serde_json::from_str(body).expect("the fixture is JSON");
        body[name] = value;
        read(&body.to_string())
    }

    #[test]
    fn a_degraded_application_fires_and_its_failed_sync_is_a_change() {
        let parsed = read(DEGRADED);
        let signal = &parsed.signals[0];
        assert_eq!((signal.action, signal.dedupe_key.as_str(), signal.title.as_str()), (SignalAction::Fire, "argocd/checkout", "checkout is degraded"));
        assert_eq!((signal.severity, signal.event_at, signal.started_at), (None, Some(RECEIVED_AT), None));
        assert_eq!(signal.labels, labels(&[("app", "checkout"), ("namespace", "argocd"), ("project", "shop"), ("service", "checkout")]));
        assert_eq!(signal.links, [link("https://argocd.example.com/applications/checkout", "Argo CD")]);
        assert!(signal.annotations["message"].contains("\"checkout\" is invalid"));
        let change = &parsed.changes[0];
        assert_eq!((change.key.as_str(), change.status), ("argocd/checkout@2025-03-14T10:00:00Z", Some(ChangeStatus::Failure)));
        assert_eq!((change.title.as_str(), change.service.as_deref(), change.happened_at), ("Sync checkout", Some("checkout"), at("2025-03-14T10:00:00Z")));
        assert!(parsed.warnings.is_empty());
    }

    #[test]
    fn a_healthy_one_resolves_and_its_sync_is_known_by_the_revision() {
        let parsed = read(SYNCED);
        assert_eq!((parsed.signals[0].action, parsed.signals[0].dedupe_key.as_str()), (SignalAction::Resolve, "argocd/checkout"));
        let change = &parsed.changes[0];
        assert_eq!((change.key.as_str(), change.title.as_str()), ("argocd/checkout@279484c09fbe69ededfced8c1bb6e6d24616b468", "Sync checkout to 279484c0"));
        assert_eq!((change.status, change.happened_at), (Some(ChangeStatus::Success), at("2025-03-14T09:55:00Z")));
    }

    #[test]
    fn health_in_between_changes_no_alert() {
        for health in ["Progressing", "Suspended", "Unknown"] {
            let parsed = with(SYNCED, "health", json!(health));
            assert_eq!((parsed.signals.len(), parsed.changes.len(), parsed.warnings.len()), (0, 1, 0), "{health}");
        }
        assert_eq!(with(SYNCED, "health", json!("Purple")).warnings.len(), 1);
        assert_eq!(with(DEGRADED, "health", json!("Missing")).signals[0].action, SignalAction::Fire);
        assert_eq!(with(DEGRADED, "severity", json!("P1")).signals[0].severity, Some(AlertSeverity::Critical));
    }

    #[test]
    fn phases_are_how_far_a_sync_has_come() {
        let phases = [("Running", Some(ChangeStatus::Running)), ("Error", Some(ChangeStatus::Failure)), ("Failed", Some(ChangeStatus::Failure)), ("Odd", None)];
        for (phase, expected) in phases {
            assert_eq!(with(SYNCED, "phase", json!(phase)).changes[0].status, expected, "{phase}");
        }
        assert!(with(SYNCED, "phase", json!("")).changes.is_empty(), "nothing was ever synced");
    }

    #[test]
    fn a_template_without_to_json_is_told_so() {
        let rejected = deliver(&SOURCE, "{\"app\": checkout}").expect_err("it is no JSON");
        assert!(rejected.words.contains("toJson"), "{rejected}");
        assert_eq!(deliver(&SOURCE, "{}").expect_err("it names nothing").code, "no_app");
        assert_eq!(deliver(&SOURCE, "[]").expect_err("it is a list").code, "no_object");
    }
}
