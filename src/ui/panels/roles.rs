//! Who plays which part. Somebody who was asked is shown beside whoever still holds it.

use crate::{
    domain::{
        incident::{Command, Incident, IncidentRole, Seat, Verb},
        people::Actor,
    },
    ui::{
        components::toast_list::sentence,
        drawing::view,
        session::{Sheet, session},
    },
};
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Roles(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let seats = Memo::new(move |_| incident.with(|incident| IncidentRole::ALL.map(|role| incident.roles.get(&role).cloned().unwrap_or_default())));
    view! {
        <section class="panel roles" aria-label="Roles">
            {IncidentRole::ALL.into_iter().enumerate().map(|(at, role)| seat(incident, role, Memo::new(move |_| seats.with(|seats| seats[at].clone())))).collect_view()}
        </section>
    }
}

fn seat(incident: Memo<Arc<Incident>>, role: IncidentRole, seat: Memo<Seat>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let id = incident.with_untracked(|incident| incident.id);
    let holder = move || {
        seat.get().holder.map(|held| {
            view! {
                <b>{held.person.name}</b>
                <span class="muted">" since " {move || session.zone.get().clock(held.since, now.get())}</span>
            }
        })
    };
    let asked = move || {
        seat.get().asked.map(|asked| {
            view! {
                <b>{asked.person.name}</b>
                <span class="muted">" asked " {move || session.zone.get().clock(asked.since, now.get())}</span>
            }
        })
    };
    let actions = move || {
        let seat = seat.get();
        let actor = session.actor();
        let refused = incident.with(|incident| session.may(incident, Verb::AssignRole)).err().map(|refusal| sentence(&refusal.to_string()));
        actions(&seat, actor.as_ref())
            .into_iter()
            .map(|action| {
                let (words, command) = match action {
                    Action::Accept => ("Accept", Some(Command::AcceptRole { role })),
                    Action::Release => ("Release", Some(Command::ReleaseRole { role, reason: None })),
                    Action::TakeBack => ("Stop asking", Some(Command::ReleaseRole { role, reason: None })),
                    Action::Assign => ("Assign", None),
                    Action::HandOver => ("Hand over", None),
                };
                let act = move |_| match command.clone() {
                    Some(command) => session.act(id, command),
                    None => session.sheet.set(Some(Sheet::Assign(id, role))),
                };
                view! {
                    <button type="button" class="link-button" disabled=refused.is_some() title=refused.clone() aria-label=format!("{words}: {}", role.label()) on:click=act>
                        {words}
                    </button>
                }
            })
            .collect_view()
    };
    view! {
        <div class="seat">
            <span class="seat__role">{role.label()}</span>
            <span class="seat__people">{move || holder()} {move || asked()}</span>
            <span class="seat__actions">{move || actions()}</span>
        </div>
    }
}

/// What can be done about a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Accept,
    Release,
    /// Not to ask any more.
    TakeBack,
    Assign,
    HandOver,
}

fn actions(seat: &Seat, actor: Option<&Actor>) -> Vec<Action> {
    let is_me = |held: &Option<crate::domain::incident::Held>| held.as_ref().is_some_and(|held| actor.is_some_and(|actor| actor.is(&held.person)));
    match (&seat.holder, &seat.asked) {
        (_, Some(_)) if is_me(&seat.asked) => vec![Action::Accept, Action::TakeBack],
        (_, Some(_)) => vec![Action::TakeBack],
        (Some(_), None) if is_me(&seat.holder) => vec![Action::HandOver, Action::Release],
        (Some(_), None) => vec![Action::HandOver],
        (None, None) => vec![Action::Assign],
    }
}
