//! The keys, listed.

use crate::ui::{components::dialog::Dialog, drawing::view, session::session};
use leptos::prelude::*;

const KEYS: [(&str, &str); 17] = [
    ("?", "These keys"),
    ("Ctrl K", "Jump to anything"),
    ("/", "Search the page's list"),
    ("b", "To the on-call board"),
    ("e", "To the executive board"),
    ("c", "Declare an incident"),
    ("j  k", "Down and up the list"),
    ("Enter", "Open the incident in focus"),
    ("x", "In the list of incidents: select; Shift with the arrows selects a range"),
    ("→  ←", "In the list of incidents: show the alerts by service, and fold them again"),
    ("f", "In the list of incidents: another filter"),
    ("a", "Acknowledge the incident in focus, else the most urgent one, for 30 min"),
    ("e  c", "On a trace: the next error, the next on the critical path"),
    ("n", "On an incident: add to its timeline"),
    ("Enter", "In the composer: record it; Shift Enter begins a new line"),
    ("Ctrl Enter", "On the declare page: declare"),
    ("Esc", "Close what is open"),
];

#[component]
pub fn Keys() -> impl IntoView {
    let session = session();
    let row = |(key, words): (&'static str, &'static str)| {
        view! {
            <div class="keys__row">
                <dt>{key.split("  ").map(|key| view! { <kbd>{key}</kbd> " " }).collect_view()}</dt>
                <dd>{words}</dd>
            </div>
        }
    };
    view! {
        <Dialog title="Keys" on_close=move |()| session.sheet.set(None)>
            <dl class="keys">{KEYS.map(row).collect_view()}</dl>
        </Dialog>
    }
}
