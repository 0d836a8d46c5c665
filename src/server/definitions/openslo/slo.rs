//! An SLO of OpenSLO as objectives: one for each of its targets.

use super::{
    super::{
        What,
        fields::Fields,
        indicator::{ratio_only, ratio_only_words},
        note::inert,
        spans::Shorthand,
    },
    Library, Metadata,
    alerts::{self, For},
    indicator::{self, Measure, Metric, Source, slug},
    metadata,
};
use crate::domain::slo::{
    calendar::Window,
    objective::{Basis, FINE_S, Indicator, Method, ObjectiveDraft, Op},
    target::Target,
    zone::LocalTime,
};
use std::collections::BTreeSet;

/// Where the specification leaves the window away.
const USUAL_DAYS: u16 = 30;
const OPS: [(&str, Op); 4] = [("lt", Op::Lt), ("lte", Op::Lte), ("gt", Op::Gt), ("gte", Op::Gte)];

/// One target with what is measured for it.
struct Goal {
    target: Target,
    method: Method,
    slice_target: Option<Target>,
    slice_s: i64,
    indicator: Indicator,
    source: Source,
}

pub fn read<'a>(root: &Fields<'a>, library: &Library<'a>) -> Vec<What> {
    let metadata = metadata(root);
    let Some(spec) = root.fields("spec") else {
        if !root.has("spec") {
            root.fault("spec", "it is missing");
        }
        return vec![];
    };
    let (description, service) = (spec.text("description").unwrap_or_default(), spec.text("service"));
    let goals = spec.list("objectives");
    if goals.is_empty() && !spec.has("objectives") {
        spec.fault("objectives", "it is missing; it is a list with at least one target");
    }
    // An SLO whose targets have indicators of their own is made from several.
    let has_own = |goal: &Fields| goal.has("indicator") || goal.has("indicatorRef");
    let is_needed = !goals.iter().all(has_own) || has_own(&spec);
    let measure = is_needed.then(|| measure(&spec, library)).flatten();
    let (window, method) = (window(&spec), method(&spec));
    let (Some(Metadata { name, title, .. }), Some(window), Some(method)) = (metadata, window, method) else {
        goals.iter().for_each(|goal| _ = goal.all());
        spec.may_have(&["alertPolicies"]);
        return vec![];
    };
    let (is_one, mut taken) = (goals.len() == 1, BTreeSet::new());
    let mut found = Vec::new();
    for (at, goal) in goals.iter().enumerate() {
        let called = goal.text("displayName").filter(|called| !called.trim().is_empty());
        goal.is_left_out("compositeWeight", "each target becomes an objective of its own; make a composite from them in Tocsin");
        let own = has_own(goal).then(|| self::measure(goal, library)).flatten();
        let Some(Goal { target, method, slice_target, slice_s, indicator, source }) = read_goal(goal, method, own.as_ref().or(measure.as_ref())) else {
            continue;
        };
        let (name, title) = if is_one {
            if let Some(called) = &called {
                goal.remark("displayName", format!("an objective has one title, that of its SLO; “{}” was left out", inert(called)));
            }
            (name.clone(), title.clone())
        } else {
            let number = (at + 1).to_string();
            let suffix = called.as_deref().and_then(slug).filter(|slug| taken.insert(slug.clone())).unwrap_or_else(|| number.clone());
            let title = title.as_ref().unwrap_or(&name);
            (format!("{name}-{suffix}"), Some(format!("{title}: {}", called.as_ref().unwrap_or(&number))))
        };
        let alerting = alerts::read(&spec, library, &For { target, window_s: window.usual_secs(), slice_s });
        let draft = ObjectiveDraft {
            name,
            title,
            description: description.clone(),
            service: service.clone(),
            target,
            windows: vec![window.clone()],
            method,
            slice_target,
            indicator,
            source: Some(source.name),
            slice_s,
            alerting,
            gate_fails_closed: false,
            basis: Basis::default(),
        };
        found.push(What::Objective { draft: Box::new(draft), is_source_open: source.is_open });
    }
    spec.may_have(&["alertPolicies"]);
    found
}

/// The indicator that stands here or is named here.
fn measure<'a>(of: &Fields<'a>, library: &Library<'a>) -> Option<Measure> {
    match (of.fields("indicator"), of.text("indicatorRef")) {
        (Some(indicator), None) => indicator::read(&indicator, library),
        (None, Some(name)) => match library.find("SLI", &name) {
            Some(indicator) => indicator::read(&indicator, library),
            None => {
                of.fault("indicatorRef", format!("there is no SLI “{}” in these files; add the file that holds it", inert(&name)));
                None
            }
        },
        (indicator, _) => {
            indicator.iter().for_each(|indicator| _ = indicator.all());
            of.fault("indicator", "it has one of indicator and indicatorRef");
            None
        }
    }
}

fn read_goal(goal: &Fields, method: Method, measure: Option<&Measure>) -> Option<Goal> {
    let target = target(goal);
    let (op, value) = (goal.text("op"), goal.number("value"));
    let op = op.and_then(|text| {
        let op = OPS.into_iter().find(|(word, _)| *word == text);
        if op.is_none() {
            goal.fault("op", format!("“{}” is not understood; it is lt, lte, gt or gte", inert(&text)));
        }
        op.map(|(_, op)| op)
    });
    let slice_s = slice(goal, method);
    let slice_target = slice_target(goal, method, measure);
    let (target, slice_s, measure) = (target?, slice_s?, measure?);
    let is_compared = matches!(measure, Measure::Threshold(_));
    if !is_compared {
        for (name, is_there) in [("op", op.is_some()), ("value", value.is_some())] {
            if is_there {
                goal.remark(name, "it means something with a thresholdMetric only; it was left out");
            }
        }
    }
    let as_slices = |why: &str| {
        if method != Method::Timeslices {
            goal.remark("", format!("{why}; the budget is counted in slices of time"));
        }
        Method::Timeslices
    };
    let (method, indicator, source) = match measure {
        Measure::Ratio { part, is_good, total } => {
            if part.source != total.source {
                goal.remark("", format!("an objective asks one data source; “{}” is asked for both queries", total.source.name));
            }
            let part = Some(part.query.clone());
            let (good, bad) = if *is_good { (part, None) } else { (None, part) };
            (method, Indicator::Ratio { good, bad, total: total.query.clone() }, total.source.clone())
        }
        Measure::Raw { ratio, is_bad } => {
            goal.remark("", ratio_only_words(target));
            (Method::Timeslices, ratio_only(&ratio.query, target, *is_bad), ratio.source.clone())
        }
        Measure::Threshold(Metric { query, source }) => {
            for (name, is_missing) in [("op", op.is_none() && !goal.has("op")), ("value", value.is_none() && !goal.has("value"))] {
                if is_missing {
                    goal.fault(name, "with a thresholdMetric it is needed");
                }
            }
            let indicator = Indicator::Threshold { query: query.clone(), op: op?, value: value?, absent_is_bad: false };
            (as_slices("a value is compared with its threshold once in a slice, and is no number of events"), indicator, source.clone())
        }
    };
    Some(Goal { target, method, slice_target, slice_s, indicator, source })
}

fn target(goal: &Fields) -> Option<Target> {
    let (ratio, percent) = (goal.text("target"), goal.text("targetPercent"));
    let (name, text) = match (ratio, percent) {
        (Some(ratio), None) => ("target", ratio),
        (None, Some(percent)) => ("targetPercent", format!("{} %", percent.trim().trim_end_matches('%'))),
        (Some(_), Some(_)) => {
            goal.fault("targetPercent", "it has target or targetPercent, not both");
            return None;
        }
        (None, None) => {
            goal.fault("target", "it is missing, and so is targetPercent");
            return None;
        }
    };
    Target::imported(&text).map_err(|refusal| goal.fault(name, refusal.to_string())).ok()
}

/// How long a slice is. A number alone is in minutes.
fn slice(goal: &Fields, method: Method) -> Option<i64> {
    let Some(text) = goal.text("timeSliceWindow") else { return Some(FINE_S) };
    let minutes = text.parse::<i64>().ok().and_then(|minutes| minutes.checked_mul(60));
    let Some(secs) = minutes.or_else(|| Shorthand::parse(&text)?.secs()) else {
        goal.fault("timeSliceWindow", format!("“{}” is no span of time; write it like 1m or 5m", inert(&text)));
        return None;
    };
    if (FINE_S..=3_600).contains(&secs) && secs % FINE_S == 0 && 86_400 % secs == 0 {
        return Some(secs);
    }
    if method == Method::Occurrences {
        goal.remark("timeSliceWindow", "it means something with time slices only; it was left out");
        return Some(FINE_S);
    }
    goal.fault("timeSliceWindow", "a slice is a whole number of minutes that divides a day, at most an hour");
    None
}

fn slice_target(goal: &Fields, method: Method, measure: Option<&Measure>) -> Option<Target> {
    let text = goal.text("timeSliceTarget")?;
    let is_of_ratio = matches!(measure, Some(Measure::Ratio { .. }) | None);
    if !is_of_ratio {
        goal.remark("timeSliceTarget", "one value is compared in a slice, so there is no share of it; the field was left out");
        return None;
    }
    if method != Method::Timeslices {
        goal.remark("timeSliceTarget", "it means something with the budgeting method Timeslices only; it was left out");
        return None;
    }
    Target::imported(&text).map_err(|refusal| goal.fault("timeSliceTarget", refusal.to_string())).ok()
}

fn method(spec: &Fields) -> Option<Method> {
    let method = match spec.needed_text("budgetingMethod")?.as_str() {
        "Occurrences" => Method::Occurrences,
        "Timeslices" => Method::Timeslices,
        "RatioTimeslices" => Method::RatioTimeslices,
        other => {
            spec.fault("budgetingMethod", format!("“{}” is not understood; it is Occurrences, Timeslices or RatioTimeslices", inert(other)));
            return None;
        }
    };
    Some(method)
}

fn window(spec: &Fields) -> Option<Window> {
    let windows = spec.list("timeWindow");
    let [fields] = windows.as_slice() else {
        if windows.is_empty() && !spec.has("timeWindow") {
            spec.remark("timeWindow", format!("it is missing; the last {USUAL_DAYS} days are taken"));
            return Some(Window::rolling_days(USUAL_DAYS));
        }
        windows.iter().for_each(|window| _ = window.all());
        spec.fault("timeWindow", "it is a list of exactly one window");
        return None;
    };
    let text = fields.needed_text("duration");
    let is_rolling = fields.flag("isRolling");
    let calendar = fields.fields("calendar");
    let Some(span) = Shorthand::parse(text.as_deref()?) else {
        calendar.iter().for_each(|calendar| _ = calendar.all());
        fields.fault("duration", "it is one number and one of m, h, d, w, M, Q and Y, like 28d or 1M (m is a minute, M a month)");
        return None;
    };
    let window = match (calendar, is_rolling) {
        (Some(calendar), Some(true)) => {
            calendar.all();
            fields.fault("isRolling", "a window of the calendar does not roll; leave calendar away or say false");
            return None;
        }
        (Some(calendar), _) => {
            let zone = calendar.text("timeZone");
            if zone.is_none() {
                calendar.remark("timeZone", "it is missing; UTC is taken");
            }
            let anchor = match calendar.text("startTime") {
                None => None,
                Some(text) => {
                    let Some(anchor) = LocalTime::parse(&text) else {
                        calendar.fault("startTime", format!("“{}” is no time; it reads 2026-01-01 00:00:00, without a zone", inert(&text)));
                        return None;
                    };
                    Some(anchor)
                }
            };
            of_calendar(fields, span, anchor, zone.as_deref().unwrap_or("UTC"))?
        }
        (None, Some(false)) => {
            fields.remark("calendar", "it is missing; the window of the calendar in UTC is taken");
            of_calendar(fields, span, None, "UTC")?
        }
        (None, _) => {
            let seconds = span.usual_secs();
            if span.secs().is_none() {
                fields.remark("duration", format!("a month, a quarter or a year that rolls has no fixed length; the last {} days are taken", seconds / 86_400));
            }
            Window::Rolling { seconds }
        }
    };
    window.check().map_err(|refusal| fields.fault("duration", refusal.to_string())).ok()
}

fn of_calendar(fields: &Fields, span: Shorthand, anchor: Option<LocalTime>, zone: &str) -> Option<Window> {
    let window = span.calendar(anchor, zone);
    if window.is_none() {
        fields.fault("duration", "a window of the calendar is made of days, weeks, months, quarters or years");
    }
    window
}
