//! Every figure as a button that opens what stands behind it: as cards for all incidents, as a
//! table for groups.

use super::question::Shown;
use crate::{
    domain::{
        metrics::{About, Figure, GroupBy, Range, TrendGroup, Trends, availability::Availability, find, words},
        wording,
    },
    ui::drawing::view,
};
use leptos::prelude::*;
use words::Direction;

/// A figure in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub metric: String,
    pub title: &'static str,
    pub value: String,
    pub beneath: String,
    pub left_out: Option<String>,
    pub change: Option<(Direction, String)>,
}

impl Told {
    fn of(figure: &Figure, range: &Range) -> Option<Self> {
        let metric = find(&figure.metric)?;
        Some(Self {
            metric: figure.metric.clone(),
            title: metric.title,
            value: words::figure(metric, figure, range),
            beneath: words::beneath(metric, figure),
            left_out: words::left_out(&figure.excluded),
            change: figure.change.as_ref().map(|change| words::change(metric, change)),
        })
    }

    fn availability(availability: &Availability) -> Self {
        let incidents = wording::count(usize::try_from(availability.incidents).unwrap_or(usize::MAX), "incident", "incidents");
        Self {
            metric: About::AVAILABILITY.to_owned(),
            title: About::Availability.title(),
            value: words::availability(availability.availability),
            beneath: format!("{} hurt, by {incidents}", words::duration(availability.downtime_s)),
            left_out: None,
            change: None,
        }
    }

    /// All figures of a group, in the order in which they are shown.
    pub fn all(group: &TrendGroup, range: &Range) -> Vec<Self> {
        let figures = group.figures.iter().filter_map(|figure| Self::of(figure, range));
        figures.chain(group.availability.as_ref().map(Self::availability)).collect()
    }

    /// The number that is open, as it stands on the screen.
    pub fn shown(trends: &Trends, shown: &Shown) -> Option<Self> {
        let range = Range { from: trends.from, to: trends.to };
        let group = if shown.by == GroupBy::None { Some(&trends.all) } else { trends.groups.iter().find(|group| group.key == shown.key) };
        let told = group.and_then(|group| Self::all(group, &range).into_iter().find(|told| told.metric == shown.metric));
        let of_service = || trends.services.iter().find(|service| Some(&service.service) == shown.key.as_ref());
        told.or_else(|| of_service().filter(|_| shown.metric == About::AVAILABILITY).map(|service| Self::availability(&service.availability)))
    }
}

/// The arrow says which way, the words how far; neither stands there without an interval.
pub fn change_words((direction, words): &(Direction, String)) -> (&'static str, String) {
    match direction {
        Direction::Better => ("better", format!("Better: {words}")),
        Direction::Worse => ("worse", format!("Worse: {words}")),
        Direction::Unclear => ("unclear", capital(words)),
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

/// The figures over all incidents.
#[component]
pub fn Cards(trends: Trends, #[prop(into)] open: Callback<Shown>) -> impl IntoView {
    let range = Range { from: trends.from, to: trends.to };
    let card = move |told: Told| {
        let shown = Shown { metric: told.metric, by: GroupBy::None, key: None };
        let change = told.change.as_ref().map(change_words).map(|(direction, words)| {
            view! { <span class="figure__change" data-direction=direction>{words}</span> }
        });
        view! {
            <li>
                <button type="button" class="figure" aria-haspopup="dialog" on:click=move |_| open.run(shown.clone())>
                    <span class="figure__title">{told.title}</span>
                    <span class="figure__value">{told.value}</span>
                    <span class="figure__note">{told.beneath}</span>
                    {told.left_out.map(|words| view! { <span class="figure__note">{words}</span> })}
                    {change}
                </button>
            </li>
        }
    };
    view! { <ul class="figures" aria-label="Figures">{Told::all(&trends.all, &range).into_iter().map(card).collect_view()}</ul> }
}

/// The same figures of each group, one line a group.
#[component]
pub fn Groups(trends: Trends, by: GroupBy, #[prop(into)] open: Callback<Shown>) -> impl IntoView {
    let range = Range { from: trends.from, to: trends.to };
    let titles = Told::all(&trends.all, &range).into_iter().map(|told| view! { <th scope="col">{told.title}</th> }).collect_view();
    let line = move |group: TrendGroup| {
        let key = group.key.clone();
        let name = key.clone().unwrap_or_else(|| nameless(by).to_owned());
        let of = name.clone();
        let cell = move |told: Told| {
            let shown = Shown { metric: told.metric, by, key: key.clone() };
            let label = format!("{} of {of}: {}, {}", told.title, told.value, told.beneath);
            view! {
                <td data-label=told.title>
                    <button type="button" class="link-button" aria-haspopup="dialog" aria-label=label on:click=move |_| open.run(shown.clone())>
                        {told.value}
                    </button>
                    <span class="groups__note">{told.beneath}</span>
                </td>
            }
        };
        view! {
            <tr>
                <th scope="row">{name} <span class="groups__note">{incidents(group.incidents)}</span></th>
                {Told::all(&group, &range).into_iter().map(cell).collect_view()}
            </tr>
        }
    };
    view! {
        <table class="groups">
            <caption class="visually-hidden">{format!("Figures {}", super::filters::group_words(by).to_lowercase())}</caption>
            <thead>
                <tr>
                    <th scope="col">"Group"</th>
                    {titles}
                </tr>
            </thead>
            <tbody>{trends.groups.into_iter().map(line).collect_view()}</tbody>
        </table>
    }
}

fn incidents(n: u64) -> String {
    wording::count(usize::try_from(n).unwrap_or(usize::MAX), "incident", "incidents")
}

/// What a group without a key holds.
pub fn nameless(by: GroupBy) -> &'static str {
    match by {
        GroupBy::None | GroupBy::Month => "All",
        GroupBy::Severity => "No severity set",
        GroupBy::Service => "No service named",
    }
}
