//! Oneself: name, password, theme, signing out.

use crate::{
    api::session::{change_password, rename},
    ui::{
        app::THEME_KEY,
        browser,
        components::{
            choice::Lens,
            field::{FormError, TextField},
            toast_list::sentence,
        },
        drawing::view,
        session::{THEMES, session},
    },
};
use leptos::{prelude::*, task::spawn_local};

#[component]
pub fn Profile() -> impl IntoView {
    let session = session();
    let Some(me) = untrack(|| session.replica.me()) else { return ().into_any() };
    let name = RwSignal::new(me.name.clone());
    let name_refused = RwSignal::new(None::<String>);
    let set_name = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            match rename(name.get_untracked()).await {
                Ok(me) => {
                    name_refused.set(None);
                    session.replica.set_me(me);
                    session.toasts.say("Your name is changed. Earlier entries keep the one they were written under.");
                }
                Err(failure) => name_refused.set(Some(sentence(&failure.words))),
            }
        });
    };
    let (old, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let password_refused = RwSignal::new(None::<String>);
    let set_password = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            match change_password(old.get_untracked(), new.get_untracked()).await {
                Ok(()) => {
                    password_refused.set(None);
                    old.set(String::new());
                    new.set(String::new());
                    session.toasts.say("Your password is changed. Every other session of yours has ended.");
                }
                Err(failure) => password_refused.set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default()))),
            }
        });
    };
    let kept = browser::load(THEME_KEY).unwrap_or_default();
    let theme = RwSignal::new(THEMES.iter().position(|(slug, _)| *slug == kept).unwrap_or(0));
    let choose = move |at: usize| {
        let Some((slug, _)) = THEMES.get(at) else { return };
        theme.set(at);
        session.choose_theme(slug);
    };
    let themes = THEMES.iter().map(|(_, words)| Signal::derive(move || (*words).to_owned())).collect();
    view! {
        <section class="profile" aria-labelledby="profile-title">
            <div class="settings__head">
                <h2 id="profile-title">"My profile"</h2>
                <span class="muted">{format!("{}, {}", me.login, me.role.slug())}</span>
            </div>
            <form class="panel form" on:submit=set_name aria-label="Name">
                <TextField id="my-name" label="Name" hint="It stands in the record of what you do." value=name required=true />
                <FormError words=name_refused />
                <div class="form__foot"><button type="submit" class="button">"Change name"</button></div>
            </form>
            <form class="panel form" on:submit=set_password aria-label="Password">
                <TextField id="old-password" label="Password now" kind="password" value=old autocomplete="current-password" required=true />
                <TextField id="new-password" label="New password" kind="password" hint="At least 10 characters." value=new autocomplete="new-password" required=true />
                <FormError words=password_refused />
                <div class="form__foot"><button type="submit" class="button">"Change password"</button></div>
            </form>
            <div class="panel form">
                <p class="field__label">"Theme"</p>
                <Lens label="Theme" options=themes chosen=theme choose />
            </div>
            <p><button type="button" class="button" on:click=move |_| session.leave()>"Sign out"</button></p>
        </section>
    }
}
