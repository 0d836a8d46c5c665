//! What can be done now: four verbs under the thumb, the rest in a menu. One that is not possible
//! stays and says why; the one that is due is filled.

use crate::{
    domain::{
        incident::{Command, Context, Incident, IncidentRole, Refusal, State, Verb, decide},
        people::Actor,
        screens::PlainVerb,
        time::Timestamp,
        wording,
    },
    ui::{
        browser,
        components::{
            icon::Glyph,
            menu::{Item, Menu},
            severity::severity_label,
            toast_list::sentence,
        },
        drawing::view,
        panels::{
            acknowledge::{DEFAULT_SECS, acknowledge},
            plain,
        },
        session::{Session, Sheet, session},
        times::Zone,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

/// What a verb's button does.
#[derive(Clone, Debug, PartialEq)]
enum Act {
    Send(Box<Command>),
    Ask(Sheet),
    Compose,
}

/// One verb as it stands now.
#[derive(Clone, Debug, PartialEq)]
struct Offer {
    words: String,
    /// What follows, or why not.
    note: String,
    disabled: bool,
    /// It is what should be done next.
    due: bool,
    act: Act,
}

#[component]
pub fn Verbs(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let offers = Memo::new(move |_| session.actor().map(|actor| offers(&incident.get(), &actor, now.get(), session.zone.get())).unwrap_or_default());
    let id = incident.with_untracked(|incident| incident.id);
    let button = move |offer: Offer| {
        let act = offer.act.clone();
        let disabled = offer.disabled;
        let run = move |_| {
            if disabled {
                return;
            }
            match act.clone() {
                Act::Send(command) => session.act(id, *command),
                Act::Ask(sheet) => session.sheet.set(Some(sheet)),
                Act::Compose => browser::show("composer-text"),
            }
        };
        // Where no app runs, what sends a command is sent by the form itself.
        let plain = match &offer.act {
            Act::Send(command) if session.is_still() && !disabled => PlainVerb::of(command),
            _ => None,
        };
        view! {
            <button type=if plain.is_some() { "submit" } else { "button" } formaction=plain.and_then(|verb| plain::action(id, verb)) form=plain.map(|_| plain::VERBS) class="verb" data-due=offer.due.then_some("true") aria-disabled=disabled.then_some("true") on:click=run>
                <span class="verb__words">{offer.words}</span>
                <span class="verb__note">{offer.note}</span>
            </button>
        }
    };
    let items = Callback::new(move |()| more(session, &incident.get_untracked()));
    view! {
        <div class="verbs" role="group" aria-label="What can be done">
            {plain::questions()}
            {move || offers.get().into_iter().map(button).collect_view()}
            <Menu label="More to do" class="verb verb--more" glyph=Glyph::More above=true items />
        </div>
    }
}

/// A verb that sends a command: possible, possible with a reason, or not, in the rules' own words.
fn offer(incident: &Incident, actor: &Actor, now: Timestamp, words: &str, note: &str, command: Command) -> Offer {
    let (note, disabled) = match decide(incident, &command, &Context::default(), actor, now) {
        Ok(_) => (note.to_owned(), false),
        Err(Refusal::ReasonNeeded { .. }) => (format!("{note}, asks why"), false),
        Err(refusal) => (refusal.to_string(), true),
    };
    Offer { words: words.to_owned(), note, disabled, due: false, act: Act::Send(Box::new(command)) }
}

fn ask(incident: &Incident, actor: &Actor, verb: Verb, words: &str, note: &str, sheet: Sheet) -> Offer {
    let refused = crate::domain::incident::allowed(incident, verb, actor).err();
    let note = refused.as_ref().map_or_else(|| note.to_owned(), Refusal::to_string);
    Offer { words: words.to_owned(), note, disabled: refused.is_some(), due: false, act: Act::Ask(sheet) }
}

/// The four verbs of this state.
fn offers(incident: &Incident, actor: &Actor, now: Timestamp, zone: Zone) -> Vec<Offer> {
    let make = |words: &str, note: &str, command| offer(incident, actor, now, words, note, command);
    let impact = || ask(incident, actor, Verb::SetImpact, "Set impact", "when customers were hurt", Sheet::Impact(incident.id));
    let note = || Offer { words: "Add a note".to_owned(), note: "the record stays open".to_owned(), disabled: false, due: false, act: Act::Compose };
    let reopen = || make("Reopen", "it is not over", Command::Reopen { reason: None, recovered: None });
    match incident.state {
        State::Triage | State::Active | State::Mitigated => {
            let mut offers = vec![take(incident, actor, now, zone), severity(incident, actor)];
            offers.push(if incident.state == State::Mitigated {
                make("Back to active", "it hurts again", Command::Activate { reason: None })
            } else {
                make("Mitigated", "customers are safe again", Command::Mitigate { reason: None, happened_at: None })
            });
            let resolve = match incident.firing_alerts() {
                0 => "the service level is back".to_owned(),
                n => wording::count(n as usize, "alert still fires", "alerts still fire"),
            };
            offers.push(make("Resolve", &resolve, Command::Resolve { reason: None, happened_at: None }));
            let due = match incident.state {
                _ if incident.who_has_it(now).is_none() => 0,
                State::Triage => 1,
                State::Active => 2,
                _ => 3,
            };
            offers[due].due = !offers[due].disabled;
            offers
        }
        State::Resolved => {
            let mut close = make("Close", "nothing is left to do", Command::Close { reason: None });
            close.due = !close.disabled;
            vec![close, reopen(), impact(), note()]
        }
        State::Closed | State::Cancelled => vec![reopen(), impact(), note()],
        State::Merged => vec![impact(), note()],
    }
}

fn take(incident: &Incident, actor: &Actor, now: Timestamp, zone: Zone) -> Offer {
    let mine = incident.acknowledged.as_ref().filter(|ack| incident.is_acknowledged(now) && ack.by_id == actor.who.id);
    let make = |words: &str, note: &str| offer(incident, actor, now, words, note, acknowledge(Some(DEFAULT_SECS)));
    match mine.map(|ack| ack.until) {
        None => make("Acknowledge", "for 30 min"),
        Some(Some(until)) => make("Keep it 30 min", &format!("you have it until {}", zone.clock(until, now))),
        Some(None) => Offer { disabled: true, ..make("Acknowledge", "you have it until further notice") },
    }
}

fn severity(incident: &Incident, actor: &Actor) -> Offer {
    let (words, note) = match (incident.severity, incident.proposed_severity) {
        (None, Some(proposed)) => ("Set severity", format!("{} is proposed", proposed.label())),
        (None, None) => ("Set severity", "how bad is it?".to_owned()),
        (Some(severity), _) => ("Severity", format!("{}, change it", severity.label())),
    };
    ask(incident, actor, Verb::SetSeverity, words, &note, Sheet::Severity(incident.id))
}

/// The rest, in a menu.
fn more(session: Session, incident: &Incident) -> Vec<Item> {
    let Some(actor) = session.actor() else { return vec![] };
    let (id, now) = (incident.id, session.live.now());
    let may = |verb| session.may(incident, verb).err().map(|refusal| sentence(&refusal.to_string()));
    let sends = |words: &str, command: Command| {
        let refused = match decide(incident, &command, &Context::default(), &actor, now) {
            Ok(_) | Err(Refusal::ReasonNeeded { .. }) => None,
            Err(refusal) => Some(sentence(&refusal.to_string())),
        };
        Item::new(words, move || session.act(id, command.clone())).unless(refused)
    };
    let asks = |words: &str, verb, sheet: Sheet| Item::new(words, move || session.sheet.set(Some(sheet.clone()))).unless(may(verb));
    let mut items = Vec::new();
    if IncidentRole::offered_to(incident, &actor).is_some() {
        let command = Command::AssignRole { role: IncidentRole::Commander, person: actor.as_person(), reason: None };
        items.push(sends("Take command", command).with_note("nobody leads it yet"));
    }
    items.push(sends("Acknowledge until further notice", acknowledge(None)));
    items.push(sends("Give it back", Command::Unacknowledge { reason: None }));
    items.push(asks("Severity…", Verb::SetSeverity, Sheet::Severity(id)).with_note(format!("now {}", severity_label(incident.shown_severity()))));
    items.push(asks("Title…", Verb::SetTitle, Sheet::Title(id)));
    items.push(asks("Services…", Verb::SetServices, Sheet::Services(id)));
    items.push(asks("Impact…", Verb::SetImpact, Sheet::Impact(id)));
    items.push(asks("Labels…", Verb::Tag, Sheet::Labels(id)));
    items.push(asks("Merge into another…", Verb::Merge, Sheet::Merge(id)));
    let privacy = if incident.private { "Make visible to everybody" } else { "Make private" };
    items.push(sends(privacy, Command::SetPrivate { private: !incident.private }));
    items.push(sends("False alarm", Command::Cancel { reason: None }));
    items.push(sends("Close", Command::Close { reason: None }));
    items.push(sends("Reopen", Command::Reopen { reason: None, recovered: None }));
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::{IncidentId, IncidentRef},
        incident::{Declare, declare},
        people::{ActorKind, ActorRef, Role},
        severity::Severity,
        timeline::Head,
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn mara(role: Role) -> Actor {
        Actor { who: ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() }, role }
    }

    fn an_incident(severity: Option<Severity>) -> Incident {
        let id = IncidentId(Uuid::from_u128(1));
        let actor = mara(Role::Responder);
        let draft = Declare { title: "t".to_owned(), severity, ..Declare::default() };
        let events = Head::genesis().append(id, declare(&draft, &actor, NOON).expect("a responder may declare"), &actor.who, None, NOON);
        Incident::fold(id, IncidentRef(1), &events).expect("it begins with a declaration")
    }

    #[test]
    fn at_most_four_verbs_and_at_most_one_is_due() {
        for state in State::ALL {
            let mut incident = an_incident(Some(Severity::Sev2));
            incident.state = state;
            let offers = offers(&incident, &mara(Role::Responder), NOON, Zone::Utc);
            assert!((1..=4).contains(&offers.len()), "{state:?}");
            assert!(offers.iter().filter(|offer| offer.due).count() <= 1, "{state:?}");
            assert!(offers.iter().all(|offer| !offer.note.is_empty()), "{state:?}");
        }
    }

    #[test]
    fn taking_it_is_due_first_then_the_severity() {
        let mut incident = an_incident(None);
        let first = offers(&incident, &mara(Role::Responder), NOON, Zone::Utc);
        assert!(first[0].due && first[0].words == "Acknowledge");
        incident.acknowledged =
            Some(crate::domain::incident::Acknowledged { by: "Mara".to_owned(), by_id: "mara".to_owned(), at: NOON, until: Some(NOON.plus_secs(1800)) });
        let next = offers(&incident, &mara(Role::Responder), NOON, Zone::Utc);
        assert!(next[1].due && next[0].note.starts_with("you have it until"));
    }

    #[test]
    fn a_viewer_sees_every_verb_with_the_reason_why_not() {
        let offers = offers(&an_incident(None), &mara(Role::Viewer), NOON, Zone::Utc);
        assert!(offers.iter().all(|offer| offer.disabled && offer.note.contains("responder")));
    }
}
