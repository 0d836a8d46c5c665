//! A system that is asked for readings, as people see it and say it. What it knows us by goes in
//! and never comes out.

use super::{
    ids::DataSourceId,
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceKind {
    /// Everything that speaks Prometheus' HTTP API.
    #[default]
    Prometheus,
    Jaeger,
    Tempo,
}

impl SourceKind {
    pub const ALL: [SourceKind; 3] = [SourceKind::Prometheus, SourceKind::Jaeger, SourceKind::Tempo];

    pub fn slug(self) -> &'static str {
        match self {
            SourceKind::Prometheus => "prometheus",
            SourceKind::Jaeger => "jaeger",
            SourceKind::Tempo => "tempo",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            SourceKind::Prometheus => "Prometheus",
            SourceKind::Jaeger => "Jaeger",
            SourceKind::Tempo => "Tempo",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == text)
    }

    /// Whether it keeps traces; what keeps none gives readings of objectives.
    pub fn has_traces(self) -> bool {
        match self {
            SourceKind::Prometheus => false,
            SourceKind::Jaeger | SourceKind::Tempo => true,
        }
    }
}

const MAX_NAME: usize = 100;

/// One data source, without its secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSource {
    pub id: DataSourceId,
    /// Objectives name it by this.
    pub name: String,
    /// `prometheus`, `jaeger` or `tempo`.
    pub kind: String,
    pub url: String,
    /// How it knows us: `none`, `bearer` or `basic`.
    pub auth: String,
    /// With `basic`.
    pub user: Option<String>,
    /// Sent as `X-Scope-OrgID`.
    pub tenant: Option<String>,
    /// The names of further headers.
    pub headers: Vec<String>,
    /// Whether authorities of its own are trusted for it.
    pub has_ca: bool,
    pub timeout_s: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What people say of a data source. What is absent stays as it is; a new one needs a name and an
/// address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSourceDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", alias = "base_url")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthDraft>,
    /// Empty: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// All of them; a value of null keeps the one that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Option<String>>>,
    /// PEM text; empty: the machine's own authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
}

/// How a data source is to know us. An absent secret stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AuthDraft {
    None,
    Bearer {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    Basic {
        user: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<String>,
    },
}

/// What asking a data source for a sign of life found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceTried {
    pub answers: bool,
    /// What it is, or why it does not answer.
    pub words: String,
}

impl DataSource {
    /// What it is; `None` where a newer server made it.
    pub fn source_kind(&self) -> Option<SourceKind> {
        SourceKind::from_slug(&self.kind)
    }
}

impl DataSourceDraft {
    /// The name in a form that may be kept.
    pub fn checked_name(&self) -> Option<Result<String, String>> {
        let name = self.name.as_deref()?.trim();
        let fits = !name.is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
        Some(if fits { Ok(name.to_owned()) } else { Err(format!("the name has 1 to {MAX_NAME} characters")) })
    }
}

impl Readable for DataSource {
    fn read(from: Reader<'_>) -> Self {
        Self {
            id: from.get("id"),
            name: from.get("name"),
            kind: from.get("kind"),
            url: from.get("url"),
            auth: from.get("auth"),
            user: from.get("user"),
            tenant: from.get("tenant"),
            headers: from.get("headers"),
            has_ca: from.get("has_ca"),
            timeout_s: from.get("timeout_s"),
            created_at: from.get("created_at"),
            updated_at: from.get("updated_at"),
        }
    }
}

impl Readable for SourceTried {
    fn read(from: Reader<'_>) -> Self {
        Self { answers: from.get("answers"), words: from.get("words") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_data_source_reads_back_as_it_was_written() {
        let at = Timestamp::from_micros(1_786_450_000_000_000);
        let source = DataSource {
            id: DataSourceId(Uuid::from_u128(7)),
            name: "prod".into(),
            kind: SourceKind::Prometheus.slug().into(),
            url: "https://m.example.com/".into(),
            auth: "basic".into(),
            user: Some("anna".into()),
            tenant: None,
            headers: vec!["x-key".into()],
            has_ca: true,
            timeout_s: 30,
            created_at: at,
            updated_at: at,
        };
        assert_eq!(crate::domain::reading::read(serde_json::to_string(&source).expect("it serialises").as_bytes()), Some(source));
        let tried = SourceTried { answers: false, words: "nobody is there".into() };
        assert_eq!(crate::domain::reading::read(serde_json::to_string(&tried).expect("it serialises").as_bytes()), Some(tried));
    }

    #[test]
    fn absent_and_empty_are_not_the_same() {
        let draft: DataSourceDraft = serde_json::from_str(r#"{"tenant": "", "auth": {"kind": "bearer"}, "headers": {"a": null}}"#).expect("it is a draft");
        assert_eq!((draft.tenant.as_deref(), draft.name, draft.auth), (Some(""), None, Some(AuthDraft::Bearer { token: None })));
        assert_eq!(draft.headers, Some(BTreeMap::from([("a".to_owned(), None)])));
        assert!(serde_json::from_str::<DataSourceDraft>(r#"{"pasword": "x"}"#).is_err());
    }
}
