//! What stands in a row: the cells of a table's line and the parts of a card. How each is drawn is
//! its shape; there are few of them, and all that differs between two of a shape is written.

use super::{
    List, costs,
    lines::{Cell, Item},
};
use crate::{
    domain::{
        incident::State,
        lists::{Column, IncidentRow},
        severity::Severity,
        time::Timestamp,
        wording,
    },
    ui::{
        browser::Words,
        components::{
            icon::{Glyph, Icon},
            relative_time::{ago, exact},
            severity::{SeverityBadge, SeverityMark, severity_label, severity_slug},
            state::StateBadge,
        },
        drawing::view,
        routes::Route,
    },
};
use leptos::prelude::*;

/// More services than this are counted.
const NAMED: usize = 3;

/// How a cell is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Tick,
    Fold,
    /// The severity, and whether it is only proposed.
    Severity(Option<Severity>, bool),
    /// Whether it is private.
    Title(bool),
    /// So many links.
    Services(usize),
    /// Words with more about them.
    Said(Column),
    /// A time, and whether it says how long ago that is.
    Time(Column),
    /// How late the next update is.
    Late,
    Plain(Column),
    Nobody(Column),
    NoOne(Column),
    State(State),
    Cost,
    /// A card's.
    Mark(Option<Severity>),
    MarkTick,
    First,
    /// Its severity, what stands where it says who has it, and whether its next update is late.
    Second(Option<Severity>, Who, bool),
    CardFold,
}

/// Whether somebody has it; that nobody has an open one is what is read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Somebody,
    Nobody,
    NoOne,
}

/// The cells of a row.
pub fn of(list: List, item: &Item, columns: &[Column]) -> Vec<Cell> {
    if item.desk { line(list, &item.row, columns) } else { card(list, &item.row) }
}

/// A shape, drawn; what is written in it stands empty.
pub fn draw(shape: Shape) -> AnyView {
    match shape {
        Shape::Tick => view! { <div role="gridcell"><input type="checkbox" class="tick" tabindex="-1" data-written="" /></div> },
        Shape::Fold => view! { <div role="gridcell">{fold()}</div> },
        Shape::Severity(severity, proposed) => cell(Column::Severity, view! { <SeverityBadge severity proposed /> }),
        Shape::Title(private) => cell(
            Column::Title,
            view! {
                {private.then(|| view! { <Icon glyph=Glyph::Lock /> })}
                <a class="list__title" tabindex="-1" data-written="">" "</a>
            },
        ),
        Shape::Services(n) => {
            let link = |at| view! { {(at > 0).then_some(", ")} <a class="list__service" tabindex="-1" data-written="">" "</a> };
            cell(Column::Services, (0..n).map(link).collect_view().into_any())
        }
        Shape::Said(column) => cell(column, view! { <span data-written="">" "</span> }),
        Shape::Time(column) => {
            let class = (column == Column::Updated).then_some("relative-time");
            cell(column, view! { <time class=class data-written="">" "</time> })
        }
        Shape::Late => cell(Column::Updated, view! { <b class="list__late" data-written="">" "</b> }),
        Shape::Plain(column) => {
            let class = (column == Column::Id).then_some("mono muted");
            cell(column, view! { <span class=class data-written="">" "</span> })
        }
        Shape::Nobody(column) => cell(column, view! { <b>"Nobody"</b> }),
        Shape::NoOne(column) => cell(column, view! { <span class="muted">"–"</span> }),
        Shape::State(state) => cell(Column::State, view! { <StateBadge state /> }),
        Shape::Cost => cell(
            Column::Cost,
            view! {
                <span data-written="">" "</span>
                <span class="visually-hidden" data-written="">" "</span>
            },
        ),
        Shape::Mark(severity) => view! { <div class="list__mark" role="gridcell"><SeverityMark severity /></div> },
        Shape::MarkTick => view! { <div class="list__mark" role="gridcell"><input type="checkbox" class="tick" tabindex="-1" data-written="" /></div> },
        Shape::First => view! {
            <div class="list__first" role="gridcell">
                <a class="list__title" tabindex="-1" data-written="">" "</a>
                <span class="list__age" data-written="">" "</span>
            </div>
        },
        Shape::Second(severity, who, is_late) => {
            let who = match who {
                Who::Somebody => view! { <span data-written="">" "</span> },
                Who::Nobody => view! { <b>"Nobody"</b> },
                Who::NoOne => view! { <span class="muted">"–"</span> },
            };
            view! {
                <div class="list__second" role="gridcell" data-severity=severity_slug(severity)>
                    <span class="severity-word">{severity_label(severity)}</span>
                    " · "
                    <span data-written="">" "</span>
                    " · "
                    {who}
                    " · "
                    <span data-written="">" "</span>
                    {is_late.then(|| view! { " · " <b class="list__late" data-written="">" "</b> })}
                </div>
            }
        }
        Shape::CardFold => view! { <div class="list__fold" role="gridcell">{fold()}</div> },
    }
}

fn cell(column: Column, inside: AnyView) -> AnyView {
    view! {
        <div role="gridcell" class="list__cell" data-column=column.slug() data-number=column.is_number().then_some("true")>
            {inside}
        </div>
    }
}

fn fold() -> AnyView {
    view! {
        <button type="button" class="fold-button" tabindex="-1" data-written="">
            <Icon glyph=Glyph::ChevronDown />
        </button>
    }
}

fn line(list: List, row: &IncidentRow, columns: &[Column]) -> Vec<Cell> {
    let mut cells = Vec::with_capacity(columns.len() + 2);
    cells.push(Cell { shape: Shape::Tick, words: vec![tick(list, row)] });
    cells.push(Cell { shape: Shape::Fold, words: vec![folded(list, row)] });
    cells.extend(columns.iter().map(|column| cell_of(list, row, *column)));
    cells
}

fn cell_of(list: List, row: &IncidentRow, column: Column) -> Cell {
    let now = list.session.live.ticking().get_untracked();
    let plain = |text: String| (Shape::Plain(column), vec![Words::text(text)]);
    let (shape, words) = match column {
        Column::Severity => (Shape::Severity(row.shown_severity(), row.severity.is_none() && row.proposed.is_some()), vec![]),
        Column::Id => plain(row.reference.to_string()),
        Column::Title => (Shape::Title(row.private), vec![title(row)]),
        // Few are named, with a way to each; many are counted.
        Column::Services if row.services.len() > NAMED => {
            let all = row.services.iter().map(|service| service.to_string()).collect::<Vec<_>>().join(", ");
            (Shape::Said(column), vec![Words::text(wording::count(row.services.len(), "service", "services")).with("title", all).with("class", "muted")])
        }
        Column::Services => {
            let link = |service: &std::sync::Arc<str>| Words::text(&**service).with("href", Route::Service(service.to_string()).path());
            (Shape::Services(row.services.len()), row.services.iter().map(link).collect())
        }
        Column::Alerts => {
            (Shape::Said(column), vec![Words::text(wording::grouped(row.alerts as usize)).with("title", format!("{} of {} fire", row.firing, row.alerts))])
        }
        Column::Age => plain(age(row, now)),
        Column::Lead => match who(row, now) {
            (Who::Somebody, name) => plain(name),
            (Who::Nobody, _) => (Shape::Nobody(column), vec![]),
            (Who::NoOne, _) => (Shape::NoOne(column), vec![]),
        },
        Column::State => (Shape::State(row.state), vec![]),
        Column::Updated => {
            let at = row.updated_at;
            match row.late_words(now) {
                Some(late) => (Shape::Late, vec![Words::text(late).with("title", exact(at))]),
                None => (Shape::Time(column), vec![Words::text(ago(at, now)).with("datetime", at.to_string()).with("title", exact(at))]),
            }
        }
        Column::Started => {
            let at = row.started_at;
            (Shape::Time(column), vec![Words::text(list.session.zone.get_untracked().clock(at, now)).with("title", exact(at))])
        }
        Column::Kind => plain(row.kind.slug().to_owned()),
        Column::Cost => (Shape::Cost, costs::words(list, row.id)),
        Column::Labels => plain(row.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")),
    };
    Cell { shape, words }
}

fn card(list: List, row: &IncidentRow) -> Vec<Cell> {
    let now = list.session.live.ticking().get_untracked();
    let severity = row.shown_severity();
    let alerts = match row.alerts {
        0 => row.state.label().to_lowercase(),
        1 => "1 alert".to_owned(),
        alerts => format!("{} alerts", wording::grouped(alerts as usize)),
    };
    let mark = if list.picking.get_untracked() {
        Cell { shape: Shape::MarkTick, words: vec![tick(list, row)] }
    } else {
        Cell { shape: Shape::Mark(severity), words: vec![] }
    };
    let (has_it, name) = who(row, now);
    let mut second = vec![Words::text(row.reference.to_string())];
    second.extend((has_it == Who::Somebody).then(|| Words::text(name)));
    second.push(Words::text(alerts));
    let late = row.late_words(now).map(Words::text);
    let is_late = late.is_some();
    second.extend(late);
    let mut cells = vec![
        mark,
        Cell { shape: Shape::First, words: vec![title(row), Words::text(age(row, now))] },
        Cell { shape: Shape::Second(severity, has_it, is_late), words: second },
    ];
    if row.alerts > 1 {
        cells.push(Cell { shape: Shape::CardFold, words: vec![folded(list, row)] });
    }
    cells
}

fn tick(list: List, row: &IncidentRow) -> Words {
    Words::default().with("aria-label", format!("Select {}", row.reference)).checked(list.selection.with_untracked(|selection| selection.has(row.id)))
}

fn folded(list: List, row: &IncidentRow) -> Words {
    let is_unfolded = list.unfolded.get_untracked() == Some(row.id);
    Words::default().with("aria-label", format!("Alerts of {} by service", row.reference)).with("aria-expanded", is_unfolded.to_string())
}

fn title(row: &IncidentRow) -> Words {
    Words::text(row.title.clone()).with("href", Route::incident(row.reference).path())
}

fn age(row: &IncidentRow, now: Timestamp) -> String {
    wording::span(row.resolved_at.unwrap_or(now).secs_since(row.started_at))
}

/// Who has it, and their name.
fn who(row: &IncidentRow, now: Timestamp) -> (Who, String) {
    match row.who_has_it(now) {
        Some(name) => (Who::Somebody, name.to_string()),
        None if row.state.is_open() => (Who::Nobody, String::new()),
        None => (Who::NoOne, String::new()),
    }
}
