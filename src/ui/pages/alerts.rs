//! All alerts, what fires first of all, the last received first. What is looked for stands in the
//! address; each alert leads to its service and to its incident, or says why it has none.

use crate::{
    api,
    domain::{
        ids::AlertId,
        lists::alerts::{AlertQuery, ListedAlert, SourceName, Standing, grouped_from, grouped_slug},
        people::Role,
        severity::AlertSeverity,
        wording,
    },
    ui::{
        browser,
        components::{
            empty::EmptyState,
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            outer_link::OuterLink,
            relative_time::exact,
            rows::rows,
            severity::SeverityMark,
        },
        drawing::view,
        follow::follow,
        paged::Paged,
        panels::service_link::service_link,
        routes::{Route, Tab},
        session::{Sheet, session},
    },
};
use leptos::{prelude::*, task::spawn_local};

/// Typing pauses this long before the server is asked.
const PAUSE_MILLIS: i32 = 250;
/// So many pages are looked at again at most; what stands further down stays as it was read.
const MOST_PAGES: usize = 20;
const SEARCH: &str = "alert-search";

#[derive(Clone, Copy)]
struct List {
    query: Memo<AlertQuery>,
    /// What the rows answer: while something else is asked for, they are still about this.
    answered: RwSignal<AlertQuery>,
    alerts: Paged<ListedAlert>,
    sources: RwSignal<Vec<SourceName>>,
    asking: RwSignal<bool>,
    looking: StoredValue<bool>,
    /// How many have come since the list was read.
    news: RwSignal<usize>,
    /// Which of the rows are no longer among these.
    gone: RwSignal<Vec<AlertId>>,
    /// How many of the rows, the last ones, were not looked at again: they stand as they were read.
    as_read: RwSignal<usize>,
}

impl List {
    /// Fetches on from `cursor`, or from the newest.
    fn fetch(self, cursor: Option<String>) {
        let query = self.query.get_untracked();
        self.asking.set(true);
        spawn_local(async move {
            let answer = api::alerts::list(query.clone(), cursor.clone()).await;
            // Somebody may have chosen otherwise, or left, in the meantime.
            if self.query.try_get_untracked().as_ref() != Some(&query) {
                return;
            }
            self.asking.set(false);
            if let Ok(page) = &answer {
                if self.sources.with_untracked(|known| *known != page.sources) {
                    self.sources.set(page.sources.clone());
                }
                if cursor.is_none() {
                    self.news.set(0);
                    self.gone.set(vec![]);
                    self.as_read.set(0);
                    self.answered.set(query);
                }
            }
            self.alerts.take(cursor.as_deref(), answer.map(|page| (page.items, page.next_cursor)));
        });
    }

    /// Looks what has become of the list: what is on the screen changes where it stands, and what
    /// is new waits until somebody asks for it. A list that failed is asked for anew.
    fn look(self) {
        match self.alerts.load.get_untracked() {
            Load::Loading => return,
            Load::Failed(_) => return self.fetch(None),
            Load::Ready(()) => {}
        }
        // One look ends before the next begins, however many pages it takes.
        if self.looking.get_value() {
            return;
        }
        self.looking.set_value(true);
        let query = self.query.get_untracked();
        spawn_local(async move {
            let fresh = self.fresh(&query).await;
            let _ = self.looking.try_set_value(false);
            let Some((fresh, reaches)) = fresh else { return };
            let (more, gone, changed, as_read) = self.alerts.items.with_untracked(|known| {
                let changed: Vec<ListedAlert> = known.iter().map(|known| newer(known, &fresh)).collect();
                let (more, gone) = compare(known, &fresh, reaches);
                (more, gone, (changed != *known).then_some(changed), behind(known, reaches))
            });
            if self.as_read.get_untracked() != as_read {
                self.as_read.set(as_read);
            }
            if let Some(changed) = changed {
                self.alerts.items.set(changed);
            }
            self.news.set(more);
            if self.gone.with_untracked(|known| *known != gone) {
                self.gone.set(gone);
            }
        });
    }

    /// As many pages as are on the screen, and how far they reach where there is more behind them;
    /// `None` where they could not be read, or nobody asks for them any more.
    async fn fresh(self, query: &AlertQuery) -> Option<(Vec<ListedAlert>, Option<AlertId>)> {
        let last = self.alerts.items.try_with_untracked(|known| known.last().map(|last| last.alert.id))?;
        let (mut fresh, mut cursor) = (vec![], None);
        for _ in 0..MOST_PAGES {
            let page = api::alerts::list(query.clone(), cursor).await.ok()?;
            if self.query.try_get_untracked().as_ref() != Some(query) {
                return None;
            }
            fresh.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() || is_through(&fresh, last) {
                break;
            }
        }
        let reaches = if cursor.is_some() { fresh.last().map(|last| last.alert.id) } else { None };
        Some((fresh, reaches))
    }
}

/// Whether these reach as far as `last`, the last row on the screen.
fn is_through(fresh: &[ListedAlert], last: Option<AlertId>) -> bool {
    let (Some(last), Some(reached)) = (last, fresh.last()) else { return true };
    reached.alert.id <= last
}

fn newer(known: &ListedAlert, fresh: &[ListedAlert]) -> ListedAlert {
    fresh.iter().find(|fresh| fresh.alert.id == known.alert.id).unwrap_or(known).clone()
}

/// How many of the known ones stand behind where the fresh ones end, where there is more behind those.
fn behind(known: &[ListedAlert], reaches: Option<AlertId>) -> usize {
    reaches.map_or(0, |last| known.iter().filter(|listed| listed.alert.id < last).count())
}

/// How many of the fresh ones are not known, and which known ones are gone from as far as the
/// fresh ones reach.
fn compare(known: &[ListedAlert], fresh: &[ListedAlert], reaches: Option<AlertId>) -> (usize, Vec<AlertId>) {
    let has = |list: &[ListedAlert], id: AlertId| list.iter().any(|listed| listed.alert.id == id);
    let more = fresh.iter().filter(|listed| !has(known, listed.alert.id)).count();
    let within = |id: AlertId| reaches.is_none_or(|last| id >= last);
    (more, known.iter().map(|listed| listed.alert.id).filter(|id| within(*id) && !has(fresh, *id)).collect())
}

#[component]
pub fn Alerts() -> impl IntoView {
    let session = session();
    browser::set_title("Alerts · Tocsin");
    let address = session.address.query;
    let query = Memo::new(move |_| address.with(|query| AlertQuery::read(query.0.iter().map(|(name, value)| (name.as_str(), value.as_str())))));
    let list = List {
        query,
        answered: RwSignal::new(AlertQuery::default()),
        alerts: Paged::new(),
        sources: RwSignal::new(vec![]),
        asking: RwSignal::new(false),
        looking: StoredValue::new(false),
        news: RwSignal::new(0),
        gone: RwSignal::new(vec![]),
        as_read: RwSignal::new(0),
    };
    let fetch = Callback::new(move |cursor| list.fetch(cursor));
    Effect::new(move |_| {
        query.track();
        fetch.run(None);
    });
    follow(move || list.look());
    browser::on_key(move |event| match browser::plain_key(&event).as_deref() {
        Some("/") => {
            event.prevent_default();
            browser::select_field(SEARCH);
        }
        Some("j") => browser::step_rows(true),
        Some("k") => browser::step_rows(false),
        _ => {}
    });
    let choose = Callback::new(move |query: AlertQuery| session.address.amend(&query.address(&Route::Alerts.path())));
    let more = move || list.alerts.more("Show earlier ones", fetch);
    let none = Memo::new(move |_| list.alerts.items.with(Vec::is_empty));
    let each = move || {
        let gone = list.gone.get();
        let marked = |listed: ListedAlert| {
            let is_gone = gone.contains(&listed.alert.id);
            (listed, is_gone)
        };
        list.alerts.items.get().into_iter().map(marked).collect::<Vec<_>>()
    };
    let as_read = move || {
        let words = move |n| format!("The last {n} rows stand as they were read: only what is above them is looked at again. Narrow the list to follow them.");
        Some(list.as_read.get()).filter(|n| *n > 0).map(|n| view! { <p class="muted">{words(n)}</p> })
    };
    let body = move || match list.alerts.load.get() {
        Load::Loading => view! { <Loading what="the alerts" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| fetch.run(None) /> },
        // Of many alerts not all were looked through: there may be more behind what was not found.
        Load::Ready(()) if none.get() => view! { {nothing(&list.answered.get())} {more} },
        Load::Ready(()) => view! {
            <ul class="panel alert-list" aria-label="Alerts, the last received first">
                {rows(each, key, move |(listed, is_gone)| row(list, listed, is_gone))}
            </ul>
            {as_read}
            {more}
        },
    };
    let news = move || {
        // The rows are still about what was asked for before.
        if list.asking.get() && list.alerts.load.get() == Load::Ready(()) && query.with(|query| list.answered.with(|answered| answered != query)) {
            return Some(view! { <span>"Looking…"</span> });
        }
        let (more, fewer) = (list.news.get(), list.gone.with(Vec::len));
        let said = [(more > 0).then(|| format!("{more} new")), (fewer > 0).then(|| format!("{fewer} no longer among these"))];
        let words = said.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let show = move |_| fetch.run(None);
        (!words.is_empty()).then(|| view! { <span>{words}</span> <button type="button" class="link-button" on:click=show>"Show"</button> })
    };
    view! {
        <div class="page alerts-page" aria-busy=move || list.asking.get().to_string()>
            <h1 class="page__title">"Alerts"</h1>
            <p class="page__lead">"What senders say, one row for each alert from its first firing until it resolves. An incident gathers those that belong together."</p>
            {filters(list, choose)}
            <p class="alerts-page__news" role="status">{news}</p>
            {body}
        </div>
    }
}

/// What a row is drawn from: when any of it changes, it is drawn anew.
fn key((listed, is_gone): &(ListedAlert, bool)) -> (AlertId, &'static str, i64, bool, Option<i64>, bool) {
    let alert = &listed.alert;
    (alert.id, alert.state.slug(), alert.deliveries, alert.stale, listed.incident.map(|incident| incident.0), *is_gone)
}

/// One alert. Of what is gone from among these nothing is known but that: it may have ended, so no
/// time goes on ticking.
fn row(list: List, listed: ListedAlert, is_gone: bool) -> AnyView {
    let session = session();
    let now = session.live.ticking();
    let why = listed.alert.no_incident_because().map(|why| format!("No incident: {why}"));
    let ListedAlert { alert, incident } = listed;
    let (started_at, resolved_at) = (alert.started_at, alert.resolved_at);
    let clock = move || {
        let (zone, now) = (session.zone.get(), now.get());
        match resolved_at {
            Some(resolved_at) => format!("{} to {}", zone.clock(started_at, now), zone.clock(resolved_at, now)),
            None if is_gone => format!("began {}", zone.clock(started_at, now)),
            None => format!("since {}", zone.clock(started_at, now)),
        }
    };
    let lasts = move || match resolved_at {
        None if is_gone => String::new(),
        ended => wording::span(ended.unwrap_or_else(|| now.get()).secs_since(started_at)),
    };
    let service = alert.labels.get("service").filter(|name| !name.is_empty()).map(|name| service_link(name, incident.is_some()));
    let source = alert.source.clone();
    let source = move || list.sources.with(|known| known.iter().find(|known| known.slug == source).map_or_else(|| source.clone(), |known| known.title.clone()));
    let often = (alert.deliveries > 1).then(|| format!(" · delivered {} times", alert.deliveries));
    let described = alert.described().map(str::to_owned);
    let trace = alert.trace_id().map(|id| view! { <a href=Route::Trace(id.to_owned()).path()>"Trace "{id.get(..8).unwrap_or(id).to_owned()}</a> });
    let state = if is_gone { "no longer among these" } else { alert.state_words() };
    let (id, state_slug) = (alert.id.to_string(), alert.state.slug());
    // What is over belongs nowhere any more, and of what is gone nothing is known.
    let is_loose = incident.is_none() && alert.incident_id.is_none() && resolved_at.is_none() && !is_gone;
    let put = is_loose.then(|| put_into(alert.id, alert.title.clone()));
    let links = alert.links.into_iter().map(|link| view! { <OuterLink link /> " " }).collect_view();
    let whose = match incident {
        Some(incident) => view! { <a class="alert-item__incident" href=Route::incident(incident).path()>{incident.to_string()}</a> },
        None => view! { <span class="muted">{why}</span> {put} },
    };
    let severity = alert.severity.map(AlertSeverity::proposes);
    view! {
        <li class="alert-item" data-state=state_slug data-row=id tabindex="-1">
            <div class="alert-item__severity">
                <SeverityMark severity />
                <span>{alert.severity.map_or("not said", AlertSeverity::slug)}</span>
            </div>
            <div class="alert-item__words">
                <p class="alert-item__title">{alert.title}</p>
                {described.map(|described| view! { <p class="alert-item__described">{described}</p> })}
                <p class="alert-item__facts">
                    {service.map(|service| view! { {service} " · " })} {source} {often} {alert.stale.then_some(" · its sender has gone silent")}
                </p>
                <p class="alert-item__links">{links} {trace}</p>
            </div>
            <div class="alert-item__when">
                <span><b>{state}</b> " " <span class="number">{lasts}</span></span>
                <time class="muted" datetime=started_at.to_string() title=exact(started_at)>{clock}</time>
            </div>
            <div class="alert-item__whose">{whose}</div>
        </li>
    }
}

/// For one that fires and is in no incident: the way into one.
fn put_into(alert: AlertId, title: String) -> AnyView {
    let session = session();
    let may = move || session.actor().is_some_and(|actor| actor.role >= Role::Responder);
    let label = format!("Put into an incident: {title}");
    let ask = move |_: leptos::ev::MouseEvent| session.sheet.set(Some(Sheet::Attach { alert, title: title.clone() }));
    let button = move || {
        may().then(|| view! { <button type="button" class="link-button" aria-label=label.clone() on:click=ask.clone()>"Put into an incident…"</button> })
    };
    button.into_any()
}

fn filters(list: List, choose: Callback<AlertQuery>) -> AnyView {
    let session = session();
    let query = list.query;
    let turn = StoredValue::new(0_u32);
    let typed = move |event| {
        let text = event_target_value(&event);
        turn.update_value(|turn| *turn += 1);
        let mine = turn.get_value();
        spawn_local(async move {
            browser::sleep(PAUSE_MILLIS).await;
            if turn.try_get_value() == Some(mine) {
                choose.run(AlertQuery { text, ..query.get_untracked() });
            }
        });
    };
    let service = move |event| choose.run(AlertQuery { service: event_target_value(&event).trim().to_owned(), ..query.get_untracked() });
    let known = move || session.replica.services().iter().map(|name| view! { <option value=name.clone()></option> }).collect_view();
    let states = || Standing::ALL.map(|standing| (standing.slug().to_owned(), standing.label().to_owned())).to_vec();
    let severities = || {
        let any = (String::new(), "Every severity".to_owned());
        [any].into_iter().chain(AlertSeverity::ALL.map(|severity| (severity.slug().to_owned(), severity.label().to_owned()))).collect()
    };
    let sources = move || {
        let any = (String::new(), "Every source".to_owned());
        [any].into_iter().chain(list.sources.get().into_iter().map(|source| (source.slug, source.title))).collect::<Vec<_>>()
    };
    let incidents = || {
        let named = [(None, "Incident or none"), (Some(true), "In an incident"), (Some(false), "Without an incident")];
        named.map(|(grouped, words)| (grouped_slug(grouped).to_owned(), words.to_owned())).to_vec()
    };
    let by_state = move |slug: String| {
        let standing = Standing::ALL.into_iter().find(|standing| standing.slug() == slug).unwrap_or_default();
        choose.run(AlertQuery { standing, ..query.get_untracked() });
    };
    let by_severity = move |slug: String| {
        let severity = AlertSeverity::ALL.into_iter().find(|severity| severity.slug() == slug);
        choose.run(AlertQuery { severity, ..query.get_untracked() });
    };
    let by_source = move |source: String| choose.run(AlertQuery { source, ..query.get_untracked() });
    let by_incident = move |slug: String| choose.run(AlertQuery { grouped: grouped_from(&slug), ..query.get_untracked() });
    // On a phone the rows come first, and of the filters only what is used most; what is set without being seen is counted.
    let open = RwSignal::new(false);
    let more = move || match query.with(AlertQuery::more_filters) {
        0 => "Filters".to_owned(),
        set => format!("Filters ({set})"),
    };
    view! {
        <div class="alert-filters" role="search" aria-label="Alerts" data-open=move || open.get().then_some("true")>
            <div class="alert-filters__text">
                <Icon glyph=Glyph::Search />
                <input
                    class="input"
                    id=SEARCH
                    type="search"
                    aria-label="Words in an alert"
                    placeholder="Title or label"
                    autocomplete="off"
                    prop:value=move || query.with(|query| query.text.clone())
                    on:input=typed
                />
            </div>
            {select("State", Signal::derive(states), Signal::derive(move || query.with(|query| query.standing.slug().to_owned())), Callback::new(by_state))}
            <button type="button" class="button alert-filters__more" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>
                {more}
            </button>
            <input
                class="input"
                type="search"
                list="alert-services"
                aria-label="Service"
                placeholder="Service"
                autocomplete="off"
                prop:value=move || query.with(|query| query.service.clone())
                on:change=service
            />
            <datalist id="alert-services">{known}</datalist>
            {select(
                "Severity",
                Signal::derive(severities),
                Signal::derive(move || query.with(|query| query.severity.map_or("", AlertSeverity::slug).to_owned())),
                Callback::new(by_severity),
            )}
            {select("Source", Signal::derive(sources), Signal::derive(move || query.with(|query| query.source.clone())), Callback::new(by_source))}
            {select(
                "Incident",
                Signal::derive(incidents),
                Signal::derive(move || query.with(|query| grouped_slug(query.grouped).to_owned())),
                Callback::new(by_incident),
            )}
        </div>
    }
}

/// One of a list, by its slug. One that is chosen by the address and not in the list stands there, too.
fn select(label: &'static str, options: Signal<Vec<(String, String)>>, chosen: Signal<String>, choose: Callback<String>) -> AnyView {
    let drawn = move || {
        let chosen = chosen.get();
        let mut options = options.get();
        if !options.iter().any(|(slug, _)| *slug == chosen) {
            options.push((chosen.clone(), chosen.clone()));
        }
        let option = |(slug, words): (String, String)| {
            let selected = slug == chosen;
            // As a property: what somebody chose by hand no attribute changes any more.
            view! { <option value=slug prop:selected=selected>{words}</option> }
        };
        options.into_iter().map(option).collect_view()
    };
    view! {
        <select class="input" aria-label=label on:change=move |event| choose.run(event_target_value(&event))>
            {drawn}
        </select>
    }
}

/// Why there is none, and what would fill the list.
fn nothing(query: &AlertQuery) -> AnyView {
    if query.is_narrowed() {
        let all = AlertQuery { standing: query.standing, ..AlertQuery::default() }.address(&Route::Alerts.path());
        let title = match query.standing {
            Standing::Firing => "No such alert fires",
            Standing::Stale => "No such alert of a silent sender",
            Standing::Resolved => "No such alert was resolved",
            Standing::Any => "There is no such alert",
        };
        return view! {
            <EmptyState title words="Take a filter away to see more.">
                <a class="button" href=all>"Without these filters"</a>
            </EmptyState>
        };
    }
    let (title, words) = match query.standing {
        Standing::Firing => ("Nothing fires", "No sender says that something is wrong. What was resolved stands under “Resolved”."),
        Standing::Stale => ("No sender has gone silent", "An alert whose sender is no longer heard would stand here: what it says may no longer be so."),
        Standing::Resolved => ("Nothing was resolved yet", "An alert comes here when its sender says that it is over."),
        Standing::Any => ("No alert has come yet", "Point a sender here: what it fires opens incidents by itself."),
    };
    view! {
        <EmptyState title words>
            <a class="button" href=Route::Settings(Tab::Integrations).path()>"To the integrations"</a>
        </EmptyState>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        alert::{Alert, AlertState},
        ids::IntegrationId,
        time::Timestamp,
    };
    use uuid::Uuid;

    fn listed(id: u128) -> ListedAlert {
        let alert = Alert {
            id: AlertId(Uuid::from_u128(id)),
            source: "generic".into(),
            integration_id: IntegrationId(Uuid::from_u128(2)),
            dedupe_key: "k".into(),
            state: AlertState::Triggered,
            severity: None,
            title: "t".into(),
            labels: Default::default(),
            annotations: Default::default(),
            started_at: Timestamp::MIN,
            resolved_at: None,
            deliveries: 1,
            incident_id: None,
            stale: false,
            links: vec![],
        };
        ListedAlert { alert, incident: None }
    }

    #[test]
    fn what_is_new_and_what_is_gone_is_counted_as_far_as_one_looks() {
        let known = [9, 7, 5, 3].map(listed);
        let id = |id: u128| AlertId(Uuid::from_u128(id));
        assert_eq!(compare(&known, &[10, 9, 7, 5].map(listed), Some(id(5))), (1, vec![]), "what lies further down was not asked for");
        assert_eq!(compare(&known, &[9, 5].map(listed), None), (0, vec![id(7), id(3)]), "there are no more");
        assert_eq!((behind(&known, Some(id(5))), behind(&known, None)), (1, 0), "that one stands as it was read, and is said to");
        assert!(is_through(&[9, 3].map(listed), Some(id(3))) && is_through(&[9].map(listed), None) && is_through(&[], Some(id(3))));
        assert!(!is_through(&[10, 9, 7].map(listed), Some(id(3))), "two that are new push others further down");
        let more = ListedAlert { alert: Alert { deliveries: 4, ..listed(7).alert }, incident: None };
        assert_eq!(newer(&listed(7), std::slice::from_ref(&more)), more);
        assert_eq!(newer(&listed(5), &[more]), listed(5));
    }
}
