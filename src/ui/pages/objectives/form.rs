//! The form that makes an objective, describes one anew, or removes it; what is measured can be
//! tried first, and a new target can be held against what was measured already.

use super::{
    fields::{Field, KINDS, METHODS, TOGETHER, Typed, place},
    one::Basis,
    outcome,
};
use crate::{
    api,
    domain::{
        data_source::{DataSource, SourceKind},
        failure::Failure,
        people::Right,
        slo::{
            calendar::Window,
            objective::{Method, Objective, ObjectiveDraft, Op},
            tried::{TriedIndicator, TryDraft},
            whatif::WhatIf,
        },
        wording,
    },
    ui::{
        browser,
        components::{
            copy_box::CopyBox,
            field::{FormError, SelectField, TextArea, TextField},
            loaded::{Failed, Load, Loading},
            sure::Sure,
            toast_list::sentence,
        },
        drawing::view,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

const SLICES: [(&str, &str); 4] = [("60", "1 minute"), ("300", "5 minutes"), ("900", "15 minutes"), ("3600", "1 hour")];
/// Series that are named of each side of what was tried.
const SERIES: usize = 5;

/// For the objective of this name, or for a new one.
#[component]
pub fn ObjectiveForm(name: Option<String>) -> impl IntoView {
    let session = session();
    let title = name.as_ref().map_or_else(|| "New objective".to_owned(), |name| format!("Edit {name}"));
    browser::set_title(&format!("{title} · Tocsin"));
    let may = Memo::new(move |_| session.actor().map(|actor| actor.role.may(Right::ManageObjectives)));
    let load = RwSignal::new(if name.is_some() { Load::Loading } else { Load::Ready(None) });
    let basis = RwSignal::new(None::<Basis>);
    let name = StoredValue::new(name);
    let fetch = move || {
        let Some(name) = name.get_value() else { return };
        spawn_local(async move {
            match api::objectives::page(name.clone(), None).await {
                Ok(page) => {
                    let _ = load.try_set(Load::Ready(Some(page.objective.clone())));
                    // Without slices there is no preview, and the form does not need one.
                    if let Ok(ground) = api::objectives::ground(name).await {
                        let _ = basis.try_set(Some(Basis::new(&page, ground)));
                    }
                }
                Err(failure) => drop(load.try_set(Load::Failed(failure))),
            }
        });
    };
    fetch();
    let again = Callback::new(move |()| {
        load.set(Load::Loading);
        fetch();
    });
    let body = move || match (may.get(), load.get()) {
        (Some(false), _) => view! { <p class="panel panel__empty">{format!("{}.", Right::ManageObjectives.refusal())}</p> },
        (None, _) | (_, Load::Loading) => view! { <Loading what="the objective" /> },
        (_, Load::Failed(failure)) => view! { <Failed failure again /> },
        (_, Load::Ready(known)) => view! { <Filled known basis /> },
    };
    view! {
        <div class="page objective-form">
            <p class="trail">
                <a href=Route::Executive.path()>"Executive"</a> " / " <a href=Route::Objectives.path()>"Objectives"</a>
                {name.get_value().map(|name| view! { " / " <a href=Route::objective_path(&name)>{name.clone()}</a> })}
            </p>
            <h1 class="page__title">{title}</h1>
            {move || body()}
        </div>
    }
}

/// All fields by handle.
#[derive(Clone, Copy)]
struct Fields {
    typed: RwSignal<Typed>,
    faults: RwSignal<Vec<(Field, String)>>,
}

impl Fields {
    /// A field as the components want it: text that goes in and out.
    fn text(self, part: fn(&mut Typed) -> &mut String) -> RwSignal<String> {
        let text = RwSignal::new(self.typed.with_untracked(|typed| part(&mut typed.clone()).clone()));
        Effect::new(move |before: Option<()>| {
            let now = text.get();
            if before.is_some() {
                self.typed.update(|typed| *part(typed) = now);
            }
        });
        text
    }

    fn fault(self, field: Field) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.faults.with(|faults| {
                let here: Vec<String> = faults.iter().filter(|(place, _)| *place == field).map(|(_, fault)| sentence(fault)).collect();
                (!here.is_empty()).then(|| here.join(" "))
            })
        })
    }

    /// What the server refused, each part beside its field.
    fn refused(self, failure: &Failure) {
        let mut faults: Vec<(Field, String)> = failure.words.split("; ").map(|fault| (place(fault), fault.to_owned())).collect();
        if let Some(next) = &failure.next {
            faults.push((Field::Whole, next.clone()));
        }
        let _ = self.faults.try_set(faults);
    }
}

#[component]
fn Filled(known: Option<Objective>, basis: RwSignal<Option<Basis>>) -> impl IntoView {
    let session = session();
    let typed = known.as_ref().map_or_else(Typed::new, |known| Typed::of(&known.draft));
    let fields = Fields { typed: RwSignal::new(typed), faults: RwSignal::new(vec![]) };
    let is_new = known.is_none();
    let known = StoredValue::new(known);
    let busy = RwSignal::new(false);
    let sources = RwSignal::new(vec![]);
    spawn_local(async move {
        if let Ok(known) = api::objectives::data_sources().await {
            let gives_readings = |source: &DataSource| source.source_kind() == Some(SourceKind::Prometheus);
            let _ = sources.try_set(known.into_iter().filter(gives_readings).collect());
        }
    });
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let before = known.get_value();
        match fields.typed.with_untracked(|typed| typed.read(before.as_ref().map(|before| &before.draft))) {
            Err(faults) => {
                fields.faults.set(faults);
                browser::focus("objective-faults");
            }
            Ok(draft) => {
                fields.faults.set(vec![]);
                busy.set(true);
                spawn_local(async move {
                    match api::objectives::save(before.as_ref().map(|before| before.id), draft, before.as_ref().map(|before| before.revision)).await {
                        Ok(saved) => session.address.open(&Route::Objective(saved.draft.name)),
                        Err(failure) => {
                            fields.refused(&failure);
                            let _ = busy.try_set(false);
                        }
                    }
                });
            }
        }
    };
    let summary =
        move || fields.faults.with(|faults| (!faults.is_empty()).then(|| format!("{} to put right.", wording::count(faults.len(), "thing", "things"))));
    let kind = Memo::new(move |_| fields.typed.with(|typed| typed.kind.clone()));
    let words = |(value, words): (&str, &str)| (value.to_owned(), words.to_owned());
    let services = session.replica.services();
    let back = known.with_value(|known| known.as_ref().map_or(Route::Objectives.path(), |known| Route::objective_path(&known.draft.name)));
    view! {
        <form class="form objective-form__form" on:submit=send novalidate=true>
            <p class="form-error" id="objective-faults" tabindex="-1" role="alert">{move || summary()}</p>
            <section class="panel form" aria-labelledby="what-title">
                <h2 id="what-title">"What it promises"</h2>
                <div class="form__columns">
                    <TextField id="objective-name" label="Name" hint="In files, on the command line and in POST /api/v1/sli. Letters, digits, “.”, “_”, “-”, “/”, “:”." value=fields.text(|typed| &mut typed.name) error=fields.fault(Field::Name) required=true />
                    <TextField id="objective-title" label="Title" hint="As screens call it; empty: the name." value=fields.text(|typed| &mut typed.title) error=fields.fault(Field::Title) />
                    <TextField id="objective-service" label="Service" hint="Whose incidents and deploys belong to it." list="objective-services" value=fields.text(|typed| &mut typed.service) error=fields.fault(Field::Service) />
                </div>
                <datalist id="objective-services">{services.iter().map(|name| view! { <option value=name></option> }).collect_view()}</datalist>
                <div class="form__columns">
                    <TextField id="objective-target" label="Target, %" hint="The share that has to be good: 99.9 allows one in a thousand to fail." value=fields.text(|typed| &mut typed.target) error=fields.fault(Field::Target) required=true />
                    <TextField id="objective-windows" label="Windows" hint="30d, 4w, calendar month in Europe/Berlin; several with commas. The first one is shown on boards." value=fields.text(|typed| &mut typed.windows) error=fields.fault(Field::Windows) required=true />
                </div>
                {preview(fields, basis)}
                <TextArea id="objective-description" label="Population" hint="Who is counted, where it is measured, and what is good. It stands beside the number when it is explained." value=fields.text(|typed| &mut typed.description) />
                <FormError words=fields.fault(Field::Description) />
            </section>
            <section class="panel form" aria-labelledby="measured-title">
                <h2 id="measured-title">"How it is measured"</h2>
                <SelectField id="objective-kind" label="What is read" options=KINDS.map(words).to_vec() value=fields.text(|typed| &mut typed.kind) />
                {move || indicator(&kind.get(), fields, sources)}
                <FormError words=fields.fault(Field::Indicator) />
                {move || counting(&kind.get(), fields)}
                <FormError words=fields.fault(Field::Method) />
                <FormError words=fields.fault(Field::Slice) />
            </section>
            <section class="panel form" aria-labelledby="says-title">
                <h2 id="says-title">"When it speaks"</h2>
                {check("Open an alert when the budget burns too fast", fields, |typed| &mut typed.alerting)}
                {check("The release gate says no while too little is measured to know", fields, |typed| &mut typed.fails_closed)}
                {check("With a calendar window: reckon with what was observed so far, not with the period before", fields, |typed| &mut typed.observed)}
            </section>
            <FormError words=fields.fault(Field::Whole) />
            <div class="form__foot">
                {(!is_new).then(|| remove(known))}
                <a class="button" href=back>"Not now"</a>
                <button type="submit" class="button" data-tone="accent" disabled=move || busy.get()>{if is_new { "Make the objective" } else { "Save" }}</button>
            </div>
        </form>
    }
}

const ABSENT_IS_BAD: &str = "A slice for which the source answers and has no sample is bad, not a gap";

fn check(words: &'static str, fields: Fields, part: fn(&mut Typed) -> &mut bool) -> AnyView {
    view! {
        <label class="check">
            <input
                type="checkbox"
                prop:checked=move || fields.typed.with(|typed| *part(&mut typed.clone()))
                on:change=move |event| fields.typed.update(|typed| *part(typed) = event_target_checked(&event))
            />
            <span>{words}</span>
        </label>
    }
}

/// What depends on the kind.
fn indicator(kind: &str, fields: Fields, sources: RwSignal<Vec<DataSource>>) -> AnyView {
    let words = |(value, words): (&str, &str)| (value.to_owned(), words.to_owned());
    let own = match kind {
        "ratio" => {
            let counted = RwSignal::new(if fields.typed.with_untracked(|typed| typed.counts_good) { "good" } else { "bad" }.to_owned());
            Effect::new(move |_| {
                let good = counted.with(|counted| counted == "good");
                if fields.typed.with_untracked(|typed| typed.counts_good != good) {
                    fields.typed.update(|typed| typed.counts_good = good);
                }
            });
            view! {
                <SelectField id="objective-counted" label="What the first query counts" options=[("good", "Good events"), ("bad", "Bad events")].map(words).to_vec() value=counted />
                <TextArea id="objective-events" label="Those events" hint="A counter with its labels, or PromQL with [$window]." rows=2 value=fields.text(|typed| &mut typed.events) />
                <TextArea id="objective-total" label="All events" rows=2 value=fields.text(|typed| &mut typed.total) />
            }
        }
        "latency" => view! {
            <TextArea id="objective-histogram" label="Histogram" hint="Without _bucket: http_request_duration_seconds{job=\"shop\"}" rows=2 value=fields.text(|typed| &mut typed.histogram) />
            <TextField id="objective-limit" label="Answered within, seconds" hint="One of its edges, if it is a classic histogram." value=fields.text(|typed| &mut typed.limit) />
            {check("It is a native histogram", fields, |typed| &mut typed.native)}
        },
        "probe" => view! {
            <TextArea id="objective-query" label="Query" hint="Its value is 1 while all is well: probe_success{job=\"shop\"}" rows=2 value=fields.text(|typed| &mut typed.query) />
            {check(ABSENT_IS_BAD, fields, |typed| &mut typed.absent_is_bad)}
        },
        "threshold" => view! {
            <TextArea id="objective-query" label="Query" hint="A value that is read once a slice." rows=2 value=fields.text(|typed| &mut typed.query) />
            <div class="form__columns">
                <SelectField id="objective-op" label="It has to be" options=Op::ALL.map(|op| (op.slug().to_owned(), op.words().to_owned())).to_vec() value=fields.text(|typed| &mut typed.op) />
                <TextField id="objective-limit" label="Limit" value=fields.text(|typed| &mut typed.limit) />
            </div>
            {check(ABSENT_IS_BAD, fields, |typed| &mut typed.absent_is_bad)}
        },
        "telemetry" => view! {
            <TextField id="objective-calls" label="Calls of this service" hint="As its spans name it." value=fields.text(|typed| &mut typed.events) />
            <TextField id="objective-operation" label="Operation" hint="Empty: all with which it is entered." value=fields.text(|typed| &mut typed.query) />
            <TextField id="objective-limit" label="Took at most, seconds" hint="Empty: a call is good when it has no error." value=fields.text(|typed| &mut typed.limit) />
        },
        "composite" => view! {
            <SelectField id="objective-together" label="How" options=TOGETHER.map(|(_, slug, said)| words((slug, said))).to_vec() value=fields.text(|typed| &mut typed.together) />
            <TextArea id="objective-parts" label="From these objectives" hint="One on each line: its name, and its weight behind it." rows=4 value=fields.text(|typed| &mut typed.parts) />
        },
        _ => return pushed(fields),
    };
    view! { {own} {(!matches!(kind, "composite" | "telemetry")).then(|| source(fields, sources))} }
}

/// The command that sends a reading.
fn pushed(fields: Fields) -> AnyView {
    let session = session();
    let copy = Callback::new(move |text: String| {
        spawn_local(async move {
            let copied = browser::copy(text).await;
            session.toasts.say(if copied { "Copied." } else { "This browser does not allow copying; select the text instead." });
        });
    });
    let command = move || {
        let name = fields.typed.with(|typed| typed.name.trim().to_owned());
        let name = if name.is_empty() { "NAME".to_owned() } else { name };
        format!(
            "curl -X POST {}/api/v1/sli \\\n  -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' \\\n  -d '{{\"objective\": \"{name}\", \"at\": \"{}\", \"good\": 999, \"total\": 1000}}'",
            session.origin.get_value(),
            session.live.now()
        )
    };
    view! {
        <p class="muted">"Programs send what they counted, with an API token or an integration's key in place of TOKEN: one reading for each slice, of which two of good, bad and total are said."</p>
        {move || view! { <CopyBox label="Send a reading" text=command() copy /> }}
    }
}

/// Which data source is asked, and trying what is asked of it.
fn source(fields: Fields, sources: RwSignal<Vec<DataSource>>) -> AnyView {
    let tried = RwSignal::new(None::<Load<TriedIndicator>>);
    let chosen = fields.text(|typed| &mut typed.source);
    let options = move || {
        let mut names: Vec<String> = sources.with(|sources| sources.iter().map(|source| source.name.clone()).collect());
        names.extend(Some(chosen.get_untracked()).filter(|name| !name.is_empty() && !names.contains(name)));
        let option = |name: String| view! { <option value=name.clone() prop:selected=chosen.get_untracked() == name>{name.clone()}</option> };
        view! { <option value="">"Choose one"</option> {names.into_iter().map(option).collect_view()} }
    };
    let try_it = move |_| {
        let draft = fields.typed.with_untracked(|typed| TryDraft { indicator: typed.indicator(), source: typed.source.clone() });
        tried.set(Some(Load::Loading));
        spawn_local(async move {
            let answer = api::objectives::attempt(draft).await;
            let _ = tried.try_set(Some(Load::from_answer(answer)));
        });
    };
    let found = move || {
        tried.get().map(|tried| match tried {
            Load::Loading => view! { <Loading what="what the source finds" /> },
            Load::Failed(failure) => view! { <p class="form-error" role="alert">{sentence(&failure.words)} " " {failure.next}</p> },
            Load::Ready(found) => found_words(found),
        })
    };
    let none = move || sources.with(Vec::is_empty).then(|| view! { <p class="muted">"No data source is known yet; an admin adds one in the settings."</p> });
    view! {
        <div class="field">
            <label class="field__label" for="objective-source">"Data source"</label>
            <select class="input" id="objective-source" on:change=move |event| chosen.set(event_target_value(&event))>
                {options}
            </select>
            <p class="field__error" aria-live="polite">{fields.fault(Field::Source)}</p>
            {none}
        </div>
        <div class="objective-form__try">
            <button type="button" class="button" disabled=move || chosen.with(String::is_empty) on:click=try_it>"Try it"</button>
            <div role="status">{found}</div>
        </div>
    }
}

/// The series that were found, what the last hour holds, and what may be wrong.
fn found_words(found: TriedIndicator) -> AnyView {
    let hour = found.last_hour.map_or_else(
        || "The last hour could not be read.".to_owned(),
        |hour| {
            let number = crate::domain::metrics::words::two_digits;
            format!("Last hour: {} good of {}; {} of {} slices have a reading.", number(hour.good), number(hour.total), hour.measured, hour.expected)
        },
    );
    let side = |side: crate::domain::slo::tried::TriedSide| {
        let more = usize::try_from(side.count).unwrap_or(usize::MAX).saturating_sub(side.series.len().min(SERIES));
        let series = side
            .series
            .into_iter()
            .take(SERIES)
            .map(|series| view! { <li><code>{series.labels}</code> " " <span class="number">{series.value.to_string()}</span></li> });
        view! {
            <p><b>{format!("{}: {} found", side.field, side.count)}</b></p>
            <ul class="tried__series">{series.collect_view()} {(more > 0).then(|| view! { <li class="muted">{format!("and {more} more")}</li> })}</ul>
        }
    };
    let edges = (!found.edges.is_empty()).then(|| format!("Edges: {}", found.edges.iter().map(|edge| format!("{edge} s")).collect::<Vec<_>>().join(", ")));
    view! {
        <div class="tried">
            <p>{hour}</p>
            {found.sides.into_iter().map(side).collect_view()}
            {edges.map(|words| view! { <p class="muted">{words}</p> })}
            {found.doubts.into_iter().map(|doubt| view! { <p class="tried__doubt">{sentence(&doubt)}</p> }).collect_view()}
            <details class="more">
                <summary>"What is asked"</summary>
                {found.queries.into_iter().map(|query| view! { <pre class="derivation__formula"><code>{query}</code></pre> }).collect_view()}
            </details>
        </div>
    }
}

/// How readings are added up.
fn counting(kind: &str, fields: Fields) -> AnyView {
    let methods = METHODS.iter().filter(|(method, _)| match kind {
        "threshold" => *method == Method::Timeslices,
        "composite" => method.counts_time(),
        _ => true,
    });
    let methods: Vec<(String, String)> = methods.map(|(method, words)| (method.slug().to_owned(), (*words).to_owned())).collect();
    let method = fields.text(|typed| &mut typed.method);
    if methods.iter().all(|(slug, _)| *slug != method.get_untracked()) {
        method.set(methods.first().map(|(slug, _)| slug.clone()).unwrap_or_default());
    }
    let is_sliced = Memo::new(move |_| method.with(|method| *method == Method::Timeslices.slug()));
    let needs_share = !matches!(kind, "threshold" | "probe" | "composite");
    let share = move || {
        (is_sliced.get() && needs_share).then(|| {
            view! { <TextField id="objective-slice-target" label="Good share of a slice, %" hint="So much of a slice has to be good for the slice to be." value=fields.text(|typed| &mut typed.slice_target) /> }
        })
    };
    let slices = SLICES.map(|(secs, words)| (secs.to_owned(), words.to_owned())).to_vec();
    view! {
        <div class="form__columns">
            <SelectField id="objective-method" label="How it is added up" options=methods value=method />
            <SelectField id="objective-slice" label="One reading covers" options=slices value=fields.text(|typed| &mut typed.slice_s) />
            {share}
        </div>
    }
}

/// What the budget would be with this target and window, by what was measured already.
fn preview(fields: Fields, basis: RwSignal<Option<Basis>>) -> AnyView {
    let session = session();
    let asked = Memo::new(move |_| {
        let draft: ObjectiveDraft = fields
            .typed
            .with(|typed| {
                Typed { name: "preview".to_owned(), kind: "pushed".to_owned(), method: Method::Occurrences.slug().to_owned(), ..typed.clone() }.read(None)
            })
            .ok()?;
        let window = draft.windows.into_iter().next().filter(|window| matches!(window, Window::Rolling { .. }));
        Some((draft.target, window))
    });
    (move || {
        let (basis, (target, window)) = (basis.get()?, asked.get()?);
        let zone = session.zone.get();
        let same = window.as_ref() == Some(basis.objective().window());
        let longest = basis.objective().draft.windows.iter().map(Window::usual_secs).max().unwrap_or(0);
        // What was never fetched cannot be held against it.
        let window = window.filter(|window| !same && window.usual_secs() <= longest);
        let asked = WhatIf { target: Some(target), window, ..WhatIf::default() };
        let outcomes = basis.answer(&asked, &zone);
        Some(view! {
            <div class="objective-form__preview" role="group" aria-label="By what was measured already">
                <p class="muted">"By what was measured already; nothing is saved yet"</p>
                {outcome::rows(&outcomes, zone)}
            </div>
        })
    })
    .into_any()
}

fn remove(known: StoredValue<Option<Objective>>) -> AnyView {
    let session = session();
    let act = move |()| {
        let Some(known) = known.get_value() else { return };
        spawn_local(async move {
            match api::objectives::remove(known.id, Some(known.revision)).await {
                Ok(_) => session.address.open(&Route::Objectives),
                Err(failure) => session.toasts.refused("The objective", &failure),
            }
        });
    };
    view! { <Sure words="Remove" asks="It is not measured any more, its alerts end, and it leaves every board. What was measured stays in the record." yes="Really remove it" act /> }
}
