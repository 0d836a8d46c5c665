//! Who calls, and who adds how much of the errors. A caller whose bar ends at its tick only follows
//! the traffic.

use super::{heats::BrushChip, state::Board};
use crate::{
    charts::heat::{percent, seconds},
    domain::telemetry::board::{Caller, callers},
    ui::drawing::view,
};
use leptos::prelude::*;

const MOST: usize = 6;

#[component]
pub fn CallersPanel(board: Board) -> impl IntoView {
    let listed = Memo::new(move |_| {
        let answer = board.answer.get()?;
        let all = &answer.page.callers;
        let selected = board.selected.get().map(|(_, selected)| selected);
        let selected = selected.as_deref().map_or(all.as_slice(), Vec::as_slice);
        let (rows, others) = callers(all, selected, answer.spans.compared.seconds(), MOST);
        Some(rows.into_iter().chain(others).collect::<Vec<_>>())
    });
    let one_service = move || board.answer.with(|answer| answer.as_ref().is_some_and(|answer| answer.question.service.is_some()));
    let chip = move || {
        let brush = board.question.with(|question| question.brush)?;
        // Callers are counted over its time, whatever the duration.
        let time = crate::charts::heat::brush::Brush { min_s: None, max_s: None, ..brush };
        let words = time.words(&board.session.zone.get().wall());
        Some(view! { <BrushChip board words /> })
    };
    let updating = move || {
        let words = match board.unselected.get() {
            Some(failure) => format!("not of this selection: {}", failure.words),
            None => board.is_updating().then(|| "updating".to_owned())?,
        };
        Some(view! { <span class="panel__note" role="status">{words}</span> })
    };
    let body = move || match listed.get() {
        None => ().into_any(),
        Some(rows) if rows.is_empty() => view! { <p class="panel__empty">"Nobody called in this time."</p> },
        Some(rows) => table(&rows, one_service()),
    };
    view! {
        <section class="panel debug__callers" aria-labelledby="callers-head">
            <div class="panel__head">
                <h2 id="callers-head">"Top callers"</h2>
                {chip}
                {updating}
                <span class="callers__tick-key">"share of all calls"</span>
            </div>
            {body}
        </section>
    }
}

fn table(rows: &[Caller], one_service: bool) -> AnyView {
    // One scale for all bars and ticks, to the next ten percent.
    let most = rows.iter().flat_map(|row| [row.share_of_added.unwrap_or(0.0), row.share_of_calls]).fold(0.1, f64::max);
    let end = (most * 10.0).ceil() / 10.0;
    let drawn = rows.iter().map(|row| line(row, end, one_service)).collect_view();
    view! {
        <table class="callers">
            <caption class="visually-hidden">"Callers, those that add most of the errors first"</caption>
            <thead>
                <tr>
                    <th scope="col">"Caller"</th>
                    <th scope="col" class="number">"Requests/s"</th>
                    <th scope="col" class="number">"Errors"</th>
                    <th scope="col" class="number">"p95"</th>
                    <th scope="col">"Share of added errors"</th>
                </tr>
            </thead>
            <tbody>{drawn}</tbody>
        </table>
    }
}

fn line(row: &Caller, end: f64, one_service: bool) -> AnyView {
    let caller = row.name.clone().unwrap_or_else(|| "from outside".to_owned());
    let name = if one_service || row.service.is_empty() { caller } else { format!("{caller} → {}", row.service) };
    let rate = if row.per_second >= 10.0 { format!("{:.0}", row.per_second) } else { format!("{:.1}", row.per_second) };
    let errors = if row.requests == 0 { "–".to_owned() } else { percent(row.errors as f64 / row.requests as f64) };
    let width = |share: f64| format!("{:.1}%", (share / end * 100.0).clamp(0.0, 100.0));
    let added = row.share_of_added.map_or_else(|| "none added".to_owned(), percent);
    let share = row.share_of_added.unwrap_or(0.0);
    let said = format!("{} of all calls", percent(row.share_of_calls));
    let n = crate::domain::wording::grouped(usize::try_from(row.requests).unwrap_or(usize::MAX));
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="number" data-label="/s">{rate}</td>
            <td class="number" data-label=" errors" title=format!("n = {n}")>{errors}</td>
            <td class="number" data-label="p95">{row.p95_s.map_or_else(|| "–".to_owned(), seconds)}</td>
            <td class="callers__share">
                <span class="callers__track" aria-hidden="true">
                    <span class="callers__bar" style:width=width(share)></span>
                    <span class="callers__tick" style:left=width(row.share_of_calls)></span>
                </span>
                <span class="callers__added">{added} <span class="visually-hidden">{format!(", {said}")}</span></span>
            </td>
        </tr>
    }
}
