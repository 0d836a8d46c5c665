//! Declaring an incident: plain questions, the severity they come to, one button.
//!
//! An address can fill the form in: `?title=…&services=a,b&severity=SEV2&who=customers&since=…&label.team=pay`.

use crate::{
    domain::{
        alert::Labels,
        ids::CommandId,
        incident::{self, Declare as Draft, Incident, Refusal},
        severity::Severity,
        sorting,
        time::Timestamp,
        triage, wording,
    },
    ui::{
        browser,
        components::{
            choice::Choice,
            field::{FormError, SelectField, TextField},
            icon::{Glyph, Icon},
            rows::rows,
            severity::{SeverityMark, severity_label},
            toast_list::sentence,
        },
        drawing::view,
        forms::answers::{AnswersDraft, ProposalView, Questions, TriggersView},
        outbox::Answer,
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

/// Places of the answers to "since when?".
const NOW: usize = 0;
const ANOTHER_TIME: usize = 1;

#[component]
pub fn Declare() -> impl IntoView {
    browser::set_title("Declare an incident · Tocsin");
    let session = session();
    let query = session.address.query.get_untracked();
    let said = |name: &str| query.get(name).filter(|value| !value.trim().is_empty()).map(str::to_owned);

    let title = RwSignal::new(said("title").unwrap_or_default());
    let services = RwSignal::new(Vec::<String>::new());
    for service in ["services", "service"].into_iter().flat_map(|name| query.all(name)).flat_map(|text| text.split(',')) {
        name_service(services, service);
    }
    let answers = AnswersDraft::from_address(|name| query.get(name).map(str::to_owned));
    let since_said = said("since").and_then(|text| Timestamp::parse(&text));
    let since = RwSignal::new(since_said.map(|_| ANOTHER_TIME));
    let since_at = RwSignal::new(session.zone.get_untracked().field(since_said.unwrap_or_else(|| session.live.now())));
    let other = RwSignal::new(said("severity").and_then(|text| Severity::from_slug(&text)).map(|severity| severity.slug().to_owned()).unwrap_or_default());
    let reason = RwSignal::new(said("reason").unwrap_or_default());
    let private = RwSignal::new(said("private").is_some());
    let mut labels = Labels::new();
    for (name, value) in &query.0 {
        if let Some(name) = name.strip_prefix("label.") {
            labels.insert(name.to_owned(), value.clone());
        }
    }
    let label_words: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();

    let proposal = Memo::new(move |_| triage::propose(&answers.answers()));
    let severity = Memo::new(move |_| other.with(|other| Severity::from_slug(other)).or_else(|| proposal.with(|proposal| proposal.severity)));
    let choosing = RwSignal::new(!other.with_untracked(String::is_empty));
    let refused = RwSignal::new(None::<String>);
    let reason_missing = RwSignal::new(None::<String>);
    let sent = RwSignal::new(None::<CommandId>);

    let labels = StoredValue::new(labels);
    let draft = move |severity: Option<Severity>| {
        let started_at = match since.get_untracked() {
            Some(NOW) => Some(session.live.now()),
            Some(ANOTHER_TIME) => session.zone.get_untracked().read(&since_at.get_untracked()),
            _ => None,
        };
        Draft {
            title: title.get_untracked(),
            severity,
            reason: Some(reason.get_untracked()).filter(|reason| !reason.trim().is_empty()),
            answers: answers.is_answered().then(|| answers.answers()),
            services: services.get_untracked(),
            labels: labels.get_value(),
            private: private.get_untracked(),
            started_at,
            ..Draft::default()
        }
    };
    let declare = move |severity: Option<Severity>| {
        if sent.get_untracked().is_some() {
            return;
        }
        let draft = untrack(|| draft(severity));
        let Some(actor) = session.replica.actor() else { return };
        refused.set(None);
        reason_missing.set(None);
        match incident::declare(&draft, &actor, session.live.now()) {
            Ok(_) => sent.set(Some(session.declare(draft))),
            Err(Refusal::ReasonNeeded { what }) => {
                choosing.set(true);
                reason_missing.set(Some(format!("Say why: {what} needs a reason.")));
                browser::after_paint(|| browser::show("declare-reason"));
            }
            Err(Refusal::Empty { field: "title" }) => {
                refused.set(Some("Say in a sentence what is broken.".to_owned()));
                browser::show("declare-title");
            }
            Err(refusal) => refused.set(Some(sentence(&refusal.to_string()))),
        }
    };

    // The answer comes through the outbox, at once or when the network is back.
    Effect::new(move |_| {
        let answer = session.outbox.answer.get();
        let Some((_, answer)) = answer.filter(|(id, _)| Some(*id) == sent.get_untracked()) else { return };
        match answer {
            Answer::Declared(reference) => session.address.replace(&Route::incident(reference).path()),
            Answer::Refused(failure) => {
                refused.set(Some(sentence(&failure.words)));
                sent.set(None);
            }
        }
    });
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        if event.ctrl_key() && event.key() == "Enter" {
            event.prevent_default();
            declare(severity.get_untracked());
        }
    });
    on_cleanup(move || listener.remove());

    let related = Memo::new(move |_| {
        let now = session.live.now();
        let named = services.get();
        let mut related: Vec<Arc<Incident>> = session
            .board(now)
            .into_iter()
            .filter(|incident| incident.state.is_open() && incident.services.iter().any(|service| named.contains(service)))
            .collect();
        sorting::sort_by_key(&mut related, |incident| (incident.shown_severity().is_none(), incident.shown_severity(), incident.started_at));
        related.truncate(3);
        related
    });
    let mut severities = vec![(String::new(), "What the answers come to".to_owned())];
    severities.extend(Severity::ALL.map(|severity| (severity.slug().to_owned(), format!("{}, {}", severity.label(), severity.word()))));
    let main_words = move || match (sent.get(), severity.get()) {
        (Some(_), _) => "Declaring…".to_owned(),
        (None, Some(severity)) => format!("Declare {}", severity.label()),
        (None, None) => "Not sure yet, start triage".to_owned(),
    };
    let waiting = move || {
        let now = session.live.ticking().get();
        let id = sent.get()?;
        let late = session.outbox.late(now).into_iter().any(|queued| queued.id == id);
        late.then(|| view! { <p class="form-error" role="status">"Not sent yet: it is on this device only. It is sent by itself when the server can be reached."</p> })
    };
    view! {
        <div class="page declare">
            <form
                class="declare__form"
                on:submit=move |event| {
                    event.prevent_default();
                    declare(severity.get_untracked());
                }
            >
                <div class="declare__questions">
                    <h1 class="page__title">"Declare an incident"</h1>
                    <p class="page__lead">"Answer what you know. Nothing here is final; every change stays in the record."</p>
                    <div class="declare__what">
                        <TextField id="declare-title" label="What is broken?" hint="One sentence customers would recognise." value=title autofocus=true />
                        <ServicesField services />
                    </div>
                    <Questions draft=answers />
                    <Choice
                        name="since"
                        legend="Since when?"
                        hint=session.zone.get_untracked().name()
                        answers=vec!["Now".to_owned(), "Another time".to_owned(), "Not known".to_owned()]
                        unsure=true
                        chosen=since
                    />
                    {move || {
                        (since.get() == Some(ANOTHER_TIME))
                            .then(|| view! { <TextField id="declare-since" kind="datetime-local" label="It began at" value=since_at /> })
                    }}
                    <label class="check">
                        <input type="checkbox" prop:checked=move || private.get() on:change=move |event| private.set(event_target_checked(&event)) />
                        "Private: only its people and admins see it"
                    </label>
                    {(!label_words.is_empty()).then(|| view! { <p class="muted">{format!("Labels: {}", label_words.join(", "))}</p> })}
                    <Related related />
                </div>
                <div class="declare__result">
                    <ProposalView proposal />
                    <TriggersView severity />
                    <div class="declare__actions">
                        {move || {
                            choosing
                                .get()
                                .then(|| {
                                    view! {
                                        <SelectField id="declare-severity" label="Severity" options=severities.clone() value=other />
                                        <TextField id="declare-reason" label="Why another severity" hint="Both values are kept." value=reason error=reason_missing />
                                    }
                                })
                        }}
                        <FormError words=refused />
                        {move || waiting()}
                        {move || {
                            (!choosing.get())
                                .then(|| {
                                    view! {
                                        <button type="button" class="button declare__other" on:click=move |_| choosing.set(true)>"Set another severity…"</button>
                                    }
                                })
                        }}
                        <button type="submit" class="button declare__main" data-tone="accent" data-size="large" disabled=move || sent.get().is_some()>
                            {move || main_words()}
                        </button>
                        {move || {
                            severity
                                .get()
                                .map(|_| {
                                    view! {
                                        <button type="button" class="button declare__unsure" disabled=move || sent.get().is_some() on:click=move |_| declare(None)>
                                            <span>"Not sure yet" <span class="declare__triage">", start triage"</span></span>
                                        </button>
                                    }
                                })
                        }}
                        <p class="declare__hint">"Another severity keeps both values and asks why. " <kbd>"Ctrl Enter"</kbd> " declares."</p>
                    </div>
                </div>
            </form>
        </div>
    }
}

fn name_service(services: RwSignal<Vec<String>>, name: &str) {
    let name = name.trim();
    if !name.is_empty() {
        services.update(|services| {
            if !services.iter().any(|known| known == name) {
                services.push(name.to_owned());
            }
        });
    }
}

/// The services as tags; a known one is suggested, an unknown one may be typed.
#[component]
fn ServicesField(services: RwSignal<Vec<String>>) -> impl IntoView {
    let session = session();
    let typed = RwSignal::new(String::new());
    let take = move || {
        for name in typed.get_untracked().split(',') {
            name_service(services, name);
        }
        typed.set(String::new());
    };
    let known = move || session.replica.services().iter().map(|service| view! { <option value=service.clone()></option> }).collect_view();
    let tag = move |service: String| {
        let name = service.clone();
        view! {
            <li class="tag">
                {service.clone()}
                <button
                    type="button"
                    class="tag__remove"
                    aria-label=format!("Remove {service}")
                    on:click=move |_| services.update(|services| services.retain(|known| *known != name))
                >
                    <Icon glyph=Glyph::Cross />
                </button>
            </li>
        }
    };
    view! {
        <div class="field services-field">
            <label class="field__label" for="declare-service">"Services"</label>
            <input
                class="input"
                id="declare-service"
                list="declare-services"
                autocomplete="off"
                aria-describedby="declare-service-hint"
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
                on:change=move |_| take()
                on:keydown=move |event| {
                    if browser::is_send(&event) && !event.ctrl_key() {
                        event.prevent_default();
                        take();
                    }
                }
            />
            <datalist id="declare-services">{move || known()}</datalist>
            <p class="field__hint" id="declare-service-hint">"Enter adds one."</p>
            <ul class="tags" aria-label="Services named">
                {rows(move || services.get(), String::clone, tag)}
            </ul>
        </div>
    }
}

/// Open incidents of the same services, before a second one is declared.
#[component]
fn Related(related: Memo<Vec<Arc<Incident>>>) -> impl IntoView {
    let session = session();
    let row = move |incident: Arc<Incident>| {
        let now = session.live.ticking().get_untracked();
        let facts = format!(
            "{}, {}, {}",
            wording::list(&incident.services),
            wording::span(now.secs_since(incident.started_at)),
            incident.who_has_it(now).unwrap_or("nobody has it")
        );
        view! {
            <li class="related__row">
                <SeverityMark severity=incident.shown_severity() />
                <span class="visually-hidden">{severity_label(incident.shown_severity())}</span>
                <span class="mono">{incident.reference.to_string()}</span>
                <b>{incident.title.clone()}</b>
                <span class="muted">{facts}</span>
                <a class="button" data-size="small" href=Route::incident(incident.reference).path()>"Work on it instead"</a>
            </li>
        }
    };
    move || {
        let related = related.get();
        (!related.is_empty()).then(|| {
            view! {
                <section class="related" aria-label="Looks related">
                    <p><Icon glyph=Glyph::Link /> <b>"Looks related"</b></p>
                    <ul>{related.into_iter().map(row).collect_view()}</ul>
                </section>
            }
        })
    }
}
