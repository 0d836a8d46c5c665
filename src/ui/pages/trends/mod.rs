//! Trends: how often things break and how long each step takes, over any range. Every number
//! opens what stands behind it; the question stands in the address.

pub mod behind;
pub mod cards;
mod filters;
pub mod question;
mod spread;

use crate::{
    api::figures,
    domain::{
        incident::Kind,
        metrics::{Range, Trends as Answer, words},
        wording,
    },
    ui::{
        browser,
        components::{
            dialog::Dialog,
            empty::EmptyState,
            loaded::{Failed, Load, Loading},
        },
        drawing::view,
        session::session,
    },
};
use cards::{Cards, Groups, Told};
use filters::Filters;
use leptos::{prelude::*, task::spawn_local};
use question::{Question, Shown};
use spread::{Services, Spread};

#[component]
pub fn Trends() -> impl IntoView {
    let session = session();
    let address = session.address;
    browser::set_title("Trends · Tocsin");
    let question = Memo::new(move |_| address.query.with(Question::read));
    let shown = Memo::new(move |_| address.query.with(Shown::read));
    let load = RwSignal::new(Load::<Answer>::Loading);
    // What was answered stays on screen while the next answer is on its way.
    let counting = RwSignal::new(false);
    let turn = StoredValue::new(0_u32);
    let fetch = move |question: Question| {
        let range = question.range(session.live.now());
        let mine = turn.get_value() + 1;
        turn.set_value(mine);
        counting.set(true);
        spawn_local(async move {
            let answer = figures::incidents(range.from, range.to, question.filter, question.by).await;
            // A slower answer to an earlier question is dropped, and so is one nobody waits for.
            if turn.try_get_value() == Some(mine) {
                load.set(Load::from_answer(answer));
                counting.set(false);
            }
        });
    };
    Effect::new(move |_| fetch(question.get()));

    let ask = Callback::new(move |question: Question| address.amend(&question.address(None)));
    let open = Callback::new(move |shown: Shown| address.amend(&question.get_untracked().address(Some(&shown))));
    let close = Callback::new(move |()| address.amend(&question.get_untracked().address(None)));
    let again = Callback::new(move |()| fetch(question.get_untracked()));

    let page = move || match load.get() {
        Load::Loading => view! { <Loading what="the figures" /> },
        Load::Failed(failure) => view! { <Failed failure again /> },
        Load::Ready(trends) => view! { <Figures trends question=question.get_untracked() open /> },
    };
    let sheet = move || {
        let shown = shown.get()?;
        let (range, told) = load.with(|load| match load {
            Load::Ready(trends) => Some((Range { from: trends.from, to: trends.to }, Told::shown(trends, &shown))),
            Load::Loading | Load::Failed(_) => None,
        })?;
        let (title, question) = (behind::title(&shown), question.get_untracked());
        Some(view! {
            <Dialog title on_close=close>
                <behind::Behind question shown range told />
            </Dialog>
        })
    };
    let headline = move || {
        load.with(|load| match load {
            Load::Ready(trends) => words::headline(trends),
            Load::Loading | Load::Failed(_) => "Trends".to_owned(),
        })
    };
    let lead = move || load.with(|load| if let Load::Ready(trends) = load { Some(lead(trends, &question.get())) } else { None });
    view! {
        <div class="page trends" aria-busy=move || counting.get().to_string()>
            <header class="trends__head">
                <h1 class="page__title">{move || headline()}</h1>
                <p class="page__lead">{move || lead()}</p>
            </header>
            <Filters question ask />
            {move || page()}
        </div>
        {move || sheet()}
    }
}

/// Which time and whom the sentence is about.
fn lead(trends: &Answer, question: &Question) -> String {
    let range = Range { from: trends.from, to: trends.to };
    let left_out = |kind: Kind| !question.filter.kinds.contains(&kind);
    let kinds = match (left_out(Kind::Drill), left_out(Kind::Maintenance)) {
        (true, true) => "drills and maintenance left out",
        (true, false) => "drills left out",
        (false, true) => "maintenance left out",
        (false, false) => "drills and maintenance too",
    };
    let open = match trends.open {
        0 => String::new(),
        n => format!(" · {} still open", wording::count(usize::try_from(n).unwrap_or(usize::MAX), "is", "are")),
    };
    format!("{} to {} UTC, {} · by start of impact · {kinds}{open}", words::moment(range.from), words::moment(range.to), words::range_words(&range))
}

/// Everything beneath the sentence.
#[component]
fn Figures(trends: Answer, question: Question, #[prop(into)] open: Callback<Shown>) -> impl IntoView {
    if trends.all.incidents == 0 && trends.services.is_empty() {
        return view! {
            <div class="panel">
                <EmptyState
                    title="Nothing to count"
                    words="No incident began in this range with these filters. Choose a longer range, or bring your history: tocsin import FILE."
                />
            </div>
        };
    }
    let by = question.by;
    let groups = (!trends.groups.is_empty()).then(|| {
        let trends = trends.clone();
        view! {
            <section class="panel" aria-labelledby="groups-title">
                <div class="panel__head">
                    <h2 id="groups-title">{filters::group_words(by)}</h2>
                    <span class="panel__note">{format!("{} · each number opens", words::range_words(&Range { from: trends.from, to: trends.to }))}</span>
                </div>
                <Groups trends by open />
            </section>
        }
    });
    view! {
        <Cards trends=trends.clone() open />
        {groups}
        <Spread trends=trends.clone() question=question.clone() />
        <Services trends question open />
    }
}
