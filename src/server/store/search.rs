//! Finding words in titles, labels, services, alerts and timelines. One text for both databases:
//! no index of words; what is read is narrow, and measured.

use super::{Store, StoreError, query, rows};
use crate::domain::{
    ids::{AlertId, IncidentRef},
    incident::Incident,
    people::Actor,
    search::FoundAlert,
};

impl Store {
    /// Incidents that `actor` may see with `wanted` (in lower case) in their title, a service or a
    /// label; open ones first, then the newest.
    pub async fn find_incidents(&self, actor: &Actor, wanted: &str, limit: i64) -> Result<Vec<Incident>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT i.doc FROM incidents i WHERE (LOWER(i.title) LIKE $1 ESCAPE '!' \
             OR i.id IN (SELECT s.incident_id FROM incident_services s WHERE s.service IN (SELECT name FROM services WHERE LOWER(name) LIKE $1 ESCAPE '!'))) \
             AND (i.private = 0 OR $2 = '*' OR $2 LIKE '%,' || i.id || ',%') \
             ORDER BY CASE WHEN i.state IN ('triage', 'active', 'mitigated') THEN 0 ELSE 1 END, i.ref DESC LIMIT $3",
        )
        .bind(anywhere(wanted))
        .bind(visible)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(query("search incidents"))?;
        found.iter().map(|row| rows::incident(row, 0)).collect()
    }

    /// Incidents that `actor` may see with `wanted` in a label's value, of those that count in figures.
    pub async fn find_labels(&self, actor: &Actor, wanted: &str, limit: i64) -> Result<Vec<Incident>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT i.doc FROM incident_facts f JOIN incidents i ON i.id = f.incident_id WHERE LOWER(f.facts) LIKE $1 ESCAPE '!' \
             AND (i.private = 0 OR $2 = '*' OR $2 LIKE '%,' || i.id || ',%') ORDER BY i.ref DESC LIMIT $3",
        )
        // The narrow rows of the figures hold labels as their only object; whether it is a name or
        // a value that was found, is looked at here.
        .bind(format!("%{{%{}%}}%", escaped(&in_json(wanted))))
        .bind(visible)
        .bind(limit * 5)
        .fetch_all(&self.readers)
        .await
        .map_err(query("search labels"))?;
        let incidents: Vec<Incident> = found.iter().map(|row| rows::incident(row, 0)).collect::<Result<_, _>>()?;
        let holds = |incident: &Incident| incident.labels.values().any(|value| value.to_lowercase().contains(wanted));
        Ok(incidents.into_iter().filter(holds).take(usize::try_from(limit).unwrap_or(0)).collect())
    }

    /// What people wrote: the newest entries with `wanted` in them, with the incidents they stand in.
    pub async fn find_words(&self, actor: &Actor, wanted: &str, limit: i64) -> Result<Vec<(Incident, String)>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT i.doc, e.data FROM events e JOIN incidents i ON i.id = e.incident_id \
             WHERE e.kind IN ('note', 'decision', 'linked') AND LOWER(e.data) LIKE $1 ESCAPE '!' \
             AND (i.private = 0 OR $2 = '*' OR $2 LIKE '%,' || i.id || ',%') ORDER BY e.recorded_at DESC LIMIT $3",
        )
        .bind(anywhere(&in_json(wanted)))
        .bind(visible)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(query("search timelines"))?;
        found.iter().map(|row| Ok((rows::incident(row, 0)?, rows::get(row, 1)?))).collect()
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

    /// Services with `wanted` in their name or their owner's.
    pub async fn find_services(&self, wanted: &str, limit: i64) -> Result<Vec<String>, StoreError> {
        let found = sqlx::query("SELECT name FROM services WHERE LOWER(name) LIKE $1 ESCAPE '!' OR LOWER(owner) LIKE $1 ESCAPE '!' ORDER BY name LIMIT $2")
            .bind(anywhere(wanted))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(query("search services"))?;
        found.iter().map(|row| rows::get(row, 0)).collect()
    }

    /// Alerts that `actor` may see with `wanted` in their title or labels; open ones first.
    pub async fn find_alerts(&self, actor: &Actor, wanted: &str, limit: i64) -> Result<Vec<FoundAlert>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT a.id, a.title, a.service, CASE WHEN a.resolved_at IS NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END, i.ref \
             FROM alerts a LEFT JOIN incidents i ON i.id = a.incident_id \
             WHERE (LOWER(a.title) LIKE $1 ESCAPE '!' OR LOWER(a.labels) LIKE $2 ESCAPE '!') \
             AND (i.id IS NULL OR i.private = 0 OR $3 = '*' OR $3 LIKE '%,' || i.id || ',%') \
             ORDER BY CASE WHEN a.resolved_at IS NULL THEN 0 ELSE 1 END, a.id DESC LIMIT $4",
        )
        .bind(anywhere(wanted))
        .bind(anywhere(&in_json(wanted)))
        .bind(visible)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(query("search alerts"))?;
        found
            .iter()
            .map(|row| {
                Ok(FoundAlert {
                    id: AlertId(rows::parsed(row, 0)?),
                    title: rows::get(row, 1)?,
                    service: rows::get(row, 2)?,
                    open: rows::get::<i64>(row, 3)? != 0,
                    incident: rows::get::<Option<i64>>(row, 4)?.map(IncidentRef),
                })
            })
            .collect()
    }

    /// The incident of this number, if `actor` may see it.
    pub async fn find_reference(&self, actor: &Actor, reference: IncidentRef) -> Result<Option<Incident>, StoreError> {
        let Some(id) = self.incident_id_of(reference).await? else { return Ok(None) };
        Ok(self.incident(id).await?.filter(|incident| incident.is_visible_to(actor)))
    }
}

/// For `LIKE … ESCAPE '!'`: anything, then this, then anything.
pub(super) fn anywhere(text: &str) -> String {
    format!("%{}%", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
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
        assert_eq!(in_json("say \"x\""), "say \\\"x\\\"");
        assert_eq!(in_json("\"x"), "\\\"x");
    }
}
