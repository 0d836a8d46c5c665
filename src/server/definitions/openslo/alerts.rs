//! Alert policies of OpenSLO as pairs of windows, where they fit.

use super::{
    super::{fields::Fields, spans::Shorthand},
    Library,
};
use crate::domain::slo::{
    burn::{Pair, Urgency},
    objective::{Alerting, PairDraft},
    target::Target,
};

/// As in the Workbook the short window is a twelfth of the long one.
const SHORT_PART: i64 = 12;
const PAGES: [&str; 7] = ["page", "critical", "high", "sev1", "sev2", "p1", "p2"];
const TICKETS: [&str; 9] = ["ticket", "warning", "medium", "low", "info", "sev3", "sev4", "p3", "p4"];

/// For what the pairs have to work.
pub struct For {
    pub target: Target,
    pub window_s: i64,
    pub slice_s: i64,
}

/// The alerting that the policies of an SLO ask for. Without any that fits it is the usual one.
pub fn read<'a>(spec: &Fields<'a>, library: &Library<'a>, of: &For) -> Alerting {
    let policies = spec.list("alertPolicies");
    if policies.is_empty() {
        spec.remark("alertPolicies", "it names none, so the usual burn rate alerts apply");
        return Alerting::default();
    }
    let mut pairs: Vec<PairDraft> = Vec::new();
    for policy in policies {
        let Some(policy) = referred(policy, "alertPolicyRef", "AlertPolicy", library) else { continue };
        pairs.extend(read_policy(&policy, library, of));
    }
    if pairs.is_empty() {
        spec.remark("alertPolicies", "none of them can be kept, so the usual burn rate alerts apply");
        return Alerting::default();
    }
    Alerting { pairs: Some(pairs), ..Alerting::default() }
}

/// The document that is named, or what stands here.
fn referred<'a>(here: Fields<'a>, field: &str, kind: &'static str, library: &Library<'a>) -> Option<Fields<'a>> {
    let Some(name) = here.text(field) else { return Some(here) };
    let found = library.find(kind, &name);
    if found.is_none() {
        here.fault(field, format!("there is no {kind} “{name}” in these files; add the file that holds it"));
    }
    here.may_have(&["kind", "metadata"]);
    found
}

fn read_policy<'a>(policy: &Fields<'a>, library: &Library<'a>, of: &For) -> Vec<PairDraft> {
    policy.may_have(&["apiVersion", "kind", "metadata"]);
    let Some(spec) = policy.fields("spec") else {
        policy.fault("spec", "it is missing");
        return vec![];
    };
    spec.may_have(&["description"]);
    spec.is_left_out("notificationTargets", "who is told of an alert is set in Tocsin itself; they were left out");
    if spec.flag("alertWhenBreaching") == Some(false) {
        spec.remark("alertWhenBreaching", "an alert that does not say when it breaches does not exist here; the policy was left out");
        for condition in spec.list("conditions") {
            condition.all();
        }
        return vec![];
    }
    if spec.flag("alertWhenNoData") == Some(false) {
        spec.remark("alertWhenNoData", "that a source has gone silent is always said here; it cannot be switched off for one objective");
    }
    // That an alert is over is always said, so asking for it loses nothing.
    if spec.flag("alertWhenResolved") == Some(false) {
        spec.remark("alertWhenResolved", "that an alert is over is always said here");
    }
    let conditions = spec.list("conditions");
    if conditions.is_empty() {
        spec.remark("conditions", "it has no condition; the policy was left out");
    }
    let conditions = conditions.into_iter().filter_map(|condition| referred(condition, "conditionRef", "AlertCondition", library));
    conditions.filter_map(|condition| read_condition(&condition, of)).collect()
}

fn read_condition(fields: &Fields, of: &For) -> Option<PairDraft> {
    fields.may_have(&["apiVersion", "kind", "metadata"]);
    let spec = fields.fields("spec")?;
    spec.may_have(&["description"]);
    let severity = severity(&spec);
    let Some(condition) = spec.fields("condition") else {
        spec.fault("condition", "it is missing");
        return None;
    };
    let kind = condition.text("kind").unwrap_or_else(|| "burnrate".to_owned());
    let (threshold, lookback) = (condition.number("threshold"), condition.text("lookbackWindow"));
    let (op, after) = (condition.text("op"), condition.text("alertAfter"));
    if !kind.eq_ignore_ascii_case("burnrate") {
        condition.remark("kind", format!("“{kind}” is not known here, only burnrate; the condition was left out"));
        return None;
    }
    match op.as_deref() {
        None | Some("gt") => {}
        Some("gte") => condition.remark("op", "an alert fires above its threshold here, not at it"),
        Some(other) => {
            condition.remark("op", format!("a burn rate alert fires above its threshold, and “{other}” asks for something else; the condition was left out"));
            return None;
        }
    }
    let Some(factor) = threshold else {
        if !condition.has("threshold") {
            condition.fault("threshold", "it is missing");
        }
        return None;
    };
    let Some(long_s) = lookback.as_deref().and_then(Shorthand::parse).map(Shorthand::usual_secs) else {
        condition.fault("lookbackWindow", "it is a span like 1h, 30m or 3d");
        return None;
    };
    if after.is_some_and(|after| Shorthand::parse(&after).is_some()) {
        condition.remark("alertAfter", "instead of waiting, a short window of a twelfth has to burn as fast; the field was left out");
    }
    let short_s = (long_s / SHORT_PART / 60 * 60).max(2 * of.slice_s);
    let pair = Pair { long_s, short_s, factor, urgency: severity };
    let refusals = pair.refusals(of.target, of.window_s, of.slice_s);
    if refusals.is_empty() {
        return Some(PairDraft { severity, factor, long_s, short_s });
    }
    let words: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    condition.remark("", format!("the condition was left out: {}", words.join("; ")));
    None
}

fn severity(spec: &Fields) -> Urgency {
    let text = spec.text("severity").unwrap_or_default();
    let word = text.to_ascii_lowercase();
    if PAGES.contains(&word.as_str()) {
        return Urgency::Page;
    }
    if !TICKETS.contains(&word.as_str()) {
        spec.remark("severity", format!("“{text}” is taken for a ticket; an alert that wakes somebody has the severity page"));
    }
    Urgency::Ticket
}
