//! The executive board: are we within our objectives, may we release, who has what is open, how
//! often do things break, and what spent the budget. Every figure opens what stands behind it; the
//! question stands in the address.

mod filters;
mod gates;
mod majors;
mod measures;
mod objectives;
mod sheet;
mod spent;
mod targets;

use crate::{
    api,
    charts::columns,
    domain::{
        executive::{Executive, Question, weeks, words as said},
        failure::Failure,
        metrics::{Range, Step},
        reading,
        slo::headline,
    },
    ui::{
        browser,
        chart::panel::ChartPanel,
        components::{
            dialog::Dialog,
            loaded::{Failed, Loading},
            toast_list::sentence,
        },
        drawing::view,
        follow::follow,
        routes::Route,
        session::session,
    },
};
use filters::Filters;
use leptos::{prelude::*, task::spawn_local};
use sheet::Shown;

/// Below this width the chart of weeks has fewer of them.
const NARROW: f64 = 350.0;
const WEEKS_ON_A_PHONE: usize = 8;

/// The board that the server has gathered for a page which it draws itself.
#[derive(Clone)]
pub struct Came(pub Executive);

/// Its element in the page, from which the app goes on.
pub const ISLAND: &str = "executive";

pub fn title() -> String {
    "Executive · Tocsin".to_owned()
}

/// What stands behind the `?`, read; and the figure that is open.
fn asked(query: &crate::ui::address::Query) -> Question {
    Question::read(query.0.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

#[component]
pub fn ExecutivePage() -> impl IntoView {
    let session = session();
    let address = session.address;
    browser::set_title(&title());
    let question = Memo::new(move |_| address.query.with(asked));
    let shown = Memo::new(move |_| address.query.with(|query| query.get("show").and_then(Shown::read)));
    let came = use_context::<Came>().map(|Came(board)| board);
    let came = came.or_else(|| browser::take_island(ISLAND).and_then(|text| reading::read(text.as_bytes())));
    let fresh = StoredValue::new(came.is_some());
    let board = RwSignal::new(came);
    let failure = RwSignal::new(None::<Failure>);
    let counting = RwSignal::new(false);
    let turn = StoredValue::new(0_u32);
    let fetch = move |question: Question| {
        let mine = turn.get_value() + 1;
        turn.set_value(mine);
        counting.set(true);
        spawn_local(async move {
            let answer = api::executive::board(question).await;
            // A slower answer to an earlier question is dropped, and so is one nobody waits for.
            if turn.try_get_value() != Some(mine) {
                return;
            }
            match answer {
                Ok(now) => {
                    board.set(Some(now));
                    failure.set(None);
                }
                // What was known stays on the screen.
                Err(refused) => failure.set(Some(refused)),
            }
            counting.set(false);
        });
    };
    Effect::new(move |_| {
        let question = question.get();
        // The first answer may have come with the page.
        if !fresh.try_update_value(std::mem::take).unwrap_or(false) {
            fetch(question);
        }
    });
    follow(move || fetch(question.get_untracked()));

    let ask = Callback::new(move |question: Question| address.amend(&question.address(&Route::Executive.path())));
    let again = Callback::new(move |()| fetch(question.get_untracked()));
    let open = Callback::new(move |shown: Shown| address.amend(&shown.address(&question.get_untracked())));
    let close = Callback::new(move |()| address.amend(&question.get_untracked().address(&Route::Executive.path())));

    let there = Memo::new(move |_| board.with(Option::is_some));
    // What is on the screen stays there, with what is open in it, when asking for it again fails.
    let failed = Memo::new(move |_| failure.get().filter(|_| !there.get()));
    let page = move || match (there.get(), failed.get()) {
        (true, _) => view! { <Board board question open /> },
        (false, Some(failure)) => view! { <Failed failure again /> },
        (false, None) => view! { <Loading what="the service levels" /> },
    };
    let sheet = move || {
        // What a sheet shows is asked for by the app alone.
        let shown = shown.get().filter(|_| !session.is_still())?;
        there.get().then(|| {
            view! {
                <Dialog title=shown.title() on_close=close>
                    {sheet::body(shown.clone(), board, question, again, open)}
                </Dialog>
            }
        })
    };
    let old = move || {
        let failure = failure.get().filter(|_| there.get())?;
        let at = board.with(|board| board.as_ref().map(|board| board.at))?;
        let (zone, now) = (session.zone.get(), session.live.now());
        Some(format!("These figures are from {} {}: {}", zone.clock(at, now), zone.name(), sentence(&failure.words)))
    };
    view! {
        <div class="page executive" aria-busy=move || counting.get().to_string()>
            {move || head(board)} <p class="executive__old" role="status">{move || old()}</p> <Filters question board ask />
            {move || page()}
        </div>
        {move || sheet()}
    }
}

/// The sentence, the time it is about, and what has stopped sending.
fn head(board: RwSignal<Option<Executive>>) -> AnyView {
    let session = session();
    board.with(|board| {
        let Some(board) = board else {
            return view! { <header class="executive__head"><h1 class="executive__sentence">"Service levels"</h1></header> };
        };
        // The server knows no zone but its own; whoever reads it here has chosen theirs.
        let zone = session.zone.get();
        let headline = headline::headline(&board.rows, board.at, &zone);
        let lead = said::lead(&board.rows, board.at, &zone, &zone.name());
        let standstill = said::standstill(&board.rows, board.at, &zone);
        view! {
            <header class="executive__head">
                <p class="executive__print">
                    <span>"Tocsin, executive page"</span>
                    <span>{format!("{} UTC", crate::domain::metrics::words::moment(board.at))}</span>
                </p>
                <h1 class="executive__sentence">
                    {headline.words.clone()} {headline.worst.clone().map(|words| view! { " " <span class="executive__over">{words}</span> })}
                    {headline.next.clone().map(|words| format!(" {words}"))}
                </h1>
                <p class="executive__lead">{lead}</p>
                {standstill.map(|words| view! { <p class="executive__stale" role="status">{words}</p> })}
            </header>
        }
    })
}

/// Everything beneath the sentence.
#[component]
fn Board(board: RwSignal<Option<Executive>>, question: Memo<Question>, #[prop(into)] open: Callback<Shown>) -> impl IntoView {
    let weeks = Memo::new(move |_| board.with(|board| board.as_ref().map(|board| board.weeks.clone()).unwrap_or_default()));
    let draw = move |width: f64| {
        weeks.with(|weeks| {
            let fewer = if width < NARROW { weeks.len().saturating_sub(WEEKS_ON_A_PHONE) } else { 0 };
            columns::scene(&weeks[fewer..], Step::Week, width)
        })
    };
    let table = move |()| weeks.with(|weeks| columns::table(weeks, Step::Week));
    let change = move || weeks.with(|weeks| weeks::change(weeks));
    view! {
        <div class="executive__grid">
            <objectives::Objectives board question />
            <div class="executive__side">
                <majors::Majors board />
                <gates::Gates board />
            </div>
            <div class="executive__weeks">
                <ChartPanel
                    id="weeks"
                    title="Incidents by week"
                    note=Signal::stored("12 weeks, by start of impact".to_owned())
                    draw
                    table
                >
                    <p class="executive__note">{move || change()}</p>
                </ChartPanel>
            </div>
            <measures::Measures board open />
            <spent::WhatSpent board />
        </div>
    }
}

/// The range of the incidents' figures.
fn range_of(board: RwSignal<Option<Executive>>) -> Option<Range> {
    board.with(|board| board.as_ref().map(Executive::range))
}
