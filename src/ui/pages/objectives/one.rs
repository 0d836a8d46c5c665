//! One objective: its budget over time, what spent it, how fast it burns, what is left out of it,
//! and what would be if.

use super::{alerts, exclusions, explain, gate, head, pictures, spent, what_if::WhatIfPanel};
use crate::{
    api,
    charts::{burn_down, view::View},
    domain::{
        failure::Failure,
        slo::{
            board::Ground,
            cost::Span,
            objective::Objective,
            report,
            report::BudgetReport,
            series::Series,
            whatif::{self, Outcome, Sums, WhatIf},
            zone::Zone,
        },
    },
    ui::{
        address::address_of,
        browser,
        chart::{panel::ChartPanel, zoom::Zoom},
        components::{
            loaded::{Failed, Loading},
            toast_list::sentence,
        },
        drawing::view,
        follow::follow,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// What what-if and the burn rates are computed from: one moment, all of it.
#[derive(Clone)]
pub struct Basis(Arc<Inner>);

struct Inner {
    objective: Objective,
    report: BudgetReport,
    series: Series,
    incidents: Vec<Span>,
    sums: Sums,
}

impl Basis {
    pub fn new(page: &report::ObjectivePage, ground: Ground) -> Self {
        let (objective, report, series) = (page.objective.clone(), page.report.clone(), ground.slices.series());
        let sums = Sums::of(&objective, &series, &report, &ground.incidents);
        Self(Arc::new(Inner { objective, report, series, incidents: ground.incidents, sums }))
    }

    pub fn answer(&self, asked: &WhatIf, zone: &dyn Zone) -> Vec<Outcome> {
        let Inner { objective, series, sums, .. } = &*self.0;
        whatif::Ground { objective, series, zone, sums }.answer(asked)
    }

    pub fn objective(&self) -> &Objective {
        &self.0.objective
    }

    pub fn report(&self) -> &BudgetReport {
        &self.0.report
    }

    pub fn series(&self) -> &Series {
        &self.0.series
    }

    pub fn incidents(&self) -> &[Span] {
        &self.0.incidents
    }
}

/// Each answer is another one, even where its figures are the same.
impl PartialEq for Basis {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[component]
pub fn ObjectivePage(name: String) -> impl IntoView {
    let session = session();
    let address = session.address;
    browser::set_title(&format!("{name} · Objectives · Tocsin"));
    let name = StoredValue::new(name);
    let asked = Memo::new(move |_| address.query.with(|query| query.get("window").map(str::to_owned)));
    let came = RwSignal::new(None::<report::ObjectivePage>);
    let basis = RwSignal::new(None::<Basis>);
    let failure = RwSignal::new(None::<Failure>);
    let turn = StoredValue::new(0_u32);
    let fetch = move || {
        let mine = turn.get_value() + 1;
        turn.set_value(mine);
        let window = asked.get_untracked();
        spawn_local(async move {
            let answer = api::objectives::page(name.get_value(), window).await;
            // A slower answer to an earlier question is dropped, and so is one nobody waits for.
            if turn.try_get_value() != Some(mine) {
                return;
            }
            match answer {
                Ok(now) => {
                    came.set(Some(now.clone()));
                    failure.set(None);
                    // The slices are many; the page stands before they come.
                    if let Ok(ground) = api::objectives::ground(name.get_value()).await
                        && turn.try_get_value() == Some(mine)
                    {
                        basis.set(Some(Basis::new(&now, ground)));
                    }
                }
                // What was known stays on the screen.
                Err(refused) => failure.set(Some(refused)),
            }
        });
    };
    Effect::new(move |_| {
        asked.track();
        fetch();
    });
    follow(fetch);

    let page = Memo::new(move |_| came.get());
    let there = Memo::new(move |_| page.with(Option::is_some));
    let explaining = RwSignal::new(false);
    let again = Callback::new(move |()| fetch());
    let choose = Callback::new(move |window: String| {
        basis.set(None);
        address.amend(&address_of(&Route::Objective(name.get_value()).path(), &[("window", &window)]));
    });
    // What is on the screen stays there, with what is typed into it, when it is asked for again.
    let failed = Memo::new(move |_| failure.get().filter(|_| !there.get()));
    let body = move || match (there.get(), failed.get()) {
        (true, _) => view! { <Body page basis again /> },
        (false, Some(failure)) => view! {
            <Failed failure again />
            <p><a class="button" href=Route::Objectives.path()>"To all objectives"</a></p>
        },
        (false, None) => view! { <Loading what="the objective" /> },
    };
    let old = move || failure.get().filter(|_| there.get()).map(|failure| format!("These figures are not the newest: {}", sentence(&failure.words)));
    let drawer = move || {
        explaining.get().then(|| {
            let window = asked.get_untracked();
            explain::drawer(name.get_value(), window, Callback::new(move |()| explaining.set(false)))
        })
    };
    view! {
        <div class="page objective">
            {head::sentence(page, name)} <p class="executive__old" role="status">{move || old()}</p>
            {head::facts(page, Callback::new(move |()| explaining.set(true)))}
            {head::windows(page, choose)}
            {move || body()}
        </div>
        {move || drawer()}
    }
}

/// Everything beneath the sentence.
#[component]
fn Body(page: Memo<Option<report::ObjectivePage>>, basis: RwSignal<Option<Basis>>, again: Callback<()>) -> impl IntoView {
    let session = session();
    let picture = Memo::new(move |_| page.with(|page| page.as_ref().map(|page| pictures::budget_left(page, session.zone.get()))));
    let whole = Signal::derive(move || picture.with(|picture| picture.as_ref().map(|picture| View { from: picture.from, until: picture.until })));
    let zoom = Zoom::new(whole);
    let seen = Memo::new(move |_| {
        let picture = picture.get()?;
        let Some(view) = zoom.near() else { return Some(picture) };
        let near = page.with(|page| {
            let page = page.as_ref()?;
            Some(basis.with(|basis| pictures::closer(picture.clone(), view, page, basis.as_ref().map(Basis::series))))
        });
        Some(near.unwrap_or(picture))
    });
    // The scale grows at once and shrinks only when the page is loaded again.
    let lowest = StoredValue::new(0.0_f64);
    let draw = move |width: f64| {
        seen.with(|picture| {
            let Some(picture) = picture else { return crate::charts::Scene::default() };
            let floor = burn_down::floor(picture).min(lowest.get_value());
            lowest.set_value(floor);
            burn_down::scene(&burn_down::BurnDown { floor, ..picture.clone() }, width)
        })
    };
    let table = move |()| picture.with(|picture| picture.as_ref().map(burn_down::table).unwrap_or_default());
    let readings = Callback::new(move |()| picture.with(|picture| picture.as_ref().map(burn_down::readings).unwrap_or_default()));
    let note = Signal::derive(move || page.with(|page| page.as_ref().map(|page| pictures::note(page, session.zone.get())).unwrap_or_default()));
    view! {
        <ChartPanel id="budget" title="Budget left" note draw table readings zoom />
        <div class="objective__columns">
            <div class="objective__column">{spent::panel(page)} {alerts::panel(page)} {gate::panel(page, again)}</div>
            <div class="objective__column">
                <WhatIfPanel basis /> {alerts::others(page)} {exclusions::panel(page, again)}
            </div>
        </div>
        {alerts::chart(page, basis)}
    }
}
