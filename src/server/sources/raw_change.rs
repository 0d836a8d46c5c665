//! A change as a source reads it, before anything is bounded, and the one way from there to a
//! [`ChangeRecord`]. What holds for every change is seen to here and nowhere else.

use super::{
    Parsed, Request,
    raw_alert::{MAX_TITLE, bounded_link, dedupe_key},
    text,
};
use crate::domain::{
    alert::Link,
    change::{ChangeRecord, ChangeStatus},
    time::Timestamp,
};
use serde_json::{Map, Value, json};

/// Most characters of one fact.
const MAX_FACT: usize = 2_000;
/// Most characters of the name of a service.
const MAX_SERVICE: usize = 200;

/// The fields of [`ChangeRecord`], as they came.
pub struct RawChange {
    pub key: String,
    pub service: Option<String>,
    pub title: String,
    pub status: Option<ChangeStatus>,
    pub happened_at: Timestamp,
    pub told_at: Timestamp,
    /// What else is worth keeping of what was sent. The whole of it is mostly addresses of an API
    /// and people's mail addresses, which nobody looks for here.
    facts: Map<String, Value>,
    links: Vec<Link>,
}

impl RawChange {
    /// A change that was told, and happened, at `at`.
    pub fn new(key: String, title: String, at: Timestamp) -> Self {
        Self { key, service: None, title, status: None, happened_at: at, told_at: at, facts: Map::new(), links: vec![] }
    }

    /// Adds a fact, if there is one.
    pub fn fact(&mut self, name: &str, value: Option<String>) {
        self.facts.extend(value.map(|value| (name.to_owned(), Value::from(text::block(&value, MAX_FACT)))));
    }

    /// Adds a link, if there is an address. What may not be clicked is kept as text.
    pub fn link(&mut self, href: Option<String>, words: &str) {
        match href.and_then(|href| bounded_link(Link { href, text: words.to_owned() })) {
            Some(link) if Link::is_safe(&link.href) => self.links.push(link),
            Some(link) => self.fact(&link.text, Some(link.href)),
            None => {}
        }
    }

    /// Bounds and cleans everything, and adds it to what the delivery says.
    pub fn add_to(self, parsed: &mut Parsed) {
        let mut doc = self.facts;
        doc.insert("links".to_owned(), json!(self.links));
        parsed.changes.push(ChangeRecord {
            key: dedupe_key(self.key),
            service: self.service.map(|service| text::line(&service, MAX_SERVICE)).filter(|service| !service.is_empty()),
            title: Some(text::line(&self.title, MAX_TITLE)).filter(|title| !title.is_empty()).unwrap_or_else(|| "Change without a title".to_owned()),
            status: self.status,
            happened_at: self.happened_at,
            told_at: self.told_at,
            doc: Value::Object(doc),
        });
    }
}

/// What was changed, as it reads in a title: a branch or tag by its name, a commit by its first
/// digits.
pub fn short_ref(name: &str) -> String {
    let name = name.trim();
    let name = ["refs/heads/", "refs/tags/"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    if name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) { name.chars().take(8).collect() } else { name.to_owned() }
}

/// What the sender calls this delivery, as one of these headers says.
pub fn delivery_id(request: &Request, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| (request.header)(name)).map(|id| dedupe_key(id.trim().to_owned())).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_short_and_a_branch_has_no_prefix() {
        assert_eq!(short_ref("f95f852bd8fca8fcc58a9a2d6c842781e32a215e"), "f95f852b");
        assert_eq!((short_ref("refs/heads/main").as_str(), short_ref("v1.2").as_str(), short_ref(" ").as_str()), ("main", "v1.2", ""));
    }

    #[test]
    fn there_is_always_a_title_and_never_an_odd_link() {
        let at = Timestamp::from_micros(1_741_948_200_000_000);
        let mut raw = RawChange::new("a\u{0}".to_owned(), "\u{0}".to_owned(), at);
        raw.link(Some(" \u{0}".to_owned()), "nothing");
        raw.link(Some("https://ci/1".to_owned()), "Run");
        raw.link(Some("java\nscript:alert(1)".to_owned()), "Log");
        raw.fact("description", Some("a\u{0}b".to_owned()));
        raw.service = Some("\n".to_owned());
        let mut parsed = Parsed::default();
        raw.add_to(&mut parsed);
        let change = parsed.changes.remove(0);
        assert_eq!((change.title.as_str(), change.service, change.key.len()), ("Change without a title", None, 64));
        assert_eq!(change.doc, json!({"Log": "javascript:alert(1)", "description": "ab", "links": [{"href": "https://ci/1", "text": "Run"}]}));
    }
}
