//! The short forms of an incident: title, services, labels, merging, and the time of an entry.

use crate::{
    domain::{alert::Labels, ids::IncidentId, incident::Command, sorting, time::Timestamp},
    ui::{
        components::{
            dialog::Dialog,
            field::{FormError, SelectField, TextArea, TextField},
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::prelude::*;

/// A dialog with a form that sends one command. `make` reads the form: a command, or why not.
#[component]
fn CommandForm(
    id: IncidentId,
    #[prop(into)] title: String,
    #[prop(into)] submit: String,
    make: Callback<(), Result<Command, String>>,
    children: Children,
) -> impl IntoView {
    let session = session();
    let close = move || session.sheet.set(None);
    let refused = RwSignal::new(None::<String>);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match make.run(()).and_then(|command| session.send(id, command).map_err(|refusal| sentence(&refusal.to_string()))) {
            Ok(()) => close(),
            Err(words) => refused.set(Some(words)),
        }
    };
    view! {
        <Dialog title on_close=move |()| close()>
            <form class="form" on:submit=send>
                {children()} <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">{submit}</button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
pub fn TitleForm(id: IncidentId) -> impl IntoView {
    let session = session();
    let title = RwSignal::new(untrack(|| session.incident(id)).map(|incident| incident.title.clone()).unwrap_or_default());
    let make = Callback::new(move |()| Ok(Command::SetTitle { title: title.get_untracked() }));
    view! {
        <CommandForm id title="What is happening?" submit="Set title" make>
            <TextField id="title" label="Title" hint="One sentence customers would recognise." value=title required=true />
        </CommandForm>
    }
}

#[component]
pub fn ServicesForm(id: IncidentId) -> impl IntoView {
    let session = session();
    let services = RwSignal::new(untrack(|| session.incident(id)).map(|incident| incident.services.join(", ")).unwrap_or_default());
    let known = untrack(|| session.replica.services()).join(", ");
    let hint = if known.is_empty() { "With commas between them.".to_owned() } else { format!("With commas between them. Known so far: {known}.") };
    let make = Callback::new(move |()| {
        let services = services.with_untracked(|text| text.split(',').map(str::trim).filter(|service| !service.is_empty()).map(str::to_owned).collect());
        Ok(Command::SetServices { services })
    });
    view! {
        <CommandForm id title="Which services?" submit="Set services" make>
            <TextField id="services" label="Services" hint value=services />
        </CommandForm>
    }
}

#[component]
pub fn LabelsForm(id: IncidentId) -> impl IntoView {
    let session = session();
    let before = untrack(|| session.incident(id)).map(|incident| incident.labels.clone()).unwrap_or_default();
    let text = RwSignal::new(before.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n"));
    let make = Callback::new(move |()| changed_labels(&before, &text.get_untracked()).map(|labels| Command::Tag { labels }));
    view! {
        <CommandForm id title="Labels" submit="Set labels" make>
            <TextArea id="labels" label="Labels" hint="One on each line: name=value. A line taken away removes its label." value=text rows=5 />
        </CommandForm>
    }
}

/// What must be set so that the labels are those of the text; a removed one is set to nothing.
fn changed_labels(before: &Labels, text: &str) -> Result<Labels, String> {
    let mut wanted = Labels::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once('=').ok_or_else(|| format!("“{line}” has no “=”."))?;
        wanted.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    let removed: Vec<_> = before.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect();
    wanted.retain(|name, value| before.get(name) != Some(value));
    for name in removed {
        wanted.insert(name, String::new());
    }
    if wanted.is_empty() { Err("Nothing is changed yet.".to_owned()) } else { Ok(wanted) }
}

#[component]
pub fn MergeForm(id: IncidentId) -> impl IntoView {
    let session = session();
    let others = untrack(|| session.board(session.live.now()));
    let is_private = untrack(|| session.incident(id)).is_some_and(|incident| incident.private);
    let mut options: Vec<(String, String)> = vec![(String::new(), "Choose…".to_owned())];
    let mut others: Vec<_> = others.iter().filter(|other| other.id != id && !other.state.is_over() && (other.private || !is_private)).collect();
    sorting::sort_by_key(&mut others, |other| std::cmp::Reverse(other.reference));
    options.extend(others.into_iter().map(|other| (other.id.to_string(), format!("{} {}", other.reference, other.title))));
    let (into, reason) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let make = Callback::new(move |()| {
        let into = into.get_untracked().parse().map_err(|_| "Choose the incident it goes on in.".to_owned())?;
        let reason = Some(reason.get_untracked()).filter(|reason| !reason.trim().is_empty());
        Ok(Command::Merge { into, reason })
    });
    view! {
        <CommandForm id title="Merge into another incident" submit="Merge" make>
            <SelectField id="merge-into" label="It goes on in" options value=into />
            {is_private.then(|| view! { <p class="muted">"This one is private: only private ones are offered. Make it visible first, or merge the other one into it."</p> })}
            <p class="muted">"Its alerts and services go with it. This one ends here and points there."</p>
            <TextField id="merge-reason" label="Why, if it is worth saying" value=reason />
        </CommandForm>
    }
}

#[component]
pub fn CorrectTimeForm(id: IncidentId, seq: i64, from: Timestamp) -> impl IntoView {
    let session = session();
    let zone = session.zone.get_untracked();
    let (at, reason) = (RwSignal::new(zone.field(from)), RwSignal::new(String::new()));
    let make = Callback::new(move |()| {
        let happened_at = zone.read(&at.get_untracked()).ok_or("Say when it happened.")?;
        let reason = Some(reason.get_untracked()).filter(|reason| !reason.trim().is_empty());
        Ok(Command::CorrectTime { seq, happened_at, reason })
    });
    view! {
        <CommandForm id title=format!("When did entry {seq} happen?") submit="Correct its time" make>
            <TextField id="correct-at" kind="datetime-local" label=format!("Time, {}", zone.name()) hint="The entry keeps what was said first; both times are shown." value=at required=true />
            <TextField id="correct-reason" label="Why, if it is worth saying" value=reason />
        </CommandForm>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_what_changed_is_set_and_what_is_gone_is_removed() {
        let before = labels(&[("team", "pay"), ("region", "eu")]);
        assert_eq!(changed_labels(&before, "team=pay\nregion = us\n\ntier=1"), Ok(labels(&[("region", "us"), ("tier", "1")])));
        assert_eq!(changed_labels(&before, "region=eu"), Ok(labels(&[("team", "")])));
        assert!(changed_labels(&before, "region=eu\nteam=pay").is_err());
        assert!(changed_labels(&before, "nonsense").is_err());
    }
}
