//! Fields of an objective that nobody knows: a slip that is ignored looks like one that was kept.
//!
//! What was read is written again; whatever was sent and is not in there was read by nobody.

use crate::domain::slo::objective::ABSENT_IS_BAD;
use serde::Serialize;
use serde_json::Value;

/// What an answer says of an objective beside what can be set; it may be sent back.
const TOLD: [&str; 10] = ["id", "generation", "generation_at", "revision", "created_at", "updated_at", "updated_by", "trouble", "at", "author"];

/// The places of fields in `sent` that `read`, which was made from it, does not have.
pub fn unknown_fields(sent: &Value, read: &impl Serialize) -> Vec<String> {
    let mut unknown = Vec::new();
    if let (Some(sent), Ok(read)) = (sent.as_object(), serde_json::to_value(read)) {
        for (name, value) in sent.iter().filter(|(name, _)| !TOLD.contains(&name.as_str())) {
            compare(name, value, read.get(name), &mut unknown);
        }
    }
    unknown
}

fn compare(place: &str, sent: &Value, read: Option<&Value>, unknown: &mut Vec<String>) {
    match (sent, read) {
        // What is not written when it is off may be said to be off.
        (Value::Bool(false), None) if place.rsplit('.').next() == Some(ABSENT_IS_BAD) => {}
        (_, None) => unknown.push(place.to_owned()),
        (Value::Object(sent), Some(Value::Object(read))) => {
            sent.iter().for_each(|(name, value)| compare(&format!("{place}.{name}"), value, read.get(name), unknown));
        }
        (Value::Array(sent), Some(Value::Array(read))) => {
            sent.iter().zip(read).enumerate().for_each(|(nth, (sent, read))| compare(&format!("{place}[{nth}]"), sent, Some(read), unknown));
        }
        // Whether a value fits was said when it was read.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_nobody_read_is_named_by_its_place() {
        let read = json!({"name": "pay", "alerting": {"pairs": [{"factor": 2.0}], "enabled": true}, "windows": [{"seconds": 3_600}]});
        let sent = json!({"name": "pay", "revision": 4, "alerting": {"pairs": [{"factor": 2, "for_s": 60}]}, "windows": [{"seconds": 3_600, "zone": "UTC"}], "slice": 60});
        let mut unknown = unknown_fields(&sent, &read);
        unknown.sort();
        assert_eq!(unknown, ["alerting.pairs[0].for_s", "slice", "windows[0].zone"]);
        assert_eq!(unknown_fields(&read, &read), [] as [String; 0]);
        let (off, on) = (json!({"indicator": {"kind": "probe", "absent_is_bad": false}}), json!({"indicator": {"kind": "ratio", "absent_is_bad": true}}));
        assert_eq!(unknown_fields(&off, &json!({"indicator": {"kind": "probe"}})), [] as [String; 0]);
        assert_eq!(unknown_fields(&on, &json!({"indicator": {"kind": "ratio"}})), ["indicator.absent_is_bad"]);
    }
}
