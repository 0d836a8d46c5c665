//! What the service worker (`public/sw.js`) says on the pages that it shows.

use super::document;
use crate::domain::time::Timestamp;

/// When a page that the service worker had kept was asked for and answered: it may be long ago.
pub fn kept_times() -> Option<(Timestamp, Timestamp)> {
    let said = root_says("data-kept")?;
    let (asked, answered) = said.split_once(' ')?;
    Some((millis(asked)?, millis(answered)?))
}

/// When the server was last reached, where only the app itself is there.
pub fn reached_at() -> Option<Timestamp> {
    millis(&root_says("data-reached")?)
}

fn root_says(name: &str) -> Option<String> {
    document().document_element()?.get_attribute(name)
}

fn millis(text: &str) -> Option<Timestamp> {
    text.parse::<i64>().ok()?.checked_mul(1000).map(Timestamp::from_micros)
}
