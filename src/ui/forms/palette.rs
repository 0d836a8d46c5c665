//! Jumping to anything: places, what can be done with the open incident, and whatever is found by
//! words. Used by the keyboard alone; each choice says why it is not possible where it is not.
//! Without the server everything that is in the browser is offered, and what needs it says so.

mod local;

use crate::{
    api,
    domain::{
        failure::FailureKind,
        incident::{Command, Incident, IncidentRole, Verb},
        lists::{
            alerts::{AlertQuery, Standing},
            encode,
        },
        search::Found,
    },
    ui::{
        browser,
        components::{dialog::Dialog, menu::Item, severity::severity_label, toast_list::sentence},
        drawing::view,
        live::Connection,
        panels::{
            acknowledge::{DEFAULT_SECS, acknowledge},
            record,
            verbs::more,
        },
        routes::{Route, Tab},
        session::{Session, Sheet, THEMES, session},
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// Typing pauses this long before the server is asked.
const PAUSE_MILLIS: i32 = 120;

/// After this long without an answer it is said that the server cannot be reached.
const PATIENCE_MILLIS: i32 = 4_000;

/// What belongs to the incident whose page is open.
const HERE: &str = "This incident";

/// The service levels in one screenful, drawn by the server alone.
const BRIEF: &str = "/brief";

/// One choice.
#[derive(Clone)]
struct Entry {
    group: &'static str,
    words: String,
    note: String,
    /// Why it is not possible.
    refused: bool,
    run: Callback<()>,
}

impl Entry {
    fn to(session: Session, group: &'static str, words: impl Into<String>, note: impl Into<String>, path: String) -> Self {
        let run = Callback::new(move |()| {
            session.sheet.set(None);
            session.address.go(&path);
        });
        Self { group, words: words.into(), note: note.into(), refused: false, run }
    }

    /// Something that is done at once.
    fn does(session: Session, group: &'static str, words: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        let run = Callback::new(move |()| {
            session.sheet.set(None);
            run();
        });
        Self { group, words: words.into(), note: String::new(), refused: false, run }
    }

    /// What the server alone answers. Without it, the browser would put a page of its own in the place of this one.
    fn served(session: Session, group: &'static str, words: String, what: &str, is_cut_off: bool, run: impl Fn() + Send + Sync + 'static) -> Self {
        let note = if is_cut_off { "needs the server" } else { what };
        Self { note: note.to_owned(), refused: is_cut_off, ..Self::does(session, group, words, run) }
    }

    /// What stands in a menu, with its reason where it is not possible.
    fn of(session: Session, group: &'static str, item: Item) -> Self {
        let Item { words, note, disabled, run } = item;
        Self { note: note.unwrap_or_default(), refused: disabled, ..Self::does(session, group, words, move || run.run(())) }
    }
}

#[component]
pub fn Palette() -> impl IntoView {
    let session = session();
    let (text, at) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let found = RwSignal::new(Found::default());
    let asked = RwSignal::new(Asked::Answered);
    let turn = StoredValue::new(0_u32);
    let entries = Memo::new_with_compare(move |_| entries(session, &text.get(), &found.get(), asked.get() == Asked::Unreachable), |_, _| true);
    let is_offline = move || matches!(session.live.connection.get(), Connection::Offline | Connection::SignedOut);
    let search = move |wanted: String| {
        turn.update_value(|turn| *turn += 1);
        let mine = turn.get_value();
        // What is in the browser stands there at once.
        found.set(local::find(&session.replica.all(), &untrack(|| session.replica.services()), &wanted));
        if untrack(is_offline) {
            return asked.set(Asked::Unreachable);
        }
        if wanted.trim().is_empty() {
            return asked.set(Asked::Answered);
        }
        asked.set(Asked::Waiting);
        // A network that only swallows what is sent says nothing of itself.
        spawn_local(async move {
            browser::sleep(PATIENCE_MILLIS).await;
            if turn.try_get_value() == Some(mine) && asked.try_get_untracked() == Some(Asked::Waiting) {
                asked.set(Asked::Unreachable);
            }
        });
        spawn_local(async move {
            browser::sleep(PAUSE_MILLIS).await;
            if turn.try_get_value() != Some(mine) {
                return;
            }
            let answer = api::services::search(wanted).await;
            if turn.try_get_value() != Some(mine) {
                return;
            }
            match answer {
                Ok(answer) => {
                    found.set(answer);
                    asked.set(Asked::Answered);
                }
                Err(failure) if failure.kind == FailureKind::Unreachable => asked.set(Asked::Unreachable),
                Err(failure) => asked.set(Asked::Failed(sentence(&failure.words))),
            }
        });
    };
    // The pages say at once what needs the server, before anything is typed; when it is back, it is
    // asked what it was not.
    Effect::new(move |_| {
        if is_offline() {
            asked.set(Asked::Unreachable);
        } else if asked.get_untracked() == Asked::Unreachable {
            untrack(|| search(text.get_untracked()));
        }
    });
    let typed = move |event| {
        let wanted = event_target_value(&event);
        text.set(wanted.clone());
        at.set(0);
        search(wanted);
    };
    let choose = move |place: usize| {
        if let Some(entry) = entries.with_untracked(|entries| entries.get(place).cloned()).filter(|entry| !entry.refused) {
            entry.run.run(());
        }
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        let last = entries.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = if *at >= last { 0 } else { *at + 1 }),
            "ArrowUp" => at.update(|at| *at = at.checked_sub(1).unwrap_or(last)),
            "Enter" if !event.is_composing() => {
                event.prevent_default();
                return choose(at.get_untracked());
            }
            _ => return,
        }
        event.prevent_default();
        let id = option_id(at.get_untracked());
        browser::after_paint(move || browser::keep_in_view(&id));
    };
    let option = move |(place, entry): (usize, Entry), first: bool| {
        let (words, note, refused, group) = (entry.words, entry.note, entry.refused, entry.group);
        view! {
            {first.then(|| view! { <li class="palette__group" role="presentation">{group}</li> })}
            <li
                class="palette__option"
                role="option"
                id=option_id(place)
                aria-selected=move || (at.get() == place).to_string()
                aria-disabled=refused.then_some("true")
                on:click=move |_| choose(place)
            >
                <span class="palette__words">{words}</span>
                <span class="palette__note">{note}</span>
            </li>
        }
    };
    let list = move || {
        let entries = entries.get();
        let groups: Vec<&str> = entries.iter().map(|entry| entry.group).collect();
        let drawn = entries.into_iter().enumerate().map(|(place, entry)| {
            let first = place == 0 || groups[place - 1] != entry.group;
            option((place, entry), first)
        });
        drawn.collect_view()
    };
    let none = move || {
        let words = match (entries.with(Vec::is_empty), asked.get()) {
            (_, Asked::Unreachable) => {
                "The server cannot be reached: only what is in this browser is found, which is what is open, services, people, pages and commands.".to_owned()
            }
            (_, Asked::Failed(words)) => format!("{words} Only what is in this browser is found, which is what is open, services, people, pages and commands."),
            (true, Asked::Waiting) => "Searching…".to_owned(),
            (true, Asked::Answered) => "Nothing is called so.".to_owned(),
            (false, _) => return None,
        };
        Some(view! { <p class="muted palette__none">{words}</p> })
    };
    view! {
        <Dialog title="Jump to" on_close=move |()| session.sheet.set(None)>
            <div class="palette">
                <input
                    class="input"
                    type="text"
                    role="combobox"
                    aria-label="Jump to"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-autocomplete="list"
                    aria-activedescendant=move || entries.with(|entries| entries.get(at.get()).map(|_| option_id(at.get())))
                    placeholder="A page, an incident, a service, a person, a command"
                    autocomplete="off"
                    autofocus
                    on:input=typed
                    on:keydown=key
                />
                <ul class="palette__list" role="listbox" id="palette-list" aria-label="What was found">
                    {move || list()}
                </ul>
                {move || none()}
                <p class="visually-hidden" role="status">
                    {move || entries.with(|entries| format!("{} found", entries.len()))}
                    {move || match asked.get() {
                        Asked::Unreachable => ", the server cannot be reached".to_owned(),
                        Asked::Failed(words) => format!(". {words}"),
                        Asked::Waiting | Asked::Answered => String::new(),
                    }}
                </p>
            </div>
        </Dialog>
    }
}

fn option_id(place: usize) -> String {
    format!("palette-{place}")
}

/// What became of asking the server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Waiting,
    Answered,
    Unreachable,
    /// It was reached, and did not search: why.
    Failed(String),
}

/// Everything that fits, what is nearest first.
fn entries(session: Session, text: &str, found: &Found, is_cut_off: bool) -> Vec<Entry> {
    let wanted = text.trim().to_lowercase();
    let fits = |words: &str| wanted.split_whitespace().all(|word| words.to_lowercase().contains(word));
    let mut entries: Vec<Entry> = commands(session, is_cut_off).into_iter().chain(places(session, is_cut_off)).filter(|entry| fits(&entry.words)).collect();
    if wanted.is_empty() {
        return entries;
    }
    let incidents = found.incidents.iter().map(|found| {
        let why = found.text.clone().unwrap_or_else(|| format!("{}, {}", severity_label(found.severity), found.state.label().to_lowercase()));
        Entry::to(session, "Incidents", format!("{} {}", found.reference, found.title), why, Route::incident(found.reference).path())
    });
    let services = found.services.iter().map(|name| Entry::to(session, "Services", name.clone(), "", Route::Service(name.clone()).path()));
    let alerts = found.alerts.iter().map(|alert| {
        let state = if alert.open { "fires" } else { "resolved" };
        let (note, path) = match alert.incident {
            Some(reference) => (format!("{state} in {reference}"), format!("{}#alerts-title", Route::incident(reference).path())),
            None => {
                let standing = if alert.open { Standing::Firing } else { Standing::Resolved };
                let query = AlertQuery { text: alert.title.clone(), standing, ..AlertQuery::default() };
                (format!("{state}, without an incident"), query.address(&Route::Alerts.path()))
            }
        };
        Entry::to(session, "Alerts", alert.title.clone(), note, path)
    });
    let people = untrack(|| session.replica.people());
    let people = people.iter().filter(|person| fits(&format!("{} {}", person.name, person.login))).map(|person| {
        let path = format!("{}?state=open&lead={}", Route::Incidents.path(), encode(&person.name));
        Entry::to(session, "People", person.name.clone(), "what they have now", path)
    });
    // What was named exactly stands above the pages.
    if found.incidents.first().is_some_and(|first| first.by == "ref") {
        entries.splice(0..0, incidents);
    } else {
        entries.extend(incidents);
    }
    entries.extend(services);
    entries.extend(people);
    entries.extend(alerts);
    entries
}

fn places(session: Session, is_cut_off: bool) -> Vec<Entry> {
    // What is drawn from the browser's own copy can be used without the server.
    let own = |words: &str, path: String| Entry::to(session, "Pages", words, "", path);
    let place = |words: &str, path: String| Entry::to(session, "Pages", words, if is_cut_off { "needs the server" } else { "" }, path);
    let mut places = vec![
        own("On-call board", Route::Board.path()),
        place("Executive board", Route::Executive.path()),
        place("Objectives", Route::Objectives.path()),
        place("Debug board", Route::Debug.path()),
        own("Incidents", Route::Incidents.path()),
        own("Open incidents", format!("{}?state=open", Route::Incidents.path())),
        own("My incidents", format!("{}?state=open&lead=@me", Route::Incidents.path())),
        place("Alerts", Route::Alerts.path()),
        place("Services", Route::Services.path()),
        own("Declare an incident", Route::Declare.path()),
        place("Trends", Route::Trends.path()),
        place("Changes", Route::Changes.path()),
    ];
    places.extend(Tab::ALL.map(|tab| place(&format!("Settings: {}", tab.label()), Route::Settings(tab).path())));
    let keys = Callback::new(move |()| session.sheet.set(Some(Sheet::Keys)));
    places.push(Entry { group: "Pages", words: "All keys".to_owned(), note: "?".to_owned(), refused: false, run: keys });
    // The brief is a page of its own, which the app does not draw.
    let brief = || browser::load_page(BRIEF);
    places.push(Entry::served(session, "Pages", "Brief".to_owned(), "the service levels in one screenful", is_cut_off, brief));
    places.extend(THEMES.map(|(slug, words)| Entry::does(session, "Yourself", format!("Theme: {words}"), move || session.choose_theme(slug))));
    let leave = Entry::does(session, "Yourself", "Sign out", move || session.leave());
    places.push(Entry { note: session.replica.actor().map(|actor| actor.who.name).unwrap_or_default(), ..leave });
    places
}

/// What can be done with the incident whose page is open, or why not.
fn commands(session: Session, is_cut_off: bool) -> Vec<Entry> {
    let Some(incident) = session.replica.page.get_untracked().and_then(|page| untrack(|| session.incident(page.incident.id))) else { return vec![] };
    let id = incident.id;
    let send = |verb, words: &str, command: Command| command_entry(session, &incident, verb, words, Callback::new(move |()| session.act(id, command.clone())));
    let ask = |verb, words: &str, sheet: Sheet| command_entry(session, &incident, verb, words, Callback::new(move |()| session.sheet.set(Some(sheet.clone()))));
    let mut commands = vec![
        send(Verb::Acknowledge, "Acknowledge for 30 min", acknowledge(Some(DEFAULT_SECS))),
        send(Verb::Activate, "Work on it", Command::Activate { reason: None }),
        send(Verb::Mitigate, "Mitigated", Command::Mitigate { reason: None, happened_at: None }),
        send(Verb::Resolve, "Resolve", Command::Resolve { reason: None, happened_at: None }),
    ];
    commands.extend(untrack(|| more(session, &incident)).into_iter().map(|item| Entry::of(session, HERE, item)));
    commands.extend(IncidentRole::ALL.map(|role| ask(Verb::AssignRole, &format!("Assign {}…", role.label().to_lowercase()), Sheet::Assign(id, role))));
    let export = |(form, title, what): (&str, &str, &str)| {
        let address = record::export_path(&id.to_string(), form);
        Entry::served(session, HERE, format!("Export as {title}"), what, is_cut_off, move || browser::download(&address))
    };
    commands.extend(record::FORMS.map(export));
    commands
}

fn command_entry(session: Session, incident: &Arc<Incident>, verb: Verb, words: &str, run: Callback<()>) -> Entry {
    let refusal = untrack(|| session.may(incident, verb)).err();
    let run = Callback::new(move |()| {
        session.sheet.set(None);
        run.run(());
    });
    Entry {
        group: HERE,
        words: words.to_owned(),
        note: refusal.as_ref().map_or_else(|| incident.reference.to_string(), ToString::to_string),
        refused: refusal.is_some(),
        run,
    }
}
