//! Taking an incident: one press for half an hour, another time from the menu beside it.

use crate::{
    domain::{ids::IncidentId, incident::Command, screens::PlainVerb},
    ui::{
        components::menu::{Item, Menu},
        drawing::view,
        panels::plain,
        session::session,
    },
};
use leptos::prelude::*;

/// The presets: seconds and words. The default is the one on the button.
pub const PRESETS: [(Option<i64>, &str); 5] =
    [(Some(15 * 60), "for 15 min"), (Some(30 * 60), "for 30 min"), (Some(3600), "for 60 min"), (Some(2 * 3600), "for 2 h"), (None, "until further notice")];

/// How long the button's own acknowledgement holds.
pub const DEFAULT_SECS: i64 = 30 * 60;

/// The command of the default.
pub fn acknowledge(for_s: Option<i64>) -> Command {
    Command::Acknowledge { for_s, happened_at: None }
}

#[component]
pub fn AcknowledgeButton(id: IncidentId, #[prop(optional)] above: bool) -> impl IntoView {
    let session = session();
    let items = Callback::new(move |()| {
        let preset = |(for_s, words): (Option<i64>, &'static str)| Item::new(format!("Acknowledge {words}"), move || session.act(id, acknowledge(for_s)));
        PRESETS.into_iter().map(preset).collect::<Vec<_>>()
    });
    view! {
        <form
            class="split-button"
            method="post"
            action=plain::action(id, PlainVerb::Acknowledge)
            on:submit=move |event| {
                event.prevent_default();
                session.act(id, acknowledge(Some(DEFAULT_SECS)));
            }
        >
            {plain::keys()}
            <button type="submit" class="button split-button__main" name="for_s" value=DEFAULT_SECS.to_string()>
                "Acknowledge for 30 min"
            </button>
            <Menu label="Acknowledge for another time" class="button split-button__more" above items />
        </form>
    }
}
