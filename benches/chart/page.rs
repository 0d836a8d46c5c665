//! The product's own chart on a page of its own, for `./dev bench`: readings in two arrays go in, a
//! drawn budget stands on the page. `benches/charts.mjs` times it beside a bare canvas.

use leptos::{mount::mount_to, prelude::*, task::tick, web_sys::HtmlElement};
use tocsin::{
    charts::{
        burn_down::{self, BurnDown},
        thin::Series,
        wall::Wall,
    },
    domain::time::Timestamp,
    ui::picture,
};
use wasm_bindgen::prelude::wasm_bindgen;

/// One chart in its place.
#[wasm_bindgen]
pub struct Chart {
    data: RwSignal<BurnDown>,
}

fn at(secs: f64) -> Timestamp {
    #[allow(clippy::cast_possible_truncation)] // seconds since 1970
    Timestamp::from_micros((secs * 1e6) as i64)
}

/// Shares over instants, as the chart of a budget has them.
fn picture_of(secs: &[f64], shares: &[f64]) -> BurnDown {
    let (from, until) = (at(secs.first().copied().unwrap_or(0.0)), at(secs.last().copied().unwrap_or(0.0)));
    let left = Series::new(secs.iter().zip(shares).map(|(secs, share)| (at(*secs), Some(*share))).collect());
    BurnDown { title: "What is left.".to_owned(), left, ..BurnDown::new(from, until, Wall::utc()) }
}

#[wasm_bindgen]
impl Chart {
    #[wasm_bindgen(constructor)]
    pub fn new(place: HtmlElement, width: f64) -> Chart {
        let data = RwSignal::new(BurnDown::new(at(0.0), at(1.0), Wall::utc()));
        let draw = move || data.with(|data| picture("bench", &burn_down::scene(data, width)));
        mount_to(place, move || draw).forget();
        Self { data }
    }

    /// Other readings.
    pub async fn redraw(&self, secs: Vec<f64>, shares: Vec<f64>) {
        self.data.set(picture_of(&secs, &shares));
        tick().await;
    }

    /// Another part of the same readings.
    pub async fn zoom(&self, from: f64, until: f64) {
        self.data.update(|data| (data.from, data.until) = (at(from), at(until)));
        tick().await;
    }
}

fn main() {}
