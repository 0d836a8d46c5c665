//! What an incident's chained entries say of its alerts, compared with the alerts as they stand:
//! those are rows that no hash covers.
//!
//! Compared is what never changes once an alert is attached (title, service, severity and start),
//! its end where an entry tells one, and which alerts stand in the incident. How often an alert was
//! delivered, its labels, whether it is stale, and an end that no entry tells are not: no entry
//! says them. Of alerts that came with a merged incident the entries say only how many.

use super::{
    ids::{AlertId, IncidentId, IncidentRef},
    incident::{AlertRef, AlertResolution, EventKind},
    severity::AlertSeverity,
    time::Timestamp,
    timeline::Event,
    wording,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A title is shown up to here, in characters.
const LONGEST_SHOWN: usize = 80;

/// What a log says of alerts.
#[derive(Clone, Debug, Default)]
pub struct AlertsTold {
    /// Of every alert that was ever named. It holds wherever the alert went since.
    said: BTreeMap<AlertId, Said>,
    /// Those that stand in the incident, by the entry that attached each.
    held: BTreeMap<AlertId, i64>,
    /// Those that were taken out, by the entry that says so. What was merged since may have brought
    /// one back, so a merge forgets them.
    taken_out: BTreeMap<AlertId, i64>,
    /// How many came with merged incidents and were not taken out since, by service; "" is none.
    came: BTreeMap<String, i64>,
    /// The incidents that they came from.
    merged: Vec<(IncidentId, IncidentRef)>,
    /// It was merged itself, and its alerts stand there now.
    went_into: Option<IncidentRef>,
}

/// Where something is said.
#[derive(Clone, Copy, Debug)]
struct Place {
    seq: i64,
    /// In the log of another incident.
    of: Option<IncidentRef>,
}

#[derive(Clone, Debug)]
struct Word<T> {
    place: Place,
    is: T,
}

/// What is said of one alert; the first word counts.
#[derive(Clone, Debug, Default)]
struct Said {
    title: Option<Word<String>>,
    service: Option<Word<Option<String>>>,
    severity: Option<Word<Option<AlertSeverity>>>,
    started_at: Option<Word<Timestamp>>,
    resolved_at: Option<Word<Timestamp>>,
}

impl AlertsTold {
    /// What these entries say, which are a whole log.
    pub fn by(events: &[Event]) -> Self {
        let mut told = Self::default();
        for event in events {
            told.hear(event.seq, &event.kind);
        }
        told
    }

    /// The incidents that were merged into this one.
    pub fn merged(&self) -> &[(IncidentId, IncidentRef)] {
        &self.merged
    }

    /// Takes over what the log of a merged incident says of the alerts that it brought.
    pub fn learn(&mut self, other: Self, of: IncidentRef) {
        for (id, theirs) in other.said {
            self.said.entry(id).or_default().learn(theirs, of);
        }
    }

    /// The first alert that is not what the log says, and how; `None` when all are. `alerts` are
    /// all that stand in the incident, as they stand.
    pub fn differs_from(&self, alerts: &[AlertRef]) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut others: BTreeMap<&str, i64> = BTreeMap::new();
        for alert in alerts {
            let name = || format!("the alert “{}” ({})", shown(&alert.title), alert.id);
            if !seen.insert(alert.id) {
                return Some(format!("{} stands in it twice", name()));
            }
            if !self.held.contains_key(&alert.id) {
                if let Some(why) = self.why_not(alert.id) {
                    return Some(format!("{} stands in it, and {why}", name()));
                }
                *others.entry(alert.service.as_deref().unwrap_or_default()).or_default() += 1;
            }
            if let Some(how) = self.said.get(&alert.id).and_then(|said| said.differs_from(alert)) {
                return Some(format!("{}: {how}", name()));
            }
        }
        if let Some((id, seq)) = self.held.iter().find(|(id, _)| !seen.contains(id)) {
            let title = self.said.get(id).and_then(|said| said.title.as_ref()).map(|title| shown(&title.is)).unwrap_or_default();
            return Some(format!("the alert “{title}” ({id}), which entry {seq} attached, does not stand in it any more"));
        }
        self.miscounted(&others)
    }

    fn hear(&mut self, seq: i64, kind: &EventKind) {
        let place = Place { seq, of: None };
        match kind {
            EventKind::AlertsAttached { alerts, .. } => {
                for alert in alerts {
                    self.said.entry(alert.id).or_default().name(place, alert);
                    self.taken_out.remove(&alert.id);
                    self.held.insert(alert.id, seq);
                }
            }
            EventKind::AlertDetached { alert, .. } => {
                self.said.entry(alert.id).or_default().name(place, alert);
                if self.held.remove(&alert.id).is_none() {
                    *self.came.entry(alert.service.clone().unwrap_or_default()).or_default() -= 1;
                }
                self.taken_out.insert(alert.id, seq);
            }
            EventKind::AlertsResolved { alerts } => alerts.iter().for_each(|alert| self.said.entry(alert.id).or_default().end(place, alert)),
            EventKind::Absorbed { from, from_ref, signals, .. } => {
                for (service, signals) in signals {
                    *self.came.entry(service.clone()).or_default() += i64::from(signals.total);
                }
                self.merged.push((*from, *from_ref));
                self.taken_out.clear();
            }
            EventKind::MergedInto { into_ref, .. } => {
                self.held.clear();
                self.taken_out.clear();
                self.came.clear();
                self.went_into = Some(*into_ref);
            }
            // Everything else says nothing of which alerts stand here; what acknowledges one in its
            // sender's tool has a title of its own.
            _ => {}
        }
    }

    /// Why an alert that no entry attached cannot stand here. `None`: it may have come with a merge.
    fn why_not(&self, id: AlertId) -> Option<String> {
        if let Some(seq) = self.taken_out.get(&id) {
            return Some(format!("entry {seq} says that it was taken out"));
        }
        let may_have_come = self.came.values().any(|count| *count > 0);
        (!may_have_come).then(|| match self.went_into {
            Some(into) => format!("its alerts went to {into} with the merge"),
            None => "no entry says that it was attached".to_owned(),
        })
    }

    /// The first service of which more or fewer alerts stand here than came with merged incidents.
    fn miscounted(&self, others: &BTreeMap<&str, i64>) -> Option<String> {
        let services: BTreeSet<&str> = others.keys().copied().chain(self.came.keys().map(String::as_str)).collect();
        services.into_iter().find_map(|service| {
            let stand = others.get(service).copied().unwrap_or_default();
            let came = self.came.get(service).copied().unwrap_or_default().max(0);
            let of = if service.is_empty() { "without a service".to_owned() } else { format!("of {}", shown(service)) };
            let came_in_words = wording::count(usize::try_from(came).unwrap_or_default(), "alert", "alerts");
            (stand != came).then(|| format!("{came_in_words} {of} came with what was merged into it, and {stand} stand in it"))
        })
    }
}

impl Said {
    fn name(&mut self, place: Place, alert: &AlertRef) {
        self.title.get_or_insert_with(|| Word { place, is: alert.title.clone() });
        self.service.get_or_insert_with(|| Word { place, is: alert.service.clone() });
        self.severity.get_or_insert(Word { place, is: alert.severity });
        self.started_at.get_or_insert(Word { place, is: alert.started_at });
        if let Some(is) = alert.resolved_at {
            self.resolved_at.get_or_insert(Word { place, is });
        }
    }

    fn end(&mut self, place: Place, alert: &AlertResolution) {
        self.service.get_or_insert_with(|| Word { place, is: alert.service.clone() });
        self.severity.get_or_insert(Word { place, is: alert.severity });
        self.resolved_at.get_or_insert(Word { place, is: alert.at });
    }

    fn learn(&mut self, theirs: Self, of: IncidentRef) {
        learn(&mut self.title, theirs.title, of);
        learn(&mut self.service, theirs.service, of);
        learn(&mut self.severity, theirs.severity, of);
        learn(&mut self.started_at, theirs.started_at, of);
        learn(&mut self.resolved_at, theirs.resolved_at, of);
    }

    fn differs_from(&self, alert: &AlertRef) -> Option<String> {
        let service = |service: &Option<String>| service.as_deref().map_or_else(|| "none".to_owned(), shown);
        let severity = |severity: &Option<AlertSeverity>| severity.map_or("none", AlertSeverity::slug).to_owned();
        differs("title", &self.title, &alert.title, |title| shown(title))
            .or_else(|| differs("service", &self.service, &alert.service, service))
            .or_else(|| differs("severity", &self.severity, &alert.severity, severity))
            .or_else(|| differs("start", &self.started_at, &alert.started_at, Timestamp::to_string))
            .or_else(|| {
                let Word { place, is } = self.resolved_at.as_ref()?;
                let stands = alert.resolved_at.map_or_else(|| "still to come".to_owned(), |at| at.to_string());
                (alert.resolved_at != Some(*is)).then(|| format!("its end is {stands}, and {place} says {is}"))
            })
    }
}

fn learn<T>(known: &mut Option<Word<T>>, theirs: Option<Word<T>>, of: IncidentRef) {
    if known.is_none() {
        *known = theirs.map(|Word { place, is }| Word { place: Place { of: place.of.or(Some(of)), ..place }, is });
    }
}

fn differs<T: PartialEq>(what: &str, said: &Option<Word<T>>, stands: &T, in_words: impl Fn(&T) -> String) -> Option<String> {
    let Word { place, is } = said.as_ref()?;
    (is != stands).then(|| format!("its {what} is “{}”, and {place} says “{}”", in_words(stands), in_words(is)))
}

/// A sender's text inside a sentence: short, and without what would move a terminal's cursor.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_SHOWN).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.seq)?;
        match self.of {
            Some(of) => write!(f, " of {of}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        grouping::Why,
        incident::{Change, Incident, absorb, open_by_alert},
        people::ActorRef,
        timeline::Head,
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

    fn an_alert(n: u128) -> AlertRef {
        AlertRef {
            id: AlertId(Uuid::from_u128(n)),
            title: format!("alert {n}"),
            service: Some("checkout".to_owned()),
            severity: Some(AlertSeverity::Critical),
            started_at: NOON,
            resolved_at: None,
            about_monitoring: false,
        }
    }

    fn ended(n: u128) -> AlertRef {
        AlertRef { resolved_at: Some(NOON.plus_secs(60)), ..an_alert(n) }
    }

    fn attached(alert: AlertRef) -> EventKind {
        EventKind::AlertsAttached { alerts: vec![alert], why: Why::SameGroup }
    }

    fn detached(alert: AlertRef) -> EventKind {
        EventKind::AlertDetached { alert, reason: None }
    }

    fn resolved(n: u128) -> EventKind {
        let AlertRef { id, service, severity, .. } = an_alert(n);
        EventKind::AlertsResolved { alerts: vec![AlertResolution { id, service, severity, at: NOON.plus_secs(60), expired: false, about_monitoring: false }] }
    }

    /// An incident that its alert of this number opened, and what happened then.
    struct Story {
        id: IncidentId,
        head: Head,
        events: Vec<Event>,
    }

    impl Story {
        fn of(n: u128) -> Self {
            let mut story = Self { id: IncidentId(Uuid::from_u128(n)), head: Head::genesis(), events: vec![] };
            story.append(open_by_alert(&an_alert(n), None, NOON));
            story
        }

        fn append(&mut self, changes: Vec<Change>) {
            self.events.extend(self.head.append(self.id, changes, &ActorRef::system(), None, NOON));
        }

        fn then(mut self, kind: EventKind) -> Self {
            self.append(vec![Change { happened_at: NOON, kind }]);
            self
        }

        fn incident(&self) -> Incident {
            Incident::fold(self.id, self.reference(), &self.events).expect("it begins with a declaration")
        }

        fn reference(&self) -> IncidentRef {
            IncidentRef(i64::try_from(self.id.0.as_u128()).expect("it is small"))
        }

        fn absorbing(mut self, source: &Story) -> Self {
            let changes = absorb(&source.incident(), &self.incident(), NOON);
            self.append(changes);
            self
        }

        fn told(&self) -> AlertsTold {
            AlertsTold::by(&self.events)
        }

        fn fault(&self, alerts: &[AlertRef]) -> Option<String> {
            self.told().differs_from(alerts)
        }
    }

    #[test]
    fn what_happened_to_alerts_holds() {
        let holds = |story: &Story, alerts: &[AlertRef]| assert_eq!(story.fault(alerts), None);
        holds(&Story::of(1), &[an_alert(1)]);
        // Ended when nobody wrote it down, or before older versions did.
        holds(&Story::of(1), &[ended(1)]);
        // Older records do not say that it is about our own eyes.
        holds(&Story::of(1), &[AlertRef { about_monitoring: true, ..an_alert(1) }]);
        holds(&Story::of(1).then(resolved(1)).then(attached(an_alert(2))), &[an_alert(2), ended(1)]);
        holds(&Story::of(1).then(attached(ended(2))), &[an_alert(1), ended(2)]);
        // Over after a person had resolved it, then told once more where it came from.
        let acknowledged = EventKind::AlertAcknowledged { id: an_alert(1).id, title: "what the tool calls it".to_owned() };
        holds(&Story::of(1).then(acknowledged).then(EventKind::Closed { reason: None }).then(resolved(1)), &[ended(1)]);
        // Taken out, and back again.
        holds(&Story::of(1).then(detached(an_alert(1))), &[]);
        holds(&Story::of(1).then(detached(an_alert(1))).then(attached(an_alert(1))), &[an_alert(1)]);
    }

    #[test]
    fn what_came_with_a_merge_holds() {
        let source = Story::of(1).then(attached(an_alert(2))).then(resolved(2));
        let target = Story::of(3).absorbing(&source);
        assert_eq!(target.fault(&[an_alert(3), an_alert(1), ended(2)]), None);
        // It ends, is taken out and is attached again where it stands now.
        let target = target.then(resolved(1)).then(detached(ended(2)));
        assert_eq!(target.fault(&[ended(1), an_alert(3)]), None);
        assert_eq!(target.then(attached(ended(2))).fault(&[ended(1), ended(2), an_alert(3)]), None);
        // What was merged holds nothing any more.
        let merged = source.then(EventKind::MergedInto { into: IncidentId(Uuid::from_u128(3)), into_ref: IncidentRef(3), reason: None });
        assert_eq!(merged.fault(&[]), None);
        assert!(merged.fault(&[an_alert(1)]).is_some_and(|what| what.contains("INC-3")));
        // An alert that was taken out comes back with the incident that it was attached to.
        let left = Story::of(5).then(attached(an_alert(6))).then(detached(an_alert(6)));
        let back = left.absorbing(&Story::of(7).then(attached(an_alert(6))));
        assert_eq!(back.fault(&[an_alert(5), an_alert(6), an_alert(7)]), None);
    }

    #[test]
    fn an_alert_that_was_changed_is_named_with_what_was_changed() {
        let story = Story::of(1).then(attached(an_alert(2))).then(resolved(2));
        for (changed, words) in [
            (AlertRef { title: "Nothing\u{1b} happened".to_owned(), ..an_alert(1) }, "its title is “Nothing  happened”, and entry 2 says “alert 1”"),
            (AlertRef { service: None, ..an_alert(1) }, "its service is “none”, and entry 2 says “checkout”"),
            (AlertRef { severity: Some(AlertSeverity::Info), ..an_alert(1) }, "its severity is “info”, and entry 2 says “critical”"),
            (AlertRef { started_at: NOON.plus_secs(3600), ..an_alert(1) }, "its start is “2026-08-11T13:00:00Z”, and entry 2 says “2026-08-11T12:00:00Z”"),
        ] {
            let what = story.fault(&[changed, ended(2)]).expect(words);
            assert!(what.contains(words) && what.contains(&an_alert(1).id.to_string()), "{what}");
        }
        for changed in [an_alert(2), AlertRef { resolved_at: Some(NOON.plus_secs(61)), ..an_alert(2) }] {
            let what = story.fault(&[an_alert(1), changed]).expect("another end");
            assert!(what.contains("its end is") && what.contains("entry 4 says 2026-08-11T12:01:00Z"), "{what}");
        }
    }

    #[test]
    fn an_alert_that_was_moved_is_named() {
        let story = Story::of(1).then(attached(an_alert(2)));
        let named = |alerts: &[AlertRef], words: &str| {
            let what = story.fault(alerts).expect(words);
            assert!(what.contains(words), "{what}");
        };
        named(&[an_alert(1), an_alert(2), an_alert(3)], "“alert 3” (00000000-0000-0000-0000-000000000003) stands in it, and no entry says");
        named(&[an_alert(1)], "the alert “alert 2” (00000000-0000-0000-0000-000000000002), which entry 3 attached, does not stand in it any more");
        named(&[an_alert(1), an_alert(2), an_alert(1)], "twice");
        let out = Story::of(1).then(detached(an_alert(1)));
        assert!(out.fault(&[an_alert(1)]).is_some_and(|what| what.contains("entry 3 says that it was taken out")));
        // Where some came with a merge, one more or one less is counted.
        let source = Story::of(4).then(attached(an_alert(5)));
        let target = Story::of(6).absorbing(&source);
        for alerts in [&[an_alert(4), an_alert(6)][..], &[an_alert(4), an_alert(5), an_alert(6), an_alert(7)]] {
            assert!(target.fault(alerts).is_some_and(|what| what.contains("2 alerts of checkout came")), "{alerts:?}");
        }
    }

    #[test]
    fn the_log_of_what_was_merged_says_more_of_its_alerts() {
        let source = Story::of(1);
        let target = Story::of(3).absorbing(&source);
        let changed = AlertRef { title: "Nothing happened".to_owned(), ..an_alert(1) };
        assert_eq!(target.fault(&[an_alert(3), changed.clone()]), None, "it is only counted");
        let mut told = target.told();
        assert_eq!(told.merged(), [(source.id, IncidentRef(1))]);
        told.learn(source.told(), IncidentRef(1));
        let what = told.differs_from(&[an_alert(3), changed]).expect("it was changed");
        assert!(what.contains("entry 2 of INC-1 says “alert 1”"), "{what}");
        assert_eq!(told.differs_from(&[an_alert(3), an_alert(1)]), None);
    }
}
