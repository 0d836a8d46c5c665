//! What the formats of other tools have in common: queries with a window left open, histograms
//! that are written as two counters, ratios without events.

use super::spans::prometheus_secs;
use crate::{
    domain::slo::{
        objective::{Indicator, Op},
        target::Target,
    },
    server::prometheus::promql::Counter,
};

/// The data source of files that name none.
pub const OPEN_SOURCE: &str = "prometheus";

const OUR_WINDOW: &str = "$window";

/// The query with its open window written as ours: `[{{.window}}]` is `[$window]`.
pub fn with_our_window(query: &str) -> String {
    let (mut text, mut rest) = (String::with_capacity(query.len()), query.trim());
    while let Some(at) = rest.find("{{") {
        let (before, behind) = rest.split_at(at);
        text.push_str(before);
        match behind.find("}}").filter(|end| behind[2..*end].trim().eq_ignore_ascii_case(".window")) {
            Some(end) => {
                text.push_str(OUR_WINDOW);
                rest = &behind[end + 2..];
            }
            None => {
                text.push_str("{{");
                rest = &behind[2..];
            }
        }
    }
    text.push_str(rest);
    text
}

/// The query of a counter with its one fixed range left open, so that it counts what lies in a slice:
/// `sum(rate(x[5m]))` is `sum(rate(x[$window]))`. `None` where it has no such range, or several, or
/// counts nothing either way.
pub fn with_open_range(query: &str) -> Option<String> {
    let (mut text, mut rest, mut range) = (String::with_capacity(query.len()), query, None);
    let mut quote = None;
    while let Some(at) = rest.find(['"', '\'', '`', '\\', '[']) {
        let letter = rest[at..].chars().next()?;
        match (letter, quote) {
            ('[', None) => {
                let end = at + rest[at..].find(']')?;
                let inside = rest[at + 1..end].trim();
                if prometheus_secs(inside).is_none() || range.is_some_and(|known| known != inside) {
                    return None;
                }
                range = Some(inside);
                text.push_str(&rest[..at]);
                text.extend(["[", OUR_WINDOW, "]"]);
                rest = &rest[end + 1..];
                continue;
            }
            // What follows it stands for itself, which may be a quote.
            ('\\', Some(open)) if open != '`' => {
                let next = rest[at + 1..].chars().next().map_or(0, char::len_utf8);
                text.push_str(&rest[..at + 1 + next]);
                rest = &rest[at + 1 + next..];
                continue;
            }
            ('"' | '\'' | '`', None) => quote = Some(letter),
            (_, Some(open)) if open == letter => quote = None,
            _ => {}
        }
        text.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
    }
    range?;
    text.push_str(rest);
    (Counter::parse(query).is_err() && Counter::parse(&text).is_ok()).then_some(text)
}

/// A template that is left over in a query: nobody here would fill it in.
pub fn has_template(query: &str) -> bool {
    query.contains("{{")
}

/// Requests within an edge of a histogram of all of them, where two selectors say just that:
/// `x_bucket{…,le="0.3"}` of `x_count{…}`.
pub fn latency(within: &str, total: &str) -> Option<Indicator> {
    let ((bucket, mut labels), (count, all)) = (selector(within)?, selector(total)?);
    let name = bucket.strip_suffix("_bucket")?;
    let edge = labels.iter().position(|label| label.starts_with("le=\""))?;
    let threshold_s: f64 = labels.remove(edge).strip_prefix("le=\"")?.strip_suffix('"')?.parse().ok()?;
    labels.sort_unstable();
    let mut same = all.clone();
    same.sort_unstable();
    let is_it = count.strip_suffix("_count") == Some(name) && labels == same && threshold_s.is_finite() && threshold_s > 0.0;
    let histogram = if all.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", all.join(",")) };
    is_it.then_some(Indicator::Latency { histogram, threshold_s, native: false })
}

/// The name and the matchers of a plain selector.
fn selector(text: &str) -> Option<(&str, Vec<&str>)> {
    let text = text.trim();
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_:".contains(letter));
    let Some((name, labels)) = text.split_once('{') else { return is_name(text).then(|| (text, vec![])) };
    let labels = labels.strip_suffix('}')?;
    let (mut matchers, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in labels.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                matchers.push(labels[from..at].trim());
                from = at + 1;
            }
            '{' | '}' | '\'' | '`' if !quoted => return None,
            _ => {}
        }
    }
    matchers.push(labels[from..].trim());
    matchers.retain(|matcher| !matcher.is_empty());
    is_name(name.trim()).then(|| (name.trim(), matchers))
}

/// A share of bad, or of good, that some rule worked out already. It has no number of events, so it
/// is judged slice by slice: a slice is good while the share keeps the target.
pub fn ratio_only(query: &str, target: Target, is_bad: bool) -> Indicator {
    let query = with_our_window(query);
    if is_bad {
        Indicator::Threshold { query, op: Op::Lte, value: target.budget(), absent_is_bad: false }
    } else {
        Indicator::Threshold { query, op: Op::Gte, value: target.ratio(), absent_is_bad: false }
    }
}

/// What is said of such a share.
pub fn ratio_only_words(target: Target) -> String {
    format!(
        "a ratio that was worked out elsewhere has no number of events, so no budget of events can be kept: it is judged by time slices, \
         and a minute is good while it keeps {target}; give good and total on their own to count events"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_windows_become_ours() {
        for (theirs, ours) in [
            ("rate(x[{{.window}}])", "rate(x[$window])"),
            ("rate(x[{{ .window }}]) / rate(y[{{.window}}])", "rate(x[$window]) / rate(y[$window])"),
            ("  x\n", "x"),
            ("x{a=\"{{.other}}\"}", "x{a=\"{{.other}}\"}"),
            ("{{", "{{"),
            ("{{.window", "{{.window"),
        ] {
            assert_eq!(with_our_window(theirs), ours);
        }
    }

    #[test]
    fn a_fixed_range_is_left_open() {
        for (theirs, ours) in [
            ("sum(rate(x[5m]))", "sum(rate(x[$window]))"),
            ("sum(increase(x{a=\"[1h]\", b='\\'[2h]'}[ 1h ]))", "sum(increase(x{a=\"[1h]\", b='\\'[2h]'}[$window]))"),
            ("sum(rate(x[5m])) - sum(rate(y[5m]))", "sum(rate(x[$window])) - sum(rate(y[$window]))"),
        ] {
            assert_eq!(with_open_range(theirs).as_deref(), Some(ours));
        }
        for kept in [
            "x",
            "x[5m]",
            "sum(rate(x[$window]))",
            "sum(rate(x[5m])) - sum(rate(y[1h]))",
            "max_over_time(rate(x[5m])[1h:1m])",
            "rate(x[5m]",
            "",
            "[",
            "avg_over_time(x[5m])",
        ] {
            assert_eq!(with_open_range(kept), None, "{kept}");
        }
    }

    #[test]
    fn two_counters_of_one_histogram_are_a_latency() {
        let is = |within: &str, total: &str| match latency(within, total) {
            Some(Indicator::Latency { histogram, threshold_s, native: false }) => Some((histogram, threshold_s)),
            _ => None,
        };
        assert_eq!(is("x_bucket{job=\"a\",le=\"0.3\"}", "x_count{job=\"a\"}"), Some(("x{job=\"a\"}".into(), 0.3)));
        assert_eq!(is("x_bucket{le=\"1\"}", "x_count"), Some(("x".into(), 1.0)));
        assert_eq!(is("x_bucket{b=\"1,}\\\"\", le=\"2.0\", a!~\"y\"}", "x_count{a!~\"y\",b=\"1,}\\\"\"}"), Some(("x{a!~\"y\",b=\"1,}\\\"\"}".into(), 2.0)));
        for (within, total) in [
            ("x_bucket{job=\"a\",le=\"0.3\"}", "x_count{job=\"b\"}"),
            ("x_bucket{job=\"a\"}", "x_count{job=\"a\"}"),
            ("x_bucket{le=\"+Inf\"}", "x_count"),
            ("x_bucket{le=~\"0.3\"}", "x_count"),
            ("x_bucket{le=\"0.3\"}", "y_count"),
            ("x_total{le=\"0.3\"}", "x_count"),
            ("sum(x_bucket{le=\"0.3\"})", "x_count"),
        ] {
            assert_eq!(is(within, total), None, "{within}");
        }
    }
}
