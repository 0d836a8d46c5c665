//! Verifying the record: every chain, that alerts are what the chains say of them, and that the
//! projection says what the chains say.

use super::{Store, StoreError, query, rows};
use crate::domain::{
    alerts_told::AlertsTold,
    audit::AuditState,
    ids::{AlertId, IncidentId, IncidentRef},
    incident::{AlertRef, Incident},
    metrics::Facts,
    severity::AlertSeverity,
    time::Timestamp,
    timeline::{self, Event},
    verification::{Fault as InOne, Verification},
};
use sqlx::any::AnyRow;
use std::collections::BTreeSet;

/// The columns of one incident, as [`Row::read`] reads them.
macro_rules! columns {
    () => {
        "ref, id, version, head_hash, doc, state, kind, severity, private, origin, origin_id, title, started_at, impact_started_at, resolved_at, updated_at"
    };
}

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
    /// How many incidents retention removed, each with its tombstone.
    pub purged: u64,
    pub faults: Vec<Fault>,
    pub audit: AuditState,
}

impl Verified {
    /// The first place that does not hold, and how many more there are.
    pub fn broken(&self) -> Option<(String, usize)> {
        let audit = self.audit.fault.as_ref().map(|fault| format!("the audit log, entry {}: {}", fault.seq, fault.what));
        let first = self.faults.first().map(|first| format!("{}, entry {}: {}", first.incident, first.seq, first.what));
        let more = (self.faults.len() + usize::from(audit.is_some())).saturating_sub(1);
        first.or(audit).map(|first| (first, more))
    }
}

impl Store {
    /// Checks every incident's chain against its projection's head, and its alerts against what the
    /// chain says of them; with `rebuild` the projection is also folded anew from the events and
    /// compared field by field.
    pub async fn verify(&self, rebuild: bool) -> Result<Verified, StoreError> {
        // Read first: what is opened meanwhile lies beyond it.
        let opened = sqlx::query("SELECT value FROM counters WHERE name = 'incident'").fetch_one(&self.readers).await;
        let opened: i64 = rows::get(&opened.map_err(query("read the last reference"))?, 0)?;
        let mut verified = Verified { audit: self.audit_state().await?, ..Verified::default() };
        let (mut after, mut seen) = (0_i64, BTreeSet::new());
        loop {
            let found = sqlx::query(concat!("SELECT ", columns!(), " FROM incidents WHERE ref > $1 ORDER BY ref LIMIT 500"))
                .bind(after)
                .fetch_all(&self.readers)
                .await
                .map_err(query("read incidents to verify"))?;
            for row in &found {
                let row = Row::read(row)?;
                after = row.reference.0;
                let Some(Looked { row, events, fault }) = self.verify_incident(row, rebuild).await? else { continue };
                seen.insert(row.reference.0);
                verified.incidents += 1;
                verified.events += events;
                verified.faults.extend(fault.map(|fault| Fault { incident: row.reference, seq: fault.seq, what: fault.what }));
            }
            if found.is_empty() {
                break;
            }
        }
        self.verify_holes(&mut verified, &seen, opened).await?;
        const EVENTS: &str = "SELECT COUNT(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = e.incident_id)";
        const ALERTS: &str =
            "SELECT COUNT(*) FROM alerts a WHERE a.incident_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = a.incident_id)";
        for (sql, what) in [(EVENTS, "events"), (ALERTS, "alerts")] {
            let orphans = sqlx::query(sql).fetch_one(&self.readers).await.map_err(query("look for what belongs to no incident"))?;
            let orphans: i64 = rows::get(&orphans, 0)?;
            if orphans > 0 {
                verified.faults.push(Fault { incident: IncidentRef(0), seq: 0, what: format!("{orphans} {what} belong to no incident") });
            }
        }
        if rebuild {
            self.verify_refreshes(&mut verified).await?;
        }
        Ok(verified)
    }

    /// References are given without gaps, so each that has no incident any more needs a tombstone,
    /// and none that has one may have it.
    async fn verify_holes(&self, verified: &mut Verified, seen: &BTreeSet<i64>, opened: i64) -> Result<(), StoreError> {
        let buried = self.tombstones().await?;
        verified.purged = buried.len() as u64;
        for reference in buried.intersection(seen) {
            let what = "retention removed it, and yet it is there".to_owned();
            verified.faults.push(Fault { incident: IncidentRef(*reference), seq: 0, what });
        }
        let known: BTreeSet<i64> = seen.union(&buried).copied().filter(|reference| *reference <= opened).collect();
        let mut expected = 1;
        for reference in known.into_iter().chain([opened + 1]) {
            if expected < reference {
                let others = reference - expected - 1;
                let which = if others > 0 { format!("it and {others} more up to {} are", IncidentRef(reference - 1)) } else { "it is".to_owned() };
                let what = format!("{which} gone, and retention did not remove what is missing");
                verified.faults.push(Fault { incident: IncidentRef(expected), seq: 0, what });
            }
            expected = reference + 1;
        }
        Ok(())
    }

    /// Checks one incident's chain and everything that is derived from it. `None` when there is none.
    pub async fn verification(&self, id: IncidentId) -> Result<Option<Verification>, StoreError> {
        let Some(row) = self.row_to_verify(id).await? else { return Ok(None) };
        let Some(Looked { row, events, fault }) = self.verify_incident(row, true).await? else { return Ok(None) };
        Ok(Some(Verification::new(row.id, row.reference, i64::try_from(events).unwrap_or(i64::MAX), row.head, fault)))
    }

    async fn row_to_verify(&self, id: IncidentId) -> Result<Option<Row>, StoreError> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM incidents WHERE id = $1"))
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await
            .map_err(query("read an incident to verify"))?;
        row.as_ref().map(Row::read).transpose()
    }

    /// Checks what repeats have changed on alerts: it belongs to an alert, and no open alert's own
    /// row says a later end, by which it would be found too late.
    async fn verify_refreshes(&self, verified: &mut Verified) -> Result<(), StoreError> {
        const CHECKS: [(&str, &str); 2] = [
            ("SELECT COUNT(*) FROM alert_refreshes r WHERE NOT EXISTS (SELECT 1 FROM alerts a WHERE a.id = r.alert_id)", "repeats belong to no alert"),
            (
                "SELECT COUNT(*) FROM alert_refreshes r JOIN alerts a ON a.id = r.alert_id WHERE a.resolved_at IS NULL AND r.expires_at IS NOT NULL \
                 AND (a.expires_at IS NULL OR a.expires_at > r.expires_at)",
                "open alerts end later than their last repeat says",
            ),
        ];
        for (check, what) in CHECKS {
            let row = sqlx::query(check).fetch_one(&self.readers).await.map_err(query("verify the repeats of alerts"))?;
            let count: i64 = rows::get(&row, 0)?;
            if count > 0 {
                verified.faults.push(Fault { incident: IncidentRef(0), seq: 0, what: format!("{count} {what}") });
            }
        }
        Ok(())
    }

    /// Checks one incident. Something may be recorded between reading its row and its log, so a
    /// fault counts only when it is still there on a second look. `None` when it was removed meanwhile.
    async fn verify_incident(&self, first_look: Row, rebuild: bool) -> Result<Option<Looked>, StoreError> {
        let mut row = first_look;
        let mut looks = 0;
        loop {
            looks += 1;
            let (events, fault) = self.look(&row, rebuild).await?;
            if fault.is_none() || looks == 3 {
                return Ok(Some(Looked { row, events, fault }));
            }
            match self.row_to_verify(row.id).await? {
                Some(again) => row = again,
                None => return Ok(None),
            }
        }
    }

    async fn look(&self, row: &Row, rebuild: bool) -> Result<(u64, Option<InOne>), StoreError> {
        const ALERTS: &str = "SELECT id, title, service, severity, started_at, resolved_at FROM alerts WHERE incident_id = $1 ORDER BY started_at, id";
        let (events, alerts) = match self.events_and(row.id, ALERTS, standing).await {
            Ok(read) => read,
            // What cannot be read any more was changed; saying which incident is the point here.
            Err(StoreError::Unreadable { what, .. }) => return Ok((0, Some(InOne { seq: 0, what: format!("{what} cannot be read") }))),
            Err(error) => return Err(error),
        };
        let fault = match timeline::verify(row.id, &events) {
            Err(broken) => Some(InOne::of_chain(&broken, &events.iter().map(|event| event.seq).collect::<Vec<_>>())),
            Ok(end) if end.seq != row.version || end.hash != row.head => Some(InOne::of_end(end.seq, row.version)),
            Ok(_) => match self.alerts_differ(&events, &alerts).await? {
                Some(what) => Some(InOne { seq: 0, what }),
                None if rebuild => self.derived_differs(row, &events).await?,
                None => None,
            },
        };
        Ok((events.len() as u64, fault))
    }

    /// The first alert of an incident that is not what these events say of it. What came with
    /// merged incidents is told by their logs, as far as they are still there.
    async fn alerts_differ(&self, events: &[Event], alerts: &[AlertRef]) -> Result<Option<String>, StoreError> {
        let mut told = AlertsTold::by(events);
        let (mut asked, mut seen) = (told.merged().to_vec(), BTreeSet::new());
        while let Some((id, reference)) = asked.pop() {
            if !seen.insert(id) {
                continue;
            }
            // One that cannot be read is named where it stands.
            let theirs = match self.events(id).await {
                Err(StoreError::Unreadable { .. }) => continue,
                read => AlertsTold::by(&read?),
            };
            asked.extend_from_slice(theirs.merged());
            told.learn(theirs, reference);
        }
        Ok(told.differs_from(alerts))
    }

    /// Whether everything that is derived from the events is what they give.
    async fn derived_differs(&self, row: &Row, events: &[Event]) -> Result<Option<InOne>, StoreError> {
        let derived = |what: &str| InOne { seq: row.version, what: what.to_owned() };
        let folded = Incident::fold(row.id, row.reference, events);
        let same = serde_json::from_str::<Incident>(&row.doc).is_ok_and(|projection| folded.as_ref() == Some(&projection));
        let found_by = match &folded {
            Some(folded) => row.columns == Columns::of(folded) && self.services_of(row.id).await? == folded.services.iter().cloned().collect(),
            None => false,
        };
        let counted = self.counts_as(row.id, folded.as_ref().and_then(Facts::of)).await?;
        Ok(match (same && found_by, counted) {
            (true, true) => None,
            (true, false) => Some(derived("what figures are made from differs from what its events say")),
            (false, _) => Some(derived("the incident differs from what its events say")),
        })
    }

    /// Whether figures are made from exactly these facts of an incident.
    async fn counts_as(&self, id: IncidentId, expected: Option<Facts>) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT facts FROM incident_facts WHERE incident_id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await
            .map_err(query("read what figures are made from"))?;
        let Some(row) = row else { return Ok(expected.is_none()) };
        Ok(expected.is_some() && serde_json::from_str::<Facts>(rows::get(&row, 0)?).ok() == expected)
    }

    /// The services by which a list finds an incident.
    async fn services_of(&self, id: IncidentId) -> Result<BTreeSet<String>, StoreError> {
        let found = sqlx::query("SELECT service FROM incident_services WHERE incident_id = $1")
            .bind(id.to_string())
            .fetch_all(&self.readers)
            .await
            .map_err(query("read an incident's services"))?;
        found.iter().map(|row| rows::get(row, 0)).collect()
    }
}

/// What is compared of an alert.
fn standing(row: &AnyRow) -> Result<AlertRef, StoreError> {
    Ok(AlertRef {
        id: AlertId(rows::parsed(row, 0)?),
        title: rows::get(row, 1)?,
        service: rows::get(row, 2)?,
        severity: rows::get::<Option<String>>(row, 3)?.and_then(|word| AlertSeverity::from_word(&word)),
        started_at: rows::time(row, 4)?,
        resolved_at: rows::optional_time(row, 5)?,
        about_monitoring: false,
    })
}

/// One incident as it was verified.
struct Looked {
    row: Row,
    events: u64,
    fault: Option<InOne>,
}

/// What the projection says of one incident.
struct Row {
    reference: IncidentRef,
    id: IncidentId,
    version: i64,
    head: String,
    doc: String,
    columns: Columns,
}

/// By what lists find an incident and who may see it: columns beside the document that say the same.
#[derive(PartialEq)]
struct Columns {
    state: String,
    kind: String,
    severity: Option<i64>,
    private: i64,
    origin: [Option<String>; 2],
    title: String,
    started_at: [i64; 2],
    resolved_at: Option<i64>,
    updated_at: i64,
}

impl Columns {
    fn of(incident: &Incident) -> Self {
        let origin = incident.origin.as_ref();
        Self {
            state: incident.state.slug().to_owned(),
            kind: incident.kind.slug().to_owned(),
            severity: incident.severity.map(|severity| i64::from(severity.level())),
            private: i64::from(incident.private),
            origin: [origin.map(|origin| origin.name.clone()), origin.map(|origin| origin.id.clone())],
            title: incident.title.clone(),
            started_at: [incident.started_at.micros(), incident.impact_started_at().micros()],
            resolved_at: incident.resolved_at.map(Timestamp::micros),
            updated_at: incident.updated_at.micros(),
        }
    }
}

impl Row {
    fn read(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            reference: IncidentRef(rows::get(row, 0)?),
            id: rows::parsed(row, 1)?,
            version: rows::get(row, 2)?,
            head: rows::get(row, 3)?,
            doc: rows::get(row, 4)?,
            columns: Columns {
                state: rows::get(row, 5)?,
                kind: rows::get(row, 6)?,
                severity: rows::get(row, 7)?,
                private: rows::get(row, 8)?,
                origin: [rows::get(row, 9)?, rows::get(row, 10)?],
                title: rows::get(row, 11)?,
                started_at: [rows::get(row, 12)?, rows::get(row, 13)?],
                resolved_at: rows::get(row, 14)?,
                updated_at: rows::get(row, 15)?,
            },
        })
    }
}
