//! Which incident a new alert belongs to, so that a storm becomes few incidents.
//!
//! Alerts of one integration **and one severity** with equal `by` labels share a group. A group
//! takes alerts that start within its quiet time of its last activity (its newest start or
//! resolve). When `storm_at` groups of a severity are alive within the quiet time, further ones
//! join the incident of the first as one storm.

use super::{alert::Labels, ids::IncidentId, integration::Grouping, severity::AlertSeverity, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What is remembered of one group of one integration and severity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub key: String,
    pub incident_id: IncidentId,
    /// Start of its first alert since it last opened an incident or joined a storm.
    pub opened_at: Timestamp,
    /// Newest start or resolve of its alerts.
    pub active_at: Timestamp,
}

/// Where a new alert goes, and why; the words stand in the incident's record.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// Information only: recorded, no incident.
    RecordOnly,
    /// Opens an incident of its own.
    Open,
    /// Same group, within the quiet time.
    Join { incident_id: IncidentId },
    /// A further group of a storm.
    JoinStorm { incident_id: IncidentId },
}

/// Why an alert stands in an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It opened the incident.
    First,
    /// It has the same group labels, within the quiet time.
    SameGroup,
    /// So many groups opened at once that they count as one storm.
    Storm,
    /// A person attached it.
    Attached,
    /// It came with an incident that was merged into this one.
    Merged,
}

/// The group key of an alert: its `by` labels, else the sender's own group labels, else its name.
pub fn key(grouping: &Grouping, labels: &Labels, group_labels: &Labels, title: &str) -> String {
    let pairs = |names: &mut dyn Iterator<Item = (&String, &String)>| {
        // Lengths in front keep `a="b,c"` apart from `a="b", c=""`.
        names.map(|(name, value)| format!("{}:{name}={}:{value}", name.len(), value.len())).collect::<Vec<_>>().join(",")
    };
    let by = pairs(&mut grouping.by.iter().filter_map(|name| labels.get_key_value(name)).filter(|(_, value)| !value.is_empty()));
    if !by.is_empty() {
        return format!("by:{by}");
    }
    if !group_labels.is_empty() {
        return format!("sender:{}", pairs(&mut group_labels.iter()));
    }
    format!("name:{}", labels.get("alertname").map_or(title, String::as_str))
}

/// Places a new alert of `key` that starts at `started_at`.
///
/// `groups` are the groups of the same integration and severity; those idle for longer than the
/// quiet time are passed over, so a caller may leave them out.
pub fn place<'a>(
    grouping: &Grouping,
    severity: Option<AlertSeverity>,
    key: &str,
    started_at: Timestamp,
    groups: impl IntoIterator<Item = &'a Group>,
) -> Placement {
    if severity == Some(AlertSeverity::Info) {
        return Placement::RecordOnly;
    }
    let quiet = i64::from(grouping.quiet_s) * 1_000_000;
    let near = |at: Timestamp| started_at.micros_since(at).abs() <= quiet;
    let mut opened = vec![];
    for group in groups {
        if group.key == key && near(group.active_at) {
            return Placement::Join { incident_id: group.incident_id };
        }
        if near(group.opened_at) {
            opened.push(group);
        }
    }
    if opened.len() < usize::try_from(grouping.storm_at.max(1)).unwrap_or(usize::MAX) {
        return Placement::Open;
    }
    raging(&opened).or_else(|| first(&opened)).map_or(Placement::Open, |incident_id| Placement::JoinStorm { incident_id })
}

/// The incident that several of these groups are in: the storm goes on there, also when the group
/// that began it opened longer ago than the quiet time.
fn raging(opened: &[&Group]) -> Option<IncidentId> {
    let mut seen = HashSet::new();
    opened.iter().map(|group| group.incident_id).filter(|incident| !seen.insert(*incident)).min()
}

/// The incident of the group that opened first. Of those that opened in the same instant (a
/// sender's one evaluation) it is the oldest incident: ids grow with time.
fn first(opened: &[&Group]) -> Option<IncidentId> {
    opened.iter().map(|group| (group.opened_at, group.incident_id)).min().map(|(_, incident)| incident)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn incident(n: u128) -> IncidentId {
        IncidentId(Uuid::from_u128(n))
    }

    fn a_group(key: &str, n: u128, at: Timestamp) -> Group {
        Group { key: key.to_owned(), incident_id: incident(n), opened_at: at, active_at: at }
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn equal_services_share_a_key_and_others_fall_back() {
        let grouping = Grouping::default();
        let none = Labels::new();
        let checkout = labels(&[("service", "checkout"), ("instance", "a")]);
        let other_instance = labels(&[("service", "checkout"), ("instance", "b")]);
        assert_eq!(key(&grouping, &checkout, &none, "x"), key(&grouping, &other_instance, &none, "y"));
        assert_eq!(key(&grouping, &none, &labels(&[("team", "a")]), "x"), "sender:4:team=1:a");
        assert_eq!(key(&grouping, &labels(&[("alertname", "Down")]), &none, "x"), "name:Down");
        assert_eq!(key(&grouping, &none, &none, "disk full"), "name:disk full");
    }

    #[test]
    fn values_that_look_like_separators_stay_apart() {
        let grouping = Grouping { by: vec!["a".into(), "b".into()], ..Grouping::default() };
        let one = labels(&[("a", "1,1:b=1:2")]);
        let two = labels(&[("a", "1"), ("b", "2")]);
        assert_ne!(key(&grouping, &one, &Labels::new(), ""), key(&grouping, &two, &Labels::new(), ""));
    }

    #[test]
    fn an_alert_joins_its_group_within_the_quiet_time_and_not_after() {
        let grouping = Grouping::default();
        let groups = [a_group("k", 1, NOON)];
        let place = |secs| place(&grouping, None, "k", NOON.plus_secs(secs), &groups);
        assert_eq!(place(300), Placement::Join { incident_id: incident(1) });
        assert_eq!(place(301), Placement::Open);
        assert_eq!(place(-300), Placement::Join { incident_id: incident(1) });
    }

    #[test]
    fn the_eleventh_group_joins_the_first_as_a_storm() {
        let grouping = Grouping::default();
        let groups: Vec<Group> = (0..10).map(|n| a_group(&format!("g{n}"), n, NOON.plus_secs(n as i64))).collect();
        let severity = Some(AlertSeverity::Critical);
        assert_eq!(place(&grouping, severity, "g10", NOON.plus_secs(20), &groups[..9]), Placement::Open);
        assert_eq!(place(&grouping, severity, "g10", NOON.plus_secs(20), &groups), Placement::JoinStorm { incident_id: incident(0) });
        assert_eq!(place(&grouping, severity, "g10", NOON.plus_secs(400), &groups), Placement::Open);
    }

    #[test]
    fn groups_that_opened_in_one_instant_storm_into_the_oldest_incident_whatever_their_order() {
        let grouping = Grouping { storm_at: 3, ..Grouping::default() };
        let mut groups: Vec<Group> = (1..=5).map(|n| a_group(&format!("g{n}"), n, NOON)).collect();
        for _ in 0..groups.len() {
            groups.rotate_left(1);
            assert_eq!(place(&grouping, None, "new", NOON, &groups), Placement::JoinStorm { incident_id: incident(1) });
        }
    }

    #[test]
    fn a_storm_that_outlasts_the_quiet_time_goes_on_in_its_incident() {
        let grouping = Grouping { storm_at: 3, ..Grouping::default() };
        let mut groups: Vec<Group> = (1..=3).map(|n| a_group(&format!("g{n}"), n, NOON.plus_secs(n as i64))).collect();
        for n in 4..40_i64 {
            let (key, at) = (format!("g{n}"), NOON.plus_secs(n * 30));
            assert_eq!(place(&grouping, None, &key, at, &groups), Placement::JoinStorm { incident_id: incident(1) }, "{n}");
            groups.push(a_group(&key, 1, at));
        }
    }

    #[test]
    fn information_opens_nothing() {
        assert_eq!(place(&Grouping::default(), Some(AlertSeverity::Info), "k", NOON, &[]), Placement::RecordOnly);
    }
}
