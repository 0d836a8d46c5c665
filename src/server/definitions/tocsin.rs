//! Our own format, `apiVersion: tocsin/v1`: services, objectives, data sources and exclusions.

use super::{What, fields::Fields};
use crate::{
    domain::{
        services::ServiceDraft,
        slo::{
            calendar::Window,
            exclusion::ExclusionDraft,
            objective::{Alerting, FINE_S, Indicator, ObjectiveDraft},
            target::Target,
        },
    },
    server::prometheus::{Auth, Endpoint, Secret},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

pub const API_VERSION: &str = "tocsin/v1";
const KINDS: &str = "Service, Objective, DataSource or Exclusion";

pub fn read(root: &Fields) -> Vec<What> {
    root.may_have(&["apiVersion"]);
    let kind = root.needed_text("kind");
    let Some(metadata) = root.fields("metadata") else {
        if kind.as_deref() == Some("Exclusion") {
            return root.fields("spec").and_then(|spec| exclusion(&spec)).into_iter().collect();
        }
        if !root.has("metadata") {
            root.fault("metadata", "it is missing; metadata.name says what the definition is called");
        }
        root.may_have(&["spec"]);
        return vec![];
    };
    let name = if kind.as_deref() == Some("Exclusion") { metadata.text("name") } else { metadata.needed_text("name") };
    let Some(spec) = root.fields("spec") else {
        if !root.has("spec") {
            root.fault("spec", "it is missing");
        }
        return vec![];
    };
    let name = name.unwrap_or_default();
    let found = match kind.as_deref() {
        Some("Service") => service(name, &spec),
        Some("Objective") => objective(name, &spec),
        Some("DataSource") => data_source(name, &spec),
        Some("Exclusion") => exclusion(&spec),
        other => {
            if let Some(other) = other {
                root.fault("kind", format!("“{other}” is no kind of {API_VERSION}; it is {KINDS}"));
            }
            spec.all();
            None
        }
    };
    found.into_iter().collect()
}

fn service(name: String, spec: &Fields) -> Option<What> {
    let draft: ServiceDraft = whole(spec)?;
    Some(What::Service { name, draft, is_whole: true })
}

fn exclusion(spec: &Fields) -> Option<What> {
    Some(What::Exclusion(Box::new(whole::<ExclusionDraft>(spec)?)))
}

fn objective(name: String, spec: &Fields) -> Option<What> {
    let target = target(spec, "target").or_else(|| missing(spec, "target"));
    let windows = spec.has("windows").then(|| windows(spec)).or_else(|| missing(spec, "windows"));
    let indicator: Option<Indicator> = part(spec, "indicator").or_else(|| missing(spec, "indicator"));
    let draft = ObjectiveDraft {
        name,
        title: spec.text("title"),
        description: spec.text("description").unwrap_or_default(),
        service: spec.text("service"),
        method: part(spec, "method").unwrap_or_default(),
        slice_target: self::target(spec, "slice_target"),
        source: spec.text("source"),
        slice_s: part(spec, "slice_s").unwrap_or(FINE_S),
        alerting: part::<Alerting>(spec, "alerting").unwrap_or_default(),
        gate_fails_closed: spec.flag("gate_fails_closed").unwrap_or_default(),
        basis: part(spec, "basis").unwrap_or_default(),
        target: target?,
        windows: windows?,
        indicator: indicator?,
    };
    Some(What::Objective { draft: Box::new(draft), is_source_open: false })
}

fn missing<T>(spec: &Fields, name: &str) -> Option<T> {
    if !spec.has(name) {
        spec.fault(name, "it is missing");
    }
    None
}

fn target(spec: &Fields, name: &str) -> Option<Target> {
    let text = spec.text(name)?;
    Target::imported(&text).map_err(|refusal| spec.fault(name, refusal.to_string())).ok()
}

/// Windows as people write them (`28d`, `calendar month in Europe/Berlin`), or as the REST API does.
fn windows(spec: &Fields) -> Vec<Window> {
    let read = |(path, item): (String, &Value)| {
        let refused = |words: String| spec.notes().fault(&path, words);
        let window = match item {
            Value::String(text) => Window::parse(text).map_err(|refusal| refused(refusal.to_string())).ok()?,
            other => {
                let window: Window = serde_json::from_value(other.clone()).map_err(|error| refused(error.to_string())).ok()?;
                remark_on_unknown(spec, &path, other, &window);
                window.check().map_err(|refusal| refused(refusal.to_string())).ok()?
            }
        };
        Some(window)
    };
    spec.items("windows").into_iter().filter_map(read).collect()
}

/// A field of a known shape.
fn part<T: DeserializeOwned + Serialize>(spec: &Fields, name: &str) -> Option<T> {
    let value = spec.value(name)?;
    let read: T = serde_json::from_value(value.clone()).map_err(|error| spec.fault(name, error.to_string())).ok()?;
    remark_on_unknown(spec, &spec.path(name), value, &read);
    Some(read)
}

/// All fields, as one known shape.
fn whole<T: DeserializeOwned + Serialize>(spec: &Fields) -> Option<T> {
    let value = Value::Object(spec.all().clone());
    let read: T = serde_json::from_value(value.clone()).map_err(|error| spec.fault("", error.to_string())).ok()?;
    remark_on_unknown(spec, &spec.path(""), &value, &read);
    Some(read)
}

/// What was given and is not in what was read.
fn remark_on_unknown(spec: &Fields, path: &str, given: &Value, read: &impl Serialize) {
    let read = serde_json::to_value(read).unwrap_or_default();
    unknown(path, given, &read, &mut |path| spec.notes().remark(path, "Tocsin does not know this field; it was left out"));
}

fn unknown(path: &str, given: &Value, read: &Value, say: &mut impl FnMut(&str)) {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            for (name, value) in given {
                let path = format!("{path}.{name}");
                match read.get(name) {
                    Some(read) => unknown(&path, value, read, say),
                    None if value.is_null() => {}
                    None => say(&path),
                }
            }
        }
        (Value::Array(given), Value::Array(read)) => given.iter().zip(read).enumerate().for_each(|(at, (given, read))| unknown(&format!("{path}[{at}]"), given, read, say)),
        _ => {}
    }
}

/// What a file says of a data source. Secrets are never in it: it may name environment variables
/// that hold them.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSourceDraft {
    /// What stands before `/api/v1`.
    pub url: String,
    /// Absent: as it is.
    pub auth: Option<AuthDraft>,
    pub tenant: Option<String>,
    /// Headers whose values stand in environment variables. What is not named stays as it is.
    pub headers_env: BTreeMap<String, String>,
    pub ca_pem: Option<String>,
    pub timeout_s: Option<u32>,
}

/// How a data source knows us. Without a variable the secret that is kept already stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthDraft {
    None,
    Bearer { token_env: Option<String> },
    Basic { user: String, password_env: Option<String> },
}

impl DataSourceDraft {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), auth: None, tenant: None, headers_env: BTreeMap::new(), ca_pem: None, timeout_s: None }
    }

    /// Everything that can be said of it without its secrets.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let known = match &self.auth {
            None | Some(AuthDraft::None) => Auth::None,
            Some(AuthDraft::Bearer { .. }) => Auth::Bearer { token: Secret::new("a") },
            Some(AuthDraft::Basic { user, .. }) => Auth::Basic { user: user.clone(), password: Secret::new("a") },
        };
        let before = Endpoint { auth: known, ..Endpoint::new(&self.url) };
        self.endpoint(Some(&before), &|_| Some("a".to_owned())).map(drop)
    }

    /// The data source with its secrets: from `variable`, or those of `before`. An address that
    /// changes wants them anew, so that nobody has them sent elsewhere who does not know them.
    pub fn endpoint(&self, before: Option<&Endpoint>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Endpoint, Vec<String>> {
        let mut faults = Vec::new();
        let same = before.filter(|before| before.base_url == self.url);
        let mut secret = |name: &str| match variable(name).filter(|value| !value.is_empty()) {
            Some(value) => Secret::new(value),
            None => {
                faults.push(format!("the environment variable {name}, which holds its secret, is not set"));
                Secret::new("")
            }
        };
        let mut headers = same.map(|same| same.headers.clone()).unwrap_or_default();
        for (header, name) in &self.headers_env {
            headers.insert(header.to_ascii_lowercase(), secret(name));
        }
        let kept = same.map(|same| same.auth.clone());
        let auth = match (&self.auth, kept) {
            (None, kept) => kept.unwrap_or_default(),
            (Some(AuthDraft::None), _) => Auth::None,
            (Some(AuthDraft::Bearer { token_env: Some(name) }), _) => Auth::Bearer { token: secret(name) },
            (Some(AuthDraft::Basic { user, password_env: Some(name) }), _) => Auth::Basic { user: user.clone(), password: secret(name) },
            (Some(AuthDraft::Bearer { token_env: None }), Some(kept @ Auth::Bearer { .. })) => kept,
            (Some(AuthDraft::Basic { user, password_env: None }), Some(Auth::Basic { password, .. })) => Auth::Basic { user: user.clone(), password },
            (Some(AuthDraft::Bearer { token_env: None }), _) => {
                faults.push("its token is not known; name the environment variable that holds it: bearer_token_env".to_owned());
                Auth::None
            }
            (Some(AuthDraft::Basic { password_env: None, .. }), _) => {
                faults.push("its password is not known; name the environment variable that holds it: basic_password_env".to_owned());
                Auth::None
            }
        };
        let had_secrets = before.is_some_and(|before| before.auth != Auth::None || !before.headers.is_empty());
        if same.is_none() && had_secrets && self.auth.is_none() && self.headers_env.is_empty() {
            faults.push("its address changes, so its secrets have to be given again: bearer_token_env, basic_password_env, headers_env, or auth: none".to_owned());
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let plain = Endpoint::new(&self.url);
        let endpoint = Endpoint { auth, headers, tenant: self.tenant.clone(), ca_pem: self.ca_pem.clone(), timeout_secs: self.timeout_s.unwrap_or(plain.timeout_secs), ..plain };
        let faults: Vec<String> = endpoint.faults().into_iter().map(|fault| format!("{}: {}", fault.field, fault.words)).collect();
        if faults.is_empty() { Ok(endpoint) } else { Err(faults) }
    }
}

fn data_source(name: String, spec: &Fields) -> Option<What> {
    if let Some(kind) = spec.text("type").filter(|kind| !kind.eq_ignore_ascii_case("prometheus")) {
        spec.fault("type", format!("“{kind}” cannot be asked; the type is prometheus, also for Thanos, Mimir and VictoriaMetrics"));
    }
    let url = spec.needed_text("url");
    for (field, instead) in [("bearer_token", "bearer_token_env"), ("token", "bearer_token_env"), ("basic_password", "basic_password_env"), ("password", "basic_password_env")] {
        if spec.value(field).is_some() {
            spec.fault(field, format!("secrets do not belong into files; name the environment variable that holds it: {instead}"));
        }
    }
    let (token_env, user, password_env) = (spec.text("bearer_token_env"), spec.text("basic_user"), spec.text("basic_password_env"));
    let auth = match (spec.text("auth").as_deref(), token_env, user, password_env) {
        (None, None, None, None) => None,
        (Some("none"), None, None, None) => Some(AuthDraft::None),
        (None | Some("bearer"), token_env, None, None) => Some(AuthDraft::Bearer { token_env }),
        (None | Some("basic"), None, Some(user), password_env) => Some(AuthDraft::Basic { user, password_env }),
        _ => {
            spec.fault("auth", "it is none, bearer (with bearer_token_env) or basic (with basic_user and basic_password_env)");
            None
        }
    };
    let headers_env = match spec.fields("headers_env") {
        None => BTreeMap::new(),
        Some(headers) => headers.all().keys().filter_map(|header| Some((header.clone(), headers.text(header)?))).collect(),
    };
    let timeout_s = part(spec, "timeout_s");
    let draft = DataSourceDraft { url: url?, auth, tenant: spec.text("tenant"), headers_env, ca_pem: spec.text("ca_pem"), timeout_s };
    Some(What::DataSource { name, draft: Box::new(draft) })
}
