//! One delivery: what became of it in one line, and unfolded why, and what was sent.

use crate::{
    domain::{
        delivery::{Counts, DeliveryNote},
        ids::IntegrationId,
        wording,
    },
    ui::{
        address::address_of,
        components::{
            icon::{Glyph, Icon},
            relative_time::{RelativeTime, exact},
        },
        drawing::view,
        routes::{Route, Tab},
        session::session,
    },
};
use leptos::{ev, prelude::*};

/// How a verdict looks: its icon, and the name its colours are chosen by.
fn look(note: &DeliveryNote) -> (Glyph, &'static str) {
    match note.verdict.as_str() {
        "accepted" => (Glyph::Check, "accepted"),
        "partly_accepted" => (Glyph::Flag, "partly"),
        _ => (Glyph::Cross, "refused"),
    }
}

/// A verdict's code as a word: `bad_signature` is `Bad signature`.
fn verdict_words(code: &str) -> String {
    let words = code.replace('_', " ").replace("json", "JSON");
    let mut letters = words.chars();
    letters.next().map_or_else(|| "Refused".to_owned(), |first| first.to_uppercase().chain(letters).collect())
}

/// What it did, without what it did not.
fn counts_words(counts: &Counts) -> String {
    let parts = [
        (counts.incidents_opened, "incident opened", "incidents opened"),
        (counts.incidents_resolved, "incident resolved", "incidents resolved"),
        (counts.opened, "new alert", "new alerts"),
        (counts.repeated, "repeat", "repeats"),
        (counts.acknowledged, "acknowledged", "acknowledged"),
        (counts.resolved, "alert resolved", "alerts resolved"),
        (counts.ignored, "ignored", "ignored"),
        (counts.rejected, "not understood", "not understood"),
        (counts.changes, "change", "changes"),
    ];
    let told: Vec<String> = parts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| wording::count(n as usize, one, many)).collect();
    told.join(" · ")
}

#[component]
pub fn Delivery(
    note: DeliveryNote,
    /// The name of an integration, where it is known.
    name: Callback<Option<IntegrationId>, Option<String>>,
) -> impl IntoView {
    let now = session().live.ticking();
    let open = RwSignal::new(false);
    let (glyph, kind) = look(&note);
    let (id, source) = (note.integration_id, note.source.clone());
    let sender = move || {
        let source = if source.is_empty() { "unknown source".to_owned() } else { source.clone() };
        match (id, name.run(id)) {
            (_, Some(name)) => name,
            (Some(_), None) => source,
            (None, None) => format!("{source}, unknown key"),
        }
    };
    let times = (note.times > 1).then(|| view! { <span class="tag">{format!("{} times", note.times)}</span> });
    let counts = counts_words(&note.counts);
    let counts = if counts.is_empty() && kind == "accepted" { "nothing changed".to_owned() } else { counts };
    let shown = StoredValue::new(note.clone());
    let toggle = move |_: ev::Event| open.update(|open| *open = !*open);
    view! {
        <li>
            <details class="delivery fold" data-kind=kind on:toggle=toggle>
                <summary>
                    <span class="delivery__verdict"><Icon glyph /> {verdict_words(&note.verdict)}</span>
                    <span class="delivery__status number">{note.status}</span>
                    <span class="delivery__sender">{sender}</span>
                    <span class="delivery__when"><RelativeTime at=note.last_received_at now /></span>
                    <span class="delivery__counts">{counts} " " {times}</span>
                    <span class="delivery__size number muted">{format!("{} · {}", wording::size(note.size_bytes), wording::took(note.duration_us))}</span>
                </summary>
                {move || open.get().then(|| shown.with_value(unfolded))}
            </details>
        </li>
    }
}

/// Why, from where, and what was sent: as text, whatever it holds.
fn unfolded(note: &DeliveryNote) -> AnyView {
    let when = if note.times > 1 {
        format!("{} requests from {} to {}.", note.times, exact(note.received_at), exact(note.last_received_at))
    } else {
        format!("Received {}.", exact(note.received_at))
    };
    let from = note.sender.as_ref().map(|sender| format!(" Sent from {sender}."));
    let words = (!note.words.is_empty()).then(|| view! { <p class="delivery__words">{note.words.clone()}</p> });
    let body = match &note.body {
        Some(body) => {
            let cut = note.body_is_cut.then(|| view! { <p class="muted">"It went on; only the beginning is kept, so the tester may not understand it."</p> });
            let first = (note.times > 1).then(|| view! { <p class="muted">"This is what the first of them sent."</p> });
            let tester = address_of(&Route::Settings(Tab::Tester).path(), &[("delivery", &note.id)]);
            view! {
                {first}
                <pre class="delivery__body" tabindex="0" aria-label="What was sent"><code>{body.clone()}</code></pre>
                {cut}
                <p><a class="button" data-size="small" href=tester>"Try it in the tester"</a></p>
            }
        }
        None => view! { <p class="muted">"What was sent is not kept, or is for those who manage integrations."</p> },
    };
    view! {
        <div class="delivery__more">
            {words}
            <p class="muted">{when} {from}</p>
            {body}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_reads_as_words() {
        assert_eq!(verdict_words("not_json"), "Not JSON");
        assert_eq!(
            (verdict_words("bad_signature"), verdict_words("accepted"), verdict_words("")),
            ("Bad signature".into(), "Accepted".into(), "Refused".into())
        );
    }

    #[test]
    fn only_what_happened_is_counted_up() {
        let counts = Counts { opened: 1, repeated: 2, incidents_opened: 1, ..Counts::default() };
        assert_eq!(counts_words(&counts), "1 incident opened · 1 new alert · 2 repeats");
        assert_eq!(counts_words(&Counts::default()), "");
    }
}
