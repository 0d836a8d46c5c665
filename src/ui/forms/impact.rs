//! When customers of which service were hurt.

use crate::{
    domain::{
        ids::IncidentId,
        incident::{Command, ImpactWindow},
    },
    ui::{
        components::{
            dialog::Dialog,
            field::{FormError, TextField},
            icon::{Glyph, Icon},
            rows::rows,
            toast_list::sentence,
        },
        drawing::view,
        session::session,
        times::Zone,
    },
};
use leptos::prelude::*;

/// One window as people type it.
#[derive(Clone, Copy)]
struct Draft {
    number: usize,
    service: RwSignal<String>,
    from: RwSignal<String>,
    to: RwSignal<String>,
}

impl Draft {
    fn of(number: usize, window: Option<&ImpactWindow>, zone: Zone, default_from: String) -> Self {
        Self {
            number,
            service: RwSignal::new(window.and_then(|window| window.service.clone()).unwrap_or_default()),
            from: RwSignal::new(window.map_or(default_from, |window| zone.field(window.from))),
            to: RwSignal::new(window.and_then(|window| window.to).map(|to| zone.field(to)).unwrap_or_default()),
        }
    }

    fn parse(self, zone: Zone) -> Result<ImpactWindow, String> {
        let service = Some(self.service.get_untracked().trim().to_owned()).filter(|service| !service.is_empty());
        let from = zone.read(&self.from.get_untracked()).ok_or("Say when it began.")?;
        let to = match self.to.get_untracked() {
            text if text.trim().is_empty() => None,
            text => Some(zone.read(&text).ok_or("The end is no time.")?),
        };
        Ok(ImpactWindow { service, from, to })
    }
}

#[component]
pub fn ImpactForm(id: IncidentId) -> impl IntoView {
    let session = session();
    let close = move || session.sheet.set(None);
    let zone = session.zone.get_untracked();
    let Some(incident) = untrack(|| session.incident(id)) else { return ().into_any() };
    let begun = zone.field(incident.started_at);
    let first: Vec<Draft> = incident.impact.iter().enumerate().map(|(number, window)| Draft::of(number, Some(window), zone, String::new())).collect();
    let count = StoredValue::new(first.len());
    let drafts = RwSignal::new(first);
    let (reason, refused) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let add = move |_| {
        count.update_value(|count| *count += 1);
        drafts.update(|drafts| drafts.push(Draft::of(count.get_value(), None, zone, begun.clone())));
    };
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let impact: Result<Vec<_>, _> = drafts.get_untracked().into_iter().map(|draft| draft.parse(zone)).collect();
        let reason = Some(reason.get_untracked()).filter(|reason| !reason.trim().is_empty());
        let sent = impact.and_then(|impact| session.send(id, Command::SetImpact { impact, reason }).map_err(|refusal| sentence(&refusal.to_string())));
        match sent {
            Ok(()) => close(),
            Err(words) => refused.set(Some(words)),
        }
    };
    let services = untrack(|| session.replica.services());
    let row = move |draft: Draft| {
        view! {
            <fieldset class="impact-window">
                <legend class="visually-hidden">"One time in which customers were hurt"</legend>
                <label class="field">
                    <span class="field__label">"Service"</span>
                    <input class="input" list="impact-services" placeholder="all" prop:value=move || draft.service.get() on:input=move |event| draft.service.set(event_target_value(&event)) />
                </label>
                <label class="field">
                    <span class="field__label">"From"</span>
                    <input class="input" type="datetime-local" required prop:value=move || draft.from.get() on:input=move |event| draft.from.set(event_target_value(&event)) />
                </label>
                <label class="field">
                    <span class="field__label">"To, empty while it lasts"</span>
                    <input class="input" type="datetime-local" prop:value=move || draft.to.get() on:input=move |event| draft.to.set(event_target_value(&event)) />
                </label>
                <button type="button" class="icon-button" aria-label="Remove this time" on:click=move |_| drafts.update(|drafts| drafts.retain(|other| other.number != draft.number))>
                    <Icon glyph=Glyph::Cross />
                </button>
            </fieldset>
        }
    };
    view! {
        <Dialog title="When were customers hurt?" on_close=move |()| close()>
            <form class="form" on:submit=send>
                <p class="muted">{format!("Times in {}. From now on people set it, and alerts no longer change it. Without any time, nobody was hurt.", zone.name())}</p>
                <datalist id="impact-services">{services.iter().map(|service| view! { <option value=service.clone()></option> }).collect_view()}</datalist>
                {rows(move || drafts.get(), |draft| draft.number, row)}
                <p><button type="button" class="button" data-size="small" on:click=add><Icon glyph=Glyph::Plus /> "Add a time"</button></p>
                <TextField id="impact-reason" label="Why, if it is worth saying" value=reason />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">"Set impact"</button>
                </div>
            </form>
        </Dialog>
    }
}
