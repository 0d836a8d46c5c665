//! Commands on their way: decided here first, shown at once, sent in order, kept until the server
//! has answered. Nothing in here is ever called saved.
//!
//! The queue is kept in the browser's storage, one key per command, so that a reload or a second
//! tab loses and repeats nothing: a command's id makes sending it twice the same as once.

use super::{browser, live::Connection, session::Session};
use crate::{
    api,
    domain::{
        failure::{Failure, FailureKind},
        ids::{CommandId, IncidentId, IncidentRef},
        incident::{Command, Context, Declare, Incident, Verb, decide},
        people::Actor,
        reading::{self, Readable, Reader},
        sorting,
        time::Timestamp,
        timeline::Event,
    },
};
use leptos::{prelude::*, task::spawn_local};
use serde::Serialize;

/// Where the queue is kept; the person's id and the command's follow.
const KEY: &str = "tocsin.outbox.";
/// How many refused commands are remembered for those who sent many at once.
const REMEMBERED: usize = 500;
/// The longest wait between two tries.
const LONGEST_WAIT_SECS: i32 = 30;

/// Something that was decided here and that the server has not answered yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Queued {
    pub id: CommandId,
    pub made_at: Timestamp,
    pub what: What,
    /// When it was last tried in vain.
    #[serde(skip)]
    pub tried_at: Option<Timestamp>,
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum What {
    Command { incident: IncidentId, reference: IncidentRef, command: Box<Command> },
    Declare { draft: Box<Declare> },
}

impl Readable for Queued {
    fn read(from: Reader<'_>) -> Self {
        Self { id: from.get("id"), made_at: from.get("made_at"), what: from.get("what"), tried_at: None }
    }
}

impl Readable for What {
    fn read(from: Reader<'_>) -> Self {
        match from.child("Declare") {
            Some(declare) => What::Declare { draft: declare.get("draft") },
            None => {
                let command = from.child("Command").unwrap_or(from);
                What::Command { incident: command.get("incident"), reference: command.get("reference"), command: command.get("command") }
            }
        }
    }
}

impl Queued {
    /// As the browser's storage keeps it.
    fn text(&self) -> Option<String> {
        String::from_utf8(api::wire::written(self).ok()?).ok()
    }

    /// Whether it is a command for this incident.
    pub fn is_for(&self, id: IncidentId) -> bool {
        matches!(&self.what, What::Command { incident, .. } if *incident == id)
    }

    fn is_late(&self, now: Timestamp) -> bool {
        self.tried_at.is_some() || now.secs_since(self.made_at) >= 2
    }

    /// What it does, in words: "Acknowledge INC-12".
    pub fn words(&self) -> String {
        match &self.what {
            What::Command { reference, command, .. } => format!("{} {reference}", verb_words(command.verb())),
            What::Declare { draft } => format!("Declare “{}”", draft.title),
        }
    }
}

/// A verb as people say it.
pub fn verb_words(verb: Verb) -> &'static str {
    match verb {
        Verb::Acknowledge => "Acknowledge",
        Verb::Unacknowledge => "Give back",
        Verb::SetSeverity => "Severity of",
        Verb::Activate => "Work on",
        Verb::Mitigate => "Mitigated:",
        Verb::Resolve => "Resolve",
        Verb::Close => "Close",
        Verb::Reopen => "Reopen",
        Verb::Cancel => "False alarm:",
        Verb::Merge => "Merge",
        Verb::AssignRole => "Assign a role in",
        Verb::AcceptRole => "Accept a role in",
        Verb::ReleaseRole => "Release a role in",
        Verb::Note => "Note on",
        Verb::Decision => "Decision on",
        Verb::Link => "Link on",
        Verb::Pin => "Pin on",
        Verb::Unpin => "Unpin on",
        Verb::CorrectTime => "Correct a time of",
        Verb::SetTitle => "Title of",
        Verb::SetServices => "Services of",
        Verb::SetImpact => "Impact of",
        Verb::Tag => "Labels of",
        Verb::SetPrivate => "Privacy of",
        Verb::PostponeUpdate => "Postpone the next update of",
        Verb::AttachAlert => "Attach an alert to",
        Verb::DetachAlert => "Detach an alert from",
    }
}

/// How something queued ended, for whoever waits for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Declared(IncidentRef),
    Refused(Failure),
}

/// The queue of one signed-in person.
#[derive(Clone, Copy)]
pub struct Outbox {
    pub queue: RwSignal<Vec<Queued>>,
    /// The browser's storage took everything; if not, closing the page loses the queue.
    pub kept: RwSignal<bool>,
    /// The last answer to a declaration.
    pub answer: RwSignal<Option<(CommandId, Answer)>>,
    /// Commands that the server refused, the last ones, with its words.
    pub refused: RwSignal<Vec<(CommandId, String)>>,
    /// Which one is on its way now.
    sending: RwSignal<Option<CommandId>>,
    /// Somebody works the queue off, even while waiting between two tries.
    pumping: StoredValue<bool>,
    /// Grows whenever waiting has become pointless.
    wakes: StoredValue<u32>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            queue: RwSignal::new(vec![]),
            kept: RwSignal::new(true),
            answer: RwSignal::new(None),
            refused: RwSignal::new(vec![]),
            sending: RwSignal::new(None),
            pumping: StoredValue::new(false),
            wakes: StoredValue::new(0),
        }
    }
}

impl Outbox {
    /// Takes up what an earlier page left behind.
    pub fn restore(self, session: Session) {
        let Some(person) = session.replica.actor().map(|actor| actor.who.id) else { return };
        let known: Vec<CommandId> = self.queue.with_untracked(|queue| queue.iter().map(|queued| queued.id).collect());
        let kept = browser::keys(&format!("{KEY}{person}."));
        let read = |key: &String| reading::read::<Queued>(browser::load(key)?.as_bytes());
        let mut left: Vec<Queued> = kept.iter().filter_map(read).filter(|queued| !known.contains(&queued.id)).collect();
        if !left.is_empty() {
            sorting::sort_by_key(&mut left, |queued| queued.made_at);
            self.queue.update(|queue| queue.splice(0..0, left).for_each(drop));
            session.replica.touch();
        }
        self.wake(session);
    }

    /// Queues something and sends it as soon as its turn comes.
    pub fn put(self, session: Session, id: CommandId, what: What) {
        let queued = Queued { id, made_at: session.live.now(), what, tried_at: None };
        let kept = key_of(session, id).is_some_and(|key| queued.text().is_some_and(|text| browser::store(&key, &text)));
        if !kept {
            self.kept.set(false);
        }
        self.queue.update(|queue| queue.push(queued));
        session.replica.touch();
        self.wake(session);
    }

    /// Forgets something: it was answered, or taken back.
    pub fn remove(self, session: Session, id: CommandId) {
        if let Some(key) = key_of(session, id) {
            browser::forget(&key);
        }
        self.queue.update(|queue| queue.retain(|queued| queued.id != id));
        if self.queue.with_untracked(Vec::is_empty) {
            self.kept.set(true);
        }
        session.replica.touch();
    }

    /// Whether it is on its way at this moment, and can no longer be taken back.
    pub fn is_sending(self, id: CommandId) -> bool {
        self.sending.get() == Some(id)
    }

    /// Those that have waited long enough to be told about: a normal round trip is not worth a word.
    pub fn late(self, now: Timestamp) -> Vec<Queued> {
        self.queue.with(|queue| queue.iter().filter(|queued| queued.is_late(now)).cloned().collect())
    }

    pub fn late_count(self, now: Timestamp) -> usize {
        self.queue.with(|queue| queue.iter().filter(|queued| queued.is_late(now)).count())
    }

    /// Tries again now; whoever signs in, comes back online or hears the stream calls it.
    pub fn wake(self, session: Session) {
        self.wakes.update_value(|wakes| *wakes = wakes.wrapping_add(1));
        if !self.pumping.get_value() && !self.queue.with_untracked(Vec::is_empty) {
            self.pumping.set_value(true);
            spawn_local(async move {
                self.pump(session).await;
                self.sending.set(None);
                self.pumping.set_value(false);
            });
        }
    }

    /// The stream brought what a queued command recorded, perhaps before its own answer.
    pub fn heard_of(self, session: Session, id: CommandId) {
        self.remove(session, id);
    }

    async fn pump(self, session: Session) {
        let mut tries = 0;
        while let Some(next) = self.queue.with_untracked(|queue| queue.first().cloned()) {
            self.sending.set(Some(next.id));
            let answer = match next.what.clone() {
                What::Command { incident, command, .. } => api::incidents::command(next.id, incident, *command).await,
                What::Declare { draft } => api::incidents::declare(next.id, *draft).await,
            };
            match answer {
                Ok(incident) => {
                    tries = 0;
                    self.confirm(session, &next, incident);
                }
                Err(failure) if failure.kind == FailureKind::Unauthenticated => {
                    session.live.connection.set(Connection::SignedOut);
                    return;
                }
                Err(failure) if failure.is_worth_retrying() => {
                    let now = session.live.now();
                    self.queue.update(|queue| {
                        if let Some(queued) = queue.iter_mut().find(|queued| queued.id == next.id) {
                            queued.tried_at = Some(now);
                        }
                    });
                    tries += 1;
                    // Nothing is on its way while waiting, so it can be taken back.
                    self.sending.set(None);
                    self.wait(tries).await;
                }
                Err(failure) => {
                    tries = 0;
                    self.remove(session, next.id);
                    match next.what {
                        What::Declare { .. } => self.answer.set(Some((next.id, Answer::Refused(failure)))),
                        What::Command { .. } => {
                            self.refused.update(|refused| {
                                refused.push((next.id, failure.words.clone()));
                                let old = refused.len().saturating_sub(REMEMBERED);
                                refused.drain(..old);
                            });
                            session.toasts.refused(&next.words(), &failure);
                        }
                    }
                }
            }
        }
    }

    fn confirm(self, session: Session, queued: &Queued, incident: Incident) {
        if let What::Declare { .. } = queued.what {
            self.answer.set(Some((queued.id, Answer::Declared(incident.reference))));
        }
        let predicted = session.predicted(incident.id).map(|predicted| predicted.events).unwrap_or_default();
        let (id, version) = (incident.id, incident.version);
        session.replica.echo.update(|echo| echo.extend(predicted.into_iter().filter(|event| event.command == Some(queued.id)).map(|event| (id, event))));
        session.replica.adopt_incident(incident);
        self.remove(session, queued.id);
        session.catch_up_page(id, version);
    }

    /// Waits longer each time, spread out, and no longer when it is woken.
    async fn wait(self, tries: u32) {
        let wakes = self.wakes.get_value();
        let longest = (1_i32 << tries.min(5)).min(LONGEST_WAIT_SECS);
        let millis = f64::from(longest) * 1000.0 * (0.5 + browser::jitter() / 2.0);
        let mut left = millis;
        while left > 0.0 && self.wakes.get_value() == wakes {
            browser::sleep(250).await;
            left -= 250.0;
        }
    }
}

fn key_of(session: Session, id: CommandId) -> Option<String> {
    Some(format!("{KEY}{}.{id}", session.replica.actor()?.who.id))
}

/// An incident as it will be when everything queued for it has been allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    pub incident: Incident,
    /// What the queued commands will record.
    pub events: Vec<Event>,
}

/// Lays queued commands over a confirmed incident. Each is decided again on what stands before
/// it; one that is no longer allowed has no effect here, and the server will say why.
pub fn predict(confirmed: &Incident, queue: &[Queued], actor: &Actor, context: impl Fn(&Command) -> Context) -> Predicted {
    let mut predicted = Predicted { incident: confirmed.clone(), events: vec![] };
    for queued in queue {
        let What::Command { incident, command, .. } = &queued.what else { continue };
        if *incident != confirmed.id {
            continue;
        }
        let Ok(changes) = decide(&predicted.incident, command, &context(command), actor, queued.made_at) else { continue };
        for change in changes {
            let event = Event {
                seq: predicted.incident.version + 1,
                happened_at: change.happened_at,
                recorded_at: queued.made_at,
                actor: actor.who.clone(),
                command: Some(queued.id),
                kind: change.kind,
                prev_hash: String::new(),
                hash: String::new(),
            };
            predicted.incident.apply(&event);
            predicted.events.push(event);
        }
    }
    predicted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        incident::{EventKind, State, declare},
        people::{ActorKind, ActorRef, Role},
        severity::Severity,
        timeline::Head,
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn mara() -> Actor {
        Actor { who: ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() }, role: Role::Responder }
    }

    fn an_incident() -> Incident {
        let (id, reference) = (IncidentId(Uuid::from_u128(1)), IncidentRef(1));
        let draft = Declare { title: "t".to_owned(), severity: Some(Severity::Sev2), ..Declare::default() };
        let changes = declare(&draft, &mara(), NOON).expect("a responder may declare");
        let events = Head::genesis().append(id, changes, &mara().who, None, NOON);
        Incident::fold(id, reference, &events).expect("it begins with a declaration")
    }

    fn queued(number: u128, command: Command) -> Queued {
        let what = What::Command { incident: IncidentId(Uuid::from_u128(1)), reference: IncidentRef(1), command: Box::new(command) };
        Queued { id: CommandId(Uuid::from_u128(number)), made_at: NOON.plus_secs(5), what, tried_at: None }
    }

    #[test]
    fn queued_commands_show_their_effect_in_order() {
        let queue = [queued(1, Command::Mitigate { reason: None, happened_at: None }), queued(2, Command::Resolve { reason: None, happened_at: None })];
        let predicted = predict(&an_incident(), &queue, &mara(), |_| Context::default());
        assert_eq!(predicted.incident.state, State::Resolved);
        assert_eq!(predicted.events.len(), 2);
        assert!(predicted.events.iter().all(|event| event.command.is_some()));
    }

    #[test]
    fn a_command_that_is_no_longer_allowed_has_no_effect() {
        let mut incident = an_incident();
        let resolved = predict(&incident, &[queued(1, Command::Resolve { reason: None, happened_at: None })], &mara(), |_| Context::default());
        incident = resolved.incident;
        let late = predict(&incident, &[queued(2, Command::Mitigate { reason: None, happened_at: None })], &mara(), |_| Context::default());
        assert_eq!(late.incident, incident);
        assert!(late.events.is_empty());
    }

    #[test]
    fn a_queued_command_survives_the_storage() {
        let note = queued(3, Command::Note { text: "rolled back".to_owned(), happened_at: None });
        let text = note.text().expect("it serialises");
        assert_eq!(reading::read(text.as_bytes()), Some(note.clone()));
        assert_eq!(note.words(), "Note on INC-1");
        let predicted = predict(&an_incident(), &[note], &mara(), |_| Context::default());
        assert!(matches!(predicted.events[0].kind, EventKind::Note { .. }));
    }
}
