//! The running server as the demo reaches it: through its public doors, as the people and senders
//! of the company. It never opens the database.

use super::{
    client::{Answer, CallError, Client},
    company::{Person, Sender},
    payloads::{Post, Sighting, posts},
};
use crate::{
    domain::{
        accounts,
        alert::Alert,
        ids::IntegrationId,
        incident::{Command, Context, Declare, Incident, decide},
        integration::Integration,
        people::{Actor, PersonRef},
        services::ServiceDraft,
        time::Timestamp,
    },
    server::clock::Clock,
};
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// Says what is going on, on standard error.
pub fn say(words: &str) {
    eprintln!("{words}");
}

/// Between two tries of a server that does not answer.
const TRY_AGAIN_AFTER: [Duration; 4] = [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(5)];
/// Who has waited this long between two tries hears why.
const SAID_AFTER: Duration = Duration::from_secs(1);
/// Most alerts that are read of one incident.
const MOST_ALERTS: usize = 500;
/// Most alerts that are repeated at once.
const MOST_REPEATED: usize = 20;

/// Somebody as the server knows them.
struct Voice {
    headers: HeaderMap,
    actor: Actor,
}

pub struct House {
    pub seed: u64,
    pub clock: Clock,
    client: Client,
    voices: HashMap<Person, Voice>,
    senders: HashMap<IntegrationId, Sender>,
    /// The server does not answer, and that was said.
    is_away: AtomicBool,
}

/// A page of a list.
#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

/// What an import answers, as far as it is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, serde::Serialize)]
pub struct Imported {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
}

/// Why the demo cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(
        "{0} is no demo: its people have accounts of their own. Start it with `tocsin serve --demo`, or give --really and an admin's --token to fill it all the same"
    )]
    NotADemo(String),
    #[error("--really needs the API token of an admin: tocsin token create --name demo --role admin")]
    NoToken,
    #[error("{0} did not say who is signed in")]
    NoSession(String),
    #[error("this history holds lines that were rejected: {0}")]
    Rejected(String),
}

impl House {
    /// Waits for the server, finds out whether it is a demo, and lets everybody in.
    pub async fn open(server: &str, seed: u64, really: Option<&str>) -> Result<Self, DemoError> {
        let client = Client::to(server)?;
        let mut house = Self { seed, clock: Clock::system(), client, voices: HashMap::new(), senders: HashMap::new(), is_away: AtomicBool::new(false) };
        #[derive(Deserialize)]
        struct Doorstep {
            demo_people: Vec<accounts::Person>,
        }
        let doorstep: Doorstep = house.read(Method::POST, "/api/fn/session/doorstep", &by_app(), json!({})).await?;
        for person in Person::ALL {
            let headers = match (doorstep.demo_people.iter().find(|known| known.login == person.login()), really) {
                (Some(known), _) => house.sign_in(known).await?,
                (None, Some("")) => return Err(DemoError::NoToken),
                (None, Some(token)) => with(by_app(), header::AUTHORIZATION, &format!("Bearer {token}")),
                (None, None) => return Err(DemoError::NotADemo(house.client.address)),
            };
            let actor: Actor = house.read(Method::GET, "/api/v1/me", &headers, Value::Null).await?;
            house.voices.insert(person, Voice { headers, actor });
        }
        house.let_senders_in().await?;
        Ok(house)
    }

    pub fn address(&self) -> &str {
        &self.client.address
    }

    async fn sign_in(&self, person: &accounts::Person) -> Result<HeaderMap, DemoError> {
        let path = "/api/fn/session/demo-sign-in";
        let answer = self.answered(Method::POST, path, &by_app(), json!({ "person": person.id }).to_string().into()).await?;
        let cookie = answer.headers.get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok()).and_then(|cookie| cookie.split(';').next());
        cookie.map(|cookie| with(by_app(), header::COOKIE, cookie)).ok_or_else(|| DemoError::NoSession(self.client.address.clone()))
    }

    /// Finds the senders' integrations, or makes them.
    async fn let_senders_in(&mut self) -> Result<(), DemoError> {
        let known: Vec<Integration> = self.all("/api/v1/integrations?limit=500").await?;
        for sender in Sender::ALL {
            let known = known.iter().find(|one| one.name == sender.name() && one.source == sender.source()).map(|one| one.id);
            let id = match known {
                Some(id) => id,
                None => {
                    #[derive(Deserialize)]
                    struct Made {
                        id: IntegrationId,
                    }
                    let made: Made =
                        self.post(Person::Elif, "/api/v1/integrations", serde_json::to_value(sender.integration(self.seed)).unwrap_or_default()).await?;
                    made.id
                }
            };
            self.senders.insert(id, sender);
        }
        Ok(())
    }

    /// Reads as the admin, who sees everything.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.read(Method::GET, path, &self.voice(Person::Elif).headers, Value::Null).await
    }

    async fn post<T: DeserializeOwned>(&self, who: Person, path: &str, body: Value) -> Result<T, CallError> {
        // The same key for every try: what was done although its answer was lost is done once.
        let headers = with(self.voice(who).headers.clone(), HeaderName::from_static("idempotency-key"), &Clock::new_id().to_string());
        self.read(Method::POST, path, &headers, body).await
    }

    /// Sends what a sender sends.
    pub async fn send(&self, post: &Post) -> Result<(), CallError> {
        self.answered(Method::POST, &post.path, &HeaderMap::new(), post.body.to_string().into()).await.map(drop)
    }

    pub async fn sight(&self, sender: Sender, sightings: &[Sighting]) -> Result<(), CallError> {
        for post in posts(sender, self.seed, sightings) {
            self.send(&post).await?;
        }
        Ok(())
    }

    /// Imports incidents, one a line.
    pub async fn import(&self, incidents: &[Value]) -> Result<Imported, DemoError> {
        let lines: String = incidents.iter().map(|incident| format!("{incident}\n")).collect();
        let answer = self.answered(Method::POST, "/api/v1/import/incidents", &self.voice(Person::Elif).headers, lines.into()).await?;
        let report: Value = parsed(Method::POST, "/api/v1/import/incidents", &answer.bytes)?;
        match report["rejected"].as_array().map(Vec::as_slice) {
            Some([first, ..]) => Err(DemoError::Rejected(first.to_string())),
            _ => Ok(parsed(Method::POST, "/api/v1/import/incidents", &answer.bytes)?),
        }
    }

    /// Does it as `who`, unless the rules say that there is nothing to do: somebody at the screen
    /// was quicker. Answers the incident as it stands then.
    pub async fn command(&self, who: Person, incident: &str, mut command: Command) -> Result<Option<Incident>, CallError> {
        let path = format!("/api/v1/incidents/{incident}");
        let now: Incident = self.get(&path).await?;
        if let Command::AssignRole { person, .. } = &mut command {
            *person = self.known(person);
        }
        let actor = &self.voice(who).actor;
        if decide(&now, &command, &Context::default(), actor, self.clock.now()).is_err() {
            return Ok(None);
        }
        // The people of the demo do not acknowledge twice.
        if matches!(command, Command::Acknowledge { .. }) && now.is_acknowledged(self.clock.now()) {
            return Ok(None);
        }
        self.post(who, &format!("{path}/commands"), serde_json::to_value(command).unwrap_or_default()).await.map(Some)
    }

    pub async fn declare(&self, who: Person, draft: &Declare) -> Result<Incident, CallError> {
        self.post(who, "/api/v1/incidents", serde_json::to_value(draft).unwrap_or_default()).await
    }

    /// Somebody of the demo by their login, with the id they have here.
    fn known(&self, named: &PersonRef) -> PersonRef {
        let voice = Person::ALL.into_iter().find(|person| person.login() == named.name).and_then(|person| self.voices.get(&person));
        voice.map_or_else(|| named.clone(), |voice| voice.actor.as_person())
    }

    /// The id of the incident that holds the latest alert of this key.
    pub async fn incident_of(&self, sender: Sender, key: &str) -> Result<Option<String>, CallError> {
        let alerts: Page<Alert> = self.get(&format!("/api/v1/alerts?limit=1&integration={}&dedupe_key={}", self.id_of(sender), escaped(key))).await?;
        Ok(alerts.items.first().and_then(|alert| alert.incident_id).map(|id| id.to_string()))
    }

    fn id_of(&self, sender: Sender) -> String {
        self.senders.iter().find(|(_, known)| **known == sender).map(|(id, _)| id.to_string()).unwrap_or_default()
    }

    /// Open incidents proper: no drills, no maintenance.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>, CallError> {
        self.all("/api/v1/incidents?state=open&kind=incident&limit=500").await
    }

    /// Incidents that began since then, of every state, the newest first.
    pub async fn incidents_since(&self, since: Timestamp) -> Result<Vec<Incident>, CallError> {
        let mut all = self.all_until("/api/v1/incidents?limit=500", |part: &[Incident]| part.iter().any(|incident| incident.started_at < since)).await?;
        all.retain(|incident| incident.started_at >= since);
        Ok(all)
    }

    /// All items of a list, page by page; `path` has a query.
    async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, CallError> {
        self.all_until(path, |_| false).await
    }

    /// The same up to the first page of which `is_enough` says so.
    async fn all_until<T: DeserializeOwned>(&self, path: &str, is_enough: impl Fn(&[T]) -> bool) -> Result<Vec<T>, CallError> {
        let (mut all, mut cursor) = (vec![], String::new());
        loop {
            let part: Page<T> = self.get(&format!("{path}{cursor}")).await?;
            let next = part.next_cursor.filter(|_| !is_enough(&part.items));
            all.extend(part.items);
            match next {
                Some(next) => cursor = format!("&cursor={}", escaped(&next)),
                None => return Ok(all),
            }
        }
    }

    /// The names of the objectives there are.
    pub async fn objectives(&self) -> Result<Vec<String>, CallError> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        Ok(self.all::<Named>("/api/v1/slos?limit=500").await?.into_iter().map(|objective| objective.name).collect())
    }

    pub async fn make_objective(&self, draft: Value) -> Result<(), CallError> {
        self.post::<Value>(Person::Elif, "/api/v1/slos", draft).await.map(drop)
    }

    /// Says of a service who owns it, its tier, and what it needs.
    pub async fn describe_service(&self, name: &str, draft: &ServiceDraft) -> Result<(), CallError> {
        let body = serde_json::to_value(draft).unwrap_or_default();
        self.read::<Value>(Method::PUT, &format!("/api/v1/services/{name}"), &self.voice(Person::Elif).headers, body).await.map(drop)
    }

    /// Sends readings, one a line.
    pub async fn send_readings(&self, readings: &[Value]) -> Result<(), CallError> {
        let lines: String = readings.iter().map(|reading| format!("{reading}\n")).collect();
        self.answered(Method::POST, "/api/v1/sli", &self.voice(Person::Elif).headers, lines.into()).await.map(drop)
    }

    /// Makes the integration of the collector of spans, unless there is one; answers whether it was made.
    pub async fn let_collector_in(&self, name: &str, token: &str) -> Result<bool, CallError> {
        let source = crate::server::sources::otlp::SOURCE.slug;
        let known: Vec<Integration> = self.all("/api/v1/integrations?limit=500").await?;
        if known.iter().any(|one| one.name == name && one.source == source) {
            return Ok(false);
        }
        let draft = json!({ "source": source, "name": name, "token": token });
        self.post::<Value>(Person::Elif, "/api/v1/integrations", draft).await.map(|_| true)
    }

    /// Sends spans as the collector with this token.
    pub async fn export(&self, token: &str, traces: &Value) -> Result<(), CallError> {
        let headers = with(HeaderMap::new(), header::AUTHORIZATION, &format!("Bearer {token}"));
        self.answered(Method::POST, "/v1/traces", &headers, traces.to_string().into()).await.map(drop)
    }

    /// The newest incident that was imported from there.
    pub async fn newest_from(&self, origin: &str) -> Result<Option<Incident>, CallError> {
        Ok(self.get::<Page<Incident>>(&format!("/api/v1/incidents?limit=1&origin={}", escaped(origin))).await?.items.pop())
    }

    /// The incidents of an origin, of every state and kind, the newest first.
    pub async fn known_from(&self, origin: &str) -> Result<Vec<Incident>, CallError> {
        self.all(&format!("/api/v1/incidents?limit=500&origin={}", escaped(origin))).await
    }

    /// Alerts of an incident that still fire and that senders of the demo sent.
    pub async fn firing(&self, incident: &str) -> Result<Vec<(Sender, Alert)>, CallError> {
        let alerts: Page<Alert> = self.get(&format!("/api/v1/alerts?limit={MOST_ALERTS}&state=open&incident={incident}")).await?;
        let ours = |alert: Alert| {
            let sender = *self.senders.get(&alert.integration_id)?;
            // The server opens this one by itself, and ends it itself.
            (!alert.dedupe_key.starts_with("tocsin/")).then_some((sender, alert))
        };
        Ok(alerts.items.into_iter().filter_map(ours).collect())
    }

    /// Whether any alert of an incident came from senders of the demo.
    pub async fn is_ours(&self, incident: &str) -> Result<bool, CallError> {
        let alerts: Page<Alert> = self.get(&format!("/api/v1/alerts?limit=1&incident={incident}")).await?;
        Ok(alerts.items.iter().any(|alert| self.senders.contains_key(&alert.integration_id) && !alert.dedupe_key.starts_with("tocsin/")))
    }

    /// Everything that alerts for an incident is well again.
    pub async fn quiet(&self, incident: &str) -> Result<(), CallError> {
        loop {
            let firing = self.firing(incident).await?;
            self.tell_again(&firing, Some(self.clock.now())).await?;
            if firing.len() < MOST_ALERTS {
                return Ok(());
            }
        }
    }

    /// Senders repeat some of what still alerts for an incident.
    pub async fn repeat(&self, incident: &str) -> Result<(), CallError> {
        let mut firing = self.firing(incident).await?;
        firing.truncate(MOST_REPEATED);
        self.tell_again(&firing, None).await
    }

    async fn tell_again(&self, alerts: &[(Sender, Alert)], ended_at: Option<Timestamp>) -> Result<(), CallError> {
        for sender in Sender::ALL {
            let known: Vec<Sighting> = alerts.iter().filter(|(by, _)| *by == sender).map(|(_, alert)| Sighting::known(alert, ended_at)).collect();
            self.sight(sender, &known).await?;
        }
        Ok(())
    }

    fn voice(&self, who: Person) -> &Voice {
        self.voices.get(&who).expect("`open` lets everybody in before anything else is asked")
    }

    async fn read<T: DeserializeOwned>(&self, method: Method, path: &str, headers: &HeaderMap, body: Value) -> Result<T, CallError> {
        let body = if method == Method::GET { Bytes::new() } else { body.to_string().into() };
        let answer = self.answered(method.clone(), path, headers, body).await?;
        parsed(method, path, &answer.bytes)
    }

    /// Calls until the server answers.
    async fn answered(&self, method: Method, path: &str, headers: &HeaderMap, body: Bytes) -> Result<Answer, CallError> {
        let mut pauses = TRY_AGAIN_AFTER.into_iter();
        let mut pause = Duration::ZERO;
        loop {
            match self.client.call(method.clone(), path, headers, body.clone()).await {
                Err(CallError::Unreachable(words)) => {
                    // Not at once: a server that starts beside the demo is there in a moment.
                    if pause >= SAID_AFTER && !self.is_away.swap(true, Ordering::Relaxed) {
                        say(&format!("{} does not answer ({words}). Waiting for it; Ctrl-C ends this.", self.client.address));
                    }
                    pause = pauses.next().unwrap_or(pause);
                    tokio::time::sleep(pause).await;
                }
                done => {
                    if self.is_away.swap(false, Ordering::Relaxed) {
                        say(&format!("{} answers.", self.client.address));
                    }
                    return done;
                }
            }
        }
    }
}

/// What the app's own script sends with everything: the mark that no foreign page can set.
fn by_app() -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static("x-tocsin"), HeaderValue::from_static("1"))])
}

fn with(mut headers: HeaderMap, name: HeaderName, value: &str) -> HeaderMap {
    headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
    headers
}

fn parsed<T: DeserializeOwned>(method: Method, path: &str, bytes: &[u8]) -> Result<T, CallError> {
    serde_json::from_slice(bytes).map_err(|source| CallError::Unreadable { method, path: path.to_owned(), source })
}

/// A value inside a query.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => escaped + char::from(byte).encode_utf8(&mut [0; 4]),
        other => format!("{escaped}%{other:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_a_query_is_escaped() {
        assert_eq!(escaped("media/Backlog/media-eu-west-3"), "media/Backlog/media-eu-west-3");
        assert_eq!(escaped("Support desk&ü"), "Support%20desk%26%C3%BC");
    }
}
