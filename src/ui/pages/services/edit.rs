//! Saying what a service is: owner, tier, description, links, and what it needs.

use crate::{
    api,
    domain::{
        alert::Link,
        services::{MAX_TIER, Service, ServiceDraft, is_name},
    },
    ui::{
        components::{
            dialog::Dialog,
            field::{FormError, SelectField, TextArea, TextField},
            toast_list::sentence,
        },
        drawing::view,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// The form for a service that is known; `done` is told what was saved, or nothing.
pub fn form(service: Service, done: impl Fn(Option<Service>) + Copy + Send + Sync + 'static) -> AnyView {
    let Service { name, owner, tier, description, links, depends_on, .. } = service;
    let depends_on = RwSignal::new(depends_on.join("\n"));
    let owner = RwSignal::new(owner.unwrap_or_default());
    let tier = RwSignal::new(tier.map(|tier| tier.to_string()).unwrap_or_default());
    let description = RwSignal::new(description);
    let links = RwSignal::new(links.iter().map(|link| format!("{} {}", link.href, link.text)).collect::<Vec<_>>().join("\n"));
    let refused = RwSignal::new(None::<String>);
    let mut tiers = vec![(String::new(), "Not said".to_owned())];
    tiers.extend((1..=MAX_TIER).map(|tier| (tier.to_string(), if tier == 1 { "1, hurts most".to_owned() } else { tier.to_string() })));
    let (title, name) = (format!("About {name}"), StoredValue::new(name));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let draft = ServiceDraft {
            owner: Some(owner.get_untracked()),
            tier: tier.get_untracked().parse().ok(),
            description: description.get_untracked(),
            links: read_links(&links.get_untracked()),
            depends_on: depends_on.get_untracked().lines().map(str::to_owned).collect(),
        };
        match draft.parse(&name.get_value()) {
            Err(faults) => refused.set(Some(sentence(&faults.join("; ")))),
            Ok(draft) => spawn_local(async move {
                match api::services::describe(name.get_value(), draft).await {
                    Ok(saved) => done(Some(saved)),
                    Err(failure) => drop(refused.try_set(Some(sentence(&failure.words)))),
                }
            }),
        }
    };
    view! {
        <Dialog title on_close=move |()| done(None)>
            <form class="form" on:submit=send>
                <TextField id="service-owner" label="Owner" hint="The team." value=owner />
                <SelectField id="service-tier" label="Tier" options=tiers value=tier />
                <TextArea id="service-description" label="What it does" value=description />
                <TextArea id="service-links" label="Links" hint="One on each line: the address, then its name. Runbook, dashboard, repository, chat." value=links />
                <TextArea id="service-depends-on" label="Depends on" hint="The services it needs, one on each line. A name that nobody has described yet is kept, and shown as such." value=depends_on />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| done(None)>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">"Save"</button>
                </div>
            </form>
        </Dialog>
    }
}

fn read_links(text: &str) -> Vec<Link> {
    let link = |line: &str| {
        let (href, text) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        Link { href: href.to_owned(), text: text.trim().to_owned() }
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(link).collect()
}

/// The form for a service that is not known yet: its name first, its page after.
pub fn add(close: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    let session = session();
    let name = RwSignal::new(String::new());
    let refused = RwSignal::new(None::<String>);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.get_untracked().trim().to_owned();
        if !is_name(&wanted) {
            return refused.set(Some("Give it a name of up to 200 characters.".to_owned()));
        }
        if session.replica.services().contains(&wanted) {
            return session.address.open(&Route::Service(wanted));
        }
        spawn_local(async move {
            match api::services::describe(wanted.clone(), ServiceDraft::default()).await {
                Ok(_) => session.address.open(&Route::Service(wanted)),
                Err(failure) => drop(refused.try_set(Some(sentence(&failure.words)))),
            }
        });
    };
    view! {
        <Dialog title="Add a service" on_close=move |()| close()>
            <form class="form" on:submit=send>
                <TextField id="service-name" label="Name" hint="As alerts name it in their label “service”." value=name required=true autofocus=true />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">"Add"</button>
                </div>
            </form>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_line_by_line() {
        let links = read_links("https://runbook  Runbook: payment errors\n\n https://repo \n");
        assert_eq!(
            links.iter().map(|link| (link.href.as_str(), link.text.as_str())).collect::<Vec<_>>(),
            [("https://runbook", "Runbook: payment errors"), ("https://repo", "")]
        );
    }
}
