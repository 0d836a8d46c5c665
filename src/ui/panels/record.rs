//! The record beside the timeline: whether it holds where it is kept, and taking it along.

use crate::{
    api::incidents,
    domain::{incident::Incident, verification::Verification},
    ui::{
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

/// The forms in which a record can be taken along: their word in the address, and what each is for.
const FORMS: [(&str, &str, &str); 4] = [
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
    // Once, when the record is there: it is the whole log that is read again.
    let is_there = Memo::new(move |_| recorded.get() > 0);
    Effect::new(move |was_there: Option<bool>| {
        let is_there = is_there.get();
        if is_there && was_there != Some(true) {
            ask();
        }
        is_there || was_there == Some(true)
    });
    view! {
        <div class="record">
            {move || load.get().map(|load| verification(&load, Callback::new(move |()| ask())))}
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
            <a href=format!("/api/v1/incidents/{id}/export?format={form}") download="">{title}</a>
            <span class="muted">" · " {what}</span>
        </li>
    }
}

/// What the server found, in one line; unfolded, what that means.
fn verification(load: &Load<Verification>, again: Callback<()>) -> AnyView {
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
    let (glyph, words) = match &found.fault {
        None => (Glyph::Shield, format!("On the server all {} entries hold", found.events)),
        Some(fault) if fault.seq == 0 => (Glyph::ShieldBroken, "On the server the record does not hold".to_owned()),
        Some(fault) => (Glyph::ShieldBroken, format!("On the server broken at entry {}", fault.seq)),
    };
    let is_broken = found.fault.is_some();
    view! {
        <details class="record__found" data-broken=is_broken.then_some("true") open=is_broken>
            <summary><Icon glyph /> {words}</summary>
            <p>{found.words.clone()}</p>
            <button type="button" class="link-button" on:click=move |_| again.run(())>"Check again"</button>
        </details>
    }
}
