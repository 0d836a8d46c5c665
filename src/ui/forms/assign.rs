//! Who is to take a role: somebody with an account is asked, somebody without one just has it.

use crate::{
    domain::{
        ids::IncidentId,
        incident::{Command, IncidentRole},
        people::{PersonRef, Role},
    },
    ui::{
        components::{
            dialog::Dialog,
            field::{FormError, SelectField, TextField},
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::prelude::*;

/// Chosen for somebody without an account.
const OUTSIDE: &str = "outside";

#[component]
pub fn AssignForm(id: IncidentId, role: IncidentRole) -> impl IntoView {
    let session = session();
    let close = move || session.sheet.set(None);
    let actor = session.replica.actor();
    let me = actor.as_ref().map(|actor| actor.who.id.clone()).unwrap_or_default();
    let people = untrack(|| session.replica.people());
    let mut options: Vec<(String, String)> = vec![(me.clone(), "Me, at once".to_owned())];
    let able = people.iter().filter(|person| !person.disabled && person.role >= Role::Responder && person.id.to_string() != me);
    options.extend(able.map(|person| (person.id.to_string(), format!("{} ({})", person.name, person.role.slug()))));
    options.push((OUTSIDE.to_owned(), "Somebody without an account…".to_owned()));
    let chosen = RwSignal::new(me.clone());
    let (outside, reason) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let refused = RwSignal::new(None::<String>);
    let is_outside = move || chosen.with(|chosen| chosen == OUTSIDE);
    let who = move || {
        let chosen = chosen.get_untracked();
        if chosen == OUTSIDE {
            return PersonRef { id: None, name: outside.get_untracked() };
        }
        let name = match &actor {
            Some(actor) if actor.who.id == chosen => actor.who.name.clone(),
            _ => people.iter().find(|person| person.id.to_string() == chosen).map(|person| person.name.clone()).unwrap_or_default(),
        };
        PersonRef { id: Some(chosen), name }
    };
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let reason = Some(reason.get_untracked()).filter(|reason| !reason.trim().is_empty());
        match session.send(id, Command::AssignRole { role, person: who(), reason }) {
            Ok(()) => close(),
            Err(refusal) => refused.set(Some(sentence(&refusal.to_string()))),
        }
    };
    let follows = move || {
        if is_outside() {
            "They have it at once: nobody without an account can answer."
        } else if chosen.with(|chosen| *chosen == me) {
            "You have it at once."
        } else {
            "They are asked; until they accept, both are shown."
        }
    };
    view! {
        <Dialog title=format!("Who takes {}?", role.label().to_lowercase()) on_close=move |()| close()>
            <form class="form" on:submit=send>
                <SelectField id="assign-person" label="Person" options value=chosen />
                {move || is_outside().then(|| view! { <TextField id="assign-outside" label="Name" value=outside required=true /> })}
                <p class="muted">{move || follows()}</p>
                <TextField id="assign-reason" label="Why, if it is worth saying" value=reason />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">"Assign "{role.label().to_lowercase()}</button>
                </div>
            </form>
        </Dialog>
    }
}
