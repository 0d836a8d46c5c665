//! The actors and deliveries that stories are told with.

use std::collections::BTreeMap;
use tocsin::{
    domain::{
        alert::{Signal, SignalAction},
        ids::{IncidentId, IntegrationId},
        incident::{Command, Declare, Incident},
        integration::Grouping,
        people::{Actor, ActorKind, ActorRef, Role},
        severity::AlertSeverity,
        time::Timestamp,
    },
    server::store::{Delivery, Outcome, Store},
};
use uuid::Uuid;

pub fn actor(name: &str, role: Role) -> Actor {
    Actor { who: ActorRef { kind: ActorKind::Person, id: format!("id-{name}"), name: name.to_owned() }, role }
}

pub fn mara() -> Actor {
    actor("Mara", Role::Commander)
}

pub fn jonas() -> Actor {
    actor("Jonas", Role::Responder)
}

pub fn admin() -> Actor {
    actor("Elif", Role::Admin)
}

/// A firing or resolved alert of `service`, by the sender's clock at `at`.
pub fn signal(action: SignalAction, key: &str, service: &str, severity: AlertSeverity, at: Timestamp) -> Signal {
    let labels = BTreeMap::from([("alertname".to_owned(), "Down".to_owned()), ("service".to_owned(), service.to_owned())]);
    Signal {
        action,
        dedupe_key: key.to_owned(),
        severity: Some(severity),
        title: format!("{service} is down"),
        labels,
        annotations: BTreeMap::new(),
        links: vec![],
        group_labels: BTreeMap::new(),
        started_at: Some(at),
        event_at: Some(at),
        expires_at: None,
        heartbeat: false,
    }
}

pub fn fire(key: &str, service: &str, at: Timestamp) -> Signal {
    signal(SignalAction::Fire, key, service, AlertSeverity::Critical, at)
}

pub fn quiet(key: &str, service: &str, at: Timestamp) -> Signal {
    signal(SignalAction::Resolve, key, service, AlertSeverity::Critical, at)
}

pub fn delivery(received_at: Timestamp, signals: Vec<Signal>) -> Delivery {
    Delivery {
        integration_id: IntegrationId(Uuid::from_u128(7)),
        integration_name: "Alertmanager".to_owned(),
        source: "alertmanager".to_owned(),
        grouping: Grouping::default(),
        received_at,
        signals,
    }
}

pub async fn declared(store: &Store, title: &str, actor: &Actor) -> Incident {
    let draft = Declare { title: title.to_owned(), severity: Some(tocsin::domain::severity::Severity::Sev2), ..Declare::default() };
    done(store.declare(draft, actor, &Uuid::new_v4().to_string()).await.expect("the store works"))
}

pub async fn told(store: &Store, id: IncidentId, command: Command, actor: &Actor) -> Outcome {
    store.command(id, command, actor, &Uuid::new_v4().to_string(), None).await.expect("the store works")
}

pub fn done(outcome: Outcome) -> Incident {
    match outcome {
        Outcome::Done(incident) => incident,
        other => panic!("expected it to be done, got {other:?}"),
    }
}

pub fn refused(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refused(refusal) => refusal.code(),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

pub async fn incident(store: &Store, id: IncidentId) -> Incident {
    store.incident(id).await.expect("the store works").expect("the incident exists")
}

pub fn ack() -> Command {
    Command::Acknowledge { for_s: Some(1800), happened_at: None }
}

pub fn note(text: &str) -> Command {
    Command::Note { text: text.to_owned(), happened_at: None }
}
