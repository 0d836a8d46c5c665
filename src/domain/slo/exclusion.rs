//! Time that is left out of an objective, with the reason: planned maintenance, somebody else's
//! outage. It may be written down afterwards, and the figures without it stay visible.

use super::{recurrence::Recurrence, zone::Zone};
use crate::domain::metrics::Range;
use crate::domain::{
    ids::ExclusionId,
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

const MAX_REASON: usize = 500;
const MAX_CATEGORY: usize = 60;
const MAX_LENGTH_S: i64 = 92 * 86_400;
/// An hourly maintenance of a quarter comes so often.
const MOST_TIMES: usize = 3_000;
/// A rule that names no time for so long names none.
const LONGEST_WAIT_S: i64 = 40 * 366 * 86_400;
/// So far the clock of whoever says “now” may be behind.
const SKEW_S: i64 = 120;

/// What people say of time to leave out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExclusionDraft {
    /// The name of the one objective it is for; absent: all of `service`, or all there are.
    #[serde(default)]
    pub objective: Option<String>,
    #[serde(default)]
    pub service: Option<String>,
    pub from: Timestamp,
    pub to: Timestamp,
    /// When it comes again: its rule says when and how long, and `from` and `to` are its first time.
    #[serde(default)]
    pub recurrence: Option<Recurrence>,
    /// From when on what comes again is left out no more; of a time that comes once, `to` says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    pub reason: String,
    /// `maintenance`, `outside cause`, `out of scope`, …
    #[serde(default)]
    pub category: String,
}

/// Time that is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    pub id: ExclusionId,
    #[serde(flatten)]
    pub draft: ExclusionDraft,
    pub author: String,
    pub created_at: Timestamp,
}

impl ExclusionDraft {
    /// What may be kept, or everything that is wrong with it.
    pub fn parse(mut self) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        self.reason = self.reason.trim().to_owned();
        self.category = self.category.trim().to_owned();
        if self.reason.is_empty() || self.reason.chars().count() > MAX_REASON {
            faults.push(format!("the reason has 1 to {MAX_REASON} characters"));
        }
        if self.category.chars().count() > MAX_CATEGORY {
            faults.push(format!("the category has at most {MAX_CATEGORY} characters"));
        }
        if self.objective.is_some() && self.service.is_some() {
            faults.push("name an objective or a service, not both".to_owned());
        }
        if self.recurrence.is_none() {
            self.to = self.ends_at.take().map_or(self.to, |ends_at| self.to.min(ends_at));
        }
        if self.to <= self.from || self.ends_at.is_some_and(|ends_at| ends_at <= self.from) {
            faults.push("it ends after it begins".to_owned());
        } else if self.to.secs_since(self.from) > MAX_LENGTH_S {
            faults.push("it lasts at most 92 days".to_owned());
        }
        if let Some(recurrence) = &self.recurrence
            && let Err(refusal) = recurrence.clone().check()
        {
            faults.push(refusal.to_string());
        }
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }

    /// What its rule says against its first time, in words. `zone` has the rules of its recurrence's zone.
    pub fn contradiction(&self, zone: &dyn Zone) -> Option<String> {
        let recurrence = self.recurrence.as_ref()?;
        let begins = zone.utc(recurrence.start);
        let range = Range { from: begins, to: begins.plus_secs(LONGEST_WAIT_S) };
        let Some(first) = recurrence.within(&range, zone, 1).occurrences.into_iter().next() else {
            return Some("its rule names no time at all".to_owned());
        };
        let secs = |from: Timestamp, to: Timestamp| (from.epoch_secs(), to.epoch_secs());
        (secs(first.from, first.to) != secs(self.from, self.to)).then(|| {
            let (from, to) = (self.from, self.to);
            format!("from and to are the first time of its rule: by the rule that is {} to {}, not {from} to {to}", first.from, first.to)
        })
    }

    /// When it is, as far as it touches a range: seconds since 1970, ascending. `zone` has the
    /// rules of its recurrence's zone.
    pub fn times(&self, range: &Range, zone: &dyn Zone) -> Vec<(i64, i64)> {
        let until = |to: Timestamp| self.ends_at.map_or(to, |ends_at| to.min(ends_at));
        let secs = |from: Timestamp, to: Timestamp| (from.epoch_secs(), until(to).epoch_secs());
        match &self.recurrence {
            None => Some(secs(self.from, self.to)).into_iter().filter(|(from, to)| *to > range.from.epoch_secs() && *from < range.to.epoch_secs()).collect(),
            Some(recurrence) => {
                recurrence.within(range, zone, MOST_TIMES).occurrences.iter().map(|once| secs(once.from, once.to)).filter(|(from, to)| from < to).collect()
            }
        }
    }

    /// When nothing is left out any more; `None` where it comes again for ever, or its rule alone knows.
    pub fn end(&self) -> Option<Timestamp> {
        match self.recurrence {
            None => Some(self.to),
            Some(_) => self.ends_at,
        }
    }

    /// The same, ended at an instant. It is only made shorter, and what is over stays as it is: the
    /// figures of the past do not change without being asked to.
    pub fn ended(&self, ends_at: Timestamp, now: Timestamp) -> Result<Self, EndRefusal> {
        match self.end() {
            Some(end) if end <= now => Err(EndRefusal::Over { at: end }),
            Some(end) if ends_at >= end => Err(EndRefusal::NotShorter { at: end }),
            _ if ends_at <= self.from => Err(EndRefusal::BeforeItBegins),
            _ if ends_at.secs_since(now) < -SKEW_S => Err(EndRefusal::InThePast),
            _ if self.recurrence.is_some() => Ok(Self { ends_at: Some(ends_at), ..self.clone() }),
            _ => Ok(Self { to: ends_at, ..self.clone() }),
        }
    }

    /// Whether it is for this objective.
    pub fn covers(&self, objective: &str, service: Option<&str>) -> bool {
        match (&self.objective, &self.service) {
            (Some(name), _) => name == objective,
            (None, Some(of)) => service == Some(of.as_str()),
            (None, None) => true,
        }
    }
}

/// Why time that is left out does not end then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndRefusal {
    #[error("it was over at {at} already")]
    Over { at: Timestamp },
    #[error("it ends at {at} already, and is only made shorter")]
    NotShorter { at: Timestamp },
    #[error("it would end before it begins")]
    BeforeItBegins,
    #[error("it ends now or later: what was left out until now stays so")]
    InThePast,
}

impl EndRefusal {
    pub fn code(self) -> &'static str {
        match self {
            EndRefusal::Over { .. } => "already_over",
            EndRefusal::NotShorter { .. } => "not_shorter",
            EndRefusal::BeforeItBegins => "before_it_begins",
            EndRefusal::InThePast => "in_the_past",
        }
    }
}

impl Readable for ExclusionDraft {
    fn read(from: Reader<'_>) -> Self {
        Self {
            objective: from.get("objective"),
            service: from.get("service"),
            from: from.get("from"),
            to: from.get("to"),
            recurrence: from.get("recurrence"),
            ends_at: from.get("ends_at"),
            reason: from.get("reason"),
            category: from.get("category"),
        }
    }
}

impl Readable for Exclusion {
    fn read(from: Reader<'_>) -> Self {
        Self { id: from.get("id"), draft: ExclusionDraft::read(from), author: from.get("author"), created_at: from.get("created_at") }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            rule::Rule,
            tests::{DAY, HOUR, NOW_S, now},
            zone::{LocalTime, Utc},
        },
        *,
    };
    use crate::domain::{reading, slo::frame::at};

    fn a_draft(from_s: i64, to_s: i64, rule: Option<&str>) -> ExclusionDraft {
        let recurrence = rule.map(|rule| Recurrence {
            rule: Rule::parse(rule).expect("it is a rule"),
            start: LocalTime::parse("2026-11-16T02:00:00").expect("it is a time"),
            zone: "UTC".into(),
            duration_s: to_s - from_s,
        });
        ExclusionDraft {
            objective: None,
            service: None,
            from: at(from_s),
            to: at(to_s),
            recurrence,
            ends_at: None,
            reason: "r".into(),
            category: String::new(),
        }
    }

    #[test]
    fn what_runs_or_comes_is_made_shorter_and_nothing_else() {
        let running = a_draft(NOW_S - HOUR, NOW_S + HOUR, None);
        assert_eq!(running.ended(now(), now()).map(|draft| (draft.to, draft.ends_at)), Ok((now(), None)));
        assert_eq!(running.ended(at(NOW_S + HOUR), now()), Err(EndRefusal::NotShorter { at: at(NOW_S + HOUR) }));
        assert_eq!(running.ended(at(NOW_S - HOUR), now()), Err(EndRefusal::BeforeItBegins));
        assert_eq!(running.ended(at(NOW_S - HOUR / 2), now()), Err(EndRefusal::InThePast), "what was left out until now stays so");
        assert_eq!(running.ended(at(NOW_S - 60), now()).map(|draft| draft.to), Ok(at(NOW_S - 60)), "a clock may be a little behind");
        let over = a_draft(NOW_S - 2 * HOUR, NOW_S - HOUR, None);
        assert_eq!(over.ended(at(NOW_S - 5_400), now()), Err(EndRefusal::Over { at: at(NOW_S - HOUR) }));
        let coming = a_draft(NOW_S + HOUR, NOW_S + 3 * HOUR, None);
        assert_eq!(coming.ended(at(NOW_S + 2 * HOUR), now()).map(|draft| draft.to), Ok(at(NOW_S + 2 * HOUR)));
    }

    #[test]
    fn what_comes_again_is_cut_where_it_ends() {
        // Monday 16 November 2026, 02:00, an hour each day; now is Friday 02:30.
        let from_s = NOW_S - 4 * DAY - HOUR / 2;
        let daily = a_draft(from_s, from_s + HOUR, Some("FREQ=DAILY"));
        let range = Range { from: at(NOW_S - DAY), to: at(NOW_S + 3 * DAY) };
        assert_eq!(daily.times(&range, &Utc).len(), 5);
        assert_eq!(daily.ended(at(NOW_S - DAY), now()), Err(EndRefusal::InThePast));
        let ended = daily.ended(now(), now()).expect("it goes on");
        assert_eq!(ended.times(&range, &Utc), [(NOW_S - DAY - HOUR / 2, NOW_S - DAY + HOUR / 2), (NOW_S - HOUR / 2, NOW_S)]);
        assert_eq!(ended.ended(now(), at(NOW_S + 60)), Err(EndRefusal::Over { at: now() }));
        let json = serde_json::to_string(&ended).expect("it serialises");
        assert_eq!(reading::read(json.as_bytes()), Some(ended));
        assert!(!serde_json::to_string(&daily).expect("it serialises").contains("ends_at"), "what was kept before reads as it did");
    }

    #[test]
    fn a_rule_says_of_its_first_time_what_from_and_to_say() {
        // Monday 16 November 2026, 02:00, an hour.
        let from_s = NOW_S - 4 * DAY - HOUR / 2;
        for (rule, begins_later_s, fits) in [
            (None, HOUR, true),
            (Some("FREQ=DAILY"), 0, true),
            (Some("FREQ=WEEKLY;BYDAY=MO"), 0, true),
            (Some("FREQ=DAILY"), HOUR, false),
            (Some("FREQ=DAILY"), DAY, false),
            (Some("FREQ=WEEKLY;BYDAY=SU"), 0, false),
            (Some("FREQ=WEEKLY;BYDAY=SU"), 6 * DAY, true),
            (Some("FREQ=DAILY;UNTIL=20260101"), 0, false),
        ] {
            let draft = a_draft(from_s + begins_later_s, from_s + begins_later_s + HOUR, rule);
            assert_eq!(draft.contradiction(&Utc).is_none(), fits, "{rule:?} {begins_later_s}");
        }
        let longer = ExclusionDraft { to: at(from_s + 3 * HOUR), ..a_draft(from_s, from_s + HOUR, Some("FREQ=DAILY")) };
        assert!(longer.contradiction(&Utc).is_some_and(|words| words.contains("2026-11-16T03:00:00")), "{:?}", longer.contradiction(&Utc));
    }

    #[test]
    fn a_draft_that_names_its_end_keeps_it_where_it_comes_again() {
        let once = ExclusionDraft { ends_at: Some(now()), ..a_draft(NOW_S - HOUR, NOW_S + HOUR, None) };
        assert_eq!(once.parse().map(|draft| (draft.to, draft.ends_at)), Ok((now(), None)));
        let never = ExclusionDraft { ends_at: Some(at(NOW_S - DAY)), ..a_draft(NOW_S, NOW_S + HOUR, Some("FREQ=DAILY")) };
        assert_eq!(never.parse(), Err(vec!["it ends after it begins".to_owned()]));
    }
}
