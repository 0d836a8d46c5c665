//! Finding words in titles, labels, services, alerts and timelines. One text for both databases:
//! no index of words; what is read is narrow, and measured.

use super::{
    Store, StoreError, query,
    rows::{self, ManyRows},
    services::is_known,
};
use crate::domain::{
    ids::{AlertId, IncidentId, IncidentRef},
    incident::Incident,
    metrics::Facts,
    people::Actor,
    search::{FoundAlert, fold},
};
use futures::{Stream, TryStreamExt};
use sqlx::any::AnyRow;
use std::collections::HashMap;

/// How many rows are looked at again before a search gives up: what the database finds for words
/// that are not ASCII may be nearly everything there is.
const ROWS: i64 = 20_000;
/// The same for labels, whose rows are longer and each a text to be read.
const LABEL_ROWS: i64 = 2_000;

/// Whole incidents by their ids.
const DOCS: ManyRows = ManyRows { head: "WITH wanted (id) AS (VALUES", tail: ") SELECT i.doc FROM wanted JOIN incidents i ON i.id = wanted.id", width: 1 };

impl Store {
    /// Incidents that `actor` may see with `wanted` (folded) in their title or a service; open ones
    /// first, then the newest.
    pub async fn find_incidents(&self, actor: &Actor, wanted: &str, limit: i64) -> Result<Vec<Incident>, StoreError> {
        let (what, sought) = ("search incidents", Sought::new(wanted, limit));
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT i.id, i.title, (SELECT string_agg(n.service, ' ') FROM incident_services n WHERE n.incident_id = i.id) FROM incidents i \
             WHERE (LOWER(i.title) LIKE $1 ESCAPE '!' \
             OR i.id IN (SELECT s.incident_id FROM incident_services s WHERE s.service IN (SELECT name FROM services WHERE LOWER(name) LIKE $1 ESCAPE '!'))) \
             AND (i.private = 0 OR $2 = '*' OR $2 LIKE '%,' || i.id || ',%') \
             ORDER BY CASE WHEN i.state IN ('triage', 'active', 'mitigated') THEN 0 ELSE 1 END, i.ref DESC LIMIT $3",
        )
        .bind(anywhere(wanted))
        .bind(visible)
        .bind(sought.rows)
        .fetch(&self.readers);
        let ids = sought
            .sift(found, what, |row| {
                let holds = sought.is_in(rows::get(row, 1)?) || sought.is_in(rows::get::<Option<&str>>(row, 2)?.unwrap_or_default());
                Ok(holds.then_some(rows::parsed(row, 0)?))
            })
            .await?;
        self.whole(&ids, what).await
    }

    /// Incidents that `actor` may see with `wanted` in a label's value, of those that count in figures,
    /// the newest first.
    pub async fn find_labels(&self, actor: &Actor, wanted: &str, limit: i64) -> Result<Vec<Incident>, StoreError> {
        let (what, sought) = ("search labels", Sought::looking(wanted, limit));
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT i.id, f.facts FROM incident_facts f JOIN incidents i ON i.id = f.incident_id WHERE LOWER(f.facts) LIKE $1 ESCAPE '!' \
             AND (i.private = 0 OR $2 = '*' OR $2 LIKE '%,' || i.id || ',%') ORDER BY i.ref DESC LIMIT $3",
        )
        // The narrow rows of the figures hold labels as their only object; whether it is a name or
        // a value that was found, is looked at here.
        .bind(format!("%{{{}}}%", anywhere(&in_json(wanted))))
        .bind(visible)
        .bind(sought.rows)
        .fetch(&self.readers);
        let ids = sought
            .sift(found, what, |row| {
                let facts: Facts = rows::json_column(row, 1)?;
                Ok(facts.labels.values().any(|value| fold(value).contains(wanted)).then_some(rows::parsed(row, 0)?))
            })
            .await?;
        self.whole(&ids, what).await
    }

    /// What people wrote: the newest entries with `wanted` in them, with the incidents they stand in.
    pub async fn find_words(&self, actor: &Actor, wanted: &str, limit: i64) -> Result<Vec<(Incident, String)>, StoreError> {
        let json = in_json(wanted);
        let (what, sought) = ("search timelines", Sought::new(&json, limit));
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT i.id, e.data FROM events e JOIN incidents i ON i.id = e.incident_id \
             WHERE e.kind IN ('note', 'decision', 'linked') AND LOWER(e.data) LIKE $1 ESCAPE '!' \
             AND (i.private = 0 OR $2 = '*' OR $2 LIKE '%,' || i.id || ',%') ORDER BY e.recorded_at DESC LIMIT $3",
        )
        .bind(anywhere(&json))
        .bind(visible)
        .bind(sought.rows)
        .fetch(&self.readers);
        let entries: Vec<(IncidentId, String)> = sought
            .sift(found, what, |row| {
                let data: &str = rows::get(row, 1)?;
                Ok(if sought.is_in(data) { Some((rows::parsed(row, 0)?, data.to_owned())) } else { None })
            })
            .await?;
        let ids: Vec<IncidentId> = entries.iter().map(|(id, _)| *id).collect();
        let incidents: HashMap<IncidentId, Incident> = self.whole(&ids, what).await?.into_iter().map(|incident| (incident.id, incident)).collect();
        Ok(entries.into_iter().filter_map(|(id, data)| Some((incidents.get(&id)?.clone(), data))).collect())
    }

    /// These incidents in this order, each once.
    async fn whole(&self, ids: &[IncidentId], what: &'static str) -> Result<Vec<Incident>, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(query(what))?;
        let found = DOCS.fetch(&mut connection, ids, what, |statement, id| statement.bind(id.to_string())).await?;
        let mut incidents = HashMap::with_capacity(found.len());
        for row in &found {
            let incident = rows::incident(row, 0)?;
            incidents.insert(incident.id, incident);
        }
        Ok(ids.iter().filter_map(|id| incidents.remove(id)).collect())
    }

    /// Incidents that `actor` may see and that name a trace (in lower case): by what people wrote into
    /// their timelines, with the entry, or by an alert. Those of the newest entries first.
    pub async fn naming_trace(&self, actor: &Actor, trace: &str, limit: i64) -> Result<Vec<(Incident, Option<i64>)>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT i.doc, e.seq FROM events e JOIN incidents i ON i.id = e.incident_id \
             WHERE e.kind IN ('note', 'decision', 'linked') AND LOWER(e.data) LIKE $1 ESCAPE '!' \
             AND (i.private = 0 OR $2 = '*' OR $2 LIKE '%,' || i.id || ',%') ORDER BY e.recorded_at DESC LIMIT $3",
        )
        .bind(anywhere(trace))
        .bind(&visible)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(query("find the entries that name a trace"))?;
        let mut naming: Vec<(Incident, Option<i64>)> = Vec::with_capacity(found.len());
        for row in &found {
            naming.push((rows::incident(row, 0)?, Some(rows::get(row, 1)?)));
        }
        let found = sqlx::query(
            "SELECT i.doc FROM alerts a JOIN incidents i ON i.id = a.incident_id \
             WHERE (LOWER(a.labels) LIKE $1 ESCAPE '!' OR LOWER(a.annotations) LIKE $1 ESCAPE '!' OR LOWER(a.links) LIKE $1 ESCAPE '!') \
             AND (i.private = 0 OR $2 = '*' OR $2 LIKE '%,' || i.id || ',%') ORDER BY a.started_at DESC LIMIT $3",
        )
        .bind(anywhere(trace))
        .bind(&visible)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(query("find the alerts that name a trace"))?;
        for row in &found {
            naming.push((rows::incident(row, 0)?, None));
        }
        Ok(naming)
    }

    /// Services that `actor` may know of with `wanted` in their name or their owner's.
    pub async fn find_services(&self, actor: &Actor, wanted: &str, limit: i64) -> Result<Vec<String>, StoreError> {
        let sought = Sought::new(wanted, limit);
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(concat!(
            "SELECT name, owner FROM services WHERE ",
            is_known!(),
            " AND (LOWER(name) LIKE $2 ESCAPE '!' OR LOWER(owner) LIKE $2 ESCAPE '!') ORDER BY name LIMIT $3"
        ))
        .bind(visible)
        .bind(anywhere(wanted))
        .bind(sought.rows)
        .fetch(&self.readers);
        sought
            .sift(found, "search services", |row| {
                let name: &str = rows::get(row, 0)?;
                let holds = sought.is_in(name) || sought.is_in(rows::get::<Option<&str>>(row, 1)?.unwrap_or_default());
                Ok(holds.then(|| name.to_owned()))
            })
            .await
    }

    /// Alerts that `actor` may see with `wanted` in their title or labels; open ones first.
    pub async fn find_alerts(&self, actor: &Actor, wanted: &str, limit: i64) -> Result<Vec<FoundAlert>, StoreError> {
        let json = in_json(wanted);
        let (sought, in_labels) = (Sought::new(wanted, limit), Sought::new(&json, limit));
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT a.id, a.title, a.service, CASE WHEN a.resolved_at IS NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END, i.ref, a.labels \
             FROM alerts a LEFT JOIN incidents i ON i.id = a.incident_id \
             WHERE (LOWER(a.title) LIKE $1 ESCAPE '!' OR LOWER(a.labels) LIKE $2 ESCAPE '!') \
             AND (i.id IS NULL OR i.private = 0 OR $3 = '*' OR $3 LIKE '%,' || i.id || ',%') \
             ORDER BY CASE WHEN a.resolved_at IS NULL THEN 0 ELSE 1 END, a.id DESC LIMIT $4",
        )
        .bind(anywhere(wanted))
        .bind(anywhere(&json))
        .bind(visible)
        .bind(sought.rows)
        .fetch(&self.readers);
        sought
            .sift(found, "search alerts", |row| {
                let title: &str = rows::get(row, 1)?;
                if !sought.is_in(title) && !in_labels.is_in(rows::get(row, 5)?) {
                    return Ok(None);
                }
                Ok(Some(FoundAlert {
                    id: AlertId(rows::parsed(row, 0)?),
                    title: title.to_owned(),
                    service: rows::get(row, 2)?,
                    open: rows::get::<i64>(row, 3)? != 0,
                    incident: rows::get::<Option<i64>>(row, 4)?.map(IncidentRef),
                }))
            })
            .await
    }

    /// The incident of this number, if `actor` may see it.
    pub async fn find_reference(&self, actor: &Actor, reference: IncidentRef) -> Result<Option<Incident>, StoreError> {
        let Some(id) = self.incident_id_of(reference).await? else { return Ok(None) };
        Ok(self.incident(id).await?.filter(|incident| incident.is_visible_to(actor)))
    }
}

/// What is looked for, and how much of it.
struct Sought<'w> {
    wanted: &'w str,
    limit: usize,
    /// How many rows are asked for.
    rows: i64,
    /// The database finds more than is wanted, so each row is looked at again.
    look_again: bool,
}

impl<'w> Sought<'w> {
    fn new(wanted: &'w str, limit: i64) -> Self {
        let look_again = !wanted.is_ascii();
        Self { wanted, limit: usize::try_from(limit).unwrap_or(0), rows: if look_again { ROWS } else { limit }, look_again }
    }

    /// For labels, whose statement always finds more than is wanted.
    fn looking(wanted: &'w str, limit: i64) -> Self {
        Self { look_again: true, rows: LABEL_ROWS, ..Self::new(wanted, limit) }
    }

    fn is_in(&self, text: &str) -> bool {
        !self.look_again || fold(text).contains(self.wanted)
    }

    /// The first rows that `keep` keeps; what comes after them is not read.
    async fn sift<T>(
        &self,
        mut found: impl Stream<Item = Result<AnyRow, sqlx::Error>> + Unpin,
        what: &'static str,
        keep: impl Fn(&AnyRow) -> Result<Option<T>, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut kept = Vec::new();
        while kept.len() < self.limit {
            let Some(row) = found.try_next().await.map_err(query(what))? else { break };
            kept.extend(keep(&row)?);
        }
        Ok(kept)
    }
}

/// For `LIKE … ESCAPE '!'`: anything, then this, then anything. SQLite's `LOWER` and `LIKE` know only
/// the letters of ASCII, and PostgreSQL those of its locale: any other letter may be any letter here,
/// and whoever asks looks again.
pub(super) fn anywhere(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for letter in text.chars() {
        if matches!(letter, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(if letter.is_ascii() { letter } else { '_' });
    }
    pattern.push('%');
    pattern
}

/// A text as it stands inside JSON.
pub(super) fn in_json(text: &str) -> String {
    let quoted = rows::to_json(&text);
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_for_is_taken_as_it_stands() {
        assert_eq!(anywhere("100%_!"), "%100!%!_!!%");
        assert_eq!(anywhere("überlast"), "%_berlast%");
        assert_eq!(in_json("say \"x\""), "say \\\"x\\\"");
        assert_eq!(in_json("\"x"), "\\\"x");
    }
}
