//! How fast the budget burns: every pair of windows in words and over time; the other windows.

use super::{one::Basis, pictures};
use crate::{
    charts::{Scene, burn, table::Table, view::View},
    domain::{
        metrics::words::two_digits,
        slo::{
            objective::Urgency,
            report::{BudgetReport, BurnAlert, ObjectivePage},
            words,
        },
        wording,
    },
    ui::{
        chart::{panel::ChartPanel, zoom::Zoom},
        components::{
            choice::Lens,
            icon::{Glyph, Icon},
        },
        drawing::view,
        panels::standing,
        session::session,
    },
};
use leptos::prelude::*;

fn alerts_of(page: Memo<Option<ObjectivePage>>) -> Memo<Vec<BurnAlert>> {
    Memo::new(move |_| page.with(|page| page.as_ref().map(|page| page.report.alerts.clone()).unwrap_or_default()))
}

pub fn panel(page: Memo<Option<ObjectivePage>>) -> AnyView {
    let alerts = alerts_of(page);
    let enabled = Memo::new(move |_| page.with(|page| page.as_ref().is_none_or(|page| page.objective.draft.alerting.enabled)));
    let note = move || {
        let firing = alerts.with(|alerts| alerts.iter().filter(|alert| alert.is_raised()).count());
        match (enabled.get(), firing, alerts.with(Vec::len)) {
            (false, ..) => "switched off: nothing is opened".to_owned(),
            (true, 0, _) => "none fires".to_owned(),
            (true, n, all) if n == all => "all fire".to_owned(),
            (true, n, all) => format!("{n} of {all} {}", if n == 1 { "fires" } else { "fire" }),
        }
    };
    let list = move || {
        let alerts = alerts.get();
        let count = alerts.len();
        let is_enabled = enabled.get();
        alerts.into_iter().enumerate().map(|(place, alert)| row(&pictures::pair_name(place, count), &alert, is_enabled)).collect_view()
    };
    view! {
        <section class="panel" aria-labelledby="burn-alerts-title">
            <div class="panel__head">
                <h2 id="burn-alerts-title">"Burn alerts"</h2>
                <span class="panel__note">{move || note()}</span>
            </div>
            <ul>{move || list()}</ul>
        </section>
    }
}

fn row(name: &str, alert: &BurnAlert, is_enabled: bool) -> AnyView {
    let verb = match alert.severity {
        Urgency::Page => "pages",
        Urgency::Ticket => "ticket",
    };
    let above = |factor: f64, long_s: i64, short_s: i64| format!("above {}×, {} and {}", two_digits(factor), wording::span(long_s), wording::span(short_s));
    let given =
        alert.lengthened_from.map(|given| format!(" (given as {}: its slices are too long for that)", above(given.factor, given.long_s, given.short_s)));
    let what = format!("{verb} {}{}", above(alert.factor, alert.long_s, alert.short_s), given.unwrap_or_default());
    let firing = alert.is_raised().then_some("true");
    let spent = format!("It fires once {} of the budget is spent within {}.", words::percent(alert.spent_at_firing), wording::span(alert.long_s));
    view! {
        <li class="burn" data-firing=firing title=spent>
            <Icon glyph=if alert.is_raised() { Glyph::Alarm } else { Glyph::Bell } />
            <b>{name.to_owned()}</b>
            <span class="burn__what">{what}</span>
            <b class="number">{pictures::rates(alert)}</b>
            <span class="burn__state">{pictures::verdict(alert, is_enabled)}</span>
        </li>
    }
}

/// The rates over time against what they are measured by, one pair at a time.
pub fn chart(page: Memo<Option<ObjectivePage>>, basis: RwSignal<Option<Basis>>) -> AnyView {
    let session = session();
    let alerts = alerts_of(page);
    let pair = RwSignal::new(0_usize);
    let names = Memo::new(move |_| alerts.with(|alerts| (0..alerts.len()).map(|place| pictures::pair_name(place, alerts.len())).collect::<Vec<_>>()));
    let picture = Memo::new(move |_| {
        let (page, basis) = (page.get()?, basis.get()?);
        let place = pair.get();
        let alert = page.report.alerts.get(place)?;
        let name = names.with(|names| names.get(place).cloned().unwrap_or_default());
        pictures::burning(&page, basis.series(), &name, alert, session.zone.get().wall())
    });
    let there = Memo::new(move |_| picture.with(Option::is_some));
    let zoom = Zoom::new(Signal::derive(move || picture.with(|picture| picture.as_ref().map(|picture| View { from: picture.from, until: picture.until }))));
    let draw = move |width: f64| {
        let near = zoom.near();
        let near = |picture: &burn::Burn| match near {
            Some(view) => burn::scene(&burn::Burn { from: view.from, until: view.until, ..picture.clone() }, width),
            None => burn::scene(picture, width),
        };
        picture.with(|picture| picture.as_ref().map_or_else(Scene::default, near))
    };
    let table = move |()| picture.with(|picture| picture.as_ref().map_or_else(Table::default, burn::table));
    let note = Signal::derive(move || picture.with(|picture| picture.as_ref().map(|picture| picture.title.clone()).unwrap_or_default()));
    let pairs = move || {
        let names = names.get();
        (names.len() > 1).then(|| {
            let options = names.iter().map(|name| Signal::stored(name.clone())).collect();
            view! { <div class="objective__pairs"><Lens label="Which pair of windows" options chosen=pair choose=move |at| pair.set(at) /></div> }
        })
    };
    (move || {
        there.get().then(|| {
            view! { <ChartPanel id="burn" title="Burn rates" note draw table zoom>{pairs}</ChartPanel> }
        })
    })
    .into_any()
}

/// The same objective over its other windows.
pub fn others(page: Memo<Option<ObjectivePage>>) -> AnyView {
    let others = Memo::new(move |_| page.with(|page| page.as_ref().map(|page| page.others.clone()).unwrap_or_default()));
    (move || {
        let others = others.get();
        (!others.is_empty()).then(|| {
            view! {
                <section class="panel" aria-labelledby="others-title">
                    <div class="panel__head"><h2 id="others-title">"Over other windows"</h2></div>
                    <ul>{others.iter().map(other).collect_view()}</ul>
                </section>
            }
        })
    })
    .into_any()
}

fn other(report: &BudgetReport) -> AnyView {
    let session = session();
    let outlook = words::outlook(report, session.live.now(), &session.zone.get());
    view! {
        <li class="burn">
            {standing::badge(report.state, None)}
            <span class="burn__what">{pictures::window(report)} " · " {outlook}</span>
            <b class="number">{words::left(report)}</b>
        </li>
    }
}
