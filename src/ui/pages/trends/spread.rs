//! How the incidents are spread over the range, as charts and as tables, and what each service lost.

use super::question::{Question, Shown};
use crate::{
    charts::{columns, medians},
    domain::metrics::{About, GroupBy, Range, ServiceAvailability, Step, Trends, words},
    ui::{chart::panel::ChartPanel, drawing::view, panels::service_link::service_link},
};
use leptos::prelude::*;

/// How many services are told at first.
const FIRST_SERVICES: usize = 8;

#[component]
pub fn Spread(trends: Trends, question: Question) -> impl IntoView {
    let (range, step) = (Range { from: trends.from, to: trends.to }, trends.step);
    let table = question.table("/api/v1/metrics/incidents/series", &range, &[("step", step.slug())]);
    let series = StoredValue::new(trends.series);
    let by = by_words(step);
    let note = words::range_words(&range);
    let columns = Callback::new(move |width: f64| series.with_value(|series| columns::scene(series, step, width)));
    let medians = Callback::new(move |width: f64| series.with_value(|series| medians::scene(series, step, width)));
    let counted = Callback::new(move |()| series.with_value(|series| columns::table(series, step)));
    let restored = Callback::new(move |()| series.with_value(|series| medians::table(series, step)));
    view! {
        <div class="trends__charts">
            <ChartPanel id="incidents-chart" title=format!("Incidents {by}") note=format!("{note}, by severity") csv=table.clone() draw=columns table=counted />
            <ChartPanel id="restore-chart" title=format!("Time to restore {by}") note=format!("{note}, medians") csv=table draw=medians table=restored />
        </div>
    }
}

fn by_words(step: Step) -> &'static str {
    match step {
        Step::Day => "by day",
        Step::Week => "by week",
        Step::Month => "by month",
        Step::Year => "by year",
    }
}

/// Which services were hurt, the worst first.
#[component]
pub fn Services(trends: Trends, question: Question, #[prop(into)] open: Callback<Shown>) -> impl IntoView {
    let range = Range { from: trends.from, to: trends.to };
    let note = format!("{} · union of impact windows · worst first", words::range_words(&range));
    if trends.services.is_empty() {
        return view! {
            <section class="panel" aria-labelledby="services-title">
                <div class="panel__head">
                    <h2 id="services-title">"Availability by service"</h2>
                </div>
                <p class="panel__empty">"No impact is recorded on any service in this range. It comes from alerts that hurt, or is set on the incident."</p>
            </section>
        };
    }
    let csv = question.table("/api/v1/metrics/incidents/behind", &range, &[("metric", About::AVAILABILITY)]);
    let mut first = trends.services;
    let rest = first.split_off(FIRST_SERVICES.min(first.len()));
    let row = move |service: ServiceAvailability| {
        let shown = Shown { metric: About::AVAILABILITY.to_owned(), by: GroupBy::Service, key: Some(service.service.clone()) };
        let value = words::availability(service.availability.availability);
        let label = format!("Availability of {}: {value}", service.service);
        view! {
            <tr>
                <th scope="row">{service_link(&service.service, true)}</th>
                <td class="number">
                    <button type="button" class="link-button" aria-haspopup="dialog" aria-label=label on:click=move |_| open.run(shown.clone())>
                        {value}
                    </button>
                </td>
                <td class="number">{words::duration(service.availability.downtime_s)}</td>
                <td class="number">{service.availability.incidents.to_string()}</td>
            </tr>
        }
    };
    let table = move |services: Vec<ServiceAvailability>| {
        view! {
            <table class="plain">
                <caption class="visually-hidden">"Availability by service"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Service"</th>
                        <th scope="col" class="number">"Availability"</th>
                        <th scope="col" class="number">"Hurt for"</th>
                        <th scope="col" class="number">"Incidents"</th>
                    </tr>
                </thead>
                <tbody>{services.into_iter().map(row).collect_view()}</tbody>
            </table>
        }
    };
    let more = (!rest.is_empty()).then(|| {
        view! {
            <details class="fold">
                <summary class="panel__more">{format!("{} more", rest.len())}</summary>
                {table(rest)}
            </details>
        }
    });
    view! {
        <section class="panel" aria-labelledby="services-title">
            <div class="panel__head">
                <h2 id="services-title">"Availability by service"</h2>
                <span class="panel__note">{note}</span>
                <a class="trends__csv" href=csv download="">
                    "CSV"
                </a>
            </div>
            {table(first)} {more}
        </section>
    }
}
