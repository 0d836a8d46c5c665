//! All objectives, the worst first, as rows, as a table and as CSV; and what would fill the board.

use crate::{
    domain::{
        executive::{Executive, Question},
        slo::{report::ObjectiveRow, words},
    },
    ui::{
        browser,
        chart::panel::rows,
        components::{choice::Lens, copy_box::CopyBox, empty::EmptyState},
        drawing::view,
        panels::level_rows::{self, LevelRows},
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// One objective to begin with, made on this server; `TOKEN` stands for an API token.
const FIRST_OBJECTIVE: &str = r#"/api/v1/slos \
  -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' \
  -d '{"name": "checkout", "title": "Checkout availability", "service": "checkout", "target": "99.9 %", "window": "30d"}'"#;

#[component]
pub fn Objectives(board: RwSignal<Option<Executive>>, question: Memo<Question>) -> impl IntoView {
    let session = session();
    let each = Memo::new(move |_| board.with(|board| board.as_ref().map(|board| board.rows.clone()).unwrap_or_default()));
    let as_table = RwSignal::new(false);
    let none = Memo::new(move |_| each.with(Vec::is_empty));
    let note = move || each.with(|rows| note(rows));
    let table = move || each.with(|rows| level_rows::table(rows, session.live.now(), session.zone.get()));
    let save = move |_| browser::save("objectives.csv", &table().csv());
    let options = vec![Signal::stored("Rows".to_owned()), Signal::stored("Table".to_owned())];
    let body = move || match (none.get(), as_table.get()) {
        (true, _) if question.get().is_narrowed() => view! { <p class="panel__empty">"No objective is set for these services."</p> },
        (true, _) => nothing(),
        (false, true) => view! { <div class="scroll" tabindex="0" role="region" aria-label="Objectives, table">{rows(table())}</div> },
        (false, false) => view! {
            <LevelRows each caption="Objectives, the worst first" />
            <p class="executive__note executive__scale">"Bars and lines share one scale, −20 to 100 %"</p>
        },
    };
    view! {
        <section class="panel executive__objectives" aria-labelledby="objectives-title">
            <div class="panel__head">
                <h2 id="objectives-title">"Objectives"</h2>
                <span class="panel__note">{move || note()}</span>
                <Lens label="Objectives: rows or table" options chosen=Signal::derive(move || usize::from(as_table.get())) choose=move |at| as_table.set(at == 1) />
                <button type="button" class="panel__save" aria-label="Save Objectives as CSV" disabled=move || none.get() on:click=save>
                    "CSV"
                </button>
            </div>
            {move || body()}
        </section>
    }
}

/// `17 · worst first · last 30 days`
fn note(rows: &[ObjectiveRow]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let window = &first.report.window;
    let same = rows.iter().all(|row| row.report.window.name == window.name);
    format!("{} · worst first · {}", rows.len(), if same { words::window(window) } else { "each over its own window".to_owned() })
}

/// What would fill the board, and the one command to try.
fn nothing() -> AnyView {
    let session = session();
    let copy = Callback::new(move |text: String| {
        spawn_local(async move {
            let copied = browser::copy(text).await;
            session.toasts.say(if copied { "Copied." } else { "This browser does not allow copying; select the text instead." });
        });
    });
    let command = format!("curl -X POST {}{FIRST_OBJECTIVE}", session.origin.get_value());
    view! {
        <EmptyState
            title="No objective yet"
            words="An objective says how much of a service has to be good. With one, this page says whether it is kept, what is left of its budget, and what spent it. Readings come from Prometheus, or are sent to /api/v1/sli."
        >
            <CopyBox label="First objective" text=command copy />
        </EmptyState>
    }
}
