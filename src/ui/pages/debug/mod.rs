//! The debug board: what sets a time apart, where in latency, at which service, on which path, by
//! whom. What is looked at stands in the address; one selection moves all panels.

mod bar;
mod callers;
mod compare;
mod head;
mod heats;
mod more;
mod question;
mod state;
mod suspects;

use crate::{
    charts::heat::GUTTER,
    domain::{
        telemetry::{
            board::BoardPage,
            origin::ReadFrom,
            panels::{Holdings, Question, TraceOrder, TraceQuestion},
        },
        wording::{grouped, size, span},
    },
    ui::{
        browser,
        components::{copy_box::CopyBox, empty::EmptyState, loaded::Failed},
        drawing::view,
        panels::{changed::Changed, dependencies::Dependencies, traces::Traces},
        routes::{Route, Tab},
    },
};
use leptos::{leptos_dom::helpers::window_event_listener, prelude::*, task::spawn_local};
use state::{Board, PHONE};
use suspects::{Of, Suspects};

/// A panel beside others shows as many traces as these have rows; more are asked for there.
const TRACES_AT_ONCE: u32 = 8;

#[component]
pub fn DebugBoard() -> impl IntoView {
    browser::set_title("Debug · Tocsin");
    let board = Board::begin();
    let phone = board.phone;
    if browser::is_here() {
        // A phone's address bar comes and goes while somebody scrolls: what is open stays open.
        let measure = move || {
            let is_phone = browser::viewport().0 < PHONE;
            if phone.get_untracked() != is_phone {
                phone.set(is_phone);
            }
        };
        measure();
        let listener = window_event_listener(leptos::ev::resize, move |_| measure());
        on_cleanup(move || listener.remove());
    }
    let nothing_sent = Memo::new(move |_| {
        board
            .answer
            .with(|answer| answer.as_ref().is_some_and(|answer| answer.page.read_from.is_none() && answer.page.holdings.empty && !answer.page.holdings.loading))
    });
    let refused = Memo::new(move |_| board.failure.get().filter(|_| board.answer.with(Option::is_none)));
    let beside = Signal::derive(move || !phone.get());
    let body = move || {
        if let Some(failure) = refused.get() {
            return view! { <Failed failure again=move |()| board.again.update(|again| *again += 1) /> };
        }
        if nothing_sent.get() {
            return view! { <NothingSent board /> };
        }
        view! {
            <heats::LatencyPanel board beside />
            {move || (!phone.get()).then(|| view! { <heats::ErrorsPanel board /> {dependencies(board)} })}
            <callers::CallersPanel board />
            {move || (!phone.get()).then(|| view! { {traces(board)} {changed(board)} <compare::ComparePanel board /> })}
            {move || phone.get().then(|| view! { <more::More board /> })}
        }
    };
    view! {
        <div class="page debug">
            <bar::Bar board />
            <head::Head board />
            <div class="debug__panels">{body}</div>
            <p class="debug__foot">{move || board.answer.with(|answer| answer.as_ref().map(|answer| foot(&answer.page)))}</p>
        </div>
    }
}

/// What the board is made from.
fn foot(page: &BoardPage) -> String {
    page.read_from.as_ref().map_or_else(|| kept(&page.holdings), ReadFrom::line)
}

/// What is kept, how far back, and what was let go: a picture of less than all says so.
fn kept(holdings: &Holdings) -> String {
    let n = |n: u64| grouped(usize::try_from(n).unwrap_or(usize::MAX));
    let size = |bytes: u64| size(i64::try_from(bytes).unwrap_or(i64::MAX));
    let retention = span(i64::try_from(holdings.retention_s).unwrap_or(i64::MAX));
    let mut words = format!(
        "Kept for {retention}: {} spans, {} of at most {} in memory.",
        n(holdings.spans),
        size(holdings.memory_bytes),
        size(holdings.memory_limit_bytes)
    );
    if holdings.spans_let_go > 0 {
        words.push_str(&format!(" {} spans were let go for their size; they still count.", n(holdings.spans_let_go)));
    }
    if holdings.duplicates > 0 {
        words.push_str(&format!(" {} came twice and count once.", n(holdings.duplicates)));
    }
    if holdings.rejected > 0 {
        words.push_str(&format!(" {} were too old or from a clock far ahead.", n(holdings.rejected)));
    }
    words
}

fn dependencies(board: Board) -> AnyView {
    let question = Memo::new(move |_| {
        let question = board.question.get();
        let spans = board.spans.get();
        let compared = spans.map_or_else(|| now_range(board), |spans| spans.compared);
        Question {
            range: compared,
            baseline: spans.and_then(|spans| spans.baseline),
            service: question.service,
            operation: None,
            step_s: None,
            source: question.source,
        }
    });
    view! { <Dependencies question again=board.again press=move |service: String| heats::look_at(board, service, None) /> }
}

fn traces(board: Board) -> AnyView {
    let question = Memo::new(move |_| {
        let question = board.question.get();
        let range = board.spans.get().map_or_else(|| now_range(board), |spans| spans.compared);
        let (range, min_s, max_s) = question.brush.map_or((range, None, None), |brush| (brush.range(), brush.min_s, brush.max_s));
        TraceQuestion {
            range,
            service: question.service,
            operation: question.operation,
            attributes: vec![],
            min_s,
            max_s,
            errors: false,
            order: TraceOrder::Errors,
            source: question.source,
        }
    });
    let chip = move || {
        let brush = board.question.with(|question| question.brush)?;
        let words = brush.words(&board.session.zone.get().wall());
        Some(view! { <heats::BrushChip board words /> })
    };
    let chips: Children = Box::new(move || chip.into_any());
    let foot: Children = Box::new(move || view! { <Suspects board of=Of::Spans /> });
    view! { <Traces asked=question again=board.again at_once=TRACES_AT_ONCE chips foot /> }
}

fn changed(board: Board) -> AnyView {
    let range = Memo::new(move |_| board.spans.get().map_or_else(|| now_range(board), |spans| spans.drawn));
    let service = Memo::new(move |_| board.question.with(|question| question.service.clone()));
    // Its axis lies beneath those above it, whose panels have a narrower edge.
    view! { <Changed range service again=board.again insets=(GUTTER - 4.0, 0.0) /> }
}

/// The hour up to now: what stands until the incident that the board is locked to is known.
fn now_range(board: Board) -> crate::domain::telemetry::panels::Range {
    let now = board.session.live.now();
    crate::domain::telemetry::panels::Range { from: now.plus_secs(-3600), to: now }
}

/// What would fill the board, with the one command.
#[component]
fn NothingSent(board: Board) -> impl IntoView {
    let origin = board.session.origin.get_value();
    let copy = Callback::new(move |text: String| {
        spawn_local(async move {
            let words = if browser::copy(text).await { "Copied." } else { "The browser does not allow copying; select the text instead." };
            board.session.toasts.say(words);
        });
    });
    let command = format!(
        "OTEL_EXPORTER_OTLP_ENDPOINT={origin} \\\nOTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\\nOTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer%20KEY\" \\\n./your-service"
    );
    view! {
        <div class="panel debug__empty">
            <EmptyState
                title="Nothing has sent spans yet"
                words="Point an OpenTelemetry collector or SDK at this server; KEY is that of an integration of the kind OTLP. What it sends is seen here within seconds."
            >
                <CopyBox label="What a service is started with" text=command copy />
                <a class="button" href=Route::Settings(Tab::Integrations).path()>"Make a key"</a>
            </EmptyState>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_let_go_is_said() {
        let holdings = Holdings { spans: 120_400, retention_s: 172_800, memory_bytes: 12_000_000, memory_limit_bytes: 256_000_000, ..Holdings::default() };
        assert_eq!(kept(&holdings), "Kept for 2 d: 120,400 spans, 12.0 MB of at most 256.0 MB in memory.");
        let less = Holdings { spans_let_go: 7, duplicates: 3, rejected: 1, ..holdings };
        assert!(
            kept(&less)
                .ends_with(" 7 spans were let go for their size; they still count. 3 came twice and count once. 1 were too old or from a clock far ahead.")
        );
    }
}
