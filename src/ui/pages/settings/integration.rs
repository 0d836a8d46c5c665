//! One integration: what it is and where it sends, how it is doing, its keys, and its settings.

use super::{
    advanced::{Advanced, AdvancedFields},
    copier,
    integrations::setup,
    keys::{Secrets, TokenOf},
    rate,
};
use crate::{
    api::integrations::{self, IntegrationsPage},
    domain::{failure::Failure, ids::IntegrationId, integration::Integration, people::Right},
    ui::{
        address::address_of,
        browser,
        components::{
            copy_box::CopyBox,
            empty::EmptyState,
            field::{FormError, TextField},
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            relative_time::RelativeTime,
            sure::Sure,
            toast_list::sentence,
        },
        drawing::view,
        routes::{Route, Tab},
        session::session,
        toasts::Toasts,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// Where an integration's own key stands in a sender's configuration: it is not kept.
const KEY_PLACE: &str = "THE-KEY";

/// How often it is looked at again how the sender is doing.
const LOOK_AGAIN_SECS: i64 = 15;

/// What the parts of the page share.
#[derive(Clone, Copy)]
pub struct One {
    pub id: IntegrationId,
    pub integration: RwSignal<Integration>,
    /// Why nothing may be changed.
    pub refusal: Memo<Option<String>>,
    pub toasts: Toasts,
}

impl One {
    /// Shows what became of it, or says why it was refused.
    pub fn took(self, answer: Result<Integration, Failure>) {
        match answer {
            Ok(integration) => self.integration.set(integration),
            Err(failure) => self.toasts.refused("Integration", &failure),
        }
    }

    /// What the server knows by now; without an answer, what is on screen stays.
    async fn look_again(self) {
        let Ok(page) = integrations::page().await else { return };
        if let Some(found) = page.integrations.into_iter().find(|known| known.id == self.id) {
            self.integration.try_set(found);
        }
    }

    pub fn may_not_change(self) -> Signal<bool> {
        Signal::derive(move || self.refusal.with(Option::is_some))
    }
}

#[component]
pub fn IntegrationPage(id: String) -> impl IntoView {
    let id = id.parse::<IntegrationId>().ok();
    let load = RwSignal::new(Load::Loading);
    let fetch = move || spawn_local(async move { load.set(Load::from_answer(integrations::page().await)) });
    fetch();
    move || match load.get() {
        Load::Loading => view! { <Loading what="the integration" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| fetch() /> },
        Load::Ready(page) => match page.integrations.iter().find(|known| Some(known.id) == id).cloned() {
            Some(integration) => view! { <Found page integration /> },
            None => view! {
                <EmptyState title="There is no such integration" words="Its address may be mistyped.">
                    <a class="button" href=Route::Settings(Tab::Integrations).path()>"To the integrations"</a>
                </EmptyState>
            },
        },
    }
}

#[component]
fn Found(page: IntegrationsPage, integration: Integration) -> impl IntoView {
    let session = session();
    let copy = copier(session);
    browser::set_title(&format!("{} · Integrations · Tocsin", integration.name));
    let refusal = Memo::new(move |_| {
        let me = session.replica.me();
        me.filter(|me| !me.role.may(Right::ManageIntegrations)).map(|_| sentence(&Right::ManageIntegrations.refusal()))
    });
    let id = integration.id;
    let where_to = setup(&page, &integration.source, KEY_PLACE);
    let title = where_to.as_ref().map_or_else(|| integration.source.clone(), |(title, _)| title.clone());
    let one = One { id, integration: RwSignal::new(integration), refusal, toasts: session.toasts };
    let now = session.live.ticking();
    let turn = Memo::new(move |_| now.get().epoch_secs() / LOOK_AGAIN_SECS);
    Effect::new(move |before: Option<i64>| {
        let now = turn.get();
        if before.is_some() {
            spawn_local(async move { one.look_again().await });
        }
        now
    });
    let facts = move || one.integration.with(|integration| (integration.name.clone(), integration.disabled));
    view! {
        <section aria-labelledby="integration-title">
            <div class="settings__head">
                <h2 id="integration-title">
                    <a href=Route::Settings(Tab::Integrations).path()>"Integrations"</a>
                    <span class="muted" aria-hidden="true">" / "</span>
                    {move || facts().0}
                </h2>
                <span class="tag">{title}</span>
                {move || facts().1.then(|| view! { <span class="tag">"Switched off"</span> })}
            </div>
            {move || refusal.get().map(|refusal| view! { <p class="muted">{refusal}</p> })}
            <Health one />
            <section class="panel part" aria-labelledby="where-title">
                <h3 id="where-title">"Where to send"</h3>
                <p class="muted">{format!("{KEY_PLACE} stands for its key, which was shown once when it was made. Lost it? Replace it below.")}</p>
                {where_to.map(|(title, text)| view! { <CopyBox label=format!("For {title}") text copy /> })}
            </section>
            <TokenOf one />
            <Secrets one />
            <Edit one />
            <Switch one />
        </section>
    }
}

/// Whether it is heard, how much it sends, and where to look further.
#[component]
fn Health(one: One) -> impl IntoView {
    let now = session().live.ticking();
    let deliveries = address_of(&Route::Settings(Tab::Deliveries).path(), &[("integration", &one.id.to_string())]);
    let tester = address_of(&Route::Settings(Tab::Tester).path(), &[("integration", &one.id.to_string())]);
    let heard = move || {
        let integration = one.integration.get();
        let received = match integration.last_received_at {
            Some(at) => view! { <li>"Last received something " <RelativeTime at now /> "."</li> },
            None => view! { <li>"Nothing received yet."</li> },
        };
        let watchdog = integration.heartbeat_at.map(|at| view! { <li>"Its watchdog was heard " <RelativeTime at now /> "."</li> });
        let silent = integration.silent_since.map(|at| {
            view! {
                <li class="part__late">
                    <Icon glyph=Glyph::Late />
                    <span>"Silent: nothing heard since " <RelativeTime at now /> ". Its open alerts stay open and are marked as stale until it is back."</span>
                </li>
            }
        });
        let signed = match integration.signing_secrets {
            0 => "Deliveries need its key; no signature is asked for.",
            _ => "Deliveries need its key and a valid signature.",
        };
        view! {
            <ul class="part__facts">
                {silent} {received} {watchdog} <li>{signed}</li> <li>{rate::words(&integration.rate)} {rate::limited(&integration.rate, now)} "."</li>
                <li class="muted">"Made " <RelativeTime at=integration.created_at now /> "."</li>
            </ul>
        }
    };
    view! {
        <section class="panel part" aria-labelledby="health-title">
            <h3 id="health-title">"How it is doing"</h3>
            {heard}
            <p class="part__links">
                <a href=deliveries>"Its last deliveries"</a>
                <a href=tester>"Try a payload"</a>
            </p>
        </section>
    }
}

#[component]
fn Edit(one: One) -> impl IntoView {
    let first = one.integration.get_untracked();
    let name = RwSignal::new(first.name.clone());
    let fields = Advanced::of(&first.settings, &first.grouping);
    let (refused, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let toasts = session().toasts;
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (settings, grouping) = match fields.parse() {
            Ok(parsed) => parsed,
            Err(words) => return refused.set(Some(words)),
        };
        busy.set(true);
        spawn_local(async move {
            let answer = integrations::change(one.id, name.get_untracked(), settings, grouping).await;
            busy.set(false);
            match answer {
                Ok(integration) => {
                    refused.set(None);
                    one.integration.set(integration);
                    toasts.say("Changed. It counts from the next delivery on.");
                }
                Err(failure) => refused.set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default()))),
            }
        });
    };
    view! {
        <section class="panel part" aria-labelledby="edit-title">
            <h3 id="edit-title">"Name, grouping, limit"</h3>
            <form class="form" on:submit=send aria-labelledby="edit-title">
                <TextField id="edit-name" label="Name" value=name required=true />
                <AdvancedFields fields />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="submit" class="button" data-tone="accent" disabled=move || busy.get() || one.refusal.with(Option::is_some)>"Change it"</button>
                </div>
            </form>
        </section>
    }
}

#[component]
fn Switch(one: One) -> impl IntoView {
    let switch = move |disabled: bool| spawn_local(async move { one.took(integrations::set_disabled(one.id, disabled).await) });
    let disabled = Memo::new(move |_| one.integration.with(|integration| integration.disabled));
    let body = move || {
        if disabled.get() {
            view! {
                <p>"It is switched off: its key opens nothing, and its open alerts are marked as stale."</p>
                <button type="button" class="button" disabled=move || one.refusal.with(Option::is_some) on:click=move |_| switch(false)>"Switch on"</button>
            }
        } else {
            view! {
                <p class="muted">"A switched-off integration keeps everything it sent and can be switched on again."</p>
                <Sure
                    words="Switch off"
                    asks="From then on its key opens nothing: whatever its sender reports is refused, and nobody is paged for it. Its open alerts are marked as stale."
                    yes="Yes, switch it off"
                    disabled=one.may_not_change()
                    act=move |()| switch(true)
                />
            }
        }
    };
    view! {
        <section class="panel part" aria-labelledby="switch-title">
            <h3 id="switch-title">"On or off"</h3>
            {body}
        </section>
    }
}
