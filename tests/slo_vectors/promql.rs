//! What Prometheus computes over a range of one counter, as far as the readings of service levels
//! depend on it: a small evaluation after its documentation and its version 3, in which a range
//! leaves out its left edge.

use std::iter::repeat_n;

/// One sample: seconds since the series was loaded, and its value.
type Sample = (f64, f64);

/// Evaluates `function(selector[range])`, optionally with an offset, at an instant over one series
/// in the notation of Prometheus' own tests. `Ok(None)` is an empty result, which is not zero.
pub fn evaluate(load_step: &str, series: &str, expression: &str, at: &str) -> Result<Option<f64>, String> {
    let samples = samples(secs(load_step)?, series)?;
    let (function, rest) = expression.trim().split_once('(').ok_or("an expression reads function(selector[range])")?;
    let inside = rest.trim().strip_suffix(')').ok_or("the last parenthesis is missing")?;
    let (_, after) = inside.rsplit_once('[').ok_or("a range is missing")?;
    let (range, offset) = after.split_once(']').ok_or("a range ends with ]")?;
    let offset = match offset.trim() {
        "" => 0.0,
        said => secs(said.strip_prefix("offset").ok_or_else(|| format!("“{said}” behind the range"))?.trim())?,
    };
    let (range, end) = (secs(range)?, secs(at)? - offset);
    let start = end - range;
    let within: Vec<Sample> = samples.into_iter().filter(|(time, _)| *time > start && *time <= end).collect();
    let values = || within.iter().map(|(_, value)| *value);
    let last_two = || within.len().checked_sub(2).and_then(|first| Some((within.get(first)?, within.last()?)));
    let some = |value: f64| (!within.is_empty()).then_some(value);
    Ok(match function.trim() {
        "increase" => extrapolated(&within, start, end, true),
        "rate" => extrapolated(&within, start, end, true).map(|increase| increase / range),
        "delta" => extrapolated(&within, start, end, false),
        "irate" => last_two().map(|(a, b)| if b.1 < a.1 { b.1 } else { b.1 - a.1 } / (b.0 - a.0)),
        "idelta" => last_two().map(|(a, b)| b.1 - a.1),
        "resets" => some(count(&within, |a, b| b < a)),
        "changes" => some(count(&within, |a, b| b != a)),
        "sum_over_time" => some(values().sum()),
        "count_over_time" => some(values().map(|_| 1.0).sum()),
        "avg_over_time" => some(values().sum::<f64>() / within.len() as f64),
        "min_over_time" => some(values().fold(f64::INFINITY, f64::min)),
        "max_over_time" => some(values().fold(f64::NEG_INFINITY, f64::max)),
        "last_over_time" => within.last().map(|(_, value)| *value),
        "present_over_time" => some(1.0),
        "absent_over_time" => within.is_empty().then_some(1.0),
        other => return Err(format!("the function {other} is not evaluated here")),
    })
}

/// How much it grew, stretched to the edges of the range: to an edge that is nearer than 1.1
/// intervals the whole way, otherwise half an interval, and to the left of a counter only as far
/// as it could have come from zero. Two samples are needed.
fn extrapolated(samples: &[Sample], start: f64, end: f64, is_counter: bool) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    if samples.len() < 2 {
        return None;
    }
    let mut grew = last.1 - first.1;
    if is_counter {
        // After a reset it began again at zero, so all that it had reached came on top.
        grew += samples.windows(2).filter(|pair| pair[1].1 < pair[0].1).map(|pair| pair[0].1).sum::<f64>();
    }
    let sampled = last.0 - first.0;
    let between = sampled / (samples.len() - 1) as f64;
    let reach = |gap: f64| if gap >= between * 1.1 { between / 2.0 } else { gap };
    let mut before = reach(first.0 - start);
    if is_counter && grew > 0.0 && first.1 >= 0.0 {
        before = before.min(sampled * (first.1 / grew));
    }
    Some(grew * (sampled + before + reach(end - last.0)) / sampled)
}

fn count(samples: &[Sample], of: impl Fn(f64, f64) -> bool) -> f64 {
    samples.windows(2).filter(|pair| of(pair[0].1, pair[1].1)).count() as f64
}

/// `0+10x3` is 0 10 20 30, `5x2` is 5 5 5, `_` and `stale` are no sample, `_x3` are three.
fn samples(step: f64, series: &str) -> Result<Vec<Sample>, String> {
    let mut values: Vec<Option<f64>> = vec![];
    for item in series.split_whitespace() {
        let (base, times) = match item.split_once('x') {
            Some((base, times)) => (base, Some(times.parse::<usize>().map_err(|_| format!("“{item}” repeats nothing"))?)),
            None => (item, None),
        };
        let number = |text: &str| text.parse::<f64>().map_err(|_| format!("“{item}” is not a sample"));
        // The first letter may be a sign of the number itself.
        let sign = base.char_indices().skip(1).find(|(at, letter)| matches!(letter, '+' | '-') && !base[..*at].ends_with(['e', 'E']));
        match (base, sign, times) {
            ("_" | "stale", _, times) => values.extend(repeat_n(None, times.unwrap_or(1))),
            (_, Some((at, _)), Some(times)) => {
                let (from, by) = (number(&base[..at])?, number(&base[at..])?);
                values.extend((0..=times).map(|nth| Some(from + by * nth as f64)));
            }
            (_, None, times) => values.extend(repeat_n(Some(number(base)?), times.map_or(1, |times| times + 1))),
            (_, Some(_), None) => return Err(format!("“{item}” does not say how often")),
        }
    }
    Ok(values.into_iter().enumerate().filter_map(|(nth, value)| Some((nth as f64 * step, value?))).collect())
}

/// `5m`, `1h30m`, `90`: seconds.
fn secs(text: &str) -> Result<f64, String> {
    let wrong = || format!("“{text}” is not a duration");
    let mut rest = text.trim();
    if let Ok(secs) = rest.parse::<f64>() {
        return Ok(secs);
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = rest[digits..].find(|letter: char| letter.is_ascii_digit()).map_or(rest.len(), |length| digits + length);
        let secs = match &rest[digits..unit] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            "y" => 31_536_000.0,
            _ => return Err(wrong()),
        };
        sum += number * secs;
        rest = &rest[unit..];
    }
    Ok(sum)
}
