//! How an objective stands: sign, word and colour together, and its row.

use crate::{
    charts,
    domain::slo::report::{BudgetReport, ObjectiveRow, Standing},
    ui::{
        chart::rows::{BudgetBar, Sparkline},
        components::icon::{Glyph, Icon},
        drawing::view,
    },
};
use leptos::prelude::*;

/// Sign and word.
pub fn badge(standing: Standing, more: Option<String>) -> AnyView {
    let words = match more {
        Some(more) => format!("{}, {more}", standing.words()),
        None => standing.words().to_owned(),
    };
    view! {
        <span class="standing" data-standing=standing.slug()>
            {sign(standing.slug())}
            <span>{words}</span>
        </span>
    }
}

/// The sign alone, by the slug of a standing; it is decoration beside the word.
pub fn sign(slug: &'static str) -> AnyView {
    let glyph = match slug {
        "overspent" => Glyph::Spent,
        "low" => Glyph::Falling,
        "within" => Glyph::Check,
        _ => Glyph::Unplugged,
    };
    view! { <Icon glyph /> }
}

/// What is left as a bar, on the scale that all rows share.
pub fn bar(id: &str, report: &BudgetReport) -> AnyView {
    view! { <BudgetBar id=format!("bar-{id}") bar=charts::bar::Bar::of(report) /> }
}

/// What was left over the window as a line of the size of a word.
pub fn spark(id: &str, row: &ObjectiveRow) -> AnyView {
    let window = &row.report.window;
    let until = row.report.at.min(window.to);
    let steps = i64::try_from(row.spark.len().max(2) - 1).unwrap_or(1);
    let long = until.micros_since(window.from).max(1);
    let at = |place: usize| crate::domain::time::Timestamp::from_micros(window.from.micros() + long * i64::try_from(place).unwrap_or(0) / steps);
    let left = charts::thin::Series::new(row.spark.iter().enumerate().map(|(place, left)| (at(place), *left)).collect());
    let spark = charts::spark::Spark { left, standing: charts::Standing::of(row.report.state) };
    view! { <Sparkline id=format!("spark-{id}") spark from=window.from until /> }
}
