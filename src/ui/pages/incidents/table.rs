//! The rows that are seen: a grid on a desk, cards on a phone.

use super::{
    List, ROW, columns,
    lines::{self, Item},
    row_id,
};
use crate::{
    domain::{ids::IncidentId, lists::Column},
    ui::{browser, components::empty::EmptyState, drawing::view, panels::storm::storm},
};
use leptos::{ev::MouseEvent, html, prelude::*};

/// Where the storm of the unfolded row stands.
const UNFOLDED: &str = "unfolded";

pub fn table(list: List) -> AnyView {
    let shape = Memo::new(move |_| list.shape());
    let window = Memo::new(move |_| {
        let (_, height, _) = list.size.get();
        shape.get().window(list.scrolled.get(), height, list.spare.get())
    });
    let columns = Memo::new(move |_| {
        let (width, _, rem) = list.size.get();
        // The rail and the page's edges take their part.
        let room = if width >= 1440.0 { width - 250.0 } else { width - 114.0 };
        list.view.with(|view| columns::fitting(&view.columns, room / rem))
    });
    let each = move || {
        let (first, last) = window.get();
        let desk = list.is_desk();
        list.shown.with(|shown| {
            let places = shown.places().iter().enumerate().skip(first).take(last.saturating_sub(first));
            places.filter_map(|(position, place)| Some(Item { position, row: list.roll.row(*place)?, desk })).collect::<Vec<_>>()
        })
    };
    let seen = move || {
        list.roll.revision.track();
        each().into_iter().map(|item| item.row).collect()
    };
    list.costs.follow(list, seen, columns);
    let place = NodeRef::<html::Div>::new();
    lines::follow(list, place, each, columns);
    let active = move || {
        let id = list.focus.get()?;
        let (first, last) = window.get();
        list.shown.track();
        list.position(id).filter(|at| (first..last).contains(at)).map(|_| row_id(id))
    };
    let none = Memo::new(move |_| shape.get().rows == 0);
    view! {
        <div
            class="list"
            id="incident-grid"
            role="grid"
            tabindex="0"
            aria-label="Incidents"
            aria-multiselectable="true"
            aria-rowcount=move || (shape.get().rows + 1).to_string()
            aria-activedescendant=move || active()
            style=("--tracks", move || columns.with(|columns| columns::tracks(columns)))
        >
            {head(list, columns)}
            <div
                class="list__rows"
                role="rowgroup"
                id="incident-rows"
                style:height=move || format!("{}px", shape.get().height())
                on:click=move |event| clicked(list, &event)
            >
                <div
                    class="list__window"
                    role="presentation"
                    node_ref=place
                    style:transform=move || format!("translateY({}px)", shape.get().top_of(window.get().0))
                ></div>
            </div>
        </div>
        {move || none.get().then(|| empty(list))}
    }
}

fn empty(list: List) -> AnyView {
    list.roll.revision.track();
    if list.roll.len() == 0 {
        view! { <EmptyState title="No incident yet" words="Alerts open incidents by themselves, people declare them, and the past is imported by “tocsin import FILE”." /> }
    } else {
        view! {
            <EmptyState title="None of the incidents is among these" words="Take a filter away to see more.">
                <button type="button" class="button" on:click=move |_| list.open(&crate::domain::lists::View::default())>"Show all"</button>
            </EmptyState>
        }
    }
}

/// A click somewhere in a row.
fn clicked(list: List, event: &MouseEvent) {
    let row = browser::around(event, "[aria-rowindex]");
    let Some(id) = row.and_then(|row| row.id().strip_prefix(ROW)?.parse::<IncidentId>().ok()) else { return };
    if browser::around(event, ".fold-button").is_some() {
        list.fold(id, list.unfolded.get_untracked() != Some(id));
    } else if untrack(|| !list.is_desk()) {
        if list.picking.get_untracked() {
            event.prevent_default();
            list.tick(id, false);
        }
    } else if event.shift_key() || browser::around(event, ".tick").is_some() {
        list.tick(id, event.shift_key());
    } else {
        list.focus.set(Some(id));
    }
}

fn head(list: List, columns: Memo<Vec<Column>>) -> AnyView {
    let column = move |column: Column| {
        let sort = move || list.view.with(|view| view.sort);
        let sorted = move || match sort() {
            sort if sort.by != Some(column) => "none",
            sort if sort.reverse => "descending",
            _ => "ascending",
        };
        if !column.is_sortable() {
            let number = column.is_number().then_some("true");
            return view! { <div class="list__head-cell" role="columnheader" data-number=number><span class="list__sort">{column.label()}</span></div> };
        }
        view! {
            <div class="list__head-cell" role="columnheader" aria-sort=move || sorted() data-number=column.is_number().then_some("true")>
                <button type="button" class="list__sort" tabindex="-1" on:click=move |_| list.sort(column)>
                    {column.label()}
                </button>
            </div>
        }
    };
    let all = move || list.selection.with(|selection| !selection.all().is_empty());
    let choose_all = move |_| {
        if list.selection.with_untracked(|selection| selection.all().is_empty()) {
            let ids = list.ids();
            list.selection.update(|selection| selection.add(&ids));
        } else {
            list.pick(false);
        }
    };
    view! {
        <div class="list__head" role="rowgroup">
            <div class="list__line" role="row" aria-rowindex="1">
                <div role="columnheader">
                    <input type="checkbox" class="tick" tabindex="-1" aria-label="Select all that are shown" prop:checked=move || all() on:change=choose_all />
                </div>
                <div role="columnheader">
                    <span class="visually-hidden">"Alerts by service"</span>
                </div>
                {move || columns.get().into_iter().map(column).collect_view()}
            </div>
        </div>
    }
}

/// What a row unfolds to. Its height is measured, so that the rows behind it stand right.
pub fn unfold(list: List, id: IncidentId) -> AnyView {
    let measure = Callback::new(move |()| {
        browser::after_paint(move || {
            let _ = list.unfolded_height.try_set(browser::height_of(UNFOLDED));
        })
    });
    measure.run(());
    view! {
        <div class="list__unfolded" role="row" id=UNFOLDED>
            <div role="gridcell">{storm(id, measure)}</div>
        </div>
    }
}
