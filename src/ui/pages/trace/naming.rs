//! Which incidents name this trace: on their timeline, or by an alert.

use crate::{
    api,
    domain::{ids::IncidentId, telemetry::evidence::Naming},
    ui::{components::severity::SeverityMark, drawing::view, routes::Route, session::session},
};
use leptos::{prelude::*, task::spawn_local};

/// The incidents, each with the way to its entry. They are asked for again once what was just
/// `pinned` is recorded.
#[component]
pub fn NamedBy(id: String, pinned: RwSignal<Option<IncidentId>>) -> impl IntoView {
    let session = session();
    let naming = RwSignal::new(Vec::<Naming>::new());
    let id = StoredValue::new(id);
    let recorded = Memo::new(move |_| {
        let pinned = pinned.get()?;
        session.replica.track();
        Some((pinned, session.replica.confirmed(pinned)?.version))
    });
    Effect::new(move |_| {
        // Read, not only tracked: what was never read follows nothing.
        recorded.get();
        spawn_local(async move {
            let Some(id) = id.try_get_value() else { return };
            // Without an answer the page is no poorer than before.
            if let Ok(found) = api::traces::naming(id).await {
                let _ = naming.try_set(found);
            }
        });
    });
    let one = |named: Naming| {
        let path = Route::Incident(named.reference.to_string()).path();
        let (words, href) = match named.seq {
            Some(seq) => ("On the timeline of ", format!("{path}#entry-{seq}")),
            None => ("Named by an alert of ", path),
        };
        view! {
            <li>
                <a class="trace__named" href=href title=named.title.clone()>
                    <SeverityMark severity=named.severity />
                    <span>{words} <b>{named.reference.to_string()}</b></span>
                </a>
            </li>
        }
    };
    move || {
        let naming = naming.get();
        (!naming.is_empty())
            .then(|| view! { <ul class="trace__naming" aria-label="Incidents that name this trace">{naming.into_iter().map(one).collect_view()}</ul> })
    }
}
