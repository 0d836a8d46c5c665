//! What figures are made from: narrow rows, found by time whatever else the history holds.

use super::{
    Store, StoreError, query, rows,
    rows::{ManyRows, to_json},
};
use crate::domain::{
    ids::{IncidentId, IncidentRef},
    incident::Incident,
    metrics::{Facts, Range},
    people::Actor,
    time::Timestamp,
};
use futures::TryStreamExt;
use sqlx::AnyConnection;
use std::collections::{HashMap, HashSet};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// The widths of the classes of length, in microseconds, each four times the one before. The last
/// holds what is longer or still goes on; it is read from the beginning of time, and is small.
const WIDTHS: [i64; 10] = [HOUR, 4 * HOUR, 16 * HOUR, 64 * HOUR, 256 * HOUR, 1_024 * HOUR, 4_096 * HOUR, 16_384 * HOUR, 65_536 * HOUR, i64::MAX / 4];

/// The class of an incident from `from` to `to`.
fn span_class(from: Timestamp, to: Option<Timestamp>) -> i64 {
    let last = WIDTHS.len() - 1;
    let class = to.and_then(|to| WIDTHS.iter().position(|width| to.micros_since(from) < *width)).unwrap_or(last);
    i64::try_from(class).unwrap_or(i64::MAX)
}

const SAVE: ManyRows = ManyRows {
    head: "INSERT INTO incident_facts (incident_id, span, day, private, facts) VALUES",
    tail: "ON CONFLICT (incident_id) DO UPDATE SET span = excluded.span, day = excluded.day, private = excluded.private, facts = excluded.facts",
    width: 5,
};

/// Writes down what is known of these incidents; those that count nowhere are taken away.
pub(super) async fn save(connection: &mut AnyConnection, incidents: &[(&Incident, Option<Facts>)]) -> Result<(), StoreError> {
    let counted: Vec<(&Incident, &Facts)> = incidents.iter().filter_map(|(incident, facts)| Some((*incident, facts.as_ref()?))).collect();
    SAVE.execute(connection, &counted, "record what figures are made from", |statement, (incident, facts)| {
        statement
            .bind(incident.id.to_string())
            .bind(span_class(facts.started_at, facts.ended_at()))
            .bind(facts.started_at.micros().div_euclid(DAY))
            .bind(i64::from(incident.private))
            .bind(to_json(facts))
    })
    .await?;
    for (incident, _) in incidents.iter().filter(|(_, facts)| facts.is_none()) {
        sqlx::query("DELETE FROM incident_facts WHERE incident_id = $1")
            .bind(incident.id.to_string())
            .execute(&mut *connection)
            .await
            .map_err(query("take an incident out of the figures"))?;
    }
    Ok(())
}

/// What an incident is called, by its reference.
const NAMES: ManyRows =
    ManyRows { head: "WITH wanted (ref) AS (VALUES", tail: ") SELECT i.ref, i.id, i.title FROM wanted JOIN incidents i ON i.ref = wanted.ref", width: 1 };

/// Incidents all of whose alerts tell that a data source went silent (`levels/silence`).
const SILENCES: ManyRows = ManyRows {
    head: "WITH wanted (ref) AS (VALUES",
    tail: ") SELECT i.ref FROM wanted JOIN incidents i ON i.ref = wanted.ref JOIN alerts a ON a.incident_id = i.id GROUP BY i.ref \
           HAVING SUM(CASE WHEN a.source = 'slo' AND a.dedupe_key LIKE 'slo/source/%' THEN 0 ELSE 1 END) = 0",
    width: 1,
};

impl Store {
    /// Those of these incidents that are nothing but the silence of a data source.
    pub async fn silences(&self, references: &[IncidentRef]) -> Result<HashSet<IncidentRef>, StoreError> {
        let what = "read which incidents are the silence of a source";
        let mut connection = self.readers.acquire().await.map_err(query(what))?;
        let found = SILENCES.fetch(&mut connection, references, what, |statement, reference| statement.bind(reference.0)).await?;
        found.iter().map(|row| Ok(IncidentRef(rows::get(row, 0)?))).collect()
    }

    /// The ids and titles of incidents. Whether somebody may see them is decided before: these
    /// are the names of facts that [`Store::facts`] handed out.
    pub async fn names_of(&self, references: &[IncidentRef]) -> Result<HashMap<IncidentRef, (IncidentId, String)>, StoreError> {
        let what = "read what incidents are called";
        let mut connection = self.readers.acquire().await.map_err(query(what))?;
        let found = NAMES.fetch(&mut connection, references, what, |statement, reference| statement.bind(reference.0)).await?;
        found.iter().map(|row| Ok((IncidentRef(rows::get(row, 0)?), (rows::parsed(row, 1)?, rows::get(row, 2)?)))).collect()
    }

    /// The facts of every incident that `actor` may see and that touches `range`; some others are
    /// among them. What lies outside the range costs nothing.
    pub async fn facts(&self, range: &Range, actor: &Actor) -> Result<Vec<Facts>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let mut facts = Vec::new();
        for (class, width) in WIDTHS.iter().enumerate() {
            let mut days = sqlx::query(
                "SELECT string_agg(facts, ',') FROM incident_facts WHERE span = $1 AND day >= $2 AND day <= $3 \
                 AND (private = 0 OR $4 = '*' OR $4 LIKE '%,' || incident_id || ',%') GROUP BY day",
            )
            .bind(i64::try_from(class).unwrap_or(i64::MAX))
            .bind((range.from.micros() - width).div_euclid(DAY))
            .bind(range.to.micros().div_euclid(DAY))
            .bind(visible.clone())
            .fetch(&self.readers);
            while let Some(day) = days.try_next().await.map_err(query("read what figures are made from"))? {
                let of_day: Vec<Facts> = serde_json::from_str(&format!("[{}]", rows::get::<&str>(&day, 0)?)).map_err(unreadable)?;
                facts.extend(of_day);
            }
        }
        Ok(facts)
    }
}

fn unreadable(source: serde_json::Error) -> StoreError {
    StoreError::Unreadable { what: "what figures are made from", source }
}

#[cfg(test)]
mod tests {
    use crate::{
        domain::{
            incident::{Command, Declare},
            metrics::{Facts, Range},
            people::{Actor, ActorRef, Role},
            time::Timestamp,
        },
        server::store::{MIGRATIONS, Outcome, Store, testing::empty_store},
    };
    use sqlx::Row;

    fn operator() -> Actor {
        Actor { who: ActorRef::console(), role: Role::Admin }
    }

    async fn told(store: &Store, title: &str, services: &[&str], private: bool) -> crate::domain::ids::IncidentId {
        let draft = Declare { title: title.to_owned(), services: services.iter().map(|name| (*name).to_owned()).collect(), private, ..Declare::default() };
        match store.declare(draft, &operator(), title).await.expect("the store works") {
            Outcome::Done(incident) => incident.id,
            other => panic!("{other:?}"),
        }
    }

    /// Rows as the version before wrote them are filled from the incidents by migration 0015.
    #[tokio::test]
    async fn rows_of_the_version_before_say_afterwards_when_it_was_resolved() {
        let (store, _folder) = empty_store().await;
        let resolved = told(&store, "resolved", &["checkout"], false).await;
        told(&store, "open", &["search"], false).await;
        told(&store, "secret", &["vault"], true).await;
        let long = store.clock().now().plus_secs(40 * 86_400);
        store.clock().set(long);
        let resolve = Command::Resolve { reason: None, happened_at: None };
        store.command(resolved, resolve, &operator(), "r", None).await.expect("the store works");
        let spans = async |store: &Store| -> Vec<i64> {
            let found =
                sqlx::query("SELECT f.span FROM incident_facts f JOIN incidents i ON i.id = f.incident_id ORDER BY i.ref").fetch_all(&store.readers).await;
            found.expect("the store works").iter().map(|row| row.get(0)).collect()
        };
        let before = spans(&store).await;
        let mut write = store.begin().await.expect("the store works");
        for sql in [
            "UPDATE incident_facts SET span = 0 WHERE span < 9",
            "ALTER TABLE services DROP COLUMN described",
            "INSERT INTO services (name, created_at) VALUES ('long gone', 7)",
        ] {
            sqlx::query(sql).execute(&mut *write).await.expect("it fits");
        }
        // The last two fields leave.
        let found = sqlx::query("SELECT incident_id, facts FROM incident_facts").fetch_all(&mut *write).await.expect("the store works");
        for row in &found {
            let (id, facts): (String, String) = (row.get(0), row.get(1));
            let shorter = format!("{}]", facts.rsplitn(3, ',').nth(2).expect("it has fields"));
            let read: Facts = serde_json::from_str(&shorter).expect("a row of the version before is read");
            assert_eq!(read.resolved_at, None);
            sqlx::query("UPDATE incident_facts SET facts = $1 WHERE incident_id = $2").bind(shorter).bind(id).execute(&mut *write).await.expect("it fits");
        }
        let migration = MIGRATIONS.iter().find(|migration| migration.version == 15).expect("it is there");
        sqlx::raw_sql(migration.sql.clone()).execute(&mut *write).await.expect("it runs");
        write.commit().await.expect("the store works");
        assert_eq!(spans(&store).await, before);
        assert_eq!(store.verify(true).await.expect("the store works").faults, vec![]);
        let range = Range { from: Timestamp::from_micros(0), to: long.plus_secs(1) };
        let facts = store.facts(&range, &operator()).await.expect("the store works");
        let mut resolved_at: Vec<_> = facts.iter().map(|facts| facts.resolved_at).collect();
        resolved_at.sort_unstable();
        assert_eq!(resolved_at, [None, None, Some(long)]);
        // What only a private incident names stays unknown; what nobody names was named once.
        let viewer = Actor { role: Role::Viewer, who: ActorRef::system() };
        assert_eq!(store.services(&viewer).await.expect("the store works"), ["checkout", "long gone", "search"]);
    }

    /// What retention removes takes no service with it that everybody knew.
    #[tokio::test]
    async fn a_service_of_removed_incidents_stays_known_unless_they_were_private() {
        let (store, _folder) = empty_store().await;
        for (title, service, private) in [("a", "checkout", false), ("b", "vault", true)] {
            let id = told(&store, title, &[service], private).await;
            for command in [Command::Resolve { reason: None, happened_at: None }, Command::Close { reason: None }] {
                let key = format!("{title} {command:?}");
                store.command(id, command, &operator(), &key, None).await.expect("the store works");
            }
        }
        let viewer = Actor { role: Role::Viewer, who: ActorRef::system() };
        assert_eq!(store.services(&viewer).await.expect("the store works"), ["checkout"]);
        store.clock().set(store.clock().now().plus_secs(40 * 86_400));
        let purged = store.purge(store.clock().now(), &crate::domain::audit::By::console(), |_| {}).await.expect("the store works");
        assert_eq!(purged.incidents, 2);
        assert_eq!(store.services(&viewer).await.expect("the store works"), ["checkout"]);
    }
}
