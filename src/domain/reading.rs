//! How the browser reads what the server says: the JSON is parsed once, then every value is taken
//! out of it by name.
//!
//! serde's derived readers are compiled for every type anew, several times over where enums carry
//! tags; they were a quarter of what a phone had to fetch before it showed anything. The lists
//! here stand for the same shapes in a few bytes a field, and tests hold the two together. Only
//! our own server's words and the browser's own storage are read with it: what strangers send is
//! read with serde, which says what is wrong where.
//!
//! Reading goes on after something that cannot be read, with any value in its place, and the
//! whole is thrown away at the end: without early ends there is nothing to clean up on the way.

use super::metrics::{BehindItem, BehindPage, Bucket, Change, Excluded, Figure, ServiceAvailability, Step, TrendGroup, Trends, availability::Availability};
use super::{
    accounts::{Doorstep, Me, Person, ShownOnce, SourceCard, Token},
    alert::{Alert, AlertState, Link, SignalAction},
    audit::{AuditEntry, AuditPage, AuditState, Subject},
    boards::{Happening, IncidentPage, Snapshot},
    change::{ChangeCard, ChangeStatus, ChangesPage},
    delivery::{Counts, DeliveriesPage, DeliveryNote},
    failure::{Failure, FailureKind},
    grouping::Why,
    ids::{AlertId, CommandId, DataSourceId, ExclusionId, IncidentId, IncidentRef, IntegrationId, ObjectiveId, OverrideId, PersonId, TokenId},
    incident::{
        Acknowledged, AlertRef, AlertResolution, Command, Declare, EventKind, Held, ImpactWindow, Incident, IncidentRole, Kind, Origin, ResolvedBy, Seat,
        ServiceSignals, State,
    },
    integration::{Grouping, Integration, PreviousToken, Rate, SecretMark, Settings},
    people::{ActorKind, ActorRef, PersonRef, Role},
    screens::{FirstScreen, Said},
    severity::{AlertSeverity, Severity},
    time::Timestamp,
    timeline::Event,
    triage::{Answers, Broken, HowMany, Risk, Who, Workaround},
    trial::{PredictedChange, PredictedIncident, PredictedSignal, Prediction, RejectedSignal, SignatureCheck, TrialRefusal, TrialVerdict, TriedWith},
    verification::{Fault, Verification},
};
use serde_json::Value;
use std::{cell::Cell, collections::BTreeMap, str::FromStr};
use uuid::Uuid;

/// What can be read.
pub trait Readable: Sized {
    fn read(from: Reader<'_>) -> Self;
}

/// Reads a whole text; `None` where any part of it is not what it should be.
pub fn read<T: Readable>(text: &[u8]) -> Option<T> {
    let whole = parse(text)?;
    let faulty = Cell::new(false);
    let read = T::read(Reader { value: &whole, faulty: &faulty });
    (!faulty.get()).then_some(read)
}

fn parse(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(text).ok()
}

/// One value on its way to its type.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    value: &'a Value,
    faulty: &'a Cell<bool>,
}

impl<'a> Reader<'a> {
    /// The field of this name. One that is absent reads like `null`.
    pub fn get<T: Readable>(self, name: &str) -> T {
        T::read(self.field(name))
    }

    #[inline(never)]
    fn field(self, name: &str) -> Self {
        self.at(self.value.get(name).unwrap_or(&Value::Null))
    }

    /// The field of this name, where it is there.
    pub fn child(self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| self.at(value))
    }

    fn at(self, value: &'a Value) -> Self {
        Self { value, ..self }
    }

    /// The text itself.
    pub fn text(self) -> &'a str {
        self.value.as_str().unwrap_or_else(|| self.fault(""))
    }

    fn number(self) -> i64 {
        self.value.as_i64().unwrap_or_else(|| self.fault(0))
    }

    fn parsed<T: FromStr>(self, otherwise: T) -> T {
        self.text().parse().unwrap_or_else(|_| self.fault(otherwise))
    }

    /// One of a closed set of words.
    pub fn word<T: Copy>(self, words: &[(&str, T)]) -> T {
        let text = self.text();
        words.iter().find(|(word, _)| *word == text).map_or_else(|| self.fault(words[0].1), |(_, known)| *known)
    }

    /// Remembers that this is not what it should be, and goes on with `otherwise`.
    pub fn fault<T>(self, otherwise: T) -> T {
        self.faulty.set(true);
        otherwise
    }
}

// ---------------------------------------------------------------- plain values

impl Readable for () {
    fn read(_: Reader<'_>) {}
}

impl Readable for String {
    fn read(from: Reader<'_>) -> Self {
        from.text().to_owned()
    }
}

impl Readable for bool {
    /// An absent flag is off: that is how they are left out.
    fn read(from: Reader<'_>) -> Self {
        !from.value.is_null() && from.value.as_bool().unwrap_or_else(|| from.fault(false))
    }
}

impl Readable for i64 {
    fn read(from: Reader<'_>) -> Self {
        from.number()
    }
}

impl Readable for f64 {
    fn read(from: Reader<'_>) -> Self {
        from.value.as_f64().unwrap_or_else(|| from.fault(0.0))
    }
}

impl Readable for u32 {
    fn read(from: Reader<'_>) -> Self {
        from.number().try_into().unwrap_or_else(|_| from.fault(0))
    }
}

impl Readable for u64 {
    fn read(from: Reader<'_>) -> Self {
        from.value.as_u64().unwrap_or_else(|| from.fault(0))
    }
}

impl Readable for Timestamp {
    fn read(from: Reader<'_>) -> Self {
        Timestamp::parse(from.text()).unwrap_or_else(|| from.fault(Timestamp::MIN))
    }
}

impl Readable for IncidentRef {
    fn read(from: Reader<'_>) -> Self {
        from.parsed(IncidentRef(0))
    }
}

impl<T: Readable> Readable for Option<T> {
    fn read(from: Reader<'_>) -> Self {
        (!from.value.is_null()).then(|| T::read(from))
    }
}

impl<T: Readable> Readable for Box<T> {
    fn read(from: Reader<'_>) -> Self {
        Box::new(T::read(from))
    }
}

impl<T: Readable> Readable for Vec<T> {
    fn read(from: Reader<'_>) -> Self {
        let items = from.value.as_array().map_or_else(|| from.fault([].as_slice()), Vec::as_slice);
        items.iter().map(|item| T::read(from.at(item))).collect()
    }
}

impl<K: Readable + Ord, V: Readable> Readable for BTreeMap<K, V> {
    fn read(from: Reader<'_>) -> Self {
        let mut map = BTreeMap::new();
        match from.value.as_object() {
            Some(fields) => {
                for (name, field) in fields {
                    map.insert(K::read(from.at(&Value::String(name.clone()))), V::read(from.at(field)));
                }
            }
            None => from.fault(()),
        }
        map
    }
}

macro_rules! ids {
    ($($name:ident)+) => {$(
        impl Readable for $name {
            fn read(from: Reader<'_>) -> Self {
                from.parsed($name(Uuid::nil()))
            }
        }
    )+};
}

ids! { AlertId CommandId DataSourceId ExclusionId IncidentId IntegrationId ObjectiveId OverrideId PersonId TokenId }

// ---------------------------------------------------------------- closed sets of words

/// The words of a closed set. The compiler holds the list complete.
macro_rules! words {
    ($($name:ident { $($word:literal $variant:ident),+ })+) => {$(
        impl Readable for $name {
            fn read(from: Reader<'_>) -> Self {
                const _: fn($name) = |known| match known { $($name::$variant => ()),+ };
                from.word(&[$(($word, $name::$variant)),+])
            }
        }
    )+};
}

words! {
    ActorKind { "person" Person, "token" Token, "integration" Integration, "system" System, "import" Import }
    AlertSeverity { "critical" Critical, "error" Error, "warning" Warning, "info" Info }
    AlertState { "triggered" Triggered, "acknowledged" Acknowledged, "resolved" Resolved }
    Broken { "down" Down, "degraded" Degraded }
    ChangeStatus {
        "pending" Pending, "running" Running, "success" Success, "failure" Failure, "superseded" Superseded, "other" Other
    }
    FailureKind {
        "malformed" Malformed, "unauthenticated" Unauthenticated, "forbidden" Forbidden, "not_found" NotFound, "refused" Refused,
        "stale" Stale, "invalid" Invalid, "limited" Limited, "unavailable" Unavailable, "unreachable" Unreachable
    }
    HowMany { "all" All, "many" Many, "some" Some, "few" Few }
    IncidentRole {
        "commander" Commander, "deputy" Deputy, "operations" Operations, "communications" Communications, "scribe" Scribe, "expert" Expert
    }
    Kind { "incident" Incident, "maintenance" Maintenance, "drill" Drill }
    ResolvedBy { "person" Person, "signal" Signal }
    Risk { "yes" Yes, "perhaps" Perhaps, "no" No }
    Role { "viewer" Viewer, "responder" Responder, "commander" Commander, "admin" Admin }
    Severity { "SEV1" Sev1, "SEV2" Sev2, "SEV3" Sev3, "SEV4" Sev4, "SEV5" Sev5 }
    SignalAction { "fire" Fire, "acknowledge" Acknowledge, "resolve" Resolve }
    Step { "day" Day, "week" Week, "month" Month, "year" Year }
    State {
        "triage" Triage, "active" Active, "mitigated" Mitigated, "resolved" Resolved, "closed" Closed, "cancelled" Cancelled, "merged" Merged
    }
    TrialVerdict {
        "open" Open, "repeat" Repeat, "acknowledge" Acknowledge, "resolve" Resolve, "ignore_late" IgnoreLate, "ignore_unknown" IgnoreUnknown
    }
    Who { "customers" Customers, "partners" Partners, "staff" Staff, "nobody" Nobody }
    Why { "first" First, "same_group" SameGroup, "storm" Storm, "attached" Attached, "merged" Merged }
    Workaround { "none" None, "clumsy" Clumsy, "good" Good }
}

// ---------------------------------------------------------------- records

/// The name of a field on the wire.
macro_rules! wire_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}

/// The fields of records, in any order; `as` gives the name on the wire where it differs.
macro_rules! records {
    ($($name:ident { $($field:ident $(as $wire:literal)?),+ })+) => {$(
        impl Readable for $name {
            fn read(from: Reader<'_>) -> Self {
                Self { $($field: from.get(wire_name!($field $($wire)?))),+ }
            }
        }
    )+};
}

impl Readable for FirstScreen {
    /// The incident's page stands apart.
    fn read(from: Reader<'_>) -> Self {
        Self { snapshot: from.get("snapshot"), page: None, failure: from.get("failure"), door: from.get("door"), said: from.get("said") }
    }
}

records! {
    Acknowledged { by, by_id, at, until }
    ActorRef { kind, id, name }
    Alert {
        id, source, integration_id, dedupe_key, state, severity, title, labels, annotations, started_at, resolved_at, deliveries, incident_id, stale, links
    }
    AlertRef { id, title, service, severity, started_at, resolved_at, about_monitoring }
    AlertResolution { id, service, severity, at, expired, about_monitoring }
    AuditEntry { seq, at, actor, action, subject, address, data, prev_hash, hash }
    AuditPage { items, next_cursor, actors }
    AuditState { entries, head_hash, holds, fault, words }
    Answers { broken, who, how_many, workaround, data, security }
    ChangeCard { id, integration_id, source, key, service, title, status, happened_at, received_at, links }
    ChangesPage { items, next_cursor }
    Counts { opened, repeated, acknowledged, resolved, ignored, rejected, changes, incidents_opened, incidents_resolved }
    Declare { title, severity, reason, answers, services, impact, labels, kind, private, started_at, origin }
    DeliveriesPage { items, next_cursor, unrecognised }
    DeliveryNote {
        id, integration_id, source, received_at, times, last_received_at, verdict, status, counts, words, size_bytes, sender, body, body_is_cut, duration_us
    }
    Doorstep { me, demo_people, needs_first_admin }
    Failure { kind, code, words, next, reference }
    Fault { seq, what }
    Availability { incidents, downtime_s, total_s, availability }
    BehindItem { incident_id, reference as "ref", title, severity, started_at, value_s, at_least_s, counts, excluded }
    BehindPage { items, next_cursor }
    Bucket { from, to, partial, by_severity, n, median_s, low_s, high_s, values_s, excluded }
    Change { n, median, low, high }
    Excluded { reason, n }
    Figure { metric, n, excluded, value, p90, values, low, high, change }
    Grouping { by, quiet_s, storm_at }
    Held { person, since }
    ImpactWindow { service, from, to }
    Incident {
        id, reference as "ref", origin, title, kind, state, severity, proposed_severity, severity_reason, answers, acknowledged, services, roles, labels,
        impact, signals, impact_by_person, touched, private, started_at, detected_at, acknowledged_at, mitigated_at, resolved_at, resolved_by, closed_at,
        merged_into, declared_by, pinned, told_at, update_postponed_to, updated_at, marks, version
    }
    IncidentPage { seq, incident, events, alerts }
    Integration {
        id, source, name, settings, grouping, signing_secrets, created_at, last_received_at, heartbeat_at, disabled, secrets, previous_token, silent_since, rate
    }
    Link { href, text }
    Me { id, login, name, role, demo }
    Origin { name, id }
    Person { id, login, name, role, disabled, demo, created_at, seen_at }
    PersonRef { id, name }
    PredictedChange { key, service, title, status, happened_at }
    PredictedIncident { id, reference as "ref", new, title, proposed_severity }
    PredictedSignal {
        action, dedupe_key, severity, title, service, labels, annotations, links, group_key, started_at, expires_at, heartbeat, verdict, alert_id, incident, why
    }
    Prediction { integration, refused, signature, signals, changes, warnings, rejected, incidents_opened }
    PreviousToken { valid_until }
    Rate { limit, burst, last_minute, limited, limited_at }
    RejectedSignal { index, words }
    Seat { holder, asked }
    Said { words, next, refused }
    SecretMark { fingerprint, added_at }
    ServiceSignals { total, firing, hurting, hurt_until, ended_at }
    ServiceAvailability { service, availability }
    Settings { rate_limit, header, timestamp_header, heartbeat_s }
    SignatureCheck { required, header, given, holds, words }
    Snapshot { seq, now, me, incidents, people, services, demo, warning }
    SourceCard { slug, title, setup, example }
    TrendGroup { key, incidents, figures, availability }
    Trends { from, to, all, groups, by_severity, open, step, series, services }
    Verification { incident_id, reference as "ref", events, head_hash, holds, fault, words }
    Subject { kind, id, name }
    Token { id, name, role, created_at, last_used_at, rate }
    TrialRefusal { code, words, errors }
    TriedWith { id, name }
}

impl<T: Readable> Readable for ShownOnce<T> {
    fn read(from: Reader<'_>) -> Self {
        Self { item: T::read(from), token: from.get("token") }
    }
}

impl Readable for Event {
    fn read(from: Reader<'_>) -> Self {
        Self {
            seq: from.get("seq"),
            happened_at: from.get("happened_at"),
            recorded_at: from.get("recorded_at"),
            actor: from.get("actor"),
            command: from.get("command"),
            kind: EventKind::read(from),
            prev_hash: from.get("prev_hash"),
            hash: from.get("hash"),
        }
    }
}

impl Readable for Happening {
    fn read(from: Reader<'_>) -> Self {
        match from.field("topic").text() {
            "incident" => Happening::Incident { id: from.get("id"), reference: from.get("ref"), event: from.get("event") },
            topic => {
                if topic != "alert" {
                    from.fault(());
                }
                Happening::Alert { alert: from.get("alert") }
            }
        }
    }
}

// ---------------------------------------------------------------- what is told apart by a tag

/// Variants by their tag, with their fields. The compiler holds the list complete.
macro_rules! variants {
    ($name:ident tagged $tag:literal in $($inside:literal)? { $($word:literal $variant:ident { $($field:ident),* })+ } else $otherwise:expr) => {
        impl Readable for $name {
            fn read(from: Reader<'_>) -> Self {
                const _: fn($name) = |known| match known { $($name::$variant { .. } => ()),+ };
                let fields = from$(.field($inside))?;
                match from.field($tag).text() {
                    $($word => $name::$variant { $($field: fields.get(stringify!($field))),* },)+
                    _ => from.fault($otherwise),
                }
            }
        }
    };
}

variants! { EventKind tagged "kind" in "data" {
    "declared" Declared {
        title, severity, proposed_severity, reason, answers, services, impact, labels, incident_kind, private, started_at, detected_at, origin
    }
    "alerts_attached" AlertsAttached { alerts, why }
    "alerts_resolved" AlertsResolved { alerts }
    "alert_acknowledged" AlertAcknowledged { id, title }
    "alert_detached" AlertDetached { alert, reason }
    "acknowledged" Acknowledged { until, by_program }
    "unacknowledged" Unacknowledged { reason }
    "severity_set" SeveritySet { severity, proposed_severity, reason, answers }
    "activated" Activated { reason }
    "mitigated" Mitigated { reason }
    "resolved" Resolved { by, reason }
    "closed" Closed { reason }
    "reopened" Reopened { reason, recovered }
    "cancelled" Cancelled { reason }
    "merged_into" MergedInto { into, into_ref, reason }
    "absorbed" Absorbed {
        from, from_ref, title, services, signals, impact, started_at, detected_at, acknowledged_at, acknowledged_by_program, resolved_at
    }
    "role_assigned" RoleAssigned { role, person, accepted, reason }
    "role_accepted" RoleAccepted { role, person }
    "role_released" RoleReleased { role, person, reason }
    "note" Note { text, status }
    "decision" Decision { text }
    "linked" Linked { url, text }
    "pinned" Pinned { seq }
    "unpinned" Unpinned { seq }
    "time_corrected" TimeCorrected { seq, happened_at, reason }
    "title_set" TitleSet { title }
    "services_set" ServicesSet { services }
    "impact_set" ImpactSet { impact, reason }
    "tagged" Tagged { labels }
    "privacy_set" PrivacySet { private }
    "update_postponed" UpdatePostponed { until, reason }
} else EventKind::Pinned { seq: 0 } }

variants! { Command tagged "command" in {
    "acknowledge" Acknowledge { for_s, happened_at }
    "unacknowledge" Unacknowledge { reason }
    "set_severity" SetSeverity { severity, reason, answers }
    "activate" Activate { reason }
    "mitigate" Mitigate { reason, happened_at }
    "resolve" Resolve { reason, happened_at }
    "close" Close { reason }
    "reopen" Reopen { reason, recovered }
    "cancel" Cancel { reason }
    "merge" Merge { into, reason }
    "assign_role" AssignRole { role, person, reason }
    "accept_role" AcceptRole { role }
    "release_role" ReleaseRole { role, reason }
    "note" Note { text, happened_at }
    "decision" Decision { text, happened_at }
    "link" Link { url, text }
    "pin" Pin { seq }
    "unpin" Unpin { seq }
    "correct_time" CorrectTime { seq, happened_at, reason }
    "set_title" SetTitle { title }
    "set_services" SetServices { services }
    "set_impact" SetImpact { impact, reason }
    "tag" Tag { labels }
    "set_private" SetPrivate { private }
    "postpone_update" PostponeUpdate { for_s, reason }
    "attach_alert" AttachAlert { alert }
    "detach_alert" DetachAlert { alert, reason }
} else Command::Pin { seq: 0 } }

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;
    use std::fmt::Debug;

    fn reads_back<T: Readable + Serialize + PartialEq + Debug>(whole: &T) {
        let text = serde_json::to_string(whole).expect("it serialises");
        assert_eq!(read(text.as_bytes()).as_ref(), Some(whole), "{text}");
    }

    /// Every word that serde writes for a closed set is read as the same.
    #[test]
    fn words_are_those_that_serde_writes() {
        Severity::ALL.iter().for_each(reads_back);
        AlertSeverity::ALL.iter().for_each(reads_back);
        State::ALL.iter().for_each(reads_back);
        IncidentRole::ALL.iter().for_each(reads_back);
        Role::ALL.iter().for_each(reads_back);
        Broken::ALL.iter().for_each(reads_back);
        ChangeStatus::ALL.iter().for_each(reads_back);
        HowMany::ALL.iter().for_each(reads_back);
        Risk::ALL.iter().for_each(reads_back);
        Who::ALL.iter().for_each(reads_back);
        Workaround::ALL.iter().for_each(reads_back);
        [ActorKind::Person, ActorKind::Token, ActorKind::Integration, ActorKind::System, ActorKind::Import].iter().for_each(reads_back);
        TrialVerdict::ALL.iter().for_each(reads_back);
        [SignalAction::Fire, SignalAction::Acknowledge, SignalAction::Resolve].iter().for_each(reads_back);
        [AlertState::Triggered, AlertState::Acknowledged, AlertState::Resolved].iter().for_each(reads_back);
        [Kind::Incident, Kind::Maintenance, Kind::Drill].iter().for_each(reads_back);
        [ResolvedBy::Person, ResolvedBy::Signal].iter().for_each(reads_back);
        [Why::First, Why::SameGroup, Why::Storm, Why::Attached, Why::Merged].iter().for_each(reads_back);
        use FailureKind::{Forbidden, Invalid, Limited, Malformed, NotFound, Refused, Stale, Unauthenticated, Unavailable, Unreachable};
        [Malformed, Unauthenticated, Forbidden, NotFound, Refused, Stale, Invalid, Limited, Unavailable, Unreachable].iter().for_each(reads_back);
    }

    #[test]
    fn records_are_those_that_serde_writes() {
        let (id, at) = (Uuid::from_u128(7), Timestamp::from_micros(1_786_450_000_000_001));
        let text = |text: &str| text.to_owned();
        let labels = BTreeMap::from([(text("service"), text("checkout"))]);
        let rate = Rate { limit: 100, burst: 200, last_minute: 3, limited: 1, limited_at: Some(at) };
        let person = Person {
            id: PersonId(id),
            login: text("mara"),
            name: text("Mara “M” Ö."),
            role: Role::Admin,
            disabled: true,
            demo: false,
            created_at: at,
            seen_at: None,
        };
        reads_back(&person);
        reads_back(&ShownOnce { item: person, token: text("secret") });
        reads_back(&ShownOnce {
            item: Token { id: TokenId(id), name: text("ci"), role: Role::Viewer, created_at: at, last_used_at: Some(at), rate },
            token: text("s"),
        });
        reads_back(&Me { id: PersonId(id), login: String::new(), name: text("Wall"), role: Role::Viewer, demo: true });
        reads_back(&SourceCard { slug: text("generic"), title: text("Generic"), setup: text("{url}\n{token}"), example: text("{}") });
        reads_back(&Failure::new(FailureKind::Limited, "limited", "too much").with_next("Wait."));
        for fault in [None, Some(Fault { seq: 3, what: text("entry 3 is missing") })] {
            reads_back(&Verification::new(IncidentId(id), IncidentRef(3), 7, text("00ff"), fault));
        }
        let settings = Settings { rate_limit: Some(0), header: Some(text("x-key")), timestamp_header: None, heartbeat_s: Some(60) };
        for settings in [settings, Settings::default()] {
            reads_back(&Integration {
                settings,
                signing_secrets: 2,
                last_received_at: Some(at),
                secrets: vec![SecretMark { fingerprint: text("0123abcd"), added_at: Some(at) }, SecretMark { fingerprint: text("4567cdef"), added_at: None }],
                previous_token: Some(PreviousToken { valid_until: None }),
                silent_since: Some(at),
                rate,
                ..Integration::new(IntegrationId(id), "generic", "Checks", at)
            });
        }
        let change = ChangeCard {
            id: text("0198e000"),
            integration_id: IntegrationId(id),
            source: text("pagerduty_events"),
            key: text("k"),
            service: None,
            title: text("Build 12 deployed"),
            status: Some(ChangeStatus::Success),
            happened_at: at,
            received_at: at,
            links: vec![Link { href: text("https://a"), text: text("a") }],
        };
        reads_back(&ChangesPage { items: vec![change], next_cursor: None });
        let signal = PredictedSignal {
            action: SignalAction::Fire,
            dedupe_key: text("k"),
            severity: Some(AlertSeverity::Error),
            title: text("t"),
            service: Some(text("checkout")),
            labels: labels.clone(),
            annotations: BTreeMap::new(),
            links: vec![],
            group_key: text("by:x"),
            started_at: Some(at),
            expires_at: None,
            heartbeat: true,
            verdict: TrialVerdict::Open,
            alert_id: Some(AlertId(id)),
            incident: Some(PredictedIncident {
                id: None,
                reference: Some(IncidentRef(3)),
                new: Some(1),
                title: text("t"),
                proposed_severity: Some(Severity::Sev2),
            }),
            why: text("because"),
        };
        let change = PredictedChange { key: text("k"), service: None, title: text("t"), status: None, happened_at: at };
        reads_back(&Prediction {
            integration: Some(TriedWith { id: IntegrationId(id), name: text("prod") }),
            refused: Some(TrialRefusal { code: text("no_title"), words: text("w"), errors: vec![text("w")] }),
            signature: SignatureCheck { required: true, header: text("x-sig"), given: true, holds: Some(false), words: Some(text("w")) },
            signals: vec![signal],
            changes: vec![change],
            warnings: vec![text("w")],
            rejected: vec![RejectedSignal { index: 1, words: text("w") }],
            incidents_opened: 1,
        });
        let note = DeliveryNote {
            id: text("0198e000"),
            integration_id: Some(IntegrationId(id)),
            source: text("generic"),
            received_at: at,
            times: 2,
            last_received_at: at,
            verdict: text("accepted"),
            status: 200,
            counts: Counts { opened: 1, incidents_opened: 1, ..Counts::default() },
            words: String::new(),
            size_bytes: 12,
            sender: Some(text("192.0.2.1")),
            body: None,
            body_is_cut: true,
            duration_us: 900,
        };
        reads_back(&DeliveriesPage { items: vec![note], next_cursor: Some(text("0198e000")), unrecognised: 3 });
        let alert = Alert {
            id: AlertId(id),
            source: text("generic"),
            integration_id: IntegrationId(id),
            dedupe_key: text("k"),
            state: AlertState::Resolved,
            severity: Some(AlertSeverity::Info),
            title: text("t"),
            labels: labels.clone(),
            annotations: BTreeMap::new(),
            started_at: at,
            resolved_at: Some(at),
            deliveries: 3,
            incident_id: None,
            stale: true,
            links: vec![Link { href: text("https://a"), text: text("a") }],
        };
        reads_back(&Happening::Alert { alert });
        let alert =
            AlertRef { id: AlertId(id), title: text("t"), service: None, severity: None, started_at: at, resolved_at: Some(at), about_monitoring: true };
        reads_back(&EventKind::AlertDetached { alert, reason: None });
        let over = |expired: bool| AlertResolution { id: AlertId(id), service: Some(text("s")), severity: None, at, expired, about_monitoring: !expired };
        let alerts = [true, false].map(over).to_vec();
        reads_back(&EventKind::AlertsResolved { alerts });
        reads_back(&EventKind::AlertAcknowledged { id: AlertId(id), title: text("t") });
        let signals = BTreeMap::from([(String::new(), ServiceSignals { total: 3, firing: 2, hurting: 1, ended_at: Some(at), hurt_until: None })]);
        let (from, from_ref, into, into_ref) = (IncidentId(id), IncidentRef(3), IncidentId(id), IncidentRef(4));
        let (title, services) = (text("t"), vec![text("a")]);
        reads_back(&EventKind::Absorbed {
            from,
            from_ref,
            title,
            services,
            signals,
            impact: vec![],
            started_at: at,
            detected_at: Some(at),
            acknowledged_at: Some(at),
            acknowledged_by_program: true,
            resolved_at: Some(at),
        });
        reads_back(&EventKind::Acknowledged { until: Some(at), by_program: true });
        reads_back(&EventKind::Reopened { reason: None, recovered: Some(false) });
        reads_back(&EventKind::MergedInto { into, into_ref, reason: Some(text("same")) });
        reads_back(&EventKind::Note { text: text("n"), status: Some(text("identified")) });
        let said = Said { words: text("done"), next: None, refused: false };
        let door = Doorstep { me: None, demo_people: vec![], needs_first_admin: true };
        reads_back(&FirstScreen { door: Some(door), said: Some(said), ..FirstScreen::default() });
        reads_back(&EventKind::Linked { url: text("https://a"), text: None });
    }

    #[test]
    fn figures_are_those_that_serde_writes() {
        let (id, at) = (Uuid::from_u128(7), Timestamp::from_micros(1_786_450_000_000_001));
        let excluded = vec![Excluded { reason: "still open".to_owned(), n: 2 }];
        let availability = Availability { incidents: 3, downtime_s: 90.5, total_s: 864_000.0, availability: 0.999_895 };
        let change = Change { n: 31, median: 97.0, low: -71.25, high: 8.0 };
        let figure = Figure {
            metric: "mtta".to_owned(),
            n: 38,
            excluded: excluded.clone(),
            value: Some(240.0),
            p90: None,
            values: vec![1.5, 2.0],
            low: Some(0.5),
            high: None,
            change: Some(change),
        };
        let all = TrendGroup { key: Some("SEV1".to_owned()), incidents: 40, figures: vec![figure], availability: Some(availability.clone()) };
        let bucket = Bucket {
            from: at,
            to: at,
            partial: true,
            by_severity: vec![0, 1, 0, 0, 0, 2],
            n: 1,
            median_s: None,
            low_s: Some(1.0),
            high_s: None,
            values_s: vec![3.0],
            excluded,
        };
        let services = vec![ServiceAvailability { service: "checkout".to_owned(), availability }];
        let groups = vec![TrendGroup { key: None, incidents: 0, figures: vec![], availability: None }];
        for step in Step::ALL {
            let (all, groups, series, services) = (all.clone(), groups.clone(), vec![bucket.clone()], services.clone());
            reads_back(&Trends { from: at, to: at, all, groups, by_severity: vec![1, 0, 0, 0, 0, 0], open: 2, step, series, services });
        }
        let item = BehindItem {
            incident_id: IncidentId(id),
            reference: IncidentRef(7),
            title: "t".to_owned(),
            severity: None,
            started_at: at,
            value_s: None,
            at_least_s: Some(0.5),
            counts: Some(false),
            excluded: Some("still open".to_owned()),
        };
        reads_back(&BehindPage { items: vec![item], next_cursor: Some("1.7".to_owned()) });
    }

    /// The browser's storage keeps commands as serde writes them.
    #[test]
    fn commands_are_those_that_serde_writes() {
        let (id, at, reason) = (Uuid::from_u128(7), Timestamp::from_micros(1_786_450_000_000_001), Some("because".to_owned()));
        let person = PersonRef { id: None, name: "A vendor".to_owned() };
        let answers = Some(Answers { who: Some(Who::Staff), ..Answers::default() });
        let impact = vec![ImpactWindow { service: None, from: at, to: None }];
        let role = IncidentRole::Communications;
        [
            Command::Acknowledge { for_s: Some(60), happened_at: None },
            Command::SetSeverity { severity: None, reason: reason.clone(), answers: answers.clone() },
            Command::Merge { into: IncidentId(id), reason: None },
            Command::AssignRole { role, person, reason: None },
            Command::ReleaseRole { role, reason: reason.clone() },
            Command::Note { text: "n".to_owned(), happened_at: Some(at) },
            Command::CorrectTime { seq: 3, happened_at: at, reason },
            Command::SetImpact { impact: impact.clone(), reason: None },
            Command::Tag { labels: BTreeMap::from([("a".to_owned(), String::new())]) },
            Command::SetPrivate { private: true },
            Command::PostponeUpdate { for_s: 900, reason: None },
            Command::DetachAlert { alert: AlertId(id), reason: None },
        ]
        .iter()
        .for_each(reads_back);
        let origin = Some(Origin { name: "old tool".to_owned(), id: "7".to_owned() });
        reads_back(&Declare {
            title: "t".to_owned(),
            severity: Some(Severity::Sev2),
            answers,
            impact,
            private: true,
            started_at: Some(at),
            origin,
            ..Declare::default()
        });
    }

    #[test]
    fn what_is_not_what_it_should_be_is_not_read() {
        assert_eq!(read::<Settings>(b"{\"rate_limit\": \"much\"}"), None);
        assert_eq!(read::<Settings>(b"{\"rate_limit\": -1}"), None);
        assert_eq!(read::<Settings>(b"{\"rate_limit\": 1"), None);
        assert_eq!(read::<Link>(b"{\"href\": \"a\"}"), None);
        assert_eq!(read::<Vec<State>>(b"[\"active\", \"asleep\"]"), None);
        assert_eq!(read::<Vec<i64>>(b"null"), None);
        assert_eq!(read::<EventKind>(b"{\"kind\": \"unheard_of\", \"data\": {}}"), None);
        assert_eq!(read::<Option<Timestamp>>(b"\"yesterday\""), None);
        assert_eq!(read::<Option<Timestamp>>(b"null"), Some(None));
        assert_eq!(read::<BTreeMap<IncidentRole, Seat>>(b"{\"king\": {}}"), None);
    }
}
