//! “Explain this number”: formula, what was put in, what was left out, what was not measured, the
//! incidents behind it, and the command that computes it anew.

use crate::{
    api,
    domain::slo::explain::{Derivation, Line},
    ui::{
        browser,
        components::{
            copy_box::CopyBox,
            dialog::Dialog,
            loaded::{Failed, Load, Loading},
        },
        drawing::view,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// A sheet with everything behind the figure of one window; `close` takes it away.
pub fn drawer(name: String, window: Option<String>, close: Callback<()>) -> AnyView {
    let load = RwSignal::new(Load::<Derivation>::Loading);
    let asked = StoredValue::new((name, window));
    let fetch = move || {
        let (name, window) = asked.get_value();
        spawn_local(async move {
            let answer = api::objectives::derivation(name, window, None).await;
            // The sheet may have been closed in between.
            let _ = load.try_set(Load::from_answer(answer));
        });
    };
    fetch();
    let again = Callback::new(move |()| {
        load.set(Load::Loading);
        fetch();
    });
    let body = move || match load.get() {
        Load::Loading => view! { <Loading what="where it comes from" /> },
        Load::Failed(failure) => view! { <Failed failure again /> },
        Load::Ready(derivation) => draw(derivation),
    };
    view! { <Dialog title="Explain this number" on_close=close><div class="derivation">{move || body()}</div></Dialog> }
}

fn draw(derivation: Derivation) -> AnyView {
    let session = session();
    let Derivation { at, figure, left, formula, inputs, population, alerts, left_out, not_measured, gaps, behind, incidents, check, revision, .. } = derivation;
    let (zone, now) = (session.zone.get_untracked(), session.live.now());
    let over = figure.starts_with('−').then_some("true");
    let copy = Callback::new(move |text: String| {
        spawn_local(async move {
            let copied = browser::copy(text).await;
            session.toasts.say(if copied { "Copied." } else { "This browser does not allow copying; select the text instead." });
        });
    });
    let none = left_out.is_empty();
    view! {
        <p class="derivation__figure" data-over=over>
            <b>{figure}</b>
            <span><b>{left}</b> {format!(" as of {} {}", zone.clock(at, now), zone.name())}</span>
        </p>
        {section("Formula", view! { <pre class="derivation__formula"><code>{formula.join("\n")}</code></pre> })}
        {section("Put in", lines(inputs))}
        {section("Population", said(population))}
        {(!alerts.is_empty()).then(|| section("Alerts", said(alerts)))}
        {section("Left out", if none { view! { <p>"Nothing."</p> } } else { lines(left_out) })}
        {section("Not measured", view! { <p>{not_measured}</p> {lines(gaps)} })}
        {section("Incidents behind it", view! { <p>{behind}</p> {lines(incidents)} })}
        {section("Check it yourself", view! { <CopyBox label="On the server" text=check copy /> <p class="muted">{revision}</p> })}
    }
}

fn section(title: &'static str, body: AnyView) -> AnyView {
    view! { <section class="derivation__part"><h3>{title}</h3> {body}</section> }
}

fn said(sentences: Vec<String>) -> AnyView {
    sentences.into_iter().map(|sentence| view! { <p>{sentence}</p> }).collect_view().into_any()
}

fn lines(lines: Vec<Line>) -> AnyView {
    if lines.is_empty() {
        return ().into_any();
    }
    let line = |line: Line| view! { <div><dt>{line.label}</dt> <dd class="number">{line.value}</dd></div> };
    view! { <dl class="derivation__lines">{lines.into_iter().map(line).collect_view()}</dl> }
}
