//! Data sources: the systems that are asked for readings, whether they answer, and what they know
//! us by. Secrets go in and never come out.

use crate::{
    api::objectives as api,
    domain::data_source::{AuthDraft, DataSource, DataSourceDraft, SourceKind, SourceTried},
    ui::{
        components::{
            empty::EmptyState,
            field::{FormError, SelectField, TextArea, TextField},
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            relative_time::RelativeTime,
            sure::Sure,
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::collections::BTreeMap;

#[derive(Clone, Copy)]
struct Page {
    load: RwSignal<Load<Vec<DataSource>>>,
    /// The one whose form is open; nothing for a new one.
    editing: RwSignal<Option<Option<DataSource>>>,
}

impl Page {
    fn fetch(self) {
        spawn_local(async move {
            let answer = api::data_sources().await;
            let _ = self.load.try_set(Load::from_answer(answer));
        });
    }
}

#[component]
pub fn DataSources() -> impl IntoView {
    let page = Page { load: RwSignal::new(Load::Loading), editing: RwSignal::new(None) };
    page.fetch();
    let list = move || match page.load.get() {
        Load::Loading => view! { <Loading what="the data sources" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| page.fetch() /> },
        Load::Ready(sources) if sources.is_empty() => view! {
            <EmptyState
                title="No system is asked for readings yet"
                words="Objectives can be measured by everything that speaks Prometheus' HTTP API: Prometheus, Thanos, Mimir, VictoriaMetrics. The debug board also reads traces from Jaeger and Tempo. Readings and spans can be sent here without any of them."
            />
        },
        Load::Ready(sources) => view! { <ul class="cards">{sources.into_iter().map(|source| view! { <Card page source /> }).collect_view()}</ul> },
    };
    let form = move || page.editing.get().map(|known| view! { <Form page known /> });
    view! {
        <section aria-labelledby="sources-title">
            <div class="settings__head">
                <h2 id="sources-title">"Data sources"</h2>
                {move || page.editing.with(Option::is_none).then(|| view! {
                    <button type="button" class="button" data-tone="accent" on:click=move |_| page.editing.set(Some(None))>
                        <Icon glyph=Glyph::Plus />
                        "New data source"
                    </button>
                })}
            </div>
            {form}
            {list}
        </section>
    }
}

#[component]
fn Card(page: Page, source: DataSource) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let id = source.id;
    let tried = RwSignal::new(Load::<SourceTried>::Loading);
    let try_it = move || {
        tried.set(Load::Loading);
        spawn_local(async move {
            let answer = api::test_data_source(id).await;
            let _ = tried.try_set(Load::from_answer(answer));
        });
    };
    // Whoever looks at it wants to know whether it answers.
    try_it();
    let words = move || match tried.get() {
        Load::Loading => view! { <span class="muted">"Asking it…"</span> },
        Load::Failed(failure) => view! { <span class="card__late">{sentence(&failure.words)}</span> },
        Load::Ready(found) if found.answers => view! { <span class="muted">{format!("It answers: {}", found.words)}</span> },
        Load::Ready(found) => view! { <b class="card__late">{sentence(&found.words)}</b> },
    };
    let remove = move |()| {
        spawn_local(async move {
            match api::remove_data_source(id).await {
                Ok(()) => page.fetch(),
                Err(failure) => session.toasts.refused("Data sources", &failure),
            }
        });
    };
    let knows = match (source.auth.as_str(), &source.user) {
        ("bearer", _) => "knows us by a token".to_owned(),
        ("basic", Some(user)) => format!("knows us as {user}"),
        _ => "open to us".to_owned(),
    };
    let tenant = source.tenant.as_ref().map(|tenant| format!(" · tenant {tenant}"));
    let headers = (!source.headers.is_empty()).then(|| format!(" · headers {}", source.headers.join(", ")));
    let ca = source.has_ca.then_some(" · authorities of its own");
    let kind = source.source_kind().map_or_else(|| source.kind.clone(), |kind| kind.label().to_owned());
    let edit = StoredValue::new(source.clone());
    view! {
        <li class="panel card">
            <div class="card__head">
                <div class="card__words">
                    <h3>{source.name.clone()}</h3>
                    <p class="muted mono">{source.url.clone()}</p>
                    <p class="muted">{kind} " · " {knows} {tenant} {headers} {ca} {format!(" · waits {} s", source.timeout_s)} " · changed " <RelativeTime at=source.updated_at now /></p>
                    <p role="status">{words}</p>
                </div>
                <div class="card__actions">
                    <button type="button" class="button" data-size="small" on:click=move |_| try_it()>"Test"</button>
                    <button type="button" class="button" data-size="small" on:click=move |_| page.editing.set(Some(Some(edit.get_value())))>"Edit"</button>
                    <Sure words="Remove" asks="Objectives that ask it are not measured any more." yes="Really remove it" act=remove />
                </div>
            </div>
        </li>
    }
}

/// A secret that is there stays unless another is typed.
#[component]
fn Form(page: Page, known: Option<DataSource>) -> impl IntoView {
    let text = |text: Option<String>| RwSignal::new(text.unwrap_or_default());
    let of = |part: fn(&DataSource) -> Option<String>| text(known.as_ref().and_then(part));
    let name = of(|known| Some(known.name.clone()));
    let url = of(|known| Some(known.url.clone()));
    let kind = RwSignal::new(known.as_ref().map_or_else(|| SourceKind::default().slug().to_owned(), |known| known.kind.clone()));
    let auth = RwSignal::new(known.as_ref().map_or_else(|| "none".to_owned(), |known| known.auth.clone()));
    let user = of(|known| known.user.clone());
    let secret = RwSignal::new(String::new());
    let tenant = of(|known| known.tenant.clone());
    let headers = of(|known| Some(known.headers.iter().map(|name| format!("{name}:")).collect::<Vec<_>>().join("\n")));
    let ca = RwSignal::new(String::new());
    let timeout = of(|known| Some(known.timeout_s.to_string()));
    let refused = RwSignal::new(None::<String>);
    let id = known.as_ref().map(|known| known.id);
    let has_ca = known.as_ref().is_some_and(|known| known.has_ca);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = Some(secret.get_untracked()).filter(|secret| !secret.is_empty());
        let auth = match auth.get_untracked().as_str() {
            "bearer" => AuthDraft::Bearer { token: typed },
            "basic" => AuthDraft::Basic { user: user.get_untracked().trim().to_owned(), password: typed },
            _ => AuthDraft::None,
        };
        let draft = DataSourceDraft {
            name: Some(name.get_untracked()),
            // What it is stays.
            kind: id.is_none().then(|| kind.get_untracked()),
            url: Some(url.get_untracked().trim().to_owned()),
            auth: Some(auth),
            tenant: Some(tenant.get_untracked().trim().to_owned()),
            headers: Some(read_headers(&headers.get_untracked())),
            ca_pem: Some(ca.get_untracked()).filter(|pem| !pem.trim().is_empty()),
            timeout_s: timeout.get_untracked().trim().parse().ok(),
        };
        spawn_local(async move {
            match api::save_data_source(id, draft).await {
                Ok(_) => {
                    page.editing.set(None);
                    page.fetch();
                }
                Err(failure) => drop(refused.try_set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default())))),
            }
        });
    };
    let options =
        [("none", "By nothing"), ("bearer", "By a token"), ("basic", "By a name and a password")].map(|(slug, words)| (slug.to_owned(), words.to_owned()));
    let keeps = if id.is_some() { "Empty: the one that is there stays." } else { "It is never shown again." };
    let secrets = move || match auth.get().as_str() {
        "bearer" => view! { <TextField id="source-secret" label="Token" hint=keeps kind="password" value=secret /> },
        "basic" => view! {
            <div class="form__columns">
                <TextField id="source-user" label="Name" value=user />
                <TextField id="source-secret" label="Password" hint=keeps kind="password" value=secret />
            </div>
        },
        _ => ().into_any(),
    };
    let kinds = SourceKind::ALL.map(|kind| (kind.slug().to_owned(), kind.label().to_owned()));
    let pick_kind = id.is_none().then(|| view! { <SelectField id="source-kind" label="What it is" options=kinds.to_vec() value=kind /> });
    let address = move || match kind.with(|kind| SourceKind::from_slug(kind)) {
        Some(SourceKind::Jaeger) => "https://jaeger.example:16686, with the path before /api if it has one.",
        Some(SourceKind::Tempo) => "https://tempo.example:3200, with the path before /api if it has one.",
        Some(SourceKind::Prometheus) | None => "https://prometheus.example, with the path before /api/v1 if it has one.",
    };
    let title = if id.is_some() { "Change the data source" } else { "New data source" };
    let ca_hint = if has_ca {
        "PEM. Authorities of its own are trusted already; empty: they stay."
    } else {
        "PEM, where its certificate is not signed by an authority this machine trusts."
    };
    view! {
        <form class="panel form" on:submit=send aria-label=title>
            {pick_kind}
            <div class="form__columns">
                <TextField id="source-name" label="Name" hint="Objectives and the debug board name it by this." value=name required=true />
                {move || view! { <TextField id="source-url" label="Address" hint=address() value=url required=true /> }}
            </div>
            <SelectField id="source-auth" label="How it knows us" options=options.to_vec() value=auth />
            {secrets}
            <details class="more">
                <summary>"More: tenant, headers, authorities, patience"</summary>
                <div class="form__columns">
                    <TextField id="source-tenant" label="Tenant" hint="Sent as X-Scope-OrgID." value=tenant />
                    <TextField id="source-timeout" label="Waits, seconds" value=timeout />
                </div>
                <TextArea id="source-headers" label="Further headers" hint="One on each line: Name: value. Without a value the one that is there stays." value=headers />
                <TextArea id="source-ca" label="Authorities" hint=ca_hint value=ca />
            </details>
            <FormError words=refused />
            <div class="form__foot">
                <button type="button" class="button" on:click=move |_| page.editing.set(None)>"Not now"</button>
                <button type="submit" class="button" data-tone="accent">"Save"</button>
            </div>
        </form>
    }
}

/// One on each line; without a value the one that is there stays.
fn read_headers(text: &str) -> BTreeMap<String, Option<String>> {
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        (!name.is_empty()).then(|| (name, Some(value).filter(|value| !value.is_empty())))
    };
    text.lines().filter_map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_without_a_value_keeps_the_one_it_has() {
        let headers = read_headers("X-One: a:b\n\n X-Two :\nX-Three");
        let said: Vec<(&str, Option<&str>)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(said, [("X-One", Some("a:b")), ("X-Three", None), ("X-Two", None)]);
    }
}
