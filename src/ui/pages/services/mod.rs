//! Services: a list, the worst first, and a page for each.

mod edit;
mod neighbours;
mod one;

pub use one::ServicePage;

use crate::{
    api,
    domain::{
        lists::encode,
        services::{MAX_TIER, Service},
        wording,
    },
    ui::{
        browser,
        components::{
            empty::EmptyState,
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            relative_time::RelativeTime,
            severity::{SeverityMark, severity_label},
        },
        drawing::view,
        follow::follow,
        panels::standing,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// What is looked at, as the address says.
#[derive(Clone, Debug, Default, PartialEq)]
struct Asked {
    text: String,
    owner: Option<String>,
    tier: Option<i64>,
    /// Only those with an open incident.
    open: bool,
}

impl Asked {
    fn holds(&self, service: &Service) -> bool {
        let text = self.text.to_lowercase();
        let owner = service.owner.as_deref().unwrap_or_default();
        (text.is_empty() || service.name.to_lowercase().contains(&text) || owner.to_lowercase().contains(&text))
            && self.owner.as_deref().is_none_or(|wanted| wanted == owner)
            && self.tier.is_none_or(|tier| service.tier == Some(tier))
            && (!self.open || !service.open.is_empty())
    }

    /// How many are set of the filters that a phone shows only on request.
    fn more_filters(&self) -> usize {
        [self.owner.is_some(), self.tier.is_some(), self.open].into_iter().filter(|is_set| *is_set).count()
    }

    fn path(&self) -> String {
        let mut pairs = Vec::new();
        pairs.extend((!self.text.is_empty()).then(|| format!("q={}", encode(&self.text))));
        pairs.extend(self.owner.as_ref().map(|owner| format!("owner={}", encode(owner))));
        pairs.extend(self.tier.map(|tier| format!("tier={tier}")));
        pairs.extend(self.open.then(|| "open=1".to_owned()));
        let path = Route::Services.path();
        if pairs.is_empty() { path } else { format!("{path}?{}", pairs.join("&")) }
    }
}

#[component]
pub fn Services() -> impl IntoView {
    let session = session();
    browser::set_title("Services · Tocsin");
    let load = RwSignal::new(Load::Loading);
    let adding = RwSignal::new(false);
    let fetch = move || {
        spawn_local(async move {
            let answer = api::services::list().await;
            let _ = load.try_set(Load::from_answer(answer));
        });
    };
    Effect::new(move |_| fetch());
    follow(fetch);
    let query = session.address.query;
    let asked = Memo::new(move |_| {
        query.with(|query| Asked {
            text: query.get("q").unwrap_or_default().to_owned(),
            owner: query.get("owner").map(str::to_owned),
            tier: query.get("tier").and_then(|tier| tier.parse().ok()),
            open: query.get("open") == Some("1"),
        })
    });
    let change = move |change: &dyn Fn(&mut Asked)| {
        let mut wanted = asked.get_untracked();
        change(&mut wanted);
        session.address.amend(&wanted.path());
    };
    let listener = window_event_listener(leptos::ev::keydown, move |event| match browser::plain_key(&event).as_deref() {
        Some("/") => {
            event.prevent_default();
            browser::select_field("service-search");
        }
        Some("j") => browser::step_rows(true),
        Some("k") => browser::step_rows(false),
        _ => {}
    });
    on_cleanup(move || listener.remove());
    let body = move || match load.get() {
        Load::Loading => view! { <Loading what="the services" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| fetch() /> },
        Load::Ready(services) if services.is_empty() => view! {
            <EmptyState title="No service yet" words="Services appear by themselves as alerts and incidents name them; one can also be added by hand." />
        },
        Load::Ready(services) => {
            let shown: Vec<Service> = services.into_iter().filter(|service| asked.get().holds(service)).collect();
            if shown.is_empty() {
                view! { <p class="panel__empty">"None of the services is among these."</p> }
            } else {
                table(shown)
            }
        }
    };
    let facts = move || {
        let Load::Ready(services) = load.get() else { return ().into_any() };
        let open = services.iter().filter(|service| !service.open.is_empty()).count();
        let unowned = services.iter().filter(|service| service.owner.is_none()).count();
        view! {
            <span class="list-head__count">
                {services.len()} " · " {open} " with an open incident" {(unowned > 0).then(|| view! { " · " <b class="services__unowned">{unowned} " without an owner"</b> })}
            </span>
        }
    };
    let owners = move || {
        let Load::Ready(services) = load.get() else { return vec![] };
        services.into_iter().filter_map(|service| service.owner).collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    };
    let owner_option = move |owner: String| {
        let (known, words) = (owner.clone(), owner.clone());
        view! { <option value=owner selected=move || asked.with(|asked| asked.owner.as_ref() == Some(&known))>{words}</option> }
    };
    let unfolded = RwSignal::new(false);
    let more = move || match asked.with(Asked::more_filters) {
        0 => "Filters".to_owned(),
        set => format!("Filters ({set})"),
    };
    view! {
        <div class="page services">
            <div class="list-head">
                <h1 class="page__title">"Services"</h1>
                {move || facts()}
                <button type="button" class="button services__add" on:click=move |_| adding.set(true)>
                    <Icon glyph=Glyph::Plus />
                    "Add a service"
                </button>
            </div>
            <div class="services__filters" data-open=move || unfolded.get().then_some("true")>
                <div class="list-search" role="search">
                    <Icon glyph=Glyph::Search />
                    <input
                        class="input"
                        id="service-search"
                        type="search"
                        aria-label="Find a service or an owner"
                        placeholder="Find a service or an owner"
                        autocomplete="off"
                        prop:value=move || asked.with(|asked| asked.text.clone())
                        on:input=move |event| change(&|asked| asked.text = event_target_value(&event))
                    />
                </div>
                <button type="button" class="button services__more" aria-expanded=move || unfolded.get().to_string() on:click=move |_| unfolded.update(|open| *open = !*open)>
                    {more}
                </button>
                <select class="input" data-size="small" aria-label="Owner" on:change=move |event| change(&|asked| asked.owner = Some(event_target_value(&event)).filter(|owner| !owner.is_empty()))>
                    <option value="">"Any owner"</option>
                    {move || owners().into_iter().map(owner_option).collect_view()}
                </select>
                <select class="input" data-size="small" aria-label="Tier" on:change=move |event| change(&|asked| asked.tier = event_target_value(&event).parse().ok())>
                    <option value="">"Any tier"</option>
                    {(1..=MAX_TIER)
                        .map(|tier| view! { <option value=tier.to_string() selected=move || asked.with(|asked| asked.tier == Some(tier))>{format!("Tier {tier}")}</option> })
                        .collect_view()}
                </select>
                <label class="check">
                    <input type="checkbox" prop:checked=move || asked.with(|asked| asked.open) on:change=move |event| change(&|asked| asked.open = event_target_checked(&event)) />
                    "With an open incident"
                </label>
            </div>
            <section class="panel" aria-label="Services, the worst first">{move || body()}</section>
        </div>
        {move || adding.get().then(|| edit::add(move || adding.set(false)))}
    }
}

fn table(services: Vec<Service>) -> AnyView {
    let now = session().live.ticking();
    let row = move |service: Service| {
        let owner = match service.owner.clone() {
            Some(owner) => owner.into_any(),
            None => view! { <b class="services__unowned">"No owner"</b> },
        };
        let more = service.open.len().saturating_sub(1);
        let open = match service.open.first() {
            None => view! { <span class="muted">"none"</span> },
            Some(open) => view! {
                <a class="services__open" href=Route::incident(open.reference).path() title=open.title.clone()>
                    <SeverityMark severity={open.severity} />
                    <span class="visually-hidden">{severity_label(open.severity)}</span>
                    <span class="mono">{open.reference.to_string()}</span>
                </a>
                {(more > 0).then(|| format!(" +{more}"))}
            },
        };
        let change = match service.last_change.clone() {
            None => view! { <span class="muted">"unknown"</span> },
            Some(change) => view! { <span class="services__change">{change.title}</span> " " <span class="muted"><RelativeTime at=change.at now /></span> },
        };
        let level = match service.worst_objective.clone() {
            None => view! { <span class="muted">"none set"</span> },
            Some(worst) => view! {
                <span class="standing" data-standing=worst.state.slug() title=worst.title.clone()>
                    {standing::sign(worst.state.slug())}
                    <span class="visually-hidden">{format!("{}, {}: ", worst.title, worst.state.words().to_lowercase())}</span>
                    <span>{worst.words()}</span>
                </span>
            },
        };
        let last = match service.last_incident_at {
            None => view! { <span class="muted">"none known"</span> },
            Some(at) => view! { <RelativeTime at now /> },
        };
        view! {
            <tr role="row" class="services__row">
                <td role="cell" class="services__name">
                    <a href=Route::Service(service.name.clone()).path() data-row=service.name.clone()>{service.name.clone()}</a>
                </td>
                <td role="cell" class="services__owner">{owner}</td>
                <td role="cell" class="number services__tier">{service.tier.map_or_else(|| "–".to_owned(), |tier| tier.to_string())}</td>
                <td role="cell" class="services__level">{level}</td>
                <td role="cell" class="services__incidents">{open}</td>
                <td role="cell" class="number services__alerts">{service.alerts}</td>
                <td role="cell" class="services__last">{last}</td>
                <td role="cell" class="services__deploy">{change}</td>
            </tr>
        }
    };
    view! {
        <table class="services__table" role="table">
            <caption class="visually-hidden">"Services, those with open incidents first"</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">"Service"</th>
                    <th scope="col" role="columnheader" class="services__owner">"Owner"</th>
                    <th scope="col" role="columnheader" class="number services__tier">"Tier"</th>
                    <th scope="col" role="columnheader">"Worst objective"</th>
                    <th scope="col" role="columnheader">"Open"</th>
                    <th scope="col" role="columnheader" class="number services__alerts">"Alerts"</th>
                    <th scope="col" role="columnheader" class="services__last">"Last incident"</th>
                    <th scope="col" role="columnheader" class="services__deploy">"Last change"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{services.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}

/// `100 %`, `99.93 %`, `84 %`: as many digits as tell something apart from all and nothing.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        100.0.. => "100 %".to_owned(),
        99.0..100.0 => format!("{:.2} %", percent.min(99.99)),
        90.0..99.0 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// `2 open incidents`, `no open incident`.
fn open_words(n: usize) -> String {
    if n == 0 { "no open incident".to_owned() } else { wording::count(n, "open incident", "open incidents") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_never_says_all_where_something_is_missing() {
        assert_eq!([1.0, 0.999_99, 0.9993, 0.951, 0.843, 0.0].map(percent), ["100 %", "99.99 %", "99.93 %", "95.1 %", "84 %", "0 %"]);
    }

    #[test]
    fn an_address_says_what_is_looked_at() {
        let asked = Asked { text: "pay".to_owned(), owner: Some("A & B".to_owned()), tier: Some(1), open: true };
        assert_eq!(asked.path(), "/services?q=pay&owner=A%20%26%20B&tier=1&open=1");
        assert_eq!((asked.more_filters(), Asked { text: "pay".to_owned(), ..Asked::default() }.more_filters()), (3, 0));
        assert_eq!(Asked::default().path(), "/services");
        assert_eq!(open_words(0), "no open incident");
    }
}
