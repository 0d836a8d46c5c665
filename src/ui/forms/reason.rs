//! Asks why, for a command that the rules refuse without a reason; of a reopening also whether the
//! service was well in between, for only people know.

use crate::{
    domain::{
        ids::IncidentId,
        incident::{Command, Refusal, Verb},
        updates, wording,
    },
    ui::{
        components::{
            choice::Choice,
            dialog::Dialog,
            field::{FormError, SelectField, TextArea},
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
    let incident = untrack(|| session.incident(id));
    let reference = incident.as_ref().map(|incident| incident.reference.to_string()).unwrap_or_default();
    let spans = match (&command, incident.as_deref().and_then(updates::inside)) {
        (Command::PostponeUpdate { .. }, Some(due)) => due.postponements(session.live.now()),
        _ => vec![],
    };
    let span = RwSignal::new(spans.first().map(i64::to_string).unwrap_or_default());
    // A false alarm has no impact that could go on.
    let asks_of_impact = command.verb() == Verb::Reopen && incident.is_some_and(|incident| incident.resolved_at.is_some());
    let between = RwSignal::new(Some(0));
    let title = format!("{} {reference}", verb_words(command.verb()));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let mut command = with_reason(command.clone(), reason.get_untracked());
        match &mut command {
            Command::Reopen { recovered, .. } => *recovered = asks_of_impact.then(|| between.get_untracked() != Some(1)),
            Command::PostponeUpdate { for_s, .. } => *for_s = span.get_untracked().parse().unwrap_or(*for_s),
            _ => {}
        }
        match session.send(id, command) {
            Ok(()) => close(),
            Err(refusal) => refused.set(Some(sentence(&refusal.to_string()))),
        }
    };
    view! {
        <Dialog title=title.clone() on_close=move |()| close()>
            <form class="form" on:submit=send>
                {(!spans.is_empty())
                    .then(|| {
                        let options = spans.iter().map(|secs| (secs.to_string(), format!("in {}", wording::span(*secs)))).collect();
                        view! { <SelectField id="postpone-for" label="The next update is due" options value=span /> }
                    })}
                <TextArea id="reason" label="Why?" hint=sentence(&refusal.to_string()) value=reason />
                {asks_of_impact
                    .then(|| {
                        let answers = vec!["It was well: the impact begins anew".to_owned(), "It never was: the impact goes on".to_owned()];
                        view! { <Choice name="between" legend="Between the resolve and now" answers chosen=between /> }
                    })}
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
        | Command::PostponeUpdate { reason, .. }
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
