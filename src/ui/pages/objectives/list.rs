//! All objectives, the worst first, narrowed by state, service or words. The question stands in
//! the address.

use crate::{
    api,
    domain::{
        people::Right,
        slo::{
            board::ObjectivesBoard,
            headline,
            report::{ObjectiveRow, Standing},
        },
        wording,
    },
    ui::{
        address::address_of,
        browser,
        chart::panel::rows,
        components::{
            choice::Lens,
            empty::EmptyState,
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
        },
        drawing::view,
        follow::follow,
        panels::level_rows::{self, LevelRows},
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

const STATES: [Standing; 4] = [Standing::Overspent, Standing::Low, Standing::Within, Standing::NotMeasured];

/// Which objectives are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
struct Question {
    state: Option<Standing>,
    words: String,
}

impl Question {
    fn address(&self) -> String {
        address_of(&Route::Objectives.path(), &[("state", self.state.map_or("", Standing::slug)), ("q", &self.words)])
    }

    fn holds(&self, row: &ObjectiveRow) -> bool {
        let brief = &row.report.objective;
        let wanted = self.words.trim().to_lowercase();
        let said = |text: &str| text.to_lowercase().contains(&wanted);
        self.state.is_none_or(|state| state == row.report.state) && (said(&brief.name) || said(&brief.title) || brief.service.as_deref().is_some_and(said))
    }
}

#[component]
pub fn Objectives() -> impl IntoView {
    let session = session();
    browser::set_title("Objectives · Tocsin");
    let address = session.address;
    let question = Memo::new(move |_| {
        address.query.with(|query| Question {
            state: query.get("state").and_then(|slug| STATES.into_iter().find(|state| state.slug() == slug)),
            words: query.get("q").unwrap_or_default().to_owned(),
        })
    });
    let load = RwSignal::new(Load::<ObjectivesBoard>::Loading);
    let fetch = move || {
        spawn_local(async move {
            let answer = api::objectives::board().await;
            let known = load.try_with_untracked(|load| matches!(load, Load::Ready(_))).unwrap_or(false);
            // What was known stays on the screen.
            if answer.is_ok() || !known {
                let _ = load.try_set(Load::from_answer(answer));
            }
        });
    };
    Effect::new(move |_| fetch());
    follow(fetch);
    let all = Memo::new(move |_| load.with(|load| if let Load::Ready(board) = load { board.rows.clone() } else { vec![] }));
    let shown = Memo::new(move |_| all.with(|rows| question.with(|question| rows.iter().filter(|row| question.holds(row)).cloned().collect::<Vec<_>>())));
    let as_table = RwSignal::new(false);
    let state = Memo::new(move |_| {
        load.with(|load| match load {
            Load::Loading => 0,
            Load::Failed(_) => 1,
            Load::Ready(board) if board.rows.is_empty() => 2,
            Load::Ready(_) => 3,
        })
    });
    let table = move || shown.with(|rows| level_rows::table(rows, session.live.now(), session.zone.get()));
    let none = Memo::new(move |_| shown.with(Vec::is_empty));
    let body = move || match (state.get(), none.get(), as_table.get()) {
        (0, ..) => view! { <Loading what="the objectives" /> },
        (1, ..) => match load.get_untracked() {
            Load::Failed(failure) => view! { <Failed failure again=move |()| fetch() /> },
            Load::Loading | Load::Ready(_) => ().into_any(),
        },
        (2, ..) => view! {
            <EmptyState
                title="No objective yet"
                words="An objective says how much of a service has to be good, and over which time. Its readings come from Prometheus, or are sent to /api/v1/sli."
            >
                {new_link()}
            </EmptyState>
        },
        (_, true, _) => view! { <p class="panel__empty">"No objective is like that."</p> },
        (_, _, true) => view! { <div class="scroll" tabindex="0" role="region" aria-label="Objectives, table">{rows(table())}</div> },
        (..) => view! { <LevelRows each=shown caption="Objectives, the worst first" whole=true /> },
    };
    let headline = move || {
        load.with(|load| match load {
            Load::Ready(board) => {
                // In the reader's own zone, which the server does not know.
                let said = headline::headline(&board.rows, session.live.now(), &session.zone.get());
                view! {
                    {said.words.clone()} {said.worst.clone().map(|words| view! { " " <span class="executive__over">{words}</span> })}
                    {said.next.clone().map(|words| format!(" {words}"))}
                }
            }
            Load::Loading | Load::Failed(_) => "Objectives".into_any(),
        })
    };
    view! {
        <div class="page objectives">
            <header class="executive__head">
                <p class="trail"><a href=Route::Executive.path()>"Executive"</a> " / Objectives"</p>
                <h1 class="executive__sentence">{headline}</h1>
            </header>
            {narrow(question, all)}
            <section class="panel" aria-labelledby="objectives-title">
                <div class="panel__head">
                    <h2 id="objectives-title">"Objectives"</h2>
                    <span class="panel__note">{move || format!("{} of {} · worst first", shown.with(Vec::len), wording::count(all.with(Vec::len), "objective", "objectives"))}</span>
                    <Lens
                        label="Objectives: rows or table"
                        options=vec![Signal::stored("Rows".to_owned()), Signal::stored("Table".to_owned())]
                        chosen=Signal::derive(move || usize::from(as_table.get()))
                        choose=move |at| as_table.set(at == 1)
                    />
                    <button type="button" class="panel__save" aria-label="Save Objectives as CSV" disabled=move || none.get() on:click=move |_| browser::save("objectives.csv", &table().csv())>
                        "CSV"
                    </button>
                </div>
                {move || body()}
            </section>
        </div>
    }
}

/// How the list is narrowed, and the way to a new one.
fn narrow(question: Memo<Question>, all: Memo<Vec<ObjectiveRow>>) -> AnyView {
    let address = session().address;
    let change = move |change: &dyn Fn(&mut Question)| {
        let mut asked = question.get_untracked();
        change(&mut asked);
        address.amend(&asked.address());
    };
    let count = move |state: Standing| all.with(|rows| rows.iter().filter(|row| row.report.state == state).count());
    let mut options = vec![Signal::stored("All".to_owned())];
    options.extend(STATES.map(|state| Signal::derive(move || format!("{} {}", state.words(), count(state)))));
    let chosen =
        Signal::derive(move || question.get().state.and_then(|state| STATES.into_iter().position(|known| known == state)).map_or(0, |place| place + 1));
    let choose = move |at: usize| change(&|asked| asked.state = at.checked_sub(1).and_then(|place| STATES.get(place)).copied());
    view! {
        <div class="objectives__filters" role="search" aria-label="Which objectives">
            <Lens label="State" options chosen choose />
            <label class="pick">
                <span class="visually-hidden">"Name or service"</span>
                <input
                    class="input"
                    data-size="small"
                    type="search"
                    placeholder="Name or service"
                    prop:value=move || question.get().words
                    on:input=move |event| change(&|asked| asked.words = event_target_value(&event))
                />
            </label>
            {new_link()}
        </div>
    }
}

/// Whoever may not make one is told why.
fn new_link() -> AnyView {
    let session = session();
    let may = move || session.actor().is_some_and(|actor| actor.role.may(Right::ManageObjectives));
    (move || {
        if may() {
            view! { <a class="button" data-tone="accent" href=Route::NewObjective.path()><Icon glyph=Glyph::Plus /> "New objective"</a> }
        } else {
            view! { <span class="muted">{format!("{}.", Right::ManageObjectives.refusal())}</span> }
        }
    })
    .into_any()
}
