//! What a search finds, the best first.

use super::{
    ids::{AlertId, IncidentRef},
    incident::State,
    reading::{Readable, Reader},
    severity::Severity,
};
use serde::{Deserialize, Serialize};

/// Everything that was found, as far as the asker may see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    pub incidents: Vec<FoundIncident>,
    pub services: Vec<String>,
    pub alerts: Vec<FoundAlert>,
}

/// An incident that was found, and by what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundIncident {
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub title: String,
    pub state: State,
    pub severity: Option<Severity>,
    /// `ref`, `title`, `service`, `label` or `timeline`.
    pub by: String,
    /// The words around what was found in its timeline.
    pub text: Option<String>,
}

/// An alert that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundAlert {
    pub id: AlertId,
    pub title: String,
    pub service: Option<String>,
    pub open: bool,
    /// The incident it belongs to.
    pub incident: Option<IncidentRef>,
}

impl Readable for Found {
    fn read(from: Reader<'_>) -> Self {
        Self { incidents: from.get("incidents"), services: from.get("services"), alerts: from.get("alerts") }
    }
}

impl Readable for FoundIncident {
    fn read(from: Reader<'_>) -> Self {
        Self {
            reference: from.get("ref"),
            title: from.get("title"),
            state: from.get("state"),
            severity: from.get("severity"),
            by: from.get("by"),
            text: from.get("text"),
        }
    }
}

impl Readable for FoundAlert {
    fn read(from: Reader<'_>) -> Self {
        Self { id: from.get("id"), title: from.get("title"), service: from.get("service"), open: from.get("open"), incident: from.get("incident") }
    }
}

/// A text as it is searched in: one letter for each, whatever its case, of every script. One letter
/// stays one, so that places in it are places in the text. None becomes one of ASCII that was not:
/// what is asked of the database has a letter of ASCII as it stands, and SQLite would not find it.
pub fn fold(text: &str) -> String {
    text.chars().map(folded).collect()
}

fn folded(letter: char) -> char {
    match letter.to_lowercase().next().unwrap_or(letter) {
        // The same letter at the end of a word.
        'ς' => 'σ',
        // The dotted `İ` and the sign of Kelvin; their own case is lost, and they are found.
        lower if lower.is_ascii() && !letter.is_ascii() => letter,
        lower => lower,
    }
}

/// The words around the first place where `wanted` (folded) stands in a text.
pub fn excerpt(text: &str, wanted: &str) -> Option<String> {
    const AROUND: usize = 40;
    let letters: Vec<char> = text.chars().collect();
    let lower: Vec<char> = letters.iter().map(|letter| folded(*letter)).collect();
    let wanted: Vec<char> = wanted.chars().collect();
    let at = lower.windows(wanted.len().max(1)).position(|window| window == wanted)?;
    let (from, to) = (at.saturating_sub(AROUND), (at + wanted.len() + AROUND).min(letters.len()));
    let words: String = letters[from..to].iter().map(|letter| if letter.is_control() { ' ' } else { *letter }).collect();
    let (before, after) = (if from > 0 { "…" } else { "" }, if to < letters.len() { "…" } else { "" });
    Some(format!("{before}{}{after}", words.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_shows_the_words_around_what_was_found() {
        assert_eq!(excerpt("Rolled back payments", "back").as_deref(), Some("Rolled back payments"));
        let long = format!("{} ÄPFEL {}", "x".repeat(60), "y".repeat(60));
        assert_eq!(excerpt(&long, "äpfel").map(|text| text.chars().count()), Some(87));
        assert_eq!(excerpt("nothing", "else"), None);
    }

    #[test]
    fn letters_of_every_script_are_folded_one_by_one() {
        assert_eq!(["ÜBERLAST", "Überlast", "überlast"].map(fold), ["überlast"; 3].map(str::to_owned));
        assert_eq!((fold("ΟΔΟΣ"), fold("οδος"), fold("ОШИБКА"), fold("過負荷")), ("οδοσ".into(), "οδοσ".into(), "ошибка".into(), "過負荷".into()));
        assert_eq!((fold("İI"), fold("\u{212A}K")), ("İi".into(), "\u{212A}k".into()), "what the database finds has its letters of ASCII");
    }

    #[test]
    fn what_was_found_reads_back() {
        let incident = FoundIncident {
            reference: IncidentRef(2),
            title: "t".into(),
            state: State::Active,
            severity: Some(Severity::Sev1),
            by: "title".into(),
            text: None,
        };
        let alert = FoundAlert { id: AlertId(uuid::Uuid::from_u128(4)), title: "a".into(), service: None, open: true, incident: Some(IncidentRef(2)) };
        let found = Found { incidents: vec![incident], services: vec!["pay".into()], alerts: vec![alert] };
        assert_eq!(crate::domain::reading::read(serde_json::to_string(&found).expect("it serialises").as_bytes()), Some(found));
    }
}
