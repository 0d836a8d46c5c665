//! Changes: one as a row of a list, and those of an incident's services just before it began.

use crate::{
    api::changes,
    domain::{
        change::{ChangeCard, ChangeStatus},
        incident::Incident,
        integration::source_title,
        sorting,
        time::Timestamp,
        wording,
    },
    ui::{
        address::address_of,
        components::{
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            outer_link::OuterLink,
            relative_time::exact,
        },
        drawing::view,
        panels::service_link::service_link,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// What was changed longer before is seldom the reason.
const BEFORE_SECS: i64 = 2 * 3600;

/// So many services of an incident are asked about; one with more is asked about all changes then.
const SERVICES: usize = 8;

/// So many of each service are listed.
const OF_EACH: u32 = 20;

fn status(status: Option<ChangeStatus>) -> Option<(&'static str, Glyph)> {
    Some(match status? {
        ChangeStatus::Pending => ("pending", Glyph::Clock),
        ChangeStatus::Running => ("running", Glyph::Clock),
        ChangeStatus::Success => ("done", Glyph::Check),
        ChangeStatus::Failure => ("failed", Glyph::Cross),
        ChangeStatus::Superseded => ("superseded", Glyph::Undo),
        ChangeStatus::Other => ("ended otherwise", Glyph::More),
    })
}

/// What was changed, where, how far it came, and when.
#[component]
pub fn ChangeRow(
    change: ChangeCard,
    /// When what it is looked at for began: then it says how long before that it happened.
    #[prop(optional)]
    before: Option<Timestamp>,
) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let at = change.happened_at;
    let clock = move || session.zone.get().clock(at, now.get());
    let ahead = before.map(|before| format!("{} before", wording::span(before.secs_since(at))));
    let status = status(change.status).map(|(words, glyph)| view! { <span class="change__status"><Icon glyph /> {words}</span> });
    let service = change.service.as_deref().map_or_else(|| "no service named".into_any(), |name| service_link(name, false));
    let links = change.links.into_iter().map(|link| view! { " · " <OuterLink link /> }).collect_view();
    view! {
        <li class="change" data-status=change.status.map(ChangeStatus::slug)>
            <span class="change__when"><time class="number" datetime=at.to_string() title=exact(at)>{clock}</time> <span class="muted">{ahead}</span></span>
            <div class="change__words">
                <p class="change__title">{change.title.clone()}</p>
                <p class="change__facts">{service} " · " {source_title(&change.source).to_owned()} " " {links}</p>
            </div>
            {status}
        </li>
    }
}

/// The changes of these services from `from` until before `to`, the last first; of all services
/// where there are none or too many.
async fn of_services(services: Vec<String>, from: Timestamp, to: Timestamp) -> Load<Vec<ChangeCard>> {
    let asked: Vec<Option<String>> = if services.is_empty() || services.len() > SERVICES { vec![None] } else { services.into_iter().map(Some).collect() };
    let mut found = vec![];
    for service in asked {
        match changes::list(Some(from), Some(to), service, None, Some(OF_EACH)).await {
            Ok(page) => found.extend(page.items),
            Err(failure) => return Load::Failed(failure),
        }
    }
    sorting::sort_by_key(&mut found, |change| std::cmp::Reverse(change.happened_at));
    Load::Ready(found)
}

/// What changed just before an incident began.
#[component]
pub fn ChangedBefore(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let asked = Memo::new(move |_| {
        incident.with(|incident| {
            let began = incident.started_at;
            (incident.services.clone(), began.plus_secs(-BEFORE_SECS), began.plus_secs(1))
        })
    });
    let load = RwSignal::new(Load::<Vec<ChangeCard>>::Loading);
    let fetch = move || {
        let now_asked = asked.get_untracked();
        spawn_local(async move {
            let (services, from, to) = now_asked.clone();
            let found = of_services(services, from, to).await;
            // The incident may have got another service, or be left, in the meantime.
            if asked.try_get_untracked() == Some(now_asked) {
                load.set(found);
            }
        });
    };
    Effect::new(move |_| {
        asked.track();
        fetch();
    });
    let count = move || match load.get() {
        Load::Loading => String::new(),
        Load::Ready(changes) if changes.is_empty() => "nothing reported".to_owned(),
        Load::Ready(changes) => wording::count(changes.len(), "change in the 2 h before", "changes in the 2 h before"),
        Load::Failed(_) => "could not be read".to_owned(),
    };
    let body = move || match load.get() {
        Load::Loading => view! { <Loading what="the changes" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| fetch() /> },
        Load::Ready(changes) if changes.is_empty() => {
            let of = asked.with(|(services, ..)| match services.as_slice() {
                [] => String::new(),
                services => format!(" of {}", wording::list(services)),
            });
            view! { <p class="panel__empty">{format!("No change{of} was reported in the 2 h before it began. What nobody reports is not known here.")}</p> }
        }
        Load::Ready(changes) => {
            let began = asked.with(|(.., to)| to.plus_secs(-1));
            let row = move |change: ChangeCard| view! { <ChangeRow change before=began /> };
            view! { <ul class="changes">{changes.into_iter().map(row).collect_view()}</ul> }
        }
    };
    let all = move || asked.with(|(_, from, to)| address_of(&Route::Changes.path(), &[("from", &from.to_string()), ("to", &to.to_string())]));
    view! {
        <details class="panel fold changed-before">
            <summary class="panel__head">
                <h2>"What changed just before"</h2>
                <span class="panel__note">{count}</span>
            </summary>
            {body}
            <p class="panel__more"><a href=all>"Changes of every service in that time"</a></p>
        </details>
    }
}
