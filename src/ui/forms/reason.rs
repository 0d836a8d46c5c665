//! Asks why, for a command that the rules refuse without a reason.

use crate::{
    domain::{
        ids::IncidentId,
        incident::{Command, Refusal},
    },
    ui::{
        components::{
            dialog::Dialog,
            field::{FormError, TextArea},
            toast_list::sentence,
        },
        drawing::view,
        outbox::verb_words,
        session::session,
    },
};
use leptos::prelude::*;

#[component]
pub fn ReasonForm(id: IncidentId, command: Command, refusal: Refusal) -> impl IntoView {
    let session = session();
    let close = move || session.sheet.set(None);
    let reason = RwSignal::new(String::new());
    let refused = RwSignal::new(None::<String>);
    let reference = untrack(|| session.incident(id)).map(|incident| incident.reference.to_string()).unwrap_or_default();
    let title = format!("{} {reference}", verb_words(command.verb()));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match session.send(id, with_reason(command.clone(), reason.get_untracked())) {
            Ok(()) => close(),
            Err(refusal) => refused.set(Some(sentence(&refusal.to_string()))),
        }
    };
    view! {
        <Dialog title=title.clone() on_close=move |()| close()>
            <form class="form" on:submit=send>
                <TextArea id="reason" label="Why?" hint=sentence(&refusal.to_string()) value=reason />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">{title}</button>
                </div>
            </form>
        </Dialog>
    }
}

/// The same command with the reason in it.
fn with_reason(mut command: Command, why: String) -> Command {
    match &mut command {
        Command::Unacknowledge { reason }
        | Command::SetSeverity { reason, .. }
        | Command::Activate { reason }
        | Command::Mitigate { reason, .. }
        | Command::Resolve { reason, .. }
        | Command::Close { reason }
        | Command::Reopen { reason, .. }
        | Command::Cancel { reason }
        | Command::Merge { reason, .. }
        | Command::AssignRole { reason, .. }
        | Command::ReleaseRole { reason, .. }
        | Command::CorrectTime { reason, .. }
        | Command::SetImpact { reason, .. }
        | Command::DetachAlert { reason, .. } => *reason = Some(why),
        Command::Acknowledge { .. }
        | Command::AcceptRole { .. }
        | Command::Note { .. }
        | Command::Decision { .. }
        | Command::Link { .. }
        | Command::Pin { .. }
        | Command::Unpin { .. }
        | Command::SetTitle { .. }
        | Command::SetServices { .. }
        | Command::Tag { .. }
        | Command::SetPrivate { .. }
        | Command::AttachAlert { .. } => {}
    }
    command
}
