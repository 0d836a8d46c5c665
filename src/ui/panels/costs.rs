//! What an incident costs: what it spends of each objective that it concerns. Asked for once the
//! incident stands on the screen, and shown only where it spent something.

use crate::{
    api,
    domain::{
        incident::Incident,
        metrics::words::{duration, two_digits},
        slo::{report::Cost, words},
    },
    ui::{browser, drawing::view, routes::Route, session::session},
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// While it is open it goes on costing.
const AGAIN_EVERY_SECS: i64 = 60;

#[component]
pub fn Costs(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let session = session();
    let costs = RwSignal::new(Vec::<Cost>::new());
    let now = session.live.ticking();
    // One that is over costs what it cost.
    let turn = Memo::new(move |_| incident.with(|incident| incident.resolved_at.is_none()).then(|| now.get().epoch_secs() / AGAIN_EVERY_SECS));
    let reference = Memo::new(move |_| incident.with(|incident| incident.reference));
    Effect::new(move |before: Option<()>| {
        turn.track();
        let reference = reference.get();
        if before.is_some() && !browser::is_visible() {
            return;
        }
        spawn_local(async move {
            // Without an answer nothing is said: the incident is what matters here.
            if let Ok(found) = api::objectives::costs(reference.to_string()).await {
                let _ = costs.try_set(found);
            }
        });
    });
    let list = Memo::new(move |_| costs.get());
    move || {
        let costs = list.get();
        (!costs.is_empty()).then(|| {
            view! {
                <section class="panel" aria-labelledby="costs-title">
                    <div class="panel__head">
                        <h2 id="costs-title">"Cost"</h2>
                        <span class="panel__note">"of the error budgets it concerns"</span>
                    </div>
                    <ul>{costs.iter().map(row).collect_view()}</ul>
                </section>
            }
        })
    }
}

fn row(cost: &Cost) -> AnyView {
    let minutes = (cost.minutes > 0.0).then(|| format!(" · {}", duration(cost.minutes * 60.0)));
    let pace = cost.points_per_hour.map(|points| format!("{} points an hour at this pace", two_digits(points)));
    let shared = cost.shared.then_some("shared with other incidents");
    let more: Vec<String> = [Some(format!("of {}", cost.window)), pace, shared.map(str::to_owned)].into_iter().flatten().collect();
    view! {
        <li class="cost">
            <a href=Route::objective_path(&cost.objective.name)>{cost.objective.title.clone()}</a>
            <b class="number">{words::percent(cost.ratio)} {minutes}</b>
            <span class="muted">{more.join(" · ")}</span>
        </li>
    }
}
