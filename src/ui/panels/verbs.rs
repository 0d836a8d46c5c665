//! What can be done now: four verbs under the thumb, the rest in a menu. One that is not possible
//! stays, and why stands above them; the one that is due is filled.

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
            icon::{Glyph, Icon},
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
    /// What follows, in a few words: a button is narrow.
    note: String,
    /// Why it is not possible, or what it asks first.
    why: Option<String>,
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
        let why = offer.why.clone();
        let run = move |_| {
            if disabled {
                // Only the first reason stands above the verbs; a finger cannot ask for a title.
                if let Some(why) = &why {
                    session.toasts.say(sentence(why));
                }
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
            <button type=if plain.is_some() { "submit" } else { "button" } formaction=plain.and_then(|verb| plain::action(id, verb)) form=plain.map(|_| plain::VERBS) class="verb" data-due=offer.due.then_some("true") aria-disabled=disabled.then_some("true") title=offer.why on:click=run>
                <span class="verb__words">{offer.words}</span>
                <span class="verb__note">{offer.note}</span>
            </button>
        }
    };
    let items = Callback::new(move |()| more(session, &incident.get_untracked()));
    let line = Memo::new(move |_| {
        let reason = offers.with(|offers| reason(offers));
        // Where a note is a verb of its own, it needs no second button.
        let is_there = offers.with(|offers| offers.iter().any(|offer| offer.act == Act::Compose));
        let composes = !is_there && incident.with(|incident| session.may(incident, Verb::Note)).is_ok();
        (reason.is_some() || composes).then_some((reason, composes))
    });
    view! {
        <div class="verbs" role="group" aria-label="What can be done">
            {plain::questions(incident.with_untracked(|incident| incident.resolved_at.is_some()))}
            {move || line.get().map(|(reason, composes)| above(reason, composes))}
            {move || offers.get().into_iter().map(button).collect_view()}
            <Menu label="More to do" class="verb verb--more" glyph=Glyph::More above=true items />
        </div>
    }
}

/// What stands above the verbs: one reason, and on a phone the way to the composer, which is far down.
fn above(reason: Option<String>, composes: bool) -> AnyView {
    let reason = reason.map(|words| view! { <p class="verbs__reason"><Icon glyph=Glyph::Lock /> <span>{words}</span></p> });
    let add = composes.then(|| {
        view! {
            <button type="button" class="verbs__add" on:click=move |_| browser::show("composer-text")>
                <Icon glyph=Glyph::Plus />
                "Add what happened"
            </button>
        }
    });
    view! { <div class="verbs__line">{reason} {add}</div> }
}

/// Why the first verb that is not possible is not; where all are, what the first one asks that asks.
fn reason(offers: &[Offer]) -> Option<String> {
    let first = offers.iter().find(|offer| offer.disabled).or_else(|| offers.iter().find(|offer| offer.why.is_some()))?;
    let why = first.why.as_deref()?;
    Some(if first.disabled { format!("{}: {why}", first.words) } else { format!("{} asks why: {why}", first.words) })
}

/// A verb that sends a command: possible, possible with a reason, or not, in the rules' own words.
fn offer(incident: &Incident, actor: &Actor, now: Timestamp, words: &str, note: &str, command: Command) -> Offer {
    let (why, disabled) = match decide(incident, &command, &Context::default(), actor, now) {
        Ok(_) => (None, false),
        Err(Refusal::ReasonNeeded { what }) => (Some(format!("{what} needs a reason")), false),
        Err(refusal) => (Some(refusal.to_string()), true),
    };
    Offer { words: words.to_owned(), note: note.to_owned(), why, disabled, due: false, act: Act::Send(Box::new(command)) }
}

fn ask(incident: &Incident, actor: &Actor, verb: Verb, words: &str, note: &str, sheet: Sheet) -> Offer {
    let why = crate::domain::incident::allowed(incident, verb, actor).err().map(|refusal| refusal.to_string());
    Offer { words: words.to_owned(), note: note.to_owned(), disabled: why.is_some(), why, due: false, act: Act::Ask(sheet) }
}

/// The four verbs of this state.
fn offers(incident: &Incident, actor: &Actor, now: Timestamp, zone: Zone) -> Vec<Offer> {
    let make = |words: &str, note: &str, command| offer(incident, actor, now, words, note, command);
    let impact = || ask(incident, actor, Verb::SetImpact, "Set impact", "when customers were hurt", Sheet::Impact(incident.id));
    let note = || Offer { words: "Add a note".to_owned(), note: "the record stays open".to_owned(), why: None, disabled: false, due: false, act: Act::Compose };
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
        Some(None) => Offer { disabled: true, why: Some("you have it until further notice".to_owned()), ..make("Acknowledge", "you have it") },
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

/// The rest, in a menu and in the palette.
pub fn more(session: Session, incident: &Incident) -> Vec<Item> {
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
    // The menu or the palette it was chosen from is gone by then, and has given the focus back.
    let compose = || browser::after_paint(|| browser::show("composer-text"));
    let mut items = vec![Item::new("Add a note", compose).with_note("what happened, with its time").unless(may(Verb::Note))];
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
    let due = crate::domain::updates::inside(incident);
    let for_s = due.map_or(60, |due| due.most_postponed_secs());
    items.push(sends("Postpone the next update…", Command::PostponeUpdate { for_s, reason: None }));
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
        assert!(offers.iter().all(|offer| offer.disabled && offer.why.as_deref().is_some_and(|why| why.contains("responder"))));
        assert!(offers.iter().all(|offer| offer.note.chars().count() <= 30), "a button of a phone holds a few words only");
        assert_eq!(reason(&offers).as_deref(), Some("Acknowledge: a responder role is needed to work on incidents"));
    }

    #[test]
    fn one_reason_stands_above_the_verbs_what_is_not_possible_before_what_asks() {
        let mut incident = an_incident(Some(Severity::Sev2));
        let said = |incident: &Incident| reason(&offers(incident, &mara(Role::Responder), NOON, Zone::Utc));
        assert_eq!(said(&incident), None, "everything is possible");
        incident.state = State::Mitigated;
        assert_eq!(said(&incident).as_deref(), Some("Back to active asks why: going back to active needs a reason"));
        incident.acknowledged =
            Some(crate::domain::incident::Acknowledged { by: "Tom".to_owned(), by_id: "tom".to_owned(), at: NOON, until: Some(NOON.plus_secs(1800)) });
        assert!(said(&incident).is_some_and(|words| words.starts_with("Acknowledge: Tom has it already")));
    }
}
