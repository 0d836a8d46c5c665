//! The sentence: what sets this time apart, then what does not, and how it was compared.

use super::{
    question::Baseline,
    state::{Answer, Board},
    suspects::{Of, Suspects},
};
use crate::{
    charts::heat::percent,
    domain::{
        incident::Command,
        telemetry::{
            board::Told,
            differences::{Difference, DifferenceKind, Figure},
        },
        wording::grouped,
    },
    ui::{
        components::{
            dialog::Dialog,
            icon::{Glyph, Icon},
            loaded::Load,
        },
        drawing::view,
    },
};
use leptos::prelude::*;

/// What is said on top: the sentence, and the line beneath it.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub sentence: String,
    pub second: String,
    /// There is something that was compared.
    pub compared: bool,
}

/// Puts it in words. `since` is where the compared part begins, when that is not the whole range.
pub fn said(answer: Option<&Answer>, told: &Load<std::sync::Arc<Told>>, baseline: Baseline, locked: bool, since: Option<&str>) -> Said {
    let plain = |sentence: &str, second: &str| Said { sentence: sentence.to_owned(), second: second.to_owned(), compared: false };
    let Some(answer) = answer else { return plain("Looking for what differs…", "") };
    let n = |n: u64| grouped(usize::try_from(n).unwrap_or(usize::MAX));
    let now = answer.compared().now;
    if now.requests == 0 {
        return plain("No calls were measured in this time.", &nothing(answer));
    }
    let failing = now.error_ratio.map_or_else(String::new, |ratio| format!(", {} of them fail", percent(ratio)));
    let before = answer.page.latency.before.as_ref().map(|before| &before.figures).filter(|figures| figures.requests > 0);
    let words = baseline.words(locked);
    let Some(before) = before else {
        let why = match baseline {
            Baseline::Nothing => "Compared with nothing: no baseline is chosen.".to_owned(),
            _ => format!("Compared with nothing: no calls were measured {}.", if baseline == Baseline::Before { "in the time before" } else { words }),
        };
        return plain(&format!("{} calls{failing}.", n(now.requests)), &why);
    };
    let counts = format!("{} calls against {}, {words}.", n(now.requests), n(before.requests));
    let Load::Ready(told) = told else {
        let second =
            if let Load::Failed(failure) = told { format!("It could not be compared: {}. {counts}", failure.words) } else { format!("Comparing {counts}") };
        return plain(&format!("{} calls{failing}.", n(now.requests)), &second);
    };
    match told.items.split_first() {
        Some((first, rest)) => {
            let both = failing_too(first, rest);
            let sentence = match (since, &both) {
                (Some(since), Some(both)) => format!("Since {since}, {both}"),
                (Some(since), None) => format!("Since {since}: {}", first.text),
                (None, Some(both)) => both.clone(),
                (None, None) => first.text.clone(),
            };
            // What the sentence says of failures is one of them.
            let others = match rest.len() - usize::from(both.is_some()) {
                0 => "Nothing else stands out.".to_owned(),
                1 => "One more thing differs.".to_owned(),
                n => format!("{n} more things differ."),
            };
            Said { sentence: ended(&sentence), second: format!("{others} {counts}"), compared: true }
        }
        None => {
            let nearest = told.nearest.as_ref().map_or_else(String::new, |nearest| {
                format!("The largest difference: {} (n = {} and {}) ", ended(&nearest.text), n(nearest.now.n), n(nearest.before.n))
            });
            Said { sentence: "Nothing stands out.".to_owned(), second: format!("{nearest}{counts}"), compared: true }
        }
    }
}

/// From this share on failures stand before how long it takes.
const FAILING: f64 = 0.05;

/// What takes longer and fails, in one sentence, failures first: `33 % of POST /charge calls to payments fail; it
/// takes 465 ms, 82 ms before`. `None` where the first is something else, or fails seldom or less than before.
fn failing_too(first: &Difference, rest: &[Difference]) -> Option<String> {
    let is_calls =
        |item: &Difference| matches!(item.kind, DifferenceKind::Service | DifferenceKind::Operation) && item.attribute.is_none() && item.instance.is_none();
    if first.measure != "latency" || !is_calls(first) {
        return None;
    }
    let same = |item: &&Difference| is_calls(item) && item.measure == "errors" && (&item.service, &item.operation) == (&first.service, &first.operation);
    let failures = rest.iter().find(same)?;
    // Fewer than before are no news of a failure.
    let failing = failures.now.value.filter(|share| *share >= FAILING && failures.before.value.is_none_or(|before| *share > before))?;
    let takes = crate::charts::heat::seconds(first.now.value?);
    let before = first.before.value.map_or_else(String::new, |before| format!(", {} before", crate::charts::heat::seconds(before)));
    let calls = first.operation.as_ref().map_or_else(|| "calls".to_owned(), |operation| format!("{operation} calls"));
    Some(format!("{} of {calls} to {} fail; it takes {takes}{before}", percent(failing), first.service))
}

fn ended(sentence: &str) -> String {
    if sentence.ends_with(['.', '!', '?', '…']) { sentence.to_owned() } else { format!("{sentence}.") }
}

/// Why there may be nothing.
fn nothing(answer: &Answer) -> String {
    let holdings = &answer.page.holdings;
    if holdings.loading {
        return "What was kept is still being read; figures grow until it is.".to_owned();
    }
    match holdings.oldest {
        Some(oldest) if oldest >= answer.spans.drawn.to => format!("What is kept begins at {}.", oldest.date_minute()),
        _ => "Choose another time, or fewer filters.".to_owned(),
    }
}

#[component]
pub fn Head(board: Board) -> impl IntoView {
    let open = RwSignal::new(false);
    let said = Memo::new(move |_| board.said());
    let link = move || {
        said.with(|said| said.compared).then(|| {
            view! {
                " "
                <button type="button" class="link-button" on:click=move |_| open.set(true)>
                    "What was compared"
                </button>
            }
        })
    };
    let sheet = move || {
        let Load::Ready(told) = board.told.get() else { return None };
        open.get().then(|| {
            view! {
                <Dialog title="What was compared" on_close=move |()| open.set(false)>
                    {compared(board, &told)}
                </Dialog>
            }
        })
    };
    let stale = move || {
        let failure = board.failure.get().filter(|_| board.answer.with(Option::is_some))?;
        let at = board.answer.with(|answer| answer.as_ref().map(|answer| answer.page.asked_at))?;
        let clock = board.session.zone.get().hour_minute(at);
        Some(view! { <p class="debug__stale" role="status">{format!("As of {clock}: {}. It is asked again by itself.", failure.words)}</p> })
    };
    let loading = move || {
        let loading = board.answer.with(|answer| answer.as_ref().is_some_and(|answer| answer.page.holdings.loading));
        loading.then(|| view! { <p class="debug__stale" role="status">"What was kept is still being read after a start; figures grow until it is."</p> })
    };
    view! {
        <header class="debug__head" aria-live="polite">
            <h1 class="debug__sentence">{move || said.with(|said| said.sentence.clone())}</h1>
            <p class="debug__second">{move || said.with(|said| said.second.clone())} {link}</p>
            {stale}
            {loading}
            // The panels that say so are closed there.
            {move || board.phone.get().then(|| view! { <Suspects board of=Of::Both /> })}
        </header>
        {sheet}
    }
}

impl Board {
    pub fn said(self) -> Said {
        let zone = self.session.zone.get();
        let answer = self.answer.get();
        // In the words of the question that was answered, which may be another one by now.
        let of = |question: &super::question::Question| (question.baseline, question.is_locked());
        let (baseline, locked) = answer.as_ref().map_or_else(|| self.question.with(of), |answer| of(&answer.question));
        let since = answer.as_ref().and_then(|answer| answer.spans.impact).map(|at| zone.hour_minute(at));
        self.told.with(|told| said(answer.as_deref(), told, baseline, locked, since.as_deref()))
    }
}

/// All differences with both sides and their n.
fn compared(board: Board, told: &Told) -> AnyView {
    let value = |difference: &Difference, figure: Figure| {
        let value = match (figure.value, difference.measure.as_str()) {
            (None, _) => "–".to_owned(),
            (Some(value), "errors" | "missing" | "log") if (0.0..=1.0).contains(&value) => percent(value),
            (Some(value), "latency") => crate::charts::heat::seconds(value),
            (Some(value), _) => format!("{value:.2}"),
        };
        format!("{value} (n = {})", grouped(usize::try_from(figure.n).unwrap_or(usize::MAX)))
    };
    let row = |difference: &Difference| {
        view! {
            <tr role="row">
                <th scope="row" role="rowheader">{difference.text.clone()}</th>
                <td role="cell" class="number" data-label="now ">{value(difference, difference.now)}</td>
                <td role="cell" class="number" data-label=" · before ">{value(difference, difference.before)}</td>
            </tr>
        }
    };
    let items: Vec<&Difference> = told.items.iter().chain(&told.nearest).collect();
    let answer = board.answer.get_untracked();
    let zone = board.session.zone.get_untracked();
    let range = |range: crate::domain::telemetry::panels::Range| {
        format!("{} to {} {}", zone.clock(range.from, board.session.live.now()), zone.clock(range.to, board.session.live.now()), zone.name())
    };
    let ranges = answer.and_then(|answer| answer.spans.baseline.map(|baseline| format!("{} against {}.", range(answer.spans.compared), range(baseline))));
    let none = items.is_empty().then(|| view! { <p>"No difference came near to passing the test."</p> });
    let table = (!items.is_empty()).then(|| {
        view! {
            <table class="plain compared" role="table">
                <caption class="visually-hidden">"Differences, the most telling first"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th scope="col" role="columnheader">"What differs"</th>
                        <th scope="col" role="columnheader" class="number">"Now"</th>
                        <th scope="col" role="columnheader" class="number">"Baseline"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{items.into_iter().map(row).collect_view()}</tbody>
            </table>
        }
    });
    view! {
        <p>{ranges}</p>
        <p class="muted">
            "Errors, latency by the time a service itself took, missing calls and log statements, traffic, attributes and gauges were compared. A difference stands here when it passes a test that allows for how many there were, and is large enough to matter. It says what differs, not why."
        </p>
        {none}
        {table}
    }
}

/// What an incident's timeline gets: the words, the figures and the way back here.
#[component]
pub fn PinButton(board: Board) -> impl IntoView {
    let evidence = move || {
        let said = board.said();
        let url = format!("{}{}", board.session.origin.get_value(), board.question.with(super::question::Question::address));
        Command::Link { url, text: Some(format!("{} {}", said.sentence, said.second).trim().to_owned()) }
    };
    move || {
        let incident = board.incident.get()?;
        let (id, reference) = (incident.id, incident.reference);
        let refused = move || board.session.would(&incident, &evidence()).err().map(|refusal| refusal.to_string());
        let why = refused.clone();
        let pin = move |_| match untrack(|| board.session.send(id, evidence())) {
            Ok(()) => board.session.toasts.say(format!("Pinned to the timeline of {reference}.")),
            Err(refusal) => board.session.toasts.say_refused(&refusal),
        };
        Some(view! {
            <button type="button" class="button debug__pin" disabled=move || refused().is_some() title=move || why() on:click=pin>
                <Icon glyph=Glyph::Pin />
                {format!("Pin to {reference}")}
            </button>
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(measure: &str, operation: Option<&str>, now: f64, before: f64) -> Difference {
        Difference {
            kind: if operation.is_some() { DifferenceKind::Operation } else { DifferenceKind::Service },
            service: "payments".to_owned(),
            operation: operation.map(str::to_owned),
            peer: None,
            attribute: None,
            value: None,
            instance: None,
            measure: measure.to_owned(),
            now: Figure { n: 446, value: Some(now) },
            before: Figure { n: 468, value: Some(before) },
            text: String::new(),
        }
    }

    #[test]
    fn what_takes_longer_and_fails_is_said_in_one_sentence_failures_first() {
        let slow = item("latency", Some("POST /charge"), 0.465, 0.082);
        let failing = item("errors", Some("POST /charge"), 0.33, 0.002);
        let said = failing_too(&slow, &[item("traffic", None, 1.0, 2.0), failing.clone()]);
        assert_eq!(said.as_deref(), Some("33 % of POST /charge calls to payments fail; it takes 465 ms, 82 ms before"));
        let seldom = item("errors", Some("POST /charge"), 0.04, 0.002);
        assert_eq!(failing_too(&slow, &[seldom]), None);
        assert_eq!(failing_too(&slow, &[item("errors", Some("POST /charge"), 0.1, 0.6)]), None, "it fails less than before");
        assert_eq!(failing_too(&slow, &[item("errors", Some("GET /charge"), 0.33, 0.0)]), None, "another operation is another matter");
        assert_eq!(failing_too(&failing, &[slow]), None, "what comes first says it already");
        let service = failing_too(&item("latency", None, 0.465, 0.082), &[item("errors", None, 0.33, 0.002)]);
        assert_eq!(service.as_deref(), Some("33 % of calls to payments fail; it takes 465 ms, 82 ms before"));
    }
}
