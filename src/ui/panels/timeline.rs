//! The record of an incident, read by when things happened: everything, or only the story.

use super::{composer::Composer, record::Record};
use crate::{
    domain::{
        alert::Link,
        flapping::{self, Run},
        incident::{Command, EventKind, Incident, Verb},
        severity::Severity,
        telemetry::evidence::trace_in,
        time::Timestamp,
        timeline::{self, Broken, Entry, Event, Head},
    },
    ui::{
        browser,
        components::{
            choice::Lens,
            icon::{Glyph, Icon},
            loaded::{Failed, Loading},
            menu::{Item, Menu},
            rows::rows,
            severity::SeverityMark,
            toast_list::sentence,
        },
        drawing::view,
        routes::Route,
        session::{Sheet, session},
        times::Zone,
    },
};
use leptos::prelude::*;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// How many entries are in the page before earlier ones are asked for.
const WINDOW: usize = 60;

/// What one entry shows.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    seq: i64,
    happened_at: Timestamp,
    recorded_at: Timestamp,
    corrected_from: Option<Timestamp>,
    glyph: Glyph,
    /// `Some` where the entry is about the severity: what it became.
    severity: Option<Option<Severity>>,
    /// What kind of words they are, where that is not plain from the words.
    lead: Option<&'static str>,
    text: String,
    href: Option<String>,
    /// The trace that its words name.
    trace: Option<String>,
    actor: String,
    late: bool,
    pinned: bool,
    /// Decided here and not confirmed yet.
    unsent: bool,
}

/// The entries, and what a flapping alert made of some of them.
#[derive(Clone, Debug, Default, PartialEq)]
struct Told {
    lines: Vec<Placed>,
    folds: Vec<Fold>,
}

/// An entry and where it is shown.
#[derive(Clone, Debug, PartialEq)]
struct Placed {
    /// It belongs to the story.
    story: bool,
    /// The fold that it is in, by the fold's first entry.
    fold: Option<i64>,
    line: Line,
}

/// The entries of an alert that flaps, as one line.
#[derive(Clone, Debug, PartialEq)]
struct Fold {
    /// Its first entry; by this it is known while it grows.
    first: i64,
    entries: usize,
    words: String,
    from: Timestamp,
    to: Timestamp,
}

/// One row of the list.
#[derive(Clone, Debug, PartialEq)]
enum Shown<L, F> {
    Entry(L),
    Fold(F),
}

impl Told {
    fn of(events: &[Event], pinned: &[i64], recorded: i64) -> Self {
        let by_seq: HashMap<i64, &Event> = events.iter().map(|event| (event.seq, event)).collect();
        let entries = timeline::entries(events, pinned);
        let runs = flapping::runs(&entries, events);
        let story = flapping::story(&entries, &runs);
        let fold = |run: &Run| {
            let first = entries.get(run.places.start)?.seq;
            Some(Fold { first, entries: run.places.len(), words: run.words(), from: run.from, to: run.to })
        };
        let folds: Vec<Fold> = runs.iter().filter_map(fold).collect();
        let mut fold_at: HashMap<usize, i64> = HashMap::new();
        for (run, fold) in runs.iter().zip(&folds) {
            fold_at.extend(run.places.clone().map(|place| (place, fold.first)));
        }
        let placed = |(place, (entry, story)): (usize, (Entry, bool))| {
            let event = by_seq.get(&entry.seq)?;
            Some(Placed { story, fold: fold_at.get(&place).copied(), line: line(entry, event, recorded) })
        };
        let lines = entries.into_iter().zip(story).enumerate().filter_map(placed).collect();
        Self { lines, folds }
    }

    /// What is listed: of everything, folds stand for their entries; the story leaves those out.
    fn rows(&self, story: bool) -> Vec<Shown<&Line, &Fold>> {
        if story {
            return self.lines.iter().filter(|placed| placed.story).map(|placed| Shown::Entry(&placed.line)).collect();
        }
        let mut rows = Vec::with_capacity(self.lines.len());
        let mut folds = self.folds.iter();
        for placed in &self.lines {
            if placed.fold == Some(placed.line.seq) {
                rows.extend(folds.next().map(Shown::Fold));
            }
            if placed.fold.is_none() {
                rows.push(Shown::Entry(&placed.line));
            }
        }
        rows
    }

    /// The entries of the fold that begins with `first`.
    fn folded(&self, first: i64) -> Vec<Line> {
        self.lines.iter().filter(|placed| placed.fold == Some(first)).map(|placed| placed.line.clone()).collect()
    }

    /// How many rows of everything must be in the page for this entry to be, and the fold it is in.
    fn way_to(&self, seq: i64) -> Option<(usize, Option<i64>)> {
        let fold = self.lines.iter().find(|placed| placed.line.seq == seq)?.fold;
        let rows = self.rows(false);
        let is_it = |row: &Shown<&Line, &Fold>| match row {
            Shown::Entry(line) => line.seq == seq,
            Shown::Fold(known) => Some(known.first) == fold,
        };
        Some((rows.len() - rows.iter().position(is_it)?, fold))
    }
}

#[component]
pub fn Timeline(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let session = session();
    let id = incident.with_untracked(|incident| incident.id);
    let story = RwSignal::new(false);
    // Without the app a link asks for all.
    let everything = session.address.query.with_untracked(|query| query.get("entries") == Some("all"));
    let window = RwSignal::new(if everything { usize::MAX } else { WINDOW });
    let recorded = Memo::new(move |_| session.replica.page.get().filter(|page| page.incident.id == id).map_or(0, |page| page.incident.version));
    let unfolded = RwSignal::new(HashSet::new());
    let lines = Memo::new(move |_| {
        let events = session.events();
        let pinned = incident.with(|incident| incident.pinned.clone());
        Told::of(&events, &pinned, recorded.get())
    });
    let all = Memo::new(move |_| lines.with(|told| told.lines.len()));
    let told = Memo::new(move |_| lines.with(|told| told.lines.iter().filter(|placed| placed.story).count()));
    let total = Memo::new(move |_| lines.with(|told| told.rows(story.get()).len()));
    let shown = Memo::new(move |_| {
        let (story, window) = (story.get(), window.get());
        lines.with(|told| {
            let kept = told.rows(story);
            let owned = |row: &Shown<&Line, &Fold>| match row {
                Shown::Entry(line) => Shown::Entry((*line).clone()),
                Shown::Fold(fold) => Shown::Fold((*fold).clone()),
            };
            kept.iter().skip(kept.len().saturating_sub(window)).map(owned).collect::<Vec<Shown<Line, Fold>>>()
        })
    });
    let is_pinned = |placed: &&Placed| placed.line.pinned;
    let pinned = Memo::new(move |_| lines.with(|told| told.lines.iter().filter(is_pinned).map(|placed| placed.line.clone()).collect::<Vec<_>>()));
    let failure = session.page_failure;
    let loading = move || recorded.get() == 0 && failure.get().is_none();

    // On a desk the column keeps to its newest entry, unless somebody reads further up.
    Effect::new(move |_| {
        all.track();
        if browser::is_near_end("timeline-entries") {
            browser::after_paint(|| browser::scroll_to_end("timeline-entries"));
        }
    });

    // A link to an entry leads to it also where it is folded, further back, or no part of the story.
    let sought = RwSignal::new(None::<i64>);
    Effect::new(move |_| sought.set(session.address.place.with(|place| place.strip_prefix("entry-")?.parse().ok())));
    Effect::new(move |_| {
        let Some((rows, fold)) = sought.get().and_then(|seq| lines.with(|told| told.way_to(seq))) else { return };
        sought.set(None);
        let is_there = rows <= window.get_untracked() && fold.is_none_or(|first| browser::is_unfolded(&fold_id(first)));
        if !is_there || story.get_untracked() {
            story.set(false);
            window.update(|window| *window = rows.max(*window));
            if let Some(first) = fold {
                unfolded.update(|unfolded| {
                    unfolded.insert(first);
                });
            }
        }
        // Also where it stands already: the column has just been scrolled to its newest entry.
        browser::after_paint(move || {
            fold.into_iter().for_each(|first| browser::unfold(&fold_id(first)));
            browser::scroll_to_place();
        });
    });

    let lens = vec![Signal::derive(move || format!("Everything {}", all.get())), Signal::derive(move || format!("Story {}", told.get()))];
    let zones = vec![Signal::derive(|| "UTC".to_owned()), Signal::derive(|| "Local".to_owned())];
    let earlier = move || {
        let hidden = total.get().saturating_sub(window.get());
        (hidden > 0).then(|| {
            view! {
                <li class="entry entry--more">
                    <button type="button" class="link-button" on:click=move |_| window.update(|window| *window += 100)>
                        {format!("{hidden} earlier")}
                    </button>
                    {session.is_still().then(|| view! { <a class="still-only" href="?entries=all">{format!("{hidden} earlier")}</a> })}
                </li>
            }
        })
    };
    let now = session.live.ticking();
    let pins = move || {
        let pinned = pinned.get();
        (!pinned.is_empty()).then(|| {
            // Without the app only what is in the page can be led to.
            let all = if session.is_still() && total.get() > window.get() { "?entries=all" } else { "" };
            let pin = |line: Line| {
                view! {
                    <li>
                        <a href=format!("{all}#entry-{}", line.seq)>
                            <time class="number">{move || session.zone.get().clock(line.happened_at, now.get_untracked())}</time>
                            " "
                            {line.lead.map(|lead| view! { <b>{lead} " "</b> })}
                            {line.text}
                        </a>
                    </li>
                }
            };
            view! {
                <div class="pins">
                    <p class="pins__head"><Icon glyph=Glyph::Pin /> "Pinned"</p>
                    <ul>{pinned.into_iter().map(pin).collect_view()}</ul>
                </div>
            }
        })
    };
    view! {
        <section class="timeline" aria-labelledby="timeline-title">
            <div class="timeline__head">
                <h2 id="timeline-title">"Timeline"</h2>
                <Lens label="Which entries" options=lens chosen=Signal::derive(move || usize::from(story.get())) choose=move |at| story.set(at == 1) />
                <Lens
                    label="Time zone"
                    options=zones
                    chosen=Signal::derive(move || usize::from(session.zone.get() == Zone::Local))
                    choose=move |at| session.choose_zone(if at == 1 { Zone::Local } else { Zone::Utc })
                />
            </div>
            {move || pins()}
            <div class="timeline__entries" id="timeline-entries" tabindex="0" role="group" aria-labelledby="timeline-title">
                <ol>
                    {move || earlier()}
                    {rows(
                        move || shown.get(),
                        key,
                        move |row: Shown<Line, Fold>| match row {
                            Shown::Entry(line) => view! { <EntryRow incident line /> },
                            Shown::Fold(fold) => view! { <FoldRow incident fold lines unfolded /> },
                        },
                    )}
                </ol>
            </div>
            {move || loading().then(|| view! { <Loading what="the timeline" /> })}
            {move || {
                failure.get()
                    .filter(|_| recorded.get() == 0)
                    .map(|failure| view! { <Failed failure again=move |()| session.open(id.to_string()) /> })
            }}
            <Composer incident />
            <div class="timeline__foot">
                <Chain incident />
                <Record incident recorded />
            </div>
        </section>
    }
}

/// What a row keeps its place by; the last says whether it is a fold, which grows where it stands.
fn key(row: &Shown<Line, Fold>) -> (i64, Timestamp, bool, bool, bool) {
    match row {
        Shown::Entry(line) => (line.seq, line.happened_at, line.pinned, line.unsent, false),
        Shown::Fold(fold) => (fold.first, fold.from, false, false, true),
    }
}

fn line(entry: Entry, event: &Event, recorded: i64) -> Line {
    let (glyph, lead) = look(&event.kind);
    let severity = match &event.kind {
        EventKind::Declared { severity, proposed_severity, .. } => Some(severity.or(*proposed_severity)),
        EventKind::SeveritySet { severity, .. } => Some(*severity),
        _ => None,
    };
    let href = match &event.kind {
        EventKind::Linked { url, .. } if Link::is_safe(url) => Some(url.clone()),
        _ => None,
    };
    let trace = match &event.kind {
        EventKind::Note { text, .. } | EventKind::Decision { text, .. } => trace_in(text),
        EventKind::Linked { url, text } => trace_in(url).or_else(|| trace_in(text.as_deref()?)),
        _ => None,
    };
    let trace = trace.map(str::to_ascii_lowercase);
    Line {
        seq: entry.seq,
        happened_at: entry.happened_at,
        recorded_at: entry.recorded_at,
        corrected_from: entry.corrected_from,
        glyph,
        severity,
        lead,
        late: entry.is_late() && !is_alert(&event.kind),
        text: entry.text,
        href,
        trace,
        actor: entry.actor.name,
        pinned: entry.pinned,
        unsent: entry.seq > recorded,
    }
}

/// Alerts begin before they are received; only what people add afterwards is late.
fn is_alert(kind: &EventKind) -> bool {
    matches!(kind, EventKind::AlertsAttached { .. } | EventKind::AlertsResolved { .. } | EventKind::AlertAcknowledged { .. } | EventKind::AlertDetached { .. })
}

/// The icon of a kind, and the word in front of plain text.
fn look(kind: &EventKind) -> (Glyph, Option<&'static str>) {
    match kind {
        EventKind::Declared { .. } => (Glyph::Megaphone, None),
        EventKind::AlertsAttached { .. } | EventKind::AlertsResolved { .. } | EventKind::AlertAcknowledged { .. } | EventKind::AlertDetached { .. } => {
            (Glyph::Bell, None)
        }
        EventKind::Acknowledged { .. } => (Glyph::Check, None),
        EventKind::Unacknowledged { .. } | EventKind::Reopened { .. } => (Glyph::Undo, None),
        EventKind::SeveritySet { .. } => (Glyph::Flag, None),
        EventKind::Activated { .. } | EventKind::Mitigated { .. } | EventKind::Resolved { .. } | EventKind::Closed { .. } | EventKind::Cancelled { .. } => {
            (Glyph::Flag, None)
        }
        EventKind::MergedInto { .. } | EventKind::Absorbed { .. } => (Glyph::Merge, None),
        EventKind::RoleAssigned { .. } | EventKind::RoleAccepted { .. } | EventKind::RoleReleased { .. } => (Glyph::Person, None),
        EventKind::Note { .. } => (Glyph::Pencil, None),
        EventKind::Decision { .. } => (Glyph::Gavel, Some("Decision")),
        EventKind::Linked { .. } => (Glyph::Link, None),
        EventKind::Pinned { .. } | EventKind::Unpinned { .. } => (Glyph::Pin, None),
        EventKind::TimeCorrected { .. } | EventKind::UpdatePostponed { .. } => (Glyph::Clock, None),
        EventKind::TitleSet { .. } | EventKind::ServicesSet { .. } | EventKind::Tagged { .. } => (Glyph::Tag, None),
        EventKind::ImpactSet { .. } => (Glyph::Person, None),
        EventKind::PrivacySet { .. } => (Glyph::Lock, None),
    }
}

/// The entries of a flapping alert in one line, with the way to see them. While it goes on flapping
/// the words change and the row stays, and with it the focus.
#[component]
fn FoldRow(incident: Memo<Arc<Incident>>, fold: Fold, lines: Memo<Told>, unfolded: RwSignal<HashSet<i64>>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let clock = move |at: Timestamp| session.zone.get().clock(at, now.get_untracked());
    let (first, from) = (fold.first, fold.from);
    let fold = Memo::new(move |_| lines.with(|told| told.folds.iter().find(|known| known.first == first).cloned()).unwrap_or_else(|| fold.clone()));
    let words = move || fold.with(|fold| format!("{} from {} to {}", fold.words, clock(from), clock(fold.to)));
    let id = fold_id(first);
    // What is folded is put together when somebody looks; without the app nothing could do so later,
    // and somebody may have looked into the page that came.
    if session.is_still() || browser::is_unfolded(&id) {
        unfolded.update_untracked(|unfolded| {
            unfolded.insert(first);
        });
    }
    let draw = move || {
        unfolded.update(|unfolded| {
            unfolded.insert(first);
        })
    };
    let is_drawn = Memo::new(move |_| unfolded.with(|unfolded| unfolded.contains(&first)));
    let entries = move || if is_drawn.get() { lines.with(|told| told.folded(first)) } else { vec![] };
    view! {
        <li>
            <details class="entries" id=id on:toggle=move |_| draw()>
                <summary class="entry">
                    <span class="entry__time number" title=crate::ui::components::relative_time::exact(from)>
                        <time datetime=from.to_string()>{move || clock(from)}</time>
                    </span>
                    <span class="entry__mark"><Icon glyph=Glyph::Pulse /></span>
                    <span class="entry__words">
                        <span class="entry__text">{words}</span>
                        " "
                        <span class="link-button entries__unfold">{move || format!("Show {} entries", fold.with(|fold| fold.entries))}</span>
                        <span class="link-button entries__fold">"Fold them"</span>
                    </span>
                </summary>
                <ol>
                    {rows(entries, |line: &Line| (line.seq, line.happened_at, line.pinned, line.unsent), move |line| view! { <EntryRow incident line /> })}
                </ol>
            </details>
        </li>
    }
}

/// Where a fold stands in the page, by its first entry.
fn fold_id(first: i64) -> String {
    format!("fold-{first}")
}

#[component]
fn EntryRow(incident: Memo<Arc<Incident>>, line: Line) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let id = incident.with_untracked(|incident| incident.id);
    let Line { seq, happened_at, recorded_at, corrected_from, pinned, .. } = line;
    let clock = move |at: Timestamp| session.zone.get().clock(at, now.get_untracked());
    let late = line.late.then(|| {
        view! {
            <span class="entry__late">
                <Icon glyph=Glyph::Late />
                <b>"Late entry"</b>
                <span>{move || format!(" happened {}, recorded {}", clock(happened_at), clock(recorded_at))}</span>
            </span>
        }
    });
    let corrected = corrected_from.map(|from| view! { <span class="entry__note">{move || format!(" time corrected, first said {}", clock(from))}</span> });
    // What lies on this server opens here, everything else beside it.
    let inner = line.href.as_deref().and_then(|href| href.strip_prefix(&session.origin.get_value())).filter(|path| path.starts_with('/')).map(str::to_owned);
    let text = match (inner.clone(), line.href.clone()) {
        (Some(path), _) => view! { <a href=path>{line.text.clone()}</a> },
        (None, Some(href)) => view! { <a href=href target="_blank" rel="noopener noreferrer">{line.text.clone()}</a> },
        (None, None) => line.text.clone().into_any(),
    };
    let trace = line.trace.clone().filter(|_| inner.is_none()).map(|id| {
        let short = id.get(..8).unwrap_or(&id).to_owned();
        view! { <a class="entry__trace" href=Route::Trace(id).path()>"Trace "{short}</a> }
    });
    let mark = match line.severity {
        Some(severity) => view! { <SeverityMark severity /> },
        None => view! { <Icon glyph=line.glyph /> },
    };
    let items = Callback::new(move |()| {
        let may = |verb| incident.with_untracked(|incident| session.may(incident, verb)).err().map(|refusal| sentence(&refusal.to_string()));
        let pin = if pinned {
            Item::new("Unpin", move || session.act(id, Command::Unpin { seq })).unless(may(Verb::Unpin))
        } else {
            Item::new("Pin", move || session.act(id, Command::Pin { seq })).unless(may(Verb::Pin))
        };
        vec![
            pin,
            Item::new("Insert after this…", move || session.insert_at.set(Some(happened_at))).unless(may(Verb::Note)),
            Item::new("Correct its time…", move || session.sheet.set(Some(Sheet::CorrectTime { id, seq, from: happened_at }))).unless(may(Verb::CorrectTime)),
        ]
    });
    view! {
        <li class="entry" id=format!("entry-{seq}") data-late=line.late.then_some("true") data-unsent=line.unsent.then_some("true") data-pinned=pinned.then_some("true")>
            <a class="entry__time number" href=format!("#entry-{seq}") title=crate::ui::components::relative_time::exact(happened_at)>
                <time datetime=happened_at.to_string()>{move || clock(happened_at)}</time>
            </a>
            <span class="entry__mark">{mark}</span>
            <div class="entry__words">
                {late} <span class="entry__text">{line.lead.map(|lead| view! { <b>{lead} " "</b> })} {text} " " {trace}</span> " "
                <span class="entry__actor">{line.actor}</span> {corrected}
                {line.unsent.then(|| view! { <b class="entry__unsent">" unsent"</b> })}
            </div>
            <Menu label=format!("Entry {seq}") class="icon-button entry__menu" glyph=Glyph::More items />
            <button type="button" class="entry__insert" tabindex="-1" aria-hidden="true" on:click=move |_| session.insert_at.set(Some(happened_at))>
                "insert here"
            </button>
        </li>
    }
}

/// What has been checked of a chain, so that a new entry costs one hash and not all of them again.
#[derive(Clone, Debug, PartialEq)]
struct Checked {
    head: Head,
    broken: Option<Broken>,
}

/// Goes on checking after what was checked before.
fn check(before: Option<&Checked>, incident: crate::domain::ids::IncidentId, events: &[Event]) -> Checked {
    if let Some(before) = before.filter(|before| before.broken.is_none() && before.head.seq > 0) {
        let at = usize::try_from(before.head.seq).unwrap_or(0);
        let is_same = events.get(at - 1).is_some_and(|event| event.hash == before.head.hash);
        if is_same {
            let mut head = before.head.clone();
            for event in &events[at..] {
                let follows = event.seq == head.seq + 1 && event.prev_hash == head.hash && event.hash == event.expected_hash(incident);
                if !follows {
                    return whole(incident, events);
                }
                head = Head { seq: event.seq, hash: event.hash.clone() };
            }
            return Checked { head, broken: None };
        }
    }
    whole(incident, events)
}

fn whole(incident: crate::domain::ids::IncidentId, events: &[Event]) -> Checked {
    match timeline::verify(incident, events) {
        Ok(head) => Checked { head, broken: None },
        Err(broken) => Checked { head: Head::genesis(), broken: Some(broken) },
    }
}

/// Whether the record is whole, computed here and not believed.
#[component]
fn Chain(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let session = session();
    let id = incident.with_untracked(|incident| incident.id);
    let checked = Memo::new(move |before: Option<&Option<Checked>>| {
        let page = session.replica.page.get().filter(|page| page.incident.id == id)?;
        Some(check(before.and_then(Option::as_ref), id, &page.events))
    });
    move || {
        checked.get().map(|checked| match checked.broken {
            None => view! {
                <p class="chain" title="Every entry carries the hash of the one before it. This browser has computed them all again.">
                    <Icon glyph=Glyph::Shield />
                    <b>"Chain verified"</b>
                    <span>{format!("{} entries, none changed or removed", checked.head.seq)}</span>
                </p>
            },
            Some(broken) => view! {
                <p class="chain" data-broken="true" role="alert">
                    <Icon glyph=Glyph::ShieldBroken />
                    <b>"Chain broken"</b>
                    <span>{broken.to_string()}</span>
                </p>
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        grouping::Why,
        ids::{AlertId, IncidentId},
        incident::{AlertRef, AlertResolution, Change},
        people::{ActorKind, ActorRef},
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn notes(count: usize) -> (IncidentId, Vec<Event>) {
        let (id, who) = (IncidentId(Uuid::from_u128(1)), ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() });
        let changes = (0..count).map(|n| Change { happened_at: NOON, kind: EventKind::Note { text: n.to_string(), status: None } }).collect();
        (id, Head::genesis().append(id, changes, &who, None, NOON))
    }

    /// A note, and an alert that fires and resolves this often.
    fn flapping(times: u128) -> Vec<Event> {
        let (incident, noted) = notes(1);
        let sender = ActorRef { kind: ActorKind::Integration, id: "am".to_owned(), name: "am".to_owned() };
        let turn = |n: u128| {
            let id = AlertId(Uuid::from_u128(n));
            let fired = AlertRef { id, title: "disk".to_owned(), service: None, severity: None, started_at: NOON, resolved_at: None, about_monitoring: false };
            let over = AlertResolution { id, service: None, severity: None, at: NOON, expired: false, about_monitoring: false };
            [EventKind::AlertsAttached { alerts: vec![fired], why: Why::SameGroup }, EventKind::AlertsResolved { alerts: vec![over] }]
        };
        let changes = (0..times).flat_map(turn).map(|kind| Change { happened_at: NOON, kind }).collect();
        let mut head = Head { seq: 1, hash: noted[0].hash.clone() };
        noted.into_iter().chain(head.append(incident, changes, &sender, None, NOON)).collect()
    }

    #[test]
    fn a_flapping_alert_is_one_row_that_holds_its_entries() {
        let told = Told::of(&flapping(40), &[], 81);
        assert_eq!((told.lines.len(), told.rows(true).len(), told.rows(false).len(), told.folded(2).len()), (81, 1, 2, 80));
        let [Shown::Entry(note), Shown::Fold(fold)] = told.rows(false)[..] else { panic!("it is folded") };
        assert_eq!((note.seq, fold.first, fold.entries, fold.words.as_str()), (1, 2, 80, "“disk” flapped 40 times"));
        // A link to an entry knows how far back it is, and what is to be unfolded.
        assert_eq!([1, 2, 81, 82].map(|seq| told.way_to(seq)), [Some((2, None)), Some((1, Some(2))), Some((1, Some(2))), None]);
        assert_ne!(key(&Shown::Fold(fold.clone())), key(&Shown::Entry(told.lines[1].line.clone())), "both are rows once it is unfolded");
        let grown = Told::of(&flapping(41), &[], 83).folds[0].clone();
        assert!(grown != *fold && key(&Shown::Fold(grown)) == key(&Shown::Fold(fold.clone())), "what grows keeps its place");
        assert_eq!(Told::of(&flapping(3), &[], 7).folds, vec![]);
    }

    #[test]
    fn checking_on_answers_what_checking_the_whole_answers() {
        let (id, events) = notes(5);
        let first = check(None, id, &events[..3]);
        assert_eq!(check(Some(&first), id, &events), whole(id, &events));
    }

    #[test]
    fn a_changed_entry_is_named_wherever_checking_began() {
        let (id, mut events) = notes(5);
        let first = check(None, id, &events[..3]);
        events[4].kind = EventKind::Note { text: "other".to_owned(), status: None };
        assert_eq!(check(Some(&first), id, &events).broken, Some(Broken::Content { seq: 5 }));
        assert_eq!(check(None, id, &events).broken, Some(Broken::Content { seq: 5 }));
    }
}
