//! Always at hand: a note, a decision or a link, with the time it happened.

use crate::{
    domain::{
        incident::{Command, Incident, Verb},
        screens::PlainVerb,
        time::Timestamp,
    },
    ui::{
        browser,
        components::{choice::Lens, toast_list::sentence},
        drawing::view,
        panels::plain,
        session::session,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

const NOTE: usize = 0;
const DECISION: usize = 1;
const LINK: usize = 2;

#[component]
pub fn Composer(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let id = incident.with_untracked(|incident| incident.id);
    let text = RwSignal::new(String::new());
    let kind = RwSignal::new(NOTE);
    // `None` is now, and ticks.
    let at = RwSignal::new(None::<Timestamp>);
    let refused = RwSignal::new(None::<String>);
    let forbidden = Memo::new(move |_| incident.with(|incident| session.may(incident, Verb::Note)).err().map(|refusal| sentence(&refusal.to_string())));

    // "Insert after this" chooses the time and brings the composer into view.
    Effect::new(move |_| {
        if let Some(wanted) = session.insert_at.get() {
            at.set(Some(wanted));
            session.insert_at.set(None);
            browser::show("composer-text");
        }
    });

    let send = move || {
        let (words, happened_at) = (text.get_untracked(), at.get_untracked());
        let command = match kind.get_untracked() {
            DECISION => Command::Decision { text: words, happened_at },
            LINK => link(&words),
            _ => Command::Note { text: words, happened_at },
        };
        match session.send(id, command) {
            Ok(()) => {
                text.set(String::new());
                at.set(None);
                kind.set(NOTE);
                refused.set(None);
            }
            Err(refusal) => refused.set(Some(sentence(&refusal.to_string()))),
        }
    };
    // Taken as soon as it is a time, not when the field is left: what appears then would move
    // "Add" away under the pointer that is pressing it.
    let choose_time = move |typed: &str| {
        let chosen = session.zone.get_untracked().latest(typed, session.live.now());
        if chosen.is_some() && typed.len() >= "9:42".len() && chosen.map(minute) != at.get_untracked().map(minute) {
            at.set(chosen);
        }
    };
    let clock = move || session.zone.get().hour_minute(at.get().unwrap_or_else(|| now.get()));
    let other_day = move || {
        let (at, now) = (at.get()?, now.get());
        let words = session.zone.get().clock(at, now);
        (words.len() > 5).then_some(words)
    };
    let placeholder = move || match kind.get() {
        DECISION => "What was decided. Enter records it",
        LINK => "https://… and what it shows",
        _ => "Add what happened. Enter records it",
    };
    let kinds = ["Note", "Decision", "Link"].map(|words| Signal::derive(move || words.to_owned())).to_vec();
    view! {
        <form
            class="composer"
            method="post"
            action=plain::action(id, PlainVerb::Note)
            aria-label="Add to the timeline"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            {plain::keys()} <label class="visually-hidden" for="composer-text">"What happened"</label>
            <textarea
                class="composer__text"
                id="composer-text"
                name="text"
                rows="2"
                placeholder=move || placeholder()
                disabled=move || forbidden.with(Option::is_some)
                aria-describedby="composer-refused"
                prop:value=move || text.get()
                on:input=move |event| {
                    text.set(event_target_value(&event));
                    refused.set(None);
                }
                on:keydown=move |event| {
                    if browser::is_send(&event) {
                        event.prevent_default();
                        send();
                    }
                }
            ></textarea>
            <p class="composer__refused" id="composer-refused" role="alert">
                {move || refused.get().or_else(|| forbidden.get())}
            </p>
            <div class="composer__foot">
                <Lens label="Kind of entry" options=kinds chosen=kind choose=move |to| kind.set(to) />
                <span class="composer__when">
                    {move || other_day().map(|words| view! { <span class="muted">{words}</span> })}
                    {move || (at.get().is_some()).then(|| view! { <button type="button" class="link-button" on:click=move |_| at.set(None)>"now"</button> })}
                    <label class="visually-hidden" for="composer-time">"When it happened"</label>
                    <input
                        class="input composer__time"
                        id="composer-time"
                        inputmode="numeric"
                        maxlength="5"
                        autocomplete="off"
                        value=untrack(clock)
                        prop:value=move || clock()
                        disabled=move || kind.get() == LINK
                        on:input=move |event| choose_time(&event_target_value(&event))
                        on:change=move |event| choose_time(&event_target_value(&event))
                    />
                </span>
                <button type="submit" class="button" data-tone="accent" disabled=move || forbidden.with(Option::is_some)>"Add"</button>
            </div>
        </form>
    }
}

/// The minute of an instant, which is all that the clock shows of it.
fn minute(at: Timestamp) -> i64 {
    at.epoch_secs() / 60
}

/// An address and, after a space, what it shows.
fn link(words: &str) -> Command {
    let (url, text) = words.trim().split_once(char::is_whitespace).unwrap_or((words.trim(), ""));
    let text = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Command::Link { url: url.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_an_address_and_perhaps_words() {
        assert_eq!(link(" https://a/b "), Command::Link { url: "https://a/b".to_owned(), text: None });
        assert_eq!(link("https://a the graph"), Command::Link { url: "https://a".to_owned(), text: Some("the graph".to_owned()) });
    }
}
