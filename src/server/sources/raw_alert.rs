//! An alert as a source reads it, before anything is bounded, and the one way from there to a
//! [`Signal`]. What holds for every signal is seen to here and nowhere else.

use super::{Parsed, text};
use crate::domain::{
    alert::{Labels, Link, MAX_DEDUPE_KEY, Signal, SignalAction},
    severity::AlertSeverity,
    time::Timestamp,
    timeline::hex,
};
use sha2::{Digest, Sha256};

/// Titles are cut to this many characters.
pub const MAX_TITLE: usize = 300;
/// An address of more characters is not kept: half of it would lead elsewhere.
const MAX_HREF: usize = 8_192;
const MAX_LINK_TEXT: usize = 200;
const MAX_LINKS: usize = 32;

/// The fields of [`Signal`], as they came.
pub struct RawAlert {
    pub action: SignalAction,
    /// Empty: the title identifies it.
    pub key: String,
    pub severity: Option<AlertSeverity>,
    pub title: String,
    pub labels: Labels,
    pub annotations: Labels,
    pub links: Vec<Link>,
    pub group_labels: Labels,
    pub started_at: Option<Timestamp>,
    pub event_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub heartbeat: bool,
}

impl RawAlert {
    pub fn new(action: SignalAction, key: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            action,
            key: key.into(),
            severity: None,
            title: title.into(),
            labels: Labels::new(),
            annotations: Labels::new(),
            links: vec![],
            group_labels: Labels::new(),
            started_at: None,
            event_at: None,
            expires_at: None,
            heartbeat: false,
        }
    }

    /// Adds a link, if there is an address.
    pub fn link(&mut self, href: Option<String>, text: &str) {
        if let Some(href) = href {
            self.links.push(Link { href, text: text.to_owned() });
        }
    }

    /// Bounds and cleans everything, and adds it to what the delivery says.
    pub fn add_to(self, parsed: &mut Parsed) {
        let links_sent = self.links.len();
        let (mut links, elsewhere): (Vec<Link>, Vec<Link>) = self.links.into_iter().filter_map(bounded_link).partition(|link| Link::is_safe(&link.href));
        links.truncate(MAX_LINKS);
        links.dedup_by(|a, b| a.href == b.href);
        // What may not be clicked is no link; it is kept as the text that it is.
        let mut annotations = self.annotations;
        for link in elsewhere.into_iter().take(MAX_LINKS) {
            annotations.entry(link.text).or_insert(link.href);
        }
        let (labels, labels_left_out) = text::LABELS.apply(self.labels);
        let (annotations, annotations_left_out) = text::ANNOTATIONS.apply(annotations);
        let (group_labels, _) = text::LABELS.apply(self.group_labels);
        let title = Some(text::line(&self.title, MAX_TITLE)).filter(|title| !title.is_empty()).unwrap_or_else(|| "Alert without a title".to_owned());
        if labels_left_out + annotations_left_out > 0 {
            parsed.warn(format!("“{title}” has too many labels or annotations: {} were left out", labels_left_out + annotations_left_out));
        }
        if links_sent > MAX_LINKS {
            parsed.warn(format!("“{title}” has more than {MAX_LINKS} links: the others were left out"));
        }
        parsed.signals.push(Signal {
            action: self.action,
            dedupe_key: if self.key.is_empty() { sha256_hex(&self.title) } else { dedupe_key(self.key) },
            severity: self.severity,
            title,
            labels,
            annotations,
            links,
            group_labels,
            started_at: self.started_at,
            event_at: self.event_at,
            expires_at: self.expires_at,
            heartbeat: self.heartbeat,
        });
    }
}

/// The key as it was sent, or its SHA-256 where it is too long or holds control characters:
/// stripping them would make one key of two.
pub fn dedupe_key(key: String) -> String {
    let is_kept = text::is_plain(&key, MAX_DEDUPE_KEY) || (!key.contains(char::is_control) && key.chars().nth(MAX_DEDUPE_KEY).is_none());
    if is_kept { key } else { sha256_hex(&key) }
}

/// The link with what browsers would pass over taken out, if it still leads anywhere.
pub fn bounded_link(link: Link) -> Option<Link> {
    // Browsers pass over control characters in addresses, so they must go before anybody judges the scheme.
    let is_plain = text::line_is_kept(&link.href, MAX_HREF);
    let href: String = if is_plain { link.href } else { link.href.trim().chars().filter(|c| !c.is_control()).collect() };
    if href.is_empty() || (!is_plain && href.chars().nth(MAX_HREF).is_some()) {
        return None;
    }
    let text = Some(text::line(&link.text, MAX_LINK_TEXT)).filter(|text| !text.is_empty()).unwrap_or_else(|| text::line(&href, MAX_LINK_TEXT));
    Some(Link { href, text })
}

/// SHA-256 in hex.
pub fn sha256_hex(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(raw: RawAlert) -> Signal {
        let mut parsed = Parsed::default();
        raw.add_to(&mut parsed);
        parsed.signals.remove(0)
    }

    fn a_raw_alert(key: &str, title: &str) -> RawAlert {
        RawAlert::new(SignalAction::Fire, key, title)
    }

    #[test]
    fn a_key_is_kept_verbatim_up_to_1024_characters() {
        let longest = "ü".repeat(1024);
        assert_eq!(signal(a_raw_alert(&longest, "t")).dedupe_key, longest);
        let too_long = "ü".repeat(1025);
        assert_eq!(signal(a_raw_alert(&too_long, "t")).dedupe_key, sha256_hex(&too_long));
        assert_eq!(signal(a_raw_alert(" a ", "t")).dedupe_key, " a ");
    }

    #[test]
    fn keys_that_differ_in_control_characters_stay_apart() {
        let keys = ["a", "a\u{0}", "a\n"].map(|key| signal(a_raw_alert(key, "t")).dedupe_key);
        assert_eq!(keys[0], "a");
        assert_ne!(keys[1], keys[2]);
        assert!(keys.iter().all(|key| !key.contains(char::is_control)));
    }

    #[test]
    fn an_alert_without_a_key_is_known_by_its_whole_title() {
        let long = "x".repeat(400);
        let [one, other] = [format!("{long}1"), format!("{long}2")].map(|title| signal(a_raw_alert("", &title)));
        assert_eq!(one.title, other.title);
        assert_ne!(one.dedupe_key, other.dedupe_key);
        assert_eq!(signal(a_raw_alert("", "abc")).dedupe_key, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn there_is_always_a_title() {
        assert_eq!(signal(a_raw_alert("k", "\u{0}\n")).title, "Alert without a title");
        assert_eq!(signal(a_raw_alert("k", &"é".repeat(301))).title.chars().count(), 300);
    }

    #[test]
    fn only_what_may_be_clicked_is_a_link_and_a_scheme_cannot_hide_behind_control_characters() {
        let mut raw = a_raw_alert("k", "t");
        raw.link(Some(" java\nscript:alert(1)".to_owned()), "");
        raw.link(Some("\u{0}".to_owned()), "nothing");
        raw.link(Some(format!("https://a/{}", "x".repeat(9_000))), "endless");
        raw.link(Some("https://a".to_owned()), "Source");
        raw.link(Some("/graph?g0".to_owned()), "Chart");
        let Signal { links, annotations, .. } = signal(raw);
        assert_eq!(links, [Link { href: "https://a".to_owned(), text: "Source".to_owned() }]);
        let kept: Vec<(&str, &str)> = annotations.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(kept, [("Chart", "/graph?g0"), ("javascript:alert(1)", "javascript:alert(1)")]);
    }

    #[test]
    fn what_is_left_out_is_told() {
        let mut raw = a_raw_alert("k", "t");
        raw.annotations = (0..130).map(|n| (format!("a{n}"), "x".to_owned())).collect();
        let mut parsed = Parsed::default();
        raw.add_to(&mut parsed);
        assert_eq!(parsed.warnings, ["“t” has too many labels or annotations: 2 were left out"]);
    }
}
