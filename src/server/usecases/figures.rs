//! Figures over incidents, as somebody may see them.

use super::people::needs;
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        ids::IncidentRef,
        metrics::{
            self, About, Behind, BehindItem, BehindPage, Bucket, Filter, Group, GroupBy, LOOK_BACK_SECS, Range, Step, Trends, Which, availability::Availability,
        },
        people::{Actor, Right},
        time::Timestamp,
    },
    server::{error::ServerError, store::Store},
};
use serde::Serialize;

/// How many incidents behind a figure the screen is told at a time.
pub const PAGE: usize = 50;

/// The steps of a range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    pub from: Timestamp,
    pub to: Timestamp,
    pub step: Step,
    pub items: Vec<Bucket>,
}

/// Figures with the range they are for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    pub from: Timestamp,
    pub to: Timestamp,
    pub groups: Vec<Group>,
}

/// Every incident metric over `range`.
pub async fn incidents(store: &Store, who: &Actor, range: Range, filter: Filter, by: GroupBy) -> Result<Figures, ServerError> {
    needs(who, Right::Read)?;
    let facts = store.facts(&touched(range), who).await?;
    let groups = metrics::figures(&facts, &range, &filter, by, store.clock().now());
    Ok(Figures { from: range.from, to: range.to, groups })
}

/// Which part of `range` nobody was hurt in.
pub async fn availability(store: &Store, who: &Actor, range: Range, filter: Filter) -> Result<Availability, ServerError> {
    needs(who, Right::Read)?;
    let facts = store.facts(&range, who).await?;
    Ok(metrics::availability(&facts, &range, &filter, store.clock().now()))
}

/// Everything the Trends screen shows of `range`, also against the range before it.
pub async fn trends(store: &Store, who: &Actor, range: Range, filter: Filter, by: GroupBy) -> Result<Trends, ServerError> {
    needs(who, Right::Read)?;
    let from = range.before().map_or(range.from, |before| before.from);
    let facts = store.facts(&touched(Range { from, to: range.to }), who).await?;
    Ok(metrics::trends(&facts, &range, &filter, by, store.clock().now()))
}

/// How the incidents of `range` are spread over it.
pub async fn series(store: &Store, who: &Actor, range: Range, filter: Filter, step: Option<Step>) -> Result<Series, ServerError> {
    needs(who, Right::Read)?;
    let facts = store.facts(&range, who).await?;
    let step = step.unwrap_or_else(|| Step::for_range(&range));
    Ok(Series { from: range.from, to: range.to, step, items: metrics::series(&facts, &range, &filter, step) })
}

/// A figure, and where in the list behind it to begin.
pub struct Question {
    pub about: About,
    pub range: Range,
    pub filter: Filter,
    pub by: GroupBy,
    /// The group; see [`metrics::Group`].
    pub key: Option<String>,
    pub which: Which,
}

impl Question {
    pub fn of(metric: &str, from: Timestamp, to: Timestamp, filter: Filter, by: GroupBy, key: Option<String>, which: Which) -> Result<Self, ServerError> {
        let about = About::from_id(metric).ok_or_else(|| Failure::new(FailureKind::Malformed, "unknown_metric", "there is no such metric"))?;
        Ok(Self { about, range: self::range(from, to)?, filter, by, key, which })
    }
}

/// A range that holds something.
pub fn range(from: Timestamp, to: Timestamp) -> Result<Range, ServerError> {
    let refused = || Failure::new(FailureKind::Invalid, "empty_range", "the range ends before it begins").with_next("Choose an end after the start.");
    Ok(Range::new(from, to).ok_or_else(refused)?)
}

/// A page of the incidents behind a figure, the newest first; without a limit all of them.
pub async fn behind(store: &Store, who: &Actor, question: &Question, cursor: Option<&str>, limit: Option<usize>) -> Result<BehindPage, ServerError> {
    needs(who, Right::Read)?;
    let Question { about, range, filter, by, key, which } = question;
    let after = cursor.map(|cursor| place(cursor).ok_or_else(bad_cursor)).transpose()?;
    let facts = store.facts(&touched(*range), who).await?;
    let all = metrics::behind(&facts, range, filter, *by, key.as_deref(), *about, store.clock().now()).unwrap_or_default();
    let here = |behind: &&Behind| which.holds(behind) && after.is_none_or(|after| (behind.facts.started_at.micros(), behind.facts.reference.0) < after);
    let mut page: Vec<&Behind> = all.iter().filter(here).take(limit.map_or(usize::MAX, |limit| limit + 1)).collect();
    let more = limit.is_some_and(|limit| page.len() > limit);
    page.truncate(limit.unwrap_or(usize::MAX));
    let next_cursor = page.last().filter(|_| more).map(|last| format!("{}.{}", last.facts.started_at.micros(), last.facts.reference.0));
    let references: Vec<IncidentRef> = page.iter().map(|behind| behind.facts.reference).collect();
    let mut names = store.names_of(&references).await?;
    let item = |behind: &Behind| {
        let (incident_id, title) = names.remove(&behind.facts.reference)?;
        Some(BehindItem {
            incident_id,
            reference: behind.facts.reference,
            title,
            severity: behind.facts.severity,
            started_at: behind.facts.started_at,
            value_s: behind.value_s,
            at_least_s: behind.at_least_s,
            counts: behind.counts,
            excluded: behind.excluded.map(str::to_owned),
        })
    };
    Ok(BehindPage { items: page.into_iter().filter_map(item).collect(), next_cursor })
}

/// Where an incident stands in the list: by the start of its impact, then its reference.
fn place(cursor: &str) -> Option<(i64, i64)> {
    let (at, reference) = cursor.split_once('.')?;
    Some((at.parse().ok()?, reference.parse().ok()?))
}

fn bad_cursor() -> Failure {
    Failure::new(FailureKind::Malformed, "bad_parameter", "cursor: the next_cursor of the page before")
}

/// With the thirty days before it, because one of their incidents may have come again.
fn touched(range: Range) -> Range {
    Range { from: range.from.plus_secs(-LOOK_BACK_SECS), to: range.to }
}
