//! The alerts of one incident, however many: added up by service, and page by page with the
//! reason why each stands there.

use super::incidents::read;
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        grouping::Why,
        ids::AlertId,
        people::Actor,
        storms::{AlertsPage, AlertsSummary, PlacedAlert, WhyCounts},
    },
    server::{error::ServerError, state::App},
};
use std::collections::HashMap;

/// How many alerts one page of the screen holds.
pub const ON_SCREEN: i64 = 50;

/// The alerts of an incident by service.
pub async fn summary(app: &App, actor: &Actor, incident: &str) -> Result<AlertsSummary, ServerError> {
    let incident = read(app, actor, incident).await?.id;
    let (mut services, from, to) = app.store.alerts_by_service(incident).await?;
    let reasons = app.store.why_attached(incident).await?;
    let mut why = WhyCounts::default();
    let mut opened = HashMap::<String, i64>::new();
    for (id, service) in app.store.alerts_in(incident).await? {
        let reason = reasons.get(&id).copied().unwrap_or(Why::Merged);
        why.add(reason);
        if reason == Why::First {
            *opened.entry(service).or_default() += 1;
        }
    }
    for line in &mut services {
        line.opened = opened.get(line.service.as_deref().unwrap_or_default()).copied().unwrap_or(0);
    }
    let (alerts, firing) = (services.iter().map(|line| line.alerts).sum(), services.iter().map(|line| line.firing).sum());
    Ok(AlertsSummary { alerts, firing, from, to, services, why })
}

/// A page of an incident's alerts, those first that began first. With `service` only those of this
/// one; the empty name stands for those without any.
pub async fn alerts(app: &App, actor: &Actor, incident: &str, service: Option<&str>, cursor: Option<&str>, limit: i64) -> Result<AlertsPage, ServerError> {
    let after = cursor.map(|cursor| position(cursor).ok_or_else(bad_cursor)).transpose()?;
    let incident = read(app, actor, incident).await?.id;
    let page = app.store.alerts_of(incident, service, after, limit).await?;
    let reasons = app.store.why_attached(incident).await?;
    let placed = |alert: crate::domain::alert::Alert| PlacedAlert { why: reasons.get(&alert.id).copied().unwrap_or(Why::Merged), alert };
    Ok(AlertsPage { items: page.items.into_iter().map(placed).collect(), next_cursor: page.next_cursor })
}

fn position(cursor: &str) -> Option<(i64, AlertId)> {
    let (at, id) = cursor.split_once('.')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

fn bad_cursor() -> Failure {
    Failure::new(FailureKind::Malformed, "bad_parameter", "cursor: the next_cursor of the page before")
}
