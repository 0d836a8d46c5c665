//! Traces of a range: those with errors first, then the slowest, each with how long it took on one
//! scale. They are searched by id, service, operation, attribute and duration.

use crate::{
    api,
    domain::{
        telemetry::{
            origin::ReadFrom,
            panels::{Attribute, TraceCard, TraceOrder, TracePage, TraceQuestion},
            waterfall::took,
        },
        wording,
    },
    ui::{
        address::address_of,
        components::{
            choice::Lens,
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
        },
        drawing::view,
        paged::Paged,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

const ORDERS: [(TraceOrder, &str, &str); 3] = [
    (TraceOrder::Errors, "Errors first", "errors first, then the slowest"),
    (TraceOrder::Slowest, "Slowest", "the slowest first"),
    (TraceOrder::Recent, "Latest", "the latest first"),
];

/// What somebody typed, on top of what the board asks for.
#[derive(Clone, Debug, Default, PartialEq)]
struct Typed {
    service: Option<String>,
    operation: Option<String>,
    attributes: Vec<Attribute>,
    min_s: Option<f64>,
    max_s: Option<f64>,
    errors: bool,
    /// What stands there and means nothing.
    unread: Vec<String>,
}

impl Typed {
    /// Reads words like `service:checkout op:"POST /pay" >2s card.region=EU error`.
    fn read(text: &str) -> Self {
        let mut typed = Typed::default();
        for word in words(text) {
            let named = |names: &[&str]| names.iter().find_map(|name| word.strip_prefix(&format!("{name}:"))).map(str::to_owned);
            let (over, under) = (word.strip_prefix('>').and_then(seconds), word.strip_prefix('<').and_then(seconds));
            if let Some(service) = named(&["service", "s"]) {
                typed.service = Some(service);
            } else if let Some(operation) = named(&["operation", "op"]) {
                typed.operation = Some(operation);
            } else if over.is_some() {
                typed.min_s = over;
            } else if under.is_some() {
                typed.max_s = under;
            } else if matches!(word.as_str(), "error" | "errors") {
                typed.errors = true;
            } else if let Some((name, value)) = word.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty()) {
                typed.attributes.push(Attribute { name: name.to_owned(), value: value.to_owned() });
            } else if typed.service.is_none() && !word.contains(['/', ' ', '<', '>', '=']) {
                typed.service = Some(word);
            } else if typed.operation.is_none() && !word.contains(['<', '>', '=']) {
                typed.operation = Some(word);
            } else {
                typed.unread.push(word);
            }
        }
        typed
    }

    /// The board's question, narrowed.
    fn narrow(&self, asked: &TraceQuestion, order: TraceOrder) -> TraceQuestion {
        let longer = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::max);
        let shorter = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::min);
        TraceQuestion {
            range: asked.range,
            service: self.service.clone().or_else(|| asked.service.clone()),
            operation: self.operation.clone().or_else(|| asked.operation.clone()),
            attributes: asked.attributes.iter().chain(&self.attributes).cloned().collect(),
            min_s: longer(asked.min_s, self.min_s),
            max_s: shorter(asked.max_s, self.max_s),
            errors: asked.errors || self.errors,
            order,
            source: asked.source.clone(),
        }
    }
}

/// Words between spaces; in quotation marks spaces belong to them.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (vec![], String::new(), false);
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            letter if letter.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// `2s`, `250ms`, `1.5` (seconds), `2m`.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim_start_matches('=');
    let (figure, times) = match (text.strip_suffix("ms"), text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(figure), ..) => (figure, 0.001),
        (_, Some(figure), _) => (figure, 1.0),
        (.., Some(figure)) => (figure, 60.0),
        _ => (text, 1.0),
    };
    figure.trim().parse::<f64>().ok().map(|figure| figure * times).filter(|secs| secs.is_finite() && *secs >= 0.0)
}

/// A trace's id, where that is what was typed.
fn trace_id(text: &str) -> Option<String> {
    let id = text.trim().trim_start_matches("trace:").to_lowercase();
    ((16..=32).contains(&id.len()) && id.chars().all(|letter| letter.is_ascii_hexdigit())).then_some(id)
}

/// The traces that `asked` names: range, service, and what else the board has chosen. Whenever it
/// or `again` changes they are asked for anew; `chips` stands beside the title.
#[component]
pub fn Traces(
    #[prop(into)] asked: Signal<TraceQuestion>,
    #[prop(into)] again: Signal<u32>,
    /// How many are asked for at once.
    at_once: u32,
    /// What narrows the list, as the board shows it.
    #[prop(optional)]
    chips: Option<Children>,
    /// What the list lacks, as the board knows it.
    #[prop(optional)]
    foot: Option<Children>,
) -> impl IntoView {
    let session = session();
    let typed = RwSignal::new(Typed::default());
    let order = RwSignal::new(0_usize);
    let paged = Paged::<TraceCard>::new();
    let (load, items) = (paged.load, paged.items);
    // What the list answers.
    let listed = StoredValue::new(None::<TraceQuestion>);
    let updating = RwSignal::new(false);
    // What the list was made from, where it is another's.
    let origin = RwSignal::new(None::<ReadFrom>);
    let question = Memo::new(move |_| {
        let order = ORDERS.get(order.get()).map_or(TraceOrder::Errors, |(order, ..)| *order);
        asked.with(|asked| typed.with(|typed| typed.narrow(asked, order)))
    });
    let fetch = move |cursor: Option<String>| {
        let wanted = question.get_untracked();
        updating.set(true);
        spawn_local(async move {
            let answer = api::traces::list(wanted.clone(), cursor.clone(), Some(at_once)).await;
            // Somebody may have asked otherwise, or left, in the meantime.
            if question.try_get_untracked().as_ref() != Some(&wanted) {
                return;
            }
            updating.set(false);
            let answer = answer.map(|TracePage { items, next_cursor, read_from }| {
                origin.set(read_from);
                (items, next_cursor)
            });
            // What is there stays while asking the same again fails.
            let is_there = listed.with_value(|listed| listed.as_ref().is_some_and(|listed| is_same_later(listed, &wanted)));
            if answer.is_err() && is_there {
                return;
            }
            listed.set_value(answer.is_ok().then_some(wanted));
            paged.take(cursor.as_deref(), answer);
        });
    };
    let fetch = Callback::new(fetch);
    Effect::new(move |before: Option<TraceQuestion>| {
        again.track();
        let now = question.get();
        let moved = before.is_some_and(|before| is_same_later(&before, &now));
        // Whoever reads on is not thrown back to the first page by time going on.
        if !(moved && items.with_untracked(Vec::len) > at_once as usize) {
            fetch.run(None);
        }
        now
    });
    let search = move |text: String| match trace_id(&text) {
        Some(id) => session.address.open(&Route::Trace(id)),
        None => typed.set(Typed::read(&text)),
    };
    let note = move || {
        let words = order.with(|order| ORDERS.get(*order).map_or("", |(.., words)| *words));
        if updating.get() { format!("{words} · updating") } else { words.to_owned() }
    };
    let unread = move || {
        let unread = typed.with(|typed| typed.unread.clone());
        (!unread.is_empty()).then(|| view! { <p class="traces__unread">{format!("Not understood: {}.", wording::list(&unread))}</p> })
    };
    let is_empty = Memo::new(move |_| items.with(Vec::is_empty));
    let body = move || match load.get() {
        Load::Loading => view! { <Loading what="the traces" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| fetch.run(None) /> },
        Load::Ready(()) if is_empty.get() => {
            let narrowed = question.with(|question| {
                question.service.is_some()
                    || question.operation.is_some()
                    || !question.attributes.is_empty()
                    || question.min_s.is_some()
                    || question.max_s.is_some()
                    || question.errors
            });
            let words = if narrowed {
                "No trace of this time fits what is asked for."
            } else if question.with(|question| question.source.is_some()) {
                "No trace of this time was found."
            } else {
                "No trace began in this time. Spans sent to /v1/traces with an integration's token stand here."
            };
            view! { <p class="panel__empty">{words}</p> }
        }
        Load::Ready(()) => {
            let source = move || question.with(|question| question.source.clone()).unwrap_or_default();
            (move || items.with(|items| list(items, &source()))).into_any()
        }
    };
    let more = move || {
        matches!(load.get(), Load::Ready(())).then(|| paged.more("Show more", fetch)).flatten().map(|more| view! { <p class="traces__more">{more}</p> })
    };
    let made_from = move || origin.get().map(|from| view! { <p class="muted">{from.line()}</p> });
    let options = ORDERS.map(|(_, words, _)| Signal::stored(words.to_owned())).to_vec();
    view! {
        <section class="panel traces" aria-labelledby="traces-title">
            <div class="panel__head">
                <h2 id="traces-title">"Traces"</h2>
                {chips.map(|chips| chips())}
                <span class="panel__note" role="status">
                    {note}
                </span>
            </div>
            <div class="traces__tools">
                <input
                    class="input"
                    type="search"
                    aria-label="Search traces: an id, service, operation, attribute=value, or >2s"
                    placeholder="id, service:, op:, key=value, >2s"
                    autocomplete="off"
                    spellcheck="false"
                    on:change=move |event| search(event_target_value(&event))
                />
                <Lens label="Order" options chosen=order choose=move |at| order.set(at) />
            </div>
            {unread}
            {made_from}
            {body}
            {more}
            {foot.map(|foot| foot())}
        </section>
    }
}

/// The same question, asked once more while time went on.
fn is_same_later(before: &TraceQuestion, now: &TraceQuestion) -> bool {
    TraceQuestion { range: now.range, ..before.clone() } == *now
}

/// `source` is the data source that has them, where it is not this server.
fn list(items: &[TraceCard], source: &str) -> AnyView {
    let longest = items.iter().map(|card| card.duration_s).fold(0.0, f64::max);
    let row = |card: &TraceCard| row(card, longest, source);
    view! {
        <table class="traces__table">
            <caption class="visually-hidden">"Traces, with how long their root took on one scale"</caption>
            <thead>
                <tr>
                    <th scope="col">"Duration"</th>
                    <th scope="col">"Service"</th>
                    <th scope="col">"Root"</th>
                    <th scope="col">"Result"</th>
                    <th scope="col">"At"</th>
                    <th scope="col">"Trace"</th>
                </tr>
            </thead>
            <tbody>{items.iter().map(row).collect_view()}</tbody>
        </table>
    }
}

fn row(card: &TraceCard, longest: f64, source: &str) -> AnyView {
    let session = session();
    let at = card.started_at;
    let clock = move || {
        let seconds = at.to_string().get(16..19).unwrap_or_default().to_owned();
        session.zone.get().clock(at, session.live.now()) + &seconds
    };
    #[allow(clippy::cast_possible_truncation)] // seconds of a call
    let took = took((card.duration_s * 1e9) as i64);
    let part = if longest > 0.0 { card.duration_s / longest * 100.0 } else { 0.0 };
    let path = address_of(&Route::Trace(card.trace_id.clone()).path(), &[("source", source)]);
    let short = card.trace_id.get(..8).unwrap_or(&card.trace_id).to_owned();
    let result = match card.errors {
        _ if card.retried => view! { <span>"ok, retried"</span> },
        0 => view! { <span>{format!("ok, {}", wording::count(usize::try_from(card.spans).unwrap_or(usize::MAX), "span", "spans"))}</span> },
        errors => view! {
            <span class="traces__failed">
                <Icon glyph=Glyph::Failed />
                {wording::count(usize::try_from(errors).unwrap_or(usize::MAX), "error", "errors")}
            </span>
        },
    };
    view! {
        <tr class="traces__row">
            <td class="traces__duration">
                <span class="traces__scale" aria-hidden="true">
                    <span style:width=format!("{part:.1}%")></span>
                </span>
                <span class="number">{took}</span>
            </td>
            <td class="traces__service">{card.root.service.clone()}</td>
            <td class="traces__root">{card.root.operation.clone()}</td>
            <td>{result}</td>
            <td class="number traces__at"><time datetime=at.to_string()>{clock}</time></td>
            <td><a class="mono traces__link" data-row=card.trace_id.clone() href=path>{short}</a></td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_by_its_shape() {
        let typed = Typed::read("checkout \"POST /pay\" >1.5s <4s card.region=EU error");
        assert_eq!((typed.service.as_deref(), typed.operation.as_deref()), (Some("checkout"), Some("POST /pay")));
        assert_eq!((typed.min_s, typed.max_s, typed.errors), (Some(1.5), Some(4.0), true));
        assert_eq!(typed.attributes, [Attribute { name: "card.region".to_owned(), value: "EU".to_owned() }]);
        assert_eq!(Typed::read("service:a op:b").operation.as_deref(), Some("b"));
        assert_eq!(Typed::read(">soon").unread, [">soon"]);
        assert_eq!(["250ms", "2s", "2m", "=3", "x"].map(seconds), [Some(0.25), Some(2.0), Some(120.0), Some(3.0), None]);
    }

    #[test]
    fn an_id_goes_to_its_trace() {
        assert_eq!(trace_id(" 5B8EFFF798038103D269B633813FC60C "), Some("5b8efff798038103d269b633813fc60c".to_owned()));
        assert_eq!((trace_id("checkout"), trace_id("5b8e"), trace_id("facade")), (None, None, None));
    }
}
