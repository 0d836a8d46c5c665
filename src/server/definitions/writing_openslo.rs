//! Objectives as OpenSLO v1, where they fit; what does not fit is a comment.

use super::{
    spans::{shorthand, shorthand_of},
    writing::{Written, comment_line, put, text_of},
};
use crate::domain::slo::{
    burn::Urgency,
    calendar::Window,
    objective::{Indicator, Method, ObjectiveDraft},
};
use yaml_serde::{Mapping, Value};

/// All objectives, each as a document or as a comment that says why it is none.
pub fn file(drafts: &[&ObjectiveDraft]) -> String {
    let (mut text, mut left_out) = (String::new(), String::new());
    for draft in drafts {
        match objective(draft) {
            Ok(written) => {
                if !text.is_empty() {
                    text.push_str("---\n");
                }
                written.comments.iter().for_each(|comment| text.push_str(&comment_line(comment)));
                text.push_str(&written.text);
            }
            Err(why) => left_out.push_str(&comment_line(&format!("“{}” is not here: {why}", draft.name))),
        }
    }
    left_out + &text
}

fn objective(draft: &ObjectiveDraft) -> Result<Written, String> {
    let mut comments = Vec::new();
    let mut goal = Mapping::new();
    let indicator = indicator(draft, &mut goal)?;
    let mut metadata = Mapping::new();
    put(&mut metadata, "name", &draft.name);
    if let Some(title) = &draft.title {
        put(&mut metadata, "displayName", title);
    }
    let mut spec = Mapping::new();
    if !draft.description.is_empty() {
        put(&mut spec, "description", &draft.description);
    }
    if let Some(service) = &draft.service {
        put(&mut spec, "service", service);
    } else {
        comments.push("It has no service, which OpenSLO needs.".to_owned());
    }
    put(&mut spec, "indicator", indicator);
    let Some(window) = draft.windows.first() else { return Err("it has no window".to_owned()) };
    put(&mut spec, "timeWindow", vec![time_window(window)]);
    if draft.windows.len() > 1 {
        let more: Vec<String> = draft.windows.iter().skip(1).map(ToString::to_string).collect();
        comments.push(format!("OpenSLO has one window; these are not here: {}.", more.join(", ")));
    }
    let method = match draft.method {
        Method::Occurrences => "Occurrences",
        Method::Timeslices => "Timeslices",
        Method::RatioTimeslices => "RatioTimeslices",
    };
    put(&mut spec, "budgetingMethod", method);
    if draft.target.is_zero_tolerance() {
        comments.push("A target of 1 is more than OpenSLO allows.".to_owned());
    }
    put(&mut goal, "target", draft.target);
    if let Some(target) = draft.slice_target {
        put(&mut goal, "timeSliceTarget", target);
    }
    if draft.method.counts_time() {
        put(&mut goal, "timeSliceWindow", shorthand(draft.slice_s));
    }
    put(&mut spec, "objectives", vec![goal]);
    if !draft.alerting.enabled {
        comments.push("Its burn rate alerts are switched off, which OpenSLO cannot say.".to_owned());
    } else if let Some(pairs) = &draft.alerting.pairs {
        let policy = |(at, pair): (usize, &crate::domain::slo::objective::PairDraft)| policy(&draft.name, at + 1, pair.severity, pair.factor, pair.long_s);
        put(&mut spec, "alertPolicies", pairs.iter().enumerate().map(policy).collect::<Vec<_>>());
    }
    if draft.gate_fails_closed {
        comments.push("Its release gate says no while nothing is known, which OpenSLO cannot say.".to_owned());
    }
    let mut root = Mapping::new();
    put(&mut root, "apiVersion", "openslo/v1");
    put(&mut root, "kind", "SLO");
    put(&mut root, "metadata", metadata);
    put(&mut root, "spec", spec);
    Ok(Written { text: text_of(&root), comments })
}

fn indicator(draft: &ObjectiveDraft, goal: &mut Mapping) -> Result<Mapping, String> {
    let source = draft.source.as_deref();
    let mut spec = Mapping::new();
    match &draft.indicator {
        Indicator::Ratio { good, bad, total } => {
            let (name, query) = match (good, bad) {
                (Some(good), _) => ("good", good.as_str()),
                (None, bad) => ("bad", bad.as_deref().unwrap_or_default()),
            };
            put(&mut spec, "ratioMetric", ratio(source, name, query, total));
        }
        Indicator::Latency { histogram, threshold_s, native: false } => {
            let (name, labels) = histogram.trim().split_once('{').unwrap_or((histogram.trim(), ""));
            let labels = labels.trim_end_matches('}').trim().trim_end_matches(',');
            let comma = if labels.is_empty() { "" } else { "," };
            let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            let within = format!("{}_bucket{{{labels}{comma}le=\"{threshold_s}\"}}", name.trim());
            put(&mut spec, "ratioMetric", ratio(source, "good", &within, &format!("{}_count{braces}", name.trim())));
        }
        Indicator::Threshold { absent_is_bad: true, .. } => return Err("OpenSLO has no words for silence that counts as bad".to_owned()),
        Indicator::Threshold { query, op, value, absent_is_bad: false } => {
            put(&mut spec, "thresholdMetric", metric(source, query));
            put(goal, "op", op.slug());
            put(goal, "value", value);
        }
        Indicator::Latency { native: true, .. } => return Err("OpenSLO has no words for a native histogram".to_owned()),
        Indicator::Probe { .. } => return Err("OpenSLO has no words for a gauge of 1 and 0".to_owned()),
        Indicator::Telemetry { .. } => return Err("it counts the traces that are sent to Tocsin, and OpenSLO asks for them".to_owned()),
        Indicator::Pushed => return Err("its readings are sent to Tocsin, and OpenSLO asks for them".to_owned()),
        Indicator::Composite { .. } => return Err("it is made from other objectives".to_owned()),
    }
    let mut indicator = Mapping::new();
    let mut metadata = Mapping::new();
    put(&mut metadata, "name", &draft.name);
    put(&mut indicator, "metadata", metadata);
    put(&mut indicator, "spec", spec);
    Ok(indicator)
}

fn ratio(source: Option<&str>, name: &str, query: &str, total: &str) -> Mapping {
    let mut ratio = Mapping::new();
    put(&mut ratio, "counter", true);
    put(&mut ratio, name, metric(source, query));
    put(&mut ratio, "total", metric(source, total));
    ratio
}

fn metric(source: Option<&str>, query: &str) -> Mapping {
    let (mut spec, mut inner, mut metric) = (Mapping::new(), Mapping::new(), Mapping::new());
    put(&mut spec, "query", query);
    if let Some(source) = source {
        put(&mut inner, "metricSourceRef", source);
    }
    put(&mut inner, "type", "Prometheus");
    put(&mut inner, "spec", spec);
    put(&mut metric, "metricSource", inner);
    metric
}

fn time_window(window: &Window) -> Mapping {
    let mut fields = Mapping::new();
    put(&mut fields, "duration", shorthand_of(window));
    match window {
        Window::Rolling { .. } => put(&mut fields, "isRolling", true),
        Window::Calendar { anchor_local, zone, .. } => {
            let mut calendar = Mapping::new();
            put(&mut calendar, "startTime", anchor_local.to_string().replace('T', " "));
            put(&mut calendar, "timeZone", zone);
            put(&mut fields, "calendar", calendar);
            put(&mut fields, "isRolling", false);
        }
    }
    fields
}

fn policy(objective: &str, number: usize, severity: Urgency, factor: f64, long_s: i64) -> Value {
    let named = |name: String| {
        let mut metadata = Mapping::new();
        put(&mut metadata, "name", name);
        metadata
    };
    let mut condition = Mapping::new();
    put(&mut condition, "kind", "burnrate");
    put(&mut condition, "op", "gt");
    put(&mut condition, "threshold", factor);
    put(&mut condition, "lookbackWindow", shorthand(long_s));
    let mut inner = Mapping::new();
    put(&mut inner, "severity", severity.slug());
    put(&mut inner, "condition", condition);
    let mut outer = Mapping::new();
    put(&mut outer, "kind", "AlertCondition");
    put(&mut outer, "metadata", named(format!("{objective}-burn-{number}")));
    put(&mut outer, "spec", inner);
    let mut spec = Mapping::new();
    put(&mut spec, "alertWhenBreaching", true);
    put(&mut spec, "conditions", vec![outer]);
    let mut policy = Mapping::new();
    put(&mut policy, "kind", "AlertPolicy");
    put(&mut policy, "metadata", named(format!("{objective}-alert-{number}")));
    put(&mut policy, "spec", spec);
    Value::Mapping(policy)
}
