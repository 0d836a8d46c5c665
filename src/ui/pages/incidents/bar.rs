//! The one action bar: how many are chosen, what can be done to how many of them, and what became
//! of what was done.

use super::{
    List,
    bulk::{Bulk, MOST, Offer, Sent, chosen},
};
use crate::{domain::wording, ui::drawing::view};
use leptos::prelude::*;

pub fn bar(list: List) -> AnyView {
    let any = Memo::new(move |_| list.selection.with(|selection| selection.all().len()));
    (move || (any.get() > 0 || list.picking.get()).then(|| shown(list, any))).into_any()
}

fn shown(list: List, n: Memo<usize>) -> AnyView {
    let now = list.session.live.ticking();
    let incidents = Memo::new(move |_| chosen(list));
    let facts = move || {
        let n = n.get();
        let known = incidents.with(Vec::len);
        if n > MOST {
            return format!("at most {MOST} are worked on at once");
        }
        if known < n {
            return format!("reading {} of them…", n - known);
        }
        let nobody =
            incidents.with(|incidents| incidents.iter().filter(|incident| incident.state.is_open() && incident.who_has_it(now.get()).is_none()).count());
        match nobody {
            0 => String::new(),
            1 => "1 has nobody".to_owned(),
            n => format!("{n} have nobody"),
        }
    };
    // An acknowledgement runs out without anybody doing anything.
    let minute = Memo::new(move |_| now.get().epoch_secs() / 60);
    let offers = Memo::new(move |_| {
        minute.track();
        let waits = incidents.with(Vec::len) < n.get();
        Bulk::ALL.map(|bulk| (incidents.with(|incidents| bulk.offer(list, incidents)), waits))
    });
    let button = move |(offer, waits): (Offer, bool)| {
        let total = n.get_untracked();
        let disabled = offer.n == 0 || waits;
        let words = if offer.n == 0 { offer.bulk.words().to_owned() } else { offer.bulk.words_for(offer.n) };
        let why = offer.why_not.clone().filter(|_| !waits).map(|why| if offer.n == 0 { why } else { format!("Not {}: {why}", total - offer.n) });
        let bulk = offer.bulk;
        view! {
            <button
                type="button"
                class="button bulk__verb"
                data-tone=(bulk == Bulk::Acknowledge && !disabled).then_some("accent")
                aria-disabled=disabled.then_some("true")
                title=why.clone()
                on:click=move |_| {
                    if !disabled {
                        bulk.start(list, list.selection.with_untracked(|selection| selection.all().to_vec()));
                    } else if let Some(why) = &why {
                        list.session.toasts.say(crate::ui::components::toast_list::sentence(why));
                    }
                }
            >
                {words}
            </button>
        }
    };
    view! {
        <div class="bulk" role="region" aria-label="Selected incidents">
            <p class="bulk__words" role="status">
                <b>{move || format!("{} selected", n.get())}</b>
                " "
                <span class="muted">{move || facts()}</span>
            </p>
            {move || report(list)}
            <div class="bulk__verbs">
                {move || offers.get().into_iter().map(button).collect_view()}
                <button type="button" class="button" data-size="small" on:click=move |_| list.pick(false)>
                    <kbd class="desk-only">"Esc"</kbd>
                    "Clear"
                </button>
            </div>
        </div>
    }
}

/// What became of what was done last, with every one that was refused.
fn report(list: List) -> AnyView {
    let report = list.report.get();
    if report.len() < 2 {
        return ().into_any();
    }
    let queue: Vec<_> = list.session.outbox.queue.with(|queue| queue.iter().map(|queued| queued.id).collect());
    let refused = list.session.outbox.refused.get();
    let (mut done, mut waiting, mut failed) = (0, 0, Vec::new());
    for Sent { reference, answer } in &report {
        match answer {
            Ok(command) if queue.contains(command) => waiting += 1,
            Ok(command) => match refused.iter().find(|(id, _)| id == command) {
                Some((_, words)) => failed.push(format!("{reference}: {words}")),
                None => done += 1,
            },
            Err(words) => failed.push(format!("{reference}: {words}")),
        }
    }
    let mut words = Vec::new();
    if done > 0 {
        words.push(format!("{done} done"));
    }
    if waiting > 0 {
        words.push(format!("{waiting} on their way"));
    }
    let failures = (!failed.is_empty()).then(|| {
        let n = failed.len();
        view! {
            <details class="bulk__failed">
                <summary>{wording::count(n, "was not done", "were not done")}</summary>
                <ul>{failed.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}</ul>
            </details>
        }
    });
    view! { <div class="bulk__report" role="status">{words.join(", ")} " " {failures}</div> }
}

/// The keys, at the foot.
pub fn hints(list: List) -> AnyView {
    const KEYS: [(&str, &str); 7] =
        [("↑ ↓", "move"), ("x", "select"), ("→", "unfold"), ("Enter", "open"), ("a", "acknowledge"), ("f", "filter"), ("/", "search")];
    let hint = |(key, words): (&'static str, &'static str)| view! { <span><kbd>{key}</kbd> " " {words}</span> };
    view! {
        <p class="list-hints">
            {KEYS.map(hint).collect_view()}
            <span class="list-hints__order">{move || list.view.with(|view| view.sort.words())} ". Filters and order are in the address: copy it to share this view."</span>
        </p>
    }
}
