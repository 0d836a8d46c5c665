//! All alerts as people look them up: what fires, since when, and in which incident.

use super::{people::needs, plain::plain_text};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        ids::AlertId,
        lists::alerts::{AlertQuery, ListedPage, SourceName, Standing},
        people::{Actor, Right},
    },
    server::{error::ServerError, levels, sources, state::App, store::AlertFilter},
};

/// How many one page holds.
const ON_SCREEN: i64 = 50;
/// The longest text that is searched for, in characters; what is longer is cut.
const MAX_TEXT: usize = 200;

/// A page of alerts, as far as `actor` may see their incidents.
pub async fn list(app: &App, actor: &Actor, query: &AlertQuery, cursor: Option<&str>) -> Result<ListedPage, ServerError> {
    needs(actor, Right::Read)?;
    if cursor.is_some_and(|cursor| cursor.parse::<AlertId>().is_err()) {
        return Err(Failure::new(FailureKind::Malformed, "bad_parameter", "cursor: the next_cursor of the page before").into());
    }
    // PostgreSQL refuses to be asked for what no text that is kept holds.
    let said = |text: &str| Some(plain_text(text).trim().chars().take(MAX_TEXT).collect::<String>()).filter(|text| !text.is_empty());
    let (open, stale) = match query.standing {
        Standing::Firing => (Some(true), None),
        Standing::Stale => (Some(true), Some(true)),
        Standing::Resolved => (Some(false), None),
        Standing::Any => (None, None),
    };
    let filter = AlertFilter {
        open,
        stale,
        severity: query.severity,
        source: said(&query.source),
        service: said(&query.service),
        grouped: query.grouped,
        text: said(&query.text),
        ..AlertFilter::for_actor(actor.clone())
    };
    let page = app.store.alerts_and_incidents(&filter, cursor, ON_SCREEN).await?;
    Ok(ListedPage { items: page.items, next_cursor: page.next_cursor, sources: sources() })
}

/// Every source there is, and what raises alerts here itself.
fn sources() -> Vec<SourceName> {
    let name = |slug: &str, title: &str| SourceName { slug: slug.to_owned(), title: title.to_owned() };
    let senders = sources::ALL.iter().map(|source| name(source.slug, source.title));
    senders.chain([name(levels::burning::SOURCE, "Objectives")]).collect()
}
