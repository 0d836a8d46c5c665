//! What opens an integration's door: its token, the one before it, and its signing secrets.

use super::{copier, integration::One};
use crate::{
    api::integrations,
    domain::{
        accounts::ShownOnce,
        failure::Failure,
        integration::{Integration, NewToken, SecretMark},
    },
    ui::{
        components::{
            field::{FormError, SelectField, TextField},
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

/// How long a replaced token may go on opening, in hours; 0 is until somebody removes it.
const STAYS_FOR_HOURS: [(i64, &str); 4] = [(0, "until somebody removes it"), (1, "for one hour"), (24, "for one day"), (168, "for one week")];

fn told(failure: Failure) -> String {
    format!("{} {}", sentence(&failure.words), failure.next.unwrap_or_default())
}

/// The token, and its replacement while the sender still uses the old one.
#[component]
pub fn TokenOf(one: One) -> impl IntoView {
    let session = session();
    let copy = copier(session);
    let made = RwSignal::new(None::<ShownOnce<Integration>>);
    let previous = Memo::new(move |_| one.integration.with(|integration| integration.previous_token));
    let once = move || {
        made.get().map(|made_now| {
            view! {
                <Once
                    title="The new key"
                    words="It is shown this once; it is kept as a hash. Give it to the sender."
                    label="New key"
                    secret=made_now.token
                    copy
                    done=move |()| made.set(None)
                />
            }
        })
    };
    let remove = move |()| spawn_local(async move { one.took(integrations::remove_previous_token(one.id).await) });
    let state = move || match previous.get() {
        None => view! { <ReplaceToken one made /> },
        Some(previous) => {
            let until = match previous.valid_until {
                Some(at) => format!("until {}", session.zone.get().clock(at, session.live.now())),
                None => "until somebody removes it".to_owned(),
            };
            view! {
                <p>{format!("Two keys open its door: the present one, and the one before {until}. Remove the old one once its sender uses the new one.")}</p>
                <Sure
                    words="Remove the old key now"
                    asks="A sender that still uses the old key is refused from then on, and what it reports is lost."
                    yes="Yes, remove it"
                    disabled=one.may_not_change()
                    act=remove
                />
            }
        }
    };
    view! {
        <section class="panel part" aria-labelledby="token-title">
            <h3 id="token-title">"Key"</h3>
            {state}
            {once}
        </section>
    }
}

#[component]
fn ReplaceToken(one: One, made: RwSignal<Option<ShownOnce<Integration>>>) -> impl IntoView {
    let live = session().live;
    let (replacing, refused, busy) = (RwSignal::new(false), RwSignal::new(None::<String>), RwSignal::new(false));
    let (own, stays) = (RwSignal::new(String::new()), RwSignal::new("24".to_owned()));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let hours = stays.get_untracked().parse::<i64>().ok().filter(|hours| *hours > 0);
        let draft = NewToken {
            token: Some(own.get_untracked().trim().to_owned()).filter(|token| !token.is_empty()),
            previous_valid_until: hours.map(|hours| live.now().plus_secs(hours * 3600)),
        };
        busy.set(true);
        spawn_local(async move {
            let answer = integrations::replace_token(one.id, draft).await;
            busy.set(false);
            match answer {
                Ok(answer) => {
                    made.set(Some(answer.clone()));
                    one.integration.set(answer.item);
                }
                Err(failure) => refused.set(Some(told(failure))),
            }
        });
    };
    let form = move || {
        if !replacing.get() {
            return view! {
                <button type="button" class="button" data-size="small" disabled=move || one.refusal.with(Option::is_some) on:click=move |_| replacing.set(true)>
                    "Replace the key"
                </button>
            };
        }
        let options = STAYS_FOR_HOURS.map(|(hours, words)| (hours.to_string(), words.to_owned())).to_vec();
        view! {
            <form class="form" on:submit=send aria-label="Replace the key">
                <div class="form__columns">
                    <SelectField id="old-key-stays" label="The old key goes on opening" options value=stays />
                    <TextField id="own-new-key" label="A key of your own" hint="At least 16 characters; empty makes one." value=own />
                </div>
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| replacing.set(false)>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent" disabled=move || busy.get()>"Replace it"</button>
                </div>
            </form>
        }
    };
    view! {
        <p class="muted">"One key opens its door; it is kept as a hash. Replaced, the old one goes on opening for as long as you choose, so that the sender misses nothing."</p>
        {form}
    }
}

/// The secrets that signatures are checked with.
#[component]
pub fn Secrets(one: One) -> impl IntoView {
    let copy = copier(session());
    let made = RwSignal::new(None::<ShownOnce<Integration>>);
    let (adding, refused) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let own = RwSignal::new(String::new());
    let secrets = Memo::new(move |_| one.integration.with(|integration| integration.secrets.clone()));
    let list = move || {
        let secrets = secrets.get();
        let last = secrets.len() == 1;
        secrets.into_iter().map(|secret| view! { <SecretRow one secret last /> }).collect_view()
    };
    let words = move || match secrets.with(Vec::len) {
        0 => "Without a secret no signature is asked for. With at least one, every delivery has to be signed with it.",
        1 => "Every delivery has to be signed with this secret. To change it, add the new one first: while both are valid, a signature with either opens.",
        _ => "All of these are valid: a signature with any one of them opens. Once the sender signs with the new one, remove the old one.",
    };
    let make = move |()| {
        spawn_local(async move {
            match integrations::make_secret(one.id).await {
                Ok(answer) => {
                    made.set(Some(answer.clone()));
                    one.integration.set(answer.item);
                }
                Err(failure) => one.toasts.refused("Integration", &failure),
            }
        });
    };
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            match integrations::change_secrets(one.id, vec![own.get_untracked().trim().to_owned()], vec![]).await {
                Ok(integration) => {
                    adding.set(false);
                    refused.set(None);
                    own.set(String::new());
                    one.integration.set(integration);
                }
                Err(failure) => refused.set(Some(told(failure))),
            }
        });
    };
    // The first secret shuts out whoever does not sign yet.
    let buttons = move || {
        let own_button = view! {
            <button type="button" class="button" data-size="small" disabled=move || one.refusal.with(Option::is_some) on:click=move |_| adding.set(true)>
                "Add one that the sender has"
            </button>
        };
        let make_button = if secrets.with(Vec::is_empty) {
            view! {
                <Sure
                    words="Make a secret"
                    asks="From then on unsigned deliveries are refused: until its sender signs with the new secret, nothing it reports arrives."
                    yes="Yes, ask for signatures"
                    disabled=one.may_not_change()
                    act=make
                />
            }
        } else {
            view! {
                <button type="button" class="button" data-size="small" disabled=move || one.refusal.with(Option::is_some) on:click=move |_| make(())>
                    "Make another secret"
                </button>
            }
        };
        view! { <div class="part__actions">{make_button} {own_button}</div> }
    };
    let form = move || {
        adding.get().then(|| {
            view! {
                <form class="form" on:submit=add aria-label="Add a secret">
                    <TextField
                        id="own-secret"
                        label="The sender's secret"
                        hint="At least 16 characters. It is valid at once; from the first secret on, unsigned deliveries are refused."
                        value=own
                        kind="password"
                        required=true
                    />
                    <FormError words=refused />
                    <div class="form__foot">
                        <button type="button" class="button" on:click=move |_| adding.set(false)>"Not now"</button>
                        <button type="submit" class="button" data-tone="accent">"Add it"</button>
                    </div>
                </form>
            }
        })
    };
    let once = move || {
        made.get().map(|made_now| {
            view! {
                <Once
                    title="The new signing secret"
                    words="It is shown this once, and valid from now on. Give it to the sender."
                    label="Signing secret"
                    secret=made_now.token
                    copy
                    done=move |()| made.set(None)
                />
            }
        })
    };
    view! {
        <section class="panel part" aria-labelledby="secrets-title">
            <h3 id="secrets-title">"Signing secrets"</h3>
            <p class="muted">{words}</p>
            <ul class="part__list">{list}</ul>
            {buttons}
            {form}
            {once}
        </section>
    }
}

#[component]
fn SecretRow(one: One, secret: SecretMark, last: bool) -> impl IntoView {
    let now = session().live.ticking();
    let fingerprint = StoredValue::new(secret.fingerprint.clone());
    let remove = move |()| spawn_local(async move { one.took(integrations::change_secrets(one.id, vec![], vec![fingerprint.get_value()]).await) });
    let asks = if last {
        "It is the only one: without it no signature is asked for any more, and the key alone opens the door."
    } else {
        "Deliveries that are signed with it are refused from then on."
    };
    let added = match secret.added_at {
        Some(at) => view! { "added " <RelativeTime at now /> },
        None => "added at a time that was not noted".into_any(),
    };
    view! {
        <li class="part__row">
            <span><code class="mono">{secret.fingerprint.clone()}</code> <span class="muted">" · " {added}</span></span>
            <Sure words="Remove" asks yes=format!("Yes, remove {}", secret.fingerprint) disabled=one.may_not_change() act=remove />
        </li>
    }
}
