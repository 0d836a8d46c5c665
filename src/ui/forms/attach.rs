//! Which incident an alert belongs to, for one that is in none: after it was taken out of the wrong
//! one, or where it opened none by itself.

use crate::{
    api,
    domain::{
        ids::{AlertId, IncidentId},
        incident::{Command, Incident, Verb, allowed},
        people::Actor,
        sorting,
    },
    ui::{
        browser,
        components::{
            dialog::Dialog,
            field::{FormError, SelectField},
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

#[component]
pub fn AttachForm(alert: AlertId, title: String) -> impl IntoView {
    let session = session();
    let close = move || session.sheet.set(None);
    let known = untrack(|| session.board(session.live.now()));
    let mut options = vec![(String::new(), "Choose…".to_owned())];
    options.extend(session.replica.actor().map(|actor| targets(known, &actor)).unwrap_or_default());
    let none = options.len() == 1;
    let into = RwSignal::new(String::new());
    let refused = RwSignal::new(None::<String>);
    let sending = RwSignal::new(false);
    // Sent at once and not queued: the server alone knows the alert, and says whether it still fires.
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Ok(incident) = into.get_untracked().parse::<IncidentId>() else {
            return refused.set(Some("Choose the incident it belongs to.".to_owned()));
        };
        if sending.get_untracked() {
            return;
        }
        sending.set(true);
        spawn_local(async move {
            let answer = api::incidents::command(browser::command_id(), incident, Command::AttachAlert { alert }).await;
            let is_here = sending.try_set(false).is_none();
            match answer {
                Ok(incident) => {
                    session.toasts.say(format!("{} has it now.", incident.reference));
                    session.replica.adopt_incident(incident);
                    if is_here {
                        close();
                    }
                }
                Err(failure) => drop(refused.try_set(Some(sentence(&failure.words)))),
            }
        });
    };
    view! {
        <Dialog title="Put it into an incident" on_close=move |()| close()>
            <form class="form" on:submit=send>
                <p>{title}</p>
                <SelectField id="attach-into" label="It belongs to" options value=into />
                {none.then(|| view! { <p class="muted">"No incident is open that it could belong to."</p> })}
                <p class="muted">"It counts there from now on, and ends with what its sender says. It can be taken out again."</p>
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent" disabled=move || sending.get() || none>"Put it there"</button>
                </div>
            </form>
        </Dialog>
    }
}

/// Where an alert can go, the newest first. What is resolved is not offered: an alert that fires
/// would bring it back, which is for "Reopen" to say.
fn targets(known: Vec<Arc<Incident>>, actor: &Actor) -> Vec<(String, String)> {
    let mut open: Vec<_> = known.into_iter().filter(|incident| incident.state.is_open() && allowed(incident, Verb::AttachAlert, actor).is_ok()).collect();
    sorting::sort_by_key(&mut open, |incident| std::cmp::Reverse(incident.reference));
    open.iter().map(|incident| (incident.id.to_string(), format!("{} {}", incident.reference, incident.title))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::IncidentRef,
        incident::{Declare, State, declare},
        people::{ActorKind, ActorRef, Role},
        time::Timestamp,
        timeline::Head,
    };
    use uuid::Uuid;

    #[test]
    fn an_alert_goes_to_what_is_open_the_newest_first() {
        let actor = |role| Actor { who: ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() }, role };
        let an_incident = |number: i64, state| {
            let (id, noon, mara) =
                (IncidentId(Uuid::from_u128(u128::from(number.unsigned_abs()))), Timestamp::from_micros(1_786_450_000_000_000), actor(Role::Responder));
            let draft = Declare { title: format!("Nr. {number}"), ..Declare::default() };
            let events = Head::genesis().append(id, declare(&draft, &mara, noon).expect("a responder may declare"), &mara.who, None, noon);
            let mut incident = Incident::fold(id, IncidentRef(number), &events).expect("it begins with a declaration");
            incident.state = state;
            Arc::new(incident)
        };
        let known = vec![an_incident(1, State::Active), an_incident(2, State::Resolved), an_incident(3, State::Triage), an_incident(4, State::Merged)];
        let words: Vec<String> = targets(known.clone(), &actor(Role::Responder)).into_iter().map(|(_, words)| words).collect();
        assert_eq!(words, ["INC-3 Nr. 3", "INC-1 Nr. 1"]);
        assert!(targets(known, &actor(Role::Viewer)).is_empty());
    }
}
