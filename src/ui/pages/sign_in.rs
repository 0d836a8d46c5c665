//! Signing in, wherever somebody was going: the address stays, and the page opens afterwards.

use crate::{
    api::session::{demo_sign_in, doorstep, sign_in},
    domain::{
        accounts::{Doorstep, Me, Person},
        failure::Failure,
        people::Role,
    },
    ui::{
        browser,
        components::{
            field::{FormError, TextField},
            icon::{Glyph, Icon},
            loaded::Load,
            toast_list::sentence,
        },
        drawing::view,
        pages,
        panels::plain,
        routes::Route,
        session::{Session, session},
    },
};
use leptos::{prelude::*, task::spawn_local};

/// Where to go once signed in: `?next=` of the sign-in page, else the page that was asked for.
fn next_page() -> Option<String> {
    let address = session().address;
    if address.path.with_untracked(|path| Route::parse(path)) != Some(Route::SignIn) {
        return None;
    }
    let next = address.query.with_untracked(|query| query.get("next").map(str::to_owned));
    // Only a path of our own: "//elsewhere" would be another server.
    Some(next.filter(|next| next.starts_with('/') && !next.starts_with("//")).unwrap_or_else(|| Route::Board.path()))
}

/// Somebody who is signed in already has nothing to do here.
#[component]
pub fn GoOn() -> impl IntoView {
    let (address, next) = (session().address, next_page());
    Effect::new(move |_| {
        if let Some(next) = &next {
            address.replace(next);
        }
    });
}

#[component]
pub fn SignIn() -> impl IntoView {
    browser::set_title("Sign in · Tocsin");
    let session = session();
    let (login, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let refused = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let came = session.door.try_update_value(Option::take).flatten();
    let door = RwSignal::new(came.map_or(Load::<Doorstep>::Loading, Load::Ready));
    if !session.is_still() && door.with_untracked(|door| *door == Load::Loading) {
        spawn_local(async move { door.set(Load::from_answer(doorstep().await)) });
    }

    let next = next_page();
    let enter = StoredValue::new_local(move |session: Session, role: Role| {
        let there = next.clone().unwrap_or_else(|| session.address.path.get_untracked());
        // Whoever works begins with what waits for them, whoever reads with how things stand.
        if role == Role::Viewer && there == Route::Board.path() {
            session.address.replace(&Route::Executive.path());
        } else if let Some(next) = &next {
            session.address.replace(next);
        }
        session.enter();
    });
    let ended = move |answer: Result<Me, Failure>| {
        busy.set(false);
        match answer {
            Ok(me) => enter.with_value(|enter| enter(session, me.role)),
            Err(failure) => refused.set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default()))),
        }
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        refused.set(None);
        spawn_local(async move {
            let answer = sign_in(login.get_untracked(), password.get_untracked()).await;
            ended(answer);
        });
    };
    let as_demo = move |person: Person| {
        let words = person.name.clone();
        let role = person.role.slug();
        let go = move |_| {
            busy.set(true);
            refused.set(None);
            spawn_local(async move { ended(demo_sign_in(person.id).await) });
        };
        view! {
            <button type="submit" class="button demo-person" name="person" value=person.id.to_string() disabled=move || busy.get() on:click=go>
                <b>{words}</b>
                <span class="muted">{role}</span>
            </button>
        }
    };
    let demo = move || match door.get() {
        Load::Ready(door) if !door.demo_people.is_empty() => Some(view! {
            <section class="doorstep__demo" aria-labelledby="demo-title">
                <h2 id="demo-title">"This is a demo"</h2>
                <p class="muted">"Its people are made up and need no password. Nothing here is real."</p>
                <form class="demo-people" method="post" action="/sign-in/demo" on:submit=|event| event.prevent_default()>
                    {plain::keys()} {door.demo_people.into_iter().map(as_demo).collect_view()}
                </form>
            </section>
        }),
        Load::Ready(door) if door.needs_first_admin => Some(view! {
            <p class="doorstep__note">"Nobody has an account yet. The server's first start has printed a one-time link that makes the first admin."</p>
        }),
        Load::Ready(_) | Load::Loading => None,
        Load::Failed(failure) => Some(view! { <p class="form-error" role="alert">{sentence(&failure.words)} " " {failure.next}</p> }),
    };
    view! {
        <main class="doorstep" id="main" tabindex="-1">
            <p class="doorstep__brand"><Icon glyph=Glyph::Bell /> "Tocsin"</p>
            <h1>"Sign in"</h1>
            {session.is_still().then(|| pages::notice())}
            {move || demo()}
            <form class="form" method="post" action="/sign-in" on:submit=submit>
                {plain::keys()}
                <TextField id="login" label="Login" value=login autocomplete="username" required=true autofocus=true />
                <TextField id="password" label="Password" kind="password" value=password autocomplete="current-password" required=true />
                <FormError words=refused />
                <button type="submit" class="button" data-tone="accent" data-size="large" disabled=move || busy.get()>
                    {move || if busy.get() { "Signing in…" } else { "Sign in" }}
                </button>
            </form>
        </main>
    }
}
