//! Objectives as rows: name, state, what is left, how it went and what will become of it. On a
//! phone each takes two lines; what is within budget and far from the top stays folded.

use super::standing;
use crate::{
    charts::table::Table,
    domain::{
        executive::words as said,
        slo::{
            frame,
            report::{ObjectiveRow, Standing},
            target::Target,
            words,
            zone::Zone as _,
        },
        time::Timestamp,
    },
    ui::{components::rows::rows, drawing::view, routes::Route, session::session, times::Zone},
};
use leptos::prelude::*;

/// How many rows a desk shows before the fold; how many beyond those that need attention a phone
/// does, and how many at most, so that what is open beneath them begins on the first screen.
const DESK: usize = 8;
const PHONE: usize = 2;
const PHONE_MOST: usize = 4;
const DAY_SECS: i64 = 86_400;

/// The rows of `each`, which stand in their order.
#[component]
pub fn LevelRows(
    #[prop(into)] each: Signal<Vec<ObjectiveRow>>,
    /// What the table is about, for those who cannot see it.
    #[prop(into)]
    caption: String,
    /// All of them, however many.
    #[prop(optional)]
    whole: bool,
) -> impl IntoView {
    let all = RwSignal::new(false);
    let fold = move |shown: fn(&[ObjectiveRow]) -> usize| each.with(|rows| if whole { rows.len() } else { shown(rows) });
    let desk = Memo::new(move |_| fold(|rows| said::shown(rows, DESK, 0)));
    let phone = Memo::new(move |_| fold(|rows| said::shown_at_most(rows, PHONE, PHONE_MOST)));
    let ids = move || each.with(|rows| rows.iter().map(|row| row.report.objective.id).collect::<Vec<_>>());
    // Where the window is not the same for all, or a page of the calendar, each row names its own.
    let named = Memo::new(move |_| each.with(|rows| names_windows(rows)));
    let row = move |id| {
        let row = Memo::new(move |_| each.with(|rows| rows.iter().find(|row| row.report.objective.id == id).cloned()));
        let place = Memo::new(move |_| each.with(|rows| rows.iter().position(|row| row.report.objective.id == id)).unwrap_or(0));
        let folded = move || match place.get() {
            place if place >= desk.get() && place >= phone.get() => Some("both"),
            place if place >= desk.get() => Some("desk"),
            place if place >= phone.get() => Some("phone"),
            _ => None,
        };
        let slug = move || row.with(|row| row.as_ref().map(|row| row.report.state.slug()));
        view! {
            <tr class="level" data-standing=move || slug() data-folded=move || folded()>
                {move || row.get().map(|row| cells(&row, named.get()))}
            </tr>
        }
    };
    let more = move |phone_only: bool| {
        let shown = if phone_only { phone.get() } else { desk.get() };
        each.with(|rows| rows.get(shown..).filter(|rest| !rest.is_empty()).map(said::rest))
    };
    let rest = move |class: &'static str, phone_only: bool| {
        more(phone_only).map(|words| {
            view! {
                <label class=class>
                    <input type="checkbox" class="levels__all" prop:checked=move || all.get() on:change=move |event| all.set(event_target_checked(&event)) />
                    <span>{words}</span>
                    <span class="levels__show" aria-hidden="true"></span>
                </label>
            }
        })
    };
    view! {
        <div class="levels">
            <table class="levels__table">
                <caption class="visually-hidden">{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Objective"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" colspan="2">"Budget left"</th>
                        <th scope="col">"Window"</th>
                        <th scope="col">"Forecast"</th>
                    </tr>
                </thead>
                <tbody>{rows(ids, |id| *id, row)}</tbody>
            </table>
            {move || rest("levels__more levels__more--desk", false)} {move || rest("levels__more levels__more--phone", true)}
        </div>
    }
}

fn names_windows(rows: &[ObjectiveRow]) -> bool {
    let Some(first) = rows.first().map(|row| &row.report.window) else { return false };
    rows.iter().any(|row| row.report.window.kind != frame::ROLLING || row.report.window.name != first.name)
}

fn cells(row: &ObjectiveRow, is_named: bool) -> AnyView {
    let session = session();
    let zone = session.zone.get();
    let now = session.live.now();
    let report = &row.report;
    let id = report.objective.id.to_string();
    let left = words::left(report);
    let outlook = words::outlook(report, now, &zone);
    let soon = report.exhaustion.forecast_at.filter(|_| report.state == Standing::Low).map(|at| format!("out {}", short(at, now, zone)));
    let bar = standing::bar(&id, report);
    let urgent = soon.is_some().then_some("true");
    view! {
        <th scope="row" class="level__name">
            <a href=Route::objective_path(&report.objective.name)>{report.objective.title.clone()}</a>
            // The target never stands on a line alone.
            <span class="level__target">"\u{a0}"{target(report.objective.target)}</span>
            {is_named.then(|| view! { <span class="level__window">{words::window(&report.window)}</span> })}
        </th>
        <td class="level__state">
            <span class="level__desk">{standing::badge(report.state, None)}</span>
            <span class="level__phone">{standing::badge(report.state, soon)}</span>
        </td>
        <td class="level__bar">{bar}</td>
        <td class="level__left">{left}</td>
        <td class="level__spark">{standing::spark(&id, row)}</td>
        <td class="level__outlook" data-urgent=urgent>
            {outlook}
        </td>
    }
}

/// `99.9 %`, in as few digits as say it exactly.
pub fn target(ratio: f64) -> String {
    Target::imported(&format!("{ratio}")).map_or_else(|_| words::percent(ratio), Target::percent_text)
}

/// `Thu` within the next days, `2 Dec` later.
fn short(at: Timestamp, now: Timestamp, zone: Zone) -> String {
    let day = words::short_day(at, &zone);
    let (weekday, date) = day.split_once(' ').unwrap_or((day.as_str(), ""));
    let days = (zone.local(at).day() - zone.local(now).day()).num_days();
    match days {
        _ if at.secs_since(now) < DAY_SECS && days == 0 => "today".to_owned(),
        ..=6 => weekday.to_owned(),
        _ => date.to_owned(),
    }
}

/// The same as a table and as CSV.
pub fn table(rows: &[ObjectiveRow], now: Timestamp, zone: Zone) -> Table {
    let columns = vec![
        ("Objective", false),
        ("Target", true),
        ("State", false),
        ("Good", true),
        ("Left", true),
        ("Left of the budget", true),
        ("Measured", true),
        ("Window", false),
        ("Forecast", false),
    ];
    let row = |row: &ObjectiveRow| {
        let report = &row.report;
        vec![
            report.objective.title.clone(),
            target(report.objective.target),
            report.state.words().to_owned(),
            report.tally.sli.map_or_else(|| "not measured".to_owned(), crate::domain::metrics::words::availability),
            words::left(report),
            report.tally.remaining_ratio.map_or_else(|| "not known".to_owned(), words::percent),
            said::measured(report.coverage),
            words::window(&report.window),
            words::outlook(report, now, &zone),
        ]
    };
    Table { caption: "Objectives, the worst first".to_owned(), columns, rows: rows.iter().map(row).collect() }
}
