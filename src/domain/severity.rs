//! The two scales of severity: an incident's SEV1–SEV5 and an alert's critical–info, and the way
//! from one to the other (INTEGRATIONS.md §1).

use serde::{Deserialize, Serialize};

/// How bad an incident is. SEV1 is the worst; the order of the variants is the order of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    #[serde(rename = "SEV1", alias = "sev1")]
    Sev1,
    #[serde(rename = "SEV2", alias = "sev2")]
    Sev2,
    #[serde(rename = "SEV3", alias = "sev3")]
    Sev3,
    #[serde(rename = "SEV4", alias = "sev4")]
    Sev4,
    #[serde(rename = "SEV5", alias = "sev5")]
    Sev5,
}

impl Severity {
    pub const ALL: [Severity; 5] = [Severity::Sev1, Severity::Sev2, Severity::Sev3, Severity::Sev4, Severity::Sev5];

    /// 1 for SEV1 … 5 for SEV5.
    pub fn level(self) -> u8 {
        self as u8 + 1
    }

    pub fn slug(self) -> &'static str {
        match self {
            Severity::Sev1 => "sev1",
            Severity::Sev2 => "sev2",
            Severity::Sev3 => "sev3",
            Severity::Sev4 => "sev4",
            Severity::Sev5 => "sev5",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Severity::Sev1 => "SEV1",
            Severity::Sev2 => "SEV2",
            Severity::Sev3 => "SEV3",
            Severity::Sev4 => "SEV4",
            Severity::Sev5 => "SEV5",
        }
    }

    /// The word beside the number.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Sev1 => "critical",
            Severity::Sev2 => "high",
            Severity::Sev3 => "medium",
            Severity::Sev4 => "low",
            Severity::Sev5 => "no impact yet",
        }
    }

    /// Somebody has to respond within this many seconds (MISSION.md). For SEV5, "next working
    /// day" is given as 24 hours.
    pub fn respond_within_secs(self) -> i64 {
        match self {
            Severity::Sev1 => 15 * 60,
            Severity::Sev2 => 30 * 60,
            Severity::Sev3 => 2 * 3600,
            Severity::Sev4 | Severity::Sev5 => 24 * 3600,
        }
    }

    /// How often people inside want to hear something while it lasts, in seconds.
    pub fn inside_update_every_secs(self) -> Option<i64> {
        match self {
            Severity::Sev1 => Some(15 * 60),
            Severity::Sev2 => Some(30 * 60),
            Severity::Sev3 => Some(2 * 3600),
            Severity::Sev4 | Severity::Sev5 => None,
        }
    }

    /// How often the public wants to hear something while it lasts, in seconds.
    pub fn public_update_every_secs(self) -> Option<i64> {
        match self {
            Severity::Sev1 => Some(20 * 60),
            Severity::Sev2 => Some(60 * 60),
            Severity::Sev3 | Severity::Sev4 | Severity::Sev5 => None,
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.slug().eq_ignore_ascii_case(text))
    }
}

/// How bad a sender says an alert is (the PD-CEF scale). The order of the variants is the order of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertSeverity {
    Critical,
    Error,
    Warning,
    Info,
}

impl Severity {
    /// What leaders want to hear of: SEV1 and SEV2.
    pub fn is_major(self) -> bool {
        self <= Severity::Sev2
    }
}

impl AlertSeverity {
    pub const ALL: [AlertSeverity; 4] = [AlertSeverity::Critical, AlertSeverity::Error, AlertSeverity::Warning, AlertSeverity::Info];

    pub fn slug(self) -> &'static str {
        match self {
            AlertSeverity::Critical => "critical",
            AlertSeverity::Error => "error",
            AlertSeverity::Warning => "warning",
            AlertSeverity::Info => "info",
        }
    }

    /// The word at the beginning of a line.
    pub fn label(self) -> &'static str {
        match self {
            AlertSeverity::Critical => "Critical",
            AlertSeverity::Error => "Error",
            AlertSeverity::Warning => "Warning",
            AlertSeverity::Info => "Information",
        }
    }

    /// Reads the words senders use, in any case. An unknown word is `None`: the severity is unset.
    pub fn from_word(word: &str) -> Option<Self> {
        const WORDS: [(AlertSeverity, &[&str]); 4] = [
            (AlertSeverity::Critical, &["critical", "crit", "page", "emergency", "fatal", "alert", "sev1", "p1"]),
            (AlertSeverity::Error, &["error", "major", "high", "sev2", "p2"]),
            (AlertSeverity::Warning, &["warning", "warn", "minor", "medium", "moderate", "ticket", "sev3", "p3"]),
            (AlertSeverity::Info, &["info", "informational", "notice", "low", "none", "debug", "sev4", "p4", "p5"]),
        ];
        let word = word.trim();
        WORDS.iter().find(|(_, words)| words.iter().any(|known| known.eq_ignore_ascii_case(word))).map(|(severity, _)| *severity)
    }

    /// What an incident opened by such an alert is proposed to be.
    pub fn proposes(self) -> Severity {
        match self {
            AlertSeverity::Critical => Severity::Sev1,
            AlertSeverity::Error => Severity::Sev2,
            AlertSeverity::Warning => Severity::Sev3,
            AlertSeverity::Info => Severity::Sev4,
        }
    }

    /// From AWS Incident Manager's impact 1–5.
    pub fn from_impact(impact: u8) -> Option<Self> {
        match impact {
            1 => Some(AlertSeverity::Critical),
            2 => Some(AlertSeverity::Error),
            3 => Some(AlertSeverity::Warning),
            4 | 5 => Some(AlertSeverity::Info),
            _ => None,
        }
    }

    /// Whether such an alert says by itself that a service's users are hurt.
    pub fn hurts(self) -> bool {
        matches!(self, AlertSeverity::Critical | AlertSeverity::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_words_are_read_in_any_case() {
        assert_eq!(AlertSeverity::from_word("PAGE"), Some(AlertSeverity::Critical));
        assert_eq!(AlertSeverity::from_word("p1"), Some(AlertSeverity::Critical));
        assert_eq!(AlertSeverity::from_word(" Major "), Some(AlertSeverity::Error));
        assert_eq!(AlertSeverity::from_word("ticket"), Some(AlertSeverity::Warning));
        assert_eq!(AlertSeverity::from_word("none"), Some(AlertSeverity::Info));
        assert_eq!(AlertSeverity::from_word("purple"), None);
        assert_eq!(AlertSeverity::from_word(""), None);
    }

    #[test]
    fn every_alert_severity_proposes_its_own_level() {
        let proposed = AlertSeverity::ALL.map(AlertSeverity::proposes);
        assert_eq!(proposed, [Severity::Sev1, Severity::Sev2, Severity::Sev3, Severity::Sev4]);
    }

    #[test]
    fn severities_read_back_as_they_are_written() {
        for severity in Severity::ALL {
            assert_eq!(Severity::from_slug(severity.label()), Some(severity));
            let json = serde_json::to_string(&severity).expect("an enum of strings serialises");
            assert_eq!(serde_json::from_str::<Severity>(&json).ok(), Some(severity));
        }
    }
}
