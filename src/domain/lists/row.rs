//! One incident as a list shows it, and how thousands of them travel: in columns, each name once.

use crate::domain::{
    ids::{IncidentId, IncidentRef},
    incident::{Incident, IncidentRole, Kind, State},
    people::Actor,
    reading::{Readable, Reader},
    severity::Severity,
    time::Timestamp,
    updates,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// What a list knows of an incident. Times are whole seconds; names are shared between rows.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentRow {
    pub id: IncidentId,
    pub reference: IncidentRef,
    pub title: String,
    pub state: State,
    pub kind: Kind,
    pub severity: Option<Severity>,
    pub proposed: Option<Severity>,
    pub private: bool,
    pub started_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    /// When the next update is due inside.
    pub due_at: Option<Timestamp>,
    /// How many of its alerts fire, and how many it holds.
    pub firing: u32,
    pub alerts: u32,
    /// The commander's name.
    pub lead: Option<Arc<str>>,
    /// Who acknowledged it, and until when that holds.
    pub acknowledged: Option<(Arc<str>, Option<Timestamp>)>,
    /// Ids of those who hold a role in it, were asked to take one, or acknowledged it.
    pub people: Vec<Arc<str>>,
    pub services: Vec<Arc<str>>,
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    pub version: i64,
    /// What a search looks through, in lower case.
    pub text: String,
}

impl IncidentRow {
    pub fn of(incident: &Incident) -> Self {
        let name = |text: &str| Arc::<str>::from(text);
        let seated = incident.roles.values().flat_map(|seat| [&seat.holder, &seat.asked]).flatten().filter_map(|held| held.person.id.as_deref());
        let row = Self {
            id: incident.id,
            reference: incident.reference,
            title: incident.title.clone(),
            state: incident.state,
            kind: incident.kind,
            severity: incident.severity,
            proposed: incident.proposed_severity,
            private: incident.private,
            started_at: whole(incident.started_at),
            resolved_at: incident.resolved_at.map(whole),
            updated_at: whole(incident.updated_at),
            due_at: updates::inside(incident).map(|due| whole(due.at)),
            firing: incident.firing_alerts(),
            alerts: incident.total_alerts(),
            lead: incident.holder(IncidentRole::Commander).map(|held| name(&held.person.name)),
            acknowledged: incident.acknowledged.as_ref().map(|ack| (name(&ack.by), ack.until.map(whole))),
            people: seated.chain(incident.acknowledged.iter().map(|ack| ack.by_id.as_str())).map(name).collect(),
            services: incident.services.iter().map(|service| name(service)).collect(),
            labels: incident.labels.iter().map(|(label, value)| (name(label), name(value))).collect(),
            version: incident.version,
            text: String::new(),
        };
        row.with_text()
    }

    fn with_text(mut self) -> Self {
        let mut text = format!("{} {}", self.reference, self.title);
        let names = self.services.iter().chain(&self.lead).chain(self.acknowledged.iter().map(|(by, _)| by));
        for name in names.chain(self.labels.iter().map(|(_, value)| value)) {
            text.push(' ');
            text.push_str(name);
        }
        self.text = text.to_lowercase();
        self
    }

    pub fn shown_severity(&self) -> Option<Severity> {
        self.severity.or(self.proposed)
    }

    /// Who has it: the commander, else whoever acknowledged it and still holds it.
    pub fn who_has_it(&self, now: Timestamp) -> Option<&Arc<str>> {
        let acknowledged = self.acknowledged.as_ref().filter(|(_, until)| until.is_none_or(|until| now < until)).map(|(by, _)| by);
        self.lead.as_ref().or(acknowledged)
    }

    /// “update 4 min late”, while it is.
    pub fn late_words(&self, now: Timestamp) -> Option<String> {
        self.due_at.map(|at| updates::words(at, now)).filter(|(_, late)| *late).map(|(words, _)| words)
    }

    /// It is open and nobody has it.
    pub fn waits(&self, now: Timestamp) -> bool {
        self.state.is_open() && self.who_has_it(now).is_none()
    }

    pub fn is_of(&self, actor: &Actor) -> bool {
        self.people.iter().any(|person| **person == *actor.who.id)
    }
}

fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.epoch_secs() * 1_000_000)
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_micros(secs.saturating_mul(1_000_000))
}

/// A page of rows on the wire: columns instead of records, every name once in `words`. Places in
/// `words` are counted from 1; 0 is nobody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowPage {
    /// The number of the last change that is surely in here.
    pub seq: i64,
    /// Where the next page begins.
    pub next: Option<i64>,
    pub words: Vec<String>,
    /// 32 hexadecimal digits each, without anything between them.
    pub ids: String,
    pub refs: Vec<i64>,
    pub titles: Vec<String>,
    /// State, kind, severity, proposed severity and privacy in one number.
    pub facts: Vec<i64>,
    /// Seconds since 1970.
    pub started: Vec<i64>,
    /// Seconds: started to resolved (-1: not yet), started to updated, two for each.
    pub spans: Vec<i64>,
    pub versions: Vec<i64>,
    /// Seconds: started to when the next update is due, 0 for none; empty where none of them has one.
    #[serde(default)]
    pub dues: Vec<i64>,
    /// For each: firing, alerts, lead, acknowledged by, until (seconds since started, 0 for no end),
    /// then services, labels (name, value) and people, each list behind its length.
    pub rest: Vec<i64>,
}

impl RowPage {
    pub fn of(seq: i64, rows: &[IncidentRow], next: Option<i64>) -> Self {
        let mut page = RowPage { seq, next, ..RowPage::default() };
        let mut places = HashMap::<Arc<str>, i64>::new();
        let mut words = Vec::new();
        let mut place = |word: &Arc<str>| {
            *places.entry(word.clone()).or_insert_with(|| {
                words.push(word.to_string());
                count(words.len())
            })
        };
        for row in rows {
            page.ids.push_str(&row.id.0.simple().to_string());
            page.refs.push(row.reference.0);
            page.titles.push(row.title.clone());
            page.facts.push(pack(row));
            let since = |later: Timestamp| later.epoch_secs() - row.started_at.epoch_secs();
            page.started.push(row.started_at.epoch_secs());
            page.spans.extend([row.resolved_at.map_or(-1, |resolved_at| since(resolved_at).max(0)), since(row.updated_at)]);
            page.versions.push(row.version);
            page.dues.push(row.due_at.map_or(0, since));
            let until = row.acknowledged.as_ref().and_then(|(_, until)| *until).map_or(0, since);
            let acknowledged = row.acknowledged.as_ref().map_or(0, |(by, _)| place(by));
            page.rest.extend([i64::from(row.firing), i64::from(row.alerts), row.lead.as_ref().map_or(0, &mut place), acknowledged, until]);
            page.rest.push(count(row.services.len()));
            page.rest.extend(row.services.iter().map(&mut place));
            page.rest.push(count(row.labels.len()));
            for (name, value) in &row.labels {
                page.rest.extend([place(name), place(value)]);
            }
            page.rest.push(count(row.people.len()));
            page.rest.extend(row.people.iter().map(&mut place));
        }
        if page.dues.iter().all(|due| *due == 0) {
            page.dues.clear();
        }
        page.words = words;
        page
    }

    /// The rows. What does not fit together reads as nobody and nothing.
    pub fn rows(self) -> Vec<IncidentRow> {
        let words: Vec<Arc<str>> = self.words.into_iter().map(Arc::from).collect();
        let word = |place: i64| usize::try_from(place - 1).ok().and_then(|place| words.get(place)).cloned();
        let mut rest = self.rest.into_iter();
        let mut next = move || rest.next().unwrap_or(0);
        let mut rows = Vec::with_capacity(self.titles.len());
        for (n, title) in self.titles.into_iter().enumerate() {
            let number = |column: &[i64], at: usize| column.get(at).copied().unwrap_or(0);
            let (started, facts) = (number(&self.started, n), number(&self.facts, n));
            let (resolved, updated) = (number(&self.spans, 2 * n), number(&self.spans, 2 * n + 1));
            let due = number(&self.dues, n);
            let (firing, alerts, lead, by, until) = (next(), next(), next(), next(), next());
            let row = IncidentRow {
                id: IncidentId(self.ids.get(32 * n..32 * (n + 1)).and_then(|digits| digits.parse().ok()).unwrap_or(Uuid::nil())),
                reference: IncidentRef(number(&self.refs, n)),
                title,
                state: State::ALL[part(facts, 0) % State::ALL.len()],
                kind: Kind::ALL[part(facts, 1) % Kind::ALL.len()],
                severity: severity(part(facts, 2)),
                proposed: severity(part(facts, 3)),
                private: part(facts, 4) == 1,
                started_at: at(started),
                resolved_at: (resolved >= 0).then(|| at(started + resolved)),
                updated_at: at(started + updated),
                due_at: (due != 0).then(|| at(started + due)),
                firing: u32::try_from(firing).unwrap_or(0),
                alerts: u32::try_from(alerts).unwrap_or(0),
                lead: word(lead),
                acknowledged: word(by).map(|by| (by, (until != 0).then(|| at(started + until)))),
                services: (0..next()).filter_map(|_| word(next())).collect(),
                labels: (0..next()).filter_map(|_| Some((word(next())?, word(next())?))).collect(),
                people: (0..next()).filter_map(|_| word(next())).collect(),
                version: number(&self.versions, n),
                text: String::new(),
            };
            rows.push(row.with_text());
        }
        rows
    }
}

/// Three bits for each fact.
fn pack(row: &IncidentRow) -> i64 {
    let level = |severity: Option<Severity>| severity.map_or(0, |severity| i64::from(severity.level()));
    let state = State::ALL.iter().position(|state| *state == row.state).unwrap_or(0);
    let kind = Kind::ALL.iter().position(|kind| *kind == row.kind).unwrap_or(0);
    count(state) | count(kind) << 3 | level(row.severity) << 6 | level(row.proposed) << 9 | i64::from(row.private) << 12
}

fn part(facts: i64, at: u8) -> usize {
    usize::try_from(facts >> (3 * at) & 7).unwrap_or(0)
}

fn severity(level: usize) -> Option<Severity> {
    level.checked_sub(1).and_then(|at| Severity::ALL.get(at)).copied()
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Readable for RowPage {
    fn read(from: Reader<'_>) -> Self {
        Self {
            seq: from.get("seq"),
            next: from.get("next"),
            words: from.get("words"),
            ids: from.get("ids"),
            refs: from.get("refs"),
            titles: from.get("titles"),
            facts: from.get("facts"),
            started: from.get("started"),
            spans: from.get("spans"),
            versions: from.get("versions"),
            dues: from.get("dues"),
            rest: from.get("rest"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{
        incident::{Acknowledged, Declare, declare},
        people::{ActorKind, ActorRef, PersonRef, Role},
        reading,
        timeline::Head,
    };

    pub const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    pub fn mara() -> Actor {
        Actor { who: ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() }, role: Role::Responder }
    }

    pub fn an_incident(number: i64, severity: Option<Severity>, services: &[&str]) -> Incident {
        let id = IncidentId(Uuid::from_u128(u128::from(number.unsigned_abs())));
        let services = services.iter().map(|service| (*service).to_owned()).collect();
        let draft = Declare { title: format!("Incident {number}"), severity, services, ..Declare::default() };
        let changes = declare(&draft, &mara(), NOON).expect("a responder may declare");
        let events = Head::genesis().append(id, changes, &mara().who, None, NOON);
        Incident::fold(id, IncidentRef(number), &events).expect("it begins with a declaration")
    }

    #[test]
    fn rows_travel_in_columns_and_come_out_as_they_went_in() {
        let mut busy = an_incident(7, Some(Severity::Sev2), &["checkout", "payments"]);
        busy.acknowledged = Some(Acknowledged { by: "Mara".into(), by_id: "mara".into(), at: NOON, until: Some(NOON.plus_secs(1800)) });
        busy.roles.entry(IncidentRole::Commander).or_default().holder =
            Some(crate::domain::incident::Held { person: PersonRef { id: Some("ivo".into()), name: "Ivo".into() }, since: NOON });
        busy.labels.insert("team".into(), "checkout".into());
        (busy.state, busy.resolved_at, busy.private, busy.kind) = (State::Closed, Some(NOON.plus_secs(60)), true, Kind::Drill);
        busy.signals.insert("checkout".into(), crate::domain::incident::ServiceSignals { total: 9, firing: 4, ..Default::default() });
        let mut for_ever = an_incident(9, None, &[]);
        for_ever.acknowledged = Some(Acknowledged { by: "Ivo".into(), by_id: "ivo".into(), at: NOON, until: None });
        let rows: Vec<IncidentRow> = [busy, an_incident(8, None, &["checkout"]), for_ever].iter().map(IncidentRow::of).collect();
        let page = RowPage::of(5, &rows, Some(8));
        let text = serde_json::to_string(&page).expect("it serialises");
        let read: RowPage = reading::read(text.as_bytes()).expect("it reads");
        assert_eq!(read, page);
        assert_eq!(serde_json::from_str::<RowPage>(&text).ok(), Some(page));
        assert_eq!(read.rows(), rows);
        assert_eq!(rows[0].text, "inc-7 incident 7 checkout payments ivo mara checkout");
    }

    #[test]
    fn a_page_that_does_not_fit_together_is_still_no_panic() {
        let page = RowPage { titles: vec!["a".into(), "b".into()], facts: vec![i64::MAX, -1], rest: vec![1, 2, 99, -5, 3, 2, 7], ..RowPage::default() };
        assert_eq!(page.rows().len(), 2);
    }

    #[test]
    fn that_an_update_is_late_is_said_in_the_words_of_the_brief() {
        let row = |severity| IncidentRow::of(&an_incident(1, Some(severity), &[]));
        let said = [899, 900, 1_140].map(|secs| row(Severity::Sev1).late_words(NOON.plus_secs(secs)));
        assert_eq!(said, [None, None, Some("update 4 min late".to_owned())]);
        assert_eq!(row(Severity::Sev5).late_words(NOON.plus_secs(86_400)), None);
    }

    #[test]
    fn an_acknowledgement_runs_out() {
        let mut incident = an_incident(1, None, &[]);
        incident.acknowledged = Some(Acknowledged { by: "Mara".into(), by_id: "mara".into(), at: NOON, until: Some(NOON.plus_secs(60)) });
        let row = IncidentRow::of(&incident);
        assert_eq!((row.waits(NOON), row.waits(NOON.plus_secs(60)), row.is_of(&mara())), (false, true, true));
    }
}
