//! What changed in a range, of whatever kind: put together from the changes that senders report,
//! from alerts, from how objectives stood, from maintenance, and from the record of definitions.
//! Whoever asks is told of nothing that is in a private incident they may not see.

use super::{changes, people::needs, plain::plain_text, telemetry};
use crate::{
    domain::{
        alert::Alert,
        audit::{Action, AuditEntry},
        change::{ChangeCard, ChangeStatus},
        incident::Kind,
        metrics,
        people::{Actor, Right},
        severity::AlertSeverity,
        slo::{exclusion::Exclusion, report::Standing, standings},
        telemetry::{
            changed::{Changed, ChangedKind, ChangedPage, LeadsToPage},
            panels::Range,
        },
        time::Timestamp,
    },
    server::{
        error::ServerError,
        levels::{
            Held, One,
            burning::SOURCE as BURN_ALERTS,
            reports::{times_of, zone_of},
        },
        state::App,
        store::{ChangeFilter, Sources},
    },
};
use std::sync::Arc;

/// Most of one kind that are listed; what came last.
const MOST: usize = 100;
/// As it is asked of the store: one more, so that it shows when there were more.
const ASKED: i64 = MOST as i64 + 1;

/// Everything that changed in a range, of one service or of all, the last first.
pub async fn between(app: &App, actor: &Actor, range: Range, service: Option<&str>) -> Result<ChangedPage, ServerError> {
    needs(actor, Right::Read)?;
    let range = telemetry::checked(range)?;
    let service = service.map(plain_text);
    let of = Of { range, service: service.as_deref() };
    let held = app.levels.current(app).await?;
    let filter = ChangeFilter { from: Some(range.from), to: Some(range.to), service: service.clone() };
    let deploys = changes::list(&app.store, actor, &filter, None, ASKED).await?.items.into_iter().map(deploy).collect();
    let alerts = turned(app, actor, Sources::AllBut(BURN_ALERTS), of).await?;
    let mut objectives = turned(app, actor, Sources::Only(BURN_ALERTS), of).await?;
    objectives.extend(turns(app, &held, of).await?);
    let mut page = ChangedPage::default();
    for (kind, mut items) in [
        (ChangedKind::Deploy, deploys),
        (ChangedKind::Alert, alerts),
        (ChangedKind::Objective, objectives),
        (ChangedKind::Maintenance, maintenance(app, actor, of).await?),
        (ChangedKind::Exclusion, left_out(&held, of)),
        (ChangedKind::Definition, definitions(app, &held, of).await?),
    ] {
        if items.len() > MOST {
            page.cut.push(kind);
            crate::domain::sorting::sort_by_key(&mut items, |item: &Changed| std::cmp::Reverse(item.at));
            items.truncate(MOST);
        }
        page.items.append(&mut items);
    }
    page.order();
    Ok(page)
}

/// What is asked about.
#[derive(Clone, Copy)]
struct Of<'a> {
    range: Range,
    service: Option<&'a str>,
}

impl Of<'_> {
    /// Whether something of these services is asked about; what names none may be of any.
    fn is_of(&self, services: &[String]) -> bool {
        self.service.is_none_or(|wanted| services.is_empty() || services.iter().any(|service| service == wanted))
    }

    fn is_of_objective(&self, one: &One) -> bool {
        self.service.is_none_or(|wanted| one.objective().draft.service.as_deref() == Some(wanted))
    }
}

fn deploy(change: ChangeCard) -> Changed {
    Changed {
        at: change.happened_at,
        until: None,
        kind: ChangedKind::Deploy,
        title: change.title.clone(),
        words: change.status.map_or_else(String::new, |status| status.slug().to_owned()),
        service: change.service.clone(),
        is_worse: change.status == Some(ChangeStatus::Failure),
        leads_to: None,
        change: Some(change),
    }
}

/// The alerts that were opened or resolved.
async fn turned(app: &App, actor: &Actor, sources: Sources<'_>, of: Of<'_>) -> Result<Vec<Changed>, ServerError> {
    let turned = app.store.alerts_between(actor, sources, of.service, (of.range.from, of.range.to), ASKED).await?;
    Ok(turned.opened.iter().map(opened).chain(turned.resolved.iter().filter_map(resolved)).collect())
}

fn opened(alert: &Alert) -> Changed {
    let severity = alert.severity.map_or("severity not said", AlertSeverity::slug);
    of_alert(alert, alert.started_at, format!("opened, {severity}"), true)
}

fn resolved(alert: &Alert) -> Option<Changed> {
    Some(of_alert(alert, alert.resolved_at?, "resolved".to_owned(), false))
}

fn of_alert(alert: &Alert, at: Timestamp, words: String, is_worse: bool) -> Changed {
    let service = alert.labels.get("service").cloned();
    let objective = || alert.labels.get("objective").map(|name| LeadsToPage::Objective.named(name));
    let is_burning = alert.source == BURN_ALERTS;
    Changed {
        at,
        until: None,
        kind: if is_burning { ChangedKind::Objective } else { ChangedKind::Alert },
        title: alert.title.clone(),
        words,
        // Which incident it is in is known to whoever may see the alert.
        leads_to: alert
            .incident_id
            .map(|id| LeadsToPage::Incident.named(id))
            .or_else(objective)
            .or_else(|| service.as_ref().map(|name| LeadsToPage::Service.named(name))),
        service,
        is_worse,
        change: None,
    }
}

/// When objectives came to stand otherwise.
async fn turns(app: &App, held: &Held, of: Of<'_>) -> Result<Vec<Changed>, ServerError> {
    let until = of.range.to.min(app.clock().now());
    let mut found = vec![];
    for one in held.all().filter(|one| of.is_of_objective(one)) {
        if until <= of.range.from {
            break;
        }
        let readings = one.readings_at(&app.store, held, of.range.from).await?;
        let objective = one.objective();
        let zone = zone_of(objective.window());
        let turned = standings::turns(objective, readings.series(), (of.range.from, until), &*zone);
        found.extend(turned.into_iter().map(|turn| Changed {
            at: turn.at,
            until: None,
            kind: ChangedKind::Objective,
            title: objective.title().to_owned(),
            words: format!("{} → {}", turn.before.words().to_lowercase(), turn.after.words().to_lowercase()),
            service: objective.draft.service.clone(),
            is_worse: matches!(turn.after, Standing::Overspent) || (turn.after == Standing::Low && turn.before == Standing::Within),
            leads_to: Some(LeadsToPage::Objective.named(&objective.draft.name)),
            change: None,
        }));
        // Others wait no longer than for one objective.
        tokio::task::yield_now().await;
    }
    Ok(found)
}

async fn maintenance(app: &App, actor: &Actor, of: Of<'_>) -> Result<Vec<Changed>, ServerError> {
    let Some(range) = metrics::Range::new(of.range.from, of.range.to) else { return Ok(vec![]) };
    let mut facts = app.store.facts(&range, actor).await?;
    facts.retain(|facts| {
        let overlaps = facts.started_at < range.to && facts.restored().is_none_or(|end| end > range.from);
        facts.kind == Kind::Maintenance && overlaps && of.is_of(&facts.services)
    });
    facts.truncate(MOST + 1);
    let references: Vec<_> = facts.iter().map(|facts| facts.reference).collect();
    let mut names = app.store.names_of(&references).await?;
    let one = |facts: metrics::Facts| {
        let (_, title) = names.remove(&facts.reference)?;
        Some(Changed {
            at: facts.started_at,
            until: facts.restored(),
            kind: ChangedKind::Maintenance,
            title,
            words: "maintenance".to_owned(),
            service: facts.services.first().cloned(),
            is_worse: false,
            leads_to: Some(LeadsToPage::Incident.named(facts.reference)),
            change: None,
        })
    };
    Ok(facts.into_iter().filter_map(one).collect())
}

/// When time is left out of objectives that are asked about.
fn left_out(held: &Held, of: Of<'_>) -> Vec<Changed> {
    let Some(range) = metrics::Range::new(of.range.from, of.range.to) else { return vec![] };
    let mut found = vec![];
    for exclusion in held.exclusions().iter().filter(|exclusion| concerns(held, exclusion, of)) {
        let draft = &exclusion.draft;
        let named = draft.objective.as_ref().map(|name| LeadsToPage::Objective.named(name));
        // The last of what recurs: there is no limit to how often it did.
        for (from_s, to_s) in times_of(exclusion, &range).into_iter().rev().take(MOST + 1) {
            found.push(Changed {
                at: Timestamp::from_micros(from_s.saturating_mul(1_000_000)),
                until: Some(Timestamp::from_micros(to_s.saturating_mul(1_000_000))),
                kind: ChangedKind::Exclusion,
                title: draft.reason.clone(),
                words: match (&draft.objective, &draft.service) {
                    (Some(objective), _) => format!("left out of {objective}"),
                    (None, Some(service)) => format!("left out of the objectives of {service}"),
                    (None, None) => "left out of all objectives".to_owned(),
                },
                service: draft.service.clone(),
                is_worse: false,
                leads_to: named.clone().or_else(|| draft.service.as_ref().map(|name| LeadsToPage::Service.named(name))),
                change: None,
            });
        }
    }
    found
}

fn concerns(held: &Held, exclusion: &Exclusion, of: Of<'_>) -> bool {
    held.all().filter(|one| of.is_of_objective(one)).any(|one| {
        let draft = &one.objective().draft;
        exclusion.draft.covers(&draft.name, draft.service.as_deref())
    })
}

/// What people and programs changed of what is defined here.
async fn definitions(app: &App, held: &Held, of: Of<'_>) -> Result<Vec<Changed>, ServerError> {
    let mut found = vec![];
    let mut before = i64::MAX;
    // Page by page: which service an entry is of is told by what it leads to, and the store does not
    // know that.
    while found.len() <= MOST {
        let noted = app.store.definition_changes((of.range.from, of.range.to), before, ASKED).await?;
        let Some(last) = noted.last() else { break };
        before = last.seq;
        found.extend(noted.into_iter().filter_map(|entry| definition(held, entry, of)));
    }
    Ok(found)
}

fn definition(held: &Held, entry: AuditEntry, of: Of<'_>) -> Option<Changed> {
    let action = Action::from_slug(&entry.action)?;
    let subject = entry.subject.as_ref()?;
    let objective = || held.find(&subject.id).or_else(|| held.find(&subject.name));
    let (service, leads_to) = match subject.kind.as_str() {
        "service" | "release_gate" => (Some(subject.name.clone()), Some(LeadsToPage::Service.named(&subject.name))),
        "objective" => {
            let known: Option<&Arc<One>> = objective();
            // One that was removed told its service when it was made, and not when it went.
            (known.and_then(|one| one.objective().draft.service.clone()), known.map(|one| LeadsToPage::Objective.named(&one.objective().draft.name)))
        }
        "exclusion" => match held.find(&subject.name) {
            Some(one) => (one.objective().draft.service.clone(), Some(LeadsToPage::Objective.named(&one.objective().draft.name))),
            None => {
                let service = held.of_service(&subject.name).next().map(|_| subject.name.clone());
                (service.clone(), service.map(|name| LeadsToPage::Service.named(name)))
            }
        },
        _ => (None, None),
    };
    let uses_source = |one: &Arc<One>| of.is_of_objective(one) && one.objective().draft.source.as_deref() == Some(subject.name.as_str());
    let is_asked = match (of.service, subject.kind.as_str()) {
        (None, _) => true,
        (Some(_), "data_source") => held.all().any(uses_source),
        // What is left out of everything is left out of this one, too.
        (Some(_), "exclusion") if leads_to.is_none() => true,
        (Some(wanted), _) => service.as_deref() == Some(wanted),
    };
    let fields = entry.data.get("changed").filter(|fields| !fields.is_empty()).map(|fields| format!(": {}", fields.replace('_', " "))).unwrap_or_default();
    is_asked.then(|| Changed {
        at: entry.at,
        until: None,
        kind: ChangedKind::Definition,
        title: subject.name.clone(),
        words: format!("{}, by {}{fields}", lower_first(action.label()), entry.actor.name),
        service,
        is_worse: false,
        leads_to,
        change: None,
    })
}

fn lower_first(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
