//! The figures against their targets, one line each; every line opens what stands behind it.

use super::sheet::Shown;
use crate::{
    domain::{
        executive::{Executive, Line, Measure, words as said},
        metrics::words::Direction,
        severity::Severity,
    },
    ui::{components::rows::rows, drawing::view},
};
use leptos::prelude::*;

/// Which line.
type Key = (Measure, Option<Severity>);

#[component]
pub fn Measures(board: RwSignal<Option<Executive>>, #[prop(into)] open: Callback<Shown>) -> impl IntoView {
    let lines = Memo::new(move |_| board.with(|board| board.as_ref().map(|board| board.lines.clone()).unwrap_or_default()));
    let note = move || board.with(|board| board.as_ref().map(said::table_note));
    let changes = move || lines.with(|lines| super::range_of(board).map(|range| said::changes(lines, &range)));
    let keys = move || lines.with(|lines| lines.iter().map(|line| (line.measure, line.severity)).collect::<Vec<Key>>());
    let row = move |(measure, severity): Key| {
        let line = Memo::new(move |_| lines.with(|lines| lines.iter().find(|line| (line.measure, line.severity) == (measure, severity)).cloned()));
        let missed = move || line.with(|line| line.as_ref().is_some_and(|line| line.missed)).then_some("true");
        let shown = Shown::Line { measure, severity };
        view! {
            <tr class="measure" data-missed=move || missed() data-own=severity.map(|_| "true")>
                // The percentile is a part of M2, and stands beneath it.
                <td class="measure__slug">{(severity.is_none() && measure != Measure::Slowest).then(|| measure.slug())}</td>
                <th scope="row">
                    <button type="button" class="link-button" aria-haspopup="dialog" on:click=move |_| open.run(shown.clone())>
                        {severity.is_some().then(|| view! { <span class="visually-hidden">{measure.title()} ", "</span> })}
                        {severity.map_or_else(|| measure.title(), Severity::label)}
                    </button>
                </th>
                {move || line.get().map(|line| cells(&line))}
            </tr>
        }
    };
    view! {
        <section class="panel executive__measures" aria-labelledby="measures-title">
            <div class="panel__head">
                <h2 id="measures-title">"Metrics"</h2>
                <span class="panel__note">{move || note()}</span>
                <button type="button" class="link-button executive__edit" aria-haspopup="dialog" on:click=move |_| open.run(Shown::Targets)>
                    "Targets"
                </button>
            </div>
            <table class="measures">
                <caption class="visually-hidden">"Figures against their targets. A cross marks what misses its target."</caption>
                <thead>
                    <tr>
                        <td></td>
                        <th scope="col">"Metric"</th>
                        <th scope="col">"median"</th>
                        <th scope="col">"p90"</th>
                        <th scope="col">"n"</th>
                        <th scope="col">"target"</th>
                    </tr>
                </thead>
                <tbody>{rows(keys, |key| *key, row)}</tbody>
            </table>
            <p class="executive__note">{move || changes()}</p>
        </section>
    }
}

fn cells(line: &Line) -> AnyView {
    let arrow = said::change(line).and_then(|(direction, words)| {
        let (sign, word) = match direction {
            Direction::Better => ("▲", "better"),
            Direction::Worse => ("▼", "worse"),
            Direction::Unclear => return None,
        };
        let words = format!("{word}: {words}");
        let title = words.clone();
        Some(view! {
            <span class="measure__arrow" data-direction=word title=title>
                <span aria-hidden="true">{sign} " "</span>
                <span class="visually-hidden">{words} " "</span>
            </span>
        })
    });
    let middle = said::middle(line);
    let last = middle.len().saturating_sub(1);
    let listed = line.value.is_none();
    let values = middle.into_iter().enumerate().map(|(place, (words, missed))| {
        let comma = (place < last).then_some(", ");
        // Of listed values each is judged for itself.
        let cross = (listed && missed).then_some("× ");
        view! { <span data-missed=missed.then_some("true")>{cross} {words} {comma}</span> }
    });
    let target = line.target.map(|target| {
        let missed = line.missed;
        view! {
            <span data-missed=missed.then_some("true")>
                {missed.then(|| view! { <span aria-hidden="true">"× "</span> <span class="visually-hidden">"missed, "</span> })} {said::target(line.measure, target)}
            </span>
        }
    });
    if let Some(why) = said::lacking(line.measure) {
        // On paper there is room for the first words alone.
        let (short, why) = why.split_once(": ").unwrap_or((why, ""));
        return view! {
            <td class="measure__lacking" colspan="3">{short}<span class="measure__why">{format!(": {why}")}</span></td>
            <td class="measure__target">{target}</td>
        };
    }
    let n = said::many(line.n);
    // Too few for a median: each value is told, and takes the room of both.
    let each = listed && line.p90.is_none() && line.n > 0 && line.measure != Measure::Slowest;
    view! {
        <td class="measure__middle" colspan=each.then_some("2")>{arrow} {values.collect_view()}</td>
        {(!each).then(|| view! { <td class="measure__ninth">{said::ninth(line)}</td> })}
        <td class="measure__n">{n}</td>
        <td class="measure__target">{target}</td>
    }
}
