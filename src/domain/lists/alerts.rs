//! The list of all alerts: what is looked for, which is an address, and what stands in a row.

use super::encode;
use crate::domain::{
    alert::{Alert, AlertState},
    ids::IncidentRef,
    reading::{Readable, Reader},
    severity::AlertSeverity,
};
use serde::{Deserialize, Serialize};

/// How far an alert that is looked for has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is not resolved.
    #[default]
    Firing,
    /// The same, and its sender has gone.
    Stale,
    Resolved,
    Any,
}

impl Standing {
    pub const ALL: [Standing; 4] = [Standing::Firing, Standing::Stale, Standing::Resolved, Standing::Any];

    /// As the address says it.
    pub fn slug(self) -> &'static str {
        match self {
            Standing::Firing => "firing",
            Standing::Stale => "stale",
            Standing::Resolved => "resolved",
            Standing::Any => "any",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Standing::Firing => "Firing",
            Standing::Stale => "Firing, sender silent",
            Standing::Resolved => "Resolved",
            Standing::Any => "All",
        }
    }

    fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.slug() == text)
    }
}

/// Which alerts are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertQuery {
    /// In the title or a label.
    pub text: String,
    pub service: String,
    pub severity: Option<AlertSeverity>,
    /// The slug of the source that read it.
    pub source: String,
    pub standing: Standing,
    /// `Some(false)`: only those without an incident.
    pub grouped: Option<bool>,
}

impl AlertQuery {
    /// Reads what stands behind the `?`; what it does not know is passed over.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            match name {
                "q" => query.text = value.to_owned(),
                "service" => query.service = value.to_owned(),
                "severity" => query.severity = AlertSeverity::ALL.into_iter().find(|severity| severity.slug() == value),
                "source" => query.source = value.to_owned(),
                "state" => query.standing = Standing::from_slug(value).unwrap_or_default(),
                "incident" => query.grouped = grouped_from(value),
                _ => {}
            }
        }
        query
    }

    /// The same behind `path`.
    pub fn address(&self, path: &str) -> String {
        let state = if self.standing == Standing::default() { "" } else { self.standing.slug() };
        let pairs = [
            ("q", self.text.as_str()),
            ("service", &self.service),
            ("severity", self.severity.map_or("", AlertSeverity::slug)),
            ("source", &self.source),
            ("state", state),
            ("incident", grouped_slug(self.grouped)),
        ];
        let said: Vec<String> = pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={}", encode(value))).collect();
        if said.is_empty() { path.to_owned() } else { format!("{path}?{}", said.join("&")) }
    }

    /// By how much more than words and state it is narrowed.
    pub fn more_filters(&self) -> usize {
        [!self.service.is_empty(), self.severity.is_some(), !self.source.is_empty(), self.grouped.is_some()].into_iter().filter(|is_set| *is_set).count()
    }

    /// Whether anything but the state is asked for.
    pub fn is_narrowed(&self) -> bool {
        *self != Self { standing: self.standing, ..Self::default() }
    }
}

/// `with`, `without`, or nothing for both.
pub fn grouped_slug(grouped: Option<bool>) -> &'static str {
    match grouped {
        Some(true) => "with",
        Some(false) => "without",
        None => "",
    }
}

pub fn grouped_from(slug: &str) -> Option<bool> {
    [Some(true), Some(false)].into_iter().find(|grouped| grouped_slug(*grouped) == slug).flatten()
}

/// An alert, and its incident by the name that people know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedAlert {
    pub alert: Alert,
    pub incident: Option<IncidentRef>,
}

/// What a sender of alerts is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceName {
    pub slug: String,
    pub title: String,
}

/// A page of alerts, the last received first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedPage {
    pub items: Vec<ListedAlert>,
    pub next_cursor: Option<String>,
    /// Every source there is.
    pub sources: Vec<SourceName>,
}

impl Alert {
    /// What its sender says of it beyond its title, where that says more.
    pub fn described(&self) -> Option<&str> {
        let said = ["summary", "description"].iter().filter_map(|name| self.annotations.get(*name)).map(|text| text.trim());
        let plain = |text: &str| text.trim().trim_end_matches('.').to_lowercase();
        let title = plain(&self.title);
        // The first that tells more: a title is often the summary itself.
        said.into_iter().find(|text| !text.is_empty() && plain(text) != title)
    }

    /// Its state as people say it.
    pub fn state_words(&self) -> &'static str {
        match self.state {
            AlertState::Triggered => "firing",
            AlertState::Acknowledged => "acknowledged at its source",
            AlertState::Resolved => "resolved",
        }
    }
}

impl Readable for ListedAlert {
    fn read(from: Reader<'_>) -> Self {
        Self { alert: from.get("alert"), incident: from.get("incident") }
    }
}

impl Readable for SourceName {
    fn read(from: Reader<'_>) -> Self {
        Self { slug: from.get("slug"), title: from.get("title") }
    }
}

impl Readable for ListedPage {
    fn read(from: Reader<'_>) -> Self {
        Self { items: from.get("items"), next_cursor: from.get("next_cursor"), sources: from.get("sources") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::{AlertId, IntegrationId},
        reading,
        time::Timestamp,
    };
    use uuid::Uuid;

    fn an_alert(title: &str, annotations: &[(&str, &str)]) -> Alert {
        Alert {
            id: AlertId(Uuid::from_u128(1)),
            source: "generic".into(),
            integration_id: IntegrationId(Uuid::from_u128(2)),
            dedupe_key: "k".into(),
            state: AlertState::Triggered,
            severity: None,
            title: title.into(),
            labels: Default::default(),
            annotations: annotations.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            started_at: Timestamp::from_micros(1_786_450_000_000_000),
            resolved_at: None,
            deliveries: 2,
            incident_id: None,
            stale: false,
            links: vec![],
        }
    }

    #[test]
    fn what_is_looked_for_is_its_address() {
        let query = AlertQuery {
            text: "disk & co".into(),
            service: "pay".into(),
            severity: Some(AlertSeverity::Info),
            source: "generic".into(),
            standing: Standing::Resolved,
            grouped: Some(false),
        };
        let address = query.address("/alerts");
        assert_eq!(address, "/alerts?q=disk%20%26%20co&service=pay&severity=info&source=generic&state=resolved&incident=without");
        let pairs = [("q", "disk & co"), ("service", "pay"), ("severity", "info"), ("source", "generic"), ("state", "resolved"), ("incident", "without")];
        assert_eq!(AlertQuery::read(pairs), query);
        assert_eq!(AlertQuery::read([("state", "x"), ("incident", "y"), ("severity", "z")]), AlertQuery::default());
        assert_eq!(AlertQuery::default().address("/alerts"), "/alerts");
        assert!(query.is_narrowed() && !AlertQuery { standing: Standing::Any, ..AlertQuery::default() }.is_narrowed());
    }

    #[test]
    fn what_is_described_is_what_the_title_does_not_say() {
        let of = |title: &str, annotations: &[(&str, &str)]| an_alert(title, annotations).described().map(str::to_owned);
        assert_eq!(of("Disk full", &[("summary", "Disk full.")]), None);
        assert_eq!(of("Disk full", &[("summary", " disk full ")]), None);
        assert_eq!(of("Disk full", &[("summary", "Disk full"), ("description", "98 % of /var")]).as_deref(), Some("98 % of /var"));
        assert_eq!(of("DiskFull", &[("summary", "/var is full")]).as_deref(), Some("/var is full"));
        assert_eq!(of("DiskFull", &[("summary", "  ")]), None);
    }

    #[test]
    fn a_page_reads_back_as_it_was_written() {
        let page = ListedPage {
            items: vec![ListedAlert { alert: an_alert("t", &[("summary", "s")]), incident: Some(IncidentRef(4)) }],
            next_cursor: Some("x".into()),
            sources: vec![SourceName { slug: "generic".into(), title: "Generic".into() }],
        };
        assert_eq!(reading::read(serde_json::to_string(&page).expect("it serialises").as_bytes()), Some(page));
    }
}
