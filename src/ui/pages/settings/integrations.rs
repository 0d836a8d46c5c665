//! Integrations: who sends alerts here, with which key, and how their alerts are put together.

use super::{
    advanced::{Advanced, AdvancedFields},
    copier,
};
use crate::{
    api::integrations::{self, IntegrationsPage},
    domain::{
        accounts::ShownOnce,
        integration::{Grouping, Integration, NewIntegration, Settings, source_title},
        people::Right,
    },
    ui::{
        components::{
            copy_box::CopyBox,
            empty::EmptyState,
            field::{FormError, SelectField, TextArea, TextField},
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            once::Once,
            relative_time::RelativeTime,
            rows::rows,
            toast_list::sentence,
        },
        drawing::view,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// What the page and its parts share.
#[derive(Clone, Copy)]
struct Page {
    load: RwSignal<Load<IntegrationsPage>>,
    made: RwSignal<Option<ShownOnce<Integration>>>,
    creating: RwSignal<bool>,
    may_change: Memo<bool>,
}

impl Page {
    fn fetch(self) {
        spawn_local(async move { self.load.set(Load::from_answer(integrations::page().await)) });
    }

    fn put(self, integration: Integration) {
        self.load.update(|load| {
            let Load::Ready(page) = load else { return };
            match page.integrations.iter_mut().find(|known| known.id == integration.id) {
                Some(known) => *known = integration,
                None => page.integrations.push(integration),
            }
        });
    }
}

#[component]
pub fn Integrations() -> impl IntoView {
    let session = session();
    let page = Page {
        load: RwSignal::new(Load::Loading),
        made: RwSignal::new(None),
        creating: RwSignal::new(false),
        may_change: Memo::new(move |_| session.replica.me().is_some_and(|me| me.role.may(Right::ManageIntegrations))),
    };
    page.fetch();
    let status = Memo::new(move |_| {
        page.load.with(|load| match load {
            Load::Loading => Load::Loading,
            Load::Ready(page) => Load::Ready(page.integrations.is_empty()),
            Load::Failed(failure) => Load::Failed(failure.clone()),
        })
    });
    let shown = move || match page.load.get() {
        Load::Ready(page) => page.integrations,
        Load::Loading | Load::Failed(_) => vec![],
    };
    let list = move || {
        match status.get() {
            Load::Loading => view! { <Loading what="the integrations" /> },
            Load::Failed(failure) => view! { <Failed failure again=move |()| page.fetch() /> },
            Load::Ready(true) => view! {
                <EmptyState title="Nobody sends alerts here yet" words="An integration gives one sender its own key: an Alertmanager, a Prometheus, a script." />
            },
            Load::Ready(false) => view! {
                <ul class="cards">
                    // An integration that was changed is drawn anew.
                    {rows(shown, |integration| serde_json::to_value(integration).unwrap_or_default().to_string(), |integration| view! { <Card integration /> })}
                </ul>
            },
        }
    };
    let head = move || {
        (!page.creating.get()).then(|| {
            let refusal = (!page.may_change.get()).then(|| sentence(&Right::ManageIntegrations.refusal()));
            view! {
                <button type="button" class="button" data-tone="accent" disabled=refusal.is_some() on:click=move |_| page.creating.set(true)>
                    <Icon glyph=Glyph::Plus />
                    "New integration"
                </button>
                <span class="muted">{refusal}</span>
            }
        })
    };
    view! {
        <section aria-labelledby="integrations-title">
            <div class="settings__head">
                <h2 id="integrations-title">"Integrations"</h2>
                {move || head()}
            </div>
            {move || page.creating.get().then(|| view! { <Create page /> })}
            <Made page />
            {move || list()}
        </section>
    }
}

/// The key, this once, inside the configuration that uses it.
#[component]
fn Made(page: Page) -> impl IntoView {
    let copy = copier(session());
    move || {
        page.made.get().map(|made| {
            let setup = page.load.with(|load| match load {
                Load::Ready(page) => setup(page, &made.item.source, &made.token),
                Load::Loading | Load::Failed(_) => None,
            });
            view! {
                <Once
                    title=format!("{} is ready", made.item.name)
                    words="Its key is shown this once. It is kept as a hash and cannot be shown again."
                    label="Key"
                    secret=made.token.clone()
                    copy
                    done=move |()| page.made.set(None)
                >
                    {setup.map(|(title, text)| view! { <CopyBox label=format!("For {title}") text copy /> })}
                </Once>
            }
        })
    }
}

/// The title of a source, and its sender's configuration with this server's address and a key in it.
pub fn setup(page: &IntegrationsPage, source: &str, key: &str) -> Option<(String, String)> {
    let card = page.sources.iter().find(|card| card.slug == source)?;
    Some((card.title.clone(), card.setup.replace("{url}", page.public_url.trim_end_matches('/')).replace("{token}", key)))
}

#[component]
fn Create(page: Page) -> impl IntoView {
    let sources = page.load.with_untracked(|load| match load {
        Load::Ready(page) => page.sources.iter().map(|card| (card.slug.clone(), card.title.clone())).collect::<Vec<_>>(),
        Load::Loading | Load::Failed(_) => vec![],
    });
    let source = RwSignal::new(sources.first().map(|(slug, _)| slug.clone()).unwrap_or_default());
    let (name, token, secrets) = (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let fields = Advanced::of(&Settings::default(), &Grouping::default());
    let (refused, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (settings, grouping) = match fields.parse() {
            Ok(parsed) => parsed,
            Err(words) => return refused.set(Some(words)),
        };
        let draft = NewIntegration {
            source: source.get_untracked(),
            name: name.get_untracked(),
            token: Some(token.get_untracked().trim().to_owned()).filter(|token| !token.is_empty()),
            signing_secrets: secrets.get_untracked().lines().map(str::trim).filter(|secret| !secret.is_empty()).map(str::to_owned).collect(),
            settings,
            grouping,
        };
        busy.set(true);
        spawn_local(async move {
            let answer = integrations::create(draft).await;
            busy.set(false);
            match answer {
                Ok(made) => {
                    page.put(made.item.clone());
                    page.made.set(Some(made));
                    page.creating.set(false);
                }
                Err(failure) => refused.set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default()))),
            }
        });
    };
    view! {
        <form class="panel form" on:submit=send aria-label="New integration">
            <div class="form__columns">
                <SelectField id="source" label="Who sends" options=sources value=source />
                <TextField id="integration-name" label="Name" hint="Which one it is: “Prometheus, production”." value=name required=true />
            </div>
            <details class="more">
                <summary>"Own key, signatures, grouping, limits"</summary>
                <TextField id="own-key" label="Key its sender uses already" hint="At least 16 characters; empty makes a new one." value=token />
                <TextArea id="secrets" label="Signing secrets" hint="One on each line. With at least one, a signature is required." value=secrets rows=2 />
                <AdvancedFields fields />
            </details>
            <FormError words=refused />
            <div class="form__foot">
                <button type="button" class="button" on:click=move |_| page.creating.set(false)>"Not now"</button>
                <button type="submit" class="button" data-tone="accent" disabled=move || busy.get()>"Make it"</button>
            </div>
        </form>
    }
}

#[component]
fn Card(integration: Integration) -> impl IntoView {
    let now = session().live.ticking();
    let disabled = integration.disabled;
    let address = Route::Integration(integration.id.to_string()).path();
    let heard = match integration.last_received_at {
        Some(at) => view! { "last received " <RelativeTime at now /> },
        None => "nothing received yet".into_any(),
    };
    let heartbeat = integration.heartbeat_at.map(|at| view! { " · watchdog heard " <RelativeTime at now /> });
    let signed = (integration.signing_secrets > 0).then_some(" · signatures required");
    let silent = integration.silent_since.map(|at| {
        view! {
            <p class="card__late">
                <Icon glyph=Glyph::Late />
                <span>"Silent: nothing heard since " <RelativeTime at now /></span>
            </p>
        }
    });
    view! {
        <li class="panel card" data-disabled=disabled.then_some("true")>
            <div class="card__head">
                <div class="card__words">
                    <h3><a href=address.clone()>{integration.name.clone()}</a></h3>
                    <p class="muted">
                        {source_title(&integration.source).to_owned()} " · " {heard} {heartbeat} {signed} {disabled.then_some(" · switched off: its key opens nothing")}
                    </p>
                    {silent}
                </div>
            </div>
        </li>
    }
}
