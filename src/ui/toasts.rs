//! Short messages that a screen reader speaks and that go when they are dismissed, or by
//! themselves when nothing is left to do about them.

use super::{
    browser,
    components::toast_list::{Toast, sentence},
};
use crate::domain::{failure::Failure, incident::Refusal};
use leptos::{prelude::*, task::spawn_local};

/// How long a message stays that needs no action.
const STAYS_FOR_MILLIS: i32 = 6_000;

/// The messages on screen.
#[derive(Clone, Copy)]
pub struct Toasts {
    pub shown: RwSignal<Vec<Toast>>,
    count: StoredValue<u32>,
}

impl Default for Toasts {
    fn default() -> Self {
        Self { shown: RwSignal::new(vec![]), count: StoredValue::new(0) }
    }
}

impl Toasts {
    /// Says something that needs no answer.
    pub fn say(self, words: impl Into<String>) {
        let number = self.push(words.into(), None, false);
        spawn_local(async move {
            browser::sleep(STAYS_FOR_MILLIS).await;
            self.dismiss(number);
        });
    }

    /// Something that was said elsewhere, with what can be done about it.
    pub fn put(self, words: String, next: Option<String>, refused: bool) {
        self.push(words, next, refused);
    }

    /// The server refused something that was shown as done.
    pub fn refused(self, what: &str, failure: &Failure) {
        self.push(format!("{what}: {}", failure.words), failure.next.clone(), true);
    }

    /// The rules refuse something here; nothing was sent.
    pub fn say_refused(self, refusal: &Refusal) {
        self.push(sentence(&refusal.to_string()), None, true);
    }

    pub fn dismiss(self, number: u32) {
        self.shown.update(|shown| shown.retain(|toast| toast.number != number));
    }

    fn push(self, words: String, next: Option<String>, refused: bool) -> u32 {
        self.count.update_value(|count| *count += 1);
        let number = self.count.get_value();
        self.shown.update(|shown| {
            shown.retain(|toast| toast.words != words);
            shown.push(Toast { number, words, next, refused });
        });
        number
    }
}
