//! Services: how they fare, and what people say of them.

use super::{budgets, executive, people::needs, telemetry};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        metrics::{Facts, Filter, Range, availability::Availability},
        people::{Actor, Right},
        services::{Calls, Neighbour, OpenIncident, Service, ServiceDraft, ServicePage, WorstObjective, is_name},
        sorting,
        telemetry::panels::{self as telemetry_panels, Edge, Question},
    },
    server::{
        auth,
        error::ServerError,
        state::App,
        store::{AlertFilter, Described},
    },
};
use std::collections::{BTreeSet, HashMap};

/// Availability is over the last thirty days.
const RANGE_SECS: i64 = 30 * 86_400;
/// How many open alerts and changes a service's page holds.
const ON_PAGE: i64 = 50;
/// Calls to and from a service are those of the last hour.
const CALLS_SECS: i64 = 3600;

/// Every service with how it fares, the worst first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Service>, ServerError> {
    needs(actor, Right::Read)?;
    let described = app.store.described_services(Some(actor)).await?;
    let known = described.iter().map(|known| known.name.clone()).collect();
    fared(app, actor, described, &known).await
}

/// One service with what its page shows.
pub async fn page(app: &App, actor: &Actor, name: &str) -> Result<ServicePage, ServerError> {
    let service = read(app, actor, name).await?;
    let filter = AlertFilter { open: Some(true), service: Some(name.to_owned()), ..AlertFilter::for_actor(actor.clone()) };
    let alerts = app.store.alerts(&filter, None, ON_PAGE).await?.items;
    let objectives = executive::rows_of(app, name).await?;
    let changes = app.store.changes_of(name, ON_PAGE).await?;
    let (needs, used_by) = neighbours(app, actor, name).await?;
    Ok(ServicePage { service, alerts, changes, objectives, needs, used_by })
}

/// What a service calls and what calls it: as the last hour's calls show it, and as it was said.
async fn neighbours(app: &App, actor: &Actor, name: &str) -> Result<(Vec<Neighbour>, Vec<Neighbour>), ServerError> {
    let now = app.clock().now();
    let range = telemetry_panels::Range { from: now.plus_secs(-CALLS_SECS), to: now };
    // All of it: whether a caller says anything of what it needs is seen from its other edges.
    let graph = telemetry::graph(app, actor, Question { range, baseline: None, service: None, operation: None, step_s: None, source: None }).await?;
    let of = |beside: fn(&Edge) -> &str, own: fn(&Edge) -> &str| {
        let neighbour = |edge: &Edge| Neighbour {
            service: beside(edge).to_owned(),
            calls: edge.seen.then_some(Calls { requests: edge.now.requests, errors: edge.now.errors }),
            declared: edge.declared,
            declares: graph.declares(&edge.from),
            known: graph.nodes.iter().any(|node| node.service == beside(edge) && node.declared),
        };
        let mut found: Vec<Neighbour> = graph.edges.iter().filter(|edge| own(edge) == name && beside(edge) != name).map(neighbour).collect();
        sorting::sort_by_key(&mut found, |each| {
            let (requests, errors) = each.calls.map_or((0, 0), |calls| (calls.requests, calls.errors));
            (std::cmp::Reverse(errors), std::cmp::Reverse(requests), each.service.clone())
        });
        found
    };
    Ok((of(|edge| &edge.to, |edge| &edge.from), of(|edge| &edge.from, |edge| &edge.to)))
}

pub async fn read(app: &App, actor: &Actor, name: &str) -> Result<Service, ServerError> {
    needs(actor, Right::Read)?;
    let described = app.store.described_service(actor, name).await?.ok_or_else(unknown)?;
    let known = app.store.services(actor).await?.into_iter().collect();
    Ok(fared(app, actor, vec![described], &known).await?.pop().ok_or_else(unknown)?)
}

/// Writes down what people say of a service, whole; one that is not known is made.
pub async fn describe(app: &App, actor: &Actor, name: &str, draft: ServiceDraft) -> Result<Service, ServerError> {
    needs(actor, Right::DescribeServices)?;
    let invalid = |words: String| Failure::new(FailureKind::Invalid, "invalid_service", words);
    if !is_name(name) {
        return Err(invalid("a service's name has 1 to 200 characters, none of them a control character".to_owned()).into());
    }
    let draft = draft.parse(name).map_err(|faults| invalid(faults.join("; ")))?;
    app.store.describe_service(name, &draft, &auth::by(&actor.who)).await?;
    tracing::info!(service = name, by = actor.who.id, "described a service");
    read(app, actor, name).await
}

/// What people say of a service now, for changing a part of it.
pub async fn draft(app: &App, actor: &Actor, name: &str) -> Result<ServiceDraft, ServerError> {
    needs(actor, Right::DescribeServices)?;
    Ok(app.store.described_service(actor, name).await?.ok_or_else(unknown)?.draft)
}

async fn fared(app: &App, actor: &Actor, described: Vec<Described>, known: &BTreeSet<String>) -> Result<Vec<Service>, ServerError> {
    let now = app.clock().now();
    let (_, board) = app.store.board(actor).await?;
    let mut open: HashMap<&str, Vec<OpenIncident>> = HashMap::new();
    for incident in board.iter().filter(|incident| incident.state.is_open()) {
        for service in &incident.services {
            let short = OpenIncident { reference: incident.reference, title: incident.title.clone(), severity: incident.shown_severity() };
            open.entry(service).or_default().push(short);
        }
    }
    let names: Vec<&str> = described.iter().map(|service| service.name.as_str()).collect();
    let (alerts, last) = (app.store.open_alerts_by_service(actor).await?, app.store.last_incidents(actor, &names).await?);
    let mut changes = app.store.last_changes().await?;
    let board_of_objectives = budgets::board(app, actor).await?;
    let range = Range { from: now.plus_secs(-RANGE_SECS), to: now };
    let facts = app.store.facts(&range, actor).await?;
    let filter = Filter::default();
    // What hurt none of a service's users says nothing of it, so each looks at its own only.
    let mut hurt: HashMap<&str, Vec<&Facts>> = HashMap::new();
    for facts in facts.iter().filter(|facts| filter.matches(facts)) {
        for service in facts.impact.iter().filter_map(|window| window.service.as_deref()).collect::<BTreeSet<_>>() {
            hurt.entry(service).or_default().push(facts);
        }
    }
    let service = |Described { name, draft, .. }: Described| {
        let mut incidents = open.remove(name.as_str()).unwrap_or_default();
        sorting::sort_by_key(&mut incidents, |open| (open.severity.map_or(7, |severity| severity.level() * 2), open.reference));
        Service {
            open: incidents,
            alerts: alerts.get(&name).copied().unwrap_or(0),
            last_incident_at: last.get(&name).copied(),
            last_change: changes.remove(&name),
            availability: Availability::of(hurt.get(name.as_str()).map_or(&[][..], Vec::as_slice), &range, Some(&name), now).availability,
            worst_objective: WorstObjective::of(&board_of_objectives.told().rows, &name),
            owner: draft.owner,
            tier: draft.tier,
            description: draft.description,
            links: draft.links,
            unknown_dependencies: draft.depends_on.iter().filter(|needed| !known.contains(*needed)).cloned().collect(),
            depends_on: draft.depends_on,
            name,
        }
    };
    let mut services: Vec<Service> = described.into_iter().map(service).collect();
    sorting::sort_by_key(&mut services, |service| {
        (service.urgency(), std::cmp::Reverse(service.alerts.min(1)), service.tier.unwrap_or(i64::MAX), service.name.clone())
    });
    Ok(services)
}

pub(super) fn unknown() -> Failure {
    Failure::new(FailureKind::NotFound, "unknown_service", "there is no such service")
}
