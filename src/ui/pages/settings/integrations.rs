//! Integrations: who sends alerts here, with which key, and how their alerts are put together.

use super::copier;
use crate::{
    api::integrations::{self, IntegrationsPage},
    domain::{
        accounts::{ShownOnce, SourceCard},
        integration::{Grouping, Integration, NewIntegration, Settings},
        people::Right,
    },
    ui::{
        components::{
            copy_box::CopyBox,
            empty::EmptyState,
            field::{FormError, SelectField, TextArea, TextField},
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            relative_time::RelativeTime,
            rows::rows,
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// Where an integration's own key stands in a sender's configuration until it is known.
const KEY_PLACE: &str = "THE-KEY";

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

    /// The sender's configuration with this server's address and a key in it.
    fn setup(self, source: &str, key: &str) -> Option<(SourceCard, String)> {
        self.load.with(|load| {
            let Load::Ready(page) = load else { return None };
            let card = page.sources.iter().find(|card| card.slug == source)?.clone();
            let text = card.setup.replace("{url}", page.public_url.trim_end_matches('/')).replace("{token}", key);
            Some((card, text))
        })
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
                    {rows(shown, |integration| serde_json::to_value(integration).unwrap_or_default().to_string(), move |integration| view! { <Card page integration /> })}
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
            let setup = page.setup(&made.item.source, &made.token);
            view! {
                <div class="panel once" role="status">
                    <h3>{format!("{} is ready", made.item.name)}</h3>
                    <p>"Its key is shown this once. It is kept as a hash and cannot be shown again."</p>
                    <CopyBox label="Key" text=made.token.clone() copy />
                    {setup.map(|(card, text)| view! { <CopyBox label=format!("For {}", card.title) text copy /> })}
                    <button type="button" class="button" on:click=move |_| page.made.set(None)>"I have it"</button>
                </div>
            }
        })
    }
}

/// The part of the form that making and changing share.
#[derive(Clone, Copy)]
struct Advanced {
    rate_limit: RwSignal<String>,
    header: RwSignal<String>,
    timestamp_header: RwSignal<String>,
    heartbeat_s: RwSignal<String>,
    by: RwSignal<String>,
    quiet_s: RwSignal<String>,
    storm_at: RwSignal<String>,
}

impl Advanced {
    fn of(settings: &Settings, grouping: &Grouping) -> Self {
        let number = |value: Option<u32>| RwSignal::new(value.map(|value| value.to_string()).unwrap_or_default());
        Self {
            rate_limit: number(settings.rate_limit),
            header: RwSignal::new(settings.header.clone().unwrap_or_default()),
            timestamp_header: RwSignal::new(settings.timestamp_header.clone().unwrap_or_default()),
            heartbeat_s: number(settings.heartbeat_s),
            by: RwSignal::new(grouping.by.join(", ")),
            quiet_s: number(Some(grouping.quiet_s)),
            storm_at: number(Some(grouping.storm_at)),
        }
    }

    /// What was typed, or the first thing that cannot be read.
    fn parse(self) -> Result<(Settings, Grouping), String> {
        let number = |field: RwSignal<String>, name: &str| match field.get_untracked().trim() {
            "" => Ok(None),
            text => text.parse::<u32>().map(Some).map_err(|_| format!("{name} is a whole number.")),
        };
        let text = |field: RwSignal<String>| Some(field.get_untracked().trim().to_owned()).filter(|text| !text.is_empty());
        let settings = Settings {
            rate_limit: number(self.rate_limit, "Requests per second")?,
            header: text(self.header),
            timestamp_header: text(self.timestamp_header),
            heartbeat_s: number(self.heartbeat_s, "Silence allowed")?,
        };
        let standard = Grouping::default();
        let by: Vec<String> = self.by.get_untracked().split(',').map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned).collect();
        let grouping = Grouping {
            by,
            quiet_s: number(self.quiet_s, "Quiet time")?.unwrap_or(standard.quiet_s),
            storm_at: number(self.storm_at, "Storm from")?.unwrap_or(standard.storm_at),
        };
        Ok((settings, grouping))
    }
}

#[component]
fn AdvancedFields(fields: Advanced) -> impl IntoView {
    view! {
        <div class="form__columns">
            <TextField id="group-by" label="One incident per" hint="Labels, with commas between them." value=fields.by />
            <TextField id="quiet" label="Quiet time, s" hint="Alerts join while they start within it." kind="number" value=fields.quiet_s />
            <TextField id="storm" label="Storm from" hint="So many groups at once become one incident." kind="number" value=fields.storm_at />
            <TextField id="rate" label="Requests per second" hint="1000 where empty; 0 is no limit." kind="number" value=fields.rate_limit />
            <TextField id="heartbeat" label="Silence allowed, s" hint="Longer without its watchdog opens an alert." kind="number" value=fields.heartbeat_s />
            <TextField id="header" label="Signature or key header" value=fields.header />
            <TextField id="timestamp-header" label="Signed-time header" value=fields.timestamp_header />
        </div>
    }
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
fn Card(page: Page, integration: Integration) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let copy = copier(session);
    let (id, disabled) = (integration.id, integration.disabled);
    let (editing, showing) = (RwSignal::new(false), RwSignal::new(false));
    let switch = move |_| {
        spawn_local(async move {
            match integrations::set_disabled(id, !disabled).await {
                Ok(integration) => page.put(integration),
                Err(failure) => session.toasts.refused("Integration", &failure),
            }
        });
    };
    let setup = {
        let source = integration.source.clone();
        move || {
            showing
                .get()
                .then(|| page.setup(&source, KEY_PLACE))
                .flatten()
                .map(|(card, text)| view! { <CopyBox label=format!("For {}", card.title) text copy /> })
        }
    };
    let heard = match integration.last_received_at {
        Some(at) => view! { "last received " <RelativeTime at now /> },
        None => "nothing received yet".into_any(),
    };
    let heartbeat = integration.heartbeat_at.map(|at| view! { " · watchdog heard " <RelativeTime at now /> });
    let signed = (integration.signing_secrets > 0).then_some(" · signatures required");
    let form = {
        let integration = integration.clone();
        move || editing.get().then(|| view! { <Edit page integration=integration.clone() close=move |()| editing.set(false) /> })
    };
    view! {
        <li class="panel card" data-disabled=disabled.then_some("true")>
            <div class="card__head">
                <div class="card__words">
                    <h3>{integration.name.clone()}</h3>
                    <p class="muted">
                        {integration.source.clone()} " · " {heard} {heartbeat} {signed} {disabled.then_some(" · switched off: its key opens nothing")}
                    </p>
                </div>
                <div class="card__actions">
                    <button type="button" class="button" data-size="small" aria-expanded=move || showing.get().to_string() on:click=move |_| showing.update(|showing| *showing = !*showing)>
                        "Configuration"
                    </button>
                    <button type="button" class="button" data-size="small" disabled=move || !page.may_change.get() on:click=move |_| editing.update(|editing| *editing = !*editing)>
                        "Edit"
                    </button>
                    <button type="button" class="button" data-size="small" disabled=move || !page.may_change.get() on:click=switch>
                        {if disabled { "Switch on" } else { "Switch off" }}
                    </button>
                </div>
            </div>
            {setup}
            {form}
        </li>
    }
}

#[component]
fn Edit(page: Page, integration: Integration, #[prop(into)] close: Callback<()>) -> impl IntoView {
    let id = integration.id;
    let name = RwSignal::new(integration.name.clone());
    let fields = Advanced::of(&integration.settings, &integration.grouping);
    let refused = RwSignal::new(None::<String>);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (settings, grouping) = match fields.parse() {
            Ok(parsed) => parsed,
            Err(words) => return refused.set(Some(words)),
        };
        spawn_local(async move {
            match integrations::change(id, name.get_untracked(), settings, grouping).await {
                Ok(integration) => {
                    close.run(());
                    page.put(integration);
                }
                Err(failure) => refused.set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default()))),
            }
        });
    };
    view! {
        <form class="form" on:submit=send>
            <TextField id="edit-name" label="Name" value=name required=true />
            <AdvancedFields fields />
            <FormError words=refused />
            <div class="form__foot">
                <button type="button" class="button" on:click=move |_| close.run(())>"Not now"</button>
                <button type="submit" class="button" data-tone="accent">"Change it"</button>
            </div>
        </form>
    }
}
