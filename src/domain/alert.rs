//! Alerts: what a sender says, and the episode it becomes.
//!
//! An alert is one **episode**, from first firing to resolve. Identity is (integration id, dedupe
//! key), compared byte by byte; at most one episode of an identity is open. State is ordered by
//! the sender's event time, not by arrival: a late "firing" does not reopen what was resolved later.

use super::{
    ids::{AlertId, IncidentId, IntegrationId},
    severity::AlertSeverity,
    telemetry::evidence::trace_in,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names and values as the sender gave them.
pub type Labels = BTreeMap<String, String>;

/// By these an alert says that it is about our own eyes and not about a service: readings or a
/// watchdog stay away. It hurts nobody, whatever its severity.
pub const ABOUT_MONITORING: (&str, &str) = ("about", "monitoring");

/// Whether labels say so.
pub fn is_about_monitoring(labels: &Labels) -> bool {
    let (name, value) = ABOUT_MONITORING;
    labels.get(name).is_some_and(|about| about == value)
}

/// What one adapter read out of one alert of a delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub action: SignalAction,
    /// The sender's own key, verbatim; longer than [`MAX_DEDUPE_KEY`] characters, its SHA-256 in hex.
    pub dedupe_key: String,
    /// `None` where the sender says nothing that is known.
    pub severity: Option<AlertSeverity>,
    pub title: String,
    pub labels: Labels,
    pub annotations: Labels,
    pub links: Vec<Link>,
    /// The labels by which the sender itself grouped this alert, if it does.
    #[serde(default)]
    pub group_labels: Labels,
    /// When it began, by the sender's clock. Absent: when it was received.
    pub started_at: Option<Timestamp>,
    /// When what `action` says happened, by the sender's clock. Absent: when it was received.
    pub event_at: Option<Timestamp>,
    /// Resolves by itself at this instant unless it is sent again.
    pub expires_at: Option<Timestamp>,
    /// A watchdog: its presence is the message.
    #[serde(default)]
    pub heartbeat: bool,
}

/// Longer dedupe keys are replaced by their SHA-256.
pub const MAX_DEDUPE_KEY: usize = 1024;

/// What the sender says about the alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignalAction {
    Fire,
    Acknowledge,
    Resolve,
}

/// A link that came with an alert. Only http, https and mailto are ever made clickable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub href: String,
    pub text: String,
}

impl Link {
    /// Whether it may be clicked; anything else is shown as text.
    pub fn is_safe(href: &str) -> bool {
        ["http://", "https://", "mailto:"].iter().any(|scheme| href.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
    }
}

/// Where an episode stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    Triggered,
    /// Acknowledged in the sender's own tool.
    Acknowledged,
    Resolved,
}

impl AlertState {
    pub fn slug(self) -> &'static str {
        match self {
            AlertState::Triggered => "triggered",
            AlertState::Acknowledged => "acknowledged",
            AlertState::Resolved => "resolved",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        [AlertState::Triggered, AlertState::Acknowledged, AlertState::Resolved].into_iter().find(|state| state.slug() == text)
    }
}

/// One episode, in the shape that `GET /api/v1/alerts` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub id: AlertId,
    pub source: String,
    pub integration_id: IntegrationId,
    pub dedupe_key: String,
    pub state: AlertState,
    pub severity: Option<AlertSeverity>,
    pub title: String,
    pub labels: Labels,
    pub annotations: Labels,
    pub started_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// How often it was delivered, the first time included.
    pub deliveries: i64,
    pub incident_id: Option<IncidentId>,
    /// Its sender has gone: what is shown may no longer be so.
    pub stale: bool,
    pub links: Vec<Link>,
}

impl Alert {
    /// Why it belongs to no incident.
    pub fn no_incident_because(&self) -> Option<&'static str> {
        match (self.incident_id, self.severity) {
            (Some(_), _) => None,
            (None, Some(AlertSeverity::Info)) => Some("information is recorded and opens no incident"),
            (None, _) => Some("somebody took it out of its incident"),
        }
    }

    /// The trace that its sender names as an example, in hex: by a label or an annotation of that
    /// name, else in the words of an annotation or where a link leads.
    pub fn trace_id(&self) -> Option<&str> {
        const NAMES: [&str; 5] = ["trace_id", "traceID", "traceId", "trace.id", "exemplar_trace_id"];
        let is_id = |id: &&str| (16..=32).contains(&id.len()) && id.bytes().all(|letter| letter.is_ascii_hexdigit());
        let named = [&self.labels, &self.annotations].into_iter().flat_map(|of| NAMES.iter().filter_map(|name| of.get(*name))).map(|id| id.trim()).find(is_id);
        named.or_else(|| self.annotations.values().chain(self.links.iter().map(|link| &link.href)).find_map(|text| trace_in(text)))
    }
}

/// The part of an episode that decides what the next signal does to it. Small, because the
/// writer keeps one for every open alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    pub id: AlertId,
    pub state: AlertState,
    pub started_at: Timestamp,
    /// The newest event time, by its sender's clock. Before the end of what is over: the sender did not
    /// say when it ended, and `resolved_at` is when its word arrived here.
    pub last_event_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub severity: Option<AlertSeverity>,
    pub incident_id: Option<IncidentId>,
    /// The value of its `service` label.
    pub service: Option<std::sync::Arc<str>>,
    /// It is about our own eyes; see [`ABOUT_MONITORING`].
    pub about_monitoring: bool,
    /// The key of its group, as it was placed.
    pub group_key: std::sync::Arc<str>,
}

/// What a signal does, decided by [`judge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A new episode begins.
    Open { started_at: Timestamp, event_at: Timestamp },
    /// The open episode was delivered once more.
    Repeat { event_at: Timestamp },
    /// The open episode was acknowledged where it came from.
    Acknowledge { event_at: Timestamp },
    /// The open episode ends; `is_dated`: by its sender's clock, not by ours.
    Resolve { at: Timestamp, is_dated: bool },
    /// Accepted, and nothing changes.
    Ignore(Ignored),
}

/// Why a signal changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// A resolve or acknowledge for a key that is not open.
    Unknown,
    /// It is older than what is known already.
    Late,
    /// Its own end arrived before it: see [`judge_after`].
    Overtaken,
}

impl Ignored {
    pub fn slug(self) -> &'static str {
        match self {
            Ignored::Unknown => "unknown_key",
            Ignored::Late => "late",
            Ignored::Overtaken => "overtaken",
        }
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Ignored::Unknown => "nothing with this key is open, so it changes nothing",
            Ignored::Late => "it is older than what is known of this key, so it changes nothing",
            Ignored::Overtaken => "its sender has said already that it ended, so it opens nothing",
        }
    }
}

/// How far in the future a sender's clock may be believed.
const CLOCK_SKEW_SECS: i64 = 60;

/// Decides what `signal` does to the newest known episode of its identity.
///
/// Event times ahead of ours by more than a minute are taken as `received_at`, so that one wrong
/// clock cannot block an identity for ever. For the same reason our clock is not held against a
/// sender's: what comes without a time counts by its arrival, or a difference of seconds between
/// the clocks would make a resolve late and leave the alert open for good.
pub fn judge(newest: Option<&Episode>, signal: &Signal, received_at: Timestamp) -> Verdict {
    let told_at = told_at(signal, received_at);
    let open = newest.filter(|episode| episode.resolved_at.is_none());
    match (signal.action, open, newest) {
        (SignalAction::Fire, Some(open), _) => Verdict::Repeat { event_at: told_at.map_or(open.last_event_at, |at| at.max(open.last_event_at)) },
        (SignalAction::Fire, None, Some(last)) if told_at.is_some_and(|at| at <= over_since(last)) && !outlives(last, signal) => Verdict::Ignore(Ignored::Late),
        (SignalAction::Fire, None, _) => Verdict::Open {
            started_at: credible(signal.started_at, received_at).unwrap_or(received_at),
            event_at: told_at.unwrap_or_else(|| earliest_end(newest, received_at)),
        },
        (SignalAction::Acknowledge, Some(open), _) if told_at.is_none_or(|at| at >= open.last_event_at) => {
            Verdict::Acknowledge { event_at: told_at.unwrap_or(open.last_event_at) }
        }
        (SignalAction::Resolve, Some(open), _) if told_at.is_none_or(|at| at >= open.last_event_at) => {
            Verdict::Resolve { at: told_at.unwrap_or(received_at).max(open.started_at), is_dated: told_at.is_some() }
        }
        (SignalAction::Acknowledge | SignalAction::Resolve, Some(_), _) => Verdict::Ignore(Ignored::Late),
        (SignalAction::Acknowledge | SignalAction::Resolve, None, _) => Verdict::Ignore(Ignored::Unknown),
    }
}

/// The same where an earlier resolve told of this identity that it was over at `ended_at`, though
/// nothing of it was open: see [`told_end`].
pub fn judge_after(newest: Option<&Episode>, ended_at: Option<Timestamp>, signal: &Signal, received_at: Timestamp) -> Verdict {
    match judge(newest, signal, received_at) {
        Verdict::Open { .. } if ended_at.is_some_and(|at| is_overtaken(signal, at, received_at)) => Verdict::Ignore(Ignored::Overtaken),
        verdict => verdict,
    }
}

/// When a resolve of which nothing is open says that it was over, by its sender's clock. `None`: it
/// says no time, is no such resolve, or the newest episode says as much: many senders say each end twice.
pub fn told_end(newest: Option<&Episode>, signal: &Signal, received_at: Timestamp) -> Option<Timestamp> {
    let told_at = told_at(signal, received_at).filter(|_| signal.action == SignalAction::Resolve)?;
    let says_as_much = |last: &Episode| last.resolved_at.is_none() || told_at <= over_since(last) && last.resolved_at != last.expires_at;
    (!newest.is_some_and(says_as_much)).then_some(told_at)
}

/// Whether a firing is one that its sender has ended already: the resolve, which said `ended_at`,
/// overtook it, as happens when the firing had to be sent again. Nobody would ever resolve it.
fn is_overtaken(signal: &Signal, ended_at: Timestamp, received_at: Timestamp) -> bool {
    let is_dated = credible(signal.started_at, received_at).is_some();
    signal.action == SignalAction::Fire && is_dated && told_at(signal, received_at).is_some_and(|at| at <= ended_at)
}

/// When what a signal says happened, by its sender's clock.
fn told_at(signal: &Signal, received_at: Timestamp) -> Option<Timestamp> {
    credible(signal.event_at.or(signal.started_at), received_at)
}

/// A time of a sender's that is not far ahead of ours; the zero time of Go is none.
fn credible(at: Option<Timestamp>, received_at: Timestamp) -> Option<Timestamp> {
    at.filter(|at| *at > Timestamp::MIN && *at <= received_at.plus_secs(CLOCK_SKEW_SECS))
}

/// The earliest end that is believed of an episode whose sender did not say when it began: as much
/// before its arrival as the clocks may differ by, but after what ended the episode before it.
fn earliest_end(last: Option<&Episode>, received_at: Timestamp) -> Timestamp {
    let differing = received_at.plus_secs(-CLOCK_SKEW_SECS);
    last.and_then(|last| last.resolved_at).map_or(differing, |ended_at| differing.max(Timestamp::from_micros(ended_at.micros().saturating_add(1))))
}

/// Up to when a sender's “firing” is older than the end of `last`. An end without a time has that of
/// its arrival, by our clock: as much before it as the clocks may differ by, what is newer than
/// anything its sender said may well have fired after it.
fn over_since(last: &Episode) -> Timestamp {
    let Some(ended_at) = last.resolved_at else { return last.last_event_at };
    if last.last_event_at >= ended_at { ended_at } else { ended_at.plus_secs(-CLOCK_SKEW_SECS).max(last.last_event_at) }
}

/// Whether `last` merely ran out, by our clock, and its sender now says that it still holds: a
/// sender that was cut off for a while goes on with the start it always gave.
fn outlives(last: &Episode, signal: &Signal) -> bool {
    last.resolved_at.is_some() && last.resolved_at == last.expires_at && signal.expires_at > last.resolved_at
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn a_signal(action: SignalAction, event_at: Timestamp) -> Signal {
        Signal {
            action,
            dedupe_key: "k".to_owned(),
            severity: None,
            title: "t".to_owned(),
            labels: Labels::new(),
            annotations: Labels::new(),
            links: vec![],
            group_labels: Labels::new(),
            started_at: Some(event_at),
            event_at: Some(event_at),
            expires_at: None,
            heartbeat: false,
        }
    }

    fn an_episode(started_at: Timestamp, resolved_at: Option<Timestamp>) -> Episode {
        let state = if resolved_at.is_some() { AlertState::Resolved } else { AlertState::Triggered };
        let id = AlertId(Uuid::from_u128(1));
        Episode {
            id,
            state,
            started_at,
            last_event_at: resolved_at.unwrap_or(started_at),
            resolved_at,
            expires_at: None,
            severity: None,
            incident_id: None,
            service: None,
            about_monitoring: false,
            group_key: "".into(),
        }
    }

    #[test]
    fn firing_while_open_is_a_repeat() {
        let open = an_episode(NOON, None);
        let verdict = judge(Some(&open), &a_signal(SignalAction::Fire, NOON.plus_secs(5)), NOON.plus_secs(6));
        assert_eq!(verdict, Verdict::Repeat { event_at: NOON.plus_secs(5) });
    }

    #[test]
    fn a_late_firing_does_not_reopen_what_was_resolved_later() {
        let resolved = an_episode(NOON, Some(NOON.plus_secs(60)));
        let late = a_signal(SignalAction::Fire, NOON.plus_secs(60));
        assert_eq!(judge(Some(&resolved), &late, NOON.plus_secs(90)), Verdict::Ignore(Ignored::Late));
        let newer = a_signal(SignalAction::Fire, NOON.plus_secs(61));
        assert!(matches!(judge(Some(&resolved), &newer, NOON.plus_secs(90)), Verdict::Open { .. }));
    }

    #[test]
    fn a_firing_within_the_clocks_difference_of_an_undated_resolve_is_no_late_one() {
        let open = Episode { last_event_at: NOON.plus_secs(30), ..an_episode(NOON, None) };
        let mut undated = a_signal(SignalAction::Resolve, NOON);
        (undated.event_at, undated.started_at) = (None, None);
        let verdict = judge(Some(&open), &undated, NOON.plus_secs(200));
        assert_eq!(verdict, Verdict::Resolve { at: NOON.plus_secs(200), is_dated: false });
        // The sender's clock is forty seconds behind ours: it fires again, ten seconds later.
        let over = Episode { resolved_at: Some(NOON.plus_secs(200)), ..open };
        let fires = |secs| judge(Some(&over), &a_signal(SignalAction::Fire, NOON.plus_secs(secs)), NOON.plus_secs(210));
        assert!(matches!(fires(170), Verdict::Open { .. }));
        assert_eq!(fires(140), Verdict::Ignore(Ignored::Late), "no clock differs by so much");
        let at_once = Episode { last_event_at: NOON.plus_secs(170), ..over.clone() };
        let again = judge(Some(&at_once), &a_signal(SignalAction::Fire, NOON.plus_secs(170)), NOON.plus_secs(210));
        assert_eq!(again, Verdict::Ignore(Ignored::Late), "what was said before is said again");
        let dated = Episode { last_event_at: NOON.plus_secs(200), ..over };
        assert_eq!(judge(Some(&dated), &a_signal(SignalAction::Fire, NOON.plus_secs(170)), NOON.plus_secs(210)), Verdict::Ignore(Ignored::Late));
    }

    #[test]
    fn what_only_ran_out_opens_again_when_its_sender_is_back() {
        let mut ran_out = an_episode(NOON, Some(NOON.plus_secs(240)));
        ran_out.expires_at = ran_out.resolved_at;
        let mut again = a_signal(SignalAction::Fire, NOON);
        again.expires_at = Some(NOON.plus_secs(900));
        assert_eq!(judge(Some(&ran_out), &again, NOON.plus_secs(660)), Verdict::Open { started_at: NOON, event_at: NOON });
        // What its sender itself resolved stays resolved.
        let resolved = Episode { expires_at: Some(NOON.plus_secs(250)), ..ran_out };
        assert_eq!(judge(Some(&resolved), &again, NOON.plus_secs(660)), Verdict::Ignore(Ignored::Late));
    }

    #[test]
    fn a_resolve_older_than_the_newest_firing_is_late() {
        let mut open = an_episode(NOON, None);
        open.last_event_at = NOON.plus_secs(30);
        assert_eq!(judge(Some(&open), &a_signal(SignalAction::Resolve, NOON.plus_secs(20)), NOON.plus_secs(40)), Verdict::Ignore(Ignored::Late));
        assert_eq!(
            judge(Some(&open), &a_signal(SignalAction::Resolve, NOON.plus_secs(30)), NOON.plus_secs(40)),
            Verdict::Resolve { at: NOON.plus_secs(30), is_dated: true }
        );
    }

    #[test]
    fn a_resolve_for_an_unknown_key_changes_nothing() {
        assert_eq!(judge(None, &a_signal(SignalAction::Resolve, NOON), NOON), Verdict::Ignore(Ignored::Unknown));
        let resolved = an_episode(NOON, Some(NOON));
        assert_eq!(judge(Some(&resolved), &a_signal(SignalAction::Acknowledge, NOON), NOON), Verdict::Ignore(Ignored::Unknown));
    }

    #[test]
    fn a_firing_that_began_before_its_end_was_told_is_overtaken() {
        let received_at = NOON.plus_secs(110);
        let resolve = Signal { started_at: Some(NOON), ..a_signal(SignalAction::Resolve, NOON.plus_secs(90)) };
        assert_eq!(told_end(None, &resolve, received_at), Some(NOON.plus_secs(90)));
        assert_eq!(told_end(None, &a_signal(SignalAction::Fire, NOON), received_at), None);
        let of_episode =
            |ended: i64, expires_at| told_end(Some(&Episode { expires_at, ..an_episode(NOON, Some(NOON.plus_secs(ended))) }), &resolve, received_at);
        assert_eq!((of_episode(90, None), of_episode(80, None)), (None, Some(NOON.plus_secs(90))), "what is known already is not told again");
        assert_eq!(of_episode(90, Some(NOON.plus_secs(90))), Some(NOON.plus_secs(90)), "it ran out by our clock: its sender says that it ended");
        let overtaken = |signal: &Signal| is_overtaken(signal, NOON.plus_secs(90), received_at);
        let fire = |secs| a_signal(SignalAction::Fire, NOON.plus_secs(secs));
        assert!(overtaken(&fire(0)) && overtaken(&fire(90)));
        assert!(!overtaken(&fire(91)), "it fires anew");
        assert!(!overtaken(&Signal { started_at: None, event_at: None, ..fire(0) }), "it may have begun after the end");
        assert!(!overtaken(&Signal { event_at: Some(NOON.plus_secs(100)), ..fire(0) }), "its sender says after the end that it fires");
        assert!(!overtaken(&Signal { started_at: Some(Timestamp::MIN), event_at: None, ..fire(0) }), "the zero time is none");
        assert!(!overtaken(&resolve));
        let far_ahead = a_signal(SignalAction::Resolve, NOON.plus_secs(86_400));
        assert_eq!(told_end(None, &far_ahead, received_at), None, "such a clock is not believed");
    }

    #[test]
    fn an_acknowledgement_without_a_time_does_not_make_a_resolve_late() {
        let mut open = an_episode(NOON, None);
        let mut acknowledged = a_signal(SignalAction::Acknowledge, NOON);
        (acknowledged.started_at, acknowledged.event_at) = (None, None);
        let Verdict::Acknowledge { event_at } = judge(Some(&open), &acknowledged, NOON.plus_secs(300)) else { panic!("it is acknowledged") };
        open.last_event_at = event_at;
        let resolved = a_signal(SignalAction::Resolve, NOON.plus_secs(200));
        assert_eq!(judge(Some(&open), &resolved, NOON.plus_secs(310)), Verdict::Resolve { at: NOON.plus_secs(200), is_dated: true });
    }

    #[test]
    fn a_dated_resolve_ends_what_fired_without_a_date() {
        let undated = Signal { started_at: None, event_at: None, ..a_signal(SignalAction::Fire, NOON) };
        let Verdict::Open { started_at, event_at } = judge(None, &undated, NOON) else { panic!("it opens") };
        let mut open = Episode { last_event_at: event_at, ..an_episode(started_at, None) };
        // Its sender's clock is two seconds behind ours; nothing ends before it began.
        let resolved = a_signal(SignalAction::Resolve, NOON.plus_secs(-2));
        assert_eq!(judge(Some(&open), &resolved, NOON.plus_secs(1)), Verdict::Resolve { at: NOON, is_dated: true });
        // Repeats without a date are in nobody's way either.
        let Verdict::Repeat { event_at } = judge(Some(&open), &undated, NOON.plus_secs(60)) else { panic!("it is open") };
        open.last_event_at = event_at;
        assert_eq!(
            judge(Some(&open), &a_signal(SignalAction::Resolve, NOON.plus_secs(50)), NOON.plus_secs(70)),
            Verdict::Resolve { at: NOON.plus_secs(50), is_dated: true }
        );
        // A sender whose clock is ahead, and who dates only what fires, is heard when it resolves.
        let ahead = an_episode(NOON.plus_secs(30), None);
        let undated_resolve = Signal { started_at: None, event_at: None, ..a_signal(SignalAction::Resolve, NOON) };
        assert_eq!(judge(Some(&ahead), &undated_resolve, NOON.plus_secs(10)), Verdict::Resolve { at: NOON.plus_secs(30), is_dated: false });
        // What ended an episode ends no later one when it is delivered again.
        let ended = an_episode(NOON, Some(NOON.plus_secs(50)));
        let Verdict::Open { started_at, event_at } = judge(Some(&ended), &undated, NOON.plus_secs(70)) else { panic!("it fires anew") };
        let next = Episode { last_event_at: event_at, ..an_episode(started_at, None) };
        assert_eq!(judge(Some(&next), &a_signal(SignalAction::Resolve, NOON.plus_secs(50)), NOON.plus_secs(80)), Verdict::Ignore(Ignored::Late));
    }

    #[test]
    fn a_clock_far_ahead_is_not_believed() {
        let verdict = judge(None, &a_signal(SignalAction::Fire, NOON.plus_secs(86_400)), NOON);
        assert_eq!(verdict, Verdict::Open { started_at: NOON, event_at: NOON.plus_secs(-60) });
    }

    #[test]
    fn an_alert_without_an_incident_says_why() {
        let alert = |severity, incident_id| Alert {
            id: AlertId(Uuid::from_u128(1)),
            source: "generic".to_owned(),
            integration_id: IntegrationId(Uuid::from_u128(2)),
            dedupe_key: "k".to_owned(),
            state: AlertState::Triggered,
            severity,
            title: "t".to_owned(),
            labels: Labels::new(),
            annotations: Labels::new(),
            started_at: NOON,
            resolved_at: None,
            deliveries: 1,
            incident_id,
            stale: false,
            links: vec![],
        };
        let why = |severity, incident| alert(severity, incident).no_incident_because();
        assert_eq!(why(None, Some(IncidentId(Uuid::from_u128(3)))), None);
        assert_eq!(why(Some(AlertSeverity::Info), None), Some("information is recorded and opens no incident"));
        assert_eq!([None, Some(AlertSeverity::Critical)].map(|severity| why(severity, None)), [Some("somebody took it out of its incident"); 2]);
    }

    #[test]
    fn the_go_zero_time_is_no_time() {
        let mut signal = a_signal(SignalAction::Fire, Timestamp::MIN);
        signal.event_at = None;
        assert_eq!(judge(None, &signal, NOON), Verdict::Open { started_at: NOON, event_at: NOON.plus_secs(-60) });
    }

    #[test]
    fn only_plain_schemes_are_safe_to_click() {
        for safe in ["http://a", "HTTPS://a", "mailto:a@b"] {
            assert!(Link::is_safe(safe), "{safe}");
        }
        for unsafe_href in ["javascript:alert(1)", "data:text/html,x", " http://a", "//a", "", "é"] {
            assert!(!Link::is_safe(unsafe_href), "{unsafe_href}");
        }
    }
}
