//! What people write by hand into a request, in the one form that is kept: a window in words or in
//! part, a kind instead of an indicator, the names of parts, a rule that says nothing but when.
//!
//! Only what is missing is filled in; whether it fits is for the domain to say.

use super::{objectives::unfit, problem::Problem};
use crate::{
    domain::{
        slo::{
            calendar::{Unit, Window},
            zone::Utc,
        },
        time::Timestamp,
    },
    server::zones,
};
use serde_json::{Map, Value, json};

/// How a zone may be called; the first is ours.
const ZONES: [&str; 4] = ["zone", "timezone", "time_zone", "tz"];
const DAY: f64 = 86_400.0;

/// An objective, or some fields of one.
pub fn objective(mut sent: Value) -> Result<Value, Problem> {
    let Some(fields) = sent.as_object_mut() else { return Ok(sent) };
    if !fields.contains_key("windows")
        && let Some(window) = fields.remove("window")
    {
        fields.insert("windows".to_owned(), json!([window]));
    }
    if let Some(one) = fields.get_mut("windows").filter(|windows| !windows.is_array()) {
        *one = json!([one.take()]);
    }
    for said in fields.get_mut("windows").and_then(Value::as_array_mut).into_iter().flatten() {
        match said {
            Value::String(text) => *said = kept(&Window::parse(text).map_err(unfit)?)?,
            Value::Object(parts) => window(parts)?,
            _ => {}
        }
    }
    if let Some(kind) = fields.get_mut("indicator").filter(|indicator| indicator.is_string()) {
        *kind = json!({ "kind": kind.take() });
    }
    for part in fields.get_mut("indicator").and_then(|indicator| indicator.get_mut("of")).and_then(Value::as_array_mut).into_iter().flatten() {
        if part.is_string() {
            *part = json!({ "objective": part.take() });
        }
    }
    Ok(sent)
}

/// Fills in what a window leaves open: a rolling one may count days, and a page of the calendar is
/// one unit in UTC as it hangs on the wall.
fn window(parts: &mut Map<String, Value>) -> Result<(), Problem> {
    let is_calendar = parts.get("type").map_or_else(|| parts.contains_key("unit"), |kind| kind == "calendar");
    parts.entry("type").or_insert_with(|| json!(if is_calendar { "calendar" } else { "rolling" }));
    if !is_calendar {
        if !parts.contains_key("seconds") {
            let of_days = parts.remove("days").and_then(|days| days.as_f64()).map(|days| days * DAY);
            let of_words = match parts.remove("duration") {
                Some(Value::String(text)) => Some(Window::parse(&text).map_err(unfit)?.usual_secs()),
                _ => None,
            };
            #[allow(clippy::cast_possible_truncation)] // the window itself is bounded
            if let Some(seconds) = of_words.or(of_days.map(|secs| secs as i64)) {
                parts.insert("seconds".to_owned(), json!(seconds));
            }
        }
        return Ok(());
    }
    let zone = zone_of(parts);
    let usual = kept(&Window::calendar(Unit::Month, 1, "UTC"))?;
    for name in ["count", "anchor_local"] {
        parts.entry(name).or_insert_with(|| usual[name].clone());
    }
    parts.insert("zone".to_owned(), zone);
    Ok(())
}

/// The zone that is said, by whichever of its names; UTC where none is.
fn zone_of(parts: &mut Map<String, Value>) -> Value {
    let said: Vec<Value> = ZONES.iter().filter_map(|name| parts.remove(*name)).filter(|zone| !zone.is_null()).collect();
    said.into_iter().next().unwrap_or_else(|| json!("UTC"))
}

fn kept(window: &Window) -> Result<Value, Problem> {
    serde_json::to_value(window).map_err(unfit)
}

/// An exclusion. Its first time says when a rule begins and how long each time lasts.
pub fn exclusion(mut sent: Value) -> Value {
    let Some(fields) = sent.as_object_mut() else { return sent };
    if let Some(rule) = fields.remove("rrule")
        && fields.get("recurrence").is_none_or(Value::is_null)
    {
        fields.insert("recurrence".to_owned(), rule);
    }
    let instant = |name: &str| fields.get(name).and_then(Value::as_str).and_then(Timestamp::parse);
    let (from, to) = (instant("from"), instant("to"));
    let Some(recurrence) = fields.get_mut("recurrence") else { return sent };
    if recurrence.is_string() {
        *recurrence = json!({ "rule": recurrence.take() });
    }
    if let (Some(parts), Some(from), Some(to)) = (recurrence.as_object_mut(), from, to) {
        let zone = zone_of(parts);
        let rules = zone.as_str().and_then(zones::find).unwrap_or_else(|| Box::new(Utc));
        parts.insert("zone".to_owned(), zone);
        parts.entry("start").or_insert_with(|| json!(rules.local(from).to_string()));
        parts.entry("duration_s").or_insert_with(|| json!(to.secs_since(from)));
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(window: Value) -> Value {
        objective(json!({ "window": window })).expect("it is read")["windows"].clone()
    }

    #[test]
    fn a_window_says_as_little_as_it_can() {
        let month = json!([{ "type": "rolling", "seconds": 2_592_000 }]);
        for said in [json!("30d"), json!({ "days": 30 }), json!({ "type": "rolling", "days": 30 }), json!({ "duration": "30d" }), month[0].clone()] {
            assert_eq!(windows(said.clone()), month, "{said}");
        }
        let in_berlin = json!([{ "type": "calendar", "unit": "month", "count": 1, "anchor_local": "2024-01-01T00:00:00", "zone": "Europe/Berlin" }]);
        for said in [
            json!("calendar month in Europe/Berlin"),
            json!({ "unit": "month", "zone": "Europe/Berlin" }),
            json!({ "type": "calendar", "unit": "month", "timezone": "Europe/Berlin" }),
            in_berlin[0].clone(),
        ] {
            assert_eq!(windows(said.clone()), in_berlin, "{said}");
        }
        assert_eq!(windows(json!({ "unit": "week" }))[0]["zone"], "UTC");
        assert!(objective(json!({ "window": { "duration": "long" } })).is_err());
    }

    #[test]
    fn parts_may_be_their_names() {
        let read = objective(json!({ "indicator": { "kind": "composite", "how": "series", "of": ["a", { "objective": "b", "weight": 2 }] } }));
        assert_eq!(read.expect("it is read")["indicator"]["of"], json!([{ "objective": "a" }, { "objective": "b", "weight": 2 }]));
    }

    #[test]
    fn a_rule_comes_again_as_it_was_the_first_time() {
        let first = json!({ "from": "2026-07-05T00:00:00Z", "to": "2026-07-05T01:30:00Z" });
        let with = |name: &str, value: Value| {
            let mut sent = first.clone();
            sent[name] = value;
            exclusion(sent)["recurrence"].clone()
        };
        let weekly = json!({ "rule": "FREQ=WEEKLY", "start": "2026-07-05T00:00:00", "zone": "UTC", "duration_s": 5_400 });
        assert_eq!(with("rrule", json!("FREQ=WEEKLY")), weekly);
        assert_eq!(with("recurrence", json!("FREQ=WEEKLY")), weekly);
        let in_berlin = json!({ "rule": "FREQ=WEEKLY", "start": "2026-07-05T02:00:00", "zone": "Europe/Berlin", "duration_s": 5_400 });
        assert_eq!(with("recurrence", json!({ "rule": "FREQ=WEEKLY", "zone": "Europe/Berlin" })), in_berlin);
        let own = json!({ "rule": "FREQ=DAILY", "start": "2026-07-01T04:00:00", "zone": "UTC", "duration_s": 60 });
        assert_eq!(with("recurrence", own.clone()), own);
        assert_eq!(exclusion(first.clone()), first);
    }
}
