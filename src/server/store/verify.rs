//! Verifying the record: every chain, and that the projection says what the chains say.

use super::{Store, StoreError, query, rows};
use crate::domain::{
    ids::{IncidentId, IncidentRef},
    incident::Incident,
    timeline,
};

/// One place where the record does not hold.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Fault {
    #[serde(rename = "ref")]
    pub incident: IncidentRef,
    /// The first entry that is wrong.
    pub seq: i64,
    pub what: String,
}

/// What a verification saw.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Verified {
    pub incidents: u64,
    pub events: u64,
    pub faults: Vec<Fault>,
}

impl Store {
    /// Checks every incident's chain against its projection's head; with `rebuild` the projection
    /// is also folded anew from the events and compared field by field.
    pub async fn verify(&self, rebuild: bool) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let mut after = 0_i64;
        loop {
            let found = sqlx::query("SELECT ref, id, version, head_hash, doc FROM incidents WHERE ref > $1 ORDER BY ref LIMIT 500")
                .bind(after)
                .fetch_all(&self.readers)
                .await
                .map_err(query("read incidents to verify"))?;
            for row in &found {
                let row = Row::read(row)?;
                after = row.reference.0;
                self.verify_incident(&mut verified, row, rebuild).await?;
            }
            if found.is_empty() {
                break;
            }
        }
        let orphans = sqlx::query("SELECT COUNT(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = e.incident_id)")
            .fetch_one(&self.readers)
            .await
            .map_err(query("look for events without an incident"))?;
        let orphans: i64 = rows::get(&orphans, 0)?;
        if orphans > 0 {
            verified.faults.push(Fault { incident: IncidentRef(0), seq: 0, what: format!("{orphans} events belong to no incident") });
        }
        Ok(verified)
    }

    /// Checks one incident. Something may be recorded between reading its row and its log, so a
    /// fault counts only when it is still there on a second look.
    async fn verify_incident(&self, verified: &mut Verified, first_look: Row, rebuild: bool) -> Result<(), StoreError> {
        let mut row = first_look;
        let mut looks = 0;
        let (events, fault) = loop {
            looks += 1;
            let (events, fault) = self.look(&row, rebuild).await?;
            if fault.is_none() || looks == 3 {
                break (events, fault);
            }
            let again = sqlx::query("SELECT ref, id, version, head_hash, doc FROM incidents WHERE id = $1")
                .bind(row.id.to_string())
                .fetch_optional(&self.readers)
                .await
                .map_err(query("read an incident to verify"))?;
            match again {
                Some(again) => row = Row::read(&again)?,
                None => break (events, fault),
            }
        };
        verified.incidents += 1;
        verified.events += events;
        verified.faults.extend(fault.map(|(seq, what)| Fault { incident: row.reference, seq, what }));
        Ok(())
    }

    async fn look(&self, row: &Row, rebuild: bool) -> Result<(u64, Option<(i64, String)>), StoreError> {
        let events = match self.events(row.id).await {
            Ok(events) => events,
            // What cannot be read any more was changed; saying which incident is the point here.
            Err(StoreError::Unreadable { what, .. }) => return Ok((0, Some((0, format!("{what} cannot be read"))))),
            Err(error) => return Err(error),
        };
        let fault = match timeline::verify(row.id, &events) {
            Err(broken) => Some((broken.seq(), broken.to_string())),
            Ok(end) if end.seq != row.version || end.hash != row.head => {
                Some((end.seq.min(row.version) + 1, format!("the log ends at entry {}, the incident at entry {}", end.seq, row.version)))
            }
            Ok(_) if rebuild => {
                let folded = Incident::fold(row.id, row.reference, &events);
                let same = serde_json::from_str::<Incident>(&row.doc).is_ok_and(|projection| folded.as_ref() == Some(&projection));
                (!same).then(|| (row.version, "the incident differs from what its events say".to_owned()))
            }
            Ok(_) => None,
        };
        Ok((events.len() as u64, fault))
    }
}

/// What the projection says of one incident.
struct Row {
    reference: IncidentRef,
    id: IncidentId,
    version: i64,
    head: String,
    doc: String,
}

impl Row {
    fn read(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            reference: IncidentRef(rows::get(row, 0)?),
            id: rows::parsed(row, 1)?,
            version: rows::get(row, 2)?,
            head: rows::get(row, 3)?,
            doc: rows::get(row, 4)?,
        })
    }
}
