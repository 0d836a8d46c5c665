//! Sloth's files: `version: prometheus/v1`, and its Kubernetes form with the same fields in other
//! letters. Sloth's objectives are over the last thirty days.

use super::{
    What,
    fields::{Fields, plain},
    indicator::{OPEN_SOURCE, has_template, ratio_only, ratio_only_words, with_our_window},
};
use crate::domain::{
    services::{MAX_TIER, ServiceDraft},
    slo::{
        burn,
        calendar::Window,
        objective::{Alerting, Basis, FINE_S, Indicator, Method, ObjectiveDraft, PairDraft, Urgency},
        target::Target,
    },
};

const WINDOW_DAYS: u16 = 30;
const LABELS: &str = "labels of rules and alerts have no place in an objective; they were left out";

/// How the two forms write the same.
struct Letters {
    error_query: &'static str,
    total_query: &'static str,
    error_ratio_query: &'static str,
    page_alert: &'static str,
    ticket_alert: &'static str,
}

const PLAIN: Letters = Letters {
    error_query: "error_query",
    total_query: "total_query",
    error_ratio_query: "error_ratio_query",
    page_alert: "page_alert",
    ticket_alert: "ticket_alert",
};
const KUBERNETES: Letters = Letters {
    error_query: "errorQuery",
    total_query: "totalQuery",
    error_ratio_query: "errorRatioQuery",
    page_alert: "pageAlert",
    ticket_alert: "ticketAlert",
};

pub fn read(root: &Fields) -> Vec<What> {
    root.may_have(&["version"]);
    let service = root.needed_text("service");
    root.notes().is_named(Some("Sloth".to_owned()), service.clone());
    of_service(service, root, &PLAIN)
}

pub fn read_kubernetes(root: &Fields) -> Vec<What> {
    root.may_have(&["apiVersion", "status"]);
    if root.needed_text("kind").is_some_and(|kind| kind != "PrometheusServiceLevel") {
        root.fault("kind", "it is PrometheusServiceLevel");
    }
    if let Some(metadata) = root.fields("metadata") {
        metadata.may_have(&["name", "namespace", "creationTimestamp", "generation", "resourceVersion", "uid", "managedFields"]);
        metadata.is_left_out("labels", LABELS);
        metadata.is_left_out("annotations", "annotations have no place in an objective; they were left out");
    }
    let Some(spec) = root.fields("spec") else {
        root.fault("spec", "it is missing");
        return vec![];
    };
    of_service(spec.needed_text("service"), &spec, &KUBERNETES)
}

fn of_service(service: Option<String>, spec: &Fields, letters: &Letters) -> Vec<What> {
    let mut draft = ServiceDraft::default();
    if let Some(labels) = spec.fields("labels") {
        draft.owner = ["owner", "team"].into_iter().find(|name| labels.has(name)).and_then(|name| labels.text(name));
        draft.tier = labels.has("tier").then(|| labels.value("tier").and_then(plain)?.parse().ok()).flatten().filter(|tier| (1..=MAX_TIER).contains(tier));
        let rest: Vec<&str> = labels.all().keys().map(String::as_str).filter(|name| !matches!(*name, "owner" | "team" | "tier")).collect();
        if !rest.is_empty() {
            labels.remark("", format!("{LABELS}: {}", rest.join(", ")));
        }
    }
    let slos = spec.list("slos");
    if slos.is_empty() {
        spec.fault("slos", "there is none; it is a list with at least one");
    }
    spec.is_left_out("sloPlugins", "plugins of Sloth do nothing here; they were left out");
    spec.is_left_out("slo_plugins", "plugins of Sloth do nothing here; they were left out");
    let Some(service) = service else {
        // What they hold was not looked at, and the missing service says why.
        slos.iter().for_each(|slo| _ = slo.all());
        return vec![];
    };
    let mut found: Vec<What> = slos.iter().filter_map(|slo| objective(&service, slo, letters)).collect();
    found.insert(0, What::Service { name: service, draft, is_whole: false });
    found
}

fn objective(service: &str, slo: &Fields, letters: &Letters) -> Option<What> {
    let name = slo.needed_text("name");
    let target = slo.needed_text("objective").and_then(|text| {
        let target = Target::imported(&format!("{} %", text.trim().trim_end_matches('%')));
        target.map_err(|refusal| slo.fault("objective", refusal.to_string())).ok()
    });
    slo.is_left_out("labels", LABELS);
    slo.is_left_out("plugins", "plugins of Sloth do nothing here; they were left out");
    let description = slo.text("description").unwrap_or_default();
    let sli = slo.fields("sli");
    if sli.is_none() && !slo.has("sli") {
        slo.fault("sli", "it is missing");
    }
    let alerting_fields = slo.fields("alerting");
    let (Some(name), Some(target)) = (name, target) else {
        sli.iter().chain(&alerting_fields).for_each(|fields| _ = fields.all());
        return None;
    };
    let alerting = alerting_fields.map_or_else(Alerting::default, |alerting| read_alerting(&alerting, target, letters));
    let (indicator, method) = indicator(&sli?, target, letters)?;
    let draft = ObjectiveDraft {
        name: format!("{service}-{name}"),
        title: None,
        description,
        service: Some(service.to_owned()),
        target,
        windows: vec![Window::rolling_days(WINDOW_DAYS)],
        method,
        slice_target: None,
        indicator,
        source: Some(OPEN_SOURCE.to_owned()),
        slice_s: FINE_S,
        alerting,
        gate_fails_closed: false,
        basis: Basis::default(),
    };
    Some(What::Objective { draft: Box::new(draft), is_source_open: true })
}

fn indicator(sli: &Fields, target: Target, letters: &Letters) -> Option<(Indicator, Method)> {
    let query = |fields: &Fields, name: &str| {
        let query = with_our_window(&fields.needed_text(name)?);
        if has_template(&query) {
            fields.fault(name, "a template other than {{.window}} is left in the query; fill it in");
            return None;
        }
        Some(query)
    };
    match (sli.fields("events"), sli.fields("raw")) {
        (Some(events), None) => {
            let (bad, total) = (query(&events, letters.error_query), query(&events, letters.total_query));
            Some((Indicator::Ratio { good: None, bad: Some(bad?), total: total? }, Method::Occurrences))
        }
        (None, Some(raw)) => {
            let ratio = query(&raw, letters.error_ratio_query)?;
            raw.remark(letters.error_ratio_query, ratio_only_words(target));
            Some((ratio_only(&ratio, target, true), Method::Timeslices))
        }
        (None, None) if sli.value("plugin").is_some() => {
            sli.remark(
                "plugin",
                "plugins of Sloth cannot be run here, so this objective was left out; write its queries as events with error_query and total_query",
            );
            None
        }
        (first, second) => {
            first.iter().chain(&second).for_each(|fields| _ = fields.all());
            sli.fault("", "it has one of events and raw");
            None
        }
    }
}

/// Sloth's page alert is our two pages, its ticket alert our two tickets.
fn read_alerting(alerting: &Fields, target: Target, letters: &Letters) -> Alerting {
    alerting.may_have(&["name"]);
    alerting.is_left_out("labels", LABELS);
    alerting.is_left_out("annotations", "annotations of alerts were left out");
    let is_off = |name: &str| {
        alerting.fields(name).is_some_and(|alert| {
            alert.is_left_out("labels", LABELS);
            alert.is_left_out("annotations", "annotations of alerts were left out");
            alert.flag("disable").unwrap_or_default()
        })
    };
    match (is_off(letters.page_alert), is_off(letters.ticket_alert)) {
        (false, false) => Alerting::default(),
        (true, true) => Alerting { enabled: false, ..Alerting::default() },
        (page_is_off, _) => {
            let kept = if page_is_off { Urgency::Ticket } else { Urgency::Page };
            Alerting { pairs: Some(usual_pairs(target, kept)), ..Alerting::default() }
        }
    }
}

/// Our usual pairs of one urgency, as far as they can work for the target.
fn usual_pairs(target: Target, urgency: Urgency) -> Vec<PairDraft> {
    let window_s = Window::rolling_days(WINDOW_DAYS).usual_secs();
    let (suited, _) = burn::suited_pairs(target, window_s, FINE_S);
    let of_it = suited.into_iter().filter(|pair| pair.urgency.slug() == urgency.slug());
    of_it.map(|pair| PairDraft { severity: urgency, factor: pair.factor, long_s: pair.long_s, short_s: pair.short_s }).collect()
}
