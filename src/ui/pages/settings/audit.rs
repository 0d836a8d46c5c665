//! The audit log: who did what here, whether the log holds, and how it leaves the house. What it
//! is filtered by stands in the address.

use crate::{
    api::audit,
    domain::{
        audit::{Action, AuditEntry, AuditPage, AuditState},
        people::ActorRef,
        time::Timestamp,
    },
    ui::{
        address::Query,
        components::{
            empty::EmptyState,
            field::{SelectField, TextField},
            loaded::{Failed, Load, Loading},
            relative_time::exact,
        },
        drawing::view,
        routes::{Route, Tab},
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// What is looked for, as it is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    /// An id, or the name of whoever has none; empty is everybody.
    who: String,
    /// A kind of action or a single one; empty is everything.
    what: String,
    /// Days in UTC, both included; empty is open.
    from: String,
    to: String,
}

impl Wanted {
    /// Reads the address; what is none of ours there is passed over.
    fn read(query: &Query) -> Self {
        let get = |name: &str, is_one: fn(&str) -> bool| query.get(name).filter(|text| is_one(text)).unwrap_or_default().to_owned();
        let is_day = |text: &str| day(text).is_some();
        Self { who: get("who", is_plain), what: get("what", Action::is_filter), from: get("from", is_day), to: get("to", is_day) }
    }

    /// What stands behind the `?` of an address, by the names that its reader knows.
    fn query(&self, names: [&str; 4]) -> String {
        let values = [&self.who, &self.what, &self.from, &self.to];
        names.iter().zip(values).filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("&{name}={value}")).collect()
    }

    fn path(&self) -> String {
        let (page, query) = (Route::Settings(Tab::Audit).path(), self.query(["who", "what", "from", "to"]));
        query.strip_prefix('&').map_or_else(|| page.clone(), |query| format!("{page}?{query}"))
    }

    fn from(&self) -> Option<Timestamp> {
        day(&self.from)
    }

    /// The day after the last one.
    fn to(&self) -> Option<Timestamp> {
        day(&self.to).map(|day| day.plus_secs(86_400))
    }

    /// The address of the same entries as a file.
    fn file(&self, format: &str) -> String {
        let instants =
            Self { from: self.from().map(|at| at.to_string()).unwrap_or_default(), to: self.to().map(|at| at.to_string()).unwrap_or_default(), ..self.clone() };
        format!("/api/v1/audit/export?format={format}{}", instants.query(["actor", "action", "from", "to"]))
    }
}

/// Can stand in an address as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The beginning of a day in UTC.
fn day(text: &str) -> Option<Timestamp> {
    Timestamp::parse(&format!("{text}T00:00:00Z")).filter(|_| text.len() == 10)
}

#[derive(Clone, Copy)]
struct Page {
    wanted: Memo<Wanted>,
    load: RwSignal<Load<Vec<AuditEntry>>>,
    next: RwSignal<Option<String>>,
    actors: RwSignal<Vec<ActorRef>>,
    state: RwSignal<Load<AuditState>>,
}

impl Page {
    /// Asks for the first page, or the one behind `cursor`.
    fn fetch(self, cursor: Option<String>) {
        let wanted = self.wanted.get_untracked();
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        spawn_local(async move {
            let answer = audit::list(wanted.from(), wanted.to(), some(&wanted.who), some(&wanted.what), cursor.clone()).await;
            // Something else may have been asked for since.
            if self.wanted.get_untracked() != wanted {
                return;
            }
            match answer {
                Ok(AuditPage { items, next_cursor, actors }) => {
                    self.next.set(next_cursor);
                    if self.actors.with_untracked(|known| *known != actors) {
                        self.actors.set(actors);
                    }
                    self.load.update(|load| match load {
                        Load::Ready(known) if cursor.is_some() => known.extend(items),
                        _ => *load = Load::Ready(items),
                    });
                }
                Err(failure) => self.load.set(Load::Failed(failure)),
            }
        });
    }

    fn verify(self) {
        spawn_local(async move { self.state.set(Load::from_answer(audit::state().await)) });
    }
}

#[component]
pub fn Audit() -> impl IntoView {
    let session = session();
    let begin = session.address.query.with_untracked(Wanted::read);
    let [who, what, from, to] = [begin.who, begin.what, begin.from, begin.to].map(RwSignal::new);
    let wanted = Memo::new(move |_| Wanted { who: who.get(), what: what.get(), from: from.get(), to: to.get() });
    let page =
        Page { wanted, load: RwSignal::new(Load::Loading), next: RwSignal::new(None), actors: RwSignal::new(vec![]), state: RwSignal::new(Load::Loading) };
    page.verify();
    Effect::new(move |again: Option<()>| {
        let path = wanted.with(Wanted::path);
        if again.is_some() {
            session.address.amend(&path);
            page.load.set(Load::Loading);
        }
        page.fetch(None);
    });
    let state = move || match page.state.get() {
        Load::Loading => view! { <Loading what="whether the log holds" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| page.verify() /> },
        Load::Ready(state) => view! {
            <p class="audit__state" role="status" data-holds=state.holds.to_string()>
                {state.words}
            </p>
        },
    };
    let list = move || match page.load.get() {
        Load::Loading => view! { <Loading what="the audit log" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| page.fetch(None) /> },
        Load::Ready(entries) if entries.is_empty() => {
            view! { <EmptyState title="Nothing was done" words="No entry fits what is chosen above." /> }
        }
        Load::Ready(entries) => view! { <Table entries /> },
    };
    let more = move || {
        page.next.get().map(|cursor| {
            view! {
                <button type="button" class="button audit__more" on:click=move |_| page.fetch(Some(cursor.clone()))>
                    "Load more"
                </button>
            }
        })
    };
    view! {
        <section aria-labelledby="audit-title">
            <div class="settings__head">
                <h2 id="audit-title">"Audit log"</h2>
                <a class="button" data-size="small" download="" href=move || wanted.with(|wanted| wanted.file("csv"))>"Export CSV"</a>
                <a class="button" data-size="small" download="" href=move || wanted.with(|wanted| wanted.file("json"))>"Export JSON"</a>
            </div>
            {move || state()}
            <div class="audit__filters" role="search" aria-label="Entries of the audit log">
                {move || view! { <SelectField id="audit-who" label="Who" options=people(&page.actors.get(), &who.get_untracked()) value=who /> }}
                <SelectField id="audit-what" label="What" options=kinds(&what.get_untracked()) value=what />
                <TextField id="audit-from" label="From (UTC)" kind="date" value=from />
                <TextField id="audit-to" label="To (UTC)" kind="date" value=to />
            </div>
            {move || list()}
            {move || more()}
        </section>
    }
}

/// Everybody whom the log names; whoever is chosen is among them in any case.
fn people(actors: &[ActorRef], chosen: &str) -> Vec<(String, String)> {
    let mut options = vec![(String::new(), "Everybody".to_owned())];
    options.extend(actors.iter().map(|actor| (if actor.id.is_empty() { actor.name.clone() } else { actor.id.clone() }, actor.name.clone())));
    if !options.iter().any(|(known, _)| known == chosen) {
        options.push((chosen.to_owned(), chosen.to_owned()));
    }
    options
}

fn kinds(chosen: &str) -> Vec<(String, String)> {
    let mut options = vec![(String::new(), "Everything".to_owned())];
    options.extend(Action::KINDS.map(|(kind, label)| (kind.to_owned(), label.to_owned())));
    options.extend(Action::from_slug(chosen).map(|action| (chosen.to_owned(), action.label().to_owned())));
    options
}

#[component]
fn Table(entries: Vec<AuditEntry>) -> impl IntoView {
    view! {
        <table class="audit" role="table">
            <caption class="visually-hidden">"Entries of the audit log, the newest first"</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">"When"</th>
                    <th scope="col" role="columnheader">"Who"</th>
                    <th scope="col" role="columnheader">"What"</th>
                    <th scope="col" role="columnheader">"To whom or what"</th>
                    <th scope="col" role="columnheader">"Address"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{entries.into_iter().map(|entry| view! { <Row entry /> }).collect_view()}</tbody>
        </table>
    }
}

#[component]
fn Row(entry: AuditEntry) -> impl IntoView {
    let session = session();
    let (at, words, details) = (entry.at, entry.words(), entry.details());
    let clock = move || session.zone.get().clock(at, session.live.now());
    let subject = entry.subject.map(|subject| {
        let kind = (subject.kind != subject.name).then_some(subject.kind);
        view! {
            <span>{subject.name}</span>
            {kind.map(|kind| view! { <span class="muted">{kind}</span> })}
        }
    });
    view! {
        <tr class="audit-row" role="row" data-action=entry.action>
            <td role="cell" class="audit-row__when"><time datetime=at.to_string() title=exact(at)>{move || clock()}</time></td>
            <td role="cell" class="audit-row__who">{entry.actor.name}</td>
            <td role="cell" class="audit-row__what">
                <span>{words}</span>
                <span class="muted">{details}</span>
            </td>
            <td role="cell" class="audit-row__subject">{subject}</td>
            <td role="cell" class="audit-row__address">{entry.address}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_is_looked_for_reads_back_from_the_address() {
        let pairs = [("who", "console"), ("what", "token.created"), ("from", "2026-08-01"), ("to", "2026-08-11")];
        let wanted = Wanted::read(&query(&pairs));
        assert_eq!(wanted.path(), "/settings/audit?who=console&what=token.created&from=2026-08-01&to=2026-08-11");
        assert_eq!(wanted.file("csv"), "/api/v1/audit/export?format=csv&actor=console&action=token.created&from=2026-08-01T00:00:00Z&to=2026-08-12T00:00:00Z");
        assert_eq!(Wanted::default().path(), "/settings/audit");
    }

    #[test]
    fn what_somebody_put_into_the_address_is_passed_over() {
        let pairs = [("who", "a&b=\"><script>"), ("what", "everything"), ("from", "yesterday"), ("to", "2026-8-1")];
        assert_eq!(Wanted::read(&query(&pairs)), Wanted::default());
    }

    #[test]
    fn a_choice_that_the_log_does_not_know_any_more_is_still_shown() {
        assert_eq!(people(&[], "x").last().map(|(value, _)| value.as_str()), Some("x"));
        assert_eq!(kinds("token.created").last().map(|(_, label)| label.as_str()), Some("Made an API token"));
        assert_eq!(kinds("token").len(), Action::KINDS.len() + 1);
    }
}
