//! May we release? What the gate says for the objective's service, and a person's decision to
//! release nevertheless.

use crate::{
    api,
    domain::{
        people::Right,
        slo::{
            gate::{Gate, OverrideDraft},
            report::ObjectivePage,
        },
    },
    ui::{
        components::{
            dialog::Dialog,
            field::{FormError, SelectField, TextArea},
            toast_list::sentence,
        },
        drawing::view,
        panels::{service_link::service_link, standing},
        routes::Route,
        session::{Session, session},
    },
};
use leptos::{prelude::*, task::spawn_local};

/// For how long it can be overridden, in hours.
const HOURS: [(i64, &str); 5] = [(1, "1 hour"), (4, "4 hours"), (24, "1 day"), (72, "3 days"), (168, "7 days")];

pub fn panel(page: Memo<Option<ObjectivePage>>, again: Callback<()>) -> AnyView {
    let gate = Memo::new(move |_| page.with(|page| page.as_ref().and_then(|page| page.gate.clone())));
    let asking = RwSignal::new(false);
    let form = move || {
        let service = gate.get_untracked().and_then(|gate| gate.service);
        service.filter(|_| asking.get()).map(|service| form(service, asking, again))
    };
    view! {
        {move || gate.get().map(|gate| draw(gate, asking, again))}
        {form}
    }
}

fn draw(gate: Gate, asking: RwSignal<bool>, again: Callback<()>) -> AnyView {
    let session = session();
    let service = gate.service.clone().unwrap_or_default();
    let answer = if gate.overridden.is_some() { "Yes, by decision" } else { gate.level.answer() };
    let slug = match gate.level.answer() {
        _ if gate.overridden.is_some() => "within",
        "No" => "overspent",
        "With care" => "low",
        "Not known" => "not_measured",
        _ => "within",
    };
    let many = gate.reasons.len() > 1;
    let reason = |reason: crate::domain::slo::gate::Reason| {
        view! { <li><a href=Route::objective_path(&reason.objective)>{reason.objective.clone()}</a> ": " {reason.words}</li> }
    };
    let may = session.actor().is_some_and(|actor| actor.role.may(Right::OverrideGate));
    let refusal = (!may).then(|| format!("{}.", Right::OverrideGate.refusal()));
    let refused = refusal.clone();
    let held = gate.overridden.is_some();
    let decision = gate.overridden.map(|decision| {
        let (zone, now) = (session.zone.get(), session.live.now());
        let end = move |_| end(session, service.clone(), again);
        view! {
            <p class="gate__decision">
                {format!("{} until {} {}, decided {}: {}", decision.by, zone.clock(decision.until, now), zone.name(), zone.clock(decision.at, now), decision.reason)}
            </p>
            <button type="button" class="button" data-size="small" disabled=!may title=refused.clone() on:click=end>"End the override"</button>
        }
    });
    view! {
        <section class="panel" aria-labelledby="gate-title">
            <div class="panel__head">
                <h2 id="gate-title">"May we release?"</h2>
                <span class="panel__note">{gate.service.as_deref().map(|name| service_link(name, true))}</span>
            </div>
            <div class="objective__gate">
                <p class="standing" data-standing=slug>{standing::sign(slug)} <b>{answer}</b></p>
                <p>{sentence(&gate.words)}</p>
                {many.then(|| view! { <ul class="objective__reasons">{gate.reasons.into_iter().map(reason).collect_view()}</ul> })}
                {decision}
                {(!held).then(|| view! {
                    <button type="button" class="button" data-size="small" disabled=!may title=refusal.clone() on:click=move |_| asking.set(true)>"Release nevertheless…"</button>
                })}
                {(!may).then(|| view! { <p class="muted">{format!("{}.", Right::OverrideGate.refusal())}</p> })}
            </div>
        </section>
    }
}

/// Ends what holds for a service now; the session is handed in, as nothing finds it once a button is pressed.
fn end(session: Session, service: String, again: Callback<()>) {
    spawn_local(async move {
        let ended = match api::objectives::overrides(Some(service)).await {
            Ok(overrides) => match overrides.into_iter().next() {
                Some(held) => api::objectives::end_override(held.id).await.map(drop),
                None => Ok(()),
            },
            Err(failure) => Err(failure),
        };
        match ended {
            Ok(()) => again.run(()),
            Err(failure) => session.toasts.refused("The override", &failure),
        }
    });
}

fn form(service: String, asking: RwSignal<bool>, again: Callback<()>) -> AnyView {
    let session = session();
    let (reason, hours) = (RwSignal::new(String::new()), RwSignal::new("4".to_owned()));
    let refused = RwSignal::new(None::<String>);
    let options = HOURS.map(|(hours, words)| (hours.to_string(), words.to_owned())).to_vec();
    let title = format!("Release {service} nevertheless");
    let service = StoredValue::new(service);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let now = session.live.now();
        let until = now.plus_secs(hours.get_untracked().parse::<i64>().unwrap_or(1) * 3_600);
        match (OverrideDraft { reason: reason.get_untracked(), until }).parse(now) {
            Err(faults) => refused.set(Some(sentence(&faults.join("; ")))),
            Ok(draft) => spawn_local(async move {
                match api::objectives::override_gate(service.get_value(), draft).await {
                    Ok(_) => {
                        asking.set(false);
                        again.run(());
                    }
                    Err(failure) => drop(refused.try_set(Some(sentence(&failure.words)))),
                }
            }),
        }
    };
    view! {
        <Dialog title on_close=move |()| asking.set(false)>
            <form class="form" on:submit=send>
                <TextArea id="override-reason" label="Why" hint="An outside cause, traffic that is none of ours, miscounted errors, or the release is the fix. Everybody sees it." value=reason />
                <SelectField id="override-hours" label="For" options value=hours />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| asking.set(false)>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">"Allow releases"</button>
                </div>
            </form>
        </Dialog>
    }
}
