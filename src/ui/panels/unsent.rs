//! What was decided here and has not reached the server. It never claims more than that.

use crate::{
    domain::wording,
    ui::{
        components::{
            icon::{Glyph, Icon},
            rows::rows,
        },
        drawing::view,
        exchange,
        outbox::Queued,
        session::{Session, session},
    },
};
use leptos::prelude::*;

/// How many are shown in full.
const SHOWN: usize = 3;

/// Above every page, while something waits.
#[component]
pub fn UnsentBar() -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let any = Memo::new(move |_| session.outbox.late_count(now.get()) > 0);
    let waiting = move || exchange::here().map(|exchange| (exchange.unsent)(session));
    view! { <div class="unsent-bar">{move || any.get().then(waiting)}</div> }
}

/// What waits, one card each; in the exchange, because nothing waits before that is there.
pub fn waiting(session: Session) -> AnyView {
    let now = session.live.ticking();
    let waiting = Memo::new(move |_| session.outbox.late(now.get()));
    let card = move |queued: Queued| {
        let (id, words, made_at, tried_at) = (queued.id, queued.words(), queued.made_at, queued.tried_at);
        let tried = move || match tried_at {
            Some(tried_at) => format!("Sends by itself; tried {} ago.", wording::span(now.get().secs_since(tried_at))),
            None => "Being sent.".to_owned(),
        };
        let kept = move || (!session.outbox.kept.get()).then_some("This browser keeps nothing: closing the page loses it.");
        let take_back = move |_| {
            session.outbox.remove(session, id);
            session.toasts.say("Taken back. If it reached the server before the connection broke, the timeline shows it.");
        };
        view! {
            <div class="unsent">
                <Icon glyph=Glyph::Device />
                <div class="unsent__words">
                    <p class="unsent__what">{words} ", " {move || session.zone.get().clock(made_at, now.get())}</p>
                    <p class="unsent__state">"On this device only, not sent."</p>
                    <p class="unsent__tried">{move || tried()} " " {move || kept()}</p>
                </div>
                <button type="button" class="link-button" disabled=move || session.outbox.is_sending(id) on:click=take_back>
                    "Take back"
                </button>
            </div>
        }
    };
    view! {
        {rows(move || waiting.get().into_iter().take(SHOWN).collect(), |queued| (queued.id, queued.tried_at), card)}
        {move || {
            let more = waiting.with(Vec::len).saturating_sub(SHOWN);
            (more > 0).then(|| view! { <p class="muted">{format!("{more} more wait behind these, in order.")}</p> })
        }}
    }
}
