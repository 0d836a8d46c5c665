//! Views of the incident list that somebody keeps: a name for an address.

use super::{
    lists::View,
    reading::{Readable, Reader},
};
use serde::{Deserialize, Serialize};

/// Longest name, in characters.
const MAX_NAME: usize = 60;
/// Longest address, in bytes.
const MAX_QUERY: usize = 2_000;

/// A kept view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    pub name: String,
    /// What stands behind the `?` of its address.
    pub query: String,
}

impl SavedView {
    /// What may be kept, or why not.
    pub fn parse(name: &str, query: &str) -> Result<Self, &'static str> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            return Err("a view's name has 1 to 60 characters");
        }
        if query.len() > MAX_QUERY || query.chars().any(char::is_control) {
            return Err("this view is too long to be kept");
        }
        Ok(Self { name: name.to_owned(), query: query.to_owned() })
    }

    /// Those that everybody has.
    pub fn built_in() -> Vec<SavedView> {
        let view = |name: &str, pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            SavedView { name: name.to_owned(), query: View::read(&pairs).query() }
        };
        vec![
            view("All", &[]),
            view("Open", &[("state", "open")]),
            view("Majors", &[("state", "open"), ("severity", "major")]),
            view("Mine", &[("state", "open"), ("lead", "@me")]),
            view("Nobody has it", &[("state", "open"), ("lead", "@nobody")]),
            view("Storms", &[("alerts", "10"), ("sort", "alerts")]),
            view("To close", &[("state", "resolved")]),
        ]
    }
}

impl Readable for SavedView {
    fn read(from: Reader<'_>) -> Self {
        Self { name: from.get("name"), query: from.get("query") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_views_that_everybody_has_are_addresses_that_say_what_they_are() {
        let queries: Vec<String> = SavedView::built_in().into_iter().map(|view| view.query).collect();
        assert_eq!(
            queries,
            ["", "state=open", "state=open&severity=major", "state=open&lead=@me", "state=open&lead=@nobody", "alerts=10&sort=alerts", "state=resolved"]
        );
    }

    #[test]
    fn a_kept_view_has_a_name_and_reads_back() {
        let view = SavedView::parse(" My team ", "service=pay").expect("it may be kept");
        assert_eq!(view.name, "My team");
        let text = serde_json::to_string(&view).expect("it serialises");
        assert_eq!(crate::domain::reading::read(text.as_bytes()), Some(view));
        assert!(SavedView::parse("  ", "").is_err() && SavedView::parse("x", &"y".repeat(2_001)).is_err() && SavedView::parse("a\nb", "").is_err());
    }
}
