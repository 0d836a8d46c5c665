//! What an objective's page says first: how it stands, what it is, and what is odd about its
//! readings.

use crate::{
    domain::{
        metrics::words::availability,
        people::Right,
        slo::{headline, report::ObjectivePage, words},
    },
    ui::{
        components::{
            choice::Lens,
            icon::{Glyph, Icon},
            toast_list,
        },
        drawing::view,
        pages::objectives::pictures,
        panels::standing,
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;

/// The sentence and the line beneath it.
pub fn sentence(page: Memo<Option<ObjectivePage>>, name: StoredValue<String>) -> AnyView {
    let session = session();
    let said = move || {
        page.with(|page| match page {
            Some(page) => {
                let said = headline::one(&page.report, session.live.now(), &session.zone.get());
                let over = (page.report.state.slug() == "overspent").then_some("executive__over");
                view! { {said.before} <span class=over>{said.figure}</span> {said.after} }
            }
            None => name.get_value().into_any(),
        })
    };
    let trail = move || page.with(|page| page.as_ref().map(|page| format!("{}, {}", what(page), pictures::window(&page.report))));
    view! {
        <header class="executive__head">
            <p class="trail">
                <a href=Route::Executive.path()>"Executive"</a>
                " / "
                <a href=Route::Objectives.path()>"Objectives"</a>
                {move || trail().map(|words| format!(" / {words}"))}
            </p>
            <h1 class="executive__sentence">{move || said()}</h1>
        </header>
    }
}

/// `99.9 % of checkout is good`.
fn what(page: &ObjectivePage) -> String {
    let draft = &page.objective.draft;
    format!("{} of {} has to be good", draft.target.percent_text(), draft.service.as_deref().unwrap_or(&draft.name))
}

/// State, figures of today, what can be done, and what is odd.
pub fn facts(page: Memo<Option<ObjectivePage>>, explain: Callback<()>) -> AnyView {
    let session = session();
    let may = move || session.actor().is_some_and(|actor| actor.role.may(Right::ManageObjectives));
    let facts = move || {
        page.with(|page| {
            let page = page.as_ref()?;
            let report = &page.report;
            let good = report.tally.sli.map(|sli| format!("{} good", availability(sli)));
            let generation = (page.generations.len() > 1).then(|| {
                let last = page.generations.last().copied().unwrap_or(page.objective.generation_at);
                format!("Readings began anew on {}, because the objective was changed; older ones are not mixed in.", words::short_day(last, &session.zone.get()))
            });
            let trouble = page.trouble.as_ref().map(|trouble| {
                let (zone, now) = (session.zone.get(), session.live.now());
                format!("Its source gives no readings since {} {}: {}", zone.clock(trouble.since, now), zone.name(), toast_list::sentence(&trouble.words))
            });
            let filling = page.backfilled.map(|share| format!("The past is being read: {} of it so far.", words::percent(share)));
            let flags = report.flags.iter().map(|flag| words::flag(*flag, report));
            let odd: Vec<String> = trouble.into_iter().chain(filling).chain(generation).chain(flags).collect();
            let service = page.objective.draft.service.clone().map(|service| {
                let path = Route::Service(service.clone()).path();
                view! { " · " <a href=path>{service}</a> }
            });
            Some(view! {
                <p class="objective__facts">
                    {standing::badge(report.state, None)}
                    <span>{good} {service} " · " {report.words.clone()}</span>
                </p>
                {(!page.objective.draft.description.is_empty()).then(|| view! { <p class="muted">{page.objective.draft.description.clone()}</p> })}
                {(!odd.is_empty()).then(|| view! { <ul class="objective__odd" role="status">{odd.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}</ul> })}
            })
        })
    };
    let edit = move || page.with(|page| page.as_ref().map(|page| Route::EditObjective(page.objective.draft.name.clone()).path()));
    let there = Memo::new(move |_| page.with(Option::is_some));
    // Of an objective that does not exist there is nothing to explain and nothing to change.
    let verbs = move || {
        view! {
            <div class="objective__verbs">
                <button type="button" class="button" on:click=move |_| explain.run(())>"Explain this number"</button>
                {move || {
                    if may() {
                        view! { <a class="button" href=edit()><Icon glyph=Glyph::Pencil /> "Edit"</a> }
                    } else {
                        view! { <button type="button" class="button" disabled=true title=Right::ManageObjectives.refusal()><Icon glyph=Glyph::Pencil /> "Edit"</button> }
                    }
                }}
            </div>
        }
    };
    view! {
        <div class="objective__head">
            <div>{move || facts()}</div>
            {move || there.get().then(verbs)}
        </div>
    }
}

/// Which of its windows is looked at, where there are several.
pub fn windows(page: Memo<Option<ObjectivePage>>, choose: Callback<String>) -> AnyView {
    let names = Memo::new(move |_| {
        page.with(|page| page.as_ref().map(|page| page.objective.draft.windows.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap_or_default())
    });
    let here = move || page.with(|page| page.as_ref().map(|page| page.report.window.name.clone()));
    (move || {
        let names = names.get();
        (names.len() > 1).then(|| {
            let options = names.iter().map(|name| Signal::stored(name.clone())).collect();
            let known = names.clone();
            let chosen = Signal::derive(move || here().and_then(|here| known.iter().position(|name| *name == here)).unwrap_or(0));
            view! { <Lens label="Window" options chosen choose=move |at: usize| choose.run(names.get(at).cloned().unwrap_or_default()) /> }
        })
    })
    .into_any()
}
