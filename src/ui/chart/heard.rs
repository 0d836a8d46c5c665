//! What a picture says to those who listen: where somebody stopped, never what was passed on the way.

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use std::time::Duration;

/// Whoever listens hears a value at most twice a second.
const BETWEEN_WORDS: Duration = Duration::from_millis(500);

/// What was last said aloud about one picture.
#[derive(Clone, Copy)]
pub struct Heard {
    words: RwSignal<String>,
    /// The word that is still to come.
    waiting: StoredValue<Option<TimeoutHandle>>,
}

impl Heard {
    pub fn new() -> Self {
        Self { words: RwSignal::new(String::new()), waiting: StoredValue::new(None) }
    }

    pub fn get(self) -> String {
        self.words.get()
    }

    /// Says after a pause what `words` gives then; the picture may be gone by that time, and must be
    /// read with the `try_` methods.
    pub fn soon(self, words: impl Fn() -> Option<String> + 'static) {
        if self.waiting.get_value().is_some() {
            return;
        }
        let say = move || {
            if self.waiting.try_set_value(None).is_none() {
                self.words.set(words().unwrap_or_default());
            }
        };
        self.waiting.set_value(set_timeout_with_handle(say, BETWEEN_WORDS).ok());
    }

    /// Says this, and nothing of what came before it.
    pub fn now(self, words: String) {
        if let Some(waiting) = self.waiting.try_update_value(Option::take).flatten() {
            waiting.clear();
        }
        self.words.set(words);
    }
}
