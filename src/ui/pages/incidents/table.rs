//! The rows that are seen: a grid on a desk, cards on a phone.

use super::{List, columns, costs};
use crate::{
    domain::{
        lists::{Column, IncidentRow},
        wording,
    },
    ui::{
        browser,
        components::{
            empty::EmptyState,
            icon::{Glyph, Icon},
            relative_time::{RelativeTime, exact},
            rows::rows,
            severity::{SeverityBadge, SeverityMark, severity_label, severity_slug},
            state::StateBadge,
        },
        drawing::view,
        panels::storm::storm,
        routes::Route,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

/// Where the storm of the unfolded row stands.
const UNFOLDED: &str = "unfolded";

/// One row and where it stands.
struct Item {
    position: usize,
    row: Arc<IncidentRow>,
    desk: bool,
}

pub fn table(list: List) -> AnyView {
    let shape = Memo::new(move |_| list.shape());
    let window = Memo::new(move |_| {
        let (_, height, _) = list.size.get();
        shape.get().window(list.scrolled.get(), height)
    });
    let columns = Memo::new(move |_| {
        let (width, _, rem) = list.size.get();
        // The rail and the page's edges take their part.
        let room = if width >= 1440.0 { width - 250.0 } else { width - 114.0 };
        list.view.with(|view| columns::fitting(&view.columns, room / rem))
    });
    let each = move || {
        list.roll.revision.track();
        let (first, last) = window.get();
        let desk = list.is_desk();
        // Rows are drawn anew when other columns are asked for.
        list.shown.with(|shown| {
            let places = shown.iter().enumerate().skip(first).take(last.saturating_sub(first));
            places.filter_map(|(position, place)| Some(Item { position, row: list.roll.row(*place)?, desk })).collect::<Vec<_>>()
        })
    };
    list.costs.follow(list, move || each().into_iter().map(|item| item.row).collect(), columns);
    // As many columns may be others: one gives way where another is asked for.
    let drawn_with = move || columns.with_untracked(|columns| columns.iter().map(|column| column.slug()).collect::<Vec<_>>());
    let key = move |item: &Item| (item.row.id, item.row.version, item.position, item.desk, drawn_with());
    let columns_drawn = move || {
        columns.track();
        each()
    };
    let draw = move |item: Item| if item.desk { line(list, &item, columns) } else { card(list, &item) };
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
            <div class="list__rows" role="rowgroup" id="incident-rows" style:height=move || format!("{}px", shape.get().height())>
                <div class="list__window" role="presentation" style:transform=move || format!("translateY({}px)", shape.get().top_of(window.get().0))>
                    {rows(columns_drawn, key, draw)}
                </div>
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

fn row_id(id: crate::domain::ids::IncidentId) -> String {
    format!("row-{id}")
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

fn line(list: List, item: &Item, columns: Memo<Vec<Column>>) -> AnyView {
    let (row, id) = (item.row.clone(), item.row.id);
    let cells = columns.with_untracked(|columns| columns.iter().map(|column| cell(list, &row, *column)).collect_view());
    let chosen = move || list.selection.with(|selection| selection.has(id));
    let unfolded = Memo::new(move |_| list.unfolded.get() == Some(id));
    view! {
        <div
            class="list__line list__row"
            role="row"
            id=row_id(id)
            aria-rowindex=(item.position + 2).to_string()
            aria-selected=move || chosen().to_string()
            data-focus=move || (list.focus.get() == Some(id)).then_some("true")
            data-unfolded=move || unfolded.get().then_some("true")
            on:click=move |event| {
                if event.shift_key() {
                    list.tick(id, true);
                } else {
                    list.focus.set(Some(id));
                }
            }
        >
            <div role="gridcell">
                <input
                    type="checkbox"
                    class="tick"
                    tabindex="-1"
                    aria-label=format!("Select {}", row.reference)
                    prop:checked=move || chosen()
                    on:click=move |event| {
                        event.stop_propagation();
                        list.tick(id, event.shift_key());
                    }
                />
            </div>
            <div role="gridcell">{fold_button(list, &row, unfolded)}</div>
            {cells}
        </div>
        {move || unfolded.get().then(|| unfold(list, id))}
    }
}

fn fold_button(list: List, row: &IncidentRow, unfolded: Memo<bool>) -> AnyView {
    let id = row.id;
    view! {
        <button
            type="button"
            class="fold-button"
            tabindex="-1"
            aria-label=format!("Alerts of {} by service", row.reference)
            aria-expanded=move || unfolded.get().to_string()
            on:click=move |event| {
                event.stop_propagation();
                list.fold(id, !unfolded.get_untracked());
            }
        >
            <Icon glyph=Glyph::ChevronDown />
        </button>
    }
}

/// What a row unfolds to. Its height is measured, so that the rows behind it stand right.
fn unfold(list: List, id: crate::domain::ids::IncidentId) -> AnyView {
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

fn cell(list: List, row: &Arc<IncidentRow>, column: Column) -> AnyView {
    let now = list.session.live.ticking();
    let number = column.is_number().then_some("true");
    let inside = match column {
        Column::Severity => view! { <SeverityBadge severity={row.shown_severity()} proposed={row.severity.is_none() && row.proposed.is_some()} /> },
        Column::Id => view! { <span class="mono muted">{row.reference.to_string()}</span> },
        Column::Title => {
            view! {
                {row.private.then(|| view! { <Icon glyph=Glyph::Lock /> })}
                <a class="list__title" tabindex="-1" href=Route::incident(row.reference).path()>
                    {row.title.clone()}
                </a>
            }
        }
        Column::Services => services(row),
        Column::Alerts => view! { <span title=format!("{} of {} fire", row.firing, row.alerts)>{wording::grouped(row.alerts as usize)}</span> },
        Column::Age => {
            let (started_at, resolved_at) = (row.started_at, row.resolved_at);
            (move || wording::span(resolved_at.unwrap_or_else(|| now.get()).secs_since(started_at))).into_any()
        }
        Column::Lead => who(list, row),
        Column::State => view! { <StateBadge state=row.state /> },
        Column::Updated => {
            let (row, at) = (row.clone(), row.updated_at);
            (move || match row.late_words(now.get()) {
                Some(words) => view! { <b class="list__late" title=exact(at)>{words}</b> },
                None => view! { <RelativeTime at now /> },
            })
            .into_any()
        }
        Column::Started => {
            let at = row.started_at;
            view! { <time title=exact(at)>{move || list.session.zone.get().clock(at, now.get())}</time> }
        }
        Column::Kind => row.kind.slug().into_any(),
        Column::Cost => costs::cell(list, row.id),
        Column::Labels => row.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ").into_any(),
    };
    view! {
        <div role="gridcell" class="list__cell" data-column=column.slug() data-number=number>
            {inside}
        </div>
    }
}

/// Few are named, with a way to each; many are counted.
fn services(row: &IncidentRow) -> AnyView {
    if row.services.len() > 3 {
        let all = row.services.iter().map(|service| service.to_string()).collect::<Vec<_>>().join(", ");
        return view! { <span class="muted" title=all>{wording::count(row.services.len(), "service", "services")}</span> };
    }
    let link = |(at, service): (usize, &Arc<str>)| {
        view! {
            {(at > 0).then_some(", ")}
            <a class="list__service" tabindex="-1" href=Route::Service(service.to_string()).path()>
                {service.to_string()}
            </a>
        }
    };
    row.services.iter().enumerate().map(link).collect_view().into_any()
}

/// Who has it; that nobody has an open one is what is read first.
fn who(list: List, row: &Arc<IncidentRow>) -> AnyView {
    let now = list.session.live.ticking();
    let row = row.clone();
    let words = Memo::new(move |_| row.who_has_it(now.get()).map(|who| who.to_string()).ok_or(row.state.is_open()));
    (move || match words.get() {
        Ok(name) => name.into_any(),
        Err(true) => view! { <b>"Nobody"</b> },
        Err(false) => view! { <span class="muted">"–"</span> },
    })
    .into_any()
}

fn card(list: List, item: &Item) -> AnyView {
    let (row, id) = (item.row.clone(), item.row.id);
    let now = list.session.live.ticking();
    let (started_at, resolved_at, state) = (row.started_at, row.resolved_at, row.state);
    let chosen = move || list.selection.with(|selection| selection.has(id));
    let unfolded = Memo::new(move |_| list.unfolded.get() == Some(id));
    let severity = row.shown_severity();
    let alerts = match row.alerts {
        0 => state.label().to_lowercase(),
        1 => "1 alert".to_owned(),
        alerts => format!("{} alerts", wording::grouped(alerts as usize)),
    };
    let storm = row.alerts > 1;
    let late = row.clone();
    let to = Route::incident(row.reference);
    let path = to.path();
    view! {
        <div
            class="list__card list__row"
            role="row"
            id=row_id(id)
            aria-rowindex=(item.position + 2).to_string()
            aria-selected=move || chosen().to_string()
            data-focus=move || (list.focus.get() == Some(id)).then_some("true")
            data-unfolded=move || unfolded.get().then_some("true")
            on:click=move |event| {
                if list.picking.get_untracked() {
                    event.prevent_default();
                    list.tick(id, false);
                }
            }
        >
            <div class="list__mark" role="gridcell">
                {move || {
                    if list.picking.get() {
                        view! { <input type="checkbox" class="tick" tabindex="-1" aria-label=format!("Select {}", row.reference) prop:checked=move || chosen() /> }
                    } else {
                        view! { <SeverityMark severity /> }
                    }
                }}
            </div>
            <div class="list__first" role="gridcell">
                <a class="list__title" tabindex="-1" href=path>{item.row.title.clone()}</a>
                <span class="list__age">{move || wording::span(resolved_at.unwrap_or_else(|| now.get()).secs_since(started_at))}</span>
            </div>
            <div class="list__second" role="gridcell" data-severity=severity_slug(severity)>
                <span class="severity-word">{severity_label(severity)}</span>
                " · "
                {item.row.reference.to_string()}
                " · "
                {who(list, &item.row)}
                " · "
                {alerts}
                {move || late.late_words(now.get()).map(|words| view! { " · " <b class="list__late">{words}</b> })}
            </div>
            {storm.then(|| view! { <div class="list__fold" role="gridcell">{fold_button(list, &item.row, unfolded)}</div> })}
        </div>
        {move || unfolded.get().then(|| unfold(list, id))}
    }
}
