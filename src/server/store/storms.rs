//! The alerts of one incident, added up by service, and listed in the order they began.

use super::{Page, Store, StoreError, query, rows};
use crate::domain::{
    alert::Alert,
    grouping::Why,
    ids::{AlertId, IncidentId},
    incident::AlertRef,
    severity::AlertSeverity,
    storms::{BARS, ServiceAlerts},
    time::Timestamp,
};
use serde::Deserialize;
use std::collections::HashMap;

/// The part of an event that says which alerts came and why.
#[derive(Deserialize)]
struct Attached {
    alerts: Vec<AlertRef>,
    why: Why,
}

impl Store {
    /// The alerts of an incident by service, those first that began first, and the time they lie in.
    pub async fn alerts_by_service(&self, incident: IncidentId) -> Result<(Vec<ServiceAlerts>, Timestamp, Timestamp), StoreError> {
        const WHAT: &str = "add up an incident's alerts";
        let found = sqlx::query(concat!(
            "SELECT COALESCE(a.service, ''), COUNT(*), CAST(SUM(CASE WHEN a.resolved_at IS NULL THEN 1 ELSE 0 END) AS BIGINT), \
             CAST(SUM(a.deliveries + COALESCE(r.deliveries, 0)) AS BIGINT), MIN(a.started_at), MAX(a.started_at), \
             CAST(MIN(CASE a.severity WHEN 'critical' THEN 0 WHEN 'error' THEN 1 WHEN 'warning' THEN 2 WHEN 'info' THEN 3 ELSE 4 END) AS BIGINT) FROM ",
            rows::alert_tables!(),
            " WHERE a.incident_id = $1 GROUP BY COALESCE(a.service, '') ORDER BY MIN(a.started_at), COALESCE(a.service, '')"
        ))
        .bind(incident.to_string())
        .fetch_all(&self.readers)
        .await
        .map_err(query(WHAT))?;
        let mut lines = Vec::with_capacity(found.len());
        for row in &found {
            let (alerts, deliveries): (i64, i64) = (rows::get(row, 1)?, rows::get(row, 3)?);
            let worst = usize::try_from(rows::get::<i64>(row, 6)?).unwrap_or(usize::MAX);
            lines.push(ServiceAlerts {
                service: Some(rows::get::<String>(row, 0)?).filter(|service| !service.is_empty()),
                severity: [AlertSeverity::Critical, AlertSeverity::Error, AlertSeverity::Warning, AlertSeverity::Info].get(worst).copied(),
                alerts,
                firing: rows::get(row, 2)?,
                repeats: deliveries - alerts,
                opened: 0,
                first_at: rows::time(row, 4)?,
                last_at: rows::time(row, 5)?,
                bars: vec![0; BARS],
            });
        }
        let (Some(from), Some(last)) = (lines.iter().map(|line| line.first_at).min(), lines.iter().map(|line| line.last_at).max()) else {
            return Ok((lines, self.clock.now(), self.clock.now()));
        };
        let bars = i64::try_from(BARS).unwrap_or(1);
        // Never narrower than a second, so that one moment is one bar.
        let width = (last.micros_since(from) / bars + 1).max(1_000_000);
        let found = sqlx::query(
            "SELECT COALESCE(service, ''), (started_at - $2) / $3, COUNT(*) FROM alerts WHERE incident_id = $1 \
             GROUP BY COALESCE(service, ''), (started_at - $2) / $3",
        )
        .bind(incident.to_string())
        .bind(from.micros())
        .bind(width)
        .fetch_all(&self.readers)
        .await
        .map_err(query(WHAT))?;
        let places: HashMap<String, usize> = lines.iter().enumerate().map(|(at, line)| (line.service.clone().unwrap_or_default(), at)).collect();
        for row in &found {
            let (service, bar): (&str, i64) = (rows::get(row, 0)?, rows::get(row, 1)?);
            let line = places.get(service).and_then(|at| lines.get_mut(*at));
            if let Some(bar) = line.and_then(|line| line.bars.get_mut(usize::try_from(bar).unwrap_or(usize::MAX))) {
                *bar = rows::get(row, 2)?;
            }
        }
        Ok((lines, from, Timestamp::from_micros(from.micros() + width * bars)))
    }

    /// Why each alert stands in an incident, as its record says; those that are not named came
    /// with a merged one.
    pub async fn why_attached(&self, incident: IncidentId) -> Result<HashMap<AlertId, Why>, StoreError> {
        let found = sqlx::query("SELECT data FROM events WHERE incident_id = $1 AND kind = 'alerts_attached' ORDER BY seq")
            .bind(incident.to_string())
            .fetch_all(&self.readers)
            .await
            .map_err(query("read why alerts were grouped"))?;
        let mut why = HashMap::new();
        for row in &found {
            let attached: Attached = rows::json_column(row, 0)?;
            why.extend(attached.alerts.into_iter().map(|alert| (alert.id, attached.why)));
        }
        Ok(why)
    }

    /// Which alerts stand in an incident, and of which service they are.
    pub async fn alerts_in(&self, incident: IncidentId) -> Result<Vec<(AlertId, String)>, StoreError> {
        let found = sqlx::query("SELECT id, COALESCE(service, '') FROM alerts WHERE incident_id = $1")
            .bind(incident.to_string())
            .fetch_all(&self.readers)
            .await
            .map_err(query("name an incident's alerts"))?;
        found.iter().map(|row| Ok((AlertId(rows::parsed(row, 0)?), rows::get(row, 1)?))).collect()
    }

    /// A page of an incident's alerts, those first that began first; with `service` only those of
    /// this one, where the empty name stands for those without any.
    pub async fn alerts_of(&self, incident: IncidentId, service: Option<&str>, after: Option<(i64, AlertId)>, limit: i64) -> Result<Page<Alert>, StoreError> {
        let found = sqlx::query(concat!(
            "SELECT ",
            rows::alert_columns!(),
            " FROM ",
            rows::alert_tables!(),
            " WHERE a.incident_id = $1 AND ($2 = 1 OR COALESCE(a.service, '') = $3) \
             AND (a.started_at > $4 OR (a.started_at = $4 AND a.id > $5)) ORDER BY a.started_at, a.id LIMIT $6"
        ))
        .bind(incident.to_string())
        .bind(i64::from(service.is_none()))
        .bind(service.unwrap_or_default().to_owned())
        .bind(after.map_or(i64::MIN, |(at, _)| at))
        .bind(after.map_or_else(String::new, |(_, id)| id.to_string()))
        .bind(limit + 1)
        .fetch_all(&self.readers)
        .await
        .map_err(query("list an incident's alerts"))?;
        super::page(&found, limit, rows::alert, |row| Ok(format!("{}.{}", rows::time(row, 10)?.micros(), rows::get::<&str>(row, 0)?)))
    }
}
