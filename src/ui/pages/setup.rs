//! The first admin: opened once, with the key that the server's first start has printed.

use crate::{
    api::session::first_admin,
    ui::{
        browser,
        components::{
            field::{FormError, TextField},
            icon::{Glyph, Icon},
            toast_list::sentence,
        },
        drawing::view,
        panels::plain,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

#[component]
pub fn Setup() -> impl IntoView {
    browser::set_title("First admin · Tocsin");
    let session = session();
    let key = session.address.query.with_untracked(|query| query.get("key").map(str::to_owned)).unwrap_or_default();
    let (has_key, said_key) = (!key.is_empty(), key.clone());
    let (name, login, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let refused = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let key = key.clone();
        busy.set(true);
        spawn_local(async move {
            let answer = first_admin(key, name.get_untracked(), login.get_untracked(), password.get_untracked()).await;
            busy.set(false);
            match answer {
                Ok(_) => {
                    // The key is spent; it leaves the address, too.
                    session.address.replace(&Route::Board.path());
                    session.enter();
                }
                Err(failure) => refused.set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default()))),
            }
        });
    };
    view! {
        <main class="doorstep" id="main" tabindex="-1">
            <p class="doorstep__brand"><Icon glyph=Glyph::Bell /> "Tocsin"</p>
            <h1>"Make the first account"</h1>
            <p class="muted">"It manages people, keys and integrations. Everybody else gets their account from it."</p>
            {(!has_key).then(|| view! { <p class="form-error" role="alert">"This page needs the whole link that the server's first start has printed."</p> })}
            <form class="form" method="post" action="/setup" on:submit=submit>
                {plain::keys()} <input type="hidden" name="key" value=said_key />
                <TextField id="name" label="Your name" hint="As colleagues call you; it stands in the record." value=name autocomplete="name" required=true autofocus=true />
                <TextField id="login" label="Login" value=login autocomplete="username" required=true />
                <TextField id="password" label="Password" kind="password" hint="At least 10 characters." value=password autocomplete="new-password" required=true />
                <FormError words=refused />
                <button type="submit" class="button" data-tone="accent" data-size="large" disabled=move || busy.get() || !has_key>"Make the account"</button>
            </form>
        </main>
    }
}
