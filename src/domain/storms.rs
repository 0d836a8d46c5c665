//! The alerts of one incident seen together: one line for each service, however many there are,
//! and for each alert why it stands here.

use super::{
    alert::Alert,
    grouping::Why,
    reading::{Readable, Reader},
    severity::AlertSeverity,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Into how many parts the time of the alerts is cut.
pub const BARS: usize = 60;

/// The alerts of an incident by service, those first that began first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertsSummary {
    pub alerts: i64,
    pub firing: i64,
    /// The time that the bars of every service share: half-open.
    pub from: Timestamp,
    pub to: Timestamp,
    pub services: Vec<ServiceAlerts>,
    pub why: WhyCounts,
}

/// The alerts of one service in an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceAlerts {
    /// `None`: those that name no service.
    pub service: Option<String>,
    /// The worst of them.
    pub severity: Option<AlertSeverity>,
    pub alerts: i64,
    pub firing: i64,
    /// How often they were delivered again.
    pub repeats: i64,
    /// How many opened the incident; the others were held back from opening one of their own.
    pub opened: i64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// How many began in each of the equal parts of the time, [`BARS`] of them.
    pub bars: Vec<i64>,
}

/// How many alerts stand in an incident for which reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyCounts {
    pub first: i64,
    pub same_group: i64,
    pub storm: i64,
    pub attached: i64,
    pub merged: i64,
}

/// An alert, and why it stands in its incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacedAlert {
    pub alert: Alert,
    pub why: Why,
}

/// A page of an incident's alerts, those first that began first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertsPage {
    pub items: Vec<PlacedAlert>,
    pub next_cursor: Option<String>,
}

impl WhyCounts {
    pub fn add(&mut self, why: Why) {
        let count = match why {
            Why::First => &mut self.first,
            Why::SameGroup => &mut self.same_group,
            Why::Storm => &mut self.storm,
            Why::Attached => &mut self.attached,
            Why::Merged => &mut self.merged,
        };
        *count += 1;
    }

    /// In words, the reasons that there are.
    pub fn words(&self) -> String {
        let part = |n: i64, one: &str, many: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        };
        let parts = [
            part(self.first, "opened it", "opened it"),
            part(self.same_group, "joined its group", "joined its group"),
            part(self.storm, "joined as part of a storm", "joined as part of a storm"),
            part(self.attached, "was attached by hand", "were attached by hand"),
            part(self.merged, "came with a merged incident", "came with a merged incident"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Readable for AlertsSummary {
    fn read(from: Reader<'_>) -> Self {
        Self {
            alerts: from.get("alerts"),
            firing: from.get("firing"),
            from: from.get("from"),
            to: from.get("to"),
            services: from.get("services"),
            why: from.get("why"),
        }
    }
}

impl Readable for ServiceAlerts {
    fn read(from: Reader<'_>) -> Self {
        Self {
            service: from.get("service"),
            severity: from.get("severity"),
            alerts: from.get("alerts"),
            firing: from.get("firing"),
            repeats: from.get("repeats"),
            opened: from.get("opened"),
            first_at: from.get("first_at"),
            last_at: from.get("last_at"),
            bars: from.get("bars"),
        }
    }
}

impl Readable for WhyCounts {
    fn read(from: Reader<'_>) -> Self {
        Self {
            first: from.get("first"),
            same_group: from.get("same_group"),
            storm: from.get("storm"),
            attached: from.get("attached"),
            merged: from.get("merged"),
        }
    }
}

impl Readable for PlacedAlert {
    fn read(from: Reader<'_>) -> Self {
        Self { alert: from.get("alert"), why: from.get("why") }
    }
}

impl Readable for AlertsPage {
    fn read(from: Reader<'_>) -> Self {
        Self { items: from.get("items"), next_cursor: from.get("next_cursor") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        alert::AlertState,
        ids::{AlertId, IntegrationId},
        reading,
    };

    #[test]
    fn a_summary_reads_back_as_it_was_written() {
        let at = Timestamp::from_micros(1_786_450_000_000_000);
        let service = ServiceAlerts {
            service: None,
            severity: Some(AlertSeverity::Critical),
            alerts: 4,
            firing: 1,
            repeats: 9,
            opened: 1,
            first_at: at,
            last_at: at.plus_secs(5),
            bars: vec![3, 0, 1],
        };
        let why = WhyCounts { first: 1, same_group: 3, ..WhyCounts::default() };
        let summary = AlertsSummary { alerts: 4, firing: 1, from: at, to: at.plus_secs(60), services: vec![service], why };
        assert_eq!(reading::read(serde_json::to_string(&summary).expect("it serialises").as_bytes()), Some(summary.clone()));
        assert_eq!(summary.why.words(), "1 opened it, 3 joined its group");
        let alert = Alert {
            id: AlertId(uuid::Uuid::from_u128(1)),
            source: "generic".into(),
            integration_id: IntegrationId(uuid::Uuid::from_u128(2)),
            dedupe_key: "k".into(),
            state: AlertState::Triggered,
            severity: None,
            title: "t".into(),
            labels: Default::default(),
            annotations: Default::default(),
            started_at: at,
            resolved_at: None,
            deliveries: 2,
            incident_id: None,
            stale: false,
            links: vec![],
        };
        let page = AlertsPage { items: vec![PlacedAlert { alert, why: Why::Storm }], next_cursor: Some("x".into()) };
        assert_eq!(reading::read(serde_json::to_string(&page).expect("it serialises").as_bytes()), Some(page));
    }

    #[test]
    fn every_reason_is_counted_for_itself() {
        let mut counts = WhyCounts::default();
        [Why::First, Why::SameGroup, Why::Storm, Why::Attached, Why::Merged].into_iter().for_each(|why| counts.add(why));
        assert_eq!(counts, WhyCounts { first: 1, same_group: 1, storm: 1, attached: 1, merged: 1 });
    }
}
