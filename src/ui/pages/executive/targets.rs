//! Setting what a figure is to be, from a day on; what held before stays written down.

use crate::{
    api,
    domain::{
        executive::{Counts, Measure, Target, TargetDraft, words as said},
        metrics::words::moment,
        people::Right,
        severity::Severity,
        time::Timestamp,
    },
    ui::{
        components::{
            field::{FormError, SelectField, TextField},
            loaded::{Failed, Load, Loading},
            toast_list::sentence,
        },
        drawing::view,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// `changed` is told when something was set.
#[component]
pub fn TargetsForm(#[prop(into)] changed: Callback<()>) -> impl IntoView {
    let session = session();
    let load = RwSignal::new(Load::<Vec<Target>>::Loading);
    let fetch = move || {
        spawn_local(async move {
            let answer = api::executive::targets().await;
            // The sheet may have been closed in between.
            let _ = load.try_set(Load::from_answer(answer));
        });
    };
    fetch();
    let again = Callback::new(move |()| {
        load.set(Load::Loading);
        fetch();
    });
    let (measure, severity) = (RwSignal::new(Measure::Availability.slug().to_owned()), RwSignal::new(String::new()));
    let (value, from) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let refused = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let chosen = Memo::new(move |_| measure.with(|slug| Measure::from_slug(slug)).unwrap_or(Measure::Availability));
    let may = move || session.actor().is_some_and(|actor| actor.role.may(Right::SetTargets));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let measure = chosen.get_untracked();
        let severity = severity.with_untracked(|slug| Severity::from_slug(slug)).filter(|_| measure.is_by_severity());
        let draft = match read(measure, &value.get_untracked(), &from.get_untracked()) {
            Ok((value, valid_from)) => TargetDraft { metric: measure, severity, value, valid_from }.parse(),
            Err(words) => Err(words),
        };
        let draft = match draft {
            Ok(draft) => draft,
            Err(words) => return refused.set(Some(sentence(&words))),
        };
        refused.set(None);
        busy.set(true);
        spawn_local(async move {
            let answer = api::executive::set_targets(vec![draft]).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(all) => {
                    load.set(Load::Ready(all));
                    value.set(String::new());
                    session.toasts.say("The target is set.");
                    changed.run(());
                }
                Err(failure) => refused.set(Some(sentence(&failure.words))),
            }
        });
    };
    let measures = Measure::ALL.map(|measure| (measure.slug().to_owned(), format!("{} {}", measure.slug(), measure.title()))).to_vec();
    let severities = [(String::new(), "All severities together".to_owned())]
        .into_iter()
        .chain(Severity::ALL.map(|severity| (severity.slug().to_owned(), severity.label().to_owned())))
        .collect::<Vec<_>>();
    let for_severity = move || {
        let severities = severities.clone();
        chosen.get().is_by_severity().then(|| view! { <SelectField id="target-severity" label="Of" options=severities value=severity /> })
    };
    let hint = move || unit(chosen.get());
    let history = move || match load.get() {
        Load::Loading => view! { <Loading what="the targets" /> },
        Load::Failed(failure) => view! { <Failed failure again /> },
        Load::Ready(all) => {
            let measure = chosen.get();
            let severity = severity.with(|slug| Severity::from_slug(slug)).filter(|_| measure.is_by_severity());
            let own: Vec<Target> = all.into_iter().filter(|target| target.metric == measure && target.severity == severity).rev().collect();
            if own.is_empty() {
                view! { <p class="muted">"None was ever set."</p> }
            } else {
                view! { <ul class="targets__past">{own.iter().map(past).collect_view()}</ul> }
            }
        }
    };
    view! {
        <form class="form" on:submit=send>
            <SelectField id="target-metric" label="Metric" options=measures value=measure />
            {for_severity}
            <TextField id="target-value" label="Target" hint="Empty: none from then on." value />
            <p class="field__hint">{hint}</p>
            <TextField id="target-from" label="Valid from" hint="Empty: from now on. What held before stays." kind="date" value=from />
            <FormError words=refused />
            <div class="form__foot">
                {move || (!may()).then(|| view! { <span class="muted">{Right::SetTargets.refusal()} "."</span> })}
                <button type="submit" class="button" data-tone="accent" disabled=move || busy.get() || !may()>"Set"</button>
            </div>
        </form>
        <h3>"What holds, and what held"</h3>
        {move || history()}
    }
}

fn past(target: &Target) -> AnyView {
    let value = target.value.map_or_else(|| "none".to_owned(), |value| said::target(target.metric, value));
    let from = target.valid_from.map_or_else(|| "from the beginning".to_owned(), |from| format!("from {} UTC", moment(from)));
    let by = target.set_by.as_ref().map_or_else(|| "comes with Tocsin".to_owned(), |by| format!("set by {by}"));
    view! { <li><b>{value}</b> " " <span class="muted">{format!("{from}, {by}")}</span></li> }
}

/// In which unit a target is typed.
fn unit(measure: Measure) -> &'static str {
    match measure.counts() {
        Counts::Good => "In percent; more is better: 99.9",
        Counts::Bad => "In percent; less is better: 0.1",
        Counts::Time => "In minutes; less is better: 15",
        Counts::Wait => "In milliseconds; less is better: 300",
        Counts::Often if measure == Measure::Pages => "Pages of an engineer in a week; less is better: 3",
        Counts::Often => "Incidents of a service in thirty days; less is better: 1",
        Counts::Pace => "Times the even pace; less is better: 2",
    }
}

/// What was typed: the value in its unit on the wire, and from when on.
fn read(measure: Measure, value: &str, from: &str) -> Result<(Option<f64>, Option<Timestamp>), String> {
    let per = match measure.counts() {
        Counts::Good | Counts::Bad => 0.01,
        Counts::Time => 60.0,
        Counts::Wait => 0.001,
        Counts::Often | Counts::Pace => 1.0,
    };
    let value = value.trim().trim_end_matches('%').trim();
    let value = match value {
        "" => None,
        text => Some(text.replace(',', ".").parse::<f64>().map_err(|_| "the target is a number".to_owned())?),
    };
    let from = match from {
        "" => None,
        day => Some(Timestamp::parse(&format!("{day}T00:00:00Z")).ok_or_else(|| "the day reads 2026-11-20".to_owned())?),
    };
    // 99.9 % is 0.999, and not the binary fraction next to it.
    Ok((value.map(|value| (value * per * 1e12).round() / 1e12), from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_in_its_unit() {
        assert_eq!(read(Measure::Availability, " 99,9 % ", ""), Ok((Some(0.999), None)));
        assert_eq!(read(Measure::Detect, "5", "2026-11-20"), Ok((Some(300.0), Timestamp::parse("2026-11-20T00:00:00Z"))));
        assert_eq!(read(Measure::Slowest, "300", ""), Ok((Some(0.3), None)));
        assert_eq!(read(Measure::Burn, "", ""), Ok((None, None)));
        assert!(read(Measure::Burn, "fast", "").is_err() && read(Measure::Burn, "2", "soon").is_err());
    }
}
