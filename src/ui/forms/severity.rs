//! The triage form: answers, what they come to, and another severity with a reason.

use super::answers::{AnswersDraft, ProposalView, Questions};
use crate::{
    domain::{
        ids::IncidentId,
        incident::{Command, Refusal},
        severity::Severity,
        triage,
    },
    ui::{
        components::{
            dialog::Dialog,
            field::{FormError, SelectField, TextField},
            severity::severity_label,
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::prelude::*;

/// Chosen for what the answers come to.
const PROPOSED: &str = "proposed";
/// Chosen for "not sure yet".
const UNSURE: &str = "unsure";

#[component]
pub fn SeverityForm(id: IncidentId) -> impl IntoView {
    let session = session();
    let close = move || session.sheet.set(None);
    let Some(incident) = untrack(|| session.incident(id)) else { return ().into_any() };
    let draft = AnswersDraft::of(&incident.answers.clone().unwrap_or_default());
    let by_alert = incident.proposed_severity.filter(|_| incident.answers.is_none());
    let proposal = Memo::new(move |_| triage::propose(&draft.answers()));
    let chosen = RwSignal::new(PROPOSED.to_owned());
    let reason = RwSignal::new(String::new());
    let refused = RwSignal::new(None::<String>);
    let mut options = vec![(PROPOSED.to_owned(), "What the answers come to".to_owned())];
    options.extend(Severity::ALL.map(|severity| (severity.slug().to_owned(), format!("{}, {}", severity.label(), severity.word()))));
    options.push((UNSURE.to_owned(), "Not sure yet".to_owned()));
    // Without an answer, the alert's own proposal can be confirmed as it is.
    let severity = Memo::new(move |_| {
        chosen.with(|chosen| match chosen.as_str() {
            PROPOSED if !draft.is_answered() => by_alert,
            PROPOSED => proposal.with(|proposal| proposal.severity),
            slug => Severity::from_slug(slug),
        })
    });
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let answers = draft.is_answered().then(|| draft.answers());
        let reason = Some(reason.get_untracked()).filter(|reason| !reason.trim().is_empty());
        match session.send(id, Command::SetSeverity { severity: severity.get_untracked(), reason, answers }) {
            Ok(()) => close(),
            Err(Refusal::ReasonNeeded { what }) => refused.set(Some(format!("Say why: {what} needs a reason."))),
            Err(refusal) => refused.set(Some(sentence(&refusal.to_string()))),
        }
    };
    let alert_words = by_alert.map(|severity| view! { <p class="muted">{format!("Its alert proposes {}.", severity.label())}</p> });
    view! {
        <Dialog title=format!("How bad is {}?", incident.reference) on_close=move |()| close()>
            <form class="form" on:submit=send>
                {alert_words} <Questions draft /> {move || draft.is_answered().then(|| view! { <ProposalView proposal /> })}
                <SelectField id="severity-choice" label="Severity" options value=chosen />
                <TextField id="severity-reason" label="Why" hint="Needed for another severity than the one proposed, and for every change." value=reason />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">{move || format!("Set {}", severity_label(severity.get()))}</button>
                </div>
            </form>
        </Dialog>
    }
}
