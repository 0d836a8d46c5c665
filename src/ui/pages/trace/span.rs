//! Everything that is known of one span: how it ended, where it lies, what was written on it, and
//! the log lines that name it. Beside the rows on a desk, a page of its own on a phone.

use super::{
    Shape,
    attributes::{Carrier, attributes},
    head::copy,
    walk::Walk,
};
use crate::{
    domain::{
        telemetry::{
            panels::{LogRow, SpanEvent},
            waterfall::{Item, What, took},
        },
        wording,
    },
    ui::{
        address::address_of,
        components::icon::{Glyph, Icon},
        drawing::view,
        routes::Route,
        session::{Session, session},
    },
};
use leptos::prelude::*;

/// So many log lines.
const LOG_LINES: usize = 40;

/// Closes the panel and takes the span out of the address.
pub fn close(session: Session, walk: Walk) {
    walk.panel.set(false);
    let path = session.address.path.get_untracked();
    session.address.amend(&address_of(&path, &[]));
}

pub fn panel(shape: &Shape, at: usize, walk: Walk) -> AnyView {
    let session = session();
    let Some((item, number)) = shape.waterfall.items.get(at).and_then(|item| Some((item, item.span()?))) else { return ().into_any() };
    let span = &shape.spans[number];
    let is_peer = matches!(item.what, What::Peer(_));
    let (service, operation) =
        if is_peer { (span.peer().unwrap_or_default(), span.operation.as_str()) } else { (span.service.as_str(), span.operation.as_str()) };
    let outcome =
        if is_peer && span.is_timed_out() { format!("no answer in {}", item.duration_ns.map_or_else(|| "time".to_owned(), took)) } else { span.outcome() };
    let failed = span.error;
    let (service, operation) = (service.to_owned(), operation.to_owned());
    let mine: Vec<&LogRow> = shape.trace.logs.iter().filter(|log| log.span_id.as_deref() == Some(span.id.as_str())).collect();
    let with_trace = shape.trace.logs.len();
    let resource = shape
        .trace
        .view
        .resources
        .iter()
        .find(|resource| resource.service == span.service && Some(resource.instance.as_str()) == span.instance.as_deref().or(Some("")));
    let attributes = attributes(Carrier {
        began: shape.began.get(number).copied().flatten(),
        service: span.service.clone(),
        operation: span.operation.clone(),
        failed: span.error,
        own: span.attributes.clone(),
        of_process: resource.map(|resource| resource.attributes.clone()).unwrap_or_default(),
    });
    let events = span.events.iter().map(|event| drawn_event(shape, number, event)).collect_view();
    let links: Vec<String> = span.links.clone();
    let span_id = span.id.clone();
    let close_it = move |_| close(session, walk);
    view! {
        <section class="panel trace__panel" aria-labelledby="span-title">
            <div class="trace__panel-head">
                <h2 id="span-title">
                    {service} " " <span class="trace__operation">{operation}</span>
                </h2>
                <button type="button" class="icon-button" aria-label="Close the span" on:click=close_it>
                    <Icon glyph=Glyph::Cross />
                </button>
                <p class="trace__outcome" data-failed=failed.then_some("")>
                    {failed.then(|| view! { <Icon glyph=Glyph::Failed /> })} {outcome} {is_peer.then_some(" · seen from the caller's side only")}
                </p>
            </div>
            {pairs(&facts(shape, item, number))}
            {attributes}
            {(!span.events.is_empty())
                .then(|| {
                    view! {
                        <div class="trace__part">
                            <h3>"Events"</h3>
                            <ol class="trace__events">{events}</ol>
                        </div>
                    }
                })}
            {(!links.is_empty())
                .then(|| {
                    let link = |id: String| view! { <li><a class="mono" href=Route::Trace(id.clone()).path()>{id.clone()}</a></li> };
                    view! {
                        <div class="trace__part">
                            <h3>"Linked traces"</h3>
                            <ul>{links.into_iter().map(link).collect_view()}</ul>
                        </div>
                    }
                })}
            <div class="trace__part">
                <h3>
                    "Logs "
                    <span class="panel__note">
                        {wording::count(mine.len(), "line of this span", "lines of this span")} ", "
                        {wording::count(with_trace, "with this trace id", "with this trace id")} {shape.trace.more_logs.then_some(" and more")}
                    </span>
                </h3>
                {lines(shape, &mine, session.zone.get_untracked())}
            </div>
            <div class="trace__part trace__span-id">
                <span class="muted">"span"</span>
                <span class="mono">{span_id.clone()}</span>
                {copy("span id", span_id)}
            </div>
            <div class="trace__steps">
                <button type="button" class="button" on:click=move |_| walk.next_error()>
                    "Next error"
                </button>
                <button type="button" class="button" on:click=move |_| walk.next_critical()>
                    "Next on the critical path"
                </button>
            </div>
        </section>
    }
}

/// Where it comes from, when it starts, what part of the whole it is.
fn facts(shape: &Shape, item: &Item, number: usize) -> Vec<(&'static str, String)> {
    let waterfall = &shape.waterfall;
    let span = &shape.spans[number];
    let whole = waterfall.duration_ns().max(1);
    let parent = item.parent.and_then(|parent| waterfall.items.get(parent));
    // A group stands for no call: whoever called stands above it.
    let caller = parent.and_then(|parent| if let What::Group(_) = parent.what { waterfall.items.get(parent.parent?) } else { Some(parent) });
    let from = match (caller, span.parent.as_deref()) {
        (Some(caller), Some(id)) if caller.what == What::Missing => format!("a span that did not come, {id}"),
        (Some(caller), _) => waterfall.name(caller, &shape.spans),
        (None, Some(id)) if item.is_cut => format!("{id}, which lies beneath it"),
        (None, _) => "nobody: it is a root".to_owned(),
    };
    let mut facts = vec![("from", from)];
    facts.push(match (item.start_ns, item.duration_ns) {
        (Some(start), Some(lasts)) => ("starts at", format!("{}, lasts {}", took(start - waterfall.from_ns), took(lasts))),
        (Some(start), None) => ("starts at", format!("{}, without an end", took(start - waterfall.from_ns))),
        (None, _) => ("starts at", "not said".to_owned()),
    });
    if let Some(lasts) = item.duration_ns.filter(|_| item.start_ns.is_some()) {
        let waited = item.critical.map_or(0, |(from, to)| to - from);
        let critical = match waited {
            0 => "not on the critical path".to_owned(),
            waited if waited >= lasts => "all on the critical path".to_owned(),
            waited => format!("{} on the critical path", took(waited)),
        };
        facts.push(("of the whole", format!("{}, {critical}", share(lasts, whole))));
        if item.self_ns < lasts {
            facts.push(("itself", format!("{}, the rest beneath it", took(item.self_ns))));
        }
    }
    facts.push(("kind", span.kind.word().to_owned()));
    if let Some(instance) = &span.instance {
        facts.push(("instance", instance.clone()));
    }
    if let Some(off) = item.skew_ns {
        facts.push(("clock", format!("{} off its caller's at least; drawn as received", took(off))));
    }
    facts
}

#[allow(clippy::cast_precision_loss)] // read at a glance
fn share(part: i64, whole: i64) -> String {
    match part as f64 / whole as f64 * 100.0 {
        share if share > 0.0 && share < 1.0 => "under 1 %".to_owned(),
        share => format!("{share:.0} %"),
    }
}

fn pairs(pairs: &[(&'static str, String)]) -> AnyView {
    let pair = |(name, words): &(&'static str, String)| view! { <div><dt>{*name}</dt> <dd>{words.clone()}</dd></div> };
    view! { <dl class="trace__pairs">{pairs.iter().map(pair).collect_view()}</dl> }
}

fn drawn_event(shape: &Shape, number: usize, event: &SpanEvent) -> AnyView {
    let span = &shape.spans[number];
    let began = shape.began.get(number).copied().flatten();
    let after = began.zip(span.start_ns).map(|(began, start)| took(event.at.micros_since(began).saturating_mul(1_000) + start - shape.waterfall.from_ns));
    let failed = ["exception", "error", "deadline", "timeout"].iter().any(|word| event.name.to_lowercase().contains(word));
    let said = event
        .attributes
        .iter()
        .map(|attribute| view! { <div><dt>{attribute.name.clone()}</dt> <dd class="mono">{attribute.value.clone()}</dd></div> })
        .collect_view();
    let details = (!event.attributes.is_empty()).then(|| view! { <dl class="trace__pairs">{said}</dl> });
    view! {
        <li data-failed=failed.then_some("")>
            <span class="number">{after}</span>
            <div><span>{event.name.clone()}</span> {details}</div>
        </li>
    }
}

/// The lines of the span; where it has none, those of the whole trace.
fn lines(shape: &Shape, mine: &[&LogRow], zone: crate::ui::times::Zone) -> AnyView {
    let all: Vec<&LogRow> = if mine.is_empty() { shape.trace.logs.iter().collect() } else { mine.to_vec() };
    if all.is_empty() {
        return view! { <p class="muted">"No line that was sent to us names this trace."</p> };
    }
    let line = |log: &&LogRow| {
        let fine = log.at.to_string().get(16..23).unwrap_or_default().trim_end_matches('Z').to_owned();
        let failed = log.severity_number >= 17;
        view! {
            <li data-failed=failed.then_some("")>
                <span class="number">{zone.hour_minute(log.at)}{fine}</span>
                " "
                {log.severity.clone()}
                " "
                {log.service.clone()}
                " "
                {log.text.clone()}
            </li>
        }
    };
    let more = all.len().saturating_sub(LOG_LINES);
    view! {
        <ol class="trace__logs mono" tabindex="0" aria-label="Log lines">
            {all.iter().take(LOG_LINES).map(line).collect_view()}
        </ol>
        {(more > 0).then(|| view! { <p class="muted">{format!("and {more} more lines")}</p> })}
    }
}
