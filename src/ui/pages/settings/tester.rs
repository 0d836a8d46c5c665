//! The tester: what a payload would become if it arrived now. It stores nothing.

use super::prediction::prediction;
use crate::{
    api::{
        deliveries,
        integrations::{self, IntegrationsPage},
    },
    domain::{
        delivery::DeliveryNote,
        ids::IntegrationId,
        trial::{Prediction, Trial},
    },
    ui::{
        browser,
        components::{
            field::{FormError, SelectField, TextArea},
            loaded::{Failed, Load, Loading},
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What can be chosen: an integration, or a source with what a new integration of it has.
#[derive(Clone, Debug, PartialEq)]
struct Door {
    /// An integration's id, or a source's slug.
    value: String,
    words: String,
    source: String,
    integration_id: Option<IntegrationId>,
    example: String,
}

fn doors(page: &IntegrationsPage) -> Vec<Door> {
    let card = |slug: &str| page.sources.iter().find(|card| card.slug == slug);
    let integrations = page.integrations.iter().filter_map(|integration| {
        let card = card(&integration.source)?;
        Some(Door {
            value: integration.id.to_string(),
            words: format!("{} ({})", integration.name, card.title),
            source: card.slug.clone(),
            integration_id: Some(integration.id),
            example: card.example.clone(),
        })
    });
    let sources = page.sources.iter().map(|card| Door {
        value: card.slug.clone(),
        words: format!("{}, by itself", card.title),
        source: card.slug.clone(),
        integration_id: None,
        example: card.example.clone(),
    });
    integrations.chain(sources).collect()
}

/// `Name: value` on each line.
fn parse_headers(text: &str) -> Result<BTreeMap<String, String>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pairs = lines.map(|line| match line.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("A header is written “Name: value”; this is not: {line}")),
    });
    pairs.collect()
}

/// The list of deliveries that begins with this one: its cursor is what would stand before it.
fn cursor_before(id: &str) -> Option<String> {
    Some(Uuid::from_u128(id.parse::<Uuid>().ok()?.as_u128().checked_add(1)?).to_string())
}

async fn noted(id: String) -> Option<DeliveryNote> {
    let page = deliveries::list(None, false, None, Some(cursor_before(&id)?), Some(1)).await.ok()?;
    page.items.into_iter().next().filter(|note| note.id == id)
}

#[component]
pub fn Tester() -> impl IntoView {
    let load = RwSignal::new(Load::Loading);
    let asked = session().address.query.get_untracked();
    let delivery = asked.get("delivery").map(str::to_owned);
    let integration = asked.get("integration").map(str::to_owned);
    let fetch = Callback::new(move |()| {
        let delivery = delivery.clone();
        spawn_local(async move {
            let note = match &delivery {
                Some(id) => noted(id.clone()).await,
                None => None,
            };
            let is_gone = delivery.is_some() && note.is_none();
            load.try_set(Load::from_answer(integrations::page().await.map(|page| (page, note, is_gone))));
        });
    });
    fetch.run(());
    let body = move || match load.get() {
        Load::Loading => view! { <Loading what="the tester" /> },
        Load::Failed(failure) => view! { <Failed failure again=fetch /> },
        Load::Ready((page, note, is_gone)) => {
            let gone = is_gone.then(|| view! { <p role="status">"That delivery is not noted any more; here is an example instead."</p> });
            view! {
                {gone}
                <Form doors=doors(&page) note chosen=integration.clone() />
            }
        }
    };
    view! {
        <section aria-labelledby="tester-title">
            <div class="settings__head">
                <h2 id="tester-title">"Tester"</h2>
            </div>
            <p class="muted">"Shows what a payload would become if it arrived now. Nothing is stored and nobody is paged."</p>
            {body}
        </section>
    }
}

#[component]
fn Form(doors: Vec<Door>, note: Option<DeliveryNote>, chosen: Option<String>) -> impl IntoView {
    let from_note = note.as_ref().map(|note| note.integration_id.map_or_else(|| note.source.clone(), |id| id.to_string()));
    let first = from_note.or(chosen).and_then(|value| doors.iter().find(|door| door.value == value)).or(doors.first()).cloned();
    let (value, example) = first.map(|door| (door.value, door.example)).unwrap_or_default();
    let door = RwSignal::new(value);
    let body = RwSignal::new(note.and_then(|note| note.body).unwrap_or(example));
    let headers = RwSignal::new(String::new());
    let options = doors.iter().map(|door| (door.value.clone(), door.words.clone())).collect();
    let doors = StoredValue::new(doors);
    let of = move || doors.with_value(|doors| door.with(|value| doors.iter().find(|door| door.value == *value).cloned()));
    // An example that nobody wrote into goes with the choice.
    Effect::new(move |before: Option<Option<Door>>| {
        let now = of();
        if let (Some(Some(before)), Some(now)) = (before, &now)
            && body.with_untracked(|body| *body == before.example)
        {
            body.set(now.example.clone());
        }
        now
    });
    let (refused, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let result = RwSignal::new(None::<Prediction>);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(door) = untrack(of) else { return };
        let headers = match parse_headers(&headers.get_untracked()) {
            Ok(headers) => headers,
            Err(words) => return refused.set(Some(words)),
        };
        refused.set(None);
        busy.set(true);
        let trial = Trial { source: door.source, body: body.get_untracked(), headers, integration_id: door.integration_id };
        spawn_local(async move {
            let answer = integrations::test(trial).await;
            busy.try_set(false);
            match answer {
                Ok(prediction) => {
                    result.try_set(Some(prediction));
                    browser::after_paint(|| browser::show("prediction"));
                }
                Err(failure) => {
                    result.try_set(None);
                    refused.try_set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default())));
                }
            }
        });
    };
    let example = move |_| {
        if let Some(door) = untrack(of) {
            body.set(door.example);
        }
    };
    view! {
        <form class="panel form" on:submit=send aria-label="A payload to try">
            <SelectField id="trial-door" label="As if it came from" options value=door />
            <TextArea id="trial-body" label="Payload" hint="Byte by byte what the sender would send." value=body rows=12 />
            <details class="more">
                <summary>"Headers"</summary>
                <TextArea id="trial-headers" label="Headers" hint="“Name: value” on each line. A signature among them is checked." value=headers rows=3 />
            </details>
            <FormError words=refused />
            <div class="form__foot">
                <button type="button" class="button" on:click=example>"Start from the example"</button>
                <button type="submit" class="button" data-tone="accent" disabled=move || busy.get()>"Try it"</button>
            </div>
        </form>
        {move || result.get().map(|found| prediction(&found))}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_line_by_line() {
        let headers = parse_headers("X-Signature: sha256=a:b\n\n  Content-Type : text/plain ").expect("they are headers");
        assert_eq!(headers.get("X-Signature").map(String::as_str), Some("sha256=a:b"));
        assert_eq!(headers.get("Content-Type").map(String::as_str), Some("text/plain"));
        assert!(parse_headers("nothing").is_err());
    }

    #[test]
    fn the_cursor_before_a_delivery_is_the_next_greater_id() {
        assert_eq!(cursor_before("01900000-0000-7000-8000-0000000000ff").as_deref(), Some("01900000-0000-7000-8000-000000000100"));
        assert_eq!(cursor_before("x"), None);
    }
}
