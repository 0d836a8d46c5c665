//! What is looked at, against what: the time, the baseline and the filters, all in the address.

use super::{
    head::PinButton,
    question::{Baseline, LAST, Question, Spans, Time},
    state::Board,
};
use crate::{
    domain::{telemetry::origin::ReadFrom, time::Timestamp, wording},
    ui::{
        components::{
            field::Pick,
            icon::{Glyph, Icon},
            severity::{SeverityMark, severity_label},
        },
        drawing::view,
        routes::Route,
        times::Zone,
    },
};
use leptos::prelude::*;

#[component]
pub fn Bar(board: Board) -> impl IntoView {
    let typing = RwSignal::new(false);
    let changing = RwSignal::new(false);
    let locked = Memo::new(move |_| board.question.with(Question::is_locked));
    let time = move || {
        if locked.get() {
            lock(board)
        } else {
            view! { <Free board typing /> }
        }
    };
    let unlock = move || {
        locked.get().then(|| {
            let free = move |_| {
                if let Some(Spans { drawn, .. }) = board.spans.get_untracked() {
                    board.go(&board.question.get_untracked().at(Time::Between(drawn.from, drawn.to)));
                }
            };
            view! { <button type="button" class="link-button" on:click=free>"Unlock"</button> }
        })
    };
    let dates = move || (typing.get() && !locked.get()).then(|| view! { <Dates board typing /> });
    // On a phone it says what is chosen, and opens when that is to be changed.
    let open = Memo::new(move |_| !board.phone.get() || changing.get());
    let pin = move || (!board.phone.get()).then(|| view! { <PinButton board /> });
    let short = move || board.phone.get().then(|| view! { <Short board changing /> });
    let choices = move || {
        open.get().then(|| {
            view! {
                <div class="debug__bar" id="debug-bar" role="search" aria-label="What is looked at">
                    {time} <BaselinePick board /> <SourcePick board /> <Filters board /> <span class="debug__aside">{unlock} {pin}</span>
                </div>
                {dates}
            }
        })
    };
    view! {
        {short}
        {choices}
    }
}

/// What is looked at, in two lines.
#[component]
fn Short(board: Board, changing: RwSignal<bool>) -> impl IntoView {
    let time = move || {
        let spans = board.spans.get()?;
        Some(span_words(&spans, board.session.zone.get(), board.session.live.now()))
    };
    let lock = move || match board.question.with(|question| question.time.clone()) {
        Time::Incident(reference) => Some(lock_words(board, reference)),
        Time::Last(_) | Time::Between(..) => None,
    };
    let second = move || {
        board.question.with(|question| {
            let baseline = format!("baseline: {}", question.baseline.words(question.is_locked()));
            [Some(baseline), question.source.clone(), question.service.clone(), question.operation.clone()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · ")
        })
    };
    view! {
        <div class="debug__short">
            <div>
                <p class="debug__short-time">{lock} <span class="number">{time}</span></p>
                <p class="muted">{second}</p>
            </div>
            <button type="button" class="link-button" aria-expanded=move || changing.get().to_string() on:click=move |_| changing.update(|on| *on = !*on)>
                {move || if changing.get() { "Done" } else { "Change" }}
            </button>
        </div>
    }
}

/// `01:34–02:31 UTC`, with the day where it is not today's.
fn span_words(spans: &Spans, zone: Zone, now: Timestamp) -> String {
    format!("{}–{} {}", zone.clock(spans.drawn.from, now), zone.hour_minute(spans.drawn.to), zone.name())
}

/// That the time is an incident's, and whose.
fn lock_words(board: Board, reference: String) -> AnyView {
    let severity = move || board.incident.with(|incident| incident.as_ref().map(|incident| incident.shown_severity()));
    let mark = move || severity().map(|severity| view! { <SeverityMark severity /> <span class="visually-hidden">{severity_label(severity)}</span> });
    let path = Route::Incident(reference.clone()).path();
    view! {
        <Icon glyph=Glyph::Lock />
        <span class="muted">"locked to"</span>
        {mark}
        <a href=path>{reference}</a>
    }
}

fn lock(board: Board) -> AnyView {
    let words = move || match board.question.with(|question| question.time.clone()) {
        Time::Incident(reference) => lock_words(board, reference),
        Time::Last(_) | Time::Between(..) => ().into_any(),
    };
    let time = move || {
        let spans = board.spans.get()?;
        Some(view! {
            <span>{span_words(&spans, board.session.zone.get(), board.session.live.now())}</span>
            <span class="muted">{wording::span(spans.drawn.to.secs_since(spans.drawn.from))}</span>
        })
    };
    view! { <span class="debug__chip" data-locked="true">{words} {time}</span> }
}

/// A range up to now, or between two instants.
#[component]
fn Free(board: Board, typing: RwSignal<bool>) -> impl IntoView {
    let chosen = move || match board.question.with(|question| question.time.clone()) {
        Time::Last(minutes) => LAST.iter().position(|(_, known)| *known == minutes).map_or_else(|| "own".to_owned(), |at| at.to_string()),
        Time::Between(..) | Time::Incident(_) => "own".to_owned(),
    };
    let chose = move |event| {
        let at = event_target_value(&event).parse::<usize>().ok().and_then(|at| LAST.get(at));
        typing.set(at.is_none());
        if let Some((_, minutes)) = at {
            board.go(&board.question.get_untracked().at(Time::Last(*minutes)));
        }
    };
    let option = move |(at, (words, _)): (usize, &(&'static str, i64))| {
        let value = at.to_string();
        let here = value.clone();
        view! { <option value=value prop:selected=move || chosen() == here>{format!("last {words}")}</option> }
    };
    let between = move || {
        let is_own = matches!(board.question.with(|question| question.time.clone()), Time::Between(..));
        let spans = board.spans.get().filter(|_| is_own)?;
        Some(view! {
            <span class="debug__chip">
                <button type="button" class="link-button" title="Change both ends" on:click=move |_| typing.set(true)>
                    {span_words(&spans, board.session.zone.get(), board.session.live.now())}
                </button>
                <button
                    type="button"
                    class="debug__off"
                    aria-label="The last hour instead"
                    on:click=move |_| board.go(&board.question.get_untracked().at(Time::Last(60)))
                >
                    <Icon glyph=Glyph::Cross />
                </button>
            </span>
        })
    };
    view! {
        <label class="debug__pick">
            <span class="muted">"time"</span>
            <select aria-label="Time" on:change=chose>
                {LAST.iter().enumerate().map(option).collect_view()}
                <option value="own" prop:selected=move || chosen() == "own">"between…"</option>
            </select>
        </label>
        {between}
    }
}

/// From one minute to another.
#[component]
fn Dates(board: Board, typing: RwSignal<bool>) -> impl IntoView {
    let zone = board.session.zone.get_untracked();
    let (first, last) = board.spans.get_untracked().map_or((String::new(), String::new()), |spans| (zone.field(spans.drawn.from), zone.field(spans.drawn.to)));
    let (from, to) = (RwSignal::new(first), RwSignal::new(last));
    let refused = RwSignal::new(false);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let range = zone.read(&from.get_untracked()).zip(zone.read(&to.get_untracked())).filter(|(from, to)| from < to);
        refused.set(range.is_none());
        if let Some((from, to)) = range {
            typing.set(false);
            board.go(&board.question.get_untracked().at(Time::Between(from, to)));
        }
    };
    view! {
        <form class="debug__dates" on:submit=send aria-label="Between two instants">
            <Pick label=format!("From ({})", zone.name()) kind="datetime-local" value=from /> <Pick label="To" kind="datetime-local" value=to />
            <button type="submit" class="button" data-size="small">"Show"</button>
            <p class="field__error" role="alert">{move || refused.get().then_some("The end has to come after the start.")}</p>
        </form>
    }
}

#[component]
fn BaselinePick(board: Board) -> impl IntoView {
    let chosen = move || board.question.with(|question| question.baseline);
    let locked = move || board.question.with(Question::is_locked);
    let chose = move |event| {
        if let Some(baseline) = event_target_value(&event).parse::<usize>().ok().and_then(|at| Baseline::ALL.get(at)) {
            board.change(|question| question.baseline = *baseline);
        }
    };
    let option = move |(at, baseline): (usize, Baseline)| {
        view! { <option value=at.to_string() prop:selected=move || chosen() == baseline>{move || baseline.words(locked())}</option> }
    };
    view! {
        <label class="debug__pick">
            <span class="muted">"baseline"</span>
            <select aria-label="Baseline" on:change=chose>
                {Baseline::ALL.into_iter().enumerate().map(option).collect_view()}
            </select>
        </label>
    }
}

/// From whom it is read, where there is a choice.
#[component]
fn SourcePick(board: Board) -> impl IntoView {
    let chosen = Memo::new(move |_| board.question.with(|question| question.source.clone()));
    let names = Memo::new(move |_| {
        let known = board.answer.with(|answer| answer.as_ref().map(|answer| answer.page.sources.clone()).unwrap_or_default());
        let mut names: Vec<String> = known.into_iter().map(|source| source.name).collect();
        // Also one that does not answer can be left again.
        names.extend(chosen.get().filter(|chosen| !names.contains(chosen)));
        names
    });
    let chose = move |event| {
        let name = event_target_value(&event);
        board.change(|question| {
            question.source = Some(name).filter(|name| !name.is_empty());
            question.service = None;
            question.operation = None;
            question.brush = None;
        });
    };
    let option = move |name: String| {
        let (value, here) = (name.clone(), name.clone());
        view! { <option value=value prop:selected=move || chosen.with(|chosen| chosen.as_ref() == Some(&here))>{name}</option> }
    };
    let note = move || {
        let words = board.answer.with(|answer| answer.as_ref().and_then(|answer| answer.page.read_from.as_ref().map(ReadFrom::line)));
        words.filter(|_| chosen.with(Option::is_some)).map(|words| view! { <span class="muted">{words}</span> })
    };
    move || {
        (!names.with(Vec::is_empty)).then(|| {
            view! {
                <label class="debug__pick">
                    <span class="muted">"read from"</span>
                    <select aria-label="Read from" on:change=chose>
                        <option value="" prop:selected=move || chosen.with(Option::is_none)>"this server"</option>
                        {names.get().into_iter().map(option).collect_view()}
                    </select>
                </label>
                {note}
            }
        })
    }
}

/// Which service and operation: chips that can be taken off, and a list to choose from.
#[component]
fn Filters(board: Board) -> impl IntoView {
    let service = move || board.question.with(|question| question.service.clone());
    let chip = move |name: &'static str, value: String, off: fn(&mut Question)| {
        let label = format!("Without {name} {value}");
        view! {
            <span class="debug__chip">
                <span class="muted">{name}</span>
                <span class="debug__value">{value}</span>
                <button type="button" class="debug__off" aria-label=label on:click=move |_| board.change(off)>
                    <Icon glyph=Glyph::Cross />
                </button>
            </span>
        }
    };
    let of_service = move || {
        service().map(|value| {
            chip("service", value, |question| {
                question.service = None;
                question.operation = None;
            })
        })
    };
    let of_operation =
        move || board.question.with(|question| question.operation.clone()).map(|value| chip("operation", value, |question| question.operation = None));
    let names = Memo::new(move |_| board.answer.with(|answer| answer.as_ref().map(|answer| answer.page.services.clone()).unwrap_or_default()));
    let chose = move |event| {
        let name = event_target_value(&event);
        if !name.is_empty() {
            board.change(|question| {
                question.service = Some(name);
                question.operation = None;
            });
        }
    };
    let pick = move || {
        service().is_none().then(|| {
            view! {
                <label class="debug__pick" data-adds="true">
                    <Icon glyph=Glyph::Plus />
                    <select aria-label="Service" on:change=chose>
                        <option value="">"Service"</option>
                        {move || names.get().into_iter().map(|name| view! { <option value=name.clone()>{name.clone()}</option> }).collect_view()}
                    </select>
                </label>
            }
        })
    };
    view! {
        {of_service}
        {of_operation}
        {pick}
    }
}
