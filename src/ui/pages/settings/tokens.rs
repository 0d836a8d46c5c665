//! API tokens: the keys of programs and wall screens.

use super::{copier, people::roles, rate};
use crate::{
    api::tokens,
    domain::{
        accounts::{ShownOnce, Token},
        ids::TokenId,
        people::Role,
    },
    ui::{
        components::{
            empty::EmptyState,
            field::{FormError, SelectField, TextField},
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            once::Once,
            relative_time::RelativeTime,
            sure::Sure,
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

#[derive(Clone, Copy)]
struct Page {
    load: RwSignal<Load<Vec<Token>>>,
    once: RwSignal<Option<ShownOnce<Token>>>,
    creating: RwSignal<bool>,
}

impl Page {
    fn fetch(self) {
        spawn_local(async move { self.load.set(Load::from_answer(tokens::list().await)) });
    }
}

#[component]
pub fn Tokens() -> impl IntoView {
    let copy = copier(session());
    let page = Page { load: RwSignal::new(Load::Loading), once: RwSignal::new(None), creating: RwSignal::new(false) };
    page.fetch();
    let once = move || {
        page.once.get().map(|made| {
            view! {
                <Once
                    title=format!("{} is ready", made.item.name)
                    words="The token is shown this once. Send it as “Authorization: Bearer …”."
                    label="Token"
                    secret=made.token.clone()
                    copy
                    done=move |()| page.once.set(None)
                />
            }
        })
    };
    let list = move || match page.load.get() {
        Load::Loading => view! { <Loading what="the tokens" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| page.fetch() /> },
        Load::Ready(tokens) if tokens.is_empty() => {
            view! { <EmptyState title="No program has a token yet" words="A token lets a script, a wall screen or another system read and write by REST, with a role of its own." /> }
        }
        Load::Ready(tokens) => view! { <ul class="cards">{tokens.into_iter().map(|token| view! { <Card page token /> }).collect_view()}</ul> },
    };
    view! {
        <section aria-labelledby="tokens-title">
            <div class="settings__head">
                <h2 id="tokens-title">"API tokens"</h2>
                {move || {
                    (!page.creating.get())
                        .then(|| {
                            view! {
                                <button type="button" class="button" data-tone="accent" on:click=move |_| page.creating.set(true)>
                                    <Icon glyph=Glyph::Plus />
                                    "New token"
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
    let name = RwSignal::new(String::new());
    let role = RwSignal::new(Role::Viewer.slug().to_owned());
    let refused = RwSignal::new(None::<String>);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(role) = Role::from_slug(&role.get_untracked()) else { return };
        spawn_local(async move {
            match tokens::create(name.get_untracked(), role).await {
                Ok(made) => {
                    page.load.update(|load| {
                        if let Load::Ready(tokens) = load {
                            tokens.push(made.item.clone());
                        }
                    });
                    page.once.set(Some(made));
                    page.creating.set(false);
                }
                Err(failure) => refused.set(Some(format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default()))),
            }
        });
    };
    view! {
        <form class="panel form" on:submit=send aria-label="New token">
            <div class="form__columns">
                <TextField id="token-name" label="Name" hint="Which program uses it." value=name required=true />
                <SelectField id="token-role" label="Role" options=roles() value=role />
            </div>
            <FormError words=refused />
            <div class="form__foot">
                <button type="button" class="button" on:click=move |_| page.creating.set(false)>"Not now"</button>
                <button type="submit" class="button" data-tone="accent">"Make the token"</button>
            </div>
        </form>
    }
}

#[component]
fn Card(page: Page, token: Token) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let id: TokenId = token.id;
    let revoke = move |()| {
        spawn_local(async move {
            match tokens::revoke(id).await {
                Ok(()) => page.load.update(|load| {
                    if let Load::Ready(tokens) = load {
                        tokens.retain(|token| token.id != id);
                    }
                }),
                Err(failure) => session.toasts.refused("Tokens", &failure),
            }
        });
    };
    let used = match token.last_used_at {
        Some(at) => view! { "last used " <RelativeTime at now /> },
        None => "never used".into_any(),
    };
    view! {
        <li class="panel card">
            <div class="card__head">
                <div class="card__words">
                    <h3>{token.name.clone()}</h3>
                    <p class="muted">{token.role.slug()} " · made " <RelativeTime at=token.created_at now /> " · " {used}</p>
                    <p class="muted">{rate::words(&token.rate)} {rate::limited(&token.rate, now)}</p>
                </div>
                <div class="card__actions">
                    // A revoked token cannot come back.
                    <Sure
                        words="Revoke"
                        asks="Whatever uses this token is shut out at once, and the token cannot be brought back."
                        yes="Really revoke: it stops at once"
                        act=revoke
                    />
                </div>
            </div>
        </li>
    }
}
