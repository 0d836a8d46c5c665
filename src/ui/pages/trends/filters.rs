//! Which time and which incidents are looked at. Every choice is written into the address.

use super::question::{DAYS, Question, Span};
use crate::{
    domain::{incident::Kind, metrics::GroupBy, severity::Severity, wording},
    ui::{
        components::{choice::Lens, field::Pick},
        drawing::view,
        session::session,
    },
};
use leptos::prelude::*;

/// Sets of severities that one choice names, with its words.
fn severities(chosen: &[Severity]) -> Vec<(Vec<Severity>, String)> {
    let all = Severity::ALL;
    let mut sets = vec![(vec![], "All severities".to_owned()), (all[..2].to_vec(), "SEV1 and SEV2".to_owned()), (all[..3].to_vec(), "SEV1 to SEV3".to_owned())];
    sets.extend(all.map(|severity| (vec![severity], severity.label().to_owned())));
    if !sets.iter().any(|(set, _)| set == chosen) {
        sets.push((chosen.to_vec(), wording::list(&chosen.iter().map(|severity| severity.label()).collect::<Vec<_>>())));
    }
    sets
}

/// Sets of kinds; without any only incidents count.
fn kinds(chosen: &[Kind]) -> Vec<(Vec<Kind>, String)> {
    use Kind::{Drill, Incident, Maintenance};
    let mut sets = vec![
        (vec![], "Incidents only".to_owned()),
        (vec![Incident, Drill], "Incidents and drills".to_owned()),
        (vec![Incident, Maintenance], "Incidents and maintenance".to_owned()),
        (Kind::ALL.to_vec(), "Everything".to_owned()),
        (vec![Drill], "Drills only".to_owned()),
        (vec![Maintenance], "Maintenance only".to_owned()),
    ];
    if !sets.iter().any(|(set, _)| set == chosen) {
        sets.push((chosen.to_vec(), wording::list(&chosen.iter().map(|kind| kind.slug()).collect::<Vec<_>>())));
    }
    sets
}

pub fn group_words(by: GroupBy) -> &'static str {
    match by {
        GroupBy::None => "Not grouped",
        GroupBy::Severity => "By severity",
        GroupBy::Service => "By service",
        GroupBy::Month => "By month (UTC)",
    }
}

#[component]
pub fn Filters(#[prop(into)] question: Signal<Question>, #[prop(into)] ask: Callback<Question>) -> impl IntoView {
    let session = session();
    let change = move |change: &dyn Fn(&mut Question)| {
        let mut question = question.get_untracked();
        change(&mut question);
        ask.run(question);
    };
    let dates_open = RwSignal::new(matches!(question.get_untracked().span, Span::Dates { .. }));
    let chosen_span = Signal::derive(move || match question.get().span {
        _ if dates_open.get() => DAYS.len(),
        Span::Days(days) => DAYS.iter().position(|known| *known == days).unwrap_or(DAYS.len() + 1),
        Span::Dates { .. } => DAYS.len(),
    });
    let spans = DAYS.iter().map(|days| format!("{days} days")).chain(["Dates".to_owned()]).map(|words| Signal::derive(move || words.clone())).collect();
    let choose_span = move |at: usize| match DAYS.get(at) {
        Some(days) => {
            dates_open.set(false);
            change(&|question| question.span = Span::Days(*days));
        }
        None => dates_open.set(true),
    };
    // The lists are made once, so that choosing leaves the focus where it is.
    let start = question.get_untracked().filter;
    let mut names = session.replica.services().to_vec();
    names.extend(start.service.iter().filter(|chosen| !names.contains(chosen)).cloned().collect::<Vec<_>>());
    let services = [(None, "All services".to_owned())].into_iter().chain(names.into_iter().map(|name| (Some(name.clone()), name)));
    let severity = pick(
        "trends-severity",
        "Severity",
        severities(&start.severity),
        move || question.get().filter.severity,
        move |set| change(&|question| question.filter.severity.clone_from(&set)),
    );
    let service = pick(
        "trends-service",
        "Service",
        services.collect(),
        move || question.get().filter.service,
        move |name| change(&|question| question.filter.service.clone_from(&name)),
    );
    let kind = pick(
        "trends-kind",
        "Kind",
        kinds(&start.kinds),
        move || question.get().filter.kinds,
        move |set| change(&|question| question.filter.kinds.clone_from(&set)),
    );
    let group = pick(
        "trends-group",
        "Groups",
        GroupBy::ALL.map(|by| (by, group_words(by).to_owned())).to_vec(),
        move || question.get().by,
        move |by| change(&|question| question.by = by),
    );
    let label = move || question.get().filter.labels.iter().next().map(|(name, value)| format!("{name}={value}")).unwrap_or_default();
    // On a phone the figures come first: of the filters only what is used most, and what is set without being seen is counted.
    let open = RwSignal::new(false);
    let more = move || match question.with(Question::more_filters) {
        0 => "Filters".to_owned(),
        set => format!("Filters ({set})"),
    };
    view! {
        <div class="trends__filters" role="search" aria-label="Which incidents">
            <Lens label="Range" options=spans chosen=chosen_span choose=choose_span />
            {move || dates_open.get().then(|| view! { <Dates question ask /> })}
            <div class="trends__picks" data-open=move || open.get().then_some("true")>
                {severity}
                <button type="button" class="button trends__more" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>
                    {more}
                </button>
                {service} {kind}
                <label class="pick">
                    <span class="pick__label">"Label"</span>
                    <input
                        class="input"
                        data-size="small"
                        placeholder="name=value"
                        autocomplete="off"
                        prop:value=label
                        on:change=move |event| {
                            let text = event_target_value(&event);
                            change(&|question| question.set_label(&text));
                        }
                    />
                </label> {group}
            </div>
        </div>
    }
}

/// A choice out of a list, small enough to stand in a row.
fn pick<T: Clone + PartialEq + Send + Sync + 'static>(
    id: &'static str,
    label: &'static str,
    choices: Vec<(T, String)>,
    chosen: impl Fn() -> T + Send + Sync + 'static,
    choose: impl Fn(T) + 'static,
) -> AnyView {
    let (values, words): (Vec<T>, Vec<String>) = choices.into_iter().unzip();
    let known = values.clone();
    let here = Memo::new(move |_| {
        let chosen = chosen();
        known.iter().position(|value| *value == chosen)
    });
    let option = move |(at, words): (usize, String)| view! { <option value=at.to_string() prop:selected=move || here.get() == Some(at)>{words}</option> };
    let chose = move |event| {
        if let Some(value) = event_target_value(&event).parse::<usize>().ok().and_then(|at| values.get(at)) {
            choose(value.clone());
        }
    };
    view! {
        <label class="pick" for=id>
            <span class="pick__label">{label}</span>
            <select class="input" data-size="small" id=id on:change=chose>
                {words.into_iter().enumerate().map(option).collect_view()}
            </select>
        </label>
    }
}

/// From one day to another, both included.
#[component]
fn Dates(#[prop(into)] question: Signal<Question>, #[prop(into)] ask: Callback<Question>) -> impl IntoView {
    let session = session();
    let now = question.get_untracked();
    let range = now.range(session.live.now());
    let (first, last) = match now.span {
        Span::Dates { from, to } => (from, to),
        Span::Days(_) => (date(&range.from.to_string()), date(&range.to.to_string())),
    };
    let (from, to) = (RwSignal::new(first), RwSignal::new(last));
    let refused = RwSignal::new(false);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (from, to) = (from.get_untracked(), to.get_untracked());
        let is_range = !from.is_empty() && !to.is_empty() && from <= to;
        refused.set(!is_range);
        if is_range {
            ask.run(Question { span: Span::Dates { from, to }, ..question.get_untracked() });
        }
    };
    view! {
        <form class="trends__dates" on:submit=send aria-label="Own dates">
            <Pick label="From (UTC)" kind="date" value=from /> <Pick label="To, included" kind="date" value=to /> <button type="submit" class="button" data-size="small">"Show"</button>
            <p class="field__error" role="alert">{move || refused.get().then_some("The last day lies before the first.")}</p>
        </form>
    }
}

fn date(text: &str) -> String {
    text.chars().take(10).collect()
}
