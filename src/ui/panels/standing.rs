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

/// As charts call it; what is not measured is drawn like what is within, with its gaps.
pub fn drawn(standing: Standing) -> charts::Standing {
    match standing {
        Standing::Overspent => charts::Standing::Overspent,
        Standing::Low => charts::Standing::Low,
        Standing::Within | Standing::NotMeasured => charts::Standing::Within,
    }
}

/// What is left as a bar, on the scale that all rows share.
pub fn bar(id: &str, report: &BudgetReport, words: &str) -> AnyView {
    let unmeasured = report.state == Standing::NotMeasured;
    let range = report.worst_remaining_ratio.zip(report.best_remaining_ratio).filter(|(worst, best)| unmeasured && best - worst > 0.005);
    let bar = charts::bar::Bar {
        title: format!("{}: {words}", report.objective.title),
        left: report.tally.remaining_ratio,
        range,
        standing: drawn(report.state),
    };
    view! { <BudgetBar id=format!("bar-{id}") bar /> }
}

/// What was left over the window as a line of the size of a word.
pub fn spark(id: &str, row: &ObjectiveRow) -> AnyView {
    let window = &row.report.window;
    let until = row.report.at.min(window.to);
    let steps = i64::try_from(row.spark.len().max(2) - 1).unwrap_or(1);
    let long = until.micros_since(window.from).max(1);
    let at = |place: usize| crate::domain::time::Timestamp::from_micros(window.from.micros() + long * i64::try_from(place).unwrap_or(0) / steps);
    let left = charts::thin::Series::new(row.spark.iter().enumerate().map(|(place, left)| (at(place), *left)).collect());
    let spark = charts::spark::Spark { left, standing: drawn(row.report.state) };
    view! { <Sparkline id=format!("spark-{id}") spark from=window.from until /> }
}
