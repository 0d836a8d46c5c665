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
            differences::{Difference, Figure},
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
            let sentence = match since {
                Some(since) => format!("Since {since}: {}", first.text),
                None => first.text.clone(),
            };
            let others = match rest.len() {
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
            <tr>
                <th scope="row">{difference.text.clone()}</th>
                <td class="number">{value(difference, difference.now)}</td>
                <td class="number">{value(difference, difference.before)}</td>
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
            <table class="plain">
                <caption class="visually-hidden">"Differences, the most telling first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"What differs"</th>
                        <th scope="col" class="number">"Now"</th>
                        <th scope="col" class="number">"Baseline"</th>
                    </tr>
                </thead>
                <tbody>{items.into_iter().map(row).collect_view()}</tbody>
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
