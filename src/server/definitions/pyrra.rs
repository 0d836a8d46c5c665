//! Pyrra's files: `apiVersion: pyrra.dev/v1alpha1`, one objective each.

use super::{
    What,
    fields::Fields,
    indicator::{OPEN_SOURCE, latency},
    spans::prometheus_secs,
};
use crate::domain::slo::{
    calendar::Window,
    objective::{Alerting, Basis, FINE_S, Indicator, Method, ObjectiveDraft},
    target::Target,
};

/// Labels that name the service an objective is of, the most telling first.
const SERVICE_LABELS: [&str; 4] = ["pyrra.dev/service", "service", "app.kubernetes.io/name", "app"];
const INDICATORS: &str = "it has one of ratio, latency, latencyNative and bool_gauge";

pub fn read(root: &Fields) -> Vec<What> {
    root.may_have(&["apiVersion", "status"]);
    match root.needed_text("kind").as_deref() {
        None | Some("ServiceLevelObjective") => objective(root, root).into_iter().collect(),
        Some("ServiceLevelObjectiveList") => {
            root.may_have(&["metadata"]);
            root.list("items")
                .iter()
                .filter_map(|item| {
                    item.may_have(&["apiVersion", "kind", "status"]);
                    objective(root, item)
                })
                .collect()
        }
        Some(other) => {
            root.all();
            root.fault("kind", format!("“{other}” is not understood; it is ServiceLevelObjective"));
            vec![]
        }
    }
}

fn objective(root: &Fields, item: &Fields) -> Option<What> {
    let metadata = item.fields("metadata");
    let spec = item.fields("spec");
    for (name, is_there) in [("metadata", item.has("metadata")), ("spec", item.has("spec"))] {
        if !is_there {
            item.fault(name, "it is missing");
        }
    }
    let (metadata, spec) = match (metadata, spec) {
        (Some(metadata), Some(spec)) => (metadata, spec),
        (metadata, spec) => {
            metadata.iter().chain(&spec).for_each(|fields| _ = fields.all());
            return None;
        }
    };
    let name = metadata.needed_text("name");
    root.notes().is_named(Some("ServiceLevelObjective".to_owned()), name.clone());
    metadata.may_have(&["namespace", "creationTimestamp", "generation", "resourceVersion", "uid", "managedFields"]);
    metadata.is_left_out("annotations", "annotations have no place in an objective; they were left out");
    let service = metadata.fields("labels").and_then(|labels| {
        let label = SERVICE_LABELS.into_iter().find(|label| labels.has(label));
        let rest: Vec<&str> = labels.all().keys().map(String::as_str).filter(|name| Some(*name) != label && *name != "prometheus" && *name != "role").collect();
        if !rest.is_empty() {
            labels.remark("", format!("labels have no place in an objective; these were left out: {}", rest.join(", ")));
        }
        label.and_then(|label| labels.text(label))
    });
    let target = spec.needed_text("target").and_then(|text| {
        let target = Target::imported(&format!("{} %", text.trim().trim_end_matches('%')));
        target.map_err(|refusal| spec.fault("target", format!("{refusal}; Pyrra's targets are percentages"))).ok()
    });
    let window = spec.needed_text("window").and_then(|text| {
        let Some(secs) = prometheus_secs(&text) else {
            spec.fault("window", format!("“{text}” is no span; write it like 4w or 30d"));
            return None;
        };
        #[allow(clippy::cast_possible_truncation)] // whole seconds are meant, and a window has at most a year
        Window::Rolling { seconds: secs as i64 }.check().map_err(|refusal| spec.fault("window", refusal.to_string())).ok()
    });
    let description = spec.text("description").unwrap_or_default();
    spec.is_left_out("partial_response_strategy", "answers that are only a part are never taken here; the field was left out");
    spec.is_left_out("performance_over_accuracy", "readings are kept slice by slice here; the field was left out");
    let alerting = spec.fields("alerting").map_or_else(Alerting::default, |alerting| read_alerting(&alerting));
    let indicator = match spec.fields("indicator") {
        Some(indicator) => read_indicator(&indicator),
        None => {
            spec.fault("indicator", INDICATORS);
            None
        }
    };
    let draft = ObjectiveDraft {
        name: name?,
        title: None,
        description,
        service,
        target: target?,
        windows: vec![window?],
        method: Method::Occurrences,
        slice_target: None,
        indicator: indicator?,
        source: Some(OPEN_SOURCE.to_owned()),
        slice_s: FINE_S,
        alerting,
        gate_fails_closed: false,
        basis: Basis::default(),
    };
    Some(What::Objective { draft: Box::new(draft), is_source_open: true })
}

fn read_alerting(alerting: &Fields) -> Alerting {
    alerting.is_left_out("name", "alerts have names of their own here; the field was left out");
    alerting.is_left_out("absentName", "alerts have names of their own here; the field was left out");
    if alerting.flag("absent") == Some(false) {
        alerting.remark("absent", "that a source has gone silent is always said here; it cannot be switched off for one objective");
    }
    let (disabled, burn_rates) = (alerting.flag("disabled"), alerting.flag("burnrates"));
    let is_off = disabled.unwrap_or_default() || burn_rates == Some(false);
    Alerting { enabled: !is_off, ..Alerting::default() }
}

fn read_indicator(indicator: &Fields) -> Option<Indicator> {
    let [ratio, timely, native, gauge] = ["ratio", "latency", "latencyNative", "bool_gauge"].map(|name| indicator.fields(name));
    match (ratio, timely, native, gauge) {
        (Some(ratio), None, None, None) => {
            one_over_all_groups(&ratio);
            let (bad, total) = (metric(&ratio, "errors"), metric(&ratio, "total"));
            Some(Indicator::Ratio { good: None, bad: Some(bad?), total: total? })
        }
        (None, Some(timely), None, None) => {
            one_over_all_groups(&timely);
            let (good, total) = (metric(&timely, "success"), metric(&timely, "total"));
            let (good, total) = (good?, total?);
            Some(latency(&good, &total).unwrap_or_else(|| {
                timely.remark("success", "this is no bucket of the histogram whose count is the total; both are taken as counters");
                Indicator::Ratio { good: Some(good), bad: None, total }
            }))
        }
        (None, None, Some(native), None) => {
            one_over_all_groups(&native);
            let histogram = metric(&native, "total");
            let threshold = native.needed_text("latency").and_then(|text| {
                let secs = prometheus_secs(&text);
                if secs.is_none() {
                    native.fault("latency", format!("“{text}” is no span; write it like 200ms"));
                }
                secs
            });
            Some(Indicator::Latency { histogram: histogram?, threshold_s: threshold?, native: true })
        }
        (None, None, None, Some(gauge)) => {
            one_over_all_groups(&gauge);
            Some(Indicator::Probe { query: gauge.needed_text("metric")?.trim().to_owned(), absent_is_bad: false })
        }
        (ratio, timely, native, gauge) => {
            [ratio, timely, native, gauge].iter().flatten().for_each(|fields| _ = fields.all());
            indicator.fault("", INDICATORS);
            None
        }
    }
}

fn metric(of: &Fields, name: &str) -> Option<String> {
    let Some(query) = of.fields(name) else {
        if !of.has(name) {
            of.fault(name, "it is missing");
        }
        return None;
    };
    query.needed_text("metric").map(|metric| metric.trim().to_owned())
}

fn one_over_all_groups(of: &Fields) {
    of.is_left_out("grouping", "an objective is over all groups together here; make one for each group that matters");
}
