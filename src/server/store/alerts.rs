//! Reading alerts.

use super::{Page, Store, StoreError, incidents::label_in_doc, query, rows, search};
use crate::domain::{
    alert::{Alert, AlertState, Labels},
    ids::{AlertId, IncidentId, IncidentRef, IntegrationId},
    lists::alerts::ListedAlert,
    people::Actor,
    search::fold,
    severity::AlertSeverity,
    time::Timestamp,
};
use sqlx::any::AnyRow;

/// Which alerts a list holds.
#[derive(Clone, Debug)]
pub struct AlertFilter {
    pub state: Option<AlertState>,
    /// `Some(true)`: only what is not resolved.
    pub open: Option<bool>,
    pub severity: Option<AlertSeverity>,
    pub integration: Option<IntegrationId>,
    /// The name of the source that read it: `alertmanager`, …
    pub source: Option<String>,
    pub incident: Option<IncidentId>,
    pub service: Option<String>,
    pub dedupe_key: Option<String>,
    /// `Some(true)`: only open ones whose sender has gone.
    pub stale: Option<bool>,
    /// `Some(false)`: only those without an incident.
    pub grouped: Option<bool>,
    /// In the title or a label, whatever the case.
    pub text: Option<String>,
    /// Names and values of labels that it has, all of them.
    pub labels: Vec<(String, String)>,
    /// Those of which it has none.
    pub not_labels: Vec<(String, String)>,
    pub actor: Actor,
}

impl AlertFilter {
    /// Everything `actor` may see.
    pub fn for_actor(actor: Actor) -> Self {
        Self {
            state: None,
            open: None,
            severity: None,
            integration: None,
            source: None,
            incident: None,
            service: None,
            dedupe_key: None,
            stale: None,
            grouped: None,
            text: None,
            labels: vec![],
            not_labels: vec![],
            actor,
        }
    }

    fn asks_for_labels(&self) -> bool {
        !self.labels.is_empty() || !self.not_labels.is_empty()
    }

    /// What the database cannot tell: labels stand in one text.
    fn admits(&self, labels: &Labels) -> bool {
        let has = |(name, value): &(String, String)| labels.get(name) == Some(value);
        self.labels.iter().all(has) && !self.not_labels.iter().any(has)
    }
}

/// Of which sources alerts are asked for.
#[derive(Clone, Copy, Debug)]
pub enum Sources<'a> {
    Only(&'a str),
    AllBut(&'a str),
}

/// What became of alerts in a range.
#[derive(Clone, Debug, Default)]
pub struct Turned {
    pub opened: Vec<Alert>,
    pub resolved: Vec<Alert>,
}

/// Which alerts a list holds, behind `$first`. What is open is asked for in words of its own, so
/// that the index of what is open is taken: of all alerts there ever were few are.
macro_rules! listed {
    ($first:literal) => {
        concat!(
            "SELECT ",
            rows::alert_columns!(),
            ", i.ref FROM ",
            rows::alert_tables!(),
            " LEFT JOIN incidents i ON i.id = a.incident_id WHERE ",
            $first,
            "a.id < $1 AND ($2 = '' OR a.state = $2) \
             AND ($3 = '' OR ($3 = 'open' AND a.resolved_at IS NULL) OR ($3 = 'over' AND a.resolved_at IS NOT NULL)) \
             AND ($4 = '' OR a.severity = $4) AND ($5 = '' OR a.integration_id = $5) AND ($6 = '' OR a.incident_id = $6) \
             AND ($7 = '' OR a.service = $7) AND ($8 = '' OR a.dedupe_key = $8) \
             AND ($9 = '*' OR i.id IS NULL OR i.private = 0 OR $9 LIKE '%,' || i.id || ',%') \
             AND ($10 = '' OR ($10 = 'stale') = (a.stale = 1 AND a.resolved_at IS NULL)) AND ($11 = '' OR a.source = $11) \
             AND ($12 = '' OR ($12 = 'with') = (a.incident_id IS NOT NULL)) \
             AND ($13 = '' OR LOWER(a.title) LIKE $13 ESCAPE '!' OR LOWER(a.labels) LIKE $14 ESCAPE '!') \
             AND ($15 = '' OR a.labels LIKE $15 ESCAPE '!') ORDER BY a.id DESC LIMIT $16"
        )
    };
}
const LISTED: &str = listed!("");
const LISTED_OPEN: &str = listed!("a.resolved_at IS NULL AND ");

/// How many rows are looked through at once for labels and letters beyond ASCII, and how often at most
/// for one page.
const SIFTED_AT_ONCE: i64 = 500;
const MOST_SIFTED: usize = 20;

/// Stands behind every id.
const BEHIND_ALL: &str = "z";

impl Store {
    /// A page of alerts, the last recorded first. Alerts of a private incident are as invisible as it is.
    pub async fn alerts(&self, filter: &AlertFilter, cursor: Option<&str>, limit: i64) -> Result<Page<Alert>, StoreError> {
        self.listed(filter, cursor, limit, rows::alert).await
    }

    /// The same, each with the reference of its incident.
    pub async fn alerts_and_incidents(&self, filter: &AlertFilter, cursor: Option<&str>, limit: i64) -> Result<Page<ListedAlert>, StoreError> {
        let listed = |row: &AnyRow| Ok(ListedAlert { alert: rows::alert(row)?, incident: rows::get::<Option<i64>>(row, 19)?.map(IncidentRef) });
        self.listed(filter, cursor, limit, listed).await
    }

    async fn listed<T>(
        &self,
        filter: &AlertFilter,
        cursor: Option<&str>,
        limit: i64,
        item: impl Fn(&AnyRow) -> Result<T, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let visible = self.private_incidents_of(&filter.actor).await?;
        let wanted = filter.text.as_deref().map(fold);
        let id = |row: &AnyRow| rows::get::<String>(row, 0);
        let letters = wanted.as_deref().filter(|wanted| !wanted.is_ascii());
        if letters.is_none() && !filter.asks_for_labels() {
            let found = self.find_listed(filter, &visible, wanted.as_deref(), cursor, limit + 1).await?;
            return super::page(&found, limit, item, id);
        }
        // Of labels and of letters beyond ASCII the database finds more than was asked for: what it
        // finds is looked through until the page is full.
        let most = usize::try_from(limit).unwrap_or(0);
        let (mut items, mut last, mut cursor) = (vec![], None, cursor.map(str::to_owned));
        for _ in 0..MOST_SIFTED {
            let found = self.find_listed(filter, &visible, wanted.as_deref(), cursor.as_deref(), SIFTED_AT_ONCE).await?;
            for row in &found {
                if filter.asks_for_labels() && !filter.admits(&rows::json_column::<Labels>(row, 7)?) {
                    continue;
                }
                if let Some(letters) = letters
                    && !is_about(row, letters)?
                {
                    continue;
                }
                if items.len() == most {
                    return Ok(Page { items, next_cursor: last });
                }
                items.push(item(row)?);
                last = Some(id(row)?);
            }
            match found.last() {
                Some(row) if found.len() as i64 == SIFTED_AT_ONCE => cursor = Some(id(row)?),
                _ => return Ok(Page { items, next_cursor: None }),
            }
        }
        Ok(Page { items, next_cursor: cursor })
    }

    /// At most so many rows of a list, from a cursor on. `wanted` is folded.
    async fn find_listed(
        &self,
        filter: &AlertFilter,
        visible: &str,
        wanted: Option<&str>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let text = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let (open, stale) = (filter.open, filter.stale);
        sqlx::query(if open == Some(true) || stale == Some(true) { LISTED_OPEN } else { LISTED })
            .bind(cursor.unwrap_or(BEHIND_ALL).to_owned())
            .bind(filter.state.map_or("", AlertState::slug))
            .bind(open.map_or("", |open| if open { "open" } else { "over" }))
            .bind(filter.severity.map_or("", AlertSeverity::slug))
            .bind(text(filter.integration.map(|id| id.0)))
            .bind(text(filter.incident.map(|id| id.0)))
            .bind(filter.service.clone().unwrap_or_default())
            .bind(filter.dedupe_key.clone().unwrap_or_default())
            .bind(visible.to_owned())
            .bind(stale.map_or("", |stale| if stale { "stale" } else { "fresh" }))
            .bind(filter.source.clone().unwrap_or_default())
            .bind(filter.grouped.map_or("", |grouped| if grouped { "with" } else { "without" }))
            .bind(wanted.map(search::anywhere).unwrap_or_default())
            .bind(wanted.map(|text| search::anywhere(&search::in_json(text))).unwrap_or_default())
            .bind(filter.labels.first().map(label_in_doc).unwrap_or_default())
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(query("list alerts"))
    }

    /// The alerts of some sources that `actor` may see and that were opened in `[from, to)`, or
    /// resolved in it; of one service or of all, the last first of each.
    pub async fn alerts_between(
        &self,
        actor: &Actor,
        sources: Sources<'_>,
        service: Option<&str>,
        (from, to): (Timestamp, Timestamp),
        limit: i64,
    ) -> Result<Turned, StoreError> {
        const OPENED: &str = concat!(
            "SELECT ",
            rows::alert_columns!(),
            " FROM ",
            rows::alert_tables!(),
            " WHERE a.started_at >= $1 AND a.started_at < $2 AND ($3 = '' OR a.service = $3) AND (a.source = $4) = ($5 = 1) \
             AND ($6 = '*' OR a.incident_id IS NULL OR $6 LIKE '%,' || a.incident_id || ',%' \
                  OR NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = a.incident_id AND i.private = 1)) ORDER BY a.started_at DESC, a.id DESC LIMIT $7"
        );
        const RESOLVED: &str = concat!(
            "SELECT ",
            rows::alert_columns!(),
            " FROM ",
            rows::alert_tables!(),
            " WHERE a.resolved_at IS NOT NULL AND a.resolved_at >= $1 AND a.resolved_at < $2 AND ($3 = '' OR a.service = $3) AND (a.source = $4) = ($5 = 1) \
             AND ($6 = '*' OR a.incident_id IS NULL OR $6 LIKE '%,' || a.incident_id || ',%' \
                  OR NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = a.incident_id AND i.private = 1)) ORDER BY a.resolved_at DESC, a.id DESC LIMIT $7"
        );
        let visible = self.private_incidents_of(actor).await?;
        let (source, is_only) = match sources {
            Sources::Only(source) => (source, 1_i64),
            Sources::AllBut(source) => (source, 0),
        };
        let ask = async |sql: &'static str| -> Result<Vec<Alert>, StoreError> {
            let found = sqlx::query(sql)
                .bind(from.micros())
                .bind(to.micros())
                .bind(service.unwrap_or_default().to_owned())
                .bind(source.to_owned())
                .bind(is_only)
                .bind(visible.clone())
                .bind(limit)
                .fetch_all(&self.readers)
                .await
                .map_err(query("list alerts of a range"))?;
            found.iter().map(rows::alert).collect()
        };
        Ok(Turned { opened: ask(OPENED).await?, resolved: ask(RESOLVED).await? })
    }

    pub async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        let row = sqlx::query(concat!("SELECT ", rows::alert_columns!(), " FROM ", rows::alert_tables!(), " WHERE a.id = $1"))
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await
            .map_err(query("read an alert"))?;
        row.as_ref().map(rows::alert).transpose()
    }
}

/// Whether a row's title or labels hold a folded text.
fn is_about(row: &AnyRow, wanted: &str) -> Result<bool, StoreError> {
    let (title, labels): (String, String) = (rows::get(row, 6)?, rows::get(row, 7)?);
    Ok(fold(&title).contains(wanted) || fold(&labels).contains(&search::in_json(wanted)))
}
