//! Indicators of OpenSLO: metrics, and whom to ask for them.

use super::{
    super::{
        fields::Fields,
        indicator::{OPEN_SOURCE, has_template, with_open_range, with_our_window},
        note::inert,
    },
    Library, is_asked,
};

/// Fields of a metric source's `spec` that hold a query.
const QUERIES: [&str; 4] = ["query", "promql", "expr", "expression"];

/// What an indicator measures.
pub enum Measure {
    Ratio {
        part: Metric,
        is_good: bool,
        total: Metric,
    },
    /// A ratio that something else works out.
    Raw {
        ratio: Metric,
        is_bad: bool,
    },
    Threshold(Metric),
}

/// A query, and who is asked.
pub struct Metric {
    pub query: String,
    pub source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    /// Whether the file leaves it open.
    pub is_open: bool,
}

/// Reads the `spec` of an indicator, wherever it stands.
pub fn read<'a>(indicator: &Fields<'a>, library: &Library<'a>) -> Option<Measure> {
    indicator.may_have(&["apiVersion", "kind", "metadata"]);
    let Some(spec) = indicator.fields("spec") else {
        if !indicator.has("spec") {
            indicator.fault("spec", "it is missing");
        }
        return None;
    };
    spec.is_left_out("description", "an indicator has no description of its own here; it was left out");
    match (spec.fields("ratioMetric"), spec.fields("thresholdMetric")) {
        (Some(ratio), None) => read_ratio(&ratio, library),
        (None, Some(threshold)) => metric(&threshold, library).map(Measure::Threshold),
        (ratio, threshold) => {
            ratio.iter().chain(&threshold).for_each(|fields| _ = fields.all());
            spec.fault("", "it has either ratioMetric or thresholdMetric");
            None
        }
    }
}

fn read_ratio<'a>(ratio: &Fields<'a>, library: &Library<'a>) -> Option<Measure> {
    let of = |name: &str| ratio.fields(name).map(|fields| metric(&fields, library));
    let (good, bad, total, raw) = (of("good"), of("bad"), of("total"), of("raw"));
    let raw_type = ratio.text("rawType");
    if ratio.flag("counter") == Some(false) && raw.is_none() {
        ratio.remark("counter", "Tocsin counts how much counters grow; what goes up and down is not counted rightly");
    }
    match (good, bad, total, raw) {
        (Some(part), None, Some(total), None) => {
            Some(Measure::Ratio { part: counter(ratio, "good", part?), is_good: true, total: counter(ratio, "total", total?) })
        }
        (None, Some(part), Some(total), None) => {
            Some(Measure::Ratio { part: counter(ratio, "bad", part?), is_good: false, total: counter(ratio, "total", total?) })
        }
        (None, None, None, Some(raw)) => {
            let is_bad = match raw_type.as_deref() {
                Some("failure") => true,
                Some("success") => false,
                _ => {
                    ratio.fault("rawType", "with raw it says success or failure");
                    return None;
                }
            };
            Some(Measure::Raw { ratio: raw?, is_bad })
        }
        _ => {
            ratio.fault("", "it has good and total, bad and total, or raw alone");
            None
        }
    }
}

/// A side of a ratio. The range that its query looks at becomes that of a slice, and that is said.
fn counter(ratio: &Fields, name: &str, metric: Metric) -> Metric {
    let Some(query) = with_open_range(&metric.query) else { return metric };
    ratio.remark(name, format!("the range in the query was left open, so that it counts what lies in a slice: {}", inert(&query)));
    Metric { query, ..metric }
}

fn metric<'a>(fields: &Fields<'a>, library: &Library<'a>) -> Option<Metric> {
    let Some(source) = fields.fields("metricSource") else {
        if !fields.has("metricSource") {
            fields.fault("metricSource", "it is missing");
        }
        return None;
    };
    let (named, kind) = (source.text("metricSourceRef"), source.text("type"));
    let kind = kind.or_else(|| named.as_deref().and_then(|name| library.source_type(name)).map(str::to_owned));
    let spec = source.fields("spec");
    let is_asked = kind.as_deref().is_none_or(is_asked);
    if !is_asked {
        let kind = inert(kind.as_deref().unwrap_or_default());
        source.remark("type", format!("Tocsin asks what speaks the HTTP API of Prometheus; the objective is kept, and is measured once a data source of its name can answer for “{kind}”"));
    }
    let query = spec.as_ref().and_then(|spec| {
        let field = QUERIES.into_iter().find(|field| spec.has(field));
        match field {
            Some(field) => spec.text(field),
            // What only its own tool can read is kept as it is written there.
            None if !is_asked && !spec.all().is_empty() => Some(serde_json::to_string(spec.all()).unwrap_or_default()),
            None => None,
        }
    });
    let Some(query) = query.filter(|query| !query.trim().is_empty()) else {
        source.fault("spec", "it holds no query; give it as “query”");
        return None;
    };
    let query = with_our_window(&query);
    if is_asked && has_template(&query) {
        source.fault("spec.query", "a template other than {{.window}} is left in the query; fill it in");
        return None;
    }
    let source = match (named, &kind) {
        (Some(name), _) => Source { name, is_open: false },
        (None, Some(kind)) if !is_asked => Source { name: slug(kind).unwrap_or_else(|| OPEN_SOURCE.to_owned()), is_open: false },
        (None, _) => Source { name: OPEN_SOURCE.to_owned(), is_open: true },
    };
    Some(Metric { query, source })
}

/// Words as they may stand in a name: `Good experience` is `good-experience`.
pub fn slug(words: &str) -> Option<String> {
    let mut slug = String::new();
    for letter in words.chars().take(80) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}
