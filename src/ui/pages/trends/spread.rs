//! How the incidents are spread over the range, as charts and as tables, and what each service lost.

use super::question::{Question, Shown};
use crate::{
    charts::{columns, medians},
    domain::{
        metrics::{About, GroupBy, Range, ServiceAvailability, Step, Trends, words},
        severity::Severity,
    },
    ui::{chart::Chart, components::choice::Lens, drawing::view},
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
    let counts = move || series.with_value(|series| series.iter().map(|bucket| count_row(step, bucket)).collect_view());
    let restored = move || series.with_value(|series| series.iter().map(|bucket| restored_row(step, bucket)).collect_view());
    let count_table = Callback::new(move |()| {
        view! {
            <table class="plain">
                <caption class="visually-hidden">{format!("Incidents {by}")}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Began"</th>
                        <th scope="col" class="number">"All"</th>
                        {Severity::ALL.map(|severity| view! { <th scope="col" class="number">{severity.label()}</th> }).collect_view()}
                        <th scope="col" class="number">"Unset"</th>
                    </tr>
                </thead>
                <tbody>{counts()}</tbody>
            </table>
        }
    });
    let restored_table = Callback::new(move |()| {
        view! {
            <table class="plain">
                <caption class="visually-hidden">{format!("Time to restore {by}")}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Began"</th>
                        <th scope="col">"Median, or each value"</th>
                        <th scope="col">"95 % interval"</th>
                        <th scope="col">"Left out"</th>
                    </tr>
                </thead>
                <tbody>{restored()}</tbody>
            </table>
        }
    });
    view! {
        <div class="trends__charts">
            <ChartPanel id="incidents-chart" title=format!("Incidents {by}") note=format!("{note}, by severity") csv=table.clone() draw=columns table=count_table />
            <ChartPanel id="restore-chart" title=format!("Time to restore {by}") note=format!("{note}, medians") csv=table draw=medians table=restored_table />
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

/// A chart with the table that says the same.
#[component]
fn ChartPanel(
    id: &'static str,
    #[prop(into)] title: String,
    #[prop(into)] note: String,
    csv: String,
    draw: Callback<f64, crate::charts::Scene>,
    table: Callback<(), AnyView>,
) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let title_id = format!("{id}-head");
    let titled = title_id.clone();
    let tabled = format!("{title}, table");
    let options = vec![Signal::stored("Chart".to_owned()), Signal::stored("Table".to_owned())];
    let body = move || {
        if as_table.get() {
            view! { <div class="scroll" tabindex="0" role="region" aria-label=tabled.clone()>{table.run(())}</div> }
        } else {
            view! { <Chart id draw /> }
        }
    };
    view! {
        <section class="panel" aria-labelledby=titled>
            <div class="panel__head">
                <h2 id=title_id>{title.clone()}</h2>
                <span class="panel__note">{note}</span>
                <Lens
                    label=format!("{title}: chart or table")
                    options
                    chosen=Signal::derive(move || usize::from(as_table.get()))
                    choose=move |at| as_table.set(at == 1)
                />
                <a href=csv download="">
                    "CSV"
                </a>
            </div>
            {move || body()}
        </section>
    }
}

fn count_row(step: Step, bucket: &crate::domain::metrics::Bucket) -> AnyView {
    let cells = bucket.by_severity.iter().map(|n| view! { <td class="number">{n.to_string()}</td> }).collect_view();
    view! {
        <tr>
            <th scope="row">{words::step_name(step, bucket)}</th>
            <td class="number">{bucket.incidents().to_string()}</td>
            {cells}
        </tr>
    }
}

fn restored_row(step: Step, bucket: &crate::domain::metrics::Bucket) -> AnyView {
    let interval = bucket.low_s.zip(bucket.high_s).map(|(low, high)| format!("{} to {}", words::duration(low), words::duration(high)));
    view! {
        <tr>
            <th scope="row">{words::step_name(step, bucket)}</th>
            <td>{words::restored(bucket)}</td>
            <td>{interval.unwrap_or_else(|| "too few values".to_owned())}</td>
            <td>{words::left_out(&bucket.excluded).unwrap_or_else(|| "nobody".to_owned())}</td>
        </tr>
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
                <th scope="row">{service.service}</th>
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
