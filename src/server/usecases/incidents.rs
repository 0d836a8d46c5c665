//! Reading incidents, declaring them, commanding them. What somebody may not see does not exist
//! for them: it is told like an unknown incident.

use super::{people::needs, plain::plain};
use crate::{
    domain::{
        accounts::Person,
        boards::IncidentPage,
        failure::{Failure, FailureKind},
        ids::{AlertId, IncidentId, IncidentRef},
        incident::{Command, Declare, Incident},
        people::{Actor, PersonRef, Right},
        timeline::{self, Entry},
    },
    server::{
        error::ServerError,
        state::App,
        store::{AlertFilter, IncidentFilter, Outcome, Page},
        telemetry::timed,
    },
};

/// Most alerts on an incident's page; `incident.signals` counts them all.
const ALERTS_ON_PAGE: i64 = 200;

/// Longest key by which a command is told from its repetition.
pub const MAX_KEY: usize = 255;

/// One incident by its id or reference, with everything its page shows.
pub async fn page(app: &App, actor: &Actor, incident: &str) -> Result<IncidentPage, ServerError> {
    // The number is read first: what is recorded while the rest is read arrives on the stream again.
    let seq = app.store.latest_seq().await?;
    let projection = read(app, actor, incident).await?;
    let events = app.store.events(projection.id).await?;
    let filter = AlertFilter { incident: Some(projection.id), ..AlertFilter::for_actor(actor.clone()) };
    let alerts = app.store.alerts(&filter, None, ALERTS_ON_PAGE).await?.items;
    // Folding the log that is shown keeps both of the same moment.
    let incident = Incident::fold(projection.id, projection.reference, &events).unwrap_or(projection);
    Ok(IncidentPage { seq, incident: incident.as_of(app.clock().now()), events, alerts })
}

/// One incident by its id or reference.
pub async fn read(app: &App, actor: &Actor, incident: &str) -> Result<Incident, ServerError> {
    needs(actor, Right::Read)?;
    let id = id_of(app, incident).await?;
    Ok(visible(app, actor, id).await?.as_of(app.clock().now()))
}

/// A page of incidents, the newest reference first.
pub async fn list(app: &App, filter: &IncidentFilter, cursor: Option<&str>, limit: i64) -> Result<Page<Incident>, ServerError> {
    needs(&filter.actor, Right::Read)?;
    let page = app.store.incidents(filter, cursor, limit).await?;
    let now = app.clock().now();
    Ok(Page { items: page.items.into_iter().map(|incident| incident.as_of(now)).collect(), next_cursor: page.next_cursor })
}

/// The whole timeline of an incident, oldest first.
pub async fn timeline(app: &App, actor: &Actor, incident: &str) -> Result<Vec<Entry>, ServerError> {
    let incident = read(app, actor, incident).await?;
    let events = app.store.events(incident.id).await?;
    let incident = Incident::fold(incident.id, incident.reference, &events).unwrap_or(incident);
    Ok(timeline::of(&incident, &events))
}

/// Declares an incident. The same actor's same `key` again answers what it answered first.
pub async fn declare(app: &App, actor: &Actor, key: &str, draft: Declare) -> Result<Incident, ServerError> {
    needs(actor, Right::Work)?;
    let draft = plain(draft).map_err(|_| unreadable())?;
    match timed("declare", app.store.declare(draft, actor, checked_key(key)?)).await? {
        // Nothing stands yet that could be in its way: it is refused for what it says.
        Outcome::Refused(refusal) if !refusal.is_forbidden() => Err(Failure::new(FailureKind::Invalid, refusal.code(), refusal.to_string()).into()),
        outcome => answer(app, outcome),
    }
}

/// Commands an incident. The same actor's same `key` again answers what it answered first.
pub async fn command(app: &App, actor: &Actor, key: &str, incident: &str, command: Command, if_match: Option<i64>) -> Result<Incident, ServerError> {
    needs(actor, Right::Read)?;
    let id = id_of(app, incident).await?;
    visible(app, actor, id).await?;
    let mut command = plain(command).map_err(|_| unreadable())?;
    match &mut command {
        Command::AssignRole { person, .. } => *person = known_person(person, actor, &app.store.people().await?)?,
        Command::Merge { into, .. } => drop(visible(app, actor, *into).await?),
        Command::AttachAlert { alert } => check_alert(app, actor, *alert).await?,
        _ => {}
    }
    let outcome = timed("command", app.store.command(id, command, actor, checked_key(key)?, if_match)).await?;
    answer(app, outcome)
}

/// The store keeps keys apart by actor: nobody can read an answer by guessing somebody else's key.
fn checked_key(key: &str) -> Result<&str, Failure> {
    if key.is_empty() || key.chars().count() > MAX_KEY || key.chars().any(char::is_control) {
        let words = format!("an idempotency key has 1 to {MAX_KEY} characters, none of them a control character");
        return Err(Failure::new(FailureKind::Malformed, "bad_idempotency_key", words));
    }
    Ok(key)
}

fn answer(app: &App, outcome: Outcome) -> Result<Incident, ServerError> {
    match outcome {
        Outcome::Done(incident) => Ok(incident.as_of(app.clock().now())),
        Outcome::Refused(refusal) => Err(refusal.into()),
        Outcome::NotFound => Err(unknown().into()),
        Outcome::Stale { version } => {
            let words = format!("somebody changed it meanwhile: it is at version {version}");
            Err(Failure::new(FailureKind::Stale, "stale", words).with_next("Read it again, then decide again.").into())
        }
        Outcome::OriginTaken => Err(Failure::new(FailureKind::Refused, "origin_taken", "another incident came from this origin under this id").into()),
        Outcome::KeyReused => {
            let words = "this idempotency key was used for something else";
            Err(Failure::new(FailureKind::Invalid, "idempotency_key_reused", words).with_next("Use a new key for every new command.").into())
        }
    }
}

/// The id behind an id or a reference. Whether the asker may see the incident is not asked here.
pub async fn id_of(app: &App, text: &str) -> Result<IncidentId, ServerError> {
    if let Ok(id) = text.parse::<IncidentId>() {
        return Ok(id);
    }
    let reference: IncidentRef = text.parse().map_err(|()| unknown())?;
    Ok(app.store.incident_id_of(reference).await?.ok_or_else(unknown)?)
}

async fn visible(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident, ServerError> {
    let incident = app.store.incident(id).await?.filter(|incident| incident.is_visible_to(actor));
    Ok(incident.ok_or_else(unknown)?)
}

/// An alert of an incident that the actor may not see cannot be moved out of it.
async fn check_alert(app: &App, actor: &Actor, id: AlertId) -> Result<(), ServerError> {
    let unknown = || Failure::new(FailureKind::NotFound, "unknown_alert", "there is no such alert");
    let alert = app.store.alert(id).await?.ok_or_else(unknown)?;
    match alert.incident_id {
        Some(incident) => visible(app, actor, incident).await.map(drop).map_err(|_| unknown().into()),
        None => Ok(()),
    }
}

/// Who is meant by an id, a login or a name. A name that nobody here has stays a name: people
/// without an account can hold a role too.
fn known_person(named: &PersonRef, actor: &Actor, people: &[Person]) -> Result<PersonRef, Failure> {
    let invalid = |code: &str, words: String| Failure::new(FailureKind::Invalid, code, words);
    let wanted = named.id.as_deref().unwrap_or(&named.name).trim();
    if wanted == actor.who.id || (named.id.is_none() && wanted == actor.who.name) {
        return Ok(actor.as_person());
    }
    let matches = |person: &&Person| {
        person.id.to_string() == wanted
            || (named.id.is_none() && (person.login.eq_ignore_ascii_case(wanted) || person.name.to_lowercase() == wanted.to_lowercase()))
    };
    let mut found = people.iter().filter(matches);
    match (found.next(), found.next()) {
        (Some(person), None) if person.disabled => Err(invalid("person_disabled", format!("the account of {} is disabled", person.name))),
        (Some(person), None) => Ok(PersonRef { id: Some(person.id.to_string()), name: person.name.clone() }),
        (Some(_), Some(_)) => Err(invalid("ambiguous_person", format!("several people are called {wanted}")).with_next("Name them by login or id.")),
        (None, _) if named.id.is_some() => Err(invalid("unknown_person", "nobody has that id".to_owned())),
        (None, _) => Ok(PersonRef { id: None, name: wanted.to_owned() }),
    }
}

pub fn unknown() -> Failure {
    Failure::new(FailureKind::NotFound, "unknown_incident", "there is no such incident")
}

fn unreadable() -> Failure {
    Failure::new(FailureKind::Malformed, "malformed", "a text in it cannot be kept")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::PersonId,
        people::{ActorKind, ActorRef, Role},
        time::Timestamp,
    };
    use uuid::Uuid;

    fn a_person(n: u128, login: &str, name: &str) -> Person {
        let id = PersonId(Uuid::from_u128(n));
        Person { id, login: login.into(), name: name.into(), role: Role::Responder, disabled: false, demo: false, created_at: Timestamp::MIN, seen_at: None }
    }

    fn named(name: &str) -> PersonRef {
        PersonRef { id: None, name: name.to_owned() }
    }

    fn an_actor() -> Actor {
        Actor { who: ActorRef { kind: ActorKind::Token, id: "token-1".into(), name: "ci".into() }, role: Role::Responder }
    }

    #[test]
    fn people_are_found_by_login_name_or_id() {
        let people = [a_person(1, "mara", "Mara Ode"), a_person(2, "ivo", "Ivo Lan")];
        for text in ["MARA", "mara ode", &Uuid::from_u128(1).to_string()] {
            let found = known_person(&named(text), &an_actor(), &people).expect(text);
            assert_eq!(found, PersonRef { id: Some(Uuid::from_u128(1).to_string()), name: "Mara Ode".into() });
        }
        assert_eq!(known_person(&named("ci"), &an_actor(), &people).ok(), Some(an_actor().as_person()));
        assert_eq!(known_person(&named("Vendor's engineer"), &an_actor(), &people).ok(), Some(named("Vendor's engineer")));
    }

    #[test]
    fn an_id_that_nobody_has_and_a_name_that_two_have_are_refused() {
        let people = [a_person(1, "m1", "Mara"), a_person(2, "m2", "Mara")];
        let code = |person: PersonRef| known_person(&person, &an_actor(), &people).map_err(|failure| failure.code).err();
        assert_eq!(code(named("Mara")).as_deref(), Some("ambiguous_person"));
        assert_eq!(code(PersonRef { id: Some("x".into()), name: "Mara".into() }).as_deref(), Some("unknown_person"));
    }

    #[test]
    fn a_key_is_a_text_of_bounded_length() {
        assert_eq!(checked_key("deploy 12").ok(), Some("deploy 12"));
        assert!(
            checked_key("").is_err()
                && checked_key(
                    "a
b"
                )
                .is_err()
        );
        assert!(checked_key(&"ü".repeat(255)).is_ok());
        assert!(checked_key(&"x".repeat(256)).is_err());
    }
}
