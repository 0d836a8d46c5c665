//! Charts of the size of a word, for rows: how much budget is left, and how it went.
//!
//! ```ignore
//! view! {
//!     <BudgetBar id=format!("bar-{}", objective.id) bar=Bar { title, left, range, standing } width=100.0 />
//!     <Sparkline id=format!("spark-{}", objective.id) spark=Spark { left, standing } from until />
//! }
//! ```

use super::paint::small_picture;
use crate::{
    charts::{
        bar::{self, Bar},
        spark::{self, Spark},
    },
    domain::time::Timestamp,
};
use leptos::prelude::*;

/// Budget left against zero, on the scale all rows share.
#[component]
pub fn BudgetBar(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    bar: Bar,
    #[prop(default = 100.0)] width: f64,
) -> impl IntoView {
    small_picture(&id, &bar::scene(&bar, width))
}

/// Budget left over time, without an axis; its name says the first, the lowest and the last value.
#[component]
pub fn Sparkline(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    spark: Spark,
    from: Timestamp,
    until: Timestamp,
    #[prop(default = spark::DESK)] size: (f64, f64),
) -> impl IntoView {
    small_picture(&id, &spark::scene(&spark, from, until, size))
}
