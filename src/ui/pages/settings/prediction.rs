//! What the tester found, in words.

use crate::{
    domain::{
        trial::{PredictedChange, PredictedIncident, PredictedSignal, Prediction, SignatureCheck, TrialVerdict},
        wording,
    },
    ui::{
        components::{
            icon::{Glyph, Icon},
            outer_link::OuterLink,
            relative_time::exact,
            severity::severity_label,
            toast_list::sentence,
        },
        drawing::view,
        routes::Route,
    },
};
use leptos::prelude::*;

pub fn prediction(found: &Prediction) -> AnyView {
    let (glyph, kind) = if found.refused.is_some() { (Glyph::Cross, "refused") } else { (Glyph::Check, "accepted") };
    let with = match &found.integration {
        Some(with) => format!("Judged by the settings and the alerts of {}.", with.name),
        None => "Judged as if a new integration had sent it.".to_owned(),
    };
    let refused = found.refused.as_ref().map(|refused| {
        let errors = refused.errors.iter().filter(|error| **error != refused.words).map(|error| view! { <li>{error.clone()}</li> }).collect_view();
        let all_the_same = (!found.signals.is_empty()).then(|| view! { <p class="muted">"What it would become otherwise stands below."</p> });
        view! {
            <div class="prediction__part">
                <p><b>{sentence(&refused.words)}</b> " " <code class="mono muted">{refused.code.clone()}</code></p>
                <ul class="prediction__remarks">{errors}</ul>
                {all_the_same}
            </div>
        }
    });
    let signals = found.signals.iter().map(signal).collect_view();
    let changes = found.changes.iter().map(change).collect_view();
    let rejected = found.rejected.iter().map(|rejected| format!("Alert {} of the list: {}", u64::from(rejected.index) + 1, rejected.words));
    view! {
        <section class="panel prediction" id="prediction" tabindex="-1" aria-labelledby="prediction-title">
            <h3 id="prediction-title" class="prediction__title" data-kind=kind>
                <Icon glyph />
                <span role="status">{headline(found)}</span>
            </h3>
            <p>"Nothing was stored and nobody was paged. " {with}</p>
            {refused}
            <p class="muted">{signature(&found.signature)}</p>
            <ol class="prediction__list">{signals}{changes}</ol>
            {remarks("Not understood", rejected.collect())}
            {remarks("Remarks", found.warnings.clone())}
        </section>
    }
}

/// `Would be accepted: 2 alerts, 1 new incident`.
fn headline(found: &Prediction) -> String {
    if found.refused.is_some() {
        return "Would be refused".to_owned();
    }
    let mut parts = vec![];
    for (n, one, many) in [
        (found.signals.len(), "alert", "alerts"),
        (found.changes.len(), "change", "changes"),
        (found.incidents_opened as usize, "new incident", "new incidents"),
        (found.rejected.len(), "not understood", "not understood"),
    ] {
        parts.extend((n > 0).then(|| wording::count(n, one, many)));
    }
    let lead = if found.rejected.is_empty() { "Would be accepted" } else { "Would be accepted in part" };
    if parts.is_empty() { format!("{lead}: nothing is in it") } else { format!("{lead}: {}", parts.join(", ")) }
}

fn signature(check: &SignatureCheck) -> String {
    let words = check.words.as_deref().map(|words| format!(" {}", sentence(words))).unwrap_or_default();
    match (check.required, check.given, check.holds) {
        (_, true, Some(true)) => format!("The signature in {} holds.", check.header),
        (_, true, Some(false)) => format!("The signature in {} does not hold.{words}", check.header),
        (true, false, _) => format!("A signature in {} is asked for, and none was given.{words}", check.header),
        (true, true, None) => format!("A signature in {} is asked for.{words}", check.header),
        (false, ..) => format!("No signature is asked for.{words}"),
    }
}

fn verdict(verdict: TrialVerdict) -> (&'static str, Glyph) {
    match verdict {
        TrialVerdict::Open => ("Would be a new alert", Glyph::Bell),
        TrialVerdict::Repeat => ("Would be counted as a repeat", Glyph::Copy),
        TrialVerdict::Acknowledge => ("Would be acknowledged", Glyph::Check),
        TrialVerdict::Resolve => ("Would be resolved", Glyph::Check),
        TrialVerdict::IgnoreLate => ("Would be ignored: it is older than what is known", Glyph::Late),
        TrialVerdict::IgnoreUnknown => ("Would be ignored: nothing of this key is open", Glyph::Cross),
    }
}

fn signal(signal: &PredictedSignal) -> AnyView {
    let (words, glyph) = verdict(signal.verdict);
    let heartbeat = signal.heartbeat.then_some("a watchdog: its presence is the message".to_owned());
    let severity = signal.severity.map_or("severity not said", |severity| severity.slug()).to_owned();
    let facts: Vec<String> = [signal.service.clone(), Some(severity), heartbeat].into_iter().flatten().collect();
    let texts = |texts: &std::collections::BTreeMap<String, String>| {
        texts.iter().map(|(name, value)| view! { <dt class="mono">{name.clone()}</dt><dd>{value.clone()}</dd> }).collect_view()
    };
    let times = [(signal.started_at, "Began"), (signal.expires_at, "Resolves by itself, unless it is sent again")];
    let times = times.into_iter().filter_map(|(at, words)| Some(view! { <dt>{words}</dt><dd>{exact(at?)}</dd> })).collect_view();
    let links = signal.links.iter().map(|link| view! { <OuterLink link=link.clone() /> " " }).collect_view();
    view! {
        <li class="prediction__item">
            <p class="prediction__verdict"><Icon glyph /> {words} {signal.incident.as_ref().map(incident)}</p>
            <p><b>{signal.title.clone()}</b> " " <span class="muted">{facts.join(" · ")}</span></p>
            <p>{sentence(&signal.why)}</p>
            <details class="fold">
                <summary>"As it was read"</summary>
                <dl class="prediction__read">
                    <dt>"Key"</dt><dd class="mono">{signal.dedupe_key.clone()}</dd>
                    <dt>"Group"</dt><dd class="mono">{signal.group_key.clone()}</dd>
                    {times} {texts(&signal.labels)} {texts(&signal.annotations)}
                </dl>
                <p>{links}</p>
            </details>
        </li>
    }
}

/// In which incident it would be.
fn incident(incident: &PredictedIncident) -> AnyView {
    match (incident.reference, incident.new) {
        (Some(reference), _) => view! { " in " <a href=Route::incident(reference).path()>{reference.to_string()} " " {incident.title.clone()}</a> },
        (None, number) => {
            let number = number.map(|number| format!(" {number}")).unwrap_or_default();
            view! { <span>{format!(" in new incident{number}, {} proposed", severity_label(incident.proposed_severity))}</span> }
        }
    }
}

fn change(change: &PredictedChange) -> AnyView {
    let facts: Vec<String> =
        [change.service.clone(), change.status.map(|status| status.slug().to_owned()), Some(exact(change.happened_at))].into_iter().flatten().collect();
    view! {
        <li class="prediction__item">
            <p class="prediction__verdict"><Icon glyph=Glyph::Merge /> "Would be kept as a change; nobody is paged for one"</p>
            <p><b>{change.title.clone()}</b> " " <span class="muted">{facts.join(" · ")}</span></p>
        </li>
    }
}

fn remarks(title: &'static str, words: Vec<String>) -> Option<AnyView> {
    (!words.is_empty()).then(|| {
        view! {
            <div class="prediction__part">
                <h4>{title}</h4>
                <ul class="prediction__remarks">{words.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}</ul>
            </div>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::trial::TrialRefusal;

    #[test]
    fn the_headline_says_what_would_become_of_it() {
        assert_eq!(headline(&Prediction::default()), "Would be accepted: nothing is in it");
        assert_eq!(headline(&Prediction { incidents_opened: 1, ..Prediction::default() }), "Would be accepted: 1 new incident");
        let refused = Some(TrialRefusal { code: "not_json".to_owned(), words: "not JSON".to_owned(), errors: vec![] });
        assert_eq!(headline(&Prediction { refused, ..Prediction::default() }), "Would be refused");
    }
}
