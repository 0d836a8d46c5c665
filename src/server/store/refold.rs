//! Folds what is open anew where an older version wrote it down: a field of an incident that came
//! since stands in none of its documents.

use super::{Store, StoreError, query, rows};
use crate::domain::{
    ids::{IncidentId, IncidentRef},
    incident::Incident,
};
use sqlx::AnyConnection;

/// Grows with every field that came to the fold and says something of incidents that are open.
const FOLDED_AS: i64 = 1;

impl Store {
    /// Brings the documents of open incidents to this version's shape, once.
    pub(super) async fn refold(&self) -> Result<(), StoreError> {
        const KNOWN: &str = "SELECT value FROM meta WHERE name = 'folded_as'";
        let known = sqlx::query(KNOWN).fetch_optional(&self.readers).await.map_err(query("read how incidents were folded"))?;
        let known: Option<String> = known.map(|row| rows::get(&row, 0)).transpose()?;
        if known.and_then(|known| known.parse::<i64>().ok()).is_some_and(|known| known >= FOLDED_AS) {
            return Ok(());
        }
        let mut write = self.begin().await?;
        refold(&mut write).await?;
        write.commit().await.map_err(query("commit"))
    }
}

/// The same within a transaction. Nothing is kept prepared: a restore makes the tables anew.
pub(super) async fn refold(write: &mut AnyConnection) -> Result<(), StoreError> {
    const OPEN: &str = "SELECT id, ref FROM incidents WHERE state IN ('triage', 'active', 'mitigated')";
    const SAVE: &str = "UPDATE incidents SET doc = $2 WHERE id = $1";
    const NOTE: &str = "INSERT INTO meta (name, value) VALUES ('folded_as', $1) ON CONFLICT (name) DO UPDATE SET value = $1";
    let what = || query("fold open incidents anew");
    // Counted as a write, so that no writer goes on with what it remembers.
    sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'write'").persistent(false).execute(&mut *write).await.map_err(what())?;
    for row in sqlx::query(OPEN).persistent(false).fetch_all(&mut *write).await.map_err(what())? {
        let (id, reference) = (IncidentId(rows::parsed(&row, 0)?), IncidentRef(rows::get(&row, 1)?));
        let events = sqlx::query(rows::EVENTS_OF_INCIDENT).persistent(false).bind(id.to_string()).fetch_all(&mut *write).await.map_err(what())?;
        // What cannot be read any more stays as it is: `tocsin verify` names it.
        let Ok(events) = events.iter().map(rows::event).collect::<Result<Vec<_>, _>>() else { continue };
        let Some(folded) = Incident::fold(id, reference, &events) else { continue };
        sqlx::query(SAVE).persistent(false).bind(id.to_string()).bind(rows::to_json(&folded)).execute(&mut *write).await.map_err(what())?;
    }
    sqlx::query(NOTE).persistent(false).bind(FOLDED_AS.to_string()).execute(&mut *write).await.map_err(what()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOON, empty_store};
    use crate::domain::{
        incident::Declare,
        people::{Actor, ActorRef, Role},
        severity::Severity,
    };

    /// A database of the version before this field: documents without it, and no note of the fold.
    #[tokio::test]
    async fn what_an_older_version_wrote_of_open_incidents_is_folded_anew_once() {
        let (store, _folder) = empty_store().await;
        let mara = Actor { who: ActorRef::console(), role: Role::Responder };
        let person = Actor { who: ActorRef { kind: crate::domain::people::ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() }, ..mara };
        let draft = Declare { title: "t".to_owned(), severity: Some(Severity::Sev1), ..Declare::default() };
        store.declare(draft, &person, "key").await.expect("a responder may");
        let mut write = store.begin().await.expect("the store works");
        for old in ["UPDATE incidents SET doc = replace(doc, '\"told_at\":', '\"was\":')", "DELETE FROM meta WHERE name = 'folded_as'"] {
            sqlx::query(old).execute(&mut *write).await.expect("it fits");
        }
        write.commit().await.expect("the store works");
        assert_eq!(store.verify(true).await.expect("the store works").faults.len(), 1);
        store.refold().await.expect("the store works");
        assert_eq!(store.verify(true).await.expect("the store works").faults, vec![]);
        let (_, board) = store.board(&Actor { who: ActorRef::console(), role: Role::Viewer }).await.expect("the store works");
        assert_eq!(board.iter().map(|incident| incident.told_at).collect::<Vec<_>>(), [Some(NOON)]);
    }
}
