//! A data source as files say it. Secrets are never in a file: it names the environment variables
//! that hold them, and whoever applies it looks there.

use super::{What, fields::Fields};
use crate::{
    domain::data_source::{AuthDraft, DataSourceDraft, SourceKind},
    server::prometheus::Endpoint,
};
use std::collections::BTreeMap;

/// What a file says. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataSourceSpec {
    /// Absent: it stays; of a new one Prometheus.
    pub kind: Option<SourceKind>,
    /// What stands before the API's own paths.
    pub url: String,
    pub auth: Option<AuthSpec>,
    pub tenant: Option<String>,
    /// Headers and the variables that hold their values.
    pub headers_env: BTreeMap<String, String>,
    pub ca_pem: Option<String>,
    pub timeout_s: Option<u32>,
}

/// How the source is to know us. Without a variable the secret stays that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthSpec {
    None,
    Bearer { token_env: Option<String> },
    Basic { user: String, password_env: Option<String> },
}

/// Fields that people might write a secret into, and what to write instead.
const SECRETS: [(&str, &str); 5] = [
    ("bearer_token", "bearer_token_env"),
    ("token", "bearer_token_env"),
    ("basic_password", "basic_password_env"),
    ("password", "basic_password_env"),
    ("headers", "headers_env"),
];

impl DataSourceSpec {
    /// One of which only the address is known.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Everything that is wrong with it, as far as it can be said without its secrets.
    pub fn faults(&self) -> Vec<String> {
        let plain = Endpoint::new(&self.url);
        let endpoint =
            Endpoint { tenant: self.tenant.clone(), ca_pem: self.ca_pem.clone(), timeout_secs: self.timeout_s.unwrap_or(plain.timeout_secs), ..plain };
        endpoint.faults().into_iter().map(|fault| format!("{}: {}", if fault.field == "base_url" { "url" } else { fault.field }, fault.words)).collect()
    }

    /// The variables it names.
    pub fn variables(&self) -> Vec<&str> {
        let of_auth = match &self.auth {
            Some(AuthSpec::Bearer { token_env }) => token_env.as_deref(),
            Some(AuthSpec::Basic { password_env, .. }) => password_env.as_deref(),
            Some(AuthSpec::None) | None => None,
        };
        of_auth.into_iter().chain(self.headers_env.values().map(String::as_str)).collect()
    }

    /// It with its secrets. `headers` are the names of those that are there; they stay.
    pub fn draft(&self, name: &str, headers: &[String], variable: &dyn Fn(&str) -> Option<String>) -> Result<DataSourceDraft, Vec<String>> {
        let mut faults = Vec::new();
        let mut secret = |name: &String| {
            let value = variable(name).filter(|value| !value.is_empty());
            if value.is_none() {
                faults.push(format!("the environment variable {name} is not set; it holds a secret of this data source"));
            }
            value
        };
        let auth = self.auth.as_ref().map(|auth| match auth {
            AuthSpec::None => AuthDraft::None,
            AuthSpec::Bearer { token_env } => AuthDraft::Bearer { token: token_env.as_ref().and_then(&mut secret) },
            AuthSpec::Basic { user, password_env } => AuthDraft::Basic { user: user.clone(), password: password_env.as_ref().and_then(&mut secret) },
        });
        let mut all: BTreeMap<String, Option<String>> = headers.iter().map(|header| (header.clone(), None)).collect();
        all.extend(self.headers_env.iter().map(|(header, name)| (header.to_ascii_lowercase(), secret(name))));
        let draft = DataSourceDraft {
            name: Some(name.to_owned()),
            kind: self.kind.map(|kind| kind.slug().to_owned()),
            url: Some(self.url.clone()),
            auth,
            tenant: self.tenant.clone(),
            headers: (!self.headers_env.is_empty()).then_some(all),
            ca_pem: self.ca_pem.clone(),
            timeout_s: self.timeout_s,
        };
        if faults.is_empty() { Ok(draft) } else { Err(faults) }
    }
}

pub fn read(name: String, spec: &Fields) -> Option<What> {
    let kind = spec.text("type").and_then(|text| {
        let kind = SourceKind::from_slug(&text.to_ascii_lowercase());
        if kind.is_none() {
            spec.fault("type", format!("“{text}” cannot be asked; it is prometheus (also for Thanos, Mimir and VictoriaMetrics), jaeger or tempo"));
        }
        kind
    });
    let url = spec.needed_text("url");
    for (field, instead) in SECRETS {
        if spec.value(field).is_some() {
            spec.fault(field, format!("secrets do not belong into files; name the environment variable that holds it: {instead}"));
        }
    }
    let (token_env, user, password_env) = (spec.text("bearer_token_env"), spec.text("basic_user"), spec.text("basic_password_env"));
    let auth = match (spec.text("auth").as_deref(), token_env, user, password_env) {
        (None, None, None, None) => None,
        (Some("none"), None, None, None) => Some(AuthSpec::None),
        (None | Some("bearer"), token_env, None, None) => Some(AuthSpec::Bearer { token_env }),
        (None | Some("basic"), None, Some(user), password_env) => Some(AuthSpec::Basic { user, password_env }),
        _ => {
            spec.fault("auth", "it is none, bearer (with bearer_token_env) or basic (with basic_user and basic_password_env)");
            None
        }
    };
    let headers_env = match spec.fields("headers_env") {
        None => BTreeMap::new(),
        Some(headers) => headers.all().keys().filter_map(|header| Some((header.clone(), headers.text(header)?))).collect(),
    };
    let timeout_s = spec.text("timeout_s").and_then(|text| {
        let secs = text.parse();
        secs.map_err(|_| spec.fault("timeout_s", "a whole number of seconds is expected here")).ok()
    });
    let draft = DataSourceSpec { kind, url: url?, auth, tenant: spec.text("tenant"), headers_env, ca_pem: spec.text("ca_pem"), timeout_s };
    Some(What::DataSource { name, draft: Box::new(draft) })
}
