//! The record beside the timeline: whether it holds where it is kept, and taking it along.

use crate::{
    api::incidents,
    domain::{incident::Incident, verification::Verification},
    ui::{
        browser,
        components::{
            icon::{Glyph, Icon},
            loaded::Load,
            toast_list::sentence,
        },
        drawing::view,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// A record that grew is read again after this long: it is the whole log, and entries come together.
const AGAIN_AFTER_MILLIS: i32 = 10_000;

/// The forms in which a record can be taken along: their word in the address, and what each is for.
pub const FORMS: [(&str, &str, &str); 4] = [
    ("markdown", "Markdown", "the report, to read and to paste"),
    ("csv", "CSV", "the timeline, for a spreadsheet"),
    ("json", "JSON", "everything, for programs"),
    ("bundle", "Bundle", "everything with its hashes, for auditors"),
];

#[component]
pub fn Record(incident: Memo<Arc<Incident>>, recorded: Memo<i64>) -> impl IntoView {
    let id = incident.with_untracked(|incident| incident.id);
    // The line stands from the start, also on the server's page, so that nothing moves when the answer comes.
    let load = RwSignal::new((recorded.get_untracked() > 0).then_some(Load::<Verification>::Loading));
    let ask = move || {
        load.set(Some(Load::Loading));
        spawn_local(async move {
            let answer = incidents::verification(id.to_string()).await;
            load.try_set(Some(Load::from_answer(answer)));
        });
    };
    // What was found stands until there is a newer answer, and says how far it looked.
    let ask_again = move || {
        spawn_local(async move {
            if let Ok(found) = incidents::verification(id.to_string()).await {
                load.try_set(Some(Load::Ready(found)));
            }
        });
    };
    let waiting = StoredValue::new(false);
    Effect::new(move |most: Option<i64>| {
        let (recorded, most) = (recorded.get(), most.unwrap_or(0));
        if recorded > 0 && most == 0 {
            ask();
        } else if recorded > most && !waiting.get_value() {
            waiting.set_value(true);
            spawn_local(async move {
                browser::sleep(AGAIN_AFTER_MILLIS).await;
                if waiting.try_set_value(false).is_none() {
                    ask_again();
                }
            });
        }
        most.max(recorded)
    });
    view! {
        <div class="record">
            {move || load.get().map(|load| verification(&load, recorded, Callback::new(move |()| ask())))}
            <details class="record__export">
                <summary class="button" data-size="small">"Export"</summary>
                <div class="record__forms">
                    <ul>{FORMS.map(|(form, title, what)| form_link(&id.to_string(), form, title, what)).collect_view()}</ul>
                    <p class="muted"><code class="mono">"tocsin verify FILE"</code>" checks a bundle without any server, and names the first entry that was changed."</p>
                </div>
            </details>
        </div>
    }
}

fn form_link(id: &str, form: &'static str, title: &'static str, what: &'static str) -> AnyView {
    view! {
        <li>
            <a href=export_path(id, form) download="">{title}</a>
            <span class="muted">" · " {what}</span>
        </li>
    }
}

/// Where a record is had in one of its forms.
pub fn export_path(id: &str, form: &str) -> String {
    format!("/api/v1/incidents/{id}/export?format={form}")
}

/// What the server found, in one line; unfolded, what that means.
fn verification(load: &Load<Verification>, recorded: Memo<i64>, again: Callback<()>) -> AnyView {
    let found = match load {
        Load::Loading => return view! { <p class="record__found record__asking muted">"The server is checking its record…"</p> },
        Load::Failed(failure) => {
            let words = format!("The server could not be asked whether its record holds: {}", sentence(&failure.words));
            return view! {
                <p class="record__found muted">{words} " " <button type="button" class="link-button" on:click=move |_| again.run(())>"Ask again"</button></p>
            };
        }
        Load::Ready(found) => found,
    };
    let is_broken = found.fault.is_some();
    let glyph = if is_broken { Glyph::ShieldBroken } else { Glyph::Shield };
    let (events, broken_at) = (found.events, found.fault.as_ref().map(|fault| fault.seq));
    let words = move || found_words(events, broken_at, recorded.get());
    view! {
        <details class="record__found" data-broken=is_broken.then_some("true") open=is_broken>
            <summary><Icon glyph /> {words}</summary>
            <p>{found.words.clone()}</p>
            <button type="button" class="link-button" on:click=move |_| again.run(())>"Check again"</button>
        </details>
    }
}

/// `events` is how far the server looked, `recorded` how many entries are known here by now.
fn found_words(events: i64, broken_at: Option<i64>, recorded: i64) -> String {
    match broken_at {
        None if recorded > events => format!("On the server the first {events} of {recorded} entries hold"),
        None => format!("On the server all {events} entries hold"),
        Some(0) => "On the server the record does not hold".to_owned(),
        Some(seq) => format!("On the server broken at entry {seq}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_says_how_far_it_looked() {
        assert_eq!(found_words(4, None, 4), "On the server all 4 entries hold");
        assert_eq!(found_words(2, None, 4), "On the server the first 2 of 4 entries hold");
        assert_eq!(found_words(4, None, 3), "On the server all 4 entries hold", "the page has not heard of the newest yet");
        assert_eq!(found_words(4, Some(3), 9), "On the server broken at entry 3");
        assert_eq!(found_words(4, Some(0), 4), "On the server the record does not hold");
    }
}
