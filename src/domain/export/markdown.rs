//! A report for people: Markdown that reads well as it is and rendered.
//!
//! What strangers wrote stays text: nothing in it can become markup, a new block or HTML.

use super::Record;
use crate::domain::{
    incident::{Incident, Kind, ResolvedBy, State},
    time::Timestamp,
    timeline::{self, Entry},
    wording,
};
use std::fmt::Write;

/// The whole report.
pub fn report(record: &Record) -> String {
    let Record { incident, alerts, exported_at, .. } = record;
    let mut report = format!("# {}: {}\n", incident.reference, line(&incident.title));
    head(&mut report, incident);
    times(&mut report, incident);
    roles(&mut report, incident);
    impact(&mut report, incident);
    if !alerts.is_empty() {
        report.push_str("\n## Alerts\n\n| Alert | Severity | Source | State | Started | Resolved | Delivered |\n|---|---|---|---|---|---|---|\n");
        for alert in alerts {
            let severity = alert.severity.map_or("", |severity| severity.slug());
            let state = if alert.stale { format!("{}, stale", alert.state.slug()) } else { alert.state.slug().to_owned() };
            let resolved = alert.resolved_at.map(|at| at.to_string()).unwrap_or_default();
            row(
                &mut report,
                &[&line(&alert.title), severity, &line(&alert.source), &state, &alert.started_at.to_string(), &resolved, &alert.deliveries.to_string()],
            );
        }
    }
    report.push_str("\n## Timeline\n\nBy when it happened, in UTC.\n\n");
    for entry in record.entries() {
        entry_lines(&mut report, &entry);
    }
    let chain = match timeline::verify(incident.id, &record.events) {
        Ok(head) => format!("{}; its chain of hashes holds. The last hash is `{}`.", wording::count(record.events.len(), "entry", "entries"), head.hash),
        Err(broken) => format!("**The chain of hashes is broken:** {broken}."),
    };
    let _ = write!(report, "\n## Record\n\n{chain} Exported at {exported_at}.\n");
    report
}

fn head(report: &mut String, incident: &Incident) {
    let by = match incident.resolved_by {
        Some(ResolvedBy::Signal) if incident.state == State::Resolved => " by signal",
        _ => "",
    };
    let severity = match (incident.severity, incident.proposed_severity) {
        (Some(severity), _) => format!("{} ({})", severity.label(), severity.word()),
        (None, Some(proposed)) => format!("not sure yet, {} proposed", proposed.label()),
        (None, None) => "not sure yet".to_owned(),
    };
    let reason = incident.severity_reason.as_ref().map(|reason| format!(": {}", line(reason))).unwrap_or_default();
    let _ = write!(report, "\n- **State:** {}{by}\n- **Severity:** {severity}{reason}\n", incident.state.label());
    if incident.kind != Kind::Incident {
        let _ = writeln!(report, "- **Kind:** {}", incident.kind.slug());
    }
    if incident.private {
        report.push_str("- **Private:** only its people may read this\n");
    }
    if !incident.services.is_empty() {
        let services: Vec<String> = incident.services.iter().map(|service| line(service)).collect();
        let _ = writeln!(report, "- **Services:** {}", services.join(", "));
    }
    if !incident.labels.is_empty() {
        let labels: Vec<String> = incident.labels.iter().map(|(name, value)| format!("{}={}", line(name), line(value))).collect();
        let _ = writeln!(report, "- **Labels:** {}", labels.join(", "));
    }
    let _ = writeln!(report, "- **Declared by:** {}", line(&incident.declared_by.name));
    if let Some(origin) = &incident.origin {
        let _ = writeln!(report, "- **Imported from:** {}, {}", line(&origin.name), line(&origin.id));
    }
}

/// When what happened, and how long after the start of impact. What is not known stays empty.
fn times(report: &mut String, incident: &Incident) {
    let start = incident.impact_started_at();
    report.push_str("\n## Times\n\n| | At (UTC) | After the start of impact |\n|---|---|---|\n");
    row(report, &["Impact began", &start.to_string(), ""]);
    for (what, at) in [
        ("Detected", incident.detected_at),
        ("Acknowledged", incident.acknowledged_at),
        ("Mitigated", incident.mitigated_at),
        ("Resolved", incident.resolved_at),
        ("Closed", incident.closed_at),
    ] {
        let after = at.map(|at| after(start, at)).unwrap_or_default();
        row(report, &[what, &at.map_or("not recorded".to_owned(), |at| at.to_string()), &after]);
    }
}

fn after(start: Timestamp, at: Timestamp) -> String {
    let secs = at.secs_since(start);
    if secs < 0 { format!("{} before it", wording::span(-secs)) } else { wording::span(secs) }
}

fn roles(report: &mut String, incident: &Incident) {
    if incident.roles.is_empty() {
        return;
    }
    report.push_str("\n## Roles\n\n");
    for (role, seat) in &incident.roles {
        let held = seat.holder.iter().map(|held| format!("{} since {}", line(&held.person.name), held.since));
        let asked = seat.asked.iter().map(|held| format!("{} was asked at {}", line(&held.person.name), held.since));
        let _ = writeln!(report, "- **{}:** {}", role.label(), held.chain(asked).collect::<Vec<_>>().join("; "));
    }
}

fn impact(report: &mut String, incident: &Incident) {
    if incident.impact.is_empty() {
        return;
    }
    report.push_str("\n## Impact\n\n| Service | From (UTC) | To (UTC) | Length |\n|---|---|---|---|\n");
    for window in &incident.impact {
        let service = window.service.as_deref().map_or("users".to_owned(), line);
        let to = window.to.map_or("not over".to_owned(), |to| to.to_string());
        let length = window.to.map(|to| wording::span(to.secs_since(window.from))).unwrap_or_default();
        row(report, &[&service, &window.from.to_string(), &to, &length]);
    }
}

/// One entry: when, who, what, and behind it everything that is not as it was first said.
fn entry_lines(report: &mut String, entry: &Entry) {
    let mut marks = vec![format!("entry {}", entry.seq)];
    if entry.pinned {
        marks.push("pinned".to_owned());
    }
    if entry.is_late() || entry.corrected_from.is_some() {
        let late = if entry.is_late() { ", late" } else { "" };
        marks.push(format!("happened {} recorded {}{late}", entry.happened_at, entry.recorded_at));
    }
    if let Some(first_said) = entry.corrected_from {
        marks.push(format!("its time was corrected from {first_said}"));
    }
    let _ = writeln!(report, "- **{}** {}: {} ({})", entry.happened_at, line(&entry.actor.name), block(&entry.text), marks.join("; "));
}

fn row(report: &mut String, cells: &[&str]) {
    let _ = writeln!(report, "| {} |", cells.join(" | "));
}

/// Foreign text on one line.
fn line(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Foreign text of several lines, inside an item of a list. An empty line would end the item, and
/// what begins a block is a block only at the beginning of a line.
fn block(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(line).filter(|line| !line.is_empty()).collect();
    lines.join("\\\n  ")
}

/// Foreign text without anything that Markdown or HTML would take for its own.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '#' | '|' | '~' | '!' | '$' => {
                safe.push('\\');
                safe.push(letter);
            }
            // `- x`, `+ x` and `===` are something at the beginning only, `1. x` after digits only.
            '-' | '+' | '=' if at == 0 => {
                safe.push('\\');
                safe.push(letter);
            }
            '.' | ')' if at > 0 && text[..at].bytes().all(|byte| byte.is_ascii_digit()) => {
                safe.push('\\');
                safe.push(letter);
            }
            // Neither has a place in a report: controls, and what turns the direction of other text around.
            _ if letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {}
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_become_markup() {
        for (text, expected) in [
            ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
            ("[click](javascript:alert(1))", "\\[click\\](javascript:alert(1))"),
            ("a | b", "a \\| b"),
            ("# no heading", "\\# no heading"),
            ("- no item", "\\- no item"),
            ("12. no item", "12\\. no item"),
            ("v1.2 of a-b", "v1.2 of a-b"),
            ("`code` **bold** _it_ ~~x~~", "\\`code\\` \\*\\*bold\\*\\* \\_it\\_ \\~\\~x\\~\\~"),
            ("&lt;script&gt;", "&amp;lt;script&amp;gt;"),
            ("\u{202e}evil\u{0}", "evil"),
        ] {
            assert_eq!(line(text), expected);
        }
    }

    #[test]
    fn a_text_of_several_lines_stays_in_its_item() {
        assert_eq!(block("one\n\n# two\n    three\n---"), "one\\\n  \\# two\\\n  three\\\n  \\---");
        assert_eq!(line("one\n\n| two"), "one \\| two");
    }
}
