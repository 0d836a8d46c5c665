//! What makes a form work where no app runs: its address, what it carries unseen, and fields that
//! stand in for what the app would ask. In the app itself they are not drawn.

use crate::{
    domain::{ids::IncidentId, screens::PlainVerb},
    ui::{drawing::view, panels::acknowledge::PRESETS, session::session},
};
use leptos::prelude::*;

/// Where a form sends a verb for an incident.
pub fn action(id: IncidentId, verb: PlainVerb) -> Option<String> {
    session().is_still().then(|| format!("/incidents/{id}/{}", verb.slug()))
}

/// What a form of a page without the app carries unseen.
pub fn keys() -> Option<AnyView> {
    let session = session();
    session.is_still().then(|| session.keys.get_value()).flatten().map(|keys| {
        view! {
            <input type="hidden" name="command" value=keys.command />
            <input type="hidden" name="token" value=keys.token />
            <input type="hidden" name="back" value=keys.back />
        }
    })
}

/// The form of an incident's verbs.
pub const VERBS: &str = "plain-verbs";

/// A form that its buttons name, for places where a form itself may not stand. It sends nothing of its own.
pub fn form(id: &'static str) -> Option<AnyView> {
    session().is_still().then(|| view! { <form id=id hidden=true></form> })
}

/// What the app would ask when a verb is chosen; of what was resolved also whether it was well since.
pub fn questions(was_resolved: bool) -> Option<AnyView> {
    session().is_still().then(|| {
        let preset = |(for_s, words): (Option<i64>, &'static str)| {
            let default = for_s == Some(super::acknowledge::DEFAULT_SECS);
            view! { <option value=for_s.map(|secs| secs.to_string()).unwrap_or_default() selected=default>{words}</option> }
        };
        view! {
            <form id=VERBS method="post" hidden=true>
                {keys()}
            </form>
            <div class="still-only plain-questions">
                <label class="field__label" for="plain-for">"Acknowledge"</label>
                <select class="input" id="plain-for" name="for_s" form=VERBS>{PRESETS.into_iter().map(preset).collect_view()}</select>
                <label class="field__label" for="plain-reason">"Why, where it is asked"</label>
                <input class="input" id="plain-reason" name="reason" form=VERBS autocomplete="off" />
                {was_resolved
                    .then(|| {
                        view! {
                            <label class="field__label" for="plain-recovered">"Reopened, between the resolve and now"</label>
                            <select class="input" id="plain-recovered" name="recovered" form=VERBS>
                                <option value="yes">"it was well: the impact begins anew"</option>
                                <option value="no">"it never was: the impact goes on"</option>
                            </select>
                        }
                    })}
            </div>
        }
    })
}

/// Signing out without the app.
pub fn sign_out() -> Option<AnyView> {
    let session = session();
    session.is_still().then(|| {
        view! {
            <form class="still-only" method="post" action="/sign-out">
                {keys()} <button type="submit" class="link-button">{format!("Sign out {}", session.replica.me().map(|me| me.name).unwrap_or_default())}</button>
            </form>
        }
    })
}
