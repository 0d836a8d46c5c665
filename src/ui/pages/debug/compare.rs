//! Which values of attributes, and which instances, there are more of among what fails or is slow.

use super::{
    state::Board,
    suspects::{Of, Suspects},
};
use crate::{
    charts::heat::percent,
    domain::{
        telemetry::differences::{Difference, DifferenceKind, Figure},
        wording::grouped,
    },
    ui::{
        components::loaded::{Load, Loading},
        drawing::view,
    },
};
use leptos::prelude::*;

#[component]
pub fn ComparePanel(board: Board) -> impl IntoView {
    let body = move || match board.told.get() {
        Load::Loading => view! { <Loading what="the comparison" /> },
        Load::Failed(failure) => view! { <p class="panel__empty">{format!("It could not be compared: {}.", failure.words)}</p> },
        Load::Ready(told) => {
            let items: Vec<&Difference> = told.items.iter().filter(|item| matches!(item.kind, DifferenceKind::Attribute | DifferenceKind::Resource)).collect();
            if items.is_empty() {
                return view! { <p class="panel__empty">"No attribute value and no instance is over-represented among slow or failing calls."</p> };
            }
            view! { <ul class="compare">{items.into_iter().map(item).collect_view()}</ul> }
        }
    };
    view! {
        <section class="panel debug__compare" aria-labelledby="compare-head">
            <div class="panel__head">
                <h2 id="compare-head">"Over-represented"</h2>
                <span class="panel__note">"among slow or failing calls"</span>
            </div>
            {body}
            <Suspects board of=Of::Gauges />
        </section>
    }
}

fn item(item: &Difference) -> AnyView {
    let subject = match (&item.attribute, &item.value, &item.instance) {
        (Some(attribute), Some(value), _) => format!("{attribute} = {value}"),
        (_, _, Some(instance)) => instance.clone(),
        (Some(attribute), ..) => attribute.clone(),
        _ => item.service.clone(),
    };
    let figure = |name: &str, figure: Figure| {
        let value = figure.value.filter(|value| (0.0..=1.0).contains(value)).map(|value| format!("{} ", percent(value))).unwrap_or_default();
        format!("{name} {value}n = {}", grouped(usize::try_from(figure.n).unwrap_or(usize::MAX)))
    };
    view! {
        <li class="compare__item">
            <b class="compare__subject">{subject}</b>
            <span class="muted">{item.service.clone()}</span>
            <span class="compare__text">{item.text.clone()}</span>
            <span class="muted">{format!("{} · {}", figure("now", item.now), figure("before", item.before))}</span>
        </li>
    }
}
