//! How the list is looked at: views, chips of filters, search, columns.

use super::List;
use crate::{
    api,
    domain::{
        incident::{Kind, State},
        lists::{Column, Field, MAJOR, Term, View},
        severity::Severity,
        views::SavedView,
    },
    ui::{
        browser,
        components::{
            choice::Lens,
            dialog::Dialog,
            field::{FormError, SelectField, TextField},
            icon::{Glyph, Icon},
            menu::{Item, Menu},
        },
        drawing::view,
        routes::Route,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::collections::BTreeSet;

pub fn search(list: List) -> AnyView {
    let text = move || list.view.with(|view| view.filter.text.clone());
    let typed = move |event| {
        let mut view = list.view.get_untracked();
        view.filter.text = event_target_value(&event);
        list.amend(&view);
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        if matches!(event.key().as_str(), "Escape" | "Enter" | "ArrowDown") {
            event.prevent_default();
            browser::focus_quietly("incident-grid");
            if event.key() != "Escape" {
                list.step(0, false);
            }
        }
    };
    view! {
        <div class="list-search" role="search">
            <Icon glyph=Glyph::Search />
            <input
                class="input"
                id="list-search"
                type="search"
                placeholder="Title, id, service, person, -not this"
                aria-label="Search these incidents"
                autocomplete="off"
                prop:value=text
                on:input=typed
                on:keydown=key
            />
            <kbd class="desk-only" aria-hidden="true">"/"</kbd>
        </div>
    }
}

pub fn columns_menu(list: List) -> AnyView {
    let items = Callback::new(move |()| {
        let shown = list.view.with_untracked(|view| view.columns.clone());
        let item = |column: Column| {
            let on = shown.contains(&column);
            let words = format!("{} {}", if on { "✓" } else { "–" }, column.label());
            let item = Item::new(words, move || {
                list.change(|view| {
                    let wanted = |other: &Column| if *other == column { !on } else { view.columns.contains(other) };
                    view.columns = Column::ALL.into_iter().filter(wanted).collect();
                });
            });
            item.unless((column == Column::Title).then(|| "it always stands".to_owned()))
        };
        let sort = Item::new("Usual order", move || list.change(|view| view.sort = Default::default()));
        Column::ALL.into_iter().map(item).chain([sort]).collect::<Vec<_>>()
    });
    view! { <div class="desk-only"><Menu label="Columns" words="Columns" class="button" items /></div> }
}

/// The same orders as the heads of the columns give, for a phone, which has none.
pub fn sort_menu(list: List) -> AnyView {
    let items = Callback::new(move |()| {
        let now = list.view.with_untracked(|view| view.sort);
        let usual = Item::new(format!("{}Usual order", if now.by.is_none() { "✓ " } else { "" }), move || list.change(|view| view.sort = Default::default()))
            .with_note("open, then the worst, then the newest");
        let item = |column: Column| {
            let (mark, note) = match now {
                sort if sort.by != Some(column) => ("", None),
                sort if sort.reverse => ("✓ ↑ ", Some("tap for the usual order")),
                _ => ("✓ ↓ ", Some("tap to turn it round")),
            };
            let item = Item::new(format!("{mark}{}", column.label()), move || list.sort(column));
            match note {
                Some(note) => item.with_note(note),
                None => item,
            }
        };
        [usual].into_iter().chain(Column::ALL.into_iter().filter(|column| column.is_sortable()).map(item)).collect::<Vec<_>>()
    });
    view! { <div class="phone-only list-sort"><Menu label="Sort" words="Sort" class="button" items /></div> }
}

/// The views that everybody has, then one's own, then a way to keep this one.
pub fn views(list: List) -> AnyView {
    let kept = RwSignal::new(Vec::<SavedView>::new());
    let naming = RwSignal::new(None::<String>);
    spawn_local(async move {
        // The list itself comes first.
        browser::breathe().await;
        // Without an answer the views that everybody has still stand.
        if let Ok(views) = api::lists::views().await {
            let _ = kept.try_set(views);
        }
    });
    let current = Memo::new(move |_| list.view.with(View::query));
    let link = move |view: SavedView, own: bool| {
        let query = view.query.clone();
        let is_current = move || current.with(|current| *current == query).then_some("page");
        let path = if view.query.is_empty() { Route::Incidents.path() } else { format!("{}?{}", Route::Incidents.path(), view.query) };
        let name = view.name.clone();
        let forget = own.then(|| {
            let gone = name.clone();
            view! {
                <button
                    type="button"
                    class="tag__remove"
                    aria-label=format!("Forget the view {name}")
                    on:click=move |_| {
                        let gone = gone.clone();
                        spawn_local(async move {
                            match api::lists::forget_view(gone).await {
                                Ok(views) => drop(kept.try_set(views)),
                                Err(failure) => list.session.toasts.refused("Forget the view", &failure),
                            }
                        });
                    }
                >
                    <Icon glyph=Glyph::Cross />
                </button>
            }
        });
        view! { <li class="views__item"><a class="views__link" href=path aria-current=is_current>{view.name}</a>{forget}</li> }
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (name, query) = (naming.get_untracked().unwrap_or_default(), current.get_untracked());
        spawn_local(async move {
            match api::lists::save_view(name, query).await {
                Ok(views) => {
                    let _ = kept.try_set(views);
                    let _ = naming.try_set(None);
                }
                Err(failure) => list.session.toasts.refused("Save the view", &failure),
            }
        });
    };
    let saving = move || match naming.with(Option::is_some) {
        false => view! { <button type="button" class="link-button" on:click=move |_| naming.set(Some(String::new()))>"Save view"</button> },
        true => view! {
            <form class="views__save" on:submit=save>
                <input class="input" data-size="small" aria-label="Name of the view" placeholder="Name" required autofocus on:input=move |event| naming.set(Some(event_target_value(&event))) />
                <button type="submit" class="button" data-size="small">"Save"</button>
                <button type="button" class="link-button" on:click=move |_| naming.set(None)>"Not now"</button>
            </form>
        },
    };
    view! {
        <nav class="views" aria-label="Views">
            <ul class="views__list">
                {SavedView::built_in().into_iter().map(|view| link(view, false)).collect_view()}
                {move || kept.get().into_iter().map(|view| link(view, true)).collect_view()}
            </ul>
            {move || saving()}
        </nav>
    }
}

pub fn chips(list: List) -> AnyView {
    let chip = move |(field, not, values): (Field, bool, Vec<String>)| {
        let words = values.iter().map(|value| Term::new(field.clone(), not, value.clone()).words()).collect::<Vec<_>>().join(", ");
        let name = format!("{}{} {words}", field.label(), if not { " not" } else { "" });
        let label = field.label();
        let remove = move |_| {
            let field = field.clone();
            list.change(|view| view.filter.terms.retain(|term| term.field != field || term.not != not));
        };
        view! {
            <li class="filter-chip">
                <span class="muted">{label}</span>
                {not.then(|| view! { <b>"not"</b> })}
                <span class="filter-chip__words">{words}</span>
                <button type="button" class="tag__remove" aria-label=format!("Take away: {name}") on:click=remove>
                    <Icon glyph=Glyph::Cross />
                </button>
            </li>
        }
    };
    let chips = Memo::new(move |_| list.view.with(|view| view.filter.chips()));
    view! {
        <ul class="filter-chips" aria-label="Filters">
            {move || chips.get().into_iter().map(chip).collect_view()}
            <li>
                <button type="button" class="filter-chip" data-add="true" on:click=move |_| list.filtering.set(true)>
                    <Icon glyph=Glyph::Plus />
                    "Filter"
                </button>
            </li>
        </ul>
    }
}

/// The form for another filter: what, whether it is or is not, and which values.
pub fn dialog(list: List) -> AnyView {
    (move || list.filtering.get().then(|| form(list))).into_any()
}

/// The fields as the form lists them; labels come as one, with their names.
const FIELDS: [(&str, &str); 8] = [
    ("state", "State"),
    ("severity", "Severity"),
    ("service", "Service"),
    ("lead", "Who has it"),
    ("label", "Label"),
    ("kind", "Kind"),
    ("started", "Started"),
    ("alerts", "Alerts, at least"),
];

fn form(list: List) -> AnyView {
    let close = move || list.filtering.set(false);
    let (field, not) = (RwSignal::new("state".to_owned()), RwSignal::new(false));
    let (chosen, typed, from, to) =
        (RwSignal::new(Vec::<String>::new()), RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let refused = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        field.track();
        chosen.set(vec![]);
        typed.set(String::new());
        refused.set(None);
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let field = field.get_untracked();
        let mut values = chosen.get_untracked();
        values.extend(Some(typed.get_untracked().trim().to_owned()).filter(|typed| !typed.is_empty()));
        if field == "started" {
            values = vec![format!("{}..{}", from.get_untracked(), to.get_untracked())];
        }
        let now = list.session.live.now();
        let term = |value: String| {
            let (key, value) = match (field.as_str(), value.split_once('=')) {
                ("label", Some((name, value))) => (format!("label.{}", name.trim()), value.trim().to_owned()),
                _ => (field.clone(), value),
            };
            let term = Term::new(Field::from_key(&key)?, not.get_untracked(), value);
            (term.test(now).is_some() && term.value != "..").then_some(term)
        };
        let terms: Option<Vec<Term>> = values.into_iter().map(term).collect();
        match terms.filter(|terms| !terms.is_empty()) {
            Some(terms) => {
                close();
                list.change(|view| {
                    for term in terms {
                        if !view.filter.terms.contains(&term) {
                            view.filter.terms.push(term);
                        }
                    }
                });
            }
            None => refused.set(Some("Choose or write what it is to be.".to_owned())),
        }
    };
    let lens = vec![Signal::stored("is".to_owned()), Signal::stored("is not".to_owned())];
    let values = move || field.with(|field| values(list, field));
    let fields = FIELDS.map(|(key, words)| (key.to_owned(), words.to_owned())).to_vec();
    let checkbox = move |(value, words): (String, String)| {
        let known = value.clone();
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || chosen.with(|chosen| chosen.contains(&known))
                    on:change=move |_| {
                        chosen
                            .update(|chosen| match chosen.iter().position(|one| *one == value) {
                                Some(at) => drop(chosen.remove(at)),
                                None => chosen.push(value.clone()),
                            })
                    }
                />
                {words}
            </label>
        }
    };
    let inputs = move || {
        let options = values();
        match field.get().as_str() {
            "started" => view! {
                <div class="form__columns">
                    <TextField id="filter-from" kind="date" label="From, UTC" value=from />
                    <TextField id="filter-to" kind="date" label="Before, UTC" value=to />
                </div>
            },
            "alerts" => view! { <TextField id="filter-value" kind="number" label="So many" value=typed /> },
            _ if options.len() <= 12 => view! { <div class="form__checks">{options.into_iter().map(checkbox).collect_view()}</div> },
            other => {
                let hint = if other == "label" { "As name=value." } else { "" };
                view! {
                    <TextField id="filter-value" label="Which" hint list="filter-values" value=typed />
                    <datalist id="filter-values">
                        {options.into_iter().map(|(value, words)| view! { <option value=value>{words}</option> }).collect_view()}
                    </datalist>
                }
            }
        }
    };
    view! {
        <Dialog title="Filter" on_close=move |()| close()>
            <form class="form" on:submit=submit>
                <SelectField id="filter-field" label="What" options=fields value=field />
                <Lens label="Is or is not" options=lens chosen=Signal::derive(move || usize::from(not.get())) choose=move |at| not.set(at == 1) />
                {move || inputs()}
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">"Filter"</button>
                </div>
            </form>
        </Dialog>
    }
}

/// The values that a field can have, as far as the rows show any.
fn values(list: List, field: &str) -> Vec<(String, String)> {
    let pair = |value: &str, words: &str| (value.to_owned(), words.to_owned());
    let found = |read: &dyn Fn(&crate::domain::lists::IncidentRow, &mut BTreeSet<String>)| {
        let mut found = BTreeSet::new();
        list.roll.with(|rows| rows.iter().for_each(|row| read(row, &mut found)));
        found.into_iter().map(|value| (value.clone(), value)).collect::<Vec<_>>()
    };
    match field {
        "state" => [pair("open", "open")].into_iter().chain(State::ALL.map(|state| (state.slug().to_owned(), state.label().to_lowercase()))).collect(),
        "severity" => Severity::ALL
            .map(|severity| pair(severity.label(), severity.label()))
            .into_iter()
            .chain([pair(MAJOR, "major"), pair("unsure", "not sure")])
            .collect(),
        "kind" => Kind::ALL.map(|kind| pair(kind.slug(), kind.slug())).to_vec(),
        "service" => found(&|row, found| found.extend(row.services.iter().map(|service| service.to_string()))),
        "label" => found(&|row, found| found.extend(row.labels.iter().map(|(name, value)| format!("{name}={value}")))),
        "lead" => {
            let now = list.session.live.now();
            let names = found(&|row, found| found.extend(row.who_has_it(now).map(|who| who.to_string())));
            [pair("@me", "me"), pair("@nobody", "nobody")].into_iter().chain(names).collect()
        }
        _ => vec![],
    }
}
