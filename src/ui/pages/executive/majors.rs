//! Open incidents of SEV1 and SEV2, as the stream tells of them: who has each, for how long, and
//! when something is next to be said.

use crate::{
    domain::{
        briefing::{Major, majors},
        executive::Executive,
        ids::IncidentRef,
        severity::Severity,
        time::Timestamp,
        wording,
    },
    ui::{
        components::{
            icon::{Glyph, Icon},
            rows::rows,
            severity::SeverityMark,
        },
        drawing::view,
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;

/// The same incidents in the list of all, with what each spends.
const IN_THE_LIST: &str = "state=triage,active&severity=major&columns=severity,id,title,services,age,lead,state,cost";

#[component]
pub fn Majors(board: RwSignal<Option<Executive>>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let open = Memo::new(move |_| {
        session.replica.track();
        let now = session.live.now();
        majors(session.board(now).iter().map(AsRef::as_ref), now)
    });
    let note = move || {
        open.with(|open| {
            let unowned = open.iter().filter(|major| major.holder.is_none()).count();
            match (open.len(), unowned) {
                (0, _) => "SEV1 and SEV2".to_owned(),
                (n, 0) => format!("SEV1 and SEV2 · {n}, none without an owner"),
                (n, unowned) => format!("SEV1 and SEV2 · {n}, {unowned} without an owner"),
            }
        })
    };
    let references = move || open.with(|open| open.iter().map(|major| major.reference).collect::<Vec<_>>());
    let row = move |reference: IncidentRef| {
        let major = Memo::new(move |_| open.with(|open| open.iter().find(|major| major.reference == reference).cloned()));
        let due = Memo::new(move |_| {
            board.with(|board| board.as_ref().and_then(|board| board.updates.iter().find(|due| due.reference == reference)).map(|due| due.at))
        });
        view! { <li class="major">{move || major.get().map(|major| draw(major, due, now))}</li> }
    };
    let none = move || open.with(Vec::is_empty).then(|| view! { <p class="panel__empty">"No SEV1 or SEV2 incident is open."</p> });
    view! {
        <section class="panel executive__majors" aria-labelledby="majors-title">
            <div class="panel__head">
                <h2 id="majors-title">"Open majors"</h2>
                <span class="panel__note">{move || note()}</span>
                <a href=format!("{}?{IN_THE_LIST}", Route::Incidents.path())>"In the list"</a>
            </div>
            <ul>{rows(references, |reference| *reference, row)}</ul>
            {move || none()}
        </section>
    }
}

fn draw(major: Major, due: Memo<Option<Timestamp>>, now: Signal<Timestamp>) -> AnyView {
    let (severity, since, unowned) = (Some(major.severity), major.since, major.holder.is_none().then_some("true"));
    let who = major.holder_words();
    let lasts = move || format!(" · {}", wording::span(now.get().secs_since(since)));
    let update = move || {
        due.get().map(|due| {
            let secs = due.secs_since(now.get());
            if secs < 0 {
                view! {
                    <span class="major__update" data-late="true">
                        <Icon glyph=Glyph::Clock />
                        {format!("update {} late", wording::span(-secs))}
                    </span>
                }
            } else {
                view! { <span class="major__update">{format!("next update in {}", wording::span(secs))}</span> }
            }
        })
    };
    view! {
        <SeverityMark severity />
        <p class="major__title">
            <span class="major__severity" data-severity=major.severity.slug()>{Severity::label(major.severity)}</span>
            " "
            <a href=Route::incident(major.reference).path()>{major.title}</a>
        </p>
        <p class="major__who">
            <span data-unowned=unowned>{who}</span>
            {move || lasts()}
        </p>
        {move || update()}
    }
}
