//! What can be done to many incidents at once. Each is commanded for itself, by the same rules and
//! through the same queue as on its own page; what cannot be done to some is said for each.

use super::List;
use crate::{
    api,
    domain::{
        ids::{CommandId, IncidentId, IncidentRef},
        incident::{Command, Context, Incident, IncidentRole, Refusal, Verb, allowed, decide},
        people::{Actor, PersonRef, Role},
        sorting,
        time::Timestamp,
        wording,
    },
    ui::{
        components::{
            dialog::Dialog,
            field::{FormError, SelectField, TextField},
            toast_list::sentence,
        },
        drawing::view,
        panels::acknowledge::{DEFAULT_SECS, acknowledge},
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// More than this are not commanded at once.
pub const MOST: usize = 500;
/// How many the server reads at once.
const AT_ONCE: usize = 200;

/// One action of the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulk {
    Acknowledge,
    Assign,
    Merge,
    Resolve,
    Close,
}

/// A command that was sent, or why it was not.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub reference: IncidentRef,
    pub answer: Result<CommandId, String>,
}

/// What the bar offers: to how many of the chosen, or why to none.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub bulk: Bulk,
    pub n: usize,
    pub why_not: Option<String>,
}

impl Bulk {
    pub const ALL: [Bulk; 5] = [Bulk::Acknowledge, Bulk::Assign, Bulk::Merge, Bulk::Resolve, Bulk::Close];

    pub fn words(self) -> &'static str {
        match self {
            Bulk::Acknowledge => "Acknowledge",
            Bulk::Assign => "Assign…",
            Bulk::Merge => "Merge into…",
            Bulk::Resolve => "Resolve…",
            Bulk::Close => "Close…",
        }
    }

    /// The same, said of so many.
    pub fn words_for(self, n: usize) -> String {
        match self {
            Bulk::Acknowledge => format!("Acknowledge {n}"),
            Bulk::Assign => format!("Assign {n}…"),
            Bulk::Merge => format!("Merge {n} into…"),
            Bulk::Resolve => format!("Resolve {n}…"),
            Bulk::Close => format!("Close {n}…"),
        }
    }

    fn verb(self) -> Verb {
        match self {
            Bulk::Acknowledge => Verb::Acknowledge,
            Bulk::Assign => Verb::AssignRole,
            Bulk::Merge => Verb::Merge,
            Bulk::Resolve => Verb::Resolve,
            Bulk::Close => Verb::Close,
        }
    }

    /// To how many of these it can be done.
    pub fn offer(self, list: List, chosen: &[Arc<Incident>]) -> Offer {
        let mut why_not = None;
        let mut n = 0;
        for incident in chosen {
            match self.possible(list, incident) {
                Ok(()) => n += 1,
                Err(refusal) => why_not = why_not.or(Some(refusal.to_string())),
            }
        }
        Offer { bulk: self, n, why_not: why_not.filter(|_| n < chosen.len()) }
    }

    fn possible(self, list: List, incident: &Incident) -> Result<(), Refusal> {
        let actor = list.session.actor().ok_or(Refusal::NeedsResponder)?;
        possible(self, incident, &actor, list.session.live.now())
    }

    /// Does it, or asks what is missing first.
    pub fn start(self, list: List, ids: Vec<IncidentId>) {
        match self {
            Bulk::Acknowledge => send(list, &ids, &|_| acknowledge(Some(DEFAULT_SECS))),
            Bulk::Assign | Bulk::Merge | Bulk::Resolve | Bulk::Close => list.asking.set(Some(self)),
        }
    }
}

/// Whether it can be done to one: by the whole rule where that needs nothing but the incident. What
/// asks for a reason is possible, for a reason can be given.
fn possible(bulk: Bulk, incident: &Incident, actor: &Actor, now: Timestamp) -> Result<(), Refusal> {
    let command = match bulk {
        Bulk::Acknowledge => acknowledge(Some(DEFAULT_SECS)),
        Bulk::Resolve => Command::Resolve { reason: None, happened_at: None },
        Bulk::Close => Command::Close { reason: None },
        Bulk::Assign | Bulk::Merge => return allowed(incident, bulk.verb(), actor),
    };
    match decide(incident, &command, &Context::default(), actor, now) {
        Ok(_) | Err(Refusal::ReasonNeeded { .. }) => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

/// Whole incidents are needed to decide: those that the replica does not hold are fetched.
pub fn follow(list: List) {
    Effect::new(move |_| {
        let chosen = list.selection.with(|selection| selection.all().to_vec());
        if chosen.len() > MOST {
            return;
        }
        let missing: Vec<IncidentId> = chosen.into_iter().filter(|id| list.session.replica.confirmed(*id).is_none()).collect();
        for some in missing.chunks(AT_ONCE) {
            let some = some.to_vec();
            spawn_local(async move {
                match api::lists::several(some).await {
                    Ok(incidents) => incidents.into_iter().for_each(|incident| list.session.replica.adopt_incident(incident)),
                    Err(failure) => list.session.toasts.refused("Read the selected incidents", &failure),
                }
            });
        }
    });
}

/// The chosen incidents as they are known, with what is unsent.
pub fn chosen(list: List) -> Vec<Arc<Incident>> {
    let ids = list.selection.with(|selection| selection.all().to_vec());
    if ids.len() > MOST { vec![] } else { ids.into_iter().filter_map(|id| list.session.incident(id)).collect() }
}

/// Commands each of `ids` that allows it, and remembers what became of it.
fn send(list: List, ids: &[IncidentId], make: &dyn Fn(&Incident) -> Command) {
    let mut report = Vec::new();
    for id in ids {
        let Some(incident) = untrack(|| list.session.incident(*id)) else { continue };
        let answer = list.session.send_as(*id, make(&incident));
        report.push(Sent { reference: incident.reference, answer: answer.map_err(|refusal| refusal.to_string()) });
    }
    if let [Sent { answer: Err(words), .. }] = report.as_slice() {
        list.session.toasts.say(sentence(words));
    }
    list.report.set(report);
}

/// What is asked before it is done.
pub fn dialog(list: List) -> AnyView {
    (move || list.asking.get().map(|bulk| form(list, bulk))).into_any()
}

fn form(list: List, bulk: Bulk) -> AnyView {
    let close = move || list.asking.set(None);
    let chosen = untrack(|| chosen(list));
    let able: Vec<Arc<Incident>> = chosen.iter().filter(|incident| untrack(|| bulk.possible(list, incident)).is_ok()).cloned().collect();
    let n = able.len();
    let (choice, reason) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let refused = RwSignal::new(None::<String>);
    let options = match bulk {
        Bulk::Assign => people(list),
        Bulk::Merge => targets(list, &chosen),
        Bulk::Acknowledge | Bulk::Resolve | Bulk::Close => vec![],
    };
    choice.set(options.first().map(|(value, _)| value.clone()).unwrap_or_default());
    let names = StoredValue::new(options.clone());
    let ids: Vec<IncidentId> = able.iter().map(|incident| incident.id).collect();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (choice, reason) = (choice.get_untracked(), Some(reason.get_untracked()).filter(|reason| !reason.trim().is_empty()));
        let target: Option<IncidentId> = choice.parse().ok();
        if bulk == Bulk::Merge && target.is_none() {
            return refused.set(Some("Choose the incident they go on in.".to_owned()));
        }
        let name = names.with_value(|names| names.iter().find(|(id, _)| *id == choice).map(|(_, name)| name.clone()).unwrap_or_default());
        let make = |_: &Incident| match (bulk, target) {
            (Bulk::Assign, _) => Command::AssignRole {
                role: IncidentRole::Commander,
                person: PersonRef { id: Some(choice.clone()), name: name.clone() },
                reason: reason.clone(),
            },
            (Bulk::Merge, Some(into)) => Command::Merge { into, reason: reason.clone() },
            (Bulk::Close, _) => Command::Close { reason: reason.clone() },
            (Bulk::Acknowledge | Bulk::Merge | Bulk::Resolve, _) => Command::Resolve { reason: reason.clone(), happened_at: None },
        };
        let needs_reason = reason.is_none() && able.iter().any(|incident| lacks_reason(list, incident, &make(incident)));
        if needs_reason {
            return refused.set(Some("Say why: at least one of them needs a reason.".to_owned()));
        }
        let ids: Vec<IncidentId> = ids.iter().copied().filter(|id| Some(*id) != target).collect();
        send(list, &ids, &make);
        close();
    };
    let (title, words) = match bulk {
        Bulk::Assign => (format!("Who takes command of {}?", incidents(n)), "Somebody else is asked first; until they accept, both are shown."),
        Bulk::Merge => (format!("Merge {}", incidents(n)), "Their alerts and services go with them. Each ends here and points there."),
        Bulk::Resolve => (format!("Resolve {}", incidents(n)), "The service level is back, for each of them."),
        Bulk::Close | Bulk::Acknowledge => (format!("Close {}", incidents(n)), "Nothing is left to do in any of them."),
    };
    let label = if bulk == Bulk::Merge { "They go on in" } else { "Person" };
    let submit_words = if bulk == Bulk::Merge { "Merge" } else { bulk.words().trim_end_matches('…') };
    view! {
        <Dialog title on_close=move |()| close()>
            <form class="form" on:submit=submit>
                {(!options.is_empty()).then(|| view! { <SelectField id="bulk-choice" label options value=choice /> })}
                <p class="muted">{words}</p>
                <TextField id="bulk-reason" label="Why, if it is worth saying" value=reason />
                <FormError words=refused />
                <div class="form__foot">
                    <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
                    <button type="submit" class="button" data-tone="accent">{submit_words} " " {n}</button>
                </div>
            </form>
        </Dialog>
    }
}

fn incidents(n: usize) -> String {
    wording::count(n, "incident", "incidents")
}

fn lacks_reason(list: List, incident: &Incident, command: &Command) -> bool {
    matches!(list.session.would(incident, command), Err(Refusal::ReasonNeeded { .. }))
}

/// Those who can lead, oneself first.
fn people(list: List) -> Vec<(String, String)> {
    let me = list.session.replica.actor();
    let mut options: Vec<(String, String)> = me.iter().map(|me| (me.who.id.clone(), me.who.name.clone())).collect();
    let people = untrack(|| list.session.replica.people());
    let able = people.iter().filter(|person| !person.disabled && person.role >= Role::Responder);
    options.extend(able.map(|person| (person.id.to_string(), person.name.clone())).filter(|(id, _)| me.as_ref().is_none_or(|me| me.who.id != *id)));
    options
}

/// Where they can go on: the chosen ones first, then what is open.
fn targets(list: List, chosen: &[Arc<Incident>]) -> Vec<(String, String)> {
    let mut open = untrack(|| list.session.board(list.session.live.now()));
    sorting::sort_by_key(&mut open, |other| std::cmp::Reverse(other.reference));
    fitting(chosen, &open).map(|incident| (incident.id.to_string(), format!("{} {}", incident.reference, incident.title))).collect()
}

/// What is not over; where one of the chosen ones is private only what is, for the rules refuse the rest.
fn fitting<'a>(chosen: &'a [Arc<Incident>], open: &'a [Arc<Incident>]) -> impl Iterator<Item = &'a Arc<Incident>> {
    let is_private = chosen.iter().any(|one| one.private);
    let others = open.iter().filter(move |other| !chosen.iter().any(|one| one.id == other.id));
    chosen.iter().chain(others).filter(move |incident| !incident.state.is_over() && (incident.private || !is_private))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        incident::{Acknowledged, Declare, State, declare},
        people::{ActorKind, ActorRef},
        severity::Severity,
        timeline::Head,
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn actor(id: &str) -> Actor {
        Actor { who: ActorRef { kind: ActorKind::Person, id: id.to_owned(), name: id.to_owned() }, role: Role::Responder }
    }

    fn an_incident() -> Incident {
        let (id, actor) = (IncidentId(Uuid::from_u128(1)), actor("mara"));
        let draft = Declare { title: "t".to_owned(), severity: Some(Severity::Sev2), ..Declare::default() };
        let events = Head::genesis().append(id, declare(&draft, &actor, NOON).expect("a responder may declare"), &actor.who, None, NOON);
        Incident::fold(id, IncidentRef(1), &events).expect("it begins with a declaration")
    }

    #[test]
    fn what_somebody_else_has_is_not_offered_to_be_acknowledged() {
        let mut incident = an_incident();
        let possible = |incident: &Incident, bulk| possible(bulk, incident, &actor("mara"), NOON);
        assert_eq!(possible(&incident, Bulk::Acknowledge), Ok(()));
        incident.acknowledged = Some(Acknowledged { by: "Tom".to_owned(), by_id: "tom".to_owned(), at: NOON, until: Some(NOON.plus_secs(60)) });
        assert!(matches!(possible(&incident, Bulk::Acknowledge), Err(Refusal::AlreadyAcknowledged { .. })));
        assert_eq!(possible(&incident, Bulk::Resolve), Ok(()));
        assert_eq!(possible(&incident, Bulk::Close), Err(Refusal::NotResolvedYet));
        incident.state = State::Resolved;
        assert_eq!(possible(&incident, Bulk::Close), Ok(()));
    }

    #[test]
    fn what_is_private_goes_on_in_what_is_private() {
        let one = |n: u128, private: bool| Arc::new(Incident { id: IncidentId(Uuid::from_u128(n)), private, ..an_incident() });
        let open = [one(1, false), one(2, true), one(3, false)];
        let into = |chosen: &[Arc<Incident>]| fitting(chosen, &open).map(|incident| incident.id.0.as_u128()).collect::<Vec<u128>>();
        assert_eq!(into(&[one(3, false)]), [3, 1, 2]);
        assert_eq!(into(&[one(3, false), one(4, true)]), [4, 2]);
    }

    #[test]
    fn what_asks_for_a_reason_is_offered() {
        let mut incident = an_incident();
        incident.signals.insert("pay".to_owned(), crate::domain::incident::ServiceSignals { firing: 1, total: 1, ..Default::default() });
        assert_eq!(possible(Bulk::Resolve, &incident, &actor("mara"), NOON), Ok(()));
        assert_eq!(Bulk::Merge.words_for(2), "Merge 2 into…");
    }
}
