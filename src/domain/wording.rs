//! Sentences: what an event says, and spans of time as people say them.

use super::{
    alert::Link,
    grouping::Why,
    incident::{AlertRef, EventKind, ImpactWindow, ResolvedBy},
    severity::Severity,
};

/// A span as people say it: `8 min`, `1 h 05 min`, `1 d 4 h`.
pub fn span(secs: i64) -> String {
    let minutes = secs.max(0) / 60;
    match minutes {
        0 => format!("{} s", secs.max(0)),
        1..60 => format!("{minutes} min"),
        60..1440 if minutes % 60 == 0 => format!("{} h", minutes / 60),
        60..1440 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        _ if minutes % 1440 / 60 == 0 => format!("{} d", minutes / 1440),
        _ => format!("{} d {} h", minutes / 1440, minutes % 1440 / 60),
    }
}

/// A countdown: `03:40`, `1:03:40`.
pub fn countdown(secs: i64) -> String {
    let secs = secs.max(0);
    if secs < 3600 { format!("{:02}:{:02}", secs / 60, secs % 60) } else { format!("{}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60) }
}

/// How long something took: `0.4 ms`, `12 ms`, `1.5 s`.
pub fn took(micros: i64) -> String {
    match micros.max(0) {
        micros @ 0..9_950 => format!("{:.1} ms", micros as f64 / 1e3),
        micros @ 9_950..999_500 => format!("{:.0} ms", micros as f64 / 1e3),
        micros => format!("{:.1} s", micros as f64 / 1e6),
    }
}

/// How much was sent: `812 B`, `3.4 kB`, `1.2 MB`.
pub fn size(bytes: i64) -> String {
    match bytes.max(0) {
        bytes @ 0..1_000 => format!("{bytes} B"),
        bytes @ 1_000..999_950 => format!("{:.1} kB", bytes as f64 / 1e3),
        bytes => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// `1 alert`, `3 alerts`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// A large number as it is read: `10,284`.
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `a`, `a and b`, `a, b and c`, `a, b, c and 4 more`.
pub fn list<T: AsRef<str>>(names: &[T]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [all @ .., last] if names.len() <= 4 => format!("{} and {}", all.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "), last.as_ref()),
        [a, b, c, rest @ ..] => format!("{}, {}, {} and {} more", a.as_ref(), b.as_ref(), c.as_ref(), rest.len()),
        [a, b] => format!("{} and {}", a.as_ref(), b.as_ref()),
    }
}

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
}

fn severity_words(severity: Option<Severity>) -> String {
    severity.map_or("not sure yet".to_owned(), |severity| format!("{} ({})", severity.label(), severity.word()))
}

fn alerts_words(alerts: &[AlertRef], why: Why) -> String {
    let titles: Vec<&str> = alerts.iter().map(|alert| alert.title.as_str()).collect();
    let reason = match why {
        Why::First => "opened the incident",
        Why::SameGroup => "same group, within its quiet time",
        Why::Storm => "part of a storm",
        Why::Attached => "attached by hand",
        Why::Merged => "came with a merged incident",
    };
    match titles.as_slice() {
        [one] => format!("Alert “{one}” fires ({reason})"),
        many => format!("{} alerts fire: {} ({reason})", many.len(), list(many)),
    }
}

fn impact_words(impact: &[ImpactWindow]) -> String {
    if impact.is_empty() {
        return "Nobody was hurt".to_owned();
    }
    let window = |window: &ImpactWindow| {
        let until = window.to.map_or("now".to_owned(), |to| to.to_string());
        format!("{} from {} to {until}", window.service.as_deref().unwrap_or("users"), window.from)
    };
    format!("Impact set: {}", impact.iter().map(window).collect::<Vec<_>>().join("; "))
}

/// An event in one sentence, without its actor and time.
pub fn event(kind: &EventKind) -> String {
    match kind {
        EventKind::Declared { title, severity, proposed_severity, .. } => match (severity, proposed_severity) {
            (Some(severity), _) => format!("Declared as {}: {title}", severity.label()),
            (None, Some(proposed)) => format!("Opened for triage, {} proposed: {title}", proposed.label()),
            (None, None) => format!("Opened for triage: {title}"),
        },
        EventKind::AlertsAttached { alerts, why } => alerts_words(alerts, *why),
        EventKind::AlertsResolved { alerts } if alerts.iter().all(|alert| alert.expired) => {
            format!("{}: no longer refreshed by the sender", count(alerts.len(), "alert ran out", "alerts ran out"))
        }
        EventKind::AlertsResolved { alerts } => count(alerts.len(), "alert resolved", "alerts resolved"),
        EventKind::AlertAcknowledged { title, .. } => format!("Alert “{title}” was acknowledged where it came from"),
        EventKind::AlertDetached { alert, reason } => format!("Alert “{}” detached{}", alert.title, because(reason)),
        EventKind::Acknowledged { until: Some(until), .. } => format!("Acknowledged until {} UTC", until.hour_minute()),
        EventKind::Acknowledged { until: None, .. } => "Acknowledged until further notice".to_owned(),
        EventKind::Unacknowledged { reason } => format!("Acknowledgement taken back{}", because(reason)),
        EventKind::SeveritySet { severity, proposed_severity, reason, .. } => {
            let override_words = match (severity, proposed_severity) {
                (Some(chosen), Some(proposed)) if chosen != proposed => format!(", {} was proposed", proposed.label()),
                _ => String::new(),
            };
            format!("Severity: {}{override_words}{}", severity_words(*severity), because(reason))
        }
        EventKind::Activated { reason } => format!("Being worked{}", because(reason)),
        EventKind::Mitigated { reason } => format!("Mitigated{}", because(reason)),
        EventKind::Resolved { by: ResolvedBy::Signal, .. } => "Resolved by signal: its last alert resolved and nobody had touched it".to_owned(),
        EventKind::Resolved { by: ResolvedBy::Person, reason } => format!("Resolved{}", because(reason)),
        EventKind::Closed { reason } => format!("Closed{}", because(reason)),
        EventKind::Reopened { reason, recovered: Some(false) } => format!("Reopened, it had not recovered{}", because(reason)),
        EventKind::Reopened { reason, .. } => format!("Reopened{}", because(reason)),
        EventKind::Cancelled { reason } => format!("False alarm{}", because(reason)),
        EventKind::MergedInto { into_ref, reason, .. } => format!("Merged into {into_ref}{}", because(reason)),
        EventKind::Absorbed { from_ref, title, .. } => format!("Took in {from_ref}: {title}"),
        EventKind::RoleAssigned { role, person, accepted: true, reason } => format!("{} is {}{}", person.name, role.label().to_lowercase(), because(reason)),
        EventKind::RoleAssigned { role, person, accepted: false, reason } => {
            format!("{} was asked to be {}{}", person.name, role.label().to_lowercase(), because(reason))
        }
        EventKind::RoleAccepted { role, person } => format!("{} accepted {}", person.name, role.label().to_lowercase()),
        EventKind::RoleReleased { role, person, reason } => format!("{} is no longer {}{}", person.name, role.label().to_lowercase(), because(reason)),
        EventKind::Note { text, .. } | EventKind::Decision { text } => text.clone(),
        EventKind::Linked { url, text } => match text {
            Some(text) if Link::is_safe(url) => format!("{text} ({url})"),
            _ => url.clone(),
        },
        EventKind::Pinned { seq } => format!("Pinned entry {seq}"),
        EventKind::Unpinned { seq } => format!("Unpinned entry {seq}"),
        EventKind::TimeCorrected { seq, happened_at, reason } => format!("Time of entry {seq} corrected to {happened_at}{}", because(reason)),
        EventKind::TitleSet { title } => format!("Title: {title}"),
        EventKind::ServicesSet { services } if services.is_empty() => "No service named".to_owned(),
        EventKind::ServicesSet { services } => format!("Services: {}", services.join(", ")),
        EventKind::ImpactSet { impact, reason } => format!("{}{}", impact_words(impact), because(reason)),
        EventKind::Tagged { labels } => {
            let label = |(name, value): (&String, &String)| if value.is_empty() { format!("{name} removed") } else { format!("{name}={value}") };
            format!("Labels: {}", labels.iter().map(label).collect::<Vec<_>>().join(", "))
        }
        EventKind::PrivacySet { private: true } => "Made private".to_owned(),
        EventKind::PrivacySet { private: false } => "Made visible to everybody".to_owned(),
        EventKind::UpdatePostponed { until, reason } => format!("Next update postponed to {} UTC{}", until.hour_minute(), because(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_are_read_in_groups() {
        assert_eq!([0, 999, 1_284, 1_234_567].map(grouped), ["0", "999", "1,284", "1,234,567"]);
    }

    #[test]
    fn spans_read_as_people_say_them() {
        let said: Vec<String> = [-5, 0, 59, 60, 480, 3600, 3900, 6720, 100_800, 172_800].into_iter().map(span).collect();
        assert_eq!(said, ["0 s", "0 s", "59 s", "1 min", "8 min", "1 h", "1 h 05 min", "1 h 52 min", "1 d 4 h", "2 d"]);
        assert_eq!(countdown(220), "03:40");
        assert_eq!(countdown(3820), "1:03:40");
    }

    #[test]
    fn long_lists_are_cut_with_a_count() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!(list(&["a", "b", "c", "d"]), "a, b, c and d");
        assert_eq!(list(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
