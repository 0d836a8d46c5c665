//! Services: what people say of them, and what hangs on them.

use super::{
    Store, StoreError, audit, query, rows,
    rows::{ManyRows, to_json},
};
use crate::domain::{
    audit::{Action, By, Subject},
    people::Actor,
    services::{ServiceChange, ServiceDraft},
    time::Timestamp,
};
use sqlx::{AnyConnection, any::AnyRow};
use std::collections::HashMap;

/// A service as people describe it.
pub struct Described {
    pub name: String,
    pub draft: ServiceDraft,
    /// Somebody said that it is one. Else only what is recorded names it, and what is known of it
    /// are labels of incidents.
    pub is_described: bool,
}

/// Whether a service may be known to whoever sees the private incidents `$1` (`*`: all): a row is
/// made by any incident that names it, and one that only private incidents name would tell of them.
macro_rules! is_known {
    () => {
        "(services.described = 1 OR $1 = '*' \
         OR EXISTS (SELECT 1 FROM incident_services n JOIN incidents i ON i.id = n.incident_id \
                    WHERE n.service = services.name AND (i.private = 0 OR $1 LIKE '%,' || i.id || ',%')) \
         OR EXISTS (SELECT 1 FROM objectives o WHERE o.service = services.name) \
         OR EXISTS (SELECT 1 FROM change_records c WHERE c.service = services.name) \
         OR EXISTS (SELECT 1 FROM alerts a WHERE a.service = services.name AND a.resolved_at IS NULL \
                    AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = a.incident_id AND i.private = 1)))"
    };
}
pub(super) use is_known;

/// What counts as of the last weeks.
const LATELY_S: i64 = 30 * 86_400;

/// When the last incident of each of some services began, of those that somebody may see.
const LAST_EVER: ManyRows = ManyRows {
    head: "WITH wanted (service, visible) AS (VALUES",
    tail: ") SELECT w.service, MAX(i.started_at) FROM wanted w JOIN incident_services s ON s.service = w.service JOIN incidents i ON i.id = s.incident_id \
           WHERE i.private = 0 OR w.visible = '*' OR w.visible LIKE '%,' || i.id || ',%' GROUP BY w.service",
    width: 2,
};

impl Store {
    /// The name of every service that `actor` may know of.
    pub async fn services(&self, actor: &Actor) -> Result<Vec<String>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(concat!("SELECT name FROM services WHERE ", is_known!(), " ORDER BY name"))
            .bind(visible)
            .fetch_all(&self.readers)
            .await
            .map_err(query("list services"))?;
        found.iter().map(|row| rows::get(row, 0)).collect()
    }

    /// Every service that `actor` may know of, by name; without an actor all of them.
    pub async fn described_services(&self, actor: Option<&Actor>) -> Result<Vec<Described>, StoreError> {
        let visible = match actor {
            Some(actor) => self.private_incidents_of(actor).await?,
            None => "*".to_owned(),
        };
        let found =
            sqlx::query(concat!("SELECT name, owner, tier, description, links, depends_on, described FROM services WHERE ", is_known!(), " ORDER BY name"))
                .bind(visible)
                .fetch_all(&self.readers)
                .await
                .map_err(query("list services"))?;
        found.iter().map(described).collect()
    }

    /// `None` where `actor` may not know of it, too.
    pub async fn described_service(&self, actor: &Actor, name: &str) -> Result<Option<Described>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let row =
            sqlx::query(concat!("SELECT name, owner, tier, description, links, depends_on, described FROM services WHERE ", is_known!(), " AND name = $2"))
                .bind(visible)
                .bind(name)
                .fetch_optional(&self.readers)
                .await
                .map_err(query("read a service"))?;
        row.as_ref().map(described).transpose()
    }

    /// Writes down what people say of a service; one that is not known is made.
    pub async fn describe_service(&self, name: &str, draft: &ServiceDraft, by: &By) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        describe(&mut write, name, draft, by, self.clock.now()).await?;
        write.commit().await.map_err(query("describe a service"))
    }

    /// How many alerts of each service are open, of those that `actor` may see.
    pub async fn open_alerts_by_service(&self, actor: &Actor) -> Result<HashMap<String, i64>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let found = sqlx::query(
            "SELECT a.service, COUNT(*) FROM alerts a WHERE a.resolved_at IS NULL AND a.service IS NOT NULL \
             AND ($1 = '*' OR a.incident_id IS NULL OR $1 LIKE '%,' || a.incident_id || ',%' \
                  OR NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = a.incident_id AND i.private = 1)) GROUP BY a.service",
        )
        .bind(visible)
        .fetch_all(&self.readers)
        .await
        .map_err(query("count the open alerts of services"))?;
        found.iter().map(|row| Ok((rows::get(row, 0)?, rows::get(row, 1)?))).collect()
    }

    /// When the last incident of each of these services began, of those that `actor` may see. Most
    /// are found among those of the last weeks, whatever else the history holds; only of the others
    /// all that there ever was is looked through.
    pub async fn last_incidents(&self, actor: &Actor, services: &[&str]) -> Result<HashMap<String, Timestamp>, StoreError> {
        const WHAT: &str = "find the last incidents of services";
        let visible = self.private_incidents_of(actor).await?;
        let mut connection = self.readers.acquire().await.map_err(query(WHAT))?;
        let lately = sqlx::query(
            // A cross join, because SQLite would rather go through all services than sort a few of them.
            "SELECT s.service, MAX(i.started_at) FROM incidents i CROSS JOIN incident_services s \
             WHERE s.incident_id = i.id AND i.started_at >= $2 AND (i.private = 0 OR $1 = '*' OR $1 LIKE '%,' || i.id || ',%') GROUP BY s.service",
        )
        .bind(visible.as_str())
        .bind(self.clock.now().plus_secs(-LATELY_S).micros())
        .fetch_all(&mut *connection)
        .await
        .map_err(query(WHAT))?;
        let last = |row: &AnyRow| Ok::<_, StoreError>((rows::get(row, 0)?, rows::time(row, 1)?));
        let mut found: HashMap<String, Timestamp> = lately.iter().map(last).collect::<Result<_, _>>()?;
        let others: Vec<&str> = services.iter().copied().filter(|service| !found.contains_key(*service)).collect();
        let earlier = LAST_EVER.fetch(&mut connection, &others, WHAT, |statement, service| statement.bind((*service).to_owned()).bind(visible.clone())).await?;
        for row in &earlier {
            let (service, at): (String, Timestamp) = last(row)?;
            found.insert(service, at);
        }
        Ok(found)
    }

    /// The last change of each service.
    pub async fn last_changes(&self) -> Result<HashMap<String, ServiceChange>, StoreError> {
        let found = sqlx::query(
            "SELECT c.title, c.status, c.happened_at, c.service FROM change_records c WHERE c.service IS NOT NULL \
             AND c.happened_at = (SELECT MAX(o.happened_at) FROM change_records o WHERE o.service = c.service)",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(query("find the last changes of services"))?;
        found.iter().map(|row| Ok((rows::get(row, 3)?, change(row)?))).collect()
    }

    /// The last changes of one service, the newest first.
    pub async fn changes_of(&self, service: &str, limit: i64) -> Result<Vec<ServiceChange>, StoreError> {
        let found = sqlx::query("SELECT title, status, happened_at FROM change_records WHERE service = $1 ORDER BY happened_at DESC LIMIT $2")
            .bind(service)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(query("list the changes of a service"))?;
        found.iter().map(change).collect()
    }
}

/// Writes down what people say of a service within a transaction. Saying the same again is noted nowhere.
pub(super) async fn describe(write: &mut AnyConnection, name: &str, draft: &ServiceDraft, by: &By, now: Timestamp) -> Result<(), StoreError> {
    const BEFORE: &str = "SELECT name, owner, tier, description, links, depends_on, described FROM services WHERE name = $1";
    const SQL: &str = "INSERT INTO services (name, created_at, owner, tier, description, links, depends_on, described) VALUES ($1, $2, $3, $4, $5, $6, $7, 1) \
                       ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, tier = excluded.tier, description = excluded.description, links = excluded.links, \
                       depends_on = excluded.depends_on, described = 1";
    let before = sqlx::query(BEFORE).bind(name).fetch_optional(&mut *write).await.map_err(query("read a service"))?;
    let before = before.as_ref().map(described).transpose()?;
    if before.as_ref().is_some_and(|known| known.is_described && known.draft == *draft) {
        return Ok(());
    }
    let before = before.map(|known| known.draft);
    sqlx::query(SQL)
        .bind(name)
        .bind(now.micros())
        .bind(draft.owner.as_deref())
        .bind(draft.tier)
        .bind(&draft.description)
        .bind(to_json(&draft.links))
        .bind(to_json(&draft.depends_on))
        .execute(&mut *write)
        .await
        .map_err(query("describe a service"))?;
    let changed = draft.changed_since(&before.unwrap_or_default()).join(", ");
    let note = by.did(Action::ServiceDescribed, Subject::new("service", name, name)).with("changed", changed);
    audit::append(write, now, &note.with("depends_on", draft.depends_on.join(", "))).await
}

/// Reads `name, owner, tier, description, links, depends_on, described`.
fn described(row: &AnyRow) -> Result<Described, StoreError> {
    let draft = ServiceDraft {
        owner: rows::get(row, 1)?,
        tier: rows::get(row, 2)?,
        description: rows::get(row, 3)?,
        links: rows::json_column(row, 4)?,
        depends_on: rows::json_column(row, 5)?,
    };
    Ok(Described { name: rows::get(row, 0)?, draft, is_described: rows::get::<i64>(row, 6)? != 0 })
}

fn change(row: &AnyRow) -> Result<ServiceChange, StoreError> {
    Ok(ServiceChange { title: rows::get(row, 0)?, status: rows::get(row, 1)?, at: rows::time(row, 2)? })
}
