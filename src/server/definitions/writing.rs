//! Definitions as YAML in our own format, as people would write it: what is as usual is left away,
//! and secrets are never in it.

use super::tocsin::API_VERSION;
use crate::{
    domain::{
        services::ServiceDraft,
        slo::{
            exclusion::ExclusionDraft,
            objective::{Alerting, ObjectiveDraft},
        },
    },
    server::prometheus::{Auth, Endpoint},
};
use serde::Serialize;
use std::collections::BTreeMap;
use yaml_serde::{Mapping, Value};

/// One document, without the line of dashes in front.
pub struct Written {
    pub text: String,
    /// What a reader should know of it and what cannot stand in it.
    pub comments: Vec<String>,
}

/// Documents one behind the other.
pub fn file(documents: &[Written]) -> String {
    let mut text = String::new();
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            text.push_str("---\n");
        }
        for comment in &document.comments {
            text.push_str(&comment_line(comment));
        }
        text.push_str(&document.text);
    }
    text
}

/// A comment that stays one, whatever it says.
pub fn comment_line(words: &str) -> String {
    format!("# {}\n", super::note::inert(words))
}

pub fn service(name: &str, draft: &ServiceDraft) -> Written {
    document("Service", Some(name), fields(draft))
}

pub fn objective(draft: &ObjectiveDraft) -> Written {
    let mut spec = fields(draft);
    spec.shift_remove("name");
    put(&mut spec, "target", draft.target.percent_text());
    put(&mut spec, "windows", draft.windows.iter().map(ToString::to_string).collect::<Vec<_>>());
    if let Some(target) = draft.slice_target {
        put(&mut spec, "slice_target", target.percent_text());
    }
    if draft.alerting == Alerting::default() {
        spec.shift_remove("alerting");
    }
    for (name, usual) in [("gate_fails_closed", Value::Bool(false)), ("method", "occurrences".into()), ("basis", "last_period".into()), ("slice_s", 60.into())]
    {
        if spec.get(name) == Some(&usual) {
            spec.shift_remove(name);
        }
    }
    document("Objective", Some(&draft.name), spec)
}

/// A data source without its secrets; applied again it keeps those that it has.
pub fn data_source(name: &str, kind: &str, endpoint: &Endpoint) -> Written {
    let mut spec = Mapping::new();
    let mut comments = Vec::new();
    put(&mut spec, "type", kind);
    put(&mut spec, "url", &endpoint.base_url);
    match &endpoint.auth {
        Auth::None => {}
        Auth::Bearer { .. } => {
            put(&mut spec, "auth", "bearer");
            comments.push("Its token is not exported; elsewhere add bearer_token_env with the variable that holds it.".to_owned());
        }
        Auth::Basic { user, .. } => {
            put(&mut spec, "auth", "basic");
            put(&mut spec, "basic_user", user);
            comments.push("Its password is not exported; elsewhere add basic_password_env with the variable that holds it.".to_owned());
        }
    }
    if !endpoint.headers.is_empty() {
        let names: Vec<&str> = endpoint.headers.keys().map(String::as_str).collect();
        comments
            .push(format!("The values of its headers are not exported; elsewhere add headers_env with the variables that hold them: {}.", names.join(", ")));
    }
    if let Some(tenant) = &endpoint.tenant {
        put(&mut spec, "tenant", tenant);
    }
    put(&mut spec, "timeout_s", endpoint.timeout_secs);
    if let Some(pem) = &endpoint.ca_pem {
        put(&mut spec, "ca_pem", pem);
    }
    Written { comments, ..document("DataSource", Some(name), spec) }
}

pub fn exclusion(draft: &ExclusionDraft) -> Written {
    document("Exclusion", None, fields(draft))
}

fn document(kind: &str, name: Option<&str>, spec: Mapping) -> Written {
    let mut root = Mapping::new();
    put(&mut root, "apiVersion", API_VERSION);
    put(&mut root, "kind", kind);
    if let Some(name) = name {
        put(&mut root, "metadata", BTreeMap::from([("name", name)]));
    }
    put(&mut root, "spec", spec);
    Written { text: text_of(&root), comments: vec![] }
}

/// What YAML there is for it. All of these can be written.
pub fn text_of(value: &impl Serialize) -> String {
    yaml_serde::to_string(value).unwrap_or_default()
}

/// The fields of a draft in the order in which it has them, without those that say nothing.
fn fields(draft: &impl Serialize) -> Mapping {
    match yaml_serde::to_value(draft).map(pruned) {
        Ok(Value::Mapping(fields)) => fields,
        _ => Mapping::new(),
    }
}

fn pruned(value: Value) -> Value {
    match value {
        Value::Mapping(fields) => {
            let kept = fields.into_iter().map(|(name, value)| (name, pruned(value)));
            Value::Mapping(kept.filter(|(_, value)| !says_nothing(value)).collect())
        }
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(pruned).collect()),
        other => other,
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        _ => false,
    }
}

pub fn put(into: &mut Mapping, name: &str, value: impl Serialize) {
    into.insert(name.into(), yaml_serde::to_value(value).unwrap_or_default());
}
