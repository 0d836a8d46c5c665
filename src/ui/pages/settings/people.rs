//! People with accounts: for admins.

use super::copier;
use crate::{
    api::people,
    domain::{
        accounts::{Person, ShownOnce},
        failure::Failure,
        people::Role,
    },
    ui::{
        components::{
            field::{FormError, SelectField, TextField},
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            once::Once,
            relative_time::RelativeTime,
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// The roles, with what each may do.
pub fn roles() -> Vec<(String, String)> {
    let what = |role| match role {
        Role::Viewer => "reads",
        Role::Responder => "works on incidents",
        Role::Commander => "leads any incident",
        Role::Admin => "manages people, keys and integrations",
    };
    Role::ALL.map(|role| (role.slug().to_owned(), format!("{}: {}", role.slug(), what(role)))).to_vec()
}

#[derive(Clone, Copy)]
struct Page {
    load: RwSignal<Load<Vec<Person>>>,
    /// A password that is shown this once.
    once: RwSignal<Option<ShownOnce<Person>>>,
    creating: RwSignal<bool>,
}

impl Page {
    fn fetch(self) {
        spawn_local(async move { self.load.set(Load::from_answer(people::list().await)) });
    }

    fn put(self, person: Person) {
        self.load.update(|load| {
            let Load::Ready(people) = load else { return };
            match people.iter_mut().find(|known| known.id == person.id) {
                Some(known) => *known = person,
                None => people.push(person),
            }
        });
    }
}

#[component]
pub fn People() -> impl IntoView {
    let copy = copier(session());
    let page = Page { load: RwSignal::new(Load::Loading), once: RwSignal::new(None), creating: RwSignal::new(false) };
    page.fetch();
    let once = move || {
        page.once.get().map(|made| {
            view! {
                <Once
                    title=format!("A password for {}", made.item.name)
                    words=format!("Their login is {}. The password is shown this once; they change it in their profile.", made.item.login)
                    label="Password"
                    secret=made.token.clone()
                    copy
                    done=move |()| page.once.set(None)
                />
            }
        })
    };
    let list = move || match page.load.get() {
        Load::Loading => view! { <Loading what="the people" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| page.fetch() /> },
        Load::Ready(people) => view! { <ul class="cards">{people.into_iter().map(|person| view! { <Card page person /> }).collect_view()}</ul> },
    };
    view! {
        <section aria-labelledby="people-title">
            <div class="settings__head">
                <h2 id="people-title">"People"</h2>
                {move || {
                    (!page.creating.get())
                        .then(|| {
                            view! {
                                <button type="button" class="button" data-tone="accent" on:click=move |_| page.creating.set(true)>
                                    <Icon glyph=Glyph::Plus />
                                    "New account"
                                </button>
                            }
                        })
                }}
            </div>
            {move || page.creating.get().then(|| view! { <Create page /> })}
            {move || once()}
            {move || list()}
        </section>
    }
}

#[component]
fn Create(page: Page) -> impl IntoView {
    let (name, login) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let role = RwSignal::new(Role::Responder.slug().to_owned());
    let refused = RwSignal::new(None::<String>);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(role) = Role::from_slug(&role.get_untracked()) else { return };
        spawn_local(async move {
            match people::create(name.get_untracked(), login.get_untracked(), role).await {
                Ok(made) => {
                    page.put(made.item.clone());
                    page.once.set(Some(made));
                    page.creating.set(false);
                }
                Err(failure) => refused.set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default()))),
            }
        });
    };
    view! {
        <form class="panel form" on:submit=send aria-label="New account">
            <div class="form__columns">
                <TextField id="person-name" label="Name" hint="As colleagues call them; it stands in the record." value=name required=true />
                <TextField id="person-login" label="Login" value=login required=true />
                <SelectField id="person-role" label="Role" options=roles() value=role />
            </div>
            <FormError words=refused />
            <div class="form__foot">
                <button type="button" class="button" on:click=move |_| page.creating.set(false)>"Not now"</button>
                <button type="submit" class="button" data-tone="accent">"Make the account"</button>
            </div>
        </form>
    }
}

#[component]
fn Card(page: Page, person: Person) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let (id, disabled) = (person.id, person.disabled);
    let took = move |answer: Result<Person, Failure>| match answer {
        Ok(person) => page.put(person),
        Err(failure) => {
            session.toasts.refused("People", &failure);
            // The list goes back to what the server holds.
            page.fetch();
        }
    };
    let role = RwSignal::new(person.role.slug().to_owned());
    let before = person.role;
    Effect::new(move |_| {
        let wanted = role.with(|role| Role::from_slug(role));
        if let Some(wanted) = wanted.filter(|wanted| *wanted != before) {
            spawn_local(async move { took(people::set_role(id, wanted).await) });
        }
    });
    let switch = move |_| spawn_local(async move { took(people::set_disabled(id, !disabled).await) });
    let reset = move |_| {
        spawn_local(async move {
            match people::reset_password(id).await {
                Ok(made) => page.once.set(Some(made)),
                Err(failure) => session.toasts.refused("People", &failure),
            }
        });
    };
    let seen = match person.seen_at {
        Some(at) => view! { "seen " <RelativeTime at now /> },
        None => "never signed in".into_any(),
    };
    let is_me = untrack(|| session.replica.me()).is_some_and(|me| me.id == id);
    let options = Role::ALL.map(|role| (role.slug().to_owned(), role.slug().to_owned())).to_vec();
    view! {
        <li class="panel card" data-disabled=disabled.then_some("true")>
            <div class="card__head">
                <div class="card__words">
                    <h3>{person.name.clone()} {is_me.then_some(" (you)")}</h3>
                    <p class="muted">{person.login.clone()} " · " {seen} {person.demo.then_some(" · demo")} {disabled.then_some(" · switched off")}</p>
                </div>
                <div class="card__actions">
                    <label class="inline-field">
                        <span class="visually-hidden">{format!("Role of {}", person.name)}</span>
                        <RoleSelect options value=role />
                    </label>
                    <button type="button" class="button" data-size="small" on:click=reset>"New password"</button>
                    <button type="button" class="button" data-size="small" disabled=is_me title=is_me.then_some("nobody switches themselves off") on:click=switch>
                        {if disabled { "Switch on" } else { "Switch off" }}
                    </button>
                </div>
            </div>
        </li>
    }
}

#[component]
fn RoleSelect(options: Vec<(String, String)>, value: RwSignal<String>) -> impl IntoView {
    let option = move |(slug, words): (String, String)| {
        let is_chosen = value.with_untracked(|value| *value == slug);
        view! { <option value=slug selected=is_chosen>{words}</option> }
    };
    view! {
        <select class="input" data-size="small" on:change=move |event| value.set(event_target_value(&event))>
            {options.into_iter().map(option).collect_view()}
        </select>
    }
}
