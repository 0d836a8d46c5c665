//! A chart as a card of the page: its name and range, the switch to the table that says the same,
//! and what can be saved of it.
//!
//! ```ignore
//! let data = StoredValue::new(burn_down);
//! view! {
//!     <ChartPanel
//!         id="budget"
//!         title="Budget left"
//!         note="last 30 days, 10 ahead if INC-418 ended now · 96 % measured"
//!         draw=move |width| data.with_value(|data| burn_down::scene(data, width))
//!         table=move |()| data.with_value(burn_down::table)
//!         readings=move |()| data.with_value(burn_down::readings)
//!     />
//! }
//! ```
//!
//! `draw` and `table` may read signals: the chart and the table then follow them.

use super::{Chart, paint::picture_id, zoom::Zoom};
use crate::{
    charts::{Scene, table::Table},
    ui::{browser, components::choice::Lens, drawing::view},
};
use leptos::prelude::*;

/// Rows that are shown; the rest is in the CSV.
const MOST_ROWS: usize = 400;

#[component]
pub fn ChartPanel(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    #[prop(into)] title: String,
    /// The range, and what else has to be known to read it.
    #[prop(into)]
    note: Signal<String>,
    /// The picture for a width in pixels.
    #[prop(into)]
    draw: Callback<f64, Scene>,
    /// The same in rows.
    #[prop(into)]
    table: Callback<(), Table>,
    /// Where the server hands out the CSV. Without it the browser makes it from `readings`.
    #[prop(optional, into)]
    csv: Option<String>,
    /// What the CSV holds, where that is more than the table.
    #[prop(optional, into)]
    readings: Option<Callback<(), Table>>,
    /// Where one can come closer along the axis of time.
    #[prop(optional)]
    zoom: Option<Zoom>,
    /// What stands beneath the chart: a sentence, a list.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let title_id = format!("{id}-head");
    let titled = title_id.clone();
    let tabled = format!("{title}, table");
    let drawing = picture_id(&id);
    let file = file_name(&title);
    let options = vec![Signal::stored("Chart".to_owned()), Signal::stored("Table".to_owned())];
    let body = move || {
        if as_table.get() {
            view! {
                <div class="scroll" tabindex="0" role="region" aria-label=tabled.clone()>
                    {rows(table.run(()))}
                </div>
            }
        } else {
            match zoom {
                Some(zoom) => view! { <Chart id=id.clone() draw zoom /> },
                None => view! { <Chart id=id.clone() draw /> },
            }
        }
    };
    let csv = match csv {
        Some(address) => {
            let label = format!("{title} as CSV");
            view! { <a class="panel__save" href=address download="" aria-label=label>"CSV"</a> }
        }
        None => {
            let (file, label) = (format!("{file}.csv"), format!("Save {title} as CSV"));
            let save = move |_| browser::save(&file, &readings.unwrap_or(table).run(()).csv());
            view! { <button type="button" class="panel__save" aria-label=label on:click=save>"CSV"</button> }
        }
    };
    let (svg_label, png_label) = (format!("Save {title} as SVG"), format!("Save {title} as PNG"));
    let svg = {
        let (drawing, file) = (drawing.clone(), format!("{file}.svg"));
        move |_| browser::save_svg(&drawing, &file)
    };
    let png = {
        let file = format!("{file}.png");
        move |_| browser::save_png(&drawing, &file)
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
                <div class="panel__saves">
                    {csv}
                    // Only what is drawn can be saved.
                    <button type="button" class="panel__save" aria-label=svg_label disabled=move || as_table.get() on:click=svg>
                        "SVG"
                    </button>
                    <button type="button" class="panel__save" aria-label=png_label disabled=move || as_table.get() on:click=png>
                        "PNG"
                    </button>
                </div>
            </div>
            {move || body()}
            {children.map(|children| children())}
        </section>
    }
}

/// A name that every file system takes: `budget-left`.
fn file_name(title: &str) -> String {
    let letters: String = title.to_lowercase().chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    letters.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// A table whose first cells name their rows.
pub fn rows(table: Table) -> AnyView {
    let Table { caption, columns, rows } = table;
    let kinds: Vec<Option<&'static str>> = columns.iter().map(|(_, is_number)| is_number.then_some("number")).collect();
    let left_out = rows.len().saturating_sub(MOST_ROWS);
    let row = |cells: Vec<String>| {
        let cell = |(at, words): (usize, String)| {
            let class = kinds.get(at).copied().flatten();
            if at == 0 {
                view! { <th scope="row">{words}</th> }
            } else {
                view! { <td class=class>{words}</td> }
            }
        };
        view! { <tr>{cells.into_iter().enumerate().map(cell).collect_view()}</tr> }
    };
    let heads = columns.into_iter().zip(&kinds).map(|((title, _), class)| view! { <th scope="col" class=*class>{title}</th> }).collect_view();
    let body = rows.into_iter().take(MOST_ROWS).map(row).collect_view();
    let more = (left_out > 0).then(|| view! { <p class="panel__more">{format!("{left_out} more rows are in the CSV.")}</p> });
    view! {
        <table class="plain">
            <caption class="visually-hidden">{caption}</caption>
            <thead>
                <tr>{heads}</tr>
            </thead>
            <tbody>{body}</tbody>
        </table>
        {more}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_like_their_chart() {
        assert_eq!((file_name("Budget left"), file_name("p95 · 99 % / EU")), ("budget-left".to_owned(), "p95-99-eu".to_owned()));
    }

    #[test]
    fn a_table_is_cut_with_a_word() {
        let rows_of = |n: usize| Table {
            caption: "Budget left".to_owned(),
            columns: vec![("Day", false), ("Left", true)],
            rows: vec![vec!["6 Nov".to_owned(), "21 %".to_owned()]; n],
        };
        let html = |n| Owner::new().with(|| rows(rows_of(n)).to_html());
        assert!(html(2).contains("<th scope=\"row\">6 Nov</th><td class=\"number\">21 %</td>") && !html(2).contains("more rows"), "{}", html(2));
        assert!(html(420).contains("20 more rows are in the CSV."));
    }
}
