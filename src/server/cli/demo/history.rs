//! The company's past as its old tool would export it: incidents with their times, labels and
//! timelines, in the shape that `POST /api/v1/import/incidents` reads. Pure: the same wish always
//! makes the same past.
//!
//! It is as untidy as real exports are: some times are missing, two lie before what they should
//! follow, and the same causes come again.

use super::{
    company::{COLLEAGUES, REGIONS, service_of},
    dice::Dice,
    troubles::{DRILLS, MAINTENANCE, TROUBLES, Trouble},
};
use crate::domain::{severity::Severity, time::Timestamp};
use chrono::{Datelike, Timelike};
use serde_json::{Value, json};

/// The tool that the company came from.
pub const ORIGIN: &str = "Pagerbook";

const DAY_SECS: i64 = 86_400;

/// Of so many incidents, one each was announced work and a rehearsal.
const MAINTENANCE_EVERY: usize = 24;
const DRILL_EVERY: usize = 40;

/// How large a past, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    pub seed: u64,
    pub days: i64,
    pub incidents: usize,
    /// It ends here, at the midnight before it was exported.
    pub until: Timestamp,
}

impl Past {
    /// The past that ends with the day before `now`.
    pub fn before(now: Timestamp, seed: u64, days: i64, incidents: usize) -> Self {
        Self { seed, days, incidents, until: Timestamp::from_micros(now.epoch_secs().div_euclid(DAY_SECS) * DAY_SECS * 1_000_000) }
    }

    /// The same past as the one that an incident with this id belongs to, and the incident's place in it.
    pub fn of_id(self, id: &str) -> Option<(Self, usize)> {
        let (day, place) = id.split_once('-')?;
        let day = chrono::NaiveDate::parse_from_str(day, "%Y%m%d").ok()?;
        let until = Timestamp::from_micros(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros());
        Some((Self { until, ..self }, place.parse().ok()?))
    }

    /// Every incident, the oldest first.
    pub fn export(&self) -> Vec<Value> {
        let mut dice = Dice::new(self.seed, "history");
        let mut told: Vec<Told> = (0..self.incidents).map(|place| self.tell(place, &mut dice)).collect();
        told.sort_by_key(|told| told.started_at);
        self.make_untidy(&mut told);
        let day = self.until.to_utc().format("%Y%m%d");
        told.iter().enumerate().map(|(place, told)| told.exported(format!("{day}-{place:05}"))).collect()
    }

    fn tell(&self, place: usize, dice: &mut Dice) -> Told {
        if place % MAINTENANCE_EVERY == MAINTENANCE_EVERY - 1 {
            return self.announced("maintenance", dice.pick(&MAINTENANCE), 1 + dice.between(0, 2), dice);
        }
        if place % DRILL_EVERY == DRILL_EVERY - 1 {
            return self.announced("drill", dice.pick(&DRILLS), 10, dice);
        }
        // A trouble that takes longer than what is left of the past happened earlier.
        loop {
            let told = self.trouble(dice);
            if told.resolved_at <= self.until {
                return told;
            }
        }
    }

    /// An instant that fits the rhythm.
    fn instant(&self, fits: impl Fn(u32, bool) -> f64, dice: &mut Dice) -> Timestamp {
        const MOST: f64 = 7.0;
        loop {
            let at = self.until.plus_secs(-dice.between(1, self.days * DAY_SECS));
            let utc = at.to_utc();
            let is_weekend = utc.weekday().number_from_monday() > 5;
            if dice.chance(fits(utc.hour(), is_weekend) / MOST) {
                return at;
            }
        }
    }

    fn trouble(&self, dice: &mut Dice) -> Told {
        let trouble = *dice.weighted(&TROUBLES.each_ref(), |trouble| f64::from(trouble.weight));
        let started_at = self.instant(|hour, is_weekend| trouble.rhythm.at(hour, is_weekend), dice);
        let severity = differently(trouble.severity, dice);
        let (detect, acknowledge, mitigate, resolve) = medians(severity);
        // People learn: the same takes a little less time at the end than at the beginning.
        let age = self.until.secs_since(started_at) as f64 / (self.days * DAY_SECS) as f64;
        let practice = 0.85 + 0.4 * age;
        let asleep = if matches!(started_at.to_utc().hour(), 21..=23 | 0..=5) { 1.6 } else { 1.0 };
        let detected_at = started_at.plus_secs(dice.about(detect));
        let acknowledged_at = detected_at.plus_secs(dice.about(acknowledge * asleep));
        let mitigated_at = acknowledged_at.plus_secs(dice.about(mitigate * practice));
        let resolved_at = mitigated_at.plus_secs(dice.about(resolve));
        let region = *dice.pick(&REGIONS);
        let mut told = Told {
            kind: "incident",
            title: trouble.title.replace("{region}", region),
            severity: Some(severity),
            started_at,
            detected_at: Some(detected_at),
            acknowledged_at: Some(acknowledged_at),
            mitigated_at: Some(mitigated_at),
            resolved_at,
            services: trouble.services[..dice.between(1, trouble.services.len() as i64) as usize].to_vec(),
            labels: vec![
                ("cause", trouble.cause.to_owned()),
                ("region", region.to_owned()),
                ("team", trouble.service().team.to_owned()),
                ("tier", trouble.service().tier.to_owned()),
            ],
            timeline: vec![],
        };
        told.labels.extend(trouble.provider.map(|provider| ("provider", provider.to_owned())));
        told.timeline = timeline(trouble, &told, region, dice);
        // A fifth was over before anybody spoke of a mitigation; few were never acknowledged, and
        // of some nobody wrote down when they were noticed.
        if dice.chance(0.2) {
            told.mitigated_at = None;
        }
        if severity > Severity::Sev2 && dice.chance(0.06) {
            told.acknowledged_at = None;
        }
        if dice.chance(0.04) {
            told.detected_at = None;
        }
        told
    }

    /// Work and rehearsals go by the calendar: at night, and in the morning.
    fn announced(&self, kind: &'static str, what: &(&'static str, &'static [&'static str], &'static str), hour: i64, dice: &mut Dice) -> Told {
        let (title, services, outcome) = *what;
        let days_ago = dice.between(1, self.days);
        let started_at = self.until.plus_secs(-days_ago * DAY_SECS + hour * 3600);
        let resolved_at = started_at.plus_secs(dice.between(30, 150) * 60);
        let who = *dice.pick(&COLLEAGUES);
        let team = services.first().and_then(|name| service_of(name)).map_or("platform", |service| service.team);
        let entries = [
            (started_at, "started", format!("{who}: beginning, as announced")),
            (started_at.plus_secs(dice.between(5, 20) * 60), "in progress", format!("{who}: half way, everything as planned")),
            (resolved_at, "completed", format!("{who}: {outcome}")),
        ];
        Told {
            kind,
            title: title.to_owned(),
            severity: None,
            started_at,
            detected_at: Some(started_at),
            acknowledged_at: None,
            mitigated_at: None,
            resolved_at,
            services: services.to_vec(),
            labels: vec![("team", team.to_owned())],
            timeline: entries.into_iter().map(|(at, status, text)| Entry { at, status: Some(status), text }).collect(),
        }
    }

    /// What a real export holds sooner or later: somebody typed a time that cannot be.
    fn make_untidy(&self, told: &mut [Told]) {
        if told.len() < 20 {
            return;
        }
        let (third, middle) = (told.len() / 3, told.len() / 2);
        if let Some(early) = told[third..].iter_mut().find(|told| told.kind == "incident") {
            early.detected_at = Some(early.started_at.plus_secs(-7 * 60));
        }
        if let Some(early) = told[middle..].iter_mut().find(|told| told.kind == "incident" && told.detected_at.is_some_and(|at| at > told.started_at)) {
            early.acknowledged_at = early.detected_at.map(|at| at.plus_secs(-3 * 60));
        }
    }
}

/// Mostly as severe as usual, now and then less or more; SEV1 stays rare.
fn differently(usual: Severity, dice: &mut Dice) -> Severity {
    let level = i64::from(usual.level());
    let changed = match dice.unit() {
        throw if throw < 0.16 => level + 1,
        throw if throw < 0.22 && usual > Severity::Sev2 => level - 1,
        _ => level,
    };
    Severity::ALL.into_iter().find(|severity| i64::from(severity.level()) == changed).unwrap_or(usual)
}

/// Usual seconds until it is noticed, acknowledged, mitigated and resolved, each after the one before.
fn medians(severity: Severity) -> (f64, f64, f64, f64) {
    match severity {
        Severity::Sev1 => (110.0, 130.0, 1_500.0, 1_200.0),
        Severity::Sev2 => (160.0, 260.0, 2_100.0, 1_500.0),
        Severity::Sev3 => (280.0, 700.0, 3_300.0, 1_800.0),
        Severity::Sev4 => (900.0, 3_000.0, 9_000.0, 5_400.0),
        Severity::Sev5 => (1_800.0, 5_400.0, 14_400.0, 7_200.0),
    }
}

/// One incident before it is exported.
struct Told {
    kind: &'static str,
    title: String,
    severity: Option<Severity>,
    started_at: Timestamp,
    detected_at: Option<Timestamp>,
    acknowledged_at: Option<Timestamp>,
    mitigated_at: Option<Timestamp>,
    resolved_at: Timestamp,
    services: Vec<&'static str>,
    labels: Vec<(&'static str, String)>,
    timeline: Vec<Entry>,
}

struct Entry {
    at: Timestamp,
    status: Option<&'static str>,
    text: String,
}

impl Told {
    fn exported(&self, id: String) -> Value {
        let labels: serde_json::Map<String, Value> = self.labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        let entry = |entry: &Entry| match entry.status {
            Some(status) => json!({ "at": entry.at, "status": status, "text": entry.text }),
            None => json!({ "at": entry.at, "text": entry.text }),
        };
        json!({
            "origin": ORIGIN, "id": id, "kind": self.kind, "title": self.title, "severity": self.severity.map(Severity::label),
            "started_at": self.started_at, "detected_at": self.detected_at, "acknowledged_at": self.acknowledged_at,
            "mitigated_at": self.mitigated_at, "resolved_at": self.resolved_at, "services": self.services, "labels": labels,
            "timeline": self.timeline.iter().map(entry).collect::<Vec<_>>(),
        })
    }
}

/// What people wrote while it went on, between three and fifteen entries: the more severe, the more.
fn timeline(trouble: &Trouble, told: &Told, region: &str, dice: &mut Dice) -> Vec<Entry> {
    let [detected_at, acknowledged_at, mitigated_at] = [told.detected_at, told.acknowledged_at, told.mitigated_at].map(|at| at.unwrap_or(told.started_at));
    let severity = told.severity.unwrap_or(Severity::Sev3);
    let lead = *dice.pick(&COLLEAGUES);
    let helper = *dice.pick(&COLLEAGUES);
    let say = |who: &str, text: &str| format!("{who}: {}", text.replace("{region}", region));
    let mut entries = vec![
        Entry { at: detected_at, status: Some("investigating"), text: format!("{}: {}", trouble.alert, trouble.detail.replace("{region}", region)) },
        Entry { at: acknowledged_at, status: None, text: say(lead, "I have it.") },
    ];
    let looking_secs = mitigated_at.secs_since(acknowledged_at);
    let looks = match severity {
        Severity::Sev1 | Severity::Sev2 => trouble.looks.len(),
        Severity::Sev3 => dice.between(1, 3) as usize,
        Severity::Sev4 | Severity::Sev5 => dice.between(0, 1) as usize,
    };
    let looks = dice.some(trouble.looks, looks);
    let steps = looks.len() as i64 + 2;
    for (look, step) in looks.iter().zip(1..) {
        let at = acknowledged_at.plus_secs(looking_secs * step / steps);
        entries.push(Entry { at, status: None, text: say(if dice.chance(0.5) { lead } else { helper }, look) });
    }
    if severity <= Severity::Sev3 {
        let at = acknowledged_at.plus_secs(looking_secs * (steps - 1) / steps);
        entries.push(Entry { at, status: Some("identified"), text: say(lead, &format!("Decision: {}", trouble.decision)) });
    }
    if severity <= Severity::Sev2 {
        for minutes in [15, 35, 60] {
            let at = acknowledged_at.plus_secs(minutes * 60);
            if at < mitigated_at {
                entries.push(Entry { at, status: None, text: format!("Elif: update {} went to support and the status page", 1 + minutes / 20) });
            }
        }
    }
    entries.push(Entry { at: mitigated_at, status: Some("monitoring"), text: say(helper, trouble.mitigation) });
    entries.push(Entry { at: told.resolved_at, status: Some("resolved"), text: say(lead, trouble.end) });
    entries.sort_by_key(|entry| entry.at);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        import::{self, Draft},
        incident::Kind,
    };
    use std::collections::{HashMap, HashSet};

    /// 2026-11-21T12:34:56.789Z, a Saturday.
    const NOW: Timestamp = Timestamp::from_micros(1_795_264_496_789_000);

    fn past(incidents: usize) -> Past {
        Past::before(NOW, 7, 90, incidents)
    }

    fn drafts(past: Past) -> Vec<Draft> {
        past.export().iter().map(|value| import::parse(value, NOW).unwrap_or_else(|flaws| panic!("{value} {flaws:?}"))).collect()
    }

    #[test]
    fn the_same_seed_tells_the_same_past_and_another_a_different_one() {
        assert_eq!(past(60).export(), past(60).export());
        assert_eq!(past(60).export(), Past::before(NOW.plus_secs(3_600), 7, 90, 60).export(), "later on the same day, too");
        assert_ne!(past(60).export(), Past { seed: 8, ..past(60) }.export());
    }

    #[test]
    fn an_id_leads_back_to_its_past() {
        let export = past(30).export();
        let last = import::parse(&export[29], NOW).expect("it is read").origin.id;
        let tomorrow = Past::before(NOW.plus_secs(DAY_SECS), 7, 90, 30);
        assert_eq!(tomorrow.of_id(&last), Some((past(30), 29)));
        assert_eq!(tomorrow.of_id("something else"), None);
    }

    #[test]
    fn every_incident_is_read_lies_within_the_days_and_is_over() {
        let drafts = drafts(past(400));
        assert_eq!(drafts.iter().map(|draft| &draft.origin.id).collect::<HashSet<_>>().len(), 400);
        for draft in &drafts {
            let days_ago = past(400).until.secs_since(draft.started_at) as f64 / DAY_SECS as f64;
            assert!((0.0..=90.0).contains(&days_ago), "{draft:?}");
            assert!(draft.resolved_at.is_some_and(|at| draft.started_at < at && at <= NOW), "{draft:?}");
            assert!(draft.labels.contains_key("team") && (3..=15).contains(&draft.timeline.len()), "{draft:?}");
        }
        assert!(drafts.is_sorted_by_key(|draft| draft.started_at));
        let services: HashSet<&String> = drafts.iter().flat_map(|draft| &draft.services).collect();
        assert_eq!(services.len(), 15);
    }

    #[test]
    fn times_follow_each_other_but_for_the_two_that_somebody_mistyped() {
        let is_ordered = |draft: &&Draft| {
            let times = [Some(draft.started_at), draft.detected_at, draft.acknowledged_at, draft.mitigated_at, draft.resolved_at];
            times.into_iter().flatten().is_sorted()
        };
        let drafts = drafts(past(400));
        assert_eq!(drafts.iter().filter(|draft| !is_ordered(draft)).count(), 2);
        for missing in [drafts.iter().filter(|draft| draft.detected_at.is_none()).count(), drafts.iter().filter(|draft| draft.mitigated_at.is_none()).count()] {
            assert!((4..160).contains(&missing), "{missing}");
        }
    }

    #[test]
    fn it_is_distributed_as_a_companys_past_is() {
        let drafts = drafts(past(2_000));
        let of_kind = |kind| drafts.iter().filter(|draft| draft.kind == kind).count();
        assert!(of_kind(Kind::Maintenance) > 50 && of_kind(Kind::Drill) > 20);
        let of = |severity| drafts.iter().filter(|draft| draft.severity == Some(severity)).count();
        assert!(of(Severity::Sev1) * 12 < drafts.len() && of(Severity::Sev1) > 20, "{} SEV1", of(Severity::Sev1));
        assert!(of(Severity::Sev3) > of(Severity::Sev1) * 3);
        let mut causes: HashMap<&String, usize> = HashMap::new();
        drafts.iter().filter_map(|draft| draft.labels.get("cause")).for_each(|cause| *causes.entry(cause).or_default() += 1);
        assert!(causes.values().all(|times| *times > 1), "causes come again");
        let weekend = drafts.iter().filter(|draft| draft.started_at.to_utc().weekday().number_from_monday() > 5).count();
        assert!(weekend * 4 < drafts.len(), "{weekend} of {} on weekends", drafts.len());
    }
}
